/**
 * A fix that only prepares for the command that failed (a header that is installed, a variable that is set, a line that is changed)
 * ends with that command, and one that mends what a program runs into ends with the program. Which command that is,
 * `failed-command.ts` knows.
 */
import { plainName } from "../../base/package-name.ts";
import { platformOf } from "../commands/command-words.ts";
import { quote } from "../text/quote.ts";
import { asTyped, commandAgain, failedCommand, failedProgram, folderOfPip } from "../commands/failed-command.ts";
import { goingTo, inItsFolder } from "../commands/typed-builds.ts";
import { variablesAgain } from "../commands/isolation-commands.ts";
import { originOf } from "../tables/packages.ts";
import { inFetchedSources } from "../commands/fetched-sources.ts";
import { commandPart, isBuildLine, isLook, isOfFolder, isOtherBuild } from "../commands/fix-lines.ts";
import { cmakeAgain } from "../commands/typed-again.ts";
import type { Match } from "../rule.ts";
import { withBuildBehind } from "./build-behind-edit.ts";
import { withCompilers } from "../facts/shown-compilers.ts";

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

/** `# then the same command again`. */
const saysAgain = /^# (?:and )?then (?:the same command|the build|build|install)\b.*\bagain\b[^:]*$|^# then again$/;

/** A check of form is no build, and is not mended by one. */
function isOfForm({ finding }: Match): boolean {
  return finding.code === "style-check" || finding.message.includes("code should be clang-formatted");
}

/** Small modules that Triton and torch.compile compile while a program runs. */
const ofRun = /[\\/](?:\w+_utils|__triton_launcher|triton_launcher)\.(?:c|cpp)$|[\\/]torchinductor_[^\\/]*[\\/]/;

function isBuild({ finding, context }: Match): boolean {
  const { log } = context;
  if (finding.kind === "missing-header" && ofRun.test(finding.file ?? "") && log.typedProgram !== undefined)
    return false;
  // Xcode links an app; what is typed in a shell built something else.
  if (log.ios && finding.kind === "undefined-symbol" && finding.phase === "link") return false;
  if (ofBuilds.has(finding.kind) || finding.phase === "link" || finding.phase === "device-link") return true;
  // A wheel that is refused is refused again.
  if (finding.code === "wrong-wheel") return false;
  if (finding.kind === "installer")
    return log.installer !== undefined || log.setupLast || (log.installs ?? []).length > 0;
  if (finding.kind === "system" && !log.builtAtRunTime) {
    const kind = failedCommand({ finding, facts: {}, context })?.kind;
    if (kind !== undefined && kind !== "program" && kind !== "script") return true;
  }
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
    ? (log.setupCommand !== undefined ||
        folderOfPip({ finding, facts: {}, context }) !== undefined ||
        (log.dockerBuild && failedCommand({ finding, facts: {}, context })?.kind === "script")) &&
        finding.frames?.some((frame) => /(?:^|[\\/])setup\w*\.py:/.test(frame)) === true
    : log.setupLast;
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

/** Without the variables of the command that failed which the fix takes away before. */
function withoutUndone(lines: readonly string[]): readonly string[] {
  return lines.filter((line, index) => {
    const name = /^export (\w+)="?[^"\s]*"?$/.exec(line)?.[1];
    const unset = new RegExp(`^unset (?:\\w+ )*${name ?? ""}(?:\\s|$)`);
    return name === undefined || !lines.slice(0, index).some((before) => unset.test(before));
  });
}

/** The fix with the command that failed at its end, where it does not build by itself. */
export function withAgain(given: readonly string[], match: Match): readonly string[] {
  const lines = withoutUndone(given);
  if (lines.length === 0 || isOfForm(match)) return lines;
  if (!isBuild(match))
    return (
      withProgram(lines, match) ??
      // A step of a Dockerfile that builds goes to its folder anew.
      (failedCommand(match)?.failed === true && lines.some((line) => isBuildLine(line))
        ? inFolder(lines, match)
        : lines)
    );
  const wanted = commandAgain(match);
  // What cibuildwheel runs within its container is not for the shell outside.
  if (
    match.context.log.cibuildwheel &&
    wanted?.some((line) => /(?:^|[\s/])cibuildwheel\/|\s\/project\b/.test(line)) === true
  )
    return lines;
  if (wanted === undefined) return withProgram(lines, match) ?? withBuildBehind(withTyped(lines, match), match);
  return withCommand(
    withoutRetorch(lines, match),
    wanted.map((line) => withCompilers(match, line)),
    match,
  );
}

