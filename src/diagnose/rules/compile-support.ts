/** Pythons and systems that a release of torch does not compile for: what torch.compile says before it looks at any code. */
import { pip } from "../commands/commands.ts";
import { installTorchSince, torchIndex } from "../commands/torch-commands.ts";
import { usePython } from "../commands/project-tools.ts";
import { framesAt } from "../matchers.ts";
import { type Match, type Rule, saidAny } from "../rule.ts";

/** The first torch whose torch.compile knows a Python, by its minor number. Source: the release notes of these. */
const compilesSince: Readonly<Record<string, string>> = { 11: "2.1", 12: "2.4", 13: "2.6", 14: "2.10" };

/** `core.py:102`, the innermost line outside torch: it compiles, or imports what does. */
function callOf(match: Match): string | undefined {
  const frame = framesAt(match).findLast((line) => !/[\\/]torch[\\/]|<string>|<frozen /.test(line));
  const [, file, line] = /^(.{1,300}?):(\d+)\b/.exec(frame ?? "") ?? [];
  return file === undefined ? undefined : `\`${file}:${line ?? ""}\``;
}

function withoutCompiling(match: Match): string {
  return `# or without it, where it is only for speed: the call at ${callOf(match) ?? "the line above torch's own in the traceback"} left out, or the program's own switch for it (compile=False, --no-compile)`;
}

/** The line of a remark that gives the environment another Python. */
function otherPython(match: Match, version: string): string {
  return `# or another Python: ${usePython(match, version)[0]?.replace(/ {2,}#.*$/, "") ?? ""}; then everything that the program needs is installed there again`;
}

export const compileSupportRules: readonly Rule[] = [
  {
    id: "python-too-new-for-compile",
    title: "This torch has no torch.compile for this Python",
    on: ["exception"],
    specificity: 84,
    matches: (finding) =>
      saidAny(
        finding,
        /(?:Dynamo|torch\.compile) is not supported on Python 3\.(?<minor>\d+)\+/,
        /Python 3\.(?<minor>\d+)\+ not yet supported for torch\.compile/,
      ),
    confidence: "high",
    cause: (match) => {
      const minor = match.facts["minor"] ?? "";
      const since = compilesSince[minor];
      const torch = match.context.log.installedTorch;
      return `torch.compile reads Python's byte code, which each release of Python changes: ${torch === undefined ? "the installed torch" : `torch ${torch}`} does it up to Python 3.${Number(minor) - 1}${since === undefined ? "" : `, torch ${since} and newer for 3.${minor} as well`}. The rest of torch works on this Python.`;
    },
    fix: (match) => {
      const minor = match.facts["minor"] ?? "";
      const since = compilesSince[minor];
      return [
        ...(since === undefined ? usePython(match, `3.${Number(minor) - 1}`) : [installTorchSince(match, since)]),
        ...(since === undefined ? [] : [otherPython(match, `3.${Number(minor) - 1}`)]),
        withoutCompiling(match),
      ];
    },
    sources: [
      "pytorch/pytorch#120233",
      "pytorch/pytorch#144048",
      "pytorch/pytorch#104918",
      "pytorch/pytorch#169401",
      "kyutai-labs/moshi#156",
    ],
    examples: [
      {
        text: 'Traceback (most recent call last):\n  File "/w/speak/core.py", line 88, in _load\n    net.forward = torch.compile(net.forward)\n  File "/e/lib/python3.12/site-packages/torch/__init__.py", line 1866, in compile\n    raise RuntimeError("Dynamo is not supported on Python 3.12+")\nRuntimeError: Dynamo is not supported on Python 3.12+',
        expect: 'install --upgrade "torch>=2.4"',
      },
      {
        text: "torch==2.5.1+cu121\ntorchvision==0.20.1+cu121\nRuntimeError: Dynamo is not supported on Python 3.13+",
        expect: '"torch>=2.6" torchvision --index-url https://download.pytorch.org/whl/cu124',
      },
      {
        text: "RuntimeError: torch.compile is not supported on Python 3.14+",
        expect: "torch 2.10 and newer for 3.14",
      },
      { text: "RuntimeError: Python 3.11+ not yet supported for torch.compile", expect: "torch>=2.1" },
    ],
  },
  {
    id: "free-threaded-python-for-compile",
    title: "torch.compile wants a Python with its lock",
    on: ["exception"],
    specificity: 84,
    matches: (finding) =>
      saidAny(
        finding,
        /(?:Dynamo|torch\.compile) is not supported on Python (?:< (?<least>3\.\d+\.\d+) )?built with GIL disabled/,
      ),
    confidence: "high",
    cause: (match) =>
      `The interpreter is a free-threaded one (3.13t, 3.14t), and ${match.facts["least"] === undefined ? "this torch compiles for none of them" : `torch.compile needs ${match.facts["least"]} of them or newer`}.`,
    fix: (match) => [
      ...usePython(match, match.facts["least"]?.replace(/\.\d+$/, "") ?? "3.13"),
      "# the usual Python, without the t",
      ...(match.facts["least"] === undefined
        ? []
        : [`# or a free-threaded one of ${match.facts["least"]} or newer: uv python install --upgrade 3.13t`]),
      withoutCompiling(match),
    ],
    sources: ["pytorch/pytorch#143594", "pytorch/pytorch#149549"],
    examples: [
      {
        text: "RuntimeError: torch.compile is not supported on Python built with GIL disabled",
        expect: "without the t",
      },
      {
        text: "RuntimeError: torch.compile is not supported on Python < 3.13.3 built with GIL disabled. Please use Python 3.13.3+.",
        expect: "3.13.3",
      },
    ],
  },
  {
    id: "windows-too-old-for-compile",
    title: "This torch has no torch.compile on Windows",
    on: ["exception"],
    specificity: 84,
    matches: (finding) => saidAny(finding, /Windows not yet supported for torch\.compile/),
    confidence: "high",
    cause: () =>
      "torch.compile came to Windows with torch 2.5; what compiles there is cl.exe for the CPU, and for the GPU Triton, which others build for Windows (triton-windows).",
    fix: (match) => [
      installTorchSince(match, "2.6"),
      ...(torchIndex(match) === "cpu"
        ? []
        : [
            `${pip(match, "install -U triton-windows")}   # for the GPU; of torch's time: "triton-windows<3.3" for torch 2.6, <3.4 for 2.7, <3.5 for 2.8`,
          ]),
      "# then in the x64 Native Tools Command Prompt of Visual Studio, where cl.exe is on PATH",
      withoutCompiling(match),
    ],
    sources: ["pytorch/pytorch#122094", "pytorch/pytorch#138211", "https://github.com/woct0rdho/triton-windows"],
    examples: [
      {
        text: 'C:\\w> python train.py\nTraceback (most recent call last):\n  File "C:\\e\\lib\\site-packages\\torch\\_dynamo\\eval_frame.py", line 376, in check_if_dynamo_supported\n    raise RuntimeError("Windows not yet supported for torch.compile")\nRuntimeError: Windows not yet supported for torch.compile',
        expect: "triton-windows",
      },
    ],
  },
];
