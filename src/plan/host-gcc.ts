/** Compiles C, C++ and Objective-C++ with gcc or clang (Linux and macOS). */
import { unique } from "../base/order.ts";
import type { Profile, SourceFile } from "../config/extension.ts";
import type { Environment, Tool } from "../environment/environment.ts";
import { compileAction } from "./compile-action.ts";
import { extrasOf, needsRandomSeed, standardIn, userArgs } from "./flags.ts";
import { allowsLargerHeap } from "./gcc-heap.ts";
import { argText, type Action, type Arg, type PathArg } from "./graph.ts";
import { includeFoldersIn, withoutHeaderLists } from "./include-flags.ts";
import { compileVariables } from "./key-variables.ts";
import { actionId, objectPath, pathArg, spelled, toolWords } from "./paths.ts";
import { profileSearch, usesProfile } from "./profiles.ts";
import { compileProgramSearch } from "./program-folders.ts";
import { isMapped, type Resolved, userFlags, userMacros } from "./resolve.ts";
import { commonHipFlags, extensionMacros } from "./torch-facts.ts";

/** Flags of a profile. */
export const profileFlags: Readonly<Record<Profile, readonly string[]>> = {
  release: ["-O3", "-DNDEBUG"],
  debug: ["-O0", "-g"],
  "release-with-debug": ["-O2", "-g", "-DNDEBUG"],
  none: [],
};

/** Suffixes by which gcc and clang know a language (GCC manual, "Options Controlling the Kind of Output"). */
const suffixes: Readonly<Record<"c" | "c++" | "objective-c++", RegExp>> = {
  c: /\.c$/,
  "c++": /\.(?:cc|cp|cxx|cpp|CPP|c\+\+|C)$/,
  "objective-c++": /\.(?:mm|M)$/,
};

/**
 * Memory of a compile, measured with g++ 12 on torch 2.13: 1.6 GB with `torch/extension.h`, which is what most sources
 * include; 0.2 GB without headers of torch.
 */
const memory = { torch: 1_700_000_000, plain: 300_000_000 };

/** Plans the compile of one source. */
export function compileWithGcc(resolved: Resolved, source: SourceFile, object: string): Action {
  const { extension, compiler, places, systemIncludeDirs } = resolved;
  const isC = source.language === "c";
  const tool = isC ? (compiler.cc ?? compiler.cxx) : compiler.cxx;
  const fromVariables = variableWords(resolved, source);
  const own = isC ? withoutCxxFlags(userFlags(resolved, source, "cxx")) : userFlags(resolved, source, "cxx");
  const users = withoutHeaderLists([...fromVariables, ...own]);
  const given = withoutHeaderLists(extension.baseFlags?.cxx ?? []);
  const first = isC ? withoutCxxFlags(given) : given;
  const all = [...first, ...users];
  const extras = extrasOf([...profileFlags[extension.profile], ...all], compiler.family === "gcc" ? "gcc" : "clang");
  const depfile = `${object}.d`;
  const includeDirs = unique(extension.includeDirs);
  const command: Arg[] = [
    ...toolWords(tool),
    ...architectureWords(resolved),
    ...userArgs(first, "gcc", (path, prefix) => searchArg(resolved, path, prefix, path), places.path),
    ...profileFlags[extension.profile],
    "-fPIC",
    ...(isC || extension.compilerStandard === true || standardIn(all, "gcc") !== undefined
      ? []
      : [`-std=c++${resolved.standard}`]),
    ...prefixMapWords(resolved),
    ...(needsRandomSeed(all) && compiler.family === "gcc" ? [`-frandom-seed=${actionId(places, object)}`] : []),
    ...extensionMacros(extension, resolved.environment)
      .filter((macro) => !isC || !/^(?:_GLIBCXX|PYBIND11)/.test(macro))
      .map((macro) => `-D${macro}`),
    ...(resolved.torch?.hipVersion === undefined ? [] : commonHipFlags),
    ...userMacros(resolved, source),
    ...includeDirs.map((dir) => searchArg(resolved, dir, "-I")),
    ...systemIncludeDirs.flatMap((dir): Arg[] => ["-isystem", searchArg(resolved, dir, "", dir)]),
    ...userArgs(users, "gcc", (path, prefix) => searchArg(resolved, path, prefix, path), places.path),
    "-MD",
    "-MF",
    pathArg(places, depfile, { role: "depfile" }),
    ...languageWords(source, tool, compiler.cxx),
    "-c",
    sourceArg(resolved, source),
    "-o",
    pathArg(places, object, { role: "output" }),
  ];
  const base = object.replace(/\.o$/, "");
  return compileAction(resolved, source, {
    object,
    words: all,
    style: "gcc",
    memory,
    kind: "compile",
    command,
    env: compiler.env ?? {},
    gccHeap: compiler.family === "gcc" && tool.launcher.length === 0 && allowsLargerHeap(command.map(argText)),
    largePages: tool.launcher.length === 0,
    keyVariables: compileVariables(compiler.family),
    tools: [tool],
    outputs: [object, ...extras.outputs.map((suffix) => base + suffix)],
    depfile: { path: spelled(places, depfile), format: "make" },
    includeSearch: includeSearch(resolved, all),
    librarySearch: [...compileProgramSearch(all, places), ...profileSearch(all, object, places)],
    // A profile is looked for beside the object.
    ...(extras.inPlace || usesProfile(all) ? { inPlace: true } : {}),
    cacheable: !extras.local,
  });
}

