"""The longest loop of `_fresh` as a C function, where there is one. It is compiled once, by the first large build of a
machine, with the compiler that has just been used; nothing depends on it but time."""

from __future__ import annotations

import os
import sys

from ._places import cache_directory

#: Goes up when `_stat.c` changes.
_VERSION = 2

#: So many files are compared by Python before it is worth it.
WORTH_IT = 2000

#: So many files are compared by one thread before it is worth it to start another.
WORTH_HELP = 1000

_unknown = object()
_function = _unknown


def files_as_noted():
    """`function(note, numbers_at, number_count, texts_at, text_size, folders, helpers)`, or None.

    Only where `ctypes` is there already, as it is wherever torch is: importing it takes as long as what is saved.
    """
    global _function
    if _function is _unknown and "ctypes" in sys.modules:
        _function = _load()
    return None if _function is _unknown else _function


def helpers(files: int) -> int:
    """How many threads may help: as many as there are other processors, and few, since each takes time to start."""
    if files < WORTH_HELP:
        return 0
    try:
        count = len(os.sched_getaffinity(0))
    except (AttributeError, OSError):
        count = os.cpu_count() or 1
    return min(count, 4) - 1


def _load():
    if os.name != "posix":
        return None
    path = _path()
    try:
        for place in (path, os.path.dirname(path)):
            state = os.lstat(place)
            # Written by nobody but this user.
            if state.st_uid != os.geteuid() or state.st_mode & 0o022:
                return None
        import ctypes

        function = ctypes.CDLL(path).retorch_files_are_as_noted
    except (OSError, AttributeError):
        return None
    number = ctypes.c_int64
    function.argtypes = [ctypes.c_char_p, number, number, number, number, number, number]
    function.restype = ctypes.c_int
    return function


def make(environ: dict[str, str]) -> None:
    """Compiles it, unless that was tried before. Best effort."""
    path = _path()
    tried = path + ".tried"
    if os.name != "posix" or os.path.exists(path) or os.path.exists(tried):
        return
    from ._program import build

    folder, file_name = os.path.split(path)
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        with open(tried, "w"):
            pass
        build(
            {
                "format": 1,
                "root": os.path.dirname(os.path.abspath(__file__)),
                "python": sys.executable or None,
                "build_dir": os.path.join(folder, "build"),
                "extensions": [
                    {
                        "name": "retorch_stat",
                        "kind": "torch-library",
                        "origin": "load",
                        "uses_torch": False,
                        "sources": ["_stat.c"],
                        "extra_compile_args": {"cxx": ["-O2", "-pthread"]},
                        "extra_link_args": ["-pthread"],
                        "out_dir": folder,
                        "file_name": file_name,
                    }
                ],
            },
            "retorch_stat",
            False,
            environ,
        )
        os.chmod(path, 0o700)
    except (OSError, RuntimeError):
        pass


def _path() -> str:
    machine = os.uname()
    return os.path.join(cache_directory(), "python", f"stat-{_VERSION}-{machine.sysname}-{machine.machine}.so")
