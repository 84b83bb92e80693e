/**
 * Files that are handed to programs which were started without them and wait for them (`waitingPlace` of the host). It
 * does not know which programs these are.
 */
import { join } from "node:path";
import { type Digest, digestOf } from "../base/digest.ts";
import type { Host, WaitingPlace } from "../host/host.ts";
import type { FileDigests } from "./file-digests.ts";

/** What one program waits for. */
export class LateFiles {
  readonly #host: Host;
  readonly #digests: FileDigests;
  readonly #folder: string;
  readonly #places: ReadonlyMap<string, WaitingPlace>;
  #handedOver = false;

  private constructor(
    context: { readonly host: Host; readonly digests: FileDigests },
    folder: string,
    places: ReadonlyMap<string, WaitingPlace>,
  ) {
    this.#host = context.host;
    this.#digests = context.digests;
    this.#folder = folder;
    this.#places = places;
  }

  /** Makes the places. Undefined where that cannot be done. `folder` is made for it. */
  static async open(
    context: { readonly host: Host; readonly digests: FileDigests },
    paths: readonly string[],
    folder: string,
  ): Promise<LateFiles | undefined> {
    const { fs } = context.host;
    const places = new Map<string, WaitingPlace>();
    const files = new LateFiles(context, folder, places);
    for (const [k, path] of paths.entries()) {
      const own = join(folder, String(k));
      fs.mkdir(own, 0o700);
      // A link that a build which was killed has left leads nowhere.
      if (fs.lstat(path)?.kind === "link") fs.remove(path);
      const place = await context.host.waitingPlace(path, own);
      if (place === undefined) {
        files.close();
        return undefined;
      }
      places.set(path, place);
    }
    return files;
  }

  get isHandedOver(): boolean {
    return this.#handedOver;
  }

  /** All of them are in place: gives them to the program. Returns what it gets; undefined when one is not what it was. */
  handOver(): ReadonlyMap<string, Digest> | undefined {
    const given = new Map<string, Digest>();
    for (const [path, place] of this.#places) {
      const content = this.#host.fs.readBytes(path);
      if (content === undefined) return undefined;
      const digest = digestOf(content);
      if (digest !== this.#digests.digest(path)) return undefined;
      place.handOver(content);
      given.set(path, digest);
    }
    this.#handedOver = true;
    return given;
  }

  close(): void {
    for (const place of this.#places.values()) place.close();
    this.#host.fs.remove(this.#folder);
  }
}
