/** `retorch version`: which retorch this is, and on which Node it runs. */
import { version } from "../../version.ts";
import type { CommandContext } from "../context.ts";
import type { CommandInput } from "../spec.ts";
import type { versionOptions } from "../options.ts";

export function run(
  { host, program }: CommandContext,
  { options }: CommandInput<typeof versionOptions>,
): Promise<number> {
  const facts = { version, node: program.nodeVersion, platform: host.platform, arch: host.arch };
  program.stdout.write(options.json ? `${JSON.stringify(facts)}\n` : `retorch ${version}\n`);
  return Promise.resolve(0);
}
