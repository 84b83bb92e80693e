/** Libraries of another processor that are given to a linker: LibTorch for x86-64 on an ARM board. */
import { python } from "../commands.ts";
import { baseName } from "../parsers/parser.ts";
import { type Match, type Rule, said } from "../rule.ts";

function ofTorch(match: Match): boolean {
  return /(?:^|[\\/])lib(?:c10|torch|caffe2)\w*\.|[\\/]libtorch[\\/]/.test(match.facts["file"] ?? "");
}

export const foreignProcessorRules: readonly Rule[] = [
  {
    id: "library-of-other-processor",
    title: "The library is for another processor",
    on: ["link"],
    specificity: 84,
    matches: (finding) =>
      said(
        finding,
        /(?<file>[^\s:'"]{1,400}\.(?:so(?:\.\d+){0,3}|a)): (?:error adding symbols: )?[Ff]ile in wrong format/,
      ),
    confidence: "high",
    cause: (match) =>
      `\`${baseName(match.facts["file"] ?? "")}\` is for another processor than the compiler builds for.${
        ofTorch(match)
          ? ` ${match.context.log.jetson || match.context.log.arch === "arm64" ? "This machine is ARM (aarch64), and the" : "The"} LibTorch that pytorch.org offers for Linux is for x86-64: on an ARM machine (Jetson, Raspberry Pi, Graviton) it does not link.`
          : ""
      }`,
    fix: (match) => [
      `uname -m; file -L ${match.facts["file"] ?? ""}   # the two have to agree: x86_64 and x86-64, or aarch64 and ARM aarch64`,
      ...(ofTorch(match)
        ? [
            match.context.log.jetson
              ? "# on a Jetson: install NVIDIA's torch wheel for this JetPack (https://docs.nvidia.com/deeplearning/frameworks/install-pytorch-jetson-platform/): it holds LibTorch for aarch64"
              : `${python(match)} -m pip install torch   # pip's torch is of this processor and holds LibTorch; a Jetson: NVIDIA's wheel for its JetPack`,
            `rm -rf build && cmake -B build -DCMAKE_PREFIX_PATH="$(${python(match)} -c "import torch; print(torch.utils.cmake_prefix_path)")"   # with the source folder and options of before`,
          ]
        : [
            `# put the ${baseName(match.facts["file"] ?? "").replace(/\..*$/, "")} of this processor in its place, and build from an empty folder`,
          ]),
    ],
    sources: ["acids-ircam/nn_tilde#11", "pytorch/pytorch#63558"],
    examples: [
      {
        text: "/opt/libtorch/lib/libtorch_cpu.so: error adding symbols: File in wrong format\ncollect2: error: ld returned 1 exit status",
        expect: "cmake_prefix_path",
      },
      {
        text: "/usr/bin/ld: third_party/lib/libfoo.a: error adding symbols: file in wrong format",
        expect: "another processor",
      },
    ],
  },
];
