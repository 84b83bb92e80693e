/**
 * The captured request: one JSON document that says what some Python code declared (a `setup.py`, a `load()`), in the
 * words of setuptools and torch, and its translation to extensions. The words are those that the code itself gave: what
 * torch adds (its headers, libraries, macros, the C++ standard) is left to the plan. It knows nothing of Python.
 *
 * docs/captured-request.md describes the document for those who write one.
 */
import * as v from "valibot";
import { type Failure, failure } from "../base/failure.ts";
import { err, ok, type Result } from "../base/result.ts";
import type { Host } from "../host/host.ts";
import type { Draft } from "./draft.ts";
import type { ConfigWitness, Extension, SourceFile } from "./extension.ts";
import { isHeader, languageBySuffix, languageOf, notASource, suffixOf } from "./language.ts";
import { pathRules, type PathRules, shownPath } from "./path.ts";
import type { CapturedText } from "./request.ts";
import { parseArchitectureList, parseCxxStandard, parseLimitedApi, parseTorchVersion } from "./values.ts";

const text = v.string();
const texts = v.optional(v.array(text), []);
const name = v.pipe(text, v.nonEmpty("is empty"));
const language = v.picklist(["c", "c++", "cuda", "objective-c++", "hip", "sycl"]);
const noArgs = { cxx: [], nvcc: [], nvcc_dlink: [], sycl: [] };
const compileArgs = v.optional(v.strictObject({ cxx: texts, nvcc: texts, nvcc_dlink: texts, sycl: texts }), noArgs);
const macros = v.optional(v.array(v.tuple([name, v.nullable(text)])), []);

const sourceSchema = v.union([
  name,
  v.strictObject({
    path: name,
    language: v.optional(language),
    define_macros: macros,
    extra_compile_args: compileArgs,
  }),
]);

const extensionSchema = v.strictObject({
  name,
  kind: v.optional(v.picklist(["python-module", "torch-library", "executable"]), "python-module"),
  origin: v.picklist(["setup.py", "load", "load_inline"]),
  device: v.optional(v.picklist(["cpu", "cuda", "sycl", "hip"]), "cpu"),
  uses_torch: v.optional(v.boolean(), true),
  with_cuda: v.optional(v.nullable(v.boolean()), null),
  sources: v.pipe(v.array(sourceSchema), v.minLength(1, "is empty")),
  include_dirs: texts,
  define_macros: macros,
  undef_macros: texts,
  library_dirs: texts,
  libraries: texts,
  runtime_library_dirs: texts,
  extra_objects: texts,
  extra_link_args: texts,
  extra_compile_args: compileArgs,
  base_flags: v.optional(v.nullable(v.strictObject({ cxx: texts, link: texts })), null),
  depends: texts,
  py_limited_api: v.optional(v.nullable(text), null),
  torch_target_version: v.optional(v.nullable(text), null),
  dlink: v.optional(v.boolean(), false),
  dlink_libraries: texts,
  cuda_arch: v.optional(v.nullable(text), null),
  cxx_standard: v.optional(v.nullable(text), null),
  out_dir: v.optional(v.nullable(name), null),
  file_name: v.optional(v.nullable(name), null),
});

const requestSchema = v.strictObject({
  format: v.literal(1),
  root: name,
  python: v.optional(v.nullable(name), null),
  build_dir: v.optional(v.nullable(name), null),
  environment: v.optional(v.record(text, v.nullable(text)), {}),
  warnings: texts,
  extensions: v.pipe(v.array(extensionSchema), v.minLength(1, "is empty")),
  read: v.optional(
    v.strictObject({ files: texts, listings: texts, variables: v.optional(v.record(text, v.nullable(text)), {}) }),
    { files: [], listings: [], variables: {} },
  ),
});

/** A captured request, checked for its form. */
export type CapturedRequest = v.InferOutput<typeof requestSchema>;

/** One extension of it. */
export type CapturedExtension = v.InferOutput<typeof extensionSchema>;

type CapturedSource = Exclude<CapturedExtension["sources"][number], string>;

/** Reads the text of a captured request. Its form is checked, not its paths. */
export function parseCaptured({ name: shown, text: json }: CapturedText): Result<CapturedRequest> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    return err(failure("REQUEST_INVALID", `${quoted(shown)} is no JSON`, { cause, hint: whatItIs }));
  }
  const format: unknown = typeof value === "object" && value !== null && "format" in value ? value.format : undefined;
  if (typeof format === "number" && format !== 1) {
    return err(
      failure(
        "REQUEST_INVALID",
        `${quoted(shown)} is a captured request of format ${format}, this retorch reads format 1`,
        {
          hint: "use the Python package and the command of the same version of retorch",
        },
      ),
    );
  }
  const parsed = v.safeParse(requestSchema, value, { abortEarly: true });
  if (parsed.success) return ok(parsed.output);
  const [issue] = parsed.issues;
  const place = placeOf(issue);
  const where = place === "" ? "" : ` at \`${place}\``;
  return err(
    failure("REQUEST_INVALID", `${quoted(shown)} is no captured request${where}: ${issue.message}`, { hint: whatItIs }),
  );
}

