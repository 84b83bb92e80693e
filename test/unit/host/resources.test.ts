/** Memory, processors and folders, from the texts that the operating system gives. */
import { describe, expect, it } from "vitest";
import { cpuQuota, memoryLimits } from "../../../src/host/control-groups.ts";
import { storeDirectory, userCacheDirectory } from "../../../src/host/directories.ts";
import { linuxMemory, parseVmStat } from "../../../src/host/memory.ts";
import { nodeHost } from "../../../src/host/node-host.ts";

const giga = 2 ** 30;

function files(all: Record<string, string>): (path: string) => string | undefined {
  return (path) => all[path];
}

const meminfo = "MemTotal:       16777216 kB\nMemFree:  1048576 kB\nMemAvailable:    8388608 kB\nBuffers: 1 kB\n";

describe("memory", () => {
  it("is the machine's without control groups", () => {
    expect(linuxMemory(files({ "/proc/meminfo": meminfo }))).toEqual({ total: 16 * giga, available: 8 * giga });
    expect(linuxMemory(files({}))).toBeUndefined();
  });

  it("is bounded by version 2 groups, and by those above", () => {
    const read = files({
      "/proc/meminfo": meminfo,
      "/proc/self/cgroup": "0::/user.slice/job\n",
      "/sys/fs/cgroup/user.slice/job/memory.max": "max\n",
      "/sys/fs/cgroup/user.slice/job/memory.current": "1000\n",
      "/sys/fs/cgroup/user.slice/memory.max": `${4 * giga}\n`,
      "/sys/fs/cgroup/user.slice/memory.current": `${3 * giga}\n`,
      "/sys/fs/cgroup/user.slice/memory.stat": `anon 5\ninactive_file ${giga / 2}\nactive_file ${giga / 2}\n`,
    });
    expect(memoryLimits(read)).toEqual([{ limit: 4 * giga, used: 2 * giga }]);
    expect(linuxMemory(read)).toEqual({ total: 4 * giga, available: 2 * giga });
  });

  it("is bounded by version 1 groups, seen from inside a container", () => {
    const read = files({
      "/proc/meminfo": meminfo,
      "/proc/self/cgroup": "12:memory:/docker/0123\n3:cpu,cpuacct:/docker/0123\n0::/docker/0123\n",
      "/sys/fs/cgroup/memory/memory.limit_in_bytes": `${2 * giga}\n`,
      "/sys/fs/cgroup/memory/memory.usage_in_bytes": `${3 * giga}\n`,
      "/sys/fs/cgroup/memory/memory.stat": `total_inactive_file ${giga / 4}\ninactive_file 1\n`,
    });
    expect(linuxMemory(read)).toEqual({ total: 2 * giga, available: 0 });
  });

  it("has no bound where version 1 says the largest number", () => {
    const read = files({
      "/proc/self/cgroup": "12:memory:/\n",
      "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
      "/sys/fs/cgroup/memory/memory.usage_in_bytes": "5\n",
    });
    expect(memoryLimits(read)).toEqual([]);
  });

  it("is added up from what vm_stat prints", () => {
    const text =
      "Mach Virtual Memory Statistics: (page size of 16384 bytes)\nPages free:    100.\nPages active:  5000.\n" +
      "Pages inactive:  50.\nPages speculative: 7.\nPages purgeable:  3.\n";
    expect(parseVmStat(text)).toBe(160 * 16384);
    expect(parseVmStat("")).toBe(0);
  });

  it("is there on this machine", () => {
    const { total, available } = nodeHost().memory();
    expect(available).toBeGreaterThan(0);
    expect(total).toBeGreaterThanOrEqual(available);
  });
});

describe("processors", () => {
  it("have no quota when none is set", () => {
    expect(cpuQuota(files({}))).toBeUndefined();
    expect(
      cpuQuota(files({ "/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/cpu.max": "max 100000\n" })),
    ).toBeUndefined();
    expect(
      cpuQuota(
        files({
          "/proc/self/cgroup": "3:cpu,cpuacct:/\n",
          "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
          "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
        }),
      ),
    ).toBeUndefined();
  });

  it("have the least quota of the groups above", () => {
    const read = files({
      "/proc/self/cgroup": "0::/a/b\n",
      "/sys/fs/cgroup/a/b/cpu.max": "400000 100000\n",
      "/sys/fs/cgroup/a/cpu.max": "150000 100000\n",
    });
    expect(cpuQuota(read)).toBe(1.5);
  });

  it("are at least one here", () => {
    expect(nodeHost().cpuCount).toBeGreaterThanOrEqual(1);
  });
});

describe("the user's cache folder", () => {
  const linux = { platform: "linux", home: "/home/u", cwd: "/projects", env: {} } as const;

  it("is the platform's", () => {
    expect(userCacheDirectory(linux)).toBe("/home/u/.cache/retorch");
    expect(userCacheDirectory({ ...linux, platform: "darwin" })).toBe("/home/u/Library/Caches/retorch");
    const windows = { ...linux, platform: "win32", env: { LOCALAPPDATA: "/local" } } as const;
    expect(userCacheDirectory(windows)).toBe("/local/retorch");
    expect(storeDirectory(linux)).toBe("/home/u/.cache/retorch/store/v1");
  });

  it("heeds the variables, the own one first", () => {
    expect(userCacheDirectory({ ...linux, env: { XDG_CACHE_HOME: "/xdg" } })).toBe("/xdg/retorch");
    expect(userCacheDirectory({ ...linux, env: { XDG_CACHE_HOME: "relative" } })).toBe("/home/u/.cache/retorch");
    const env = { XDG_CACHE_HOME: "/xdg", RETORCH_CACHE_DIR: "own" };
    expect(userCacheDirectory({ ...linux, env })).toBe("/projects/own");
    expect(userCacheDirectory({ ...linux, env: { RETORCH_CACHE_DIR: "" } })).toBe("/home/u/.cache/retorch");
  });
});

describe("the host of this machine", () => {
  it("takes replacements", () => {
    const host = nodeHost({ cwd: "/elsewhere", env: { A: "1" }, cpuCount: 3 });
    expect([host.cwd, host.env, host.cpuCount]).toEqual(["/elsewhere", { A: "1" }, 3]);
    expect(nodeHost().cwd).toBe(process.cwd());
  });
});
