/** Libraries of another processor that are given to a linker: LibTorch for x86-64 on an ARM board. */
import { python, rebuild } from "../commands/commands.ts";
import { baseName } from "../parsers/parser.ts";
import { linkLibrary, ofLog } from "../matchers.ts";
import { type Match, type Rule, type RuleContext, said } from "../rule.ts";

function ofTorch(match: Match): boolean {
  return /(?:^|[\\/])lib(?:c10|torch|caffe2)\w*\.|[\\/]libtorch[\\/]/.test(match.facts["file"] ?? "");
}

/** An object file, which no package of another's brings. */
function isObject(match: Match): boolean {
  return /\.o$/.test(match.facts["file"] ?? "");
}

/** Files that the linker passed over, by the library that it was looking for. */
function passedOver({ findings }: RuleContext): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const { kind, message } of findings) {
    const words =
      kind === "link" ? /skipping incompatible (\S+) (?:while|when) searching for (?:-l)?(\S+)/.exec(message) : null;
    if (words !== null) found.set(words[2] ?? "", words[1] ?? "");
  }
  return found;
}

/** A processor that a path tells of. */
function processorOf(path: string): string | undefined {
  return /aarch64|arm64/.test(path)
    ? "aarch64"
    : /x86[_-]64|amd64/.test(path)
      ? "x86_64"
      : /i[36]86/.test(path)
        ? "i386"
        : undefined;
}

/** ` (aarch64, and the linker is for x86_64)`, as far as paths tell. */
function processors(match: Match): string {
  const theirs = processorOf(match.facts["file"] ?? "");
  const ours = processorOf(/^\S*?(?=:|$)/.exec(match.finding.text)?.[0] ?? "");
  return theirs === undefined || theirs === ours
    ? ""
    : ` (${theirs}${ours === undefined ? "" : `; the linker is one for ${ours}`})`;
}

export const foreignProcessorRules: readonly Rule[] = [
  {
    id: "library-of-other-processor",
    title: "The library is for another processor",
    on: ["link", "missing-library"],
    specificity: 84,
    matches: (finding, context) => {
      if (finding.kind === "missing-library") {
        const file =
          linkLibrary(finding, /./) === undefined ? undefined : ofLog(context, passedOver).get(finding.library ?? "");
        // Without a processor in its path it may as well be of 32 bits: the folder that was meant is another.
        return file === undefined || processorOf(file) === undefined ? undefined : { file };
      }
      return said(
        finding,
        /(?<file>[^\s:'"]{1,400}\.(?:so(?:\.\d+){0,3}|a|o)): (?:error adding symbols: )?[Ff]ile in wrong format/,
      );
    },
    confidence: "high",
    cause: (match) =>
      `\`${baseName(match.facts["file"] ?? "")}\` is for another processor${processors(match)} than the compiler builds for${isObject(match) ? ": it is left of an earlier build (a folder that was copied, or mounted into a container), or comes with the package" : ""}.${
        ofTorch(match)
          ? ` ${match.context.log.jetson || match.context.log.arch === "arm64" ? "This machine is ARM (aarch64), and the" : "The"} LibTorch that pytorch.org offers for Linux is for x86-64: on an ARM machine (Jetson, Raspberry Pi, Graviton) it does not link.`
          : ""
      }`,
    fix: (match) => [
      `uname -m; file -L ${match.facts["file"] ?? ""}   # the two have to agree: x86_64 and x86-64, or aarch64 and ARM aarch64`,
      ...(/conda/.test(match.finding.text)
        ? [
            "echo $CC $CXX $LD; unset CC CXX LD   # the linker is conda's, of an environment for another processor: build with the system's, or in an environment of this one",
          ]
        : []),
      ...(isObject(match)
        ? rebuild(match)
        : ofTorch(match)
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
    sources: ["acids-ircam/nn_tilde#11", "pytorch/pytorch#63558", "pytorch/TensorRT#3317"],
    examples: [
      {
        text: "/opt/conda/envs/e/x86_64-conda-linux-gnu/bin/ld.gold: warning: skipping incompatible bazel-out/aarch64-opt/bin/libtorch_cpu.so while searching for torch_cpu\n/opt/conda/envs/e/x86_64-conda-linux-gnu/bin/ld.gold: error: cannot find -ltorch_cpu",
        expect: "aarch64; the linker is one for x86_64",
      },
      {
        text: "/usr/bin/ld: build/temp.linux-aarch64-cpython-310/csrc/ext.o: file in wrong format",
        expect: "an earlier build",
      },
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
