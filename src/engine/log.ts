/**
 * The build log: what was built from what, in one append-only file. It knows bytes and records, not whether a record
 * still holds.
 *
 * Constraints: ten thousand actions that share some thousand headers; read as a whole at the start of a build that has
 * something to do; cut at any byte by a kill or a full disk; never two writers (the build lock sees to that).
 *
 * Layout: `magic`, then records `u32 length | u8 type | payload | u32 crc32(type, payload)`, little endian. Texts and
 * (path, digest) pairs are written once and numbered in file order; everything else refers to the numbers. Of several
 * records for one action or file the last counts. Reading stops at the first record that is cut or damaged, and the
 * next writer cuts the file there. A lost record only ever means that something is done again.
 */
import { crc32 } from "node:zlib";
import { type Digest } from "../base/digest.ts";
import type { AppendFile, Host } from "../host/host.ts";
import { Reader, Writer } from "./log-bytes.ts";

const magic = Buffer.from("retorch log 1\n");
const recordText = 1;
const recordPair = 2;
const recordAction = 3;
const recordState = 4;
/** An action whose outputs were left in the store. */
const recordLeftAction = 5;
const maximumRecord = 1 << 28;

/** What is remembered of an action that was done. Paths are logical. */
export interface ActionRecord {
  readonly id: string;
  readonly key: Digest;
  /** The parts that the key was made of: what `explain` compares. */
  readonly parts: readonly string[];
  /** Numbers of (path, digest) pairs: headers that were read. See `pair`. */
  readonly discovered: Uint32Array;
  /** Places that must stay empty: a file there would shadow one that was used. */
  readonly absent: readonly string[];
  readonly outputs: readonly OutputRecord[];
  readonly durationMs: number;
  /** Bytes, 0 when not known. */
  readonly peakMemory: number;
  /** What the program printed. */
  readonly printed: string;
  /** A file that was edited while the action ran: the record does not count as fresh. */
  readonly editedMeanwhile?: string;
  /** The store had the outputs, and some stayed there: what lies in their places may be of an earlier time. */
  readonly leftInStore?: boolean;
}

/** An output as it was left. */
export interface OutputRecord {
  readonly path: string;
  readonly digest: Digest;
  readonly size: number;
}

/** A content digest with the `stat` under which it is valid. */
export interface FileState {
  readonly size: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  readonly ino: number;
  readonly digest: Digest;
}

/** One (path, digest) pair, by number. */
export interface Pair {
  readonly path: string;
  readonly digest: Digest;
}

/** An action record before its pairs are numbered. */
export interface NewActionRecord extends Omit<ActionRecord, "discovered"> {
  readonly discovered: readonly Pair[];
}

/** A log file, read as a whole, and appended to. */
export class BuildLog {
  readonly #host: Host;
  readonly #path: string;
  readonly #texts: string[] = [];
  readonly #textIds = new Map<string, number>();
  readonly #pairPaths: number[] = [];
  readonly #pairDigests: Digest[] = [];
  /** By number of the path its pairs, the last one first to be looked at: a file has rarely more than one digest. */
  readonly #pairsOf = new Map<number, number[]>();
  readonly #actions = new Map<string, ActionRecord>();
  readonly #states = new Map<string, FileState>();
  #goodBytes = 0;
  #pending: Uint8Array[] = [];
  #file: AppendFile | undefined;

  private constructor(host: Host, path: string) {
    this.#host = host;
    this.#path = path;
  }

  /** Reads a log; a missing, foreign or damaged one is as good as its sound beginning. */
  static open(host: Host, path: string): BuildLog {
    const log = new BuildLog(host, path);
    const bytes = host.fs.stat(path)?.kind === "file" ? host.fs.readBytes(path) : undefined;
    if (bytes !== undefined) log.#read(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    return log;
  }

  action(id: string): ActionRecord | undefined {
    return this.#actions.get(id);
  }

  get actionIds(): Iterable<string> {
    return this.#actions.keys();
  }

  state(path: string): FileState | undefined {
    return this.#states.get(path);
  }

  get pairCount(): number {
    return this.#pairPaths.length;
  }

