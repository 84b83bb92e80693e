/**
 * ELF files that are a GPU's program by themselves, as Triton and nvcc keep them: for which GPU. NVIDIA's (cubin) are read as
 * a fat binary of one entry; AMD's (hsaco, or a code object) are told by their target alone.
 *
 * Layout: LLVM's BinaryFormat/ELF.h (EF_CUDA_…) and "User Guide for AMDGPU Backend", checked against ptxas 12.8 to 13.0 and
 * clang 19; which of them a GPU of 9.0 takes, against its driver.
 */
import { type CudaArchitecture, parseArchitecture } from "./architecture.ts";
import { decodeText } from "./bytes.ts";
import { type Elf, findSection, sectionBytes } from "./elf.ts";
import type { Fatbin } from "./fatbin.ts";
import type { HipEntry } from "./hip.ts";

/** The program of a GPU, of either kind. */
export function isGpuCode({ machine }: Pick<Elf, "machine">): boolean {
  return machine === "cuda" || machine === "amdgpu";
}

/** What ptxas writes for Blackwell since CUDA 12.8, and for all since 13: the flags lie otherwise. */
const ABI_VERSION_2 = 8;
const ACCELERATED = 0x800;
const ACCELERATED_2 = 0x8;
const MAX_NOTE = 64 * 1024;

/** The architecture of a cubin; undefined where its flags name none. */
export function cubinArchitecture(elf: Elf): CudaArchitecture | undefined {
  // The new form has the options of ptxas in a note; its flags never say `f`, and with CUDA 13 not `a` either.
  const note = findSection(elf, ".note.nv.tkinfo");
  const options = note === undefined ? "" : decodeText(sectionBytes(elf, note, MAX_NOTE));
  const told = /-arch\s+(sm_\d+[af]?)/.exec(options)?.[1];
  const isNew = elf.abiVersion >= ABI_VERSION_2;
  const number = isNew ? (elf.flags >>> 8) & 0xff : elf.flags & 0xff;
  const accelerated = (elf.flags & (isNew ? ACCELERATED_2 : ACCELERATED)) !== 0;
  const named = told === undefined ? undefined : parseArchitecture(told);
  if (named !== undefined && named.major * 10 + named.minor === number) return named;
  return number < 10 ? undefined : parseArchitecture(`${number}${accelerated ? "a" : ""}`);
}

/** A cubin as a fat binary that holds nothing else. */
export function cubinAsFatbin(elf: Elf): Fatbin | undefined {
  const architecture = cubinArchitecture(elf);
  if (elf.machine !== "cuda" || architecture === undefined) return undefined;
  const { size } = elf.reader;
  const content = { offset: 0, storedSize: size, size };
  const form = { kind: "cubin", kindCode: 2, version: [1, 1], compression: "none", debug: false, flags: 0 } as const;
  const relocatable = elf.kind === "relocatable";
  return { offset: 0, size, relocatable, entries: [{ ...form, ...content, architecture }] };
}

/** AMD's processors by the low byte of the flags (EF_AMDGPU_MACH). */
const PROCESSORS: Readonly<Record<number, string>> = {
  0x2a: "gfx803",
  0x2c: "gfx900",
  0x2f: "gfx906",
  0x30: "gfx908",
  0x3f: "gfx90a",
  0x40: "gfx940",
  0x4b: "gfx941",
  0x4c: "gfx942",
  0x4f: "gfx950",
  0x33: "gfx1010",
  0x36: "gfx1030",
  0x37: "gfx1031",
  0x38: "gfx1032",
  0x39: "gfx1033",
  0x3e: "gfx1034",
  0x3d: "gfx1035",
  0x45: "gfx1036",
  0x41: "gfx1100",
  0x46: "gfx1101",
  0x47: "gfx1102",
  0x44: "gfx1103",
  0x43: "gfx1150",
  0x4a: "gfx1151",
  0x55: "gfx1152",
  0x48: "gfx1200",
  0x4e: "gfx1201",
};

/** The target of an AMD code object; undefined for processors that are not listed. */
export function amdTarget(elf: Elf): HipEntry | undefined {
  const target = elf.machine === "amdgpu" ? PROCESSORS[elf.flags & 0xff] : undefined;
  return target === undefined ? undefined : { target, triple: `amdgcn-amd-amdhsa--${target}`, size: elf.reader.size };
}
