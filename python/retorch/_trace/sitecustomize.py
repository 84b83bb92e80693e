"""Put on PYTHONPATH while a set-up script is read: a Python that it starts notes down what it looks at (`_children.py`).

Any Python may read this file: it must do no harm in an old one. What would have run in its place runs afterwards.
"""

import os
import sys

_here = os.path.dirname(os.path.abspath(__file__))


def _load(name):
    import importlib.util

    path = os.path.join(os.path.dirname(_here), name + ".py")
    spec = importlib.util.spec_from_file_location("_retorch" + name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _trace(folder, project, parent):
    import atexit
    import json

    witness = _load("_witness").Witness(project, _load("_programs"), _load("_children").Children(folder))
    name = os.path.join(folder, "%d-%s" % (os.getpid(), os.urandom(4).hex()))
    with open(name + ".began", "w"):
        pass

    def write():
        witness.stop()
        # Its own children have written for themselves, and are counted by the one that collects.
        witness.children.collect = witness.children.check
        with open(name + ".tmp", "w", encoding="utf-8") as file:
            json.dump(dict(witness.seen(), parent=parent), file)
        os.replace(name + ".tmp", name + ".json")

    atexit.register(write)
    witness.start()


def _chain():
    """Runs the sitecustomize that would have run without this one."""
    from importlib.machinery import PathFinder
    from importlib.util import module_from_spec

    own = sys.modules.pop("sitecustomize", None)
    spec = PathFinder.find_spec("sitecustomize", sys.path)
    if spec is None or spec.loader is None:
        sys.modules["sitecustomize"] = own
        return
    module = module_from_spec(spec)
    sys.modules["sitecustomize"] = module
    spec.loader.exec_module(module)


sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or os.curdir) != _here]
_asked = [os.environ.pop("RETORCH_TRACE_" + name, None) for name in ("FOLDER", "PROJECT", "PARENT")]
_rest = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry and entry != _here]
if _rest:
    os.environ["PYTHONPATH"] = os.pathsep.join(_rest)
else:
    os.environ.pop("PYTHONPATH", None)
if all(_asked) and hasattr(sys, "addaudithook"):
    _trace(*_asked)
_chain()
