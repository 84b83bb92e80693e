/**
 * Slips of a CMakeLists.txt, and of variables that CMake reads, which CMake names itself: signatures of target_link_libraries() that
 * are mixed, a compiler of a variable that is not there, a Python of another version than the project asks for.
 * Source of all: CMake's documentation of target_link_libraries, CUDACXX, FindPython.
 */
import { python, unsetVariable } from "../commands/commands.ts";
import { cmakeFile } from "../commands/source-edits.ts";
import { type Rule, said, saidAny } from "../rule.ts";

const keywords = String.raw`PRIVATE|PUBLIC|INTERFACE|LINK_PRIVATE|LINK_PUBLIC`;

export const cmakeSlipRules: readonly Rule[] = [
  {
    id: "cmake-link-signatures-mixed",
    title: "target_link_libraries() is called with and without PRIVATE for one target",
    on: ["build-tool"],
    specificity: 82,
    matches: (finding) =>
      saidAny(
        finding,
        /The (?<form>keyword) signature for target_link_libraries has already been used with the target "(?<target>[^"]+)"/,
        /The (?<form>plain) signature for target_link_libraries has already been used with the target "(?<target>[^"]+)"/,
      ),
    confidence: "high",
    cause: (match) =>
      `One call of target_link_libraries() for \`${match.facts["target"] ?? ""}\` names PRIVATE, PUBLIC or INTERFACE, and another (line ${match.finding.line ?? "…"} of ${match.finding.file ?? "CMakeLists.txt"}, or a macro that it calls) does not: CMake wants all calls for a target in one form.`,
    fix: (match) => {
      const { file = "CMakeLists.txt", line } = match.finding;
      const target = (match.facts["target"] ?? "").replaceAll(/[^\w-]/g, ".");
      const wanted =
        match.facts["form"] === "keyword"
          ? [`${line ?? ""}s/(target_link_libraries *\\( *${target})/\\1 PRIVATE/`]
          : [`/target_link_libraries *\\( *${target}\\b/,/\\)/s/[[:space:]](${keywords})([[:space:]]|$)/\\2/`];
      return [
        `sed -i.bak -E '${wanted.join("; ")}' ${cmakeFile(match, file)}`,
        match.facts["form"] === "keyword"
          ? "# so that each target_link_libraries() of the target has the keyword; a macro of another project (cuda_add_executable, a module of pybind11) writes the plain form: then none of them"
          : "# so that no call for the target has a keyword, as the one that came first has none (a macro's, most often)",
      ];
    },
    sources: ["https://cmake.org/cmake/help/latest/command/target_link_libraries.html"],
    examples: [
      {
        text: 'CMake Error at CMakeLists.txt:12 (target_link_libraries):\n  The keyword signature for target_link_libraries has already been used with\n  the target "warp".  All uses of target_link_libraries with a target must be\n  either all-keyword or all-plain.\n\n  The uses of the keyword signature are here:\n\n   * CMakeLists.txt:10 (target_link_libraries)\n',
        expect: "sed -i.bak -E '12s/(target_link_libraries *\\( *warp)/\\1 PRIVATE/' CMakeLists.txt",
      },
      {
        text: 'CMake Error at CMakeLists.txt:12 (target_link_libraries):\n  The plain signature for target_link_libraries has already been used with\n  the target "warp".  All uses of target_link_libraries with a target must be\n  either all-keyword or all-plain.\n',
        expect: "no call for the target has a keyword",
      },
    ],
  },
  {
    id: "cmake-compiler-variable-wrong",
    title: "A variable names a compiler that is not there",
    on: ["build-tool"],
    specificity: 84,
    matches: (finding) =>
      said(finding, /Could not find compiler set in environment variable (?<name>\w+):\s+(?<value>\S+?)\.?(?:\s|$)/),
    confidence: "high",
    cause: (match) =>
      `The environment variable ${match.facts["name"] ?? ""} names the compiler \`${match.facts["value"] ?? ""}\`, and there is no such program: it is of a version that is no longer (or not) installed, of another machine, or misspelt.`,
    fix: (match) => {
      const { name = "", value = "" } = match.facts;
      return [
        name === "CUDACXX"
          ? "ls -d /usr/local/cuda*/bin/nvcc; which nvcc   # those that are there"
          : `which -a ${name === "CXX" ? "g++ c++ clang++" : "gcc cc clang"}   # those that are there`,
        `${unsetVariable(match, name)}   # CMake then takes the one on PATH${name === "CUDACXX" ? " (or below /usr/local/cuda)" : ""}; ~/.bashrc, a module or a script sets it: mend it there`,
        `# or the right one: export ${name}=${/nvcc$/.test(value) ? "/usr/local/cuda/bin/nvcc" : name === "CXX" ? "g++" : "gcc"}`,
      ];
    },
    sources: ["https://cmake.org/cmake/help/latest/envvar/CUDACXX.html"],
    examples: [
      {
        text: "CMake Error at /usr/share/cmake-3.28/Modules/CMakeDetermineCUDACompiler.cmake:34 (message):\n  Could not find compiler set in environment variable CUDACXX:\n\n  /usr/local/cuda-11.7/bin/nvcc.\n\nCall Stack (most recent call first):\n  CMakeLists.txt:2 (project)",
        expect: "unset CUDACXX",
      },
    ],
  },
  {
    id: "cmake-python-of-other-version",
    title: "CMake finds a Python, and the project asks for another version",
    on: ["build-tool"],
    specificity: 92,
    matches: (finding) => {
      const facts = said(
        finding,
        /Could NOT find (?<package>Python[23]?|PythonInterp|PythonLibs)\b.*\(Required is (?:at least|exact) version "(?<wanted>\d+\.\d+)[\d.]*"\)/,
      );
      if (facts === undefined) return undefined;
      const found =
        /Wrong (?:major )?version for the interpreter "(?<program>[^"]+)"/.exec(finding.message)?.groups?.["program"] ??
        /Found unsuitable (?:exact )?version "(?<version>[\d.]+)"/.exec(finding.message)?.groups?.["version"];
      return found === undefined ? undefined : { ...facts, found };
    },
    confidence: "high",
    cause: (match) =>
      `CMakeLists.txt asks by find_package(${match.facts["package"] ?? "Python"} ${match.facts["wanted"] ?? ""} …) for Python ${match.facts["wanted"] ?? ""}, and CMake finds only \`${match.facts["found"] ?? ""}\`, which is of another version.`,
    fix: (match) => {
      const wanted = (match.facts["wanted"] ?? "").replaceAll(".", String.raw`\.`);
      const own = `$(${python(match)} -c 'import sys; print("%d.%d" % sys.version_info[:2])')`;
      return [
        `sed -i.bak -E "s/(find_package *\\( *${match.facts["package"] ?? "Python"} +)${wanted}(\\.[0-9]+)?( EXACT)?/\\1${own}/" ${cmakeFile(match, "CMakeLists.txt")}   # the version of the Python at hand, where the project runs with it`,
        `# or the Python that it wants: uv venv --python ${match.facts["wanted"] ?? ""} (conda create -n e python=${match.facts["wanted"] ?? ""}), and cmake -DPython_EXECUTABLE=$(which python) -DPython3_EXECUTABLE=$(which python) in an empty build folder`,
      ];
    },
    sources: ["https://cmake.org/cmake/help/latest/module/FindPython.html"],
    examples: [
      {
        text: 'CMake Error at /usr/share/cmake-3.25/Modules/FindPackageHandleStandardArgs.cmake:230 (message):\n  Could NOT find Python3 (missing: Python3_EXECUTABLE Python3_INCLUDE_DIRS\n  Interpreter Development.Module) (Required is at least version "3.13")\n\n      Reason given by package: \n          Interpreter: Wrong version for the interpreter "/usr/bin/python3"\n\nCall Stack (most recent call first):\n  CMakeLists.txt:5 (find_package)',
        expect: "asks by find_package(Python3 3.13 …)",
      },
    ],
  },
];
