/**
 * What to do where nvcc is older than something needs: which toolkit to take, and how a shell gets to it. It does not know
 * which toolkits are installed on the machine of the text.
 */
import { compareVersions, parseVersion } from "../../base/order.ts";
import { platformOf, setVariable, showTorchCuda, toolkitFolder, toolkitOnPath, torchCuda } from "./commands.ts";
import { condaToolkit, useCondaToolkit } from "../tables/conda-toolkit.ts";
import type { Match } from "../rule.ts";

/** A toolkit of at least that CUDA: torch's own, where that is new enough, and of its major version in any case. */
export function newerToolkit(match: Match, since: string): string[] {
  const ofTorch = torchCuda(match);
  const fits = ofTorch !== undefined && compareVersions(parseVersion(ofTorch), parseVersion(since)) >= 0;
  const wanted = fits ? ofTorch : since;
  const cached = /[^\s'"`]*[\\/]\.cache[\\/]flashinfer\b/.exec(
    match.context.findings.map(({ text }) => text).find((text) => text.includes("flashinfer")) ?? "",
  )?.[0];
  return [
    `nvcc --version   # older than ${since}`,
    ...(ofTorch === undefined ? [showTorchCuda(match)] : []),
    match.context.log.conda && platformOf(match) === "linux"
      ? `# no toolkit ${wanted} there: ${condaToolkit(wanted)} && ${useCondaToolkit}`
      : `# no toolkit ${wanted} there: https://developer.nvidia.com/cuda-toolkit-archive${fits ? "" : " (or a newer one of the major version of torch's CUDA)"}`,
    setVariable(match, "CUDA_HOME", toolkitFolder(match, wanted)),
    toolkitOnPath(match),
    ...(cached === undefined || platformOf(match) === "win32"
      ? []
      : [`rm -rf ${cached}   # what it wrote for the old nvcc`]),
  ];
}
