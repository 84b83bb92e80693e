/**
 * Layers of LibTorch that are made with other arguments than Python's: what is no size goes into an options object.
 * Source: torch/csrc/api/include/torch/nn/options and modules (constructors of the Impl classes).
 */
import { editFile } from "../commands/source-edits.ts";
import { codeAt, type Match, type MatchFacts, type Rule, type RuleContext, saidAny } from "../rule.ts";
import type { Finding } from "../finding.ts";

/** What a layer's options are made with, and how others are set; first match wins. */
const layers: readonly (readonly [form: RegExp, options: (name: string) => string])[] = [
  [/^Linear$/, () => "torch::nn::Linear(torch::nn::LinearOptions(in, out).bias(false))"],
  [/^Bilinear$/, () => "torch::nn::Bilinear(torch::nn::BilinearOptions(in1, in2, out).bias(false))"],
  [
    /^Conv(?:Transpose)?\dd$/,
    (name) =>
      `torch::nn::${name}(torch::nn::${name}Options(in, out, kernel).stride(2).padding(1)${name.includes("Transpose") ? ".output_padding(1)" : ".dilation(1).groups(1)"}.bias(false))`,
  ],
  [
    /^(?:Batch|Instance)Norm\dd$/,
    (name) => `torch::nn::${name}(torch::nn::${name}Options(channels).eps(1e-5).momentum(0.1).affine(true))`,
  ],
  [/^LayerNorm$/, () => "torch::nn::LayerNorm(torch::nn::LayerNormOptions({size}).eps(1e-5).elementwise_affine(true))"],
  [/^GroupNorm$/, () => "torch::nn::GroupNorm(torch::nn::GroupNormOptions(groups, channels).eps(1e-5))"],
  [
    /^(?:Max|Avg|LP)Pool\dd$/,
    (name) =>
      `torch::nn::${name}(torch::nn::${name}Options(kernel).stride(2)${name.startsWith("LP") ? "" : ".padding(1)"})`,
  ],
  [/^Adaptive\w+Pool\dd$/, (name) => `torch::nn::${name}(torch::nn::${name}Options({h, w}))`],
  [
    /^(?:LSTM|GRU|RNN)$/,
    (name) =>
      `torch::nn::${name}(torch::nn::${name}Options(input, hidden).num_layers(2).batch_first(true).bidirectional(false).dropout(0.1))`,
  ],
  [/^(?:LSTM|GRU|RNN)Cell$/, (name) => `torch::nn::${name}(torch::nn::${name}Options(input, hidden).bias(true))`],
  [/^Embedding(?:Bag)?$/, (name) => `torch::nn::${name}(torch::nn::${name}Options(count, dim).padding_idx(0))`],
  [
    /^MultiheadAttention$/,
    () => "torch::nn::MultiheadAttention(torch::nn::MultiheadAttentionOptions(dim, heads).dropout(0.1))",
  ],
  [
    /^Transformer(?:En|De)coderLayer$/,
    (name) => `torch::nn::${name}(torch::nn::${name}Options(dim, heads).dim_feedforward(2048).dropout(0.1))`,
  ],
  [/^LeakyReLU$/, () => "torch::nn::LeakyReLU(torch::nn::LeakyReLUOptions().negative_slope(0.2).inplace(true))"],
  [/^(?:ReLU6?|SELU|GELU)$/, (name) => `torch::nn::${name}(torch::nn::${name}Options(true))   // in place`],
  [/^(?:Alpha|Feature)?\w*Dropout\w*$/, (name) => `torch::nn::${name}(torch::nn::${name}Options(0.5).inplace(true))`],
  [
    /^Upsample$/,
    () =>
      "torch::nn::Upsample(torch::nn::UpsampleOptions().scale_factor(std::vector<double>({2, 2})).mode(torch::kBilinear).align_corners(false))",
  ],
];

function ofLayer(finding: Finding, context: RuleContext): MatchFacts | undefined {
  const facts = saidAny(
    finding,
    /no matching function for call to [‘'](?:torch::nn::)?(?<layer>\w+)Impl::\w+Impl\((?<given>[^’']*)\)[’']/,
    /no matching constructor for initialization of '(?:torch::nn::)?(?<layer>\w+?)(?:Impl)?'/,
    /no instance of constructor "torch::nn::(?<layer>\w+)Impl::\w+" matches the argument list/,
    /'torch::nn::(?<layer>\w+)Impl::\w+Impl'\s?: (?:no overloaded function|none of the \d+ overloads|function does not take)/,
    /'torch::nn::(?<layer>\w+)Impl::\w+Impl\((?<given>[^']*)\)'\s?: cannot convert argument/,
  );
  const layer = facts?.["layer"];
  if (facts === undefined || layer === undefined) return undefined;
  const known = layers.find(([form]) => form.test(layer));
  // A class of that name that is not torch's: clang names no namespace within one.
  const isTorchs =
    /torch::nn/.test(finding.message) || /torch[\\/]nn[\\/]/.test(finding.file ?? "") || context.log.namesLibtorch;
  return known === undefined || !isTorchs ? undefined : { ...facts, written: known[1](layer) };
}

