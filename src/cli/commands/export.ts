/** `retorch export`: writes the build in the language of another tool. */
import { dirname, join, resolve } from "node:path";
import { failure } from "../../base/failure.ts";
import { err, ok, type Result } from "../../base/result.ts";
import type { ExportOptions } from "../../export/steps.ts";
import type { Host } from "../../host/host.ts";
import type { Graph } from "../../plan/graph.ts";
import { version } from "../../version.ts";
import { sayFailure, type CommandContext } from "../context.ts";
import { requestOf } from "../request.ts";
import type { CommandInput } from "../spec.ts";
import type { exportOptions as optionTable } from "../options.ts";

/** What every exporter is told. */
export function exportOptions(host: Pick<Host, "env">): ExportOptions {
  return { variables: host.env, generator: `retorch ${version}` };
}

export async function run(
  context: CommandContext,
  { options, operands }: CommandInput<typeof optionTable>,
): Promise<number> {
  const { host, program, services } = context;
  const [format = "", ...paths] = operands;
  const request = await requestOf(context, options, paths);
  if (!request.ok) return sayFailure(context, request.error);
  const planned = await services.plan(host, { request: request.value });
  if (!planned.ok) return sayFailure(context, planned.error);
  const text = await exportText(format, planned.value.graph, planned.value.host);
  if (!text.ok) return sayFailure(context, text.error);
  if (options.file === undefined) {
    program.stdout.write(text.value);
    return 0;
  }
  const written = writeFile(host, options.file, text.value, options.force);
  if (!written.ok) return sayFailure(context, written.error);
  if (!options.quiet) {
    program.stderr.write(`${context.style.success(`${written.value ? "wrote" : "unchanged:"} ${options.file}`)}\n`);
  }
  return 0;
}

async function exportText(format: string, graph: Graph, host: Host): Promise<Result<string>> {
  const options = exportOptions(host);
  const msvc = graph.actions.some((action) => action.depfile?.format === "msvc");
  if (msvc && (format === "make" || format === "ninja" || format === "cmake")) {
    return err(
      failure("EXPORT_UNSUPPORTED_ACTION", `commands of MSVC cannot be written for ${format} yet`, {
        hint: "`retorch export compile-commands` and `retorch export sh` can",
      }),
    );
  }
  switch (format) {
    case "make":
      return (await import("../../export/make.ts")).makefile(graph, options);
    case "ninja":
      return (await import("../../export/ninja.ts")).ninjaFile(graph, options);
    case "cmake":
      return (await import("../../export/cmake.ts")).cmakeLists(graph, options);
    case "compile-commands":
      return ok((await import("../../export/compile-commands.ts")).compileCommandsText(graph));
    default:
      return ok((await import("../../export/shell.ts")).shellScript(graph, options));
  }
}

/** Whether the file had to be written. A file of somebody else's is not replaced unasked. */
function writeFile(host: Host, file: string, text: string, force: boolean): Result<boolean> {
  const path = resolve(host.cwd, file);
  if (host.fs.stat(path)?.kind === "directory") {
    const example = join(file, "Makefile");
    return err(failure("USAGE", `\`${file}\` is a folder`, { hint: `name the file to write: \`--file ${example}\`` }));
  }
  const old = host.fs.readText(path);
  if (old === text) return ok(false);
  if (old !== undefined && !force && !isOurs(old)) {
    return err(
      failure("FILE_EXISTS", `\`${file}\` is there already and was not written by retorch`, {
        hint: "name another file, or use `--force` to replace it",
      }),
    );
  }
  host.fs.mkdir(dirname(path));
  host.fs.writeAtomic(path, text);
  return ok(true);
}

function isOurs(text: string): boolean {
  return (
    /^(?:#.*\n)?# (?:Written by|Every command of this build, written by) retorch /.test(text) ||
    /^\[\s*(?:\{\s*"directory":|\])/.test(text)
  );
}
