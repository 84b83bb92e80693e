/**
 * Packages as lists of files: wheels and other zip archives, conda packages of both ages that can be read here, tar
 * archives, plain or compressed. Nothing is unpacked to the disk.
 *
 * Conda's form: conda-package-handling, "conda (v2)": a zip archive with `pkg-….tar.zst`, `info-….tar.zst` and
 * `metadata.json`, stored.
 */
import { constants, gunzipSync } from "node:zlib";
import { failure } from "../base/failure.ts";
import { err, ok, type Result } from "../base/result.ts";
import { type ByteSource, bytesSource } from "./bytes.ts";
import { isTar, readTar, tarMember } from "./tar.ts";
import { isZip, MAX_MEMBER, readZip, zipHead, zipMember } from "./zip.ts";
import { decodeZstd, isZstd } from "./zstd.ts";

export type ArchiveKind = "wheel" | "conda" | "archive";

export interface ArchiveMember {
  /** With slashes, as in the archive. */
  readonly name: string;
  readonly size: number;
  /** The first bytes, as many as cost little; empty when they cannot be had. */
  head(): Uint8Array;
  content(): Result<ByteSource>;
}

export interface Archive {
  readonly kind: ArchiveKind;
  readonly members: readonly ArchiveMember[];
}

const BLOCK = 512;

function damaged(message: string): Result<never> {
  return err(failure("INSPECT_DAMAGED", message, { hint: "Build or download it again" }));
}

/** Opens a package. Undefined when the file is none. */
export function openArchive(source: ByteSource): Result<Archive> | undefined {
  const head = source.read(0, BLOCK);
  if (isZip(head)) return openZip(source);
  if (isTar(head)) return openTar(source, "archive");
  if (head[0] === 0x1f && head[1] === 0x8b) {
    if (!isTar(gunzipStart(source))) return undefined;
    const unpacked = gunzip(source);
    return unpacked === undefined
      ? damaged("The archive is cut off, or too large to be read")
      : openTar(unpacked, "archive");
  }
  if (isZstd(head)) {
    // The first block says enough: an archive begins with a name.
    const unpacked = unzstd(source);
    if (unpacked === undefined) return damaged("The file is compressed by zstd, and cut off or too large to be read");
    return isTar(unpacked.read(0, BLOCK)) ? openTar(unpacked, "archive") : undefined;
  }
  return undefined;
}

function openZip(source: ByteSource): Result<Archive> {
  const zip = readZip(source);
  if (!zip.ok) return zip;
  const inner = zip.value.find(({ name }) => /^pkg-[^/]+\.tar\.zst$/.test(name));
  if (inner !== undefined && zip.value.some(({ name }) => name === "metadata.json")) {
    const packed = zipMember(source, inner);
    if (!packed.ok) return packed;
    const tar = unzstd(packed.value);
    return tar === undefined
      ? damaged(`\`${inner.name}\` of the conda package is damaged, or too large to be read`)
      : openTar(tar, "conda");
  }
  const members = zip.value.map((member): ArchiveMember => ({
    name: member.name,
    size: member.size,
    head: () => zipHead(source, member),
    content: () => zipMember(source, member),
  }));
  return ok({ kind: "wheel", members });
}

function openTar(source: ByteSource, kind: ArchiveKind): Result<Archive> {
  const { members, complete } = readTar(source);
  if (!complete) return damaged("The tar archive is damaged or cut off");
  return ok({
    kind,
    members: members.map((member): ArchiveMember => ({
      name: member.name,
      size: member.size,
      head: () => tarMember(source, member).read(0, BLOCK),
      content: () => ok(tarMember(source, member)),
    })),
  });
}

function gunzipStart(source: ByteSource): Uint8Array {
  try {
    return gunzipSync(source.read(0, 64 * 1024), {
      finishFlush: constants.Z_SYNC_FLUSH,
      maxOutputLength: 128 * 1024 * 1024,
    });
  } catch {
    return new Uint8Array(0);
  }
}

function gunzip(source: ByteSource): ByteSource | undefined {
  if (source.size > MAX_MEMBER) return undefined;
  try {
    return bytesSource(gunzipSync(source.read(0, source.size), { maxOutputLength: MAX_MEMBER }));
  } catch {
    return undefined;
  }
}

function unzstd(source: ByteSource): ByteSource | undefined {
  if (source.size > MAX_MEMBER) return undefined;
  const unpacked = decodeZstd(source.read(0, source.size), MAX_MEMBER);
  return unpacked === undefined ? undefined : bytesSource(unpacked);
}
