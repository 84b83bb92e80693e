/** What older compilers and standards let pass: checks that became errors, names that the C++ library dropped. */
import { platformOf } from "../commands/commands.ts";
import { baseName } from "../parsers/parser.ts";
import { type Match, placeOf, type Rule, said, saidAny } from "../rule.ts";

const cxxHeaders =
  /^(?:c(?:stdlib|math|stddef|stdint|stdio|string|assert|limits|wchar|float|errno|time|ctype)|iostream|vector|string|map|set|memory|algorithm|utility|functional|tuple|array|type_traits|sstream|fstream|limits|complex|new|exception|stdexcept|initializer_list|xstddef|xtr1common|xutility|yvals_core\.h)$/;

/** The headers of the C library's functions that old sources call without. */
const cHeaders: readonly (readonly [RegExp, string])[] = [
  [
    /^(?:malloc|calloc|realloc|free|exit|abort|atoi|atof|atol|strtol|strtod|getenv|setenv|rand|srand|qsort|abs|system|alloca)$/,
    "<stdlib.h>",
  ],
  [
    /^(?:mem(?:cpy|set|move|cmp)|str(?:len|cmp|ncmp|cpy|ncpy|cat|chr|rchr|str|dup|ndup|tok|tok_r|error))$/,
    "<string.h>",
  ],
  [/^(?:str(?:n?casecmp))$/, "<strings.h>"],
  [
    /^(?:v?[fs]?n?printf|puts|putchar|fopen|fclose|fread|fwrite|fgets|v?asprintf|perror|fileno|[fs]?scanf|popen)$/,
    "<stdio.h>",
  ],
  [
    /^(?:read|write|close|lseek|getpid|getppid|fork|access|unlink|usleep|sleep|isatty|sysconf|ftruncate|getcwd|chdir|dup2?|pipe|execv[pe]?)$/,
    "<unistd.h>",
  ],
  [/^(?:is(?:alnum|alpha|digit|space|upper|lower|print|punct|xdigit)|to(?:upper|lower))$/, "<ctype.h>"],
  [/^(?:gettimeofday)$/, "<sys/time.h>"],
  [/^(?:time|clock|clock_gettime|localtime(?:_r)?|nanosleep|mktime|strftime)$/, "<time.h>"],
  [/^(?:ceil|floor|sqrt|pow|exp|log|sin|cos|fabs|round|fmin|fmax)[fl]?$/, "<math.h>"],
  [/^(?:open|fcntl)$/, "<fcntl.h>"],
  [/^assert$/, "<assert.h>"],
];

function cHeaderOf(name: string | undefined): string | undefined {
  return cHeaders.find(([form]) => form.test(name ?? ""))?.[1];
}

/** Names that a standard took out of the C++ library, and what brings them back. Source: libc++'s and Microsoft's documentation of removed features. */
const removed: readonly {
  readonly form: RegExp;
  readonly since: string;
  readonly libcxx?: string;
  readonly instead: string;
}[] = [
  {
    form: /^(?:unary|binary)_function$/,
    since: "17",
    libcxx: "_LIBCPP_ENABLE_CXX17_REMOVED_UNARY_BINARY_FUNCTION",
    instead: "drop the base class, and write the typedefs argument_type and result_type",
  },
  {
    form: /^(?:binder[12](?:st|nd)|bind[12](?:st|nd)|ptr_fun|mem_fun(?:_ref)?|pointer_to_\w+_function|mem_fun1?_t)$/,
    since: "17",
    libcxx: "_LIBCPP_ENABLE_CXX17_REMOVED_BINDERS",
    instead: "a lambda",
  },
  {
    form: /^auto_ptr(?:_ref)?$/,
    since: "17",
    libcxx: "_LIBCPP_ENABLE_CXX17_REMOVED_AUTO_PTR",
    instead: "std::unique_ptr",
  },
  {
    form: /^random_shuffle$/,
    since: "17",
    libcxx: "_LIBCPP_ENABLE_CXX17_REMOVED_RANDOM_SHUFFLE",
    instead: "std::shuffle(first, last, engine)",
  },
  {
    form: /^(?:set_unexpected|get_unexpected|unexpected_handler)$/,
    since: "17",
    libcxx: "_LIBCPP_ENABLE_CXX17_REMOVED_UNEXPECTED_FUNCTIONS",
    instead: "nothing: exception specifications are gone",
  },
  {
    form: /^(?:not1|not2|unary_negate|binary_negate)$/,
    since: "20",
    libcxx: "_LIBCPP_ENABLE_CXX20_REMOVED_NEGATORS",
    instead: "std::not_fn",
  },
  {
    form: /^result_of(?:_t)?$/,
    since: "20",
    libcxx: "_LIBCPP_ENABLE_CXX20_REMOVED_TYPE_TRAITS",
    instead: "std::invoke_result",
  },
  {
    form: /^(?:is_literal_type(?:_v)?)$/,
    since: "20",
    libcxx: "_LIBCPP_ENABLE_CXX20_REMOVED_TYPE_TRAITS",
    instead: "nothing: it is of no use any more",
  },
  {
    form: /^uncaught_exception$/,
    since: "20",
    libcxx: "_LIBCPP_ENABLE_CXX20_REMOVED_UNCAUGHT_EXCEPTION",
    instead: "std::uncaught_exceptions() > 0",
  },
  {
    form: /^(?:get_temporary_buffer|return_temporary_buffer|raw_storage_iterator)$/,
    since: "20",
    libcxx: "_LIBCPP_ENABLE_CXX20_REMOVED_TEMPORARY_BUFFER",
    instead: "std::vector",
  },
];

