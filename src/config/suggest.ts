/** Finds what somebody meant who wrote something else. Knows nothing of configurations or options. */

/**
 * The candidate that was probably meant, or undefined when none is near.
 *
 * Spellings are compared without regard to case and to the way in which words are joined (`include_dirs`,
 * `includeDirs` and `include-dirs` are the same), then by edit distance, then as a beginning of one candidate alone.
 */
export function closest(word: string, candidates: Iterable<string>): string | undefined {
  const wanted = plainSpelling(word);
  if (wanted === "") return undefined;
  const all = [...candidates].map((candidate) => ({ candidate, plain: plainSpelling(candidate) }));
  let best: { candidate: string; distance: number } | undefined;
  for (const { candidate, plain } of all) {
    const distance = editDistance(wanted, plain);
    if (distance <= tolerance(wanted, plain) && (best === undefined || distance < best.distance)) {
      best = { candidate, distance };
    }
  }
  if (best !== undefined) return best.candidate;
  if (wanted.length < 3) return undefined;
  const longer = all.filter(({ plain }) => plain.startsWith(wanted));
  return longer.length === 1 ? longer[0]?.candidate : undefined;
}

/** Words in lower case with dashes between them: `extraCFlags`, `extra_cflags` → `extra-cflags`. */
export function plainSpelling(word: string): string {
  return word
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1-$2")
    .replaceAll(/[_\s-]+/g, "-")
    .replaceAll(/^-+|-+$/g, "")
    .toLowerCase();
}

function tolerance(a: string, b: string): number {
  const length = Math.max(a.length, b.length);
  return length < 3 ? 0 : Math.min(3, Math.max(1, Math.floor(length / 3)));
}

/** Insertions, deletions, replacements, and swaps of two neighbours, each counted once. */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let distance = Math.min(replaced, (last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        distance = Math.min(distance, (beforeLast[j - 2] ?? 0) + 1);
      }
      row.push(distance);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}
