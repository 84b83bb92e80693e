/** `retorch inspect`: what built files are, and whether they will load here. */
import { relative, resolve } from "node:path";
import { failureCodes } from "../../base/failure-codes.ts";
import { failure } from "../../base/failure.ts";
import type { Environment } from "../../environment/environment.ts";
import { askedGpu } from "../../inspect/asked-gpu.ts";
import { describeJson, describeText } from "../../inspect/describe.ts";
import type { Inspection } from "../../inspect/inspect.ts";
import type { Answer } from "../../inspect/verdict.ts";
import type { WheelMember } from "../../inspect/wheel.ts";
import { plainFailure } from "../../report/json-lines.ts";
import { sayFailure, type CommandContext } from "../context.ts";
import type { CommandInput } from "../spec.ts";
import type { inspectOptions } from "../options.ts";

export async function run(
  context: CommandContext,
  { options, operands }: CommandInput<typeof inspectOptions>,
): Promise<number> {
  const { host, program, services } = context;
  const asked = options.gpu.map(askedGpu);
  const wrong = options.gpu.find((_, index) => asked[index] === undefined);
  if (wrong !== undefined) {
    const message = `\`${wrong}\` is no GPU`;
    const hint = "Give its compute capability, as in `--gpu 9.0`, with its driver as in `--gpu 8.6:550`";
    return sayFailure(context, failure("USAGE", message, { hint }));
  }
  const gpus = asked.length === 0 ? undefined : asked.filter((one) => one !== undefined);
  let environment: Environment | undefined;
  if (!options["no-environment"]) {
    const found = await services.environment(host, { folder: undefined, python: options.python });
    // A broken configuration in this folder says nothing about the file.
    if (found.ok) environment = found.value;
    else if (options.python !== undefined) return sayFailure(context, found.error);
  }
  let code = 0;
  let written = 0;
  const page = (text: string): void => {
    program.stdout.write(`${written++ > 0 ? "\n" : ""}${text}`);
  };
  const inspectOne = async (path: string): Promise<Inspection | undefined> => {
    const inspected = await services.inspect(host, path, environment, gpus);
    if (inspected.ok) {
      if (options.json) program.stdout.write(`${JSON.stringify(describeJson(inspected.value))}\n`);
      if (works(inspected.value) === "no") code = Math.max(code, 1);
      return inspected.value;
    }
    code = Math.max(code, failureCodes[inspected.error.code].exit);
    if (options.json) {
      program.stdout.write(`${JSON.stringify({ path, failure: plainFailure(inspected.error) })}\n`);
    } else sayFailure(context, inspected.error);
    return undefined;
  };
  for (const operand of operands) {
    const paths = (await services.builtFiles(host, operand)) ?? [];
    if (paths.length === 0) {
      const inspection = await inspectOne(operand);
      if (inspection !== undefined && !options.json) page(describeText(inspection));
      continue;
    }
    // A folder: all in one list, then the pages of those that do not work.
    const rows: string[] = [];
    const pages: string[] = [];
    for (const path of paths) {
      const inspection = await inspectOne(path);
      const answer = inspection === undefined ? "unreadable" : environment === undefined ? "" : works(inspection);
      rows.push(
        `  ${`${answer}`.padEnd(environment === undefined ? 0 : 11)}${relative(resolve(host.cwd, operand), path)}`,
      );
      if (inspection !== undefined && answer === "no") pages.push(describeText(inspection));
    }
    if (options.json) continue;
    const title = `${operand}: ${paths.length} built ${paths.length === 1 ? "file" : "files"}${environment === undefined ? "" : "; do they load here?"}`;
    page(`${[title, "", ...rows].join("\n")}\n`);
    for (const text of pages) page(text);
  }
  return code;
}

/** A member that cannot be read, or not to its end. */
function isBroken({ failure, report }: WheelMember): boolean {
  return failure !== undefined || report?.anomalies.some((anomaly) => anomaly.includes("cut off")) === true;
}

/** `no` when any part of it will not load here, or runs on none of the GPUs that are here. */
function works(inspection: Inspection): Answer {
  const verdicts = inspection.kind === "extension" ? [inspection.verdict] : [...inspection.verdicts.values()];
  const answers = verdicts.flatMap((verdict): Answer[] =>
    verdict === undefined ? ["unknown"] : [verdict.loads, verdict.runs === "no" ? "no" : "yes"],
  );
  const broken =
    inspection.kind === "wheel" &&
    (inspection.wheel.members.some(isBroken) ||
      inspection.problems.some(({ severity }) => severity === "error") ||
      inspection.integrity?.problems.some(({ severity }) => severity === "error") === true);
  if (broken || answers.includes("no")) return "no";
  return answers.includes("unknown") ? "unknown" : "yes";
}
