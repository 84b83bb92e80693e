/**
 * Reads one CUDA toolkit where it lies: a root of NVIDIA's installer, pip's wheels (one folder or several), conda,
 * Debian. Says its version, its parts, its headers and libraries. Which toolkit is taken is decided elsewhere.
 */
import { unique } from "../base/order.ts";
import type { Look } from "./look.ts";
import type { Part } from "./tool-identity.ts";

/** A place where a toolkit may be. */
export interface ToolkitPlace {
  /** The folder with `bin/nvcc`. */
  readonly root: string;
  /** nvcc itself, where it does not lie in the root's `bin`. */
  readonly nvcc?: string;
  /** Further folders with `include` and `lib`: the older wheels spread a toolkit over several. */
  readonly also?: readonly string[];
}

/** A toolkit as far as files tell. */
export interface Toolkit {
  readonly root: string;
  readonly nvcc: string;
  /** `13.0`; undefined when only nvcc itself can say. */
  readonly version?: string;
  /** `13.0.88`, when a file says so. */
  readonly nvccVersion?: string;
  readonly includeDirs: readonly string[];
  readonly libraryDirs: readonly string[];
  readonly parts: readonly Part[];
}

/** Reads a toolkit. A text says why it cannot be used. */
export function readToolkit(look: Look, place: ToolkitPlace): Toolkit | string {
  const named = place.nvcc ?? look.path.join(place.root, "bin", executable(look, "nvcc"));
  if (!look.isProgram(named)) {
    if (!look.isDirectory(place.root)) return "no such folder";
    return `no \`${look.path.join("bin", executable(look, "nvcc"))}\``;
  }
  const nvcc = behindScript(look, named);
  const bin = look.path.dirname(nvcc);
  // A wrapper or link elsewhere: the toolkit is where the program behind it lies.
  const root = place.nvcc === undefined && nvcc === named ? place.root : look.path.dirname(bin);
  const profile = readProfile(look, look.path.join(bin, "nvcc.profile"), bin);
  const roots = unique([root, ...(place.also ?? [])]);
  const versions = versionsOf(look, roots);
  return {
    root,
    nvcc,
    ...versions,
    includeDirs: includeDirsOf(look, roots, profile),
    libraryDirs: libraryDirsOf(look, roots, profile),
    parts: partsOf(look, nvcc, root, profile),
  };
}

/** Name of a program's file. */
export function executable(look: Look, name: string): string {
  return look.host.platform === "win32" ? `${name}.exe` : name;
}

/**
 * The program behind a script such as Debian's `/usr/bin/nvcc` (`exec /usr/lib/nvidia-cuda-toolkit/bin/nvcc "$@"`), or
 * behind a link. Where an nvcc.profile lies beside it, it is the toolkit's own, by whatever path it was reached
 * (`/usr/local/cuda` is a link). A script that cannot be understood stands for itself.
 */
function behindScript(look: Look, path: string): string {
  let current = path;
  for (let step = 0; step < 5; step++) {
    if (look.isFile(look.path.join(look.path.dirname(current), "nvcc.profile"))) return current;
    const link = look.readLink(current);
    const next = link === undefined ? scriptTarget(look, current) : look.path.resolve(look.path.dirname(current), link);
    if (next === undefined || next === current || !look.isProgram(next)) return current;
    current = next;
  }
  return current;
}

function scriptTarget(look: Look, path: string): string | undefined {
  const head = look.readRange(path, 0, 2);
  if (head?.[0] !== 0x23 || head[1] !== 0x21) return undefined;
  return /(?:^|[\s"'=])(\/[^\s"']*\/nvcc(?:\.real|\.bin)?)(?=[\s"']|$)/m.exec(look.readText(path) ?? "")?.[1];
}

/** What nvcc.profile sets, evaluated as nvcc does. */
interface Profile {
  readonly path: readonly string[];
  readonly include: readonly string[];
  readonly library: readonly string[];
  readonly cicc?: string;
  readonly libdevice?: string;
  readonly file?: string;
}

