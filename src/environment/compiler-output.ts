/** Reads what gcc, clang and cl print about themselves. Text in, facts out; nothing is run here. */

/** What `COMPILER -v -E -x c++ /dev/null` says. */
export interface CompilerBanner {
  readonly family: "gcc" | "clang" | "apple-clang";
  /** `12.2.0`. */
  readonly version: string;
  readonly target: string;
  /** In search order, as printed. */
  readonly includeDirs: readonly string[];
  /** Where gcc looks for its programs and libraries; empty for clang. */
  readonly programDirs: readonly string[];
  readonly libraryDirs: readonly string[];
  /** The driver as it was started in the end, behind any script. */
  readonly driver?: string;
  /** cc1plus, or clang again: what compiles. */
  readonly compiler?: string;
  /** Linker and assembler that gcc was configured to use by path. */
  readonly configuredLinker?: string;
  readonly configuredAssembler?: string;
  /** clang's configuration files that were read. */
  readonly configFiles: readonly string[];
}

/** Reads the text; messages of other programs (a wrapper's) around it do no harm. */
export function parseBanner(text: string): CompilerBanner | undefined {
  const lines = text.split(/\r?\n/);
  const line = (pattern: RegExp): RegExpExecArray | undefined => {
    for (const each of lines) {
      const match = pattern.exec(each);
      if (match !== null) return match;
    }
    return undefined;
  };
  const gcc = line(/^gcc version (\d+(?:\.\d+)*)/)?.[1];
  const apple = line(/Apple (?:clang|LLVM) version (\d+(?:\.\d+)*)/)?.[1];
  const clang = line(/clang version (\d+(?:\.\d+)*)/)?.[1];
  const version = apple ?? clang ?? gcc;
  if (version === undefined) return undefined;
  const family = apple !== undefined ? "apple-clang" : clang !== undefined ? "clang" : "gcc";
  const target = line(/^Target: (\S+)/)?.[1] ?? "";
  const folders = (name: string): string[] =>
    (line(new RegExp(`^${name}=(.*)$`))?.[1] ?? "").split(":").filter((dir) => dir !== "");
  const first = lines.findIndex((each) => each.startsWith("#include <...> search starts here"));
  const last = lines.findIndex((each) => each.startsWith("End of search list"));
  const includeDirs =
    first === -1 || last < first
      ? []
      : lines
          .slice(first + 1, last)
          .map((each) => each.trim())
          .filter((each) => each !== "" && !each.endsWith("(framework directory)"));
  const configured = line(/^Configured with: (.*)$/)?.[1] ?? "";
  const option = (name: string): string | undefined =>
    new RegExp(`(?:^|\\s)--with-${name}=(/\\S+)`).exec(configured)?.[1];
  const compiler =
    line(/^ *"([^"]*)" +"?-cc1"? /)?.[1] ??
    line(/^ *(\S*(?:cc1plus|cc1|clang[^\s/]*))(?:\.exe)? (?:-E|-cc1|-quiet)/)?.[1];
  const driver = line(/^COLLECT_GCC=(.*)$/)?.[1]?.trim();
  const configuredLinker = option("ld");
  const configuredAssembler = option("as");
  return {
    family,
    version,
    target,
    includeDirs,
    programDirs: folders("COMPILER_PATH"),
    libraryDirs: folders("LIBRARY_PATH"),
    ...(driver === undefined || driver === "" ? {} : { driver }),
    ...(compiler === undefined ? {} : { compiler }),
    ...(configuredLinker === undefined ? {} : { configuredLinker }),
    ...(configuredAssembler === undefined ? {} : { configuredAssembler }),
    configFiles: lines.flatMap((each) => /^Configuration file: (.+)$/.exec(each)?.[1]?.trim() ?? []),
  };
}

/** What the last command of `clang++ -### -shared …` says of the link. */
export interface LinkCommand {
  readonly linker: string;
  /** Folders of `-L`. */
  readonly libraryDirs: readonly string[];
  /** Start and end files: crti.o, crtbeginS.o, … */
  readonly objects: readonly string[];
}

/** Reads the link command out of what `-###` prints: quoted words, the last line with `-o`. */
export function parseLinkCommand(text: string): LinkCommand | undefined {
  const line = text
    .split(/\r?\n/)
    .findLast((each) => /^ *"/.test(each) && !each.includes('"-cc1"') && !each.includes('"-cc1as"'));
  if (line === undefined) return undefined;
  const words = [...line.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map((match) => (match[1] ?? "").replace(/\\(.)/g, "$1"));
  const [linker] = words;
  if (linker === undefined) return undefined;
  return {
    linker,
    libraryDirs: words.filter((word) => word.startsWith("-L")).map((word) => word.slice(2)),
    objects: words.filter((word) => /^\/.*crt[a-zA-Z0-9]*\.o$/.test(word)),
  };
}

/** Reads cl's banner: `Microsoft (R) C/C++ Optimizing Compiler Version 19.40.33811 for x64`. */
export function parseClBanner(text: string): { readonly version: string; readonly target: string } | undefined {
  const match = /Version (\d+\.\d+\.\d+(?:\.\d+)?) for (\w+)/.exec(text);
  const [, version, target] = match ?? [];
  return version === undefined || target === undefined ? undefined : { version, target };
}
