"""The project as the program knows it: what it consists of, and its build. For the build backend and for editable
installs; knows nothing of setuptools.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from typing import NamedTuple

from ._messages import BackendError


class Configuration(NamedTuple):
    """What retorch's own configuration of a project says, as far as it must be known before the program is asked."""

    #: Whether it names extensions.
    named: bool
    editable_rebuild: bool | None


def configuration(root: str) -> Configuration | None:
    """The one in `retorch.toml`, else `[tool.retorch]` in `pyproject.toml`. None where there is neither.

    What is wrong in it is for the program to say.
    """
    own = _text(os.path.join(root, "retorch.toml"))
    if own is not None:
        return _configuration(own, ())
    shared = _text(os.path.join(root, "pyproject.toml"))
    return None if shared is None else _configuration(shared, ("tool", "retorch"))


def _configuration(text: str, path: tuple[str, ...]) -> Configuration | None:
    try:
        import tomllib
    except ImportError:
        return _plainly(text, path)
    try:
        table = tomllib.loads(text)
    except ValueError:
        return Configuration(True, None)
    for name in path:
        table = table.get(name)
        if not isinstance(table, dict):
            return None
    rebuild = table.get("editable-rebuild")
    return Configuration("extension" in table, rebuild if isinstance(rebuild, bool) else None)


def _plainly(text: str, path: tuple[str, ...]) -> Configuration | None:
    """For Python 3.10, which reads no TOML: tables and keys as people write them."""
    prefix = "".join(rf"""["']?{name}["']?\s*\.\s*""" for name in path)
    own = re.search(rf"^\s*\[+\s*{prefix}extension\b", text, re.M)
    if path and not re.search(r"""^\s*\[+\s*["']?tool["']?\s*\.\s*["']?retorch["']?\s*[.\]]""", text, re.M):
        return None
    rebuild = re.search(r"^\s*editable-rebuild\s*=\s*(true|false)\b", text, re.M)
    return Configuration(own is not None, None if rebuild is None else rebuild.group(1) == "true")


def _text(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return None


def metadata(root: str) -> dict | None:
    """What `retorch metadata` says of the project; None when there is nothing to build in it.

    Raises BackendError when the configuration is wrong; the program has said so by then.
    """
    import subprocess

    from ._node import command
    from ._program import build_environment

    done = subprocess.run(
        command("metadata", root, "--color", "never"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=build_environment(),
    )
    if done.returncode == 0:
        return json.loads(done.stdout)
    # Said of a folder that is not configured: there are no sources in it.
    if b"[NO_SOURCES]" in done.stderr and configuration(root) is None:
        return None
    sys.stdout.flush()
    sys.stderr.write(done.stderr.decode("utf-8", "replace"))
    raise BackendError("", status=done.returncode if done.returncode in (1, 2) else 1)


def output_folder(root: str) -> str:
    """Where builds for this Python leave their results before they are put into a wheel or into the sources.

    In the build folder, always the same: what is there already need not be copied again.
    """
    return os.path.join(root, ".retorch", "wheel", sys.implementation.cache_tag or "python")


def configured_words(root: str, out: str, words: list[str]) -> list[str]:
    """The words of a build of what the configuration describes."""
    return ["build", root, "--python", sys.executable, "--out", out, *words]


def build(words: list[str], environ: dict[str, str], request: dict | None = None, verbose: bool = True) -> dict:
    """Runs `retorch build` and gives what its `--result` says.

    Raises BackendError when it fails. Its text is what the program said, unless that was shown (`verbose`).
    """
    from ._program import run_build

    status, said, result = run_build(words, request, verbose, environ)
    if status == 0 and result.get("ok"):
        return result
    if not said.strip():
        raise BackendError(f"`retorch build` ended with exit status {status}", status=1)
    raise BackendError("" if verbose else said.strip(), status=status if status in (1, 2) else 1)


def architectures_in(paths: list[str]) -> dict[str, list[str]]:
    """The GPU architectures in built files: `sm_90` for machine code, `compute_90` for PTX. Empty where it cannot be told."""
    import subprocess

    from ._node import command
    from ._program import build_environment

    done = subprocess.run(
        command("inspect", "--no-environment", "--json", *paths),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=build_environment(),
    )
    found = {}
    for line in done.stdout.decode("utf-8", "replace").splitlines():
        try:
            file = json.loads(line)
            found[file["path"]] = [code["name"] for code in (file.get("cuda") or {}).get("code", [])]
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
    return found


def put(source: str, target: str) -> bool:
    """Copies a built file unless the same is there already. By rename: a process that has it loaded keeps what it has."""
    if _same(source, target):
        return False
    os.makedirs(os.path.dirname(target), exist_ok=True)
    temporary = f"{target}.{os.getpid()}.tmp"
    try:
        shutil.copyfile(source, temporary)
        os.chmod(temporary, 0o755)
        os.replace(temporary, target)
    except BaseException:
        try:
            os.unlink(temporary)
        except OSError:
            pass
        raise
    return True


def _same(one: str, other: str) -> bool:
    import filecmp

    try:
        return filecmp.cmp(one, other, shallow=False)
    except OSError:
        return False
