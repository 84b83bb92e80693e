/** The link: libraries that are missing or do not fit, position-independent code, symbols that are defined twice. */
import { platformOf, pythonVersion, setVariable, systemPackage } from "../commands.ts";
import type { Finding } from "../finding.ts";
import { baseName } from "../parsers/parser.ts";
import { judgeSymbol } from "../symbols.ts";
import { coded, type Match, type MatchFacts, type Rule, saidAny } from "../rule.ts";

/** The library's name without `lib`, `.lib` and version. */
function linkLibrary(finding: Finding, pattern: RegExp): MatchFacts | undefined {
  if (finding.phase !== "link") return undefined;
  const file = baseName(finding.library ?? "");
  const name = file.replace(/^lib(?=[a-z])/, "").replace(/(?:\.so|\.a|\.dylib|\.lib)[\w.]*$/, "");
  const match = pattern.exec(name);
  return match === null ? undefined : { ...match.groups, name, file: finding.library };
}

function added(match: Match): { readonly kind: "add-library-dir"; readonly dir: string } | undefined {
  const name = match.facts["name"];
  const dir = name === undefined ? undefined : match.context.findLibrary?.(name);
  return dir === undefined ? undefined : { kind: "add-library-dir", dir };
}

const cudaNames =
  /^(?:cuda|cudart(?:_static)?|cudadevrt|cublas|cublasLt|cufft|curand|cusolver|cusparse|nvrtc|nvJitLink|npp\w*|cupti|nvToolsExt|nvtx3?interop|cudnn\w*|nccl|cusparseLt|nvjpeg|cufile|culibos|nvidia-ml)$/;

