/** What no rule knows: the error line that ended the log, where it comes from, and what to do next. Never sure. */
import { ofCleaning } from "./setup-refusals.ts";
import { installWithoutIsolation, pip, python, wordsToBuild } from "../commands/commands.ts";
import { isForeignStep } from "../facts/other-field.ts";
import type { Finding } from "../finding.ts";
import type { Match, Rule, RuleContext } from "../rule.ts";

/** Whether a build, an installation or an import of compiled code is what the log is about. */
function aboutBuilding(context: RuleContext): boolean {
  return (
    context.log.installer !== undefined ||
    context.log.builtAtRunTime ||
    context.log.cmake ||
    context.findings.some(
      ({ kind, frames }) =>
        kind === "wrapper" ||
        frames?.some((frame) => /setup\.py|setuptools|cpp_extension|pyproject_hooks/.test(frame)) === true,
    )
  );
}

/** A test that failed, or a program that somebody stopped: no fault of a build. */
const ordinary =
  /^(?:AssertionError|KeyboardInterrupt|SystemExit|Failed|TimeoutExpired|StopIteration|GeneratorExit|BdbQuit)$/;

/** A program that does not take its own command line: the words of Python's argparse. */
const usage =
  /^(?:unrecognized arguments: |the following arguments are required: |argument \S+: (?:invalid|expected) )/;

/** The innermost frame: its file and whose it is. */
function placeOf(finding: Finding): { readonly where: string; readonly owner?: string } {
  const last = finding.frames?.at(-1)?.split(" ")[0] ?? "";
  const owner = /[\\/](?:site|dist)-packages[\\/](?:_vendor[\\/])?([\w-]+?)(?:-[\d.]+[\w.-]*\.egg)?[\\/.]/.exec(
    last,
  )?.[1];
  return { where: last, ...(owner === undefined ? {} : { owner }) };
}

/** The last one of its kind ends the log; what came before was often handled. */
function isLast(finding: Finding, context: RuleContext, kind: string): boolean {
  return !context.findings.some((other) => other.at > finding.at && other.kind === kind && other.severity === "error");
}

function owned(match: Match): string {
  const { where, owner } = placeOf(match.finding);
  if (where === "") return "";
  if (owner === "pip") return ` in pip itself (\`${where}\`)`;
  if (owner === "torch") return ` in torch's own code (\`${where}\`)`;
  return owner === undefined ? ` at \`${where}\`` : ` in the installed package \`${owner}\` (\`${where}\`)`;
}

export const unknownErrorRules: readonly Rule[] = [
  {
    id: "exception-of-unknown-cause",
    title: "A Python program ends with an exception that no rule knows",
    on: ["exception"],
    role: "generic",
    specificity: 6,
    matches: (finding, context) => {
      if (finding.severity !== "error" || ordinary.test(finding.code ?? "")) return undefined;
      if (!/^[A-Z]\w+$/.test(finding.code ?? "") || (finding.frames ?? []).length === 0) return undefined;
      if (ofCleaning(finding, context)) return undefined;
      if (!aboutBuilding(context) || !isLast(finding, context, "exception")) return undefined;
      return {};
    },
    confidence: "low",
    cause: (match) =>
      `${match.finding.code ?? "An exception"}${owned(match)} ends it: ${match.finding.message === "" ? match.finding.text : match.finding.message}. No rule knows this message; it is the last error of the log.`,
    fix: (match) => {
      const { owner } = placeOf(match.finding);
      const shown = owner?.replaceAll("_", "-");
      return [
        ...(shown === undefined || /^(?:torch|pip|setuptools)$/.test(shown)
          ? []
          : [`${python(match)} -m pip show ${shown}; ${pip(match, `install --upgrade ${shown}`)}`]),
        `${python(match)} -c "import sys, torch, setuptools; print(sys.version, torch.__version__, torch.version.cuda, setuptools.__version__)"`,
        ...(owner === "pip" ? [pip(match, "install --upgrade pip")] : []),
        "retorch doctor   # what is wrong with the environment itself",
      ];
    },
    sources: [],
    examples: [
      {
        text: 'Traceback (most recent call last):\n  File "/e/lib/python3.10/site-packages/pyproject_hooks/_in_process/_in_process.py", line 353, in <module>\n  File "/e/lib/python3.10/site-packages/somebuild/core.py", line 10, in run\n    go()\nsomebuild.core.GrommetError: no grommet at hand\nerror: subprocess-exited-with-error',
        expect: "somebuild",
      },
    ],
  },
  {
    id: "script-says-why",
    title: "The package's script says in plain words why it stops",
    on: ["installer"],
    role: "generic",
    specificity: 8,
    matches: (finding) => (finding.code === "plain-output" ? {} : undefined),
    confidence: "low",
    cause: (match) => `The program that pip started failed and printed nothing but: ${match.finding.message}`,
    fix: (match) =>
      /--no-build-isolation/.test(match.finding.message)
        ? installWithoutIsolation(match)
        : [
            pip(match, `install -v --no-build-isolation ${wordsToBuild(match)}   # the whole output`),
            "# what the words ask for: another version, a variable, a package that has to be there first",
          ],
    sources: [],
    examples: [
      {
        text: "  × python setup.py egg_info did not run successfully.\n  │ exit code: 1\n  ╰─> [2 lines of output]\n      Sorry, this package wants a blue moon.\n      Come back later.\n      [end of output]\nerror: metadata-generation",
        expect: "blue moon",
      },
    ],
  },
  {
    id: "tool-error-of-unknown-cause",
    title: "A tool stops with words that no rule knows",
    on: ["installer"],
    role: "generic",
    specificity: 6,
    matches: (finding, { log }) =>
      finding.code === "unknown-error" &&
      !isForeignStep(log) &&
      !usage.test(finding.message) &&
      !/^Failed cleaning build dir/.test(finding.message)
        ? {}
        : undefined,
    confidence: "low",
    cause: (match) => `The first line that calls itself an error says: ${match.finding.message}. No rule knows it.`,
    fix: (match) => [
      `# the lines above line ${match.finding.at} of the log say which step that was`,
      "retorch doctor   # what is wrong with the environment itself",
    ],
    sources: [],
    examples: [{ text: "error: the frobnicator is not willing", expect: "frobnicator" }],
  },
];
