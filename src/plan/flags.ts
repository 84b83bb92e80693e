/**
 * Reads what flags of users mean, as far as the plan depends on it: a C++ standard, an optimisation level, GPU
 * architectures, folders to search, files to read. It changes no flag.
 */
import type { PlatformPath } from "node:path";
import type { Arg, PathArg } from "./graph.ts";

/** How the words of a command are read. */
export type Dialect = "gcc" | "nvcc" | "msvc";

/** A flag with its value, wherever the value stands: `-Ia`, `-I a`, `--include-path=a`. */
export interface Flag {
  /** Without its value: `-I`, `--include-path`. A word that is no flag has none. */
  readonly name: string;
  readonly value?: string;
  /** Words that it takes up. */
  readonly words: readonly string[];
}

/**
 * Options of gcc and clang that take the next word, as far as it could be misread (GCC manual, "Option Index"; clang's
 * of the same name).
 */
const gccWithValue: ReadonlySet<string> = new Set([
  "-I",
  "-L",
  "-l",
  "-D",
  "-U",
  "-o",
  "-x",
  "-T",
  "-u",
  "-z",
  "-B",
  "-MF",
  "-MT",
  "-MQ",
  "-arch",
  "-Xlinker",
  "-Xassembler",
  "-Xpreprocessor",
  "-Xclang",
  "-Xarch_host",
  "-include",
  "-include-pch",
  "-ivfsoverlay",
  "-imacros",
  "--config",
  "-iquote",
  "-isystem",
  "-idirafter",
  "-iprefix",
  "-iwithprefix",
  "-iwithprefixbefore",
  "-isysroot",
  "-cxx-isystem",
  "-framework",
  "-F",
  "-rpath",
  "--param",
  "-target",
  "-mllvm",
  "-install_name",
  "-undefined",
]);

/** Options of nvcc that take the next word (nvcc --help of 13.0), by both of their names. */
const nvccWithValue: ReadonlySet<string> = new Set(
  [
    "-o --output-file",
    "-include --pre-include",
    "-l --library",
    "-D --define-macro",
    "-U --undefine-macro",
    "-I --include-path",
    "-isystem --system-include",
    "-L --library-path",
    "-odir --output-directory",
    "-MF --dependency-output",
    "-ccbin --compiler-bindir",
    "-allow-unsupported-compiler-with",
    "-cudart --cudart",
    "-cudadevrt --cudadevrt",
    "-ldir --libdevice-directory",
    "-target-dir --target-directory",
    "-optf --options-file",
    "-O --optimize",
    "-dopt --dopt",
    "-std --std",
    "-x --x",
    "-Xcompiler --compiler-options",
    "-Xlinker --linker-options",
    "-Xarchive --archive-options",
    "-Xptxas --ptxas-options",
    "-Xnvlink --nvlink-options",
    "-Xcudafe",
    "-Xcicc",
    "-Xnvvm",
    "-Xfatbin",
    "-t --threads",
    "-split-compile --split-compile",
    "-keep-dir --keep-dir",
    "-rdc --relocatable-device-code",
    "-arch --gpu-architecture",
    "-code --gpu-code",
    "-gencode --generate-code",
    "-maxrregcount --maxrregcount",
    "-ftz --ftz",
    "-prec-div --prec-div",
    "-prec-sqrt --prec-sqrt",
    "-fmad --fmad",
    "-default-stream --default-stream",
    "-diag-suppress --diag-suppress",
    "-diag-error --diag-error",
    "-diag-warn --diag-warn",
    "-Werror --Werror",
    "-m --machine",
    "-frandom-seed --frandom-seed",
  ].flatMap((names) => names.split(" ")),
);

const msvcWithValue: ReadonlySet<string> = new Set(["-I", "/I", "-D", "/D", "/external:I", "-external:I", "/FI"]);

/** One-letter options whose value may follow at once. */
const joined = /^(-[ILDUlBTxFO])(.+)$/;
const joinedMsvc = /^([-/](?:I|D|U|FI|external:I))(.+)$/;

