/**
 * The lines of a fix for a cluster's batch system: what holds for a shell alone (modules, variables) belongs into the job's script, before
 * what starts the program; what is installed is installed once, where the job is submitted; and the job is submitted again. It does not
 * know the script, nor whether the node that takes jobs can compile. Sources: sbatch(1), qsub(1B) of OpenPBS, bsub of LSF.
 */
import { commandPart, isBuildLine, isLook, withOtherWaysAsRemarks } from "../commands/fix-lines.ts";
import { failedCommand, failedProgram } from "../commands/failed-command.ts";
import type { Match } from "../rule.ts";

export interface JobFacts {
  /** The text is what a job of a batch system wrote. */
  readonly ofJob: boolean;
  /** How the job is submitted, as the text has it: `sbatch --gres=gpu:1 train.sh`. */
  readonly submitted?: string;
}

const signs =
  /\bSLURM_JOB\w*=|\bslurm-\d+(?:_\d+)?\.(?:out|err)\b|^slurmstepd: |^srun: .*\bStepId=|^Submitted batch job \d+|\bPBS_JOB\w*=|\bPBS (?:Prologue|Epilogue|Job Id)\b|^=>> PBS: |\.[oe]\d{4,}(?:\s|$).*|^Job <\d+> is submitted to |\bLSB_JOBID=|^Sender: LSF System/;
const submits =
  /(?:^|[\s$#>%])((?:sbatch|qsub|bsub(?: <)?)(?: -{1,2}[\w-]+(?:[= ][\w:,./=-]+)?)*? ((?:[\w./-]+\/)?[\w.-]+\.(?:sh|sbatch|slurm|pbs|job|bash|sub|lsf|cmd|batch|qsub))(?: [\w./=:,-]+)*)\s*$/;

/** Gathers them line by line. */
export class JobReader {
  #job = false;
  #submitted: string | undefined;

  line(text: string): void {
    if (text.length > 400) return;
    if (
      /slurm|SLURM|StepId|Submitted|PBS|submitted|LSB_|LSF/.test(text) &&
      signs.test(text) &&
      !/^\S+: error: /.test(text)
    )
      this.#job ||= !/\.[oe]\d{4,}/.test(text) || /\bPBS|\bslurm/i.test(text);
    if (/sbatch|qsub|bsub/.test(text)) {
      const command = submits.exec(text)?.[1];
      if (command !== undefined) {
        this.#submitted = command;
        this.#job = true;
      }
    }
  }

  facts(): JobFacts {
    return { ofJob: this.#job, ...(this.#submitted === undefined ? {} : { submitted: this.#submitted }) };
  }
}

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
