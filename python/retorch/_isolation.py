"""Which torch a build sees, and which one it will run with: build isolation hides the one that is installed.

Reads files only; nothing is imported or started.
"""

from __future__ import annotations

import glob
import os
import re
import sys
import sysconfig

from ._messages import BackendError, warn
from ._places import torch_folder

#: By these the program finds a LibTorch that is not Python's.
_LIBTORCH_VARIABLES = ("LIBTORCH", "TORCH_INSTALL_PREFIX", "Torch_ROOT", "Torch_DIR")


#: Folders in which front ends make environments for one build alone: pip, build and PDM; uv; Poetry; tox; Hatch.
_MADE_FOR_A_BUILD = re.compile(
    r"[\\/](?:(?:pip-|pdm-)?build-env-[^\\/]+|builds-v\d+|tmp[a-z0-9_]{8}[\\/]\.venv|\.tox[\\/]\.pkg[^\\/]*|hatch-build)(?:[\\/]|$)"
)


def front_end_isolates() -> bool:
    """Whether this process runs in an environment that a front end made for this build alone."""
    return made_for_a_build(sys.prefix) or not _sees_packages()


def made_for_a_build(prefix: str) -> bool:
    """Whether the folder of an environment says that it is for one build alone."""
    return _MADE_FOR_A_BUILD.search(os.path.normpath(prefix)) is not None


def _sees_packages() -> bool:
    """pip takes the environment's own packages out of sight."""
    own = os.path.realpath(sysconfig.get_paths()["purelib"])
    return not os.path.isdir(own) or own in {os.path.realpath(folder or os.curdir) for folder in sys.path}


def torch_in_sight() -> bool:
    """Whether there may be a torch to build against: the package, or a LibTorch that a variable names or the system has."""
    if torch_folder() is not None or any(os.environ.get(name) for name in _LIBTORCH_VARIABLES):
        return True
    return os.path.isdir("/usr/include/torch")


def installed_torch() -> str | None:
    """Version of the torch in the environment for which an isolated build is made; None when it cannot be told."""
    folders = [sysconfig.get_paths()["purelib"], sysconfig.get_paths()["platlib"]]
    active = os.environ.get("VIRTUAL_ENV") or os.environ.get("CONDA_PREFIX")
    if active:
        folders += glob.glob(os.path.join(glob.escape(active), "lib", "python3*", "site-packages"))
        folders.append(os.path.join(active, "Lib", "site-packages"))
    for folder in folders:
        version = torch_version(os.path.join(folder, "torch"))
        if version is not None:
            return version
    return None


def torch_version(folder: str) -> str | None:
    """What `torch/version.py` in the folder of a torch says: `2.13.0+cpu`."""
    try:
        with open(os.path.join(folder, "version.py"), encoding="utf-8") as file:
            lines = file.read().splitlines()
    except (OSError, ValueError):
        return None
    for line in lines:
        name, _, value = line.partition("=")
        if name.partition(":")[0].strip() == "__version__" and value.strip()[:1] in ("'", '"'):
            return value.strip().strip("'\"")
    return None


def torch_missing(project: str) -> BackendError:
    """The failure of a build that needs a torch and sees none.

    project: the name of the package, in any spelling.
    """
    if not front_end_isolates():
        return BackendError(
            f"torch is not installed for {sys.executable}, and the extensions are built against it",
            "install the torch that they shall run with, then build again; where a tool has made this environment for the "
            "build,\n      name that torch in `requires` of `[build-system]`",
        )
    version = installed_torch()
    seen = "an installed torch" if version is None else f"torch {version}, which is installed,"
    return BackendError(
        f"there is no torch in this build environment: builds are isolated, so {seen} is out of sight",
        what_to_do(project, version),
    )


def what_to_do(project: str, version: str | None) -> str:
    """What each front end offers so that a build sees the torch that the extension will run with.

    project: the name of the package. version: of the torch that is installed, where it is known.
    """
    name = canonical(project)
    pin = "torch==VERSION" if version is None else f"torch=={version.partition('+')[0]}"
    return f"""build where that torch is, without isolation; retorch and setuptools must be installed there, too:
        pip install --no-build-isolation .          (also in a conda environment; uv pip: the same)
        python -m build --no-isolation
        pdm install --no-isolation
        poetry run pip install --no-build-isolation .        (Poetry itself always isolates)
      or say in pyproject.toml that this package is built so:
        uv:    [tool.uv.extra-build-dependencies]
               {name} = [{{ requirement = "torch", match-runtime = true }}]
        pixi:  [tool.pixi.pypi-options]
               no-build-isolation = ["{name}"]
      or name the torch that is downloaded for each build, the same as the one that runs:
        [build-system]
        requires = ["retorch", "{pin}"]"""


def canonical(project: str) -> str:
    """A name as indexes and lock files spell it: `My.Ops_x` is `my-ops-x`."""
    return re.sub(r"[-_.]+", "-", project).lower()


def warn_about_torch(built_with: str, requires: list[str], stable: str | None, device_code: bool) -> None:
    """Says so when what was built will meet another torch than the one it was built against.

    built_with: version of the build's torch. requires: the project's dependencies. stable: the oldest torch of the stable
    ABI when everything is built for that; later ones fit then. device_code: whether there is code for a GPU in it.
    """
    if front_end_isolates():
        running = installed_torch()
        if running is not None and not _fits(built_with, running, stable, device_code):
            warn(
                f"this is built against torch {built_with}, and torch {running} is installed: it may not load there",
                "build with `--no-build-isolation`, or put "
                f"`torch=={running.partition('+')[0]}` into `requires` of `[build-system]`",
            )
    if stable is not None:
        return
    for text in requires:
        specifier = _torch_specifier(text)
        if specifier is not None and not specifier.contains(built_with, prereleases=True):
            warn(
                f"this is built against torch {built_with}, and the project asks for `{text}`: "
                "they cannot be installed together",
                "build with a torch that the project allows",
            )


def _fits(built_with: str, running: str, stable: str | None, device_code: bool) -> bool:
    if stable is not None and _numbers(running) >= _numbers(stable):
        return True
    (built_release, _, built_local), (release, _, local) = built_with.partition("+"), running.partition("+")
    # `+cpu`, `+cu130`: the same C++ interface, with other libraries for GPUs.
    return built_release == release and (built_local == local or not device_code)


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.partition("+")[0].split(".")[:2] if part.isdigit()]


def _torch_specifier(text: str):
    """What a requirement says of torch's version; None for other packages, and for what cannot be read."""
    if not text.lower().lstrip().startswith("torch"):
        return None
    try:
        try:
            from packaging.requirements import InvalidRequirement, Requirement
        except ImportError:
            from setuptools._vendor.packaging.requirements import InvalidRequirement, Requirement
    except ImportError:
        return None
    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        return None
    if requirement.name.lower() != "torch" or not requirement.specifier:
        return None
    if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
        return None
    return requirement.specifier
