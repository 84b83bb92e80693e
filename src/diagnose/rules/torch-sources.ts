/** Sources that no longer compile: what torch changed. */
import { compareVersions, parseVersion } from "../../base/order.ts";
import { python, torchCuda, useToolkit } from "../commands/commands.ts";
import { headerOf, homeOf } from "../tables/torch-homes.ts";
import { addLines, editFile, editLine } from "../commands/source-edits.ts";
import { about, ofLog } from "../matchers.ts";
import { withScalarTypes } from "../commands/tensor-types.ts";
import { withoutTh } from "../commands/th-replacements.ts";
import { cudaBuildsOf, cudaOfBuild } from "../tables/torch-wheels.ts";
import { codeAt, type Match, placeOf, type Rule, type RuleContext, said, saidAny } from "../rule.ts";

/** A header of torch: macros expand there, and what is wrong stands where they are used. */
function ofTorch(file: string): boolean {
  return /[\\/]torch[\\/]include[\\/]/.test(file);
}

/** A name in place of another in all sources beside the one of the message: the compiler had not come to the others. */
function inSources(match: Match, from: string, to: string): string[] {
  const wanted = to.endsWith(", ") ? `\\b${from} *\\(` : `\\b${from}\\b`;
  const { file } = match.finding;
  const inFolder = (folder: string): string =>
    `grep -rlw ${from} --include='*.cpp' --include='*.cc' --include='*.cu' --include='*.cuh' --include='*.h' --include='*.hpp' ${folder} | xargs -r sed -i.bak -E 's/${wanted}/${to}/g'`;
  const there = editFile(match, [[wanted, to]]);
  if (there.length === 0) return [`${inFolder(".")}   # in the folder of the package's sources`];
  // As the compiler was started, below the folder of the build.
  if (file !== undefined && /^(?!\.\.)[\w.-]+(?:[\\/][\w.-]+)*$/.test(file))
    return [`${inFolder(".")}   # ${file} and the other files that have it`];
  const root = match.context.log.buildRoot;
  const folder =
    root !== undefined && file?.startsWith(`${root}/`) === true ? root : /^(\/.+)\/[^/]+$/.exec(file ?? "")?.[1];
  return folder === undefined || /[\\/](?:tmp|pip-[\w-]+|builds-v0)[\\/]|\s/.test(folder)
    ? there
    : [`${inFolder(folder)}   # all files there that have it`];
}

/** The header that declares the name, where the file that uses it lacks it. */
function withHeader(match: Match): string[] {
  const header = isCall(match) ? undefined : headerOf(match.facts["name"] ?? "", match.facts["space"]);
  return header === undefined || header.includes("/hip/") ? [] : addLines(match, [`#include <${header}>`]);
}

/** What stands in the place of macros that are gone; one that had the message alone gets its condition. */
const checks: Readonly<Record<string, string>> = {
  AT_ERROR: "TORCH_CHECK(false, ",
  AT_INDEX_ERROR: "TORCH_CHECK_INDEX(false, ",
  AT_ASSERT: "TORCH_INTERNAL_ASSERT",
};

/** Whether the name is known, and only the arguments do not fit. */
function isCall({ finding }: Match): boolean {
  return /no matching function|no instance of/.test(finding.message);
}

/** Whether nvcc, or the host compiler behind it, speaks in the log, or an old gcc whose messages do not tell. */
function hasGpuCompile({ findings, log }: RuleContext): boolean {
  return (
    log.cuda !== undefined ||
    findings.some(
      ({ tool, file, text }) =>
        tool === "nvcc" ||
        tool === "cudafe++" ||
        tool === "msvc" ||
        /\.cu\b|\bnvcc\b|[\\/]c\+\+[\\/][4-7]\b/.test(`${file ?? ""} ${text}`),
    )
  );
}

/** The torch that the code met: this machine's only where the build ran here. */
function torchThere({ context }: Match): string {
  const version = context.log.torch ?? (context.basis === undefined ? context.environment?.torch?.version : undefined);
  return version === undefined ? "" : ` (${version})`;
}

