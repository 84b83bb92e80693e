/** Finds the command, reads its words, runs it, and turns whatever comes of it into an exit code. */
import type { Failure } from "../base/failure.ts";
import { err, ok, type Result } from "../base/result.ts";
import { closest } from "../config/suggest.ts";
import { ioFailure } from "../engine/io-failure.ts";
import type { Host } from "../host/host.ts";
import { hostNotingVariables } from "../host/variables.ts";
import { colorAllowed, makeStyle, type Style } from "../report/style.ts";
import { sayFailure, type CommandContext } from "./context.ts";
import { parseCommand, usage } from "./parse.ts";
import type { Program } from "./program.ts";
import { realServices, type Services } from "./services.ts";
import type { AnyCommand, OptionValues } from "./spec.ts";
import { type commonOptions } from "./options.ts";
import { commands } from "./table.ts";

const bugExitCode = 70;
const interruptedExitCode = 130;

/** Runs a command line. The exit code. */
export async function runCommandLine(
  program: Program,
  machine: Host,
  services: Services = realServices,
): Promise<number> {
  // A build remembers which variables it rests on: those of the options, too.
  const { host } = hostNotingVariables(machine);
  const verbose = program.arguments.some((word) => word === "--verbose" || /^-[qk]*v/.test(word));
  const onBug = (error: unknown): void => {
    program.stderr.write(bugText(error, verbose, makeStyle(allowed(program, host, "stderr", undefined))));
  };
  program.onCrash((error) => {
    onBug(error);
    program.exitNow(bugExitCode);
  });
  try {
    return await dispatch(program, host, services);
  } catch (error) {
    const failure = systemFailure(error);
    if (failure !== undefined) return sayFailure(contextFor(program, host, services, undefined), failure);
    onBug(error);
    return bugExitCode;
  }
}

/** What the operating system refused (a full disk, too many open files) is no bug. */
function systemFailure(error: unknown): Failure | undefined {
  try {
    return ioFailure(error);
  } catch {
    return undefined;
  }
}

async function dispatch(program: Program, host: Host, services: Services): Promise<number> {
  const context = contextFor(program, host, services, undefined);
  const found = findCommand(program.arguments);
  if (!found.ok) return sayFailure(context, found.error);
  const { command, words } = found.value;
  if (command === undefined) {
    const { rootHelp } = await import("./help.ts");
    program.stdout.write(rootHelp(helpWidth(program)));
    return 0;
  }
  const parsed = parseCommand(command, words, host.env);
  if (!parsed.ok) return sayFailure(context, parsed.error);
  // Every command has the options of `commonOptions`.
  const { help, color } = parsed.value.options as unknown as OptionValues<typeof commonOptions>;
  if (help) {
    const { commandHelp } = await import("./help.ts");
    program.stdout.write(commandHelp(command, helpWidth(program)));
    return 0;
  }
  const { run } = await command.load();
  const running = contextFor(program, host, services, color);
  try {
    return await run(running, parsed.value);
  } finally {
    running.release();
  }
}

/** The command and the words for it. No command: help is wanted. */
function findCommand(
  argv: readonly string[],
): Result<{ readonly command?: AnyCommand; readonly words: readonly string[] }> {
  // What all commands take may also stand before the command.
  const before: string[] = [];
  let at = 0;
  for (; at < argv.length && (argv[at] ?? "").startsWith("-"); at++) {
    const word = argv[at] ?? "";
    if (word === "--version" || word === "-V") return named("version", before);
    if (word === "--help" || word === "-h") {
      const next = argv[at + 1];
      return next === undefined ? ok({ words: [] }) : named(next, ["--help"]);
    }
    if (!/^(?:-[vq]+|--verbose|--quiet|--color(?:=.*)?)$/.test(word)) {
      const near = closest(word, ["--version", "--help"]);
      return err(
        usage(`\`retorch\` has no option \`${word}\` before a command`, {
          hint:
            near === undefined
              ? "options stand after the command: `retorch build --name my_ops`"
              : `did you mean \`${near}\`?`,
        }),
      );
    }
    before.push(word);
    if (word === "--color" && argv[at + 1] !== undefined) before.push(argv[++at] ?? "");
  }
  const name = argv[at];
  if (name === undefined) return ok({ words: [] });
  if (name === "help") {
    const topic = argv[at + 1];
    return topic === undefined || topic.startsWith("-") ? ok({ words: [] }) : named(topic, ["--help"]);
  }
  return named(name, [...before, ...argv.slice(at + 1)]);
}

function named(
  name: string,
  words: readonly string[],
): Result<{ readonly command: AnyCommand; readonly words: readonly string[] }> {
  const command = commands.find((candidate) => candidate.name === name);
  if (command !== undefined) return ok({ command, words });
  return err(unknownCommand(name));
}

function unknownCommand(name: string): Failure {
  if (/[./\\]/.test(name)) {
    return usage(`\`${name}\` is no command`, { hint: `did you mean \`retorch build ${name}\`?` });
  }
  const near = closest(
    name,
    commands.map((command) => command.name),
  );
  return usage(`\`${name}\` is no command`, {
    hint: near === undefined ? "see `retorch --help`" : `did you mean \`retorch ${near}\`?`,
  });
}

function contextFor(
  program: Program,
  host: Host,
  services: Services,
  color: "auto" | "always" | "never" | undefined,
): CommandContext & { readonly release: () => void } {
  let controller: AbortController | undefined;
  let stopListening: (() => void) | undefined;
  const style = makeStyle(allowed(program, host, "stderr", color));
  return {
    program,
    host,
    services,
    style,
    dataStyle: makeStyle(allowed(program, host, "stdout", color)),
    words: program.arguments,
    interruptible: () => {
      if (controller !== undefined) return controller.signal;
      const created = new AbortController();
      controller = created;
      stopListening = program.onInterrupt(() => {
        if (created.signal.aborted) program.exitNow(interruptedExitCode);
        else created.abort();
      });
      return created.signal;
    },
    release: () => stopListening?.(),
  };
}

function allowed(
  program: Program,
  host: Host,
  stream: "stdout" | "stderr",
  choice: "auto" | "always" | "never" | undefined,
): boolean {
  return colorAllowed({ choice, env: host.env, isTerminal: program[stream].terminal !== undefined });
}

function helpWidth(program: Program): number {
  return Math.max(50, Math.min(100, program.stdout.terminal?.columns ?? 100));
}

function bugText(error: unknown, verbose: boolean, style: Style): string {
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const lines = [`${style.error("error:")} retorch has a bug: ${message}`];
  if (verbose && error instanceof Error && error.stack !== undefined) {
    lines.push(...error.stack.split("\n").filter((line) => /^\s+at /.test(line)));
    if (error.cause instanceof Error) lines.push(`  caused by ${error.cause.message}`);
  }
  const how = verbose
    ? "please report it, with the command and all of the above"
    : "please report it, with the command and what it says with `-v`";
  lines.push("", `${style.hint("hint:")} ${how}`);
  return `${lines.join("\n")}\n`;
}
