/**
 * Whether a log can be of the environment at hand. A log is often of another machine (an issue, a CI run), and then what
 * is installed here would make its fixes wrong. It judges by what a log cannot help telling: the system, the version of
 * Python, of the installed torch or of its CUDA, the folders that its packages lie in, and whether any of the folders that it
 * names is here at all.
 */
import type { Environment } from "../environment/environment.ts";
import type { LogFacts } from "./facts/log-facts.ts";

/** Whether the log names another system, another Python, another torch or another CUDA of torch. */
export function speaksOfAnother(facts: LogFacts, environment: Environment): boolean {
  const { platform, python, torch, cuda } = environment;
  if (facts.platform !== undefined && facts.platform !== platform) return true;
  if (facts.oldPython === true) return true;
  // The folders of a runner of GitHub are on no other machine.
  if (facts.hostedRunner && facts.packageFolders.length > 0 && !liesIn(facts, environment)) return true;
  // The toolkit that ran there and the one that people name: of neither torch nor the toolkit here.
  const cudas = [facts.spokenCuda, facts.nvccShown].filter((named) => named !== undefined);
  if (cudas.some((named) => ![torch?.cudaVersion, cuda?.version].some((here) => sameRelease(named, here)))) return true;
  const stated = facts.installedTorch?.split("+")[0];
  if (stated !== undefined && stated !== torch?.version.split("+")[0]) return true;
  if (torch !== undefined && facts.torchCuda !== undefined && !sameRelease(facts.torchCuda, torch.cudaVersion))
    return true;
  return python !== undefined && facts.python !== undefined && facts.python !== python.version.slice(0, 2).join(".");
}

/**
 * Whether the log is of a place that is not here: the image of a docker build, a notebook, a Jetson, or a machine none of whose
 * folders (homes, environments) exist here.
 */
export function isElsewhere(
  facts: LogFacts,
  environment: Environment,
  hasFolder: ((path: string) => boolean) | undefined,
): boolean {
  if (facts.dockerBuild || facts.notebook) return true;
  if (facts.jetson && environment.arch === "x64") return true;
  if (hasFolder === undefined || liesIn(facts, environment)) return false;
  const named = [...facts.packageFolders, ...facts.upperFolders];
  return named.length > 0 && !named.some((folder) => hasFolder(folder));
}

/** False when something in the log contradicts the environment; a log that tells nothing may be of it. */
export function mayBeOf(facts: LogFacts, environment: Environment): boolean {
  if (speaksOfAnother(facts, environment)) return false;
  return environment.python === undefined || facts.packageFolders.length === 0 || liesIn(facts, environment);
}

/** Whether the log tells more of the environment than that it may be of it: the folders of its packages, or its torch. */
export function isOf(facts: LogFacts, environment: Environment): boolean {
  return mayBeOf(facts, environment) && (facts.installedTorch !== undefined || liesIn(facts, environment));
}

/** Whether one of the folders of packages in the log is of the environment. */
export function liesIn(facts: LogFacts, { python }: Environment): boolean {
  const homes = python === undefined ? [] : [python.prefix, python.basePrefix, ...python.packageDirs];
  return facts.packageFolders.some((folder) => homes.some((home) => folder === home || folder.startsWith(`${home}/`)));
}

/** `12.1` and `12.1.105`. */
function sameRelease(stated: string, here: string | undefined): boolean {
  return stated.split(".").slice(0, 2).join(".") === here?.split(".").slice(0, 2).join(".");
}
