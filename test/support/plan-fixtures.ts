/**
 * Frozen examples for tests of everything that takes an `Environment` or an `Extension`: machines as they are found in
 * the wild, and a builder for extensions. No file of them exists.
 */
import { posix, win32 } from "node:path";
import { digestOf } from "../../src/base/digest.ts";
import { failure } from "../../src/base/failure.ts";
import type { Extension, SourceFile, ToolFlags } from "../../src/config/extension.ts";
import type { Cuda, Environment, HostCompiler, Python, Tool, Torch } from "../../src/environment/environment.ts";

/** The project of all examples on Linux and macOS. */
export const projectRoot = "/home/ada/ops";
/** The project of the example on Windows. */
export const windowsRoot = String.raw`C:\Users\ada\ops`;

/** A program with one part, known by its path. */
export function exampleTool(name: string, path: string, version: string): Tool {
  const digest = digestOf(`${path} ${version}`);
  return { name, path, version, launcher: [], identity: digest, parts: [{ name, path, digest }] };
}

const noFlags: ToolFlags = { cxx: [], nvcc: [], hipcc: [], sycl: [] };

const languages: Readonly<Record<string, SourceFile["language"]>> = {
  c: "c",
  cu: "cuda",
  hip: "hip",
  mm: "objective-c++",
  sycl: "sycl",
};

/** A source of the project, its language by its suffix; absolute paths stay. */
export function source(path: string, more: Partial<SourceFile> = {}, root = projectRoot): SourceFile {
  const suffix = path.slice(path.lastIndexOf(".") + 1);
  const rules = /^[A-Za-z]:/.test(root) ? win32 : posix;
  const absolute = rules.isAbsolute(path) ? path : rules.join(root, path);
  return { path: absolute, language: languages[suffix] ?? "c++", ...more };
}

/** What `extension` may be given: sources and flags may be shortened. */
export type ExtensionParts = Partial<Omit<Extension, "flags" | "sources">> & {
  readonly sources?: readonly (string | SourceFile)[];
  readonly flags?: Partial<ToolFlags>;
};

/** A Python module `ops` with one C++ source, unless said otherwise. */
export function extension(parts: ExtensionParts = {}): Extension {
  const { sources = ["csrc/ops.cpp"], flags = {}, ...rest } = parts;
  const root = parts.root ?? projectRoot;
  return deepFreeze({
    name: "ops",
    kind: "python-module",
    root,
    outDir: root,
    sources: sources.map((each) => (typeof each === "string" ? source(each, {}, root) : each)),
    includeDirs: [],
    defines: [],
    undefines: [],
    flags: { ...noFlags, ...flags },
    linkFlags: [],
    libraries: [],
    libraryDirs: [],
    runtimeLibraryDirs: [],
    extraObjects: [],
    withCuda: "auto",
    deviceLink: false,
    deviceLinkLibraries: [],
    deviceLinkFlags: [],
    usesTorch: true,
    // Links of other tests are compared word by word; those of the note ask for it.
    provenance: false,
    profile: "release",
    ...rest,
  } satisfies Extension);
}

const gcc: HostCompiler = {
  family: "gcc",
  cxx: exampleTool("g++", "/usr/bin/g++", "12.2.0"),
  cc: exampleTool("gcc", "/usr/bin/gcc", "12.2.0"),
  version: [12, 2, 0],
  target: "x86_64-linux-gnu",
  systemIncludeDirs: [
    "/usr/include/c++/12",
    "/usr/include/x86_64-linux-gnu/c++/12",
    "/usr/include/c++/12/backward",
    "/usr/lib/gcc/x86_64-linux-gnu/12/include",
    "/usr/local/include",
    "/usr/include/x86_64-linux-gnu",
    "/usr/include",
  ],
  systemLibraryDirs: ["/usr/lib/gcc/x86_64-linux-gnu/12", "/usr/lib/x86_64-linux-gnu", "/usr/lib", "/lib"],
};

const linuxPython: Python = {
  executable: `${projectRoot}/.venv/bin/python`,
  version: [3, 11, 7],
  implementation: "cpython",
  abiFlags: "",
  extensionSuffix: ".cpython-311-x86_64-linux-gnu.so",
  abi3Suffix: ".abi3.so",
  soabi: "cpython-311-x86_64-linux-gnu",
  includeDirs: ["/opt/python/include/python3.11"],
  libraryDir: "/opt/python/lib",
  prefix: `${projectRoot}/.venv`,
  basePrefix: "/opt/python",
  packageDirs: [`${projectRoot}/.venv/lib/python3.11/site-packages`],
  platform: "linux-x86_64",
  freeThreaded: false,
  config: {},
};

const packages = `${projectRoot}/.venv/lib/python3.11/site-packages`;

