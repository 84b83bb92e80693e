/** The folders that a build writes in, what the system allows, and what Python would import: gathered and judged. */
import { describe, expect, it } from "vitest";
import { examine } from "../../../src/doctor/doctor.ts";
import type { Check, DoctorFacts, Place } from "../../../src/doctor/facts.ts";
import { gatherFacts } from "../../../src/doctor/gather.ts";
import { FakeHost, type FakeHostOptions } from "../../support/fake-host.ts";
import { linuxCpu, linuxCuda } from "../../support/plan-fixtures.ts";
import { facts } from "./facts.ts";

const gib = 2 ** 30;

function trouble(parts: Partial<DoctorFacts>): Check[] {
  return examine(facts(parts)).checks.filter(({ status, id }) => status !== "ok" && id !== "no-gpu");
}

/** Everything that is not right (the example has no GPU), as `status id`. */
function ids(parts: Partial<DoctorFacts>): string[] {
  return trouble(parts).map(({ status, id }) => `${status} ${id}`);
}

const place = (parts: Partial<Place>): Pick<DoctorFacts, "places"> => ({
  places: [{ role: "project", path: "/work/p", ...parts }],
});

function gather(options: FakeHostOptions, change: (host: FakeHost) => void = () => {}): DoctorFacts {
  const host = new FakeHost(options);
  change(host);
  return gatherFacts(host, {
    environment: linuxCpu,
    nodeVersion: "22.12.0",
    root: "/work/p",
    sources: ["/work/p/a.cpp", "/work/p/gone.cpp"],
    requirements: ["setuptools>=64", "pybind11", "Typing_Extensions", "tomli; python_version < '3.11'"],
  });
}

