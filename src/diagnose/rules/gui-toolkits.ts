/**
 * GUI toolkits that a program imports before torch, on Windows: since torch 2.9 its DLLs do not start in such a process. It does not
 * know which DLL of the toolkit is in the way.
 */
import { pip, python } from "../commands/commands.ts";
import { addLines } from "../commands/source-edits.ts";
import { compareVersions, parseVersion } from "../../base/order.ts";
import { framesAt } from "../matchers.ts";
import type { Match, Rule, RuleContext } from "../rule.ts";

/** torch of the text, where it tells. */
function torchOf({ log }: RuleContext): readonly number[] | undefined {
  const said = log.installedTorch ?? log.torch;
  return said === undefined ? undefined : parseVersion(said);
}

/** The script that was started: the outermost frame, when it is no part of an installed package. */
function startedScript(match: Match): string | undefined {
  const [, file] = /^((?:[A-Za-z]:)?[^:<>]{1,300}\.pyw?):\d/.exec(framesAt(match)[0] ?? "") ?? [];
  if (file !== undefined && !/[\\/](?:site|dist)-packages[\\/]|[\\/]Lib[\\/]/i.test(file)) return file;
  return /(?:^|\s)([^\s"']+\.pyw?)(?=\s|$)/.exec(match.context.log.typedProgram ?? "")?.[1];
}

/** Whether the text shows that the toolkit is imported first, or that torch loads by itself. */
function isShown({ context: { log } }: Match): boolean {
  const { imports } = log;
  return (
    imports.some((name) => /^(?:PyQt|PySide)\d$/.test(name)) ||
    (log.installedTorch !== undefined && imports.includes("torch"))
  );
}

export const guiToolkitRules: readonly Rule[] = [
  {
    id: "gui-toolkit-before-torch",
    title: "torch is imported after a GUI toolkit, and its DLLs do not start",
    on: ["load"],
    specificity: 80,
    matches: (finding, context) => {
      const toolkit = context.log.guiToolkit;
      if (toolkit === undefined || !/^dll(?:-init|-not-found)?$/.test(finding.code ?? "")) return undefined;
      if (
        !/[\\/]torch[\\/]+lib[\\/](?:c10|torch_python|torch_cpu|shm|fbgemm)\.dll/i.test(
          `${finding.library ?? ""} ${finding.message}`,
        )
      )
        return undefined;
      const torch = torchOf(context);
      // Before 2.9 it is the run time of Visual C++ as a rule.
      return torch !== undefined && compareVersions(torch, [2, 9]) < 0 ? undefined : { toolkit };
    },
    confidence: (match) => (torchOf(match.context) !== undefined && isShown(match) ? "high" : "medium"),
    cause: (match) =>
      `The program imports ${match.facts["toolkit"] ?? "a GUI toolkit"} before torch. Since torch 2.9 the start of torch's DLLs fails in a process that has Qt's loaded (its folder has an older Visual C++ run time, which is taken); \`import torch\` in a process of its own works. Nothing is wrong with the installation.`,
    fix: (match) => {
      const script = startedScript(match);
      const edit =
        script === undefined
          ? []
          : addLines({ ...match, finding: { ...match.finding, file: script } }, ["import torch"]);
      return [
        ...edit,
        `# in the program: import torch above the first import of ${match.facts["toolkit"] ?? "Qt"}, and of what imports it (matplotlib's qtagg, napari, pyqtgraph)${edit.length > 0 ? "; below from __future__ import …, if there is one" : ""}`,
        `# or a torch from before that: ${pip(match, 'install "torch<2.9"')}   (torchvision and torchaudio of its release with it)`,
        `# the check: ${python(match)} -c "import torch, ${match.facts["toolkit"] ?? "PyQt5"}.QtWidgets"`,
      ];
    },
    sources: [
      "pytorch/pytorch#166628",
      "explosion/spaCy#13894",
      "JiaxinWang123/StoManager1#50",
      "pytorch/pytorch#169429",
    ],
    examples: [
      {
        text: 'PyQt6   6.9.0\ntorch   2.9.0\n  File "D:\\app\\main.py", line 9, in <module>\n    import torch\n  File "D:\\Python\\Lib\\site-packages\\torch\\__init__.py", line 264, in _load_dll_libraries\n    raise err\nOSError: [WinError 1114] A dynamic link library (DLL) initialization routine failed. Error loading "D:\\Python\\Lib\\site-packages\\torch\\lib\\c10.dll" or one of its dependencies.',
        expect: "import torch above the first import of PyQt6",
      },
      {
        text: '>>> import PySide6\n>>> import torch\nOSError: [WinError 1114] A dynamic link library (DLL) initialization routine failed. Error loading "C:\\e\\Lib\\site-packages\\torch\\lib\\c10.dll" or one of its dependencies.',
        expect: "torch<2.9",
      },
    ],
  },
];
