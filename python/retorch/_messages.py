"""What goes wrong as expected, and how it is said."""

from __future__ import annotations

import sys


class BackendError(SystemExit):
    """An expected failure: one sentence without a full stop, and what to do about it.

    It passes through setuptools as the end of the process, so that nothing there shows where it came from.

    status: how the process ends. 1 the build failed, 2 configuration or environment. An empty message means that
    everything has been said already.
    """

    def __init__(self, message: str, hint: str = "", status: int = 2) -> None:
        super().__init__(status)
        self.message = message
        self.hint = hint
        self.status = status


def end_with(error: BackendError):
    """Says it and ends the process."""
    sys.stdout.flush()
    if error.message:
        hint = f"\n\nhint: {error.hint}" if error.hint else ""
        sys.stderr.write(f"\nerror: {error.message}{hint}\n")
    sys.stderr.flush()
    # Not the exception itself: front ends would show where it came from.
    raise SystemExit(error.status) from None


_quiet = False


def be_quiet() -> None:
    """From now on nothing is said that is no error."""
    global _quiet
    _quiet = True


def warn(message: str, hint: str = "") -> None:
    """Says something that is no obstacle."""
    if _quiet:
        return
    sys.stdout.flush()
    sys.stderr.write(f"warning: {message}\n" + (f"hint: {hint}\n" if hint else ""))
    sys.stderr.flush()
