"""An editable install that builds at import: when something that the extensions were built from has changed, they are
built again before the package is imported, and a failure is said where it happens.

A `.pth` file calls `install` at every start of Python, so that nothing is imported here before there is something to do.
"""

from __future__ import annotations

import sys

#: Set to 0, it leaves everything as it was built last.
SWITCH = "RETORCH_EDITABLE_REBUILD"


def install(spec: dict) -> None:
    """Watches for the first import of the project.

    spec: name; root, the project; out, where the program leaves results; words, of the program; places, where results go
    (absolute) by their place below `out`; programs, names of those that only an install puts into their place.
    """
    names = {place.replace("\\", "/").split("/")[0].split(".")[0] for place in spec["places"]}
    sys.meta_path.insert(0, _Finder(names, spec))


class _Finder:
    """Finds nothing itself: it makes sure that what others find is up to date."""

    def __init__(self, names: set[str], spec: dict) -> None:
        self.names = names
        self.spec = spec

    def find_spec(self, name, path=None, target=None):
        if name in self.names:
            # Once in a process, and not again by what it imports itself. A failure counts for the next import, too.
            names, self.names = self.names, frozenset()
            try:
                bring_up_to_date(self.spec)
            except BaseException:
                self.names = names
                raise
        return None


def bring_up_to_date(spec: dict) -> bool:
    """Builds when something has changed. Whether anything was built.

    Raises ImportError, with what the compiler said, when the build fails.
    """
    import json
    import os

    from . import _fresh

    if os.environ.get(SWITCH, "1").lower() in ("0", "false", "no", "off"):
        return False
    from ._program import build_environment

    environ = build_environment()
    note = spec["out"] + ".fresh"
    states = _fresh.check(note, environ)
    if states is not None and states == json.dumps(_states(spec)):
        return False

    from ._messages import BackendError
    from ._node import NodeNotFound
    from ._project import build, put
    from ._unchanged import recall

    try:
        # The build of the install itself; `.pth` files are newer than it.
        known = recall(spec["out"] + ".built", environ)
        # What the build itself starts shall not build again.
        environ[SWITCH] = "0"
        if known is not None and known["words"] == spec["words"]:
            result = known["result"]
        else:
            result = build(spec["words"], environ, verbose=False)
    except BackendError as error:
        raise ImportError(
            f"{spec['name']} has changed and cannot be built (`retorch build {spec['root']}`; "
            f"{SWITCH}=0 imports what was built last):\n\n{error.message}",
            name=spec["name"],
        ) from None
    except NodeNotFound as error:
        raise ImportError(f"{spec['name']} has changed and cannot be built: {error}", name=spec["name"]) from None
    copied = [_put(put, spec, artifact["path"]) for artifact in result["artifacts"]]
    environ.pop(SWITCH)
    looked = result.get("looked")
    if looked is not None:
        from . import _note

        _note.write(note, looked, environ, json.dumps(_states(spec)))
    if any(copied):
        sys.stderr.write(f"retorch: {spec['name']} was built again\n")
    return any(copied)


def _put(put, spec: dict, path: str) -> bool:
    import os

    target = spec["places"].get(os.path.relpath(path, spec["out"]))
    # An extension that is new since: it has no place before the project is installed again.
    if target is None and os.path.basename(path) in spec.get("programs", ()):
        return False
    if target is None:
        sys.stderr.write(
            f"retorch: {os.path.basename(path)} is new in {spec['name']}; `pip install -e {spec['root']}` installs it\n"
        )
        return False
    return put(path, target)


def _states(spec: dict) -> list:
    """What is in the places now, so that a file that somebody removed or replaced is put there again."""
    import os

    states = []
    for target in spec["places"].values():
        try:
            state = os.stat(target)
            states.append([state.st_size, state.st_mtime_ns])
        except OSError:
            states.append(None)
    return states
