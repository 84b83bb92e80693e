/**
 * Edits a `retorch.toml` or a `pyproject.toml` as text, so that comments, order and spelling stay. Every edit is proved:
 * the new text must parse to the old values with exactly the change that was meant; where it does not, or the place is
 * written in a form that is not understood, there is no new text.
 */
import type { AST } from "toml-eslint-parser";
import { parseToml } from "../config/toml.ts";

/** One change of a key in a table. */
export type ConfigEdit =
  /** Values at the end of a list of texts, which is made when it is not there. */
  | { readonly kind: "append"; readonly key: string; readonly values: readonly string[] }
  /** The value of a key, which is added when it is not there. */
  | { readonly kind: "set"; readonly key: string; readonly value: string }
  /** One element of a list, in place. */
  | { readonly kind: "replace"; readonly key: string; readonly from: string; readonly to: string };

/** The text with the edit in it. Undefined when it cannot be done with certainty. */
export async function editConfig(
  text: string,
  table: readonly string[],
  edit: ConfigEdit,
): Promise<string | undefined> {
  const before = await parseToml(text);
  if (!before.ok) return undefined;
  const after = await insert(text, table, edit);
  if (after === undefined) return undefined;
  const parsed = await parseToml(after);
  if (!parsed.ok) return undefined;
  const meant = withEdit(before.value, table, edit);
  return meant !== undefined && same(meant, parsed.value) ? after : undefined;
}

/** The lines that differ, each with `+`, `-` or a blank before it; one line of what stands around them. */
export function diffLines(before: string, after: string): string[] {
  const old = before.split(/\r?\n/);
  const now = after.split(/\r?\n/);
  let start = 0;
  while (start < old.length && start < now.length && old[start] === now[start]) start++;
  let end = 0;
  const most = Math.min(old.length, now.length) - start;
  while (end < most && old[old.length - 1 - end] === now[now.length - 1 - end]) end++;
  const around = (line: string | undefined): string[] => (line === undefined || line === "" ? [] : [`  ${line}`]);
  return [
    ...around(old[start - 1]),
    ...old.slice(start, old.length - end).map((line) => `- ${line}`),
    ...now.slice(start, now.length - end).map((line) => `+ ${line}`),
    ...around(old[old.length - end]),
  ];
}

async function insert(text: string, table: readonly string[], edit: ConfigEdit): Promise<string | undefined> {
  const { parseTOML, ParseError } = await import("toml-eslint-parser");
  let top: AST.TOMLTopLevelTable;
  try {
    [top] = parseTOML(text, { tomlVersion: "1.1" }).body;
  } catch (error) {
    if (error instanceof ParseError) return undefined;
    throw error;
  }
  const eol = text.includes("\r\n") ? "\r\n" : "\n";
  const header = top.body.find(
    (node): node is AST.TOMLTable =>
      node.type === "TOMLTable" && node.kind === "standard" && sameNames(node.resolvedKey, table),
  );
  if (header === undefined) {
    // Made when it is not there at all; a table in another form (dotted keys, inline) is not understood.
    if (edit.kind === "replace") return undefined;
    const gap = text === "" || text.endsWith("\n") ? "" : eol;
    return `${text}${gap}${text.trim() === "" ? "" : eol}[${table.map(keyText).join(".")}]${eol}${assignment(edit)}${eol}`;
  }
  const pair = header.body.find((node) => node.key.keys.length === 1 && keyName(node.key.keys[0]) === edit.key);
  if (pair === undefined) {
    if (edit.kind === "replace") return undefined;
    // After the last key, or after the header: to the end of that line.
    const last = header.body.at(-1);
    const from = last?.range[1] ?? header.key.range[1];
    return insertLine(text, from, `${last === undefined ? "" : indentOf(text, last.range[0])}${assignment(edit)}`, eol);
  }
  if (edit.kind === "set") return splice(text, pair.value.range, JSON.stringify(edit.value));
  if (pair.value.type !== "TOMLArray") return undefined;
  if (edit.kind === "append") return appendTo(text, pair.value, edit.values, eol);
  const element = pair.value.elements.find(
    (node) => node.type === "TOMLValue" && node.kind === "string" && node.value === edit.from,
  );
  return element === undefined ? undefined : splice(text, element.range, JSON.stringify(edit.to));
}

