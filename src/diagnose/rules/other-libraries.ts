/** Code for another release of a library than the one that is found: OpenCV, FFmpeg, TensorRT, protobuf and others. */
import { renamedInLibrary } from "../commands/library-renames.ts";
import { baseName } from "../parsers/parser.ts";
import { type Match, placeOf, type Rule, said, saidAny } from "../rule.ts";
import { pip, platformOf, python, setVariable } from "../commands/commands.ts";
import { crateFor, isOfOlderCrate, libtorchForCrate, torchOfCrate } from "../commands/tch.ts";
import { torchOfTch } from "../tables/version-facts.ts";

/** A library by its names, with how to ask for its release. First match wins. */
const libraries: readonly {
  readonly names: RegExp;
  readonly what: string;
  readonly known?: string;
  readonly version: string;
}[] = [
  {
    names: /^(?:CV_\w+|cv(?:::.*)?|Ipl\w+|cv[A-Z]\w+)$/,
    what: "OpenCV",
    known:
      "OpenCV 4 dropped the C interface and its constants: CV_BGR2GRAY → cv::COLOR_BGR2GRAY, CV_LOAD_IMAGE_COLOR → cv::IMREAD_COLOR, CV_CAP_PROP_… → cv::CAP_PROP_…, CV_FONT_… → cv::FONT_…, CV_AA → cv::LINE_AA",
    version: "pkg-config --modversion opencv4 opencv; python -c 'import cv2; print(cv2.__version__)'",
  },
  {
    names:
      /^(?:av_\w+|avcodec_\w+|avformat_\w+|AV[A-Z]\w+|AV_\w+|CODEC_\w+|PIX_FMT_\w+|sws_\w+|swr_\w+|FF_\w+|avpicture_\w+)$/,
    what: "FFmpeg",
    known:
      "FFmpeg 5 dropped av_register_all, AVStream.codec and avcodec_decode_…; FFmpeg 7 dropped channels and channel_layout (AVChannelLayout ch_layout in their place) and const changed in many signatures",
    version: "ffmpeg -version | head -1; pkg-config --modversion libavcodec",
  },
  {
    names:
      /^(?:nvinfer1(?:::.*)?|nvonnxparser(?:::.*)?|nvuffparser(?:::.*)?|nvcaffeparser1(?:::.*)?|I(?:Builder|Network|Execution|CudaEngine|PluginV\d)\w*)$/,
    what: "TensorRT",
    known:
      "TensorRT 10 dropped bindings (getBindingIndex, enqueueV2 → enqueueV3 with setTensorAddress), implicit batches (buildEngineWithConfig → buildSerializedNetwork), destroy() → delete, setMaxWorkspaceSize → setMemoryPoolLimit, and noexcept is needed where functions are overridden (8)",
    version: "dpkg -l | grep nvinfer; python -c 'import tensorrt; print(tensorrt.__version__)'",
  },
  {
    names: /^(?:google::protobuf(?:::.*)?|PROTOBUF_\w+|SetTotalBytesLimit)$/,
    what: "protobuf",
    known: "generated .pb.h files and the headers have to be of one release (22 and newer need abseil, too)",
    version: "protoc --version; find / -path '*google/protobuf/message.h' 2>/dev/null",
  },
  {
    names: /^(?:Eigen(?:::.*)?|EIGEN_\w+)$/,
    what: "Eigen",
    known: "3.4 renamed and moved parts (Eigen::all, Eigen::seq came with it)",
    version: "pkg-config --modversion eigen3",
  },
  {
    names: /^(?:fmt(?:::.*)?|FMT_\w+|spdlog(?:::.*)?)$/,
    what: "fmt (or spdlog)",
    known:
      "fmt 9 and newer want formatter specialisations or fmt::streamed for types with operator<<; 10 and 11 moved names to fmt/ranges.h, fmt/ostream.h",
    version: "find / -path '*fmt/core.h' -not -path '/proc/*' 2>/dev/null",
  },
  {
    names: /^(?:cutlass(?:::.*)?|cute(?:::.*)?|CUTLASS_\w+|CUTE_\w+)$/,
    what: "CUTLASS",
    known: "the project wants the commit of its own submodule",
    version: "git submodule status; grep -rn 'define CUTLASS_M' --include=version.h .",
  },
  {
    names: /^(?:dnnl(?:::.*)?|dnnl_\w+|mkldnn\w*(?:::.*)?|ideep(?:::.*)?)$/,
    what: "oneDNN",
    known: "mkldnn:: became dnnl:: with 1.0, and 2.x and 3.x dropped more",
    version: "find / -name 'dnnl_version*.h' 2>/dev/null",
  },
  {
    names: /^(?:onnx(?:::.*)?|onnxruntime(?:::.*)?|Ort(?:::.*)?|Ort[A-Z]\w+)$/,
    what: "ONNX or ONNX Runtime",
    version: "python -c 'import onnx; print(onnx.__version__)'",
  },
  { names: /^(?:absl(?:::.*)?)$/, what: "abseil", version: "find / -path '*absl/base/options.h' 2>/dev/null" },
  {
    names: /^(?:arrow(?:::.*)?|parquet(?:::.*)?)$/,
    what: "Arrow",
    version: "python -c 'import pyarrow; print(pyarrow.__version__)'",
  },
  {
    names: /^(?:boost(?:::.*)?|BOOST_\w+)$/,
    what: "Boost",
    version: "grep -rn 'define BOOST_LIB_VERSION' /usr/include/boost/version.hpp",
  },
  {
    names: /^(?:llvm(?:::.*)?|mlir(?:::.*)?)$/,
    what: "LLVM",
    known: "each release of LLVM has another C++ interface; Triton and its like want the very commit that they name",
    version: "llvm-config --version; cat cmake/llvm-hash.txt",
  },
  {
    names: /^(?:nanobind(?:::.*)?|NB_\w+)$/,
    what: "nanobind",
    version: "python -c 'import nanobind; print(nanobind.__version__)'",
  },
  {
    names: /^(?:pybind11(?:::.*)?|PYBIND11_\w+)$/,
    what: "pybind11",
    known: "pybind11 3 dropped what 2 had deprecated",
    version: "python -c 'import pybind11; print(pybind11.__version__)'",
  },
  {
    names: /^(?:tbb(?:::.*)?)$/,
    what: "TBB",
    known: "oneTBB (2021) dropped task_scheduler_init, tbb::task, tbb::atomic and others",
    version: "pkg-config --modversion tbb",
  },
  {
    names: /^(?:executorch(?:::.*)?|torch::executor(?:::.*)?)$/,
    what: "ExecuTorch",
    version: "git -C executorch describe --tags",
  },
  { names: /^(?:faiss(?:::.*)?)$/, what: "Faiss", version: "python -c 'import faiss; print(faiss.__version__)'" },
  {
    names: /^(?:caffe2?(?:::.*)?)$/,
    what: "Caffe2",
    known: "Caffe2 was taken out of torch in 2.4 and 2.5",
    version: "python -c 'import torch; print(torch.__version__)'",
  },
];

