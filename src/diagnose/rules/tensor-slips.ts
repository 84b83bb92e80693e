/** Slips around tensors in operators of one's own: what a dispatch, an index, a loop or a device wants in which form. */
import { atCaller, replacePrinted } from "../commands/printed-edits.ts";
import { partedArguments, withinBrackets } from "../text/call-text.ts";
import { editLine } from "../commands/source-edits.ts";
import type { Finding } from "../finding.ts";
import { codeAt, type MatchFacts, type Rule, said, saidAny } from "../rule.ts";
import { conversionOf } from "../facts/conversion.ts";
import { inOwnSource } from "./plain-mistakes.ts";

const cppdocs = "https://docs.pytorch.org/cppdocs/";

/** `AT_DISPATCH_…_AND2(x.scalar_type(), at::kHalf, at::kBFloat16, `: how many types come first by its name. */
const dispatch = /\b(?<macro>(?:AT|THO)_DISPATCH_\w*_AND(?<count>[2-8]?))\s*\(/;
const runTimeType = /(?:scalar_type|dtype|type)\(\)$|^toScalarType\(|^(?:st|dtype|scalar_type|type)$/;

interface Dispatch {
  readonly macro: string;
  readonly given: string;
  readonly wanted: string;
}

/** The head of a dispatch whose run-time type stands before the types that are added. */
function swappedDispatch(source: string | undefined): Dispatch | undefined {
  const found = dispatch.exec(source ?? "");
  if (source === undefined || found === null) return undefined;
  const { macro = "", count = "" } = found.groups ?? {};
  const added = count === "" ? 1 : Number(count);
  const head = source.slice(found.index + found[0].length);
  const parts = partedArguments(withinBrackets(`(${head}`, 0) ?? head).slice(0, added + 1);
  const [first = "", ...others] = parts;
  if (parts.length <= added || !runTimeType.test(first) || !others.every((each) => /^[\w:]*\bk[A-Z]\w*$/.test(each)))
    return undefined;
  const last = others.at(-1) ?? "";
  const given = `${macro}(${head.slice(0, head.indexOf(last) + last.length)}`;
  return source.includes(given) ? { macro, given, wanted: `${macro}(${[...others, first].join(", ")}` } : undefined;
}

/** The call of index or index_put_ whose indices lack their braces, and how it is written with them. */
function bareIndex(source: string | undefined): readonly [string, string] | undefined {
  const call = /\.(index(?:_put_)?)\s*\(/.exec(source ?? "");
  if (source === undefined || call === null) return undefined;
  const list = withinBrackets(source, call.index + call[0].length - 1);
  if (list === undefined || list.trimStart().startsWith("{") || list.trim() === "") return undefined;
  const parts = partedArguments(list);
  const value = call[1] === "index" ? [] : [parts.pop() ?? ""];
  if (parts.length === 0) return undefined;
  const braced = [`{${parts.join(", ")}}`, ...value].join(", ");
  return [`${call[0]}${list})`, `${call[0]}${braced})`];
}

/** What `return` gives back at the place of the message. */
function returned({ source, mark }: Finding): string | undefined {
  const statements = [...(source ?? "").matchAll(/\breturn\s+([^;{}]+);/g)];
  const there = statements.filter(
    ({ index, 0: whole }) => mark === undefined || (mark >= index && mark <= index + whole.length),
  );
  return there.length === 1 ? there[0]?.[1] : undefined;
}

const number =
  /^(?:float|double|int|long|long long|long int|short|bool|size_t|u?int\d+_t|unsigned(?: \w+)*|c10::Half|at::Half|c10::BFloat16|at::BFloat16|__half)$/;

function numberAsTensor(finding: Finding): MatchFacts | undefined {
  const conversion = conversionOf(finding);
  return conversion !== undefined && number.test(conversion.from) && /^(?:at|torch)::Tensor$/.test(conversion.to)
    ? { from: conversion.from }
    : undefined;
}

function isTensorFunction(finding: Finding): boolean {
  return /[\\/]ATen[\\/]Parallel/.test(finding.file ?? "");
}

export const tensorSlipRules: readonly Rule[] = [
  {
    id: "dispatch-types-in-wrong-order",
    title: "AT_DISPATCH_…_AND gets the tensor's type before the types that are added",
    on: ["compile"],
    specificity: 90,
    matches: (finding) => {
      if (finding.severity === "warning" || finding.severity === "note") return undefined;
      const swapped = swappedDispatch(finding.source);
      if (swapped !== undefined) return { macro: swapped.macro };
      return said(
        finding,
        /(?:call to non-[‘'"]?constexpr[’'"]? function [‘']|non-constexpr function ')(?:c10::ScalarType )?(?:(?:at::)?Tensor(?:Base)?::)?scalar_type(?<macro>)\b/,
      );
    },
    confidence: (match) => (match.facts["macro"] === "" ? "medium" : "high"),
    cause: (match) =>
      `${codeAt(match.finding)}: ${match.facts["macro"] === "" ? "AT_DISPATCH_…_AND and its like" : `\`${match.facts["macro"] ?? ""}\``} takes the added types first (constants, at::kHalf), and then the type that the tensor has; here x.scalar_type(), which is known at run time only, stands where a constant is wanted. That \`scalar_t\` is not declared is the echo of it.`,
    fix: (match) => {
      const swapped = swappedDispatch(match.finding.source);
      return [
        ...(swapped === undefined ? [] : replacePrinted(match, swapped.given, swapped.wanted)),
        '# AT_DISPATCH_FLOATING_TYPES_AND2(at::kHalf, at::kBFloat16, x.scalar_type(), "name", [&] { … }); with _AND one type stands first, with _AND3 three',
      ];
    },
    sources: ["pytorch: aten/src/ATen/Dispatch.h"],
    examples: [
      {
        text: 'a.cpp:2:80: error: call to non-‘constexpr’ function ‘c10::ScalarType at::TensorBase::scalar_type() const’\n    2 | void f(at::Tensor x){ AT_DISPATCH_FLOATING_TYPES_AND2(x.scalar_type(), at::kHalf, at::kBFloat16, "f", [&]{ g<scalar_t>(); }); }\n      |                                                                ~~~~~~~~~~~~~^~',
        expect: "AND2(at::kHalf, at::kBFloat16, x.scalar_type()",
      },
      {
        text: 'k.cu(2): error: expression must have a constant value\n    AT_DISPATCH_ALL_TYPES_AND(x.scalar_type(), at::kHalf, "f", [&] { g<scalar_t>(); });\n    ^',
        expect: "AT_DISPATCH_ALL_TYPES_AND(at::kHalf, x.scalar_type()",
      },
      {
        text: "error: call to non-‘constexpr’ function ‘c10::ScalarType at::TensorBase::scalar_type() const’",
        expect: "takes the added types first",
      },
    ],
  },
  {
    id: "index-without-braces",
    title: "The indices of index() lack their braces",
    on: ["compile"],
    specificity: 86,
    matches: (finding) => {
      const facts =
        inOwnSource(
          finding,
          /^no matching (?:member )?function for call to [‘'](?:at::Tensor::)?(?<name>index(?:_put_)?)\((?:at::indexing::|const std::nullopt_t|int|long|const char|at::Tensor&?, (?:int|at::indexing|at::Tensor))/,
          /^no instance of (?:overloaded )?function "at::Tensor::(?<name>index(?:_put_)?)" matches/,
          /^'at::Tensor::(?<name>index(?:_put_)?)': (?:no (?:matching )?overloaded function|function does not take)/,
        ) ??
        (/^no matching member function for call to '(?:index|index_put_)'/.test(finding.message)
          ? inOwnSource(finding, /call to '(?<name>\w+)'/)
          : undefined);
      if (facts === undefined) return undefined;
      return finding.source === undefined || bareIndex(finding.source) !== undefined ? facts : undefined;
    },
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)} gives the indices to x.${match.facts["name"] ?? "index"}(…) one by one; in C++ they are one list and stand in braces.`,
    fix: (match) => {
      const [from, to] = bareIndex(match.finding.source) ?? [];
      return [
        ...(from === undefined || to === undefined ? [] : replacePrinted(match, from, to)),
        '# x.index({Slice(), None}), x.index({0, "..."}), x.index_put_({Slice(), 0}, value); Slice, None and Ellipsis are of torch::indexing',
      ];
    },
    sources: ["https://docs.pytorch.org/cppdocs/notes/tensor_indexing.html"],
    examples: [
      {
        text: "a.cpp:4:49: error: no matching function for call to ‘at::Tensor::index(at::indexing::Slice, const std::nullopt_t&)’\n    4 | at::Tensor g(at::Tensor x){ return x.index(Slice(), None); }\n      |                                    ~~~~~~~^~~~~~~~~~~~~~~",
        expect: ".index({Slice(), None})",
      },
      {
        text: "a.cpp:4:44: error: no matching member function for call to 'index_put_'\n    4 |   x.index_put_(0, Slice(1, 3), y);\n      |   ~~^~~~~~~~~~",
        expect: ".index_put_({0, Slice(1, 3)}, y)",
      },
      { text: "error: no matching function for call to 'at::Tensor::index(int, int)'", expect: "braces" },
    ],
  },
  {
    id: "parallel-for-of-one-index",
    title: "at::parallel_for is given a function of one index",
    on: ["compile"],
    specificity: 80,
    matches: (finding) =>
      saidAny(
        finding,
        /^no match for call to [‘']\(const .*<lambda\((?<given>[^()]*)\)>\) \(const int64_t ?&, const int64_t ?&\)[’']/,
      ) ??
      (isTensorFunction(finding)
        ? saidAny(
            finding,
            /(?<given>)(?:no matching function for call to object of type 'const \(lambda|without appropriate operator\(\)|term does not evaluate to a function taking 2 arguments|no match for call to)/,
          )
        : undefined),
    confidence: "high",
    cause: (match) =>
      `${match.finding.caller ?? "The code"} gives at::parallel_for a function${match.facts["given"] === "" ? "" : ` (${match.facts["given"] ?? ""})`} that it does not call so: it calls it once for each part of the range, with the begin and the end of that part, both int64_t.`,
    fix: () => [
      "# at::parallel_for(0, n, 2048, [&](int64_t begin, int64_t end) { for (int64_t i = begin; i < end; i++) { … } });",
    ],
    sources: ["pytorch: aten/src/ATen/Parallel.h"],
    examples: [
      {
        text: "a.cpp:2:51:   required from here\n/e/site-packages/torch/include/ATen/Parallel-inl.h:42:4: error: no match for call to ‘(const f(at::Tensor)::<lambda(int64_t)>) (const int64_t&, const int64_t&)’",
        expect: "a.cpp:2 gives at::parallel_for",
      },
      {
        text: "/e/torch/include/ATen/Parallel-inl.h:42:3: error: no matching function for call to object of type 'const (lambda at a.cpp:2:69)'",
        expect: "int64_t begin, int64_t end",
      },
    ],
  },
  {
    id: "device-named-by-type-function",
    title: "torch::CUDA is no device: torch::kCUDA is",
    on: ["compile"],
    specificity: 88,
    matches: (finding) =>
      /In instantiation of|required from/.test(finding.message)
        ? undefined
        : saidAny(
            finding,
            /DeprecatedTypeProperties ?& ?(?<name>)(?:\([*&]\) ?)?\((?:c10::|at::)?ScalarType\)/,
            /^(?:reference to overloaded function could not be resolved|no known conversion).*\b(?:torch|at)::(?<name>CUDA|CPU)\b/,
          ),
    confidence: "high",
    cause: (match) =>
      `${match.finding.caller ?? codeAt(match.finding)} gives \`torch::CUDA\` (or torch::CPU) as a device: that is an old function that makes a type. The devices are torch::kCUDA and torch::kCPU.`,
    fix: (match) => [
      ...editLine(atCaller(match), [["\\b(torch|at)::(CUDA|CPU)\\b", "\\1::k\\2"]]),
      "# x.options().device(torch::kCUDA), torch::Device(torch::kCUDA, 0), x.to(torch::kCPU)",
    ],
    sources: ["https://docs.pytorch.org/cppdocs/notes/tensor_creation.html"],
    examples: [
      {
        text: "a.cpp:2:99:   required from here\n/e/torch/include/c10/core/TensorOptions.h:206:14: error: no matching function for call to ‘std::optional<c10::Device>::optional(const std::in_place_t&, at::DeprecatedTypeProperties& (&)(c10::ScalarType))’",
        expect: "2s/\\b(torch|at)::(CUDA|CPU)\\b/\\1::k\\2/g' a.cpp",
      },
    ],
  },
  {
    id: "accessor-traits-of-the-gpu",
    title: "torch::RestrictPtrTraits exists in GPU code alone",
    on: ["compile"],
    specificity: 84,
    matches: (finding) =>
      saidAny(
        finding,
        /[‘'"](?<name>RestrictPtrTraits)[’'"]\s?:? (?:is not a member of|was not declared|in namespace|has not been declared|undeclared)/,
        /(?:no (?:member|type|template) named|undeclared identifier|unknown type name) ['"](?:(?:torch|at)::)?(?<name>RestrictPtrTraits)['"]/,
      ),
    confidence: "high",
    cause: (match) =>
      `torch defines RestrictPtrTraits where nvcc or hipcc compiles, and ${codeAt(match.finding).replace(/^The/, "the")} is compiled as plain C++: the accessor with it, and the launch of the kernel that takes it, belong into a .cu file.`,
    fix: (match) => {
      const [, path, name] = /^((?:.*[\\/])?([\w.-]+))\.(?:cpp|cc|cxx)$/.exec(match.finding.file ?? "") ?? [];
      return [
        path === undefined
          ? "# rename the file to .cu, and name that in the sources of a CUDAExtension"
          : `# rename ${path}.cpp to ${path}.cu and name that in the sources of a CUDAExtension (one .cpp and one .cu may not have the same name: ${name ?? ""}_kernel.cu)`,
        "# code for the CPU alone: torch::DefaultPtrTraits, or x.accessor<float, 2>()",
      ];
    },
    sources: ["pytorch: torch/headeronly/core/TensorAccessor.h"],
    examples: [
      { text: "a.cpp:2:87: error: ‘RestrictPtrTraits’ is not a member of ‘torch’", expect: "rename a.cpp to a.cu" },
      { text: "a.cpp:2:87: error: no template named 'RestrictPtrTraits' in namespace 'torch'", expect: ".cu" },
      { text: "a.cpp(2): error C2039: 'RestrictPtrTraits': is not a member of 'torch'", expect: ".cu" },
    ],
  },
  {
    id: "number-as-tensor",
    title: "A number where a tensor is wanted",
    on: ["compile"],
    specificity: 72,
    matches: (finding) => numberAsTensor(finding),
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)} gives a \`${match.facts["from"] ?? ""}\` where a tensor is wanted: an element of an accessor or of data_ptr(), and a size, are plain numbers in C++, and a number does not become a tensor by itself.`,
    fix: (match) => {
      const value = returned(match.finding)?.trim();
      return [
        ...(value === undefined || /^(?:torch|at)::/.test(value)
          ? []
          : replacePrinted(match, `return ${value};`, `return torch::scalar_tensor(${value});`)),
        `# torch::scalar_tensor(v), torch::full({}, v, x.options()) to keep dtype and device; x[0][0] in place of a[0][0] is a tensor; or declare the ${match.facts["from"] ?? "number"} where the tensor is declared now (the type of the result)`,
      ];
    },
    sources: [`${cppdocs}notes/tensor_creation.html`],
    examples: [
      {
        text: "a.cpp:2:80: error: could not convert ‘a’ from ‘float’ to ‘at::Tensor’\n    2 | at::Tensor f(at::Tensor x){ float a = 1; return a; }\n      |                                                 ^",
        expect: "return torch::scalar_tensor(a);",
      },
      {
        text: "a.cpp:2:80: error: no viable conversion from returned value of type 'double' to function return type 'at::Tensor'",
        expect: "torch::scalar_tensor(v)",
      },
      {
        text: 'k.cu(3): error: no suitable constructor exists to convert from "float" to "at::Tensor"',
        expect: "torch::scalar_tensor(v)",
      },
    ],
  },
  {
    id: "tuple-of-other-types",
    title: "A tuple or pair is made of values of other types",
    on: ["compile"],
    specificity: 66,
    matches: (finding) => {
      if (finding.severity === "warning" || finding.severity === "note") return undefined;
      return saidAny(
        finding,
        /^could not convert [‘'](?<given>\{.{1,300}\})[’'] from [‘']<brace-enclosed initializer list>[’'] to [‘'](?<type>(?:const )?std::(?:tuple|pair)<.{1,200}>)[’']/,
        /^no (?:viable conversion|matching constructor for initialization).*[‘'](?<type>std::(?:tuple|pair)<[^’']{1,200}Tensor[^’']{0,200}>)[’']/,
      );
    },
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)} makes a \`${match.facts["type"] ?? "std::tuple"}\`${match.facts["given"] === undefined ? "" : ` of ${short(match.facts["given"])}`}, and one of the values is of another type than the tuple has at its place, or their number differs${/Tensor/.test(match.facts["type"] ?? "") ? " (x.size(0), x.numel() and x.item<float>() are numbers, not tensors)" : ""}.`,
    fix: (match) =>
      /Tensor/.test(match.facts["type"] ?? "")
        ? [
            "# a number within: {x, torch::scalar_tensor(x.size(0))}; or the type of the number in the result: std::tuple<torch::Tensor, int64_t>, in its declaration, too",
          ]
        : ["# as many values as the tuple has types, each of its type: static_cast<int64_t>(n), std::string(s)"],
    sources: ["https://en.cppreference.com/w/cpp/utility/tuple/tuple"],
    examples: [
      {
        text: "a.cpp:2:81: error: could not convert ‘{x, x.at::Tensor::<anonymous>.at::TensorBase::size(0)}’ from ‘<brace-enclosed initializer list>’ to ‘std::tuple<at::Tensor, at::Tensor>’",
        expect: "std::tuple<torch::Tensor, int64_t>",
      },
    ],
  },
];

/** gcc's own words for members of a base, left out. */
function short(given: string): string {
  return `\`${given
    .replaceAll(/(?:\w+::)*<anonymous>\.(?:\w+::)*/g, "")
    .replaceAll(/(?<=\.)(?:\w+::)+/g, "")
    .slice(0, 120)}\``;
}
