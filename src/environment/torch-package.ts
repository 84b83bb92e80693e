/**
 * Reads one PyTorch where it lies: a package in a package folder (wheel, Debian, source tree) or a bare LibTorch. What
 * it is made of is told by its own files; nothing is imported or run.
 */
import { type Digest, digestOf, digestOfParts } from "../base/digest.ts";
import { compareText, compareVersions, parseVersion, unique } from "../base/order.ts";
import type { Torch } from "./environment.ts";
import type { Look } from "./look.ts";
import { multiarchName, neededBy } from "./shared-libraries.ts";
import { cxx11AbiOf, pybind11AbiOf } from "./torch-symbols.ts";
import {
  cudaOfLocalVersion,
  cxx11AbiByVersion,
  parseVersionHeader,
  parseVersionPy,
  rocmOfLocalVersion,
  type TorchVersion,
} from "./torch-version.ts";

/** Where a torch may lie. */
export interface TorchPlace {
  /** The `torch` folder of a package, or the folder of a LibTorch. */
  readonly root: string;
  /** The package folder that holds it; undefined for a bare LibTorch. */
  readonly packageDir?: string;
  /** Folders of headers and libraries where a distribution keeps them apart: looked at after the root's own. */
  readonly prefixes?: readonly string[];
  /** Where else a package without libraries of its own may have them (redirecting editable installations). */
  readonly otherRoots?: readonly string[];
}

/** A torch, or why there is none. */
export type TorchOrReason = { readonly torch: Torch } | { readonly missing: string } | { readonly broken: string };

/** Reads the torch at a place. */
export function readTorch(look: Look, place: TorchPlace): TorchOrReason {
  const version = readVersion(look, place);
  if (version === undefined) {
    if (!look.isDirectory(place.root)) return { missing: "no such folder" };
    const isPackage = place.packageDir !== undefined && look.isFile(look.path.join(place.root, "__init__.py"));
    return isPackage
      ? { broken: "it has no readable `version.py`: the build or installation was not finished" }
      : { missing: "no torch there (no `version.py`, no `build-version`)" };
  }
  const includeRoot = folderWith(look, includeFolders(look, place), "c10/macros/Macros.h");
  if (includeRoot === undefined) {
    return { broken: `torch ${version.version} is there, but its headers are not (no \`c10/macros/Macros.h\`)` };
  }
  const [coreNames, libraryDirs] = libraryPlaces(look, place);
  const libraryDir = libraryDirs.find((folder) => coreNames.some((name) => look.isFile(look.path.join(folder, name))));
  if (libraryDir === undefined) {
    return {
      broken: `torch ${version.version} is there, but its libraries are not (no \`${coreNames.join("`, `")}\`)`,
    };
  }
  return { torch: describe(look, place, { version, includeRoot, libraryDir }) };
}

interface Parts {
  readonly version: TorchVersion;
  readonly includeRoot: string;
  readonly libraryDir: string;
}

function describe(look: Look, place: TorchPlace, parts: Parts): Torch {
  const { version, libraryDir } = parts;
  const release = parseVersion(version.version);
  const libraries = librariesIn(look, libraryDir);
  const cudaVersion = version.cudaVersion ?? cudaOfLibraries(look, version.version, libraryDir, libraries);
  const hipVersion =
    version.hipVersion ?? (libraries.includes("c10_hip") ? rocmOfLocalVersion(version.version) : undefined);
  const layout = layoutOf(look, place, parts.includeRoot);
  const { includeDirs, missingHeaders } = includes(look, place, parts.includeRoot, { layout, release });
  const pybind11Abi = pybind11(look, libraryDir, release);
  return {
    layout,
    // The folder that is torch's own: of a LibTorch among the system's files that is not all of `/usr`.
    root: place.root === "/usr" ? look.path.join(parts.includeRoot, "torch") : place.root,
    version: version.version,
    release,
    ...(cudaVersion === undefined ? {} : { cudaVersion }),
    ...(hipVersion === undefined ? {} : { hipVersion }),
    ...(version.xpuVersion === undefined ? {} : { xpuVersion: version.xpuVersion }),
    ...(version.gitVersion === undefined ? {} : { gitVersion: version.gitVersion }),
    includeDirs,
    libraryDirs: [libraryDir],
    libraries,
    cxx11Abi: cxx11Abi(look, place, parts, release),
    ...(version.debug ? { debug: true } : {}),
    ...(pybind11Abi === undefined ? {} : { pybind11Abi }),
    ...(missingHeaders.length === 0 ? {} : { missingHeaders }),
    identity: identityOf(look, place, parts),
  };
}

