/** Triton when a program runs: not installed, or a kernel that wants more than the GPU has. */
import { longPathsSwitch } from "../commands/short-paths.ts";
import { installGpuTorch, installTorchFor, pip, platformOf, python } from "../commands/commands.ts";
import { said, type Match, type Rule } from "../rule.ts";
import { tritonFor } from "../tables/version-facts.ts";

function installed(match: Match): string | undefined {
  return match.context.log.installedTorch ?? match.context.environment?.torch?.version;
}

/** Windows takes paths of 260 characters, and programs add a few for files beside it. */
const windowsLimit = 240;

const ownCache =
  "export TRITON_CACHE_DIR=/tmp/triton-$USER-$HOSTNAME   # a folder of this machine, when several share one home";

export const tritonRunTimeRules: readonly Rule[] = [
  {
    id: "triton-tensor-not-on-gpu",
    title: "A Triton kernel is given a tensor of the CPU",
    on: ["exception"],
    specificity: 82,
    matches: (finding) => said(finding, /Pointer argument \(at (?<at>\d+)\) cannot be accessed from Triton/),
    confidence: "high",
    cause: (match) =>
      `Argument ${match.facts["at"] ?? ""} of the kernel (counted from 0) lies in the memory of the CPU, or is a tensor of another GPU's process: Triton's kernels read the GPU's memory alone.`,
    fix: () => [
      '# x = x.to("cuda") before the launch; tensors that are made beside it: torch.empty(…, device=x.device)',
      "# several GPUs: with torch.cuda.device(x.device): around the launch",
    ],
    sources: ["triton: third_party/nvidia/backend/driver.py"],
    examples: [
      {
        text: "ValueError: Pointer argument (at 0) cannot be accessed from Triton (cpu tensor?)",
        expect: 'x.to("cuda")',
      },
    ],
  },
  {
    id: "triton-sees-no-gpu",
    title: "Triton sees no GPU",
    on: ["exception"],
    specificity: 82,
    matches: (finding) =>
      said(finding, /(?<count>\d+) active drivers \(\[(?<drivers>[^\]]*)\]\)\. There should only be one/),
    confidence: "high",
    cause: (match) =>
      match.facts["count"] === "0"
        ? "Triton found no driver that is active: no GPU is visible (no NVIDIA driver, a container without --gpus, CUDA_VISIBLE_DEVICES is empty), or the installed torch is one for the CPU, which Triton asks for the GPU."
        : `Triton found more than one backend that is active (${match.facts["drivers"] ?? ""}): a Triton of another vendor, or a plug-in, is installed beside it.`,
    fix: (match) =>
      match.facts["count"] === "0"
        ? [
            "nvidia-smi   # AMD: rocminfo; a container: docker run --gpus all …",
            `${python(match)} -c "import torch; print(torch.__version__, torch.cuda.is_available())"`,
            ...(match.context.log.torchBuild === "cpu" ? [installGpuTorch(match)] : []),
            "# without a GPU: TRITON_INTERPRET=1 runs one's own kernels in Python, to test them; torch.compile needs no Triton for the CPU",
          ]
        : [`${pip(match, "list")} | grep -i triton   # keep one: triton, pytorch-triton-rocm, pytorch-triton-xpu`],
    sources: ["triton: python/triton/runtime/driver.py"],
    examples: [{ text: "RuntimeError: 0 active drivers ([]). There should only be one.", expect: "--gpus all" }],
  },
  {
    id: "triton-cache-of-others",
    title: "Triton's cache is another machine's, or was emptied meanwhile",
    on: ["library-version", "exception"],
    specificity: 88,
    matches: (finding) => {
      if (finding.kind === "library-version")
        return /[\\/]\.?triton[\w.-]*[\\/](?:cache[\\/])?[\w-]+[\\/][\w.-]+\.so$/.test(finding.file ?? "")
          ? { version: finding.symbol }
          : undefined;
      if (finding.code !== "FileNotFoundError") return undefined;
      const facts = said(
        finding,
        /['"](?<file>[^'"]*[\\/]\.?triton[^'"]*\.(?:json|so|cubin|ptx|ttir|ttgir|llir|hsaco)(?:\.tmp[^'"]*)?)['"]/,
      );
      const path = (facts?.["file"] ?? "").replaceAll("\\\\", "\\");
      return facts === undefined || !/^[A-Za-z]:\\/.test(path) || path.length < windowsLimit
        ? facts
        : { ...facts, length: String(path.length) };
    },
    confidence: "high",
    cause: (match) =>
      match.facts["length"] !== undefined
        ? `The path of a kernel in Triton's cache has ${match.facts["length"]} characters, and Windows takes 260: the name of the kernel is long (torch.compile fuses many operations), and the cache lies deep below the user's temporary folder.`
        : match.facts["version"] === undefined
          ? `\`${match.facts["file"] ?? ""}\` is a kernel that Triton compiled, and it is gone: the cache was deleted while the program ran, its disk is full, or several machines and processes write one cache on a shared home (NFS).`
          : `\`${match.finding.file ?? ""}\` is a small module that Triton compiled on a machine with a newer C library (${match.facts["version"]}) and keeps in a cache that both use: a home on a shared disk, or a cache that was copied into an image.`,
    fix: (match) =>
      match.facts["length"] === undefined
        ? ["rm -rf ~/.triton/cache /tmp/torchinductor_$USER   # it is made anew", ownCache]
        : [
            "set TORCHINDUCTOR_CACHE_DIR=C:\\ti& set TRITON_CACHE_DIR=C:\\tr   # short folders, before the program starts",
            longPathsSwitch,
            "# or run without torch.compile (ComfyUI: without the node that compiles)",
          ],
    sources: ["pytorch: torch/_inductor/runtime/cache_dir_utils.py", "chengzeyi/Comfy-WaveSpeed#74"],
    examples: [
      {
        text: "FileNotFoundError: [Errno 2] No such file or directory: '/root/.triton/cache/ab12/grid_kernel.json'",
        expect: "TRITON_CACHE_DIR",
      },
      {
        text: `FileNotFoundError: [Errno 2] No such file or directory: 'C:\\\\Users\\\\u\\\\AppData\\\\Local\\\\Temp\\\\torchinductor_u\\\\triton\\\\0\\\\${"3288a2b4".repeat(8)}\\\\__grp__triton_red_fused__scaled_mm__to_copy_add_clamp_mul_native_layer_norm_ones_16.json.tmp.pid_9796_7d68d846-f74b-4e5a-a739-43ce1dc143c8'`,
        expect: "TORCHINDUCTOR_CACHE_DIR=C:\\ti",
      },
      {
        text: "ImportError: /lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.34' not found (required by /home/u/.triton/cache/4f5e/cuda_utils.so)",
        expect: "rm -rf ~/.triton/cache",
      },
    ],
  },
  {
    id: "compile-cache-in-use",
    title: "torch.compile cannot replace a folder of its cache on Windows",
    on: ["exception", "system"],
    specificity: 88,
    matches: (finding, context) =>
      /WinError (?:5|32|183)\b/.test(finding.message) &&
      (/torchinductor_|[\\/]\.?triton[\\/]/.test(finding.message) ||
        context.findings.some(
          (other) => /backend='(?:inductor|\w+)' raised/.test(other.message) && Math.abs(other.at - finding.at) <= 2,
        ) ||
        /BackendCompilerFailed|backend='\w+' raised/.test(finding.message))
        ? {}
        : undefined,
    confidence: "medium",
    cause: () =>
      "torch.compile and Triton write what they compiled into a folder and rename it to its final name. Windows refuses that while the folder exists already or a file in it is open: left over by an earlier run or release, loaded by another Python, or just being looked at by a virus scanner.",
    fix: () => [
      "rmdir /s /q %TEMP%\\torchinductor_%USERNAME% & rmdir /s /q %USERPROFILE%\\.triton\\cache   # with all programs of Python ended; it is made anew",
      "set TORCHINDUCTOR_CACHE_DIR=C:\\ti& set TRITON_CACHE_DIR=C:\\tr   # folders that the virus scanner leaves out",
      "# again and again: a newer torch and triton-windows of the release that fits it; or without torch.compile",
    ],
    sources: [
      "chengzeyi/Comfy-WaveSpeed#123",
      "kijai/ComfyUI-WanVideoWrapper#220",
      "pytorch/pytorch#138211",
      "unslothai/unsloth#1999",
    ],
    examples: [
      {
        text: "torch._dynamo.exc.BackendCompilerFailed: backend='inductor' raised:\nPermissionError: [WinError 5] Access is denied: 'C:\\\\Users\\\\u\\\\AppData\\\\Local\\\\Temp\\\\torchinductor_u\\\\triton\\\\0\\\\tmp.b6f9' -> 'C:\\\\Users\\\\u\\\\AppData\\\\Local\\\\Temp\\\\torchinductor_u\\\\triton\\\\0\\\\sHANk'",
        expect: "torchinductor_%USERNAME%",
      },
      {
        text: "torch._dynamo.exc.BackendCompilerFailed: backend='inductor' raised:\nPermissionError: [WinError 5] 拒绝访问。",
        expect: "torchinductor_%USERNAME%",
      },
    ],
  },
  {
    id: "triton-module-without-dll",
    title: "Triton's small module does not load on Windows",
    on: ["load"],
    specificity: 92,
    matches: (finding) =>
      /^(?:cuda_utils|__triton_launcher)\b/.test(finding.library ?? "") && /^dll/.test(finding.code ?? "")
        ? {}
        : undefined,
    confidence: "high",
    cause: (match) =>
      `\`${match.finding.library ?? ""}\` is what triton-windows compiled when a kernel was first used: it was made by another Python, Triton or compiler and is kept in the cache, or the Visual C++ run time, python3.dll (embeddable Pythons) or the NVIDIA driver's nvcuda.dll is not found. No extension is at fault.`,
    fix: (match) => [
      'rmdir /s /q "%USERPROFILE%\\.triton\\cache"',
      'rmdir /s /q "%TEMP%\\torchinductor_%USERNAME%"',
      "# the newest Visual C++ run time: https://aka.ms/vs/17/release/vc_redist.x64.exe",
      `${pip(match, "install --upgrade --force-reinstall triton-windows")}   # of the release for your torch; an embeddable Python also needs python3.dll and the include and libs folders of its version`,
    ],
    sources: ["https://github.com/woct0rdho/triton-windows"],
    examples: [
      {
        text: "ImportError: DLL load failed while importing cuda_utils: The specified module could not be found.",
        expect: ".triton",
      },
    ],
  },
  {
    id: "triton-driver-too-old",
    title: "The NVIDIA driver is too old for this Triton",
    on: ["undefined-symbol"],
    specificity: 90,
    matches: (finding) =>
      /^cu[A-Z]\w+$/.test(finding.symbol ?? "") &&
      /[\\/](?:cuda_utils|__triton_launcher)[\w.-]*\.so$/.test(finding.file ?? "")
        ? { symbol: finding.symbol }
        : undefined,
    confidence: "high",
    cause: (match) =>
      `Triton's small module (\`${match.finding.file ?? ""}\`) calls \`${match.facts["symbol"] ?? ""}\` of the NVIDIA driver, and the installed driver does not have it${/TensorMap|Cluster|LaunchKernelEx/.test(match.facts["symbol"] ?? "") ? ": it is older than CUDA 12 (525)" : ": it is older than this Triton wants"}${match.context.log.driverCuda === undefined ? "" : ` (it is of CUDA ${match.context.log.driverCuda})`}. No extension is at fault.`,
    fix: (match) => [
      ...(match.context.log.driverCuda === undefined
        ? ["nvidia-smi   # the driver; Triton 2.1 and newer want 525 (CUDA 12) at least"]
        : []),
      "# update the NVIDIA driver (in a container: on its host), then rm -rf ~/.triton/cache",
      installTorchFor(match, "11.8") + "   # or a torch for CUDA 11, with its older Triton",
    ],
    sources: ["https://docs.nvidia.com/cuda/cuda-driver-api/"],
    examples: [
      {
        text: "ImportError: /root/.triton/cache/1b2c/cuda_utils.so: undefined symbol: cuTensorMapEncodeTiled",
        expect: "older than CUDA 12",
      },
    ],
  },
  {
    id: "triton-not-installed",
    title: "Triton is not installed",
    on: ["exception"],
    specificity: 80,
    matches: (finding) => said(finding, /No module named ['"]triton['"]/),
    // xFormers and others say so, and do without.
    confidence: ({ context: { log } }) => (log.tritonOptional ? "low" : "high"),
    cause: (match) =>
      `The code has kernels in Triton, and there is none: ${
        platformOf(match) === "win32"
          ? "torch for Windows comes without it; triton-windows is a build for it."
          : platformOf(match) === "darwin"
            ? "there is no Triton for macOS, since it has no code for Apple's GPUs."
            : match.context.log.torchBuild === "cpu"
              ? "the installed torch is one for the CPU, which does not bring it; Triton needs a GPU of NVIDIA, AMD or Intel."
              : "torch with CUDA for Linux brings it along; torch for the CPU, for Windows or macOS, and torch that was installed with --no-deps does not."
      }`,
    fix: (match) => {
      const triton = tritonFor(installed(match));
      if (platformOf(match) === "win32")
        return [
          triton === undefined
            ? `${pip(match, "install triton-windows")}   # the release for your torch: "triton-windows<3.6" for 2.9, <3.5 for 2.8, <3.4 for 2.7, <3.3 for 2.6`
            : pip(match, `install "triton-windows<${triton.below}"`),
        ];
      if (platformOf(match) === "darwin")
        return ["# take the package's code without Triton (an option, an older release), or a machine with a GPU"];
      if (match.context.log.torchBuild === "cpu") return [installGpuTorch(match)];
      return [
        `${python(match)} -c "import torch; print(torch.__version__, torch.version.cuda)"   # None: a torch for the CPU`,
        triton === undefined
          ? pip(match, "install --force-reinstall torch   # one with CUDA brings the Triton that fits")
          : pip(match, `install "triton==${triton.release}.*"   # the one of torch ${triton.torch}`),
      ];
    },
    sources: ["https://github.com/woct0rdho/triton-windows", "https://pypi.org/project/torch/"],
    examples: [
      { text: "ModuleNotFoundError: No module named 'triton'", expect: "torch with CUDA for Linux brings it along" },
      {
        text: "C:\\e> python -c \"import torch; print(torch.__version__)\"\n2.7.1+cu128\nModuleNotFoundError: No module named 'triton'",
        expect: 'triton-windows<3.4"',
      },
      { text: "torch==2.6.0+cu124\nModuleNotFoundError: No module named 'triton'", expect: "triton==3.2.*" },
    ],
  },
  {
    id: "triton-does-not-know-cuda",
    title: "Triton is older than the CUDA whose ptxas it found",
    on: ["exception"],
    specificity: 84,
    matches: (finding) =>
      said(finding, /Triton only supports? CUDA 1\d\.\d or higher, but got CUDA version: (?<cuda>1\d\.\d+)/),
    confidence: "high",
    cause: (match) =>
      `Triton found a ptxas of CUDA ${match.facts["cuda"] ?? ""}, which is newer than all that this release of Triton knows (its sentence says the opposite): its list of PTX versions ends before. Triton belongs to torch's release, and here it is an older one, or it was pointed at the system's newer CUDA.`,
    fix: (match) => {
      const triton = tritonFor(installed(match));
      return platformOf(match) === "win32"
        ? [
            triton === undefined
              ? `${pip(match, "install --upgrade triton-windows")}   # the release for your torch: "triton-windows<3.6" for 2.9, <3.5 for 2.8, <3.4 for 2.7, <3.3 for 2.6`
              : pip(match, `install --upgrade "triton-windows<${triton.below}"`),
            "set TRITON_PTXAS_PATH=",
            'rmdir /s /q "%USERPROFILE%\\.triton\\cache"',
          ]
        : [
            "unset TRITON_PTXAS_PATH   # Triton's own ptxas is one that it knows",
            triton === undefined
              ? `${pip(match, "install --upgrade triton")}   # of the release that torch names: pip show torch | grep Requires`
              : pip(match, `install "triton==${triton.release}.*"   # the one of torch ${triton.torch}`),
          ];
    },
    sources: [
      "woct0rdho/triton-windows#49",
      "triton: third_party/nvidia/backend/compiler.py",
      "https://github.com/woct0rdho/triton-windows",
    ],
    examples: [
      {
        text: '  File "D:\\ComfyUI\\python_embeded\\Lib\\site-packages\\triton\\backends\\nvidia\\compiler.py", line 61, in ptx_get_version\nRuntimeError: Triton only support CUDA 10.0 or higher, but got CUDA version: 12.8',
        expect: "triton-windows",
      },
      {
        text: "torch 2.6.0+cu124\nRuntimeError: Triton only support CUDA 10.0 or higher, but got CUDA version: 13.0",
        expect: "unset TRITON_PTXAS_PATH",
      },
    ],
  },
  {
    id: "triton-kernel-too-large",
    title: "A Triton kernel wants more than the GPU has",
    on: ["gpu"],
    specificity: 76,
    matches: (finding) =>
      said(
        finding,
        /out of resource: (?<what>shared memory|tensor memory|registers|threads), Required: (?<needed>\d+),? Hardware limit: (?<limit>\d+)/,
      ),
    confidence: "high",
    cause: (match) =>
      `A kernel that Triton compiled needs ${match.facts["needed"] ?? ""} ${match.facts["what"] === "threads" || match.facts["what"] === "registers" ? match.facts["what"] : `bytes of ${match.facts["what"] ?? "shared memory"}`} a block, and this GPU has ${match.facts["limit"] ?? ""}: its block sizes and number of stages were chosen for another GPU (A100 and H100 have more than RTX cards, V100 and T4), or for a smaller head size or type. Nothing that was installed is broken.`,
    fix: () => [
      "# one's own kernel: smaller BLOCK_M, BLOCK_N, BLOCK_K, or num_stages=1 or 2 in the triton.Config or the call; @triton.autotune leaves out configurations that do not fit when there are others",
      "# a package's kernel: a newer release of it (and of Triton), a config of its own for this GPU (fused_moe: configs/*.json), or another backend for attention; torch.compile: without mode='max-autotune'",
    ],
    sources: ["triton: python/triton/runtime/errors.py"],
    examples: [
      {
        text: "triton.runtime.errors.OutOfResources: out of resource: shared memory, Required: 131072, Hardware limit: 101376. Reducing block sizes or `num_stages` may help.",
        expect: "num_stages=1",
      },
    ],
  },
];
