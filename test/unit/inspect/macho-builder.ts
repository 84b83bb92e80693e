/** Writes small Mach-O files for tests: libraries, run paths, versions, symbols; and universal files of several. */
import { Bytes, Strings } from "./elf-builder.ts";

export interface TestMachO {
  readonly bits?: 32 | 64;
  readonly little?: boolean;
  readonly cpu?: number;
  readonly subtype?: number;
  readonly kind?: number;
  readonly libraries?: readonly { readonly path: string; readonly weak?: boolean; readonly command?: number }[];
  readonly rpaths?: readonly string[];
  readonly installName?: string;
  /** [platform, minimum, sdk], versions as 0xXXXXYYZZ. */
  readonly build?: readonly [number, number, number];
  readonly imports?: readonly { readonly name: string; readonly ordinal?: number; readonly weak?: boolean }[];
  readonly exports?: readonly string[];
  readonly flat?: boolean;
  /** What dyld goes by, as LC_DYLD_EXPORTS_TRIE and LC_DYLD_CHAINED_FIXUPS. */
  readonly linkEdit?: { readonly exports: Uint8Array; readonly fixups: Uint8Array };
}

export function buildMachO(spec: TestMachO): Uint8Array {
  const bits = spec.bits ?? 64;
  const little = spec.little ?? true;
  const commands: Uint8Array[] = [];
  const command = (code: number, fill: (out: Bytes) => void): void => {
    const body = new Bytes(little);
    fill(body);
    body.align(8);
    commands.push(
      new Bytes(little)
        .number(code, 4)
        .number(body.length + 8, 4)
        .raw(body.done())
        .done(),
    );
  };
  const dylib = (code: number, path: string): void =>
    command(code, (out) =>
      out.number(24, 4).number(0, 4).number(0x0001_0203, 4).number(0x0001_0000, 4).text(`${path}\0`),
    );
  if (spec.installName !== undefined) dylib(0xd, spec.installName);
  for (const { path, weak, command: code } of spec.libraries ?? [])
    dylib(code ?? (weak === true ? 0x8000_0018 : 0xc), path);
  for (const path of spec.rpaths ?? []) command(0x8000_001c, (out) => out.number(12, 4).text(`${path}\0`));
  const { build } = spec;
  if (build !== undefined) {
    command(0x32, (out) => out.number(build[0], 4).number(build[1], 4).number(build[2], 4).number(0, 4));
  }
  command(0x1b, (out) => out.raw(new Uint8Array(16).fill(0xab)));

  const strings = new Strings();
  const symbols = new Bytes(little);
  const symbol = (name: string, type: number, description: number, value: number): void => {
    symbols
      .number(strings.at(name), 4)
      .raw([type, type === 1 ? 0 : 1])
      .number(description, 2)
      .number(value, bits / 8);
  };
  for (const { name, ordinal, weak } of spec.imports ?? []) {
    symbol(name, 1, (ordinal ?? 0) * 256 + (weak === true ? 0x40 : 0), 0);
  }
  for (const name of spec.exports ?? []) symbol(name, 0x0f, 0, 64);
  symbol("local", 0x0e, 0, 64);
  const headerSize = bits === 64 ? 32 : 28;
  const { linkEdit } = spec;
  const linkEditSize = linkEdit === undefined ? 0 : 32;
  const commandSize = commands.reduce((sum, one) => sum + one.length, 0) + 24 + linkEditSize;
  const symbolsAt = headerSize + commandSize;
  const count = symbols.length / (bits === 64 ? 16 : 12);
  command(2, (out) =>
    out
      .number(symbolsAt, 4)
      .number(count, 4)
      .number(symbolsAt + symbols.length, 4)
      .number(Buffer.byteLength(strings.text), 4),
  );
  if (linkEdit !== undefined) {
    const exportsAt = symbolsAt + symbols.length + Buffer.byteLength(strings.text);
    command(0x8000_0033, (out) => out.number(exportsAt, 4).number(linkEdit.exports.length, 4));
    command(0x8000_0034, (out) => out.number(exportsAt + linkEdit.exports.length, 4).number(linkEdit.fixups.length, 4));
  }
  const out = new Bytes(little).number(bits === 64 ? 0xfeed_facf : 0xfeed_face, 4);
  out
    .number(spec.cpu ?? 0x0100_000c, 4)
    .number(spec.subtype ?? 0, 4)
    .number(spec.kind ?? 8, 4);
  out
    .number(commands.length, 4)
    .number(commandSize, 4)
    .number(spec.flat === true ? 0 : 0x80, 4);
  if (bits === 64) out.number(0, 4);
  for (const one of commands) out.raw(one);
  out.raw(symbols.done()).text(strings.text);
  return linkEdit === undefined ? out.done() : out.raw(linkEdit.exports).raw(linkEdit.fixups).done();
}

/** A universal file. */
export function buildUniversal(slices: readonly { readonly cpu: number; readonly bytes: Uint8Array }[]): Uint8Array {
  const out = new Bytes(false).number(0xcafe_babe, 4).number(slices.length, 4);
  let offset = 4096;
  for (const { cpu, bytes } of slices) {
    out.number(cpu, 4).number(0, 4).number(offset, 4).number(bytes.length, 4).number(12, 4);
    offset += Math.ceil(bytes.length / 4096) * 4096;
  }
  for (const { bytes } of slices) out.align(4096).raw(bytes);
  return out.done();
}