function removedOf(name: string): number {
  return removed.findIndex(({ form }) => form.test(name));
}

/** The release of a library from which it does without what C++17 took out. */
function library(match: Match): string[] {
  const file = match.finding.file ?? "";
  if (/boost/i.test(file)) return ["# a newer Boost (1.81 and newer compile as C++17 and C++20 everywhere)"];
  if (/eigen/i.test(file)) return ["# a newer Eigen (3.4; 3.3.8 and newer compile as C++17)"];
  return [`# a newer release of what ${baseName(file) === "" ? "the file" : baseName(file)} belongs to`];
}

/** The variable that the compiler of the file reads. */
function flagsVariable(match: Match): string {
  return /\.(?:c|m)$/.test(match.finding.file ?? "") ? "CFLAGS" : "CXXFLAGS";
}

/** The file under a name of C++, in the scripts, too. */
function asCxx(match: Match): string[] {
  const { file } = match.finding;
  if (file === undefined || !/^[\w./+-]+\.c$/.test(file) || platformOf(match) === "win32") return [];
  const name = baseName(file);
  return [
    `mv ${file} ${file}pp && grep -rlF '${name}' --include=setup.py --include=CMakeLists.txt --include='*.toml' --include=Makefile . | xargs -r sed -i.bak -E 's~(^|[^A-Za-z0-9_])${name.replaceAll(".", "\\.")}([^A-Za-z0-9_]|$)~\\1${name}pp\\2~g'`,
  ];
}

