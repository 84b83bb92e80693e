import { describe, expect, it } from "vitest";
import { diagnosesText, fixedText, wrapped } from "../../../src/report/diagnosis-text.ts";
import { Progress } from "../../../src/report/progress.ts";
import { plainReporter } from "../../../src/report/plain.ts";
import { plainStyle as style } from "../../../src/report/style.ts";
import { action, diagnosis, failed, finished, fixChange, planned, Sink } from "./fixtures.ts";

describe("diagnosesText", () => {
  it("shows the first one in full and names the others", () => {
    const other = { ...diagnosis, id: "other", title: "Something else" };
    expect(diagnosesText([diagnosis, other], { style })).toBe(`
diagnosis: probably: A header is not found [header-missing]
  \`foo.h\` is in none of the include folders.
  at csrc/b.cpp:1:10, flag -DX=a b
  fix:
    apt install foo
    # or name its folder
  also possible: Something else [other]
`);
  });

  it("quotes the line where it does not stand above", () => {
    const text = diagnosesText([diagnosis], { style, withEvidence: true, all: true });
    expect(text).toContain("\n  line 1: csrc/b.cpp:1:10: fatal error: foo.h: No such file or directory\n");
  });

  it("says nothing when nothing is known", () => {
    expect(diagnosesText([], { style })).toBe("");
  });

  it("breaks texts at blanks and leaves commands whole", () => {
    const long = Array.from({ length: 40 }, (_, i) => `word${i}`).join(" ");
    expect(wrapped(long, "  ").every((line) => line.length <= 100 && line.startsWith("  word"))).toBe(true);
    expect(diagnosesText([{ ...diagnosis, fix: [long] }], { style })).toContain(`\n    ${long}\n`);
  });
});

describe("fixedText", () => {
  it("shows the change as a difference", () => {
    expect(fixedText([fixChange], { style, cwd: "/project" }))
      .toBe(`fixed: \`my_ops\`: include-dirs += "third_party" (in retorch.toml)
    [extension.my_ops]
  + include-dirs = ["third_party"]
`);
  });

  it("says how to keep what holds for one build", () => {
    const { file: _, ...rest } = fixChange;
    expect(fixedText([{ ...rest, diff: [], keep: "retorch build -I third_party" }], { style, cwd: "/project" })).toBe(
      'fixed: `my_ops`: include-dirs += "third_party" (for this build only)\n  to keep it: retorch build -I third_party\n',
    );
  });
});

describe("a build that is fixed and begins anew", () => {
  it("stands under the compiler's own words", () => {
    const out = new Sink();
    const reporter = plainReporter({
      out,
      style,
      verbosity: "normal",
      platform: "linux",
      cwd: "/project",
      explain: false,
    });
    const a = action("compile", "csrc/b.cpp");
    reporter.listener(failed(a, { output: "what g++ says\n", diagnoses: [diagnosis] }));
    expect(out.text).toMatch(/what g\+\+ says\n\ndiagnosis: /);
  });

  it("counts from the beginning", () => {
    const progress = new Progress();
    const a = action("compile", "a.cpp");
    progress.see(planned([a]));
    progress.see(failed(a));
    progress.see({ type: "fixed", changes: [fixChange], time: 1 });
    progress.see(planned([a]));
    expect([progress.failed, progress.total, progress.done]).toEqual([0, 1, 0]);
    progress.see(finished({}));
  });
});