function appendTo(text: string, array: AST.TOMLArray, values: readonly string[], eol: string): string {
  const written = values.map((value) => JSON.stringify(value));
  const last = array.elements.at(-1);
  const [start, end] = array.range;
  if (last === undefined) return splice(text, [start + 1, start + 1], written.join(", "));
  const [from, to] = last.range;
  const isOwnLine = /\n[^\S\n]*$/.test(text.slice(start, from));
  if (!isOwnLine) return splice(text, [to, to], `, ${written.join(", ")}`);
  const indent = indentOf(text, from);
  const rest = text.slice(to, end - 1);
  const comma = /^\s*,/.exec(rest);
  const newline = /\r?\n/.exec(rest.slice(comma?.[0].length ?? 0));
  // To the end of the line, so that a remark stays with its element.
  const at = newline === null ? end - 1 : to + (comma?.[0].length ?? 0) + newline.index;
  const lines = written.map((value) => `${eol}${indent}${value}`).join(",");
  if (comma !== null) return splice(text, [at, at], `${lines},`);
  return splice(splice(text, [at, at], lines), [to, to], ",");
}

function insertLine(text: string, from: number, line: string, eol: string): string {
  const end = text.indexOf("\n", from);
  if (end < 0) return `${text}${eol}${line}${eol}`;
  return splice(text, [end + 1, end + 1], `${line}${eol}`);
}

function splice(text: string, [from, to]: readonly [number, number], middle: string): string {
  return text.slice(0, from) + middle + text.slice(to);
}

function indentOf(text: string, at: number): string {
  const start = text.lastIndexOf("\n", at - 1) + 1;
  return /^[^\S\n]*/.exec(text.slice(start, at))?.[0] ?? "";
}

function assignment(edit: Exclude<ConfigEdit, { readonly kind: "replace" }>): string {
  const value =
    edit.kind === "set"
      ? JSON.stringify(edit.value)
      : `[${edit.values.map((each) => JSON.stringify(each)).join(", ")}]`;
  return `${keyText(edit.key)} = ${value}`;
}

function keyText(key: string): string {
  return /^[A-Za-z0-9_-]+$/.test(key) ? key : JSON.stringify(key);
}

function keyName(key: AST.TOMLBare | AST.TOMLQuoted | undefined): string | undefined {
  return key === undefined ? undefined : key.type === "TOMLBare" ? key.name : key.value;
}

function sameNames(a: readonly (string | number)[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((part, index) => part === b[index]);
}

type Table = Readonly<Record<string, unknown>>;

/** The values with the change in them, as it is meant. Undefined when they do not allow for it. */
function withEdit(values: Table, path: readonly string[], edit: ConfigEdit): Table | undefined {
  const [first, ...rest] = path;
  if (first !== undefined) {
    const inner = Object.hasOwn(values, first) ? values[first] : {};
    if (typeof inner !== "object" || inner === null || Array.isArray(inner)) return undefined;
    const changed = withEdit(inner as Table, rest, edit);
    return changed === undefined ? undefined : { ...values, [first]: changed };
  }
  const old = Object.hasOwn(values, edit.key) ? values[edit.key] : undefined;
  if (edit.kind === "set") return { ...values, [edit.key]: edit.value };
  const list: unknown = old ?? [];
  if (!Array.isArray(list)) return undefined;
  if (edit.kind === "append") return { ...values, [edit.key]: [...(list as unknown[]), ...edit.values] };
  const index = list.indexOf(edit.from);
  return index < 0 ? undefined : { ...values, [edit.key]: (list as unknown[]).with(index, edit.to) };
}

/** Equal whatever the order of keys. */
function same(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b)) return false;
    return a.length === b.length && a.every((each, index) => same(each, b[index]));
  }
  if (typeof a === "object" && typeof b === "object" && a !== null && b !== null) {
    if (a instanceof Date || b instanceof Date) return JSON.stringify(a) === JSON.stringify(b);
    const keys = Object.keys(a);
    return (
      keys.length === Object.keys(b).length &&
      keys.every((key) => Object.hasOwn(b, key) && same((a as Table)[key], (b as Table)[key]))
    );
  }
  return Object.is(a, b);
}
