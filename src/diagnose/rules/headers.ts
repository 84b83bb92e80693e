/** Headers of Python, torch, CUDA, ROCm, pybind11 and NumPy that were not found. */
import {
  installWithoutIsolation,
  platformOf,
  python,
  pythonVersion,
  setVariable,
  showToolkits,
  showTorchCuda,
  toolkitFolder,
  torchCuda,
  pip,
  standardFor,
  torchOnIncludePath,
} from "../commands.ts";
import { condaToolkit, partOfCondaForge } from "../conda-toolkit.ts";
import { foundDir, header, includedBy } from "../matchers.ts";
import { plainName } from "../packages.ts";
import { partOfPipToolkit } from "../pip-toolkit.ts";
import { type Match, type Rule, said } from "../rule.ts";
import { askedOfPython, askedPython } from "../asked-python.ts";
import { embeddedHeaders, isEmbeddable } from "../embedded-python.ts";
import { withoutTh } from "../th-replacements.ts";
import { typedWithPython, typedWithTorch } from "../typed-fit.ts";
import { isEverywhere } from "../torch-api.ts";
import { isBuiltByPython } from "../typed-builds.ts";

/** Whether a header of LibTorch, the download for programs in C++, asks. */
function ofLibtorch({ finding }: Match): boolean {
  return /[\\/]libtorch[\w.+-]*[\\/]include[\\/]torch[\\/]/i.test(finding.file ?? "");
}

/** Whether CMake compiles, and torch's own header asks. */
function atCmake(match: Match): boolean {
  return ofLibtorch(match) || (match.context.log.cmake && /(?:torch|pybind11)[\\/]/.test(match.finding.file ?? ""));
}

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

