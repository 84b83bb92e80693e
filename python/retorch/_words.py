"""Flags as people write them for torch's `load()`, as the words that the compiler gets.

torch writes them into a ninja file whose commands a shell runs: `$$` is a dollar, spaces separate words, quotes hold
them together. Knows nothing of what the flags mean.
"""

from __future__ import annotations

import os

_SPECIAL = frozenset(" \t\r\n'\"\\$`~#&|;<>()*?[")


def flag_words(flags, name: str) -> list[str]:
    """The words of a list of flags. A text in place of the list is taken for one of several flags.

    name: of the parameter, for the message of the TypeError that everything else raises.
    """
    words: list[str] = []
    for flag in _listed(flags, name):
        if _SPECIAL.isdisjoint(flag):
            if flag:
                words.append(flag)
        else:
            words += _split(flag)
    return words


def path_list(paths, name: str) -> list[str]:
    """Absolute paths of a list of paths, which may have blanks around them. Raises TypeError for everything else."""
    return [os.path.abspath(path.strip()) for path in _listed(paths, name)]


def _listed(values, name: str) -> list[str]:
    if values is None:
        return []
    if isinstance(values, (str, bytes, os.PathLike)):
        values = [values]
    try:
        return [os.fsdecode(value) for value in values]
    except TypeError:
        raise TypeError(f"{name} must be a list of texts, not {values!r}") from None


def _split(flag: str) -> list[str]:
    # What stands after the dollar stays as it is where ninja knows no such escape: better than its syntax error.
    text = flag.strip().replace("$$", "\0").replace("$ ", "\1").replace("$:", ":").replace("\0", "$")
    import shlex

    try:
        words = shlex.split(text)
    except ValueError:
        words = text.split()
    return [word.replace("\1", " ") for word in words]


#: Options with which a folder or file is named, as they stand before it.
_PATH_OPTIONS = ("-isystem", "-iquote", "-idirafter", "-include", "-imacros", "-I", "-L", "-B")


def absolute_words(words: list[str], folder: str) -> list[str]:
    """Folders and files in options, relative to `folder`, made absolute: there torch runs the compilers.

    Only what exists there is changed.
    """
    result: list[str] = []
    pending = False
    for word in words:
        if pending:
            result.append(_absolute(word, folder))
            pending = False
            continue
        option = next((option for option in _PATH_OPTIONS if word.startswith(option)), None)
        if option is None:
            is_file = not word.startswith("-") and not os.path.isabs(word)
            result.append(_absolute(word, folder) if is_file else word)
        elif word == option:
            result.append(word)
            pending = True
        else:
            result.append(option + _absolute(word[len(option) :], folder))
    return result


def _absolute(path: str, folder: str) -> str:
    if not path or os.path.isabs(path) or path.startswith("="):
        return path
    found = os.path.join(folder, path)
    return os.path.normpath(found) if os.path.exists(found) else path
