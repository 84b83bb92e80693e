"""Notes down what Python code looks at: files, folders, environment variables, programs that it starts.

Used while a `setup.py` is read, so that what it said can be remembered until one of these changes. Files of the
interpreter and of installed packages are known by their packages, not one by one. It knows nothing of extensions.
"""

import contextlib
import os
import shlex
import shutil
import site
import sys
import sysconfig
import tempfile

#: Folders of the system whose files say nothing that stays.
VOLATILE = ("/proc", "/sys", "/dev", "/run")


class Witness:
    """What was looked at. `start` begins to look, `stop` ends it, `seen` says it."""

    def __init__(self, project, programs, children=None):
        self.project = os.path.abspath(project)
        self.programs = programs
        self.children = children
        self.initial = dict(os.environ)
        self.files = set()
        self.written = set()
        self.probes = set()
        self.listings = set()
        self.variables = {}
        self.every_variable = False
        self.volatile = []
        #: File names of what will be built, as soon as they are known, and where they were looked for.
        self.outputs = set()
        self.looked_for_outputs = set()
        self._own = set()
        self._active = False
        self._packages = package_folders()
        self._temporary = os.path.realpath(tempfile.gettempdir())

    def start(self):
        self._watch_environment()
        self._watch_stat()
        sys.addaudithook(self._audit)
        sys.meta_path.append(MissingModules(self))
        if self.children is not None:
            self.children.start(self)
        self._active = True

    def stop(self):
        self._active = False

    @property
    def watches(self):
        return self._active

    def seen(self):
        """All that was looked at, as JSON: paths are absolute."""
        self._modules()
        if self.children is not None:
            self.children.collect(self)
        if any("multiprocessing." + name in sys.modules for name in ("popen_spawn_posix", "popen_forkserver")):
            self.volatile.append("it starts processes of its own")
        for name in ("CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ZE_AFFINITY_MASK"):
            # Drivers read these without Python.
            self.variables.setdefault(name, self.initial.get(name))
        files = {path for path in self.files if not self._leave_out(path)}
        written = {path for path in self.written if not self._leave_out(path) and os.path.isfile(path)}
        above = ancestors(self.project, sys.prefix, sys.base_prefix, *self._packages)
        probes = {path for path in self.probes if not self._leave_out(path)} - files - written - above
        return {
            "files": sorted(files - written),
            "written": sorted(written),
            "probes": sorted(probes),
            "listings": sorted(path for path in self.listings if not self._leave_out(path)),
            "packages": sorted(path for path in self._packages if os.path.isdir(path)),
            "variables": dict(self.initial) if self.every_variable else self.variables,
            "every_variable": self.every_variable,
            "volatile": self.volatile,
        }

    def note_missing(self, name):
        """A module that was imported and is not there, as far as the project could have it."""
        for folder in sys.path:
            folder = os.path.abspath(folder)
            if os.path.isdir(folder) and not self._in_packages(folder):
                self.probes.add(os.path.join(folder, name))
                self.probes.add(os.path.join(folder, name + ".py"))

    def _watch_environment(self):
        witness = self
        base = type(os.environ)

        class Environment(base):
            def __getitem__(self, key):
                witness.variable(key)
                return super().__getitem__(key)

            def __setitem__(self, key, value):
                witness._own.add(key)
                super().__setitem__(key, value)

            def __delitem__(self, key):
                witness._own.add(key)
                super().__delitem__(key)

            def __iter__(self):
                witness._all_variables()
                return super().__iter__()

            def __len__(self):
                return super().__len__()

        environment = Environment.__new__(Environment)
        vars(environment).update(vars(os.environ))
        os.environ = environment

    def variable(self, name):
        if self._active and name not in self._own and isinstance(name, str):
            self.variables.setdefault(name, self.initial.get(name))

    def _all_variables(self):
        # A copy for a child says nothing yet of what is read; the child does, and is judged when it starts.
        if not self._active:
            return
        frame = sys._getframe(2)
        for _ in range(6):
            if frame is None:
                break
            name = frame.f_code.co_name
            file = frame.f_code.co_filename
            if self._in_packages(file) or file.startswith("<frozen"):
                return
            if name not in ("copy", "items", "values", "keys", "__iter__", "update", "__or__", "__ror__", "__init__"):
                break
            frame = frame.f_back
        self.every_variable = True

    def _watch_stat(self):
        for name in ("stat", "lstat", "access", "readlink"):
            original = getattr(os, name)

            def probe(path, *args, _original=original, **kwargs):
                self._probe(path)
                return _original(path, *args, **kwargs)

            probe.__name__ = name
            setattr(os, name, probe)
        # What asks for `in os.supports_…` must find the functions that are there now.
        for name in ("supports_dir_fd", "supports_follow_symlinks", "supports_fd", "supports_effective_ids"):
            known = getattr(os, name, None)
            if known is not None:
                known.update(getattr(os, f.__name__) for f in list(known) if hasattr(os, getattr(f, "__name__", "")))

    def _probe(self, path):
        if not self._active or isinstance(path, int):
            return
        path = as_path(path)
        if path is not None:
            self.probes.add(path)
            self._look_for_output(path)

    def _look_for_output(self, path):
        if os.path.basename(path) in self.outputs:
            self.looked_for_outputs.add(path)

    def _audit(self, event, args):
        if not self._active:
            return
        if event == "open":
            path, mode, flags = args
            if isinstance(path, int):
                return
            path = as_path(path)
            if path is None:
                return
            writes = any(c in mode for c in "wax+") if isinstance(mode, str) else bool((flags or 0) & (os.O_WRONLY | os.O_RDWR))
            (self.written if writes else self.files).add(path)
            self._look_for_output(path)
        elif event in ("os.listdir", "os.scandir"):
            if not isinstance(args[0], int) and not importing():
                path = as_path(args[0] if args[0] is not None else ".")
                if path is not None:
                    self.listings.add(path)
        elif event in ("os.symlink", "os.link", "os.rename"):
            path = as_path(args[1])
            if path is not None:
                self.probes.add(path)
        elif event == "subprocess.Popen":
            executable, words, _, env = args
            self._program(words if words else [executable])
        elif event == "os.system":
            self._shell(args[0])
        elif event in ("os.exec", "os.posix_spawn"):
            self._program(args[1])
        elif event in ("os.fork", "os.forkpty"):
            self.volatile.append("it forks, and nobody sees what the other process reads")
        elif event == "socket.connect" and not isinstance(args[1], (str, bytes)):
            self.volatile.append("it uses the network")

    def _program(self, words):
        words = shlex.split(words) if isinstance(words, str) else [text_of(word) for word in words]
        if not words:
            return
        if os.path.basename(words[0]) in ("sh", "bash", "dash", "zsh") and len(words) > 2 and words[1] == "-c":
            self._shell(words[2])
            return
        path = words[0] if os.path.dirname(words[0]) else shutil.which(words[0])
        self.variable("PATH")
        if path is not None:
            self.files.add(os.path.abspath(path))
        if self.children is None or not self.children.expects(words):
            self.programs.judge(self, words)

    def _shell(self, command):
        command = text_of(command)
        commands = self.programs.simple_commands(command)
        if commands is None:
            self.volatile.append("it runs `%s`" % command.strip().split("\n")[0][:80])
            return
        for words in commands:
            self._program(words)

    @contextlib.contextmanager
    def pause(self):
        """Nothing that is done meanwhile counts."""
        active, self._active = self._active, False
        try:
            yield
        finally:
            self._active = active

    def inside(self, path):
        """Whether a path is in the project."""
        return path == self.project or path.startswith(self.project + os.sep)

    def _modules(self):
        """The files of modules: each one of the project, and one for each installed package."""
        for name, module in list(sys.modules.items()):
            file = getattr(module, "__file__", None)
            if not isinstance(file, str) or not os.path.isabs(file):
                continue
            file = os.path.abspath(file)
            if not self._in_packages(file):
                self.files.add(file)
            elif "." not in name and not self._in_standard(file):
                self.files.add(file)
        torch = sys.modules.get("torch")
        if torch is not None and getattr(torch, "__file__", None):
            self.files.add(os.path.join(os.path.dirname(os.path.abspath(torch.__file__)), "version.py"))
        if sys.executable:
            self.files.add(os.path.abspath(sys.executable))

    def _leave_out(self, path):
        if path.startswith(VOLATILE) or "/__pycache__" in path or "\\__pycache__" in path:
            return True
        if self._in_packages(path):
            # Files of packages that stand for their package were added by `_modules`.
            return path not in self._package_files()
        return not self.inside(path) and os.path.realpath(path).startswith(self._temporary + os.sep) and not os.path.exists(path)

    def _package_files(self):
        known = getattr(self, "_known_package_files", None)
        if known is None:
            known = {
                os.path.abspath(module.__file__)
                for name, module in list(sys.modules.items())
                if "." not in name and isinstance(getattr(module, "__file__", None), str)
            }
            known = {file for file in known if not self._in_standard(file)}
            known |= {os.path.join(os.path.dirname(file), "version.py") for file in known if "torch" in file}
            self._known_package_files = known
        return known

    def _in_packages(self, path):
        return self._in_standard(path) or any(path.startswith(folder + os.sep) or path == folder for folder in self._packages)

    def _in_standard(self, path):
        standard = (sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"))
        return any(path.startswith(folder + os.sep) for folder in standard if folder) and not any(
            path.startswith(folder + os.sep) for folder in self._packages
        )


class MissingModules:
    """The last finder: it finds nothing, but is asked only for what nobody has."""

    def __init__(self, witness):
        self.witness = witness

    def find_spec(self, name, path=None, target=None):
        if path is None:
            self.witness.note_missing(name)
        return None


def package_folders():
    """Where packages are installed."""
    folders = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    try:
        folders.update(site.getsitepackages())
        folders.add(site.getusersitepackages())
    except AttributeError:
        pass
    folders.update(path for path in sys.path if os.path.basename(path) in ("site-packages", "dist-packages"))
    return tuple(os.path.abspath(folder) for folder in folders if folder)


def ancestors(*paths):
    """The paths and all folders above them."""
    found = set()
    for path in paths:
        while path not in found:
            found.add(path)
            path = os.path.dirname(path)
    return found


def importing():
    """Whether the import system is asking."""
    frame = sys._getframe(2)
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        if not frame.f_code.co_filename.startswith("<"):
            return False
        frame = frame.f_back
    return False


def as_path(path):
    try:
        return os.path.abspath(text_of(os.fspath(path)))
    except (TypeError, ValueError):
        return None


def text_of(word):
    return os.fsdecode(word) if isinstance(word, (bytes, os.PathLike)) else str(word)
