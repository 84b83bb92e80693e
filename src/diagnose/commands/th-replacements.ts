/**
 * What stands in the place of TH and THC, which torch took apart from 1.5 on and removed in 1.11.
 * Sources: pytorch/pytorch#66391 (THCudaCheck), #65472 (THCCeilDiv, THCDeviceUtils.cuh), NVIDIA/apex#1192 (THCublasCheck),
 * torch's include folder of the releases, README.md of lucasjinreal/DCNv2_latest.
 */
import { compareVersions } from "../../base/order.ts";
import { changeFolder } from "./command-words.ts";
import { platformOf, python, torchAtHand } from "./commands.ts";
import type { Match } from "../rule.ts";

/** Words for `sed -E`; what they do not cover has no replacement of the same form. */
const edits: readonly string[] = [
  's|["<]THC/THCAtomics.cuh[">]|<ATen/cuda/Atomic.cuh>|',
  's|["<]THC/THCDeviceUtils.cuh[">]|<ATen/cuda/DeviceUtils.cuh>|',
  's|["<]THC/THCBlas.h[">]|<ATen/cuda/CUDABlas.h>|',
  's|["<](THC/)?THC.h[">]|<ATen/cuda/CUDAContext.h>\\n#include <ATen/ceil_div.h>\\n#include <c10/cuda/CUDACachingAllocator.h>|',
  '/#include *["<](TH|THC|THCUNN|THNN)([/]|[.]h)/d',
  '/^[A-Za-z" ]*THCState *[*].*;/d',
  "s/THCudaCheck/C10_CUDA_CHECK/g",
  "s/THCublasCheck/TORCH_CUDABLAS_CHECK/g",
  "s/THCCeilDiv/at::ceil_div/g",
  "s/THCState_getCurrentStream[(][^)]*[)]/c10::cuda::getCurrentCUDAStream()/g",
  "s/THCudaMalloc[(][^,]*, */c10::cuda::CUDACachingAllocator::raw_alloc(/g",
  "s/THCudaFree[(][^,]*, */c10::cuda::CUDACachingAllocator::raw_delete(/g",
  's/THArgCheck[(](.*), *[0-9]+, *"/TORCH_CHECK(\\1, "/',
];

/** The same for people, where there is no sed. */
const inWords =
  "# replace: THC/THC.h → ATen/cuda/CUDAContext.h, ATen/ceil_div.h and c10/cuda/CUDACachingAllocator.h; THC/THCAtomics.cuh → ATen/cuda/Atomic.cuh; THC/THCDeviceUtils.cuh → ATen/cuda/DeviceUtils.cuh; drop TH/TH.h (torch/extension.h is enough), other TH and THC headers and THCState *state; THCudaMalloc(state, n) → c10::cuda::CUDACachingAllocator::raw_alloc(n); THCudaFree(state, p) → …::raw_delete(p); THCudaCheck → C10_CUDA_CHECK; THCCeilDiv → at::ceil_div; THCState_getCurrentStream(state) → c10::cuda::getCurrentCUDAStream(); THArgCheck(c, 1, m) → TORCH_CHECK(c, m)";

/** Functions on TH's own tensors and its BLAS: those are written anew. */
const unlike = /Blas|Lapack|(?:Float|Double|Cuda|Half|Long|Int|Byte)Tensor|Tensor_/;

/** Whether the log is of DCNv2, whose copies lie in many projects. */
function dcn({ finding, context: { findings } }: Match): string | undefined {
  const texts = [finding, ...findings].map(({ file, text }) => `${file ?? ""} ${text}`).join("\n");
  return /DCNv2_latest/.test(texts) ? "latest" : /DCNv2|dcn_v2/.test(texts) ? "old" : undefined;
}

/** How a package is brought to torch 1.11 and newer. */
export function withoutTh(match: Match): string[] {
  const kind = dcn(match);
  const windows = platformOf(match) === "win32";
  const own = windows
    ? [inWords]
    : [
        // The macro's own header: not every file that calls THCudaCheck includes one that leads to it.
        "grep -rl THCudaCheck --include='*.cu' --include='*.cuh' --include='*.cpp' --include='*.h' . | xargs -r sed -i.bak -E -e '1i #include <c10/cuda/CUDAException.h>'",
        `grep -rlE '\\bTHC?(/|\\.h)|\\bTHC(State|CeilDiv|udaCheck|udaMalloc|udaFree|ublasCheck)|\\bTHArgCheck' --include='*.cu' --include='*.cuh' --include='*.cpp' --include='*.h' . | xargs sed -i.bak -E ${edits.map((edit) => `-e '${edit}'`).join(" ")}   # in the package's folder, from its root`,
        "grep -rnE '\\bTHC?(State|uda(Blas|Tensor)|(Float|Double)(Blas|Tensor))' --include='*.cu' --include='*.cuh' --include='*.cpp' --include='*.h' .   # what is left: THCState *state, which is gone, and tensors and BLAS of TH, which have no namesake (THCudaBlas_Sgemm → at::addmm_out or at::matmul on tensors, THCudaBlas_Sgemv → at::addmv_out, THCudaTensor → at::Tensor)",
      ];
  if (kind === "latest")
    return ["git pull   # DCNv2_latest builds without TH since it knows torch 1.11 (2022)", ...own];
  const torch = torchAtHand(match)?.release;
  // Its README: torch 1.7 since February 2021, 1.8 in March; since 2022 for 1.11, "may be not backward-compatible".
  const before = torch !== undefined && compareVersions(torch, [1, 11]) < 0;
  const above = /^((?:[A-Za-z]:)?[\\/].+?)[\\/]DCNv2[\\/]/.exec(match.finding.file ?? "")?.[1];
  if (kind === "old")
    return [
      ...(above === undefined ? [] : [changeFolder(match, above)]),
      windows ? "ren DCNv2 DCNv2.old" : `mv DCNv2 DCNv2.old${above === undefined ? "   # from the folder above" : ""}`,
      `git clone https://github.com/lucasjinreal/DCNv2_latest DCNv2   # ${before ? "for newer releases of torch" : "without TH, for torch 1.11 and newer"}`,
      ...(before && !windows
        ? ["(cd DCNv2 && git checkout $(git rev-list -1 --before=2022-01-01 HEAD))   # as it was for torch 1.7 to 1.10"]
        : []),
      `cd DCNv2 && ${python(match)} setup.py build develop`,
      "# or without a build: torchvision.ops.deform_conv2d(input, offset, weight, bias, stride, padding, dilation, mask)",
    ];
  return [
    ...(windows && unlike.test(match.facts["name"] ?? "")
      ? [
          "# tensors and BLAS of TH have no namesake: THFloatBlas_gemm, THCudaBlas_Sgemm → at::addmm_out, at::matmul on tensors; THCudaBlas_Sgemv → at::addmv_out; THCudaTensor * → at::Tensor",
        ]
      : []),
    ...own,
    "# or a newer release or fork of the package, which has done so; else torch 1.10 and a CUDA of its time",
  ];
}
