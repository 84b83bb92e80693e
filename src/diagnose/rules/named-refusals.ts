/** What the set-up scripts of well-known packages refuse by name: an AMD target that they do not list, a GPU that is too old. */
import { buildAgain, pip, platformOf, python, setVariable } from "../commands/commands.ts";
import { failedCommand } from "../commands/failed-command.ts";
import { type Match, type Rule, said, saidAny } from "../rule.ts";

/** The set-up script whose frame says it, for an edit. */
function scriptOf({ finding }: Match): string {
  const path = /^((?:[\w.~-]*\/)*setup\.py):\d/.exec(finding.frames?.at(-1) ?? "")?.[1];
  // pip's copy is made anew each time.
  return path === undefined || /pip-(?:req-build|install)-/.test(path) ? "setup.py" : path;
}

/** The build again where no command of the text tells it: in the folder of the script. */
function again(match: Match): string[] {
  if (failedCommand(match) !== undefined) return buildAgain(match);
  const folder = /^(.+)\/setup\.py$/.exec(scriptOf(match))?.[1];
  return [pip(match, `install --no-build-isolation ${folder ?? "."}`)];
}

/** AMD's accelerators: Composable Kernel has matrix instructions for them alone. */
const accelerator = /^gfx9(?:08|0a|4[0-2]|50)$/;

export const namedRefusalRules: readonly Rule[] = [
  {
    id: "rocm-target-not-listed",
    title: "flash-attn's set-up script does not list this AMD GPU",
    on: ["exception"],
    specificity: 82,
    matches: (finding) => {
      const facts = said(
        finding,
        /One of GPU archs of \[(?<all>[^\]]{0,200})\] is invalid or not supported by Flash-Attention/,
      );
      if (facts === undefined) return undefined;
      const targets = (facts["all"] ?? "").match(/gfx[0-9a-f]+/g) ?? [];
      const unlisted = targets.filter((each) => !/^gfx9(?:0a|42|50)$/.test(each));
      return {
        targets: targets.join(";"),
        target: unlisted.find((each) => !accelerator.test(each)) ?? unlisted[0] ?? targets[0],
      };
    },
    confidence: "high",
    cause: ({ facts }) =>
      `flash-attn's setup.py compiles Composable Kernel's kernels for the GPUs of a list, and ${facts["target"] ?? "the one of GPU_ARCHS"} is not on it. ${accelerator.test(facts["target"] ?? "") ? "That is an accelerator (CDNA), for which those kernels compile all the same." : "Those kernels are for AMD's accelerators (MI200 and MI300); for a Radeon there is the Triton backend."}`,
    fix: (match) => {
      const target = match.facts["target"] ?? "gfx90a";
      if (accelerator.test(target))
        return [
          `sed -i.bak -E 's/(allowed_archs = \\[)/\\1"${target}", /' ${scriptOf(match)}   # its list of GPUs`,
          setVariable(match, "GPU_ARCHS", match.facts["targets"] ?? target),
          ...again(match),
        ];
      return [
        `${setVariable(match, "FLASH_ATTENTION_TRITON_AMD_ENABLE", "TRUE")}   # the Triton backend: nothing of Composable Kernel is compiled; set it when the program runs, too`,
        ...again(match),
        "# sources of before 2025 know no such variable: git clone https://github.com/Dao-AILab/flash-attention; or without flash-attn: torch.nn.functional.scaled_dot_product_attention",
      ];
    },
    sources: [
      "ROCm/flash-attention#37",
      "ROCm/flash-attention#38",
      "ROCm/flash-attention#93",
      "ROCm/flash-attention: setup.py",
    ],
    examples: [
      {
        text: "  File \"/opt/submodules/flash-attention/setup.py\", line 218, in validate_and_update_archs\n    assert all(\nAssertionError: One of GPU archs of ['gfx908'] is invalid or not supported by Flash-Attention",
        expect: "sed -i.bak -E 's/(allowed_archs = \\[)/\\1\"gfx908\", /' /opt/submodules/flash-attention/setup.py",
      },
      {
        text: "$ GPU_ARCHS=gfx1100 pip install --no-build-isolation .\nAssertionError: One of GPU archs of ['gfx1100'] is invalid or not supported by Flash-Attention",
        expect: "export FLASH_ATTENTION_TRITON_AMD_ENABLE=TRUE",
      },
    ],
  },
  {
    id: "gpu-too-old-for-package",
    title: "The package does not take a GPU this old",
    on: ["exception"],
    specificity: 76,
    matches: (finding) =>
      saidAny(
        finding,
        /GPUs with compute capability (?:below|under|less than|lower than) (?<least>\d+\.\d+) (?:are|is) not supported/i,
        /compute capability (?<least>\d+\.\d+) (?:\(\w+\) )?(?:or|and) (?:higher|above|newer|greater|later) (?:is|are) (?:required|needed|supported)/i,
      ),
    confidence: "high",
    cause: ({ facts, finding }) =>
      `The package's kernels are for GPUs of compute capability ${facts["least"] ?? ""} and newer, and a GPU of this machine is older${ofSage(finding.frames) ? " (SageAttention 2 looks at each GPU that it sees)" : ""}.`,
    fix: (match) => [
      ...(ofSage(match.finding.frames) || /sage/i.test(match.context.log.package ?? "")
        ? [
            `${pip(match, "install sageattention==1.0.6")}   # its Triton kernels, without a compiler: for Turing (RTX 20, 7.5) with Triton 3.0 to 3.2${platformOf(match) === "win32" ? " (triton-windows<3.3)" : ""}; GPUs before Turing have none`,
          ]
        : [
            `${python(match)} -c "import torch; print([(torch.cuda.get_device_name(i), torch.cuda.get_device_capability(i)) for i in range(torch.cuda.device_count())])"`,
            "# an older release of the package, or torch.nn.functional.scaled_dot_product_attention in the place of an attention kernel",
          ]),
      `# a newer GPU beside the old one: ${setVariable(match, "CUDA_VISIBLE_DEVICES", "<number of the newer one>")}, and the same command again`,
    ],
    sources: ["thu-ml/SageAttention#78", "thu-ml/SageAttention#197", "woct0rdho/SageAttention#20"],
    examples: [
      {
        text: 'C:\\w>python setup.py install\nTraceback (most recent call last):\n  File "C:\\w\\SageAttention\\setup.py", line 106, in <module>\n    raise RuntimeError(\nRuntimeError: GPUs with compute capability below 8.0 are not supported.',
        expect: "sageattention==1.0.6",
      },
      {
        text: "RuntimeError: GPU compute capability 8.0 (Ampere) or higher is required to install nucle",
        expect: "8.0 and newer",
      },
    ],
  },
];

function ofSage(frames: readonly string[] | undefined): boolean {
  return frames?.some((frame) => /sage-?attention/i.test(frame)) === true;
}