/** Splits words into flags. */
export function readFlags(words: readonly string[], dialect: Dialect): Flag[] {
  const withValue = dialect === "gcc" ? gccWithValue : dialect === "nvcc" ? nvccWithValue : msvcWithValue;
  const flags: Flag[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? "";
    const next = words[i + 1];
    if (withValue.has(word) && next !== undefined && !(word === "-O" && next.startsWith("-"))) {
      flags.push({ name: word, value: next, words: [word, next] });
      i++;
      continue;
    }
    const equals = word.indexOf("=");
    const short = word === "-lineinfo" ? null : (dialect === "msvc" ? joinedMsvc : joined).exec(word);
    if (short?.[1] !== undefined && !withValue.has(word.slice(0, equals < 0 ? undefined : equals))) {
      flags.push({ name: short[1], value: short[2] ?? "", words: [word] });
    } else if (word.startsWith("-") && equals > 0) {
      flags.push({ name: word.slice(0, equals), value: word.slice(equals + 1), words: [word] });
    } else if (/^-(?:isystem|iquote|idirafter)./.test(word) && dialect === "gcc") {
      const name = /^-(?:isystem|iquote|idirafter)/.exec(word)?.[0] ?? word;
      flags.push({ name, value: word.slice(name.length), words: [word] });
    } else if (word.startsWith("-") || (dialect === "msvc" && word.startsWith("/"))) {
      flags.push({ name: word, words: [word] });
    } else {
      flags.push({ name: "", value: word, words: [word] });
    }
  }
  return flags;
}

/** The C++ standard that flags name, the last one: `c++17`, `gnu++20`. A standard of C does not count. */
export function standardIn(words: readonly string[], dialect: Dialect): string | undefined {
  let found: string | undefined;
  for (const { name, value } of readFlags(words, dialect)) {
    const text = /^[-/]std:(.+)$/.exec(name)?.[1] ?? (/^--?std$/.test(name) ? value : undefined);
    if (text !== undefined && text.includes("++")) found = text;
  }
  return found;
}

/** Whether flags name an optimisation level: `-O2`, `--optimize 2`, `-Ofast`. */
export function hasOptimisation(words: readonly string[], dialect: Dialect): boolean {
  return readFlags(words, dialect).some(({ name }) => name === "-O" || name === "--optimize");
}

/**
 * Flags that name GPU architectures to nvcc: `-gencode`, `-arch`, `-code` and their long names. A flag that merely has
 * "arch" in it (`-Xcompiler -march=native`, `-I/research`) is none.
 */
export function cudaArchFlags(words: readonly string[]): string[] {
  return readFlags(words, "nvcc")
    .filter(({ name }) => /^(?:-gencode|--generate-code|-arch|--gpu-architecture|-code|--gpu-code)$/.test(name))
    .flatMap((flag) => flag.words);
}

/** Whether flags name the host compiler of nvcc. */
export function namesHostCompiler(words: readonly string[]): boolean {
  return readFlags(words, "nvcc").some(({ name }) => name === "-ccbin" || name === "--compiler-bindir");
}

/** Whether flags ask for relocatable device code: `-dc`, `-rdc=true`. The last one counts. */
export function isRelocatable(words: readonly string[]): boolean {
  let relocatable = false;
  for (const { name, value } of readFlags(words, "nvcc")) {
    if (name === "-dc" || name === "--device-c") relocatable = true;
    if (name === "-rdc" || name === "--relocatable-device-code") relocatable = value !== "false";
  }
  return relocatable;
}

/** Whether a word asks nvcc for link-time optimisation of device code. */
export function isDeviceLto(word: string): boolean {
  return word === "-dlto" || word === "--dlink-time-opt";
}

/** Whether nvcc lets a host compiler pass that it does not know. */
export function allowsUnsupportedCompiler(words: readonly string[]): boolean {
  return words.some((word) => /^--?allow-unsupported-compiler$/.test(word));
}

/** Whether nvcc writes source paths into device code, which it does not map: debug information, source beside PTX. */
export function hasDeviceDebug(words: readonly string[]): boolean {
  return words.some((word) =>
    /^(?:-G|--device-debug|-lineinfo|--generate-line-info|-src-in-ptx|--source-in-ptx|-g|--debug)$/.test(word),
  );
}

/** Where a folder of headers stands in the search (GCC manual, "Directory Options"). */
export type FolderKind = "quote" | "plain" | "system" | "after";

/** Flags whose value is a folder to search for headers. */
export const folderFlags: Readonly<Record<string, FolderKind>> = {
  "-iquote": "quote",
  // For `#embed`; a file that is found there is none of the headers, so that the order between them does not matter.
  "--embed-dir": "quote",
  "-I": "plain",
  "/I": "plain",
  "--include-path": "plain",
  "--include-directory": "plain",
  "-isystem": "system",
  "--system-include": "system",
  "-cxx-isystem": "system",
  "/external:I": "plain",
  "-external:I": "plain",
  "-idirafter": "after",
};

/**
 * Files besides headers that flags make a compiler read: GCC manual (`-fplugin=`, `-specs=`, `@file`), clang's sanitizer
 * lists and profiles, nvcc's files of options. As written.
 */
