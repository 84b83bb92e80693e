/**
 * PE files (`.pyd`, `.dll`, `.exe`): machine, sections, imports, delayed imports and exports. What the names mean is
 * not known here.
 *
 * Layout: Microsoft, "PE Format" (https://learn.microsoft.com/windows/win32/debug/pe-format).
 */
import { failure } from "../base/failure.ts";
import { err, ok, type Result } from "../base/result.ts";
import { ByteReader, type ByteSource } from "./bytes.ts";

export interface PeSection {
  readonly name: string;
  /** Relative to the image base. */
  readonly address: number;
  readonly virtualSize: number;
  readonly offset: number;
  readonly size: number;
  readonly characteristics: number;
}

/** A symbol that is asked of a library, by name or by number. */
export type PeImport = { readonly name: string } | { readonly ordinal: number };

export interface PeLibrary {
  readonly library: string;
  /** Loaded at the first call, not with the file. */
  readonly delayed: boolean;
  readonly symbols: readonly PeImport[];
}

export interface PeExport {
  /** Undefined for one that is exported by number only. */
  readonly name?: string;
  readonly ordinal: number;
  /** `library.symbol` that really has it. */
  readonly forwarder?: string;
}

export interface Pe {
  readonly reader: ByteReader;
  readonly bits: 32 | 64;
  readonly machineCode: number;
  /** `x86_64`, `i386`, `aarch64`, `arm64ec`, … */
  readonly machine: string;
  /** More than one for ARM64X, which serves two kinds of processes. */
  readonly machines: readonly string[];
  readonly kind: "dll" | "executable" | "other";
  /** `14.38`: 14.x is Visual Studio 2015 and later. */
  readonly linkerVersion: string;
  readonly sections: readonly PeSection[];
  /** Name that the export table gives to the file. */
  readonly exportName?: string;
  readonly imports: readonly PeLibrary[];
  readonly exports: readonly PeExport[];
  readonly anomalies: readonly string[];
}

const MACHINES: Readonly<Record<number, string>> = {
  0x14c: "i386",
  0x1c0: "arm",
  0x1c4: "arm",
  0x200: "ia64",
  0x8664: "x86_64",
  0xa641: "arm64ec",
  0xaa64: "aarch64",
};

const FILE_EXECUTABLE = 0x2;
const FILE_DLL = 0x2000;
const MAX_SECTIONS = 2048;
const MAX_LIBRARIES = 4096;
const MAX_SYMBOLS = 1_000_000;
const MAX_NAME = 16 * 1024;
/** Total bytes of names taken from one file, so that many entries at one long name stay cheap. */
const MAX_NAME_BYTES = 256 * 1024 * 1024;

/** Whether bytes begin like a DOS program, which every PE file does. */
export function isPe(head: Uint8Array): boolean {
  return head.length >= 2 && head[0] === 0x4d && head[1] === 0x5a;
}

interface Image {
  readonly reader: ByteReader;
  readonly bits: 32 | 64;
  readonly imageBase: number;
  readonly headerSize: number;
  readonly sections: readonly PeSection[];
  readonly directories: readonly { readonly address: number; readonly size: number }[];
  readonly anomalies: string[];
  nameBytes: number;
}

