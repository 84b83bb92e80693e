/** Words of commands for the system, the interpreter and the installer at hand; what to run is for others to say. */
import { quote } from "../text/quote.ts";
import type { Match } from "../rule.ts";

/** A line that a program on Linux said, in a text that tells of Windows as well: of a container, of WSL. */
export function saidOnLinux(finding: Match["finding"]): boolean {
  const said = `${finding.file ?? ""} ${finding.text}`;
  return (
    /(?:^|[\s"'`(=:])\/(?:usr|home|root|opt|workspace|app|tmp)\/|\.so(?:\.\d+)*\b|linux-gnu/.test(said) &&
    !/\b[A-Za-z]:[\\/]|\.(?:pyd|dll|lib)\b|\bLNK\d/.test(said)
  );
}

/** The system that the commands are for. */
export function platformOf(match: Match): "linux" | "darwin" | "win32" {
  const platform = match.context.log.platform ?? match.context.environment?.platform ?? "linux";
  return platform === "win32" && saidOnLinux(match.finding) ? "linux" : platform;
}

/** The interpreter, as a word of a command. */
export function python(match: Match): string {
  const { embeddedFolder, launcher, bundledPython } = match.context.log;
  const windows = platformOf(match) === "win32";
  // It is no environment that one activates: `python` in a prompt is another one.
  if (embeddedFolder !== undefined && windows) return quote(`${embeddedFolder}\\python.exe`);
  if (bundledPython !== undefined && platformOf(match) === "linux") return quote(bundledPython);
  // What the project's tool keeps is no environment that a shell has active.
  const before = runner(match);
  if (before !== "") return `${before}python`;
  const found = match.context.environment?.python;
  const spoken = match.context.log.pythonName;
  if (found !== undefined && platformOf(match) === match.context.environment?.platform)
    return match.context.basis === "assumed" && spoken !== undefined && match.context.pythonCommand === "python"
      ? spoken
      : (match.context.pythonCommand ?? quote(found.executable));
  if (launcher !== undefined && windows) return launcher;
  const { interpreter } = match.context.log;
  if (interpreter !== undefined && (windows || !interpreter.includes("\\"))) return quote(interpreter);
  return windows ? "python" : (match.context.log.pythonName ?? "python");
}

/** Whether uv installs, or keeps the project: its environments have no pip. */
export function isOfUv({ context: { log } }: Match): boolean {
  return log.installer === "uv" || (log.uvCommand !== undefined && log.uvCommand !== "tool");
}

/** How poetry, pdm, pixi and uv run a command in the environment that they keep, where the text has them install. */
const runners: Readonly<Record<string, string>> = { poetry: "poetry run ", pdm: "pdm run ", pixi: "pixi run " };

/** What stands before `python` in the text's project; nothing where the environment is one that a shell has active. */
export function runner({ context: { log } }: Match): string {
  if (log.uvCommand !== undefined && /^(?:sync|lock|run|add|remove)$/.test(log.uvCommand)) return "uv run --no-sync ";
  const tool = log.projectLine?.split(" ")[0] ?? "";
  return tool === log.installer ? (runners[tool] ?? "") : "";
}

/** `3.11`, from the environment or the log; undefined when neither tells. */
export function pythonVersion(match: Match): string | undefined {
  const version = match.context.environment?.python?.version;
  return match.context.log.python ?? (version === undefined ? undefined : `${version[0]}.${version[1]}`);
}

/** A flag without a value that was given before in the same command. */
const flagTwice =
  /( (?:-v|--(?:verbose|no-cache-dir|no-deps|upgrade|force-reinstall|no-build-isolation)))(?= )(?=(?:.* )?\1(?: |$))/g;

/** A pip command for the environment at hand. */
export function pip(match: Match, asked: string): string {
  const words = asked.replaceAll(flagTwice, "");
  if (isOfUv(match))
    return `uv pip ${match.context.log.uvSystem ? words.replace(/^(?:un)?install\b/, "$& --system") : words}`;
  return `${python(match)} -m pip ${words}`;
}

/** The folder of Homebrew: Macs with Intel processors have it elsewhere. Source: docs.brew.sh/Installation. */
export function homebrew(match: Match): string {
  return match.context.log.arch === "x64" ? "/usr/local" : "/opt/homebrew";
}

/** Sets an environment variable for the commands that follow. */
export function setVariable(match: Match, name: string, value: string): string {
  if (platformOf(match) === "win32") return `set ${name}=${value}`;
  return `export ${name}=${/^[\w./:+,=-]+$/.test(value) || value.includes("$(") ? value : `"${value}"`}`;
}

/** Another folder for temporary files, made first: Python leaves a TMPDIR that is not there alone, without a word. */
export function ownTemporaryFolder(match: Match): string[] {
  return platformOf(match) === "win32"
    ? ["mkdir C:\\t", "set TMP=C:\\t& set TEMP=C:\\t"]
    : ['mkdir -p "$HOME/tmp"', 'export TMPDIR="$HOME/tmp"'];
}

/** One compiler at a time: torch's builder reads MAX_JOBS, CMake and scikit-build-core read a variable of CMake's. */
export function oneCompiler(match: Match): string[] {
  const { log } = match.context;
  const cmake = log.cmake || log.scikit || log.runsCmake;
  return [
    // Where it was set to that already, it was not torch's builder that ran.
    ...(cmake && log.maxJobs === "1" ? [] : [setVariable(match, "MAX_JOBS", "1")]),
    ...(cmake ? [setVariable(match, "CMAKE_BUILD_PARALLEL_LEVEL", "1")] : []),
    setVariable(match, "NVCC_THREADS", "1"),
  ];
}

export function unsetVariable(match: Match, name: string): string {
  return platformOf(match) === "win32" ? `set ${name}=` : `unset ${name}`;
}

/** Removes a folder. */
export function removeFolder(match: Match, folder: string): string {
  return platformOf(match) === "win32" ? `rmdir /s /q ${quote(folder)}` : `rm -rf ${quote(folder)}`;
}

/** Goes to a folder: cmd.exe stays on its drive without a word. */
export function changeFolder(match: Match, folder: string): string {
  return `cd ${platformOf(match) === "win32" ? "/d " : ""}${quote(folder)}`;
}
