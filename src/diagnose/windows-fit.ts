/**
 * The last look at a fix for Windows: its lines have to be ones that cmd.exe takes, and its Visual Studio that of the text.
 * It does not know whether a fix is right.
 */
import type { Match } from "./rule.ts";

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

/** A variable that is set, with a remark behind it: cmd.exe would take the remark for a part of the value. */
function withoutRemark(line: string): string[] {
  const parts = /^(set \w+=[^#]*?|for \/f .*?)\s+(# .*)$/.exec(line);
  return parts === null ? [line] : [parts[1] ?? "", parts[2] ?? ""];
}

const startsVisualStudio = /^(?:call )?"?[A-Z]:\\[^"]*\\vcvars\w*\.bat/;

/** Torch's builder stops in a prompt of Visual Studio without that variable (torch/utils/cpp_extension.py). */
function withSdk(lines: readonly string[]): string[] {
  if (lines.some((line) => line.includes("DISTUTILS_USE_SDK"))) return [...lines];
  return lines.flatMap((line) => (startsVisualStudio.test(line) ? [line, "set DISTUTILS_USE_SDK=1"] : [line]));
}

/** `which -a nvcc` behind another command. */
function withWhere(line: string): string {
  return line.startsWith("#")
    ? line
    : line.replace(
        /(?:; |^)which (?:-a )?(\w+)/,
        (all, name: string) => `${all.startsWith(";") ? " & " : ""}where ${name}`,
      );
}

/** Windows has no apt-get: the package, in the words of those who have one. */
function withoutApt(line: string): string[] {
  if (/^# Fedora, RHEL/.test(line)) return [];
  const names = /^sudo apt(?:-get)? install(?: -\S+)* (.+?)(?:\s+#.*)?$/.exec(line)?.[1];
  return names === undefined
    ? [line]
    : [`# the library that Debian calls ${names}: vcpkg, conda-forge, or its own installer`];
}

/** In PowerShell `set` sets no variable, and a batch file none of the shell's: these lines want cmd.exe. */
function inCmd(match: Match, lines: string[]): string[] {
  const wants = /^(?:set |for \/f |cd \/d |rmdir \/s|del \/s|where |dir \/s|"[A-Z]:\\[^"]*\.bat")|%[A-Z_]{3,}%/;
  return match.context.log.powershell && lines.some((line) => !line.startsWith("#") && wants.test(line))
    ? ["cmd   # what follows is for cmd.exe: PowerShell's set is another command", ...lines]
    : lines;
}

/** The lines of a fix as cmd.exe takes them. */
export function fittedForWindows(lines: readonly string[], match: Match): string[] {
  const { visualStudio } = match.context.log;
  const there = (line: string): string =>
    visualStudio === undefined || !startsVisualStudio.test(line)
      ? line
      : line.replace(
          /[A-Z]:\\Program Files(?: \(x86\))?\\Microsoft Visual Studio\\\d+\\\w+(?=\\VC\\Auxiliary)/,
          () => visualStudio,
        );
  return inCmd(
    match,
    withSdk(
      lines
        .map((line) => withWhere(there(fromCommand(forCmd(line)))))
        .flatMap(withoutApt)
        .flatMap(withoutRemark),
    ),
  );
}
