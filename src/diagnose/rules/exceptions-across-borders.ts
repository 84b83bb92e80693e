/** Exceptions of C++ that nobody catches, and exceptions of Python inside a module's init function. */
import { plainName } from "../../base/package-name.ts";
import { pip, python, rebuild } from "../commands/commands.ts";
import type { Finding } from "../finding.ts";
import { isWellKnown } from "../tables/packages.ts";
import { coded, type Match, type Rule, type RuleContext } from "../rule.ts";

/** Types that say what went wrong in their message. */
const spoken =
  /instance of '(?:c10::\w*Error|torch::\w+(?:::\w+)*|at::\w+|std::(?:runtime_error|logic_error|invalid_argument|domain_error|length_error|range_error)|caffe2::\w+)'/;

/** The exception in whose handling, or because of which, the finding arose. */
function before({ finding, context }: { finding: Finding; context: RuleContext }): Finding | undefined {
  if (finding.chained === undefined) return undefined;
  return context.findings.findLast(
    (other) => other.kind === "exception" && other.tool === "python" && other.at < finding.at,
  );
}

/** Where the exception says that it was thrown: `calls.cpp:11`. */
function thrownAt(match: Match): string | undefined {
  return /Exception raised from .{1,200}? at (\S{1,300}?:\d+)/.exec(match.finding.message)?.[1];
}

/** Sources of torch itself, as its own messages name them. */
const ofTorchSource = /(?:^|\/)(?:aten\/src|torch\/csrc|c10|caffe2|third_party)\/|^(?:\/pytorch|\/opt\/pytorch)\//;

