/** ninja, where it is not found or does not start; what ninja itself says is in ninja.ts. */
import { pip, platformOf, python } from "../commands/commands.ts";
import { missingProgram } from "../matchers.ts";
import { coded, type Match, type Rule, said } from "../rule.ts";
import { quote } from "../text/quote.ts";

const programsFolder = "os.path.dirname(sys.executable)";
const scriptsFolder = 'os.path.join(sys.prefix, "Scripts")';

/** On Windows: the folder of the environment that the traceback runs in, where its programs are. */
function environmentFolder({ finding, context }: Match): string | undefined {
  const frames = [finding, ...context.findings].flatMap((each) => each.frames ?? []);
  return frames
    .map((frame) => /^([A-Za-z]:[\\/].{1,200}?)[\\/]lib[\\/](?:site-packages[\\/]|\w+\.py)/i.exec(frame)?.[1])
    .find((folder) => folder !== undefined)
    ?.replaceAll("/", "\\");
}

/**
 * PyCharm and kernels of Jupyter start a program without the environment's folder of programs on PATH, whatever a terminal has there.
 * The program puts it there itself. Source: zhanghang1989/PyTorch-Encoding#167.
 */
function inEditor(match: Match): string[] | undefined {
  const { editorRun, inCell, notebook } = match.context.log;
  if ((inCell || notebook) && match.finding.kind !== "build-tool")
    return [
      notebook ? pip(match, "install ninja") : "%pip install ninja",
      `import os, sys; os.environ["PATH"] = ${platformOf(match) === "win32" ? scriptsFolder : programsFolder} + os.pathsep + os.environ["PATH"]   # a kernel has not the environment's programs on PATH, whatever a terminal has; then the cell again`,
    ];
  if (editorRun === undefined || match.finding.kind === "build-tool") return undefined;
  const windows = platformOf(match) === "win32";
  const folder = windows
    ? editorRun.interpreter.replace(/(?:[\\/]Scripts)?[\\/][^\\/]+$/i, "\\Scripts")
    : editorRun.interpreter.replace(/\/[^/]+$/, "");
  const programs = windows ? scriptsFolder : programsFolder;
  return [
    `${quote(editorRun.interpreter)} -m pip install ninja   # of the interpreter that PyCharm starts; installed there already: it says so`,
    `sed -i.bak '1i import os, sys; os.environ["PATH"] = ${programs} + os.pathsep + os.environ["PATH"]' ${quote(editorRun.program)}`,
    `# or leave the program as it is (and where it has a line from __future__, which has to be first): Run > Edit Configurations > Environment variables: PATH=${folder}${windows ? ";%PATH%" : ":$PATH"}, or start PyCharm from a terminal in which the environment is active`,
    "# then run it in PyCharm again",
  ];
}

