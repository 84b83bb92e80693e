/**
 * Links relocatable device code: `nvcc -dlink` makes one more object, which the link of the extension takes in. Only
 * CUDA objects go in, so that an edit of host code does not repeat it.
 */
import { unique } from "../base/order.ts";
import type { SourceFile } from "../config/extension.ts";
import { type CudaArchitecture, gencodeFlags } from "./cuda-arch.ts";
import { compilesRelocatable, type CudaResolved, deviceFlags, hostCompilerWords } from "./cuda.ts";
import { cudaArchFlags, isDeviceLto, readFlags, userArgs } from "./flags.ts";
import { linkFilesIn } from "./link-flags.ts";
import type { Action, Arg, PathArg } from "./graph.ts";
import { deviceLinkVariables } from "./key-variables.ts";
import { linkLibraries, librarySearch } from "./libraries.ts";
import { nvccFileArg, nvccSearchArg, xcompiler } from "./nvcc-words.ts";
import { actionId, objectPath, toolWords } from "./paths.ts";
import { nvccVariableFlags, type Resolved, userFlags } from "./resolve.ts";
import { shortened } from "./response-file.ts";

/** Measured with nvcc 13.0 on small files; link-time optimisation takes more. */
const memory = { plain: 300_000_000, lto: 1_500_000_000 };

/**
 * Whether there is something to link: asked for, or because a source is compiled with `-dc` or `-rdc=true`. torch's own
 * builder only does it when asked, and the module then cannot be loaded.
 */
export function wantsDeviceLink(resolved: Resolved): boolean {
  const { extension } = resolved;
  return (
    extension.sources.some(({ language }) => language === "cuda") &&
    (extension.deviceLink ||
      extension.deviceLinkLibraries.length > 0 ||
      extension.sources.some((source) => compilesRelocatable(resolved, source)))
  );
}

/** Where the result lies: beside the objects, by a name that no source has. */
function deviceLinkObject(resolved: Resolved): string {
  const { places, extension } = resolved;
  return objectPath(
    places,
    extension.name,
    places.path.join(places.root, "dlink"),
    places.platform === "win32" ? ".obj" : ".o",
  );
}

/** Plans the device link of CUDA objects. */
export function planDeviceLink(
  resolved: CudaResolved,
  options: {
    readonly sources: readonly SourceFile[];
    readonly objects: readonly string[];
    readonly architectures: readonly CudaArchitecture[];
  },
): Action {
  const { extension, places, cuda, cudaHost } = resolved;
  const output = deviceLinkObject(resolved);
  const compileFlags = options.sources.flatMap((source) => deviceFlags(resolved, source));
  const given = extension.deviceLinkFlags.filter((word) => word !== "-dlink" && word !== "--device-link");
  const lto = compileFlags.some(isDeviceLto) || compileFlags.some((word) => word.includes("code=lto_"));
  // Device code of a static archive may be relocatable as well.
  const archives = extension.extraObjects.filter((file) => /\.(?:a|o|lib|obj)$/i.test(file));
  const libraries = linkLibraries(resolved, true);
  const searchDir = (dir: string, prefix: string): PathArg => {
    const { literal: _, ...arg } = nvccSearchArg(places, dir, prefix);
    return arg;
  };
  const users = [...given, ...extension.deviceLinkLibraries.map((name) => `-l${name}`)];
  const start: Arg[] = [
    ...toolWords({ ...cuda.nvcc, launcher: [] }),
    "-dlink",
    ...(lto && !given.some(isDeviceLto) ? ["-dlto"] : []),
    ...architectureWords(resolved, options, given),
    ...hostCompilerWords(resolved, [...compileFlags, ...given]),
    ...(cudaHost.family === "msvc" ? [...xcompiler("/MD"), "--use-local-env"] : xcompiler("-fPIC")),
    "-o",
    nvccFileArg(places, output, { role: "output" }),
  ];
  const rest: Arg[] = [
    ...[...options.objects, ...archives].map((file) => nvccFileArg(places, file, { role: "input" })),
    ...libraries.dirs.map((dir) => searchDir(dir, "-L")),
    ...userArgs(users, "nvcc", (path, prefix) => searchDir(path, prefix), places.path),
  ];
  const { command, responseFile } = shortened({
    places,
    style: "nvcc",
    file: objectPath(places, extension.name, places.path.join(places.root, "dlink"), ".rsp"),
    start,
    rest,
  });
  return {
    id: actionId(places, output),
    kind: "device-link",
    description: `device-link ${extension.name}`,
    extension: extension.name,
    command,
    cwd: places.root,
    env: cudaHost.env ?? {},
    keyVariables: deviceLinkVariables(cudaHost.family),
    tools: [cuda.nvcc, cudaHost.cxx],
    inputs: [
      ...options.objects,
      ...archives,
      ...linkFilesIn(given, "gcc").map((file) => places.path.resolve(places.root, file)),
    ],
    outputs: [output],
    includeSearch: [],
    librarySearch: librarySearch(resolved, {
      libraries: {
        dirs: libraries.dirs,
        names: [...extension.deviceLinkLibraries, "cudadevrt"],
        asNeeded: [],
        runtimeDirs: [],
      },
      before: [],
      after: given,
    }),
    ...(responseFile === undefined ? {} : { responseFile }),
    memoryEstimate: lto ? memory.lto : memory.plain,
    cacheable: true,
  };
}

/**
 * The architectures of the objects. PTX cannot be linked, so only machine code is asked for where there is any. Flags of
 * users are taken as they are; where sources have flags of their own, for all that any of them was compiled for.
 */
function architectureWords(
  resolved: CudaResolved,
  options: { readonly sources: readonly SourceFile[]; readonly architectures: readonly CudaArchitecture[] },
  given: readonly string[],
): string[] {
  if (cudaArchFlags(given).length > 0) return [];
  // nvcc reads the variables itself, here as well.
  if (cudaArchFlags(nvccVariableFlags(resolved.variables, resolved.places.platform)).length > 0) return [];
  const binary = options.architectures.filter((architecture) => architecture.binary);
  const chosen = gencodeFlags(
    binary.length > 0 ? binary.map((each) => ({ ...each, ptx: false })) : options.architectures,
  );
  const sets = new Map(
    options.sources.map((source) => {
      const own = cudaArchFlags(userFlags(resolved, source, "nvcc"));
      return [own.join("\0"), own.length === 0 ? chosen : own.map(linkable)];
    }),
  );
  const [only, ...others] = sets.values();
  if (others.length === 0) return only ?? chosen;
  return unique([...sets.values()].flatMap(asGencode));
}

/** `lto_90` is what is linked, not what comes out of it. */
function linkable(word: string): string {
  return word.replaceAll(/\blto_(?=\d)/g, "sm_");
}

/** `-arch=sm_90` cannot be given twice, `-gencode` can. */
function asGencode(words: readonly string[]): string[] {
  return readFlags(words, "nvcc").flatMap((flag) => {
    const number = /^-(?:arch|-gpu-architecture)$/.test(flag.name)
      ? /^sm_(\w+)$/.exec(flag.value ?? "")?.[1]
      : undefined;
    if (number !== undefined) return [`-gencode=arch=compute_${number},code=sm_${number}`];
    return /^-(?:gencode|-generate-code)$/.test(flag.name) ? [`-gencode=${flag.value ?? ""}`] : flag.words;
  });
}