function readVersion(look: Look, place: TorchPlace): TorchVersion | undefined {
  const file = (name: string): string | undefined => look.readText(look.path.join(place.root, name));
  if (place.packageDir !== undefined) {
    const text = file("version.py");
    return text === undefined ? undefined : parseVersionPy(text);
  }
  const gitVersion = file("build-hash")?.trim();
  const git = gitVersion === undefined || gitVersion === "" ? {} : { gitVersion };
  const built = file("build-version")?.trim();
  if (built !== undefined && built !== "") return { version: built, debug: false, ...git };
  for (const folder of includeFolders(look, place)) {
    for (const header of versionHeaders) {
      const version = parseVersionHeader(look.readText(look.path.join(folder, header)) ?? "");
      if (version !== undefined) return { version, debug: false, ...git };
    }
  }
  return undefined;
}

/** `torch/headeronly/version.h` since 2.9; before, and still there as a forwarder, the other one. */
const versionHeaders = ["torch/headeronly/version.h", "torch/csrc/api/include/torch/version.h"];

function includeFolders(look: Look, place: TorchPlace): string[] {
  return [place.root, ...(place.otherRoots ?? []), ...(place.prefixes ?? [])].map((folder) =>
    look.path.join(folder, "include"),
  );
}

function folderWith(look: Look, folders: readonly string[], file: string): string | undefined {
  return folders.find((folder) => look.isFile(look.path.join(folder, file)));
}

/** The files that every torch has, and the folders to look for them in. */
function libraryPlaces(look: Look, place: TorchPlace): [names: readonly string[], folders: readonly string[]] {
  const name = multiarchName(look.host.arch);
  const own = [place.root, ...(place.otherRoots ?? [])].map((root) => look.path.join(root, "lib"));
  const shared = (place.prefixes ?? []).flatMap((prefix) => [
    ...(name === undefined ? [] : [look.path.join(prefix, "lib", name)]),
    look.path.join(prefix, "lib64"),
    look.path.join(prefix, "lib"),
  ]);
  return [[libraryFile(look, "c10")], unique([...own, ...shared])];
}

function libraryFile(look: Look, name: string): string {
  if (look.host.platform === "win32") return `${name}.lib`;
  return look.host.platform === "darwin" ? `lib${name}.dylib` : `lib${name}.so`;
}

/** Names for `-l` of torch's libraries in a folder that may hold others too. */
function librariesIn(look: Look, folder: string): string[] {
  return ["c10", "torch"].flatMap((family) => {
    const [before = "", after = ""] = libraryFile(look, `${family}\0`).split("\0");
    const files = look.list(folder, { prefix: before, suffix: after });
    return files.map((file) => `${family}${file.slice(before.length, file.length - after.length)}`);
  });
}

/** A LibTorch does not say its CUDA version: its name does, or the run time that libc10_cuda asks for (the major). */
function cudaOfLibraries(
  look: Look,
  version: string,
  libraryDir: string,
  libraries: readonly string[],
): string | undefined {
  if (!libraries.includes("c10_cuda")) return undefined;
  const named = cudaOfLocalVersion(version);
  if (named !== undefined) return named;
  const needed = neededBy(look, look.path.join(libraryDir, libraryFile(look, "c10_cuda")))?.needed ?? [];
  for (const name of needed) {
    const major = /^libcudart\.so\.(\d+(?:\.\d+)?)/.exec(name)?.[1];
    if (major !== undefined) return major;
  }
  return undefined;
}

function layoutOf(look: Look, place: TorchPlace, includeRoot: string): Torch["layout"] {
  if (place.packageDir === undefined) return "libtorch";
  if (look.isFile(look.path.join(place.root, "csrc", "Module.cpp"))) return "source";
  const headers = look.realpath(look.path.join(includeRoot, "c10", "macros", "Macros.h"));
  return headers.startsWith("/usr/include/") ? "debian" : "wheel";
}

/**
 * The include folders as in torch's own `include_paths()`, as far as they exist (`TH` and `THC` are of old versions,
 * until 2.6). Where pybind11 is not part of torch, as in Debian's package, one that pip installed is added.
 */
function includes(
  look: Look,
  place: TorchPlace,
  includeRoot: string,
  { layout, release }: Pick<Torch, "layout" | "release">,
): { readonly includeDirs: string[]; readonly missingHeaders: string[] } {
  const within = (...names: string[]): string => look.path.join(includeRoot, ...names);
  // gcc must not be given its own system folder: `#include_next` of the C++ library would not find it any more.
  const own = includeRoot === "/usr/include" ? [] : [includeRoot];
  const old = compareVersions(release, [2, 7]) < 0 ? [within("TH"), within("THC")] : [];
  const includeDirs = [
    ...own,
    ...[within("torch", "csrc", "api", "include"), ...old].filter((folder) => look.isDirectory(folder)),
  ];
  const header = look.path.join("pybind11", "pybind11.h");
  if (place.packageDir === undefined || look.isFile(within(header))) return { includeDirs, missingHeaders: [] };
  const system = layout === "debian" ? ["/usr/include", "/usr/local/include"] : [];
  if (folderWith(look, system, header) !== undefined) return { includeDirs, missingHeaders: [] };
  const fromPip = look.path.join(place.packageDir, "pybind11", "include");
  if (!look.isFile(look.path.join(fromPip, header))) return { includeDirs, missingHeaders: ["pybind11/pybind11.h"] };
  look.note({ what: "pybind11", where: `\`${fromPip}\``, outcome: "chosen", why: "this torch brings none of its own" });
  return { includeDirs: [...includeDirs, fromPip], missingHeaders: [] };
}

