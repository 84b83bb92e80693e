/**
 * The lines of a fix as the file of a CI service has them: the step that failed with what changes in it, steps before it, the inputs of
 * the actions that check the project out and bring Python. The file itself is not known, so what no log shows (names, conditions,
 * matrices) is for the reader to keep. `ci-steps.ts` reads the steps, `ci-parts.ts` says what changes.
 * Sources: ".gitlab-ci.yml keyword reference" and
 * GIT_SUBMODULE_STRATEGY of GitLab; "YAML schema" of Azure Pipelines (steps.script, steps.checkout, UsePythonVersion@0); "Configuration
 * reference" of CircleCI; "Command step" of Buildkite; .travis.yml; "Pipeline steps" (sh, withEnv) of Jenkins.
 */
import { changeOf } from "./ci-parts.ts";
import { commandPart } from "../commands/fix-lines.ts";
import { failedCommand } from "../commands/failed-command.ts";
import { platformOf } from "../commands/command-words.ts";
import type { CiService, CiStep, Pair } from "../facts/ci-steps.ts";
import { forGithub } from "./github-fit.ts";
import { environment, forBatch, inRepository, type Job, otherPythonIn, pad, submodules } from "./ci-job.ts";
import type { Match } from "../rule.ts";
import { entry, quoted, scalar } from "./yaml-words.ts";

