/**
 * Looks, before anything is compiled, whether the artefacts can appear where they shall: a build of minutes must not end
 * with "not a directory".
 */
import { dirname } from "node:path";
import { failure, type Failure } from "../base/failure.ts";
import type { Host } from "../host/host.ts";
import type { Artifact } from "../plan/graph.ts";

const hint = "choose another place with `--out`";

/** What stands in the way of an artefact, if anything. An artefact that is there already may stay where it is. */
export function checkOutputPlace(host: Pick<Host, "fs">, artifacts: readonly Artifact[]): Failure | undefined {
  for (const { path } of artifacts) {
    const there = host.fs.stat(path);
    if (there?.kind === "directory") {
      return failure("NOT_WRITABLE", `\`${path}\` is a folder, where the result shall appear`, {
        hint: `remove it, or ${hint}`,
      });
    }
    if (there !== undefined) continue;
    let folder = dirname(path);
    let kind = host.fs.stat(folder)?.kind;
    while (kind === undefined && dirname(folder) !== folder) {
      folder = dirname(folder);
      kind = host.fs.stat(folder)?.kind;
    }
    if (kind !== undefined && kind !== "directory") {
      return failure("NOT_WRITABLE", `\`${dirname(path)}\` cannot be made: \`${folder}\` is a file`, { hint });
    }
    if (!host.fs.writable(folder)) {
      return failure("NOT_WRITABLE", `\`${folder}\` may not be written, where the result shall appear`, {
        hint: `change its permissions, or ${hint}`,
      });
    }
  }
  return undefined;
}
