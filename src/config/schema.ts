/**
 * Every key of `retorch.toml` in one table: its type, what it means, its default and an example. Reading, the reference
 * in `docs/configuration.md` and the JSON Schema are made from this table; it knows nothing of files.
 */
import {
  type ValueType,
  architecturesType,
  booleanOrAutoType,
  booleanType,
  cudaGraphType,
  definesType,
  flagsType,
  folderType,
  includeDirsType,
  interpreterType,
  kindType,
  librariesType,
  libraryDirsType,
  limitedApiType,
  macroNamesType,
  pathsType,
  patternsType,
  profileType,
  standardType,
  torchVersionType,
} from "./value-type.ts";

/** What is known of one key. */
export interface KeySpec<T> {
  readonly type: ValueType<T>;
  /** One or more sentences, in Markdown. */
  readonly doc: string;
  /** What holds when the key is absent, in words or in TOML. */
  readonly default: string;
  /** The right-hand side of an assignment, in TOML. */
  readonly example: string;
  /** The same thing in other tools (setuptools, `torch.utils.cpp_extension`, CMake), for messages. */
  readonly elsewhere?: readonly string[];
}

/** A table of keys. */
export type KeyTable = Readonly<Record<string, KeySpec<unknown>>>;

/** What reading a table with these keys gives. */
export type SettingsOf<Keys> = {
  readonly [K in keyof Keys]?: Keys[K] extends KeySpec<infer T> ? T : never;
};

function key<T>(spec: KeySpec<T>): KeySpec<T> {
  return spec;
}

const flagKeys = {
  "cxx-flags": key({
    type: flagsType,
    doc: "Flags for the C and C++ host compiler, after those of the profile, so that they win.",
    default: "[]",
    example: '["-O2", "-Wall"]',
    elsewhere: [
      "extra-compile-args",
      "extra-cflags",
      "cflags",
      "cxxflags",
      "cpp-flags",
      "c++-flags",
      "compile-flags",
      "compile-args",
      "compiler-flags",
      "compile-options",
      "flags",
    ],
  }),
  "nvcc-flags": key({
    type: flagsType,
    doc: "Flags for nvcc, after those of the profile.",
    default: "[]",
    example: '["--use_fast_math", "-lineinfo"]',
    elsewhere: ["extra-cuda-cflags", "cuda-flags", "cuda-cflags", "nvcc-args"],
  }),
  "hipcc-flags": key({
    type: flagsType,
    doc: "Flags for hipcc, where torch is built for ROCm.",
    default: "[]",
    example: '["-munsafe-fp-atomics"]',
    elsewhere: ["hip-flags", "rocm-flags"],
  }),
  "sycl-flags": key({
    type: flagsType,
    doc: "Flags for the SYCL compiler, where torch is built for Intel GPUs.",
    default: "[]",
    example: '["-fsycl-device-code-split=per_kernel"]',
    elsewhere: ["extra-sycl-cflags", "icpx-flags", "dpcpp-flags"],
  }),
  define: key({
    type: definesType,
    doc: "Macros. `true` defines the name alone (`-DNAME`), a string or an integer gives it that value (`-DNAME=value`, as the compiler shall see it: a text constant needs quotes of its own, `'\"text\"'`), `false` takes it back (`-UNAME`).",
    default: "{}",
    example: '{ WITH_CUDA = true, LEVEL = "2", NDEBUG = false }',
    elsewhere: ["define-macros", "defines", "macros", "definitions", "compile-definitions"],
  }),
} as const;