/** A `retorch build` is another way for somebody whose command builds without it. */
function withoutRetorch(lines: readonly string[], match: Match): readonly string[] {
  return match.context.log.namesRetorch
    ? lines
    : lines.map((line) => (/^retorch build\b/.test(line) ? `# or ${line}` : line));
}

/** The lines with the command that failed behind them. */
function withCommand(lines: readonly string[], wanted: readonly string[], match: Match): readonly string[] {
  const command = wanted.at(-1) ?? "";
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
  if (lines.some((line) => isBuildLine(line, command) || /^#.*\bdocker build again\b/.test(line)))
    return restOfList(lines, command, match) ?? inFolder(lines, match);
  const kept = lines.filter((line) => !saysAgain.test(line));
  const fetched = inFetchedSources(kept, match);
  if (fetched !== undefined) return fetched;
  const variables = variablesAgain(match).filter((line) => {
    const name = /^(?:export|set) (\w+)=/.exec(line)?.[1];
    // `echo "CC=[$CC]"` sets nothing.
    const sets = new RegExp(`(?:^|[\\s;&"])${name ?? ""}=(?!\\[)|^unset (?:\\w+ )*${name ?? ""}(?:\\s|$)`);
    return name === undefined || !kept.some((each) => sets.test(commandPart(each).trim()));
  });
  const given = keepingVariables(withoutSet(command, kept), kept);
  const going = wanted.slice(0, -1);
  // What is edited lies where the command runs.
  const first = going.length > 0 && kept.some(isOfFolder);
  if (!mends(kept)) return [...kept, afterwards([...variables, ...going, given])];
  const failed = failedCommand(match);
  const go = failed?.shell === "docker" && given.startsWith("cd ") ? goingTo(match, failed) : undefined;
  if (go !== undefined && kept.some(isOfFolder))
    return [...kept.map((line) => (isOfFolder(line) ? `${go} && ${line}` : line)), ...variables, ...going, given];
  return first ? [...going, ...kept, ...variables, given] : [...kept, ...variables, ...going, given];
}

/** Whether a line changes something: what stands in remarks alone, or only looks around, leaves the command as it failed. */
function mends(lines: readonly string[]): boolean {
  return lines.some((line) => !isLook(line) && !/^(?:cd|pushd) (?:\/d )?\S+$/.test(commandPart(line).trim()));
}

/** The failed command behind remarks that a person has to follow first: live it would fail once more. */
function afterwards(lines: readonly string[]): string {
  return `# then: ${lines.join(" && ")}`;
}

/** A part of a list was installed: the list is asked for again, where the release of that part is the list's own. */
function restOfList(lines: readonly string[], command: string, { context: { log } }: Match): string[] | undefined {
  const { package: built, requirement = "" } = log;
  if (!/ install (?:.* )?-r \S/.test(command) || built === undefined || !/^[\w.-]+==[\w.+!-]+$/.test(requirement))
    return undefined;
  const installs = lines.filter((line) => isBuildLine(line, command)).map(commandPart);
  return installs.every((line) => / install /.test(line) && line.includes(requirement) && !/ -r /.test(line))
    ? [...lines.filter((line) => !saysAgain.test(line)), command]
    : undefined;
}

/** A build that a rule gives by itself runs in the folder of the command that failed. */
function inFolder(lines: readonly string[], match: Match): readonly string[] {
  const failed = failedCommand(match);
  const go = failed === undefined || failed.kind === "program" ? undefined : goingTo(match, failed);
  if (failed === undefined || go === undefined || lines.some((line) => /(?:^|[^#]*&& )cd /.test(line))) return lines;
  if (failed.shell === "docker" || failed.shell === "notebook")
    return lines.map((line) => (isOfFolder(line) ? `${go} && ${line}` : line));
  const first = lines.findIndex(isOfFolder);
  return first < 0 ? lines : [...lines.slice(0, first), go, ...lines.slice(first)];
}

/** The command without variables in front of it that the fix has set to something else. */
function withoutSet(command: string, lines: readonly string[]): string {
  return command.replaceAll(/(?<=^|&& )((?:[A-Za-z_]\w*=(?:"[^"]*"|'[^']*'|\S*) )+)/g, (before: string) =>
    before.replaceAll(/([A-Za-z_]\w*)=(?:"[^"]*"|'[^']*'|\S*) /g, (whole, name: string) =>
      lines.some((line) => new RegExp(`^(?:export|set) .*\\b${name}=`).test(commandPart(line))) ? "" : whole,
    ),
  );
}

/** sudo hands none of the variables on that the fix exports, unless it is told to (sudo(8)). */
function keepingVariables(command: string, lines: readonly string[]): string {
  return lines.some((line) => line.startsWith("export ")) ? command.replace(/^sudo (?=[\w/])/, "sudo -E ") : command;
}

/** Back to where the text's program was started, behind lines that went to another folder. */
function backFrom(lines: readonly string[], match: Match): string[] {
  const gone = lines.map(commandPart).filter((line) => /^cd (?!-)/.test(line) && !line.includes("&&"));
  return gone.length === 1 && platformOf(match) !== "win32" && !match.context.log.docker && !match.context.log.notebook
    ? ["cd -"]
    : [];
}

/** A web UI that its script started is started by it again. */
function withStartScript(lines: readonly string[], { context: { log } }: Match): readonly string[] | undefined {
  const [folder, script] = log.startScript ?? [];
  if (folder === undefined || script === undefined || !mends(lines)) return undefined;
  return [...lines, script.endsWith(".bat") ? `cd /d "${folder}" && ${script}` : `cd ${quote(folder)} && ${script}`];
}

/** The program that failed as it ran, as it was started, behind lines that mend something. */
function withProgram(lines: readonly string[], match: Match): readonly string[] | undefined {
  const { finding, context } = match;
  const { log } = context;
  const failed = failedProgram(match);
  if (failed === undefined && log.typedProgram === undefined) return withStartScript(lines, match);
  if (failed === undefined || log.dockerBuild || log.host !== undefined) return undefined;
  if (!log.builtAtRunTime && finding.severity === "warning") return undefined;
  const kept = lines.filter((line) => !saysAgain.test(line));
  const live = kept.map(commandPart).filter((line) => line.trim() !== "");
  if (failed.starter.startsWith("docker run ")) {
    // The container is made anew: what was done in the old one is gone, what the fix passes to docker is wanted.
    const option = lines
      .map((line) => /--ipc=host|--shm-size[= ]\d+\w+/.exec(line)?.[0])
      .find((each) => each !== undefined);
    return option === undefined || failed.line.includes(option.split(/[= ]/)[0] ?? "")
      ? undefined
      : [...kept, failed.line.replace("docker run ", `docker run ${option} `)];
  }
  const named = /[\w./\\-]+\.(?:py|sh)\b/.exec(failed.line)?.[0] ?? failed.line;
  // The installer of mmcv: the fix says what it is to install.
  if (failed.line.startsWith("mim install ") && lines.some((line) => line.includes("mim install "))) return undefined;
  // An edit of the program names it, and does not start it.
  if (lines.some((line) => (line.includes(named) && !/^sed -i/.test(line)) || line.includes("the_program.py")))
    return undefined;
  if (!log.builtAtRunTime && live.every(isLook)) return undefined;
  // `uv run` would put back what the lock names.
  const command = live.some((line) => /\buv pip /.test(line))
    ? asTyped(failed).replace(/\buv run (?!--no-sync)/, "uv run --no-sync ")
    : asTyped(failed);
  const given = withoutSet(withCompilers(match, command), kept);
  if (!mends(kept)) return [...kept, afterwards([given])];
  return [
    ...kept,
    ...(failed.shell !== "sentence" && goingTo(match, failed) === undefined ? backFrom(kept, match) : []),
    ...(failed.shell === "sentence" ? [given] : inItsFolder(match, failed, [given])),
  ];
}

/** The command of CMake's or of a compiler that was typed: the latter only where something else than its words was to change. */
function withTyped(lines: readonly string[], match: Match): readonly string[] {
  const { log } = match.context;
  if (log.docker || log.namesRetorch || log.notebook || log.setupCommand !== undefined) return lines;
  const kept = lines.filter((line) => !saysAgain.test(line));
  const commands = kept.map(commandPart).filter((line) => line !== "");
  if (commands.some((line) => isBuildLine(line, "") || (/^cmake (?!--version)/.test(line) && !isOtherBuild(line))))
    return lines;
  const cmake = cmakeAgain(match, kept);
  if (cmake !== undefined) {
    const given = cmake.map((line) => withCompilers(match, line));
    return mends(kept) ? [...kept, ...given] : [...kept, afterwards(given.map(commandPart))];
  }
  const typed = log.typedLast === "compile" && log.installer === undefined ? log.typedCompile : undefined;
  const program = typed?.split(" ")[0] ?? "";
  return typed === undefined ||
    commands.every(isLook) ||
    commands.some((line) => line.startsWith(`${program} `) || line.endsWith(typed.slice(program.length)))
    ? lines
    : [...kept, typed];
}

/** Submodules of a project in a folder below the prompt, `pip install -e ./gsplat-2dgs`: its own repository is asked. */
function inOwnRepository(lines: readonly string[], folder: string | undefined, match: Match): readonly string[] {
  const { archiveOf, withoutGit } = match.context.log;
  if (folder?.includes("/") !== true || /\.(?:gz|zip|whl|bz2)$/.test(folder) || archiveOf !== undefined || withoutGit)
    return lines;
  return lines.map((line) =>
    /^git submodule update --init --recursive(?!.*repository's folder)/.test(line)
      ? line.replace("git submodule", `git -C ${folder} submodule`)
      : line,
  );
}

/** The compiler names sources as they lie below the folder that pip builds: the same from where the command was given. */
export function fromWhereItWasGiven(given: readonly string[], match: Match): readonly string[] {
  const { file } = match.finding;
  const { requested = [] } = match.context.log;
  const folder =
    requested.length === 1 ? /^(?:-e )?"?((?:\.\/)?[\w.-]+(?:\/[\w.-]+)*)"?$/.exec(requested[0] ?? "")?.[1] : undefined;
  const lines = inOwnRepository(given, folder, match);
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

const goes = /^cd ("[^"]+"|[^\s"&;|]+) && (?=\S)/;
/** Edits of the project's files by names that hold in its own folder alone. */
const ofHere = /^(?:sed -i|grep -r)\S* .*\s(?:setup\.py|CMakeLists\.txt|pyproject\.toml|\.(?= \|))(?=$| \||\s{2,}#)/;

/** Edits of a project's files come behind the `cd` that its build command has; a step of a Dockerfile goes there by itself each time. */
export function editsInItsFolder(lines: readonly string[], { context: { log } }: Match): readonly string[] {
  const last = lines.findLastIndex((line) => goes.test(line));
  const folder = goes.exec(lines[last] ?? "")?.[1];
  const first = lines.findIndex((line) => ofHere.test(line));
  if (folder === undefined || first < 0 || first > last || lines.slice(0, last).some((line) => line.startsWith("cd ")))
    return lines;
  return log.dockerBuild
    ? lines.map((line) => (ofHere.test(line) ? `cd ${folder} && ${line}` : line))
    : [...lines.slice(0, first), `cd ${folder}`, ...lines.slice(first).map((line) => line.replace(goes, ""))];
}
