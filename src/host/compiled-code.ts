/**
 * Lets Node keep the compiled form of the program between runs, where it can (22.8 and newer): to compile the rules of
 * diagnosis takes longer than to apply them. It is the user's own folder alone, never `RETORCH_CACHE_DIR`, which may be
 * shared: what lies there is run. A build with nothing to do does not ask for it.
 * Source: https://nodejs.org/api/module.html#module-compile-cache
 */
import * as fs from "node:fs";
import { dirname, join } from "node:path";
import { userCacheDirectory } from "./directories.ts";
import type { QuickHost } from "./quick-host.ts";

/** What Node's older types lack. */
type NewerModule = typeof import("node:module") & { readonly enableCompileCache?: (folder: string) => unknown };

/** Keeps silent where it cannot: without it, a run is a tenth of a second slower and no different. */
export function keepCompiledCode(
  host: Pick<QuickHost, "env" | "cwd" | "platform" | "home" | "uid">,
  enable = (process.getBuiltinModule("node:module") as NewerModule).enableCompileCache,
): void {
  // With a folder of Node's own variable it has begun already.
  if (enable === undefined || (host.env["NODE_COMPILE_CACHE"] ?? "") !== "") return;
  const folder = join(userCacheDirectory({ ...host, env: { ...host.env, RETORCH_CACHE_DIR: undefined } }), "compiled");
  try {
    // One after the other: a home that is not there is not made.
    for (const each of [dirname(dirname(folder)), dirname(folder), folder])
      if (!fs.existsSync(each)) fs.mkdirSync(each, 0o700);
    const stat = fs.lstatSync(folder);
    const isOwn =
      stat.isDirectory() && (host.uid === undefined || (stat.uid === host.uid && (stat.mode & 0o022) === 0));
    if (isOwn) enable(folder);
  } catch {
    // No home, or one that is read-only.
  }
}
