/** Python: tracebacks, exceptions without one, warnings, faulthandler's dumps. */
import { type Collector, extend } from "../collector.ts";
import type { OpenFinding } from "../finding.ts";
import type { LogLine } from "../text/log-line.ts";
import { baseName, type Parser } from "./parser.ts";

const typeName = String.raw`(?:[A-Za-z_]\w*\.)*(?:[A-Z]\w*(?:Error|Exception|Exit|Interrupt|Failed|Failure|Failures|Timeout|NotFound|Invalid\w*|Missing\w*|Unsatisfiable\w*)|BackendUnavailable|Unsupported|OutOfResources|UnsupportedLanguageConstruct|Invalid[A-Z]\w*|(?<=\.)(?:Fail|NotImplemented|NoSuchFile))`;
const exceptionLine = new RegExp(String.raw`^(${typeName})(?::\s?(.*))?$`);
const anyException = /^((?:[A-Za-z_]\w*\.)*[A-Za-z_]\w*)(?::\s?(.*))?$/;
const embedded = /(?:^|[\s(["'`:>])((?:[a-z_]\w*\.)*[A-Z]\w*(?:Error|Exception))\s?([:：(])\s?(.*)$/;
const frame = /^File ["'](.+?)["'], line (\d+)(?:, column \d+)?(?:, in (.+))?$/;
/** pytest's short account: `ops/__init__.py:3: in <module>`. */
const testFrame = /^((?:[A-Za-z]:)?[^\s:"']{1,250}\.py):(\d+): in ([\w<>.]+)$/;
/** Above IPython's account of an exception: `NameError      Traceback (most recent call last)`. */
const cellHeader = /^[A-Z]\w*(?:Error|Exception|Interrupt)\s{2,}Traceback \(most recent call last\)/;
/** `~/w/ops.py in forward(ctx, x)`, `File /w/ops.py:31, in forward(ctx, x)`, and as Colab copies it: `[/w/ops.py](https://…) in forward(x)`. */
const cellFrame =
  /^(?:File )?\[?((?:~|[A-Za-z]:)?[\\/][^\s"'[\]]{1,250}?\.py)(?:\]\(https?:[^)]{0,80}\))?(?:(?::(\d+),)? in (<module>|<cell line|[\w.<>]+(?=\())|(?<=^File .{1,260}):(\d+)$)/;
/** The row that was running: `---> 53         output = _C.forward(`. */
const cellRow = /^-{2,6}> ?(\d{1,6})\s(.*)$/;
/** Exceptions whose messages have no blank lines. */
const oneParagraph =
  /^(?:ModuleNotFound|Key|Name|Attribute|Type|FileNotFound|NotADirectory|Permission|Index|Syntax|Indentation|Assertion)Error$|^KeyboardInterrupt$/;
const warningLine = /^(?:(.+?): ?(\d+): )?((?:\w+\.)*\w*Warning): (.*)$/;
const faulthandler =
  /^(?:(?:(?:\S{1,300}\.py(?:::\S{1,300})? [.sFExX]{0,200})?Fatal Python error: |Windows fatal exception: (?=access violation|stack overflow|illegal instruction|in page error|code 0xc0))(.*)|Timeout \((.+)\)!|(?:Current )?[Tt]hread 0x\w+ .*\(most recent call first\):)$/;
const fileNotFound = /No such file or directory: ['"‘“]?([^'"‘’“”]+?)['"’”]?(?::|$)/;

/** What shells, Docker, CI services and make say after a program has ended: no part of its message. */
const outside =
  /^(?:No CUDA runtime is found|-{20,}$|(?:Error: )?Process completed with exit code|Collecting environment information|PyTorch version: \d|Cleaning up project directory|ERROR: Job failed|The command ['"]|Removing intermediate container|ERROR: (?:failed to|process ")|Error response from daemon|make(?:\[\d+\])?: \*\*\*|srun: |slurmstepd|\(\S{1,40}\) \S{1,60}[@:$#>]|[\w.-]{1,40}@[\w.-]{1,60}[:~ ]\S{0,200}[$#]|[$#%] \S|PS [A-Z]:\\|={3,} .{0,80} ={3,}$|_{4,} .{0,120} _{4,}$|!{3,} .{0,80} !{3,}$)/;
/** Below a blank line: what a post tells next, under a heading or as a list of versions. */
const nextPart =
  /^#{1,6} \S|^\*{0,2}(?:(?:My |Your |System )?(?:environment|setup)(?: info(?:rmation)?)?|system info(?:rmation)?|versions?|(?:expected|actual) behaviou?r|additional (?:context|info(?:rmation)?)|(?:steps )?to reproduce)\*{0,2}:?\*{0,2}$|^(?:[-*•] )?\*{0,2}(?:OS|operating system|platform|python|pytorch|torch|cuda|cudnn|gpu|gcc|driver)(?: version)?\*{0,2} ?[:=]/i;
/** Where a shell waits again: what follows is not of the message. */
const prompt =
  /^(?:\([\w.:/-]+\) ?)*(?:[\w.-]+@[\w.-]+[:\s][^$#%]{0,120}[$#%]|PS [A-Z]:\\[^>]{0,200}>|[A-Z]:\\[^>]{0,200}>|\[[\w.-]+@[\w.-]+ [^\]]{1,80}\][$#]|[$%#] )(?:\s|$)|^[$] \w/;
/** How pytest ends the account of an interruption: `site-packages/torch/utils/file_baton.py:50: KeyboardInterrupt`. */
const interruptedAt = /^(\S+\.py):(\d+): (KeyboardInterrupt|Failed|Timeout|AssertionError)$/;

/** Between a frame and its line of source. */
const sourceMark = " » ";

/** Programs that a build calls: a missing one is no missing data file. */
const programs =
  /^(?:nvcc|ninja|cmake|make|g\+\+|gcc|c\+\+|cc|clang|clang\+\+|cl|cl\.exe|link|hipcc|icpx|icx|git|ccache|sccache|ld|lld|nvidia-smi|where|which|patchelf|cuobjdump|ptxas|hipconfig|rocminfo|rocm_agent_enumerator|nvcc\.exe|ninja\.exe|x86_64-conda[\w-]*|x86_64-linux-gnu-g[\w+-]*|aarch64[\w-]*)(?:-\d+)?$/;

/** The parser of Python's own words. */
export function pythonParser(): Parser {
  let tracebackIndent: number | undefined;
  let frames: string[] = [];
  /** Lines since the head of IPython's account. */
  let inCell: number | undefined;
  let chained = 0;
  let message: OpenFinding | undefined;
  let messageLines = 0;
  let blankBefore = false;
  let dump: OpenFinding | undefined;
  let dumpLines = 0;
  /** What killed the interpreter; the frames of its current thread are listed among those of others. */
  let fatalError: OpenFinding | undefined;
  let warning: OpenFinding | undefined;
  let warningLines = 0;

  const closeMessage = (): void => {
    message = undefined;
  };

  return {
    get open() {
      return (
        tracebackIndent !== undefined ||
        inCell !== undefined ||
        message !== undefined ||
        dump !== undefined ||
        warning !== undefined
      );
    },
    line(line: LogLine, out: Collector, taken = false): boolean {
      const { text } = line;
      if (taken) {
        // Another tool speaks: what was being said is over, but a traceback may go on around it.
        message = undefined;
        warning = undefined;
        dump = undefined;
        return false;
      }
      if (/^(?:Exception Group )?Traceback \(most recent call (?:last|first)\):?/.test(text)) {
        tracebackIndent = line.indent;
        frames = [];
        closeMessage();
        return true;
      }
      if (cellHeader.test(text)) {
        inCell = 0;
        frames = [];
        closeMessage();
        return false;
      }
      if (inCell !== undefined) {
        const [, file, row, name, topRow] = cellFrame.exec(text) ?? [];
        if (file !== undefined) {
          frames = [
            ...frames.slice(-19),
            `${file}:${row ?? topRow ?? "0"} ${name ?? (topRow === undefined ? "" : "<module>")}`,
          ];
          return false;
        }
        const [, at, source = ""] = cellRow.exec(text) ?? [];
        const last = frames.at(-1);
        if (at !== undefined && last !== undefined && !last.includes(sourceMark))
          frames[frames.length - 1] = `${last.replace(/:\d+ /, `:${at} `)}${sourceMark}${source.trim().slice(0, 200)}`;
        if (++inCell > 300) inCell = undefined;
      }
      if (
        /^(?:During handling of the above exception, another exception occurred|The above exception was the direct cause)/.test(
          text,
        )
      ) {
        chained++;
        closeMessage();
        return true;
      }
      if (dump !== undefined) {
        const at = frame.exec(text.replace(/"(, line \d+) in /, '"$1, in '));
        if (at !== null && dumpLines < 40) {
          dump.frames = [`${at[1] ?? ""}:${at[2] ?? ""} ${at[3] ?? ""}`, ...(dump.frames ?? [])].slice(-12);
          dumpLines++;
          return true;
        }
        if (++dumpLines > 60 || text !== "") dump = undefined;
      }
      const fatal = faulthandler.exec(text);
      if (fatal !== null && fatalError !== undefined && fatal[1] === undefined && fatal[2] === undefined) {
        const current = /^Current thread/.test(text);
        // A dump of one thread alone does not call it the current one.
        dump = current || fatalError.frames === undefined ? fatalError : undefined;
        if (current) delete fatalError.frames;
        dumpLines = 0;
        return true;
      }
      if (fatal !== null) {
        dump = out.add(line, {
          kind: "exception",
          tool: "python",
          code: fatal[1] === undefined ? "Timeout" : "Fatal Python error",
          message: fatal[1] ?? fatal[2] ?? "",
        });
        if (fatal[1] !== undefined) fatalError = dump;
        dumpLines = 0;
        return true;
      }
      const at = frame.exec(text);
      if (at !== null && message?.message.endsWith(":") === true && message.code === "RuntimeError") {
        // TorchScript shows the place in the scripted source below what it says.
        extend(message, text);
        return true;
      }
      if (at !== null) {
        if (tracebackIndent === undefined) tracebackIndent = Math.max(0, line.indent - 2);
        frames.push(`${at[1] ?? ""}:${at[2] ?? ""} ${at[3] ?? ""}`);
        if (frames.length > 40) frames = frames.slice(-20);
        return true;
      }
      const inTest = testFrame.exec(text);
      if (inTest !== null) {
        frames = [...frames.slice(-19), `${inTest[1] ?? ""}:${inTest[2] ?? ""} ${inTest[3] ?? ""}`];
        return true;
      }
      const interrupted = interruptedAt.exec(text);
      if (interrupted !== null) {
        out.add(line, {
          kind: "exception",
          tool: "python",
          code: interrupted[3] ?? "",
          message: text,
          frames: [`${interrupted[1] ?? ""}:${interrupted[2] ?? ""}`],
        });
        return true;
      }
      const found = exception(line, tracebackIndent, /\.bzl:\d/.test(frames.at(-1) ?? ""));
      if (found !== undefined) {
        const finding = out.add(line, {
          kind: "exception",
          tool: "python",
          code: found.type.split(".").at(-1) ?? found.type,
          message: found.message,
          ...(frames.length > 0 ? { frames: frames.slice(-12) } : {}),
          ...(chained > 0 ? { chained } : {}),
        });
        missingProgram(line, found, frames, out);
        message = finding;
        messageLines = 0;
        blankBefore = false;
        tracebackIndent = undefined;
        inCell = undefined;
        frames = [];
        return false;
      }
      if (tracebackIndent !== undefined) {
        if (text === "" && frames.length > 3) tracebackIndent = undefined;
        // The line of source below a frame tells what was called.
        const frameAt = frames.at(-1);
        if (frameAt !== undefined && !frameAt.includes(sourceMark) && /\w/.test(text))
          frames[frames.length - 1] = `${frameAt}${sourceMark}${text.slice(0, 200)}`;
        return false;
      }
      const warned = text.includes("Warning: ") ? warningLine.exec(text) : null;
      if (warned !== null && !/^\S+\.(?:c|cc|cpp|cu|h|hpp|cuh)$/.test(warned[1] ?? "")) {
        warning = out.add(line, {
          kind: "warning",
          tool: "python",
          severity: "warning",
          code: warned[3] ?? "Warning",
          message: warned[4] ?? "",
          ...(warned[1] === undefined ? {} : { file: warned[1], line: Number(warned[2]) }),
        });
        warningLines = 0;
        return false;
      }
      if (warning !== undefined) {
        if (/^(?:warnings\.)?_?warn\b|^\S+\.warning\(|^(?:error|ERROR): /.test(text) || ++warningLines > 14)
          warning = undefined;
        else if (text !== "") extend(warning, text);
      }
      if (message !== undefined) {
        messageLines++;
        const ended =
          text === "" &&
          message.message !== "" &&
          (messageLines > 4 ||
            oneParagraph.test(message.code ?? "") ||
            /(?:^|[\\/])setup\.py:\d/.test(message.frames?.at(-1) ?? "")) &&
          // pybind11 says below a blank line what it was called with.
          !/incompatible (?:function|constructor) arguments/.test(message.message);
        const next = blankBefore && message.message !== "" && nextPart.test(text);
        blankBefore = text === "";
        if (messageLines > 25 || ended || next || outside.test(text) || prompt.test(text)) closeMessage();
        else {
          // `RuntimeError:` alone is no evidence; what it says begins on the next line.
          if (message.message === "" && text !== "") {
            message.text = text;
            message.at = line.number;
          }
          extend(message, text);
        }
      }
      const inside = embeddedException(text);
      if (inside !== undefined && message === undefined) {
        out.add(line, {
          kind: "exception",
          tool: "python",
          code: inside.type.split(".").at(-1) ?? inside.type,
          message: inside.message,
          severity: /\bwarn/i.test(text.slice(0, 40)) ? "warning" : "error",
        });
        missingProgram(line, inside, [], out);
      }
      return false;
    },
  };
}

/** Without the quotation mark that closes what was opened before the exception's name. */
function withoutLooseQuote(message: string): string {
  const last = /(["'])\)?[.?!]?$/.exec(message);
  if (last?.[1] === undefined || message.split(last[1]).length % 2 === 1) return message;
  return message.slice(0, last.index);
}

interface Said {
  readonly type: string;
  readonly message: string;
}

/** In Bazel's tracebacks, which look like Python's, the last line is `Error: …`. */
function exception(line: LogLine, tracebackIndent: number | undefined, ofBazel: boolean): Said | undefined {
  const { text } = line;
  const named = exceptionLine.exec(text);
  if (named !== null) return { type: named[1] ?? "", message: (named[2] ?? "").trim() };
  // Inside a traceback, whatever stands at its left edge ends it, whatever its name.
  if (tracebackIndent !== undefined && line.indent <= tracebackIndent && text !== "" && !/^[~^]+$/.test(text)) {
    const any = anyException.exec(text);
    if (
      any !== null &&
      /^[A-Za-z_]\w*(?:\.\w+)*$/.test(any[1] ?? "") &&
      (any[2] !== undefined || /[A-Z]/.test(any[1] ?? "")) &&
      // uv breaks the lines of a traceback anew.
      !(any[1] === "File" && any[2] === undefined) &&
      (!/^(?:hint|note|error|warning|info)$/i.test(any[1] ?? "") || (ofBazel && any[1] === "Error"))
    ) {
      return { type: any[1] ?? "", message: (any[2] ?? "").trim() };
    }
  }
  return undefined;
}

function embeddedException(text: string): Said | undefined {
  if (!/(?:Error|Exception)\s?[:：(]/.test(text)) return undefined;
  // Source code, and pip's tries that may yet succeed.
  if (/^(?:raise|throw|except|assert|return)\b|^if .*[:{;]$|^WARNING: Retrying/.test(text)) return undefined;
  const match = embedded.exec(text);
  if (match === null) return undefined;
  const [, type = "", mark, message = ""] = match;
  // Of a `repr` the quotes go; those around the first word of a message stay.
  return { type, message: mark === "(" ? message.replace(/^["']|["']\)?[.?!]?$/g, "") : withoutLooseQuote(message) };
}

/** `FileNotFoundError` out of subprocess, or for a well-known tool, is a program that is not there. */
function missingProgram(line: LogLine, said: Said, frames: readonly string[], out: Collector): void {
  const type = said.type.split(".").at(-1);
  if (type !== "FileNotFoundError" && type !== "OSError" && type !== "PermissionError" && type !== "NotADirectoryError")
    return;
  const path = fileNotFound.exec(said.message)?.[1] ?? /^nvcc not found at '(.+?)'/.exec(said.message)?.[1];
  if (path === undefined) {
    const found = /\[WinError 2\]/.test(said.message) && frames.some((entry) => /subprocess\.py/.test(entry));
    if (found) out.add(line, { kind: "missing-program", tool: "python", program: "", message: said.message });
    return;
  }
  const called = frames.some((entry) => /subprocess\.py|spawn\.py/.test(entry));
  if (programs.test(baseName(path)) || (called && !/\.\w{1,4}$/.test(path) && !/\s/.test(path))) {
    out.add(line, { kind: "missing-program", tool: "python", program: path, message: said.message });
  }
}
