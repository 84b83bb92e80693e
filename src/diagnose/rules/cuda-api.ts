/** Names of CUDA's libraries that one release has and another has not. */
import { compareVersions, parseVersion } from "../../base/order.ts";
import { reinstall, torchCuda, useToolkit } from "../commands/commands.ts";
import { about } from "../matchers.ts";
import { addInclude } from "../commands/source-edits.ts";
import { type Match, placeOf, type Rule, saidAny } from "../rule.ts";

/** The header of one of CUDA's small types of numbers. */
function floatHeader(name: string): string | undefined {
  if (/^(?:__)?nv_bfloat16\d?$/.test(name)) return "cuda_bf16.h";
  if (/^__nv_fp8/.test(name)) return "cuda_fp8.h";
  return /^__nv_fp4/.test(name) ? "cuda_fp4.h" : undefined;
}

/** Whether the CUDA of the text is from before a small type of numbers. */
function isOlder(match: Match, name: string): boolean {
  const cuda = match.context.log.cuda ?? torchCuda(match);
  const since = name.includes("fp4") ? "12.8" : name.includes("fp8") ? "11.8" : "11.0";
  return cuda !== undefined && compareVersions(parseVersion(cuda), parseVersion(since)) < 0;
}

/** Functions of cuSPARSE that CUDA 11 took away. */
const goneWithCuda11 = /^cusparse[SDCZX]?csr(?:mm2?|mv(?:_mp)?|gemm(?:Nnz)?)$/;

function cusparseHistory(name: string): string {
  if (goneWithCuda11.test(name))
    return "CUDA 11.0 removed csrmv, csrmm and csrgemm of cuSPARSE (cusparseSpMM, SpGEMM and SpMV follow them)";
  return /^CUSPARSE_(?:SPMM|SPMV|SDDMM)_/.test(name)
    ? "cuSPARSE names its algorithms so since CUDA 11.0 (SpMM) and 11.2 (SpMV, SDDMM); before, they are CUSPARSE_MM_ALG_DEFAULT, CUSPARSE_CSRMM_ALG1 and the like"
    : "cuSPARSE changed it (the generic functions came with CUDA 10.1, the old ones went with 11.0 and 12.0)";
}

/** What an algorithm of cuSPARSE was called up to CUDA 10.2. */
function olderAlgorithm(name: string): string | undefined {
  const parts = /^CUSPARSE_SP(M[MV])_(?:(CSR|COO)_)?(ALG(?:_DEFAULT|\d))$/.exec(name);
  return parts === null ? undefined : `CUSPARSE_${parts[2] ?? ""}${parts[1] ?? ""}_${parts[3] ?? ""}`;
}

/** cuDNN has a name with _v3, _v4 or _v5 for one release more. */
const wantedCudnn = (name: string): number => Number(name.slice(-1)) + 1;

const cudnnRelease =
  "grep -rhE 'define CUDNN_(MAJOR|MINOR)' /usr/include/cudnn*.h /usr/local/cuda/include/cudnn*.h   # the release that is found";

/** Texture references, which CUDA 12 removed. */
const isTexture = /^(?:texture|tex1D|cudaBind|cudaUnbind|textureRef|cudaReadMode)/;

