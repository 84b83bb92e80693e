/**
 * The last look at a fix for Windows: its lines have to be ones that cmd.exe takes, and its Visual Studio that of the text.
 * It does not know whether a fix is right.
 */
import { withinPowerShell } from "./powershell-edits.ts";
import { inWordsOfPowerShell } from "./powershell-words.ts";
import type { Match } from "../rule.ts";
import { inWordsOfCmd } from "./windows-words.ts";

/** A variable for one command: cmd.exe has no such form. */
function forCmd(line: string): string {
  return line.replace(/^([A-Z_]{3,40})=([\w.:,-]+) (?=python|\S+python\S* |retorch |cmake )/, "set $1=$2&& ");
}

/** A variable of what a command prints. */
function fromCommand(line: string): string {
  return line.replace(
    /^set (\w+)=\$\((.+)\)(?=\s*$|\s+#)/,
    (_all, name: string, command: string) => `for /f "usebackq delims=" %i in (\`${command}\`) do set ${name}=%i`,
  );
}

/** A command with a remark behind it: cmd.exe knows no such remark and would hand its words to the command. */
function withoutRemark(line: string): string[] {
  if (line.startsWith("#")) return [line];
  let quoted = false;
  for (let at = 0; at < line.length; at++) {
    if (line[at] === '"') quoted = !quoted;
    else if (!quoted && at > 0 && line[at] === "#" && line[at - 1] === " " && line[at + 1] === " ")
      return [line.slice(0, at).trimEnd(), ...(line.slice(at) === "# again" ? [] : [line.slice(at)])];
  }
  return [line];
}

/** Programs of Windows read TEMP and TMP; Python does, too. */
function withTemp(line: string): string[] {
  const value = /^set TMPDIR=(.*)$/.exec(line)?.[1];
  return value === undefined ? [line.replaceAll("%TMPDIR%", "%TEMP%")] : [`set TEMP=${value}`, `set TMP=${value}`];
}

/** What is of cmd.exe alone. */
const ofCmd = /^(?:set \w+=|for \/f |rmdir \/s|dir \/s|del \/)|%[A-Z_]{3,}%|(?<!^\.\\[\w.-]{1,60})\.bat"?$/;

/**
 * In PowerShell `set` makes no variable of the environment, and a batch file cannot leave one behind: in its own words, or cmd.exe
 * first where a line has none.
 */
function fromPowerShell(lines: readonly string[]): string[] {
  const own = inWordsOfPowerShell(lines);
  if (own !== undefined) return own;
  return lines.some((line) => ofCmd.test(line))
    ? ["cmd", "# from PowerShell: what follows is for cmd.exe", ...lines]
    : lines.map((line) => withinPowerShell(line.replace(/^cd \/d (?=\S)/, "cd ")));
}

const startsVisualStudio = /^(?:call )?"?[A-Z]:\\[^"]*\\vcvars\w*\.bat/;

/** The usual place; in which year and edition it is there, no text of such a line knows. */
const usualVisualStudio =
  /^(?:call )?"C:\\Program Files\\Microsoft Visual Studio\\2022\\Community\\VC\\Auxiliary\\Build\\(?=vcvars64\.bat"(?! -)(?:\s|$))/;

/** The newest Visual Studio that is installed, of whatever year and edition. Source: github.com/microsoft/vswhere, its wiki. */
const anyVisualStudio = `for /f "usebackq delims=" %i in (\`"%ProgramFiles(x86)%\\Microsoft Visual Studio\\Installer\\vswhere.exe" -latest -products * -property installationPath\`) do call "%i\\VC\\Auxiliary\\Build\\`;

/** Where a fix has just put a Visual Studio 2022 beside the one of the text. */
const besideIt = "\\Microsoft Visual Studio\\2022\\BuildTools\\VC\\Auxiliary\\Build\\vcvarsall.bat";

/** Torch's builder stops in a prompt of Visual Studio without that variable (torch/utils/cpp_extension.py). */
function withSdk(lines: readonly string[]): string[] {
  if (lines.some((line) => line.includes("DISTUTILS_USE_SDK"))) return [...lines];
  return lines.flatMap((line) =>
    startsVisualStudio.test(line) || line.includes(anyVisualStudio) ? [line, "set DISTUTILS_USE_SDK=1"] : [line],
  );
}

/** The lines of a fix as cmd.exe takes them. */
export function fittedForWindows(lines: readonly string[], match: Match): string[] {
  const { visualStudio, powerShell } = match.context.log;
  const installs2022 = lines.some((line) => line.startsWith("winget install Microsoft.VisualStudio.2022.BuildTools"));
  const there = (line: string): string =>
    visualStudio === undefined
      ? line.replace(usualVisualStudio, () => anyVisualStudio)
      : startsVisualStudio.test(line) && !(installs2022 && line.includes(besideIt))
        ? line.replace(
            /[A-Z]:\\Program Files(?: \(x86\))?\\Microsoft Visual Studio\\\d+\\\w+(?=\\VC\\Auxiliary)/,
            () => visualStudio,
          )
        : line;
  const made = inWordsOfCmd(lines).map((line) => there(fromCommand(forCmd(line))));
  const fit = withSdk(made.flatMap(withoutRemark).flatMap(withTemp));
  return powerShell ? fromPowerShell(fit) : fit;
}
