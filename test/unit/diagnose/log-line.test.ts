/** One line, freed of what terminals, CI systems, containers, launchers and people put around it. */
import { describe, expect, it } from "vitest";
import { cleanLine } from "../../../src/diagnose/text/log-line.ts";

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
    "_",
    "**",
    "12>",
    "> ",
    "\u001b[31m",
    "\\x1b[31m",
    "^[[31m",
    "[2024-05-01, 12:00:00 UTC] {logging_mixin.py:188} INFO - ",
    "2024-05-01 12:00:00,123 - app.main - ERROR - ",
    "2024-05-01 12:00:00.123 | ERROR    | app.main:run:42 - ",
    "24/05/01 12:00:00 ERROR Executor: ",
    "2024-05-01T12:00:00.123456789Z stderr F ",
    "2024-05-01T12:00:00.123456+01:00 gpu01 python3[4242]: ",
    "2024-05-01 12:00:00,123 sagemaker-training-toolkit ERROR    ",
    "[12:34:56]W:\t [Step 1/1] ",
    "(12:34:56) ",
    "12:34PM ERR ",
    "[pod/trainer-0/main] ",
    "ERROR:my.module:",
    "build.log:120:",
    "120:",
    "   120\t",
    "[0]: ",
    "3: ",
    "gpu01\t",
    "my-ext> ",
    "[ 50%] ",
    "12.3s 4 ",
    "❌ ",
    "- ",
    "--> ",
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
    "make[2]: *** No rule to make target 'a', needed by 'b'.  Stop.",
    "-- Found CUDA: /usr/local/cuda",
    "[3/9] nvcc -c a.cu -o a.o",
    "[ 50%] Building CXX object a.o",
    "ERROR: Failed building wheel for x",
    'Error\tLNK2001\tunresolved external symbol "x"',
    "----> 1 import x",
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

describe("characters that no tool wrote", () => {
  it.each([
    ["&#60;torch/extension.h&#62; &#x27;x&#39; &nbsp;y", "<torch/extension.h> 'x'  y"],
    ["a.cpp:3:1: error:\u00a0no\u202fspace", "a.cpp:3:1: error: no space"],
    ["a.cpp:3:1: error: â€˜AT_CHECKâ€™ was not declared", "a.cpp:3:1: error: 'AT_CHECK' was not declared"],
    ["a.cpp:3:1: error: \\xe2\\x80\\x98x\\xe2\\x80\\x99 was", "a.cpp:3:1: error: 'x' was"],
    ["a.cpp:3:1: error: ?x? was not declared", "a.cpp:3:1: error: 'x' was not declared"],
    [
      "AttributeError: ‘_OpNamespace’ ‘x’ object has no attribute ‘y’",
      "AttributeError: '_OpNamespace' 'x' object has no attribute 'y'",
    ],
    [
      "nvcc fatal   : Value ‘c++17’ is not defined for option ‘std’",
      "nvcc fatal   : Value 'c++17' is not defined for option 'std'",
    ],
    ["**RuntimeError: x**", "RuntimeError: x"],
  ])("%s", (raw, clean) => {
    expect(text(raw)).toBe(clean);
  });

  it("leaves gcc its quotes", () => {
    expect(text("a.cpp:3:1: error: ‘x’ was not declared")).toBe("a.cpp:3:1: error: ‘x’ was not declared");
  });
});
