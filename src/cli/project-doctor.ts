/** Everything that a doctor is asked about a folder: its project, the environment that a build there would find, the machine. */
import { dirname, resolve } from "node:path";
import { failure } from "../base/failure.ts";
import { err, ok, type Result } from "../base/result.ts";
import { readProject } from "../config/read-project.ts";
import { resolveInterpreter } from "../config/request.ts";
import { type DoctorReport, examine } from "../doctor/doctor.ts";
import { gatherFacts } from "../doctor/gather.ts";
import { findEnvironment } from "../environment/find-environment.ts";
import { userCacheDirectory } from "../host/directories.ts";
import type { Host } from "../host/host.ts";
import type { EnvironmentQuestion } from "./services.ts";

/** The examination. A broken configuration is one of its findings. */
export async function projectDoctor(
  host: Host,
  { folder, python, nodeVersion }: EnvironmentQuestion & { readonly nodeVersion: string },
): Promise<Result<DoctorReport>> {
  const place = folder === undefined ? host.cwd : resolve(host.cwd, folder);
  const kind = host.fs.stat(place)?.kind;
  if (kind === undefined) return err(failure("PATH_NOT_FOUND", `\`${folder}\` does not exist`));
  const read = await readProject(host, { paths: folder === undefined ? [] : [folder], python });
  const given = python === undefined ? undefined : resolveInterpreter(host, host.cwd, python);
  const interpreter = read.ok ? read.value.python : given;
  const root = read.ok ? read.value.root : kind === "directory" ? place : dirname(place);
  const { environment } = await findEnvironment(host, {
    ...(interpreter === undefined ? {} : { python: interpreter }),
    projectRoot: root,
    cacheDir: userCacheDirectory(host),
  });
  const usesSetupScript = host.fs.stat(resolve(root, "setup.py"))?.kind === "file";
  const facts = gatherFacts(host, {
    environment,
    // Not below a home folder in which the command happens to be called.
    ...(folder !== undefined || read.ok || usesSetupScript ? { root } : {}),
    nodeVersion,
    ...(read.ok
      ? {
          project: {
            usesCuda: read.value.extensions.some(
              (extension) =>
                extension.withCuda === true || extension.sources.some(({ language }) => language === "cuda"),
            ),
            usesSetupScript,
          },
        }
      : usesSetupScript
        ? { project: { usesCuda: false, usesSetupScript } }
        : {}),
    // That there is no project here is no fault of the environment.
    ...(!read.ok && read.error.code === "CONFIG_INVALID" ? { projectProblem: read.error } : {}),
  });
  return ok(examine(facts));
}
