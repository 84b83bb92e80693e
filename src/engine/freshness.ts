/**
 * Decides whether an action has to be done, and why. It asks for contents and for the log; it runs nothing and changes
 * no file. The producers of an action's inputs must be done before it is judged.
 */
import type { Digest } from "../base/digest.ts";
import type { Action } from "../plan/graph.ts";
import type { FileDigests } from "./file-digests.ts";
import { compareParts, keyOf, keyParts } from "./key.ts";
import type { ActionRecord, BuildLog } from "./log.ts";
import type { Reason } from "./reason.ts";
import type { Roots } from "./roots.ts";

/** A package that many files belong to: a change of all of them is told as one. */
export interface Package {
  /** `torch`. */
  readonly name: string;
  /** `2.13.0+cpu`. */
  readonly version: string;
  /** Name of its root: `$TORCH`. */
  readonly root: string;
}

/** What a judgement rests on. */
export interface JudgeContext {
  readonly roots: Roots;
  readonly log: BuildLog;
  readonly digests: FileDigests;
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly packages: readonly Package[];
  readonly force: boolean;
}

/** What was found out about an action. */
export interface Judgement {
  readonly key: Digest;
  /** What the key was made of, with notes that are only for explanations. */
  readonly parts: readonly string[];
  /** Declared inputs that are missing. */
  readonly missing: readonly string[];
  /** Empty when the action is fresh. */
  readonly reasons: readonly Reason[];
  /** What was recorded the last time. */
  readonly record: ActionRecord | undefined;
  /** Libraries and the like that were found by name. Absolute. */
  readonly libraries: readonly string[];
  /** Places that were looked at for them and must stay empty. Absolute. */
  readonly absent: readonly string[];
}

const note = "note:";

/** Judges actions of one run, remembering what it has compared. */
export class Judge {
  readonly #context: JudgeContext;
  /** By pair number: 0 not compared yet, 1 as recorded, 2 different. */
  #pairs: Uint8Array;

  constructor(context: JudgeContext) {
    this.#context = context;
    this.#pairs = new Uint8Array(context.log.pairCount);
  }

