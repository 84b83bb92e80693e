/**
 * Commands that are written for another shell than the one that they were given to: a manual's words for bash in cmd.exe or
 * PowerShell. What the command itself would have done is not judged here.
 * Sources: learn.microsoft.com, "Windows Commands" (set, where, rmdir), about_Environment_Variables and
 * about_Pipeline_Chain_Operators (PowerShell 7 has &&).
 */
import { own } from "../../base/own.ts";
import { commandAgain } from "../commands/failed-command.ts";
import { setVariable, unsetVariable } from "../commands/commands.ts";
import type { Finding } from "../finding.ts";
import type { Match, MatchFacts, Rule, RuleContext } from "../rule.ts";

/** What cmd.exe has for words of Linux's shells. */
const words: Readonly<Record<string, string>> = {
  export: "set NAME=value",
  source: "call <environment>\\Scripts\\activate.bat",
  unset: "set NAME=",
  which: "where",
  ls: "dir",
  rm: "del (files), rmdir /s /q (folders)",
  cp: "copy",
  mv: "move",
  cat: "type",
  ln: "mklink",
  touch: "type nul > file",
  chmod: "nothing: Windows needs no such mark",
  sudo: "a prompt that was started as administrator",
  nproc: "echo %NUMBER_OF_PROCESSORS%",
  grep: "findstr",
  sed: "powershell -Command with -replace",
  uname: "ver",
  ".": "nothing: python script.py, or name.bat; a script .sh runs in Git Bash",
};

/** How cmd.exe and PowerShell say it. */
const ofWindows =
  /not recognized as|不是内部或外部|不是內部或外部|ist entweder falsch geschrieben|pas reconnu|no se reconoce|não é reconhecido|non è riconosciuto|не является внутренней|内部コマンド|내부 또는 외부|无法将|Die Benennung|El término|用語/;

/** Tools of other systems that no package of Windows brings. */
const managers = /^(?:apt|apt-get|apt-cache|yum|dnf|pacman|apk|zypper|brew|dpkg|rpm|ldconfig|update-alternatives)$/;

/** What a path of a Linux manual is on Windows; undefined where that cannot be told. */
function windowsValue(name: string | undefined, value: string): string | undefined {
  const release = /^\/usr\/local\/cuda-(\d+\.\d+)\/?$/.exec(value)?.[1];
  return release !== undefined && /^CUDA_(?:HOME|PATH)$/.test(name ?? "")
    ? `C:\\Program Files\\NVIDIA GPU Computing Toolkit\\CUDA\\v${release}`
    : undefined;
}

function ofOtherShell(finding: Finding, context: RuleContext): MatchFacts | undefined {
  const { log } = context;
  const program = finding.program ?? "";
  if (program === "&&" || program === "||") return { word: program };
  if (log.platform !== "win32" && !ofWindows.test(finding.text)) return undefined;
  const [, name, value] = /^([A-Z_][A-Z\d_]*)=(\S*)$/.exec(program) ?? [];
  if (name !== undefined) return { word: program, name, value: value ?? "" };
  const inFront = log.commandVariables?.find(([variable]) => variable === program);
  if (inFront !== undefined) return { word: `${program}=${inFront[1]}`, name: program, value: inFront[1] };
  if (managers.test(program)) return { word: program, manager: "yes" };
  if (own(words, program) === undefined) return undefined;
  const typed = log.foreignSetting;
  return program === "export" && typed !== undefined
    ? { word: program, name: typed[0], value: typed[1] }
    : { word: program };
}

/** The command that was given, with `&&` handed to a shell that has it. */
function byCmd(match: Match): string[] {
  const lines = commandAgain(match) ?? [];
  return lines.length === 0
    ? [
        '# a command on each line, or in cmd.exe: cmd /c "first && second"; PowerShell 7 (winget install Microsoft.PowerShell) has &&, too',
      ]
    : [
        `cmd /c "${lines.join(" && ").replaceAll('"', '\\"')}"`,
        "# or a command on each line; PowerShell 7 (winget install Microsoft.PowerShell) has &&, too",
      ];
}

