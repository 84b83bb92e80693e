/** `retorch build`: runs a build, says what it does, and ends with where the result is. */
import { resolve } from "node:path";
import { failureCodes } from "../../base/failure-codes.ts";
import type { Looked } from "../../build/no-op.ts";
import type { BuildRequest } from "../../config/request.ts";
import type { BuildEvent } from "../../engine/events.ts";
import { jsonReporter } from "../../report/json-lines.ts";
import { hostNotingVariables } from "../../host/variables.ts";
import type { TextReporterOptions } from "../../report/plain.ts";
import type { Reporter } from "../../report/terminal.ts";
import { readQuietly, sayFailure, type CommandContext } from "../context.ts";
import { fastRequest, rememberedWords } from "../fast-arguments.ts";
import { requestOf } from "../request.ts";
import type { CommandInput, OptionValues } from "../spec.ts";
import type { buildOptions } from "../options.ts";

type Options = OptionValues<typeof buildOptions>;

export async function run(
  context: CommandContext,
  { options, operands }: CommandInput<typeof buildOptions>,
): Promise<number> {
  const { host, program, services } = context;
  const asked = await requestOf(context, options, operands);
  if (!asked.ok) return sayFailure(context, asked.error);
  const request = asked.value;
  if (options["dry-run"]) {
    const planned = await services.plan(host, { request, phases: true });
    if (!planned.ok) return sayFailure(context, planned.error);
    const { shellScript } = await import("../../export/shell.ts");
    const { exportOptions } = await import("./export.ts");
    program.stdout.write(shellScript(planned.value.graph, exportOptions(planned.value.host)));
    return 0;
  }

  const reporter = await reporterFor(context, options);
  let last: BuildEvent | undefined;
  const signal = context.interruptible();
  signal.addEventListener("abort", () => {
    if (!options.json) program.stderr.write("stopping; Ctrl-C again ends at once\n");
  });
  const noting = options.result === undefined ? undefined : hostNotingVariables(host);
  let looked: Looked | undefined;
  const fast = fastRequest(context.words);
  const words = fast === undefined ? undefined : rememberedWords(fast, request.captured?.text);
  try {
    const result = await services.build(
      noting?.host ?? host,
      {
        request,
        ...(options.jobs === undefined ? {} : { jobs: options.jobs }),
        ...(options.memory === undefined ? {} : { memoryLimit: options.memory }),
        force: options.force,
        keepGoing: options["keep-going"],
        checkImport: options.check,
        fix: options.fix,
        cache: !options["no-cache"],
        signal,
        typed: options.result === undefined ? context.words : ofProgram(request, options.python),
        ...(words === undefined ? {} : { words }),
        ...(noting === undefined ? {} : { onLooked: (all: Looked) => void (looked = all) }),
      },
      (event) => {
        last = event;
        reporter.listener(event);
      },
    );
    if (options.result !== undefined && noting !== undefined) {
      const { resultDocument } = await import("../../build/result-file.ts");
      const all = looked === undefined ? undefined : { looked, variables: noting.names() };
      host.fs.writeAtomic(resolve(host.cwd, options.result), resultDocument(result, all));
    }
    if (!result.ok) {
      if (last?.type !== "finished") return sayFailure(context, result.error);
      return failureCodes[result.error.code].exit;
    }
    if (!options.json) program.stdout.write(result.value.artifacts.map(({ path }) => `${path}\n`).join(""));
    return 0;
  } finally {
    reporter.close();
  }
}

/** What a person would type in place of a build backend, which has words of its own besides. */
function ofProgram({ paths }: BuildRequest, python: string | undefined): readonly string[] {
  return ["build", ...paths, ...(python === undefined ? [] : ["--python", python])];
}

async function reporterFor(context: CommandContext, options: Options): Promise<Reporter> {
  const { host, program, style } = context;
  if (options.json) return jsonReporter(program.stdout);
  const common: TextReporterOptions = {
    out: program.stderr,
    style,
    verbosity: options.quiet ? "quiet" : options.verbose ? "verbose" : "normal",
    platform: host.platform,
    cwd: host.cwd,
    readText: (path) => readQuietly(host, path),
    explain: options.explain,
    githubActions: host.env["GITHUB_ACTIONS"] === "true",
  };
  const { terminal } = program.stderr;
  // A terminal that nobody looks at, or that cannot take lines back.
  const live = terminal !== undefined && !options.quiet && host.env["TERM"] !== "dumb" && (host.env["CI"] ?? "") === "";
  if (live) {
    const { liveReporter } = await import("../../report/live.ts");
    return liveReporter({ ...common, out: terminal, clock: host });
  }
  const { plainReporter } = await import("../../report/plain.ts");
  return plainReporter(common);
}
