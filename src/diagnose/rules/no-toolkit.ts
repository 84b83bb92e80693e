/** A build that finds no CUDA toolkit: CUDA_HOME is not set, or names a folder without nvcc. */
import { plainName } from "../../base/package-name.ts";
import {
  buildAgain,
  installWithoutIsolation,
  packageToBuild,
  wordsToBuild,
  pip,
  platformOf,
  python,
  setVariable,
  showToolkits,
  showTorchCuda,
  toolkitFolder,
  toolkitOnPath,
  torchCuda,
  useToolkit,
} from "../commands/commands.ts";
import { condaToolkit, useCondaToolkit } from "../tables/conda-toolkit.ts";
import type { Finding } from "../finding.ts";
import { unbuiltCuda } from "../tables/packages.ts";
import { torchForJetson } from "../commands/jetson-torch.ts";
import { framesAt, missingProgram } from "../matchers.ts";
import { type Match, type MatchFacts, type Rule, type RuleContext, said } from "../rule.ts";
import { toolkitOnRunner } from "../commands/nvidia-repository.ts";
import { isBuiltByPython } from "../commands/typed-builds.ts";
import { develTags, develImage, inManylinux, cudaOfPypi } from "./container-toolkits.ts";

/** The module of a toolkit: EasyBuild writes its name in capitals, with three numbers. */
function loadsCuda({ context: { log } }: Match, version: string | undefined): string {
  const name = log.gccModuleName === "GCC" ? "CUDA" : "cuda";
  return `module avail ${name} 2>&1 | grep -i cuda; module load ${name}/${version ?? "<that version>"}   # ${name === "CUDA" ? "the whole number that the list has" : "as it is called there"}`;
}

/** A toolkit that FindCUDA found by its nvcc alone: the folder above it has no headers or libraries. */
function halfToolkit(match: Match): string | undefined {
  return match.context.findings
    .map(
      ({ message }) =>
        /Could NOT find CUDA \(missing: [^)]*CUDA_[^)]*\) \(found (?:suitable |unsuitable )?version "([\d.]+)"/.exec(
          message,
        )?.[1],
    )
    .find((found) => found !== undefined);
}

/** CUDA_HOME, which torch says to be without nvcc; not the folder that torch itself falls back to. */
function wrongHome(match: Match): string | undefined {
  const { log, findings } = match.context;
  if (platformOf(match) === "win32" || log.docker || log.notebook) return undefined;
  const named =
    /nvcc not found at ['"](\/[^'"]+)\/bin\/nvcc['"]/.exec(match.finding.message)?.[1] ??
    /(?:No such file or directory: |^)['"]?(\/[^'":]+)\/bin\/nvcc['"]?/.exec(match.finding.message)?.[1] ??
    /^(\/[^:]+)\/bin\/nvcc$/.exec(match.finding.file ?? "")?.[1];
  if (named === undefined || named === "/usr/local/cuda") return undefined;
  const said = findings.some(({ message, text }) => `${message} ${text}`.includes(`CUDA_HOME='${named}'`));
  return said || /Ensure CUDA path/.test(match.finding.message) ? named : undefined;
}

/** Another toolkit in place of the one that CUDA_HOME names. */
function withoutWrongHome(match: Match, wrong: string, version: string | undefined): string[] {
  const cuda = torchCuda(match);
  return [
    "ls -d /usr/local/cuda*/bin/nvcc; which -a nvcc   # the toolkits that are installed",
    `unset CUDA_HOME CUDA_PATH   # torch then takes the nvcc on PATH, else /usr/local/cuda; and mend the line in ~/.bashrc that names ${wrong}`,
    ...(cuda === undefined ? [showTorchCuda(match)] : []),
    `# no toolkit of torch's CUDA${cuda === undefined ? "" : ` (${cuda})`} there: install it, https://developer.nvidia.com/cuda-toolkit-archive, then ${setVariable(match, "CUDA_HOME", cuda === undefined ? "/usr/local/cuda-<version>" : toolkitFolder(match, version))}`,
  ];
}

/** A toolkit whose folder the text names: `/usr/local/cuda-11.7`. */
function namedToolkit(match: Match): string | undefined {
  const { cuda } = match.context.log;
  return cuda === undefined || platformOf(match) === "win32" ? undefined : toolkitFolder(match, cuda);
}

