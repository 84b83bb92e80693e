/**
 * The library by which compilers ask for large pages (`plan/large-pages.ts`): made once with the compiler at hand, kept in
 * the user's cache folder, looked for by the first program of a build that gains from it. Where anything about it is
 * odd, programs run without.
 */
import { join } from "node:path";
import { type Digest, digestOfParts } from "../base/digest.ts";
import { ensurePrivateDirectory } from "../cache/safe-directory.ts";
import type { Host } from "../host/host.ts";
import { ioFailure } from "./io-failure.ts";
import { askingHelps, largePageFiles, libraryCommand, librarySource } from "../plan/large-pages.ts";

function fileName(name: string, content: Digest | undefined): string {
  return `${name}-${content?.slice(0, 24) ?? ""}.so`;
}

/** See the file's header. */
export class LargePageLibrary {
  readonly #host: Host;
  readonly #cacheDir: string;
  readonly #folder: string;
  readonly #compiler: string;
  #path: Promise<string | undefined> | undefined;

  /**
   * @param cacheDir The user's cache folder, absolute.
   * @param compiler Absolute path of a C++ compiler.
   */
  constructor(host: Host, cacheDir: string, compiler: string) {
    this.#host = host;
    this.#cacheDir = cacheDir;
    this.#folder = join(cacheDir, "large-pages");
    this.#compiler = compiler;
  }

  /** Absolute path of the library; undefined where it would not help or cannot be had. */
  path(): Promise<string | undefined> {
    return (this.#path ??= this.#find().catch((error: unknown) => {
      ioFailure(error);
      return undefined;
    }));
  }

  async #find(): Promise<string | undefined> {
    const { fs, platform, arch } = this.#host;
    if (platform !== "linux" || (arch !== "x64" && arch !== "arm64")) return undefined;
    if (!askingHelps(fs.readText(largePageFiles.enabled), fs.readText(largePageFiles.size))) return undefined;
    // A compiler of its own name, since it may be run by another loader than the next one.
    const name = digestOfParts([librarySource, arch, this.#compiler]).slice(0, 24);
    // The list of libraries to be loaded has no way to quote what separates its words (ld.so(8)).
    if (/[\s:$]/.test(this.#folder)) return undefined;
    const safe =
      ensurePrivateDirectory(this.#host, this.#cacheDir, { mayBeLink: true }).ok &&
      ensurePrivateDirectory(this.#host, this.#folder).ok;
    if (!safe) return undefined;
    return this.#kept(name) ?? this.#make(name);
  }

  /** The one that is there. Its name tells its content: every program would crash with one that was cut short. */
  #kept(name: string): string | undefined {
    const { fs } = this.#host;
    for (const file of fs.list(this.#folder) ?? []) {
      if (!file.startsWith(`${name}-`)) continue;
      const path = join(this.#folder, file);
      if (fileName(name, fs.digestSync(path)) === file) return path;
      fs.remove(path);
    }
    return undefined;
  }

  async #make(name: string): Promise<string | undefined> {
    const { fs } = this.#host;
    const temporary = fs.makeTemporary(join(this.#folder, "making-"));
    try {
      const made = join(temporary, "library.so");
      const source = join(temporary, "library.cpp");
      fs.writeAtomic(source, librarySource);
      if (!(await this.#runs(libraryCommand(this.#compiler, source, made), temporary))) return undefined;
      // The loader says it, once for each program, when it cannot load a library: that must not stand in a build's output.
      if (!(await this.#runs([this.#compiler, "-E", source], temporary, made))) return undefined;
      const library = join(this.#folder, fileName(name, fs.digestSync(made)));
      fs.rename(made, library);
      return library;
    } finally {
      fs.remove(temporary);
    }
  }

  /** Whether a program does what it should and has nothing to say about it. */
  async #runs(argv: readonly string[], cwd: string, preloaded?: string): Promise<boolean> {
    const env = { ...this.#host.env, LD_PRELOAD: preloaded };
    const { exitCode, stderr } = await this.#host.processes.run({ argv, cwd, env, timeoutMs: 10_000 });
    return exitCode === 0 && stderr === "";
  }
}
