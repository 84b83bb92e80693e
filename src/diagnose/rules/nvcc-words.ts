/** What reaches nvcc after quoting went wrong, and assertions of host libraries in device code. */
import { platformOf, setVariable, torchCuda, unsetVariable } from "../commands/commands.ts";
import { changedNvcc, cmakeAgain } from "../commands/typed-again.ts";
import { type Match, placeOf, type Rule, saidAny } from "../rule.ts";
import { cmakeFile } from "../commands/source-edits.ts";
import { isBuiltByPython } from "../commands/typed-builds.ts";

/** The ways in which an option of nvcc is written, by the name that its messages have. Source: NVIDIA's documentation of nvcc's command options. */
const spelt: Readonly<Record<string, RegExp>> = {
  std: /^--?std=/,
  "compiler-bindir": /^(?:-ccbin|--compiler-bindir)(?:=|$)/,
  optimize: /^(?:-O|--optimize=)/,
};

/** The typed command with the first of two settings alone. */
function onceInCommand(match: Match, name: string): string | undefined {
  const form = spelt[name];
  let seen = false;
  return form === undefined
    ? undefined
    : changedNvcc(match, (word) => {
        if (!form.test(word)) return word;
        const given = seen;
        seen = true;
        return given ? undefined : word;
      });
}

/** The project's own standard taken out: torch gives one by itself, to CMake's targets and to setuptools. */
function withoutOwnStandard(match: Match): string[] {
  const { log } = match.context;
  if (platformOf(match) === "win32" || log.builtAtRunTime) return [];
  const standard = String.raw`-std=(c|gnu)\+\+(\$\{\w+\}|[0-9a-z]+)`;
  if (log.typedConfigure !== undefined || (log.cmake && !isBuiltByPython(match)))
    return [`sed -i.bak -E '/CUDA_(NVCC_)?FLAGS/s/${standard}//g' ${cmakeFile(match)}`];
  return isBuiltByPython(match)
    ? [
        `sed -i.bak -E "s/[\\"']-?${String.raw`-std=(c|gnu)\+\+[0-9a-z]+`}[\\"'],? *//g" setup.py   # torch gives the standard by itself`,
      ]
    : [];
}

