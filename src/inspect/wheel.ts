/** Reads the compiled files of a wheel without unpacking it to the disk. */
import { basename, posix } from "node:path";
import { failure, type Failure } from "../base/failure.ts";
import { err, ok, type Result } from "../base/result.ts";
import { type ByteSource } from "./bytes.ts";
import { inspectExtension, type InspectOptions } from "./extension.ts";
import { judge, type JudgeInput } from "./judge.ts";
import type { ExtensionReport } from "./report.ts";
import type { Verdict } from "./verdict.ts";
import { isZip, readZip, type ZipMember, zipMember } from "./zip.ts";

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

export interface WheelReport {
  readonly file: string;
  readonly name?: WheelName;
  /** Compiled files, in the order of the archive. */
  readonly members: readonly WheelMember[];
  /** All files in it. */
  readonly files: number;
}

/** More compiled files than any wheel holds. */
const MAX_COMPILED = 2000;

/** Reads a wheel's file name. Undefined when it is none. */
export function wheelNameOf(path: string): WheelName | undefined {
  const file = path.replace(/^[^]*[/\\]/, "");
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

/** Whether a member is a compiled file by its name: `x.so`, `libx.so.1`, `x.pyd`, `x.dll`, `x.dylib`. */
function isCompiled(member: ZipMember): boolean {
  return /\.(?:so(?:\.\d+)*|pyd|dll|dylib)$/i.test(member.name);
}

/** Whether the bytes are those of a zip archive, as wheels are. */
export function isWheel(source: ByteSource): boolean {
  return isZip(source.read(0, 4));
}

/** Reads the compiled files of a wheel. */
export function inspectWheel(source: ByteSource, path: string, options: InspectOptions = {}): Result<WheelReport> {
  const members = readZip(source);
  if (!members.ok) return members;
  const compiled = members.value.filter(isCompiled);
  if (compiled.length > MAX_COMPILED) {
    return err(failure("INSPECT_DAMAGED", `The archive holds ${compiled.length} compiled files, more than any wheel`));
  }
  const name = wheelNameOf(path);
  return ok({
    file: basename(path.replaceAll("\\", "/")),
    ...(name === undefined ? {} : { name }),
    members: compiled.map((member) => readMember(source, member, options)),
    files: members.value.length,
  });
}

function readMember(source: ByteSource, member: ZipMember, options: InspectOptions): WheelMember {
  const content = zipMember(source, member);
  if (!content.ok) return { path: member.name, failure: content.error };
  const report = inspectExtension(content.value, member.name, options);
  return report.ok
    ? { path: member.name, source: content.value, report: report.value }
    : { path: member.name, failure: report.error };
}

/**
 * Judges the extensions of a wheel as if it were installed into a folder of packages: its own libraries are found in it.
 * Undefined for members that could not be read, and for libraries that the extensions only need.
 */
export function judgeWheel(
  wheel: WheelReport,
  target: Pick<JudgeInput, "host" | "environment" | "gpus"> & { readonly packageDir: string },
): ReadonlyMap<string, Verdict> {
  const { packageDir, ...context } = target;
  const placeOf = (path: string): string => {
    // `name-1.0.data/platlib/…` is installed like what stands at the top.
    const plain = path.replace(/^[^/]+\.data\/(?:platlib|purelib)\//, "");
    return posix.join(packageDir.replaceAll("\\", "/"), plain);
  };
  const besides = new Map(wheel.members.map((member) => [placeOf(member.path), () => member.source]));
  const verdicts = new Map<string, Verdict>();
  for (const { path, report, source } of wheel.members) {
    if (report === undefined || source === undefined) continue;
    if (report.kind !== "python-module" && report.kind !== "torch-library") continue;
    verdicts.set(path, judge({ ...context, report, source, path: placeOf(path), besides }));
  }
  return verdicts;
}