/** A list of commands, each an entry. */
function entries(lines: readonly string[], indent: string): string[] {
  return lines.map((line) => {
    const [, command = line, remark = ""] = /^(.*?\S)(\s{2,}# .*)$/.exec(line) ?? [];
    return `${indent}- ${entry(command)}${remark}`;
  });
}

interface ListWords {
  readonly file: string;
  readonly list: string;
  readonly variables: string;
  readonly submodules?: Pair;
}

const lists: Readonly<Partial<Record<CiService, ListWords>>> = {
  gitlab: {
    file: ".gitlab-ci.yml, in the job",
    list: "script",
    variables: "variables",
    submodules: ["GIT_SUBMODULE_STRATEGY", "recursive"],
  },
  buildkite: { file: "the pipeline's YAML, in the step", list: "commands", variables: "env" },
  travis: { file: ".travis.yml", list: "install", variables: "env" },
};

/** Services whose job is a list of commands, each of which the log shows by itself. */
function forList(fix: readonly string[], words: ListWords, { match }: Job): readonly string[] {
  const failed = failedCommand(match);
  const line = failed?.line;
  const step: CiStep = {
    at: 0,
    // Root in a container's image, which has no sudo.
    script:
      line === undefined
        ? []
        : [match.context.log.jobImage === undefined ? line : line.replace(/^sudo (?:-E |-H )?/, "")],
    inputs: [],
    variables: [],
    installations: 0,
    ofFolder: false,
  };
  const own = words.submodules;
  const isOfCheckout =
    own !== undefined && !match.context.log.typed.some(({ line: typed }) => typed.startsWith("git clone"));
  const fetches = isOfCheckout && fix.some((each) => submodules.test(commandPart(each)));
  const rest = fetches
    ? fix.filter(
        (each) => !submodules.test(commandPart(each)) && !/^git clone .*\s# or |^# .*PyPI's sources/.test(each),
      )
    : fix;
  const change = changeOf(rest, step, match);
  const { variables, references, system, lines, changed, remarks } = change;
  const all = fetches && own !== undefined ? [own, ...variables] : variables;
  const exports = references.map(([name, value]) => `export ${name}="${value}"`);
  const listed = [...system, ...exports, ...lines];
  const made: string[] = [];
  if (all.length > 0)
    made.push(
      `# ${words.file}:`,
      ...(words.list === "install"
        ? ["env:", "  global:", ...all.map(([name, value]) => `    - ${name}=${quoted(value)}`)]
        : environment(all, "  ", words.variables)),
    );
  if (listed.length > 0 && (changed || system.length + exports.length > 0))
    made.push(
      line === undefined
        ? `# ${words.file}, ${words.list}:`
        : `# ${words.file}, in place of the entry "- ${line}" of ${words.list}:`,
      ...entries(listed, words.list === "install" ? "  " : "    "),
    );
  return made.length + change.edits.length === 0 ? fix : [...inRepository(change), ...made, ...remarks];
}

function forAzure(fix: readonly string[], { step, match }: Job): readonly string[] {
  const made: string[] = [];
  let rest = [...fix];
  if (
    rest.some((line) => submodules.test(commandPart(line))) &&
    step?.script.some((line) => line.includes("git clone")) !== true
  ) {
    rest = rest.filter(
      (line) => !submodules.test(commandPart(line)) && !/^git clone .*\s# or |^# .*PyPI's sources/.test(line),
    );
    made.push("# azure-pipelines.yml, the first of the steps:", "- checkout: self", "  submodules: recursive");
  }
  const python = otherPythonIn(rest);
  if (python !== undefined) {
    rest = [...python.rest];
    made.push(
      "# azure-pipelines.yml, the task that brings Python:",
      "- task: UsePythonVersion@0",
      "  inputs:",
      `    versionSpec: ${quoted(python.version)}`,
    );
  }
  const change = changeOf(rest, step, match);
  const { variables, references, system, script, changed, remarks } = change;
  const sets = references.map(([name, value]) =>
    platformOf(match) === "win32" ? `set ${name}=${value}` : `export ${name}="${value}"`,
  );
  const lines = [...system, ...sets, ...script].map((line) => forBatch(line));
  if (lines.length > 0 && (changed || variables.length > 0 || system.length + sets.length > 0))
    made.push(
      "# azure-pipelines.yml, in place of the step that failed:",
      ...scalar("- script", lines, "").map((line, at) => (at === 0 || line === "" ? line : `  ${line}`)),
      ...(step?.title === undefined ? [] : [`  displayName: ${entry(step.title)}`]),
      ...environment(variables, "  ", "env"),
    );
  return made.length + change.edits.length === 0 ? fix : [...inRepository(change), ...made, ...remarks];
}

function forCircle(fix: readonly string[], { step, match }: Job): readonly string[] {
  const change = changeOf(fix, step, match);
  const { variables, references, system, script, changed, remarks } = change;
  const lines = [...system, ...references.map(([name, value]) => `export ${name}="${value}"`), ...script];
  if (lines.length === 0 || !(changed || variables.length > 0 || system.length + references.length > 0))
    return change.edits.length === 0 ? fix : [...inRepository(change), ...remarks];
  return [
    ...inRepository(change),
    "# .circleci/config.yml, in place of the step that failed:",
    `${pad}- run:`,
    ...scalar("command", lines, `${pad}    `),
    ...environment(variables, `${pad}    `, "environment"),
    ...remarks,
  ];
}

/** Jenkins' scripts are shell within Groovy: what changes is shell, too. */
function forJenkins(fix: readonly string[], { match }: Job): readonly string[] {
  const { log } = match.context;
  const traced = log.typed.findLast(({ shell, at }) => shell === "trace" && at < match.finding.at);
  const line = (traced ?? failedCommand(match))?.line;
  const step: CiStep = {
    at: 0,
    script: line === undefined ? [] : [line],
    inputs: [],
    variables: [],
    installations: 0,
    ofFolder: false,
  };
  const change = changeOf(fix, step, match);
  const { variables, references, system, lines, changed, remarks } = change;
  const isWindows = platformOf(match) === "win32";
  const exports = [...variables, ...references].map(([name, value]) =>
    isWindows ? `set ${name}=${value}` : `export ${name}="${value}"`,
  );
  if (!changed && exports.length + system.length === 0)
    return change.edits.length === 0 ? fix : [...inRepository(change), ...remarks];
  const made = [...system, ...exports, ...lines];
  return [
    ...inRepository(change),
    `# Jenkinsfile, within the ${isWindows ? "bat" : "sh"} step that failed${line === undefined ? "" : `, in place of its line "${line}"`}:`,
    ...(isWindows ? made.map((each) => forBatch(each)) : made),
    ...remarks,
  ];
}

/** The step whose output the message is in. */
function stepOf(steps: readonly CiStep[], at: number): CiStep | undefined {
  return steps.findLast((step) => step.at < at) ?? steps.at(-1);
}

const ofJob = /^# (?:the workflow|\.gitlab-ci\.yml), the job: ([a-z-]+): (\S+)(?: +(?:# )?(.+))?$/;

/** What a rule says of the job as a whole, `runs-on: windows-2022`, as its line. */
function withJobKeys(lines: readonly string[], service: CiService): readonly string[] {
  if (!lines.some((line) => ofJob.test(line))) return lines;
  const [place, indent] =
    service === "gitlab" ? [".gitlab-ci.yml, the job", "  "] : ["the workflow (.github/workflows), the job", "    "];
  return lines.flatMap((line) => {
    const [, key, value = "", remark] = ofJob.exec(line) ?? [];
    // A job runs all of its steps again.
    if (line.startsWith("# then: ")) return [];
    if (key === undefined || value.includes("<")) return [line];
    return [
      `# ${place}:`,
      `${indent}${key}: ${value}${remark === undefined ? "" : `   # ${remark}`}`,
      ...(/^nvidia\/cuda:/.test(value)
        ? [
            service === "gitlab"
              ? "# that image has no Python; in the job: before_script: - apt-get update && apt-get install -y python3-pip python-is-python3 git"
              : "# that image has neither Python nor git; before the checkout: - run: apt-get update && apt-get install -y python3-pip python-is-python3 git",
          ]
        : []),
    ];
  });
}

/** The lines of a fix in the file of the service that the text is a log of. */
export function inCiFile(lines: readonly string[], match: Match): readonly string[] {
  const { ci } = match.context.log;
  return ci?.service === "github" || ci?.service === "gitlab"
    ? withJobKeys(inSteps(lines, match), ci.service)
    : inSteps(lines, match);
}

function inSteps(lines: readonly string[], match: Match): readonly string[] {
  const { ci, dockerBuild, notebook, modalImage, ownBuilder, feedstock, imageBuild, cibuildwheel } = match.context.log;
  if (ci === undefined || dockerBuild || notebook || modalImage || ownBuilder !== undefined || feedstock) return lines;
  if (imageBuild !== undefined || cibuildwheel || !lines.some((line) => !line.startsWith("#"))) return lines;
  // Somebody's own shell, on a machine that is called like a runner's.
  if (ci.service === "github" && ci.steps.length === 0 && failedCommand(match)?.shell === "prompt") return lines;
  const step = stepOf(ci.steps, match.finding.at);
  const job: Job = { steps: ci.steps, match, ...(step === undefined ? {} : { step }) };
  const words = lists[ci.service];
  if (words !== undefined) return forList(lines, words, job);
  if (ci.service === "github") return forGithub(lines, job);
  if (ci.service === "azure") return forAzure(lines, job);
  return ci.service === "circleci" ? forCircle(lines, job) : forJenkins(lines, job);
}
