"""Compiles and re-compiles PyTorch C++/CUDA extensions.

`load` and `load_inline` stand for those of `torch.utils.cpp_extension`; `python -m retorch` is the command line;
`retorch.build` is a build backend for `pyproject.toml`. Standard library only.
"""

from __future__ import annotations

# What type checkers know it by; importing `typing` would cost more than all the rest.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._inline import load_inline
    from ._load import load

__all__ = ["load", "load_inline"]


def __getattr__(name: str):
    # Not before it is asked for: `python -m retorch` and the build backend need neither.
    if name == "load":
        from ._load import load as found
    elif name == "load_inline":
        from ._inline import load_inline as found
    elif name == "__version__":
        from ._places import version

        found = version()
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = found
    return found
