/** What fails on the GPU when a built extension runs: architectures and memory. */
import {
  buildForThisGpu,
  installTorchFor,
  knownCapabilities,
  pip,
  platformOf,
  python,
  reinstall,
  removeFolder,
  setVariable,
  xformersFor,
} from "../commands/commands.ts";
import { ofLog } from "../matchers.ts";
import { coded, type Match, type Rule, type RuleContext } from "../rule.ts";
import { dotted } from "../tables/version-facts.ts";
import { buildWithOwnTargets, namesItsTargets } from "../commands/own-targets.ts";
import { frameworkOf } from "../facts/other-field.ts";
import { isBuiltByPython } from "../commands/typed-builds.ts";
import { archList } from "../commands/rebuild-commands.ts";
import { packageOf } from "../tables/packages.ts";
import { failedInTorch } from "./gpu-frames.ts";

/** Whether the kernel is one of a LibTorch that a C++ program uses. */
function ofLibTorch(match: Match): boolean {
  return ofLog(match.context, runsLibTorch);
}

function runsLibTorch({ findings }: RuleContext): boolean {
  return (
    findings.some(({ code }) => code === "terminate") &&
    findings.some(
      ({ code, frames }) =>
        code === "backtrace" &&
        frames?.some((frame) => /^(?!.*site-packages).*libtorch_cuda\w*\.so: .*at::native::/.test(frame)),
    )
  );
}

/** What a process has beside torch's tensors: the CUDA context and the libraries' own memory. */
const contextGiB = 3;

/** The first other process of those that torch says hold memory, `Process 7 has 9.10 GiB`: in a container the program itself is one of them. */
function otherProcess({ context }: Match): string | undefined {
  const said =
    context.findings.find(({ message }) => /Process \d+ has [\d.]+ GiB memory in use/.test(message))?.message ?? "";
  const gib = (form: RegExp): number => {
    const [, amount = "0", unit] = form.exec(said) ?? [];
    return unit === "MiB" ? Number(amount) / 1024 : Number(amount);
  };
  const own =
    gib(/allocated memory ([\d.]+) ([GM]iB) is allocated by PyTorch/) +
    gib(/([\d.]+) ([GM]iB) is reserved by PyTorch/) +
    gib(/([\d.]+) ([GM]iB) (?:is )?allocated in private pools/);
  return Array.from(said.matchAll(/Process \d+ has ([\d.]+) GiB/g)).find(
    ([, amount = "0"]) => own === 0 || Number(amount) < own || Number(amount) > own + contextGiB,
  )?.[0];
}

/** A torch that has code for the GPU that the text names; for both kinds of GPU where it names none. */
function torchForGpu(match: Match): string[] {
  const [known = match.context.log.namedCapability] = knownCapabilities(match);
  const forNew = `${installTorchFor(match, "12.8")}   # a new GPU: RTX 50 and Blackwell need a build for CUDA 12.8 or newer`;
  const forOld = `${installTorchFor(match, "12.6")}   # an old GPU: compute capability 5.0 to 7.0 are in the builds for CUDA 12.6`;
  if (known !== undefined && Number(known) >= 10) return [forNew];
  if (known !== undefined && Number(known) <= 7) return [forOld];
  return [forNew, `# ${forOld}`];
}

/** A program that is no extension of torch: its own flags name the GPUs. */
function ofProgram(match: Match): string[] {
  const framework = frameworkOf(match.context.log.otherField);
  if (framework !== undefined) {
    const [name, requirement, shows] = framework;
    return [
      "nvidia-smi --query-gpu=name,compute_cap,driver_version --format=csv   # this GPU",
      `${python(match)} -c "${shows}"`,
      `${pip(match, `install --upgrade ${requirement}`)}   # for a GPU that is newer than the installed ${name}${name === "JAX" ? "; CUDA 13: jax[cuda13]" : ""}`,
      `# no release of ${name} has code for it (Jetson, GPUs that were dropped): NVIDIA's container or wheels for that machine, or an older release`,
    ];
  }
  const capability = knownCapabilities(match)[0] ?? match.context.log.namedCapability;
  const number = capability?.replace(".", "");
  return [
    "nvidia-smi --query-gpu=name,compute_cap --format=csv   # this GPU: 8.6 is sm_86",
    `# compile it again for that GPU: nvcc -arch=sm_${number ?? "86"} …; CMake: rm -rf build, then -DCMAKE_CUDA_ARCHITECTURES=${number ?? "86"}${match.context.log.otherField === "opencv" ? `; OpenCV: -DCUDA_ARCH_BIN=${capability ?? "8.6"}` : ""}`,
    ...(match.context.log.otherField === "cupy"
      ? [
          "# CuPy's wheels hold code for the GPUs of their CUDA: a newer GPU needs a newer one (cupy-cuda12x, cupy-cuda13x)",
        ]
      : []),
  ];
}

