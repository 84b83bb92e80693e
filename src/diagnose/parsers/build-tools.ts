/** ninja, make, CMake, MSBuild, Bazel and meson speaking of themselves. What the compilers below them said is not theirs. */
import { type Collector, extend } from "../collector.ts";
import type { OpenFinding } from "../finding.ts";
import type { LogLine } from "../text/log-line.ts";
import type { Parser } from "./parser.ts";

const cmakeHead = /^CMake (Error|Warning)(?: \(dev\))?(?: at (.+?):(\d+) \((\w+)\))?(?: in (.+?):(\d+))?:?\s*(.*)$/;
const makeLine = /^(?:g?make|mingw32-make|gmake|nmake)(?:\[\d+\])?: \*\*\* (.*)$/;

/** The parser of build tools. */
export function buildToolParser(): Parser {
  let cmake: OpenFinding | undefined;
  let cmakeLines = 0;
  let blank = 0;
  return {
    get open() {
      return cmake !== undefined;
    },
    line(line: LogLine, out: Collector): boolean {
      const { text } = line;
      if (cmake !== undefined) {
        if (text === "") {
          if (++blank > 3) cmake = undefined;
        } else if (/^Call Stack|^-- |^CMake (?:Error|Warning)|^See also|^\[\d+\/\d+\]/.test(text) || ++cmakeLines > 30)
          cmake = undefined;
        else {
          extend(cmake, text);
          blank = 0;
          // What CMake quotes of a compiler is still the compiler's.
          if (line.indent > 0 && !/\berror\b|fatal|undefined/i.test(text)) return true;
        }
      }
      const head = cmakeHead.exec(text);
      if (head !== null) {
        const file = head[2] ?? head[5];
        const row = head[3] ?? head[6];
        cmake = out.add(line, {
          kind: "build-tool",
          tool: "cmake",
          message: head[7] ?? "",
          severity: head[1] === "Error" ? "error" : "warning",
          ...(file === undefined ? {} : { file }),
          ...(row === undefined ? {} : { line: Number(row) }),
          ...(head[4] === undefined ? {} : { code: head[4] }),
        });
        cmakeLines = 0;
        blank = 0;
        return true;
      }
      if (
        /^-- Configuring incomplete, errors occurred|^CMake (?:Generate|Configure) step failed|^See also "/.test(text)
      ) {
        out.add(line, { kind: "wrapper", tool: "cmake", message: text });
        return true;
      }
      const made = makeLine.exec(text)?.[1] ?? /^(?:\S*[Mm]akefile\S*|\S+\.mk):\d+: \*\*\* (.*)$/.exec(text)?.[1];
      if (made !== undefined) {
        const [, file, at] = /^(\S*[Mm]akefile\S*|\S+\.mk):(\d+): /.exec(text) ?? [];
        const missing =
          /^No rule to make target|^No targets specified|missing separator|^virtual memory|^multiple target|invalid --jobserver/.test(
            made,
          );
        const killed = /Error (?:137|-9)\b|\bKilled\b/.test(made);
        if (killed)
          out.add(line, { kind: "tool-died", tool: "make", program: "compiler", code: "signal 9", message: made });
        else if (!noLibrary(line, made, out))
          out.add(line, {
            kind: missing ? "build-tool" : "wrapper",
            tool: "make",
            message: made,
            ...(missing && file !== undefined ? { file, line: Number(at) } : {}),
          });
        return true;
      }
      if (text.startsWith("ninja: ") || /^\S*ninja(?:\.exe)?: (?:error|fatal|build stopped)/.test(text))
        return ninja(line, out);
      // Of one command of ninja for Windows, beneath its FAILED line.
      if (text.startsWith("CreateProcess failed: ")) {
        out.add(line, { kind: "build-tool", tool: "ninja", message: text });
        return true;
      }
      if (/^FAILED: /.test(text)) {
        const code = /^FAILED: \[code=(-?\d+)\]/.exec(text)?.[1];
        if (code === "137" || code === "-9" || code === "9")
          out.add(line, { kind: "tool-died", tool: "ninja", program: "compiler", code: "signal 9", message: text });
        else out.add(line, { kind: "wrapper", tool: "ninja", message: text });
        return true;
      }
      if (bazel(line, out)) return true;
      if (/^(?:\S*[\\/])?meson\.build:\d+:\d+: ERROR: /.test(text)) {
        out.add(line, { kind: "build-tool", tool: "cmake", message: text.replace(/^\S+ ERROR: /, "") });
        return true;
      }
      return false;
    },
  };
}

const bazelHead = /^ERROR: (?:\S+:\d+:\d+: )?(.*)$/;

/** Bazel: what it says of its own rules; what it quotes of a compiler follows in lines of the compiler's. */
function bazel(line: LogLine, out: Collector): boolean {
  const { text } = line;
  const said = bazelHead.exec(text)?.[1];
  if (said !== undefined) {
    if (
      /failed: undeclared inclusion|no such (?:package|target) '|^Analysis of target|in deps attribute of|missing input file '|^Failed to load Starlark extension '@|^name '\w+' is not defined$|Unable to find package for @/.test(
        said,
      )
    ) {
      out.add(line, { kind: "build-tool", tool: "bazel", message: said });
      return true;
    }
    if (/ failed: \((?:Exit|Segmentation|Killed|Aborted)[^)]*\): \S+ failed: error executing/.test(said)) {
      const killed = /\(Killed\)|\(Exit 137\)/.test(said);
      out.add(
        line,
        killed
          ? { kind: "tool-died", tool: "bazel", program: "compiler", code: "signal 9", message: said }
          : { kind: "wrapper", tool: "bazel", message: said },
      );
      return true;
    }
  }
  if (/^Target \/\/\S+ failed to build$|^(?:FAILED|ERROR): Build did NOT complete successfully/.test(text)) {
    out.add(line, { kind: "wrapper", tool: "bazel", message: text });
    return true;
  }
  return false;
}

/** A rule that is wanted for a library: the library is not there. Only sources have rules of their own. */
function noLibrary(line: LogLine, message: string, out: Collector): boolean {
  const library =
    /^No rule to make target [`'‘]?([^'’]+\.(?:so|a|dylib|lib)(?:\.[\d.]+)?)['’]?, needed by/.exec(message)?.[1] ??
    /^error: '([^']+\.(?:so|a|dylib|lib)(?:\.[\d.]+)?)', needed by '[^']+', missing and no known rule/.exec(
      message,
    )?.[1];
  if (library === undefined) return false;
  out.add(line, { kind: "missing-library", tool: "linker", phase: "link", library, message });
  return true;
}

function ninja(line: LogLine, out: Collector): boolean {
  const message = line.text.replace(/^\S*ninja(?:\.exe)?: /, "");
  if (/^build stopped: interrupted/.test(message)) {
    out.add(line, { kind: "build-tool", tool: "ninja", code: "interrupted", message });
  } else if (noLibrary(line, message, out)) {
    return true;
  } else if (/^build stopped|^error: rebuilding '(?!.*no known rule)/.test(message)) {
    out.add(line, { kind: "wrapper", tool: "ninja", message });
  } else if (/^no work to do/.test(message)) {
    out.add(line, { kind: "warning", tool: "ninja", code: "no-work", message, severity: "note" });
  } else if (/^(?:error|fatal): /.test(message)) {
    out.add(line, { kind: "build-tool", tool: "ninja", message: message.replace(/^(?:error|fatal): /, "") });
  }
  return true;
}
