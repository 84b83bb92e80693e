/**
 * One case of soundness: a small program, and edits that change what a clean build would give. After each edit the
 * incremental build is compared with a clean one, byte for byte, and must leave nothing to do. Real compilers.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { expect, type TestContext } from "vitest";
import { runRetorchOk, temporaryProject, type TemporaryProject } from "./cli.ts";
import { type Found, need } from "./environments.ts";

export interface Case {
  readonly name: string;
  readonly files: Readonly<Record<string, string>>;
  /** More lines for the extension. `ROOT` stands for the project's folder. */
  readonly settings?: string;
  /** `ROOT` stands for the project's folder. */
  readonly env?: Readonly<Record<string, string>>;
  readonly prepare?: (project: TemporaryProject) => void;
  readonly needs?: readonly (() => Found<unknown>)[];
  /** Each step: what is done, and what the program prints afterwards. */
  readonly steps: readonly (readonly [edit: Edit, prints: string])[];
}

export type Edit = (project: TemporaryProject) => void;

/** A program that prints `VALUE`. */
export const print = `#include <cstdio>\nint main() { std::printf("%d\\n", VALUE); }\n`;
export const value = (n: number): string => `#define VALUE ${n}\n`;

export function write(name: string, content: string): Edit {
  return (project) => project.write(name, content);
}

export function remove(name: string): Edit {
  return (project) => rmSync(project.path(name), { recursive: true });
}

/** Runs a program in the project's folder. */
export function run(command: string, ...args: string[]): Edit {
  return (project) => void execFileSync(command, args, { cwd: project.root });
}

/** Tries the steps of a case. */
export async function tryCase(context: TestContext, one: Case): Promise<void> {
  for (const needed of one.needs ?? []) need(context, needed());
  const made = project(one);
  const rooted = (text: string): string => text.replaceAll("ROOT", made.root);
  const env = Object.fromEntries(Object.entries(one.env ?? {}).map(([name, text]) => [name, rooted(text)]));
  const options = { cwd: made.root, env };
  await runRetorchOk(["build", "--no-cache"], options);
  for (const [step, [edit, prints]] of one.steps.entries()) {
    edit(made);
    await runRetorchOk(["build", "--no-cache"], options);
    const incremental = readFileSync(made.path("prog"));
    const printed = execFileSync(made.path("prog"), { encoding: "utf8", env: { ...process.env, ...env } }).trim();
    expect(printed, `step ${step}`).toBe(prints);
    await runRetorchOk(["build", "--no-cache", "--force"], options);
    expect(incremental.equals(readFileSync(made.path("prog"))), `step ${step}: equals a clean build`).toBe(true);
    const again = await runRetorchOk(["build", "--no-cache", "--json", "-v"], options);
    expect(JSON.parse(again.stdout.trim().split("\n").at(-1) ?? "")).toMatchObject({ actions: { executed: 0 } });
  }
}

function project({ files, settings = "", prepare }: Case): TemporaryProject {
  const sources = settings.includes("sources =") ? "" : `sources = ["src/**/*.cpp"]\n`;
  const made = temporaryProject(files, "sound");
  made.write(
    "retorch.toml",
    `[extension.prog]\nkind = "executable"\nuses-torch = false\n${sources}${settings.replaceAll("ROOT", made.root)}\n`,
  );
  prepare?.(made);
  return made;
}
