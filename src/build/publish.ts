/** Puts what was built where the user wants it: a copy that appears by rename, only when it is not there already. */
import { dirname } from "node:path";
import type { FileDigests } from "../engine/file-digests.ts";
import type { Host } from "../host/host.ts";
import type { Artifact } from "../plan/graph.ts";

/** Publishes an artefact. True when it had to be copied. */
export function publishArtifact(host: Host, digests: FileDigests, artifact: Artifact): boolean {
  const built = digests.digest(artifact.built);
  if (built === undefined) return false;
  if (digests.digest(artifact.path) === built) return false;
  host.fs.mkdir(dirname(artifact.path), 0o755);
  const temporary = `${artifact.path}.${host.processes.self().pid}.tmp`;
  host.fs.remove(temporary);
  host.fs.copy(artifact.built, temporary, ["reflink", "copy"]);
  host.fs.rename(temporary, artifact.path);
  digests.learn(artifact.path, built);
  return true;
}
