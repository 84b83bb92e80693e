/**
 * Headers that get in each other's way: macros of one in the code of another, two copies of one library, folders in the
 * wrong order, a C++ library that is newer than the code that uses it.
 */
import { platformOf, setVariable, unsetVariable } from "../commands/commands.ts";
import type { Finding } from "../finding.ts";
import { baseName } from "../parsers/parser.ts";
import { placeOf, type Rule, said, saidAny } from "../rule.ts";

function inTorch(file: string | undefined): boolean {
  return /[\\/](?:include|src|pytorch[\w.-]*)[\\/](?:torch|ATen|c10)[\\/]|[\\/]pybind11[\\/]/i.test(file ?? "");
}

/** Words that well-known headers define as macros, and that torch, pybind11 or other headers use as names. */
const macros: readonly { readonly words: RegExp; readonly of: string; readonly undo: string }[] = [
  {
    words: /\b(slots|signals|emit|foreach)\b/,
    of: "Qt (its headers define slots, signals, emit and foreach)",
    undo: "#undef slots before torch's headers and #define slots Q_SLOTS behind them; or include torch first; or build with the definition QT_NO_KEYWORDS and write Q_SLOTS, Q_SIGNALS, Q_EMIT",
  },
  {
    words: /\b(LOG|DLOG|VLOG|CHECK|CHECK_(?:EQ|NE|LT|LE|GT|GE|OP|NOTNULL)|DCHECK\w*|INFO|FATAL)\b/,
    of: "another logging library (glog, TensorFlow, ROS)",
    undo: "keep the two in different .cpp files; else #undef LOG, CHECK, … between the includes; a torch of 1.13 and newer names its own TORCH_CHECK_EQ and the like",
  },
  {
    words: /\b(None|Bool|Status|Success|True|False|Always|Above|Below|Complex|Convex|CurrentTime)\b/,
    of: "Xlib (X11/X.h, X11/Xlib.h)",
    undo: "include torch before X11, GLX or EGL headers, and #undef None, Bool, Status, Success behind them",
  },
  {
    words: /\b(ERROR|DELETE|IN|OUT|near|far|interface|small|min|max|byte)\b/,
    of: "Windows (windows.h, wingdi.h)",
    undo: "define NOMINMAX, NOGDI and WIN32_LEAN_AND_MEAN before windows.h, and include torch first",
  },
  {
    words: /\b(check|verify|require|nil|YES|NO)\b/,
    of: "macOS (AssertMacros.h, objc.h)",
    undo: "define __ASSERT_MACROS_DEFINE_VERSIONS_WITHOUT_UNDERSCORES=0, and include torch first",
  },
  { words: /\b(I|complex)\b/, of: "C's <complex.h>", undo: "#undef I behind <complex.h>, and include torch first" },
  {
    words: /\b(F|_|U|R|B0)\b/,
    of: "another library",
    undo: "include torch first, and #undef the name between the includes",
  },
];

const syntax =
  /^expected |C(?:2059|2143|2334|2760|2062|2061|2589|2988)\b|expected (?:unqualified-id|primary-expression|identifier|member name|expression|'|‘)|has no member named|macro ["“'‘]|redefinition of|ambiguous overload/;

/** A name in a line that another header's macro may have taken. */
function takenName(finding: Finding): { readonly word: string; readonly index: number } | undefined {
  const at = `${finding.source ?? ""} ${/macro ["“'‘](\w+)/.exec(finding.message)?.[1] ?? ""} ${/^redefinition of ['‘](\w+)/.exec(finding.message)?.[1] ?? ""}`;
  for (const [index, { words }] of macros.entries()) {
    const word = words.exec(at)?.[1];
    if (word !== undefined) return { word, index };
  }
  return undefined;
}

