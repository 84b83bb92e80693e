/** Extensions that load() builds while a program runs: built again though nothing of them has changed, or not again where they should be. */
import { rebuild, setVariable } from "../commands/commands.ts";
import { coded, type Match, type Rule } from "../rule.ts";
import { owned } from "./symbol-owners.ts";

function isInContainer({ finding, context: { log } }: Match): boolean {
  return log.docker || /\bdocker\b|\bcontainer\b/i.test(finding.text);
}

/** The folder for the builds: a volume of the container, or the user's own cache, which outlives a restart. */
function lastingFolder(match: Match): string {
  return isInContainer(match) ? "/torch_extensions" : "$HOME/.cache/torch_extensions";
}

/** Whether ninja found nothing to do before the extension was loaded: sources and flags are those of the build that is there. */
function tookOldBuild({ finding, context: { findings } }: Pick<Match, "finding" | "context">): boolean {
  return findings.some(({ code, at }) => code === "no-work" && at < finding.at);
}

export const runTimeBuildRules: readonly Rule[] = [
  {
    id: "run-time-build-of-other-environment",
    title: "An extension of load() was built in another environment, and is taken as it is",
    on: ["undefined-symbol"],
    specificity: 73,
    matches: (finding, context) => {
      const [, folder, name] =
        /^(.*torch_extensions(?:[\\/].+)?[\\/])(\w+)[\\/]\2(?:_v\d+)?\.(?:so|pyd)$/.exec(finding.file ?? "") ?? [];
      if (folder === undefined || name === undefined || finding.phase !== "load") return undefined;
      return tookOldBuild({ finding, context }) && owned(finding, context, "cuda-library", "cuda-runtime") !== undefined
        ? { name, folder: folder.replace(/[\\/]$/, ""), symbol: finding.symbol }
        : undefined;
    },
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\` lies in \`${match.facts["folder"] ?? ""}\`, which all environments of this user share. ninja had no work to do: what is there was built in another environment, beside a torch whose libraries brought \`${match.facts["symbol"] ?? ""}\`, and nothing in its sources or flags has changed since. Its folder does not name the release of torch${/py\d+_/.test(match.facts["folder"] ?? "") ? ", only Python's and CUDA's" : ", Python or CUDA"}.`,
    fix: (match) => {
      const [first, ...rest] = rebuild(match);
      return [
        ...(first === undefined ? [] : [first]),
        setVariable(
          match,
          "TORCH_EXTENSIONS_DIR",
          match.context.log.conda ? "$CONDA_PREFIX/torch_extensions" : "${VIRTUAL_ENV:-$HOME}/torch_extensions",
        ) + "   # a folder of this environment's own, so that no other one takes its place again",
        ...rest,
        '# still so after that: the library is not linked; load(): extra_ldflags=["-l…"]',
      ];
    },
    sources: ["pytorch/pytorch#68905", "openvinotoolkit/nncf#1120"],
    examples: [
      {
        text: "(b) jo@ws:~$ python train.py\nEmitting ninja build file /home/jo/.cache/torch_extensions/cpu_lamb/build.ninja...\nBuilding extension module cpu_lamb...\nninja: no work to do.\nLoading extension module cpu_lamb...\nImportError: /home/jo/.cache/torch_extensions/cpu_lamb/cpu_lamb.so: undefined symbol: curandCreateGenerator",
        expect: "TORCH_EXTENSIONS_DIR",
      },
    ],
  },
  {
    id: "jit-built-each-time",
    title: "An extension of load() is built at each start",
    on: ["warning"],
    specificity: 84,
    matches: (finding, { log }) =>
      log.builtAtRunTime || log.emittedFolder !== undefined ? coded(finding, "built-each-time") : undefined,
    confidence: "medium",
    cause: (match) =>
      `torch keeps what load() builds in TORCH_EXTENSIONS_DIR (by default ~/.cache/torch_extensions${match.context.log.emittedFolder === undefined ? "" : `, here \`${match.context.log.emittedFolder}\``}) and takes it from there as long as sources and flags stay the same. ${isInContainer(match) ? "In a container this folder is thrown away with the container, so that each new one builds anew." : "This folder is emptied between the starts (/tmp at a restart), may not be written, or is another one each time."}`,
    fix: (match) => [
      ...(isInContainer(match)
        ? [
            "docker volume create torch_extensions   # outside: a folder that outlives the containers",
            "# the container from now on with: docker run -v torch_extensions:/torch_extensions -e TORCH_EXTENSIONS_DIR=/torch_extensions …",
          ]
        : []),
      `${setVariable(match, "TORCH_EXTENSIONS_DIR", lastingFolder(match))}${isInContainer(match) ? "   # inside it; in a Dockerfile: ENV TORCH_EXTENSIONS_DIR=/torch_extensions" : "   # into ~/.bashrc as well"}`,
      "# or built once for all: a package whose setup.py uses CUDAExtension, installed when the image is made",
    ],
    sources: ["zhanghang1989/PyTorch-Encoding#259", "https://docs.pytorch.org/docs/stable/cpp_extension.html"],
    examples: [
      {
        text: "In our docker container the ops are recompiled every time we import them\nUsing /root/.cache/torch_extensions as PyTorch extensions root...\nCreating extension directory /root/.cache/torch_extensions/fused_ops...\nEmitting ninja build file /root/.cache/torch_extensions/fused_ops/build.ninja...\nBuilding extension module fused_ops...\nLoading extension module fused_ops...",
        expect: "docker run -v torch_extensions:/torch_extensions",
      },
      {
        text: "It builds the extension again every time I start the program.\nUsing /tmp/torch_extensions as PyTorch extensions root...\nEmitting ninja build file /tmp/torch_extensions/raster/build.ninja...\nBuilding extension module raster...\nLoading extension module raster...",
        expect: "TORCH_EXTENSIONS_DIR",
      },
    ],
  },
];
