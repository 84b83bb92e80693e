// One process at a time: a file that names the processes that hold it, void when all of them are gone.
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";

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
    try {
      writeFileSync(path, String(process.pid), { flag: "wx" });
      break;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    const alive = holders(path)?.filter(isAlive);
    if (alive?.length === 0) {
      takeAway(path);
    } else {
      if (!told && alive !== undefined) onWait(alive[0]);
      told = true;
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  }
  try {
    return await body((pid) => writeFileSync(path, `${process.pid} ${pid}`));
  } finally {
    rmSync(path, { force: true });
  }
}

/** Removes a void lock. Another process may have done so and taken the lock meanwhile: then it gets it back. */
function takeAway(path) {
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  if (holders(aside)?.some(isAlive)) renameSync(aside, path);
  else rmSync(aside, { force: true });
}