/** What says that the build finds no toolkit. */
export function asksForToolkit(finding: Finding, context?: RuleContext): MatchFacts | undefined {
  if (finding.kind === "missing-program") {
    // Windows does not say which program it is; the line of setup.py that starts it does.
    if (
      finding.program === "" &&
      context !== undefined &&
      framesAt({ finding, context, facts: {} }).some((frame) => /["'][\\/]?bin[\\/]{1,2}nvcc/.test(frame))
    )
      return {};
    return missingProgram(finding, /^nvcc$/);
  }
  if (finding.kind === "driver")
    return finding.tool === "clang" ? said(finding, /cannot find (?:CUDA installation|libdevice for)/) : undefined;
  if (finding.kind === "build-tool") {
    return said(
      finding,
      /Could NOT find CUDA(?:Toolkit)?\b|Could not find nvcc|No CMAKE_CUDA_COMPILER could be found|Failed to find nvcc|CUDA_TOOLKIT_ROOT_DIR not found|CUDA (?:compiler|toolkit) (?:was )?not found|PyTorch was (?:not )?compiled with(?:out)? CUDA|Your installed Caffe2 version uses CUDA but I cannot find the CUDA|The CMAKE_CUDA_COMPILER:.*is not a full path to an existing compiler|Could not find .nvcc./is,
    );
  }
  if (finding.code === "no-cuda-home") return {};
  if (/name '(?:bare_metal_version|nvcc_cuda_version)' is not defined/.test(finding.message)) return {};
  if (finding.code === "MissingCUDAException") return {};
  if (finding.code === "KeyError" && /^['"]CUDA_(?:HOME|PATH)['"]$/.test(finding.message)) return {};
  // setup.py puts CUDA_HOME, which is None, together with a path.
  if (
    finding.code === "TypeError" &&
    /NoneType/.test(finding.message) &&
    finding.frames?.some((frame) =>
      /bare_metal|_join_cuda_home|get_cuda_version|cuda_home|get_nvcc|nvcc/i.test(frame),
    ) === true
  )
    return {};
  return said(
    finding,
    /CUDA_HOME environment variable is not set|CUDA_HOME does not exist|nvcc not found at|nvcc was not found|Unable to find CUDA|CUDA_HOME is (?:None|not set)|No CUDA toolkit found/,
  );
}

/** conda-build and rattler-build see what the recipe asks for, and nothing of the machine. */
function compilerInRecipe({ context: { log } }: Match, version: string | undefined): string[] {
  const cuda = version ?? log.cuda ?? "12.6";
  return [
    "# the recipe, requirements, build: {{ compiler('cuda') }} in meta.yaml, ${{ compiler('cuda') }} in recipe.yaml, beside compiler('cxx') and stdlib('c')",
    "# requirements, host: cuda-version {{ cuda_compiler_version }}, cuda-cudart-dev, and what is linked besides (libcublas-dev, libcusparse-dev, libcusolver-dev)",
    `# conda_build_config.yaml (variants.yaml): cuda_compiler: [cuda-nvcc], cuda_compiler_version: ["${cuda}"]   (CUDA 11: cuda_compiler: [nvcc])`,
    "# then the same conda build or rattler-build build again; nvcc of the machine is not seen in there",
  ];
}

/** uv asks the set-up script for its requirements alone when it locks, and the lock is for other systems, too. Source: astral-sh/uv#17487. */
function lockedWithoutNvcc(match: Match): string[] {
  const { package: built, uvCommand } = match.context.log;
  const variable = built === undefined ? undefined : unbuiltCuda(plainName(built));
  if (variable === undefined || built === undefined || !/^(?:lock|sync|add|run)$/.test(uvCommand ?? "")) return [];
  return [
    `# pyproject.toml, so that the Mac installs nothing of it: "${built}… ; sys_platform == 'linux'"`,
    `${variable}=TRUE uv lock   # setup.py then tells what it requires without nvcc`,
    ...(uvCommand === "lock" ? [] : [`uv sync --no-install-package ${built}`]),
  ];
}

export const noToolkitRules: readonly Rule[] = [
  {
    id: "cuda-toolkit-not-found",
    title: "No CUDA toolkit: CUDA_HOME is not set or has no nvcc",
    on: ["exception", "missing-program", "warning", "driver", "build-tool"],
    specificity: 70,
    matches: asksForToolkit,
    confidence: "high",
    cause: (match) => {
      const cuda = match.context.environment?.cuda;
      if (match.context.log.feedstock)
        return "conda's builder makes the package in environments of their own (_build_env, host), and the recipe does not ask for CUDA's compiler: nvcc of the machine is not seen there.";
      if (platformOf(match) === "darwin")
        return `The package${named(match)} compiles kernels for NVIDIA GPUs with nvcc, and there is no CUDA for macOS: neither setting CUDA_HOME nor another release of the package changes that.`;
      if (isolatedWithoutCuda(match))
        return `pip builds in an environment of its own, into which it fetches PyPI's torch: ${match.context.log.jetson ? "for this processor that is one without CUDA, or one that is not made for Jetson" : "on Windows that is one without CUDA"}, and torch without CUDA takes CUDA_HOME for unset, whatever the variable says.`;
      if (match.context.log.cpuTarget)
        return "The build is for the processor alone, and the torch that it sees is one with CUDA: torch's CMake files then ask for the CUDA toolkit. pip fetched that torch into an environment of its own for the build, or it is the installed one.";
      const wrong = wrongHome(match);
      if (wrong !== undefined)
        return `CUDA_HOME is \`${wrong}\`, and there is no \`bin/nvcc\` in that folder: the toolkit was removed, is of another version, or was never installed there. CUDA_HOME wins over an nvcc on PATH.`;
      const half = halfToolkit(match);
      if (half !== undefined)
        return `CMake takes the first nvcc on PATH (CUDA ${half}) and looks for headers and libraries beside it, and there are none: it is an nvcc of conda or of the distribution, or a link. CMake's FindCUDA wants one folder with bin, include and lib64.`;
      return `The build needs nvcc and finds no CUDA toolkit: CUDA_HOME is not set or names a folder without bin/nvcc, and nvcc is not on PATH. (The CUDA that torch brings is the run time only; images of pytorch/pytorch have nvcc only when their name holds 'devel'.)${cuda === undefined ? "" : ` A toolkit is at ${cuda.root} (CUDA ${cuda.version}).`}`;
    },
    fix: (match) => {
      // A folder that stands in for one's own, as documentation writes it, still tells the version.
      const version = torchCuda(match) ?? /[\\/]cuda-(\d+\.\d+)[\\/]bin[\\/]nvcc/.exec(match.finding.text)?.[1];
      if (platformOf(match) === "darwin")
        return [
          ...lockedWithoutNvcc(match),
          "# build and run it on Linux (or Windows) with an NVIDIA GPU: a cloud machine, Colab",
          `# on the Mac leave the package out of the requirements: where the program can do without it, torch's own operators run on the CPU or on Apple's GPU (device "mps")`,
        ];
      if (isolatedWithoutCuda(match))
        return [
          ...(match.context.log.jetson && !match.context.log.jetsonTorch ? torchForJetson(match) : []),
          ...installWithoutIsolation(match),
          `${python(match)} -c "import torch; from torch.utils.cpp_extension import CUDA_HOME; print(torch.version.cuda, CUDA_HOME)"   # both have to be there, in the environment that is active: a torch with CUDA, and its toolkit`,
        ];
      if (match.context.log.cpuTarget)
        return [
          pip(match, "install --force-reinstall torch --index-url https://download.pytorch.org/whl/cpu"),
          pip(match, "install setuptools setuptools-scm wheel ninja cmake packaging numpy"),
          `${(match.context.log.package ?? "vllm") === "vllm" ? "VLLM_TARGET_DEVICE=cpu " : ""}${pip(match, `install --no-build-isolation ${wordsToBuild(match)}`)}   # the build then sees that torch`,
        ];
      if (match.context.log.feedstock) return compilerInRecipe(match, version);
      const here = match.context.environment?.cuda;
      if (here !== undefined && (version === undefined || version.split(".")[0] === here.version.split(".")[0]))
        return [...useToolkit(match, version), ...again(match)];
      if (match.context.log.condaNvcc && platformOf(match) !== "win32" && halfToolkit(match) === undefined)
        return [
          "export CUDA_HOME=$CONDA_PREFIX; export PATH=$CONDA_PREFIX/bin:$PATH; which nvcc   # conda's nvcc, as the text installs it: in the environment where torch is, and in the shell that runs pip",
          `# no nvcc there: it went to another environment, or not at all: conda activate <environment of torch> && ${condaToolkit(version ?? "<torch's CUDA>")}   # with the headers and libraries, which cuda-nvcc alone lacks`,
          ...(version === undefined ? [showTorchCuda(match)] : []),
        ];
      if (halfToolkit(match) !== undefined) {
        const root = namedToolkit(match) ?? toolkitFolder(match, version);
        return [
          showToolkits(match),
          `export PATH=${root}/bin:$PATH CUDA_HOME=${root}   # a whole toolkit of LibTorch's CUDA`,
          ...(isBuiltByPython(match)
            ? []
            : [
                `rm -rf build; cmake -DCUDA_TOOLKIT_ROOT_DIR=${root} -DCUDAToolkit_ROOT=${root} -DCMAKE_CUDA_COMPILER=${root}/bin/nvcc ..   # with the options as before`,
              ]),
        ];
      }
      const clang = match.finding.tool === "clang" ? match.context.log.typedCompile : undefined;
      if (clang !== undefined && !clang.includes("--cuda-path"))
        return [
          showToolkits(match),
          "# none there: install a CUDA toolkit that this clang knows (clang 19: up to 12.x), https://developer.nvidia.com/cuda-toolkit-archive",
          setVariable(match, "CUDA_HOME", toolkitFolder(match, version)),
          clang.replace(/^((?:\S*\/)?clang\S*) /, "$1 --cuda-path=$CUDA_HOME "),
        ];
      const wrong = wrongHome(match);
      if (wrong !== undefined) return [...withoutWrongHome(match, wrong, version), ...again(match)];
      const service = match.context.log.notebookService;
      if (service !== undefined && match.context.log.notebook)
        return [
          service === "Kaggle"
            ? "# Settings > Accelerator > GPU: the session starts anew, in an image with the CUDA toolkit; NVIDIA's download is not needed"
            : "# Runtime > Change runtime type > GPU: the session starts anew, with the CUDA toolkit; NVIDIA's download is not needed",
          "nvidia-smi; ls -d /usr/local/cuda*   # both have to be there now",
          setVariable(match, "CUDA_HOME", "/usr/local/cuda"),
          ...again(match),
        ];
      const image = match.context.log.gpuImage;
      if (image !== undefined && /-(?:runtime|base)\b/.test(image))
        return [
          `# FROM ${image.replace(/-(?:runtime|base)\b/, "-devel")}   in place of ${image}: the same with nvcc`,
          "# to keep the result small: build a wheel in the -devel image (pip wheel --no-build-isolation --no-deps -w /wheels .) and copy it into the other in a later stage",
        ];
      const devel = develImage(match);
      const job = match.context.log.jobImage;
      if (job !== undefined)
        return [
          `# ${match.context.log.ci?.service === "github" ? "the workflow, the job: container:" : ".gitlab-ci.yml, the job: image:"} ${devel ?? `nvidia/cuda:${develTags[version ?? ""] ?? "<torch's CUDA, with its third number>"}-devel-ubuntu22.04`}   in place of ${job}, which has no nvcc`,
          `# the runner shows no GPU to a build: ${match.context.log.ci?.service === "github" ? "env" : "variables"}: TORCH_CUDA_ARCH_LIST: "8.0;8.6;9.0+PTX" # the GPUs that will run it`,
        ];
      if (devel !== undefined)
        return [
          `# Dockerfile: FROM ${devel}   in place of an image without nvcc; or an nvidia/cuda:…-devel image of CUDA ${version ?? ""}`,
          "# to keep the result small: pip wheel --no-build-isolation --no-deps -w /wheels … in that image, and copy the wheel into the other in a later stage",
        ];
      if (match.context.log.cibuildwheel && platformOf(match) === "linux")
        return inManylinux(version ?? cudaOfPypi(match));
      const packaged = version === undefined ? [] : toolkitOnRunner(match, version);
      if (match.context.log.hostedRunner && packaged.length > 0 && version !== undefined) {
        const folder = toolkitFolder(match, version);
        return [
          ...packaged,
          `export CUDA_HOME=${folder} PATH=${folder}/bin:$PATH   # in the step that builds; for later ones: echo "CUDA_HOME=${folder}" >> "$GITHUB_ENV"; echo "${folder}/bin" >> "$GITHUB_PATH"`,
          ...again(match),
          `# or the whole job in a container: nvidia/cuda:${develTags[version] ?? `<${version}, with its third number>`}-devel-ubuntu22.04`,
        ];
      }
      if (match.context.log.hostedRunner && platformOf(match) !== "win32")
        return [
          `# the workflow, in the job: a container with nvcc, of torch's CUDA${version === undefined ? "" : ` (${version})`}:`,
          `#     container: nvidia/cuda:${develTags[version ?? ""] ?? "<torch's CUDA, with its third number>"}-devel-ubuntu22.04`,
          "# or a step before the build that installs the toolkit (an action, or NVIDIA's packages cuda-toolkit-…), and then:",
          '#     - run: echo "CUDA_HOME=/usr/local/cuda" >> "$GITHUB_ENV"; echo "/usr/local/cuda/bin" >> "$GITHUB_PATH"',
          ...(version === undefined ? [showTorchCuda(match)] : []),
        ];
      if (match.context.log.usesModules)
        return [
          ...(version === undefined ? [showTorchCuda(match)] : []),
          loadsCuda(match, version),
          "export CUDA_HOME=$(dirname $(dirname $(which nvcc)))",
          ...again(match),
        ];
      return [
        ...(version === undefined ? [showTorchCuda(match)] : []),
        ...(match.context.log.conda && platformOf(match) === "win32" && version !== undefined
          ? [
              condaToolkit(version),
              // torch then takes the toolkit of the first nvcc on PATH, in whichever folder of the environment it is.
              "set CUDA_HOME=",
              "set CUDA_PATH=",
              "where nvcc   # torch takes the toolkit of the first one, the environment's",
              ...(/^gsplat: /.test(match.finding.text)
                ? [
                    "where cl   # gsplat compiles its kernels when it is first used, and needs Microsoft's compiler, too: nothing found: conda activate in the x64 Native Tools Command Prompt, and the program again there",
                  ]
                : []),
            ]
          : match.context.log.conda && platformOf(match) === "linux" && version !== undefined
            ? [
                `${condaToolkit(version)} && ${useCondaToolkit}`,
                `# in place of it, where ls -d /usr/local/cuda* shows that version: export CUDA_HOME=${toolkitFolder(match, version)} PATH=${toolkitFolder(match, version)}/bin:$PATH`,
              ]
            : [
                ...(match.context.log.conda && platformOf(match) === "linux"
                  ? [`# ${condaToolkit("<that version>")} && export CUDA_HOME=$CONDA_PREFIX, or:`]
                  : []),
                showToolkits(match),
                `# install the CUDA toolkit${version === undefined ? " of that version" : ` ${version}, as torch's CUDA`}: https://developer.nvidia.com/${version === undefined ? "cuda-downloads" : "cuda-toolkit-archive"}`,
                setVariable(match, "CUDA_HOME", toolkitFolder(match, version)),
                toolkitOnPath(match),
              ]),
        ...again(match),
      ];
    },
    sources: [
      "thomasbrandon/mish-cuda#17",
      "pytorch/extension-cpp#26",
      "Dao-AILab/causal-conv1d#108",
      "nerfstudio-project/gsplat#249",
      "state-spaces/mamba#602",
    ],
    examples: [
      {
        text: "CMake Error at /home/runner/miniconda3/conda-bld/faiss-pkg_1711571792861/_build_env/share/cmake-3.29/Modules/FindCUDAToolkit.cmake:855 (message):\n  Could not find nvcc, please set CUDAToolkit_ROOT.",
        expect: "compiler('cuda')",
      },
      {
        text: "$ pip install natten\n      Building NATTEN for CPU ONLY.\n      CMake Error at /e/lib/python3.10/site-packages/torch/share/cmake/Caffe2/Caffe2Config.cmake:90 (message):\n        Your installed Caffe2 version uses CUDA but I cannot find the CUDA libraries.\n        Please set the proper CUDA prefixes and / or install CUDA.\n  ERROR: Failed building wheel for natten",
        expect: "install --force-reinstall torch --index-url https://download.pytorch.org/whl/cpu",
      },
      {
        text: "✨ Pixi task (build): pip install --no-build-isolation -e .\nCMake Error at CMakeLists.txt:6 (project):\n  No CMAKE_CUDA_COMPILER could be found.",
        expect: "pixi add cuda-toolkit cxx-compiler",
      },
      {
        text: '  File "/home/runner/work/_tool/Python/3.11.9/x64/lib/python3.11/site-packages/torch/utils/cpp_extension.py", line 2419, in _join_cuda_home\nOSError: CUDA_HOME environment variable is not set. Please set it to your CUDA install root.',
        expect: "GITHUB_ENV",
      },
      {
        text: '  File "C:\\Temp\\p\\op_builder\\builder.py", line 53, in installed_cuda_version\n    output = subprocess.check_output([cuda_home + "/bin/nvcc", "-V"], universal_newlines=True)\n  File "C:\\conda\\lib\\subprocess.py", line 1456, in _execute_child\nFileNotFoundError: [WinError 2] The system cannot find the file specified',
        expect: "set CUDA_HOME",
      },
      {
        text: "I also encounter this after\n`mamba install -c nvidia cuda-nvcc`\nNameError: name 'bare_metal_version' is not defined",
        expect: "export CUDA_HOME=$CONDA_PREFIX",
      },
      {
        text: "$ uv sync --extra compile\n  × Failed to build `causal-conv1d==1.5.0.post8`\n  torch.__version__  = 2.6.0+cu124\n  <string>:113: UserWarning: causal_conv1d was requested, but nvcc was not found.",
        expect: "uv sync --extra compile   # again",
      },
      {
        text: "(e) me@pc:~$ conda activate e\n$ python setup.py install --cpp_ext\ntorch.__version__ = 1.11.0+cu113\nOSError: CUDA_HOME environment variable is not set. Please set it to your CUDA install root.",
        expect:
          "conda install -y -c nvidia/label/cuda-11.3.0 cuda-toolkit && export CUDA_HOME=$CONDA_PREFIX PATH=$CONDA_PREFIX/bin:$PATH",
      },
      {
        text: "(e) C:\\p>conda activate e\n<string>:118: UserWarning: my_ops was requested, but nvcc was not found.\ntorch.__version__  = 2.5.1+cu118\nNameError: name 'bare_metal_version' is not defined",
        expect: "where nvcc",
      },
      {
        text: "I used the following command in kaggle\n!pip install git+https://github.com/u/ops.git\nOSError: CUDA_HOME environment variable is not set. Please set it to your CUDA install root.",
        expect: "Settings > Accelerator > GPU",
      },
      {
        text: "FROM pytorch/pytorch:2.4.0-cuda12.1-cudnn9-runtime\nRUN pip install --no-build-isolation .\nOSError: CUDA_HOME environment variable is not set. Please set it to your CUDA install root.",
        expect: "FROM pytorch/pytorch:2.4.0-cuda12.1-cudnn9-devel",
      },
      {
        text: "OSError: CUDA_HOME environment variable is not set. Please set it to your CUDA install root.",
        expect: "CUDA_HOME",
      },
      {
        text: " > [5/7] RUN pip install flash-attn --no-build-isolation:\n2.5       OSError: CUDA_HOME environment variable is not set. Please set it to your CUDA install root.\n2.5       torch.__version__  = 2.4.1+cu121",
        expect: "FROM pytorch/pytorch:2.4.1-cuda12.1-cudnn9-devel",
      },
      {
        text: '-- Could NOT find CUDA (missing: CUDA_INCLUDE_DIRS CUDA_CUDART_LIBRARY) (found version "11.5")\nCMake Error at /p/libtorch/share/cmake/Caffe2/Caffe2Config.cmake:90 (message):\n  Your installed Caffe2 version uses CUDA but I cannot find the CUDA\n  libraries.',
        expect: "-DCUDA_TOOLKIT_ROOT_DIR=",
      },
      {
        text: "FileNotFoundError: nvcc not found at '/usr/lib/cuda/bin/nvcc'. Ensure CUDA path '/usr/lib/cuda' is correct.",
        expect: "CUDA_HOME",
      },
      {
        text: "FileNotFoundError: [Errno 2] No such file or directory: '/usr/local/cuda/bin/nvcc'",
        expect: "CUDA_HOME",
      },
      { text: "NameError: name 'bare_metal_version' is not defined", expect: "nvcc" },
      {
        text: "Collecting my-ops==1.0.0 (from -r requirements.txt (line 4))\n  Preparing metadata (setup.py) ... error\n      /private/var/folders/rd/T/pip-install-8x/my-ops_3c/setup.py:77: UserWarning: my_ops was requested, but nvcc was not found.",
        expect: "no CUDA for macOS",
      },
      {
        text: "pip install 'my-ops>=1.4.0'\n<string>:119: UserWarning: my_ops was requested, but nvcc was not found.\nERROR: Failed to build 'my-ops' when getting requirements to build wheel",
        expect: 'install --no-build-isolation "my-ops>=1.4.0"',
      },
      {
        text: 'Platform: NVIDIA Jetson AGX Orin, L4T 36.3.0\n$ pip install vllm\n  Getting requirements to build wheel ... error\n  File "/tmp/pip-build-env-xq/overlay/lib/python3.10/site-packages/setuptools/build_meta.py", line 311, in run_setup\n  AssertionError: CUDA_HOME is not set',
        expect: "not made for Jetson",
      },
      {
        text: "OSError: CUDA_HOME environment variable is not set. Please set it to your CUDA install root.\n× Getting requirements to build editable did not run successfully.\n(venv) PS C:\\p\\sam2> echo $Env:CUDA_HOME\nC:\\Program Files\\NVIDIA GPU Computing Toolkit\\CUDA\\v12.4",
        expect: "--no-build-isolation",
      },
      {
        text: "$ VLLM_TARGET_DEVICE=cpu pip install -e .\n-- Could NOT find CUDA (missing: CUDA_TOOLKIT_ROOT_DIR CUDA_NVCC_EXECUTABLE CUDA_INCLUDE_DIRS CUDA_CUDART_LIBRARY)\nCMake Error at /p/torch/share/cmake/Caffe2/Caffe2Config.cmake:91 (message):\n  Your installed Caffe2 version uses CUDA but I cannot find the CUDA\n  libraries.",
        expect: "whl/cpu",
      },
      { text: "gsplat: No CUDA toolkit found. gsplat will be disabled.", expect: "CUDA_HOME" },
      {
        text: "UserWarning: causal_conv1d was requested, but nvcc was not found.  Are you sure your environment has nvcc available?",
        expect: "devel",
      },
      { text: "/bin/sh: 1: /usr/local/cuda-11.8/bin/nvcc: not found", expect: "CUDA_HOME" },
      {
        text: "error: [Errno 2] No such file or directory: '/path/to/cuda-11.8/bin/nvcc'",
        expect: "export CUDA_HOME=/usr/local/cuda-11.8",
      },
    ],
  },
];

/**
 * Whether it is pip's isolated build that misses CUDA_HOME, with a torch without CUDA. Source: `CUDA_HOME = _find_cuda_home() if
 * (torch.cuda._is_compiled() or …) else None` in torch/utils/cpp_extension.py; facebookresearch/sam2#41, #133.
 */
function isolatedWithoutCuda({ finding, context: { log } }: Match): boolean {
  return (
    log.isolatedBuild &&
    ((log.platform === "win32" && finding.text.includes("CUDA_HOME environment variable is not set")) ||
      (log.jetson && /CUDA_HOME (?:environment variable )?is not set/.test(finding.text)))
  );
}

/** The package in words, where the text names it. */
function named({ context: { log } }: Match): string {
  const name = log.package ?? log.asked;
  return name === undefined ? "" : ` (\`${name}\`)`;
}

/** The installation that the toolkit was missing for. */
function again(match: Match): string[] {
  return [
    ...buildAgain(match, "   # with the torch that is installed; an isolated build would fetch another"),
    ...(/^deepspeed\b/.test(packageToBuild(match))
      ? [
          `# DeepSpeed without operators that are compiled ahead of time needs no toolkit: ${setVariable(match, "DS_BUILD_OPS", "0")}`,
        ]
      : []),
  ];
}
