/**
 * Answers remembered on disk, each as one JSON file with the witnesses on which it rests, and the digests of large
 * program files by the signature of the file. What cannot be written is not remembered; what cannot be read, is damaged
 * or no longer holds is found anew.
 */
import { posix, win32 } from "node:path";
import { quietly } from "../base/quietly.ts";
import { asDigest, type Digest, digestOfParts } from "../base/digest.ts";
import type { Host } from "../host/host.ts";
import { type Findings, Look } from "./look.ts";
import {
  brokenWitness,
  type FileSignature,
  isRacy,
  sameSignature,
  signatureOf,
  statIn,
  type Witness,
} from "./witness.ts";

/** Changes whenever the form or the meaning of what is remembered changes. */
const format = "retorch-environment-3";

/** More remembered answers than a machine with a few projects and shells has. */
const mostFiles = 400;

/** An answer with what it rests on. */
export interface Remembered<T> {
  readonly value: T;
  readonly witnesses: readonly Witness[];
}

/** Remembered answers below one folder. */
export class Memory {
  readonly #host: Host;
  readonly #path: typeof posix;
  readonly #folder: string;
  readonly #digests: Map<string, KnownDigest>;
  #newDigests = false;

  constructor(host: Host, cacheDir: string) {
    this.#host = host;
    this.#path = host.platform === "win32" ? win32 : posix;
    this.#folder = this.#path.join(cacheDir, "environment");
    this.#digests = new Map();
  }

  /** The file in which the answer to a question lies. */
  file(kind: string, question: readonly string[]): string {
    return this.#path.join(this.#folder, `${kind}-${digestOfParts([format, ...question]).slice(0, 32)}.json`);
  }

  /** The answer to a question, if it is known and still right. One file is read; nothing else but `stat` is asked. */
  recall<T>(kind: string, question: readonly string[]): Remembered<T> | undefined {
    const known = this.#read(this.file(kind, question));
    if (!isRemembered<T>(known) || known.format !== format) return undefined;
    return brokenWitness(this.#host, known.witnesses) === undefined ? known : undefined;
  }

  /** Keeps an answer. Best effort. */
  keep<T>(kind: string, question: readonly string[], answer: Remembered<T>): void {
    this.#write(this.file(kind, question), { format, value: answer.value, witnesses: answer.witnesses });
  }

  /**
   * The answer to one part of a search: remembered, else found by `find` and remembered. What `find` tried, saw and
   * concluded becomes part of the search either way. An undefined answer is not remembered.
   */
  async part<T>(
    look: Look,
    kind: string,
    question: readonly string[],
    find: (look: Look) => Promise<T | undefined>,
  ): Promise<T | undefined> {
    const known = this.recall<PartAnswer<T>>(kind, question);
    if (known !== undefined) {
      look.absorb(known.value.findings, known.witnesses, true);
      return known.value.answer;
    }
    const inner = new Look(this.#host);
    const answer = await find(inner);
    if (answer !== undefined && inner.certain) {
      const value: PartAnswer<T> = { answer, findings: inner.findings };
      this.keep(kind, question, { value, witnesses: inner.witnesses });
    }
    look.absorb(inner.findings, inner.witnesses, inner.certain);
    return answer;
  }

  /** Digest of a file's content, not read again as long as its signature is the same. The file becomes a witness. */
  async digest(look: Look, path: string): Promise<Digest | undefined> {
    const stat = look.stat(path);
    if (stat?.kind !== "file") return undefined;
    this.#loadDigests();
    const signature = signatureOf(stat);
    const known = this.#digests.get(path);
    if (known !== undefined && sameSignature(known.signature, signature)) return known.digest;
    const digest = await this.#host.fs.digest(path).catch(() => undefined);
    const after = statIn(this.#host, path);
    if (digest === undefined || after === undefined) return undefined;
    if (!sameSignature(signatureOf(after), signature)) look.doubt();
    else if (!isRacy(signature, this.#host.now())) {
      this.#digests.set(path, { signature, digest });
      this.#newDigests = true;
    }
    return digest;
  }

  /** Writes down the digests that were made. Removes the oldest answers when there are too many. */
  close(): void {
    if (this.#newDigests) {
      const entries = [...this.#digests].map(([path, { signature, digest }]) => [
        path,
        signature.size,
        signature.mtimeMs,
        signature.ctimeMs,
        signature.ino,
        digest,
      ]);
      this.#write(this.#digestsFile, { format, entries });
      this.#newDigests = false;
    }
    const names = quietly(() => this.#host.fs.list(this.#folder)) ?? [];
    if (names.length <= mostFiles) return;
    const byAge = names
      .map((name) => this.#path.join(this.#folder, name))
      .filter((path) => path !== this.#digestsFile)
      .map((path) => ({ path, time: statIn(this.#host, path)?.mtimeMs ?? 0 }))
      .sort((a, b) => a.time - b.time);
    for (const { path } of byAge.slice(0, names.length - mostFiles / 2)) {
      quietly(() => this.#host.fs.remove(path));
    }
  }

  get #digestsFile(): string {
    return this.#path.join(this.#folder, "digests.json");
  }

  #loadDigests(): void {
    if (this.#digests.size > 0) return;
    const known = this.#read(this.#digestsFile);
    if (!isRecord(known) || known["format"] !== format || !Array.isArray(known["entries"])) return;
    for (const entry of known["entries"] as readonly unknown[]) {
      if (!Array.isArray(entry)) continue;
      const [path, size, mtimeMs, ctimeMs, ino, text] = entry as readonly unknown[];
      const digest = typeof text === "string" ? asDigest(text) : undefined;
      if (typeof path !== "string" || digest === undefined) continue;
      if (typeof size !== "number" || typeof mtimeMs !== "number") continue;
      if (typeof ctimeMs !== "number" || typeof ino !== "number") continue;
      this.#digests.set(path, { signature: { size, mtimeMs, ctimeMs, ino }, digest });
    }
  }

  #read(path: string): unknown {
    const text = quietly(() => this.#host.fs.readText(path));
    if (text === undefined) return undefined;
    try {
      return JSON.parse(text);
    } catch {
      return undefined;
    }
  }

  #write(path: string, content: unknown): void {
    quietly(() => {
      this.#host.fs.mkdir(this.#folder, 0o700);
      this.#host.fs.writeAtomic(path, JSON.stringify(content), 0o600);
    });
  }
}

interface KnownDigest {
  readonly signature: FileSignature;
  readonly digest: Digest;
}

interface PartAnswer<T> {
  readonly answer: T;
  readonly findings: Findings;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The files are this program's own and carry its format: more than their frame is not checked. */
function isRemembered<T>(value: unknown): value is Remembered<T> & { readonly format: string } {
  return isRecord(value) && typeof value["format"] === "string" && Array.isArray(value["witnesses"]);
}
