/**
 * Writes small ELF files for tests: shared libraries with dynamic symbols, versions, hash tables, notes and sections, in
 * 32 or 64 bit and either byte order. One segment maps the whole file at address 0, so that addresses are offsets.
 */
import { gnuHash, sysvHash } from "../../../src/inspect/elf-hash.ts";

export interface TestSymbol {
  readonly name: string;
  readonly defined?: boolean;
  readonly weak?: boolean;
  /** `GLIBC_2.34` of `libc.so.6` for undefined ones, else one of `versions`. */
  readonly version?: string;
  readonly versionFile?: string;
  readonly hidden?: boolean;
}

export interface TestNote {
  readonly owner: string;
  readonly type: number;
  readonly content: Uint8Array;
}

export interface TestElf {
  readonly bits?: 32 | 64;
  readonly little?: boolean;
  /** ET_DYN unless given: 1 object, 2 executable. */
  readonly type?: number;
  readonly machine?: number;
  /** EI_ABIVERSION, and e_flags. */
  readonly abiVersion?: number;
  readonly flags?: number;
  readonly needed?: readonly string[];
  readonly soname?: string;
  readonly rpath?: string;
  readonly runpath?: string;
  readonly interpreter?: string;
  readonly flags1?: number;
  readonly symbols?: readonly TestSymbol[];
  /** Versions that are defined, the file's own name first. */
  readonly versions?: readonly string[];
  readonly hash?: "gnu" | "sysv" | "both" | "none";
  readonly notes?: readonly TestNote[];
  readonly comment?: string;
  /** More sections with their content. */
  readonly sections?: readonly { readonly name: string; readonly content: Uint8Array }[];
  /** Without section headers, as `sstrip` leaves it. */
  readonly stripped?: boolean;
}

/** Bytes that are written one after the other. */
export class Bytes {
  readonly #parts: number[] = [];
  readonly little: boolean;

  constructor(little = true) {
    this.little = little;
  }

  get length(): number {
    return this.#parts.length;
  }

  number(value: number, width: number): this {
    const bytes: number[] = [];
    let rest = value;
    for (let index = 0; index < width; index++) {
      bytes.push(rest % 256);
      rest = Math.floor(rest / 256);
    }
    this.#parts.push(...(this.little ? bytes : bytes.reverse()));
    return this;
  }

  raw(bytes: Uint8Array | readonly number[]): this {
    for (const byte of bytes) this.#parts.push(byte);
    return this;
  }

  text(text: string): this {
    return this.raw(Buffer.from(text, "utf8"));
  }

