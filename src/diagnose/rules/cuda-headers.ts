/** Headers of the CUDA toolkit that were not found. */
import { plainName } from "../../base/package-name.ts";
import {
  platformOf,
  python,
  setVariable,
  showToolkits,
  showTorchCuda,
  toolkitFolder,
  torchCuda,
  pip,
} from "../commands/commands.ts";
import { condaToolkit, partOfCondaForge } from "../tables/conda-toolkit.ts";
import { foundDir, header, includedBy } from "../matchers.ts";

import { partOfPipToolkit } from "../commands/pip-toolkit.ts";
import { editFile } from "../commands/source-edits.ts";
import type { Match, Rule } from "../rule.ts";

/** The package from its repository, where a clone by pip has the submodules that source packages of PyPI lack. */
function fromRepository(match: Match): string[] {
  const { log } = match.context;
  const asked = log.requested?.find((word) => word.includes("git+"));
  const from = asked ?? (log.package === undefined ? undefined : repositories[plainName(log.package)]);
  return from === undefined
    ? [
        `# built from PyPI's sources, which often lack it: ${pip(match, 'install --no-build-isolation -v "git+https://…"')} with the project's repository`,
      ]
    : [
        `${pip(match, `install --no-build-isolation -v ${from}`)}   # a clone by pip has the submodules, which source packages of PyPI often lack`,
      ];
}

/** Where packages come from whose sources on PyPI are without CUTLASS. Source: tgale96/grouped_gemm#20, Dao-AILab/flash-attention#331. */
const repositories: Readonly<Record<string, string>> = {
  "grouped-gemm": '"git+https://github.com/tgale96/grouped_gemm.git"',
  "flash-attn": '"git+https://github.com/Dao-AILab/flash-attention.git"',
};

