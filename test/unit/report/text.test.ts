import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { failure } from "../../../src/base/failure.ts";
import { durationText, elapsedText, sizeText } from "../../../src/report/duration.ts";
import { explainText } from "../../../src/report/explain-text.ts";
import { failureText, warningText } from "../../../src/report/failure-text.ts";
import { firstError } from "../../../src/report/first-error.ts";
import { colorAllowed, makeStyle, plainStyle } from "../../../src/report/style.ts";
import { nameList, summaryLine, upToDateLine } from "../../../src/report/summary.ts";
import { elideMiddle, rowsOf, textWidth, withoutControls, wrapText } from "../../../src/report/text-width.ts";
import { action } from "./fixtures.ts";

describe("textWidth", () => {
  it.each([
    ["", 0],
    ["abc", 3],
    ["größe", 5],
    ["gro\u0308ße", 5],
    ["名前", 4],
    ["한국", 4],
    ["ｆｕｌｌ", 8],
    ["🚀", 2],
    ["👩‍🔬", 2],
    ["❤️", 2],
    ["…→✓", 3],
    ["\u001B[1m\u001B[31mred\u001B[39m\u001B[22m", 3],
    ["\u001B]8;;http://x\u0007link\u001B]8;;\u0007", 4],
  ])("%j: %d", (text, width) => expect(textWidth(text)).toBe(width));
});

describe("elideMiddle", () => {
  it("keeps both ends and never goes over the width", () => {
    expect(elideMiddle("compile csrc/kernels/attention.cu", 20)).toBe("compile c…tention.cu");
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.nat(40), (text, width) => {
        const short = elideMiddle(text, width);
        expect(textWidth(short)).toBeLessThanOrEqual(width);
        if (textWidth(text) <= width && width > 0) expect(short).toBe(text);
      }),
    );
  });

  it("counts rows and wraps", () => {
    expect(rowsOf("", 10)).toBe(1);
    expect(rowsOf("0123456789", 10)).toBe(1);
    expect(rowsOf("0123456789a", 10)).toBe(2);
    expect(wrapText("one two three", 7)).toEqual(["one two", "three"]);
    expect(wrapText("averylongword b", 4)).toEqual(["averylongword", "b"]);
  });
});

describe("durations and sizes", () => {
  it.each([
    [0, "0 ms"],
    [57.4, "57 ms"],
    [999.4, "999 ms"],
    [999.6, "1.0 s"],
    [3249, "3.2 s"],
    [59_940, "59.9 s"],
    [59_960, "1 min 0 s"],
    [72_000, "1 min 12 s"],
    [3_599_900, "1 h 0 min"],
    [7_500_000, "2 h 5 min"],
  ])("%d ms: %s", (ms, text) => expect(durationText(ms)).toBe(text));

  it("counts whole seconds", () => {
    expect([-5, 999, 12_900, 62_000].map(elapsedText)).toEqual(["0 s", "0 s", "12 s", "1 min 2 s"]);
    expect([0, 1023, 1024, 12_345, 1_640_000_000, 2 ** 30 - 1].map(sizeText)).toEqual([
      "0 B",
      "1023 B",
      "1.0 KiB",
      "12 KiB",
      "1.5 GiB",
      "1.0 GiB",
    ]);
  });
});

