/** Files that a package reads from its own folder and that its build did not put there. Sources that are to be compiled are another matter. */
import { posix } from "node:path";
import { type Match, type Rule, said } from "../rule.ts";

const compiled = /\.(?:cpp|cc|cxx|c|cu|cuh|h|hpp|hip|mm|metal|py|so[.\d]*|pyd|dll|dylib)$/i;

/** The file in the words of `package_data`: the package, and a pattern below its folder. */
function inPackage(path: string, frames: readonly string[]): readonly [name: string, pattern: string] | undefined {
  for (const frame of frames.toReversed()) {
    const [, folder = "", name = ""] = /^((?:\/[^/:]+){1,40}\/(\w+))\/(?:__init__|\w+)\.py:\d+/.exec(frame) ?? [];
    if (folder === "" || !path.startsWith(`${folder}/`)) continue;
    const below = path.slice(folder.length + 1);
    return [name, posix.join(posix.dirname(below), `*${posix.extname(below)}`)];
  }
  return undefined;
}

function namesOf(match: Match): readonly [name: string, pattern: string] {
  return [match.facts["name"] ?? "", match.facts["pattern"] ?? ""];
}

export const packageDataRules: readonly Rule[] = [
  {
    id: "package-data-missing",
    title: "A file that the package reads was not installed with it",
    on: ["exception"],
    specificity: 70,
    matches: (finding) => {
      const path =
        finding.code === "FileNotFoundError"
          ? said(finding, /No such file or directory: '(?<path>\/[^'\n]{1,400})'/)?.["path"]
          : undefined;
      if (path === undefined || compiled.test(path)) return undefined;
      const [name, pattern] = inPackage(path, finding.frames ?? []) ?? [];
      return name === undefined ? undefined : { path, name, pattern };
    },
    confidence: "medium",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\` reads \`${match.facts["path"] ?? ""}\` from its own folder, and the file is not there: setuptools installs .py files and extensions, and other files only when the build names them.`,
    fix: (match) => {
      const [name, pattern] = namesOf(match);
      return [
        `# setup.py: setup(…, package_data={"${name}": ["${pattern}"]})   (pyproject.toml: [tool.setuptools.package-data] with ${name} = ["${pattern}"]); then install again`,
        `# with include_package_data=True: recursive-include of that folder in MANIFEST.in; from a checkout, an editable installation (pip install -e .) reads the folder itself`,
      ];
    },
    sources: ["https://setuptools.pypa.io/en/latest/userguide/datafiles.html"],
    examples: [
      {
        text: "Traceback (most recent call last):\n  File \"/w/a.py\", line 2, in <module>\n    import quads\n  File \"/e/lib/python3.12/site-packages/quads/__init__.py\", line 12, in <module>\n    T = _load('g2')\n  File \"/e/lib/python3.12/site-packages/quads/__init__.py\", line 8, in _load\n    with open(_DIR / f'{name}.json') as f:\nFileNotFoundError: [Errno 2] No such file or directory: '/e/lib/python3.12/site-packages/quads/tables/g2.json'",
        expect: '{"quads": ["tables/*.json"]}',
      },
    ],
  },
];
