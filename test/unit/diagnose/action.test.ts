/** A failed action of the engine: the same rules over what it printed, and over the way it ended. */
import { describe, expect, it } from "vitest";
import { diagnoseAction, type FailedAction } from "../../../src/diagnose/diagnose.ts";

const action: FailedAction["action"] = {
  tool: "nvcc",
  command: ["/usr/local/cuda/bin/nvcc", "-c", "csrc/k.cu"],
  description: "compile csrc/k.cu",
};

describe("a failed action", () => {
  it("is diagnosed by what it printed", () => {
    const { diagnoses } = diagnoseAction({
      action,
      output:
        'csrc/k.cu(3): error: identifier "AT_CHECK" is undefined\n\n1 error detected in the compilation of "csrc/k.cu".\n',
      exitCode: 2,
    });
    expect(diagnoses[0]).toMatchObject({ id: "at-check-removed", evidence: { line: 1 } });
    expect(diagnoses[0]?.fix.join("\n")).toContain("csrc/k.cu");
  });

  it("does not get the engine's own command to give again", () => {
    const output = "src/main.cpp:2:10: fatal error: part.h: No such file or directory\n";
    const command = ["/usr/bin/c++", "-std=c++17", "-c", "src/main.cpp", "-o", "main.o"];
    const { diagnoses } = diagnoseAction({ action: { ...action, tool: "c++", command }, output, exitCode: 1 });
    expect(diagnoses[0]?.fix.join("\n")).not.toContain("-c src/main.cpp");
  });

  it.each([{ signal: "SIGKILL" }, { exitCode: 137 }])(
    "that was killed without a word ran out of memory: %o",
    (ended) => {
      const { diagnoses } = diagnoseAction({ action, output: "", ...ended });
      expect(diagnoses[0]).toMatchObject({ id: "out-of-memory", confidence: "high" });
      expect(diagnoses[0]?.evidence.text).toContain("compile csrc/k.cu");
    },
  );

  it.each([{ signal: "SIGSEGV" }, { exitCode: 139 }, { signal: "SIGABRT" }])("that crashed is a crash: %o", (ended) => {
    expect(diagnoseAction({ action, output: "", ...ended }).diagnoses[0]?.id).toBe("compiler-crashed");
  });

  it("that printed a cause and was killed then is told by the cause and the kill", () => {
    const ids = diagnoseAction({
      action,
      output: "k.cu:1:10: fatal error: cudnn.h: No such file or directory\n",
      signal: "SIGKILL",
    });
    expect(ids.diagnoses.map(({ id }) => id)).toContain("cuda-headers-missing");
  });

  it("that printed nothing and merely failed gets no answer", () => {
    expect(diagnoseAction({ action, output: "", exitCode: 1 }).diagnoses).toEqual([]);
  });
});
