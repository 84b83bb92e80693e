"""Builds what a call of `load()` or `load_inline()` asks for. A process whose extension is unchanged never imports this."""

from __future__ import annotations

import os
import sys
import threading

from . import _note, _places, _program, _stat
from ._words import absolute_words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._load import Request


def build_request(request: Request, name: str, verbose: bool) -> str:
    """Builds it under a name, and notes down what was looked at.

    What was built: whether it needs torch's libraries, `torch` or `-`, a blank, and its path.
    """
    if not request.sources and not request.texts:
        raise RuntimeError(f"Error building extension '{name}': there are no sources")
    missing = _missing_source(request)
    if missing is not None:
        # As torch, which opens it.
        raise FileNotFoundError(2, os.strerror(2), missing)
    for file, text in request.texts.items():
        _write_if_changed(os.path.join(request.directory, file), text)
    environ = _program.build_environment()
    result = _program.build(captured_request(request, name), name, verbose, environ)
    path = result["artifacts"][-1]["path"]
    built = f"{'torch' if _needs_torch(path) else '-'} {path}"
    note = request.note(name)
    os.makedirs(os.path.dirname(note), exist_ok=True)
    looked = result.get("looked")
    if looked is not None:
        _note.write(note, looked, environ, built)
        if len(looked["files"]) >= _stat.WORTH_IT:
            _stat.make(environ)
    if request.given_directory is None:
        _publish(path, os.path.join(request.shared_directory, os.path.basename(path)))
        _places.remove_old(request.shared_directory, request.directory)
    return built


def captured_request(request: Request, name: str) -> dict:
    """The request in the form that the program reads. name: the one under which it is built."""
    sources = request.sources + [os.path.join(request.directory, file) for file in request.texts]
    root = request.directory if request.texts else _places.project_root(sources, request.directory)
    return {
        "format": 1,
        "root": root,
        "python": sys.executable or None,
        "build_dir": os.path.join(request.directory, ".retorch"),
        "extensions": [
            {
                "name": name,
                # What is loaded by torch.ops.load_library is linked like a module, as by torch.
                "kind": "executable" if request.is_standalone else "python-module",
                "origin": request.origin,
                "device": _device(request),
                "uses_torch": _places.torch_folder() is not None,
                "with_cuda": request.with_cuda,
                "sources": [_source(source) for source in sources],
                "include_dirs": request.include_paths,
                "extra_compile_args": {
                    "cxx": absolute_words(request.cflags, request.directory),
                    "nvcc": absolute_words(request.cuda_cflags, request.directory),
                    "sycl": absolute_words(request.sycl_cflags, request.directory),
                },
                "extra_link_args": absolute_words(request.ldflags, request.directory),
                "out_dir": request.directory,
                "file_name": name + _suffix(request),
            }
        ],
    }


def _device(request: Request) -> str:
    if request.with_sycl:
        return "sycl"
    return "cuda" if request.with_cuda else "cpu"


def _missing_source(request: Request) -> str | None:
    """The first source that is no file."""
    return next((source for source in request.sources if not os.path.isfile(source)), None)


def _needs_torch(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError:
        return True
    return b"libc10." in content or b"libtorch" in content or b"c10.dll" in content or b"torch_cpu.dll" in content


def _suffix(request: Request) -> str:
    windows = sys.platform == "win32"
    if request.is_standalone:
        return ".exe" if windows else ""
    return ".pyd" if windows else ".so"


def _source(path: str):
    # torch gives every source that is not CUDA or SYCL to the C++ compiler.
    if path.endswith(".c"):
        return {"path": path, "language": "c++"}
    return path


def _write_if_changed(path: str, text: str) -> None:
    content = text.encode("utf-8", "surrogateescape")
    try:
        with open(path, "rb") as file:
            if file.read() == content:
                return
    except OSError:
        pass
    _replace(path, lambda temporary: _write(temporary, content))


def _write(path: str, content: bytes) -> None:
    with open(path, "wb") as file:
        file.write(content)


def _publish(path: str, place: str) -> None:
    """Puts a copy where torch's own builder has the library: some projects look for it there. Best effort."""
    import shutil

    try:
        _replace(place, lambda temporary: shutil.copy2(path, temporary))
    except OSError:
        pass


def _replace(path: str, make) -> None:
    temporary = f"{path}.{os.getpid()}.{threading.get_ident()}"
    try:
        make(temporary)
        os.replace(temporary, path)
    except BaseException:
        _note.remove(temporary)
        raise


class building:
    """Only one process at a time builds in a folder; the others wait and then find it done. The kernel gives the lock
    back when its holder ends, however it ends. torch's own file `lock` means nothing here."""

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._file = None

    def __enter__(self) -> None:
        folder = os.path.join(self._directory, ".retorch")
        os.makedirs(folder, exist_ok=True)
        try:
            import fcntl
        except ImportError:
            # Windows: the program has a lock of its own.
            return
        try:
            self._file = open(os.path.join(folder, "load.lock"), "ab")
            fcntl.flock(self._file, fcntl.LOCK_EX)
        except OSError:
            # A file system without locks: the program's own must do.
            pass

    def __exit__(self, *_: object) -> None:
        if self._file is None:
            return
        import fcntl

        # A process that was forked meanwhile has the file open as well: closing it here would not be enough.
        fcntl.flock(self._file, fcntl.LOCK_UN)
        self._file.close()


def reach_torch_libraries() -> None:
    """Puts torch's libraries on PATH, where Windows looks for those of a program. As torch."""
    folder = _places.torch_folder()
    if folder is None:
        return
    libraries = os.path.join(folder, "lib")
    folders = os.environ.get("PATH", "").split(os.pathsep)
    if not any(os.path.normcase(each) == os.path.normcase(libraries) for each in folders):
        os.environ["PATH"] = os.pathsep.join([libraries, *folders])
