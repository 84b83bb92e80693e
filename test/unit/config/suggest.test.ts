import { describe, expect, test } from "vitest";
import { closest, editDistance, plainSpelling } from "../../../src/config/suggest.ts";

const keys = ["kind", "sources", "include-dirs", "cxx-flags", "nvcc-flags", "library-dirs", "libraries"];

describe("closest", () => {
  test.each([
    ["sorces", "sources"],
    ["soruces", "sources"],
    ["source", "sources"],
    ["Sources", "sources"],
    ["include_dirs", "include-dirs"],
    ["includeDirs", "include-dirs"],
    ["include dirs", "include-dirs"],
    ["nvcc-flag", "nvcc-flags"],
    ["kin", "kind"],
    ["includ", "include-dirs"],
    ["librarys", "libraries"],
  ])("%s → %s", (word, meant) => {
    expect(closest(word, keys)).toBe(meant);
  });

  test.each(["", "x", "zzzzzz", "profile", "li", "--"])("nothing is near %j", (word) => {
    expect(closest(word, keys)).toBeUndefined();
  });

  test("takes the nearest one, the first of equals", () => {
    expect(closest("cxx-flag", ["xxx-flags", "cxx-flags"])).toBe("cxx-flags");
    expect(closest("bat", ["cat", "rat"])).toBe("cat");
  });

  test("serves options of a command line as well", () => {
    expect(closest("--jbos", ["--jobs", "--json"])).toBe("--jobs");
  });

  test("a beginning counts only where one candidate has it", () => {
    expect(closest("lib", ["library-dirs", "libraries"])).toBeUndefined();
    expect(closest("inc", ["include-dirs", "libraries"])).toBe("include-dirs");
  });
});

test("distance counts insertions, deletions, replacements and swaps", () => {
  expect(editDistance("", "abc")).toBe(3);
  expect(editDistance("abc", "abc")).toBe(0);
  expect(editDistance("abc", "acb")).toBe(1);
  expect(editDistance("kitten", "sitting")).toBe(3);
});

test("spellings are made alike", () => {
  expect(plainSpelling("extraCompileArgs")).toBe("extra-compile-args");
  expect(plainSpelling("__EXTRA__cflags")).toBe("extra-cflags");
});
