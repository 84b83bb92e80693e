/**
 * Small projects that do in their `setup.py` what public ones do. Their sources compile in a moment: Python's headers
 * alone, though they are declared as extensions of torch.
 */
import { pythonModule } from "./slim-sources.ts";

/** Files by relative path. */
export type SetupProject = Readonly<Record<string, string>>;

/** One `CppExtension` with the usual words. */
export function simpleProject(more = ""): SetupProject {
  return {
    "setup.py": `from setuptools import setup
from torch.utils.cpp_extension import BuildExtension, CppExtension
print("this is for people")
setup(
    name="simple",
    ext_modules=[CppExtension("simple", ["simple.cpp"]${more})],
    cmdclass={"build_ext": BuildExtension},
)
`,
    "simple.cpp": pythonModule("simple"),
  };
}

/** A module whose `answer()` is a macro, so that the macro shows in what was built. */
const answering = (name: string, macro = "ANSWER"): string => pythonModule(name, macro);

/**
 * Libraries of operators by device: the same sources twice with other macros, names without the ABI, distutils' own
 * compile instead of ninja, environment switches, undefined macros.
 */
export const byDevice: SetupProject = {
  "setup.py": `import glob
import os
import os.path as osp
from itertools import product

import torch
from setuptools import find_packages, setup
from torch.__config__ import parallel_info
from torch.utils.cpp_extension import CUDA_HOME, BuildExtension, CppExtension, CUDAExtension

suffixes = ["cpu"]
if os.getenv("FORCE_BOTH", "0") == "1":
    suffixes = ["cpu", "fast"]
quiet = os.getenv("WITH_SYMBOLS", "0") != "1"

def get_extensions():
    extensions = []
    for main, suffix in product(sorted(glob.glob(osp.join("csrc", "*.cpp"))), suffixes):
        define_macros = [("WITH_PYTHON", None), ("ANSWER", "7" if suffix == "cpu" else "8")]
        undef_macros = ["NDEBUG"]
        args = {"cxx": ["-O1", "-Wno-sign-compare"]}
        if "backend: OpenMP" in parallel_info():
            args["cxx"] += ["-DAT_PARALLEL_OPENMP", "-fopenmp"]
        name = main.split(os.sep)[-1][:-4]
        define_macros.append(("INIT", f"PyInit__{name}_{suffix}"))
        sources = [main]
        path = osp.join("csrc", "cpu", f"{name}_cpu.cpp")
        if osp.exists(path):
            sources.append(path)
        extensions.append(
            CppExtension(
                f"scatter_like._{name}_{suffix}",
                sources,
                include_dirs=["csrc"],
                define_macros=define_macros,
                undef_macros=undef_macros,
                extra_compile_args=args,
                extra_link_args=["-s"] if quiet else [],
            )
        )
    return extensions

setup(
    name="scatter_like",
    version="1.0",
    ext_modules=get_extensions(),
    cmdclass={"build_ext": BuildExtension.with_options(no_python_abi_suffix=True, use_ninja=False)},
    packages=find_packages(),
)
`,
  "scatter_like/__init__.py": "",
  "csrc/more.h": "long more();\n",
  "csrc/cpu/sum_cpu.cpp": `#include "more.h"\nlong more() { return 30; }\n`,
  "csrc/sum.cpp": `#include <Python.h>
#include "more.h"
#ifdef NDEBUG
#error "NDEBUG was to be undefined"
#endif
static PyObject* answer(PyObject*, PyObject*) { return PyLong_FromLong(more() + ANSWER); }
static PyMethodDef methods[] = {{"answer", answer, METH_NOARGS, nullptr}, {nullptr, nullptr, 0, nullptr}};
static PyModuleDef definition = {PyModuleDef_HEAD_INIT, "sum", nullptr, -1, methods};
PyMODINIT_FUNC INIT() { return PyModule_Create(&definition); }
`,
};

