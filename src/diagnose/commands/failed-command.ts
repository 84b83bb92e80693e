/**
 * The command of the text that failed, and the same once more: in its folder, in its tool, with all that the user asked for
 * (pins, extras, options, variables). It does not know whether the command was the right one to begin with; where the text
 * tells of several installations and not which one failed, it stays silent.
 */
import { plainName } from "../../base/package-name.ts";
import { own } from "../../base/own.ts";
import { changeFolder, pip, python } from "./command-words.ts";
import { quote } from "../text/quote.ts";
import { originOf } from "../tables/packages.ts";
import type { LogFacts } from "../facts/log-facts.ts";
import type { Match } from "../rule.ts";
import type { Shell } from "../facts/shown-commands.ts";
import { inItsFolder, typedBuild } from "./typed-builds.ts";
import { type CommandKind, setsVariables, type TypedCommand } from "../facts/typed-commands.ts";

/** Of the ways in which a text shows commands, the nearer one to who reads the fix goes first. */
const nearness: readonly (readonly Shell[])[] = [["prompt", "notebook", "docker", "ci"], ["trace"], ["sentence"]];

/** The last one before the message, else the first one behind it: of those that the text shows in the nearest way. */
function nearest(commands: readonly TypedCommand[], at: number): TypedCommand | undefined {
  const said = commands.findLast(({ failed }) => failed === true);
  if (said !== undefined) return said;
  for (const shells of nearness) {
    const shown = commands.filter(({ shell }) => shells.includes(shell));
    const found = shown.findLast((command) => command.at < at) ?? shown[0];
    if (found !== undefined) return found;
  }
  return undefined;
}

const runs: readonly CommandKind[] = ["program"];

