/**
 * Turns a request into a project: finds out what its paths mean, reads what describes the extensions, puts the command
 * line on top, and hands out one frozen, valid value. Nothing later looks at the request again.
 */
import { failure } from "../base/failure.ts";
import { compareText } from "../base/order.ts";
import { err, ok, type Result } from "../base/result.ts";
import type { Host } from "../host/host.ts";
import { artifactConflict } from "./artifact-conflict.ts";
import { failureAt } from "./config-file.ts";
import { type Draft, type Reading, selected } from "./draft.ts";
import type { Extension, Project } from "./extension.ts";
import { deepFreeze } from "./freeze.ts";
import { applyOverrides } from "./merge.ts";
import { parseExtensionName } from "./module-name.ts";
import { pathRules, shownPath } from "./path.ts";
import { keyAt } from "./problem.ts";
import { projectFacts } from "./project-settings.ts";
import { readBareFolder, readSourceFiles } from "./read-bare.ts";
import { readConfigured } from "./read-configured.ts";
import { type BuildRequest, type CapturedText, parseRequest, type RequestOverrides } from "./request.ts";
import { closest } from "./suggest.ts";
import { type FoundTarget, findTarget } from "./target.ts";

/** A `setup.py` that is to be read. */
export interface SetupScript {
  readonly host: Host;
  /** Its folder, which becomes the project folder. Absolute. */
  readonly folder: string;
  /** Absolute. */
  readonly path: string;
  /** The Python that was asked for, if any: absolute or a command name. */
  readonly python?: string;
  /** The words that were given to follow `setup.py build_ext --inplace`. */
  readonly words: readonly string[];
}

/** What a `setup.py` declares: complete, without what the command line adds, and what was read to know it. */
export type CapturedScript = Pick<Project, "extensions" | "witnesses" | "variables" | "warnings">;

/** Reads what a `setup.py` declares. Made elsewhere: it takes the Python of the environment. */
export interface SetupScriptReader {
  read(script: SetupScript): Promise<Result<CapturedScript>>;
}

/** What a reader of requests may be given. */
export interface ReadProjectOptions {
  /** Without one, a folder that only a `setup.py` describes is a failure. */
  readonly setupScripts?: SetupScriptReader;
}

/** Reads a project. What is wrong with the request or with the files is a failure; nothing is written anywhere. */
export async function readProject(
  host: Host,
  request: BuildRequest,
  options: ReadProjectOptions = {},
): Promise<Result<Project>> {
  const overrides = parseRequest(host, request);
  if (!overrides.ok) return overrides;
  if (request.captured !== undefined) {
    const draft = await readCaptured(host, request.captured, request.paths, overrides.value);
    if (!draft.ok) return draft;
    return (
      noSetupScript(overrides.value) ?? (await finish({ host, overrides: overrides.value, witnesses: [] }, draft.value))
    );
  }
  const found = await findTarget(host, request.paths);
  if (!found.ok) return found;
  const reading: Reading = { host, overrides: overrides.value, witnesses: found.value.witnesses };
  const draft = await readTarget(reading, found.value, options);
  if (!draft.ok) return draft;
  if (draft.value.isSetupScript !== true)
    return noSetupScript(reading.overrides) ?? (await finish(reading, draft.value));
  return await finish(reading, draft.value);
}

async function readCaptured(
  host: Host,
  captured: CapturedText,
  paths: readonly string[],
  overrides: RequestOverrides,
): Promise<Result<Draft>> {
  const [path] = paths;
  if (path !== undefined) {
    return err(
      failure("USAGE", `\`${path}\` is given beside \`--request\`, which says itself what is built`, {
        hint: "give one of the two",
      }),
    );
  }
  // The schema is only needed here.
  const { capturedProject, parseCaptured } = await import("./captured.ts");
  const parsed = parseCaptured(captured);
  if (!parsed.ok) return parsed;
  const draft = capturedProject(host, parsed.value);
  if (!draft.ok) return draft;
  const extensions = selected(draft.value.extensions, overrides, ({ extension }) => extension.name);
  return ok({ ...draft.value, extensions });
}

async function readTarget(
  reading: Reading,
  { target }: FoundTarget,
  options: ReadProjectOptions,
): Promise<Result<Draft>> {
  switch (target.kind) {
    case "sources":
      return await readSourceFiles(reading, target.paths);
    case "folder":
      return await readBareFolder(reading, target.folder, undefined);
    case "setup-script":
      return await readSetupScript(reading, target, options.setupScripts);
    case "config":
      return target.document.configuration.extensions.length === 0
        ? await readUnnamed(reading, target, options)
        : await readConfigured(reading, target.folder, target.document);
  }
}

/**
 * A configuration that names no extensions: it adds to what is found in the folder. What it says of sources cannot be
 * added to those of a `setup.py`; where it says nothing of them the script counts.
 */
