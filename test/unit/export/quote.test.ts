import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  cmdCommand,
  commandLine,
  makeCannotName,
  makeName,
  ninjaName,
  posixAssignments,
  posixCommand,
  quotePosix,
  quoteWindows,
} from "../../../src/export/quote.ts";

/** Anything that can be a word of a command: no NUL, and nothing that UTF-8 cannot write. */
const word = fc
  .oneof(
    fc.string({ unit: "grapheme" }),
    fc.string({
      unit: fc.constantFrom(..."ab'\"\\$`!*?[]{}()<>|&;#~%=^ \t\n,-+@:/ä€😀".split("")),
    }),
  )
  .filter((text) => !text.includes("\0") && Buffer.from(text).toString() === text);

/** What `CommandLineToArgvW` makes of a command line after the program, by its documented rules. */
function splitWindows(line: string): string[] {
  const words: string[] = [];
  let current: string | undefined;
  let quoted = false;
  for (let i = 0; i < line.length; i++) {
    const c = line[i] ?? "";
    if (c === "\\") {
      let slashes = 1;
      while (line[i + 1] === "\\") (slashes++, i++);
      current ??= "";
      if (line[i + 1] === '"') {
        current += "\\".repeat(Math.floor(slashes / 2));
        if (slashes % 2 === 1) ((current += '"'), i++);
      } else current += "\\".repeat(slashes);
    } else if (c === '"') {
      current ??= "";
      if (quoted && line[i + 1] === '"') ((current += '"'), i++);
      else quoted = !quoted;
    } else if (!quoted && (c === " " || c === "\t")) {
      if (current !== undefined) words.push(current);
      current = undefined;
    } else current = (current ?? "") + c;
  }
  if (current !== undefined) words.push(current);
  return words;
}

describe("quotePosix", () => {
  it("leaves what needs no quotes", () => {
    for (const text of ["-O3", "a/b.cpp", "-DX=1", "--std=c++17", "-Wl,-rpath,x", "-gencode=arch=compute_90", "a%b"]) {
      expect(quotePosix(text)).toBe(text);
    }
  });

  it.each([
    ["", "''"],
    ["a b", "'a b'"],
    ["it's", `'it'\\''s'`],
    ["$HOME", "'$HOME'"],
    ["~", "'~'"],
    ["=x", "'=x'"],
    ['-DX="s"', `'-DX="s"'`],
    ["ü", "'ü'"],
    ["$ORIGIN/../lib", "'$ORIGIN/../lib'"],
  ])("%j → %s", (text, expected) => expect(quotePosix(text)).toBe(expected));

  it("gives every word back through sh", () => {
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 60 }), (words) => {
        const printed = execFileSync("sh", ["-c", `printf '%s\\0' ${words.map(quotePosix).join(" ")}`], {
          encoding: "utf8",
        });
        expect(printed.split("\0").slice(0, -1)).toEqual(words);
      }),
      { numRuns: 40 },
    );
  });
});

describe("posixCommand", () => {
  it("never takes the program for an assignment or a keyword", () => {
    expect(posixCommand(["a=b", "c=d"])).toBe("'a=b' c=d");
    expect(posixCommand(["if", "if"])).toBe("'if' if");
  });

  it("writes variables before the program", () => {
    expect(posixAssignments({})).toBe("");
    expect(posixAssignments({ A: "x y", B: "" })).toBe("A='x y' B= ");
    expect(posixAssignments({ "ProgramFiles(x86)": "C:" })).toBe("env 'ProgramFiles(x86)=C:' ");
    const printed = execFileSync("sh", ["-c", `${posixAssignments({ A: "x 'y' $z" })}sh -c 'printf %s "$A"'`], {
      encoding: "utf8",
    });
    expect(printed).toBe("x 'y' $z");
  });
});

describe("quoteWindows", () => {
  it("gives every word back through the C runtime's rules", () => {
    fc.assert(
      fc.property(fc.array(word, { maxLength: 8 }), (words) => {
        expect(splitWindows(words.map(quoteWindows).join(" "))).toEqual(words);
      }),
    );
  });

  it.each([
    ["/O2", "/O2"],
    ["C:\\Program Files\\x", '"C:\\Program Files\\x"'],
    ["a\\", "a\\"],
    ["a b\\", '"a b\\\\"'],
    ['say "x"', '"say \\"x\\""'],
  ])("%s → %s", (text, expected) => expect(quoteWindows(text)).toBe(expected));
});

describe("cmdCommand", () => {
  it("makes what cmd takes for itself literal", () => {
    fc.assert(
      fc.property(
        fc.array(
          word.filter((text) => !/[\r\n]/.test(text)),
          { minLength: 1, maxLength: 6 },
        ),
        (words) => {
          const line = cmdCommand(words, { batch: true });
          // cmd: outside quotes a caret makes the next character literal; here no quote is left unescaped.
          const seen = line.replaceAll("%%", "%").replaceAll(/\^(.)/gu, "$1");
          expect(line.replaceAll(/\^./gu, "")).not.toMatch(/["<>&|()!]/);
          expect(splitWindows(seen)).toEqual(words);
        },
      ),
    );
  });

  it("is what a command looks like on Windows only", () => {
    expect(commandLine(["cl", "/I", "C:\\a b", "x&y"], "win32")).toBe('cl /I ^"C:\\a b^" x^&y');
    expect(commandLine(["g++", "a b"], "linux")).toBe("g++ 'a b'");
  });
});

describe("names for make and ninja", () => {
  it("escapes", () => {
    expect(makeName("a b$c#d")).toBe("a\\ b$$c$(HASH)d");
    expect(ninjaName("a b$c:d")).toBe("a$ b$$c$:d");
  });

  it.each([
    ["a%b", "%"],
    ["a:b", ":"],
    ["~x", "~"],
    ["x(y)", "(y)"],
    ["x\ty", "\t"],
    ["a b/ü$#'\"(c).cpp", undefined],
  ])("make and %j: %j", (path, expected) => expect(makeCannotName(path)).toBe(expected));
});
