/**
 * `retorch run`: runs a command with torch's builder replaced in every Python that it starts. It prepares the environment
 * variables, hands over the terminal, and ends as the command ends.
 */
import { delimiter, join } from "node:path";
import { failure } from "../../base/failure.ts";
import { sayFailure, type CommandContext } from "../context.ts";
import { pythonPackageOf } from "../python-package.ts";
import type { CommandInput } from "../spec.ts";
import type { runOptions } from "../options.ts";

/** As shells and env(1) say it. */
const notFound = 127;
const notRunnable = 126;

export async function run(context: CommandContext, { operands }: CommandInput<typeof runOptions>): Promise<number> {
  const { host, program, services } = context;
  const folder = pythonPackageOf(context);
  if (!folder.ok) return sayFailure(context, folder.error);
  const hook = join(folder.value, "_hook");
  const before = (host.env["PYTHONPATH"] ?? "").split(delimiter).filter((entry) => entry !== "" && entry !== hook);
  const env = {
    ...host.env,
    PYTHONPATH: [hook, ...before].join(delimiter),
    RETORCH_RUN_HOOK: hook,
    RETORCH_NODE: host.env["RETORCH_NODE"] ?? program.nodePath,
  };
  const ended = await services.foreground({ argv: operands, cwd: host.cwd, env });
  if (ended.startError !== undefined) {
    const [name = ""] = operands;
    const missing = ended.startError === "ENOENT";
    const why = missing ? "there is no such command" : `it cannot be run (${ended.startError})`;
    sayFailure(context, failure("USAGE", `\`${name}\`: ${why}`));
    return missing ? notFound : notRunnable;
  }
  return ended.status ?? 0;
}