function cxx11Abi(look: Look, place: TorchPlace, parts: Parts, release: readonly number[]): boolean {
  const what = "C++11 ABI";
  if (look.host.platform !== "linux") return true;
  const library = look.path.join(parts.libraryDir, libraryFile(look, "c10"));
  const told = cxx11AbiOf(look, library);
  if (told !== undefined) {
    look.note({
      what,
      where: `\`${library}\``,
      outcome: "chosen",
      why: `${told ? "yes" : "no"}, by the symbols of c10::Error`,
    });
    return told;
  }
  const guess = cxx11AbiByVersion(parts.version.version, release);
  look.note({ what, where: `\`${library}\``, outcome: "rejected", why: "its symbols do not tell" });
  look.note({
    what,
    where: `version ${parts.version.version}`,
    outcome: "chosen",
    why: `${guess ? "yes" : "no"}, as the wheels of this version${place.packageDir === undefined ? " (LibTorch)" : ""}`,
  });
  return guess;
}

function pybind11(look: Look, libraryDir: string, release: readonly number[]): Torch["pybind11Abi"] {
  // torch's own builder passes these macros up to 2.8 (pytorch#160754).
  if (look.host.platform === "win32" || (release[0] ?? 0) > 2 || ((release[0] ?? 0) === 2 && (release[1] ?? 0) > 8)) {
    return undefined;
  }
  return pybind11AbiOf(look, look.path.join(libraryDir, libraryFile(look, "torch_python")));
}

/**
 * What tells two builds of torch apart: version, commit, and the digests that the installer recorded of the headers and
 * libraries. Other lines of RECORD (scripts with the environment's path, byte code) are left out, so that one wheel has
 * one identity in every environment. Without RECORD: names and sizes of the libraries with a sample of their bytes.
 */
function identityOf(look: Look, place: TorchPlace, parts: Parts): Digest {
  const { version, libraryDir, includeRoot } = parts;
  const head = [
    "torch",
    version.version,
    version.gitVersion ?? "",
    version.cudaVersion ?? "",
    version.hipVersion ?? "",
    String(version.debug),
  ];
  const record = recordOf(look, place, version.version);
  if (record !== undefined) return digestOfParts([...head, ...record]);
  const samples = librariesIn(look, libraryDir).map((name) =>
    sample(look, look.path.join(libraryDir, libraryFile(look, name))),
  );
  const headers = versionHeaders.map((name) => look.readText(look.path.join(includeRoot, name)) ?? "");
  return digestOfParts([...head, ...samples, ...headers]);
}

/** The lines of RECORD that say what headers and libraries there are. Undefined without a RECORD with digests. */
function recordOf(look: Look, place: TorchPlace, version: string): string[] | undefined {
  if (place.packageDir === undefined) return undefined;
  const infos = look.list(place.packageDir, { prefix: "torch-", suffix: ".dist-info" });
  const named = (name: string): boolean => version.startsWith(name.slice("torch-".length, -".dist-info".length));
  // Leftovers of an interrupted upgrade may lie beside the right one.
  const ordered = [...infos.filter(named), ...infos.filter((name) => !named(name))];
  for (const info of ordered) {
    const text = look.readText(look.path.join(place.packageDir, info, "RECORD"));
    const lines = (text ?? "")
      .split(/\r?\n/)
      .filter((line) => /^"?torch[/\\](?:include|lib|version\.py)/.test(line) && line.includes("sha256="));
    if (lines.length > 0) return lines.sort(compareText);
  }
  return undefined;
}

const sampleSize = 64 * 1024;

/** Name, size, and the first and last bytes of a file: symbol names stand at the front, section tables at the end. */
function sample(look: Look, path: string): string {
  const size = look.stat(path)?.size ?? 0;
  const head = look.readRange(path, 0, sampleSize) ?? new Uint8Array();
  const tail = look.readRange(path, Math.max(0, size - sampleSize), sampleSize) ?? new Uint8Array();
  return `${look.path.basename(path)} ${size} ${digestOf(head)} ${digestOf(tail)}`;
}
