/**
 * Sources without a configuration: what they are to become is read off their own text. Everything that is decided here
 * can be said on the command line or in a `retorch.toml` instead.
 */
import { compareText, unique } from "../base/order.ts";
import { err, ok, type Result } from "../base/result.ts";
import type { Host } from "../host/host.ts";
import type { ConfigWitness, Define, ExtensionKind, SourceFile } from "./extension.ts";
import { walkFolder } from "./glob.ts";
import { languageBySuffix, stemOf, suffixOf } from "./language.ts";
import { asIdentifier } from "./module-name.ts";
import { pathRules, shownPath } from "./path.ts";
import { readWhole } from "./read-whole.ts";
import type { Problem } from "./problem.ts";
import { type SourceFacts, scanSource } from "./scan-source.ts";
import { asSource, listingWitnesses } from "./sources.ts";
import { bareWalkRules } from "./walk-rules.ts";

/** What is known beforehand. */
export interface BareRequest {
  readonly host: Host;
  readonly root: string;
  readonly sources: readonly SourceFile[];
  readonly name?: string | undefined;
  readonly kind?: ExtensionKind | undefined;
  /** Macros that the build defines: a module's name may be one. */
  readonly defines: readonly Define[];
}

/** What was read off the sources. */
export interface BareIdentity {
  readonly name: string;
  readonly kind: ExtensionKind;
  readonly witnesses: readonly ConfigWitness[];
}

/** More folders than this are no project without a description, but a home folder or a disk. */
export const maxFolders = 5000;

/** What was found below a folder. */
export interface BareSources {
  readonly sources: readonly SourceFile[];
  readonly witnesses: readonly ConfigWitness[];
  /** False when the folder is too large to have been meant. */
  readonly complete: boolean;
}

/** The sources below a folder. */
export function bareSources(host: Host, folder: string, leaveOut: (path: string) => boolean): BareSources {
  const rules = pathRules(host);
  const { files, listed, complete } = walkFolder(host.fs, rules, folder, { ...bareWalkRules, leaveOut, maxFolders });
  const cuda = files.some((file) => suffixOf(file) === ".cu");
  const sources = files.filter((file) => {
    const suffix = suffixOf(rules.basename(file));
    if (!languageBySuffix.has(suffix)) return false;
    // The same code for another device, as hipify writes it beside the `.cu`.
    if (cuda && (suffix === ".hip" || suffix === ".sycl")) return false;
    return suffix !== ".mm" || host.platform === "darwin";
  });
  return { sources: sources.map(asSource), witnesses: listingWitnesses(listed), complete };
}

interface ScannedSource {
  readonly source: SourceFile;
  readonly facts: SourceFacts;
}

/** Reads each source once and says what they make together. */
export function identifySources(request: BareRequest): Result<BareIdentity, Problem> {
  const { host, sources } = request;
  const macros = new Map(request.defines.map(({ name, value }) => [name, value ?? "1"]));
  const scanned: ScannedSource[] = [];
  for (const source of sources) {
    const bytes = readWhole(host.fs, source.path);
    if (!bytes.ok) return err({ code: "SOURCE_NOT_FOUND", message: `\`${source.path}\` ${bytes.error}` });
    scanned.push({ source, facts: scanSource(new TextDecoder().decode(bytes.value), macros) });
  }
  const kind = request.kind ?? kindOf(scanned);
  if (kind === undefined) return err(unknownKind(request));
  const name = kind === "python-module" ? moduleName(request, scanned) : plainName(request, scanned, kind);
  if (!name.ok) return name;
  const witnesses = sources.map((source): ConfigWitness => ({ kind: "file", path: source.path }));
  return ok({ name: name.value, kind, witnesses });
}

function kindOf(scanned: readonly ScannedSource[]): ExtensionKind | undefined {
  if (scanned.some(({ facts }) => facts.modules.length > 0)) return "python-module";
  if (scanned.some(({ facts }) => facts.registersOperators)) return "torch-library";
  return scanned.some(({ facts }) => facts.hasMain) ? "executable" : undefined;
}

