/**
 * Sources for torch's stable C++ API that are written as for the whole one: functions without their boxing, members that
 * torch::stable::Tensor does not have, macros of ATen.
 * Source: torch/csrc/stable (library.h, ops.h, tensor_struct.h, macros.h) and torch/headeronly of torch 2.13, and the notes on the
 * stable ABI (docs.pytorch.org, notes/libtorch_stable_abi).
 */
import { own } from "../../base/own.ts";
import { pip } from "../commands/commands.ts";
import { conversionOf } from "../facts/conversion.ts";
import type { Finding } from "../finding.ts";
import { editFile, editLine } from "../commands/source-edits.ts";
import type { Edit } from "../edit.ts";
import { codeAt, type Match, type MatchFacts, type Rule, type RuleContext, said, saidAny } from "../rule.ts";

const notes = "https://docs.pytorch.org/docs/stable/notes/libtorch_stable_abi.html";

/** Functions of torch/csrc/stable/ops.h that ATen has as members. */
const functions =
  /^(?:empty_like|fill_|narrow|new_empty|new_zeros|pad|amax|transpose|zero_|copy_|clone|flatten|unsqueeze|squeeze|select|matmul|reshape|view|to|contiguous|sum|subtract)$/;
/** Those of them that torch 2.10 brought, and what is no member anywhere. */
const since210 =
  /^(?:parallel_for|get_num_threads|empty|reshape|view|from_blob|to|contiguous|sum|sum_out|subtract|full|Device)$/;

/** What takes the place of other members of at::Tensor and functions of at. */
const others: Readonly<Record<string, string>> = {
  options:
    "torch::stable::new_empty(x, {n, m}) and new_zeros(x, {n, m}) take type and device of x; another type as the third argument",
  dtype: "x.scalar_type()",
  type: "x.scalar_type()",
  item: "there is none: copy to the CPU (torch::stable::to), then *x.const_data_ptr<float>()",
  accessor: "x.const_data_ptr<float>() (or mutable_data_ptr) with x.stride(0), x.stride(1)",
  packed_accessor32: "pointer and strides: x.mutable_data_ptr<float>(), x.stride(0)",
  packed_accessor64: "pointer and strides: x.mutable_data_ptr<float>(), x.stride(0)",
  nbytes: "x.numel() * x.element_size()",
  ndimension: "x.dim()",
  itemsize: "x.element_size()",
  index: "torch::stable::select(x, dim, i) or narrow(x, dim, start, length)",
  zeros: "torch::stable::new_zeros(x, {n, m}), or torch::stable::full({n, m}, 0) (torch 2.10)",
  ones: "torch::stable::full({n, m}, 1) (torch 2.10)",
  zeros_like: "torch::stable::new_zeros(x, x.sizes())",
  add: 'torch_call_dispatcher("aten::add", "Tensor", …), or a kernel of one\'s own; subtract(a, b, -1) adds (torch 2.10)',
};

/** Macros of ATen and c10, and those that are in headers alone, with their header. */
const macros: readonly (readonly [form: RegExp, to: string, header: string])[] = [
  [/^TORCH_(CHECK|CHECK_\w+|INTERNAL_ASSERT)$/, "STD_TORCH_CHECK", "torch/headeronly/util/Exception.h"],
  [/^(?:C10|AT)_CUDA_CHECK$/, "STD_CUDA_CHECK", "torch/csrc/stable/macros.h"],
  [/^C10_CUDA_KERNEL_LAUNCH_CHECK$/, "STD_CUDA_KERNEL_LAUNCH_CHECK", "torch/csrc/stable/macros.h"],
  [/^TORCH_LIBRARY$/, "STABLE_TORCH_LIBRARY", "torch/csrc/stable/library.h"],
  [/^TORCH_LIBRARY_IMPL$/, "STABLE_TORCH_LIBRARY_IMPL", "torch/csrc/stable/library.h"],
  [/^TORCH_LIBRARY_FRAGMENT$/, "STABLE_TORCH_LIBRARY_FRAGMENT", "torch/csrc/stable/library.h"],
];

