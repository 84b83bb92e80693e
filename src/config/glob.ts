/**
 * Patterns for files: what they mean (`**`, `*`, `?`, `[ab]`, `{a,b}`), which files on the disk they name, and whether
 * they name a given path. What a file is good for is not known here.
 */
import { compareText } from "../base/order.ts";
import type { FileSystem } from "../host/host.ts";
import { type PathRules, below, withSlashes } from "./path.ts";

/** One part of a pattern between two slashes. */
type Segment =
  | { readonly kind: "any-depth" }
  | { readonly kind: "literal"; readonly name: string }
  | { readonly kind: "pattern"; readonly matches: (name: string) => boolean };

/** A pattern without braces, as a folder to begin at and what must follow below it. */
export interface GlobBranch {
  readonly base: string;
  readonly segments: readonly Segment[];
}

/** A pattern, ready for use. */
export interface Glob {
  /** As written. */
  readonly text: string;
  readonly branches: readonly GlobBranch[];
}

/** Turns the text of a pattern into one for use, relative to a folder. */
export type GlobCompiler = (folder: string, text: string) => Glob;

/** Whether a text can be anything else than a plain path. */
export function isPattern(text: string): boolean {
  return /[*?[{\\]/.test(text);
}

/** Loads what patterns need. On Windows both slashes separate; elsewhere `\` takes the meaning from what follows it. */
export async function loadGlobCompiler(rules: PathRules): Promise<GlobCompiler> {
  const { default: picomatch } = await import("picomatch");
  const compileSegment = (text: string): Segment => {
    if (text === "**") return { kind: "any-depth" };
    if (!/(?<!\\)(?:\\\\)*[*?[]/.test(text)) return { kind: "literal", name: unescape(text) };
    const expression = picomatch.makeRe(plainSegment(text), {
      windows: false,
      posix: true,
      nobrace: true,
      noextglob: true,
      nonegate: true,
    });
    return { kind: "pattern", matches: (name) => expression.test(name) };
  };
  return (folder, text) => ({
    text,
    branches: expandBraces(withSlashes(rules, text)).map((branch) => {
      const segments = branch.split("/").filter((part, index) => (part !== "" || index === 0) && part !== ".");
      let fixed = 0;
      const compiled = segments.map(compileSegment);
      while (fixed < segments.length - 1 && compiled[fixed]?.kind === "literal") fixed += 1;
      const leading = segments.slice(0, fixed).map(unescape);
      // The root itself, `/` or `C:/`, is written with its slash.
      const isRoot = leading.length === 1 && /^(?:[A-Za-z]:)?$/.test(leading[0] ?? "");
      const base = isRoot ? `${leading[0]}/` : leading.join("/");
      return { base: rules.resolve(folder, base), segments: compiled.slice(fixed) };
    }),
  });
}

/** What only shells with extensions know is meant as it stands: parentheses, `+`, `@`, `!`, `|`. */
function plainSegment(text: string): string {
  return text.replaceAll(/\\.|\[(?:!|\^)?\]?[^\]]*\]|\*+|[(){}+@!|]/g, (part) => {
    if (part.startsWith("\\") || part.startsWith("[")) return part;
    return part.startsWith("*") ? "*" : `\\${part}`;
  });
}

function unescape(text: string): string {
  return text.replaceAll(/\\(.)/g, "$1");
}

/** `{a,b/c}.cpp` → `a.cpp`, `b/c.cpp`. Braces without a comma mean themselves, as in a shell. */
export function expandBraces(text: string): string[] {
  for (let open = 0; open < text.length; open++) {
    if (text[open] === "\\") {
      open += 1;
      continue;
    }
    if (text[open] !== "{") continue;
    const cuts = braceCuts(text, open);
    if (cuts === undefined || cuts.length < 3) continue;
    const close = cuts.at(-1) ?? open;
    const options: string[] = [];
    for (let i = 0; i + 1 < cuts.length; i++) options.push(text.slice((cuts[i] ?? 0) + 1, cuts[i + 1]));
    const head = text.slice(0, open);
    const tail = text.slice(close + 1);
    return options.flatMap((option) => expandBraces(`${head}${option}${tail}`));
  }
  return [text];
}

/** Positions of the opening brace, of the commas of its own level, and of the brace that closes it. */
function braceCuts(text: string, open: number): number[] | undefined {
  const cuts = [open];
  let depth = 0;
  for (let i = open; i < text.length; i++) {
    if (text[i] === "\\") i += 1;
    else if (text[i] === "{") depth += 1;
    else if (text[i] === "," && depth === 1) cuts.push(i);
    else if (text[i] === "}") {
      depth -= 1;
      if (depth === 0) return [...cuts, i];
    }
  }
  return undefined;
}

/** Which folders a walk leaves alone when the pattern does not name them. */
export interface WalkRules {
  /** By its name, before it is looked into. */
  readonly skipFolder: (path: string, name: string) => boolean;
  /** By what it holds. */
  readonly skipHolding: (names: readonly string[]) => boolean;
  /** Whatever the pattern says. */
  readonly leaveOut?: (path: string) => boolean;
  /** Where a walk gives up: somebody may stand in their home folder. */
  readonly maxFolders?: number;
}

/** What a walk found. */
export interface WalkResult {
  /** Absolute, each once, sorted by code unit. */
  readonly files: readonly string[];
  /** The names in each folder that was read: a new one may change the result. */
  readonly listed: ReadonlyMap<string, readonly string[]>;
  /** False when it gave up. */
  readonly complete: boolean;
}

/** All files that a pattern names. Links to folders are followed, each folder once, however many ways lead to it. */
export function expandGlob(fs: FileSystem, rules: PathRules, glob: Glob, walkRules: WalkRules): WalkResult {
  const files = new Set<string>();
  const listed = new Map<string, readonly string[]>();
  let complete = true;
  for (const branch of glob.branches) {
    if (!walkBranch(fs, rules, branch, walkRules, { files, listed })) complete = false;
  }
  const order = (a: string, b: string): number => compareText(withSlashes(rules, a), withSlashes(rules, b));
  return { files: [...files].sort(order), listed, complete };
}

/** All files below a folder, without a pattern. */
export function walkFolder(fs: FileSystem, rules: PathRules, folder: string, walkRules: WalkRules): WalkResult {
  const branch: GlobBranch = { base: folder, segments: [{ kind: "any-depth" }] };
  return expandGlob(fs, rules, { text: "**", branches: [branch] }, walkRules);
}

interface Visit {
  readonly path: string;
  readonly real: string;
  readonly states: ReadonlySet<number>;
  /** The pattern names this folder letter by letter. */
  readonly named: boolean;
}

function walkBranch(
  fs: FileSystem,
  rules: PathRules,
  { base, segments }: GlobBranch,
  walkRules: WalkRules,
  found: { readonly files: Set<string>; readonly listed: Map<string, readonly string[]> },
): boolean {
  const visited = new Set<string>();
  const folders: Visit[] = [
    { path: base, real: fs.realpath(base) ?? base, states: closure(segments, [0]), named: true },
  ];
  // Links wait until all real folders were seen, so that a file is found under its real name where it has one.
  const links: Visit[] = [];
  for (let visit = folders.shift(); visit !== undefined; visit = folders.shift() ?? links.shift()) {
    if (visited.has(visit.real)) continue;
    if (visited.size === walkRules.maxFolders) return false;
    visited.add(visit.real);
    const names = listReadable(fs, visit.path);
    found.listed.set(visit.path, names ?? []);
    if (names === undefined || (!visit.named && walkRules.skipHolding(names))) continue;
    for (const name of names) {
      const path = rules.join(visit.path, name);
      const step = advance(segments, visit.states, name);
      if ((step.states.size === 0 && !step.accepted) || walkRules.leaveOut?.(path) === true) continue;
      const own = readable(() => fs.lstat(path)?.kind);
      const kind = own === "link" ? readable(() => fs.stat(path)?.kind) : own;
      if (kind === "file" && step.accepted) found.files.add(path);
      if (kind !== "directory" || step.states.size === 0) continue;
      if (!step.named && (name.startsWith(".") ? !step.matched : walkRules.skipFolder(path, name))) continue;
      const next = { path, states: step.states, named: step.named };
      if (own === "link") links.push({ ...next, real: fs.realpath(path) ?? path });
      else folders.push({ ...next, real: rules.join(visit.real, name) });
    }
  }
  return true;
}

/** What a name leads to. */
interface Step {
  /** Parts of the pattern that may follow, when it is a folder. */
  readonly states: ReadonlySet<number>;
  /** The pattern ends here, when it is a file. */
  readonly accepted: boolean;
  /** Some part of the pattern names it letter by letter. */
  readonly named: boolean;
  /** Some part of the pattern other than `**` fits it. */
  readonly matched: boolean;
}

function advance(segments: readonly Segment[], states: ReadonlySet<number>, name: string, hidden = false): Step {
  const next: number[] = [];
  let accepted = false;
  let named = false;
  let matched = false;
  for (const state of states) {
    const segment = segments[state];
    if (segment === undefined) continue;
    if (segment.kind === "any-depth") {
      if (name.startsWith(".") && !hidden) continue;
      next.push(state);
      if (state === segments.length - 1) accepted = true;
    } else if (segment.kind === "literal" ? segment.name === name : segment.matches(name)) {
      matched = true;
      if (segment.kind === "literal") named = true;
      if (state === segments.length - 1) accepted = true;
      else next.push(state + 1);
    }
  }
  return { states: closure(segments, next), accepted, named, matched };
}

/** `**` also stands for no folder at all. */
function closure(segments: readonly Segment[], states: readonly number[]): ReadonlySet<number> {
  const all = new Set<number>();
  for (const first of states) {
    for (let state = first; !all.has(state); state++) {
      all.add(state);
      if (segments[state]?.kind !== "any-depth" || state === segments.length - 1) break;
    }
  }
  return all;
}

/** Whether a pattern names a path; with `inside`, whether it names it or a folder that holds it. */
export function matchesGlob(rules: PathRules, glob: Glob, path: string, inside: boolean): boolean {
  return glob.branches.some(({ base, segments }) => {
    const relative = below(rules, base, path);
    if (relative === undefined || relative === "") return false;
    const names = relative.split("/");
    let states = closure(segments, [0]);
    for (const [index, name] of names.entries()) {
      const step = advance(segments, states, name, true);
      if (step.accepted && (inside || index === names.length - 1)) return true;
      states = step.states;
    }
    return false;
  });
}

/** The names in a folder; undefined when it is none, or is closed to us. */
export function listReadable(fs: FileSystem, path: string): readonly string[] | undefined {
  return readable(() => fs.list(path));
}

/** Undefined for what the system will not show: to a search it is not there. */
function readable<T>(look: () => T | undefined): T | undefined {
  try {
    return look();
  } catch (error) {
    if (error instanceof Error && "code" in error && typeof error.code === "string" && /^E[A-Z]/.test(error.code)) {
      return undefined;
    }
    throw error;
  }
}
