import { describe, expect, it } from "vitest";
import { diagnose } from "../../../src/diagnose/diagnose.ts";

const ids = (text: string): readonly string[] => diagnose(text).diagnoses.map(({ id }) => id);
const fix = (text: string): readonly string[] => diagnose(text).diagnoses[0]?.fix ?? [];

describe("a full disk", () => {
  it("explains the file that nvcc could not write", () => {
    expect(
      ids(
        "fatal   : Could not open output file '/tmp/tmpxft_1c7f-7_scan.compute_80.cudafe1.stub.c'\n/tmp/tmpxft_1c7f-6_scan.compute_90.ptx: write error: No space left on device",
      ),
    ).toEqual(["disk-full"]);
  });
});

describe("edits by names of the project's own folder", () => {
  const text = (prompt: string): string =>
    `${prompt}cd extensions && python setup.py install\n/e/lib/python3.10/site-packages/torch/include/c10/util/C++17.h:27:2: error: #error You need C++17 to compile PyTorch\ng++ -O3 -std=c++14 -c csrc/a.cpp -o a.o`;

  it("come behind the cd of the build's command", () => {
    const lines = fix(text("jo@box:/w$ "));
    const goes = lines.findIndex((line) => line.startsWith("cd ") && !line.includes("&&"));
    const edits = lines.findIndex((line) => line.startsWith("sed -i") || line.startsWith("grep -rl"));
    expect(goes).toBeGreaterThanOrEqual(0);
    expect(goes).toBeLessThan(edits);
    expect(lines.at(-1)).toBe("python setup.py install");
  });
});
