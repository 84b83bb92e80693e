"""`load()`: torch's function of that name, with its parameters, results and errors, built by retorch.

An extension that is unchanged costs one pass of `stat` (`_fresh.py`) and the import of the module: no process is
started, and torch is not imported where the extension does not need it. What differs from torch is what torch gets
wrong: edited headers, tools and installed packages are noticed, projects do not share a folder, no lock is left behind.
"""

from __future__ import annotations

import os
import sys
import threading

from . import _fresh, _places
from ._words import flag_words, path_list

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

_CUDA_SUFFIXES = (".cu", ".cuh")

#: What this process has loaded, by the name that was asked for.
_loaded: dict[str, list[_Version]] = {}
_name_locks: dict[str, threading.RLock] = {}
_names_lock = threading.Lock()


def _after_fork() -> None:
    # Whoever held them is not in this process.
    global _names_lock
    _names_lock = threading.Lock()
    _name_locks.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


class _Version:
    """One library that this process has loaded. It stays mapped for ever, so a changed one needs another name."""

    def __init__(self, key: str, path: str, identity: tuple[int, ...], result) -> None:
        self.key = key
        self.path = path
        self.identity = identity
        self.result = result


class Request:
    """What one call asks for: everything that decides what is built, apart from the contents of files."""

    def __init__(
        self,
        *,
        origin: str,
        name: str,
        sources: list[str],
        cflags: list[str],
        cuda_cflags: list[str],
        sycl_cflags: list[str],
        ldflags: list[str],
        include_paths: list[str],
        build_directory: str | os.PathLike[str] | None,
        with_cuda: bool | None,
        with_sycl: bool | None,
        is_python_module: bool,
        is_standalone: bool,
        texts: dict[str, str] | None = None,
    ) -> None:
        if is_python_module and is_standalone:
            raise ValueError("`is_python_module` and `is_standalone` are mutually exclusive.")
        if not isinstance(name, str) or not name:
            raise ValueError(f"the name of an extension must be a text, not {name!r}")
        #: Sources that are written before they are built: file name → content.
        self.texts = texts or {}
        names = [*sources, *self.texts]
        if with_cuda is None:
            with_cuda = any(source.endswith(_CUDA_SUFFIXES) for source in names)
        if with_sycl is None:
            with_sycl = any(source.endswith(".sycl") for source in names)
        if with_cuda and with_sycl:
            raise AssertionError("cannot have both SYCL and CUDA files in the same extension")
        self.origin = origin
        self.name = name
        self.sources = sources
        self.cflags = cflags
        self.cuda_cflags = cuda_cflags
        self.sycl_cflags = sycl_cflags
        self.ldflags = ldflags
        self.include_paths = include_paths
        self.with_cuda = with_cuda
        self.with_sycl = with_sycl
        self.is_python_module = is_python_module
        self.is_standalone = is_standalone
        self.given_directory = os.path.abspath(os.fspath(build_directory)) if build_directory else None
        self.key = self._key()
        if self.given_directory is not None:
            self.directory = self.given_directory
        else:
            # Where torch would build; a folder for this very request below it.
            self.shared_directory = os.path.join(_places.default_build_root(), name)
            self.directory = os.path.join(self.shared_directory, self.key)

    def _key(self) -> str:
        parts = [self.origin, self.name, sys.executable or "", sys.version, self.given_directory or ""]
        parts += [str(self.with_cuda), str(self.with_sycl), str(self.is_python_module), str(self.is_standalone)]
        for group in (
            self.sources, self.cflags, self.cuda_cflags, self.sycl_cflags, self.ldflags, self.include_paths,
            [text for item in self.texts.items() for text in item],
        ):  # fmt: skip
            parts.append(str(len(group)))
            parts += group
        return _digest(parts)

    def note(self, name: str) -> str:
        """Path of what `_fresh` knows of this request, built under a name."""
        # Ranks of one job often see one GPU each: they share what is built, and each remembers that it is right.
        seen = os.environ.get("CUDA_VISIBLE_DEVICES")
        rank = "" if seen is None else "-" + _digest([seen])
        return os.path.join(self.directory, ".retorch", "fresh", f"{self.key}-{name}{rank}")

