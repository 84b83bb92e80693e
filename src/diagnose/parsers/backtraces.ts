/**
 * Native stack traces, as gdb, lldb, valgrind, glibc, c10, backward-cpp and macOS's crash reports print them. Reads which function of
 * which library each frame is in; what that means is not known here.
 */
import type { Collector } from "../collector.ts";
import type { OpenFinding } from "../finding.ts";
import type { LogLine } from "../text/log-line.ts";
import { baseName, type Parser } from "./parser.ts";

const mostFrames = 24;

/** Each: function and library, either of which may be missing. */
const forms: readonly RegExp[] = [
  // gdb: #3  0x00007f in f (a=1) at x.cpp:3, … from /lib/x.so
  /^#\d{1,3}\s+(?:0x[0-9a-f]+ in )?(?<name>[^\s(].{0,400}?)\s*\((?:.{0,400}\))?(?: const)?(?: \[clone [^\]]*\])?(?:\s+from (?<library>\S+)|\s+at (?<file>\S+))?$/,
  // c10: frame #1: f + 0x2a (0x7f in /lib/libc10.so)
  /^frame #\d{1,3}: (?<name>.{1,600}?) \+ 0x[0-9a-f]+ \(0x[0-9a-f]+ in (?<library>[^)]+)\)/,
  // glibc: /lib/x.so(_ZN1fEv+0x1f)[0x7f]
  /^(?<library>\/\S{1,300}?)\((?<name>[\w$.@]*)(?:\+0x[0-9a-f]+)?\)\s?\[0x[0-9a-f]+\]/,
  // valgrind: ==1==    by 0x1F: f (in /lib/x.so)
  /^(?:==\d+== +)?(?:at|by) 0x[0-9A-Fa-f]+: (?<name>.{1,600}?) \((?:in (?<library>[^)]+)|(?<file>[\w.+-]+):\d+)\)$/,
  // backward-cpp: #6    Object "/lib/libc10.so", at 0x7f, in f
  /^#\d{1,3}\s+(?:Object|Source) "(?<library>[^"]+)", (?:at 0x[0-9a-f]+|line \d+), in (?<name>.{0,400})$/,
  // macOS: 3   libtorch_cpu.dylib   0x0000000104 f + 12
  /^\d{1,3}\s+(?<library>\S+\.(?:dylib|so)|Python|python[\d.]*)\s+0x[0-9a-f]{6,}\s+(?<name>.{1,400}?) \+ \d+/,
  // lldb: frame #2: 0x0000 libtorch_python.dylib`f + 12
  /^(?:\* )?frame #\d{1,3}: 0x[0-9a-f]+ (?<library>[^`\s]+)`(?<name>.{1,400}?)(?: \+ \d+| at \S+)?$/,
];
const start =
  /^(?:\* )?(?:frame )?#\d{1,3}[:\s]|^\/\S+\([\w$.@+]*\)\s?\[0x|^(?:==\d+== +)?(?:at|by) 0x[0-9A-Fa-f]+: |^\d{1,3}\s+\S+\s+0x[0-9a-f]{6}/;

/** The parser of native stack traces. */
export function backtraceParser(): Parser {
  let trace: OpenFinding | undefined;
  let quiet = 0;
  return {
    get open() {
      return trace !== undefined;
    },
    line(line: LogLine, out: Collector, taken = false): boolean {
      if (taken) return false;
      const frame = start.test(line.text) ? readFrame(line.text.slice(0, 2_000)) : undefined;
      if (frame === undefined) {
        // gdb names the library on a line of its own when the function's name is long.
        const library = /^from (\/\S+)$/.exec(line.text)?.[1];
        const last = trace?.frames?.at(-1);
        if (trace !== undefined && library !== undefined && last?.startsWith("?: ") === true)
          trace.frames = [...(trace.frames ?? []).slice(0, -1), `${library}${last.slice(1)}`];
        // A frame may take several lines.
        if (trace !== undefined && ++quiet > 3) trace = undefined;
        return false;
      }
      quiet = 0;
      trace ??= out.add(line, {
        kind: "exception",
        tool: "system",
        code: "backtrace",
        severity: "warning",
        message: "native stack trace",
        frames: [],
      });
      if ((trace.frames?.length ?? 0) < mostFrames) trace.frames = [...(trace.frames ?? []), frame];
      return false;
    },
  };
}

/** `libtorch_cpu.so: torch::Library::_def`, the library's whole path when it is known. */
function readFrame(text: string): string | undefined {
  for (const form of forms) {
    const found = form.exec(text)?.groups;
    if (found === undefined) continue;
    const library = found["library"] ?? "";
    const name = (found["name"] ?? "").trim();
    return `${library === "" ? baseName(found["file"] ?? "?") : library}: ${name}`;
  }
  return undefined;
}
