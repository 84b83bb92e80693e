/** A link whose command stands in the log, and which lacks the library of torch that has the symbol. */
import { platformOf, python } from "../commands/commands.ts";
import { linkToo } from "../commands/flag-variables.ts";
import type { Finding } from "../finding.ts";
import type { Match, Rule, RuleContext } from "../rule.ts";
import { installedSentence, symbolFacts, verdictOf } from "./symbol-facts.ts";
import { isCpuTorch } from "./torch-parts.ts";

/** The library of torch that defines a symbol of that owner; undefined where releases differ or the name does not tell. */
function libraryOf(finding: Finding, linked: readonly string[]): string | undefined {
  const verdict = verdictOf(finding);
  if (verdict?.owner === "torch-python") return "torch_python";
  if (verdict?.owner !== "torch-cuda" || verdict.symbol.form === "c") return undefined;
  const path = verdict.symbol.path.join("::");
  const part = /^(?:c10|at)::(cuda|hip)\b/.exec(path)?.[1];
  if (part === undefined) return undefined;
  if (path.startsWith("c10::")) return `c10_${part}`;
  // Before 1.5 libtorch had it all; 1.10 to 1.12 had two parts of torch_cuda on Windows.
  return linked.includes("torch_cpu") ? `torch_${part}` : undefined;
}

function missing(finding: Finding, context: RuleContext): string | undefined {
  const { linked } = context.log;
  // Without any of torch on it, all of torch is missing: that is another answer.
  if (finding.phase !== "link" || linked?.some((name) => /^(?:torch|c10)/.test(name)) !== true) return undefined;
  const library = libraryOf(finding, linked);
  return library === undefined || linked.some((name) => name === library || name.startsWith(`${library}_`))
    ? undefined
    : library;
}

/** The library as the linker at hand wants it named. */
function flag(match: Match): string {
  const name = match.facts["library"] ?? "";
  return platformOf(match) === "win32" ? `${name}.lib` : `-l${name}`;
}

export const postedLinkRules: readonly Rule[] = [
  {
    id: "torch-part-not-on-link-line",
    title: "The link command lacks one of torch's libraries",
    on: ["undefined-symbol"],
    specificity: 79,
    matches: (finding, context) => {
      const verdict = verdictOf(finding);
      const library = missing(finding, context);
      if (verdict === undefined || library === undefined) return undefined;
      // A CPU-only torch has no such library: naming it would not help.
      if (/cuda|hip/.test(library) && isCpuTorch(context)) return undefined;
      return { ...symbolFacts(finding, verdict, context), library, linked: context.log.linked?.join(", ") };
    },
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["readable"] ?? ""}\` is defined in torch's \`${match.facts["library"] ?? ""}\`, and the link command that is shown names only ${match.facts["linked"] ?? ""}. No source is missing and torch need not be replaced.${installedSentence(match)}`,
    fix: (match) => {
      const name = match.facts["library"] ?? "";
      const folder = `$(${python(match)} -c "import os, torch; print(os.path.join(os.path.dirname(torch.__file__), 'lib'))")`;
      return [
        ...linkToo(match, [name], folder),
        `# load(): torch.utils.cpp_extension.load(..., extra_ldflags=["${flag(match)}"])${/cuda/.test(name) ? "; with C++ sources alone: with_cuda=True. A newer torch adds it by itself" : ""}`,
        `# setup.py: ${/cuda|hip/.test(name) ? "CUDAExtension in place of CppExtension or Extension adds it; else " : ""}libraries=["${name}"]`,
        name === "torch_python"
          ? '# CMake: find_library(TORCH_PYTHON torch_python PATHS "${TORCH_INSTALL_PREFIX}/lib") and target_link_libraries(the_module "${TORCH_PYTHON}")'
          : `# CMake: target_link_libraries(the_module ${name}); by hand: ${flag(match)} behind the objects`,
        ...(/cuda/.test(name)
          ? [
              `${python(match)} -c "import torch; print(torch.version.cuda)"   # None: a CPU-only build, which has no ${name}`,
            ]
          : []),
      ];
    },
    change: (match) => {
      const name = match.facts["library"] ?? "";
      return match.context.environment?.torch?.libraries.includes(name) === true
        ? { kind: "add-library", library: name }
        : undefined;
    },
    sources: ["rosinality/stylegan2-pytorch#47"],
    examples: [
      {
        text: 'link.exe a.o a.cuda.o /nologo /DLL c10.lib torch.lib torch_python.lib "/LIBPATH:C:\\e\\torch\\lib" cudart.lib /out:fused.pyd\na.cuda.o : error LNK2019: unresolved external symbol "__declspec(dllimport) public: __cdecl c10::cuda::CUDAStream::operator struct CUstream_st *(void)const " (__imp_??BCUDAStream@cuda@c10@@QEBAPEAUCUstream_st@@XZ) referenced in function f',
        expect: "set LINK=c10_cuda.lib",
      },
      {
        text: "$ pip install --no-build-isolation .\n  Building wheel for ops (setup.py) ... error\n      g++ a.o b.o -shared -L/e/torch/lib -lc10 -ltorch -ltorch_cpu -o x.so -Wl,--no-undefined\n      b.cpp:(.text+0x9): undefined reference to `at::cuda::getCurrentDeviceProperties()'\n  ERROR: Failed building wheel for ops",
        expect: "-ltorch_cuda $LDFLAGS",
      },
      {
        text: "g++ a.o b.o -shared -L/e/torch/lib -lc10 -ltorch -ltorch_cpu -o x.so -Wl,--no-undefined\nb.cpp:(.text+0x9): undefined reference to `at::cuda::getCurrentDeviceProperties()'",
        expect: "-ltorch_cuda",
      },
      {
        text: "c++ bind.o -shared -L/e/torch/lib -lc10 -ltorch -ltorch_cpu -o x.so -Wl,-z,defs\nbind.cpp:(.text+0x10): undefined reference to `THPVariable_Wrap(at::TensorBase)'",
        expect: 'libraries=["torch_python"]',
      },
    ],
  },
];
