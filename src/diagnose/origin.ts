/**
 * Whether a log can be of the environment at hand. A log is often of another machine (an issue, a CI run), and then what
 * is installed here would make its fixes wrong. It judges by what a log cannot help telling: the system, the version of
 * Python or of the installed torch, and the folders that its packages lie in.
 */
import type { Environment } from "../environment/environment.ts";
import type { LogFacts } from "./log-facts.ts";

/** False when something in the log contradicts the environment; a log that tells nothing may be of it. */
export function mayBeOf(facts: LogFacts, environment: Environment): boolean {
  if (facts.platform !== undefined && facts.platform !== environment.platform) return false;
  const { python, torch } = environment;
  const stated = facts.installedTorch?.split("+")[0];
  if (stated !== undefined && torch !== undefined && stated !== torch.version.split("+")[0]) return false;
  if (python === undefined) return true;
  const [major, minor] = python.version;
  if (facts.python !== undefined && facts.python !== `${major}.${minor}`) return false;
  const homes = [python.prefix, python.basePrefix, ...python.packageDirs];
  return (
    facts.packageFolders.length === 0 ||
    facts.packageFolders.some((folder) => homes.some((home) => folder === home || folder.startsWith(`${home}/`)))
  );
}
