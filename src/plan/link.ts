/** Links modules, libraries and programs: with the compiler's driver on Linux and macOS, with link.exe on Windows. */
import type { Result } from "../base/result.ts";
import { ok } from "../base/result.ts";
import type { Extension } from "../config/extension.ts";
import type { Tool } from "../environment/environment.ts";
import { linkerFor } from "../environment/linker.ts";
import type { CudaArchitecture } from "./cuda-arch.ts";
import { userArgs } from "./flags.ts";
import { linkFilesIn, possibleLinkFiles } from "./link-flags.ts";
import type { Action, Arg, Artifact, PathArg } from "./graph.ts";
import { architectureWords, prefixMapWords } from "./host-gcc.ts";
import { linkVariables } from "./key-variables.ts";
import { linkLibraries, librarySearch } from "./libraries.ts";
import { actionId, builtPath, pathArg, spelled, toolWords } from "./paths.ts";
import { linkProgramSearch } from "./program-folders.ts";
import { planNote } from "./provenance.ts";
import type { Resolved } from "./resolve.ts";
import { shortened } from "./response-file.ts";
import { moduleName, torchCudaIncludeSymbol } from "./torch-facts.ts";

/** What a link puts together. */
export interface LinkParts {
  /** Objects of the sources, in their order. */
  readonly objects: readonly string[];
  /** The object of the device link. */
  readonly deviceLink?: string;
  /** GPU architectures that the objects hold, as far as the plan chose them. */
  readonly architectures: readonly CudaArchitecture[];
}

/** A link, and what it leaves for the user. */
export interface PlannedLink {
  readonly action: Action;
  readonly artifact: Artifact;
}

/** libtorch is read and a module written; measured with GNU ld 2.40: 0.2 GB. */
const memoryEstimate = 400_000_000;

/** Plans the link of an extension. */
export function planLink(resolved: Resolved, parts: LinkParts): Result<PlannedLink> {
  const { extension, compiler, places, environment, variableFlags } = resolved;
  const built = builtPath(places, extension.name, artifactFile(resolved));
  const isMsvc = compiler.family === "msvc";
  const driverFlags = isMsvc ? [] : [...variableFlags.c, ...variableFlags.cxx, ...variableFlags.link];
  const linker = linkerFor(environment, [...driverFlags, ...extension.linkFlags]);
  if (!linker.ok) return linker;
  const libraries = linkLibraries(resolved, parts.deviceLink !== undefined);
  const files = [...parts.objects, ...(parts.deviceLink === undefined ? [] : [parts.deviceLink])];
  const planned = planNote(resolved, parts.architectures, [...driverFlags, ...extension.linkFlags]);
  const link: LinkContext = {
    resolved,
    libraries,
    built,
    files,
    noteWords: planned === undefined ? [] : [planned.word],
  };
  const { start, rest } = isMsvc ? msvcWords(link, linker.value) : driverWords(link, driverFlags);
  const { command, responseFile } = shortened({
    places,
    style: isMsvc ? "msvc" : "gcc",
    file: places.path.join(places.buildDir, "obj", extension.name, "link.rsp"),
    start,
    rest,
  });
  const flags = [...driverFlags, ...extension.linkFlags];
  const read = linkFilesIn(flags, isMsvc ? "msvc" : "gcc");
  // Names of outputs stand in what link.exe and Apple's linker write: the DLL's own name, the identifier of a signature.
  const named = environment.platform !== "linux";
  const action: Action = {
    id: actionId(places, built),
    kind: "link",
    description: `link ${places.path.basename(built)}`,
    extension: extension.name,
    command,
    cwd: places.root,
    env: {
      ...compiler.env,
      // Otherwise the debug map holds the times of the objects (ld(1) of macOS).
      ...(environment.platform === "darwin" ? { ZERO_AR_DATE: "1" } : {}),
    },
    keyVariables: linkVariables(compiler.family),
    tools: isMsvc ? [linker.value] : [compiler.cxx, linker.value],
    inputs: [...files, ...extension.extraObjects, ...read.map((file) => places.path.resolve(places.root, file))],
    outputs: [built],
    includeSearch: [],
    librarySearch: [
      ...librarySearch(resolved, { libraries, before: driverFlags, after: extension.linkFlags }),
      ...(isMsvc ? [] : linkProgramSearch(flags, places)),
      ...(isMsvc ? [] : possibleLinkFiles(flags)).map((file) => {
        const path = places.path.resolve(places.root, file);
        return { names: [places.path.basename(path)], dirs: [places.path.dirname(path)] };
      }),
    ],
    ...(responseFile === undefined ? {} : { responseFile }),
    ...(planned === undefined ? {} : { note: planned.note }),
    ...(named ? { inPlace: true } : {}),
    memoryEstimate,
    cacheable: true,
  };
  return ok({
    action,
    artifact: { name: extension.name, extension: extension.name, built, path: artifactPath(resolved) },
  });
}

