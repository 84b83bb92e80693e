/**
 * What checkers of memory and behaviour on the CPU say: AddressSanitizer, ThreadSanitizer, UndefinedBehaviorSanitizer and
 * valgrind's memcheck. Reads the kind of fault and the first place in a source below it.
 */
import type { Collector } from "../collector.ts";
import type { OpenFinding } from "../finding.ts";
import type { LogLine } from "../text/log-line.ts";
import type { Parser } from "./parser.ts";

const begin: readonly (readonly [RegExp, string])[] = [
  [/^(?:==\d+==)?ERROR: AddressSanitizer: ((?!SEGV on unknown address 0x0{8,} \(pc 0x0)[\w-]+)/, "asan"],
  [/^(?:==\d+==)?ERROR: LeakSanitizer: (detected memory leaks)/, "lsan"],
  [/^WARNING: ThreadSanitizer: ([\w -]+?)(?: \(pid=\d+\))?$/, "tsan"],
  [
    /^==\d+== (Invalid (?:read|write) of size \d+|Conditional jump or move depends on uninitialised value\(s\)|Use of uninitialised value of size \d+|Invalid free\(\)[\w /[\]()]*|Mismatched free\(\)[\w /[\]()]*)$/,
    "memcheck",
  ],
];
const undefinedBehaviour = /^(?<file>\S{1,300}?):(?<line>\d+):\d+: runtime error: (?<said>.{3,300})$/;
/** `#0 0x7f in f(int) /w/a.cpp:33`, `#0 f /w/a.cpp:33`. */
const sanitizerFrame =
  /^(?:#\d{1,2} )?(?:0x[0-9a-f]+ in )?(?<name>[^\s=].{0,400}?) (?<file>[\w./+@-]{1,300}?\.\w{1,4}):(?<line>\d+)(?::\d+)?$/;
const valgrindFrame = /^==\d+== +(?:at|by) 0x[0-9A-F]+: (?<name>.{1,400}?) \((?<file>[\w.+-]{1,200}):(?<line>\d+)\)$/;
/** The run time's own functions. */
const ofRunTime =
  /^(?:__interceptor_|__asan_|__tsan_|operator (?:new|delete)|mem(?:cpy|set|move)|str\w+|malloc|free|calloc|realloc)\b/;

/** Functions of libraries that were given what is wrong: the project's own frame stands below them. */
const ofLibraries = /^(?:\w[\w:<>*& ]{0,80} )?(?:at|c10|torch|caffe2|std|pybind11|nanobind|__gnu_cxx)::/;
const libraryFiles =
  /(?:^|[\\/])(?:ATen|c10|torch[\\/]include|pybind11|c\+\+[\\/]\d+|bits|stl_\w+\.h|new_allocator\.h)(?:[\\/]|$)|^stl_\w+\.h$/;
/** Where the report of the access ends and that of the block begins. */
const ofBlock = /^(?:==\d+== +Address 0x|0x[0-9a-f]+ is located )/;
const givenBack = /(?<!malloc'd or \(recently\)) free'd$|^freed by thread /;
/** An address in the first page: a member of what a null pointer stands for. */
const ofNull = /^==\d+== +Address 0x[0-9a-fA-F]{1,4} is not stack'd/;

function isOwn(frame: Readonly<Record<string, string>>): boolean {
  return (
    !ofRunTime.test(frame["name"] ?? "") &&
    !ofLibraries.test(frame["name"] ?? "") &&
    !libraryFiles.test(frame["file"] ?? "")
  );
}

/** The parser of memory checkers. */
export function memoryCheckerParser(): Parser {
  let open: OpenFinding | undefined;
  let lines = 0;
  /** The first frame was a library's: one of the project's own speaks better. */
  let ofLibrary = false;
  let block: "told" | "given back" | undefined;
  return {
    get open() {
      return open !== undefined;
    },
    line(line: LogLine, out: Collector, taken = false): boolean {
      if (taken) return false;
      const { text } = line;
      if (text.length > 2_000) return false;
      if (text.includes(": runtime error: ")) {
        const found = undefinedBehaviour.exec(text)?.groups;
        if (found !== undefined)
          out.add(line, {
            kind: "exception",
            tool: "system",
            code: "memory-checker",
            program: "ubsan",
            message: found["said"] ?? "",
            file: found["file"] ?? "",
            line: Number(found["line"]),
          });
        return false;
      }
      if (text.includes("Sanitizer: ") || text.startsWith("==")) {
        for (const [form, tool] of begin) {
          const said = form.exec(text)?.[1];
          if (said === undefined) continue;
          open = out.add(line, {
            kind: "exception",
            tool: "system",
            code: "memory-checker",
            program: tool,
            message: said,
          });
          lines = 0;
          ofLibrary = false;
          block = undefined;
          return false;
        }
      }
      if (open === undefined) return false;
      if (++lines > 40) {
        open = undefined;
        return false;
      }
      if (ofBlock.test(text)) block = "told";
      if (ofNull.test(text)) open.message += " at a null pointer";
      if (block !== undefined && givenBack.test(text)) {
        block = "given back";
        if (!/freed|use-after/.test(open.message)) open.message += " in memory that was freed";
      }
      const frame = (sanitizerFrame.exec(text) ?? valgrindFrame.exec(text))?.groups;
      if (frame === undefined || ofRunTime.test(frame["name"] ?? "")) return false;
      const own = isOwn(frame);
      if (block === undefined && (open.line === undefined || (ofLibrary && own))) {
        ofLibrary = !own;
        open.symbol = frame["name"] ?? "";
        open.file = frame["file"] ?? "";
        open.line = Number(frame["line"]);
      } else if (block === "given back" && own) {
        open.message += `, given back in ${(frame["name"] ?? "").replace(/\(.*$/s, "")} (${frame["file"] ?? ""}:${frame["line"] ?? ""})`;
        open = undefined;
      }
      return false;
    },
  };
}
