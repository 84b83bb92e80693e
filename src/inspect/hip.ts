/**
 * Device code of ROCm inside a host file: the bundles that clang puts into `.hip_fatbin`, by target (`gfx90a`). Their
 * code is not looked at.
 *
 * Layout: https://clang.llvm.org/docs/ClangOffloadBundler.html
 */
import { inflateSync } from "node:zlib";
import { ByteReader, type ByteSource, bytesSource } from "./bytes.ts";
import { decodeZstd } from "./zstd.ts";

/** One target of a bundle. */
export interface HipEntry {
  /** `gfx90a`, `gfx942:sramecc+:xnack-`. */
  readonly target: string;
  /** `hip-amdgcn-amd-amdhsa--gfx90a`. */
  readonly triple: string;
  readonly size: number;
}

const MAGIC = "__CLANG_OFFLOAD_BUNDLE__";
const COMPRESSED_MAGIC = "CCOB";
const MAX_BUNDLES = 10_000;
const MAX_ENTRIES = 4096;
const MAX_TRIPLE = 1024;
const MAX_CONTENT = 256 * 1024 * 1024;

/** The targets in a section. `anomalies` gets what could not be read. */
export function readHipBundles(
  source: ByteSource,
  range: { readonly offset: number; readonly size: number },
  anomalies: string[] = [],
): HipEntry[] {
  const reader = new ByteReader(source, true);
  const entries: HipEntry[] = [];
  const end = Math.min(range.offset + range.size, source.size);
  let at = range.offset;
  for (let bundles = 0; at < end && bundles < MAX_BUNDLES && entries.length < MAX_ENTRIES; bundles++) {
    const head = Buffer.from(source.read(at, MAGIC.length)).toString("latin1");
    let next: number | undefined;
    if (head === MAGIC) next = readBundle(reader, at, end, entries);
    else if (head.startsWith(COMPRESSED_MAGIC)) next = readCompressed(reader, at, end, entries);
    else break;
    if (next === undefined || next <= at) {
      anomalies.push(`The HIP bundle at ${at} is damaged or of an unknown form`);
      break;
    }
    at = nextBundle(source, next, end);
  }
  return entries;
}

/** Bundles are aligned to pages; between them lie zeros. */
function nextBundle(source: ByteSource, from: number, end: number): number {
  for (let at = Math.ceil(from / 8) * 8; at < end && at < from + 64 * 1024; at += 8) {
    const byte = source.read(at, 1)[0];
    if (byte !== 0) return at;
  }
  return end;
}

function readBundle(reader: ByteReader, at: number, end: number, entries: HipEntry[]): number | undefined {
  const count = reader.u64(at + MAGIC.length);
  if (count === undefined || count > MAX_ENTRIES) return undefined;
  let place = at + MAGIC.length + 8;
  let last = place;
  for (let index = 0; index < count; index++) {
    const entry = reader.record(place, 24);
    if (entry === undefined) return undefined;
    const [offset, size, length] = [entry.u64(0), entry.u64(8), entry.u64(16)];
    if (length > MAX_TRIPLE || at + offset + size > end) return undefined;
    const name = reader.bytes(place + 24, length);
    if (name === undefined) return undefined;
    const triple = Buffer.from(name).toString("utf8");
    const target = /^hipv?4?-amdgcn-amd-amdhsa-(?:-|[^-]*-)?(gfx.*)$/.exec(triple)?.[1];
    if (target !== undefined) entries.push({ target, triple, size });
    place += 24 + length;
    last = Math.max(last, place, at + offset + size);
  }
  return last;
}

function readCompressed(reader: ByteReader, at: number, end: number, entries: HipEntry[]): number | undefined {
  const head = reader.record(at, 32);
  if (head === undefined) return undefined;
  const version = head.u16(4);
  const method = head.u16(6);
  const sizes =
    version === 2
      ? { total: head.u32(8), plain: head.u32(12), header: 24 }
      : version === 3
        ? { total: head.u64(8), plain: head.u64(16), header: 32 }
        : undefined;
  if (sizes === undefined || at + sizes.total > end || sizes.total < sizes.header || sizes.plain > MAX_CONTENT) {
    return undefined;
  }
  const packed = reader.bytes(at + sizes.header, sizes.total - sizes.header);
  if (packed === undefined) return undefined;
  const plain = method === 1 ? decodeZstd(packed, sizes.plain) : inflated(packed, sizes.plain);
  if (plain === undefined) return undefined;
  const inner = new ByteReader(bytesSource(plain), true);
  return readBundle(inner, 0, plain.length, entries) === undefined ? undefined : at + sizes.total;
}

function inflated(bytes: Uint8Array, size: number): Uint8Array | undefined {
  try {
    return inflateSync(bytes, { maxOutputLength: size });
  } catch {
    return undefined;
  }
}
