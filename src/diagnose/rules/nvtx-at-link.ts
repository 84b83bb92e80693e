/** nvToolsExt, which CUDA let go of and which the CMake files of older torches still link. */
import { compareVersions, parseVersion } from "../../base/order.ts";
import { platformOf, python, quote, removeFolder, torchCuda, useToolkit } from "../commands/commands.ts";
import { loadingScript } from "../commands/source-edits.ts";
import { linkLibrary } from "../matchers.ts";
import { statedRelease } from "../facts/stated-torch.ts";
import { type Match, type Rule, saidAny } from "../rule.ts";

/** The release of torch or LibTorch that the text states. */
function torchRelease(match: Match): string | undefined {
  return statedRelease(match) ?? /-(\d+\.\d+\.\d+)(?:%2B|\+|\.zip)/.exec(match.context.log.libtorchZip ?? "")?.[1];
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

/** A toolkit that lies in an environment of conda's. */
const inConda = /conda|mamba|miniforge|[\\/]envs[\\/]/;

/** CMake found a toolkit, and it is none of conda's packages. */
function hasOwnToolkit({ context: { log } }: Match): boolean {
  return log.cmakeCudaInclude !== undefined && !inConda.test(log.cmakeCudaInclude);
}

/**
 * Where torch's CMake files look for NVTX 3, and do not find it: the folder third_party of the project that asks for torch. A folder
 * that the command names is taken as it is. Sources: pytorch/pytorch#151583, cmake/public/cuda.cmake of torch 2.5 and 2.6.
 */
function nameNvtx(match: Match): string[] {
  const { log } = match.context;
  if (!log.nvtxFallback || (log.cmakeCudaInclude === undefined && platformOf(match) === "win32")) return [];
  const folder = log.cmakeCudaInclude ?? "${CUDA_HOME:-/usr/local/cuda}/include";
  return [
    `cmake -Dnvtx3_dir=${/\s/.test(folder) ? `"${folder}"` : folder} ..   # the toolkit's include folder, which has the headers in nvtx3/`,
  ];
}

/** conda's CUDA leaves the package out unless it is asked for. */
function condaNvtx(match: Match): string[] {
  const cuda = torchCuda(match) ?? match.context.log.cuda;
  return match.context.log.conda && platformOf(match) === "linux" && !hasOwnToolkit(match)
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

/** The script that hands `-lnvToolsExt` to load() or load_inline(): torch adds no such library there. */
function scriptWithNvtx(match: Match): string | undefined {
  return match.finding.phase === "link" && platformOf(match) !== "win32" ? loadingScript(match)?.file : undefined;
}

export const nvtxLinkRules: readonly Rule[] = [
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
      scriptWithNvtx(match) !== undefined
        ? `${scriptWithNvtx(match) ?? ""} links nvToolsExt, a library that CUDA 12.9 and newer do not have: NVTX 3, which takes its place, has headers only.`
        : ownNvtxTarget(match) !== undefined
          ? `The project's own CMakeLists.txt links \`CUDA::nvToolsExt\` (target \`${ownNvtxTarget(match) ?? ""}\`), which CUDA 12.9 and newer do not have: NVTX 3, which takes its place, has headers only.`
          : isWrittenInTorch(match)
            ? `torch's CMake files have /usr/local/cuda written in them before 1.6 (here it is ${torchRelease(match) ?? ""}), whatever toolkit CMake finds, and this machine's CUDA is somewhere else (a module of a cluster, /opt/cuda, /usr).`
            : isBeforeItsRemoval(match)
              ? "The CUDA toolkit whose folder the build names does not have libnvToolsExt: it is not whole, or /usr/local/cuda is a link to another (newer) one than torch's CMake files and the build folder were made with. CUDA has had that library up to 12.8."
              : match.context.log.feedstock || condaNvtx(match).length > 0
                ? "conda's packages of CUDA come without NVTX's headers, unless cuda-nvtx-dev is asked for, and CUDA 12.9 no longer has the nvToolsExt library at all; torch's CMake files before 2.7 still ask for it."
                : nameNvtx(match).length > 0
                  ? "torch's CMake files (2.5, 2.6) look for the headers of NVTX 3 below the project that asks for torch (third_party/NVTX), where no other project has them, and fall back to the library nvToolsExt of NVTX 2, which this CUDA does not have."
                  : platformOf(match) === "win32"
                    ? "CUDA 12 for Windows no longer has the nvToolsExt library; torch's CMake files before 2.7 still ask for it where they do not find the headers of NVTX 3."
                    : "CUDA 12.9 (and conda's CUDA earlier) no longer has the nvToolsExt library; torch's CMake files before 2.7 still ask for it. NVTX 3 has headers only.",
    fix: (match) => {
      if (isWrittenInTorch(match)) return withFolderOfToolkit(match);
      const script = scriptWithNvtx(match);
      if (script !== undefined)
        return [
          `sed -i.bak -E "s/[\\"']-?l?nvToolsExt[\\"'],? *//g" ${quote(script)}   # out of extra_ldflags`,
          "# the calls stay as they are: #include <nvtx3/nvToolsExt.h>, whose functions stand in the header",
        ];
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
      const found = nameNvtx(match);
      if (found.length > 0 && !match.context.log.feedstock)
        return [...condaNvtx(match), ...found, "# or torch 2.7 or newer, which uses NVTX 3 by itself"];
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
      "pytorch/pytorch#151583",
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
      {
        text: 'Traceback (most recent call last):\n  File "/w/r.py", line 6, in <module>\n    mod = load(name="r", sources=["r.cpp"], extra_ldflags=["-lnvToolsExt"])\n  File "/e/site-packages/torch/utils/cpp_extension.py", line 1700, in load\n    return _jit_compile(\nRuntimeError: Error building extension \'r\': [2/2] c++ r.o -shared -lnvToolsExt -o r.so\n/usr/bin/ld: cannot find -lnvToolsExt: No such file or directory',
        expect: "/w/r.py   # out of extra_ldflags",
      },
      { text: "/usr/bin/ld: cannot find -lCUDA::nvToolsExt", expect: "CUDA 12.9" },
      {
        text: '(e) jo@box:~/ops/build$ cmake -GNinja -DCMAKE_PREFIX_PATH=/opt/conda/envs/e/lib/python3.12/site-packages/torch/share/cmake ..\n-- Found CUDAToolkit: /opt/cuda-12.8/include (found version "12.8.93")\nCMake Warning at /opt/conda/envs/e/lib/python3.12/site-packages/torch/share/cmake/Caffe2/public/cuda.cmake:184 (message):\n  Cannot find NVTX3, find old NVTX instead\nCMake Error at /opt/conda/envs/e/lib/python3.12/site-packages/torch/share/cmake/Caffe2/public/cuda.cmake:186 (set_property):\n  The link interface of target "torch::nvtoolsext" contains:\n\n    CUDA::nvToolsExt\n\n  but the target was not found.',
        expect: "share/cmake .. -Dnvtx3_dir=/opt/cuda-12.8/include",
      },
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
        expect: "conda install -y -c nvidia cuda-nvtx-dev",
      },
    ],
  },
];

function pipTorch(): string {
  return "pip install --upgrade torch   # 2.7 and newer use NVTX 3";
}
