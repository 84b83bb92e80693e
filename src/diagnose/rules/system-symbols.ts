/** Symbols of the C and C++ libraries, of Python and of the compiler's run times that were not found. */
import { typedBuild } from "../commands/typed-builds.ts";
import { typedWithCxxDriver } from "../commands/typed-again.ts";
import { platformOf, python, pythonVersion, rebuild, reinstall, torchAgain } from "../commands/commands.ts";
import { packageOf } from "../tables/packages.ts";
import type { Finding } from "../finding.ts";
import type { Match, Rule } from "../rule.ts";
import { gccOfSymbol, newestGccFor } from "../tables/version-facts.ts";
import { symbolFacts, verdictOf } from "./symbol-facts.ts";
import { is, owned } from "./symbol-owners.ts";

/** `ldd -r` lists what a library leaves open: Python's symbols always, which is as it should be. */
function listedByLdd(finding: Finding): boolean {
  return /^undefined symbol: \S+\s+\(\S+\)$/.test(finding.text);
}

/** Whether torch's own library asks, not an extension. */
/** Whether dyld refuses to start a program, which then is no Python. */
function ofProgram(match: Match): boolean {
  return /^dyld(?:\[\d+\])?: /.test(match.finding.message) && match.context.log.runningModule === undefined;
}

function torchItself(match: Match): boolean {
  return /(?:^|[\\/])lib(?:torch\w*|c10\w*)\.(?:so|dylib)|[\\/]torch[\\/]_C\./.test(match.finding.file ?? "");
}

/** Whether the link lacks a symbol that is neither Python's nor one of the system's. */
function othersMissing({ context }: Match): boolean {
  return context.findings.some(
    (other) => other.kind === "undefined-symbol" && other.phase === "link" && verdictOf(other)?.owner === "user",
  );
}

/** The gcc whose headers ask for the symbol. */
function gccOf({ finding }: Match): string | undefined {
  return gccOfSymbol(finding.symbol ?? "");
}

/** conda's C++ library in a release that has the symbol. */
function newerLibrary(match: Match): string {
  const gcc = gccOf(match);
  return gcc === undefined ? "libstdcxx-ng" : `"libstdcxx-ng>=${gcc}"`;
}

/** A gcc from before the symbol, which the CUDA of torch takes as well. */
function olderGcc(match: Match): number {
  const before = Number(gccOf(match)) - 1;
  const cuda = match.context.log.torchCuda;
  return Math.min(before, (cuda === undefined ? undefined : newestGccFor(cuda)) ?? before);
}

/** The module that was imported, as its file is called; one inside a package is imported by that package. */
function moduleOf({ finding }: Match): string | undefined {
  const file = finding.file ?? "";
  const inside = /(?:site|dist)-packages[\\/]([A-Za-z_]\w*)[\\/]/.exec(file)?.[1];
  if (inside !== undefined) return inside === "torch" ? undefined : inside;
  return /(?:^|[\\/])([A-Za-z]\w*)\.(?:cpython-|abi3\.so)[^\\/]*$/.exec(file)?.[1];
}

/** By the prefix of its functions. */
function sanitizer({ facts }: Match): { short: string; name: string } {
  const short = /_(ubsan|tsan|lsan|msan)_/.exec(facts["name"] ?? "")?.[1] ?? "asan";
  const names: Readonly<Record<string, string>> = { ubsan: "undefined", tsan: "thread", lsan: "leak", msan: "memory" };
  return { short, name: names[short] ?? "address" };
}

function toLinkSanitizer(match: Match): string[] {
  const flag = `-fsanitize=${sanitizer(match).name}`;
  return [
    `# the sources were compiled with ${flag} and linked without it: take it out of the flags, or give it to the link, too (setup.py: extra_link_args=["${flag}"]; CMake: target_link_options); then`,
    ...(match.finding.phase === "load" ? rebuild(match) : []),
  ];
}

/** The link again by g++, where the text shows that the driver of C linked. */
function withCxxDriver(match: Match): string[] {
  const typed = typedWithCxxDriver(match);
  if (typed !== undefined) return [typed];
  const { linkProgram } = match.context.log;
  const make = typedBuild(match);
  return make?.tool === "make" && /^(?:\S*\/)?(?:gcc|cc|clang)(?:-\d+)?$/.test(linkProgram ?? "")
    ? [
        `${make.line} CC=${/clang/.test(linkProgram ?? "") ? "clang++" : "g++"}   # the Makefile links by $(CC); for good: $(CXX) in the line that links`,
      ]
    : [];
}

