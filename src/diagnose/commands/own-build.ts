/**
 * A build again in the tool that the text builds with: a `retorch build` is of no use to somebody who has a setup.py or a
 * CMakeLists.txt, and a recipe of conda's takes requirements, not commands. It does not know in which folder the build was
 * configured, nor whether building again helps.
 */
import { pip, platformOf, python, removeFolder, setVariable } from "./command-words.ts";
import { installAgain } from "./isolation-commands.ts";
import type { Match } from "../rule.ts";
import { typedBuild, typedBuildFromScratch } from "./typed-builds.ts";
import { untoldBuild } from "./untold-build.ts";

const retorch = /^((?:[A-Z_]+=\S+ )*)retorch build((?: --?[\w-]+(?: \d+)?)*)(?:\s+# .*)?$/;

type Tool = "setup" | "cmake" | "typed" | "pip" | "installer" | "untold";

const ofBuilds = /^(?:compile|missing-header|driver|tool-died|link|duplicate-symbol|missing-program|build-tool)$/;

/** Whether an installer's one command failed in a build: it is given again behind the fix (`again.ts`). */
function isGivenAgain({ finding, context: { log } }: Match): boolean {
  const isStopped = finding.kind === "system" && log.namesRetorch !== true;
  if (!ofBuilds.test(finding.kind) && finding.phase !== "link" && !isStopped) return false;
  if (log.uvCommand !== undefined && log.uvCommand !== "pip") return /^(?:sync|lock)$/.test(log.uvCommand);
  return (
    (log.installs ?? []).length === 1 ||
    (log.projectLine !== undefined && log.projectLine.startsWith(`${log.installer ?? ""} `))
  );
}

/** What the text builds with; undefined where that is retorch. */
function toolOf(match: Match): Tool | undefined {
  const { log } = match.context;
  if (log.namesRetorch || match.context.isLive === true) return undefined;
  if (
    log.setupCommand !== undefined ||
    (log.namesSetup && log.installer === undefined && (log.installs ?? []).length === 0)
  )
    return "setup";
  if (isGivenAgain(match) || (log.wheelCommand !== undefined && (log.installs ?? []).length === 0)) return "installer";
  if (log.installer !== undefined) return "untold";
  if (typedBuild(match) !== undefined) return "typed";
  if (log.scikit) return "pip";
  return log.cmakeTarget !== undefined || log.cmake || log.runsCmake ? "cmake" : "untold";
}

/** Variables in front of a command, in the words of the system. */
function variables(match: Match, text: string): readonly [before: string, lines: readonly string[]] {
  if (platformOf(match) !== "win32") return [text, []];
  const pairs = Array.from(text.matchAll(/([A-Z_]+)=(\S+) /g), ([, name = "", value = ""]) =>
    setVariable(match, name, value),
  );
  return ["", pairs];
}

/** One line of a fix; the tool is the text's. */
function inTool(line: string, tool: Tool, match: Match): readonly string[] {
  const [whole, given = "", options = ""] = retorch.exec(line) ?? [];
  if (whole === undefined) return [line];
  const jobs = / -j (\d+)/.exec(options)?.[1] ?? /\bMAX_JOBS=(\d+) /.exec(given)?.[1];
  // It is named for what it does better.
  if (options === "" && given === "") return [`# or ${line}`];
  const [before, set] = variables(match, given);
  if (tool === "untold") {
    const named = before === "" ? [] : [`export ${before.trim()}`];
    const parallel = jobs === undefined || before.includes("MAX_JOBS") ? [] : [setVariable(match, "MAX_JOBS", jobs)];
    return [...named, ...parallel, ...set, ...untoldBuild(match)];
  }
  if (tool === "installer") {
    const here = (match.context.log.requested ?? []).some((word) => /^(?:-e )?"?\.(?:\[[\w,-]+\])?"?$/.test(word));
    return [
      ...(options.includes("--force") && here ? [removeFolder(match, "build")] : []),
      ...(jobs === undefined ? [] : [setVariable(match, "MAX_JOBS", jobs)]),
      ...Array.from(given.matchAll(/([A-Z_]+)=(\S+) /g), ([, name = "", value = ""]) =>
        setVariable(match, name, value),
      ),
    ].filter((each, at, all) => all.indexOf(each) === at);
  }
  const typed = tool === "typed" ? typedBuild(match) : undefined;
  if (typed !== undefined) {
    const again = options.includes("--force") ? typedBuildFromScratch(typed) : typed.line;
    return [
      ...set.filter((each) => jobs === undefined || !each.includes("MAX_JOBS")),
      `${before.replace(/\bMAX_JOBS=\d+ /, "")}${jobs === undefined || typed.tool === "script" || typed.tool === "build" ? again : `${again.replace(/ -j ?\d*(?= |$)/, "")} -j ${jobs}`}`,
    ];
  }
  // scikit-build-core builds in a folder of its own, from the beginning each time.
  if (tool === "pip") return [...set, `${before}${pip(match, "install -v .")}`];
  if (tool === "cmake") {
    const words = [
      ...(options.includes("--force") ? ["--clean-first"] : []),
      ...(options.includes(" -v") ? ["--verbose"] : []),
      ...(jobs === undefined ? [] : [`-j ${jobs}`]),
    ];
    return [
      ...set.filter((each) => !each.includes("MAX_JOBS")),
      `${before.replace(/\bMAX_JOBS=\d+ /, "")}cmake --build build ${words.join(" ")}   # build: the folder in which CMake was configured`,
    ];
  }
  const command = match.context.log.setupCommand ?? "setup.py build_ext --inplace";
  const first =
    jobs === undefined || before.includes("MAX_JOBS") || set.some((each) => each.includes("MAX_JOBS"))
      ? []
      : [setVariable(match, "MAX_JOBS", jobs)];
  return [
    ...(options.includes("--force") ? [removeFolder(match, "build")] : []),
    ...first,
    ...set,
    `${before}${python(match)} ${command}`,
  ];
}

/** The installer's command with all that it can say, where that is the whole fix. */
function loudly(match: Match): string[] {
  const { uvCommand, uvLine, projectLine } = match.context.log;
  if (uvCommand !== undefined && uvCommand !== "pip") return [`${uvLine ?? `uv ${uvCommand}`} -v`];
  if (projectLine !== undefined && (match.context.log.installs ?? []).length !== 1) return [`${projectLine} -vv`];
  return installAgain(match).map((line) => line.replace(/ install (?!.*(?: -v| --verbose)\b)/, " install -v "));
}

/** The lines of a fix, with the builds in the text's own tool. */
export function inOwnTool(lines: readonly string[], match: Match): readonly string[] {
  if (!lines.some((line) => retorch.test(line))) return lines;
  const tool = toolOf(match);
  if (tool === undefined) return lines;
  const own = lines
    .filter((line) => !line.startsWith("# with setup.py alone: "))
    .flatMap((line) => inTool(line, tool, match));
  return own.length === 0 ? loudly(match) : own;
}

const installs = /^(?:\S+ -m )?(?:uv )?(?:pip3?|conda) install ((?:[^\s;&|#]+ ?)+)/;

/** What a recipe calls the packages of pip. */
const recipeNames: Readonly<Record<string, string>> = { torch: "pytorch" };

/** What changes the sources has its place in the recipe's script, where $SRC_DIR is set. Source: conda-build's documentation, "Build environment variables". */
const ofScript =
  "# in the recipe's build.sh (recipe.yaml: build, script), before the build; for a feedstock better as a patch (source, patches):";

/** For conda's recipes: what is to be installed is a requirement of the recipe, and what edits the sources a line of its script. */
export function forRecipe(lines: readonly string[]): readonly string[] {
  const edit = lines.findIndex((line) => /^sed -i|^grep -rl.*sed -i|\$SRC_DIR\b/.test(line));
  const placed = edit < 0 ? lines : [...lines.slice(0, edit), ofScript, ...lines.slice(edit)];
  return placed.map((line) => {
    const words = installs.exec(line)?.[1]?.trim().split(" ");
    if (words === undefined) return line;
    const names = words
      .filter(
        (word, at) =>
          !word.startsWith("-") && !/^(?:-[cifn]|--(?:extra-)?index-url|--find-links)$/.test(words[at - 1] ?? ""),
      )
      .map((word) => word.replaceAll(/["']/g, ""));
    const plain = names.every((name) => /^[A-Za-z][\w.-]*(?:[=<>!~].*)?$/.test(name));
    return names.length === 0 || !plain
      ? `# ${line}`
      : `# the recipe (meta.yaml or recipe.yaml), requirements, host: ${names.map((name) => name.replace(/^[\w.-]+/, (word) => recipeNames[word] ?? word)).join(", ")}`;
  });
}
