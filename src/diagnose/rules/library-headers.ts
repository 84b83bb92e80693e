/** Headers of the system, of libraries and of the project that were not found. */
import { pip, platformOf, quote, reinstall, systemPackage } from "../commands.ts";
import { foundDir, header, includedBy } from "../matchers.ts";
import { packageOfModule } from "../packages.ts";
import { baseName } from "../parsers/parser.ts";
import { type Match, type Rule, saidAny } from "../rule.ts";

/** Headers of other libraries, with the packages that bring them. First match wins. */
const known: readonly {
  readonly form: RegExp;
  readonly what: string;
  readonly apt?: string;
  readonly dnf?: string;
  readonly brew?: string;
  readonly conda?: string;
  readonly fix?: readonly string[];
}[] = [
  {
    form: /^glm\//,
    what: "GLM",
    apt: "libglm-dev",
    dnf: "glm-devel",
    brew: "glm",
    conda: "glm",
    fix: ["git submodule update --init --recursive   # many projects bring it in third_party/glm"],
  },
  {
    form: /^Eigen\/|^eigen3\/|^unsupported\/Eigen/,
    what: "Eigen",
    apt: "libeigen3-dev",
    dnf: "eigen3-devel",
    brew: "eigen",
    conda: "eigen",
    fix: [
      "git submodule update --init --recursive   # many projects carry it (thirdparty/eigen), where setup.py looks for it: an empty folder there is the cause",
      "export CPLUS_INCLUDE_PATH=/usr/include/eigen3:$CPLUS_INCLUDE_PATH   # the system's Eigen lies one folder deeper",
    ],
  },
  {
    form: /^opencv2\/|^opencv4?\//,
    what: "OpenCV",
    apt: "libopencv-dev",
    dnf: "opencv-devel",
    brew: "opencv",
    conda: "opencv",
  },
  { form: /^boost\//, what: "Boost", apt: "libboost-all-dev", dnf: "boost-devel", brew: "boost", conda: "boost-cpp" },
  {
    form: /^(?:sparsehash|google\/(?:dense|sparse)_hash)/,
    what: "sparsehash",
    apt: "libsparsehash-dev",
    dnf: "sparsehash-devel",
    brew: "google-sparsehash",
    conda: "sparsehash",
  },
  {
    form: /^(?:png|libpng\S*\/png)\.h$/,
    what: "libpng",
    apt: "libpng-dev",
    dnf: "libpng-devel",
    brew: "libpng",
    conda: "libpng",
  },
  {
    form: /^(?:jpeglib|turbojpeg)\.h$/,
    what: "libjpeg",
    apt: "libjpeg-dev",
    dnf: "libjpeg-turbo-devel",
    brew: "jpeg-turbo",
    conda: "libjpeg-turbo",
  },
  { form: /^zlib\.h$/, what: "zlib", apt: "zlib1g-dev", dnf: "zlib-devel", conda: "zlib" },
  {
    form: /^(?:GL|GLES\d?|EGL|KHR)\//,
    what: "OpenGL",
    apt: "libgl1-mesa-dev libegl1-mesa-dev",
    dnf: "mesa-libGL-devel mesa-libEGL-devel",
  },
  { form: /^X11\//, what: "X11", apt: "libx11-dev", dnf: "libX11-devel" },
  { form: /^mpi\.h$/, what: "MPI", apt: "libopenmpi-dev", dnf: "openmpi-devel", brew: "open-mpi", conda: "openmpi" },
  { form: /^omp\.h$/, what: "OpenMP", apt: "libomp-dev", dnf: "libomp-devel", brew: "libomp", conda: "llvm-openmp" },
  { form: /^numa\.h$/, what: "libnuma", apt: "libnuma-dev", dnf: "numactl-devel" },
  {
    form: /^infiniband\/|^rdma\//,
    what: "the RDMA libraries",
    apt: "libibverbs-dev librdmacm-dev",
    dnf: "rdma-core-devel",
  },
  { form: /^libaio\.h$/, what: "libaio", apt: "libaio-dev", dnf: "libaio-devel" },
  {
    form: /^(?:cblas|lapacke|openblas_config|cblas_f77)\.h$/,
    what: "BLAS",
    apt: "libopenblas-dev liblapacke-dev",
    dnf: "openblas-devel lapack-devel",
    brew: "openblas",
    conda: "openblas",
  },
  { form: /^mkl(?:_\w+)?\.h$/, what: "MKL", fix: ["pip install mkl-include mkl-devel"] },
  { form: /^gflags\//, what: "gflags", apt: "libgflags-dev", dnf: "gflags-devel" },
  { form: /^glog\//, what: "glog", apt: "libgoogle-glog-dev", dnf: "glog-devel" },
  { form: /^google\/protobuf\//, what: "protobuf", apt: "libprotobuf-dev protobuf-compiler", dnf: "protobuf-devel" },
  { form: /^openssl\//, what: "OpenSSL", apt: "libssl-dev", dnf: "openssl-devel", brew: "openssl" },
  { form: /^ffi\.h$/, what: "libffi", apt: "libffi-dev", dnf: "libffi-devel" },
  {
    form: /^(?:libav\w+|libsw\w+)\//,
    what: "FFmpeg",
    apt: "libavcodec-dev libavformat-dev libswscale-dev libavutil-dev",
    dnf: "ffmpeg-free-devel",
    brew: "ffmpeg",
  },
  {
    form: /^(?:Nv(?:Infer|Onnx)\w*|NvCaffe\w+)\.h$/,
    what: "TensorRT",
    fix: ["# TensorRT's own download or: sudo apt-get install libnvinfer-dev"],
  },
  { form: /^(?:tbb|oneapi\/tbb)\//, what: "TBB", apt: "libtbb-dev", dnf: "tbb-devel", brew: "tbb", conda: "tbb-devel" },
  {
    form: /^(?:fmt|spdlog)\//,
    what: "fmt or spdlog",
    apt: "libfmt-dev libspdlog-dev",
    dnf: "fmt-devel spdlog-devel",
    fix: ["git submodule update --init --recursive"],
  },
  { form: /^(?:sndfile|sox)\.h$/, what: "libsndfile or sox", apt: "libsndfile1-dev libsox-dev" },
  {
    form: /^crypt\.h$/,
    what: "libcrypt (Python 3.10 and older include it in Python.h)",
    apt: "libcrypt-dev",
    dnf: "libxcrypt-devel",
    conda: "libxcrypt   # and: export CPATH=$CONDA_PREFIX/include",
  },
  {
    form: /^(?:bits\/libc-header-start|gnu\/stubs-32|sys\/cdefs|features|stdlib|stdio|math|limits|assert|stdint|string|linux\/\w+|asm\/\w+|bits\/c\+\+config)\.h$/,
    what: "the C library",
    apt: "build-essential gcc-multilib linux-libc-dev",
    dnf: "glibc-devel kernel-headers",
  },
];

export const libraryHeaderRules: readonly Rule[] = [
  {
    id: "protobuf-releases-differ",
    title: "protoc and protobuf's headers are of two releases",
    on: ["compile"],
    specificity: 84,
    matches: (finding) =>
      saidAny(
        finding,
        /This file was generated by an? (?<which>older|newer) version of protoc/,
        /(?<macro>PROTOBUF_\w+) was previously defined|incompatible with your Protocol Buffer headers/,
        /(?<version>Protobuf C\+\+ gencode is built with an incompatible version)/,
      ),
    confidence: "high",
    cause: () =>
      "Generated .pb.h files and the protobuf headers that are found do not go together: two protobufs are installed (the system's in /usr/include, conda's, one of the project), and protoc of one meets the headers of the other.",
    fix: () => [
      "which -a protoc; protoc --version; find / -path '*google/protobuf/port_def.inc' 2>/dev/null",
      "# generate anew with the protoc that belongs to the headers: rm -rf build and configure again; or remove one: sudo apt-get remove libprotobuf-dev, conda remove libprotobuf",
      "# CMake: -DProtobuf_PROTOC_EXECUTABLE=<of the same prefix as the headers>",
    ],
    sources: ["https://protobuf.dev/support/cross-version-runtime-guarantee/"],
    examples: [
      {
        text: "/w/onnx.pb.h:17:2: error: #error This file was generated by an older version of protoc which is",
        expect: "which -a protoc",
      },
    ],
  },
  {
    id: "glibc-headers-missing",
    title: "A header that only glibc has",
    on: ["missing-header"],
    specificity: 83,
    matches: (finding) =>
      header(finding, /^(?:execinfo|gnu\/libc-version|fts|argp|obstack|sys\/(?:queue|tree)|gconv)\.h$/),
    confidence: "medium",
    cause: (match) =>
      `\`${match.facts["header"] ?? ""}\`${includedBy(match)} comes with glibc, the C library of most distributions. The build runs where another one is (musl on Alpine; Windows): PyTorch makes no builds for musl either.`,
    fix: () => [
      "ldd --version 2>&1 | head -1   # musl?",
      "# build in an image with glibc: python:3.12-slim, ubuntu, manylinux_2_28 in place of -alpine and musllinux (cibuildwheel: CIBW_SKIP='*-musllinux*')",
      "# BSD's headers on musl: apk add bsd-compat-headers (sys/queue.h, sys/cdefs.h), libexecinfo-dev, argp-standalone, musl-fts-dev",
    ],
    sources: ["https://wiki.musl-libc.org/functional-differences-from-glibc.html"],
    examples: [{ text: "csrc/trace.cpp:12:10: fatal error: execinfo.h: No such file or directory", expect: "musl" }],
  },
  {
    id: "sdk-headers-missing",
    title: "Headers of the system or of the C++ library are not found",
    on: ["missing-header"],
    specificity: 82,
    matches: (finding, context) => {
      const facts = header(
        finding,
        /^(?:corecrt|crtdefs|vcruntime|stddef|stdlib|stdio|windows|winsock2|io|float|limits|math|assert|string|stdint|ctype|errno|TargetConditionals|AvailabilityMacros|yvals|excpt|basetsd|crtdbg|ucrt)\.h$|^(?:cstdint|cstddef|cstdlib|cmath|algorithm|array|vector|string|iostream|type_traits|utility|memory|map|limits|cassert|cstring|cstdio|complex|functional|numeric|iterator|tuple|thread|mutex|atomic|chrono|random|regex|sstream|fstream|set|unordered_map|unordered_set|deque|list|stdexcept|exception|new|initializer_list|condition_variable|future|filesystem|charconv|concepts|span|bit|compare|coroutine|optional|variant|any|string_view|numbers|source_location|format|print|expected|latch|barrier|semaphore|stop_token|syncstream|memory_resource|execution|ranges|version|__config)$/,
      );
      if (facts === undefined) return undefined;
      const apple = context.log.platform === "darwin";
      // Of Windows' SDK or of macOS': another rule says that they do not belong here.
      if (
        finding.tool !== "msvc" &&
        context.log.platform !== "win32" &&
        /^(?:corecrt|crtdefs|vcruntime|windows|winsock2|io|yvals|excpt|basetsd|crtdbg|ucrt)\.h$/.test(
          finding.header ?? "",
        )
      )
        return undefined;
      if (!apple && /^(?:TargetConditionals|AvailabilityMacros)\.h$/.test(finding.header ?? "")) return undefined;
      return {
        ...facts,
        system: finding.tool === "msvc" || context.log.platform === "win32" ? "win32" : apple ? "darwin" : "linux",
      };
    },
    confidence: "high",
    cause: (match) => {
      const name = match.facts["header"] ?? "";
      if (match.facts["system"] === "win32")
        return `\`${name}\` is of the Windows SDK or of Visual C++: INCLUDE is not set up for the cl.exe that runs (no developer prompt, or the SDK is not installed).`;
      if (match.facts["system"] === "darwin")
        return `\`${name}\` is of the macOS SDK, which the compiler does not find: the command line tools are missing or out of date, or a conda or Homebrew clang is used without SDKROOT.`;
      if (
        /^(?:charconv|concepts|span|bit|compare|coroutine|numbers|source_location|format|print|expected|latch|barrier|semaphore|stop_token|syncstream|memory_resource|execution|ranges|version|filesystem|optional|variant|any|string_view)$/.test(
          name,
        )
      )
        return `The C++ library has no <${name}>: the compiler (or the standard library that it uses) is too old for the C++ standard that the code is written in.`;
      return `\`${name}\` is of the C++ standard library, which is not installed for this compiler (clang without libstdc++, gcc without g++).`;
    },
    fix: (match) => {
      if (match.facts["system"] === "win32")
        return [
          '"C:\\Program Files\\Microsoft Visual Studio\\2022\\Community\\VC\\Auxiliary\\Build\\vcvars64.bat"',
          "# and install a Windows SDK in the Visual Studio Installer",
        ];
      if (match.facts["system"] === "darwin")
        return ["xcode-select --install", "export SDKROOT=$(xcrun --show-sdk-path)"];
      return systemPackage(match, { apt: "g++-11 libstdc++-11-dev", dnf: "gcc-c++", conda: "gxx" });
    },
    sources: ["https://learn.microsoft.com/cpp/build/building-on-the-command-line"],
    examples: [
      {
        text: "C:\\VS\\VC\\include\\yvals_core.h(12): fatal error C1083: Cannot open include file: 'corecrt.h': No such file or directory",
        expect: "vcvars64",
      },
      { text: "a.cpp:3:10: fatal error: filesystem: No such file or directory", expect: "g++-11" },
    ],
  },
  {
    id: "library-headers-missing",
    title: "The headers of a library are not installed",
    on: ["missing-header"],
    specificity: 70,
    matches: (finding) => {
      const name = (finding.header ?? "").replaceAll("\\", "/");
      const index = known.findIndex((entry) => entry.form.test(name));
      return index < 0 ? undefined : { header: name, index: String(index) };
    },
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["header"] ?? ""}\`${includedBy(match)} is of ${known[Number(match.facts["index"])]?.what ?? "a library"}, whose development files are not installed or not on the include path.`,
    fix: (match) => {
      const entry = known[Number(match.facts["index"])];
      if (entry === undefined) return [];
      const dir = foundDir(match);
      // The project brings it as a submodule, in a folder that is empty.
      const [, root] = /^(.*?)[\\/]submodules[\\/]/.exec(match.finding.file ?? "") ?? [];
      if (entry.form.test("glm/glm.hpp") && root !== undefined && root !== "" && dir === undefined)
        return [
          `cd ${platformOf(match) === "win32" ? "/d " : ""}${quote(root)}`,
          "git submodule update --init --recursive   # submodules/…/third_party/glm is empty; a ZIP of the project has no submodules: git clone --recursive",
        ];
      return [
        ...(dir === undefined ? [] : [`# found in ${dir}: include-dirs = ["${dir}"]`]),
        ...(entry.apt === undefined
          ? []
          : systemPackage(match, {
              apt: entry.apt,
              ...(entry.dnf === undefined ? {} : { dnf: entry.dnf }),
              ...(entry.brew === undefined ? {} : { brew: entry.brew }),
              ...(entry.conda === undefined ? {} : { conda: entry.conda }),
            })),
        // A compiler of the system does not look into the environment.
        ...(match.context.log.conda && entry.conda !== undefined && platformOf(match) === "linux" && dir === undefined
          ? ["export CPATH=$CONDA_PREFIX/include:$CPATH"]
          : []),
        ...(entry.brew === "libomp" && platformOf(match) === "darwin"
          ? [
              "# Homebrew keeps it out of the search paths, and Apple's clang takes -Xpreprocessor -fopenmp; name the folder:",
              "export OpenMP_ROOT=$(brew --prefix libomp) CPPFLAGS=-I$(brew --prefix libomp)/include LDFLAGS=-L$(brew --prefix libomp)/lib",
            ]
          : []),
        ...(entry.fix ?? []),
      ];
    },
    change: (match) => {
      const dir = foundDir(match);
      return dir === undefined ? undefined : { kind: "add-include-dir", dir };
    },
    sources: ["https://packages.debian.org/", "graphdeco-inria/gaussian-splatting#901"],
    examples: [
      {
        text: "cuda_rasterizer/auxiliary.h:14:10: fatal error: glm/glm.hpp: No such file or directory",
        expect: "libglm-dev",
      },
      {
        text: "/Users/u/app/a.cpp:2:10: fatal error: 'omp.h' file not found",
        expect: "OpenMP_ROOT=$(brew --prefix libomp)",
      },
      { text: "a.cpp:2:10: fatal error: 'Eigen/Dense' file not found", expect: "libeigen3-dev" },
      {
        text: "src/hash.h:1:10: fatal error: google/dense_hash_map: No such file or directory",
        expect: "libsparsehash-dev",
      },
      {
        text: "/opt/conda/envs/e/include/python3.8/Python.h:44:10: fatal error: crypt.h: No such file or directory",
        expect: "libxcrypt",
      },
    ],
  },
  {
    id: "project-header-missing",
    title: "A header is not found",
    on: ["missing-header"],
    specificity: 35,
    matches: (finding) => header(finding, /^(?<name>.+)$/),
    confidence: (match) => (otherCase(match) === undefined ? "medium" : "high"),
    cause: (match) => {
      const there = otherCase(match);
      if (there !== undefined)
        return `\`${match.facts["header"] ?? ""}\`${includedBy(match)} is not there, and \`${there}\` is: upper and lower case are told apart here, unlike on Windows and on most Macs.`;
      const installed = ofInstalled(match);
      if (installed !== undefined)
        return `\`${match.facts["header"] ?? ""}\`${includedBy(match)} is wanted by a file of the installed package \`${installed}\`, and is not there: the installation is not whole (installed from its repository or as editable without its headers or submodules), or of another release than what compiles with it.`;
      const dir = foundDir(match);
      return `\`${match.facts["header"] ?? ""}\`${includedBy(match)} is found in none of the include folders${dir === undefined ? ": its folder is missing on the command line, a git submodule was not checked out, the file was left out of the source package, or (on Linux) its name differs in upper and lower case" : `; it is in ${dir}`}.`;
    },
    fix: (match) => {
      const there = otherCase(match);
      if (there !== undefined) return writtenAs(match, there);
      const installed = ofInstalled(match);
      if (installed !== undefined)
        return installed === "cumm" || installed === "spconv"
          ? [
              `${pip(match, "uninstall -y spconv cumm")}; ${pip(match, "list")} | ${platformOf(match) === "win32" ? "findstr /i" : "grep -iE"} "spconv|cumm"   # those with a -cu number, too`,
              pip(
                match,
                "install spconv-cu120   # ready-made, with its cumm: nothing is compiled at import; the number by torch.version.cuda: cu118, cu120, cu124, cu126",
              ),
            ]
          : reinstall(match, installed);
      const dir = foundDir(match);
      if (dir !== undefined) return [`# retorch.toml: include-dirs = ["${dir}"]   (setup.py: include_dirs=["${dir}"])`];
      return [
        `find . -name ${baseName(match.facts["header"] ?? "")}`,
        "git submodule update --init --recursive",
        "# then add its folder: include-dirs in retorch.toml, include_dirs=[...] in setup.py (absolute: os.path.abspath), and MANIFEST.in for source packages",
      ];
    },
    change: (match) => {
      const dir = foundDir(match);
      return dir === undefined ? undefined : { kind: "add-include-dir", dir };
    },
    sources: [],
    examples: [
      {
        text: "csrc/bind.cpp:4:10: fatal error: kernels/box.h: No such file or directory",
        expect: "git submodule update",
      },
      {
        text: "/e/lib/python3.11/dist-packages/cumm/build/core_cc/include/common/TensorViewCPU.h:3:10: fatal error: tensorview/core/all.h: No such file or directory",
        expect: "spconv-cu120",
      },
    ],
  },
];

/** The installed package whose own file asks for the header; torch's and NumPy's headers are others' affair. */
function ofInstalled(match: Match): string | undefined {
  const folder = /(?:site|dist)-packages[\\/]([A-Za-z]\w*)[\\/].+\.(?:h|hpp|cuh|cu|cc|cpp|inl)$/.exec(
    match.finding.file ?? "",
  )?.[1];
  return folder === undefined || /^(?:torch|numpy|nvidia|pybind11|triton)$/.test(folder)
    ? undefined
    : (packageOfModule(`${folder}.`) ?? folder);
}

/** The project's header that differs from what is asked for in upper and lower case alone. */
function otherCase(match: Match): string | undefined {
  const name = match.facts["header"] ?? "";
  return foundDir(match) === undefined && name !== "" ? match.context.headerInOtherCase?.(name) : undefined;
}

function writtenAs(match: Match, there: string): string[] {
  const asked = match.facts["header"] ?? "";
  const written = there.slice(-asked.length);
  const { file, line } = match.finding;
  return [
    `# #include "${written}" in place of "${asked}"`,
    file === undefined || line === undefined
      ? `grep -rn '${asked}' --include=*.h --include=*.hpp --include=*.cuh --include=*.cpp --include=*.cc --include=*.cu .`
      : `sed -i '${line}s|${asked}|${written}|' ${quote(file)}`,
  ];
}
