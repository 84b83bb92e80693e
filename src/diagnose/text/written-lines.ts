/**
 * Output that somebody put into one line: JSON of a log collector, the `repr` of an exception or of bytes, a record of
 * logfmt. Gives back the lines that were there before. What they say is not known here.
 */

/** Fields that hold what a program printed. */
const fields = new Set(["log", "msg", "message", "text", "stderr", "stdout", "output", "error", "exception", "detail"]);
const logfmt = /(?:^|\s)(?:msg|message|error|err)="((?:[^"\\]|\\.){4,})"/;
/** A quoted string with a written line break in it. */
const written = /(?:^|[\s:=([{,])[bruf]{0,2}(["'])((?:(?!\1)[^\\]|\\.)*?\\n.*)$/s;
const escapes = /\\(?:u([\da-fA-F]{4})|x([\da-fA-F]{2})|([0-3][0-7]{2})|(.))/gs;

/** The lines that are written in one line, or undefined when it is an ordinary line. */
export function writtenLines(raw: string): readonly string[] | undefined {
  if (/^\s*\{\s*"/.test(raw) || (raw.includes('{"') && /=> \{"/.test(raw))) {
    const lines = ofJson(raw.slice(raw.indexOf("{")));
    if (lines !== undefined) return lines;
  }
  if (!raw.includes("\\n")) {
    const message = raw.includes('="') && /\blevel=/.test(raw) ? logfmt.exec(raw)?.[1] : undefined;
    return message === undefined ? undefined : unescaped(message).split("\n");
  }
  // `C:\new\name` has no line breaks.
  if (/(?:^|[^A-Za-z])[A-Za-z]:\\[^\\"']/.test(raw)) return undefined;
  const breaks = raw.split("\\n").length - 1;
  const match = written.exec(raw);
  if (match === null) return breaks < 3 ? undefined : unescaped(raw).split("\n");
  const before = raw.slice(0, raw.length - (match[2] ?? "").length).replace(/[bruf]{0,2}["']$/, "");
  if (breaks < 2 && !/^$|[:=] ?$|Error\($/.test(before)) return undefined;
  return [before, ...unescaped((match[2] ?? "").replace(/["'][)\]},\s]*$/, "")).split("\n")].filter(
    (line) => line !== "",
  );
}

function ofJson(raw: string): readonly string[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(raw);
  } catch {
    return undefined;
  }
  const found = new Set<string>();
  gather(value, 0, found);
  return found.size === 0 ? undefined : [...found].flatMap((text) => text.split("\n"));
}

function gather(value: unknown, depth: number, found: Set<string>): void {
  if (typeof value !== "object" || value === null || depth > 3) return;
  for (const [name, part] of Object.entries(value)) {
    if (typeof part === "string" && fields.has(name.toLowerCase())) found.add(part);
    else gather(part, depth + 1, found);
  }
}

const simple: Readonly<Record<string, string>> = { n: "\n", r: "", t: "\t", "0": "" };

function unescaped(text: string): string {
  let bytes: number[] = [];
  const flush = (): string => {
    const decoded = bytes.length === 0 ? "" : new TextDecoder().decode(Uint8Array.from(bytes));
    bytes = [];
    return decoded;
  };
  let result = "";
  let last = 0;
  for (const match of text.matchAll(escapes)) {
    if (match.index > last) result += flush() + text.slice(last, match.index);
    last = match.index + match[0].length;
    const [, unicode, hexadecimal, octal, letter] = match;
    if (hexadecimal !== undefined) bytes.push(Number.parseInt(hexadecimal, 16));
    else if (octal !== undefined) bytes.push(Number.parseInt(octal, 8));
    else if (unicode !== undefined) result += flush() + String.fromCharCode(Number.parseInt(unicode, 16));
    else result += flush() + (simple[letter ?? ""] ?? letter ?? "");
  }
  return result + flush() + text.slice(last);
}
