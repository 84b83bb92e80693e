/** Functions of CUDA's device libraries that nvlink asks for: the library is missing on the device link, no source is. */
import { isDevice } from "./symbol-owners.ts";
import type { MatchFacts, Rule } from "../rule.ts";
import type { Finding } from "../finding.ts";

interface DeviceLibrary {
  /** As `-l` names it. */
  readonly name: string;
  /** What the code uses it for. */
  readonly why: string;
}

/** Source: the device runtime chapter of the CUDA C++ guide, NVSHMEM's and cuFFTDx's installation pages. */
const libraries: readonly (readonly [RegExp, DeviceLibrary])[] = [
  [
    /^_*cuda[A-Z]\w*$|^__cuda(?:CDP|_syscall|_cdp)\w*$/,
    {
      name: "cudadevrt",
      why: "the run time on the device: a kernel that starts kernels (dynamic parallelism), synchronizes a grid (cooperative groups) or calls cudaMalloc, cudaGetDevice and the like itself",
    },
  ],
  [/^_*(?:Z\w*)?nvshmem\w*$/, { name: "nvshmem_device", why: "NVSHMEM's device side" }],
  [/^_*nccl(?:x|GIN|Gin|LSA)?\w*$/i, { name: "nccl_static", why: "NCCL's device side" }],
];

function libraryOf(finding: Finding): MatchFacts | undefined {
  const symbol = finding.symbol ?? "";
  if (/nvshmemi_ibgda/.test(symbol))
    return { name: "nvshmem_device", why: "NVSHMEM's GPU-initiated InfiniBand (IBGDA)", symbol, ibgda: "yes" };
  const found = libraries.find(([form]) => form.test(symbol))?.[1];
  return found === undefined ? undefined : { name: found.name, why: found.why, symbol };
}

export const deviceLinkRules: readonly Rule[] = [
  {
    id: "device-library-not-linked",
    title: "A device library is missing on the device link",
    on: ["undefined-symbol"],
    specificity: 90,
    matches: (finding) => (isDevice(finding) ? libraryOf(finding) : undefined),
    confidence: "high",
    cause: (match) =>
      match.facts["ibgda"] !== undefined
        ? `\`${match.facts["symbol"] ?? ""}\` is of NVSHMEM's GPU-initiated InfiniBand (IBGDA), and the libnvshmem_device.a that is linked does not have it: this NVSHMEM was built without NVSHMEM_IBGDA_SUPPORT (or is of another release than the headers).`
        : `\`${match.facts["symbol"] ?? ""}\` is of ${match.facts["why"] ?? ""}; it lives in lib${match.facts["name"] ?? ""}.a, which the device link (nvcc -dlink, nvlink) was not given. To give it to the host link alone is not enough.`,
    fix: (match) => {
      const name = match.facts["name"] ?? "";
      if (match.facts["ibgda"] !== undefined)
        return [
          "NVSHMEM_IBGDA_SUPPORT=1 NVSHMEM_IBRC_SUPPORT=1 cmake -S nvshmem_src -B build -DCMAKE_INSTALL_PREFIX=$NVSHMEM_DIR && cmake --build build --target install   # NVSHMEM again, with IBGDA",
          "python -m pip install nvidia-nvshmem-cu12   # or NVIDIA's own package, which has it; then export NVSHMEM_DIR to that one",
          "nm -C $NVSHMEM_DIR/lib/libnvshmem_device.a | grep ibgda_device_state   # is it there now?",
        ];
      return [
        `nvcc -dlink … -l${name}   # after the objects, with -L<its folder>; the same -l${name} on the host link`,
        `# setup.py: CUDAExtension(..., dlink=True, dlink_libraries=["${name}"], libraries=["${name}"])`,
        name === "cudadevrt"
          ? "# CMake: target_link_libraries(the_target PRIVATE CUDA::cudadevrt) and CUDA_SEPARABLE_COMPILATION ON, CUDA_RESOLVE_DEVICE_SYMBOLS ON"
          : `# CMake: target_link_libraries(the_target PRIVATE ${name}) and CUDA_RESOLVE_DEVICE_SYMBOLS ON; Bazel's rules_cuda: linkopts of the cuda_library`,
      ];
    },
    sources: [
      "https://docs.nvidia.com/cuda/cuda-c-programming-guide/#compiling-and-linking",
      "k2-fsa/k2#133",
      "bazel-contrib/rules_cuda#416",
    ],
    examples: [
      {
        text: "nvlink error   : Undefined reference to 'cudaGetParameterBufferV2' in 'a.o' (target: sm_62)",
        expect: "CUDA::cudadevrt",
      },
      {
        text: "nvlink error   : Undefined reference to 'nvshmemi_device_state_d' in 'a2a.rdc.o'",
        expect: "-lnvshmem_device",
      },
      {
        text: "nvlink error   : Undefined reference to 'nvshmemi_ibgda_device_state_d' in 'a.o'",
        expect: "NVSHMEM_IBGDA_SUPPORT=1",
      },
      { text: "ptxas fatal   : Unresolved extern function 'cudaLaunchDeviceV2'", expect: "-lcudadevrt" },
    ],
  },
];
