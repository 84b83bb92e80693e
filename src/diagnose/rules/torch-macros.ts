/** Macros of torch that a source uses without the header that defines them. */
import { compareVersions } from "../../base/order.ts";
import { torchAtHand } from "../commands/toolkit-commands.ts";
import { addLines } from "../commands/source-edits.ts";
import { sourcesOfTorchsTime } from "../commands/sources-of-time.ts";
import { about } from "../matchers.ts";
import type { Match, Rule } from "../rule.ts";

/** Macros by the headers of torch that define them. Source: torch's headers. */
const macroHeaders: readonly (readonly [RegExp, string])[] = [
  [/^AT_DISPATCH_/, "ATen/Dispatch.h"],
  [/^TORCH_LIBRARY/, "torch/library.h"],
  [/^STABLE_TORCH_/, "torch/csrc/stable/library.h"],
  [/^TORCH_(?:CHECK|INTERNAL_ASSERT)/, "c10/util/Exception.h"],
  [/^C10_CUDA_(?:CHECK|KERNEL_LAUNCH_CHECK)$/, "c10/cuda/CUDAException.h"],
  [/^AT_CUDA_CHECK$/, "ATen/cuda/Exceptions.h"],
  [/^CUDA_KERNEL_LOOP$/, "ATen/cuda/detail/KernelUtils.h"],
  [/^PYBIND11_MODULE$/, "torch/extension.h"],
];

/** The compiler that was called by hand, with the module's name: that of the file it makes. */
function typedWithName({ context: { log } }: Match): string[] | undefined {
  const typed = log.typedLast === "compile" ? log.typedCompile : undefined;
  const name = /-o (?:\S*\/)?(?:lib)?([A-Za-z_]\w*)[\w.-]*\.(?:so|o|pyd)\b|-o (?:\S*\/)?([A-Za-z_]\w*)\$\(/.exec(
    typed ?? "",
  );
  const program = /^((?:\S*\/)?(?:nvcc|hipcc|g\+\+|c\+\+|clang\+\+)(?:-\d+)?) /;
  if (typed === undefined || name === null || !program.test(typed) || log.installer !== undefined) return undefined;
  return [typed.replace(program, `$1 -DTORCH_EXTENSION_NAME=${name[1] ?? name[2] ?? ""} `)];
}

/** Whether torch at hand is from before the macro. Source: c10/cuda/CUDAException.h of v1.7.1 and v1.8.0. */
function cameLater(match: Match): boolean {
  const torch = match.facts["name"] === "C10_CUDA_KERNEL_LAUNCH_CHECK" ? torchAtHand(match) : undefined;
  return torch !== undefined && compareVersions(torch.release, [1, 8]) < 0;
}

function headerOfMacro(match: Match): string[] {
  const header = macroHeaders.find(([form]) => form.test(match.facts["name"] ?? ""))?.[1];
  if (header === undefined) return [];
  const lines = addLines(match, [`#include <${header}>`]);
  return lines.length > 0 ? lines : [`# at the head of the file: #include <${header}>`];
}

export const torchMacroRules: readonly Rule[] = [
  {
    id: "torch-macro-unknown",
    title: "A macro of torch is not defined",
    on: ["compile"],
    specificity: 75,
    matches: (finding) =>
      about(
        finding,
        /^(?:AT_DISPATCH_\w+|TORCH_(?:LIBRARY|CHECK|API|EXTENSION_NAME|LIBRARY_FRAGMENT|LIBRARY_IMPL|BOX|STABLE\w*|INTERNAL_ASSERT\w*)|STABLE_TORCH_\w+|CUDA_KERNEL_LOOP|C10_CUDA_(?:CHECK|KERNEL_LAUNCH_CHECK)|AT_CUDA_CHECK|PYBIND11_MODULE|AT_PRIVATE_\w+|CUDA_1D_KERNEL_LOOP)$/,
      ),
    // What every torch of today has lacks its header.
    confidence: (match) =>
      /^(?:AT|C10)_CUDA_CHECK$|^C10_CUDA_KERNEL_LAUNCH_CHECK$|^PYBIND11_MODULE$/.test(match.facts["name"] ?? "")
        ? "high"
        : "medium",
    cause: (match) =>
      match.facts["name"] === "TORCH_EXTENSION_NAME"
        ? "TORCH_EXTENSION_NAME is not defined: torch's builder (and retorch) defines it as the module's name; this file is compiled by something else."
        : cameLater(match)
          ? `\`${match.facts["name"] ?? ""}\` came with torch 1.8, and the text's torch is older: the package's sources are too new for it.`
          : `\`${match.facts["name"] ?? ""}\` is not defined: its header is not included (torch/extension.h, torch/library.h, ATen/Dispatch.h, c10/cuda/CUDAException.h), or this torch is older or newer than the code.`,
    fix: (match) =>
      match.facts["name"] === "TORCH_EXTENSION_NAME"
        ? match.context.log.cmakeTarget === undefined
          ? (typedWithName(match) ?? ["retorch build", "# or -DTORCH_EXTENSION_NAME=<module name>"])
          : [
              `cmake -DCMAKE_CXX_FLAGS="-DTORCH_EXTENSION_NAME=${match.context.log.cmakeTarget}" -DCMAKE_CUDA_FLAGS="-DTORCH_EXTENSION_NAME=${match.context.log.cmakeTarget}" ..`,
              `# for good, in CMakeLists.txt: target_compile_definitions(${match.context.log.cmakeTarget} PRIVATE TORCH_EXTENSION_NAME=${match.context.log.cmakeTarget})`,
            ]
        : cameLater(match)
          ? [
              sourcesOfTorchsTime(match) ??
                "# a release or a commit of the package from the time of this torch, or a newer torch (1.8 or newer)",
            ]
          : [
              ...headerOfMacro(match),
              "# include the header that defines it, or take the release of the package for this torch",
            ],
    sources: ["pytorch: torch/utils/cpp_extension.py"],
    examples: [
      {
        text: "bind.cpp:60:17: error: ‘TORCH_EXTENSION_NAME’ was not declared in this scope",
        expect: "-DTORCH_EXTENSION_NAME",
      },
      {
        text: 'Step 14/15 : RUN cd fused && pip install -v ./\n    torch.__version__  = 1.2.0\n    csrc/norm_kernel.cu(4): error: identifier "C10_CUDA_KERNEL_LAUNCH_CHECK" is undefined',
        expect: "--before=2019-10-10",
      },
      {
        text: "a.cpp:12:3: error: 'AT_DISPATCH_FLOATING_TYPES' was not declared in this scope",
        expect: "ATen/Dispatch.h",
      },
    ],
  },
];
