/** Compiled as an older C++, or with a C++ library of another age, than any torch needs; generated code; mixed checkouts. */
import { pip, platformOf, standardFor, wordsToBuild } from "../commands/commands.ts";
import { header, includedBy } from "../matchers.ts";
import { baseName } from "../parsers/parser.ts";
import type { Finding } from "../finding.ts";
import { type Match, placeOf, type Rule, type RuleContext, said, saidAny } from "../rule.ts";

/** What C++11 brought to the library, and what Apple's old libstdc++ (4.2) does not have. */
const cxx11Names =
  "move|forward|unique_ptr|shared_ptr|weak_ptr|make_shared|nullptr_t|function|bind|to_string|stoi|array|tuple|tie|unordered_map|unordered_set|is_same|is_base_of|enable_if|conditional|decay|remove_reference|true_type|false_type|integral_constant|initializer_list|atomic|mutex|thread|lock_guard|chrono|declval|begin|end|isnan|next|default_delete|numeric_limits";
const cxx11Headers =
  /^(?:atomic|array|chrono|condition_variable|forward_list|future|initializer_list|mutex|random|ratio|regex|system_error|thread|tuple|type_traits|typeindex|unordered_map|unordered_set|cstdint|cinttypes)$/;
/** Apple's gcc is a clang, and speaks as one. */
function isGccOfApple(finding: Finding, { findings, log }: RuleContext): boolean {
  return (
    log.platform === undefined &&
    /' file not found/.test(finding.text) &&
    findings.some(({ message, text }) => /command ['"‘]gcc['"’] failed/.test(`${message} ${text}`))
  );
}

/** Where no folder of a C++ library is found at all, the first header of any C++ fails. */
const anyCxxHeader =
  /^(?:c(?:stddef|stdlib|stdio|string|math|assert|limits|ctype|float|errno)|algorithm|functional|iostream|limits|map|memory|set|sstream|string|utility|vector)$/;

/**
 * A macOS as target for which clang takes libc++, as a clang of the same age knows it: that of Xcode 11 and older refuses 11.0. A Python
 * for 10.8 and older is of a time before C++17, of which libc++ has std::filesystem from 10.15 on.
 */
function libcxxTarget({ context: { log } }: Match): string {
  if (log.arch === "arm64") return "11.0";
  return log.oldMacos !== undefined || /^(?:11|14)$/.test(log.standard ?? "") ? "10.9" : "10.15";
}

export const olderLanguageRules: readonly Rule[] = [
  {
    id: "cxx11-not-enabled",
    title: "The compiler reads the code as C++98",
    on: ["compile"],
    specificity: 86,
    matches: (finding) =>
      saidAny(
        finding,
        /(?<what>range-based [‘']for[’'] loops?) (?:are not allowed in C\+\+98|is a C\+\+11 extension)/,
        /(?<what>a space is required between consecutive right angle brackets)/,
        /[‘'](?<what>constexpr|decltype|noexcept|nullptr|nullptr_t|thread_local|alignas|alignof|char16_t|char32_t)[’'] (?:does not name a type|was not declared in this scope)/,
        /(?:unknown type name|use of undeclared identifier) '(?<what>constexpr|nullptr|nullptr_t|noexcept|decltype|thread_local|alignas|char16_t)'/,
        /in C\+\+98 (?<what>.{1,60}) must be/,
        /(?<what>(?:extended initializer lists|non-static data member initializers|defaulted and deleted functions|delegating constructors|variadic templates|scoped enums|inherited constructors|lambda expressions|rvalue references)) (?:only available|are only available|is a C\+\+11)/,
        /requires compiler and library support for the (?<what>ISO C\+\+ 2011)/,
      ) ??
      (/expected '?[‘']?;[’']?'? (?:at end of declaration list|after)/.test(finding.message) &&
      /\b(?:noexcept|override|= ?default|= ?delete|constexpr)\b/.test(finding.source ?? "")
        ? { what: /\b(?:noexcept|override|default|delete|constexpr)\b/.exec(finding.source ?? "")?.[0] }
        : undefined),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["what"] ?? ""}\` (${placeOf(match.finding)}) is C++11, and the compiler reads the file as C++98: no -std= is given and its default is that old (Apple's clang, gcc 5 and older), or a -std=c++98, -std=gnu++98 or -ansi stands on the command line.${match.context.usesTorch === false ? "" : ` torch's headers need C++${standardFor(match)}.`}`,
    fix: (match) => [
      `export CXXFLAGS="-std=c++${standardFor(match)}"   # CMake: -DCMAKE_CXX_STANDARD=${standardFor(match)}; setup.py: extra_compile_args${match.context.usesTorch === false ? "; retorch.toml: cxx-standard" : ", or CppExtension, which knows it"}`,
      "c++ --version   # gcc 9 or newer, clang 10 or newer",
    ],
    change: (match) => ({ kind: "set-cxx-standard", standard: standardFor(match) }),
    sources: [
      "https://clang.llvm.org/cxx_status.html",
      "https://gcc.gnu.org/projects/cxx-status.html",
      "ctongfei/nexus#26",
    ],
    examples: [
      {
        text: "/e/torch/include/c10/Device.h:110:41: error: expected ';' at end of declaration list\n  size_t operator()(c10::Device d) const noexcept {\n                                        ^",
        expect: "C++98",
      },
      { text: "a.cpp:3:1: error: ‘constexpr’ does not name a type", expect: "-std=c++" },
      { text: "a.cpp:9:3: error: unknown type name 'constexpr'", expect: "CXXFLAGS" },
    ],
  },
  {
    id: "macos-old-cxx-library",
    title: "clang takes an old C++ library on macOS",
    on: ["compile", "missing-header"],
    specificity: 85,
    matches: (finding, context) => {
      if (context.log.platform !== "darwin" && !isGccOfApple(finding, context)) return undefined;
      if (finding.kind === "missing-header")
        return (cxx11Headers.test(finding.header ?? "") ||
          (context.log.oldMacos !== undefined && anyCxxHeader.test(finding.header ?? ""))) &&
          (context.log.oldMacos !== undefined ||
            !/[\\/](?:Xcode|CommandLineTools|include\/c\+\+)/.test(finding.file ?? ""))
          ? { name: `<${finding.header ?? ""}>` }
          : undefined;
      const inHeader = /[\\/](?:torch|ATen|c10|pybind11)[\\/]/.test(finding.file ?? "");
      return inHeader
        ? said(finding, new RegExp(`no (?:member|type|template) named '(?<name>${cxx11Names})' in namespace 'std'`))
        : undefined;
    },
    confidence: (match) => (match.context.log.oldMacos === undefined ? "medium" : "high"),
    cause: (match) =>
      `\`${(match.facts["name"] ?? "").replace(/^(?=\w)/, "std::")}\` ${anyCxxHeader.test((match.facts["name"] ?? "").replace(/[<>]/g, "")) ? "is of the C++ library, and clang looks for an old libstdc++ that newer Xcodes no longer have" : "is C++11, and clang reads the headers of a libstdc++ that is older than that"}: Python was built for macOS ${match.context.log.oldMacos ?? "10.7 or 10.8"}, setuptools passes that on as the deployment target, and for targets before 10.9 clang does not take libc++.`,
    fix: (match) => [
      `export MACOSX_DEPLOYMENT_TARGET=${libcxxTarget(match)} CC=clang CXX=clang++   # for targets from 10.9 on clang takes libc++`,
      "export CFLAGS='-stdlib=libc++'   # the same by hand",
      "xcode-select --install",
    ],
    sources: ["pytorch/pytorch#1434", "pytorch/pytorch#16805", "pytorch/extension-cpp#30"],
    examples: [
      {
        text: "gcc -c lltm.cpp -o build/temp.macosx-10.7-x86_64-3.6/lltm.o\n/Users/k/e/torch/include/c10/util/UniqueVoidPtr.h:67:17: error: no member named 'move' in namespace 'std'",
        expect: "MACOSX_DEPLOYMENT_TARGET",
      },
      {
        text: "fatal error: 'atomic' file not found\n#include <atomic>\n         ^~~~~~~~\n1 error generated.\nerror: command 'gcc' failed with exit status 1",
        expect: "-stdlib=libc++",
      },
      { text: "/Users/k/p/a.cpp:3:10: fatal error: 'atomic' file not found", expect: "-stdlib=libc++" },
      {
        text: "clang -arch x86_64 -c cpu/scatter.cpp -o build/temp.macosx-10.7-x86_64-3.6/cpu/scatter.o -std=c++11\n/e/torch/include/torch/types.h:3:10: fatal error: 'cstddef' file not found",
        expect: "MACOSX_DEPLOYMENT_TARGET",
      },
    ],
  },
  {
    id: "msvc-and-torch-headers",
    title: "This Visual C++ does not cope with torch's headers",
    on: ["compile"],
    specificity: 24,
    matches: (finding) =>
      finding.tool === "msvc" &&
      (/[\\/](?:torch|ATen|c10)[\\/]/i.test((finding.file ?? "").replaceAll("\\", "/")) ||
        (/[\\/]MSVC[\\/]/.test(finding.file ?? "") && /\b(?:at|c10|torch)::/.test(finding.message)) ||
        (finding.code === "C2678" && /[\\/]MSVC[\\/]/.test(finding.file ?? "")))
        ? { code: finding.code }
        : undefined,
    confidence: (match) => (/^C3(?:249|250)$/.test(match.facts["code"] ?? "") ? "high" : "medium"),
    cause: (match) => {
      const msvc = match.context.log.msvc;
      if (/^C3(?:249|250)$/.test(match.facts["code"] ?? ""))
        return `cl takes nothing but one return statement in a constexpr function (${placeOf(match.finding)}), as C++11 has it: it is the one of Visual Studio 2015. C++14's constexpr, which torch's headers use, came with Visual Studio 2017.`;
      const year = msvc === undefined ? undefined : msvc < "14.20" ? "2017" : msvc < "14.30" ? "2019" : "2022 or newer";
      return `cl${msvc === undefined ? "" : ` ${msvc} (Visual Studio ${year ?? ""})`} rejects a header that comes with torch or with Visual C++ (${placeOf(match.finding)}): ${match.finding.message.slice(0, 200)}. Nothing in the project is at fault: torch is tried with the Visual Studio of its time, and older and newer releases of cl fail on its templates.`;
    },
    fix: (match) => [
      ...(/^C3(?:249|250)$/.test(match.facts["code"] ?? "")
        ? [
            "# Qt Creator: Tools > Options > Kits: a kit with the compiler of Visual Studio 2019 or newer (and Qt's libraries for it), then run qmake or CMake again",
          ]
        : []),
      match.context.log.msvc !== undefined && match.context.log.msvc < "14.30"
        ? "# install the C++ build tools of Visual Studio 2022 (torch 1.13 and newer) or, for torch 1.7 to 1.12, the newest update of 2019; build in its x64 Native Tools prompt"
        : "# take the toolset of another release (Visual Studio Installer > Individual components):",
      '"C:\\Program Files\\Microsoft Visual Studio\\2022\\Community\\VC\\Auxiliary\\Build\\vcvarsall.bat" x64 -vcvars_ver=14.38',
      "# flags that help with some: /permissive- /Zc:__cplusplus /std:c++17 (torch 2.13 and newer: /std:c++20)",
    ],
    sources: [
      "pytorch/vision#5277",
      "pytorch/pytorch#48450",
      "pytorch/pytorch#49077",
      "pytorch/pytorch: .ci/pytorch/windows",
    ],
    examples: [
      {
        text: "C:\\e\\torch\\include\\ATen/core/boxing/KernelFunction_impl.h(75): error C2039: 'call': is not a member of 'c10::impl::BoxedKernelWrapper<Return>'\nerror: command 'C:\\\\VS\\\\2017\\\\VC\\\\Tools\\\\MSVC\\\\14.16.27023\\\\bin\\\\HostX86\\\\x64\\\\cl.exe' failed with exit status 2",
        expect: "2022",
      },
      {
        text: 'D:\\libtorch\\include\\c10\\core\\DispatchKeySet.h:59: error: C3250: "k": declaration in "constexpr" function body is not allowed',
        expect: "Visual Studio 2015",
      },
      {
        text: "Error\tC2061\tsyntax error: identifier 'IValue'\tVision\td:\\libtorch_1.9\\include\\ATen\\core\\ivalue.h\t633\t",
        expect: "ivalue.h:633",
      },
    ],
  },
  {
    id: "cython-code-broken",
    title: "C code that Cython made does not hold together",
    on: ["compile"],
    specificity: 77,
    matches: (finding) =>
      saidAny(
        finding,
        /(?:undeclared identifier|unknown type name|undeclared \(first use in this function\)|implicit declaration of function|too (?:few|many) arguments to function(?: call)?).{0,20}['‘](?<name>__(?:pyx|Pyx|PYX)_\w+)/,
        /['‘"](?<name>__(?:pyx|Pyx|PYX)_\w+)['’"]:? (?:undeclared|was not declared|has no member|is undefined)/,
        /(?:conflicting types for|incompatible (?:pointer )?types? .*) ['‘](?<name>__(?:pyx|Pyx|PYX)_\w+)/,
      ),
    confidence: "medium",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\` is of Cython's own making: ${match.finding.file === undefined ? "the file" : `\`${baseName(match.finding.file)}\``} was generated by a release of Cython (a development version, or one that is older than this Python) whose output does not fit here.`,
    fix: (match) => [
      "# another release of Cython writes the files anew, once they are gone:",
      ...(platformOf(match) === "win32" ||
      match.context.log.localPackages.length + (match.context.log.setupCommand === undefined ? 0 : 1) === 0
        ? []
        : [
            "find . -name '*.pyx' | sed 's/\\.pyx$//' | while read -r name; do rm -f \"$name.c\" \"$name.cpp\"; done   # in the folder of the sources",
          ]),
      pip(match, 'install --upgrade "cython>=3.1"   # supports Python 3.13, 3.14 and free-threaded builds'),
      pip(match, `install --no-build-isolation --no-cache-dir ${wordsToBuild(match)}`),
      "# or an older Python, for a package that is no longer looked after: uv venv --python 3.11",
    ],
    sources: ["cython/cython#6387", "https://cython.readthedocs.io/en/latest/src/changes.html"],
    examples: [{ text: "/p/Parsing.c:86179:42: error: use of undeclared identifier '__pyx_d'", expect: "Cython" }],
  },
  {
    id: "executorch-folder-name",
    title: "ExecuTorch's folder is not named executorch",
    on: ["compile"],
    specificity: 80,
    matches: (finding) => {
      const folder =
        /(?:^|\/)(?<folder>[^/]*executorch[^/]*)\/(?:runtime|kernels|extension|backends|devtools|schema|exir|codegen)\//i.exec(
          (finding.file ?? "").replaceAll("\\", "/"),
        )?.groups?.["folder"];
      return folder === undefined || folder === "executorch" || /-packages/.test(finding.file ?? "")
        ? undefined
        : { folder };
    },
    confidence: "medium",
    cause: (match) =>
      `ExecuTorch's sources include each other as executorch/…, found from the folder above the checkout: the checkout is named \`${match.facts["folder"] ?? ""}\`, so headers of another copy, in a folder that is named executorch beside it, are taken.`,
    fix: (match) => [
      `ls -d ${/^(.*\/)[^/]*executorch[^/]*\//i.exec(match.finding.file ?? "")?.[1] ?? "../"}executorch   # the other copy: move it away`,
      `mv ${match.facts["folder"] ?? "executorch-main"} executorch && cd executorch`,
      "git submodule sync && git submodule update --init --recursive",
      "rm -rf cmake-out pip-out && ./install_executorch.sh",
    ],
    sources: ["pytorch/executorch#6385", "pytorch/executorch#6475"],
    examples: [
      {
        text: "/h/executorch_latest/runtime/executor/method.cpp:1132:17: error: no type named 'EventTracerProfileOpScope' in namespace 'executorch::runtime::internal'",
        expect: "mv executorch_latest executorch",
      },
    ],
  },
  {
    id: "vendored-library-of-other-release",
    title: "The copy of a library within the project lacks a header",
    on: ["missing-header"],
    specificity: 74,
    matches: (finding, context) => {
      const facts = header(finding, /^(?<top>[\w.-]+)\//);
      const top = (facts?.["top"] ?? "").toLowerCase();
      const copy = context.log.vendored.find((name) => {
        const folder = name.toLowerCase().replace(/[-_.]?\d[\d.]*$/, "");
        return folder === top || (folder === "eigen" && top === "unsupported");
      });
      return copy === undefined || /^(?:torch|aten|c10|cuda|thrust|cub)$/.test(top) ? undefined : { ...facts, copy };
    },
    confidence: "medium",
    cause: (match) =>
      `The project brings its own copy of ${match.facts["copy"] ?? ""}, whose folder is on the command line, and \`${match.facts["header"] ?? ""}\`${includedBy(match)} is not in it: the copy is of an older (or newer) release than the code, or the git submodule was never checked out and the folder is empty.`,
    fix: (match) => {
      // An installed package has no submodules: its archive was made without them.
      const installed = /[\\/](?:site|dist)-packages[\\/]([\w-]+)[\\/]/.exec(match.finding.file ?? "")?.[1];
      if (installed !== undefined)
        return [
          installed === "gsplat"
            ? pip(
                match,
                'install --no-build-isolation --no-cache-dir --force-reinstall --no-deps "git+https://github.com/nerfstudio-project/gsplat.git"',
              )
            : `# ${installed} from its repository, which pip clones with its submodules: ${pip(match, `install --no-build-isolation --force-reinstall --no-deps git+<address of ${installed}'s repository>`)}`,
          ...(match.facts["copy"] === "glm" && platformOf(match) === "linux"
            ? ["# or GLM of the system: sudo apt-get install libglm-dev; then run the program again"]
            : []),
        ];
      return [
        "git submodule sync && git submodule update --init --recursive --force   # the commit that the project names",
        `# empty, or still too old: rm -rf the folder ${match.facts["copy"] ?? ""} and clone the project anew with --recursive, or put the release of ${match.facts["copy"] ?? ""} there that its README names${match.facts["copy"] === "glm" ? " (glm 1.0 and newer have gtx/pca.hpp): git clone --depth 1 --branch 1.0.1 https://github.com/g-truc/glm third_party/glm" : ""}`,
        "# do not install the library beside it: two copies would be mixed",
      ];
    },
    sources: ["HKUST-SAIL/RaDe-GS#6", "nerfstudio-project/gsplat#746"],
    examples: [
      {
        text: "/usr/local/cuda/bin/nvcc -I/e/lib/python3.13/site-packages/gsplat/cuda/csrc/third_party/glm -std=c++17 -c a.cu -o a.o\n/e/lib/python3.13/site-packages/gsplat/cuda/include/Common.h:5:10: fatal error: glm/glm.hpp: No such file or directory",
        expect: "git+https://github.com/nerfstudio-project/gsplat.git",
      },
      {
        text: "/usr/local/cuda/bin/nvcc -I/p/third_party/glm/ -I/p/include -DNAME=_C -std=c++17 -c a.cu -o a.o\na.cu:20:10: fatal error: glm/gtx/pca.hpp: No such file or directory",
        expect: "1.0",
      },
    ],
  },
];
