/**
 * Tensors made the way of torch 0.4 and 1.0: by a Type (`torch::CUDA(at::kFloat)`, `x.type()`) that stands first or makes
 * them itself. What of the other arguments is wrong, too, is not known here.
 */
import { type Rule, placeOf, saidAny } from "../rule.ts";
import { editFile } from "../commands/source-edits.ts";
import type { Edit } from "../edit.ts";

const factory =
  "(?<name>zeros|ones|empty|full|rand|randn|randint|arange|linspace|eye|tensor|from_blob|randperm|tensorFromBlob|copy|zeros_like|ones_like)";
const open = "[\"‘'`“]";

const makers = "(zeros|ones|empty|rand|randn)";

/** Sizes first and options behind them, where the old call has both on its line. */
const byOptions: readonly Edit[] = [
  [
    `\\b(at|torch)::${makers}\\((at|torch)::(CUDA|CPU)\\((at|torch)::(k[A-Za-z0-9]+)\\), *(\\{[^{}]*\\})\\)`,
    "\\1::\\2(\\7, torch::device(torch::k\\4).dtype(torch::\\6))",
  ],
  [
    `\\b(at|torch)::${makers}\\(([A-Za-z_][A-Za-z0-9_]*)\\.type\\(\\), *(\\{[^{}]*\\})\\)`,
    "\\1::\\2(\\4, \\3.options())",
  ],
];

export const oldFactoryRules: readonly Rule[] = [
  {
    id: "tensor-made-by-type",
    title: "A tensor is made by a Type, as in torch 0.4 and 1.0",
    on: ["compile"],
    specificity: 86,
    matches: (finding) =>
      saidAny(
        finding,
        // gcc, nvcc and MSVC name what was given.
        new RegExp(
          `call to ${open}(?:(?:at|torch)::)?${factory}\\((?:const )?at::(?:DeprecatedTypeProperties|Type(?:ExtendedInterface)?)\\b`,
        ),
        new RegExp(
          `call to ${open}(?:const )?at::(?:DeprecatedTypeProperties|Type(?:ExtendedInterface)?)::${factory}\\b`,
        ),
        new RegExp(
          `${open}(?:const )?(?:class |struct )?at::(?:DeprecatedTypeProperties|Type(?:ExtendedInterface)?)["’'] has no member (?:named )?${open}?${factory}\\b`,
        ),
        new RegExp(
          `${open}${factory}["’']: is not a member of ${open}(?:class )?at::(?:DeprecatedTypeProperties|Type)\\b`,
        ),
        new RegExp(
          `no member named ${open}${factory}["’'] in ${open}(?:const )?at::(?:DeprecatedTypeProperties|Type)\\b`,
        ),
      ) ??
      // clang names the function alone: the call stands below.
      (/no matching function for call to|no instance of (?:overloaded )?function/.test(finding.message) &&
      /\b(?:at|torch)::(?:zeros|ones|empty|full|randn?)\((?:(?:at|torch)::(?:CUDA|CPU)\(|\w+\.type\(\))/.test(
        finding.source ?? "",
      )
        ? { name: /\b(?:at|torch)::(zeros|ones|empty|full|randn?)\(/.exec(finding.source ?? "")?.[1] }
        : undefined),
    confidence: "high",
    cause: (match) =>
      `${placeOf(match.finding)} makes a tensor (\`${match.facts["name"] ?? ""}\`) from a Type, as torch 0.4 and 1.0 wanted it: since then the sizes come first, and TensorOptions say type and device.`,
    fix: (match) => {
      const name = match.facts["name"] ?? "zeros";
      if (/^(?:tensorFromBlob|from_blob)$/.test(name))
        return [
          `# in ${placeOf(match.finding)}: torch::from_blob(pointer, {sizes}, torch::dtype(torch::kFloat).device(torch::kCUDA))`,
        ];
      if (name === "copy")
        return [`# in ${placeOf(match.finding)}: type.copy(x) → x.to(torch::kFloat), x.to(torch::kCUDA)`];
      const made = name === "tensor" ? "empty" : name;
      return [
        ...editFile(match, byOptions),
        `# in ${placeOf(match.finding)}: torch::${made}({batch, channels}, torch::dtype(torch::kFloat).device(torch::kCUDA)) in place of ${made}(torch::CUDA(torch::kFloat), {batch, channels}); like another tensor: torch::${made}({batch, channels}, x.options()) in place of x.type()`,
        "grep -rnE '(CUDA|CPU)\\((at|torch)::k[A-Z]|\\.type\\(\\)\\.|\\((\\w+)\\.type\\(\\), *\\{' --include='*.cpp' --include='*.cu' --include='*.h' .   # the other places",
      ];
    },
    sources: ["soap117/DeepRule#3", "traveller59/second.pytorch#10"],
    examples: [
      {
        text: "src/top_pool.cpp:44:78: error: no matching function for call to ‘zeros(at::DeprecatedTypeProperties&, <brace-enclosed initializer list>)’",
        expect: "torch::zeros({batch, channels}",
      },
      {
        text: "Metadata.cpp:591:66: error: no matching function for call to 'at::TypeExtendedInterface::tensor(<brace-enclosed initializer list>)'\n   at::Tensor cL_ = torch::CPU(at::kLong).tensor({(long)cL.size()});",
        expect: "torch::empty(",
      },
      {
        text: "src/pool.cpp:12:20: error: no matching function for call to 'zeros'\n   12 |   auto out = at::zeros(torch::CUDA(at::kFloat), {b, c});\n      |              ^~~~~~~~~",
        expect: "/\\1::\\2(\\7, torch::device(torch::k\\4).dtype(torch::\\6))/g",
      },
    ],
  },
];