/** What makes the code and the CUDA fit each other. */
function forThisCuda(match: Match, name: string): string[] {
  const older = olderAlgorithm(name);
  const named = match.context.log.package;
  const newer = [
    ...(named === undefined ? [] : reinstall(match, named)),
    "# take the release of the package for this CUDA, or the CUDA toolkit that its documentation names",
  ];
  if (isTexture.test(name))
    return [
      "# in the code: a cudaTextureObject_t, made by cudaCreateTextureObject(&object, &resource, &description, nullptr) (a cudaResourceDesc names the array or the memory) and given to the kernel as a parameter, in place of texture<T> and cudaBindTexture…; tex2D<T>(object, x, y), tex1Dfetch<T>(object, i) in place of tex2D(reference, x, y)",
      ...(named === undefined ? [] : newer.slice(-1)),
      ...(named === undefined
        ? ["# code that cannot be changed: CUDA 11.8, with a torch that is built for it (cu118)"]
        : useToolkit(match, "11.8")),
    ];
  if (/^__(?:shfl|any|all|ballot)/.test(name))
    return [
      "# take the release of the package for this CUDA, or the CUDA toolkit that its documentation names",
      "# __shfl_down(v, n) → __shfl_down_sync(0xffffffff, v, n)",
    ];
  if (goneWithCuda11.test(name))
    return [
      ...newer,
      "# where no newer release of it exists: CUDA 10.2, with a torch that is built for it",
      ...useToolkit(match, "10.2"),
    ];
  if (/^CUSPARSE_(?:SPMM|SPMV|SDDMM)_/.test(name))
    return [
      ...newer.slice(-1),
      ...useToolkit(match, "11.8"),
      ...(older === undefined ? [] : [`# or, with this older CUDA, ${older} in the code in place of ${name}`]),
    ];
  if (/^cudnn\w+_v[345]$/.test(name))
    return [
      `# cuDNN ${wantedCudnn(name)} and the CUDA of its time, or the name without ${name.slice(-3)}, whose arguments may be others`,
      cudnnRelease,
    ];
  if (/^nvml/.test(name))
    return [
      "find / -name nvml.h 2>/dev/null   # one of an older CUDA is found first: take its folder out of CPATH and CMAKE_PREFIX_PATH",
      ...useToolkit(match, match.context.log.cuda ?? "11.8"),
    ];
  if (/^cudnn/.test(name)) return [cudnnRelease, ...newer];
  return newer;
}

