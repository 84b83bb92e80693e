/**
 * The command that failed, given once more behind a fix that only prepares for it: a header that is installed, a variable that
 * is set, a line that is changed. With all that the user asked for: pins, extras, options, the folder. It does not know
 * whether the command was the right one to begin with; where the text has several, it stays silent.
 */
import { changeFolder, pip, platformOf, python } from "./command-words.ts";
import { variablesAgain } from "./isolation-commands.ts";
import { originOf, plainName } from "./packages.ts";
import { inFetchedSources } from "./fetched-sources.ts";
import { isToFillIn } from "./place-fit.ts";
import { cmakeAgain } from "./typed-fit.ts";
import type { Match } from "./rule.ts";
import { withCompilers } from "./shown-compilers.ts";
import { typedBuild } from "./typed-builds.ts";

const ofBuilds: ReadonlySet<string> = new Set([
  "compile",
  "missing-header",
  "driver",
  "tool-died",
  "link",
  "duplicate-symbol",
  "missing-program",
  "build-tool",
]);

/** Commands that build or install a package. */
const builds =
  /\b(?:pip3?|uv|pdm|poetry|pixi) (?:install|add|sync|run|download|wheel)\b|(?<!--include=)\bsetup\.py\b(?!["' ]*(?:$|CMake|\|))|\bretorch build\b|\bcmake (?:-|--build)|\bmake\b|\bninja\b(?!$)|\bcargo\b|\bemerge\b|docker build|\bRUN\b/;
/** Commands that bring what a build needs. */
const installsTool =
  /\b(?:(?:python\S* -m |uv )?pip3?|uv|pdm|poetry) (?:install|add)((?: --?[\w-]+)*(?: ["']?(?:cmake|ninja|setuptools|wheel|pip|packaging|cython|numpy|pybind11|scikit-build|meson|nvidia-[\w-]+)(?:[<>=~!][^\s"']*)?["']?)+)\s*(?=$|#|&&|;)/g;
/** A part of the CUDA toolkit in a package of pip. */
const partOfToolkit = /\bpip install --force-reinstall --no-deps "nvidia-[\w-]+==.*?\.\*"/g;
/** `# then the same command again`. */
const saysAgain = /^# (?:and )?then (?:the same command|the build|build|install)\b.*\bagain\b[^:]*$|^# then again$/;

function isBuild({ finding, context: { log } }: Match): boolean {
  if (ofBuilds.has(finding.kind) || finding.phase === "link" || finding.phase === "device-link") return true;
  // A wheel that is refused is refused again.
  if (finding.code === "wrong-wheel") return false;
  if (finding.kind === "installer") return log.installer !== undefined || log.setupLast;
  if (!/^(?:exception|system|warning)$/.test(finding.kind)) return false;
  if (log.package !== undefined && log.installer !== undefined) return true;
  // load() of a program stopped before it compiled.
  if (finding.kind === "exception" && log.builtAtRunTime && log.typedProgram !== undefined)
    return (
      finding.code === "arch-unknown" ||
      finding.frames?.some((frame) => /[\\/]cpp_extension\.py:\d+ /.test(frame)) === true
    );
  // setup.py itself stopped, as a command of the text ran it; a program that runs later fails for other reasons.
  return finding.kind === "exception"
    ? log.setupCommand !== undefined && finding.frames?.some((frame) => /(?:^|[\\/])setup\w*\.py:/.test(frame)) === true
    : log.setupLast;
}

/** The one command of the text that builds; undefined without one, and where the text has several. */
function commandOf(match: Match): string | undefined {
  const { log } = match.context;
  if (log.host !== undefined || log.builtAtRunTime) return undefined;
  if (log.uvCommand !== undefined && log.uvCommand !== "pip")
    return log.uvCommand === "sync" || log.uvCommand === "lock" ? (log.uvLine ?? `uv ${log.uvCommand}`) : undefined;
  // What poetry and its like keep is made by their own command.
  if (log.projectLine !== undefined && log.projectLine.startsWith(`${log.installer ?? ""} `)) return log.projectLine;
  const [only, ...others] = log.setupLast ? [] : (log.installs ?? []);
  if (only !== undefined) {
    const { package: built } = log;
    const named =
      others.length === 0 || built === undefined
        ? []
        : (log.installs ?? []).filter((words) => plainName(words).includes(plainName(built)));
    const words = others.length === 0 ? only : named.at(-1);
    return words === undefined ? undefined : pip(match, `install ${words}`);
  }
  if (log.wheelCommand !== undefined && !log.setupLast) return pip(match, log.wheelCommand);
  if (log.setupCommand === undefined) {
    const typed = typedBuild(match);
    if (typed !== undefined) return typed.line;
    // No command is told, but what could not be built is: torch has to be there already, so no environment of pip's own.
    const from = log.package === undefined ? undefined : originOf(log.package)?.from;
    return from === undefined ? undefined : pip(match, `install --no-build-isolation "${from}"`);
  }
  const folder = log.setupFolder ?? log.buildRoot;
  return folder === undefined
    ? `${python(match)} ${log.setupCommand}`
    : `${changeFolder(match, folder)} && ${python(match)} ${log.setupCommand}`;
}

/** The part of a line that a shell runs. */
function commandPart(line: string): string {
  if (line.startsWith("#") || isToFillIn(line)) return "";
  return line
    .replace(/\s+# .*$/, "")
    .replaceAll(/\b(?:poetry|pdm|pixi|uv) run (?:--no-sync )?(?=python\S* -[cm])/g, "")
    .replaceAll(installsTool, "")
    .replaceAll(partOfToolkit, "");
}

/** The package has wheels for each torch on a page, and pip took newer sources of PyPI in their place. */
function fromPage({ context: { log } }: Match, command: string): string | undefined {
  const { package: built, wheelPage } = log;
  if (built === undefined || wheelPage === undefined || !command.includes(wheelPage)) return undefined;
  const page = originOf(plainName(built))?.wheels;
  if (page === undefined || !wheelPage.startsWith(page.replace(/\$.*$/, "")) || command.includes("--only-binary"))
    return undefined;
  const names = (log.fromPage ?? [])
    .map((word) => word.replace(/[=<>!~].*$/, ""))
    .filter((name) => originOf(plainName(name))?.wheels === page);
  return names.length === 0 ? undefined : command.replace(/ install /, ` install --only-binary ${names.join(",")} `);
}

/** The fix with the command that failed at its end, where it does not build by itself. */
export function withAgain(lines: readonly string[], match: Match): readonly string[] {
  if (lines.length === 0 || !isBuild(match)) return lines;
  const wanted = commandOf(match);
  if (wanted === undefined) return withProgram(lines, match) ?? withTyped(lines, match);
  const command = withCompilers(match, wanted);
  const ready = fromPage(match, command);
  // pip has looked at that page and took sources all the same: for Macs it has few wheels.
  if (ready !== undefined && platformOf(match) === "darwin")
    return [...lines, `# or an older release, where that page has a wheel for this Mac and Python: ${ready}`];
  if (ready !== undefined)
    return [
      `${ready}   # the newest release that has a wheel for this torch there: without the option pip takes the sources of a newer one and compiles them`,
      "# or from source:",
      ...lines.map((line) => (line.startsWith("#") ? line : `# ${line}`)),
    ];
  // What was put into the environment beside the project's tool: the tool goes on with the rest of the lock.
  const tool = /^(poetry|pdm) (?:install|sync|update)\b/.exec(command)?.[1];
  if (
    tool !== undefined &&
    lines.some((line) => line.startsWith(`${tool} run `) && / pip install .*--no-build-isolation/.test(line)) &&
    lines.every((line) => !line.startsWith(`${tool} ${command.split(" ")[1] ?? ""}`))
  )
    return [
      ...lines.map((line) =>
        / pip install .*--no-build-isolation/.test(line)
          ? line.replace(/(?=\s{2,}# |$)/, (match.context.log.waiting ?? []).map((word) => ` ${word}`).join(""))
          : line,
      ),
      `${command}   # finds it there, and goes on with the rest`,
    ];
  if (lines.some((line) => builds.test(commandPart(line)) || /^#.*\bdocker build again\b/.test(line))) return lines;
  const kept = lines.filter((line) => !saysAgain.test(line));
  const fetched = inFetchedSources(kept, match);
  if (fetched !== undefined) return fetched;
  const variables = variablesAgain(match).filter((line) => {
    const name = /^(?:export|set) (\w+)=/.exec(line)?.[1];
    // `echo "CC=[$CC]"` sets nothing.
    const sets = new RegExp(`(?:^|[\\s;&"])${name ?? ""}=(?!\\[)`);
    return name === undefined || !kept.some((each) => sets.test(commandPart(each)));
  });
  return [...kept, ...variables, command];
}

/** The program that compiles while it runs, as it was started. */
function withProgram(lines: readonly string[], match: Match): readonly string[] | undefined {
  const { log } = match.context;
  const { typedProgram } = log;
  if (!log.builtAtRunTime || typedProgram === undefined || log.docker || log.notebook || log.host !== undefined)
    return undefined;
  return lines.some((line) => line.includes(typedProgram) || builds.test(commandPart(line)))
    ? undefined
    : [...lines.filter((line) => !saysAgain.test(line)), withCompilers(match, typedProgram)];
}

/** What only shows something. */
const shows =
  /^(?!.*&& export )(?:ls|which|echo|grep|find|nm|readlink|file|nvidia-smi|nvcc|\S+ --version|python\S* -c)\b/;

/** The command of CMake's or of a compiler that was typed: the latter only where something else than its words was to change. */
function withTyped(lines: readonly string[], match: Match): readonly string[] {
  const { log } = match.context;
  if (log.docker || log.namesRetorch || log.notebook || log.setupCommand !== undefined) return lines;
  const kept = lines.filter((line) => !saysAgain.test(line));
  const commands = kept.map(commandPart).filter((line) => line !== "");
  if (commands.some((line) => builds.test(line) || line.startsWith("cmake "))) return lines;
  const cmake = cmakeAgain(match, kept);
  if (cmake !== undefined) return [...kept, ...cmake.map((line) => withCompilers(match, line))];
  const typed = log.typedLast === "compile" && log.installer === undefined ? log.typedCompile : undefined;
  const program = typed?.split(" ")[0] ?? "";
  return typed === undefined ||
    commands.every((line) => shows.test(line)) ||
    commands.some((line) => line.startsWith(`${program} `))
    ? lines
    : [...kept, typed];
}

/** The compiler names sources as they lie below the folder that pip builds: the same from where the command was given. */
export function fromWhereItWasGiven(lines: readonly string[], match: Match): readonly string[] {
  const { file } = match.finding;
  const { requested = [] } = match.context.log;
  const folder =
    requested.length === 1 ? /^(?:-e )?"?((?:\.\/)?[\w.-]+(?:\/[\w.-]+)*)"?$/.exec(requested[0] ?? "")?.[1] : undefined;
  if (
    file === undefined ||
    folder?.includes("/") !== true ||
    /^(?:[\\/~]|[A-Za-z]:)/.test(file) ||
    file.startsWith("../")
  )
    return lines;
  const root = folder.replace(/\/$/, "");
  if (file.startsWith(`${root.replace(/^\.\//, "")}/`) || file.startsWith(`${root}/`)) return lines;
  return lines.map((line) =>
    line.startsWith("sed ") && line.endsWith(` ${file}`) ? `${line.slice(0, -file.length)}${root}/${file}` : line,
  );
}
