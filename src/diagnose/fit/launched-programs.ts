/**
 * Programs that something else starts (torchrun, deepspeed, accelerate, pytest): what looks at a run is given the command of
 * the text again, as without it the ranks, the options or the tests are not there. It knows the starters by their names.
 */
import { failedProgram } from "../commands/failed-command.ts";
import type { Match } from "../rule.ts";

const starter =
  /^(?:\S*[\\/])?(?:torchrun|deepspeed|accelerate launch|pytest|py\.test|\S*python[\d.]* -m (?:torch\.distributed\.(?:run|launch)|pytest|deepspeed\S*|accelerate\S*))(?=\s|$)/;
/** What a program is started within: an environment's runner, a scheduler. It stays in front. */
const within =
  /^(?:(?:uv|poetry|pdm|pixi|pipenv|hatch) run (?:--\S+ )*|conda run (?:-\w \S+ |--\S+ )*|srun (?:-\w ?\S+ |--\S+ )*|(?:time|nohup|sudo(?: -E)?) )+/;
const variables = /^(?:[A-Z_]\w*=(?:"[^"]*"|'[^']*'|\S*)\s+)*/;

/** The program that is debugged below a starter: one process of it, or the tests. */
function debugged(command: string, python: string): string | undefined {
  const tests = /^(?:\S*python[\d.]* -m )?(?:pytest|py\.test)\b(?<rest>.*)$/.exec(command)?.groups;
  if (tests !== undefined) return `gdb -batch -ex run -ex bt --args ${python} -m pytest${tests["rest"] ?? ""}`;
  const script = /\s(?<script>[^\s-]\S*\.py)(?<rest>\s.*)?$/.exec(command)?.groups;
  if (script !== undefined && /^\S*python[\d.]* \S*\.py\b/.test(command))
    return `gdb -batch -ex run -ex bt --args ${command}`;
  return script === undefined
    ? undefined
    : `torchrun --nproc_per_node=1 --no-python gdb -batch -ex run -ex bt --args ${python} ${script["script"] ?? ""}${script["rest"] ?? ""}`;
}

/** The lines that run `python the_program.py`, with what the text started in its place. */
export function asLaunched(lines: readonly string[], match: Match): readonly string[] {
  const typed = (failedProgram(match)?.line ?? match.context.log.typedProgram)?.replace(/\s+#.*$/, "").trim();
  if (typed === undefined || match.context.log.notebook) return lines;
  const set = variables.exec(typed)?.[0] ?? "";
  const before = `${set}${within.exec(typed.slice(set.length))?.[0] ?? ""}`;
  const command = typed.slice(before.length);
  const isWithin = before !== set && /^\S*python[\d.]* \S*\.py\b/.test(command);
  if (!starter.test(command) && !isWithin) return lines;
  return lines.map((line) => {
    const found =
      /(?:\b(?:uv|poetry|pdm|pixi|pipenv|hatch) run (?:--\S+ )*)?(?<python>"[^"]+"|[^\s"]+) (?<faults>-X faulthandler )?the_program\.py/.exec(
        line,
      );
    if (found === null) return line;
    const whole = found[0];
    const python = found.groups?.["python"] ?? "python";
    if (line.includes("gdb ") || line.includes("rocgdb ")) {
      const instead = debugged(command, python);
      return instead === undefined
        ? line
        : line.replace(
            /(?:roc)?gdb -batch.*the_program\.py/,
            () => `${before}${line.includes("rocgdb ") ? instead.replace("gdb ", "rocgdb ") : instead}`,
          );
    }
    if (found.groups?.["faults"] !== undefined) return line.replace(whole, () => `PYTHONFAULTHANDLER=1 ${typed}`);
    if (line.includes("compute-sanitizer "))
      return line.replace(
        /compute-sanitizer .*the_program\.py/,
        () => `${before}compute-sanitizer --target-processes all ${command}`,
      );
    return line.replace(whole, () => typed);
  });
}
