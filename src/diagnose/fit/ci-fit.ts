/**
 * The lines of a fix as the file of a CI service has them: the step that failed with what changes in it, steps before it, the inputs of
 * the actions that check the project out and bring Python. The file itself is not known, so what no log shows (names, conditions,
 * matrices) is for the reader to keep. `ci-steps.ts` reads the steps, `ci-parts.ts` says what changes.
 * Sources: "Workflow syntax" and actions/checkout, actions/setup-python of GitHub; ".gitlab-ci.yml keyword reference" and
 * GIT_SUBMODULE_STRATEGY of GitLab; "YAML schema" of Azure Pipelines (steps.script, steps.checkout, UsePythonVersion@0); "Configuration
 * reference" of CircleCI; "Command step" of Buildkite; .travis.yml; "Pipeline steps" (sh, withEnv) of Jenkins.
 */
import { changeOf, type Change } from "./ci-parts.ts";
import { commandPart } from "../commands/fix-lines.ts";
import { failedCommand } from "../commands/failed-command.ts";
import { platformOf } from "../commands/command-words.ts";
import type { CiService, CiStep, Pair } from "../facts/ci-steps.ts";
import type { Match } from "../rule.ts";
import { entry, quoted, scalar } from "./yaml-words.ts";

interface Job {
  readonly step?: CiStep;
  readonly steps: readonly CiStep[];
  readonly match: Match;
}

const submodules = /^git submodule (?:sync(?: \S+)* && git submodule )?update\b(?!.*&& cd )/;

/** An environment of another Python, made by hand. */
const otherPython =
  /^(?:uv venv --python (3\.\d{1,2})\b|(?:conda|mamba|micromamba) create (?:-\S+ )*.*\bpython=(3\.\d{1,2})\b|uv python install (3\.\d{1,2})\b)/;

/** Visual Studio's own settings for a shell. */
const startsVisualStudio = /\bvcvars(?:64|all)\.bat\b/;

/** Inputs of an action that somebody wrote: the others have the value that they have by themselves. */
const usual: Readonly<Record<string, string>> = {
  "persist-credentials": "true",
  clean: "true",
  "sparse-checkout-cone-mode": "true",
  "fetch-depth": "1",
  "fetch-tags": "false",
  "show-progress": "true",
  lfs: "false",
  submodules: "false",
  "set-safe-directory": "true",
  "ssh-strict": "true",
  "ssh-user": "git",
  "check-latest": "false",
  "update-environment": "true",
  "allow-prereleases": "false",
  freethreaded: "false",
};

function written(inputs: readonly Pair[], changed: Pair): readonly Pair[] {
  const path = inputs.some(([name]) => name === "path");
  const own = inputs.filter(
    ([name, value]) =>
      name !== changed[0] &&
      value !== "" &&
      value !== "***" &&
      usual[name] !== value &&
      (name !== "repository" || path),
  );
  return [...own, changed];
}

const pad = "      ";

function withInputs(uses: string, inputs: readonly Pair[]): string[] {
  return [
    `${pad}- uses: ${uses}`,
    `${pad}  with:`,
    ...inputs.map(
      ([name, value]) => `${pad}    ${name}: ${/^(?:true|false|recursive|\d+)$/.test(value) ? value : quoted(value)}`,
    ),
  ];
}

/** `- run: |` with the lines, and what else the step has. */
function runStep(lines: readonly string[], variables: readonly Pair[], shell?: string): string[] {
  const [first = "", ...rest] = scalar("- run", lines, pad).map((line, index) =>
    index === 0 ? line : line === "" ? "" : line.replace(/^ {6}/, `${pad}  `),
  );
  return [
    first,
    ...rest,
    ...(shell === undefined ? [] : [`${pad}  shell: ${shell}`]),
    ...environment(variables, `${pad}  `, "env"),
  ];
}

