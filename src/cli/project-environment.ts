/** The environment as a build in some folder would find it, also where there is nothing to build yet. */
import { dirname, resolve } from "node:path";
import { failure } from "../base/failure.ts";
import { err, ok, type Result } from "../base/result.ts";
import { readProject } from "../config/read-project.ts";
import { resolveInterpreter } from "../config/request.ts";
import { findEnvironment } from "../environment/find-environment.ts";
import type { Environment } from "../environment/environment.ts";
import { userCacheDirectory } from "../host/directories.ts";
import type { Host } from "../host/host.ts";
import type { EnvironmentQuestion } from "./services.ts";

/** Finds it. A broken configuration is a failure; none at all is not. */
export async function projectEnvironment(
  host: Host,
  { folder, python }: EnvironmentQuestion,
): Promise<Result<Environment>> {
  const place = folder === undefined ? host.cwd : resolve(host.cwd, folder);
  const kind = host.fs.stat(place)?.kind;
  if (kind === undefined) return err(failure("PATH_NOT_FOUND", `\`${folder}\` does not exist`));
  const read = await readProject(host, { paths: folder === undefined ? [] : [folder], python });
  if (!read.ok && read.error.code === "CONFIG_INVALID") return read;
  const interpreter = read.ok
    ? read.value.python
    : python === undefined
      ? undefined
      : resolveInterpreter(host, host.cwd, python);
  const { environment } = await findEnvironment(host, {
    ...(interpreter === undefined ? {} : { python: interpreter }),
    projectRoot: read.ok ? read.value.root : kind === "directory" ? place : dirname(place),
    cacheDir: userCacheDirectory(host),
  });
  return ok(environment);
}
