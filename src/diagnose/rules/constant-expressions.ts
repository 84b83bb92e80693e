/** constexpr functions that call others, and std::min of two types: what one compiler lets pass and another does not. */
import { pip } from "../commands/commands.ts";
import { baseName } from "../parsers/parser.ts";
import { editLine } from "../commands/source-edits.ts";
import { codeAt, type Rule, saidAny } from "../rule.ts";

/** A file that torch.compile wrote: its name is a digest. */
const ofInductor = /(?:torchinductor|^[\\/](?:tmp|var)[\\/]).*[\\/]c[a-z2-7]{40,60}\.(?:cpp|cu)$/;

export const constantExpressionRules: readonly Rule[] = [
  {
    id: "constexpr-never-constant",
    title: "A function is constexpr and can never be constant",
    on: ["compile"],
    specificity: 76,
    matches: (finding) =>
      saidAny(
        finding,
        /constexpr function '(?<name>[^']{1,200})' cannot result in a constant expression/,
        /^constexpr (?:function|constructor) never produces a constant expression/,
      ),
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)} declares ${match.facts["name"] === undefined ? "a function" : `\`${match.facts["name"]}\``} constexpr, and what it calls or holds (__half, c10::Half, an intrinsic) is not: Visual C++ and clang refuse that at once, gcc and nvcc often let it pass.`,
    fix: (match) => [
      ...editLine(match, [["\\bconstexpr +", ""]]),
      "# no constexpr in front of that function (inline is enough); or a newer release of the package",
    ],
    sources: [
      "cupy/cupy#8334",
      "https://learn.microsoft.com/cpp/error-messages/compiler-errors-2/compiler-error-c3615",
    ],
    examples: [
      {
        text: "cuda\\cupy_cub.cu(86): error C3615: constexpr function 'std::numeric_limits<__half>::infinity' cannot result in a constant expression",
        expect: "-creplace '\\bconstexpr +',''",
      },
    ],
  },
  {
    id: "constexpr-calls-ordinary-function",
    title: "A constant expression calls a function that is not constexpr",
    on: ["compile"],
    role: "generic",
    specificity: 14,
    matches: (finding) =>
      saidAny(
        finding,
        /^call to non-[‘'"]constexpr[’'"] function [‘'"](?<name>[^’'"]{1,300})/,
        /^(?:constexpr function|call to function|expression) '?(?<name>[^']{1,200})'? .*cannot be used in a constant expression/,
        /^non-constexpr function '(?<name>[^']{1,200})' cannot be used/,
        /^failure was caused by call of undefined function or one not declared 'constexpr'(?<name>)/,
      ),
    confidence: "medium",
    cause: (match) =>
      ofInductor.test(match.finding.file ?? "")
        ? `torch.compile wrote a C++ file that does not compile: a size that is known at run time only (dynamic shapes) stands in a constexpr array (\`${(match.facts["name"] ?? "").slice(0, 80)}\`). That is a fault of this torch's Inductor.`
        : `${codeAt(match.finding)} is constexpr and calls \`${(match.facts["name"] ?? "").slice(0, 120)}\`, which is not declared so: gcc and clang reject that at different times, so another compiler (or an older one) may have let it pass.`,
    fix: (match) =>
      ofInductor.test(match.finding.file ?? "")
        ? [
            pip(match, "install --upgrade torch") + "   # a newer release has it mended",
            "# meanwhile: torch.compile(model, dynamic=False), or torch._dynamo.mark_static(x) for the inputs",
          ]
        : [
            "# declare the function that is called constexpr, too (its body in the header), or take constexpr away from the one that calls it (const, inline)",
          ],
    sources: ["pytorch/pytorch#126779", "https://en.cppreference.com/w/cpp/language/constexpr"],
    examples: [
      {
        text: "values/value.hh:115:62: error: call to non-‘constexpr’ function ‘const TO* tails::NanTagged<TO>::asPointer() const [with TO = void]’",
        expect: "take constexpr away",
      },
      {
        text: "/tmp/torchinductor_u/iw/ciwvpb6riwvhvw3t237lgwbybhtjxmomuptnyleu4fvqqvk536b3.cpp:96:73: error: call to non-‘constexpr’ function ‘scalar_t c10::div_floor_integer(scalar_t, scalar_t) [with scalar_t = long int]’",
        expect: "dynamic=False",
      },
    ],
  },
  {
    id: "min-max-of-two-types",
    title: "std::min or std::max gets numbers of two types",
    on: ["compile"],
    specificity: 79,
    matches: (finding) =>
      saidAny(
        finding,
        /^no matching function for call to [‘'](?:std::)?(?<name>min|max)(?:\((?<types>[^’'{]{1,120})\))?[’']/,
        /^no instance of (?:overloaded )?function(?: template)? "std::(?<name>min|max)" matches the argument list(?:.*argument types are: \((?<types>[^)]{1,120})\))?/s,
        /^['"“](?:std::)?(?<name>min|max)['"”]: no matching overloaded function/,
      ),
    confidence: "medium",
    cause: (match) =>
      `${codeAt(match.finding)}: std::${match.facts["name"] ?? "min"} takes two values of one type${match.facts["types"] === undefined ? "" : `, and gets (${match.facts["types"]})`}. int64_t is long on Linux and long long on macOS and Windows, so such a call compiles on one system and not on the other.`,
    fix: (match) => [
      `# name the type: std::${match.facts["name"] ?? "min"}<int64_t>(a, b), or static_cast<int64_t>(a)${match.finding.file === undefined ? "" : ` (${baseName(match.finding.file)}${match.finding.line === undefined ? "" : `, line ${match.finding.line}`})`}; literals: int64_t{1} in place of 1L`,
      "# a package of others: a newer release of it, which may have it mended for this system",
    ],
    sources: ["pytorch/pytorch#728", "https://en.cppreference.com/w/cpp/algorithm/min"],
    examples: [
      {
        text: "src/a.cpp:106:27: error: no matching function for call to ‘min(long int, long long int)’",
        expect: "std::min<int64_t>",
      },
      {
        text: 'k.cu(12): error: no instance of overloaded function "std::max" matches the argument list\n            argument types are: (int64_t, int)',
        expect: "(int64_t, int)",
      },
      { text: "a.cpp(33): error C2672: 'min': no matching overloaded function found", expect: "static_cast<int64_t>" },
    ],
  },
];
