/**
 * What glibc's loader (or musl's, for a program of musl) would do, without doing it: where each needed library is found (run paths, LD_LIBRARY_PATH,
 * ld.so.cache, standard folders; what is loaded already first), and which symbols a loaded file then sees. Reads only
 * headers and dynamic sections.
 *
 * Order of search: ld.so(8). One process is followed: first what the interpreter brings, then torch, then the file.
 */
import { dirname, join } from "node:path";
import type { FileSystem } from "../host/host.ts";
import { type ByteSource, bytesSource, fileSource } from "./bytes.ts";
import { type Elf, isElf, openElf } from "./elf.ts";
import { type DynamicSymbols, dynamicSymbols } from "./elf-symbols.ts";
import { type DefinedVersion, versionDefinitions } from "./elf-versions.ts";
import type { X86Level } from "./elf-refusals.ts";
import { type CachedLibrary, readLoaderCache } from "./ld-cache.ts";
import { hwcapsOf, x86LevelOf } from "./processor.ts";

/** How a library was found. */
export type FoundBy =
  | "given"
  | "already loaded"
  | "RPATH"
  | "RUNPATH"
  | "LD_LIBRARY_PATH"
  | "ld.so.cache"
  | "standard folder"
  | "path";

/** A file in the process. */
export interface LoadedFile {
  readonly path: string;
  readonly elf: Elf;
  readonly symbols: DynamicSymbols;
  readonly versions: readonly DefinedVersion[];
  readonly foundBy: FoundBy;
  /** Who asked for it first. */
  readonly parent?: LoadedFile;
  /** What it needs, in order; filled when it was loaded. */
  readonly needs: readonly NeededFile[];
}

/** A needed library, found or not. */
export interface NeededFile {
  readonly name: string;
  readonly file?: LoadedFile;
  readonly foundBy?: FoundBy;
  /** Folders that were searched, when it was not found. */
  readonly searched: readonly string[];
  /** A file of the name at which the loader gives up, because it is no ELF file: a script for the linker, a stub. */
  readonly unusable?: string;
}

export interface LoaderOptions {
  readonly fs: FileSystem;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Folder that relative folders mean; undefined: they are passed over. */
  readonly cwd?: string;
  /** e_machine and class of the process; others' libraries are passed over. */
  readonly machineCode: number;
  readonly bits: 32 | 64;
  /** Files that would be there too, by absolute path. */
  readonly besides?: ReadonlyMap<string, () => ByteSource | undefined>;
}

/** More files than any process loads. */
const MAX_FILES = 4096;

const EM_X86_64 = 62;
/** Libraries that musl has in one. */
const muslOwn = /^lib(?:c|pthread|rt|m|dl|util|xnet)\./;

/** Triplets of Debian's library folders, by machine. */
const TRIPLETS: Readonly<Record<number, string>> = {
  3: "i386-linux-gnu",
  21: "powerpc64le-linux-gnu",
  22: "s390x-linux-gnu",
  40: "arm-linux-gnueabihf",
  62: "x86_64-linux-gnu",
  183: "aarch64-linux-gnu",
  243: "riscv64-linux-gnu",
};

/** One process, as far as its libraries go. */
export class LoaderSimulation {
  readonly #options: LoaderOptions;
  readonly #byName = new Map<string, LoadedFile>();
  readonly #byPath = new Map<string, LoadedFile>();
  /** By the path without links: two names may lead to one file. */
  readonly #byRealPath = new Map<string, LoadedFile>();
  #main: LoadedFile | undefined;
  #cache: ReadonlyMap<string, readonly CachedLibrary[]> | undefined;
  /** Of the processor, where it is an x86-64 that can be asked. */
  readonly level: X86Level | undefined;
  /** Folders below `glibc-hwcaps` that fit the processor, the most special first. */
  readonly #hwcaps: readonly string[];

  constructor(options: LoaderOptions) {
    this.#options = options;
    this.level = options.machineCode === EM_X86_64 ? x86LevelOf(options.fs) : undefined;
    this.#hwcaps = hwcapsOf(this.level);
  }

