/** What Windows does not do with a file: replace one that is loaded, take a long path, load more than memory holds. */
import { python } from "../commands/commands.ts";
import { commandAgain, failedCommand } from "../commands/failed-command.ts";
import { longPathsSwitch } from "../commands/short-paths.ts";
import { baseName } from "../parsers/parser.ts";
import { coded, type Match, type Rule, said, saidAny } from "../rule.ts";

/** The installation once more, in another environment: torch itself is none that a fix gives again elsewhere. */
function againIn(match: Match): readonly string[] {
  const typed = failedCommand(match);
  return commandAgain(match) ?? (typed?.kind === "pip" ? [typed.line] : []);
}

export const windowsFileRules: readonly Rule[] = [
  {
    id: "paging-file-too-small",
    title: "Windows has no memory left to load the DLL",
    on: ["load"],
    specificity: 76,
    matches: (finding) => coded(finding, "paging-file"),
    confidence: "high",
    cause: () =>
      "The paging file is too small: torch's CUDA DLLs are large, and several processes load them at once (DataLoader workers).",
    // PowerShell has no word for false and true that cmd.exe and PowerShell itself leave alone.
    fix: () => [
      `powershell -Command "Set-CimInstance -Query 'SELECT * FROM Win32_ComputerSystem' -Property @{AutomaticManagedPagefile=[bool]1}"   # as administrator: Windows sizes the paging file itself; then restart it, with space free on its disk`,
      "# fewer workers (num_workers=0 or 2), or a larger paging file by hand: System > Advanced > Performance > Virtual memory",
    ],
    sources: [
      "pytorch/pytorch#59904",
      "https://learn.microsoft.com/windows/win32/cimwin32prov/win32-computersystem",
      "https://techcommunity.microsoft.com/t5/ask-the-performance-team/managing-the-system-managed-page-file/ba-p/373854",
    ],
    examples: [
      {
        text: 'OSError: [WinError 1455] The paging file is too small for this operation to complete. Error loading "C:\\e\\torch\\lib\\cudnn_cnn_infer64_8.dll" or one of its dependencies.',
        expect: "workers",
      },
    ],
  },
  {
    id: "windows-file-in-use",
    title: "A running program holds the file",
    on: ["installer", "system", "exception"],
    specificity: 80,
    matches: (finding) =>
      saidAny(
        finding,
        /\[WinError (?:5|32)\][^'"]*['"](?<path>[^'"]+\.(?:dll|pyd|exe))['"]/,
        /could not delete ['"](?<path>[^'"]+\.(?:dll|pyd|exe))['"]: (?:Access is denied|Permission denied)/,
        /\[Errno 13\] Permission denied: ['"](?<path>[A-Za-z]:[^'"]+\.(?:dll|pyd|exe))['"]/,
        /(?<path>[A-Za-z]:[^'":]+\.(?:dll|pyd))['"]? .*(?:being used by another process|von einem anderen Prozess|另一个程序正在使用)/,
      ),
    // Access is denied (5) also to a file of an administrator; 32 is the one of a file in use.
    confidence: (match) =>
      /WinError 32|being used|正在使用|anderen Prozess/.test(match.finding.message) ? "high" : "medium",
    cause: (match) =>
      `Windows does not let a file be replaced that is loaded: a Python process (a notebook, an IDE, a server, a program that was not ended) has \`${baseName((match.facts["path"] ?? "").replaceAll("\\\\", "\\").replaceAll("\\", "/"))}\` open, or an antivirus program reads it.`,
    fix: (match) => [
      ...(/pip3?(?:\.\d+)?\.exe$/.test(match.facts["path"] ?? "")
        ? ["python -m pip install --upgrade pip   # pip.exe cannot replace itself while it runs"]
        : []),
      `tasklist /m ${baseName((match.facts["path"] ?? "").replaceAll("\\", "/"))}   # which process has it`,
      "# end those processes (notebook kernels, IDEs), then run the command again in a fresh prompt; what is half installed: pip install --force-reinstall --no-deps …",
    ],
    sources: ["https://learn.microsoft.com/windows-server/administration/windows-commands/tasklist"],
    examples: [
      {
        text: "ERROR: Could not install packages due to an OSError: [WinError 5] Access is denied: 'C:\\\\Users\\\\u\\\\anaconda3\\\\Lib\\\\site-packages\\\\torch\\\\lib\\\\asmjit.dll'",
        expect: "tasklist /m asmjit.dll",
      },
      {
        text: "error: could not delete 'build\\lib.win-amd64-cpython-310\\my_ext\\_C.cp310-win_amd64.pyd': Access is denied",
        expect: "tasklist",
      },
    ],
  },
  {
    id: "windows-long-paths",
    title: "A path is longer than Windows allows",
    on: ["installer", "exception", "system"],
    specificity: 88,
    matches: (finding) => {
      if (said(finding, /Windows Long Path support enabled/) !== undefined)
        return /[\\/]Temp[\\/]+pip-(?:install|unpack|req)-/i.test(`${finding.message} ${finding.text}`)
          ? { long: "yes" }
          : {};
      // What pip unpacks exists in the archive: a path that is not found is one that could not be made.
      const path = /No such file or directory: ['"]?([A-Za-z]:[^'"]{200,})/.exec(finding.message)?.[1];
      return path !== undefined &&
        /[\\/]pip-(?:install|unpack|req)-/.test(path) &&
        path.replaceAll("\\\\", "\\").length >= 240
        ? { long: "yes" }
        : undefined;
    },
    confidence: "high",
    cause: (match) =>
      match.facts["long"] !== undefined
        ? "The path of a file that pip unpacks has more than 260 characters, which Windows does not take unless long paths are switched on: the sources (composable_kernel, CUTLASS) have deep folders and long names, below a long temporary folder."
        : "torch has headers with very long names; below a deep folder (Python of the Microsoft Store, OneDrive) their paths exceed 260 characters.",
    fix: (match) => [
      ...(match.facts["long"] === undefined
        ? []
        : ["mkdir C:\\t", "set TEMP=C:\\t", "set TMP=C:\\t", "# a short temporary folder for this prompt"]),
      ...(match.facts["long"] === undefined
        ? [
            `${python(match)} -m venv C:\\v   # an environment in a short folder`,
            "C:\\v\\Scripts\\activate",
            ...againIn(match),
          ]
        : []),
      longPathsSwitch,
    ],
    sources: ["https://learn.microsoft.com/windows/win32/fileio/maximum-file-path-limitation"],
    examples: [
      {
        text: "ERROR: Could not install packages due to an OSError: [Errno 2] No such file or directory: 'C:\\\\Users\\\\u\\\\site-packages\\\\torch\\\\include\\\\ATen\\\\ops\\\\x_dispatch.h'\nHINT: This error might have occurred since this system does not have Windows Long Path support enabled.",
        expect: "LongPathsEnabled",
      },
      {
        text: "ERROR: Could not install packages due to an OSError: [Errno 2] No such file or directory: 'C:\\\\Users\\\\u\\\\AppData\\\\Local\\\\Temp\\\\pip-install-dd3b2nh_\\\\my-ops_5ee1304e1c7c474aafd5705a46dbb2f1\\\\csrc\\\\composable_kernel\\\\library\\\\include\\\\ck\\\\library\\\\tensor_operation_instance\\\\gpu\\\\grouped_conv_bwd_weight\\\\device_grouped_conv_bwd_weight_two_stage_xdl_instance.hpp'",
        expect: "set TEMP=",
      },
    ],
  },
];
