import fc from "fast-check";
import { expect, test } from "vitest";
import { parseMakeDepfile, splitShowIncludes } from "../../../src/engine/depfile.ts";

test("reads continued lines and several rules", () => {
  const text = "x.o: a.cpp \\\n  b.h c.h\n\nb.h:\nc.h:\n";
  expect(parseMakeDepfile(text)).toEqual(["a.cpp", "b.h", "c.h"]);
});

test.each([
  ["x.o: a\\ b.h", ["a b.h"]],
  ["x.o: a\\#b.h", ["a#b.h"]],
  ["x.o: a$$b.h", ["a$b.h"]],
  ["x.o : a\\$b.cu a\\$$c.h", ["a$b.cu", "a\\$c.h"]],
  ["x.o: a\\\\\\ b.h", ["a\\ b.h"]],
  ["x.o: a\\b.h", ["a\\b.h"]],
  ["C:\\out\\x.obj: C:\\src\\a.h D:/b.h", ["C:\\src\\a.h", "D:/b.h"]],
  ["x.o: a.h\\\r\n b.h\r\n", ["a.h", "b.h"]],
  ["x.o : a.h", ["a.h"]],
  ["x.o:\\\n a.h", ["a.h"]],
  ["", []],
])("escapes: %j", (text, expected) => {
  expect(parseMakeDepfile(text)).toEqual(expected);
});

test("what gcc writes for a name is read back", () => {
  // The escaping of GCC's mkdeps.cc: blanks and # by a backslash, $ doubled, backslashes doubled before a blank.
  const escape = (name: string): string =>
    name
      .replaceAll("$", "$$$$")
      .replace(/(\\*)([ \t])/g, "$1$1\\$2")
      .replaceAll("#", "\\#");
  const name = fc
    .string({ unit: fc.constantFrom("a", "b", " ", "$", "#", "é", ".", "/", "-"), minLength: 1, maxLength: 12 })
    .filter((text) => text.trim() === text && text !== "");
  fc.assert(
    fc.property(fc.uniqueArray(name, { minLength: 1, maxLength: 5 }), (names) => {
      const text = `x.o: ${names.map(escape).join(" \\\n ")}\n`;
      expect(parseMakeDepfile(text)).toEqual(names);
    }),
  );
});

test("separates the notes of /showIncludes from the rest", () => {
  const text =
    "a.cpp\r\nNote: including file: C:\\inc\\x.h\r\nNote: including file:  C:\\inc\\y z.h\r\na.cpp(3): warning C4100: p\r\n";
  const { headers, rest } = splitShowIncludes(text);
  expect(headers).toEqual(["C:\\inc\\x.h", "C:\\inc\\y z.h"]);
  expect(rest).toBe("a.cpp\r\na.cpp(3): warning C4100: p\r\n");
});