  /** All files, in the order of loading. */
  get files(): readonly LoadedFile[] {
    return [...this.#byPath.values()];
  }

  /** Loads the program itself. */
  loadMain(path: string): LoadedFile | undefined {
    // The origin of a program is where it really lies.
    const file = this.#open(this.#realPath(path), "given", undefined);
    this.#main = file;
    if (file !== undefined) this.#loadNeeds(file);
    return file;
  }

  /** What `LD_PRELOAD` names: a library that is not found is passed over, with a warning of the loader's. */
  loadPreloaded(): readonly LoadedFile[] {
    const main = this.#main;
    const names = (this.#options.env["LD_PRELOAD"] ?? "").split(/[: ]/).filter((name) => name !== "");
    return names.flatMap((name) => {
      const file = main === undefined ? undefined : this.#resolve(name, main).file;
      if (file !== undefined) this.#loadNeeds(file);
      return file ?? [];
    });
  }

  /** Loads a file as `dlopen` does, with all that it needs. Undefined when it cannot be read. */
  load(path: string, caller = this.#main): LoadedFile | undefined {
    const known = this.#byPath.get(path);
    if (known !== undefined) return known;
    const file = this.#open(path, "given", caller);
    if (file !== undefined) this.#loadNeeds(file);
    return file;
  }

  /** Like `load`, for bytes that are not on the disk (a member of a wheel). `path` is where they would lie. */
  loadSource(path: string, source: ByteSource, caller = this.#main): LoadedFile | undefined {
    const file = this.#add(path, source, { foundBy: "given", parent: caller });
    if (file !== undefined) this.#loadNeeds(file);
    return file;
  }

  /** The file, if it is in the process already. */
  loaded(path: string): LoadedFile | undefined {
    return this.#byPath.get(path) ?? this.#byRealPath.get(this.#realPath(path));
  }

  /** A file and all that it needs, breadth first: the order in which its symbols are looked up. */
  closure(file: LoadedFile): readonly LoadedFile[] {
    const found = new Set([file]);
    for (const one of found) {
      for (const need of one.needs) if (need.file !== undefined) found.add(need.file);
    }
    return [...found];
  }

  #open(path: string, foundBy: FoundBy, parent: LoadedFile | undefined): LoadedFile | undefined {
    const source = this.#options.besides?.get(path)?.() ?? fileSource(this.#options.fs, path);
    return source === undefined ? undefined : this.#add(path, source, { foundBy, parent });
  }

  #add(
    path: string,
    source: ByteSource,
    how: { readonly foundBy: FoundBy; readonly parent: LoadedFile | undefined },
  ): LoadedFile | undefined {
    if (this.#byPath.size >= MAX_FILES) return undefined;
    const opened = openElf(source);
    if (!opened.ok) return undefined;
    const elf = opened.value;
    if (elf.machineCode !== this.#options.machineCode || elf.bits !== this.#options.bits) return undefined;
    const file: LoadedFile = {
      path,
      elf,
      symbols: dynamicSymbols(elf),
      versions: versionDefinitions(elf),
      foundBy: how.foundBy,
      ...(how.parent === undefined ? {} : { parent: how.parent }),
      needs: [],
    };
    this.#byPath.set(path, file);
    this.#byRealPath.set(this.#realPath(path), file);
    const soname = elf.dynamic?.soname;
    if (soname !== undefined && !this.#byName.has(soname)) this.#byName.set(soname, file);
    return file;
  }

  /** Breadth first, as the loader does: what is nearer decides which library of a name it is. */
  #loadNeeds(root: LoadedFile): void {
    const queue = [root];
    for (const file of queue) {
      const needs = file.needs as NeededFile[];
      if (needs.length > 0) continue;
      for (const name of file.elf.dynamic?.needed ?? []) {
        const need = this.#resolve(name, file);
        needs.push(need);
        if (need.file !== undefined && need.foundBy !== "already loaded") queue.push(need.file);
      }
    }
  }

  #resolve(name: string, by: LoadedFile): NeededFile {
    const known = this.#byName.get(name) ?? (this.#isMusl && muslOwn.test(name) ? this.#muslItself() : undefined);
    if (known !== undefined) return { name, file: known, foundBy: "already loaded", searched: [] };
    if (name.includes("/")) {
      const path = this.#absolute(this.#expand(name, by)) ?? name;
      const file = this.#byPath.get(path) ?? this.#open(path, "path", by);
      return file === undefined ? { name, searched: [path] } : { name, file, foundBy: "path", searched: [] };
    }
    const searched: string[] = [];
    for (const { folders, foundBy } of this.#places(by)) {
      for (const folder of folders) {
        searched.push(folder);
        const found = this.#takeFrom(folder, name, foundBy, by);
        if (found !== undefined) return found;
      }
    }
    for (const cached of this.#isMusl ? [] : this.#cached(name)) {
      const found = this.#take(cached.path, name, "ld.so.cache", by);
      if (found !== undefined) return found;
    }
    for (const folder of this.#standardFolders()) {
      searched.push(folder);
      const found = this.#takeFrom(folder, name, "standard folder", by);
      if (found !== undefined) return found;
    }
    return { name, searched };
  }

  /** Of a folder, the variant for this processor before the plain one. */
  #takeFrom(folder: string, name: string, foundBy: FoundBy, by: LoadedFile): NeededFile | undefined {
    for (const special of this.#isMusl ? [] : this.#hwcaps) {
      const found = this.#take(join(folder, "glibc-hwcaps", special, name), name, foundBy, by);
      if (found !== undefined) return found;
    }
    return this.#take(join(folder, name), name, foundBy, by);
  }

