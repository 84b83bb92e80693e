/** Which version goes with which: facts with their sources, for sentences and fixes. */
import { compareVersions, parseVersion } from "../../base/order.ts";
import { own } from "../../base/own.ts";

/**
 * Newest gcc that a CUDA version accepts, by the first CUDA that does.
 * Source: "Host Compiler Support Policy" of the CUDA Installation Guide for Linux, and crt/host_config.h.
 */
const gccByCuda: readonly (readonly [string, number])[] = [
  ["8.0", 5],
  ["9.0", 6],
  ["9.2", 7],
  ["10.1", 8],
  ["11.0", 9],
  ["11.1", 10],
  ["11.4", 11],
  ["12.0", 12],
  ["12.4", 13],
  ["12.8", 14],
  ["13.0", 15],
];

/** The newest gcc that a CUDA version accepts. */
export function newestGccFor(cuda: string): number | undefined {
  let found: number | undefined;
  for (const [since, gcc] of gccByCuda) {
    if (compareVersions(parseVersion(cuda), parseVersion(since)) >= 0) found = gcc;
  }
  return found;
}

/** The first CUDA version that accepts a gcc. */
export function firstCudaForGcc(gcc: number): string | undefined {
  return gccByCuda.find(([, newest]) => newest >= gcc)?.[0];
}

/**
 * First CUDA with an architecture, and the first without it.
 * Source: release notes of the CUDA Toolkit; `nvcc --list-gpu-arch` of each version.
 */
const architectures: Readonly<Record<string, readonly [since: string, gone?: string]>> = {
  "10": ["1.0", "7.0"],
  "11": ["1.0", "7.0"],
  "12": ["1.0", "7.0"],
  "13": ["2.0", "7.0"],
  "20": ["3.0", "9.0"],
  "21": ["3.0", "9.0"],
  "30": ["4.2", "11.0"],
  "32": ["6.0", "11.0"],
  "35": ["5.0", "12.0"],
  "37": ["6.5", "12.0"],
  "50": ["6.0", "13.0"],
  "52": ["6.5", "13.0"],
  "53": ["7.0", "13.0"],
  "60": ["8.0", "13.0"],
  "61": ["8.0", "13.0"],
  "62": ["8.0", "13.0"],
  "70": ["9.0", "13.0"],
  "72": ["9.2", "13.0"],
  "75": ["10.0"],
  "80": ["11.0"],
  "86": ["11.1"],
  "87": ["11.4"],
  "88": ["13.0"],
  "89": ["11.8"],
  "90": ["11.8"],
  "100": ["12.8"],
  "101": ["12.8", "13.0"],
  "103": ["12.9"],
  "107": ["13.3"],
  "110": ["13.0"],
  "120": ["12.8"],
  "121": ["12.9"],
};

/** First CUDA with an architecture, and the first without it; undefined for one that is not known. `86`, `90a`. */
export function cudaForArchitecture(arch: string): { readonly since: string; readonly gone?: string } | undefined {
  const family = /^(\d+)([af])?$/.exec(arch);
  const known = architectures[family?.[1] ?? ""];
  if (known === undefined) return undefined;
  // Family-specific targets came with CUDA 12.9, 9.0a with 12.0.
  const since = family?.[2] === "f" ? "12.9" : arch === "90a" ? "12.0" : known[0];
  return { since, ...(known[1] === undefined ? {} : { gone: known[1] }) };
}

/** `86` → `8.6`, `120` → `12.0`, `90a` → `9.0a`. */
export function dotted(arch: string): string {
  const match = /^(\d+)(\d)([a-z]*)$/.exec(arch);
  return match === null ? arch : `${match[1] ?? ""}.${match[2] ?? ""}${match[3] ?? ""}`;
}

