/** The table of all rules. Order is of no importance: specificity decides. */
import type { Rule } from "../rule.ts";
import { architectureRules } from "./architectures.ts";
import { bazelAndMesonRules } from "./bazel-and-meson.ts";
import { buildSurroundingsRules } from "./build-surroundings.ts";
import { buildSystemRules } from "./build-systems.ts";
import { buildVersionRules } from "./build-versions.ts";
import { callRules } from "./calls.ts";
import { ccclRules } from "./cccl.ts";
import { cmakePackageRules } from "./cmake-packages.ts";
import { cmakeRules } from "./cmake.ts";
import { compilerOptionRules } from "./compiler-options.ts";
import { cudaToolkitRules } from "./cuda-toolkit.ts";
import { customOperatorRules } from "./custom-operators.ts";
import { dialectRules } from "./dialects.ts";
import { distributedRules } from "./distributed.ts";
import { genericRules } from "./generic.ts";
import { foreignToolchainRules } from "./foreign-toolchains.ts";
import { gpuDeviceRules } from "./gpu-devices.ts";
import { gpuEnvironmentRules } from "./gpu-environment.ts";
import { gpuRunTimeRules } from "./gpu-run-time.ts";
import { headerConflictRules } from "./header-conflicts.ts";
import { headerRules } from "./headers.ts";
import { hostCompilerRules } from "./host-compilers.ts";
import { includeRules } from "./includes.ts";
import { languageRules } from "./language.ts";
import { libraryHeaderRules } from "./library-headers.ts";
import { linkLibraryRules } from "./link-libraries.ts";
import { linkingRules } from "./linking.ts";
import { loadingRules } from "./loading.ts";
import { macosLoadingRules } from "./macos-loading.ts";
import { missingLibraryRules } from "./missing-libraries.ts";
import { nvccOptionRules } from "./nvcc-options.ts";
import { moduleAndBindingRules } from "./modules-and-bindings.ts";
import { mklRules } from "./mkl.ts";
import { nvccRules } from "./nvcc.ts";
import { hostAndDeviceRules } from "./host-and-device.ts";
import { olderLanguageRules } from "./older-language.ts";
import { otherLibraryRules } from "./other-libraries.ts";
import { otherSymbolRules } from "./other-symbols.ts";
import { isolationRules } from "./isolation.ts";
import { nvccHeaderRules } from "./nvcc-headers.ts";
import { runTimeCompilerRules } from "./run-time-compilers.ts";
import { stricterCompilerRules } from "./stricter-compilers.ts";
import { tritonRules } from "./triton.ts";
import { companionPackageRules } from "./companion-packages.ts";
import { doubleRegistrationRules } from "./double-registration.ts";
import { gpuBuildLibraryRules } from "./gpu-build-libraries.ts";
import { packagingRules } from "./packaging.ts";
import { platformRules } from "./platforms.ts";
import { embeddingRules } from "./embedding.ts";
import { operatorNamespaceRules } from "./operator-namespaces.ts";
import { otherCxxLibraryRules } from "./other-cxx-library.ts";
import { pythonVersionRules } from "./python-versions.ts";
import { registrationRules } from "./registration.ts";
import { resourceRules } from "./resources.ts";
import { setupRefusalRules } from "./setup-refusals.ts";
import { setupScriptRules } from "./setup-scripts.ts";
import { sourceRules } from "./sources.ts";
import { standardRules } from "./standards.ts";
import { syclRules } from "./sycl.ts";
import { toolchainRules } from "./toolchain.ts";
import { torchApiRules } from "./torch-api.ts";
import { torchSourceRules } from "./torch-sources.ts";
import { torchSymbolRules } from "./torch-symbols.ts";
import { torchAbiRules } from "./torch-abi.ts";
import { gpuSymbolRules } from "./gpu-symbols.ts";
import { systemSymbolRules } from "./system-symbols.ts";
import { windowsLoadingRules } from "./windows-loading.ts";
import { gpuLibraryRules } from "./gpu-libraries.ts";
import { readyPackageRules } from "./ready-packages.ts";
import { rocmRules } from "./rocm.ts";
import { vendorCompilerRules } from "./vendor-compilers.ts";
import { wheelRules } from "./wheels.ts";
import { downloadRules } from "./downloads.ts";
import { libraryVersionRules } from "./library-versions.ts";
import { gpuSupportRules } from "./gpu-support.ts";
import { operatorCheckRules } from "./compiled-operators.ts";
import { windowsRules } from "./windows.ts";

/** A family of rules: one file, one heading of the documentation. */
export interface RuleFamily {
  readonly name: string;
  readonly rules: readonly Rule[];
}

