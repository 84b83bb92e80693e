"""Put on PYTHONPATH by `retorch run`: every Python that is started below it runs this first. It watches for the import
of `torch.utils.cpp_extension` and hands the module to `retorch._takeover`; then it lets the machine's own sitecustomize
run, which it stands before. A Python that never imports that module pays for this file alone.

Any Python may read this file, also one that is too old for torch: it must be valid in all of them, and do no harm.
"""

import os
import sys


class _Watch(object):
    """A finder that finds nothing but the one module, and that with the finders behind it."""

    module = "torch.utils.cpp_extension"

    def find_spec(self, name, path=None, target=None):
        if name != self.module:
            return None
        spec = None
        for finder in list(sys.meta_path):
            if finder is not self and hasattr(finder, "find_spec"):
                spec = finder.find_spec(name, path, target)
                if spec is not None:
                    break
        if spec is None or not hasattr(spec.loader, "exec_module"):
            return spec
        execute = spec.loader.exec_module

        def exec_module(module):
            execute(module)
            _take_over(module)

        spec.loader.exec_module = exec_module
        return spec


def _take_over(module):
    try:
        _package()
        from retorch._takeover import take_over
    except Exception as error:
        sys.stderr.write("retorch: warning: torch's own builder is used: %s\n" % error)
        return
    take_over(module)


def _package():
    """Brings the package that this file belongs to into sys.modules, whatever else is installed."""
    if "retorch" in sys.modules:
        return
    from importlib.util import module_from_spec, spec_from_file_location

    folder = os.path.dirname(_here)
    spec = spec_from_file_location(
        "retorch", os.path.join(folder, "__init__.py"), submodule_search_locations=[folder]
    )
    package = module_from_spec(spec)
    sys.modules["retorch"] = package
    spec.loader.exec_module(package)


def _chain():
    """Runs the sitecustomize that would have run without this one."""
    folders = [entry for entry in sys.path if _is_other(entry)]
    own = sys.modules.pop("sitecustomize", None)
    if sys.version_info < (3, 5):
        import imp

        try:
            found = imp.find_module("sitecustomize", folders)
        except ImportError:
            sys.modules["sitecustomize"] = own
            return
        imp.load_module("sitecustomize", *found)
        return
    from importlib.machinery import PathFinder

    spec = PathFinder.find_spec("sitecustomize", folders)
    if spec is None or spec.loader is None:
        sys.modules["sitecustomize"] = own
        return
    from importlib.util import module_from_spec

    module = module_from_spec(spec)
    sys.modules["sitecustomize"] = module
    # What it raises is reported by Python's `site`, as always.
    spec.loader.exec_module(module)


def _is_other(entry):
    return os.path.abspath(entry or os.curdir) != _here


_here = os.path.dirname(os.path.abspath(__file__))
# Children find it by the variable; for this process it has served its purpose.
sys.path[:] = [_entry for _entry in sys.path if _is_other(_entry)]
if sys.version_info >= (3, 9):
    sys.meta_path.insert(0, _Watch())
_chain()
