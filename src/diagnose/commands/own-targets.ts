/**
 * Packages whose setup.py names the GPUs that it compiles for itself, so that TORCH_CUDA_ARCH_LIST changes nothing, and how
 * they are built for another GPU. Source: setup.py of Dao-AILab/causal-conv1d and state-spaces/mamba: -gencode for sm_80 and others,
 * no PTX.
 */
import { knownCapabilities, pip, platformOf, python, setVariable } from "./commands.ts";
import { forcedBuild, packageOf } from "../tables/packages.ts";
import type { Match } from "../rule.ts";

/** Their repositories. */
const packages: Readonly<Record<string, string>> = {
  "causal-conv1d": "https://github.com/Dao-AILab/causal-conv1d",
  "mamba-ssm": "https://github.com/state-spaces/mamba",
};

/** The package at hand, if it is one of them. */
export function namesItsTargets(match: Match): string | undefined {
  const name = packageOf(match);
  return name !== undefined && Object.hasOwn(packages, name) ? name : undefined;
}

/** Builds it for the GPU that is there; undefined for other packages. */
export function buildWithOwnTargets(match: Match): string[] | undefined {
  const name = namesItsTargets(match);
  if (name === undefined) return undefined;
  const repository = packages[name] ?? "";
  const [known] = knownCapabilities(match);
  const arch = known?.replace(".", "");
  const install = pip(match, "install --no-build-isolation --no-cache-dir --force-reinstall --no-deps");
  return [
    `${setVariable(match, forcedBuild(name) ?? "", "TRUE")}   # compiles in place of taking the ready-made wheel; nvcc has to know the GPU (RTX 50: CUDA 12.8)`,
    `${install} ${name}   # the newest release has code for newer GPUs`,
    `# the release that you have (an old GPU, a pinned version), for your GPU: its setup.py names the targets, and TORCH_CUDA_ARCH_LIST is not read`,
    `git clone -b <v and the release> ${repository} src-${name} && cd src-${name}`,
    ...(platformOf(match) === "win32"
      ? [`# setup.py: compute_80,code=sm_80 becomes compute_${arch ?? "<cc>"},code=sm_${arch ?? "<cc>"}`]
      : [
          ...(arch === undefined
            ? [`GPU=$(${python(match)} -c "import torch; print('%d%d' % torch.cuda.get_device_capability())")`]
            : []),
          `sed -i.bak "s/compute_80,code=sm_80/compute_${arch ?? "$GPU"},code=sm_${arch ?? "$GPU"}/" setup.py`,
        ]),
    `${install} .`,
  ];
}