/** All rules by family. */
export const ruleFamilies: readonly RuleFamily[] = [
  { name: "Symbols of torch", rules: torchSymbolRules },
  { name: "torch's C++ ABI", rules: torchAbiRules },
  { name: "Two C++ standard libraries", rules: otherCxxLibraryRules },
  { name: "Symbols of CUDA and ROCm", rules: gpuSymbolRules },
  { name: "Symbols of the system", rules: systemSymbolRules },
  { name: "Other symbols", rules: otherSymbolRules },
  { name: "Intel's MKL", rules: mklRules },
  { name: "Missing libraries", rules: missingLibraryRules },
  { name: "Libraries of one GPU build", rules: gpuBuildLibraryRules },
  { name: "Loading a module", rules: loadingRules },
  { name: "Versions of libraries", rules: libraryVersionRules },
  { name: "Loading on macOS", rules: macosLoadingRules },
  { name: "Loading a DLL", rules: windowsLoadingRules },
  { name: "Registration", rules: registrationRules },
  { name: "Registered twice", rules: doubleRegistrationRules },
  { name: "Operators and their namespaces", rules: operatorNamespaceRules },
  { name: "Programs that embed torch", rules: embeddingRules },
  { name: "Calls into a module", rules: callRules },
  { name: "Custom operators", rules: customOperatorRules },
  { name: "Operators below torch.compile", rules: operatorCheckRules },
  { name: "Running on the GPU", rules: gpuRunTimeRules },
  { name: "GPUs and builds", rules: gpuSupportRules },
  { name: "Triton", rules: tritonRules },
  { name: "Compilers at run time", rules: runTimeCompilerRules },
  { name: "GPU libraries", rules: gpuLibraryRules },
  { name: "Drivers and GPUs", rules: gpuEnvironmentRules },
  { name: "Devices", rules: gpuDeviceRules },
  { name: "Several GPUs and processes", rules: distributedRules },
  { name: "The CUDA toolkit", rules: cudaToolkitRules },
  { name: "Compilers and tools", rules: toolchainRules },
  { name: "Host compilers", rules: hostCompilerRules },
  { name: "Compilers of vendors", rules: vendorCompilerRules },
  { name: "Compiler options", rules: compilerOptionRules },
  { name: "nvcc's command line", rules: nvccOptionRules },
  { name: "nvcc", rules: nvccRules },
  { name: "Headers that nvcc does not take", rules: nvccHeaderRules },
  { name: "GPU architectures in code", rules: architectureRules },
  { name: "Thrust, CUB and CUDA's interface", rules: ccclRules },
  { name: "The C++ standard", rules: standardRules },
  { name: "Dialects and instruction sets", rules: dialectRules },
  { name: "Stricter compilers", rules: stricterCompilerRules },
  { name: "Host and device code", rules: hostAndDeviceRules },
  { name: "Older languages and copies", rules: olderLanguageRules },
  { name: "Headers", rules: headerRules },
  { name: "Headers in each other's way", rules: headerConflictRules },
  { name: "Headers of libraries", rules: libraryHeaderRules },
  { name: "Forgotten includes", rules: includeRules },
  { name: "Names of another torch", rules: torchApiRules },
  { name: "Sources and torch's API", rules: torchSourceRules },
  { name: "Modules and bindings in C++", rules: moduleAndBindingRules },
  { name: "Other libraries", rules: otherLibraryRules },
  { name: "Sources and everything else", rules: sourceRules },
  { name: "Sources and the language", rules: languageRules },
  { name: "Libraries at the link", rules: linkLibraryRules },
  { name: "Linking", rules: linkingRules },
  { name: "Isolated builds", rules: isolationRules },
  { name: "Packaging", rules: packagingRules },
  { name: "Downloads", rules: downloadRules },
  { name: "Packages for one torch", rules: companionPackageRules },
  { name: "Ready-made packages", rules: readyPackageRules },
  { name: "Setup scripts", rules: setupScriptRules },
  { name: "Refusals of setup scripts", rules: setupRefusalRules },
  { name: "Versions that are not found", rules: buildVersionRules },
  { name: "Wheels for others", rules: wheelRules },
  { name: "Pythons and NumPys", rules: pythonVersionRules },
  { name: "CMake", rules: cmakeRules },
  { name: "Packages of CMake", rules: cmakePackageRules },
  { name: "Bazel and Meson", rules: bazelAndMesonRules },
  { name: "Build systems and caches", rules: buildSystemRules },
  { name: "Surroundings of a build", rules: buildSurroundingsRules },
  { name: "Memory, disk and limits", rules: resourceRules },
  { name: "MSVC and Windows", rules: windowsRules },
  { name: "ROCm", rules: rocmRules },
  { name: "Intel GPUs", rules: syclRules },
  { name: "macOS and ported code", rules: platformRules },
  { name: "Foreign tools and processors", rules: foreignToolchainRules },
  { name: "Last resorts", rules: genericRules },
];

/** All rules. */
export const rules: readonly Rule[] = ruleFamilies.flatMap((family) => family.rules);