/** A large package: reads and writes a version, makes a link, changes the folder, folders as Paths, package_dir. */
export const bigPackage: SetupProject = {
  "setup.py": `import os
import shutil
from os import path
from pathlib import Path
from setuptools import find_packages, setup
import torch
from torch.utils.cpp_extension import CppExtension

assert [int(x) for x in torch.__version__.split(".")[:2]] >= [1, 8]
here = path.dirname(path.abspath(__file__))
os.chdir(here)

def get_version():
    lines = open(path.join("big", "__init__.py")).readlines()
    version = [l for l in lines if l.startswith("__version__")][0].split("=")[1].strip().strip("'\\"")
    version += os.getenv("BIG_VERSION_SUFFIX", "")
    with open(path.join("big", "version.py"), "w") as file:
        file.write("version = '%s'\\n" % version)
    return version

def link_configs():
    destination = path.join("big", "configs")
    if path.islink(destination):
        os.unlink(destination)
    elif path.isdir(destination):
        shutil.rmtree(destination)
    os.symlink(path.join(here, "configs"), destination)

link_configs()
csrc = Path(here) / "big" / "csrc"
setup(
    name="big",
    version=get_version(),
    packages=find_packages(exclude=("configs",)) + ["big.extra"],
    package_dir={"big.extra": "projects/Extra"},
    ext_modules=[
        CppExtension(
            "big._C",
            [str(path) for path in csrc.glob("**/*.cpp")],
            include_dirs=[csrc, os.path.abspath("include")],
            define_macros=[("ANSWER", 40), ("NAME", '"big"')],
            extra_compile_args={"cxx": ["-DMORE=2"]},
        ),
        CppExtension("big.extra._E", ["projects/Extra/e.cpp"], define_macros=[("ANSWER", "5")]),
    ],
    cmdclass={"build_ext": torch.utils.cpp_extension.BuildExtension},
)
`,
  "big/__init__.py": "__version__ = '0.6'\n",
  "big/csrc/module.cpp": answering("_C", "ANSWER + MORE + (sizeof(NAME) - 4) + part()").replace(
    "#include <Python.h>",
    `#include <Python.h>\n#include "inner/part.h"\n#include "big.h"`,
  ),
  "big/csrc/inner/part.h": "long part();\n",
  "big/csrc/inner/part.cpp": `#include "part.h"\nlong part() { return 0; }\n`,
  "include/big.h": "#pragma once\n",
  "projects/Extra/__init__.py": "",
  "projects/Extra/e.cpp": answering("_E"),
  "configs/a.yaml": "a: 1\n",
};

/** The stable ABI: one module for several Pythons, flags by DEBUG, list and dict of flags. */
export const limitedApi: SetupProject = {
  "setup.py": `import glob
import os
from setuptools import find_packages, setup
from torch.utils.cpp_extension import BuildExtension, CppExtension

debug = os.getenv("DEBUG", "0") == "1"
args = {
    "cxx": ["-O3" if not debug else "-O0", "-fdiagnostics-color=always", "-DPy_LIMITED_API=0x03090000"],
    "nvcc": ["-O3" if not debug else "-O0"],
}
link = []
if debug:
    args["cxx"].append("-g")
    link.extend(["-O0", "-g"])
if __name__ == "__main__":
    setup(
        name="limited",
        version="0.1",
        packages=find_packages(),
        ext_modules=[
            CppExtension(
                "limited._C",
                list(glob.glob(os.path.join("limited", "csrc", "*.cpp"))),
                extra_compile_args=args,
                extra_link_args=link,
                py_limited_api=True,
            )
        ],
        cmdclass={"build_ext": BuildExtension},
        options={"bdist_wheel": {"py_limited_api": "cp39"}},
    )
`,
  "limited/__init__.py": "",
  "limited/csrc/module.cpp": answering("_C", "Py_LIMITED_API >> 16 & 0xff"),
};

/** No torch at all: C and C++, src layout, ext_package, setup.cfg, an object, a library with a run path, depends. */
export const plainC: SetupProject = {
  "setup.py": `from setuptools import setup, Extension
import subprocess, sys, os
os.makedirs("lib", exist_ok=True)
subprocess.check_call(["gcc", "-fPIC", "-c", "third/object.c", "-o", "third/object.o"])
subprocess.check_call(["gcc", "-shared", "-fPIC", "third/shared.c", "-o", "lib/libthird.so"])
setup(
    packages=["plain"],
    package_dir={"": "src"},
    ext_package="plain",
    ext_modules=[
        Extension("_c", sources=["src/c.c"], extra_objects=["third/object.o"], depends=["data.txt", "src/c.h"]),
        Extension(
            "_cpp",
            ["src/cpp.cpp"],
            language="c++",
            libraries=["third"],
            library_dirs=["lib"],
            runtime_library_dirs=[os.path.abspath("lib")],
            extra_compile_args=["-std=c++14"],
        ),
    ],
)
`,
  "setup.cfg": "[metadata]\nname = plain\nversion = 1\n[build_ext]\ndefine = FROM_CFG\ninclude_dirs = include\n",
  "include/config.h": "#define CONFIGURED 1\n",
  "data.txt": "1\n",
  "src/plain/__init__.py": "",
  "src/c.h": "int object(void);\n",
  "third/object.c": "int object(void) { return 10; }\n",
  "third/shared.c": "int shared(void) { return 20; }\n",
  "src/c.c": `#include <Python.h>
#include <config.h>
#include "c.h"
static PyObject* answer(PyObject* self, PyObject* args) { int class = FROM_CFG; return PyLong_FromLong(object() + class + CONFIGURED); }
static PyMethodDef methods[] = {{"answer", answer, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};
static PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_c", NULL, -1, methods};
PyMODINIT_FUNC PyInit__c(void) { return PyModule_Create(&definition); }
`,
  "src/cpp.cpp": pythonModule("_cpp", "shared() + (__cplusplus == 201402L)", 'extern "C" int shared();'),
};

