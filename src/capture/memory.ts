/**
 * Remembers what set-up scripts declared, with all that they looked at. Some captures are kept for each script: one for
 * each interpreter and set of variables that it was read with. A file counts by its content; `stat` only says whether the
 * known digest may be used again.
 */
import { join } from "node:path";
import { quietly } from "../base/quietly.ts";
import { digestOfParts, type Digest } from "../base/digest.ts";
import { compareText } from "../base/order.ts";
import type { CapturedRequest } from "../config/captured.ts";
import type { ConfigWitness } from "../config/extension.ts";
import { type FileSignature, isRacy, sameSignature, signatureOf, statIn } from "../environment/witness.ts";
import type { Host } from "../host/host.ts";
import { isIdleVariable } from "../host/idle-variables.ts";
import { version } from "../version.ts";
import type { Seen } from "./answer.ts";

/** Changes whenever the form or the meaning of what is remembered changes. */
const format = "retorch-setup-py-2";

/** So many captures of one script: interpreters, `FORCE_CUDA` and the like. */
const mostCaptures = 8;

interface SeenFile {
  readonly path: string;
  readonly digest: Digest;
  /** Absent while another change could leave it as it is. */
  readonly signature?: FileSignature;
  /** The script wrote it. */
  readonly written?: boolean;
}

interface SeenListing {
  readonly path: string;
  readonly suffix: string;
  readonly names: readonly string[];
}

/** One capture with what it rests on. */
export interface Capture {
  readonly python: string;
  /** What followed `setup.py build_ext --inplace`. */
  readonly words: readonly string[];
  readonly variables: Readonly<Record<string, string | null>>;
  readonly everyVariable: boolean;
  readonly files: readonly SeenFile[];
  readonly there: readonly string[];
  readonly absent: readonly string[];
  readonly listings: readonly SeenListing[];
  readonly request: CapturedRequest;
  readonly warnings: readonly string[];
}

interface Stored {
  readonly format: string;
  readonly captures: readonly Capture[];
}

/** The captures of one script. */
export class CaptureMemory {
  readonly #host: Host;
  readonly #file: string;

  constructor(host: Host, cacheDir: string, script: string) {
    this.#host = host;
    const name = digestOfParts([format, version, script]).slice(0, 32);
    this.#file = join(cacheDir, "setup-py", `${name}.json`);
  }

  /** The capture that still holds for an interpreter and words. Files are read where `stat` is not enough. */
  async recall(python: string, words: readonly string[]): Promise<Capture | undefined> {
    const captures = this.#read();
    for (const [at, capture] of captures.entries()) {
      if (capture.python !== python || !sameWords(capture.words, words)) continue;
      if (!this.#variablesHold(capture) || !this.#placesHold(capture)) continue;
      const files = await this.#filesHold(capture.files);
      if (files === undefined) continue;
      if (at === 0 && files === capture.files) return capture;
      const renewed = { ...capture, files };
      this.#write([renewed, ...captures.filter((other) => other !== capture)]);
      return renewed;
    }
    return undefined;
  }

  /** Keeps a capture. */
  keep(capture: Capture): void {
    const others = this.#read().filter((other) => !sameQuestion(other, capture));
    this.#write([capture, ...others].slice(0, mostCaptures));
  }

  #variablesHold({ variables, everyVariable }: Capture): boolean {
    const { env } = this.#host;
    for (const [name, value] of Object.entries(variables)) {
      if (everyVariable && isIdleVariable(name)) continue;
      if ((env[name] ?? null) !== value) return false;
    }
    if (!everyVariable) return true;
    return Object.keys(env).every((name) => isIdleVariable(name) || env[name] === undefined || name in variables);
  }

