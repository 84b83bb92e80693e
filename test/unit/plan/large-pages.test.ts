import { expect, test } from "vitest";
import { largePageVariables } from "../../../src/plan/large-pages.ts";

test.each([
  [undefined, "glibc.malloc.hugetlb=1"],
  ["", "glibc.malloc.hugetlb=1"],
  ["glibc.malloc.check=3", "glibc.malloc.check=3:glibc.malloc.hugetlb=1"],
  ["glibc.malloc.hugetlb=0", undefined],
  ["glibc.malloc.check=3:glibc.malloc.hugetlb=2", undefined],
])("%j", (given, expected) => {
  expect(largePageVariables({ GLIBC_TUNABLES: given, PATH: "/bin" })["GLIBC_TUNABLES"]).toBe(expected);
});
