/** C++ programs that use torch without Python: what must not be linked into them, and what they need when it must. */
import { platformOf, python } from "../commands.ts";
import type { Finding } from "../finding.ts";
import type { Match, Rule, RuleContext } from "../rule.ts";
import { owned } from "./symbol-owners.ts";

const torchPython = /(?:lib)?torch_python\.(?:so|dylib|lib|dll)/;

/** Whether a program of one's own asks, not Python that imports a module. */
function ofProgram(finding: Finding, context: RuleContext): boolean {
  if (!torchPython.test(`${finding.file ?? ""} ${finding.message}`)) return false;
  if (finding.phase === "link") return true;
  if (/ImportError|OSError|^\S*python[\d.]*: /.test(finding.message)) return false;
  const torchOfPython = /(?:site|dist)-packages/.test(finding.file ?? finding.message);
  const imports = context.findings.some((other) => other.kind === "exception" && (other.frames?.length ?? 0) > 0);
  return (
    !imports && (!torchOfPython || /^\S+: symbol lookup error/.test(finding.message) || /^dyld/.test(finding.message))
  );
}

/** The libraries that a program links in place of all of torch's. */
function libraries(match: Match): string {
  return platformOf(match) === "win32" ? "torch.lib torch_cpu.lib c10.lib" : "-ltorch -ltorch_cpu -lc10";
}

export const embeddingRules: readonly Rule[] = [
  {
    id: "torch-python-in-program",
    title: "A C++ program links torch's Python library",
    on: ["undefined-symbol"],
    specificity: 82,
    matches: (finding, context) => (ofProgram(finding, context) ? owned(finding, context, "python") : undefined),
    confidence: "high",
    cause: (match) =>
      `libtorch_python holds torch's bindings to Python and leaves Python's own symbols (\`${match.facts["name"] ?? ""}\`) to the interpreter that imports it. A C++ program has no interpreter: the library was linked along with the others (a glob over libtorch/lib, TORCH_PYTHON_LIBRARY), and the program does not need it unless it includes torch/extension.h or embeds Python.`,
    fix: (match) => [
      `# take torch_python out of the link; a program needs ${libraries(match)} (CMake: find_package(Torch), target_link_libraries(app "\${TORCH_LIBRARIES}")), and includes torch/torch.h, not torch/extension.h`,
      `# only when the program embeds Python: link the interpreter, too: find_package(Python COMPONENTS Interpreter Development.Embed), Python::Python; or what this prints: ${python(match)}-config --ldflags --embed`,
    ],
    sources: ["mlverse/libtorch-mac-m1#9", "https://docs.pytorch.org/cppdocs/installing.html"],
    examples: [
      {
        text: "dyld[512]: symbol not found in flat namespace '_PyBaseObject_Type'\n  Referenced from: <1A2B> /Users/u/libtorch/lib/libtorch_python.dylib",
        expect: "TORCH_LIBRARIES",
      },
      {
        text: "./app: symbol lookup error: /opt/libtorch/lib/libtorch_python.so: undefined symbol: PyInstanceMethod_Type",
        expect: "torch_python out of the link",
      },
      {
        text: "/usr/bin/ld: /opt/libtorch/lib/libtorch_python.so: undefined reference to `PyExc_RuntimeError'",
        expect: "no interpreter",
      },
    ],
  },
];
