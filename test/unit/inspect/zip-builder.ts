/** Writes zip archives for tests. */
import { crc32, deflateRawSync } from "node:zlib";
import { Bytes } from "./elf-builder.ts";

export interface TestMember {
  readonly name: string;
  readonly content: Uint8Array;
  readonly deflate?: boolean;
  /** Packed bytes and a claimed size that need not fit. */
  readonly raw?: { readonly packed: Uint8Array; readonly size: number };
  readonly encrypted?: boolean;
  readonly method?: number;
  /** Another checksum than that of the content. */
  readonly crc?: number;
  /** Sizes in 64 bits, in an extra field. */
  readonly wide?: boolean;
}

export function buildZip(members: readonly TestMember[], comment = ""): Uint8Array {
  const parts: Uint8Array[] = [];
  let at = 0;
  const push = (bytes: Uint8Array): void => {
    parts.push(bytes);
    at += bytes.length;
  };
  const directory: Uint8Array[] = [];
  for (const member of members) {
    const packed = member.raw?.packed ?? (member.deflate === true ? deflateRawSync(member.content) : member.content);
    const size = member.raw?.size ?? member.content.length;
    const method = member.method ?? (member.deflate === true || member.raw !== undefined ? 8 : 0);
    const crc = member.crc ?? crc32(member.content);
    const flags = member.encrypted === true ? 1 : 0;
    const name = Buffer.from(member.name);
    const headerAt = at;
    push(
      new Bytes()
        .number(0x0403_4b50, 4)
        .number(20, 2)
        .number(flags, 2)
        .number(method, 2)
        .number(0, 4)
        .number(crc, 4)
        .number(packed.length, 4)
        .number(size, 4)
        .number(name.length, 2)
        .number(0, 2)
        .raw(name)
        .done(),
    );
    push(packed);
    const wide = member.wide === true;
    const extra = wide
      ? new Bytes().number(1, 2).number(24, 2).number(size, 8).number(packed.length, 8).number(headerAt, 8).done()
      : new Uint8Array(0);
    const narrow = (value: number): number => (wide ? 0xffff_ffff : value);
    directory.push(
      new Bytes()
        .number(0x0201_4b50, 4)
        .number(20, 2)
        .number(20, 2)
        .number(flags, 2)
        .number(method, 2)
        .number(0, 4)
        .number(crc, 4)
        .number(narrow(packed.length), 4)
        .number(narrow(size), 4)
        .number(name.length, 2)
        .number(extra.length, 2)
        .number(0, 2)
        .number(0, 4)
        .number(0, 4)
        .number(narrow(headerAt), 4)
        .raw(name)
        .raw(extra)
        .done(),
    );
  }
  const directoryAt = at;
  for (const entry of directory) push(entry);
  const size = at - directoryAt;
  push(
    new Bytes()
      .number(0x0605_4b50, 4)
      .number(0, 4)
      .number(members.length, 2)
      .number(members.length, 2)
      .number(size, 4)
      .number(directoryAt, 4)
      .number(comment.length, 2)
      .text(comment)
      .done(),
  );
  return Buffer.concat(parts);
}
