/**
 * Reads tar archives (ustar, with the long names of GNU and of pax): names and places of the files in it.
 *
 * Layout: POSIX.1-2017, pax, "ustar Interchange Format"; GNU tar manual, "Basic Tar Format".
 */
import { type ByteSource, decodeText, sliceSource } from "./bytes.ts";

export interface TarMember {
  /** With slashes, as in the archive, without a leading `./`. */
  readonly name: string;
  readonly offset: number;
  readonly size: number;
}

const BLOCK = 512;
const MAX_MEMBERS = 1_000_000;
/** Longer names than this are none of any system's. */
const MAX_NAME = 64 * 1024;

/** Whether a block begins a tar archive: its checksum is right. */
export function isTar(head: Uint8Array): boolean {
  if (head.length < BLOCK || head[0] === 0) return false;
  const wanted = octal(head, 148, 8);
  let sum = 8 * 32;
  for (let index = 0; index < BLOCK; index++) if (index < 148 || index >= 156) sum += head[index] ?? 0;
  return wanted === sum;
}

function octal(block: Uint8Array, at: number, length: number): number | undefined {
  // GNU: larger numbers in binary, with the highest bit set.
  if (((block[at] ?? 0) & 0x80) !== 0) {
    let value = (block[at] ?? 0) & 0x7f;
    for (let index = 1; index < length; index++) value = value * 256 + (block[at + index] ?? 0);
    return Number.isSafeInteger(value) ? value : undefined;
  }
  const text = decodeText(block.subarray(at, at + length)).replaceAll(/[\0 ]/g, "");
  return /^[0-7]*$/.test(text) ? Number.parseInt(text || "0", 8) : undefined;
}

function text(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return decodeText(end === -1 ? bytes : bytes.subarray(0, end));
}

/** The files of an archive; `complete` is false where it is damaged or cut off. */
export function readTar(source: ByteSource): { readonly members: readonly TarMember[]; readonly complete: boolean } {
  const members: TarMember[] = [];
  let longName: string | undefined;
  let longSize: number | undefined;
  for (let at = 0; at + BLOCK <= source.size;) {
    const block = source.read(at, BLOCK);
    if (block.length < BLOCK) return { members, complete: false };
    if (block[0] === 0) return { members, complete: true };
    const size = longSize ?? octal(block, 124, 12);
    if (!isTar(block) || size === undefined || members.length >= MAX_MEMBERS) return { members, complete: false };
    const type = String.fromCharCode(block[156] ?? 0);
    const contentAt = at + BLOCK;
    if (contentAt + size > source.size) return { members, complete: false };
    at = contentAt + Math.ceil(size / BLOCK) * BLOCK;
    if (type === "L") {
      longName = text(source.read(contentAt, Math.min(size, MAX_NAME)));
      continue;
    }
    if (type === "x") {
      const records = paxRecords(source.read(contentAt, Math.min(size, 16 * MAX_NAME)));
      longName = records.get("path") ?? longName;
      const given = records.get("size");
      longSize = given !== undefined && /^\d{1,15}$/.test(given) ? Number(given) : undefined;
      continue;
    }
    if (type === "0" || type === "\0" || type === "7") {
      const prefix = decodeText(block.subarray(257, 262)) === "ustar" ? text(block.subarray(345, 500)) : "";
      const short = text(block.subarray(0, 100));
      const name = longName ?? (prefix === "" ? short : `${prefix}/${short}`);
      members.push({ name: name.replace(/^(?:\.\/)+/, ""), offset: contentAt, size });
    }
    if (type !== "g") {
      longName = undefined;
      longSize = undefined;
    }
  }
  // Some writers leave out the two empty blocks at the end.
  return { members, complete: true };
}

/** Records of `length key=value\n`. */
function paxRecords(bytes: Uint8Array): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (let at = 0; at < bytes.length;) {
    const length = Number.parseInt(decodeText(bytes.subarray(at, at + 12)), 10);
    if (!(length > 3) || at + length > bytes.length) break;
    const record = decodeText(bytes.subarray(at, at + length - 1)).replace(/^\d+ /, "");
    const equal = record.indexOf("=");
    if (equal > 0) found.set(record.slice(0, equal), record.slice(equal + 1));
    at += length;
  }
  return found;
}

/** The content of a member: a part of the archive. */
export function tarMember(source: ByteSource, { offset, size }: TarMember): ByteSource {
  return sliceSource(source, offset, size);
}
