/** What is asked for, as it was typed, and how that is checked once. Knows the command line's words, not its parser. */
import { type Failure, failure } from "../base/failure.ts";
import { err, ok, type Result } from "../base/result.ts";
import type { Host } from "../host/host.ts";
import type { CudaGraph, Define, ExtensionKind, Profile, ToolFlags } from "./extension.ts";
import { pathRules, shownPath } from "./path.ts";
import type { Complaint } from "./problem.ts";
import {
  parseArchitectureList,
  parseCxxStandard,
  parseDefine,
  parseKind,
  parseLibraryName,
  parseMacroName,
  parseCudaGraph,
  parseProfile,
  parseSwitch,
} from "./values.ts";

/** The text of a captured request, see `captured.ts`. */
export interface CapturedText {
  /** As people know it: the file as it was typed, `standard input`. */
  readonly name: string;
  readonly text: string;
}

/** A request to build something. Nothing of it is checked yet; paths are relative to the current folder. */
export interface BuildRequest {
  /** Nothing, source files, one folder, or one `.toml` file. */
  readonly paths: readonly string[];
  /** `--request`: a captured request, in place of paths. */
  readonly captured?: CapturedText | undefined;
  /** `--extension`: only these, by name. */
  readonly extensions?: readonly string[] | undefined;
  /** `--name` */
  readonly name?: string | undefined;
  /** `--kind` */
  readonly kind?: string | undefined;
  /** `--out` */
  readonly out?: string | undefined;
  /** `--python`: a path or a command name. */
  readonly python?: string | undefined;
  /** `--setup-arg`: words for a `setup.py`. */
  readonly setupArguments?: readonly string[] | undefined;
  /** `--arch`: each may be a list as in `TORCH_CUDA_ARCH_LIST`. */
  readonly cudaArch?: readonly string[] | undefined;
  /** `--cuda-graph` */
  readonly cudaGraph?: string | undefined;
  /** `--provenance` */
  readonly provenance?: string | undefined;
  /** `--profile` */
  readonly profile?: string | undefined;
  /** `--std` */
  readonly cxxStandard?: string | undefined;
  /** `-D`: `NAME` or `NAME=VALUE`. */
  readonly defines?: readonly string[] | undefined;
  /** `-U` */
  readonly undefines?: readonly string[] | undefined;
  /** `-I` */
  readonly includeDirs?: readonly string[] | undefined;
  /** `--cxx-flag` */
  readonly cxxFlags?: readonly string[] | undefined;
  /** `--nvcc-flag` */
  readonly nvccFlags?: readonly string[] | undefined;
  /** `--hipcc-flag` */
  readonly hipccFlags?: readonly string[] | undefined;
  /** `--sycl-flag` */
  readonly syclFlags?: readonly string[] | undefined;
  /** `--link-flag` */
  readonly linkFlags?: readonly string[] | undefined;
  /** `--packages-at` */
  readonly packagesAt?: string | undefined;
  /** `-l` */
  readonly libraries?: readonly string[] | undefined;
  /** `-L` */
  readonly libraryDirs?: readonly string[] | undefined;
}

/** What the command line puts on top of whatever describes the extensions. Checked; paths are absolute. */
export interface RequestOverrides {
  readonly extensions: readonly string[];
  readonly name?: string;
  readonly kind?: ExtensionKind;
  readonly outDir?: string;
  readonly python?: string;
  readonly setupArguments: readonly string[];
  readonly cudaArch?: readonly string[];
  readonly profile?: Profile;
  readonly cudaGraph?: CudaGraph;
  readonly provenance?: boolean;
  readonly cxxStandard?: string;
  readonly defines: readonly Define[];
  readonly undefines: readonly string[];
  readonly includeDirs: readonly string[];
  readonly flags: ToolFlags;
  readonly linkFlags: readonly string[];
  readonly packagesAt?: string;
  readonly libraries: readonly string[];
  readonly libraryDirs: readonly string[];
}

