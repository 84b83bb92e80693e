/** Functions of CUDA's device libraries that nvlink asks for: the library is missing on the device link, no source is. */
import { isDevice } from "./symbol-owners.ts";
import { quote } from "../text/quote.ts";
import { knownCapabilities, setVariable } from "../commands/commands.ts";
import type { Match, MatchFacts, Rule } from "../rule.ts";
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

/** NCCL itself is built: what is missing is in objects of its own. */
function ofNccl({ file = "", text }: Finding): boolean {
  return (
    /\/(?:collectives\/device|device)\/(?:gensrc\/)?\w+\.o\b|\/colldevice\.a\b/.test(`${file} ${text}`) &&
    /nccl/i.test(text)
  );
}

export const deviceLinkRules: readonly Rule[] = [
  {
    id: "nccl-objects-incomplete",
    title: "NCCL's own build links objects that do not belong together",
    on: ["undefined-symbol"],
    specificity: 92,
    matches: (finding) => (isDevice(finding) && ofNccl(finding) ? { symbol: finding.symbol ?? "" } : undefined),
    confidence: "medium",
    cause: (match) =>
      `\`${match.facts["symbol"] ?? ""}\` is defined by another source of NCCL's own (src/collectives/device, src/device), and the object of that one is missing in the device link or was made for other GPUs: an earlier build of another release, another nvcc or another NVCC_GENCODE left objects in the build folder, or one of them failed.`,
    fix: (match) => {
      // torch's build makes NCCL below its own build folder.
      const ofTorch = /['"]?(\S*build\/nccl)\/obj\//.exec(match.finding.text)?.[1];
      if (ofTorch !== undefined)
        return [
          `rm -rf ${quote(ofTorch.replace(/^['"]/, ""))}   # NCCL's objects alone, which the next build makes anew`,
          setVariable(
            match,
            "TORCH_CUDA_ARCH_LIST",
            (knownCapabilities(match)[0] ?? "8.0").replace(/^(\d+)(\d)$/, "$1.$2"),
          ),
          ...(match.context.log.setupCommand === undefined
            ? ["python setup.py develop   # in torch's sources; or: pip install --no-build-isolation -v -e ."]
            : []),
        ];
      return [
        "make src.clean   # with the same BUILDDIR= as the build; the objects that are left are what does not fit",
        `make -j src.build NVCC_GENCODE="-gencode=arch=compute_${gpu(match)},code=sm_${gpu(match)}"   # the GPU's own number: nvidia-smi --query-gpu=compute_cap --format=csv; CUDA_HOME= and BUILDDIR= as before`,
        "# ready-made: pip install nvidia-nccl-cu12, or https://developer.nvidia.com/nccl",
      ];
    },
    sources: ["NVIDIA/nccl#654", "NVIDIA/nccl#668", "https://github.com/NVIDIA/nccl#build"],
    examples: [
      {
        text: "nvlink error   : Undefined reference to 'ncclShmem' in 'nccl/build/obj/collectives/device/sendrecv_sum_i8.o' (target: sm_35)\nmake[2]: *** [Makefile:73: nccl/build/obj/collectives/device/devlink.o] Error 255",
        expect: "make src.clean",
      },
    ],
  },
  {
    id: "device-library-not-linked",
    title: "A device library is missing on the device link",
    on: ["undefined-symbol"],
    specificity: 90,
    matches: (finding) => (isDevice(finding) && !ofNccl(finding) ? libraryOf(finding) : undefined),
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

/** The number of the GPU, `80`: of the text, else a common one. */
function gpu(match: Match): string {
  return (knownCapabilities(match)[0] ?? "8.0").replace(".", "");
}