/** Whether the code is for the stable API, as far as the text tells. */
function ofStableCode(finding: Finding, { findings, log }: RuleContext): boolean {
  if (log.stableApi) return true;
  return [finding, ...findings].some(({ text, message, source = "" }) =>
    /torch::stable::|torch[\\/]csrc[\\/]stable[\\/]|\bSTD_TORCH_CHECK\b|\bSTABLE_TORCH_LIBRARY|TORCH_STABLE_ONLY|TORCH_TARGET_VERSION/.test(
      `${text} ${message} ${source}`,
    ),
  );
}

function unknownName(finding: Finding): MatchFacts | undefined {
  return saidAny(
    finding,
    /[‘'"](?:class |struct )?torch::stable::(?<of>Tensor)["’'] has no (?:actual )?member (?:named )?[‘'"](?<name>\w+)["’']/,
    /no member named '(?<name>\w+)' in '(?:class |struct )?torch::stable::(?<of>Tensor)'/,
    /'(?<name>\w+)'\s?: is not a member of 'torch::stable::(?<of>Tensor)'/,
    /[‘'](?<name>\w+)[’'] is not a member of [‘']torch::stable[’']/,
    /no member named '(?<name>\w+)' in namespace 'torch::stable'/,
    /namespace "torch::stable" has no (?:actual )?member "(?<name>\w+)"/,
    /'(?<name>\w+)'\s?: is not a member of 'torch::stable'/,
  );
}

/** A member that is a function here. */
function asFunction(name: string): readonly Edit[] {
  return [
    [`([A-Za-z_][A-Za-z0-9_]*)\\.${name}\\(\\)`, `torch::stable::${name}(\\1)`],
    [`([A-Za-z_][A-Za-z0-9_]*)\\.${name}\\(([^)])`, `torch::stable::${name}(\\1, \\2`],
  ];
}

/** All members of the same file that are functions here: one edit mends them. */
function membersOf({ finding, context }: Match): readonly string[] {
  const names = [finding, ...context.findings.filter(({ kind, file }) => kind === "compile" && file === finding.file)]
    .map((each) => unknownName(each))
    .filter((facts) => facts?.["of"] !== undefined)
    .map((facts) => facts?.["name"] ?? "");
  return [...new Set(names)].filter((name) => functions.test(name)).slice(0, 8);
}

/** The line that the compiler printed is one of several. */
function wholeFile(match: Match): Match {
  const { source: _, ...finding } = match.finding;
  return { ...match, finding };
}

/** The release that the build is for has to know a function of 2.10. */
function forNewer(match: Match): string[] {
  const target = match.context.findings.some(({ text }) => /TORCH_TARGET_VERSION=/.test(text));
  const installed = /^2\.(\d+)/.exec(match.context.log.installedTorch ?? match.context.log.torch ?? "")?.[1];
  return [
    ...(installed !== undefined && Number(installed) >= 10 ? [] : [pip(match, 'install --upgrade "torch>=2.10"')]),
    `${target || installed === undefined || Number(installed) >= 10 ? "" : "# "}grep -rlE 'TORCH_TARGET_VERSION' --include=setup.py --include=CMakeLists.txt --include='*.cmake' --include='*.toml' . | xargs -r sed -i.bak -E 's/0x0209([0-9a-f]{12})/0x020a\\1/g'   # TORCH_TARGET_VERSION hides what is newer than it`,
  ];
}

