/**
 * Reads a parsed TOML document by the table of keys: what comes out is known to be right in form, what is wrong is
 * reported with the place where it stands. Files are not looked at here.
 */
import {
  type ExtensionSettings,
  type KeyTable,
  type OverrideSettings,
  type ProjectSettings,
  type SettingsOf,
  extensionKeys,
  keysNotNeeded,
  overrideKeys,
  projectKeys,
} from "./schema.ts";
import { type Problem, type TomlPath, keyAt, valueAt } from "./problem.ts";
import { closest, plainSpelling } from "./suggest.ts";
import { type Slot, describeValue, isTable } from "./value-type.ts";

/** One `[[extension.NAME.override]]`. */
export interface Override {
  readonly settings: OverrideSettings;
  readonly path: TomlPath;
}

/** The settings of an extension or of `[defaults]`, with its overrides. */
export interface SettingsGroup {
  readonly settings: ExtensionSettings;
  readonly overrides: readonly Override[];
  readonly path: TomlPath;
}

/** One `[extension.NAME]`. */
export interface NamedSettings extends SettingsGroup {
  readonly name: string;
}

/** A whole configuration, right in form. */
export interface Configuration {
  readonly project: ProjectSettings;
  readonly defaults: SettingsGroup;
  readonly extensions: readonly NamedSettings[];
}

type Table = Readonly<Record<string, unknown>>;

/** Where in the document the configuration stands, and where problems go. */
interface Reading {
  /** `[]` in `retorch.toml`, `["tool", "retorch"]` in `pyproject.toml`. */
  readonly root: TomlPath;
  readonly problems: Problem[];
}

/** Reads the table of the project, which stands at `root` in its document. */
export function readConfiguration(
  table: Table,
  root: TomlPath,
): { readonly configuration: Configuration; readonly problems: readonly Problem[] } {
  const reading: Reading = { root, problems: [] };
  const top = splitTable(table, ["extension", "defaults"]);
  const project = readKeys(reading, projectKeys, top.rest, root);
  const defaults = readDefaults(reading, top.taken["defaults"]);
  const extensions = readExtensions(reading, top.taken["extension"]);
  for (const name of ["profile", "out-dir"] as const) {
    if (project[name] !== undefined && defaults.settings[name] !== undefined) {
      reading.problems.push({
        code: "CONFIG_INVALID",
        message: `\`${name}\` is given twice: at the top and in \`${header(reading, ["defaults"])}\``,
        hint: "remove one of the two",
        ...keyAt([...root, "defaults", name]),
      });
    }
  }
  return { configuration: { project, defaults, extensions }, problems: reading.problems };
}

function splitTable(table: Table, names: readonly string[]): { readonly taken: Table; readonly rest: Table } {
  const entries = Object.entries(table);
  return {
    taken: Object.fromEntries(entries.filter(([name]) => names.includes(name))),
    rest: Object.fromEntries(entries.filter(([name]) => !names.includes(name))),
  };
}

function readDefaults(reading: Reading, value: unknown): SettingsGroup {
  const path = [...reading.root, "defaults"];
  if (value === undefined) return { settings: {}, overrides: [], path };
  if (!isTable(value)) {
    reading.problems.push({
      code: "CONFIG_INVALID",
      message: `\`defaults\` must be a table, not ${describeValue(value)}`,
      ...valueAt(path),
    });
    return { settings: {}, overrides: [], path };
  }
  return readGroup(reading, value, path);
}

function readGroup(reading: Reading, table: Table, path: TomlPath): SettingsGroup {
  const { taken, rest } = splitTable(table, ["override"]);
  const settings = readKeys(reading, extensionKeys, rest, path);
  reportContradictions(reading, settings);
  const overrides = readOverrides(reading, taken["override"], [...path, "override"]);
  return { settings, overrides, path };
}

function reportContradictions(reading: Reading, settings: ExtensionSettings): void {
  const defined = new Set(settings.define?.filter((one) => one.defined).map((one) => one.name));
  for (const { text, at } of settings.undefine ?? []) {
    if (!defined.has(text)) continue;
    reading.problems.push({
      code: "CONFIG_INVALID",
      message: `the macro \`${text}\` stands in \`define\` and in \`undefine\``,
      hint: "remove one of the two",
      ...valueAt(at),
    });
  }
}

