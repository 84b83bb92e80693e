/**
 * Looks at the folders in which a build writes: how much room there is, what kind of file system it is, how it is mounted.
 * Nothing is written.
 */
import { basename, dirname, isAbsolute, join } from "node:path";
import { quietly } from "../base/quietly.ts";
import { userCacheDirectory } from "../host/directories.ts";
import type { Host } from "../host/host.ts";
import type { DoctorFacts, Place } from "./facts.ts";

/**
 * Kinds of file systems over a network or of another system: linux/magic.h and statfs(2); Lustre and GPFS from their own
 * headers (coreutils, src/stat.c, lists them all).
 */
const remoteKinds: ReadonlyMap<number, string> = new Map([
  [0x6969, "NFS"],
  [0x517b, "SMB"],
  [0xff53_4d42, "CIFS"],
  [0xfe53_4d42, "SMB"],
  [0x0102_1997, "9p"],
  [0x0bd0_0bd0, "Lustre"],
  [0x4750_4653, "GPFS"],
  [0x00c3_6400, "Ceph"],
  [0x1983_0326, "BeeGFS"],
  [0x5346_414f, "AFS"],
  [0x786f_4256, "a shared folder of VirtualBox"],
]);

/** What is known of where a build writes. */
export function placesOf(host: Host, root: string | undefined): readonly Place[] {
  const mounts = mountsOf(host);
  const wanted: (readonly [Place["role"], string])[] = [
    ...(root === undefined ? [] : [["project", root] as const]),
    ["cache", userCacheDirectory(host)],
    ["temporary", temporaryFolder(host)],
  ];
  const load = host.env["TORCH_EXTENSIONS_DIR"];
  if (load !== undefined && isAbsolute(load)) wanted.push(["load", load]);
  return wanted.flatMap(([role, path]) => {
    const there = existing(host, path);
    return there === undefined ? [] : [placeOf(host, role, there, mounts)];
  });
}

function temporaryFolder({ env, platform }: Host): string {
  const names = platform === "win32" ? ["TEMP", "TMP"] : ["TMPDIR"];
  const given = names.map((name) => env[name]).find((value) => value !== undefined && isAbsolute(value));
  return given ?? (platform === "win32" ? "C:\\Windows\\Temp" : "/tmp");
}

/** The folder, or the nearest above it that is there. */
function existing(host: Host, path: string): string | undefined {
  for (let folder = path; ; folder = dirname(folder)) {
    if (quietly(() => host.fs.stat(folder))?.kind === "directory") return folder;
    if (folder === dirname(folder)) return undefined;
  }
}

function placeOf(host: Host, role: Place["role"], path: string, mounts: readonly Mount[]): Place {
  const space = quietly(() => host.fs.space(path));
  const real = quietly(() => host.fs.realpath(path)) ?? path;
  const mount = mounts.findLast(({ folder }) => folder === "/" || real === folder || real.startsWith(`${folder}/`));
  // The kernel says it as a number of 32 bits, with or without a sign.
  const remote = host.platform === "linux" && space !== undefined ? remoteKinds.get(space.type >>> 0) : undefined;
  return {
    role,
    path,
    ...(space === undefined ? {} : { free: space.free }),
    ...(space?.freeFiles === undefined ? {} : { freeFiles: space.freeFiles }),
    ...(remote === undefined ? {} : { remote }),
    ...(mount?.options.includes("noexec") === true ? { noExec: true } : {}),
    ...(ignoresCase(host, real) ? { ignoresCase: true } : {}),
    ...(quietly(() => host.fs.writable(path)) === false ? { readOnly: true } : {}),
  };
}

/** Whether the folder is found under a name in the other case, too. */
function ignoresCase(host: Host, path: string): boolean {
  const name = basename(path);
  const swapped = name === name.toUpperCase() ? name.toLowerCase() : name.toUpperCase();
  if (swapped === name) return false;
  const own = quietly(() => host.fs.stat(path));
  const other = quietly(() => host.fs.stat(join(dirname(path), swapped)));
  return own !== undefined && other !== undefined && own.ino === other.ino;
}

interface Mount {
  readonly folder: string;
  readonly options: readonly string[];
}

/** /proc/self/mounts: device, folder, kind, options; white space in names as `\040` (fstab(5)). A later one hides an earlier. */
function mountsOf(host: Host): readonly Mount[] {
  if (host.platform !== "linux") return [];
  const text = quietly(() => host.fs.readText("/proc/self/mounts")) ?? "";
  const mounts = text.split("\n").flatMap((line): Mount[] => {
    const [, folder, , options] = line.split(" ");
    if (folder === undefined || options === undefined) return [];
    const path = folder.replaceAll(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8)));
    return [{ folder: path, options: options.split(",") }];
  });
  // The deepest folder last; among equals the order stays.
  return mounts.sort((a, b) => a.folder.length - b.folder.length);
}

/** Microsoft's kernels name themselves in /proc/version: `…-Microsoft` in WSL 1, `…-microsoft-standard-WSL2` in WSL 2. */
export function wslOf(host: Host): DoctorFacts["wsl"] {
  if (host.platform !== "linux") return undefined;
  const version = quietly(() => host.fs.readText("/proc/version")) ?? "";
  if (!/microsoft/i.test(version)) return undefined;
  const hasCudaDriver = quietly(() => host.fs.stat("/usr/lib/wsl/lib/libcuda.so.1")) !== undefined;
  return { version: /-Microsoft\b/.test(version) ? 1 : 2, hasCudaDriver };
}

/** The soft limits of /proc/self/limits. */
export function limitsOf(host: Host): NonNullable<DoctorFacts["limits"]> {
  if (host.platform !== "linux") return {};
  const text = quietly(() => host.fs.readText("/proc/self/limits")) ?? "";
  const soft = (name: string): number | undefined => {
    const value = new RegExp(`^${name}\\s+(\\d+)\\s`, "m").exec(text)?.[1];
    return value === undefined ? undefined : Number(value);
  };
  const openFiles = soft("Max open files");
  const addressSpace = soft("Max address space");
  return {
    ...(openFiles === undefined ? {} : { openFiles }),
    ...(addressSpace === undefined ? {} : { addressSpace }),
  };
}

/** Memory of the machine, where less of it may be used. */
export function machineMemoryOf(host: Host): number | undefined {
  if (host.platform !== "linux") return undefined;
  const kilobytes = /^MemTotal:\s*(\d+) kB/m.exec(quietly(() => host.fs.readText("/proc/meminfo")) ?? "")?.[1];
  const total = Number(kilobytes) * 1024;
  return total > host.memory().total * 1.05 ? total : undefined;
}

/** Clocks of two machines differ by that much without anybody's harm. */
const clockSlack = 10_000;

/** Sources that were changed in the future: by a machine whose clock is ahead, or unpacked with such times. */
export function futureSourcesOf(host: Host, sources: readonly string[]): DoctorFacts["futureSources"] {
  const now = host.now();
  const ahead = sources.flatMap((path) => {
    const time = quietly(() => host.fs.stat(path))?.mtimeMs ?? 0;
    return time > now + clockSlack ? [{ path, aheadMs: time - now }] : [];
  });
  const worst = ahead.toSorted((a, b) => b.aheadMs - a.aheadMs)[0];
  return worst === undefined ? undefined : { count: ahead.length, ...worst };
}