/** Checks what was typed. The failures are of usage: they name the option. */
export function parseRequest(host: Host, request: BuildRequest): Result<RequestOverrides> {
  const rules = pathRules(host);
  const failures: Failure[] = [];
  const accept = <T>(option: string, result: Result<T, Complaint>): T | undefined => {
    if (result.ok) return result.value;
    const { message, hint } = result.error;
    failures.push(failure("USAGE", `${message} (given with \`${option}\`)`, hint === undefined ? {} : { hint }));
    return undefined;
  };
  const one = <T>(
    option: string,
    text: string | undefined,
    parse: (text: string) => Result<T, Complaint>,
  ): T | undefined => (text === undefined ? undefined : accept(option, parse(text)));
  const each = <T>(
    option: string,
    texts: readonly string[] | undefined,
    parse: (text: string) => Result<T, Complaint>,
  ): T[] => (texts ?? []).map((text) => accept(option, parse(text))).filter((value) => value !== undefined);
  const path = (text: string): Result<string, Complaint> =>
    text === "" ? err({ message: "the path is empty" }) : ok(rules.resolve(host.cwd, text));
  const word = (text: string): Result<string, Complaint> =>
    text === "" ? err({ message: "the value is empty" }) : ok(text);

  const name = one("--name", request.name, word);
  const kind = one("--kind", request.kind, parseKind);
  const outDir = one("--out", request.out, path);
  const python = one("--python", request.python, word);
  const profile = one("--profile", request.profile, parseProfile);
  const cudaGraph = one("--cuda-graph", request.cudaGraph, parseCudaGraph);
  const provenance = one("--provenance", request.provenance, parseSwitch);
  const cxxStandard = one("--std", request.cxxStandard, parseCxxStandard);
  const packagesAt = one("--packages-at", request.packagesAt, word);
  const architectures = each("--arch", request.cudaArch, parseArchitectureList).flat();
  const overrides: RequestOverrides = {
    extensions: request.extensions ?? [],
    ...(name === undefined ? {} : { name }),
    ...(kind === undefined ? {} : { kind }),
    ...(outDir === undefined ? {} : { outDir }),
    ...(python === undefined ? {} : { python: resolveInterpreter(host, host.cwd, python) }),
    setupArguments: each("--setup-arg", request.setupArguments, word),
    ...(architectures.length === 0 ? {} : { cudaArch: architectures }),
    ...(profile === undefined ? {} : { profile }),
    ...(cudaGraph === undefined ? {} : { cudaGraph }),
    ...(provenance === undefined ? {} : { provenance }),
    ...(cxxStandard === undefined ? {} : { cxxStandard }),
    ...(packagesAt === undefined ? {} : { packagesAt }),
    defines: lastOfEach(each("-D", request.defines, parseDefine)),
    undefines: each("-U", request.undefines, parseMacroName),
    includeDirs: each("-I", request.includeDirs, path),
    flags: {
      cxx: each("--cxx-flag", request.cxxFlags, word),
      nvcc: each("--nvcc-flag", request.nvccFlags, word),
      hipcc: each("--hipcc-flag", request.hipccFlags, word),
      sycl: each("--sycl-flag", request.syclFlags, word),
    },
    linkFlags: each("--link-flag", request.linkFlags, word),
    libraries: each("-l", request.libraries, parseLibraryName),
    libraryDirs: each("-L", request.libraryDirs, path),
  };
  if (outDir !== undefined && (host.fs.stat(outDir)?.kind ?? "directory") !== "directory") {
    failures.push(
      failure("USAGE", `\`${shownPath(rules, host.cwd, outDir)}\` is a file (given with \`--out\`)`, {
        hint: "give the folder in which the result shall appear; `--name` says what it is called",
      }),
    );
  }
  const both = overrides.defines.find((define) => overrides.undefines.includes(define.name));
  if (both !== undefined)
    failures.push(failure("USAGE", `the macro \`${both.name}\` is given with \`-D\` and with \`-U\``));
  const [first] = failures;
  return first === undefined ? ok(overrides) : err(first);
}

/** A path to an interpreter becomes absolute, the name of a command stays as it is. */
export function resolveInterpreter(host: Host, folder: string, python: string): string {
  const rules = pathRules(host);
  const isPath = python.includes("/") || (rules.sep === "\\" && python.includes("\\"));
  return isPath ? rules.resolve(folder, python) : python;
}

function lastOfEach(defines: readonly Define[]): Define[] {
  return defines.filter((define, index) => !defines.slice(index + 1).some((later) => later.name === define.name));
}
