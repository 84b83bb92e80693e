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

/** The parser of memory checkers. */
export function memoryCheckerParser(): Parser {
  let open: OpenFinding | undefined;
  let lines = 0;
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
          return false;
        }
      }
      if (open === undefined) return false;
      if (++lines > 14 || open.line !== undefined) {
        open = undefined;
        return false;
      }
      const frame = (sanitizerFrame.exec(text) ?? valgrindFrame.exec(text))?.groups;
      if (frame !== undefined && !ofRunTime.test(frame["name"] ?? "")) {
        open.symbol = frame["name"] ?? "";
        open.file = frame["file"] ?? "";
        open.line = Number(frame["line"]);
      }
      return false;
    },
  };
}