export const systemSymbolRules: readonly Rule[] = [
  {
    id: "filesystem-not-linked",
    title: "std::filesystem needs a library of its own with gcc 8",
    on: ["undefined-symbol"],
    specificity: 70,
    matches: (finding, context) => {
      const verdict = is(finding, (v) => v.symbol.path[0] === "std" && v.symbol.path.includes("filesystem"));
      return verdict === undefined ? undefined : symbolFacts(finding, verdict, context);
    },
    confidence: "high",
    cause: () =>
      "std::filesystem lives in a separate library, stdc++fs, with gcc 8 (and c++fs with clang below 9); it is not linked.",
    fix: (match) => {
      const name = packageOf(match);
      if (match.finding.phase !== "load" && platformOf(match) === "linux")
        return [
          "sudo apt-get install gcc-9 g++-9   # not there: sudo add-apt-repository -y ppa:ubuntu-toolchain-r/test && sudo apt-get update, then again",
          "# Fedora, RHEL: sudo dnf install gcc-toolset-11",
          "export CC=gcc-9 CXX=g++-9   # has them in libstdc++ itself",
          "rm -rf build   # all objects anew",
          "# or with the compiler that is there: the library stdc++fs (-lstdc++fs) behind the objects: libraries=['stdc++fs'] in setup.py, target_link_libraries(… stdc++fs)",
        ];
      if (match.finding.phase !== "load" || name === undefined || match.context.log.platform === "win32")
        return ["# add the library stdc++fs (link flag -lstdc++fs), or use gcc >= 9"];
      return [
        "g++ --version; ls /usr/bin/g++-*   # it was compiled by a gcc before 9; a newer one has the functions in libstdc++ itself",
        "export CC=gcc CXX=g++   # that newer one by its name: gcc-11 and g++-11, where g++ --version says less than 9",
        ...reinstall(match, name),
      ];
    },
    sources: ["https://gcc.gnu.org/gcc-9/changes.html"],
    examples: [
      {
        text: "a.o: In function `f': a.cpp:(.text+0x9): undefined reference to `std::filesystem::__cxx11::path::_M_split_cmpts()'",
        expect: "stdc++fs",
      },
    ],
  },
  {
    id: "cxx-library-not-linked",
    title: "Linked without the C++ library",
    on: ["undefined-symbol"],
    specificity: 60,
    matches: (finding, context) => (finding.phase === "link" ? owned(finding, context, "libstdc++") : undefined),
    confidence: "medium",
    cause: (match) =>
      `\`${match.facts["readable"] ?? ""}\` is of the C++ library, which is not linked, or is older than the one that the objects were compiled with: the link ran with gcc or ld instead of g++, or objects of a newer compiler or of another C++ library (libc++) are linked in.`,
    fix: (match) => [
      ...withCxxDriver(match),
      "# link with the C++ driver (g++, clang++), the same one that compiled: CXX=g++",
      "# mixed compilers: build all objects again with one of them",
    ],
    sources: ["rui314/mold#223"],
    examples: [
      {
        text: "mold: error: undefined symbol: operator delete(void*)\n>>> referenced by ircconnection.cpp",
        expect: "g++",
      },
    ],
  },
  {
    id: "libstdcxx-symbol-missing",
    title: "The C++ library at run time is older than the one it was built with",
    on: ["undefined-symbol"],
    specificity: 60,
    matches: (finding, context) => owned(finding, context, "libstdc++"),
    confidence: "medium",
    cause: (match) =>
      `\`${match.facts["readable"] ?? ""}\` is of the C++ library, and the one that Python has loaded does not have it: the extension was compiled with ${gccOf(match) === undefined ? "a newer gcc (or with libc++)" : `gcc ${gccOf(match) ?? ""} or newer, whose headers ask for it, and that is newer`} than the libstdc++.so.6 that is found first at run time, often conda's or a bundled one.`,
    fix: (match) => [
      ...(match.context.log.conda ? [`conda install -c conda-forge ${newerLibrary(match)}`] : []),
      `LD_PRELOAD=$(g++ -print-file-name=libstdc++.so.6) ${python(match)} -c "import ${["torch", moduleOf(match) ?? []].flat().join(", ")}"   # then the program in the same way: with the compiler's own library`,
      `${python(match)} -c "import ctypes.util,subprocess; print(subprocess.getoutput('ldconfig -p | grep libstdc++'))"`,
      ...(match.context.log.conda
        ? []
        : [`conda install -c conda-forge ${newerLibrary(match)}   # when the Python is of a conda environment`]),
      gccOf(match) === undefined
        ? "# or build again with a gcc that is not newer than that library: CC=gcc-<N> CXX=g++-<N>"
        : `# or build again with an older gcc, in a clean build folder: CC=gcc-${olderGcc(match)} CXX=g++-${olderGcc(match)}   # or older`,
    ],
    sources: ["https://gcc.gnu.org/onlinedocs/libstdc++/manual/abi.html"],
    examples: [
      {
        text: "ImportError: /p/x.so: undefined symbol: _ZSt28__throw_bad_array_new_lengthv",
        expect: "gcc 11 or newer",
      },
      {
        text: "ImportError: /p/x.cpython-37m-x86_64-linux-gnu.so: undefined symbol: _ZNSt15__exception_ptr13exception_ptr9_M_addrefEv",
        expect: "CC=gcc-10",
      },
      {
        text: "torch 2.2.1+cu121\nImportError: /home/u/.conda/envs/e/lib/python3.8/site-packages/my_ops.cpython-38-x86_64-linux-gnu.so: undefined symbol: __cxa_call_terminate",
        expect: 'conda install -y -c conda-forge "libstdcxx-ng>=14"',
      },
      {
        text: "torch 2.2.1+cu121\nImportError: /p/my_ops.cpython-38-x86_64-linux-gnu.so: undefined symbol: __cxa_call_terminate",
        expect: "CC=gcc-12 CXX=g++-12",
      },
      {
        text: "ImportError: /p/my_ops.cpython-38-x86_64-linux-gnu.so: undefined symbol: __cxa_call_terminate",
        expect: 'python -c "import torch, my_ops"',
      },
    ],
  },
  {
    id: "glibc-symbol-missing",
    title: "Built on a system with a newer C library",
    on: ["undefined-symbol"],
    specificity: 55,
    matches: (finding, context) => owned(finding, context, "glibc"),
    confidence: "medium",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\` is of the C library. ${(match.facts["name"] ?? "").startsWith("__isoc23") ? "It came with glibc 2.38: an object or archive was compiled on a newer system than this one." : match.finding.phase === "link" ? "The object was compiled against another version of it, or the library that held it before glibc 2.34 (pthread, dl, rt) is not linked." : "The file was built on a newer system, or for another C library (musl), than the one that runs it."}`,
    fix: (match) => [
      ...rebuild(match),
      "# or build in the container of the oldest system that has to run it (manylinux); before glibc 2.34: -lpthread -ldl -lrt",
    ],
    sources: ["https://sourceware.org/glibc/wiki/Release/2.38"],
    examples: [{ text: "/usr/bin/ld: libfoo.a(x.o): undefined reference to `__isoc23_strtol'", expect: "2.38" }],
  },
  {
    id: "python-abi-mismatch",
    title: "Built for another Python",
    on: ["undefined-symbol"],
    specificity: 70,
    matches: (finding, context) =>
      finding.phase === "load" && !listedByLdd(finding) ? owned(finding, context, "python") : undefined,
    confidence: "high",
    cause: (match) =>
      ofProgram(match)
        ? `\`${match.facts["name"] ?? ""}\` is of Python's C API, and the program that starts is no Python: it is linked to a library that needs one (libtorch_python, which is for torch's Python side, or an extension module).`
        : match.context.log.pythonPreview !== undefined
          ? `\`${match.facts["name"] ?? ""}\` is of Python's C API, and this interpreter is a preview (${match.context.log.pythonPreview}), from before that function came or after it went: wheels are for the final releases.`
          : torchItself(match)
            ? `\`${match.facts["name"] ?? ""}\` is of Python's C API, and the interpreter${pythonVersion(match) === undefined ? "" : ` (${pythonVersion(match) ?? ""})`} that loads torch's own library does not have it: that torch was installed for another Python version (a folder of another environment on PYTHONPATH, an environment whose Python was upgraded, a C++ program that is linked to another libpython).`
            : `\`${match.facts["name"] ?? ""}\` is of Python's C API, and this interpreter${pythonVersion(match) === undefined ? "" : ` (${pythonVersion(match) ?? ""})`} does not have it: the extension was compiled for another Python version (or for a debug or free-threaded one), ` +
              "or a file of an older Python was renamed or copied over.",
    fix: (match) =>
      ofProgram(match)
        ? [
            "# leave libtorch_python out of the program's link and bundle: LibTorch needs torch, torch_cpu and c10 alone (CUDA: torch_cuda, c10_cuda)",
            `${platformOf(match) === "darwin" ? "otool -L" : "ldd"} <the program>   # who asks for it?`,
            "# a program that runs Python inside links Python itself: find_package(Python COMPONENTS Development.Embed), target_link_libraries(app Python::Python)",
          ]
        : match.context.log.pythonPreview !== undefined
          ? [
              `# an environment with a final release of Python: uv venv --python ${/^\d+\.\d+/.exec(match.context.log.pythonPreview)?.[0] ?? "3.12"}   (conda create -n e python=…; pyenv install …), and torch in it`,
              `${python(match)} -VV`,
            ]
          : torchItself(match)
            ? [
                `${python(match)} -c "import sys; print(sys.version, sys.path)"   # is torch's folder this Python's?`,
                torchAgain(match),
              ]
            : rebuild(match),
    sources: ["https://docs.python.org/3/whatsnew/3.12.html#removed"],
    examples: [
      {
        text: "ImportError: /p/_C.cpython-310-x86_64-linux-gnu.so: undefined symbol: _PyThreadState_UncheckedGet",
        expect: "another Python version",
      },
      { text: "dyld[4312]: symbol not found in flat namespace '_PyArg_ParseTuple'", expect: "libtorch_python" },
      {
        text: "Python 3.11.0a6\nImportError: dlopen(/v/lib/python3.11/site-packages/torch/_C.cpython-311-darwin.so, 0x0002): symbol not found in flat namespace '_PyFrame_GetLasti'",
        expect: "preview (3.11.0a6)",
      },
      {
        text: "ImportError: /p/x.so: undefined symbol: PyUnicodeUCS4_FromStringAndSize",
        expect: "build_ext --inplace --force",
      },
    ],
  },
  {
    id: "python-not-linked",
    title: "Python's symbols are missing at the link",
    on: ["undefined-symbol"],
    specificity: 70,
    matches: (finding, context) => (finding.phase === "link" ? owned(finding, context, "python") : undefined),
    // Where all symbols have to be resolved, Python's are listed beside the one that is really missing.
    confidence: (match) => (othersMissing(match) ? "low" : "medium"),
    cause: (match) =>
      `${othersMissing(match) ? "Not the fault by itself: what else is missing is. " : ""}\`${match.facts["name"] ?? ""}\` is of Python. A module leaves such symbols open until it is imported; here the linker was told to resolve all: on macOS \`-undefined dynamic_lookup\` is missing, elsewhere a program is linked or --no-undefined is given, or the library is of another Python version or architecture.`,
    fix: (match) => [
      "# macOS module: add the link flags -undefined dynamic_lookup",
      "# a program that embeds Python: add what this prints",
      `${python(match)}-config --ldflags --embed`,
    ],
    sources: ["https://docs.python.org/3/extending/building.html"],
    examples: [
      {
        text: 'Undefined symbols for architecture arm64:\n  "_PyArg_ParseTuple", referenced from:\n      _f in m.o\nld: symbol(s) not found for architecture arm64',
        expect: "dynamic_lookup",
      },
    ],
  },
  {
    id: "openmp-not-linked",
    title: "OpenMP is used but not linked",
    on: ["undefined-symbol"],
    specificity: 70,
    // MKL's layer of threads is no extension that one compiles.
    matches: (finding, context) =>
      /libmkl_\w*thread/.test(finding.file ?? "") ? undefined : owned(finding, context, "openmp"),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\` is of the OpenMP run time${/kmp/.test(match.facts["name"] ?? "") ? " of clang and Intel (libomp)" : " of gcc (libgomp)"}: the sources were compiled with -fopenmp, the link was not, or compile and link used different compilers.`,
    fix: (match) => [
      ...(linksByVariable(match)
        ? [
            'export LDFLAGS="$LDFLAGS -fopenmp"   # setuptools and CMake (in an empty build folder) take it for the link',
          ]
        : []),
      '# give -fopenmp to the link as well: setup.py: extra_link_args=["-fopenmp"]; CMake: target_link_libraries(<target> PRIVATE OpenMP::OpenMP_CXX); retorch.toml: link-flags = ["-fopenmp"]',
      ...(/kmp/.test(match.facts["name"] ?? "") ? ["# clang: -lomp instead"] : []),
      ...(linksByVariable(match) || match.finding.phase === "load" ? rebuild(match) : []),
    ],
    sources: ["https://gcc.gnu.org/onlinedocs/libgomp/"],
    examples: [
      { text: "ImportError: /p/x.so: undefined symbol: GOMP_parallel", expect: "-fopenmp" },
      { text: "ld.lld: error: undefined symbol: __kmpc_fork_call\n>>> referenced by a.cpp", expect: "-lomp" },
    ],
  },
  {
    id: "sanitizer-runtime-missing",
    title: "Built with a sanitizer, run without it",
    on: ["undefined-symbol", "exception"],
    specificity: 70,
    matches: (finding, context) =>
      finding.kind === "exception"
        ? finding.code === "sanitizer-not-first"
          ? { name: "The run time" }
          : undefined
        : owned(finding, context, "sanitizer"),
    confidence: "high",
    cause: (match) =>
      match.finding.kind === "exception"
        ? "The extension was compiled with -fsanitize=address, whose run time has to be loaded before everything else; Python was not built with it."
        : `\`${match.facts["name"] ?? ""}\` is of a sanitizer: the extension was compiled with -fsanitize=…, but neither the link nor Python has its run time.`,
    fix: (match) => [
      ...(match.finding.kind === "exception" ? [] : toLinkSanitizer(match)),
      `LD_PRELOAD=$(gcc -print-file-name=lib${sanitizer(match).short}.so) ${match.context.log.typedProgram ?? `${python(match)} ${match.context.log.script ?? "the_program.py"}`}`,
      "# or build without -fsanitize",
    ],
    sources: ["https://github.com/google/sanitizers/wiki/AddressSanitizerAsDso"],
    examples: [
      {
        text: "ImportError: /p/x.so: undefined symbol: __asan_option_detect_stack_use_after_return",
        expect: "LD_PRELOAD",
      },
      {
        text: "==123==ASan runtime does not come first in initial library list; you should either link runtime to your application or manually preload it with LD_PRELOAD.",
        expect: "LD_PRELOAD",
      },
    ],
  },
  {
    id: "compiler-runtime-missing",
    title: "A run-time library of the compiler is missing",
    on: ["undefined-symbol"],
    specificity: 55,
    matches: (finding, context) => owned(finding, context, "compiler-runtime"),
    confidence: "medium",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\` is of the compiler's own library \`${match.facts["library"] ?? "gcc"}\`, which is not linked or is older than the compiler.`,
    fix: (match) => [
      // A shared library in front of the objects is kept with that option alone.
      ...(match.facts["library"] === "atomic" && platformOf(match) === "linux"
        ? ['export LDFLAGS="-Wl,--no-as-needed -latomic $LDFLAGS"', ...rebuild(match)]
        : []),
      `# add the link flag -l${match.facts["library"] ?? "gcc"}${match.facts["library"] === "gcov" ? " (or --coverage at the link, too)" : ""}`,
    ],
    sources: ["https://gcc.gnu.org/wiki/Atomic/GCCMM"],
    examples: [{ text: "ImportError: /p/x.so: undefined symbol: __atomic_load_16", expect: "-latomic" }],
  },
];

/** gcc's OpenMP on Linux: what builds take from LDFLAGS is enough. */
function linksByVariable(match: Match): boolean {
  return platformOf(match) === "linux" && !/kmp/.test(match.facts["name"] ?? "");
}
