/**
 * What a diagnosis may ask of this machine: which installed library has a symbol or another form of it, where a header
 * or a library lies that is not on the command line, which other compilers are installed. Everything is looked up when
 * it is first asked for, within bounds; no process is started.
 */
import { dirname, isAbsolute, join } from "node:path";
import { quietly } from "../base/quietly.ts";
import { compareVersions, unique } from "../base/order.ts";
import type { Context, SourcePlace } from "../diagnose/diagnose.ts";
import type { Environment, HostCompiler } from "../environment/environment.ts";
import { refusal } from "../environment/host-compiler-bounds.ts";
import type { Host } from "../host/host.ts";
import { fileSource } from "../inspect/bytes.ts";
import { readable } from "../inspect/demangle.ts";
import { openElf } from "../inspect/elf.ts";
import { dynamicSymbols } from "../inspect/elf-symbols.ts";
import { versionDefinitions } from "../inspect/elf-versions.ts";
import type { LoadedFile } from "../inspect/loader.ts";
import { findDefinition, type Folder, foldersBelow, headerInOtherCase, spelled } from "./project-tree.ts";
import { pythonCommand } from "./python-command.ts";
import { classify, type Installed } from "../inspect/missing-symbols.ts";

/** For whom the machine is asked. */
export interface DiagnoseSurroundings {
  readonly environment: Environment;
  /** Folder of the project: headers and libraries are looked for below it first. Absolute. */
  readonly root?: string;
  /** The sources of the extension, absolute. */
  readonly sources?: readonly string[];
}

type ContextHost = Pick<Host, "fs" | "env" | "platform">;

/** Functions whose definitions are remembered. */
const mostDefinitions = 1_000;
/** Libraries in which symbols are looked up. */
const mostLibraries = 64;

/** The context of a diagnosis on this machine. */
export function diagnoseContext(host: ContextHost, surroundings: DiagnoseSurroundings): Context {
  const { environment, root } = surroundings;
  let installed: Installed | undefined;
  let tree: readonly Folder[] | undefined;
  const libraries = (): Installed =>
    (installed ??= { libraries: installedLibraries(host, environment), scope: new Set() });
  const folders = (): readonly Folder[] => (tree ??= root === undefined ? [] : foldersBelow(host, root));
  const definitions = new Map<string, readonly SourcePlace[]>();
  const answers = new Map<string, ReturnType<typeof classify>>();
  const lookUp = (name: string): ReturnType<typeof classify> => {
    const [bare = name, version] = name.split(/@{1,2}/);
    let answer = answers.get(name);
    if (answer === undefined) {
      const unresolved = { name: bare, neededBy: "", ...(version === undefined || version === "" ? {} : { version }) };
      answer = classify(unresolved, libraries());
      answers.set(name, answer);
    }
    return answer;
  };
  const command = environment.python === undefined ? undefined : pythonCommand(host, environment.python.executable);
  return {
    environment,
    lookupSymbol: (name) => {
      const { cause, library } = lookUp(name);
      return cause === "not-linked" && library !== undefined ? { library, symbol: name } : undefined;
    },
    otherForm: (name) => {
      const { cause, library, forms } = lookUp(name);
      const [symbol] = forms;
      if ((cause !== "string-abi" && cause !== "signature") || library === undefined || symbol === undefined)
        return undefined;
      return { library, symbol };
    },
    findDefinition: (path) => {
      const key = path.join("::");
      let places = definitions.get(key);
      if (places === undefined) {
        places = findDefinition(host, { path, folders: folders(), sources: surroundings.sources }, root);
        if (definitions.size < mostDefinitions) definitions.set(key, places);
      }
      return places;
    },
    hasFolder: (path) => quietly(() => host.fs.stat(path)) !== undefined,
    headerInOtherCase: (name) => {
      const found = headerInOtherCase(name, folders());
      return found === undefined || root === undefined ? found : spelled(root, found);
    },
    findHeader: (name) => {
      const found = findHeader(host, { name, folders: folders(), environment });
      return found === undefined || root === undefined ? found : spelled(root, found);
    },
    findLibrary: (name) => {
      const found = findLibrary(host, { name, folders: folders(), environment });
      return found === undefined || root === undefined ? found : spelled(root, found);
    },
    hostCompilers: hostCompilers(host, environment),
    demangle: readable,
    variables: host.env,
    ...(command === undefined ? {} : { pythonCommand: command }),
  };
}

interface Wanted {
  readonly name: string;
  readonly folders: readonly Folder[];
  readonly environment: Environment;
}

/**
 * The folder that holds a header. Of several in the project none: which one is meant, only people know. A folder is not
 * given for a bare name like `config.h` that stands in more than one place.
 */
function findHeader(host: ContextHost, { name, folders, environment }: Wanted): string | undefined {
  const words = name.replaceAll("\\", "/").split("/");
  const file = words.at(-1) ?? "";
  if (file === "" || words.includes("..") || name.startsWith("/")) return undefined;
  const tail = words.slice(0, -1);
  const inProject = folders
    .filter((folder) => folder.files.has(file) && endsWith(folder.path, tail))
    .map((folder) => upwards(folder.path, tail.length));
  const own = unique(inProject);
  if (own.length > 0) return own.length === 1 ? own[0] : undefined;
  return headerFolders(host, environment).find(
    (folder) => quietly(() => host.fs.stat(join(folder, ...words)))?.kind === "file",
  );
}

function endsWith(path: string, tail: readonly string[]): boolean {
  const parts = path.split(/[\\/]/);
  return tail.every((word, index) => parts[parts.length - tail.length + index] === word);
}

function upwards(path: string, steps: number): string {
  let at = path;
  for (let i = 0; i < steps; i++) at = dirname(at);
  return at;
}

