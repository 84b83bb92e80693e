/** The CUDA toolkit: where it is, whether it is whole, and whether it fits torch. */
import { compareVersions, parseVersion } from "../../base/order.ts";
import { newestGccFor } from "../version-facts.ts";
import {
  installTorchFor,
  installWithoutIsolation,
  platformOf,
  python,
  setVariable,
  showToolkits,
  showTorchCuda,
  toolkitFolder,
  toolkitOnPath,
  torchCuda,
  useToolkit,
} from "../commands.ts";
import type { Finding } from "../finding.ts";
import { framesAt, linkLibrary, missingProgram } from "../matchers.ts";
import { type Match, type MatchFacts, type Rule, type RuleContext, said } from "../rule.ts";

function cudaRoot(match: Match): string {
  return match.context.environment?.cuda?.root ?? toolkitFolder(match, torchCuda(match));
}

/** The two versions of a mismatch, of the message or of what stands around it. */
function mismatched(match: Match): { readonly nvcc?: string; readonly torch?: string; readonly minor: boolean } {
  const nvcc = match.facts["nvcc"] ?? match.context.log.cuda;
  const torch = match.facts["torch"] ?? torchCuda(match);
  return {
    ...(nvcc === undefined ? {} : { nvcc }),
    ...(torch === undefined ? {} : { torch }),
    minor: nvcc !== undefined && torch !== undefined && nvcc !== torch && nvcc.split(".")[0] === torch.split(".")[0],
  };
}

/** The torch that was compared was fetched for the build alone: the installed one is for nvcc's CUDA. */
function isFetchedTorch(match: Match): boolean {
  const { nvcc, torch } = mismatched(match);
  const there = match.context.log.torchCuda;
  return (
    there !== undefined &&
    nvcc !== undefined &&
    torch !== undefined &&
    there.split(".")[0] === nvcc.split(".")[0] &&
    torch.split(".")[0] !== there.split(".")[0]
  );
}

/** torch for the toolkit that is there; no command where that means to go back to an older torch. */
function torchForToolkit(match: Match, nvcc: string | undefined, torch: string | undefined): string {
  if (nvcc === undefined) return "# or install a torch for the CUDA that nvcc --version shows";
  const older = torch !== undefined && compareVersions(parseVersion(nvcc), parseVersion(torch)) < 0;
  return `${older ? "# an older torch, when nothing else goes: " : ""}${installTorchFor(match, nvcc)}   # ${older ? "" : "or "}torch for the toolkit that is there`;
}

