/**
 * Works out, after a program has run, on which files its result rests besides the declared inputs: what the program says
 * it read, what it read without saying so (files behind `@file`, `.incbin`, members of thin archives, what linker
 * scripts name), and the places where it looked in vain, which must stay empty. It changes nothing.
 */
import { dirname, isAbsolute, join, resolve } from "node:path";
import { unique } from "../base/order.ts";
import { splitWords } from "../environment/words.ts";
import type { Host } from "../host/host.ts";
import { compileFilesIn, type Dialect } from "../plan/flags.ts";
import { commandText, type Action } from "../plan/graph.ts";
import { forcedIncludes, includeFoldersIn } from "../plan/include-flags.ts";
import { librariesIn, linkFilesIn } from "../plan/link-flags.ts";
import type { FileDigests } from "./file-digests.ts";
import { linkReferences } from "./link-references.ts";
import type { Roots } from "./roots.ts";
import { absentPlaces, climbingNames, emptyPlace } from "./shadow.ts";
import { namesOfMacros, namesOfMacroWords, type SourceNames, sourceNames } from "./source-names.ts";
import { yieldOnce } from "./tasks.ts";

/** What one run rests on. Paths are absolute. */
export interface Discovered {
  /** Files that were read and are no declared inputs. */
  readonly files: readonly string[];
  /** Places that must stay empty. */
  readonly absent: readonly string[];
  /** A file that came to such a place while the program ran. */
  readonly appeared?: string;
}

/** A run that has ended. */
export interface EndedRun {
  readonly action: Action;
  /** What the program says it read. Absolute. */
  readonly read: readonly string[];
  /** The same as the program wrote it. */
  readonly named: readonly string[];
  /** Change time of something made just before the program began. */
  readonly startedAt: number;
  /** Libraries that were found by name beforehand, and the places that were empty. */
  readonly libraries: readonly string[];
  readonly absent: readonly string[];
}

/** So many includes deep a header may have a precompiled form that is taken instead. */
const precompiledDepth = 1;
/** So many files are read before others have their turn. */
const slice = 32;
/** Files of options may name one another. */
const deepestOptions = 8;

/** Remembers texts and answers between the actions of one build. */
export class Discovery {
  readonly #host: Host;
  readonly #digests: FileDigests;
  readonly #roots: Roots;
  readonly #variables: Readonly<Record<string, string | undefined>>;
  readonly #names = new Map<string, SourceNames>();
  readonly #macros = new Map<string, readonly string[]>();

  constructor(context: {
    readonly host: Host;
    readonly digests: FileDigests;
    readonly roots: Roots;
    readonly variables: Readonly<Record<string, string | undefined>>;
  }) {
    this.#host = context.host;
    this.#digests = context.digests;
    this.#roots = context.roots;
    this.#variables = context.variables;
  }

  /**
   * Reads the texts that `after` asks for: a second's work for all of PyTorch's headers, so in slices, between which ends of
   * programs are noticed and others started.
   */
  async readAhead({ action, read }: Pick<EndedRun, "action" | "read">): Promise<void> {
    if (action.includeSearch.length === 0) return;
    const names = await this.#inSlices(read, (path) => this.#namesIn(path));
    if (names.some(({ byMacro }) => byMacro)) await this.#inSlices(read, (path) => this.#macrosIn(path));
  }

