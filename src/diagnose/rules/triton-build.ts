/** The C compiles that Triton does when a program runs: its launcher and its helper module, with the compiler that is there. */
import { pip, platformOf, python } from "../commands/commands.ts";
import { driverFolder, nameDriver } from "../commands/driver-link.ts";
import { embeddedHeaders, isEmbeddable } from "../commands/embedded-python.ts";
import { framesAt } from "../matchers.ts";
import { type Match, type MatchFacts, type Rule, type RuleContext, said, saidAny } from "../rule.ts";
import type { Finding } from "../finding.ts";
import { isTriton } from "./triton.ts";

/** What is compiled: a source with a name of its own, or one without, below a temporary folder. */
const helper = /\w+_utils\.c\b|triton_launcher|(?:tmp|Temp)[\\/]+\w+[\\/]+main\.c/i;
/** The driver's library: an unnamed source that is linked to it is Triton's launcher. */
const withDriver = /-lcuda\b/;

/** What CC holds, where it is no path of one program: several behind each other, or a path within a path. */
function namedTwice(compiler: string | undefined): string | undefined {
  const paths = (compiler ?? "").split(/;|(?<=[\\/])(?=[A-Za-z]:[\\/])/).filter((path) => /\w\.exe$/i.test(path));
  return compiler === undefined || compiler === paths[0]
    ? undefined
    : (paths.find((path) => /x64[\\/]\w+\.exe$/i.test(path)) ?? paths[0]);
}

/** Triton for Windows starts a compiler that is not there, or finds half a Visual Studio. */
function compilerNotStarted(finding: Finding, context: RuleContext): MatchFacts | undefined {
  const frames = framesAt({ finding, context, facts: {} }).join("\n");
  const isBuild = /[\\/]triton[\\/]+(?:runtime[\\/]+build|windows_utils)\.py/.test(frames);
  const half = saidAny(
    finding,
    /cannot access local variable '(?<half>cl_path)' where it is not associated/,
    /local variable '(?<half>cl_path)' referenced before assignment/,
    /unsupported operand type\(s\) for \/: '(?<half>WindowsPath)' and 'NoneType'/,
  );
  if (half !== undefined) return half["half"] === "cl_path" || isBuild ? half : undefined;
  if (!/\[WinError (?:2|3|5|87|123|193)\]/.test(finding.message)) return undefined;
  return isBuild || context.log.tritonCompiler !== undefined
    ? { compiler: context.log.tritonCompiler, better: namedTwice(context.log.tritonCompiler) }
    : undefined;
}

/** Brings the C++ tools, where Triton's own compiler is not to be relied on. */
function withTools(match: Match): string[] {
  return [
    'winget install Microsoft.VisualStudio.2022.BuildTools --override "--passive --wait --add Microsoft.VisualStudio.Workload.VCTools --includeRecommended"',
    `# or, without Visual Studio: a triton-windows that brings its own compiler (3.2.0.post13 and later), of the release for this torch: ${python(match)} -m pip install -U "triton-windows<3.3" for torch 2.6, <3.4 for 2.7, <3.5 for 2.8, <3.6 for 2.9`,
  ];
}

