/**
 * A virtual environment of a test's own that sees the packages of another interpreter, torch among them, and has
 * retorch's wheel installed in it. What the tests install goes into it and nowhere else.
 */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cliEnvironment } from "./cli.ts";
import { repository, type PythonEnvironment } from "./environments.ts";

export interface Ran {
  readonly exitCode: number | undefined;
  /** Standard output and standard error, as they came. */
  readonly output: string;
  readonly stdout: string;
}

export interface RunOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** A virtual environment. */
export interface Venv {
  readonly python: string;
  /** Its folder of packages. */
  readonly packages: string;
  /** retorch's wheel. */
  readonly wheel: string;
  run(words: readonly string[], options: RunOptions): Promise<Ran>;
  /** Like `run`, for what must succeed. */
  ok(words: readonly string[], options: RunOptions): Promise<Ran>;
  remove(): void;
}

/** Makes one; takes some seconds. */
export async function makeVenv(base: PythonEnvironment): Promise<Venv> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "retorch-venv-")));
  const venv = join(folder, "venv");
  const python = join(venv, "bin", "python");
  const run: Venv["run"] = (words, options) => start(python, words, options);
  const ok: Venv["ok"] = async (words, options) => {
    const result = await run(words, options);
    if (result.exitCode !== 0) throw new Error(`python ${words.join(" ")}: ${result.exitCode}\n${result.output}`);
    return result;
  };
  const made = await start(base.executable, ["-m", "venv", "--without-pip", venv], { cwd: folder });
  if (made.exitCode !== 0) throw new Error(made.output);
  const [major, minor] = base.version;
  const packages = join(venv, "lib", `python${major}.${minor}`, "site-packages");
  writeFileSync(join(packages, "others.pth"), `${base.packages}\n`);
  const wheels = join(folder, "wheels");
  mkdirSync(wheels);
  const script = await start(process.execPath, [join(repository, "scripts", "python-wheel.mjs"), "--out", wheels], {
    cwd: repository,
  });
  if (script.exitCode !== 0) throw new Error(script.output);
  const wheel = script.stdout.trim();
  await ok(["-m", "pip", "install", "-q", "--no-index", "--no-deps", wheel], { cwd: folder });
  return { python, packages, wheel, run, ok, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

async function start(program: string, words: readonly string[], { cwd, env = {} }: RunOptions): Promise<Ran> {
  return await new Promise((resolve, reject) => {
    const child = spawn(program, words, {
      cwd,
      env: cliEnvironment({
        RETORCH_NODE: process.execPath,
        PIP_DISABLE_PIP_VERSION_CHECK: "1",
        PYTHONDONTWRITEBYTECODE: "1",
        ...env,
      }),
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    let stdout = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      output += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => (output += text));
    child.on("error", reject);
    child.on("close", (code) => resolve({ exitCode: code ?? undefined, output, stdout }));
  });
}
