/**
 * Places that must stay empty. A compiler that took `torch/include/half.h` had first looked in every earlier include
 * folder, and for quoted names beside the including file; a file that appears there later would be taken instead. The
 * depfile does not name these places, so they are worked out from the search order: rather one too many than one too
 * few. Instead of a missing file the topmost missing folder above it is named, which keeps the list short.
 */
import { dirname } from "node:path";

/** What is asked of the file system. */
export type Exists = (path: string) => boolean;

/** What one action read, and where it looked. Paths are absolute. */
export interface SearchedFiles {
  /** Headers that were read. */
  readonly files: readonly string[];
  /** Include folders in search order. */
  readonly search: readonly string[];
  /** Files whose folder is searched first for quoted names: sources and headers that people edit. */
  readonly including: readonly string[];
  /** Names in `__has_include(…)`, which are looked for and may be missing altogether. */
  readonly asked: readonly string[];
}

/** The places that must stay empty, sorted by first use. */
export function absentPlaces(searched: SearchedFiles, exists: Exists): string[] {
  const absent = new Set<string>();
  const beside = [...new Set(searched.including.map((file) => dirname(file)))];
  const namesByFolder = groupByFolder(searched.files, searched.search);
  for (const [k, names] of namesByFolder) {
    const found = searched.search[k];
    const earlier = [...beside, ...searched.search.slice(0, k)];
    for (const folder of new Set(earlier)) {
      if (folder !== found) addBelow(folder, names, exists, absent);
    }
  }
  if (searched.asked.length > 0) {
    const names = tree(searched.asked);
    for (const folder of new Set([...beside, ...searched.search])) addBelow(folder, names, exists, absent);
  }
  return [...absent];
}

/** Names as a tree of their parts, so that a missing folder is asked for once. */
interface Names extends Map<string, Names> {}

function tree(names: Iterable<string>): Names {
  const root: Names = new Map();
  for (const name of names) insert(root, name);
  return root;
}

function insert(root: Names, name: string): void {
  let node = root;
  for (const part of name.split("/")) {
    if (part === "" || part === ".") continue;
    let next = node.get(part);
    if (next === undefined) {
      next = new Map();
      node.set(part, next);
    }
    node = next;
  }
}

/** For each search folder, the names of the files below it. A file may be below several. */
function groupByFolder(files: readonly string[], search: readonly string[]): Map<number, Names> {
  const groups = new Map<number, Names>();
  const prefixes = search.map((folder) => (folder.endsWith("/") ? folder : `${folder}/`));
  for (const file of files) {
    for (const [k, prefix] of prefixes.entries()) {
      if (!file.startsWith(prefix)) continue;
      let names = groups.get(k);
      if (names === undefined) {
        names = new Map();
        groups.set(k, names);
      }
      insert(names, file.slice(prefix.length));
    }
  }
  return groups;
}

function addBelow(folder: string, names: Names, exists: Exists, absent: Set<string>): void {
  if (exists(folder)) addAbsent(folder, names, exists, absent);
  else absent.add(folder);
}

function addAbsent(folder: string, names: Names, exists: Exists, absent: Set<string>): void {
  for (const [name, below] of names) {
    if (name === "..") continue;
    const path = `${folder}/${name}`;
    if (!exists(path)) absent.add(path);
    else if (below.size > 0) addAbsent(path, below, exists, absent);
  }
}

/** The names in `__has_include(<name>)` and `__has_include_next("name")` of a source text. */
export function namesAskedFor(text: string): string[] {
  if (!text.includes("__has_include")) return [];
  const names = new Set<string>();
  for (const match of text.matchAll(/__has_include(?:_next)?\s*\(\s*(?:<([^>\n]+)>|"([^"\n]+)")/g)) {
    const name = match[1] ?? match[2];
    if (name !== undefined) names.add(name.trim());
  }
  return [...names];
}
