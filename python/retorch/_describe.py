"""Describes extensions of setuptools as retorch's captured request says them (docs/captured-request.md).

Given a `build_ext` command that is about to compile and one of its extensions, `describe_extension` says what the user's
code asked for. What `torch.utils.cpp_extension` adds by itself (its folders, libraries, macros) is left out: retorch adds
that. Nothing here runs a compiler, imports torch or looks for one: where torch is imported already its own lists of folders
are asked for.
"""

import os
import sys
import sysconfig

from ._compilers import (  # Some are for those who import this module.
    TORCH_MODULE,
    Unusual,
    base_flags,
    custom_sources,
    has_own_compile,
    replaced_compilers,
    texts,
    without_torch_macros,
)

#: What CppExtension, CUDAExtension and SyclExtension add to `libraries`.
TORCH_LIBRARIES = frozenset(
    "c10 torch torch_cpu torch_python sleef cudart c10_cuda torch_cuda amdhip64 c10_hip torch_hip c10_xpu torch_xpu sycl".split()
)
#: By which a device is told: what only its own kind of extension is linked with.
DEVICE_LIBRARIES = (("cuda", "torch_cuda"), ("hip", "torch_hip"), ("sycl", "torch_xpu"))
#: Keys of `extra_compile_args` that other builders than torch's use for the host compiler.
HOST_KEYS = ("cxx", "gcc", "g++", "clang", "clang++")


def describe_extension(command, extension, initial_environment=None):
    """Describes one extension.

    `command` is the finalized `build_ext` with its compiler made and customized, as in `build_extension`; paths may be
    relative to the current folder. The answer holds absolute paths, but for what stands after `$ORIGIN`.
    """
    compiler = command.compiler
    torch_builder = is_torch_builder(command)
    uses_torch = "torch_cpu" in list(extension.libraries or [])
    device = next((name for name, library in DEVICE_LIBRARIES if library in (extension.libraries or [])), "cpu")
    added_include, added_library = torch_folders(device) if uses_torch else ((), ())
    libraries = [str(name) for name in command.get_libraries(extension)] + texts(compiler.libraries)
    if uses_torch:
        libraries = [name for name in libraries if name not in TORCH_LIBRARIES]
    defines, undefines = macros_of(extension, compiler)
    args, dlink_libraries, dlink = compile_args_of(extension)
    if device == "cuda":
        args["nvcc"] = changed_common_flags() + args["nvcc"]
    out_dir, file_name = artifact_of(command, extension)
    sources = sources_of(command, extension, torch_builder)
    if has_own_compile(compiler):
        # Each source has its flags already.
        args = {}
    limited = limited_api(extension, torch_builder)
    if limited is not None:
        # torch names the macro last, which counts.
        args = {tool: [word for word in words if not word.startswith("-DPy_LIMITED_API=")] for tool, words in args.items()}
    if torch_builder and not uses_torch:
        defines = [*defines, ["TORCH_API_INCLUDE_EXTENSION_H", None]]
    described = {
        "name": full_name(command, extension),
        "origin": "setup.py",
        "device": device,
        "uses_torch": uses_torch,
        "sources": sources,
        "include_dirs": include_dirs_of(extension, compiler, added_include),
        "define_macros": defines,
        "undef_macros": undefines,
        "library_dirs": folders(without(texts(extension.library_dirs) + texts(compiler.library_dirs), added_library)),
        "libraries": libraries,
        "runtime_library_dirs": [
            path if path[:1] in ("$", "@") else os.path.abspath(path)
            for path in texts(extension.runtime_library_dirs) + texts(compiler.runtime_library_dirs)
        ],
        "extra_objects": folders(texts(extension.extra_objects) + texts(compiler.objects)),
        "extra_link_args": texts(extension.extra_link_args),
        "extra_compile_args": args,
        "base_flags": base_flags(extension, compiler, is_cxx(extension, sources), torch_builder),
        "depends": folders(texts(extension.depends)),
        "py_limited_api": limited,
        "dlink": dlink,
        "dlink_libraries": dlink_libraries,
        "out_dir": out_dir,
        "file_name": file_name,
    }
    if not uses_torch and not torch_builder:
        described["cxx_standard"] = "default"
    return described


def is_torch_builder(command):
    """Whether the command is torch's BuildExtension or a subclass of it."""
    return any(cls.__name__ == "BuildExtension" and cls.__module__ == TORCH_MODULE for cls in type(command).__mro__)


def full_name(command, extension):
    """The name with `ext_package` before it."""
    return command.get_ext_fullname(extension.name)


def artifact_of(command, extension):
    """Folder and file name in which `build_ext --inplace` leaves the module."""
    name = full_name(command, extension)
    file_name = os.path.basename(command.get_ext_filename(name))
    package = ".".join(name.split(".")[:-1])
    if hasattr(command, "_get_inplace_equivalent"):
        build_py = command.get_finalized_command("build_py")
        return os.path.abspath(os.path.dirname(command._get_inplace_equivalent(build_py, extension)[0])), file_name
    build_py = command.get_finalized_command("build_py")
    return os.path.abspath(build_py.get_package_dir(package)), file_name


