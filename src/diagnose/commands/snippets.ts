/**
 * What a remark of a fix wants written into a file, in the form in which it can be pasted there: one command of CMake a line, a
 * table of TOML above its keys, the target's name and the keyword style of the text. It does not know whether the commands are right.
 */
import type { LogFacts } from "../facts/log-facts.ts";

/** How a line of a fix begins that stands in a file as it is. */
export const pasted = "#     ";

/** Commands of CMake that remarks string together. */
const cmakeName = /^(?:find_package|find_library|target_\w+|add_library|set|set_property|if|endif|include)\s?\(/i;

/** The command at the head of a text, up to the parenthesis that closes it. */
function cmakeCommand(text: string): string | undefined {
  if (!cmakeName.test(text)) return undefined;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === "(") depth++;
    else if (text[at] === ")" && --depth === 0) return text.slice(0, at + 1);
  }
  return undefined;
}

/** Two commands of CMake or more that stand one behind the other in a remark, each in a line of its own. */
function cmakeLines(line: string): string[] | undefined {
  const start = /^# (?:[^()]*?: )/.exec(line)?.[0];
  if (start === undefined) return undefined;
  const commands: string[] = [];
  let rest = line.slice(start.length);
  for (;;) {
    const command = cmakeCommand(rest);
    if (command === undefined) break;
    commands.push(command);
    const after = rest.slice(command.length);
    const between = /^(?:,? and |,? then |, | )(?=\w+\s?\()/.exec(after)?.[0];
    rest = after.slice(between?.length ?? 0);
    if (between === undefined) break;
  }
  if (commands.length < 2) return undefined;
  const remark = rest.replace(/^[\s;,#]+/, "");
  return [
    start.trimEnd(),
    ...commands.map((command) => `${pasted}${command}`),
    ...(remark === "" ? [] : [`# ${remark}`]),
  ];
}

const tomlTable = /\[\[?[a-z][\w-]*(?:\.[\w-]+)*\]\]?(?= [\w<>.-]+ = )/;
const tomlPair = /^,? ?([\w<>.-]+ = (?:"[^"]*"|true|false|\{[^{}]*\}|\[(?:[^[\]{}]|\{[^{}]*\})*\]))/;

/** A table of TOML that stands before its keys in a remark: the header in a line of its own, and each key. */
function tomlLines(line: string): string[] | undefined {
  if (!/\.toml\b|pyproject|^# (?:or|and|safer)\b/.test(line)) return undefined;
  const table = tomlTable.exec(line);
  if (table === null) return undefined;
  const before = line.slice(0, table.index).trimEnd();
  let rest = line.slice(table.index + table[0].length);
  const pairs: string[] = [];
  for (let pair = tomlPair.exec(rest); pair !== null; pair = tomlPair.exec(rest)) {
    pairs.push(pair[1] ?? "");
    rest = rest.slice(pair[0].length);
  }
  if (pairs.length === 0) return undefined;
  const remark = rest.replace(/^[\s;,#]+/, "");
  const more = remark === "" ? [] : (tomlLines(`# ${remark}`) ?? [`# ${remark}`]);
  return [
    ...(before === "#" ? [] : [before.endsWith(":") ? before : `${before}:`]),
    ...[table[0], ...pairs].map((each) => `${pasted}${each}`),
    ...more,
  ];
}

const anyTarget = /\btarget_link_libraries\((?:the_module|the_target|my_ops|app|ops|ext) (?:(PRIVATE|PUBLIC) )?/g;

/** The target that CMake made a file of its build folder of: `add2` of `/w/build/libadd2.so`, `a` of `/w/build/a.cpython-310-….so`. */
function targetOfFile(file: string | undefined): string | undefined {
  const [, library, module] =
    /[\\/](?:cmake-)?build[\w-]*[\\/](?:[\w.-]+[\\/]){0,3}(?:lib([A-Za-z]\w*)\.(?:so|dylib)|([A-Za-z]\w*)\.cpython-[\w-]+\.so)$/.exec(
      file ?? "",
    ) ?? [];
  return library ?? module;
}

/** The target and the keyword of the text: CMake refuses both forms of target_link_libraries for one target. */
function named(line: string, { cmakeTarget, cmakeKeyword }: LogFacts, file: string | undefined): string {
  return line.replaceAll(anyTarget, (all: string, keyword: string | undefined) => {
    const target = cmakeTarget ?? targetOfFile(file) ?? /\((\S+)/.exec(all)?.[1] ?? "";
    const used = cmakeTarget === undefined || cmakeKeyword === undefined ? (keyword ?? "") : cmakeKeyword;
    return `target_link_libraries(${target} ${used === "" ? "" : `${used} `}`;
  });
}

/** A line of a fix in lines that can be pasted. The file is the one that the message is about. */
export function asPasted(line: string, log: LogFacts, file?: string): readonly string[] {
  if (!line.startsWith("#") || line.startsWith(pasted)) return [line];
  if (line.includes("[")) {
    const lines = tomlLines(line);
    if (lines !== undefined) return lines;
  }
  if (!line.includes("(")) return [line];
  const fit = line.includes("target_link_libraries(") ? named(line, log, file) : line;
  return cmakeLines(fit) ?? [fit];
}
