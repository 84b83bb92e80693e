"""The build backend inside setuptools: a distribution that knows retorch's extensions, and the commands that build and
pack them. setuptools itself stays as it is: what is put into it is taken out when the hook ends.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import sysconfig
import tempfile

import setuptools
import setuptools.build_meta
from setuptools.discovery import ConfigDiscovery, FlatLayoutPackageFinder

import distutils.core  # setuptools' own copy, now that setuptools is imported
from distutils.command import build_ext as distutils_build_ext
from distutils.errors import DistutilsError

from . import _commands
from ._describe import Unusual, describe_extension
from ._early_wheel import EarlyWheel, NotUnchanged
from ._isolation import torch_in_sight, torch_missing, warn_about_torch
from ._messages import BackendError, warn
from ._node import NodeNotFound
from ._program import build_environment
from ._project import architectures_in, build, configuration, configured_words, metadata, output_folder
from ._quirks import said_by_setuptools, src_layout_of_python
from ._unchanged import recall, remember

#: The first date that a zip file can say.
_EPOCH = "315532800"


class Session:
    """One call of a hook, in the project's folder. A context manager.

    describe: whether the extensions must be known. editable: whether they go into the sources. builds: whether they are built.
    early: the hook that will ask for a wheel next, which may be made at once.
    """

    def __init__(
        self, settings, *, describe: bool, editable: bool, builds: bool, early: str | None = None
    ) -> None:
        self.settings = settings
        self.editable = editable
        self.builds = builds
        self.backend = setuptools.build_meta.__legacy__
        self.root = os.path.realpath(os.getcwd())
        self.out = output_folder(self.root)
        self.distribution = None
        #: What `retorch metadata` says; None where nothing is described or nothing has been asked.
        self.facts: dict | None = None
        #: Programs of the configuration that go into a wheel.
        self.programs: list[dict] = []
        #: Described by a setup.py, in the words of a captured request.
        self.declared: list[dict] = []
        #: Results in the output folder by the path at which setuptools expects them below `build_lib`.
        self.artifacts: dict[str, str] = {}
        self.built_with: dict | None = None
        self._describe = describe
        self._known: dict | None = None
        self._note = f"{self.out}.built"
        self._uses_torch = False
        self._has_device_code = False
        self._editable_rebuild = False
        self._own_epoch = False
        #: How many times a setup.py has had something built.
        self._rounds = 0
        self._early = self._begin_early(early) if early is not None else None
        self._undo = contextlib.ExitStack()

    def __enter__(self) -> Session:
        with contextlib.ExitStack() as undo:
            if self._describe:
                self._read_project()
            self._patch(undo, distutils.core, "setup", self._setup)
            # What it is, is decided when setuptools begins to look for packages.
            self._patch(undo, FlatLayoutPackageFinder, "DEFAULT_EXCLUDE", FlatLayoutPackageFinder.DEFAULT_EXCLUDE)
            self._patch(undo, distutils_build_ext.build_ext, "build_extension", self._replacement())
            if hasattr(ConfigDiscovery, "_analyse_src_layout"):
                self._patch(undo, ConfigDiscovery, "_analyse_src_layout", src_layout_of_python)
            if self._early is not None:
                self._patch(undo, self.backend, "run_setup", self._early.watching(self.backend.run_setup))
            self._undo = undo.pop_all()
        return self

    def __exit__(self, kind, error, traceback) -> None:
        self._undo.close()
        if isinstance(error, NodeNotFound):
            message, _, hint = str(error).partition("\n")
            raise BackendError(message, hint.removeprefix("hint: ")) from None
        if isinstance(error, ModuleNotFoundError) and (error.name or "").partition(".")[0] == "torch":
            raise torch_missing(self.project_name()) from None
        if isinstance(error, (ValueError, DistutilsError)):
            said = said_by_setuptools(error)
            if said is not None:
                raise said from None

    def _only_declared(self) -> bool:
        """Where nothing names extensions they are those of the setup.py."""
        own = configuration(self.root)
        self._editable_rebuild = own is not None and own.editable_rebuild is True
        return (own is None or not own.named) and os.path.isfile("setup.py")

    def _read_project(self) -> None:
        if self._only_declared():
            return
        try:
            if self.builds:
                self._known = recall(self._note, self.environment())
            facts = metadata(self.root) if self._known is None else self._known["facts"]
        except NodeNotFound as error:
            message, _, hint = str(error).partition("\n")
            raise BackendError(message, hint.removeprefix("hint: ")) from None
        if facts is None:
            warn(
                "there are no extensions in this project",
                "describe them in pyproject.toml, below `[tool.retorch]`; docs/packaging.md has an example",
            )
            return
        self.facts = facts

    def project_name(self) -> str:
        """For messages."""
        return (self.distribution.get_name() if self.distribution is not None else None) or "PROJECT"

    # --- what setuptools gets ----------------------------------------------------------------------------------------

    def _patch(self, undo: contextlib.ExitStack, owner, name: str, value) -> None:
        undo.callback(setattr, owner, name, getattr(owner, name))
        setattr(owner, name, value)

    @property
    def _setup(self):
        original = distutils.core.setup
        session = self

        def setup(**attributes):
            base = attributes.get("distclass") or distutils.core.Distribution

            class Distribution(base):
                def parse_config_files(self, *args, **kwargs):
                    excluded = _commands.source_folders_excluded(session.source_folders)
                    FlatLayoutPackageFinder.DEFAULT_EXCLUDE += excluded
                    super().parse_config_files(*args, **kwargs)
                    session._adopt(self)

                def run_command(self, command):
                    super().run_command(command)
                    if command == "dist_info" and session._early is not None:
                        session._early.make(self, super().run_command)

                def has_ext_modules(self):
                    # Decides whether a wheel is one for this platform.
                    return super().has_ext_modules() or bool(session.programs)

            return original(**{**attributes, "distclass": Distribution})

        return setup

    def _adopt(self, distribution) -> None:
        """Gives a distribution the extensions and the commands."""
        self.distribution = distribution
        declared = list(distribution.ext_modules or [])
        names = {extension.name for extension in declared}
        for facts in (self.facts or {}).get("extensions", ()):
            if facts["kind"] == "executable":
                self._adopt_program(facts)
                continue
            if facts["name"] in names:
                raise BackendError(
                    f"the extension `{facts['name']}` is described twice: by setup.py and by {facts['described_in']}",
                    "remove one of the two",
                )
            declared.append(_commands.ConfiguredExtension(facts))
        distribution.ext_modules = declared
        # Before anything is copied or compiled.
        if self.builds and any(facts["uses_torch"] for facts in self._described()) and not torch_in_sight():
            raise torch_missing(self.project_name())
        for name, make in _commands.COMMANDS.items():
            distribution.cmdclass[name] = make(distribution.get_command_class(name), self)
        options = distribution.get_option_dict("build")
        if not self.editable and "build_lib" not in options:
            # A module that was removed since would stay in `build/lib` and come into the wheel.
            folder = tempfile.mkdtemp(prefix="retorch-wheel-")
            self._undo.callback(shutil.rmtree, folder, ignore_errors=True)
            options["build_lib"] = ("retorch", os.path.join(folder, "lib"))
            wheel = distribution.get_option_dict("bdist_wheel")
            wheel.setdefault("bdist_dir", ("retorch", os.path.join(folder, "wheel")))

    def _adopt_program(self, facts: dict) -> None:
        if sys.platform == "win32" and facts["uses_torch"]:
            warn(
                f"the program `{facts['name']}` is not put into wheels for Windows, where it would not find torch's libraries",
            )
            return
        name = facts["name"].rpartition(".")[2]
        for other in self.programs:
            if other["name"].rpartition(".")[2] == name:
                pair = sorted((facts["name"], other["name"]))
                raise BackendError(
                    f"`{pair[0]}` and `{pair[1]}` would both be the program `{name}` once installed", "rename one of the two"
                )
        self.programs.append(facts)

    def configured(self) -> list[_commands.ConfiguredExtension]:
        """The extensions of the configuration that go into a wheel."""
        return [one for one in self.distribution.ext_modules or [] if isinstance(one, _commands.ConfiguredExtension)]

    def _described(self) -> list[dict]:
        """The facts of all of the configuration that goes into a wheel."""
        return [extension.facts for extension in self.configured()] + self.programs

    def words(self) -> list[str]:
        """The words of the build of what the configuration describes."""
        words = configured_words(self.root, self.out, self.settings.words)
        if any(facts["uses_torch"] for facts in self.programs):
            words.append(f"--packages-at={packages_from_scripts()}")
        return words

    def source_folders(self) -> set[str]:
        """Top-level folders of the project that hold sources and headers of the configuration."""
        if not self._describe:
            self._describe = True
            self._read_project()
        paths = [path for facts in (self.facts or {}).get("extensions", ()) for path in _paths_of(facts)]
        inside = [os.path.relpath(path, self.root) for path in paths]
        return {path.split(os.sep)[0] for path in inside if not path.startswith("..") and path != "."}

    # --- building ----------------------------------------------------------------------------------------------------

    def _replacement(self):
        """What stands at the bottom of `build_extension`, whatever the project has put on top of it."""
        original = distutils_build_ext.build_ext.build_extension
        session = self

        def build_extension(command, extension):
            if isinstance(extension, _commands.ConfiguredExtension):
                return
            try:
                described = describe_extension(command, extension)
            except Unusual as reason:
                warn(f"{extension.name} is built by setuptools: {reason}")
                original(command, extension)
                return
            place = command.get_ext_filename(command.get_ext_fullname(extension.name))
            described["out_dir"] = os.path.join(session.out, os.path.dirname(place))
            described["file_name"] = os.path.basename(place)
            session.declared.append(described)
            if not _can_wait(command):
                session.build_declared(command)

        # By this torch and others tell where a method comes from.
        build_extension.__module__ = distutils_build_ext.__name__
        return build_extension

    def environment(self) -> dict[str, str]:
        """The variables that the program gets."""
        with self._aside():
            environ = build_environment()
        if self._own_epoch:
            environ.pop("SOURCE_DATE_EPOCH", None)
        return environ

    def build_configured(self) -> None:
        """Builds what the configuration describes."""
        extensions = self.configured()
        described = self._described()
        if not described:
            return
        self._uses_torch |= any(facts["uses_torch"] for facts in described)
        self._has_device_code |= any(facts["uses_cuda"] for facts in described)
        words = self.words()
        if self._known is not None and self._known["words"] == words:
            print("retorch: nothing to build")
            self._take(self._known["result"])
        else:
            result = build(words, self.environment())
            self._take(result)
            remember(self._note, self.environment(), self.project_name(), words, self.facts, result)
        for extension in extensions:
            place = self.command().get_ext_filename(self.command().get_ext_fullname(extension.name))
            if place not in self.artifacts:
                raise _not_built(f"the extension `{extension.name}`")

    def build_declared(self, command) -> None:
        """Builds what a setup.py has described since the last call, all at once."""
        described, self.declared = self.declared, []
        if not described:
            return
        if any(extension["uses_torch"] for extension in described):
            self._uses_torch = True
            if not torch_in_sight():
                raise torch_missing(self.project_name())
        self._has_device_code |= any(extension["device"] == "cuda" for extension in described)
        request = {"format": 1, "root": self.root, "python": sys.executable, "extensions": described}
        words = ["build", "--request", "-", *self.settings.words]
        note, environ = self._declared_note(self._rounds), self.environment()
        self._rounds += 1
        known = recall(note, environ)
        if known is not None and (known["words"], known["facts"]) == (self.settings.words, request):
            print("retorch: nothing to build")
            self._take(known["result"])
        elif self._early is not None:
            raise NotUnchanged
        else:
            result = build(words, environ, request)
            self._take(result)
            remember(note, environ, self.project_name(), self.settings.words, request, result)
        self.place(command)

    def _declared_note(self, number: int) -> str:
        return f"{self.out}.declared-{number}"

    def _take(self, result: dict) -> None:
        self.built_with = result.get("built_with") or self.built_with
        for artifact in result["artifacts"]:
            place = os.path.relpath(artifact["path"], self.out)
            self.artifacts[place] = artifact["path"]

    def command(self):
        """The `build_ext` of the distribution."""
        return self.distribution.get_command_obj("build_ext")

    def place(self, command) -> None:
        """Puts what was built where setuptools looks for it."""
        wanted = {place for place, _ in _commands.inplace_files(command)}
        for place, path in self.artifacts.items():
            if place not in wanted:
                continue
            target = os.path.join(command.build_lib, place)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copyfile(path, target)
            os.chmod(target, 0o755)

    def built_programs(self) -> dict[str, str]:
        """What was built for the environment's folder of scripts: paths by name of the file."""
        suffix = ".exe" if sys.platform == "win32" else ""
        built = {}
        for facts in self.programs:
            place = os.path.join(*facts["name"].split(".")) + suffix
            if place not in self.artifacts:
                raise _not_built(f"the program `{facts['name']}`")
            built[os.path.basename(place)] = self.artifacts[place]
        return built

    # --- a wheel beside the metadata ---------------------------------------------------------------------------------

    def _begin_early(self, hook: str) -> EarlyWheel | None:
        """Only where the script has been built before, and where nothing is asked for that changes the wheel."""
        if not self._only_declared() or not os.path.exists(self._declared_note(0)) or self.settings.setuptools:
            return None
        if self.editable and self.rebuilds:
            return None
        try:
            return EarlyWheel(self.out, self.root, hook, self.settings)
        except OSError:
            return None

    def keep_early(self, metadata_directory: str) -> None:
        """Once the hook has ended: keeps the wheel that was made beside the metadata, if it was."""
        if self._early is not None:
            notes = [self._declared_note(number) for number in range(self._rounds)]
            self._early.keep(metadata_directory, {"notes": notes, "torch": self._torch_to_check()})

    def _aside(self):
        """For what retorch itself does: nobody counts what it looks at."""
        return contextlib.nullcontext() if self._early is None else self._early.pause()

    # --- afterwards --------------------------------------------------------------------------------------------------

    def date_files(self) -> None:
        """Gives the files in an archive a date that is the same each time."""
        if "SOURCE_DATE_EPOCH" not in os.environ:
            os.environ["SOURCE_DATE_EPOCH"] = _EPOCH
            self._own_epoch = True
            self._undo.callback(os.environ.pop, "SOURCE_DATE_EPOCH", None)

    def provenance(self) -> dict:
        """What it was built with, as far as that matters: a torch or a CUDA toolkit that happens to be there does not."""
        unused = () if self._has_device_code else ("cuda_toolkit", "cuda_host_compiler")
        if not self._uses_torch:
            unused += ("torch",)
        return {key: None if key in unused else value for key, value in (self.built_with or {}).items()}

    def stable_torch(self) -> str | None:
        """The newest of the torch versions that the extensions are built for at least; None unless all use the stable
        ABI."""
        extensions = list(self.distribution.ext_modules or [])
        targets = [_commands.torch_target(one) for one in extensions]
        if not targets or any(target is None for target in targets):
            return None
        return max(targets, key=lambda version: [int(part) for part in version.split(".")])

    def architectures(self) -> dict[str, list[str]]:
        """GPU architectures in the built files, by their place in the wheel."""
        if not self._has_device_code:
            return {}
        with self._aside():
            found = architectures_in(list(self.artifacts.values()))
        return {place: found.get(path, []) for place, path in self.artifacts.items()}

    def warn_about_torch(self) -> None:
        """Says so when the torch of this build is not the one that the result will meet."""
        torch = self._torch_to_check()
        if torch is not None:
            warn_about_torch(*torch)

    def _torch_to_check(self) -> tuple | None:
        torch = self.provenance().get("torch")
        if torch is None:
            return None
        requires = list(getattr(self.distribution, "install_requires", None) or [])
        return (torch["version"], requires, self.stable_torch(), self._has_device_code)

    @property
    def rebuilds(self) -> bool:
        """Whether the editable install shall build again at import."""
        asked = self.settings.editable_rebuild
        return self._editable_rebuild if asked is None else asked

    def editable_spec(self) -> dict:
        """What `_editable.install` needs to know."""
        command = self.distribution.get_command_obj("build_ext")
        places = dict(_commands.inplace_files(command))
        return {
            "name": self.project_name(),
            "root": self.root,
            "out": self.out,
            "words": self.words(),
            "places": places,
            "programs": list(self.built_programs()),
        }


def _not_built(what: str) -> BackendError:
    return BackendError(f"{what} was not built", "`build-args` must not choose among the extensions of a package")


def packages_from_scripts() -> str:
    """Where a program in an environment's folder of scripts finds Python's packages, in the words of a run path."""
    paths = sysconfig.get_paths()
    here = "@loader_path" if sys.platform == "darwin" else "$ORIGIN"
    return f"{here}/{os.path.relpath(paths['platlib'], paths['scripts'])}"


def _paths_of(facts: dict) -> list[str]:
    return [source["path"] for source in facts["sources"]] + facts["include_dirs"]


def _can_wait(command) -> bool:
    """Whether nothing of the project's own happens after one extension: then all are built at once."""
    for cls in type(command).__mro__:
        if "build_extension" in vars(cls):
            module = vars(cls)["build_extension"].__module__ or ""
            return module.partition(".")[0] in ("setuptools", "distutils", "torch")
    return False
