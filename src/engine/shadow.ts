/**
 * Places that must stay empty. A compiler that took `torch/include/half.h` had first looked in every earlier include
 * folder, and for quoted names beside the including file; a file that appears there later would be taken instead. The
 * depfile does not name these places, so they are worked out from the search order: rather one too many than one too
 * few. Instead of a missing file the topmost missing folder above it is named, which keeps the list short.
 */
import { dirname, join, resolve } from "node:path";

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
  /** Names that were found from an include folder upwards: `../config.h`. */
  readonly climbing?: readonly string[];
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
  for (const name of searched.climbing ?? []) {
    for (const folder of new Set([...beside, ...searched.search])) {
      if (!exists(folder)) absent.add(folder);
      else if (!exists(join(folder, name))) absent.add(join(folder, name));
    }
  }
  return [...absent];
}

/**
 * The names of headers that were found from an include folder upwards: `#include <../config.h>` is said to be read
 * from `include/../config.h`, of which the folder that was searched can no longer be told once the path is tidied up.
 *
 * @param named Paths as the compiler wrote them.
 */
export function climbingNames(named: readonly string[], search: readonly string[], cwd: string): string[] {
  const folders = new Set(search);
  const names = new Set<string>();
  for (const path of named) {
    for (let at = path.indexOf("/../"); at >= 0; at = path.indexOf("/../", at + 1)) {
      if (folders.has(resolve(cwd, path.slice(0, at)))) names.add(path.slice(at + 1));
    }
  }
  return [...names];
}

/** The topmost place on the way from a folder to a name below it where nothing is. Undefined when all of it is there. */
export function emptyPlace(folder: string, name: string, exists: Exists): string | undefined {
  let place = folder;
  if (!exists(place)) return place;
  for (const part of name.split("/")) {
    place = join(place, part);
    if (!exists(place)) return place;
  }
  return undefined;
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