/** The script that calls the extension, where nothing else is in the traceback. */
function scriptAlone({ finding, context }: Match): string | undefined {
  const { log } = context;
  const frames = [finding, ...context.findings].find(({ frames: list }) => list !== undefined)?.frames ?? [];
  const file = /^(.+\.py):\d+ /.exec(frames.at(-1) ?? "")?.[1];
  return frames.length > 2 || file === undefined || log.installer !== undefined || /-packages[\\/]/.test(file)
    ? undefined
    : file;
}

/** Whether one file alone stands in the traceback, the script that was started. */
function ofOneFile({ finding, context }: Match): boolean {
  const frames = [finding, ...context.findings].find(({ frames: list }) => list !== undefined)?.frames ?? [];
  return new Set(frames.map((frame) => /^(.+\.py):\d+ /.exec(frame)?.[1])).size === 1;
}

/**
 * An extension that a plain script calls, in a text that tells neither its package nor how it was built: the variable, and the ways
 * to build. What load() builds is built anew by the program itself, since the flags are others.
 */
function untoldExtension(match: Match): string[] | undefined {
  const { log } = match.context;
  if (
    match.finding.kind !== "gpu" ||
    scriptAlone(match) === undefined ||
    !ofOneFile(match) ||
    packageOf(match) !== undefined
  )
    return undefined;
  if (
    log.setupCommand !== undefined ||
    log.cmakeTarget !== undefined ||
    log.buildRoot !== undefined ||
    log.namesRetorch ||
    log.compiledPackages.length > 0 ||
    log.typed.some(({ kind }) => kind !== "program") ||
    isBuiltByPython(match)
  )
    return undefined;
  const set = setVariable(match, "TORCH_CUDA_ARCH_LIST", archList(match));
  const own = `where it sets os.environ["TORCH_CUDA_ARCH_LIST"] itself, that line wins: change it`;
  if (log.showsLoad === true || log.builtAtRunTime)
    return [set, `# then the program again: load() builds the extension anew, as its flags are others; ${own}`];
  const windows = platformOf(match) === "win32";
  return [
    set,
    "# then the extension anew, in the way in which it was built:",
    `# - by pip, in the folder of its setup.py or pyproject.toml: ${removeFolder(match, "build")}${windows ? ", then" : " &&"} ${pip(match, "install --no-build-isolation --no-cache-dir --force-reinstall --no-deps -v .")}`,
    `# - in place: ${python(match)} setup.py build_ext --inplace --force`,
    `# - by CMake: its build folder removed, -DCMAKE_CUDA_ARCHITECTURES=${architecture(match)} (with find_package(Torch): the variable above), and built again; make: its own -arch or -gencode flags, then make -B`,
    `# - by load() or load_inline() in the program: nothing but the program again; ${own}`,
  ];
}

/** `86` for CMake; `native` where the GPU is not told. */
function architecture(match: Match): string {
  return knownCapabilities(match)[0]?.replace(".", "") ?? "native";
}

