/** Content digests: SHA-256, written as 64 lower-case hexadecimal digits. */
import { createHash } from "node:crypto";

declare const brand: unique symbol;

/** SHA-256 of some content, as 64 lower-case hexadecimal digits. */
export type Digest = string & { readonly [brand]: "Digest" };

/** The digest of bytes or of a text's UTF-8 form. */
export function digestOf(data: string | Uint8Array): Digest {
  return createHash("sha256").update(data).digest("hex") as Digest;
}

/** Accepts a text that was a digest when it was written down. Undefined when it is none. */
export function asDigest(text: string): Digest | undefined {
  return /^[0-9a-f]{64}$/.test(text) ? (text as Digest) : undefined;
}

/**
 * Digest of a list of texts in which no text can run into its neighbour:
 * each is preceded by its length.
 */
export function digestOfParts(parts: Iterable<string>): Digest {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(`${part.length}:${part}\n`);
  return hash.digest("hex") as Digest;
}
