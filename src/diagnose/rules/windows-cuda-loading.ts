/** DLLs of CUDA, cuDNN and the NVIDIA driver that Windows does not load, where the message names one. */
import { pip, python, quote, torchCuda, torchIndex } from "../commands/commands.ts";
import type { Finding } from "../finding.ts";
import { baseName } from "../parsers/parser.ts";
import { coded, type Match, type MatchFacts, type Rule } from "../rule.ts";

interface Kind {
  readonly kind: "driver" | "cudnn" | "toolkit" | "zlib" | "torch" | "provider";
  /** CUDA's major version, where the name has it. */
  readonly major?: string;
}

/** What a DLL is, by its name. */
function kindOf(file: string): Kind | undefined {
  const name = baseName(file.replaceAll("\\", "/")).toLowerCase();
  if (/^(?:nvcuda|nvml|nvcuvid|nvencodeapi64)\.dll$/.test(name)) return { kind: "driver" };
  if (name === "zlibwapi.dll") return { kind: "zlib" };
  if (/^onnxruntime_providers_(?:cuda|tensorrt)\.dll$/.test(name)) return { kind: "provider" };
  const cudnn = /^cudnn\w*?64_(\d+)\.dll$/.exec(name);
  if (cudnn !== null) return { kind: "cudnn", major: cudnn[1] ?? "" };
  // cudart64_110.dll is CUDA 11, cudart64_101.dll is 10.1, cublas64_12.dll and nvrtc64_120_0.dll are 12.
  const cuda =
    /^(?:cudart|cublas|cublaslt|cufft|cufftw|curand|cusolver|cusolvermg|cusparse|nvrtc(?:-builtins)?|nvjitlink|npp\w+|nvjpeg|nvtoolsext|cupti|cufile|nccl)(?:32|64)_(\d+)[\w.]*\.dll$/.exec(
      name,
    );
  if (cuda !== null) {
    const digits = cuda[1] ?? "";
    const plain = /^(?:cudart|nvrtc|nvrtc-builtins|nvjitlink|cublas|cublaslt)/.test(name);
    return { kind: "toolkit", ...(plain ? { major: digits.length > 1 ? digits.slice(0, 2) : digits } : {}) };
  }
  return /^(?:caffe2_nvrtc|c10_cuda|torch_cuda(?:_cu|_cpp)?)\.dll$/.test(name) ? { kind: "torch" } : undefined;
}

/** The DLL that is named: as the one that was to be loaded, or in the sentence. */
function named(finding: Finding): string | undefined {
  if (finding.library !== undefined && kindOf(finding.library) !== undefined) return finding.library;
  // A module or a DLL of somebody else is what was to be loaded.
  if (finding.library !== undefined && /[\\/.]/.test(finding.library)) return undefined;
  return finding.message.match(/[\w.-]+\.dll\b/gi)?.find((name) => kindOf(name) !== undefined);
}

