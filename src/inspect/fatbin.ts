/**
 * Device code inside a host file: the fat binaries that nvcc puts into `.nv_fatbin` (complete programs) and
 * `__nv_relfatbin` (to be linked for the device first), their entries, and the kernels in them. Whether a GPU can run
 * an entry is not known here.
 *
 * The layout is not documented by NVIDIA. It was read off what `fatbinary` of CUDA 11 to 13 writes, and is checked
 * against the files that nvcc keeps in test/toolchain/inspect-fatbin.test.ts.
 */
import type { CudaArchitecture } from "./architecture.ts";
import { ByteReader, type ByteSource, bytesSource, decodeText } from "./bytes.ts";
import { openElf } from "./elf.ts";
import { sectionSymbols, symbolTableOf } from "./elf-symbols.ts";
import { decodeLz4 } from "./lz4.ts";
import { decodeZstd } from "./zstd.ts";

/** A stretch of a file in which fat binaries lie one after the other. */
export interface FatbinRange {
  readonly offset: number;
  readonly size: number;
  /** Still to be linked by `nvcc -dlink`. */
  readonly relocatable: boolean;
}

/** One piece of device code. */
export interface FatbinEntry {
  readonly kind: "ptx" | "cubin" | "lto-ir" | "other";
  readonly kindCode: number;
  readonly architecture: CudaArchitecture;
  /** PTX version of PTX, else of the entry's own form. */
  readonly version: readonly [number, number];
  readonly compression: "none" | "lz4" | "zstd";
  readonly debug: boolean;
  /** Name of the source file, when built with debug or line information. */
  readonly identifier?: string;
  /** What ptxas gets when it translates the PTX. */
  readonly options?: string;
  readonly flags: number;
  /** Place of the content in the file. */
  readonly offset: number;
  /** Bytes in the file. */
  readonly storedSize: number;
  /** Bytes after decompression. */
  readonly size: number;
}

/** One fat binary: what one translation unit (or one device link) brought. */
export interface Fatbin {
  readonly offset: number;
  readonly size: number;
  readonly relocatable: boolean;
  readonly entries: readonly FatbinEntry[];
}

export interface FatbinReport {
  readonly fatbins: readonly Fatbin[];
  readonly anomalies: readonly string[];
}

const MAGIC = 0xba55_ed50;
const KINDS: Readonly<Record<number, FatbinEntry["kind"]>> = { 1: "ptx", 2: "cubin", 8: "lto-ir" };
const FLAG_DEBUG = 0x2;
const FLAG_LZ4 = 0x2000;
const FLAG_ZSTD = 0x8000;
const FLAG_ARCHITECTURE_SPECIFIC = 0x10_0000;
const FLAG_FAMILY_SPECIFIC = 0x20_0000;

const ENTRY_HEADER = 64;
const MAX_ENTRY_HEADER = 64 * 1024;
const MAX_FATBINS = 100_000;
const MAX_ENTRIES = 500_000;
/** Zero bytes between two fat binaries; linkers align sections of objects. */
const MAX_PADDING = 64 * 1024;
const MAX_CONTENT = 256 * 1024 * 1024;

/** Section names by which nvcc's host files are told; the short ones are those of Windows. */
const SECTIONS: Readonly<Record<string, boolean>> = {
  ".nv_fatbin": false,
  ".nv_fatb": false,
  __nv_relfatbin: true,
  __nv_rela: true,
};

/** The stretches of a file that hold fat binaries. */
export function fatbinRanges(
  sections: readonly { readonly name: string; readonly offset: number; readonly size: number }[],
): FatbinRange[] {
  const ranges: FatbinRange[] = [];
  for (const { name, offset, size } of sections) {
    const relocatable = Object.hasOwn(SECTIONS, name) ? SECTIONS[name] : undefined;
    if (relocatable !== undefined && size > 0) ranges.push({ offset, size, relocatable });
  }
  return ranges;
}

/** Reads the fat binaries of a file: their headers, not their contents. */
export function readFatbins(source: ByteSource, ranges: readonly FatbinRange[]): FatbinReport {
  const reader = new ByteReader(source, true);
  const fatbins: Fatbin[] = [];
  const anomalies: string[] = [];
  const budget = { entries: MAX_ENTRIES };
  for (const range of ranges) {
    const end = Math.min(range.offset + range.size, source.size);
    let at = nextMagic(reader, range.offset, end);
    while (at !== undefined && fatbins.length < MAX_FATBINS) {
      const fatbin = readFatbin(reader, { at, end, relocatable: range.relocatable }, budget, anomalies);
      if (fatbin === undefined) break;
      fatbins.push(fatbin);
      at = nextMagic(reader, at + fatbin.size, end);
    }
  }
  return { fatbins, anomalies };
}

/** Skips the padding before the next fat binary. */
function nextMagic(reader: ByteReader, from: number, end: number): number | undefined {
  const start = Math.ceil(from / 8) * 8;
  for (let at = start; at + 16 <= end && at <= start + MAX_PADDING; at += 8) {
    const word = reader.u32(at);
    if (word === MAGIC) return at;
    if (word !== 0) return undefined;
  }
  return undefined;
}

