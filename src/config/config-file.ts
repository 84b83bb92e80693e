/** Reads `retorch.toml`, or `[tool.retorch]` of a `pyproject.toml`, up to the point where other files matter. */
import { type Failure, failure } from "../base/failure.ts";
import { err, ok, type Result } from "../base/result.ts";
import type { Host } from "../host/host.ts";
import { pathRules, shownPath } from "./path.ts";
import type { Problem, TomlPath } from "./problem.ts";
import { readWhole } from "./read-whole.ts";
import { type Configuration, readConfiguration } from "./settings.ts";
import { decodeToml, locate, parseToml } from "./toml.ts";
import { isTable } from "./value-type.ts";

/** A configuration with the document that it came from. */
export interface ConfigDocument {
  readonly file: string;
  readonly text: string;
  readonly configuration: Configuration;
}

/** The name of the file that is retorch's own. */
export const configFileName = "retorch.toml";
/** The name of the file that it shares with others, and where its table stands in it. */
export const sharedConfigFileName = "pyproject.toml";
const sharedTable: TomlPath = ["tool", "retorch"];

/**
 * Reads a configuration. Undefined when the file is a `pyproject.toml` that says nothing to retorch; such a file may be
 * as broken as it likes.
 */
export async function readConfigFile(host: Host, file: string): Promise<Result<ConfigDocument | undefined>> {
  const rules = pathRules(host);
  const shared = rules.basename(file) === sharedConfigFileName;
  const shown = shownPath(rules, host.cwd, file);
  const bytes = readWhole(host.fs, file);
  if (!bytes.ok) return err(failure("CONFIG_INVALID", `\`${shown}\` ${bytes.error}`, { location: { file } }));
  const text = decodeToml(bytes.value);
  if (shared && !mentionsRetorch(text.ok ? text.value : Buffer.from(bytes.value).toString("latin1"))) {
    return ok(undefined);
  }
  const document = text.ok ? await parseToml(text.value) : text;
  if (!document.ok) {
    const { message, line, column } = document.error;
    return err(
      failure("CONFIG_INVALID", `\`${shown}\` is not valid TOML: ${message}`, {
        location: { file, ...(line === undefined ? {} : { line }), ...(column === undefined ? {} : { column }) },
        ...syntaxHint(message),
      }),
    );
  }
  let table: unknown = document.value;
  if (shared) {
    for (const part of sharedTable) table = isTable(table) && Object.hasOwn(table, part) ? table[part] : undefined;
    if (table === undefined) return ok(undefined);
  }
  const root = shared ? sharedTable : [];
  const source = text.ok ? text.value : "";
  if (!isTable(table)) {
    const problem: Problem = {
      code: "CONFIG_INVALID",
      message: "`tool.retorch` must be a table",
      at: { path: root, part: "value" },
    };
    return err(await failureAt(problem, { file, text: source }));
  }
  const { configuration, problems } = readConfiguration(table, root);
  const [first] = problems;
  if (first !== undefined) return err(await failureAt(first, { file, text: source }));
  return ok({ file, text: source, configuration });
}

function mentionsRetorch(text: string): boolean {
  return text.includes("retorch");
}

function syntaxHint(message: string): { readonly hint: string } {
  if (message.startsWith("trying to redefine")) {
    return { hint: "a key or a table stands here for the second time; each may stand once" };
  }
  if (message === "invalid value")
    return { hint: 'texts stand in quotes, e.g. `"python-module"`; `true` and `false` in small letters' };
  if (message.startsWith("control characters")) {
    return { hint: 'a text ends on the line where it begins; `"""` begins one of several lines' };
  }
  if (message.startsWith("unrecognised escape") || message.includes("escape")) {
    return { hint: "write `\\\\` for a backslash, or put the text between `'` and `'`, where it stands for itself" };
  }
  if (message === "expected comma or end of structure" || message.includes("unfinished")) {
    return { hint: "a list ends with `]`, a table in a line with `}`, and commas stand between their entries" };
  }
  if (message.includes("UTF-8")) return { hint: "save the file as UTF-8" };
  return { hint: "see https://toml.io for what a TOML file may hold" };
}

/** A problem as a failure, with its line and column when it came from the document. */
export async function failureAt(
  problem: Problem,
  document: Pick<ConfigDocument, "file" | "text"> | undefined,
): Promise<Failure> {
  const { code, message, hint, at } = problem;
  const location =
    at === undefined || document === undefined ? undefined : await locate(document.file, document.text, at);
  return failure(code, message, {
    ...(hint === undefined ? {} : { hint }),
    ...(location === undefined ? {} : { location }),
  });
}