export const headerRules: readonly Rule[] = [
  {
    id: "python-headers-missing",
    title: "Python's headers are not found",
    on: ["missing-header", "build-tool"],
    specificity: 85,
    matches: (finding) =>
      finding.kind === "build-tool"
        ? said(
            finding,
            /Could NOT find Python\w* .*missing:.*(?:INCLUDE_DIR|Development)|Python_INCLUDE_DIRS?.*NOTFOUND/s,
          ) === undefined
          ? undefined
          : { header: "Python.h" }
        : header(
            finding,
            /^(?:python\d\.\d+\w*\/)?(?:Python|pyconfig|patchlevel|structmember|frameobject|pyport|cpython\/\w+|internal\/pycore_\w+)\.h$/,
          ),
    confidence: "high",
    cause: (match) => {
      const version = pythonVersion(match);
      const dirs = match.context.environment?.python?.includeDirs ?? [];
      if (match.finding.kind === "build-tool")
        return `CMake finds no headers of the interpreter${version === undefined ? "" : ` (Python ${version})`}: its development files are not installed, or CMake looks at another Python than the one that is meant.`;
      if (ofLibtorch(match))
        return `\`${match.facts["header"] ?? ""}\`${includedBy(match)} is of Python. LibTorch is torch for programs in C++: it brings no Python and needs none, but for torch/extension.h, which is for modules of Python and includes torch/csrc/python_headers.h.`;
      return `\`${match.facts["header"] ?? ""}\`${includedBy(match)} comes with the development files of the interpreter${version === undefined ? "" : ` (Python ${version})`}, ${match.context.log.hasPythonDev ? "which are installed as the paste says: their folder is not on the command line" : "which are not installed, or its include folder is not on the command line (another Python's headers are)"}.${atCmake(match) ? " In CMake it is only there when the target asks for it: LibTorch's own package brings no Python, and torch/extension.h (torch/csrc/python_headers.h) wants it." : ""}${dirs.length === 0 ? "" : ` The interpreter at hand has them in ${dirs.join(", ")}.`}`;
    },
    fix: (match) => {
      const version = pythonVersion(match);
      if (platformOf(match) === "win32")
        return [
          ...(isEmbeddable(match) ? embeddedHeaders(match) : []),
          ...(/[\\/](?:tmp\w*|Temp)[\\/].*(?:\w_utils|triton_launcher|main)\.c$/i.test(match.finding.file ?? "")
            ? ['rmdir /s /q "%USERPROFILE%\\.triton\\cache"   # Triton compiles it again']
            : []),
          ...(version === undefined
            ? []
            : [
                `winget install -e --id Python.Python.${version}`,
                `# then the virtual environment anew with it: py -${version} -m venv <its folder>`,
              ]),
          "# install Python from python.org or conda (the Store's and the embeddable Python have no headers)",
        ];
      if (platformOf(match) === "darwin") return ["brew install python   # or xcode-select --install"];
      if (ofLibtorch(match))
        return [
          "# a program in C++: #include <torch/torch.h> in place of <torch/extension.h>; where it stands:",
          "grep -rn 'torch/extension.h' --include='*.h' --include='*.hpp' --include='*.cpp' --include='*.cc' --include='*.cu' .",
          "# a module of Python: with Python's own torch in place of a LibTorch (CMAKE_PREFIX_PATH), and find_package(Python3 COMPONENTS Interpreter Development) and target_link_libraries(the_target Python3::Python)   # CMake 3.12 and newer; link torch_python, too",
        ];
      const cmake = atCmake(match)
        ? [
            "# CMakeLists.txt: find_package(Python COMPONENTS Interpreter Development.Module) and target_link_libraries(the_target PRIVATE Python::Module); for tensors in bindings torch_python, too",
            "# a program without Python: #include <torch/torch.h> (or <torch/all.h>), not <torch/extension.h>",
          ]
        : [];
      if (match.context.log.hasPythonDev)
        return [
          ...cmake,
          `${python(match)} -c "import sysconfig; print(sysconfig.get_paths()['include'])"   # this folder has to hold Python.h; add it: -I, include_dirs, CPATH`,
          ...typedWithPython(match),
        ];
      const typed = typedWithPython(match);
      return [
        ...cmake,
        `sudo apt-get install python${version ?? "3"}-dev   # with the version of the interpreter that builds`,
        "# Fedora, RHEL: sudo dnf install python3-devel; conda and uv bring the headers along",
        ...(typed.length > 0
          ? typed
          : [
              `${python(match)} -c "import sysconfig; print(sysconfig.get_paths()['include'])"   # this folder has to hold Python.h`,
            ]),
      ];
    },
    change: (match) => {
      const dir = foundDir(match);
      return dir === undefined ? undefined : { kind: "add-include-dir", dir };
    },
    sources: [
      "openvinotoolkit/nncf#1395",
      "rusty1s/pytorch_scatter#31",
      "microsoft/DeepSpeed#3223",
      "pytorch/pytorch#129351",
    ],
    examples: [
      {
        text: "+ pip wheel --no-deps --no-build-isolation -w dist .\n    x86_64-linux-gnu-g++ -fPIC -I/usr/include/python3.10 -c csrc/ops.cpp -o ops.o\n    csrc/ops.cpp:1:10: schwerwiegender Fehler: Python.h: Datei oder Verzeichnis nicht gefunden",
        expect: "python -m pip wheel --no-deps --no-build-isolation -w dist .",
      },
      {
        text: "F:\\Comfyui>.\\python_embeded\\python.exe -s ComfyUI\\main.py --use-sage-attention\nPython version: 3.12.10 (tags/v3.12.10:0cc8128, Apr  8 2025, 12:21:36) [MSC v.1943 64 bit (AMD64)]\nC:/Users/Me/AppData/Local/Temp/tmplbqlaw5x/__triton_launcher.c:7: error: include file 'Python.h' not found\nFailed to compile. cc_cmd: ['F:\\\\Comfyui\\\\python_embeded\\\\Lib\\\\site-packages\\\\triton\\\\runtime\\\\tcc\\\\tcc.exe']",
        expect: 'cd /d "F:\\Comfyui\\python_embeded"\ncurl.exe -LO',
      },
      {
        text: "D:\\ComfyUI_windows_portable\\python_embeded>python test_triton.py\nC:/Users/o/AppData/Local/Temp/tmp_wdgdqyv/cuda_utils.c:14: error: include file 'Python.h' not found",
        expect: "nuget.org/api/v2/package/python/",
      },
      {
        text: "/opt/libtorch/include/torch/csrc/python_headers.h:9:10: fatal error: Python.h: No such file or directory\nmake[2]: *** [CMakeFiles/app.dir/build.make:76: CMakeFiles/app.dir/app.cpp.o] Error 1\npython3-dev is already the newest version",
        expect: "find_package(Python",
      },
      {
        text: "/home/u/app/libtorch/include/torch/csrc/python_headers.h:9:10: fatal error: Python.h: No such file or directory\n #include <Python.h>",
        expect: "#include <torch/torch.h> in place of <torch/extension.h>",
      },
      {
        text: "/e/torch/include/torch/csrc/python_headers.h:12:10: fatal error: Python.h: No such file or directory\n   12 | #include <Python.h>\ncompilation terminated.",
        expect: "-dev",
      },
      {
        text: "bind.cpp(1): fatal error C1083: Cannot open include file: 'Python.h': No such file or directory",
        expect: "python.org",
      },
      { text: "ext.c:2:10: fatal error: 'Python.h' file not found", expect: "python3-dev" },
      { text: "a.c:1:10: 致命错误：Python.h：没有那个文件或目录", expect: "python3-dev" },
    ],
  },
  {
    id: "removed-torch-headers",
    title: "The code includes headers that torch removed",
    on: ["missing-header"],
    specificity: 86,
    matches: (finding) =>
      header(
        finding,
        /^(?:THC|TH|THCUNN|THNN|THH)\/|^THC?\.h$|^(?:torch\/csrc\/cuda\/cuda_check|c10\/util\/variant)\b/,
      ),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["header"] ?? ""}\`${includedBy(match)} ${/^TH/.test(match.facts["header"] ?? "") ? "is of TH/THC, which torch removed in 1.11" : "is gone from the installed torch"}: the package was written for an older torch.`,
    fix: (match) =>
      /^TH/.test(match.facts["header"] ?? "")
        ? withoutTh(match)
        : [
            "# replace: c10/util/variant.h → <variant>, with std:: for c10:: (torch 2.1)",
            "# or a newer release or fork of the package; else the torch that its documentation names",
          ],
    sources: [
      "pytorch/pytorch#73520",
      "CoinCheung/pytorch-loss#36",
      "lucasjinreal/DCNv2_latest#48",
      "lucasjinreal/DCNv2_latest#66",
    ],
    examples: [
      { text: "src/k.cu:3:10: fatal error: THC/THC.h: No such file or directory", expect: "ATen/cuda/CUDAContext.h" },
      {
        text: "src/k.cu(5): fatal error C1083: Cannot open include file: 'THC/THCAtomics.cuh': No such file or directory",
        expect: "ATen/cuda/Atomic.cuh",
      },
      { text: "src/a.cpp:9:10: fatal error: TH/TH.h: No such file or directory", expect: "xargs sed -i" },
      {
        text: "DCNv2/src/cpu/dcn_v2_im2col_cpu.cpp:9:10: fatal error: TH/TH.h: No such file or directory",
        expect: "lucasjinreal/DCNv2_latest",
      },
      {
        text: "/p/DCNv2_latest/src/cpu/dcn_v2_cpu.cpp:7:10: fatal error: TH/TH.h: No such file or directory",
        expect: "git pull",
      },
    ],
  },
  {
    id: "torch-headers-missing",
    title: "Compiled without torch's include folders",
    on: ["missing-header"],
    specificity: 84,
    matches: (finding) => header(finding, /^(?:torch|ATen|c10|caffe2|torchgen)\/|^torch\.h$/),
    confidence: (match) => (isEverywhere(match.facts["header"] ?? "") ? "high" : "medium"),
    cause: (match) => {
      const torch = match.context.environment?.torch;
      const gpu = /c10\/(?:cuda|hip)|ATen\/(?:cuda|hip|cudnn)/.test(match.facts["header"] ?? "")
        ? " (a CPU-only torch has fewer of them)"
        : "";
      if (ofOldTorch(match))
        return `\`${match.facts["header"] ?? ""}\`${includedBy(match)} came with torch 1.0, and the torch whose include folder is on the command line is older (0.4).`;
      return `\`${match.facts["header"] ?? ""}\`${includedBy(match)} is torch's own${gpu}, and its folder is not on the command line: a plain Extension instead of CppExtension/CUDAExtension, another Python environment than the one with torch, or a header that this torch version does not have.${torch === undefined ? "" : ` torch ${torch.version} has its headers in ${torch.includeDirs.join(" and ")}.`}`;
    },
    fix: (match) =>
      ofOldTorch(match)
        ? [
            `${python(match)} -c "import torch; print(torch.__version__)"`,
            pip(match, "install --upgrade torch") +
              "   # 1.0 or newer, in the release that the package's documentation names; then build again",
            "# or keep torch 0.4 and take the package as it was before it moved to torch 1.0 (git log, git checkout <commit>)",
          ]
        : [
            ...(/libtch\/|torch-sys/.test(`${match.finding.text} ${match.finding.file ?? ""}`)
              ? [
                  "export LIBTORCH=/path/to/libtorch   # the folder that holds include and lib: LibTorch unpacked (the release that the crate names), not a build or lib folder",
                  "export LIBTORCH_USE_PYTORCH=1   # or pip's torch in its place; then cargo clean && cargo build",
                ]
              : []),
            ...typedWithTorch(match),
            `${typedWithTorch(match).length > 0 ? "# or " : ""}retorch build   # finds torch's headers by itself`,
            // Headers of programs; extensions have a build of their own.
            ...(platformOf(match) === "win32" ||
            isBuiltByPython(match) ||
            typedWithTorch(match).length > 0 ||
            !/^torch\/(?:torch|script|nn|all)\.h$/.test(match.facts["header"] ?? "") ||
            /libtch\//.test(match.finding.text)
              ? []
              : [
                  `c++ -std=c++${standardFor(match)} ${match.finding.file !== undefined && /^[\w./-]+\.(?:cpp|cc|cxx)$/.test(match.finding.file) ? match.finding.file : "main.cpp"} $(${python(match)} -c "import torch.utils.cpp_extension as c; print(*['-I' + p for p in c.include_paths()], *['-L' + p + ' -Wl,-rpath,' + p for p in c.library_paths()])") -ltorch -ltorch_cpu -lc10   # by hand: a program of one file`,
                ]),
            "# setup.py: CppExtension or CUDAExtension with cmdclass={'build_ext': BuildExtension}; CMake: find_package(Torch REQUIRED) and ${TORCH_LIBRARIES}",
            ...torchOnIncludePath(match),
          ],
    change: (match) => {
      const dir = foundDir(match);
      return dir === undefined ? undefined : { kind: "add-include-dir", dir };
    },
    sources: ["ninja-build/ninja#1657", "SeanNaren/warp-ctc#101"],
    examples: [
      { text: "ext.cpp:1:10: fatal error: torch/extension.h: No such file or directory", expect: "CppExtension" },
      {
        text: "gcc -fPIC -I/e/lib/python3.6/site-packages/torch/lib/include -I/e/lib/python3.6/site-packages/torch/lib/include/TH -c src/binding.cpp -o binding.o\nsrc/binding.cpp:6:29: fatal error: torch/extension.h: No such file or directory",
        expect: "came with torch 1.0",
      },
      {
        text: 'k.cu(2): catastrophic error: cannot open source file "ATen/cuda/CUDAContext.h"',
        expect: "CUDAExtension",
      },
      { text: "ops.cpp:4:10: fatal error: 'c10/cuda/CUDAGuard.h' file not found", expect: "CUDAExtension" },
      {
        text: "$ python setup.py install\nops.cpp:4:10: fatal error: torch/extension.h: No such file or directory",
        expect:
          "export CPATH=$(python -c \"import torch.utils.cpp_extension as c; print(':'.join(c.include_paths()))\"):$CPATH",
      },
      {
        text: "$ clang++ -std=c++17 main.cpp -o main\nmain.cpp:1:10: fatal error: 'torch/torch.h' file not found",
        expect: "-std=c++17 main.cpp -o main $(python",
      },
      {
        text: "$ nvcc -std=c++20 -shared -Xcompiler -fPIC k.cu -o k.so -I/e/lib/python3.11/site-packages/torch/include\n/e/lib/python3.11/site-packages/torch/include/torch/extension.h:6:10: fatal error: torch/all.h: No such file or directory",
        expect: "-std=c++20 -shared -Xcompiler -fPIC k.cu -o k.so -I/e",
      },
    ],
  },
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
        expect: "conda install -c conda-forge libcurand-dev",
      },
      { text: "k.cu:2:10: fatal error: thrust/sort.h: No such file or directory", expect: "cccl" },
      {
        text: "x.cpp(4): fatal error C1083: 无法打开包括文件: “cublas_v2.h”: No such file or directory",
        expect: "CUDA",
      },
    ],
  },
  {
    id: "pybind11-headers-missing",
    title: "pybind11 is not found",
    on: ["missing-header"],
    specificity: 83,
    matches: (finding) => header(finding, /^pybind11\//),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["header"] ?? ""}\`${includedBy(match)}: torch's wheels bring pybind11 in torch/include, but torch's include folder is not on the command line, or this torch (Debian's python3-torch) comes without it.`,
    fix: (match) => [
      ...askedOfPython(match),
      `${askedPython(match) ?? python(match)} -m pip install pybind11`,
      `export CPATH=$(${python(match)} -c "import pybind11; print(pybind11.get_include())"):$CPATH`,
      "# Debian's torch: sudo apt-get install pybind11-dev",
    ],
    change: (match) => {
      const dir = foundDir(match);
      return dir === undefined ? undefined : { kind: "add-include-dir", dir };
    },
    sources: ["https://pybind11.readthedocs.io/en/stable/installing.html"],
    examples: [
      {
        text: "bind.cpp:1:10: fatal error: pybind11/pybind11.h: No such file or directory",
        expect: "pip install pybind11",
      },
    ],
  },
  {
    id: "numpy-headers-missing",
    title: "NumPy's headers are not found",
    on: ["missing-header"],
    specificity: 83,
    matches: (finding) => header(finding, /^numpy\//),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["header"] ?? ""}\`${includedBy(match)} comes with NumPy, which is not installed where the build runs, or whose include folder is not on the command line.`,
    fix: (match) => [
      `${python(match)} -m pip install numpy`,
      `export CPATH=$(${python(match)} -c "import numpy; print(numpy.get_include())"):$CPATH`,
      ...installWithoutIsolation(match).slice(1),
    ],
    sources: ["https://numpy.org/doc/stable/reference/generated/numpy.get_include.html"],
    examples: [
      { text: "ext.c:30:10: fatal error: numpy/arrayobject.h: No such file or directory", expect: "get_include" },
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
  return version === undefined
    ? [
        `${packages} "cuda-version=$(nvcc --version | sed -n 's/.*release \\([0-9.]*\\),.*/\\1/p')"   # of nvcc's CUDA, 12 and newer; 11: ${condaToolkit("11.8")}`,
      ]
    : [`${condaToolkit(version)}${parts}`];
}

/** torch's include folder is on the command line, and lacks the header that every torch since 1.0 has there. */
function ofOldTorch({ facts, context: { log } }: Match): boolean {
  return facts["header"] === "torch/extension.h" && log.torchIncluded;
}