function wheel(packageDir: string, version: string, libraries: readonly string[], more: Partial<Torch> = {}): Torch {
  const root = `${packageDir}/torch`;
  return {
    layout: "wheel",
    root,
    version,
    release: (version.split("+")[0] ?? "").split(".").map(Number),
    includeDirs: [`${root}/include`, `${root}/include/torch/csrc/api/include`],
    libraryDirs: [`${root}/lib`],
    libraries,
    cxx11Abi: true,
    identity: digestOf(`torch ${version}`),
    ...more,
  };
}

const cpuLibraries = ["c10", "shm", "torch", "torch_cpu", "torch_global_deps", "torch_python"];
const cudaLibraries = [
  "c10",
  "c10_cuda",
  "torch",
  "torch_cpu",
  "torch_cuda",
  "torch_cuda_linalg",
  "torch_global_deps",
  "torch_python",
];

const common = {
  platform: "linux",
  arch: "x64",
  compiler: gcc,
  linker: exampleTool("ld", "/usr/bin/ld", "2.40"),
  linkers: {
    lld: exampleTool("lld", "/usr/bin/ld.lld", "19.1.0"),
    mold: exampleTool("mold", "/usr/bin/ld.mold", "2.30.0"),
  },
  gpus: [],
  attempts: [],
  problems: {},
  warnings: [],
} as const satisfies Partial<Environment>;

/** pip's CPU wheel in a virtual environment inside of the project; g++ 12; no CUDA. */
export const linuxCpu: Environment = deepFreeze({
  ...common,
  python: linuxPython,
  torch: wheel(packages, "2.13.0+cpu", cpuLibraries),
  problems: { cuda: failure("CUDA_NOT_FOUND", "No CUDA toolkit with `nvcc` was found") },
});

/** A PyTorch built for ROCm 6.4, and ROCm where its installer puts it. */
export const linuxRocm: Environment = deepFreeze({
  ...linuxCpu,
  torch: {
    ...wheel(packages, "2.13.0+rocm6.4", ["c10", "c10_hip", "torch", "torch_cpu", "torch_hip", "torch_python"]),
    hipVersion: "6.4.0",
  },
  rocm: {
    root: "/opt/rocm",
    version: "6.4.0",
    compiler: exampleTool("hipcc", "/opt/rocm/bin/hipcc", "6.4.0"),
    includeDirs: ["/opt/rocm/include"],
    libraryDirs: ["/opt/rocm/lib"],
  },
});

const pipCuda: Cuda = {
  root: `${packages}/nvidia/cu13`,
  origin: "pip nvidia wheels",
  version: "13.0",
  fullVersion: "13.0.88",
  nvcc: exampleTool("nvcc", `${packages}/nvidia/cu13/bin/nvcc`, "13.0.88"),
  includeDirs: [`${packages}/nvidia/cu13/include`],
  libraryDirs: [`${packages}/nvidia/cu13/lib`],
  missingHeaders: [],
  libraries: {
    cudart: `${packages}/nvidia/cu13/lib/libcudart.so.13`,
    cudart_static: `${packages}/nvidia/cu13/lib/libcudart_static.a`,
    cudadevrt: `${packages}/nvidia/cu13/lib/libcudadevrt.a`,
    curand: `${packages}/nvidia/cu13/lib/libcurand.so.10`,
    nvvm: `${packages}/nvidia/cu13/lib/libnvvm.so.4`,
  },
};

/** pip's CUDA wheel with the toolkit of pip's `nvidia-*` wheels, which has libraries with versions only. No GPU. */
export const linuxCuda: Environment = deepFreeze({
  ...common,
  python: linuxPython,
  torch: wheel(packages, "2.14.1", cudaLibraries, { cudaVersion: "13.0" }),
  cuda: pipCuda,
  cudaHost: gcc,
});

/** Debian 12's python3-torch and libtorch-dev: C++14, pybind11 2, headers and libraries where the system has them. */
export const debian: Environment = deepFreeze({
  ...common,
  python: {
    ...linuxPython,
    executable: "/usr/bin/python3",
    version: [3, 11, 2],
    includeDirs: ["/usr/include/python3.11"],
    libraryDir: "/usr/lib/x86_64-linux-gnu",
    prefix: "/usr",
    basePrefix: "/usr",
    packageDirs: ["/usr/local/lib/python3.11/dist-packages", "/usr/lib/python3/dist-packages"],
  },
  torch: {
    layout: "debian",
    root: "/usr/lib/python3/dist-packages/torch",
    version: "1.13.0a0+gitunknown",
    release: [1, 13, 0],
    includeDirs: ["/usr/include", "/usr/include/torch/csrc/api/include"],
    libraryDirs: ["/usr/lib/x86_64-linux-gnu"],
    libraries: cpuLibraries,
    cxx11Abi: true,
    pybind11Abi: { compilerType: "_gcc", stdlib: "_libstdcpp", buildAbi: "_cxxabi1017" },
    identity: digestOf("torch 1.13.1 debian"),
  },
});

