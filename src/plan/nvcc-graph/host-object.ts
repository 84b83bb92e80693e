/**
 * How the host code finds the fat binary without having it in its own source: the text that stands in for nvcc's
 * `….fatbin.c`, and the assembler text that makes an object of the data. Only the data moves; the wrapper that the
 * runtime is given, and how it is registered, stay as nvcc has them.
 */

/** Name of the data in the object; not seen outside of what is linked. */
export function fatbinSymbol(moduleId: string): string {
  return `__retorch_fatbin${moduleId}`;
}

/** In place of the file that `fatbinary --embedded-fatbin` writes (fatbinary_section.h has the wrapper's form). */
export function fatbinDeclaration(symbol: string): string {
  return `#include "fatbinary_section.h"
extern "C" { extern const unsigned long long ${symbol}[] __attribute__((visibility("hidden"))); }
static const __fatBinC_Wrapper_t __fatDeviceText __attribute__((aligned(8))) __attribute__((section(".nvFatBinSegment"))) =
  { 0x466243b1, 1, ${symbol}, 0 };
`;
}

/** The data, in the section where tools look for it. */
export function fatbinAssembly(symbol: string, file: string): string {
  return `.section .nv_fatbin, "a"
.balign 8
.globl ${symbol}
.hidden ${symbol}
${symbol}:
.incbin "${file.replaceAll(/["\\]/g, String.raw`\$&`)}"
.section .note.GNU-stack,"",%progbits
`;
}

/** Flags of the host compiler with which lines and columns of the source cannot come to stand in the object. */
const neutral =
  /^-(?:O[0-3sg]?|Ofast|fPIC|fpic|fPIE|fpie|m[a-z0-9=.+-]+|std=[a-z0-9+:]+|w|Wno-[a-z0-9+=-]+|ffile-prefix-map=.*|fmacro-prefix-map=.*|fvisibility=\w+|fvisibility-inlines-hidden|f(?:no-)?(?:strict-aliasing|exceptions|rtti|fast-math|math-errno|semantic-interposition|omit-frame-pointer|plt|common|stack-protector|stack-protector-strong|openmp|unroll-loops|gnu-unique|permissive)|fno-lto|fabi-version=\d+|pthread|c|x|o|E)$/;

/** Whether the host compiler writes the same object for the same code on other lines. */
export function ignoresLines(words: readonly string[]): boolean {
  return words.every((word, i) => {
    if (!word.startsWith("-") || /^-(?:o|x)$/.test(words[i - 1] ?? "")) return true;
    return neutral.test(word);
  });
}

/** Whether the definitions of macros come to stand in the object, which preprocessed code does not have. */
export function namesMacros(words: readonly string[]): boolean {
  return words.some((word) => /^-g[a-z-]*3$/.test(word));
}

/**
 * Leaves out line numbers and blank lines, unless the code asks for its own line while it is compiled: then what was left
 * out counts, too. The standard library's own `<source_location>` alone does not matter.
 */
const withoutLines = [
  `awk '`,
  `BEGIN { numbers = "sha256sum > \\"$numbers\\"" }`,
  `/^# [0-9]+ "/ {`,
  `  rest = $0; sub(/^# [0-9]+ /, "", rest); file = rest; sub(/^"/, "", file); sub(/".*$/, "", file)`,
  `  flags = rest; sub(/^"([^"\\\\]|\\\\.)*"/, "", flags)`,
  `  if (flags != "" || file != last) print "# " rest`,
  `  last = file; print NR " " $2 | numbers; next`,
  `}`,
  `/^[ \\t]*$/ { print NR | numbers; next }`,
  `(/source_location/ || /__builtin_LINE/ || /__builtin_COLUMN/) && file !~ /\\/source_location$/ { asks = 1 }`,
  `{ print }`,
  `END {`,
  `  close(numbers)`,
  `  if (asks) while ((getline line < ENVIRON["numbers"]) > 0) print "# lines " line`,
  `}'`,
].join("\n");

/**
 * Shell text that writes the digest of preprocessed code: `sh -c TEXT DIGEST PREPROCESSOR ARGUMENT…`. A digest, since the
 * text has tens of megabytes with headers of torch.
 *
 * @param options.lines Whether line numbers and blank lines count.
 */
export function codeDigest({ lines }: { readonly lines: boolean }): string {
  return [
    `export numbers="$0.numbers"`,
    `ends=$( {`,
    `  { "$@" 3>&-; echo "p$?" >&3; } | { ${lines ? "cat" : withoutLines} 3>&-; echo "f$?" >&3; } | sha256sum > "$0"`,
    `} 3>&1 ) || exit`,
    `rm -f "$numbers"`,
    `code=\${ends#*p}; code=\${code%%[!0-9]*}`,
    `[ "$code" = 0 ] || exit "\${code:-1}"`,
    `case $ends in *f0*) ;; *) exit 1 ;; esac`,
  ].join("\n");
}

/** Shell text that gives a stub the name by which it is included, whichever architecture it is of: `sh -c TEXT SOURCE COPY`. */
export const withStubName = String.raw`sed 's|^\(# [0-9]* \)"[^"]*compute_[0-9]*[a-z]*\.stub\.c"|\1"host.stub.c"|' "$0" > "$1"`;
