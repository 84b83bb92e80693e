/** Microsoft's cl, link, lib, rc and MSBuild, in any language: the codes say what the words say. */
import type { Collector } from "../collector.ts";
import type { LogLine } from "../text/log-line.ts";
import { msvcInEnglish } from "./localised.ts";
import { isHeaderName, type Parser, quoted } from "./parser.ts";

const coded = /\b((?:C|D|LNK|MSB|RC|CVT)\d{4})(?:\s{0,2}[:：]\s{0,8}|\t+|\s(?=unresolved))/;
/** What stands between the place and the code: `: fatal error`, in any language. */
const severity = /\s?:?\s?(?:[A-Za-zé]+ )?[^\s:()]{1,30}\s?$/;
const place = /^((?:[A-Za-z]:)?.*?)\((\d+)(?:,(\d+))?(?:,\d+,\d+)?\)\s?:?$/;
/** As Qt Creator writes it: `D:\a.h:59: error: C3250: …`. */
const colonPlace = /^((?:[A-Za-z]:)?[^:*?"<>|]{1,300}\.\w{1,4}):(\d+)(?::(\d+))?$/;
/** A row of Visual Studio's list of errors, behind the code: message, project, file, line. */
const row = /^([^\t]+)\t+(?:[^\t]{0,80}\t+)?((?:[A-Za-z]:)?[^\t:*?"<>|]{1,300}\.\w{1,4})\t+(\d{1,6})\b/;

/** What stands between an unresolved symbol and the function that uses it, in the languages of link.exe. */
const requestedBy =
  / ?referenced in function |[，,] ?(?:该符号在函数|函数 )| in Funktion | référencé dans la fonction | が関数 | ?(?:al que se hace )?referencia(?:do)? en la función | referenciado na função | в функции |[(（]?참조 위치|이\(가\) 참조/;

/** The parser of Microsoft's tools. */
export function msvcParser(): Parser {
  /** `error LNK2019: unresolved external symbol` whose symbol is on the next line. */
  let cut: { readonly line: LogLine; readonly text: string } | undefined;
  return {
    get open() {
      return cut !== undefined;
    },
    line(given: LogLine, out: Collector, taken = false): boolean {
      const before = cut;
      cut = undefined;
      if (before !== undefined && !taken && /^["“?_]|^\(_*\?/.test(given.text))
        return line({ ...before.line, text: `${before.text} ${given.text}` }, out);
      if (taken) return false;
      const understood = line(given, out);
      if (!understood && /\bLNK(?:2001|2019)\b.{0,60}$/.test(given.text) && !/["“?]/.test(given.text))
        cut = { line: given, text: given.text };
      return understood;
    },
  };
}

/** Sentences of cl and link that are known without their code, and the code. */
const sentences: readonly (readonly [RegExp, string])[] = [
  [/unresolved external symbol ["'“?_(]/, "LNK2001"],
  [/\?[\w?$@]{6,200} (?:is an )?unresolved external/, "LNK2001"],
  [/cannot open input file ['"‘“][^'"’”]+\.(?:lib|obj)/, "LNK1181"],
  [/cannot open file ['"‘“][^'"’”]+\.(?:lib|obj|pyd|dll)/, "LNK1104"],
  [/['"‘“]\w+['"’”]: (?:identifier not found|undeclared identifier)/, "C3861"],
  [/['"‘“]\w+['"’”]: ambiguous symbol/, "C2872"],
  [/requires at least ['"‘“]\/std:c\+\+/, "C7555"],
];

/** A message of cl or link that lost its code. */
export function msvcWithoutCode(given: LogLine, out: Collector): boolean {
  if (given.text.length > 1_500) return false;
  for (const [words, code] of sentences) {
    const match = words.exec(given.text);
    if (match === null) continue;
    const copy: LogLine = { ...given, shown: given.text, text: `error ${code}: ${given.text.slice(match.index)}` };
    const before = out.made;
    line(copy, out);
    return out.made !== before;
  }
  return false;
}

function line(line: LogLine, out: Collector): boolean {
  const { text } = line;
  const match = coded.exec(text.length > 3_000 ? text.slice(0, 3_000) : text);
  if (match === null) return false;
  const code = match[1] ?? "";
  const behind = text.slice(match.index + match[0].length);
  const listed = row.exec(behind);
  const rest = msvcInEnglish(code, listed?.[1] ?? behind);
  const before = text.slice(0, match.index);
  const where = before.length > 1_000 ? "" : before.replace(severity, "");
  if (/\bwarning\s*$|\bavertissement\s*$|\bWarnung\s*$|警告\s*$|\bnote\s*$/.test(before)) {
    if (code === "LNK4272" || code === "D9002" || code === "LNK4044") {
      out.add(line, { kind: "link", tool: "msvc", code, message: rest, severity: "warning" });
    }
    return true;
  }
  if (!/\w|[^ -~]/.test(before) && !/error|unresolved external/i.test(text)) return false;
  const fatal = /fatal|irr[ée]|schwerwiegend|致命/i.test(before);
  const placed = where.replace(/\s?:\s?(?:fatal )?error.*$/, "").trim();
  const at = (listed === null ? null : listed.slice(1)) ?? place.exec(placed) ?? colonPlace.exec(placed);
  const common = {
    tool: "msvc",
    code,
    message: rest.trim(),
    severity: fatal ? "fatal" : "error",
    ...(at === null
      ? {}
      : { file: at[1] ?? "", line: Number(at[2]), ...(at[3] === undefined ? {} : { column: Number(at[3]) }) }),
  } as const;
  if (code.startsWith("MSB")) {
    const wrapper = /^MSB(?:3721|6006|3073|8066)$/.test(code);
    out.add(line, { kind: wrapper ? "wrapper" : "build-tool", ...common });
    return true;
  }
  if (code === "C1083") {
    const header =
      /['"“«]\s?([\w.+/\\-]{1,300}\.\w{1,4})\s?['"”»]/.exec(rest)?.[1] ??
      // `Impossible d'ouvrir le fichier include : 'vector'` has a third mark of the kind.
      /[:：]\s?['"“«]\s?([\w.+/\\-]{1,200})\s?['"”»]/.exec(rest)?.[1] ??
      quoted(rest) ??
      /:\s?([^\s:]{1,200}\.\w{1,4})\s?:/.exec(rest)?.[1] ??
      // In other languages than English it stands between colons.
      /:\s?([a-z_]{3,24})\s?: No such file/.exec(rest)?.[1];
    // What the compiler writes itself; the words are C's for "out of memory", in the memory of the machine and its paging file.
    if (/compiler (?:intermediate|generated) file.*: Not enough space/.test(rest)) {
      out.add(line, { kind: "tool-died", program: "cl", ...common });
      return true;
    }
    if (
      header !== undefined &&
      !/compiler (?:intermediate|generated) file/.test(rest) &&
      (isHeaderName(header) || /include|включ|include|inclusi|包括|インクルード|포함/i.test(rest))
    ) {
      out.add(line, { kind: "missing-header", header, ...common });
    } else out.add(line, { kind: "driver", ...common, ...(header === undefined ? {} : { file: header }) });
    return true;
  }
  if (code === "C1060" || code === "C1002" || code === "LNK1102" || code === "C1076" || code === "C3859") {
    out.add(line, { kind: "tool-died", program: code.startsWith("LNK") ? "link" : "cl", ...common });
    return true;
  }
  if (code === "LNK2001" || code === "LNK2019" || code === "LNK2023") {
    // What follows says who asks.
    const wanted = rest.split(requestedBy)[0] ?? rest;
    // The symbol is on the next line, or goes on there: a terminal broke the line.
    if ((/external symbol\s*$/.test(wanted) && !/\?\w+@/.test(wanted)) || /external symbol "[^"]*$/.test(wanted))
      return false;
    const symbol =
      /\(((?:__imp_)?\?[^\s()]+(?:\([^)]*\))?[^\s()]*)\)/.exec(wanted)?.[1] ??
      /(?:external symbol|symbole externe non résolu|外部符号|外部シンボル|externes? Symbol|símbolo externo(?: não resolvido| sin resolver)?|внешний символ|외부 기호|simbolo esterno(?: non risolto)?)\s*["“]([^"”]{1,600})["”]/.exec(
        rest,
      )?.[1] ??
      /(?:external symbol|symbole externe non résolu|外部符号|外部シンボル|externes? Symbol|símbolo externo(?: não resolvido| sin resolver)?|внешний символ|외부 기호|simbolo esterno(?: non risolto)?)\s*["“]?([\w@?$.]+)/.exec(
        rest,
      )?.[1] ??
      quoted(wanted) ??
      wanted.trim();
    out.add(line, {
      kind: "undefined-symbol",
      phase: "link",
      symbol,
      ...common,
      ...(where === "" ? {} : { file: requester(where) }),
    });
    return true;
  }
  if (code === "LNK2005" || code === "LNK1169") {
    out.add(line, {
      kind: "duplicate-symbol",
      phase: "link",
      symbol: quoted(rest) ?? /^(\S+)/.exec(rest)?.[1] ?? "",
      ...common,
    });
    return true;
  }
  if (code === "LNK1104" || code === "LNK1181" || code === "LNK1149") {
    const library =
      /['"“«]\s?([^'"”»]+\.(?:lib|obj|pyd|dll|exe|res|def))\s?['"”»]/.exec(rest)?.[1] ??
      /([^\s'"]+\.(?:lib|obj|pyd|dll|exe))/.exec(rest)?.[1] ??
      quoted(rest);
    if (library !== undefined) {
      out.add(line, { kind: "missing-library", phase: "link", library, ...common });
      return true;
    }
  }
  if (code === "LNK1120") {
    out.add(line, { kind: "wrapper", ...common });
    return true;
  }
  out.add(line, {
    kind: code.startsWith("LNK") || code.startsWith("CVT") ? "link" : code.startsWith("D") ? "driver" : "compile",
    ...common,
  });
  return true;
}

function requester(where: string): string {
  return where.replace(/\s?:\s?(?:fatal )?error$/, "").trim();
}