const whatItIs = "it is written by retorch's Python package; docs/captured-request.md describes it";

/** `extensions[0].sources[1]` */
function placeOf(issue: v.BaseIssue<unknown>): string {
  const keys = (issue.path ?? []).map(({ key }) => key);
  return keys
    .map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`))
    .join("")
    .replace(/^\./, "");
}

function quoted(shown: string): string {
  return shown === "standard input" ? shown : `\`${shown}\``;
}

/** A captured request as a project: paths become absolute, and what it names is known to be there. */
export function capturedProject(host: Host, request: CapturedRequest): Result<Draft> {
  const rules = pathRules(host);
  if (!rules.isAbsolute(request.root)) {
    return err(
      failure("REQUEST_INVALID", `the root of a captured request must be an absolute path, not \`${request.root}\``),
    );
  }
  const root = rules.resolve(request.root);
  if (host.fs.stat(root)?.kind !== "directory") {
    return err(failure("PATH_NOT_FOUND", `\`${root}\`, the root of a captured request, is no folder`));
  }
  const extensions: { readonly extension: Extension }[] = [];
  for (const captured of request.extensions) {
    const extension = toExtension(host, rules, root, captured);
    if (!extension.ok) return extension;
    extensions.push({ extension: extension.value });
  }
  const variables = Object.fromEntries(
    Object.entries(request.environment).map(([key, value]) => [key, value ?? undefined]),
  );
  return ok({
    root,
    extensions,
    witnesses: witnessesOf(host, rules, root, request),
    ...(request.python === null ? {} : { python: request.python }),
    ...(request.build_dir === null ? {} : { buildDir: rules.resolve(root, request.build_dir) }),
    ...(Object.keys(variables).length === 0 ? {} : { variables }),
    ...(request.warnings.length === 0 ? {} : { warnings: request.warnings }),
  });
}

function witnessesOf(host: Host, rules: PathRules, root: string, { read }: CapturedRequest): ConfigWitness[] {
  const { files, listings } = read;
  return [
    ...files.map((path): ConfigWitness => ({ kind: "file", path: rules.resolve(root, path) })),
    ...listings.map((path): ConfigWitness => {
      const folder = rules.resolve(root, path);
      return { kind: "listing", path: folder, names: host.fs.list(folder) ?? [] };
    }),
  ];
}

function toExtension(host: Host, rules: PathRules, root: string, captured: CapturedExtension): Result<Extension> {
  const path = (one: string): string => rules.resolve(root, one);
  const sources = sourcesOf(host, rules, root, captured);
  if (!sources.ok) return sources;
  const missing = captured.extra_objects.map(path).find((object) => host.fs.stat(object)?.kind !== "file");
  if (missing !== undefined) {
    const shown = shownPath(rules, root, missing);
    return err(failure("SOURCE_NOT_FOUND", `the object \`${shown}\` of \`${captured.name}\` does not exist`));
  }
  const values = valuesOf(captured);
  if (!values.ok) return values;
  const { cxx, nvcc, nvcc_dlink: dlink, sycl } = captured.extra_compile_args;
  return ok({
    ...values.value,
    name: captured.name,
    kind: captured.kind,
    root,
    outDir: path(captured.out_dir ?? "."),
    sources: sources.value,
    includeDirs: captured.include_dirs.map(path),
    defines: captured.define_macros.map(toDefine),
    undefines: captured.undef_macros,
    // torch hands the flags of nvcc to hipcc, and those of C++ where `load()` compiles for a device other than CUDA.
    flags:
      captured.origin === "setup.py"
        ? { cxx, nvcc, hipcc: nvcc, sycl }
        : { cxx, nvcc, hipcc: [...cxx, ...nvcc], sycl: [...cxx, ...sycl] },
    ownHipccFlags: true,
    linkFlags: captured.extra_link_args,
    libraries: captured.libraries,
    libraryDirs: captured.library_dirs.map(path),
    runtimeLibraryDirs: captured.runtime_library_dirs.map((one) => (/^[$@]/.test(one) ? one : path(one))),
    extraObjects: captured.extra_objects.map(path),
    withCuda: captured.with_cuda ?? (captured.device === "cuda" ? true : "auto"),
    deviceLink: captured.dlink,
    deviceLinkLibraries: captured.dlink_libraries,
    deviceLinkFlags: dlink,
    usesTorch: captured.uses_torch,
    provenance: true,
    // What a profile would add, the request says itself; on Windows distutils' own flags are those of `release`.
    profile: host.platform === "win32" && captured.origin === "setup.py" ? "release" : "none",
    // torch's load() does not heed CFLAGS.
    baseFlags: captured.base_flags ?? { cxx: [], link: [] },
    builder: captured.origin === "setup.py" ? "setuptools" : "load",
    ...(captured.file_name === null ? {} : { fileName: captured.file_name }),
    ...dependsOf(host, rules, root, captured),
  });
}

