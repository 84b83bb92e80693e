/** Sources that no longer compile: what CUDA, Python, pybind11 and compilers changed. */
import { namedResult } from "../commands/pybind-casts.ts";
import { changeFolder, pip, platformOf, quote, systemPackage } from "../commands/commands.ts";
import { about, ofLog } from "../matchers.ts";
import { compareVersions, parseVersion } from "../../base/order.ts";
import { firstCudaForGcc, newestGccFor } from "../tables/version-facts.ts";
import { limitsApi } from "./limited-api.ts";
import { setVariable } from "../commands/commands.ts";
import { askedByAttribute, attributeOf } from "../commands/device-properties.ts";
import { typedBuild } from "../commands/typed-builds.ts";
import { type Match, placeOf, type Rule, saidAny } from "../rule.ts";

/** Releases of pybind11 by the first Python that they are for. Source: pybind11's changelog. */
const pybindReleases: readonly (readonly [minor: number, tag: string])[] = [
  [11, "v2.10.4"],
  [12, "v2.11.1"],
  [13, "v2.13.6"],
  [14, "v3.0.1"],
];

/** The project carries a pybind11 of its own, which is older than this Python: that one is brought up to date, none of pip's. */
function carriedPybind(match: Match): string[] | undefined {
  const { file = "" } = match.finding;
  const [, folder = "", above = ""] = /^((.*?)[\w.-]*pybind11[\w.-]*)[\\/]include[\\/]pybind11[\\/]/.exec(file) ?? [];
  if (folder === "" || /-packages[\\/]|[\\/]pip-|build-env|[\\/]envs[\\/]|^\/(?:usr|opt)\//.test(folder))
    return undefined;
  const minor = Number(/^3\.(\d+)/.exec(match.context.log.python ?? "")?.[1] ?? 11);
  const tag = pybindReleases.find(([first]) => minor <= first)?.[1] ?? "v3.0.1";
  const renewed = `git -C ${quote(folder)} fetch --tags && git -C ${quote(folder)} checkout ${tag}`;
  const older = `conda create -y -n older python=3.10 && conda activate older`;
  // The sources of torch itself, and forks of it, read frames in other places, too.
  const ofTorch =
    match.context.findings.some(({ text }) => /[\\/](?:caffe2|torch[\\/]csrc|aten)[\\/]/.test(text)) ||
    /[\\/]pytorch[\w-]*[\\/]third_party/.test(above);
  const root = above.replace(
    /[\\/](?:third_?party|3rd_?party|extern(?:al)?s?|deps|lib|libs|submodules|vendor)?[\\/]?$/i,
    "",
  );
  const again = `${/^[\\/~]|^[A-Za-z]:/.test(root) ? `${changeFolder(match, root)} && ` : ""}rm -rf build   # CMake keeps the Python that it found`;
  return ofTorch
    ? [
        `${older}   # or uv venv --python 3.10 older; with what the build asks for: pip install -r requirements.txt`,
        again,
        `# or, with the Python that is there: ${renewed}   # the first releases that know Python 3.${minor}; torch's own sources may have more of it`,
      ]
    : [
        `${renewed}   # a release that knows Python 3.${minor}`,
        again,
        `# or an environment with an older Python: ${older}`,
      ];
}

/** CUDA's own header as the compiler names it in any of its messages; without one, where the toolkit usually lies. */
function cudaMathHeader({ finding, context }: Match): string {
  const named = [finding, ...context.findings]
    .map(
      ({ file = "", text }) =>
        /(?:^|[\s"'(])(\/[\w./+-]+\/crt\/math_functions\.h(?:pp)?)\b/.exec(`${file} ${text}`)?.[1],
    )
    .find((path) => path !== undefined);
  return named?.replace(/\.hpp$/, ".h") ?? "${CUDA_HOME:-/usr/local/cuda}/include/crt/math_functions.h";
}

/** Whether nvcc has a part in it. */
function tellsOfNvcc({ finding, context }: Match): boolean {
  const { log, findings } = context;
  return (
    log.cuda !== undefined ||
    /^(?:cudafe\+\+|nvcc)$/.test(finding.tool) ||
    /parameter packs not expanded|__builtin_|_Float\d/.test(finding.message) ||
    findings.some(({ text, file, tool }) => /\.cuh?\b|nvcc|CUDA/.test(`${file ?? ""} ${text}`) || tool === "cudafe++")
  );
}

/** gcc and clang call the warning otherwise. */
function narrowingOff({ finding }: Match): string {
  return /cannot be narrowed/.test(finding.message) ? "-Wno-c++11-narrowing" : "-Wno-narrowing";
}

/** gcc and clang keep to a warning that is named, wherever -Werror stands on the line. All that the text warns of, at once. */
function withoutErrors(match: Match): string[] {
  const named = match.context.findings.flatMap(
    ({ kind, message }) =>
      /\[-Werror(?:=([\w+-]+))?(?:,-W([\w+-]+))?\]/.exec(kind === "compile" ? message : "")?.slice(1) ?? [],
  );
  const warnings = [...new Set([...named, match.facts["warning"]].filter((each) => each !== undefined))];
  const flags = warnings.map((each) => `-Wno-error=${each.replace(/=$/, "")}`).join(" ");
  const { log } = match.context;
  const typed = typedBuild(match);
  if (
    typed?.tool === "cmake" ||
    (typed === undefined && log.installer === undefined && log.setupCommand === undefined && log.runsCmake)
  ) {
    const folder = /--build (\S+)/.exec(typed?.line ?? "")?.[1] ?? "build";
    return [
      `cmake -DCMAKE_CXX_FLAGS="${flags}" ${folder}   # or drop -Werror in CMakeLists.txt`,
      typed?.line ?? `cmake --build ${folder}`,
    ];
  }
  return log.installer !== undefined || log.setupCommand !== undefined
    ? [
        setVariable(match, "CFLAGS", flags),
        setVariable(match, "CXXFLAGS", flags),
        "# or drop -Werror from the project's flags",
      ]
    : [`# add the flag ${flags} (or drop -Werror)`];
}

/** The gcc whose headers are read: of their folder in any of the messages, or as the text says it of itself. */
function usedGcc({ finding, context }: Match): number | undefined {
  const named = [finding, ...context.findings]
    .map(({ file = "" }) => /[\\/](?:c\+\+|gcc[\\/][^\\/]+)[\\/](\d+)(?:\.[\d.]+)?[\\/]/.exec(file)?.[1])
    .find((number) => number !== undefined);
  const used = named ?? context.log.gccVersion;
  return used === undefined ? undefined : Number.parseInt(used, 10);
}

/** Up to CUDA 11.5, gcc 11 is accepted and its headers are not understood. */
function isBefore117(cuda: string | undefined): boolean {
  return cuda !== undefined && compareVersions(parseVersion(cuda), [11, 7]) < 0;
}

export const sourceRules: readonly Rule[] = [
  {
    id: "gcc-headers-too-new-for-nvcc",
    title: "gcc's standard headers are too new for this nvcc",
    on: ["compile"],
    specificity: 88,
    matches: (finding) => {
      const file = (finding.file ?? "").replaceAll("\\", "/");
      const gcc = /(?:^|\/)c\+\+\/(?<gcc>\d+)(?:\.[\d.]+)?\//.exec(file)?.groups?.["gcc"];
      const nvccLike =
        /parameter packs not expanded with|expected (?:template-name|identifier|primary-expression) before|identifier "__builtin_\w+" is undefined|_Float(?:32|64|128)\w*"? is undefined|"__is_\w+"|type name is not allowed|expected a ["“][(;]|argument list for class template|invalid redeclaration|is ambiguous|has already been declared|attribute "__\w+" does not take arguments|“?__builtin_dynamic_object_size|__noinline__|wrong number of template arguments|body of constexpr function|not a return-statement|mismatched argument pack lengths|redefinition of default argument|cannot be overloaded|std::__is_constant_evaluated|is not a function or static data member|is not valid here/;
      if (gcc !== undefined && nvccLike.test(finding.message)) return { gcc };
      // In another language: nothing else goes wrong at these lines.
      if (gcc !== undefined && /\/bits\/std_function\.h$/.test(file) && /[^ -~‘’“”…]/.test(finding.message))
        return { gcc };
      if (
        (finding.file === undefined || /^(?:.*\/)?std_function\.h$/.test(file)) &&
        /parameter packs not expanded(?: with ['‘"]?\.\.\.['’"]?:?)?$/.test(finding.message)
      )
        return { gcc: undefined };
      if (
        /\/bits\/(?:floatn|mathcalls|math-vector)\S*\.h$|\/x86intrin|\/lib\/gcc\/\S+\/include\/(?:amx|avx|serialize|ia32|arm_\w+|\w+mm|x86g?)\S*\.h$|bits\/floatn-common/.test(
          file,
        ) &&
        (finding.tool === "cudafe++" || /is undefined/.test(finding.message))
      )
        return { gcc };
      return saidAny(
        finding,
        /identifier "_Float(?:16|32|64|128)x?" is undefined/,
        /identifier "__(?:builtin_(?:ia32|aarch64|neon)_\w+|Int(?:8|16|32|64)x\d+_t|Uint(?:8|16|32|64)x\d+_t|Float(?:16|32|64)x\d+_t|SV\w+_t|svbool_t)" is undefined/,
      );
    },
    // gcc's own errors in its headers are somebody's wrong call, where nothing tells of nvcc.
    confidence: (match) => (tellsOfNvcc(match) ? "high" : "low"),
    cause: (match) =>
      `nvcc reads the headers of the host compiler${match.facts["gcc"] === undefined ? "" : ` (gcc ${match.facts["gcc"]})`} or of the system's C library and does not understand them: they are newer than this CUDA. (gcc 11 with CUDA up to 11.5 is the best known case.)`,
    fix: (match) => {
      // What the CUDA of the log takes; where that is unknown, one below the gcc that it stumbled over.
      const cuda = match.context.log.cuda ?? match.context.environment?.cuda?.version;
      const newest = cuda === undefined ? undefined : newestGccFor(cuda);
      const used = usedGcc(match) ?? (newest !== undefined && newest > 10 && !isBefore117(cuda) ? newest + 1 : 11);
      const below = used > 5 ? used - 1 : 4.9;
      const gcc = Math.min(below, newest ?? below);
      const taking = firstCudaForGcc(used);
      return [
        ...systemPackage(match, { apt: `gcc-${gcc} g++-${gcc}`, dnf: `gcc-toolset-${gcc}` }),
        `export CC=gcc-${gcc} CXX=g++-${gcc} NVCC_PREPEND_FLAGS='-ccbin g++-${gcc}'`,
        used > 11 && taking !== undefined
          ? `# or a newer CUDA toolkit: ${taking} is the first for gcc ${used}, with a torch for it`
          : used < 10
            ? `# or a newer CUDA toolkit (9.2 or newer for gcc 6 and 7, 10.1 Update 2 for gcc 8, 11 for gcc 9); which -a nvcc: is it the one of torch's CUDA?`
            : "# or a newer CUDA toolkit (11.7 or newer for gcc 11)",
      ];
    },
    change: (match) => {
      const below = Number(match.facts["gcc"] ?? "0");
      const there = match.context.hostCompilers?.find(
        (compiler) => compiler.family === "gcc" && (compiler.version[0] ?? 99) < below,
      );
      return there === undefined ? undefined : { kind: "set-host-compiler", path: there.path };
    },
    sources: ["NVlabs/tiny-cuda-nn#427", "turboderp/exllama#65", "NVIDIA/FasterTransformer#314"],
    examples: [
      {
        text: "/usr/include/c++/11/bits/std_function.h:435:145: error: parameter packs not expanded with ‘...’:",
        expect: "gcc-10",
      },
      {
        text: '/usr/lib/gcc/x86_64-linux-gnu/13/include/amxtileintrin.h(42): error: identifier "__builtin_ia32_ldtilecfg" is undefined',
        expect: "newer than this CUDA",
      },
      {
        text: '[jo@fedora ops]$ nvcc --version | tail -2\nCuda compilation tools, release 11.8, V11.8.89\n[jo@fedora ops]$ NVCC_APPEND_FLAGS=-allow-unsupported-compiler python setup.py install\n/usr/include/stdlib.h(141): error: identifier "_Float32" is undefined\n/usr/include/c++/13/type_traits(505): error: identifier "_Float32" is undefined\nerror: command \'/usr/local/cuda/bin/nvcc\' failed with exit code 1',
        expect: "export CC=$HOME/gcc-11/bin/gcc CXX=$HOME/gcc-11/bin/g++",
      },
      {
        text: '$ gcc --version\ngcc (Debian 12.2.0-14) 12.2.0\n$ pip install --no-build-isolation .\n/usr/local/cuda-11.8/bin/nvcc -c a.cu -o a.o\n/usr/include/stdlib.h(141): error: identifier "_Float32" is undefined',
        expect: "12.0 is the first for gcc 12",
      },
    ],
  },
  {
    id: "glibc-too-new-for-nvcc",
    title: "The system's C library declares functions that CUDA's headers declare otherwise",
    on: ["compile"],
    specificity: 90,
    matches: (finding) =>
      saidAny(
        finding,
        /exception specification is incompatible with that of previous function ["“](?<name>(?:rsqrt|cospi|sinpi)f?)/,
        /(?:declaration of|conflicting declaration of) .*(?<name>(?:rsqrt|cospi|sinpi)f?)\b.*(?:different exception specifier|has a different)/,
        /exception specification in declaration does not match previous declaration.*(?<name>(?:rsqrt|cospi|sinpi)f?)/,
      ),
    confidence: "high",
    cause: (match) =>
      `glibc (2.41 and newer: cospi, sinpi; 2.42: rsqrt) declares \`${match.facts["name"] ?? ""}\` as noexcept, and math_functions.h of this CUDA does not. CUDA 13.0 mended cospi and sinpi, CUDA 13.2 rsqrt. Another gcc does not help.`,
    fix: (match) => [
      `# CUDA ${/^rsqrt/.test(match.facts["name"] ?? "") ? "13.2" : "13.0"} or newer, or a container with an older system (Ubuntu 24.04 has glibc 2.39); or mend CUDA's header:`,
      `sudo sed -i.bak -E 's/\\b((rsqrt|sinpi|cospi)f?\\((double|float) x\\));/\\1 noexcept(true);/' ${cudaMathHeader(match)}`,
    ],
    sources: ["NixOS/nixpkgs#484031", "ggml-org/llama.cpp#19100", "llvm/llvm-project#185701"],
    examples: [
      {
        text: '/usr/include/x86_64-linux-gnu/bits/mathcalls.h(79): error: exception specification is incompatible with that of previous function "cospi"',
        expect: "glibc",
      },
      {
        text: '/usr/local/cuda-12.8/targets/x86_64-linux/include/crt/math_functions.h(629): error: exception specification is incompatible with that of previous function "rsqrt" (declared at line 206 of /usr/include/x86_64-linux-gnu/bits/mathcalls.h)',
        expect: "noexcept(true);/' /usr/local/cuda-12.8/targets/x86_64-linux/include/crt/math_functions.h",
      },
      {
        text: '/usr/include/bits/mathcalls.h(206): error: exception specification is incompatible with that of previous function "rsqrt" (declared at line 597 of /opt/cuda/include/crt/math_functions.h)',
        expect: "noexcept(true);/' /opt/cuda/include/crt/math_functions.h",
      },
    ],
  },
  {
    id: "pybind11-with-nvcc",
    title: "nvcc and gcc stumble over pybind11's cast.h",
    on: ["compile"],
    specificity: 89,
    matches: (finding) => {
      if (
        !/pybind11[\\/](?:detail[\\/]\.\.[\\/])?(?:cast|pybind11|pytypes|attr|detail[\\/]\w+)\.h$|^cast\.h$/.test(
          finding.file ?? "",
        )
      )
        return undefined;
      return saidAny(
        finding,
        /expected a declaration|expected template-name before|expected (?:identifier|primary-expression) before|cast_op_type|parameter packs not expanded|expansion pattern|no argument packs|collect_arguments|enum_base::init|template argument \d+ is invalid|^(?=.*[‘'"»«]\s?<\s?[’'"«»])(?:[^A-Za-z]+|.*(?:attendu|erwartet|ожида).*)/,
      );
    },
    confidence: "high",
    cause: () =>
      "pybind11's cast.h goes through nvcc here, and some pairs of nvcc and gcc do not go together there: nvcc 11.7 to 12.2 writes code that gcc 12 and 13 reject, nvcc 9 code that gcc 6 and 7 reject.",
    fix: (match) => {
      const older = [
        ...systemPackage(match, { apt: "gcc-11 g++-11", dnf: "gcc-toolset-11", conda: "gxx=11" }),
        match.context.log.conda
          ? "export CC=$CONDA_PREFIX/bin/gcc CXX=$CONDA_PREFIX/bin/g++"
          : "export CC=gcc-11 CXX=g++-11 NVCC_PREPEND_FLAGS='-ccbin g++-11'   # an older host compiler",
        ...(match.context.log.cmake ? ["rm -rf build   # CMake keeps the compiler that it found"] : []),
      ];
      const edit = namedResult(match);
      return [
        ...(edit === undefined
          ? older
          : [
              edit,
              `# or an older host compiler in its place: ${older.map((line) => line.replace(/\s+#.*$/, "")).join(" && ")}`,
            ]),
        "# or CUDA 12.4 and newer, or pybind11 2.12 and newer",
        "# or keep pybind11 and torch/extension.h out of .cu files (include ATen/ATen.h or torch/types.h there; bind in a .cpp file)",
      ];
    },
    sources: ["pybind/pybind11#4606", "pybind/pybind11#4893", "vllm-project/vllm#3300"],
    examples: [
      {
        text: "$ python setup.py build\n/w/app/pybind11/include/pybind11/cast.h:951:120: error: expected template-name before ‘<’ token\n  951 |     return caster.operator typename make_caster<T>::template cast_op_type<T>();",
        expect: "using result_t = ",
      },
      {
        text: "/usr/include/pybind11/detail/../cast.h:45:120: error: expected template-name before ‘<’ token",
        expect: ".cu files",
      },
    ],
  },
  {
    id: "cuda-device-prop-removed",
    title: "CUDA 13 took fields out of cudaDeviceProp",
    on: ["compile"],
    specificity: 85,
    matches: (finding) => {
      const facts = about(
        finding,
        /^(?:clockRate|memoryClockRate|deviceOverlap|kernelExecTimeoutEnabled|computeMode|maxTexture1DLinear|cooperativeMultiDeviceLaunch|singleToDoublePrecisionPerfRatio)$/,
      );
      return facts !== undefined && /cudaDeviceProp/.test(finding.message) ? facts : undefined;
    },
    confidence: "high",
    cause: (match) => `cudaDeviceProp has had no \`${match.facts["name"] ?? ""}\` since CUDA 13.`,
    fix: (match) => [
      ...askedByAttribute(match),
      `# int value; cudaDeviceGetAttribute(&value, ${attributeOf(match.facts["name"] ?? "")}, device);   (guard with #if CUDART_VERSION >= 13000)`,
      "# or build with CUDA 12",
    ],
    sources: [
      "facebookincubator/AITemplate#1045",
      "Line-fr/Vship#24",
      "NVIDIA/cuda-samples#382",
      "LeelaChessZero/lc0#2255",
    ],
    examples: [
      {
        text: 'cuda_device_functions.h(144): error: class "cudaDeviceProp" has no member "clockRate"',
        expect: "cudaDevAttrClockRate",
      },
      {
        text: 'csrc/info.cu(18): error: class "cudaDeviceProp" has no member "clockRate"\n    out.clockRate = props[i].clockRate;\n                             ^',
        expect: "18s/\\bprops\\[i\\]\\.clockRate\\b/[]{ int d",
      },
      {
        text: "q.cpp:138:90: error: ‘struct cudaDeviceProp’ has no member named ‘memoryClockRate’",
        expect: "cudaDevAttrMemoryClockRate",
      },
      {
        text: "network_cuda.cc(221): error C2039: 'clockRate': is not a member of 'cudaDeviceProp'",
        expect: "CUDA 13",
      },
    ],
  },
  {
    id: "python-c-api-changed",
    title: "The code uses Python's C API in a form that this Python does not have",
    on: ["compile", "missing-header"],
    specificity: 80,
    matches: (finding, context) => {
      if (finding.kind === "missing-header")
        return /^(?:longintrepr|internal\/pycore_\w+)\.h$/.test(finding.header ?? "") &&
          /(?:^|[\\/])[\w.+-]+\.(?:c|cpp|pyx|cxx|h)$|^$/.test(finding.file ?? "")
          ? { name: finding.header }
          : undefined;
      const facts = about(
        finding,
        /^(?:_?Py[A-Z_]\w*|f_\w+|co_\w+|ob_(?:digit|refcnt|type)|tp_print|_typeobject|PyFrameObject|_frame|_PyCFrame|cframe|use_tracing|exc_(?:type|value|traceback)|curexc_\w+|PyThreadState|ob_shash|wstr\w*|longobject|_longobject)$/,
      );
      if (
        facts !== undefined &&
        /^(?:f_|co_|tp_|use_|cframe|exc_|curexc|ob_|wstr)/.test(facts["name"] ?? "") &&
        !/Py|_frame|_ts|_\w{0,12}object|thread/i.test(finding.message)
      )
        return undefined;
      // Where the limited API is on, it is the reason.
      if (/^_?Py/.test(facts?.["name"] ?? "") && ofLog(context, limitsApi)) return undefined;
      if (facts !== undefined) return facts;
      return saidAny(
        finding,
        /too (?:few|many) arguments to function [‘'].*(?<name>_?Py[A-Z_]\w+)/,
        /(?:invalid use of incomplete type|incomplete definition of type|pointer to incomplete class type).*(?<name>PyFrameObject|_frame|PyThreadState|_ts|PyInterpreterState)/,
      );
    },
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\` is an inner part of CPython that changed: the code (often made by an old Cython, or an old pybind11) is for an older Python than the one it is compiled for${match.context.log.python === undefined ? "" : ` (${match.context.log.python})`}.`,
    fix: (match) =>
      carriedPybind(match) ?? [
        ...(match.context.log.package === undefined
          ? []
          : [
              pip(
                match,
                `install --upgrade ${match.context.log.package}   # a release for this Python, where there is one`,
              ),
            ]),
        "# take a release of the package for this Python, or make an environment with an older one: conda create -n older python=3.10 (or uv venv --python 3.10)",
        "pip install --upgrade cython pybind11   # when the package generates its code while building",
      ],
    sources: [
      "https://docs.python.org/3/whatsnew/3.12.html#porting-to-python-3-12",
      "pybind/pybind11#4464",
      "https://pybind11.readthedocs.io/en/stable/changelog.html",
    ],
    examples: [
      {
        text: "a.c:991:14: error: ‘PyThreadState’ {aka ‘struct _ts’} has no member named ‘exc_type’; did you mean ‘exc_info’?",
        expect: "older Python",
      },
      {
        text: "yolo/bbox.c:196:12: fatal error: longintrepr.h: No such file or directory",
        expect: "Cython",
      },
      { text: "p.c:40:55: error: no member named 'ob_digit' in 'struct _longobject'", expect: "Cython" },
      { text: "p.c(40): error C2039: 'ob_digit': is not a member of '_longobject'", expect: "Cython" },
      {
        text: "In file included from /opt/python3.12/include/python3.12/Python.h:38,\n/home/jo/w/extern/pybind11/include/pybind11/pybind11.h:2237:30: error: invalid use of incomplete type ‘PyFrameObject’ {aka ‘struct _frame’}",
        expect: "git -C /home/jo/w/extern/pybind11 checkout v2.1",
      },
      {
        text: "/home/jo/pytorch-fork/third_party/pybind11/include/pybind11/pybind11.h:2237:30: error: invalid use of incomplete type ‘PyFrameObject’ {aka ‘struct _frame’}",
        expect: "conda activate older",
      },
      { text: "ext.c:40:5: error: too few arguments to function ‘_PyLong_AsByteArray’", expect: "Cython" },
    ],
  },
  {
    id: "narrowing-conversion",
    title: "A narrowing conversion inside braces",
    on: ["compile"],
    specificity: 70,
    matches: (finding) =>
      saidAny(
        finding,
        /narrowing conversion of .* from [‘'](?<from>.+?)[’'].* to [‘'](?<to>.+?)[’']/,
        /non-constant-expression cannot be narrowed from type '(?<from>.+?)'(?: \(aka '[^']*'\))? to '(?<to>.+?)'/,
        /conversion from '(?<from>.+?)' to '(?<to>.+?)' requires a narrowing conversion/,
        /invalid narrowing conversion from "(?<from>.+?)" to "(?<to>.+?)"/,
      ),
    confidence: "high",
    cause: (match) =>
      `${placeOf(match.finding)} turns \`${match.facts["from"] ?? ""}\` into \`${match.facts["to"] ?? ""}\` inside braces (often sizes: at::zeros({n, m}) with values that are not int64_t), which C++11 forbids; some compilers only warn.`,
    fix: (match) => [
      `# cast it: static_cast<${match.facts["to"] ?? "int64_t"}>(n), or declare the variable as that`,
      ...(match.finding.tool === "msvc" || match.finding.tool === "cudafe++" || platformOf(match) === "win32"
        ? []
        : [
            `export CFLAGS="$CFLAGS ${narrowingOff(match)}" CXXFLAGS="$CXXFLAGS ${narrowingOff(match)}"   # as a stopgap, without touching the sources; then build again`,
          ]),
    ],
    change: (match) =>
      match.finding.tool === "msvc" ? undefined : { kind: "add-flag", tool: "cxx", flag: "-Wno-narrowing" },
    sources: ["https://gcc.gnu.org/onlinedocs/gcc/C_002b_002b-Dialect-Options.html"],
    examples: [
      {
        text: "a.cpp:30:29: error: narrowing conversion of ‘n’ from ‘size_t’ {aka ‘long unsigned int’} to ‘long int’ [-Wnarrowing]",
        expect: "-Wno-narrowing",
      },
      {
        text: "a.cpp:8:20: error: non-constant-expression cannot be narrowed from type 'size_t' to 'int64_t' (aka 'long long') in initializer list [-Wc++11-narrowing]",
        expect: "static_cast",
      },
    ],
  },
  {
    id: "warning-as-error",
    title: "A warning counts as an error",
    on: ["compile"],
    specificity: 65,
    matches: (finding) =>
      saidAny(
        finding,
        /\[-Werror(?:=(?<warning>[\w+-]+))?(?:,-W(?<warning2>[\w+-]+))?\]/,
        /the following warning is treated as an error/,
      ),
    confidence: "high",
    cause: (match) =>
      `The code compiles, but the build says -Werror${match.facts["warning"] === undefined ? "" : ` and this compiler warns of \`${match.facts["warning"]}\``}: another or newer compiler than the project was tested with warns of more.`,
    fix: (match) =>
      match.facts["warning"] === undefined
        ? [
            "# drop -Werror (MSVC: /WX, nvcc: -Werror all-warnings) from the flags: grep -rn 'Werror' setup.py CMakeLists.txt cmake",
          ]
        : withoutErrors(match),
    change: (match) =>
      match.facts["warning"] === undefined
        ? undefined
        : { kind: "add-flag", tool: "cxx", flag: `-Wno-error=${match.facts["warning"]}` },
    sources: ["https://gcc.gnu.org/onlinedocs/gcc/Warning-Options.html"],
    examples: [
      {
        text: "a.cpp:12:7: error: unused variable ‘x’ [-Werror=unused-variable]",
        expect: "-Wno-error=unused-variable",
      },
    ],
  },
  {
    id: "object-too-many-sections",
    title: "MSVC: the object has too many sections",
    on: ["compile"],
    specificity: 85,
    matches: (finding) => (finding.code === "C1128" ? {} : undefined),
    confidence: "high",
    cause: () => "Templates made more sections than an object file of the plain kind can hold.",
    fix: () => [
      "set CL=/bigobj   # for every call of cl.exe, also those of nvcc; then build again in the same prompt (PowerShell: $env:CL='/bigobj')",
      '# for good: "/bigobj" in extra_compile_args["cxx"] ("-Xcompiler=/bigobj" for nvcc), add_compile_options($<$<COMPILE_LANGUAGE:CXX>:/bigobj>) in CMakeLists.txt',
    ],
    change: () => ({ kind: "add-flag", tool: "cxx", flag: "/bigobj" }),
    sources: ["https://learn.microsoft.com/cpp/build/reference/bigobj-increase-number-of-sections-in-dot-obj-file"],
    examples: [
      {
        text: "ops.cpp : fatal error C1128: number of sections exceeded object file format limit: compile with /bigobj",
        expect: "/bigobj",
      },
    ],
  },
];
