/**
 * The CUDA toolkit in packages of pip (since CUDA 13 in one folder, nvidia/cu13): which of them brings a part that is missing.
 * Source: the files of the wheels; the packages' own requirements, by which nvcc brings nvvm and crt.
 */
import { platformOf, pip, python } from "./command-words.ts";
import type { Match } from "../rule.ts";

const parts: readonly (readonly [RegExp, string])[] = [
  [/^(?:cicc|libdevice\S*|libnvvm\S*)$/, "nvidia-nvvm"],
  [/^(?:ptxas|cudafe\+\+|fatbinary|nvlink|bin2c|nvcc)$/, "nvidia-cuda-nvcc"],
  [/^crt\//, "nvidia-cuda-crt"],
  [/^(?:nv|cub|thrust|cuda)\/|^libcudacxx|^cccl\//, "nvidia-cuda-cccl"],
  [
    /^(?:cuda\w*|cudart|driver_types|vector_types|builtin_types|host_defines|device_launch_parameters|cooperative_groups\S*)(?:\.h)?$/,
    "nvidia-cuda-runtime",
  ],
];

/** The folder of such a toolkit that the text names: `/e/lib/python3.11/site-packages/nvidia/cu13`. */
export function pipToolkit(match: Match): string | undefined {
  const { finding, context } = match;
  const form = /((?:[A-Za-z]:)?[^\s"':=]*[\\/](?:site|dist)-packages[\\/]nvidia[\\/]cu\d\d)(?=[\\/'" ]|$)/;
  return form.exec(`${finding.file ?? ""} ${finding.text}`)?.[1] ?? context.log.cudaHomeOfPip;
}

/** Installs the package that brings a part of it, for torch's CUDA; nothing where the toolkit is none of pip's. */
export function partOfPipToolkit(match: Match, part: string): string[] {
  const name = parts.find(([form]) => form.test(part))?.[1];
  if (name === undefined || pipToolkit(match) === undefined) return [];
  const version =
    platformOf(match) === "win32"
      ? (match.context.log.torchCuda ?? "13.0")
      : (match.context.log.torchCuda ?? `$(${python(match)} -c "import torch; print(torch.version.cuda)")`);
  return [
    pip(match, `install --force-reinstall --no-deps "${name}==${version}.*"`) +
      "   # the part that is missing, of torch's CUDA",
  ];
}

/** pip's packages of the toolkit hold `lib/libcudart.so.13` alone: `-lcudart` and CMake want other names. */
export const namesForLinkers =
  '(cd "$CUDA_HOME" && ln -sfn lib lib64 && cd lib && for f in *.so.*; do ln -sf "$f" "${f%%.so.*}.so"; done)   # the names that linkers and CMake look for, which pip\'s toolkit lacks';

/** The parts of the toolkit that torch's own packages bring, as the linker calls them. */
const broughtByTorch = /^(?:cudart|curand|cublas|cublasLt|cufft|cusolver|cusparse|nvrtc|nvJitLink|cupti)$/;

/** The library that pip installed with torch, under the name that linkers look for, behind what a toolkit has. */
export function linkBroughtByTorch(match: Match, name: string): string[] {
  if (!broughtByTorch.test(name)) return [];
  return [
    `f=$(${python(match)} -c "import glob, os, torch; print(glob.glob(os.path.dirname(os.path.dirname(torch.__file__)) + '/nvidia/*/lib/lib${name}.so.*')[0])") && mkdir -p ~/.cache/cuda-names && ln -sf "$f" ~/.cache/cuda-names/lib${name}.so && export LIBRARY_PATH=$LIBRARY_PATH:$HOME/.cache/cuda-names   # no toolkit has it: the one that pip installed with torch`,
  ];
}
