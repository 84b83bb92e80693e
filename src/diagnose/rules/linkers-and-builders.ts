/** Groups of rules about linkers, compilers of device code that link by themselves, and what builds packages for others. */
import type { Rule } from "../rule.ts";
import { chosenLinkerRules } from "./chosen-linkers.ts";
import { clangCudaRules } from "./clang-cuda.ts";
import { hipDeviceLinkRules } from "./hip-device-link.ts";
import { nanobindRules } from "./nanobind.ts";
import { nixRules } from "./nix.ts";
import { spackRules } from "./spack.ts";

export const linkersAndBuilders: readonly { readonly name: string; readonly rules: readonly Rule[] }[] = [
  { name: "Linkers that are asked for", rules: chosenLinkerRules },
  { name: "clang as CUDA's compiler", rules: clangCudaRules },
  { name: "AMD's device link", rules: hipDeviceLinkRules },
  { name: "Spack and Nix", rules: [...spackRules, ...nixRules] },
  { name: "nanobind", rules: nanobindRules },
];
