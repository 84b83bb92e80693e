/**
 * Whether a zip archive holds what it says: the checksum of every member, and for a wheel every file against `RECORD`. Large members
 * pass by in pieces. What pip makes of it was tried with pip 23.2: a wrong checksum, no `RECORD` or two `.dist-info` end the
 * installation, a wrong digest does not.
 */
import { createHash, type Hash } from "node:crypto";
import { crc32 } from "node:zlib";
import type { ByteSource } from "./bytes.ts";
import { readRecord, type RecordEntry, recordPath } from "./record.ts";
import { DamagedMember, readZip, sourcePieces, type ZipMember, zipMember, zipPieces } from "./zip.ts";

export type IntegrityKind = "damaged" | "no-record" | "differs" | "missing" | "twice" | "extra" | "no-digest";

export interface IntegrityFile {
  readonly path: string;
  /** In what way. */
  readonly detail?: string;
}

/** What is wrong with some files of an archive. */
export interface IntegrityProblem {
  readonly kind: IntegrityKind;
  readonly severity: "error" | "warning";
  readonly what: string;
  readonly why: string;
  readonly fix: string;
  /** Not more than are told; `count` is how many there are. */
  readonly files: readonly IntegrityFile[];
  readonly count: number;
}

export interface Integrity {
  /** The path of `RECORD`, where there is one. */
  readonly record?: string;
  /** Files whose content was read and found to have the checksum that the archive gives. */
  readonly read: number;
  /** Files of these that have the digest of `RECORD`. */
  readonly same: number;
  readonly problems: readonly IntegrityProblem[];
}

export interface IntegrityOptions {
  /** Whether the file's name says that it is a wheel. */
  readonly isWheel: boolean;
  /** Members that are unpacked already. */
  readonly unpacked?: ReadonlyMap<string, ByteSource>;
}

const MAX_NAMED = 100;
/** More than any wheel holds: what is larger unpacked is an attack. */
const MAX_UNPACKED = 64 * 1024 * 1024 * 1024;
const MAX_RECORD = 64 * 1024 * 1024;
/** Of the digests that wheels may have; older ones are no protection. */
const STRONG = new Set(["sha256", "sha384", "sha512"]);

const BUILD_AGAIN = "Build or download it again";

/** Reads every member of a zip archive. Undefined when it is none. */
export async function integrityOf(source: ByteSource, options: IntegrityOptions): Promise<Integrity | undefined> {
  const zip = readZip(source);
  if (!zip.ok) return undefined;
  const members = zip.value.filter(({ name }) => !name.endsWith("/"));
  const found = new Findings();
  const records = members.filter(({ name }) => /^[^/]+\.dist-info\/RECORD$/.test(name));
  const [record] = records;
  const entries = record === undefined || records.length > 1 ? undefined : entriesOf(source, record);
  if (record === undefined && options.isWheel) found.add("no-record", "RECORD");
  if (records.length > 1) for (const { name } of records) found.add("no-record", name);
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const path of members.map(({ name }) => recordPath(name))) {
    if (seen.has(path) && !twice.has(path)) found.add("twice", path);
    (seen.has(path) ? twice : seen).add(path);
  }
  for (const path of entries?.keys() ?? []) {
    // What lies outside of the wheel is made by an installer.
    if (!seen.has(path) && !/^(?:\.\.)?\//.test(path)) found.add("missing", path);
  }
  let read = 0;
  let same = 0;
  let left = MAX_UNPACKED;
  if (members.reduce((sum, { packedSize }) => sum + packedSize, 0) > source.size) {
    found.add("damaged", members[0]?.name ?? "", "the members lie over each other");
    return { ...(record === undefined ? {} : { record: record.name }), read, same, problems: found.problems() };
  }
  for (const member of members) {
    left -= member.size;
    if (left < 0) {
      found.add("damaged", member.name, "larger than any wheel");
      break;
    }
    const path = recordPath(member.name);
    const entry = entries?.get(path);
    const isExempt = entries === undefined || isSignature(path) || member === record || twice.has(path);
    const strong = entry?.algorithm !== undefined && STRONG.has(entry.algorithm) ? entry.algorithm : undefined;
    const hash = isExempt || strong === undefined ? undefined : createHash(strong);
    const damage = await readMember(source, member, hash, options.unpacked?.get(member.name));
    if (damage !== undefined) {
      found.add("damaged", member.name, damage);
      continue;
    }
    read++;
    if (isExempt) continue;
    if (entry === undefined) found.add("extra", member.name);
    else if (hash === undefined) found.add("no-digest", member.name);
    else if (hash.digest("base64url") !== entry.digest) found.add("differs", member.name);
    else if (entry.size !== undefined && entry.size !== member.size) {
      found.add("differs", member.name, `${member.size} bytes, not ${entry.size}`);
    } else same++;
  }
  return { ...(record === undefined ? {} : { record: record.name }), read, same, problems: found.problems() };
}