/** A LibTorch folder, and no Python at all. */
export const libtorch: Environment = deepFreeze({
  ...common,
  torch: {
    ...wheel("/opt", "2.13.0+cpu", ["c10", "torch", "torch_cpu", "torch_global_deps"]),
    layout: "libtorch",
    root: "/opt/libtorch",
    includeDirs: ["/opt/libtorch/include", "/opt/libtorch/include/torch/csrc/api/include"],
    libraryDirs: ["/opt/libtorch/lib"],
  },
  problems: { python: failure("PYTHON_NOT_FOUND", "No Python interpreter was found") },
});

const msvc: HostCompiler = {
  family: "msvc",
  cxx: exampleTool("cl", String.raw`C:\VS\bin\Hostx64\x64\cl.exe`, "19.44.35211"),
  cc: exampleTool("cl", String.raw`C:\VS\bin\Hostx64\x64\cl.exe`, "19.44.35211"),
  version: [19, 44, 35211],
  target: "x64",
  systemIncludeDirs: [String.raw`C:\VS\include`, String.raw`C:\SDK\Include\ucrt`],
  systemLibraryDirs: [String.raw`C:\VS\lib\x64`, String.raw`C:\SDK\Lib\um\x64`],
  env: {
    INCLUDE: String.raw`C:\VS\include;C:\SDK\Include\ucrt`,
    LIB: String.raw`C:\VS\lib\x64;C:\SDK\Lib\um\x64`,
  },
};

/** Windows with Visual Studio, the CUDA toolkit of NVIDIA's installer and pip's CUDA wheel. */
export const windowsCuda: Environment = deepFreeze({
  platform: "win32",
  arch: "x64",
  python: {
    ...linuxPython,
    executable: String.raw`C:\Python311\python.exe`,
    extensionSuffix: ".cp311-win_amd64.pyd",
    abi3Suffix: ".pyd",
    soabi: "cp311-win_amd64",
    includeDirs: [String.raw`C:\Python311\Include`],
    libraryDir: String.raw`C:\Python311\libs`,
    prefix: String.raw`C:\Python311`,
    basePrefix: String.raw`C:\Python311`,
    packageDirs: [String.raw`C:\Python311\Lib\site-packages`],
    platform: "win-amd64",
  },
  torch: {
    ...wheel("", "2.13.0+cu130", [...cudaLibraries, "sleef"], { cudaVersion: "13.0" }),
    root: String.raw`C:\Python311\Lib\site-packages\torch`,
    includeDirs: [
      String.raw`C:\Python311\Lib\site-packages\torch\include`,
      String.raw`C:\Python311\Lib\site-packages\torch\include\torch\csrc\api\include`,
    ],
    libraryDirs: [String.raw`C:\Python311\Lib\site-packages\torch\lib`],
  },
  cuda: {
    root: String.raw`C:\CUDA\v13.0`,
    origin: "CUDA_PATH",
    version: "13.0",
    fullVersion: "13.0.88",
    nvcc: exampleTool("nvcc", String.raw`C:\CUDA\v13.0\bin\nvcc.exe`, "13.0.88"),
    includeDirs: [String.raw`C:\CUDA\v13.0\include`],
    libraryDirs: [String.raw`C:\CUDA\v13.0\lib\x64`],
    missingHeaders: [],
    libraries: { cudart: String.raw`C:\CUDA\v13.0\lib\x64\cudart.lib` },
  },
  cudaHost: msvc,
  compiler: msvc,
  linker: exampleTool("link", String.raw`C:\VS\bin\Hostx64\x64\link.exe`, "14.44"),
  gpus: [],
  attempts: [],
  problems: {},
  warnings: [],
});

/** macOS on Apple silicon with Xcode's tools and pip's wheel. */
export const macos: Environment = deepFreeze({
  platform: "darwin",
  arch: "arm64",
  python: {
    ...linuxPython,
    extensionSuffix: ".cpython-311-darwin.so",
    soabi: "cpython-311-darwin",
    platform: "macosx-14.0-arm64",
  },
  torch: wheel(packages, "2.13.0", cpuLibraries),
  compiler: {
    family: "apple-clang",
    cxx: exampleTool("clang++", "/usr/bin/clang++", "16.0.0"),
    cc: exampleTool("clang", "/usr/bin/clang", "16.0.0"),
    version: [16, 0, 0],
    target: "arm64-apple-darwin24.0.0",
    systemIncludeDirs: ["/Library/Developer/CommandLineTools/SDKs/MacOSX.sdk/usr/include"],
    systemLibraryDirs: ["/usr/lib", "/usr/local/lib"],
  },
  linker: exampleTool("ld", "/usr/bin/ld", "1115.7.3"),
  gpus: [],
  attempts: [],
  problems: { cuda: failure("CUDA_NOT_FOUND", "No CUDA toolkit with `nvcc` was found") },
  warnings: [],
});

function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const each of Object.values(value)) deepFreeze(each);
  }
  return value;
}
