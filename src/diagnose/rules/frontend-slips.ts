/** Slips with torch's C++ frontend: options of layers and optimizers, data sets, what a context keeps. */
import { editLine, orInWords } from "../commands/source-edits.ts";
import { codeAt, type Rule, said, saidAny } from "../rule.ts";

/** Options of layers by their names before torch 1.4, and since then. Source: pytorch/pytorch#28917, #27382. */
const renamed: Readonly<Record<string, string>> = {
  with_bias: "bias",
  input_channels: "in_channels",
  output_channels: "out_channels",
};

/** A member that a type of torch's lacks, in the words of gcc, clang, nvcc and cl. */
function lacking(type: string): readonly RegExp[] {
  return [
    new RegExp(
      `[‘']?(?:using )?[^’']{0,80}${type}[^’']{0,200}[’'](?: \\{aka [^}]*\\})? has no member named [‘'](?<name>\\w+)`,
    ),
    new RegExp(`no member named '(?<name>\\w+)' in '[^']{0,80}${type}`),
    new RegExp(`"[^"]{0,80}${type}[^"]{0,160}" has no member "(?<name>\\w+)"`),
    new RegExp(`'(?<name>\\w+)'\\s?: is not a member of '[^']{0,80}${type}`),
  ];
}

const layerOptions = lacking("torch::nn::\\w{1,60}Options");
const optimizerOptions = lacking("torch::optim::OptimizerOptions");
const examples = lacking("(?:std::)?vector<(?:struct )?torch::data::Example<");

