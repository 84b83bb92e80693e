/**
 * The lines of a fix for cmd.exe in PowerShell's own words, where each of them has a counterpart there: variables, folders, what a
 * command prints, the prompt of Visual Studio. A batch file leaves no variables behind in PowerShell: what it has set is read from a
 * cmd.exe that ran it. Of a line that it does not know it says nothing, and the whole fix stays cmd.exe's.
 * Sources: about_Environment_Variables, about_Quoting_Rules and about_Parsing of PowerShell; learn.microsoft.com, "Use the
 * Microsoft C++ toolset from the command line".
 */
import { withinPowerShell } from "./powershell-edits.ts";

/** `%A%` in the words of PowerShell. */
function variablesOf(text: string): string {
  return (
    text
      .replaceAll("%ProgramFiles(x86)%", "${env:ProgramFiles(x86)}")
      // cmd.exe's own word for the folder at hand, which is no variable of the environment.
      .replaceAll("%CD%", "$PWD")
      .replaceAll(/%([A-Za-z_]\w*)%(?=\w)/g, "$${env:$1}")
      .replaceAll(/%([A-Za-z_]\w*)%/g, "$$env:$1")
  );
}

/** The value of a variable, as a string of PowerShell. */
function stringOf(value: string): string | undefined {
  return /[`$"']/.test(value) ? undefined : `"${variablesOf(value)}"`;
}

/** What the shells of Windows call alike and mean otherwise. */
const otherName: readonly (readonly [RegExp, string])[] = [
  [/(^|\| )where (?=\S)/g, "$1where.exe "],
  [/(^|\| )curl (?=\S)/g, "$1curl.exe "],
  [/>nul\b/gi, ">$null"],
];

/** What only cmd.exe takes: blocks, its escape, its own programs without a counterpart of the same form. */
const ofCmdAlone = /&|\^|^(?:if|for|call|mklink|start|assoc|type|copy|move|ren|xcopy)\b|[`{}@]|%/i;

/** A command that is no word of the shell itself. */
function command(text: string): string | undefined {
  const named = /^"[^"]+"/.test(text) ? `& ${text}` : text;
  let said = variablesOf(named);
  for (const [form, there] of otherName) said = said.replaceAll(form, there);
  const outside = said.replaceAll(/"[^"]*"/g, '""');
  if (ofCmdAlone.test(outside.replace(/^& /, "")) || /[();']/.test(outside.replaceAll(/\$\{env:[\w()]+\}/g, "")))
    return undefined;
  // The strings of Python's code hold nothing that PowerShell would put in.
  if ((said.match(/"/g)?.length ?? 0) % 2 !== 0 || /\\"/.test(said) || /`/.test(said)) return undefined;
  if (/\$(?!env:|\{env:|null\b|PWD\b)/.test(said)) return undefined;
  // A bare comma makes a list.
  return said.replaceAll(/(?<=^|\s)(?!\$|")([\w.=-]+(?:,[\w.=-]+)+)(?=\s|$)/g, '"$1"');
}

/** Runs a batch file of Visual Studio and takes over what it has set. */
function variablesOfBatch(batch: string): string {
  return `cmd /c ${batch} | ForEach-Object { if ($_ -match '^(\\w+)=(.*)$') { Set-Item "Env:$($Matches[1])" $Matches[2] } }`;
}

const lookedUp =
  /^for \/f "usebackq delims=" %i in \(`"(%ProgramFiles\(x86\)%[^"]+vswhere\.exe)" ([^`]+)`\) do call "%i(\\[^"]+\.bat)"((?: [\w.=-]+)*)$/;
const printed = /^for \/f "usebackq delims=" %i in \(`(.+)`\) do set (\w+)=%i(;%\w+%)?$/;

/** A line without a remark behind it; undefined where PowerShell has no such line. */
function one(line: string): readonly string[] | undefined {
  if (line.startsWith("#"))
    return [
      line
        .replaceAll(/(?<=[\s:(])set ([A-Z_]{2,40})=([\w.:;\\+-]*)/g, (_all, name: string, value: string) =>
          value === "" ? `$env:${name} = $null` : `$env:${name} = "${value}"`,
        )
        .replace(/^# in a new cmd\b/, "# in a new PowerShell"),
    ];
  // A word that the reader has to put in: the whole line becomes a remark.
  if (/<[a-z][^>]*>/.test(line) && !line.startsWith("powershell ")) return [line.replaceAll(" && ", "; ")];
  const found = lookedUp.exec(line);
  if (found !== null) {
    const [, vswhere = "", asked = "", batch = "", words = ""] = found;
    return [`$vs = & "${variablesOf(vswhere)}" ${asked}`, variablesOfBatch(`"\`"$vs${batch}\`"${words} && set"`)];
  }
  const own = /^(?:call )?("[A-Z]:\\[^"']*\\vc\w+\.bat"(?: [\w.=-]+)*)$/i.exec(line)?.[1];
  if (own !== undefined) return [variablesOfBatch(`'${own} && set'`)];
  const value = printed.exec(line);
  if (value !== null) {
    const [, asked = "", name = "", before] = value;
    const given = command(asked.replaceAll("^|", "|"));
    if (given === undefined) return undefined;
    return [`$env:${name} = ${before === undefined ? given : `"$(${given})${variablesOf(before)}"`}`];
  }
  if (line.startsWith("for ")) return undefined;
  const set = /^set (\w+)=([^&]*)$/.exec(line);
  if (set !== null) {
    const [, name = "", text = ""] = set;
    if (text === "") return [`$env:${name} = $null`];
    const string = stringOf(text);
    return string === undefined ? undefined : [`$env:${name} = ${string}`];
  }
  const guarded = /^if not exist ("[^"]+"|\S+) (.+)$/.exec(line);
  if (guarded !== null) {
    const [, path = "", then = ""] = guarded;
    const said = one(then);
    return said === undefined ? undefined : [`if (-not (Test-Path ${variablesOf(path)})) { ${said.join("; ")} }`];
  }
  if (/^set \w+=/.test(line) || / &&? /.test(line.replaceAll(/"[^"]*"/g, ""))) {
    const parts = line.split(/ ?&&? (?=(?:[^"]*"[^"]*")*[^"]*$)/);
    const said = parts.length === 1 ? [undefined] : parts.map((part) => one(part));
    return said.every((each) => each !== undefined) ? said.flat() : undefined;
  }
  const removed = /^rmdir \/s \/q ("[^"]+"|[^\s"]+)$/.exec(line)?.[1];
  if (removed !== undefined) return [`Remove-Item -Recurse -Force ${variablesOf(removed)}`];
  const made = /^mkdir ("[^"]+"|[^\s"]+)$/.exec(line)?.[1];
  if (made !== undefined) return [`mkdir -Force ${variablesOf(made)}`];
  const deleted = /^del (?:\/\w )*("[^"]+"|[^\s"]+)$/.exec(line)?.[1];
  if (deleted !== undefined) return [`Remove-Item ${variablesOf(deleted)}`];
  const listed = /^dir \/s \/b (\S+)( \| findstr (?:\/i )?\S+)?$/.exec(line);
  if (listed !== null) return [`Get-ChildItem -Recurse -Name ${listed[1] ?? ""}${listed[2] ?? ""}`];
  if (/^dir \//.test(line)) return undefined;
  const echoed = /^echo ([^"'`$^&]+)$/.exec(line)?.[1];
  if (echoed !== undefined) return [`echo "${variablesOf(echoed)}"`];
  const edit = withinPowerShell(line);
  if (edit !== line) return [edit];
  const given = command(line.replace(/^cd \/d (?=\S)/, "cd "));
  return given === undefined ? undefined : [given];
}

/** The lines in PowerShell's words; undefined where one of them has none there. */
export function inWordsOfPowerShell(lines: readonly string[]): string[] | undefined {
  const said: string[] = [];
  for (const line of lines) {
    const made = one(line);
    if (made === undefined) return undefined;
    said.push(...made);
  }
  return said;
}