/** PyTorch's image with nvcc for the torch in a log of docker. Its tags: https://hub.docker.com/r/pytorch/pytorch/tags. */
function develImage(match: Match): string | undefined {
  const { docker, installedTorch, gpuImage } = match.context.log;
  const cuda = torchCuda(match);
  const release = /^[12]\.\d+\.\d+/.exec(installedTorch ?? "")?.[0];
  if (!docker || gpuImage !== undefined || release === undefined || cuda === undefined) return undefined;
  const cudnn = compareVersions(parseVersion(release), [2, 4]) >= 0 ? 9 : 8;
  return `pytorch/pytorch:${release}-cuda${cuda}-cudnn${cudnn}-devel`;
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

/** A toolkit whose folder the text names: `/usr/local/cuda-11.7`. */
function namedToolkit(match: Match): string | undefined {
  const { cuda } = match.context.log;
  return cuda === undefined || platformOf(match) === "win32" ? undefined : toolkitFolder(match, cuda);
}

/** Whether what is missing, or is said, is of the toolkit. */
function wantsToolkit(finding: Finding): boolean {
  if (finding.kind === "missing-library") return linkLibrary(finding, /^(?:cu(?!da$)|nv|npp)\w+$/) !== undefined;
  if (finding.kind === "missing-header")
    return /^(?:cu\w+|nv\w+|thrust[\\/].*|cub[\\/].*)\.(?:h|hpp|cuh)$/.test(finding.header ?? "");
  return /nvcc/.test(finding.program ?? "") || /CUDA_HOME=|[\\/]nvcc\b/.test(finding.message);
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

export const cudaToolkitRules: readonly Rule[] = [
  {
    id: "cuda-major-mismatch",
    title: "nvcc's CUDA is not the CUDA of torch",
    on: ["exception", "warning", "build-tool"],
    specificity: 80,
    matches: (finding) => {
      if (
        /has a minor version mismatch|Detected that PyTorch and \w+ were compiled with different/.test(finding.message)
      )
        return undefined;
      const numbers =
        /detected CUDA version \((?<nvcc>[\d.]+)\) mismatches .*?PyTorch\s*\((?<torch>[\d.]+)\)/s.exec(
          finding.message,
        ) ??
        /detected CUDA version \(%s\) mismatches .*?'(?<nvcc>[\d.]+)', '(?<torch>[\d.]+)'/s.exec(finding.message) ??
        /Installed CUDA version (?<nvcc>[\d.]+) does not match .*? (?:torch was compiled with|compiled with) (?<torch>[\d.]+)/s.exec(
          finding.message,
        ) ??
        /Pytorch binaries were compiled with Cuda (?<torch>\d+(?:\.\d+)?)/is.exec(finding.message) ??
        /detected CUDA version \(?(?<nvcc>[\d.]+)?\)? mismatches/.exec(finding.message) ??
        /Cuda extensions are being compiled with a version of Cuda that does not match|does not match the version torch was compiled with/i.exec(
          finding.message,
        );
      if (numbers === null) return finding.code === "cuda-mismatch" ? {} : undefined;
      return { ...numbers.groups };
    },
    // ColossalAI's and others' scripts say so and go on.
    confidence: (match) => (/^\s*Warning: Cuda extensions/i.test(match.finding.text) ? "low" : "high"),
    cause: (match) => {
      const { nvcc, torch, minor } = mismatched(match);
      if (isFetchedTorch(match))
        return `The torch of the build is not the one that is installed${match.context.log.torchCuda === undefined ? "" : ` (for CUDA ${match.context.log.torchCuda})`}: build isolation fetched another one, for CUDA ${torch ?? "of another version"}, and that does not go with nvcc (CUDA ${nvcc ?? "of another version"}).`;
      const versions =
        nvcc === undefined ? "" : ` (nvcc: CUDA ${nvcc}${torch === undefined ? "" : `, torch: CUDA ${torch}`})`;
      if (minor)
        return `The CUDA toolkit that compiles and the one that torch was built with differ in their minor version alone${versions}. Code of the two works together as a rule; it is the check of this package's set-up script that wants them equal.`;
      const found = match.context.environment?.cuda;
      return `The CUDA toolkit that compiles and the one that torch was built with differ${nvcc === undefined ? "" : " in their major version"}${versions}; code of two major versions cannot be mixed. CUDA_HOME or PATH points to the wrong toolkit, or torch was installed for another CUDA.${found === undefined ? "" : ` Here CUDA ${found.version} is at ${found.root}.`}`;
    },
    fix: (match) => {
      const { nvcc, torch, minor } = mismatched(match);
      if (isFetchedTorch(match)) return installWithoutIsolation(match);
      return [
        ...(torch === undefined ? [showTorchCuda(match)] : []),
        `${setVariable(match, "CUDA_HOME", toolkitFolder(match, torch ?? "X.Y"))}   # the toolkit of torch's CUDA`,
        ...(match.context.log.conda ? [`conda install -c nvidia cuda-toolkit=${torch ?? "X.Y"}`] : []),
        ...(/Cuda extensions are being compiled/i.test(match.finding.message) && (minor || nvcc === undefined)
          ? [
              `# ${minor ? "or, as the two are of one major version," : "within one major version:"} comment out the call of check_cuda_torch_binary_vs_bare_metal in setup.py, and install from that folder`,
            ]
          : []),
        ...(minor ? [] : [torchForToolkit(match, nvcc, torch)]),
        ...(/DeepSpeed|DS_|Installed CUDA version/.test(match.finding.message)
          ? ["# DeepSpeed within one major version: export DS_SKIP_CUDA_CHECK=1"]
          : []),
      ];
    },
    sources: [
      "pytorch: torch/utils/cpp_extension.py",
      "microsoft/DeepSpeed#2902",
      "microsoft/DeepSpeed#3223",
      "NVIDIA/apex#323",
    ],
    examples: [
      {
        text: "RuntimeError:\nThe detected CUDA version (12.1) mismatches the version that was used to compile\nPyTorch (11.8). Please make sure to use the same CUDA versions.",
        expect: "11.8",
      },
      {
        text: "RuntimeError: ('The detected CUDA version (%s) mismatches the version that was used to compilePyTorch (%s). Please make sure to use the same CUDA versions.', '12.1', '13.0')",
        expect: "13.0",
      },
      {
        text: "torch 2.11.0+cu130\nRuntimeError: ('The detected CUDA version (%s) mismatches the version that was used to compilePyTorch (%s). Please make sure to use the same CUDA versions.', '13.0', '12.8')",
        expect: "--no-build-isolation",
      },
      {
        text: ">- DeepSpeed Op Builder: Installed CUDA version 12.2 does not match the version torch was compiled with 11.7, unable to compile cuda/cpp extensions without a matching cuda version.",
        expect: "DS_SKIP_CUDA_CHECK",
      },
      {
        text: "RuntimeError: Cuda extensions are being compiled with a version of Cuda that does not match the version used to compile Pytorch binaries.  Pytorch binaries were compiled with Cuda 10.2.",
        expect: "10.2",
      },
      {
        text: "torch.__version__  = 2.4.0+cu124\nCuda compilation tools, release 12.6, V12.6.20\nRuntimeError: Cuda extensions are being compiled with a version of Cuda that does not match the version used to compile Pytorch binaries.  Pytorch binaries were compiled with Cuda 12.4.",
        expect: "minor version alone (nvcc: CUDA 12.6, torch: CUDA 12.4)",
      },
    ],
  },
  {
    id: "cuda-minor-mismatch",
    title: "nvcc and torch differ in CUDA's minor version",
    on: ["warning"],
    role: "advice",
    specificity: 60,
    matches: (finding) =>
      said(
        finding,
        /detected CUDA version \((?<nvcc>[\d.]+)\) has a minor version mismatch .*?PyTorch \((?<torch>[\d.]+)\)/s,
      ) ??
      said(
        finding,
        /minor version mismatch with the version that was used to compile(?: PyTorch \((?<torch>[\d.]+)\))?/,
      ),
    confidence: "low",
    cause: (match) =>
      `nvcc is of CUDA ${match.facts["nvcc"] ?? "one minor version"}, torch was built with ${match.facts["torch"] ?? "another"}: within one major version that works. This is a warning, not the cause of a failure.`,
    fix: (match) => [
      "# nothing to do; to be exact:",
      setVariable(match, "CUDA_HOME", `/usr/local/cuda-${match.facts["torch"] ?? torchCuda(match) ?? "X.Y"}`),
    ],
    sources: ["ashawkey/torch-ngp#168"],
    examples: [
      {
        text: "UserWarning: The detected CUDA version (11.6) has a minor version mismatch with the version that was used to compile PyTorch (11.3). Most likely this shouldn't be a problem.",
        expect: "warning",
      },
    ],
  },
  {
    id: "cuda-home-led-by-colon",
    title: "CUDA_HOME is a list of folders",
    on: ["missing-program", "exception", "driver", "missing-library", "missing-header", "warning"],
    specificity: 90,
    matches: (finding, context) => {
      const list = context.log.cudaHomeList;
      if (list !== undefined && wantsToolkit(finding)) return { path: list[0], list: list.join(":") };
      if (/^(?:missing-(?:library|header)|warning)$/.test(finding.kind)) return undefined;
      const path = finding.program ?? finding.message;
      // `/usr/local/cuda:/usr/local/cuda-11.8/bin/nvcc`: the last folder is the one that nvcc was looked for in.
      const last = /(?:^|['" ])(?:\/[^\s'":]+)?(?::\/[^\s'":]+)*(:\/[^\s'":]*)\/bin\/nvcc/.exec(path)?.[1];
      if (last !== undefined && /cuda/.test(path)) return { path: last };
      return /^:\/|['" ]:\/\S*cuda|CUDA_HOME='?:\//.test(path) && /cuda|nvcc/.test(path)
        ? { path: /:\/[^\s'":]+/.exec(path)?.[0] }
        : undefined;
    },
    confidence: "high",
    cause: (match) =>
      match.facts["list"] === undefined
        ? `CUDA_HOME is \`${match.facts["path"]?.replace(/\/bin\/nvcc$/, "") ?? ":/usr/local/cuda"}\`: it was set like a search path (export CUDA_HOME=$CUDA_HOME:/usr/local/cuda), but it names one folder.`
        : `CUDA_HOME is set like a search path, with colons (\`${match.facts["list"]}\`), but it names one folder: what is put together from it (CUDA_HOME/include, CUDA_HOME/lib64, CUDA_HOME/bin/nvcc) does not exist.`,
    fix: (match) => {
      const list = match.context.log.cudaHomeList ?? [];
      const ofTorch = list.find((folder) => folder.endsWith(`cuda-${torchCuda(match) ?? ""}`));
      return [
        setVariable(
          match,
          "CUDA_HOME",
          ofTorch ?? (match.facts["path"] ?? ":/usr/local/cuda").replace(/^:/, "").replace(/\/bin\/nvcc$/, ""),
        ),
        ...(list.length > 1 && ofTorch === undefined ? [showTorchCuda(match)] : []),
        "# and mend the line in ~/.bashrc",
      ];
    },
    sources: ["baidu-research/warp-ctc#153", "zhanghang1989/PyTorch-Encoding#297"],
    examples: [
      {
        text: "error: [Errno 2] No such file or directory: '/usr/local/cuda:/usr/local/cuda:/usr/local/cuda11.8/bin/nvcc'",
        expect: "export CUDA_HOME=/usr/local/cuda11.8",
      },
      { text: "/bin/sh: 1: :/usr/local/cuda/bin/nvcc: not found", expect: "export CUDA_HOME=/usr/local/cuda" },
      {
        text: "gcc -I/e/torch/include -I/usr/local/cuda:/include -c ops/src/nms_cpu.cpp -o nms_cpu.o\nops/src/nms_cpu.cpp:12:18: fatal error: cuda.h: No such file or directory",
        expect: "export CUDA_HOME=/usr/local/cuda",
      },
      {
        text: "error: [Errno 2] No such file or directory: ':/usr/local/cuda-11.3/bin/nvcc'",
        expect: "export CUDA_HOME=/usr/local/cuda-11.3",
      },
      {
        text: "No CUDA runtime is found, using CUDA_HOME='/usr/local/cuda-12.4:/usr/local/cuda-11.8'\n/usr/bin/ld: cannot find -lcudart: No such file or directory",
        expect: "export CUDA_HOME=/usr/local/cuda-12.4",
      },
    ],
  },
  {
    id: "cuda-toolkit-not-found",
    title: "No CUDA toolkit: CUDA_HOME is not set or has no nvcc",
    on: ["exception", "missing-program", "warning", "driver", "build-tool"],
    specificity: 70,
    matches: asksForToolkit,
    confidence: "high",
    cause: (match) => {
      const cuda = match.context.environment?.cuda;
      if (isolatedOnWindows(match))
        return "pip builds in an environment of its own, into which it fetches PyPI's torch: on Windows that is one without CUDA, and torch without CUDA takes CUDA_HOME for unset, whatever the variable says.";
      const half = halfToolkit(match);
      if (half !== undefined)
        return `CMake takes the first nvcc on PATH (CUDA ${half}) and looks for headers and libraries beside it, and there are none: it is an nvcc of conda or of the distribution, or a link. CMake's FindCUDA wants one folder with bin, include and lib64.`;
      return `The build needs nvcc and finds no CUDA toolkit: CUDA_HOME is not set or names a folder without bin/nvcc, and nvcc is not on PATH. (The CUDA that torch brings is the run time only; images of pytorch/pytorch have nvcc only when their name holds 'devel'.)${cuda === undefined ? "" : ` A toolkit is at ${cuda.root} (CUDA ${cuda.version}).`}`;
    },
    fix: (match) => {
      // A folder that stands in for one's own, as documentation writes it, still tells the version.
      const version = torchCuda(match) ?? /[\\/]cuda-(\d+\.\d+)[\\/]bin[\\/]nvcc/.exec(match.finding.text)?.[1];
      if (isolatedOnWindows(match))
        return [
          ...installWithoutIsolation(match),
          `${python(match)} -c "import torch; from torch.utils.cpp_extension import CUDA_HOME; print(torch.version.cuda, CUDA_HOME)"   # both have to be there, in the environment that is active: a torch with CUDA, and its toolkit`,
        ];
      const here = match.context.environment?.cuda;
      if (here !== undefined && (version === undefined || version.split(".")[0] === here.version.split(".")[0]))
        return useToolkit(match, version);
      if (halfToolkit(match) !== undefined) {
        const root = namedToolkit(match) ?? toolkitFolder(match, version);
        return [
          showToolkits(match),
          `rm -rf build && cmake -B build -DCUDA_TOOLKIT_ROOT_DIR=${root} -DCUDAToolkit_ROOT=${root} -DCMAKE_CUDA_COMPILER=${root}/bin/nvcc   # a whole toolkit of LibTorch's CUDA, with the options as before`,
          `export PATH=${root}/bin:$PATH CUDA_HOME=${root}`,
        ];
      }
      const image = match.context.log.gpuImage;
      if (image !== undefined && /-(?:runtime|base)\b/.test(image))
        return [
          `# FROM ${image.replace(/-(?:runtime|base)\b/, "-devel")}   in place of ${image}: the same with nvcc`,
          "# to keep the result small: build a wheel in the -devel image (pip wheel --no-build-isolation --no-deps -w /wheels .) and copy it into the other in a later stage",
        ];
      const devel = develImage(match);
      if (devel !== undefined)
        return [
          `# Dockerfile: FROM ${devel}   in place of an image without nvcc; or an nvidia/cuda:…-devel image of CUDA ${version ?? ""}`,
          "# to keep the result small: pip wheel --no-build-isolation --no-deps -w /wheels … in that image, and copy the wheel into the other in a later stage",
        ];
      if (match.context.log.usesModules)
        return [
          ...(version === undefined ? [showTorchCuda(match)] : []),
          `module avail cuda 2>&1 | grep -i cuda; module load cuda/${version ?? "<that version>"}   # as it is called there`,
          "export CUDA_HOME=$(dirname $(dirname $(which nvcc)))",
        ];
      return [
        ...(version === undefined ? [showTorchCuda(match)] : []),
        ...(match.context.log.conda
          ? [
              version === undefined
                ? "# conda install -c nvidia cuda-toolkit=<that version> && export CUDA_HOME=$CONDA_PREFIX"
                : `conda install -c nvidia cuda-toolkit=${version} && export CUDA_HOME=$CONDA_PREFIX`,
            ]
          : [
              showToolkits(match),
              `# install the CUDA toolkit${version === undefined ? " of that version" : ` ${version}, as torch's CUDA`}: https://developer.nvidia.com/cuda-downloads`,
            ]),
        setVariable(match, "CUDA_HOME", toolkitFolder(match, version)),
        toolkitOnPath(match),
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
        text: '  File "C:\\Temp\\p\\op_builder\\builder.py", line 53, in installed_cuda_version\n    output = subprocess.check_output([cuda_home + "/bin/nvcc", "-V"], universal_newlines=True)\n  File "C:\\conda\\lib\\subprocess.py", line 1456, in _execute_child\nFileNotFoundError: [WinError 2] The system cannot find the file specified',
        expect: "set CUDA_HOME",
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
        text: "OSError: CUDA_HOME environment variable is not set. Please set it to your CUDA install root.\n× Getting requirements to build editable did not run successfully.\n(venv) PS C:\\p\\sam2> echo $Env:CUDA_HOME\nC:\\Program Files\\NVIDIA GPU Computing Toolkit\\CUDA\\v12.4",
        expect: "--no-build-isolation",
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
  {
    id: "cuda-toolkit-incomplete",
    title: "Parts of the CUDA toolkit are missing",
    on: ["missing-program", "driver"],
    specificity: 74,
    matches: (finding) => {
      if (finding.kind === "missing-program")
        return missingProgram(finding, /^(?:cicc|ptxas|cudafe\+\+|fatbinary|nvlink|bin2c|cuobjdump)$/);
      return said(finding, /Path to libdevice library not specified|Cannot find libdevice|libdevice not found/);
    },
    confidence: "high",
    cause: (match) =>
      `nvcc is there, and ${match.facts["name"] === undefined ? "libdevice (the folder nvvm of the toolkit)" : `\`${match.facts["name"]}\``} is not: the toolkit was installed in part (conda's cuda-nvcc without cuda-nvvm or cuda-nvcc-tools, a single package of pip), nvcc was linked or copied out of its folder, or CUDA_HOME and PATH name two toolkits.`,
    fix: (match) => [
      "readlink -f $(which nvcc); nvcc --dryrun -x cu /dev/null -o /dev/null 2>&1 | head   # where nvcc looks",
      ...(match.context.log.conda ? ["conda install -c conda-forge cuda-nvcc cuda-nvvm cuda-cudart-dev"] : []),
      `# or install the whole toolkit and ${setVariable(match, "CUDA_HOME", cudaRoot(match))}`,
    ],
    sources: ["https://docs.nvidia.com/cuda/cuda-compiler-driver-nvcc/"],
    examples: [
      { text: "sh: 1: cicc: not found", expect: "cuda-nvvm" },
      { text: "nvcc fatal   : Path to libdevice library not specified", expect: "nvvm" },
    ],
  },
  {
    id: "device-lto-library-missing",
    title: "nvlink does not find libnvvm for link-time optimisation",
    on: ["driver"],
    specificity: 76,
    matches: (finding) => said(finding, /elfLink linker library load error/),
    confidence: "high",
    cause: () =>
      "nvlink loads `nvvm/lib64/libnvvm.so` of the toolkit for `-dlto`, and it is not there: pip's nvidia-nvvm has the same library as `lib/libnvvm.so.4`.",
    fix: (match) => [
      `mkdir -p ${cudaRoot(match)}/nvvm/lib64 && ln -s ../../lib/libnvvm.so.4 ${cudaRoot(match)}/nvvm/lib64/libnvvm.so`,
      "# or leave -dlto away: relocatable device code links without it",
    ],
    sources: ["https://docs.nvidia.com/cuda/nvvm-ir-spec/"],
    examples: [{ text: "nvlink fatal   : elfLink linker library load error", expect: "libnvvm" }],
  },
  {
    id: "no-version-bounds",
    title: "torch knows no compiler bounds for this CUDA",
    on: ["warning"],
    role: "advice",
    specificity: 40,
    matches: (finding) => said(finding, /There are no .* version bounds defined for CUDA version (?<cuda>[\d.]+)/),
    confidence: "low",
    cause: (match) =>
      `torch's table of host compilers has no row for CUDA ${match.facts["cuda"] ?? ""}, so it checks nothing. This is a warning, not the cause of a failure.`,
    fix: (match) => [
      `# nothing to do; CUDA ${match.facts["cuda"] ?? ""} accepts gcc up to ${newestGccFor(match.facts["cuda"] ?? "") ?? "?"}`,
    ],
    sources: ["pytorch/pytorch#166120"],
    examples: [
      { text: "UserWarning: There are no g++ version bounds defined for CUDA version 12.1", expect: "warning" },
    ],
  },
];

/**
 * Whether it is pip's isolated build on Windows that misses CUDA_HOME. Source: `CUDA_HOME = _find_cuda_home() if
 * (torch.cuda._is_compiled() or …) else None` in torch/utils/cpp_extension.py; facebookresearch/sam2#41, #133.
 */
function isolatedOnWindows({ finding, context: { log } }: Match): boolean {
  return (
    finding.text.includes("CUDA_HOME environment variable is not set") && log.platform === "win32" && log.isolatedBuild
  );
}
