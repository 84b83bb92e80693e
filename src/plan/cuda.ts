/** Compiles CUDA sources, each with one whole nvcc command. Which architectures is decided by `cuda-arch.ts`. */
import { unique } from "../base/order.ts";
import type { Profile, SourceFile } from "../config/extension.ts";
import type { Cuda, HostCompiler } from "../environment/environment.ts";
import { ccclNamespace } from "./cccl-namespace.ts";
import { compileAction } from "./compile-action.ts";
import { type CudaArchitecture, gencodeFlags } from "./cuda-arch.ts";
import {
  cudaArchFlags,
  hasDeviceDebug,
  hasOptimisation,
  isDeviceLto,
  isRelocatable,
  namesHostCompiler,
  standardIn,
  userArgs,
} from "./flags.ts";
import type { Action, Arg } from "./graph.ts";
import { includeFoldersIn, withoutHeaderLists } from "./include-flags.ts";
import { msvcCompileFlags } from "./host-msvc.ts";
import { nvccVariables } from "./key-variables.ts";
import { fitsXcompiler, nvccFileArg, nvccSearchArg, xcompiler, xcompilerPath } from "./nvcc-words.ts";
import { objectPath, spelled, toolWords } from "./paths.ts";
import { nvccVariableFlags, type Resolved, userFlags, userMacros } from "./resolve.ts";
import { commonNvccFlags, cudafeSuppressed, extensionMacros } from "./torch-facts.ts";

/** A resolved extension that has nvcc. */
export interface CudaResolved extends Resolved {
  readonly cuda: Cuda;
  readonly cudaHost: HostCompiler;
}

/** Whether an extension has nvcc. */
export function hasCuda(resolved: Resolved): resolved is CudaResolved {
  return resolved.cuda !== undefined && resolved.cudaHost !== undefined;
}

/**
 * Flags of a profile. `-O` is for the host code: device code is always optimised, but with `-G`, which changes what
 * kernels can do; line numbers cost nothing.
 */
const profileFlags: Readonly<
  Record<Profile, { readonly optimise: string; readonly others: readonly string[]; readonly lines: boolean }>
> = {
  release: { optimise: "-O3", others: ["-DNDEBUG"], lines: false },
  debug: { optimise: "-O0", others: ["-g"], lines: true },
  "release-with-debug": { optimise: "-O2", others: ["-g", "-DNDEBUG"], lines: true },
  none: { optimise: "", others: [], lines: false },
};

/** Measured with nvcc 13.0 on torch 2.13: 3.1 GB with `torch/extension.h`, 0.4 GB without headers of torch. */
const memory = { torch: 3_200_000_000, plain: 500_000_000 };

/** The object of a CUDA source. */
export function cudaObject(resolved: Resolved, source: SourceFile): string {
  const suffix = resolved.places.platform === "win32" ? ".obj" : ".o";
  return objectPath(resolved.places, resolved.extension.name, source.path, suffix);
}

/** Flags that decide about device code: of the request for this source, and those that nvcc takes from the environment. */
export function deviceFlags(resolved: Resolved, source: SourceFile): string[] {
  return [...nvccVariableFlags(resolved.variables, resolved.places.platform), ...userFlags(resolved, source, "nvcc")];
}

/** Plans the compile of one CUDA source. */
export function compileCuda(
  resolved: CudaResolved,
  source: SourceFile,
  object: string,
  architectures: readonly CudaArchitecture[],
): Action {
  const { extension, places, cuda, cudaHost } = resolved;
  const depfile = `${object}.d`;
  const given = withoutHeaderLists(userFlags(resolved, source, "nvcc"));
  const all = deviceFlags(resolved, source);
  const ownArchitectures = cudaArchFlags(all).length === 0;
  const lto = ownArchitectures && given.some(isDeviceLto);
  // nvcc refuses `-dlto` beside `-gencode`; the code is named there instead.
  const users = lto ? given.filter((word) => !isDeviceLto(word)) : given;
  const loose =
    users.some((word) => /^--?(?:keep|keep-dir|save-temps|fdevice-time-trace|time)\b/.test(word)) ||
    users.includes("--coverage");
  const mapped = resolved.prefixMaps.some(({ from, to }) => to === "." && fitsXcompiler(from));
  const cccl = extension.ownCcclNamespace === true ? ccclNamespace(extension, places, object) : undefined;
  const command: Arg[] = [
    ...toolWords(cuda.nvcc),
    ...(extension.usesTorch ? commonNvccFlags : []),
    ...profileWords(extension.profile, all),
    ...(standardIn(all, "nvcc") === undefined ? [`-std=c++${resolved.standard}`] : []),
    ...(ownArchitectures ? gencodeFlags(architectures, lto) : []),
    ...hostCompilerWords(resolved, all),
    ...hostWords(resolved),
    ...extensionMacros(extension, resolved.environment).map((macro) => `-D${macro}`),
    ...userMacros(resolved, source),
    ...(cccl === undefined ? [] : [`-D${cccl.macro}`, "-include", nvccFileArg(places, cccl.file, {})]),
    ...unique(extension.includeDirs).map((dir) => nvccSearchArg(places, dir, "-I")),
    ...resolved.systemIncludeDirs.flatMap((dir): Arg[] =>
      // torch: "Windows does not understand `-isystem`".
      cudaHost.family === "msvc" ? [nvccSearchArg(places, dir, "-I")] : ["-isystem", nvccSearchArg(places, dir, "")],
    ),
    ...userArgs(
      withWindowsFlags(resolved, users),
      "nvcc",
      (path, prefix) => ({ prefix, path, role: "search", literal: true }),
      places.path,
    ),
    "-MD",
    "-MF",
    nvccFileArg(places, depfile, { role: "depfile" }),
    ...(/\.cu$/.test(source.path) ? [] : ["-x", "cu"]),
    "-c",
    nvccFileArg(places, source.path, {
      role: "input",
      ...(hasDeviceDebug([...all, ...profileWords(extension.profile, all)]) ||
      !mapped ||
      places.path.isAbsolute(spelled(places, source.path))
        ? { literal: true }
        : {}),
    }),
    "-o",
    nvccFileArg(places, object, { role: "output" }),
  ];
  return compileAction(resolved, source, {
    object,
    words: users,
    style: "nvcc",
    memory,
    kind: "compile-cuda",
    command,
    env: cudaHost.env ?? {},
    largePages: cuda.nvcc.launcher.length === 0,
    keyVariables: nvccVariables(cudaHost.family),
    tools: [cuda.nvcc, cudaHost.cxx],
    depfile: { path: nvccFileArg(places, depfile, {}).path, format: "make" },
    includeSearch: includeSearch(resolved, users),
    ...(cccl === undefined ? {} : { responseFile: cccl.header }),
    ...(loose ? { inPlace: true } : {}),
    cacheable: !loose,
  });
}