/** Opens a PE file. */
export function openPe(source: ByteSource): Result<Pe> {
  const reader = new ByteReader(source, true);
  const dos = reader.record(0, 64);
  if (!isPe(source.read(0, 2))) return err(failure("INSPECT_UNKNOWN_FORMAT", "The file is no PE file"));
  const at = dos?.u32(60);
  const head = at === undefined ? undefined : reader.record(at, 24);
  if (at === undefined || head === undefined) return damaged("The PE file ends inside its header");
  if (head.u32(0) !== 0x4550) {
    return err(failure("INSPECT_UNKNOWN_FORMAT", "The file is a DOS program without a PE header"));
  }
  const optionalSize = head.u16(20);
  const optional = reader.record(at + 24, optionalSize);
  if (optional === undefined || optionalSize < 96) return damaged("The PE file ends inside its optional header");
  const magic = optional.u16(0);
  if (magic !== 0x10b && magic !== 0x20b) return damaged(`The optional header ${magic} is unknown`);
  const bits = magic === 0x20b ? 64 : 32;
  const directoriesAt = bits === 64 ? 112 : 96;
  if (optionalSize < directoriesAt) return damaged("The PE file's optional header is too small");
  const directories = [];
  const directoryCount = Math.min(optional.u32(directoriesAt - 4), 16);
  for (let index = 0; index < directoryCount; index++) {
    const entry = directoriesAt + index * 8;
    if (entry + 8 > optionalSize) break;
    directories.push({ address: optional.u32(entry), size: optional.u32(entry + 4) });
  }
  const anomalies: string[] = [];
  const sections = readSections(reader, at + 24 + optionalSize, head.u16(6), anomalies);
  const image: Image = {
    reader,
    bits,
    imageBase: bits === 64 ? optional.u64(24) : optional.u32(28),
    headerSize: optional.u32(60),
    sections,
    directories,
    anomalies,
    nameBytes: 0,
  };
  const exported = readExports(image);
  const characteristics = head.u16(22);
  const machineCode = head.u16(4);
  const machines = machinesOf(image, machineCode);
  return ok({
    reader,
    bits,
    machineCode,
    machine: machines[0] ?? "",
    machines,
    kind:
      (characteristics & FILE_DLL) !== 0 ? "dll" : (characteristics & FILE_EXECUTABLE) !== 0 ? "executable" : "other",
    linkerVersion: `${optional.u8(2)}.${optional.u8(3)}`,
    sections,
    ...(exported.name === undefined ? {} : { exportName: exported.name }),
    imports: [...readImports(image), ...readDelayedImports(image)],
    exports: exported.symbols,
    anomalies,
  });
}

const LOAD_CONFIG = 10;
/** IMAGE_LOAD_CONFIG_DIRECTORY64.CHPEMetadataPointer (winnt.h). */
const HYBRID_METADATA = 200;

/** Code for ARM64EC calls itself x86_64, ARM64X calls itself ARM64: hybrid metadata tells. */
function machinesOf(image: Image, code: number): string[] {
  const plain = MACHINES[code] ?? `machine-${code}`;
  const directory = image.directories[LOAD_CONFIG];
  if (image.bits !== 64 || directory === undefined || directory.address === 0) return [plain];
  const at = offsetOf(image, directory.address);
  const size = at === undefined ? undefined : image.reader.u32(at);
  if (at === undefined || size === undefined || size < HYBRID_METADATA + 8) return [plain];
  const pointer = image.reader.u64(at + HYBRID_METADATA) ?? 0;
  if (pointer === 0) return [plain];
  return plain === "x86_64" ? ["arm64ec"] : plain === "aarch64" ? ["aarch64", "arm64ec"] : [plain];
}

function damaged(message: string): Result<never> {
  return err(failure("INSPECT_DAMAGED", message, { hint: "Build or download the file again" }));
}

function readSections(reader: ByteReader, at: number, count: number, anomalies: string[]): PeSection[] {
  const sections: PeSection[] = [];
  for (let index = 0; index < Math.min(count, MAX_SECTIONS); index++) {
    const record = reader.record(at + index * 40, 40);
    if (record === undefined) {
      anomalies.push("The section headers reach beyond the end of the file");
      break;
    }
    sections.push({
      name: record.text(0, 8),
      virtualSize: record.u32(8),
      address: record.u32(12),
      size: record.u32(16),
      offset: record.u32(20),
      characteristics: record.u32(36),
    });
  }
  if (sections.some((one) => one.size > 0 && one.offset > 0 && !reader.has(one.offset, one.size))) {
    anomalies.push("A section reaches beyond the end of the file: the file is cut off");
  }
  return sections;
}

function offsetOf(image: Image, address: number): number | undefined {
  for (const section of image.sections) {
    const inside = address - section.address;
    if (inside >= 0 && inside < section.size) return section.offset + inside;
  }
  return address < image.headerSize ? address : undefined;
}

function nameAt(image: Image, address: number): string | undefined {
  const offset = offsetOf(image, address);
  if (offset === undefined || image.nameBytes > MAX_NAME_BYTES) return undefined;
  const name = image.reader.cString(offset, MAX_NAME);
  image.nameBytes += name === undefined ? MAX_NAME : name.length + 1;
  return name;
}

/** The symbols of one library: a list of name addresses or numbers that ends with zero. */
function readThunks(image: Image, address: number, budget: { left: number }): PeImport[] {
  const symbols: PeImport[] = [];
  const width = image.bits / 8;
  for (let index = 0; budget.left > 0; index++, budget.left--) {
    const at = offsetOf(image, address + index * width);
    const entry = at === undefined ? undefined : image.reader.record(at, width);
    if (entry === undefined) break;
    const low = entry.u32(0);
    const high = width === 8 ? entry.u32(4) : low;
    if (low === 0 && high === 0) break;
    if (high >= 0x8000_0000) symbols.push({ ordinal: low & 0xffff });
    else {
      const name = nameAt(image, (low & 0x7fff_ffff) + 2);
      if (name !== undefined) symbols.push({ name });
    }
  }
  return symbols;
}

