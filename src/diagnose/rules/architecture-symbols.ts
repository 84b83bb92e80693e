/** Functions of a package that only a build for certain GPUs has: their names say which. */
import { pip, rebuild, setVariable } from "../commands/commands.ts";
import { packageOf } from "../tables/packages.ts";
import type { Rule } from "../rule.ts";
import { cudaForArchitecture } from "../tables/version-facts.ts";
import { symbolFacts } from "./symbol-facts.ts";
import { is } from "./symbol-owners.ts";

/** `cutlass_moe_mm_sm100`, `fwd_Sm90`, `kernel_sm_120a`. */
const architecture = /_?[Ss][Mm]_?(?<arch>(?:[5-9]\d|1[0-2]\d))(?<family>[af])?(?![0-9])/;

export const architectureSymbolRules: readonly Rule[] = [
  {
    id: "function-of-left-out-architecture",
    title: "The function is for a GPU architecture that the build left out",
    on: ["undefined-symbol"],
    specificity: 63,
    matches: (finding, context) => {
      const verdict = is(finding, (v) => v.owner === "user");
      if (verdict === undefined) return undefined;
      const facts = symbolFacts(finding, verdict, context);
      const arch = architecture.exec(facts["name"] ?? "")?.groups;
      return arch === undefined
        ? undefined
        : { ...facts, arch: arch["arch"], package: packageOf({ finding, context }) };
    },
    confidence: "high",
    cause: (match) => {
      const arch = match.facts["arch"] ?? "";
      const since = cudaForArchitecture(arch)?.since;
      return `\`${match.facts["name"] ?? ""}\` is the project's own kernel for GPUs of compute capability ${arch.slice(0, -1)}.${arch.slice(-1)}, and it was not compiled: TORCH_CUDA_ARCH_LIST (or the GPU that the build saw) did not have ${arch.slice(0, -1)}.${arch.slice(-1)}${since === undefined ? "" : `, or nvcc is older than CUDA ${since}, which knows it first`}; another part of the build refers to it all the same, or is left over from an earlier build.`;
    },
    fix: (match) => {
      const arch = match.facts["arch"] ?? "";
      const since = cudaForArchitecture(arch)?.since;
      const build = rebuild(match);
      const into = build.filter((line) => line.startsWith("cd "));
      return [
        `nvcc --version${since === undefined ? "" : `   # ${since} or newer for ${arch.slice(0, -1)}.${arch.slice(-1)}`}`,
        setVariable(
          match,
          "TORCH_CUDA_ARCH_LIST",
          `${arch.slice(0, -1)}.${arch.slice(-1)}${Number(arch) >= 90 ? "a" : ""}`,
        ) + "   # and those of your GPUs, separated by semicolons",
        ...into,
        "rm -rf build .deps CMakeCache.txt CMakeFiles   # in the sources: CMake remembers the old list",
        ...build.filter((line) => !into.includes(line)),
        match.facts["package"] === undefined
          ? "# or a release of the project in which the call stands behind a check for the architecture"
          : `# or another release: ${pip(match, `install --upgrade ${match.facts["package"]}`)}`,
      ];
    },
    sources: ["vllm-project/vllm#28199", "https://docs.nvidia.com/cuda/cuda-compiler-driver-nvcc/#gpu-feature-list"],
    examples: [
      {
        text: "ImportError: /src/my_ops/_C.abi3.so: undefined symbol: _Z20cutlass_moe_mm_sm100RN2at6TensorERKS0_S3_",
        expect: "TORCH_CUDA_ARCH_LIST=10.0a",
      },
      {
        text: "/usr/bin/ld: bind.o: in function `mm': undefined reference to `scaled_mm_sm90(at::Tensor&, at::Tensor const&)'",
        expect: "compute capability 9.0",
      },
    ],
  },
];
