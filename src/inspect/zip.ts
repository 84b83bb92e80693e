/**
 * Reads zip archives (wheels) through their central directory, member by member, without unpacking them to the disk.
 * Members that are stored, deflated or compressed by LZMA or Zstandard; no encryption, no archives in several parts.
 *
 * Layout: PKWARE, APPNOTE.TXT, 4.3.
 */
import { pipeline, Readable } from "node:stream";
import { constants, createInflateRaw, inflateRawSync } from "node:zlib";
import { failure } from "../base/failure.ts";
import { err, ok, type Result } from "../base/result.ts";
import { ByteReader, type ByteSource, bytesSource, decodeText, sliceSource } from "./bytes.ts";
import { decodeZipLzma } from "./lzma.ts";
import { decodeZstd } from "./zstd.ts";

export interface ZipMember {
  /** With slashes, as in the archive. */
  readonly name: string;
  readonly size: number;
  readonly packedSize: number;
  /** 0 stored, 8 deflated, 14 LZMA, 93 Zstandard. */
  readonly method: number;
  readonly encrypted: boolean;
  /** Of the unpacked content. */
  readonly crc: number;
  /** Place of the member's own header. */
  readonly headerAt: number;
}

const END = 0x0605_4b50;
const END_64 = 0x0606_4b50;
const LOCATOR_64 = 0x0706_4b50;
const CENTRAL = 0x0201_4b50;
const LOCAL = 0x0403_4b50;
const MAX_MEMBERS = 1_000_000;
const MAX_DIRECTORY = 256 * 1024 * 1024;
/** Larger members are not unpacked into memory. */
export const MAX_MEMBER = 1536 * 1024 * 1024;

/** Whether bytes begin like a zip archive. */
export function isZip(head: Uint8Array): boolean {
  return head[0] === 0x50 && head[1] === 0x4b && ((head[2] === 3 && head[3] === 4) || (head[2] === 5 && head[3] === 6));
}

function damaged(message: string): Result<never> {
  return err(failure("INSPECT_DAMAGED", message, { hint: "Build or download it again" }));
}

/** Where the central directory lies. */
function findDirectory(
  reader: ByteReader,
): { readonly at: number; readonly size: number; readonly count: number } | undefined {
  const tailSize = Math.min(reader.size, 22 + 0xffff);
  const tailAt = reader.size - tailSize;
  const tail = reader.record(tailAt, tailSize);
  if (tail === undefined || tailSize < 22) return undefined;
  for (let at = tailSize - 22; at >= 0; at--) {
    if (tail.u32(at) !== END || at + 22 + tail.u16(at + 20) > tailSize) continue;
    const plain = { at: tail.u32(at + 16), size: tail.u32(at + 12), count: tail.u16(at + 10) };
    if (plain.at !== 0xffff_ffff && plain.size !== 0xffff_ffff && plain.count !== 0xffff) return plain;
    const locator = reader.record(tailAt + at - 20, 20);
    if (locator?.u32(0) !== LOCATOR_64) return plain;
    const end = reader.record(locator.u64(8), 56);
    if (end?.u32(0) !== END_64) return undefined;
    return { at: end.u64(48), size: end.u64(40), count: end.u64(32) };
  }
  return undefined;
}

/** The members of an archive. */
export function readZip(source: ByteSource): Result<readonly ZipMember[]> {
  const reader = new ByteReader(source, true);
  const directory = findDirectory(reader);
  if (directory === undefined)
    return damaged("The archive has no directory at its end: it is cut off or no zip archive");
  if (directory.size > MAX_DIRECTORY) return damaged("The archive's directory is larger than any real one");
  const record = reader.record(directory.at, directory.size);
  if (record === undefined) return damaged("The archive's directory lies outside of it");
  const members: ZipMember[] = [];
  let at = 0;
  while (at + 46 <= record.length && members.length < Math.min(directory.count, MAX_MEMBERS)) {
    if (record.u32(at) !== CENTRAL) return damaged("The archive's directory is damaged");
    const nameLength = record.u16(at + 28);
    const extraLength = record.u16(at + 30);
    const next = at + 46 + nameLength + extraLength + record.u16(at + 32);
    if (next > record.length) return damaged("The archive's directory is cut off");
    const name = decodeText(record.bytes.subarray(at + 46, at + 46 + nameLength));
    const wide = wideFields(record.bytes.subarray(at + 46 + nameLength, at + 46 + nameLength + extraLength), [
      record.u32(at + 24),
      record.u32(at + 20),
      record.u32(at + 42),
    ]);
    members.push({
      name,
      size: wide[0],
      packedSize: wide[1],
      headerAt: wide[2],
      method: record.u16(at + 10),
      encrypted: (record.u16(at + 8) & 1) === 1,
      crc: record.u32(at + 16),
    });
    at = next;
  }
  return ok(members);
}

/** Values of 0xffffffff stand, in 64 bits, in an extra field. */
function wideFields(extra: Uint8Array, values: readonly [number, number, number]): [number, number, number] {
  const result: [number, number, number] = [...values];
  const reader = new ByteReader(bytesSource(extra), true);
  for (let at = 0; at + 4 <= extra.length;) {
    const id = reader.u16(at) ?? 0;
    const size = reader.u16(at + 2) ?? 0;
    if (id === 1) {
      let place = at + 4;
      for (const index of [0, 1, 2] as const) {
        if (result[index] !== 0xffff_ffff) continue;
        const value = reader.u64(place);
        if (value === undefined || place + 8 > at + 4 + size) break;
        result[index] = value;
        place += 8;
      }
      break;
    }
    at += 4 + size;
  }
  return result;
}

