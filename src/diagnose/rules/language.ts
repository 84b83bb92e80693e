/** C++ and C sources that no compiler takes as they are: templates, recursion, old C interfaces of NumPy. */
import { own } from "../../base/own.ts";
import { wordsToBuild, pip, python, torchAtHand, platformOf, setVariable } from "../commands/commands.ts";
import type { Finding } from "../finding.ts";
import { codeAt, type Match, placeOf, type Rule, type RuleContext, said, saidAny } from "../rule.ts";
import { inTorchTree } from "./asked-of-torch.ts";
import { editLine } from "../commands/source-edits.ts";

/** Whether the same line of the source was already found to name what is not there: what is expected in it is the echo. */
function isEcho(finding: Finding, context: RuleContext): boolean {
  return (
    finding.line !== undefined &&
    finding.message.startsWith("expected primary") &&
    context.findings.some(
      ({ at, file, line, message }) =>
        at < finding.at &&
        line === finding.line &&
        file === finding.file &&
        /is not a member of|not declared|does not name|is not a template/.test(message),
    )
  );
}

/** The declaration of the function, where the text shows its definition. */
function declared({ facts, context: { log } }: Match): string | undefined {
  return own(log.functionHeads, facts["name"] ?? "");
}

/** The word put in where the line shows the call. */
function withTemplate(match: Match): string[] {
  const called = /(?:\.|->)(data_ptr|data|packed_accessor\w*|accessor|item)\s?</.exec(match.finding.source ?? "")?.[1];
  const words = "x.template data_ptr<T>() in place of x.data_ptr<T>(); or take the pointer outside of the template";
  const edit = called === undefined ? [] : editLine(match, [[`(\\.|->)(${called}) ?<`, "\\1template \\2<"]]);
  return edit.length === 0 ? [`# ${words}`] : edit.map((line) => `${line}   # ${words}`);
}

