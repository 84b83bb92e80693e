/** One line, freed of what terminals, CI systems, containers, launchers and people put around it. */
import { describe, expect, it } from "vitest";
import { cleanLine } from "../../../src/diagnose/log-line.ts";

const text = (raw: string): string => cleanLine(raw, 1).text;

describe("what stands before a line is taken away", () => {
  const error = "a.cpp:3:1: error: expected ‘;’";
  for (const before of [
    "2024-05-01T12:00:00.1234567Z ",
    "2024-05-01T12:00:00.123456Z 01O ",
    "2024-05-01T12:00:00.123456Z 00E+",
    "2024-05-01 12:00:00,123 ",
    "[2024-05-01 12:00:00] ",
    "[12:34:56] ",
    "12:34:56.789 ",
    "#12 34.56 ",
    "#12 ERROR: ".slice(0, 4),
    "build\tCompile\t2024-05-01T12:00:00.1234567Z ",
    "##[error]",
    "::error file=a.cpp,line=3::",
    "web-1  | ",
    "  │ ",
    "      ",
    "[rank3]: ",
    "[1,0]<stderr>:",
    "(Worker_TP0 pid=4242) ",
    "(pid=123, ip=10.0.0.1) ",
    "ERROR 05-01 12:00:00 [core.py:12] ",
    "[stderr] ",
    "12>",
    "> ",
    "\u001b[31m",
  ]) {
    it(JSON.stringify(before), () => {
      expect(text(before + error)).toBe(error);
    });
  }
});

describe("what belongs to a line stays", () => {
  for (const raw of [
    ">>> referenced by a.cpp",
    '240 |   #error "Unsupported architecture"',
    "C:\\a\\b.cpp(12): error C2065: 'x': undeclared identifier",
    "E: Unable to locate package x",
    'a.cu(3): error: identifier "x" is undefined',
  ]) {
    it(raw, () => {
      expect(text(raw)).toBe(raw);
    });
  }
});

describe("a line", () => {
  it("keeps its indentation behind a prefix", () => {
    expect(cleanLine('2024-05-01T12:00:00.123Z     File "a.py", line 3', 1).indent).toBe(4);
    expect(cleanLine('web-1  |   File "a.py", line 3', 1).indent).toBe(2);
  });

  it("loses colours, also those whose escape character was lost", () => {
    expect(text("\u001b[01m\u001b[Ka.cpp:1:2:\u001b[m\u001b[K \u001b[01;31m\u001b[Kerror: \u001b[m\u001b[Kx")).toBe(
      "a.cpp:1:2: error: x",
    );
    expect(text("[31m[1merror: x[m")).toBe("error: x");
  });

  it("is read as text when it was copied as HTML", () => {
    expect(text('<span style="color:red">a.cpp:1: error: no &lt;cstdint&gt;</span>')).toBe(
      "a.cpp:1: error: no <cstdint>",
    );
  });

  it("knows pytest's mark", () => {
    expect(cleanLine("E   ImportError: x", 1)).toMatchObject({ text: "ImportError: x", pytest: true });
  });

  it("loses zero bytes and other controls", () => {
    expect(text("a\u0000b\u0007c")).toBe("abc");
  });
});
