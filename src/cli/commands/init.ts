/** `retorch init`: writes a `retorch.toml` that builds what a build without one would, with room to say more. */
import { resolve } from "node:path";
import { failure } from "../../base/failure.ts";
import { bareSources, identifySources } from "../../config/bare.ts";
import { configFileName, failureAt } from "../../config/config-file.ts";
import { parseRequest } from "../../config/request.ts";
import { shownPath } from "../../report/failure-text.ts";
import { sayFailure, type CommandContext } from "../context.ts";
import { configurationText } from "../configuration-text.ts";
import type { CommandInput } from "../spec.ts";
import type { initOptions } from "../options.ts";

export async function run(
  context: CommandContext,
  { options, operands }: CommandInput<typeof initOptions>,
): Promise<number> {
  const { host, program, style } = context;
  const folder = resolve(host.cwd, operands[0] ?? ".");
  const fail = (...args: Parameters<typeof failure>): number => sayFailure(context, failure(...args));
  if (host.fs.stat(folder)?.kind !== "directory")
    return fail("PATH_NOT_FOUND", `\`${operands[0] ?? "."}\` is no folder`);
  const file = resolve(folder, configFileName);
  if (host.fs.lstat(file) !== undefined) {
    return fail("FILE_EXISTS", `\`${shownPath(file, host.cwd)}\` is there already`, {
      hint: "edit it, or remove it first",
    });
  }
  const overrides = parseRequest(host, { paths: [], name: options.name, kind: options.kind });
  if (!overrides.ok) return sayFailure(context, overrides.error);

  const { sources } = bareSources(host, folder, () => false);
  if (sources.length === 0) {
    return fail("NO_SOURCES", `there are no sources in \`${shownPath(folder, host.cwd)}\``, {
      hint: "write the first one, then `retorch init`",
    });
  }
  const { name, kind } = overrides.value;
  const identity = identifySources({ host, root: folder, sources, name, kind, defines: [] });
  if (!identity.ok) return sayFailure(context, await failureAt(identity.error, undefined));
  const hasInclude = host.fs.stat(resolve(folder, "include"))?.kind === "directory";
  const text = configurationText({
    root: folder,
    name: identity.value.name,
    kind: identity.value.kind,
    sources: sources.map((source) => source.path),
    includeDirs: hasInclude ? [".", "include"] : ["."],
    hasCuda: sources.some((source) => source.language === "cuda"),
  });
  host.fs.writeAtomic(file, text);
  if (!options.quiet)
    program.stderr.write(`${style.success(`wrote ${shownPath(file, host.cwd)}`)}; \`retorch build\` uses it\n`);
  return 0;
}