export const frontendSlipRules: readonly Rule[] = [
  {
    id: "layer-option-renamed",
    title: "An option of a layer has another name since torch 1.4",
    on: ["compile"],
    specificity: 90,
    matches: (finding) => {
      const facts = saidAny(finding, ...layerOptions);
      const now = Object.hasOwn(renamed, facts?.["name"] ?? "") ? renamed[facts?.["name"] ?? ""] : undefined;
      return facts === undefined || now === undefined ? undefined : { ...facts, now };
    },
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)} sets \`${match.facts["name"] ?? ""}\` in the options of a layer; since torch 1.4 that option is called \`${match.facts["now"] ?? ""}\`, as in Python.`,
    fix: (match) => {
      const { name = "", now = "" } = match.facts;
      return orInWords(
        editLine(match, [[`(\\.|->)${name}\\(`, `\\1${now}(`]]),
        `# .${now}(…) in place of .${name}(…): torch::nn::ConvTranspose2dOptions(64, 32, 4).stride(2).bias(false)`,
      );
    },
    sources: ["pytorch/pytorch#28917", "pytorch/pytorch#27382"],
    examples: [
      {
        text: "net.cpp:5:64: error: ‘using torch::nn::ConvTranspose2dOptions = struct torch::nn::ConvTransposeOptions<2>’ {aka ‘struct torch::nn::ConvTransposeOptions<2>’} has no member named ‘with_bias’\n    5 |   : conv(torch::nn::ConvTranspose2dOptions(8, 4, 3).with_bias(false)) {}\n      |                                                     ^~~~~~~~~",
        expect: "5s/(\\.|->)with_bias\\(/\\1bias(/g",
      },
      {
        text: "net.cpp(9): error C2039: 'output_channels': is not a member of 'torch::nn::ConvOptions<2>'",
        expect: "out_channels",
      },
      { text: "net.cpp:9:40: error: no member named 'with_bias' in 'torch::nn::LinearOptions'", expect: "1bias(/g" },
    ],
  },
  {
    id: "optimizer-options-of-base",
    title: "The options of a parameter group are those of any optimizer",
    on: ["compile"],
    specificity: 90,
    matches: (finding) => saidAny(finding, ...optimizerOptions),
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)} asks group.options() for \`${match.facts["name"] ?? ""}\`. What it gives back is torch::optim::OptimizerOptions, the base class, which knows get_lr() and set_lr() alone; the rest is in the options of the optimizer itself (AdamOptions, SGDOptions, …).`,
    fix: (match) => {
      const { name = "" } = match.facts;
      const ofItsOwn = `# for (auto& group : optimizer.param_groups()) static_cast<torch::optim::AdamOptions&>(group.options()).${name}(value);   with the class of the optimizer that it is`;
      return name === "lr" ? ["# group.options().set_lr(group.options().get_lr() * 0.1);", ofItsOwn] : [ofItsOwn];
    },
    sources: ["pytorch: torch/csrc/api/include/torch/optim/optimizer.h"],
    examples: [
      {
        text: "train.cpp:7:21: error: ‘class torch::optim::OptimizerOptions’ has no member named ‘lr’",
        expect: "set_lr(",
      },
      {
        text: "train.cpp:7:21: error: no member named 'momentum' in 'torch::optim::OptimizerOptions'",
        expect: "group.options()).momentum(value)",
      },
    ],
  },
  {
    id: "batch-not-stacked",
    title: "A batch of the data loader is a list of examples",
    on: ["compile"],
    specificity: 90,
    matches: (finding) =>
      saidAny(finding, ...examples) ??
      said(
        finding,
        /invalid use of member function .*std::vector<.*Example<.*::(?<name>data)\(\)|std::vector<_Tp, _Alloc>::(?<name2>data)\(\).* \[with _Tp = torch::data::Example</,
      ),
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)} takes a batch of the data loader for one example with data and target. Without a transform that stacks them it is a std::vector<torch::data::Example<>>.`,
    fix: () => [
      "# auto data = Dataset(…).map(torch::data::transforms::Stack<>()); auto loader = torch::data::make_data_loader(std::move(data), 64);   then batch.data and batch.target are tensors",
      "# or one by one: for (auto& example : batch) { example.data; example.target; }",
    ],
    sources: ["https://docs.pytorch.org/cppdocs/frontend.html"],
    examples: [
      {
        text: "train.cpp:24:20: error: ‘class std::vector<torch::data::Example<> >’ has no member named ‘target’",
        expect: "transforms::Stack<>()",
      },
      {
        text: "train.cpp:23:20: error: invalid use of member function ‘const _Tp* std::vector<_Tp, _Alloc>::data() const [with _Tp = torch::data::Example<>; _Alloc = std::allocator<torch::data::Example<> >]’ (did you forget the ‘()’ ?)",
        expect: "transforms::Stack<>()",
      },
      {
        text: "train.cpp:24:20: error: no member named 'target' in 'std::vector<torch::data::Example<>>'",
        expect: "Stack",
      },
    ],
  },
  {
    id: "value-not-kept-by-context",
    title: "An IValue does not hold this type",
    on: ["compile"],
    specificity: 86,
    matches: (finding) =>
      saidAny(
        finding,
        /no match for [‘']operator=[’'] \(operand types are [‘'](?:torch::|c10::)\w*IValue[’'] and [‘'](?<type>[^’']{1,160})[’']/,
        /no viable overloaded '='.*IValue/,
        /no operator "=" matches these operands.*operand types are: c10::IValue = (?<type>[\w:<>, ]{1,120})/s,
        /binary '=': no operator found which takes a right-hand operand of type '(?<type>[^']{1,120})'.*IValue/,
      ),
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)} puts ${match.facts["type"] === undefined ? "a value" : `a \`${match.facts["type"]}\``} into an IValue (ctx->saved_data["…"], an argument of a scripted module). It holds tensors, int64_t, double, bool, std::string, lists, tuples and dictionaries of these, and None.`,
    fix: (match) => [
      ...(/TensorOptions/.test(match.facts["type"] ?? "")
        ? [
            '# keep the parts: ctx->saved_data["dtype"] = x.scalar_type(); ctx->saved_data["device"] = x.device(); or ask the gradient in backward(): grads[0].options()',
          ]
        : [
            '# int64_t for int and size_t, double for float, std::vector<int64_t> for sizes: ctx->saved_data["n"] = static_cast<int64_t>(n); back with .toInt(), .toDouble(), .toIntVector()',
          ]),
      "# tensors go into ctx->save_for_backward({x, w})",
    ],
    sources: ["pytorch: aten/src/ATen/core/ivalue.h", "https://docs.pytorch.org/tutorials/advanced/cpp_autograd.html"],
    examples: [
      {
        text: "op.cpp:12:43: error: no match for ‘operator=’ (operand types are ‘c10::IValue’ and ‘c10::TensorOptions’)",
        expect: "grads[0].options()",
      },
      {
        text: "op.cpp:12:43: error: no match for ‘operator=’ (operand types are ‘c10::IValue’ and ‘std::array<int, 3>’)",
        expect: "std::vector<int64_t> for sizes",
      },
    ],
  },
];
