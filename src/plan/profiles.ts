/**
 * Profiles that a compile reads: what a program that was built with `-fprofile-generate` has left. Where the compiler
 * looks for one follows from the name of the object.
 */
import type { Action } from "./graph.ts";
import type { Places } from "./paths.ts";

/** The last of these counts, and `-fno-profile-use` undoes it. */
const use =
  /^(?:-fprofile-use|-fbranch-probabilities|-fauto-profile|-fprofile-instr-use|-fprofile-sample-use)(?:=(.*))?$/;

/** Whether a compile reads a profile whose name follows from that of its object. */
export function usesProfile(words: readonly string[]): boolean {
  return words.some((word) => use.test(word));
}

/**
 * Where gcc and clang look for a profile (GCC manual, `-fprofile-use`, `-fprofile-dir`; gcc/coverage.cc: in a folder it
 * is called like the object, with `#` for each slash of the absolute path).
 */
export function profileSearch(words: readonly string[], object: string, places: Places): Action["librarySearch"] {
  const { path, root } = places;
  const base = object.replace(/\.o$/, "");
  const searches: Action["librarySearch"][number][] = [];
  const add = (file: string): void => {
    const absolute = path.resolve(root, file);
    searches.push({ names: [path.basename(absolute)], dirs: [path.dirname(absolute)] });
  };
  for (const word of words) {
    const match = use.exec(word);
    const folder = match?.[1] ?? /^-fprofile-dir=(.+)$/.exec(word)?.[1];
    if (match === null && folder === undefined) continue;
    if (word === "-fauto-profile") add("fbdata.afdo");
    else if (folder === undefined || folder === "") {
      add(`${base}.gcda`);
      add("default.profdata");
    } else {
      add(folder);
      add(path.join(folder, "default.profdata"));
      add(path.join(folder, `${base.replaceAll(path.sep, "#")}.gcda`));
      add(path.join(folder, `${path.relative(root, base)}.gcda`));
      add(path.join(folder, `${path.relative(root, base).replaceAll(path.sep, "#")}.gcda`));
    }
  }
  return searches;
}
