/**
 * Object files that hold the note of retorch and nothing else, ready for a linker: ELF for Linux, COFF for Windows. They
 * are written byte by byte, so that no assembler runs and no flag of the user's can reach them; the same facts give the
 * same bytes. What the note says is not known here.
 *
 * Layouts: System V ABI, generic part; Linux extensions to gABI (`.note.gnu.property`); Microsoft's PE format.
 */
import { PROVENANCE_OWNER, PROVENANCE_SECTION, PROVENANCE_SECTION_PE, PROVENANCE_TYPE } from "./provenance.ts";

/** Machines that a note can be made for. Others need flags in the header that only the compiler knows (RISC-V, ARM). */
export type NoteMachine = "x86_64" | "aarch64";

const SHT = { PROGBITS: 1, STRTAB: 3, NOTE: 7 };
const SHF_ALLOC = 2;
const HEADER = 64;
const SECTION_HEADER = 64;

/**
 * `e_machine`, and the security features that a linker keeps in a file only when all its objects have them: an object
 * without code has them all, and must say so (IBT and SHSTK; BTI, PAC and GCS).
 */
const ELF: Readonly<Record<NoteMachine, { readonly machine: number; readonly property: readonly [number, number] }>> = {
  x86_64: { machine: 62, property: [0xc0000002, 0b11] },
  aarch64: { machine: 183, property: [0xc0000000, 0b111] },
};

/** A relocatable ELF object with the note `content`. */
export function elfNoteObject(machine: NoteMachine, content: string): Uint8Array {
  const sections = [
    { name: PROVENANCE_SECTION, type: SHT.NOTE, flags: SHF_ALLOC, align: 4, data: noteBytes(content) },
    { name: ".note.gnu.property", type: SHT.NOTE, flags: SHF_ALLOC, align: 8, data: propertyBytes(machine) },
    // Without this the linker gives the program an executable stack.
    { name: ".note.GNU-stack", type: SHT.PROGBITS, flags: 0, align: 1, data: Buffer.alloc(0) },
    { name: ".shstrtab", type: SHT.STRTAB, flags: 0, align: 1, data: Buffer.alloc(0) },
  ];
  const names = Buffer.from(["", ...sections.map(({ name }) => name), ""].join("\0"), "latin1");
  const chunks: Buffer[] = [];
  const headers: Buffer[] = [Buffer.alloc(SECTION_HEADER)];
  let at = HEADER;
  let nameAt = 1;
  for (const section of sections) {
    const data = section.name === ".shstrtab" ? names : section.data;
    const padding = -at & (section.align - 1);
    chunks.push(Buffer.alloc(padding), data);
    at += padding;
    const header = Buffer.alloc(SECTION_HEADER);
    header.writeUInt32LE(nameAt, 0);
    header.writeUInt32LE(section.type, 4);
    header.writeUInt32LE(section.flags, 8);
    header.writeUInt32LE(at, 24);
    header.writeUInt32LE(data.length, 32);
    header.writeUInt32LE(section.align, 48);
    headers.push(header);
    at += data.length;
    nameAt += section.name.length + 1;
  }
  const padding = -at & 7;
  const header = Buffer.alloc(HEADER);
  // 64 bit, least significant byte first, version 1.
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  header.writeUInt16LE(1, 16);
  header.writeUInt16LE(ELF[machine].machine, 18);
  header.writeUInt32LE(1, 20);
  header.writeUInt32LE(at + padding, 40);
  header.writeUInt16LE(HEADER, 52);
  header.writeUInt16LE(SECTION_HEADER, 58);
  header.writeUInt16LE(headers.length, 60);
  header.writeUInt16LE(headers.length - 1, 62);
  return Buffer.concat([header, ...chunks, Buffer.alloc(padding), ...headers]);
}

function noteBytes(content: string): Buffer {
  return elfNote(PROVENANCE_OWNER, PROVENANCE_TYPE, Buffer.from(content, "utf8"));
}

/** NT_GNU_PROPERTY_TYPE_0 with one property of four bytes. */
function propertyBytes(machine: NoteMachine): Buffer {
  const property = Buffer.alloc(16);
  property.writeUInt32LE(ELF[machine].property[0], 0);
  property.writeUInt32LE(4, 4);
  property.writeUInt32LE(ELF[machine].property[1], 8);
  return elfNote("GNU", 5, property);
}

function elfNote(owner: string, type: number, description: Buffer): Buffer {
  const name = Buffer.from(`${owner}\0`, "latin1");
  const head = Buffer.alloc(12);
  head.writeUInt32LE(name.length, 0);
  head.writeUInt32LE(description.length, 4);
  head.writeUInt32LE(type, 8);
  return Buffer.concat([head, padded(name), padded(description)]);
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);
}

/** IMAGE_FILE_MACHINE_… */
const COFF_MACHINE: Readonly<Record<NoteMachine, number>> = { x86_64: 0x8664, aarch64: 0xaa64 };
/** IMAGE_SCN_CNT_INITIALIZED_DATA, IMAGE_SCN_ALIGN_4BYTES, IMAGE_SCN_MEM_READ. */
const READ_ONLY_DATA = 0x40300040;

/** A COFF object with `content` in a section of its own, which link.exe keeps: only COMDATs are dropped. */
export function coffNoteObject(machine: NoteMachine, content: string): Uint8Array {
  const data = padded(Buffer.from(content, "utf8"));
  const head = Buffer.alloc(60);
  head.writeUInt16LE(COFF_MACHINE[machine], 0);
  head.writeUInt16LE(1, 2);
  head.write(PROVENANCE_SECTION_PE, 20, "latin1");
  head.writeUInt32LE(data.length, 36);
  head.writeUInt32LE(head.length, 40);
  head.writeUInt32LE(READ_ONLY_DATA, 56);
  return Buffer.concat([head, data]);
}
