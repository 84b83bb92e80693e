/**
 * What nvcc refuses of a lambda for the device although --extended-lambda is given: where it stands, what it captures. The words are those of
 * cudafe++ of CUDA 11 to 13. Source: "Extended Lambda Restrictions" of the CUDA C++ programming guide.
 */
import { codeAt, type Rule } from "../rule.ts";

/** What is said, what it means, and what is written instead. */
const restrictions: readonly (readonly [said: RegExp, means: string, fix: string])[] = [
  [
    /private or protected access within (?:its|another) class|inside a class \(.*private or protected/,
    "is written in a member function that is private or protected, and nvcc has to name that function from outside of the class",
    "# public: above that function (private members may follow below it), or the lambda in a free function that the member calls",
  ],
  [
    /must not have deduced return type/,
    "is written in a function whose return type is `auto`",
    "# the return type of that function by its name: void f(…), torch::Tensor f(…) in place of auto f(…)",
  ],
  [
    /must not be defined inside another function|cannot be a member function of a class that is unnamed|must allow its address to be taken/,
    "is written in a function of a class that is itself local to a function or has no name",
    "# the class (or the function with the lambda) at namespace scope",
  ],
  [
    /cannot be defined inside (?:a generic|an extended)/,
    "is written inside of another lambda, a generic one (`auto` parameters) or one for the device itself",
    "# the outer lambda as a function, or as a template <typename scalar_t> void f(…), that the dispatch calls",
  ],
  [
    /inside the 'if' or 'else' block of a constexpr if|first-capture variable in constexpr-if context/,
    "meets `if constexpr`: it is written in a branch of one, or uses a variable for the first time in such a branch",
    "# name the variable once before the if constexpr ((void)n;), or write the lambda outside of the branch",
  ],
  [
    /cannot capture variables by reference/,
    "captures by reference, which is an address on the host's stack",
    "# [=] or the names alone in place of [&]; what is to be changed goes by a pointer to GPU memory: auto* out = y.data_ptr<scalar_t>();",
  ],
  [
    /init-captures? |init-capture|std::initializer_list/,
    "makes a variable in its brackets in a form that nvcc does not take",
    "# the variable before the lambda, and its name in the brackets",
  ],
  [
    /capture an (?:element of a parameter pack|array variable)/,
    "captures an array or a part of a parameter pack that nvcc cannot copy",
    "# a struct with the array as its member (at namespace scope), or a pointer to GPU memory",
  ],
  [
    /type local to a function/,
    "uses a type that is declared within a function",
    "# the struct, the enum or the alias's struct at namespace scope, above the function",
  ],
  [
    /private or protected class member/,
    "uses a type that is a private or protected member of a class",
    "# that type below public:, or outside of the class",
  ],
  [
    /internal or no linkage/,
    "is written in a function that is static or in an unnamed namespace, which nvcc does not take on Windows",
    "# that function without static, in a namespace with a name",
  ],
  [
    /unnamed parameter/,
    "is written in a template that has a parameter without a name",
    "# a name for each template parameter",
  ],
  [
    /cannot be generic lambdas/,
    "is for host and device and has `auto` parameters",
    "# the parameters' types by their names (scalar_t x in place of auto x)",
  ],
];

export const deviceLambdaRules: readonly Rule[] = [
  {
    id: "device-lambda-restricted",
    title: "nvcc does not take this lambda for the device",
    on: ["compile"],
    specificity: 86,
    matches: (finding) => {
      if (!/\bextended\b.*\blambdas?\b/.test(finding.message) || !/\b(?:cannot|must)\b/.test(finding.message))
        return undefined;
      const index = restrictions.findIndex(([words]) => words.test(finding.message));
      return index < 0 ? undefined : { index: String(index) };
    },
    confidence: "high",
    cause: (match) =>
      `The lambda at ${codeAt(match.finding)} ${restrictions[Number(match.facts["index"])]?.[1] ?? ""}. nvcc passes a lambda that is marked __device__ to the GPU by the name of the function around it, which sets it limits that ordinary lambdas do not have.`,
    fix: (match) => [
      restrictions[Number(match.facts["index"])]?.[2] ?? "",
      "# or no lambda: a struct at namespace scope with __device__ void operator()(int i) const and its captures as members",
    ],
    sources: ["https://docs.nvidia.com/cuda/cuda-c-programming-guide/#extended-lambda-restrictions"],
    examples: [
      {
        text: 'decay.cu(25): error: The enclosing parent function ("init") for an extended __device__ lambda cannot have private or protected access within its class',
        expect: "public: above that function",
      },
      {
        text: 'k.cu(9): error: The enclosing parent function ("run") for an extended __device__ lambda must not have deduced return type',
        expect: "void f(…)",
      },
      {
        text: "k.cu(12): error: An extended __device__ lambda cannot capture variables by reference",
        expect: "[=]",
      },
      {
        text: "k.cu(14): error: An extended __host__ __device__ lambda cannot first-capture variable in constexpr-if context",
        expect: "(void)n;",
      },
      {
        text: 'k.cu(30): error: A type local to a function ("Params") cannot be used in the type of a variable captured by an extended __device__ or __host__ __device__ lambda',
        expect: "at namespace scope",
      },
    ],
  },
];