/** Keys of `[extension.NAME]` and of `[defaults]`. */
export const extensionKeys = {
  kind: key({
    type: kindType,
    doc: '`"python-module"`: imported with `import`. `"torch-library"`: holds `TORCH_LIBRARY` only, loaded with `torch.ops.load_library`. `"executable"`: a program with `main`.',
    default: '"python-module"',
    example: '"torch-library"',
    elsewhere: ["type", "is-python-module", "is-standalone", "crate-type"],
  }),
  sources: key({
    type: patternsType,
    doc: "What is compiled: paths and [patterns](#patterns), relative to the project folder. An entry that begins with `!` leaves out what it matches. Required in an extension.",
    default: "none",
    example: '["csrc/*.cpp", "csrc/cuda/*.cu", "!csrc/*_test.cpp"]',
    elsewhere: ["files", "srcs", "source-files", "cuda-sources", "cpp-sources"],
  }),
  exclude: key({
    type: patternsType,
    doc: "Paths and patterns that are left out of what `sources` matches; a folder leaves out all that is in it.",
    default: "[]",
    example: '["csrc/experimental"]',
    elsewhere: ["excludes", "ignore", "exclude-sources"],
  }),
  "include-dirs": key({
    type: includeDirsType,
    doc: "Folders in which headers are looked for, before those of torch, in this order.",
    default: "[]",
    example: '["csrc", "third_party/cutlass/include"]',
    elsewhere: [
      "include-dir",
      "include",
      "includes",
      "include-paths",
      "extra-include-paths",
      "include-directories",
      "header-dirs",
    ],
  }),
  define: flagKeys.define,
  undefine: key({
    type: macroNamesType,
    doc: "Macros to take back, as `false` in `define` does.",
    default: "[]",
    example: '["NDEBUG"]',
    elsewhere: ["undef-macros", "undefines", "undef"],
  }),
  "cxx-flags": flagKeys["cxx-flags"],
  "nvcc-flags": flagKeys["nvcc-flags"],
  "hipcc-flags": flagKeys["hipcc-flags"],
  "sycl-flags": flagKeys["sycl-flags"],
  "link-flags": key({
    type: flagsType,
    doc: "Words for the link command, as they are, at its end.",
    default: "[]",
    example: '["-Wl,--no-as-needed"]',
    elsewhere: ["extra-link-args", "extra-ldflags", "ldflags", "linker-flags", "link-args", "link-options"],
  }),
  libraries: key({
    type: librariesType,
    doc: "Libraries to link, by name: `curand` is `-lcurand`. Those of torch, CUDA and Python are added by themselves.",
    default: "[]",
    example: '["curand"]',
    elsewhere: ["libs", "link-libraries", "library", "lib"],
  }),
  "library-dirs": key({
    type: libraryDirsType,
    doc: "Folders in which `libraries` are looked for.",
    default: "[]",
    example: '["third_party/lib"]',
    elsewhere: ["library-dir", "library-paths", "lib-dirs", "link-directories"],
  }),
  "runtime-library-dirs": key({
    type: libraryDirsType,
    doc: "Folders in which the built file looks for libraries when it is loaded (run paths). What begins with `$ORIGIN` or `@loader_path` is kept as it is.",
    default: "[]",
    example: '["$ORIGIN/lib"]',
    elsewhere: ["rpath", "rpaths", "runtime-dirs", "install-rpath"],
  }),
  "extra-objects": key({
    type: pathsType,
    doc: "Objects and archives to link, by path.",
    default: "[]",
    example: '["third_party/lib/libfast.a"]',
    elsewhere: ["objects", "link-objects"],
  }),
  "cuda-arch": key({
    type: architecturesType,
    doc: 'GPU architectures as in `TORCH_CUDA_ARCH_LIST`: `"8.0"`, `"9.0a"`, `"12.0+PTX"` (with PTX for later GPUs), a name such as `"Ampere"`, or `"native"` for the GPUs of this machine.',
    default: "`TORCH_CUDA_ARCH_LIST`, else the GPUs of this machine",
    example: '["8.0", "9.0a", "12.0+PTX"]',
    elsewhere: [
      "arch",
      "archs",
      "arches",
      "architectures",
      "cuda-archs",
      "cuda-architectures",
      "cuda-capabilities",
      "torch-cuda-arch-list",
      "gencode",
      "gpu-arch",
    ],
  }),
  "cxx-standard": key({
    type: standardType,
    doc: "The C++ standard of host and device code.",
    default: "what the installed torch needs",
    example: '"20"',
    elsewhere: ["std", "standard", "cpp-standard", "c++-standard", "cxx-std", "cuda-standard", "cpp-std"],
  }),
  "py-limited-api": key({
    type: limitedApiType,
    doc: 'Build for the limited API of Python, so that one file serves this CPython and later ones: the oldest version, or `true` for `"3.10"`.',
    default: "false",
    example: '"3.10"',
    elsewhere: ["limited-api", "abi3", "stable-abi"],
  }),
  "torch-target-version": key({
    type: torchVersionType,
    doc: "Oldest torch of torch's stable ABI: defines `TORCH_TARGET_VERSION`.",
    default: "none",
    example: '"2.10"',
    elsewhere: ["torch-version", "target-torch", "torch-stable-abi"],
  }),
  "with-cuda": key({
    type: booleanOrAutoType,
    doc: 'Whether CUDA headers are found and CUDA libraries linked; `"auto"` means when a source is CUDA.',
    default: '"auto"',
    example: "true",
    elsewhere: ["cuda", "use-cuda", "force-cuda"],
  }),
  "cuda-graph": key({
    type: cudaGraphType,
    doc: '`"auto"`: where what nvcc does is understood, each of its phases runs by itself, in parallel and with a key of its own ([cuda.md](cuda.md)). `"off"`: each CUDA source is one nvcc command.',
    default: '"auto"',
    example: '"off"',
    elsewhere: ["nvcc-graph", "split-nvcc"],
  }),
  "own-cccl-namespace": key({
    type: booleanType,
    doc: "Thrust and CUB get a namespace of this extension's own in CUDA sources, in place of one that is named after the list of architectures: with headers that include them, as PyTorch's do, another architecture then compiles that one alone ([cuda.md](cuda.md)).",
    default: "false",
    example: "true",
    elsewhere: ["cccl-namespace", "thrust-namespace", "cub-namespace"],
  }),
  "device-link": key({
    type: booleanType,
    doc: "Link device code of several sources (relocatable device code, `-rdc=true`) before the link.",
    default: "false",
    example: "true",
    elsewhere: ["dlink", "rdc", "cuda-separable-compilation"],
  }),
  "device-link-libraries": key({
    type: librariesType,
    doc: "Libraries for the device link.",
    default: "[]",
    example: '["cudadevrt"]',
    elsewhere: ["dlink-libraries"],
  }),
  "device-link-flags": key({
    type: flagsType,
    doc: "Flags for the device link.",
    default: "[]",
    example: '["-dlto"]',
    elsewhere: ["nvcc-dlink", "dlink-flags"],
  }),
  "uses-torch": key({
    type: booleanType,
    doc: "`false` for code that does not use torch at all: no headers and libraries of it then.",
    default: "true",
    example: "false",
    elsewhere: ["torch", "use-torch", "with-torch"],
  }),
  provenance: key({
    type: booleanType,
    doc: "Whether the built file carries a note that says with which torch, Python, CUDA and compiler it was built. `retorch inspect` shows it; it holds no path and no time.",
    default: "true",
    example: "false",
    elsewhere: ["build-info", "embed-metadata", "note"],
  }),
  profile: key({
    type: profileType,
    doc: '`"release"` (`-O3 -DNDEBUG`), `"debug"` (`-O0 -g`), `"release-with-debug"` (`-O2 -g -DNDEBUG`) or `"none"` (no flags of its own).',
    default: '"release"',
    example: '"debug"',
    elsewhere: ["build-type", "cmake-build-type", "optimize", "opt-level", "debug"],
  }),
  "out-dir": key({
    type: folderType,
    doc: "Folder in which the result appears; the packages of a dotted name are made below it.",
    default: "the project folder",
    example: '"python"',
    elsewhere: [
      "out",
      "output",
      "output-dir",
      "build-directory",
      "build-dir",
      "install-dir",
      "destination",
      "build-lib",
    ],
  }),
} as const satisfies KeyTable;

