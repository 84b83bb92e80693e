/** `retorch explain`: for each action whether it would run, and why. */
import { explainText, shownReason } from "../../report/explain-text.ts";
import { sayFailure, type CommandContext } from "../context.ts";
import { requestOf } from "../request.ts";
import type { CommandInput } from "../spec.ts";
import type { explainOptions } from "../options.ts";

export async function run(
  context: CommandContext,
  { options, operands }: CommandInput<typeof explainOptions>,
): Promise<number> {
  const { host, program, services } = context;
  const asked = await requestOf(context, options, options.path);
  if (!asked.ok) return sayFailure(context, asked.error);
  const request = asked.value;
  const explained = await services.explain(host, { request, targets: operands });
  if (!explained.ok) return sayFailure(context, explained.error);
  if (!options.json) {
    program.stdout.write(explainText(explained.value, context.dataStyle));
    return 0;
  }
  const actions = explained.value.map(({ action, dirty, reasons, last }) => ({
    action: { id: action.id, kind: action.kind, description: action.description, extension: action.extension },
    dirty,
    reasons: reasons.map((reason) => ({ ...reason, text: shownReason(reason) })),
    last,
  }));
  program.stdout.write(`${JSON.stringify({ actions }, undefined, 2)}\n`);
  return 0;
}
