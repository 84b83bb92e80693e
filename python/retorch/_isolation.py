"""Which torch a build sees, and which one it will run with: build isolation hides the one that is installed.

Reads files only; nothing is imported or started.
"""

from __future__ import annotations

import glob
import os
import sys
import sysconfig

from ._messages import BackendError, warn


def front_end_isolates() -> bool:
    """Whether this process runs in an environment that a front end made for this build alone."""
    parts = os.path.normpath(sys.prefix).split(os.sep)
    made_by_build = any(part.startswith("build-env-") for part in parts)
    made_by_uv = any(part.startswith("builds-v") for part in parts)
    return made_by_build or made_by_uv or not _sees_packages()


def _sees_packages() -> bool:
    """pip takes the environment's own packages out of sight."""
    own = os.path.realpath(sysconfig.get_paths()["purelib"])
    return not os.path.isdir(own) or own in {os.path.realpath(folder or os.curdir) for folder in sys.path}


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
    """The failure of a build that needs a torch and sees none."""
    if not front_end_isolates():
        return BackendError(
            f"torch is not installed for {sys.executable}, and the extensions are built against it",
            "install the torch that they shall run with, then build again",
        )
    version = installed_torch()
    known = "" if version is None else f" {version}"
    seen = "the torch that is installed" if version is None else f"torch{known}, which is installed,"
    pin = "torch==VERSION" if version is None else f"torch=={version.partition('+')[0]}"
    return BackendError(
        f"there is no torch in this build environment: builds are isolated, so {seen} is out of sight",
        "build without isolation, against the torch that the extension will run with:\n"
        "        pip install --no-build-isolation .        (uv: --no-build-isolation-package "
        f"{project}; python -m build --no-isolation)\n"
        "      or say in pyproject.toml which torch is to be downloaded for the build:\n"
        f'        [build-system]  requires = ["retorch", "{pin}"]\n'
        "      or, with uv, let the build use the torch of the project:\n"
        f'        [tool.uv.extra-build-dependencies]  {project} = [{{ requirement = "torch", match-runtime = true }}]',
    )


def warn_about_torch(built_with: str, requires: list[str], stable: str | None) -> None:
    """Says so when what was built will meet another torch than the one it was built against.

    built_with: version of the build's torch. requires: the project's dependencies. stable: the oldest torch of the stable
    ABI when everything is built for that; later ones fit then.
    """
    if front_end_isolates():
        running = installed_torch()
        if running is not None and running != built_with and not _fits(running, stable):
            warn(
                f"this is built against torch {built_with}, and torch {running} is installed: it will not load there",
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


def _fits(version: str, stable: str | None) -> bool:
    if stable is None:
        return False
    return _numbers(version) >= _numbers(stable)


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