/** Commands of Python that only show something. */
const asks =
  /\bpython\S* -c ["'](?:import \w+(?:, \w+)*; ?)?print|\bcollect_env\b|-m \w+\.info\b|-m (?:torch\.utils\.|site\b|sysconfig\b)/;

function runsOrScript(kind: CommandKind): boolean {
  return kind === "program" || kind === "script";
}

/** Of the commands of pip in one script of a CI service, the one whose list pip says it works on, while it names no folder yet. */
function ofList(last: TypedCommand, { typed, listFile, localPackages, package: built }: LogFacts): TypedCommand {
  if (last.shell !== "ci" || last.kind !== "pip" || listFile === undefined) return last;
  if (localPackages.length > 0 || built !== undefined || last.line.includes(listFile)) return last;
  return (
    typed.findLast(
      ({ shell, kind, line, at }) =>
        shell === "ci" && kind === "pip" && at < last.at && last.at - at <= 30 && line.includes(`-r ${listFile}`),
    ) ?? last
  );
}

/** The command that failed as it built or installed something. */
export function failedCommand({ finding, context: { log } }: Match): TypedCommand | undefined {
  const last = nearest(
    log.typed.filter(
      ({ kind, line, failed }) =>
        failed === true ||
        !((kind === "program" && asks.test(line)) || (runsOrScript(kind) && setsVariables.test(line))),
    ),
    finding.at,
  );
  if (last === undefined || !runs.includes(last.kind)) return last === undefined ? undefined : ofList(last, log);
  // `pip install -e . && pytest`: what built stands in the same line.
  return log.typed.findLast(({ at, kind }) => at === last.at && !runs.includes(kind)) ?? last;
}

/** The program that failed as it ran. */
export function failedProgram({ finding, context: { log } }: Match): TypedCommand | undefined {
  const programs = log.typed.filter(
    ({ kind, line }) =>
      (runsOrScript(kind) || (kind === "tool" && /\b(?:uv|poetry|pdm|pixi) run\b|^sbatch /.test(line))) &&
      !setsVariables.test(line) &&
      !asks.test(line),
  );
  const found = nearest(programs, finding.at);
  // A command between the program and the message is what the message is of.
  return found !== undefined &&
    log.typed.some(
      ({ at, shell, kind }) => at > found.at && at < finding.at && shell === "prompt" && kind !== "program",
    )
    ? undefined
    : found;
}

/** A command as it was typed. What conda made of a file by half is there already: it is brought up to date. */
export function asTyped({ line }: TypedCommand): string {
  return line
    .replace(/ -m (?=setup\w*\.py )/, " ")
    .replace(/\b((?:conda|mamba|micromamba) env) create\b(?=.*(?:-f|--file)\b)/, "$1 update");
}

/** All that the same line builds, from the command that failed on: a step of a Dockerfile is done anew as a whole. */
function wholeLine(match: Match, failed: TypedCommand): string {
  const same = match.context.log.typed.filter(({ at, kind }) => at === failed.at && kind !== "program");
  return same.map((command) => asTyped(command)).join(" && ");
}

/** Kinds that are given again in their own words; pip's and setup.py's are put in those of the interpreter at hand. */
const inOwnWords: readonly CommandKind[] = ["tool", "script", "package"];

/** Whether the command is given as it stands. */
function isVerbatim({ context: { log } }: Match, { kind, line, starter, shell, at }: TypedCommand): boolean {
  if (inOwnWords.includes(kind) || starter !== "" || (kind === "setup" && log.setupCommand === undefined)) return true;
  if (kind === "pip" && shell === "docker" && / wheel /.test(line)) return true;
  if (kind === "program")
    return log.installs === undefined && log.setupCommand === undefined && log.typedBuild === undefined;
  if (shell === "docker" && log.typed.filter((each) => each.at === at && each.kind !== "program").length > 1)
    return true;
  return (kind === "build" || kind === "configure") && ["docker", "notebook", "ci", "sentence"].includes(shell);
}

/** `transformer-engine` is `TransformerEngine` in an address. */
function inOneWord(name: string): string {
  return plainName(name).replaceAll(/[-_.]/g, "");
}

/** What pip was asked for by the one command that failed. */
function installed({ context: { log } }: Match, failed: TypedCommand | undefined): string | undefined {
  const [only, ...others] = log.installs ?? [];
  if (only === undefined || others.length === 0) return only;
  const typed = failed?.kind === "pip" ? failed.line.replaceAll("'", '"') : undefined;
  const words = typed === undefined ? undefined : log.installs?.findLast((each) => typed.includes(` ${each}`));
  if (words !== undefined) return words;
  const { package: built } = log;
  return built === undefined
    ? undefined
    : (log.installs ?? []).findLast((each) => inOneWord(each).includes(inOneWord(built)));
}

/** The lines that give the failed command again; undefined without one. */
export function commandAgain(match: Match): readonly string[] | undefined {
  const { log } = match.context;
  const failed = failedCommand(match);
  if (failed !== undefined && isVerbatim(match, failed))
    return inItsFolder(match, failed, [failed.shell === "docker" ? wholeLine(match, failed) : asTyped(failed)]);
  if ((log.host !== undefined && failed === undefined) || log.builtAtRunTime) return undefined;
  // A compiler's line is an echo of the build that started it.
  const started =
    failed?.kind === "compile"
      ? log.typed.findLast(({ kind, at }) => (kind === "pip" || kind === "setup") && at < failed.at)
      : failed;
  const line = pythonsCommand(match, started ?? failed);
  const where = started !== undefined && (started.kind === "pip" || started.kind === "setup") ? started : undefined;
  return line === undefined
    ? undefined
    : where === undefined || line.startsWith("cd ")
      ? [line]
      : inItsFolder(match, where, [line]);
}

/** Parts that the package asks for which people install. Source: setup.py of NVIDIA/TransformerEngine. */
const partOf: Readonly<Record<string, string>> = { "transformer-engine-torch": "transformer-engine[pytorch]" };

/** The package whose sources pip has unpacked, so that it came by its name: what no command of the text shows. */
function fetchedByName({ context: { log, findings } }: Match): string | undefined {
  const { package: built, unpackedPackage, requirement, localPackages } = log;
  if (built === undefined || unpackedPackage === undefined || plainName(built) !== plainName(unpackedPackage))
    return undefined;
  // Conda's list, a lock or a list of requirements asked for it.
  if (
    (log.installer !== undefined && log.installer !== "pip") ||
    (log.requested ?? []).length > 0 ||
    localPackages.includes(plainName(built)) ||
    findings.some(({ text }) => /^(?:CondaEnvException|Pip subprocess error)/.test(text))
  )
    return undefined;
  const name = plainName(built);
  return quote(own(partOf, name) ?? (requirement !== undefined && /^[\w.=-]+$/.test(requirement) ? requirement : name));
}

/** `./submodules/simple-knn`, `-e /w/ops`: not a folder that pip made for itself. */
const ofFolder = /^(?:-e )?"?(?:\.{0,2}[\\/]|[A-Za-z]:\\)(?!.*pip-(?:req|install))/;

/**
 * The failed command with a variable that another command finds: in a Dockerfile and in a notebook a line's `export` ends with it.
 * Undefined in a shell that keeps it, and where no command is known.
 */
export function commandWithFound(match: Match, variables: readonly string[], found: string): string | undefined {
  const { dockerBuild, docker, notebook } = match.context.log;
  if (!dockerBuild && !docker && !notebook) return undefined;
  const command = commandAgain(match)?.join(" && ");
  return command === undefined || /^\w+=/.test(command) || command.includes("&&")
    ? undefined
    : `${variables.map((name) => `${name}="$(${found})"`).join(" ")} ${command}`;
}

/** The folder that pip says it processes, as a word of its command; undefined where it builds more than that. */
export function folderOfPip({ context: { log } }: Match): string | undefined {
  return log.requirement !== undefined && ofFolder.test(log.requirement) && log.installer === "pip" && !log.docker
    ? log.requirement
    : undefined;
}

/** Pip's command or setup.py's, or what builds where neither does. */
function pythonsCommand(match: Match, failed: TypedCommand | undefined): string | undefined {
  const { log } = match.context;
  if (log.uvCommand !== undefined && log.uvCommand !== "pip")
    return log.uvCommand === "sync" || log.uvCommand === "lock" ? (log.uvLine ?? `uv ${log.uvCommand}`) : undefined;
  // What poetry and its like keep is made by their own command.
  if (log.projectLine !== undefined && log.projectLine.startsWith(`${log.installer ?? ""} `)) return log.projectLine;
  if (!log.setupLast && (log.installs ?? []).length > 0) {
    const words = installed(match, failed);
    return words === undefined ? undefined : pip(match, `install ${words}`);
  }
  if (log.wheelCommand !== undefined && !log.setupLast) return pip(match, log.wheelCommand);
  if (log.setupCommand === undefined) {
    const typed = typedBuild(match);
    // CMake's own commands are given again with an empty cache, where that is wanted.
    if (typed !== undefined && log.typedConfigure !== undefined && !/^(?:build|script)$/.test(typed.tool))
      return undefined;
    if (typed !== undefined) return typed.line;
    if (failed?.kind === "build" || failed?.kind === "configure") return undefined;
    // No command is told, but what could not be built is: torch has to be there already, so no environment of pip's own.
    const from = log.package === undefined ? undefined : originOf(log.package)?.from;
    // A folder that pip says it processes holds the project's own edition of it.
    const folder = folderOfPip(match);
    const words = folder ?? (from === undefined ? fetchedByName(match) : `"${from}"`);
    return words === undefined ? undefined : pip(match, `install --no-build-isolation ${words}`);
  }
  const folder =
    failed?.kind === "setup" && failed.folder !== undefined ? undefined : (log.setupFolder ?? log.buildRoot);
  return folder === undefined
    ? `${python(match)} ${log.setupCommand}`
    : `${changeFolder(match, folder)} && ${python(match)} ${log.setupCommand}`;
}
