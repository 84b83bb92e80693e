/** Symbols that tell of two C++ standard libraries: libc++ of clang and libstdc++ of gcc name their types differently. */
import { ofLog } from "../matchers.ts";
import { baseName } from "../parsers/parser.ts";
import { platformOf, rebuild, systemPackage } from "../commands/commands.ts";
import { isTorch } from "../symbols.ts";
import type { Finding } from "../finding.ts";
import type { Match, MatchFacts, Rule, RuleContext } from "../rule.ts";
import { symbolFacts, verdictOf } from "./symbol-facts.ts";

/**
 * Types that libc++ keeps in its inline namespace `__1`. Exceptions, type_info and allocation types are in `std` itself in
 * both libraries and tell nothing. Only mangled names are judged: Apple's linker leaves `__1` out of readable ones.
 */
const types =
  "unique_ptr|shared_ptr|weak_ptr|vector|function|tuple|pair|map|multimap|unordered_map|unordered_set|set|optional|variant|array|deque|list|basic_string|basic_string_view|allocator|default_delete|initializer_list|basic_ostream|basic_istream|mutex|complex|char_traits";
const gnuMangled = new RegExp(String.raw`St\d{1,2}(?:${types})|NSt7__cxx11|(?:RK|R|P|PK|E|v|i|l|b|_)S[sa](?=[A-Z]|$)`);

const gnuReadable = new RegExp(String.raw`std::(?:${types}|ostream|istream|string)\b`);

/** Whether GCC's driver links: collect2 is a part of it. */
function byGcc(context: RuleContext): boolean {
  return context.log.gnuCompiler !== undefined || ofLog(context, linkedByGcc);
}

function linkedByGcc({ findings }: RuleContext): boolean {
  return findings.some(({ text }) => /^collect2: |(?:^|[\\/])g(?:cc|\+\+)-\d+/.test(text));
}

function onMac(finding: Finding, context: RuleContext): boolean {
  if (/linux-gnu/.test(finding.file ?? "")) return false;
  return (
    /^__Z/.test(finding.symbol ?? "") ||
    (context.log.platform ?? context.environment?.platform) === "darwin" ||
    /-darwin\.so$|\.dylib$/.test(finding.file ?? "")
  );
}

/** Which library the one who asks was compiled with, when that is not the system's. */
function libraryOf(finding: Finding, context: RuleContext): MatchFacts | undefined {
  const verdict = verdictOf(finding);
  if (verdict === undefined) return undefined;
  const raw = finding.symbol ?? "";
  const libcxx = /St3__1|std::__1::/.test(raw);
  const mac = onMac(finding, context);
  // What libc++ itself defines.
  if (
    !mac &&
    context.log.platform !== "win32" &&
    finding.phase !== "device-link" &&
    /^_ZNK?St3__1|^std::__1::/.test(raw)
  )
    return { ...symbolFacts(finding, verdict, context), built: "libc++", itself: "yes" };
  if (!(isTorch(verdict.owner) || verdict.owner === "pybind11")) return undefined;
  // Apple's linker leaves `__1` out, not `__cxx11`; that GCC links is seen from its driver's last words.
  if (
    mac &&
    finding.phase === "link" &&
    !libcxx &&
    (/std::__cxx11::/.test(raw) || (gnuReadable.test(raw) && byGcc(context)))
  )
    return { ...symbolFacts(finding, verdict, context), built: "libstdc++" };
  if (mac && !libcxx && gnuMangled.test(raw)) return { ...symbolFacts(finding, verdict, context), built: "libstdc++" };
  if (!mac && libcxx && finding.phase !== "device-link" && context.log.platform !== "win32")
    return { ...symbolFacts(finding, verdict, context), built: "libc++" };
  return undefined;
}

function compilers(match: Match): readonly string[] {
  if (match.facts["built"] === "libstdc++")
    return ["unset CC CXX", "export CC=/usr/bin/clang CXX=/usr/bin/clang++   # Apple's clang (xcode-select --install)"];
  return [takeOut, search];
}

const takeOut =
  "# take -stdlib=libc++ out: clang then compiles against libstdc++, as torch is (or let g++ compile: export CC=gcc CXX=g++)";
