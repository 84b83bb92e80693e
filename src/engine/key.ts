/**
 * The key of an action: everything known before it runs that can change its output. One walk makes the parts; the key
 * is their digest, and `explain` compares the parts of two walks, so that the explanation cannot drift from the key.
 *
 * Not in the key: times, absolute places below named roots, the place of a program (its content is), launchers such as
 * ccache, and variables that no tool of the action reads. Headers found while it runs are not known here; they are
 * recorded beside the key.
 */
import { digestOfParts, type Digest } from "../base/digest.ts";
import { compareText } from "../base/order.ts";
import { argText, type Action } from "../plan/graph.ts";
import type { Reason } from "./reason.ts";
import type { Roots } from "./roots.ts";

/** Raised when the meaning of the parts changes: every key changes with it. */
const version = "2";

/** What a key is made of. */
export interface KeyInput {
  readonly action: Action;
  readonly roots: Roots;
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Declared inputs with their content; undefined content stands for a missing file. */
  readonly inputs: readonly { readonly path: string; readonly digest: Digest | undefined }[];
  /** Libraries by name, as they were found. */
  readonly libraries: readonly { readonly name: string; readonly path: string; readonly digest: Digest }[];
}

/** Parts of the key as texts `kind:…`, in a fixed order. */
export function keyParts(input: KeyInput): string[] {
  const { action, roots } = input;
  const parts = [`version:${version}`, `kind:${action.kind}`, `in:${roots.logical(action.cwd)}`];
  const command = action.keyCommand ?? action.command;
  for (const arg of command.slice(launcherLength(action))) parts.push(`word:${roots.word(arg, action)}`);
  if (action.responseFile !== undefined) parts.push(`response:${action.responseFile.content}`);
  if (action.note !== undefined) parts.push(`provenance:${action.note.text}`);
  const variables = new Map<string, string>();
  for (const name of action.keyVariables) {
    const value = input.variables[name];
    if (value !== undefined) variables.set(name, value);
  }
  for (const [name, value] of Object.entries(action.env)) variables.set(name, value);
  for (const [name, value] of [...variables].sort((a, b) => compareText(a[0], b[0]))) {
    parts.push(`variable:${name}=${value}`);
  }
  for (const tool of action.tools) {
    for (const part of tool.parts) {
      if (!takesPart(action, part.name)) continue;
      parts.push(`tool:${tool.name}\t${part.name}\t${tool.version}\t${part.digest}`);
    }
  }
  for (const { path, digest } of input.inputs) parts.push(`input:${roots.logical(path)}\t${digest ?? "missing"}`);
  for (const library of input.libraries) {
    parts.push(`library:${library.name}\t${roots.logical(library.path)}\t${library.digest}`);
  }
  return parts;
}

/** A link starts the driver and the linker; the compilers proper only come in with sources. */
function takesPart(action: Action, part: string): boolean {
  return action.kind !== "link" || !/^cc1(?:plus|obj|objplus)?$/.test(part);
}

/** How many words stand before the program: what starts it, such as ccache, does not change what it makes. */
function launcherLength(action: Action): number {
  const first = (action.keyCommand ?? action.command).map(argText);
  const starts = (launcher: readonly string[]): boolean => launcher.every((word, i) => first[i] === word);
  return Math.max(0, ...action.tools.map(({ launcher }) => (starts(launcher) ? launcher.length : 0)));
}

/** The key of a list of parts. */
export function keyOf(parts: readonly string[]): Digest {
  return digestOfParts(parts);
}

/** What differs between the parts of the last run and of now. Empty only when they are equal. */
export function compareParts(old: readonly string[], now: readonly string[]): Reason[] {
  const reasons: Reason[] = [];
  const before = group(old);
  const after = group(now);
  if (before("version").join() !== after("version").join()) {
    return [{ kind: "command-changed", removed: [], added: ["another version of retorch"] }];
  }
  words(before, after, reasons);
  note(before, after, reasons);
  variables(before("variable"), after("variable"), reasons);
  tools(before("tool"), after("tool"), reasons);
  inputs(before("input"), after("input"), reasons);
  libraries(before("library"), after("library"), reasons);
  if (reasons.length === 0) reasons.push({ kind: "command-changed", removed: [], added: [] });
  return reasons;
}

type Grouped = (kind: string) => readonly string[];

function group(parts: readonly string[]): Grouped {
  const groups = new Map<string, string[]>();
  for (const part of parts) {
    const colon = part.indexOf(":");
    const kind = part.slice(0, colon);
    const values = groups.get(kind);
    if (values === undefined) groups.set(kind, [part.slice(colon + 1)]);
    else values.push(part.slice(colon + 1));
  }
  return (kind) => groups.get(kind) ?? [];
}

function words(before: Grouped, after: Grouped, reasons: Reason[]): void {
  const old = [...before("kind"), ...before("in"), ...before("word"), ...before("response")];
  const now = [...after("kind"), ...after("in"), ...after("word"), ...after("response")];
  if (old.length === now.length && old.every((word, i) => word === now[i])) return;
  const removed = without(old, now);
  const added = without(now, old);
  // Objects that come and go are told better by the inputs.
  const isObject = (word: string): boolean => /\.(?:o|obj)$/.test(word);
  if (removed.length + added.length > 0 && [...removed, ...added].every(isObject)) return;
  reasons.push({ kind: "command-changed", removed, added });
}

