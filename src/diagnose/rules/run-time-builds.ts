/** Extensions that load() builds while a program runs: built again though nothing of them has changed. */
import { setVariable } from "../commands/commands.ts";
import { coded, type Match, type Rule } from "../rule.ts";

function isInContainer({ finding, context: { log } }: Match): boolean {
  return log.docker || /\bdocker\b|\bcontainer\b/i.test(finding.text);
}

/** The folder for the builds: a volume of the container, or the user's own cache, which outlives a restart. */
function lastingFolder(match: Match): string {
  return isInContainer(match) ? "/torch_extensions" : "$HOME/.cache/torch_extensions";
}

export const runTimeBuildRules: readonly Rule[] = [
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
