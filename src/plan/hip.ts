/**
 * Compiles HIP sources with hipcc, as torch's builder does on a ROCm build. Never run by the authors: made and tested by
 * value. CUDA sources are not translated (hipify).
 */
import { unique } from "../base/order.ts";
import type { SourceFile } from "../config/extension.ts";
import { compileFilesIn, extrasOf, standardIn, userArgs } from "./flags.ts";
import type { Action, Arg } from "./graph.ts";
import { includeSearch, profileFlags, searchArg, sourceArg } from "./host-gcc.ts";
import { hipccVariables } from "./key-variables.ts";
import { actionId, displayed, pathArg, spelled, toolWords } from "./paths.ts";
import { type Resolved, userFlags, userMacros } from "./resolve.ts";
import { commonHipccFlags, commonHipFlags, extensionMacros } from "./torch-facts.ts";

/** As with nvcc; not measured. */
const memory = { torch: 3_200_000_000, plain: 500_000_000 };

/**
 * `--offload-arch=` of PYTORCH_ROCM_ARCH, sorted. Without it none: hipcc then asks for the GPU that is there, where torch
 * names every visible one in an order that changes from process to process.
 */
export function offloadWords(variable: string | undefined, users: readonly string[]): string[] {
  const own = hasOffloadArch(users);
  const rdc = users.some((word) => /^-f(?:no-)?gpu-rdc$/.test(word));
  const names = own ? [] : unique((variable ?? "").split(/[;,\s]+/).filter((word) => word !== "")).sort();
  return [...names.map((name) => `--offload-arch=${name}`), ...(rdc ? [] : ["-fno-gpu-rdc"])];
}

/** Whether words name a GPU architecture to hipcc. */
export function hasOffloadArch(words: readonly string[]): boolean {
  return words.some((word) => /^--?(?:offload-arch|amdgpu-target)/.test(word));
}

/** Plans the compile of one HIP source. */
export function compileHip(resolved: Resolved, source: SourceFile, object: string): Action {
  const { extension, places, rocm, compiler } = resolved;
  const tool = rocm?.compiler ?? compiler.cxx;
  const users = userFlags(resolved, source, "hipcc");
  const offload = offloadWords(resolved.variables["PYTORCH_ROCM_ARCH"], users);
  const names = hasOffloadArch([...offload, ...users]);
  const depfile = `${object}.d`;
  const extras = extrasOf([...profileFlags[extension.profile], ...users], "clang");
  const command: Arg[] = [
    ...toolWords(tool),
    "-DWITH_HIP",
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
  return {
    id: actionId(places, object),
    kind: "compile-cuda",
    description: `compile ${displayed(places, source.path)}`,
    extension: extension.name,
    command,
    cwd: places.root,
    env: {},
    keyVariables: hipccVariables(),
    tools: [tool],
    inputs: [
      source.path,
      ...compileFilesIn(users, "gcc").map((file) => places.path.resolve(places.root, file)),
      ...(extension.depends ?? []),
    ],
    outputs: [object],
    depfile: { path: spelled(places, depfile), format: "make" },
    includeSearch: includeSearch(resolved, users),
    librarySearch: [],
    ...(extras.inPlace ? { inPlace: true } : {}),
    memoryEstimate: extension.usesTorch ? memory.torch : memory.plain,
    // The GPU that hipcc finds is no part of the key.
    cacheable: names && !extras.local,
    source: source.path,
  };
}
