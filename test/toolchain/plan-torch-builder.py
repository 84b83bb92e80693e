"""Prints what torch.utils.cpp_extension would run, as JSON, for scenarios given on standard input.

Its platform switches are module variables; they are set for each scenario, so that one process tells of all platforms.
Nothing is compiled.
"""

import inspect
import json
import os
import shlex
import subprocess
import sys
import sysconfig
import tempfile

for name in ("CC", "CXX", "CFLAGS", "CXXFLAGS", "CPPFLAGS", "LDFLAGS", "PYTORCH_NVCC", "CUDNN_HOME", "CUDNN_PATH"):
    os.environ.pop(name, None)
os.environ["TORCH_NO_COMPILER_WRAPPER"] = "1"

import torch
import torch.utils.cpp_extension as cpp

real_check_output = subprocess.check_output


def check_output(command, *args, **kwargs):
    if command == ["where", "cl"]:
        return b"C:\\VS\\bin\\cl.exe"
    return real_check_output(command, *args, **kwargs)


subprocess.check_output = check_output
cpp._get_icpx_version = lambda: "20250200"
original = {name: getattr(cpp, name) for name in dir(cpp) if not name.startswith("__")}
original_versions = (torch.version.cuda, torch.version.hip)


def switch(platform, device):
    for name, value in original.items():
        setattr(cpp, name, value)
    torch.version.cuda, torch.version.hip = original_versions
    cpp.COMMON_HIP_FLAGS = list(original["COMMON_HIP_FLAGS"])
    windows = platform == "win32"
    cpp.IS_WINDOWS = windows
    cpp.IS_MACOS = platform == "darwin"
    cpp.IS_LINUX = platform == "linux"
    cpp.LIB_EXT = ".pyd" if windows else ".so"
    cpp.EXEC_EXT = ".exe" if windows else ""
    cpp.SHARED_FLAG = "/DLL" if windows else "-shared"
    if device == "cuda":
        torch.version.cuda = torch.version.cuda or "13.0"
        cpp.CUDA_HOME = cpp.CUDA_HOME or "/fake/cuda"
    if device == "rocm":
        torch.version.hip, torch.version.cuda = "6.4.0", None
        cpp.ROCM_HOME, cpp.HIP_HOME, cpp.IS_HIP_EXTENSION, cpp.ROCM_VERSION = "/fake/rocm", "/fake/rocm/hip", True, (6, 4)
    if device == "xpu":
        cpp.SYCL_HOME = "/fake/sycl"


def call(function, *args, **options):
    """Leaves out what an older torch does not know."""
    known = inspect.signature(function).parameters
    return function(*args, **{name: value for name, value in options.items() if name in known})


def words(text):
    return shlex.split(text) if isinstance(text, str) else [word for part in text or [] for word in shlex.split(part)]


def jit(scenario):
    """load() and load_inline()."""
    device = scenario["device"]
    switches = {"with_cuda": device in ("cuda", "rocm"), "with_sycl": device == "xpu", "is_standalone": scenario["kind"] == "executable"}
    ldflags = call(cpp._prepare_ldflags, [], verbose=False, **switches)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "build.ninja")
        call(
            cpp._write_ninja_file_to_build_library,
            path=path,
            name="ops",
            sources=scenario["sources"],
            extra_cflags=scenario.get("cxx", []),
            extra_cuda_cflags=scenario.get("nvcc", []),
            extra_sycl_cflags=[],
            extra_ldflags=ldflags,
            extra_include_paths=scenario.get("include_dirs", []),
            **switches,
        )
        with open(path) as file:
            lines = file.read().split("\n")
    values = dict(line.split(" = ", 1) for line in lines if " = " in line and not line.startswith(" "))
    targets = [line.split()[1] for line in lines if line.startswith("default ")]
    return {
        "host": words(values.get("cflags", "") + " " + values.get("post_cflags", "")),
        "device": words(values.get("cuda_cflags", values.get("sycl_cflags", "")) + " " + values.get("cuda_post_cflags", values.get("sycl_post_cflags", ""))),
        "deviceLink": words(values.get("sycl_dlink_post_cflags", "")),
        "link": words(values.get("ldflags", "")),
        "target": targets[0],
    }


def aot(scenario):
    """setup.py with BuildExtension."""
    from setuptools import Distribution
    # setuptools puts its own distutils in the place of the interpreter's.
    from distutils.ccompiler import CCompiler

    make = cpp.CUDAExtension if scenario["device"] == "cuda" else cpp.CppExtension
    options = {"py_limited_api": True} if scenario.get("limited") else {}
    options.update({"dlink": True} if scenario.get("dlink") else {})
    extension = make(
        scenario.get("name", "ops"),
        scenario["sources"],
        include_dirs=list(scenario.get("include_dirs", [])),
        extra_compile_args={"cxx": list(scenario.get("cxx", [])), "nvcc": list(scenario.get("nvcc", []))},
        define_macros=[tuple(macro) for macro in scenario.get("define_macros", [])],
        libraries=list(scenario.get("libraries", [])),
        **options,
    )
    found, linked = {}, []
    cpp._write_ninja_file_and_compile_objects = lambda **values: found.update(values)
    base = CCompiler
    saved = {name: getattr(base, name) for name in ("call", "spawn") if hasattr(base, name)}
    for name in saved:
        setattr(base, name, lambda self, command, **_: linked.append(command))
    here = os.getcwd()
    try:
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            command = cpp.BuildExtension(Distribution({"name": "x", "ext_modules": [extension]}))
            command.ensure_finalized()
            command.run()
            target = os.path.basename(command.get_ext_filename(extension.name))
    finally:
        os.chdir(here)
        for name, value in saved.items():
            setattr(base, name, value)
    (link,) = linked
    return {
        "host": words(found["cflags"]) + words(found["post_cflags"]),
        "device": words(found["cuda_cflags"]) + words(found["cuda_post_cflags"]),
        "deviceLink": words(found["cuda_dlink_post_cflags"]),
        "link": link[1:],
        "target": target,
    }


def run(scenario):
    os.environ["TORCH_CUDA_ARCH_LIST"] = scenario.get("arch", "9.0")
    os.environ["PYTORCH_ROCM_ARCH"] = "gfx90a"
    os.environ["TORCH_XPU_ARCH_LIST"] = "pvc"
    switch(scenario["platform"], scenario["device"])
    return aot(scenario) if scenario["mode"] == "aot" else jit(scenario)


json.dump(
    {
        "torch": torch.__version__,
        "root": cpp._TORCH_PATH,
        "cuda": cpp.CUDA_HOME,
        "python": {
            "include": sysconfig.get_path("include", scheme="posix_prefix"),
            "windowsInclude": sysconfig.get_path("include", scheme="nt"),
            "base": sys.base_exec_prefix,
            "suffix": sysconfig.get_config_var("EXT_SUFFIX"),
            "cflags": sysconfig.get_config_var("CFLAGS"),
        },
        "results": [run(scenario) for scenario in json.load(sys.stdin)],
    },
    sys.stdout,
)
