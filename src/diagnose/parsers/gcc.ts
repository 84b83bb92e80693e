/** gcc, clang and what speaks as they do (hipcc, icpx, the assembler): messages with a place, and the drivers' own. */
import { type Collector, extend } from "../collector.ts";
import type { OpenFinding, ToolName } from "../finding.ts";
import type { LogLine } from "../text/log-line.ts";
import { inEnglish } from "./localised.ts";
import { baseName, isHeaderName, type Parser, quoted, severityOf, severityWords } from "./parser.ts";

const withPlace = new RegExp(
  String.raw`^((?:[A-Za-z]:[\\/])?[^:]{1,500}?)[:(](\d+)(?:[:,.](\d+)(?:-\d+)?)?\)?\s?:\s*(${severityWords})\s?[:：]\s*(.*)$`,
);
/** Files whose compilers and tools write messages of the same form. */
const otherLanguage =
  /\.(?:cmake|ninja|py|pyi|java|kt|scala|groovy|swift|rs|go|tsx?|jsx?|mjs|cs|fs|vb|dart|zig|jl|lua|rb|php|hs|tex|md|rst|txt|json|ya?ml|toml|xml|html|css|sql|proto)$/;
/** Of a call that fits nothing: why a candidate is not taken. */
const candidateNote =
  /\bnote:\s{1,4}((?:candidate (?:function|constructor|template)\b.{0,300}? not viable: |candidate template ignored: could not match |no known conversion for argument |'[^']{1,300}': cannot convert argument ).{1,600})/;
const echoed = /<(?:expression|type|declaration) error>|<erroneous-expression>|<recovery-expr>/;
/** MLIR, on which Triton stands: `loc("kernel.py":31:22): error: …`, also with callers inside. */
const mlir = /^loc\((?:callsite\()?(?:"[^"]{1,100}"\()?"([^"]{1,400})":(\d+):(\d+)\)?.{0,400}?\): error: (.*)$/;
const driverName =
  /^(?:\S*[\\/])?((?:[\w.]+-)*(?:cc1plus|cc1|c\+\+|g\+\+|gcc|cc|clang\+\+|clang|icpx|icx|dpcpp|hipcc|amdclang\+\+|lto1|lto-wrapper|collect2|nvc\+\+|flang)(?:-\d+(?:\.\d+)*)?(?:\.real|\.exe)?)\s?: (.*)$/;
const driverSeverity = new RegExp(String.raw`^(${severityWords})\s?[:：]\s*(.*)$`);
const assembler = /^(?:\{standard input\}|\S+\.s|\S*[\\/]cc\w{6}\.s):(?:(\d+): )?\s*(?:Error|Fatal error): (.*)$/;
/** Not the compiler's trouble: the parser of the system reads it. */
const systemTrouble =
  /No space left|Disk quota|cannot fork|Resource temporarily|Too many open files|vfork|Stale file handle|Input\/output error|Read-only file system/;
const diedForms: readonly RegExp[] = [
  /^(Killed) signal terminated program (\S+)/,
  /^(Killed|Segmentation fault|Terminated|Aborted|Bus error|Illegal instruction) \(program (\S+)\)/,
  /(Segmentation fault|Aborted|Terminated|Bus error|Illegal instruction) signal terminated program (\S+)/,
  /^ld terminated with signal (\d+)/,
];

/** The parser of gcc and clang. */
export function gccParser(): Parser {
  /** Old clang broke its messages at the width of the terminal. */
  let broken: OpenFinding | undefined;
  /** Of a message whose first line ends with `error:`: how much stood on the line before, its indentation included. */
  let width = 0;
  return {
    get open() {
      return broken !== undefined;
    },
    line(next: LogLine, out: Collector): boolean {
      if (broken !== undefined) {
        const more =
          /^[a-z'(]/.test(next.text) && next.indent >= 4 && !/[;{}]$|\b(?:error|note|warning): /.test(next.text);
        if (more) extend(broken, next.text);
        const goesOn = width > 0 ? next.indent + next.text.length >= shortestFull : unfinished.test(next.text);
        if (!more || !goesOn) broken = undefined;
        if (more) return true;
      }
      const taken = line(next, out);
      const { newest } = out;
      width = 0;
      if (taken && newest?.kind === "compile" && newest.at === next.number) {
        if (newest.message === "" && /\berror:\s?$/.test(next.text)) width = next.text.length;
        if (width > 0 || unfinished.test(newest.message)) broken = newest;
      }
      return taken;
    },
  };
}

/** A line of a broken message that is not its last one is at least so long. */
const shortestFull = 64;

/** Words that no message of clang ends with. */
const unfinished =
  /(?:^|\s)(?:no|viable|no viable|to|in|from|of|type|for|aka|with|the|named|a|an|is|not|does|call|function|namespace|conversion|known|cannot|type '[^']*)$|\((?:aka)?$/;

function line(line: LogLine, out: Collector): boolean {
  const { text } = line;
  const asm = assembler.exec(text);
  if (asm !== null) {
    const message = asm[2] ?? "";
    if (systemTrouble.test(message)) return false;
    if (/open CFI at the end of file|end of file not at end of a line/.test(message)) {
      out.add(line, { kind: "tool-died", tool: "gcc", program: "cc1plus", code: "cut-off", message });
    } else {
      out.add(line, {
        kind: "driver",
        tool: "assembler",
        message,
        ...(asm[1] === undefined ? {} : { line: Number(asm[1]) }),
      });
    }
    return true;
  }
  const { newest } = out;
  if (newest?.kind === "compile" && text.includes("note:")) {
    const note = candidateNote.exec(text)?.[1];
    if (note !== undefined) {
      newest.note ??= note;
      return true;
    }
  }
  const located = text.startsWith("loc(") ? mlir.exec(text) : null;
  if (located !== null) {
    const [, file = "", row = "0", column, message = ""] = located;
    out.add(line, {
      kind: "compile",
      tool: "clang",
      code: "mlir",
      file,
      line: Number(row),
      column: Number(column),
      message,
      severity: "error",
    });
    return true;
  }
  const place = withPlace.exec(text);
  if (place !== null) return withinSource(line, place, out);
  const vendor =
    /^(nvc\+\+|nvc|nvfortran|pgc\+\+|pgcc)-(?:Error|Fatal)-(.*)$/.exec(text) ??
    /^(icpc|icc): (?:command line )?error(?: #\d+)?: (.*)$/.exec(text);
  if (vendor !== null) {
    const message = (vendor[2] ?? "").replace(/^Unknown switch: (\S+)/, "unknown option '$1'");
    out.add(line, { kind: "driver", tool: "clang", program: vendor[1] ?? "", message, severity: "error" });
    return true;
  }
  const driver = driverName.exec(text);
  if (driver !== null) return ofDriver(line, driver[1] ?? "", driver[2] ?? "", out);
  return bare(line, out);
}

/** A sentence that goes on with the compiler's words: the file is its last word. */
function withoutProse(file: string): string {
  const word = /[ ][*`"'(]{0,3}([^ ]+)$/.exec(file)?.[1];
  return word !== undefined && /^[^\\/.~][^\\/]* \S+ /.test(file) && /[\\/.]/.test(word) ? word : file;
}

function withinSource(line: LogLine, place: RegExpExecArray, out: Collector): boolean {
  const [, file = "", row = "0", column, word = "error", rest = ""] = place;
  // nvcc's front end writes `file(12): error`; MSVC has codes: both have parsers of their own.
  const message = inEnglish(rest.trim());
  if (/^(?!STL)[A-Z]{1,4}\d{4}\b/.test(message)) return false;
  if (/CMakeLists\.txt$|[Mm]akefile$/.test(file) || otherLanguage.test(file)) return false;
  if (/^(?:ptxas|nvlink)\b/.test(file)) return false;
  // gold writes of undefined references as a compiler would; full disks are no fault of the source.
  if (/^undefined reference to |^multiple definition of /.test(message) || systemTrouble.test(message)) return false;
  const severity = severityOf(word);
  const edg = line.text[file.length] === "(" && column === undefined;
  const tool: ToolName = edg ? "cudafe++" : /[‘’]|[:：]\d+[:：].*No such file/.test(line.text) ? "gcc" : "clang";
  const common = {
    file: withoutProse(file.replace(/^(?:In file included from |from )/, "")),
    line: Number(row),
    ...(column === undefined ? {} : { column: Number(column) }),
    severity,
  };
  const header = missingHeader(message, severity);
  if (header !== undefined) {
    out.add(line, { kind: "missing-header", tool: edg ? "cudafe++" : tool, message, header, ...common });
    return true;
  }
  if (word === "internal compiler error") {
    const died = /^(Killed|Segmentation fault|Aborted|Bus error)/.exec(message)?.[1] ?? "internal";
    out.add(line, { kind: "tool-died", tool, program: "cc1plus", code: died, message, ...common });
    return true;
  }
  // What stands in the place of something that was rejected before: an echo.
  if (echoed.test(message) && out.newest?.kind === "compile") return true;
  out.add(line, { kind: "compile", tool, message, ...common });
  return true;
}

/** The name of the header when the message says that one was not found. */
export function missingHeader(message: string, severity: string): string | undefined {
  const english =
    /^['"‘“]?(?!command \S+ failed)(.+?)['"’”]?: No such file or directory$/.exec(message)?.[1] ??
    /^(?:include file )?['"‘“](.+?)['"’”] (?:file )?not found/.exec(message)?.[1] ??
    /cannot open (?:source|include) file:? ['"“](.+?)['"”]/.exec(message)?.[1] ??
    /^['"](.+?)['"] file not found with <angled> include/.exec(message)?.[1] ??
    // tcc, which triton-windows brings.
    /^include file ['"](.+?)['"] not found/.exec(message)?.[1];
  if (english !== undefined) return isHeaderName(english) ? english : undefined;
  if (severity !== "fatal") return undefined;
  const other = /^(\S+?)\s?[:：]\s?\S/.exec(message)?.[1];
  return other !== undefined && /\.(?:h|hpp|cuh|hh|hxx)$/.test(other) ? other : undefined;
}

function ofDriver(line: LogLine, name: string, rest: string, out: Collector): boolean {
  if (/^warning: include path for (?:libstdc\+\+|stdlibc\+\+) headers not found/.test(rest)) {
    out.add(line, { kind: "driver", tool: "clang", program: name, message: rest, severity: "warning" });
    return true;
  }
  const split = driverSeverity.exec(rest);
  const tool: ToolName = /clang|icp?x|dpcpp/.test(name) ? "clang" : /hipcc/.test(name) ? "hipcc" : "gcc";
  if (split === null) {
    if (/out of memory allocating|virtual memory exhausted|Cannot allocate memory/.test(rest)) {
      out.add(line, { kind: "tool-died", tool, program: name, code: "out of memory", message: rest });
      return true;
    }
    return false;
  }
  const message = inEnglish((split[2] ?? "").trim());
  const severity = severityOf(split[1] ?? "");
  if (systemTrouble.test(message)) return false;
  if (
    /ld returned \d+ exit status|^ld (?:返回|回傳|gab |a retourné|devolvió|restituì|ha restituito|はステータス|завершился|retornou|zwróci)|^ld не|linker command failed with exit code|unable to remove file|command failed with exit code [12]\b/.test(
      message,
    )
  ) {
    out.add(line, { kind: "wrapper", tool, program: name, message });
    return true;
  }
  const died = diedForm(message);
  if (died !== undefined) {
    out.add(line, { kind: "tool-died", tool, program: died.program ?? name, code: died.code, message, severity });
    return true;
  }
  if (split[1] === "internal compiler error") {
    out.add(line, { kind: "tool-died", tool, program: name, code: "internal", message, severity });
    return true;
  }
  const missing =
    /error trying to exec '?(\S+?)'?: exec/.exec(message)?.[1] ??
    /cannot (?:find|execute) [‘'](\S+?)[’']/.exec(message)?.[1] ??
    /^[‘']?([\w+.-]+?)[’']? executable not found/.exec(message)?.[1] ??
    /(?:unable to execute command|installation problem, cannot exec).*?[‘'"](\S+?)[’'"]/.exec(message)?.[1];
  if (missing !== undefined && !/Killed|signal/.test(message)) {
    out.add(line, { kind: "missing-program", tool, program: missing, message, severity });
    return true;
  }
  const library = /cannot find [‘']?-l(\S+?)[’']?$|unable to find library -l(\S+)/.exec(message);
  if (library !== null) {
    out.add(line, {
      kind: "missing-library",
      tool: "linker",
      phase: "link",
      library: library[1] ?? library[2] ?? "",
      message,
    });
    return true;
  }
  const file =
    /^[‘'"]?(.+?)[’'"]?: (?:[Nn]o such file or directory|Datei oder Verzeichnis nicht gefunden|没有那个文件或目录)$|no such file or directory: '(.+?)'/.exec(
      message,
    );
  const what = file?.[1] ?? file?.[2];
  if (what !== undefined) {
    const header = missingHeader(message, severity);
    // `<command-line>: fatal error: cuda_runtime.h` and forced includes end here, too.
    if (header !== undefined && /\.(?:h|hpp|cuh)$/.test(header)) {
      out.add(line, { kind: "missing-header", tool, header, message, severity });
    } else if (isLibrary(what)) {
      out.add(line, { kind: "missing-library", tool: "linker", phase: "link", library: what, message, severity });
    } else {
      out.add(line, { kind: "driver", tool, program: name, code: wordKind(what), file: what, message, severity });
    }
    return true;
  }
  out.add(line, { kind: "driver", tool, program: name, message, severity });
  return true;
}

/** Whether a word on the command line is a library's file. */
function isLibrary(word: string): boolean {
  return /\.(?:so(?:\.[\d.]+)?|a|dylib|tbd|lib|dll)$/.test(word);
}

/** What a word is that the driver took for a file and did not find: an input, a flag of cl.exe, or a piece of something. */
function wordKind(word: string): "no-such-file" | "msvc-flag" | "stray-word" {
  if (/^\/(?:[A-Z][\w:=+-]*|wd\d+|std:\S+|permissive-?|bigobj|openmp\S*|nologo|utf-8|showIncludes)$/.test(word))
    return "msvc-flag";
  const input =
    /^@|\.(?:c|cc|cp|cpp|cxx|c\+\+|C|cu|hip|sycl|m|mm|s|S|asm|i|ii|f|f90|F|F90|o|obj|lo|bc|ll|h|hpp|cuh|rsp|ld|map|def)$/;
  return input.test(word) ? "no-such-file" : "stray-word";
}

function diedForm(message: string): { code: string; program?: string } | undefined {
  for (const form of diedForms) {
    const match = form.exec(message);
    if (match === null) continue;
    if (match[2] === undefined) return { code: `signal ${match[1] ?? ""}`, program: "ld" };
    return { code: match[1] ?? "", program: baseName(match[2]) };
  }
  const clang =
    /unable to execute command: (Killed|Segmentation fault|Terminated|Aborted)/.exec(message)?.[1] ??
    /(?:frontend|linker|assembler|hip.*|gen compiler)? ?command failed due to signal/.exec(message)?.[0] ??
    /frontend command failed with exit code (?:13[0-9]|1[0-9]{2}|70)/.exec(message)?.[0];
  if (clang !== undefined) return { code: clang };
  const memory = /out of memory allocating|virtual memory exhausted|cannot allocate memory|Cannot allocate memory/.exec(
    message,
  )?.[0];
  return memory === undefined ? undefined : { code: "out of memory" };
}

/** `error: …` without a place: clang before it has a file, HIP, and the system's own words. */
function bare(line: LogLine, out: Collector): boolean {
  const { text } = line;
  const command = /^<command-line>: (fatal error|error): (.*)$/.exec(text);
  if (command !== null) {
    const header = missingHeader(command[2] ?? "", "fatal");
    if (header !== undefined) {
      out.add(line, { kind: "missing-header", tool: "gcc", header, message: command[2] ?? "", severity: "fatal" });
      return true;
    }
    // What stands wrong in a macro that the command line defines.
    if (/^expected\b/.test(command[2] ?? "")) {
      out.add(line, { kind: "compile", tool: "gcc", file: "<command-line>", message: command[2] ?? "" });
      return true;
    }
  }
  const created = /^(?:Fatal error: can't create|error: unable to open output file) '?([^':]+)'?: '?(.+?)'?$/.exec(
    text,
  );
  if (created !== null && !systemTrouble.test(text)) {
    out.add(line, {
      kind: "driver",
      tool: text.startsWith("F") ? "assembler" : "clang",
      code: "no-output-folder",
      file: created[1] ?? "",
      message: text,
    });
    return true;
  }
  if (/^LLVM ERROR: out of memory|^virtual memory exhausted|out of memory allocating \d+ bytes/.test(text)) {
    out.add(line, { kind: "tool-died", tool: "clang", program: "compiler", code: "out of memory", message: text });
    return true;
  }
  const clang =
    /^(?:fatal )?error: ((?:invalid value|invalid argument '[^']+' not allowed with|unknown argument|unsupported option|cannot find(?! symbol$)|unable to|no such file|unknown target|invalid target ID|unsupported CUDA gpu).*)$/.exec(
      text,
    )?.[1];
  if (clang !== undefined) {
    const option = quoted(clang);
    out.add(line, {
      kind: "driver",
      tool: "clang",
      message: clang,
      ...(option === undefined ? {} : { symbol: option }),
    });
    return true;
  }
  return false;
}