export const linkingRules: readonly Rule[] = [
  {
    id: "nvtoolsext-removed",
    title: "nvToolsExt is gone from CUDA",
    on: ["missing-library", "build-tool", "link"],
    specificity: 90,
    matches: (finding) => {
      if (finding.kind === "missing-library")
        return (
          linkLibrary(finding, /^(?:CUDA::)?nvToolsExt(?:64_1)?$/) ??
          (/nvToolsExt/.test(finding.library ?? "") && finding.phase === "link" ? {} : undefined)
        );
      return saidAny(
        finding,
        /Failed to find nvToolsExt/,
        /CUDA::nvToolsExt/,
        /nvToolsExt.*target was not found/,
        /torch::nvtoolsext/,
      );
    },
    confidence: "high",
    cause: () =>
      "CUDA 12.9 (and conda's CUDA earlier) no longer has the nvToolsExt library; torch's CMake files before 2.7 still ask for it. NVTX 3 has headers only.",
    fix: () => [
      pipTorch(),
      "# or, before find_package(Torch): add_library(CUDA::nvToolsExt INTERFACE IMPORTED)   # with CUDA's nvtx3 headers",
      "# or build with CUDA 12.8; in setup.py drop nvToolsExt from libraries",
    ],
    sources: ["pytorch/pytorch#116242", "pytorch/pytorch#133293", "pytorch/pytorch#152756", "k2-fsa/k2#1320"],
    examples: [
      { text: "/usr/bin/ld: cannot find -lCUDA::nvToolsExt", expect: "CUDA 12.9" },
      {
        text: 'CMake Error at /e/torch/share/cmake/Caffe2/Caffe2Targets.cmake:61 (set_target_properties):\n  The link interface of target "torch::nvtoolsext" contains:\n\n    CUDA::nvToolsExt\n\n  but the target was not found.',
        expect: "NVTX 3",
      },
      {
        text: "CMake Error at cmake/public/cuda.cmake:190 (message):\n  Failed to find nvToolsExt",
        expect: "nvToolsExt",
      },
    ],
  },
  {
    id: "cuda-library-not-found-at-link",
    title: "The linker does not find a CUDA library",
    on: ["missing-library"],
    specificity: 80,
    matches: (finding) => linkLibrary(finding, cudaNames),
    confidence: "high",
    cause: (match) => {
      const name = match.facts["name"] ?? "";
      const cuda = match.context.environment?.cuda;
      if (/^(?:nccl|cudnn\w*|cusparseLt)$/.test(name))
        return `\`${match.facts["file"] ?? name}\` is no part of the CUDA toolkit: its development package is not installed. (pip's nvidia packages bring the library, under another name, lib${name}.so.<N>.)`;
      return name === "cuda"
        ? "`-lcuda` is the driver's library: where no driver is installed (containers, build machines) the stub in <cuda>/lib64/stubs has to be linked, and its folder is not on the library path."
        : `\`${match.facts["file"] ?? name}\` is of CUDA, and its folder (lib64, lib/x64, conda: lib or targets/x86_64-linux/lib) is not on the library path, or CUDA_HOME names a toolkit without it (pip's nvidia packages have no development links).${cuda === undefined ? "" : ` The toolkit at hand: ${cuda.libraryDirs.join(", ")}.`}`;
    },
    fix: (match) => {
      const name = match.facts["name"] ?? "";
      if (platformOf(match) === "win32")
        return [
          setVariable(match, "CUDA_HOME", "C:\\Program Files\\NVIDIA GPU Computing Toolkit\\CUDA\\v13.0"),
          "set LIB=%CUDA_HOME%\\lib\\x64;%LIB%",
        ];
      if (/^(?:nccl|cudnn\w*|cusparseLt)$/.test(name)) {
        const part = name.replace(/^cudnn.*$/, "cudnn");
        return [
          `sudo apt-get install ${part === "nccl" ? "libnccl-dev" : part === "cudnn" ? "cudnn9-cuda-13   # NVIDIA's repository; older: libcudnn9-dev-cuda-12" : "libcusparselt-dev"}`,
          `# or link the one that torch's packages brought: link-flags = ["-L<site-packages>/nvidia/${part === "cudnn" ? "cudnn" : part.toLowerCase()}/lib", "-l:lib${part}.so.${part === "nccl" ? "2" : part === "cudnn" ? "9" : "0"}"]`,
          `find $(python -c "import site; print(site.getsitepackages()[0])") -name 'lib${part}*.so*'`,
        ];
      }
      const root = match.context.environment?.cuda?.root ?? "${CUDA_HOME:-/usr/local/cuda}";
      return [
        name === "cuda"
          ? `export LIBRARY_PATH=${root}/lib64/stubs:$LIBRARY_PATH`
          : `export LIBRARY_PATH=${root}/lib64:${root}/lib:$LIBRARY_PATH`,
        ...(match.context.log.conda
          ? ["export LIBRARY_PATH=$CONDA_PREFIX/lib:$CONDA_PREFIX/targets/x86_64-linux/lib:$LIBRARY_PATH"]
          : []),
        ...(match.context.log.wsl ? ["export LIBRARY_PATH=/usr/lib/wsl/lib:$LIBRARY_PATH"] : []),
        `# retorch.toml: library-dirs = ["${root}/lib64${name === "cuda" ? "/stubs" : ""}"]`,
      ];
    },
    change: added,
    sources: ["baidu-research/warp-ctc#153", "pytorch/pytorch#103417", "sjtuytc/UnboundedNeRFPytorch#130"],
    examples: [
      { text: "/usr/bin/ld: cannot find -lcudart: No such file or directory", expect: "lib64" },
      { text: "/usr/bin/ld: cannot find -lcuda", expect: "stubs" },
      { text: "LINK : fatal error LNK1181: cannot open input file 'cudart.lib'", expect: "CUDA_HOME" },
      { text: "ld.lld: error: unable to find library -lcublas", expect: "LIBRARY_PATH" },
    ],
  },
  {
    id: "torch-gpu-library-not-found-at-link",
    title: "The GPU libraries of torch are not there: torch is a CPU-only build",
    on: ["missing-library"],
    specificity: 82,
    matches: (finding) =>
      linkLibrary(
        finding,
        /^(?:c10_cuda|torch_cuda(?:_cu|_cpp)?|c10_hip|torch_hip|c10_xpu|torch_xpu|caffe2_gpu|caffe2_nvrtc)$/,
      ),
    confidence: "high",
    cause: (match) => {
      const torch = match.context.environment?.torch;
      return `\`${match.facts["file"] ?? match.facts["name"] ?? ""}\` is part of GPU builds of torch only, and the installed torch${torch === undefined ? "" : ` (${torch.version})`} has none: it is CPU-only (or an isolated build fetched a CPU-only one).`;
    },
    fix: (match) => [
      `${platformOf(match) === "win32" ? "python" : "python3"} -c "import torch; print(torch.__version__, torch.version.cuda)"`,
      "pip install --force-reinstall torch --index-url https://download.pytorch.org/whl/cu130   # the CUDA of your toolkit",
      "pip install --no-build-isolation .   # so that the build sees that torch",
      "# or build without CUDA: CppExtension, no .cu sources",
    ],
    sources: ["NVlabs/tiny-cuda-nn#217", "NVlabs/tiny-cuda-nn#197", "ashawkey/torch-ngp#200"],
    examples: [
      { text: "LINK : fatal error LNK1181: cannot open input file 'c10_cuda.lib'", expect: "CPU-only" },
      { text: "/usr/bin/ld: cannot find -lc10_cuda: No such file or directory", expect: "CPU-only" },
    ],
  },
  {
    id: "torch-library-not-found-at-link",
    title: "The linker does not find torch's libraries",
    on: ["missing-library"],
    specificity: 81,
    matches: (finding) =>
      linkLibrary(finding, /^(?:c10|torch|torch_cpu|torch_python|caffe2|caffe2_module\w*|shm|ATen|aten|_C|sleef)$/),
    confidence: "high",
    cause: (match) => {
      const torch = match.context.environment?.torch;
      return `\`${match.facts["file"] ?? ""}\` of torch is not on the library path${torch === undefined ? "" : `: torch ${torch.version} has its libraries in ${torch.libraryDirs.join(", ")}`}${/^(?:ATen|aten|_C|caffe2\w*)$/.test(match.facts["name"] ?? "") ? "; torch since 1.5 has no library of that name" : ""}.`;
    },
    fix: () => [
      "retorch build   # finds torch's libraries by itself",
      'python -c "import torch.utils.cpp_extension as c; print(c.library_paths())"   # folders for -L',
      "# CMake: -DCMAKE_PREFIX_PATH=$(python -c 'import torch; print(torch.utils.cmake_prefix_path)')",
    ],
    change: added,
    sources: ["pytorch: torch/utils/cpp_extension.py"],
    examples: [{ text: "/usr/bin/ld: cannot find -ltorch_python: No such file or directory", expect: "library_paths" }],
  },
  {
    id: "python-library-not-found-at-link",
    title: "The linker does not find Python's library",
    on: ["missing-library"],
    specificity: 80,
    matches: (finding) => linkLibrary(finding, /^python(?<version>\d[\d.]*)(?<flags>[a-z_]*)$/),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["file"] ?? ""}\`: the interpreter's import library is not found. ${platformOf(match) === "win32" ? "In a virtual environment it lies in the `libs` folder of the base Python; Store and embeddable Pythons have none, and `_d` is for debug builds." : "Modules need no libpython on Linux; a program that embeds Python needs the development package."}`,
    fix: (match) =>
      platformOf(match) === "win32"
        ? [
            "python -c \"import sys; print(sys.base_prefix + '\\\\libs')\"   # does it hold the .lib? then:",
            "for /f %i in ('python -c \"import sys; print(sys.base_prefix)\"') do set LIB=%i\\libs;%LIB%",
            "# otherwise install Python from python.org",
          ]
        : [
            ...systemPackage(match, { apt: `python${pythonVersion(match) ?? "3"}-dev`, dnf: "python3-devel" }),
            "# modules: drop -lpython from the link flags",
          ],
    sources: ["ashawkey/torch-ngp#91", "stevenlovegrove/Pangolin#570"],
    examples: [{ text: "LINK : fatal error LNK1104: cannot open file 'python39.lib'", expect: "base_prefix" }],
  },
  {
    id: "output-file-locked",
    title: "The file to be written is in use",
    on: ["missing-library", "link"],
    specificity: 83,
    matches: (finding) => {
      if (finding.code === "LNK1104" || finding.code === "LNK1149")
        return /\.(?:pyd|dll|exe)$/i.test(finding.library ?? "") ? { file: finding.library } : undefined;
      return saidAny(
        finding,
        /cannot open output file (?<file>\S+): (?:Permission denied|Text file busy|Device or resource busy)/,
      );
    },
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["file"] ?? ""}\` cannot be overwritten: a Python process (a notebook, an IDE, a test run) has the old one loaded, or another build writes it.`,
    fix: () => ["# end the Python processes that imported the extension, then build again"],
    sources: ["https://learn.microsoft.com/cpp/error-messages/tool-errors/linker-tools-error-lnk1104"],
    examples: [
      {
        text: "LINK : fatal error LNK1104: cannot open file 'build\\lib.win-amd64-cpython-311\\my_ext.cp311-win_amd64.pyd'",
        expect: "Python processes",
      },
    ],
  },
  {
    id: "output-folder-missing",
    title: "The folder for the output does not exist",
    on: ["driver", "link"],
    specificity: 82,
    matches: (finding) =>
      finding.code === "no-output-folder" && !/denied|Read-only/.test(finding.message)
        ? { file: finding.file }
        : saidAny(
            finding,
            /cannot open output file (?<file>\S+?): (?:No such file or directory|Not a directory|Is a directory)/,
            /(?:failed to|can't|cannot) (?:open|create) (?<file>\S+): (?:No such file or directory|Is a directory)/,
          ),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["file"] ?? ""}\` cannot be written, because its folder does not exist (or was removed while the build ran: a second build, a cleaning job), or something of that name is a folder.`,
    fix: (match) => [
      `mkdir -p "$(dirname "${match.facts["file"] ?? ""}")"`,
      "retorch build   # makes the folders that it writes to; with setup.py: rm -rf build, and one build at a time",
    ],
    sources: ["https://sourceware.org/binutils/docs/as/"],
    examples: [
      {
        text: "Assembler messages:\nFatal error: can't create build/temp/csrc/a.o: No such file or directory",
        expect: "mkdir -p",
      },
      { text: "error: unable to open output file 'out/a.o': 'No such file or directory'", expect: "mkdir -p" },
      { text: "/usr/bin/ld: cannot open output file lib/_C.so: No such file or directory", expect: "does not exist" },
    ],
  },
  {
    id: "object-not-found-at-link",
    title: "An object file is not where the linker looks",
    on: ["missing-library", "driver"],
    specificity: 78,
    matches: (finding) =>
      finding.kind === "driver"
        ? finding.code === "no-such-file" && /\.(?:o|obj)$/.test(finding.file ?? "")
          ? { file: finding.file }
          : undefined
        : finding.phase === "link" &&
            /\.(?:o|obj)$/.test(finding.library ?? "") &&
            !/crt\w*\.o$|crti|Scrt1|crtbegin/.test(finding.library ?? "")
          ? { file: finding.library }
          : undefined,
    confidence: "high",
    cause: (match) =>
      /\.\.|dependencies/.test(match.facts["file"] ?? "")
        ? `\`${match.facts["file"] ?? ""}\` was compiled to another place: a source path with \`..\` in it puts the object outside of the build folder.`
        : `\`${match.facts["file"] ?? ""}\` was not made, or elsewhere: its compile failed or was skipped (look above), the source's path is relative with \`..\`, has spaces or letters outside ASCII, or is too long for Windows; or the wrong (x86) link.exe runs.`,
    fix: () => [
      "# put the project into a short path of plain letters without spaces; name sources without ..",
      "# delete the build folder and build again: rm -rf build   (Windows: rmdir /s /q build)",
      "retorch build",
    ],
    sources: ["NVIDIA/nv-wavenet#50", "NVlabs/tiny-cuda-nn#399", "JeffreyXiang/diffoctreerast#2"],
    examples: [
      {
        text: "LINK : fatal error LNK1181: cannot open input file '.\\Release\\_nv_wavenet_ext.obj'",
        expect: "short path",
      },
      {
        text: "LINK : fatal error LNK1181: impossible d'ouvrir le fichier en entrée 'C:\\Temp\\Release\\..\\..\\dependencies\\fmt\\src\\format.obj'",
        expect: "..",
      },
      { text: "g++: error: build/temp.linux-x86_64-3.8/src/a.o: No such file or directory", expect: "build folder" },
    ],
  },
  {
    id: "c-runtime-objects-missing",
    title: "The C library's start files are not found",
    on: ["missing-library"],
    specificity: 80,
    matches: (finding) =>
      finding.phase === "link" &&
      /(?:^|\/)(?:S?crt1|crti|crtn|crtbegin\w*|crtend\w*)\.o$|^(?:lib)?(?:c|m|gcc|gcc_s|pthread|stdc\+\+)$/.test(
        finding.library ?? "",
      )
        ? { file: finding.library }
        : undefined,
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["file"] ?? ""}\` is of the C library's or the compiler's development files: they are not installed, or a cross or conda compiler does not find its sysroot.`,
    fix: (match) =>
      systemPackage(match, {
        apt: "build-essential libc6-dev",
        dnf: "glibc-devel libstdc++-devel",
        conda: "gxx sysroot_linux-64",
      }),
    sources: ["https://gcc.gnu.org/install/"],
    examples: [
      { text: "/usr/bin/ld: cannot find crti.o: No such file or directory", expect: "libc6-dev" },
      {
        text: "/opt/conda/envs/e/bin/../lib/gcc/x86_64-conda-linux-gnu/11.2.0/../../../../x86_64-conda-linux-gnu/bin/ld: cannot find -lpthread",
        expect: "sysroot_linux-64",
      },
    ],
  },
  {
    id: "library-not-found-at-link",
    title: "The linker does not find a library",
    on: ["missing-library"],
    specificity: 50,
    matches: (finding) => linkLibrary(finding, /^(?<lib>.+)$/),
    confidence: "high",
    cause: (match) => {
      const dir = added(match)?.dir;
      return `The library \`${match.facts["file"] ?? match.facts["name"] ?? ""}\` is in none of the folders that the linker searches: ${dir === undefined ? "its development package is not installed, or its folder is not given with -L" : `it is in ${dir}`}.`;
    },
    fix: (match) => {
      const dir = added(match)?.dir;
      const name = match.facts["name"] ?? "";
      if (dir !== undefined) return [`# retorch.toml: library-dirs = ["${dir}"]   (setup.py: library_dirs=["${dir}"])`];
      if (platformOf(match) === "win32")
        return [`# install ${name}, and add the folder of its .lib to library-dirs (or to LIB)`];
      const packages: Record<string, string> = {
        omp: "libomp-dev",
        gomp: "libgomp1",
        openblas: "libopenblas-dev",
        mpi: "libopenmpi-dev",
        z: "zlib1g-dev",
        png: "libpng-dev",
        jpeg: "libjpeg-dev",
        GL: "libgl1-mesa-dev",
        EGL: "libegl1-mesa-dev",
        X11: "libx11-dev",
        numa: "libnuma-dev",
        aio: "libaio-dev",
        ssl: "libssl-dev",
        crypto: "libssl-dev",
        ibverbs: "libibverbs-dev",
        tbb: "libtbb-dev",
      };
      const apt = packages[name];
      return [
        ...(apt === undefined
          ? [`find / -name 'lib${name}.so*' -o -name 'lib${name}.a' 2>/dev/null`]
          : systemPackage(match, { apt })),
        `# then: library-dirs = ["<its folder>"] in retorch.toml, library_dirs=[...] in setup.py; a file lib${name}.so.N alone needs a link lib${name}.so`,
      ];
    },
    change: added,
    sources: ["https://sourceware.org/binutils/docs/ld/Options.html"],
    examples: [
      { text: "mold: fatal: library not found: nosuch", expect: "library-dirs" },
      { text: "ld: library 'omp' not found", expect: "libomp" },
      { text: "/usr/bin/ld: cannot find -lopenblas: No such file or directory", expect: "libopenblas-dev" },
    ],
  },
  {
    id: "not-position-independent",
    title: "Something in the module was compiled without -fPIC",
    on: ["link"],
    specificity: 80,
    matches: (finding) =>
      saidAny(
        finding,
        /(?<file>\S+?\.(?:o|a)\S*?)?:? ?.*(?:recompile with -fPIC|may overflow at runtime; recompile|can ?not be used when making a (?:shared object|PIE)|relocation refers to local symbol|requires dynamic R_\w+ reloc|can't be used; recompile|cannot be used; recompile|recompile with -fPIE)/,
      ),
    confidence: "high",
    cause: (match) =>
      `${match.facts["file"] === undefined ? "An object or archive" : `\`${match.facts["file"]}\``} that goes into the shared library was compiled without -fPIC (often a static library, or objects of nvcc without -Xcompiler -fPIC).`,
    fix: () => [
      "# compile it with -fPIC (nvcc: -Xcompiler -fPIC; CMake: -DCMAKE_POSITION_INDEPENDENT_CODE=ON), or link the shared form of the library",
      "retorch build --force   # passes -fPIC to every compiler",
    ],
    sources: ["https://gcc.gnu.org/onlinedocs/gcc/Code-Gen-Options.html"],
    examples: [
      {
        text: "/usr/bin/ld: np.o: relocation R_X86_64_32 against `.rodata' can not be used when making a shared object; recompile with -fPIC",
        expect: "-Xcompiler -fPIC",
      },
      {
        text: "mold: error: np.o:(.text): R_X86_64_32 relocation at offset 0x1e against symbol `.rodata' can not be used; recompile with -fPIC",
        expect: "-fPIC",
      },
      {
        text: "ld.lld: error: relocation R_X86_64_32 cannot be used against local symbol; recompile with -fPIC",
        expect: "-fPIC",
      },
    ],
  },
  {
    id: "too-large-for-the-code-model",
    title: "The library is too large for 32-bit jumps",
    on: ["link"],
    specificity: 82,
    matches: (finding) =>
      saidAny(
        finding,
        /relocation truncated to fit|failed to convert GOTPCREL relocation|relocation \S+ out of range|R_X86_64_(?:PC32|PLT32|GOTPCREL\w*).*out of range|section .* (?:too large|overlaps)|PC-relative offset overflow|LNK1248/,
      ),
    confidence: "high",
    cause: () =>
      "Code and data together exceed 2 GB, so that 32-bit offsets do not reach: too many GPU architectures times kernels in one library.",
    fix: (match) => [
      setVariable(match, "TORCH_CUDA_ARCH_LIST", "8.0;9.0") + "   # fewer architectures",
      "# nvcc: --compress-mode=size (CUDA 12.8 and newer); split the extension in two; -mcmodel=medium as a last resort",
    ],
    sources: ["pytorch/pytorch#39968"],
    examples: [
      {
        text: "/usr/bin/ld: x.o: in function `f': x.cu:(.text+0x1b): relocation truncated to fit: R_X86_64_PC32 against `.nv_fatbin'",
        expect: "architectures",
      },
    ],
  },
  {
    id: "symbol-defined-twice",
    title: "A symbol is defined more than once",
    on: ["duplicate-symbol"],
    specificity: 70,
    matches: (finding) => ({
      symbol: judgeSymbol(finding.symbol ?? "").symbol.path.join("::") || (finding.symbol ?? ""),
      phase: finding.phase,
    }),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["symbol"] ?? ""}\` is defined in two of the objects that are linked: a function in a header without \`inline\`, a .cu or .cpp file that another one includes and that is compiled, too, the same source twice in \`sources\`, or PYBIND11_MODULE in two files.`,
    fix: () => [
      "# mark functions in headers inline (or static, or make them templates); do not #include .cu/.cpp files that are in `sources`; one PYBIND11_MODULE per module",
    ],
    sources: ["https://gcc.gnu.org/wiki/VerboseDiagnostics"],
    examples: [
      {
        text: "/usr/bin/ld: b.o: in function `launch(float*)': b.cu:(.text+0x0): multiple definition of `launch(float*)'; a.o:a.cu:(.text+0x0): first defined here",
        expect: "inline",
      },
      { text: "b.obj : error LNK2005: PyInit__C already defined in a.obj", expect: "PYBIND11_MODULE" },
      { text: "ld.lld: error: duplicate symbol: foo()", expect: "inline" },
      { text: "nvlink error   : Multiple definition of '_Z3foov' in 'b.o', first defined in 'a.o'", expect: "inline" },
    ],
  },
  {
    id: "library-of-wrong-kind",
    title: "The libraries that are found are of another architecture or kind",
    on: ["link"],
    role: "symptom",
    specificity: 55,
    matches: (finding) =>
      saidAny(
        finding,
        /skipping incompatible (?<file>\S+)/,
        /(?<file>\S+?):? file (?:format )?not recognized/,
        /(?<file>\S+): unknown file type/,
        /(?<file>\S+?): (?:malformed|not an? (?:object|archive))/,
        /(?<file>\S+): (?:file too short|file is (?:empty|too small)|.*(?:corrupted|truncated))/,
        /invalid file/,
        /invalid or corrupt file/,
      ),
    confidence: "medium",
    cause: (match) =>
      `${match.facts["file"] === undefined ? "A file" : `\`${match.facts["file"]}\``} is passed over or refused by the linker: it is of another architecture (32 and 64 bit, x86 and ARM), is empty or cut off, or holds link-time-optimization code of another compiler${/corrupt file/.test(match.finding.message) ? "; on Windows, a .dll or .pyd was named where its .lib belongs" : ""}.`,
    fix: (match) => [
      `file ${match.facts["file"] ?? "<file>"}`,
      "# build or install it for this machine; delete a half-written file and build again: retorch build --force",
    ],
    sources: ["https://learn.microsoft.com/cpp/error-messages/tool-errors/linker-tools-error-lnk1107"],
    examples: [
      { text: "/usr/bin/ld: a.o: file not recognized: file format not recognized", expect: "cut off" },
      { text: "c10.dll : fatal error LNK1107: invalid or corrupt file: cannot read at 0x368", expect: ".lib" },
    ],
  },
  {
    id: "lto-version-mismatch",
    title: "Objects of two gcc versions are linked with LTO",
    on: ["link", "driver"],
    specificity: 80,
    matches: (finding) =>
      saidAny(
        finding,
        /bytecode stream in file [‘'](?<file>.+?)[’'] generated with LTO version (?<have>[\d.]+) instead of the expected (?<need>[\d.]+)/,
        /LTO version|plugin needed to handle lto object/,
      ),
    confidence: "high",
    cause: (match) =>
      `${match.facts["file"] === undefined ? "An object" : `\`${match.facts["file"]}\``} holds intermediate code of another gcc: objects of an older build, or a library of another compiler, are linked with -flto.`,
    fix: () => [
      "retorch build --force   # all objects with one compiler",
      "# or without -flto in CFLAGS, CXXFLAGS and LDFLAGS",
    ],
    sources: ["https://gcc.gnu.org/onlinedocs/gcc/Optimize-Options.html#index-flto"],
    examples: [
      {
        text: "lto1: fatal error: bytecode stream in file ‘a.o’ generated with LTO version 9.2 instead of the expected 12.0",
        expect: "-flto",
      },
    ],
  },
  {
    id: "dso-missing-on-command-line",
    title: "A library that is needed indirectly is not linked",
    on: ["link"],
    specificity: 70,
    matches: (finding) =>
      saidAny(
        finding,
        /(?<file>\S+?):? error adding symbols: DSO missing from command line|DSO missing from command line/,
      ),
    confidence: "high",
    cause: (match) =>
      `The code uses a symbol of ${match.facts["file"] === undefined ? "a library" : `\`${match.facts["file"]}\``} that is only needed by another library: it has to be named on the link line itself.`,
    fix: (match) => [
      `# add it: libraries = ["${
        baseName(match.facts["file"] ?? "")
          .replace(/^lib/, "")
          .replace(/\.so.*$/, "") || "<name>"
      }"]`,
    ],
    sources: ["https://sourceware.org/binutils/docs/ld/Options.html"],
    examples: [
      {
        text: "/usr/bin/ld: /usr/lib/libpthread.so.0: error adding symbols: DSO missing from command line",
        expect: "pthread",
      },
    ],
  },
  {
    id: "resource-compiler-missing",
    title: "link.exe does not find the resource compiler or its libraries",
    on: ["link"],
    specificity: 82,
    matches: (finding) => coded(finding, "LNK1158", "LNK1327"),
    confidence: "high",
    cause: () =>
      "link.exe starts rc.exe (or mt.exe) of the Windows SDK, which is not on PATH: the SDK is not installed, or the build does not run in a developer prompt.",
    fix: () => [
      '"C:\\Program Files\\Microsoft Visual Studio\\2022\\Community\\VC\\Auxiliary\\Build\\vcvars64.bat"',
      "# and install a Windows SDK in the Visual Studio Installer",
    ],
    sources: ["https://learn.microsoft.com/cpp/error-messages/tool-errors/linker-tools-error-lnk1158"],
    examples: [{ text: "LINK : fatal error LNK1158: cannot run 'rc.exe'", expect: "Windows SDK" }],
  },
  {
    id: "iterator-debug-level",
    title: "Debug and release objects are mixed (MSVC)",
    on: ["link"],
    specificity: 85,
    matches: (finding) =>
      coded(finding, "LNK2038") === undefined
        ? undefined
        : (saidAny(finding, /mismatch detected for '(?<what>\w+)'/) ?? {}),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["what"] ?? "_ITERATOR_DEBUG_LEVEL"}\` differs: objects compiled for debug (/MDd) and libraries for release (/MD), as torch's are, cannot be linked together.`,
    fix: () => [
      "# build for release (/MD, without _DEBUG); LibTorch has a debug download of its own for debug programs",
    ],
    sources: ["https://learn.microsoft.com/cpp/error-messages/tool-errors/linker-tools-error-lnk2038"],
    examples: [
      {
        text: "a.obj : error LNK2038: mismatch detected for '_ITERATOR_DEBUG_LEVEL': value '0' doesn't match value '2' in b.obj",
        expect: "/MD",
      },
    ],
  },
];

function pipTorch(): string {
  return "pip install --upgrade torch   # 2.7 and newer use NVTX 3";
}
