/** A GPU that is not here, as it is asked for on the command line: `9.0`, `sm_90`, `8.6:550` (with a driver). */
import { parseArchitecture } from "./architecture.ts";
import type { JudgeGpu } from "./verdict.ts";

/** Undefined for what is no GPU. */
export function askedGpu(text: string): JudgeGpu | undefined {
  const [, capability = "", driver] = /^([^:]+)(?::(\d{3}(?:\.\d+)*))?$/.exec(text) ?? [];
  const plain = /^(\d{1,3})\.(\d)$/.exec(capability);
  const architecture = parseArchitecture(plain === null ? capability : `${plain[1]}${plain[2]}`);
  if (architecture === undefined || architecture.suffix !== "") return undefined;
  return {
    name: driver === undefined ? "a GPU" : `a GPU with driver ${driver}`,
    computeCapability: [architecture.major, architecture.minor],
    ...(driver === undefined ? {} : { driverVersion: driver }),
  };
}
