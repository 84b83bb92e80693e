/** Packages that many inputs belong to, so that `explain` can say `torch 2.13.0+cpu → 2.14.1` once. */
import type { Package } from "../engine/freshness.ts";
import type { Environment } from "../environment/environment.ts";

/** The packages of an environment under the names of their roots. */
export function packagesOf(environment: Environment): Package[] {
  const packages: Package[] = [];
  const { torch, cuda, python } = environment;
  if (torch !== undefined) packages.push({ name: "torch", version: torch.version, root: "$TORCH" });
  if (cuda !== undefined) packages.push({ name: "CUDA", version: cuda.fullVersion, root: "$CUDA" });
  if (python !== undefined) packages.push({ name: "Python", version: python.version.join("."), root: "$PYTHON" });
  return packages;
}
