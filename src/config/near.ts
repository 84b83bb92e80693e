/** Says what is near a path or pattern that leads nowhere: the sentence that follows "did you mean". */
import type { FileSystem } from "../host/host.ts";
import { type Glob, type WalkRules, listReadable, loadGlobCompiler, walkFolder } from "./glob.ts";
import { languageOf, stemOf, suffixOf } from "./language.ts";
import { type PathRules, below, shownPath, withSlashes } from "./path.ts";
import { closest } from "./suggest.ts";

/** A search for something similar may not take longer than people wait for a message. */
const maxFolders = 500;

/** Where to look. */
export interface NearSearch {
  readonly fs: FileSystem;
  readonly rules: PathRules;
  /** Project folder: paths are shown relative to it. */
  readonly root: string;
  readonly walkRules: WalkRules;
}

/** What to do about a path that does not exist. */
export function nearPath(search: NearSearch, text: string, path: string): string | undefined {
  const { fs, rules, root } = search;
  if (/^~|\$[A-Za-z_{(]/.test(text)) return "`~` and variables are not expanded here: write the path itself";
  if (rules.sep === "/" && text.includes("\\")) return "folders are separated by `/`, on Windows too";
  const folder = rules.dirname(path);
  const names = listReadable(fs, folder);
  if (names === undefined) return nearFolder(search, folder, rules.basename(path));
  const name = rules.basename(path);
  const siblings = names.filter((one) => languageOf(one) !== undefined || suffixOf(one) === suffixOf(name));
  const meant = siblings.find((one) => stemOf(one) === stemOf(name)) ?? closest(name, siblings);
  if (meant !== undefined) return `did you mean \`${shownPath(rules, root, rules.join(folder, meant))}\`?`;
  const elsewhere = walkFolder(fs, rules, root, { ...search.walkRules, maxFolders }).files.filter(
    (one) => rules.basename(one) === name,
  );
  if (elsewhere[0] !== undefined) return `did you mean \`${shownPath(rules, root, elsewhere[0])}\`?`;
  return whatIsThere(
    search,
    folder,
    siblings.filter((one) => languageOf(one) !== undefined),
  );
}

/** What to do about a pattern that matches nothing. */
export async function nearPattern(search: NearSearch, glob: Glob): Promise<string | undefined> {
  const { fs, rules, root } = search;
  if (/^~|\$[A-Za-z_{(]/.test(glob.text)) return "`~` and variables are not expanded here: write the path itself";
  const branch = glob.branches[0];
  if (branch === undefined) return undefined;
  const tail = withSlashes(rules, glob.text).split("/").at(-1) ?? "";
  if (fs.stat(branch.base)?.kind !== "directory") return nearFolder(search, branch.base, tail);
  const files = walkFolder(fs, rules, branch.base, { ...search.walkRules, maxFolders }).files.filter(
    (file) => languageOf(file) !== undefined,
  );
  const compile = await loadGlobCompiler(rules);
  const deeper = compile(branch.base, `**/${tail}`).branches[0]?.segments.at(-1);
  if (deeper !== undefined && files.some((file) => fits(deeper, rules.basename(file)))) {
    const start = below(rules, root, branch.base);
    const shown = start === undefined ? branch.base : start;
    return `did you mean \`${shown === "" ? "" : `${withSlashes(rules, shown)}/`}**/${tail}\`?`;
  }
  return whatIsThere(
    search,
    branch.base,
    files.map((file) => withSlashes(rules, rules.relative(branch.base, file))),
  );
}

function fits(segment: Glob["branches"][number]["segments"][number], name: string): boolean {
  if (segment.kind === "any-depth") return true;
  return segment.kind === "literal" ? segment.name === name : segment.matches(name);
}

function nearFolder({ fs, rules, root }: NearSearch, folder: string, tail: string): string {
  let missing = folder;
  let parent = rules.dirname(missing);
  while (parent !== missing && fs.stat(parent)?.kind !== "directory") {
    missing = parent;
    parent = rules.dirname(missing);
  }
  const folders = (listReadable(fs, parent) ?? []).filter(
    (name) => fs.stat(rules.join(parent, name))?.kind === "directory",
  );
  const meant = closest(rules.basename(missing), folders);
  const shown = shownPath(rules, root, missing);
  if (meant === undefined) return `there is no folder \`${shown}\``;
  const rest = rules.relative(missing, folder);
  const proposal = withSlashes(rules, rules.join(shownPath(rules, root, rules.join(parent, meant)), rest, tail));
  return `there is no folder \`${shown}\`; did you mean \`${proposal}\`?`;
}

function whatIsThere({ rules, root }: NearSearch, folder: string, sources: readonly string[]): string {
  const where = shownPath(rules, root, folder);
  const place = where === "." ? "the project folder" : `\`${where}\``;
  if (sources.length === 0) return `${place} holds no sources`;
  const shown = sources.slice(0, 4).map((name) => `\`${name}\``);
  const more = sources.length - shown.length;
  return `${place} holds ${shown.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