export const stricterCompilerRules: readonly Rule[] = [
  {
    id: "std-name-removed",
    title: "The C++ library no longer has the name",
    on: ["compile"],
    specificity: 72,
    matches: (finding) => {
      const facts = saidAny(
        finding,
        /no (?:template|type|member) named '(?<name>\w+)' in namespace 'std'/,
        /[‘'"](?<name>\w+)[’'"](?: in namespace [‘'"]std[’'"] does not name|\s?:? is not a member of [‘'"]std[’'"])/,
        /namespace "std" has no (?:actual )?member "(?<name>\w+)"/,
      );
      const index = removedOf(facts?.["name"] ?? "");
      return index < 0 ? undefined : { ...facts, index: String(index) };
    },
    confidence: "high",
    cause: (match) => {
      const entry = removed[Number(match.facts["index"])];
      return `\`std::${match.facts["name"] ?? ""}\` was taken out of C++ with C++${entry?.since ?? "17"}, and ${placeOf(match.finding)} still uses it. libstdc++ keeps it as deprecated; libc++ (Apple's clang 15 and newer) and Visual C++ do not. torch's headers want C++17 or newer, so going back to C++14 is no way out for a file that includes them.`;
    },
    fix: (match) => {
      const entry = removed[Number(match.facts["index"])];
      return [
        platformOf(match) === "win32"
          ? `set CL=/D${entry?.since === "20" ? "_HAS_FEATURES_REMOVED_IN_CXX20" : "_HAS_AUTO_PTR_ETC"}#1   # without touching the sources; in this variable # stands for =`
          : `export CXXFLAGS="-D${entry?.libcxx ?? "_LIBCPP_ENABLE_CXX17_REMOVED_FEATURES"}"   # libc++; without touching the sources`,
        ...library(match),
        `# in one's own code: ${entry?.instead ?? "what replaced it"}`,
      ];
    },
    sources: [
      "https://libcxx.llvm.org/UserDocumentation.html",
      "https://learn.microsoft.com/cpp/standard-library/overview-of-standard-library",
      "xR3b0rn/dbcppp#140",
    ],
    examples: [
      {
        text: "third-party/boost/container_hash/hash.hpp:131:33: error: no template named 'unary_function' in namespace 'std'; did you mean '__unary_function'?",
        expect: "1.81",
      },
      {
        text: "d:\\p\\eigen\\src/Core/functors/StlFunctors.h(78): error C2039: 'binder2nd': is not a member of 'std'",
        expect: "3.4",
      },
    ],
  },
  {
    id: "newer-c-default",
    title: "gcc 15 reads C as C23",
    on: ["compile"],
    specificity: 70,
    matches: (finding) =>
      saidAny(
        finding,
        /[‘'](?<what>bool)[’'] cannot be defined via [‘']typedef[’']/,
        /cannot use keyword [‘'](?<what>false|true|bool|nullptr|constexpr)[’'] as enumeration constant/,
        /(?:expected identifier or [‘']\([’'] before|two or more data types in declaration specifiers.*) [‘'](?<what>bool|true|false|nullptr)[’']/,
        /(?<what>too many arguments to function) [‘'](?:\(?\*|\w+->)\w+.*expected 0, have \d+/,
      ),
    confidence: "medium",
    cause: (match) =>
      `gcc 15 compiles C as C23 unless it is told otherwise: there \`bool\`, \`true\`, \`false\` and \`nullptr\` are words of the language, and \`f()\` takes no arguments at all (${match.facts["what"] ?? ""}, ${placeOf(match.finding)}).`,
    fix: () => [
      'export CFLAGS="-std=gnu17 $CFLAGS"   # as gcc 14 did',
      "# or a newer release of the package, or CC=gcc-14",
    ],
    change: () => ({ kind: "add-flag", tool: "cxx", flag: "-std=gnu17" }),
    sources: ["https://gcc.gnu.org/gcc-15/porting_to.html"],
    examples: [{ text: "src/a.h:12:13: error: ‘bool’ cannot be defined via ‘typedef’", expect: "-std=gnu17" }],
  },
  {
    id: "check-became-error",
    title: "A newer compiler takes for an error what was a warning",
    on: ["compile"],
    specificity: 57,
    matches: (finding) =>
      /-Werror/.test(finding.message) ||
      finding.severity === "warning" ||
      // Follows from an unknown type in a declaration.
      /^expression list treated as compound expression/.test(finding.message) ||
      // Only these did older compilers let pass.
      (/\[-fpermissive\]$/.test(finding.message) &&
        !/^(?:invalid conversion|jump to|extra qualification|cast from|there are no arguments|changes meaning|declaration of .* changes meaning|[‘'].*[’'] has no member|narrowing|name lookup|non-local lambda|ISO C\+\+ forbids (?:converting|assignment|cast))/.test(
          finding.message,
        )) ||
      // Functions of other types, and what a library demands of them.
      (/-fpermissive/.test(finding.message) &&
        /\(\*\)|\(\w[\w:]*::\*\)|StableIValue|\b(?:at|c10|torch)::/.test(finding.message)) ||
      // What no compiler ever let pass in C++.
      /^passing [‘']const .* as [‘']this[’'] argument discards/.test(finding.message) ||
      // With the option it compiles, and does not what is meant.
      /^(?:assuming pointer to member|return-statement with a value, in function returning [‘']torch::detail)|^invalid conversion from .*\(\*\)\(/.test(
        finding.message,
      )
        ? undefined
        : saidAny(finding, /\[-W(?<flag>[\w+-]+)\]$/, /\[-f(?<permissive>permissive)\]$/),
    confidence: "medium",
    cause: (match) => {
      const flag = match.facts["flag"] ?? "";
      if (match.facts["permissive"] !== undefined)
        return `gcc rejects ${placeOf(match.finding)}: ${match.finding.message.replace(/ \[-fpermissive\]$/, "").slice(0, 200)}. Older compilers let it pass, and this one does when it is told to.`;
      const c =
        /^(?:incompatible-pointer-types|int-conversion|implicit-function-declaration|implicit-int|return-mismatch|declaration-missing-parameter-type|incompatible-function-pointer-types)$/.test(
          flag,
        );
      return `${c ? "gcc 14 and clang 16 turned warnings on old C into errors" : "This compiler turned a warning into an error"}: \`-W${flag}\` at ${placeOf(match.finding)} (${match.finding.message.replace(/ \[-W[\w+-]+\]$/, "").slice(0, 160)}). The code is older than the compiler${/__pyx_/.test(match.finding.message) ? " (Cython made it: a newer Cython writes it otherwise)" : ""}.`;
    },
    fix: (match) => {
      const flag = match.facts["permissive"] === undefined ? `-Wno-error=${match.facts["flag"] ?? ""}` : "-fpermissive";
      return [
        platformOf(match) === "win32"
          ? `# add the flag ${flag}`
          : `export ${flagsVariable(match)}="${flag} $${flagsVariable(match)}"   # then build again${match.context.log.package === undefined ? "" : `: pip install --no-cache-dir ${match.context.log.package}`}`,
        `# or a newer release of the package (a wheel of it), or an older compiler${match.finding.tool === "clang" ? " (an older Xcode or clang)" : ": CC=gcc-13 CXX=g++-13"}`,
      ];
    },
    change: (match) => ({
      kind: "add-flag",
      tool: "cxx",
      flag: match.facts["permissive"] === undefined ? `-Wno-error=${match.facts["flag"] ?? ""}` : "-fpermissive",
    }),
    sources: [
      "https://gcc.gnu.org/gcc-14/porting_to.html",
      "https://releases.llvm.org/19.1.0/tools/clang/docs/ReleaseNotes.html",
      "pytorch/pytorch#151316",
    ],
    examples: [
      {
        text: "blake3module.c:220:7: error: assignment to ‘PyObject *’ from incompatible pointer type ‘Blake3Object *’ [-Wincompatible-pointer-types]",
        expect: "CFLAGS",
      },
      {
        text: "variant.h:241:30: error: a template argument list is expected after a name prefixed by the template keyword [-Wmissing-template-arg-list-after-template-kw]",
        expect: "-Wno-error=missing-template-arg-list-after-template-kw",
      },
      {
        text: "a.cpp:397:13: error: invalid conversion from ‘void*’ to ‘char*’ [-fpermissive]",
        expect: "-fpermissive",
      },
    ],
  },
  {
    id: "c-function-not-declared",
    title: "A C source calls a function that no header declares",
    on: ["compile"],
    specificity: 68,
    matches: (finding) => {
      if (finding.severity === "warning") return undefined;
      const facts = saidAny(
        finding,
        /implicit declaration of function [‘'"](?<name>\w+)[’'"]/,
        /call to undeclared (?:library )?function '(?<name>\w+)'/,
      );
      return facts === undefined || /^_?Py[A-Z_]/.test(facts["name"] ?? "") ? undefined : facts;
    },
    confidence: (match) => (cHeaderOf(match.facts["name"]) === undefined ? "medium" : "high"),
    cause: (match) => {
      const name = match.facts["name"] ?? "";
      return cHeaderOf(name) === undefined
        ? `No header that ${placeOf(match.finding)} includes declares \`${name}\`: the library that it is of is installed in another release than the source was written for (older without the function, newer after its removal), or its header is not included. Switching the warning off only moves the error to the linker or to the load (undefined symbol: ${name}).`
        : `${placeOf(match.finding)} calls \`${name}\` without including its header (${cHeaderOf(name) ?? ""}). Compilers took that as a warning up to gcc 13 and clang 15.`;
    },
    fix: (match) => {
      const name = match.facts["name"] ?? "";
      const include = cHeaderOf(name);
      if (include !== undefined)
        return [
          `# add #include ${include} to ${match.finding.file ?? "the source"}`,
          `${platformOf(match) === "win32" ? "# add to the flags: " : "export "}CFLAGS="-Wno-error=implicit-function-declaration"   # without touching the source`,
          "# or a newer release of the package",
        ];
      return [
        `grep -rn '${name}' --include=*.h . /usr/include /usr/local/include | head   # which header declares it, if any`,
        /^THC?[A-Z]/.test(name)
          ? "# TH and THC are of Lua torch and old PyTorch: update all their parts together (luarocks install torch, then cutorch, nn, cunn), or take the torch that the source was written for"
          : "# take the release of that library (and its -dev or -devel package) that the source was written for, or a newer release of the source",
      ];
    },
    sources: ["torch/cutorch#757", "https://gcc.gnu.org/gcc-14/porting_to.html"],
    examples: [
      {
        text: "THCTensor.c:304:3: error: implicit declaration of function ‘THLongStorage_calculateExpandGeometry’ [-Werror=implicit-function-declaration]",
        expect: "update all their parts",
      },
      {
        text: "src/io.c:30:5: error: call to undeclared function 'getpid'; ISO C99 and later do not support implicit function declarations [-Wimplicit-function-declaration]",
        expect: "<unistd.h>",
      },
    ],
  },
  {
    id: "cxx-header-in-c-source",
    title: "A .c file includes C++ headers",
    on: ["compile", "missing-header"],
    specificity: 89,
    matches: (finding, context) => {
      if (finding.kind === "missing-header")
        return /\.c$/.test(finding.file ?? "") && cxxHeaders.test(finding.header ?? "")
          ? { header: finding.header ?? "" }
          : undefined;
      if (finding.tool !== "msvc") return undefined;
      if (/STL1003|expected C\+\+ compiler/.test(finding.message)) return { header: baseName(finding.file ?? "") };
      const name = baseName(finding.file ?? "");
      return /^C(?:2061|2059|2449|2054|2085)$/.test(finding.code ?? "") &&
        cxxHeaders.test(name) &&
        context.findings.some(
          ({ code, file, message }) =>
            (code === "C2061" &&
              cxxHeaders.test(baseName(file ?? "")) &&
              /noexcept|_Exit|quick_exit|namespace|template|class/.test(message)) ||
            /\.c$/.test(file ?? ""),
        )
        ? { header: name }
        : undefined;
    },
    confidence: "medium",
    cause: (match) =>
      `\`<${match.facts["header"] ?? ""}>\` is a header of C++, and the compiler reads the file that includes it as C: compilers go by the ending, and .c means C.`,
    fix: (match) => [
      ...asCxx(match),
      `# give the file an ending of C++: git mv ${/\.c$/.test(match.finding.file ?? "") ? `${match.finding.file ?? ""} ${(match.finding.file ?? "").replace(/\.c$/, ".cpp")}` : "x.c x.cpp"}, and name it so in setup.py`,
      platformOf(match) === "win32" ? "# or the flag /TP (every file is C++)" : "# or the flag -x c++",
    ],
    sources: ["vacancy/PreciseRoIPooling#81", "pytorch/pytorch#8329"],
    examples: [
      {
        text: "src/nms.c:3:10: fatal error: iostream: No such file or directory",
        expect: "git mv src/nms.c src/nms.cpp",
      },
      {
        text: "C:\\VC\\Tools\\MSVC\\14.29.30133\\include\\cstdlib(22): error C2061: syntax error: identifier 'noexcept'",
        expect: "/TP",
      },
    ],
  },
  {
    id: "assert-in-constexpr",
    title: "assert() stands in a constexpr function",
    on: ["compile"],
    specificity: 76,
    matches: (finding) =>
      said(
        finding,
        /call to non-[‘']?constexpr[’']? function [‘'](?:void )?(?<name>__assert_\w+|_wassert|__assert\b)|non-constexpr function '(?<name2>__assert_\w+|_wassert)'/,
      ),
    confidence: "medium",
    cause: (match) =>
      `${placeOf(match.finding)} calls assert() in a constexpr function. With NDEBUG (Release) assert() is nothing; without it (a debug build, or flags of the environment that lack -DNDEBUG) this compiler and C library do not take \`${match.facts["name"] ?? "__assert_fail"}\` there.`,
    fix: (match) => [
      ...(platformOf(match) === "win32"
        ? ["set CL=/DNDEBUG"]
        : [
            'export CFLAGS="$CFLAGS -DNDEBUG" CXXFLAGS="$CXXFLAGS -DNDEBUG" NVCC_APPEND_FLAGS="$NVCC_APPEND_FLAGS -DNDEBUG"',
          ]),
      "# for good: build as Release (-DCMAKE_BUILD_TYPE=Release, DEBUG=0); conda's compilers set DEBUG_CXXFLAGS",
      "# or another compiler: the system's g++ in place of conda's (gxx with sysroot_linux-64 2.28 or newer)",
    ],
    change: () => ({ kind: "add-flag", tool: "cxx", flag: "-DNDEBUG" }),
    sources: ["intel/torch-xpu-ops#585"],
    examples: [
      {
        text: "/p/op_allowlist.h:65:5: error: call to non-'constexpr' function 'void __assert_fail(const char*, const char*, unsigned int, const char*)'",
        expect: "NDEBUG",
      },
    ],
  },
];
