/**
 * Whether a module of pybind11 and the installed PyTorch know each other's types. They do when both were compiled with
 * pybind11 of one version of the internals and one ABI: tried with torch.monitor.Event between versions 11 and 12, whose
 * conduit does not help. Tensors have a conversion of their own. ELF alone.
 */
import { join } from "node:path";
import type { Host } from "../host/host.ts";
import { bindingIn, constantRanges, constantsOf, internalsVersion } from "./binding-abi.ts";
import { fileSource } from "./bytes.ts";
import { openElf } from "./elf.ts";
import type { ExtensionReport } from "./report.ts";
import type { JudgeEnvironment, Problem } from "./verdict.ts";

/** The name by which the modules of the installed PyTorch share types. */
function torchBinding(fs: Host["fs"], root: string): string | undefined {
  const source = fileSource(fs, join(root, "lib", "libtorch_python.so"));
  const elf = source === undefined ? undefined : openElf(source);
  if (source === undefined || elf?.ok !== true) return undefined;
  const told = bindingIn(constantsOf(source, constantRanges(elf.value.sections)));
  return told?.binding === "pybind11" ? told.abi : undefined;
}

export function bindingProblems(
  { python, torch, kind, format }: ExtensionReport,
  environment: JudgeEnvironment,
  { fs }: Pick<Host, "fs">,
): Problem[] {
  const own = python.binding === "pybind11" ? python.bindingAbi : undefined;
  if (own === undefined || kind !== "python-module" || format !== "elf" || !torch.uses) return [];
  if (environment.torch === undefined) return [];
  const theirs = torchBinding(fs, environment.torch.root);
  if (theirs === undefined || theirs === own) return [];
  const [mine, other] = [internalsVersion(own), internalsVersion(theirs)];
  const differs =
    mine === other ? `\`${own}\`, and PyTorch's \`${theirs}\`` : `${mine ?? own}, and PyTorch's ${other ?? theirs}`;
  return [
    {
      kind: "note",
      severity: "warning",
      owner: "pybind11",
      what: `It was compiled with another pybind11 than the installed PyTorch ${environment.torch.version}: its internals are ${differs}`,
      why: "Functions that take or return classes that PyTorch binds with pybind11 (ProcessGroup, Future, ScriptModule, …) fail with `incompatible function arguments`; tensors have a conversion of their own",
      fix: "Compile it with the pybind11 that is in PyTorch's headers: no other one before `torch/include`, and no `PYBIND11_…` macros of an older PyTorch",
    },
  ];
}