/** Subclasses: flags by the kind of compiler, a changed compiler, flags for one extension, files generated in `run`. */
export const subclasses: SetupProject = {
  "setup.py": `import os
from setuptools import setup
from torch.utils.cpp_extension import BuildExtension, CppExtension
from helpers import generate

class Build(BuildExtension):
    flags = {"msvc": ["/EHsc"], "unix": ["-DBY_TYPE=100"]}

    def run(self):
        generate("generated.h", 1000)
        super().run()

    def build_extensions(self):
        kind = self.compiler.compiler_type
        self.compiler.compiler_so = [f for f in self.compiler.compiler_so if f != "-Wall"] + ["-Wextra"]
        for extension in self.extensions:
            extension.extra_compile_args = self.flags.get(kind, []) + ["-DVERSION=" + self.distribution.get_version()]
        super().build_extensions()

    def build_extension(self, extension):
        if extension.name == "second":
            extension.extra_compile_args.append("-DONLY_SECOND=1")
        super().build_extension(extension)

setup(
    name="subclasses",
    version="7",
    ext_modules=[CppExtension("first", ["first.cpp"]), CppExtension("second", ["second.cpp"])],
    cmdclass={"build_ext": Build},
)
`,
  "helpers.py": `def generate(path, value):
    with open(path, "w") as file:
        file.write("#define GENERATED %d\\n" % value)
`,
  "first.cpp": pythonModule("first", "BY_TYPE + VERSION + GENERATED", '#include "generated.h"'),
  "second.cpp": pythonModule("second", "BY_TYPE + VERSION + ONLY_SECOND"),
};

/** The way of the years before torch had a builder: `_compile` of the compiler is replaced to send flags by suffix. */
export const customCompile: SetupProject = {
  "setup.py": `import os
from setuptools import setup, Extension
from setuptools.command.build_ext import build_ext

def customize(compiler):
    default = compiler._compile

    def _compile(obj, src, ext, cc_args, extra_postargs, pp_opts):
        key = "c" if os.path.splitext(src)[1] == ".c" else "gcc"
        default(obj, src, ext, cc_args, extra_postargs[key], pp_opts)

    compiler._compile = _compile

class custom_build_ext(build_ext):
    def build_extensions(self):
        customize(self.compiler)
        super().build_extensions()

setup(
    name="custom",
    ext_modules=[
        Extension("custom", ["custom.cpp", "part.c"], extra_compile_args={"gcc": ["-DFLAG=40"], "c": ["-DPART=2"]}),
    ],
    cmdclass={"build_ext": custom_build_ext},
)
`,
  "custom.cpp": pythonModule("custom", "FLAG + part()", 'extern "C" int part();'),
  "part.c": "int part(void) { int class = PART; return class; }\n",
};

/** Bindings in a folder below: sources outside, variables that are set, programs that are asked, headers that are copied. */
export const bindings: SetupProject = {
  "version.txt": "VERSION 1.7\n",
  "src/api.cpp": `#include "api.h"\nlong api() { return API; }\n`,
  "include/api.h": "#pragma once\n#define API 70\nlong api();\n",
  "bindings/torch/setup.py": `import glob, os, re, shutil, subprocess, sys
from setuptools import setup
import torch

if "CUDA_HOME" not in os.environ and "CUDA_PATH" in os.environ:
    os.environ["CUDA_HOME"] = os.environ["CUDA_PATH"]
from torch.utils.cpp_extension import BuildExtension, CppExtension

here = os.path.dirname(os.path.realpath(__file__))
root = os.path.abspath(os.path.join(here, "../.."))
with open(os.path.join(root, "version.txt")) as file:
    version = file.read().split()[1]
if "--no-networks" in sys.argv:
    sys.argv.remove("--no-networks")
os.environ["TORCH_CUDA_ARCH_LIST"] = ""
os.environ["CPLUS_INCLUDE_PATH"] = os.path.join(root, "include")
if os.system("gcc --version") == 0:
    gcc = subprocess.check_output(["gcc", "--version"]).decode()
    print(re.search(r"\\d+\\.\\d+", gcc).group(0))
commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
rtc = os.path.join(here, "bound", "rtc")
shutil.rmtree(rtc, ignore_errors=True)
os.makedirs(rtc)
for header in glob.glob(root + "/include/*"):
    shutil.copyfile(header, os.path.join(rtc, os.path.basename(header)))
walked = [os.path.join("..", path, f) for path, _, files in os.walk(rtc) for f in files]
setup(
    name="bound",
    version=version,
    packages=["bound"],
    package_data={"": walked},
    ext_modules=[
        CppExtension(
            "bound._7_C",
            ["bound/bindings.cpp", "../../src/api.cpp"],
            define_macros=[("COMMIT", '"%s"' % commit)],
            extra_compile_args={"cxx": ["-std=c++17", "-DMIN=7"], "nvcc": ["--use_fast_math"]},
        )
    ],
    cmdclass={"build_ext": BuildExtension},
)
`,
  "bindings/torch/bound/__init__.py": "",
  "bindings/torch/bound/bindings.cpp": pythonModule(
    "_7_C",
    "api() + MIN",
    `#include <api.h>\n#if __cplusplus != 201703L\n#error "the standard was named"\n#endif\nstatic const char* commit = COMMIT;\n`,
  ).replace("PyLong_FromLong(", "(void)commit, PyLong_FromLong("),
};