function readProfile(look: Look, file: string, bin: string): Profile {
  const text = look.readText(file);
  if (text === undefined) return { path: [], include: [], library: [] };
  const values = evaluateProfile(text, { bin, targets: (dir) => look.isDirectory(look.path.join(bin, "..", dir)) });
  const folders = (name: string, flag: RegExp): string[] =>
    [...(values.get(name) ?? "").matchAll(flag)].map((match) => look.path.normalize(match[1] ?? match[2] ?? ""));
  const one = (name: string): string | undefined => {
    const value = values.get(name)?.trim();
    return value === undefined || value === "" ? undefined : look.path.normalize(value);
  };
  const cicc = one("CICC_PATH");
  const libdevice = one("NVVMIR_LIBRARY_DIR");
  return {
    file,
    path: (values.get("PATH") ?? "")
      .split(":")
      .map((dir) => dir.trim())
      .filter((dir) => look.path.isAbsolute(dir))
      .map((dir) => look.path.normalize(dir)),
    include: folders("INCLUDES", /"-I([^"]+)"|-I(\S+)/g),
    library: folders("LIBRARIES", /"-L([^"]+)"|-L(\S+)/g),
    ...(cicc === undefined ? {} : { cicc }),
    ...(libdevice === undefined ? {} : { libdevice }),
  };
}

/** The target folder below `targets/` by Node's name of the processor. */
const targetFolders = ["x86_64-linux", "sbsa-linux", "aarch64-linux"];

/**
 * Evaluates nvcc.profile: `NAME = value`, `NAME += value`, `NAME =+ value`, `$(NAME)`. The two variables that nvcc sets
 * by itself: `_TARGET_DIR_` where there is a `targets` folder, else `_TARGET_SIZE_`.
 */
export function evaluateProfile(
  text: string,
  options: { readonly bin: string; readonly targets: (dir: string) => boolean },
): Map<string, string> {
  const target = targetFolders.map((name) => `targets/${name}`).find((dir) => options.targets(dir));
  const values = new Map([
    ["_HERE_", options.bin],
    ["_SPACE_", " "],
    ["_TARGET_DIR_", target ?? ""],
    ["_TARGET_SIZE_", target === undefined ? "64" : ""],
  ]);
  for (const line of text.split(/\r?\n/)) {
    const match = /^\s*(\w+)\s*(\+=|=\+|\?=|=)\s*(.*?)\s*$/.exec(line);
    const [, name, operator, raw] = match ?? [];
    if (name === undefined || raw === undefined) continue;
    const value = raw.replace(/\$\((\w+)\)/g, (_, inner: string) => values.get(inner) ?? "");
    const before = values.get(name);
    if (operator === "+=") values.set(name, `${before ?? ""}${value}`);
    else if (operator === "=+") values.set(name, `${value}${before ?? ""}`);
    else if (operator !== "?=" || before === undefined) values.set(name, value);
  }
  return values;
}

/** The include folders that hold CUDA's headers, each once; never the compiler's own. */
function includeDirsOf(look: Look, roots: readonly string[], profile: Profile): string[] {
  const folders = [
    ...roots.map((root) => look.path.join(root, "include")),
    ...profile.include,
    ...roots.flatMap((root) => targetFolders.map((target) => look.path.join(root, "targets", target, "include"))),
  ];
  const spread = roots.length > 1;
  return distinct(
    look,
    folders.filter((folder) =>
      spread ? look.isDirectory(folder) : look.isFile(look.path.join(folder, "cuda_runtime.h")),
    ),
  ).filter((folder) => folder !== "/usr/include");
}

/** `lib64`, else `lib`, as torch's own builder; the targets' folder where it is another one. */
function libraryDirsOf(look: Look, roots: readonly string[], profile: Profile): string[] {
  const folders = roots.flatMap((root) => {
    if (look.host.platform === "win32") return [look.path.join(root, "lib", "x64")];
    const wide = look.path.join(root, "lib64");
    return [
      look.isDirectory(wide) ? wide : look.path.join(root, "lib"),
      ...targetFolders.map((target) => look.path.join(root, "targets", target, "lib")),
    ];
  });
  const fromProfile = profile.library.filter((folder) => look.path.basename(folder) !== "stubs");
  return distinct(
    look,
    [...folders, ...fromProfile].filter((folder) => look.isDirectory(folder)),
  );
}

/** The first of each set of names for one folder. */
function distinct(look: Look, folders: readonly string[]): string[] {
  const seen = new Set<string>();
  return folders.filter((folder) => {
    const real = look.realpath(folder);
    if (seen.has(real)) return false;
    seen.add(real);
    return true;
  });
}

