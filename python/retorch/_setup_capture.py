"""Reads what a `setup.py` declares: runs it as `python setup.py build_ext --inplace` would, up to the first compile.

    python _setup_capture.py SETUP_PY ANSWER_FILE [WORD...]

The set-up script, setuptools and `torch.utils.cpp_extension` are the real ones; only `build_ext.build_extension` at the
bottom, which would compile and link, is replaced by a recorder. Subclasses of it run as they are. The answer is one JSON
document: `{"status": …, "request": …, "seen": …}`. What the script prints goes where it always goes.
"""

import importlib
import importlib.util
import json
import os
import sys
import traceback
import types

SCRIPT = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else ""
HERE = os.path.dirname(os.path.abspath(__file__))
#: The package by which this file's neighbours are known here.
NEIGHBOURS = "_retorch_neighbours"
#: Extensions that other tools build have this in place of sources.
OTHER_BUILDERS = ("cmake", "meson", "bazel", "cargo", "rust", "scons")


def load(name):
    """A neighbour of this file. The folder is not on `sys.path`: a set-up script must not find it there."""
    package = sys.modules.get(NEIGHBOURS)
    if package is None:
        package = sys.modules[NEIGHBOURS] = types.ModuleType(NEIGHBOURS)
        package.__path__ = [HERE]
    return importlib.import_module("%s.%s" % (NEIGHBOURS, name))


class Refused(Exception):
    """The project builds in a way that cannot be taken over."""


class Recorder:
    """Takes the place of the compile and the link of every extension."""

    def __init__(self, describe, libraries, witness):
        self.describe = describe
        self.libraries = libraries
        self.witness = witness
        self.initial = dict(witness.initial)
        self.compilers = None
        self.extensions = []
        self.environment = {}
        self.set_up = 0
        self.refused = None

    def install(self):
        from distutils import dist
        from distutils.command import build_ext

        recorder = self

        def build_extension(command, extension):
            recorder.record(command, extension)

        build_extension.__module__ = build_ext.__name__
        build_ext.build_ext.build_extension = build_extension
        run_command = dist.Distribution.run_command

        def run(distribution, name):
            if name != "build_ext":
                return run_command(distribution, name)
            recorder.set_up += 1
            command = distribution.get_command_obj(name)
            command.ensure_finalized()
            recorder.check(command)
            recorder.copy_nothing(command)
            run_command(distribution, name)
            return recorder.check_all(command)

        dist.Distribution.run_command = run
        setuptools = sys.modules.get("setuptools.dist")
        if setuptools is not None and "run_command" in vars(setuptools.Distribution):
            own = setuptools.Distribution.run_command
            # setuptools' method only prepares and then calls the one above.
            setuptools.Distribution.run_command = own

    def record(self, command, extension):
        try:
            described = self.describe.describe_extension(command, extension)
        except self.describe.Unusual as problem:
            self.refused = "`%s`: %s" % (extension.name, problem)
            raise Refused(self.refused)
        self.libraries.put_into(described, command, extension)
        self.extensions.append(described)
        self.environment.update(self.describe.changed_environment(self.initial, vars_of(os.environ)))
        self.replace_compilers(command)
        self.witness.outputs.add(described["file_name"])
        extension._retorch_recorded = True

    def replace_compilers(self, command):
        """Programs that the project put in the place of the usual compilers: for all of its extensions."""
        found = self.describe.replaced_compilers(command, self.describe.is_torch_builder(command))
        if self.compilers not in (None, found):
            self.refused = "its extensions are compiled by different compilers (%s)" % ", ".join(
                sorted(set(self.compilers.values()) ^ set(found.values()))
            )
            raise Refused(self.refused)
        self.compilers = found
        self.environment.update(found)

    def check(self, command):
        """Before anything runs: extensions without sources are built by another tool."""
        extensions = list(command.extensions or [])
        own = [extension for extension in extensions if not list(getattr(extension, "sources", None) or [])]
        if not own or type(command).__module__.startswith(("setuptools", "distutils")):
            return
        kinds = " ".join(type(extension).__name__ for extension in own).lower() + type(command).__name__.lower()
        tool = next((name for name in OTHER_BUILDERS if name in kinds), None)
        names = ", ".join("`%s`" % extension.name for extension in own)
        by = "%s" % {"cmake": "CMake", "cargo": "Cargo", "rust": "Cargo"}.get(tool, tool) if tool else "a command of its own"
        self.refused = "%s has no sources: the set-up script builds it with %s" % (names, by)
        raise Refused(self.refused)

    def check_all(self, command):
        """Afterwards: what was not recorded was built by the project's own code."""
        missing = [e.name for e in command.extensions or [] if not getattr(e, "_retorch_recorded", False)]
        if missing:
            self.refused = "%s is not built by setuptools: its `build_extension` is the project's own" % ", ".join(
                "`%s`" % name for name in missing
            )
            raise Refused(self.refused)

    def copy_nothing(self, command):
        """There is nothing to be copied beside the sources."""
        if hasattr(command, "copy_extensions_to_source"):
            command.copy_extensions_to_source = lambda: None


def vars_of(environ):
    """The variables, without asking in a way that is noted down."""
    return {environ.decodekey(key): environ.decodevalue(value) for key, value in environ._data.items()}


