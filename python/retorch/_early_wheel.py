"""A wheel that is made while a front end asks for the metadata. It asks for the wheel moments later, in another process, and a
`setup.py` that imports torch takes seconds each time. Where nothing has to be compiled, both are made in one run of the
script; the second hook hands out what lies there, unless something that the first one looked at has changed in between.

The wheel is the one that the second hook would make: the same commands of setuptools run, and a script is not served so
when it could tell one hook from the other, by the words of the command line or by commands of its own.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import sys
import time

from . import _fresh
from ._unchanged import recall

#: A front end asks for the wheel as soon as it has the metadata. What lies there longer was left behind.
_LONGEST_SECONDS = 600


def take(out: str, hook: str, settings, wheel_directory, metadata_directory) -> dict | None:
    """Moves the wheel that was made for a call of a hook into its folder, and gives what was told to
    `EarlyWheel.keep`, with the wheel's `name`. None when there is none, or when something has changed. Either way it is gone afterwards.

    out: the folder of built files. hook, settings: what is asked for.
    """
    folder = _folder(out)
    if metadata_directory is None or not os.path.isdir(folder):
        return None
    try:
        known = json.loads(_fresh.check(os.path.join(folder, "note"), os.environ) or "null")
        if known is None or known["question"] != _question(hook, settings):
            return None
        # The script is what decides by variables, and has the same ones.
        if any(recall(note, None) is None for note in known["notes"]):
            return None
        if known["metadata"] != _digest(metadata_directory) or not 0 <= time.time() - known["made"] <= _LONGEST_SECONDS:
            return None
        os.makedirs(wheel_directory, exist_ok=True)
        shutil.move(os.path.join(folder, known["name"]), os.path.join(wheel_directory, known["name"]))
        return known
    except (OSError, ValueError, KeyError, TypeError):
        return None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class NotUnchanged(BaseException):
    """Something would have to be compiled: the wheel is left to the hook that is asked for it."""


class EarlyWheel:
    """One attempt to make a wheel before it is asked for.

    hook: the one that will ask for it. settings: those of the front end.
    """

    def __init__(self, out: str, root: str, hook: str, settings) -> None:
        from . import _programs
        from ._children import Children
        from ._witness import Witness, as_path

        self.command = {"build_wheel": "bdist_wheel", "build_editable": "editable_wheel"}[hook]
        self.folder = _folder(out)
        self._question = _question(hook, settings)
        self._made = False
        self._as_path = as_path
        self._names: dict[str, list[str]] = {}
        self._renamed: set[str | None] = set()
        shutil.rmtree(self.folder, ignore_errors=True)
        self._scratch = os.path.join(self.folder, "scratch")
        os.makedirs(self._scratch)
        #: In the clock of the file system.
        self._started = os.stat(self._scratch).st_ctime_ns
        self._environ = dict(os.environ)
        self._witness = Witness(root, _programs, Children(self._scratch))

    def watching(self, run_setup):
        """The function of setuptools' that runs the script, with a look at what the script looks at."""

        def run(*args, **kwargs):
            sys.argv = _Argv(sys.argv)
            self._witness.start()
            sys.addaudithook(self._audit)
            return run_setup(*args, **kwargs)

        return run

    def pause(self):
        """A context in which nothing counts: for what retorch itself does."""
        return self._witness.pause()

    def make(self, distribution, run_command) -> None:
        """Makes the wheel. What goes wrong is for the hook itself to say.

        run_command: the method of the distribution.
        """
        from setuptools import build_meta

        # What takes long is to import torch.
        if "torch" not in sys.modules or not _is_plain(distribution, self.command) or not _argv_was_for_setuptools():
            return
        info = distribution.get_command_obj("dist_info").dist_info_dir
        options = distribution.get_option_dict(self.command)
        options["dist_dir"] = ("retorch", os.path.join(self.folder, "wheel"))
        options["dist_info_dir"] = ("retorch", str(info))
        for name in ("egg_info", "bdist_wheel"):
            # `dist_info` has prepared them for itself.
            distribution.reinitialize_command(name)
        commands, distribution.commands = distribution.commands, [self.command]
        try:
            with getattr(build_meta, "suppress_known_deprecation", contextlib.nullcontext)():
                run_command(self.command)
            self._made = True
        except KeyboardInterrupt:
            raise
        except BaseException:
            pass
        finally:
            distribution.commands = commands

    def keep(self, metadata_directory: str, told: dict) -> None:
        """Keeps the wheel for the hook that will ask for it.

        metadata_directory: what the front end will show then. told: what that hook has to know.
        """
        self._witness.stop()
        try:
            kept = self._made and self._keep(metadata_directory, told)
        except (OSError, ValueError):
            kept = False
        if not kept:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _keep(self, metadata_directory: str, told: dict) -> bool:
        from . import _note

        made = os.path.join(self.folder, "wheel")
        names = os.listdir(made)
        if len(names) != 1:
            return False
        looked = self._looked(os.path.dirname(os.path.abspath(metadata_directory)))
        if looked is None:
            return False
        os.replace(os.path.join(made, names[0]), os.path.join(self.folder, names[0]))
        known = {
            **told,
            "question": self._question,
            "metadata": _digest(metadata_directory),
            "name": names[0],
            "made": time.time(),
        }
        return _note.write(os.path.join(self.folder, "note"), looked, self._environ, json.dumps(known))

    def _looked(self, given: str) -> dict | None:
        """What was looked at, as `_note` takes it. None where that cannot be known, or was changed meanwhile.

        given: the folder of the front end, which comes and goes.
        """
        seen = self._witness.seen()
        if seen["volatile"] or seen["every_variable"]:
            return None

        def counts(path: str) -> bool:
            return not any(path == folder or path.startswith(folder + os.sep) for folder in (given, self.folder))

        files, states, there, absent, listed = [], [], [], [], []
        written = self._renamed.union(seen["written"])
        for path in filter(counts, [*seen["files"], *seen["written"], *seen["probes"]]):
            try:
                state = os.stat(path)
            except OSError:
                absent.append(path)
                continue
            if not os.path.isfile(path):
                there.append(path)
                continue
            if path not in written and max(state.st_mtime_ns, state.st_ctime_ns) >= self._started:
                return None
            files.append(path)
            states += [state.st_size, state.st_mtime_ns / 1e6, state.st_ctime_ns / 1e6, state.st_ino]
        for path in filter(counts, seen["listings"]):
            names = _names(path)
            # Something came or went after it was listed, or another process has listed it.
            if names != self._names.get(path):
                return None
            listed.append({"path": path, "prefix": "", "suffix": "", "names": names})
        for path in seen["packages"]:
            names = [name for name in _names(path) if name.endswith(".dist-info")]
            listed.append({"path": path, "prefix": "", "suffix": ".dist-info", "names": names})
        return {
            "files": files, "states": states, "there": there, "absent": absent, "listed": listed,
            "variables": list(seen["variables"]),
        }  # fmt: skip

    def _audit(self, event: str, args) -> None:
        """What the witness does not note: which names were in a folder when it was listed, and what was put in place by rename."""
        if not self._witness.watches:
            return
        if event == "os.rename":
            self._renamed.add(self._as_path(args[1]))
        elif event in ("os.listdir", "os.scandir") and not isinstance(args[0], int):
            path = self._as_path("." if args[0] is None else args[0])
            if path is not None and path not in self._names:
                with self._witness.pause():
                    self._names[path] = _names(path)


