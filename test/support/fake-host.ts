/**
 * A host without a machine: a disk in memory, programs that are scripted, a clock that only moves when it is told to
 * or when somebody sleeps. Everything that was asked of it is recorded.
 */
import { dirname } from "node:path";
import type { Host, ProcessIdentity, Processes, ProcessRequest, ProcessResult } from "../../src/host/host.ts";
import { type FakeClock, FakeDisk, FakeFileSystem } from "./fake-file-system.ts";

export { FakeDisk, FakeFileSystem, systemError } from "./fake-file-system.ts";

/** What a scripted program does; what is not said is success without output. */
export type FakeRun = (
  request: ProcessRequest,
) => Partial<ProcessResult> | undefined | Promise<Partial<ProcessResult> | undefined>;

export interface FakeHostOptions {
  readonly platform?: Host["platform"];
  readonly arch?: string;
  readonly env?: Record<string, string | undefined>;
  readonly cwd?: string;
  readonly home?: string;
  readonly uid?: number;
  readonly cpuCount?: number;
  readonly memory?: { readonly total: number; readonly available: number };
  /** Milliseconds since the epoch at the beginning. */
  readonly time?: number;
  /** Files that are there at the beginning, by absolute path. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  /** Machine, boot and process namespace. */
  readonly domain?: string;
}

interface Timer {
  readonly owner: FakeHost;
  readonly interval: number;
  readonly action: () => void;
  next: number;
}

/** What hosts of one fake machine have in common. */
interface Machine {
  readonly clock: FakeClock;
  readonly disk: FakeDisk;
  readonly timers: Set<Timer>;
  readonly dead: Set<number>;
  nextPid: number;
}

/** See the file's header. Members that a test wants to change are writable. */
export class FakeHost implements Host {
  readonly fs: FakeFileSystem;
  readonly processes: Processes;
  readonly env: Record<string, string | undefined>;
  readonly platform: Host["platform"];
  readonly arch: string;
  readonly home: string;
  readonly uid: number | undefined;
  readonly identity: ProcessIdentity;
  cwd: string;
  cpuCount: number;
  memoryNow: { total: number; available: number };
  /** The requests of all programs that were run. */
  readonly runs: ProcessRequest[] = [];
  // Not `#private`: a host may inherit from this one.
  private readonly machine: Machine;
  private readonly started: number;
  private readonly scripts: FakeRun[] = [];

  constructor(options: FakeHostOptions = {}, machine?: Machine) {
    this.platform = options.platform ?? "linux";
    const windows = this.platform === "win32";
    if (machine === undefined) {
      const clock = { now: options.time ?? Date.UTC(2026, 0, 2, 3, 4, 5) };
      machine = {
        clock,
        disk: new FakeDisk(clock, windows),
        timers: new Set(),
        dead: new Set(),
        nextPid: 1000,
      };
    }
    this.machine = machine;
    this.started = machine.clock.now;
    this.arch = options.arch ?? "x64";
    this.env = options.env ?? {};
    this.cwd = options.cwd ?? (windows ? "C:\\project" : "/project");
    this.home = options.home ?? (windows ? "C:\\Users\\user" : "/home/user");
    this.cpuCount = options.cpuCount ?? 4;
    this.memoryNow = { ...(options.memory ?? { total: 16 * 2 ** 30, available: 12 * 2 ** 30 }) };
    const uid = options.uid ?? 1000;
    this.uid = windows ? undefined : uid;
    this.identity = {
      pid: machine.nextPid++,
      started: "1",
      domain: options.domain ?? "machine/boot/1",
    };
    this.fs = new FakeFileSystem(machine.disk, uid);
    this.processes = {
      run: (request) => this.runScripted(request),
      alive: (identity) =>
        identity.domain === this.identity.domain
          ? !this.machine.dead.has(identity.pid) && identity.pid < this.machine.nextPid
          : undefined,
      self: () => this.identity,
    };
    for (const [path, content] of Object.entries(options.files ?? {})) this.write(path, content);
  }

