import { expect, test } from "vitest";
import { allowsLargerHeap, heapWords } from "../../../src/plan/gcc-heap.ts";

test.each([
  [["-O3", "-DNDEBUG", "-fPIC", "-std=c++17", "-c", "a.cpp"], true],
  [["-g0", "-O2"], true],
  [["-gno-record-gcc-switches", "-O2"], true],
  [["-fno-lto"], true],
  [["-O0", "-g"], false],
  [["-ggdb3"], false],
  [["-gdwarf-5"], false],
  [["-flto"], false],
  [["-flto=auto"], false],
  [["-frecord-gcc-switches"], false],
  [["--param", "ggc-min-heapsize=4096"], false],
  [["--param=ggc-min-expand=0"], false],
  [["-fplugin=p.so"], false],
  [["@words"], false],
])("%j", (words, allowed) => {
  expect(allowsLargerHeap(words)).toBe(allowed);
});

test("no more memory than there is", () => {
  expect(heapWords(8e9)).toEqual(["--param", "ggc-min-heapsize=1048576"]);
  expect(heapWords(2.5e9)).toEqual(["--param", "ggc-min-heapsize=524288"]);
  expect(heapWords(1e9)).toEqual([]);
});
