/**
 * Checks of form and of types in a CI job (black, isort, ruff, flake8, clang-format, clang-tidy, mypy, pre-commit): the build went well, and
 * the job failed all the same. It does not know a project's settings, which the tools read by themselves.
 */
import { type Match, type Rule, said, saidAny } from "../rule.ts";

interface Checker {
  readonly tool: string;
  readonly says: string;
  readonly fix: (match: Match) => readonly string[];
}

/** The command that checked, made one that changes. */
function changed(match: Match, tool: string, drop: RegExp, plain: string): string {
  const shown = match.context.log.checks[tool];
  return shown === undefined ? plain : shown.replaceAll(drop, "").replaceAll(/ {2,}/g, " ").trim();
}

const checkers: Readonly<Record<string, Checker>> = {
  black: {
    tool: "black",
    says: "sources are not formatted as black would format them",
    fix: (match) => [changed(match, "black", / --(?:check|diff|color|quiet|verbose)\b/g, "black .")],
  },
  isort: {
    tool: "isort",
    says: "imports are not sorted as isort would sort them",
    fix: (match) => [changed(match, "isort", / (?:--check(?:-only)?|--diff|-c)\b/g, "isort .")],
  },
  ruff: {
    tool: "ruff",
    says: "the sources break rules of ruff's",
    fix: (match) => {
      const shown = match.context.log.checks["ruff"];
      return shown !== undefined && / format\b/.test(shown)
        ? [shown.replaceAll(/ --(?:check|diff)\b/g, "")]
        : [
            `${(shown ?? "ruff check .").replaceAll(/ --(?:no-fix|diff|output-format[= ]\S+)/g, "")} --fix`,
            "# what it cannot change by itself stands in its list with file and line: there by hand",
          ];
    },
  },
  flake8: {
    tool: "flake8",
    says: "the sources break rules of flake8's",
    fix: ({ finding }) => [
      `# ${finding.text.replace(/^(\S+:\d+):\d+: /, "$1: ")}: there by hand, flake8 changes nothing; a formatter does most of it: black .`,
      "# a rule that is not wanted: extend-ignore in .flake8 or setup.cfg, or # noqa behind the line",
    ],
  },
  mypy: {
    tool: "mypy",
    says: "mypy finds types that do not fit",
    fix: () => [
      "# the lines above name file, line and type: there by hand; a package without types: ignore_missing_imports for it in mypy's settings",
    ],
  },
  "clang-format": {
    tool: "clang-format",
    says: "sources are not formatted as clang-format would format them",
    fix: (match) => [
      changed(
        match,
        "clang-format",
        / (?:--dry-run|-n|--Werror|-Werror|--output-replacements-xml)(?= |$)/g,
        `clang-format -i ${match.finding.file ?? "<the files>"}`,
      ).replace(/^(clang-format\S*)(?! -i| .* -i\b)/, "$1 -i"),
      "# with the release of clang-format that the job has: others format otherwise",
    ],
  },
  "clang-tidy": {
    tool: "clang-tidy",
    says: "clang-tidy's warnings count as errors",
    fix: ({ finding }) => [
      `# ${finding.file ?? "the source"}${finding.line === undefined ? "" : `:${String(finding.line)}`}: there by hand, or clang-tidy --fix; a check that is not wanted: a minus before its name in .clang-tidy, or // NOLINT`,
    ],
  },
  "pre-commit": {
    tool: "pre-commit",
    says: "one of pre-commit's hooks changed files or found fault with them",
    fix: () => [
      "pre-commit run --all-files   # changes what it can; run again, it says what is left",
      "git diff --stat",
    ],
  },
};

export const styleCheckRules: readonly Rule[] = [
  {
    id: "style-check-failed",
    title: "A check of form failed, not the build",
    on: ["build-tool", "compile"],
    specificity: 84,
    role: "symptom",
    matches: (finding, context) => {
      if (finding.kind === "compile")
        return (
          (/code should be clang-formatted \[-Wclang-format-violations\]/.test(finding.message)
            ? { tool: "clang-format" }
            : undefined) ??
          (/\[[\w.-]+(?:,[\w.-]+)*,-warnings-as-errors\]$/.test(finding.message) ? { tool: "clang-tidy" } : undefined)
        );
      if (finding.code !== "style-check") return undefined;
      if (saidAny(finding, /^would reformat /, /files? would be reformatted\b.*/) !== undefined)
        return finding.message.startsWith("Would reformat: ") ? { tool: "ruff" } : { tool: "black" };
      if (said(finding, /^Would reformat: /) !== undefined) return { tool: "ruff" };
      if (said(finding, /Imports are incorrectly sorted/) !== undefined) return { tool: "isort" };
      if (said(finding, /fixable with the .--fix. option/) !== undefined) return { tool: "ruff" };
      if (said(finding, /^Found \d+ errors? in \d+ files? \(checked \d+/) !== undefined) return { tool: "mypy" };
      if (said(finding, /^(?:- )?hook id: /) !== undefined) return { tool: "pre-commit" };
      // ruff writes its lines as flake8 does, with a mark of what it can mend, and says so at the end.
      return context.findings.some(({ code, message }) => code === "style-check" && message.includes("fixable with"))
        ? { tool: "ruff" }
        : { tool: "flake8" };
    },
    confidence: "high",
    cause: (match) =>
      `No build failed: ${checkers[match.facts["tool"] ?? ""]?.says ?? "a check of form found fault"}, and its command ends with an error so that the job fails.`,
    fix: (match) => [
      ...(checkers[match.facts["tool"] ?? ""]?.fix(match) ?? []),
      ...(/^(?:flake8|mypy|clang-tidy)$/.test(match.facts["tool"] ?? "")
        ? []
        : ["git commit -am 'Format' && git push"]),
    ],
    sources: [
      "https://black.readthedocs.io/en/stable/usage_and_configuration/the_basics.html",
      "https://clang.llvm.org/docs/ClangFormat.html",
      "https://docs.astral.sh/ruff/linter/",
    ],
    examples: [
      {
        text: "Successfully installed ops-0.3.0\nRun black --check --diff src setup.py\nwould reformat /w/ops/setup.py\n\n1 file would be reformatted, 14 files would be left unchanged.",
        expect: "black src setup.py",
      },
      {
        text: "csrc/k.cu:12:7: error: code should be clang-formatted [-Wclang-format-violations]\n  int  x;\n      ^",
        expect: "clang-format -i csrc/k.cu",
      },
      { text: "ERROR: /w/ops/setup.py Imports are incorrectly sorted and/or formatted.", expect: "isort ." },
      {
        text: "Found 3 errors.\n[*] 2 fixable with the `--fix` option.",
        expect: "ruff check . --fix",
      },
      {
        text: "black....................................................................Failed\n- hook id: black\n- files were modified by this hook",
        expect: "pre-commit run --all-files",
      },
    ],
  },
];