  /** It has no named pipes. */
  async waitingPlace(): Promise<undefined> {
    await Promise.resolve();
  }

  memory(): { readonly total: number; readonly available: number } {
    return this.memoryNow;
  }

  now(): number {
    return this.machine.clock.now;
  }

  monotonic(): number {
    return this.machine.clock.now - this.started;
  }

  /** Lets everything else that is ready run, and moves the clock. */
  async sleep(ms: number): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.tick(ms);
  }

  every(ms: number, action: () => void): () => void {
    const timer: Timer = { owner: this, interval: ms, action, next: this.now() + ms };
    this.machine.timers.add(timer);
    return () => void this.machine.timers.delete(timer);
  }

  /** Moves the clock and does what was to be done until then. */
  tick(ms: number): void {
    const { clock, timers } = this.machine;
    const end = clock.now + ms;
    for (;;) {
      let due: Timer | undefined;
      for (const timer of timers) if (timer.next <= end && (due === undefined || timer.next < due.next)) due = timer;
      if (due === undefined) break;
      clock.now = Math.max(clock.now, due.next);
      due.next += due.interval;
      due.action();
    }
    clock.now = end;
  }

  /** Another process on the same disk and clock. */
  sibling(options: FakeHostOptions = {}): FakeHost {
    return new FakeHost(
      {
        platform: this.platform,
        cwd: this.cwd,
        home: this.home,
        uid: this.fs.uid,
        domain: this.identity.domain,
        ...options,
      },
      this.machine,
    );
  }

  /** As by SIGKILL: its timers stop, and it is known to be dead. Whoever runs in its name must be left alone. */
  die(): void {
    this.machine.dead.add(this.identity.pid);
    this.freeze();
  }

  /** Its timers stop, but it is not dead: stopped, swapped out, cut off. */
  freeze(): void {
    for (const timer of this.machine.timers) if (timer.owner === this) this.machine.timers.delete(timer);
  }

  /** Scripts programs. The script that was given last is asked first; one that answers `undefined` passes it on. */
  onRun(script: FakeRun): void {
    this.scripts.unshift(script);
  }

  /** Writes a file and makes the folders that it needs. */
  write(path: string, content: string | Uint8Array, mode?: number): void {
    const paths = this.platform === "win32" ? path.slice(0, path.search(/[\\/][^\\/]*$/)) : dirname(path);
    this.fs.mkdir(paths);
    this.fs.writeAtomic(path, content, mode);
  }

  /** The text of a file that must be there. */
  read(path: string): string {
    const text = this.fs.readText(path);
    if (text === undefined) throw new Error(`there is no file ${path}`);
    return text;
  }

  get stats(): readonly string[] {
    return this.fs.accesses.stats;
  }

  get reads(): readonly string[] {
    return this.fs.accesses.reads;
  }

  get lists(): readonly string[] {
    return this.fs.accesses.lists;
  }

  /** The command of each program that was run, as one line. */
  get spawns(): readonly string[] {
    return this.runs.map((request) => request.argv.join(" "));
  }

  /** Forgets what was looked at and what was run. */
  resetAccesses(): void {
    this.fs.resetAccesses();
    this.runs.length = 0;
  }

  async runScripted(request: ProcessRequest): Promise<ProcessResult> {
    this.runs.push(request);
    const begin = this.monotonic();
    let answer: Partial<ProcessResult> | undefined;
    for (const script of this.scripts) {
      answer = await script(request);
      if (answer !== undefined) break;
    }
    answer ??= { startError: "ENOENT" };
    const started = answer.startError === undefined && answer.signal === undefined;
    return {
      exitCode: started ? 0 : undefined,
      signal: undefined,
      stdout: "",
      stderr: "",
      timedOut: false,
      durationMs: this.monotonic() - begin,
      ...answer,
    };
  }
}
