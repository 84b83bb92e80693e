/** `retorch doctor`: what is right, what is wrong, what will bite later. */
import { doctorText } from "../../doctor/text.ts";
import { sayFailure, type CommandContext } from "../context.ts";
import type { CommandInput } from "../spec.ts";
import type { doctorOptions } from "../options.ts";

export async function run(
  context: CommandContext,
  { options, operands }: CommandInput<typeof doctorOptions>,
): Promise<number> {
  const { host, program, services, dataStyle } = context;
  const { nodeVersion } = program;
  const examined = await services.doctor(host, { folder: operands[0], python: options.python, nodeVersion });
  if (!examined.ok) return sayFailure(context, examined.error);
  const report = examined.value;
  program.stdout.write(options.json ? `${JSON.stringify(report, undefined, 2)}\n` : doctorText(report, dataStyle));
  return report.ok ? 0 : 1;
}
