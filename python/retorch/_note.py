"""Notes down what a build looked at, in the form that `_fresh.py` reads: it describes the form. The program says what that
is (`retorch build --result`); it is compared with the disk first. Knows nothing of what the files mean."""

from __future__ import annotations

import os
import sys
import time
from zlib import crc32

from . import _fresh


def write(path: str, looked: dict, environ, meta: str) -> bool:
    """Notes down what a build looked at. False when it could not be, or when something has changed since.

    path: the note, written whole or not at all. looked: the member `looked` of what `retorch build --result` wrote.
    environ: the environment variables that the build saw. meta: what `_fresh.check` shall give back; no NUL in it.
    """
    try:
        note = _note(looked, environ, meta)
        if note is None:
            return False
        temporary = f"{path}.{os.getpid()}.{time.monotonic_ns()}"
        try:
            with open(temporary, "wb") as file:
                file.write(note)
            os.replace(temporary, path)
        except OSError:
            remove(temporary)
            return False
    except (OSError, ValueError, OverflowError):
        return False
    return True


def _note(looked: dict, environ, meta: str) -> bytes | None:
    names = sorted(set(looked["variables"]))
    texts = [os.fsencode(meta)]
    for name in names:
        value = environ.get(name)
        texts += [os.fsencode(name), b"" if value is None else b"=" + os.fsencode(value)]
    numbers = []

    folders: dict[str, list] = {}
    states = looked["states"]
    for at, file in enumerate(looked["files"]):
        # As the program saw it, so that nothing falls between its look and this one.
        size, modified, changed, inode = states[4 * at : 4 * at + 4]
        state = os.stat(file)
        if state.st_size != size or not _same_time(state.st_mtime_ns, modified):
            return None
        if os.name == "posix" and (state.st_ino != inode or not _same_time(state.st_ctime_ns, changed)):
            return None
        folder, name = os.path.split(file)
        folders.setdefault(folder, []).append((name, state))
    file_numbers: list[int] = []
    file_texts: list[bytes] = []
    for folder, entries in folders.items():
        file_numbers.append(len(entries))
        file_texts.append(os.fsencode(folder))
        file_texts += [os.fsencode(name) for name, _ in entries]
        # By column: slices of them are compared quickest.
        for column in zip(*(_fresh.file_state(state) for _, state in entries)):
            file_numbers += column

    there = [os.fsencode(place) for place in looked["there"]]
    for place in there:
        os.stat(place)
    texts += there

    # Stamps come first and the look at the places after them, so that nothing falls in between.
    now = time.time_ns()
    empty: dict[str, list[bytes]] = {}
    for place in looked["absent"]:
        folder, name = os.path.split(place)
        empty.setdefault(folder, []).append(os.fsencode(name))
    for folder, gone in empty.items():
        encoded = os.fsencode(folder)
        numbers += [*(_fresh.folder_stamp(encoded, now) or [-1, 0]), len(gone)]
        texts += [encoded, *gone]
        if any(_fresh.is_there(os.path.join(encoded, name)) for name in gone):
            return None

    for listed in looked["listed"]:
        folder, prefix, suffix = (os.fsencode(listed[key]) for key in ("path", "prefix", "suffix"))
        stamp = _fresh.folder_stamp(folder, now) or [-1, 0]
        found = _fresh.names_in(folder, prefix, suffix)
        if found != sorted(os.fsencode(name) for name in listed["names"]):
            return None
        numbers += [*stamp, len(found)]
        texts += [folder, prefix, suffix, *found]

    if any(b"\0" in text for text in (*texts, *file_texts)):
        return None
    numbers = [
        len(texts), len(names), len(folders), len(there), len(empty), len(looked["listed"]), *numbers,
    ]  # fmt: skip
    body = _section(numbers, texts) + _section(file_numbers, file_texts)
    return b"".join([_fresh.MARK, crc32(body).to_bytes(8, sys.byteorder), body])


def _section(numbers: list[int], texts: list[bytes]) -> bytes:
    text = b"".join(text + b"\0" for text in texts)
    head = [len(numbers), len(text), *numbers]
    return b"".join(number.to_bytes(8, sys.byteorder, signed=True) for number in head) + text


def _same_time(nanoseconds: int, milliseconds: float) -> bool:
    # The program counts in milliseconds with a fraction that holds a quarter of a microsecond.
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    return abs(seconds * 1000 + rest / 1e6 - milliseconds) < 0.001


def remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        pass