export const tritonBuildRules: readonly Rule[] = [
  {
    id: "triton-compiler-not-started",
    title: "Triton for Windows does not find the compiler that it is told to use",
    on: ["exception"],
    specificity: 84,
    matches: compilerNotStarted,
    confidence: (match) => (match.facts["better"] === undefined ? "medium" : "high"),
    cause: (match) =>
      match.facts["half"] !== undefined
        ? "Triton compiles a small C module when it is first used. It looks for Visual Studio's cl.exe and finds a Visual Studio without the C++ tools (or without a Windows SDK), which this release of it does not expect: the Python error is only what comes of that."
        : match.facts["better"] === undefined
          ? `Triton compiles a small C module when it is first used, and Windows does not find the compiler${match.facts["compiler"] === undefined ? "" : ` \`${match.facts["compiler"]}\``} that it starts: the variable CC names one that is not there (with quotation marks, or of a Visual Studio that was updated), or this release of Triton finds no Visual C++.`
          : `The variable CC holds \`${match.facts["compiler"] ?? ""}\`: more than the path of one program. Triton takes all of it for the compiler's name, and Windows finds no such file.`,
    fix: (match) =>
      match.facts["half"] !== undefined
        ? withTools(match)
        : match.facts["better"] === undefined
          ? [
              "set CC=",
              "# Triton then takes the cl.exe that it finds, or the small compiler that it brings. Set for good? reg delete HKCU\\Environment /v CC",
              ...withTools(match).map((line) => (line.startsWith("#") ? line : `# still so: ${line}`)),
            ]
          : [
              `set CC=${match.facts["better"]}`,
              "# and so in Windows's settings, where the variable is kept; without it Triton finds a compiler by itself",
            ],
    sources: [
      "woct0rdho/triton-windows#22",
      "woct0rdho/triton-windows#35",
      "woct0rdho/triton-windows#150",
      "woct0rdho/triton-windows#129",
      "woct0rdho/triton-windows#131",
      "lum3on/comfyui_HiDream-Sampler#84",
    ],
    examples: [
      {
        text: "Failed to compile. cc_cmd: ['c:\\\\VC\\\\bin\\\\Hostx64\\\\x86\\\\cl.exe;c:\\\\VC\\\\bin\\\\Hostx64\\\\x64\\\\cl.exe;', 'C:\\\\Temp\\\\tmpv0qr9q5s\\\\cuda_utils.c']\nFileNotFoundError: [WinError 2] The system cannot find the file specified",
        expect: "set CC=c:\\VC\\bin\\Hostx64\\x64\\cl.exe",
      },
      {
        text: '  File "C:\\e\\Lib\\site-packages\\triton\\runtime\\build.py", line 92, in _build\n    ret = subprocess.check_call(cc_cmd)\n  File "C:\\e\\Lib\\subprocess.py", line 1551, in _execute_child\nFileNotFoundError: [WinError 2] The system cannot find the file specified',
        expect: "set CC=",
      },
      {
        text: "UnboundLocalError: cannot access local variable 'cl_path' where it is not associated with a value",
        expect: "winget install Microsoft.VisualStudio.2022.BuildTools",
      },
    ],
  },
  {
    id: "triton-driver-outside-link-path",
    title: "Triton's link does not find the driver's library",
    on: ["missing-library"],
    specificity: 90,
    matches: (finding) => said(finding, /-l:(?<file>libcuda\.so\.1)\b/),
    confidence: "high",
    cause: () =>
      "Triton links its helper module to the driver's libcuda.so.1, and gcc looks for it in the folders of -L, of LIBRARY_PATH and its own alone. Here the driver lies elsewhere, in a folder that only LD_LIBRARY_PATH names (for the loader, not for the linker) and that ldconfig's cache does not have: GKE mounts it at /usr/local/nvidia/lib64, WSL at /usr/lib/wsl/lib.",
    fix: () => [
      "export LIBRARY_PATH=\"$(dirname \"$(find / -name libcuda.so.1 -not -path '*/stubs/*' -not -path '*/compat/*' 2>/dev/null | head -n 1)\"):$LIBRARY_PATH\"   # where the program runs, before it starts; GKE: /usr/local/nvidia/lib64, WSL: /usr/lib/wsl/lib",
      "# a pod of Kubernetes: env: [{ name: LIBRARY_PATH, value: /usr/local/nvidia/lib64 }]; an image: ENV LIBRARY_PATH=/usr/local/nvidia/lib64",
      "# or, as root: echo /usr/local/nvidia/lib64 > /etc/ld.so.conf.d/nvidia.conf && ldconfig; or TRITON_LIBCUDA_PATH=/usr/local/nvidia/lib64 (the folder)",
    ],
    sources: ["llm-d/llm-d#1063", "llm-d/llm-d#1147", "vllm-project/vllm#39161"],
    examples: [
      {
        text: "/usr/bin/ld: cannot find -l:libcuda.so.1\ncollect2: error: ld returned 1 exit status",
        expect: "ENV LIBRARY_PATH=/usr/local/nvidia/lib64",
      },
      {
        text: "/usr/bin/ld: cannot find -l:libcuda.so.1: No such file or directory\ncollect2: error: ld returned 1 exit status\nsubprocess.CalledProcessError: Command '['/usr/bin/gcc', '/tmp/tmpab1/cuda_utils.c', '-shared', '-l:libcuda.so.1', '-L/usr/lib64']' returned non-zero exit status 1.",
        expect: "export LIBRARY_PATH=",
      },
    ],
  },
  {
    id: "triton-rocm-linker-missing",
    title: "Triton for ROCm does not find ROCm's linker",
    on: ["exception", "wrapper"],
    specificity: 90,
    matches: (finding) => said(finding, /ROCm linker (?<file>\S+) not found/),
    confidence: "high",
    cause: (match) =>
      `This release of Triton (before 3.5) links its kernels with the program ld.lld, and looks for it in its own package, in /opt/rocm/llvm/bin and in /usr/bin only (\`${match.facts["file"] ?? ""}\`): ROCm lies elsewhere on this machine (its pip packages, a container, a folder of your own), or is not installed.`,
    fix: () => [
      'export TRITON_HIP_LLD_PATH="$(ls "$(rocm-sdk path --root 2>/dev/null)/llvm/bin/ld.lld" "$ROCM_PATH/llvm/bin/ld.lld" /opt/rocm*/llvm/bin/ld.lld 2>/dev/null | head -n 1)"   # the file itself, not its folder',
      "echo $TRITON_HIP_LLD_PATH   # empty: find / -name ld.lld 2>/dev/null; nowhere: sudo apt-get install rocm-llvm (ROCm's repository), or lld of the system (/usr/bin/ld.lld)",
      "# or a torch with Triton 3.5 or newer (torch 2.9), which needs no such program",
    ],
    sources: ["ROCm/TheRock#2006", "triton-lang/triton#10387"],
    examples: [
      {
        text: "torch._inductor.exc.InductorError: LoweringException: Exception: ROCm linker /opt/rocm/llvm/bin/ld.lld not found. Set 'TRITON_HIP_LLD_PATH' to its path.",
        expect: "export TRITON_HIP_LLD_PATH",
      },
      {
        text: "Traceback (most recent call last):\n  File \"/e/site-packages/triton/backends/amd/compiler.py\", line 210, in path_to_rocm_lld\n    raise Exception(\"ROCm linker /opt/rocm/llvm/bin/ld.lld not found. Set 'TRITON_HIP_LLD_PATH' to its path.\")\nException: ROCm linker /opt/rocm/llvm/bin/ld.lld not found. Set 'TRITON_HIP_LLD_PATH' to its path.",
        expect: "find / -name ld.lld",
      },
    ],
  },
  {
    id: "triton-helper-not-compiled",
    title: "Triton could not compile its helper module",
    on: ["exception", "wrapper"],
    role: "symptom",
    specificity: 62,
    matches: (finding, context) => {
      if (
        finding.code !== "CalledProcessError" &&
        !/CalledProcessError|Failed to find C compiler/.test(finding.message)
      )
        return undefined;
      if (/Failed to find C compiler/.test(finding.message)) return { compiler: "" };
      const facts = said(
        finding,
        /Command ['"]?\[\\?['"](?<compiler>[^'"]*?(?:gcc|cc|clang|cl|tcc|g\+\+|c\+\+|icx|icpx)(?:-\d+)?(?:\.exe)?)\\?['"]/i,
      );
      return facts !== undefined &&
        helper.test(finding.message) &&
        (withDriver.test(finding.message) || isTriton(finding, context))
        ? facts
        : undefined;
    },
    confidence: (match) => (isEmbeddable(match) ? "high" : "medium"),
    cause: (match) =>
      isEmbeddable(match)
        ? "Triton compiles a small C module when it is first used, against Python's headers and import library, and an embeddable Python (ComfyUI portable and others) comes without the folders Include and libs."
        : platformOf(match) === "win32"
          ? "Triton compiles a small C module when it is first used, and cl.exe (or tcc) failed at it: Python's folders Include and libs are not where Triton looks (a venv made by uv, an embeddable Python, the Store's Python), the Windows SDK is not installed, or the CUDA headers are missing. The compiler's own words stand above."
          : "Triton compiles a small C module when it is first used, and the compiler failed at it: Python.h (python3-dev), CUDA's cuda.h, or libcuda.so for -lcuda is not found. The compiler's own words stand above.",
    fix: (match) =>
      platformOf(match) === "win32"
        ? [
            ...(isEmbeddable(match) ? embeddedHeaders(match) : []),
            `${isEmbeddable(match) ? "# " : ""}${python(match)} -c "import sysconfig, sys; print(sys.version, sys.base_prefix, sysconfig.get_paths()['include'])"   # Python.h has to lie there, python3*.lib in <base>\\libs`,
            ...(isEmbeddable(match)
              ? []
              : [
                  "# embeddable Python: copy the folders include and libs of the full Python of exactly that version into its folder (triton-windows has them as python_<version>_include_libs.zip)",
                ]),
            'rmdir /s /q "%USERPROFILE%\\.triton\\cache"   # then again; CC=cl or the bundled TinyCC: set CC=',
          ]
        : [
            "sudo apt-get install gcc python3-dev   # of the Python that runs; conda: conda install gxx_linux-64",
            ...(driverFolder(match) === undefined
              ? [
                  "export TRITON_LIBCUDA_PATH=$(dirname $(ldconfig -p | awk '/libcuda.so.1/ {print $NF; exit}'))   # for -lcuda; or ln -s libcuda.so.1 libcuda.so beside it",
                ]
              : nameDriver(match)),
            "export C_INCLUDE_PATH=/usr/local/cuda/include:$C_INCLUDE_PATH   # for cuda.h",
            "rm -rf ~/.triton/cache",
          ],
    sources: [
      "woct0rdho/triton-windows#77",
      "https://github.com/woct0rdho/triton-windows#8-special-notes-for-comfyui-with-embeded-python",
    ],
    examples: [
      {
        text: "CalledProcessError: Command '['C:\\\\VC\\\\Tools\\\\MSVC\\\\14.41\\\\bin\\\\Hostx64\\\\x64\\\\cl.EXE', 'C:\\\\Temp\\\\tmph_ey5obq\\\\cuda_utils.c', '/nologo', '/IC:\\\\Apps\\\\python_embedded\\\\Lib\\\\site-packages\\\\triton\\\\backends\\\\nvidia\\\\include', '/LD']' returned non-zero exit status 2.",
        expect: "include and libs",
      },
      {
        text: "torch._inductor.exc.InductorError: CalledProcessError: Command '['/usr/bin/gcc', '/tmp/tmp1a2b/main.c', '-O3', '-shared', '-fPIC', '-lcuda', '-o', '/tmp/tmp1a2b/triton_.so']' returned non-zero exit status 1.",
        expect: "TRITON_LIBCUDA_PATH",
      },
      {
        text: "CalledProcessError: Command '['/usr/bin/gcc', '/tmp/tmpe7nu/main.c', '-O3', '-shared', '-fPIC', '-o', '/tmp/tmpe7nu/cuda_utils.so', '-lcuda', '-L/v/lib/python3.12/site-packages/triton/backends/nvidia/lib', '-L/usr/lib64', '-I/v/include']' returned non-zero exit status 1.",
        expect: "sudo ln -s libcuda.so.1 /usr/lib64/libcuda.so",
      },
    ],
  },
  {
    id: "triton-compiler-of-two-releases",
    title: "The headers of Triton's own C compiler are broken",
    on: ["compile"],
    specificity: 86,
    matches: (finding) =>
      /triton[\\/]runtime[\\/]tcc[\\/](?:include|lib)[\\/]/i.test(finding.file ?? "") ? {} : undefined,
    confidence: "medium",
    cause: (match) =>
      `The error is in \`${match.finding.file ?? ""}\`, a header that triton-windows brings with its small compiler (TinyCC): the file is damaged, or the files of two releases of Triton lie in one folder (triton beside triton-windows, an upgrade over an unpacked copy). No source of yours is at fault.`,
    fix: (match) => [
      pip(match, "uninstall -y triton triton-windows"),
      `${pip(match, "install --no-cache-dir triton-windows")}   # the release for your torch: "triton-windows<3.6" for 2.9, <3.5 for 2.8, <3.4 for 2.7, <3.3 for 2.6`,
      'rmdir /s /q "%USERPROFILE%\\.triton\\cache"',
    ],
    sources: ["woct0rdho/triton-windows#172", "https://github.com/woct0rdho/triton-windows"],
    examples: [
      {
        text: "G:\\c\\python_embeded>python.exe test_triton.py\nIn file included from <command line>:12:\ng:/c/python_embeded/lib/site-packages/triton/runtime/tcc/include/tccdefs.h:1: error: declaration expected",
        expect: "uninstall -y triton triton-windows",
      },
    ],
  },
];
