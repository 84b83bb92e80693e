/** AMD's wheels whose kernels come in a package for each GPU. */
import { targetOfText } from "../commands/amd-targets.ts";
import { pip, python } from "../commands/commands.ts";
import { coded, type Rule } from "../rule.ts";

export const rocmDevicePackageRules: readonly Rule[] = [
  {
    id: "rocm-device-package-missing",
    title: "The package with the kernels for this AMD GPU is not installed",
    on: ["gpu"],
    specificity: 78,
    matches: (finding, { log }) => {
      // PyTorch's own wheels have two numbers (+rocm6.4), AMD's have three; those of ROCm 10 are without kernels.
      const rocm = /\+rocm((\d+)\.\d+\.\d+\w*)$/.exec(log.installedTorch ?? "");
      return rocm === null || Number(rocm[2]) < 10
        ? undefined
        : coded(finding, "no-kernel-image", "invalid-device-function", "invalid-image") === undefined
          ? undefined
          : { rocm: rocm[1] };
    },
    confidence: "medium",
    cause: (match) =>
      `AMD's wheels for ROCm ${match.facts["rocm"] ?? ""} are for all GPUs and hold no kernels: those come in packages for one GPU, amd-torch-device-${targetOfText(match) ?? "<gfx>"} with rocm-sdk-device-${targetOfText(match) ?? "<gfx>"}, and the one for this GPU${targetOfText(match) === undefined ? "" : ` (${targetOfText(match) ?? ""})`} is not installed, or is for another GPU.`,
    fix: (match) => [
      `${pip(match, `install --index-url ${match.context.log.onlyIndex ?? "https://stable.repo.amd.com/rocm/whl-next/"} "torch[device-${targetOfText(match) ?? "<gfx>"}]==${match.context.log.installedTorch ?? ""}"`)}   # brings both; torchvision alike`,
      `${pip(match, "list")}   # amd-torch-device-… and rocm-sdk-device-…: of this GPU, of one release`,
      `${python(match)} -c "import torch; print(torch.cuda.get_device_name(0), torch.cuda.get_device_properties(0).gcnArchName)"   # which gfx it is`,
    ],
    sources: ["ROCm/TheRock#7839", "https://github.com/ROCm/TheRock/blob/main/RELEASES.md"],
    examples: [
      {
        text: "2.13.0+rocm10.0.0 AMD Radeon 890M Graphics\ntorch.AcceleratorError: CUDA error: device kernel image is invalid\nSearch for `hipErrorInvalidImage' in https://rocm.docs.amd.com/",
        expect: "torch[device-gfx1150]==2.13.0+rocm10.0.0",
      },
    ],
  },
];