/** gcc that introduced a symbol version of libstdc++. Source: "ABI Policy and Guidelines" of the libstdc++ manual. */
const gccBySymbolVersion: Readonly<Record<string, string>> = {
  "GLIBCXX_3.4.14": "4.5",
  "GLIBCXX_3.4.15": "4.6",
  "GLIBCXX_3.4.17": "4.7",
  "GLIBCXX_3.4.18": "4.8",
  "GLIBCXX_3.4.19": "4.8.3",
  "GLIBCXX_3.4.20": "4.9",
  "GLIBCXX_3.4.21": "5.1",
  "GLIBCXX_3.4.22": "6.1",
  "GLIBCXX_3.4.23": "7.1",
  "GLIBCXX_3.4.24": "7.2",
  "GLIBCXX_3.4.25": "8.1",
  "GLIBCXX_3.4.26": "9.1",
  "GLIBCXX_3.4.27": "9.2",
  "GLIBCXX_3.4.28": "9.3",
  "GLIBCXX_3.4.29": "11.1",
  "GLIBCXX_3.4.30": "12.1",
  "GLIBCXX_3.4.31": "13.1",
  "GLIBCXX_3.4.32": "13.2",
  "GLIBCXX_3.4.33": "14.1",
  "GLIBCXX_3.4.34": "15.1",
  "CXXABI_1.3.5": "4.6",
  "CXXABI_1.3.7": "4.8",
  "CXXABI_1.3.8": "4.9",
  "CXXABI_1.3.9": "5.1",
  "CXXABI_1.3.10": "6.1",
  "CXXABI_1.3.11": "7.1",
  "CXXABI_1.3.12": "9.1",
  "CXXABI_1.3.13": "11.1",
  "CXXABI_1.3.14": "13.1",
  "CXXABI_1.3.15": "14.1",
  "CXXABI_1.3.16": "15.1",
};

/** The gcc that a symbol version came with. */
export function gccOfSymbolVersion(version: string): string | undefined {
  return gccBySymbolVersion[version];
}

/**
 * gcc by the symbols of libstdc++ that it brought and that programs ask for without meaning to: newer headers call them
 * where older ones had the code inline. Source: the versions of the symbols in libstdc++.so.6 (objdump -T) and the table
 * above; for the last one "GCC 13 Release Series, Porting to" and gnu.ver.
 */
const gccBySymbol: readonly (readonly [RegExp, string])[] = [
  [/^_ZNSt15__exception_ptr13exception_ptr(?:9_M_addref|10_M_release)Ev$/, "11"],
  [/^_ZSt28__throw_bad_array_new_lengthv$/, "11"],
  [/^_ZNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEE7reserveEv$/, "11"],
  [
    /^_ZNK?[RO]?St7__cxx1115basic_stringbufI[cw]St11char_traitsI[cw]ESaI[cw]EE(?:4viewEv|3strEONS_|13get_allocatorEv)/,
    "11",
  ],
  [/^_ZSt21ios_base_library_initv$/, "13"],
  // espressomd/espresso#5256, pypa/manylinux#1908, microsoft/onnxruntime#28080.
  [/^__cxa_call_terminate$/, "14"],
];

/** The gcc whose headers ask for a symbol that older libraries do not have. */
export function gccOfSymbol(symbol: string): string | undefined {
  return gccBySymbol.find(([form]) => form.test(symbol))?.[1];
}

/** Distributions by their glibc, oldest first. Source: the distributions' package lists. */
const distributions: readonly (readonly [string, string])[] = [
  ["2.17", "CentOS 7"],
  ["2.27", "Ubuntu 18.04"],
  ["2.28", "RHEL 8 and Debian 10"],
  ["2.31", "Ubuntu 20.04 and Debian 11"],
  ["2.34", "RHEL 9"],
  ["2.35", "Ubuntu 22.04"],
  ["2.36", "Debian 12"],
  ["2.39", "Ubuntu 24.04 and RHEL 10"],
  ["2.41", "Debian 13"],
];