/** Of what a link says in its result, only the fields that differ. */
function note(before: Grouped, after: Grouped, reasons: Reason[]): void {
  const [old = "{}"] = before("provenance");
  const [now = "{}"] = after("provenance");
  if (old === now) return;
  const fields = (text: string): string[] =>
    Object.entries(JSON.parse(text) as Record<string, unknown>).map(
      ([name, value]) => `note ${name}=${typeof value === "string" ? value : JSON.stringify(value)}`,
    );
  reasons.push({
    kind: "command-changed",
    removed: without(fields(old), fields(now)),
    added: without(fields(now), fields(old)),
  });
}

/** The words of `a` that `b` has not, counting repetitions. */
function without(a: readonly string[], b: readonly string[]): string[] {
  const left = new Map<string, number>();
  for (const word of b) left.set(word, (left.get(word) ?? 0) + 1);
  return a.filter((word) => {
    const count = left.get(word) ?? 0;
    if (count > 0) left.set(word, count - 1);
    return count === 0;
  });
}

function variables(old: readonly string[], now: readonly string[], reasons: Reason[]): void {
  const parse = (list: readonly string[]): Map<string, string> =>
    new Map(list.map((text) => [text.slice(0, text.indexOf("=")), text.slice(text.indexOf("=") + 1)]));
  const before = parse(old);
  const after = parse(now);
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    const from = before.get(name);
    const to = after.get(name);
    if (from === to) continue;
    reasons.push({
      kind: "variable-changed",
      name,
      ...(from === undefined ? {} : { old: from }),
      ...(to === undefined ? {} : { new: to }),
    });
  }
}

function tools(old: readonly string[], now: readonly string[], reasons: Reason[]): void {
  interface Part {
    readonly tool: string;
    readonly part: string;
    readonly version: string;
    readonly digest: string;
  }
  const parse = (list: readonly string[]): Map<string, Part> =>
    new Map(
      list.map((text) => {
        const [tool = "", part = "", version = "", digest = ""] = text.split("\t");
        return [`${tool}\t${part}`, { tool, part, version, digest }];
      }),
    );
  const before = parse(old);
  const after = parse(now);
  const names = (parts: ReadonlyMap<string, Part>): string[] => [
    ...new Set([...parts.values()].map(({ tool }) => tool)),
  ];
  const gone = names(before).filter((name) => !names(after).includes(name));
  const come = names(after).filter((name) => !names(before).includes(name));
  const versioned = (parts: ReadonlyMap<string, Part>, name: string): string =>
    `${name} ${[...parts.values()].find(({ tool }) => tool === name)?.version ?? ""}`.trim();
  // Another program altogether is one reason, not one for each of its parts.
  for (let i = 0; i < Math.max(gone.length, come.length); i++) {
    const from = gone[i];
    const to = come[i];
    reasons.push({
      kind: "tool-changed",
      name: "program",
      old: from === undefined ? "(none)" : versioned(before, from),
      new: to === undefined ? "(none)" : versioned(after, to),
    });
  }
  for (const tool of names(after).filter((name) => !come.includes(name))) {
    const changed = [...new Set([...before.keys(), ...after.keys()])]
      .map((name) => ({ from: before.get(name), to: after.get(name) }))
      .filter(({ from, to }) => (to ?? from)?.tool === tool)
      .filter(({ from, to }) => from?.digest !== to?.digest || from?.version !== to?.version);
    const [first] = changed;
    if (first === undefined) continue;
    const other = changed.find(({ from, to }) => from !== undefined && to !== undefined && from.version !== to.version);
    if (other?.from !== undefined && other.to !== undefined) {
      reasons.push({ kind: "tool-changed", name: tool, old: other.from.version, new: other.to.version });
      continue;
    }
    const parts = changed.map(({ from, to }) => (to ?? from)?.part ?? "");
    const shown = parts.length > 4 ? `${parts.slice(0, 3).join(", ")} and ${parts.length - 3} more` : parts.join(", ");
    const text = (part: Part | undefined): string =>
      part === undefined ? "absent" : `${part.version} (${part.digest.slice(0, 8)})`;
    reasons.push({
      kind: "tool-changed",
      name: tool,
      ...(shown === tool ? {} : { part: shown }),
      old: text(first.from),
      new: text(first.to),
    });
  }
}

function inputs(old: readonly string[], now: readonly string[], reasons: Reason[]): void {
  const before = new Map(old.map((text) => text.split("\t") as [string, string]));
  const after = new Map(now.map((text) => text.split("\t") as [string, string]));
  for (const [path, digest] of after) {
    const was = before.get(path);
    if (was === digest) continue;
    if (digest === "missing") reasons.push({ kind: "input-missing", path });
    else if (was === undefined) reasons.push({ kind: "input-added", path });
    else reasons.push({ kind: "input-changed", path });
  }
  for (const path of before.keys()) if (!after.has(path)) reasons.push({ kind: "input-removed", path });
}

function libraries(old: readonly string[], now: readonly string[], reasons: Reason[]): void {
  const parse = (list: readonly string[]): Map<string, { path: string; digest: string }> =>
    new Map(
      list.map((text) => {
        const [name = "", path = "", digest = ""] = text.split("\t");
        return [name, { path, digest }];
      }),
    );
  const before = parse(old);
  const after = parse(now);
  for (const [name, to] of after) {
    const from = before.get(name);
    if (from === undefined) reasons.push({ kind: "input-added", path: to.path });
    else if (from.path !== to.path) reasons.push({ kind: "shadowed", path: to.path, hides: from.path });
    else if (from.digest !== to.digest) reasons.push({ kind: "input-changed", path: to.path });
  }
  for (const [name, from] of before) {
    if (!after.has(name)) reasons.push({ kind: "input-removed", path: from.path });
  }
}
