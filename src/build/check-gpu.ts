/**
 * `--check`: whether what was built holds code for the GPUs that are there. Importing tells nothing of that: the first
 * kernel would fail. It starts no process and asks no GPU.
 */
import { failure, type Failure } from "../base/failure.ts";
import type { Host } from "../host/host.ts";
import { type InspectEnvironment, inspectPath } from "../inspect/inspect.ts";
import type { Graph } from "../plan/graph.ts";

/** The first artifact that runs on none of the GPUs, as a failure. Without a GPU nothing is said. */
export function checkGpuCode(
  host: Pick<Host, "fs" | "env" | "cwd" | "arch">,
  environment: InspectEnvironment,
  graph: Pick<Graph, "artifacts">,
): Failure | undefined {
  if (environment.gpus.length === 0) return undefined;
  for (const { path } of graph.artifacts) {
    const inspected = inspectPath(host, path, { environment });
    // What cannot be read was imported a moment ago: that it is odd to a reader is no reason to fail.
    if (!inspected.ok || inspected.value.kind !== "extension") continue;
    const { verdict } = inspected.value;
    if (verdict?.runs !== "no") continue;
    const problem = verdict.problems.find(({ kind }) => kind === "no-gpu-code" || kind === "driver-too-old");
    if (problem === undefined) continue;
    return failure("GPU_NOT_SERVED", `\`${path}\` was built but does not run here: ${lower(problem.what)}`, {
      cause: problem.why,
      hint: problem.fix,
    });
  }
  return undefined;
}

function lower(sentence: string): string {
  return sentence.replace(/^(?:It|The|Some)\b/, (word) => word.toLowerCase());
}