export const torchSourceRules: readonly Rule[] = [
  {
    id: "symbolic-size-taken-for-integer",
    title: "A symbolic size (SymInt) is taken for an integer",
    on: ["compile"],
    specificity: 78,
    matches: (finding) =>
      saidAny(
        finding,
        /(?:cannot convert|no (?:known|viable) conversion|could not convert|no suitable conversion).*\b(?<name>(?:c10::)?Sym(?:Int|Float|Bool)(?:ArrayRef)?)\b/,
        /conversion from ['‘](?<name>(?:c10::)?Sym(?:Int|Float)(?:ArrayRef)?)['’]/,
        /ArrayRef<c10::(?<name>SymInt)>/,
      ),
    confidence: "high",
    cause: (match) =>
      `${placeOf(match.finding)} mixes \`${match.facts["name"] ?? "SymInt"}\` and plain integers: since torch 1.13 many functions (sym_sizes(), saved sizes, signatures with SymInt in native_functions.yaml) give or take c10::SymInt.`,
    fix: (match) => [
      ...editLine(match, [["\\.sym_(size|sizes|numel|stride|strides)\\(", ".\\1("]]),
      "# x.size(i), x.sizes() in place of x.sym_size(i), x.sym_sizes(); s.guard_int(__FILE__, __LINE__) or s.expect_int() makes an integer of a SymInt; C10_AS_INTARRAYREF_SLOW(s) of an array",
      "# or take the release of the package that fits this torch",
    ],
    sources: ["https://github.com/pytorch/pytorch/blob/main/c10/core/SymInt.h"],
    examples: [
      {
        text: "csrc/fused.cpp:120:18: error: cannot convert 'c10::SymInt' to 'int64_t' in assignment",
        expect: "expect_int",
      },
    ],
  },
  {
    id: "operator-library-block-twice",
    title: "Two TORCH_LIBRARY blocks of one namespace stand in one file",
    on: ["compile"],
    specificity: 84,
    matches: (finding) =>
      saidAny(
        finding,
        /redefinition of [‘'"`].*\bTORCH_LIBRARY_(?:init|static_init)_?(?<name>\w+)/,
        /["‘'](?:void )?TORCH_LIBRARY_(?:static_)?init_(?<name>\w+).*(?:has already been (?:defined|declared)|already has a body)/,
      ),
    confidence: "high",
    cause: (match) =>
      `TORCH_LIBRARY(${(match.facts["name"] ?? "ns").replace(/^_|_?torch.*$/g, "")}, m) defines a function of a fixed name, and may stand once for a namespace; ${placeOf(match.finding)} has it twice.`,
    fix: () => [
      "# put the second block's m.def(…) into the first, or write TORCH_LIBRARY_FRAGMENT(ns, m) for all but one; kernels go into TORCH_LIBRARY_IMPL(ns, CUDA, m)",
    ],
    sources: ["https://docs.pytorch.org/cppdocs/library.html"],
    examples: [
      {
        text: "a.cpp:40:1: error: redefinition of 'void TORCH_LIBRARY_init_my_ops(torch::Library&)'",
        expect: "TORCH_LIBRARY_FRAGMENT",
      },
    ],
  },
  {
    id: "torch-cpp-api-with-nvcc",
    title: "nvcc and an old gcc stumble over torch's C++ front end",
    on: ["compile"],
    specificity: 82,
    matches: (finding, context) =>
      (/torch[\\/]csrc[\\/]api[\\/]include[\\/]torch[\\/](?:nn|data|optim|ordered_dict|serialize)/.test(
        (finding.file ?? "").replaceAll("\\", "/"),
      ) ||
        /invalid static_cast from type .{0,8}torch::OrderedDict/.test(finding.message)) &&
      (!/no matching function|cannot convert|expected/.test(finding.message) || ofLog(context, hasGpuCompile))
        ? saidAny(
            finding,
            /(?<what>invalid static_cast|static_cast.*OrderedDict|wrong number of template arguments|template argument|no matching function|cannot convert|expected)/,
            /(?<what>invalid type conversion|class .* has no member|too few arguments|no instance of|internal error)/,
          )
        : undefined,
    confidence: "medium",
    cause: (match) =>
      `torch/extension.h or torch/torch.h brings the C++ front end (torch::nn${placeOf(match.finding) === "" ? ", cloneable.h" : `, ${placeOf(match.finding)}`}) into a .cu file, where nvcc passes it on in a form that this host compiler does not take: known of gcc 5 and 6 and of nvcc 9 and 10, and of nvcc 11.5 with MSVC.`,
    fix: () => [
      "grep -rlE '<torch/(extension|torch)\\.h>' --include='*.cu' --include='*.cuh' . | xargs sed -i.bak -E 's#<torch/(extension|torch)\\.h>#<torch/types.h>#'   # in .cu files; a header that they include likewise; bindings stay in a .cpp file",
      "g++ --version; nvcc --version   # gcc 7 or newer, CUDA 10.2 or newer; or another host compiler:",
      "sudo apt-get install g++-9 && export CC=gcc-9 CXX=g++-9",
    ],
    sources: ["rusty1s/pytorch_scatter#175", "pytorch/extension-cpp#35", "NVIDIA/apex#1268", "naver/pump#2"],
    examples: [
      {
        text: "/e/torch/include/torch/csrc/api/include/torch/nn/cloneable.h:68:61: error: invalid static_cast from type ‘const torch::OrderedDict<std::basic_string<char>, std::shared_ptr<torch::nn::Module> >’ to type ‘torch::OrderedDict<std::basic_string<char>, std::shared_ptr<torch::nn::Module> >&’",
        expect: "torch/types.h",
      },
      {
        text: "error: invalid static_cast from type ‘const torch::OrderedDict<std::basic_string<char>, at::Tensor>’ to type ‘torch::OrderedDict<std::basic_string<char>, at::Tensor>&’",
        expect: "torch/types.h",
      },
    ],
  },
  {
    id: "nvcc-too-old-for-torch-headers",
    title: "This CUDA is too old for torch's headers",
    on: ["compile"],
    role: "symptom",
    specificity: 64,
    matches: (finding, context) => {
      const { cuda } = context.log;
      if (cuda === undefined || finding.tool !== "cudafe++") return undefined;
      if (!/[\\/](?:torch|ATen|c10)[\\/]/.test(finding.file ?? "") || compareVersions(parseVersion(cuda), [10, 2]) >= 0)
        return undefined;
      return { cuda };
    },
    confidence: "medium",
    cause: (match) =>
      `nvcc of CUDA ${match.facts["cuda"] ?? ""} stumbles over a header of torch (${placeOf(match.finding)}). torch's headers are tried with the CUDA that torch was built with; 1.0 to 1.4 need CUDA 9, 1.5 to 1.12 CUDA 10.2, 2.0 CUDA 11.7, and their C++17 (2.1 and newer) CUDA 11.`,
    fix: (match) => {
      const torch = match.context.log.installedTorch;
      const builds = (torch === undefined ? undefined : cudaBuildsOf(torch))?.map((build) => cudaOfBuild(build));
      const wanted = torchCuda(match) ?? builds?.[0];
      return [
        ...(torchCuda(match) === undefined
          ? [
              `${python(match)} -c "import torch; print(torch.__version__, torch.version.cuda)"${builds === undefined ? "" : `   # torch ${torch ?? ""} is made for CUDA ${builds.join(" or ")}`}`,
            ]
          : []),
        ...useToolkit(match, wanted),
      ];
    },
    sources: ["pytorch/pytorch#16257", "zhanghang1989/PyTorch-Encoding#161"],
    examples: [
      {
        text: '/usr/local/cuda-8.0/bin/nvcc -c k.cu\n/e/site-packages/torch/lib/include/torch/csrc/jit/argument_spec.h(59): error: static assertion failed with "ArgumentInfo is to be a POD struct"',
        expect: "CUDA 8.0",
      },
    ],
  },
  {
    id: "at-check-removed",
    title: "AT_CHECK and AT_ASSERT are now TORCH_CHECK and TORCH_INTERNAL_ASSERT",
    on: ["compile"],
    specificity: 85,
    matches: (finding) => about(finding, /^(?:AT_CHECK|AT_ASSERTM?|AT_ERROR|AT_INDEX_ERROR)$/),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\` was removed from PyTorch (AT_CHECK in 1.5); the code${match.finding.file === undefined ? "" : ` (${placeOf(match.finding)})`} was written for an older one.`,
    fix: (match) =>
      inSources(match, match.facts["name"] ?? "AT_CHECK", checks[match.facts["name"] ?? ""] ?? "TORCH_CHECK"),
    sources: ["DylanWusee/CloserLook3D#16", "daniilidis-group/neural_renderer#142", "tianweiy/CenterPoint#46"],
    examples: [
      { text: "csrc/a.cpp:17:3: error: ‘AT_CHECK’ was not declared in this scope", expect: "TORCH_CHECK" },
      { text: 'k.cu(9): error: identifier "AT_CHECK" is undefined', expect: "TORCH_CHECK" },
      { text: "bind.cpp(22): error C3861: 'AT_CHECK': identifier not found", expect: "TORCH_CHECK" },
      { text: "a.cpp:12:5: error: use of undeclared identifier 'AT_CHECK'", expect: "sed" },
      {
        text: "error: use of undeclared identifier 'AT_CHECK'",
        expect: "xargs -r sed -i.bak -E 's/\\bAT_CHECK\\b/TORCH_CHECK/g'",
      },
      {
        text: "csrc/roi.cpp:31:5: error: there are no arguments to ‘AT_CHECK’ that depend on a template parameter, so a declaration of ‘AT_CHECK’ must be available [-fpermissive]",
        expect: "TORCH_CHECK",
      },
      {
        text: 'a.cu(4): error: identifier "AT_ERROR" is undefined',
        expect: "s/\\bAT_ERROR *\\(/TORCH_CHECK(false, /g",
      },
      {
        text: "bind.cpp(22): error C3861: 'AT_CHECK': identifier not found",
        expect: "-creplace '\\bAT_CHECK\\b','TORCH_CHECK'",
      },
      {
        text: "$ python setup.py build_ext --inplace\nsrc/warp_cuda.cpp:65:3: error: ‘AT_CHECK’ was not declared in this scope",
        expect:
          "--include='*.hpp' . | xargs -r sed -i.bak -E 's/\\bAT_CHECK\\b/TORCH_CHECK/g'   # src/warp_cuda.cpp and the other files",
      },
    ],
  },
  {
    id: "tensor-type-to-scalar-type",
    title: "tensor.type() no longer stands for its scalar type",
    on: ["compile"],
    specificity: 85,
    matches: (finding) =>
      saidAny(
        finding,
        /(?:conversion|convert|converting|cast)(?!.*DeprecatedTypeProperties ?& ?(?:\([*&]\) ?)?\()(?!.*(?:to ["‘'](?:at::|c10::)?(?:IntArrayRef|ArrayRef)|\b(?:at|torch)::(?:CUDA|CPU)\()).*DeprecatedTypeProperties/,
        /DeprecatedTypeProperties(?! ?& ?(?:\([*&]\) ?)?\().*(?:ScalarType|scalar_type)/,
        /^(?!.*\b(?:zeros|ones|empty|full|rand|randn|randint|arange|linspace|eye|tensor|from_blob|randperm)(?:\(|<|" matches)).*no (?:matching|instance of).*(?:DeprecatedTypeProperties|detail::scalar_type)/,
        /(?:class|struct) ["‘'](?:const )?at::DeprecatedTypeProperties["’'] has no member/,
      ),
    confidence: "high",
    cause: (match) =>
      `${ofTorch(match.finding.file ?? "") ? `Where the AT_DISPATCH_… macros are used ("in expansion of macro" below the message says the place)` : codeAt(match.finding)}: \`x.type()\` gives at::DeprecatedTypeProperties, which newer torch (2.6 on) does not turn into a ScalarType; AT_DISPATCH_… and others want x.scalar_type().`,
    fix: withScalarTypes,
    sources: ["sjtu-medialab/RwkvCompress#9", "IDEA-Research/GroundingDINO#462", "66RING/tiny-flash-attention#15"],
    examples: [
      {
        text: 'k.cu(66): error: no suitable conversion function from "const at::DeprecatedTypeProperties" to "c10::ScalarType" exists',
        expect: "scalar_type()",
      },
      {
        text: '      k/a.cu(66): error: no suitable conversion function from "const at::DeprecatedTypeProperties" to "c10::ScalarType" exists\n      error: command \'/usr/local/cuda-12.8/bin/nvcc\' failed with exit code 2\n      [end of output]\n  ERROR: Failed building wheel for my_ops',
        expect: "install --no-build-isolation .   # in the folder of my_ops's sources",
      },
      {
        text: 'src/a.cu(66): error: no suitable conversion function from "const at::DeprecatedTypeProperties" to "c10::ScalarType" exists\nsrc/b.cu(6): error: no suitable conversion function from "const at::DeprecatedTypeProperties" to "c10::ScalarType" exists',
        expect: ".scalar_type()/g' src/b.cu",
      },
      {
        text: '$SRC_DIR/csrc/a.cu(66): error: no suitable conversion function from "const at::DeprecatedTypeProperties" to "torch::headeronly::ScalarType" exists\n2 errors detected in the compilation of "$SRC_DIR/csrc/a.cu".',
        expect: "build.sh",
      },
      {
        text: '$ python setup.py install\nsrc/a.cu(66): error: no suitable conversion function from "const at::DeprecatedTypeProperties" to "c10::ScalarType" exists',
        expect: "$(grep -rlE",
      },
      {
        text: 'C:\\p\\src\\a.cu(66): error: no suitable conversion function from "const at::DeprecatedTypeProperties" to "c10::ScalarType" exists',
        expect: "pathlib.Path(r'C:\\p\\src')",
      },
      {
        text: "a.cpp:20:3: error: cannot convert ‘at::DeprecatedTypeProperties’ to ‘c10::ScalarType’",
        expect: "scalar_type()",
      },
      {
        text: "/e/site-packages/torch/include/torch/headeronly/core/Dispatch.h:36:63: error: cannot convert ‘const at::DeprecatedTypeProperties’ to ‘c10::ScalarType’",
        expect: "own folder",
      },
    ],
  },
  {
    id: "th-api-removed",
    title: "The code uses TH/THC, which torch removed",
    on: ["compile"],
    specificity: 84,
    matches: (finding) =>
      about(
        finding,
        /^(?:THC\w*|THNN\w*|THH\w*|THCState|THCudaMalloc|THCudaFree|THCudaCheck|THCCeilDiv|THCNumerics|THCudaBlas\w*|THArgCheck|THFloatTensor|THCudaTensor|TH[A-Z][a-z]+(?:Tensor|Blas|Vector|Lapack)\w*)$/,
      ) ??
      said(
        finding,
        /incomplete (?:definition of )?type [‘'"](?:struct )?(?<name>TH\w*(?:Tensor|Storage|State|Generator))\b/,
      ),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\` is of the TH/THC interface, which torch took apart from 1.5 on and removed in 1.11: the code was written for an older torch.`,
    fix: withoutTh,
    sources: ["pytorch/pytorch#73520"],
    examples: [
      {
        text: 'src/roi_pool_kernel.cu(83): error: identifier "THCudaCheck" is undefined',
        expect: "#include <c10/cuda/CUDAException.h>",
      },
      { text: 'nms.cu(70): error: identifier "THCState" is undefined', expect: "CUDACachingAllocator" },
      {
        text: "src/cpu/dcn_v2_cpu.cpp:224:9: error: ‘THFloatBlas_gemv’ was not declared in this scope",
        expect: "written for an older torch",
      },
      { text: 'k.cu(283): error: identifier "THCudaCheck" is undefined', expect: "s/THCudaCheck/C10_CUDA_CHECK/g" },
      { text: "roi.cu:12:9: error: ‘THCCeilDiv’ was not declared in this scope", expect: "at::ceil_div" },
    ],
  },
  {
    id: "torch-api-changed",
    title: "The code uses something that this torch does not have",
    on: ["compile"],
    specificity: 60,
    matches: (finding) => {
      // In torch's own headers nothing was written for another torch: the compiler does not cope with them.
      if (/[\\/]torch[\\/](?:lib[\\/](?:tmp_install[\\/])?)?include[\\/]/.test(finding.file ?? "")) return undefined;
      const torch =
        /(?:(?:namespace|class|struct|in|of) )?["‘'`“](?:struct |class |const )*(?<space>(?:at|c10|torch|caffe2)(?:::[\w:<>]+)?)["’'”] has no member (?:named )?["‘'`“]?(?<name>[\w~]+)/.exec(
          finding.message,
        ) ??
        /["‘'`“](?<name>[\w~]+)["’'”] is not a member of ["‘'`“](?:class |struct )?(?<space>(?:at|c10|torch|caffe2)\b[\w:<>]*)/.exec(
          finding.message,
        ) ??
        /no member named ["‘'](?<name>[\w~]+)["’'] in (?:namespace )?["‘'](?<space>(?:at|c10|torch|caffe2)\b[\w:<>]*)/.exec(
          finding.message,
        ) ??
        /["‘'](?<name>[\w~]+)["’']\s?: is not a member of ["‘'](?<space>(?:at|c10|torch|caffe2)\b[\w:<>]*)/.exec(
          finding.message,
        ) ??
        /has no member named ["‘'](?<name>[\w~]+)["’']; did you mean ["‘'](?<other>\w+)/.exec(
          /(?:at|c10|torch)::/.test(finding.message) ? finding.message : "",
        ) ??
        /no matching function for call to ["‘'](?<space>(?:at|c10|torch)(?:::\w+)*)::(?<name>\w+)/.exec(
          finding.message,
        ) ??
        /["‘'](?<name>\w+)["’'] in namespace ["‘'](?<space>(?:at|c10|torch)\b[\w:]*)["’'] does not name a (?:type|template type)/.exec(
          finding.message,
        ) ??
        /no (?:type|template) named ["‘'](?<name>\w+)["’'] in (?:namespace )?["‘'](?<space>(?:at|c10|torch)\b[\w:]*)/.exec(
          finding.message,
        ) ??
        /no instance of (?:overloaded )?function "(?<space>(?:at|c10|torch)(?:::\w+)*)::(?<name>\w+)[^"]*" matches/.exec(
          finding.message,
        );
      return torch === null ? undefined : { ...torch.groups, where: placeOf(finding) };
    },
    confidence: "medium",
    cause: (match) =>
      `\`${match.facts["space"] ?? ""}${match.facts["space"] === undefined ? "" : "::"}${match.facts["name"] ?? ""}\` ${isCall(match) ? "does not take these arguments" : "is not there"} in the torch that is installed${torchThere(match)}: ${match.facts["where"] === "" ? "the code" : (match.facts["where"] ?? "the code")} ${isCall(match) ? "gives it the wrong number or types of them, or was written for an older or newer torch" : "was written for an older or newer torch"}${homeOf(match.facts["name"] ?? "", match.facts["space"]).length === 0 ? "" : ", or the header that declares it is not included"}.`,
    fix: (match) => [
      ...withHeader(match),
      ...homeOf(match.facts["name"] ?? "", match.facts["space"]),
      ...(/^(?:data|data_ptr)$/.test(match.facts["name"] ?? "") ? ["# x.data<T>() → x.data_ptr<T>()"] : []),
      ...(isCall(match)
        ? [
            "# compare the call with the candidates that stand below the message: sizes in braces ({2, 3}), int64_t for int, no arguments by name",
          ]
        : []),
      "# take the release of the package that fits this torch, or install the torch that its documentation names",
    ],
    sources: ["pytorch/extension-cpp#32", "yuliangguo/depth_any_camera#24"],
    examples: [{ text: 'k.cu(12): error: namespace "at" has no member "ceil_div"', expect: "at::ceil_div" }],
  },
  {
    id: "tensor-data-removed",
    title: "Tensor::data<T>() is now data_ptr<T>()",
    on: ["compile"],
    specificity: 82,
    matches: (finding) =>
      saidAny(
        finding,
        /(?:has no member (?:named )?["‘']?data\b|no member named 'data'|'data'\s?: is not a member).*(?:at::)?Tensor|Tensor["’”'] has no member (?:named )?["‘']?data\b|no matching (?:member )?function for call to [‘']?(?:at::\w+::)?data</,
      ),
    confidence: "high",
    cause: (match) => `${codeAt(match.finding)} calls Tensor::data<T>(), which was deprecated for years and is gone.`,
    fix: (match) => [
      ...(match.finding.file === undefined || ofTorch(match.finding.file)
        ? [
            `grep -rlE '\\.data<[A-Za-z_0-9:]+>\\(\\)' --include='*.cpp' --include='*.cc' --include='*.cu' --include='*.cuh' --include='*.h' . | xargs -r sed -i.bak -E 's/\\.data<([A-Za-z_0-9:]+)>\\(\\)/.data_ptr<\\1>()/g'   # x.data<float>() → x.data_ptr<float>(), in the folder of the package's sources`,
          ]
        : editFile(match, [["\\.data<([A-Za-z_0-9:]+)>\\(\\)", ".data_ptr<\\1>()"]])),
    ],
    sources: ["pytorch/extension-cpp#32"],
    examples: [{ text: "ops.cpp:31:20: error: no member named 'data' in 'at::Tensor'", expect: "data_ptr" }],
  },
  {
    id: "data-ptr-type-unknown-to-compiler",
    title: "data_ptr<T>() with a type that tensors do not have",
    on: ["compile"],
    specificity: 80,
    matches: (finding) =>
      saidAny(
        finding,
        /no instance of (?:overloaded )?function template "at::Tensor(?:Base)?::(?<name>data_ptr|item|accessor|packed_accessor\w*|mutable_data_ptr|const_data_ptr)" matches/,
        /no matching (?:member )?function for call to ['‘](?:at::Tensor(?:Base)?::)?(?<name>data_ptr|item|mutable_data_ptr|const_data_ptr)/,
      ),
    confidence: "medium",
    cause: (match) =>
      `${placeOf(match.finding)}: \`${match.facts["name"] ?? "data_ptr"}<T>()\` exists for the element types of tensors alone: float, double, int, int64_t, int16_t, int8_t, uint8_t, bool, at::Half, at::BFloat16. \`long\`, \`unsigned\`, \`__half\` or a missing \`<T>\` fail, and inside a template the word \`template\` is needed.`,
    fix: () => [
      "# long → int64_t; unsigned → int (and reinterpret_cast); __half → at::Half: reinterpret_cast<__half*>(x.data_ptr<at::Half>())",
      "# in templates: x.template data_ptr<scalar_t>()",
    ],
    sources: ["pytorch/pytorch#84339"],
    examples: [
      {
        text: 'k.cu(33): error: no instance of function template "at::Tensor::data_ptr" matches the argument list\n            object type is: at::Tensor',
        expect: "int64_t",
      },
    ],
  },
];
