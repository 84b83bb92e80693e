"""Puts into an editable wheel what setuptools does not: the hook that builds at import, and programs."""

from __future__ import annotations

import base64
import hashlib
import os
import zipfile

from ._isolation import front_end_isolates
from ._messages import BackendError


def check_environment() -> None:
    """Raises BackendError where the hook could not work: at import there would be no retorch."""
    if front_end_isolates():
        raise BackendError(
            "an editable install that builds at import needs retorch in the environment itself, and this build is isolated",
            "`pip install retorch` there, then `pip install --no-build-isolation -e .`",
        )


def hook_file(spec: dict) -> tuple[str, bytes]:
    """Name and content of the `.pth` file that makes imports build.

    spec: what `_editable.install` is given.
    """
    # One line, since Python reads such files by line. Without retorch it does nothing.
    code = f"try:\n from retorch._editable import install\nexcept ImportError:\n pass\nelse:\n install({spec!r})"
    name = f"__editable__.{spec['name'].replace('-', '_')}.retorch.pth"
    return name, f"import sys; exec({code!r})\n".encode()


def add_files(wheel: str, files: dict[str, bytes], programs: dict[str, bytes]) -> None:
    """Puts more files into a wheel.

    files: contents by place. programs: contents by name, for the environment's folder of scripts.
    """
    temporary = f"{wheel}.{os.getpid()}.tmp"
    with zipfile.ZipFile(wheel) as old, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as new:
        record = next(entry for entry in old.infolist() if entry.filename.endswith(".dist-info/RECORD"))
        data = record.filename.removesuffix(".dist-info/RECORD") + ".data"
        added = [(name, content, 0o100644) for name, content in files.items()]
        added += [(f"{data}/scripts/{name}", content, 0o100755) for name, content in programs.items()]
        lines = b""
        for name, content, mode in added:
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            lines += f"{name},sha256={digest},{len(content)}\n".encode()
            _add(new, name, content, record.date_time, mode << 16)
        for entry in old.infolist():
            content = old.read(entry)
            if entry is record:
                content = lines + content
            _add(new, entry.filename, content, entry.date_time, entry.external_attr)
    os.replace(temporary, wheel)


def _add(archive: zipfile.ZipFile, name: str, data: bytes, date: tuple, attributes: int) -> None:
    info = zipfile.ZipInfo(name, date)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = attributes
    archive.writestr(info, data)
