/** Errors of the CUDA and HIP run time, of the driver, and of the libraries above them, wherever they stand in a line. */
import type { Collector } from "../collector.ts";
import type { LogLine } from "../text/log-line.ts";
import type { Parser } from "./parser.ts";

/** What the run times say, by name and by words, each with the code that the rules know. */
const said: readonly (readonly [RegExp, string])[] = [
  [/nvrtc: error: (?:invalid value for|unsupported) --?gpu-architecture|\bNVRTC_ERROR_INVALID_OPTION\b/i, "nvrtc-arch"],
  [/failed to open (?:lib)?nvrtc-builtins|NVRTC_ERROR_BUILTIN_OPERATION_FAILURE/i, "nvrtc-builtins"],
  [
    /CUDA-capable devices?(?:\(s\))? (?:are|is\/are|is) busy or unavailable|cudaErrorDevicesUnavailable|CUDA_ERROR_DEVICE_UNAVAILABLE|cudaErrorDeviceAlreadyInUse|exclusive-(?:process|thread) device already in use/i,
    "device-busy",
  ],
  [
    /invalid device ordinal|cudaErrorInvalidDevice\b|hipErrorInvalidDevice\b|CUDA_ERROR_INVALID_DEVICE\b|device >= 0 && device < num_gpus|Attempting to deserialize object on (?:CUDA|a CUDA) device \d/i,
    "invalid-device",
  ],
  [
    /uncorrectable (?:ECC|NVLink) error|cudaErrorECCUncorrectable|cudaErrorNvlinkUncorrectable|hardware stack error|GPU is lost|fallen off the bus|NVRM: Xid|unspecified driver error|Unable to determine the device handle for GPU/i,
    "hardware",
  ],
  [/OS call failed or operation not supported on this OS|cudaErrorOperatingSystem\b/i, "os-call"],
  [/peer access is not supported|peer mapping resources exhausted|cudaErrorPeerAccessUnsupported/i, "peer-access"],
  [/No XPU devices are available|(?:PI|UR_RESULT)_ERROR_DEVICE_NOT_FOUND|no XPU device/i, "no-xpu"],
  [
    /(?:CUDA error|Error 3): initialization error|cudaErrorInitializationError|CUDA_ERROR_NOT_INITIALIZED/i,
    "init-error",
  ],
  [/\bMIOpen Error: |\bMIOpen\(HIP\): (?:Error|Warning) |\bmiopenStatus(?!Success)\w+/, "miopen"],
  [
    /MPS client failed to connect|MPS (?:client|server|RPC) (?:\w+ ){0,4}(?:failed|terminated|not ready)|cudaErrorMps\w+|CUDA_ERROR_MPS_\w+|\bError 80[5-9]\b/,
    "mps",
  ],
  [
    /operation (?:not permitted when stream is|would make the legacy stream depend on a|failed due to a previous error during) captur|cudaErrorStreamCapture\w+|during CUDA graph capture/,
    "graph-capture",
  ],
  [/SM ?\d+(?:\.[\dx]+)?a? (?:requires|needs) CUDA ?(?:>=|version|toolkit)? ?\d/i, "toolkit-for-sm"],
  [/No kernel named \S+ was found|(?:PI|UR_RESULT)_ERROR_INVALID_KERNEL_NAME/, "xpu-kernel"],
  [/Native API (?:failed|returns)/, "xpu"],
  [
    /Unable to open \/dev\/kfd|is not member of "(?:render|video)" group|\/dev\/kfd: Permission denied|HSA_STATUS_ERROR_NOT_INITIALIZED|hsa api call failure/i,
    "no-kfd",
  ],
  [
    /cutlass_matmul\.h:\d+ status failed with error Error Internal|Got cutlass error: Error Internal/,
    "cutlass-internal",
  ],
  [/Loaded runtime CuDNN library: \d/, "cudnn-older"],
  [/kernel version [\d.]+ does not match DSO version [\d.]+/, "driver"],
  [/Unable to dynamically load the "cuda" shared library/, "no-libcuda"],
  // What LD_DEBUG=libs shows of the loader's work.
  [/calling init: \/(?!\S*(?:site|dist)-packages)\S*\/libcudnn_\w+\.so\.\d/, "cudnn-part"],
  [/No execution plans? (?:support the graph|built successfully)|cudnnGraphNotSupportedError/, "cudnn-plans"],
  [
    /too many blocks in cooperative launch|cudaErrorCooperativeLaunchTooLarge|CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE/i,
    "cooperative-launch",
  ],
  [/driver shutting down|cudaErrorCudartUnloading|CUDA_ERROR_DEINITIALIZED/i, "shutting-down"],
  [/Duplicate GPU detected/, "nccl-duplicate"],
  [
    /Watchdog caught collective operation timeout|Timed out waiting \d+\s?ms for (?:recv|send)|(?:NCCL|RCCL|collective) (?:operation )?(?:timeout|timed out)/i,
    "nccl-timeout",
  ],
  [
    /\bnccl(?:UnhandledCudaError|SystemError|InternalError|InvalidUsage|InvalidArgument|RemoteError)\b|\b[NR]CCL error\b|unhandled (?:cuda|system|hip) error|NCCL WARN (?!Call to ibv).*(?:fail|error)|Error while creating shared memory segment (?:\/dev\/shm\/)?nccl-/i,
    "nccl",
  ],
  [
    /no kernel image is available|cudaErrorNoKernelImageForDevice|CUDA_ERROR_NO_BINARY_FOR_GPU|cudaErrorNoBinaryForGpu/i,
    "no-kernel-image",
  ],
  [
    /hipErrorNoBinaryForGpu|HSA_STATUS_ERROR_INVALID_ISA|(?:Unable to find|Cou?l?dn'?t find) (?:code object|binary) for (?:all )?current devices|no kernel image.*HIP|program ISA \S+ is not compatible with the device ISA|rocBLAS error: (?:Cannot read|Could not initialize Tensile)|TensileLibrary\S* .*No such file/i,
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
  [/out of resource: [\w ]{4,20}, Required: /, "triton-resources"],
  [/device kernel image is invalid|CUDA_ERROR_INVALID_IMAGE|cudaErrorInvalidKernelImage/i, "invalid-image"],
  [
    /driver version is insufficient for CUDA runtime|cudaErrorInsufficientDriver|NVIDIA driver on your system is too old|unsupported display driver ?\/ ?cuda driver combination|cudaErrorSystemDriverMismatch/i,
    "driver",
  ],
  [
    /Found no NVIDIA driver on your system|CUDA driver initialization failed|no CUDA-capable device is detected|cudaErrorNoDevice|CUDA_ERROR_NO_DEVICE|No CUDA GPUs are available|No HIP GPUs are available|hipErrorNoDevice|couldn't communicate with the NVIDIA driver|but torch\.cuda\.is_available\(\) is False/i,
    "no-device",
  ],
  [/CUDA unknown error|(?:CUDA|HIP) error[^:]*: unknown error|cudaErrorUnknown|CUDA_ERROR_UNKNOWN/i, "unknown"],
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
    /(?:CUDA|HIP|[Cc]uda) ?(?:error|kernel (?:launch )?failed|[Cc]heck[Ee]rror\(\)[^:]{0,30}|failure)[^:]*: ?invalid configuration argument|cudaErrorInvalidConfiguration|hipErrorInvalidConfiguration/i,
    "launch-configuration",
  ],
  [
    /an illegal memory access was encountered|cudaErrorIllegalAddress|hipErrorIllegalAddress|Memory access fault by GPU|operation not supported on global\/shared address space|cudaErrorInvalidAddressSpace|CUDA error: invalid program counter|cudaErrorInvalidPc/i,
    "illegal-access",
  ],
  [/the launch timed out and was terminated|cudaErrorLaunchTimeout|CUDA_ERROR_LAUNCH_TIMEOUT/i, "launch-timeout"],
  [/misaligned address|cudaErrorMisalignedAddress/i, "misaligned"],
  [/device-side assert triggered|cudaErrorAssert/i, "assert"],
  [/unspecified launch failure|cudaErrorLaunchFailure|hipErrorLaunchFailure/i, "launch-failure"],
  [/an illegal instruction was encountered|cudaErrorIllegalInstruction/i, "illegal-instruction"],
  [
    /(?:CUDA|HIP|XPU|MPS|MPS backend) out of memory|cudaErrorMemoryAllocation|CUDA_ERROR_OUT_OF_MEMORY|hipErrorOutOfMemory|(?:CUDA|HIP) error: out of memory/i,
    "out-of-memory",
  ],
  [
    /\bCU(?:BLAS|DNN|SOLVER|SPARSE|RAND)_STATUS_(?!NOT_INITIALIZED|ALLOC_FAILED|SUCCESS)[A-Z_]+|\b(?:HIPBLAS(?:LT)?|ROCBLAS|HIPSOLVER|HIPSPARSE)_STATUS_(?!SUCCESS)\w+|\b(?:hipblas|rocblas)_?[Ss]tatus_?(?!Success)\w+|\bCUFFT_(?!SUCCESS)[A-Z_]{5,}|cuDNN version incompatibility|(?:GET|FIND) was unable to find an engine|[Uu]nable to find a valid cuDNN algorithm|No valid engine configs/,
    "library-status",
  ],
  [
    /Unable to load any of \{libcud\w+|Cannot load symbol cu(?:dnn|blas)\w+|Could not load library libcudnn\w*/i,
    "library-not-loaded",
  ],
  [/CU(?:BLAS|DNN|SOLVER|SPARSE|RAND)_STATUS_(?:NOT_INITIALIZED|ALLOC_FAILED)/i, "library-not-initialized"],
  [
    /Torch not compiled with (?:CUDA|XPU|MPS|ROCm) enabled|module ['"]torch\._C['"] has no attribute ['"]_cuda_?\w+['"]|has no attribute ['"]_CudaStreamBase|Cannot initialize CUDA without ATen_cuda library/i,
    "torch-without-gpu",
  ],
  [
    /Not compiled with (?:GPU|CUDA) support|assertion \(!?\w+\.is_cuda\(\)\) failed\W+\w+ must be (?:a )?CPU|not compiled with CUDA|is not compiled with GPU|compiled without (?:CUDA|GPU)|CUDA support is not (?:available|enabled|compiled)|Not implemented on the CPU|not been compiled with CUDA|implementation for device (?:cuda|gpu|CUDA)\S* not found/i,
    "extension-without-gpu",
  ],
  [
    /(?:GPUassert|\bcuda[A-Z]\w+ ?\(|CUDA (?:Runtime|Driver|API) [Ee]rror|[Kk]ernel (?:launch|execution)|\.cuh?[:(,]).{0,120}\binvalid configuration argument\b/,
    "launch-configuration",
  ],
  [
    /\bcudaErrorInvalidValue\b|CUDA_ERROR_INVALID_VALUE|(?:GPUassert|\bcuda[A-Z]\w+ ?\(|CUDA (?:Runtime|Driver|API) [Ee]rror|[Kk]ernel (?:launch|execution)|\.cuh?[:(,]).{0,120}\binvalid argument\b/,
    "invalid-value",
  ],
  [
    /invalid resource handle|cudaErrorInvalidResourceHandle|context is destroyed|cudaErrorContextIsDestroyed/i,
    "resource-handle",
  ],
  [
    /operation not supported on this device|(?:CUDA|HIP) error: operation not (?:supported|permitted)|cudaErrorNotSupported/i,
    "not-supported",
  ],
];

/**
 * Error numbers of the CUDA run time and driver, for messages that give nothing else.
 * Source: cudaError in driver_types.h, CUresult in cuda.h.
 */
const codeOfNumber: Readonly<Record<string, string>> = {
  "2": "out-of-memory",
  "3": "init-error",
  "35": "driver",
  "46": "device-busy",
  "54": "device-busy",
  "98": "invalid-device-function",
  "100": "no-device",
  "101": "invalid-device",
  "200": "invalid-image",
  "209": "no-kernel-image",
  "214": "hardware",
  "217": "peer-access",
  "218": "ptx-jit",
  "220": "hardware",
  "221": "ptx-jit",
  "222": "unsupported-ptx",
  "304": "os-call",
  "400": "resource-handle",
  "500": "symbol-not-found",
  "700": "illegal-access",
  "701": "launch-resources",
  "702": "launch-timeout",
  "709": "resource-handle",
  "710": "assert",
  "715": "illegal-instruction",
  "716": "misaligned",
  "717": "illegal-access",
  "718": "illegal-access",
  "719": "launch-failure",
  "801": "not-supported",
  "802": "not-ready",
  "803": "driver",
  "804": "forward-compatibility",
  "805": "mps",
  "806": "mps",
  "807": "mps",
  "808": "mps",
  "809": "mps",
  "999": "unknown",
};

const numbered =
  /cudaGetDeviceCount\(\).{0,200}\bError (\d{1,3}): |\bcuda\w*(?: \w+){0,3} failed with (?:error|code|status)(?: code)?[ :=(#]{1,3}(\d{1,3})(?=[\s)\]:,;([.]|$)(?! errors?)|\b(?:CUDA|cuda)(?: run-?time| driver| API)?(?:[ _](?:error|failure|status|err))(?: code| number| no\.?| ?=)?:? ?[=#(]{0,2}(\d{1,3})(?=[\s)\]:,;([.]|$)/i;

const anyOf =
  /execution plan|amdgcn|INVALID_KERNEL|MIOpen|is_cuda|captur|STATUS|NVML|render|XPU|MPS|Native API|PI_ERROR|UR_RESULT|kfd|HSA|hsa|NCCL|RCCL|nccl|ollective|unhandled|busy|ordinal|ECC|NVRM|CUFFT|CUS|CUR|MIOPEN|miopen|nvrtc|NVRTC|driver|peer|engine|resource handle|context|nvidia|nvidia|compatibility|initialized|capabilities|[Tt]riton|cutlass|out of resource|libcud|load symbol|[Cc][Uu][Dd][Aa]|HIP|hip|kernel|PTX|NVIDIA|CUBLAS|CUDNN|cuDNN|device|GPU|launch|toolchain|misaligned|illegal|compiled with|symbol not found|rocBLAS|Tensile|_cuda|_Cuda/;

/** The parser of run-time errors. */
export function gpuParser(): Parser {
  return {
    line(line: LogLine, out: Collector): boolean {
      const { text } = line;
      if (!anyOf.test(text) || text.length > 4_000) return false;
      // A compile command or a source line quotes such names without anything having failed.
      if (
        /^\S*(?:nvcc|hipcc|c\+\+|g\+\+|gcc)\b.* -c |^\d+ \| |^\s*(?:case|if|return|raise|#define|TORCH_CHECK|AT_ASSERT)\b|^>>> |^\+ |^\w+\s*=\s/.test(
          text,
        )
      )
        return false;
      for (const [words, code] of said) {
        if (!words.test(text)) continue;
        const hip = /amdgcn|HSA_STATUS_|rocdevice|\bHIP\b|hipError|ROCm|rocBLAS|Tensile|MIOpen|miopen/.test(text);
        const match = /(?:CUDA|HIP) error[^:]*: (.*)$/.exec(text);
        out.add(line, {
          kind: "gpu",
          tool: hip ? "hip" : "cuda",
          code,
          message: match?.[1] ?? text,
          severity: /^\S*Warning|UserWarning|\bWARNING\b|^MIOpen\(HIP\): Warning/.test(text) ? "warning" : "error",
        });
        return false;
      }
      const found = numbered.exec(text);
      const number = found?.[1] ?? found?.[2] ?? found?.[3];
      const code = number === undefined ? undefined : codeOfNumber[number];
      if (code !== undefined) {
        out.add(line, { kind: "gpu", tool: "cuda", code, message: text });
        return false;
      }
      const other = /\b(CUDA|HIP)(?: driver)? error(?: \d+)?(?: at [^:]+:\d+)?: (.+)$/.exec(text);
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