describe("colorAllowed", () => {
  const ask = (env: Record<string, string>, isTerminal: boolean, choice?: "auto" | "always" | "never"): boolean =>
    colorAllowed({ env, isTerminal, choice });

  it.each([
    [{}, true, undefined, true],
    [{}, false, undefined, false],
    [{ NO_COLOR: "1" }, true, undefined, false],
    [{ NO_COLOR: "" }, true, undefined, true],
    [{ NO_COLOR: "1", FORCE_COLOR: "1" }, true, undefined, false],
    [{ NO_COLOR: "1" }, true, "always", true],
    [{ FORCE_COLOR: "1" }, true, "never", false],
    [{ FORCE_COLOR: "1" }, false, undefined, true],
    [{ FORCE_COLOR: "0" }, true, undefined, false],
    [{ CLICOLOR_FORCE: "1" }, false, "auto", true],
    [{ CLICOLOR_FORCE: "0" }, false, "auto", false],
    [{ CLICOLOR: "0" }, true, undefined, false],
    [{ TERM: "dumb" }, true, undefined, false],
    [{ TERM: "dumb", FORCE_COLOR: "1" }, true, undefined, true],
  ] as const)("%j, terminal %s, --color %s: %s", (env, isTerminal, choice, expected) => {
    expect(ask(env, isTerminal, choice)).toBe(expected);
  });

  it("never changes what is to be read", () => {
    const style = makeStyle(true);
    for (const paint of [style.error, style.warning, style.success, style.hint, style.bold, style.dim]) {
      expect(paint("text")).not.toBe("text");
      expect(withoutControls(paint("text"))).toBe("text");
      expect(paint("")).toBe("");
    }
    expect(plainStyle.error("text")).toBe("text");
  });
});

describe("failureText", () => {
  it("shows the place in its source, and the hint apart", () => {
    const text = failureText(
      failure("CONFIG_INVALID", "`sources` must be a list of texts, not a text", {
        location: { file: "/project/retorch.toml", line: 3, column: 12 },
        hint: 'write `sources = ["a.cpp"]`',
      }),
      { style: plainStyle, cwd: "/project", readText: () => '[extension.x]\nname = 1\n\tsources = "a.cpp"\n' },
    );
    expect(text).toBe(
      `error: \`sources\` must be a list of texts, not a text [CONFIG_INVALID]
  --> retorch.toml:3:12
   |
 3 |     sources = "a.cpp"
   |               ^

hint: write \`sources = ["a.cpp"]\`
`,
    );
  });

  it("does without an excerpt where the file or the line is not there", () => {
    const location = { file: "/elsewhere/pyproject.toml", line: 9 };
    const of = (readText?: () => string | undefined): string =>
      failureText(failure("CONFIG_INVALID", "no", { location }), {
        style: plainStyle,
        cwd: "/project",
        ...(readText ? { readText } : {}),
      });
    expect(of()).toBe("error: no [CONFIG_INVALID]\n  --> /elsewhere/pyproject.toml:9\n");
    expect(of(() => "one line")).toBe(of());
    expect(of(() => undefined)).toBe(of());
  });

  it("puts the caret below wide letters", () => {
    const text = failureText(failure("CONFIG_INVALID", "no", { location: { file: "/p/a.toml", line: 1, column: 6 } }), {
      style: plainStyle,
      cwd: "/p",
      readText: () => 'x="名"y',
    });
    expect(text.split("\n").slice(3, 5)).toEqual([' 1 | x="名"y', "   |       ^"]);
  });

  it("lists what was tried, and what lay beneath", () => {
    const text = failureText(
      failure("USAGE", "no PyTorch was found", {
        attempts: [
          { what: "python", where: "--python", outcome: "missing", why: "not given" },
          { what: "python", where: "/usr/bin/python3", outcome: "chosen", why: "Python 3.11" },
          { what: "torch", where: "/usr/lib/python3", outcome: "rejected", why: "no version.py" },
        ],
        cause: "one\ntwo\n",
        hint: "first\nsecond",
      }),
      { style: plainStyle, cwd: "/" },
    );
    expect(text).toBe(`error: no PyTorch was found [USAGE]
  one
  two

tried:
  · python  --python          not given
  ✓ python  /usr/bin/python3  Python 3.11
  ✗ torch   /usr/lib/python3  no version.py

hint: first
      second
`);
  });

  it("cuts a long cause", () => {
    const cause = Array.from({ length: 30 }, (_, i) => `line ${i}`).join("\n");
    const text = failureText(failure("USAGE", "no", { cause }), { style: plainStyle, cwd: "/" });
    expect(text.split("\n").slice(-3)).toEqual(["  line 19", "  … and 10 more lines", ""]);
  });

  it("forms warnings alike", () => {
    expect(warningText("odd", undefined, plainStyle)).toBe("warning: odd\n");
    expect(warningText("odd", "do this", plainStyle)).toBe("warning: odd\n\nhint: do this\n\n");
  });
});

