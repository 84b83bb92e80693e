/**
 * Messages that lost their frame: pasted by hand, quoted in a title, printed through a logger. Looks only at lines that
 * no other parser understood, and only for sentences that can mean nothing else.
 */
import { type Collector, extend } from "../collector.ts";
import type { FindingKind, OpenFinding, ToolName } from "../finding.ts";
import type { LogLine } from "../text/log-line.ts";
import { missingHeader } from "./gcc.ts";
import { msvcWithoutCode } from "./msvc.ts";
import type { Parser } from "./parser.ts";
import { unknownError } from "./surroundings.ts";

/** What compilers say, without a file in front. */
const compilerSentence =
  /^(?:(?:fatal )?error: |#error:? |error #\d+: )?(.*(?:['’"”] was not declared|there are no arguments to ['‘"“]|has not been declared|is not a member of ['‘"“]|does not name a (?:template )?type|no (?:template|type) named ['‘]|no suitable (?:user-defined )?(?:conversion|constructor)|invalid static_cast from type|no operator "|more than one (?:conversion function|operator|instance of overloaded function)|unknown type name|invalid conversion from|use of deleted function|invalid use of incomplete type|incomplete definition of type|inlining failed in call|cannot convert ["‘']|without AVX\w* enabled|is not a constant expression|only available (?:with ['‘"]?-std=|from C\+\+)|no instance of (?:overloaded )?function|identifier ".+" is undefined|has no member (?:named )?["‘']|no member named '|use of undeclared identifier|no matching function for call|static assertion failed|calling a (?:constexpr )?__host__ function|requires --(?:extended|expt-extended)-lambda|unsupported (?:GNU|clang|Microsoft Visual Studio) version|compatible compiler is required|You need C\+\+\d\d|narrowing conversion of|parameter packs not expanded|expected template-name before|too (?:few|many) arguments to function|cannot be narrowed from type|redefinition of|different exception specifier|exception specification is incompatible|DeprecatedTypeProperties|with exceptions disabled|storage class specifier|ISO C\+\+17 does not allow|identifier ".+" is ambiguous|ambiguous call to|call (?:to|of) .+ is ambiguous|type name is not allowed|(?:class|namespace) "[^"]+" has no (?:actual )?member|expression must have |argument of type "|a value of type "|name followed by "::"|no viable (?:conversion|overloaded)|no known conversion|no matching (?:member function|constructor)|is (?:private|protected) within|is a (?:private|protected) member|error STL1002|no match for [‘']|conversion from [‘'].+[’'] requested|is not supported for this GPU architecture|forbids comparison between|virt-specifiers in|default argument given for|redefinition of default argument|is not a class, struct, or union|ambiguous "\?" operation|conditional expression is ambiguous|macro "[A-Z]\w+" (?:requires|passed)|call to non-[‘']constexpr|non-constexpr function '|no declaration matches|out-of-line definition of|overloaded member function not found|cannot bind (?:non-const|rvalue|[‘'])|could not convert [‘']|passing [‘'].+ argument discards|request for member|base operand of|expected [‘'][^ ]{1,30}[’'] (?:before|after|at end)|expected (?:primary-expression|unqualified-id|initializer|constructor, destructor)|declaration is incompatible with|__shared__.+ not allowed|incomplete type ["‘']|instantiation of undefined template|invalid operands (?:to|of)|invalid types [‘']|static_assert failed|subscripted value is|member reference type|out-of-class definition|no return statement|lvalue required|is not captured|jump to label|not a type name|does not refer to a value|cannot be (?:used to initialize|assigned to) an entity|function-definition is not allowed|\b_(?:Static_assert|_global__) |__global__ function).*)$|conversion from ["‘'].+["’'] to ["‘'].+["’'] is ambiguous/;
const headerSentence =
  /^(?:.*\b(?:fatal )?error:? )?[<'"‘“]?([\w+./\\-]+\.(?:h|hpp|cuh|hh|hxx))[>'"’”]?: ?(?:No such file(?: or directory)?|没有那个文件或目录|Datei oder Verzeichnis nicht gefunden|Aucun fichier ou dossier de ce type|No existe el (?:archivo|fichero) o el directorio|Нет такого файла или каталога|そのようなファイルやディレクトリはありません)/;
const clangHeader =
  /(?:fatal )?error: ['"]([\w+./-]+)['"] file not found|['"]([\w+./-]+)['"] file not found ?(?:\[clang: ?|clang\()pp_file_not_found|cannot open source file "([\w+./-]+)".{0,60}C\/C\+\+\(1696\)/;
const msvcHeader = /Cannot open include file: ?['"]([\w+./\\-]+)['"]/;

/** Other sentences: whose they are and what kind of finding they make. The message is the line. */
const sentences: readonly (readonly [RegExp, FindingKind, ToolName])[] = [
  [
    /(?:Unsupported gpu architecture|is not defined for option '(?:std|gpu-name)'|A single input file is required for a non-link phase|No supported gcc\/g\+\+ host compiler found|Failed to (?:detect|preprocess) host compiler properties|Could not set up the environment for Microsoft Visual Studio|^OpenMP support not found)/,
    "driver",
    "nvcc",
  ],
  [
    /(?:By not providing ["“]Find\w+\.cmake|Could NOT find (?:CUDA|Torch|Python|Caffe2|pybind11)|package configuration file provided by ["“]|arch_bin wasn't set|No CMAKE_\w+_COMPILER could be found|Your installed Caffe2 version uses CUDA|Found two conflicting CUDA|FindCUDA says CUDA version|CUDA_ARCHITECTURES is empty|Compatibility with CMake < [\d.]+ has been removed|CUDA_ARCHITECTURES must be)/,
    "build-tool",
    "cmake",
  ],
  [
    /(?:Could not run '[\w.:]+' (?:with arguments )?from the '\w+' backend|'_OpNamespace' '\w+' object has no attribute|operator \w+::\w+ does not exist|Following ops cannot be found[:.]|Could not find schema for \w+::|PyTorch is not linked with support for|DeviceGuardImpl for \w+ is not available|^Tried to register (?:an operator|multiple operators) |^Unknown builtin op: \w+::|^Unknown type name '__torch__\.torch\.classes|referenced unknown base type|No module named ['"][\w.]+['"]|module ['"][\w.]+['"] has no attribute|cannot import name ['"]\w+['"] from|dynamic module does not define|\bname ['"‘](?:_C|_ext|\w+_(?:ext|cuda))['"’] is not defined|without torch installed|[Pp]lease install (?:it|[Pp]y[Tt]orch|torch) first|could not convert default argument)/,
    "exception",
    "python",
  ],
  [
    /(?:multiple rules generate \S+\.o|missing and no known rule to make it|expected '=', got lexing error)/,
    "build-tool",
    "ninja",
  ],
  [
    /^(?:\S+:\d+: )?Error: (?:no such instruction: |selected processor does not support [`'‘].* in (?:ARM|Thumb) mode)|^as: (?:unrecognized|invalid) option/,
    "driver",
    "assembler",
  ],
  [/Double (?:type|arithmetic operation) is not supported on this platform/, "driver", "clang"],
  [/local memory (?:limit exceeded|\(\d+\) exceeds limit)/i, "driver", "hipcc"],
  [/^relocation .* recompile with -fPIC/, "link", "linker"],
  // Xcode's in the words of Flutter.
  [/\b[Bb]uilding for ['"]?iOS[ -][Ss]imulator['"]?, but linking in /, "link", "linker"],
  // Android's packager, ExecuTorch's run time.
  [/\bfiles found with path '|^(?:> )?More than one file was found with OS independent path '/, "build-tool", "make"],
  [/\bMissing operator: \[\d+\] \w+::\w/, "exception", "torch"],
  [/^(?!.*\b(?:note|warning): ).*unrecognized command[- ]line option/, "driver", "gcc"],
  // torchcodec's exception in a logger's line, or in a chat.
  [/Could not load libtorchcodec\. {1,4}Likely causes/, "exception", "python"],
  // What torch::jit::load throws, behind whatever the program prints before it.
  [/(?:^|[:\s])Unrecognized data format$/, "exception", "torch"],
  [/\S with minimum required version \d[\w.]* is not installed\b/, "exception", "python"],
  [
    /current installed version of \S+ \([\d.]+\) is (?:greater|less) than the (?:maximum|minimum) required version/,
    "exception",
    "python",
  ],
];

const sign =
  /libtorchcodec|more than one|only available|input file|unknown type|conversion|deleted|incomplete|inlining|convert|AVX|constant expression|such instruction|selected processor|[Ll]ocal memory|not supported on this platform|error|declared|undefined|member|suitable|operator|identifier|matching|assertion|function|lambda|unsupported|compiler|C\+\+|narrow|parameter packs|template-name|DeprecatedType|such file|没有那个|not found|Unsupported|option|FindT|Find|providing|NOT find|package configuration|arch_bin|CMAKE|Caffe2|conflicting|ARCHITECTURES|Compatibility|Could not run|_OpNamespace|builtin op|not linked with|DeviceGuardImpl|Tried to|type name|does not exist|unknown base|No module|import name|dynamic module|multiple rules|known rule|lexing|relocation|include file|host compiler|environment for|has no attribute|installed|convert default|is not defined|nicht gefunden|Aucun|No existe|Нет такого|ありません|unrecognized|unresolved|cannot open|schema for|exception specif|ops cannot|linking in|found with|Missing operator|Unrecognized data/;

const typesLine = /^(?:operand|argument|object) types? (?:are|is): /;

/** The parser of lines that nobody understood. */
export function bareParser(): Parser {
  /** An error that the next line may tell the types of. */
  let last: OpenFinding | undefined;
  return {
    get open() {
      return last !== undefined;
    },
    line(line: LogLine, out: Collector, taken = false): boolean {
      if (last !== undefined) {
        const more = typesLine.test(line.text);
        if (more) extend(last, line.text);
        last = undefined;
        if (more) return true;
      }
      if (taken) return false;
      if (msvcWithoutCode(line, out)) return true;
      const found = readBare(line, out);
      if (found === undefined) unknownError(line, out);
      if (found !== undefined && /no operator "|no instance of/.test(found.message)) last = found;
      return found !== undefined;
    },
  };
}

function readBare(line: LogLine, out: Collector): OpenFinding | undefined {
  // The echo of the line that refuses, where the message above it was not pasted.
  const text = line.text.replace(/^\d+ \|\s{0,8}(?=#\s?error -- )/, "");
  if (text.length > 2_000 || !sign.test(text)) return undefined;
  // A warning is none, whoever gives it.
  if (/^[^\s].{0,300}?[:(]\d+\S*\s?(?:warning|note|remark|Warnung|avertissement|警告)\s?[:#]/.test(text))
    return undefined;
  // Source code and commands quote such words without anything having failed.
  if (
    /^(?:\d+ \||raise |if |for |while |return |#include|#if|#define|\/\/|\*|print|assert |def |class |import |from \w+ import (?!.*Error)|TORCH_CHECK|AT_|\[\d+\/\d+\] |-{1,5}> ?\d|\+|note: )/.test(
      text,
    )
  )
    return undefined;
  const header =
    headerSentence.exec(text)?.[1] ??
    clangHeader
      .exec(text)
      ?.slice(1)
      .find((part) => part !== undefined) ??
    msvcHeader.exec(text)?.[1];
  if (
    header !== undefined &&
    /error|pp_file_not_found|C\/C\+\+\(1696\)|^[\w+./-]+\.(?:h|hpp|cuh): No such/i.test(text)
  ) {
    return out.add(line, {
      kind: "missing-header",
      tool: msvcHeader.test(text) ? "msvc" : "gcc",
      header,
      message: text,
      severity: "fatal",
    });
  }
  const plain = /^(?:fatal )?error: (.*)$/.exec(text)?.[1];
  const named = plain === undefined ? undefined : missingHeader(plain, "fatal");
  if (named !== undefined) {
    return out.add(line, {
      kind: "missing-header",
      tool: "gcc",
      header: named,
      message: plain ?? "",
      severity: "fatal",
    });
  }
  const compiler = compilerSentence.exec(text);
  if (compiler !== null && !/^(?:\w+\.)*\w+(?:Error|Exception|Warning): /.test(text)) {
    return out.add(line, {
      kind: "compile",
      tool: /identifier "|no operator "|no suitable|no instance of|more than one (?:conv|oper)/.test(text)
        ? "cudafe++"
        : "gcc",
      message: compiler[1] ?? text,
    });
  }
  for (const [words, kind, tool] of sentences) {
    if (!words.test(text)) continue;
    return out.add(line, {
      kind,
      tool,
      message: text,
      ...(kind === "exception" ? { code: /No module|import name/.test(text) ? "ModuleNotFoundError" : "Error" } : {}),
    });
  }
  return undefined;
}
