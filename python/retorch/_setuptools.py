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
        built = self.__dict__.setdefault("_retorch_built", set())
        if id(extension) in built:
            return
        # All in one build, side by side, unless the project does something of its own around each.
        own = type(self).build_extension is not build_extension
        together = [extension] if own or _any_optional(self) else list(self.extensions)
        together = [each for each in together if each is extension or id(each) not in built]
        described = {id(each): (each, found) for each in together if (found := _describe(self, each)) is not None}
        if id(extension) not in described:
            super(builder, self).build_extension(extension)
            return
        _build([each for each, _ in described.values()], [found for _, found in described.values()])
        built.update(described)

    builder.build_extension = build_extension


def _any_optional(command) -> bool:
    return any(getattr(extension, "optional", False) for extension in command.extensions)


def _describe(command, extension) -> dict | None:
    """An extension in the words of the captured request. None when it must be built in the usual way."""
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
    os.makedirs(described["out_dir"], exist_ok=True)
    return described


def _build(extensions: list, described: list[dict]) -> None:
    from ._program import build, build_environment

    request = {"format": 1, "root": os.getcwd(), "python": sys.executable or None, "extensions": described}
    name = ", ".join(extension.name for extension in extensions)
    build(request, name, True, build_environment())


def _leave(extension, why: str) -> None:
    sys.stderr.write(f"retorch: {extension.name} is built by torch's own builder: {why}\n")
