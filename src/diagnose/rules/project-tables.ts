/** What a project's own files tell the program that packs it: a version that cannot be imported, packages that are not found, a CMake that is too old. */
import { buildAgain, pip, platformOf, wordsToBuild } from "../commands/commands.ts";
import { commandAgain } from "../commands/failed-command.ts";
import { type Match, type Rule, said } from "../rule.ts";

/** The same installation again. */
function again(match: Match): string[] {
  const typed = commandAgain(match);
  if (typed !== undefined) return [...typed];
  return buildAgain(match).length > 0 ? [...buildAgain(match)] : [pip(match, `install ${wordsToBuild(match)}`)];
}

export const projectTableRules: readonly Rule[] = [
  {
    id: "version-imports-the-package",
    title: "The version is read by importing the package that is yet to be built",
    on: ["exception"],
    specificity: 89,
    matches: (finding) => {
      if (!/^(?:ImportError|ModuleNotFoundError|AttributeError)$/.test(finding.code ?? "")) return undefined;
      const frames = finding.frames ?? [];
      const reader = frames.find((frame) =>
        /[\\/]setuptools[\\/]config[\\/](?:expand|_?apply\w*|setupcfg|pyprojecttoml)\.py:\d+/.test(frame),
      );
      if (reader === undefined) return undefined;
      const name = /No module named ['"](?<name>[\w.]+)['"]|cannot import name ['"](?<name2>\w+)['"]/.exec(
        finding.message,
      )?.groups;
      const own = frames.findLast(
        (frame) => !/[\\/](?:setuptools|importlib|pip|_distutils_hack)[\\/]|^<frozen|<string>/.test(frame),
      );
      return {
        name: name?.["name"] ?? name?.["name2"],
        file: /^(?<file>[^"»]+?\.py):\d/.exec(own ?? "")?.groups?.["file"],
        cfg: frames.some((frame) => /setupcfg\.py/.test(frame)) ? "yes" : undefined,
      };
    },
    confidence: "high",
    cause: (match) =>
      `setuptools asks for the version by \`attr\` (${match.facts["cfg"] === undefined ? "[tool.setuptools.dynamic] in pyproject.toml" : "version = attr: … in setup.cfg"}) and so imports the package${match.facts["file"] === undefined ? "" : ` (\`${match.facts["file"]}\`)`} before it is built: that imports \`${match.facts["name"] ?? "what is not there"}\`, which does not exist yet or is not installed in the build's environment. (A plain \`__version__ = "1.0"\` would be read without an import.)`,
    fix: (match) =>
      platformOf(match) === "win32"
        ? [
            '# pyproject.toml: version = "0.1.0" below [project] in place of dynamic = ["version"], and without the version line of [tool.setuptools.dynamic]',
            ...again(match),
          ]
        : [
            match.facts["cfg"] === undefined
              ? `sed -i.bak -E '/^version *= *\\{ *attr/d; s/^dynamic *= *\\[ *"version" *\\]/version = "0.1.0"/; s/^(dynamic *= *\\[.*)"version" *,? */version = "0.1.0"\\n\\1/' pyproject.toml   # the package's own number in place of 0.1.0`
              : `sed -i.bak -E 's/^version *= *attr:.*/version = 0.1.0/' setup.cfg   # the package's own number in place of 0.1.0`,
            ...again(match),
            '# or keep one place: a file pkg/_version.py with nothing but __version__ = "0.1.0", and attr = "pkg._version.__version__"',
          ],
    sources: ["https://setuptools.pypa.io/en/latest/userguide/pyproject_config.html", "pypa/setuptools#1724"],
    examples: [
      {
        text: "$ pip install .\n  × Getting requirements to build wheel did not run successfully.\n        File \"/tmp/pip-build-env-a/overlay/lib/python3.11/site-packages/setuptools/config/expand.py\", line 190, in read_attr\n          module = _load_spec(spec, module_name)\n        File \"/w/statkit/statkit/__init__.py\", line 1, in <module>\n          from statkit import _core\n      ImportError: cannot import name '_core' from 'statkit' (/w/statkit/statkit/__init__.py)",
        expect: "by `attr` ([tool.setuptools.dynamic] in pyproject.toml)",
      },
    ],
  },
  {
    id: "hatch-finds-no-package",
    title: "hatchling finds no folder of the project's name",
    on: ["exception"],
    specificity: 80,
    matches: (finding) =>
      said(
        finding,
        /Unable to determine which files to ship inside the wheel(?:.{0,400}?name of your project \((?<name>[\w.-]+)\))?/s,
      ),
    confidence: "high",
    cause: (match) =>
      `hatchling packs the folder (or src/ folder) that is called as the project${match.facts["name"] === undefined ? "" : ` (\`${match.facts["name"]}\`)`}, and there is none: the package's folder has another name or lies elsewhere, and pyproject.toml does not say which.`,
    fix: (match) =>
      platformOf(match) === "win32"
        ? [
            '# pyproject.toml: [tool.hatch.build.targets.wheel], below it packages = ["src/<the folder with __init__.py>"]',
            ...again(match),
          ]
        : [
            String.raw`p=$(find . -name __init__.py -not -path '*/tests/*' -not -path '*/.*/*' -not -path '*/build/*' | awk '{print length, $0}' | sort -n | head -n 1 | cut -d' ' -f2); p=\${p%/__init__.py}; echo "\${p#./}"   # the package's folder`.replaceAll(
              "\\${",
              "${",
            ),
            String.raw`printf '\n[tool.hatch.build.targets.wheel]\npackages = ["%s"]\n' "$\{p#./}" >> pyproject.toml`.replaceAll(
              "$\\{",
              "${",
            ),
            ...again(match),
          ],
    sources: ["https://hatch.pypa.io/latest/plugins/builder/wheel/"],
    examples: [
      {
        text: '$ pip install .\n      File "/e/lib/python3.11/site-packages/hatchling/builders/wheel.py", line 281, in default_file_selection\n      ValueError: Unable to determine which files to ship inside the wheel using the following heuristics: https://hatch.pypa.io/latest/plugins/builder/wheel/#default-file-selection\n\n      The most likely cause of this is that there is no directory that matches the name of your project (gridpack).',
        expect: "[tool.hatch.build.targets.wheel]",
      },
    ],
  },
  {
    id: "scikit-build-cmake-too-old",
    title: "scikit-build-core finds no CMake that is new enough",
    on: ["exception", "installer", "build-tool"],
    specificity: 84,
    matches: (finding) =>
      said(finding, /Could not find (?<tool>CMake|Ninja|ninja) with version (?<wanted>(?:[<>=~!]=?\d[\d.]*,? ?)+)/i),
    confidence: "high",
    cause: (match) =>
      `The project asks for ${match.facts["tool"] ?? "CMake"} ${(match.facts["wanted"] ?? "").trim()} (cmake_minimum_required, or cmake.version in pyproject.toml), and the one that is found is none of that: without build isolation scikit-build-core takes what is on PATH.`,
    fix: (match) => {
      const tool = (match.facts["tool"] ?? "cmake").toLowerCase();
      return [
        pip(
          match,
          `install "${tool}${(match.facts["wanted"] ?? "").trim().replaceAll(/,? +/g, ",").replace(/,$/, "")}"`,
        ),
        ...again(match),
      ];
    },
    sources: ["https://scikit-build-core.readthedocs.io/en/latest/configuration/index.html"],
    examples: [
      {
        text: "$ pip install --no-build-isolation .\n      scikit_build_core.errors.CMakeNotFoundError: Could not find CMake with version >=3.29",
        expect: 'pip install "cmake>=3.29"',
      },
    ],
  },
];
