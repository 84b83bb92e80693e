/** `retorch completions`: the script for a shell. */
import { completionScript, type Shell } from "../completions.ts";
import type { CommandContext } from "../context.ts";
import type { CommandInput } from "../spec.ts";
import type { completionsOptions } from "../options.ts";

export function run(
  { program }: CommandContext,
  { operands }: CommandInput<typeof completionsOptions>,
): Promise<number> {
  program.stdout.write(completionScript(operands[0] as Shell));
  return Promise.resolve(0);
}