def load(
    name: str,
    sources: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    extra_cflags: Sequence[str] | None = None,
    extra_cuda_cflags: Sequence[str] | None = None,
    extra_sycl_cflags: Sequence[str] | None = None,
    extra_ldflags: Sequence[str] | None = None,
    extra_include_paths: Sequence[str | os.PathLike[str]] | None = None,
    build_directory: str | os.PathLike[str] | None = None,
    verbose: bool = False,
    with_cuda: bool | None = None,
    with_sycl: bool | None = None,
    is_python_module: bool = True,
    is_standalone: bool = False,
    keep_intermediates: bool = True,
) -> Any:
    """Builds an extension from source files, where it is not up to date, and loads it.

    The parameters are those of `torch.utils.cpp_extension.load`.

    name: of the extension and of its module. sources: paths, relative ones from the current folder.
    extra_cflags, extra_cuda_cflags, extra_sycl_cflags, extra_ldflags: lists of flags; several in one text are split
    as a shell does. extra_include_paths: folders. build_directory: where to build, and where the library appears;
    without it below `TORCH_EXTENSIONS_DIR` or torch's folder in the user's cache. verbose: show the build.
    with_cuda, with_sycl: whether to use their headers and libraries; None: when a source needs them.
    keep_intermediates: accepted; nothing is ever left beside the sources.

    Returns the module; with `is_python_module=False` the path of the library, which is loaded into the process;
    with `is_standalone=True` the path of the program.

    Raises RuntimeError with the compiler's output when the build fails, FileNotFoundError when a source is missing,
    OSError when a toolkit is, ImportError when the module cannot be loaded, ValueError for what contradicts itself.
    """
    if isinstance(sources, (str, bytes, os.PathLike)):
        sources = [sources]
    request = Request(
        origin="load",
        name=name,
        sources=[os.path.abspath(os.fsdecode(source)) for source in sources],
        cflags=flag_words(extra_cflags, "extra_cflags"),
        cuda_cflags=flag_words(extra_cuda_cflags, "extra_cuda_cflags"),
        sycl_cflags=flag_words(extra_sycl_cflags, "extra_sycl_cflags"),
        ldflags=flag_words(extra_ldflags, "extra_ldflags"),
        include_paths=path_list(extra_include_paths, "extra_include_paths"),
        build_directory=build_directory,
        with_cuda=with_cuda,
        with_sycl=with_sycl,
        is_python_module=is_python_module,
        is_standalone=is_standalone,
    )
    return load_request(request, verbose)


def load_request(request: Request, verbose: bool):
    """Builds what is asked for, where it is not up to date, and loads it."""
    with _names_lock:
        lock = _name_locks.setdefault(request.name, threading.RLock())
    with lock:
        return _load(request, verbose)


def _load(request: Request, verbose: bool):
    environ = _environment()
    versions = _loaded.setdefault(request.name, [])
    for number, version in enumerate(versions):
        if version.key != request.key or _identity(version.path) != version.identity:
            continue
        built = _known(request, _versioned(request.name, number), environ)
        if built is not None and _path_of(built) == version.path:
            # Not executed again: what it registered, it would register twice.
            return version.result
    name = _versioned(request.name, len(versions))
    if versions and verbose:
        _say(f"The input conditions for extension module {request.name} have changed: building it as {name}")
    built = _known(request, name, environ)
    if built is not None:
        return _open_and_remember(request, name, built, versions)
    from ._make import build_request, building

    with building(request.directory):
        # Another process may have built it meanwhile.
        built = _known(request, name, environ) or build_request(request, name, verbose)
        return _open_and_remember(request, name, built, versions)


def _digest(parts: list[str]) -> str:
    try:
        # `hashlib` loads OpenSSL, which takes longer than all else here.
        from _blake2 import blake2s
    except ImportError:
        from hashlib import blake2s
    digest = blake2s(digest_size=8)
    for part in parts:
        encoded = part.encode("utf-8", "surrogateescape")
        digest.update(b"%d:" % len(encoded) + encoded)
    return digest.hexdigest()


def _environment():
    """The environment variables that a build would see."""
    if "RETORCH_RUN_HOOK" not in os.environ:
        # Those of the process: a copy would only cost time.
        return os.environ
    from ._program import build_environment

    return build_environment()


def _versioned(name: str, number: int) -> str:
    return f"{name}_v{number}" if number else name


def _known(request: Request, name: str, environ) -> str | None:
    """What `build_request` gave back, when a build would make the same."""
    return _fresh.check(request.note(name), environ)


def _path_of(built: str) -> str:
    return built.partition(" ")[2]


def _open_and_remember(request: Request, name: str, built: str, versions: list[_Version]):
    path = _path_of(built)
    if built.startswith("torch ") and "torch" not in sys.modules and not request.is_standalone:
        # The library uses torch's, which only torch itself brings into the process.
        import torch  # noqa: F401
    identity = _identity(path)
    result = _open(request, name, path)
    if not request.is_standalone:
        versions.append(_Version(request.key, path, identity, result))
    return result


def _open(request: Request, name: str, path: str):
    if request.is_standalone:
        if sys.platform == "win32":
            from ._make import reach_torch_libraries

            reach_torch_libraries()
        return path
    try:
        return _import(name, path) if request.is_python_module else _load_library(path)
    except (ImportError, OSError) as error:
        from ._explain import explain

        explain(error)
        raise


def _load_library(path: str) -> str:
    import torch

    torch.ops.load_library(path)
    return path


def _import(name: str, path: str):
    # What importlib.util.spec_from_file_location and module_from_spec do; that module takes long to import.
    from importlib import _bootstrap, _bootstrap_external

    spec = _bootstrap_external.spec_from_file_location(name, path)
    if spec is None:
        raise ImportError(f"{path} is no extension module for this Python", name=name, path=path)
    module = _bootstrap.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _identity(path: str) -> tuple[int, ...]:
    try:
        state = os.stat(path)
    except OSError:
        return ()
    return (state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
