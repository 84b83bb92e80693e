/** Thrust, CUB and libcu++ (CCCL), and the C interface of the CUDA run time: what releases removed or changed. */
import { own } from "../../base/own.ts";
import { platformOf } from "../commands/commands.ts";
import { type Match, type MatchFacts, placeOf, type Rule, said, saidAny } from "../rule.ts";
import type { Finding } from "../finding.ts";
import { askedByAttribute } from "../commands/device-properties.ts";
import { addLines, editFile } from "../commands/source-edits.ts";
import type { Edit } from "../edit.ts";

/**
 * What CCCL 3 (CUDA 13) removed, and what stands for it.
 * Source: the CCCL 2.x → 3.0 migration guide.
 */
const removed: Readonly<Record<string, string>> = {
  Sum: "cuda::std::plus<>{}",
  Max: "cuda::maximum<>{}",
  Min: "cuda::minimum<>{}",
  Equality: "cuda::std::equal_to<>{}",
  Inequality: "cuda::std::not_equal_to<>{}",
  InequalityWrapper: "cuda::std::not_fn",
  Difference: "cuda::std::minus<>{}",
  Division: "cuda::std::divides<>{}",
  Int2Type: "cuda::std::integral_constant<int, N>",
  DivideAndRoundUp: "cuda::ceil_div",
  ConstantInputIterator: "thrust::constant_iterator",
  CountingInputIterator: "thrust::counting_iterator",
  DiscardOutputIterator: "thrust::discard_iterator",
  TransformInputIterator: "thrust::transform_iterator",
  FpLimits: "cuda::std::numeric_limits",
  BaseTraits: "cuda::std::numeric_limits, cuda::std::is_integral_v …",
  LaneId: "cuda::ptx::get_sreg_laneid()",
  WarpId: "cuda::ptx::get_sreg_warpid()",
  LaneMaskLt: "cuda::ptx::get_sreg_lanemask_lt()",
  LaneMaskLe: "cuda::ptx::get_sreg_lanemask_le()",
  LaneMaskGt: "cuda::ptx::get_sreg_lanemask_gt()",
  LaneMaskGe: "cuda::ptx::get_sreg_lanemask_ge()",
  RowMajorTid: "threadIdx.x + threadIdx.y * blockDim.x + …",
  SyncStream: "cudaStreamSynchronize",
  BFE: "cuda::bitfield_extract",
  BFI: "cuda::bitfield_insert",
  CTA_SYNC: "__syncthreads()",
  WARP_SYNC: "__syncwarp()",
  DeviceSpmv: "cuSPARSE",
  GridBarrier: "cooperative_groups::grid_group::sync",
  CUB_MAX: "cuda::std::max",
  CUB_MIN: "cuda::std::min",
  unary_function: "no base class: drop it",
  binary_function: "no base class: drop it",
  identity: "cuda::std::identity",
  maximum: "cuda::maximum<>{}",
  minimum: "cuda::minimum<>{}",
  not1: "cuda::std::not_fn",
  not2: "cuda::std::not_fn",
  project1st: "cuda::proclaim_return_type or a lambda",
  project2nd: "a lambda",
  optional: "cuda::std::optional",
  numeric_limits: "cuda::std::numeric_limits",
  void_t: "cuda::std::void_t",
};

