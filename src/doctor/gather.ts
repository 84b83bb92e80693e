/**
 * Looks at the machine for the facts that are not in the environment: search paths, locks, built extensions, the store.
 * It reads files and lists folders, within bounds; it starts no process and writes nothing.
 */
import { basename, dirname, isAbsolute, join } from "node:path";
import { quietly } from "../base/quietly.ts";
import { compareVersions, parseVersion } from "../base/order.ts";
import { parseSize } from "../cache/cache-size.ts";
import { ensurePrivateDirectory } from "../cache/safe-directory.ts";
import type { Environment } from "../environment/environment.ts";
import { storeDirectory, userCacheDirectory } from "../host/directories.ts";
import type { Host } from "../host/host.ts";
import { fileSource } from "../inspect/bytes.ts";
import { openElf } from "../inspect/elf.ts";
import { versionDefinitions } from "../inspect/elf-versions.ts";
import { inspectPath } from "../inspect/inspect.ts";
import type { CudaPlace, DoctorFacts } from "./facts.ts";
import {
  badTemporaryOf,
  cudaHeaderPlacesOf,
  cudaHeadersOf,
  driverFilesOf,
  missingCudaHeadersOf,
} from "./gather-driver.ts";
import { futureSourcesOf, limitsOf, machineMemoryOf, placesOf, wslOf } from "./gather-places.ts";
import { missingRequirements, preloadsOf, torchesOf, torchMetadataOf, torchSetuptoolsOf } from "./gather-python.ts";

/** What is known before anything is looked at. */
export interface GatherInput {
  readonly environment: Environment;
  /** Folder in which built extensions are looked for, absolute; undefined: nowhere. */
  readonly root?: string;
  readonly nodeVersion: string;
  /** The project's sources, absolute. */
  readonly sources?: readonly string[];
  /** What `[build-system]` requires, as written. */
  readonly requirements?: readonly string[];
  readonly project?: DoctorFacts["project"];
  readonly projectProblem?: DoctorFacts["projectProblem"];
}

const mostExtensions = 40;
const mostFolders = 2_000;
const deepest = 5;
/** Files of the store that are counted. */
const mostStored = 20_000;

/** Gathers the facts. */
export function gatherFacts(host: Host, input: GatherInput): DoctorFacts {
  const { environment, root, nodeVersion, project, projectProblem } = input;
  const kernelDriver = loadedDriver(host);
  const driver = environment.gpus[0]?.driverVersion ?? kernelDriver;
  const driverFiles = driverFilesOf(host, kernelDriver);
  const cudaHeaders = cudaHeadersOf(host, environment);
  const badTemporary = badTemporaryOf(host);
  const torchOnGpus = torchOnGpusOf(host, environment);
  const cudaHome = cudaHomeOf(host);
  const cxxLibraries = cxxLibrariesOf(host, environment);
  const ninja = onPath(host, "ninja") ?? onPath(host, "ninja-build");
  const ccache = onPath(host, "ccache");
  const setuptools = setuptoolsOf(host, environment);
  const extraCertificates = extraCertificatesOf(host);
  const torchSetuptools = torchSetuptoolsOf(host, environment.python);
  const machineMemory = machineMemoryOf(host);
  const wsl = wslOf(host);
  const futureSources = futureSourcesOf(host, input.sources ?? []);
  return {
    environment,
    variables: host.env,
    ...(project === undefined ? {} : { project }),
    ...(projectProblem === undefined ? {} : { projectProblem }),
    ...(driver === undefined ? {} : { driver }),
    ...(driverFiles === undefined ? {} : { driverFiles }),
    ...(cudaHeaders === undefined ? {} : { cudaHeaders }),
    missingCudaHeaders: missingCudaHeadersOf(host, environment),
    cudaHeaderPlaces: cudaHeaderPlacesOf(host),
    ...(badTemporary === undefined ? {} : { badTemporary }),
    ...(torchOnGpus === undefined ? {} : { torchOnGpus }),
    ...(cudaHome === undefined ? {} : { cudaHome }),
    cudaPlaces: cudaPlacesOf(host),
    locks: locksOf(host),
    ...builtExtensions(host, environment, root),
    ...(cxxLibraries === undefined ? {} : { cxxLibraries }),
    store: storeOf(host),
    memory: host.memory(),
    ...(machineMemory === undefined ? {} : { machineMemory }),
    places: placesOf(host, root),
    ...(wsl === undefined ? {} : { wsl }),
    limits: limitsOf(host),
    ...(futureSources === undefined ? {} : { futureSources }),
    missingHosts: missingHostsOf(host),
    activeExists: kindOf(host, host.env["VIRTUAL_ENV"] ?? "/") === "directory",
    torches: torchesOf(host, environment.python),
    ...(torchSetuptools === undefined ? {} : { torchSetuptools }),
    torchMetadata: torchMetadataOf(host, environment.python),
    preloads: preloadsOf(host),
    missingRequirements: missingRequirements(host, environment, input.requirements ?? []),
    processors: host.cpuCount,
    nodeVersion,
    ...(extraCertificates === undefined ? {} : { extraCertificates }),
    programs: { ...(ninja === undefined ? {} : { ninja }), ...(ccache === undefined ? {} : { ccache }) },
    ...(setuptools === undefined ? {} : { setuptools }),
  };
}

