/**
 * Which contents a store keeps compressed, and how. What compilers read and write as text (preprocessed sources, tens of
 * megabytes each with PyTorch's headers) takes a tenth of its room; what hardly shrinks stays a file that can be copied
 * without being read. The fastest level: it packs 17 MB in a tenth of a second, and the slower ones gain little.
 */
import { promisify } from "node:util";
import { deflateRawSync, gunzip, gzip } from "node:zlib";

/** Smaller contents are not worth it; larger ones are not read into memory. */
const smallest = 1 << 20;
const largest = 1 << 28;
/** How much of a content tells how far all of it shrinks. */
export const sampleSize = 1 << 16;
/** A sample must shrink to this part. */
const worthwhile = 0.25;

/** Whether a content is kept compressed, by its size and its beginning. */
export function isWorthPacking(size: number, beginning: Uint8Array): boolean {
  if (size < smallest || size > largest) return false;
  return deflateRawSync(beginning, { level: 1 }).length < beginning.length * worthwhile;
}

/** Compresses a content, while other things go on. One piece is made where it shrinks as it should: see `unpack`. */
export async function pack(content: Uint8Array): Promise<Uint8Array> {
  return await promisify(gzip)(content, { level: 1, chunkSize: Math.ceil(content.length * worthwhile) + sampleSize });
}

/**
 * The content again, made as one piece: joining pieces takes several times as long as making them. The byte too many is
 * what keeps zlib from beginning a second piece when the first is full. Undefined when it is damaged or larger than it
 * should be.
 *
 * @param size Bytes of the content, if that is known.
 */
export async function unpack(packed: Uint8Array, size?: number): Promise<Uint8Array | undefined> {
  try {
    return await promisify(gunzip)(packed, {
      maxOutputLength: Math.max(1, size ?? largest),
      ...(size === undefined ? {} : { chunkSize: Math.max(sampleSize, Math.min(size, largest) + 1) }),
    });
  } catch {
    return undefined;
  }
}
