/** What is known by its form only: the last resorts. */
import { placeOf, type Rule } from "../rule.ts";

export const genericRules: readonly Rule[] = [
  {
    id: "compiler-error-in-source",
    title: "A source does not compile",
    on: ["compile"],
    role: "generic",
    specificity: 10,
    matches: (finding) =>
      finding.severity === "error" || finding.severity === "fatal"
        ? { where: placeOf(finding), header: foreign(finding.file) }
        : undefined,
    confidence: (match) => (match.facts["header"] === undefined ? "medium" : "low"),
    cause: (match) =>
      match.facts["header"] === undefined
        ? `The compiler rejects ${match.facts["where"] === "" ? "the code" : `\`${match.facts["where"] ?? ""}\``}: ${match.finding.message}. This is the first error of the build; what follows is often its echo.`
        : `The compiler rejects a header of ${match.facts["header"]} (\`${match.facts["where"] ?? ""}\`): ${match.finding.message}. Such headers compile elsewhere: the compiler, the C++ standard or the versions of torch, CUDA and compiler do not fit together, or a macro or an earlier error of the source got in the way.`,
    fix: (match) => [
      `# look at ${match.facts["where"] === "" ? "the place that the message names" : (match.facts["where"] ?? "")} first`,
      "retorch build -j 1   # one compiler at a time keeps the messages in order",
    ],
    sources: [],
    examples: [
      { text: "b.cpp:1:13: error: ‘foo’ was not declared in this scope", expect: "b.cpp:1" },
      { text: 'k.cu(9): error: expected a ";"', expect: "k.cu:9" },
      { text: "a.cpp(3): error C2143: syntax error: missing ';' before '}'", expect: "a.cpp:3" },
    ],
  },
  {
    id: "linker-error",
    title: "The link failed",
    on: ["link"],
    role: "generic",
    specificity: 10,
    matches: (finding) =>
      finding.severity === "error" || finding.severity === "fatal" ? { code: finding.code } : undefined,
    confidence: "low",
    cause: (match) => `The linker stopped: ${match.finding.message}.`,
    fix: () => ["retorch build -v   # shows the whole link command"],
    sources: [],
    examples: [{ text: "/usr/bin/ld: internal error ../../ld/ldlang.c 6635", expect: "internal error" }],
  },
  {
    id: "compiler-driver-error",
    title: "A compiler stopped before it read a source",
    on: ["driver"],
    role: "generic",
    specificity: 10,
    matches: (finding) => (finding.severity === "error" || finding.severity === "fatal" ? {} : undefined),
    confidence: "low",
    cause: (match) => `${match.finding.program ?? match.finding.tool} stopped: ${match.finding.message}.`,
    fix: () => ["retorch build -v   # shows the whole command"],
    sources: [],
    examples: [{ text: "nvcc fatal   : 'wrapped' is in an unexpected state", expect: "unexpected state" }],
  },
  {
    id: "build-tool-error",
    title: "The build tool stopped",
    on: ["build-tool"],
    role: "generic",
    specificity: 10,
    matches: (finding) => (finding.severity === "error" ? {} : undefined),
    confidence: "low",
    cause: (match) =>
      `${match.finding.tool === "cmake" ? "CMake" : match.finding.tool}${match.finding.file === undefined ? "" : ` (${placeOf(match.finding)})`} stopped: ${match.finding.message}`,
    fix: (match) =>
      match.finding.file === undefined
        ? ["# the message itself says what is missing"]
        : [`# look at ${placeOf(match.finding)}`],
    sources: [],
    examples: [{ text: "CMake Error at CMakeLists.txt:12 (message):\n  Please set MY_OPTION", expect: "MY_OPTION" }],
  },
  {
    id: "only-wrapper-lines",
    title: "The real error is not in this part of the log",
    on: ["wrapper"],
    role: "wrapper",
    specificity: 5,
    matches: () => ({}),
    confidence: "low",
    cause: () =>
      "These lines only say that a build step failed. The reason was printed before them: the first line with `error:`, `fatal error` or `nvcc fatal`.",
    fix: (match) =>
      match.context.log.installer === "pip" || match.finding.tool === "pip"
        ? [
            "pip install -v --no-build-isolation . 2>&1 | tee build.log   # the whole log",
            "retorch diagnose build.log",
            "MAX_JOBS=1 pip install -v .   # one compiler at a time: the first error is the last thing printed",
          ]
        : [
            "# show more of the log, from the first failed command on",
            "MAX_JOBS=1 retorch build -v",
            "# do not replace ['ninja', '-v'] by ['ninja', '--version'] in cpp_extension.py: that only hides the error",
          ],
    sources: ["NVIDIA/apex#995", "facebookresearch/pytorch3d#1688"],
    examples: [
      {
        text: "subprocess.CalledProcessError: Command '['ninja', '-v']' returned non-zero exit status 1.",
        expect: "before them",
      },
      { text: "RuntimeError: Error building extension 'fused'", expect: "retorch" },
      { text: "ninja: build stopped: subcommand failed.", expect: "more of the log" },
      {
        text: "note: This error originates from a subprocess, and is likely not a problem with pip.",
        expect: "build.log",
      },
    ],
  },
];

/** Whose header it is, when it is not the project's. */
function foreign(file: string | undefined): string | undefined {
  const path = (file ?? "").replaceAll("\\", "/");
  if (/\/torch\/include\/|\/include\/(?:torch|ATen|c10)\//.test(path)) return "torch";
  if (/\/cuda[^/]*\/.*include\/|\/CUDA\/v[\d.]+\/include|\/nvidia\/\w+\/include/.test(path)) return "CUDA";
  if (/\/include\/c\+\+\/|\/MSVC\/|\/libcxx\//.test(path)) return "the C++ library";
  if (/^\/usr\/include\/|\/Windows Kits\//.test(path)) return "the system";
  if (/\/pybind11\//.test(path)) return "pybind11";
  return undefined;
}