/** The object of a source for these compilers. */
export function gccObject(resolved: Resolved, source: SourceFile): string {
  return objectPath(resolved.places, resolved.extension.name, source.path, ".o");
}

/** CFLAGS, CPPFLAGS and CXXFLAGS for a source. A standard of the other language is left out: clang refuses it. */
function variableWords({ variableFlags }: Resolved, source: SourceFile): string[] {
  if (source.language === "c") return withoutCxxFlags([...variableFlags.c]);
  return [...variableFlags.c.filter((word) => !/^--?std=(?!.*\+\+)/.test(word)), ...variableFlags.cxx];
}

/** Flags that mean nothing in C: clang refuses the standard, gcc warns of the others. */
function withoutCxxFlags(words: readonly string[]): string[] {
  return words.filter(
    (word) =>
      !/^(?:--?std=.*\+\+.*|-f(?:no-)?rtti|-fvisibility-inlines-hidden|-fpermissive|-Weffc\+\+|-stdlib=.*)$/.test(word),
  );
}

/** A folder to search for headers. It may come to stand in the output unless it is relative or replaced by a map. */
export function searchArg(
  resolved: Resolved,
  dir: string,
  prefix: string,
  text = spelled(resolved.places, dir),
): PathArg {
  return {
    ...(prefix === "" ? {} : { prefix }),
    path: text,
    role: "search",
    ...(isMapped(resolved, text) ? {} : { literal: true }),
  };
}

/** The source as a word. */
export function sourceArg(resolved: Resolved, source: SourceFile): PathArg {
  return pathArg(resolved.places, source.path, {
    role: "input",
    ...(isMapped(resolved, spelled(resolved.places, source.path)) ? {} : { literal: true }),
  });
}

/** Says the language where the suffix of the source does not. */
function languageWords(source: SourceFile, tool: Tool, cxx: Tool): string[] {
  const language = source.language === "c" || source.language === "objective-c++" ? source.language : "c++";
  // g++ takes `.c` for C++.
  return suffixes[language].test(source.path) && !(language === "c" && tool === cxx) ? [] : ["-x", language];
}

/** Keeps locations out of debug information and `__FILE__`. */
export function prefixMapWords({ prefixMaps }: Resolved): PathArg[] {
  return prefixMaps.map(({ from, to }) => ({ prefix: "-ffile-prefix-map=", path: from, suffix: `=${to}` }));
}

/**
 * On macOS the architecture of the interpreter, which need not be that of the compiler's process. ARCHFLAGS is what
 * setuptools and pip use to say it (`_osx_support.compiler_fixup`).
 */
export function architectureWords({ environment, variables }: Pick<Resolved, "environment" | "variables">): string[] {
  if (environment.platform !== "darwin") return [];
  const given = (variables["ARCHFLAGS"] ?? "").split(/\s+/).filter((word) => word !== "");
  if (given.length > 0) return given;
  return ["-arch", macArchitecture(environment)];
}

function macArchitecture({ python, arch }: Environment): string {
  const named = /-(arm64|x86_64)$/.exec(python?.platform ?? "")?.[1];
  return named ?? (arch === "x64" ? "x86_64" : arch);
}

/** Folders of headers in the order of the search (GCC manual, "Directory Options"). Absolute. */
export function includeSearch(resolved: Resolved, users: readonly string[]): string[] {
  const { extension, compiler, places } = resolved;
  const given = includeFoldersIn(users, "gcc");
  const system = [...resolved.systemIncludeDirs, ...given.system];
  // A folder that is named with -isystem counts there only.
  const isSystem = new Set(
    [...system, ...compiler.systemIncludeDirs].map((dir) => places.path.resolve(places.root, dir)),
  );
  const absolute = (dirs: readonly string[]): string[] => dirs.map((dir) => places.path.resolve(places.root, dir));
  return unique([
    ...absolute(given.quote),
    ...absolute([...extension.includeDirs, ...given.plain]).filter((dir) => !isSystem.has(dir)),
    ...absolute(system),
    ...absolute(compiler.systemIncludeDirs),
    ...absolute(given.after),
  ]);
}
