/** A process that is only recorded, and rooms that answer what a test tells them. */
import { failure } from "../../../src/base/failure.ts";
import { err, ok } from "../../../src/base/result.ts";
import type { BuildOptions, BuildSummary } from "../../../src/build/build.ts";
import type { BuildListener } from "../../../src/engine/events.ts";
import type { BuildRequest } from "../../../src/config/request.ts";
import { runCommandLine } from "../../../src/cli/dispatch.ts";
import type { InputStream, OutputStream, Program } from "../../../src/cli/program.ts";
import type { Services } from "../../../src/cli/services.ts";
import type { Result } from "../../../src/base/result.ts";
import type { Terminal } from "../../../src/report/terminal.ts";
import { FakeHost, type FakeHostOptions } from "../../support/fake-host.ts";

export class FakeProgram implements Program {
  readonly arguments: readonly string[];
  out = "";
  err = "";
  /** Both streams in the order of writing. */
  both = "";
  exitCode: number | undefined;
  exitedAt: number | undefined;
  readonly nodeVersion = "20.0.0";
  readonly nodePath = "/opt/node/bin/node";
  readonly stdin: InputStream;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly #interrupts = new Set<() => void>();
  crash: (error: unknown) => void = () => undefined;

  constructor(words: readonly string[], terminal?: Terminal, input?: string | Uint8Array) {
    this.arguments = words;
    this.stdin = {
      isTerminal: input === undefined,
      chunks: async function* () {
        // Small parts show what depends on their size.
        const bytes = typeof input === "string" ? new TextEncoder().encode(input) : (input ?? new Uint8Array(0));
        for (let at = 0; at < bytes.length; at += 7) yield await Promise.resolve(bytes.subarray(at, at + 7));
      },
    };
    const stream = (add: (text: string) => void): OutputStream => ({
      terminal,
      write: (text) => {
        add(text);
        this.both += text;
      },
    });
    this.stdout = stream((text) => (this.out += text));
    this.stderr = stream((text) => (this.err += text));
  }

  uptimeMs(): number {
    return 57.4;
  }

  setExitCode(code: number): void {
    this.exitCode = code;
  }

  exitNow(code: number): void {
    this.exitedAt ??= code;
  }

  onInterrupt(handler: () => void): () => void {
    this.#interrupts.add(handler);
    return () => this.#interrupts.delete(handler);
  }

  onCrash(handler: (error: unknown) => void): void {
    this.crash = handler;
  }

  /** Ctrl-C. False when nobody listens. */
  interrupt(): boolean {
    for (const handler of this.#interrupts) handler();
    return this.#interrupts.size > 0;
  }
}

/** What a test replaces; the rest must not be called. */
export type FakeServices = Partial<Services>;

export function fakeServices(parts: FakeServices = {}): Services {
  const unexpected = (name: string) => (): never => {
    throw new Error(`nobody expected ${name}`);
  };
  return {
    build: unexpected("build"),
    plan: unexpected("plan"),
    explain: unexpected("explain"),
    project: unexpected("project"),
    cleanTargets: unexpected("cleanTargets"),
    clean: unexpected("clean"),
    store: unexpected("store"),
    environment: unexpected("environment"),
    diagnose: unexpected("diagnose"),
    inspect: unexpected("inspect"),
    builtFiles: () => Promise.resolve(undefined),
    foreground: unexpected("foreground"),
    pythonPackage: unexpected("pythonPackage"),
    doctor: unexpected("doctor"),
    ...parts,
  };
}

/** A build that does nothing but say that it is done. */
export function fakeBuild(result: Result<Partial<BuildSummary>> = ok({})): {
  readonly seen: BuildOptions[];
  readonly build: Services["build"];
} {
  const seen: BuildOptions[] = [];
  const build = (_host: unknown, options: BuildOptions, listener: BuildListener): Promise<Result<BuildSummary>> => {
    seen.push(options);
    const summary: BuildSummary = {
      artifacts: [{ name: "my_ops", path: "/project/my_ops.so" }],
      extensions: ["my_ops"],
      actions: { executed: 1, cached: 0, fresh: 0 },
      durationMs: 1200,
      ...(result.ok ? result.value : {}),
    };
    listener({
      type: "finished",
      ok: result.ok,
      ...(result.ok ? {} : { failure: result.error }),
      artifacts: result.ok ? summary.artifacts : [],
      actions: summary.actions,
      durationMs: 1200,
      time: 0,
    });
    return Promise.resolve(result.ok ? ok(summary) : result);
  };
  return { seen, build };
}

/** The request that a command line comes to. */
export async function requestFor(words: readonly string[], host: FakeHostOptions = {}): Promise<BuildOptions> {
  const { seen, build } = fakeBuild();
  const { program } = await runCli(["build", ...words], { services: { build }, host });
  const [options] = seen;
  if (options === undefined) throw new Error(program.err);
  return options;
}

export interface CliRun {
  readonly services?: FakeServices;
  readonly host?: FakeHostOptions;
  readonly terminal?: Terminal;
  /** Standard input; a terminal without it. */
  readonly input?: string | Uint8Array;
}

/** Runs a command line in this process. */
export async function runCli(
  words: readonly string[],
  options: CliRun = {},
): Promise<{ readonly program: FakeProgram; readonly host: FakeHost; readonly code: number }> {
  const program = new FakeProgram(words, options.terminal, options.input);
  const host = new FakeHost(options.host);
  const code = await runCommandLine(program, host, fakeServices(options.services));
  return { program, host, code };
}

export function failing(code: Parameters<typeof failure>[0], message: string): Result<never> {
  return err(failure(code, message));
}

export type { BuildRequest };
