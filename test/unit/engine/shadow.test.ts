import { expect, test } from "vitest";
import { absentPlaces, climbingNames } from "../../../src/engine/shadow.ts";

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
  const places = absentPlaces(
    { files: [], search: ["/p/inc"], including: ["/p/a.cpp"], asked: ["a/b.h"] },
    existing("/p/inc", "/p/a.cpp"),
  );
  expect(places.sort()).toEqual(["/p/a", "/p/inc/a"]);
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
