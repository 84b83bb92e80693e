/** Libraries of CUDA and of torch that the linker does not find. */
import { compareVersions, parseVersion } from "../../base/order.ts";
import {
  buildAgain,
  installGpuTorch,
  pip,
  platformOf,
  python,
  removeFolder,
  setVariable,
  showToolkits,
  showTorchCuda,
  toolkitFolder,
  torchCuda,
  useToolkit,
  torchOnLibraryPath,
} from "../commands.ts";
import { added, linkLibrary, ofLog } from "../matchers.ts";
import { torchOfText } from "../torch-fit.ts";
import { namesForLinkers } from "../pip-toolkit.ts";
import { type Match, type Rule, type RuleContext, saidAny } from "../rule.ts";

const cudaNames =
  /^(?:cuda|cudart(?:_static)?|cudadevrt|(?:cublas|cublasLt|cufft|curand|cusolver|cusparse|nvrtc|nvJitLink|culibos)(?:_static(?:_nocallback)?)?|npp\w*|cupti|nvToolsExt|nvtx3?interop|cudnn\w*|nccl|cusparseLt|nvjpeg|cufile|culibos|nvidia-ml)$/;

/** The release of the toolkit that the text builds with, else torch's. */
function toolkitOfText(match: Match): string | undefined {
  return match.context.log.cuda ?? torchCuda(match) ?? match.context.log.spokenCuda;
}

/** The toolkit of this machine, unless the text builds with one of another release. */
function toolkitHere(match: Match): NonNullable<Match["context"]["environment"]>["cuda"] {
  const { environment, log } = match.context;
  const here = environment?.cuda;
  return log.cuda === undefined || here === undefined || here.version.startsWith(log.cuda) ? here : undefined;
}

/** The toolkit to link with: the one that is here, or as the log's torch wants it. */
function toolkitForLink(match: Match): string {
  return toolkitHere(match)?.root ?? `\${CUDA_HOME:-${toolkitFolder(match, toolkitOfText(match))}}`;
}

/** The environment of conda whose lib64 the command links with: conda has no such folder. */
function condaOfLink({ context: { log } }: Match): string | undefined {
  const { linkedToolkit } = log;
  return linkedToolkit !== undefined && /conda|mamba|miniforge|\/envs\//.test(linkedToolkit)
    ? linkedToolkit
    : undefined;
}

/** The linker finds none of torch's libraries, those of every build included. */
function lacksTorch({ findings }: RuleContext): boolean {
  return findings.some((other) => linkLibrary(other, /^(?:c10|torch|torch_cpu)$/) !== undefined);
}

/** The folder of torch's libraries on the link line that lacks a library of every build, while it has the first ones. */
function brokenTorch(match: Match): string | undefined {
  const folder = match.context.log.torchLinkFolder;
  return folder !== undefined &&
    /^(?:torch_cpu|torch_python)$/.test(match.facts["name"] ?? "") &&
    platformOf(match) === "linux" &&
    !ofLog(match.context, lacksBase)
    ? folder
    : undefined;
}

/** The linker misses the libraries that every torch has: then the folder is wrong, not its content. */
function lacksBase({ findings }: RuleContext): boolean {
  return findings.some((other) => linkLibrary(other, /^(?:c10|torch)$/) !== undefined);
}

/** Installs the torch again whose library is missing, in its own environment and release. */
function completeTorch(match: Match, folder: string): string[] {
  const [, prefix] = /^(\/.+)\/lib\/python3\.\d+\/site-packages\/torch\/lib$/.exec(folder) ?? [];
  const here = prefix === undefined ? python(match) : `${prefix}/bin/python`;
  const stated = match.context.log.installedTorch;
  const name = match.context.findings
    .map(({ message }) => /Error building extension '([\w.-]+)'/.exec(message)?.[1])
    .find((each) => each !== undefined);
  return [
    `ls -l ${folder}/lib${match.facts["name"] ?? ""}*; ${here} -m pip list | grep -i torch   # there after all: a link that leads nowhere`,
    stated === undefined
      ? `${here} -m pip install --force-reinstall --no-deps "torch==$(${here} -c "from importlib.metadata import version; print(version('torch'))")"   # the same release; one with +cu…: --index-url https://download.pytorch.org/whl/cu… as well; conda's torch: conda install --force-reinstall pytorch`
      : `${here} -m pip install --force-reinstall --no-deps torch==${stated}${/\+cu\d+$/.test(stated) ? ` --index-url https://download.pytorch.org/whl/${stated.split("+")[1] ?? ""}` : ""}   # the same release; conda's torch: conda install --force-reinstall pytorch`,
    ...(name === undefined
      ? []
      : [`rm -rf ~/.cache/torch_extensions/*/${name}   # what was half built; then start the program again`]),
  ];
}

