/** Code for the GPU where the compiler takes it for the host's, and calls between the two that it refuses. */
import { typedAsCuda } from "../commands/typed-again.ts";
import type { Finding } from "../finding.ts";
import { baseName } from "../parsers/parser.ts";
import { type Match, type MatchFacts, placeOf, type Rule, said, saidAny } from "../rule.ts";

const hostCall = /calling a __host__ function(?:\("(?<callee>[^"]*)"\))?/;

/** Words of CUDA's and HIP's language that an ordinary C++ compiler does not know. */
const gpuWord =
  "__global__|__device__|__constant__|__shared__|__launch_bounds__|threadIdx|blockIdx|blockDim|gridDim|warpSize|__syncthreads|__syncwarp|__ldg|__shfl\\w*|__ballot_sync|__float2half\\w*";
const gpuWords: readonly RegExp[] = [
  new RegExp(
    `[‘'"](?<name>${gpuWord})[’'"] (?:was not declared|does not name a type|has not been declared|is undefined)`,
  ),
  new RegExp(
    `(?:use of undeclared identifier|unknown type name|expected .* before|syntax error: identifier|syntax error: missing '.' before identifier) [‘'](?<name>${gpuWord})[’']`,
  ),
  new RegExp(`^'(?<name>${gpuWord})'\\s?: (?:undeclared identifier|identifier not found)`),
];

/** The word of GPU code in a message of a host compiler about a source that it takes for plain C or C++. */
function gpuWordIn(finding: Finding): MatchFacts | undefined {
  const ending = /\.(c|cc|cpp|cxx|c\+\+|C|h|hh|hpp|hxx)$/.exec(finding.file ?? "")?.[1];
  if (ending === undefined || finding.severity === "warning") return undefined;
  const facts =
    saidAny(finding, ...gpuWords) ??
    ((/<<<.*>>>/.test(finding.source ?? "") && /expected|syntax error/.test(finding.message)) ||
    (finding.code === "C2059" && /'<'$/.test(finding.message))
      ? { name: "<<<…>>>" }
      : undefined);
  return facts === undefined ? undefined : { ...facts, ending };
}

function isHeader(match: Match): boolean {
  return /^h/.test(match.facts["ending"] ?? "");
}

