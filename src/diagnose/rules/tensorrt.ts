/** TensorRT beside torch: its libraries when a module is loaded. */
import { pip, platformOf, python } from "../commands/commands.ts";
import { missingLibrary } from "../matchers.ts";
import type { Match, Rule } from "../rule.ts";

function cudaSuffix(match: Match): string {
  const cuda = match.context.log.torchCuda ?? match.context.log.cuda;
  return cuda === undefined ? "" : `-cu${cuda.split(".")[0] ?? ""}`;
}

export const tensorrtRules: readonly Rule[] = [
  {
    id: "tensorrt-library-missing",
    title: "TensorRT's libraries are not found",
    on: ["missing-library"],
    specificity: 83,
    matches: (finding, context) =>
      finding.phase === "load" && !context.log.jetson
        ? missingLibrary(finding, /^lib(?<lib>nvinfer\w*|nvonnxparser|nvparsers)\.so(?:\.(?<major>\d+))?/)
        : undefined,
    confidence: "high",
    cause: (match) =>
      `${match.facts["who"] ?? ""} needs \`${match.facts["name"] ?? ""}\` of TensorRT${match.facts["major"] === undefined ? "" : ` ${match.facts["major"]}`}, which is not installed, is there in another major version, or lies where the loader does not look: pip's tensorrt keeps its libraries in site-packages/tensorrt_libs, and they are found only after \`import tensorrt\`, or with LD_LIBRARY_PATH.`,
    fix: (match) => {
      const major = match.facts["major"];
      const old = major !== undefined && Number(major) < 8;
      const name = match.facts["name"] ?? "libnvinfer.so";
      // PyPI has none before 8: what is there came as an archive or with a package of the system.
      if (old && platformOf(match) !== "win32")
        return [
          `find / -name "${name}*" -not -path "/proc/*" 2>/dev/null   # where it lies: TensorRT ${major ?? ""} comes as NVIDIA's archive or as a package of the system, PyPI has none`,
          `# found: export LD_LIBRARY_PATH=<that folder>:$LD_LIBRARY_PATH; not there: https://developer.nvidia.com/tensorrt (the archive for its CUDA), or a newer release of what needs it`,
        ];
      return [
        ...(old
          ? [
              `# TensorRT ${major ?? ""} is not on PyPI: NVIDIA's archive for its CUDA, or a newer release of what needs it`,
            ]
          : [
              pip(
                match,
                `install "tensorrt${major === undefined || Number(major) >= 10 ? cudaSuffix(match) : ""}${major === undefined ? "" : `==${major}.*`}"`,
              ),
            ]),
        `${python(match)} -c "import tensorrt; print(tensorrt.__version__)"   # then import tensorrt before the module that needs it`,
        platformOf(match) === "win32"
          ? "# TensorRT's lib folder on PATH"
          : `export LD_LIBRARY_PATH=$(${python(match)} -c "import tensorrt_libs as t; print(t.__path__[0])"):$LD_LIBRARY_PATH   # or the lib folder of NVIDIA's archive`,
        `# torch-tensorrt: its release is torch's, and names the TensorRT that it needs: ${pip(match, "install --upgrade torch-tensorrt")}`,
      ];
    },
    sources: ["pytorch/TensorRT#2820", "pytorch/TensorRT#1026", "open-mmlab/mmdeploy#2594"],
    examples: [
      {
        text: "OSError: libnvinfer_plugin.so.10: cannot open shared object file: No such file or directory",
        expect: "tensorrt==10.*",
      },
      {
        text: "./infer: error while loading shared libraries: libnvinfer.so.7: cannot open shared object file: No such file or directory",
        expect: 'find / -name "libnvinfer.so.7*"',
      },
      {
        text: "ImportError: libnvinfer.so.8: cannot open shared object file: No such file or directory",
        expect: "tensorrt==8.*",
      },
    ],
  },
];
