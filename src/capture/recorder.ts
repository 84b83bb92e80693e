/** Where the recorder lies: the Python files beside the program, in the source tree, the npm package or the wheel. */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { InternalError } from "../base/failure.ts";
import type { Host } from "../host/host.ts";

/** Written in Python: `python/retorch/` of the clone and the npm package; in the wheel the program is inside `retorch/`. */
const script = "_setup_capture.py";

/** Chunks of the bundle lie in `dist/chunks`, the wheel has `retorch/_bundle/dist/chunks`. */
const mostFoldersUp = 5;

/** The recorder's path. */
export function recorderPath(host: Pick<Host, "fs">, from = fileURLToPath(import.meta.url)): string {
  let folder = dirname(from);
  for (let up = 0; up < mostFoldersUp; up++) {
    for (const place of [join(folder, "python", "retorch", script), join(folder, script)]) {
      if (host.fs.stat(place)?.kind === "file") return place;
    }
    folder = dirname(folder);
  }
  throw new InternalError(`there is no ${script} beside ${from}: the installation is incomplete`);
}
