/**
 * A line that no parser understands may hold a tool's message behind words of somebody else: a logger that nobody has
 * seen, a sentence of a chat, a title. Finds where the tool begins to speak.
 */

const before = String.raw`(?<=^|[\s"'\x60‘“([{>|:=*\]])`;
const tools = String.raw`(?:cc1plus|c\+\+|g\+\+|gcc|cc|clang\+\+|clang|clang-cl|hipcc|icpx|nvc\+\+|nvcc|collect2|ld|ld\.bfd|ld\.gold|ld\.lld|lld-link|mold|ninja|cmake|make|cl|sh|bash|zsh|env)`;
const starts: readonly RegExp[] = [
  // g++: error: …, /usr/bin/ld: …, ninja: error: …, bash: nvcc: …
  new RegExp(
    String.raw`${before}(?:[\w./\\+-]{0,200}[\\/])?(?:[\w.]{1,40}-){0,5}${tools}(?:-\d[\d.]*)?(?:\.exe)?(?:\[\d+\])?\s?: (?=\S)`,
  ),
  new RegExp(String.raw`${before}(?:nvcc|ptxas|nvlink|fatbinary|cicc) ?(?:fatal|error|warning) {0,3}:`),
  new RegExp(String.raw`${before}CMake (?:Error|Warning)\b`),
  new RegExp(String.raw`${before}LINK : (?:fatal )?error|${before}(?:fatal error|error) (?:LNK|C|D)\d{4}:`),
  // a.cpp:12:3: error: …, k.cu(9): error: …
  new RegExp(
    String.raw`${before}(?:[A-Za-z]:)?[\w./\\+-]{1,300}\.(?:c|cc|cpp|cxx|cu|cuh|h|hh|hpp|hxx|hip|mm|pyx)[:(]\d+[:)].{0,12}?(?:error|错误|Fehler|erreur|ошибка|エラー)`,
  ),
  // 'nvcc' is not recognized as …
  new RegExp(String.raw`${before}['"][\w.+\\/ -]{1,120}['"] is not recognized as an? `),
  // An exception that the parser of Python did not take for one.
  new RegExp(String.raw`${before}(?:[a-z_]\w*\.){0,6}[A-Z]\w{1,60}(?:Error|Exception): (?=\S)`),
  // "It fails with a TH/TH.h: No such file or directory error."
  new RegExp(String.raw`${before}[\w+-]{1,60}(?:[/.][\w+-]{1,60}){0,8}\.(?:h|hpp|cuh|hh): No such file or directory`),
  // Without a tool in front.
  new RegExp(String.raw`${before}(?:fatal error|error): (?=\S)`),
  new RegExp(String.raw`${before}#error\b`),
];

/** Source code and commands quote such words without anything having failed. */
const quoting =
  /^(?:\d+ \||raise |if |for |while |return |#include|#if|#define|\/\/|\*|print|assert |def |class |import |throw |TORCH_CHECK|AT_|\[\d+\/\d+\] |-{1,5}> ?\d|\+|note: |echo |warnings?\.warn|note:)|\bwarning\s?[:#]|\bnote\s?:/;

/** The part of a line from where a tool speaks; undefined when that is nowhere, or the whole line. */
export function spokenPart(text: string): string | undefined {
  if (text.length > 1_500 || !/[:#]|is not rec|CMake /.test(text) || quoting.test(text)) return undefined;
  // A place at the beginning: of another language's compiler, for the others were understood.
  if (/^(?:[A-Za-z]:)?[^\s:(]{1,300}\.\w{1,6}[:(]\d+/.test(text)) return undefined;
  let first = text.length;
  for (const start of starts) {
    const match = start.exec(text);
    if (match?.index === 0) return undefined;
    if (match !== null && match.index < first) first = match.index;
  }
  return first === text.length ? undefined : text.slice(first);
}
