/**
 * How the results of one action are written down: pure, versioned, checked. A translation unit with PyTorch's headers
 * has some 3,000 inputs with paths of 100 characters, and the results under one key differ in a few of them.
 *
 *     8 bytes   "retorch" and the version
 *     16 bytes  beginning of the SHA-256 of all that follows
 *     u32       n, the number of digests of contents, then n digests of 32 bytes: what the store must keep for this entry
 *     u32       m, the number of digests of inputs, then m digests of 32 bytes
 *     rest      raw deflate of JSON: paths, which input digest belongs to which path, the results as ranges of these
 *
 * The digests of contents come first so that the cleaning of a store can read them without the rest. Digests are random
 * bytes, which no compression makes smaller.
 */
import { createHash } from "node:crypto";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import type { Digest } from "../base/digest.ts";
import type { CachedOutput, CachedResult } from "./cache.ts";

const version = 1;
const magic = Buffer.from([...Buffer.from("retorch"), version]);
const checksumSize = 16;
const contentsAt = magic.length + checksumSize;
const digestSize = 32;
/** A damaged or hostile entry must not fill the memory. */
const largestText = 256 * 1024 * 1024;

/** The JSON part. All numbers are indices into tables, or plain values. */
interface Text {
  /** Separated by NUL, which no path holds. */
  readonly paths: string;
  /** For each input digest the index of its path. */
  readonly inputs: readonly number[];
  readonly results: readonly {
    /** Ranges of input digests: start, length, start, length, … */
    readonly inputs: readonly number[];
    /** Ranges of paths. */
    readonly absent: readonly number[];
    /** Path, content digest, size, mode of each output. */
    readonly outputs: readonly (readonly [number, number, number, number])[];
    readonly printed: string;
    readonly durationMs: number;
    readonly peakMemory: number;
  }[];
}

/** Writes down results, the newest first. */
export function encodeEntry(results: readonly CachedResult[]): Uint8Array {
  const paths = new Table();
  const contents = new Table();
  const inputs = new Table();
  const inputPaths: number[] = [];
  // Results that were read from one entry share the objects of their inputs.
  const known = new Map<CachedResult["inputs"][number], number>();
  const written = results.map((result) => ({
    inputs: ranges(
      result.inputs.map((input) => {
        let index = known.get(input);
        if (index === undefined) {
          index = inputs.add(`${input.digest}${input.path}`);
          known.set(input, index);
          if (index === inputPaths.length) inputPaths.push(paths.add(input.path));
        }
        return index;
      }),
    ),
    absent: ranges(result.absent.map((path) => paths.add(path))),
    outputs: result.outputs.map(
      ({ path, digest, size, mode }) => [paths.add(path), contents.add(digest), size, mode] as const,
    ),
    printed: result.printed,
    durationMs: amount(result.durationMs),
    peakMemory: amount(result.peakMemory),
  }));
  const text: Text = { paths: paths.values().join("\0"), inputs: inputPaths, results: written };
  const body = Buffer.concat([
    digestTable(contents.values()),
    digestTable(inputs.values()),
    deflateRawSync(JSON.stringify(text), { level: 3 }),
  ]);
  return Buffer.concat([magic, checksum(body), body]);
}

/** Reads results. Undefined when the bytes are damaged, of another version, or anything else. */
export function decodeEntry(bytes: Uint8Array): readonly CachedResult[] | undefined {
  try {
    const buffer = view(bytes);
    if (!hasHeader(buffer)) return undefined;
    const body = buffer.subarray(contentsAt);
    if (!checksum(body).equals(buffer.subarray(magic.length, contentsAt))) return undefined;
    return decodeBody(body);
  } catch {
    return undefined;
  }
}

/**
 * The digests of the contents that an entry needs, from its first bytes; nothing else of it is read or checked.
 * A number instead: so many bytes are needed. Undefined: this is no entry.
 */
export function contentsOfEntry(bytes: Uint8Array): readonly Digest[] | number | undefined {
  const buffer = view(bytes);
  if (!hasHeader(buffer) || buffer.length < contentsAt + 4) return undefined;
  const count = buffer.readUInt32LE(contentsAt);
  const end = contentsAt + 4 + count * digestSize;
  if (end > buffer.length) return end;
  return readDigests(buffer, contentsAt + 4, count);
}

