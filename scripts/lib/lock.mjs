// One process at a time: a file that names the processes that hold it, void when all of them are gone.
import { linkSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";

function holders(path) {
  try {
    return readFileSync(path, "utf8").split(" ").map(Number).filter(Boolean);
  } catch {
    return undefined;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/**
 * Runs `body` while holding the lock, and tells `onWait` once when another process has to be waited for. `body` gets a
 * function that names a child process as a further holder: should this process be killed, the lock outlives it for as
 * long as the child still works.
 */
export async function withLock(path, onWait, body) {
  for (let told = false; ;) {
    if (appear(path)) break;
    const alive = holders(path)?.filter(isAlive);
    if (alive?.length === 0) {
      takeAway(path);
      await new Promise((resolve) => setTimeout(resolve, 5));
    } else {
      if (!told && alive !== undefined) onWait(alive[0]);
      told = true;
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  }
  try {
    return await body((pid) => {
      writeFileSync(draft(path), `${process.pid} ${pid}`);
      renameSync(draft(path), path);
    });
  } finally {
    rmSync(path, { force: true });
  }
}

const draft = (path) => `${path}.${process.pid}`;

/** Makes a file that names this process, whole from its first moment. False when there is one already. */
function appear(path) {
  writeFileSync(draft(path), String(process.pid));
  try {
    linkSync(draft(path), path);
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
    return false;
  } finally {
    rmSync(draft(path), { force: true });
  }
}

/** Longer than it takes to look and to remove. */
const sweepMs = 10_000;

/**
 * Removes a void lock. Only one process at a time does so, and looks once more: nobody takes away a lock that another
 * process has meanwhile taken in its place.
 */
function takeAway(path) {
  const sweeping = `${path}.sweep`;
  if (!appear(sweeping)) {
    const since = statSync(sweeping, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (Date.now() - since > sweepMs) rmSync(sweeping, { force: true });
    return;
  }
  try {
    if (holders(path)?.some(isAlive) === false) rmSync(path, { force: true });
  } finally {
    rmSync(sweeping, { force: true });
  }
}
