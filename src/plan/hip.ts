/**
 * Compiles HIP sources with hipcc, as torch's builder does on a ROCm build, and CUDA sources once they are translated
 * (`hipify.ts`). Run by the authors with Debian's hipcc and without PyTorch's headers; never on a GPU.
 */
import { unique } from "../base/order.ts";
import type { SourceFile } from "../config/extension.ts";
import { compileAction } from "./compile-action.ts";
import { extrasOf, standardIn, userArgs } from "./flags.ts";
import type { Action, Arg } from "./graph.ts";
import { includeSearch, profileFlags, searchArg, sourceArg } from "./host-gcc.ts";
import { hipccVariables } from "./key-variables.ts";
import { hipifiedFlags } from "./hipify.ts";
import { pathArg, spelled, toolWords } from "./paths.ts";
import { type Resolved, userFlags, userMacros } from "./resolve.ts";
import { commonHipccFlags, commonHipFlags, extensionMacros } from "./torch-facts.ts";

/** As with nvcc; not measured. */
const memory = { torch: 3_200_000_000, plain: 500_000_000 };

/**
 * `--offload-arch=` of PYTORCH_ROCM_ARCH, else of the visible GPUs, sorted: torch's order of those changes from process
 * to process. Without any, none: hipcc then takes what it takes, where torch writes an empty one.
 */
export function offloadWords(
  { variables, rocm }: Pick<Resolved, "variables" | "rocm">,
  users: readonly string[],
): string[] {
  const own = hasOffloadArch(users);
  const rdc = users.some((word) => /^-f(?:no-)?gpu-rdc$/.test(word));
  const listed = (variables["PYTORCH_ROCM_ARCH"] ?? "").split(/[;,\s]+/).filter((word) => word !== "");
  const names = own ? [] : unique(listed.length > 0 ? listed : (rocm?.architectures ?? [])).sort();
  return [...names.map((name) => `--offload-arch=${name}`), ...(rdc ? [] : ["-fno-gpu-rdc"])];
}

/** Whether words name a GPU architecture to hipcc. */
export function hasOffloadArch(words: readonly string[]): boolean {
  return words.some((word) => /^--?(?:offload-arch|amdgpu-target)/.test(word));
}

/** Flags of users for hipcc: for a source that is written for CUDA those for nvcc as well, as with torch. */
export function hipFlags(resolved: Resolved, source: SourceFile): string[] {
  const own = userFlags(resolved, source, "hipcc");
  const both = source.language === "cuda" && resolved.extension.ownHipccFlags !== true;
  return both ? [...hipifiedFlags(userFlags(resolved, source, "nvcc")), ...own] : own;
}

/** Plans the compile of one HIP source. */
export function compileHip(resolved: Resolved, source: SourceFile, object: string): Action {
  const { extension, places, rocm, compiler } = resolved;
  const tool = rocm?.compiler ?? compiler.cxx;
  const users = hipFlags(resolved, source);
  const offload = offloadWords(resolved, users);
  const names = hasOffloadArch([...offload, ...users]);
  const depfile = `${object}.d`;
  const extras = extrasOf([...profileFlags[extension.profile], ...users], "clang");
  const command: Arg[] = [
    ...toolWords(tool),
    ...(extension.builder === "setuptools" ? [] : ["-DWITH_HIP"]),
    ...profileFlags[extension.profile],
    ...commonHipFlags,
    "-fPIC",
    ...commonHipccFlags,
    ...(standardIn(users, "gcc") === undefined ? [`-std=c++${resolved.standard}`] : []),
    ...offload,
    ...extensionMacros(extension, resolved.environment).map((macro) => `-D${macro}`),
    ...userMacros(resolved, source),
    ...unique(extension.includeDirs).map((dir) => searchArg(resolved, dir, "-I")),
    ...resolved.systemIncludeDirs.flatMap((dir): Arg[] => ["-isystem", searchArg(resolved, dir, "", dir)]),
    ...userArgs(users, "gcc", (path, prefix) => searchArg(resolved, path, prefix, path), places.path),
    "-MD",
    "-MF",
    pathArg(places, depfile, { role: "depfile" }),
    "-c",
    sourceArg(resolved, source),
    "-o",
    pathArg(places, object, { role: "output" }),
  ].map((word) => (typeof word === "object" && word.role === "search" ? { ...word, literal: true } : word));
  return compileAction(resolved, source, {
    object,
    words: users,
    style: "gcc",
    memory,
    kind: "compile-cuda",
    command,
    env: {},
    keyVariables: hipccVariables(),
    tools: [tool],
    depfile: { path: spelled(places, depfile), format: "make" },
    includeSearch: includeSearch(resolved, users),
    ...(extras.inPlace ? { inPlace: true } : {}),
    // The GPU that hipcc finds is no part of the key.
    cacheable: names && !extras.local,
  });
}
