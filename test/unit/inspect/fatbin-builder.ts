/** Writes fat binaries as `fatbinary` of CUDA does. */
import { Bytes } from "./elf-builder.ts";

export interface TestEntry {
  readonly kind: "ptx" | "cubin" | "lto-ir";
  /** 90, 120, … */
  readonly arch: number;
  readonly suffix?: "a" | "f";
  /** The content as it is stored. */
  readonly content: Uint8Array;
  /** How it is compressed, and how large it is then. */
  readonly compressed?: { readonly with: "lz4" | "zstd"; readonly size: number };
  readonly version?: readonly [number, number];
  readonly identifier?: string;
  readonly options?: string;
}

export function buildFatbin(entries: readonly TestEntry[]): Uint8Array {
  const body = new Bytes();
  for (const entry of entries) {
    const kind = { ptx: 1, cubin: 2, "lto-ir": 8 }[entry.kind];
    const extra = new Bytes();
    const nameAt = 64;
    if (entry.identifier !== undefined) extra.text(entry.identifier).raw([0]).align(8);
    const optionsAt = 64 + extra.length;
    if (entry.options !== undefined) {
      extra
        .number(optionsAt + 8, 4)
        .number(entry.options.length, 4)
        .text(entry.options)
        .raw([0])
        .align(8);
    }
    const padded = Math.ceil(entry.content.length / 8) * 8;
    const flags =
      0x11 +
      (entry.compressed?.with === "zstd" ? 0x8000 : entry.compressed?.with === "lz4" ? 0x2000 : 0) +
      (entry.suffix === "a" ? 0x10_0000 : entry.suffix === "f" ? 0x20_0000 : 0);
    body
      .number(kind, 2)
      .number(0x101, 2)
      .number(64 + extra.length, 4)
      .number(padded, 8);
    body.number(entry.compressed === undefined ? 0 : entry.content.length, 4);
    body.number(entry.options === undefined ? 0 : optionsAt, 4);
    const [major, minor] = entry.version ?? (entry.kind === "ptx" ? [9, 0] : [1, 8]);
    body.number(minor, 2).number(major, 2).number(entry.arch, 4);
    body.number(entry.identifier === undefined ? 0 : nameAt, 4).number(entry.identifier?.length ?? 0, 4);
    body
      .number(flags, 8)
      .number(0, 8)
      .number(entry.compressed?.size ?? 0, 8);
    body
      .raw(extra.done())
      .raw(entry.content)
      .raw(new Uint8Array(padded - entry.content.length));
  }
  return new Bytes().number(0xba55_ed50, 4).number(1, 2).number(16, 2).number(body.length, 8).raw(body.done()).done();
}
