/** Shells, the kernel, the disk, container run times, and free sentences of torch and of well-known packages. */
import { type Collector, extend } from "../collector.ts";
import type { OpenFinding } from "../finding.ts";
import type { LogLine } from "../text/log-line.ts";
import { programNotFound } from "./missing-programs.ts";
import type { Parser } from "./parser.ts";
import { phrases } from "./system-phrases.ts";

/** Cheap test before the table. */
const anyPhrase =
  /Cython|undeclared name|WindowsPath|wheel|Stale|ASan|AddressSanitizer|nput\/output|resource busy|Disk quota|enough space|ENOSPC|Errno|WinError|too long|open files|temporarily|start new thread|fork|pids|Read-only|denied|permitted: '|emory|OOM|oom|[Kk]illed|137|SIGKILL|runner|canceled|execution time|timed out|TIME LIMIT|took longer|TORCH_LIBRARY|register|Your compiler|No CUDA runtime|version bounds|ninja|Ninja|mismatch|match|CUDA|nvcc|Cuda|cuda arch|compute capability|tinycudann|ROCm|xFormers|bitsandbytes|extensions root|terminate called|what\(\)|egmentation|SIGSEGV|core dumped|Illegal|SIGILL|OMP:|NumPy|numpy|_ARRAY_API|module compiled|Clock skew|modification time|git|dubious|ubmodule|loading shared|bad_alloc|different CUDA|GPU arch|arch_list|nvToolsExt|exec format|qemu|binary file|xcrun|missing Metal|Xcode|developer tools|ccache: |fatal exception|0x[cC]0000|libaio|extension not|bad interpreter|kernels? |_kernels|32212|-10737|139|free|malloc|munmap|corrupted|[Nn]o space|\(you have|file_baton|enough (?:free )?space|walltime|RUNLIMIT|recognized processor|9999|running against|linked against|Microsoft C\+\+|libprotobuf|MKL|smashing|overflow detected|fbgemm|egl[A-Z]|glX|wgl|OpenGL|libwarp|PyTorch plugin|(?:ery|ach) (?:time|import|start|launch|run)|(?:very|each) single|required file not found|\\r': /;

/** What comes after the message of an exception that nobody caught. */
const endOfWhat =
  /^(?:Exception raised from|C\+\+ CapturedTraceback|frame #\d|#\d+ |Aborted|Fatal Python|Traceback|terminate called|Stack dump|\*\*\* )/;

/** The parser of the system and of free sentences. */
/** clang's library says in one line what GNU's says in two. */
function asGnuSays(text: string): string {
  if (!text.startsWith("libc++abi")) return text;
  const [, type, message] =
    /^libc\+\+abi(?:\.dylib)?: terminating (?:due to|with) (?:an )?uncaught exception of type ([\w:]+)(?:: (.+))?$/.exec(
      text,
    ) ?? [];
  if (type === undefined) return text;
  return message === undefined ? `terminate called after throwing an instance of '${type}'` : `what():  ${message}`;
}

export function systemParser(): Parser {
  /** What an exception of C++ says may take several lines. */
  let said: OpenFinding | undefined;
  let saidLines = 0;
  return {
    get open() {
      return said !== undefined;
    },
    line(line: LogLine, out: Collector, taken = false): boolean {
      const text = asGnuSays(line.text);
      if (said !== undefined) {
        if (taken || ++saidLines > 24 || endOfWhat.test(text)) said = undefined;
        else if (text !== "") {
          // The message may begin on the next line.
          if (said.message === "what():") {
            said.text = text;
            said.at = line.number;
          }
          extend(said, text);
        }
      }
      if (taken) return false;
      const program = programNotFound(text);
      if (program !== undefined) {
        out.add(line, { kind: "missing-program", tool: "shell", program, message: text });
        return false;
      }
      if (!anyPhrase.test(text)) return false;
      // A command that is echoed, or a line of source in a traceback, says nothing.
      if (
        /^(?:\[\d+\/\d+\] )?(?:\S*\/)?(?:nvcc|g\+\+|gcc|c\+\+|cc|clang\+\+|hipcc|cl|x86_64\S*)(?:\.exe)? .* -c |^Running command |[$#>] ?git (?:submodule|clone) |^\d+ \| |^raise \w|^(?:throw|if) \b|^[$%+] |^TORCH_CHECK|^warnings\.warn\(|^print\(|^return |^#(?!\d)/.test(
          text,
        )
      )
        return false;
      for (const phrase of phrases) {
        if (!phrase.words.test(text)) continue;
        const warned = phrase.code === "numpy-abi" && /Warning: /.test(text);
        const made = out.add(line, {
          kind: phrase.kind,
          tool: phrase.tool,
          code: phrase.code,
          message: text,
          ...(phrase.kind === "tool-died"
            ? { program: /(?:process \d+ \(|program )([\w+.-]+)/.exec(text)?.[1] ?? "" }
            : phrase.kind === "missing-program"
              ? { program: "" }
              : {}),
          severity: warned ? "warning" : (phrase.severity ?? "error"),
        });
        if (phrase.code === "terminate" && text.includes("what():")) {
          said = made;
          saidLines = 0;
        }
      }
      return false;
    },
  };
}
