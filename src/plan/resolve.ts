/**
 * An extension together with the parts of the environment that it uses: which device, which compilers, which C++
 * standard, which folders of headers. What is missing is a failure here; the commands are made elsewhere.
 */
import { err, ok, type Result } from "../base/result.ts";
import { failure } from "../base/failure.ts";
import { compareVersions, parseVersion, unique } from "../base/order.ts";
import type { Extension, SourceFile, ToolFlags } from "../config/extension.ts";
import { checkEnvironment } from "../environment/check.ts";
import { isTooOld } from "../environment/cxx-standard.ts";
import type { Cuda, DeviceToolkit, Environment, HostCompiler, Python, Torch } from "../environment/environment.ts";
import { cxxStandardOf } from "../environment/torch-version.ts";
import { splitWords } from "../environment/words.ts";
import { allowsUnsupportedCompiler, standardIn } from "./flags.ts";
import { isInside, type Places } from "./paths.ts";
import type { Device } from "./torch-facts.ts";

/** Values of environment variables. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** A location and what stands for it in outputs. */
export interface PrefixMap {
  readonly from: string;
  readonly to: string;
}

/** Flags from the environment, as setuptools takes them. */
export interface VariableFlags {
  /** CFLAGS and CPPFLAGS, for C and C++. */
  readonly c: readonly string[];
  /** CXXFLAGS, for C++ after those. */
  readonly cxx: readonly string[];
  /** LDFLAGS. */
  readonly link: readonly string[];
}

/** An extension with what it is built with. */
export interface Resolved {
  readonly extension: Extension;
  readonly environment: Environment;
  readonly places: Places;
  readonly variables: Variables;
  readonly variableFlags: VariableFlags;
  readonly device: Device;
  readonly compiler: HostCompiler;
  /** Only when the extension uses torch. */
  readonly torch?: Torch;
  /** Whenever there is one with headers; a module needs it, others may include them. */
  readonly python?: Python;
  readonly cuda?: Cuda;
  /** What nvcc calls. */
  readonly cudaHost?: HostCompiler;
  readonly rocm?: DeviceToolkit;
  readonly sycl?: DeviceToolkit;
  /** The C++ standard where no flag names one: `17`, `20`. */
  readonly standard: string;
  /** Folders of headers that are not the user's own, without those that the compiler searches anyway. */
  readonly systemIncludeDirs: readonly string[];
  /** Locations that the host compiler keeps out of its outputs; empty where it cannot. */
  readonly prefixMaps: readonly PrefixMap[];
}

/** Oldest nvcc that writes dependencies while it compiles (`-MD`): CUDA 10.2 release notes. */
const oldestCudaWithDepfiles = "10.2";

/** Brings an extension and the environment together. */
export function resolve(
  extension: Extension,
  environment: Environment,
  places: Places,
  variables: Variables,
): Result<Resolved> {
  const has = (language: SourceFile["language"]): boolean =>
    extension.sources.some((source) => source.language === language);
  // What is written for CUDA is translated on a torch that is built for ROCm.
  const wantsRocm = has("hip") || (extension.usesTorch && isForRocm(extension, environment));
  const wantsCuda = (has("cuda") || extension.withCuda === true) && !wantsRocm;
  const standard = (extension.cxxStandard ?? "").replace(/^c\+\+/, "") || defaultStandard(extension, environment);
  const named = standardIn(extension.flags.cxx, environment.platform === "win32" ? "msvc" : "gcc");
  const [problem] = checkEnvironment(environment, {
    python: extension.kind === "python-module",
    torch: extension.usesTorch,
    cuda: wantsCuda,
    nvcc: wantsCuda && has("cuda"),
    rocm: wantsRocm,
    sycl: has("sycl"),
    ...(extension.usesTorch || extension.cxxStandard !== undefined || named !== undefined
      ? { cxxStandard: named ?? standard }
      : {}),
    allowUnsupportedCompiler: allowsUnsupportedCompiler([
      ...extension.flags.nvcc,
      ...nvccVariableFlags(variables, environment.platform),
    ]),
  });
  if (problem !== undefined) return err(problem);
  const { compiler, cuda, torch, python } = environment;
  if (compiler === undefined) return err(failure("COMPILER_NOT_FOUND", "No C++ compiler was found"));
  const unusable = unsupportedLanguage(extension, environment) ?? limitedApiProblem(extension, environment);
  if (unusable !== undefined) return err(unusable);
  if (
    wantsCuda &&
    has("cuda") &&
    cuda !== undefined &&
    compareVersions(parseVersion(cuda.version), parseVersion(oldestCudaWithDepfiles)) < 0
  ) {
    return err(
      failure(
        "CUDA_TOO_OLD",
        `nvcc of CUDA ${cuda.version} at \`${cuda.root}\` cannot write down which headers it read`,
        {
          hint: `Set \`CUDA_HOME\` to CUDA ${oldestCudaWithDepfiles} or newer`,
        },
      ),
    );
  }
  const device: Device = wantsCuda ? "cuda" : wantsRocm ? "rocm" : has("sycl") ? "xpu" : "cpu";
  const parts = {
    ...(extension.usesTorch && torch !== undefined ? { torch } : {}),
    ...(python !== undefined && python.includeDirs.length > 0 ? { python } : {}),
    ...(device === "cuda" && cuda !== undefined ? { cuda, cudaHost: environment.cudaHost ?? compiler } : {}),
    ...(device === "rocm" && environment.rocm !== undefined ? { rocm: environment.rocm } : {}),
    ...(device === "xpu" && environment.sycl !== undefined ? { sycl: environment.sycl } : {}),
  };
  return ok({
    extension,
    environment,
    places,
    variables,
    variableFlags:
      extension.baseFlags === undefined
        ? variableFlags(variables, environment.platform)
        : { c: [], cxx: [], link: extension.baseFlags.link },
    device,
    compiler,
    ...parts,
    standard,
    systemIncludeDirs: systemIncludeDirs(parts, compiler, places),
    prefixMaps: mapsPrefixes(compiler) ? prefixMaps(parts, places) : [],
  });
}

