/**
 * A command of a fix as cmd.exe takes it, made from one that was written for a shell of Unix: variables, folders, filters of
 * output. What has no counterpart on Windows (packages of a distribution, LD_LIBRARY_PATH, devices) is left out. It does not
 * know Windows' own commands, which stay as they are.
 */
import { editByPowerShell } from "./powershell-edits.ts";

/** What is of Unix alone: its package managers, its loader, its devices and services. */
const unixOnly =
  /(?:^|[\s;&|])(?:sudo|apt-get|apt|apt-cache|dnf|yum|ldd|ldconfig|lscpu|ulimit|chmod|systemctl|readlink|df|patchelf|strings|nm|dmesg|xargs|awk|source|touch|ln|unzip|module|uname|fuser|modprobe|find \/|tail|cat|chown|dpkg|groups|hipconfig|gdb|valgrind|ls -\w+ (?!\/usr\/local\/cuda)|ls [$-]\S*) |^(?:sudo|ldconfig|ulimit|uname|date|groups)\b|\bwc -l|\$\(\(|\$\((?:dirname|seq|dpkg|id) |\$\(command|\/dev\/(?!null)|\/proc\/|\/etc\/|\bLD_(?:LIBRARY_PATH|PRELOAD)\b|\bpaste -s|\btr ['"]|\bgcc-\d|\bg\+\+-\d|^(?:gcc|g\+\+|c\+\+) |\bCC=gcc\b|^\. |\bxcode-select|\bbrew /;

/** Variables of gcc and of the linkers of Unix, and what Microsoft's tools read in their place. */
const renamed: Readonly<Record<string, string>> = {
  CPATH: "INCLUDE",
  CPLUS_INCLUDE_PATH: "INCLUDE",
  C_INCLUDE_PATH: "INCLUDE",
  LIBRARY_PATH: "LIB",
};

const toolkits = "C:\\Program Files\\NVIDIA GPU Computing Toolkit\\CUDA";

/** Folders that are elsewhere on Windows. Sources: torch/utils/cpp_extension.py (get_default_build_root), triton-windows' README. */
const folders: readonly (readonly [RegExp, string])[] = [
  [/~\/\.cache\/torch_extensions(?:\/\*)?/g, "%LOCALAPPDATA%\\torch_extensions"],
  [/\/tmp\/torchinductor_(?:\$USER|\$\(whoami\))/g, "%TEMP%\\torchinductor_%USERNAME%"],
  [/\/usr\/local\/cuda-(\d+\.\d+)/g, `${toolkits}\\v$1`],
  [/\/usr\/local\/cuda(?=[/\s:;]|$)/g, "%CUDA_PATH%"],
  [/(?<=[\s="]|^)(?:~|\$HOME)\//g, "%USERPROFILE%\\"],
  [/\/tmp\//g, "%TEMP%\\"],
];

/** The value of a variable, or a folder, in the words of Windows. */
function asValue(text: string): string {
  let value = text;
  for (const [form, there] of folders) value = value.replaceAll(form, there);
  value = value.replaceAll(/\$\{?([A-Z_]{2,40})\}?/g, "%$1%").replaceAll("%USER%", "%USERNAME%");
  return /%\w+%[\\/]|^[A-Z]:\\/.test(value) ? value.replaceAll(/(?<=[\w%\\])\/(?=[\w*.-])/g, "\\") : value;
}

/** The words of a command; what stands in quotes or in `$( )` stays whole. */
function wordsOf(text: string): string[] {
  const words: string[] = [];
  let word = "";
  let depth = 0;
  let quote = "";
  for (const character of text) {
    if (quote !== "") quote = character === quote ? "" : quote;
    else if (character === '"' || character === "'") quote = character;
    else if (character === "(") depth++;
    else if (character === ")") depth--;
    if (character === " " && quote === "" && depth === 0) {
      if (word !== "") words.push(word);
      word = "";
    } else word += character;
  }
  return word === "" ? words : [...words, word];
}

/** `export A=x B=y`: one line of `set` for each that says something on Windows. */
function exported(words: readonly string[]): string[] {
  return words.flatMap((word) => {
    const [, name = "", written = ""] = /^(\w+)=(.*)$/s.exec(word) ?? [];
    if (name === "" || /^(?:CC|CXX|CUDAHOSTCXX)$/.test(name)) return [];
    const variable = renamed[name] ?? name;
    const plain = written.replaceAll(/^["']|["']$/g, "");
    // A part that a command prints comes in front of what was there.
    const printed = /^\$\((.+)\)(?::\$\w+)?$/s.exec(plain)?.[1];
    if (printed !== undefined)
      return [
        `for /f "usebackq delims=" %i in (\`${printed}\`) do set ${variable}=%i${plain.endsWith(")") ? "" : `;%${variable}%`}`,
      ];
    const list = /PATH$|^INCLUDE$|^LIB$/.test(variable) ? plain.replaceAll(/(?<!^[A-Z]):(?=[$/~%])/g, ";") : plain;
    return [`set ${variable}=${asValue(list).replaceAll(`%${name}%`, `%${variable}%`)}`];
  });
}

/** A filter of output: `grep -i -E "a|b"` is `findstr /i "a b"`. */
function filtered(text: string): string {
  return text.replaceAll(
    /\| grep((?: -[a-zA-Z]+)*) ("[^"]*"|'[^']*'|\S+)/g,
    (_all, options: string, pattern: string) => {
      const plain = pattern.replaceAll(/^["']|["']$/g, "").replaceAll(/[\^$\\()]/g, "");
      const flags = `${options.includes("i") ? "/i " : ""}${options.includes("v") ? "/v " : ""}`;
      const words = plain.split("|");
      return `| findstr ${flags}${words.length === 1 && /^[\w.-]+$/.test(plain) ? plain : `"${words.join(" ")}"`}`;
    },
  );
}

/** What Git for Windows brings the programs for. */
const inGitBash = "# in Git Bash: ";

/** One command, without what follows it. */
function one(command: string): string[] {
  const text = command.trim();
  if (text.startsWith("export ")) return exported(wordsOf(text.slice(7)));
  const unset = /^unset ([\w ]+)$/.exec(text)?.[1];
  if (unset !== undefined) return unset.split(" ").map((name) => `set ${name}=`);
  if (/^ls -d \/usr\/local\/cuda/.test(text)) return [`dir "${toolkits}"`];
  const replaced = editByPowerShell(text);
  if (replaced !== undefined) return [replaced];
  if (/^sed -|^grep -|^for \w+ in /.test(text)) return [`${inGitBash}${text}`];
  const removed = /^rm -rf (.+)$/.exec(text)?.[1];
  if (removed !== undefined)
    return wordsOf(removed)
      .filter((folder) => !/^\*/.test(folder))
      .map(
        (folder) =>
          `rmdir /s /q ${asValue(folder)
            .replaceAll(/(?<=\w)\/(?=[\w*])/g, "\\")
            .replace(/\\\*.*$/, "")}`,
      );
  const searched = /^find \. -name ['"]?([\w.*+-]+)['"]?$/.exec(text)?.[1];
  if (searched !== undefined) return [`dir /s /b ${searched.replace(/\.so$/, ".pyd")}`];
  if (/^echo /.test(text)) return [asValue(text.replaceAll('"', "").replaceAll(" | ", ", "))];
  const said = wordsOf(text)
    .map((word) => (/^'[^'"]*'$/.test(word) ? `"${word.slice(1, -1)}"` : word))
    .map((word) => (/^(?:https?:|["'])/.test(word) || word.includes("$(") ? word : asValue(word)))
    .join(" ")
    .replaceAll(/\bwhich (?:-a )?/g, "where ")
    .replace(/^ls (?!-)/, "dir ")
    .replaceAll(/\bmkdir -p /g, "mkdir ")
    .replaceAll("2>/dev/null", "2>nul")
    .replaceAll(/ ?\| head(?: -n? ?\d+| -\d+)?/g, "");
  // A variable for one command.
  const [, name, value = "", rest = ""] = /^([A-Z_]{3,40})=([\w.:,/-]+) (.+)$/.exec(said) ?? [];
  if (name !== undefined) return [`set ${name}=${asValue(value)}`, ...one(rest)];
  return withFound(filtered(said));
}

/** What a command prints goes into a variable first. */
function withFound(command: string): string[] {
  const start = command.indexOf("$(");
  if (start < 0) return [command];
  let depth = 0;
  let end = start + 1;
  for (; end < command.length; end++) {
    if (command[end] === "(") depth++;
    if (command[end] === ")" && --depth === 0) break;
  }
  const whole = command.slice(start, end + 1);
  const inner = whole
    .slice(2, -1)
    .replace(/ -c '([^'"]*)'/, ' -c "$1"')
    .replace(/ -c '(.*)'$/, (_all, code: string) => ` -c "${code.replaceAll('"', "'")}"`)
    .replaceAll(" | ", " ^| ");
  return [
    `for /f "usebackq delims=" %i in (\`${inner}\`) do set FOUND=%i`,
    ...withFound(command.replaceAll(whole, "%FOUND%")).slice(-1),
  ];
}

/** What a remark wants exported, in cmd.exe's words. */
function remarkForCmd(line: string): string {
  return line
    .replaceAll(
      /(?<=^|[\s(:;])export ((?:[A-Z_]{2,40}=(?:"[^"]*"|[^\s";,()]+)(?: |$|(?=[;,)])))+)/g,
      (all, words: string) => {
        const made = exported(wordsOf(words.trim()));
        return made.length === 0 || words.includes("$(") ? all : `${made.join("& ")}${words.endsWith(" ") ? " " : ""}`;
      },
    )
    .replaceAll(/(?<=[\s(:;])unset ([A-Z_]{3,40})\b/g, "set $1=");
}

/** Commands that stand in one line, outside of quotes. */
function commandsOf(line: string): string[] {
  const parts: string[] = [];
  let part: string[] = [];
  for (const word of wordsOf(line)) {
    if (word === "&&" || word.endsWith(";")) {
      parts.push([...part, ...(word === "&&" ? [] : [word.slice(0, -1)])].join(" "));
      part = [];
    } else part.push(word);
  }
  return [...parts, part.join(" ")].filter((command) => command !== "");
}

/** Whether a line is written in the words of a shell of Unix. */
const ofUnix =
  /^export |^unset |\brm -rf |\| ?grep\b|\bwhich |\becho "?\[?\$|\$\(|\$[A-Z_]{3,}|^sed -i|^find |^grep |2>\/dev\/null|\| head\b|^[A-Z_]{3,40}=\S+ |\/usr\/local\/cuda|~\/|\s'|\bmkdir -p|^ls |git .*format='/;

/** The lines of a fix for cmd.exe, in place of those for a shell of Unix. */
export function inWordsOfCmd(lines: readonly string[]): string[] {
  const there = lines.flatMap((line) => {
    if (line.startsWith("#")) return [remarkForCmd(line)];
    const [, code = line, remark] = /^(.*?)\s{2,}(# .*)$/.exec(line) ?? [];
    const edited = code.startsWith("grep -rl") ? editByPowerShell(code) : undefined;
    if (edited !== undefined) return [remark === undefined ? edited : `${edited}   ${remark}`];
    if (unixOnly.test(code)) return [];
    if (/^(?:set|for|rmdir|dir|call|del|powershell) |^"?[A-Z]:\\/.test(code) && !code.includes("$("))
      return [/~\/|\/usr\/local/.test(code) ? asValue(line) : line];
    // Its whole value is what a command prints: `windows-fit.ts` knows it.
    if (!ofUnix.test(code) || /^set \w+=\$\(.*\)$/.test(code)) return [line];
    const made = commandsOf(code).flatMap(one);
    return made.length === 0 || remark === undefined
      ? made
      : [...made.slice(0, -1), `${made.at(-1) ?? ""}   ${remark}`];
  });
  const kept = [...new Set(there)];
  const says = kept.some((line) => !line.startsWith("#") || line.startsWith(inGitBash));
  return says
    ? kept
    : [
        ...kept,
        ...lines.filter((line) => !line.startsWith("#") && unixOnly.test(line)).map((line) => `# on Linux: ${line}`),
      ];
}
