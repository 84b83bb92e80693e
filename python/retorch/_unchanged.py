"""What the last build of a project's configuration came to, while nothing that it looked at has changed: then no process
is started to find that out once more. `_fresh` answers the question; this adds what a package's build has of its own.

An installer writes the `.pth` file of an editable install anew each time, with the same content. Python's start hangs on
such files, and so does the build; here their content counts, and those of the project itself, which add it to the path and
nothing else, do not count at all.
"""

from __future__ import annotations

import hashlib
import json
import os
import re

from . import _fresh
from ._isolation import canonical

#: Words that say what is built and not what else is done: with any other one the program is asked.
_PLAIN = re.compile(
    r"[^-]|-[DUIlLj].|--(?:python|out|profile|arch|jobs|define|undefine|include-dir|library|library-dir|std"
    r"|cxx-flag|nvcc-flag|link-flag|packages-at)(?:=|$)"
)


def recall(note: str, environ: dict[str, str] | None) -> dict | None:
    """What was given to `remember`, when it still holds; else None.

    note: path of the note. environ: the environment variables that a build would see; None where they do not count.
    """
    text = _fresh.check(note, environ)
    if text is None:
        return None
    try:
        known = json.loads(text)
        if known["program"] != _program():
            return None
        if any(_state(path) != state for path, state in known["outputs"].items()):
            return None
        if any(_digest(path) != digest for path, digest in known["contents"].items()):
            return None
        if any(_path_files(folder, known["name"]) != names for folder, names in known["path_files"].items()):
            return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return known


def remember(
    note: str, environ: dict[str, str], name: str, words: list[str], facts: dict, result: dict
) -> None:
    """Notes down what a build came to. Best effort: what is not known is asked again.

    name: of the project. words: of the build. facts: what is built, as `retorch metadata` or a captured request says it.
    result: what the build wrote to `--result`.
    """
    looked = result.get("looked")
    if looked is None or not all(_PLAIN.match(word) for word in words):
        return
    try:
        rest, contents, path_files = _without_path_files(looked, name)
        known = {
            "program": _program(),
            "name": name,
            "words": words,
            "facts": facts,
            "result": {key: value for key, value in result.items() if key != "looked"},
            "outputs": {artifact["path"]: _state(artifact["path"]) for artifact in result["artifacts"]},
            "contents": contents,
            "path_files": path_files,
        }
    except OSError:
        return
    # Only after a build: a look at an unchanged one does without.
    from . import _note

    _note.write(note, rest, environ, json.dumps(known))


def _without_path_files(looked: dict, project: str) -> tuple[dict, dict[str, str], dict[str, list[str]]]:
    """What a build looked at without the `.pth` files; the digests of these, and their names by folder, both without the
    project's own. What was edited meanwhile stays in, and fails where the rest is compared with the disk."""
    files, states, contents, path_files, listed = [], [], {}, {}, []
    for at, path in enumerate(looked["files"]):
        state = looked["states"][4 * at : 4 * at + 4]
        if path.endswith(".pth"):
            if _is_own(os.path.basename(path), project):
                continue
            digest = _digest(path)
            now = os.stat(path)
            # After the content was read the file is still the one that the program saw.
            if now.st_size == state[0] and abs(now.st_mtime_ns / 1e6 - state[1]) < 0.001:
                contents[path] = digest
                continue
        files.append(path)
        states += state
    for entry in looked["listed"]:
        names = sorted(name for name in entry["names"] if not _is_own(name, project))
        if (entry["prefix"], entry["suffix"]) == ("", ".pth") and _path_files(entry["path"], project) == names:
            path_files[entry["path"]] = names
        else:
            listed.append(entry)
    return {**looked, "files": files, "states": states, "listed": listed}, contents, path_files


def _path_files(folder: str, project: str) -> list[str]:
    """The names of the `.pth` files in a folder but for those of a project."""
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return []
    return sorted(name for name in names if name.endswith(".pth") and not _is_own(name, project))


def _is_own(name: str, project: str) -> bool:
    """Whether a `.pth` file is the one of an editable install of a project."""
    own = re.fullmatch(r"__editable__\.(.+?)(?:-\d[^-]*)?(?:\.retorch)?\.pth", name)
    return own is not None and canonical(own.group(1)) == canonical(project)


def _digest(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def _state(path: str) -> list:
    state = os.stat(path)
    return [state.st_size, state.st_mtime_ns]


def _program() -> list:
    """The program that would be started, by its state."""
    from ._node import find_program

    path = find_program()
    return [path, *_state(path)]
