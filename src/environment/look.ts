/**
 * Looking around while a search remembers what it saw: every path asked for becomes a witness, every candidate an
 * attempt. The parts of this room reach the machine through this alone, so that nothing that decided an outcome can be
 * forgotten. Knows no Python, torch or compiler.
 */
import { posix, win32 } from "node:path";
import { quietly } from "../base/quietly.ts";
import type { Attempt, Failure } from "../base/failure.ts";
import type { FileStat, Host, ProcessResult } from "../host/host.ts";
import type { EnvironmentPart, EnvironmentWarning } from "./environment.ts";
import { type EnvironmentVariable, variableIn } from "./variables.ts";
import { isRacy, namesIn, sameSignature, signatureOf, statIn, type Witness } from "./witness.ts";

/** How a program is started while looking. */
export interface RunOptions {
  readonly cwd?: string;
  /** On top of the environment of the process; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly timeoutMs?: number;
  /** A failure is an answer that may be remembered: what it depends on is witnessed otherwise. */
  readonly tolerant?: boolean;
}

/** What was tried, seen and concluded in a search. */
export interface Findings {
  readonly attempts: readonly Attempt[];
  readonly warnings: readonly EnvironmentWarning[];
  readonly problems: Readonly<Partial<Record<EnvironmentPart, Failure>>>;
}

/** Long enough for a cold start from a network disk. */
const programTimeoutMs = 60_000;

export class Look {
  readonly host: Host;
  readonly path: typeof posix;
  readonly attempts: Attempt[] = [];
  readonly warnings: EnvironmentWarning[] = [];
  readonly problems: Partial<Record<EnvironmentPart, Failure>> = {};
  readonly #witnesses = new Map<string, Witness>();
  readonly #started: number;
  #doubtful = false;

  constructor(host: Host) {
    this.host = host;
    this.path = host.platform === "win32" ? win32 : posix;
    this.#started = host.now();
  }