export const cudaApiRules: readonly Rule[] = [
  {
    id: "cuda-api-removed",
    title: "This CUDA no longer has (or does not yet have) what the code uses",
    on: ["compile"],
    specificity: 76,
    matches: (finding) => {
      const facts = about(
        finding,
        /^(?:texture|tex1Dfetch|cudaBindTexture\w*|cudaUnbindTexture|textureReference|cudaReadModeElementType|cudaThreadSynchronize|cudaThreadExit|__shfl|__shfl_(?:up|down|xor)|__any|__all|__ballot|cublas\w+_v\d|cusparse\w*csr\w*|cusparseScsrmm2?|CUSPARSE_\w+ALG\w*|cudaGraph\w+|CUmemLocation\w*|cudaMemLocation\w*|CU_\w+|CUBLAS_\w+|CUBLASLT_\w+|cublas(?:ComputeType|Lt\w+|\w+)_t|cublas\w+Ex|CUDNN_\w+|cudnn[A-Z]\w*|CUSOLVER\w*|cusolver\w+|nvml(?:ProcessInfo|Device|System|Gpu|Fabric)\w*|NCCL_\w+|nccl[A-Z]\w*|__half_as_\w+|__u?(?:short|int)_as_half|cuda_fp8\w*|__nv_fp8\w*|__nv_bfloat16\w*|nv_bfloat16\w*|__nv_fp4\w*|cudaLaunchAttribute\w*|cudaLaunchKernelEx\w*|CUtensorMap\w*|cudaFuncSetSharedMemConfig|cudaDeviceSetSharedMemConfig)$/,
      );
      if (facts === undefined)
        return saidAny(
          finding,
          /(?<name>texture) is not a template/,
          /too (?:many|few) arguments to function [‘'](?:cu\w+Status_t|cudaError_t) (?<name>cu(?:dnn|blas|sparse|solver)[A-Z]\w*)\(/,
          /argument of type "[^"]+" is incompatible with parameter of type "(?<name>cu(?:blas|sparse|solver|dnn|rand|fft)\w+_t|cudaDataType\w*)"/,
          /(?:cannot convert|invalid conversion from) [‘'][^’']+[’'].* to [‘'](?<name>cu(?:blas|sparse|solver|dnn)\w+_t|cudaDataType\w*)/,
        );
      // Where the name is known and only the arguments do not fit, nothing was removed.
      return facts !== undefined &&
        /no matching function|no instance of/.test(finding.message) &&
        /^__(?:shfl|any|all|ballot)/.test(facts["name"] ?? "")
        ? undefined
        : facts;
    },
    confidence: ({ finding }) => (/^texture is not a template/.test(finding.message) ? "high" : "medium"),
    cause: (match) => {
      const name = match.facts["name"] ?? "";
      const why = /^(?:texture|tex1D|cudaBind|cudaUnbind|textureRef)/.test(name)
        ? "texture references were removed in CUDA 12"
        : /^__(?:shfl|any|all|ballot)/.test(name)
          ? "the warp functions without _sync are gone for new architectures"
          : /^(?:cublas|CUBLAS)/.test(name)
            ? "cuBLAS changed it (cublasComputeType_t, CUBLAS_COMPUTE_… came with CUDA 11.0, cublasLt with 10.1)"
            : /^(?:cudnn|CUDNN)/.test(name)
              ? /_v[345]$/.test(name)
                ? `cuDNN keeps names with ${name.slice(-3)} for the release ${wantedCudnn(name)} and drops them in a later one`
                : "cuDNN changed it (filters got a layout with 5; RNN and v6 functions went with cuDNN 9; newer descriptors came with 8)"
              : /^(?:cusparse|CUSPARSE)/.test(name)
                ? cusparseHistory(name)
                : /^nvml/.test(name)
                  ? "the nvml.h that is found is older than the code: it comes with the CUDA toolkit"
                  : /^(?:nccl|NCCL)/.test(name)
                    ? "the NCCL that is found is older than the code"
                    : /^(?:__nv_fp|cuda_fp8|CUtensorMap|cudaLaunch|__nv_bf|nv_bf)/.test(name)
                      ? "it came with a newer CUDA (bfloat16 11.0, FP8 and launch attributes 11.8, tensor maps 12.0, FP4 12.8)"
                      : "CUDA (or CUB, Thrust: CCCL 3 in CUDA 13) changed it";
      if (floatHeader(name) !== undefined)
        return `\`${name}\` is of <${floatHeader(name) ?? ""}>, which ${placeOf(match.finding)} does not include (another header may have brought it in elsewhere), or the CUDA that compiles it is older than the type (bfloat16 11.0, FP8 11.8, FP4 12.8).`;
      return `\`${name}\`: ${why}; the code (${placeOf(match.finding)}) was written for another CUDA than the one that compiles it${match.context.log.cuda === undefined ? "" : ` (${match.context.log.cuda})`}.`;
    },
    fix: (match) => {
      const name = match.facts["name"] ?? "";
      const header = floatHeader(name);
      return [
        ...(header === undefined || isOlder(match, name) ? [] : addInclude(match, header)),
        ...(isTexture.test(name) ? [] : ["nvcc --version"]),
        ...forThisCuda(match, name),
      ];
    },
    sources: [
      "https://docs.nvidia.com/cuda/cuda-toolkit-release-notes/",
      "https://rocm.docs.amd.com/projects/HIPIFY/en/latest/tables/CUSPARSE_API_supported_by_HIP.html",
    ],
    examples: [
      { text: 'q.cuh(3): error: identifier "__nv_fp8_e4m3" is undefined', expect: "11.8" },
      { text: 'cuda/spspmm_kernel.cu(76): error: identifier "cusparseXcsrgemmNnz" is undefined', expect: "cuda-10.2" },
      {
        text: 'gemm_kernel.cu(132): error: identifier "CUSPARSE_SPMM_ALG_DEFAULT" is undefined',
        expect: "CUSPARSE_MM_ALG_DEFAULT",
      },
      { text: 'mod.cu(77): error: identifier "cudnnSetFilterNdDescriptor_v4" is undefined', expect: "cuDNN 5" },
      {
        text: "/w/pytorch/c10/cuda/CUDACachingAllocator.cpp:1152:15: error: ‘nvmlProcessInfo_v1_t’ was not declared in this scope",
        expect: "nvml.h",
      },
      {
        text: "torch/csrc/cudnn/Descriptors.h:46:82: error: too many arguments to function ‘cudnnStatus_t cudnnSetFilterNdDescriptor(cudnnFilterDescriptor_t, cudnnDataType_t, int, const int*)’",
        expect: "CUDNN_(MAJOR",
      },
    ],
  },
];
