/**
 * Programs and start files that gcc and clang take from the folders that `-B` names instead of their own: an assembler,
 * `cc1plus`, the linker (`-B/usr/libexec/mold` is how a gcc before 12 comes to mold).
 */
import { readFlags } from "./flags.ts";
import type { Action } from "./graph.ts";
import type { Places } from "./paths.ts";

/** GCC manual, "Directory Options": `-B` applies to `cpp`, `cc1`, `as` and `ld`; so it is for what those start. */
const compilePrograms = ["cc1plus", "cc1", "as"];
const linkPrograms =
  "ld real-ld collect2 collect-ld lto-wrapper lto1 liblto_plugin.so crt1.o Scrt1.o crti.o crtbegin.o crtbeginS.o crtend.o crtendS.o crtn.o".split(
    " ",
  );

/** What a compile may take from the folders of `-B`. */
export function compileProgramSearch(words: readonly string[], places: Places): Action["librarySearch"] {
  return programSearch(words, places, compilePrograms);
}

/** What a link may take from the folders of `-B`. */
export function linkProgramSearch(words: readonly string[], places: Places): Action["librarySearch"] {
  return programSearch(words, places, linkPrograms);
}

function programSearch(words: readonly string[], places: Places, programs: readonly string[]): Action["librarySearch"] {
  const { path, root } = places;
  const prefixes = readFlags(words, "gcc").flatMap(({ name, value }) =>
    (name === "-B" || name === "--prefix") && value !== undefined && value !== "" ? [value] : [],
  );
  return prefixes.flatMap((prefix) => {
    const folder = path.resolve(root, prefix);
    // `-Bbin/x86-` names no folder: what is taken is called `bin/x86-as`.
    const start = path.basename(folder);
    return programs.flatMap((program) => [
      { names: [program], dirs: [folder] },
      ...(prefix.endsWith("/") ? [] : [{ names: [`${start}${program}`], dirs: [path.dirname(folder)] }]),
    ]);
  });
}