export const otherShellRules: readonly Rule[] = [
  {
    id: "command-of-another-shell",
    title: "The command is written for another shell",
    on: ["missing-program"],
    specificity: 72,
    matches: ofOtherShell,
    confidence: "high",
    cause: (match) => {
      const { word = "", name, manager } = match.facts;
      if (word === "&&" || word === "||")
        return `Windows PowerShell 5 does not know \`${word}\` between two commands: cmd.exe, bash and PowerShell 7 do. Nothing of the line was run.`;
      if (manager !== undefined)
        return `\`${word}\` is a tool of another system (Linux, macOS), and this is a prompt of Windows.`;
      return name !== undefined && word !== "export"
        ? `\`${word}\` in front of a command sets a variable for it in bash; cmd.exe and PowerShell take it for the name of a program.`
        : `\`${word}\` is a word of Linux's shells; cmd.exe and PowerShell do not have it.`;
    },
    fix: (match) => {
      const { word = "", name, value = "", manager } = match.facts;
      if (word === "&&" || word === "||") return byCmd(match);
      if (manager !== undefined)
        return [
          "# on Windows: winget install <package>, conda install -c conda-forge <package>, or the installer of the tool",
          "wsl --install   # for a project that is made for Linux alone: Ubuntu in Windows, where the same commands work (after a restart, in its window)",
        ];
      const elsewhere = /[/$~]/.test(value) ? windowsValue(name, value) : value;
      if (name !== undefined && elsewhere === undefined)
        return [
          `# set ${name}=…   with the path as Windows has it: \`${value}\` is one of Linux`,
          `# PowerShell: $env:${name} = "…"; it holds until the window is closed. Then the command itself`,
        ];
      if (name !== undefined && elsewhere !== value)
        return [
          setVariable(match, name, elsewhere ?? ""),
          `# PowerShell: $env:${name} = "${elsewhere ?? ""}"; \`${value}\` is a path of Linux`,
        ];
      if (name !== undefined)
        return [
          setVariable(match, name, value),
          `# PowerShell: $env:${name} = "${value}"; it holds until the window is closed. Then the command itself`,
        ];
      if (word === "unset") return [`# ${unsetVariable(match, "NAME")}   (PowerShell: Remove-Item Env:NAME)`];
      return [
        `# ${word} → ${own(words, word) ?? ""}${word === "export" ? ' (PowerShell: $env:NAME = "value")' : word === "source" ? " (PowerShell: <environment>\\Scripts\\Activate.ps1; conda: conda activate <environment>)" : ""}`,
        '# a whole script of such commands: Git Bash ("C:\\Program Files\\Git\\bin\\bash.exe" script.sh), or WSL',
      ];
    },
    sources: [
      "https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_pipeline_chain_operators",
      "https://learn.microsoft.com/windows-server/administration/windows-commands/set_1",
      "https://learn.microsoft.com/windows/wsl/install",
    ],
    examples: [
      {
        text: "PS D:\\sam> cd pointops && python setup.py install\nThe token '&&' is not a valid statement separator in this version.",
        expect: 'cmd /c "cd /d D:\\sam\\pointops && python setup.py install"',
      },
      {
        text: "(base) C:\\gs>export TORCH_CUDA_ARCH_LIST=\"8.6\"\n'export' is not recognized as an internal or external command,\noperable program or batch file.",
        expect: "set TORCH_CUDA_ARCH_LIST=8.6",
      },
      {
        text: "PS C:\\fa> MAX_JOBS=4 pip install flash-attn --no-build-isolation\nMAX_JOBS=4 : The term 'MAX_JOBS=4' is not recognized as the name of a cmdlet, function, script file, or operable program.",
        expect: "$env:MAX_JOBS = '4'",
      },
      {
        text: "C:\\p>MAX_JOBS=4 pip install flash-attn --no-build-isolation\n'MAX_JOBS' is not recognized as an internal or external command,",
        expect: "in front of a command sets a variable",
      },
      {
        text: "PS C:\\p> sudo apt-get install ninja-build\nsudo : The term 'sudo' is not recognized as the name of a cmdlet, function, script file, or operable program.",
        expect: "started as administrator",
      },
      {
        text: "PS C:\\p> export CUDA_HOME=/usr/local/cuda-12.1\nexport : The term 'export' is not recognized as the name of a cmdlet, function, script file, or operable program.",
        expect: "CUDA\\v12.1",
      },
      {
        text: "C:\\p>apt-get install ninja-build\n'apt-get' is not recognized as an internal or external command,",
        expect: "wsl --install",
      },
    ],
  },
  {
    id: "msvc-words-for-mingw",
    title: "Options for Visual C++ are given to MinGW",
    on: ["link"],
    specificity: 86,
    matches: (finding, { log, findings }) =>
      /(?:cannot find|No such file or directory:? '?|linker input file not found).*\/(?:SUBSYSTEM|ENTRY|DLL|MANIFEST|INCREMENTAL|LIBPATH|NODEFAULTLIB|EXPORT|EHsc|MDd?|std:c\+\+|bigobj|permissive-|Zc)\b/i.test(
        `${finding.message} ${finding.text}`,
      ) &&
      (log.mingw || findings.some(({ text }) => /mingw/i.test(text)))
        ? {
            what: /\/(?:\w+)(?=[:\s]|$)/.exec(
              /\/(?:SUBSYSTEM|ENTRY|DLL|MANIFEST|INCREMENTAL|LIBPATH|NODEFAULTLIB|EXPORT|EHsc|MDd?|std|bigobj|permissive|Zc).*$/i.exec(
                finding.text,
              )?.[0] ?? "",
            )?.[0],
          }
        : undefined,
    confidence: "high",
    cause: (match) =>
      `The build has options of Visual C++ (\`${match.facts["what"] ?? "/…"}\`), and MinGW's gcc and ld take them for files: CMake or the build found MinGW (Strawberry Perl's, MSYS2's, Anaconda's) before cl.exe. torch for Windows is built with Visual C++, and nothing that MinGW compiles links with its C++ libraries.`,
    fix: () => [
      "# in a new cmd, not in MSYS2's or Git's window:",
      'call "C:\\Program Files\\Microsoft Visual Studio\\2022\\Community\\VC\\Auxiliary\\Build\\vcvars64.bat"',
      "set CC=cl& set CXX=cl& set DISTUTILS_USE_SDK=1",
      "where cl   # then with an empty build folder: cmake -S . -B build -G Ninja, or the same command again",
    ],
    sources: ["liblava/liblava#101", "https://docs.pytorch.org/docs/stable/notes/windows.html"],
    examples: [
      {
        text: "C:/msys64/mingw64/bin/../lib/gcc/x86_64-w64-mingw32/12.2.0/../../../../x86_64-w64-mingw32/bin/ld.exe: cannot find /SUBSYSTEM:WINDOWS: No such file or directory\ncollect2.exe: error: ld returned 1 exit status",
        expect: "set CC=cl",
      },
    ],
  },
  {
    id: "gcc-library-for-msvc",
    title: "A library of gcc's is given to Microsoft's linker",
    on: ["missing-library"],
    specificity: 84,
    matches: (finding, context) => {
      const name = /^(?<name>stdc\+\+|gomp|m|pthread|dl|rt|gcc|gcc_s|c|stdc\+\+fs|util|crypt|atomic)\.lib$/.exec(
        finding.library ?? "",
      )?.groups?.["name"];
      return name !== undefined && (finding.tool === "msvc" || context.log.platform === "win32") ? { name } : undefined;
    },
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}.lib\` exists nowhere: -l${match.facts["name"] ?? ""} is for gcc on Linux. Visual C++ links its own C and C++ library by itself${match.facts["name"] === "gomp" ? ", and OpenMP comes with /openmp" : ""}.`,
    fix: (match) => [
      `powershell -Command "Get-ChildItem -Recurse -Include setup.py,CMakeLists.txt,*.toml | ForEach-Object { $f = $_.FullName; $t = Get-Content $f -Raw; $n = $t -creplace '(,\\s*)?[\\x22\\x27](-l)?${(match.facts["name"] ?? "").replaceAll("+", "\\+")}[\\x22\\x27](\\s*,(?=\\s*[\\x22\\x27]))?',''; if ($n -cne $t) { Set-Content $f $n -NoNewline; $f } }"   # in the folder of the sources: takes '${match.facts["name"] ?? ""}' and '-l${match.facts["name"] ?? ""}' out of libraries and extra_link_args`,
      ...(match.facts["name"] === "gomp" ? ["set CL=/openmp"] : []),
      "# a package that pip fetches by itself: pip download --no-binary :all: --no-deps <package>, unpack it and build there; or a release for Windows",
    ],
    sources: ["ggml-org/ggml#365", "https://learn.microsoft.com/cpp/c-runtime-library/crt-library-features"],
    examples: [
      {
        text: "LINK : fatal error LNK1181: cannot open input file 'stdc++.lib'",
        expect: "-lstdc++ is for gcc",
      },
      { text: "LINK : fatal error LNK1104: cannot open file 'pthread.lib'", expect: "exists nowhere" },
    ],
  },
];
