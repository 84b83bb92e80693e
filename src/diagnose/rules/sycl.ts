/** Intel GPUs: oneAPI's compiler and what it says of the device. */
import { pip, platformOf, python, rebuild, setVariable, unsetVariable } from "../commands/commands.ts";
import { header, includedBy, missingProgram } from "../matchers.ts";
import { baseName } from "../parsers/parser.ts";
import { owned } from "./symbol-owners.ts";
import { codeAt, type Match, type Rule, said, saidAny } from "../rule.ts";

/** Sets oneAPI's environment in the shell. */
export function setvars(match: Match): string {
  return platformOf(match) === "win32"
    ? '"C:\\Program Files (x86)\\Intel\\oneAPI\\setvars.bat"'
    : "source /opt/intel/oneapi/setvars.sh";
}

/** The target of the GPU in the words of Intel's ahead-of-time compiler. Source: ocloc's list of devices. */
const xpuTargets: readonly (readonly [RegExp, string])[] = [
  [/\bB5[78]0|Battlemage/i, "bmg"],
  [/\bA(?:7[57]0|580|380|310)|Arc\(TM\) A\d/i, "dg2"],
  [/Data Center GPU Max|\bPVC\b|Ponte/i, "pvc"],
  [/\bArc\(TM\) 1[34]0V|Lunar/i, "lnl-m"],
];

function xpuArchitecture({ facts }: Match): string {
  return xpuTargets.find(([form]) => form.test(facts["device"] ?? ""))?.[1] ?? "bmg,dg2,pvc";
}

