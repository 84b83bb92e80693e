/**
 * The files of a project as a diagnosis asks for them: a header that is called a little differently, the source that
 * defines a function. Looks within bounds, and knows nothing of messages.
 */
import { isAbsolute, join, relative } from "node:path";
import { quietly } from "../base/quietly.ts";
import type { SourcePlace } from "../diagnose/diagnose.ts";
import type { Host } from "../host/host.ts";
import { definitionIn } from "./definitions.ts";

type TreeHost = Pick<Host, "fs">;

/** Folders of a project that are looked through for a header or a library. */
const mostFolders = 2_000;
const deepest = 6;
const skipped = /^(?:\..*|node_modules|__pycache__|build|dist|.*\.egg-info|site-packages)$/;

/** A folder of the project. */
export interface Folder {
  readonly path: string;
  /** Names of the files in it. */
  readonly files: ReadonlySet<string>;
}

/** Breadth first, so that what is nearer is found first. */
export function foldersBelow(host: TreeHost, root: string): Folder[] {
  const found: Folder[] = [];
  let level = [root];
  for (let depth = 0; depth <= deepest && level.length > 0; depth++) {
    const next: string[] = [];
    for (const path of level) {
      if (found.length >= mostFolders) return found;
      const names = quietly(() => host.fs.list(path)) ?? [];
      if (depth > 0 && (names.includes("pyvenv.cfg") || names.includes("conda-meta"))) continue;
      const files = new Set<string>();
      for (const name of names) {
        const kind = quietly(() => host.fs.lstat(join(path, name)))?.kind;
        if (kind === "directory") {
          if (!skipped.test(name)) next.push(join(path, name));
        } else files.add(name);
      }
      found.push({ path, files });
    }
    level = next;
  }
  return found;
}

/** Relative to the project when it lies in it. */
export function spelled(root: string, folder: string): string {
  const inside = relative(root, folder);
  if (inside === "") return ".";
  return inside.startsWith("..") || isAbsolute(inside) ? folder : inside.replaceAll("\\", "/");
}

/** The one header whose path differs from what was asked for in upper and lower case alone. */
export function headerInOtherCase(name: string, folders: readonly Folder[]): string | undefined {
  const wanted = name.replaceAll("\\", "/");
  if (wanted === "" || wanted.startsWith("/") || wanted.includes("..")) return undefined;
  const tail = `/${wanted.toLowerCase()}`;
  const base = tail.slice(tail.lastIndexOf("/") + 1);
  const found = folders.flatMap(({ path, files }) =>
    [...files]
      .filter((file) => file.toLowerCase() === base)
      .map((file) => join(path, file).replaceAll("\\", "/"))
      .filter((file) => file.toLowerCase().endsWith(tail) && !file.endsWith(`/${wanted}`)),
  );
  return found.length === 1 ? found[0] : undefined;
}

/** Sources that are read for a definition, and the longest of them. */
const mostSources = 400;
const longestSource = 1_000_000;
const sourceName = /\.(?:cpp|cc|cxx|c\+\+|c|cu|hip|mm|m)$/i;

/** Where the project defines a function; sources that are not built come first. */
export function findDefinition(
  host: TreeHost,
  wanted: {
    readonly path: readonly string[];
    readonly folders: readonly Folder[];
    readonly sources: readonly string[] | undefined;
  },
  root: string | undefined,
): SourcePlace[] {
  const files = wanted.folders
    .flatMap(({ path, files }) => [...files].filter((file) => sourceName.test(file)).map((file) => join(path, file)))
    .slice(0, mostSources);
  const built = wanted.sources === undefined ? undefined : new Set(wanted.sources);
  const found: SourcePlace[] = [];
  for (const file of files) {
    const size = quietly(() => host.fs.stat(file))?.size ?? 0;
    const text = size > longestSource ? undefined : quietly(() => host.fs.readText(file));
    const line = text === undefined ? undefined : definitionIn(text, wanted.path);
    if (line === undefined) continue;
    found.push({
      file: root === undefined ? file : spelled(root, file),
      line,
      ...(built === undefined ? {} : { isBuilt: built.has(file) }),
    });
  }
  return found.sort((a, b) => Number(a.isBuilt ?? false) - Number(b.isBuilt ?? false)).slice(0, 3);
}