function decodeBody(body: Buffer): readonly CachedResult[] | undefined {
  const contentCount = body.readUInt32LE(0);
  const inputsAt = 4 + contentCount * digestSize;
  const inputCount = body.readUInt32LE(inputsAt);
  const textAt = inputsAt + 4 + inputCount * digestSize;
  if (textAt > body.length) return undefined;
  const json = inflateRawSync(body.subarray(textAt), { maxOutputLength: largestText }).toString("utf8");
  const text: unknown = JSON.parse(json);
  if (!isText(text) || text.inputs.length !== inputCount) return undefined;
  const paths = text.paths.split("\0");
  const contents = readDigests(body, 4, contentCount);
  const digests = readDigests(body, inputsAt + 4, inputCount);
  const inputs = digests.map((digest, i) => ({ path: at(paths, text.inputs[i]!), digest }));
  return text.results.map((result) => ({
    inputs: pick(inputs, result.inputs),
    absent: pick(paths, result.absent),
    outputs: result.outputs.map(([path, content, size, mode]): CachedOutput => ({
      path: at(paths, path),
      digest: at(contents, content),
      size,
      mode,
    })),
    printed: result.printed,
    durationMs: result.durationMs,
    peakMemory: result.peakMemory,
  }));
}

/** Values with the index of their first appearance. */
class Table {
  readonly #indices = new Map<string, number>();

  add(value: string): number {
    let index = this.#indices.get(value);
    if (index === undefined) {
      index = this.#indices.size;
      this.#indices.set(value, index);
    }
    return index;
  }

  values(): string[] {
    return [...this.#indices.keys()];
  }
}

/** [4, 5, 6, 9] → [4, 3, 9, 1]. */
function ranges(indices: readonly number[]): number[] {
  const found: number[] = [];
  let next = -1;
  for (const index of indices) {
    if (index === next) found[found.length - 1]!++;
    else found.push(index, 1);
    next = index + 1;
  }
  return found;
}

function pick<T>(all: readonly T[], starts: readonly number[]): T[] {
  const picked: T[] = [];
  for (let i = 0; i < starts.length; i += 2) {
    const start = starts[i]!;
    const length = starts[i + 1] ?? -1;
    if (start < 0 || length < 0 || start + length > all.length) throw new RangeError("a range beyond the table");
    // A small file must not become a large list.
    if (picked.length + length > 10_000_000) throw new RangeError("too many");
    for (let j = start; j < start + length; j++) picked.push(all[j]!);
  }
  return picked;
}

/** JSON has no way to write down what is no number. */
function amount(value: number): number {
  return isAmount(value) ? value : 0;
}

function at<T>(all: readonly T[], index: number): T {
  const value = all[index];
  if (value === undefined) throw new RangeError("an index beyond the table");
  return value;
}

function digestTable(values: readonly string[]): Buffer {
  const table = Buffer.allocUnsafe(4 + values.length * digestSize);
  table.writeUInt32LE(values.length, 0);
  // The first 64 characters: inputs have their path behind it.
  values.forEach((value, i) => table.write(value.slice(0, 2 * digestSize), 4 + i * digestSize, "hex"));
  return table;
}

function readDigests(buffer: Buffer, from: number, count: number): Digest[] {
  // One text for all, cut into pieces: half the time of one call each.
  const all = buffer.toString("hex", from, from + count * digestSize);
  const digests: Digest[] = [];
  for (let at = 0; at < all.length; at += 2 * digestSize) digests.push(all.slice(at, at + 2 * digestSize) as Digest);
  return digests;
}

function checksum(body: Uint8Array): Buffer {
  return createHash("sha256").update(body).digest().subarray(0, checksumSize);
}

function hasHeader(buffer: Buffer): boolean {
  return buffer.length >= contentsAt && buffer.subarray(0, magic.length).equals(magic);
}

function view(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function isText(value: unknown): value is Text {
  return (
    isObject(value) &&
    typeof value["paths"] === "string" &&
    isList(value["inputs"], isCount) &&
    isList(
      value["results"],
      (result) =>
        isObject(result) &&
        isList(result["inputs"], isCount) &&
        isList(result["absent"], isCount) &&
        isList(result["outputs"], (output) => isList(output, isCount) && output.length === 4) &&
        typeof result["printed"] === "string" &&
        isAmount(result["durationMs"]) &&
        isAmount(result["peakMemory"]),
    )
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isList(value: unknown, each: (item: unknown) => boolean): value is readonly unknown[] {
  return Array.isArray(value) && value.every(each);
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isAmount(value: unknown): boolean {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}
