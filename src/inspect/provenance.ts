/**
 * The note that retorch leaves in what it builds: with which PyTorch, Python, CUDA and compiler. An ELF note in a
 * section of its own (`.note.retorch`, owner `retorch`, type 1) whose content is JSON; it survives `strip`, and any tool
 * that reads notes can show it. Here are the text that the assembler makes it from, and the way back.
 */
import type { ElfNote } from "./elf-notes.ts";

/** What a built file says of its making. Undefined fields were not part of it. */
export interface Provenance {
  /** Version of retorch. */
  readonly retorch: string;
  /** `2.13.0+cpu`. */
  readonly torch?: string;
  /** `cpython-311`, or `abi3-3.10` for the limited API. */
  readonly python?: string;
  /** CUDA toolkit, `13.0.88`. */
  readonly cuda?: string;
  /** As given to the compiler: `8.0`, `9.0a`, `12.0+PTX`. */
  readonly cudaArch?: readonly string[];
  /** `g++ 12.2.0`. */
  readonly compiler?: string;
  readonly cxx11Abi?: boolean;
  /** `20`. */
  readonly cxxStandard?: string;
  /** Oldest torch that the stable ABI was asked for. */
  readonly torchTarget?: string;
}

export const PROVENANCE_SECTION = ".note.retorch";
export const PROVENANCE_OWNER = "retorch";
export const PROVENANCE_TYPE = 1;

/** A note larger than this is not ours. */
const MAX_JSON = 64 * 1024;

const TEXT_FIELDS = ["torch", "python", "cuda", "compiler", "cxxStandard", "torchTarget"] as const;

/** The note's content: fields in a fixed order, so that equal facts give equal bytes. */
export function provenanceJson(provenance: Provenance): string {
  const { retorch, cudaArch, cxx11Abi } = provenance;
  const fields: Record<string, unknown> = { retorch };
  for (const field of TEXT_FIELDS) {
    if (provenance[field] !== undefined) fields[field] = provenance[field];
  }
  if (cudaArch !== undefined) fields["cudaArch"] = cudaArch;
  if (cxx11Abi !== undefined) fields["cxx11Abi"] = cxx11Abi;
  return JSON.stringify(fields);
}

/**
 * Assembly text of the note, for GNU as and clang on any ELF machine. It holds no path and no time: the same facts give
 * the same object.
 */
export function provenanceAssembly(provenance: Provenance): string {
  const owner = Buffer.from(`${PROVENANCE_OWNER}\0`, "utf8");
  const content = Buffer.from(provenanceJson(provenance), "utf8");
  const lines = [
    "# Written by retorch: what this file was built with. Shown by `retorch inspect`.",
    // `%note` rather than `@note`: on ARM, `@` begins a comment.
    `\t.section ${PROVENANCE_SECTION},"a",%note`,
    "\t.balign 4",
    `\t.4byte ${owner.length}`,
    `\t.4byte ${content.length}`,
    `\t.4byte ${PROVENANCE_TYPE}`,
    ...byteLines(owner),
    "\t.balign 4",
    ...byteLines(content),
    "\t.balign 4",
    // Without this the linker gives the program an executable stack.
    '\t.section .note.GNU-stack,"",%progbits',
    "",
  ];
  return lines.join("\n");
}

function byteLines(bytes: Uint8Array): string[] {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += 16) lines.push(`\t.byte ${[...bytes.subarray(at, at + 16)].join(",")}`);
  return lines;
}

/** Reads the note back. Undefined when there is none, or it says nothing that is understood. */
export function provenanceOf(notes: readonly ElfNote[]): Provenance | undefined {
  const note = notes.find((one) => one.owner === PROVENANCE_OWNER && one.type === PROVENANCE_TYPE);
  if (note === undefined || note.description.length > MAX_JSON) return undefined;
  return parseProvenance(Buffer.from(note.description).toString("utf8"));
}

/** Reads the note's content. Unknown fields are left out, those of a wrong type too. */
export function parseProvenance(text: string): Provenance | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const fields = value as Readonly<Record<string, unknown>>;
  const retorch = fields["retorch"];
  if (typeof retorch !== "string") return undefined;
  const found: Record<string, unknown> = { retorch };
  for (const field of TEXT_FIELDS) if (typeof fields[field] === "string") found[field] = fields[field];
  const cudaArch = fields["cudaArch"];
  if (Array.isArray(cudaArch)) found["cudaArch"] = cudaArch.filter((one) => typeof one === "string");
  if (typeof fields["cxx11Abi"] === "boolean") found["cxx11Abi"] = fields["cxx11Abi"];
  return found as unknown as Provenance;
}
