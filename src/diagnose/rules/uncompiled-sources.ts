/**
 * Packages that look for their own compiled part, do not find it, and say so in a sentence of their own. Whether Python imported
 * the folder of the sources or what is installed, the frames of the traceback tell; why a build left the part out they do not.
 */
import { plainName } from "../../base/package-name.ts";
import { changeFolder, pip, platformOf, python, rebuild, removeFolder } from "../commands/commands.ts";
import type { Finding } from "../finding.ts";
import { framesAt } from "../matchers.ts";
import { type Match, type MatchFacts, type Rule, type RuleContext, saidAny } from "../rule.ts";

const ofInstalled = /[\\/](?:site|dist)-packages[\\/]|[\\/]lib[\\/]python\d|torch_extensions/;

/** What such packages say. */
function says(finding: Finding): MatchFacts | undefined {
  return saidAny(
    finding,
    /^(?<top>[a-zA-Z]\w+)(?:'s)? (?:C\+\+ |CUDA |C |compiled |native )?[Ee]xtensions? (?:is|are|was|were|has|have) not (?:been )?(?:found|available|built|compiled|installed|loaded)\b/,
    /^(?<top>[a-z]\w+) (?:is|was|has) not (?:been )?(?:compiled|built) (?:successfully|correctly|properly|with its extensions?)\b/i,
    /^Couldn't load custom C\+\+ ops\. This can happen if your PyTorch and (?<top>torchvision) /,
  );
}

/** A compiled part that is imported by its own name. */
function importsPart(finding: Finding): MatchFacts | undefined {
  return saidAny(
    finding,
    /^No module named ['"]?(?<top>[a-z]\w+)\.(?:[\w.]+)['"]?$/,
    /^cannot import name ['"]?(?<part>_C|_ext|_\w+|\w+_(?:cuda|cpp|ext|cpu))['"]?/,
  );
}

/** The package that the innermost frame imports from: `from detectron2 import _C`. */
function importedFrom(frames: readonly string[]): string | undefined {
  return /» *from ([a-z]\w+)(?:\.[\w.]+)? import /.exec(frames.at(-1) ?? "")?.[1];
}

/**
 * A part that is missing in the sources of a package which the text shows installed elsewhere: its build was a good one, and what is
 * imported is the wrong folder.
 */
function hidden(finding: Finding, context: RuleContext): MatchFacts | undefined {
  const facts = importsPart(finding);
  // Where the command itself puts the sources first, another rule gives it without that.
  if (facts === undefined || /(?:^|\s)PYTHONPATH=/.test(context.log.typedProgram ?? "")) return undefined;
  const frames = framesAt({ finding, facts, context });
  const top = facts["top"] ?? importedFrom(frames);
  if (top === undefined || /^(?:torch|numpy|pip|setuptools)$/.test(top)) return undefined;
  const file = sourceFile(frames, top);
  // It has to be the package itself that asks.
  if (file === undefined || !new RegExp(`[\\\\/]?${top}[\\\\/]`).test((frames.at(-1) ?? "").split(/:\d/)[0] ?? ""))
    return undefined;
  return wasInstalled(context, finding.at, top) ? { top, file, hidden: "yes" } : undefined;
}

/** The file of a package in its sources, as the innermost frame that is in the package names it. */
function sourceFile(frames: readonly string[], top: string): string | undefined {
  const inside = new RegExp(`^(.*?(?:^|[\\\\/])${top}[\\\\/].*?\\.py):\\d`, "i");
  const frame = frames.findLast((each) => inside.test(each));
  const file = frame === undefined ? undefined : inside.exec(frame)?.[1];
  return file === undefined || ofInstalled.test(file) ? undefined : file;
}

/** What lies above the package: empty for the folder that the command ran in. */
function rootOf({ facts }: Match): string {
  const { file = "", top = "" } = facts;
  const at = file.search(new RegExp(`(?:^|[\\\\/])${top}[\\\\/](?!${top}[\\\\/])`, "i"));
  return at <= 0 ? "" : file.slice(0, at).replace(/(?:^|[\\/])src$/, "");
}

/** Whether the text shows that the package was installed as a copy, compiled part and all. */
function wasInstalled({ findings, log }: RuleContext, before: number, top: string): boolean {
  const name = plainName(top);
  return (
    /\binstall\b/.test(log.setupCommand ?? "") ||
    (log.installs ?? []).some((words) => /^"?\.[\\/]?"?(?:\s|$)/.test(words)) ||
    (log.requested ?? []).some((word) => plainName(word.replaceAll('"', "").replace(/[=<>!~[@].*$/, "")) === name) ||
    findings.some(
      ({ code, at, text }) =>
        code === "installed" &&
        at < before &&
        text.split(/\s+/).some((word) => plainName(word.replace(/(?:-|==)\d.*$/, "")) === name),
    )
  );
}

/** pytest was what ran it: it puts the folder of the tests, or the one above, in front of what is installed. */
function underPytest({ finding, context: { log } }: Match): boolean {
  return /\b(?:pytest|py\.test)\b/.test(log.typedProgram ?? "") || /^E {3}/.test(finding.text);
}

export const uncompiledSourceRules: readonly Rule[] = [
  {
    id: "sources-without-compiled-part",
    title: "A package does not find its compiled part beside its Python files",
    on: ["exception"],
    specificity: 81,
    matches: (finding, context) => {
      const other = hidden(finding, context);
      if (other !== undefined) return other;
      const facts = says(finding);
      const top = facts?.["top"];
      if (facts === undefined || top === undefined || /^(?:torch|the|this|your|it|cuda|python)$/i.test(top))
        return undefined;
      const frames = framesAt({ finding, facts, context });
      const file = sourceFile(frames, top);
      // Beside a wheel of another torch it does not load: another rule's.
      if (file === undefined && top === "torchvision") return undefined;
      return { top, ...(file === undefined ? {} : { file }) };
    },
    confidence: (match) =>
      match.facts["file"] !== undefined || framesAt(match).some((frame) => ofInstalled.test(frame)) ? "high" : "medium",
    cause: (match) => {
      const { file, top = "" } = match.facts;
      if (file === undefined)
        return `\`${top}\` was installed without its compiled part: the build left it out (no compiler, no CUDA toolkit in sight, a set-up script that goes on without), or it is for another Python.`;
      const installed = wasInstalled(match.context, match.finding.at, top);
      return `Python imports \`${top}\` from the folder of its sources (\`${file}\`), and its compiled part does not lie there: ${installed ? "the installation before put a copy with the compiled part into site-packages, and left nothing beside the sources" : "an installation that is not editable puts it into site-packages, and nothing beside the sources"}. ${underPytest(match) ? "pytest has the project's folder in front of what is installed." : "The folder that a program is started in, or its own, comes before what is installed."}`;
    },
    fix: (match) => {
      const { file, top = "" } = match.facts;
      if (file === undefined) return rebuild(match);
      const root = rootOf(match);
      const windows = platformOf(match) === "win32";
      const { notebook } = match.context.log;
      if (match.facts["hidden"] !== undefined && notebook && root.startsWith("/"))
        return [
          `cd ${root.replace(/\/[^/]+$/, "") || "/"}`,
          `# then restart the kernel (Colab: Runtime, Restart session) and run the cells again, without the %cd into ${root}: what was installed is found then`,
          `# or another name for that folder; or its own compiled part: ${pip(match, `install --no-build-isolation --no-deps -v -e ${root}`)}`,
        ];
      return [
        ...(/^(?:[A-Za-z]:)?[\\/]/.test(root) ? [changeFolder(match, root)] : []),
        removeFolder(match, "build"),
        `${pip(match, "install --no-build-isolation --no-deps -v -e .")}   # builds the compiled part beside the sources; with an old setuptools the same: ${python(match)} setup.py develop. The first error of its log is the cause, if it fails`,
        underPytest(match)
          ? "# or the tests with what is installed: pytest --import-mode=append (without a pythonpath = . in pytest.ini), or from a folder outside of the sources"
          : `# or start from a folder outside of the sources: ${windows ? "cd /d %TEMP%" : "cd /tmp"} && ${python(match)} -c "import ${top}; print(${top}.__file__)" has to name site-packages${match.facts["hidden"] === undefined ? "" : "; where PYTHONPATH puts this folder first: unset PYTHONPATH, and the program again"}`,
      ];
    },
    sources: [
      "pytorch/text#1875",
      "openmc-dev/openmc#3156",
      "https://docs.pytest.org/en/stable/explanation/pythonpath.html",
    ],
    examples: [
      {
        text: '$ python setup.py install\n$ pytest test -q\nrootdir: /home/u/src/speechlib\ntest/test_a.py:5: in <module>\n    import speechlib.functional as F\nspeechlib/__init__.py:5: in <module>\n    from speechlib import _extension\nspeechlib/_extension.py:50: in _init_extension\n    raise ImportError("speechlib C++ Extension is not found.")\nE   ImportError: speechlib C++ Extension is not found.',
        expect: "install --no-build-isolation --no-deps -v -e .",
      },
      {
        text: 'Traceback (most recent call last):\n  File "demo.py", line 3, in <module>\n    from boxnet import zoo\n  File "/home/u/boxnet/boxnet/layers/nms.py", line 5, in <module>\n    raise ImportError("boxnet is not compiled successfully, please build following the instructions!")\nImportError: boxnet is not compiled successfully, please build following the instructions!',
        expect: "cd /home/u/boxnet",
      },
      {
        text: 'Traceback (most recent call last):\n  File "/home/u/vision/torchvision/extension.py", line 33, in _assert_has_ops\n    raise RuntimeError(\nRuntimeError: Couldn\'t load custom C++ ops. This can happen if your PyTorch and torchvision versions are incompatible, or if you had errors while compiling torchvision from source.',
        expect: "from the folder of its sources",
      },
      {
        text: 'Traceback (most recent call last):\n  File "/e/lib/python3.10/site-packages/boxnet/layers/nms.py", line 5, in <module>\n    raise ImportError("boxnet is not compiled successfully, please build following the instructions!")\nImportError: boxnet is not compiled successfully, please build following the instructions!',
        expect: "left it out",
      },
    ],
  },
];
