/** Names of CUDA's and HIP's libraries in a source that includes no header of theirs. */
import { addLines } from "../commands/source-edits.ts";
import { about } from "../matchers.ts";
import { codeAt, type Rule } from "../rule.ts";

/** Headers by their names, first match wins. Source: the headers of CUDA 12 and 13, of HIP and of NCCL. */
const headers: readonly (readonly [form: RegExp, header: string, what: string, space?: string])[] = [
  [
    /^(?:getCurrentCUDAStream|getDefaultCUDAStream|getStreamFromPool|getCurrentCUDABlasHandle|getCurrentDeviceProperties|getCurrentCUDASparseHandle)$/,
    "ATen/cuda/CUDAContext.h",
    "torch's part for CUDA (at::cuda)",
    "at::cuda",
  ],
  [/^(?:Optional)?CUDA(?:Stream)?Guard$/, "c10/cuda/CUDAGuard.h", "torch's part for CUDA (c10::cuda)", "c10::cuda"],
  [/^CUDAStream$/, "c10/cuda/CUDAStream.h", "torch's part for CUDA (c10::cuda)", "c10::cuda"],
  [/^cublasLt\w+$/, "cublasLt.h", "cuBLASLt"],
  [/^(?:cublas[A-Z]\w*|CUBLAS_\w+)$/, "cublas_v2.h", "cuBLAS"],
  [/^(?:cusparse[A-Z]\w*|CUSPARSE_\w+)$/, "cusparse.h", "cuSPARSE"],
  [/^cusolverSp\w*$/, "cusolverSp.h", "cuSOLVER"],
  [/^(?:cusolver[A-Z]\w*|CUSOLVER_\w+)$/, "cusolverDn.h", "cuSOLVER"],
  [/^(?:cufft[A-Z]\w*|CUFFT_\w+)$/, "cufft.h", "cuFFT"],
  [/^(?:curandState\w*|curand_\w+|curandStatePhilox4_32_10_t)$/, "curand_kernel.h", "cuRAND in kernels"],
  [/^(?:curand[A-Z]\w*|CURAND_\w+)$/, "curand.h", "cuRAND"],
  [/^(?:cudnn[A-Z]\w*|CUDNN_\w+)$/, "cudnn.h", "cuDNN"],
  [/^(?:nccl[A-Z]\w*)$/, "nccl.h", "NCCL"],
  [/^nvtx[A-Z]\w*$/, "nvtx3/nvToolsExt.h", "NVTX"],
  [/^nvml[A-Z]\w*$/, "nvml.h", "NVML"],
  [/^nvrtc[A-Z]\w*$/, "nvrtc.h", "NVRTC"],
  [/^cudaProfiler(?:Start|Stop)$/, "cuda_profiler_api.h", "CUDA's profiler"],
  [
    /^(?:CU(?:device|context|stream|event|module|function|result|deviceptr|tensorMap|linkState)\w*|cu(?:Init|Ctx|Device|Module|Launch|Mem|Stream|Event|Func|Link|TensorMap|Get)\w*|CUDA_SUCCESS|CU_\w+)$/,
    "cuda.h",
    "CUDA's driver interface",
  ],
  [/^__nv_fp4\w*$/, "cuda_fp4.h", "CUDA's 4-bit floats"],
  [/^(?:hiprand[A-Z_]\w*)$/, "hiprand/hiprand_kernel.h", "hipRAND"],
  [/^(?:hipblas[A-Z]\w*)$/, "hipblas/hipblas.h", "hipBLAS"],
  [/^(?:hip[A-Z]\w*)$/, "hip/hip_runtime.h", "HIP's run time"],
  [
    /^(?:cuda(?:Stream|Event|Error|Memcpy|Memset|Malloc|Free|Host|Device|Get|Set|Peek|Launch|Func|Graph|Mem|Pointer|Occupancy|Success|IPC|Ipc|Array|Extent|Pos|Pitched|Channel|Runtime|Driver|Invalid|Thread)\w*|dim3|(?:make_)?(?:float|double|int|uint|char|uchar|short|ushort|long|longlong)[1-4])$/,
    "cuda_runtime.h",
    "CUDA's run time",
  ],
];

