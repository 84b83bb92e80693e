/** `retorch env`: what was found on the machine, and what was tried. */
import { environmentText } from "../../report/environment-text.ts";
import { sayFailure, type CommandContext } from "../context.ts";
import type { CommandInput } from "../spec.ts";
import type { envOptions } from "../options.ts";

export async function run(
  context: CommandContext,
  { options, operands }: CommandInput<typeof envOptions>,
): Promise<number> {
  const { host, program, services, dataStyle } = context;
  const found = await services.environment(host, { folder: operands[0], python: options.python });
  if (!found.ok) return sayFailure(context, found.error);
  program.stdout.write(
    options.json ? `${JSON.stringify(found.value, undefined, 2)}\n` : environmentText(found.value, dataStyle),
  );
  return 0;
}