export function compileFilesIn(words: readonly string[], dialect: Dialect): string[] {
  return readFlags(words, dialect).flatMap(({ name, value, words: [word = ""] }) => {
    if (word.startsWith("@") && dialect !== "nvcc") return [word.slice(1)];
    if (value === undefined || value === "") return [];
    if (
      /^(?:-fplugin|-specs|--specs|-fpass-plugin|-fauto-profile|-fprofile-sample-use|-fprofile-instr-use)$/.test(name)
    )
      return [value];
    if (
      /^-f(?:sanitize-(?:ignorelist|blacklist|coverage-allowlist|coverage-ignorelist)|profile-(?:list|remapping-file)|xray-(?:attr-list|always-instrument|never-instrument)|randomize-layout-seed-file)$/.test(
        name,
      )
    )
      return [value];
    if (name === "-ivfsoverlay" || name === "-fmodule-mapper") return [value];
    if (name === "-fprofile-use" && /\.(?:profdata|gcda|prof)$/.test(value)) return [value];
    if (dialect === "nvcc" && /^(?:-optf|--options-file)$/.test(name)) return value.split(",");
    // clang looks for a name without a slash in its own folders.
    if (name === "--config" && value.includes("/")) return [value];
    return [];
  });
}

/** What flags make a compiler write beside the object, or into it about its own name. */
export interface Extras {
  /** Suffixes, in place of the object's, of further files: `.dwo`, `.gcno`. */
  readonly outputs: readonly string[];
  /** Names stand inside the outputs, or files are written that the plan does not know. */
  readonly inPlace: boolean;
  /** Absolute locations stand inside, so that the result holds for this folder only. */
  readonly local: boolean;
}

/**
 * What flags make a compiler write beside the object.
 *
 * @param words All flags, those of the profile too.
 * @param family clang splits debug information off only where there is some, gcc makes some for it.
 */
export function extrasOf(words: readonly string[], family: "gcc" | "clang"): Extras {
  const last = (on: RegExp, off: RegExp): boolean => {
    let active = false;
    for (const word of words) active = on.test(word) || (active && !off.test(word));
    return active;
  };
  const notes = last(/^(?:--coverage|-coverage|-ftest-coverage)$/, /^-fno-test-coverage$/);
  const arcs = last(
    /^(?:--coverage|-coverage|-fprofile-arcs|-fprofile-generate(?:=.*)?|-fprofile-instr-generate(?:=.*)?)$/,
    /^-fno-profile-arcs$/,
  );
  const debug =
    family === "gcc" || last(/^-g(?:[1-3]?|gdb.*|lldb|dbx|sce|dwarf(?:-\d)?|line.*|full|mlt)$/, /^-g(?:gdb)?0$/);
  const split = debug && last(/^-gsplit-dwarf(?:=split)?$/, /^(?:-gno-split-dwarf|-gsplit-dwarf=single|-g0)$/);
  const loose = words.some((word) =>
    /^--?(?:save-temps|ftime-trace|fdump-|fstack-usage|fcallgraph-info|aux-info)/.test(word),
  );
  return {
    outputs: [...(notes ? [".gcno"] : []), ...(split ? [".dwo"] : [])],
    inPlace: notes || arcs || split || loose,
    local: notes || arcs || loose,
  };
}

/** Whether gcc takes a random number into the object with these flags, which `-frandom-seed` replaces. */
export function needsRandomSeed(words: readonly string[]): boolean {
  return (
    words.some((word) =>
      /^(?:-flto(?:=.*)?|--coverage|-coverage|-ftest-coverage|-fprofile-arcs|-fprofile-generate(?:=.*)?)$/.test(word),
    ) && !words.some((word) => word.startsWith("-frandom-seed"))
  );
}

/**
 * Flags of users as words of a command: folders to search become paths, so that they are keyed by their root; empty
 * words and empty folders, which nvcc and ld refuse, are left out.
 */
export function userArgs(
  words: readonly string[],
  dialect: Dialect,
  toArg: (path: string, prefix: string) => PathArg,
  path: PlatformPath,
): Arg[] {
  return readFlags(words, dialect).flatMap((flag): readonly Arg[] => {
    if (flag.words.length === 1 && flag.words[0]?.trim() === "") return [];
    const isFolder = flag.name in folderFlags || flag.name === "-L" || flag.name === "--library-path";
    if (!isFolder || flag.value === undefined) return flag.words;
    if (flag.value === "") return [];
    if (!path.isAbsolute(flag.value)) return flag.words;
    if (flag.words.length === 2) return [flag.words[0] ?? "", toArg(flag.value, "")];
    const [word = ""] = flag.words;
    return [toArg(flag.value, word.slice(0, word.length - flag.value.length))];
  });
}