/** The first well-known distributions with at least that glibc. */
export function distributionWithGlibc(version: string): string | undefined {
  return distributions.find(([glibc]) => compareVersions(parseVersion(glibc), parseVersion(version)) >= 0)?.[1];
}

/** First CUDA whose nvcc knows a C++ standard. Source: release notes of CUDA 9.0, 11.0 and 12.0. */
export function cudaForStandard(standard: string): string | undefined {
  return { "11": "7.0", "14": "9.0", "17": "11.0", "20": "12.0", "1y": "9.0", "1z": "11.0", "2a": "12.0" }[standard];
}

/** First gcc that knows `-std=c++N` by that name and is good enough for torch. Source: gcc's C++ standards page. */
export function gccForStandard(standard: string): number | undefined {
  return { "14": 5, "17": 9, "20": 11, "23": 13 }[standard];
}

/**
 * Pythons that a torch release has wheels for, by the first release with them.
 * Source: "Release Compatibility Matrix" in RELEASE.md of pytorch.
 */
const pythonsByTorch: readonly (readonly [since: string, oldest: string, newest: string])[] = [
  // Before 1.10: the files of each release on PyPI.
  ["1.0", "3.5", "3.7"],
  ["1.4", "3.5", "3.8"],
  ["1.6", "3.6", "3.8"],
  ["1.7.1", "3.6", "3.9"],
  ["1.10", "3.6", "3.9"],
  ["1.11", "3.7", "3.10"],
  ["2.0", "3.8", "3.11"],
  ["2.2", "3.8", "3.12"],
  ["2.5", "3.9", "3.12"],
  ["2.6", "3.9", "3.13"],
  ["2.9", "3.10", "3.14"],
];

/** The oldest and the newest Python of a torch release; undefined without a version, or for releases before 1.0. */
export function pythonsForTorch(torch: string | undefined): readonly [oldest: string, newest: string] | undefined {
  if (torch === undefined) return undefined;
  let found: readonly [string, string] | undefined;
  for (const [since, oldest, newest] of pythonsByTorch)
    if (compareVersions(parseVersion(torch), parseVersion(since)) >= 0) found = [oldest, newest];
  return found;
}

/**
 * The torch that a release of tch-rs (and torch-sys) is made for. Source: CHANGELOG.md of LaurentMazare/tch-rs, as of
 * 0.26; 0.10 has no entry and stays with the one before, 0.22 from apache/mahout#872.
 */
const torchByTch: Readonly<Record<string, string>> = {
  "0.4": "1.8",
  "0.5": "1.9",
  "0.6": "1.10",
  "0.7": "1.11",
  "0.8": "1.12",
  "0.9": "1.13",
  "0.10": "1.13",
  "0.11": "2.0",
  "0.12": "2.0",
  "0.13": "2.0",
  "0.14": "2.1",
  "0.15": "2.2",
  "0.16": "2.3",
  "0.17": "2.4",
  "0.18": "2.5",
  "0.19": "2.6",
  "0.20": "2.7",
  "0.21": "2.8",
  "0.22": "2.9",
  "0.23": "2.10",
  "0.24": "2.11",
  "0.25": "2.12",
  "0.26": "2.13",
};

/** The torch, `2.4`, that a tch of that version, `0.17` or `0.17.2`, is made for. */
export function torchOfTch(tch: string | undefined): string | undefined {
  const [major, minor] = (tch ?? "").split(".");
  return torchByTch[`${major ?? ""}.${minor ?? ""}`];
}

/** The newest tch that is made for a torch: `2.5.1` → `0.18`. */
export function tchForTorch(torch: string | undefined): string | undefined {
  const [major, minor] = (torch ?? "").split(".");
  const wanted = `${major ?? ""}.${minor ?? ""}`;
  return Object.entries(torchByTch).findLast(([, known]) => known === wanted)?.[0];
}