def sources_of(command, extension, torch_builder):
    """Absolute, in the order in which setuptools compiles and links them."""
    sources = sorted(os.fspath(source) for source in extension.sources)
    sources = command.swig_sources(list(sources), extension)
    if has_own_compile(command.compiler):
        return custom_sources(command, extension, sources)
    ninja = torch_builder and getattr(command, "use_ninja", False)
    described = []
    for source in sources:
        path = os.path.abspath(source)
        # torch's ninja file compiles all that is not CUDA as C++.
        described.append({"path": path, "language": "c++"} if ninja and source.endswith(".c") else path)
    return described


def macros_of(extension, compiler):
    """Macros of the extension, then those of the command, as `-D` and as `-U`."""
    defines = [[str(name), None if value is None else str(value)] for name, value in extension.define_macros or []]
    undefines = texts(extension.undef_macros)
    for macro in compiler.macros or []:
        if len(macro) == 1:
            undefines.append(str(macro[0]))
        else:
            defines.append([str(macro[0]), None if macro[1] is None else str(macro[1])])
    return defines, undefines


def changed_common_flags():
    """What a script has taken from the flags that torch gives nvcc (`COMMON_NVCC_FLAGS.remove(…)`), or added to them.

    retorch gives the usual ones: a macro is taken back by `-U`. Of what is no macro only additions can be said.
    """
    module = sys.modules.get(TORCH_MODULE)
    usual = getattr(module, "_retorch_common_nvcc_flags", None)
    if usual is None:
        return []
    now = texts(getattr(module, "COMMON_NVCC_FLAGS", usual))
    gone = [word for word in usual if word not in now and word.startswith("-D")]
    return ["-U" + word[2:].partition("=")[0] for word in gone] + [word for word in now if word not in usual]


def compile_args_of(extension):
    """`extra_compile_args` by tool, the libraries of the device link and whether there is one."""
    given = extension.extra_compile_args or []
    if not isinstance(given, dict):
        words = without_torch_macros(texts(given))
        return {"cxx": words, "nvcc": list(words), "sycl": list(words)}, [], False
    args = {"cxx": [], "nvcc": [], "sycl": []}
    for key, words in given.items():
        if key in HOST_KEYS:
            args["cxx"] += without_torch_macros(texts(words))
        elif key in ("nvcc", "hipcc"):
            args["nvcc"] += without_torch_macros(texts(words))
        elif key == "sycl":
            args["sycl"] += without_torch_macros(texts(words))
    dlink = "nvcc_dlink" in given
    if not dlink:
        return args, [], False
    words = without_torch_macros(texts(given["nvcc_dlink"]))
    # torch adds `-dlink -L… -l… -dlto` after the user's own words; projects that need no `dlink=True` write it themselves.
    own = words[: last_index(words, "-dlink")]
    added = words[len(own) + 1 :]
    known = {"-L" + path for path in texts(extension.library_dirs)} | {"-dlto"}
    rest = [word for word in added if not word.startswith("-l") and word not in known]
    args["nvcc_dlink"] = own + rest
    return args, [word[2:] for word in added if word.startswith("-l")], True


def last_index(words, word):
    return len(words) - 1 - words[::-1].index(word) if word in words else len(words)


def limited_api(extension, torch_builder):
    """The Python version in the macro that torch's builder defines; setuptools defines none."""
    if not getattr(extension, "py_limited_api", False) or not torch_builder:
        return None
    value = str(getattr(sys.modules.get(TORCH_MODULE), "min_supported_cpython", "0x030A0000"))
    number = int(value, 16)
    return "%d.%d" % (number >> 24, (number >> 16) & 0xFF)


def include_dirs_of(extension, compiler, added):
    """The extension's own, then the command's, without Python's headers, which retorch knows itself."""
    python = {os.path.normpath(sysconfig.get_path(name)) for name in ("include", "platinclude")}
    python |= {os.path.normpath(sysconfig.get_path(n, "posix_prefix")) for n in ("include", "platinclude") if os.name != "nt"}
    command = [path for path in texts(compiler.include_dirs) if os.path.normpath(path) not in python]
    environment = os.path.join(sys.exec_prefix, "include")
    command = [path for path in command if path != environment or os.path.isdir(path)]
    return folders(without(texts(extension.include_dirs), added) + command)


def torch_folders(device):
    """The folders of headers and of libraries that torch's own function for this device adds."""
    module = sys.modules.get(TORCH_MODULE)
    if module is None:
        return (), ()
    kind = {"cuda": "cuda", "hip": "cuda", "sycl": "xpu"}.get(device, "cpu")
    return ask(module.include_paths, kind), ask(module.library_paths, kind)


def ask(function, device):
    for args, kwargs in (((), {"device_type": device}), ((device == "cuda",), {})):
        try:
            return tuple(os.path.normpath(path) for path in function(*args, **kwargs))
        except TypeError:
            continue
        except Exception:
            break
    return ()


def without(paths, added):
    return [path for path in paths if os.path.normpath(path) not in added]


def is_cxx(extension, sources):
    if extension.language is not None:
        return extension.language == "c++"
    paths = [source if isinstance(source, str) else source["path"] for source in sources]
    return any(not path.endswith(".c") for path in paths)


def folders(paths):
    return [os.path.abspath(path) for path in paths]


def changed_environment(initial, now):
    """The variables that code has set, with their values, and those that it removed, with None."""
    changed = {name: value for name, value in now.items() if initial.get(name) != value}
    changed.update({name: None for name in initial if name not in now})
    # distutils itself sets these (`check_environ`).
    return {name: value for name, value in changed.items() if name not in ("PLAT", "HOME")}