/** Takes the flag out of what setup.py and CMake pass, and out of the variables. */
function withoutLibcxx(match: Match): string[] {
  if (match.finding.phase === "load" || platformOf(match) !== "linux") return [];
  return [
    `grep -rlE -- '-stdlib=libc\\+\\+' --include='*.py' --include=CMakeLists.txt --include='*.cmake' . | xargs -r sed -i.bak -E "s/[\\"']-stdlib=libc\\+\\+[\\"'] *,? *//g; s/-stdlib=libc\\+\\+//g"`,
    // In words of bash, which neither a cell nor a Dockerfile has.
    ...(match.context.log.notebook || match.context.log.docker
      ? []
      : [
          'export CFLAGS="${CFLAGS//-stdlib=libc++/}" CXXFLAGS="${CXXFLAGS//-stdlib=libc++/}" LDFLAGS="${LDFLAGS//-stdlib=libc++/}"',
        ]),
  ];
}

/** The build that the text shows is given again behind the fix. */
function isGivenAgain({ finding, context: { log } }: Match): boolean {
  return (
    finding.phase !== "load" &&
    (log.installer !== undefined ||
      log.setupCommand !== undefined ||
      (log.builtAtRunTime && log.typedProgram !== undefined))
  );
}

const search = `grep -rn 'stdlib=libc' setup.py CMakeLists.txt pyproject.toml retorch.toml; echo "$CFLAGS $CXXFLAGS $LDFLAGS"   # who sets it`;

/** Headers of the C++ library, those of C that it wraps included; `__config` is libc++'s alone. */
const headers =
  /^(?:__config|__\w+[\\/]\w+\.h|c(?:std\w+|math|assert|string|limits|float|errno|ctype|time|wchar|inttypes)|algorithm|any|array|atomic|bit|bitset|charconv|chrono|compare|complex|concepts|condition_variable|coroutine|deque|exception|expected|experimental[\\/]\w+|filesystem|format|forward_list|fstream|functional|future|initializer_list|io\w+|iterator|latch|limits|list|locale|map|memory|memory_resource|mutex|new|numbers|numeric|optional|ostream|istream|print|queue|random|ranges|ratio|regex|semaphore|set|shared_mutex|source_location|span|sstream|stack|stdexcept|string|string_view|syncstream|system_error|thread|tuple|type_traits|typeindex|typeinfo|unordered_\w+|utility|valarray|variant|vector|version)$/;

/** What of libc++ is not found: a header, or a library at the link or at run time. */
function missing(finding: Finding, context: RuleContext): MatchFacts | undefined {
  const platform = context.log.platform ?? context.environment?.platform ?? "linux";
  if (platform !== "linux") return undefined;
  if (finding.kind === "missing-header")
    return context.log.libcxx && headers.test(finding.header ?? "") ? { what: `<${finding.header ?? ""}>` } : undefined;
  const name = baseName(finding.library ?? "");
  return /^(?:lib)?c\+\+(?:abi|fs|experimental)?(?:\.(?:so|a)[\d.]*)?$/.test(name) ? { what: name } : undefined;
}

