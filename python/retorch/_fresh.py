"""Is what was built still what a build would make? Answered by one pass of `stat` over everything that the build
looked at, as noted in a file of this module's own form, without starting a process.

`_note.py` writes it. Not sure means not fresh: the program then decides. It knows nothing of what the files mean. Every
process that loads an extension pays for this module: nothing is here but what an unchanged one needs.

The form, all in the machine's own byte order: a mark, the CRC-32 of what follows, the number of integers, the integers
(64 bits each), the texts with a NUL after each. Folders come with the names in them, since a name is looked up faster from its folder.
"""

from __future__ import annotations

import os
import sys
from zlib import crc32

from ._stat import files_as_noted, helpers

MARK = b"retorch-fresh 1\n"

#: Steps of a file system's clock: a younger change of a folder may be followed by one that leaves no trace in its
#: time. The coarse one is for file systems that count in whole seconds.
_STEP_NS = 20_000_000
_COARSE_STEP_NS = 2_000_000_000

_OPEN = getattr(os, "O_PATH", os.O_RDONLY) | getattr(os, "O_DIRECTORY", 0)
_BY_FOLDER = os.name == "posix" and os.stat in os.supports_dir_fd


def check(path: str, environ) -> str | None:
    """What was given to `_note.write` as `meta`, when nothing has changed since; else None.

    path: the note. environ: the environment variables that a build would see; None where they do not count.
    """
    try:
        with open(path, "rb") as file:
            data = file.read()
        return _check(data, environ)
    except (OSError, ValueError, IndexError, TypeError, OverflowError):
        # Not written by this version of this module, whatever it is.
        return None


def _check(data: bytes, environ) -> str | None:
    start = len(MARK) + 8
    body = memoryview(data)[start:]
    if data[: len(MARK)] != MARK or int.from_bytes(data[len(MARK) : start], sys.byteorder) != crc32(body):
        return None
    first, files, end = _sections(data, start)
    numbers, texts = _read(data, first)
    if end != len(data) or numbers[0] != len(texts):
        return None
    count_variables, count_folders, count_there, count_empty, count_listed = numbers[1:6]
    number, text = 6, 1

    for _ in range(count_variables):
        value = None if environ is None else environ.get(os.fsdecode(texts[text]))
        if environ is not None and (b"" if value is None else b"=" + os.fsencode(value)) != texts[text + 1]:
            return None
        text += 2

    native = files_as_noted()
    if native is not None:
        if not native(data, *files, count_folders, helpers(files[1] // 3)):
            return None
    elif not _files_as_noted(*_read(data, files), count_folders):
        return None

    stat = os.stat
    for _ in range(count_there):
        stat(texts[text])
        text += 1

    for _ in range(count_empty):
        stamp, count = numbers[number : number + 2], numbers[number + 2]
        number += 3
        folder, names = texts[text], texts[text + 1 : text + 1 + count]
        text += 1 + count
        now = folder_stamp(folder, 0)
        if now is None or now == stamp:
            continue
        for name in names:
            if is_there(os.path.join(folder, name)):
                return None

    for _ in range(count_listed):
        stamp, count = numbers[number : number + 2], numbers[number + 2]
        number += 3
        folder, prefix, suffix = texts[text : text + 3]
        names = texts[text + 3 : text + 3 + count]
        text += 3 + count
        if folder_stamp(folder, 0) != stamp and names_in(folder, prefix, suffix) != names:
            return None

    if number != len(numbers) or text != len(texts):
        return None
    return os.fsdecode(texts[0])


def _sections(data: bytes, start: int) -> tuple[tuple[int, ...], tuple[int, ...], int]:
    """Of each section where its integers begin, how many they are, where its texts begin and how many bytes they have;
    and where the second one ends."""
    sections = []
    for _ in range(2):
        count, size = memoryview(data)[start : start + 16].cast("q").tolist()
        sections.append((start + 16, count, start + 16 + 8 * count, size))
        start += 16 + 8 * count + size
    return sections[0], sections[1], start


def _read(data: bytes, section: tuple[int, ...]) -> tuple[list[int], list[bytes]]:
    numbers_at, _, texts_at, size = section
    return memoryview(data)[numbers_at:texts_at].cast("q").tolist(), data[texts_at : texts_at + size].split(b"\0")[:-1]


def _files_as_noted(numbers: list[int], texts: list[bytes], folders: int) -> bool:
    """Whether all files of the second section are in the noted state. `_stat.c` is this in C."""
    stat = os.stat
    number = text = 0
    for _ in range(folders):
        count = numbers[number]
        number += 1
        changed = numbers[number : number + count]
        sizes = numbers[number + count : number + 2 * count]
        inodes = numbers[number + 2 * count : number + 3 * count]
        number += 3 * count
        folder, names = texts[text], texts[text + 1 : text + 1 + count]
        text += 1 + count
        if not _BY_FOLDER:
            for name, *expected in zip(names, changed, sizes, inodes):
                if file_state(stat(os.path.join(folder, name))) != expected:
                    return False
            continue
        # Thousands of turns in all: what is not needed here was moved out. Index 6 is the size, 1 the inode.
        descriptor = os.open(folder, _OPEN)
        try:
            for name, time_ns, size, inode in zip(names, changed, sizes, inodes):
                state = stat(name, dir_fd=descriptor)
                if state.st_ctime_ns != time_ns or state[6] != size or state[1] != inode:
                    return False
        finally:
            os.close(descriptor)
    return number == len(numbers) and text == len(texts)


def file_state(state) -> list[int]:
    # On Windows ctime is when the file was made.
    changed = state.st_ctime_ns if os.name == "posix" else state.st_mtime_ns
    return [changed, state.st_size, _signed(state.st_ino)]


def _signed(number: int) -> int:
    return number if number < 1 << 63 else number - (1 << 64)


def folder_stamp(folder: bytes, now: int) -> list[int] | None:
    """A folder's time and inode; [-1, 0] where it is too young at `now` to be relied on; None when it is not there."""
    try:
        state = os.stat(folder)
    except (FileNotFoundError, NotADirectoryError):
        return None
    modified = state.st_mtime_ns
    if now and modified > now - (_STEP_NS if modified % 1_000_000_000 else _COARSE_STEP_NS):
        return [-1, 0]
    return [modified, _signed(state.st_ino)]


def is_there(path: bytes) -> bool:
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def names_in(folder: bytes, prefix: bytes, suffix: bytes) -> list[bytes]:
    try:
        names = os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    least = len(prefix) + len(suffix)
    return sorted(name for name in names if len(name) >= least and name.startswith(prefix) and name.endswith(suffix))
