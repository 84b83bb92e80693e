"""Gives `torch.utils.cpp_extension` retorch's builder: `load`, `load_inline`, `_jit_compile` and what
`BuildExtension` does with compilers. All else of the module stays torch's. Used by `retorch run`.

Signatures differ between versions of torch: arguments are bound by the function that is replaced and handed on by name.
What retorch has no parameter for goes to torch's own function.
"""

from __future__ import annotations

import functools


def take_over(module) -> None:
    """Replaces what builds in the module, which was just imported."""
    for name in ("load", "load_inline"):
        _replace(module, name)
    original = getattr(module, "_jit_compile", None)
    if original is not None:
        # Some projects call it instead of `load`; so does torch's own `load`, which is no longer used.
        _replace(module, "_jit_compile", "load")
    builder = module.__dict__.get("_BUILD_EXTENSION_CLASS") or module.__dict__.get("BuildExtension")
    if builder is not None:
        from ._setuptools import take_over_builder

        take_over_builder(builder)


def _replace(module, name: str, ours: str | None = None) -> None:
    original = getattr(module, name, None)
    if original is None:
        return

    @functools.wraps(original)
    def replacement(*args, **kwargs):
        import inspect

        import retorch

        try:
            bound = inspect.signature(original).bind(*args, **kwargs)
        except TypeError:
            # The function itself says it in Python's own words, which some projects read to tell versions apart.
            return original(*args, **kwargs)
        function = getattr(retorch, ours or name)
        known = inspect.signature(function).parameters
        if not known.keys() >= bound.arguments.keys():
            return original(*args, **kwargs)
        return function(**bound.arguments)

    setattr(module, name, replacement)
