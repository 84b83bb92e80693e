/**
 * Runs the bundled program as a user would, in temporary projects. The environment of the program holds nothing but
 * what is listed here and what the test adds.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import { repository } from "./environments.ts";

/** How the program ended. */
export interface CliResult {
  /** Undefined when a signal ended it. */
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly cwd: string;
  /** On top of PATH, HOME, TMPDIR, RETORCH_CACHE_DIR and NO_COLOR; undefined removes one of these. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly stdin?: string;
  readonly signal?: AbortSignal;
}

/** The environment in which `runRetorch` starts the program. */
export function cliEnvironment(more: CliOptions["env"] = {}): Record<string, string> {
  const base: Record<string, string | undefined> = {
    PATH: process.env["PATH"],
    HOME: process.env["HOME"],
    TMPDIR: process.env["TMPDIR"],
    RETORCH_CACHE_DIR: process.env["RETORCH_CACHE_DIR"],
    NO_COLOR: "1",
    ...more,
  };
  return Object.fromEntries(Object.entries(base).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** Runs `retorch` with the given words and waits for its end. */
export async function runRetorch(args: readonly string[], options: CliOptions): Promise<CliResult> {
  const program = join(repository, "bin", "retorch.js");
  if (!existsSync(join(repository, "dist", "cli.cjs"))) throw new Error("there is no dist/: run `npm run build` first");
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args], {
      cwd: options.cwd,
      env: cliEnvironment(options.env),
      stdio: "pipe",
      signal: options.signal,
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.on("error", reject);
    child.on("close", (code, signal) => {
      resolve({ exitCode: code ?? undefined, signal: signal ?? undefined, stdout, stderr });
    });
    child.stdin.on("error", () => undefined);
    child.stdin.end(options.stdin ?? "");
  });
}

/** Like `runRetorch`, for a run that must succeed: anything else fails the test with all that was said. */
export async function runRetorchOk(args: readonly string[], options: CliOptions): Promise<CliResult> {
  const result = await runRetorch(args, options);
  if (result.exitCode !== 0) {
    const end = result.signal ?? `exit code ${result.exitCode}`;
    throw new Error(`\`retorch ${args.join(" ")}\` ended with ${end}\n${result.stderr}\n${result.stdout}`);
  }
  return result;
}

/** A project in a temporary folder, removed when the test is over. */
export interface TemporaryProject {
  /** Absolute, with links resolved. */
  readonly root: string;
  path(name: string): string;
  write(name: string, content: string): void;
}

/** Makes a project of the given files. `name` is the last part of its folder, e.g. to have a space in it. */
export function temporaryProject(files: Readonly<Record<string, string>>, name = "project"): TemporaryProject {
  const parent = realpathSync(mkdtempSync(join(tmpdir(), "retorch-project-")));
  const root = join(parent, name);
  mkdirSync(root);
  onTestFinished(() => rmSync(parent, { recursive: true, force: true, maxRetries: 3 }));
  const project: TemporaryProject = {
    root,
    path: (file) => join(root, file),
    write: (file, content) => {
      mkdirSync(dirname(join(root, file)), { recursive: true });
      writeFileSync(join(root, file), content);
    },
  };
  for (const [file, content] of Object.entries(files)) project.write(file, content);
  return project;
}
