"""Puts the hook that builds at import into an editable wheel."""

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


def add_hook(wheel: str, spec: dict) -> None:
    """Adds a `.pth` file to a wheel.

    spec: what `_editable.install` is given.
    """
    name = f"__editable__.{spec['name'].replace('-', '_')}.retorch.pth"
    # One line, since Python reads such files by line. Without retorch it does nothing.
    code = f"try:\n from retorch._editable import install\nexcept ImportError:\n pass\nelse:\n install({spec!r})"
    content = f"import sys; exec({code!r})\n".encode()
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    temporary = f"{wheel}.{os.getpid()}.tmp"
    with zipfile.ZipFile(wheel) as old, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            data = old.read(entry)
            if entry.filename.endswith(".dist-info/RECORD"):
                data = f"{name},sha256={digest},{len(content)}\n".encode() + data
                _add(new, name, content, entry)
            _add(new, entry.filename, data, entry)
    os.replace(temporary, wheel)


def _add(archive: zipfile.ZipFile, name: str, data: bytes, like: zipfile.ZipInfo) -> None:
    info = zipfile.ZipInfo(name, like.date_time)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = like.external_attr
    archive.writestr(info, data)
