import { expect, test } from "vitest";
import { askingHelps, largePageVariables, mayPreload } from "../../../src/plan/large-pages.ts";

test.each([
  [undefined, "glibc.malloc.hugetlb=1"],
  ["", "glibc.malloc.hugetlb=1"],
  ["glibc.malloc.check=3", "glibc.malloc.check=3:glibc.malloc.hugetlb=1"],
])("the tunable joins %j", (given, expected) => {
  expect(largePageVariables({ GLIBC_TUNABLES: given, PATH: "/bin" }, "/l.so")).toEqual({
    GLIBC_TUNABLES: expected,
    LD_PRELOAD: "/l.so",
  });
});

test.each(["glibc.malloc.hugetlb=0", "glibc.malloc.check=3:glibc.malloc.hugetlb=2"])(
  "%j is the user's word",
  (given) => {
    expect(largePageVariables({ GLIBC_TUNABLES: given })).toEqual({});
    expect(mayPreload({ GLIBC_TUNABLES: given })).toBe(false);
  },
);

test.each([
  [{ LD_PRELOAD: "/usr/lib/libasan.so" }, false],
  [{ LD_PRELOAD: "" }, true],
  [{}, true],
])("the library with %j: %s", (variables, expected) => {
  expect(mayPreload(variables)).toBe(expected);
  expect(largePageVariables(variables)).toEqual({ GLIBC_TUNABLES: "glibc.malloc.hugetlb=1" });
});

test.each([
  ["always [madvise] never\n", "2097152\n", true],
  ["[always] madvise never\n", "2097152\n", false],
  ["always madvise [never]\n", "2097152\n", false],
  ["always [madvise] never\n", "536870912\n", false],
  [undefined, undefined, false],
])("%j of %j bytes: %s", (enabled, size, expected) => {
  expect(askingHelps(enabled, size)).toBe(expected);
});
