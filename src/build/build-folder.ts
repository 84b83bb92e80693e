/** The build folder: made private to the user, kept out of version control, known to backup tools as a cache. */
import { join } from "node:path";
import type { Result } from "../base/result.ts";
import { ensureOwnDirectory } from "../cache/safe-directory.ts";
import type { Host } from "../host/host.ts";

// https://bford.info/cachedir/
const cacheTag = "Signature: 8a477f597d28d172789f06886806bc55\n# Made by retorch; may be removed at any time.\n";

/** Makes the folder, or refuses one that others could tamper with. */
export function prepareBuildFolder(host: Host, folder: string): Result<void> {
  const made = ensureOwnDirectory(host, folder);
  if (!made.ok) return made;
  if (host.fs.stat(join(folder, ".gitignore")) === undefined) {
    host.fs.writeAtomic(join(folder, ".gitignore"), "*\n");
    host.fs.writeAtomic(join(folder, "CACHEDIR.TAG"), cacheTag);
  }
  return made;
}
