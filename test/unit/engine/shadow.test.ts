import { expect, test } from "vitest";
import {
  absentPlaces,
  climbingNames,
  embeddedNames,
  forcedIncludes,
  namesAskedFor,
} from "../../../src/engine/shadow.ts";

function existing(...paths: string[]): (path: string) => boolean {
  const all = new Set<string>();
  for (const path of paths) {
    for (let at = path; at !== ""; at = at.slice(0, at.lastIndexOf("/"))) all.add(at);
  }
  return (path) => all.has(path);
}

test("a header of a later folder is hidden by a file of that name in each earlier one", () => {
  const places = absentPlaces(
    {
      files: ["/t/include/ATen/half.h", "/t/include/half.h"],
      search: ["/p/csrc", "/p/gone", "/t/include"],
      including: ["/p/src/a.cpp"],
      asked: [],
    },
    existing("/p/csrc/ATen/other.h", "/p/src/a.cpp", "/t/include/half.h", "/t/include/ATen/half.h"),
  );
  expect(places.sort()).toEqual(["/p/csrc/ATen/half.h", "/p/csrc/half.h", "/p/gone", "/p/src/ATen", "/p/src/half.h"]);
});

test("later folders and the folder where it was found do not count", () => {
  const places = absentPlaces(
    { files: ["/p/inc/a.h"], search: ["/p/inc", "/t/include"], including: [], asked: [] },
    existing("/p/inc/a.h", "/t/include/x.h"),
  );
  expect(places).toEqual([]);
});

test("a name that was asked for may appear in any folder", () => {
  expect(namesAskedFor('#if __has_include(<a/b.h>) || __has_include( "c.h" )\n#endif')).toEqual(["a/b.h", "c.h"]);
  expect(namesAskedFor("int x;")).toEqual([]);
  const places = absentPlaces(
    { files: [], search: ["/p/inc"], including: ["/p/a.cpp"], asked: ["a/b.h"] },
    existing("/p/inc", "/p/a.cpp"),
  );
  expect(places.sort()).toEqual(["/p/a", "/p/inc/a"]);
});

test("a name that a macro holds is taken for one that is asked for", () => {
  const text = '#define OPTIONAL <opt.h>\n#define OTHER "x/y.h"\n#if __has_include(OPTIONAL)\n#endif\n';
  expect(namesAskedFor(text)).toEqual(["opt.h", "x/y.h"]);
  expect(namesAskedFor('#define OPTIONAL <opt.h>\n#if __has_include("a.h")\n#endif\n')).toEqual(["a.h"]);
});

test("a name that leads upwards out of an include folder is looked for in all of them", () => {
  const named = ["/p/two/inc/../far.h", "src/x/../near.h", "/p/two/inc/a.h"];
  const climbing = climbingNames(named, ["/p/one/inc", "/p/two/inc", "/p/none"], "/p");
  expect(climbing).toEqual(["../far.h"]);
  const places = absentPlaces(
    { files: [], search: ["/p/one/inc", "/p/two/inc", "/p/none"], including: [], asked: [], climbing },
    existing("/p/one/inc", "/p/two/inc", "/p/two/far.h"),
  );
  expect(places.sort()).toEqual(["/p/none", "/p/one/far.h"]);
});

test("what a command includes before the source, and what an assembler takes in", () => {
  expect(forcedIncludes(["g++", "-include", "a.h", "-imacros", "b.h", "--include=c.h", "x.cpp"])).toEqual([
    "a.h",
    "b.h",
    "c.h",
  ]);
  expect(embeddedNames('asm(".incbin \\"data.bin\\"\\n"); // .incbin "plain.bin"')).toEqual(["data.bin", "plain.bin"]);
  expect(embeddedNames("int x;")).toEqual([]);
});
