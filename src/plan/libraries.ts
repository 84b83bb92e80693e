/** Libraries: which ones an extension is linked with, how each is named to the linker, and where it is looked for. */
import { unique } from "../base/order.ts";
import type { Environment } from "../environment/environment.ts";
import { librariesIn } from "./link-flags.ts";
import type { Action } from "./graph.ts";
import type { Resolved } from "./resolve.ts";
import { torchLibraries } from "./torch-facts.ts";

/** What an extension is linked with. Names are as after `-l`: `c10`, `:libcudart.so.13`. */
export interface LinkLibraries {
  /** Searched in this order. Absolute. */
  readonly dirs: readonly string[];
  readonly names: readonly string[];
  /** Taken only when something in it is used. */
  readonly asNeeded: readonly string[];
  /** Folders that a program must know at run time. */
  readonly runtimeDirs: readonly string[];
}

/**
 * Libraries and folders of an extension: the user's first, as torch's builder has them, then torch's, then the device's.
 *
 * @param deviceLinked Whether there is a device link, whose result needs CUDA's device run time.
 */
export function linkLibraries(resolved: Resolved, deviceLinked: boolean): LinkLibraries {
  const { extension, torch, python, cuda, rocm, sycl, device, environment } = resolved;
  const { path } = resolved.places;
  const windows = environment.platform === "win32";
  const ofTorch =
    torch === undefined ? { names: [], asNeeded: [] } : torchLibraries(extension, torch, device, environment.platform);
  const ofDevice = {
    cpu: [],
    cuda: [...(deviceLinked ? ["cudadevrt"] : []), "cudart"],
    rocm: ["amdhip64"],
    xpu: ["sycl"],
  }[device];
  const deviceLink = deviceLinked ? extension.deviceLinkLibraries : [];
  const names = [...extension.libraries, ...ofTorch.names, ...deviceLink, ...ofDevice].map((name) =>
    cudaLibraryName(resolved, name),
  );
  const cudart = cuda?.libraries?.["cudart"];
  const pythonDirs = windows && python !== undefined && extension.kind !== "executable" ? [python.libraryDir] : [];
  return {
    dirs: unique([
      ...extension.libraryDirs,
      ...(torch?.libraryDirs ?? []),
      ...pythonDirs,
      ...(cuda?.libraryDirs ?? []),
      ...(cudart === undefined ? [] : [path.dirname(cudart)]),
      ...(rocm?.libraryDirs ?? []),
      ...(sycl?.libraryDirs ?? []),
    ]),
    names: unique(names),
    asNeeded: ofTorch.asNeeded,
    runtimeDirs:
      extension.kind === "executable"
        ? unique([
            ...(torch?.libraryDirs ?? []),
            ...(cuda === undefined ? [] : cudart === undefined ? cuda.libraryDirs : [path.dirname(cudart)]),
          ]).map((dir) => whenItRuns(resolved, dir))
        : [],
  };
}

/** A folder of libraries as an installed program sees it, where that is said; what is no package's stays where it is. */
function whenItRuns({ extension, torch, python, places }: Resolved, dir: string): string {
  if (extension.packagesAt === undefined) return dir;
  const folders = [
    ...(torch?.layout === "wheel" ? [places.path.dirname(torch.root)] : []),
    ...(python?.packageDirs ?? []),
  ];
  for (const folder of folders) {
    const rest = places.path.relative(folder, dir);
    if (rest === "" || rest.startsWith("..") || places.path.isAbsolute(rest)) continue;
    return [extension.packagesAt, ...rest.split(places.path.sep)].join("/");
  }
  return dir;
}

/**
 * The name of a library for `-l`. pip's CUDA wheels have files with a version only (`libcudart.so.13`), which `-lcudart`
 * does not find: there the file is named, `-l:libcudart.so.13`.
 */
function cudaLibraryName({ cuda, environment, places }: Resolved, name: string): string {
  const file = environment.platform === "linux" ? cuda?.libraries?.[name] : undefined;
  if (file === undefined) return name;
  const base = places.path.basename(file);
  return base === `lib${name}.so` || base === `lib${name}.a` ? name : `:${base}`;
}

/** What the linker looks for, for the key: each name as file names, with all folders in the order of the search. */
export function librarySearch(
  resolved: Resolved,
  options: {
    readonly libraries: LinkLibraries;
    /** Flags before the libraries of the plan (LDFLAGS). */
    readonly before: readonly string[];
    /** Flags of the user after them. */
    readonly after: readonly string[];
  },
): Action["librarySearch"] {
  const { compiler, environment, variables } = resolved;
  const { path, root } = resolved.places;
  const dialect = compiler.family === "msvc" ? "msvc" : "gcc";
  const before = librariesIn(options.before, dialect);
  const after = librariesIn(options.after, dialect);
  const fromVariable =
    dialect === "msvc" ? [] : (variables["LIBRARY_PATH"] ?? "").split(path.delimiter).filter((dir) => dir !== "");
  const dirs = unique(
    [
      ...before.dirs,
      ...options.libraries.dirs,
      ...after.dirs,
      ...fromVariable,
      ...(compiler.systemLibraryDirs ?? []),
    ].map((dir) => path.resolve(root, dir)),
  );
  const flags = [...options.before, ...options.after];
  const isStatic = flags.includes("-static");
  // Which of the names it holds for depends on where it stands: both files count then.
  const partlyStatic =
    dialect === "gcc" && !isStatic && flags.some((word) => /(?:^|,)-(?:Bstatic|dn|non_shared)(?:,|$)/.test(word));
  const names = unique([...before.names, ...options.libraries.names, ...options.libraries.asNeeded, ...after.names]);
  const search = (onlyStatic: boolean): Action["librarySearch"] =>
    names.map((name) => ({ names: libraryFiles(name, environment.platform, onlyStatic), dirs }));
  return partlyStatic ? [...search(false), ...search(true)] : search(isStatic);
}

/** Files that a name may stand for, in the order in which a folder is asked for them (ld(1), `-l`). */
function libraryFiles(name: string, platform: Environment["platform"], isStatic: boolean): string[] {
  if (platform === "win32") return [/\.lib$/i.test(name) ? name : `${name}.lib`];
  if (name.startsWith(":")) return [name.slice(1)];
  if (platform === "darwin") return [`lib${name}.tbd`, `lib${name}.dylib`, `lib${name}.so`, `lib${name}.a`];
  return isStatic ? [`lib${name}.a`] : [`lib${name}.so`, `lib${name}.a`];
}
