/** Symbols that tell of two C++ standard libraries: libc++ of clang and libstdc++ of gcc name their types differently. */
import { ofLog } from "../matchers.ts";
import { baseName } from "../parsers/parser.ts";
import { rebuild } from "../commands.ts";
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
  if (verdict === undefined || !(isTorch(verdict.owner) || verdict.owner === "pybind11")) return undefined;
  const raw = finding.symbol ?? "";
  const libcxx = /St3__1|std::__1::/.test(raw);
  const mac = onMac(finding, context);
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
  return ["export CC=gcc CXX=g++   # or clang without -stdlib=libc++ (CFLAGS, CXXFLAGS, the build's own flags)"];
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
        : `${who} was compiled against libc++ (its types are std::__1::…: clang with -stdlib=libc++), and torch for Linux is built against libstdc++, so \`${match.facts["readable"] ?? ""}\` exists nowhere.`;
    },
    fix: (match) => [...compilers(match), ...rebuild(match)],
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
    ],
  },
];