export const languageRules: readonly Rule[] = [
  {
    id: "template-keyword-missing",
    title: "A template call on a dependent object lacks the word `template`",
    on: ["compile"],
    specificity: 58,
    matches: (finding, context) =>
      isEcho(finding, context) ||
      // `f(a, int b)`: a declaration in a place for values, as where the type before it is unknown.
      (/^expected primary-expression before [‘'](?<type>\w+)[’']$/.test(finding.message) &&
        finding.source !== undefined &&
        !/<\s*[\w:]+\s*>/.test(finding.source)) ||
      /[\\/](?:c\+\+[\\/]\d|torch[\\/]include|pybind11[\\/]|cuda[\w.-]*[\\/])/.test(finding.file ?? "")
        ? undefined
        : (saidAny(
            finding,
            /expected primary-expression before [‘'](?<type>float|double|int|int64_t|long|bool|uint8_t|scalar_t|T|at::Half|__half|half)[’']/,
            /use 'template' keyword to treat '(?<type>\w+)' as a dependent template name/,
            /missing 'template' keyword prior to dependent template name '(?<type>\w+)'/,
          ) ??
          (/^expected primary-expression before [‘'][>)][’'] token/.test(finding.message)
            ? /(?<![\w ]template )\b(?:data_ptr|data|packed_accessor\w*|accessor|item)\s?<\s?(?<type>[\w:]+)/.exec(
                finding.source ?? "",
              )?.groups
            : undefined)),
    confidence: "medium",
    cause: (match) =>
      `${placeOf(match.finding)}: inside a template (or a lambda of AT_DISPATCH_…, or with \`auto\`) the compiler takes \`x.data_ptr<${match.facts["type"] ?? "T"}>()\` for a comparison, because the type of x depends on a parameter. (A torch older than 1.3 has no data_ptr<T>() at all, and fails alike.)`,
    fix: (match) => {
      const mayBeOld = torchAtHand(match) === undefined && /data_ptr/.test(match.finding.source ?? "");
      return [
        ...(mayBeOld
          ? [
              `${python(match)} -c "import torch; print(torch.__version__)"   # before 1.3: ${pip(match, "install --upgrade torch")}, or a release of the package from before, with data<T>()`,
            ]
          : []),
        ...withTemplate(match),
      ];
    },
    sources: ["https://en.cppreference.com/w/cpp/language/dependent_name"],
    examples: [
      { text: "k.cpp:77:33: error: expected primary-expression before ‘float’", expect: "x.template data_ptr" },
      {
        text: "k.cpp:7:21: error: use 'template' keyword to treat 'data_ptr' as a dependent template name",
        expect: "template",
      },
      {
        text: "mlp.cpp:119:43: error: expected primary-expression before '>' token\n         out[0].data_ptr<scalar_t>(),\n                                  ^",
        expect: "install --upgrade torch",
      },
      {
        text: "torch 1.13.1\ncsrc/mlp.cpp:119:43: error: expected primary-expression before '>' token\n         out[0].data_ptr<scalar_t>(),\n                                  ^",
        expect: "sed -i.bak -E '119s/(\\.|->)(data_ptr) ?</\\1template \\2</g' csrc/mlp.cpp",
      },
    ],
  },
  {
    id: "headers-include-each-other",
    title: "A header includes itself",
    on: ["compile"],
    specificity: 78,
    matches: (finding) =>
      saidAny(finding, /#include nested (?:depth \d+ exceeds maximum|too deeply)/, /C1014|too many include files/),
    confidence: "high",
    cause: (match) =>
      `${placeOf(match.finding)} is included again and again: a header without #pragma once includes itself (or one of the same name on another include folder is found in its place).`,
    fix: (match) => [
      `# #pragma once as the first line of ${match.finding.file ?? "the header"}; a wrapper with the name of a system header needs #include_next`,
    ],
    sources: ["https://gcc.gnu.org/onlinedocs/cpp/Once-Only-Headers.html"],
    examples: [
      {
        text: "csrc/a.h:1:17: error: #include nested depth 200 exceeds maximum of 200 (use -fmax-include-depth=DEPTH to increase the maximum)",
        expect: "#pragma once",
      },
    ],
  },
  {
    id: "template-depth-exceeded",
    title: "Templates are nested deeper than the compiler's limit",
    on: ["compile"],
    specificity: 78,
    matches: (finding) =>
      saidAny(
        finding,
        /(?:recursive )?template instantiation (?:depth )?exceed(?:s|ed) maximum (?:depth )?of (?<limit>\d+)/,
        /(?<limit>constexpr) (?:evaluation|loop) .*(?:exceeds|exceeded|hit) (?:its |the )?(?:maximum|limit)/,
        /excessive recursion at instantiation of|C1202|recursive type or function dependency context too complex/,
      ),
    confidence: "high",
    cause: (match) =>
      `${placeOf(match.finding)}: templates instantiate each other without end (a missing stop of the recursion, most often after an edit), or truly deeper than ${match.facts["limit"] ?? "the limit"}.`,
    fix: (match) => [
      ...(platformOf(match) === "win32"
        ? []
        : [
            match.finding.tool === "cudafe++" || /\.cuh?$/.test(match.finding.file ?? "")
              ? `${setVariable(match, "NVCC_APPEND_FLAGS", "-ftemplate-depth=2048")}   # when the depth is meant`
              : 'export CFLAGS="$CFLAGS -ftemplate-depth=2048" CXXFLAGS="$CXXFLAGS -ftemplate-depth=2048"   # when the depth is meant; load(): extra_cflags (constexpr: -fconstexpr-ops-limit)',
          ]),
      "# else look for the type in the messages that grows from line to line",
    ],
    sources: ["https://gcc.gnu.org/onlinedocs/gcc/C_002b_002b-Dialect-Options.html"],
    examples: [
      {
        text: "/p/a.hpp:88:11: fatal error: template instantiation depth exceeds maximum of 900 (use ‘-ftemplate-depth=’ to increase the maximum)",
        expect: "-ftemplate-depth",
      },
      {
        text: "a.hpp:3:9: fatal error: recursive template instantiation exceeded maximum depth of 1024",
        expect: "2048",
      },
    ],
  },
  {
    id: "numpy-c-api-changed",
    title: "The code uses NumPy's C API in a form that NumPy 2 does not have",
    on: ["compile", "missing-header"],
    specificity: 82,
    matches: (finding) =>
      finding.kind === "missing-header"
        ? /^numpy\/(?:noprefix|oldnumeric|old_defines|npy_math_old|ufuncobject_old)\.h$/.test(finding.header ?? "")
          ? { name: finding.header }
          : undefined
        : saidAny(
            finding,
            /[‘'"](?:struct |class )?_?PyArray_(?:Descr|ArrFuncs|Descr_fields)[’'"].*has no member (?:named )?[‘'"](?<name>\w+)/,
            /no member named '(?<name>\w+)' in '(?:struct )?_?PyArray\w*'/,
            /[‘'"](?<name>NPY_(?:OWNDATA|CONTIGUOUS|C_CONTIGUOUS|F_CONTIGUOUS|ALIGNED|WRITEABLE|UPDATEIFCOPY|IN_ARRAY|OUT_ARRAY|INOUT_ARRAY|FORCECAST|ENSUREARRAY|CHAR|MAXARGS|MAXDIMS)|PyArray_(?:FromDims\w*|DOUBLE|FLOAT|INT|LONG|UBYTE|GetCastFunc|NPY_\w+|Copy\w*)|npy_int_?p_?t?r?|NPY_NO_EXPORT)[’'"] (?:was not declared|undeclared|is undefined)/,
            /use of undeclared identifier '(?<name>NPY_(?:OWNDATA|CONTIGUOUS|ALIGNED|WRITEABLE|UPDATEIFCOPY|IN_ARRAY|OUT_ARRAY)\w*|PyArray_\w+)'/,
          ),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\` (${placeOf(match.finding)}) is of NumPy 1's C API: NumPy 2 hid the fields of PyArray_Descr and removed names that had been deprecated since 1.7.`,
    fix: (match) => [
      "# PyDataType_SUBARRAY(d), PyDataType_ELSIZE(d), PyDataType_NAMES(d) … in place of d->subarray, d->elsize, d->names (with npy_2_compat.h); NPY_ARRAY_OWNDATA in place of NPY_OWNDATA",
      `${pip(match, 'install "numpy<2"')}   # to build the package as it is, without isolation:`,
      pip(match, `install --no-build-isolation ${wordsToBuild(match)}`),
    ],
    sources: ["https://numpy.org/doc/stable/numpy_2_0_migration_guide.html"],
    examples: [
      {
        text: "csrc/a.c:22:8: error: ‘PyArray_Descr’ {aka ‘struct _PyArray_Descr’} has no member named ‘subarray’",
        expect: "PyDataType_SUBARRAY",
      },
      { text: "src/a.c:40:30: error: ‘NPY_OWNDATA’ was not declared in this scope", expect: "NPY_ARRAY_OWNDATA" },
    ],
  },
  {
    id: "pybind11-needs-newer-python",
    title: "This pybind11 does not support this Python",
    on: ["compile"],
    specificity: 84,
    matches: (finding) =>
      saidAny(
        finding,
        /#error:? ?["“]?PYTHON < (?<least>[\d.]+) IS UNSUPPORTED/i,
        /#error:? ?["“]?pybind11 requires? (?:Python|C\+\+) ?(?<least>[\d.]+)/i,
        /#error:? ?["“]?This version of pybind11 (?:does not support|is not compatible)/i,
      ),
    confidence: "high",
    cause: (match) =>
      `The pybind11 that is included is too new for the interpreter it compiles for: it wants Python ${match.facts["least"] ?? "of a newer release"}.`,
    fix: (match) => [
      "python --version   # is it the Python that is meant? An environment with a newer one: uv venv --python 3.12",
      pip(match, 'install "pybind11<2.14"') + "   # supports Python 3.7",
    ],
    sources: ["https://pybind11.readthedocs.io/en/stable/changelog.html"],
    examples: [
      {
        text: '/e/pybind11/detail/common.h:274:2: error: #error "PYTHON < 3.8 IS UNSUPPORTED. pybind11 v2.13 was the last to support Python 3.7."',
        expect: "3.8",
      },
    ],
  },
  {
    id: "overload-ambiguous-in-device-code",
    title: "Arguments of two types make a call ambiguous",
    on: ["compile"],
    specificity: 56,
    matches: (finding) =>
      saidAny(
        finding,
        /more than one instance of overloaded function "(?:\w+::)*(?<name>max|min|pow|abs|fabs|floor|ceil|round|sqrt|exp|log|fmax|fmin|isnan|isinf|isfinite|rsqrt|tanh|sin|cos|atomicAdd)" matches.*?(?:argument types are: \((?<types>[^)]*)\))?/s,
        /call (?:of overloaded|to) [‘']?(?:\w+::)*(?<name>max|min|pow|abs|floor|ceil|round|sqrt|isnan|isinf)(?:\((?<types>[^)]*)\))?[’']? is ambiguous/,
        /no matching function for call to [‘'](?:std::)?(?<name>max|min)\((?<types>[^)]*)\)/,
        /'(?:\w+::)*(?<name>max|min|pow|f?abs|floor|ceil|round|sqrt|exp|log|fmax|fmin|isnan|isinf|isfinite|fmod|tanh|sin|cos)'\s?: ambiguous call to overloaded function/,
      ),
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)} calls \`${match.facts["name"] ?? ""}\` with ${match.facts["types"] === undefined ? "arguments of different types" : `(${match.facts["types"].trim()})`}, and no overload fits better than the others (int64_t is \`long\` on Linux and \`long long\` elsewhere; size_t is unsigned).`,
    fix: (match) => [
      `# give both arguments one type: std::${match.facts["name"] ?? "max"}<int64_t>(a, b), or static_cast; for floating point ${match.facts["name"] === "abs" ? "fabs or std::abs with <cmath>" : "write 0.f or 0.0, not 0"}; c10::Half and c10::BFloat16: static_cast<float>(x)`,
    ],
    sources: ["https://en.cppreference.com/w/cpp/language/overload_resolution"],
    examples: [
      {
        text: "kernels.cu(88): error C2668: 'fabs': ambiguous call to overloaded function",
        expect: "static_cast<float>(x)",
      },
      {
        text: 'k.cu(8): error: more than one instance of overloaded function "max" matches the argument list:\n            function "max(int, int)"\n            argument types are: (size_t, int)',
        expect: "one type",
      },
      { text: "a.cpp:9:20: error: call of overloaded ‘abs(unsigned int)’ is ambiguous", expect: "static_cast" },
    ],
  },
  {
    id: "torch-type-incomplete",
    title: "A header of torch is included without the ones it needs",
    on: ["compile"],
    specificity: 80,
    matches: (finding) =>
      // Within torch's own tree the headers are of two versions.
      inTorchTree(finding.file) || /^(?:\.\.\/)+(?:c10|aten|torch)\//.test(finding.file ?? "")
        ? undefined
        : saidAny(
            finding,
            /incomplete (?:class )?type ["‘'](?:const )?(?:class )?(?<type>at::Tensor|c10::\w+|torch::\w+)["’'] is not allowed/,
            /(?:invalid use of incomplete type|member access into incomplete type|has incomplete type|implicit instantiation of undefined template) ["‘'](?:const )?(?:class |struct )?(?<type>at::\w+|c10::\w+|torch::[\w:]+)/,
          ),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["type"] ?? ""}\` is only announced where ${placeOf(match.finding)} uses it: a header of torch (ATen/cuda/…, c10/…) is included alone or before the one that defines the type. Older releases of torch included more by themselves.`,
    fix: (match) => {
      const header = /Tensor$/.test(match.facts["type"] ?? "") ? "ATen/core/Tensor.h" : "torch/types.h";
      const byNvcc = match.finding.tool === "cudafe++" || /\(\d+\)/.test(match.finding.text);
      return [
        ...(byNvcc
          ? [
              `${setVariable(match, "NVCC_APPEND_FLAGS", `-include ${header}`)}   # first in all CUDA sources, without touching them`,
            ]
          : platformOf(match) === "win32"
            ? [`set CL=/FI${header}   # first in all sources, without touching them`]
            : [
                `export CFLAGS="$CFLAGS -include ${header}" CXXFLAGS="$CXXFLAGS -include ${header}"   # first in all sources, without touching them`,
              ]),
        `# for good, first in the source: #include <${header}> (or torch/extension.h), then the others`,
      ];
    },
    sources: ["NVIDIA/MinkowskiEngine#481"],
    examples: [
      {
        text: '/e/torch/include/ATen/cuda/CUDAUtils.h(15): error: incomplete class type "at::Tensor" is not allowed',
        expect: 'export NVCC_APPEND_FLAGS="-include ATen/core/Tensor.h"',
      },
    ],
  },
  {
    id: "tensor-of-caffe2-copied",
    title: "A tensor of Caffe2 is copied",
    on: ["compile"],
    specificity: 78,
    matches: (finding) =>
      /deleted function|deleted (?:copy )?constructor|cannot be referenced -- it is a deleted function/.test(
        finding.message,
      )
        ? said(
            finding,
            /(?<type>caffe2::Tensor(?:<[\w:]+>)?)::Tensor\(const caffe2::Tensor|(?<type2>TensorCPU|TensorCUDA|caffe2::Tensor)\b/,
          )
        : undefined,
    confidence: "high",
    cause: (match) =>
      `${placeOf(match.finding)} copies a tensor of Caffe2 (returned or assigned by value): since 2018 its copy constructor is deleted, so that nobody copies the data unawares.`,
    fix: (match) => [
      `# ${placeOf(match.finding)}: const auto& tensor = blob->Get<caffe2::TensorCPU>();   # a reference, where the blob lives on`,
      "# a function that returns it: const caffe2::TensorCPU& Get(), or a copy that is asked for: return blob.Get<caffe2::TensorCPU>().Clone();",
    ],
    sources: ["leovandriel/caffe2_cpp_tutorial#72", "leovandriel/caffe2_cpp_tutorial#75"],
    examples: [
      {
        text: "src/caffe2/util/blob.cc:16:31: error: use of deleted function ‘caffe2::Tensor<Context>::Tensor(const caffe2::Tensor<Context>&) [with Context = caffe2::CPUContext]’",
        expect: "Clone()",
      },
      {
        text: "blob.cpp(11): error C2280: 'caffe2::Tensor<caffe2::CPUContext>::Tensor(const caffe2::Tensor<caffe2::CPUContext> &)': attempting to reference a deleted function",
        expect: "const auto&",
      },
    ],
  },
  {
    id: "inline-function-not-declared",
    title: "load_inline: a function that is to be bound is not declared in cpp_sources",
    on: ["compile"],
    specificity: 74,
    matches: (finding, context) =>
      /(?:^|[\\/])main\.cpp$/.test(finding.file ?? "") &&
      (context.log.jitFolder !== undefined ||
        /torch_extensions/.test(finding.file ?? "") ||
        finding.file === "main.cpp")
        ? (said(finding, /^[‘'"](?<name>\w+)[’'"] was not declared in this scope/) ??
          said(finding, /^use of undeclared identifier '(?<name>\w+)'/) ??
          said(finding, /^[‘'"](?<name>\w+)[’'"]: (?:identifier not found|undeclared identifier)/))
        : undefined,
    confidence: (match) => (match.context.log.jitFolder === undefined ? "medium" : "high"),
    cause: (match) =>
      `torch.utils.cpp_extension.load_inline writes main.cpp from cpp_sources and binds what \`functions\` names; \`${match.facts["name"] ?? ""}\` is defined in cuda_sources alone (or misspelt), so main.cpp does not know it.`,
    fix: (match) => [
      declared(match) === undefined
        ? `# cpp_sources needs its declaration, with the parameters that it has in cuda_sources: cpp_sources="torch::Tensor ${match.facts["name"] ?? "f"}(torch::Tensor x, …);"`
        : `# cpp_sources needs its declaration: cpp_sources="${declared(match) ?? ""};"`,
    ],
    sources: ["https://docs.pytorch.org/docs/stable/cpp_extension.html"],
    examples: [
      {
        text: "main.cpp:4:34: error: ‘my_op’ was not declared in this scope",
        expect: 'cpp_sources="torch::Tensor my_op',
      },
      {
        text: "std::vector<torch::Tensor> halves(const torch::Tensor& x, int64_t at) {\nmain.cpp:4:34: error: ‘halves’ was not declared in this scope",
        expect: 'cpp_sources="std::vector<torch::Tensor> halves(const torch::Tensor& x, int64_t at);"',
      },
    ],
  },
  {
    id: "consteval-not-understood",
    title: "The compiler does not cope with fmt's checks at compile time",
    on: ["compile"],
    specificity: 80,
    matches: (finding) =>
      saidAny(
        finding,
        /call to (?:consteval|immediate) function [“"'‘]?(?:fmt|spdlog)?.*(?:constant expression|did not produce)/,
        /(?:fmt|spdlog)\S*.*(?:consteval|is not a constant expression|constexpr)/,
      ) === undefined || !/fmt|spdlog/.test(`${finding.file ?? ""} ${finding.message}`)
        ? undefined
        : {},
    confidence: "medium",
    cause: (match) =>
      `fmt (or spdlog) checks format strings with consteval under C++20, and nvcc, older clang and MSVC stumble there (${placeOf(match.finding)}); or the format string is no constant.`,
    fix: () => [
      "# the flag -DFMT_CONSTEVAL= (fmt 9 to 11; fmt 11.1 and newer: -DFMT_USE_CONSTEVAL=0) for cxx and nvcc",
      "# or fmt::runtime(text) where the format string is made at run time; or a newer fmt: git submodule update --remote third_party/fmt",
    ],
    sources: ["fmtlib/fmt#3740", "https://fmt.dev/latest/api/"],
    examples: [
      {
        text: '/p/fmt/base.h(2741): error: call to consteval function "fmt::fstring<>::fstring(const char (&)[4])" did not produce a valid constant expression',
        expect: "FMT_CONSTEVAL",
      },
    ],
  },
];
