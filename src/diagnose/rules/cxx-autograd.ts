/** Slips in a torch::autograd::Function of C++. Source: torch/csrc/autograd/custom_function.h of torch. */
import { atCaller } from "../commands/printed-edits.ts";
import { editFile } from "../commands/source-edits.ts";
import { codeAt, type Rule, saidAny } from "../rule.ts";

const tutorial = "https://docs.pytorch.org/tutorials/advanced/cpp_autograd.html";

/** What is saved, where the line shows it: `x`, `slope`. */
function saved(source: string | undefined): readonly string[] {
  const list = /save_for_backward\s*\(\s*\{?([\w\s,.>*()-]{1,200}?)\}?\s*\)\s*;/.exec(source ?? "")?.[1] ?? "";
  return list
    .split(",")
    .map((word) => word.trim())
    .filter((word) => /^\w+$/.test(word));
}

export const cxxAutogradRules: readonly Rule[] = [
  {
    id: "autograd-function-not-static",
    title: "forward or backward of an autograd Function is not static",
    on: ["compile"],
    specificity: 88,
    matches: (finding) => {
      if (finding.severity === "warning" || finding.severity === "note") return undefined;
      const facts = saidAny(
        finding,
        /cannot call member function [‘'].{0,200}?\b(?<of>\w+)::(?<name>forward|backward)\(.*AutogradContext.*[’'] without object/,
        /'(?<of>\w+)::(?<name>forward|backward)'\s?: (?:a call of a non-static member function requires an object|illegal call of non-static member function)/,
      );
      if (facts !== undefined) return facts;
      return /torch[\\/]csrc[\\/]autograd[\\/]custom_function\.h/.test(finding.file ?? "")
        ? saidAny(
            finding,
            /(?<clang>call to non-static member function without an object argument|a nonstatic member reference must be relative to a specific object)/,
          )
        : undefined;
    },
    confidence: "high",
    cause: (match) => {
      const { of, name } = match.facts;
      const what = of === undefined ? "forward or backward of the Function" : `\`${of}::${name ?? "forward"}\``;
      const { finding } = atCaller(match);
      return `torch calls ${what} without an object (${codeAt(finding)} leads there), so it has to be \`static\`, and the class declares it without that word.`;
    },
    fix: (match) => {
      const name = match.facts["name"] ?? "(forward|backward)";
      const inClass = name.startsWith("(") ? "(forward|backward)" : `(${name})`;
      return [
        ...editFile(atCaller(match), [
          [`^( *)([A-Za-z_:<>]+ +)${inClass}\\( *((torch::autograd::)?AutogradContext)`, "\\1static \\2\\3(\\4"],
        ]),
        "# static torch::Tensor forward(torch::autograd::AutogradContext* ctx, torch::Tensor x); static torch::autograd::variable_list backward(torch::autograd::AutogradContext* ctx, torch::autograd::variable_list grads);",
      ];
    },
    sources: [tutorial],
    examples: [
      {
        text: "c.cpp:18:59:   required from here\n/e/torch/include/torch/csrc/autograd/custom_function.h:38:38: error: cannot call member function ‘at::Tensor Swish::forward(torch::autograd::AutogradContext*, at::Tensor)’ without object\n   38 | using forward_t = decltype(X::forward(nullptr, std::declval<Args>()...));",
        expect: "(forward)\\( *((torch::autograd::)?AutogradContext)/\\1static \\2\\3(\\4/g' c.cpp",
      },
      {
        text: "/e/torch/include/torch/csrc/autograd/custom_function.h:38:38: error: call to non-static member function without an object argument",
        expect: "static torch::Tensor forward",
      },
    ],
  },
  {
    id: "saved-value-no-tensor",
    title: "save_for_backward of an autograd Function takes tensors only",
    on: ["compile"],
    specificity: 88,
    matches: (finding) => {
      if (finding.severity === "warning" || finding.severity === "note") return undefined;
      const source = finding.source ?? "";
      if (!/save_for_backward\s*\(\s*\{/.test(source) && !/save_for_backward/.test(finding.message)) return undefined;
      // One tensor without braces is another slip.
      if (/save_for_backward\s*\(\s*[^{\s]/.test(source)) return undefined;
      return saidAny(
        finding,
        /(?:cannot|could not) convert [‘'](?:<brace-enclosed initializer list>|\{.*\})[’'].* to [‘'](?:torch::autograd::variable_list|std::vector<at::Tensor>)/,
        /(?<kind>no viable conversion from '(?:const )?(?:double|float|int|int64_t|long|bool|std::(?:vector|optional|string)[^']*)' to '(?:const )?(?:value_type|at::Tensor|Tensor|variable_list))/,
        /(?<kind>no matching (?:constructor for initialization of '(?:torch::autograd::)?variable_list'|member function for call to 'save_for_backward'))/,
        /(?<kind>no suitable constructor exists to convert from "[^"]+" to "at::Tensor"|no instance of constructor .* matches the argument list)/,
        /'torch::autograd::AutogradContext::save_for_backward'?.*: cannot convert argument 1 from '(?<kind>initializer list)'/,
      );
    },
    confidence: "high",
    cause: (match) => {
      const words = saved(match.finding.source);
      return `${codeAt(match.finding)}: ctx->save_for_backward takes a list of tensors, and one of ${words.length === 0 ? "the values" : words.map((word) => `\`${word}\``).join(", ")} is none (a number, a list or an optional). What is no tensor goes into ctx->saved_data.`;
    },
    fix: (match) => {
      const words = saved(match.finding.source);
      const [first = "x", ...others] = words;
      const other = others.at(-1) ?? "n";
      return [
        `# ctx->save_for_backward({${words.length > 2 ? words.slice(0, -1).join(", ") : first}}); ctx->saved_data["${other}"] = ${other}; with each that is no tensor`,
        `# in backward: auto ${other} = ctx->saved_data["${other}"].toDouble(); (toInt(), toBool(), toIntVector()) in place of get_saved_variables()[…]; backward gives torch::Tensor() as its gradient`,
        "# an optional tensor: b.has_value() ? *b : torch::Tensor()",
      ];
    },
    sources: [tutorial],
    examples: [
      {
        text: "c.cpp:7:27: error: cannot convert ‘<brace-enclosed initializer list>’ to ‘torch::autograd::variable_list’ {aka ‘std::vector<at::Tensor>’}\n    7 |     ctx->save_for_backward({x, slope});\n      |     ~~~~~~~~~~~~~~~~~~~~~~^~~~~~~~~~~~",
        expect: 'ctx->saved_data["slope"] = slope;',
      },
      {
        text: "c.cpp:7:28: error: no viable conversion from 'double' to 'value_type' (aka 'at::Tensor')\n    7 |     ctx->save_for_backward({x, slope});\n      |                                ^~~~~",
        expect: "toDouble()",
      },
    ],
  },
  {
    id: "accessor-of-temporary",
    title: "An accessor is asked of a tensor that is gone at the end of the line",
    on: ["compile"],
    specificity: 88,
    matches: (finding) =>
      finding.severity === "warning" || finding.severity === "note"
        ? undefined
        : saidAny(
            finding,
            /use of deleted function [‘'].{0,400}?\bTensor(?:Base)?::(?<name>accessor|packed_accessor(?:32|64)|generic_packed_accessor)\(\) ?&&/,
            /call to deleted (?:member )?function '(?<name>accessor|packed_accessor(?:32|64)|generic_packed_accessor)'/,
            /function (?:template )?"(?:at::)?Tensor(?:Base)?::(?<name>accessor|packed_accessor(?:32|64)|generic_packed_accessor)\b.*cannot be referenced -- it is a deleted function/,
            /Tensor(?:Base)?::(?<name>accessor|packed_accessor(?:32|64)|generic_packed_accessor)\b.*attempting to reference a deleted function/,
          ),
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)} calls ${match.facts["name"] ?? "accessor"}() of a temporary tensor (what .contiguous(), .to(…), .cpu() or a function gives back): the tensor would be gone at the end of the statement and the accessor point to freed memory, so torch forbids it.`,
    fix: (match) => {
      const name = match.facts["name"] ?? "accessor";
      return [
        ...editFile(match, [
          [
            `auto +([A-Za-z_][A-Za-z0-9_]*) *= *(.+)\\.${name}<`,
            `auto \\1_tensor = \\2; auto \\1 = \\1_tensor.${name}<`,
            "once",
          ],
        ]),
        `# a variable that holds the tensor as long as the accessor is used: auto t = x.contiguous(); auto a = t.${name}<float, 2>();`,
      ];
    },
    sources: ["pytorch: aten/src/ATen/core/TensorBase.h"],
    examples: [
      {
        text: "c.cpp:5:63: error: use of deleted function ‘at::TensorAccessor<T, N> at::TensorBase::accessor() && [with T = float; long unsigned int N = 2]’\n    5 |   auto a = x.to(torch::kFloat).contiguous().accessor<float, 2>();\n      |            ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~^~",
        expect: "auto \\1_tensor = \\2; auto \\1 = \\1_tensor.accessor</",
      },
      {
        text: "c.cpp:5:41: error: call to deleted member function 'accessor'\n    5 |   g(x.cpu().accessor<float, 2>());\n      |     ~~~~~~~~^~~~~~~~~~~~~~~~~~",
        expect: "auto t = x.contiguous();",
      },
    ],
  },
];
