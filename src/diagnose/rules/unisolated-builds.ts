/** Builds that were told not to be isolated, and whose Python lacks what they import all the same. */
import { platformOf, pip, pythonVersion } from "../commands/commands.ts";
import { installWithoutIsolation } from "../commands/isolation-commands.ts";
import { isUnisolated } from "../facts/unisolated.ts";
import { type Match, type Rule, said } from "../rule.ts";

/** The interpreter that ran the build, as pip names it. */
function interpreter(match: Match): string {
  const version = pythonVersion(match);
  return `the Python of that pip${version === undefined ? "" : ` (${version})`}`;
}

export const unisolatedBuildRules: readonly Rule[] = [
  {
    id: "torch-missing-without-isolation",
    title: "The Python that builds has no torch",
    on: ["exception"],
    specificity: 83,
    matches: (finding, context) =>
      /^(?:ModuleNotFoundError|ImportError)$/.test(finding.code ?? "") && isUnisolated(finding, context.log)
        ? said(finding, /No module named ['"]?(?<module>torch)['"]?(?:\s|$)/)
        : undefined,
    confidence: "high",
    cause: (match) =>
      `The command asks for a build without isolation, so setup.py runs in the environment of ${interpreter(match)}, and that one has no torch: torch was never installed there, or the \`pip\` that the shell finds belongs to another Python than the one that has it (a virtual environment that is not entered, or that has no pip of its own; conda's base; the system's).`,
    fix: (match) => [
      platformOf(match) === "win32"
        ? "where python & where pip"
        : 'which -a python pip; python -c "import torch; print(torch.__version__, torch.__file__)"   # one environment, and is torch in it?',
      ...installWithoutIsolation(match),
      ...(/^uv /.test(pip(match, "list"))
        ? []
        : ["# No module named pip: python -m ensurepip, and the last line again"]),
    ],
    sources: ["https://pip.pypa.io/en/stable/cli/pip_install/"],
    examples: [
      {
        text: "$ pip install --no-build-isolation -v .\nUsing pip 26.1 from /usr/local/lib/python3.12/dist-packages/pip (python 3.12)\nProcessing ./.\n  Preparing metadata (pyproject.toml): started\n    File \"<string>\", line 2, in <module>\n  ModuleNotFoundError: No module named 'torch'\n  error: subprocess-exited-with-error",
        expect: "python -m pip install --no-build-isolation . -v",
      },
      {
        text: "$ pip install flash-attn --no-build-isolation\nCollecting flash-attn\n  Getting requirements to build wheel did not run successfully.\n      File \"<string>\", line 19, in <module>\n      ModuleNotFoundError: No module named 'torch'",
        expect: "python -m pip install torch",
      },
    ],
  },
];
