/** Faults of one release or one wheel of torch: its headers, its files. No source and no build of one's own mends them. */
import { pip, removeFolder, torchIndex } from "../commands/commands.ts";
import { framesAt, missingLibrary } from "../matchers.ts";
import type { Match, Rule } from "../rule.ts";
import { verdictOf } from "./symbol-facts.ts";

/** `torch/csrc/stable/tensor_inl.h` of a header in torch's own folder of headers. */
function torchHeader(text: string): string | undefined {
  return /[\\/](?:torch|libtorch[\w.+-]*)[\\/]include[\\/]((?:torch|ATen|c10)[\\/][\w\\/.-]+\.(?:h|hpp|cuh))/
    .exec(text)?.[1]
    ?.replaceAll("\\", "/");
}

/** Objects of torch's own libraries, as its build lays them. */
const torchObjects = /CMakeFiles[\\/]torch_(cpu|cuda|hip|python|xpu)\.dir[\\/]/;

function isNightly(match: Match): boolean {
  return /\.dev\d/.test(match.context.log.installedTorch ?? "");
}

export const faultOfTorchRules: readonly Rule[] = [
  {
    id: "torch-header-without-inline",
    title: "A header of torch defines a function without inline",
    on: ["duplicate-symbol"],
    specificity: 82,
    matches: (finding) => {
      const path = verdictOf(finding)?.symbol.path ?? [];
      const header = torchHeader(finding.message);
      const stable = path[0] === "torch" && (path[1] === "stable" || path[1] === "headeronly");
      return (header !== undefined && ["torch", "at", "c10"].includes(path[0] ?? "")) || stable
        ? { symbol: path.join("::"), header, stable: stable ? "yes" : undefined }
        : undefined;
    },
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["symbol"] ?? ""}\` is defined in a header of torch itself${match.facts["header"] === undefined ? "" : ` (\`${match.facts["header"]}\`)`}, without \`inline\`: two of the files that are linked (a .cpp and a .cu) include it, and each has a copy. It is a fault of this release of torch, not of the sources.`,
    fix: (match) => [
      match.facts["stable"] === undefined
        ? `# include ${match.facts["header"] ?? "that header"} in one of the files only`
        : "# in all files but one: #include <torch/csrc/stable/tensor_struct.h> in place of torch/csrc/stable/tensor.h (and of ops.h, library.h where they bring it)",
      pip(match, "install --upgrade torch") + "   # a release after 2.9 has it inline (2.13 does); then build again",
      `# or put \`inline\` before the function in the installed ${match.facts["header"] ?? "header"}`,
    ],
    sources: ["pytorch/pytorch#164742"],
    examples: [
      {
        text: "/usr/bin/ld: /e/lib/python3.12/site-packages/torch/include/torch/csrc/stable/tensor_inl.h:17: multiple definition of `torch::stable::Tensor::scalar_type() const'; a.o:a.cpp:(.text+0x0): first defined here",
        expect: "tensor_struct.h",
      },
      {
        text: "/usr/bin/ld: /e/torch/include/c10/util/thing.h:9: multiple definition of `c10::thing()'; a.o:a.cpp:(.text+0x0): first defined here",
        expect: "c10/util/thing.h",
      },
    ],
  },
  {
    id: "torch-built-without-a-part",
    title: "torch is being built, and a part of its own sources was left out",
    on: ["undefined-symbol"],
    specificity: 93,
    matches: (finding, { findings }) => {
      if (finding.phase !== "link") return undefined;
      const path = verdictOf(finding)?.symbol.path ?? finding.symbol?.split("(")[0]?.split("::") ?? [];
      if (!["at", "c10", "torch", "caffe2"].includes(path[0] ?? "")) return undefined;
      const near = [finding.file ?? "", ...findings.filter(({ at }) => at === finding.at).map(({ text }) => text)].join(
        " ",
      );
      return torchObjects.test(near) ? { symbol: path.join("::"), part: torchObjects.exec(near)?.[1] } : undefined;
    },
    confidence: "high",
    cause: (match) =>
      `torch itself is being built: an object of its library torch_${match.facts["part"] ?? "cpu"} calls \`${match.facts["symbol"] ?? ""}\`, and the source that defines it was not compiled in this configuration. Either an option switched it off on one side only (a fault of that day's sources: nightly and main have such days), or objects and translated sources of an earlier checkout are still in the build folder.`,
    fix: (match) => [
      `git submodule sync && git submodule update --init --recursive && ${removeFolder(match, "build")}${match.facts["part"] === "hip" ? " && python tools/amd_build/build_amd.py" : ""}   # in the checkout of torch; then build again`,
      "# a release (git tag -l 'v2.*' | sort -V | tail) in place of main or nightly",
      ...(/_(?:ck|cudnn|flash|efficient|mem_eff|fused)|attention|gemm/i.test(match.facts["symbol"] ?? "")
        ? [
            "# or without the part, on both sides: USE_ROCM_CK_GEMM=OFF (…_ck), USE_FLASH_ATTENTION=0 USE_MEM_EFF_ATTENTION=0 (attention), as variables before setup.py",
          ]
        : []),
    ],
    sources: ["ROCm/TheRock#2054", "ROCm/TheRock#1256", "pytorch/pytorch#160373", "pytorch/pytorch#147671"],
    examples: [
      {
        text: "lld-link: error: undefined symbol: void __cdecl at::hip::detail::group_gemm_ck(class at::Tensor const &)\n>>> referenced by caffe2\\CMakeFiles\\torch_hip.dir\\__\\aten\\src\\ATen\\native\\hip\\GroupedBlas.cpp.obj:(class at::Tensor __cdecl at::native::_grouped_mm_cuda(class at::Tensor const &)",
        expect: "USE_ROCM_CK_GEMM=OFF",
      },
      {
        text: "/usr/bin/ld: caffe2/CMakeFiles/torch_cuda.dir/__/aten/src/ATen/RegisterCUDA_0.cpp.o: in function `f':\ncaffe2/CMakeFiles/torch_cuda.dir/__/aten/src/ATen/RegisterCUDA_0.cpp.o: undefined reference to `at::native::_cudnn_attention_backward(at::Tensor const&)'",
        expect: "rm -rf build",
      },
    ],
  },
  {
    id: "torch-wheel-incomplete",
    title: "torch's own wheel lacks a library",
    on: ["missing-library"],
    specificity: 44,
    matches: (finding, context) => {
      const facts = missingLibrary(finding, /^lib[\w+.-]+\.(?:so|dylib)/);
      if (facts === undefined || finding.file !== undefined) return undefined;
      const last = framesAt({ finding, context, facts }).at(-1) ?? "";
      return /[\\/]torch[\\/]__init__\.py:\d+ .*(?:torch\._C|ctypes|CDLL)/.test(last) ? facts : undefined;
    },
    confidence: "medium",
    cause: (match) => {
      const name = match.facts["name"] ?? "";
      return `It is torch itself (torch._C), no extension, that needs \`${name}\`${/^libarm_compute/.test(name) ? " (Arm's Compute Library, which a wheel for aarch64 brings along)" : ""}, and its wheel did not bring it: a build of torch that was packed badly${isNightly(match) ? " (a nightly)" : ""}, one that was made on another system, or an installation that broke off.`;
    },
    fix: (match) => [
      pip(match, "uninstall -y torch"),
      pip(
        match,
        `install --no-cache-dir torch --index-url https://download.pytorch.org/whl/${torchIndex(match)}   # the stable release; or a nightly of another day: --pre "torch!=<this one>" from …/whl/nightly/${torchIndex(match)}`,
      ),
      `# to keep this torch: put ${match.facts["name"] ?? "the library"} of another release's wheel into its torch/lib, or install the system's package that has it`,
    ],
    sources: ["pytorch/pytorch#162566"],
    examples: [
      {
        text: 'Traceback (most recent call last):\n  File "/w/lib/python3.12/site-packages/torch/__init__.py", line 415, in <module>\n    from torch._C import *  # noqa: F403\nImportError: libarm_compute_graph.so: cannot open shared object file: No such file or directory',
        expect: "whl/nightly",
      },
    ],
  },
];