/** Keys at the top of the file. Those which an extension has too are the short form of `[defaults]`. */
export const projectKeys = {
  python: key({
    type: interpreterType,
    doc: "The Python to build for: a path (relative to the project folder) or a command name. `--python` wins over it.",
    default: "the active environment, else `.venv`, else `python3`",
    example: '".venv/bin/python"',
    elsewhere: ["python-executable", "interpreter", "python-path"],
  }),
  profile: { ...extensionKeys.profile, doc: "The profile of every extension that names none." },
  "out-dir": { ...extensionKeys["out-dir"], doc: "The `out-dir` of every extension that names none." },
  "editable-rebuild": key({
    type: booleanType,
    doc: "Whether an editable install (`pip install -e .` with the build backend `retorch.build`) builds again when it is imported and something has changed. [More](packaging.md#editable-installs).",
    default: "false",
    example: "true",
    elsewhere: ["editable", "rebuild-on-import", "auto-rebuild"],
  }),
} as const satisfies KeyTable;

/** Keys of `[[extension.NAME.override]]`. */
export const overrideKeys = {
  files: key({
    type: patternsType,
    doc: "The sources that this is for: paths and patterns. Required.",
    default: "none",
    example: '["csrc/slow/*.cu"]',
    elsewhere: ["file", "sources", "paths", "match"],
  }),
  "cxx-flags": flagKeys["cxx-flags"],
  "nvcc-flags": flagKeys["nvcc-flags"],
  "hipcc-flags": flagKeys["hipcc-flags"],
  "sycl-flags": flagKeys["sycl-flags"],
  define: flagKeys.define,
} as const satisfies KeyTable;

/** Things that other tools have and that need no key here, with what to do instead. */
export const keysNotNeeded: ReadonlyMap<string, string> = new Map([
  ["name", "the name stands in the table's header: `[extension.NAME]`"],
  ["module-name", "the name stands in the table's header: `[extension.NAME]`"],
  ["depends", "remove it: headers are found by the compiler and tracked"],
  ["headers", "remove it: headers are found by the compiler and tracked"],
  ["language", "remove it: the suffix of a source says its language"],
  ["optional", "remove it: what is not to be built can be left out with `retorch build --extension NAME`"],
  ["swig-opts", "remove it: SWIG is not run; list the files that it generates"],
  ["export-symbols", "write it among the `link-flags`"],
  ["verbose", "remove it: `retorch build -v` shows the commands"],
  ["keep-intermediates", "remove it: the objects stay in `.retorch`"],
  ["jobs", "remove it: say `retorch build --jobs N`, or set `MAX_JOBS`"],
  ["max-jobs", "remove it: say `retorch build --jobs N`, or set `MAX_JOBS`"],
  ["use-ninja", "remove it: ninja is not needed"],
  ["cxx", "remove it: the compiler is taken from the variable `CXX`"],
  ["cc", "remove it: the compiler is taken from the variable `CC`"],
  ["compiler", "remove it: the compiler is taken from the variable `CXX`"],
  ["cuda-home", "remove it: the toolkit is taken from the variable `CUDA_HOME`"],
  ["version", "remove it: an extension has no version of its own"],
]);

export type ExtensionSettings = SettingsOf<typeof extensionKeys>;
export type ProjectSettings = SettingsOf<typeof projectKeys>;
export type OverrideSettings = SettingsOf<typeof overrideKeys>;
