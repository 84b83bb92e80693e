/** Reads a file of the user's, whose absence or permissions are an expected failure. */
import { err, ok, type Result } from "../base/result.ts";
import type { FileSystem } from "../host/host.ts";

/** The bytes of a file, or the end of a sentence that begins with its path. */
export function readWhole(fs: FileSystem, path: string): Result<Uint8Array, string> {
  try {
    const bytes = fs.readBytes(path);
    return bytes === undefined ? err("does not exist") : ok(bytes);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "EACCES" || code === "EPERM") return err("cannot be read: permission denied");
    if (code === "EISDIR") return err("is a folder, not a file");
    throw error;
  }
}