function readOverrides(reading: Reading, value: unknown, path: TomlPath): readonly Override[] {
  if (value === undefined) return [];
  const name = headerOf(reading, path);
  if (!Array.isArray(value) || !value.every(isTable)) {
    reading.problems.push({
      code: "CONFIG_INVALID",
      message: `\`override\` must be a list of tables, not ${Array.isArray(value) ? "a list of something else" : describeValue(value)}`,
      hint: `write its header with two brackets: \`[${name}]\``,
      ...(isTable(value) ? keyAt(path) : valueAt(path)),
    });
    return [];
  }
  return value.map((table, index) => {
    const at = [...path, index];
    const settings = readKeys(reading, overrideKeys, table, at);
    if (settings.files === undefined && !reading.problems.some((problem) => isBelow(problem, at))) {
      reading.problems.push({
        code: "CONFIG_INVALID",
        message: `\`[${name}]\` has no \`files\``,
        hint: 'say which sources it is for: `files = ["csrc/slow.cu"]`',
        ...keyAt(at),
      });
    }
    return { settings, path: at };
  });
}

function isBelow(problem: Problem, path: TomlPath): boolean {
  return problem.at !== undefined && path.every((part, index) => problem.at?.path[index] === part);
}

function readExtensions(reading: Reading, value: unknown): readonly NamedSettings[] {
  const path = [...reading.root, "extension"];
  if (value === undefined) return [];
  if (!isTable(value)) {
    const first: unknown = Array.isArray(value) ? value[0] : undefined;
    const name = isTable(first) && typeof first["name"] === "string" ? quoteKey(first["name"]) : "NAME";
    reading.problems.push({
      code: "CONFIG_INVALID",
      message: `\`extension\` must be a table of extensions by name, not ${describeValue(value)}`,
      hint: `write \`${header(reading, ["extension", name])}\``,
      ...(first === undefined ? valueAt(path) : keyAt([...path, 0])),
    });
    return [];
  }
  const found: NamedSettings[] = [];
  for (const [name, entry] of Object.entries(value)) {
    collectExtensions(reading, entry, { name, path: [...path, name] }, found);
  }
  const byName = new Map<string, NamedSettings>();
  for (const extension of found) {
    if (byName.has(extension.name)) {
      reading.problems.push({
        code: "CONFIG_INVALID",
        message: `the extension \`${extension.name}\` is described twice, once with quotes and once without`,
        hint: "remove one of the two",
        ...keyAt(extension.path),
      });
    }
    byName.set(extension.name, extension);
  }
  return found;
}

/**
 * One entry below `extension`. `[extension.my_pkg._C]` without quotes is a table in a table: a table that is no key of
 * an extension but holds one (`sources`) is taken as the dotted name that it was meant to be.
 */
function collectExtensions(
  reading: Reading,
  entry: unknown,
  { name, path }: { readonly name: string; readonly path: TomlPath },
  found: NamedSettings[],
): void {
  if (!isTable(entry)) {
    const known = plainSpelling(name);
    reading.problems.push({
      code: "CONFIG_INVALID",
      message: `\`${name}\` in \`${header(reading, ["extension"])}\` must be a table, not ${describeValue(entry)}`,
      hint: Object.hasOwn(extensionKeys, known)
        ? `\`${known}\` belongs into the table of one extension: \`${header(reading, ["extension", "NAME"])}\``
        : `write \`${header(reading, ["extension", quoteKey(name)])}\``,
      ...keyAt(path),
    });
    return;
  }
  const own: [string, unknown][] = [];
  const nested: [string, unknown][] = [];
  for (const pair of Object.entries(entry)) {
    (isNestedExtension(pair[0], pair[1]) ? nested : own).push(pair);
  }
  if (own.length > 0 || nested.length === 0) {
    const group = readGroup(reading, Object.fromEntries(own), path);
    const complete = { name, ...group };
    found.push(complete);
    if (group.settings.sources === undefined && !reading.problems.some((one) => isBelow(one, path))) {
      reading.problems.push({
        code: "CONFIG_INVALID",
        message: `\`${headerOf(reading, path)}\` has no \`sources\``,
        hint:
          nested.length > 0
            ? `settings for several extensions belong into \`${header(reading, ["defaults"])}\``
            : 'say what is compiled, e.g. `sources = ["csrc/*.cpp"]`',
        ...keyAt(path),
      });
    }
  }
  for (const [part, table] of nested) {
    collectExtensions(reading, table, { name: `${name}.${part}`, path: [...path, part] }, found);
  }
}

function isNestedExtension(key: string, value: unknown): boolean {
  if (Object.hasOwn(extensionKeys, key) || key === "override" || !isTable(value)) return false;
  return (
    Object.keys(value).some((name) => name === "sources") ||
    Object.entries(value).some(([name, below]) => isNestedExtension(name, below))
  );
}

