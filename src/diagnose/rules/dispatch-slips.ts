/** Dispatches over types that are given more or fewer types than their name says. */
import { replacePrinted } from "../commands/printed-edits.ts";
import { miscountedDispatch } from "../facts/dispatch-calls.ts";
import { codeAt, type Rule } from "../rule.ts";

const words = ["none", "one", "two", "three", "four", "five", "six", "seven", "eight"];

/**
 * nvcc shows what the macro was made of: `const auto& the_type = "scale"` has the name in the type's place, so one type too few is
 * given; a `scalar_type()` in the name's place is one too many.
 */
function slipInEcho(source: string | undefined): "few" | "many" | undefined {
  if (source === undefined || !source.includes("at_dispatch_name")) return undefined;
  if (/\bthe_type = "/.test(source)) return "few";
  return /\bat_dispatch_name = (?!\[)[^;"]{1,120}\b(?:scalar_type\(\)|dtype\(\)|k[A-Z]\w+|ScalarType)/.test(source)
    ? "many"
    : undefined;
}

/** Steps of `sed` that take one type off the macro's name, or add one. */
const lessByOne = ["_AND(/(", ...[2, 3, 4, 5, 6, 7, 8].map((n) => `_AND${n}(/_AND${n === 2 ? "" : n - 1}(`)];
const moreByOne = [
  ...[7, 6, 5, 4, 3, 2].map((n) => `_AND${n}(/_AND${n + 1}(`),
  "_AND(/_AND2(",
  "(TYPES|COMPLEX)(/\\1_AND(",
];

function sedSteps(steps: readonly string[]): string {
  return steps
    .map((step) => {
      const [from = "", to = ""] = step.split("/");
      return `s/(AT_DISPATCH_[A-Z0-9_]*)${from.replace(/\($/, "\\(")}/\\1${to.replace("\\1", "\\2")}/`;
    })
    .join("; t; ");
}

export const dispatchSlipRules: readonly Rule[] = [
  {
    id: "dispatch-slip-in-echo",
    title: "AT_DISPATCH gets another number of types than its name says, in nvcc's words",
    on: ["compile"],
    specificity: 92,
    matches: (finding, context) => {
      if (finding.severity === "warning") return undefined;
      const here = slipInEcho(finding.source);
      if (here !== undefined) return { slip: here };
      // The first of its errors may come without the line.
      if (!/\bscalar_type\b|const char \[\d+\]|"scalar_t"/.test(finding.message)) return undefined;
      const near = context.findings.find(
        (other) => other.file === finding.file && other.line === finding.line && slipInEcho(other.source) !== undefined,
      );
      return near === undefined ? undefined : { slip: slipInEcho(near.source) };
    },
    confidence: "high",
    cause: ({ finding, facts }) =>
      facts["slip"] === "few"
        ? `${codeAt(finding)}: the AT_DISPATCH_…_AND there is given one type fewer than its name asks for, so that every argument slips by a place: the name in quotes stands where the tensor's type belongs, and the lambda where the name does. That \`scalar_t\` is unknown is the echo of it.`
        : `${codeAt(finding)}: the AT_DISPATCH_… there is given one type more than its name asks for, so that the tensor's type stands where the name in quotes belongs. That \`scalar_t\` is unknown is the echo of it.`,
    fix: ({ finding, facts }) => {
      const few = facts["slip"] === "few";
      const { file, line } = finding;
      return [
        ...(file === undefined || line === undefined
          ? []
          : [
              `n=$(awk 'NR<=${String(line)} && /AT_DISPATCH_/ {n=NR} END {print n}' ${file}) && sed -i.bak -E "$n{ ${sedSteps(few ? lessByOne : moreByOne)} }" ${file}   # the macro for as many types as are given`,
            ]),
        few
          ? '# or give the type that is missing: AT_DISPATCH_FLOATING_TYPES_AND2(at::kHalf, at::kBFloat16, x.scalar_type(), "name", [&] { … })'
          : '# or take the type out again: AT_DISPATCH_FLOATING_TYPES(x.scalar_type(), "name", [&] { … })',
      ];
    },
    sources: ["pytorch: aten/src/ATen/Dispatch.h"],
    examples: [
      {
        text: 'csrc/k.cu(41): error: no instance of overloaded function "detail::scalar_type" matches the argument list\n            argument types are: (const char [6])\n    [&] { const auto& the_type = "scale"; constexpr const char* at_dispatch_name = [&] { k<scalar_t><<<b, t>>>(n); }; at::ScalarType _st = ::detail::scalar_type(the_type); switch (_st) {',
        expect: "one type fewer than its name asks for",
      },
      {
        text: 'k.cu(12): error: a value of type "c10::ScalarType" cannot be used to initialize an entity of type "const char *const"\n    [&] { const auto& the_type = at::kHalf; constexpr const char* at_dispatch_name = x.scalar_type(); at::ScalarType _st = ::detail::scalar_type(the_type);',
        expect: "one type more than its name asks for",
      },
    ],
  },
  {
    id: "dispatch-types-miscounted",
    title: "AT_DISPATCH gets another number of types than its name says",
    on: ["compile"],
    specificity: 91,
    matches: (finding) => {
      const call = finding.severity === "warning" ? undefined : miscountedDispatch(finding.source);
      return call === undefined
        ? undefined
        : {
            macro: call.macro,
            fitting: call.fitting,
            wanted: words[call.wanted] ?? String(call.wanted),
            given: words[call.given] ?? String(call.given),
          };
    },
    confidence: "high",
    cause: ({ finding, facts }) =>
      `${codeAt(finding)}: \`${facts["macro"] ?? ""}\` takes ${facts["wanted"] === "none" ? "the tensor's type alone" : `${facts["wanted"] ?? ""} added ${facts["wanted"] === "one" ? "type" : "types"} (constants, at::kHalf) in front of the tensor's`}, and ${facts["given"] === "one" ? "one is" : `${facts["given"] ?? ""} are`} given: every argument behind them slips by a place, so that the name stands for the type or the lambda for the name. That \`scalar_t\` is not declared is the echo of it.`,
    fix: (match) => {
      const { macro = "", fitting = "", wanted = "" } = match.facts;
      const added = ["at::kHalf", "at::kBFloat16", "at::kBool", "at::kFloat8_e4m3fn"].slice(0, words.indexOf(wanted));
      return [
        ...replacePrinted(match, `${macro}(`, `${fitting}(`),
        `# ${fitting} for the types that are given; or all that ${macro} asks for: ${macro}(${[...added, "x.scalar_type()"].join(", ")}, "name", [&] { … });`,
      ];
    },
    sources: ["pytorch: aten/src/ATen/Dispatch.h"],
    examples: [
      {
        text: 'c.cpp: In lambda function:\nc.cpp:5:5: error: ‘scalar_t’ was not declared in this scope\n    5 |     scalar_t* p = x.data_ptr<scalar_t>();\n      |     ^~~~~~~~\nc.cpp: In lambda function:\nc.cpp:4:86: error: cannot convert ‘f(at::Tensor)::<lambda()>::<lambda()>’ to ‘const char* const’ in initialization\n    4 |   AT_DISPATCH_FLOATING_TYPES_AND2(at::ScalarType::Half, x.scalar_type(), "f", [&] {\n      |                                                                               ^~~~~',
        expect: "sed -i.bak -E '4s/AT_DISPATCH_FLOATING_TYPES_AND2\\(/AT_DISPATCH_FLOATING_TYPES_AND(/' c.cpp",
      },
      {
        text: 'c.cpp:4:70: error: call to non-‘constexpr’ function ‘c10::ScalarType at::TensorBase::scalar_type() const’\n    4 |   AT_DISPATCH_ALL_TYPES_AND3(at::kHalf, at::kBFloat16, x.scalar_type(), "f", [&] {\n      |                                                        ~~~~~~~~~~~~~^~',
        expect: "AT_DISPATCH_ALL_TYPES_AND2(",
      },
      {
        text: "c.cpp:4:86: error: no viable conversion from '(lambda at c.cpp:4:86)' to 'const char *const'\n    4 |   AT_DISPATCH_ALL_TYPES_AND_COMPLEX_AND(x.scalar_type(), \"f\", [&] {\n      |                                                               ^~~~~",
        expect: "AT_DISPATCH_ALL_TYPES_AND_COMPLEX(",
      },
      {
        text: 'c.cpp:4:5: error: ‘scalar_t’ was not declared in this scope\n    4 |     AT_DISPATCH_FLOATING_TYPES(at::kHalf, x.scalar_type(), "f", [&] { g<scalar_t>(x); });\n      |                                                                         ^~~~~~~~',
        expect: "AT_DISPATCH_FLOATING_TYPES_AND(",
      },
    ],
  },
];
