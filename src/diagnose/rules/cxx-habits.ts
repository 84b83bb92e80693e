/** Slips of C++ in extensions of torch whose messages lead astray: the compiler names a header of the C++ library, or all candidates. */
import { atCaller } from "../commands/printed-edits.ts";
import { editFile, editLine } from "../commands/source-edits.ts";
import { codeAt, type Rule, said, saidAny } from "../rule.ts";

export const cxxHabitRules: readonly Rule[] = [
  {
    id: "optional-of-reference",
    title: "std::optional of a reference",
    on: ["compile"],
    specificity: 84,
    matches: (finding) =>
      saidAny(
        finding,
        /_Optional_payload_base<(?<type>[\w:]+(?:<[^<>]{0,80}>)?) ?&>.*in a union may not have reference type/,
        /instantiation of optional with a (?:non-object|reference) type/,
        /T in optional<T> must meet the Cpp17Destructible requirements/,
        /(?:class )?template (?:class )?"std::optional(?:<[^"]*>)?".*"(?<type>[\w:]+) ?&"/,
        /'std::optional<(?<type>[\w:]+) ?&>'/,
      ) ??
      (/[\\/]optional$/.test(finding.file ?? "")
        ? said(
            finding,
            /(?:forming pointer to reference type|'type' declared as a pointer to a reference of type) [‘'](?<type>[\w:]+) ?&[’']/,
          )
        : undefined),
    confidence: "high",
    cause: (match) =>
      `The code has std::optional<${match.facts["type"] ?? "T"}&>${match.finding.caller === undefined ? "" : ` (${match.finding.caller})`}: an optional holds a value, never a reference.`,
    fix: (match) => {
      const type = match.facts["type"] ?? "torch::Tensor";
      return [
        ...editFile(atCaller(match), [["optional<(const )?([A-Za-z_][A-Za-z0-9_:]*) *&>", "optional<\\2>"]]),
        `# std::optional<${type}>${/Tensor$/.test(type) ? ": a tensor is a handle, its data are not copied; const std::optional<torch::Tensor>& as a parameter" : ""}; the declaration in the header, too`,
      ];
    },
    sources: ["https://en.cppreference.com/w/cpp/utility/optional", "https://docs.pytorch.org/cppdocs/"],
    examples: [
      {
        text: "/usr/include/c++/12/optional:233:15: error: non-static data member ‘std::_Optional_payload_base<at::Tensor&>::_Storage<at::Tensor&, true>::_M_value’ in a union may not have reference type ‘at::Tensor&’",
        expect: "std::optional<at::Tensor>: a tensor is a handle",
      },
      {
        text: "e6.cpp:3:43:   required from here\n/usr/include/c++/12/optional:961:7: error: forming pointer to reference type ‘at::Tensor&’",
        expect: "optional<(const )?([A-Za-z_][A-Za-z0-9_:]*) *&>/optional<\\2>/g' e6.cpp",
      },
    ],
  },
  {
    id: "interpolate-options",
    title: "The options of interpolate want a list",
    on: ["compile"],
    specificity: 84,
    matches: (finding) =>
      saidAny(
        finding,
        /(?:InterpolateFuncOptions|UpsampleOptions)::(?<option>scale_factor|size)\((?<given>[^)]*)\)[’']/,
        /'(?:torch::nn::)?(?:functional::)?(?:InterpolateFuncOptions|UpsampleOptions)[^']*::(?<option>scale_factor|size)'\s?: (?:no overloaded|none of the|cannot convert)/,
      ),
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)} gives ${match.facts["option"] ?? "scale_factor"} one number, as Python does; in C++ it is a list with one for each dimension (std::vector<${match.facts["option"] === "size" ? "int64_t" : "double"}>).`,
    fix: (match) => [
      ...editLine(match, [
        ["\\.scale_factor\\(([0-9.]+)f?\\)", ".scale_factor(std::vector<double>({\\1, \\1}))"],
        ["\\.size\\(([0-9]+)\\)", ".size(std::vector<int64_t>({\\1, \\1}))"],
      ]),
      "# F::InterpolateFuncOptions().scale_factor(std::vector<double>({2, 2})).mode(torch::kBilinear).align_corners(false): two for images, one for a sequence, three for volumes",
    ],
    sources: ["pytorch: torch/csrc/api/include/torch/nn/options/upsampling.h"],
    examples: [
      {
        text: "e3.cpp:4:70: error: no matching function for call to ‘torch::nn::functional::InterpolateFuncOptions::scale_factor(double)’\n    4 |   auto a = F::interpolate(x, F::InterpolateFuncOptions().scale_factor(2.0));",
        expect: "std::vector<double>({\\1, \\1})",
      },
    ],
  },
];
