/** A fix for what a job of a batch system printed: lines for its script, what is installed once, and the job again. */
import { describe, expect, test } from "vitest";
import { diagnose } from "../../../src/diagnose/diagnose.ts";

function fix(text: string): readonly string[] {
  return diagnose(text).diagnoses[0]?.fix ?? [];
}

const glibcxx =
  "ImportError: /lib64/libstdc++.so.6: version `GLIBCXX_3.4.30' not found (required by /home/mia/miniconda3/envs/m/lib/python3.10/site-packages/ring_cuda.cpython-310-x86_64-linux-gnu.so)";

describe("a job of a batch system", () => {
  test.each([
    [
      "Slurm",
      "[mia@login]$ sbatch --gres=gpu:1 run/train.sh\nSubmitted batch job 71\n[mia@login]$ cat slurm-71.out",
      "sbatch --gres=gpu:1 run/train.sh",
      "run/train.sh",
    ],
    ["PBS", "$ qsub train.pbs\n4711.pbs01\n$ cat train.pbs.o4711\nBegin PBS Prologue", "qsub train.pbs", "train.pbs"],
  ])("%s: variables for the script, packages once, and submitted again", (_, head, submit, script) => {
    const lines = fix(`${head}\nTraceback (most recent call last):\n${glibcxx}`);
    const heading = lines.indexOf(`# in the job's script (${script}), before what starts the program:`);
    expect(lines.findIndex((line) => line.startsWith("conda install"))).toBeLessThan(heading);
    expect(lines[heading + 1]).toMatch(/^export LD_LIBRARY_PATH=/);
    expect(lines.indexOf(submit)).toBeGreaterThan(heading);
    // Another way does not follow the first one.
    expect(lines.filter((line) => line.startsWith("rm -rf"))).toEqual([]);
  });

  test("what the job builds itself is mended in its script", () => {
    const lines = fix(
      "SLURM_JOB_ID=88\n+ cd ops\n+ pip install .\nProcessing /home/mia/ops\n  Getting requirements to build wheel: finished with status 'error'\n      ModuleNotFoundError: No module named 'torch'",
    );
    expect(lines[0]).toBe(`# in the job's script, in place of "pip install .":`);
    expect(lines.join("\n")).toMatch(/pip install --no-build-isolation \/home\/mia\/ops/);
    expect(lines.join("\n")).toMatch(/^# then the job again: sbatch/m);
  });

  test("a command that somebody types with srun is his own shell's", () => {
    expect(fix(`[mia@login]$ srun --gres=gpu:1 python train.py\n${glibcxx}`).join("\n")).not.toContain("job's script");
    const typed =
      "[mia@login]$ sbatch a.sh\nSubmitted batch job 7\n[mia@login]$ pip install .\nProcessing /home/mia/ops\n  Getting requirements to build wheel: finished with status 'error'\n      ModuleNotFoundError: No module named 'torch'";
    expect(fix(typed).join("\n")).not.toContain("job's script");
  });
});
