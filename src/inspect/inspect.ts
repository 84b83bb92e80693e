/** Everything about one file: a built extension or a wheel, with the verdict when there is an environment. */
import { join, resolve } from "node:path";
import { quietly } from "../base/quietly.ts";
import { failure } from "../base/failure.ts";
import { err, ok, type Result } from "../base/result.ts";
import type { Host } from "../host/host.ts";
import { fileSource } from "./bytes.ts";
import { inspectExtension } from "./extension.ts";
import { type Integrity, integrityOf } from "./integrity.ts";
import { judge } from "./judge.ts";
import type { ExtensionReport } from "./report.ts";
import { systemLibc } from "./system-libc.ts";
import type { JudgeEnvironment, JudgeGpu, Problem, Verdict } from "./verdict.ts";
import { inspectArchive, isCompiledName, judgeWheel, type WheelReport } from "./wheel.ts";
import { wheelNameProblems } from "./wheel-tags.ts";

/** What was found out about a file. */
export type Inspection =
  | { readonly kind: "extension"; readonly path: string; readonly report: ExtensionReport; readonly verdict?: Verdict }
  | {
      readonly kind: "wheel";
      readonly path: string;
      readonly wheel: WheelReport;
      /** By the member's path in the wheel. */
      readonly verdicts: ReadonlyMap<string, Verdict>;
      /** What stands against its name. */
      readonly problems: readonly Problem[];
      /** Whether it holds what it says; only where that was asked for. */
      readonly integrity?: Integrity;
    };

/** What `judge` needs, and where a wheel would be installed. */
export type InspectEnvironment = Omit<JudgeEnvironment, "python"> & {
  readonly python?: NonNullable<JudgeEnvironment["python"]> & {
    readonly packageDirs?: readonly string[];
    readonly prefix?: string;
  };
};

export interface InspectPathOptions {
  /** Without it there is no verdict. */
  readonly environment?: InspectEnvironment;
  /** Other GPUs than the environment's. */
  readonly gpus?: readonly JudgeGpu[];
}

function whyNoFile(host: Pick<Host, "fs">, path: string): string {
  try {
    const stat = host.fs.stat(path);
    if (stat === undefined) {
      const target = host.fs.lstat(path)?.kind === "link" ? (host.fs.readLink(path) ?? "") : undefined;
      return target === undefined ? "does not exist" : `is a link to \`${target}\`, which leads to no file`;
    }
    return stat.kind === "directory" ? "is a folder without a built file in it" : "is no file";
  } catch {
    return "cannot be read";
  }
}

/** Inspects a file of the disk. Starts no process and reads large files in parts. */
export function inspectPath(
  host: Pick<Host, "fs" | "env" | "cwd" | "arch">,
  path: string,
  options: InspectPathOptions = {},
): Result<Inspection> {
  const absolute = resolve(host.cwd, path);
  const source = fileSource(host.fs, absolute);
  if (source === undefined) {
    return err(
      failure("INSPECT_NO_FILE", `\`${path}\` ${whyNoFile(host, absolute)}`, {
        hint: "Give the path of a built extension (`.so`, `.pyd`, `.dylib`) or of a wheel",
      }),
    );
  }
  const { environment } = options;
  const arch = { arch: environment?.arch ?? host.arch };
  const gpus = options.gpus === undefined ? {} : { gpus: options.gpus };
  const archive = inspectArchive(source, absolute, arch);
  if (archive !== undefined) {
    if (!archive.ok) return archive;
    const here = resolve(host.cwd);
    const packageDir = environment?.python?.packageDirs?.[0] ?? here;
    // An archive of unknown purpose is judged as if it were unpacked here.
    const prefix = archive.value.kind === "archive" ? here : (environment?.python?.prefix ?? here);
    const verdicts =
      environment === undefined
        ? new Map<string, Verdict>()
        : judgeWheel(archive.value, { host, environment, packageDir, prefix, ...gpus });
    const libc = environment === undefined ? undefined : systemLibc(host, environment);
    const problems = wheelNameProblems(archive.value, environment, libc);
    return ok({ kind: "wheel", path: absolute, wheel: archive.value, verdicts, problems });
  }
  const report = inspectExtension(source, absolute, arch);
  if (!report.ok) return report;
  const verdict =
    environment === undefined
      ? undefined
      : judge({ report: report.value, source, path: absolute, host, environment, ...gpus });
  return ok({
    kind: "extension",
    path: absolute,
    report: report.value,
    ...(verdict === undefined ? {} : { verdict }),
  });
}

/** Like `inspectPath`; of packages every file is read besides, to compare it with what the package says of it. */
export async function inspectWhole(
  host: Pick<Host, "fs" | "env" | "cwd" | "arch">,
  path: string,
  options: InspectPathOptions = {},
): Promise<Result<Inspection>> {
  const inspected = inspectPath(host, path, options);
  if (!inspected.ok || inspected.value.kind === "extension") return inspected;
  const { wheel } = inspected.value;
  const source = fileSource(host.fs, inspected.value.path);
  if (source === undefined) return inspected;
  const unpacked = new Map(
    wheel.members.flatMap(({ path: member, source: own }) => (own === undefined ? [] : [[member, own]])),
  );
  const integrity = await integrityOf(source, { isWheel: wheel.name !== undefined, unpacked });
  return integrity === undefined ? inspected : ok({ ...inspected.value, integrity });
}

const MAX_FOUND = 2000;
const MAX_FOLDERS = 20_000;

/**
 * The built files and packages below a folder, in the order of their paths; hidden folders and links to what was found
 * already are left out. Undefined when the path is no folder.
 */
export function builtFilesIn(host: Pick<Host, "fs" | "cwd">, path: string): readonly string[] | undefined {
  const root = resolve(host.cwd, path);
  if (kindOf(host, root) !== "directory") return undefined;
  const found: string[] = [];
  const seen = new Set<string>();
  const open = [root];
  for (let folders = 0; open.length > 0 && folders < MAX_FOLDERS && found.length < MAX_FOUND; folders++) {
    const folder = open.shift() ?? root;
    for (const name of [...(quietly(() => host.fs.list(folder)) ?? [])].sort()) {
      const file = join(folder, name);
      const kind = quietly(() => host.fs.lstat(file))?.kind;
      if (kind === "directory" && !name.startsWith(".")) open.push(file);
      if (kind === "directory" || !(isCompiledName(name) || /\.(?:whl|conda)$/.test(name))) continue;
      if (kindOf(host, file) !== "file") continue;
      const real = quietly(() => host.fs.realpath(file)) ?? file;
      if (seen.has(real)) continue;
      seen.add(real);
      found.push(file);
    }
  }
  return found.sort();
}

function kindOf(host: Pick<Host, "fs">, path: string): string | undefined {
  return quietly(() => host.fs.stat(path))?.kind;
}
