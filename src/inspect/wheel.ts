/** Reads the compiled files of a wheel or another package without unpacking it to the disk. */
import { basename, posix } from "node:path";
import { failure, type Failure } from "../base/failure.ts";
import { err, ok, type Result } from "../base/result.ts";
import { type Archive, type ArchiveKind, type ArchiveMember, openArchive } from "./archive.ts";
import { type ByteSource } from "./bytes.ts";
import { isElf } from "./elf.ts";
import { inspectExtension, type InspectOptions } from "./extension.ts";
import { judge, type JudgeInput } from "./judge.ts";
import type { ExtensionReport } from "./report.ts";
import { isMachO } from "./macho.ts";
import { isPe } from "./pe.ts";
import type { Verdict } from "./verdict.ts";

/** What a wheel's file name says (PEP 427). */
export interface WheelName {
  readonly name: string;
  readonly version: string;
  readonly build?: string;
  /** `cp311`, `py3`. */
  readonly python: readonly string[];
  /** `cp311`, `abi3`, `none`. */
  readonly abi: readonly string[];
  /** `manylinux_2_28_x86_64`. */
  readonly platform: readonly string[];
}

/** A compiled file in a wheel. */
export interface WheelMember {
  /** As in the archive. */
  readonly path: string;
  readonly source?: ByteSource;
  readonly report?: ExtensionReport;
  /** Why it could not be read. */
  readonly failure?: Failure;
}

/** What a wheel says of itself, inside. */
export interface WheelMetadata {
  /** The folder without its ending: `flash_attn-2.7.4`. */
  readonly folder: string;
  /** The tags in `WHEEL`, as built: `cp311-cp311-linux_x86_64`. */
  readonly tags: readonly string[];
}

export interface WheelReport {
  readonly file: string;
  readonly kind: ArchiveKind;
  readonly name?: WheelName;
  /** What its `.dist-info` says of itself; undefined where it has none, or more than one. */
  readonly own?: WheelMetadata;
  /** Compiled files, in the order of the archive. */
  readonly members: readonly WheelMember[];
  /** All files in it. */
  readonly files: number;
  /** Their paths. */
  readonly names: readonly string[];
}

/** More compiled files than any wheel holds. */
const MAX_COMPILED = 2000;

/** Kernels of a model that AOTInductor compiled, which it loads by their names. All are for one GPU: some say it of all. */
const MODEL_KERNEL = /(?:^|\/)data\/aotinductor\/.*\.(?:cubin|hsaco)$/;
const MAX_KERNELS = 200;

/** Larger is no `WHEEL` file. */
const MAX_METADATA = 1024 * 1024;

/** Reads a wheel's file name. Undefined when it is none. */
export function wheelNameOf(path: string): WheelName | undefined {
  // Browsers keep `%2B` of an address for the plus of a local version.
  const file = path.replace(/^[^]*[/\\]/, "").replaceAll(/%2B/gi, "+");
  const match = /^([^-]+)-([^-]+)(?:-(\d[^-]*))?-([^-]+)-([^-]+)-([^-]+)\.whl$/.exec(file);
  if (match === null) return undefined;
  const [, name = "", version = "", build, python = "", abi = "", platform = ""] = match;
  return {
    name,
    version,
    ...(build === undefined ? {} : { build }),
    python: python.split("."),
    abi: abi.split("."),
    platform: platform.split("."),
  };
}

/** Whether a member is a compiled file: by its name (`x.so`, `libx.so.1`, `x.pyd`), or a program by its first bytes. */
function isCompiled(member: ArchiveMember): boolean {
  if (isCompiledName(member.name)) return true;
  if (!/(?:^|\/)(?:[^/.]+|[^/]+\.exe)$/i.test(member.name) || member.size < 64) return false;
  const head = member.head();
  return isElf(head) || isMachO(head) || isPe(head);
}

/** Whether a file is a compiled library by its name. Versions may have letters: `libssl.so.1.1.1k`. */
export function isCompiledName(name: string): boolean {
  return /\.(?:so(?:\.\d+[a-z]{0,2})*|pyd|dll|dylib)$/i.test(name);
}

