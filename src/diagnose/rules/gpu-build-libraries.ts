/** Libraries of one GPU build that the loader does not find: torch's own and ROCm's. */
import { installGpuTorch, pip, python, rebuild, reinstall } from "../commands/commands.ts";
import { unique } from "../../base/order.ts";
import { fromCondaForge } from "../commands/conda-packages.ts";
import { missingLibrary } from "../matchers.ts";
import { originOf, packageOf, runningPackage } from "../tables/packages.ts";
import type { Match, Rule } from "../rule.ts";
import { lateTorch } from "./late-torch.ts";

/** The text's torch is one for the CPU, and the packages have wheels for that torch. */
function readyForCpu(match: Match): string[] {
  const { log, findings } = match.context;
  if (log.torchBuild !== "cpu") return [];
  const names = unique(
    findings
      .flatMap(({ text }) => /importing ['"]([\w-]+)['"]/.exec(text)?.[1] ?? [])
      .concat(packageOf(match) ?? [])
      .filter((name) => originOf(name)?.wheels !== undefined),
  );
  return names.flatMap((name) => reinstall(match, name).filter((line) => !line.startsWith("#")));
}

/** Whether it is torch that does not load, and no extension. */
function torchItself({ finding, context }: Match): boolean {
  return (
    finding.file === undefined &&
    context.findings.some(({ frames }) => /[\\/]torch[\\/]__init__\.py:\d/.test(frames?.at(-1) ?? ""))
  );
}

export const gpuBuildLibraryRules: readonly Rule[] = [
  {
    id: "torch-gpu-library-missing",
    title: "The extension needs a GPU build of torch",
    on: ["missing-library"],
    specificity: 76,
    matches: (finding, context) =>
      lateTorch(finding, context) === undefined
        ? missingLibrary(
            finding,
            /^lib(?<lib>c10_cuda|torch_cuda|c10_hip|torch_hip|c10_xpu|torch_xpu|torch_cuda_linalg)\.(?:so|dylib)/,
          )
        : undefined,
    confidence: (match) => (match.context.environment?.torch === undefined ? "medium" : "high"),
    cause: (match) => {
      const torch = match.context.environment?.torch;
      const lib = match.facts["lib"] ?? "";
      const has = torch?.libraries.includes(lib) === true;
      if (has)
        return `\`${match.facts["name"] ?? ""}\` is part of the torch that is installed here (${torch?.version ?? ""}), but it was not loaded: import torch before the extension (extensions carry no path to torch's libraries).`;
      const rocm = match.context.log.torchBuild === "rocm" && !/hip|xpu/.test(lib);
      if (rocm)
        return `${match.facts["who"] ?? ""} was built for a CUDA build of torch: \`${match.facts["name"] ?? ""}\` exists only there, and the installed torch is a ROCm build (${match.context.log.installedTorch ?? ""}). What belongs to torch has to come from the same index.`;
      const what = /hip/.test(lib) ? "a ROCm build" : /xpu/.test(lib) ? "an XPU build" : "a CUDA build";
      return `${match.facts["who"] ?? ""} was built for ${what} of torch: \`${match.facts["name"] ?? ""}\` exists only there. ${torch === undefined ? (match.context.log.torchBuild === "cuda" ? `The installed torch is one (${match.context.log.installedTorch ?? match.context.log.torch ?? "with CUDA"}), so torch was not imported first, or another torch is found.` : `The installed torch is ${match.context.log.installedTorch === undefined ? "a CPU-only build (or torch was not imported first)" : `${match.context.log.installedTorch}, without it`}.`) : `The torch that is installed here is ${torch.version}.`}`;
    },
    fix: (match) => {
      if (match.context.log.torchBuild === "rocm" && !/hip|xpu/.test(match.facts["lib"] ?? "")) return forRocm(match);
      const conda = fromCondaForge(match, "cuda");
      if (conda !== undefined && /cuda/.test(match.facts["lib"] ?? "")) return conda;
      const ready = readyForCpu(match);
      if (ready.length > 0)
        return [
          ...ready,
          "# or, where a GPU of NVIDIA's is there, torch with CUDA in place of the wheels:",
          `# ${installGpuTorch(match)}`,
        ];
      return [
        `${python(match)} -c "import torch; print(torch.__version__, torch.version.cuda, torch.version.hip)"   # a GPU build? then import torch before the module, and nothing else is to be done; otherwise:`,
        /hip|xpu/.test(match.facts["lib"] ?? "")
          ? pip(
              match,
              `install --force-reinstall torch --index-url https://download.pytorch.org/whl/${/hip/.test(match.facts["lib"] ?? "") ? "rocm7.0   # the ROCm of this machine" : "xpu"}`,
            )
          : installGpuTorch(match),
        "# or build the extension again for the torch that is installed:",
        ...rebuild(match),
      ];
    },
    sources: ["pytorch/pytorch#110074", "pytorch/pytorch#139410"],
    examples: [
      {
        text: "UserWarning: An issue occurred while importing 'torch-scatter'. Disabling its usage. Stacktrace: libc10_cuda.so: cannot open shared object file: No such file or directory\nOSError: libc10_cuda.so: cannot open shared object file: No such file or directory\n\ntorch 2.0.1+cpu",
        expect: "--only-binary torch-scatter torch-scatter -f https://data.pyg.org/whl/torch-2.0.1+cpu.html",
      },
      {
        text: '$ conda install -c conda-forge openmm-torch\n  File "/home/u/anaconda3/envs/e/lib/python3.11/site-packages/openmmtorch.py", line 15, in <module>\n    import _openmmtorch\nImportError: libtorch_cuda.so: cannot open shared object file: No such file or directory',
        expect: 'conda install -y -c conda-forge --override-channels "pytorch=*=cuda*" openmm-torch',
      },
      {
        text: '2.5.1+rocm6.2\n  File "/e/lib/python3.10/site-packages/torchaudio/_extension/utils.py", line 56, in _load_lib\n    torch.ops.load_library(path)\nOSError: libtorch_cuda.so: cannot open shared object file: No such file or directory',
        expect: "install --force-reinstall --no-deps torchaudio --index-url https://download.pytorch.org/whl/rocm6.2",
      },
      {
        text: "ImportError: libc10_cuda.so: cannot open shared object file: No such file or directory",
        expect: "CPU-only",
      },
      {
        text: "ImportError: libc10_hip.so: cannot open shared object file: No such file or directory",
        expect: "whl/rocm",
      },
    ],
  },
  {
    id: "torch-split-library-missing",
    title: "Built for torch 1.8 to 1.12, whose libraries were split",
    on: ["missing-library"],
    specificity: 80,
    matches: (finding) => missingLibrary(finding, /^libtorch_cuda_(?:cu|cpp)\.so/),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\` existed only in some builds of torch up to 1.12: ${match.facts["who"] ?? ""} was built for such an old torch and not for the installed one.`,
    fix: (match) => {
      const name = packageOf(match) ?? runningPackage(match) ?? match.context.log.package;
      if (name !== undefined) return reinstall(match, name);
      return [
        "# a package's wheel: the one for the installed torch, or from source: pip install --force-reinstall --no-deps --no-build-isolation <package>",
        ...rebuild(match),
      ];
    },
    sources: ["YuliangXiu/ECON#114", "rusty1s/pytorch_scatter#205"],
    examples: [
      {
        text: "ImportError: libtorch_cuda_cu.so: cannot open shared object file: No such file or directory",
        expect: "1.12",
      },
      {
        text: '  File "/e/lib/python3.8/site-packages/torch_scatter/__init__.py", line 13, in <module>\nOSError: libtorch_cuda_cu.so: cannot open shared object file: No such file or directory',
        expect: "data.pyg.org",
      },
      {
        text: "File ~/e/lib/python3.8/site-packages/torch_geometric/nn/pool.py:7\n      6 import torch\n----> 7 from torch_cluster import fps\n...\nOSError: libtorch_cuda_cu.so: cannot open shared object file: No such file or directory",
        expect: "data.pyg.org",
      },
    ],
  },
  {
    id: "rocm-library-missing",
    title: "A ROCm library is not there",
    on: ["missing-library"],
    specificity: 74,
    matches: (finding) =>
      missingLibrary(finding, /^lib(?<lib>amdhip64|hip\w+|roc\w+|MIOpen|rccl|hsa-runtime64|amd_comgr|hiprtc)\.so/),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\` is of ROCm: ${torchItself(match) ? "torch itself" : (match.facts["who"] ?? "")} was built for ROCm, in that version, and it is not installed here or not on the loader's path.`,
    fix: (match) => [
      ...(match.context.log.rocmFromPip || match.context.log.torchBuild === "rocm"
        ? [
            `export LD_LIBRARY_PATH=$(${python(match)} -c "import site, glob; print(':'.join(d for p in site.getsitepackages() for d in glob.glob(p + '/_rocm_sdk_*/lib')))"):$LD_LIBRARY_PATH   # ROCm of pip (_rocm_sdk_core, _rocm_sdk_libraries_*)`,
            `${pip(match, "list")} | grep -i rocm   # rocm[libraries,devel] and torch of one release, from one index`,
          ]
        : []),
      ...(torchItself(match)
        ? [
            `ls /opt/rocm*/lib/${(match.facts["name"] ?? "").replace(/\.so.*$/, "")}.so*   # another number behind .so: this torch is for another release of ROCm than the one that is installed`,
            "export LD_LIBRARY_PATH=/opt/rocm/lib:$LD_LIBRARY_PATH   # it is there, in that version",
            `# it is not: PyTorch's own wheel, which brings its ROCm libraries: ${pip(match, "install --force-reinstall torch --index-url https://download.pytorch.org/whl/rocm6.4")} (the rocm number of its list of indexes that the driver allows); a torch of AMD's or built here: the ROCm that it was built with`,
          ]
        : ["export LD_LIBRARY_PATH=/opt/rocm/lib:$LD_LIBRARY_PATH   # when ROCm is installed", ...rebuild(match)]),
    ],
    sources: ["ROCm/legacy-rocm-build#1530", "https://github.com/ROCm/TheRock/blob/main/RELEASES.md"],
    examples: [
      {
        text: "pip install rocm[libraries,devel]\nImportError: libhipblas.so.3: cannot open shared object file: No such file or directory",
        expect: "_rocm_sdk_",
      },
      {
        text: 'Traceback (most recent call last):\n  File "/e/lib/python3.12/site-packages/torch/__init__.py", line 427, in <module>\n    from torch._C import *  # noqa: F403\nImportError: libhipblaslt.so.0: cannot open shared object file: No such file or directory',
        expect: "torch itself was built for ROCm",
      },
      {
        text: "ImportError: libamdhip64.so.6: cannot open shared object file: No such file or directory",
        expect: "ROCm",
      },
    ],
  },
];

/** What goes with a ROCm torch: torch's companions from the same index, others built again. */
function forRocm(match: Match): string[] {
  const name = packageOf(match);
  const rocm = match.context.log.torchRocm ?? "<version>";
  if (name !== undefined && /^torch(?:audio|vision|text|codec|ao)$/.test(name))
    return [
      pip(
        match,
        `install --force-reinstall --no-deps ${name} --index-url https://download.pytorch.org/whl/rocm${rocm}   # the release that goes with torch ${match.context.log.torch ?? ""}`,
      ),
    ];
  return [
    "# a wheel of the package for ROCm, when there is one; else build it here, where torch is a ROCm build:",
    ...rebuild(match),
  ];
}