/** Include folders of packages that are installed but not on a command line by themselves. */
function headerFolders(host: ContextHost, { python, cuda, platform }: Environment): string[] {
  const folders: string[] = [...(cuda?.includeDirs ?? [])];
  for (const packages of python?.packageDirs ?? []) {
    folders.push(join(packages, "pybind11", "include"), join(packages, "nanobind", "include"));
    folders.push(join(packages, "numpy", "_core", "include"), join(packages, "numpy", "core", "include"));
    for (const name of quietly(() => host.fs.list(join(packages, "nvidia"))) ?? [])
      folders.push(join(packages, "nvidia", name, "include"));
  }
  folders.push(...(python?.includeDirs ?? []));
  if (python !== undefined) folders.push(join(python.prefix, "include"));
  if (platform !== "win32")
    folders.push("/usr/include/eigen3", "/usr/include/opencv4", "/usr/local/include", "/opt/homebrew/include");
  return unique(folders);
}

/** The folder that holds a library that `-l` would take. */
function findLibrary(host: ContextHost, { name, folders, environment }: Wanted): string | undefined {
  if (!/^[\w.+-]+$/.test(name)) return undefined;
  const files = libraryFiles(environment.platform, name);
  const own = unique(folders.filter((folder) => files.some((file) => folder.files.has(file))).map(({ path }) => path));
  if (own.length > 0) return own.length === 1 ? own[0] : undefined;
  return libraryFolders(environment).find((folder) =>
    files.some((file) => quietly(() => host.fs.stat(join(folder, file)))?.kind === "file"),
  );
}

function libraryFiles(platform: Environment["platform"], name: string): string[] {
  if (platform === "win32") return [`${name}.lib`];
  return platform === "darwin"
    ? [`lib${name}.dylib`, `lib${name}.tbd`, `lib${name}.a`]
    : [`lib${name}.so`, `lib${name}.a`];
}

/** Folders in which installed libraries lie, those that a link searches anyway first. */
function libraryFolders({ python, torch, cuda, compiler }: Environment): string[] {
  return unique([
    ...(compiler?.systemLibraryDirs ?? []),
    ...(torch?.libraryDirs ?? []),
    ...(cuda?.libraryDirs ?? []),
    ...(cuda?.libraryDirs ?? []).map((folder) => join(folder, "stubs")),
    ...(python === undefined ? [] : [python.libraryDir, join(python.prefix, "lib")]),
  ]).filter((folder) => folder !== "");
}

/** The libraries of torch and Python, opened. Only their headers are read until a symbol is asked for. */
function installedLibraries(host: ContextHost, environment: Environment): LoadedFile[] {
  if (environment.platform !== "linux") return [];
  const { torch, python, cuda } = environment;
  const paths: string[] = [];
  for (const folder of torch?.libraryDirs ?? []) {
    for (const name of quietly(() => host.fs.list(folder)) ?? []) {
      if (/^lib(?:c10|torch)\w*\.so$/.test(name)) paths.push(join(folder, name));
    }
  }
  if (python !== undefined) {
    paths.push(python.executable);
    const [major, minor] = python.version;
    paths.push(join(python.libraryDir, `libpython${major}.${minor}.so.1.0`));
  }
  for (const folder of cuda?.libraryDirs ?? []) {
    for (const name of quietly(() => host.fs.list(folder)) ?? []) {
      if (/^lib(?:cudart|cublas|cublasLt|cusparse|cusolver|curand|cufft|nvrtc)\.so(?:\.\d+)?$/.test(name))
        paths.push(join(folder, name));
    }
  }
  const seen = new Set<string>();
  const files: LoadedFile[] = [];
  for (const path of unique(paths)) {
    if (files.length >= mostLibraries) break;
    const real = quietly(() => host.fs.realpath(path));
    if (real === undefined || seen.has(real)) continue;
    seen.add(real);
    const source = fileSource(host.fs, real);
    const elf = source === undefined ? undefined : openElf(source);
    if (elf?.ok !== true) continue;
    files.push({
      path,
      elf: elf.value,
      symbols: dynamicSymbols(elf.value),
      versions: versionDefinitions(elf.value),
      foundBy: "given",
      needs: [],
    });
  }
  return files;
}

type FoundCompiler = NonNullable<Context["hostCompilers"]>[number];

/** Compilers on the search path whose name tells their version (`g++-13`), newest first; not the chosen one. */
export function hostCompilers(host: Pick<Host, "fs" | "env" | "platform">, environment: Environment): FoundCompiler[] {
  if (host.platform === "win32") return [];
  const found = new Map<string, FoundCompiler>();
  const chosen = environment.compiler;
  for (const folder of (host.env["PATH"] ?? "").split(":")) {
    if (!isAbsolute(folder)) continue;
    for (const name of quietly(() => host.fs.list(folder)) ?? []) {
      const match = /^(g\+\+|clang\+\+)-(\d+)(?:\.\d+)?$/.exec(name);
      const major = Number(match?.[2]);
      if (match === null || found.has(name)) continue;
      const family = match[1] === "g++" ? "gcc" : "clang";
      if (chosen?.family === family && chosen.version[0] === major) continue;
      found.set(name, { family, path: join(folder, name), version: [major] });
    }
  }
  return [...found.values()].sort((a, b) => compareVersions(b.version, a.version) || (a.path < b.path ? -1 : 1));
}

/** Whether a toolkit takes a compiler, as far as is known. */
export function acceptedByCuda(
  environment: Environment,
  compiler: { readonly family: HostCompiler["family"]; readonly version: readonly number[] },
): boolean {
  return refusal(environment.cuda?.hostCompilers, compiler) === undefined;
}
