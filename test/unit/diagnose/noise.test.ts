/** What builds say in passing, and what a project's own error must not drown in. */
import { describe, expect, it } from "vitest";
import { diagnose } from "../../../src/diagnose/diagnose.ts";
import { remarks } from "../../fixtures/diagnose/remarks.ts";

const errors = [
  "csrc/a.cpp:3:4: error: expected ';' before 'return'",
  'csrc/k.cu(12): error: identifier "blockSzie" is undefined',
  "/usr/bin/ld: a.o: in function `f': a.cpp:(.text+0x1): undefined reference to `do_thing(int)'\ncollect2: error: ld returned 1 exit status",
];

describe("the error of the project comes first", () => {
  for (const remark of remarks) {
    it(remark.slice(0, 100).replaceAll("\n", " ⏎ "), () => {
      for (const error of errors) {
        const alone = diagnose(error).diagnoses[0];
        const first = diagnose(`${remark}\n[1/2] building\n${error}\nninja: build stopped: subcommand failed.\n`)
          .diagnoses[0];
        expect(first?.id).toBe(alone?.id);
        expect(first?.evidence.text).toBe(alone?.evidence.text);
      }
    });
  }

  it("when a tool of an isolated build's environment ran the build that failed", () => {
    const first = diagnose(
      `${errors[0] ?? ""}\nninja: build stopped: subcommand failed.\nsubprocess.CalledProcessError: Command '['/tmp/pip-build-env-x1/overlay/bin/cmake', '--build', '.', '-DPYTHON_PATH=/tmp/pip-build-env-0f/overlay/lib/python3.12/site-packages']' returned non-zero exit status 1.\n`,
    ).diagnoses[0];
    expect(first?.evidence.line).toBe(1);
  });
});