/** A name of CUB or Thrust that the compiler does not find. */
function missingName(finding: Finding): MatchFacts | undefined {
  return saidAny(
    finding,
    /(?:namespace|in namespace|class|struct) ["‘'](?:const )?(?<space>(?:::)?(?:cub|thrust))(?:::(?<owner>\w+)(?:<[^"]*>)?)?["’'] has no (?:actual )?member (?:class |type |named )?["‘'](?<name>\w+)/,
    /["‘'](?<name>\w+)["’'] (?:is not a member of|in namespace) ["‘'](?<space>cub|thrust)(?:::\w+)*["’']/,
    /no (?:member|type|template) named ["‘'](?<name>\w+)["’'] in (?:namespace )?["‘'](?<space>cub|thrust)["’']/,
    /["‘'](?<name>\w+)["’']\s?: is not a member of ["‘'](?<space>cub|thrust)["’']/,
  );
}

/** The header of a name of libcu++, Thrust's CUDA back end or cooperative groups. */
function headerFor(space: string, name: string): string {
  if (space.startsWith("cooperative_groups"))
    return /^(?:reduce|plus|less|greater|bit_\w+)$/.test(name)
      ? "<cooperative_groups/reduce.h>, CUDA 11"
      : /^(?:inclusive_scan|exclusive_scan)$/.test(name)
        ? "<cooperative_groups/scan.h>, CUDA 11"
        : /^(?:memcpy_async|wait)$/.test(name)
          ? "<cooperative_groups/memcpy_async.h>, CUDA 11"
          : "<cooperative_groups.h>";
  if (space.startsWith("thrust")) return "<thrust/execution_policy.h>; par_nosync came with CUDA 11.6";
  if (space === "cuda" && /^(?:barrier|pipeline|atomic|atomic_ref|semaphore|latch|access_property)$/.test(name))
    return `<cuda/${name.replace("atomic_ref", "atomic")}>, CUDA 11, for architectures from 7.0`;
  if (space.startsWith("cuda::ptx")) return "<cuda/ptx>, CUDA 12.4";
  return "<cuda/std/…>";
}

function nameOf(match: Match): string {
  const owner = match.facts["owner"];
  return own(removed, owner ?? "") === undefined ? (match.facts["name"] ?? "") : (owner ?? "");
}

const mostNames = 12;

/** Every removed name that the text says to be missing, in each of its files: the next build would stop at them. */
function allRemoved(match: Match): readonly Match[] {
  const seen = new Set<string>();
  return [match.finding, ...match.context.findings]
    .flatMap((finding) => {
      const facts = finding.kind === "compile" ? missingName(finding) : undefined;
      const name = [facts?.["owner"], facts?.["name"]].find((each) => own(removed, each ?? "") !== undefined);
      const key = `${name ?? ""} ${finding.file ?? ""}`;
      if (facts === undefined || name === undefined || seen.has(key)) return [];
      seen.add(key);
      return [{ ...match, finding, facts }];
    })
    .slice(0, mostNames);
}

/** The change as a command, where it is the same in all places. */
function replacement(match: Match): string[] {
  const name = nameOf(match);
  if (/^(?:unary|binary)_function$/.test(name))
    return editFile(match, [[` *: *public +(::)?thrust::${name} *<[^>]*> *([{]?)`, " \\2"]]).map(
      (line) => `${line}   # no base class; result_type and its like, where they are used, become a using of one's own`,
    );
  const direct = own(renamed, name);
  if (direct !== undefined) {
    const { edits, header } = direct;
    return editFile(match, edits, header === undefined ? [] : [`#include <${header}>`]);
  }
  const functor = own(functors, name);
  return functor === undefined
    ? []
    : editFile(
        match,
        [[`(::)?\\bcub::${name}(\\(\\)|[{][}])?`, `::${functor}`]],
        ["#include <cuda/functional>", "#include <cuda/std/functional>"],
      );
}

/**
 * What is called the same way under another name: how it is written, what takes its place, and the header that has it.
 * Source: the CCCL 2.x → 3.0 migration guide.
 */
const renamed: Readonly<Record<string, { readonly edits: readonly Edit[]; readonly header?: string }>> = {
  ConstantInputIterator: {
    edits: [["(::)?\\bcub::ConstantInputIterator", "::thrust::constant_iterator"]],
    header: "thrust/iterator/constant_iterator.h",
  },
  CountingInputIterator: {
    edits: [["(::)?\\bcub::CountingInputIterator", "::thrust::counting_iterator"]],
    header: "thrust/iterator/counting_iterator.h",
  },
  DiscardOutputIterator: {
    edits: [["(::)?\\bcub::DiscardOutputIterator", "::thrust::discard_iterator"]],
    header: "thrust/iterator/discard_iterator.h",
  },
  FpLimits: {
    edits: [
      ["(::)?\\bcub::FpLimits<([^<>]*)>::Lowest", "::cuda::std::numeric_limits<\\2>::lowest"],
      ["(::)?\\bcub::FpLimits<([^<>]*)>::Max", "::cuda::std::numeric_limits<\\2>::max"],
    ],
    header: "cuda/std/limits",
  },
  DivideAndRoundUp: { edits: [["(::)?\\bcub::DivideAndRoundUp", "::cuda::ceil_div"]], header: "cuda/cmath" },
  LaneId: { edits: [["(::)?\\bcub::LaneId\\(", "::cuda::ptx::get_sreg_laneid("]], header: "cuda/ptx" },
  CTA_SYNC: { edits: [["(::)?\\bcub::CTA_SYNC\\(", "__syncthreads("]] },
  WARP_SYNC: { edits: [["(::)?\\bcub::WARP_SYNC\\(", "__syncwarp("]] },
};

/** Function objects that take the place of CUB's, as values. */
const functors: Readonly<Record<string, string>> = {
  Sum: "cuda::std::plus<>{}",
  Max: "cuda::maximum<>{}",
  Min: "cuda::minimum<>{}",
  Equality: "cuda::std::equal_to<>{}",
  Inequality: "cuda::std::not_equal_to<>{}",
  Difference: "cuda::std::minus<>{}",
};

export const ccclRules: readonly Rule[] = [
  {
    id: "cccl-name-removed",
    title: "A name of CUB or Thrust that CUDA 13 removed",
    on: ["compile"],
    specificity: 88,
    matches: (finding) => {
      const facts = missingName(finding);
      if (facts === undefined) return undefined;
      return own(removed, facts["name"] ?? "") === undefined && own(removed, facts["owner"] ?? "") === undefined
        ? undefined
        : facts;
    },
    confidence: "high",
    cause: (match) =>
      `\`${(match.facts["space"] ?? "").replace("::", "")}::${nameOf(match)}\` was removed in CCCL 3, which comes with CUDA 13 (deprecated since CUDA 12.x); ${placeOf(match.finding)} was written for an older CUDA.`,
    fix: (match) => [
      ...askedByAttribute(match),
      ...allRemoved(match).flatMap((each) => replacement(each)),
      ...allRemoved(match).map(
        (each) =>
          `# ${(each.facts["space"] ?? "").replace("::", "")}::${nameOf(each)} → ${own(removed, nameOf(each)) ?? ""}   (#include <cuda/std/functional>, <cuda/functional>)`,
      ),
      "# or take a release of the package that knows CUDA 13, or build with CUDA 12 and a torch for it (cu126, cu128)",
    ],
    sources: [
      "https://nvidia.github.io/cccl/cccl/3.0_migration_guide.html",
      "microsoft/onnxruntime-genai#1802",
      "QuEST-Kit/QuEST#693",
    ],
    examples: [
      { text: 'r.cu(8): error: namespace "cub" has no member "Max"', expect: "cuda::maximum" },
      {
        text: 'a.cu(41): error: namespace "cub" has no member "Max"\nb.cu(52): error: namespace "cub" has no member "Sum"\nb.cu(60): error: class "cudaDeviceProp" has no member "clockRate"\n    int k = prop.clockRate;\n                 ^',
        expect: "::cuda::std::plus<>{}/g' b.cu",
      },
      { text: 'k.cuh(481): error: namespace "thrust" has no member class "unary_function"', expect: "drop it" },
      { text: 'q.cu(88): error: class "cub::FpLimits<float>" has no member "Lowest"', expect: "numeric_limits" },
      { text: "a.cu:9:5: error: no member named 'LaneId' in namespace 'cub'", expect: "get_sreg_laneid" },
    ],
  },
  {
    id: "cub-name-missing",
    title: "CUB or libcu++ does not have a name in this release of CUDA",
    on: ["compile"],
    specificity: 78,
    matches: (finding) => {
      const facts = missingName(finding);
      if (facts?.["space"]?.endsWith("cub") === true) return { ...facts, space: "cub", header: "<cub/cub.cuh>" };
      const libcu = saidAny(
        finding,
        /namespace ["‘'](?<space>(?:cuda|thrust::(?:cuda|system)|cooperative_groups)(?:::\w+)*)["’'] has no (?:actual )?member (?:class |named )?["‘'](?<name>\w+)/,
        /["‘'](?<name>\w+)["’'] is not a member of ["‘'](?<space>(?:cuda|cooperative_groups)(?:::\w+)*)["’']/,
        /no (?:member|type|template) named ["‘'](?<name>\w+)["’'] in (?:namespace )?["‘'](?<space>(?:cuda|cooperative_groups)(?:::\w+)*)["’']/,
      );
      return libcu === undefined
        ? undefined
        : { ...libcu, header: headerFor(libcu["space"] ?? "", libcu["name"] ?? "") };
    },
    confidence: "medium",
    cause: (match) =>
      `\`${match.facts["space"] ?? ""}::${match.facts["name"] ?? ""}\` is not known at ${placeOf(match.finding)}: its header is not included, it came with a newer CUDA, or (CUDA 13 has CCCL 3) it was removed.`,
    fix: (match) => [
      ...(/^<[\w./]+>/.test(match.facts["header"] ?? "")
        ? addLines(match, [`#include ${/^<[\w./]+>/.exec(match.facts["header"] ?? "")?.[0] ?? ""}`])
        : []),
      `# include its header (${match.facts["header"] ?? ""}; <cub/cub.cuh> includes all of CUB)`,
      "nvcc --version   # is it the CUDA that the package's documentation names?",
    ],
    sources: ["https://nvidia.github.io/cccl/cub/"],
    examples: [
      { text: 'k.cu(12): error: namespace "cub" has no member "DeviceTopK"', expect: "cub/cub.cuh" },
      { text: 'k.cu(33): error: namespace "cuda::std" has no member "invoke"', expect: "cuda::std::invoke" },
      {
        text: 'k.cu(20): error: namespace "cooperative_groups" has no member "reduce"',
        expect: "cooperative_groups/reduce.h",
      },
      { text: 'k.cu(31): error: namespace "cuda" has no member "barrier"', expect: "<cuda/barrier>" },
    ],
  },
  {
    id: "cccl-releases-mixed",
    title: "CUB and Thrust of two releases are mixed",
    on: ["compile"],
    specificity: 86,
    matches: (finding) =>
      // In CUB's own headers a name of CUB is missing where a header of another release came first.
      (/[\\/]cub[\\/]/.test(finding.file ?? "") && !/::cub" has no/.test(finding.message)
        ? said(finding, /namespace "cub" has no member "(?<name>\w+)"/)
        : undefined) ??
      saidAny(
        finding,
        /(?:identifier |undeclared identifier )["‘'](?<name>(?:THRUST|CUB|CCCL|_CCCL|_LIBCUDACXX)_\w+)["’']/,
        /["‘'](?<name>(?:THRUST|CUB|CCCL|_CCCL|_LIBCUDACXX)_\w+)["’'] (?:was not declared|has not been declared|does not name a type|is undefined)/,
        /namespace "(?:thrust::(?:\w+::)?)?cub(?:::\w+)?" has no member "(?<name>DebugSyncStream|PtxVersion|SmVersion|ChainedPolicy|AgentRadixSort\w*)"/,
        /(?<name>The version of (?:CUB|Thrust|libcu\+\+|CCCL)) in your include path is not compatible/,
        /(?<name>CUB|Thrust) requires .*(?:Thrust|CUB) .*version/i,
        /(?<name>CUB|Thrust) requires a definition of \w+_NS_\w+/,
      ),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\`: CUB, Thrust and libcu++ are one library (CCCL) since CUDA 11.6 and go together. Here headers of two releases are found: a copy that the project brings (third_party/cub, CUB_HOME, pip's nvidia-cuda-cccl, conda's cuda-cccl) and those of the toolkit.`,
    fix: (match) => [
      platformOf(match) === "win32"
        ? "set CUB_HOME=   # CUDA 11 and newer bring CUB (PowerShell: Remove-Item Env:CUB_HOME); CUB_DIR, THRUST_HOME likewise; then build again"
        : "unset CUB_HOME CUB_DIR THRUST_HOME   # CUDA 11 and newer bring CUB; then build again",
      "# a copy that the project puts on -I (third_party/cub): take it out of the include folders",
      "grep -rn 'cub\\|thrust\\|cccl' setup.py CMakeLists.txt | grep -i include",
      'nvcc --version; echo "$CPATH $CPLUS_INCLUDE_PATH $NVCC_PREPEND_FLAGS"   # another CUDA\'s headers on a variable?',
    ],
    sources: ["NVIDIA/thrust#1601", "ROCm/HIPIFY#422"],
    examples: [
      {
        text: "third_party/cub/agent/agent_merge_sort.cuh:80:32: error: use of undeclared identifier 'THRUST_NS_QUALIFIER'",
        expect: "CUB_HOME",
      },
      {
        text: '/usr/local/cuda-11.5/targets/x86_64-linux/include/cub/util_device.cuh(156): error: namespace "cub" has no member "Debug"',
        expect: "unset CUB_HOME",
      },
      {
        text: 'C:/CUDA/v11.8/include\\thrust/system/cuda/detail/core/agent_launcher.h(524): error:\nnamespace "thrust::cub" has no member "DebugSyncStream"',
        expect: "CUB_HOME",
      },
    ],
  },
  {
    id: "cccl-needs-conforming-preprocessor",
    title: "CUDA 13's headers want MSVC's new preprocessor",
    on: ["compile"],
    specificity: 90,
    matches: (finding) =>
      saidAny(finding, /traditional preprocessor is used.*\/?Zc:preprocessor/s, /\/Zc:preprocessor/),
    confidence: "high",
    cause: () =>
      "Thrust, CUB and libcu++ of CUDA 13 (CCCL 3) compile only with the standard conforming preprocessor of MSVC, which cl.exe uses when it is told to.",
    fix: () => [
      "# cxx flags: /Zc:preprocessor; nvcc flags: -Xcompiler /Zc:preprocessor (setup.py: extra_compile_args={'cxx': ['/Zc:preprocessor'], 'nvcc': ['-Xcompiler', '/Zc:preprocessor']})",
      "set NVCC_APPEND_FLAGS=-Xcompiler /Zc:preprocessor",
      "set CL=/Zc:preprocessor",
    ],
    change: () => ({ kind: "add-flag", tool: "cxx", flag: "/Zc:preprocessor" }),
    sources: ["https://nvidia.github.io/cccl/cccl/3.0_migration_guide.html"],
    examples: [
      {
        text: "C:\\CUDA\\v13.0\\include\\cccl\\cuda\\std\\__cccl\\preprocessor.h(23): fatal error C1189: #error:  MSVC/cl.exe with traditional preprocessor is used. This may lead to unexpected compilation errors. Please switch to the standard conforming preprocessor by passing `/Zc:preprocessor` to cl.exe.",
        expect: "NVCC_APPEND_FLAGS",
      },
    ],
  },
  {
    id: "cuda-signature-changed",
    title: "CUDA 13 gave a function other parameters",
    on: ["compile"],
    specificity: 84,
    matches: (finding) =>
      saidAny(
        finding,
        /["‘'](?:const )?(?<type>cudaMemLocation|CUmemLocation(?:_st)?|CUctxCreateParams|cudaGraphEdgeData|CUgraphEdgeData)\b/,
        /(?:no matching function for call to|too few arguments (?:to|in) function(?: call)?.*) ["‘'](?<name>cudaMemAdvise|cudaMemPrefetchAsync|cuCtxCreate(?:_v4)?|cudaGraphAddDependencies|cudaGraphGetEdges|cudaStreamUpdateCaptureDependencies|cudaStreamGetCaptureInfo)/,
        /["‘'](?:cudaError\w* )?(?<name>cudaMemAdvise|cudaMemPrefetchAsync|cuCtxCreate_v4|cudaGraphAddDependencies|cudaGraphGetEdges|cudaStreamUpdateCaptureDependencies|cudaStreamGetCaptureInfo)\b.*(?:cannot convert|does not take|too few|too many|no matching|no known conversion)/,
      ),
    confidence: "high",
    cause: (match) =>
      `CUDA 13 changed the parameters of cudaMemAdvise, cudaMemPrefetchAsync (a cudaMemLocation in place of the device), cuCtxCreate and some graph functions (what the _v2 and _v4 forms had); ${placeOf(match.finding)} calls them as CUDA 12 had them.`,
    fix: () => [
      "# cudaMemAdvise(p, n, advice, device) → cudaMemLocation where{cudaMemLocationTypeDevice, device}; cudaMemAdvise(p, n, advice, where); cudaMemPrefetchAsync(p, n, where, 0, stream); cuCtxCreate(&ctx, nullptr, flags, device)",
      "# guard it: #if CUDART_VERSION >= 13000; or build with CUDA 12 and a torch for it (cu126, cu128)",
    ],
    sources: ["https://docs.nvidia.com/cuda/cuda-toolkit-release-notes/"],
    examples: [
      {
        text: 'uvm.cu(137): error: no suitable constructor exists to convert from "int" to "cudaMemLocation"',
        expect: "cudaMemLocationTypeDevice",
      },
      {
        text: "a.cpp:12:30: error: cannot convert ‘int’ to ‘cudaMemLocation’",
        expect: "CUDA 13",
      },
    ],
  },
];
