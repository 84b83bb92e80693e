/** Notes of an ELF file: the build id and those of other owners. Knows their frame, not what they say. */
import { ByteRecord, decodeText } from "./bytes.ts";
import type { Elf } from "./elf.ts";
import { SHT } from "./elf-frame.ts";

const PT_NOTE = 4;
const NT_GNU_BUILD_ID = 3;
const MAX_NOTES = 4096;
const MAX_NOTE_BYTES = 4 * 1024 * 1024;

export interface ElfNote {
  /** `GNU`, `retorch`, … */
  readonly owner: string;
  readonly type: number;
  readonly description: Uint8Array;
}

interface Place {
  readonly offset: number;
  readonly size: number;
  readonly align: number;
}

function placesOf(elf: Elf): Place[] {
  const places = new Map<string, Place>();
  const add = (offset: number, size: number, align: number): void => {
    if (size > 0) places.set(`${offset}:${size}`, { offset, size, align });
  };
  for (const segment of elf.segments) {
    if (segment.type === PT_NOTE) add(segment.offset, segment.fileSize, segment.align);
  }
  // Sections too: objects have no segments, and not every linker puts every note into one.
  for (const section of elf.sections) {
    if (section.type === SHT.NOTE) add(section.offset, section.size, section.name === ".note.gnu.property" ? 8 : 4);
  }
  return [...places.values()].slice(0, 1024);
}

/** All notes, from segments and sections, without repetitions. */
export function notesOf(elf: Elf): ElfNote[] {
  const notes = new Map<string, ElfNote>();
  let bytesLeft = MAX_NOTE_BYTES;
  for (const place of placesOf(elf)) {
    const bytes = elf.reader.source.read(place.offset, Math.min(place.size, bytesLeft));
    bytesLeft -= bytes.length;
    const record = new ByteRecord(bytes, elf.littleEndian);
    const round = (value: number): number => (place.align === 8 ? Math.ceil(value / 8) * 8 : Math.ceil(value / 4) * 4);
    let at = 0;
    while (at + 12 <= bytes.length && notes.size < MAX_NOTES) {
      const nameSize = record.u32(at);
      const size = record.u32(at + 4);
      const type = record.u32(at + 8);
      const nameAt = at + 12;
      const descriptionAt = place.align === 8 ? at + round(12 + nameSize) : nameAt + round(nameSize);
      const end = descriptionAt + size;
      if (end > bytes.length) break;
      const owner = decodeText(bytes.subarray(nameAt, nameAt + nameSize)).replace(/\0[^]*$/, "");
      // The same note is reached through its segment and its section.
      notes.set(`${place.offset + at}`, { owner, type, description: bytes.subarray(descriptionAt, end) });
      at = place.align === 8 ? at + round(end - at) : descriptionAt + round(size);
    }
  }
  return [...notes.values()];
}

/** The GNU build id in hexadecimal. */
export function buildIdOf(notes: readonly ElfNote[]): string | undefined {
  const note = notes.find((one) => one.owner === "GNU" && one.type === NT_GNU_BUILD_ID);
  return note === undefined ? undefined : Buffer.from(note.description).toString("hex");
}
