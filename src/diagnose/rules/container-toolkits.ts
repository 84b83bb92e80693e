/** Containers with a CUDA toolkit, for the torch that a text builds with: images of PyTorch and NVIDIA, the containers of cibuildwheel. */
import { compareVersions, parseVersion } from "../../base/order.ts";
import { torchCuda } from "../commands/commands.ts";
import type { Match } from "../rule.ts";

/** PyTorch's image with nvcc for the torch in a log of docker. Its tags: https://hub.docker.com/r/pytorch/pytorch/tags. */
export function develImage(match: Match): string | undefined {
  const { docker, installedTorch, gpuImage, jobImage, torch } = match.context.log;
  const cuda = torchCuda(match);
  const release = /^[12]\.\d+\.\d+/.exec(installedTorch ?? (jobImage === undefined ? "" : (torch ?? "")))?.[0];
  if (!(docker || jobImage !== undefined) || gpuImage !== undefined || release === undefined || cuda === undefined)
    return undefined;
  const cudnn = compareVersions(parseVersion(release), [2, 4]) >= 0 ? 9 : 8;
  return `pytorch/pytorch:${release}-cuda${cuda}-cudnn${cudnn}-devel`;
}

/** Releases of the images of nvidia/cuda for Ubuntu 22.04. Source: https://hub.docker.com/r/nvidia/cuda/tags. */
export const develTags: Readonly<Record<string, string>> = {
  "11.8": "11.8.0",
  "12.1": "12.1.1",
  "12.4": "12.4.1",
  "12.6": "12.6.3",
  "12.8": "12.8.1",
};

/** The CUDA of PyPI's torch, by the release that the text asks for. Source: the requirements of each release (nvidia-cuda-runtime). */
export function cudaOfPypi({ context: { log } }: Match): string {
  const minor = Number(/^2\.(\d+)/.exec(log.installedTorch ?? log.torch ?? "")?.[1] ?? "11");
  return minor <= 4 ? "12.1" : minor <= 6 ? "12.4" : minor === 7 ? "12.6" : minor <= 10 ? "12.8" : "13.0";
}

/** The toolkit in the containers that cibuildwheel builds in. Sources: cibuildwheel's options before-all and environment; NVIDIA's repository for RHEL 8. */
export function inManylinux(version: string): string[] {
  const folder = `/usr/local/cuda-${version}`;
  return [
    "# cibuildwheel builds in a container without CUDA; pyproject.toml:",
    "#     [tool.cibuildwheel.linux]",
    `#     before-all = "curl -L -o /etc/yum.repos.d/cuda.repo https://developer.download.nvidia.com/compute/cuda/repos/rhel8/x86_64/cuda-rhel8.repo && dnf install -y cuda-toolkit-${version.replace(".", "-")}"`,
    `#     environment = { CUDA_HOME = "${folder}", PATH = "${folder}/bin:$PATH", TORCH_CUDA_ARCH_LIST = "8.0;8.6;9.0+PTX" }`,
    "# torch's CUDA decides the version; manylinux_2_28 is AlmaLinux 8",
  ];
}