async function readUnnamed(
  reading: Reading,
  { folder, document }: Extract<FoundTarget["target"], { kind: "config" }>,
  { setupScripts }: ReadProjectOptions,
): Promise<Result<Draft>> {
  const { host, witnesses } = reading;
  const { project, defaults } = document.configuration;
  const script = pathRules(host).join(folder, "setup.py");
  const saysOfSources = Object.keys(defaults.settings).length > 0 || defaults.overrides.length > 0;
  const isSetting = saysOfSources || project.profile !== undefined || project["out-dir"] !== undefined;
  if (isSetting) return await readBareFolder(reading, folder, document);
  if (host.fs.stat(script)?.kind !== "file") {
    const looked = { ...reading, witnesses: [...witnesses, { kind: "file", path: script } as const] };
    return await readBareFolder(looked, folder, document);
  }
  const facts = projectFacts(host, folder, document);
  const draft = await readSetupScript(reading, { folder, script, ...facts }, setupScripts);
  return draft.ok ? ok({ ...draft.value, ...facts }) : draft;
}

async function readSetupScript(
  reading: Reading,
  { folder, script, python }: { readonly folder: string; readonly script: string; readonly python?: string },
  reader: SetupScriptReader | undefined,
): Promise<Result<Draft>> {
  const { host, overrides } = reading;
  const rules = pathRules(host);
  if (reader === undefined) {
    const shown = shownPath(rules, host.cwd, script);
    return err(
      failure("SETUP_PY_UNSUPPORTED", `\`${shown}\` describes the extension, and set-up scripts are not read yet`, {
        hint: "name the sources (`retorch build csrc/*.cpp`), or describe the extension in a `retorch.toml`",
      }),
    );
  }
  const interpreter = overrides.python ?? python;
  const read = await reader.read({
    host,
    folder,
    path: script,
    words: overrides.setupArguments,
    ...(interpreter === undefined ? {} : { python: interpreter }),
  });
  if (!read.ok) return read;
  const extensions = read.value.extensions.map((extension) => ({ extension }));
  return ok({
    ...read.value,
    root: folder,
    isSetupScript: true,
    extensions: selected(extensions, overrides, ({ extension }) => extension.name),
    witnesses: [...reading.witnesses, ...read.value.witnesses],
  });
}

/** Words for a `setup.py` where none is read. */
function noSetupScript({ setupArguments: [word] }: RequestOverrides): Result<never> | undefined {
  return word === undefined
    ? undefined
    : err(
        failure("USAGE", `no \`setup.py\` is read here that could take \`${word}\` (given with \`--setup-arg\`)`, {
          hint: "leave it out, or name the folder of the `setup.py`",
        }),
      );
}

/** Puts the command line on top, checks what can only be checked then, and freezes. */
async function finish(reading: Reading, draft: Draft): Promise<Result<Project>> {
  const { host, overrides } = reading;
  const names = draft.extensions.map(({ extension }) => extension.name);
  // None at all: whoever reads does not look at the extensions.
  const stranger = names.length === 0 ? undefined : overrides.extensions.find((name) => !names.includes(name));
  if (stranger !== undefined) {
    const meant = closest(stranger, names);
    const all = [...names].sort(compareText).map((name) => `\`${name}\``);
    return err(
      failure("USAGE", `there is no extension \`${stranger}\` here`, {
        hint: meant === undefined ? `there is ${all.join(", ")}` : `did you mean \`${meant}\`?`,
      }),
    );
  }
  const option = overrides.name !== undefined ? "--name" : overrides.kind !== undefined ? "--kind" : undefined;
  if (option !== undefined && draft.extensions.length > 1) {
    return err(
      failure("USAGE", `\`${option}\` is for one extension, but there are ${draft.extensions.length}`, {
        hint: `say which one is meant with \`--extension\`, e.g. \`--extension ${names[0] ?? "NAME"}\``,
      }),
    );
  }
  const extensions: Extension[] = [];
  for (const { extension, path } of draft.extensions) {
    const final = applyOverrides(extension, overrides);
    const name = parseExtensionName(final.name, final.kind);
    if (!name.ok) {
      const place = overrides.name === undefined ? keyAt(path) : {};
      return err(await failureAt({ code: "NAME_INVALID", ...name.error, ...place }, draft.document));
    }
    extensions.push(final);
  }
  const conflict = artifactConflict(host, extensions);
  if (conflict !== undefined) {
    const { index, ...problem } = conflict;
    return err(await failureAt({ ...problem, ...keyAt(draft.extensions[index]?.path) }, draft.document));
  }
  const python = overrides.python ?? draft.python;
  return ok(
    deepFreeze({
      root: draft.root,
      extensions,
      witnesses: draft.witnesses,
      ...(python === undefined ? {} : { python }),
      ...(draft.buildDir === undefined ? {} : { buildDir: draft.buildDir }),
      ...(draft.variables === undefined ? {} : { variables: draft.variables }),
      ...(draft.warnings === undefined ? {} : { warnings: draft.warnings }),
      ...(draft.configured === undefined ? {} : { configured: draft.configured }),
      ...(draft.editableRebuild === undefined ? {} : { editableRebuild: draft.editableRebuild }),
    }),
  );
}
