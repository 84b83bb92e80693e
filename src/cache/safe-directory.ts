/**
 * Folders whose content is believed: results in them are used without being made again, so nobody else may be able to
 * put something there. What is unsafe is refused, not repaired: it may already hold what somebody has planted.
 *
 * Only the folder itself is looked at. Who can write to its parents could replace it as a whole, and with it the
 * sources and the compiler.
 */
import { shellWord } from "../base/shell-word.ts";
import { dirname, join } from "node:path";
import { type Failure, failure } from "../base/failure.ts";
import { err, ok, type Result } from "../base/result.ts";
import type { FileStat, Host } from "../host/host.ts";

/**
 * Makes a folder that only the user can enter, or checks that one that is there belongs to no one else.
 *
 * @param options.mayBeLink A link of the user's own to such a folder will do: people keep their cache on another disk.
 */
export function ensurePrivateDirectory(
  host: Host,
  path: string,
  options: { readonly mayBeLink?: boolean } = {},
): Result<void> {
  const made = make(host, path, 0o700);
  if (!made.ok) return made;
  const stat = options.mayBeLink === true ? ok(behindOwnLink(host, path, made.value)) : made;
  const elsewhere = "or set `RETORCH_CACHE_DIR` to a folder of your own";
  const unsafe = (why: string, todo: string): Result<void> =>
    err(failure("STORE_UNSAFE", `the store \`${path}\` ${why}`, { hint: `${todo}, ${elsewhere}` }));
  if (stat.value.kind === "link") return unsafe("is a symbolic link", `remove it with \`rm ${shellWord(path)}\``);
  if (stat.value.kind !== "directory") return unsafe("is not a folder", "move it away");
  if (host.uid === undefined) return ok(undefined);
  if (stat.value.uid !== host.uid) {
    return unsafe("belongs to another user", `take it over with \`sudo chown -R ${host.uid} ${shellWord(path)}\``);
  }
  if ((stat.value.mode & 0o022) !== 0) {
    return unsafe("can be written by other users", `check what is in it and run \`chmod go-w ${shellWord(path)}\``);
  }
  return ok(undefined);
}

/** Makes a folder that all may read and only the user may write, or checks that one that is there is such. */
export function ensureOwnDirectory(host: Host, path: string): Result<void> {
  const stat = make(host, path, 0o755);
  if (!stat.ok) return stat;
  const unsafe = (why: string, todo: string): Result<void> =>
    err(failure("BUILD_DIR_UNSAFE", `the build folder \`${path}\` ${why}`, { hint: todo }));
  const remove = `remove it with \`rm -rf ${shellWord(path)}\``;
  if (stat.value.kind === "link") return unsafe("is a symbolic link", `remove it with \`rm ${shellWord(path)}\``);
  if (stat.value.kind !== "directory") return unsafe("is not a folder", "move it away");
  if (host.uid === undefined) return ok(undefined);
  if (stat.value.uid !== host.uid && !isProjectOfOther(host, path, stat.value)) {
    return unsafe("belongs to another user", `${remove}, or run \`sudo chown -R ${host.uid} ${shellWord(path)}\``);
  }
  if ((stat.value.mode & 0o022) !== 0 && keepsPermissions(host, path)) {
    return unsafe("can be written by other users", `${remove}, or run \`chmod go-w ${shellWord(path)}\``);
  }
  return ok(undefined);
}

/** What a link of the user's own leads to; any other link is left to be refused. */
function behindOwnLink(host: Host, path: string, stat: FileStat): FileStat {
  if (stat.kind !== "link" || (host.uid !== undefined && stat.uid !== host.uid)) return stat;
  return host.fs.stat(path) ?? stat;
}

function make(host: Host, path: string, mode: number): Result<FileStat> {
  try {
    // Not stat: a link is what is looked for.
    const before = host.fs.lstat(path);
    if (before !== undefined) return ok(before);
    host.fs.mkdir(path, mode);
    const after = host.fs.lstat(path);
    return after === undefined ? err(notMade(path)) : ok(after);
  } catch (error) {
    return err(notMade(path, error));
  }
}

function notMade(path: string, error?: unknown): Failure {
  return failure("NOT_WRITABLE", `could not make the folder \`${path}\``, {
    hint: `check the permissions of \`${dirname(path)}\``,
    ...(error instanceof Error ? { cause: error.message } : {}),
  });
}

/**
 * Root builds in a project of another user (a container with the project mounted into it): its sources decide what is
 * built, so that nothing is lost when its owner can write the build folder too.
 */
function isProjectOfOther(host: Host, path: string, stat: FileStat): boolean {
  return host.uid === 0 && host.fs.stat(dirname(path))?.uid === stat.uid;
}

/** False on file systems where everything belongs to all (FAT, a Windows disk in WSL): the sources do, too, then. */
function keepsPermissions(host: Host, path: string): boolean {
  try {
    const probe = host.fs.makeTemporary(join(path, "probe-"));
    const mode = host.fs.lstat(probe)?.mode ?? 0;
    host.fs.remove(probe);
    return (mode & 0o077) === 0;
  } catch {
    return true;
  }
}
