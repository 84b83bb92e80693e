/**
 * C and C++ that is compiled while a program runs: Triton's launchers and helpers by a C compiler, torch.compile's
 * kernels for the CPU by a C++ compiler. Where the compiler's own words are in the log, other rules read them.
 */
import { pip, platformOf, python, pythonVersion, setVariable } from "../commands.ts";
import { type Match, type Rule, said, saidAny } from "../rule.ts";
import { baseName } from "../parsers/parser.ts";

/** Triton's own sources: what is compiled once for the driver, and a launcher for each kernel. */
const launcher =
  /Command '?\[?'(?<compiler>[^']+)', (?:.{0,300}?')?(?<source>[^']*[\\/](?:main|cuda_utils|hip_utils|spirv_utils|npu_utils|__triton_\w+|driver)\.(?:c|cpp|cc))'/;

function windowsFix(match: Match): string[] {
  const compiler = match.facts["compiler"] ?? "";
  const embedded = match.context.log.embeddedPython;
  return [
    ...(/msys|mingw|gcc/i.test(compiler)
      ? [
          "where gcc cl   # Triton takes CC, else what it finds first; MinGW's gcc cannot link Python's and NVIDIA's libraries",
          "set CC=",
          "python -m pip install -U triton-windows   # brings a small C compiler (tcc) of its own; then take the msys64 or MinGW folder out of PATH",
        ]
      : []),
    embedded
      ? "# the embeddable Python comes without headers: copy the folders Include and libs of an ordinary Python of the same version (3.12.x for 3.12.y) into the python_embeded folder"
      : "python -c \"import sysconfig; print(sysconfig.get_paths()['include'])\"   # this folder has to hold Python.h, and libs beside it python3.lib",
    "rmdir /s /q %USERPROFILE%\\.triton",
  ];
}

function linuxFix(match: Match): string[] {
  const include = /-I([^'"\s]*\/include\/python(\d\.\d+))/.exec(match.finding.message);
  const version = include?.[2] ?? pythonVersion(match) ?? "3";
  const system = include === null || /^\/usr\/include/.test(include[1] ?? "");
  return [
    ...(system
      ? [`sudo apt-get install python${version}-dev gcc   # Python.h (Fedora: python3-devel)`]
      : [
          `ls ${include[1] ?? ""}/Python.h   # missing: install this Python anew (conda install python=${version}, uv python install ${version})`,
        ]),
    "ldconfig -p | grep libcuda   # nothing: -lcuda is not found. In containers: --gpus all; else: sudo ldconfig, or export TRITON_LIBCUDA_PATH=/usr/lib/x86_64-linux-gnu",
    "sudo ln -s libcuda.so.1 /usr/lib/x86_64-linux-gnu/libcuda.so   # when only libcuda.so.1 is there",
    "rm -rf ~/.triton/cache",
  ];
}

export const runTimeCompilerRules: readonly Rule[] = [
  {
    id: "triton-launcher-not-compiled",
    title: "Triton's helper in C does not compile here",
    on: ["wrapper", "exception"],
    specificity: 48,
    matches: (finding) => said(finding, launcher),
    confidence: "medium",
    cause: (match) =>
      platformOf(match) === "win32" || /\.exe$/i.test(match.facts["compiler"] ?? "")
        ? `Triton compiles a piece of C (\`${baseName(match.facts["source"] ?? "")}\`) with \`${baseName(match.facts["compiler"] ?? "")}\` before it runs a kernel, and that failed: ${/msys|mingw/i.test(match.facts["compiler"] ?? "") ? "a gcc of MSYS2 or MinGW was found, which does not do here" : "Python's headers (Include) or import library (libs) are not there, as in the embeddable Python"}. The compiler's own words stand above in the console.`
        : `Triton compiles a piece of C (\`${baseName(match.facts["source"] ?? "")}\`) with \`${baseName(match.facts["compiler"] ?? "")}\` before it runs a kernel, and that failed: most often Python.h is missing (the development package of this Python), or the linker finds no libcuda.so. The compiler's own words stand above this traceback, often on the console only.`,
    fix: (match) =>
      platformOf(match) === "win32" || /\.exe$/i.test(match.facts["compiler"] ?? "")
        ? windowsFix(match)
        : linuxFix(match),
    sources: [
      "triton-lang/triton: python/triton/runtime/build.py",
      "unslothai/unsloth#218",
      "woct0rdho/triton-windows#67",
    ],
    examples: [
      {
        text: "subprocess.CalledProcessError: Command '['/usr/bin/gcc', '/tmp/tmpa/main.c', '-O3', '-shared', '-fPIC', '-lcuda', '-I/usr/include/python3.11', '-o', '/tmp/tmpa/cuda_utils.so']' returned non-zero exit status 1.",
        expect: "python3.11-dev",
      },
      {
        text: "subprocess.CalledProcessError: Command '['C:\\\\msys64\\\\mingw64\\\\bin\\\\gcc.EXE', 'C:\\\\T\\\\tmpa\\\\main.c', '-O3', '-shared', '-o', 'C:\\\\T\\\\tmpa\\\\cuda_utils.pyd']' returned non-zero exit status 1.",
        expect: "msys64",
      },
      {
        text: "subprocess.CalledProcessError: Command '['C:\\\\a\\\\python_embeded\\\\Lib\\\\site-packages\\\\triton\\\\runtime\\\\tcc\\\\tcc.exe', 'C:\\\\T\\\\tmpa\\\\cuda_utils.c', '-O3', '-shared']' returned non-zero exit status 1.",
        expect: "Include and libs",
      },
    ],
  },
  {
    id: "aoti-shim-lacks-operator",
    title: "torch's C interface for compiled models lacks a function",
    on: ["compile"],
    specificity: 82,
    matches: (finding) =>
      saidAny(
        finding,
        /[‘'"](?<name>aoti_torch_\w+)[’'"]:? (?:was not declared|undeclared|identifier not found|is undefined)/,
        /(?:undeclared identifier|no matching function for call to|too (?:few|many) arguments to function(?: call)?.{0,40}) ?[‘'](?<name>aoti_torch_\w+)/,
      ),
    confidence: "medium",
    cause: (match) =>
      `torch.compile (AOTInductor, or the C++ wrapper) wrote a call of \`${match.facts["name"] ?? ""}\`, and the C interface of this torch${match.context.log.torch === undefined ? "" : ` (${match.context.log.torch})`} does not have it in that form: the operator was not covered yet in this release, or the file was generated by another release than the headers are of.`,
    fix: (match) => [
      pip(match, "install --upgrade torch"),
      platformOf(match) === "win32"
        ? "rmdir /s /q %TEMP%\\torchinductor_%USERNAME%"
        : "rm -rf /tmp/torchinductor_$(whoami)",
      '# torch 2.2 to 2.4: torch._inductor.config.patch({"aot_inductor.abi_compatible": False}); or keep the operator out of what is compiled (torch._dynamo.disable)',
    ],
    sources: ["pytorch/pytorch#120394", "pytorch: torch/csrc/inductor/aoti_torch/c/shim.h"],
    examples: [
      {
        text: "/tmp/cmez.cpp:384:33: error: ‘aoti_torch__embedding_bag’ was not declared in this scope",
        expect: "--upgrade torch",
      },
    ],
  },
  {
    id: "inductor-cache-path",
    title: "The folder of torch.compile's cache has a name that the compiler does not get",
    on: ["driver", "exception"],
    specificity: 88,
    matches: (finding) =>
      finding.kind === "driver" && /[\\/]torchinductor_/.test(finding.file ?? "")
        ? { file: finding.file }
        : said(finding, /No such file or directory: ['"](?<file>[^'"]*[\\/]torchinductor_[^'"]*)['"]/),
    confidence: "medium",
    cause: (match) =>
      `torch.compile writes its C++ to a folder that it names after the user, and \`${match.facts["file"] ?? ""}\` is not there when the compiler looks: the name has a backslash or a space (a user of a domain: DOMAIN\\user), of which the shell makes another path, or something cleans the temporary folder while the program runs.`,
    fix: (match) => [
      setVariable(match, "TORCHINDUCTOR_CACHE_DIR", platformOf(match) === "win32" ? "C:\\inductor" : "/tmp/inductor"),
      `${python(match)} -c "import getpass; print(repr(getpass.getuser()))"`,
    ],
    sources: ["pytorch/pytorch#110933"],
    examples: [
      {
        text: "g++: error: /tmp/torchinductor_CORPuser/ib/cib.cpp: No such file or directory",
        expect: "TORCHINDUCTOR_CACHE_DIR",
      },
    ],
  },
  {
    id: "inductor-cpp-failed",
    title: "torch.compile's C++ does not compile here",
    on: ["exception"],
    role: "symptom",
    specificity: 46,
    matches: (finding) =>
      finding.code === "CppCompileError" || /CppCompileError: C\+\+ compile error/.test(finding.message)
        ? {}
        : undefined,
    confidence: "low",
    cause: () =>
      "torch.compile writes C++ for the CPU (and wrappers for the GPU) and calls the C++ compiler; what that said stands below `Output:`. It is the compiler or its surroundings (too old a g++, no Python.h, no OpenMP, -march=native on an unusual processor), or a fault of this torch.",
    fix: (match) => [
      ...(platformOf(match) === "darwin"
        ? ["xcode-select --install; brew install libomp"]
        : platformOf(match) === "win32"
          ? ['"C:\\Program Files\\Microsoft Visual Studio\\2022\\Community\\VC\\Auxiliary\\Build\\vcvars64.bat"']
          : ["g++ --version   # 9 or newer, 11 for torch 2.13 and newer: export CXX=g++-11"]),
      platformOf(match) === "win32"
        ? "rmdir /s /q %TEMP%\\torchinductor_%USERNAME%"
        : "rm -rf /tmp/torchinductor_$(whoami)",
      '# to go on without it: torch.compile(model, backend="eager") or TORCHDYNAMO_DISABLE=1; for good: a newer torch',
    ],
    sources: ["https://docs.pytorch.org/docs/stable/torch.compiler_troubleshooting.html"],
    examples: [
      {
        text: "torch._inductor.exc.InductorError: CppCompileError: C++ compile error\n\nCommand:\ng++ /tmp/x.main.cpp",
        expect: "Output:",
      },
    ],
  },
];