  pair(id: number): Pair {
    const path = this.#texts[this.#pairPaths[id] ?? -1];
    const digest = this.#pairDigests[id];
    if (path === undefined || digest === undefined) throw new RangeError(`no pair ${id}`);
    return { path, digest };
  }

  putAction(record: NewActionRecord): void {
    const discovered = Uint32Array.from(record.discovered, (pair) => this.#pairId(pair));
    const parts = record.parts.map((part) => this.#textId(part));
    const absent = record.absent.map((path) => this.#textId(path));
    const outputs = record.outputs.map((output) => this.#textId(output.path));
    const id = this.#textId(record.id);
    const printed = this.#textId(record.printed);
    const edited = record.editedMeanwhile === undefined ? 0 : this.#textId(record.editedMeanwhile) + 1;
    const writer = new Writer(92 + 4 * (parts.length + discovered.length + absent.length) + 44 * outputs.length);
    writer.u32(id);
    writer.digest(record.key);
    writer.u32(printed);
    writer.u32(edited);
    writer.f64(record.durationMs);
    writer.f64(record.peakMemory);
    writer.u32List(parts);
    writer.u32List(discovered);
    writer.u32List(absent);
    writer.u32(outputs.length);
    for (const [i, output] of record.outputs.entries()) {
      writer.u32(outputs[i] ?? 0);
      writer.digest(output.digest);
      writer.f64(output.size);
    }
    this.#append(record.leftInStore === true ? recordLeftAction : recordAction, writer.bytes());
    this.#actions.set(record.id, { ...record, discovered });
  }

  putState(path: string, state: FileState): void {
    const writer = new Writer(68);
    writer.u32(this.#textId(path));
    writer.f64(state.size);
    writer.f64(state.mtimeMs);
    writer.f64(state.ctimeMs);
    writer.f64(state.ino);
    writer.digest(state.digest);
    this.#append(recordState, writer.bytes());
    this.#states.set(path, state);
  }

  /** Writes what was put since the last time, in one piece. */
  flush(): void {
    if (this.#pending.length === 0) return;
    this.#file ??= this.#openForAppend();
    const bytes = Buffer.concat(this.#pending);
    try {
      this.#file.append(bytes);
    } catch (error) {
      // A full disk took a part: what is written later must not come to stand behind it.
      quietly(() => this.#host.fs.truncate(this.#path, this.#goodBytes));
      throw error;
    }
    this.#goodBytes += bytes.length;
    this.#pending = [];
  }

  /** Flushes, and writes the file anew when most of it is out of date. */
  close(): void {
    this.flush();
    this.#file?.close();
    this.#file = undefined;
    if (this.#goodBytes > 1 << 20 && this.#goodBytes > 3 * this.#liveBytes()) this.#compact();
  }

  #liveBytes(): number {
    let sum = this.#states.size * 77;
    for (const action of this.#actions.values()) {
      sum += 150 + 4 * (action.parts.length + action.discovered.length + action.absent.length);
    }
    for (const text of this.#texts) sum += 9 + text.length;
    return sum;
  }

  #compact(): void {
    const next = new BuildLog(this.#host, this.#path);
    for (const [path, state] of this.#states) next.putState(path, state);
    for (const record of this.#actions.values()) {
      next.putAction({ ...record, discovered: Array.from(record.discovered, (id) => this.pair(id)) });
    }
    this.#host.fs.writeAtomic(this.#path, Buffer.concat([magic, ...next.#pending]), 0o600);
  }

  #openForAppend(): AppendFile {
    if (this.#goodBytes === 0) {
      // Nothing sound is there: begin anew, and never append to something foreign.
      if (this.#host.fs.lstat(this.#path)?.kind !== "file") this.#host.fs.remove(this.#path);
      this.#host.fs.writeAtomic(this.#path, magic, 0o600);
      this.#goodBytes = magic.length;
    } else {
      this.#host.fs.truncate(this.#path, this.#goodBytes);
    }
    return this.#host.fs.openAppend(this.#path, 0o600);
  }

  #textId(text: string): number {
    const known = this.#textIds.get(text);
    if (known !== undefined) return known;
    const id = this.#texts.length;
    this.#texts.push(text);
    this.#textIds.set(text, id);
    this.#append(recordText, Buffer.from(text));
    return id;
  }

  #pairId(pair: Pair): number {
    const path = this.#textId(pair.path);
    const known = this.#pairsOf.get(path)?.findLast((id) => this.#pairDigests[id] === pair.digest);
    if (known !== undefined) return known;
    const id = this.#addPair(path, pair.digest);
    const writer = new Writer(36);
    writer.u32(path);
    writer.digest(pair.digest);
    this.#append(recordPair, writer.bytes());
    return id;
  }

  #addPair(path: number, digest: Digest): number {
    const id = this.#pairPaths.length;
    this.#pairPaths.push(path);
    this.#pairDigests.push(digest);
    const ids = this.#pairsOf.get(path);
    if (ids === undefined) this.#pairsOf.set(path, [id]);
    else ids.push(id);
    return id;
  }

  #append(type: number, payload: Uint8Array): void {
    const record = Buffer.allocUnsafe(payload.length + 9);
    record.writeUInt32LE(payload.length, 0);
    record[4] = type;
    record.set(payload, 5);
    record.writeUInt32LE(crc32(record.subarray(4, 5 + payload.length)), 5 + payload.length);
    this.#pending.push(record);
  }

  #read(bytes: Buffer): void {
    if (bytes.length < magic.length || !bytes.subarray(0, magic.length).equals(magic)) return;
    const reader = new Reader(bytes);
    let at = magic.length;
    while (at + 9 <= bytes.length) {
      const length = bytes.readUInt32LE(at);
      const end = at + 9 + length;
      if (length > maximumRecord || end > bytes.length) break;
      if (crc32(bytes.subarray(at + 4, end - 4)) !== bytes.readUInt32LE(end - 4)) break;
      reader.range(at + 5, end - 4);
      if (!this.#readRecord(bytes[at + 4] ?? 0, reader)) break;
      at = end;
    }
    this.#goodBytes = at;
  }

  /** False when the record refers to something that is not there. */
  #readRecord(type: number, reader: Reader): boolean {
    switch (type) {
      case recordText: {
        const text = reader.text();
        this.#textIds.set(text, this.#texts.length);
        this.#texts.push(text);
        return true;
      }
      case recordPair: {
        const path = reader.u32();
        const digest = reader.digest();
        if (reader.failed || path >= this.#texts.length) return false;
        this.#addPair(path, digest);
        return true;
      }
      case recordState: {
        const path = this.#texts[reader.u32()];
        const state = {
          size: reader.f64(),
          mtimeMs: reader.f64(),
          ctimeMs: reader.f64(),
          ino: reader.f64(),
          digest: reader.digest(),
        };
        if (reader.failed || path === undefined) return false;
        this.#states.set(path, state);
        return true;
      }
      case recordAction:
      case recordLeftAction:
        return this.#readAction(reader, type === recordLeftAction);
      default:
        return false;
    }
  }

  #readAction(reader: Reader, leftInStore: boolean): boolean {
    let sound = true;
    const text = (id: number): string => {
      const found = this.#texts[id];
      if (found === undefined) sound = false;
      return found ?? "";
    };
    const id = text(reader.u32());
    const key = reader.digest();
    const printed = text(reader.u32());
    const edited = reader.u32();
    const durationMs = reader.f64();
    const peakMemory = reader.f64();
    const parts = Array.from(reader.u32List(), text);
    const discovered = reader.u32List();
    const absent = Array.from(reader.u32List(), text);
    const outputs: OutputRecord[] = [];
    const count = reader.u32();
    for (let i = 0; i < count && !reader.failed; i++) {
      outputs.push({ path: text(reader.u32()), digest: reader.digest(), size: reader.f64() });
    }
    for (const pair of discovered) if (pair >= this.#pairPaths.length) sound = false;
    const editedMeanwhile = edited === 0 ? undefined : text(edited - 1);
    if (!sound || reader.failed) return false;
    this.#actions.set(id, {
      id,
      key,
      parts,
      discovered,
      absent,
      outputs,
      durationMs,
      peakMemory,
      printed,
      ...(editedMeanwhile === undefined ? {} : { editedMeanwhile }),
      ...(leftInStore ? { leftInStore } : {}),
    });
    return true;
  }
}

function quietly(action: () => void): void {
  try {
    action();
  } catch {
    // Best effort: the error that came before is what counts.
  }
}
