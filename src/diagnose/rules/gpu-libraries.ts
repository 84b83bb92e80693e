/** The libraries above the CUDA run time: cuBLAS, cuDNN, Triton, OpenMP beside them. */
import { pip, platformOf, python, setVariable, unsetVariable } from "../commands.ts";
import { coded, type Rule } from "../rule.ts";

export const gpuLibraryRules: readonly Rule[] = [
  {
    id: "gpu-library-status",
    title: "A CUDA library refuses to work",
    on: ["gpu"],
    role: "symptom",
    specificity: 50,
    matches: (finding) => coded(finding, "library-status", "library-not-initialized"),
    confidence: "low",
    cause: (match) =>
      match.finding.code === "library-not-initialized"
        ? "cuBLAS or cuDNN could not start: GPU memory is full, an earlier kernel failed, or another version of the library is loaded than the one torch was built with."
        : "cuBLAS or cuDNN refuses the call: the library does not support this GPU or type, an earlier kernel failed, or libraries of two CUDA versions are mixed.",
    fix: (match) => [
      `CUDA_LAUNCH_BLOCKING=1 ${python(match)} the_program.py`,
      "unset LD_LIBRARY_PATH",
      pip(match, "install --force-reinstall torch"),
    ],
    sources: ["https://docs.nvidia.com/cuda/cublas/#cublasstatus-t"],
    examples: [
      {
        text: "RuntimeError: CUDA error: CUBLAS_STATUS_NOT_INITIALIZED when calling `cublasCreate(handle)`",
        expect: "LD_LIBRARY_PATH",
      },
    ],
  },
  {
    id: "cudnn-not-loadable",
    title: "cuDNN or cuBLAS cannot be loaded",
    on: ["gpu"],
    specificity: 66,
    matches: (finding) => coded(finding, "library-not-loaded"),
    confidence: "medium",
    cause: () =>
      "torch loads the parts of cuDNN when they are first needed, and one of them is not found or is of another version: the nvidia-cudnn package is missing or damaged, or LD_LIBRARY_PATH names another cuDNN, which is found first.",
    fix: (match) => [
      unsetVariable(match, "LD_LIBRARY_PATH") + "   # and try again",
      pip(match, "list | grep -i cudnn"),
      pip(match, "install --force-reinstall torch"),
    ],
    sources: ["https://docs.nvidia.com/deeplearning/cudnn/backend/latest/"],
    examples: [
      {
        text: "Unable to load any of {libcudnn_graph.so.9.1.0, libcudnn_graph.so.9.1, libcudnn_graph.so.9, libcudnn_graph.so}\nInvalid handle. Cannot load symbol cudnnCreateTensorDescriptor",
        expect: "LD_LIBRARY_PATH",
      },
    ],
  },
  {
    id: "triton-unusable",
    title: "Triton is missing, or the GPU is too old for it",
    on: ["gpu"],
    specificity: 70,
    matches: (finding) =>
      coded(finding, "no-triton") ?? (coded(finding, "too-old-for-triton") === undefined ? undefined : { old: "yes" }),
    confidence: "high",
    cause: (match) =>
      match.facts["old"] === undefined
        ? "torch.compile generates GPU code by way of Triton, and the package is not installed (it does not come with torch on Windows and on CPU-only builds), or is of another version than this torch needs."
        : "torch.compile generates GPU code by way of Triton, which supports GPUs from compute capability 7.0; this one is older.",
    fix: (match) =>
      match.facts["old"] === undefined
        ? [
            platformOf(match) === "win32"
              ? pip(match, "install triton-windows")
              : pip(match, "install --force-reinstall torch   # brings the triton that fits"),
            "# or without it: torch.compile(model, backend='aot_eager')",
          ]
        : ["# do without torch.compile on this GPU: TORCHDYNAMO_DISABLE=1, or backend='aot_eager'"],
    sources: ["https://docs.pytorch.org/docs/stable/torch.compiler.html"],
    examples: [
      {
        text: "RuntimeError: Cannot find a working triton installation. Either the package is not installed or it is too old.",
        expect: "triton",
      },
      {
        text: "RuntimeError: Found Quadro K620 which is too old to be supported by the triton GPU compiler, which is used as the backend.",
        expect: "7.0",
      },
    ],
  },
  {
    id: "openmp-loaded-twice",
    title: "Two OpenMP run times are loaded",
    on: ["exception"],
    specificity: 65,
    matches: (finding) => coded(finding, "openmp-twice"),
    confidence: "high",
    cause: () =>
      "Two copies of the OpenMP run time (torch's and another package's or the extension's) are in one process.",
    fix: (match) => [
      match.context.log.conda
        ? "conda install nomkl   # or all packages from one channel"
        : "# take torch and numpy from one source (all pip or all conda), and do not link another libiomp5 into the extension",
      setVariable(match, "KMP_DUPLICATE_LIB_OK", "TRUE") + "   # a stopgap that may give wrong results",
    ],
    sources: ["meta-pytorch/csprng#115"],
    examples: [
      {
        text: "OMP: Error #15: Initializing libiomp5md.dll, but found libiomp5md.dll already initialized.",
        expect: "OpenMP",
      },
    ],
  },
];
