/** Device code between dialects: CUDA's words in HIP, torch's half types in CUDA, SYCL's headers twice. */
import { pip, python, reinstall } from "../commands/commands.ts";
import { packageOf } from "../tables/packages.ts";
import { type Match, placeOf, type Rule, said, saidAny } from "../rule.ts";

/** oneAPI's compiler folder in a path: `/opt/intel/oneapi/compiler/2025.0`. */
function oneApiFolder(match: Match): string {
  return (
    /^.{0,300}?[\\/]compiler[\\/](?:latest|\d+\.\d+(?:\.\d+)?)(?=[\\/])/.exec(match.finding.file ?? "")?.[0] ??
    "/opt/intel/oneapi/compiler/latest"
  );
}

export const gpuDialectRules: readonly Rule[] = [
  {
    id: "hip-no-sync-functions",
    title: "This HIP has no warp functions with _sync",
    on: ["compile"],
    specificity: 86,
    matches: (finding, context) =>
      context.log.amd || finding.tool === "hipcc" || /\.hip$|_hip\.|[\\/]hip[\\/]/.test(finding.file ?? "")
        ? said(
            finding,
            /(?:use of undeclared identifier|identifier not found:?) '?(?<name>__(?:shfl(?:_up|_down|_xor)?|ballot|any|all|match_any|match_all)_sync)\b/,
          )
        : undefined,
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\` (${placeOf(match.finding)}) is CUDA's. HIP has it since ROCm 6.2, and before ROCm 7 only where HIP_ENABLE_WARP_SYNC_BUILTINS is defined; older releases have the functions without _sync alone.`,
    fix: (match) => [
      match.context.log.cmake
        ? 'cmake -B build -DCMAKE_HIP_FLAGS="-DHIP_ENABLE_WARP_SYNC_BUILTINS"   # ROCm 6.2 to 6.4, with the options of before, in an empty build folder'
        : "export HIPCC_COMPILE_FLAGS_APPEND=-DHIP_ENABLE_WARP_SYNC_BUILTINS   # ROCm 6.2 to 6.4; in setup.py: extra_compile_args={'nvcc': ['-DHIP_ENABLE_WARP_SYNC_BUILTINS']}",
      "# older ROCm, or in the code: #ifdef __HIP_PLATFORM_AMD__, and __shfl_xor(v, lane, width), __shfl_up, __shfl_down, __ballot(p) without _sync and mask",
      "# or ROCm 7; its masks have 64 bits (0xffffffffffffffffULL)",
    ],
    sources: [
      "https://rocm.docs.amd.com/projects/HIP/en/latest/how-to/hip_cpp_language_extensions.html",
      "tracel-ai/cubecl#450",
    ],
    examples: [
      {
        text: "/src/norm.cuh:31:10: error: use of undeclared identifier '__shfl_down_sync'\n1 error generated when compiling for gfx90a.",
        expect: "HIP_ENABLE_WARP_SYNC_BUILTINS",
      },
    ],
  },
  {
    id: "torch-half-is-ambiguous",
    title: "A cast between torch's and CUDA's half types is ambiguous",
    on: ["compile"],
    specificity: 84,
    matches: (finding) =>
      saidAny(
        finding,
        /more than one (?:user-defined conversion|conversion function) from "(?:const )?(?<from>(?:c10|at)::(?:Half|BFloat16))(?: &)?" to "(?<to>__half|half|__nv_bfloat16|nv_bfloat16|__hip_bfloat16)"/,
        /(?:ambiguous conversion for \S+ cast|conversion|cast) from ['"‘](?:const )?(?<from>(?:c10|at)::(?:Half|BFloat16))(?: &)?['"’] (?:\(aka '[^']{1,80}'\) )?to ['"‘](?<to>__half|half|__nv_bfloat16|nv_bfloat16|__hip_bfloat16)['"’](?: is ambiguous)?/,
      ),
    confidence: (match) => (/more than one|ambiguous/.test(match.finding.message) ? "high" : "medium"),
    cause: (match) =>
      `\`${match.facts["from"] ?? "c10::Half"}\` of this torch converts to \`${match.facts["to"] ?? "__half"}\` directly and through float, so the cast in \`${placeOf(match.finding)}\` has two ways to go. The source was written for another torch, whose type had one of them only.`,
    fix: (match) => {
      const name = packageOf(match);
      const pyg = /(?:^|[\\/])csrc[\\/]cuda[\\/]utils\.cuh$/.test(match.finding.file ?? "");
      const bfloat = /BFloat16/.test(match.facts["from"] ?? "");
      const to = match.facts["to"] ?? "__half";
      return [
        ...(name === undefined
          ? [
              pyg
                ? `${pip(match, "install --upgrade --no-build-isolation torch-scatter")}   # it has it mended since 2.1.0; torch-sparse, torch-cluster: likewise the newest; ready-made: -f https://data.pyg.org/whl/torch-<version>.html`
                : "# a package of others: its newest release was made for this torch",
            ]
          : reinstall(match, name)),
        `# in the source, for (${to})x: x.operator ${to}(), or ${bfloat ? "__float2bfloat16" : "__float2half"}(static_cast<float>(x))`,
      ];
    },
    sources: ["rusty1s/pytorch_scatter#337"],
    examples: [
      {
        text: 'src/warp.cuh(40): error: more than one user-defined conversion from "const c10::BFloat16" to "__nv_bfloat16" applies:',
        expect: "__float2bfloat16",
      },
      {
        text: 'csrc/cuda/utils.cuh(7): error: more than one user-defined conversion from "const c10::Half" to "__half" applies:',
        expect: "data.pyg.org",
      },
      {
        text: "src/warp.cuh:9:12: error: ambiguous conversion for C-style cast from 'const c10::Half' to '__half'",
        expect: "x.operator __half()",
      },
    ],
  },
  {
    id: "sycl-headers-twice",
    title: "Two copies of SYCL's headers are read",
    on: ["compile"],
    specificity: 86,
    matches: (finding) =>
      /[\\/]include[\\/](?:CL[\\/])?sycl[\\/]/.test(finding.file ?? "")
        ? said(finding, /^redefinition of (?:default argument|'(?<name>[^']{1,200})')/)
        : undefined,
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["name"] ?? "The same thing"}\` is defined twice, in SYCL's own header: each of these headers is read once from one folder, so two copies are on the include path. One is of the oneAPI compiler, the other of pip's \`intel-sycl-rt\`, which torch for XPU depends on (include/ of the Python environment).`,
    fix: (match) => [
      `${pip(match, "show -f intel-sycl-rt")}   # its version and headers; icpx --version says the compiler's`,
      `unset CPLUS_INCLUDE_PATH CPATH   # in setup.py: include_dirs=["${oneApiFolder(match)}/include", ...], before all others, and no -I<environment>/include`,
      `mv "$(${python(match)} -c "import sys; print(sys.prefix)")/include/sycl" "$(${python(match)} -c "import sys; print(sys.prefix)")/include/sycl.aside"   # else: pip's headers out of the way; its libraries stay`,
      "# or a newer torch, whose headers do not include sycl/ext/oneapi/bfloat16.hpp by themselves, and the oneAPI release that it was built with",
    ],
    sources: ["pytorch/pytorch#152562", "intel/torch-xpu-ops#1503"],
    examples: [
      {
        text: "/opt/intel/oneapi/compiler/2025.1/include/sycl/half_type.hpp:88:7: error: redefinition of 'half'",
        expect: "intel-sycl-rt",
      },
    ],
  },
];