/** The file name of the result: `_C.cpython-311-x86_64-linux-gnu.so`, `my_ops.so`, `my_tool.exe`. */
function artifactFile({
  extension,
  environment,
  python,
}: Pick<Resolved, "extension" | "environment" | "python">): string {
  if (extension.fileName !== undefined) return extension.fileName;
  const name = moduleName(extension.name);
  const { platform } = environment;
  switch (extension.kind) {
    case "executable":
      return platform === "win32" ? `${name}.exe` : name;
    case "torch-library":
      return name + { linux: ".so", darwin: ".dylib", win32: ".dll" }[platform];
    case "python-module": {
      const limited = extension.pyLimitedApi !== undefined;
      const suffix = limited ? python?.abi3Suffix : python?.extensionSuffix;
      return name + (suffix ?? (platform === "win32" ? ".pyd" : ".so"));
    }
  }
}

/** Where the result is published: packages of a dotted name are folders. */
function artifactPath(resolved: Resolved): string {
  const { extension, places } = resolved;
  const packages = extension.fileName === undefined ? extension.name.split(".").slice(0, -1) : [];
  return places.path.join(extension.outDir, ...packages, artifactFile(resolved));
}

interface LinkContext {
  readonly resolved: Resolved;
  readonly libraries: ReturnType<typeof linkLibraries>;
  readonly built: string;
  readonly files: readonly string[];
  readonly noteWords: readonly Arg[];
}

interface LinkWords {
  readonly start: readonly Arg[];
  readonly rest: readonly Arg[];
}

/** `g++ -shared …`: the order of words is that of setuptools, with torch's libraries in the order of its own builder. */
function driverWords(
  { resolved, libraries, built, files, noteWords }: LinkContext,
  flags: readonly string[],
): LinkWords {
  const { extension, compiler, places, environment } = resolved;
  const mac = environment.platform === "darwin";
  const isProgram = extension.kind === "executable";
  const debugMap = mac && extension.profile !== "release" && extension.profile !== "none";
  const searchDir = (dir: string, prefix: string): PathArg => ({ prefix, path: spelled(places, dir), role: "search" });
  const tool: Tool = { ...compiler.cxx, launcher: [] };
  return {
    start: [
      ...toolWords(tool),
      ...architectureWords(resolved),
      ...(isProgram ? [] : ["-shared"]),
      ...(mac && !isProgram ? macModuleWords(extension, places.path.basename(built)) : []),
      ...(debugMap ? ["-Wl,-oso_prefix,."] : []),
      "-o",
      pathArg(places, built, { role: "output" }),
      ...noteWords,
    ],
    rest: [
      ...userArgs(flags, "gcc", (path, prefix) => searchDir(path, prefix), places.path),
      // With link-time optimisation the debug information is written here.
      ...([...flags, ...extension.linkFlags].some((word) => /^-flto(?:=|$)/.test(word))
        ? prefixMapWords(resolved)
        : []),
      ...files.map((file) => pathArg(places, file, { role: "input" })),
      // A shared library without a name of its own is remembered by this path.
      ...extension.extraObjects.map((file) =>
        pathArg(places, file, {
          role: "input",
          ...(/\.(?:so(?:\.[\d.]+)?|dylib)$/.test(file) ? { literal: true } : {}),
        }),
      ),
      ...libraries.dirs.map((dir) => searchDir(dir, "-L")),
      ...[...extension.runtimeLibraryDirs, ...libraries.runtimeDirs].flatMap((dir) => rpathWords(resolved, dir)),
      ...libraries.names.map((name) => `-l${name}`),
      ...asNeededWords(libraries.asNeeded, mac),
      ...userArgs(extension.linkFlags, "gcc", (path, prefix) => searchDir(path, prefix), places.path),
    ],
  };
}

