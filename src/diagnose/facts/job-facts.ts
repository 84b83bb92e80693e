/** A job of a batch system (Slurm, PBS, LSF) whose output the text is, and how it was submitted. Sources: sbatch(1), qsub(1B) of OpenPBS, bsub of LSF. */

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