/** Flags of the user for one source and one tool: the extension's own, then the source's. */
export function userFlags(resolved: Resolved, source: SourceFile, tool: keyof ToolFlags): string[] {
  return [...resolved.extension.flags[tool], ...(source.flags?.[tool] ?? [])];
}

/** `-D` and `-U` words of the request for one source. */
export function userMacros(resolved: Resolved, source: SourceFile): string[] {
  const { defines, undefines } = resolved.extension;
  // A second definition of the same macro would draw a warning.
  const own = new Set((source.defines ?? []).map(({ name }) => name));
  const define = ({ name, value }: { readonly name: string; readonly value?: string }): string =>
    value === undefined ? `-D${name}` : `-D${name}=${value}`;
  const inherited = defines.filter(({ name }) => !own.has(name));
  return [...inherited.map(define), ...undefines.map((name) => `-U${name}`), ...(source.defines ?? []).map(define)];
}

/** NVCC_PREPEND_FLAGS and NVCC_APPEND_FLAGS: nvcc reads them itself, but they decide what the plan may add. */
export function nvccVariableFlags(variables: Variables, platform: Environment["platform"]): string[] {
  return ["NVCC_PREPEND_FLAGS", "NVCC_APPEND_FLAGS"].flatMap((name) => splitWords(variables[name] ?? "", platform));
}

/**
 * Whether a compiler knows `-ffile-prefix-map`: GCC 8 release notes, Clang 10 release notes; Apple's 12 is made of the
 * latter.
 */
function mapsPrefixes(compiler: Pick<HostCompiler, "family" | "version">): boolean {
  const since = { gcc: 8, clang: 10, "apple-clang": 12, msvc: Number.POSITIVE_INFINITY }[compiler.family];
  return (compiler.version[0] ?? 0) >= since;
}

/**
 * What torch needs. An extension that does not use torch gets the same, as from torch's `BuildExtension`, unless the
 * compiler is too old for it; without torch in the environment 17.
 */
function defaultStandard(extension: Extension, { torch, compiler }: Environment): string {
  if (torch === undefined) return "17";
  const standard = cxxStandardOf(torch.release);
  return !extension.usesTorch && compiler !== undefined && isTooOld(compiler, standard) ? "17" : standard;
}

/**
 * setuptools' `UnixCCompiler.configure_system`, which torch's AOT builds go through. The one liberty: CXXFLAGS count for
 * C++ compiles, where torch's ninja file drops them. Windows: cl and link read CL and LINK by themselves.
 */
function variableFlags(variables: Variables, platform: Environment["platform"]): VariableFlags {
  if (platform === "win32") return { c: [], cxx: [], link: [] };
  const words = (name: string): string[] => splitWords(variables[name] ?? "", platform);
  return { c: [...words("CFLAGS"), ...words("CPPFLAGS")], cxx: words("CXXFLAGS"), link: words("LDFLAGS") };
}