function unknownKind({ host, root, sources }: BareRequest): Problem {
  const rules = pathRules(host);
  const [first] = sources;
  const where =
    sources.length === 1 && first !== undefined
      ? `\`${shownPath(rules, root, first.path)}\``
      : `the ${sources.length} sources`;
  return {
    code: "KIND_UNKNOWN",
    message: `nothing in ${where} says what to build: there is no \`PYBIND11_MODULE\`, no \`TORCH_LIBRARY\` and no \`main\``,
    hint: "add one of them, or say what it is with `--kind python-module`, `--kind torch-library` or `--kind executable`",
  };
}

function moduleName(request: BareRequest, scanned: readonly ScannedSource[]): Result<string, Problem> {
  const rules = pathRules(request.host);
  const shown = ({ source }: ScannedSource): string => shownPath(rules, request.root, source.path);
  const defining = scanned.filter(({ facts }) => facts.modules.length > 0);
  const [only, second] = defining;
  if (only !== undefined && second !== undefined) {
    const list = defining.map(
      (one) =>
        `\`${one.facts.modules.find((name) => name !== undefined) ?? "TORCH_EXTENSION_NAME"}\` in \`${shown(one)}\``,
    );
    return err({
      code: "MODULE_AMBIGUOUS",
      message: `the sources define more than one Python module: ${list.sort(compareText).join(", ")}`,
      hint: `build them one by one, e.g. \`retorch build ${shown(only)}\`, or describe each in a \`retorch.toml\``,
    });
  }
  const literal = unique((only?.facts.modules ?? []).filter((name) => name !== undefined));
  const free = only === undefined || only.facts.modules.includes(undefined);
  if (request.name !== undefined) {
    const last = request.name.split(".").at(-1) ?? request.name;
    if (free || literal.includes(last) || only === undefined) return ok(request.name);
    return err({
      code: "NAME_INVALID",
      message: `the module is to be called \`${request.name}\`, but \`${shown(only)}\` defines \`${literal.join("`, `")}\``,
      hint: `write \`TORCH_EXTENSION_NAME\` in its place, or build it under its own name`,
    });
  }
  const [name, another] = literal;
  if (another !== undefined && only !== undefined) {
    return err({
      code: "MODULE_AMBIGUOUS",
      message: `\`${shown(only)}\` defines modules of several names: \`${literal.join("`, `")}\``,
      hint: "say which one is meant with `--name`",
    });
  }
  return name === undefined ? fromFileNames(request, only) : ok(name);
}

function plainName(
  request: BareRequest,
  scanned: readonly ScannedSource[],
  kind: ExtensionKind,
): Result<string, Problem> {
  const rules = pathRules(request.host);
  const defining = scanned.filter(({ facts }) => (kind === "executable" ? facts.hasMain : facts.declaresLibrary));
  if (kind === "executable" && defining.length > 1) {
    const list = defining.map(({ source }) => `\`${shownPath(rules, request.root, source.path)}\``);
    return err({
      code: "MODULE_AMBIGUOUS",
      message: `more than one source defines \`main\`: ${list.join(", ")}`,
      hint: "name the sources of one program, or describe each program in a `retorch.toml`",
    });
  }
  if (request.name !== undefined) return ok(request.name);
  return fromFileNames(request, defining.length === 1 ? defining[0] : undefined);
}

/** The stem of the only source, else of the one that stands out, else the folder's name. */
function fromFileNames(request: BareRequest, standsOut: ScannedSource | undefined): Result<string, Problem> {
  const rules = pathRules(request.host);
  const source = request.sources.length === 1 ? request.sources[0] : standsOut?.source;
  const text = source === undefined ? rules.basename(request.root) : stemOf(rules.basename(source.path));
  const name = asIdentifier(text);
  if (name !== undefined) return ok(name);
  return err({
    code: "NAME_INVALID",
    message: `no name for the extension can be made of \`${text === "" ? request.root : text}\``,
    hint: "give one with `--name`",
  });
}
