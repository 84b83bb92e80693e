/** Linkers at build time: GNU ld, gold, lld, mold and Apple's ld. link.exe has codes and stands in msvc.ts. */
import type { Collector } from "../collector.ts";
import type { OpenFinding } from "../finding.ts";
import type { LogLine } from "../text/log-line.ts";
import type { Parser } from "./parser.ts";

const undefinedReference =
  /^(.*?)(?:: error)?:? (?:more )?undefined references? to [`'‘"](.+?)['’"](?:\s*follow)?;?$|undefined reference to ([A-Za-z_]\w*)\s*$/;
/** gcc's linker in other languages keeps the quotes: the symbol is what stands between them. */
const undefinedLocal =
  /(?:对|對)[“‘`'"](.+?)[”’'"]?未定义的引用|nicht definierter Verweis auf [»`'‘"](.+?)[«'’"]|référence indéfinie vers ?[«`'‘"]\s?(.+?)\s?[»'’"]|referencia a [«`'‘"](.+?)[»'’"] sin definir|undefined reference to [`'‘](.+)$/;
const undefinedSymbol =
  /^(?:\S*(?:ld\.lld|ld64\.lld|lld-link|mold|wasm-ld|ld)(?:-\d+)?(?:\.exe)?): (?:error: )?undefined (?:hidden |protected |internal )?symbol: (.+)$/;
const moldOld = /^mold: undefined symbol: (\S+?): (.+)$/;
const noLibrary: readonly RegExp[] = [
  /(?:^|: )cannot find [`'‘]?-l([\w.+:-]+?)['’]?(?:: .*)?$/,
  /unable to find library -l([\w.+-]+)/,
  /^mold: (?:fatal|error): library not found: ([\w.+-]+)/,
  /library not found for -l([\w.+-]+)/,
  /library '([\w.+-]+)' not found/,
  /framework not found ([\w.+-]+)|framework '([\w.+-]+)' not found/,
  /找不到 -l([\w.+-]+)|kann -l([\w.+-]+) nicht finden|(?:ne peut|impossible de) (?:pas )?trouver -l([\w.+-]+)|no se puede encontrar -l([\w.+-]+)|не(?:возможно)? найти -l([\w.+-]+)|-l([\w.+:-]+) kann nicht gefunden werden|(?:ne peut|impossible de) (?:pas )?trouver [«"'] ?-l([\w.+-]+)|-l([\w.+-]+) ?(?:が見つかりません|を見つけられません|를 찾을 수 없)/,
  /(lib[\w.+-]+\.so[\w.]*), needed by \S+, not found/,
  /lld-link: error: could not open '([^']+)'/,
  /lld-link: error: <root>: undefined symbol: ([\w.]+)/,
];
const noObject =
  /(?:^|: )(?:error: )?(?:cannot find|cannot open) ([^\s:']+\.(?:o|obj|a|so(?:\.\d+)*|lo|ld|rsp))(?:: (?:No such file or directory|.*))?$/;
const multiple = /multiple definition of [`'‘"](.+?)['’"]|duplicate symbol:? [`'‘"]?(.+?)['’"]?(?: in:?| and |$)/;
const linkerWords =
  /relocation|recompile with -fPIC|skipping incompatible|unknown type|file too short|corrupted|truncated|[Ff]ile in wrong format|file not recognized|file format not recognized|unknown file type|DSO missing|hidden symbol|TLS |truncated to fit|final link failed|incompatible with|bytecode stream|LTO|version node|No space left|text-segment|undefined symbols? for|building for|global part of symbol table|ignoring file|is not an object|malformed|section .* will not fit|cannot be used|linker input file|bad value|Permission denied|cannot open output file|internal error|assertion fail|unexpected reloc|out of memory|memory exhausted|unrecognized option|unknown option|unknown argument|unrecognised|unknown command line option: -|unknown -m argument: |unknown emulation: |unsupported|could not parse|invalid|decompress status/;

/** `/usr/bin/ld: libx.a(y.o): in function`; without an archive the group is empty. */
const inFunction = /(?:(\S+\.a)\(\S+\)|\.o): [Ii]n function [`'‘]/;

/** Whose versions these are. */
const versionedLibrary: Readonly<Record<string, string>> = {
  GLIBC: "libc.so.6",
  GLIBCXX: "libstdc++.so.6",
  CXXABI: "libstdc++.so.6",
  GCC: "libgcc_s.so.1",
  GOMP: "libgomp.so.1",
  OMP: "libgomp.so.1",
};

/** The parser of linkers. */
export function linkerParser(): Parser {
  /** Apple's list of undefined symbols goes on until a line that is no symbol. */
  let apple = false;
  let appleLines = 0;
  let requested: OpenFinding | undefined;
  /** The archive whose function the lines that follow are about. */
  let archive: string | undefined;
  return {
    get open() {
      return apple || requested !== undefined;
    },
    line(line: LogLine, out: Collector): boolean {
      const { text } = line;
      const place = inFunction.exec(text);
      if (place !== null) archive = place[1];
      if (requested !== undefined) {
        const by =
          /^>>> (?:referenced by|defined at) (.+)$/.exec(text)?.[1] ??
          /^(.+?) in (\S+\.(?:o|obj|a)\S*)$/.exec(text)?.[2];
        if (by !== undefined && requested.file === undefined) requested.file = by.replace(/\(.*$/, "").trim();
        requested = undefined;
        if (by !== undefined) return true;
      }
      if (apple) {
        appleLines++;
        const symbol = /^"?(.+?)"?, referenced from:/.exec(text)?.[1];
        if (symbol !== undefined) {
          requested = out.add(line, {
            kind: "undefined-symbol",
            tool: "linker",
            phase: "link",
            symbol,
            message: `undefined symbol ${symbol}`,
          });
          return true;
        }
        if (/^ld: |^clang: error|^collect2/.test(text) || appleLines > 200) apple = false;
        else return true;
      }
      // An option of Microsoft's linker, which GNU's takes for a file.
      const option = /\bld(?:\.\w{3,4})?(?:\.exe)?: cannot find (\/[A-Za-z]\w{1,20}(?::\S*)?): No such file/.exec(
        text,
      )?.[1];
      if (option !== undefined) {
        out.add(line, { kind: "link", tool: "linker", phase: "link", file: option, message: `cannot find ${option}` });
        return true;
      }
      if (/^(?:ld: )?Undefined symbols(?: for architecture (\S+))?:/.test(text)) {
        apple = true;
        appleLines = 0;
        return true;
      }
      const symbol = readUndefined(text);
      if (symbol !== undefined) {
        // `hypot@GLIBC_2.35`: what is missing is the version of the library.
        const versioned = /^(.+?)@{1,2}((?:GLIBC|GLIBCXX|CXXABI|GCC|OMP|GOMP)_[\d.]+)$/.exec(symbol.name);
        if (versioned !== null) {
          out.add(line, {
            kind: "library-version",
            tool: "linker",
            phase: "link",
            symbol: versioned[2] ?? "",
            library: versionedLibrary[/^[A-Z]+/.exec(versioned[2] ?? "")?.[0] ?? ""] ?? "",
            message: `undefined reference to \`${symbol.name}\``,
            ...(symbol.file === undefined ? {} : { file: symbol.file }),
          });
          return true;
        }
        requested = out.add(line, {
          kind: "undefined-symbol",
          tool: "linker",
          // clang's device link for AMD GPUs: hidden symbols are device functions.
          phase: /undefined hidden symbol/.test(text) ? "device-link" : "link",
          symbol: symbol.name,
          message: `undefined reference to \`${symbol.name}\``,
          ...(symbol.file === undefined ? {} : { file: archive ?? symbol.file }),
        });
        if (requested.file !== undefined) requested = undefined;
        return true;
      }
      return others(line, out);
    },
  };
}

