/** Lists of architectures for TORCH_CUDA_ARCH_LIST that the nvcc at hand knows, where the GPU is not known. */
import { compareVersions, parseVersion } from "../../base/order.ts";
import { torchCuda } from "./toolkit-commands.ts";
import type { Match } from "../rule.ts";
import { cudaForArchitecture } from "../tables/version-facts.ts";

/** Whether a CUDA has a target: `8.6`, `11.3`. */
export function knows(cuda: string, capability: string): boolean {
  const known = cudaForArchitecture(capability.replace(".", ""));
  const version = parseVersion(cuda);
  return (
    known !== undefined &&
    compareVersions(version, parseVersion(known.since)) >= 0 &&
    (known.gone === undefined || compareVersions(version, parseVersion(known.gone)) < 0)
  );
}

/** `7.5;8.0;8.6+PTX`: of the wanted ones those that nvcc has, the newest as PTX, too, which serves newer GPUs. */
export function usualArchitectures(match: Match, ...wanted: readonly string[]): string {
  const { log, environment } = match.context;
  // torch for these Pythons ends with 1.13, and its older releases have no more in their list.
  if (wanted.length === 0 && /^3\.[5-7]$/.test(log.python ?? "") && log.cuda === undefined) return "7.0;7.5;8.0+PTX";
  const cuda = log.cuda ?? environment?.cuda?.version ?? torchCuda(match) ?? log.spokenCuda;
  const list = wanted.length > 0 ? wanted : ["8.0", "8.6", "9.0"];
  const kept = cuda === undefined ? list : list.filter((each) => knows(cuda, each));
  const volta = cuda === undefined ? [] : ["7.0", "7.5"].filter((each) => knows(cuda, each));
  const older = volta.length > 0 || cuda === undefined ? volta : ["6.1"].filter((each) => knows(cuda, each));
  return `${(kept.length > 0 ? kept : older.length > 0 ? older : list).join(";")}+PTX`;
}
