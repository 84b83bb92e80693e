/**
 * What was installed or built, and is not what runs: pip of another Python, a wheel without its compiled module, a compiled module that
 * is older than the sources around it. It does not know what lies on the disk; the text's own order of commands tells it.
 */
import { plainName } from "../../base/package-name.ts";
import { pip, platformOf, python, quote } from "../commands/commands.ts";
import { asTyped, failedProgram } from "../commands/failed-command.ts";
import type { Finding } from "../finding.ts";
import type { LogFacts } from "../facts/log-facts.ts";
import { type MatchFacts, type Rule, said } from "../rule.ts";

/** The bare `pip install` that brought a package, above a program of Python's that does not find it. */
export function installedByOtherPip(
  { at, kind, code, message, frames }: Finding,
  log: LogFacts,
): MatchFacts | undefined {
  if (kind !== "exception" || code !== "ModuleNotFoundError") return undefined;
  const module = /^No module named ['"](?<name>[A-Za-z_]\w*)['"]/.exec(message)?.groups?.["name"];
  if (module === undefined || log.versions[plainName(module)] === undefined) return undefined;
  // What an installer runs has surroundings of its own.
  if (
    frames?.some((frame) => /(?:^|[\\/])setup\.py:|pip-(?:build-env|req-build|install)|build_meta/.test(frame)) === true
  )
    return undefined;
  const above = log.typed.filter((command) => command.at < at && command.shell === "prompt");
  const last = above.at(-1);
  if (last === undefined || (last.kind !== "program" && last.kind !== "script")) return undefined;
  if (!/^(?:\w+=\S+ )*(?:\S*[\\/])?(?:python[\d.]*|py|pytest|torchrun|\.\/\S+\.py)(?:\s|$)/.test(last.line))
    return undefined;
  const install = above.findLast(({ kind: what }) => what === "pip");
  return install !== undefined && /^(?:sudo )?pip[\d.]* install\b/.test(install.line) && install.line.includes(module)
    ? { module, install: install.line, program: /^(?:\w+=\S+ )*(\S+)/.exec(last.line)?.[1] }
    : undefined;
}

/** `pkg._core`, imported by pkg's own file as it was just installed from a folder of sources. */
function leftOut(finding: Finding, log: LogFacts): MatchFacts | undefined {
  const facts = said(finding, /^No module named ['"](?<module>(?<top>[A-Za-z_]\w*)\.(?:\w+\.)*(?<part>_?\w+))['"]$/);
  const top = facts?.["top"] ?? "";
  const last = finding.frames?.at(-1) ?? "";
  if (facts === undefined || !new RegExp(`[\\\\/](?:site|dist)-packages[\\\\/]${top}[\\\\/]`).test(last))
    return undefined;
  if (!/^_|_(?:C|cuda|cpp|ext|cpu|kernels?)$|^C$/.test(facts["part"] ?? "")) return undefined;
  const local = log.localPackages.some((name) => plainName(name) === plainName(top));
  const here = log.typed.some(
    ({ kind, line, at }) =>
      kind === "pip" &&
      at < finding.at &&
      /\binstall\b(?:.* )\.{1,2}\/?(?:\[[\w,-]+\])?(?: |$)/.test(line) &&
      !/ (?:-e|--editable) /.test(line),
  );
  return (local || here) && log.versions[plainName(top)] !== undefined ? facts : undefined;
}

export const installedBesideRules: readonly Rule[] = [
  {
    id: "pip-of-another-python",
    title: "pip installs for another Python than the one that runs",
    on: ["exception"],
    specificity: 90,
    matches: (finding, { log }) => installedByOtherPip(finding, log),
    confidence: "high",
    cause: (match) =>
      `pip has installed \`${match.facts["module"] ?? ""}\` (${match.context.log.versions[plainName(match.facts["module"] ?? "")] ?? ""}), and \`${match.facts["program"] ?? "python"}\` does not find it: the \`pip\` that comes first on PATH belongs to another Python (another environment, another version, the user's own) than the one that was started.`,
    fix: (match) => {
      const program = failedProgram(match);
      const interpreter = /python[\d.]*$/.test(match.facts["program"] ?? "")
        ? (match.facts["program"] ?? "")
        : python(match);
      return [
        `${(match.facts["install"] ?? "").replace(/^(?:sudo )?pip[\d.]* /, `${interpreter} -m pip `)}   # the pip of the very Python that runs`,
        ...(program === undefined ? [] : [asTyped(program)]),
        platformOf(match) === "win32"
          ? "# which they are: pip --version & where pip python"
          : `# which they are: pip --version; which -a pip ${interpreter}; ${interpreter} -c "import sys; print(sys.prefix)"`,
      ];
    },
    sources: ["https://docs.python.org/3/installing/index.html"],
    examples: [
      {
        text: "$ pip install einops\nSuccessfully installed einops-0.8.1\n$ python train.py --n 3\nTraceback (most recent call last):\n  File \"/w/train.py\", line 2, in <module>\n    import einops\nModuleNotFoundError: No module named 'einops'",
        expect: "python -m pip install einops",
      },
      {
        text: "$ pip3 install pybind11 ninja\nSuccessfully installed ninja-1.13.0 pybind11-3.0.1\n$ python3.12 -c 'import pybind11; print(pybind11.get_include())'\nTraceback (most recent call last):\n  File \"<string>\", line 1, in <module>\nModuleNotFoundError: No module named 'pybind11'",
        expect: "python3.12 -m pip install pybind11 ninja",
      },
    ],
  },
  {
    id: "module-left-out-of-wheel",
    title: "The package was installed without its compiled module",
    on: ["exception"],
    specificity: 70,
    matches: (finding, { log }) => leftOut(finding, log),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["top"] ?? ""}\` was built and installed from its sources without an error, and the compiled module \`${match.facts["module"] ?? ""}\`, which it imports itself, is not in what was installed: the build compiles nothing of that name, or does not put it into the package's folder (a CMake project without install(TARGETS …) to there, an extension that is named \`${match.facts["part"] ?? ""}\` in place of \`${match.facts["module"] ?? ""}\`).`,
    fix: (match) => {
      const { top = "", part = "", module = "" } = match.facts;
      const folder = module.split(".").slice(0, -1).join("/");
      return [
        `${pip(match, `show -f ${top.replaceAll("_", "-")}`)} | grep -E 'Location|\\.(so|pyd|py)$'   # what was installed, and where`,
        `# CMakeLists.txt (scikit-build-core): install(TARGETS ${part} DESTINATION ${folder}) below the line that makes ${part} (pybind11_add_module, Python_add_library)`,
        `# setup.py: Extension("${module}", [...]) with the package's name in front, and ext_modules=[...] given to setup()`,
        `# meson.build: py.extension_module('${part}', ..., subdir: '${folder}', install: true)`,
        "# then the same pip install, and the program from another folder than that of the sources",
      ];
    },
    sources: [
      "https://scikit-build-core.readthedocs.io/en/latest/guide/getting_started.html",
      "https://setuptools.pypa.io/en/latest/userguide/ext_modules.html",
    ],
    examples: [
      {
        text: "$ pip install .\nProcessing /w/wavkit\nSuccessfully built wavkit\nSuccessfully installed wavkit-0.5\n$ cd /tmp && python -c 'import wavkit'\nTraceback (most recent call last):\n  File \"<string>\", line 1, in <module>\n  File \"/e/lib/python3.11/site-packages/wavkit/__init__.py\", line 1, in <module>\n    from wavkit._fir import gain\nModuleNotFoundError: No module named 'wavkit._fir'",
        expect: "install(TARGETS _fir DESTINATION wavkit)",
      },
    ],
  },
  {
    id: "module-older-than-sources",
    title: "A compiled module from an earlier build is imported",
    on: ["exception"],
    specificity: 62,
    matches: (finding) => {
      const facts = said(
        finding,
        /^cannot import name ['"](?<name>\w+)['"] from ['"](?<module>[\w.]+)['"] \((?<file>[^()]+\.(?:so|pyd))\)$/,
      );
      // Of an installed package: what imports it is of another release.
      return facts === undefined || /[\\/](?:site|dist)-packages[\\/]|[\\/]lib-dynload[\\/]/.test(facts["file"] ?? "")
        ? undefined
        : facts;
    },
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["module"] ?? ""}\` is loaded from \`${match.facts["file"] ?? ""}\`, which lies among the sources and has no \`${match.facts["name"] ?? ""}\`: it is of an earlier build in place (build_ext --inplace, an editable installation), and hides what was built since; where it is of the last build, the binding lacks that name.`,
    fix: (match) => {
      const file = (match.facts["file"] ?? "").replaceAll("\\", "/");
      const depth = (match.facts["module"] ?? "").split(".").length;
      const root = file
        .split("/")
        .slice(0, -depth)
        .join("/")
        .replace(/\/src$/, "");
      if (platformOf(match) === "win32")
        return [
          `del "${match.facts["file"] ?? ""}"`,
          `cd /d ${root} && ${python(match)} setup.py build_ext --inplace --force   # with pyproject.toml alone: ${pip(match, "install --no-build-isolation -e .")}`,
        ];
      const program = failedProgram(match);
      return [
        `rm -f ${quote(file)}`,
        `(cd ${root === "" ? "." : quote(root)} && if [ -f setup.py ]; then ${python(match)} setup.py build_ext --inplace --force; else ${pip(match, "install --no-build-isolation -e .")}; fi)`,
        ...(program === undefined ? [] : [asTyped(program)]),
        "# or start the program from another folder than that of the sources: the installed package is imported then",
      ];
    },
    sources: ["https://setuptools.pypa.io/en/latest/userguide/development_mode.html"],
    examples: [
      {
        text: "$ python -c 'import ringq; print(ringq.take())'\nTraceback (most recent call last):\n  File \"<string>\", line 1, in <module>\n  File \"/w/ringq/ringq/__init__.py\", line 1, in <module>\n    from ringq._ring import put, take\nImportError: cannot import name 'take' from 'ringq._ring' (/w/ringq/ringq/_ring.cpython-311-x86_64-linux-gnu.so)",
        expect: "(cd /w/ringq && if [ -f setup.py ]; then python setup.py build_ext --inplace --force;",
      },
    ],
  },
];
