/** What stops a program or its tests before their first line runs: test files of one name, modules that import each other. */
import { framesAt } from "../matchers.ts";
import { plainName } from "../../base/package-name.ts";
import { pip, platformOf, python, quote } from "../commands/commands.ts";
import { isWellKnown } from "../tables/packages.ts";
import { failedProgram } from "../commands/failed-command.ts";
import { type Match, type Rule, saidAny } from "../rule.ts";

const importModes = "https://docs.pytest.org/en/stable/explanation/pythonpath.html";

/** The folders of both files, where these tell them apart by their own names. */
function foldersOf(match: Match): readonly string[] | undefined {
  const { file, other } = match.facts;
  const folders = [other, file].map((path) => /^(?<folder>\/.*)\/[^/]+$/.exec(path ?? "")?.groups?.["folder"]);
  const [first, second] = folders;
  if (first === undefined || second === undefined || platformOf(match) === "win32") return undefined;
  return first.split("/").at(-1) === second.split("/").at(-1) ? undefined : [first, second];
}

export const testCollectionRules: readonly Rule[] = [
  {
    id: "test-files-of-one-name",
    title: "Two test files have the same name, and pytest takes them for one module",
    on: ["exception"],
    specificity: 84,
    matches: (finding) =>
      finding.code === "import-file-mismatch"
        ? { name: finding.symbol, file: finding.file, other: finding.library }
        : undefined,
    confidence: "high",
    cause: (match) =>
      `pytest imports test files by their bare name, and \`${match.facts["name"] ?? ""}\` is there already${match.facts["other"] === undefined ? "" : ` (\`${match.facts["other"]}\`)`} as it comes to ${match.facts["file"] === undefined ? "the next one" : `\`${match.facts["file"]}\``}: two folders without __init__.py hold a file of the same name, or __pycache__ was copied from another place.`,
    fix: (match) => {
      const line = failedProgram(match)?.line;
      const typed =
        line !== undefined && /\b(?:pytest|py\.test)\b/.test(line) && !/[|;&]/.test(line) ? line : undefined;
      const packages = foldersOf(match);
      return [
        "find . -name __pycache__ -type d -prune -exec rm -rf {} +",
        ...(packages === undefined
          ? [
              `${typed ?? `${python(match)} -m pytest`} --import-mode=importlib   # files of one name are modules of their own then`,
            ]
          : [
              `touch ${packages.map((folder) => `${quote(folder)}/__init__.py`).join(" ")}   # so that each is a package, and the files have different names`,
              ...(typed === undefined ? [] : [typed]),
            ]),
        '# for good: addopts = ["--import-mode=importlib"] below [tool.pytest.ini_options] in pyproject.toml (addopts = --import-mode=importlib in pytest.ini), or other names, or an __init__.py in each folder of tests',
      ];
    },
    sources: [importModes],
    examples: [
      {
        text: "$ pytest tests\n____________ ERROR collecting tests/b/test_ops.py ____________\nimport file mismatch:\nimported module 'test_ops' has this __file__ attribute:\n  /w/tests/a/test_ops.py\nwhich is not the same as the test file we want to collect:\n  /w/tests/b/test_ops.py\nHINT: remove __pycache__ / .pyc files and/or use a unique basename for your test file modules",
        expect: "touch /w/tests/a/__init__.py /w/tests/b/__init__.py",
      },
    ],
  },
  {
    id: "tested-package-not-installed",
    title: "The tests import a package that is neither installed nor on the path",
    on: ["exception"],
    specificity: 46,
    matches: (finding, { log }) => {
      const name = /^No module named ['"](?<name>[A-Za-z_]\w*)['"]/.exec(finding.message)?.groups?.["name"];
      const last = finding.frames?.at(-1) ?? "";
      const test =
        /(?:^|[\\/])(?:tests?|testing)[\\/](?:[\w-]+[\\/])*(?:test_\w+|\w+_test|conftest)\.py:\d|(?:^|[\\/])(?:test_\w+|\w+_test)\.py:\d/.test(
          last,
        );
      return name !== undefined &&
        test &&
        !isWellKnown(plainName(name)) &&
        !/^(?:torch\w*|numpy|_\w+)$/.test(name) &&
        !log.dockerBuild
        ? { name, test: last.split(":")[0] }
        : undefined;
    },
    confidence: "medium",
    cause: (match) =>
      `\`${match.facts["test"] ?? "The test"}\` imports \`${match.facts["name"] ?? ""}\`, which this Python does not have: the project itself is not installed in this environment (with a src folder it is on no path), or it is a package that the tests need.`,
    fix: (match) => {
      const name = match.facts["name"] ?? "";
      const typed = failedProgram(match)?.line;
      return [
        platformOf(match) === "win32"
          ? pip(match, "install --no-build-isolation -e .")
          : `if [ -e src/${name} ] || [ -e ${name} ] || [ -e ${name}.py ]; then ${pip(match, "install --no-build-isolation -e .")}; else ${pip(match, `install ${name}`)}; fi   # in the project's folder`,
        ...(typed === undefined || /[|;]/.test(typed) ? [] : [typed]),
        '# without an installation (no compiled part): pythonpath = ["src"] below [tool.pytest.ini_options], or python -m pytest from the folder above the package',
      ];
    },
    sources: ["https://docs.pytest.org/en/stable/explanation/goodpractices.html"],
    examples: [
      {
        text: "$ pytest -q\nImportError while importing test module '/w/tests/test_pad.py'.\nHint: make sure your test modules/packages have valid Python names.\nTraceback:\ntests/test_pad.py:3: in <module>\n    import padkit\nE   ModuleNotFoundError: No module named 'padkit'\n1 error in 0.20s",
        expect: "if [ -e src/padkit ]",
      },
    ],
  },
  {
    id: "modules-import-each-other",
    title: "Two Python modules import each other",
    on: ["exception"],
    specificity: 40,
    matches: (finding, context) => {
      const facts = saidAny(
        finding,
        /cannot import name ['"](?<name>\w+)['"] from partially initialized module ['"](?<module>[\w.]+)['"]/,
        /partially initialized module ['"](?<module>[\w.]+)['"] has no attribute ['"](?<name>\w+)['"]/,
      );
      const module = facts?.["module"] ?? "";
      if (facts === undefined || /^(?:torch|numpy|setuptools|pip)\b/.test(module)) return undefined;
      const frames = framesAt({ finding, context, facts });
      if (frames.length === 0 || /-packages[\\/]/.test(frames.at(-1) ?? "")) return undefined;
      const place = /^(?<file>[^"»]+\.py):(?<row>\d+)/.exec(frames.at(-1) ?? "")?.groups;
      return { ...facts, file: place?.["file"], row: place?.["row"] };
    },
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["module"] ?? ""}\` is only half imported as ${match.facts["file"] === undefined ? "another module" : `\`${match.facts["file"]}\` (line ${match.facts["row"] ?? ""})`}, which it imports itself, asks it for \`${match.facts["name"] ?? ""}\`: that name is defined further down than the import (or the module has the name of another one that was meant). Nothing was compiled wrong.`,
    fix: (match) => {
      const { file = "the file", row = "…", module = "", name = "" } = match.facts;
      return [
        `# ${file}, line ${row}: take \`${name}\` from where it is defined, not from \`${module}\`; a constant that both need goes into a module of its own (${module.split(".")[0] ?? ""}/constants.py)`,
        `# or in ${module.replaceAll(".", "/")}/__init__.py (${module.replaceAll(".", "/")}.py): define \`${name}\` above the line that imports ${baseOf(file)}`,
        `# or import within the function that uses it: def f(x): from ${module} import ${name}`,
      ];
    },
    sources: ["https://docs.python.org/3/faq/programming.html"],
    examples: [
      {
        text: 'Traceback (most recent call last):\n  File "/w/run.py", line 1, in <module>\n    import imgkit\n  File "/w/imgkit/__init__.py", line 1, in <module>\n    from imgkit.ops import crop\n  File "/w/imgkit/ops.py", line 3, in <module>\n    from imgkit import SIZE\nImportError: cannot import name \'SIZE\' from partially initialized module \'imgkit\' (most likely due to a circular import) (/w/imgkit/__init__.py)',
        expect: "define `SIZE` above the line that imports ops",
      },
    ],
  },
];

function baseOf(file: string): string {
  return (file.split(/[\\/]/).at(-1) ?? file).replace(/\.py$/, "");
}
