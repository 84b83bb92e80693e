/** Compiles C and C++ with Microsoft's cl. Never run by the authors: made and tested by value. */
import { unique } from "../base/order.ts";
import type { Profile, SourceFile } from "../config/extension.ts";
import { compileAction } from "./compile-action.ts";
import { standardIn, userArgs } from "./flags.ts";
import type { Action, Arg, PathArg } from "./graph.ts";
import { includeFoldersIn } from "./include-flags.ts";
import { compileVariables } from "./key-variables.ts";
import { objectPath, spelled, toolWords } from "./paths.ts";
import { type Resolved, userFlags, userMacros } from "./resolve.ts";
import { extensionMacros, msvcWarningFlags } from "./torch-facts.ts";

/** torch's `COMMON_MSVC_FLAGS`: its release run time, exceptions, no warnings of its headers. */
export const msvcCompileFlags: readonly string[] = ["/MD", ...msvcWarningFlags, "/EHsc"];

/** Debug information goes into the object (`/Z7`): a `.pdb` would be shared by compiles that run at once. */
const profileFlags: Readonly<Record<Profile, { readonly optimise: string; readonly others: readonly string[] }>> = {
  release: { optimise: "/O2", others: ["/DNDEBUG"] },
  debug: { optimise: "/Od", others: ["/Z7"] },
  "release-with-debug": { optimise: "/O2", others: ["/Z7", "/DNDEBUG"] },
  none: { optimise: "", others: [] },
};

/** As with g++; not measured. */
const memory = { torch: 1_700_000_000, plain: 300_000_000 };

/** The object of a source for cl. */
export function msvcObject(resolved: Resolved, source: SourceFile): string {
  return objectPath(resolved.places, resolved.extension.name, source.path, ".obj");
}

/** Plans the compile of one source. */
export function compileWithMsvc(resolved: Resolved, source: SourceFile, object: string): Action {
  const { extension, compiler, places } = resolved;
  const isC = source.language === "c";
  const tool = isC ? (compiler.cc ?? compiler.cxx) : compiler.cxx;
  const given = userFlags(resolved, source, "cxx");
  const users = isC ? given.filter((word) => !/^[-/]std:c\+\+/.test(word)) : given;
  const { optimise, others } = profileFlags[extension.profile];
  const search = (dir: string, prefix: string): PathArg => ({
    prefix,
    path: spelled(places, dir),
    role: "search",
    // cl knows no map of locations that would be documented: `__FILE__` of a header is its absolute path.
    ...(places.path.isAbsolute(spelled(places, dir)) ? { literal: true } : {}),
  });
  // A program database has a name of its own, which stands in the object.
  const database = users.some((word) => /^[-/]Z[iI]$/.test(word));
  const command: Arg[] = [
    ...toolWords(tool),
    "/nologo",
    // Takes the time of day out of the object.
    "/Brepro",
    ...(users.some((word) => /^[-/]O[12dxgst]/.test(word)) || optimise === "" ? [] : [optimise]),
    ...others,
    ...msvcCompileFlags,
    ...(isC || standardIn(users, "msvc") !== undefined ? [] : [`/std:${msvcStandard(resolved.standard)}`]),
    ...extensionMacros(extension, resolved.environment).map((macro) => `-D${macro}`),
    ...userMacros(resolved, source),
    ...unique(extension.includeDirs).map((dir) => search(dir, "-I")),
    ...resolved.systemIncludeDirs.map((dir) => search(dir, "-I")),
    ...userArgs(users, "msvc", (path, prefix) => ({ prefix, path, role: "search", literal: true }), places.path),
    "/showIncludes",
    "/c",
    {
      // The suffixes that cl itself knows (Microsoft, "/Tc, /Tp, /TC, /TP").
      ...(isC || /\.(?:cpp|cxx)$/i.test(source.path) ? {} : { prefix: "/Tp" }),
      path: spelled(places, source.path),
      role: "input",
      ...(places.path.isAbsolute(spelled(places, source.path)) ? { literal: true } : {}),
    },
    { prefix: "/Fo", path: spelled(places, object), role: "output" },
  ];
  return compileAction(resolved, source, {
    object,
    words: users,
    style: "msvc",
    memory,
    kind: "compile",
    command,
    env: compiler.env ?? {},
    keyVariables: compileVariables(compiler.family),
    tools: [tool],
    depfile: { path: spelled(places, `${object}.d`), format: "msvc" },
    includeSearch: includeSearch(resolved, users),
    ...(database ? { inPlace: true } : {}),
    cacheable: !database,
  });
}

/** Value of `/std:` (Microsoft, "/std"): C++23 and later have no number yet that all versions know. */
function msvcStandard(standard: string): string {
  return ["14", "17", "20"].includes(standard) ? `c++${standard}` : "c++latest";
}

/** Folders of headers in the order of the search: `-I`, then INCLUDE. */
function includeSearch(resolved: Resolved, users: readonly string[]): string[] {
  const { extension, compiler, places } = resolved;
  const given = includeFoldersIn(users, "msvc");
  return unique(
    [...extension.includeDirs, ...resolved.systemIncludeDirs, ...given.plain, ...compiler.systemIncludeDirs].map(
      (dir) => places.path.resolve(places.root, dir),
    ),
  );
}
