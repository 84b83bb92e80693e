/** nvcc and the programs behind it: cudafe++ (EDG), cicc, ptxas, nvlink, fatbinary. */
import { type Collector, extend } from "../collector.ts";
import type { OpenFinding, ToolName } from "../finding.ts";
import type { LogLine } from "../text/log-line.ts";
import { missingHeader } from "./gcc.ts";
import { baseName, type Parser } from "./parser.ts";

const edg =
  /^((?:[A-Za-z]:[\\/])?[^()"]{1,500}?)\((\d+)\)\s?: (error|catastrophic error|internal error|fatal error)(?: #(\d+)(?:-D)?)?: (.*)$/;
/** The same front end under other names (nvc++, icpc, and nvcc with some host compilers): `"file", line 12: error: …`. */
const edgQuoted =
  /^"((?:[A-Za-z]:[\\/])?[^"]{1,500}?)", line (\d+): (error|catastrophic error|internal error|fatal error)(?: #(\d+)(?:-D)?)?: (.*)$/;
/** What a program put before the place: `RuntimeError: default_program(3): …`. */
const spoken = /^(?:[\w.]*(?:Error|Exception)|Error|.{0,80}, exception): /;
const edgBare = /^(catastrophic error|internal error|Internal error)(?: #\d+(?:-D)?)?: (.*)$/;
/** The tools' own messages, also with words in front: `error: nvcc fatal : …`. */
const own =
  /(?:^|[\s:>])(nvcc|ptxas|nvlink|fatbinary|cudafe\+\+|cicc|nvprune|bin2c)\s{1,4}(fatal(?: error)?|error)\s{0,4}: (.*)$/i;
const ptxasLine = /^ptxas (?:.*?), line (\d+); (fatal|error)\s*: (.*)$/;
const died = /'([^']+)' died (?:due to signal (\d+)|with status (0x[0-9A-Fa-f]+|\d+))(?: \(([^)]*)\))?/;

const mostCandidates = 24;

