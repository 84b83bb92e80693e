/** The table of all rules. Order is of no importance: specificity decides. */
import type { Rule } from "../rule.ts";
import { buildSystemRules } from "./build-systems.ts";
import { cudaToolkitRules } from "./cuda-toolkit.ts";
import { genericRules } from "./generic.ts";
import { gpuRunTimeRules } from "./gpu-run-time.ts";
import { headerRules } from "./headers.ts";
import { linkingRules } from "./linking.ts";
import { loadingRules } from "./loading.ts";
import { missingLibraryRules } from "./missing-libraries.ts";
import { nvccRules } from "./nvcc.ts";
import { otherSymbolRules } from "./other-symbols.ts";
import { packagingRules } from "./packaging.ts";
import { platformRules } from "./platforms.ts";
import { registrationRules } from "./registration.ts";
import { resourceRules } from "./resources.ts";
import { sourceRules } from "./sources.ts";
import { standardRules } from "./standards.ts";
import { toolchainRules } from "./toolchain.ts";
import { torchSourceRules } from "./torch-sources.ts";
import { torchSymbolRules } from "./torch-symbols.ts";
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
  { name: "Running on the GPU", rules: gpuRunTimeRules },
  { name: "The CUDA toolkit", rules: cudaToolkitRules },
  { name: "Compilers and tools", rules: toolchainRules },
  { name: "nvcc", rules: nvccRules },
  { name: "The C++ standard", rules: standardRules },
  { name: "Headers", rules: headerRules },
  { name: "Sources and torch's API", rules: torchSourceRules },
  { name: "Sources and everything else", rules: sourceRules },
  { name: "Linking", rules: linkingRules },
  { name: "Packaging", rules: packagingRules },
  { name: "Build systems and caches", rules: buildSystemRules },
  { name: "Memory, disk and limits", rules: resourceRules },
  { name: "MSVC and Windows", rules: windowsRules },
  { name: "ROCm, Intel and macOS", rules: platformRules },
  { name: "Last resorts", rules: genericRules },
];

/** All rules. */
export const rules: readonly Rule[] = ruleFamilies.flatMap((family) => family.rules);
