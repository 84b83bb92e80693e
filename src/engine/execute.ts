/**
 * Runs one action: temporary output names, the program, the headers that it read, and the outputs put in place by
 * rename. It does not know why the action runs, nor what is recorded of it.
 */
import { basename, dirname, isAbsolute, join, relative, resolve } from "node:path";
import type { Host, ProcessResult } from "../host/host.ts";
import { argText, type Action, type Arg } from "../plan/graph.ts";
import { parseMakeDepfile, splitShowIncludes } from "./depfile.ts";

/** A run that is about to happen: what is started, and where its outputs go meanwhile. */
export interface PreparedRun {
  readonly argv: readonly string[];
  /** Holds the outputs while the program runs. */
  readonly folder: string;
  /** By output, where the program leaves it. */
  readonly temporary: ReadonlyMap<string, string>;
  readonly depfile: string | undefined;
  /** Change time of the folder: files changed later were changed while the action ran. */
  readonly startedAt: number;
}

/** How a run ended. */
export interface FinishedRun {
  readonly ok: boolean;
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  /** Why the program could not be started. */
  readonly startError: string | undefined;
  /** All that was printed, without the notes of `/showIncludes`. */
  readonly printed: string;
  readonly durationMs: number;
  readonly peakMemory: number;
  /** Absolute paths of all files read, when the program says so. */
  readonly read: readonly string[];
  /** The same as the program wrote them. */
  readonly named: readonly string[];
  /** Outputs that were promised and are not there. */
  readonly lacking: readonly string[];
}

/** Makes folders and names for a run. `folder` must not exist; `more` are words that change nothing of what is made. */
export function prepareRun(host: Host, action: Action, folder: string, more: readonly string[] = []): PreparedRun {
  const { fs } = host;
  for (const output of action.outputs) fs.mkdir(dirname(output), 0o755);
  if (action.responseFile !== undefined) {
    const path = resolve(action.cwd, action.responseFile.path);
    const { content } = action.responseFile;
    fs.mkdir(dirname(path), 0o755);
    // Before the run begins, and only when it is new: what is written later would count as changed while it ran.
    if (fs.readText(path) !== content) fs.writeAtomic(path, content);
  }
  if (action.note !== undefined) {
    const path = resolve(action.cwd, action.note.path);
    fs.mkdir(dirname(path), 0o755);
    fs.writeAtomic(path, action.note.content);
  }
  fs.mkdir(folder, 0o755);
  const temporary = new Map<string, string>();
  const replaced = new Map<string, string>();
  if (action.inPlace === true) {
    // What stands there may share its content with the store: it is not to be written over.
    for (const output of action.outputs) fs.remove(output);
  } else {
    for (const [i, output] of action.outputs.entries()) {
      // The name stays, since some tools derive others from it; a folder for each keeps equal names apart.
      const parent = i === 0 ? folder : join(folder, String(i));
      if (i > 0) fs.mkdir(parent, 0o755);
      const name = join(parent, basename(output));
      temporary.set(output, name);
      replaced.set(output, name);
    }
  }
  let depfile: string | undefined;
  if (action.depfile?.format === "make") {
    const planned = resolve(action.cwd, action.depfile.path);
    depfile = action.inPlace === true ? planned : join(folder, "depfile.d");
    replaced.set(planned, depfile);
    fs.mkdir(dirname(planned), 0o755);
  }
  const word = (arg: Arg): string => {
    if (typeof arg === "string" || (arg.role !== "output" && arg.role !== "depfile")) return argText(arg);
    const path = replaced.get(resolve(action.cwd, arg.path));
    return path === undefined ? argText(arg) : argText({ ...arg, path: spelledIn(action.cwd, path) });
  };
  const argv = [...action.command.map(word), ...more];
  const startedAt = fs.stat(folder)?.ctimeMs ?? host.now();
  return { argv, folder, temporary, depfile, startedAt };
}

/** As planned commands spell paths: relative inside the working folder. nvcc hands an output's name to a shell. */
function spelledIn(cwd: string, path: string): string {
  const inside = relative(cwd, path);
  return inside.startsWith("..") || isAbsolute(inside) ? path : inside;
}

/** Starts the program and reads what it left. The outputs are still in the temporary folder afterwards. */
export async function executeRun(
  host: Host,
  action: Action,
  run: PreparedRun,
  variables: Readonly<Record<string, string | undefined>>,
  signal?: AbortSignal,
): Promise<FinishedRun> {
  const result = await host.processes.run({
    argv: run.argv,
    cwd: action.cwd,
    // Compilers believe PWD where it means the folder they run in, and a link in it would get into debug information.
    env: { ...variables, PWD: action.cwd, ...action.env },
    measure: true,
    ...(signal === undefined ? {} : { signal }),
  });
  for (const path of action.scrap ?? []) host.fs.remove(path);
  const { printed, headers } = whatWasPrinted(action, result);
  const ok = result.exitCode === 0;
  const lacking = ok
    ? action.outputs.filter((output) => host.fs.stat(run.temporary.get(output) ?? output)?.kind !== "file")
    : [];
  const depfile = run.depfile === undefined || !ok ? undefined : host.fs.readText(run.depfile);
  // Without the list of headers nobody would know when to do it again.
  if (ok && run.depfile !== undefined && depfile === undefined) lacking.push("the list of headers (-MF)");
  const named = !ok ? [] : run.depfile === undefined ? headers : parseMakeDepfile(depfile ?? "");
  return {
    ok: ok && lacking.length === 0,
    exitCode: result.exitCode,
    signal: result.signal,
    startError: result.startError,
    printed,
    durationMs: result.durationMs,
    peakMemory: result.peakMemory ?? 0,
    read: filesRead(host, action, named),
    named,
    lacking,
  };
}

/** Moves an output to its place. */
export function publishOutput(host: Host, run: PreparedRun, output: string): void {
  const from = run.temporary.get(output);
  if (from === undefined) return;
  // What stands there lies in the build folder and is ours: a folder could not be renamed over.
  if (host.fs.lstat(output)?.kind === "directory") host.fs.remove(output);
  host.fs.rename(from, output);
}

function whatWasPrinted(action: Action, result: ProcessResult): { printed: string; headers: string[] } {
  if (action.depfile?.format !== "msvc") return { printed: joinOutput(result.stdout, result.stderr), headers: [] };
  const { headers, rest } = splitShowIncludes(result.stdout);
  return { printed: joinOutput(rest, result.stderr), headers };
}

function joinOutput(stdout: string, stderr: string): string {
  if (stdout === "" || stderr === "") return stdout + stderr;
  return stdout.endsWith("\n") ? stdout + stderr : `${stdout}\n${stderr}`;
}

function filesRead(host: Host, action: Action, named: readonly string[]): string[] {
  const tidy = new Map<string, boolean>();
  const read = new Set<string>();
  for (const path of named) {
    const absolute = isAbsolute(path) ? path : `${action.cwd}/${path}`;
    const climb = absolute.lastIndexOf("/../");
    if (climb < 0) {
      read.add(resolve(absolute));
      continue;
    }
    // `link/../a.h` lies beside what the link leads to.
    const folder = absolute.slice(0, climb + 3);
    let same = tidy.get(folder);
    if (same === undefined) {
      same = host.fs.realpath(folder) === host.fs.realpath(resolve(folder));
      tidy.set(folder, same);
    }
    read.add(same ? resolve(absolute) : absolute);
  }
  return [...read];
}