/** hipcc was called by hand: on NVIDIA's platform it links with the driver's library. */
function calledHipcc({ context: { log } }: Match): boolean {
  return /(?:^|[\s/])hipcc /.test(log.typedCompile ?? "");
}

/** Installs the package that holds the stub of the driver's library, of the toolkit that links. */
function driverStubs(match: Match): string {
  const version = toolkitOfText(match);
  return version === undefined
    ? `(v=$(nvcc --version | sed -n 's/.*release \\([0-9]*\\)\\.\\([0-9]*\\).*/\\1-\\2/p'); sudo apt-get install cuda-driver-dev-$v)`
    : `sudo apt-get install cuda-driver-dev-${version.split(".").slice(0, 2).join("-")}`;
}

/** NVIDIA's packages with the names that linkers look for. Source: its list of packages for Debian and conda's channel `nvidia`. */
function developmentPackages(library: string, match: Match): string[] {
  const stem = /^(cublas|curand|cufft|cusolver|cusparse|npp\w*|nvjpeg|cudart|nvrtc|nvJitLink)(?:Lt|Mg|w)?$/.exec(
    library,
  )?.[1];
  if (stem === undefined) return [];
  const name = /^(?:cudart|nvrtc)$/.test(stem)
    ? `cuda-${stem}-dev`
    : `lib${stem.replace(/^npp.*/, "npp").toLowerCase()}-dev`;
  const version = toolkitOfText(match)?.replace(".", "-") ?? "<version>";
  return [
    `# the file is in none of these folders: ${match.context.log.conda ? `conda install -c nvidia ${name}` : `sudo apt-get install ${name}-${version}`}   # of NVIDIA's repository, for the CUDA that links`,
  ];
}

/** The release of torch or LibTorch that the text states. */
function torchRelease(match: Match): string | undefined {
  return torchOfText(match) ?? /-(\d+\.\d+\.\d+)(?:%2B|\+|\.zip)/.exec(match.context.log.libtorchZip ?? "")?.[1];
}

/** The linker was told of the one folder that torch's CMake files named before 1.6, wherever CUDA was. */
function inPlainFolder({ finding }: Match): boolean {
  return finding.library?.startsWith("/usr/local/cuda/") === true;
}

/** Whether Python or CUDA in the text is older than the CUDA that let go of nvToolsExt. */
function isBeforeItsRemoval(match: Match): boolean {
  const { python, spokenCuda } = match.context.log;
  const cuda = torchCuda(match) ?? match.context.log.cuda ?? spokenCuda;
  // conda's CUDA 12 comes without it, in a folder of its own.
  if (cuda !== undefined) return compareVersions(parseVersion(cuda), inPlainFolder(match) ? [12, 9] : [12, 0]) < 0;
  // torch 2.7, the first without it, is for Python 3.9 and newer.
  return python !== undefined && compareVersions(parseVersion(python), [3, 9]) < 0;
}

/**
 * Whether the folder stands in torch's own CMake files, as it did in PyTorch's builds before 1.6. Sources: pytorch/pytorch#33928,
 * and #37310, which mended it.
 */
function isWrittenInTorch(match: Match): boolean {
  const torch = torchRelease(match);
  return inPlainFolder(match) && torch !== undefined && compareVersions(parseVersion(torch), [1, 6]) < 0;
}

/** conda's CUDA leaves the package out unless it is asked for. */
function condaNvtx(match: Match): string[] {
  const cuda = torchCuda(match) ?? match.context.log.cuda;
  return match.context.log.conda && platformOf(match) === "linux"
    ? [
        `conda install -c nvidia cuda-nvtx-dev${cuda === undefined ? "" : `=${cuda}`}   # where the CUDA toolkit is conda's: its packages leave NVTX's headers out`,
      ]
    : [];
}