export const gpuRunTimeRules: readonly Rule[] = [
  {
    id: "no-kernel-image",
    title: "The extension has no code for this GPU",
    on: ["gpu", "exception", "installer"],
    specificity: 70,
    matches: (finding) => {
      // xFormers' kernels look at what they were compiled for themselves.
      if (finding.kind === "installer")
        return finding.code === "built-for-other-sm"
          ? { name: "xformers", built: /built for sm(\d+)/.exec(finding.message)?.[1] }
          : undefined;
      if (finding.kind === "gpu") return finding.tool === "cuda" ? coded(finding, "no-kernel-image") : undefined;
      const built = /Could not find compatible (?<name>\w+) extension for compute capability (?<capability>\d+)/.exec(
        finding.message,
      );
      return built === null ? undefined : { ...built.groups };
    },
    confidence: (match) => (frameworkOf(match.context.log.otherField) === undefined ? "high" : "medium"),
    cause: (match) =>
      frameworkOf(match.context.log.otherField) !== undefined
        ? `The kernels in the installed ${frameworkOf(match.context.log.otherField)?.[0] ?? ""} (its own wheels) were not compiled for this GPU, and no PTX is in them that the driver could translate. torch and its extensions have no part in it.`
        : match.context.log.otherField !== undefined
          ? "The kernels in the program were compiled for other GPU architectures than that of this GPU, and no PTX is in it that the driver could translate."
          : failedInTorch(match)
            ? "The call that failed is torch's own: this build of torch has no code for this GPU (the GPU is newer or older than the architectures it was compiled for). No extension is at fault, and building one again does not help (unless one's kernel ran just before: a launch that nobody checks shows at the next call of torch)."
            : `The kernels in the binary were compiled for other GPU architectures than the one that runs them${match.facts["capability"] === undefined ? "" : ` (compute capability ${dotted(match.facts["capability"])})`}, and no PTX is in it that the driver could translate: ${namesItsTargets(match) === undefined ? "TORCH_CUDA_ARCH_LIST at build time did not hold this GPU, or the installed torch itself no longer (or not yet) supports it" : `the setup.py of ${namesItsTargets(match) ?? ""} names its targets itself, and this GPU is none of them in the installed release`}.`,
    fix: (match) =>
      match.context.log.otherField !== undefined
        ? ofProgram(match)
        : ofLibTorch(match)
          ? [
              "nvidia-smi --query-gpu=name,compute_cap --format=csv   # this GPU",
              "cuobjdump --list-elf <libtorch>/lib/libtorch_cuda.so | grep -oE 'sm_[0-9]+' | sort | uniq -c   # what LibTorch has code for",
              "# a LibTorch download for a CUDA that knows this GPU: https://pytorch.org/get-started/locally/ (LibTorch, C++)",
              'export TORCH_CUDA_ARCH_LIST="6.1;7.5"   # built from source: all GPUs that it is to run on, then build torch again from an empty folder; and the program\'s own .cu files (CMAKE_CUDA_ARCHITECTURES)',
            ]
          : [
              ...(match.facts["name"] === "tinycudann"
                ? [
                    setVariable(match, "TCNN_CUDA_ARCHITECTURES", match.facts["capability"] ?? ""),
                    ...reinstall(match, "tinycudann"),
                  ]
                : []),
              `${python(match)} -c "import torch; print(torch.cuda.get_device_capability(), torch.cuda.get_arch_list())"   # is this GPU in torch's own list?`,
              ...(match.facts["name"] === "tinycudann"
                ? []
                : match.facts["name"] === "xformers"
                  ? [
                      ...xformersFor(match, match.context.log.installedTorch),
                      "# or from source on the machine with this GPU (about an hour): pip install -v --no-build-isolation git+https://github.com/facebookresearch/xformers.git, with TORCH_CUDA_ARCH_LIST of all GPUs that are to run it",
                    ]
                  : failedInTorch(match)
                    ? torchForGpu(match)
                    : (buildWithOwnTargets(match) ?? untoldExtension(match) ?? buildForThisGpu(match))),
              ...(scriptAlone(match) && untoldExtension(match) === undefined
                ? [
                    `# a script that compiles by load() or load_inline(): no pip, run it again with the variable; where it sets os.environ["TORCH_CUDA_ARCH_LIST"] itself, that line wins: change it (${scriptAlone(match) ?? ""})`,
                  ]
                : []),
              "# when torch's list lacks the GPU: a newer torch for a new GPU, an older one for an old GPU",
            ],
    sources: [
      "facebookresearch/detectron2#235",
      "NVIDIA/apex#1592",
      "NVlabs/tiny-cuda-nn#230",
      "NVlabs/tiny-cuda-nn#330",
      "facebookresearch/xformers#692",
      "facebookresearch/xformers#1045",
    ],
    examples: [
      {
        text: '$ python bench.py\nTraceback (most recent call last):\n  File "/home/ana/bench.py", line 21, in <module>\n    out = fused_ops.forward(x)\nRuntimeError: CUDA error: no kernel image is available for execution on the device',
        expect: "# - in place: python setup.py build_ext --inplace --force",
      },
      {
        text: '$ cat demo.py\nfrom torch.utils.cpp_extension import load\nscan = load(name="scan", sources=["scan.cu"])\n$ python demo.py\nTraceback (most recent call last):\n  File "demo.py", line 8, in <module>\n    y = scan.fwd(x)\nRuntimeError: CUDA error: no kernel image is available for execution on the device',
        expect: "# then the program again: load() builds the extension anew",
      },
      {
        text: "$ cd models/dino/ops && sh make.sh && cd - && python main.py\nrunning build_ext\nEmitting ninja build file /work/p/models/dino/ops/build/temp.linux-x86_64-3.9/build.ninja...\nninja: no work to do.\nRuntimeError: CUDA error: no kernel image is available for execution on the device\nGPU 0: Tesla V100-SXM2-32GB",
        expect: "(cd /work/p/models/dino/ops && rm -rf build dist *.egg-info && sh make.sh)",
      },
      {
        text: "$ python -c 'import jax; print(jax.numpy.arange(4).sum())'\nE0905 20:29:15 INTERNAL: CUDA Runtime error: [0] Failed call to cudaGetFuncBySymbol: cudaErrorNoKernelImageForDevice: no kernel image is available for execution on the device",
        expect: "jax[cuda12]",
      },
      {
        text: "$ nvcc -arch=sm_90 vecadd.cu -o vecadd && ./vecadd\nCUDA error at vecadd.cu:44: no kernel image is available for execution on the device\nNVIDIA GeForce RTX 3060, 8.6",
        expect: "nvcc -arch=sm_86",
      },
      {
        text: "RuntimeError: CUDA error: no kernel image is available for execution on the device",
        expect: "TORCH_CUDA_ARCH_LIST",
      },
      {
        text: "NVIDIA GeForce RTX 4090\nCUDA error 209 at /src/k.cu:12: no kernel image is available for execution on the device",
        expect: "TORCH_CUDA_ARCH_LIST=8.9",
      },
      {
        text: 'Traceback (most recent call last):\n  File "main_nerf.py", line 138, in <module>\n    trainer.train(train_loader)\n  File "/codes/torch-ngp/gridencoder/grid.py", line 54, in forward\n    _backend.grid_encode_forward(inputs, embeddings)\nRuntimeError: CUDA error: no kernel image is available for execution on the device\n$ pip show gridencoder\nName: gridencoder\nLocation: /opt/conda/lib/python3.8/site-packages',
        expect: "cd /codes/torch-ngp/gridencoder",
      },
      {
        text: "conv1d_out = causal_conv1d_cuda.causal_conv1d_fwd(x, weight, bias, None, True)\nRuntimeError: CUDA error: no kernel image is available for execution on the device",
        expect: "CAUSAL_CONV1D_FORCE_BUILD",
      },
      {
        text: "CUDA error 209 at /src/k.cu:12: no kernel image is available for execution on the device",
        expect: "TORCH_CUDA_ARCH_LIST",
      },
      { text: "OSError: Could not find compatible tinycudann extension for compute capability 75.", expect: "7.5" },
      { text: "FATAL: this function is for sm80, but was built for sm750", expect: "uninstall -y xformers" },
      {
        text: "FATAL: kernel `fmha_cutlassF_f32_aligned_32x128_gmem_sm80` is for sm80-sm90, but was built for sm70",
        expect: "xformers.git",
      },
    ],
  },
  {
    id: "tinycudann-cutlass",
    title: "tiny-cuda-nn's matrix product does not start",
    on: ["gpu"],
    specificity: 74,
    matches: (finding) => coded(finding, "cutlass-internal"),
    confidence: "medium",
    cause: () =>
      "CUTLASS inside tiny-cuda-nn does not start its kernel: tiny-cuda-nn was compiled for other GPU architectures than the one that runs it (its own variable TCNN_CUDA_ARCHITECTURES, or the GPU that was there at build time), an earlier kernel of the process had already failed or the memory of the GPU is full, or the input has no rows (all samples masked away).",
    fix: (match) => [
      `${python(match)} -c "import torch; print(torch.cuda.get_device_capability(), torch.cuda.mem_get_info())"`,
      setVariable(match, "TCNN_CUDA_ARCHITECTURES", (knownCapabilities(match)[0] ?? "8.6").replace(".", "")) +
        `   # for ${knownCapabilities(match)[0] ?? "8.6"}; this GPU's compute capability without the dot`,
      pip(
        match,
        "install --no-build-isolation --force-reinstall --no-deps --no-cache-dir git+https://github.com/NVlabs/tiny-cuda-nn/#subdirectory=bindings/torch",
      ),
      `CUDA_LAUNCH_BLOCKING=1 ${python(match)} the_program.py   # the same GPU already: is the input empty (x.shape[0] == 0), or did an earlier kernel fail?`,
    ],
    sources: ["NVlabs/tiny-cuda-nn#61", "NVlabs/instant-ngp#219", "nerfstudio-project/nerfacc#91"],
    examples: [
      {
        text: "RuntimeError: /tmp/pip-req-build-q/include/tiny-cuda-nn/cutlass_matmul.h:332 status failed with error Error Internal",
        expect: "TCNN_CUDA_ARCHITECTURES",
      },
      { text: "Got cutlass error: Error Internal at: 363", expect: "x.shape[0] == 0" },
    ],
  },
  {
    id: "invalid-device-function",
    title: "The kernel was not compiled for this GPU (invalid device function)",
    on: ["gpu"],
    specificity: 68,
    matches: (finding) =>
      finding.tool === "cuda"
        ? coded(finding, "invalid-device-function", "symbol-not-found", "invalid-image")
        : undefined,
    confidence: "medium",
    cause: () =>
      "The kernel does not exist in a form for this GPU: the binary was built for other architectures (TORCH_CUDA_ARCH_LIST), is left over from another build, or its device code was dropped at the link (two CUDA run times, relocatable device code without device link).",
    fix: (match) => buildForThisGpu(match),
    sources: ["facebookresearch/detectron2#62"],
    examples: [
      { text: "RuntimeError: CUDA error: invalid device function", expect: "TORCH_CUDA_ARCH_LIST" },
      {
        text: '  File "/e/lib/python3.7/site-packages/spconv/ops.py", line 89, in get_indice_pairs\nRuntimeError: /home/jo/spconv/src/spconv/indice.cu 120\ncuda execution failed with error 98 invalid device function',
        expect: "cd /home/jo/spconv",
      },
      { text: "error in ms_deformable_im2col_cuda: invalid device function", expect: "TORCH_CUDA_ARCH_LIST" },
    ],
  },
  {
    id: "gpu-out-of-memory",
    title: "The GPU's memory is full",
    on: ["gpu"],
    specificity: 60,
    matches: (finding) => coded(finding, "out-of-memory"),
    confidence: "high",
    cause: (match) =>
      /MPS/.test(match.finding.text)
        ? "torch wants more memory on Apple's GPU than its limit allows; the GPU shares the machine's memory with all programs. This is no fault of the build."
        : `The program asked for more GPU memory than is free. This is no fault of the build.${otherProcess(match) !== undefined ? ` Another process holds a part of it (${otherProcess(match) ?? ""}); JAX and TensorFlow take most of the GPU at once unless they are told not to (XLA_PYTHON_CLIENT_PREALLOCATE=false, TF_FORCE_GPU_ALLOW_GROWTH=true).` : ""}`,
    fix: (match) =>
      /MPS/.test(match.finding.text)
        ? [
            "export PYTORCH_MPS_HIGH_WATERMARK_RATIO=0.0   # before the program starts: no limit (the system may swap or stop it)",
            "# smaller batches or float16, torch.mps.empty_cache() between steps, other programs closed",
          ]
        : [
            /\bHIP\b/.test(match.finding.text)
              ? "rocm-smi --showmeminfo vram --showpids   # does another process hold the memory?"
              : /XPU/.test(match.finding.text)
                ? "xpu-smi dump -m 18 -n 1   # does another process hold the memory?"
                : "nvidia-smi   # does another process hold the memory?",
            `export ${/\bHIP\b/.test(match.finding.text) ? "PYTORCH_HIP_ALLOC_CONF" : "PYTORCH_CUDA_ALLOC_CONF"}=expandable_segments:True   # against fragmentation`,
            "# smaller batches, activation checkpointing, a lower precision",
          ],
    sources: ["https://pytorch.org/docs/stable/notes/cuda.html#memory-management"],
    examples: [
      {
        text: "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 23.65 GiB",
        expect: "nvidia-smi",
      },
      {
        text: "RuntimeError: MPS backend out of memory (MPS allocated: 11.14 GB, other allocations: 6.65 GB, max allowed: 18.13 GB). Tried to allocate 375.40 MB on private pool.",
        expect: "PYTORCH_MPS_HIGH_WATERMARK_RATIO",
      },
    ],
  },
];
