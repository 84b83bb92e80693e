/** Writes tar archives for tests, and frames of Zstandard that are not compressed. */
import { Bytes } from "./elf-builder.ts";

export interface TestTarMember {
  readonly name: string;
  readonly content: Uint8Array;
  /** How a name of more than 100 bytes is told. */
  readonly long?: "gnu" | "pax" | "prefix";
  readonly type?: string;
}

function block(name: string, size: number, type: string, prefix = ""): Uint8Array {
  const head = Buffer.alloc(512);
  head.write(name.slice(0, 100), 0);
  head.write("0000644\0", 100);
  head.write(`${size.toString(8).padStart(11, "0")}\0`, 124);
  head.write("        ", 148);
  head.write(type, 156);
  head.write("ustar\u000000", 257);
  head.write(prefix, 345);
  const sum = head.reduce((total, byte) => total + byte, 0);
  head.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return head;
}

export function buildTar(members: readonly TestTarMember[]): Uint8Array {
  const parts: Uint8Array[] = [];
  const content = (bytes: Uint8Array): void => {
    parts.push(bytes, new Uint8Array((512 - (bytes.length % 512)) % 512));
  };
  for (const member of members) {
    let prefix = "";
    let { name } = member;
    if (member.long === "gnu") {
      parts.push(block("././@LongLink", name.length + 1, "L"));
      content(Buffer.from(`${name}\0`));
    } else if (member.long === "pax") {
      const record = ` path=${name}\n`;
      const length = record.length + String(record.length + 3).length;
      parts.push(block("PaxHeader", length, "x"));
      content(Buffer.from(`${length}${record}`));
    } else if (member.long === "prefix") {
      const cut = name.lastIndexOf("/");
      prefix = name.slice(0, cut);
      name = name.slice(cut + 1);
    }
    parts.push(block(name, member.content.length, member.type ?? "0", prefix));
    content(member.content);
  }
  parts.push(new Uint8Array(1024));
  return Buffer.concat(parts);
}

/** RFC 8878: blocks that are stored as they are. */
export function storedZstd(bytes: Uint8Array): Uint8Array {
  const out = new Bytes().number(0xfd2f_b528, 4).number(0xa0, 1).number(bytes.length, 4);
  const parts: Uint8Array[] = [out.done()];
  const most = 100_000;
  for (let at = 0; at < bytes.length || at === 0; at += most) {
    const piece = bytes.subarray(at, at + most);
    const last = at + most >= bytes.length ? 1 : 0;
    parts.push(new Bytes().number(piece.length * 8 + last, 3).done(), piece);
  }
  return Buffer.concat(parts);
}
