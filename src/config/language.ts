/** Which suffix is which language. Knows nothing of files beyond their names. */
import type { Language } from "./extension.ts";
import { closest } from "./suggest.ts";

/**
 * The suffixes that are compiled. `.C` and `.c++` as in gcc ("Options Controlling the Kind of Output"), `.sycl` as in
 * `torch.utils.cpp_extension`.
 */
export const languageBySuffix: ReadonlyMap<string, Language> = new Map<string, Language>([
  [".c", "c"],
  [".cc", "c++"],
  [".cpp", "c++"],
  [".cxx", "c++"],
  [".c++", "c++"],
  [".C", "c++"],
  [".mm", "objective-c++"],
  [".cu", "cuda"],
  [".hip", "hip"],
  [".sycl", "sycl"],
]);

const headerSuffixes: ReadonlySet<string> = new Set([
  ".h",
  ".hh",
  ".hpp",
  ".hxx",
  ".h++",
  ".H",
  ".cuh",
  ".inl",
  ".inc",
  ".ipp",
  ".tpp",
  ".hiph",
]);

const object = {
  what: "compiled already",
  hint: "objects and archives belong into `extra-objects`, or among the link flags",
};

const notCompiled: ReadonlyMap<string, { readonly what: string; readonly hint: string }> = new Map([
  ...[".o", ".obj", ".a", ".lib", ".so", ".pyd", ".dll", ".dylib"].map((suffix) => [suffix, object] as const),
  [".pyx", { what: "Cython", hint: "run Cython and list the `.cpp` or `.c` file that it writes" }],
  [".py", { what: "Python", hint: "list the C++ and CUDA sources" }],
  [".i", { what: "an interface file of SWIG", hint: "run SWIG and list the `.cpp` file that it writes" }],
]);

/** From the last dot of the file's name on; empty when there is none. */
export function suffixOf(fileName: string): string {
  const dot = fileName.lastIndexOf(".");
  return dot <= 0 ? "" : fileName.slice(dot);
}

/** Whether a file is a header by its suffix. */
export function isHeader(fileName: string): boolean {
  return headerSuffixes.has(suffixOf(fileName));
}

/** The file's name without its suffix. */
export function stemOf(fileName: string): string {
  const dot = fileName.lastIndexOf(".");
  return dot <= 0 ? fileName : fileName.slice(0, dot);
}

/** The language of a source, undefined when it is none. */
export function languageOf(fileName: string): Language | undefined {
  return languageBySuffix.get(suffixOf(fileName));
}

/** Why a file is no source, and what to do about it. */
export function notASource(fileName: string, shown: string): { readonly message: string; readonly hint: string } {
  const suffix = suffixOf(fileName);
  if (headerSuffixes.has(suffix)) {
    return {
      message: `\`${shown}\` is a header, which is not compiled by itself`,
      hint: "leave it out: headers are found where they are included, and tracked; their folder may need to stand in `include-dirs`",
    };
  }
  const elsewhere = notCompiled.get(suffix);
  if (elsewhere !== undefined)
    return { message: `\`${shown}\` is ${elsewhere.what}, not a source`, hint: elsewhere.hint };
  const known = [...languageBySuffix.keys()].map((one) => `\`${one}\``).join(", ");
  const meant = suffix === "" ? undefined : closest(suffix, languageBySuffix.keys());
  return {
    message:
      suffix === ""
        ? `\`${shown}\` has no suffix that says which language it is`
        : `\`${shown}\` has the suffix \`${suffix}\`, which is not a known source suffix`,
    hint: `known suffixes are ${known}${meant === undefined ? "" : `; did you mean \`${meant}\`?`}`,
  };
}
