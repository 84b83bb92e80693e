/** Furnishes a fake host with the things that an environment is found from. Each can be replaced or taken away by a test. */
import {
  findEnvironment,
  type EnvironmentRequest,
  type FoundEnvironment,
} from "../../../src/environment/find-environment.ts";
import { answerMark, type PythonAnswer } from "../../../src/environment/python-script.ts";
import { FakeHost, type FakeHostOptions } from "../../support/fake-host.ts";
import { tinyElf } from "./tiny-elf.ts";

export const project = "/project";
export const cacheDir = "/home/user/.cache/retorch";

type Facts = NonNullable<PythonAnswer["facts"]>;

export interface FakePython {
  readonly version?: readonly [number, number, number];
  readonly prefix?: string;
  readonly basePrefix?: string;
  readonly executable?: string;
  readonly facts?: Partial<Facts>;
}

/** A machine with nothing on it but a clock that has moved on since its files were written. */
export function emptyMachine(options: FakeHostOptions = {}): FakeHost {
  const host = new FakeHost({ env: { PATH: "/usr/local/bin:/usr/bin" }, ...options });
  if (host.platform !== "win32") host.fs.mkdir(project);
  return host;
}

/** A machine as most are: Python in `.venv` with a CPU torch, gcc, binutils. */
export function usualMachine(options: FakeHostOptions = {}): FakeHost {
  const host = emptyMachine(options);
  addPython(host, "/project/.venv/bin/python", { prefix: "/project/.venv", basePrefix: "/usr" });
  addTorch(host, "/project/.venv/lib/python3.11/site-packages");
  addGcc(host);
  settle(host);
  return host;
}

/** Lets so much time pass that file times can be relied on. */
export function settle(host: FakeHost): void {
  host.tick(60_000);
}

export function program(host: FakeHost, path: string, content: string | Uint8Array = `program ${path}`): void {
  host.write(path, content, 0o755);
}

/** An interpreter that answers the script. */
export function addPython(host: FakeHost, path: string, fake: FakePython = {}): void {
  program(host, path);
  const version = fake.version ?? [3, 11, 7];
  const prefix = fake.prefix ?? path.replace(/\/bin\/[^/]+$/, "");
  const basePrefix = fake.basePrefix ?? prefix;
  const short = version.slice(0, 2).join(".");
  const include = `${basePrefix}/include/python${short}`;
  host.write(`${include}/Python.h`, "");
  const packages = `${prefix}/lib/python${short}/site-packages`;
  host.fs.mkdir(packages);
  const soabi = `cpython-${version[0]}${version[1]}-x86_64-linux-gnu`;
  const facts: Facts = {
    implementation: "cpython",
    abiFlags: "",
    extensionSuffix: `.${soabi}.so`,
    abi3Suffix: ".abi3.so",
    soabi,
    include: [include],
    libraryDir: `${basePrefix}/lib`,
    prefix,
    basePrefix,
    packageDirs: [packages],
    siteDirs: [packages],
    platform: "linux-x86_64",
    freeThreaded: false,
    config: { EXT_SUFFIX: `.${soabi}.so` },
    torch: null,
    files: [`${prefix}/pyvenv.cfg`],
    ...fake.facts,
  };
  const answer: PythonAnswer = { version, executable: fake.executable ?? path, facts };
  answers(host, path, answer);
}

/** Makes a program answer as an interpreter. */
export function answers(host: FakeHost, path: string, answer: PythonAnswer): void {
  host.onRun(({ argv }) =>
    argv[0] === path && argv.includes("-c") ? { stdout: `noise\n${answerMark}${JSON.stringify(answer)}\n` } : undefined,
  );
}

export interface FakeTorch {
  readonly version?: string;
  readonly cuda?: string;
  readonly hip?: string;
  readonly oldAbi?: boolean;
  readonly record?: string | false;
  readonly libraries?: readonly string[];
  readonly suffix?: string;
}

export const newAbiSymbol = "_ZN3c105ErrorC2ENS_14SourceLocationENSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE";
export const oldAbiSymbol = "_ZN3c105ErrorC1ENS_14SourceLocationESs";

