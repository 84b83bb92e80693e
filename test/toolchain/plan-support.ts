/** Runs plans with real tools, one action after the other, as a user would who pastes the commands. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { onTestFinished } from "vitest";
import type { Environment } from "../../src/environment/environment.ts";
import { findEnvironment } from "../../src/environment/find-environment.ts";
import { nodeHost } from "../../src/host/node-host.ts";
import { commandText, type Graph } from "../../src/plan/graph.ts";
import { plan } from "../../src/plan/plan.ts";
import { extension, type ExtensionParts } from "../support/plan-fixtures.ts";

/** What one command said. */
export interface Ran {
  readonly id: string;
  readonly status: number | null;
  readonly said: string;
}

/** A folder with files, gone when the test ends. Its name may be given to try what names do. */
export function project(files: Readonly<Record<string, string>>, name = "project"): string {
  const parent = mkdtempSync(join(tmpdir(), "retorch-plan-"));
  onTestFinished(() => rmSync(parent, { recursive: true, force: true }));
  const root = join(parent, name);
  mkdirSync(root);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

/** The environment of this machine, looked for with some variables of one's own. */
export async function environmentHere(options: {
  readonly python?: string;
  readonly torch?: string;
  readonly variables?: Readonly<Record<string, string>>;
}): Promise<Environment> {
  const { python, torch, variables } = options;
  const real = nodeHost();
  const host = { ...real, env: { ...real.env, ...variables } };
  const cacheDir = mkdtempSync(join(tmpdir(), "retorch-plan-cache-"));
  try {
    const found = await findEnvironment(host, {
      ...(python === undefined ? {} : { python }),
      ...(torch === undefined ? {} : { torch }),
      projectRoot: cacheDir,
      cacheDir,
    });
    return found.environment;
  } finally {
    rmSync(cacheDir, { recursive: true, force: true });
  }
}

/** The graph of one extension in a folder. */
export function planHere(
  root: string,
  environment: Environment,
  parts: ExtensionParts,
  variables: Readonly<Record<string, string>> = {},
): Graph {
  const result = plan({
    extensions: [extension({ root, ...parts })],
    environment,
    buildDir: join(root, ".retorch"),
    variables,
  });
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message}`);
  return result.value;
}

/** Runs every command; stops at the first that fails. */
export function runGraph(graph: Graph, variables: Readonly<Record<string, string>> = {}): Ran[] {
  const ran: Ran[] = [];
  for (const action of graph.actions) {
    for (const output of action.outputs) mkdirSync(dirname(output), { recursive: true });
    if (action.responseFile !== undefined) {
      const path = resolve(action.cwd, action.responseFile.path);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, action.responseFile.content);
    }
    const [program = "", ...words] = commandText(action.command);
    const result = spawnSync(program, words, {
      cwd: action.cwd,
      encoding: "utf8",
      env: { ...process.env, ...variables, ...action.env },
    });
    ran.push({ id: action.id, status: result.status, said: result.stdout + result.stderr });
    if (result.status !== 0) break;
  }
  return ran;
}

/** Runs every command, throwing with what the first failing one said. */
export function build(graph: Graph): Ran[] {
  const ran = runGraph(graph);
  const failed = ran.find(({ status }) => status !== 0);
  if (failed !== undefined) throw new Error(`${failed.id}: ${failed.said}`);
  return ran;
}

/** Runs a program to its end and gives what it wrote. */
export function output(program: string, words: readonly string[], cwd: string): string {
  const result = spawnSync(program, words, { cwd, encoding: "utf8" });
  if (result.status !== 0) throw new Error(`${program}: ${String(result.status)} ${result.stdout}${result.stderr}`);
  return result.stdout;
}
