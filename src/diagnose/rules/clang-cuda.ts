/** clang that compiles CUDA by itself, without nvcc: the toolkit that it finds does not fit it. */
import { compareVersions, parseVersion } from "../../base/order.ts";
import { platformOf } from "../commands/commands.ts";
import { type Match, type Rule, said } from "../rule.ts";

/** The toolkit that clang was told of, or the one that it takes by itself. */
function toolkitOf(match: Match): string {
  const told = /--cuda-path=["']?([^\s"']+)/.exec(match.context.log.typedCompile ?? match.finding.text)?.[1];
  return told ?? match.facts["root"] ?? "/usr/local/cuda";
}

/** The command once more, with something else in it. */
function compiledAgain(match: Match, change: (command: string) => string): string[] {
  const { typedCompile } = match.context.log;
  return typedCompile !== undefined && /^\S*clang/.test(typedCompile) ? [change(typedCompile)] : [];
}

/** The oldest GPU that a CUDA has a target for. Sources: release notes of CUDA 12.0 (Kepler left) and 13.0 (Maxwell to Volta left). */
function oldestTarget(cuda: string): string {
  const version = parseVersion(cuda);
  return compareVersions(version, [13]) >= 0 ? "75" : compareVersions(version, [12]) >= 0 ? "50" : "35";
}

export const clangCudaRules: readonly Rule[] = [
  {
    id: "clang-without-libdevice",
    title: "clang does not find the CUDA toolkit's device library",
    on: ["driver"],
    specificity: 84,
    matches: (finding) =>
      finding.tool === "clang" ? said(finding, /cannot find libdevice for (?<arch>sm_\d+\w?)/) : undefined,
    confidence: "high",
    cause: (match) =>
      `clang found a CUDA toolkit (${toolkitOf(match)}) and no libdevice for ${match.facts["arch"] ?? "the GPU"} in it: nvvm/libdevice/libdevice.10.bc is not there (it comes with the toolkit's nvcc, and a toolkit that was installed in part has none), or this clang is older than the toolkit and looks for names that CUDA no longer has.`,
    fix: (match) => {
      const root = toolkitOf(match);
      const version = /cuda-(\d+)\.(\d+)/.exec(root);
      const look = `ls ${root}/nvvm/libdevice/libdevice.10.bc`;
      return [
        version === null || platformOf(match) !== "linux"
          ? `${look}   # not there: the toolkit's nvcc has to be installed, too (NVIDIA's package cuda-nvcc-<version>)`
          : `${look} || sudo apt-get install cuda-nvcc-${version[1] ?? ""}-${version[2] ?? ""}   # of NVIDIA's repository; Fedora, RHEL: dnf`,
        ...compiledAgain(match, (command) => command),
        "# there, and still not found: a newer clang (clang++ --version), or nvcc in its place: cmake -DCMAKE_CUDA_COMPILER=nvcc in an empty build folder",
      ];
    },
    sources: [
      "llvm/llvm-project#63660",
      "kokkos/kokkos#1518",
      "https://llvm.org/docs/CompileCudaWithLLVM.html",
      "https://docs.nvidia.com/cuda/cuda-installation-guide-linux/#meta-packages",
    ],
    examples: [
      {
        text: "$ clang++ a.cu --cuda-path=/usr/local/cuda-11.4 --cuda-gpu-arch=sm_50\nclang: error: cannot find libdevice for sm_50; provide path to different CUDA installation via '--cuda-path', or pass '-nocudalib' to build without linking with libdevice",
        expect: "cuda-nvcc-11-4",
      },
    ],
  },
  {
    id: "clang-refuses-cuda",
    title: "This clang is older than the CUDA toolkit or the GPU",
    on: ["compile", "driver"],
    specificity: 86,
    matches: (finding) =>
      finding.kind === "driver"
        ? finding.tool === "clang"
          ? said(finding, /unsupported CUDA gpu architecture: (?<arch>sm_\d+\w?)/)
          : undefined
        : /__clang_cuda_runtime_wrapper\.h$/.test(finding.file ?? "")
          ? said(finding, /Unsupported CUDA version/)
          : undefined,
    confidence: "high",
    cause: (match) => {
      const version = clangOf(match);
      return match.facts["arch"] === undefined
        ? `clang${version === undefined ? "" : ` ${version}`} compiles the CUDA code by itself, and its own headers refuse the toolkit that was found: it is newer than this clang.`
        : `clang${version === undefined ? "" : ` ${version}`} compiles the CUDA code by itself and does not know ${match.facts["arch"]}: the GPU is newer than this clang.`;
    },
    fix: (match) => {
      const cmake = match.context.log.cmake;
      const nvcc =
        "cmake -DCMAKE_CUDA_COMPILER=nvcc ..   # in an empty build folder: nvcc compiles for the GPU, clang the rest";
      return [
        "clang++ --version; ls -d /usr/local/cuda*   # a toolkit that is old enough for this clang: --cuda-path=<its folder>",
        `${match.context.log.conda ? "" : "# "}conda install -c conda-forge clangxx   # a new clang, without root; https://apt.llvm.org has others`,
        cmake ? nvcc : `# or ${nvcc}`,
      ];
    },
    sources: ["https://llvm.org/docs/CompileCudaWithLLVM.html", "fireice-uk/xmr-stak-nvidia#27"],
    examples: [
      {
        text: '/usr/bin/../lib/clang/3.9.1/include/__clang_cuda_runtime_wrapper.h:66:2: error: "Unsupported CUDA version!"',
        expect: "clang 3.9.1",
      },
      { text: "clang++-17: error: unsupported CUDA gpu architecture: sm_120", expect: "newer than this clang" },
    ],
  },
  {
    id: "clang-target-not-in-cuda",
    title: "The CUDA toolkit has no such GPU any more, or not yet",
    on: ["driver"],
    specificity: 84,
    matches: (finding) =>
      said(
        finding,
        /GPU arch (?<arch>sm_\d+\w?) is supported by CUDA versions between (?<least>[\d.]+) and (?<most>[\d.]+) \(inclusive\), but installation at (?<root>\S+) is (?<has>[\d.]+\d)/,
      ),
    confidence: "high",
    cause: (match) => {
      const { arch = "", least = "", most = "", root = "", has = "" } = match.facts;
      return tooNew(match)
        ? `clang is to compile for ${arch}, which CUDA has had up to ${most}, and ${root} is CUDA ${has}.`
        : `clang is to compile for ${arch}, which CUDA has since ${least}, and ${root} is CUDA ${has}.`;
    },
    fix: (match) => {
      const { arch = "", least = "", most = "", has = "" } = match.facts;
      const bound = tooNew(match) ? most : least;
      const target = oldestTarget(has);
      return [
        ...(tooNew(match)
          ? [
              ...compiledAgain(match, (command) => command.replaceAll(arch, `sm_${target}`)),
              `# for a newer GPU (nvidia-smi --query-gpu=compute_cap --format=csv): ${match.context.log.cmake ? "" : "CMake: "}cmake -DCMAKE_CUDA_ARCHITECTURES=${target} .. in an empty build folder`,
            ]
          : []),
        "ls -d /usr/local/cuda*   # the toolkits that are installed",
        `# for ${arch} itself: --cuda-path=/usr/local/cuda-${bound}, a toolkit of CUDA ${bound}${tooNew(match) ? " or older" : " or newer"} (https://developer.nvidia.com/cuda-toolkit-archive)`,
      ];
    },
    sources: [
      "https://clang.llvm.org/docs/DiagnosticsReference.html",
      "https://llvm.org/docs/CompileCudaWithLLVM.html",
    ],
    examples: [
      {
        text: "$ clang++ a.cu --cuda-gpu-arch=sm_35 -o a\nclang++: error: GPU arch sm_35 is supported by CUDA versions between 7.0 and 11.8 (inclusive), but installation at /usr/local/cuda is 12.0; use '--cuda-path' to specify a different CUDA install, pass a different GPU arch with '--cuda-gpu-arch', or pass '--no-cuda-version-check'",
        expect: "--cuda-gpu-arch=sm_50 -o a",
      },
    ],
  },
];

function tooNew({ facts }: Match): boolean {
  return compareVersions(parseVersion(facts["has"] ?? "0"), parseVersion(facts["most"] ?? "0")) > 0;
}

function clangOf(match: Match): string | undefined {
  const { finding } = match;
  return (
    /[\\/]clang[\\/](\d+(?:\.\d+)*)[\\/]/.exec(finding.file ?? "")?.[1] ??
    /\bclang(?:\+\+)?-(\d+)/.exec(finding.program ?? "")?.[1]
  );
}
