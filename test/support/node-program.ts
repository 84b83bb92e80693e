/** Programs in TypeScript for tests with real processes: Node 20 does not run it, so they are bundled first. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "rolldown";

/** A bundled program. */
export interface NodeProgram {
  readonly path: string;
  dispose(): void;
}

/** Bundles a source text whose imports are taken relative to this folder (`test/support`). */
export async function nodeProgram(source: string): Promise<NodeProgram> {
  const folder = mkdtempSync(join(tmpdir(), "retorch-program-"));
  const path = join(folder, "program.mjs");
  const entry = join(import.meta.dirname, "program.ts");
  await build({
    input: entry,
    platform: "node",
    plugins: [
      {
        name: "source",
        resolveId: (id) => (id === entry ? id : undefined),
        load: (id) => (id === entry ? source : undefined),
      },
    ],
    transform: { target: "node20" },
    output: { file: path, format: "esm", codeSplitting: false },
    logLevel: "silent",
  });
  return { path, dispose: () => rmSync(folder, { recursive: true, force: true }) };
}

/** How a program ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A running program. */
export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Waits until the program has printed a text on stdout; rejects when it ends without. */
  printed(text: string): Promise<string>;
}

/** Starts a bundled program. */
export function startProgram(program: NodeProgram, args: readonly string[] = []): Running {
  const env: NodeJS.ProcessEnv = { ...process.env };
  delete env["NODE_EXTRA_CA_CERTS"];
  delete env["NODE_OPTIONS"];
  const child = spawn(process.execPath, [program.path, ...args], { stdio: ["ignore", "pipe", "pipe"], env });
  let stdout = "";
  let stderr = "";
  const watchers = new Set<() => void>();
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
    for (const watcher of watchers) watcher();
  });
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  const printed = (text: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (!stdout.includes(text)) return;
        watchers.delete(look);
        resolve(stdout);
      };
      watchers.add(look);
      look();
      void ended.then(() => reject(new Error(`ended before it printed ${text}: ${stdout}${stderr}`)), reject);
    });
  return { child, ended, printed };
}

/** Waits for something that other processes bring about, without a fixed pause. */
export async function eventually(condition: () => boolean, what: string, limitMs = 15_000): Promise<void> {
  const end = performance.now() + limitMs;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`still waiting after ${limitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