const guide = "https://docs.nvidia.com/cuda/";

export const gpuNameRules: readonly Rule[] = [
  {
    id: "gpu-library-header-not-included",
    title: "The header of a CUDA or HIP library is not included",
    on: ["compile"],
    specificity: 67,
    matches: (finding) => {
      if (finding.severity === "warning" || finding.severity === "note" || /member/.test(finding.message))
        return undefined;
      const name = about(finding, /^\w+$/)?.["name"] ?? "";
      if (
        !/not declared|undeclared|is undefined|does not name|unknown type|has not been declared|identifier not found|undeclared identifier/.test(
          finding.message,
        )
      )
        return undefined;
      const found = headers.find(([form]) => form.test(name));
      // nvcc includes the run time by itself: what is unknown there was removed.
      if (
        found === undefined ||
        (found[1] === "cuda_runtime.h" && (finding.tool === "cudafe++" || /\.cuh?$/.test(finding.file ?? "")))
      )
        return undefined;
      // torch's own header for streams brings the run time along.
      const withTorchs =
        found[1] === "cuda_runtime.h" && /\b(?:at|c10)::cuda::|\bcuda::(?:getCurrent|CUDA)/.test(finding.source ?? "");
      return { name, header: withTorchs ? "ATen/cuda/CUDAContext.h" : found[1], what: found[2], space: found[3] };
    },
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\` is of ${match.facts["what"] ?? "CUDA"}, and ${codeAt(match.finding).replace(/^The/, "the")} includes no header that brings it (torch/extension.h brings none of CUDA's)${match.facts["header"] === "cuda_runtime.h" ? "; kernels and their launches (<<<…>>>) belong into a .cu file all the same" : ""}.`,
    fix: (match) => {
      const header = match.facts["header"] ?? "";
      const torchs =
        header === "cuda_runtime.h"
          ? "with torch's streams and guards: <ATen/cuda/CUDAContext.h> and <c10/cuda/CUDAGuard.h>, which bring it; the build needs CUDA's include folder: CUDAExtension in place of CppExtension"
          : header.startsWith("cublas") || header.startsWith("cusparse") || header.startsWith("cusolver")
            ? "torch's own handle: at::cuda::getCurrentCUDABlasHandle() of <ATen/cuda/CUDAContext.h>, which includes it; the library is linked by libraries=[…] of CUDAExtension"
            : undefined;
      const { space, name = "" } = match.facts;
      const lines = addLines(match, [
        `#include <${header}>`,
        ...(space === undefined ? [] : [`using ${space}::${name};`]),
      ]);
      return [
        ...(lines.length > 0
          ? lines
          : [
              `# at the head of the file: #include <${header}>${space === undefined ? "" : `, and ${space}::${name} at each place`}`,
            ]),
        ...(torchs === undefined ? [] : [`# ${torchs}`]),
      ];
    },
    sources: [`${guide}cuda-runtime-api/`, `${guide}curand/device-api-overview.html`],
    examples: [
      {
        text: "a.cpp:2:35: error: ‘cudaStream_t’ was not declared in this scope",
        expect: "1i #include <cuda_runtime.h>",
      },
      { text: "a.cpp:2:35: error: unknown type name 'cufftHandle'", expect: "cufft.h" },
      { text: 'k.cu(5): error: identifier "curandState" is undefined', expect: "curand_kernel.h" },
      { text: "a.cpp(5): error C3861: 'cudaMemcpyAsync': identifier not found", expect: "cuda_runtime.h" },
      { text: "a.cpp:2:35: error: ‘dim3’ was not declared in this scope", expect: "cuda_runtime.h" },
    ],
  },
];