export const otherCxxLibraryRules: readonly Rule[] = [
  {
    id: "other-cxx-library",
    title: "Built with another C++ standard library than torch",
    on: ["undefined-symbol"],
    specificity: 92,
    matches: libraryOf,
    confidence: "high",
    cause: (match) => {
      const gnu = match.context.log.gnuCompiler;
      const who = match.finding.file === undefined ? "The extension" : `\`${baseName(match.finding.file)}\``;
      return match.facts["built"] === "libstdc++"
        ? `${who} was compiled by GCC${gnu === undefined ? "" : ` (${gnu})`} against libstdc++, and torch on macOS is built by clang against libc++: libc++ calls its types std::__1::…, so \`${match.facts["readable"] ?? ""}\`, which has none of that in its name, exists nowhere.`
        : match.facts["itself"] !== undefined
          ? `${who} was compiled against libc++ (clang with -stdlib=libc++), and \`${match.facts["readable"] ?? ""}\` is libc++'s own, which is not among the libraries${match.finding.phase === "link" ? ": the link ran without -stdlib=libc++" : ""}.${besideTorch(match)}`
          : `${who} was compiled against libc++ (its types are std::__1::…: clang with -stdlib=libc++), and torch for Linux is built against libstdc++, so \`${match.facts["readable"] ?? ""}\` exists nowhere.`;
    },
    fix: (match) => [
      ...(match.facts["itself"] !== undefined && match.context.usesTorch === false
        ? ["# -stdlib=libc++ for the link, too: link-flags, LDFLAGS"]
        : compilers(match)),
      ...rebuild(match),
    ],
    sources: ["parlance/ctcdecode#208", "https://libcxx.llvm.org/DesignDocs/ABIVersioning.html"],
    examples: [
      {
        text: "ImportError: dlopen(/e/site-packages/my_ops/_C.cpython-311-darwin.so, 0x0002): symbol not found in flat namespace '__ZN3c1010TensorImpl17set_autograd_metaESt10unique_ptrINS_21AutogradMetaInterfaceESt14default_deleteIS2_EE'",
        expect: "clang++",
      },
      {
        text: "ImportError: dlopen(/e/site-packages/my_ops/_C.cpython-311-darwin.so, 0x0002): Symbol not found: __ZN3c106detail14torchCheckFailEPKcS2_jRKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE",
        expect: "libstdc++",
      },
      {
        text: 'Undefined symbols for architecture arm64:\n  "at::print(std::ostream&, at::Tensor const&, long long)", referenced from:\n      _main in example.cpp.o\nld: symbol(s) not found for architecture arm64\ncollect2: error: ld returned 1 exit status',
        expect: "clang++",
      },
      {
        text: "ImportError: /e/site-packages/my_ops/_C.cpython-311-x86_64-linux-gnu.so: undefined symbol: _ZN3c106detail14torchCheckFailEPKcS2_jRKNSt3__112basic_stringIcNS3_11char_traitsIcEENS3_9allocatorIcEEEE",
        expect: "-stdlib=libc++",
      },
      {
        text: "ImportError: /e/site-packages/my_ops/_C.cpython-311-x86_64-linux-gnu.so: undefined symbol: _ZNSt3__122__libcpp_verbose_abortEPKcz",
        expect: "libc++'s own",
      },
      {
        text: "a.o: undefined reference to `std::__1::basic_ostream<char, std::__1::char_traits<char> >::operator<<(int)'",
        expect: "without -stdlib=libc++",
      },
    ],
  },
  {
    id: "libcxx-not-installed",
    title: "clang is told to take libc++, which is not there",
    on: ["missing-header", "missing-library"],
    specificity: 88,
    matches: missing,
    confidence: (match) => (match.finding.phase === "load" ? "medium" : "high"),
    cause: (match) => {
      const what = `\`${match.facts["what"] ?? ""}\``;
      const { kind, phase } = match.finding;
      const where =
        kind === "missing-header"
          ? `${what} is looked for in libc++, because -stdlib=libc++ is on the command line, and libc++'s headers are not installed for this clang.`
          : phase === "load"
            ? `${what} is clang's C++ library: what is loaded was built with -stdlib=libc++, and libc++ is not installed here.`
            : `${what} is clang's C++ library (-stdlib=libc++ asks for it), and its development files are not installed.`;
      return where + besideTorch(match);
    },
    fix: (match) =>
      match.context.usesTorch === false
        ? [libcxx(match), "# or without -stdlib=libc++: clang then takes libstdc++"]
        : [
            ...withoutLibcxx(match),
            search,
            takeOut,
            ...(isGivenAgain(match) ? [] : rebuild(match)),
            ...(match.finding.phase === "load"
              ? [
                  "sudo apt-get install libc++1 libc++abi1   # when what asks for it is no extension of torch, but a program of its own",
                ]
              : []),
          ],
    sources: [
      "https://libcxx.llvm.org/UserDocumentation.html",
      "https://libcxx.llvm.org/DesignDocs/ABIVersioning.html",
    ],
    examples: [
      {
        text: "clang++-14 -stdlib=libc++ -std=c++17 -I/e/torch/include -c a.cpp\na.cpp:1:10: fatal error: 'vector' file not found",
        expect: "take -stdlib=libc++ out",
      },
      { text: "/usr/bin/ld: cannot find -lc++: No such file or directory", expect: "take -stdlib=libc++ out" },
      {
        text: "ImportError: libc++.so.1: cannot open shared object file: No such file or directory",
        expect: "built with -stdlib=libc++",
      },
    ],
  },
];

/** Why installing libc++ would not help. */
function besideTorch(match: Match): string {
  return match.context.usesTorch === false
    ? ""
    : " Installing it would not help beside torch, which is built against libstdc++ on Linux: the two name the types of std differently.";
}

/** libc++ for the clang that compiles. */
function libcxx(match: Match): string {
  const { compiler } = match.context.environment ?? {};
  const major = compiler?.family === "clang" ? compiler.version[0] : undefined;
  const [apt] = systemPackage(match, {
    apt: major === undefined ? "libc++-dev libc++abi-dev" : `libc++-${major}-dev libc++abi-${major}-dev`,
    conda: "libcxx-devel",
  });
  return apt ?? "";
}
