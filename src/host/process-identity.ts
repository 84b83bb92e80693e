/**
 * Names a process so that it cannot be taken for another one: a process id is reused, a process id with its start time
 * within one boot and one process namespace is not.
 *
 * Linux reads `/proc/<pid>/stat`; macOS asks `ps`; on Windows the start time is not known, so that a process that
 * exists may be another one: `alive` says `undefined` then, and who waits must watch for a sign of life instead.
 */
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import type { ProcessIdentity } from "./host.ts";

let own: ProcessIdentity | undefined;

/** The identity of this process. */
export function selfIdentity(): ProcessIdentity {
  own ??= { pid: process.pid, started: startTime(process.pid)?.started ?? "", domain: domain() };
  return own;
}

/** Whether the process still runs; undefined when it cannot be told from here. */
export function isAlive(identity: ProcessIdentity): boolean | undefined {
  const self = selfIdentity();
  if (identity.domain !== self.domain) return undefined;
  if (!Number.isSafeInteger(identity.pid) || identity.pid <= 0) return false;
  if (identity.pid === self.pid) return identity.started === self.started;
  if (process.platform === "linux") {
    const found = startTime(identity.pid);
    if (found === undefined) return exists(identity.pid) ? undefined : false;
    return !found.ended && found.started === identity.started;
  }
  if (!exists(identity.pid)) return false;
  if (identity.started === "") return undefined;
  const found = startTime(identity.pid);
  return found !== undefined && found.started === identity.started;
}

/** What identifies a process, and whether it has ended but was not collected by its parent. */
interface Start {
  readonly started: string;
  readonly ended: boolean;
}

function startTime(pid: number): Start | undefined {
  if (process.platform === "linux") {
    try {
      return parseStat(readFileSync(`/proc/${pid}/stat`, "latin1"));
    } catch {
      return undefined;
    }
  }
  if (process.platform === "darwin") {
    const result = process
      .getBuiltinModule("node:child_process")
      .spawnSync("/bin/ps", ["-o", "lstart=", "-p", String(pid)], {
        encoding: "utf8",
        // The date is written in the locale of the asker and in its time zone.
        env: { LC_ALL: "C", TZ: "UTC" },
      });
    const started = result.status === 0 ? result.stdout.trim() : "";
    return started === "" ? undefined : { started, ended: false };
  }
  return undefined;
}

/**
 * Fields of `/proc/<pid>/stat` (proc(5)): 3 the state, 22 the start time in clock ticks after boot. The second field is
 * the program's name in parentheses and may hold spaces and parentheses itself.
 */
export function parseStat(text: string): Start | undefined {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const state = fields[0];
  const started = fields[19];
  if (state === undefined || started === undefined || !/^\d+$/.test(started)) return undefined;
  return { started, ended: state === "Z" || state === "X" || state === "x" };
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is there and belongs to somebody else.
    return !(error instanceof Error && "code" in error && error.code === "ESRCH");
  }
}

function domain(): string {
  const boot = attempt(() => readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim());
  const namespace = attempt(() => /\d+/.exec(readlinkSync("/proc/self/ns/pid"))?.[0] ?? "");
  return [hostname(), boot, namespace].join("/");
}

function attempt(read: () => string): string {
  try {
    return read();
  } catch {
    return "";
  }
}