/** `TORCH_MODULE(Net)` in the line of source of a message that is about Net or NetImpl. */
function holderOf(finding: Finding): MatchFacts | undefined {
  const name = /\bTORCH_MODULE\s*\(\s*(\w+)\s*\)/.exec(finding.source ?? "")?.[1];
  const facts = saidAny(
    finding,
    /^redefinition of [‘'](?:class |struct )?(?<again>\w+)[’']/,
    /^(?:class|struct) "(?<again>\w+)" has already been defined/,
    /^redefinition of '(?<again>\w+)' as different kind of symbol/,
    /^'(?<again>\w+)': '(?:class|struct)' type redefinition/,
    /^[‘'](?<missing>\w+)Impl[’'] (?:was not declared|is not a member|does not name)/,
    /^(?:use of undeclared identifier|unknown type name) '(?<missing>\w+)Impl'/,
    /^identifier "(?<missing>\w+)Impl" is undefined/,
    /^'(?<missing>\w+)Impl': undeclared identifier/,
  );
  if (facts === undefined || name === undefined) return undefined;
  return facts["again"] === name || facts["missing"] === name ? { name } : undefined;
}

/** The line that was printed is that of the macro; what has to change stands elsewhere in the file. */
function elsewhere(match: Match): Match {
  const { source: _source, mark: _mark, ...finding } = match.finding;
  return { ...match, finding };
}

export const nnModuleRules: readonly Rule[] = [
  {
    id: "module-holder-takes-its-name",
    title: "TORCH_MODULE(Net) wants a class NetImpl, and makes Net itself",
    on: ["compile"],
    specificity: 84,
    matches: holderOf,
    confidence: "high",
    cause: (match) => {
      const { name = "" } = match.facts;
      return `\`TORCH_MODULE(${name})\` (${codeAt(match.finding)}) makes the class \`${name}\`, which holds a shared pointer to a \`${name}Impl\`: the struct with the layers and forward() has to be called \`${name}Impl\`, and is called \`${name}\` here. \`net->forward(x)\` is right then.`;
    },
    fix: (match) => {
      const { name = "" } = match.facts;
      return [
        ...editFile(elsewhere(match), [
          [`\\b(struct|class) +${name}( *[:{]| +final)`, `\\1 ${name}Impl\\2`],
          [`^( *(explicit +)?)${name}\\(`, `\\1${name}Impl(`],
          [`(^|[^:A-Za-z0-9_])${name}::`, `\\1${name}Impl::`],
          [`\\bCloneable<${name}>`, `Cloneable<${name}Impl>`],
          [`\\b${name}Impl::${name}\\(`, `${name}Impl::${name}Impl(`],
        ]),
        `# struct ${name}Impl : torch::nn::Module { ${name}Impl() { … } torch::Tensor forward(torch::Tensor x); }; TORCH_MODULE(${name}); or without TORCH_MODULE: auto net = std::make_shared<${name}>();`,
      ];
    },
    sources: ["https://docs.pytorch.org/cppdocs/", "pytorch: torch/csrc/api/include/torch/nn/pimpl.h"],
    examples: [
      {
        text: "net.cpp:13:14: error: redefinition of ‘class Net’\n   13 | TORCH_MODULE(Net);\n      |              ^~~\nnet.cpp: In function ‘int main()’:\nnet.cpp:17:15: error: base operand of ‘->’ has non-pointer type ‘Net’\n   17 |   auto y = net->forward(torch::randn({2, 784}));\n      |               ^~",
        expect: "s/\\b(struct|class) +Net( *[:{]| +final)/\\1 NetImpl\\2/g",
      },
      {
        text: "net.cpp:13:14: error: redefinition of 'Encoder'\n   13 | TORCH_MODULE(Encoder);\n      |              ^",
        expect: "EncoderImpl",
      },
      {
        text: "net.cpp:13:1: error: use of undeclared identifier 'HeadImpl'\n   13 | TORCH_MODULE(Head);\n      | ^",
        expect: "HeadImpl",
      },
    ],
  },
  {
    id: "layer-wants-options",
    title: "A layer of LibTorch is made with Python's arguments",
    on: ["compile"],
    specificity: 82,
    matches: ofLayer,
    confidence: "high",
    cause: (match) =>
      `${/torch[\\/]nn[\\/]/.test(match.finding.file ?? "") ? "The code" : codeAt(match.finding)} makes a torch::nn::${match.facts["layer"] ?? ""}${match.facts["given"] === undefined ? "" : ` of (${match.facts["given"]})`}, which has no such constructor: in C++ the sizes alone may be given one by one, and all that Python takes by name (bias, stride, padding, …) goes into its options object.`,
    fix: (match) => [
      `# ${match.facts["written"] ?? ""}   with the options that are wanted: what is left out keeps its default`,
      '# as a member: torch::nn::Linear fc{nullptr}; and in the constructor fc = register_module("fc", torch::nn::Linear(…));',
    ],
    sources: ["https://docs.pytorch.org/cppdocs/", "pytorch: torch/csrc/api/include/torch/nn/options"],
    examples: [
      {
        text: "/e/torch/include/torch/csrc/api/include/torch/nn/pimpl.h:66:15: error: no matching function for call to ‘torch::nn::LinearImpl::LinearImpl(int, int, bool)’",
        expect: "LinearOptions(in, out).bias(false)",
      },
      {
        text: "/e/torch/include/torch/csrc/api/include/torch/nn/pimpl.h:66:15: error: no matching function for call to ‘torch::nn::Conv2dImpl::Conv2dImpl(int, int, int, int, int)’",
        expect: "Conv2dOptions(in, out, kernel).stride(2).padding(1)",
      },
      {
        text: "C:\\mnist\\main.cpp(22): error C2661: 'torch::nn::LinearImpl::LinearImpl': no overloaded function takes 3 arguments",
        expect: "main.cpp:22 makes a torch::nn::Linear",
      },
      {
        text: "/libtorch/include/torch/csrc/api/include/torch/nn/pimpl.h:64:15: error: no matching constructor for initialization of 'torch::nn::LSTMImpl'",
        expect: "LSTMOptions(input, hidden)",
      },
    ],
  },
];