/** Reads the compiled files of a package. Undefined when the file is none. */
export function inspectArchive(
  source: ByteSource,
  path: string,
  options: InspectOptions = {},
): Result<WheelReport> | undefined {
  const archive = openArchive(source);
  if (archive === undefined || !archive.ok) return archive;
  return reportOf(archive.value, path, options);
}

function reportOf({ kind, members }: Archive, path: string, options: InspectOptions): Result<WheelReport> {
  const kernels = members.filter((member) => MODEL_KERNEL.test(member.name)).slice(0, MAX_KERNELS);
  const compiled = [...members.filter(isCompiled), ...kernels];
  if (compiled.length > MAX_COMPILED) {
    return err(
      failure("INSPECT_DAMAGED", `The archive holds ${compiled.length} compiled files, more than any wheel`, {
        hint: "Unpack it, and inspect the files that matter",
      }),
    );
  }
  const name = wheelNameOf(path);
  const own = name === undefined ? undefined : metadataOf(members);
  const names = members.map(({ name: member }) => member).filter((member) => !member.endsWith("/"));
  return ok({
    file: basename(path.replaceAll("\\", "/")),
    kind,
    ...(name === undefined ? {} : { name }),
    ...(own === undefined ? {} : { own }),
    members: compiled.map((member) => readMember(member, options)),
    files: names.length,
    names,
  });
}

function metadataOf(members: readonly ArchiveMember[]): WheelMetadata | undefined {
  const [file, second] = members.filter(({ name }) => /^[^/]+\.dist-info\/WHEEL$/.test(name));
  if (file === undefined || second !== undefined || file.size > MAX_METADATA) return undefined;
  const content = file.content();
  if (!content.ok) return undefined;
  const text = Buffer.from(content.value.read(0, content.value.size)).toString("utf8");
  return {
    folder: file.name.slice(0, -".dist-info/WHEEL".length),
    tags: [...text.matchAll(/^Tag:\s*(\S+)\s*$/gm)].map(([, tag = ""]) => tag),
  };
}

function readMember(member: ArchiveMember, options: InspectOptions): WheelMember {
  const content = member.content();
  if (!content.ok) return { path: member.name, failure: content.error };
  const report = inspectExtension(content.value, member.name, options);
  return report.ok
    ? { path: member.name, source: content.value, report: report.value }
    : { path: member.name, failure: report.error };
}

/** Where a package would be installed. */
export interface InstallPlaces {
  /** `site-packages`. */
  readonly packageDir: string;
  /** The environment's own folder, with `bin` in it. */
  readonly prefix: string;
}

/** Where a member would lie. Folders of `name-1.0.data` are told in PEP 427 and sysconfig. */
function placeOf(path: string, kind: ArchiveKind, { packageDir, prefix }: InstallPlaces): string {
  const into = (folder: string, rest: string): string => posix.join(folder.replaceAll("\\", "/"), rest);
  if (kind !== "wheel") return into(prefix, path);
  const [, scheme, rest = ""] = /^[^/]+\.data\/([^/]+)\/(.*)$/.exec(path) ?? [];
  if (scheme === "scripts") return into(prefix, `bin/${rest}`);
  if (scheme === "data") return into(prefix, rest);
  return into(packageDir, scheme === undefined ? path : rest);
}

/**
 * Judges the extensions and programs of a package as if it were installed: its own libraries are found in it.
 * Undefined for members that could not be read, and for libraries that the others only need.
 */
export function judgeWheel(
  wheel: WheelReport,
  target: Pick<JudgeInput, "host" | "environment" | "gpus"> & InstallPlaces,
): ReadonlyMap<string, Verdict> {
  const { packageDir, prefix, ...context } = target;
  const place = (path: string): string => placeOf(path, wheel.kind, { packageDir, prefix });
  const besides = new Map(wheel.members.map((member) => [place(member.path), () => member.source]));
  const verdicts = new Map<string, Verdict>();
  for (const { path, report, source } of wheel.members) {
    if (report === undefined || source === undefined) continue;
    if (report.kind === "library" || report.kind === "object") continue;
    // Of others it is not known for which GPU they are meant.
    if (report.kind === "gpu-code" && !MODEL_KERNEL.test(path)) continue;
    verdicts.set(path, judge({ ...context, report, source, path: place(path), besides }));
  }
  return verdicts;
}
