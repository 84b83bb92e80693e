/** Intel GPUs: oneAPI's compiler and what it says of the device. */
import { setVariable } from "../commands.ts";
import { header, includedBy, missingProgram } from "../matchers.ts";
import { type Rule, said, saidAny } from "../rule.ts";

export const syclRules: readonly Rule[] = [
  {
    id: "sycl-toolkit-not-found",
    title: "oneAPI is not found",
    on: ["build-tool", "exception", "wrapper"],
    specificity: 86,
    matches: (finding) =>
      saidAny(
        finding,
        /FindSYCLToolkit|torch::xpurt|SYCL_HOME|CMPLR_ROOT|SYCL runtime is not|oneAPI .{0,40}not found/i,
      ),
    confidence: "high",
    cause: () =>
      "An XPU build of PyTorch looks for Intel's DPC++ compiler and SYCL run time (CMPLR_ROOT, SYCL_ROOT), and oneAPI's environment is not set in this shell, or oneAPI is not installed.",
    fix: () => [
      "source /opt/intel/oneapi/setvars.sh",
      "# not there: install intel-deep-learning-essentials or intel-oneapi-compiler-dpcpp-cpp from Intel's package repository",
    ],
    sources: ["pytorch/pytorch#149353", "https://docs.pytorch.org/docs/stable/notes/get_start_xpu.html"],
    examples: [
      {
        text: 'CMake Error in CMakeLists.txt:\n  The link interface of target "c10_xpu" contains:\n\n    torch::xpurt\n\n  but the target was not found.',
        expect: "setvars.sh",
      },
    ],
  },
  {
    id: "sycl-compiler-failed",
    title: "The SYCL compiler is not found, or failed for the device",
    on: ["driver", "wrapper", "build-tool", "missing-program", "missing-header", "exception"],
    specificity: 84,
    matches: (finding) =>
      (finding.kind === "missing-program"
        ? missingProgram(finding, /^(?:icpx|icx|dpcpp|ocloc|sycl-ls)$/)
        : undefined) ??
      (finding.kind === "missing-header"
        ? header(finding, /^(?<name>(?:sycl|CL\/sycl|oneapi|level_zero|dpct|oneapi\/dpl|dnnl\w*)[\w/.]*)/)
        : undefined) ??
      saidAny(
        finding,
        /gen compiler command failed|llvm-foreach.*failed|[‘']?ocloc[’']?.*(?:failed|error|not found)|spir64_gen|icpx(?:: command)? not found/i,
      ),
    confidence: "medium",
    cause: (match) =>
      match.facts["header"] !== undefined
        ? `\`${match.facts["header"]}\`${includedBy(match)} is of Intel oneAPI: the source is not compiled by icpx (SyclExtension with .sycl files), or oneAPI's environment is not set.`
        : match.facts["name"] !== undefined && match.facts["name"] !== "ocloc"
          ? `\`${match.facts["name"]}\` of Intel oneAPI is not found: the DPC++ compiler is not installed, or its environment is not set (setvars.sh was not sourced in this shell).`
          : "The ahead-of-time compile for Intel GPUs failed: ocloc (the offline compiler) is not installed or does not know the device in TORCH_XPU_ARCH_LIST, or oneAPI's environment is not set.",
    fix: (match) => [
      "source /opt/intel/oneapi/setvars.sh",
      setVariable(match, "TORCH_XPU_ARCH_LIST", "pvc") + "   # your GPU: bmg, dg2, pvc",
      "sudo apt-get install intel-ocloc   # compiler: intel-oneapi-compiler-dpcpp-cpp (Intel's package repository)",
    ],
    sources: ["intel/intel-extension-for-pytorch#367", "pytorch/pytorch#149353"],
    examples: [
      {
        text: "icpx: error: gen compiler command failed with exit code 245 (use -v to see invocation)",
        expect: "ocloc",
      },
      { text: "csrc/k.cpp:2:10: fatal error: 'sycl/sycl.hpp' file not found", expect: "SyclExtension" },
    ],
  },
  {
    id: "sycl-no-double",
    title: "The Intel GPU has no double precision",
    on: ["gpu", "driver", "exception"],
    specificity: 84,
    matches: (finding) =>
      said(
        finding,
        /Double (?:type|arithmetic operation) is not supported on this platform|Required aspect fp64 is not supported on the device|(?:fp64|double) .*not supported (?:on|by) (?:the|this) device/i,
      ),
    confidence: "high",
    cause: () =>
      "The code uses double, and this GPU (Arc, Iris Xe, most Core Ultra) has no units for it; only the data-center GPUs (PVC) have.",
    fix: () => [
      "# float in place of double in the kernels (constants as 1.0f, at::opmath_type), or #if on the device's aspect::fp64",
      "export OverrideDefaultFP64Settings=1 IGC_EnableDPEmulation=1   # lets the driver emulate it, slowly",
    ],
    sources: ["https://github.com/intel/compute-runtime/blob/master/opencl/doc/FAQ.md"],
    examples: [
      {
        text: "error: Double arithmetic operation is not supported on this platform with FP64 emulation mode off.",
        expect: "OverrideDefaultFP64Settings",
      },
      { text: "RuntimeError: Required aspect fp64 is not supported on the device", expect: "emulate" },
    ],
  },
];
