/** Reads where flags make a compiler look for headers, and which ones they include before the source. It changes no flag. */
import { type Dialect, type FolderKind, folderFlags, readFlags } from "./flags.ts";

/** Folders of headers that flags name, in the order in which gcc looks through them. */
export type IncludeFolders = Readonly<Record<FolderKind, readonly string[]>>;

/** The folders that flags add to the search for headers. */
export function includeFoldersIn(words: readonly string[], dialect: Dialect): IncludeFolders {
  const found: Record<FolderKind, string[]> = { quote: [], plain: [], system: [], after: [] };
  let prefix = "";
  for (const { name, value } of readFlags(openedWords(words, dialect), dialect)) {
    if (value === undefined || value === "") continue;
    const kind = folderFlags[name];
    if (kind !== undefined) found[kind].push(value);
    else if (dialect === "msvc") continue;
    else if (name === "-iprefix") prefix = value;
    else if (name === "-iwithprefixbefore") found.plain.push(prefix + value);
    else if (name === "-iwithprefix") found.after.push(prefix + value);
    // GCC manual, `-B`: "also apply to include files in the preprocessor", from a folder `include` in it.
    else if (name === "-B") found.system.push(`${value.replace(/\/$/, "")}/include`);
  }
  return found;
}

/** Headers that flags include before the source: looked for in the folder of the run, then as any quoted name. */
export function forcedIncludes(words: readonly string[], dialect: Dialect): string[] {
  return readFlags(openedWords(words, dialect), dialect).flatMap(({ name, value }) =>
    value !== undefined && /^(?:-include|--include|-imacros|--imacros|--pre-include|-include-pch|\/FI)$/.test(name)
      ? [value]
      : [],
  );
}

/** Words as the preprocessor gets them: `-Wp,-I,dir`, `-Xpreprocessor -Idir` and nvcc's `-Xcompiler -Idir,-O2` opened. */
function openedWords(words: readonly string[], dialect: Dialect): string[] {
  if (dialect === "msvc") return [...words];
  const opened: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? "";
    const behind = dialect === "nvcc" ? /^(?:-Xcompiler|--compiler-options)(?:=(.+))?$/.exec(word) : null;
    if (word.startsWith("-Wp,")) opened.push(...word.slice(4).split(","));
    else if (word === "-Xpreprocessor" && i + 1 < words.length) opened.push(words[++i] ?? "");
    else if (behind !== null) opened.push(...(behind[1] ?? words[++i] ?? "").split(","));
    else opened.push(word);
  }
  return opened;
}

/**
 * Without the options that ask for lists of headers: the plan asks for the one it needs, and `-MMD` beside it would
 * leave the system's headers out.
 */
export function withoutHeaderLists(words: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? "";
    if (/^(?:-M[FTQ]|--dependency-(?:output|target-name))$/.test(word)) i++;
    else if (
      !/^(?:-M(?:M?D|M|P|G|[FTQ].+)?|-Wp,-M.*|--(?:user-)?dependencies|--write-(?:user-)?dependencies|--generate-(?:nonsystem-)?dependencies(?:-with-compile)?)$/.test(
        word,
      )
    ) {
      kept.push(word);
    }
  }
  return kept;
}
