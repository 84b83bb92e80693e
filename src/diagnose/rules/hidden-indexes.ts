/** An index that was given for torch stands in for PyPI, and does not have what else is needed. */
import { platformOf, python } from "../commands/commands.ts";
import { fromTorchIndex } from "../commands/project-tools.ts";
import { coded, type Match, type Rule, type RuleContext } from "../rule.ts";

/** What builds ask for: all of it is on PyPI, for every Python. */
const buildTool =
  /^(?:setuptools(?:[-_]scm|[-_]rust)?|wheel|ninja|cmake|scikit[-_]build(?:[-_]core)?|hatchling|hatch-\w+|flit[-_]core|poetry[-_]core|pdm[-_]backend|meson(?:[-_]python)?|pybind11|nanobind|cython|packaging|pip|maturin|versioneer)$/i;
/** What PyTorch's index is for. */
const ofTorch = /^(?:torch\w*|triton|pytorch-triton\S*|nvidia-\S+)$/i;

function missingName(message: string, symbol: string | undefined): string | undefined {
  const name =
    /\b([\w.-]+) was not found in the (?:package registry|provided package locations)/.exec(message)?.[1] ??
    /satisf(?:y|ies) the requirement ([\w.-]+)|No matching distribution found for ([\w.-]+)/
      .exec(message)
      ?.slice(1)
      .find((each) => each !== undefined);
  return name ?? (/\(from versions: none\)/.test(message) ? /^[\w.-]+/.exec(symbol ?? "")?.[0] : undefined);
}

/** Whether pip says that the index has no release of it at all. */
function isNowhere(name: string, { findings }: RuleContext): boolean {
  return findings.some(
    ({ message }) =>
      /\(from versions: none\)/.test(message) && missingName(message, undefined)?.toLowerCase() === name.toLowerCase(),
  );
}

/** Whether no index was reached at all. */
function isOffline({ findings }: RuleContext): boolean {
  return findings.some(
    ({ code, message }) =>
      code === "network" ||
      /Retrying|NewConnectionError|Temporary failure|ProxyError|SSLError|Connection/.test(message),
  );
}

function isPytorch(index: string): boolean {
  return /\bdownload\.pytorch\.org\b/.test(index);
}

/** The command with both indexes. */
function withBoth(match: Match, index: string): string[] {
  const what = match.context.log.fromIndex ?? "<the packages>";
  const build = isPytorch(index) ? /\/whl\/(\w[\w.]*)$/.exec(index)?.[1] : undefined;
  if (match.context.log.uvCommand === "add" && build !== undefined)
    return what.split(" ").flatMap((each) => fromTorchIndex(match, each, build));
  if (match.context.log.installer === "uv")
    return [
      `uv pip install ${what} --extra-index-url ${index}   # uv asks it first, and PyPI for the rest`,
      ...(isPytorch(index)
        ? [
            `uv pip install ${what} --torch-backend=${index.split("/").at(-1) ?? "auto"}   # newer uv: that index for torch alone`,
          ]
        : []),
    ];
  return [`${python(match)} -m pip install ${what} --index-url ${index} --extra-index-url https://pypi.org/simple`];
}

export const hiddenIndexRules: readonly Rule[] = [
  {
    id: "index-hides-pypi",
    title: "The index that was given takes the place of PyPI",
    on: ["installer"],
    specificity: 82,
    matches: (finding, context) => {
      const { log } = context;
      if (coded(finding, "no-distribution", "no-solution") === undefined) return undefined;
      const name = missingName(finding.message, finding.symbol);
      if (name === undefined || ofTorch.test(name)) return undefined;
      const tool = buildTool.test(name);
      if (
        log.onlyIndex === undefined &&
        !(
          tool &&
          (/package registry/.test(finding.message) ||
            (!log.isolatedBuild && isNowhere(name, context) && !isOffline(context)))
        )
      )
        return undefined;
      // PyTorch's index has it, for some builds.
      if (name === "xformers" && isPytorch(log.onlyIndex ?? "")) return undefined;
      return { name, tool: tool ? "yes" : undefined };
    },
    confidence: (match) =>
      match.context.log.onlyIndex !== undefined && match.facts["tool"] !== undefined ? "high" : "medium",
    cause: (match) => {
      const index = match.context.log.onlyIndex;
      const what = `\`${match.facts["name"] ?? ""}\`${match.facts["tool"] === undefined ? "" : ", which a build needs,"}`;
      return index === undefined
        ? `${what} is on PyPI for every Python, so it is not PyPI that was asked: --index-url, UV_INDEX_URL, UV_DEFAULT_INDEX, pip.conf or uv.toml name another index in its place.`
        : `--index-url puts ${index} in the place of PyPI, and ${what} is not there${isPytorch(index) ? ": PyTorch's index holds torch and what its wheels need, but not the build tools and packages of everybody else" : ""}.`;
    },
    fix: (match) => {
      const index = match.context.log.onlyIndex;
      const uv = match.context.log.installer === "uv" || /package registry/.test(match.finding.message);
      const name = match.facts["name"] ?? "";
      return [
        ...(index === undefined
          ? [
              platformOf(match) === "win32" ? "set | findstr /i index" : "env | grep -i index; pip config list",
              "# take --index-url (UV_INDEX_URL, UV_DEFAULT_INDEX) away, or give that index as --extra-index-url",
            ]
          : withBoth(
              uv ? { ...match, context: { ...match.context, log: { ...match.context.log, installer: "uv" } } } : match,
              index,
            )),
        ...(match.facts["tool"] === undefined
          ? []
          : [
              uv
                ? `uv pip install setuptools wheel${/^(?:setuptools|wheel)$/.test(name) ? "" : ` ${name}`}   # from PyPI, then the same command with --no-build-isolation`
                : `${python(match)} -m pip install --index-url https://pypi.org/simple setuptools wheel${/^(?:setuptools|wheel)$/.test(name) ? "" : ` ${name}`}   # from PyPI, then the same command with --no-build-isolation`,
            ]),
      ];
    },
    sources: [
      "astral-sh/uv#1884",
      "https://docs.astral.sh/uv/guides/integration/pytorch/",
      "https://pip.pypa.io/en/stable/cli/pip_install/#cmdoption-i",
    ],
    examples: [
      {
        text: "$ uv pip install torch --index-url https://download.pytorch.org/whl/cu121\n  Caused by: Because setuptools was not found in the package registry and you require setuptools>=40.8.0, we can conclude that the requirements are unsatisfiable.",
        expect: "uv pip install torch --extra-index-url https://download.pytorch.org/whl/cu121",
      },
      {
        text: "Looking in indexes: https://download.pytorch.org/whl/cpu\nERROR: Could not find a version that satisfies the requirement setuptools>=40.8.0 (from versions: none)\nERROR: No matching distribution found for setuptools>=40.8.0",
        expect: "--extra-index-url https://pypi.org/simple",
      },
      {
        text: "ERROR: Could not find a version that satisfies the requirement ninja (from exllamav2) (from versions: none)\nERROR: No matching distribution found for ninja",
        expect: "--index-url https://pypi.org/simple setuptools wheel ninja",
      },
      {
        text: "  × No solution found when resolving dependencies:\n  ╰─▶ Because wheel was not found in the package registry and you require wheel, we can conclude that your requirements are unsatisfiable.",
        expect: "not PyPI that was asked",
      },
    ],
  },
];
