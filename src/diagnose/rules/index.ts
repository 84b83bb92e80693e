/** The table of all rules. Order is of no importance: specificity decides. */
import type { Rule } from "../rule.ts";
import { architectureRules } from "./architectures.ts";
import { bazelAndMesonRules } from "./bazel-and-meson.ts";
import { buildSurroundingsRules } from "./build-surroundings.ts";
import { buildSystemRules } from "./build-systems.ts";
import { ccclRules } from "./cccl.ts";
import { cmakePackageRules } from "./cmake-packages.ts";
import { cmakeRules } from "./cmake.ts";
import { compilerOptionRules } from "./compiler-options.ts";
import { cudaToolkitRules } from "./cuda-toolkit.ts";
import { customOperatorRules } from "./custom-operators.ts";
import { genericRules } from "./generic.ts";
import { foreignToolchainRules } from "./foreign-toolchains.ts";
import { gpuEnvironmentRules } from "./gpu-environment.ts";
import { gpuRunTimeRules } from "./gpu-run-time.ts";
import { headerRules } from "./headers.ts";
import { hostCompilerRules } from "./host-compilers.ts";
import { includeRules } from "./includes.ts";
import { languageRules } from "./language.ts";
import { libraryHeaderRules } from "./library-headers.ts";
import { linkLibraryRules } from "./link-libraries.ts";
import { linkingRules } from "./linking.ts";
import { loadingRules } from "./loading.ts";
import { missingLibraryRules } from "./missing-libraries.ts";
import { nvccOptionRules } from "./nvcc-options.ts";
import { nvccRules } from "./nvcc.ts";
import { otherSymbolRules } from "./other-symbols.ts";
import { packagingRules } from "./packaging.ts";
import { platformRules } from "./platforms.ts";
import { pythonVersionRules } from "./python-versions.ts";
import { registrationRules } from "./registration.ts";
import { resourceRules } from "./resources.ts";
import { rocmRules } from "./rocm.ts";
import { setupRefusalRules } from "./setup-refusals.ts";
import { setupScriptRules } from "./setup-scripts.ts";
import { sourceRules } from "./sources.ts";
import { standardRules } from "./standards.ts";
import { syclRules } from "./sycl.ts";
import { toolchainRules } from "./toolchain.ts";
import { torchSourceRules } from "./torch-sources.ts";
import { torchSymbolRules } from "./torch-symbols.ts";
import { wheelRules } from "./wheels.ts";
import { windowsRules } from "./windows.ts";

/** A family of rules: one file, one heading of the documentation. */
export interface RuleFamily {
  readonly name: string;
  readonly rules: readonly Rule[];
}

/** All rules by family. */
export const ruleFamilies: readonly RuleFamily[] = [
  { name: "Symbols of torch", rules: torchSymbolRules },
  { name: "Other symbols", rules: otherSymbolRules },
  { name: "Missing libraries", rules: missingLibraryRules },
  { name: "Loading a module", rules: loadingRules },
  { name: "Registration and calls", rules: registrationRules },
  { name: "Custom operators", rules: customOperatorRules },
  { name: "Running on the GPU", rules: gpuRunTimeRules },
  { name: "Drivers and GPUs", rules: gpuEnvironmentRules },
  { name: "The CUDA toolkit", rules: cudaToolkitRules },
  { name: "Compilers and tools", rules: toolchainRules },
  { name: "Host compilers", rules: hostCompilerRules },
  { name: "Compiler options", rules: compilerOptionRules },
  { name: "nvcc's command line", rules: nvccOptionRules },
  { name: "nvcc", rules: nvccRules },
  { name: "GPU architectures in code", rules: architectureRules },
  { name: "Thrust, CUB and CUDA's interface", rules: ccclRules },
  { name: "The C++ standard", rules: standardRules },
  { name: "Headers", rules: headerRules },
  { name: "Headers of libraries", rules: libraryHeaderRules },
  { name: "Forgotten includes", rules: includeRules },
  { name: "Sources and torch's API", rules: torchSourceRules },
  { name: "Sources and everything else", rules: sourceRules },
  { name: "Sources and the language", rules: languageRules },
  { name: "Libraries at the link", rules: linkLibraryRules },
  { name: "Linking", rules: linkingRules },
  { name: "Packaging", rules: packagingRules },
  { name: "Setup scripts", rules: setupScriptRules },
  { name: "Refusals of setup scripts", rules: setupRefusalRules },
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
