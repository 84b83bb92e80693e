/** Words of YAML: an entry, a value between quotes, a text of several lines. It does not know what a file means by them. */

/** A command as an entry of a list. */
export function entry(text: string): string {
  return /^[\w./-](?:(?!: | #)[^\n])*$/.test(text) && !text.endsWith(":") ? text : `'${text.replaceAll("'", "''")}'`;
}

/** A value that has to stay a text: `"1"`, `"8.0;9.0"`. */
export function quoted(value: string): string {
  return `"${value.replaceAll("\\", "\\\\").replaceAll('"', String.raw`\"`)}"`;
}

/** `key: command` for one line, `key: |` for more. */
export function scalar(key: string, lines: readonly string[], indent: string): string[] {
  const [only = ""] = lines;
  return lines.length === 1 && entry(only) === only
    ? [`${indent}${key}: ${only}`]
    : [`${indent}${key}: |`, ...lines.map((line) => (line === "" ? "" : `${indent}  ${line}`))];
}
