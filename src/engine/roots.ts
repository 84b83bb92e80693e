/**
 * Named roots: `/home/a/proj/csrc/x.cpp` is `$PROJECT/csrc/x.cpp` in keys and in the log, so that a project that moves
 * keeps what it has built.
 */
import { isAbsolute, resolve } from "node:path";
import { compareText } from "../base/order.ts";
import type { Action, Arg, PathArg, Root } from "../plan/graph.ts";

/** Translates between absolute paths and paths below named roots. */
export class Roots {
  readonly #byLength: readonly Root[];
  readonly #byName: ReadonlyMap<string, string>;
  readonly #logical = new Map<string, string>();

  constructor(roots: readonly Root[]) {
    this.#byLength = [...roots].sort((a, b) => b.path.length - a.path.length || compareText(a.name, b.name));
    this.#byName = new Map(roots.map((root) => [root.name, root.path]));
  }

  /** `$ROOT/rest` for a path below a root, else the path as it is. */
  logical(path: string): string {
    const known = this.#logical.get(path);
    if (known !== undefined) return known;
    let result = path;
    for (const root of this.#byLength) {
      if (!path.startsWith(root.path)) continue;
      const next = path[root.path.length];
      if (next !== undefined && next !== "/" && next !== "\\" && !root.path.endsWith("/")) continue;
      result = root.name + path.slice(root.path.length);
      break;
    }
    this.#logical.set(path, result);
    return result;
  }

  /** The reverse of `logical`. A root that no longer exists gives a path that does not exist either. */
  absolute(logical: string): string {
    if (!logical.startsWith("$")) return logical;
    const slash = logical.indexOf("/");
    const name = slash < 0 ? logical : logical.slice(0, slash);
    const root = this.#byName.get(name);
    if (root === undefined) return logical;
    return slash < 0 ? root : root + logical.slice(slash);
  }

  /** One word of a command as it stands in the key. */
  word(arg: Arg, action: Pick<Action, "cwd" | "inPlace">): string {
    if (typeof arg === "string") return arg;
    // Outputs are made under temporary names anyway, unless their names matter.
    if ((arg.role === "output" || arg.role === "depfile") && action.inPlace !== true) return `${arg.prefix ?? ""}$OUT`;
    return `${arg.prefix ?? ""}${this.#path(arg, action)}${arg.suffix ?? ""}`;
  }

  #path(arg: PathArg, action: Pick<Action, "cwd">): string {
    // The program itself is known by its content, not by its place.
    if (arg.role === "tool") return "$TOOL";
    if (arg.literal === true) return resolve(action.cwd, arg.path);
    if (isAbsolute(arg.path)) return this.logical(arg.path);
    return arg.path;
  }
}