  #placesHold({ there, absent, listings }: Capture): boolean {
    const host = this.#host;
    return (
      there.every((path) => statIn(host, path) !== undefined) &&
      absent.every((path) => statIn(host, path) === undefined) &&
      listings.every(({ path, suffix, names }) => {
        const now = shownNames(host, path, suffix);
        return now.length === names.length && now.every((name, i) => name === names[i]);
      })
    );
  }

  /** The files with their states of now, the given list when nothing is new; undefined when a content differs. */
  async #filesHold(files: readonly SeenFile[]): Promise<readonly SeenFile[] | undefined> {
    let renewed: SeenFile[] | undefined;
    for (const [at, file] of files.entries()) {
      const stat = statIn(this.#host, file.path);
      if (stat?.kind !== "file") return undefined;
      const signature = signatureOf(stat);
      if (file.signature !== undefined && sameSignature(file.signature, signature)) continue;
      const now = await seenFile(this.#host, file.path, file.written === true);
      if (now?.digest !== file.digest) return undefined;
      if (now.signature === undefined && file.signature === undefined) continue;
      renewed ??= [...files];
      renewed[at] = now;
    }
    return renewed ?? files;
  }

  #read(): readonly Capture[] {
    const text = quietly(() => this.#host.fs.readText(this.#file));
    if (text === undefined) return [];
    try {
      const stored = JSON.parse(text) as Partial<Stored>;
      return stored.format === format && Array.isArray(stored.captures) ? stored.captures : [];
    } catch {
      return [];
    }
  }

  #write(captures: readonly Capture[]): void {
    quietly(() => {
      this.#host.fs.mkdir(join(this.#file, ".."), 0o700);
      this.#host.fs.writeAtomic(this.#file, JSON.stringify({ format, captures } satisfies Stored), 0o600);
    });
  }
}

/** Two captures that differ only in what the files say: the newer one takes the place of the other. */
function sameQuestion(one: Capture, other: Capture): boolean {
  return (
    one.python === other.python &&
    sameWords(one.words, other.words) &&
    JSON.stringify(one.variables) === JSON.stringify(other.variables)
  );
}

function sameWords(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((word, i) => word === other[i]);
}

/**
 * The state of all that a script looked at, after it has run. Undefined when a file that it read was changed while it ran:
 * it is not known which state it saw.
 */
export async function stateOf(
  host: Host,
  seen: Seen,
  startedAt: number,
): Promise<Pick<Capture, "files" | "there" | "absent" | "listings"> | undefined> {
  const files: SeenFile[] = [];
  const there: string[] = [];
  const absent: string[] = [];
  const written = new Set(seen.written);
  for (const path of [...seen.files, ...seen.written]) {
    const stat = statIn(host, path);
    if (stat === undefined) absent.push(path);
    else if (stat.kind !== "file") there.push(path);
    else {
      if (!written.has(path) && Math.max(stat.mtimeMs, stat.ctimeMs) >= startedAt) return undefined;
      const file = await seenFile(host, path, written.has(path));
      if (file === undefined) return undefined;
      files.push(file);
    }
  }
  for (const path of seen.probes) (statIn(host, path) === undefined ? absent : there).push(path);
  const listings = [
    ...seen.listings.map((path) => ({ path, suffix: "" })),
    ...seen.packages.map((path) => ({ path, suffix: ".dist-info" })),
    // Which GPUs there are is asked of the driver.
    { path: "/proc/driver/nvidia/gpus", suffix: "" },
  ].map(({ path, suffix }) => ({ path, suffix, names: shownNames(host, path, suffix) }));
  return { files, there, absent, listings };
}

/** What a capture rests on, for those who decide whether a project must be read again. */
export function witnessesOf(host: Host, capture: Capture): ConfigWitness[] {
  return [
    ...capture.files.map(({ path, signature, written }): ConfigWitness =>
      written === true && signature !== undefined ? { kind: "file", path, state: signature } : { kind: "file", path },
    ),
    ...capture.absent.map((path): ConfigWitness => ({ kind: "file", path })),
    ...capture.there.map((path): ConfigWitness => ({ kind: "there", path })),
    ...capture.listings.map(({ path, suffix }): ConfigWitness => ({
      kind: "listing",
      path,
      suffix,
      names: (quietly(() => host.fs.list(path)) ?? []).filter((name) => name.endsWith(suffix)),
    })),
  ];
}

async function seenFile(host: Host, path: string, written: boolean): Promise<SeenFile | undefined> {
  const before = statIn(host, path);
  const digest = await host.fs.digest(path).catch(() => undefined);
  const after = statIn(host, path);
  if (before === undefined || after === undefined || digest === undefined) return undefined;
  const signature = signatureOf(after);
  if (!sameSignature(signatureOf(before), signature)) return undefined;
  return {
    path,
    digest,
    ...(isRacy(signature, host.now()) && !written ? {} : { signature }),
    ...(written ? { written: true } : {}),
  };
}

/** Names of builds, of editors and of what is built: they come and go without meaning anything to a set-up script. */
const passing = /^\.|~$|^#.*#$|^__pycache__$|^build$|\.egg-info$|\.(?:so|pyd|pyc|o|obj|tmp|swp)$|^4913$/;

function shownNames(host: Host, path: string, suffix: string): string[] {
  return (quietly(() => host.fs.list(path)) ?? [])
    .filter((name) => name.endsWith(suffix) && !passing.test(name))
    .sort(compareText);
}
