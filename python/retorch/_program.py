"""Asks the program for a build and turns what comes of it into Python's terms. The only place that starts a process."""

from __future__ import annotations

import os
import sys

#: Set by `retorch run`: the folder that it put at the front of PYTHONPATH. Builds shall not see it.
HOOK_VARIABLE = "RETORCH_RUN_HOOK"

#: Failures for which torch raises OSError: there is no toolkit.
_NO_TOOLKIT = frozenset({"CUDA_NOT_FOUND", "ROCM_NOT_FOUND", "SYCL_NOT_FOUND"})

#: Decide what the program does before it reads the request.
_OWN_VARIABLES = ("RETORCH_CUDA_GRAPH", "RETORCH_PROFILE", "RETORCH_PROVENANCE", "RETORCH_PYTHON")


def build_environment() -> dict[str, str]:
    """The environment variables of a build: those of this process, without what `retorch run` added."""
    environ = dict(os.environ)
    hook = environ.pop(HOOK_VARIABLE, None)
    if hook is not None:
        folders = environ.get("PYTHONPATH", "").split(os.pathsep)
        rest = [folder for folder in folders if folder != hook]
        environ.pop("PYTHONPATH", None)
        if rest:
            environ["PYTHONPATH"] = os.pathsep.join(rest)
    return environ


def build(request: dict, name: str, verbose: bool, environ: dict[str, str]) -> dict:
    """Builds a captured request. What `retorch build --result` wrote: `artifacts`, and `looked` where it is known.

    name: of the extension, for messages. verbose: what the program says goes to sys.stdout as it comes.
    Raises RuntimeError with the compiler's output and what retorch makes of it when the build fails, OSError where
    CUDA's or another device's toolkit is missing.
    """
    words = ["build", "--request", "-", *(["-v"] if verbose else [])]
    status, said, result = run_build(words, request, verbose, environ)
    if status == 0 and result.get("ok"):
        return result
    message = f"Error building extension '{name}'"
    if not said.strip():
        said = f"retorch ended with exit status {status}"
    if (result.get("failure") or {}).get("code") in _NO_TOOLKIT:
        raise OSError(f"{message}: {said}")
    raise RuntimeError(f"{message}: {said}")


def run_build(
    words: list[str], request: dict | None, verbose: bool, environ: dict[str, str]
) -> tuple[int, str, dict]:
    """The exit status of `retorch build`, what it wrote to standard error and, as far as it came, what to `--result`."""
    import json
    import tempfile

    from ._node import command

    with tempfile.TemporaryDirectory(prefix="retorch-") as folder:
        result_file = os.path.join(folder, "result.json")
        text = "" if request is None else json.dumps(request)
        status, said = _run(command(*words, "--result", result_file, "--color", "never"), text, verbose, environ)
        try:
            with open(result_file, encoding="utf-8") as file:
                result = json.load(file)
        except (OSError, ValueError):
            result = {}
    if result.get("looked") is not None:
        result["looked"]["variables"] += _OWN_VARIABLES
    return status, said, result


def _run(words: list[str], text: str, verbose: bool, environ: dict[str, str]) -> tuple[int, str]:
    """The exit status of a command and what it wrote to standard error."""
    import subprocess

    if verbose:
        sys.stdout.flush()
    process = subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environ
    )
    said: list[str] = []
    try:
        try:
            process.stdin.write(text.encode("utf-8", "surrogateescape"))
            process.stdin.close()
        except BrokenPipeError:
            pass
        for line in process.stderr:
            shown = line.decode("utf-8", "replace")
            said.append(shown)
            if verbose:
                # Not the descriptor: notebooks and test runners put their own stream here.
                sys.stdout.write(shown)
                sys.stdout.flush()
        status = process.wait()
    except BaseException:
        # Ctrl-C, or a time limit of the caller: the program ends what it started.
        _end(process)
        raise
    finally:
        process.stderr.close()
    return status, "".join(said)


def _end(process) -> None:
    import subprocess

    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
