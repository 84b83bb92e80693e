/** What is known by its form only: the last resorts. */
import { plainName } from "../../base/package-name.ts";
import { installAgain, packageToBuild, pip, platformOf, python, reinstall, setVariable } from "../commands/commands.ts";
import { isForeignStep } from "../facts/other-field.ts";
import { variablesAgain } from "../commands/isolation-commands.ts";
import { originOf } from "../tables/packages.ts";
import { type Match, placeOf, type Rule, said, saidAny } from "../rule.ts";
import { wheelsOfOthers } from "./absent-wheels.ts";
import { jitRoot } from "./build-systems.ts";
import { ofCleaning } from "./setup-refusals.ts";

/** An option of CMake's that has another name now, as the message says: the command of the text with that one. */
function renamedOption(match: Match): string[] | undefined {
  const [, old = "", now] =
    /\b([A-Z][A-Z\d_]{3,}) is deprecated\b.{0,80}?\b[Uu]se (?:-D)?([A-Z][A-Z\d_]{3,}) instead/s.exec(
      match.facts["words"] ?? "",
    ) ?? [];
  if (now === undefined) return undefined;
  const again = installAgain(match).map((line) => line.replaceAll(old, now));
  const set = again.some((line) => line.includes(now));
  return [
    ...(set
      ? []
      : match.context.log.installer === undefined
        ? [`# cmake: -D${now}=ON in place of -D${old}=ON, in an empty build folder`]
        : [setVariable(match, "CMAKE_ARGS", `-D${now}=on`)]),
    ...again,
  ];
}

/** The script of a shell that the text runs. */
function ranScript({ finding, context: { log } }: Match): string | undefined {
  const named = /(?:^|: )([^\s:]+): \S+\^M: bad interpreter/.exec(finding.message)?.[1];
  if (named !== undefined) return named;
  return log.typedBuild?.tool === "script" ? /\S+\.sh\b/.exec(log.typedBuild.line)?.[0] : undefined;
}

