/** Errors of the CUDA and HIP run time, of the driver, and of the libraries above them, wherever they stand in a line. */
import type { Collector } from "../collector.ts";
import type { LogLine } from "../log-line.ts";
import type { Parser } from "./parser.ts";

/** What the run times say, by name and by words, each with the code that the rules know. */
const said: readonly (readonly [RegExp, string])[] = [
  [
    /no kernel image is available|cudaErrorNoKernelImageForDevice|CUDA_ERROR_NO_BINARY_FOR_GPU|cudaErrorNoBinaryForGpu/i,
    "no-kernel-image",
  ],
  [
    /hipErrorNoBinaryForGpu|(?:Unable to find|Cou?l?dn'?t find) (?:code object|binary) for (?:all )?current devices|no kernel image.*HIP|rocBLAS error: (?:Cannot read|Could not initialize Tensile)|TensileLibrary\S* .*No such file/i,
    "no-kernel-image",
  ],
  [
    /\b(?:CUDA|HIP) error[^:]*: invalid device function|cudaErrorInvalidDeviceFunction|hipErrorInvalidDeviceFunction|\binvalid device function\b/i,
    "invalid-device-function",
  ],
  [
    /PTX was compiled with an unsupported toolchain|CUDA_ERROR_UNSUPPORTED_PTX_VERSION|cudaErrorUnsupportedPtxVersion|unsupported PTX version/i,
    "unsupported-ptx",
  ],
  [
    /a PTX JIT compilation failed|CUDA_ERROR_INVALID_PTX|cudaErrorInvalidPtx|cudaErrorJitCompilerNotFound|PTX JIT compiler library not found/i,
    "ptx-jit",
  ],
  [/forward compatibility was attempted|cudaErrorCompatNotSupportedOnDevice|\bError 804\b/i, "forward-compatibility"],
  [/system not yet initialized|cudaErrorSystemNotReady|\bError 802\b/i, "not-ready"],
  [/Failed to initialize NVML: Driver\/library version mismatch/, "nvml-mismatch"],
  [
    /could not select device driver .* with capabilities: \[\[gpu|unknown or invalid runtime name: nvidia|nvidia-container-runtime: no such file/i,
    "container-runtime",
  ],
  [/nvidia-container-cli: requirement error: unsatisfied condition: cuda/, "driver"],
  [/Cannot find a working triton installation|TritonMissing/, "no-triton"],
  [/too old to be supported by the triton GPU compiler|GPUTooOldForTriton/, "too-old-for-triton"],
  [/out of resource: shared memory, Required: /, "launch-resources"],
  [/device kernel image is invalid|CUDA_ERROR_INVALID_IMAGE|cudaErrorInvalidKernelImage/i, "invalid-image"],
  [
    /driver version is insufficient for CUDA runtime|cudaErrorInsufficientDriver|NVIDIA driver on your system is too old|unsupported display driver ?\/ ?cuda driver combination|cudaErrorSystemDriverMismatch/i,
    "driver",
  ],
  [
    /Found no NVIDIA driver on your system|no CUDA-capable device is detected|cudaErrorNoDevice|CUDA_ERROR_NO_DEVICE|No CUDA GPUs are available|No HIP GPUs are available|hipErrorNoDevice|couldn't communicate with the NVIDIA driver|but torch\.cuda\.is_available\(\) is False/i,
    "no-device",
  ],
  [/CUDA unknown error|cudaErrorUnknown|CUDA_ERROR_UNKNOWN/i, "unknown"],
  [
    /sm_\d+\w? is not compatible with the current PyTorch installation|The current PyTorch install supports CUDA capabilities|with CUDA capability sm_\d+|cuda capability [\d.]+ .*(?:no longer|not) support|which is of cuda capability/i,
    "torch-arch",
  ],
  [
    /named symbol not found|cudaErrorSymbolNotFound|CUDA_ERROR_NOT_FOUND|invalid device symbol|cudaErrorInvalidSymbol/i,
    "symbol-not-found",
  ],
  [
    /too many resources requested for launch|cudaErrorLaunchOutOfResources|CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES/i,
    "launch-resources",
  ],
  [
    /(?:CUDA|HIP) error[^:]*: invalid configuration argument|cudaErrorInvalidConfiguration|hipErrorInvalidConfiguration/i,
    "launch-configuration",
  ],
  [
    /an illegal memory access was encountered|cudaErrorIllegalAddress|hipErrorIllegalAddress|Memory access fault by GPU/i,
    "illegal-access",
  ],
  [/misaligned address|cudaErrorMisalignedAddress/i, "misaligned"],
  [/device-side assert triggered|cudaErrorAssert/i, "assert"],
  [/unspecified launch failure|cudaErrorLaunchFailure|hipErrorLaunchFailure/i, "launch-failure"],
  [/an illegal instruction was encountered|cudaErrorIllegalInstruction/i, "illegal-instruction"],
  [
    /(?:CUDA|HIP) out of memory|cudaErrorMemoryAllocation|CUDA_ERROR_OUT_OF_MEMORY|hipErrorOutOfMemory|(?:CUDA|HIP) error: out of memory/i,
    "out-of-memory",
  ],
  [
    /CUBLAS_STATUS_NOT_SUPPORTED|CUBLAS_STATUS_ARCH_MISMATCH|CUDNN_STATUS_ARCH_MISMATCH|CUBLAS_STATUS_INVALID_VALUE|CUBLAS_STATUS_EXECUTION_FAILED|CUDNN_STATUS_EXECUTION_FAILED|CUDNN_STATUS_SUBLIBRARY_VERSION_MISMATCH|CUDNN_STATUS_VERSION_MISMATCH|cuDNN version incompatibility/i,
    "library-status",
  ],
  [
    /Unable to load any of \{libcud\w+|Cannot load symbol cu(?:dnn|blas)\w+|Could not load library libcudnn\w*/i,
    "library-not-loaded",
  ],
  [/CUBLAS_STATUS_NOT_INITIALIZED|CUBLAS_STATUS_ALLOC_FAILED|CUDNN_STATUS_NOT_INITIALIZED/i, "library-not-initialized"],
  [
    /Torch not compiled with (?:CUDA|XPU|MPS|ROCm) enabled|module ['"]torch\._C['"] has no attribute ['"]_cuda_?\w+['"]|has no attribute ['"]_CudaStreamBase|Cannot initialize CUDA without ATen_cuda library/i,
    "torch-without-gpu",
  ],
  [
    /Not compiled with (?:GPU|CUDA) support|not compiled with CUDA|is not compiled with GPU|compiled without (?:CUDA|GPU)|CUDA support is not (?:available|enabled|compiled)|Not implemented on the CPU|not been compiled with CUDA/i,
    "extension-without-gpu",
  ],
  [
    /invalid resource handle|cudaErrorInvalidResourceHandle|context is destroyed|cudaErrorContextIsDestroyed/i,
    "resource-handle",
  ],
  [
    /peer access is not supported|all CUDA-capable devices are busy|cudaErrorDevicesUnavailable|operation not supported on this device|(?:CUDA|HIP) error: operation not (?:supported|permitted)|cudaErrorNotSupported/i,
    "not-supported",
  ],
];

const anyOf =
  /NVML|nvidia|compatibility|initialized|capabilities|[Tt]riton|out of resource|libcud|load symbol|[Cc][Uu][Dd][Aa]|HIP|hip|kernel|PTX|NVIDIA|CUBLAS|CUDNN|cuDNN|device|GPU|launch|toolchain|misaligned|illegal|compiled with|symbol not found|rocBLAS|Tensile|_cuda|_Cuda/;

/** The parser of run-time errors. */
export function gpuParser(): Parser {
  return {
    line(line: LogLine, out: Collector): boolean {
      const { text } = line;
      if (!anyOf.test(text) || text.length > 4_000) return false;
      // A compile command or a source line quotes such names without anything having failed.
      if (
        /^\S*(?:nvcc|hipcc|c\+\+|g\+\+|gcc)\b.* -c |^\d+ \| |^\s*(?:case|if|return|#define|TORCH_CHECK|AT_ASSERT)\b|^>>> |^\+ |^\w+\s*=\s/.test(
          text,
        )
      )
        return false;
      for (const [words, code] of said) {
        if (!words.test(text)) continue;
        const hip = /\bHIP\b|hipError|ROCm|rocBLAS|Tensile/.test(text);
        const match = /(?:CUDA|HIP) error[^:]*: (.*)$/.exec(text);
        out.add(line, {
          kind: "gpu",
          tool: hip ? "hip" : "cuda",
          code,
          message: match?.[1] ?? text,
          severity: /^\S*Warning|UserWarning|\bWARNING\b/.test(text) ? "warning" : "error",
        });
        return false;
      }
      const other = /\b(CUDA|HIP) error(?: \d+)?(?: at [^:]+:\d+)?: (.+)$/.exec(text);
      if (other !== null) {
        out.add(line, {
          kind: "gpu",
          tool: other[1] === "HIP" ? "hip" : "cuda",
          code: "other",
          message: other[2] ?? "",
        });
      }
      return false;
    },
  };
}
