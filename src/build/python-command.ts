/**
 * The plain command by which a shell on this machine starts an interpreter, so that what is advised can be typed and
 * pasted. Looks at the search path and at pyenv's files; starts no process, and says nothing when it is not sure.
 */
import { posix, win32 } from "node:path";
import { quietly } from "../base/quietly.ts";
import type { Host } from "../host/host.ts";

type CommandHost = Pick<Host, "fs" | "env" | "platform">;

/** `python` or `python3`, when the first program of that name on the search path is this interpreter. */
export function pythonCommand(host: CommandHost, executable: string): string | undefined {
  return ["python", "python3"].find((name) => {
    const first = firstOnPath(host, name);
    return first !== undefined && isSame(host, first, executable);
  });
}

function pathOf(host: CommandHost): typeof posix {
  return host.platform === "win32" ? win32 : posix;
}

function firstOnPath(host: CommandHost, name: string): string | undefined {
  const path = pathOf(host);
  const file = host.platform === "win32" ? `${name}.exe` : name;
  return (host.env["PATH"] ?? "")
    .split(path.delimiter)
    .filter((folder) => path.isAbsolute(folder))
    .map((folder) => path.join(folder, file))
    .find((candidate) => quietly(() => host.fs.stat(candidate))?.kind === "file");
}

function isSame(host: CommandHost, command: string, executable: string): boolean {
  const path = pathOf(host);
  if (command === executable) return true;
  if (path.basename(path.dirname(command)) === "shims")
    return isShimOf(host, path.dirname(path.dirname(command)), executable);
  const real = (file: string): string => quietly(() => host.fs.realpath(file)) ?? file;
  if (real(command) !== real(executable)) return false;
  // Interpreters of virtual environments are links to one file: there the folder makes the environment.
  const folders = [path.dirname(command), path.dirname(executable)].map((folder) => real(folder));
  return folders[0] === folders[1] || !folders.some((folder) => isVirtual(host, folder));
}

function isVirtual(host: CommandHost, folder: string): boolean {
  const path = pathOf(host);
  return [folder, path.dirname(folder)].some(
    (home) => quietly(() => host.fs.stat(path.join(home, "pyvenv.cfg"))) !== undefined,
  );
}

/** Whether pyenv's shim starts an interpreter below `versions`: the only one, or the one that is chosen for all folders. */
function isShimOf(host: CommandHost, root: string, executable: string): boolean {
  const path = pathOf(host);
  const versions = path.join(root, "versions");
  const inside = path.relative(versions, executable);
  const version = inside.split(path.sep)[0] ?? "";
  if (version === "" || version === ".." || path.isAbsolute(inside)) return false;
  const installed = quietly(() => host.fs.list(versions)) ?? [];
  if (installed.length === 1) return true;
  const chosen =
    host.env["PYENV_VERSION"] ??
    quietly(() => host.fs.readText(path.join(root, "version")))
      ?.trim()
      .split(/\s+/)[0];
  return chosen !== undefined && (version === chosen || version.startsWith(`${chosen}.`));
}