export const genericRules: readonly Rule[] = [
  {
    id: "source-refuses",
    title: "A source says itself that it cannot be compiled so",
    on: ["compile"],
    role: "generic",
    specificity: 14,
    matches: (finding) => {
      if (foreign(finding.file) !== undefined) return undefined;
      const facts = saidAny(
        finding,
        /^(?:fatal error )?#error:? ?(?:directive: )?(?:-- )?["'“]?(?<words>[^"”]*\w[^"”]*)/,
        /^#error:? {0,3}["'“]?(?<words>[^"”]*\w)/,
        /(?:static assertion failed|static_assert failed)(?: due to requirement '[^']*')?(?: with|:)? ["“']?(?<asserted>(?!detected (?:during|at))[^"”]*\w[^"”]*)["”']?/,
        /(?<asserted>static assertion failed)/,
      );
      return facts === undefined ? undefined : { ...facts, where: placeOf(finding) };
    },
    confidence: "medium",
    cause: (match) =>
      match.facts["words"] === undefined
        ? `A static_assert${match.facts["where"] === "" ? "" : ` at \`${match.facts["where"] ?? ""}\``} does not hold: "${trimmed(match.facts["asserted"])}". The code is compiled with types, sizes or an architecture that its author ruled out.`
        : `\`${match.facts["where"] ?? ""}\` stops the compile on purpose: "${trimmed(match.facts["words"])}". The condition is in the #if above that line: an architecture, a compiler, a version or a macro.`,
    fix: (match) => [
      match.finding.file === undefined || match.finding.line === undefined
        ? "# read the condition above the line that the message names"
        : `sed -n '${Math.max(1, match.finding.line - 12)},${match.finding.line + 2}p' ${match.finding.file}   # the condition`,
      ...(/\.cuh?$|\.inl$|cutlass|cute/.test(match.finding.file ?? "")
        ? [
            "nvcc --version   # device code with assertions (CUTLASS and its users) is written for certain releases of CUDA: take the one that the package's documentation names, or a release of the package for this one",
          ]
        : []),
      "# then meet it: another flag, macro or architecture, a release of the package for this compiler and torch; or another machine",
    ],
    sources: [],
    examples: [
      { text: 'src/init.c:240:4: error: #error "Unsupported architecture"', expect: "Unsupported architecture" },
      { text: 'k.cu(859): error: static assertion failed with "bad tile size"', expect: "bad tile size" },
      {
        text: "a.cpp:3:2: error: static assertion failed: T must be floating point",
        expect: "T must be floating point",
      },
    ],
  },
  {
    id: "compiler-error-in-source",
    title: "A source does not compile",
    on: ["compile"],
    role: "generic",
    specificity: 10,
    matches: (finding, { findings }) =>
      (finding.severity === "error" || finding.severity === "fatal") &&
      // A title or a sentence that quotes the message whose place stands further down.
      (finding.file !== undefined || !findings.some((other) => other.kind === "compile" && other.file !== undefined))
        ? { where: placeOf(finding), header: foreign(finding.file) }
        : undefined,
    confidence: (match) => (match.facts["header"] === undefined ? "medium" : "low"),
    cause: (match) =>
      match.facts["header"] === undefined
        ? `The compiler rejects ${match.facts["where"] === "" ? "the code" : `\`${match.facts["where"] ?? ""}\``}: ${match.finding.message}. This is the first error of the build; what follows is often its echo.`
        : match.finding.caller !== undefined
          ? `\`${match.finding.caller}\` uses a template of ${match.facts["header"]} with types that it does not take: ${match.finding.message}. The header (\`${match.facts["where"] ?? ""}\`) is only where it shows.`
          : `The compiler rejects a header of ${match.facts["header"]} (\`${match.facts["where"] ?? ""}\`): ${match.finding.message}. Such headers compile elsewhere: the compiler, the C++ standard or the versions of torch, CUDA and compiler do not fit together, or a macro or an earlier error of the source got in the way.`,
    fix: (match) => {
      const { file, line, caller } = match.finding;
      const [, named = file, row = String(line ?? "")] = /^(.+):(\d+)$/.exec(caller ?? "") ?? [];
      const place = Number(row);
      return named === undefined || place < 1 || !/^[\w./~+-]+$/.test(named)
        ? ["# look at the place that the message names first, and correct it there"]
        : [
            `sed -n '${Math.max(1, place - 5)},${place + 3}p' ${named}   # look at line ${row} first, and correct it there`,
            // A header of another folder with the name of the system's hides what this one needs.
            ...(caller === undefined && /^\/usr\/include\//.test(named)
              ? [
                  'echo "CPATH=[$CPATH] C_INCLUDE_PATH=[$C_INCLUDE_PATH] CPLUS_INCLUDE_PATH=[$CPLUS_INCLUDE_PATH] CFLAGS=[$CFLAGS]"   # a folder there with a header of the same name as the system\'s: unset that variable, and build again',
                ]
              : []),
          ];
    },
    sources: [],
    examples: [
      { text: "b.cpp:1:13: error: jump to label ‘done’", expect: "b.cpp:1" },
      { text: 'k.cu(9): error: expected a "<"', expect: "k.cu:9" },
      { text: "/usr/include/pthread.h:396:47: error: unknown type name ‘cpu_set_t’", expect: "CPATH=[" },
      { text: "a.cpp(3): error C2061: syntax error: identifier 'grid_t'", expect: "a.cpp:3" },
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
    examples: [{ text: "/usr/bin/ld: error: could not parse the linker script", expect: "linker script" }],
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
    id: "script-with-windows-line-ends",
    title: "A script has the line ends of Windows",
    on: ["driver", "missing-program", "system", "installer"],
    specificity: 76,
    matches: (finding) =>
      // The carriage return at the end of a line is taken for a part of its last word, and hides what stands before it.
      said(
        finding,
        /^['’] is not defined for option '(?<option>[\w-]+)'|\$'[^']*\\r': (?:command not found|No such file|\w.*such)|(?:\^M|\\r['’]?): (?:bad interpreter|No such file or directory|invalid option)|(?:bad interpreter|cannot execute): .*\^M|pipefail\r?: invalid option name/,
      ),
    confidence: "high",
    cause: () =>
      "Each line of the script ends with a carriage return (it was cloned or saved on Windows), which the shell hands on as a part of the last word: a file or an option of that name does not exist, and what is printed begins in the middle.",
    fix: (match) => [
      ...(ranScript(match) === undefined
        ? ["sed -i.bak 's/\\r$//' make.sh   # the script that was run; dos2unix does the same"]
        : [
            `sed -i.bak 's/\\r$//' ${ranScript(match)}   # dos2unix does the same`,
            ...(match.context.log.typedBuild?.tool === "script" ? [match.context.log.typedBuild.line] : []),
          ]),
      "# for all that git writes: git config core.autocrlf input, then clone again",
    ],
    sources: [
      "YapengTian/TDAN-VSR-CVPR-2020#53",
      "https://git-scm.com/docs/git-config#Documentation/git-config.txt-coreautocrlf",
    ],
    examples: [
      { text: "' is not defined for option 'std'", expect: "carriage return" },
      {
        text: "$ ./build.sh\nbash: ./build.sh: /bin/bash^M: bad interpreter: No such file or directory",
        expect: "sed -i.bak 's/\\r$//' ./build.sh",
      },
      {
        text: "$ bash go.sh\ngo.sh: line 2: set: -\r: invalid option\ngo.sh: line 3: cd: $'csrc\\r': No such file or directory\npython: can't open file '/w/setup.py': [Errno 2] No such file or directory",
        expect: "sed -i.bak 's/\\r$//' go.sh",
      },
    ],
  },
  {
    id: "cmake-project-refuses",
    title: "The project's CMakeLists.txt stops with words of its own",
    on: ["build-tool"],
    role: "generic",
    specificity: 14,
    matches: (finding) =>
      finding.tool === "cmake" &&
      finding.severity === "error" &&
      finding.code === "message" &&
      // FindCUDA's scripts say only that nvcc failed.
      !/\.cu\.o(?:bj)?[\w.]*\.cmake$/.test(finding.file ?? "") &&
      // FindCUDA and FindHIP say this of a compile that failed: the compiler's own words stand above.
      !/^Error generating\b/.test(finding.message) &&
      !/[\\/]cmake-[\d.]+[\\/]Modules[\\/]/.test(finding.file ?? "")
        ? { where: placeOf(finding), words: finding.message.replace(/ (?:Call Stack|-- Configuring).*$/s, "") }
        : undefined,
    confidence: "medium",
    cause: (match) =>
      `${match.facts["where"] ?? ""} checks something while CMake configures, and stops: ${match.facts["words"] ?? ""}`,
    fix: (match) =>
      renamedOption(match) ?? [
        ...(/git submodule|submodule/.test(match.facts["words"] ?? "")
          ? ["git submodule update --init --recursive   # in the project's folder, as the message says"]
          : []),
        ...(/cuda|nvcc/i.test(match.facts["words"] ?? "")
          ? [
              "which -a nvcc; nvcc --version; ls -d /usr/local/cuda*",
              "export CUDA_HOME=/usr/local/cuda CUDACXX=/usr/local/cuda/bin/nvcc PATH=/usr/local/cuda/bin:$PATH   # the one that the message asks for",
            ]
          : /gcc|g\+\+|clang|compiler|standard/i.test(match.facts["words"] ?? "")
            ? ['c++ --version; echo "CC=[$CC] CXX=[$CXX]"']
            : /\.log\b/.test(match.facts["words"] ?? "")
              ? [`tail -n 40 ${/[\w./-]+\.log\b/.exec(match.facts["words"] ?? "")?.[0] ?? ""}   # says more`]
              : []),
        `sed -n '${Math.max(1, (match.finding.line ?? 1) - 10)},${match.finding.line ?? 1}p' ${match.finding.file ?? "CMakeLists.txt"}   # the condition`,
        "rm -rf build   # after the change: the cache remembers what was found",
      ],
    sources: ["https://cmake.org/cmake/help/latest/command/message.html"],
    examples: [
      {
        text: "CMake Error at CMakeLists.txt:77 (message):\n  MY_OPS requires CUDA 11.8 or above; found 11.3",
        expect: "found 11.3",
      },
      {
        text: 'CMAKE_ARGS="-DLLAMA_CUBLAS=on" pip install llama-cpp-python==0.2.90 --no-cache-dir\nCMake Error at vendor/llama.cpp/CMakeLists.txt:95 (message):\n  LLAMA_CUBLAS is deprecated and will be removed in the future.\n\n  Use GGML_CUDA instead\n\nCall Stack (most recent call first):\n  vendor/llama.cpp/CMakeLists.txt:100 (llama_option_depr)',
        expect: "export CMAKE_ARGS=-DGGML_CUDA=on",
      },
      {
        text: 'CMake Error at CMakeLists.txt:280 (message):\n  Generation failed.  Result: "1"\n  Check the log for details: /tmp/build/generation.log',
        expect: "tail -n 40 /tmp/build/generation.log",
      },
    ],
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
      `${/^\S*meson\.build/.test(match.finding.text) ? "Meson" : match.finding.tool === "cmake" ? "CMake" : match.finding.tool}${match.finding.file === undefined ? "" : ` (${placeOf(match.finding)})`} stopped: ${match.finding.message}`,
    fix: (match) =>
      match.finding.file === undefined
        ? ["# the message itself says what is missing"]
        : [`# look at ${placeOf(match.finding)}`],
    sources: [],
    examples: [
      {
        text: "CMake Error at CMakeLists.txt:12 (set_property):\n  set_property given no property name MY_OPTION",
        expect: "MY_OPTION",
      },
    ],
  },
  {
    id: "only-wrapper-lines",
    title: "The real error is not in this part of the log",
    on: ["wrapper"],
    role: "wrapper",
    specificity: 5,
    // Where another error stands, it is in this part.
    matches: (_finding, context) =>
      (context.log.nodeBuild && context.log.torch === undefined) ||
      isForeignStep(context.log) ||
      context.findings.some(
        (finding) =>
          finding.kind !== "wrapper" &&
          (finding.severity === "error" || finding.severity === "fatal") &&
          !ofCleaning(finding, context),
      )
        ? undefined
        : {},
    confidence: "low",
    cause: () =>
      "These lines only say that a build step failed. The reason was printed before them: the first line with `error:`, `fatal error` or `nvcc fatal`.",
    fix: (match) =>
      jitAgain(match) ??
      (match.context.log.installer === "pip" ||
      match.finding.tool === "pip" ||
      match.context.log.setupCommand !== undefined
        ? wholeLog(match)
        : [
            "# show more of the log, from the first failed command on",
            "MAX_JOBS=1 retorch build -v",
            "# do not replace ['ninja', '-v'] by ['ninja', '--version'] in cpp_extension.py: that only hides the error",
          ]),
    sources: ["NVIDIA/apex#995", "facebookresearch/pytorch3d#1688"],
    examples: [
      {
        text: '$ TORCH_CUDA_ARCH_LIST="7.0;8.0" python setup.py develop 2>&1 | tail -2\n    raise RuntimeError(message) from e\nRuntimeError: Error compiling objects for extension',
        expect: 'export TORCH_CUDA_ARCH_LIST="7.0;8.0"\npython setup.py develop 2>&1 | tee',
      },
      {
        text: "20 errors generated.\nnote: This error originates from a subprocess, and is likely not a problem with pip.\nERROR: Failed building wheel for detectron2",
        expect: "git+https://github.com/facebookresearch/detectron2.git",
      },
      {
        text: "ERROR: Failed building wheel for pointnet2_ops\nRunning setup.py clean for pointnet2_ops\nTraceback (most recent call last):\n  File \"/tmp/p/pointnet2_ops_lib/setup.py\", line 17, in <module>\nFileNotFoundError: [Errno 2] No such file or directory: 'pointnet2_ops/_version.py'\nERROR: Failed cleaning build dir for pointnet2_ops",
        expect: "build.log",
      },
      {
        text: "subprocess.CalledProcessError: Command '['ninja', '-v']' returned non-zero exit status 1.",
        expect: "before them",
      },
      { text: "RuntimeError: Error building extension 'fused'", expect: "ninja -v -j 1" },
      { text: "ninja: build stopped: subcommand failed.", expect: "more of the log" },
      {
        text: "note: This error originates from a subprocess, and is likely not a problem with pip.",
        expect: "build.log",
      },
    ],
  },
];

/** What load() wrote for ninja, compiled once more one file at a time: load() itself may print the end alone. */
function jitAgain(match: Match): string[] | undefined {
  const name = match.context.findings
    .map(({ text }) => /Error building extension '([\w.-]+)'/.exec(text)?.[1])
    .find((found) => found !== undefined);
  if (name === undefined || match.context.log.package !== undefined) return undefined;
  if (platformOf(match) === "win32")
    return [
      setVariable(match, "MAX_JOBS", "1"),
      "# run the program again with > build.log 2>&1 behind it: one compiler at a time, the first error is the last thing printed",
      "retorch diagnose build.log",
    ];
  return [
    `ninja -v -j 1 -C "$(dirname "$(find ${jitRoot(match)} -path '*/${name}/*' -name build.ninja | head -n 1)")" 2>&1 | tee build.log   # compiles what load() wrote there, one file at a time`,
    "retorch diagnose build.log",
  ];
}

/** The whole log of pip's build of the package, with one compiler at a time so that the first error is the last thing printed. */
function wholeLog(match: Match): string[] {
  const { log } = match.context;
  const built = packageToBuild(match);
  const name = log.package ?? log.asked ?? "";
  const onWindows = platformOf(match) === "win32";
  const bySetup = log.setupCommand !== undefined && (log.setupLast || log.requested === undefined);
  const command = bySetup
    ? `${python(match)} ${log.setupCommand}`
    : `${pip(match, `install -v --no-build-isolation ${built}`)}`;
  return [
    ...(originOf(plainName(name))?.wheels === undefined ? [] : reinstall(match, plainName(name)).slice(0, 1)),
    `${setVariable(match, "MAX_JOBS", "1")}   # one compiler at a time: the first error is the last thing printed`,
    ...variablesAgain(match).filter((line) => !line.includes(" MAX_JOBS=")),
    `${command} ${onWindows ? "> build.log 2>&1" : "2>&1 | tee build.log"}   # the whole log`,
    "retorch diagnose build.log",
    ...wheelsOfOthers(match, name),
    // Compiling it is rarely needed.
    ...(/^mmcv(?:-full)?$/.test(plainName(name)) ? reinstall(match, name).slice(1) : []),
  ];
}

function trimmed(text: string | undefined): string {
  return (text ?? "")
    .replace(/ detected during:?.*$/s, "")
    .replace(/["'”\s]+$/, "")
    .slice(0, 200);
}

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
