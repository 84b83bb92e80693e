/**
 * Packages that the text has installed with conda, and torch beside them: conda-forge's builds name the torch that they were
 * compiled against, and conda puts the two together, as long as both come from there. It does not know whether conda finds a
 * solution. Sources: openmm/openmm-torch#127, conda-forge/pytorch-cpu-feedstock (the names of its builds: cpu_*, cuda*).
 */
import { packageOf } from "./packages.ts";
import type { Match } from "./rule.ts";

/** Without what names are spelt with: `openmmtorch` and `openmm-torch`. */
function bare(name: string): string {
  return name.toLowerCase().replaceAll(/[-_.]/g, "");
}

/** Brings torch and what was asked for from conda-forge together; undefined where the package did not come from conda. */
export function fromCondaForge(match: Match, kind: "cuda" | "any"): string[] | undefined {
  const asked = (match.context.log.condaAsked ?? []).filter((name) => name !== "cudatoolkit");
  const name = packageOf(match) ?? match.context.log.runningModule?.split(".")[0];
  if (name === undefined || !asked.some((each) => bare(each) === bare(name))) return undefined;
  const torch = kind === "cuda" ? '"pytorch=*=cuda*"' : "pytorch";
  return [
    "conda list | grep -iE 'torch|cuda'   # the columns Build (cpu or cuda) and Channel",
    `conda install -c conda-forge --override-channels ${torch} ${asked.join(" ")}   # torch and what was compiled against it, all from one channel; what pip installed of torch has to go before: pip uninstall -y torch`,
  ];
}