/** What puts the folder of the toolkit that is there into the CMake files of an old torch. */
function withFolderOfToolkit(match: Match): string[] {
  const { libtorchFolder, namesLibtorch } = match.context.log;
  const isLibtorch = libtorchFolder !== undefined || namesLibtorch;
  const torch = isLibtorch
    ? (libtorchFolder ?? "<libtorch>")
    : `$(${python(match)} -c "import torch; print(torch.__path__[0])")`;
  return [
    `sed -i.bak "s|/usr/local/cuda/|$(dirname "$(dirname "$(command -v nvcc)")")/|g" "${torch}/share/cmake/Caffe2/Caffe2Targets.cmake"   # the toolkit whose nvcc is on PATH; in a fresh build folder then:`,
    `mkdir -p build-2 && cd build-2 && cmake -DCMAKE_PREFIX_PATH="${isLibtorch ? torch : `${torch}/share/cmake`}" .. && cmake --build .   # from the folder of the CMakeLists.txt`,
    `# or ${isLibtorch ? "a LibTorch" : "torch"} of 1.6 or newer, which asks CMake for the folder; or, as root, a link: sudo ln -s <the toolkit's folder> /usr/local/cuda`,
  ];
}

/** The project's own target that links NVTX 2, with a toolkit that has none; torch's targets are no longer among them. */
function ownNvtxTarget(match: Match): string | undefined {
  const { log } = match.context;
  if (Number(log.cuda?.split(".")[0] ?? log.cmakeCuda?.split(".")[0] ?? "0") < 13) return undefined;
  return /^Target "(?!torch)([\w.+-]+)" links to:\s+CUDA::nvToolsExt/m.exec(match.finding.message)?.[1];
}

/** Where the driver's library is found, when the same link asks for it. */
function driverToo(match: Match, root: string): string {
  if (!match.context.findings.some(({ library }) => /^(?:lib)?cuda(?:\.so)?$/.test(library ?? ""))) return "";
  return match.context.log.wsl ? "/usr/lib/wsl/lib:" : `${root}/lib/stubs:${root}/targets/x86_64-linux/lib/stubs:`;
}

