"""What `retorch wheel --json` says of a wheel: read from the wheel itself."""

from __future__ import annotations

import json
import os
import zipfile


def describe_wheel(path: str) -> dict:
    """path: absolute. Name, version, tags and what it was built against."""
    with zipfile.ZipFile(path) as archive:
        info = next(name for name in archive.namelist() if name.endswith(".dist-info/WHEEL")).rpartition("/")[0]
        headers = _headers(archive.read(f"{info}/METADATA"))
        tags = [value for name, value in _headers(archive.read(f"{info}/WHEEL")) if name == "Tag"]
        try:
            record = json.loads(archive.read(f"{info}/retorch.json"))
        except KeyError:
            record = {"built_with": None, "extensions": []}
    fields = dict(headers)
    return {
        "path": path,
        "name": fields.get("Name"),
        "version": fields.get("Version"),
        "tags": tags,
        "size": os.path.getsize(path),
        "built_with": record["built_with"],
        "extensions": record["extensions"],
    }


def _headers(text: bytes) -> list[tuple[str, str]]:
    from email.parser import BytesHeaderParser

    return list(BytesHeaderParser().parsebytes(text).items())
