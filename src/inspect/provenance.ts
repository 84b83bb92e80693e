/**
 * The note that retorch leaves in what it builds: with which PyTorch, Python, CUDA and compiler. Its content is JSON. In
 * ELF it is a note in a section of its own (`.note.retorch`, owner `retorch`, type 1), which survives `strip` and which
 * any tool that reads notes can show; in PE the section `.retorch`, in Mach-O the section `__TEXT,__retorch`. Here is
 * what the note says and how it is read; the objects that carry it into a link are made in provenance-object.ts.
 */
import type { ByteSource } from "./bytes.ts";
import type { ElfNote } from "./elf-notes.ts";

/** What a built file says of its making. Undefined fields were not part of it. */
export interface Provenance {
  /** Version of retorch. */
  readonly retorch: string;
  /** `2.13.0+cpu`. */
  readonly torch?: string;
  /** Commit of that torch. */
  readonly torchGit?: string;
  /** CUDA that that torch was built with, `13.0`. */
  readonly torchCuda?: string;
  /** `cpython-311`, or `abi3-3.10` for the limited API. */
  readonly python?: string;
  /** CUDA toolkit, `13.0.88`. */
  readonly cuda?: string;
  /** As given to the compiler: `8.0`, `9.0a`, `12.0+PTX`. */
  readonly cudaArch?: readonly string[];
  /** `g++ 12.2.0`. */
  readonly compiler?: string;
  readonly cxx11Abi?: boolean;
  /** Oldest torch that the stable ABI was asked for. */
  readonly torchTarget?: string;
}

export const PROVENANCE_SECTION = ".note.retorch";
export const PROVENANCE_SECTION_PE = ".retorch";
export const PROVENANCE_SECTION_MACHO = { segment: "__TEXT", name: "__retorch" } as const;
export const PROVENANCE_OWNER = "retorch";
export const PROVENANCE_TYPE = 1;

/** A note larger than this is not ours. */
const MAX_JSON = 64 * 1024;

const TEXT_FIELDS = ["torch", "torchGit", "torchCuda", "python", "cuda", "compiler", "torchTarget"] as const;

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

/** Reads the note back. Undefined when there is none, or it says nothing that is understood. */
export function provenanceOf(notes: readonly ElfNote[]): Provenance | undefined {
  const note = notes.find((one) => one.owner === PROVENANCE_OWNER && one.type === PROVENANCE_TYPE);
  if (note === undefined || note.description.length > MAX_JSON) return undefined;
  return parseProvenance(Buffer.from(note.description).toString("utf8"));
}

/** As `provenanceOf`, of a section that holds the content and nothing else, filled up with zeros. */
export function provenanceIn(
  source: ByteSource,
  section: { readonly offset: number; readonly size: number } | undefined,
): Provenance | undefined {
  if (section === undefined || section.size > MAX_JSON) return undefined;
  const text = Buffer.from(source.read(section.offset, section.size)).toString("utf8");
  return parseProvenance(text.replace(/\0+$/, ""));
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
