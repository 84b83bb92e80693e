/** Where things of the user live. Pure. */
import { isAbsolute, join, resolve } from "node:path";
import type { Host } from "./host.ts";

/** What must be known of the host to find the user's folders. */
export type DirectoryHost = Pick<Host, "env" | "platform" | "home" | "cwd">;

/**
 * The folder for everything that is kept between builds and may be thrown away: `RETORCH_CACHE_DIR`, else the
 * platform's place for such (XDG base directories, where a relative path counts as not set).
 */
export function userCacheDirectory(host: DirectoryHost): string {
  const own = host.env["RETORCH_CACHE_DIR"];
  if (own !== undefined && own !== "") return resolve(host.cwd, own);
  const xdg = host.env["XDG_CACHE_HOME"];
  if (xdg !== undefined && isAbsolute(xdg)) return join(xdg, "retorch");
  if (host.platform === "darwin") return join(host.home, "Library", "Caches", "retorch");
  if (host.platform === "win32") {
    const local = host.env["LOCALAPPDATA"];
    return local !== undefined && local !== ""
      ? join(local, "retorch")
      : join(host.home, "AppData", "Local", "retorch");
  }
  return join(host.home, ".cache", "retorch");
}

/** The local store of actions and contents below the user's cache folder. */
export function storeDirectory(host: DirectoryHost): string {
  return join(userCacheDirectory(host), "store", "v1");
}