class AfterImport:
    """Calls something with a module as soon as it was imported."""

    def __init__(self, name, action):
        self.name = name
        self.action = action
        self.busy = False

    def find_spec(self, name, path=None, target=None):
        if name != self.name or self.busy:
            return None
        self.busy = True
        try:
            spec = importlib.util.find_spec(name)
        finally:
            self.busy = False
        if spec is None or spec.loader is None:
            return None
        loader = spec.loader
        execute = loader.exec_module
        action = self.action

        def exec_module(module):
            execute(module)
            action(module)

        loader.exec_module = exec_module
        return spec


def adjust_torch(module):
    """What is torch's own business with compilers is retorch's here: its checks say more, and ninja is not needed."""
    module.is_ninja_available = lambda: True
    module._retorch_common_nvcc_flags = list(getattr(module, "COMMON_NVCC_FLAGS", ()))
    module._check_cuda_version = lambda *args, **kwargs: None
    original = module.get_compiler_abi_compatibility_and_version

    def compatibility(*args, **kwargs):
        try:
            return original(*args, **kwargs)
        except Exception:
            return True, module.TorchVersion("0.0.0")

    module.get_compiler_abi_compatibility_and_version = compatibility
    # Below `retorch run` this class builds with retorch, which is what asks here.
    builder = vars(module).get("_BUILD_EXTENSION_CLASS") or vars(module).get("BuildExtension")
    own = vars(builder).get("build_extension") if builder is not None else None
    if getattr(own, "__module__", "").startswith("retorch."):
        del builder.build_extension


def run_script(path, words):
    """As `python setup.py build_ext --inplace WORDS` does."""
    folder, name = os.path.split(path)
    os.chdir(folder)
    # A `pyproject.toml` with extensions in setuptools' own table needs no script.
    declared = name.endswith(".toml")
    if declared:
        name, path = "setup.py", os.path.join(folder, "setup.py")
    # Older projects are told by options of their own what to build (`--cuda_ext`), which they take out again.
    sys.argv = [name, "build_ext", "--inplace", *words]
    sys.path[0] = folder
    main = types.ModuleType("__main__")
    main.__file__ = path if sys.version_info >= (3, 9) else name
    main.__builtins__ = __builtins__
    sys.modules["__main__"] = main
    if declared:
        text = b"import setuptools\nsetuptools.setup()\n"
    else:
        with open(path, "rb") as file:
            text = file.read()
    exec(compile(text, path, "exec"), main.__dict__)


def explain(error):
    """An error for people: its kind, what it says, where it came from."""
    frames = traceback.extract_tb(error.__traceback__)
    # Not the frames of this file.
    own = [frame for frame in frames if frame.filename != os.path.abspath(__file__)]
    lines = traceback.format_list(own[-4:]) if own else []
    if isinstance(error, SyntaxError):
        lines = []
    text = "".join(lines + traceback.format_exception_only(type(error), error))
    return {
        "type": type(error).__name__,
        "message": str(error),
        "traceback": text.strip(),
        "line": next((frame.lineno for frame in reversed(frames) if frame.filename == SCRIPT), getattr(error, "lineno", None)),
        "module": getattr(error, "name", None) if isinstance(error, ImportError) else None,
    }


def main():
    path, answer_path, words = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]), sys.argv[3:]
    describe = load("_describe")
    children = load("_children").Children(os.path.dirname(answer_path))
    witness = load("_witness").Witness(os.path.dirname(path), load("_programs"), children)
    answer = {"status": "ok", "error": None}
    recorder = None
    try:
        sys.path[0] = os.path.dirname(path)
        try:
            # Importing it first puts its distutils in the place of the interpreter's, as in any set-up script today.
            import setuptools  # noqa: F401
        except ImportError:
            if sys.version_info >= (3, 12):
                answer = {"status": "no-setuptools", "error": None}
                raise
        recorder = Recorder(describe, load("_static_libraries"), witness)
        recorder.install()
        sys.meta_path.insert(0, AfterImport("torch.utils.cpp_extension", adjust_torch))
        witness.start()
        run_script(path, words)
    except SystemExit as end:
        refused = isinstance(end.__context__, Refused) or (recorder is not None and recorder.refused is not None)
        if refused:
            answer = {"status": "refused", "error": {"message": recorder.refused}}
        elif end.code not in (None, 0):
            answer = {"status": "exited", "error": {"message": str(end.code), "traceback": explain(end)["traceback"]}}
    except Refused as problem:
        answer = {"status": "refused", "error": {"message": str(problem)}}
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        if answer["status"] == "ok":
            answer = {"status": "raised", "error": explain(error)}
    finally:
        witness.stop()
    if recorder is not None and recorder.refused is not None and answer["status"] == "ok":
        answer = {"status": "refused", "error": {"message": recorder.refused}}
    extensions = recorder.extensions if recorder is not None else []
    answer["set_up"] = recorder.set_up if recorder is not None else 0
    answer["request"] = {
        "format": 1,
        "root": os.path.dirname(path),
        "environment": recorder.environment if recorder is not None else {},
        "extensions": extensions,
    }
    answer["seen"] = witness.seen()
    answer["afterwards"] = sorted(witness.looked_for_outputs)
    sys.stdout.flush()
    sys.stderr.flush()
    with open(answer_path, "w", encoding="utf-8") as file:
        json.dump(answer, file)


main()
# What was imported may have started threads, or have something to say at the end: nobody waits for that.
sys.stdout.flush()
sys.stderr.flush()
os._exit(0)
