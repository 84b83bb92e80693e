/**
 * Packages that the text has installed with conda, and torch beside them: conda-forge's builds name the torch that they were
 * compiled against, and conda puts the two together, as long as both come from there. It does not know whether conda finds a
 * solution. Sources: openmm/openmm-torch#127, conda-forge/pytorch-cpu-feedstock (the names of its builds: cpu_*, cuda*).
 */
import { own } from "../../base/own.ts";
import { pip } from "./command-words.ts";
import { packageOf } from "../tables/packages.ts";
import type { Match } from "../rule.ts";

/** Names that conda-forge has packages by what pip calls them. Source: the list of feedstocks of conda-forge. */
const ofCondaForge: Readonly<Record<string, string>> = {
  "torch-scatter": "pytorch_scatter",
  "torch-sparse": "pytorch_sparse",
  "torch-cluster": "pytorch_cluster",
  "torch-spline-conv": "pytorch_spline_conv",
  "flash-attn": "flash-attn",
  xformers: "xformers",
  torchvision: "torchvision",
  torchaudio: "torchaudio",
  detectron2: "detectron2",
};

/** Where torch is a build of conda-forge: the packages from there, too, in place of wheels that are for PyTorch's own wheel of torch. */
export function besideCondaForge(match: Match, names: readonly string[]): string[] | undefined {
  if (match.context.log.torchOfCondaForge !== true) return undefined;
  const known = names.map((name) => own(ofCondaForge, name));
  if (names.length === 0 || known.includes(undefined)) return undefined;
  return [
    pip(match, `uninstall -y ${names.join(" ")}`),
    `conda install -c conda-forge ${known.join(" ")}   # compiled against the torch of conda-forge that is there: ready-made wheels are for PyTorch's own wheel of torch, which is another build`,
  ];
}

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