/** The parser of nvcc and its passes. */
export function nvccParser(): Parser {
  let last: OpenFinding | undefined;
  let age = 0;
  let candidates = 0;
  return {
    get open() {
      return last !== undefined;
    },
    line(line: LogLine, out: Collector): boolean {
      if (last !== undefined) {
        // The candidates, of which torch's Half has a dozen, stand before the types.
        if (candidates < mostCandidates && /^(?:function "|built-in operator ")/.test(line.text)) candidates++;
        else age++;
        if (
          /^(?:operand types are|argument types are|object type is|detected during|the function template|candidate is)\b/.test(
            line.text,
          )
        ) {
          extend(last, line.text);
        } else if (age === 1 && (last.message === "" || /^"/.test(line.text))) {
          // A narrow terminal broke the sentence before its first word or a quoted type.
          extend(last, line.text);
        }
        if (age >= 3) last = undefined;
      }
      const found = read(line, out);
      if (found === undefined) return false;
      last = found;
      age = 0;
      candidates = 0;
      return true;
    },
  };
}

function read(line: LogLine, out: Collector): OpenFinding | undefined {
  const { text } = line;
  const gone = text.includes(" died ") ? died.exec(text) : null;
  if (gone !== null) {
    const [, program = "", signal, status, words] = gone;
    return out.add(line, {
      kind: "tool-died",
      tool: "nvcc",
      program: baseName(program),
      code: signal === undefined ? (status ?? "") : `signal ${signal}`,
      message: text.replace(/^nvcc\s+\w+\s*: /, "") + (words === undefined ? "" : ""),
    });
  }
  const source = edg.exec(text) ?? (text.startsWith('"') ? edgQuoted.exec(text) : null);
  if (source !== null) {
    const [, place = "", row = "0", word = "error", number, message = ""] = source;
    if (/^[A-Z]{1,4}\d{4}\b/.test(message)) return undefined;
    // Not the compiler's trouble: the parser of the system reads it.
    if (word !== "error" && /No space left|Disk quota|Read-only file system/.test(message)) return undefined;
    const file = place.replace(spoken, "");
    const severity = word === "error" ? "error" : "fatal";
    const header = missingHeader(message, severity);
    const common = {
      tool: "cudafe++" as ToolName,
      file,
      line: Number(row),
      message,
      severity,
      ...(number === undefined ? {} : { code: number }),
    } as const;
    if (header !== undefined) return out.add(line, { kind: "missing-header", header, ...common });
    if (word === "internal error")
      return out.add(line, { kind: "tool-died", program: "cudafe++", ...common, code: "internal" });
    return out.add(line, { kind: "compile", ...common });
  }
  const place = ptxasLine.exec(text);
  if (place !== null) {
    return out.add(line, {
      kind: "driver",
      tool: "ptxas",
      line: Number(place[1]),
      message: place[3] ?? "",
      severity: "error",
    });
  }
  const label = /^(?:\S+\s+)?error\s{1,4}: (Duplicate definition of (?:label|variable|function) .*)$/.exec(text)?.[1];
  if (label !== undefined) return out.add(line, { kind: "driver", tool: "ptxas", message: label, severity: "error" });
  const tool = own.exec(text);
  if (tool !== null)
    return ofTool(
      line,
      (tool[1] ?? "nvcc").toLowerCase() as ToolName,
      /fatal/i.test(tool[2] ?? ""),
      // MSBuild names the project behind each message.
      (tool[3] ?? "").replace(/ \[[A-Za-z]:\\[^\]]*\.vcxproj\]$/, "").trim(),
      out,
    );
  // A pass of nvcc that gives no name.
  const nameless = /^fatal\s{1,4}: (Could not open (?:input|output) file .*)$/.exec(text)?.[1];
  if (nameless !== undefined)
    return out.add(line, { kind: "driver", tool: "nvcc", message: nameless, severity: "fatal" });
  const bare = edgBare.exec(text);
  if (bare !== null) {
    const message = bare[2] ?? "";
    const header = missingHeader(message, "fatal");
    if (header !== undefined)
      return out.add(line, { kind: "missing-header", tool: "cudafe++", header, message, severity: "fatal" });
    return out.add(line, {
      kind: /out of memory/.test(message) ? "tool-died" : "driver",
      tool: "cudafe++",
      program: "cudafe++",
      code: /out of memory/.test(message) ? "out of memory" : "internal",
      message,
      severity: "fatal",
    });
  }
  return undefined;
}

function ofTool(line: LogLine, tool: ToolName, fatal: boolean, message: string, out: Collector): OpenFinding {
  const undefinedSymbol =
    /^Undefined reference to ['"](.+?)['"](?: in ['"](.+?)['"])?/.exec(message) ??
    /^Unresolved extern (?:function|variable) ['"](.+?)['"]/.exec(message);
  if (undefinedSymbol !== null) {
    return out.add(line, {
      kind: "undefined-symbol",
      tool,
      phase: "device-link",
      symbol: undefinedSymbol[1] ?? "",
      message,
      ...(undefinedSymbol[2] === undefined ? {} : { file: undefinedSymbol[2] }),
    });
  }
  const multiple = /^Multiple definition of ['"](.+?)['"] in ['"](.+?)['"]/.exec(message);
  if (multiple !== null) {
    return out.add(line, {
      kind: "duplicate-symbol",
      tool,
      phase: "device-link",
      symbol: multiple[1] ?? "",
      file: multiple[2] ?? "",
      message,
    });
  }
  const program = /^Cannot find compiler ['"](.+?)['"] in PATH/.exec(message)?.[1];
  if (program !== undefined)
    return out.add(line, { kind: "missing-program", tool, program, message, severity: "fatal" });
  return out.add(line, { kind: "driver", tool, message, severity: fatal ? "fatal" : "error" });
}
