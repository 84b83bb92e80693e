"""The build backend `retorch.build` (PEP 517 and PEP 660): setuptools, with retorch in the place of its compilers.

Names, versions, packages, package data, entry points and licences are setuptools' business, as in any project of it. The
extensions are those of `retorch.toml` or `[tool.retorch]` and those that a `setup.py` declares. docs/packaging.md says
what can be set.

This file is the hooks and what they say to people; `_distribution` is the part inside setuptools.
"""

from __future__ import annotations

import functools
import os

from ._messages import BackendError, end_with
from ._requirements import requirements

__all__ = [
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
    "prepare_metadata_for_build_editable",
    "prepare_metadata_for_build_wheel",
]


def _hook(function):
    """Expected failures end the process with their message alone: a traceback through pip helps nobody."""

    @functools.wraps(function)
    def hook(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        except BackendError as error:
            end_with(error)

    return hook


@_hook
def get_requires_for_build_wheel(config_settings=None):
    """What else must be installed to build a wheel: setuptools, and Node where there is none. Never torch: which one is for
    the project to say.

    config_settings: of the front end.
    """
    return requirements(config_settings, "get_requires_for_build_wheel")


@_hook
def get_requires_for_build_sdist(config_settings=None):
    """What else must be installed to build a source distribution."""
    return requirements(config_settings, "get_requires_for_build_sdist")


@_hook
def get_requires_for_build_editable(config_settings=None):
    """What else must be installed for an editable install."""
    return requirements(config_settings, "get_requires_for_build_editable")


@_hook
def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    """Writes `NAME.dist-info` into a folder and returns its name. Nothing is compiled and no torch is needed, unless a
    `setup.py` imports it."""
    with _session(config_settings, early="build_wheel") as session:
        name = session.backend.prepare_metadata_for_build_wheel(metadata_directory, session.settings.setuptools)
    session.keep_early(os.path.join(metadata_directory, name))
    return name


@_hook
def prepare_metadata_for_build_editable(metadata_directory, config_settings=None):
    """As `prepare_metadata_for_build_wheel`."""
    with _session(config_settings, editable=True, early="build_editable") as session:
        name = session.backend.prepare_metadata_for_build_editable(metadata_directory, session.settings.setuptools)
    session.keep_early(os.path.join(metadata_directory, name))
    return name


@_hook
def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    """Builds a wheel into a folder and returns its file name.

    Compiles only what has changed since the last build of the project. Two builds give the same bytes;
    `SOURCE_DATE_EPOCH` is the date of the files inside, else it is 1980-01-01.
    """
    early = _early_wheel("build_wheel", config_settings, wheel_directory, metadata_directory)
    if early is not None:
        return early
    with _session(config_settings, describe=True, builds=True) as session:
        name = session.backend.build_wheel(wheel_directory, session.settings.setuptools, metadata_directory)
        session.warn_about_torch()
        return name


@_hook
def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    """Builds the extensions into the project and returns the file name of a wheel that points there."""
    from pathlib import Path

    from ._editable_wheel import add_files, check_environment, hook_file

    early = _early_wheel("build_editable", config_settings, wheel_directory, metadata_directory)
    if early is not None:
        return early
    with _session(config_settings, describe=True, editable=True, builds=True) as session:
        if session.rebuilds:
            check_environment()
        name = session.backend.build_editable(wheel_directory, session.settings.setuptools, metadata_directory)
        session.warn_about_torch()
        files = dict([hook_file(session.editable_spec())]) if session.rebuilds else {}
        programs = session.built_programs()
        if files or programs:
            contents = {program: Path(path).read_bytes() for program, path in programs.items()}
            add_files(os.path.join(wheel_directory, name), files, contents)
        return name


@_hook
def build_sdist(sdist_directory, config_settings=None):
    """Builds a source distribution into a folder and returns its file name: with it go the sources, the headers that they
    include, and the folders in which headers are looked for, as far as they are in the project."""
    with _session(config_settings, describe=True) as session:
        return session.backend.build_sdist(sdist_directory, session.settings.setuptools)


def _early_wheel(hook, config_settings, wheel_directory, metadata_directory):
    """The name of a wheel that was made beside the metadata; None where there is none that may be used."""
    from ._project import output_folder
    from ._settings import read_settings

    out = output_folder(os.path.realpath(os.getcwd()))
    if metadata_directory is None or not os.path.isdir(f"{out}.early"):
        return None
    from ._early_wheel import take
    from ._isolation import warn_about_torch

    known = take(out, hook, read_settings(config_settings), wheel_directory, metadata_directory)
    if known is None:
        return None
    print("retorch: nothing to build")
    if known["torch"] is not None:
        warn_about_torch(*known["torch"])
    return known["name"]


def _session(config_settings, describe=False, editable=False, builds=False, early=None):
    from ._requirements import check_setuptools
    from ._settings import read_settings

    settings = read_settings(config_settings)
    check_setuptools()
    from ._distribution import Session

    return Session(settings, describe=describe, editable=editable, builds=builds, early=early)
