/**
 * The types of values in the configuration: each knows its name, its JSON Schema and how to read a value that came out
 * of TOML. Nothing here knows which keys there are.
 */
import { type Result, err, ok } from "../base/result.ts";
import type { CudaGraph, ExtensionKind, Profile } from "./extension.ts";
import { type Complaint, type Problem, type TomlPath, keyAt, valueAt } from "./problem.ts";
import {
  extensionKinds,
  parseArchitecture,
  parseCxxStandard,
  parseFlag,
  parseKind,
  parseLibraryName,
  parseLimitedApi,
  parseMacroName,
  parseProfile,
  parseTorchVersion,
  cudaGraphs,
  parseCudaGraph,
  profiles,
} from "./values.ts";

/** A JSON Schema, or a part of one. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** One text with the place where it stands; without one it comes from the command line. */
export interface Item {
  readonly text: string;
  readonly at?: TomlPath;
}

/** An entry of `define`. */
export interface DefineSetting {
  readonly name: string;
  readonly value?: string;
  /** False: not defined, even where the compiler or `[defaults]` does. */
  readonly defined: boolean;
  readonly at?: TomlPath;
}

/** Where a value stands, and where to complain about it. */
export interface Slot {
  /** The table as people write it: `[extension.my_ops]`. */
  readonly table: string;
  readonly key: string;
  readonly path: TomlPath;
  report(problem: Problem): void;
}

/** How one kind of value is named, described and read. */
export interface ValueType<T> {
  /** For people: `list of strings`. */
  readonly label: string;
  readonly jsonSchema: JsonSchema;
  /** The value; undefined after a problem was reported. */
  readonly parse: (value: unknown, slot: Slot) => T | undefined;
}

/** What a TOML value is called. */
export function describeValue(value: unknown): string {
  if (typeof value === "string") return "a string";
  if (typeof value === "boolean") return "a boolean";
  if (typeof value === "bigint") return "an integer";
  if (typeof value === "number") return "a float";
  if (Array.isArray(value)) return "a list";
  if (value instanceof Date) return "a date or time";
  return "a table";
}

/** Whether a TOML value is a table. */
export function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** A text as it would be written in TOML. */
function tomlString(text: string): string {
  return JSON.stringify(text);
}

function wrongType(value: unknown, slot: Slot, wanted: string, hint?: string): undefined {
  slot.report({
    code: "CONFIG_INVALID",
    message: `\`${slot.key}\` in \`${slot.table}\` must be ${wanted}, not ${describeValue(value)}`,
    ...(hint === undefined ? {} : { hint }),
    ...valueAt(slot.path),
  });
  return undefined;
}

function complain(complaint: Complaint, slot: Slot, path: TomlPath = slot.path): undefined {
  slot.report({ code: "CONFIG_INVALID", ...complaint, ...valueAt(path) });
  return undefined;
}

function checked<T>(result: Result<T, Complaint>, slot: Slot, path?: TomlPath): T | undefined {
  return result.ok ? result.value : complain(result.error, slot, path);
}

/** A text that can be handed to a program or to the file system. */
function usable<T>(value: string, parse: (text: string) => Result<T, Complaint>): Result<T, Complaint> {
  return value.includes("\0") ? err({ message: "a NUL character cannot stand in a path or a flag" }) : parse(value);
}

function text<T>(label: string, jsonSchema: JsonSchema, parse: (text: string) => Result<T, Complaint>): ValueType<T> {
  return {
    label,
    jsonSchema: { type: "string", ...jsonSchema },
    parse: (value, slot) =>
      typeof value === "string"
        ? checked(usable(value, parse), slot)
        : wrongType(value, slot, "a string", quotedHint(value, slot)),
  };
}

/** The values of an enumeration, as they are written. */
function choices(values: readonly string[]): string {
  return values.map((value) => `\`"${value}"\``).join(", ");
}

function quotedHint(value: unknown, slot: Slot): string | undefined {
  if (typeof value === "bigint") return `write it in quotes: \`${slot.key} = "${value}"\``;
  return typeof value === "number" ? "write it in quotes: as a number, 2.10 is 2.1" : undefined;
}