function entryOf(match: Match): (typeof libraries)[number] | undefined {
  return libraries[Number(match.facts["index"])];
}

export const otherLibraryRules: readonly Rule[] = [
  {
    id: "library-of-another-release",
    title: "The code is for another release of a library",
    on: ["compile"],
    specificity: 52,
    matches: (finding) => {
      const facts = saidAny(
        finding,
        /[‘'"](?<name>\w+)[’'"]\s?:? (?:is not a member of|in namespace) [‘'"](?:class |struct )?(?<space>[A-Za-z]\w*(?:::\w+)*)/,
        /[‘'"](?:const )?(?:class |struct )?(?<space>[A-Za-z]\w*(?:::\w+)*)(?:<[^’'"]*>)?[’'"](?: \{aka [^}]*\})? has no member (?:named )?[‘'"](?<name>\w+)/,
        /namespace "(?<space>\w+(?:::\w+)*)" has no (?:actual )?member "(?<name>\w+)"/,
        /(?:class|struct) "(?<space>\w+(?:::\w+)*)[^"]*" has no member "(?<name>\w+)"/,
        /no (?:member|type|template) named '(?<name>\w+)' in (?:namespace )?'(?:struct |class )?(?<space>\w+(?:::\w+)*)/,
        /no matching function for call to [‘'](?<space>[A-Za-z]\w*(?:::\w+)*)::(?<name>\w+)\(/,
        /[‘'"](?<name>\w+)[’'"](?:\s?: (?:undeclared identifier|identifier not found)| (?:was not declared|has not been declared|does not name a type|undeclared|is undefined))/,
        /(?:use of undeclared identifier|unknown type name|implicit declaration of function|undeclared function) ['‘](?<name>\w+)/,
        /identifier "(?<name>\w+)" is undefined/,
        /marked [‘']override[’'], but does not override.*|[‘'](?:virtual )?[\w:<>*& ]*\b(?<space>nvinfer1)::/,
      );
      if (facts === undefined) return undefined;
      const { name, space } = { name: facts["name"] ?? "", space: facts["space"] };
      const index = libraries.findIndex(({ names }) =>
        space === undefined ? names.test(name) : names.test(space) || names.test(`${space}::`),
      );
      return index < 0 ? undefined : { asked: space === undefined ? name : `${space}::${name}`, index: String(index) };
    },
    confidence: "medium",
    cause: (match) => {
      const entry = entryOf(match);
      return `\`${(match.facts["asked"] ?? "").replace(/::$/, "")}\` is not there in the ${entry?.what ?? "library"} that is found (or not in that form): ${placeOf(match.finding) === "" ? "the code" : placeOf(match.finding)} was written for an older or newer release of it${entry?.known === undefined ? "" : ` (${entry.known})`}.`;
    },
    fix: (match) => {
      const entry = entryOf(match);
      const renamed = renamedInLibrary(match);
      const found = `${entry?.version ?? ""}   # which ${entry?.what ?? "release"} is found`;
      if (renamed.length > 0) return [...renamed, `# ${entry?.known ?? ""}; ${found.replace("   # ", ": ")}`];
      return [
        found,
        `# install the release that the project's documentation names (and take others out of reach: two of them in /usr/include, /usr/local, conda, third_party), or take a newer release of the project`,
        `${match.context.log.docker ? "# " : ""}git submodule update --init --recursive   # when the project brings its own copy`,
        ...(entry?.known === undefined
          ? []
          : [
              `# or adapt ${match.finding.file === undefined ? "the code" : baseName(match.finding.file)}: ${entry.known}`,
            ]),
      ];
    },
    sources: [
      "https://github.com/opencv/opencv/wiki/OpenCV-4-migration-guide",
      "https://ffmpeg.org/doxygen/trunk/deprecated.html",
    ],
    examples: [
      { text: "src/a.cpp:40:30: error: ‘CV_BGR2GRAY’ was not declared in this scope", expect: "cv::COLOR_BGR2GRAY" },
      {
        text: "$ python setup.py install\nrunning build_ext\nsrc/io.cpp:40:30: error: ‘CV_LOAD_IMAGE_GRAYSCALE’ was not declared in this scope",
        expect: "cv::IMREAD_\\1/g' src/io.cpp\n",
      },
      { text: "d.cpp:91:3: error: ‘av_register_all’ was not declared in this scope", expect: "FFmpeg 5" },
      {
        text: "$ python setup.py install\nrunning build_ext\nd.cpp:91:3: error: ‘avcodec_register_all’ was not declared in this scope",
        expect: "_register_all\\(\\) *;//g' d.cpp\n",
      },
      {
        text: "d.cpp:70:22: error: ‘AVCodecContext’ {aka ‘struct AVCodecContext’} has no member named ‘channels’",
        expect: "ch_layout",
      },
      { text: "t.cpp:12:9: error: no member named 'enqueueV2' in 'nvinfer1::IExecutionContext'", expect: "enqueueV3" },
    ],
  },
  {
    id: "binding-for-another-torch",
    title: "A binding is made for another release of torch",
    on: ["compile", "installer"],
    specificity: 93,
    matches: (finding, context) => {
      if (isOfOlderCrate(finding, context)) return { name: "tch", tch: context.log.tch, first: "yes" };
      if (finding.kind === "installer") {
        const facts = said(finding, /this tch version expects PyTorch (?<wants>[\d.]+), got (?<has>[\d.]+)/);
        return facts === undefined ? undefined : { ...facts, name: "tch", tch: context.log.tch };
      }
      if (finding.severity === "warning") return undefined;
      const file = (finding.file ?? "").replaceAll("\\", "/");
      const name = /libtch\/torch_api/.test(file)
        ? "tch"
        : /(?:^|\/)torch_xla\/csrc\//.test(file)
          ? "torch_xla"
          : undefined;
      const about =
        /no matching (?:member )?function|no viable conversion|no known conversion|could not convert|cannot convert|too (?:few|many) arguments|invalid initialization|invalid conversion|cannot bind|cannot initialize|no instance of|is not a member of|has no member|no member named|has not been declared|undeclared identifier|does not name a type|marked .?override/;
      return name !== undefined && about.test(finding.message) ? { name, tch: context.log.tch } : undefined;
    },
    confidence: "high",
    cause: (match) =>
      match.facts["wants"] !== undefined
        ? `tch-rs${match.facts["tch"] === undefined ? "" : ` ${match.facts["tch"]}`} is made for torch ${match.facts["wants"]}, and LIBTORCH, LIBTORCH_USE_PYTORCH or the system gives it ${match.facts["has"] ?? "another"}: every release of the crate goes with one release of torch.`
        : match.facts["name"] === "tch"
          ? `${match.facts["first"] === undefined ? `${placeOf(match.finding)} of ` : ""}torch-sys${match.facts["tch"] === undefined ? "" : ` ${match.facts["tch"]}`} (tch-rs) is generated for one release of libtorch${torchOfCrate(match)} and compiled against another${match.context.log.libtorchRelease === undefined ? "" : ` (${match.context.log.libtorchRelease})`}: every release of the crate goes with one release of torch.${match.facts["first"] === undefined ? "" : " That a header asks for a newer C++ is the first sign of it; another -std= would only bring the next one."}`
          : `${placeOf(match.finding)} of torch_xla is written for one release (or commit) of torch and compiled against another.`,
    fix: (match) =>
      match.facts["name"] === "tch"
        ? [
            "cargo tree -i torch-sys; python -c 'import torch; print(torch.__version__)'",
            ...(libtorchForCrate(match) ?? [crateFor(match)]),
            `# or ${libtorchForCrate(match) === undefined ? "" : "by hand: "}the libtorch that the crate was made for${torchOfCrate(match)}: unset LIBTORCH LIBTORCH_USE_PYTORCH and build with --features download-libtorch, or set LIBTORCH to its folder`,
            ...(sameMinor(match)
              ? ["export LIBTORCH_BYPASS_VERSION_CHECK=1   # they differ in the patch release alone: that mostly works"]
              : ["unset LIBTORCH_BYPASS_VERSION_CHECK   # it hides this very mismatch"]),
            "cargo build",
          ]
        : [
            "git -C torch_xla checkout v2.N && git -C pytorch checkout v2.N   # one release of both; master goes with torch's main",
            "pip install torch==2.N torch_xla==2.N   # the ready pair",
          ],
    sources: [
      "LaurentMazare/tch-rs: CHANGELOG.md",
      "LaurentMazare/tch-rs#671",
      "LaurentMazare/tch-rs#742",
      "LaurentMazare/tch-rs#949",
      "pytorch/xla#2832",
    ],
    examples: [
      {
        text: "error: failed to run custom build command for `torch-sys v0.20.0`\n  --- stderr\n  Error: this tch version expects PyTorch 2.7.0, got 2.2.2, this check can be bypassed by setting the LIBTORCH_BYPASS_VERSION_CHECK environment variable",
        expect: 'tch = "0.15"',
      },
      {
        text: "  Error: this tch version expects PyTorch 2.5.0, got 2.5.1, this check can be bypassed by setting the LIBTORCH_BYPASS_VERSION_CHECK environment variable",
        expect: "patch release",
      },
      {
        text: "  cargo:warning=libtch/torch_api_generated.cpp:2794:22: error: no matching function for call to '_upsample_bicubic2d_aa_out'",
        expect: "download-libtorch",
      },
      {
        text: "error: failed to run custom build command for `torch-sys v0.14.0`\n  cargo:warning=libtch/torch_api_generated.cpp:640:104: error: invalid initialization of reference of type ‘const std::optional<at::Tensor>&’ from expression of type ‘bool’\nlibtorch version 2.3.0, set in LIBTORCH",
        expect: "cargo add tch@0.16",
      },
      {
        text: '$ cat Cargo.toml\n[dependencies]\nrust-bert = "0.20"\n$ wget -q https://download.pytorch.org/libtorch/cpu/libtorch-cxx11-abi-shared-with-deps-2.0.1%2Bcpu.zip\n$ export LIBTORCH=/home/kim/libtorch\n$ cargo build\n   Compiling torch-sys v0.10.2\nwarning: /home/kim/libtorch/include/c10/util/C++17.h:27:2: error: #error You need C++17 to compile PyTorch\nwarning: libtch/torch_api_generated.cpp.h:10:29: error: ‘_linalg_inv’ is not a member of ‘torch’\nerror: failed to run custom build command for `torch-sys v0.10.2`',
        expect: "libtorch-cxx11-abi-shared-with-deps-1.13.0%2Bcpu.zip",
      },
      {
        text: "/pytorch/xla/torch_xla/csrc/aten_xla_type_default.cpp:3012:41: error: no viable conversion from 'const c10::nullopt_t' to 'c10::IntArrayRef' (aka 'ArrayRef<long>')",
        expect: "torch_xla==",
      },
    ],
  },
  {
    id: "libtorch-not-found-by-cargo",
    title: "tch-rs finds no LibTorch",
    on: ["installer"],
    specificity: 84,
    matches: (finding, context) =>
      said(finding, /Cannot find a libtorch install/) === undefined ? undefined : { tch: context.log.tch },
    confidence: "high",
    cause: (match) =>
      `torch-sys builds against a LibTorch that has to be there${torchOfCrate(match)}: LIBTORCH is not set, LIBTORCH_USE_PYTORCH neither, there is none in /usr/lib, and since 0.13 it fetches one only with the feature download-libtorch.`,
    fix: (match) => {
      const torch = torchOfTch(match.facts["tch"]);
      return [
        `${pip(match, `install torch${torch === undefined ? "" : `~=${torch}.0`}`)} && ${setVariable(match, "LIBTORCH_USE_PYTORCH", "1")}   # pip's torch for building and running${torch === undefined ? ": of the one release that the README of this tch names" : ""}`,
        "# or: cargo add tch --features download-libtorch; or LIBTORCH=<the unpacked folder> of https://pytorch.org/get-started/locally/",
        ...(platformOf(match) === "win32"
          ? ["# and torch\\lib (LIBTORCH\\lib) on PATH to run"]
          : [
              `export ${platformOf(match) === "darwin" ? "DYLD" : "LD"}_LIBRARY_PATH="$(${python(match)} -c 'import os, torch; print(os.path.dirname(torch.__file__))')/lib:$${platformOf(match) === "darwin" ? "DYLD" : "LD"}_LIBRARY_PATH"   # for what runs: cargo run, cargo test`,
            ]),
        "cargo build",
      ];
    },
    sources: ["LaurentMazare/tch-rs: README.md", "LaurentMazare/tch-rs: CHANGELOG.md"],
    examples: [
      {
        text: "error: failed to run custom build command for `torch-sys v0.17.0`\n  Error: Cannot find a libtorch install, you can either:\n  - Install libtorch manually and set the LIBTORCH environment variable to appropriate path.",
        expect: "torch~=2.4.0",
      },
    ],
  },
  {
    id: "vendored-source-does-not-compile",
    title: "A library that the project brings along does not compile",
    on: ["compile"],
    role: "generic",
    specificity: 13,
    matches: (finding) => {
      const copy =
        finding.severity === "warning"
          ? undefined
          : /[\\/](?:third[-_]?party|3rd[-_]?party|external|extern|submodules|vendor|_deps|deps|dependencies|subprojects)[\\/](?<copy>[\w.-]+)[\\/]/.exec(
              finding.file ?? "",
            )?.groups?.["copy"];
      return copy === undefined ? undefined : { copy: copy.replace(/-(?:src|build)$/, "") };
    },
    confidence: "medium",
    cause: (match) =>
      `The compiler rejects ${match.facts["copy"] ?? "a library"}, which the project brings as a copy (${placeOf(match.finding)}): ${match.finding.message.slice(0, 240)}. Such copies are as old as the project: mostly the compiler is newer than them, or the copy is of another commit than the project names.`,
    fix: (match) => [
      "git submodule sync && git submodule update --init --recursive --force",
      platformOf(match) === "win32"
        ? "# a newer release of the project; or the compilers of its time, in a clean build folder: vcvars64.bat -vcvars_ver=14.29 (Visual Studio 2019), an older CUDA. Code that was only tried with gcc: macros, `and`/`or`, arrays of variable length and lambdas in kernels are what cl and its nvcc take otherwise"
        : "# a newer release of the project; or a compiler of its time: export CC=gcc-11 CXX=g++-11 (macOS: an older Xcode), in a clean build folder",
      `# or a newer ${match.facts["copy"] ?? "copy"} in its place`,
    ],
    sources: [],
    examples: [
      {
        text: "/p/third_party/foo/src/a.cc:12:3: error: invalid operands to binary expression ('A' and 'B')",
        expect: "submodule",
      },
    ],
  },
  {
    id: "torch-source-does-not-compile",
    title: "torch's own source does not compile",
    on: ["compile"],
    role: "generic",
    specificity: 15,
    matches: (finding) =>
      finding.severity !== "warning" &&
      !/-packages[\\/]|[\\/]include[\\/]/.test(finding.file ?? "") &&
      /(?:^|[\\/])(?:torch[\\/](?:csrc|lib)|aten[\\/]src|c10[\\/](?:core|util|cuda|macros|hip|xpu)|caffe2[\\/](?:core|operators|utils|serialize))[\\/]/.test(
        finding.file ?? "",
      )
        ? {}
        : undefined,
    confidence: "medium",
    cause: (match) =>
      `The compiler rejects torch's own source (${placeOf(match.finding)}): ${match.finding.message.slice(0, 240)}. A released torch compiles with the compilers of its time: this one is newer or older than that, files of an earlier build or submodules of another commit are mixed in, or headers of another installed torch are found first.`,
    fix: (match) => [
      "git submodule sync && git submodule update --init --recursive --force && rm -rf build",
      ...(match.context.log.amd
        ? [
            "cat /opt/rocm/.info/version; git describe --tags   # a ROCm of that release's time: the one of its wheels (https://pytorch.org/get-started/previous-versions/)",
            "python tools/amd_build/build_amd.py   # translates the sources; again after each change of the checkout",
          ]
        : []),
      "find / -path '*include/ATen/ATen.h' -not -path \"$PWD/*\" 2>/dev/null   # headers of another torch: uninstall it, or take its prefix out of CMAKE_PREFIX_PATH and CPATH",
      "g++ --version; nvcc --version; git describe --tags   # then the compilers that this release's README and CI name: CC=gcc-11 CXX=g++-11",
    ],
    sources: ["https://github.com/pytorch/pytorch#from-source", "pytorch/pytorch#16904"],
    examples: [
      {
        text: "/home/u/pytorch/aten/src/TH/THTensor.hpp(120): error: this declaration has no storage class or type specifier",
        expect: "submodule",
      },
    ],
  },
];

function sameMinor(match: Match): boolean {
  const { wants, has } = match.facts;
  const minor = (version: string): string => version.split(".").slice(0, 2).join(".");
  return wants !== undefined && has !== undefined && minor(wants) === minor(has);
}
