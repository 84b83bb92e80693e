/**
 * Places at which a program waits for a file. At the file's path stands a link to a named pipe, so whoever opens it waits;
 * the file itself, moved over the link, is for whoever comes later. It does not know what the file is for.
 */
import { closeSync, constants, lstatSync, openSync, readlinkSync, symlinkSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import type { WaitingPlace } from "./host.ts";
import { nodeProcesses } from "./processes.ts";

/** Between two looks whether somebody came to the pipe while the file was moved over the link. */
const lookAgain = 1000;

/**
 * Makes such a place. Undefined where something is there already, and on systems without named pipes.
 *
 * @param path Where the file will be. Absolute, as everything.
 * @param folder An empty one, for the pipe itself.
 */
export async function waitingPlace(path: string, folder: string): Promise<WaitingPlace | undefined> {
  if (process.platform === "win32") return undefined;
  const { Socket } = await import("node:net");
  const pipe = join(folder, "pipe");
  const argv = ["mkfifo", "-m", "600", pipe];
  const { exitCode } = await nodeProcesses().run({ argv, cwd: folder, env: process.env });
  if (exitCode !== 0) return undefined;
  // As long as somebody could write, whoever reads waits. Opened for both, since opening for one waits for the other.
  let held: number | undefined = openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK);
  const letGo = (): void => {
    if (held !== undefined) closeSync(held);
    held = undefined;
  };
  try {
    symlinkSync(pipe, path);
  } catch {
    letGo();
    return undefined;
  }
  let giving: InstanceType<typeof Socket> | undefined;
  let timer: NodeJS.Timeout | undefined;
  const give = (content: Uint8Array): void => {
    if (giving !== undefined) return;
    let end: number;
    try {
      end = openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK);
    } catch {
      // Nobody waits.
      return;
    }
    const socket = new Socket({ fd: end, readable: false, writable: true });
    giving = socket;
    // The reader may end before it has read all, or not be there.
    socket.on("error", () => undefined);
    socket.on("close", () => (giving = undefined));
    socket.end(content, () => socket.destroy());
  };
  return {
    handOver: (content) => {
      give(content);
      letGo();
      timer = setInterval(() => give(content), lookAgain).unref();
    },
    close: () => {
      clearInterval(timer);
      giving?.destroy();
      letGo();
      if (isLinkTo(path, pipe)) unlinkSync(path);
    },
  };
}

function isLinkTo(path: string, target: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true && readlinkSync(path) === target;
}