export const hostAndDeviceRules: readonly Rule[] = [
  {
    id: "gpu-code-in-host-source",
    title: "GPU code stands in a file that the C++ compiler gets",
    on: ["compile"],
    specificity: 74,
    matches: (finding) => (finding.tool === "nvcc" || finding.tool === "cudafe++" ? undefined : gpuWordIn(finding)),
    confidence: (match) => (match.finding.code === "C2059" ? "medium" : "high"),
    cause: (match) =>
      isHeader(match)
        ? `\`${match.facts["name"] ?? ""}\` is of the language of ${match.context.log.amd ? "HIP" : "CUDA"}, and the C++ compiler reads ${placeOf(match.finding)}: a .cpp file includes this header with code for the GPU.`
        : `\`${match.facts["name"] ?? ""}\` is of the language of ${match.context.log.amd ? "HIP" : "CUDA"}, and ${placeOf(match.finding)} is compiled as plain ${match.facts["ending"] === "c" ? "C" : "C++"}: the ending (.${match.facts["ending"] ?? "cpp"}) decides, with setup.py, CMake, nvcc and hipcc alike. Kernels, and calls with <<<…>>>, belong into a .cu${match.context.log.amd ? " or .hip" : ""} file.`,
    fix: (match) => {
      if (isHeader(match))
        return [
          "# include it in .cu files alone, and give .cpp files a header with plain functions; or rename the .cpp that includes it to .cu",
          "# a header for both: #ifdef __CUDACC__ (nvcc; __HIPCC__ with hipcc) around kernels, and #include <cuda_runtime.h>, which makes __host__ and __device__ empty words for C++ compilers",
        ];
      const file = baseName(match.finding.file ?? "a.cpp");
      const name = file.replace(/\.\w+$/, "");
      const typed = match.context.log.amd ? [] : typedAsCuda(match);
      if (typed.length > 0)
        return [...typed, `# or rename ${file} to ${name}.cu: nvcc, CMake and torch's builder go by the ending`];
      return match.context.log.amd
        ? [
            `# rename ${file} to ${name}.hip (torch's CUDAExtension: ${name}.cu), with #include <hip/hip_runtime.h>, and name it in the sources`,
            `hipcc -x hip -c ${file}   # or leave the name and say what it is; CMake: set_source_files_properties(${file} PROPERTIES LANGUAGE HIP)`,
          ]
        : [
            `# rename ${file} to ${name}.cu and name that in the sources of a CUDAExtension (one .cpp and one .cu may not have the same name: ${name}_kernel.cu)`,
            "# or move the kernel and its launch into a .cu file, and declare there a plain function that the .cpp calls",
            `# CMake: set_source_files_properties(${file} PROPERTIES LANGUAGE CUDA); nvcc by hand: nvcc -x cu`,
          ];
    },
    sources: ["ROCm/legacy-rocm-build#1922", "https://docs.pytorch.org/tutorials/advanced/cpp_custom_ops.html"],
    examples: [
      { text: "foo.cpp:3:1: error: ‘__global__’ does not name a type", expect: "rename foo.cpp to foo.cu" },
      {
        text: "/opt/rocm/hip/bin/hipcc  -c  -D__HIP_PLATFORM_AMD__     t.c\nt.c:14:10: error: use of undeclared identifier 'threadIdx'",
        expect: "hipcc -x hip -c t.c",
      },
      { text: "foo.cpp(3): error C2065: 'threadIdx': undeclared identifier", expect: "foo.cu" },
      { text: "/p/csrc/utils.h:3:1: error: ‘__device__’ does not name a type", expect: "__CUDACC__" },
      { text: "kernel.cpp(10): error C2059: syntax error: '<'", expect: "kernel.cu" },
      {
        text: "a.cpp:9:12: error: expected primary-expression before ‘<’ token\n    9 |   k<<<1, 32>>>(x);\n      |    ^",
        expect: "<<<",
      },
    ],
  },
  {
    id: "debug-iterators-in-device-code",
    title: "A debug build's iterators are for the host only",
    on: ["compile"],
    specificity: 84,
    matches: (finding) =>
      said(
        finding,
        /calling a __host__ function.*(?<name>std::_Iterator_base12|_Container_base12|__gnu_debug::\w+|_STL_VERIFY)/,
      ),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\` is of the checked iterators that a debug build turns on (/MDd and _DEBUG with Visual C++, _GLIBCXX_DEBUG with gcc): they are host functions, and device code (${placeOf(match.finding)}) gets to them through thrust.`,
    fix: () => [
      "# build as Release or RelWithDebInfo: -DCMAKE_BUILD_TYPE=RelWithDebInfo; torch itself: set REL_WITH_DEB_INFO=1 in place of DEBUG=1",
      "# or keep Debug without checked iterators: -D_ITERATOR_DEBUG_LEVEL=0 for cxx and nvcc, in all files (LNK2038 otherwise)",
    ],
    sources: ["pytorch/pytorch#38024"],
    examples: [
      {
        text: 'C:\\CUDA\\include\\thrust/detail/contiguous_storage.inl(282): error: calling a __host__ function("std::_Iterator_base12::_Iterator_base12") from a __host__ __device__ function("thrust::swap") is not allowed',
        expect: "RelWithDebInfo",
      },
    ],
  },
  {
    id: "old-gcc-library-in-device-code",
    title: "The C++ library of an old gcc does not go into device code",
    on: ["compile"],
    specificity: 82,
    matches: (finding) => {
      const gcc = /[\\/]c\+\+[\\/](4(?:\.\d+)*)[\\/]/.exec(finding.file ?? "")?.[1];
      return gcc === undefined || !hostCall.test(finding.message) ? undefined : { gcc };
    },
    confidence: "high",
    cause: (match) =>
      `In the C++ library of gcc ${match.facts["gcc"] ?? "4"} (${placeOf(match.finding)}) std::tuple and others are not constexpr as nvcc needs them to call them in device code: gcc 5 was the first whose library is.`,
    fix: () => [
      "g++ --version",
      "sudo apt-get install gcc-6 g++-6 && export CC=gcc-6 CXX=g++-6 CUDAHOSTCXX=g++-6   # CUDA 9 takes up to gcc 6, CUDA 10 up to gcc 8, CUDA 11 up to gcc 10 or newer",
      "rm -rf build   # CMake keeps the compiler it found first",
    ],
    sources: ["pytorch/pytorch#15528"],
    examples: [
      {
        text: '/usr/include/c++/4.8/tuple(132): error: calling a __host__ function("std::_Head_base<(unsigned long)0ul, int, false> ::_Head_base") from a __device__ function("f") is not allowed',
        expect: "gcc 5",
      },
    ],
  },
  {
    id: "device-call-from-host",
    title: "Host code calls a device function",
    on: ["compile"],
    specificity: 70,
    matches: (finding) =>
      finding.severity === "warning"
        ? undefined
        : saidAny(
            finding,
            /calling a __device__ function(?:\("(?<callee>[^"]*)"\))?(?: "(?<callee2>[^"]*)")? from a __host__(?: __device__)? function/,
            /reference to __device__ function '(?<callee>[^']+)' in __host__(?: __device__)? function/,
          ),
    confidence: "high",
    cause: (match) =>
      `Code for the CPU (${placeOf(match.finding)}) calls ${match.facts["callee"] === undefined ? "a function" : `\`${match.facts["callee"]}\``}, which is declared __device__ and exists on the GPU only.`,
    fix: (match) => [
      `# declare ${(match.facts["callee"] ?? "the function").replace(/\(.*$/, "")} __host__ __device__ where it is defined (if it uses nothing of the GPU), or the caller __device__ alone`,
      "# where the two sides differ: #ifdef __CUDA_ARCH__ … #else … #endif in the body",
      "# code that is not yours: a newer release of it often has it",
    ],
    sources: ["nerfstudio-project/gsplat#41", "vernamlab/cuHE#8"],
    examples: [
      {
        text: 'csrc/bindings.cu(72): error: calling a __device__ function("num_sh_bases(unsigned int)") from a __host__ function("compute_sh_forward_tensor") is not allowed',
        expect: "# declare num_sh_bases __host__ __device__",
      },
    ],
  },
];
