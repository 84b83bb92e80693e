/**
 * What glibc's loader refuses of an ELF file by itself, whatever else is installed: marks in its header, segments that
 * cannot be mapped, a processor that it was not built for. Knows nothing of symbols and libraries.
 *
 * In the order of glibc's elf/dl-load.c (`open_verify`, `_dl_map_object_from_fd`), whose words are quoted.
 */
import type { Elf } from "./elf.ts";
import { PT_LOAD } from "./elf-frame.ts";
import { notesOf } from "./elf-notes.ts";

const PT_DYNAMIC = 2;
const EM_X86_64 = 62;
/** ELFOSABI_SYSV and ELFOSABI_GNU. */
const OS_ABIS = [0, 3];
const NT_GNU_PROPERTY_TYPE_0 = 5;
/** x86-64 psABI, program property: bits of the ISA levels that are needed. */
const GNU_PROPERTY_X86_ISA_1_NEEDED = 0xc000_8002;

export interface Refusal {
  /** One sentence without a full stop. */
  readonly what: string;
  readonly why: string;
  /** The file is damaged rather than made in this way. */
  readonly damaged: boolean;
}

/** Levels of the processor as the psABI of x86-64 counts them: 1 is any. */
export type X86Level = 1 | 2 | 3 | 4;

/** The first thing that the loader would refuse. `level`: of this machine's processor, where it is known. */
export function refusalOf(elf: Elf, level?: X86Level): Refusal | undefined {
  return headerRefusal(elf) ?? segmentRefusal(elf) ?? processorRefusal(elf, level);
}

function headerRefusal(elf: Elf): Refusal | undefined {
  const bits64 = elf.bits === 64;
  const header = elf.reader.record(0, bits64 ? 64 : 52);
  if (header === undefined) return undefined;
  const no = (says: string): Refusal => ({
    what: "The header of the file is none that the loader takes",
    why: `It gives up with \`${says}\``,
    damaged: true,
  });
  if (header.u8(6) !== 1) return no("ELF file version ident does not match current one");
  if (!OS_ABIS.includes(header.u8(7))) return no("ELF file OS ABI invalid");
  if (header.u8(7) === 0 && header.u8(8) !== 0) return no("ELF file ABI version invalid");
  if (header.bytes.subarray(9, 16).some((byte) => byte !== 0)) return no("nonzero padding in e_ident");
  if (header.u32(20) !== 1) return no("ELF file version does not match current one");
  if (elf.kind === "executable") {
    return {
      what: "It is a program that lies at a fixed address, which cannot be loaded into another process",
      why: "The loader gives up with `cannot dynamically load executable`",
      damaged: false,
    };
  }
  if (elf.kind !== "shared") return no("only ET_DYN and ET_EXEC can be loaded");
  if (header.u16(bits64 ? 54 : 42) !== (bits64 ? 56 : 32)) return no("ELF file's phentsize not the expected size");
  return undefined;
}

function segmentRefusal(elf: Elf): Refusal | undefined {
  const loads = elf.segments.filter(({ type }) => type === PT_LOAD);
  const no = (says: string): Refusal => ({
    what: "The segments of the file cannot be mapped into a process",
    why: `The loader gives up with \`${says}\`: a damaged file, or a tool that edits ELF files and did it wrong`,
    damaged: true,
  });
  if (loads.length === 0) return no("object file has no loadable segments");
  for (const { align, address, offset } of loads) {
    if (align > 0 && (address - offset) % align !== 0)
      return no("ELF load command address/offset not properly aligned");
  }
  const dynamic = elf.segments.filter(({ type }) => type === PT_DYNAMIC);
  if (dynamic.length > 0 && dynamic.every(({ fileSize }) => fileSize === 0)) {
    return {
      what: "It holds debugging information alone, not the code that it belongs to",
      why: "`objcopy --only-keep-debug` (or a `-dbg` package) leaves the contents out: the loader gives up with `object file has no dynamic section`",
      damaged: false,
    };
  }
  if (dynamic.length === 0) {
    return {
      what: "The file has no dynamic section, so that nothing in it can be found",
      why: "The loader gives up with `object file has no dynamic section`: it was linked without `-shared`, or statically",
      damaged: false,
    };
  }
  return undefined;
}

const LEVEL_NAMES = ["x86-64", "x86-64-v2", "x86-64-v3", "x86-64-v4"] as const;

function processorRefusal(elf: Elf, level: X86Level | undefined): Refusal | undefined {
  if (level === undefined) return undefined;
  const needed = neededLevel(elf);
  if (needed === undefined || needed <= level) return undefined;
  return {
    what: `It is marked for processors of the level ${LEVEL_NAMES[needed - 1] ?? ""}, and this one is ${LEVEL_NAMES[level - 1] ?? ""}`,
    why: "The loader gives up with `CPU ISA level is lower than required`",
    damaged: false,
  };
}

/** The level that a file asks for (`-z x86-64-v3` of the linker). */
export function neededLevel(elf: Elf): X86Level | undefined {
  if (elf.machineCode !== EM_X86_64 || !elf.littleEndian) return undefined;
  let needed: X86Level | undefined;
  for (const { owner, type, description } of notesOf(elf)) {
    if (owner !== "GNU" || type !== NT_GNU_PROPERTY_TYPE_0) continue;
    const view = new DataView(description.buffer, description.byteOffset, description.byteLength);
    for (let at = 0; at + 8 <= view.byteLength;) {
      const size = view.getUint32(at + 4, true);
      if (view.getUint32(at, true) === GNU_PROPERTY_X86_ISA_1_NEEDED && size === 4 && at + 12 <= view.byteLength) {
        const bits = view.getUint32(at + 8, true);
        const highest = 32 - Math.clz32(bits & 0xf);
        if (highest >= 1 && highest <= 4) needed = highest as X86Level;
      }
      at += 8 + Math.ceil(size / 8) * 8;
    }
  }
  return needed;
}
