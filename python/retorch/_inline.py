"""`load_inline()`: torch's function of that name. Puts the texts together as torch does and hands them to `load()`'s
part. Knows nothing of how things are built."""

from __future__ import annotations

from ._load import Request, load_request
from ._words import flag_words, path_list

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence
    from typing import Any


def load_inline(
    name: str,
    cpp_sources: str | Sequence[str],
    cuda_sources: str | Sequence[str] | None = None,
    sycl_sources: str | Sequence[str] | None = None,
    functions: str | Sequence[str] | Mapping[str, str] | None = None,
    extra_cflags: Sequence[str] | None = None,
    extra_cuda_cflags: Sequence[str] | None = None,
    extra_sycl_cflags: Sequence[str] | None = None,
    extra_ldflags: Sequence[str] | None = None,
    extra_include_paths: Sequence[str | os.PathLike[str]] | None = None,
    build_directory: str | os.PathLike[str] | None = None,
    verbose: bool = False,
    with_cuda: bool | None = None,
    with_sycl: bool | None = None,
    is_python_module: bool = True,
    with_pytorch_error_handling: bool = True,
    keep_intermediates: bool = True,
    use_pch: bool = False,
    no_implicit_headers: bool = False,
) -> Any:
    """Builds an extension from texts, where it is not up to date, and loads it.

    The parameters are those of `torch.utils.cpp_extension.load_inline`; see `load` for what is not said here.

    cpp_sources, cuda_sources, sycl_sources: a text or a list of texts, which become one file each: `main.cpp`,
    `cuda.cu`, `sycl.sycl`. functions: names of functions to bind: one, a list, or names with their docstrings.
    with_pytorch_error_handling: errors and warnings of torch's macros become Python's. no_implicit_headers: leave out
    `#include <torch/extension.h>` and its like, which cost most of the time. use_pch: accepted; nothing is ever written
    into torch's own folder.

    Raises ValueError when `functions` is something else, and what `load` raises.
    """
    texts = {"main.cpp": _cpp_text(cpp_sources, functions, with_pytorch_error_handling, no_implicit_headers)}
    if cuda_sources:
        headers = ["torch/types.h", "cuda.h", "cuda_runtime.h"]
        texts["cuda.cu"] = _text(cuda_sources, [] if no_implicit_headers else headers)
    if sycl_sources:
        texts["sycl.sycl"] = _text(sycl_sources, [] if no_implicit_headers else ["torch/types.h", "sycl/sycl.hpp"])
    request = Request(
        origin="load_inline",
        name=name,
        sources=[],
        texts=texts,
        cflags=flag_words(extra_cflags, "extra_cflags"),
        cuda_cflags=flag_words(extra_cuda_cflags, "extra_cuda_cflags"),
        sycl_cflags=flag_words(extra_sycl_cflags, "extra_sycl_cflags"),
        ldflags=flag_words(extra_ldflags, "extra_ldflags"),
        include_paths=path_list(extra_include_paths, "extra_include_paths"),
        build_directory=build_directory,
        with_cuda=with_cuda,
        with_sycl=with_sycl,
        is_python_module=is_python_module,
        is_standalone=False,
    )
    return load_request(request, verbose)


def _text(sources, headers: list[str], end: list[str] | None = None) -> str:
    parts = [sources] if isinstance(sources, str) else list(sources)
    return "\n".join([*(f"#include <{header}>" for header in headers), *parts, *(end or [])])


def _cpp_text(sources, functions, with_error_handling: bool, no_implicit_headers: bool) -> str:
    bindings = [] if functions is None else _bindings(functions, with_error_handling)
    return _text(sources, [] if no_implicit_headers else ["torch/extension.h"], bindings)


def _bindings(functions, with_error_handling: bool) -> list[str]:
    if isinstance(functions, str):
        functions = [functions]
    if isinstance(functions, (list, tuple)):
        functions = {function: function for function in functions}
    elif not isinstance(functions, dict):
        raise ValueError(f"Expected 'functions' to be a list or dict, but was {type(functions)}")
    lines = ["PYBIND11_MODULE(TORCH_EXTENSION_NAME, m) {"]
    for function, docstring in functions.items():
        bound = f"torch::wrap_pybind_function({function})" if with_error_handling else function
        lines.append(f'm.def("{function}", {bound}, "{_literal(docstring)}");')
    return [*lines, "}"]


def _literal(text: str) -> str:
    """A docstring for a C++ literal. Backslashes stay: people write `\\n` because torch takes the text as it is."""
    result: list[str] = []
    escaped = False
    for character in text or "":
        if character == "\n":
            result.append("\\n")
        elif character == '"' and not escaped:
            result.append('\\"')
        elif character != "\r":
            result.append(character)
        escaped = character == "\\" and not escaped
    return "".join(result)