  async #inSlices<T>(paths: readonly string[], ask: (path: string) => T): Promise<T[]> {
    const answers = [];
    for (const path of paths) {
      if (answers.length % slice === 0) await yieldOnce();
      answers.push(ask(path));
    }
    return answers;
  }

  after(run: EndedRun): Discovered {
    const { action } = run;
    const declared = new Set(action.inputs);
    const notes = new Notes(this.#digests);
    for (const path of run.absent) notes.absent.add(path);
    // Its content is part of the key, and it is only there once the program has been started here.
    const own = action.responseFile === undefined ? undefined : resolve(action.cwd, action.responseFile.path);
    for (const path of run.read) if (path !== own) notes.files.add(path);
    const options = this.#options(action, notes);
    let appeared: string | undefined;
    if (action.kind === "link" || action.kind === "device-link") this.#linked(run, options, notes);
    if (action.includeSearch.length > 0) appeared = this.#searched(run, options, notes);
    return {
      files: [...notes.files].filter((path) => !declared.has(path)),
      absent: [...notes.absent],
      ...(appeared === undefined ? {} : { appeared }),
    };
  }

  /** Whether people edit this file, as opposed to what packages and the system bring. */
  isEdited(path: string): boolean {
    const logical = this.#roots.logical(path);
    if (logical.startsWith("$")) return logical.startsWith("$PROJECT") || logical.startsWith("$BUILD");
    return !/^(?:\/usr\/|\/opt\/|\/Library\/|\/Applications\/|[A-Za-z]:[\\/]Program Files)/.test(logical);
  }

  /** The words in files of options (`@file`), and in the files that those name. */
  #options(action: Action, notes: Notes): string[] {
    const words: string[] = [];
    const own = action.responseFile === undefined ? undefined : resolve(action.cwd, action.responseFile.path);
    const open = (list: readonly string[], depth: number): void => {
      for (const word of list) {
        const name = /^@(.+)$/.exec(word)?.[1] ?? /^--config=(.*\/.*)$/.exec(word)?.[1];
        if (name === undefined || depth > deepestOptions) {
          if (depth > 0) words.push(word);
          continue;
        }
        const path = resolve(action.cwd, name);
        if (path === own || !notes.look(path)) continue;
        open(splitWords(this.#host.fs.readText(path) ?? "", this.#host.platform), depth + 1);
      }
    };
    open(commandText(action.command), 0);
    return words;
  }

  /** What a compiler looked for. Returns a file that came to an empty place meanwhile. */
  #searched(run: EndedRun, options: readonly string[], notes: Notes): string | undefined {
    const { action, read, named, startedAt } = run;
    const { cwd } = action;
    const dialect = dialectOf(action);
    const command = [...commandText(action.command), ...options];
    const given = includeFoldersIn(options, dialect);
    for (const file of compileFilesIn(options, dialect)) if (!file.startsWith("@")) notes.look(resolve(cwd, file));
    // Where these folders stand in the order depends on the tool: as first and as last they cover all.
    const loose = [
      ...searchVariables(this.#variables, action),
      ...[...given.quote, ...given.plain, ...given.system, ...given.after].map((folder) => resolve(cwd, folder)),
    ];
    const search = [...loose, ...action.includeSearch, ...loose];
    const files = [...action.inputs, ...read];
    const used = new Set(files);
    let appeared: string | undefined;
    const places = absentPlaces(
      {
        files: read,
        search,
        including: files.filter((path) => this.isEdited(path)),
        asked: this.#asked(files, command),
        climbing: climbingNames(named, search, cwd),
      },
      (path) => {
        const stat = this.#digests.stat(path);
        if (stat?.kind === "file" && stat.ctimeMs > startedAt && !used.has(path)) appeared = path;
        return stat !== undefined;
      },
    );
    for (const path of places) notes.absent.add(path);
    const forced = forcedIncludes(command, dialect);
    for (const name of forced) notes.lookForEmpty(resolve(cwd, name));
    if (dialect === "gcc") this.#precompiled(run, [...action.includeSearch, ...loose], forced, notes);
    this.#embedded(files, [cwd, ...new Set([...action.includeSearch, ...loose])], notes);
    return appeared;
  }

  /** Names in `__has_include(…)` of all files. */
  #asked(files: readonly string[], command: readonly string[]): string[] {
    const asked = new Set<string>();
    let byMacro = false;
    for (const path of files) {
      const names = this.#namesIn(path);
      for (const name of names.asked) asked.add(name);
      byMacro ||= names.byMacro;
    }
    if (byMacro) {
      for (const path of files) for (const name of this.#macrosIn(path)) asked.add(name);
      for (const name of namesOfMacroWords(command)) asked.add(name);
    }
    return [...asked];
  }

  /**
   * Precompiled forms, which gcc takes in place of a header that comes before any code and clang in place of one that is
   * forced: `x.h.gch` in the folder of `x.h` or in one that is searched before it, a file or a folder of several. Where
   * gcc takes one, it names neither it nor the header.
   */
  #precompiled({ read, action }: EndedRun, search: readonly string[], forced: readonly string[], notes: Notes): void {
    const suffixes = forced.length > 0 ? [".gch", ".pch"] : [".gch"];
    const headers = new Set(read);
    const exists = (path: string): boolean => this.#digests.exists(path);
    const look = (name: string, folders: readonly string[]): void => {
      for (const folder of folders) {
        for (const suffix of suffixes) {
          const empty = emptyPlace(folder, name + suffix, exists);
          if (empty === undefined) this.#lookInside(join(folder, name + suffix), notes);
          else notes.absent.add(empty);
        }
        const header = resolve(folder, name);
        if (!headers.has(header)) continue;
        begin(header, 1);
        return;
      }
    };
    const seen = new Set<string>();
    const begin = (path: string, depth: number): void => {
      if (seen.has(path) || depth > precompiledDepth || !this.isEdited(path)) return;
      seen.add(path);
      for (const name of this.#namesIn(path).first) look(name, unique([dirname(path), ...search]));
    };
    for (const name of forced) look(name, unique([action.cwd, ...search]));
    for (const source of action.inputs) begin(source, 0);
  }

  #lookInside(place: string, notes: Notes): void {
    if (this.#digests.stat(place)?.kind !== "directory") notes.look(place);
    else for (const name of this.#host.fs.list(place) ?? []) notes.look(join(place, name));
  }

  /** Files that the assembler is told to read, and those that they name. */
  #embedded(files: readonly string[], folders: readonly string[], notes: Notes): void {
    const seen = new Set<string>();
    const open = (names: readonly string[], depth: number): void => {
      for (const name of names) {
        if (seen.has(name)) continue;
        seen.add(name);
        const path = notes.first(folders.map((folder) => resolve(folder, name)));
        if (path !== undefined && depth < deepestOptions && /\.(?:s|S|asm|inc)$/.test(path)) {
          open(this.#namesIn(path).embedded, depth + 1);
        }
      }
    };
    for (const path of files) open(this.#namesIn(path).embedded, 0);
  }

  /** What a linker reads behind the files and names that it is given. */
  #linked({ action, libraries }: EndedRun, options: readonly string[], notes: Notes): void {
    const { cwd } = action;
    const given = librariesIn(options, "gcc");
    const folders = unique([
      ...given.dirs.map((folder) => resolve(cwd, folder)),
      ...action.librarySearch.flatMap(({ dirs }) => dirs),
    ]);
    const start = [...action.inputs.filter((path) => !this.#isMade(path)), ...libraries];
    // In which order the folders of such files are searched depends on the linker: all of them count.
    const byName = (name: string, where: readonly string[]): string[] =>
      libraryFiles(name).flatMap((file) =>
        where.map((folder) => join(folder, file)).filter((place) => notes.look(place)),
      );
    for (const name of given.names) start.push(...byName(name, folders));
    for (const { names } of action.librarySearch) {
      for (const folder of given.dirs) {
        for (const name of names) if (notes.look(resolve(cwd, folder, name))) start.push(resolve(cwd, folder, name));
      }
    }
    for (const file of linkFilesIn(options, "gcc")) if (notes.look(resolve(cwd, file))) start.push(resolve(cwd, file));
    this.#follow(start, { cwd, folders }, notes);
  }

  /** Thin archives and linker scripts, and what they lead to. */
  #follow(
    start: readonly string[],
    { cwd, folders }: { readonly cwd: string; readonly folders: readonly string[] },
    notes: Notes,
  ): void {
    const seen = new Set<string>();
    const waiting = [...start];
    let search = folders;
    for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
      if (seen.has(path)) continue;
      seen.add(path);
      const size = this.#digests.stat(path)?.size ?? 0;
      const here = path;
      const references = linkReferences(
        (offset, length) => this.#host.fs.readRange(here, offset, length) ?? new Uint8Array(),
        size,
      );
      const beside = dirname(path);
      for (const { kind, name } of references) {
        // `=` and `$SYSROOT` stand for a folder that only the linker knows.
        if (/^(?:=|\$SYSROOT)/.test(name)) continue;
        if (kind === "folder") search = [...search, resolve(cwd, name)];
        else if (kind === "library") {
          for (const folder of search) {
            const found = libraryFiles(name)
              .map((file) => join(folder, file))
              .filter((place) => notes.look(place));
            waiting.push(...found);
            if (found.length > 0) break;
          }
        } else if (isAbsolute(name)) {
          if (notes.look(name)) waiting.push(name);
        } else {
          // Beside the file, in the folder of the run, then as libraries are searched.
          const near = unique([resolve(beside, name), resolve(cwd, name)]).filter((place) => notes.look(place));
          const found = near.length > 0 ? near : [notes.first(search.map((folder) => resolve(folder, name)))];
          for (const place of found) if (place !== undefined) waiting.push(place);
        }
      }
    }
  }

  /** Objects of this build are no archives or scripts. */
  #isMade(path: string): boolean {
    return /\.(?:o|obj)$/.test(path) && this.#roots.logical(path).startsWith("$BUILD");
  }

  #namesIn(path: string): SourceNames {
    let names = this.#names.get(path);
    if (names === undefined) {
      names = sourceNames(this.#host.fs.readText(path) ?? "");
      this.#names.set(path, names);
    }
    return names;
  }

  #macrosIn(path: string): readonly string[] {
    let names = this.#macros.get(path);
    if (names === undefined) {
      names = namesOfMacros(this.#host.fs.readText(path) ?? "");
      this.#macros.set(path, names);
    }
    return names;
  }
}

/** Collects files that are there and places where nothing is. */
class Notes {
  readonly files = new Set<string>();
  readonly absent = new Set<string>();
  readonly #digests: FileDigests;

  constructor(digests: FileDigests) {
    this.#digests = digests;
  }

  /** Notes a place for what it is. True when there is a file. */
  look(path: string): boolean {
    const stat = this.#digests.stat(path);
    if (stat === undefined) this.absent.add(path);
    else if (stat.kind === "file") this.files.add(path);
    return stat?.kind === "file";
  }

  lookForEmpty(path: string): void {
    if (!this.#digests.exists(path)) this.absent.add(path);
  }

  /** Notes places up to the first that has a file. */
  first(places: readonly string[]): string | undefined {
    return places.find((path) => this.look(path));
  }
}

function libraryFiles(name: string): string[] {
  return name.startsWith(":") ? [name.slice(1)] : [`lib${name}.so`, `lib${name}.a`];
}

function dialectOf(action: Action): Dialect {
  if (action.depfile?.format === "msvc") return "msvc";
  return action.kind.includes("cuda") ? "nvcc" : "gcc";
}

/** Include folders that come from variables, absolute. An empty element is the folder in which the program runs. */
function searchVariables(
  variables: Readonly<Record<string, string | undefined>>,
  { keyVariables, cwd }: Pick<Action, "keyVariables" | "cwd">,
): string[] {
  const folders = [];
  for (const name of ["CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "OBJC_INCLUDE_PATH", "INCLUDE"]) {
    const value = variables[name] ?? "";
    if (value === "" || !keyVariables.includes(name)) continue;
    for (const folder of value.split(name === "INCLUDE" ? ";" : ":")) folders.push(resolve(cwd, folder));
  }
  return folders;
}
