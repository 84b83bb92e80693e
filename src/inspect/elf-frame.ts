/** Sections and segments of an ELF file, and how an address becomes a place in the file. */
import type { ByteReader } from "./bytes.ts";

/** Section types. */
export const SHT = {
  PROGBITS: 1,
  SYMTAB: 2,
  STRTAB: 3,
  NOTE: 7,
  NOBITS: 8,
  DYNSYM: 11,
  DYNAMIC: 6,
} as const;

/** A segment that is put into memory. */
export const PT_LOAD = 1;

export interface ElfSection {
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  readonly address: number;
  readonly offset: number;
  /** Bytes in the file; 0 for sections without content. */
  readonly size: number;
  readonly link: number;
  readonly info: number;
  readonly entrySize: number;
}

export interface ElfSegment {
  readonly type: number;
  readonly flags: number;
  readonly offset: number;
  readonly address: number;
  readonly fileSize: number;
  readonly memorySize: number;
  readonly align: number;
}

/** What the parts of an ELF file are read with. */
export interface ElfFrame {
  readonly reader: ByteReader;
  readonly bits: 32 | 64;
  readonly sections: readonly ElfSection[];
  readonly segments: readonly ElfSegment[];
}

/** Where the byte of an address lies in the file. Undefined when no segment has it. */
export function fileOffset(elf: Pick<ElfFrame, "segments" | "sections">, address: number): number | undefined {
  for (const segment of elf.segments) {
    if (segment.type !== PT_LOAD) continue;
    const inside = address - segment.address;
    if (inside >= 0 && inside < segment.fileSize) return segment.offset + inside;
  }
  if (elf.segments.length > 0) return undefined;
  for (const section of elf.sections) {
    const inside = address - section.address;
    if (section.address > 0 && inside >= 0 && inside < section.size) return section.offset + inside;
  }
  return undefined;
}
