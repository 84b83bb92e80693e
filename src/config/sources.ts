/** From what is listed under `sources` to the files that are compiled, each known to exist and to be of a known language. */
import { err, ok, type Result } from "../base/result.ts";
import type { Host } from "../host/host.ts";
import type { ConfigWitness, SourceFile } from "./extension.ts";
import {
  type Glob,
  type GlobCompiler,
  expandGlob,
  isPattern,
  loadGlobCompiler,
  matchesGlob,
  walkFolder,
} from "./glob.ts";
import { languageBySuffix, languageOf, notASource, suffixOf } from "./language.ts";
import { nearPath, nearPattern } from "./near.ts";
import { pathIdentity, pathRules, shownPath } from "./path.ts";
import { type Problem, valueAt } from "./problem.ts";
import type { Item } from "./value-type.ts";
import { patternWalkRules } from "./walk-rules.ts";

/** What is listed, and where. */
export interface SourceRequest {
  readonly host: Host;
  /** The folder that patterns and paths are relative to. */
  readonly folder: string;
  /** Project folder: decides which `build` is skipped, and how paths are shown. */
  readonly root: string;
  readonly sources: readonly Item[];
  readonly exclude: readonly Item[];
}

/** What the list stands for. */
export interface FoundSources {
  /** In the order given, those of a pattern sorted by code unit. */
  readonly sources: readonly SourceFile[];
  readonly witnesses: readonly ConfigWitness[];
}

/** Finds the files. Fails on the first entry that cannot be meant. */
export async function findSources(request: SourceRequest): Promise<Result<FoundSources, Problem>> {
  const { host, folder, root } = request;
  const rules = pathRules(host);
  const exists = (text: string): boolean => host.fs.stat(rules.resolve(folder, text)) !== undefined;
  const negated = request.sources.filter(({ text }) => text.startsWith("!") && !exists(text));
  const listed = request.sources.filter((item) => !negated.includes(item));
  const excluded = [...request.exclude, ...negated.map(({ text }) => ({ text: text.slice(1) }))];
  const leaveOut = await exclusion(host, folder, excluded);
  const compile = await compilerFor(
    rules,
    listed.some(({ text }) => isPattern(text)),
  );
  const walkRules = { ...patternWalkRules(rules, root), leaveOut };

  const found = new Map<string, { readonly source: SourceFile; readonly literal: boolean }>();
  const folders = new Map<string, readonly string[]>();
  for (const item of listed) {
    const path = rules.resolve(folder, item.text);
    const stat = host.fs.stat(path);
    if (stat === undefined && isPattern(item.text)) {
      const glob = compile(folder, item.text);
      const matched = expandGlob(host.fs, rules, glob, walkRules);
      for (const [one, names] of matched.listed) folders.set(one, names);
      const sources = matched.files.filter((file) => languageOf(file) !== undefined);
      if (sources.length === 0) return err(await nothingMatched(request, item, glob, matched.files));
      for (const source of sources) {
        const identity = pathIdentity(host, source);
        if (!found.has(identity)) found.set(identity, { source: asSource(source), literal: false });
      }
      continue;
    }
    const shown = shownPath(rules, root, path);
    const near = { fs: host.fs, rules, root, walkRules: patternWalkRules(rules, root) };
    if (stat === undefined) {
      return err({
        code: "SOURCE_NOT_FOUND",
        message: `the source \`${shown}\` does not exist`,
        ...hint(nearPath(near, item.text, path)),
        ...valueAt(item.at),
      });
    }
    if (stat.kind !== "file") {
      return err({
        code: "SOURCE_UNSUPPORTED",
        message: `\`${shown}\` is a ${stat.kind === "directory" ? "folder" : "special file"}, not a source`,
        ...hint(stat.kind === "directory" ? folderHint(request, path, item) : undefined),
        ...valueAt(item.at),
      });
    }
    if (languageOf(path) === undefined) {
      return err({ code: "SOURCE_UNSUPPORTED", ...notASource(rules.basename(path), shown), ...valueAt(item.at) });
    }
    if (leaveOut(path)) {
      return err({
        code: "CONFIG_INVALID",
        message: `\`${shown}\` is listed in \`sources\` and left out again`,
        hint: "remove it, or change what leaves it out (`exclude`, or an entry with `!`)",
        ...valueAt(item.at),
      });
    }
    const identity = pathIdentity(host, path);
    const before = found.get(identity);
    if (before?.literal === true) {
      return err({
        code: "SOURCE_DUPLICATE",
        message: `the source \`${shown}\` is listed twice`,
        hint: "remove one of the two",
        ...valueAt(item.at),
      });
    }
    found.set(identity, { source: before?.source ?? asSource(path), literal: true });
  }
  return ok({
    sources: [...found.values()].map(({ source }) => source),
    witnesses: listingWitnesses(folders),
  });
}

