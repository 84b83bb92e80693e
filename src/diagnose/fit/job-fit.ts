/**
 * The lines of a fix for a cluster's batch system: what holds for a shell alone (modules, variables) belongs into the job's script, before
 * what starts the program; what is installed is installed once, where the job is submitted; and the job is submitted again. It does not
 * know the script, nor whether the node that takes jobs can compile. Sources: sbatch(1), qsub(1B) of OpenPBS, bsub of LSF.
 */
import { commandPart, isBuildLine, isLook, withOtherWaysAsRemarks } from "../commands/fix-lines.ts";
import { failedCommand, failedProgram } from "../commands/failed-command.ts";
import type { Match } from "../rule.ts";

/** What holds for the shell that runs it. */
const ofShell = /^(?:# )?(?:export |unset |module |ml |source |\. |ulimit |conda activate |set )/;

/** What is installed, and the variable that leads to it. */
function partedAtExport(line: string): string[] {
  const [, before, after] = /^(?!#|export )(.*?) && (export .*)$/.exec(line) ?? [];
  return before === undefined || after === undefined || /[|;]/.test(before) ? [line] : [before, after];
}

/** The lines parted into those for the shell at hand and those for the script, and the job again. */
export function inJobScript(written: readonly string[], match: Match): readonly string[] {
  const { ofJob, batchJob, submitted, dockerBuild, notebook, ci } = match.context.log;
  if (!(ofJob || batchJob) || dockerBuild || notebook || ci !== undefined) return written;
  const lines = withOtherWaysAsRemarks(written).flatMap((line) => partedAtExport(line));
  const live = lines.filter((line) => !line.startsWith("#"));
  if (live.every((line) => isLook(line))) return written;
  const own = failedCommand(match) ?? failedProgram(match);
  // Typed into a shell of somebody's own, `srun` before it or not.
  if (own?.shell === "prompt" && !/^(?:sbatch|qsub|bsub)\b/.test(own.line)) return written;
  const started = own !== undefined && own.shell === "trace" ? own.line : undefined;
  const submit = submitted ?? (own !== undefined && /^sbatch /.test(own.line) ? own.line : undefined);
  const plain = (line: string): string =>
    commandPart(line)
      .trim()
      .replace(/^cd \S+ && /, "");
  const isStart = (line: string): boolean => plain(line) === started || plain(line) === submit;
  const rest = lines.filter((line) => !isStart(line));
  // A job that builds: all of it is for its script.
  const isInScript = started !== undefined && own?.kind !== "program" && own?.starter === "";
  const replaces = isInScript && rest.some((line) => isBuildLine(line, started));
  const script = isInScript ? rest : rest.filter((line) => ofShell.test(line));
  const once = isInScript ? [] : rest.filter((line) => !ofShell.test(line) && line !== "cd -");
  const name = submit === undefined ? undefined : /\s((?:[\w./-]+\/)?[\w.-]+\.\w+)(?: [\w./=:,-]+)*$/.exec(submit)?.[1];
  const where = `the job's script${name === undefined ? "" : ` (${name})`}`;
  const again = submit ?? undefined;
  return [
    ...once.filter((line) => !line.startsWith("#")),
    ...(script.length === 0
      ? []
      : [
          `# in ${where}, ${replaces ? "in place of" : "before"} ${started === undefined ? "what starts the program" : `"${started}"`}:`,
          ...script,
        ]),
    ...(again === undefined ? ["# then the job again: sbatch (qsub, bsub) its script"] : [again]),
    ...once.filter((line) => line.startsWith("#")),
  ];
}
