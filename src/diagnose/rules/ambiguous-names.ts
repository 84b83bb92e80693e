/** Names that mean two things, since a `using namespace` brought the second one in. */
import { type Match, placeOf, type Rule, said, saidAny } from "../rule.ts";

/** Whether the message is within a header of CUTLASS, whose names lie in namespace cute. */
function ofCute({ finding, facts }: Match): boolean {
  return (
    /^(?:Tensor|Layout|Shape|Stride|Copy_Atom|TiledCopy|TiledMma|Int)$/.test(facts["name"] ?? "") &&
    /[\\/](?:cutlass|cute)[\\/]/.test(finding.file ?? "")
  );
}

/** Whether it is within a header of torch. */
function inTorchHeader(match: Match): boolean {
  return /[\\/](?:torch[\\/])?include[\\/](?:torch|ATen|c10)[\\/]/.test(match.finding.file ?? "");
}

export const ambiguousNameRules: readonly Rule[] = [
  {
    id: "name-ambiguous-by-using-namespace",
    title: "`using namespace` makes a name ambiguous",
    on: ["compile"],
    specificity: 66,
    matches: (finding) =>
      saidAny(
        finding,
        /^["‘'](?:\w+::)*(?<name>\w+)["’'] is ambiguous/,
        /reference to ["‘'](?<name>\w+)["’'] is ambiguous/,
        /["‘'](?<name>\w+)["’']\s?: ambiguous symbol/,
      ) ?? (finding.code === "C2872" ? said(finding, /["‘'“«](?<name>\w+)["’'”»]/) : undefined),
    confidence: "medium",
    cause: (match) =>
      match.facts["name"] === "cuda"
        ? `\`cuda\` (${placeOf(match.finding)}) means two things: ::cuda of CUDA's own C++ library (libcu++, which cooperative groups, CUB and Thrust use) and another namespace \`cuda\` that a \`using namespace\` brings in: c10::cuda or at::cuda (using namespace c10, at, torch), or that of the project or the package.`
        : inTorchHeader(match)
          ? `\`${match.facts["name"] ?? ""}\` is ambiguous within a header of torch (${placeOf(match.finding)}): before torch's header was included, a \`using namespace\` (cv of OpenCV, std, …) or a macro of another header brought in a second \`${match.facts["name"] ?? ""}\`.`
          : ofCute(match)
            ? `CUTLASS's header means cute::${match.facts["name"] ?? ""} (${placeOf(match.finding)}), and another ${match.facts["name"] ?? ""} lies in the global namespace by then: a \`using namespace at/torch\` or \`using torch::${match.facts["name"] ?? ""}\` (torch::stable::Tensor, too) above the #include; torch/csrc/stable/ops.h itself had such a line before torch 2.9 came out.`
            : `\`${match.facts["name"] ?? ""}\` (${placeOf(match.finding)}) means two things: a \`using namespace\` (std, at, torch, thrust, cute) brings in a second name that is spelled alike; newer headers have more names than older ones (thrust::cub, std::byte, std::size, std::data, at::Layout).`,
    fix: (match) => [
      ...(match.facts["name"] === "cuda"
        ? [
            "# one's own code: take `using namespace c10/at/torch` out of headers and from above #include lines; write c10::cuda::… and ::cuda::… in full",
            "# CUDA's headers (cooperative_groups.h, cub, thrust) above torch's in that source helps when the message is within one of them",
            "# a package of others: a newer release of it, or the CUDA toolkit that it is tested with (newer ones use ::cuda in more headers)",
            "grep -rnE 'using namespace (c10|at|torch|std|.*cuda)|namespace cuda' --include=*.h --include=*.cuh --include=*.cpp --include=*.cu .",
          ]
        : inTorchHeader(match)
          ? [
              "# include torch's headers first, before OpenCV and all others, and take `using namespace …` out of headers (in sources: below the last #include)",
              "grep -rnE 'using namespace|include.*(torch|opencv)' --include=*.h --include=*.hpp --include=*.cpp --include=*.cu .",
            ]
          : []),
      ...(ofCute(match)
        ? [
            "# include the headers of CUTLASS (cute/…, cutlass/…) first, above torch's, and put every `using` below the last #include, in no header",
            "grep -rnE 'using (namespace (at|torch|c10)|(at|torch)::(stable::)?[A-Z])' --include=*.h --include=*.hpp --include=*.cuh --include=*.cpp --include=*.cu .   # the line that is at fault",
            "# none, and the code includes torch/csrc/stable/ops.h: a newer torch",
          ]
        : []),
      ...(match.facts["name"] === "cuda" || ofCute(match)
        ? []
        : [
            `# write the full name, ::${match.facts["name"] ?? "name"} or std::${match.facts["name"] ?? "name"}, or take the \`using namespace\` out of headers`,
          ]),
    ],
    sources: [
      "pytorch/pytorch#163338",
      "NVIDIA/thrust#1601",
      "NVIDIA/TransformerEngine#2679",
      "gunrock/essentials#137",
      "MrNeRF/LichtFeld-Studio#523",
    ],
    examples: [
      { text: 'k.cu(12): error: "cub" is ambiguous', expect: "::cub" },
      {
        text: '/p/cutlass/include/cutlass/epilogue/collective/default_epilogue.hpp(202): error: "Tensor" is ambiguous',
        expect: "cute::Tensor",
      },
      { text: "a.cpp:7:3: error: reference to ‘data’ is ambiguous", expect: "using namespace" },
      {
        text: "C:\\CUDA\\v12.8\\include\\cooperative_groups\\details/reduce.h(401): error C2872: 'cuda' : symbole ambigu",
        expect: "c10::cuda",
      },
      { text: 'p/common/gemm/gemm.cu(936): error: "cuda" is ambiguous', expect: "::cuda" },
    ],
  },
];