  /** The state of everything that was looked at. */
  get witnesses(): Witness[] {
    return [...this.#witnesses.values()];
  }

  /** False when what was found may not be remembered: a file too young to tell its states apart, a program that died. */
  get certain(): boolean {
    return !this.#doubtful;
  }

  /** What was found rests on something that no witness covers. */
  doubt(): void {
    this.#doubtful = true;
  }

  variable(name: EnvironmentVariable): string | undefined {
    const value = variableIn(this.host.env, name);
    return value === undefined || value === "" ? undefined : value;
  }

  note(attempt: Attempt): void {
    this.attempts.push(attempt);
  }

  /** Records why a part cannot be used. The first reason stays. */
  problem(part: EnvironmentPart, reason: Failure): void {
    this.problems[part] ??= reason;
  }

  warn(warning: EnvironmentWarning): void {
    if (!this.warnings.some(({ text }) => text === warning.text)) this.warnings.push(warning);
  }

  stat(path: string): FileStat | undefined {
    const stat = statIn(this.host, path);
    if (stat === undefined) this.#add({ path, kind: "absent" });
    else if (stat.kind !== "file") this.#add({ path, kind: "present" });
    else {
      const signature = signatureOf(stat);
      if (isRacy(signature, this.#started)) this.#doubtful = true;
      this.#add({ path, kind: "file", ...signature });
    }
    return stat;
  }

  isFile(path: string): boolean {
    return this.stat(path)?.kind === "file";
  }

  isDirectory(path: string): boolean {
    return this.stat(path)?.kind === "directory";
  }

  isProgram(path: string): boolean {
    const stat = this.stat(path);
    return stat?.kind === "file" && (this.host.platform === "win32" || (stat.mode & 0o111) !== 0);
  }

  readText(path: string): string | undefined {
    if (!this.isFile(path)) return undefined;
    return quietly(() => this.host.fs.readText(path));
  }

  readRange(path: string, offset: number, length: number): Uint8Array | undefined {
    if (!this.isFile(path)) return undefined;
    return quietly(() => this.host.fs.readRange(path, offset, length));
  }

  /** The names in a folder that begin and end so, sorted; none when there is no folder. */
  list(path: string, pattern: { readonly prefix?: string; readonly suffix?: string } = {}): readonly string[] {
    const prefix = pattern.prefix ?? "";
    const suffix = pattern.suffix ?? "";
    const stat = statIn(this.host, path);
    const names = stat?.kind === "directory" ? namesIn(this.host, path, { prefix, suffix }) : undefined;
    if (stat === undefined || names === undefined) {
      this.#add({ path, kind: stat === undefined ? "absent" : "present" });
      return [];
    }
    const folder = signatureOf(stat);
    this.#add({
      path,
      kind: "listing",
      prefix,
      suffix,
      names,
      ...(isRacy(folder, this.#started) ? {} : { folder }),
    });
    return names;
  }

  realpath(path: string): string {
    return quietly(() => this.host.fs.realpath(path)) ?? path;
  }

  /** Where a link itself points; undefined when it is none. */
  readLink(path: string): string | undefined {
    return quietly(() => this.host.fs.readLink(path));
  }

  /** The folders of the search path. Relative ones are left out: they would mean something else in each folder. */
  searchPath(): readonly string[] {
    const text = this.variable("PATH") ?? "";
    return text.split(this.path.delimiter).filter((dir) => this.path.isAbsolute(dir));
  }

  /** The programs of a name on the search path, in order. */
  *programs(name: string, dirs: readonly string[] = this.searchPath()): Generator<string> {
    const seen = new Set<string>();
    for (const dir of dirs) {
      for (const file of this.#programNames(name)) {
        const path = this.path.join(dir, file);
        if (seen.has(path)) continue;
        seen.add(path);
        if (this.isProgram(path)) yield path;
      }
    }
  }

  /** The first program of a name. A name with a separator is a path, absolute or relative to `base`. */
  program(name: string, base: string, dirs: readonly string[] = this.searchPath()): string | undefined {
    if (this.isPath(name)) {
      const path = this.path.resolve(base, name);
      return this.#programNames(path).find((file) => this.isProgram(file));
    }
    for (const path of this.programs(name, dirs)) return path;
    return undefined;
  }

  /** Whether a word names a place rather than a command. */
  isPath(word: string): boolean {
    return word.includes("/") || (this.host.platform === "win32" && word.includes("\\"));
  }

  async run(argv: readonly string[], options: RunOptions = {}): Promise<ProcessResult> {
    const result = await this.host.processes.run({
      argv,
      cwd: options.cwd ?? this.host.cwd,
      env: { ...this.host.env, ...options.env },
      timeoutMs: options.timeoutMs ?? programTimeoutMs,
    });
    if (result.exitCode !== 0 && options.tolerant !== true) this.#doubtful = true;
    if (result.timedOut) this.#doubtful = true;
    return result;
  }

  /** Takes over what another search saw and concluded. */
  absorb(findings: Findings, witnesses: readonly Witness[], certain: boolean): void {
    for (const attempt of findings.attempts) this.note(attempt);
    for (const warning of findings.warnings) this.warn(warning);
    for (const [part, reason] of Object.entries(findings.problems)) this.problem(part as EnvironmentPart, reason);
    for (const witness of witnesses) this.#add(witness);
    if (!certain) this.#doubtful = true;
  }

  get findings(): Findings {
    return { attempts: this.attempts, warnings: this.warnings, problems: this.problems };
  }

  #programNames(name: string): readonly string[] {
    if (this.host.platform !== "win32") return [name];
    if (/\.(exe|bat|cmd|com)$/i.test(name)) return [name];
    return [`${name}.exe`, `${name}.bat`, `${name}.cmd`];
  }

  #add(witness: Witness): void {
    const key = witness.kind === "listing" ? `${witness.path}\0${witness.prefix}\0${witness.suffix}` : witness.path;
    const known = this.#witnesses.get(key);
    if (known === undefined) this.#witnesses.set(key, witness);
    else if (known.kind !== witness.kind) this.#doubtful = true;
    else if (known.kind === "file" && witness.kind === "file" && !sameSignature(known, witness)) this.#doubtful = true;
  }
}