export const missingNinjaRules: readonly Rule[] = [
  {
    id: "ninja-missing",
    title: "ninja is not installed or not on PATH",
    on: ["exception", "missing-program", "build-tool"],
    specificity: 75,
    matches: (finding) => {
      if (finding.kind === "missing-program") return missingProgram(finding, /^ninja(?:-build)?$/);
      if (finding.kind === "build-tool")
        return said(finding, /CMake was unable to find a build program corresponding to "Ninja|Could not detect Ninja/);
      if (finding.code === "no-ninja" || finding.code === "ninja") return {};
      return said(finding, /Ninja is required to load C\+\+ extensions/i);
    },
    confidence: "high",
    cause: ({ finding }) =>
      `${finding.kind === "build-tool" ? `${/CMake/.test(finding.text) ? "CMake is told to write its build for ninja" : "Meson builds with ninja"}, and none` : "torch builds JIT extensions with ninja, and no `ninja`"} is found: it is not installed in this environment, or the environment's bin folder is not on PATH (Jupyter kernels, IDEs and services often start Python without it).`,
    fix: (match) =>
      inEditor(match) ?? [
        pip(match, "install ninja"),
        ...(platformOf(match) === "win32"
          ? match.context.log.embeddedFolder === undefined
            ? environmentFolder(match) === undefined
              ? []
              : [`set PATH=${environmentFolder(match) ?? ""}\\Scripts;%PATH%   # installed, but not on PATH`]
            : [
                `set PATH=${match.context.log.embeddedFolder}\\Scripts;%PATH%   # an embeddable Python has its Scripts not on PATH; start the program from this prompt`,
              ]
          : [
              `export PATH="$(dirname "$(${python(match)} -c 'import sys; print(sys.executable)')"):$PATH"   # installed, but not on PATH`,
            ]),
        match.finding.kind === "build-tool"
          ? "# a build folder that was configured with another ninja has to go: its cache names the old one"
          : "# or build ahead of time with retorch build, which needs no ninja",
      ],
    sources: ["zhanghang1989/PyTorch-Encoding#167", "pytorch/pytorch#26798", "pytorch/pytorch#147698"],
    examples: [
      { text: "RuntimeError: Ninja is required to load C++ extensions", expect: "install ninja" },
      {
        text: "/home/jo/.conda/envs/t/bin/python /home/jo/PycharmProjects/nets/train.py --epochs 3\nRuntimeError: Ninja is required to load C++ extensions\n\nProcess finished with exit code 1",
        expect: 'os.environ["PATH"]\' /home/jo/PycharmProjects/nets/train.py',
      },
      {
        text: 'C:\\envs\\t\\python.exe C:\\Users\\jo\\nets\\train.py\n  File "C:\\envs\\t\\lib\\site-packages\\torch\\utils\\cpp_extension.py", line 895, in verify_ninja_availability\nRuntimeError: Ninja is required to load C++ extensions\n\nProcess finished with exit code 1',
        expect: "PATH=C:\\envs\\t\\Scripts;%PATH%",
      },
      {
        text: "Cell In[4], line 1\nFile ~/e/lib/python3.9/site-packages/torch/utils/cpp_extension.py:1697, in verify_ninja_availability()\nRuntimeError: Ninja is required to load C++ extensions",
        expect: "%pip install ninja\nimport os, sys; ",
      },
      {
        text: 'PS D:\\sg> & C:/Users/jo/envs/sg/python.exe d:/sg/train.py\n  File "C:\\Users\\jo\\envs\\sg\\lib\\site-packages\\torch\\utils\\cpp_extension.py", line 1697, in verify_ninja_availability\nRuntimeError: Ninja is required to load C++ extensions',
        expect: "C:\\Users\\jo\\envs\\sg\\Scripts;",
      },
      { text: "../meson.build:1:0: ERROR: Could not detect Ninja v1.8.2 or newer", expect: "Meson builds with ninja" },
      { text: "RuntimeError: Ninja is required to load C++ extensions (pip install ninja to get it)", expect: "PATH" },
      { text: "FileNotFoundError: [Errno 2] No such file or directory: 'ninja': 'ninja'", expect: "install ninja" },
      {
        text: 'File "D:\\ComfyUI_windows_portable\\python_embeded\\Lib\\site-packages\\torch\\utils\\cpp_extension.py", line 1832, in verify_ninja_availability\nRuntimeError: Ninja is required to load C++ extensions',
        expect: "python_embeded\\Scripts;%PATH%",
      },
    ],
  },
  {
    id: "ninja-launcher-broken",
    title: "A `ninja` is found whose own Python does not have it",
    on: ["exception"],
    specificity: 85,
    matches: (finding) => {
      if (!/No module named ['"]?ninja/.test(finding.message)) return undefined;
      const launcher = finding.frames?.find((frame) =>
        /[\\/](?:Scripts|bin)[\\/]ninja(?:\.exe)?(?:[\\/]__main__\.py)?:\d/.test(frame),
      );
      if (launcher === undefined || /pip-build-env|builds-v0/.test(launcher)) return undefined;
      return {
        launcher: launcher.replace(/(?:[\\/]__main__\.py)?:\d.*$/, ""),
        python: finding.frames?.find((frame) => /runpy\.py:/.test(frame))?.replace(/[\\/](?:lib|Lib)[\\/].*$/, ""),
      };
    },
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["launcher"] ?? "ninja"}\` is a small starter that runs a Python${match.facts["python"] === undefined ? "" : ` (of \`${match.facts["python"]}\`)`} which has no package ninja: it was copied from, or is of, another environment than the active one. torch calls \`ninja --version\`, that fails, and torch says that ninja is missing.`,
    fix: (match) => [
      `${python(match)} -m pip install --force-reinstall --no-cache-dir ninja   # writes the starter anew, for this Python`,
      platformOf(match) === "win32"
        ? "where ninja & ninja --version"
        : "which -a ninja; ninja --version   # the environment's one has to come first on PATH",
    ],
    sources: ["Megvii-BaseDetection/YOLOX#1454"],
    examples: [
      {
        text: 'Traceback (most recent call last):\n  File "D:\\c\\envs\\a\\lib\\runpy.py", line 85, in _run_code\n    exec(code, run_globals)\n  File "D:\\c\\envs\\b\\Scripts\\ninja.exe\\__main__.py", line 4, in <module>\nModuleNotFoundError: No module named \'ninja\'',
        expect: "--force-reinstall",
      },
      {
        text: "Traceback (most recent call last):\n  File \"/home/u/.local/bin/ninja\", line 5, in <module>\n    from ninja import ninja\nModuleNotFoundError: No module named 'ninja'",
        expect: "which -a ninja",
      },
    ],
  },
  {
    id: "ninja-fallback",
    title: "Without ninja the build is slow",
    on: ["warning"],
    role: "advice",
    specificity: 45,
    matches: (finding) =>
      said(finding, /Attempted to use ninja as the BuildExtension backend but we could not find ninja/) ??
      coded(finding, "no-ninja"),
    confidence: "medium",
    cause: () =>
      "BuildExtension found no ninja and compiles the files one after the other with distutils. That is slow (and compiles all of them every time), but it is a warning.",
    fix: (match) => [pip(match, "install ninja")],
    sources: ["hbb1/diff-surfel-rasterization#31"],
    examples: [
      {
        text: "UserWarning: Attempted to use ninja as the BuildExtension backend but we could not find ninja.. Falling back to using the slow distutils backend.",
        expect: "install ninja",
      },
    ],
  },
];
