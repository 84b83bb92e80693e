"""Which files of a project a source distribution needs beside the sources: the headers.

Those that are included, found by reading the `#include` lines, and all headers in the folders in which headers are looked
for: a macro may name one, and `#if` is not understood here. Only files in the project count. Knows nothing of
packaging.
"""

from __future__ import annotations

import os
import re

_INCLUDE = re.compile(rb"""^[ \t]*#[ \t]*(?:include|include_next|import)[ \t]*([<"])([^>"\n]+)[>"]""", re.M)
_SUFFIXES = frozenset(
    ".h .hh .hpp .hxx .h++ .H .hip .cuh .inc .inl .ipp .ixx .tcc .tpp .txx .def".split()
)
_SKIPPED = frozenset(("node_modules", "build", "dist", "__pycache__"))


def project_headers(root: str, sources: list[str], include_dirs: list[str]) -> list[str]:
    """Absolute paths, sorted.

    root: the project's folder, with links resolved. sources: absolute. include_dirs: absolute, in the order of the search.
    """
    inside = [folder for folder in include_dirs if is_inside(root, folder)]
    found = set(_included(root, sources, inside))
    for folder in inside:
        # A folder that is the project itself would bring everything along.
        if os.path.realpath(folder) != root:
            found.update(path for path in _headers_below(folder) if is_inside(root, path))
    return sorted(found - set(sources))


def is_inside(root: str, path: str) -> bool:
    """Whether a path lies in the folder, links followed."""
    try:
        return os.path.commonpath([root, os.path.realpath(path)]) == root
    except ValueError:
        return False


def _included(root: str, sources: list[str], folders: list[str]) -> set[str]:
    seen = set()
    waiting = list(sources)
    while waiting:
        path = waiting.pop()
        try:
            with open(path, "rb") as file:
                text = file.read()
        except OSError:
            continue
        for kind, name in _INCLUDE.findall(text):
            beside = [os.path.dirname(path)] if kind == b'"' else []
            for folder in beside + folders:
                candidate = os.path.normpath(os.path.join(folder, os.fsdecode(name)))
                if candidate in seen:
                    break
                if os.path.isfile(candidate) and is_inside(root, candidate):
                    seen.add(candidate)
                    waiting.append(candidate)
                    break
    return seen


def _headers_below(folder: str):
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in _SKIPPED and not name.startswith(".")]
        for name in names:
            if os.path.splitext(name)[1] in _SUFFIXES:
                yield os.path.join(parent, name)