describe("firstError", () => {
  it.each([
    [
      "In file included from a.cpp:1:\ncsrc/a.h:3:5: error: expected ';'\nb.cpp:1:1: error: x",
      ["csrc/a.h", 3, 5, "expected ';'"],
    ],
    [
      "a.cpp:1:10: fatal error: x.h: No such file or directory\ncompilation terminated.",
      ["a.cpp", 1, 10, "x.h: No such file or directory"],
    ],
    [
      'csrc/a.cu(12): error: identifier "x" is undefined\n',
      ["csrc/a.cu", 12, undefined, 'identifier "x" is undefined'],
    ],
    [
      "C:\\src\\a.cpp(3,5): error C2065: 'x': undeclared identifier",
      ["C:\\src\\a.cpp", 3, 5, "'x': undeclared identifier"],
    ],
    ["C:/src/a.cpp:3:5: error: no", ["C:/src/a.cpp", 3, 5, "no"]],
    ["a.cpp(7): fatal error C1083: Cannot open include file", ["a.cpp", 7, undefined, "Cannot open include file"]],
  ])("%j", (output, [file, line, column, message]) => {
    expect(firstError(output as string)).toEqual({ file, line, message, ...(column === undefined ? {} : { column }) });
  });

  it("finds none where none is named", () => {
    expect(firstError("a.cpp:3:5: warning: error: no\n/usr/bin/ld: cannot find -lfoo\n")).toBeUndefined();
  });
});

describe("summary", () => {
  const counts = (entries: [Parameters<typeof action>[0], number][]) => new Map(entries);

  it("says what was done", () => {
    const base = { end: "built" as const, names: ["my_ops"], fresh: 7, cached: 4, failed: 0, durationMs: 3200 };
    expect(
      summaryLine({
        ...base,
        executedByKind: counts([
          ["link", 1],
          ["compile", 1],
          ["compile-cuda", 1],
        ]),
      }),
    ).toBe("built my_ops in 3.2 s (2 compiled, 1 linked, 4 from the cache, 7 up to date)");
    expect(summaryLine({ ...base, executedByKind: counts([]), cached: 0 })).toBe("my_ops is up to date (3.2 s)");
    expect(
      summaryLine({
        ...base,
        end: "failed",
        names: [],
        executedByKind: counts([["compile", 1]]),
        failed: 2,
        cached: 0,
        fresh: 0,
      }),
    ).toBe("failed after 3.2 s (1 compiled, 2 failed)");
  });

  it("names what was built", () => {
    expect(upToDateLine(["my_ops"], 57)).toBe("my_ops is up to date (57 ms)");
    expect(upToDateLine(["a", "b"], 57)).toBe("a and b are up to date (57 ms)");
    expect(nameList(["a", "b", "c"])).toBe("a, b and c");
    expect(nameList(["a", "b", "c", "d", "e"])).toBe("a, b and 3 more");
  });
});

describe("explainText", () => {
  it("puts what would run first, with reasons and what it cost", () => {
    const text = explainText(
      [
        {
          action: action("compile", "a.cpp"),
          dirty: false,
          reasons: [],
          last: { durationMs: 2100, peakMemory: 1_640_000_000 },
        },
        {
          action: action("compile", "b.cpp"),
          dirty: true,
          reasons: [
            { kind: "package-changed", name: "torch", old: "2.13.0+cpu", new: "2.14.1" },
            { kind: "input-changed", path: "csrc/ops.h" },
          ],
          last: { durationMs: 61_000 },
        },
        { action: action("link", "my_ops.so"), dirty: true, reasons: [{ kind: "never-built" }] },
      ],
      plainStyle,
    );
    expect(text).toBe(`would compile b.cpp (last time 1 min 1 s)
  because torch 2.13.0+cpu → 2.14.1
  because csrc/ops.h changed
would link my_ops.so
  because never built here
fresh compile a.cpp (last time 2.1 s, 1.5 GiB)
3 actions, 2 to do
`);
    expect(explainText([{ action: action("link", "x"), dirty: false, reasons: [] }], plainStyle)).toBe(
      "fresh link x\n1 action, nothing to do\n",
    );
  });
});
