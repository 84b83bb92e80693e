/** ptxas as the assembler of others (Triton, XLA, nvcc of another toolkit): PTX that is too new, kernels that are too big. */
import { compareVersions, parseVersion } from "../../base/order.ts";
import { own } from "../../base/own.ts";
import { installTorchFor, pip, platformOf, setVariable } from "../commands/commands.ts";
import { type Match, type Rule, said } from "../rule.ts";
import { isTriton } from "./triton.ts";

/** CUDA by the version of PTX that it brought. Source: "Release Notes" of the PTX ISA. */
const cudaOfPtx: Readonly<Record<string, string>> = {
  "6.3": "10.0",
  "6.4": "10.1",
  "6.5": "10.2",
  "7.0": "11.0",
  "7.1": "11.1",
  "7.2": "11.2",
  "7.3": "11.3",
  "7.4": "11.4",
  "7.5": "11.5",
  "7.6": "11.6",
  "7.7": "11.7",
  "7.8": "11.8",
  "8.0": "12.0",
  "8.1": "12.1",
  "8.2": "12.2",
  "8.3": "12.3",
  "8.4": "12.4",
  "8.5": "12.5",
  "8.6": "12.7",
  "8.7": "12.8",
  "8.8": "12.9",
  "9.0": "13.0",
  "9.1": "13.1",
  "9.2": "13.2",
  "9.3": "13.3",
  "9.4": "13.4",
  "9.5": "13.5",
};

function cudaOf(ptx: string | undefined): string {
  const cuda = own(cudaOfPtx, ptx ?? "");
  return cuda === undefined ? "" : ` (CUDA ${cuda})`;
}

function triton(match: Match): boolean {
  return isTriton(match.finding, match.context);
}

/** Whether it is the assembler inside of the driver that speaks: it has no file. */
function ofDriver(match: Match): boolean {
  return /ptxas application ptx input/.test(match.finding.text);
}