function readFatbin(
  reader: ByteReader,
  place: { readonly at: number; readonly end: number; readonly relocatable: boolean },
  budget: { entries: number },
  anomalies: string[],
): Fatbin | undefined {
  const head = reader.record(place.at, 16);
  if (head === undefined) return undefined;
  const headerSize = head.u16(6);
  const contentSize = head.u64(8);
  const end = place.at + headerSize + contentSize;
  const damaged = (why: string): void => {
    anomalies.push(`The fat binary at ${place.at} ${why}`);
  };
  if (headerSize < 16 || end > place.end) {
    damaged("reaches beyond its section");
    return undefined;
  }
  const entries: FatbinEntry[] = [];
  let at = place.at + headerSize;
  while (at + ENTRY_HEADER <= end) {
    if (--budget.entries < 0) {
      damaged("holds more entries than are read");
      break;
    }
    const entry = readEntry(reader, at, end);
    if (entry === undefined) {
      damaged("holds an entry that reaches beyond its end");
      break;
    }
    entries.push(entry.entry);
    at = entry.end;
  }
  return { offset: place.at, size: headerSize + contentSize, relocatable: place.relocatable, entries };
}

function readEntry(
  reader: ByteReader,
  at: number,
  end: number,
): { readonly entry: FatbinEntry; readonly end: number } | undefined {
  const start = reader.record(at, ENTRY_HEADER);
  if (start === undefined) return undefined;
  const headerSize = start.u32(4);
  const contentSize = start.u64(8);
  const next = at + headerSize + contentSize;
  if (headerSize < ENTRY_HEADER || headerSize > MAX_ENTRY_HEADER || next > end) return undefined;
  const header = reader.record(at, headerSize);
  if (header === undefined) return undefined;
  const kindCode = header.u16(0);
  const arch = header.u32(28);
  // The upper half holds nothing that is used here.
  const flags = header.u32(40);
  const compression = (flags & FLAG_ZSTD) !== 0 ? "zstd" : (flags & FLAG_LZ4) !== 0 ? "lz4" : "none";
  const packed = header.u32(16);
  const storedSize = compression === "none" || packed === 0 || packed > contentSize ? contentSize : packed;
  const suffix = (flags & FLAG_ARCHITECTURE_SPECIFIC) !== 0 ? "a" : (flags & FLAG_FAMILY_SPECIFIC) !== 0 ? "f" : "";
  const kind = KINDS[kindCode] ?? "other";
  const identifier = textIn(header.bytes, header.u32(32), header.u32(36));
  const options = kind === "cubin" ? undefined : optionsIn(header.bytes, header.u32(20));
  return {
    entry: {
      kind,
      kindCode,
      architecture: { major: Math.floor(arch / 10), minor: arch % 10, suffix },
      version: [header.u16(26), header.u16(24)],
      compression,
      debug: (flags & FLAG_DEBUG) !== 0,
      ...(identifier === undefined ? {} : { identifier }),
      ...(options === undefined ? {} : { options }),
      flags,
      offset: at + headerSize,
      storedSize,
      size: compression === "none" ? contentSize : header.u64(56),
    },
    end: next,
  };
}

function textIn(bytes: Uint8Array, at: number, length: number): string | undefined {
  if (at < ENTRY_HEADER || length === 0 || at + length > bytes.length) return undefined;
  return decodeText(bytes.subarray(at, at + length));
}

/** Options: their offset, then their length, then the text with blanks around it. */
function optionsIn(bytes: Uint8Array, at: number): string | undefined {
  if (at < ENTRY_HEADER || at + 8 > bytes.length) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = textIn(bytes, view.getUint32(at, true), view.getUint32(at + 4, true));
  const trimmed = text?.replace(/\0[^]*$/, "").trim();
  return trimmed === "" ? undefined : trimmed;
}

/** The content of an entry, decompressed. Undefined when it is damaged, too large, or in a form that is not known. */
export function fatbinContent(source: ByteSource, entry: FatbinEntry, limit = MAX_CONTENT): Uint8Array | undefined {
  if (entry.storedSize > limit || entry.size > limit) return undefined;
  const stored = source.read(entry.offset, entry.storedSize);
  if (stored.length < entry.storedSize) return undefined;
  if (entry.compression === "lz4") return decodeLz4(stored, entry.size);
  if (entry.compression === "zstd") return decodeZstd(stored, entry.size);
  return stored;
}

const STO_CUDA_ENTRY = 0x10;
const STT_FUNCTION = "function";

/** The kernels of an entry's content, in order of their names' appearance. Undefined when they cannot be told. */
export function kernelsOf(entry: FatbinEntry, content: Uint8Array): string[] | undefined {
  if (entry.kind === "ptx") {
    const names = [...decodeText(content).matchAll(/\.entry\s+([\w$.]+)/g)].map((match) => match[1] ?? "");
    return [...new Set(names)];
  }
  if (entry.kind !== "cubin") return undefined;
  const elf = openElf(bytesSource(content));
  if (!elf.ok) return undefined;
  const table = symbolTableOf(elf.value);
  if (table === undefined) return undefined;
  const names: string[] = [];
  for (const symbol of sectionSymbols(elf.value, table)) {
    if (symbol.type === STT_FUNCTION && symbol.defined && (symbol.other & STO_CUDA_ENTRY) !== 0) {
      names.push(symbol.name);
    }
  }
  return names;
}