/** The programs and files that make nvcc's output. */
function partsOf(look: Look, nvcc: string, root: string, profile: Profile): Part[] {
  const bin = look.path.dirname(nvcc);
  const join = look.path.join;
  const programDirs = unique([
    bin,
    ...(profile.cicc === undefined ? [] : [profile.cicc]),
    ...profile.path,
    join(root, "nvvm", "bin"),
  ]);
  const libdeviceDirs = unique([
    ...(profile.libdevice === undefined ? [] : [profile.libdevice]),
    join(root, "nvvm", "libdevice"),
  ]);
  const parts: Part[] = [{ name: "nvcc", path: nvcc, program: true }];
  const add = (name: string, dirs: readonly string[], file: string, program: boolean): void => {
    const path = dirs.map((dir) => join(dir, file)).find((each) => look.isFile(each));
    if (path !== undefined) parts.push({ name, path, ...(program ? { program } : {}) });
  };
  for (const name of ["cudafe++", "cicc", "ptxas", "fatbinary", "nvlink", "bin2c"]) {
    add(name, programDirs, executable(look, name), true);
  }
  add("libdevice", libdeviceDirs, "libdevice.10.bc", false);
  add("link.stub", [join(bin, "crt")], "link.stub", false);
  add("prelink.stub", [join(bin, "crt")], "prelink.stub", false);
  if (profile.file !== undefined) parts.push({ name: "nvcc.profile", path: profile.file });
  return parts;
}

/** What files say of the version: version.json, version.txt (until 11.0), else `CUDA_VERSION` in cuda.h. */
function versionsOf(
  look: Look,
  roots: readonly string[],
): { readonly version?: string; readonly nvccVersion?: string } {
  for (const root of roots) {
    const json = look.readText(look.path.join(root, "version.json"));
    const versions = json === undefined ? undefined : parseVersionJson(json);
    if (versions !== undefined) return versions;
    const text = look.readText(look.path.join(root, "version.txt"));
    const version = /CUDA Version (\d+\.\d+)/.exec(text ?? "")?.[1];
    if (version !== undefined) return { version };
  }
  for (const root of roots) {
    const header = cudaHeaderVersion(look, look.path.join(root, "include"));
    if (header !== undefined) return { version: header };
  }
  return {};
}

/** Reads version.json: `{"cuda": {"version": "12.4.1"}, "cuda_nvcc": {"version": "12.4.131"}, …}`. */
export function parseVersionJson(
  text: string,
): { readonly version: string; readonly nvccVersion?: string } | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  const versionAt = (name: string): string | undefined => {
    if (typeof parsed !== "object" || parsed === null) return undefined;
    const entry: unknown = (parsed as Readonly<Record<string, unknown>>)[name];
    if (typeof entry !== "object" || entry === null || !("version" in entry)) return undefined;
    return typeof entry.version === "string" ? entry.version : undefined;
  };
  const cuda = versionAt("cuda");
  const version = cuda === undefined ? undefined : /^\d+\.\d+/.exec(cuda)?.[0];
  if (version === undefined) return undefined;
  const nvccVersion = versionAt("cuda_nvcc");
  return nvccVersion === undefined ? { version } : { version, nvccVersion };
}

/** The version in cuda.h: `#define CUDA_VERSION 13000` → `13.0`. */
export function cudaHeaderVersion(look: Look, includeDir: string): string | undefined {
  // It stands after the licence, well within the first part of a file of 1 MB.
  const bytes = look.readRange(look.path.join(includeDir, "cuda.h"), 0, 128 * 1024);
  if (bytes === undefined) return undefined;
  const number = /^#define\s+CUDA_VERSION\s+(\d+)/m.exec(Buffer.from(bytes).toString("latin1"))?.[1];
  if (number === undefined) return undefined;
  const value = Number(number);
  return `${Math.floor(value / 1000)}.${Math.floor((value % 1000) / 10)}`;
}

/** Reads `nvcc --version`: `Cuda compilation tools, release 13.0, V13.0.88`. */
export function parseNvccVersion(text: string): { readonly version: string; readonly nvccVersion: string } | undefined {
  const match = /release (\d+\.\d+), V(\d+(?:\.\d+)+)/.exec(text);
  const [, version, nvccVersion] = match ?? [];
  return version === undefined || nvccVersion === undefined ? undefined : { version, nvccVersion };
}
