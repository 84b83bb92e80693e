/** PTX and device objects that do not go with an architecture or a toolkit: instructions of one architecture, labels, launch bounds. */
import { knownCapabilities, platformOf, python, rebuild, setVariable, torchCuda } from "../commands/commands.ts";
import { type Rule, said, saidAny } from "../rule.ts";
import { dotted } from "../tables/version-facts.ts";
import { typedFor } from "./typed-architectures.ts";

export const ptxArchitectureRules: readonly Rule[] = [
  {
    id: "instruction-of-one-architecture",
    title: "An instruction exists on one family of GPUs only",
    on: ["driver"],
    specificity: 80,
    matches: (finding) =>
      saidAny(
        finding,
        /Instruction ['"](?<instruction>[\w.:]+)[^'"]*['"] cannot be compiled for architecture ['"]?(?:sm|compute)_(?<arch>\w+)/,
        /Instruction ['"](?<instruction>[\w.:]+)[^'"]*['"] not supported on \.target ['"]?sm_(?<arch>\w+)/,
        /(?:Feature|Modifier|Instruction|Arguments) ['"]?(?<instruction>[\w.:]+)[^'"]*['"]? .*not supported on \.target ['"]?sm_(?<arch>\w+)/,
      ),
    confidence: "high",
    cause: (match) => {
      const name = match.facts["instruction"] ?? "";
      const home = /^wgmma/.test(name)
        ? " (wgmma: sm_90a, Hopper, alone)"
        : /^tcgen05/.test(name)
          ? " (tcgen05: sm_100a and sm_103a, data-center Blackwell, alone)"
          : /^(?:setmaxnreg|cp\.async\.bulk|mbarrier)/.test(name)
            ? " (sm_90a and newer; some forms want the `a` of an architecture)"
            : "";
      return `The code uses \`${name}\`${home}, and is compiled for sm_${match.facts["arch"] ?? ""}, which does not have it: the kernels were written for another GPU, or the \`a\` (architecture-specific) is missing in the list: 9.0 is not 9.0a.`;
    },
    fix: (match) => [
      ...(typedFor(match, homeOf(match.facts["instruction"] ?? "", match.facts["arch"] ?? "")) ?? []),
      `${typedFor(match, "9.0") === undefined ? "" : "# "}${setVariable(match, "TORCH_CUDA_ARCH_LIST", homeOf(match.facts["instruction"] ?? "", match.facts["arch"] ?? ""))}   # when that is the GPU the kernels are for`,
      `# on another GPU leave these kernels out: the package's option for it, or #if defined(__CUDA_ARCH_FEAT_SM${/^tcgen05/.test(match.facts["instruction"] ?? "") ? "100" : "90"}_ALL)`,
    ],
    sources: ["https://docs.nvidia.com/cuda/parallel-thread-execution/#release-notes"],
    examples: [
      {
        text: "ptxas /tmp/x.ptx, line 1023; error   : Instruction 'wgmma.fence' cannot be compiled for architecture 'sm_120a'",
        expect: "Hopper",
      },
      {
        text: "ptxas /tmp/x.ptx, line 88; error   : Instruction 'tcgen05.alloc' not supported on .target 'sm_100'",
        expect: "10.0a",
      },
    ],
  },
  {
    id: "inline-ptx-label-twice",
    title: "A label in inline PTX is defined twice",
    on: ["driver"],
    specificity: 82,
    matches: (finding) =>
      finding.tool === "ptxas"
        ? said(finding, /Duplicate definition of (?<what>label|variable) ['"]?(?<name>[\w$]+)/)
        : undefined,
    confidence: "high",
    cause: (match) =>
      `asm() in a kernel names the ${match.facts["what"] ?? "label"} \`${match.facts["name"] ?? ""}\` itself, and the compiler copied that asm (an unrolled loop, an inlined function, two architectures' code paths), so that the name stands twice in one PTX function.`,
    fix: (match) => [
      `# in the asm text: braces around it ("{ … }" makes names local), and %= in the name: ${match.facts["name"] ?? "L"}_%=`,
      "# or keep the compiler from copying it: #pragma unroll 1, __noinline__",
    ],
    sources: ["https://docs.nvidia.com/cuda/inline-ptx-assembly/", "facebookincubator/velox#18965"],
    examples: [
      { text: "    error   : Duplicate definition of label 'BLK0'", expect: "%=" },
      { text: "ptxas /tmp/k.ptx, line 80; error   : Duplicate definition of label 'wait'", expect: "braces" },
    ],
  },
  {
    id: "launch-bounds-impossible",
    title: "__launch_bounds__ asks for more blocks than a multiprocessor holds",
    on: ["driver"],
    specificity: 78,
    matches: (finding) =>
      finding.tool === "ptxas"
        ? said(finding, /Value of threads per SM for entry (?<kernel>\S+) is out of range|minnctapersm will be ignored/)
        : undefined,
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["kernel"] ?? "The kernel"}\`: threads times minimum blocks in __launch_bounds__(threads, blocks) exceed what a multiprocessor of one of the architectures can hold (1024 threads on sm_75, 1536 on sm_86, 89 and 120, 2048 on others).`,
    fix: () => ["# a smaller second number in __launch_bounds__, by #if __CUDA_ARCH__; or leave that architecture out"],
    sources: ["https://docs.nvidia.com/cuda/cuda-c-programming-guide/#compute-capabilities"],
    examples: [
      {
        text: "ptxas error   : Value of threads per SM for entry _Z4kernPf is out of range. .minnctapersm will be ignored",
        expect: "__launch_bounds__",
      },
    ],
  },
  {
    id: "device-objects-newer-than-toolkit",
    title: "An object file was made by a newer CUDA than links it",
    on: ["driver"],
    specificity: 82,
    matches: (finding) =>
      finding.tool === "nvlink" || finding.tool === "fatbinary" || finding.tool === "nvcc"
        ? said(
            finding,
            /(?:Input file )?['"]?(?<file>[^'"]*?)['"]? newer than toolkit(?: \((?<is>\d+) vs (?<has>\d+)\))?/,
          )
        : undefined,
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["file"] ?? "An object"}\` was compiled by a newer CUDA (${cudaNumber(match.facts["is"])}) than the nvlink that is used now (${cudaNumber(match.facts["has"])}): objects of an earlier build with another toolkit are left over, or nvcc and nvlink (or a static library) are of two toolkits.`,
    fix: (match) => [
      ...rebuild(match),
      `which -a nvcc nvlink   # of one toolkit${torchCuda(match) === undefined ? "" : `, CUDA ${torchCuda(match) ?? ""}`}?`,
    ],
    sources: ["https://docs.nvidia.com/cuda/cuda-compiler-driver-nvcc/"],
    examples: [{ text: "nvlink fatal   : Input file 'build/k.o' newer than toolkit (128 vs 124)", expect: "12.8" }],
  },
  {
    id: "one-architecture-only",
    title: "A single architecture is wanted, and several are given",
    on: ["driver"],
    specificity: 80,
    matches: (finding) =>
      said(
        finding,
        /Option ['"](?<option>[^'"(]+?) ?(?:\([^)]*\))?['"] is not allowed when compiling for multiple GPU architectures/,
      ),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["option"] ?? ""}\` makes one file for one architecture, and the command names several (-gencode more than once, or a list in TORCH_CUDA_ARCH_LIST).`,
    fix: (match) => [
      `${setVariable(match, "TORCH_CUDA_ARCH_LIST", knownCapabilities(match)[0] ?? (platformOf(match) === "win32" || match.context.log.dockerBuild ? "8.6" : `$(${python(match)} -c "import torch; print('%d.%d' % torch.cuda.get_device_capability())")`))}   # one: the GPU at hand`,
      "# or drop that option; --keep keeps the PTX of every architecture",
    ],
    sources: ["https://docs.nvidia.com/cuda/cuda-compiler-driver-nvcc/"],
    examples: [
      {
        text: "nvcc fatal   : Option '--ptx (-ptx)' is not allowed when compiling for multiple GPU architectures",
        expect: "TORCH_CUDA_ARCH_LIST",
      },
    ],
  },
];

/** `128` → `12.8`. */
function cudaNumber(digits: string | undefined): string {
  return digits === undefined ? "unknown" : `${digits.slice(0, -1)}.${digits.slice(-1)}`;
}

/** The architecture that has an instruction: its known home, else the one at hand with its `a`. */
function homeOf(instruction: string, arch: string): string {
  if (/^tcgen05/.test(instruction)) return "10.0a";
  if (/^wgmma/.test(instruction)) return "9.0a";
  return /^\d{2,3}$/.test(arch) && Number(arch) >= 90 ? `${dotted(arch)}a` : "9.0a";
}