/** torch as a wheel lays it down. */
export function addTorch(host: FakeHost, packages: string, fake: FakeTorch = {}): void {
  const root = `${packages}/torch`;
  const version = fake.version ?? "2.13.0+cpu";
  const value = (text: string | undefined): string => (text === undefined ? "None" : `'${text}'`);
  host.write(`${root}/__init__.py`, "");
  host.write(
    `${root}/version.py`,
    `from typing import Optional\n\n__version__ = '${version}'\ndebug = False\ncuda: Optional[str] = ${value(fake.cuda)}\ngit_version = 'abc'\nhip: Optional[str] = ${value(fake.hip)}\n`,
  );
  host.write(`${root}/_C${fake.suffix ?? ".cpython-311-x86_64-linux-gnu.so"}`, "");
  addLibTorch(host, root, fake);
  if (fake.record !== false) {
    const record = fake.record ?? `torch/include/torch/library.h,sha256=${version},1\ntorch/lib/libc10.so,sha256=x,2\n`;
    host.write(`${packages}/torch-${version.split("+")[0]}.dist-info/RECORD`, record);
  }
}

/** Headers and libraries alone. */
export function addLibTorch(host: FakeHost, root: string, fake: FakeTorch = {}): void {
  host.write(`${root}/include/c10/macros/Macros.h`, "");
  host.write(`${root}/include/pybind11/pybind11.h`, "");
  host.write(`${root}/include/torch/csrc/api/include/torch/all.h`, "");
  const cuda = fake.cuda === undefined ? [] : ["c10_cuda", "torch_cuda"];
  for (const name of fake.libraries ?? ["torch", "torch_cpu", "torch_python", ...cuda]) {
    host.write(`${root}/lib/lib${name}.so`, tinyElf(name === "c10_cuda" ? { needed: ["libcudart.so.12"] } : {}));
  }
  host.write(`${root}/lib/libc10.so`, tinyElf({ names: [fake.oldAbi === true ? oldAbiSymbol : newAbiSymbol] }));
}

/** What `g++ -v -E -x c++ /dev/null` prints. */
export function gccBanner(driver: string, version: string, folder: string): string {
  return [
    "Using built-in specs.",
    `COLLECT_GCC=${driver}`,
    "Target: x86_64-linux-gnu",
    "Configured with: ../src/configure -v --prefix=/usr",
    "Thread model: posix",
    `gcc version ${version} (Debian ${version}-1) `,
    ` ${folder}/cc1plus -E -quiet -v -imultiarch x86_64-linux-gnu /dev/null`,
    'ignoring nonexistent directory "/usr/local/include/x86_64-linux-gnu"',
    '#include "..." search starts here:',
    "#include <...> search starts here:",
    ` /usr/include/c++/${version.split(".")[0] ?? ""}`,
    ` ${folder}/include`,
    " /usr/include",
    "End of search list.",
    `COMPILER_PATH=${folder}/:${folder}/`,
    `LIBRARY_PATH=${folder}/:/usr/lib/`,
    "",
  ].join("\n");
}

/** gcc with cc1plus and its friends; binutils on the search path. */
export function addGcc(
  host: FakeHost,
  options: { readonly version?: string; readonly names?: readonly string[]; readonly bin?: string } = {},
): void {
  const version = options.version ?? "12.2.0";
  const bin = options.bin ?? "/usr/bin";
  const major = version.split(".")[0] ?? "";
  const folder = `/usr/lib/gcc/x86_64-linux-gnu/${major}`;
  for (const name of ["cc1plus", "cc1", "collect2", "lto1", "lto-wrapper"]) {
    program(host, `${folder}/${name}`, `${name} ${version}`);
  }
  host.write(`${folder}/liblto_plugin.so`, `plugin ${version}`);
  host.write(`${folder}/crtbeginS.o`, `crt ${version}`);
  for (const name of options.names ?? ["g++", "c++"]) {
    const path = `${bin}/${name}`;
    program(host, path, `driver ${version}`);
    host.onRun(({ argv }) =>
      argv[0] === path && argv.includes("-v") ? { stderr: gccBanner(path, version, folder) } : undefined,
    );
  }
  for (const name of options.names ?? ["g++", "c++"]) {
    const sibling = name.replace("g++", "gcc").replace(/^c\+\+/, "cc");
    program(host, `${bin}/${sibling}`, `c driver ${version}`);
  }
  if (host.fs.stat("/usr/bin/ld") === undefined) {
    program(host, "/usr/bin/ld");
    program(host, "/usr/bin/as");
    host.onRun(({ argv }) =>
      argv[0] === "/usr/bin/ld" ? { stdout: "GNU ld (GNU Binutils for Debian) 2.40\nCopyright\n" } : undefined,
    );
  }
}

