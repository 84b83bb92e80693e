/**
 * A short name for texts, made without loading `node:crypto`: for files that say in full what they are for, so that two
 * texts with one name cost nothing but time. No protection against anyone who wants to deceive.
 */

/** Two 32-bit lanes in the manner of FNV-1a, as 16 hexadecimal digits. */
export function fingerprint(parts: readonly string[]): string {
  let a = 0x811c9dc5;
  let b = 0x050c5d1f;
  const text = parts.map((part) => `${part.length}:${part}`).join("");
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ code ^ (b >>> 15), 0x01000193);
  }
  return hex(a) + hex(b);
}

function hex(value: number): string {
  return (value >>> 0).toString(16).padStart(8, "0");
}
