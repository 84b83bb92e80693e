/**
 * The dynamic loaders: ld.so, musl, dyld and Windows, as they speak through ImportError, OSError or alone. Looks for
 * their words anywhere in a line, because everybody wraps them in words of their own.
 */
import { type Collector, extend } from "../collector.ts";
import type { OpenFinding } from "../finding.ts";
import type { LogLine } from "../text/log-line.ts";
import { baseName, type Parser, wordBefore, words } from "./parser.ts";

/** A shared library at the beginning of a word, what follows cut off. */
const sharedFile = /^(?:[A-Za-z]:)?[^:]{1,600}?\.(?:so|pyd|dll|dylib)(?:\.[\w.]{1,40})?(?=:|$)/;
/** A mangled name, wherever it stands. */
const mangledName = /(?:^|[\s'"`(])(_{1,3}Z[\w.$]{4,}|\?[\w?$@]{4,}@@\w*)/;
const elfUndefined = /undefined symbol:? ?\*{0,2}([^\s,'")]*)\*{0,2}(?:, version (\S+))?/;
const elfVersioned = /symbol:? ([^\s,]+)[, ]+version (\S+) not defined in file (\S+) with link time reference/;
const muslUndefined = /Error relocating (\S+?): (\S+?): (?:symbol not found|initial-exec TLS)/;
const machUndefined = /(?:Symbol not found|symbol not found in flat namespace)\s?:? ?[('"‘’]{0,2}(_[^\s'")’]+)/;
/** The same, where what made the text bold or italic took the underscores away: `N2at3mps9MPSStream6commitEb`. */
const machStripped = /symbol not found in flat namespace\s?:? ?[('"‘’]{0,2}(Z?NK?\d+[A-Za-z]\w{5,})/;
const muslLibrary = /Error loading shared library (\S+?): No such file or directory(?: \(needed by (\S+?)\))?/;
const machLibrary = /Library not loaded: ['"]?([^\s'"]+)/;
const version = /^: version [`'‘"](.{1,200}?)['’"] not found(?: \(required by (.+?)\))?/;
const dllFailed = /DLL load failed(?: while importing ([\w.]+))?(?:: (.*))?$/;
const dllModule = /Could not find module '(.+?)'(?: \(or one of its dependencies\))?/;
const winError = /\[WinError (126|127|193|1114|182|1455|998|5)\]\s?(.*)$/;
const initFunction = /does not define (?:module export|init) function \(?(\w+)/;
const wrongPython =
  /Python version mismatch: module was compiled for (?:Python |version )?(\d+\.\d+)|Module use of python(\d)(\d+)(?:_d|t)?\.dll conflicts with this version of Python|this version of the interpreter.*incompatible/;
const architecture =
  /(?:incompatible architecture|wrong architecture|missing compatible architecture) ?\(?(?:have ['(]([^')]+)['"),]*, need ['(](\w+))?/;
const elfWords =
  /wrong ELF class: \w+|invalid ELF header|file too short|cannot read file data|cannot allocate memory in static TLS block|failed to map segment from shared object|cannot map zero-fill pages|cannot enable executable stack[^\n]*|cannot make segment writable for relocation|ELF load command [^\n]*|cannot apply additional memory protection|unexpected (?:reloc|PLT reloc) type[^\n]*|only ET_DYN and ET_EXEC can be loaded|cannot dynamically load (?:position-independent )?executable|undefined symbol table|code signature[^\n]*|not valid for use in process|library load denied by system policy|library load disallowed by system policy|mapped file has no cdhash|slice is not valid mach-o file|not a mach-o file|has non-canonical|unsupported version \d+ of Verneed record|file has no dynamic section|object file has no dynamic section|cannot restore segment prot after reloc/;

/** The parser of dynamic loaders. */
export function loaderParser(): Parser {
  /** A name that a narrow terminal moved to the next line, or a mangled name that it broke. */
  let pending: OpenFinding | undefined;
  /** dyld says who asked on the lines that follow. */
  let mach: OpenFinding | undefined;
  let machLines = 0;
  /** What Windows says goes on in the next line. */
  let windows: OpenFinding | undefined;
  return {
    get open() {
      return pending !== undefined || mach !== undefined || windows !== undefined;
    },
    line(line: LogLine, out: Collector): boolean {
      if (pending !== undefined) {
        const name =
          /^['"]?([\w$.@?]+)['"]?$/.exec(line.text)?.[1] ?? /^(?=\S*[_\d?@$])([_A-Za-z][\w$@?.]*)/.exec(line.text)?.[1];
        if (name !== undefined && pending.symbol === "") pending.symbol = name;
        pending = undefined;
        if (name !== undefined) return false;
      }
      if (mach !== undefined) {
        machLines++;
        const from = /^Referenced from:\s+(?:<[^>]*>\s+)?['"]?(.+?)['"]?$/.exec(line.text)?.[1];
        if (from !== undefined) {
          // Who asks is said more exactly than by what was opened.
          mach.file = from;
          return true;
        }
        const expected = /^Expected in:\s+(?:<[^>]*>\s+)?['"]?(.+?)['"]?$/.exec(line.text)?.[1];
        if (expected !== undefined) {
          if (!/flat namespace/.test(expected)) mach.library ??= expected;
          return true;
        }
        if (/^Reason: |^Did find|load command 0x|built for newer/.test(line.text)) {
          extend(mach, line.text);
          return true;
        }
        if (machLines > 6) mach = undefined;
      }
      if (windows !== undefined) {
        const code = dllCode(line.text);
        if (code !== "dll") {
          windows.code = code;
          extend(windows, line.text);
        }
        windows = undefined;
      }
      const made = readLoader(line, line.text, out);
      if (made === undefined) return false;
      if (made.code === "dll" && !/[.。]$/.test(line.text)) windows = made;
      if (made.kind === "undefined-symbol" && made.symbol === "") pending = made;
      if (machUndefined.test(line.text) || machLibrary.test(line.text)) {
        mach = made;
        machLines = 0;
      }
      // The exception around it is of interest, too: its type, its frames.
      return false;
    },
  };
}

function readLoader(line: LogLine, text: string, out: Collector): OpenFinding | undefined {
  const common = { tool: "loader", phase: "load", message: text } as const;
  if (text.includes("ymbol")) {
    const versioned = elfVersioned.exec(text);
    if (versioned !== null) {
      return out.add(line, {
        kind: "undefined-symbol",
        symbol: versioned[1] ?? "",
        library: versioned[3] ?? "",
        ...requester(text),
        ...common,
      });
    }
    const musl = muslUndefined.exec(text);
    if (musl !== null)
      return out.add(line, { kind: "undefined-symbol", symbol: musl[2] ?? "", file: musl[1] ?? "", ...common });
    const mach = machUndefined.exec(text);
    if (mach !== null)
      return out.add(line, { kind: "undefined-symbol", symbol: mach[1] ?? "", ...requester(text), ...common });
    const stripped = machStripped.exec(text)?.[1];
    if (stripped !== undefined)
      return out.add(line, {
        kind: "undefined-symbol",
        symbol: `__Z${stripped.replace(/^Z/, "")}`,
        ...requester(text),
        ...common,
      });
    if (text.includes("undefined symbol") && !/^(?:\S*(?:lld|mold|ld)\S*): /.test(text)) {
      const elf = elfUndefined.exec(text);
      // "the undefined symbol problem occurs", "undefined symbol errors people meet": a word of prose, no name.
      const isProse =
        elf !== null &&
        /^undefined symbol [a-z]/.test(elf[0]) &&
        /^(?:(?:problem|error|issue|warning|failure|crash|complaint|message|exception|bug|report|case|thing)s?|when|while|in|at|on|after|for|from|is|and|or|with|of|by|that|this|occur\w*|was|were|are|appears?|using|during|people|you|we|I|they|the|a|an|as|but|if|so|to|because|due|related|like|again)\b(?!\()/.test(
          elf[1] ?? "",
        );
      if (elf !== null && !isProse) {
        // Somebody turned the words around: `_ZN3c105Error… undefined symbol`.
        const shown = /\w/.test(elf[1] ?? "") ? trimName(elf[1] ?? "") : (mangledName.exec(text)?.[1] ?? "");
        // Markdown took the underscore in front for a sign of its own.
        const named = /^ZNK?(?:St)?\d+[a-z]/.test(shown) ? `_${shown}` : shown;
        return out.add(line, {
          kind: "undefined-symbol",
          symbol: named,
          ...askingProgram(text.slice(0, elf.index)),
          ...requester(text.slice(0, elf.index), undefined, true),
          ...(elf[2] === undefined ? {} : { library: elf[2] }),
          ...common,
        });
      }
    }
  }
  const at = text.indexOf(": version ");
  const needed = at < 0 ? null : version.exec(text.slice(at, at + 2_000));
  if (needed !== null && /\.(?:so|dylib)/.test(wordBefore(text, at))) {
    const by = needed[2];
    return out.add(line, {
      kind: "library-version",
      library: wordBefore(text, at),
      symbol: needed[1] ?? "",
      ...(by === undefined ? {} : { file: by }),
      ...common,
    });
  }
  const bareVersion =
    /(?:version [`'‘"]?|[`'‘"])((?:GLIBC|GLIBCXX|CXXABI|GCC|GOMP|OMP)_[\w.]+)['’"]? not found(?: \(required by (.+?)\))?/.exec(
      text,
    );
  if (bareVersion !== null) {
    const before = at < 0 ? "" : wordBefore(text, at);
    return out.add(line, {
      kind: "library-version",
      symbol: bareVersion[1] ?? "",
      library: /\.(?:so|dylib)/.test(before) ? before : "",
      ...(bareVersion[2] === undefined ? {} : { file: bareVersion[2] }),
      ...common,
    });
  }
  const arch = architecture.exec(text);
  if (arch !== null) {
    return out.add(line, {
      kind: "load",
      code: "architecture",
      ...(arch[1] === undefined ? {} : { symbol: `${arch[1]}|${arch[2] ?? ""}` }),
      ...requester(text),
      ...common,
    });
  }
  // Programs that open the driver's library by themselves (cuda-python, CTranslate2); what cudarc says is read in `gpu.ts`.
  if (
    /^(?:RuntimeError: |OSError: |ImportError: )?(?:Failed to dlopen libcuda\.so|Unable to find cuda lib\b)/.test(text)
  )
    return out.add(line, { kind: "missing-library", library: "libcuda.so", ...common });
  const missing = text.indexOf(": cannot open shared obj");
  const elfLibrary =
    missing < 0
      ? undefined
      : wordBefore(text, text.endsWith(" (deleted)", missing) ? missing - 10 : missing).replace(/^.*;(?=lib)/, "");
  if (missing >= 0 && /: cannot open shared object file: (?:Permission denied|Operation not permitted)/.test(text)) {
    return out.add(line, {
      kind: "load",
      code: "permission",
      ...(elfLibrary === undefined ? {} : { file: elfLibrary }),
      ...common,
    });
  }
  const library = elfLibrary ?? machLibrary.exec(text)?.[1] ?? muslLibrary.exec(text)?.[1];
  if (library !== undefined) {
    return out.add(line, {
      kind: "missing-library",
      library: library.replace(/^ImportError:/, ""),
      ...requester(text, library),
      ...common,
    });
  }
  const words = elfWords.exec(text)?.[0];
  if (words !== undefined && /\.so|\.dylib|dlopen|ImportError|OSError|error while loading/.test(text)) {
    return out.add(line, { kind: "load", code: words.replace(/[:(].*$/, "").trim(), ...requester(text), ...common });
  }
  if (/Code Signature Invalid|CODESIGNING/.test(text))
    return out.add(line, { kind: "load", code: "code signature", ...requester(text), ...common });
  const init = initFunction.exec(text)?.[1];
  if (init !== undefined) return out.add(line, { kind: "load", code: "no-init-function", symbol: init, ...common });
  const python = wrongPython.exec(text);
  if (python !== null) {
    const built = python[1] ?? (python[2] === undefined ? undefined : `${python[2]}.${python[3] ?? ""}`);
    return out.add(line, {
      kind: "load",
      code: "python-version",
      ...(built === undefined ? {} : { symbol: built }),
      ...common,
    });
  }
  // Somebody's own words around a mangled name.
  const named = /undefined|not found|unresolved|missing/i.test(text)
    ? mangledName.exec(text.slice(0, 1_000))?.[1]
    : undefined;
  if (named?.startsWith("_") === true)
    return out.add(line, { kind: "undefined-symbol", symbol: trimName(named), ...common });
  return readWindows(line, text, out);
}

/** How Windows ends a process that does not start: NTSTATUS, in hexadecimal and as both kinds of decimal number. */
const processStatus: readonly (readonly [RegExp, string])[] = [
  [/0x[cC]0000135\b|\b3221225781\b|-1073741515\b|STATUS_DLL_NOT_FOUND/, "dll-not-found"],
  [/0x[cC]0000139\b|\b3221225785\b|-1073741511\b|STATUS_ENTRYPOINT_NOT_FOUND/, "dll-procedure"],
  [/0x[cC]000007[bB]\b|\b3221225595\b|-1073741701\b|STATUS_INVALID_IMAGE_FORMAT/, "dll-format"],
  [/0x[cC]0000142\b|\b3221225794\b|-1073741502\b|STATUS_DLL_INIT_FAILED/, "dll-init"],
];

/** The words of a box that Windows shows for a program. */
const entryPoint =
  /procedure entry point (?<symbol>\S{1,400}) could not be located in the dynamic link library (?<library>\S.{0,300}?\.(?:dll|exe|pyd))/i;

/** The same where a DLL is not found: before Windows 10, since then, and in other languages. */
const boxSaid =
  /(?:code execution cannot proceed|program can['’]?t start) because (\S+\.dll) (?:was not found|is missing)|(?:由于)?找不到 ?(\S+?\.dll)[，,] ?无法继续执行代码|da (\S+\.dll) nicht gefunden wurde|car (\S+\.dll) est introuvable|porque no se encontró (\S+\.dll)/i;

function readWindows(line: LogLine, text: string, out: Collector): OpenFinding | undefined {
  const common = { tool: "loader", phase: "load", message: text } as const;
  const box = text.includes("ntry point") ? entryPoint.exec(text.slice(0, 1_500))?.groups : undefined;
  if (box !== undefined)
    return out.add(line, {
      kind: "load",
      code: "dll-procedure",
      library: box["library"] ?? "",
      symbol: box["symbol"] ?? "",
      ...common,
    });
  const status = processStatus.find(([form]) => form.test(text));
  if (status !== undefined) return out.add(line, { kind: "load", code: status[1], ...common });
  const failed = dllFailed.exec(text);
  if (failed !== null) {
    return out.add(line, {
      kind: "load",
      code: dllCode(failed[2] ?? ""),
      ...(failed[1] === undefined ? {} : { library: failed[1] }),
      ...common,
    });
  }
  const module = dllModule.exec(text)?.[1];
  if (module !== undefined && /\.(?:dll|pyd|so)$/i.test(module))
    return out.add(line, { kind: "load", code: "dll-not-found", library: module, ...common });
  const said = dllSaid(text);
  if (said !== undefined) return out.add(line, { kind: "load", ...said, ...common });
  const win = winError.exec(text);
  if (win !== null && (win[1] === "127" || windowsWords.test(text))) {
    const name =
      /Error loading ["'](.+?)["']/.exec(text)?.[1] ?? /: ['"]?([^'":]*\.(?:dll|pyd))['"]?$/i.exec(text)?.[1];
    return out.add(line, {
      kind: "load",
      code: codeOfError[win[1] ?? ""] ?? "dll",
      ...(name === undefined ? {} : { library: name }),
      ...common,
    });
  }
  return undefined;
}

/** Windows' errors by their numbers. */
const codeOfError: Readonly<Record<string, string>> = {
  "126": "dll-not-found",
  "127": "dll-procedure",
  "193": "dll-format",
  "1114": "dll-init",
  "182": "dll-procedure",
  "1455": "paging-file",
};

/** How cuDNN, ONNX Runtime, TensorFlow and CTranslate2 say that a DLL does not load. */
function dllSaid(text: string): { readonly code: string; readonly library: string } | undefined {
  if (!/\.dll/i.test(text)) return undefined;
  const numbered =
    /Could not load library (?<library>\S+\.dll)\.? Error code (?<error>\d+)/i.exec(text)?.groups ??
    /LoadLibrary failed with error (?<error>\d+)\b.*?"(?<library>[^"]+\.dll)"/i.exec(text)?.groups;
  if (numbered !== undefined)
    return { code: codeOfError[numbered["error"] ?? ""] ?? "dll", library: numbered["library"] ?? "" };
  const library =
    /Could not locate (\S+\.dll)\. Please make sure/i.exec(text)?.[1] ??
    /Library (\S+\.dll) is not found or cannot be loaded/i.exec(text)?.[1] ??
    /Could not load dynamic library '([^']+\.dll)'/i.exec(text)?.[1] ??
    boxSaid
      .exec(text.slice(0, 600))
      ?.slice(1)
      .find((name) => name !== undefined);
  return library === undefined ? undefined : { code: "dll-not-found", library };
}

/** That it is about a DLL; error 127 (a procedure is missing) is about nothing else. */
const windowsWords =
  /\.(?:dll|pyd)|Win32|loading|modul|DLL|cannot run|%1|模块|模組|módulo|モジュール|модул|모듈|introuvable|初期化|初始化/i;

/** What Windows means, in the languages that occur. */
function dllCode(words: string): string {
  if (/procedure|程序|过程|Prozedur|procédure|procedimiento|プロシージャ|процедур|프로시저/i.test(words))
    return "dll-procedure";
  if (
    /not a valid Win32|不是有效的 Win32|keine zulässige Win32|n.est pas une application Win32|no es una aplicación Win32/i.test(
      words,
    )
  )
    return "dll-format";
  if (/cannot run %1|не может запустить|无法运行/i.test(words)) return "dll-procedure";
  if (/Application Control policy|has blocked this file|WinError 4551|应用程序控制策略/i.test(words))
    return "dll-blocked";
  if (
    /access is denied|Zugriff verweigert|拒绝访问|acc[èe]s refus|acceso denegado|accesso negato|アクセスが拒否|отказано в доступе|액세스가 거부/i.test(
      words,
    )
  )
    return "dll-denied";
  if (
    /initialization routine|初始化例程|初期化ルーチン|초기화 루틴|Initialisierungsroutine|routine d.initialisation/i.test(
      words,
    )
  )
    return "dll-init";
  if (/paging file|页面文件|Auslagerungsdatei/i.test(words)) return "paging-file";
  if (/module|模块|Modul|módulo|モジュール|модул|모듈/i.test(words)) return "dll-not-found";
  return "dll";
}

/** The shared library that the message names first (or last), unless it is the one that is missing. */
function requester(text: string, other?: string, last = false): { file?: string } {
  if (!/\.(?:so|pyd|dylib|dll)/.test(text)) return {};
  const all = words(text.replace(/^.{0,200}?dlopen\(/, ""));
  for (const word of last ? all.toReversed() : all) {
    const file = sharedFile.exec(word)?.[0];
    if (file !== undefined && file !== other && (other === undefined || baseName(file) !== baseName(other)))
      return { file };
  }
  return {};
}

/** The program itself asks: `./app: symbol lookup error: ./app: undefined symbol: …`. */
function askingProgram(before: string): { file?: string } {
  const file = /(?:symbol lookup error|^error): (\S{1,300}): $/.exec(before)?.[1];
  return file === undefined || /:$/.test(file) ? {} : { file };
}

/** Punctuation of a sentence around a name. */
function trimName(name: string): string {
  return name.replace(/^[`*'"(]+/, "").replace(/[`*'".,;:)\]]+$/, "");
}
