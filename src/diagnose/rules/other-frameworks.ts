/** Other frameworks in the process or the environment of torch: what they want of CUDA and cuDNN. */
import { pip, python, torchCuda, unsetVariable } from "../commands/commands.ts";
import { baseName } from "../parsers/parser.ts";
import { said, saidAny, type Match, type Rule } from "../rule.ts";

/** Number of the pip packages of NVIDIA: `12`, of torch's CUDA where that is known. */
function cudaNumber(match: Match): string {
  return torchCuda(match)?.split(".")[0] ?? "12";
}

export const otherFrameworkRules: readonly Rule[] = [
  {
    id: "tensorflow-operator-for-other-release",
    title: "An operator for TensorFlow was compiled for another TensorFlow",
    on: ["undefined-symbol"],
    specificity: 90,
    matches: (finding) =>
      finding.phase === "load" && /^_ZNK?K?(?:St\w*)?10tensorflow\d/.test(finding.symbol ?? "")
        ? { name: finding.symbol, file: finding.file }
        : undefined,
    confidence: "medium",
    cause: (match) =>
      `\`${baseName(match.facts["file"] ?? "the library")}\` asks for \`${match.facts["name"] ?? ""}\` of TensorFlow, and the one that is installed has no such symbol: it was compiled with the headers of another release, with the other form of std::string (_GLIBCXX_USE_CXX11_ABI), or without -ltensorflow_framework. torch has no part in it.`,
    fix: (match) => [
      `CFLAGS="$(${python(match)} -c 'import tensorflow as tf; print(*tf.sysconfig.get_compile_flags())')"   # the flags of the installed TensorFlow, its string ABI among them`,
      `LFLAGS="$(${python(match)} -c 'import tensorflow as tf; print(*tf.sysconfig.get_link_flags())')"`,
      `# compile it with them: g++ -std=c++17 -shared -fPIC the_op.cc -o ${baseName(match.facts["file"] ?? "the_op.so")} $CFLAGS $LFLAGS -O2   (TensorFlow up to 2.9: -std=c++14); somebody else's package: its release for this TensorFlow`,
    ],
    sources: ["https://www.tensorflow.org/guide/create_op", "tensorflow/tensorflow#3119"],
    examples: [
      {
        text: "tensorflow.python.framework.errors_impl.NotFoundError: ./zero_out.so: undefined symbol: _ZN10tensorflow12OpDefBuilder4AttrESs",
        expect: "get_compile_flags",
      },
    ],
  },
  {
    id: "tensorflow-does-not-start-on-windows",
    title: "TensorFlow's own library does not start on Windows",
    on: ["load"],
    specificity: 80,
    matches: (finding) =>
      /_pywrap_tensorflow|_pywrap_tfe|tensorflow[\\/]python/.test(`${finding.library ?? ""} ${finding.file ?? ""}`)
        ? { name: finding.library }
        : undefined,
    confidence: "medium",
    cause: (match) =>
      `\`${match.facts["name"] ?? "_pywrap_tensorflow_internal"}\` is TensorFlow's own library, and a DLL that it needs is missing or refuses to start: the Visual C++ run time is missing or too old, or the processor (or virtual machine) has no AVX. torch has no part in it.`,
    fix: (match) => [
      "winget install --id Microsoft.VCRedist.2015+.x64 -e   # or https://aka.ms/vs/17/release/vc_redist.x64.exe; then a new prompt",
      `${pip(match, "install --force-reinstall --no-cache-dir tensorflow")}   # where that did not help: an installation that is not whole; from 2.11 on TensorFlow for Windows has no GPU (WSL2 has)`,
    ],
    sources: ["https://www.tensorflow.org/install/errors", "https://www.tensorflow.org/install/pip"],
    examples: [
      {
        text: "ImportError: DLL load failed while importing _pywrap_tensorflow_internal: A dynamic link library (DLL) initialization routine failed.",
        expect: "VCRedist",
      },
    ],
  },
  {
    id: "protobuf-loaded-twice",
    title: "Two copies of protobuf are in one process",
    on: ["exception"],
    specificity: 78,
    matches: (finding) =>
      saidAny(
        finding,
        /File already exists in database: (?<file>[\w./-]+\.proto)/,
        /CHECK failed: (?:GeneratedDatabase\(\)->Add|file != nullptr|InternalAddGeneratedFile)/,
      ),
    confidence: "high",
    cause: (match) =>
      `Two libraries of this process (torch, onnx, onnxruntime, TensorFlow, TensorRT, caffe, an extension of one's own) carry protobuf and share it by accident, and both register ${match.facts["file"] === undefined ? "the same messages" : `\`${match.facts["file"]}\``}.`,
    fix: (match) => [
      `${pip(match, "list")} | grep -i -E "protobuf|onnx|torch|tensorflow|tensorrt"`,
      pip(match, "install --upgrade --force-reinstall onnx protobuf") +
        "   # wheels keep their protobuf to themselves; builds from source with a shared libprotobuf do not",
      "# one's own library: link protobuf statically and hidden (-Wl,--exclude-libs,ALL), or everything against the one shared libprotobuf",
      "# or import the other package before torch, or give it a process of its own",
    ],
    sources: ["https://protobuf.dev/reference/cpp/cpp-generated/"],
    examples: [
      {
        text: "[libprotobuf ERROR google/protobuf/descriptor_database.cc:642] File already exists in database: onnx/onnx_onnx_torch-ml.proto",
        expect: "--exclude-libs",
      },
    ],
  },
  {
    id: "cudnn-older-than-framework",
    title: "JAX or TensorFlow finds an older cuDNN than it was built with",
    on: ["gpu"],
    specificity: 80,
    matches: (finding) =>
      said(
        finding,
        /Loaded runtime CuDNN library: (?<have>\d+\.\d+(?:\.\d+)?) but source was compiled with: (?<want>\d+\.\d+(?:\.\d+)?)/,
      ),
    confidence: "high",
    cause: (match) =>
      `JAX (or TensorFlow) was built with cuDNN ${match.facts["want"] ?? ""} and needs that or a newer one of the same major version; cuDNN ${match.facts["have"] ?? ""} is loaded: the one that torch's installation asks for (pip keeps one nvidia-cudnn for all), one that torch loaded first, or one on LD_LIBRARY_PATH.`,
    fix: (match) => {
      const [major = "9", minor = "0"] = (match.facts["want"] ?? "").split(".");
      return [
        match.context.log.conda
          ? `conda install -c conda-forge "cudnn>=${major}.${minor},<${String(Number(major) + 1)}"`
          : `${pip(match, `install --upgrade "nvidia-cudnn-cu${cudaNumber(match)}>=${major}.${minor},<${String(Number(major) + 1)}"`)}   # pip warns that torch asks for another; torch runs with a newer one of the same major version`,
        `${unsetVariable(match, "LD_LIBRARY_PATH")}   # a system's cuDNN there is found first`,
        "# or import jax before torch, or give each an environment of its own",
      ];
    },
    sources: ["conda-forge/jaxlib-feedstock#329", "jax-ml/jax#15268", "jax-ml/jax#6517"],
    examples: [
      {
        text: "E external/local_xla/xla/stream_executor/cuda/cuda_dnn.cc:519] Loaded runtime CuDNN library: 9.1.0 but source was compiled with: 9.3.0.  CuDNN library needs to have matching major version and equal or higher minor version.",
        expect: "nvidia-cudnn-cu12>=9.3,<10",
      },
    ],
  },
  {
    id: "onnx-runtime-other-cuda",
    title: "ONNX Runtime is for another CUDA or cuDNN",
    on: ["missing-library"],
    specificity: 88,
    matches: (finding) => {
      const asks = `${finding.file ?? ""} ${finding.message}`;
      if (!/libonnxruntime_providers_(?:cuda|tensorrt|shared)/.test(asks)) return undefined;
      const library =
        /^lib(?:(?<part>cudnn|cublas|cublasLt|cudart|cufft|curand|cusparse)|nvinfer)\w*\.so(?:\.(?<major>\d+))?/.exec(
          finding.library ?? "",
        );
      return library === null ? undefined : { name: finding.library, part: library[1], major: library[2] };
    },
    confidence: "high",
    cause: (match) =>
      `onnxruntime-gpu wants \`${match.facts["name"] ?? ""}\`: ${
        match.facts["part"] === undefined
          ? "its TensorRT part is used, and TensorRT of that release is not installed. It runs with CUDA alone."
          : `its releases up to 1.18 are for CUDA 11 and cuDNN 8, those from 1.19 on for CUDA 12 and cuDNN 9, and that one is not here${torchCuda(match) === undefined ? "" : ` (torch has CUDA ${torchCuda(match) ?? ""})`}. It then runs on the CPU. torch and its extensions are not at fault.`
      }`,
    fix: (match) => {
      if (match.facts["part"] === undefined)
        return [
          '# providers=["CUDAExecutionProvider", "CPUExecutionProvider"] in place of "TensorrtExecutionProvider"',
          pip(match, "install tensorrt   # or with it: of the release that this onnxruntime-gpu was built for"),
        ];
      const old =
        match.facts["part"] === "cudnn" ? match.facts["major"] === "8" : /^(?:10|11)$/.test(match.facts["major"] ?? "");
      return [
        ...(old && torchCuda(match)?.startsWith("11.") !== true
          ? [
              pip(match, "uninstall -y onnxruntime onnxruntime-gpu"),
              pip(match, "install --upgrade onnxruntime-gpu") + "   # 1.19 and newer: CUDA 12 and cuDNN 9",
            ]
          : [
              `${pip(match, 'install --upgrade "onnxruntime-gpu[cuda,cudnn]"')}   # brings the libraries as packages of pip`,
            ]),
        "# in the program: import torch (of the same CUDA) before onnxruntime, or onnxruntime.preload_dlls() (1.21 and newer)",
        `${python(match)} -c "import torch, onnxruntime as o; print(torch.version.cuda, o.__version__, o.get_available_providers())"`,
      ];
    },
    sources: [
      "https://onnxruntime.ai/docs/execution-providers/CUDA-ExecutionProvider.html",
      "microsoft/onnxruntime#18973",
    ],
    examples: [
      {
        text: "[E:onnxruntime:Default, provider_bridge_ort.cc:2195 TryGetProviderInfo_CUDA] /onnxruntime_src/onnxruntime/core/session/provider_bridge_ort.cc:1778 onnxruntime::Provider& onnxruntime::ProviderLibrary::Get() [ONNXRuntimeError] : 1 : FAIL : Failed to load library libonnxruntime_providers_cuda.so with error: libcublasLt.so.11: cannot open shared object file: No such file or directory",
        expect: "1.19 and newer",
      },
      {
        text: "[ONNXRuntimeError] : 1 : FAIL : Failed to load library libonnxruntime_providers_cuda.so with error: libcudnn.so.9: cannot open shared object file: No such file or directory",
        expect: "preload_dlls",
      },
    ],
  },
];