function readImports(image: Image): PeLibrary[] {
  const directory = image.directories[1];
  const libraries: PeLibrary[] = [];
  if (directory === undefined || directory.address === 0) return libraries;
  const budget = { left: MAX_SYMBOLS };
  for (let index = 0; index < MAX_LIBRARIES; index++) {
    const at = offsetOf(image, directory.address + index * 20);
    const entry = at === undefined ? undefined : image.reader.record(at, 20);
    if (entry === undefined) {
      image.anomalies.push("The import table lies outside the file");
      break;
    }
    if (entry.u32(12) === 0) break;
    const library = nameAt(image, entry.u32(12));
    if (library === undefined) {
      image.anomalies.push("The name of an imported library is not there");
      continue;
    }
    const thunks = entry.u32(0) === 0 ? entry.u32(16) : entry.u32(0);
    libraries.push({ library, delayed: false, symbols: readThunks(image, thunks, budget) });
  }
  return libraries;
}

function readDelayedImports(image: Image): PeLibrary[] {
  const directory = image.directories[13];
  const libraries: PeLibrary[] = [];
  if (directory === undefined || directory.address === 0) return libraries;
  const budget = { left: MAX_SYMBOLS };
  for (let index = 0; index < MAX_LIBRARIES; index++) {
    const at = offsetOf(image, directory.address + index * 32);
    const entry = at === undefined ? undefined : image.reader.record(at, 32);
    if (entry === undefined || entry.u32(4) === 0) break;
    // Bit 0: addresses are relative. Old linkers wrote absolute ones.
    const base = (entry.u32(0) & 1) === 1 ? 0 : image.imageBase;
    const library = nameAt(image, entry.u32(4) - base);
    if (library === undefined) continue;
    libraries.push({ library, delayed: true, symbols: readThunks(image, entry.u32(16) - base, budget) });
  }
  return libraries;
}

function readExports(image: Image): { readonly name?: string; readonly symbols: PeExport[] } {
  const directory = image.directories[0];
  if (directory === undefined || directory.address === 0) return { symbols: [] };
  const at = offsetOf(image, directory.address);
  const head = at === undefined ? undefined : image.reader.record(at, 40);
  if (head === undefined) {
    image.anomalies.push("The export table lies outside the file");
    return { symbols: [] };
  }
  const base = head.u32(16);
  const addresses = tableAt(image, head.u32(28), head.u32(20), 4);
  const nameCount = head.u32(24);
  const names = tableAt(image, head.u32(32), nameCount, 4);
  const ordinals = tableAt(image, head.u32(36), nameCount, 2);
  if ((addresses ?? names ?? ordinals) === undefined && head.u32(20) > 0) {
    image.anomalies.push("The export table reaches beyond the end of the file");
  }
  const byIndex = new Map<number, string[]>();
  if (names !== undefined && ordinals !== undefined) {
    for (let index = 0; index < Math.min(nameCount, MAX_SYMBOLS); index++) {
      const name = nameAt(image, names.u32(index * 4));
      if (name === undefined) continue;
      const target = ordinals.u16(index * 2);
      const list = byIndex.get(target);
      if (list === undefined) byIndex.set(target, [name]);
      else list.push(name);
    }
  }
  const symbols: PeExport[] = [];
  const count = Math.min((addresses?.length ?? 0) / 4, MAX_SYMBOLS);
  for (let index = 0; index < count; index++) {
    const address = addresses?.u32(index * 4) ?? 0;
    if (address === 0) continue;
    const inside = address >= directory.address && address < directory.address + directory.size;
    const forwarder = inside ? nameAt(image, address) : undefined;
    const more = { ordinal: base + index, ...(forwarder === undefined ? {} : { forwarder }) };
    const known = byIndex.get(index);
    if (known === undefined) symbols.push(more);
    else for (const name of known) symbols.push({ name, ...more });
  }
  const name = nameAt(image, head.u32(12));
  return { ...(name === undefined ? {} : { name }), symbols };
}

function tableAt(image: Image, address: number, count: number, width: number): ReturnType<ByteReader["record"]> {
  const offset = offsetOf(image, address);
  if (offset === undefined) return undefined;
  return image.reader.record(offset, Math.min(count, MAX_SYMBOLS) * width);
}
