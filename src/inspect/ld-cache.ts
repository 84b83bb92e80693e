/**
 * Reads `/etc/ld.so.cache`, the list from which glibc's loader takes libraries that no path names.
 *
 * Layout: glibc, sysdeps/generic/dl-cache.h (`cache_file_new`; before it an older list may stand).
 */
import { ByteReader, type ByteSource } from "./bytes.ts";

/** One library of the cache. */
export interface CachedLibrary {
  /** `libstdc++.so.6`. */
  readonly name: string;
  readonly path: string;
  /** Only for processors with certain abilities. */
  readonly special: boolean;
}

const NEW_MAGIC = "glibc-ld.so.cache1.1";
const OLD_MAGIC = "ld.so-1.7.0";
const MAX_LIBRARIES = 200_000;

function magicAt(reader: ByteReader, at: number, magic: string): boolean {
  const bytes = reader.bytes(at, magic.length);
  return bytes !== undefined && Buffer.from(bytes).toString("latin1") === magic;
}

/** Where the newer list begins. */
function newListAt(reader: ByteReader): number | undefined {
  if (magicAt(reader, 0, NEW_MAGIC)) return 0;
  if (!magicAt(reader, 0, OLD_MAGIC)) return undefined;
  const count = reader.u32(12);
  if (count === undefined || count > MAX_LIBRARIES) return undefined;
  const end = Math.ceil((16 + count * 12) / 8) * 8;
  return magicAt(reader, end, NEW_MAGIC) ? end : undefined;
}

/** The libraries, by name, in the order of the cache. Empty when the file is none that is understood. */
export function readLoaderCache(source: ByteSource): ReadonlyMap<string, readonly CachedLibrary[]> {
  const found = new Map<string, CachedLibrary[]>();
  // Byte order: of the machine. The count tells which it is.
  const little = new ByteReader(source, true);
  const at = newListAt(little);
  if (at === undefined) return found;
  const plausible = (reader: ByteReader): boolean => {
    const count = reader.u32(at + 20);
    return count !== undefined && count <= MAX_LIBRARIES && reader.has(at + 48, count * 24);
  };
  const big = new ByteReader(source, false);
  const reader = plausible(little) ? little : big;
  if (!plausible(reader)) return found;
  const count = reader.u32(at + 20) ?? 0;
  const table = reader.record(at + 48, count * 24);
  if (table === undefined) return found;
  for (let entry = 0; entry < table.length; entry += 24) {
    const name = reader.cString(at + table.u32(entry + 4), 4096);
    const path = reader.cString(at + table.u32(entry + 8), 4096);
    if (name === undefined || path === undefined) continue;
    const library = { name, path, special: table.u64(entry + 16) !== 0 };
    const list = found.get(name);
    if (list === undefined) found.set(name, [library]);
    else list.push(library);
  }
  return found;
}