function pathFolders(host: Host, name: string): string[] {
  const value = name === "PATH" ? (host.env["PATH"] ?? host.env["Path"]) : host.env[name];
  return (value ?? "").split(host.platform === "win32" ? ";" : ":").filter((folder) => isAbsolute(folder));
}

function onPath(host: Host, program: string): string | undefined {
  const file = host.platform === "win32" ? `${program}.exe` : program;
  return pathFolders(host, "PATH")
    .map((folder) => join(folder, file))
    .find((path) => kindOf(host, path) === "file");
}

/** The host compilers that flags of nvcc's name: a file, a folder with one in it, or a command. */
function missingHostsOf(host: Host): NonNullable<DoctorFacts["missingHosts"]> {
  return ["NVCC_PREPEND_FLAGS", "NVCC_APPEND_FLAGS"].flatMap((variable) => {
    const found = /(?:^|\s)(?:-ccbin|--compiler-bindir)[=\s]\s*([^\s'"]+)/.exec(host.env[variable] ?? "")?.[1];
    if (found === undefined) return [];
    const isThere = isAbsolute(found)
      ? kindOf(host, found) !== undefined
      : found.includes("/") || onPath(host, found) !== undefined;
    return isThere ? [] : [{ variable, host: found }];
  });
}

/** The kernel module says its version, also where nvidia-smi is not installed. */
function loadedDriver(host: Host): string | undefined {
  if (host.platform !== "linux") return undefined;
  const text = quietly(() => host.fs.readText("/proc/driver/nvidia/version")) ?? "";
  return /Kernel Module(?: for \S+)?\s+(\d+(?:\.\d+)+)/.exec(text)?.[1];
}

/** Reads the list of GPU code in PyTorch's CUDA library: a second for half a gigabyte, so only where a GPU is. */
function torchOnGpusOf(host: Host, environment: Environment): DoctorFacts["torchOnGpus"] {
  const { torch, gpus } = environment;
  if (torch?.cudaVersion === undefined || gpus.length === 0) return undefined;
  for (const folder of torch.libraryDirs) {
    const path = join(folder, "libtorch_cuda.so");
    if (kindOf(host, path) !== "file") continue;
    const inspected = inspectPath(host, path, { environment });
    if (inspected.ok && inspected.value.kind === "extension") return inspected.value.verdict?.gpus;
  }
  return undefined;
}

function cudaHomeOf(host: Host): DoctorFacts["cudaHome"] {
  for (const variable of ["CUDA_HOME", "CUDA_PATH"] as const) {
    const value = host.env[variable];
    if (value === undefined || value === "") continue;
    const program = host.platform === "win32" ? "nvcc.exe" : "nvcc";
    const hasNvcc = (folder: string): boolean =>
      isAbsolute(folder) && kindOf(host, join(folder, "bin", program)) === "file";
    // `…/bin` and `…/bin/nvcc` are meant for the toolkit above; else the one of the system is offered.
    const toolkit = [dirname(value), dirname(dirname(value)), "/usr/local/cuda"].find((folder) => hasNvcc(folder));
    return {
      variable,
      value,
      exists: isAbsolute(value) && kindOf(host, value) === "directory",
      hasNvcc: hasNvcc(value),
      hasHeaders: isAbsolute(value) && hasCudaHeaders(host, value),
      ...(toolkit === undefined ? {} : { toolkit }),
    };
  }
  return undefined;
}

/** `cuda_runtime.h` where PyTorch's own builder looks for it, or where conda and pip keep it. */
function hasCudaHeaders(host: Host, root: string): boolean {
  const targets = quietly(() => host.fs.list(join(root, "targets"))) ?? [];
  const folders = [root, ...targets.map((target) => join(root, "targets", target))];
  return folders.some((folder) => kindOf(host, join(folder, "include", "cuda_runtime.h")) === "file");
}

function cudaPlacesOf(host: Host): CudaPlace[] {
  const places: CudaPlace[] = [];
  const seen = new Set<string>();
  const add = (variable: CudaPlace["variable"], folder: string, version: string | undefined): void => {
    const real = `${variable} ${quietly(() => host.fs.realpath(folder)) ?? folder}`;
    if (version === undefined || seen.has(real)) return;
    seen.add(real);
    places.push({ variable, folder, version });
  };
  for (const folder of pathFolders(host, "PATH")) {
    if (kindOf(host, join(folder, host.platform === "win32" ? "nvcc.exe" : "nvcc")) === "file")
      add("PATH", folder, toolkitVersion(host, dirname(folder)));
  }
  for (const folder of pathFolders(host, "LD_LIBRARY_PATH")) {
    const versions = (quietly(() => host.fs.list(folder)) ?? []).flatMap((name) => {
      const version = /^libcudart\.so\.(\d+(?:\.\d+)*)$/.exec(name)?.[1];
      return version === undefined ? [] : [version];
    });
    const longest = versions.sort((a, b) => b.length - a.length)[0];
    add("LD_LIBRARY_PATH", folder, longest?.split(".").slice(0, 2).join("."));
  }
  return places;
}

/** `version.json` of a toolkit (since 11.1), `version.txt` of an older one, or the name of its folder. */
function toolkitVersion(host: Host, root: string): string | undefined {
  const text = quietly(() => host.fs.readText(join(root, "version.json"))) ?? "";
  const written = /"cuda"\s*:\s*\{[^}]*"version"\s*:\s*"(\d+\.\d+)/.exec(text)?.[1];
  const older = quietly(() => host.fs.readText(join(root, "version.txt"))) ?? "";
  return (
    written ??
    /^CUDA Version (\d+\.\d+)/.exec(older)?.[1] ??
    /cuda-(\d+\.\d+)/.exec(quietly(() => host.fs.realpath(root)) ?? root)?.[1]
  );
}

/**
 * Where `load()` builds: TORCH_EXTENSIONS_DIR, else `torch_extensions` in the user's cache folder, with a folder for each
 * Python and CUDA in it (torch/utils/cpp_extension.py, `_get_build_directory`).
 */
function locksOf(host: Host): DoctorFacts["locks"] {
  const own = host.env["TORCH_EXTENSIONS_DIR"];
  const roots = own === undefined || own === "" ? defaultExtensionRoots(host) : [own];
  const locks: { path: string; ageMs: number }[] = [];
  const look = (folder: string): void => {
    const path = join(folder, "lock");
    const stat = quietly(() => host.fs.stat(path));
    if (stat?.kind === "file") locks.push({ path, ageMs: Math.max(0, host.now() - stat.mtimeMs) });
  };
  for (const root of roots) {
    for (const name of quietly(() => host.fs.list(root)) ?? []) {
      look(join(root, name));
      if (kindOf(host, join(root, name)) !== "directory") continue;
      for (const inner of quietly(() => host.fs.list(join(root, name))) ?? []) look(join(root, name, inner));
    }
  }
  return locks;
}

/**
 * What `load()` keeps for this interpreter and PyTorch: `py311_cpu`, `py313t_cu130`; a folder that the user names has no
 * such level.
 */
function loadFolders(host: Host, { python, torch }: Environment): string[] {
  const own = host.env["TORCH_EXTENSIONS_DIR"];
  if (own !== undefined && own !== "") return isAbsolute(own) ? [own] : [];
  if (python === undefined || torch === undefined) return [];
  const device = torch.cudaVersion === undefined ? "cpu" : `cu${torch.cudaVersion.replaceAll(".", "")}`;
  const name = `py${python.version[0]}${python.version[1]}${python.abiFlags}_${device}`;
  return defaultExtensionRoots(host).map((root) => join(root, name));
}

function defaultExtensionRoots(host: Host): string[] {
  if (host.platform === "darwin") return [join(host.home, "Library", "Caches", "torch_extensions")];
  if (host.platform === "win32") {
    const local = host.env["LOCALAPPDATA"] ?? join(host.home, "AppData", "Local");
    return [join(local, "torch_extensions", "torch_extensions", "Cache")];
  }
  const xdg = host.env["XDG_CACHE_HOME"];
  return [join(xdg === undefined || xdg === "" ? join(host.home, ".cache") : xdg, "torch_extensions")];
}

/** Compiled modules in the project, judged against what is installed. */
function builtExtensions(
  host: Host,
  environment: Environment,
  root: string | undefined,
): Pick<DoctorFacts, "extensions" | "moreExtensions"> {
  if (environment.python === undefined || environment.torch === undefined)
    return { extensions: [], moreExtensions: false };
  const own = root === undefined ? [] : compiledFiles(host, root);
  const loaded = new Set(loadFolders(host, environment).flatMap((folder) => compiledFiles(host, folder)));
  const paths = [...own.filter((path) => !loaded.has(path)), ...loaded];
  const extensions: DoctorFacts["extensions"][number][] = [];
  for (const path of paths.slice(0, mostExtensions)) {
    const inspected = inspectPath(host, path, { environment });
    if (!inspected.ok || inspected.value.kind !== "extension") continue;
    const { report, verdict } = inspected.value;
    const isOurs = report.kind === "python-module" || report.kind === "torch-library";
    if (isOurs && verdict !== undefined)
      extensions.push({ path, verdict, ...(loaded.has(path) ? { isLoaded: true } : {}) });
  }
  return { extensions, moreExtensions: paths.length > mostExtensions };
}

const skipped = /^(?:\..*|node_modules|__pycache__|site-packages|build)$/;

function compiledFiles(host: Host, root: string): string[] {
  const found: string[] = [];
  let level = [root];
  let folders = 0;
  for (let depth = 0; depth <= deepest && level.length > 0; depth++) {
    const next: string[] = [];
    for (const folder of level) {
      if (++folders > mostFolders) return found;
      const names = quietly(() => host.fs.list(folder)) ?? [];
      if (names.includes("pyvenv.cfg") || names.includes("conda-meta")) continue;
      for (const name of names) {
        const path = join(folder, name);
        const kind = quietly(() => host.fs.lstat(path))?.kind;
        if (kind === "directory" && !skipped.test(name)) next.push(path);
        else if (kind === "file" && /\.(?:so|pyd|dylib)$/.test(name)) found.push(path);
      }
    }
    level = next;
  }
  return found;
}

/**
 * Which C++ library a process of the interpreter gets: its own where it brings one (conda), else the system's. The
 * compiler's stands beside its other libraries.
 */
function cxxLibrariesOf(host: Host, { python, compiler, platform }: Environment): DoctorFacts["cxxLibraries"] {
  if (platform !== "linux" || python === undefined || compiler === undefined) return undefined;
  const own = [...new Set([python.prefix, python.basePrefix])]
    .filter((prefix) => prefix !== "/usr")
    .map((prefix) => newestGlibcxx(host, join(prefix, "lib", "libstdc++.so.6")))
    .find((found) => found !== undefined);
  const triplets = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"];
  const loaded = own ?? triplets.map((folder) => newestGlibcxx(host, join(folder, "libstdc++.so.6"))).find(isThere);
  const compilers = (compiler.systemLibraryDirs ?? [])
    .flatMap((folder) => ["libstdc++.so.6", "libstdc++.so"].map((name) => join(folder, name)))
    .map((path) => newestGlibcxx(host, path))
    .find(isThere);
  if (loaded === undefined || compilers === undefined) return undefined;
  const real = (path: string): string => quietly(() => host.fs.realpath(path)) ?? path;
  return real(loaded.path) === real(compilers.path) ? undefined : { loaded, compiler: compilers };
}

function isThere<T>(value: T | undefined): value is T {
  return value !== undefined;
}

function newestGlibcxx(host: Host, path: string): { readonly path: string; readonly newest: string } | undefined {
  const source = fileSource(host.fs, path);
  const elf = source === undefined ? undefined : openElf(source);
  if (elf?.ok !== true) return undefined;
  const [newest] = versionDefinitions(elf.value)
    .map(({ name }) => name)
    .filter((name) => /^GLIBCXX_\d/.test(name))
    .sort((a, b) => compareVersions(parseVersion(b), parseVersion(a)));
  return newest === undefined ? undefined : { path, newest };
}

/** The store as it lies there; it is not made. */
function storeOf(host: Host): DoctorFacts["store"] {
  const path = storeDirectory(host);
  for (const folder of [userCacheDirectory(host), dirname(path), path]) {
    if (quietly(() => host.fs.lstat(folder)) === undefined) return { path };
    const safe = ensurePrivateDirectory(host, folder, { mayBeLink: folder === userCacheDirectory(host) });
    if (!safe.ok) return { path, problem: safe.error };
  }
  const limit = parseSize(host.env["RETORCH_CACHE_SIZE"] ?? "");
  const bytes = countBytes(host, join(path, "blobs"));
  return { path, ...(bytes === undefined ? {} : { bytes }), ...(limit === undefined ? {} : { limit }) };
}

/** Undefined when there is too much to count in a moment. */
function countBytes(host: Host, root: string): number | undefined {
  let bytes = 0;
  let files = 0;
  for (const shard of quietly(() => host.fs.list(root)) ?? []) {
    for (const name of quietly(() => host.fs.list(join(root, shard))) ?? []) {
      if (++files > mostStored) return undefined;
      bytes += quietly(() => host.fs.lstat(join(root, shard, name)))?.size ?? 0;
    }
  }
  return bytes;
}

function extraCertificatesOf(host: Host): DoctorFacts["extraCertificates"] {
  const path = host.env["NODE_EXTRA_CA_CERTS"];
  if (path === undefined || path === "") return undefined;
  const bytes = quietly(() => host.fs.stat(isAbsolute(path) ? path : join(host.cwd, path)))?.size;
  return { path, ...(bytes === undefined ? {} : { bytes }) };
}

function setuptoolsOf(host: Host, { python }: Environment): string | undefined {
  for (const folder of python?.packageDirs ?? []) {
    for (const name of quietly(() => host.fs.list(folder)) ?? []) {
      const version = /^setuptools-(\d[\w.]*?)\.(?:dist|egg)-info$/.exec(basename(name))?.[1];
      if (version !== undefined) return version;
    }
  }
  return undefined;
}

function kindOf(host: Host, path: string): string | undefined {
  return quietly(() => host.fs.stat(path))?.kind;
}