export const borderExceptionRules: readonly Rule[] = [
  {
    id: "own-check-refused",
    title: "A check in the extension's own source refuses the call",
    on: ["exception"],
    role: "symptom",
    specificity: 41,
    matches: (finding) => {
      if (finding.severity === "warning" || finding.code === "terminate") return undefined;
      const found =
        /^(?<said>.{3,400}?) Exception raised from (?<function>.{1,200}?) at (?<file>\S{1,300}?):(?<row>\d+)/s.exec(
          finding.message,
        )?.groups;
      return found === undefined ||
        /CUDA error|HIP error|INTERNAL ASSERT|out of memory|NCCL|cuDNN|cuBLAS/.test(found["said"] ?? "") ||
        ofTorchSource.test((found["file"] ?? "").replaceAll("\\", "/"))
        ? undefined
        : found;
    },
    confidence: "medium",
    cause: (match) =>
      `\`${match.facts["function"] ?? ""}\` checks what it is given (TORCH_CHECK at ${match.facts["file"] ?? ""}:${match.facts["row"] ?? ""}) and refuses it: ${(match.facts["said"] ?? "").replace(/[.\s]+$/, "")}. The extension is built and loaded; the call hands over something else than it takes.`,
    fix: (match) => [
      `# the caller: ${/must be int64|at::kLong|dtype int64/.test(match.facts["said"] ?? "") ? "x.long() (torch.int64)" : /must be int32|at::kInt\b/.test(match.facts["said"] ?? "") ? "x.int() (torch.int32)" : "make the argument what the message wants: its type (x.to(torch.float32)), its device (x.cuda()), its layout (x.contiguous()), its size (print(x.shape))"}`,
      `# what is checked stands at ${match.facts["file"] ?? ""}:${match.facts["row"] ?? ""}; another release of the package may take it`,
    ],
    sources: ["https://docs.pytorch.org/tutorials/advanced/cpp_custom_ops.html"],
    examples: [
      {
        text: "RuntimeError: ids must be int64, got Int\nException raised from find_cuda at /w/csrc/find.cu:58 (most recent call first):\nframe #0: c10::Error::Error(c10::SourceLocation, std::string) + 0x57 (0x7f67 in /e/lib/python3.10/site-packages/torch/lib/libc10.so)",
        expect: "TORCH_CHECK at /w/csrc/find.cu:58",
      },
    ],
  },
  {
    id: "exception-not-caught",
    title: "An exception of C++ ended the program",
    on: ["exception"],
    role: "symptom",
    specificity: 48,
    matches: (finding, context) => {
      if (finding.code === "unhandled") return { type: /(?:c10|torch|at)::[\w:]+/.exec(finding.message)?.[0] };
      if (coded(finding, "terminate") === undefined) return undefined;
      const words = /^what\(\):\s*(\S.{3,}?)(?: Exception raised from|$)/s.exec(finding.message)?.[1];
      if (words === undefined || /^std::|^(?:CUDA|HIP) error|INTERNAL ASSERT/.test(words)) return undefined;
      const named = context.findings.some(
        (other) => other.code === "terminate" && other.at <= finding.at && spoken.test(other.message),
      );
      const own = context.findings.some(
        ({ code, frames }) =>
          code === "backtrace" &&
          frames?.some((frame) => /\.so: /.test(frame) && !/libtorch|libc10|libstdc|libc\.so|python/.test(frame)),
      );
      return named
        ? { words: words.length > 240 ? `${words.slice(0, 240)} …` : words, own: own ? "yes" : undefined }
        : undefined;
    },
    confidence: "medium",
    cause: (match) =>
      match.facts["type"] !== undefined
        ? `LibTorch threw ${match.facts["type"]} and the program did not catch it. The debugger shows the type alone; what went wrong stands in the exception's text (a model file that is not found or was saved by another release, a tensor of another device, type or shape).`
        : `The program ended with an exception that nothing caught: \`${(match.facts["words"] ?? "").replace(/[.\s]+$/, "")}\`${thrownAt(match) === undefined ? "" : ` (${thrownAt(match) ?? ""})`}. That is what went wrong. Python shows such an exception as RuntimeError, unless it is thrown where nothing can take it over: in a thread of one's own (std::thread, OpenMP, a callback), in a destructor or a noexcept function; a C++ program has to catch it itself.`,
    fix: (match) =>
      match.facts["type"] !== undefined
        ? [
            "# try { … } catch (const c10::Error& e) { std::cerr << e.what() << std::endl; }   around the call says what it is",
            "# a Debug program needs the Debug LibTorch (and Release the other): mixed, every std::string that is handed over breaks",
          ]
        : [
            `# mend what the message says; to see where: gdb -batch -ex "catch throw" -ex run -ex bt --args ${match.context.log.host === "program" ? "./the_program" : `${python(match)} the_program.py`}`,
            "# a thread: catch in it, std::exception_ptr p = std::current_exception(), and std::rethrow_exception(p) after join(); at::parallel_for does that by itself",
            "# a program: try { … } catch (const c10::Error& e) { std::cerr << e.what(); return 1; }",
          ],
    sources: ["https://docs.pytorch.org/cppdocs/", "https://en.cppreference.com/w/cpp/error/terminate"],
    examples: [
      {
        text: "Unhandled exception at 0x00007FFF9026A839 in app.exe: Microsoft C++ exception: c10::Error at memory location 0x0000002C2A9AF7F0.",
        expect: "e.what()",
      },
      {
        text: "terminate called after throwing an instance of 'c10::Error'\n  what():  grid must be 2-D, got 1\nException raised from operator() at ops.cpp:11 (most recent call first):",
        expect: "grid must be 2-D, got 1",
      },
    ],
  },
  {
    id: "init-function-threw",
    title: "Something failed inside the module's init function",
    on: ["exception"],
    specificity: 77,
    matches: (finding, context) => {
      if (finding.code !== "ImportError" || !/^initialization failed$/.test(finding.message.trim())) return undefined;
      const inner = before({ finding, context });
      return inner === undefined
        ? {}
        : {
            inner: `${inner.code ?? ""}: ${inner.message}`.slice(0, 240),
            module: /^No module named ['"]([\w.]+)['"]/.exec(inner.message)?.[1],
          };
    },
    confidence: (match) => (match.facts["inner"] === undefined ? "medium" : "high"),
    cause: (match) =>
      match.facts["inner"] === undefined
        ? "The code of PYBIND11_MODULE raised an exception of Python; which one stands above `initialization failed`, or was left out of the text."
        : `The code of PYBIND11_MODULE raised \`${match.facts["inner"]}\`${match.facts["module"] === undefined ? "" : `: the compiled module itself imports \`${match.facts["module"]}\` (py::module_::import) when it is loaded`}. \`initialization failed\` only says that the import ended there.`,
    fix: (match) => {
      const module = match.facts["module"]?.split(".")[0];
      return module === undefined
        ? ["# mend what the exception above it says", ...rebuild(match)]
        : [
            isWellKnown(plainName(module))
              ? pip(match, `install ${plainName(module)}`)
              : `${python(match)} -c "import ${module}"   # install it, or start where it is found (PYTHONPATH, the package's own folder)`,
            `# it is a part of the same package: py::module_::import of the_package.${module} by its full name, and no import of the compiled module in its __init__.py before it`,
          ];
    },
    sources: ["https://pybind11.readthedocs.io/en/stable/advanced/exceptions.html"],
    examples: [
      {
        text: "ModuleNotFoundError: No module named 'grid_helpers'\n\nThe above exception was the direct cause of the following exception:\n\nTraceback (most recent call last):\n  File \"/w/t.py\", line 1, in <module>\n    import grid_C\nImportError: initialization failed",
        expect: "imports `grid_helpers`",
      },
    ],
  },
];