export const stableSourceRules: readonly Rule[] = [
  {
    id: "stable-kernel-not-boxed",
    title: "A function is registered with the stable API without its boxing",
    on: ["compile"],
    specificity: 90,
    matches: (finding) => {
      if (!/void \((?:__cdecl )?\*\)\((?:struct )?StableIValue ?\*/.test(finding.message)) return undefined;
      const conversion = conversionOf(finding);
      return conversion !== undefined ||
        /cannot convert|invalid conversion|incompatible|cannot initialize/.test(finding.message)
        ? { name: /\.impl\(\s*"[^"]*",\s*&?\s*([\w:]+)\s*\)/.exec(finding.source ?? "")?.[1] }
        : undefined;
    },
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)} gives m.impl of STABLE_TORCH_LIBRARY a function with its own parameters${match.facts["name"] === undefined ? "" : ` (\`${match.facts["name"]}\`)`}. The stable API wants one that takes a stack of StableIValue; TORCH_BOX makes it (TORCH_LIBRARY did so by itself).`,
    fix: (match) => [
      ...editLine(match, [['\\.impl\\(("[^"]+"), *&?([A-Za-z_][A-Za-z0-9_:]*)\\)', ".impl(\\1, TORCH_BOX(&\\2))"]]),
      '# m.impl("f", TORCH_BOX(&f));   torch 2.10 and newer; for 2.9: a function of one\'s own, void boxed_f(StableIValue* stack, uint64_t num_args, uint64_t num_outputs), with to<…>(stack[0]) and stack[0] = from(…)',
    ],
    sources: [notes, "pytorch: torch/csrc/stable/library.h"],
    examples: [
      {
        text: 'b4.cpp:7:57: error: invalid conversion from ‘torch::stable::Tensor (*)(torch::stable::Tensor, double)’ to ‘void (*)(StableIValue*, uint64_t, uint64_t)’ {aka ‘void (*)(long unsigned int*, long unsigned int, long unsigned int)’} [-fpermissive]\n    7 | STABLE_TORCH_LIBRARY_IMPL(my_ops, CPU, m) { m.impl("f", &f); }\n      |                                                         ^~',
        expect: '7s/\\.impl\\(("[^"]+"), *&?([A-Za-z_][A-Za-z0-9_:]*)\\)/.impl(\\1, TORCH_BOX(\\&\\2))/g',
      },
      {
        text: "ops.cpp(9): error C2664: 'torch::stable::detail::StableLibrary &torch::stable::detail::StableLibrary::impl(const char *,void (__cdecl *)(StableIValue *,uint64_t,uint64_t))': cannot convert argument 2 from 'torch::stable::Tensor (__cdecl *)(torch::stable::Tensor,double)' to 'void (__cdecl *)(StableIValue *,uint64_t,uint64_t)'",
        expect: "TORCH_BOX(&f)",
      },
      {
        text: 'k.cu(7): error: argument of type "torch::stable::Tensor (*)(torch::stable::Tensor, double)" is incompatible with parameter of type "void (*)(StableIValue *, uint64_t, uint64_t)"',
        expect: "TORCH_BOX(&f)",
      },
    ],
  },
  {
    id: "stable-name-unknown",
    title: "torch's stable API does not have this member or function",
    on: ["compile"],
    specificity: 88,
    matches: unknownName,
    confidence: "high",
    cause: (match) => {
      const { name = "", of } = match.facts;
      const what = of === undefined ? `\`torch::stable::${name}\`` : `\`${name}\``;
      if (of !== undefined && functions.test(name))
        return `${codeAt(match.finding)} calls ${what} as a member, as of at::Tensor; torch::stable::Tensor has few members, and the others are functions of torch/csrc/stable/ops.h.`;
      if (of === undefined && since210.test(name))
        return `${what} (${codeAt(match.finding)}) came with torch 2.10: the installed torch is 2.9, TORCH_TARGET_VERSION asks for the API of 2.9, or torch/csrc/stable/ops.h is not included.`;
      return `${codeAt(match.finding)} asks the stable API for ${what}${of === undefined ? "" : ", which torch::stable::Tensor does not have"}: it holds a small part of ATen's, and keeps that over releases. The torch that is installed is not at fault.`;
    },
    fix: (match) => {
      const { name = "", of } = match.facts;
      const instead = own(others, name);
      if (of !== undefined && functions.test(name))
        return [
          ...editFile(wholeFile(match), membersOf(match).flatMap(asFunction), ["#include <torch/csrc/stable/ops.h>"]),
          `# torch::stable::${name}(x, …) in place of x.${name}(…)${since210.test(name) ? "; torch 2.10 and newer" : ""}`,
        ];
      if (of === undefined && since210.test(name))
        return [
          ...forNewer(match),
          "# and #include <torch/csrc/stable/ops.h> (torch/csrc/stable/tensor.h for Tensor, device.h for Device)",
        ];
      return [
        ...(name === "dtype" || name === "type" ? editFile(match, [[`\\.${name}\\(\\)`, ".scalar_type()"]]) : []),
        ...(name === "ndimension" ? editFile(match, [["\\.ndimension\\(\\)", ".dim()"]]) : []),
        ...(instead === undefined ? [] : [`# ${of === undefined ? "" : "x."}${name} → ${instead}`]),
        `# what the API has not: torch_call_dispatcher("aten::${name}", "", stack, TORCH_ABI_VERSION) of torch/csrc/stable/c/shim.h calls any operator of ATen (torch 2.10; before it aoti_torch_call_dispatcher), or that step in Python`,
      ];
    },
    sources: [notes, "pytorch: torch/csrc/stable/tensor_struct.h", "pytorch: torch/csrc/stable/ops.h"],
    examples: [
      {
        text: "b5.cpp:6:42: error: ‘class torch::stable::Tensor’ has no member named ‘contiguous’; did you mean ‘is_contiguous’?",
        expect: "torch::stable::contiguous(\\1)",
      },
      {
        text: "b5.cpp:6:42: error: no member named 'options' in 'torch::stable::Tensor'",
        expect: "new_empty(x, {n, m})",
      },
      {
        text: 'k.cu(6): error: namespace "torch::stable" has no member "ones"',
        expect: "torch::stable::full({n, m}, 1)",
      },
      {
        text: "ops.cpp(4): error C2039: 'dtype': is not a member of 'torch::stable::Tensor'",
        expect: "x.scalar_type()",
      },
      { text: "b.cpp:6:42: error: ‘empty’ is not a member of ‘torch::stable’", expect: '"torch>=2.10"' },
    ],
  },
  {
    id: "stable-macro-unknown",
    title: "A macro of ATen's in code for the stable API",
    on: ["compile"],
    specificity: 88,
    matches: (finding, context) => {
      const facts = saidAny(
        finding,
        /[‘'](?<name>TORCH_\w+|(?:C10|AT)_CUDA_\w+)[’'] was not declared in this scope/,
        /use of undeclared identifier '(?<name>TORCH_\w+|(?:C10|AT)_CUDA_\w+)'/,
        /identifier "(?<name>TORCH_\w+|(?:C10|AT)_CUDA_\w+)" is undefined/,
        /'(?<name>TORCH_\w+|(?:C10|AT)_CUDA_\w+)'\s?: identifier not found/,
      );
      const name = facts?.["name"];
      const known = name === undefined ? undefined : macros.find(([form]) => form.test(name));
      return known === undefined || !ofStableCode(finding, context)
        ? undefined
        : { name, to: known[1], header: known[2] };
    },
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\` (${codeAt(match.finding)}) is of ATen's and c10's headers, and the code includes those of the stable API alone, which have \`${match.facts["to"] ?? ""}\` for it.`,
    fix: (match) => [
      ...(/^TORCH_CHECK_|^TORCH_INTERNAL/.test(match.facts["name"] ?? "")
        ? []
        : editFile(
            match,
            [[`\\b${match.facts["name"] ?? ""}\\b`, match.facts["to"] ?? ""]],
            [`#include <${match.facts["header"] ?? ""}>`],
          )),
      `# ${match.facts["name"] ?? ""} → ${match.facts["to"] ?? ""}${/^TORCH_CHECK_/.test(match.facts["name"] ?? "") ? '(condition, "message")' : ""}, of <${match.facts["header"] ?? ""}>${(match.facts["to"] ?? "").startsWith("STD_CUDA") ? " (torch 2.10)" : ""}`,
    ],
    sources: [notes, "pytorch: torch/headeronly/util/Exception.h", "pytorch: torch/csrc/stable/macros.h"],
    examples: [
      {
        text: "b.cpp:6:112: error: ‘TORCH_CHECK’ was not declared in this scope; did you mean ‘STD_TORCH_CHECK’?",
        expect: "s/\\bTORCH_CHECK\\b/STD_TORCH_CHECK/g",
      },
      {
        text: 'k.cu(9): error: identifier "C10_CUDA_KERNEL_LAUNCH_CHECK" is undefined\nk.cu(12): error: class "torch::stable::Tensor" has no member "options"',
        expect: "STD_CUDA_KERNEL_LAUNCH_CHECK",
      },
    ],
  },
  {
    id: "stable-tensor-arithmetic",
    title: "torch's stable API has no arithmetic of tensors",
    on: ["compile"],
    specificity: 88,
    matches: (finding) =>
      saidAny(
        finding,
        /no match for [‘']operator(?<sign>\S{1,3})[’'] \(operand types are [‘'](?:const )?torch::stable::Tensor/,
        /invalid operands to binary expression \('(?:const )?(?:torch::stable::)Tensor/,
        /no operator "(?<sign>\S{1,3})" matches these operands.*torch::stable::Tensor/,
        /binary '(?<sign>\S{1,3})'\s?: (?:no operator found|'torch::stable::Tensor' does not define)[^.]*torch::stable::Tensor/,
      ),
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)} calculates with torch::stable::Tensor${match.facts["sign"] === undefined ? "" : ` (\`${match.facts["sign"]}\`)`}. The stable API has no operators of C++ for tensors.`,
    fix: () => [
      "# torch::stable::subtract(a, b, alpha) is a - alpha * b (torch 2.10; -1 adds); other operators of ATen by torch_call_dispatcher (torch/csrc/stable/c/shim.h), or in one's own kernel, or in Python",
      "# #include <torch/csrc/stable/ops.h> has empty_like, new_empty, new_zeros, fill_, zero_, copy_, clone, to, contiguous, view, reshape, transpose, select, narrow, matmul, sum, amax",
    ],
    sources: [notes, "pytorch: torch/csrc/stable/ops.h"],
    examples: [
      {
        text: "b5.cpp:6:80: error: no match for ‘operator+’ (operand types are ‘torch::stable::Tensor’ and ‘torch::stable::Tensor’)",
        expect: "torch::stable::subtract(a, b, alpha)",
      },
    ],
  },
  {
    id: "stable-pointer-with-type",
    title: "data_ptr of a stable tensor has no type between angle brackets",
    on: ["compile"],
    specificity: 88,
    matches: (finding, context) =>
      /\.data_ptr<[\w:]+>\(\)/.test(finding.source ?? "") && ofStableCode(finding, context)
        ? said(
            finding,
            /(?:expected primary-expression before [‘'](?<type>[\w:]+)[’']|does not refer to a template|type name is not allowed)/,
          )
        : undefined,
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)} calls data_ptr<T>() of a torch::stable::Tensor, whose data_ptr() gives a void*: the pointer with a type is mutable_data_ptr<T>(), or const_data_ptr<T>() to read.`,
    fix: (match) => [
      ...editFile(match, [["\\bdata_ptr<", "mutable_data_ptr<"]]),
      "# const_data_ptr<T>() where it is only read",
    ],
    sources: [notes, "pytorch: torch/csrc/stable/tensor_struct.h"],
    examples: [
      {
        text: "b5.cpp:6:30: error: expected primary-expression before ‘float’\n    6 | void g(Tensor x){ float* p = x.data_ptr<float>(); }\n      |                                         ^~~~~\nb5.cpp:7:58: error: ‘class torch::stable::Tensor’ has no member named ‘options’",
        expect: "s/\\bdata_ptr</mutable_data_ptr</g",
      },
      {
        text: "c.cpp: In function ‘torch::stable::Tensor add_one(const torch::stable::Tensor&)’:\nc.cpp:9:33: error: expected primary-expression before ‘float’\n    9 |   const float* src = x.data_ptr<float>();\n      |                                 ^~~~~",
        expect: "s/\\bdata_ptr</mutable_data_ptr</g",
      },
    ],
  },
];