function listOf(
  label: string,
  itemSchema: JsonSchema,
  parse: (text: string, before: string | undefined) => Result<string, Complaint>,
  ofNumbers?: string,
): ValueType<readonly Item[]> {
  return {
    label: `list of ${label}`,
    jsonSchema: { type: "array", items: { type: "string", ...itemSchema } },
    parse: (value, slot) => {
      if (typeof value === "string") {
        const words = value.trim().split(/\s+/);
        const items = words.every((word) => word.startsWith("-")) ? words : [value];
        const written = items.map(tomlString).join(", ");
        return wrongType(value, slot, "a list of strings", `write \`${slot.key} = [${written}]\``);
      }
      if (!Array.isArray(value)) {
        const meant = isTable(value) && Object.hasOwn(value, "sources") ? nestedNameHint(slot) : undefined;
        return wrongType(value, slot, "a list of strings", meant);
      }
      const items: Item[] = [];
      let before: string | undefined;
      for (const [index, item] of (value as readonly unknown[]).entries()) {
        const at = [...slot.path, index];
        if (typeof item !== "string") {
          slot.report({
            code: "CONFIG_INVALID",
            message: `\`${slot.key}\` in \`${slot.table}\` must hold strings only, not ${describeValue(item)}`,
            ...((typeof item === "number" || typeof item === "bigint") && ofNumbers !== undefined
              ? { hint: ofNumbers }
              : {}),
            ...valueAt(at),
          });
          continue;
        }
        const good = checked(
          usable(item, (one) => parse(one, before)),
          slot,
          at,
        );
        if (good !== undefined) items.push({ text: good, at });
        before = item;
      }
      return items;
    },
  };
}

function nonEmpty(what: string): (text: string) => Result<string, Complaint> {
  return (value) => (value.trim() === "" ? { ok: false, error: { message: `${what} is empty` } } : { ok: true, value });
}

function folder(flag: string): (text: string) => Result<string, Complaint> {
  return (value) => {
    if (value.startsWith(flag) && value.length > flag.length) {
      return {
        ok: false,
        error: {
          message: `\`${value}\` is a flag, not a folder`,
          hint: `did you mean \`${value.slice(flag.length).trim()}\`?`,
        },
      };
    }
    return nonEmpty("the path of a folder")(value);
  };
}

export const kindType: ValueType<ExtensionKind> = text(choices(extensionKinds), { enum: extensionKinds }, parseKind);
export const profileType: ValueType<Profile> = text(choices(profiles), { enum: profiles }, parseProfile);
export const cudaGraphType: ValueType<CudaGraph> = text(choices(cudaGraphs), { enum: cudaGraphs }, parseCudaGraph);
export const folderType: ValueType<string> = text("folder", { minLength: 1 }, nonEmpty("the path of a folder"));
export const interpreterType: ValueType<string> = text("path or command", { minLength: 1 }, nonEmpty("`python`"));

export const patternsType = listOf("paths and patterns", { minLength: 1 }, nonEmpty("a path"));
export const pathsType = listOf("paths", { minLength: 1 }, nonEmpty("a path"));
export const includeDirsType = listOf("folders", { minLength: 1 }, folder("-I"));
export const libraryDirsType = listOf("folders", { minLength: 1 }, folder("-L"));
export const flagsType = listOf("flags", { minLength: 1 }, parseFlag);
export const librariesType = listOf("names", { minLength: 1 }, parseLibraryName);
export const macroNamesType = listOf("names", { minLength: 1 }, parseMacroName);

const architectures = listOf(
  "architectures",
  { examples: ["native", "8.0", "9.0a", "12.0+PTX"] },
  parseArchitecture,
  'write architectures in quotes: `["8.0", "9.0a"]`',
);
export const architecturesType: ValueType<readonly Item[]> = {
  label: architectures.label,
  jsonSchema: { ...architectures.jsonSchema, minItems: 1 },
  parse: (value, slot) => {
    if (Array.isArray(value) && value.length === 0) {
      return complain(
        {
          message: `\`${slot.key}\` in \`${slot.table}\` is empty`,
          hint: `remove it, or write \`${slot.key} = ["native"]\` for the GPU that is here`,
        },
        slot,
      );
    }
    if (typeof value === "string") {
      const parts = value.split(/[;,\s]+/).filter((part) => part !== "");
      return wrongType(
        value,
        slot,
        "a list of strings",
        `write \`${slot.key} = [${parts.map(tomlString).join(", ")}]\``,
      );
    }
    return architectures.parse(value, slot);
  },
};

export const standardType: ValueType<string> = {
  label: "string or integer",
  jsonSchema: { anyOf: [{ type: "string" }, { type: "integer" }], examples: ["17", "20"] },
  parse: (value, slot) =>
    typeof value === "string" || typeof value === "bigint"
      ? checked(parseCxxStandard(String(value)), slot)
      : wrongType(value, slot, 'a string such as `"20"`'),
};