/** Each folder with the names that were in it. */
export function listingWitnesses(listed: ReadonlyMap<string, readonly string[]>): readonly ConfigWitness[] {
  return Array.from(listed, ([path, names]) => ({ kind: "listing", path, names }));
}

/** Whether a path is one of those left out, or lies in a folder that is. */
export async function exclusion(
  host: Host,
  folder: string,
  items: readonly Item[],
): Promise<(path: string) => boolean> {
  const rules = pathRules(host);
  const compile = await compilerFor(rules, items.length > 0);
  const globs = items.map(({ text }) => compile(folder, text));
  return (path) => globs.some((glob) => matchesGlob(rules, glob, path, true));
}

/** A file of a known suffix as a source. */
export function asSource(path: string): SourceFile {
  return { path, language: languageOf(path) ?? "c++" };
}

/** Which of the sources the patterns of an override name. */
export async function matchSources(
  { host, folder, root }: Pick<SourceRequest, "host" | "folder" | "root">,
  patterns: readonly Item[],
  sources: readonly SourceFile[],
): Promise<{ readonly matched: ReadonlySet<string>; readonly unused: readonly Problem[] }> {
  const rules = pathRules(host);
  const compile = await compilerFor(rules, true);
  const matched = new Set<string>();
  const unused: Problem[] = [];
  const without = patterns.filter(({ text }) => text.startsWith("!")).map(({ text }) => compile(folder, text.slice(1)));
  for (const item of patterns.filter(({ text }) => !text.startsWith("!"))) {
    const path = rules.resolve(folder, item.text);
    const glob = compile(folder, item.text);
    const hits = sources.filter((source) => source.path === path || matchesGlob(rules, glob, source.path, true));
    if (hits.length === 0) {
      const same = sources.find((source) => rules.basename(source.path) === rules.basename(path));
      unused.push({
        code: "SOURCE_NOT_FOUND",
        message: `\`${item.text}\` matches none of the sources`,
        hint:
          same === undefined
            ? `the sources are ${someOf(sources.map((source) => shownPath(rules, root, source.path)))}`
            : `did you mean \`${shownPath(rules, root, same.path)}\`?`,
        ...valueAt(item.at),
      });
    }
    for (const { path: hit } of hits) {
      if (!without.some((exclusion) => matchesGlob(rules, exclusion, hit, true))) matched.add(hit);
    }
  }
  return { matched, unused };
}

async function compilerFor(rules: ReturnType<typeof pathRules>, needed: boolean): Promise<GlobCompiler> {
  return needed ? loadGlobCompiler(rules) : (_folder, text) => ({ text, branches: [] });
}

async function nothingMatched(
  { host, root }: SourceRequest,
  item: Item,
  glob: Glob,
  others: readonly string[],
): Promise<Problem> {
  const rules = pathRules(host);
  const walkRules = patternWalkRules(rules, root);
  const first = others[0];
  if (first !== undefined) {
    const { message, hint: what } = notASource(rules.basename(first), shownPath(rules, root, first));
    return {
      code: "SOURCE_UNSUPPORTED",
      message: `\`${item.text}\` matches nothing that is compiled: ${message}`,
      hint: what,
      ...valueAt(item.at),
    };
  }
  if (expandGlob(host.fs, rules, glob, walkRules).files.length > 0) {
    return {
      code: "SOURCE_NOT_FOUND",
      message: `\`${item.text}\` matches only files that are left out again`,
      hint: "look at `exclude` and at the entries that begin with `!`",
      ...valueAt(item.at),
    };
  }
  return {
    code: "SOURCE_NOT_FOUND",
    message: `\`${item.text}\` matches no file`,
    ...hint(await nearPattern({ fs: host.fs, rules, root, walkRules }, glob)),
    ...valueAt(item.at),
  };
}

function folderHint({ host }: SourceRequest, path: string, item: Item): string {
  const rules = pathRules(host);
  const names = host.fs.list(path) ?? [];
  const suffixes = [...new Set(names.map(suffixOf).filter((suffix) => languageBySuffix.has(suffix)))];
  const shown = item.text.replace(/[\\/]+$/, "");
  if (item.at === undefined) return "build a folder by itself, or name the sources in it";
  if (suffixes.length === 0) {
    const walk = patternWalkRules(rules, path);
    const deep = walkFolder(host.fs, rules, path, walk)
      .files.map(suffixOf)
      .find((one) => languageBySuffix.has(one));
    return deep === undefined ? "it holds no sources" : `did you mean \`${shown}/**/*${deep}\`?`;
  }
  const pattern = suffixes.length === 1 ? `*${suffixes[0]}` : `*{${suffixes.join(",")}}`;
  return `did you mean \`${shown}/${pattern}\`?`;
}

function someOf(names: readonly string[]): string {
  const shown = names.slice(0, 4).map((name) => `\`${name}\``);
  return `${shown.join(", ")}${names.length > 4 ? ` and ${names.length - 4} more` : ""}`;
}

function hint(text: string | undefined): { readonly hint?: string } {
  return text === undefined ? {} : { hint: text };
}
