/** Orders that are the same in every locale. */

/** Compares two strings by code unit. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A sorted copy, by code unit. */
export function sorted(values: Iterable<string>): string[] {
  return [...values].sort(compareText);
}

/** The values without repetitions, in the order of first appearance. */
export function unique<T>(values: Iterable<T>): T[] {
  return [...new Set(values)];
}

/** Compares versions given as numbers, the missing ones counting as 0. */
export function compareVersions(a: readonly number[], b: readonly number[]): number {
  const length = Math.max(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference < 0 ? -1 : 1;
  }
  return 0;
}

/** The leading numbers of a version text: `13.0.88` → [13, 0, 88], `2.13.0+cpu` → [2, 13, 0]. */
export function parseVersion(text: string): number[] {
  const match = /^\D*(\d+(?:\.\d+)*)/.exec(text);
  return match?.[1] === undefined ? [] : match[1].split(".").map(Number);
}
