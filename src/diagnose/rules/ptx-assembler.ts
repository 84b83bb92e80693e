/** ptxas as the assembler of others (Triton, XLA, nvcc of another toolkit): PTX that is too new, kernels that are too big. */
import { own } from "../../base/own.ts";
import { type Match, type Rule, said } from "../rule.ts";
import { isTriton } from "./triton.ts";

/** CUDA by the version of PTX that it brought. Source: "Release Notes" of the PTX ISA. */
const cudaOfPtx: Readonly<Record<string, string>> = {
  "6.3": "10.0",
  "6.4": "10.1",
  "6.5": "10.2",
  "7.0": "11.0",
  "7.1": "11.1",
  "7.2": "11.2",
  "7.3": "11.3",
  "7.4": "11.4",
  "7.5": "11.5",
  "7.6": "11.6",
  "7.7": "11.7",
  "7.8": "11.8",
  "8.0": "12.0",
  "8.1": "12.1",
  "8.2": "12.2",
  "8.3": "12.3",
  "8.4": "12.4",
  "8.5": "12.5",
  "8.6": "12.7",
  "8.7": "12.8",
  "8.8": "12.9",
  "9.0": "13.0",
};

function cudaOf(ptx: string | undefined): string {
  const cuda = own(cudaOfPtx, ptx ?? "");
  return cuda === undefined ? "" : ` (CUDA ${cuda})`;
}

function triton(match: Match): boolean {
  return isTriton(match.finding, match.context);
}

export const ptxAssemblerRules: readonly Rule[] = [
  {
    id: "ptx-newer-than-ptxas",
    title: "ptxas is older than the compiler that wrote the PTX",
    on: ["driver", "exception"],
    specificity: 86,
    matches: (finding) =>
      said(finding, /Unsupported \.version (?<ptx>\d+\.\d+)(?:; current version is ['"]?(?<has>\d+\.\d+))?/),
    confidence: "high",
    cause: (match) =>
      `The PTX is of version ${match.facts["ptx"] ?? ""}${cudaOf(match.facts["ptx"])}, and the ptxas that was called knows ${match.facts["has"] === undefined ? "only older ones" : `up to ${match.facts["has"]}${cudaOf(match.facts["has"])}`}: it is of an older CUDA toolkit than the compiler (nvcc, clang, Triton, XLA). Most often another ptxas stands first on PATH or in CUDA_HOME.`,
    fix: (match) => {
      const cuda = own(cudaOfPtx, match.facts["ptx"] ?? "") ?? "of that version";
      return [
        "which -a ptxas nvcc; ptxas --version   # which one is found first?",
        triton(match)
          ? `export TRITON_PTXAS_PATH=/usr/local/cuda-${cuda}/bin/ptxas   # of CUDA ${cuda} or newer; unset it when it names an older one`
          : `export CUDA_HOME=/usr/local/cuda-${cuda} PATH=/usr/local/cuda-${cuda}/bin:$PATH   # CUDA ${cuda} or newer: ptxas, nvcc and cicc of one toolkit`,
        `# a newer ptxas alone: conda install -c nvidia cuda-nvcc-tools=${cuda}, or pip's nvidia-cuda-nvcc`,
      ];
    },
    sources: ["https://docs.nvidia.com/cuda/parallel-thread-execution/#release-notes", "PRONTOLab/GB-25#7"],
    examples: [
      {
        text: "ptxas /tmp/x.ptx, line 9; fatal   : Unsupported .version 8.4; current version is '8.0'",
        expect: "cuda-12.4",
      },
      {
        text: "`ptxas` stderr:\nptxas /tmp/tmp1.ptx, line 5; fatal   : Unsupported .version 8.7; current version is '8.4'\nRuntimeError: `ptxas` failed with error code 255",
        expect: "TRITON_PTXAS_PATH=/usr/local/cuda-12.8",
      },
    ],
  },
  {
    id: "kernel-needs-too-many-registers",
    title: "A kernel needs more registers than a thread can have",
    on: ["driver"],
    specificity: 84,
    matches: (finding) =>
      said(finding, /Register allocation failed with register count of ['"]?(?<count>\d+)/) ??
      said(finding, /too many registers|registers? (?:limit|count) .*exceed/i),
    confidence: "high",
    cause: (match) =>
      `ptxas cannot fit a kernel into ${match.facts["count"] ?? "255"} registers a thread, and some instructions of it cannot be spilled: ${triton(match) ? "one of the configurations that Triton's autotuner tries has too large a tile for its number of warps" : "the tile or the unrolling of the kernel is too large, or -maxrregcount and __launch_bounds__ leave too few"}. (It depends on the release of ptxas, too.)`,
    fix: (match) =>
      triton(match)
        ? [
            "# smaller BLOCK_* values or more num_warps (fewer num_stages) in the triton.Config list; drop the configuration that fails",
            "python -m pip install --upgrade torch   # newer Triton: the autotuner leaves such configurations out",
            "rm -rf ~/.triton/cache",
          ]
        : [
            "# nvcc flags: no -maxrregcount, or a larger one; __launch_bounds__ with fewer threads; #pragma unroll with a smaller number",
            "nvcc -Xptxas -v …   # registers and spills of each kernel",
          ],
    sources: ["triton-lang/triton#5017"],
    examples: [
      {
        text: "RuntimeError: Internal Triton PTX codegen error: \n  ptxas fatal   : (C7600) Register allocation failed with register count of '255'. Compile the program with a higher register target",
        expect: "num_warps",
      },
      {
        text: "ptxas fatal   : (C7600) Register allocation failed with register count of '64'. Compile the program with a higher register target",
        expect: "-maxrregcount",
      },
    ],
  },
];
