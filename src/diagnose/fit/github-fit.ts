/**
 * The lines of a fix as a workflow of GitHub's has them: the step that failed with what changes in it, steps before it, the inputs of the
 * actions that check the project out and bring Python. Sources: "Workflow syntax" of GitHub, actions/checkout, actions/setup-python.
 */
import { changeOf, type Change } from "./ci-parts.ts";
import { environment, forBatch, inRepository, type Job, otherPythonIn, pad, submodules } from "./ci-job.ts";
import { commandPart } from "../commands/fix-lines.ts";
import { platformOf } from "../commands/command-words.ts";
import type { Pair } from "../facts/ci-steps.ts";
import { quoted, scalar } from "./yaml-words.ts";

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

const ofCmd = /^(?:set \w+=|for \/f |rmdir \/s|call |del \/|if exist )|%[A-Z_]{3,}%/;

export function forGithub(fix: readonly string[], job: Job): readonly string[] {
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
  const python = otherPythonIn(rest);
  const isMatrix = setup?.inputs.some(([name]) => name === "python-version") === true;
  if (python !== undefined && (setup !== undefined || match.context.log.hostedRunner)) {
    rest = [...python.rest];
    made.push(
      `# the workflow (.github/workflows), the step that brings Python${isMatrix ? " (with a matrix: in its list)" : ""}:`,
      ...withInputs(
        setup?.uses ?? "actions/setup-python@v5",
        written(setup?.inputs ?? [], ["python-version", python.version]),
      ),
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