  #take(path: string, name: string, foundBy: FoundBy, by: LoadedFile): NeededFile | undefined {
    const { fs } = this.#options;
    if (this.#options.besides?.has(path) !== true && fileSource(fs, path) === undefined) return undefined;
    const loaded = this.#byRealPath.get(this.#realPath(path));
    if (loaded !== undefined) {
      this.#byName.set(name, loaded);
      return { name, file: loaded, foundBy: "already loaded", searched: [] };
    }
    const file = this.#open(path, foundBy, by);
    // Files for other machines are passed over; at anything else the search ends.
    if (file === undefined) return this.#isElf(path) ? undefined : { name, searched: [dirname(path)], unusable: path };
    if (!this.#byName.has(name)) this.#byName.set(name, file);
    return { name, file, foundBy, searched: [] };
  }

  #isElf(path: string): boolean {
    const source = this.#options.besides?.get(path)?.() ?? fileSource(this.#options.fs, path);
    return source !== undefined && isElf(source.read(0, 4)) && source.size >= 64;
  }

  #realPath(path: string): string {
    try {
      return this.#options.fs.realpath(path) ?? path;
    } catch {
      return path;
    }
  }

  #places(by: LoadedFile): { readonly folders: readonly string[]; readonly foundBy: FoundBy }[] {
    if (this.#isMusl) return this.#muslPlaces(by);
    const places: { folders: string[]; foundBy: FoundBy }[] = [];
    const runpath = by.elf.dynamic?.runpath ?? [];
    if (runpath.length === 0) {
      // RPATH counts for what a library's libraries need, too; a RUNPATH switches it off.
      const seen = new Set<LoadedFile>();
      for (let file: LoadedFile | undefined = by; file !== undefined && !seen.has(file); file = file.parent) {
        seen.add(file);
        this.#addRpath(places, file);
      }
      if (this.#main !== undefined && !seen.has(this.#main)) this.#addRpath(places, this.#main);
    }
    const variable = this.#options.env["LD_LIBRARY_PATH"];
    if (variable !== undefined && variable !== "") {
      places.push({ folders: this.#folders(variable.split(/[:;]/), this.#main ?? by), foundBy: "LD_LIBRARY_PATH" });
    }
    places.push({ folders: this.#folders(runpath, by), foundBy: "RUNPATH" });
    return places;
  }

  #addRpath(places: { folders: string[]; foundBy: FoundBy }[], file: LoadedFile): void {
    const dynamic = file.elf.dynamic;
    if (dynamic === undefined || dynamic.runpath.length > 0 || dynamic.rpath.length === 0) return;
    places.push({ folders: this.#folders(dynamic.rpath, file), foundBy: "RPATH" });
  }

  /** The folders of a path: words in them replaced, relative and empty ones taken from the current folder. */
  #folders(parts: readonly string[], file: LoadedFile): string[] {
    return parts.flatMap((part) => this.#absolute(this.#expand(part, file)) ?? []);
  }

  #absolute(path: string): string | undefined {
    if (path.startsWith("/")) return path;
    return this.#options.cwd === undefined ? undefined : join(this.#options.cwd, path);
  }

  /** $ORIGIN, $LIB and $PLATFORM, with or without braces. */
  #expand(folder: string, file: LoadedFile): string {
    return folder.replaceAll(
      /\$(?:\{(ORIGIN|LIB|PLATFORM)\}|(ORIGIN|LIB|PLATFORM)(?!\w))/g,
      (_whole, braced: string | undefined, plain: string | undefined) => {
        const name = braced ?? plain;
        if (name === "ORIGIN") return dirname(file.path);
        if (name === "LIB") return this.#triplet() === undefined ? "lib64" : `lib/${this.#triplet()}`;
        return "";
      },
    );
  }

  #triplet(): string | undefined {
    const triplet = TRIPLETS[this.#options.machineCode];
    if (triplet === undefined) return undefined;
    const there = ["/usr/lib", "/lib"].some((folder) => this.#options.fs.stat(`${folder}/${triplet}`) !== undefined);
    return there ? triplet : undefined;
  }

  get #isMusl(): boolean {
    return /\/ld-musl-/.test(this.#main?.elf.interpreter ?? "");
  }

  /** musl, ldso/dynlink.c, `load_library`: the variable first; run paths of both kinds are handed on. */
  #muslPlaces(by: LoadedFile): { readonly folders: readonly string[]; readonly foundBy: FoundBy }[] {
    const places: { folders: string[]; foundBy: FoundBy }[] = [];
    const variable = this.#options.env["LD_LIBRARY_PATH"] ?? "";
    if (variable !== "") {
      const parts = variable.split(/[:\n]/).filter((part) => part !== "");
      places.push({ folders: this.#folders(parts, by), foundBy: "LD_LIBRARY_PATH" });
    }
    const seen = new Set<LoadedFile>();
    for (let file: LoadedFile | undefined = by; file !== undefined && !seen.has(file); file = file.parent) {
      seen.add(file);
      const { runpath = [], rpath = [] } = file.elf.dynamic ?? {};
      const isRunpath = runpath.length > 0;
      places.push({
        folders: this.#folders(isRunpath ? runpath : rpath, file),
        foundBy: isRunpath ? "RUNPATH" : "RPATH",
      });
    }
    return places;
  }

  /** The C library of musl is its loader, under whatever name it is asked for. */
  #muslItself(): LoadedFile | undefined {
    const path = this.#main?.elf.interpreter;
    return path === undefined ? undefined : (this.loaded(path) ?? this.#open(path, "standard folder", this.#main));
  }

  #standardFolders(): readonly string[] {
    if (this.#isMusl) {
      const list = (this.#main?.elf.interpreter ?? "").replace(/^.*\/ld-musl-(.*)\.so\.\d+$/, "/etc/ld-musl-$1.path");
      const text = this.#options.fs.readText(list);
      const given = text?.split(/[:\n]/).filter((part) => part.startsWith("/")) ?? [];
      return given.length > 0 ? given : ["/lib", "/usr/local/lib", "/usr/lib"];
    }
    const triplet = this.#triplet();
    const own = triplet === undefined ? [] : [`/lib/${triplet}`, `/usr/lib/${triplet}`];
    const wide = this.#options.bits === 64 ? ["/lib64", "/usr/lib64"] : [];
    return [...own, ...wide, "/lib", "/usr/lib"];
  }

  #cached(name: string): readonly CachedLibrary[] {
    if (this.#cache === undefined) {
      const source = fileSource(this.#options.fs, "/etc/ld.so.cache") ?? bytesSource(new Uint8Array(0));
      this.#cache = readLoaderCache(source);
    }
    const rank = ({ path, special }: CachedLibrary): number | undefined => {
      if (!special) return this.#hwcaps.length;
      const folder = /\/glibc-hwcaps\/([^/]+)\/[^/]+$/.exec(path)?.[1];
      const found = folder === undefined ? -1 : this.#hwcaps.indexOf(folder);
      // Older forms of such folders (before glibc 2.33) come last: they hold the same symbols as the plain one.
      return found >= 0 ? found : folder === undefined ? this.#hwcaps.length + 1 : undefined;
    };
    return (this.#cache.get(name) ?? [])
      .flatMap((library) => {
        const order = rank(library);
        return order === undefined ? [] : [{ library, order }];
      })
      .sort((a, b) => a.order - b.order)
      .map(({ library }) => library);
  }
}