export const nvccWordRules: readonly Rule[] = [
  {
    id: "nvcc-option-twice",
    title: "nvcc is given an option twice",
    on: ["driver"],
    specificity: 84,
    matches: (finding) =>
      finding.tool === "nvcc" ? saidAny(finding, /redefinition of argument ['"](?<twice>[^'"]+)['"]/) : undefined,
    confidence: "high",
    cause: (match) =>
      match.facts["twice"] === "std"
        ? "nvcc is given `-std` twice with different values: one comes from torch (its CMake files and its builder add one), the other from the project's own flags."
        : `nvcc is given the option \`${match.facts["twice"] ?? ""}\` twice with different values: by the project's flags and by a variable (NVCC_PREPEND_FLAGS, NVCC_APPEND_FLAGS, CUDAFLAGS) or by torch.`,
    fix: (match) => {
      const name = match.facts["twice"] ?? "";
      const typed = onceInCommand(match, name);
      if (typed !== undefined) return [typed];
      if (name !== "std")
        return [
          ...["NVCC_PREPEND_FLAGS", "NVCC_APPEND_FLAGS", "CUDAFLAGS"].map((each) => unsetVariable(match, each)),
          `# set by none of them: take the project's own \`${name}\` out of the flags for nvcc`,
        ];
      return [
        ...withoutOwnStandard(match),
        "# give `-std` once: CMake: out of CUDA_NVCC_FLAGS and CMAKE_CUDA_FLAGS, set(CMAKE_CUDA_STANDARD 17) in its place; setup.py and load(): no -std= in extra_compile_args['nvcc'] and extra_cuda_cflags",
      ];
    },
    sources: ["NVIDIA/FasterTransformer#9", "dmlc/decord#65"],
    examples: [
      { text: "nvcc fatal   : redefinition of argument 'std'", expect: "-std=" },
      {
        text: "$ cmake -DCMAKE_PREFIX_PATH=/opt/libtorch -DARCH=80 ..\n$ make -j8\n[ 10%] Building CUDA object src/CMakeFiles/beam.dir/beam.cu.o\nnvcc fatal   : redefinition of argument 'std'\nmake: *** [all] Error 2",
        expect: "../CMakeLists.txt",
      },
      {
        text: "$ pip install --no-build-isolation .\nnvcc fatal   : redefinition of argument 'std'\nerror: command '/usr/local/cuda/bin/nvcc' failed with exit status 1",
        expect: "setup.py   # torch gives the standard by itself\n",
      },
    ],
  },
  {
    id: "nvcc-quotes-broken",
    title: "A quote in a flag reaches nvcc alone",
    on: ["driver"],
    specificity: 84,
    matches: (finding) =>
      finding.tool === "nvcc"
        ? saidAny(
            finding,
            /Stray ['"`](?<what>["'\\])['"`] character/,
            /(?<what>Missing closing quote|Unterminated quote|unbalanced quot\w*)/i,
          )
        : undefined,
    confidence: "high",
    cause: (match) =>
      `nvcc takes its words apart at quotes, and got one without its partner (${match.facts["what"] ?? '"'}): a definition whose value is a string (-DNAME="x"), a path with a space, or a host flag with quotes went through two shells, or through CMake's FindCUDA, which passes CMAKE_CXX_FLAGS to nvcc -Xcompiler.`,
    fix: () => [
      '# definitions with a string: -DNAME=\\"x\\" in a shell, \'-DNAME="x"\' as one word of a list in setup.py; CMake: target_compile_definitions(the_target PRIVATE NAME="x")',
      "# host flags with quotes or commas: for C++ alone, add_compile_options($<$<COMPILE_LANGUAGE:CXX>:…>); FindCUDA: set(CUDA_PROPAGATE_HOST_FLAGS OFF)",
      'echo "$CXXFLAGS | $CFLAGS | $CUDAFLAGS | $NVCC_PREPEND_FLAGS | $NVCC_APPEND_FLAGS"   # a quote in one of these?',
    ],
    sources: ["NVIDIA/gvdb-voxels#2", "https://cmake.org/cmake/help/latest/module/FindCUDA.html"],
    examples: [
      {
        text: "nvcc fatal   : Stray '\"' character\nCMake Error at cuda_compile_1_generated_a.cu.o.Release.cmake:214 (message):\n  Error generating\n  /b/cuda_compile_1_generated_a.cu.o",
        expect: "CUDA_PROPAGATE_HOST_FLAGS",
      },
    ],
  },
  {
    id: "assertion-in-device-code",
    title: "A check of the C++ library gets into device code",
    on: ["compile"],
    specificity: 82,
    matches: (finding) =>
      saidAny(
        finding,
        /calling a (?:constexpr )?__host__ function ?\(?"(?<callee>(?:std::)?(?:_wassert|_assert|__assert\w*|__glibcxx_assert_fail\w*|__replacement_assert|_CrtDbgReport\w*|_invalid_parameter\w*|_Xlength_error|_Xout_of_range|__throw_\w+|abort|terminate))\b/,
        /identifier "(?<callee>(?:std::)?(?:_wassert|_assert|__assert\w*|__glibcxx_assert_fail\w*|__replacement_assert|_CrtDbgReport\w*|_invalid_parameter\w*|__throw_\w+))" is undefined in device code/,
        /reference to __host__ function '(?<callee>(?:std::)?(?:_wassert|__assert\w*|__glibcxx_assert_fail\w*|__throw_\w+))' in __(?:device|global)/,
      ),
    confidence: "high",
    cause: (match) =>
      `${placeOf(match.finding)} calls \`${match.facts["callee"] ?? ""}\`: an assert() or a bounds check of a host library (GLM, Eigen, std::array, std::optional) is compiled into a kernel, in the host's form. A build without checks does not have it.`,
    fix: (match) => [
      ...(/glibcxx|__throw/.test(match.facts["callee"] ?? "")
        ? [
            `${setVariable(match, "NVCC_APPEND_FLAGS", "-U_GLIBCXX_ASSERTIONS")}   # every nvcc of this shell reads it (CUDA 11.1 and newer): distributions set -D_GLIBCXX_ASSERTIONS in CXXFLAGS`,
            '# for gcc as well: export CXXFLAGS="$CXXFLAGS -U_GLIBCXX_ASSERTIONS"; or cuda::std:: in place of std:: in kernels',
          ]
        : [
            `${setVariable(match, "NVCC_APPEND_FLAGS", "-DNDEBUG")}   # assert() is nothing then; every nvcc of this shell reads it (CUDA 11.1 and newer)`,
            "# for good: -DNDEBUG (CMake: -DCMAKE_BUILD_TYPE=Release); GLM and Eigen: no GLM_FORCE_… checks, EIGEN_NO_DEBUG",
          ]),
      "# or in the kernel's file, before other headers: #include <cassert> by way of <cuda_runtime.h> (CUDA has a device form of assert), and no library that redefines it",
    ],
    sources: ["FLAMEGPU/FLAMEGPU2#1011", "https://docs.nvidia.com/cuda/cuda-c-programming-guide/#assertion"],
    examples: [
      {
        text: 'c:\\p\\agent.cu(162): error : calling a __host__ function("_wassert") from a __global__ function("generateFlags") is not allowed',
        expect: "set NVCC_APPEND_FLAGS=-DNDEBUG",
      },
      {
        text: 'k.cu(12): error: identifier "std::__glibcxx_assert_fail" is undefined in device code',
        expect: "export NVCC_APPEND_FLAGS=-U_GLIBCXX_ASSERTIONS",
      },
    ],
  },
  {
    id: "assert-not-declared",
    title: "assert() is used without its header",
    on: ["compile"],
    specificity: 84,
    matches: (finding) => saidAny(finding, /identifier "(?<name>__assert_fail|__assertfail|_wassert)" is undefined$/),
    confidence: "high",
    cause: (match) =>
      `${placeOf(match.finding)} uses assert() and does not include <cassert>: another header brought it in up to now, and with this CUDA (or torch) no longer does.`,
    fix: (match) => [
      `# add to ${match.finding.file ?? "the file"}: #include <cassert>`,
      "export NVCC_PREPEND_FLAGS='-include cassert'   # without an edit: for all files that nvcc compiles; or -DNDEBUG, which takes assert() away",
    ],
    sources: ["thu-ml/SpargeAttn#62"],
    examples: [
      { text: 'utils/wgmma.cuh(312): error: identifier "__assert_fail" is undefined', expect: "#include <cassert>" },
    ],
  },
  {
    id: "member-template-unknown",
    title: "A member is called with <…>, and is no template in this torch",
    on: ["compile"],
    specificity: 78,
    matches: (finding) =>
      // Without <…> in the line it is a method that lacks its brackets.
      finding.source !== undefined && !/[.>]\w+\s*</.test(finding.source)
        ? undefined
        : saidAny(finding, /(?<what>a pointer to a bound function may only be used to call the function)/),
    confidence: "medium",
    cause: (match) =>
      `${placeOf(match.finding)} calls a member with a type in angle brackets (x.data_ptr<float>(), x.packed_accessor32<…>()), and the installed torch has that member without template, or not at all: torch is older than the package wants. "type name is not allowed" and "expected an expression" after it are the echo.`,
    fix: (match) => [
      `sed -n '${match.finding.line ?? 1}p' ${match.finding.file ?? "the file"}   # data_ptr<T>() is there since torch 1.3, packed_accessor32/64 since 1.3`,
      'python -c "import torch; print(torch.__version__)"; python -m pip install --upgrade torch   # or an older release of the package; x.data<T>() in torch below 1.3',
    ],
    sources: ["open-mmlab/mmcv#712"],
    examples: [
      {
        text: "./csrc/psamask_cuda.cu(46): error: a pointer to a bound function may only be used to call the function",
        expect: "data_ptr<T>()",
      },
    ],
  },
  {
    id: "cuda-cmake-target-missing",
    title: "CMake's CUDAToolkit package lacks one of its libraries",
    on: ["build-tool"],
    specificity: 78,
    matches: (finding) =>
      saidAny(
        finding,
        /(?:links to(?: target|:)|contains:)\s+"?CUDA::(?<name>(?!nvToolsExt\b|nvtx3\b)\w+)"?\s+but\s+the\s+target\s+was\s+not\s+found/s,
        /Could not find (?:CUDA_)?(?<name>cudart|cublas|cufft|curand|cusolver|cusparse|nvrtc|nvJitLink|nvml|cupti|cufile|npp\w+)(?:_LIBRARY)? using the following names/i,
      ),
    confidence: "high",
    cause: (match) =>
      `CMake finds a CUDA toolkit, and \`CUDA::${match.facts["name"] ?? ""}\` is not made, because the library and its headers are not in it: a toolkit that was installed in part (conda's cuda-nvcc alone, single packages of apt), or the wrong one of two toolkits was found. (Without find_package(CUDAToolkit) before it, it is missing as well.)`,
    fix: (match) => {
      const name = match.facts["name"] ?? "";
      const own = packageOf(name);
      return [...partOfToolkit(match, own), ...configuredAnew(match)];
    },
    sources: ["https://cmake.org/cmake/help/latest/module/FindCUDAToolkit.html", "PASSIONLab/OpenEquivariance#208"],
    examples: [
      {
        text: 'CMake Error at CMakeLists.txt:61 (target_link_libraries):\n  Target "ext" links to:\n\n    CUDA::nvrtc\n\n  but the target was not found.  Possible reasons include:',
        expect: "sudo apt-get install -y cuda-nvrtc-dev-$(nvcc",
      },
      {
        text: '$ pip install llama-cpp-python --no-cache-dir\n      -- Found CUDAToolkit: /usr/local/cuda/include (found version "12.9.86")\n      CMake Error at CMakeLists.txt:61 (target_link_libraries):\n        Target "ext" links to:\n\n          CUDA::cublas\n\n        but the target was not found.  Possible reasons include:',
        expect: "sudo apt-get install -y libcublas-dev-12-9",
      },
    ],
  },
];

/** Installs that part where the toolkit is from: conda's into the environment, else NVIDIA's package for the nvcc that is there. */
function partOfToolkit(match: Match, own: { readonly conda: string; readonly apt: string }): string[] {
  const version = (match.context.log.cuda ?? torchCuda(match))?.split(".").slice(0, 2).join("-");
  const whole =
    "# a toolkit from NVIDIA's .run installer has no such packages: run it once more with the libraries selected";
  if (platformOf(match) === "win32")
    return match.context.log.conda
      ? [`conda install -c nvidia ${own.conda}`]
      : [
          `# NVIDIA's installer of CUDA${version === undefined ? "" : ` ${version.replace("-", ".")}`} once more: Custom, and the libraries with their development files selected`,
        ];
  const apt = `sudo apt-get install ${own.apt}-${version ?? "$(nvcc --version | sed -n 's/.*release \\([0-9]*\\)[.]\\([0-9]*\\),.*/\\1-\\2/p')"}`;
  return match.context.log.conda
    ? [`conda install -c nvidia ${own.conda}`, `# the toolkit is not conda's, but one of /usr/local: ${apt}`]
    : [apt, whole, `# conda's toolkit: conda install -c nvidia ${own.conda}`];
}

/** CMake keeps what it did not find; pip configures in a new folder each time. */
function configuredAnew(match: Match): string[] {
  const { installer, installs = [], requested = [] } = match.context.log;
  const windows = platformOf(match) === "win32";
  if (installer !== undefined || installs.length > 0 || requested.length > 0)
    return ["# another toolkit is found first: name the whole one, export CUDAToolkit_ROOT=/usr/local/cuda"];
  // The user's own command, with the toolkit named.
  const typed = windows ? undefined : cmakeAgain(match, [], " -DCUDAToolkit_ROOT=/usr/local/cuda");
  if (typed !== undefined) return [...typed];
  return [
    `${windows ? "rmdir /s /q build & cmake" : "rm -rf build && cmake"} -S . -B build${windows ? "" : " -DCUDAToolkit_ROOT=/usr/local/cuda   # or name a whole toolkit"}`,
  ];
}

/** Packages of one part of the toolkit. Source: the package lists of NVIDIA's conda channel and apt repository. */
function packageOf(name: string): { readonly conda: string; readonly apt: string } {
  const base = name.replace(/_static$/, "");
  if (/^(?:cudart|cuda_driver|cudadevrt|culibos)$/.test(base))
    return { conda: "cuda-cudart-dev", apt: "cuda-cudart-dev" };
  if (base === "nvrtc" || base === "nvrtc_builtins") return { conda: "cuda-nvrtc-dev", apt: "cuda-nvrtc-dev" };
  if (base === "nvml") return { conda: "cuda-nvml-dev", apt: "cuda-nvml-dev" };
  if (base === "cupti" || /^nvperf/.test(base)) return { conda: "cuda-cupti-dev", apt: "cuda-cupti-dev" };
  if (/^cublas/.test(base)) return { conda: "libcublas-dev", apt: "libcublas-dev" };
  if (/^npp/.test(base)) return { conda: "libnpp-dev", apt: "libnpp-dev" };
  if (/^cufile/.test(base)) return { conda: "libcufile-dev", apt: "libcufile-dev" };
  if (/^nvJitLink/i.test(base)) return { conda: "libnvjitlink-dev", apt: "libnvjitlink-dev" };
  const plain = base.replace(/(?:Mg|w|_metis|_lapack)$/, "").toLowerCase();
  return { conda: `lib${plain}-dev`, apt: `lib${plain}-dev` };
}