/**
 * Packages of PyG, and a release of each that is surely too new for a torch before 1.13: those that came with the wheels
 * for torch 2.0 (rusty1s/pytorch_scatter#358, rusty1s/pytorch_sparse#317). A bound, no more: the releases before them
 * are for torch 1.13 and older ones alike (rusty1s/pytorch_sparse#288: 0.6.15 for both 1.12 and 1.13).
 */
const firstForTorch113: Readonly<Record<string, string>> = {
  "torch-cluster": "1.6.1",
  "torch-scatter": "2.1.1",
  "torch-sparse": "0.6.17",
  "torch-spline-conv": "1.2.2",
};

/**
 * The first release of a package that is too new for a torch below one, the oldest torch first. Sources: the table above;
 * bitsandbytes-foundation/bitsandbytes#1459 (0.45 asks for torch 2.0) and #1926 (torch 2.4 after 0.49, without what it did for older ones).
 */
const tooNewBelow: readonly (readonly [torch: string, first: Readonly<Record<string, string>>])[] = [
  ["1.13", firstForTorch113],
  ["2.3", { bitsandbytes: "0.46" }],
  ["2.4", { bitsandbytes: "0.50" }],
];

/** The first release of a package that is too new for a torch; undefined where none is, or it is not known. */
export function tooNewFor(torch: string | undefined, name: string): string | undefined {
  if (torch === undefined) return undefined;
  const release = parseVersion(torch.replace(/\+.*$/, ""));
  return tooNewBelow
    .filter(([below]) => compareVersions(release, parseVersion(below)) < 0)
    .map(([, first]) => own(first, name))
    .find((first) => first !== undefined);
}

/**
 * Triton's release by torch's.
 * Source: `Requires-Dist: triton` in the metadata of torch's wheels, as pip quotes it: S-LoRA/S-LoRA#8 (2.0),
 * pytorch/builder#1515 (2.1), triton-lang/triton#3359 (2.2), vllm-project/vllm#6304 (2.3), xming521/WeClone#198 (2.7),
 * marin-community/marin#2375 (2.9), Tavris1/ComfyUI-Easy-Install#192 (2.11), pytorch/pytorch#186814 (2.12),
 * NVIDIA/TensorRT-LLM#18743 (2.13).
 */
const tritonOfTorch: Readonly<Record<string, string>> = {
  "2.0": "2.0",
  "2.1": "2.1",
  "2.2": "2.2",
  "2.3": "2.3",
  "2.4": "3.0",
  "2.5": "3.1",
  "2.6": "3.2",
  "2.7": "3.3",
  "2.8": "3.4",
  "2.9": "3.5",
  "2.10": "3.6",
  "2.11": "3.6",
  "2.12": "3.7",
  "2.13": "3.7",
  "2.14": "3.8",
};

/** The Triton that goes with a torch, and the first that is too new for it; undefined when that is not known. */
export function tritonFor(
  torch: string | undefined,
): { readonly torch: string; readonly release: string; readonly below: string } | undefined {
  const named = /^\d+\.\d+/.exec(torch ?? "")?.[0] ?? "";
  const release = own(tritonOfTorch, named);
  if (release === undefined) return undefined;
  const [major, minor] = release.split(".").map(Number);
  return { torch: named, release, below: `${String(major)}.${String((minor ?? 0) + 1)}` };
}

/** The release of FBGEMM by torch's. Source: "FBGEMM Releases Compatibility" of its documentation. */
const fbgemmOfTorch: Readonly<Record<string, string>> = {
  "2.0": "0.4",
  "2.1": "0.5",
  "2.2": "0.6",
  "2.3": "0.7",
  "2.4": "0.8",
  "2.5": "1.0",
  "2.6": "1.1",
  "2.7": "1.2",
  "2.8": "1.3",
  "2.9": "1.4",
  "2.10": "1.5",
};

/** The release of fbgemm-gpu, `0.8`, that goes with a torch. */
export function fbgemmFor(torch: string | undefined): string | undefined {
  return own(fbgemmOfTorch, /^\d+\.\d+/.exec(torch ?? "")?.[0] ?? "");
}
