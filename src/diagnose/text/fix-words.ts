/** A line of a fix, its command and the remark behind it, and whether a person has to fill something in before it can be run. */

/** The command of a line, and the remark behind it. */
export function parted(line: string): readonly [command: string, remark: string] {
  const [, command = line, remark = ""] = /^(.*?\S)\s{2,}(# .*)$/.exec(line) ?? [];
  return [command, remark];
}

/** What a person has to fill in: `<that folder>`, `/path/to/libtorch`, `…`; not what a header is named by. */
const toFillIn =
  /\bthe_(?:program|extension|package|module)\b|<[a-zA-Z](?:[^<>"'|&;=]|'s )*>|(?<![\w])\/path\/(?:to|of|with)\/|\bv?X\.Y\b|-X-Y\b|[<>]INSTALLED\b|…/;

/** Whether a line cannot be run before a person fills something in. */
export function isToFillIn(line: string): boolean {
  const [command] = parted(line);
  // In PowerShell's words single quotes stand within the double ones.
  const outside = command.startsWith("powershell ")
    ? command.replaceAll(/'[^']*'/g, "")
    : command.replaceAll(/"(?:[^"\\]|\\.)*"|'[^']*'/g, (quoted) => (quoted.startsWith("'") ? "" : quoted));
  return toFillIn.test(outside.replaceAll(/#include <[^>]*>/g, ""));
}

/** `export A=x B="y z"`: the names with their values; undefined for another command. */
export function exported(command: string): readonly (readonly [name: string, value: string])[] | undefined {
  // `export A=1; make`: what stands behind is no part of a value.
  if (!command.startsWith("export ") || /^export (?:[^"';]|"[^"]*"|'[^']*')*;/.test(command)) return undefined;
  const parts = [...command.slice(7).matchAll(/(\w+)=("(?:[^"\\]|\\.)*"|\$\((?:[^()]|\([^()]*\))*\)\S*|\S*)/g)];
  return parts.map(([, name = "", value = ""]) => [name, value] as const);
}
