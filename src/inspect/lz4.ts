/**
 * Decoder of LZ4 blocks, as CUDA before 12.8 compresses device code. No frame, no checksum: the size of the result
 * comes from outside.
 *
 * Format: https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md
 */

/** The original bytes. Undefined when the input is damaged or does not give exactly `size` bytes. */
export function decodeLz4(input: Uint8Array, size: number): Uint8Array | undefined {
  const output = new Uint8Array(size);
  let at = 0;
  let filled = 0;
  const extended = (length: number): number => {
    let total = length;
    for (let byte = 255; byte === 255; total += byte) {
      const next = input[at++];
      if (next === undefined || total > size) return -1;
      byte = next;
    }
    return total;
  };
  while (at < input.length) {
    const token = input[at++] ?? 0;
    let literals = token >> 4;
    if (literals === 15) literals = extended(literals);
    if (literals < 0 || at + literals > input.length || filled + literals > size) return undefined;
    output.set(input.subarray(at, at + literals), filled);
    at += literals;
    filled += literals;
    // The last sequence has literals only.
    if (at >= input.length || filled === size) break;
    const low = input[at++];
    const high = input[at++];
    if (low === undefined || high === undefined) return undefined;
    const distance = low | (high << 8);
    let length = token & 15;
    if (length === 15) length = extended(length);
    if (length < 0) return undefined;
    length += 4;
    if (distance === 0 || distance > filled || filled + length > size) return undefined;
    if (distance >= length) {
      output.copyWithin(filled, filled - distance, filled - distance + length);
      filled += length;
    } else {
      for (const end = filled + length; filled < end; filled++) output[filled] = output[filled - distance] ?? 0;
    }
  }
  return filled === size ? output : undefined;
}