/** GNU's tool of that name, called as if it were the linker: `/usr/bin/link: extra operand '/LTCG'`. */
const gnuLink =
  /^(?:\S*\/)?link: (?:extra operand|missing operand|unknown option|unrecognized option|invalid option)\b/;

/** lld-link names functions as MSVC does: `__declspec(dllimport) class A __cdecl ns::f(class B const &)` is `ns::f(B const &)`. */
function withoutResult(name: string): string {
  const called = name.search(/\b__(?:cdecl|vectorcall|thiscall|stdcall|fastcall) /);
  const plain = called === -1 ? name.replace(/^__declspec\(dllimport\) /, "") : name.slice(called).replace(/^\S+ /, "");
  // The traits' own word stays: it tells the strings of MSVC, which have one form, from those of GCC.
  return called === -1 ? plain : plain.replaceAll(/\b(?:class|struct|enum|union) (?!std::char_traits)/g, "");
}

function readUndefined(text: string): { name: string; file?: string } | undefined {
  if (!/undefined|未定义|nicht definiert|indéfinie|sin definir/.test(text)) return undefined;
  const lld = undefinedSymbol.exec(text)?.[1];
  if (lld !== undefined) return { name: withoutResult(lld.trim()) };
  // What lld says of a shared library that asks for it.
  const shared = /^\S*lld\S*: error: (\S+): undefined reference to (\S+) \[--no-allow-shlib-undefined\]/.exec(text);
  if (shared !== null) return { name: shared[2] ?? "", file: shared[1] ?? "" };
  const old = moldOld.exec(text);
  if (old !== null) return { name: old[2] ?? "", file: old[1] ?? "" };
  const gnu = undefinedReference.exec(text);
  if (gnu !== null) {
    const name = gnu[2] ?? gnu[3] ?? "";
    const file = /(\S+\.(?:o|obj|a|so|cpp|cc|cxx|cu|c)\b\S*?)(?::|\(|$)/.exec(gnu[1] ?? "")?.[1];
    return { name, ...(file === undefined ? {} : { file }) };
  }
  const local = undefinedLocal.exec(text);
  const name = local?.slice(1).find((part) => part !== undefined);
  return name === undefined ? undefined : { name: name.replace(/['’]$/, "") };
}

function others(line: LogLine, out: Collector): boolean {
  const { text } = line;
  if (gnuLink.test(text)) {
    out.add(line, { kind: "link", tool: "linker", phase: "link", code: "gnu-link", message: text });
    return true;
  }
  for (const form of noLibrary) {
    const match = form.exec(text);
    // A sentence ends with a full stop, the name of a library does not.
    const library = match
      ?.slice(1)
      .find((part) => part !== undefined)
      ?.replace(/[.:-]+$/, "");
    if (library !== undefined) {
      out.add(line, { kind: "missing-library", tool: "linker", phase: "link", library, message: text });
      return true;
    }
  }
  const object = noObject.exec(text)?.[1];
  if (object !== undefined && /\bld\b|ld\.|gold|lld|mold|collect2|LINK|libtool/.test(text)) {
    out.add(line, { kind: "missing-library", tool: "linker", phase: "link", library: object, message: text });
    return true;
  }
  if (/multiple definition of|duplicate symbol/.test(text)) {
    const match = multiple.exec(text);
    const symbol = match?.[1] ?? match?.[2];
    if (symbol !== undefined) {
      out.add(line, { kind: "duplicate-symbol", tool: "linker", phase: "link", symbol, message: text });
      return true;
    }
  }
  const linker =
    /^(?:\S*[\\/])?(?:[\w-]+-)?(?:ld|ld\.bfd|ld\.gold|ld\.lld|lld|gold|mold|ld64|lld-link|libtool)(?:-\d+)?(?:\.exe)?: ?(.*)$/.exec(
      text,
    );
  const message =
    linker?.[1] ??
    (/relocation .*recompile with -fPIC|relocation truncated to fit|file format not recognized|file not recognized: |[Ff]ile in wrong format|DSO missing from command line/.test(
      text,
    )
      ? text
      : undefined);
  if (message === undefined || !linkerWords.test(message)) return false;
  const warning = /^warning: |warning: /.test(message) && !/ignoring file|incompatible/.test(message);
  if (/final link failed/.test(message)) {
    if (/No space left/.test(message)) return false;
    out.add(line, { kind: "wrapper", tool: "linker", message });
    return true;
  }
  if (warning && !/executable stack/.test(message)) return true;
  out.add(line, {
    kind: "link",
    tool: "linker",
    message: message.replace(/^(?:error|fatal|warning): /, ""),
    severity: warning ? "warning" : "error",
  });
  return true;
}
