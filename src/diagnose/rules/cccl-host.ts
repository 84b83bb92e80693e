/** CUB and Thrust where the host compiler, or a header of Windows, reads them. */
import { placeOf, type Rule, said } from "../rule.ts";
import { platformOf } from "../commands/commands.ts";

const hostCompilers = new Set(["gcc", "clang", "msvc"]);
const deviceHeader = /[\\/](?:cub|thrust|cuda|cutlass|cute|nv|cooperative_groups)[\\/].*\.(?:cuh|h|hpp|inl)$|\.cuh$/;
/** Headers of CUDA that ordinary C++ may include. */
const hostHeader = /[\\/](?:crt|thrust[\\/]detail[\\/]config)[\\/]|cuda_runtime(?:_api)?\.h|host_(?:config|defines)\.h/;

export const ccclHostRules: readonly Rule[] = [
  {
    id: "device-header-in-host-source",
    title: "A header with device code is compiled by the C++ compiler",
    on: ["compile"],
    specificity: 64,
    matches: (finding, context) => {
      const file = finding.file ?? "";
      if (finding.severity === "warning" || !hostCompilers.has(finding.tool) || context.log.amd) return undefined;
      if (!deviceHeader.test(file) || hostHeader.test(file)) return undefined;
      // nvcc's own host pass is MSVC or gcc as well: its lines name the .cu file or stand below an nvcc command.
      if (
        context.findings.some(
          (other) => other.tool === "nvcc" || other.tool === "cudafe++" || /\bnvcc\b|\.cu\b/.test(other.text),
        )
      )
        return undefined;
      return { where: placeOf(finding) };
    },
    confidence: "medium",
    cause: (match) =>
      `\`${match.facts["where"] ?? ""}\` holds code for the GPU, and the C++ compiler reads it: a .cpp file includes CUB, Thrust or another .cuh header. Newer CUDA releases (12.4 and on for thrust/device_vector.h) no longer keep device code away from host compilers.`,
    fix: () => [
      "# rename the .cpp that includes it to .cu, so that nvcc compiles it (or CMake: set_source_files_properties(a.cpp PROPERTIES LANGUAGE CUDA))",
      "# or keep these headers out of headers that .cpp files include: a pointer to a struct that the .cu defines; for thrust::host_vector alone: -DTHRUST_DEVICE_SYSTEM=THRUST_DEVICE_SYSTEM_CPP",
    ],
    sources: ["NVIDIA/cccl#1783"],
    examples: [
      {
        text: "main.cpp\nC:\\CUDA\\v12.5\\include\\cub\\util_ptx.cuh(90,29): error C2059: syntax error: ':'",
        expect: "to .cu",
      },
      { text: "/p/csrc/kernels.cuh:14:1: error: ‘__global__’ does not name a type", expect: "to .cu" },
    ],
  },
  {
    id: "windows-macro-small",
    title: "The macro `small` of Windows's headers breaks a header",
    on: ["compile"],
    specificity: 88,
    matches: (finding) =>
      /dispatch_segmented_sort\.cuh$/.test(finding.file ?? "")
        ? said(finding, /expected an? (?:identifier|member name|expression)|invalid combination of type specifiers/)
        : /CUDACachingAllocator\.h$/.test(finding.file ?? "") &&
            said(finding, /invalid combination of type specifiers|type name is not allowed|C2628|C2208/) !== undefined
          ? { torch: "yes" }
          : undefined,
    confidence: (match) => (platformOf(match) === "win32" ? "high" : "medium"),
    cause: (match) =>
      match.facts["torch"] !== undefined
        ? "rpcndr.h (by way of windows.h, which Thrust, CUB, pybind11 and others include) defines `small` as a macro for char, and c10/cuda/CUDACachingAllocator.h of this torch has a parameter of that name (`bool small`)."
        : "rpcndr.h (by way of windows.h, which torch, NVRTC and others include) defines `small` as a macro for char, and the CUB of CUDA 11.6 to 11.8 has a variable of that name. CUDA 12 renamed it.",
    fix: (match) =>
      match.facts["torch"] !== undefined
        ? [
            "# in the source, before the header of torch (ATen/cuda, c10/cuda) is included: #undef small",
            "set NVCC_APPEND_FLAGS=-DWIN32_LEAN_AND_MEAN   # keeps rpcndr.h out, where windows.h is what brings it; for .cpp files: set CL=/DWIN32_LEAN_AND_MEAN",
            "# or a newer torch, which names the parameter otherwise; torch's headers before those of Windows and Thrust",
          ]
        : [
            "# in the .cu, before any header of torch or Windows: #include <cub/cub.cuh>; or behind them: #undef small",
            "set NVCC_APPEND_FLAGS=-DWIN32_LEAN_AND_MEAN   # keeps rpcndr.h out, where windows.h is what brings it",
            "# or build with CUDA 12 and a torch for it",
          ],
    sources: ["NVIDIA/cub#422", "nerfstudio-project/gsplat#56"],
    examples: [
      {
        text: "C:/CUDA/v11.8/include\\cub/device/dispatch/dispatch_segmented_sort.cuh(338): error: expected an identifier",
        expect: "#undef small",
      },
      {
        text: "envs/gsplat/lib/site-packages/torch/include\\c10/cuda/CUDACachingAllocator.h(210): error: invalid combination of type specifiers",
        expect: "before the header of torch",
      },
    ],
  },
  {
    id: "thrust-namespace-of-other-architectures",
    title: "Thrust's or CUB's types have other names in other files",
    on: ["undefined-symbol"],
    specificity: 92,
    matches: (finding) => {
      const named = /\b(?<space>(?:THRUST|CUB)_\d{5,}\w*?_NS)\b/.exec(
        `${finding.symbol ?? ""} ${finding.message}`.replaceAll(/(?<=[A-Z])\d+(?=THRUST_|CUB_)/g, " "),
      );
      return named === null ? undefined : { space: named.groups?.["space"] };
    },
    confidence: "high",
    cause: (match) =>
      `Since CUDA 12.4 Thrust and CUB put their types into an inline namespace whose name holds the release and the list of architectures (\`${match.facts["space"] ?? ""}\`). The file that calls and the file that defines were compiled with different ones: a .cpp by the C++ compiler (which knows no architectures), a library for other architectures, or by another CUDA.`,
    fix: () => [
      "# do not let thrust:: or cub:: types cross files: pass raw pointers and sizes (thrust::raw_pointer_cast); or compile both files as CUDA for the same architectures",
      "# for all files alike, nvcc and host: -DTHRUST_DISABLE_ABI_NAMESPACE -DTHRUST_IGNORE_ABI_NAMESPACE_ERROR -DCUB_DISABLE_NAMESPACE_MAGIC -DCUB_IGNORE_NAMESPACE_MAGIC_ERROR",
      "# or give the host compiler the list that nvcc has: -D__CUDA_ARCH_LIST__=860   (nvcc's architectures, with commas)",
    ],
    sources: ["sekelle/cornerstone-octree#28", "https://nvidia.github.io/cccl/cub/developer_overview.html"],
    examples: [
      {
        text: "/usr/bin/ld: d.cpp.o: in function `main':\nd.cpp:(.text+0x2f1): undefined reference to `void keys<double>(thrust::THRUST_200301___CUDA_ARCH_LIST___NS::device_vector<double> const&, unsigned long)'",
        expect: "CUB_DISABLE_NAMESPACE_MAGIC",
      },
    ],
  },
];