/** Headers are found where they are included: an edit of one shall not compile everything again. */
function dependsOf(
  host: Host,
  rules: PathRules,
  root: string,
  { depends }: CapturedExtension,
): { readonly depends?: readonly string[] } {
  const files = depends
    .map((one) => rules.resolve(root, one))
    .filter((file) => !isHeader(file) && !languageBySuffix.has(suffixOf(rules.basename(file))))
    .filter((file) => host.fs.stat(file)?.kind === "file");
  return files.length === 0 ? {} : { depends: files };
}

function valuesOf(captured: CapturedExtension): Result<Partial<Extension>> {
  const { cuda_arch: arch, cxx_standard: standard, py_limited_api: python, torch_target_version: torch } = captured;
  const own = standard === "default";
  const parsed = {
    cudaArch: arch === null ? undefined : parseArchitectureList(arch),
    cxxStandard: standard === null || own ? undefined : parseCxxStandard(standard),
    pyLimitedApi: python === null ? undefined : parseLimitedApi(python),
    torchTargetVersion: torch === null ? undefined : parseTorchVersion(torch),
  };
  const found: Record<string, unknown> = own ? { compilerStandard: true } : {};
  for (const [key, result] of Object.entries(parsed)) {
    if (result === undefined) continue;
    if (!result.ok) {
      const { message, hint } = result.error;
      return err(
        failure("REQUEST_INVALID", `${message} (in \`${captured.name}\`)`, hint === undefined ? {} : { hint }),
      );
    }
    found[key] = result.value;
  }
  return ok(found as Partial<Extension>);
}

function sourcesOf(
  host: Host,
  rules: PathRules,
  root: string,
  captured: CapturedExtension,
): Result<readonly SourceFile[]> {
  const sources: SourceFile[] = [];
  for (const one of captured.sources) {
    const given: Partial<CapturedSource> & Pick<CapturedSource, "path"> = typeof one === "string" ? { path: one } : one;
    const path = rules.resolve(root, given.path);
    const problem = sourceProblem(host, rules, root, captured, path);
    if (problem !== undefined) return err(problem);
    const {
      language: said,
      define_macros: own = [],
      extra_compile_args: args = noArgs,
    } = given as Partial<Exclude<typeof one, string>>;
    const found = said ?? capturedLanguage(path, captured);
    if (found === undefined) {
      const { message, hint } = notASource(rules.basename(path), shownPath(rules, root, path));
      return err(failure("SOURCE_UNSUPPORTED", message, { hint }));
    }
    const { cxx, nvcc, sycl } = args;
    const flags = { cxx, nvcc, hipcc: nvcc, sycl };
    sources.push({
      path,
      language: found,
      ...(cxx.length + nvcc.length + sycl.length === 0 ? {} : { flags }),
      ...(own.length === 0 ? {} : { defines: own.map(toDefine) }),
    });
  }
  return ok(sources);
}

function sourceProblem(
  host: Host,
  rules: PathRules,
  root: string,
  captured: CapturedExtension,
  path: string,
): Failure | undefined {
  const kind = host.fs.stat(path)?.kind;
  if (kind === "file") return undefined;
  const shown = shownPath(rules, root, path);
  if (kind !== undefined) return failure("SOURCE_UNSUPPORTED", `\`${shown}\` is a folder, not a source`);
  return failure("SOURCE_NOT_FOUND", `the source \`${shown}\` of \`${captured.name}\` does not exist`, {
    hint:
      captured.origin === "setup.py"
        ? "the `setup.py` names it; if it is in a git submodule: `git submodule update --init --recursive`"
        : "check the path; relative ones are taken from the current folder",
  });
}

/** torch's builders take `.cuh` for CUDA (`_is_cuda_file`). */
function capturedLanguage(path: string, { device }: CapturedExtension): SourceFile["language"] | undefined {
  if (path.endsWith(".cuh")) return device === "hip" ? "hip" : "cuda";
  return languageOf(path);
}

function toDefine([macro, value]: readonly [string, string | null]): {
  readonly name: string;
  readonly value?: string;
} {
  return value === null ? { name: macro } : { name: macro, value };
}