describe("room on the disks", () => {
  it("is enough, little, or none", () => {
    expect(ids(place({ free: 3 * gib }))).toEqual([]);
    expect(ids(place({ free: gib }))).toEqual(["later disk-space"]);
    expect(ids(place({ free: 1e6 }))).toEqual(["problem disk-space"]);
    expect(ids(place({ free: 100 * gib, freeFiles: 3 }))).toEqual(["problem disk-space"]);
    expect(ids(place({ free: 100 * gib, freeFiles: 1e6 }))).toEqual([]);
    expect(trouble({ places: [{ role: "temporary", path: "/tmp", free: gib }] })[0]?.fix[0]).toContain("TMPDIR");
    const full = { role: "temporary", path: "/tmp", free: gib } as const;
    const roomy = { role: "cache", path: "/home/a/.cache", free: 9 * gib } as const;
    expect(trouble({ places: [full, roomy] })[0]?.fix).toEqual([
      "mkdir -p /home/a/.cache/tmp && export TMPDIR=/home/a/.cache/tmp",
    ]);
    expect(trouble({ places: [full, { ...roomy, noExec: true }] })[0]?.fix[0]).toMatch(/^# /);
  });

  it("is asked of the project, the cache and the temporary folder, or the nearest folder that is there", () => {
    const found = gather({ files: { "/work/p/a.cpp": "", "/tmp/x": "", "/home/user/x": "" } }, (host) => {
      host.fs.disk.spaces.set("/tmp", { free: 5, total: 10, freeFiles: 7, type: 0x0102_1994 });
      host.fs.disk.spaces.set("/work", { free: 6, total: 10, type: 0x6969 });
    });
    expect(found.places).toEqual([
      { role: "project", path: "/work/p", free: 6, remote: "NFS" },
      { role: "cache", path: "/home/user", free: 1e12 },
      { role: "temporary", path: "/tmp", free: 5, freeFiles: 7 },
    ]);
    const env = { TMPDIR: "/scratch", TORCH_EXTENSIONS_DIR: "/ext/a" };
    const other = gather({ env, files: { "/scratch/x": "", "/ext/x": "", "/work/p/a.cpp": "" } });
    expect(other.places?.map(({ role, path }) => `${role} ${path}`)).toEqual([
      "project /work/p",
      "cache /",
      "temporary /scratch",
      "load /ext",
    ]);
  });

  it("of a kind whose number has a sign is recognized", () => {
    const found = gather({ files: { "/work/p/a.cpp": "" } }, (host) => {
      host.fs.disk.spaces.set("/work", { free: 6, total: 10, type: -11_317_950 });
    });
    expect(found.places?.[0]?.remote).toBe("CIFS");
  });
});

describe("file systems", () => {
  it("over a network, of Windows, without case, without the right to run", () => {
    expect(ids(place({ remote: "NFS" }))).toEqual(["later network-folder"]);
    const cache = { places: [{ role: "cache", path: "/home/a/.cache", remote: "Lustre" }] as const };
    expect(trouble(cache)[0]?.fix[0]).toContain("RETORCH_CACHE_DIR");
    const wsl = { version: 2, hasCudaDriver: true } as const;
    expect(ids({ wsl, ...place({ path: "/mnt/c/p", remote: "9p" }) })).toEqual(["later windows-folder"]);
    expect(ids(place({ ignoresCase: true }))).toEqual(["later ignores-case"]);
    expect(ids(place({ noExec: true }))).toEqual(["later noexec"]);
    expect(trouble({ places: [{ role: "temporary", path: "/tmp", noExec: true }] })[0]?.fix[0]).toContain("TMPDIR");
  });

  it("in which nothing can be written have no room, and end what load() builds alone", () => {
    expect(ids(place({ readOnly: true, free: 3 }))).toEqual(["later read-only"]);
    expect(ids({ places: [{ role: "load", path: "/ext", readOnly: true, free: 3 }] })).toEqual(["problem read-only"]);
    expect(trouble({ places: [{ role: "cache", path: "/c", readOnly: true }] })[0]?.fix[0]).toContain(
      "RETORCH_CACHE_DIR",
    );
    const files = { "/work/p/a.cpp": "", "/tmp/x": "", "/home/user/x": "", "/ext/x": "" };
    const found = gather({ files, env: { TORCH_EXTENSIONS_DIR: "/ext/py311" } }, (host) => {
      host.fs.writable = (path) => path !== "/ext";
    });
    expect(found.places?.filter(({ readOnly }) => readOnly).map(({ role }) => role)).toEqual(["load"]);
  });

  it("are mounted as /proc/self/mounts says, the deepest one deciding", () => {
    const mounts = [
      "/dev/a / ext4 rw,relatime 0 0",
      "tmpfs /tmp tmpfs rw,nosuid,noexec 0 0",
      "/dev/b /work/p ext4 rw,noexec 0 0",
      "/dev/c /work/pq ext4 rw 0 0",
      String.raw`/dev/d /home/user/a\040b ext4 rw,noexec 0 0`,
      "",
    ].join("\n");
    const files = { "/proc/self/mounts": mounts, "/tmp/x": "", "/work/p/a.cpp": "", "/home/user/a b/x": "" };
    const found = gather({ files, env: { TORCH_EXTENSIONS_DIR: "/home/user/a b" } });
    expect(found.places?.map(({ role, noExec = false }) => [role, noExec])).toEqual([
      ["project", true],
      ["cache", false],
      ["temporary", true],
      ["load", true],
    ]);
  });
});

describe("WSL", () => {
  const kernel = (text: string) => ({ files: { "/proc/version": text, "/work/p/a.cpp": "" } });

  it("is told from the kernel's name", () => {
    expect(gather(kernel("Linux version 6.1.0-13-amd64 (debian)")).wsl).toBeUndefined();
    expect(gather(kernel("Linux version 4.4.0-19041-Microsoft (Microsoft@Microsoft.com)")).wsl?.version).toBe(1);
    const second = kernel("Linux version 5.15.90.1-microsoft-standard-WSL2 (oe-user@oe-host)");
    expect(gather(second).wsl).toEqual({ version: 2, hasCudaDriver: false });
    const files = { ...second.files, "/usr/lib/wsl/lib/libcuda.so.1": "" };
    expect(gather({ files }).wsl).toEqual({ version: 2, hasCudaDriver: true });
  });

  it("needs Windows's driver where CUDA is used, and has no GPU in its first version", () => {
    const environment = linuxCuda;
    const driver = "580.65.06";
    expect(ids({ environment, driver, wsl: { version: 2, hasCudaDriver: false } })).toEqual(["problem wsl"]);
    expect(ids({ environment, driver, wsl: { version: 2, hasCudaDriver: true } })).toEqual([]);
    expect(ids({ environment, driver, wsl: { version: 1, hasCudaDriver: false } })).toEqual(["problem wsl"]);
    expect(ids({ wsl: { version: 1, hasCudaDriver: false } })).toEqual(["later wsl"]);
    expect(ids({ wsl: { version: 2, hasCudaDriver: false } })).toEqual([]);
  });
});

describe("limits", () => {
  it("are read from the kernel", () => {
    const text = [
      "Limit                     Soft Limit           Hard Limit           Units     ",
      "Max address space         8589934592           unlimited            bytes     ",
      "Max open files            256                  4096                 files     ",
    ].join("\n");
    expect(gather({ files: { "/proc/self/limits": text, "/work/p/a.cpp": "" } }).limits).toEqual({
      openFiles: 256,
      addressSpace: 2 ** 33,
    });
    const none = "Max address space         unlimited            unlimited            bytes     \n";
    expect(gather({ files: { "/proc/self/limits": none, "/work/p/a.cpp": "" } }).limits).toEqual({});
  });

  it("are too low", () => {
    expect(ids({ limits: { openFiles: 256 } })).toEqual(["later open-files"]);
    expect(ids({ limits: { openFiles: 1024 } })).toEqual([]);
    expect(ids({ limits: { addressSpace: gib } })).toEqual(["problem address-space"]);
    expect(ids({ limits: { addressSpace: 6 * gib } })).toEqual(["later address-space"]);
    expect(ids({ limits: { addressSpace: 500 * gib } })).toEqual([]);
  });

  it("of a container on memory are named", () => {
    const memory = { total: 4 * gib, available: 3 * gib };
    const files = { "/proc/meminfo": "MemTotal:       67108864 kB\n", "/work/p/a.cpp": "" };
    expect(gather({ files, memory }).machineMemory).toBe(64 * gib);
    expect(gather({ files, memory: { total: 64 * gib, available: gib } }).machineMemory).toBeUndefined();
    const [check] = trouble({ memory, machineMemory: 64 * gib, processors: 8 });
    expect(check?.title).toContain("of the 4.0 GiB that this container may use");
    expect(check?.fix).toEqual(["export MAX_JOBS=1"]);
  });
});

describe("times", () => {
  it("in the future are seen", () => {
    const found = gather({ files: { "/work/p/a.cpp": "" } }, (host) => {
      host.fs.touch("/work/p/a.cpp", host.now() + 3 * 3_600_000);
    });
    expect(found.futureSources).toEqual({ count: 1, path: "/work/p/a.cpp", aheadMs: 3 * 3_600_000 });
    expect(trouble(found).find(({ id }) => id === "clock")?.title).toContain("in 3 hours");
    expect(gather({ files: { "/work/p/a.cpp": "" } }).futureSources).toBeUndefined();
  });
});

describe("what Python would import", () => {
  const packages = linuxCpu.python?.packageDirs[0] ?? "";
  const installed = {
    [`${packages}/torch/__init__.py`]: "",
    [`${packages}/torch/version.py`]: "__version__ = '2.13.0+cpu'\n",
    "/work/p/a.cpp": "",
  };

  it("is the installed PyTorch, and no other", () => {
    const found = gather({ files: installed });
    expect(found.torches).toEqual([{ folder: `${packages}/torch`, from: "packages", version: "2.13.0+cpu" }]);
    expect(ids({ torches: found.torches ?? [] })).toEqual([]);
  });

  it("is one of PYTHONPATH or of the current folder before it", () => {
    const files = { ...installed, "/other/torch/__init__.py": "", "/here/torch.py": "" };
    const byPath = gather({ files, env: { PYTHONPATH: "/nowhere:/other" } });
    expect(byPath.torches?.map(({ from }) => from)).toEqual(["PYTHONPATH", "packages"]);
    const [check] = trouble({ torches: byPath.torches ?? [] });
    expect(check).toMatchObject({ id: "torch-shadowed", fix: ["unset PYTHONPATH"] });
    expect(check?.detail).toContain(`instead of \`${packages}/torch\``);
    const byFolder = gather({ files, cwd: "/here" });
    expect(trouble({ torches: byFolder.torches ?? [] })[0]?.title).toContain("`/here/torch.py`");
  });

  it("may be one of several", () => {
    const torches = [
      { folder: "/a/torch", from: "packages", version: "2.1.0" },
      { folder: "/b/torch", from: "packages", version: "2.4.0" },
    ] as const;
    expect(ids({ torches })).toEqual(["later several-torches"]);
  });

  it("may be two versions over each other", () => {
    const files = {
      ...installed,
      [`${packages}/torch-2.1.0.dist-info/x`]: "",
      [`${packages}/torch-2.4.0.dist-info/x`]: "",
    };
    const { torchMetadata = [] } = gather({ files });
    expect(torchMetadata).toHaveLength(2);
    expect(ids({ torchMetadata })).toEqual(["problem torch-installed-twice"]);
    const other = {
      [`${packages}/torch-2.1.0.dist-info/x`]: "",
      [`${packages}/torch_geometric-2.4.0.dist-info/x`]: "",
    };
    expect(gather({ files: { ...installed, ...other } }).torchMetadata).toEqual([]);
  });

  it("lacks what the build backend asks for", () => {
    const files = {
      ...installed,
      [`${packages}/setuptools-80.9.0.dist-info/METADATA`]: "",
      [`${packages}/typing_extensions-4.0.dist-info/METADATA`]: "",
    };
    const { missingRequirements = [] } = gather({ files });
    expect(missingRequirements).toEqual(["pybind11"]);
    expect(trouble({ missingRequirements })[0]).toMatchObject({ id: "build-requirements", status: "later" });
  });
});

describe("variables", () => {
  it("LD_PRELOAD: gone, or in every program", () => {
    const files = { "/x/libasan.so": "", "/work/p/a.cpp": "" };
    const found = gather({ files, env: { LD_PRELOAD: "/x/libasan.so libjemalloc.so.2:/gone.so" } });
    expect(found.preloads).toEqual([
      { name: "/x/libasan.so", exists: true },
      { name: "libjemalloc.so.2", exists: true },
      { name: "/gone.so", exists: false },
    ]);
    expect(trouble({ preloads: found.preloads ?? [] })[0]?.title).toContain("`/gone.so`");
    expect(trouble({ preloads: [{ name: "/x/libasan.so", exists: true }] })[0]?.fix[1]).toContain("python");
    expect(gather({ files }).preloads).toEqual([]);
  });

  it("CUDA_VISIBLE_DEVICES: hides all, or is no list of GPUs", () => {
    const seen = (value: string, environment = linuxCuda): string[] =>
      ids({ environment, driver: "580.65.06", variables: { CUDA_VISIBLE_DEVICES: value } });
    expect(seen("")).toEqual(["later visible-devices"]);
    expect(seen("-1")).toEqual(["later visible-devices"]);
    expect(seen("cuda:0")).toEqual(["problem visible-devices"]);
    expect(seen("0,x")).toEqual(["problem visible-devices"]);
    for (const good of ["0", "1, 0", "GPU-8932f937-d72c-4106-c12f-20bd9faed9f6", "MIG-GPU-8932f937/1/2"])
      expect(seen(good), good).toEqual([]);
    expect(seen("x", linuxCpu)).toEqual([]);
  });
});