/** Whether a CUDA source is compiled to relocatable device code. */
export function compilesRelocatable(resolved: Resolved, source: SourceFile): boolean {
  return source.language === "cuda" && isRelocatable(deviceFlags(resolved, source));
}

/** nvcc warns of an option that is given twice: what the user gave counts. */
function profileWords(profile: Profile, users: readonly string[]): string[] {
  const { optimise, others, lines } = profileFlags[profile];
  const wholeDebug = users.some((word) => word === "-G" || word === "--device-debug");
  return [
    ...(optimise === "" || hasOptimisation(users, "nvcc") ? [] : [optimise]),
    ...others,
    ...(lines && !wholeDebug ? ["-lineinfo"] : []),
  ];
}

/**
 * `-ccbin` with the host compiler of the environment, so that nvcc does not look for one on its own. A user's own
 * counts, wherever it is given.
 */
export function hostCompilerWords({ cudaHost }: CudaResolved, users: readonly string[]): Arg[] {
  return namesHostCompiler(users) ? [] : ["-ccbin", { path: cudaHost.cxx.path, role: "tool" }];
}

/** Flags for the host compiler behind nvcc. */
function hostWords(resolved: CudaResolved): Arg[] {
  const { cudaHost, prefixMaps } = resolved;
  if (cudaHost.family === "msvc") {
    return [
      ...msvcCompileFlags.flatMap(xcompiler),
      "--use-local-env",
      ...cudafeSuppressed.flatMap((name) => ["-Xcudafe", `--diag_suppress=${name}`]),
    ];
  }
  // Folders of headers are keyed as they stand here, so that only what people read in messages is worth a word.
  const maps = prefixMaps.filter(({ from, to }) => (to === "." || to === "torch") && fitsXcompiler(from));
  return [
    ...xcompiler("-fPIC"),
    ...(cudaHost.cxx.arguments ?? []).flatMap(xcompiler),
    ...maps.flatMap(({ from, to }) => xcompilerPath("-ffile-prefix-map=", from, `=${to}`)),
  ];
}

/** On Windows nvcc takes `/MD` for a file: it is meant for the compiler behind it. */
function withWindowsFlags({ cudaHost }: CudaResolved, words: readonly string[]): string[] {
  if (cudaHost.family !== "msvc") return [...words];
  return words.flatMap((word, i) =>
    /^\/[A-Za-z]/.test(word) && !/^--?(?:Xcompiler|compiler-options)$/.test(words[i - 1] ?? "")
      ? xcompiler(word)
      : [word],
  );
}

/** Folders of headers in the order of the search; what is a system folder counts there only. */
function includeSearch(resolved: CudaResolved, users: readonly string[]): string[] {
  const { extension, places, cuda, cudaHost } = resolved;
  const given = includeFoldersIn(users, "nvcc");
  const absolute = (dirs: readonly string[]): string[] => dirs.map((dir) => places.path.resolve(places.root, dir));
  const system = absolute([
    ...resolved.systemIncludeDirs,
    ...given.system,
    ...cuda.includeDirs,
    ...cudaHost.systemIncludeDirs,
  ]);
  const isSystem = new Set(system);
  return unique([
    ...absolute([...extension.includeDirs, ...given.plain]).filter((dir) => !isSystem.has(dir)),
    ...system,
  ]);
}
