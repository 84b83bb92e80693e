/**
 * Libraries that a text lists (`ls /opt/cuda/lib64/libcudart*`, `ls /usr/lib64-nvidia`), by their paths, and one that the loader found to be without versions.
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

/** A command that lists one folder, whose names stand below it without the folder. */
const listsFolder = /(?:^|[\s$#>%!&;])ls (?:-\w+ )*(\/[\w.+/@-]{1,300}?)\/?(?=$|[\s|;&])/;
/** Nothing but names of libraries, with what `ls -l` prints before them. */
const names = /^(?:[l-][rwxst-]{9}[.+]? .{0,80}? )?(?:lib[\w+-]+\.so(?:\.\d+)*(?: -> \S+)?(?:\s+|$))+$/;
const mostBelow = 40;

/** Gathers them line by line. */
export class ShownLibraryReader {
  #folder: string | undefined;
  #until = -1;
  readonly #shown = new Set<string>();
  readonly #unversioned = new Set<string>();

  line(text: string, at: number): void {
    if (text.includes("no version information") && this.#unversioned.size < mostShown) {
      const path = /: (\/\S+\.so(?:\.\d+)*): no version information available \(required by /.exec(text)?.[1];
      if (path !== undefined) this.#unversioned.add(path);
    }
    if (text.length > 2_000 || this.#shown.size >= mostShown) return;
    const folder = text.includes("ls /") || text.includes("ls -") ? listsFolder.exec(text)?.[1] : undefined;
    if (!text.includes(".so") && folder === undefined) return;
    const line = text.trim();
    if (folder !== undefined && !listing.test(line)) {
      this.#folder = folder;
      this.#until = at + mostBelow;
      return;
    }
    if (this.#folder !== undefined && at <= this.#until && names.test(line)) {
      for (const [name] of line.replaceAll(/ -> \S+/g, "").matchAll(/lib[\w+-]+\.so(?:\.\d+)*(?=\s|$)/g))
        this.#shown.add(`${this.#folder}/${name}`);
      return;
    }
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
