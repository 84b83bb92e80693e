"""The settings of a front end (`pip -C`, `build -C`, `uv --config-setting`) as retorch.build understands them."""

from __future__ import annotations

import shlex
from typing import NamedTuple

from ._messages import BackendError

#: What setuptools understands itself.
_OF_SETUPTOOLS = frozenset(("--build-option", "--global-option", "editable_mode", "editable-mode", "quiet", "verbose"))
#: Options of `retorch build` that take one value, by setting.
_OPTIONS = {"profile": "--profile", "arch": "--arch", "cuda-arch": "--arch", "jobs": "--jobs"}
_TRUE = frozenset(("1", "true", "yes", "on", ""))
_FALSE = frozenset(("0", "false", "no", "off"))


class Settings(NamedTuple):
    """What was asked for."""

    #: Words for `retorch build`.
    words: list[str]
    #: Whether an editable install builds again at import; None: as the configuration says.
    editable_rebuild: bool | None
    #: What is for setuptools.
    setuptools: dict


def read_settings(config_settings) -> Settings:
    """Raises BackendError for what is not known: a setting that does nothing is a mistake nobody notices."""
    words: list[str] = []
    rebuild = None
    rest = {}
    for key, value in (config_settings or {}).items():
        if key in _OF_SETUPTOOLS:
            rest["editable_mode" if key == "editable-mode" else key] = value
        elif key == "build-args":
            words += _words(key, value)
        elif key in _OPTIONS:
            words.append(f"{_OPTIONS[key]}={_one(key, value)}")
        elif key in ("editable.rebuild", "editable-rebuild"):
            rebuild = _boolean(key, _one(key, value))
        else:
            raise BackendError(f"there is no setting `{key}`", _hint(key))
    return Settings(words, rebuild, rest)


def _hint(key: str) -> str:
    from difflib import get_close_matches

    known = ["build-args", "editable.rebuild", *_OPTIONS, *sorted(_OF_SETUPTOOLS)]
    near = get_close_matches(key, known, 1)
    if near:
        return f"did you mean `{near[0]}`?"
    return f"there are {', '.join(f'`{name}`' for name in known)}"


def _words(key: str, value) -> list[str]:
    words = []
    for text in value if isinstance(value, (list, tuple)) else [value]:
        try:
            words += shlex.split(str(text))
        except ValueError as error:
            raise BackendError(f"`{key}` cannot be split into words: {error}", f"it is `{text}`") from None
    return words


def _one(key: str, value) -> str:
    if isinstance(value, (list, tuple)):
        if len(value) != 1:
            raise BackendError(f"the setting `{key}` is given {len(value)} times", "give it once")
        value = value[0]
    return str(value)


def _boolean(key: str, text: str) -> bool:
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise BackendError(f"the setting `{key}` is true or false, not `{text}`")
