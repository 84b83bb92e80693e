/** `retorch clean`: what a project's builds left, and its removal. Sources and the user's store are left alone. */
import { join } from "node:path";
import { ok, type Result } from "../base/result.ts";
import { readProject } from "../config/read-project.ts";
import type { BuildRequest } from "../config/request.ts";
import { FileDigests } from "../engine/file-digests.ts";
import { userCacheDirectory } from "../host/directories.ts";
import type { Host } from "../host/host.ts";
import { buildDirOf } from "./prepare.ts";

/** Where published artefacts are noted: one `digest<TAB>path` a line. */
const publishedName = "published";

/** Notes that an artefact was put somewhere, so that `clean` finds it. */
export function notePublished(host: Host, buildDir: string, paths: ReadonlyMap<string, string>): void {
  const file = join(buildDir, publishedName);
  const known = readPublished(host, buildDir);
  const before = known.size;
  let changed = false;
  for (const [path, digest] of paths) {
    if (known.get(path) !== digest) changed = true;
    known.set(path, digest);
  }
  if (!changed && known.size === before) return;
  host.fs.writeAtomic(file, [...known].map(([path, digest]) => `${digest}\t${path}\n`).join(""));
}

function readPublished(host: Host, buildDir: string): Map<string, string> {
  const text = host.fs.readText(join(buildDir, publishedName)) ?? "";
  const lines = text.split("\n").filter((line) => line.includes("\t"));
  return new Map(lines.map((line) => [line.slice(line.indexOf("\t") + 1), line.slice(0, line.indexOf("\t"))]));
}

/** The files and folders that `clean` removes: the build folder, and artefacts that are still as they were made. */
export async function cleanTargets(host: Host, request: BuildRequest): Promise<Result<string[]>> {
  // Where a set-up script lies is enough: it need not be run to remove what was built.
  const unread = { read: () => Promise.resolve(ok({ extensions: [], witnesses: [] })) };
  const project = await readProject(host, request, { setupScripts: unread });
  if (!project.ok) return project;
  const buildDir = project.value.buildDir ?? buildDirOf(host, project.value.root, userCacheDirectory(host));
  const targets: string[] = [];
  const digests = new FileDigests(host, { get: () => undefined, put: () => undefined });
  for (const [path, digest] of readPublished(host, buildDir)) {
    if (digests.digest(path) === digest) targets.push(path);
  }
  if (host.fs.stat(buildDir) !== undefined) targets.push(buildDir);
  return ok(targets);
}

/** Removes them. */
export async function clean(host: Host, request: BuildRequest): Promise<Result<string[]>> {
  const targets = await cleanTargets(host, request);
  if (targets.ok) for (const path of targets.value) host.fs.remove(path);
  return targets;
}
