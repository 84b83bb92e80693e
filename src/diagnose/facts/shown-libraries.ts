/**
 * Libraries that a text lists (`ls /opt/cuda/lib64/libcudart*`), by their paths, and one that the loader found to be without versions.
 * What a listing leaves out may be in a folder that was not listed.
 */

export interface ShownLibraries {
  /** `/e/lib/libcudart.so.12`, `/e/lib/libcudart.so.12.4.127`. */
  readonly shownLibraries: readonly string[];
  /** Libraries that lack the versions which what needs them was linked with: `/p/shim/libcudart.so.13`. */
  readonly librariesWithoutVersions: readonly string[];
}

const mostShown = 60;
/** One path, with what `ls -l` or `find` prints before it and where it leads to. */
const one = /(?:^|\s)(\/[\w.+/@-]{1,300}\/lib[\w+-]+\.so(?:\.\d+)*)(?=\s|$)/g;
/** Nothing but such paths stands in the line. */
const listing = /^(?:[l-][rwxst-]{9}[.+]? .{0,80}? )?(?:\/[\w.+/@-]{1,300}\.so(?:\.\d+)*(?: -> \S+)?(?:\s+|$))+$/;

/** Gathers them line by line. */
export class ShownLibraryReader {
  readonly #shown = new Set<string>();
  readonly #unversioned = new Set<string>();

  line(text: string): void {
    if (text.includes("no version information") && this.#unversioned.size < mostShown) {
      const path = /: (\/\S+\.so(?:\.\d+)*): no version information available \(required by /.exec(text)?.[1];
      if (path !== undefined) this.#unversioned.add(path);
    }
    if (text.length > 2_000 || this.#shown.size >= mostShown || !text.includes(".so")) return;
    const line = text.trim();
    if (!listing.test(line)) return;
    for (const [, path = ""] of line.replaceAll(/ -> \S+/g, "").matchAll(one)) this.#shown.add(path);
  }

  facts(): ShownLibraries {
    return { shownLibraries: [...this.#shown], librariesWithoutVersions: [...this.#unversioned] };
  }
}

/** A library that a listing has under a name with a number, in a folder where the name without one, which linkers look for, is not. */
export function numberedOnly(shown: readonly string[], name: string): string | undefined {
  const stem = `/lib${name}.so`;
  const numbered = shown.filter((path) => path.includes(`${stem}.`));
  const found = numbered.find((path) => !shown.includes(`${path.slice(0, path.indexOf(stem))}${stem}`));
  if (found === undefined || shown.some((path) => path.endsWith(stem))) return undefined;
  // The shortest is the name that loaders look for.
  const folder = found.slice(0, found.indexOf(stem));
  return numbered.filter((path) => path.startsWith(folder + stem)).toSorted((a, b) => a.length - b.length)[0];
}