/** What an action was given, as it is written. */
function inputsOf(inputs: readonly Pair[]): string[] {
  const own = inputs.filter(([name, value]) => value !== "" && value !== "***" && usual[name] !== value);
  return own.length === 0
    ? []
    : [`${pad}  with:`, ...own.map(([name, value]) => `${pad}    ${name}: ${quoted(value)}`)];
}

/** A script that is no burden to read again. */
const shortScript = 8;

function environment(variables: readonly Pair[], indent: string, key: string): string[] {
  return variables.length === 0
    ? []
    : [`${indent}${key}:`, ...variables.map(([name, value]) => `${indent}  ${name}: ${quoted(value)}`)];
}

/** Edits of the project's files are pushed, and the job runs again. */
function inRepository({ edits }: Change): string[] {
  return edits.length === 0
    ? []
    : [
        "# in the repository; the job runs again with the push:",
        ...edits,
        'git commit -am "Mend the build" && git push',
      ];
}

/** The later value of a variable counts. */
function joined(old: readonly Pair[], fresh: readonly Pair[]): readonly Pair[] {
  return [...old.filter(([name]) => !fresh.some(([other]) => other === name)), ...fresh];
}

/** For the steps that follow: the runner reads two files. */
function forLaterSteps({ references, variables }: Change): string[] {
  return [...variables, ...references].map(([name, value]) => {
    const folder = name === "PATH" ? /^([^:]+):\$\{?PATH\}?$/.exec(value)?.[1] : undefined;
    return folder === undefined ? `echo "${name}=${value}" >> "$GITHUB_ENV"` : `echo "${folder}" >> "$GITHUB_PATH"`;
  });
}

/** What cmd.exe reads in a file that it runs. */
function forBatch(line: string): string {
  return /^for \/f /.test(line) ? line.replaceAll(/%(?=[a-z]\b)/g, "%%") : line;
}

const ofCmd = /^(?:set \w+=|for \/f |rmdir \/s|call |del \/|if exist )|%[A-Z_]{3,}%/;