/** Reads the keys of one table, each by its type, and reports those that are not known. */
function readKeys<Keys extends KeyTable>(reading: Reading, keys: Keys, table: Table, path: TomlPath): SettingsOf<Keys> {
  const settings: Record<string, unknown> = {};
  const tableName = headerOf(reading, path);
  for (const [name, value] of Object.entries(table)) {
    const at = [...path, name];
    const spec = Object.hasOwn(keys, name) ? keys[name] : undefined;
    if (spec === undefined) {
      reading.problems.push({
        code: "CONFIG_INVALID",
        message: `unknown key \`${name}\` ${tableName === "" ? "at the top of the file" : `in \`${tableName}\``}`,
        ...hintFor(reading, keys, name, value),
        ...keyAt(at),
      });
      continue;
    }
    const slot: Slot = {
      table: tableName === "" ? "retorch.toml" : tableName,
      key: name,
      path: at,
      report: (problem) => void reading.problems.push(problem),
    };
    const parsed = spec.type.parse(value, slot);
    if (parsed !== undefined) settings[name] = parsed;
  }
  return settings as SettingsOf<Keys>;
}

function hintFor(reading: Reading, keys: KeyTable, name: string, value: unknown): { readonly hint?: string } {
  const hint = unknownKeyHint(reading, keys, name, value);
  return hint === undefined ? {} : { hint };
}

function unknownKeyHint(reading: Reading, keys: KeyTable, name: string, value: unknown): string | undefined {
  const plain = plainSpelling(name);
  const atTop = keys === projectKeys;
  if (Object.hasOwn(keys, plain)) return `did you mean \`${plain}\`?`;
  if (atTop && (plain === "tool" || plain === "retorch")) {
    return "in `retorch.toml` the tables stand at the top: `[extension.NAME]`, not `[tool.retorch.extension.NAME]`";
  }
  const tables = atTop ? ["extension", "defaults"] : keys === extensionKeys ? ["override"] : [];
  const table = tables.includes(plain) ? plain : undefined;
  if (table !== undefined) return `did you mean \`${table}\`?`;
  const here = namedElsewhere(keys, plain);
  if (here !== undefined) return here;
  if (atTop && (Object.hasOwn(extensionKeys, plain) || namedElsewhere(extensionKeys, plain) !== undefined)) {
    const there = Object.hasOwn(extensionKeys, plain)
      ? `\`${plain}\` `
      : `${namedElsewhere(extensionKeys, plain)}; it `;
    return `${there}belongs into \`${header(reading, ["extension", "NAME"])}\`, or into \`${header(reading, ["defaults"])}\` for all extensions`;
  }
  if (!atTop && plain === "python") return "`python` belongs at the top of the file, before the first table";
  const meant = closest(name, [...Object.keys(keys), ...tables]);
  if (meant !== undefined) return `did you mean \`${meant}\`?`;
  const inside = atTop ? closest(name, Object.keys(extensionKeys)) : undefined;
  if (inside !== undefined) {
    return `did you mean \`${inside}\`? It belongs into \`${header(reading, ["extension", "NAME"])}\``;
  }
  const instead = keysNotNeeded.get(plain);
  if (instead !== undefined) return instead;
  if (keys === overrideKeys && Object.hasOwn(extensionKeys, plain)) {
    return `\`${plain}\` holds for a whole extension; single files can have ${listed(Object.keys(overrideKeys))}`;
  }
  if (isTable(value) && keys === extensionKeys) {
    return "a module of this name needs `sources`";
  }
  return `known keys are ${listed([...Object.keys(keys), ...tables])}`;
}

/** The key that has this name in another tool. */
function namedElsewhere(keys: KeyTable, plain: string): string | undefined {
  const found = Object.entries(keys).find(([, spec]) => spec.elsewhere?.includes(plain) === true)?.[0];
  if (found === undefined) return undefined;
  if (plain === "extra-compile-args") return "here it is `cxx-flags` (host compiler) and `nvcc-flags` (nvcc)";
  if (plain === "is-standalone") return 'here it is `kind = "executable"`';
  if (plain === "is-python-module") return 'here it is `kind = "python-module"` or `kind = "torch-library"`';
  if (plain === "stable-abi") return "here it is `py-limited-api` (Python) and `torch-target-version` (torch)";
  return `here it is \`${found}\``;
}

function listed(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(", ");
}

/** The header of a table as it would be written, `""` for the top of `retorch.toml`. */
function headerOf(reading: Reading, path: TomlPath): string {
  return header(
    reading,
    path.slice(reading.root.length).map((part) => (typeof part === "string" ? quoteKey(part) : "")),
  );
}

function header(reading: Reading, parts: TomlPath): string {
  const names = [...reading.root, ...parts].filter((part) => typeof part === "string" && part !== "");
  if (names.length === 0) return "";
  return `[${names.join(".")}]`;
}

/** A key as it must be written in TOML. */
function quoteKey(key: string): string {
  return /^[A-Za-z0-9_-]+$/.test(key) ? key : JSON.stringify(key);
}