export const gpuLinkLibraryRules: readonly Rule[] = [
  {
    id: "nvtoolsext-removed",
    title: "The CUDA toolkit has no nvToolsExt",
    on: ["missing-library", "build-tool", "link"],
    specificity: 90,
    matches: (finding) => {
      if (finding.kind === "missing-library")
        return (
          linkLibrary(finding, /^(?:CUDA::)?nvToolsExt(?:64_1)?$/) ??
          (/nvToolsExt/.test(finding.library ?? "") && finding.phase === "link" ? {} : undefined)
        );
      return saidAny(
        finding,
        /Failed to find nvToolsExt/,
        /CUDA::nvToolsExt/,
        /nvToolsExt.*target was not found/,
        /torch::nvtoolsext/,
      );
    },
    confidence: (match) => (isBeforeItsRemoval(match) && !isWrittenInTorch(match) ? "medium" : "high"),
    cause: (match) =>
      ownNvtxTarget(match) !== undefined
        ? `The project's own CMakeLists.txt links \`CUDA::nvToolsExt\` (target \`${ownNvtxTarget(match) ?? ""}\`), which CUDA 12.9 and newer do not have: NVTX 3, which takes its place, has headers only.`
        : isWrittenInTorch(match)
          ? `torch's CMake files have /usr/local/cuda written in them before 1.6 (here it is ${torchRelease(match) ?? ""}), whatever toolkit CMake finds, and this machine's CUDA is somewhere else (a module of a cluster, /opt/cuda, /usr).`
          : isBeforeItsRemoval(match)
            ? "The CUDA toolkit whose folder the build names does not have libnvToolsExt: it is not whole, or /usr/local/cuda is a link to another (newer) one than torch's CMake files and the build folder were made with. CUDA has had that library up to 12.8."
            : match.context.log.feedstock || condaNvtx(match).length > 0
              ? "conda's packages of CUDA come without NVTX's headers, unless cuda-nvtx-dev is asked for, and CUDA 12.9 no longer has the nvToolsExt library at all; torch's CMake files before 2.7 still ask for it."
              : platformOf(match) === "win32"
                ? "CUDA 12 for Windows no longer has the nvToolsExt library; torch's CMake files before 2.7 still ask for it where they do not find the headers of NVTX 3."
                : "CUDA 12.9 (and conda's CUDA earlier) no longer has the nvToolsExt library; torch's CMake files before 2.7 still ask for it. NVTX 3 has headers only.",
    fix: (match) => {
      if (isWrittenInTorch(match)) return withFolderOfToolkit(match);
      const own = ownNvtxTarget(match);
      if (own !== undefined)
        return [
          "grep -rn nvToolsExt --include=CMakeLists.txt --include='*.cmake' --include='*.cu' --include='*.cpp' --include='*.h' .",
          "sed -i.bak 's/CUDA::nvToolsExt/CUDA::nvtx3/g' CMakeLists.txt   # NVTX 3 of the toolkit: CMake 3.25 or newer has that target",
          "# and in the sources #include <nvtx3/nvToolsExt.h> in place of <nvToolsExt.h>",
        ];
      if (isBeforeItsRemoval(match))
        return [
          "ls -ld /usr/local/cuda*; find / -name 'libnvToolsExt.so*' 2>/dev/null   # which toolkit has it",
          ...useToolkit(match),
          "rm -rf build   # CMake's cache names the old folder; then the same build again (CMake: -DCUDA_TOOLKIT_ROOT_DIR=$CUDA_HOME)",
        ];
      if (match.context.log.namesLibtorch || match.context.log.libtorchFolder !== undefined)
        return [
          "# CMakeLists.txt, before find_package(Torch) (NVTX 3 has headers only):",
          "#     if(NOT TARGET CUDA::nvToolsExt)",
          "#       add_library(CUDA::nvToolsExt INTERFACE IMPORTED)",
          "#     endif()",
          "# or a LibTorch of 2.7 or newer, which uses NVTX 3: https://pytorch.org/get-started/locally/",
          `${removeFolder(match, "build")}   # then configure again`,
        ];
      const ofConda = condaNvtx(match);
      if (match.context.log.feedstock)
        return [
          "# the recipe (meta.yaml or recipe.yaml):",
          "#     requirements:",
          "#       host:",
          "#         - cuda-nvtx-dev",
          "# or, in the project's CMakeLists.txt before find_package(Torch): add_library(CUDA::nvToolsExt INTERFACE IMPORTED)   # with the headers of nvtx-c",
        ];
      return [
        ...ofConda,
        ...(ofConda.length === 0 ? [pipTorch()] : [`# or ${pipTorch()}`]),
        "# or, before find_package(Torch): add_library(CUDA::nvToolsExt INTERFACE IMPORTED)   # with CUDA's nvtx3 headers",
        "# or build with CUDA 12.8; in setup.py drop nvToolsExt from libraries",
      ];
    },
    sources: [
      "pytorch/pytorch#116242",
      "pytorch/pytorch#133293",
      "pytorch/pytorch#152756",
      "pytorch/pytorch#139108",
      "k2-fsa/k2#1320",
      "pytorch/pytorch#33928",
      "pytorch/pytorch#37310",
      "vc-bonn/torchhull#10",
      "conda-forge/pytorch-cpu-feedstock#357",
    ],
    examples: [
      { text: "/usr/bin/ld: cannot find -lCUDA::nvToolsExt", expect: "CUDA 12.9" },
      {
        text: "Python 3.7.10\nmake[2]: *** No rule to make target '/usr/local/cuda/lib64/libnvToolsExt.so', needed by 'src/cmake_device_link.o'.  Stop.",
        expect: "find / -name 'libnvToolsExt.so*'",
      },
      {
        text: 'CMake Error at /e/torch/share/cmake/Caffe2/Caffe2Targets.cmake:61 (set_target_properties):\n  The link interface of target "torch::nvtoolsext" contains:\n\n    CUDA::nvToolsExt\n\n  but the target was not found.',
        expect: "NVTX 3",
      },
      {
        text: "CMake Error at cmake/public/cuda.cmake:190 (message):\n  Failed to find nvToolsExt",
        expect: "nvToolsExt",
      },
      {
        text: "CUDA version: 12.1\n$ cmake --build .\nmake[2]: *** No rule to make target '/usr/local/cuda/lib64/libnvToolsExt.so', needed by 'app'.  Stop.",
        expect: "find / -name 'libnvToolsExt.so*'",
      },
      {
        text: "_make[2]: *** No rule to make target '/usr/local/cuda/lib64/libnvToolsExt.so', needed by 'app'.  Stop.\nmake[1]: *** [CMakeFiles/app.dir/all] Error 2_\nCUDA version: 10.2\nhttps://download.pytorch.org/libtorch/cu102/libtorch-shared-with-deps-1.5.1.zip\ncmake -DCMAKE_PREFIX_PATH=/home/u/libtorch ..",
        expect: '"/home/u/libtorch/share/cmake/Caffe2/Caffe2Targets.cmake"',
      },
      {
        text: 'Python 3.11.9\nCMake Error at /home/conda/feedstock_root/build_artifacts/a_1/_h_env_placehold_pl/share/cmake/Caffe2/public/cuda.cmake:162 (set_property):\n  The link interface of target "torch::nvtoolsext" contains:\n\n    CUDA::nvToolsExt\n\n  but the target was not found.',
        expect: "#         - cuda-nvtx-dev",
      },
      {
        text: '$ conda activate e\nCMake Error at /home/u/miniconda3/envs/e/lib/python3.9/site-packages/torch/share/cmake/Caffe2/public/cuda.cmake:162 (set_property):\n  The link interface of target "torch::nvtoolsext" contains:\n\n    CUDA::nvToolsExt\n\n  but the target was not found.',
        expect: "conda install -c nvidia cuda-nvtx-dev",
      },
    ],
  },
  {
    id: "cuda-library-not-found-at-link",
    title: "The linker does not find a CUDA library",
    on: ["missing-library"],
    specificity: 80,
    matches: (finding) => linkLibrary(finding, cudaNames),
    confidence: "high",
    cause: (match) => {
      const name = match.facts["name"] ?? "";
      const cuda = toolkitHere(match);
      if (/^(?:nccl|cudnn\w*|cusparseLt)$/.test(name))
        return `\`${match.facts["file"] ?? name}\` is no part of the CUDA toolkit: its development package is not installed. (pip's nvidia packages bring the library, under another name, lib${name}.so.<N>.)`;
      if (/_static/.test(name))
        return `\`${match.facts["file"] ?? name}\` is a static library of CUDA: only the whole toolkit has it (lib64, targets/<system>/lib), while torch's wheels, conda's plain packages and pip's nvidia packages have the shared one alone; or the toolkit's folder is not on the library path.`;
      if (name === "cuda" && match.context.log.wsl)
        return "`-lcuda` is the driver's library, and in WSL that is Windows' driver: its libcuda.so lies in /usr/lib/wsl/lib, where the linker does not look.";
      if (name === "cuda" && calledHipcc(match))
        return "`-lcuda` is the library of NVIDIA's driver: hipcc compiles for NVIDIA's GPUs here (HIP_PLATFORM says so, or it found nvcc and no clang of ROCm's), and the driver's library, or the stub in <cuda>/lib64/stubs, is not on the library path.";
      return name === "cuda"
        ? "`-lcuda` is the driver's library: where no driver is installed (containers, build machines) the stub in <cuda>/lib64/stubs has to be linked, and its folder is not on the library path."
        : `\`${match.facts["file"] ?? name}\` is of CUDA, and its folder (lib64, lib/x64, conda: lib or targets/x86_64-linux/lib) is not on the library path, or CUDA_HOME names a toolkit without it (pip's nvidia packages have no development links).${cuda === undefined ? "" : ` The toolkit at hand: ${cuda.libraryDirs.join(", ")}.`}`;
    },
    fix: (match) => {
      const name = match.facts["name"] ?? "";
      if (platformOf(match) === "win32")
        return [
          ...(torchCuda(match) === undefined ? [showTorchCuda(match), showToolkits(match)] : []),
          `${torchCuda(match) === undefined ? "# " : ""}${setVariable(match, "CUDA_HOME", toolkitFolder(match, torchCuda(match)))}`,
          "set LIB=%CUDA_HOME%\\lib\\x64;%LIB%",
        ];
      if (/^(?:nccl|cudnn\w*|cusparseLt)$/.test(name)) {
        const part = name.replace(/^cudnn.*$/, "cudnn");
        return [
          `sudo apt-get install ${part === "nccl" ? "libnccl-dev" : part === "cudnn" ? `libcudnn9-dev-cuda-${torchCuda(match)?.split(".")[0] ?? "13"}   # NVIDIA's repository; the number is that of torch.version.cuda` : "libcusparselt-dev"}`,
          `# or link the one that torch's packages brought: link-flags = ["-L<site-packages>/nvidia/${part === "cudnn" ? "cudnn" : part.toLowerCase()}/lib", "-l:lib${part}.so.${part === "nccl" ? "2" : part === "cudnn" ? "9" : "0"}"]`,
          `find $(python -c "import site; print(site.getsitepackages()[0])") -name 'lib${part}*.so*'`,
        ];
      }
      if (/^(?!cudart)\w+_static/.test(name)) {
        const part = name.replace(/(?:Lt)?_static.*$/, "");
        const home = toolkitForLink(match);
        return [
          ...(match.context.log.conda
            ? [`conda install -c nvidia lib${part}-static   # into CUDA_HOME=$CONDA_PREFIX`]
            : []),
          `export LIBRARY_PATH=${home}/lib64:$LIBRARY_PATH; ls ${home}/lib64/lib${name}.a   # not there: the whole toolkit (NVIDIA's packages: lib${part}-dev-<version>)`,
          `# or the shared one, which torch has loaded anyway: ${part}${/Lt_static/.test(name) ? "Lt" : ""} in place of ${name} in libraries (setup.py), and culibos left out`,
        ];
      }
      const root = toolkitForLink(match);
      // Windows' driver is there.
      if (name === "cuda" && match.context.log.wsl)
        return ["export LIBRARY_PATH=/usr/lib/wsl/lib:$LIBRARY_PATH   # then the same command"];
      if (name === "cuda")
        return [
          ...(match.context.log.conda
            ? []
            : [
                `ls ${root}/lib64/stubs/libcuda.so || ${driverStubs(match)}   # the stub, of NVIDIA's repository; Fedora, RHEL: dnf, cuda-driver-devel-…; pip's toolkit has none`,
              ]),
          `export LIBRARY_PATH=${root}/lib64/stubs:${match.context.log.conda ? "$CONDA_PREFIX/lib/stubs:" : ""}$LIBRARY_PATH`,
          ...(calledHipcc(match)
            ? [
                `# for an AMD GPU: ${setVariable(match, "HIP_PLATFORM", "amd")}, with ROCm's clang on PATH (sudo apt-get install rocm-hip-sdk, of AMD's repository), in place of all above`,
              ]
            : []),
          `# retorch.toml: library-dirs = ["${toolkitHere(match)?.root ?? toolkitFolder(match, toolkitOfText(match))}/lib64/stubs"]`,
        ];
      if (match.context.log.cudaHomeOfPip !== undefined)
        return [
          setVariable(match, "CUDA_HOME", match.context.log.cudaHomeOfPip),
          namesForLinkers,
          "export LIBRARY_PATH=$CUDA_HOME/lib:$LIBRARY_PATH",
        ];
      const ofConda = condaOfLink(match);
      if (ofConda !== undefined)
        return [
          `export LIBRARY_PATH=${ofConda}/lib:${ofConda}/targets/${match.context.log.arch === "arm64" ? "sbsa" : "x86_64"}-linux/lib:${driverToo(match, ofConda)}$LIBRARY_PATH   # CUDA_HOME is ${ofConda}: the link looks into its lib64, and conda puts libraries into these`,
          `ls ${ofConda}/lib/lib${name}.so* ${ofConda}/targets/*/lib/lib${name}.so*   # one of them, without number, has to be there`,
          ...developmentPackages(name, match).map((line) =>
            line.replace("conda install ", `conda install -p ${ofConda} `),
          ),
        ];
      return [
        `export LIBRARY_PATH=${root}/lib64:${root}/lib:$LIBRARY_PATH`,
        ...(match.context.log.conda
          ? ["export LIBRARY_PATH=$CONDA_PREFIX/lib:$CONDA_PREFIX/targets/x86_64-linux/lib:$LIBRARY_PATH"]
          : []),
        ...(match.context.log.wsl ? ["export LIBRARY_PATH=/usr/lib/wsl/lib:$LIBRARY_PATH"] : []),
        ...(toolkitHere(match) === undefined
          ? [
              `${showToolkits(match)}${torchCuda(match) === undefined ? "" : ` (torch's CUDA is ${torchCuda(match) ?? ""})`}`,
            ]
          : []),
        ...developmentPackages(name, match),
        `# retorch.toml: library-dirs = ["${toolkitHere(match)?.root ?? toolkitFolder(match, toolkitOfText(match))}/lib64"]`,
      ];
    },
    change: added,
    sources: ["baidu-research/warp-ctc#153", "pytorch/pytorch#103417", "sjtuytc/UnboundedNeRFPytorch#130"],
    examples: [
      { text: "/usr/bin/ld: cannot find -lcudart: No such file or directory", expect: "lib64" },
      { text: "/usr/bin/ld: cannot find -lcuda", expect: "stubs" },
      { text: "WSL, Ubuntu 20.04\n/usr/bin/ld: cannot find -lcuda", expect: "/usr/lib/wsl/lib" },
      {
        text: "I have cuda in `/usr/local/cuda-11.3` and its bin on $PATH\n`ld: cannot find -lcuda`",
        expect: "cuda-11.3}/lib64/stubs",
      },
      {
        text: "/opt/conda/envs/e/compiler_compat/ld: cannot find -lcublas_static: No such file or directory",
        expect: "static library",
      },
      { text: "LINK : fatal error LNK1181: cannot open input file 'cudart.lib'", expect: "CUDA_HOME" },
      { text: "ld.lld: error: unable to find library -lcublas", expect: "LIBRARY_PATH" },
      {
        text: "root@7be1ad0d5a62:/workspace/nerf# python run.py\n[1/1] c++ a.o a_kernel.cuda.o -shared -L/opt/conda/lib/python3.10/site-packages/torch/lib -lc10 -lc10_cuda -ltorch_cpu -ltorch_cuda -ltorch -ltorch_python -L/opt/conda/lib64 -lcudart -o a.so\n/usr/bin/ld: cannot find -lcudart",
        expect: "export LIBRARY_PATH=/opt/conda/lib:",
      },
      {
        text: "g++ -pthread -shared build/temp/a.o -L/home/jo/miniforge3/envs/t/lib/python3.11/site-packages/torch/lib -L/home/jo/miniforge3/envs/t/lib64 -lc10 -ltorch -lcudart -lcusparse -o build/lib/a.so\n/usr/bin/ld: cannot find -lcusparse: No such file or directory",
        expect: "export LIBRARY_PATH=/home/jo/miniforge3/envs/t/lib:",
      },
      {
        text: "Using /home/me/.cache/torch_extensions/py310_cu118 as PyTorch extensions root...\n/usr/bin/ld: cannot find -lcurand",
        expect: "libcurand-dev-11-8",
      },
    ],
  },
  {
    id: "torch-gpu-library-not-found-at-link",
    title: "The GPU libraries of torch are not there: torch is a CPU-only build",
    on: ["missing-library"],
    specificity: 82,
    // Where the libraries of every torch are not found either, only the folder is missing.
    matches: (finding, context) =>
      // Another library wants it: then that one is torch's GPU part, and there.
      ofLog(context, lacksTorch) || /, needed by \S+, not found/.test(finding.text)
        ? undefined
        : linkLibrary(
            finding,
            /^(?:c10_cuda|torch_cuda(?:_cu|_cpp)?|c10_hip|torch_hip|c10_xpu|torch_xpu|caffe2_nvrtc)$/,
          ),
    confidence: "high",
    cause: (match) => {
      const torch = match.context.environment?.torch;
      return `\`${match.facts["file"] ?? match.facts["name"] ?? ""}\` is part of GPU builds of torch only, and the installed torch${torch === undefined ? "" : ` (${torch.version})`} has none: it is CPU-only (or an isolated build fetched a CPU-only one).`;
    },
    fix: (match) => [
      `${python(match)} -c "import torch; print(torch.__version__, torch.version.cuda)"`,
      /hip|xpu/.test(match.facts["name"] ?? "")
        ? pip(
            match,
            `install --force-reinstall torch --index-url https://download.pytorch.org/whl/${/hip/.test(match.facts["name"] ?? "") ? "rocm7.0   # the ROCm of the machine" : "xpu"}`,
          )
        : installGpuTorch(match),
      ...(match.context.log.host === "rust"
        ? ["cargo clean && cargo build   # torch-sys remembers the torch that it was built for"]
        : [
            ...buildAgain(match, "   # so that the build sees that torch"),
            "# or build without CUDA: CppExtension, no .cu sources",
          ]),
    ],
    sources: ["NVlabs/tiny-cuda-nn#217", "NVlabs/tiny-cuda-nn#197", "ashawkey/torch-ngp#200"],
    examples: [
      { text: "LINK : fatal error LNK1181: cannot open input file 'c10_cuda.lib'", expect: "CPU-only" },
      { text: "/usr/bin/ld: cannot find -lc10_cuda: No such file or directory", expect: "CPU-only" },
      {
        text: "PS D:\\p> poetry run pip install --no-build-isolation .\\ops\\pointnet2\nLINK : fatal error LNK1181: impossible d'ouvrir le fichier en entrée 'c10_cuda.lib'\n  ERROR: Failed building wheel for pointnet2",
        expect: "poetry run python -m pip install --no-build-isolation .\\ops\\pointnet2",
      },
    ],
  },
  {
    id: "torch-library-not-found-at-link",
    title: "The linker does not find torch's libraries",
    on: ["missing-library"],
    specificity: 81,
    matches: (finding, context) =>
      linkLibrary(
        finding,
        ofLog(context, lacksTorch)
          ? /^(?:c10|torch|torch_cpu|torch_python|c10_cuda|torch_cuda(?:_cu|_cpp)?|c10_hip|torch_hip|c10_xpu|torch_xpu|caffe2_nvrtc|caffe2|caffe2_gpu|shm)$/
          : /^(?:c10|torch|torch_cpu|torch_python|caffe2|caffe2_gpu|caffe2_module\w*|shm|ATen|aten|_C|sleef)$/,
      ),
    confidence: (match) => (brokenTorch(match) === undefined ? "high" : "medium"),
    cause: (match) => {
      const broken = brokenTorch(match);
      if (broken !== undefined)
        return `\`lib${match.facts["name"] ?? ""}.so\` itself is missing in ${broken}: the link line names that folder of torch, and the linker finds the other libraries of torch there. That torch is not whole: half removed, or two packages of torch installed over each other (pip's and conda's).`;
      const torch = match.context.environment?.torch;
      return `\`${match.facts["file"] ?? ""}\` of torch is not on the library path${torch === undefined ? "" : `: torch ${torch.version} has its libraries in ${torch.libraryDirs.join(", ")}`}${/^(?:ATen|aten|_C|caffe2\w*)$/.test(match.facts["name"] ?? "") ? "; torch since 1.5 has no library of that name" : ""}.`;
    },
    fix: (match) => {
      const broken = brokenTorch(match);
      if (broken !== undefined) return completeTorch(match, broken);
      return [
        "retorch build   # finds torch's libraries by itself",
        ...torchOnLibraryPath(match),
        "# CMake: -DCMAKE_PREFIX_PATH=$(python -c 'import torch; print(torch.utils.cmake_prefix_path)')",
      ];
    },
    change: added,
    sources: ["pytorch: torch/utils/cpp_extension.py"],
    examples: [
      {
        text: "/usr/bin/ld: cannot find -ltorch_python: No such file or directory",
        expect: "export LIBRARY_PATH=$(python -c",
      },
      {
        text: "[1/1] c++ gym.o -shared -L/home/w/miniconda3/envs/pql/lib/python3.8/site-packages/torch/lib -lc10 -ltorch_cpu -ltorch -ltorch_python -o gym.so\n/usr/bin/ld: cannot find -ltorch_python: No such file or directory\nRuntimeError: Error building extension 'gym'",
        expect: "rm -rf ~/.cache/torch_extensions/*/gym",
      },
    ],
  },
];

function pipTorch(): string {
  return "pip install --upgrade torch   # 2.7 and newer use NVTX 3";
}
