/** Whether a path names a file that can be seen. */
import { quietly } from "../base/quietly.ts";
import type { Host } from "../host/host.ts";

export function isFile(host: Host, path: string): boolean {
  return quietly(() => host.fs.stat(path))?.kind === "file";
}
