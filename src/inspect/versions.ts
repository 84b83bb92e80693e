/** Which GCC, glibc and distributions the symbol versions of libstdc++ and glibc stand for. */
import { compareVersions, parseVersion } from "../base/order.ts";
import type { NeededVersion } from "./elf-versions.ts";

/** The highest version of one family that a file asks for. */
export interface VersionFloor {
  /** `GLIBC`, `GLIBCXX`, `CXXABI`, … */
  readonly family: string;
  /** `GLIBC_2.34`. */
  readonly version: string;
  readonly file: string;
}

/** Splits `GLIBCXX_3.4.30` into its family and numbers. Undefined for names without numbers (`GLIBC_PRIVATE`). */
export function splitVersion(
  version: string,
): { readonly family: string; readonly numbers: readonly number[] } | undefined {
  const match = /^([A-Z][A-Z0-9]*(?:_[A-Z]+)*)_(\d+(?:\.\d+)*)$/.exec(version);
  if (match === null) return undefined;
  const [, family = "", numbers = ""] = match;
  return { family, numbers: parseVersion(numbers) };
}

/** The floor of each family, those that matter for where a file runs first. */
export function versionFloors(needed: readonly NeededVersion[]): VersionFloor[] {
  const floors = new Map<string, { readonly floor: VersionFloor; readonly numbers: readonly number[] }>();
  for (const { file, name, weak } of needed) {
    const split = splitVersion(name);
    if (split === undefined || weak) continue;
    const known = floors.get(split.family);
    if (known !== undefined && compareVersions(known.numbers, split.numbers) >= 0) continue;
    floors.set(split.family, { floor: { family: split.family, version: name, file }, numbers: split.numbers });
  }
  const order = ["GLIBC", "GLIBCXX", "CXXABI", "GCC"];
  const rank = (family: string): number => (order.includes(family) ? order.indexOf(family) : order.length);
  return [...floors.values()].map((one) => one.floor).sort((a, b) => rank(a.family) - rank(b.family));
}

/**
 * First GCC whose libstdc++ has a version, by the last number of GLIBCXX_3.4.N.
 * Source: GCC, libstdc++ manual, "ABI Policy and Guidelines", section on versioning.
 */
const GLIBCXX_GCC: Readonly<Record<number, string>> = {
  18: "4.8",
  19: "4.8.3",
  20: "4.9",
  21: "5.1",
  22: "6.1",
  23: "7.1",
  24: "7.2",
  25: "8.1",
  26: "9.1",
  27: "9.2",
  28: "9.3",
  29: "11.1",
  30: "12.1",
  31: "13.1",
  32: "13.2",
  33: "14.1",
  34: "15.1",
};

/** The GCC that brought a version of libstdc++; undefined when it is not known. */
export function gccOf(version: string): string | undefined {
  const split = splitVersion(version);
  if (split?.family !== "GLIBCXX" || split.numbers[1] !== 4) return undefined;
  return GLIBCXX_GCC[split.numbers[2] ?? -1];
}
