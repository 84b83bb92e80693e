"""What setuptools does that a project with extensions does not mean, and what it says of mistakes in a way that is no answer."""

from __future__ import annotations

import os
import re

import setuptools
from setuptools.discovery import ConfigDiscovery

from distutils.errors import DistutilsError

from ._commands import has_python
from ._messages import BackendError
from ._requirements import LICENSE_EXPRESSIONS, setuptools_version

_analyse_src_layout = getattr(ConfigDiscovery, "_analyse_src_layout", None)


def src_layout_of_python(discovery) -> bool:
    """setuptools takes any folder `src` for the place of the packages. One with C++ alone is not."""
    given = "" in (discovery.dist.package_dir or {})
    if not given and os.path.isdir("src") and not has_python("src"):
        return False
    return _analyse_src_layout(discovery)


def said_by_setuptools(error: Exception) -> BackendError | None:
    """What setuptools says of a project without the way through its code. None for what it did not expect itself."""
    text = str(error)
    if isinstance(error, DistutilsError):
        return BackendError(text.strip())
    wrong = re.match(r"invalid pyproject\.toml config: `(.*)`\.\s*(?:configuration error: )?(.*)", text)
    if wrong is None:
        return None
    hint = ""
    if wrong.group(1) == "project.license" and setuptools_version() < LICENSE_EXPRESSIONS:
        least = ".".join(map(str, LICENSE_EXPRESSIONS))
        hint = f"a licence expression needs setuptools {least} or later, and {setuptools.__version__} is installed"
    return BackendError(f"pyproject.toml: {wrong.group(2) or wrong.group(1)}", hint)
