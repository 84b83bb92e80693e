/**
 * What a file that a linker reads says of other files: the members of a thin archive, which holds nothing but their
 * names, and the libraries that a linker script names (`libfoo.so` may be one). It reads ranges of bytes and knows no
 * disk; where a name leads is not its business.
 */

/** Another file that is read. */
export interface LinkReference {
  /** `file`: a path; `library`: as after `-l`; `folder`: a further folder of the search. */
  readonly kind: "file" | "library" | "folder";
  readonly name: string;
}

/** Bytes `[offset, offset + length)` of a file, fewer at its end. */
export type ReadRange = (offset: number, length: number) => Uint8Array;

/** Above this size no text is taken for a linker script. */
const largestScript = 1 << 20;
/** A symbol table of a thin archive is skipped; the table of names is read up to this size. */
const largestNames = 16 << 20;

/** The files that a thin archive or a linker script refers to; none for anything else. */
export function linkReferences(read: ReadRange, size: number): LinkReference[] {
  const head = read(0, Math.min(size, 512));
  if (latin(head.subarray(0, 8)) === "!<thin>\n") {
    return thinMembers(read, size).map((name) => ({ kind: "file", name }));
  }
  if (size > largestScript || head.includes(0) || latin(head.subarray(0, 7)) === "!<arch>") return [];
  return scriptReferences(latin(read(0, size)));
}

/** ar(5): headers of 60 bytes, of which only the tables of symbols and names carry their content. */
function thinMembers(read: ReadRange, size: number): string[] {
  const members: string[] = [];
  let names = "";
  let at = 8;
  while (at + 60 <= size) {
    const header = latin(read(at, 60));
    if (header.slice(58) !== "`\n") break;
    const name = header.slice(0, 16).trimEnd();
    const length = Number.parseInt(header.slice(48, 58), 10);
    if (!Number.isSafeInteger(length) || length < 0) break;
    at += 60;
    if (name === "/" || name === "/SYM64/" || name === "//") {
      if (name === "//" && length <= largestNames) names = latin(read(at, length));
      at += length + (length % 2);
      continue;
    }
    // `/17` is a place in the table of names, `/17:4242` one in an archive that lies within this one.
    const place = /^\/(\d+)/.exec(name)?.[1];
    if (place === undefined) members.push(name.replace(/\/$/, ""));
    else members.push(names.slice(Number(place)).split("/\n", 1)[0] ?? "");
  }
  return [...new Set(members)].filter((name) => name !== "");
}

/** The commands of ld's scripts that name files (ld manual, "Commands Dealing with Files"). */
function scriptReferences(text: string): LinkReference[] {
  const found: LinkReference[] = [];
  const words = text.replaceAll(/\/\*[\s\S]*?\*\//g, " ").matchAll(/"([^"\n]*)"|([(),;{}])|([^\s(),;{}"]+)/g);
  let open = 0;
  let before = "";
  let inFolder = false;
  for (const [, quoted, mark, plain] of words) {
    const word = quoted ?? plain ?? "";
    if (mark === "(") {
      if (open > 0) open++;
      else if (/^(?:INPUT|GROUP|STARTUP|SEARCH_DIR)$/.test(before)) {
        open = 1;
        inFolder = before === "SEARCH_DIR";
      }
    } else if (mark === ")") {
      open = Math.max(0, open - 1);
    } else if (mark === undefined && open > 0) {
      if (word !== "AS_NEEDED") found.push(reference(word, inFolder));
    } else if (mark === undefined && before === "INCLUDE") {
      found.push({ kind: "file", name: word });
    }
    before = mark === undefined ? word : "";
  }
  return found;
}

function reference(word: string, isFolder: boolean): LinkReference {
  if (isFolder) return { kind: "folder", name: word };
  return word.startsWith("-l") ? { kind: "library", name: word.slice(2) } : { kind: "file", name: word };
}

/** Paths are bytes; the ones in question are ASCII or UTF-8. */
function latin(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
