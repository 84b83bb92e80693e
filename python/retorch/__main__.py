"""`python -m retorch`: the command line. Becomes the Node process where the platform can, so that signals, the
terminal and the exit status are those of the program itself."""

from __future__ import annotations

import os
import sys


def main() -> int:
    """Runs the command line with the words of this process. The exit status, where it comes back at all."""
    from ._node import NodeNotFound, command

    try:
        words = command(*sys.argv[1:])
    except NodeNotFound as error:
        message, _, rest = str(error).partition("\n")
        sys.stderr.write(f"error: {message}\n" + (f"\n{rest}\n" if rest else ""))
        return 2
    # The Python that was asked is the one that is meant, unless the words or the variable say otherwise.
    os.environ.setdefault("RETORCH_PYTHON", sys.executable or "python3")
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name == "posix":
        os.execv(words[0], words)
    import subprocess

    try:
        return subprocess.call(words)
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
