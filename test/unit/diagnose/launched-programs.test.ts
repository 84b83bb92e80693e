/** What looks at a run is started as the text started it; what was built elsewhere leaves the program where it starts. */
import { describe, expect, test } from "vitest";
import { diagnose } from "../../../src/diagnose/diagnose.ts";

const live = (text: string): string[] =>
  (diagnose(text).diagnoses[0]?.fix ?? [])
    .filter((line) => !line.startsWith("#"))
    .map((line) => line.replace(/\s{2,}# .*$/, ""));

const fault = "RuntimeError: CUDA error: an illegal memory access was encountered";

describe("a program that something else starts", () => {
  test("all ranks with their options", () => {
    expect(live(`$ torchrun --nproc_per_node=2 tools/train.py --launcher pytorch\n${fault}`)).toEqual([
      "CUDA_LAUNCH_BLOCKING=1 torchrun --nproc_per_node=2 tools/train.py --launcher pytorch",
      "compute-sanitizer --target-processes all torchrun --nproc_per_node=2 tools/train.py --launcher pytorch",
    ]);
  });

  test("the tests below pytest", () => {
    const dump =
      'Fatal Python error: Segmentation fault\n\nCurrent thread 0x00007f00 (most recent call first):\n  File "/w/a/ops.py", line 4 in f';
    expect(live(`$ pytest -v tests\ntests/test_a.py::test_f ${dump}`)).toEqual([
      "PYTHONFAULTHANDLER=1 pytest -v tests",
      "gdb -batch -ex run -ex bt --args python -m pytest -v tests",
    ]);
  });

  test("within the runner of an environment", () => {
    expect(live(`$ uv run pytest tests/test_k.py -k fwd\n${fault}`)[0]).toBe(
      "CUDA_LAUNCH_BLOCKING=1 uv run pytest tests/test_k.py -k fwd",
    );
  });

  test("python itself as before", () => {
    expect(live(`$ python train.py --lr 1\n${fault}`)[0]).toMatch(/^CUDA_LAUNCH_BLOCKING=1 python (?!.*the_program)/);
  });

  test("from where it was started, behind a build in another folder", () => {
    const lines = live(
      "$ python demo.py --gpu 0\nTraceback (most recent call last):\n  File \"/w/nets/DCN/dcn.py\", line 28, in forward\n    output = _backend.dcn_forward(input, weight)\nAttributeError: module '_ext' has no attribute 'dcn_forward'",
    );
    expect(lines).toContain("cd /w/nets/DCN");
    expect(lines.slice(-2)).toEqual(["cd -", "python demo.py --gpu 0"]);
  });
});