  judge(action: Action): Judgement {
    const { roots, digests, variables, log, force } = this.#context;
    const inputs = action.inputs.map((path) => ({ path, digest: digests.digest(path) }));
    const { libraries, absent } = this.#libraries(action);
    const keyed = keyParts({ action, roots, variables, inputs, libraries });
    const key = keyOf(keyed);
    const parts = [...keyed, ...this.#context.packages.map((p) => `${note}${p.root}=${p.name} ${p.version}`)];
    const record = log.action(action.id);
    const missing = inputs.filter((input) => input.digest === undefined).map((input) => input.path);
    const base = { key, parts, missing, record, libraries: libraries.map(({ path }) => path), absent };
    if (record === undefined) return { ...base, reasons: [{ kind: "never-built" }] };
    const reasons: Reason[] = [];
    if (record.key !== key) reasons.push(...compareParts(record.parts.filter(isKeyed), keyed));
    if (record.editedMeanwhile !== undefined) {
      reasons.push({ kind: "changed-while-building", path: record.editedMeanwhile });
    }
    reasons.push(...this.#discovered(record), ...this.#absent(record), ...this.#outputs(action, record));
    if (reasons.length === 0 && force) reasons.push({ kind: "forced" });
    if (reasons.length === 0 && record.leftInStore === true) this.#promise(action, record);
    return { ...base, reasons: this.#told(reasons, record.parts, parts) };
  }

  /** The first file of each library name, and the earlier places that were empty. */
  #libraries(action: Action): {
    libraries: { name: string; path: string; digest: Digest }[];
    absent: string[];
  } {
    const libraries = [];
    const absent: string[] = [];
    for (const { names, dirs } of action.librarySearch) {
      search: for (const dir of dirs) {
        for (const name of names) {
          const path = `${dir}/${name}`;
          const digest = this.#context.digests.digest(path);
          if (digest === undefined) {
            // A folder of this name is as good as nothing, but not an empty place.
            if (!this.#context.digests.exists(path)) absent.push(path);
          } else {
            libraries.push({ name: names[0] ?? name, path, digest });
            break search;
          }
        }
      }
    }
    return { libraries, absent };
  }

  #discovered(record: ActionRecord): Reason[] {
    const { log, digests, roots } = this.#context;
    const reasons: Reason[] = [];
    if (this.#pairs.length < log.pairCount) {
      const grown = new Uint8Array(log.pairCount);
      grown.set(this.#pairs);
      this.#pairs = grown;
    }
    for (const id of record.discovered) {
      if (this.#pairs[id] === 1) continue;
      const { path, digest } = log.pair(id);
      const now = digests.digest(roots.absolute(path));
      if (now === digest) {
        this.#pairs[id] = 1;
        continue;
      }
      this.#pairs[id] = 2;
      reasons.push(now === undefined ? { kind: "input-missing", path } : { kind: "input-changed", path });
    }
    return reasons;
  }

  #absent(record: ActionRecord): Reason[] {
    const { digests, roots } = this.#context;
    const reasons: Reason[] = [];
    for (const path of record.absent) {
      if (digests.exists(roots.absolute(path))) {
        reasons.push({ kind: "shadowed", ...this.#shadow(path, record) });
      }
    }
    return reasons;
  }

  /** The new file, and the recorded header whose name ends like it. The place may be a folder above the new file. */
  #shadow(place: string, record: ActionRecord): { path: string; hides: string } {
    const { digests, roots, log } = this.#context;
    const name = place.slice(place.lastIndexOf("/"));
    let guess: string | undefined;
    for (const id of record.discovered) {
      const other = log.pair(id).path;
      if (other.endsWith(name)) return { path: place, hides: other };
      const at = other.lastIndexOf(`${name}/`);
      if (at < 0) continue;
      const path = place + other.slice(at + name.length);
      if (digests.exists(roots.absolute(path))) return { path, hides: other };
      guess ??= other;
    }
    return { path: place, hides: guess ?? "a file found elsewhere until now" };
  }

  #outputs(action: Action, record: ActionRecord): Reason[] {
    if (record.leftInStore === true) return [];
    const { digests, roots } = this.#context;
    const recorded = new Map(record.outputs.map((output) => [output.path, output.digest]));
    const reasons: Reason[] = [];
    for (const output of action.outputs) {
      const path = roots.logical(output);
      const now = digests.digest(output);
      if (now === undefined) reasons.push({ kind: "output-missing", path });
      else if (now !== recorded.get(path)) reasons.push({ kind: "output-changed", path });
    }
    return reasons;
  }

  /** Outputs that are still in the store count as being there: what needs them is judged by that. */
  #promise(action: Action, record: ActionRecord): void {
    const { digests, roots } = this.#context;
    for (const output of action.outputs) {
      const digest = record.outputs.find(({ path }) => path === roots.logical(output))?.digest;
      if (digest !== undefined && digests.digest(output) !== digest) digests.promise(output, digest);
    }
  }

  /** A package that was replaced is one reason, not a thousand. */
  #told(reasons: readonly Reason[], old: readonly string[], now: readonly string[]): Reason[] {
    const before = notes(old);
    const after = notes(now);
    const replaced = new Map<string, Reason>();
    for (const [root, text] of after) {
      const was = before.get(root);
      if (was === undefined || was === text) continue;
      const [name = "", version = ""] = text.split(" ");
      replaced.set(root, { kind: "package-changed", name, old: was.split(" ")[1] ?? "", new: version });
    }
    if (replaced.size === 0) return [...reasons];
    const told: Reason[] = [];
    for (const reason of reasons) {
      const root = "path" in reason ? /^\$[A-Z]+/.exec(reason.path)?.[0] : undefined;
      const whole = root === undefined ? undefined : replaced.get(root);
      if (whole === undefined) told.push(reason);
      else if (!told.includes(whole)) told.push(whole);
    }
    return told;
  }
}

function isKeyed(part: string): boolean {
  return !part.startsWith(note);
}

function notes(parts: readonly string[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const part of parts) {
    if (isKeyed(part)) continue;
    const equals = part.indexOf("=");
    found.set(part.slice(note.length, equals), part.slice(equals + 1));
  }
  return found;
}
