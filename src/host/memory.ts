/** How much memory there is and how many processors may be used, as the operating system and its control groups say. */
import { readFileSync } from "node:fs";
import { availableParallelism, freemem, totalmem } from "node:os";
import type { ReadText } from "./control-groups.ts";
import { cpuQuota, memoryLimits } from "./control-groups.ts";

const read: ReadText = (path) => {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return undefined;
  }
};

/** Bytes. */
export interface Memory {
  readonly total: number;
  readonly available: number;
}

/** Memory of the machine, or of the control group where that is less. */
export function memory(): Memory {
  if (process.platform === "linux") {
    return linuxMemory(read) ?? { total: totalmem(), available: freemem() };
  }
  if (process.platform === "darwin") {
    return { total: totalmem(), available: Math.max(freemem(), darwinAvailable()) };
  }
  return { total: totalmem(), available: freemem() };
}

/** Linux, from `/proc/meminfo` and the control groups. */
export function linuxMemory(readText: ReadText): Memory | undefined {
  const text = readText("/proc/meminfo");
  const field = (name: string): number | undefined => {
    const match = new RegExp(`^${name}:\\s*(\\d+) kB`, "m").exec(text ?? "");
    return match === null ? undefined : Number(match[1]) * 1024;
  };
  let total = field("MemTotal");
  let available = field("MemAvailable") ?? field("MemFree");
  if (total === undefined || available === undefined) return undefined;
  for (const { limit, used } of memoryLimits(readText)) {
    total = Math.min(total, limit);
    available = Math.min(available, Math.max(0, limit - used));
  }
  return { total, available };
}

let darwinAsked = 0;
let darwinAnswer = 0;

/** `os.freemem()` counts pages of no use at all; what macOS would give up at once comes from `vm_stat`. */
function darwinAvailable(): number {
  const now = performance.now();
  if (darwinAnswer === 0 || now - darwinAsked > 1000) {
    darwinAsked = now;
    const result = process.getBuiltinModule("node:child_process").spawnSync("/usr/bin/vm_stat", { encoding: "utf8" });
    darwinAnswer = parseVmStat(result.stdout ?? "");
  }
  return darwinAnswer;
}

/** Bytes that `vm_stat` of macOS calls free, inactive, speculative or purgeable. */
export function parseVmStat(text: string): number {
  const page = Number(/page size of (\d+) bytes/.exec(text)?.[1] ?? 0);
  let pages = 0;
  for (const match of text.matchAll(/^Pages (?:free|inactive|speculative|purgeable):\s*(\d+)\./gm)) {
    pages += Number(match[1]);
  }
  return pages * page;
}

/** Processors that this process may use: affinity, and the quota of its control group rounded up. */
export function processorCount(): number {
  const all = availableParallelism();
  const quota = process.platform === "linux" ? cpuQuota(read) : undefined;
  return Math.max(1, quota === undefined ? all : Math.min(all, Math.ceil(quota)));
}
