/** Writes small PE files for tests: imports by name and number, delayed imports, exports with forwarders, sections. */
import { Bytes } from "./elf-builder.ts";

export interface TestPe {
  readonly bits?: 32 | 64;
  readonly machine?: number;
  readonly imports?: Readonly<Record<string, readonly (string | number)[]>>;
  readonly delayed?: Readonly<Record<string, readonly string[]>>;
  readonly exports?: readonly string[];
  readonly forwarders?: Readonly<Record<string, string>>;
  readonly sections?: readonly { readonly name: string; readonly content: Uint8Array }[];
}

const HEADERS = 0x400;
const BASE = 0x1000;

/** The bytes of a DLL. One section holds all tables; addresses are `offset - HEADERS + BASE`. */
export function buildPe(spec: TestPe): Uint8Array {
  const bits = spec.bits ?? 64;
  const word = bits / 8;
  const data = new Bytes();
  const address = (): number => data.length + BASE;
  const texts = new Map<string, number>();
  const text = (value: string, hint = false): number => {
    const key = `${hint ? "h" : ""}${value}`;
    const known = texts.get(key);
    if (known !== undefined) return known;
    data.align(2);
    const at = address();
    if (hint) data.number(0, 2);
    data.text(`${value}\0`);
    texts.set(key, at);
    return at;
  };
  const thunks = (symbols: readonly (string | number)[]): number => {
    const entries = symbols.map((symbol) => (typeof symbol === "string" ? text(symbol, true) : symbol));
    data.align(8);
    const at = address();
    symbols.forEach((symbol, index) => {
      const low = entries[index] ?? 0;
      if (typeof symbol === "string") data.number(low, word);
      else if (word === 8) data.number(low, 4).number(0x8000_0000, 4);
      else data.number(low + 0x8000_0000, 4);
    });
    data.number(0, word);
    return at;
  };

  const imports = Object.entries(spec.imports ?? {}).map(
    ([library, symbols]) => [text(library), thunks(symbols)] as const,
  );
  data.align(4);
  const importsAt = address();
  for (const [name, list] of imports) data.number(list, 4).number(0, 4).number(0, 4).number(name, 4).number(list, 4);
  data.raw(new Uint8Array(20));

  const delayed = Object.entries(spec.delayed ?? {}).map(
    ([library, symbols]) => [text(library), thunks(symbols)] as const,
  );
  data.align(4);
  const delayedAt = address();
  for (const [name, list] of delayed)
    data.number(1, 4).number(name, 4).number(0, 8).number(list, 4).raw(new Uint8Array(12));
  data.raw(new Uint8Array(32));

  const forwarders = spec.forwarders ?? {};
  const names = [...(spec.exports ?? []), ...Object.keys(forwarders)];
  const nameTexts = names.map((name) => text(name));
  const own = text("demo.pyd");
  data.align(4);
  const exportsAt = address();
  const functionsAt = exportsAt + 40;
  const namesAt = functionsAt + names.length * 4;
  const ordinalsAt = namesAt + names.length * 4;
  const targets = ordinalsAt + names.length * 2;
  const forwardTexts = Object.values(forwarders);
  data.raw(new Uint8Array(12)).number(own, 4).number(1, 4).number(names.length, 4).number(names.length, 4);
  data.number(functionsAt, 4).number(namesAt, 4).number(ordinalsAt, 4);
  let forwardAt = targets;
  names.forEach((name) => {
    const forward = forwarders[name];
    data.number(forward === undefined ? 0x500 : forwardAt, 4);
    if (forward !== undefined) forwardAt += forward.length + 1;
  });
  for (const at of nameTexts) data.number(at, 4);
  names.forEach((_name, index) => data.number(index, 2));
  for (const value of forwardTexts) data.text(`${value}\0`);
  const exportsSize = address() - exportsAt;
  data.align(512);

  const contents = data.done();
  const sections = [{ name: ".rdata", content: contents }, ...(spec.sections ?? [])];
  const out = new Bytes();
  out.raw([0x4d, 0x5a]).raw(new Uint8Array(58)).number(64, 4);
  out
    .text("PE\0\0")
    .number(spec.machine ?? 0x8664, 2)
    .number(sections.length, 2)
    .number(0, 12);
  const optional = (bits === 64 ? 112 : 96) + 16 * 8;
  out.number(optional, 2).number(0x2002, 2);
  out
    .number(bits === 64 ? 0x20b : 0x10b, 2)
    .raw([14, 38])
    .raw(new Uint8Array(20));
  if (bits === 64) out.number(0x1_8000_0000, 8);
  else out.number(0, 4).number(0x1000_0000, 4);
  out
    .raw(new Uint8Array(28))
    .number(HEADERS, 4)
    .raw(new Uint8Array(bits === 64 ? 44 : 28))
    .number(16, 4);
  const directories = Array.from({ length: 16 }, (): readonly [number, number] => [0, 0]);
  if (names.length > 0) directories[0] = [exportsAt, exportsSize];
  if (imports.length > 0) directories[1] = [importsAt, 20];
  if (delayed.length > 0) directories[13] = [delayedAt, 32];
  for (const [at, size] of directories) out.number(at, 4).number(size, 4);
  let offset = HEADERS;
  let virtual = BASE;
  for (const section of sections) {
    const name = Buffer.alloc(8);
    name.write(section.name, "latin1");
    out.raw(name).number(section.content.length, 4).number(virtual, 4);
    out.number(section.content.length, 4).number(offset, 4).raw(new Uint8Array(12)).number(0x4000_0040, 4);
    offset += section.content.length;
    virtual += Math.ceil(section.content.length / 4096) * 4096;
  }
  while (out.length < HEADERS) out.raw([0]);
  for (const section of sections) out.raw(section.content);
  return out.done();
}
