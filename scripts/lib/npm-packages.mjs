// The npm packages that building and testing need: installed when they are missing or not those of package-lock.json.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { run, tail } from "./process.mjs";
import { ScriptError, stopwatch } from "./terminal.mjs";

/** Whether `node_modules` holds exactly the locked versions. npm writes its own lock there as the last thing it does. */
export function packagesAreCurrent(root) {
  const installedPath = join(root, "node_modules", ".package-lock.json");
  if (!existsSync(installedPath)) return false;
  const wanted = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages;
  const installed = JSON.parse(readFileSync(installedPath, "utf8")).packages;
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === "") return true;
    const there = installed[path];
    if (there === undefined) return entry.optional === true || entry.peer === true;
    return there.version === entry.version && there.integrity === entry.integrity;
  });
}

/** Installs the packages when needed. Says how long it took, or undefined when there was nothing to do. */
export async function ensurePackages(root) {
  if (packagesAreCurrent(root)) return undefined;
  const elapsed = stopwatch();
  const args = ["ci", "--include=dev", "--no-audit", "--no-fund"];
  const npm = process.env.npm_execpath ?? "";
  const result = /npm-cli\.c?js$/.test(npm)
    ? await run(process.execPath, [npm, ...args], { cwd: root })
    : await run("npm", args, { cwd: root, shell: process.platform === "win32" });
  if (result.code !== 0) {
    throw new ScriptError(
      `\`npm ci\` failed\n\n${tail(result.stderr || result.stdout)}`,
      "the npm packages of package-lock.json could not be installed: is the registry in `npm config get registry` reachable?",
    );
  }
  return elapsed();
}
