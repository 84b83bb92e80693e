/**
 * Symbol versions of an ELF file: what it asks of which library (`GLIBC_2.34` of `libc.so.6`) and what it defines.
 * Layout: Linux Standard Base, symbol versioning (Elf64_Verneed, Elf64_Verdef); the same in 32 bit.
 */
import type { Elf } from "./elf.ts";

/** A version that another library must define. */
export interface NeededVersion {
  /** Name as in DT_NEEDED. */
  readonly file: string;
  readonly name: string;
  /** The loader only warns when it is missing. */
  readonly weak: boolean;
  /** Index by which symbols refer to it. */
  readonly index: number;
}

/** A version that this file defines. */
export interface DefinedVersion {
  readonly name: string;
  readonly index: number;
  /** The file's own name rather than a version. */
  readonly base: boolean;
}

const VER_FLG_BASE = 1;
const VER_FLG_WEAK = 2;
/** Version indexes have 15 bits. */
const MAX_VERSIONS = 32_768;

function stringAt(elf: Elf, at: number): string | undefined {
  const { strings, stringsSize } = elf.dynamic?.tables ?? {};
  if (strings === undefined || stringsSize === undefined || at >= stringsSize) return undefined;
  return elf.reader.cString(strings + at, 4096);
}

/** The versions that are asked of other libraries. */
export function neededVersions(elf: Elf): NeededVersion[] {
  const tables = elf.dynamic?.tables;
  let at = tables?.versionsNeeded;
  const found: NeededVersion[] = [];
  let steps = 0;
  for (let left = tables?.versionsNeededCount ?? 0; at !== undefined && left > 0; left--) {
    const head = elf.reader.record(at, 16);
    if (head === undefined) break;
    const file = stringAt(elf, head.u32(4));
    let entryAt = at + head.u32(8);
    for (let entries = head.u16(2); entries > 0; entries--) {
      if (++steps > MAX_VERSIONS) return found;
      const entry = elf.reader.record(entryAt, 16);
      if (entry === undefined) break;
      const name = stringAt(elf, entry.u32(8));
      if (file !== undefined && name !== undefined) {
        const weak = (entry.u16(4) & VER_FLG_WEAK) !== 0;
        found.push({ file, name, weak, index: entry.u16(6) & 0x7fff });
      }
      const next = entry.u32(12);
      if (next === 0) break;
      entryAt += next;
    }
    const next = head.u32(12);
    if (next === 0 || ++steps > MAX_VERSIONS) break;
    at += next;
  }
  return found;
}

/** The versions that the file defines. */
export function versionDefinitions(elf: Elf): DefinedVersion[] {
  const tables = elf.dynamic?.tables;
  let at = tables?.versionsDefined;
  const found: DefinedVersion[] = [];
  const count = Math.min(tables?.versionsDefinedCount ?? 0, MAX_VERSIONS);
  for (let left = count; at !== undefined && left > 0; left--) {
    const head = elf.reader.record(at, 20);
    if (head === undefined) break;
    const nameAt = elf.reader.u32(at + head.u32(12));
    const name = nameAt === undefined ? undefined : stringAt(elf, nameAt);
    if (name !== undefined) {
      found.push({ name, index: head.u16(4) & 0x7fff, base: (head.u16(2) & VER_FLG_BASE) !== 0 });
    }
    const next = head.u32(16);
    if (next === 0) break;
    at += next;
  }
  return found;
}

/** What each version index of the symbol table stands for. 0 (local) and 1 (global) have no name. */
export function versionNames(elf: Elf): ReadonlyMap<number, { readonly name: string; readonly file?: string }> {
  const names = new Map<number, { readonly name: string; readonly file?: string }>();
  for (const version of versionDefinitions(elf)) {
    if (!version.base) names.set(version.index, { name: version.name });
  }
  for (const version of neededVersions(elf)) names.set(version.index, { name: version.name, file: version.file });
  names.delete(0);
  names.delete(1);
  return names;
}
