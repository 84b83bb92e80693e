/**
 * `retorch run`: runs a command with torch's builder replaced in every Python that it starts. It prepares the environment
 * variables, hands over the terminal, and ends as the command ends.
 */
import { basename, delimiter, join } from "node:path";
import { failure } from "../../base/failure.ts";
import { sayFailure, type CommandContext } from "../context.ts";
import { isolatingOption } from "../isolated-python.ts";
import type { CommandInput } from "../spec.ts";
import type { runOptions } from "../options.ts";

/** As shells and env(1) say it. */
const notFound = 127;
const notRunnable = 126;

export async function run(context: CommandContext, { operands }: CommandInput<typeof runOptions>): Promise<number> {
  const { host, program, services } = context;
  const folder = services.pythonPackage();
  if (!folder.ok) return sayFailure(context, folder.error);
  const hook = join(folder.value, "_hook");
  const given = host.env["PYTHONPATH"] ?? "";
  // An empty entry is the current folder; an empty variable is none.
  const before = given === "" ? [] : given.split(delimiter).filter((entry) => entry !== hook);
  const isolating = isolatingOption(operands);
  if (isolating !== undefined) {
    const what = `\`${basename(operands[0] ?? "")} ${isolating}\``;
    program.stderr.write(
      `${context.style.warning("warning:")} ${what} takes no notice of what \`retorch run\` prepares: torch's own builder is used\n`,
    );
  }
  const env = {
    ...host.env,
    PYTHONPATH: [hook, ...before].join(delimiter),
    RETORCH_RUN_HOOK: hook,
    RETORCH_NODE: host.env["RETORCH_NODE"] ?? program.nodePath,
    ...isolationAsAsked(operands, host.env),
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

/**
 * An older pip runs `setup.py develop`, and setuptools from 80 on runs pip again there without the option: then that one
 * would build with isolation. pip takes a false value of the variable for "no isolation" (pypa/pip#5735).
 */
function isolationAsAsked(
  command: readonly string[],
  before: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  const asked = command.includes("--no-build-isolation") && before["PIP_NO_BUILD_ISOLATION"] === undefined;
  return asked ? { PIP_NO_BUILD_ISOLATION: "false" } : {};
}
