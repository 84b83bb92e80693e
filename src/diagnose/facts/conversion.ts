/** A conversion between two types that a compiler refuses, read out of the words of gcc, clang, nvcc and cl alike. */
import type { Finding } from "../finding.ts";

/** What a value is and what it should become, as the compiler writes them, without `const` and references. */
export interface Conversion {
  readonly from: string;
  readonly to: string;
}

const forms: readonly RegExp[] = [
  // gcc
  /could not convert [‘'].{1,400}[’'] from [‘'](?<from>[^’']+)[’'](?: \{aka [^}]+\})? to [‘'](?<to>[^’']+)[’']/,
  /cannot convert [‘'](?<from>[^’']+)[’'](?: \{aka [^}]+\})? to [‘'](?<to>[^’']+)[’']/,
  /conversion from [‘'](?<from>[^’']+)[’'](?: \{aka [^}]+\})? to (?:non-scalar type )?[‘'](?<to>[^’']+)[’']/,
  /invalid conversion from [‘'](?<from>[^’']+)[’'](?: \{aka [^}]+\})? to [‘'](?<to>[^’']+)[’']/,
  /invalid initialization of reference of type [‘'](?<to>[^’']+)[’'](?: \{aka [^}]+\})? from expression of type [‘'](?<from>[^’']+)[’']/,
  // clang
  /no (?:viable|known) conversion from (?:returned value of type )?'(?<from>[^']+)'(?: \(aka '[^']+'\))? to (?:function return type )?'(?<to>[^']+)'/,
  /cannot initialize (?:a|an|return) .{1,40}? of type '(?<to>[^']+)'(?: \(aka '[^']+'\))? with an? [lrx]value of type '(?<from>[^']+)'/,
  /assigning to '(?<to>[^']+)'(?: \(aka '[^']+'\))? from incompatible type '(?<from>[^']+)'/,
  /no known conversion for argument \d+ from [‘'](?<from>[^’']+)[’'](?: \{aka [^}]+\})? to [‘'](?<to>[^’']+)[’']/,
  // nvcc
  /no suitable (?:user-defined )?conversion (?:function )?from "(?<from>[^"]+)"(?: \(aka "[^"]+"\))? to "(?<to>[^"]+)"/,
  /no suitable constructor exists to convert from "(?<from>[^"]+)" to "(?<to>[^"]+)"/,
  /argument of type "(?<from>[^"]+)"(?: \(aka "[^"]+"\))? is incompatible with parameter of type "(?<to>[^"]+)"/,
  /value of type "(?<from>[^"]+)"(?: \(aka "[^"]+"\))? cannot be (?:used to initialize|assigned to) an entity of type "(?<to>[^"]+)"/,
  /return value type \("?(?<from>[^")]+)"?\) does not match the function type \("?(?<to>[^")]+)"?\)/,
  // cl
  /cannot convert (?:argument \d+ )?from '(?<from>[^']+)' to '(?<to>[^']+)'/,
];

function plain(type: string): string {
  return type
    .replace(/\b(?:class|struct|enum) /g, "")
    .replace(/^::/, "")
    .replace(/^const (?=[^*]*$)/, "")
    .replace(/\s?&+$/, "")
    .trim();
}

/** The conversion of a finding; undefined when it is about something else. */
export function conversionOf(finding: Finding): Conversion | undefined {
  return inWords(finding.message) ?? (finding.note === undefined ? undefined : inWords(finding.note));
}

function inWords(words: string): Conversion | undefined {
  if (!/conver|incompatible|initiali|assign|does not match the function type/.test(words)) return undefined;
  for (const form of forms) {
    const { from, to } = form.exec(words)?.groups ?? {};
    if (from !== undefined && to !== undefined) return { from: plain(from), to: plain(to) };
  }
  return undefined;
}
