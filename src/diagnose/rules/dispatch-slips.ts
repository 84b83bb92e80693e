/** Dispatches over types that are given more or fewer types than their name says. */
import { replacePrinted } from "../commands/printed-edits.ts";
import { miscountedDispatch } from "../facts/dispatch-calls.ts";
import { codeAt, type Rule } from "../rule.ts";

const words = ["none", "one", "two", "three", "four", "five", "six", "seven", "eight"];

export const dispatchSlipRules: readonly Rule[] = [
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
