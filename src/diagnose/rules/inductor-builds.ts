/** What torch.compile's own C++ builds give the compiler and the linker, and should not. */
import { platformOf, pip, python, setVariable, systemPackage, torchAgain } from "../commands/commands.ts";
import { linkLibrary, ofLog } from "../matchers.ts";
import { type Rule, type RuleContext, said, saidAny } from "../rule.ts";
import { verdictOf } from "./symbol-facts.ts";

/** Whether it is torch.compile that builds. */
function inductorBuilds({ findings }: RuleContext): boolean {
  return findings.some(({ message, text }) => /CppCompileError|torchinductor_|_inductor\b/.test(`${message} ${text}`));
}

export const inductorBuildRules: readonly Rule[] = [
  {
    id: "inductor-space-in-path",
    title: "torch.compile calls cl.exe with a folder whose name has a space",
    on: ["missing-header", "compile", "driver", "link"],
    specificity: 92,
    matches: (finding, { log, findings }) =>
      log.spacedInclude === undefined ||
      !(finding.header === undefined
        ? /D9024|LNK1181|LNK1104/.test(finding.text)
        : /^(?:torch|Python)\b/.test(finding.header)) ||
      !findings.some(({ message, text }) => /CppCompileError|torchinductor_|_inductor\b/.test(`${message} ${text}`))
        ? undefined
        : { folder: log.spacedInclude },
    confidence: "high",
    cause: (match) =>
      `The command names \`${match.facts["folder"] ?? ""}\` without quotes, so that cl.exe takes what stands behind the space for a file of its own: torch.compile cannot work with a Python whose folder has a space in its name.`,
    fix: (match) => {
      const version =
        match.context.log.python ??
        /Python(3)(\d{2})[\\/]/
          .exec(match.context.log.spacedInclude ?? "")
          ?.slice(1)
          .join(".");
      return [
        `py ${version === undefined ? "" : `-${version} `}-m venv C:\\venvs\\torch   # the headers are still those of the Python that made it: Python itself has to be in a folder without a space, too (its installer: Customize, "Install for all users", C:\\Python${version?.replace(".", "") ?? ""})`,
        "C:\\venvs\\torch\\Scripts\\activate",
        "# there: the packages as before (pip freeze > requirements.txt in the old one, pip install -r requirements.txt), and the same program",
        '# or without C++ from torch.compile: torch.compile(model, backend="eager"), TORCHDYNAMO_DISABLE=1; conda: an environment with conda create -p C:\\envs\\torch',
      ];
    },
    sources: ["pytorch/pytorch#167062"],
    examples: [
      {
        text: "CppCompileError: C++ compile error\n\nCommand:\ncl /I c:/Users/Ann Lee/AppData/Local/Programs/Python/Python313/Include /I c:/Users/Ann Lee/AppData/Local/Programs/Python/Python313/Lib/site-packages/torch/include /O2 C:/Users/ANNLE~1/AppData/Local/Temp/torchinductor_Ann_Lee/us/cus.main.cpp\n\nOutput:\ncl : Command line warning D9024 : unrecognized source file type 'Lee/AppData/Local/Programs/Python/Python313/Include', object file assumed\nC:/Users/ANNLE~1/AppData/Local/Temp/torchinductor_Ann_Lee/us/cus.main.cpp(3): fatal error C1083: Cannot open include file: 'torch/csrc/inductor/cpp_prefix.h': No such file or directory",
        expect: "`c:/Users/Ann Lee`",
      },
    ],
  },
  {
    id: "inductor-library-missing",
    title: "torch has no sleef.lib in its folder",
    on: ["missing-library"],
    specificity: 92,
    matches: (finding) => linkLibrary(finding, /^sleef$/),
    confidence: "high",
    cause: (match) =>
      `On Windows what torch.compile writes (and extensions with torch's vector headers) is linked with \`sleef.lib\`, which PyTorch's own wheels bring in torch\\lib. This torch has none there: it is a build of somebody else${match.context.log.conda ? " (conda's)" : ""}, or the file was taken away.`,
    fix: (match) => [
      `${python(match)} -c "import torch, os; print(torch.__version__, [f for f in os.listdir(os.path.join(os.path.dirname(torch.__file__), 'lib')) if 'sleef' in f])"`,
      `${torchAgain(match)}   # PyTorch's wheel${match.context.log.conda ? "; conda's torch first: conda remove pytorch" : ""}`,
      '# or without C++ from torch.compile: torch.compile(model, backend="eager"), TORCHDYNAMO_DISABLE=1',
    ],
    sources: ["pytorch/pytorch#128770"],
    examples: [{ text: "LINK : fatal error LNK1104: cannot open file 'sleef.lib'", expect: "'torch==' + t" }],
  },
  {
    id: "inductor-localised-cl",
    title: "torch.compile cannot read what cl.exe says in the language of Windows",
    on: ["exception"],
    specificity: 88,
    matches: (finding) =>
      (finding.code === "UnicodeDecodeError" || /^UnicodeDecodeError\b/.test(finding.message)) &&
      finding.frames?.some((frame) => /_inductor[\\/]cpp_builder\.py/.test(frame)) === true
        ? {}
        : undefined,
    confidence: "high",
    cause: () =>
      "Before it compiles, torch.compile calls cl.exe and decodes what it prints as UTF-8. This cl.exe speaks the language of Windows, in the code page of Windows: it has to speak English, for which Visual Studio needs its English language pack.",
    fix: () => [
      'for /f "usebackq delims=" %i in (`"%ProgramFiles(x86)%\\Microsoft Visual Studio\\Installer\\vswhere.exe" -latest -products * -property installationPath`) do "%ProgramFiles(x86)%\\Microsoft Visual Studio\\Installer\\setup.exe" modify --installPath "%i" --addProductLang en-US --passive   # the English language pack, in cmd as administrator; or by hand: Visual Studio Installer, Modify, Language packs',
      "set VSLANG=1033   # cl.exe then speaks English",
      "# then the program again, from this very prompt: the variable is not known elsewhere (for good: setx VSLANG 1033)",
    ],
    sources: [
      "EnragedAntelope/comfyui-sdnq#20",
      "pytorch/pytorch#159537",
      "pytorch/pytorch#157673",
      "https://learn.microsoft.com/visualstudio/install/use-command-line-parameters-to-install-visual-studio",
    ],
    examples: [
      {
        text: '  File "C:\\e\\Lib\\site-packages\\torch\\_inductor\\cpp_builder.py", line 240, in _is_msvc_cl\n    subprocess.check_output([cpp_compiler, "/help"], stderr=subprocess.STDOUT)\ntorch._inductor.exc.InductorError: UnicodeDecodeError: \'utf-8\' codec can\'t decode byte 0xd3 in position 0: invalid continuation byte',
        expect: "VSLANG=1033",
      },
      {
        text: "Traceback (most recent call last):\n  File \"D:\\venv\\lib\\site-packages\\torch\\_inductor\\cpp_builder.py\", line 1660, in build\n    output = e.output.decode(SUBPROCESS_DECODE_ARGS)\nUnicodeDecodeError: 'utf-8' codec can't decode byte 0xb0 in position 12: invalid start byte",
        expect: "--addProductLang en-US",
      },
    ],
  },
  {
    id: "inductor-without-compiler",
    title: "torch.compile finds no C++ compiler",
    on: ["exception"],
    specificity: 84,
    matches: (finding) => said(finding, /Failed to find C\+\+ compiler/),
    confidence: "high",
    cause: () =>
      "torch.compile writes C++ for the CPU part of a model (and AOTInductor for all of it) and compiles it when the program runs; there is no C++ compiler on PATH, and CXX names none (slim images come without).",
    fix: (match) => [
      ...(platformOf(match) === "win32"
        ? [
            '# Visual Studio\'s "Desktop development with C++" (https://visualstudio.microsoft.com/visual-cpp-build-tools/), and start Python from its x64 Native Tools Command Prompt',
          ]
        : platformOf(match) === "darwin"
          ? ["xcode-select --install"]
          : systemPackage(match, { apt: "g++", dnf: "gcc-c++", conda: "gxx" })),
      setVariable(
        match,
        "CXX",
        platformOf(match) === "win32" ? "cl" : platformOf(match) === "darwin" ? "clang++" : "g++",
      ),
      "# or without torch.compile: TORCHDYNAMO_DISABLE=1, backend='aot_eager'",
    ],
    sources: [
      "pytorch: torch/_inductor/cpp_builder.py",
      "https://docs.pytorch.org/docs/stable/torch.compiler_faq.html",
    ],
    examples: [
      {
        text: "torch._inductor.exc.InductorError: RuntimeError: Failed to find C++ compiler. Please specify via CXX environment variable.",
        expect: "apt-get install -y g++",
      },
    ],
  },
  {
    id: "inductor-code-wrong",
    title: "torch.compile wrote C++ that is wrong",
    on: ["compile"],
    specificity: 47,
    matches: (finding, context) =>
      (finding.severity === "error" || finding.severity === "fatal") &&
      /[\\/]torchinductor_[^\\/]*[\\/].*\.(?:cpp|cu|h)$/.test(finding.file ?? "") &&
      !/^#error|^expected type-specifier|-std=|constexpr/.test(finding.message) &&
      ofLog(context, inductorBuilds)
        ? { said: finding.message }
        : undefined,
    confidence: "medium",
    cause: (match) =>
      `The compiler refuses a line of the C++ that torch.compile wrote itself (\`${match.facts["said"] ?? ""}\`): a fault of this release of torch in what it generates for this model, which no change of the compiler or of the model's own sources mends.`,
    fix: (match) => [
      `${pip(match, `install --upgrade torch${match.context.log.installedTorch?.startsWith("2.7.0") === true ? "==2.7.1" : ""}`)}   # such faults are mended from release to release`,
      platformOf(match) === "win32"
        ? "rmdir /s /q %TEMP%\\torchinductor_%USERNAME%"
        : "rm -rf /tmp/torchinductor_$(whoami)",
      "# as a stopgap, the part that fails without torch.compile: @torch.compiler.disable on its function; a whole run: TORCHDYNAMO_DISABLE=1",
      "# C++ of the CPU alone: torch._inductor.config.cpp.simdlen = 1 writes it without vectors, where some of these faults are",
    ],
    sources: ["pytorch/pytorch#152172", "https://docs.pytorch.org/docs/stable/torch.compiler_troubleshooting.html"],
    examples: [
      {
        text: "torch._inductor.exc.InductorError: CppCompileError: C++ compile error\n\nCommand:\ng++ /tmp/torchinductor_ann/ab/cab.cpp -shared\n\nOutput:\n/tmp/torchinductor_ann/ab/cab.cpp:23:23: error: redeclaration of ‘float acc_arr [8]’\n   23 |   float acc_arr[8];",
        expect: "install --upgrade torch",
      },
    ],
  },
  {
    id: "inductor-march-native",
    title: "The compiler does not take torch.compile's -march=native",
    on: ["driver", "compile"],
    specificity: 90,
    matches: (finding, context) =>
      saidAny(finding, /-march=native.{0,20}: (?<isa>ISA string must begin with rv32 or rv64)/) ??
      (ofLog(context, inductorBuilds)
        ? said(
            finding,
            /(?:bad value|invalid value|unknown value|unsupported argument|unrecognized argument|unknown target CPU|unrecognized command[- ]line option|missing argument).*(?:native|-march)|-march=native.*(?:unknown|unsupported|not supported|invalid)/,
          )
        : undefined),
    confidence: "high",
    cause: (match) =>
      `${match.context.findings.some(({ message }) => /CppCompileError/.test(message)) ? "torch.compile" : "The build"} gives the compiler -march=native, and this one does not know it${match.facts["isa"] === undefined ? " for this processor" : " on RISC-V: there it wants the name of an instruction set (rv64gc)"}.`,
    fix: (match) => {
      const riscv = match.facts["isa"] !== undefined;
      const arch = riscv ? "rv64gc" : "";
      if (!ofLog(match.context, inductorBuilds))
        return [
          `grep -rl -e '-march=native' --include=setup.py --include=CMakeLists.txt --include='*.cmake' --include=Makefile . | xargs -r sed -i.bak 's/-march=native/${riscv ? "-march=rv64gc" : ""}/g'   # ${riscv ? "with vectors: rv64gcv; " : ""}extra_compile_args and CMAKE_CXX_FLAGS of the project; CXXFLAGS has none of it either`,
        ];
      return [
        `${setVariable(match, "TORCHINDUCTOR_CPP_MARCH", arch)}   # torch 2.13 and newer${riscv ? ", which takes rv64gc by itself" : ": no -march at all"}; ${pip(match, "install --upgrade torch")}`,
        `printf '#!/bin/bash\nexec g++ "\${@/-march=native/${riscv ? "-march=rv64gc" : "-O2"}}"\n' > ~/g++-plain && chmod +x ~/g++-plain && export CXX=~/g++-plain   # an older torch: a compiler that leaves it out`.replace(
          /\n/g,
          "\\n",
        ),
        "# or without torch.compile: TORCHDYNAMO_DISABLE=1; vLLM: --enforce-eager; a newer gcc may know native",
      ];
    },
    sources: ["pytorch/pytorch#167071", "pytorch: torch/_inductor/cpp_builder.py"],
    examples: [
      {
        text: "torch._inductor.exc.InductorError: CppCompileError: C++ compile error\n\nCommand:\ng++ /tmp/x.cpp -march=native\n\nOutput:\ng++: error: '-march=native': ISA string must begin with rv32 or rv64",
        expect: "rv64gc",
      },
      {
        text: "g++: error: ‘-march=native’: ISA string must begin with rv32 or rv64",
        expect: "sed -i.bak 's/-march=native/-march=rv64gc/g'",
      },
    ],
  },
  {
    id: "inductor-links-too-little",
    title: "torch.compile links its wrapper without one of torch's libraries",
    on: ["undefined-symbol"],
    specificity: 86,
    matches: (finding, context) => {
      if (finding.phase !== "link" || !ofLog(context, inductorBuilds)) return undefined;
      if (verdictOf(finding)?.owner === "torch-stable-abi") return { symbol: finding.symbol, library: "torch_cpu" };
      const path = verdictOf(finding)?.symbol.path ?? [];
      return ["c10", "at", "torch", "caffe2"].includes(path[0] ?? "")
        ? { symbol: path.join("::"), library: path[0] === "c10" ? "c10" : path[0] === "at" ? "torch_cpu" : "torch" }
        : undefined;
    },
    // Elsewhere it may be another libtorch or the string ABI, too.
    confidence: (match) => (platformOf(match) === "win32" && match.facts["library"] === "c10" ? "high" : "medium"),
    cause: (match) =>
      `torch.compile (Inductor) wrote and linked this wrapper itself, and its link line lacks the library that has \`${match.facts["symbol"] ?? ""}\` (${match.facts["library"] ?? ""}): a fault of this torch, no extension and no setup.py has a part in it.`,
    fix: (match) => [
      ...(platformOf(match) === "win32"
        ? [`set LINK=${match.facts["library"] ?? "c10"}.lib   # link.exe adds what LINK names; then run it again`]
        : []),
      pip(match, "install --upgrade torch") + "   # a newer release links it (2.13 does)",
      platformOf(match) === "win32"
        ? "rmdir /s /q %TEMP%\\torchinductor_%USERNAME%"
        : "rm -rf /tmp/torchinductor_$(whoami)",
      "# or without the wrapper in C++: torch._inductor.config.cpp_wrapper = False (TORCHINDUCTOR_CPP_WRAPPER=0)",
    ],
    sources: ["pytorch/pytorch#178976", "pytorch/pytorch#139954"],
    examples: [
      {
        text: 'torch._inductor.exc.InductorError: CppCompileError: C++ compile error\nab.main.obj : error LNK2019: unresolved external symbol "__declspec(dllimport) void __cdecl c10::detail::torchCheckFail(char const *,char const *,unsigned int,char const *)" (__imp_?torchCheckFail@detail@c10@@YAXPEBD0I0@Z) referenced in function inductor_entry_impl',
        expect: "LINK=c10.lib",
      },
      {
        text: "CppCompileError: C++ compile error\ncab.obj : error LNK2019: unresolved external symbol aoti_torch_check referenced in function kernel$omp$1",
        expect: "a fault of this torch",
      },
    ],
  },
];
