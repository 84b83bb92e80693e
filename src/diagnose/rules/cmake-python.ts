/** CMake's search for Python: a CMake that does not know the part that is asked for, a Python that does not answer. */
import { pip, platformOf, python, pythonVersion, quote } from "../commands/commands.ts";
import { type Rule, type RuleContext, said, saidAny } from "../rule.ts";

/** CMake ran a Python to ask torch for its folder, and no installer speaks in the text. */
export function cmakeRanPythonWithoutTorch({ log, findings }: RuleContext): boolean {
  return (
    findings.some(({ tool }) => tool === "cmake") &&
    (log.installer === undefined || log.installer === "setup.py") &&
    log.requested === undefined &&
    log.setupCommand === undefined &&
    !findings.some(({ kind, tool }) => kind === "wrapper" && tool === "pip") &&
    findings.some(
      ({ kind, message, frames }) =>
        kind === "exception" &&
        /^No module named ['"]?torch['"]?$/.test(message) &&
        (frames ?? []).every((frame) => /^<string>:/.test(frame)),
    )
  );
}

export const cmakePythonRules: readonly Rule[] = [
  {
    id: "cmakes-python-without-torch",
    title: "The Python that CMake runs has no torch",
    on: ["exception"],
    specificity: 86,
    matches: (finding, context) =>
      /^No module named ['"]?torch['"]?$/.test(finding.message) && cmakeRanPythonWithoutTorch(context)
        ? { program: context.log.cmakePython }
        : undefined,
    confidence: (match) => (match.facts["program"] === undefined ? "medium" : "high"),
    cause: (match) =>
      `CMake asks a Python where torch is, and that Python${match.facts["program"] === undefined ? "" : ` (\`${match.facts["program"]}\`)`} has none: it is another one than that of the environment with torch, or torch is not installed at all. That TorchConfig.cmake is not found follows from it.`,
    fix: (match) => {
      const { program } = match.facts;
      return [
        ...(program === undefined
          ? [
              "# the interpreter that CMake found stands in the output of its configuration: Found Python…",
              "<that interpreter> -m pip install torch",
            ]
          : [`${quote(program)} -m pip install torch`]),
        "rm -rf CMakeCache.txt CMakeFiles   # in the build folder: the cache keeps the interpreter; then the same command of cmake",
        '# or the Python that has torch: cmake -DPYTHON_EXECUTABLE="$(which python)" -DPython_EXECUTABLE="$(which python)" -DPython3_EXECUTABLE="$(which python)" ..',
      ];
    },
    sources: ["k2-fsa/k2#167"],
    examples: [
      {
        text: '-- Found PythonInterp: /opt/brew/bin/python3.8 (found version "3.8.5")\nTraceback (most recent call last):\n  File "<string>", line 1, in <module>\nModuleNotFoundError: No module named \'torch\'\nCMake Error at cmake/torch.cmake:10 (find_package):\n  By not providing "FindTorch.cmake" in CMAKE_MODULE_PATH this project has\n  asked CMake to find a package configuration file provided by "Torch", but\n  CMake did not find one.',
        expect: "/opt/brew/bin/python3.8 -m pip install torch",
      },
      {
        text: '-- Python executable: /data/miniconda3/bin/python\nTraceback (most recent call last):\n  File "<string>", line 1, in <module>\nModuleNotFoundError: No module named \'torch\'\nCMake Error at cmake/torch.cmake:11 (find_package):\n  By not providing "FindTorch.cmake" in CMAKE_MODULE_PATH this project has\n  asked CMake to find a package configuration file provided by "Torch", but\n  CMake did not find one.',
        expect: "/data/miniconda3/bin/python -m pip install torch",
      },
    ],
  },
  {
    id: "cmake-too-old-for-python-part",
    title: "CMake is older than the part of Python that is asked for",
    on: ["build-tool"],
    specificity: 88,
    matches: (finding) => {
      const facts = said(
        finding,
        /Could NOT find Python\w* .*missing:.*?Development\.(?<part>Module|SABIModule|Embed)\b/s,
      );
      const [, cmake, minor] = /[\\/](?:share[\\/])?cmake-(3\.(\d{1,2}))[\\/]/.exec(finding.file ?? "") ?? [];
      const since = facts?.["part"] === "SABIModule" ? 26 : 18;
      return facts === undefined || minor === undefined || Number(minor) >= since
        ? undefined
        : { ...facts, cmake, since: `3.${since}` };
    },
    confidence: "high",
    cause: (match) =>
      `find_package asks for Development.${match.facts["part"] ?? ""}, which CMake knows from ${match.facts["since"] ?? ""} on; this one is ${match.facts["cmake"] ?? ""}. Python's headers may well be there: an older CMake reports every part missing that it does not know.`,
    fix: (match) => [
      `${pip(match, `install "cmake>=${match.facts["since"] ?? ""}" ninja`)}   # pip's CMake comes before /usr/bin on PATH in an environment; conda: conda install "cmake>=${match.facts["since"] ?? ""}"`,
      "hash -r; which -a cmake; cmake --version",
      "rm -rf build   # the cache is of the old one; then configure again",
      "# in a project of your own that has to work with the old one: the component Development, without a part",
    ],
    sources: ["meco-group/fatrop#17", "https://cmake.org/cmake/help/latest/module/FindPython.html"],
    examples: [
      {
        text: 'CMake Error at /usr/share/cmake-3.16/Modules/FindPackageHandleStandardArgs.cmake:146 (message):\n  Could NOT find Python3 (missing: Development.Module) (found version\n  "3.8.10")',
        expect: "cmake>=3.18",
      },
    ],
  },
  {
    id: "cmake-python-does-not-answer",
    title: "CMake asks a Python for its folders, and it does not answer",
    on: ["build-tool"],
    specificity: 83,
    matches: (finding) =>
      saidAny(
        finding,
        /^Python config failure:\s*(?:(?<shim>(?:pyenv|asdf): ?(?<program>python[\d.]*)?.*)|(?<distutils>.*(?:'sysconfig'|'distutils'|distutils\.\w+).*)|(?<words>\S.*))?$/s,
      ),
    confidence: (match) => (match.facts["words"] === undefined ? "high" : "medium"),
    cause: (match) => {
      const { shim, distutils, words } = match.facts;
      const who = "pybind11's FindPythonLibsNew.cmake runs the Python that CMake found, to ask it for its folders";
      if (shim !== undefined)
        return `${who}. CMake took the first name that fits on PATH, which is a shim of pyenv for ${match.facts["program"] ?? "a version"} that is not switched on here: it does not start.`;
      if (distutils !== undefined)
        return `${who}, by \`distutils\`: this Python has none (it went with Python 3.12; Debian and Ubuntu pack it apart), or the copy of pybind11 in the project is too old for it.`;
      return words === undefined
        ? `${who}, and it printed nothing: PYTHON_EXECUTABLE is a folder or a file that is no Python (the CMake cache keeps an old one), or the copy of pybind11 in the project is too old for this Python and takes its DeprecationWarning for a failure.`
        : `${who}, and it failed: ${words.slice(0, 300)}`;
    },
    fix: (match) => {
      const asked = `$(${python(match)} -c 'import sys; print(sys.executable)')`;
      const { shim, distutils } = match.facts;
      const kept = platformOf(match) === "win32" ? "<the Python that has torch>" : asked;
      return [
        ...(distutils === undefined
          ? []
          : [
              `${pip(match, "install setuptools")}   # brings distutils to Python 3.12 and newer`,
              ...(platformOf(match) === "linux" && !/^3\.(?:1[2-9]|[2-9]\d)/.test(pythonVersion(match) ?? "")
                ? ["sudo apt-get install python3-distutils   # Debian and Ubuntu, Python up to 3.11"]
                : []),
            ]),
        `cmake -DPYTHON_EXECUTABLE="${kept}" -DPython_EXECUTABLE="${kept}" ..   # the Python that has torch`,
        ...(shim === undefined
          ? [
              "# the project's own copy of pybind11 is old: in third_party/pybind11 (or the like) git fetch --tags && git checkout v2.13.6, or take pip's:",
              `# ${pip(match, "install -U pybind11")} && cmake -Dpybind11_DIR="$(${python(match)} -m pybind11 --cmakedir)" ..   # for projects that call find_package(pybind11)`,
            ]
          : [
              "# or switch that version on: pyenv local <version>, or pyenv global",
              "# or the newer search of pybind11, which asks for the active Python first: cmake -DPYBIND11_FINDPYTHON=ON",
            ]),
      ];
    },
    sources: ["pybind/pybind11#2127", "pybind/cmake_example#24", "nobuyuki83/delfem2#6", "isl-org/Open3D#1156"],
    examples: [
      {
        text: "CMake Error at /e/pybind11/FindPythonLibsNew.cmake:163 (message):\n  Python config failure:\n\n  pyenv: python3.9: command not found\n\nCall Stack (most recent call first):\n  CMakeLists.txt:3 (find_package)",
        expect: "shim of pyenv",
      },
      {
        text: "CMake Error at third_party/pybind11/tools/FindPythonLibsNew.cmake:96 (message):\n  Python config failure:\n\n  Traceback (most recent call last):\n\n    File \"<string>\", line 1, in <module>\n\n  ImportError: cannot import name 'sysconfig'\n\nCall Stack (most recent call first):\n  CMakeLists.txt:33 (include)",
        expect: "python3-distutils",
      },
      {
        text: "CMake Error at third_party/pybind11/tools/FindPythonLibsNew.cmake:133 (message):\n  Python config failure:\n\nCall Stack (most recent call first):\n  CMakeLists.txt:190 (include)",
        expect: "PYTHON_EXECUTABLE is a folder",
      },
    ],
  },
];