/** torch's `-undefined dynamic_lookup`; without a name the path of the output would stand in the library. */
function macModuleWords(extension: Extension, file: string): string[] {
  const name = extension.kind === "torch-library" ? `@rpath/${file}` : file;
  return ["-undefined", "dynamic_lookup", `-Wl,-install_name,${name}`];
}

function rpathWords({ places }: Resolved, dir: string): Arg[] {
  // `$ORIGIN/lib` and `@loader_path/lib` are no folders of this machine.
  if (!places.path.isAbsolute(dir))
    return dir.includes(",") ? ["-Xlinker", "-rpath", "-Xlinker", dir] : [`-Wl,-rpath,${dir}`];
  if (dir.includes(",")) return ["-Xlinker", "-rpath", "-Xlinker", { path: dir, literal: true }];
  return [{ prefix: "-Wl,-rpath,", path: dir, literal: true }];
}

/**
 * A library that is taken only when its symbols are used: a library of operators that includes `torch/extension.h` may
 * use the Python bindings, one that does not must load without Python. Apple's linker finds such symbols when the
 * library is loaded.
 */
function asNeededWords(names: readonly string[], mac: boolean): string[] {
  if (names.length === 0 || mac) return [];
  return ["-Wl,--push-state,--as-needed", ...names.map((name) => `-l${name}`), "-Wl,--pop-state"];
}

/**
 * `link.exe /DLL …`. Neither torch nor this exports `PyInit_…`: Python's own macro does, and a library of operators
 * alone has none. A library of which nothing is used leaves no trace, so "as needed" needs no word.
 */
function msvcWords({ resolved, libraries, built, files, noteWords }: LinkContext, linker: Tool): LinkWords {
  const { extension, places, device, torch } = resolved;
  const isProgram = extension.kind === "executable";
  const debug = extension.profile === "debug" || extension.profile === "release-with-debug";
  const beside = (suffix: string): string =>
    places.path.join(places.buildDir, "obj", extension.name, `${moduleName(extension.name)}${suffix}`);
  const library = (name: string): string => (/\.lib$/i.test(name) ? name : `${name}.lib`);
  return {
    start: [
      ...toolWords({ ...linker, launcher: [] }),
      "/nologo",
      ...(isProgram ? [] : ["/DLL"]),
      // Takes the time of day out of the result.
      "/Brepro",
      "/INCREMENTAL:NO",
      ...(debug ? ["/DEBUG", "/PDBALTPATH:%_PDB%", pathArg(places, beside(".pdb"), { prefix: "/PDB:" })] : []),
      pathArg(places, built, { prefix: "/OUT:", role: "output" }),
      ...(isProgram ? [] : [pathArg(places, beside(".lib"), { prefix: "/IMPLIB:" })]),
      ...noteWords,
    ],
    rest: [
      ...[...files, ...extension.extraObjects].map((file) => pathArg(places, file, { role: "input" })),
      ...libraries.dirs.map((dir) => pathArg(places, dir, { prefix: "/LIBPATH:", role: "search" })),
      ...[...libraries.names, ...libraries.asNeeded].map(library),
      ...(device === "cuda" && torch !== undefined ? [`-INCLUDE:${torchCudaIncludeSymbol}`] : []),
      ...extension.linkFlags.filter((word) => word.trim() !== ""),
    ],
  };
}