export const torchVersionType: ValueType<string> = text(
  "version",
  { pattern: "^\\d+\\.\\d+(\\.\\d+)?$" },
  parseTorchVersion,
);

/** `true` means what torch's own builder takes: CPython 3.10 (`min_supported_cpython` in `torch.utils.cpp_extension`). */
const defaultLimitedApi = "3.10";

export const limitedApiType: ValueType<string | false> = {
  label: "boolean or version",
  jsonSchema: { anyOf: [{ type: "boolean" }, { type: "string", pattern: "^3\\.\\d{1,2}$" }] },
  parse: (value, slot) => {
    if (typeof value === "boolean") return value ? defaultLimitedApi : false;
    if (typeof value === "string") return checked(parseLimitedApi(value), slot);
    return wrongType(
      value,
      slot,
      "a boolean or a version in quotes",
      typeof value === "number" ? `as a number, 3.10 is 3.1: write \`${slot.key} = "3.10"\`` : undefined,
    );
  },
};

export const booleanType: ValueType<boolean> = {
  label: "boolean",
  jsonSchema: { type: "boolean" },
  parse: (value, slot) =>
    typeof value === "boolean"
      ? value
      : wrongType(
          value,
          slot,
          "`true` or `false`",
          value === "true" || value === "false" ? `write it without quotes: \`${slot.key} = ${value}\`` : undefined,
        ),
};

export const booleanOrAutoType: ValueType<boolean | "auto"> = {
  label: 'boolean or `"auto"`',
  jsonSchema: { enum: [true, false, "auto"] },
  parse: (value, slot) =>
    typeof value === "boolean" || value === "auto"
      ? value
      : wrongType(
          value,
          slot,
          '`true`, `false` or `"auto"`',
          value === "true" || value === "false" ? `write it without quotes: \`${slot.key} = ${value}\`` : undefined,
        ),
};

export const definesType: ValueType<readonly DefineSetting[]> = {
  label: "table of macros",
  jsonSchema: {
    type: "object",
    additionalProperties: { anyOf: [{ type: "boolean" }, { type: "string" }, { type: "integer" }] },
  },
  parse: (value, slot) => {
    if (!isTable(value)) return wrongType(value, slot, "a table", definesHint(value, slot));
    const defines: DefineSetting[] = [];
    for (const [name, entry] of Object.entries(value)) {
      const at = [...slot.path, name];
      const good = parseMacroName(name);
      if (!good.ok) {
        slot.report({ code: "CONFIG_INVALID", ...good.error, ...keyAt(at) });
      } else if (typeof entry === "boolean") {
        defines.push({ name, defined: entry, at });
      } else if (typeof entry === "string") {
        const value = checked(usable(entry, ok), slot, at);
        if (value !== undefined) defines.push({ name, value, defined: true, at });
      } else if (typeof entry === "bigint") {
        defines.push({ name, value: String(entry), defined: true, at });
      } else {
        slot.report({
          code: "CONFIG_INVALID",
          message: `the macro \`${name}\` must be a boolean, a string or an integer, not ${describeValue(entry)}`,
          ...(typeof entry === "number" ? { hint: "write it in quotes, as the compiler shall see it" } : {}),
          ...(isTable(entry) || Array.isArray(entry) ? { hint: nestedNameHint(slot) } : {}),
          ...valueAt(at),
        });
      }
    }
    return defines;
  },
};

function definesHint(value: unknown, slot: Slot): string {
  const entries = Array.isArray(value) ? (value as readonly unknown[]).map(defineMeant) : [];
  const known = entries.every((entry) => entry !== undefined) && entries.length > 0;
  return `write \`${slot.key} = { ${known ? entries.join(", ") : 'NAME = true, OTHER = "value"'} }\``;
}

/** `"A"`, `"A=2"`, `"-DA=2"` and `["A", "2"]` as an entry of the table. */
function defineMeant(item: unknown): string | undefined {
  const words = typeof item === "string" ? item.replace(/^-D/, "").split("=") : item;
  if (!Array.isArray(words) || !words.every((word) => typeof word === "string")) return undefined;
  const [name, ...value] = words;
  return `${name} = ${value.length === 0 ? "true" : tomlString(value.join("="))}`;
}

function nestedNameHint(slot: Slot): string {
  const name = slot.path[slot.path.length - 2];
  return `if a module \`${String(name)}.${slot.key}\` is meant, its name needs quotes: \`[extension."${String(name)}.${slot.key}"]\``;
}