  align(to: number): this {
    while (this.#parts.length % to !== 0) this.#parts.push(0);
    return this;
  }

  done(): Uint8Array {
    return Uint8Array.from(this.#parts);
  }
}

/** A string table that grows. */
export class Strings {
  readonly #offsets = new Map<string, number>();
  #size = 1;
  text = "\0";

  at(name: string): number {
    if (name === "") return 0;
    const known = this.#offsets.get(name);
    if (known !== undefined) return known;
    const offset = this.#size;
    this.text += `${name}\0`;
    this.#size += Buffer.byteLength(name) + 1;
    this.#offsets.set(name, offset);
    return offset;
  }
}

interface Piece {
  readonly name: string;
  readonly type: number;
  readonly content: Uint8Array;
  readonly link?: string;
  readonly entrySize?: number;
  offset: number;
}

/** The bytes of a file. */
export function buildElf(spec: TestElf): Uint8Array {
  const bits = spec.bits ?? 64;
  const little = spec.little ?? true;
  const word = bits / 8;
  const strings = new Strings();
  const bytes = (): Bytes => new Bytes(little);

  // With a GNU hash table, hashed symbols stand last, by bucket.
  const symbols: readonly TestSymbol[] = spec.symbols ?? [];
  const buckets = Math.max(2, Math.floor(symbols.length / 4));
  const others = symbols.filter((symbol) => symbol.defined !== true);
  const hashOf = (symbol: TestSymbol): number => gnuHash(Buffer.from(symbol.name));
  const hashed = symbols
    .filter((symbol) => symbol.defined === true)
    .sort((a, b) => (hashOf(a) % buckets) - (hashOf(b) % buckets));
  const ordered = [...others, ...hashed];

  const defined = spec.versions ?? [];
  const neededNames = [
    ...new Set(
      others.filter((one) => one.version !== undefined).map((one) => `${one.versionFile ?? ""}|${one.version ?? ""}`),
    ),
  ];
  const indexOf = (symbol: TestSymbol): number => {
    if (symbol.version === undefined) return symbol.defined === true ? 1 : 0;
    if (symbol.defined === true) return defined.indexOf(symbol.version) + 1 + (symbol.hidden === true ? 0x8000 : 0);
    return defined.length + 1 + 1 + neededNames.indexOf(`${symbol.versionFile ?? ""}|${symbol.version}`);
  };

  const pieces: Piece[] = [];
  const add = (name: string, type: number, content: Uint8Array, more: Partial<Piece> = {}): void => {
    pieces.push({ name, type, content, offset: 0, ...more });
  };

  const table = bytes();
  const entry = (nameAt: number, info: number, section: number, value: number): void => {
    if (bits === 64) table.number(nameAt, 4).raw([info, 0]).number(section, 2).number(value, 8).number(0, 8);
    else table.number(nameAt, 4).number(value, 4).number(0, 4).raw([info, 0]).number(section, 2);
  };
  entry(0, 0, 0, 0);
  for (const symbol of ordered) {
    const binding = symbol.weak === true ? 2 : 1;
    entry(strings.at(symbol.name), binding * 16 + 2, symbol.defined === true ? 7 : 0, symbol.defined === true ? 64 : 0);
  }
  const hash = spec.hash ?? "gnu";
  if (symbols.length > 0) {
    add(".dynsym", 11, table.done(), { link: ".dynstr", entrySize: bits === 64 ? 24 : 16 });
    if (hash === "gnu" || hash === "both")
      add(".gnu.hash", 0x6fff_fff6, gnuTable(hashed, others.length + 1, buckets, bits, little));
    if (hash === "sysv" || hash === "both") add(".hash", 5, sysvTable(ordered, little));
  }
  if (defined.length > 0 || neededNames.length > 0) {
    const indexes = bytes().number(0, 2);
    for (const symbol of ordered) indexes.number(indexOf(symbol), 2);
    add(".gnu.version", 0x6fff_ffff, indexes.done());
  }
  const files = [...new Set(neededNames.map((one) => one.split("|")[0] ?? ""))];
  if (files.length > 0) {
    const needs = bytes();
    files.forEach((file, fileIndex) => {
      const own = neededNames.filter((one) => one.startsWith(`${file}|`));
      needs.number(1, 2).number(own.length, 2).number(strings.at(file), 4).number(16, 4);
      needs.number(fileIndex + 1 === files.length ? 0 : 16 + own.length * 16, 4);
      own.forEach((one, index) => {
        const name = one.slice(file.length + 1);
        needs
          .number(0, 4)
          .number(0, 2)
          .number(defined.length + 2 + neededNames.indexOf(one), 2);
        needs.number(strings.at(name), 4).number(index + 1 === own.length ? 0 : 16, 4);
      });
    });
    add(".gnu.version_r", 0x6fff_fffe, needs.done());
  }
  if (defined.length > 0) {
    const definitions = bytes();
    defined.forEach((name, index) => {
      definitions
        .number(1, 2)
        .number(index === 0 ? 1 : 0, 2)
        .number(index + 1, 2)
        .number(1, 2)
        .number(0, 4);
      definitions.number(20, 4).number(index + 1 === defined.length ? 0 : 28, 4);
      definitions.number(strings.at(name), 4).number(0, 4);
    });
    add(".gnu.version_d", 0x6fff_fffd, definitions.done());
  }
  if ((spec.notes ?? []).length > 0) {
    const notes = bytes();
    for (const note of spec.notes ?? []) {
      const owner = Buffer.from(`${note.owner}\0`);
      notes.number(owner.length, 4).number(note.content.length, 4).number(note.type, 4);
      notes.raw(owner).align(4).raw(note.content).align(4);
    }
    add(".note.test", 7, notes.done());
  }
  if (spec.interpreter !== undefined) add(".interp", 1, bytes().text(`${spec.interpreter}\0`).done());
  if (spec.comment !== undefined) add(".comment", 1, bytes().text(`${spec.comment}\0`).done());
  for (const { name, content } of spec.sections ?? []) add(name, 1, content);

  for (const name of spec.needed ?? []) strings.at(name);
  for (const name of [spec.soname, spec.rpath, spec.runpath]) if (name !== undefined) strings.at(name);
  const dynamic = symbols.length > 0 || (spec.needed ?? []).length > 0 || spec.soname !== undefined;
  if (dynamic) {
    add(".dynstr", 3, Buffer.from(strings.text));
    add(".dynamic", 6, new Uint8Array(word * 2 * (24 + (spec.needed ?? []).length)));
  }
  const sectionNames = new Strings();
  for (const piece of pieces) sectionNames.at(piece.name);
  sectionNames.at(".shstrtab");
  add(".shstrtab", 3, Buffer.from(sectionNames.text));

  // Places: header, program headers, contents, section headers.
  const headerSize = bits === 64 ? 64 : 52;
  const segmentSize = bits === 64 ? 56 : 32;
  const segments =
    1 + (dynamic ? 1 : 0) + ((spec.notes ?? []).length > 0 ? 1 : 0) + (spec.interpreter === undefined ? 0 : 1);
  let place = headerSize + segments * segmentSize;
  for (const piece of pieces) {
    place = Math.ceil(place / 8) * 8;
    piece.offset = place;
    place += piece.content.length;
  }
  const sectionsAt = Math.ceil(place / 8) * 8;
  const sectionSize = bits === 64 ? 64 : 40;
  const stripped = spec.stripped === true;
  const total = stripped ? place : sectionsAt + (pieces.length + 1) * sectionSize;
  const find = (name: string): Piece | undefined => pieces.find((piece) => piece.name === name);

  if (dynamic) {
    const tags = bytes();
    const tag = (code: number, value: number | undefined): void => {
      if (value !== undefined) tags.number(code, word).number(value, word);
    };
    for (const name of spec.needed ?? []) tag(1, strings.at(name));
    tag(14, spec.soname === undefined ? undefined : strings.at(spec.soname));
    tag(15, spec.rpath === undefined ? undefined : strings.at(spec.rpath));
    tag(29, spec.runpath === undefined ? undefined : strings.at(spec.runpath));
    tag(5, find(".dynstr")?.offset);
    tag(10, find(".dynstr")?.content.length);
    tag(6, find(".dynsym")?.offset);
    tag(11, bits === 64 ? 24 : 16);
    tag(0x6fff_fef5, find(".gnu.hash")?.offset);
    tag(4, find(".hash")?.offset);
    tag(0x6fff_fff0, find(".gnu.version")?.offset);
    tag(0x6fff_fffe, find(".gnu.version_r")?.offset);
    tag(0x6fff_ffff, files.length === 0 ? undefined : files.length);
    tag(0x6fff_fffc, find(".gnu.version_d")?.offset);
    tag(0x6fff_fffd, defined.length === 0 ? undefined : defined.length);
    tag(0x6fff_fffb, spec.flags1);
    tag(0, 0);
    find(".dynamic")?.content.set(tags.done());
  }

  const out = bytes();
  out
    .raw([0x7f, 0x45, 0x4c, 0x46, bits === 64 ? 2 : 1, little ? 1 : 2, 1, 0, spec.abiVersion ?? 0])
    .raw(new Uint8Array(7));
  out
    .number(spec.type ?? 3, 2)
    .number(spec.machine ?? 62, 2)
    .number(1, 4);
  out
    .number(0, word)
    .number(headerSize, word)
    .number(stripped ? 0 : sectionsAt, word);
  out
    .number(spec.flags ?? 0, 4)
    .number(headerSize, 2)
    .number(segmentSize, 2)
    .number(segments, 2);
  out
    .number(sectionSize, 2)
    .number(stripped ? 0 : pieces.length + 1, 2)
    .number(stripped ? 0 : pieces.length, 2);
  const segment = (type: number, offset: number, size: number): void => {
    if (bits === 64) {
      out.number(type, 4).number(5, 4).number(offset, 8).number(offset, 8).number(offset, 8);
      out.number(size, 8).number(size, 8).number(8, 8);
    } else {
      out.number(type, 4).number(offset, 4).number(offset, 4).number(offset, 4);
      out.number(size, 4).number(size, 4).number(5, 4).number(4, 4);
    }
  };
  segment(1, 0, total);
  const whole = (type: number, name: string): void => {
    const piece = find(name);
    if (piece !== undefined) segment(type, piece.offset, piece.content.length);
  };
  if (dynamic) whole(2, ".dynamic");
  whole(3, ".interp");
  if ((spec.notes ?? []).length > 0) {
    // Notes are aligned to 4 whatever the segment's own alignment.
    const piece = find(".note.test");
    if (bits === 64) {
      out
        .number(4, 4)
        .number(4, 4)
        .number(piece?.offset ?? 0, 8)
        .number(piece?.offset ?? 0, 8)
        .number(0, 8);
      out
        .number(piece?.content.length ?? 0, 8)
        .number(0, 8)
        .number(4, 8);
    } else {
      out
        .number(4, 4)
        .number(piece?.offset ?? 0, 4)
        .number(0, 4)
        .number(0, 4);
      out
        .number(piece?.content.length ?? 0, 4)
        .number(0, 4)
        .number(4, 4)
        .number(4, 4);
    }
  }
  for (const piece of pieces) {
    while (out.length < piece.offset) out.raw([0]);
    out.raw(piece.content);
  }
  if (stripped) return out.done();
  out.align(8).raw(new Uint8Array(sectionSize));
  for (const piece of pieces) {
    const link = piece.link === undefined ? 0 : pieces.findIndex((one) => one.name === piece.link) + 1;
    out.number(sectionNames.at(piece.name), 4).number(piece.type, 4).number(2, word).number(piece.offset, word);
    out.number(piece.offset, word).number(piece.content.length, word).number(link, 4).number(0, 4);
    out.number(8, word).number(piece.entrySize ?? 0, word);
  }
  return out.done();
}

function gnuTable(
  hashed: readonly TestSymbol[],
  first: number,
  buckets: number,
  bits: 32 | 64,
  little: boolean,
): Uint8Array {
  const out = new Bytes(little);
  const shift = 6;
  const hashes = hashed.map((symbol) => gnuHash(Buffer.from(symbol.name)));
  out.number(buckets, 4).number(first, 4).number(1, 4).number(shift, 4);
  let filter = 0n;
  for (const hash of hashes) {
    filter |= 1n << BigInt(hash % bits);
    filter |= 1n << BigInt((hash >>> shift) % bits);
  }
  const word = Array.from({ length: bits / 8 }, (_, index) => Number((filter >> BigInt(index * 8)) & 255n));
  out.raw(little ? word : word.reverse());
  for (let bucket = 0; bucket < buckets; bucket++) {
    const start = hashes.findIndex((hash) => hash % buckets === bucket);
    out.number(start === -1 ? 0 : first + start, 4);
  }
  hashes.forEach((hash, index) => {
    const last = index + 1 === hashes.length || (hashes[index + 1] ?? 0) % buckets !== hash % buckets;
    out.number(last ? (hash | 1) >>> 0 : (hash & ~1) >>> 0, 4);
  });
  return out.done();
}

function sysvTable(symbols: readonly TestSymbol[], little: boolean): Uint8Array {
  const buckets: number[] = [0, 0, 0];
  const chains: number[] = [0];
  symbols.forEach((symbol, index) => {
    const bucket = sysvHash(Buffer.from(symbol.name)) % buckets.length;
    chains.push(buckets[bucket] ?? 0);
    buckets[bucket] = index + 1;
  });
  const out = new Bytes(little).number(buckets.length, 4).number(chains.length, 4);
  for (const value of [...buckets, ...chains]) out.number(value, 4);
  return out.done();
}
