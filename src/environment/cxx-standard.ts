/** Which compilers know which C++ standard well enough for torch's headers, and since when nvcc does. */
import { compareVersions, parseVersion } from "../base/order.ts";
import type { HostCompiler } from "./environment.ts";

type Family = HostCompiler["family"];

/**
 * Oldest version by standard. GCC: `__cplusplus` is 202002L from 11 on, which torch's headers check (10 says 201709L);
 * 9 is the first whose C++17 torch 2.1 supports, 5 the oldest for the C++11 ABI. Clang: `-std=c++20` from 10 on,
 * `-std=c++17` from 5 on (clang.llvm.org/cxx_status.html); Apple's versions are those of the Xcode with that Clang.
 * MSVC: `/std:c++20` from 19.29 on, `/std:c++17` in full from 19.14 on.
 */
const oldest: Readonly<Record<Family, readonly (readonly [standard: number, version: string])[]>> = {
  gcc: [
    [20, "11"],
    [17, "9"],
    [14, "5"],
  ],
  clang: [
    [20, "10"],
    [17, "5"],
    [14, "3.4"],
  ],
  "apple-clang": [
    [20, "12"],
    [17, "10"],
    [14, "6"],
  ],
  msvc: [
    [20, "19.29"],
    [17, "19.14"],
    [14, "19.0"],
  ],
};

/** Oldest version of a family for a standard: `20`, `c++17`, `gnu++20`, `2a`. Undefined for unknown standards. */
export function oldestCompiler(family: Family, standard: string): string | undefined {
  const year = standardNumber(standard);
  return year === undefined ? undefined : oldest[family].find(([number]) => year >= number)?.[1];
}

/** Whether a compiler is too old for a standard. */
export function isTooOld(compiler: Pick<HostCompiler, "family" | "version">, standard: string): boolean {
  const needed = oldestCompiler(compiler.family, standard);
  return needed !== undefined && compareVersions(compiler.version, parseVersion(needed)) < 0;
}

/** Oldest CUDA whose nvcc takes `-std=` of this standard: C++14 since 9.0, C++17 since 11.0, C++20 since 12.0. */
export function oldestCuda(standard: string): string | undefined {
  const year = standardNumber(standard);
  if (year === undefined) return undefined;
  return year >= 20 ? "12.0" : year >= 17 ? "11.0" : year >= 14 ? "9.0" : undefined;
}

const drafts: Readonly<Record<string, number>> = { "1y": 14, "1z": 17, "2a": 20, "2b": 23, "2c": 26 };

/** The year of a standard, whatever the spelling: `c++17`, `gnu++2a`, `20`. */
export function standardNumber(standard: string): number | undefined {
  const name = /(?:^|\+\+)(\d[\da-z])$/.exec(standard)?.[1];
  if (name === undefined) return undefined;
  const number = drafts[name] ?? Number(name);
  return Number.isInteger(number) && number < 90 ? number : undefined;
}

/** What people call a family. */
export function familyName(family: HostCompiler["family"]): string {
  return { gcc: "GCC", clang: "Clang", "apple-clang": "Apple Clang", msvc: "MSVC" }[family];
}
