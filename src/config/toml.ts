/** Reads TOML documents, and finds the line and column of what is wrong in them. Knows nothing of the keys. */
import type { AST } from "toml-eslint-parser";
import type { Location } from "../base/failure.ts";
import { err, ok, type Result } from "../base/result.ts";
import type { Place, TomlPath } from "./problem.ts";

/** What is wrong with a document as a document. */
export interface TomlSyntaxProblem {
  /** Without a full stop: `invalid value`. */
  readonly message: string;
  readonly line?: number;
  readonly column?: number;
}

/** The text of a file: UTF-8, without a byte order mark. */
export function decodeToml(bytes: Uint8Array): Result<string, TomlSyntaxProblem> {
  const [first = 1, second = 1] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff) || first === 0 || second === 0) {
    return err({ message: "it is encoded as UTF-16; TOML is always UTF-8" });
  }
  try {
    return ok(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return err({ message: "it holds bytes that are not UTF-8", ...firstBadByte(bytes) });
  }
}

function firstBadByte(bytes: Uint8Array): { readonly line?: number } {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let line = 1;
  let start = 0;
  while (start < bytes.length) {
    const end = bytes.indexOf(0x0a, start);
    const stop = end < 0 ? bytes.length : end;
    try {
      decoder.decode(bytes.subarray(start, stop));
    } catch {
      return { line };
    }
    if (end < 0) return {};
    line += 1;
    start = end + 1;
  }
  return {};
}

/** Parses a document. Integers come out as `bigint`, floats as `number`, so that both can be told apart. */
export async function parseToml(text: string): Promise<Result<Readonly<Record<string, unknown>>, TomlSyntaxProblem>> {
  const { parse, TomlError } = await import("smol-toml");
  try {
    return ok(parse(text, { integersAsBigInt: true }));
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const message = (error.message.split("\n")[0] ?? "").replace(/^Invalid TOML document: /, "");
    return err({ message, line: error.line, column: error.column });
  }
}

/** The place of a key or value in a file; only the file where it cannot be told. */
export async function locate(file: string, text: string, place: Place): Promise<Location> {
  const { parseTOML, ParseError } = await import("toml-eslint-parser");
  try {
    const [top] = parseTOML(text, { tomlVersion: "1.1" }).body;
    const found = findInTop(top, place);
    return found === undefined ? { file } : { file, line: found.line, column: found.column + 1 };
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    return { file };
  }
}

type Position = AST.TOMLNode["loc"]["start"];

/** Of all that lies on the way to the place, what lies nearest to it. */
class Nearest {
  private depth = -1;
  position: Position | undefined;

  offer(depth: number, position: Position): void {
    if (depth <= this.depth) return;
    this.depth = depth;
    this.position = position;
  }
}

function findInTop(top: AST.TOMLTopLevelTable, place: Place): Position | undefined {
  const nearest = new Nearest();
  for (const node of top.body) {
    if (node.type === "TOMLKeyValue") {
      findInPair(node, [], place, nearest);
      continue;
    }
    offerKeys(node.key, namesOnly(node.resolvedKey), place.path, nearest);
    if (isPrefix(node.resolvedKey, place.path)) {
      // A header with an index (`[[override]]`) is nearer than the same header of another index.
      nearest.offer(node.resolvedKey.length - 0.5, lastKey(node.key));
      for (const pair of node.body) findInPair(pair, node.resolvedKey, place, nearest);
    }
  }
  return nearest.position;
}

function findInPair(pair: AST.TOMLKeyValue, prefix: TomlPath, place: Place, nearest: Nearest): void {
  const full = [...prefix, ...pair.key.keys.map(keyName)];
  if (isPrefix(prefix, place.path)) {
    for (const [index, key] of pair.key.keys.entries()) {
      const path = full.slice(0, prefix.length + index + 1);
      if (isPrefix(path, place.path)) nearest.offer(path.length - 0.5, key.loc.start);
    }
  }
  if (isPrefix(full, place.path)) findInValue(pair.value, full, place, nearest);
}

function findInValue(value: AST.TOMLContentNode, path: TomlPath, place: Place, nearest: Nearest): void {
  const wanted = place.part === "value" || path.length < place.path.length || typeof place.path.at(-1) === "number";
  if (wanted) nearest.offer(path.length, value.loc.start);
  if (value.type === "TOMLArray") {
    const index = place.path[path.length];
    const element = typeof index === "number" ? value.elements[index] : undefined;
    if (element !== undefined && index !== undefined) findInValue(element, [...path, index], place, nearest);
  } else if (value.type === "TOMLInlineTable") {
    for (const pair of value.body) findInPair(pair, path, place, nearest);
  }
}

/** A header that names a table on the way, `[extension.a]` for `extension`. Indices of lists are not written. */
function offerKeys(key: AST.TOMLKey, names: readonly string[], path: TomlPath, nearest: Nearest): void {
  if (path.some((part) => typeof part === "number")) return;
  for (const [index, one] of key.keys.entries()) {
    const shared = names.slice(0, index + 1);
    if (isPrefix(shared, path)) nearest.offer(shared.length - 0.5, one.loc.start);
  }
}

function namesOnly(path: TomlPath): string[] {
  return path.filter((part) => typeof part === "string");
}

function lastKey(key: AST.TOMLKey): Position {
  return (key.keys.at(-1) ?? key).loc.start;
}

function keyName(key: AST.TOMLBare | AST.TOMLQuoted): string {
  return key.type === "TOMLBare" ? key.name : key.value;
}

function isPrefix(prefix: TomlPath, path: TomlPath): boolean {
  return prefix.length <= path.length && prefix.every((part, index) => part === path[index]);
}
