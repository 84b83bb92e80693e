"""Adds what retorch makes of it to the error of a library that does not load. Asks the program, in the same words that
`retorch diagnose` reads; where that is not possible the error stays as it is."""

from __future__ import annotations

import sys

#: Longer than any diagnosis takes; an error shall not wait for ever.
_SECONDS = 60


def explain(error: BaseException) -> None:
    """Puts the diagnosis below the message of an ImportError or OSError that the loader of the system has raised."""
    cause = error.__cause__
    said = f"{type(error).__name__}: {error}" + (f"\n{type(cause).__name__}: {cause}" if cause is not None else "")
    diagnosis = _diagnosis(said)
    if not diagnosis:
        return
    text = f"{error}\n\n{diagnosis}"
    if isinstance(error, ImportError):
        error.msg = text
    error.args = (text,)


def _diagnosis(text: str) -> str:
    import subprocess

    from ._node import NodeNotFound, command
    from ._program import build_environment

    python = ("--python", sys.executable) if sys.executable else ()
    try:
        answer = subprocess.run(
            command("diagnose", "-", "--color", "never", *python),
            input=text.encode("utf-8", "surrogateescape"),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=build_environment(),
            timeout=_SECONDS,
        )
    except (NodeNotFound, OSError, subprocess.SubprocessError):
        return ""
    return answer.stdout.decode("utf-8", "replace").rstrip() if answer.returncode == 0 else ""
