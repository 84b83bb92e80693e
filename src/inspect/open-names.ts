/**
 * Whether all that a linked library asks for is defined by something that it needs, or by the program that loads it: the
 * quick question before the whole verdict. The hash tables of what it needs are read at once and asked by hash alone, so
 * that hundreds of names cost a few milliseconds; versions, and whether the loader would find the same files, are not
 * looked at.
 */
import { dirname, join } from "node:path";
import type { FileSystem } from "../host/host.ts";
import { ByteRecord, fileSource } from "./bytes.ts";
import { type Elf, openElf } from "./elf.ts";
import { countSymbols, gnuHash, readGnuTable } from "./elf-hash.ts";
import { relocatedSymbols } from "./elf-relocations.ts";
import { dynamicSymbols } from "./elf-symbols.ts";

/** Where it is looked. Absolute paths. */
export interface OpenNamesInput {
  readonly fs: FileSystem;
  /** The linked library. */
  readonly path: string;
  /** The program that will load it. */
  readonly program?: string;
  /** Folders of libraries, besides those that files name themselves. */
  readonly folders: readonly string[];
}

/** More files than any process loads, larger tables than any library has. */
const mostFiles = 512;
const mostTable = 256 * 1024 * 1024;

/** What is linked to, or preloaded, by whoever runs a checked program. */
const ofRunTimes = /^__(?:asan|hwasan|lsan|msan|tsan|ubsan|sanitizer|gcov|llvm|xray)_/;

/** Names that nothing defines; undefined where the file cannot be read. */
export function openNames({ fs, path, program, folders }: OpenNamesInput): readonly string[] | undefined {
  const target = open(fs, path);
  if (target === undefined) return undefined;
  const asked = relocatedSymbols(target);
  const left = new Map<string, Uint8Array>();
  for (const { name, binding, visibility, index } of dynamicSymbols(target).undefinedSymbols()) {
    if (binding === "weak" || visibility === "hidden" || visibility === "internal" || ofRunTimes.test(name)) continue;
    if (asked !== undefined && index !== undefined && !asked.has(index)) continue;
    left.set(name, Buffer.from(name, "utf8"));
  }
  const seen = new Set<string>([path]);
  const queue: { readonly elf: Elf; readonly path: string }[] = [];
  const add = (file: string): boolean => {
    if (seen.has(file)) return true;
    const elf = open(fs, file);
    if (elf?.machineCode !== target.machineCode || elf.bits !== target.bits) return false;
    seen.add(file);
    queue.push({ elf, path: file });
    return true;
  };
  const addNeeds = (elf: Elf, file: string): void => {
    const { needed = [], rpath = [], runpath = [] } = elf.dynamic ?? {};
    const own = [...rpath, ...runpath].map((part) => part.replaceAll(/\$(?:ORIGIN\b|\{ORIGIN\})/g, dirname(file)));
    for (const name of needed) {
      if (name.includes("/")) add(name);
      else [...own, ...folders].some((folder) => folder.startsWith("/") && add(join(folder, name)));
    }
  };
  // What is nearest has most of it; the program comes before the libraries' own libraries.
  addNeeds(target, path);
  if (program !== undefined) add(fs.realpath(program) ?? program);
  for (let at = 0; at < queue.length && at < mostFiles && left.size > 0; at++) {
    const next = queue[at];
    if (next === undefined) break;
    takeDefined(next.elf, left);
    addNeeds(next.elf, next.path);
  }
  return [...left.keys()];
}

function open(fs: FileSystem, path: string): Elf | undefined {
  const source = fileSource(fs, path);
  const elf = source === undefined ? undefined : openElf(source);
  return elf?.ok === true ? elf.value : undefined;
}

/** Takes those names away that a file defines. */
function takeDefined(elf: Elf, left: Map<string, Uint8Array>): void {
  const has = definesHash(elf);
  const symbols = has === undefined ? dynamicSymbols(elf) : undefined;
  for (const [name, bytes] of left) {
    if (has?.(gnuHash(bytes)) ?? symbols?.defines(name) === true) left.delete(name);
  }
}

/** Whether a GNU hash table has a hash: 31 of its bits are compared, which for a warning are as good as the name. */
function definesHash(elf: Elf): ((hash: number) => boolean) | undefined {
  const table = readGnuTable(elf);
  if (table === undefined) return undefined;
  const chains = countSymbols(elf, table, undefined) - table.firstHashed;
  const size = table.chainsAt - table.bucketsAt + chains * 4;
  if (chains < 0 || size > mostTable || !elf.reader.has(table.bucketsAt, size)) return undefined;
  const record = new ByteRecord(elf.reader.source.read(table.bucketsAt, size), elf.littleEndian);
  const chainsAt = table.buckets * 4;
  return (hash) => {
    const start = record.u32((hash % table.buckets) * 4);
    if (start < table.firstHashed) return false;
    for (let at = start - table.firstHashed; at < chains; at++) {
      const link = record.u32(chainsAt + at * 4);
      if ((link | 1) === (hash | 1)) return true;
      if ((link & 1) === 1) return false;
    }
    return false;
  };
}