export const headerConflictRules: readonly Rule[] = [
  {
    id: "macro-of-another-header",
    title: "A macro of another header changes the code of this one",
    on: ["compile"],
    specificity: 76,
    matches: (finding) => {
      const logging = /logging_is_(?:not_)?google_glog\.h$/.test(finding.file ?? "");
      if (logging) return { word: "CHECK, LOG", index: "1" };
      if (/^redefinition of ['‘](?:INFO|WARNING|ERROR|FATAL)['’]/.test(finding.message)) {
        const word = /['‘](\w+)['’]/.exec(finding.message)?.[1];
        return { word, index: "1" };
      }
      if (!inTorch(finding.file) || !syntax.test(`${finding.code ?? ""} ${finding.message}`)) return undefined;
      // What Qt's `slots` does is well known by its place.
      if (
        /[\\/]ivalue(?:_inl)?\.h$/.test(finding.file ?? "") &&
        (finding.source === undefined || /slots/.test(finding.source)) &&
        !/['"“‘](?:IValue|c10::IValue)/.test(finding.message)
      )
        return { word: "slots", index: "0" };
      if (/pybind11\.h$/.test(finding.file ?? "") && /slots/.test(finding.source ?? ""))
        return { word: "slots", index: "0" };
      const taken = takenName(finding);
      return taken === undefined ? undefined : { word: taken.word, index: String(taken.index) };
    },
    confidence: "medium",
    cause: (match) =>
      `${placeOf(match.finding)} is a header that compiles by itself: \`${match.facts["word"] ?? ""}\` in it was replaced by a macro of a header that was included before, most likely of ${macros[Number(match.facts["index"])]?.of ?? "another library"}.`,
    fix: (match) => [
      `# ${macros[Number(match.facts["index"])]?.undo ?? "include torch first"}`,
      "# or keep torch out of headers that others include: a class of one's own in the header, torch in its .cpp file",
      `# what it was replaced by: the compile command with -E -dD (MSVC: /P /d1PP), then search for "define ${(match.facts["word"] ?? "").split(",")[0] ?? ""}"`,
    ],
    sources: ["pytorch/pytorch#19405", "pytorch/pytorch#138981", "pytorch/pytorch#16509", "pytorch/pytorch#81415"],
    examples: [
      {
        text: "/usr/include/ATen/core/ivalue_inl.h:1566:37: error: expected unqualified-id before ‘)’ token\n 1566 |   const std::vector<IValue>& slots() const {\n      |                                     ^",
        expect: "QT_NO_KEYWORDS",
      },
      {
        text: "D:\\libtorch\\include\\ATen\\core\\ivalue_inl.h(1567,35): error C2059: syntax error: '<parameter-list>'",
        expect: "#undef slots",
      },
      {
        text: "/b/c_api.h:1663:4: error: redefinition of 'INFO'\n   INFO = 0,\n   ^",
        expect: "logging",
      },
    ],
  },
  {
    id: "pybind11-releases-mixed",
    title: "Two pybind11s are mixed",
    on: ["compile"],
    specificity: 83,
    matches: (finding) =>
      /pybind11[\\/](?:[\w.\\/]*)\.h$/.test(finding.file ?? "")
        ? saidAny(
            finding,
            /pybind11::[\w:]+(?:<[^’'"]*>)?[’'"].* has no member (?:named )?["‘'](?<name>\w+)/,
            /no member named '(?<name>\w+)' in (?:namespace )?'(?:struct )?pybind11::/,
            /[‘'"](?<name>\w+)[’'"] is not a member of [‘'"]pybind11::/,
            /class "pybind11::[^"]*" has no member "(?<name>\w+)"/,
            /(?:redefinition of|redeclared|conflicting declaration).*pybind11::.*?(?<name>\w+)/,
          )
        : undefined,
    confidence: "medium",
    cause: (match) =>
      `${placeOf(match.finding)} asks for \`${match.facts["name"] ?? ""}\` of pybind11's own: its headers come from two releases. torch's wheels bring a pybind11 in torch/include, and another one (conda's pybind11-abi and pybind11, pip's, the system's in /usr/include, a submodule) lies in a folder that is searched before or between.`,
    fix: (match) => [
      `find / -path '*pybind11/pybind11.h' -not -path '/proc/*' 2>/dev/null   # which ones are there`,
      'echo "CPATH=[$CPATH] CPLUS_INCLUDE_PATH=[$CPLUS_INCLUDE_PATH] CFLAGS=[$CFLAGS]"',
      unsetVariable(match, "CPATH"),
      "pip uninstall -y pybind11 pybind11-global; conda remove --force pybind11   # in the environment of the build; torch brings its own",
    ],
    sources: ["NJU-3DV/Relightable3DGaussian#3", "pytorch: third_party/pybind11"],
    examples: [
      {
        text: "/e/torch/include/pybind11/pybind11.h:329:72: error: ‘struct pybind11::detail::function_record’ has no member named ‘nargs_pos_only’",
        expect: "two releases",
      },
    ],
  },
  {
    id: "system-folder-given-as-include",
    title: "The system's include folder is given by hand",
    on: ["missing-header"],
    specificity: 86,
    matches: (finding, context) =>
      /[\\/]c\+\+[\\/][\d.]+[\\/](?:bits[\\/]|ext[\\/])?(?:cstdlib|cmath|stdlib\.h|math\.h|std_abs\.h|cstdio|ctime)$/.test(
        finding.file ?? "",
      ) &&
      /^(?:stdlib|math|stdio|time)\.h$/.test(finding.header ?? "") &&
      context.log.platform !== "darwin" &&
      context.log.platform !== "win32" &&
      (context.log.systemIncluded || /include_next/.test(finding.text))
        ? { header: finding.header }
        : undefined,
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["header"] ?? ""}\` is there, but gcc's own headers look for it in the folders *behind* theirs (#include_next), and -isystem /usr/include on the command line put the system's folder in front: some library (NCCL, MPI, cuDNN, OpenBLAS) was found in /usr and its include folder was added, or CPATH names it.`,
    fix: () => [
      "# take -isystem /usr/include (and -I/usr/include) off the command line: grep -rn 'isystem /usr/include\\( \\|$\\)' build.ninja CMakeCache.txt",
      'echo "CPATH=[$CPATH] C_INCLUDE_PATH=[$C_INCLUDE_PATH] CPLUS_INCLUDE_PATH=[$CPLUS_INCLUDE_PATH]"; unset CPATH C_INCLUDE_PATH CPLUS_INCLUDE_PATH',
      "# CMake: -DCMAKE_NO_SYSTEM_FROM_IMPORTED=ON, or name no include folder for what lies in /usr",
    ],
    sources: ["pytorch/pytorch#73688", "https://gcc.gnu.org/bugzilla/show_bug.cgi?id=70129"],
    examples: [
      {
        text: "/usr/bin/c++ -isystem /usr/include -I/p/build -std=gnu++14 -c a.cpp\n/usr/include/c++/11.2.0/cstdlib:75:15: fatal error: stdlib.h: No such file or directory",
        expect: "include_next",
      },
    ],
  },
  {
    id: "forced-include-missing",
    title: "A header that the command line includes is not there",
    on: ["missing-header"],
    specificity: 60,
    matches: (finding) =>
      /^<command[- ]line>|^<built-in>/.test(finding.file ?? "") || /^<command-line>/.test(finding.text)
        ? { header: finding.header }
        : undefined,
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["header"] ?? ""}\` is included by the command line itself (-include, a precompiled header), not by a source, and is not where that says: the path counts from the folder in which the compiler runs, or the header is made by a step that did not run yet.`,
    fix: (match) => [
      `find . -name ${baseName(match.facts["header"] ?? "")}`,
      `# -include with its whole path, or its folder with -I; or take it out: grep -rn -e '-include' build.ninja CMakeLists.txt setup.py meson.build; echo "$CFLAGS $CXXFLAGS"`,
    ],
    sources: ["https://gcc.gnu.org/onlinedocs/gcc/Preprocessor-Options.html", "mesonbuild/meson#10"],
    examples: [{ text: "<command line>:1:10: fatal error: 'prog.hh' file not found", expect: "-include" }],
  },
  {
    id: "python-headers-and-definitions",
    title: "Python's own headers do not compile",
    on: ["compile"],
    specificity: 84,
    matches: (finding, context) => {
      const file = (finding.file ?? "").replaceAll("\\", "/");
      if (
        !/\/include\/(?:python|pypy)[\w.]*\/|\/Python\d+\/include\/|\/include\/(?:object|pyport|moduleobject|unicodeobject|pyconfig|Python)\.h$/i.test(
          file,
        )
      )
        return undefined;
      if (/pypy/.test(file)) return { what: "pypy" };
      const limited = context.log.limitedApi;
      if (limited === undefined) return undefined;
      return said(
        finding,
        /unknown type name|does not name a type|undeclared|has not been declared|was not declared|redefinition|#error/,
      ) === undefined
        ? undefined
        : { what: "limited", limited };
    },
    confidence: "medium",
    cause: (match) =>
      match.facts["what"] === "pypy"
        ? `${placeOf(match.finding)} is a header of PyPy, whose C interface is an imitation of CPython's: this release of PyPy lacks what the code (or Cython) uses.`
        : `${placeOf(match.finding)} is a header of Python, compiled with Py_LIMITED_API=${match.facts["limited"] ?? ""}: the limited interface of that version is older than what the code or the header needs.`,
    fix: (match) =>
      match.facts["what"] === "pypy"
        ? [
            "# a newer PyPy, or CPython: uv venv --python cpython@3.12",
            "# a wheel for it: pip install --only-binary :all: …; torch has no builds for PyPy at all",
          ]
        : [
            "# Py_LIMITED_API=0x03090000 (3.9) or newer in define_macros, together with py_limited_api=True and the tag cp39 in setup.cfg",
            "# or build without it: no -DPy_LIMITED_API, py_limited_api=False",
          ],
    sources: ["pypy/pypy#5347", "python/cpython#91071", "https://docs.python.org/3/c-api/stable.html"],
    examples: [
      {
        text: "/usr/include/pypy3.11/pypy_macros.h:116:20: error: ‘PyPy_Version’ undeclared (first use in this function)",
        expect: "CPython",
      },
      {
        text: "gcc -DPy_LIMITED_API=0x03030000 -I/usr/include/python3.11 -c src/mod.c -o build/mod.o\n/usr/include/python3.11/moduleobject.h:78:3: error: unknown type name ‘PyModuleDef_Slot’",
        expect: "0x03030000",
      },
    ],
  },
  {
    id: "cxx-library-newer-than-torch",
    title: "The C++ library is newer than this torch",
    on: ["compile"],
    specificity: 63,
    matches: (finding) =>
      /[\\/](?:c\+\+[\\/](?:v1|\d)|libcxx[\\/])/.test(finding.file ?? "") &&
      finding.tool !== "msvc" &&
      finding.tool !== "cudafe++" &&
      // Where a line of the project leads there, or the header is of threads and hashes, the project's types do not fit.
      (finding.caller === undefined || /private|protected/.test(finding.message)) &&
      !/[\\/](?:std_thread|thread|future|unordered_\w+|hashtable\w*|functional_hash|stl_algo|predefined_ops|stl_function)(?:\.h)?$/.test(
        finding.file ?? "",
      ) &&
      /\b(?:at|c10|torch|caffe2)::/.test(finding.message)
        ? { type: /\b(?:at|c10|torch|caffe2)::[\w:]+/.exec(finding.message)?.[0] }
        : undefined,
    confidence: "medium",
    cause: (match) =>
      `The C++ standard library (${placeOf(match.finding)}) rejects \`${match.facts["type"] ?? ""}\` of torch: newer releases of libc++ and libstdc++ hold types to rules that older ones let pass, and this torch was written with an older compiler.`,
    fix: (match) => [
      ...(match.context.log.libcxx && platformOf(match) === "linux"
        ? [
            "# take -stdlib=libc++ out: on Linux torch is built against libstdc++, and nothing that is compiled against libc++ loads beside it",
          ]
        : []),
      "c++ --version",
      "# a newer torch (its sources follow the compilers), or an older compiler:",
      setVariable(match, "CC", "clang-14"),
      setVariable(match, "CXX", "clang++-14"),
    ],
    sources: ["pytorch/pytorch#100991"],
    examples: [
      {
        text: "/usr/include/c++/v1/__algorithm/iterator_operations.h:131:12: error: calling a private constructor of class 'c10::impl::ListElementReference<at::Tensor, std::__wrap_iter<c10::IValue *>>'",
        expect: "newer torch",
      },
    ],
  },
  {
    id: "char-traits-of-other-types",
    title: "libc++ 19 has no char_traits for types that are no characters",
    on: ["compile"],
    specificity: 84,
    matches: (finding) =>
      said(
        finding,
        /implicit instantiation of undefined template ['"‘]std::(?:__\w+::)?char_traits<(?<type>(?:unsigned |signed )?\w[\w:]*)>/,
      ),
    confidence: "high",
    cause: (match) =>
      `std::basic_string or std::basic_string_view of \`${match.facts["type"] ?? "unsigned char"}\`${placeOf(match.finding) === "" ? "" : ` (${match.finding.caller ?? placeOf(match.finding)})`}: C++ has char_traits for char, wchar_t, char8_t, char16_t and char32_t alone. libc++ took its version for other types away in LLVM 19; Apple's clang has that since Xcode 16.3.`,
    fix: (match) => {
      const apple = match.context.log.platform === "darwin" || /\/(?:Xcode|CommandLineTools)/.test(match.finding.text);
      const type = match.facts["type"] ?? "";
      return [
        /fmt/.test(`${type} ${match.finding.file ?? ""}`)
          ? "# a newer fmt (10 and newer compile): git submodule update --remote <its folder>, or a newer release of the package that brings it"
          : '# a newer release of the library that the message names in "requested here": dlib, fmt, nlohmann/json (3.12), … have it mended',
        `# in one's own code: ${type === "unsigned int" ? "std::u32string and char32_t" : type === "unsigned short" ? "std::u16string and char16_t" : /unsigned char|uint8_t|signed char/.test(type) ? "std::vector<unsigned char>, or std::string" : "std::vector"} in place of std::basic_string<${type}>`,
        ...(apple
          ? [
              "sudo xcode-select -s /Applications/Xcode_16.2.app   # or the tools of before: Xcode 16.2 and its Command Line Tools (developer.apple.com/download/all)",
            ]
          : ["export CC=clang-18 CXX=clang++-18   # or an older libc++"]),
      ];
    },
    sources: [
      "https://developer.apple.com/documentation/xcode-release-notes/xcode-16_3-release-notes",
      "fmtlib/fmt#4364",
      "microsoft/cpp_client_telemetry#1344",
    ],
    examples: [
      {
        text: "/Library/Developer/CommandLineTools/SDKs/MacOSX15.sdk/usr/include/c++/v1/string_view:300:42: error: implicit instantiation of undefined template 'std::char_traits<unsigned int>'",
        expect: "std::u32string",
      },
      {
        text: "fmt/core.h:381:30: error: implicit instantiation of undefined template 'std::char_traits<fmt::internal::char8_type>'",
        expect: "a newer fmt",
      },
    ],
  },
];