export const ptxAssemblerRules: readonly Rule[] = [
  {
    id: "ptx-newer-than-ptxas",
    title: "ptxas is older than the compiler that wrote the PTX",
    on: ["driver", "exception"],
    specificity: 86,
    matches: (finding) =>
      said(finding, /Unsupported \.version (?<ptx>\d+\.\d+)(?:; current version is ['"]?(?<has>\d+\.\d+))?/),
    confidence: "high",
    cause: (match) =>
      ofDriver(match)
        ? `The PTX is of version ${match.facts["ptx"] ?? ""}${cudaOf(match.facts["ptx"])}, and what refuses it is the driver itself ("ptxas application ptx input"), which knows ${match.facts["has"] === undefined ? "only older ones" : `up to ${match.facts["has"]}${cudaOf(match.facts["has"])}`}: the CUDA toolkit that compiles at run time (Numba, CuPy, NVRTC) is newer than the driver.`
        : `The PTX is of version ${match.facts["ptx"] ?? ""}${cudaOf(match.facts["ptx"])}, and the ptxas that was called knows ${match.facts["has"] === undefined ? "only older ones" : `up to ${match.facts["has"]}${cudaOf(match.facts["has"])}`}: it is of an older CUDA toolkit than the compiler (nvcc, clang, Triton, XLA). Most often another ptxas stands first on PATH or in CUDA_HOME.`,
    fix: (match) => {
      const least = own(cudaOfPtx, match.facts["ptx"] ?? "") ?? "of that version";
      // A newer one that the text tells of is there.
      const told = match.context.log.cuda;
      const cuda = told !== undefined && compareVersions(parseVersion(told), parseVersion(least)) > 0 ? told : least;
      if (ofDriver(match)) {
        const known = own(cudaOfPtx, match.facts["has"] ?? "");
        return [
          "nvidia-smi | head -4   # update the NVIDIA driver: the CUDA that it shows has to be as new as the toolkit's",
          `conda install -c conda-forge "cuda-version<=${known ?? "<that of nvidia-smi>"}" cudatoolkit   # or an older toolkit for Numba and CuPy; pip: their packages for that CUDA`,
        ];
      }
      return [
        "which -a ptxas nvcc; ptxas --version   # which one is found first?",
        triton(match)
          ? `export TRITON_PTXAS_PATH=/usr/local/cuda-${cuda}/bin/ptxas   # of CUDA ${least} or newer; unset it when it names an older one`
          : `export CUDA_HOME=/usr/local/cuda-${cuda} PATH=/usr/local/cuda-${cuda}/bin:$PATH   # CUDA ${least} or newer: ptxas, nvcc and cicc of one toolkit`,
        `# a newer ptxas alone: conda install -c nvidia cuda-nvcc-tools=${cuda}, or pip's nvidia-cuda-nvcc`,
      ];
    },
    sources: ["https://docs.nvidia.com/cuda/parallel-thread-execution/#release-notes", "PRONTOLab/GB-25#7"],
    examples: [
      {
        text: "ptxas /tmp/x.ptx, line 9; fatal   : Unsupported .version 8.4; current version is '8.0'",
        expect: "cuda-12.4",
      },
      {
        text: "Cuda compilation tools, release 12.8, V12.8.93\nptxas /tmp/x.ptx, line 9; fatal   : Unsupported .version 8.4; current version is '8.0'",
        expect: "export CUDA_HOME=/usr/local/cuda-12.8 PATH=/usr/local/cuda-12.8/bin:$PATH",
      },
      {
        text: "ptxas /tmp/y.ptx, line 9; fatal   : Unsupported .version 8.4; current version is '8.0'",
        expect: "cuda-12.4",
      },
      {
        text: "`ptxas` stderr:\nptxas /tmp/tmp1.ptx, line 5; fatal   : Unsupported .version 8.7; current version is '8.4'\nRuntimeError: `ptxas` failed with error code 255",
        expect: "TRITON_PTXAS_PATH=/usr/local/cuda-12.8",
      },
    ],
  },
  {
    id: "ptx-too-old-for-gpu",
    title: "The compiler writes PTX that is too old for this GPU",
    on: ["driver", "exception"],
    specificity: 86,
    matches: (finding) => said(finding, /PTX \.version (?<ptx>\d+\.\d+) does not support \.target (?<target>sm_\w+)/),
    confidence: "high",
    cause: (match) =>
      `The compiler (${triton(match) ? "Triton" : "clang, Triton, XLA or an old nvcc"}) writes PTX ${match.facts["ptx"] ?? ""}${cudaOf(match.facts["ptx"])}, and \`${match.facts["target"] ?? ""}\` came with a later one: it is older than the GPU. ptxas itself knows the GPU.`,
    fix: (match) =>
      triton(match)
        ? [
            pip(
              match,
              "install --upgrade torch   # brings a Triton that knows the GPU (its release belongs to torch's)",
            ),
            `rm -rf ~/.triton/cache; ${pip(match, "list | grep -i -E 'triton|torch'")}`,
            "# until then: without torch.compile (TORCHDYNAMO_DISABLE=1), or the package's path without Triton",
          ]
        : [
            "# a newer compiler: clang -Xclang -target-feature -Xclang +ptx78 (or newer), a newer jaxlib, or nvcc of CUDA 11.8 and newer for sm_89 and sm_90, 12.8 for sm_100 and sm_120",
          ],
    sources: ["pytorch/pytorch#95082"],
    examples: [
      {
        text: "RuntimeError: Internal Triton PTX codegen error:\nptxas /tmp/filelSnH8K, line 6; error   : PTX .version 7.4 does not support .target sm_89\nptxas fatal   : Ptx assembly aborted due to errors",
        expect: "install --upgrade torch",
      },
    ],
  },
  {
    id: "triton-ptxas-failed",
    title: "Triton's ptxas gave up on this GPU's code",
    on: ["exception", "wrapper"],
    specificity: 60,
    matches: (finding, context) => {
      const failed =
        /Internal Triton PTX codegen error:?\s*$|ptxas(?:\.exe)?'.*--gpu-name=sm_\w+'.*returned non-zero exit status/;
      if (!failed.test(finding.text) || context.findings.some((other) => other.tool === "ptxas")) return undefined;
      const targets = context.findings.map((other) => /ptxas(?:\.exe)?'.*--gpu-name=(sm_\w+)'/.exec(other.text)?.[1]);
      return { target: targets.find((target) => target !== undefined) };
    },
    confidence: (match) => (/sm_1\d\d/.test(match.facts["target"] ?? "") ? "medium" : "low"),
    cause: (match) =>
      match.facts["target"] === undefined
        ? "The ptxas that Triton brings failed, and its own words are not in this text. Most often it does not know the GPU (which is newer than Triton), or a kernel needs more registers than there are."
        : `The ptxas that Triton brings failed on code for \`${match.facts["target"]}\`, and its own words are not in this text. ${/sm_1\d\d/.test(match.facts["target"]) ? "For a GPU this new the reason nearly always is that this ptxas is of a CUDA before 12.8 (13.0 for sm_103, sm_110 and sm_121), which does not know it: torch and its Triton are older than the GPU." : "It does not know the GPU, or a kernel needs more registers than there are."}`,
    fix: (match) => {
      // These came with CUDA 13: torch of its index has the code, and Triton's own ptxas may still be older.
      const ofCuda13 = /^sm_1(?:03|10|21)/.test(match.facts["target"] ?? "");
      const ownPtxas =
        platformOf(match) === "win32"
          ? 'set "TRITON_PTXAS_PATH=%CUDA_PATH%\\bin\\ptxas.exe"   # of a CUDA that knows the GPU: ptxas --help lists them'
          : "export TRITON_PTXAS_PATH=/usr/local/cuda/bin/ptxas   # of a CUDA that knows the GPU: ptxas --help | grep sm_";
      return [
        ...(platformOf(match) === "win32"
          ? [
              `${pip(match, "install --upgrade triton-windows")}   # its release belongs to torch's: 3.3 to torch 2.7, 3.4 to 2.8, 3.5 to 2.9`,
            ]
          : []),
        ...(ofCuda13
          ? [
              ownPtxas,
              "# it lists no such GPU: the toolkit of CUDA 13.0 first; a torch of the index cu130 brings a newer Triton",
            ]
          : [
              installTorchFor(match, "12.8") +
                "   # brings a Triton whose ptxas knows RTX 50 and Blackwell; or a newer CUDA",
              ownPtxas,
            ]),
        "# what it said: TORCHDYNAMO_VERBOSE=1 TORCH_LOGS=+inductor, or run the command of the message by hand",
      ];
    },
    sources: [
      "fishaudio/fish-speech#907",
      "triton-lang/triton#8096",
      "triton-lang/triton#8539",
      "triton-lang/triton: python/triton/knobs.py",
    ],
    examples: [
      {
        text: "subprocess.CalledProcessError: Command '['C:\\\\e\\\\Lib\\\\site-packages\\\\triton\\\\backends\\\\nvidia\\\\bin\\\\ptxas.exe', '-lineinfo', '-v', '--gpu-name=sm_120', 'C:\\\\t\\\\a.ptx', '-o', 'C:\\\\t\\\\a.ptx.o']' returned non-zero exit status 4294967295.",
        expect: "triton-windows",
      },
      {
        text: "subprocess.CalledProcessError: Command '['/e/site-packages/triton/backends/nvidia/bin/ptxas', '-lineinfo', '-v', '--gpu-name=sm_120', '/tmp/a.ptx', '-o', '/tmp/a.ptx.o']' returned non-zero exit status 255.",
        expect: "TRITON_PTXAS_PATH",
      },
    ],
  },
  {
    id: "ptxas-out-of-memory",
    title: "ptxas has no memory left",
    on: ["driver", "tool-died"],
    specificity: 84,
    matches: (finding) =>
      finding.tool === "ptxas" || finding.tool === "cicc" || finding.tool === "nvcc"
        ? said(finding, /Memory allocation failure|[Oo]ut of memory|std::bad_alloc/)
        : undefined,
    confidence: "high",
    cause: (match) =>
      `${match.finding.tool} could not get memory: kernels are too large (unrolled loops, many templates, everything inlined), too many compiles run at once, or an architecture among those compiled for makes it use much more than the others.`,
    fix: (match) => [
      `${setVariable(match, "MAX_JOBS", "1")}   # one compile at a time; nvcc's --threads 1, too`,
      "# fewer architectures: only that of the GPU at hand (TORCH_CUDA_ARCH_LIST, -gencode, CMAKE_CUDA_ARCHITECTURES), old ones such as sm_30 least of all",
      "# smaller kernels: __noinline__ on big device functions, #pragma unroll 1, one template instance for each file; -Xptxas -O1 for that file",
      platformOf(match) === "win32"
        ? "# a larger page file (System > Advanced > Performance)"
        : "free -g   # and swap, if there is none",
    ],
    sources: ["sergeneren/Volumetric-Path-Tracer#3"],
    examples: [{ text: "ptxas fatal   : Memory allocation failure", expect: "MAX_JOBS" }],
  },
  {
    id: "kernel-needs-too-many-registers",
    title: "A kernel needs more registers than a thread can have",
    on: ["driver"],
    specificity: 84,
    matches: (finding) =>
      said(finding, /Register allocation failed with register count of ['"]?(?<count>\d+)/) ??
      said(finding, /too many registers|registers? (?:limit|count) .*exceed/i),
    confidence: "high",
    cause: (match) =>
      `ptxas cannot fit a kernel into ${match.facts["count"] ?? "255"} registers a thread, and some instructions of it cannot be spilled: ${triton(match) ? "one of the configurations that Triton's autotuner tries has too large a tile for its number of warps" : "the tile or the unrolling of the kernel is too large, or -maxrregcount and __launch_bounds__ leave too few"}. (It depends on the release of ptxas, too.)`,
    fix: (match) =>
      triton(match)
        ? [
            "# smaller BLOCK_* values or more num_warps (fewer num_stages) in the triton.Config list; drop the configuration that fails",
            "python -m pip install --upgrade torch   # newer Triton: the autotuner leaves such configurations out",
            "rm -rf ~/.triton/cache",
          ]
        : [
            "# nvcc flags: no -maxrregcount, or a larger one; __launch_bounds__ with fewer threads; #pragma unroll with a smaller number",
            "nvcc -Xptxas -v …   # registers and spills of each kernel",
          ],
    sources: ["triton-lang/triton#5017"],
    examples: [
      {
        text: "RuntimeError: Internal Triton PTX codegen error: \n  ptxas fatal   : (C7600) Register allocation failed with register count of '255'. Compile the program with a higher register target",
        expect: "num_warps",
      },
      {
        text: "ptxas fatal   : (C7600) Register allocation failed with register count of '64'. Compile the program with a higher register target",
        expect: "-maxrregcount",
      },
    ],
  },
];