/** Signatures of RECORD itself. */
function isSignature(name: string): boolean {
  return /^[^/]+\.dist-info\/RECORD\.(?:jws|p7s)$/.test(name);
}

function entriesOf(source: ByteSource, record: ZipMember): ReadonlyMap<string, RecordEntry> | undefined {
  if (record.size > MAX_RECORD) return undefined;
  const content = zipMember(source, record);
  if (!content.ok) return undefined;
  const bytes = content.value.read(0, content.value.size);
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  return new Map(readRecord(text).map((entry) => [entry.path, entry]));
}

/** Reads a member to its end, into a digest. Says what is wrong with it. */
async function readMember(
  source: ByteSource,
  member: ZipMember,
  hash: Hash | undefined,
  unpacked: ByteSource | undefined,
): Promise<string | undefined> {
  let sum = 0;
  let size = 0;
  const take = (piece: Uint8Array): void => {
    sum = crc32(piece, sum);
    size += piece.length;
    hash?.update(piece);
  };
  try {
    if (unpacked === undefined) for await (const piece of zipPieces(source, member)) take(piece);
    else for (const piece of sourcePieces(unpacked)) take(piece);
  } catch (error) {
    if (!(error instanceof DamagedMember)) throw error;
    return "cannot be unpacked";
  }
  if (size !== member.size) return `${size} bytes, not ${member.size}`;
  return sum === member.crc ? undefined : "wrong checksum";
}

interface Words {
  readonly severity: "error" | "warning";
  readonly what: (count: string) => string;
  readonly why: string;
  readonly fix: string;
}

const WORDS: Readonly<Record<IntegrityKind, Words>> = {
  damaged: {
    severity: "error",
    what: (files) => `${files} damaged`,
    why: "The content is not what was packed (`Bad CRC-32`): a disk, a copy or a download went wrong",
    fix: BUILD_AGAIN,
  },
  "no-record": {
    severity: "error",
    what: () => "There is not exactly one `.dist-info/RECORD` in the wheel",
    why: "pip installs no such wheel: it must have one `.dist-info` with the list of its files",
    fix: "Build it again; `python -m wheel pack FOLDER` writes the list for an unpacked wheel",
  },
  differs: {
    severity: "error",
    what: (files) => `${files} not what \`RECORD\` says`,
    why: "The content was changed after the wheel was made. pip installs it without a word; others compare, and refuse it",
    fix: "Download it again; after a change of your own, unpack it and let `python -m wheel pack FOLDER` write `RECORD` anew",
  },
  missing: {
    severity: "error",
    what: (files) => `${files} listed in \`RECORD\`, but not there`,
    why: "The wheel was taken apart, or packed from a list that was not kept: what is imported from these files will be missing",
    fix: BUILD_AGAIN,
  },
  twice: {
    severity: "error",
    what: (files) => `${files} there twice`,
    why: "Programs that unpack it take either the first or the last one, so that it is not the same wheel for all",
    fix: BUILD_AGAIN,
  },
  extra: {
    severity: "warning",
    what: (files) => `${files} not listed in \`RECORD\``,
    why: "What was put into the wheel after it was made is not covered by its digests",
    fix: "Unpack it and let `python -m wheel pack FOLDER` write `RECORD` anew",
  },
  "no-digest": {
    severity: "warning",
    what: (files) => `${files} listed in \`RECORD\` without a digest of SHA-256 or better`,
    why: "Nobody can tell whether the content was changed",
    fix: "Unpack it and let `python -m wheel pack FOLDER` write `RECORD` anew",
  },
};

class Findings {
  readonly #files = new Map<IntegrityKind, IntegrityFile[]>();

  add(kind: IntegrityKind, path: string, detail?: string): void {
    const file = { path, ...(detail === undefined ? {} : { detail }) };
    const files = this.#files.get(kind);
    if (files === undefined) this.#files.set(kind, [file]);
    else files.push(file);
  }

  problems(): IntegrityProblem[] {
    return (Object.keys(WORDS) as IntegrityKind[]).flatMap((kind) => {
      const files = this.#files.get(kind);
      if (files === undefined) return [];
      const { what, ...words } = WORDS[kind];
      const [first] = files;
      const counted = files.length === 1 ? `\`${first?.path ?? ""}\` is` : `${files.length} files are`;
      const detail = files.length === 1 && first?.detail !== undefined ? `: ${first.detail}` : "";
      return [
        {
          kind,
          ...words,
          what: `${what(counted)}${detail}`,
          files: files.slice(0, MAX_NAMED),
          count: files.length,
        },
      ];
    });
  }
}
