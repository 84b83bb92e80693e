/** Reads what flags for a link mean: folders and names of libraries, files that the linker reads. It changes no flag. */
import type { Dialect } from "./flags.ts";

/** What flags say of libraries. */
export interface LibraryFlags {
  readonly dirs: readonly string[];
  /** As after `-l`: `curand`, `:libx.so.1`. */
  readonly names: readonly string[];
}

/** The folders and names of libraries in flags for a link. */
export function librariesIn(words: readonly string[], dialect: Dialect): LibraryFlags {
  const dirs: string[] = [];
  const names: string[] = [];
  for (const word of linkerWords(words)) {
    if (dialect === "msvc") {
      const dir = /^[-/]LIBPATH:(.+)$/i.exec(word)?.[1];
      if (dir !== undefined) dirs.push(unquoted(dir));
      else if (/\.lib$/i.test(word) && !/[\\/]/.test(word)) names.push(word);
      continue;
    }
    const match = /^(-L|-l)(.+)$/.exec(word);
    if (match?.[1] === "-L") dirs.push(match[2] ?? "");
    else if (match?.[1] === "-l") names.push(match[2] ?? "");
  }
  return { dirs, names };
}

/** Words as the linker gets them: `-Wl,-L,dir` and `-Xlinker -ldir` opened, `-L dir` joined. */
function linkerWords(words: readonly string[]): string[] {
  const opened: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? "";
    if (word.startsWith("-Wl,")) opened.push(...word.slice(4).split(","));
    else if (word === "-Xlinker" && i + 1 < words.length) opened.push(words[++i] ?? "");
    else opened.push(word);
  }
  const result: string[] = [];
  for (let i = 0; i < opened.length; i++) {
    const word = opened[i] ?? "";
    if ((word === "-L" || word === "-l") && i + 1 < opened.length) result.push(word + (opened[++i] ?? ""));
    else result.push(word);
  }
  return result;
}

/** Options of linkers that name a file to be read (ld(1) of GNU and of macOS; Microsoft's LINK). */
const linkFileOption =
  /^(?:--version-script|--dynamic-list|--retain-symbols-file|--script|-T|--default-script|-dT|--just-symbols|-R|--order-file|--symbol-ordering-file|--section-ordering-file|-force_load|-exported_symbols_list|-unexported_symbols_list|-order_file|-alias_list|--export-dynamic-symbol-list)$/;

/** Options of linkers and drivers whose value is no file to be read, though it may look like one. */
const linkOtherValue =
  /^(?:--?rpath|--?rpath-link|--?soname|-h|-z|-u|-e|-m|-o|-x|-arch|-target|-framework|-undefined|--?Map|--out-implib|--dependency-file|-install_name|-dylib_install_name|-current_version|-compatibility_version|-add_ast_path|-oso_prefix|-map)$/;

/** Names of files by which a word of a link is known to be one that must be there. */
const linkFileName = /^[^-].*(?:\.(?:o|a|lo|obj|dylib|tbd|ld|lds)|\.so(?:\.[\d.]+)?)$/;

/** Files that flags for a link make it read: objects and archives by path, scripts, lists. As written. */
export function linkFilesIn(words: readonly string[], dialect: Dialect): string[] {
  const files: string[] = [];
  if (dialect === "msvc") {
    for (const word of words) {
      const option = /^[-/](?:DEF|MANIFESTINPUT|ORDER|WHOLEARCHIVE|NATVIS):@?(.+)$/i.exec(word)?.[1];
      const file = unquoted(option ?? word);
      if (option !== undefined || /^[^-/].*\.(?:lib|obj|res)$/i.test(word)) {
        if (/[\\/]/.test(file) || !/\.lib$/i.test(file)) files.push(file);
      } else if (word.startsWith("@")) files.push(word.slice(1));
    }
    return files;
  }
  const opened = linkerWords(words);
  for (let i = 0; i < opened.length; i++) {
    const word = opened[i] ?? "";
    const equals = word.indexOf("=");
    if (linkOtherValue.test(word)) i++;
    else if (linkFileOption.test(word)) {
      const value = opened[i + 1];
      if (value !== undefined) files.push(value);
      i++;
    } else if (equals > 0 && linkFileOption.test(word.slice(0, equals))) files.push(word.slice(equals + 1));
    else if (word.startsWith("@")) files.push(word.slice(1));
    else if (linkFileName.test(word)) files.push(word);
  }
  return files;
}

/**
 * Words that are no options and may be files: a linker takes any name for a script or an object. They may as well be
 * values of options that are not known here.
 */
export function possibleLinkFiles(words: readonly string[]): string[] {
  const opened = linkerWords(words);
  return opened.filter((word, i) => {
    const before = opened[i - 1] ?? "";
    if (linkOtherValue.test(before) || linkFileOption.test(before) || before === "-l" || before === "-L") return false;
    return /^[^-@]/.test(word) && !linkFileName.test(word);
  });
}

function unquoted(text: string): string {
  return text.replaceAll('"', "");
}
