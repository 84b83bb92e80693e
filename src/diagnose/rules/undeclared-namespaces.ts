/** Namespaces of CUDA, torch and pybind11 that a source uses without the header that opens them. */
import type { Finding } from "../finding.ts";
import { addLines } from "../commands/source-edits.ts";
import { placeOf, type Rule } from "../rule.ts";

interface Home {
  readonly names: RegExp;
  readonly what: string;
  /** Lines to add at the head of the file. */
  readonly lines: readonly string[];
  readonly more?: string;
}

const homes: readonly Home[] = [
  {
    names: /^(?:cooperative_groups|cg)$/,
    what: "CUDA's cooperative groups",
    lines: ["#include <cooperative_groups.h>", "namespace cg = cooperative_groups;"],
    more: "in a .cu file, which nvcc compiles; cg::reduce: <cooperative_groups/reduce.h>, memcpy_async: <cooperative_groups/memcpy_async.h>",
  },
  {
    names: /^(?:py|pybind11)$/,
    what: "pybind11, under its short name",
    lines: ["#include <torch/extension.h>"],
    more: "without torch: #include <pybind11/pybind11.h> and namespace py = pybind11;",
  },
  {
    names: /^at::cuda$/,
    what: "ATen for CUDA, which torch/extension.h alone does not bring",
    lines: ["#include <ATen/cuda/CUDAContext.h>", "#include <c10/cuda/CUDAGuard.h>"],
    more: "in sources that a build with CUDA compiles; AT_CUDA_CHECK: <ATen/cuda/Exceptions.h>",
  },
  {
    names: /^c10::cuda$/,
    what: "c10 for CUDA, which torch/extension.h alone does not bring",
    lines: ["#include <c10/cuda/CUDAStream.h>", "#include <c10/cuda/CUDAGuard.h>"],
    more: "in sources that a build with CUDA compiles; C10_CUDA_CHECK: <c10/cuda/CUDAException.h>",
  },
  {
    names: /^(?:nvcuda|wmma)$/,
    what: "CUDA's matrix functions (wmma)",
    lines: ["#include <mma.h>", "using namespace nvcuda;"],
    more: "for compute capability 7.0 and newer",
  },
  {
    names: /^(?:torch|at|c10)$/,
    what: "torch",
    lines: ["#include <torch/extension.h>"],
    more: "or a smaller header of torch: <torch/types.h>, <ATen/ATen.h>, <torch/library.h>; it has to stand above the first use, in headers too",
  },
  { names: /^cub$/, what: "CUB", lines: ["#include <cub/cub.cuh>"], more: "in a .cu file, which nvcc compiles" },
];

const word = "cooperative_groups|cg|py|pybind11|(?:at|c10)::cuda|nvcuda|wmma|cub|torch|at|c10";
const forms: readonly RegExp[] = [
  new RegExp(
    `(?<!in namespace |member of )[‘'"](?<name>${word})[’'"]\\s?:? ?(?:has not been declared|was not declared in this scope|does not name a type|is not a (?:class,? |namespace)|is undefined|undeclared identifier)`,
  ),
  new RegExp(`use of undeclared identifier '(?<name>${word})'`),
  /namespace "(?<space>at|c10)" has no (?:actual )?member "(?<name>cuda)"/,
  /[‘'"](?<name>cuda)[’'"] (?:is not a member of|in namespace) [‘'"](?<space>at|c10)[’'"]/,
  /no (?:member|type) named '(?<name>cuda)' in namespace '(?<space>at|c10)'/,
];
const namespaceWanted = /name followed by "::" must be a class or namespace name/;
const inSource = new RegExp(`(?<![\\w:])(?<name>${word})::`);

function namespaceOf(finding: Finding): string | undefined {
  for (const form of forms) {
    const groups = form.exec(finding.message)?.groups;
    if (groups?.["name"] !== undefined)
      return groups["space"] === undefined ? groups["name"] : `${groups["space"]}::${groups["name"]}`;
  }
  return namespaceWanted.test(finding.message) ? inSource.exec(finding.source ?? "")?.groups?.["name"] : undefined;
}

export const undeclaredNamespaceRules: readonly Rule[] = [
  {
    id: "namespace-without-its-header",
    title: "The header that brings a namespace of CUDA, torch or pybind11 is not included",
    on: ["compile"],
    specificity: 83,
    matches: (finding) => {
      const name = namespaceOf(finding);
      const index = homes.findIndex(({ names }) => names.test(name ?? ""));
      return name === undefined || index < 0 ? undefined : { name, index: String(index) };
    },
    confidence: "high",
    cause: (match) => {
      const place = placeOf(match.finding);
      return `\`${match.facts["name"] ?? ""}\` is ${homes[Number(match.facts["index"])]?.what ?? ""}: ${place === "" ? "the source" : `\`${place}\``} uses it and includes no header that brings it (another torch or CUDA may have brought it in passing).`;
    },
    fix: (match) => {
      const home = homes[Number(match.facts["index"])];
      return home === undefined
        ? []
        : [
            ...addLines(match, home.lines),
            `# at the head of ${match.finding.file ?? "the file"}: ${home.lines.join(" ")}`,
            ...(home.more === undefined ? [] : [`# ${home.more}`]),
          ];
    },
    sources: [
      "https://docs.nvidia.com/cuda/cuda-c-programming-guide/#cooperative-groups",
      "https://pytorch.org/cppdocs/notes/tensor_cuda_stream.html",
    ],
    examples: [
      { text: "k.cu:12:5: error: 'cooperative_groups' has not been declared", expect: "<cooperative_groups.h>" },
      {
        text: 'k.cu(12): error: name followed by "::" must be a class or namespace name\n    cooperative_groups::grid_group g = cooperative_groups::this_grid();\n    ^',
        expect: "<cooperative_groups.h>",
      },
      {
        text: "k.cu:12:5: error: ‘at::cuda’ has not been declared\n   12 |   at::cuda::CUDAGuard guard(x.device());",
        expect: "<ATen/cuda/CUDAContext.h>",
      },
      { text: 'k.cu(31): error: namespace "at" has no member "cuda"', expect: "<ATen/cuda/CUDAContext.h>" },
      { text: "bind.cpp:20:3: error: use of undeclared identifier 'py'", expect: "<torch/extension.h>" },
    ],
  },
];