function systemIncludeDirs(
  parts: Partial<Pick<Resolved, "torch" | "python" | "cuda" | "rocm" | "sycl">>,
  compiler: HostCompiler,
  places: Places,
): string[] {
  const dirs = [
    ...(parts.torch?.includeDirs ?? []),
    ...(parts.cuda?.includeDirs ?? []),
    // `include_paths` of torch names the folder of hipified THC headers.
    ...(parts.rocm === undefined || parts.torch === undefined
      ? []
      : parts.torch.includeDirs.slice(0, 1).map((dir) => places.path.join(dir, "THH"))),
    ...(parts.rocm?.includeDirs ?? []),
    ...(parts.sycl?.includeDirs ?? []),
    ...(parts.python?.includeDirs ?? []),
  ];
  // gcc loses its own <stdlib.h> when /usr/include is named (`#include_next`); torch leaves it out as well.
  const builtIn = new Set(compiler.systemIncludeDirs.map((dir) => places.path.normalize(dir)));
  return unique(dirs).filter((dir) => !builtIn.has(places.path.normalize(dir)));
}

/** The last map that fits counts (gcc), so the project, which may hold a virtual environment, comes first. */
function prefixMaps(parts: Partial<Pick<Resolved, "torch" | "python" | "cuda">>, places: Places): PrefixMap[] {
  const maps: PrefixMap[] = [{ from: places.root, to: "." }];
  if (parts.cuda !== undefined) maps.push({ from: parts.cuda.root, to: "cuda" });
  for (const from of parts.python?.includeDirs ?? []) maps.push({ from, to: "python" });
  if (parts.torch !== undefined) maps.push({ from: parts.torch.root, to: "torch" });
  // A map of /usr would rename the system's headers too; and the compiler splits at the first "=".
  const wide = new Set(["/", "/usr", "/usr/local"]);
  const seen = new Set<string>();
  return maps.filter(({ from }) => {
    if (wide.has(from) || from.includes("=") || seen.has(from)) return false;
    seen.add(from);
    return true;
  });
}

/**
 * Whether a location, as a command spells it, stays out of what the host compiler writes: relative to the project, or
 * replaced by a map.
 */
export function isMapped({ places: { path }, prefixMaps }: Resolved, spelling: string): boolean {
  return !path.isAbsolute(spelling) || prefixMaps.some(({ from }) => isInside(path, from, spelling));
}

/** Whether an extension that is written for CUDA meets a torch that is built for ROCm. */
export function isForRocm(extension: Extension, { torch }: Environment): boolean {
  const asks = extension.withCuda === true || extension.sources.some(({ language }) => language === "cuda");
  return asks && extension.usesTorch && torch?.hipVersion !== undefined;
}

function unsupportedLanguage(extension: Extension, environment: Environment): ReturnType<typeof failure> | undefined {
  const { platform } = environment;
  const names: Readonly<Partial<Record<SourceFile["language"], string>>> = {
    ...(platform === "darwin" ? {} : { "objective-c++": "Objective-C++, which is only compiled on macOS" }),
    ...(platform === "linux"
      ? {}
      : { hip: "HIP, which is only compiled on Linux", sycl: "SYCL, which is only compiled on Linux" }),
  };
  for (const { path, language } of extension.sources) {
    const what = names[language];
    if (what === undefined) continue;
    return failure("LANGUAGE_UNSUPPORTED", `\`${path}\` is ${what}`, {
      hint: "Leave it out of `sources` on this platform",
      location: { file: path },
    });
  }
  // torch's builder refuses it as well.
  const devices = (["cuda", "hip", "sycl"] as const).filter(
    (language) =>
      extension.sources.some((source) => source.language === language) &&
      !(language === "cuda" && isForRocm(extension, environment)),
  );
  if (devices.length < 2) return undefined;
  return failure(
    "LANGUAGE_UNSUPPORTED",
    `\`${extension.name}\` has sources in ${devices.join(" and ")}, which cannot stand in one extension`,
    {
      hint: "Make an extension of each",
    },
  );
}

function limitedApiProblem(extension: Extension, { python }: Environment): ReturnType<typeof failure> | undefined {
  if (extension.kind !== "python-module" || extension.pyLimitedApi === undefined || python === undefined)
    return undefined;
  const [major, minor] = python.version;
  if (python.freeThreaded || python.abi3Suffix === "") {
    const what = python.freeThreaded ? "free-threaded Python" : python.implementation;
    return failure(
      "LIMITED_API_UNSUPPORTED",
      `\`${extension.name}\` asks for the limited C API, which ${what} ${major}.${minor} does not have`,
      {
        hint: "Take `py-limited-api` away, or name another interpreter with `--python PATH`",
      },
    );
  }
  if (compareVersions(parseVersion(extension.pyLimitedApi), [major, minor]) <= 0) return undefined;
  return failure(
    "LIMITED_API_UNSUPPORTED",
    `\`${extension.name}\` asks for the limited C API of Python ${extension.pyLimitedApi}, but the interpreter is Python ${major}.${minor}`,
    {
      hint: "Lower `py-limited-api`, or name a newer interpreter with `--python PATH`",
    },
  );
}
