/**
 * What Linux control groups (version 1 and 2) allow this process: memory and processors. Pure: files are read through
 * the given function. A limit of a group holds for all groups below it, so the whole way up is looked at.
 *
 * Sources: kernel Documentation/admin-guide/cgroup-v2.rst (memory.max, memory.current, cpu.max) and
 * cgroup-v1/memory.rst, scheduler/sched-bwc.rst (memory.limit_in_bytes, cpu.cfs_quota_us).
 */

/** The text of a file, or undefined. */
export type ReadText = (path: string) => string | undefined;

/** One limit on memory with what is used of it, in bytes. */
export interface MemoryLimit {
  readonly limit: number;
  /** Without the page cache, which the kernel gives up first. */
  readonly used: number;
}

/** Version 1 says "no limit" by a number near 2^63. */
const unlimited = 2 ** 60;

/** All limits on memory that hold here. */
export function memoryLimits(read: ReadText): MemoryLimit[] {
  const limits: MemoryLimit[] = [];
  for (const { version, folder } of groupFolders(read, "memory")) {
    const limit = number(read(`${folder}/${version === 2 ? "memory.max" : "memory.limit_in_bytes"}`));
    const usage = number(read(`${folder}/${version === 2 ? "memory.current" : "memory.usage_in_bytes"}`));
    if (limit === undefined || usage === undefined || limit >= unlimited) continue;
    const stat = read(`${folder}/memory.stat`) ?? "";
    const prefix = version === 2 ? "" : "total_";
    const cache = statValue(stat, `${prefix}inactive_file`) + statValue(stat, `${prefix}active_file`);
    limits.push({ limit, used: Math.max(0, usage - cache) });
  }
  return limits;
}

/** How many processors the quota amounts to (a fraction is possible); undefined without a quota. */
export function cpuQuota(read: ReadText): number | undefined {
  let least: number | undefined;
  for (const { version, folder } of groupFolders(read, "cpu")) {
    let quota: number | undefined;
    let period: number | undefined;
    if (version === 2) {
      const [first, second] = (read(`${folder}/cpu.max`) ?? "").trim().split(" ");
      quota = number(first);
      period = number(second);
    } else {
      quota = number(read(`${folder}/cpu.cfs_quota_us`));
      period = number(read(`${folder}/cpu.cfs_period_us`));
    }
    // Version 1 says -1, version 2 says "max" where there is no quota.
    if (quota === undefined || period === undefined || quota <= 0 || period <= 0) continue;
    least = Math.min(least ?? Infinity, quota / period);
  }
  return least;
}

/** The folders of this process's group and of those above it. */
function groupFolders(read: ReadText, controller: string): { version: 1 | 2; folder: string }[] {
  const found: { version: 1 | 2; folder: string }[] = [];
  for (const line of (read("/proc/self/cgroup") ?? "").split("\n")) {
    const match = /^(\d+):([^:]*):(\/.*)$/.exec(line);
    if (match === null) continue;
    const controllers = match[2] ?? "";
    const path = match[3] ?? "/";
    if (controllers === "") {
      // Beside version 1 the tree of version 2 is mounted one level below, and holds no limits of interest.
      for (const part of upwards(path)) found.push({ version: 2, folder: join("/sys/fs/cgroup", part) });
    } else if (controllers.split(",").includes(controller)) {
      for (const mount of [controllers, controller]) {
        for (const part of upwards(path)) found.push({ version: 1, folder: join(`/sys/fs/cgroup/${mount}`, part) });
      }
    }
  }
  return found;
}

/** `/a/b` → `/a/b`, `/a`, `/`. In a container the path may be the host's: then only the last one exists. */
function upwards(path: string): string[] {
  const parts = path.split("/").filter((part) => part !== "");
  const all: string[] = [];
  for (let length = parts.length; length >= 0; length--) all.push(`/${parts.slice(0, length).join("/")}`);
  return all;
}

function join(mount: string, path: string): string {
  return path === "/" ? mount : `${mount}${path}`;
}

function number(text: string | undefined): number | undefined {
  const trimmed = text?.trim() ?? "";
  return /^-?\d+$/.test(trimmed) ? Number(trimmed) : undefined;
}

function statValue(text: string, name: string): number {
  const match = new RegExp(`^${name} (\\d+)$`, "m").exec(text);
  return match === null ? 0 : Number(match[1]);
}