export const cudaHeaderRules: readonly Rule[] = [
  {
    id: "cuda-headers-missing",
    title: "Headers of CUDA, or of a library beside it, are not found",
    on: ["missing-header"],
    specificity: 84,
    matches: (finding) =>
      header(
        finding,
        /^(?:cuda|cuda_\w+|cublas\w*|cusparse\w*|cusolver\w*|cufft\w*|curand\w*|nvrtc|npp\w*|driver_types|vector_types|builtin_types|host_defines|device_launch_parameters|device_functions|nvml|nvJitLink|cupti\w*|cudnn\w*|nccl\w*|math_constants|texture_\w+|sm_\d+_\w+|helper_\w+|cuda_profiler_api|nvtx3?\w*|cusparseLt)\.(?:h|hpp|cuh)$|^(?:crt|cooperative_groups|thrust|cub|cuda\/std|cuda|nv|nvtx3|libcu|cute|cutlass|curand_kernel|nvToolsExt|cccl|cudnn_frontend|mma)(?:\/|\.h)/,
      ),
    confidence: "high",
    cause: (match) => {
      const name = match.facts["header"] ?? "";
      const cuda = match.context.environment?.cuda;
      if (/^nvToolsExt/.test(name))
        return `\`${name}\`${includedBy(match)} is of NVTX 2, which CUDA 12.9 dropped; NVTX 3 is in the folder nvtx3 and has headers only.`;
      if (/^helper_/.test(name))
        return `\`${name}\`${includedBy(match)} is of NVIDIA's cuda-samples, not of the toolkit.`;
      if (/^cuda_(?:fp8|fp6|fp4|bf16)/.test(name))
        return `\`${name}\`${includedBy(match)} came with CUDA ${/fp8/.test(name) ? "11.8" : /bf16/.test(name) ? "11.0" : "12.8"}: the toolkit that compiles is older, or its include folder is not on the command line.`;
      if (/^(?:cute|cutlass)\//.test(name))
        return `\`${name}\`${includedBy(match)} is of CUTLASS, which projects bring as a git submodule: it was not checked out, or its include folder is missing.`;
      if (/^cudnn_frontend/.test(name))
        return `\`${name}\`${includedBy(match)} is of cuDNN's frontend, a library of headers alone that is no part of cuDNN: projects bring it as a git submodule (third_party, 3rdparty/cudnn-frontend), which was not checked out.`;
      if (/^cudnn/.test(name))
        return `\`${name}\`${includedBy(match)} is of cuDNN, which is no part of the CUDA toolkit.`;
      if (/^nccl/.test(name))
        return `\`${name}\`${includedBy(match)} is of NCCL, which is no part of the CUDA toolkit.`;
      return `\`${name}\`${includedBy(match)} is of the CUDA toolkit, whose include folder is not on the command line or is incomplete: conda's and the distribution's nvcc come without the libraries' headers (conda puts them in $CONDA_PREFIX/targets/x86_64-linux/include), CUDA_HOME points elsewhere${/^(?:thrust|cub|cuda\/|nv\/)/.test(name) ? ", or they lie in include/cccl since CUDA 13" : ""}.${cuda === undefined ? "" : ` The toolkit at hand is ${cuda.root} (CUDA ${cuda.version}).`}`;
    },
    fix: (match) => {
      const name = match.facts["header"] ?? "";
      if (/^nvToolsExt/.test(name))
        return [
          ...editFile(match, [['["<]nvToolsExt([A-Za-z]*)\\.h[">]', "<nvtx3/nvToolsExt\\1.h>"]]),
          `# #include <nvtx3/${name}> in its place, and no -lnvToolsExt on the link line; or a newer release of the package`,
          "# an older CUDA (12.8) still has it; torch 2.7 and newer use NVTX 3",
        ];
      if (/^(?:cute|cutlass)\//.test(name))
        return [
          "git submodule update --init --recursive   # in the checkout that is built; an archive from GitHub (.zip, .tar.gz) has no submodules: clone it with --recursive",
          ...fromRepository(match),
          "git clone --depth 1 https://github.com/NVIDIA/cutlass && export CPATH=$PWD/cutlass/include:$CPATH   # or CUTLASS beside it, of the release that the package names",
        ];
      if (/^cudnn_frontend/.test(name))
        return [
          "git submodule update --init --recursive   # in the project's folder; a clone by pip has them: pip install --no-build-isolation git+https://…",
          `${pip(match, "install nvidia-cudnn-frontend")} && export CPATH=$(find / -name cudnn_frontend.h -path '*include*' -printf '%h' -quit 2>/dev/null):$CPATH   # or from pip`,
        ];
      if (/^cudnn/.test(name))
        return [
          `${pip(match, `install nvidia-cudnn-cu${torchCuda(match)?.split(".")[0] ?? "12"}`)}   # the one that torch asks for stays; headers in site-packages/nvidia/cudnn/include; or: sudo apt-get install cudnn`,
          `export CUDNN_PATH=$(${python(match)} -c "import nvidia.cudnn; print(list(nvidia.cudnn.__path__)[0])")`,
          "export CPATH=$CUDNN_PATH/include:$CPATH",
        ];
      if (/^nccl/.test(name))
        return ["sudo apt-get install libnccl-dev   # or the headers of pip's nvidia-nccl package on CPATH"];
      if (/^helper_/.test(name))
        return ["git clone https://github.com/NVIDIA/cuda-samples && export CPATH=$PWD/cuda-samples/Common:$CPATH"];
      const ofPip = partOfPipToolkit(match, name);
      if (ofPip.length > 0) return ofPip;
      const cuda = match.context.environment?.cuda;
      if (match.context.log.conda && platformOf(match) !== "win32")
        return [
          ...(partOfCondaForge(match, name) ?? wholeToolkit(match)),
          "export CPATH=$CONDA_PREFIX/targets/x86_64-linux/include:$CPATH CUDA_INC_PATH=$CONDA_PREFIX/targets/x86_64-linux/include",
        ];
      return [
        ...(cuda === undefined && torchCuda(match) === undefined ? [showTorchCuda(match), showToolkits(match)] : []),
        setVariable(match, "CUDA_HOME", cuda?.root ?? toolkitFolder(match, torchCuda(match))),
        platformOf(match) === "win32"
          ? `set "INCLUDE=%CUDA_HOME%\\include;%INCLUDE%"   # setup.py: include_dirs=[os.path.join(CUDA_HOME, "include")], or CUDAExtension, which does so; no ${name} there: the toolkit of torch's CUDA with its development files, https://developer.nvidia.com/cuda-toolkit-archive`
          : `ls $CUDA_HOME/include/${name} || ${withDebianCuda(match, (version) => `sudo apt-get install cuda-libraries-dev-${version} cuda-cudart-dev-${version}`)}   # of NVIDIA's repository; Fedora, RHEL: dnf, the same names with -devel-`,
        ...(platformOf(match) !== "win32" && !/^(?:thrust|cub|cuda\/|nv\/)/.test(name)
          ? [
              ...(platformOf(match) === "linux" && match.context.usesTorch !== false
                ? [
                    `# without that repository, or without root: export CPATH=$(find "$(${python(match)} -c "import sysconfig; print(sysconfig.get_paths()['purelib'])")/nvidia" -maxdepth 2 -type d -name include -printf '%p:')$CPATH   # the headers of pip's packages that came with torch; the toolkit's own come first`,
                  ]
                : []),
              "export CPATH=$CUDA_HOME/include:$CPATH   # a g++ that compiles a .cpp of a CppExtension does not look there by itself; CUDAExtension does",
            ]
          : []),
        ...(/^(?:thrust|cub|cuda\/|nv\/)/.test(name)
          ? [
              platformOf(match) === "win32"
                ? 'set "INCLUDE=%CUDA_HOME%\\include\\cccl;%INCLUDE%"   # since CUDA 13 they lie there, and nvcc alone looks there by itself'
                : "export CPATH=$CUDA_HOME/include/cccl:$CPATH   # since CUDA 13 they lie there, and nvcc alone looks there by itself: a g++ that compiles such a header does not",
            ]
          : []),
      ];
    },
    change: (match) => {
      const dir = foundDir(match);
      return dir === undefined ? undefined : { kind: "add-include-dir", dir };
    },
    sources: [
      "microsoft/TRELLIS#195",
      "NVIDIA/apex#957",
      "pytorch/pytorch#89533",
      "NVIDIA/MinkowskiEngine#223",
      "Cytnx-dev/Cytnx#757",
    ],
    examples: [
      {
        text: '$ wget https://github.com/me/fast-ops/archive/refs/heads/main.zip && unzip -q main.zip\njo@box:~$ cd fast-ops-main\njo@box:~/fast-ops-main$ python setup.py install\ncsrc/../ext.h:19:10: fatal error: cutlass/cutlass.h: No such file or directory\n   19 | #include "cutlass/cutlass.h"',
        expect: "git clone --recursive https://github.com/me/fast-ops\ncd fast-ops",
      },
      {
        text: "(odise) jo@ws:~/o$ conda install -c nvidia cuda-nvcc=11.6 -y\n(odise) jo@ws:~/o$ pip install -e .\n/e/ATen/cuda/CUDAContext.h:6:10: fatal error: cusparse.h: No such file or directory",
        expect: "nvidia/label/cuda-11.6.0 cuda-toolkit",
      },
      {
        text: "/e/ATen/cuda/CUDAContextLight.h:7:10: fatal error: cusparse.h: No such file or directory",
        expect: "CUDA_HOME",
      },
      {
        text: "C:\\anaconda2\\envs\\python3\\lib\\site-packages\\torch\\lib\\include\\thc\\THCGeneral.h(12): fatal error C1083: Cannot open include file: 'cuda.h': No such file or directory",
        expect: "%CUDA_HOME%\\include",
      },
      { text: "<command-line>: fatal error: cuda_runtime.h: No such file or directory", expect: "CUDA_HOME" },
      { text: "a.cpp:3:10: fatal error: 'cuda_runtime_api.h' file not found", expect: "CUDA toolkit" },
      { text: "k.cu:2:10: fatal error: cutlass/cutlass.h: No such file or directory", expect: "git submodule update" },
      {
        text: "$ conda list cuda-nvcc\ncuda-nvcc   13.1.115   hcdd1206_0   conda-forge\n/h/miniforge3/envs/e/k.h:56:10: fatal error: curand_kernel.h: No such file or directory",
        expect: "conda install -y -c conda-forge libcurand-dev",
      },
      { text: "k.cu:2:10: fatal error: thrust/sort.h: No such file or directory", expect: "cccl" },
      {
        text: "x.cpp(4): fatal error C1083: 无法打开包括文件: “cublas_v2.h”: No such file or directory",
        expect: "CUDA",
      },
    ],
  },
];

/** A command with CUDA's version as NVIDIA's Debian packages have it, `13-0`: asked of nvcc where nothing tells it. */
function withDebianCuda(match: Match, command: (version: string) => string): string {
  const version = match.context.log.cuda ?? torchCuda(match) ?? match.context.environment?.cuda?.version;
  return version === undefined
    ? `(v=$(nvcc --version | sed -n 's/.*release \\([0-9]*\\)\\.\\([0-9]*\\).*/\\1-\\2/p'); ${command("$v")})`
    : command(version.split(".").slice(0, 2).join("-"));
}

/** The whole toolkit by conda, of the version of the nvcc that is there, or of torch's CUDA. */
function wholeToolkit(match: Match): string[] {
  const { cuda, condaNvccVersion } = match.context.log;
  const version = cuda ?? condaNvccVersion ?? torchCuda(match) ?? match.context.environment?.cuda?.version;
  const parts = "   # or cuda-libraries-dev and cuda-cudart-dev of that version";
  const packages = "conda install -c conda-forge cuda-cudart-dev cuda-libraries-dev";
  // The project's own cuda-version keeps them together.
  if (match.context.log.pixi) return [packages];
  // What conda installs without a number is of CUDA 12 or newer, which conda-forge has in parts.
  if (version === undefined && match.context.log.condaNvcc)
    return [
      `${packages} "cuda-version=$(nvcc --version | sed -n 's/.*release \\([0-9.]*\\),.*/\\1/p')"   # of nvcc's CUDA`,
    ];
  return version === undefined
    ? [
        `conda install -c "nvidia/label/cuda-$(nvcc --version | sed -n 's/.*release \\([0-9.]*\\),.*/\\1/p').0" cuda-libraries-dev cuda-cudart-dev   # of the CUDA of nvcc itself: 11.3 and newer`,
      ]
    : [`${condaToolkit(version)}${parts}`];
}