function facts(finding: Finding): MatchFacts | undefined {
  if (coded(finding, "dll-not-found", "dll", "dll-init", "dll-procedure", "library-not-loaded") === undefined)
    return undefined;
  const file = named(finding);
  // LibTorch's own, which the start of a program misses by name.
  if (
    file !== undefined &&
    /^(?:torch|c10|caffe2)(?:_\w+)?\.dll$/i.test(file) &&
    /code execution cannot|program can['’]?t start|无法继续执行/i.test(finding.message)
  )
    return undefined;
  const kind = file === undefined ? undefined : kindOf(file);
  if (file === undefined || kind === undefined) return undefined;
  return {
    file,
    name: baseName(file.replaceAll("\\", "/")),
    kind: kind.kind,
    major: kind.major,
    // A function that is missing: another file of that name was found first.
    other: finding.code === "dll-procedure" || /\b127\b/.test(finding.message) ? "yes" : undefined,
    torch: /[\\/]torch[\\/]+lib[\\/]/.test(file) ? "yes" : undefined,
  };
}

/** Whether the text speaks of a torch: its own DLLs then come first, and the toolkit's are not needed. */
function besideTorch(match: Match): boolean {
  const { log, environment } = match.context;
  return (
    match.facts["torch"] !== undefined ||
    log.installedTorch !== undefined ||
    environment?.torch !== undefined ||
    match.context.findings.some(({ frames, message }) =>
      /[\\/]torch[\\/]/.test(`${message} ${frames?.join(" ") ?? ""}`),
    )
  );
}

const where = (match: Match, ...more: readonly string[]): string =>
  `where ${[match.facts["name"] ?? "", ...more].join(" ")}   # every one on PATH, in the order of the search; torch's own: <site-packages>\\torch\\lib`;

function again(match: Match): string {
  return `${pip(match, `install --force-reinstall --no-cache-dir torch --index-url https://download.pytorch.org/whl/${torchIndex(match)}`)}   # with the DLLs that belong to it`;
}

function addFolder(match: Match): string {
  return `${python(match)} -c "import torch, os; print(os.path.join(os.path.dirname(torch.__file__), 'lib'))"   # a program that is not torch: put this folder in front of PATH, or os.add_dll_directory(it) before its import`;
}

export const windowsCudaLoadingRules: readonly Rule[] = [
  {
    id: "cuda-dll-not-loaded",
    title: "A DLL of CUDA, cuDNN or the NVIDIA driver is not loaded",
    on: ["load", "gpu", "missing-library"],
    specificity: 79,
    matches: facts,
    confidence: (match) =>
      match.facts["kind"] === "driver" || match.facts["kind"] === "zlib" || match.facts["other"] !== undefined
        ? "high"
        : "medium",
    cause: (match) => {
      const { name = "", kind, major, other, torch } = match.facts;
      if (kind === "driver")
        return `\`${name}\` comes with NVIDIA's driver alone, and is not in C:\\Windows\\System32: there is no NVIDIA GPU or no driver for it (a virtual machine, a container, Windows' own display driver), or the driver's installation is damaged.`;
      if (kind === "zlib")
        return `\`${name}\` is zlib as cuDNN 8 for Windows wants it, and cuDNN's archive does not bring it.`;
      if (other !== undefined)
        return `\`${name}\` asks another DLL of its family for a function that the file found first does not have: two ${kind === "cudnn" ? "cuDNNs" : "CUDAs"} of different releases are on PATH (torch\\lib, a CUDA toolkit, System32, conda's Library\\bin, the nvidia packages of pip, another program), and their DLLs are mixed.`;
      if (torch !== undefined)
        return `\`${name}\` lies in torch\\lib, and a DLL that it needs does not load: ${kind === "torch" ? "nvcuda.dll of NVIDIA's driver, or CUDA's and cuDNN's DLLs beside it" : "another part of CUDA or cuDNN beside it"}. The wheel is not whole (an installation that broke off, a virus scanner that took a file away), or the Visual C++ run time is too old.`;
      if (kind === "provider")
        return `\`${name}\` of onnxruntime-gpu is there, and CUDA's or cuDNN's DLLs of the releases that it was built for are not found (1.19 and newer: CUDA 12 and cuDNN 9).`;
      if (kind === "cudnn")
        return `\`${name}\` of cuDNN ${major ?? ""} is not found, or what it needs is not${major === "8" ? " (cuDNN 8 needs zlibwapi.dll, which its archive does not bring)" : ""}: its folder is not on PATH, or another release of cuDNN is installed than the program was built for.`;
      return `\`${name}\`${major === undefined ? " of CUDA" : ` of CUDA ${major}`} is not found: the program was built for that CUDA, and its DLLs are not on PATH (not installed, another major version, or Python 3.8 and newer, which does not search PATH for what modules need).`;
    },
    fix: (match) => {
      const { kind, major, other, torch, file = "" } = match.facts;
      if (kind === "driver")
        return [
          "nvidia-smi   # no such program: install the driver, https://www.nvidia.com/drivers",
          "where nvcuda.dll",
          `# no NVIDIA GPU: torch without CUDA: ${pip(match, "install --force-reinstall torch --index-url https://download.pytorch.org/whl/cpu")}`,
        ];
      if (kind === "zlib" || (kind === "cudnn" && major === "8" && other === undefined && torch === undefined))
        return [
          "# zlibwapi.dll (https://docs.nvidia.com/deeplearning/cudnn/, Installing zlib on Windows) into a folder on PATH: CUDA's bin. torch's wheels with cuDNN 8 have one in torch\\lib",
          where(match, "zlibwapi.dll"),
          addFolder(match),
        ];
      if (other !== undefined)
        return [
          where(match, ...(kind === "cudnn" ? ["cudnn*.dll"] : [])),
          "# take the others off PATH, or out of System32 and CUDA's bin (cuDNN that was copied there by hand); start a new prompt",
          ...(besideTorch(match)
            ? [
                "# import torch before the other packages with a CUDA of their own (onnxruntime-gpu, paddle, tensorflow, ctranslate2)",
                again(match),
              ]
            : []),
        ];
      if (torch !== undefined)
        return [
          `cd /d ${quote(file.replace(/[\\/][^\\/]*$/, ""))} & dir /b cu*.dll nv*.dll & where nvcuda.dll   # what the wheel brought; is there a driver?`,
          again(match),
          "# the newest Visual C++ run time: https://aka.ms/vs/17/release/vc_redist.x64.exe",
        ];
      if (kind === "provider")
        return [
          "# with torch of the same CUDA in the environment: import torch before onnxruntime, or onnxruntime.preload_dlls() (1.21 and newer)",
          pip(match, 'install "onnxruntime-gpu[cuda,cudnn]"   # brings them as packages of pip'),
          "# which release wants which: https://onnxruntime.ai/docs/execution-providers/CUDA-ExecutionProvider.html",
        ];
      const cuda = torchCuda(match);
      return [
        where(match),
        ...(kind === "cudnn"
          ? [
              `# cuDNN ${major ?? ""} for the program's CUDA: https://developer.nvidia.com/cudnn; its bin folder on PATH; or pip install nvidia-cudnn-cu12`,
            ]
          : [
              `# the CUDA toolkit${major === undefined ? "" : ` ${major}`}, https://developer.nvidia.com/cuda-toolkit-archive, its bin folder on PATH${major === undefined || cuda === undefined || cuda.startsWith(`${major}.`) ? "" : `; or the release of the program that is made for torch's CUDA ${cuda}`}`,
            ]),
        addFolder(match),
      ];
    },
    sources: [
      "pytorch/pytorch#46312",
      "Softcatala/whisper-ctranslate2#41",
      "PaddlePaddle/Paddle#75939",
      "microsoft/onnxruntime#18973",
      "Comfy-Org/ComfyUI#989",
      "mlverse/torch#1465",
    ],
    examples: [
      {
        text: 'OSError: [WinError 126] The specified module could not be found. Error loading "C:\\e\\Lib\\site-packages\\torch\\lib\\caffe2_nvrtc.dll" or one of its dependencies.',
        expect: "nvcuda.dll",
      },
      {
        text: 'OSError: [WinError 127] The specified procedure could not be found. Error loading "C:\\e\\Lib\\site-packages\\torch\\lib\\cudnn_adv_infer64_8.dll" or one of its dependencies.',
        expect: "two cuDNNs",
      },
      {
        text: "Could not load library cudnn_cnn_infer64_8.dll. Error code 126\nPlease make sure cudnn_cnn_infer64_8.dll is in your library path!",
        expect: "zlibwapi.dll",
      },
      { text: "Could not load library cudnn_cnn_infer64_8.dll. Error code 127", expect: "mixed" },
      { text: "Could not locate zlibwapi.dll. Please make sure it is in your library path!", expect: "CUDA's bin" },
      {
        text: "Could not locate cudnn_graph64_9.dll. Please make sure it is in your library path!\nInvalid handle. Cannot load symbol cudnnCreate",
        expect: "cuDNN 9",
      },
      { text: "RuntimeError: Library cublas64_12.dll is not found or cannot be loaded", expect: "CUDA 12" },
      {
        text: "FileNotFoundError: Could not find module 'C:\\Program Files\\NVIDIA GPU Computing Toolkit\\CUDA\\v12.1\\bin\\cudart64_12.dll' (or one of its dependencies). Try using the full path with constructor syntax.",
        expect: "CUDA 12",
      },
      {
        text: 'LoadLibrary failed with error 126 "" when trying to load "C:\\e\\lib\\site-packages\\onnxruntime\\capi\\onnxruntime_providers_cuda.dll"',
        expect: "preload_dlls",
      },
      { text: "FileNotFoundError: Could not find module 'nvcuda.dll' (or one of its dependencies).", expect: "driver" },
    ],
  },
];
