/**
 * The list of files that a wheel carries, `RECORD`: paths, digests and sizes.
 *
 * Layout: Python Packaging User Guide, "Recording installed projects", The RECORD file; "Binary distribution format".
 */
import { posix } from "node:path";

export interface RecordEntry {
  /** With slashes, without `./`. */
  readonly path: string;
  /** `sha256`, lower case; undefined where the line has no digest. */
  readonly algorithm?: string;
  /** URL-safe base64 without padding. */
  readonly digest?: string;
  readonly size?: number;
}

/** More lines than any wheel has. */
const MAX_ENTRIES = 1_000_000;

/** Reads the lines of a `RECORD`: comma-separated values, quoted where needed. */
export function readRecord(text: string): readonly RecordEntry[] {
  const entries: RecordEntry[] = [];
  for (const [path = "", digest = "", size = ""] of csvRows(text)) {
    if (path === "") continue;
    const at = digest.indexOf("=");
    entries.push({
      path: recordPath(path),
      ...(at <= 0
        ? {}
        : { algorithm: digest.slice(0, at).toLowerCase(), digest: digest.slice(at + 1).replaceAll("=", "") }),
      ...(/^\d{1,15}$/.test(size) ? { size: Number(size) } : {}),
    });
  }
  return entries;
}

/** One form of a path: a `RECORD` may be written with backslashes, and with `./`. */
export function recordPath(path: string): string {
  return posix.normalize(path.replaceAll("\\", "/"));
}

function csvRows(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let field = "";
  let isQuoted = false;
  const endRow = (): void => {
    row.push(field);
    field = "";
    if (row.length > 1 || row[0] !== "") rows.push(row);
    row = [];
  };
  for (let at = 0; at < text.length && rows.length < MAX_ENTRIES; at++) {
    const char = text.charAt(at);
    if (isQuoted) {
      if (char !== '"') field += char;
      else if (text.charAt(at + 1) === '"') {
        field += '"';
        at++;
      } else isQuoted = false;
    } else if (char === '"') isQuoted = true;
    else if (char === ",") {
      row.push(field);
      field = "";
    } else if (char === "\n") endRow();
    else if (char !== "\r") field += char;
  }
  endRow();
  return rows;
}
