/** Every failure code, what it means and what to do. `docs/failures.md` is generated from this table. */

/** How one failure code is documented. */
export interface FailureCodeEntry {
  /** Exit status of the command line: 1 the build failed, 2 usage, configuration or environment. */
  readonly exit: 1 | 2 | 130;
  readonly meaning: string;
  readonly todo: string;
}

export const failureCodes = {
  USAGE: {
    exit: 2,
    meaning: "The command line could not be understood.",
    todo: "See `retorch --help` or `retorch COMMAND --help`.",
  },
  BUILD_FAILED: {
    exit: 1,
    meaning: "A compiler or linker failed.",
    todo: "Read the first error above; `retorch build -v` shows the full command.",
  },
  INPUT_MISSING: {
    exit: 2,
    meaning: "A file that an action needs is not there.",
    todo: "Check the path in the configuration; generated files must exist before the build starts.",
  },
  DISK_FULL: {
    exit: 1,
    meaning: "No space was left on the disk while the build wrote to it.",
    todo: "Free some space and build again: what was finished is kept. `retorch cache gc` shrinks the store.",
  },
  TOO_MANY_OPEN_FILES: {
    exit: 1,
    meaning: "The limit of open files was reached.",
    todo: "Raise it with `ulimit -n 4096`, or build with fewer jobs.",
  },
  NOT_WRITABLE: {
    exit: 2,
    meaning: "A folder or file could not be written.",
    todo: "Change its permissions, or choose another place with `--out`.",
  },
  IO_ERROR: {
    exit: 1,
    meaning: "The operating system refused to read or write a file.",
    todo: "The message names the file and the system's own error.",
  },
  IMPORT_FAILED: {
    exit: 1,
    meaning: "The extension was built, but the target Python cannot load it (`--check`).",
    todo: "The quoted error names the missing library or symbol; `retorch env` shows what it was built for.",
  },
  GPU_NOT_SERVED: {
    exit: 1,
    meaning:
      "The extension was built and can be imported, but holds no code that runs on a GPU of this machine (`--check`).",
    todo: "Build it for that GPU as well: the hint names the list for `TORCH_CUDA_ARCH_LIST`.",
  },
  TARGET_UNKNOWN: {
    exit: 2,
    meaning: "`retorch explain` was given a name that no action has.",
    todo: "Name a source, an object or an extension; `retorch explain` without a name lists all.",
  },
  CANCELLED: {
    exit: 130,
    meaning: "The build was interrupted.",
    todo: "Run it again: what was finished is kept.",
  },
  INSPECT_NO_FILE: {
    exit: 2,
    meaning: "The file to be inspected is missing, is no file, or is a link that leads to none.",
    todo: "Give the path of a built extension (`.so`, `.pyd`, `.dylib`) or of a wheel.",
  },
  INSPECT_UNKNOWN_FORMAT: {
    exit: 2,
    meaning: "The file is neither ELF, PE, Mach-O nor a wheel.",
    todo: "Give the path of a built extension (`.so`, `.pyd`, `.dylib`) or of a wheel.",
  },
  INSPECT_DAMAGED: {
    exit: 2,
    meaning: "The file begins like a known format but what follows contradicts itself: it is cut off or damaged.",
    todo: "Build or download it again.",
  },
  CONFIG_INVALID: {
    exit: 2,
    meaning:
      "`retorch.toml` or `[tool.retorch]` in `pyproject.toml` is not valid TOML, or says something that is not understood.",
    todo: "Correct the line and column that the message names; `docs/configuration.md` lists every key.",
  },
  PATH_NOT_FOUND: {
    exit: 2,
    meaning: "A path on the command line leads nowhere.",
    todo: "Check the path; it is taken relative to the current folder.",
  },
  NO_SOURCES: {
    exit: 2,
    meaning: "The folder holds nothing to compile.",
    todo: "Name the sources, or go to the folder that holds them.",
  },
  SOURCE_NOT_FOUND: {
    exit: 2,
    meaning: "A source or a file that the configuration names is missing, or a pattern matches no file.",
    todo: "Correct the path or the pattern; both are taken relative to the project folder.",
  },
  SOURCE_UNSUPPORTED: {
    exit: 2,
    meaning: "Something that is not compiled was given as a source: a header, a folder, a file of an unknown kind.",
    todo: "List only sources; headers are found where they are included.",
  },
  SOURCE_DUPLICATE: {
    exit: 2,
    meaning: "The same source is listed twice for one extension.",
    todo: "Remove one of the two.",
  },
  NAME_INVALID: {
    exit: 2,
    meaning: "The name of an extension cannot be imported in Python, or does not fit what its sources define.",
    todo: "Give a name made of letters, digits and underscores, with dots between packages.",
  },
  KIND_UNKNOWN: {
    exit: 2,
    meaning: "Nothing in the sources says whether they make a Python module, a library of operators or a program.",
    todo: "Say it with `--kind`, or add what is missing (`PYBIND11_MODULE`, `TORCH_LIBRARY`, `main`).",
  },
  MODULE_AMBIGUOUS: {
    exit: 2,
    meaning: "The sources define more than one module or program, so that they cannot become one extension.",
    todo: "Build them one by one, or describe each in a `retorch.toml`.",
  },
  ARTIFACT_CONFLICT: {
    exit: 2,
    meaning: "Two extensions of the project would be written to the same file.",
    todo: "Rename one of them, or give it another `out-dir`.",
  },
  REQUEST_INVALID: {
    exit: 2,
    meaning: "What was given with `--request` is no captured request, or one of another version.",
    todo: "Use the Python package and the command of the same version of retorch; `docs/captured-request.md` describes it.",
  },
  SETUP_PY_UNSUPPORTED: {
    exit: 2,
    meaning:
      "The folder is described by a `setup.py` only, and whoever asks cannot read one (a program that uses the library).",
    todo: "Name the sources, or describe the extension in a `retorch.toml`.",
  },
  SETUP_PY_FAILED: {
    exit: 2,
    meaning: "The `setup.py` raised an error before it had declared its extensions.",
    todo: "The traceback says where; `python setup.py build_ext --inplace` fails alike.",
  },
  SETUP_PY_IMPORT: {
    exit: 2,
    meaning: "The `setup.py` imports a module that the target Python does not have.",
    todo: "Install it in that Python, or name another with `--python`.",
  },
  SETUP_PY_TORCH_MISSING: {
    exit: 2,
    meaning: "The `setup.py` imports torch, and the target Python has none; in an isolated build it cannot be seen.",
    todo: "Name the Python that has torch with `--python`; under pip or uv use `--no-build-isolation`.",
  },
  SETUP_PY_NO_SETUPTOOLS: {
    exit: 2,
    meaning: "The target Python has no setuptools (since 3.12 none comes with it).",
    todo: "`python -m pip install setuptools`.",
  },
  SETUP_PY_EXITED: {
    exit: 2,
    meaning: "The `setup.py` ended before it had called `setup()` with extensions.",
    todo: "Read what it printed: it usually says what it misses.",
  },
  SETUP_PY_NO_EXTENSIONS: {
    exit: 2,
    meaning: "The `setup.py` declares no extension: a pure Python package, or extensions that it leaves out here.",
    todo: "Look for the variable or the condition that turns them on (`FORCE_CUDA=1` and the like).",
  },
  SETUP_PY_ASKS: {
    exit: 2,
    meaning: "The `setup.py` waits for an answer from the keyboard.",
    todo: "Give the answer as the script takes it without a terminal: a variable, an option.",
  },
  SETUP_PY_TIMEOUT: {
    exit: 2,
    meaning: "The `setup.py` did not come to an end.",
    todo: "Run it by itself once: it may download or generate something.",
  },
  SETUP_PY_OTHER_BUILD: {
    exit: 2,
    meaning: "The `setup.py` compiles with something else than setuptools: CMake, commands of its own.",
    todo: "Use the project's own build, or describe its sources in a `retorch.toml`.",
  },
  EXPORT_UNSUPPORTED_PATH: {
    exit: 2,
    meaning: "The tool that the build is exported for cannot name one of its files.",
    todo: "Rename the file, or export for another tool; `retorch export sh` can name every file.",
  },
  EXPORT_UNSUPPORTED_ACTION: {
    exit: 2,
    meaning: "The build has a step that the tool it is exported for cannot express.",
    todo: "Use another export: `retorch export ninja`, `make` or `sh` write every step.",
  },
  EXPORT_UNSUPPORTED_VALUE: {
    exit: 2,
    meaning: "A flag or variable holds a line break, which the tool that the build is exported for cannot take.",
    todo: "Take the line break out, or use `retorch export sh`.",
  },
  FILE_EXISTS: {
    exit: 2,
    meaning: "A file that retorch was asked to write is there already, and retorch did not write it.",
    todo: "Remove or rename it, or name another file.",
  },
  PYTHON_NOT_FOUND: {
    exit: 2,
    meaning: "No Python interpreter was found, or the one that was named cannot be run.",
    todo: "Activate an environment, make `.venv` beside the project, or name an interpreter with `--python`; `retorch env` shows where it was looked for.",
  },
  PYTHON_TOO_OLD: {
    exit: 2,
    meaning: "The Python interpreter is older than any PyTorch that is supported, or than the build backend supports.",
    todo: "Use a newer one: `--python PATH`.",
  },
  PYTHON_HEADERS_MISSING: {
    exit: 2,
    meaning: "`Python.h` of the target interpreter is not installed.",
    todo: "Install the interpreter's development package (`python3-dev`, `python3-devel`), or use an interpreter that brings its headers.",
  },
  TORCH_NOT_FOUND: {
    exit: 2,
    meaning: "PyTorch is not installed in the target interpreter, and no LibTorch was named.",
    todo: "Install it there with pip, or name another interpreter with `--python`.",
  },
  TORCH_BROKEN: {
    exit: 2,
    meaning: "The PyTorch that was found is not complete: its headers or libraries are missing.",
    todo: "Install it again; Debian's `python3-torch` needs `libtorch-dev` beside it.",
  },
  TORCH_OTHER_PYTHON: {
    exit: 2,
    meaning: "The PyTorch that was found was built for another Python than the target interpreter.",
    todo: "Install PyTorch for this interpreter, or name the other one with `--python`.",
  },
  TORCH_WITHOUT_CUDA: {
    exit: 2,
    meaning: "The extension needs CUDA, but the installed PyTorch was built without it.",
    todo: "Install a CUDA build of PyTorch, or build without the CUDA sources.",
  },
  CUDA_NOT_FOUND: {
    exit: 2,
    meaning: "No CUDA toolkit with `nvcc` was found.",
    todo: "Install one (`pip install nvidia-cuda-nvcc nvidia-cuda-runtime nvidia-nvvm nvidia-cuda-crt nvidia-cuda-cccl`, or NVIDIA's packages), or set `CUDA_HOME`.",
  },
  CUDA_MISMATCH: {
    exit: 2,
    meaning: "The CUDA toolkit and the installed PyTorch are of different major CUDA versions.",
    todo: "Point `CUDA_HOME` at a toolkit of PyTorch's CUDA version, or install PyTorch for the toolkit's.",
  },
  CUDA_TOO_OLD: {
    exit: 2,
    meaning: "`nvcc` is too old for the C++ standard that the installed PyTorch needs.",
    todo: "Use a newer toolkit: C++17 needs CUDA 11, C++20 needs CUDA 12.",
  },
  COMPILER_NOT_FOUND: {
    exit: 2,
    meaning: "No C++ compiler was found, or the one that was named cannot be run.",
    todo: "Install g++ or clang (`apt install g++`), or set `CXX`.",
  },
  COMPILER_TOO_OLD: {
    exit: 2,
    meaning: "The C++ compiler does not know the C++ standard that the installed PyTorch needs.",
    todo: "Install a newer one and set `CXX`: C++20 needs GCC 11 or Clang 10, C++17 needs GCC 9 or Clang 5.",
  },
  COMPILER_TOO_NEW: {
    exit: 2,
    meaning: "The host compiler is newer than the CUDA toolkit accepts.",
    todo: "Install an older one beside it and set `CC` for nvcc, use a newer toolkit, or pass `-allow-unsupported-compiler` to nvcc at your own risk.",
  },
  LINKER_NOT_FOUND: {
    exit: 2,
    meaning: "The linker that the compiler would call is not installed.",
    todo: "Install it (`binutils`, `lld`, `mold`), or take the `-fuse-ld` flag away.",
  },
  ROCM_NOT_FOUND: {
    exit: 2,
    meaning: "The installed PyTorch is a ROCm build, but `hipcc` was not found.",
    todo: "Install ROCm or set `ROCM_HOME`.",
  },
  SYCL_NOT_FOUND: {
    exit: 2,
    meaning: "The extension has SYCL sources, but `icpx` was not found.",
    todo: "Install the oneAPI compiler and source its `setvars.sh`.",
  },
  STORE_UNSAFE: {
    exit: 2,
    meaning: "The folder of stored results belongs to another user, can be written by others, or is a symbolic link.",
    todo: "Take the rights away from others with the command in the message, or set `RETORCH_CACHE_DIR` to a folder of your own.",
  },
  STORE_SIZE_INVALID: {
    exit: 2,
    meaning: "`RETORCH_CACHE_SIZE` is not a size.",
    todo: "Give a number with a unit: `500M`, `5G`, or `0` for no limit.",
  },
  BUILD_DIR_UNSAFE: {
    exit: 2,
    meaning:
      "The build folder belongs to another user, can be written by others, or is a symbolic link: what lies in it cannot be trusted.",
    todo: "Remove it, or take the rights away from others with the command in the message.",
  },
  CUDA_ARCH_UNKNOWN: {
    exit: 2,
    meaning: "A word in the list of GPU architectures (`cuda-arch`, `--arch`, `TORCH_CUDA_ARCH_LIST`) is none.",
    todo: "Write compute capabilities (`8.0`, `9.0a`, `12.0+PTX`), `native`, `all`, `all-major` or a name such as `Hopper`.",
  },
  CUDA_ARCH_UNSUPPORTED: {
    exit: 2,
    meaning:
      "The CUDA toolkit does not compile for a GPU architecture that was asked for, or for the GPU that is there.",
    todo: "Take the architecture out of the list, or use a toolkit that knows it; the message says which.",
  },
  NVCC_PATH_UNSUPPORTED: {
    exit: 2,
    meaning: "nvcc cannot compile a file of this name: it hands names to a shell without quoting them.",
    todo: "Rename the file or the folder; quotes, `$` and backquotes are what it stumbles over.",
  },
  LIMITED_API_UNSUPPORTED: {
    exit: 2,
    meaning: "A module for the limited C API of Python was asked for, which the target interpreter does not have.",
    todo: "Build without `py-limited-api`, or for an interpreter that is not free-threaded.",
  },
  LANGUAGE_UNSUPPORTED: {
    exit: 2,
    meaning: "A source is in a language that is not compiled on this platform or for this PyTorch.",
    todo: "Leave the source out on this platform.",
  },
} as const satisfies Record<string, FailureCodeEntry>;

/** A stable name of a failure. */
export type FailureCode = keyof typeof failureCodes;
