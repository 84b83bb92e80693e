/** `retorch clean`: removes what builds of a project left, and names it. */
import { shownPath } from "../../report/failure-text.ts";
import { sayFailure, type CommandContext } from "../context.ts";
import { requestOf } from "../request.ts";
import type { CommandInput } from "../spec.ts";
import type { cleanOptions } from "../options.ts";

export async function run(
  context: CommandContext,
  { options, operands }: CommandInput<typeof cleanOptions>,
): Promise<number> {
  const { host, program, services, style } = context;
  const asked = await requestOf(context, options, operands);
  if (!asked.ok) return sayFailure(context, asked.error);
  const request = asked.value;
  const removed = await (options["dry-run"] ? services.cleanTargets(host, request) : services.clean(host, request));
  if (!removed.ok) return sayFailure(context, removed.error);
  if (options.quiet && !options["dry-run"]) return 0;
  if (removed.value.length === 0) {
    program.stderr.write("nothing to remove\n");
    return 0;
  }
  const verb = options["dry-run"] ? "would remove" : "removed";
  for (const path of removed.value) program.stderr.write(`${style.dim(verb)} ${shownPath(path, host.cwd)}\n`);
  return 0;
}