/**
 * Kernels for several architectures: the toolkit is asked for its version, architectures stand among the flags, a thread
 * count, folders as Paths, flags that take back torch's macros, a mixed extension and one of C++ alone.
 */
export const kernels: SetupProject = {
  "setup.py": `import os, subprocess
from pathlib import Path
from setuptools import find_packages, setup
import torch
from torch.utils.cpp_extension import CUDA_HOME, BuildExtension, CUDAExtension

here = Path(__file__).resolve().parent
output = subprocess.check_output([CUDA_HOME + "/bin/nvcc", "-V"], universal_newlines=True).split()
release = output[output.index("release") + 1].split(",")[0]
if float(release) < 11.6:
    raise RuntimeError("too old")
print("torch", torch.__version__, "with CUDA", release)
subprocess.run(["git", "submodule", "update", "--init", "csrc/cutlass"])
arch = ["-gencode", "arch=compute_80,code=sm_80"]
generator = ["-DOLD"] if os.path.exists(os.path.join(torch.__path__[0], "include", "ATen", "Old.h")) else []
setup(
    name="kernels",
    packages=find_packages(exclude=("build", "csrc")),
    ext_modules=[
        CUDAExtension(
            name="kernels_2_cuda",
            sources=["csrc/api.cpp", "csrc/fwd.cu", "csrc/bwd.cu"],
            extra_compile_args={
                "cxx": ["-O3", "-std=c++17"] + generator,
                "nvcc": ["-O3", "-std=c++17", "-U__CUDA_NO_HALF_OPERATORS__", "--expt-relaxed-constexpr",
                         "--use_fast_math", "--threads", "4", "-Xcompiler", "-Wno-unused"] + generator + arch,
            },
            define_macros=[("VALUE", "3")],
            include_dirs=[here / "csrc" / "inc"],
        ),
        CUDAExtension("kernels_host", ["csrc/host.cpp"], libraries=["m"]),
    ],
    cmdclass={"build_ext": BuildExtension},
)
`,
  "kernels/__init__.py": "",
  "csrc/inc/value.h": "#pragma once\nlong forward();\nlong backward();\n",
  "csrc/api.cpp": pythonModule("kernels_2_cuda", "forward() + backward()", '#include "value.h"'),
  "csrc/fwd.cu": `#include "value.h"
__global__ void kernel(int* out) { *out = VALUE; }
long forward() { return VALUE; }
`,
  "csrc/bwd.cu": '#include "value.h"\nlong backward() { return 4; }\n',
  "csrc/host.cpp": pythonModule("kernels_host", "CUDART_VERSION > 0", "#include <cuda_runtime_api.h>"),
};

/** Relocatable device code: torch links it before the link of the module when it is asked to. */
export const deviceLinked: SetupProject = {
  "setup.py": `from setuptools import setup
from torch.utils.cpp_extension import BuildExtension, CUDAExtension
setup(
    name="linked",
    ext_modules=[
        CUDAExtension("linked", ["linked.cpp", "one.cu", "two.cu"], dlink=True, dlink_libraries=["cudadevrt"],
                      extra_compile_args={"cxx": [], "nvcc": ["-rdc=true"], "nvcc_dlink": ["--verbose"]}),
    ],
    cmdclass={"build_ext": BuildExtension},
)
`,
  "linked.cpp": pythonModule("linked", "start()", "int start();"),
  "one.cu": `extern __device__ int far(int);
__global__ void run(int* out) { *out = far(*out); }
int start() { return 42; }
`,
  "two.cu": "__device__ int far(int x) { return x + 1; }\n",
};
