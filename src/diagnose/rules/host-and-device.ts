/** Calls between host and device code that nvcc refuses. */
import { placeOf, type Rule, said, saidAny } from "../rule.ts";

const hostCall = /calling a __host__ function(?:\("(?<callee>[^"]*)"\))?/;

export const hostAndDeviceRules: readonly Rule[] = [
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
