/** `retorch diagnose`: what went wrong in a log, and what to do. */
import { resolve } from "node:path";
import { type Failure, failure } from "../../base/failure.ts";
import { err, ok, type Result } from "../../base/result.ts";
import type { DiagnoseReport } from "../../diagnose/diagnose.ts";
import type { Environment } from "../../environment/environment.ts";
import type { Host } from "../../host/host.ts";
import { diagnosesText } from "../../report/diagnosis-text.ts";
import { plainDiagnosis } from "../../report/json-lines.ts";
import { sayFailure, type CommandContext } from "../context.ts";
import { usage } from "../parse.ts";
import type { CommandInput } from "../spec.ts";
import type { diagnoseOptions } from "../options.ts";

export async function run(
  context: CommandContext,
  { options, operands }: CommandInput<typeof diagnoseOptions>,
): Promise<number> {
  const { host, program, services, style, dataStyle } = context;
  const parts = source(context, operands[0] ?? "-");
  if (!parts.ok) return sayFailure(context, parts.error);
  let environment: Environment | undefined;
  if (!options["no-environment"]) {
    const found = await services.environment(host, { folder: undefined, python: options.python });
    // Whatever is wrong with the configuration here: the log may be of anything.
    if (found.ok) environment = found.value;
    else if (options.python !== undefined) return sayFailure(context, found.error);
  }
  let report: DiagnoseReport;
  try {
    report = await services.diagnose(host, parts.value, environment, options.python === undefined ? "assumed" : "told");
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return sayFailure(
      context,
      failure("IO_ERROR", `\`${operands[0] ?? "standard input"}\` cannot be read`, { cause: error.message }),
    );
  }
  const { diagnoses, notText } = report;
  if (options.json)
    program.stdout.write(`${JSON.stringify({ diagnoses: diagnoses.map(plainDiagnosis) }, undefined, 2)}\n`);
  else program.stdout.write(diagnosesText(diagnoses, { style: dataStyle, withEvidence: true, all: true }).trimStart());
  if (diagnoses.length === 0 && !options.quiet) {
    const name = operands[0] === undefined || operands[0] === "-" ? "standard input" : `\`${operands[0]}\``;
    program.stderr.write(nothingText(report, name));
    if (notText?.hint !== undefined) program.stderr.write(`\n${style.hint("hint:")} ${notText.hint}\n`);
  }
  if (report.skimmed !== undefined && !options.quiet) {
    const { from, to } = report.skimmed;
    program.stderr.write(
      `${style.hint("note:")} lines ${from} to ${to} say so much of trouble that of each kind only the first ones were looked at\n`,
    );
  }
  return 0;
}

function nothingText({ notText, findings, lines }: DiagnoseReport, name: string): string {
  if (notText !== undefined) return `${name} is no text: it is ${notText.what}\n`;
  if (lines === 0) return `${name} is empty\n`;
  if (findings === 0) return `nothing in ${name} says that something failed (${lines} lines read)\n`;
  return `${name} tells of a failure, but none of what it says is known (${lines} lines read)\n`;
}

/** Where the log comes from. */
function source(
  { host, program }: CommandContext,
  name: string,
): Result<AsyncIterable<Uint8Array> | Iterable<Uint8Array>> {
  if (name !== "-" && name !== "/dev/stdin") return fileParts(host, name);
  if (!program.stdin.isTerminal) return ok(program.stdin.chunks());
  return err(
    usage("`retorch diagnose` needs a log", {
      hint: "name a file, or pipe what a command says into it: `pip install . 2>&1 | retorch diagnose`",
    }),
  );
}

const partSize = 1024 * 1024;

function fileParts(host: Host, name: string): Result<AsyncIterable<Uint8Array> | Iterable<Uint8Array>> {
  const path = resolve(host.cwd, name);
  const no = (why: string, code: Failure["code"] = "PATH_NOT_FOUND"): Result<never> =>
    err(failure(code, `\`${name}\` ${why}`, { hint: "give the file that holds the log, or `-` for standard input" }));
  try {
    const stat = host.fs.stat(path);
    if (stat === undefined) return no("does not exist");
    if (stat.kind === "directory") return no("is a folder");
    // A pipe: `retorch diagnose <(make 2>&1)`. A look at it now would take its first bytes away.
    if (stat.kind !== "file") return ok(host.fs.stream(path));
    // Says now, rather than half way, when it may not be read.
    host.fs.readRange(path, 0, 1);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return no(`cannot be read (${error.code})`, "IO_ERROR");
  }
  return ok(read(host, path));
}

function* read(host: Host, path: string): Iterable<Uint8Array> {
  for (let at = 0; ;) {
    const part = host.fs.readRange(path, at, partSize);
    if (part === undefined || part.length === 0) return;
    yield part;
    at += part.length;
  }
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException & { readonly code: string } {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).code === "string" && "syscall" in error;
}
