/** Sizes as people write them. Pure. */

const units: Readonly<Record<string, number>> = { "": 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };

/** Bytes of `500M`, `5G`, `1.5 GiB`, `10gb`, `0`. Units are powers of 1024. Undefined when it is no size. */
export function parseSize(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?) ?([KMGT]?)(?:I?B)?$/.exec(text.trim().toUpperCase());
  const bytes = match === null ? undefined : Math.round(Number(match[1]) * (units[match[2] ?? ""] ?? Number.NaN));
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
