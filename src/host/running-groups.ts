/**
 * The process groups that this process has started and that still run, and the ways in which they end with it:
 *
 * - it exits, or dies of an uncaught error: an `exit` handler kills them;
 * - SIGINT, SIGTERM, SIGHUP: if nobody else in the program handles the signal, they are killed and the signal takes
 *   its course; else whoever handles it (the command line aborts the build) is left to do so;
 * - SIGKILL, or a crash of Node itself: nothing in this process can act any more. A watchdog does: one `/bin/sh` per
 *   retorch process, in a session of its own, that reads from a pipe which groups run. The kernel closes the pipe when
 *   this process is gone, however it went, and the watchdog ends what was still running.
 *
 * Why this way: a parent-death signal (`setpriv --pdeathsig`) reaches the compiler driver and not the `cc1plus` below
 * it; a record on disk only helps when a next build comes and must fear reused process ids; a control group or a process
 * namespace needs rights that are not there in general. The watchdog needs POSIX `sh` and works the same on macOS. It
 * costs one small process, started with the first action of a build, or when another program (a probe) takes longer
 * than `watchdogDelay`. Between the start of a program and the line that tells of it there is a gap of well below a
 * millisecond: a program that outlives its build because of it writes to a temporary name that nobody reads.
 *
 * Windows has no process groups: `taskkill /T` ends a tree there, and a build that is killed leaves its compilers.
 */
import type { ChildProcess } from "node:child_process";
import type { Socket } from "node:net";

/** Probes (`g++ --version`) are over before; only what takes longer is worth a watchdog. */
const watchdogDelay = 30;

/** SIGTERM first, so that compilers remove their temporary files. */
const watchdogScript = `
trap '' HUP INT TERM
set -f
groups=' '
while read -r change group; do
  case $change in
    +) groups="$groups$group " ;;
    -) case $groups in *" $group "*) groups="\${groups%% $group *} \${groups#* $group }" ;; esac ;;
  esac
done
left=
for group in $groups; do kill -s TERM -- "-$group" 2>/dev/null && left="$left $group"; done
[ -n "$left" ] || exit 0
sleep 1
for group in $left; do kill -s KILL -- "-$group" 2>/dev/null; done
`;

const deadlySignals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

const groups = new Set<number>();
/** Children that share our terminal and group, and, on Windows, all. */
const children = new Set<ChildProcess>();
let hooked = false;
let watchdog: { readonly child: ChildProcess; readonly told: Set<number> } | undefined;
let watchdogTimer: NodeJS.Timeout | undefined;

/** What is known of a child when it starts. */
export interface RunningChild {
  /** It leads a process group. */
  readonly group: boolean;
  /** It is expected to take long: the watchdog must know of it at once. */
  readonly long: boolean;
}

/** Remembers a running child until the returned function is called. */
export function registerRunning(child: ChildProcess, { group, long }: RunningChild): () => void {
  const pid = child.pid;
  if (pid === undefined) return () => {};
  hook();
  if (!group) {
    children.add(child);
    return () => {
      children.delete(child);
      unhookWhenIdle();
    };
  }
  groups.add(pid);
  if (watchdog !== undefined) tellWatchdog();
  else if (long) startWatchdog();
  else watchdogTimer ??= setTimeout(startWatchdog, watchdogDelay).unref();
  return () => {
    groups.delete(pid);
    if (watchdog !== undefined) tellWatchdog();
    unhookWhenIdle();
  };
}

/** Ends everything that was started and still runs. Does not wait for it. */
export function killAll(signal: NodeJS.Signals = "SIGKILL"): void {
  for (const group of groups) signalGroup(group, signal);
  for (const child of children) endTree(child, signal);
}

/** Sends a signal to a process group. False when it has no member any more. */
export function signalGroup(group: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(-group, signal);
    return true;
  } catch {
    return false;
  }
}

/** Ends a child that leads no group, on Windows with all its descendants. */
export function endTree(child: ChildProcess, signal: NodeJS.Signals): void {
  if (process.platform === "win32" && child.pid !== undefined) {
    const killer = process
      .getBuiltinModule("node:child_process")
      .spawn("taskkill", ["/T", "/F", "/PID", String(child.pid)], {
        stdio: "ignore",
        windowsHide: true,
      });
    killer.on("error", () => child.kill(signal));
    killer.unref();
  } else child.kill(signal);
}

function onExit(): void {
  killAll("SIGKILL");
}

function onSignal(signal: NodeJS.Signals): void {
  // Somebody else listens: it is theirs to end the build in an orderly way.
  if (process.listenerCount(signal) > 1) return;
  killAll("SIGKILL");
  unhook();
  process.kill(process.pid, signal);
}

function hook(): void {
  if (hooked) return;
  hooked = true;
  process.on("exit", onExit);
  for (const signal of deadlySignals) process.on(signal, onSignal);
}

function unhookWhenIdle(): void {
  if (groups.size > 0 || children.size > 0) return;
  unhook();
  clearTimeout(watchdogTimer);
  watchdogTimer = undefined;
}

function unhook(): void {
  if (!hooked) return;
  hooked = false;
  process.off("exit", onExit);
  for (const signal of deadlySignals) process.off(signal, onSignal);
}

function startWatchdog(): void {
  clearTimeout(watchdogTimer);
  watchdogTimer = undefined;
  if (watchdog !== undefined || process.platform === "win32" || groups.size === 0) return;
  const { spawn } = process.getBuiltinModule("node:child_process");
  const child = spawn("/bin/sh", ["-c", watchdogScript], {
    cwd: "/",
    detached: true,
    env: { PATH: "/usr/bin:/bin" },
    stdio: ["pipe", "ignore", "ignore"],
  });
  const forget = (): void => {
    if (watchdog?.child === child) watchdog = undefined;
  };
  child.on("error", forget);
  child.on("exit", forget);
  child.stdin?.on("error", forget);
  child.unref();
  (child.stdin as Socket | null)?.unref();
  watchdog = { child, told: new Set() };
  tellWatchdog();
}

function tellWatchdog(): void {
  if (watchdog === undefined) return;
  const { child, told } = watchdog;
  let lines = "";
  for (const group of told) {
    if (groups.has(group)) continue;
    told.delete(group);
    lines += `- ${group}\n`;
  }
  for (const group of groups) {
    if (told.has(group)) continue;
    told.add(group);
    lines += `+ ${group}\n`;
  }
  // Written to the pipe at once, unless it is full: Node tries a plain write before it queues.
  if (lines !== "") child.stdin?.write(lines);
}