class _Argv(list):
    """`sys.argv` that knows who has read it."""

    strangers = False

    def _read(self) -> None:
        frame = sys._getframe(2)
        if frame.f_globals.get("__name__", "").partition(".")[0] not in ("setuptools", "distutils", "retorch"):
            self.strangers = True

    def __getitem__(self, index):
        self._read()
        return super().__getitem__(index)

    def __contains__(self, word):
        self._read()
        return super().__contains__(word)

    def __iter__(self):
        self._read()
        return super().__iter__()

    def __len__(self):
        self._read()
        return super().__len__()

    def __eq__(self, other):
        self._read()
        return super().__eq__(other)

    __hash__ = None

    def __add__(self, other):
        self._read()
        return super().__add__(other)

    def copy(self):
        self._read()
        return super().copy()

    def count(self, word):
        self._read()
        return super().count(word)

    def index(self, *args):
        self._read()
        return super().index(*args)

    def remove(self, word):
        self._read()
        return super().remove(word)

    def pop(self, *args):
        self._read()
        return super().pop(*args)


def _argv_was_for_setuptools() -> bool:
    return isinstance(sys.argv, _Argv) and not sys.argv.strangers


def _is_plain(distribution, command: str) -> bool:
    """Whether the command, and the one for metadata, are setuptools' own: others may do anything beside their work."""
    for name in (command, "dist_info"):
        bases = distribution.get_command_class(name).__mro__
        if any(cls.__module__.partition(".")[0] not in ("setuptools", "distutils", "retorch", "builtins") for cls in bases):
            return False
    return True


def _folder(out: str) -> str:
    return f"{out}.early"


def _question(hook: str, settings) -> list:
    return [hook, list(settings.words), settings.editable_rebuild, settings.setuptools, sys.executable, sys.version]


def _digest(metadata_directory) -> str:
    """Of all files in a folder, with their names."""
    digest = hashlib.sha256()
    for parent, folders, names in os.walk(metadata_directory):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(parent, name)
            with open(path, "rb") as file:
                content = file.read()
            digest.update(f"{os.path.relpath(path, metadata_directory)}\0{len(content)}\0".encode("utf-8", "surrogateescape"))
            digest.update(content)
    return digest.hexdigest()


def _names(path: str) -> list[str]:
    try:
        return sorted(os.listdir(path))
    except OSError:
        return []
