/**
 * What torch asks of those who build on it: macros, flags, libraries. Facts with their source, no commands. The source
 * is `torch/utils/cpp_extension.py` of torch 2.13 where nothing else is said.
 */
import { parseVersion } from "../base/order.ts";
import type { Extension } from "../config/extension.ts";
import type { Environment, Torch } from "../environment/environment.ts";

/** `COMMON_NVCC_FLAGS`: torch's headers define these operators themselves. */
export const commonNvccFlags: readonly string[] = [
  "-D__CUDA_NO_HALF_OPERATORS__",
  "-D__CUDA_NO_HALF_CONVERSIONS__",
  "-D__CUDA_NO_BFLOAT16_CONVERSIONS__",
  "-D__CUDA_NO_HALF2_OPERATORS__",
  "--expt-relaxed-constexpr",
];

/** `COMMON_MSVC_FLAGS` without `/MD` and `/EHsc`: warnings that torch's headers cause. */
export const msvcWarningFlags: readonly string[] = [
  "/wd4819",
  "/wd4251",
  "/wd4244",
  "/wd4267",
  "/wd4275",
  "/wd4018",
  "/wd4190",
  "/wd4624",
  "/wd4067",
  "/wd4068",
];

/** `MSVC_IGNORE_CUDAFE_WARNINGS`. */
export const cudafeSuppressed: readonly string[] = [
  "base_class_has_different_dll_interface",
  "field_without_dll_interface",
  "dll_interface_conflict_none_assumed",
  "dll_interface_conflict_dllexport_assumed",
];

/** `COMMON_HIP_FLAGS`. */
export const commonHipFlags: readonly string[] = ["-D__HIP_PLATFORM_AMD__=1", "-DUSE_ROCM=1", "-DHIPBLAS_V2"];

/** `COMMON_HIPCC_FLAGS`. */
export const commonHipccFlags: readonly string[] = [
  "-DCUDA_HAS_FP16=1",
  "-D__HIP_NO_HALF_OPERATORS__=1",
  "-D__HIP_NO_HALF_CONVERSIONS__=1",
  "-DHIP_ENABLE_WARP_SYNC_BUILTINS=1",
];

/**
 * `-INCLUDE:` of a symbol of torch_cuda.dll: without it MSVC's linker drops a library of which nothing is named
 * (pytorch#31611).
 */
export const torchCudaIncludeSymbol = "?warp_size@cuda@at@@YAHXZ";

/** Last part of a module's name: `my_pkg._C` → `_C`. pybind11 knows no dots in names. */
export function moduleName(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}

/** Value of `Py_LIMITED_API` (docs.python.org, "C API Stability"): `3.10` → `0x030A0000`. */
export function limitedApiValue(version: string): string {
  const [major = 3, minor = 0] = parseVersion(version);
  return `0x${hexByte(major).toUpperCase()}${hexByte(minor).toUpperCase()}0000`;
}

/**
 * Value of `TORCH_TARGET_VERSION` (torch/headeronly/version.h, `TORCH_ABI_VERSION`): major, minor and patch in the three
 * upper bytes of eight. `2.10` → `0x020a000000000000`.
 */
export function targetVersionValue(version: string): string {
  const [major = 2, minor = 0, patch = 0] = parseVersion(version);
  return `0x${hexByte(major)}${hexByte(minor)}${hexByte(patch)}0000000000`;
}

function hexByte(value: number): string {
  return value.toString(16).padStart(2, "0");
}

/** Macros that say what an extension is, for every compiler: name and value. */
export function extensionMacros(extension: Extension, environment: Environment): string[] {
  const { torch } = environment;
  const macros: string[] = [];
  // A program is no extension: torch's builder leaves both out with `is_standalone`.
  if (extension.kind !== "executable") {
    macros.push(`TORCH_EXTENSION_NAME=${moduleName(extension.name)}`);
    if (extension.usesTorch) macros.push("TORCH_API_INCLUDE_EXTENSION_H");
  }
  if (extension.kind === "python-module" && extension.pyLimitedApi !== undefined) {
    macros.push(`Py_LIMITED_API=${limitedApiValue(extension.pyLimitedApi)}`);
  }
  if (extension.torchTargetVersion !== undefined) {
    macros.push(`TORCH_TARGET_VERSION=${targetVersionValue(extension.torchTargetVersion)}`);
  }
  if (!extension.usesTorch || torch === undefined) return macros;
  if (environment.platform === "linux") macros.push(abiMacro(torch));
  if (extension.kind !== "executable" && environment.platform !== "win32") macros.push(...pybindMacros(torch));
  return macros;
}

/**
 * `_GLIBCXX_USE_CXX11_ABI` as libtorch was built. torch 2.13 no longer passes it, so that a compiler with another
 * default (RHEL's devtoolset) fails at import; it costs nothing where the default is right.
 */
function abiMacro(torch: Torch): string {
  return `_GLIBCXX_USE_CXX11_ABI=${torch.cxx11Abi ? "1" : "0"}`;
}

/** `PYBIND11_COMPILER_TYPE` and the like, of torch with pybind11 2 (until pytorch#160754). */
function pybindMacros({ pybind11Abi }: Torch): string[] {
  if (pybind11Abi === undefined) return [];
  return [
    `PYBIND11_COMPILER_TYPE="${pybind11Abi.compilerType}"`,
    `PYBIND11_STDLIB="${pybind11Abi.stdlib}"`,
    `PYBIND11_BUILD_ABI="${pybind11Abi.buildAbi}"`,
  ];
}

/** Which of torch's libraries an extension is linked with. */
export interface TorchLibraries {
  readonly names: readonly string[];
  /** Wanted only if something in it is used: the library of Python bindings, for what is no Python module. */
  readonly asNeeded: readonly string[];
}

/** The device whose libraries are linked. */
export type Device = "cpu" | "cuda" | "rocm" | "xpu";

/** Libraries of a device, in the order of `_prepare_ldflags`, around those of the CPU. */
const deviceLibraries: Readonly<
  Record<Device, { readonly c10: readonly string[]; readonly torch: readonly string[] }>
> = {
  cpu: { c10: [], torch: [] },
  cuda: { c10: ["c10_cuda"], torch: ["torch_cuda"] },
  rocm: { c10: ["c10_hip"], torch: ["torch_hip"] },
  xpu: { c10: ["c10_xpu"], torch: ["torch_xpu"] },
};

/**
 * The libraries of torch for an extension: those that torch's builder names, as far as they are installed. Until torch
 * 1.13 CUDA builds could have torch_cuda in two parts (`BUILD_SPLIT_CUDA`).
 */
export function torchLibraries(
  extension: Extension,
  torch: Torch,
  device: Device,
  platform: Environment["platform"],
): TorchLibraries {
  const installed = new Set(torch.libraries);
  const { c10, torch: own } = deviceLibraries[device];
  const split = ["torch_cuda_cu", "torch_cuda_cpp"].every((name) => installed.has(name));
  const names = [
    "c10",
    ...c10,
    "torch_cpu",
    ...(device === "cuda" && split ? ["torch_cuda_cu", "torch_cuda_cpp"] : own),
    "torch",
  ].filter((name) => installed.has(name));
  // Vector code in torch's headers calls it; on other platforms it is inside of libtorch_cpu.
  if (platform === "win32" && installed.has("sleef")) names.push("sleef");
  if (!installed.has("torch_python") || extension.kind === "executable") return { names, asNeeded: [] };
  if (extension.kind === "torch-library") return { names, asNeeded: ["torch_python"] };
  return { names: extension.pyLimitedApi === undefined ? [...names, "torch_python"] : names, asNeeded: [] };
}
