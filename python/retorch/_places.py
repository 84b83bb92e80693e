"""Where things lie: the user's cache, and where `load()` builds: torch's own folders, and inside them one for each
thing that is built.

torch builds every extension called `ops` in the same folder, whichever project it comes from. Here each request has
a folder of its own below that, named by its content, so that two projects never take turns in one. Knows nothing of
how things are built.
"""

from __future__ import annotations

import os
import sys

#: Folders of requests that are kept for a name, and how many days an older one is.
_KEPT = 16
_KEPT_DAYS = 14


def cache_directory() -> str:
    """The user's cache folder, the same that the program uses (`RETORCH_CACHE_DIR`, else the platform's place)."""
    own = os.environ.get("RETORCH_CACHE_DIR")
    if own:
        return os.path.abspath(own)
    xdg = os.environ.get("XDG_CACHE_HOME")
    if xdg and os.path.isabs(xdg):
        return os.path.join(xdg, "retorch")
    home = os.path.expanduser("~")
    if sys.platform == "darwin":
        return os.path.join(home, "Library", "Caches", "retorch")
    if sys.platform == "win32":
        return os.path.join(os.environ.get("LOCALAPPDATA") or os.path.join(home, "AppData", "Local"), "retorch")
    return os.path.join(home, ".cache", "retorch")


def version() -> str:
    """The version of this package: of the wheel, else of the npm package or checkout around it."""
    import json
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    here = os.path.dirname(os.path.abspath(__file__))
    manifest = os.path.join(os.path.dirname(os.path.dirname(here)), "package.json")
    if os.path.isdir(os.path.join(here, "_bundle")) or not os.path.isfile(manifest):
        try:
            return installed("retorch")
        except PackageNotFoundError:
            return "unknown"
    with open(manifest, encoding="utf-8") as file:
        return json.load(file)["version"]


def default_build_root() -> str:
    """What `torch.utils.cpp_extension.get_default_build_root()` returns, with the folder for this Python and torch.

    `TORCH_EXTENSIONS_DIR` as it is, when it is set.
    """
    own = os.environ.get("TORCH_EXTENSIONS_DIR")
    if own is not None:
        return os.path.abspath(own)
    version = sys.version_info
    folder = f"py{version[0]}{version[1]}{getattr(sys, 'abiflags', '')}_{_accelerator()}"
    return os.path.join(os.path.realpath(_user_cache()), folder)


def _user_cache() -> str:
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA") or os.path.join(os.path.expanduser("~"), "AppData", "Local")
        return os.path.join(local, "torch_extensions", "torch_extensions", "Cache")
    if sys.platform == "darwin":
        return os.path.join(os.path.expanduser("~/Library/Caches"), "torch_extensions")
    return os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "torch_extensions")


def _accelerator() -> str:
    """`cpu`, `cu130`, `rocm64…`: of the torch that is imported, else of the one that would be."""
    version = getattr(sys.modules.get("torch"), "version", None)
    if version is not None:
        cuda, hip = getattr(version, "cuda", None), getattr(version, "hip", None)
    else:
        cuda, hip = _torch_versions()
    if hip:
        return "rocm" + hip.replace(".", "")
    return "cu" + cuda.replace(".", "") if cuda else "cpu"


def _torch_versions() -> tuple[str | None, str | None]:
    """CUDA's and HIP's version from `torch/version.py`, without importing torch."""
    found: dict[str, str | None] = {}
    folder = torch_folder()
    if folder is not None:
        try:
            with open(os.path.join(folder, "version.py"), encoding="utf-8") as file:
                lines = file.read().splitlines()
        except (OSError, ValueError):
            lines = []
        for line in lines:
            name, _, value = line.partition("=")
            name, value = name.partition(":")[0].strip(), value.strip()
            if name in ("cuda", "hip") and value[:1] in ("'", '"'):
                found[name] = value.strip("'\"")
    return found.get("cuda"), found.get("hip")


def torch_folder() -> str | None:
    """Folder of the package torch, without importing it. None when there is none."""
    module = sys.modules.get("torch")
    file = getattr(module, "__file__", None)
    if file:
        return os.path.dirname(file)
    # Nearly always it is in one of these folders; importlib.util takes longer to import than to look here.
    for folder in sys.path:
        path = os.path.join(folder or os.curdir, "torch")
        if os.path.isfile(os.path.join(path, "version.py")):
            return os.path.abspath(path)
    from importlib.util import find_spec

    try:
        spec = find_spec("torch")
    except (ImportError, ValueError):
        return None
    return os.path.dirname(spec.origin) if spec is not None and spec.origin else None


def project_root(sources: list[str], fallback: str) -> str:
    """The folder that all sources share, when it is one of a project; else the fallback."""
    folders = [os.path.dirname(source) for source in sources]
    try:
        common = os.path.commonpath(folders)
    except ValueError:
        return fallback
    home = os.path.expanduser("~")
    shared = {home, os.path.dirname(home), os.path.realpath(os.environ.get("TMPDIR") or "/tmp"), os.path.dirname(common)}
    return fallback if common in shared else common


def remove_old(parent: str, keep: str) -> None:
    """Removes folders of requests that nobody built for long. Best effort."""
    import shutil
    import time

    try:
        with os.scandir(parent) as entries:
            folders = [entry for entry in entries if len(entry.name) == 16 and entry.is_dir(follow_symlinks=False)]
        if len(folders) <= _KEPT:
            return
        oldest = time.time() - _KEPT_DAYS * 86_400
        by_age = sorted((entry.stat().st_mtime, entry.path) for entry in folders)
        for modified, path in by_age[: len(by_age) - _KEPT]:
            if modified < oldest and path != keep:
                shutil.rmtree(path, ignore_errors=True)
    except OSError:
        pass
