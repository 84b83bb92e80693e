/** The real host: this machine. Whatever costs time is looked up when it is first asked for. */
import { homedir } from "node:os";
import { nodeFileSystem } from "./file-system.ts";
import type { Host } from "./host.ts";
import { memory, processorCount } from "./memory.ts";
import { waitingPlace } from "./named-pipe.ts";
import { nodeProcesses } from "./processes.ts";

/**
 * Everything outside the program, as Node.js gives it.
 *
 * @param overrides Replace single members: another `cwd` or `env` for an embedded use or a test.
 */
export function nodeHost(overrides: Partial<Host> = {}): Host {
  let cpuCount: number | undefined;
  let home: string | undefined;
  const host: Host = {
    fs: nodeFileSystem(),
    processes: nodeProcesses(),
    waitingPlace,
    // On Windows names are compared without case, which only the original object does.
    env: process.platform === "win32" ? process.env : { ...process.env },
    get cwd() {
      return workingFolder();
    },
    platform: process.platform === "win32" || process.platform === "darwin" ? process.platform : "linux",
    arch: process.arch,
    get cpuCount() {
      return (cpuCount ??= processorCount());
    },
    memory,
    now: () => Date.now(),
    monotonic: () => performance.now(),
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    every: (ms, action) => {
      const timer = setInterval(action, ms).unref();
      return () => clearInterval(timer);
    },
    uid: process.geteuid?.(),
    get home() {
      return (home ??= homeDirectory());
    },
  };
  // Not a spread: that would look everything up.
  return Object.defineProperties(host, Object.getOwnPropertyDescriptors(overrides));
}

/** A folder that was removed meanwhile has no path any more; where it was is as good for a message. */
function workingFolder(): string {
  try {
    return process.cwd();
  } catch {
    return process.env["PWD"] ?? "/";
  }
}

function homeDirectory(): string {
  try {
    return homedir();
  } catch {
    // A user without an entry in the password file, as in some containers.
    return "/";
  }
}
