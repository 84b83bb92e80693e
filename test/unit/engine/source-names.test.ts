import { expect, test } from "vitest";
import { namesOfMacros, namesOfMacroWords, sourceNames } from "../../../src/engine/source-names.ts";

test("names that a text asks for, over continued lines too", () => {
  expect(sourceNames('#if __has_include(<a/b.h>) || __has_include( "c.h" )\n#endif')).toEqual({
    asked: ["a/b.h", "c.h"],
    byMacro: false,
    embedded: [],
    first: [],
  });
  expect(sourceNames('#if __has_include_next( \\\n  <d.h>) && __has_embed("e.bin" limit(2))').asked).toEqual([
    "d.h",
    "e.bin",
  ]);
  expect(sourceNames("int x;")).toEqual({ asked: [], byMacro: false, embedded: [], first: [] });
});

test("a macro in place of a name is told, and what macros hold is found in texts and in words", () => {
  expect(sourceNames("#if __has_include(OPTIONAL)\n#endif").byMacro).toBe(true);
  expect(namesOfMacros('#define OPTIONAL <opt.h>\n # define OTHER \\\n "x/y.h"\n#define N 3\n')).toEqual([
    "opt.h",
    "x/y.h",
  ]);
  expect(namesOfMacroWords(["-DA=<a.h>", "-D", 'B="b.h"', "-DC=1", '-DD=\\"d.h\\"', "-Iinc"])).toEqual([
    "a.h",
    "b.h",
    "d.h",
  ]);
});

test("what an assembler is told to read", () => {
  expect(sourceNames('asm(".incbin \\"data.bin\\"\\n"); // .incbin "plain.bin"').embedded).toEqual([
    "data.bin",
    "plain.bin",
  ]);
  expect(sourceNames('asm(".include \\"more.s\\"");').embedded).toEqual(["more.s"]);
});

test("what is included before any code", () => {
  const first = (text: string): readonly string[] => sourceNames(text).first;
  expect(first('// c\n/* a\n b */ # include "pre.h" // x\n#include <v>\nint x;')).toEqual(["pre.h", "v"]);
  expect(first("#pragma once\n#define A \\\n  1\n\n  #include <a/b.h>")).toEqual(["a/b.h"]);
  expect(first('int x;\n#include "late.h"\n')).toEqual([]);
  expect(first("/* never ends")).toEqual([]);
  expect(first("")).toEqual([]);
});
