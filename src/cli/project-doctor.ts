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
  const requirements = await buildRequirements(host, resolve(root, "pyproject.toml"));
  const requiresTorch = requirements.find((word) => /^torch(?![\w.-])/i.test(word.trim()));
  const script = { usesSetupScript, ...(requiresTorch === undefined ? {} : { requiresTorch }) };
  const facts = gatherFacts(host, {
    environment,
    // Not below a home folder in which the command happens to be called.
    ...(folder !== undefined || read.ok || usesSetupScript ? { root } : {}),
    nodeVersion,
    requirements,
    ...(read.ok
      ? {
          sources: read.value.extensions.flatMap(({ sources }) => sources.map(({ path }) => resolve(root, path))),
        }
      : {}),
    ...(read.ok
      ? {
          project: {
            usesCuda: read.value.extensions.some(
              (extension) =>
                extension.withCuda === true || extension.sources.some(({ language }) => language === "cuda"),
            ),
            ...script,
          },
        }
      : usesSetupScript || requiresTorch !== undefined
        ? { project: { usesCuda: false, ...script } }
        : {}),
    // That there is no project here is no fault of the environment.
    ...(!read.ok && read.error.code === "CONFIG_INVALID" ? { projectProblem: read.error } : {}),
  });
  return ok(examine(facts));
}

/** What `[build-system]` requires. A file that is no TOML requires nothing here. */
async function buildRequirements(host: Host, file: string): Promise<readonly string[]> {
  const text = host.fs.stat(file)?.kind === "file" ? host.fs.readText(file) : undefined;
  if (text === undefined) return [];
  const { parseToml } = await import("../config/toml.ts");
  const parsed = await parseToml(text);
  const system = parsed.ok ? parsed.value["build-system"] : undefined;
  const requires = typeof system === "object" && system !== null && "requires" in system ? system.requires : undefined;
  return Array.isArray(requires) ? requires.filter((one) => typeof one === "string") : [];
}