export const syclRules: readonly Rule[] = [
  {
    id: "sycl-toolkit-not-found",
    title: "oneAPI is not found",
    on: ["build-tool", "exception", "wrapper"],
    specificity: 86,
    matches: (finding) =>
      // It ran, and failed at what follows there.
      /is not able to compile a simple test program/.test(finding.message)
        ? undefined
        : saidAny(
            finding,
            /Failed to find compiler path from OS PATH|(?:\bicp?x\b|dpcpp|DPC\+\+|SYCL|oneAPI)[^.]{0,40}compiler[^.]{0,60}(?:not found|not on|cannot|missing|not (?:been )?set)|(?:cannot|could not|unable to|failed to) find[^.]{0,40}(?:\bicp?x\b|dpcpp|DPC\+\+|SYCL|oneAPI)|FindSYCLToolkit|torch::xpurt|SYCL_HOME|CMPLR_ROOT|SYCL runtime is not|oneAPI .{0,40}not found/i,
          ),
    confidence: "high",
    cause: () =>
      "A build for Intel GPUs looks for Intel's DPC++ compiler (icx, icpx) on PATH and its SYCL run time (CMPLR_ROOT, SYCL_ROOT), and oneAPI's environment is not set in this shell, or oneAPI is not installed.",
    fix: (match) => [
      setvars(match),
      platformOf(match) === "win32"
        ? "where icx   # found now? build in this same prompt. Not there: install the Intel oneAPI Base Toolkit (or Intel Deep Learning Essentials)"
        : "which icpx   # found now? build in this same shell",
      "# not there: install intel-deep-learning-essentials or intel-oneapi-compiler-dpcpp-cpp from Intel's package repository",
    ],
    sources: ["pytorch/pytorch#149353", "https://docs.pytorch.org/docs/stable/notes/get_start_xpu.html"],
    examples: [
      {
        text: 'CMake Error in CMakeLists.txt:\n  The link interface of target "c10_xpu" contains:\n\n    torch::xpurt\n\n  but the target was not found.',
        expect: "setvars.sh",
      },
      {
        text: '  File "C:\\src\\ipex\\setup.py", line 431, in find_compilers\nRuntimeError: Failed to find compiler path from OS PATH',
        expect: "setvars.bat",
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
      setvars(match),
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
    id: "triton-sycl-headers-missing",
    title: "Triton for Intel GPUs does not find SYCL's headers",
    on: ["missing-header"],
    specificity: 88,
    // Triton's own helper, which the host compiler compiles when the first kernel runs: no source of an extension.
    matches: (finding) =>
      /triton[\\/]backends[\\/]intel[\\/]|spirv_utils|arch_utils/.test(`${finding.file ?? ""} ${finding.text}`)
        ? header(finding, /^(?<name>(?:sycl|CL\/sycl|level_zero)[\w/.]*)/)
        : undefined,
    confidence: "medium",
    cause: (match) =>
      `Triton compiles a helper of its own with the host's C++ compiler, and takes \`${match.facts["name"] ?? match.facts["header"] ?? "sycl/sycl.hpp"}\` from the folder that ONEAPI_ROOT names, else from the wheel intel-sycl-rt. ONEAPI_ROOT is set (setvars.sh of any part of oneAPI sets it: VTune, MKL), and no DPC++ compiler is installed there; or it is not set, and the wheel is not there.`,
    fix: (match) => [
      unsetVariable(match, "ONEAPI_ROOT") +
        "   # in the shell that runs the program; and do not source setvars.sh in it",
      `${pip(match, "show -f intel-sycl-rt")} | ${platformOf(match) === "win32" ? "findstr sycl.hpp" : "grep sycl.hpp"}   # the headers of the wheel; not there: ${pip(match, "install --force-reinstall triton-xpu intel-sycl-rt")} from torch's xpu index, in the releases that torch asks for`,
      `# with setvars.sh kept: install intel-oneapi-compiler-dpcpp-cpp from Intel's package repository, then ${setvars(match)}; newer releases of Triton go on to the wheel by themselves`,
    ],
    sources: ["intel/intel-xpu-backend-for-triton#7977", "intel/intel-xpu-backend-for-triton#8054"],
    examples: [
      {
        text: "$ source /opt/intel/oneapi/setvars.sh\n$ python add.py\nIn file included from /tmp/tmpa1/spirv_utils.cpp:13:\n/e/lib/python3.12/site-packages/triton/backends/intel/include/sycl_functions.h:13:10: fatal error: sycl/sycl.hpp: No such file or directory",
        expect: "unset ONEAPI_ROOT",
      },
      {
        text: "/e/lib/python3.11/site-packages/triton/backends/intel/driver.c:5:10: fatal error: 'level_zero/ze_api.h' file not found",
        expect: "intel-sycl-rt",
      },
    ],
  },
  {
    id: "sycl-kernel-not-in-image",
    title: "A SYCL kernel is not in the module's device code",
    on: ["gpu"],
    specificity: 80,
    matches: (finding) =>
      finding.code === "xpu-kernel" ? (said(finding, /No kernel named (?<kernel>\S+) was found/) ?? {}) : undefined,
    confidence: "medium",
    cause: (match) =>
      `SYCL's run time looks for ${match.facts["kernel"] === undefined ? "a kernel" : `\`${match.facts["kernel"]}\``} in the device code that the loaded modules brought, and it is not there: the objects were linked without -fsycl (by g++, or without the device link step), two modules have a kernel of the same name, or compiler and SYCL run time are of two oneAPI releases.`,
    fix: (match) => [
      "# compile and link with icpx -fsycl (SyclExtension of torch 2.7 and newer does both; retorch too); no plain g++ at the link",
      "# give each kernel class a name of its own, not in an anonymous namespace; or -fsycl-unnamed-lambda",
      setvars(match) + "   # the oneAPI release that torch was built with; then build again",
    ],
    sources: ["intel/intel-extension-for-pytorch#330", "intel/llvm#6421"],
    examples: [
      {
        text: "RuntimeError: No kernel named _ZTSZ12lltm_forward was found -46 (PI_ERROR_INVALID_KERNEL_NAME)",
        expect: "-fsycl",
      },
    ],
  },
  {
    id: "sycl-device-code-not-built",
    title: "The Intel GPU's driver cannot build the kernel's device code",
    on: ["gpu", "exception"],
    specificity: 79,
    matches: (finding) =>
      saidAny(
        finding,
        /The program was built for \d+ devices?.*?Build program log for '(?<device>[^']{1,80})'/s,
        /(?<code>PI_ERROR_BUILD_PROGRAM_FAILURE|UR_RESULT_ERROR_PROGRAM_BUILD_FAILURE|PI_ERROR_INVALID_BINARY|UR_RESULT_ERROR_INVALID_BINARY)/,
      ),
    confidence: "medium",
    cause: (match) =>
      `What the extension brings for the GPU${match.facts["device"] === undefined ? "" : ` (${match.facts["device"]})`} is compiled to the end by the GPU's driver when the kernel first runs, and that failed: the driver (compute runtime, IGC) is older than the oneAPI that compiled the extension or does not know this GPU well, the extension was compiled ahead of time for another GPU, or the kernel uses what the GPU does not have (double on Arc).`,
    fix: (match) => [
      setvars(match) + "   # the oneAPI release that torch was built with",
      setVariable(match, "TORCH_XPU_ARCH_LIST", xpuArchitecture(match)) +
        "   # compiled for this GPU ahead of time, the driver has nothing left to do",
      ...rebuild(match),
      "# the newest driver: https://dgpu-docs.intel.com (Linux: intel-opencl-icd, libze-intel-gpu1; Windows: Intel's Arc driver); sycl-ls shows its version",
      "# double in the kernel: float in its place, or OverrideDefaultFP64Settings=1 IGC_EnableDPEmulation=1",
    ],
    sources: [
      "https://github.com/intel/compute-runtime/releases",
      "https://docs.pytorch.org/docs/stable/cpp_extension.html",
    ],
    examples: [
      {
        text: "RuntimeError: The program was built for 1 devices\nBuild program log for 'Intel(R) Arc(TM) A770 Graphics':\n -11 (PI_ERROR_BUILD_PROGRAM_FAILURE)",
        expect: "TORCH_XPU_ARCH_LIST",
      },
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
  {
    id: "sycl-run-times-mixed",
    title: "Two releases of oneAPI's SYCL run time are mixed",
    on: ["undefined-symbol"],
    specificity: 64,
    matches: (finding, context) => owned(finding, context, "sycl"),
    confidence: (match) => (match.finding.phase === "load" ? "high" : "medium"),
    cause: (match) => {
      if (match.finding.phase !== "load")
        return `\`${match.facts["readable"] ?? ""}\` is of the SYCL run time, which is not linked: SYCL sources are linked by icpx -fsycl.`;
      const mkl = /mkl/.test(match.finding.file ?? "");
      return `${match.facts["who"] ?? ""} was built against a newer (or another) SYCL run time than the libsycl that is loaded: ${mkl ? "oneMKL and the DPC++ run time (dpcpp-cpp-rt, intel-sycl-rt) in this environment are" : "torch's own packages, conda's and an activated oneAPI bring one each, and they are"} of different oneAPI releases. All parts of oneAPI in one process have to be of one release.`;
    },
    fix: (match) => [
      `${pip(match, "list")} | grep -iE 'mkl|dpcpp|sycl|intel|onemkl|torch'; conda list 2>/dev/null | grep -iE 'mkl|dpcpp|sycl|intel'   # which releases are there?`,
      ...(/mkl/.test(match.finding.file ?? "")
        ? [
            "# one release for both: conda install -c https://software.repos.intel.com/python/conda 'mkl-dpcpp=2025.0' 'dpcpp-cpp-rt=2025.0' (the release that torch or ipex was built with), or pip install mkl-dpcpp==… dpcpp-cpp-rt==…",
          ]
        : [
            "# a shell in which setvars.sh was not sourced, LD_LIBRARY_PATH unset; then the package for this torch, or build it again with the oneAPI that torch was built with",
            pip(match, "install --force-reinstall torch --index-url https://download.pytorch.org/whl/xpu"),
          ]),
    ],
    sources: ["intel/intel-xpu-backend-for-triton#1562", "intel/intel-xpu-backend-for-triton#1950"],
    examples: [
      {
        text: "ImportError: /e/torch/lib/libc10_xpu.so: undefined symbol: _ZNK4sycl3_V16device32ext_oneapi_supports_cl_extensionENS0_6detail11string_viewEPNS0_3ext6oneapi12experimental10cl_versionE",
        expect: "SYCL",
      },
      {
        text: "ImportError: /e/lib/libmkl_sycl_blas.so.5: undefined symbol: _ZN4sycl3_V17handler22setKernelIsCooperativeEb",
        expect: "dpcpp-cpp-rt",
      },
    ],
  },
  {
    id: "oneapi-library-of-other-release",
    title: "A library of another oneAPI release is found first",
    on: ["library-version", "undefined-symbol"],
    specificity: 76,
    matches: (finding) => {
      if (finding.kind === "undefined-symbol")
        return finding.phase === "load" &&
          /^(?:ur|pi|ze|zes)[A-Z]\w+$/.test(finding.symbol ?? "") &&
          /libsycl|libur_|libpi_|LIBUR|libze_|xpu/i.test(`${finding.file ?? ""} ${finding.library ?? ""}`)
          ? { name: /^ze/.test(finding.symbol ?? "") ? "libze_loader.so.1" : "libur_loader.so.0" }
          : undefined;
      const name =
        /lib(?:ur_loader|ur_adapter\w*|sycl|ze_loader|umf|tcm|OpenCL|pi_level_zero|intlc|imf|svml|irng|iomp5|ccl|mpi|mkl_\w+|tbb\w*|dnnl)\.so[\d.]*/.exec(
          `${finding.library ?? ""} ${finding.symbol ?? ""}`,
        )?.[0];
      const isIntel = /oneapi|LIBUR|intel|\/sycl|xpu/i.test(
        `${finding.library ?? ""} ${finding.symbol ?? ""} ${finding.file ?? ""}`,
      );
      return name === undefined || !isIntel ? undefined : { name };
    },
    confidence: "high",
    cause: (match) =>
      `\`${match.finding.file === undefined ? "The library that asks" : baseName(match.finding.file)}\` and the \`${match.facts["name"] ?? ""}\` that is found for it are of two oneAPI releases (\`${match.finding.symbol ?? ""}\` is the mark of one): torch for XPU brings its own oneAPI run time, and ${/oneapi/.test(match.finding.library ?? "") ? `a sourced setvars.sh puts that of \`${(match.finding.library ?? "").replace(/\/lib\/.*/, "")}\` before it` : "another one stands before it (LD_LIBRARY_PATH, conda)"}.`,
    fix: (match) => [
      "unset LD_LIBRARY_PATH   # or a new shell, in which setvars.sh was not sourced",
      `${python(match)} -c "import torch; print(torch.__version__, torch.xpu.is_available())"`,
      "# to compile SYCL in the same shell: the oneAPI release that torch was built with (its notes name it), no other",
    ],
    sources: ["pytorch/pytorch#149953", "https://docs.pytorch.org/docs/stable/notes/get_start_xpu.html"],
    examples: [
      {
        text: "ImportError: /opt/intel/oneapi/compiler/2025.1/lib/libur_loader.so.0: version `LIBUR_LOADER_0.10' not found (required by /c/lib/python3.12/site-packages/torch/lib/../../../../libsycl.so.8)",
        expect: "unset LD_LIBRARY_PATH",
      },
      {
        text: "ImportError: /c/lib/python3.11/site-packages/torch/lib/../../../../libsycl.so.8: undefined symbol: urBindlessImagesMapExternalLinearMemoryExp, version LIBUR_LOADER_0.10",
        expect: "two oneAPI releases",
      },
      {
        text: "ImportError: /opt/intel/oneapi/mkl/2025.0/lib/libmkl_core.so.2: version `MKL_2025.2' not found (required by /e/lib/python3.11/site-packages/torch/lib/libtorch_xpu.so)",
        expect: "a sourced setvars.sh",
      },
    ],
  },
  {
    id: "sycl-kernel-captures-object",
    title: "A SYCL kernel captures an object that cannot be copied to the GPU",
    on: ["compile"],
    specificity: 80,
    matches: (finding) =>
      said(
        finding,
        /kernel parameter has non-(?:trivially copy constructible|standard layout|trivially copyable) class\/struct type '(?<type>[^']+)'/,
      ),
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)}: the lambda that runs on the GPU uses a \`${match.facts["type"] ?? "object"}\` from outside, which is copied byte by byte to the GPU, and this type owns memory of the host.`,
    fix: (match) => [
      /Tensor/.test(match.facts["type"] ?? "")
        ? "# before the kernel: float* p = x.data_ptr<float>(); and p in the lambda in place of x"
        : "# before the kernel: take pointers and plain values out of it (v.data(), n), and use these in the lambda",
    ],
    sources: ["intel/llvm#1144"],
    examples: [
      {
        text: "ops.sycl.cpp:14:25: error: kernel parameter has non-trivially copy constructible class/struct type 'at::Tensor'",
        expect: "x.data_ptr<float>()",
      },
    ],
  },
];
