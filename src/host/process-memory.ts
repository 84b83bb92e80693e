/**
 * The peak memory of running process trees, sampled from `/proc` (Linux). One timer serves all of them.
 *
 * The peak is the larger of: the most that the processes of the tree held at one time together (sum of resident sizes),
 * and the largest high-water mark (`VmHWM`) of any one of them, which the kernel keeps exactly between the samples.
 * What a process adds after its last sample (at most `interval` before its end) is not seen.
 *
 * Pages shared between the processes are counted for each: compilers share little more than the C library.
 * macOS and Windows: not measured (`ps` would have to be started ten times a second for each compiler).
 */
import { readdirSync, readFileSync } from "node:fs";

const interval = 100;
/** Short-lived programs are seen as well. */
const firstSamples = [8, 25, 55];

/** Follows one process and its descendants until `stop`, which returns the peak in bytes, if one was seen. */
export interface MemoryWatch {
  stop(): number | undefined;
}

interface Watched {
  readonly pid: number;
  peak: number;
}

const watched = new Set<Watched>();
let timer: NodeJS.Timeout | undefined;

/** Begins to follow a process. Undefined where this cannot be done. */
export function watchMemory(pid: number): MemoryWatch | undefined {
  if (process.platform !== "linux") return undefined;
  const entry: Watched = { pid, peak: 0 };
  watched.add(entry);
  const early = firstSamples.map((delay) => setTimeout(() => sample(entry), delay).unref());
  timer ??= setInterval(() => {
    for (const each of watched) sample(each);
  }, interval).unref();
  return {
    stop: () => {
      for (const one of early) clearTimeout(one);
      watched.delete(entry);
      if (watched.size === 0 && timer !== undefined) {
        clearInterval(timer);
        timer = undefined;
      }
      return entry.peak > 0 ? entry.peak : undefined;
    },
  };
}

function sample(entry: Watched): void {
  let together = 0;
  for (const pid of processTree(entry.pid)) {
    const { now, most } = residentSize(pid);
    together += now;
    if (most > entry.peak) entry.peak = most;
  }
  if (together > entry.peak) entry.peak = together;
}

/** A process and all its descendants that can be reached through living parents. */
function processTree(root: number): number[] {
  const found = [root];
  for (let i = 0; i < found.length; i++) {
    const pid = found[i]!;
    let tasks: string[];
    try {
      tasks = readdirSync(`/proc/${pid}/task`);
    } catch {
      continue;
    }
    for (const task of tasks) {
      // Present with CONFIG_PROC_CHILDREN, which all common kernels have; else only the process itself is measured.
      for (const child of readQuietly(`/proc/${pid}/task/${task}/children`).split(" ")) {
        if (child !== "") found.push(Number(child));
      }
    }
  }
  return found;
}

function residentSize(pid: number): { now: number; most: number } {
  const text = readQuietly(`/proc/${pid}/status`);
  return { now: kilobytes(text, "VmRSS"), most: kilobytes(text, "VmHWM") };
}

function kilobytes(status: string, field: string): number {
  const at = status.indexOf(`\n${field}:`);
  return at < 0 ? 0 : Number.parseInt(status.slice(at + field.length + 2), 10) * 1024;
}

function readQuietly(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