export interface FakeToolkit {
  readonly version?: string;
  readonly headers?: readonly string[];
  /** Newest gcc that its host_config.h allows. */
  readonly gccNewest?: number;
  readonly lib?: string;
  readonly libraries?: readonly string[];
  /** Whether a file says the version. */
  readonly versionFile?: boolean;
}

export const allHeaders = [
  "cuda_runtime.h",
  "cuda_runtime_api.h",
  "cublas_v2.h",
  "cublasLt.h",
  "cusparse.h",
  "cusolverDn.h",
  "cusolver_common.h",
];

/** A CUDA toolkit in one folder. */
export function addToolkit(host: FakeHost, root: string, fake: FakeToolkit = {}): void {
  const version = fake.version ?? "13.0";
  const [major = "0", minor = "0"] = version.split(".");
  const nvcc = `${root}/bin/nvcc`;
  for (const name of ["nvcc", "cudafe++", "ptxas", "fatbinary", "nvlink"])
    program(host, `${root}/bin/${name}`, `${name} ${version}`);
  program(host, `${root}/nvvm/bin/cicc`, `cicc ${version}`);
  host.write(`${root}/nvvm/libdevice/libdevice.10.bc`, `libdevice ${version}`);
  host.write(`${root}/bin/nvcc.profile`, profile);
  for (const name of fake.headers ?? allHeaders) host.write(`${root}/include/${name}`, "");
  if (fake.versionFile !== false) {
    host.write(
      `${root}/include/cuda.h`,
      `/* licence */\n#define CUDA_VERSION ${Number(major) * 1000 + Number(minor) * 10}\n`,
    );
  }
  host.write(`${root}/include/crt/host_config.h`, hostConfig(fake.gccNewest ?? 15, 21));
  for (const name of fake.libraries ?? ["libcudart.so", "libcudart.so.13"])
    host.write(`${root}/${fake.lib ?? "lib64"}/${name}`, "");
  host.onRun(({ argv }) =>
    argv[0] === nvcc && argv[1] === "--version"
      ? {
          stdout: `nvcc: NVIDIA (R) Cuda compiler driver\nCuda compilation tools, release ${version}, V${version}.88\nBuild cuda\n`,
        }
      : undefined,
  );
}

export const profile = `
TOP              = $(_HERE_)/..

CICC_PATH        = $(TOP)/nvvm/bin
NVVMIR_LIBRARY_DIR = $(TOP)/nvvm/libdevice

LD_LIBRARY_PATH += $(TOP)/lib:
PATH            += $(CICC_PATH):$(_HERE_):

INCLUDES        +=  "-I$(TOP)/$(_TARGET_DIR_)/include" $(_SPACE_)
LIBRARIES        =+ $(_SPACE_) "-L$(TOP)/$(_TARGET_DIR_)/lib$(_TARGET_SIZE_)/stubs" "-L$(TOP)/$(_TARGET_DIR_)/lib$(_TARGET_SIZE_)"
CUDAFE_FLAGS    +=
`;

/** The lines of crt/host_config.h that matter, in the form of CUDA 11 to 13. */
export function hostConfig(gccNewest: number, clangBelow: number): string {
  return `#if defined(__CUDACC__)
#if defined(__GRCO_CLANG_COMPILER__)
#if (__GRCO_CLANG_COMPILER__ == 1) && ((__clang_major__ < 16) || (__clang_major__ > 20))
#error
#endif
#endif
#if defined(__GNUC__)
#if __GNUC__ > ${gccNewest}
#error -- unsupported GNU version!
#endif
#if defined(__HORIZON__)
#if (__clang_major__ >= 99) || (__clang_major__ < 3)
#error
#endif
#endif
#if defined(__clang__) && !defined(__ibmxl_vrm__) && !defined(__ICC) && !defined(__HORIZON__) && !defined(__APPLE__)
#if (__clang_major__ >= ${clangBelow}) || (__clang_major__ < 3) || ((__clang_major__ == 3) &&  (__clang_minor__ < 3))
#error
#endif
#endif
#endif
#if defined(_WIN32)
#if _MSC_VER < 1920 || _MSC_VER >= 1950
#error
#endif
#endif
`;
}

/** Searches with the usual request. */
export function find(host: FakeHost, request: Partial<EnvironmentRequest> = {}): Promise<FoundEnvironment> {
  return findEnvironment(host, { projectRoot: project, cacheDir, ...request });
}
