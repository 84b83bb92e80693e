/**
 * Commands of cmd.exe in PowerShell's words: variables of the environment, folders that are taken away, programs whose path is
 * quoted, several commands in a line. Of a batch file that sets variables, and of what a command prints into one (`for /f`), it
 * says that PowerShell cannot: there cmd.exe has to be started first.
 * Sources: about_Environment_Variables, about_Operators (the call operator) and about_Pipeline_Chain_Operators of PowerShell.
 */
import { withinPowerShell } from "./powershell-edits.ts";

/** The parts of a line between `&` and `&&`, outside of quotes. */
function commandsOf(line: string): string[] {
  const parts = [""];
  let quoted = false;
  for (let at = 0; at < line.length; at++) {
    const sign = line[at] ?? "";
    if (sign === '"') quoted = !quoted;
    if (!quoted && sign === "&" && line[at - 1] !== "^" && !/[<>]$/.test(parts.at(-1) ?? "")) {
      if (line[at + 1] === "&") at++;
      parts.push("");
    } else parts.push((parts.pop() ?? "") + sign);
  }
  return parts.map((part) => part.trim()).filter((part) => part !== "");
}

/** The value of a variable: what cmd.exe would put in its place is put there by PowerShell within double quotes. */
function valueOf(text: string): string {
  return text.includes("%") ? `"${withVariables(text)}"` : `'${text}'`;
}

function withVariables(text: string): string {
  return text
    .replaceAll("%CD%", "$PWD")
    .replaceAll(/%ProgramFiles\(x86\)%/gi, "${env:ProgramFiles(x86)}")
    .replaceAll(/%([A-Za-z_]\w*)%/g, "$${env:$1}");
}

/** What only cmd.exe does. */
const ofCmdAlone = /^(?:call |for |if )|\.bat\b|\^|%%|%\w(?!\w*%)|\|\|/;

function one(command: string): string | undefined {
  if (ofCmdAlone.test(command)) return undefined;
  const [, quoted, name = "", value = ""] = /^set (")?(\w+)=(.*?)"?$/.exec(command) ?? [];
  if (name !== "") {
    const given = quoted === undefined ? value.trimEnd() : value;
    return given === "" ? `Remove-Item Env:${name} -ErrorAction SilentlyContinue` : `$env:${name} = ${valueOf(given)}`;
  }
  if (command.startsWith("set ")) return undefined;
  const removed = /^rmdir \/s \/q (.+)$/.exec(command)?.[1] ?? /^del (?:\/\w )*(.+)$/.exec(command)?.[1];
  if (removed !== undefined) return `Remove-Item -Recurse -Force ${withVariables(removed)}`;
  if (/^dir \/s \/b (\S+)$/.test(command)) return command.replace(/^dir \/s \/b /, "Get-ChildItem -Recurse -Name ");
  if (/^(?:dir|del|rmdir|copy|move|type) .*\/\w/.test(command)) return undefined;
  const said = withVariables(
    command
      .replace(/^cd \/d (?=\S)/, "cd ")
      .replace(/^mkdir (?!-)/, "mkdir -Force ")
      .replace(/^where (?!\.)/, "where.exe ")
      .replaceAll("2>nul", "2>$null"),
  );
  // A path in quotes alone is a text, no program.
  return said.startsWith('"') ? `& ${said}` : said;
}

/** The line in PowerShell's words, as one or several; undefined where only cmd.exe does what it does. */
export function inPowerShell(line: string): string[] | undefined {
  // The same has been said in its words.
  if (/^# PowerShell: \$env:\w+ = "[^"]*"; it holds/.test(line)) return [];
  const remark = /^# (set \w+=\S.*?)(\s{2,}# .*)?$/.exec(line);
  if (remark !== null) return [`# ${one(remark[1] ?? "") ?? ""}${remark[2] ?? ""}`];
  if (line.startsWith("#") || line.startsWith("$") || line.startsWith("& ")) return [line];
  if (line.startsWith("powershell ")) return [withinPowerShell(line)];
  const made = commandsOf(line).map((command) => one(command));
  return made.every((command) => command !== undefined) ? made : undefined;
}