function forGithub(fix: readonly string[], job: Job): readonly string[] {
  const { step, steps, match } = job;
  const made: string[] = [];
  const checkout = steps.findLast(({ uses }) => uses?.startsWith("actions/checkout@") === true);
  const setup = steps.findLast(({ uses }) => uses?.startsWith("actions/setup-python@") === true);
  let rest = [...fix];
  // The project is checked out by a step of its own; what a script clones is its own affair.
  const clones = step?.script.some((line) => /\bgit clone\b/.test(line)) === true;
  if (!clones && rest.some((line) => submodules.test(commandPart(line)))) {
    rest = rest.filter(
      (line) =>
        !submodules.test(commandPart(line)) &&
        !/^git clone .*\s# or /.test(line) &&
        !/^# .*(?:PyPI's sources|MANIFEST)/.test(line),
    );
    made.push(
      "# the workflow (.github/workflows), the step that checks the project out:",
      ...withInputs(
        checkout?.uses ?? "actions/checkout@v4",
        written(checkout?.inputs ?? [], ["submodules", "recursive"]),
      ),
    );
  }
  if (checkout !== undefined && rest.some((line) => /^git fetch .*--unshallow\b/.test(line))) {
    rest = rest.filter((line) => !/^git fetch .*--unshallow\b/.test(line));
    made.push(
      "# the workflow (.github/workflows), the step that checks the project out:",
      ...withInputs(checkout.uses ?? "", written(checkout.inputs, ["fetch-depth", "0"])),
    );
  }
  const wanted = rest
    .map((line) =>
      otherPython
        .exec(commandPart(line))
        ?.slice(1)
        .find((each) => each !== undefined),
    )
    .find((each) => each !== undefined);
  const isMatrix = setup?.inputs.some(([name]) => name === "python-version") === true;
  if (wanted !== undefined && (setup !== undefined || match.context.log.hostedRunner)) {
    rest = rest
      .filter((line) => !otherPython.test(commandPart(line)) && !/^(?:conda|mamba|micromamba) activate /.test(line))
      .map((line) => line.replace(/^uv pip install/, "python -m pip install"));
    made.push(
      `# the workflow (.github/workflows), the step that brings Python${isMatrix ? " (with a matrix: in its list)" : ""}:`,
      ...withInputs(setup?.uses ?? "actions/setup-python@v5", written(setup?.inputs ?? [], ["python-version", wanted])),
    );
  }
  const isWindows = platformOf(match) === "win32";
  const before: string[] = [];
  if (isWindows && rest.some((line) => startsVisualStudio.test(commandPart(line)))) {
    rest = rest.filter(
      (line) =>
        !startsVisualStudio.test(commandPart(line)) &&
        !/^# .*(?:Native Tools|Desktop development|ilammy|of one's own|DISTUTILS_USE_SDK)/.test(line),
    );
    before.push(`${pad}- uses: ilammy/msvc-dev-cmd@v1`);
  }
  const change = changeOf(rest, step, match);
  const { system, references } = change;
  const remarks = change.remarks.filter((line) => !line.includes("GITHUB_ENV"));
  // What names other variables is read by a shell; then the literal ones stand beside them.
  const later = references.length > 0 && !isWindows ? forLaterSteps(change) : [];
  const variables = later.length > 0 ? [] : change.variables;
  if (system.length > 0 || later.length > 0) before.push(...runStep([...system, ...later], []));
  const own = step?.script ?? [];
  const hasOwn = step?.uses !== undefined || own.length > 0;
  const lost = isWindows ? references.map(([name, value]) => `set ${name}=${value}`) : [];
  const script = [...lost, ...change.script];
  const isOther = change.changed || lost.length > 0 || variables.length > 0;
  const place = "# the workflow (.github/workflows)";
  const stays = hasOwn ? " (its name, if: and working-directory: stay)" : "";
  if (step?.uses !== undefined) {
    const first = [...before, ...(change.lines.length > 0 ? runStep(change.lines, []) : [])];
    if (first.length > 0) made.push(`${place}, before the step that failed:`, ...first);
    if (variables.length > 0)
      made.push(
        `${place}, the step that failed, with these variables:`,
        `${pad}- uses: ${step.uses}`,
        ...inputsOf(step.inputs),
        ...environment(joined(step.variables, variables), `${pad}  `, "env"),
      );
  } else if (script.length > 0 && (isOther || !hasOwn || (before.length > 0 && script.length <= shortScript))) {
    const batch = isWindows && script.some((line) => ofCmd.test(line));
    made.push(
      `${place}, in place of the step that failed${stays}${before.length > 0 ? ", this and one before it" : ""}:`,
      ...before,
      ...runStep(
        batch ? script.map((line) => forBatch(line)) : script,
        joined(step?.variables ?? [], variables),
        batch ? "cmd" : step?.shell,
      ),
    );
  } else if (before.length > 0) made.push(`${place}, before the step that failed:`, ...before);
  else if (variables.length > 0)
    made.push(`${place}, the step that failed:`, ...environment(variables, `${pad}  `, "env"));
  if (made.length === 0 && change.edits.length === 0) return fix;
  return [...inRepository(change), ...made, ...remarks];
}

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
  const wanted = rest
    .map((line) =>
      otherPython
        .exec(commandPart(line))
        ?.slice(1)
        .find((each) => each !== undefined),
    )
    .find((each) => each !== undefined);
  if (wanted !== undefined) {
    rest = rest
      .filter((line) => !otherPython.test(commandPart(line)) && !/^(?:conda|mamba|micromamba) activate /.test(line))
      .map((line) => line.replace(/^uv pip install/, "python -m pip install"));
    made.push(
      "# azure-pipelines.yml, the task that brings Python:",
      "- task: UsePythonVersion@0",
      "  inputs:",
      `    versionSpec: ${quoted(wanted)}`,
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
