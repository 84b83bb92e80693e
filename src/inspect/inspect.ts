/** Everything about one file: a built extension or a wheel, with the verdict when there is an environment. */
import { resolve } from "node:path";
import { failure } from "../base/failure.ts";
import { err, ok, type Result } from "../base/result.ts";
import type { Host } from "../host/host.ts";
import { fileSource } from "./bytes.ts";
import { inspectExtension } from "./extension.ts";
import { judge } from "./judge.ts";
import type { ExtensionReport } from "./report.ts";
import type { JudgeEnvironment, JudgeGpu, Verdict } from "./verdict.ts";
import { inspectWheel, isWheel, judgeWheel, type WheelReport } from "./wheel.ts";

/** What was found out about a file. */
export type Inspection =
  | { readonly kind: "extension"; readonly path: string; readonly report: ExtensionReport; readonly verdict?: Verdict }
  | {
      readonly kind: "wheel";
      readonly path: string;
      readonly wheel: WheelReport;
      /** By the member's path in the wheel. */
      readonly verdicts: ReadonlyMap<string, Verdict>;
    };

/** What `judge` needs, and where a wheel would be installed. */
export type InspectEnvironment = Omit<JudgeEnvironment, "python"> & {
  readonly python?: NonNullable<JudgeEnvironment["python"]> & { readonly packageDirs?: readonly string[] };
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
    if (stat === undefined) return "does not exist";
    return stat.kind === "directory" ? "is a folder" : "is no file";
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
  if (isWheel(source)) {
    const wheel = inspectWheel(source, absolute, arch);
    if (!wheel.ok) return wheel;
    const packageDir = environment?.python?.packageDirs?.[0] ?? resolve(host.cwd);
    const verdicts =
      environment === undefined
        ? new Map<string, Verdict>()
        : judgeWheel(wheel.value, { host, environment, packageDir, ...gpus });
    return ok({ kind: "wheel", path: absolute, wheel: wheel.value, verdicts });
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
