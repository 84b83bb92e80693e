/**
 * Compilers with a number in their names that a text shows to be there (`ls /usr/bin/clang*`, `dpkg -l`), for a fix to name in
 * place of one that is not.
 */
import type { Match } from "../rule.ts";

export interface ShownCompilers {
  /** `clang-19`, `clang++-19`, `g++-12`. */
  readonly shownCompilers: readonly string[];
  /** The release of gcc as it, or CMake, tells it: `13.2.1`. */
  readonly gccVersion?: string;
  /** The newest of gcc's folders in a listing, or the one that clang says it takes: `12` of `/usr/lib/gcc/x86_64-linux-gnu/12`. */
  readonly newestGccFolder?: string;
}

const ofGcc =
  /^(?:[\w-]*gcc|[\w-]*g\+\+|c\+\+)(?:-\d+)? \([^()]*(?:\([^()]*\))?[^()]*\) (\d+(?:\.\d+)+)|CXX compiler identification is GNU (\d+(?:\.\d+)+)/;

const mostShown = 40;
const named = /(?:^|[\s/])((?:clang|gcc|clang\+\+|g\+\+)-\d{1,2})(?=[\s:*@'"]|$)/g;
const denied = /not found|No such file|ould not|annot|not exist|unable|nvcc|no such|FAILED|error|--?ccbin|-c | -o /i;
/** A listing, and no sentence. */
const listing = /^(?:\S*(?:clang|gcc|\+\+)\S*(?:\s+|$))+$|^ii +(?:clang|gcc|g\+\+)-\d/;

/** Gathers them line by line. */
export class ShownCompilerReader {
  readonly #shown = new Set<string>();
  #gcc: string | undefined;
  #folder: number | undefined;

  line(text: string): void {
    if (text.includes("/lib/gcc/") && text.length < 300)
      for (const [, version = ""] of text.matchAll(
        /(?:^|\s|Selected GCC installation: \S*)\/usr\/lib\/gcc\/[\w-]+-linux-gnu\/(\d{1,2})(?=\/?(?:\s|$))/g,
      ))
        this.#folder = Math.max(this.#folder ?? 0, Number(version));
    if (text.length < 200 && /\d\.\d/.test(text) && /gcc|\+\+|GNU/.test(text))
      this.#gcc ??= ofGcc
        .exec(text.trim())
        ?.slice(1)
        .find((version) => version !== undefined);
    if (text.length > 300 || this.#shown.size >= mostShown || !/(?:clang|gcc|\+\+)-\d/.test(text)) return;
    if (!listing.test(text.trim()) || denied.test(text)) return;
    const names = Array.from(text.matchAll(named), ([, name = ""]) => name);
    // Debian's package of a clang brings both programs.
    for (const name of names) {
      this.#shown.add(name);
      if (/^ii +clang-\d/.test(text)) this.#shown.add(name.replace("clang-", "clang++-"));
    }
  }

  facts(): ShownCompilers {
    return {
      shownCompilers: [...this.#shown],
      ...(this.#gcc === undefined ? {} : { gccVersion: this.#gcc }),
      ...(this.#folder === undefined ? {} : { newestGccFolder: String(this.#folder) }),
    };
  }
}

/** Names of programs that the text says are not there. */
function missing(match: Match): readonly string[] {
  return match.context.findings
    .filter(({ kind }) => kind === "missing-program")
    .map(({ program }) => program ?? "")
    .filter((program) => program !== "");
}

const family = /^(?:.*[\\/])?(clang|gcc|g)(?:\+\+)?(?:-\d{1,2})?$/;

/** The newest shown pair of the family of a compiler that is not there: C's, then C++'s. */
export function shownPair(match: Match, name: string): readonly [c: string, cxx: string] | undefined {
  const kind = familyOf(name);
  const { shownCompilers } = match.context.log;
  const absent = missing(match);
  if (kind === undefined) return undefined;
  const [c, cxx] = kind === "clang" ? ["clang", "clang++"] : ["gcc", "g++"];
  const number = shownCompilers
    .map((shown) => (shown.startsWith(`${cxx}-`) ? Number(shown.slice(cxx.length + 1)) : 0))
    .filter(
      (each) =>
        each > 0 && shownCompilers.includes(`${c}-${each}`) && !absent.some((gone) => gone.endsWith(`-${each}`)),
    )
    .toSorted((one, other) => other - one)[0];
  return number === undefined ? undefined : [`${c}-${number}`, `${cxx}-${number}`];
}

/** Variables that name a compiler. */
const ofCompilers = /^(?:CC|CXX|HOSTCC|HOSTCXX|CUDAHOSTCXX|NVCC_CCBIN|CMAKE_C(?:XX)?_COMPILER)$/;

/** `clang` of `clang++-19`, `gcc` of `/usr/bin/g++`. */
function familyOf(program: string): string | undefined {
  const kind = family.exec(program)?.[1];
  return kind === "g" ? "gcc" : kind;
}

/** `/opt/llvm/bin/` of a path. */
function folderOf(program: string): string {
  return /^.*[\\/]/.exec(program)?.[0] ?? "";
}

/**
 * What a variable of a command is to be when the command is given again: as it was, or, where the compiler that it names is
 * not there, one of the family that the text shows, else the plain name under which packages of a system bring it.
 */
export function mendedVariable(match: Match, name: string, value: string): string {
  const kind = familyOf(value);
  if (kind === undefined || !ofCompilers.test(name)) return value;
  const gone = missing(match).filter((program) => familyOf(program) === kind);
  if (gone.length === 0) return value;
  const pair = shownPair(match, value);
  if (pair !== undefined) return value.includes("++") || /CXX|CCBIN/.test(name) ? pair[1] : pair[0];
  const folder = folderOf(value);
  return folder !== "" && !/^\/(?:usr\/)?bin\/$/.test(folder) && gone.some((program) => folderOf(program) === folder)
    ? value.slice(folder.length)
    : value;
}

/** A command that was typed, with such variables in front or definitions of CMake's in it. */
export function withCompilers(match: Match, command: string): string {
  return command.replaceAll(
    /(^|\s)(-D)?((?:CC|CXX|\w*CXX|CMAKE_C(?:XX)?_COMPILER))(?::\w+)?=([^\s"']+)(?=\s|$)/g,
    (whole, before: string, define = "", name: string, value: string) => {
      const mended = mendedVariable(match, name, value);
      return mended === value ? whole : `${before}${define}${name}=${mended}`;
    },
  );
}