/** Where the bytes of a member lie. */
function placeOf(reader: ByteReader, member: ZipMember): Result<number> {
  const header = reader.record(member.headerAt, 30);
  if (header?.u32(0) !== LOCAL) return damaged(`The header of \`${member.name}\` is not where the archive says`);
  const at = member.headerAt + 30 + header.u16(26) + header.u16(28);
  if (!reader.has(at, member.packedSize))
    return damaged(`The member \`${member.name}\` reaches beyond the end of the archive`);
  return member.encrypted ? damaged(`The member \`${member.name}\` is encrypted`) : ok(at);
}

/** The content of a member: a part of the archive when it is stored, else unpacked into memory. */
export function zipMember(source: ByteSource, member: ZipMember): Result<ByteSource> {
  const reader = new ByteReader(source, true);
  const at = placeOf(reader, member);
  if (!at.ok) return at;
  if (member.method === 0) return ok(sliceSource(source, at.value, member.packedSize));
  const unpack = UNPACKERS[member.method];
  if (unpack === undefined) {
    const name = METHOD_NAMES[member.method] ?? `method ${member.method}`;
    return damaged(`The member \`${member.name}\` is compressed in a way (${name}) that is not read here`);
  }
  if (member.size > MAX_MEMBER) return damaged(`The member \`${member.name}\` is too large to be unpacked into memory`);
  const packed = reader.bytes(at.value, member.packedSize);
  if (packed === undefined) return damaged(`The member \`${member.name}\` cannot be read`);
  const bytes = unpack(packed, member.size);
  return bytes?.length === member.size ? ok(bytesSource(bytes)) : damaged(`The member \`${member.name}\` is damaged`);
}

/** So much of a member is in memory at a time. */
const PIECE = 1024 * 1024;

/**
 * The content of a member, piece by piece, never more than its size: unlike `zipMember` it takes little memory for what is
 * stored or deflated. Throws a `DamagedMember` where it cannot be read to its end.
 */
export async function* zipPieces(source: ByteSource, member: ZipMember): AsyncGenerator<Uint8Array> {
  const at = placeOf(new ByteReader(source, true), member);
  if (!at.ok) throw new DamagedMember(at.error.message);
  // A stream of its own costs more than a small member.
  const isSmall = member.method === 8 && member.size <= PIECE && member.packedSize <= PIECE;
  if (isSmall || (member.method !== 0 && member.method !== 8)) {
    const whole = zipMember(source, member);
    if (!whole.ok) throw new DamagedMember(whole.error.message);
    return yield* sourcePieces(whole.value);
  }
  const packed = sourcePieces(sliceSource(source, at.value, member.packedSize));
  if (member.method === 0) return yield* packed;
  const unpacked = createInflateRaw({ chunkSize: PIECE });
  // What goes wrong comes out of the stream that is read below, too.
  pipeline(Readable.from(packed), unpacked, () => undefined);
  let size = 0;
  try {
    for await (const piece of unpacked as AsyncIterable<Uint8Array>) {
      size += piece.length;
      if (size > member.size) break;
      yield piece;
    }
  } catch {
    throw new DamagedMember(`The member \`${member.name}\` is damaged`);
  }
  if (size !== member.size) throw new DamagedMember(`The member \`${member.name}\` has another size than it says`);
}

/** A member that cannot be unpacked to its end. */
export class DamagedMember extends Error {}

/** All of a source, piece by piece. Ends early where it cannot be read. */
export function* sourcePieces(source: ByteSource): Generator<Uint8Array> {
  for (let at = 0; at < source.size;) {
    const piece = source.read(at, PIECE);
    if (piece.length === 0) return;
    yield piece;
    at += piece.length;
  }
}

type Unpack = (packed: Uint8Array, size: number) => Uint8Array | undefined;

const UNPACKERS: Readonly<Record<number, Unpack>> = {
  8: (packed, size) => {
    try {
      return inflateRawSync(packed, { maxOutputLength: Math.max(1, size) });
    } catch {
      return undefined;
    }
  },
  14: decodeZipLzma,
  93: decodeZstd,
};

/** What Python's zipfile writes besides. */
const METHOD_NAMES: Readonly<Record<number, string>> = { 9: "deflate64", 12: "bzip2", 95: "xz" };

const HEAD = 512;
/** So much is unpacked to look at its beginning. */
const SMALL_MEMBER = 16 * 1024 * 1024;

/** The first bytes of a member; empty when they cannot be had without unpacking all of it. */
export function zipHead(source: ByteSource, member: ZipMember): Uint8Array {
  const at = placeOf(new ByteReader(source, true), member);
  if (!at.ok) return new Uint8Array(0);
  if (member.method === 0) return source.read(at.value, Math.min(HEAD, member.packedSize));
  if (member.method !== 8) {
    const whole = member.size > SMALL_MEMBER ? undefined : zipMember(source, member);
    return whole?.ok === true ? whole.value.read(0, HEAD) : new Uint8Array(0);
  }
  try {
    const start = source.read(at.value, Math.min(2 * HEAD, member.packedSize));
    return inflateRawSync(start, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 4 * 1024 * 1024 });
  } catch {
    return new Uint8Array(0);
  }
}
