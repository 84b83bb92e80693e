"""Lets torch's `BuildExtension` build with retorch. Used by `retorch run`.

All that torch and the project do before and after stays: only the part that compiles and links one extension is
replaced. What cannot be described is left to torch.
"""

from __future__ import annotations

import os
import sys


def take_over_builder(builder) -> None:
    """Replaces `build_extension` in torch's class, where setuptools' own would be found behind it."""

    def build_extension(self, extension) -> None:
        def torch_builds() -> None:
            super(builder, self).build_extension(extension)

        if not _build(self, extension):
            torch_builds()

    builder.build_extension = build_extension


def _build(command, extension) -> bool:
    """Builds an extension. False when it must be built in the usual way."""
    from . import _program
    from ._describe import Unusual, describe_extension

    # Cython's own step, as setuptools takes it before it compiles.
    convert = getattr(extension, "_convert_pyx_sources_to_lang", None)
    if convert is not None:
        convert()
    sources = [str(source) for source in extension.sources or []]
    if getattr(extension, "_needs_stub", False) or any(source.endswith((".pyx", ".i")) for source in sources):
        return _leave(extension, "it is made by another program first")
    try:
        described = describe_extension(command, extension)
    except Unusual as error:
        return _leave(extension, str(error))
    path = os.path.abspath(command.get_ext_fullpath(extension.name))
    described["out_dir"], described["file_name"] = os.path.split(path)
    request = {"format": 1, "root": os.getcwd(), "python": sys.executable, "extensions": [described]}
    os.makedirs(os.path.dirname(path), exist_ok=True)
    _program.build(request, extension.name, True, _program.build_environment())
    return True


def _leave(extension, why: str) -> bool:
    sys.stderr.write(f"retorch: {extension.name} is built by torch's own builder: {why}\n")
    return False
