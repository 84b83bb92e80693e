/** Pythons, NumPys and languages that a package was not written for: too new, too old, another encoding, no Rust. */
import { pip, platformOf, python, pythonVersion, quote, wordsToBuild } from "../commands/commands.ts";
import { commandAgain } from "../commands/failed-command.ts";
import { usePython } from "../commands/project-tools.ts";
import { coded, type Match, type Rule, type RuleContext, said, saidAny } from "../rule.ts";

/** Whether the NumPy that runs is older than the one that the module was built with. */
function numpyIsOlder(message: string): boolean {
  const sizes = /Expected (\d+) from C header, got (\d+) from PyObject/.exec(message);
  if (sizes !== null) return Number(sizes[1]) > Number(sizes[2]);
  const versions = /version 0x(\w+) but this version of numpy is 0x(\w+)/.exec(message);
  return versions !== null && Number.parseInt(versions[1] ?? "", 16) > Number.parseInt(versions[2] ?? "", 16);
}

/** Minor number of the Python that runs, where it is known. */
function minorOf(match: { readonly context: RuleContext }): number | undefined {
  const version = pythonVersion(match as Match);
  return version === undefined ? undefined : Number(version.split(".")[1] ?? "0");
}

/** The last Python that had what was taken out. Source: "Removed" in What's New of each release. */
const lastPython: Readonly<Record<string, string>> = {
  clock: "3.7",
  Mapping: "3.9",
  MutableMapping: "3.9",
  Callable: "3.9",
  Iterable: "3.9",
  Iterator: "3.9",
  Sequence: "3.9",
  Sized: "3.9",
  Hashable: "3.9",
  Set: "3.9",
  getargspec: "3.10",
  coroutine: "3.10",
  SafeConfigParser: "3.11",
  format: "3.11",
  makeSuite: "3.12",
  io: "3.12",
  Str: "3.13",
  Num: "3.13",
  NameConstant: "3.13",
};

/** torch, setuptools or Triton calls the compiler: other programs read the output of their own tools in other encodings, too. */
function readsCompiler(frames: readonly string[]): boolean {
  const calls = frames.some((frame) => /subprocess\.py/.test(frame));
  return frames.some(
    (frame) =>
      /cpp_extension\.py|check_compiler|hipify/.test(frame) ||
      (calls && /[\\/](?:torch|triton|setuptools|_?distutils)[\\/]|[\\/]setup\.py:/.test(frame)),
  );
}

/** NumPy 2 took these out, 1.24 the plain names of types. */
const goneWithNumpy2 = /^(?:bool8|product|cumproduct|alltrue|sometrue)$/;

/** A NumPy that still has the name; those below 1.26 have no wheels for Python 3.12, 1.26 none for 3.13. */
function olderNumpy(match: Match): string[] {
  const before2 = match.facts["module"] === "NumPy" || goneWithNumpy2.test(match.facts["name"] ?? "");
  const minor = minorOf(match);
  const newest = before2 ? 12 : 11;
  if (minor !== undefined && minor > newest)
    return [
      ...upgradeOf(match),
      `# no NumPy that has it runs on this Python (3.${minor}): a newer release of the package, np.${match.facts["name"] ?? ""} replaced in its sources, or an environment with Python 3.${newest} and "numpy<${before2 ? "2" : "1.24"}"`,
    ];
  return [pip(match, `install "numpy<${before2 ? "2" : "1.24"}"`), "# or a newer release of the package"];
}

/** The package that the traceback is in, in its newest release. */
function upgradeOf(match: Match): string[] {
  const { package: built, runningModule } = match.context.log;
  const name = built ?? runningModule;
  return name === undefined || /^(?:numpy|torch)$/.test(name) ? [] : [pip(match, `install --upgrade ${name}`)];
}

/** A locale of ASCII alone, which Windows does not have. */
function isAsciiLocale(match: Match): boolean {
  return platformOf(match) !== "win32" && /'ascii' codec/.test(match.finding.message);
}

const python2Name = /^(?<file>[\w./+-]+\.p(?:yx|xd|xi)):(?<row>\d+):\d+: undeclared name not builtin: (?<name>\w+)/;

/** What Python 3 calls the builtins that ended with Python 2. */
const python2Names: Readonly<Record<string, string>> = {
  long: "int",
  unicode: "str",
  basestring: "str",
  xrange: "range",
  unichr: "chr",
  raw_input: "input",
  izip: "zip",
};

export const pythonVersionRules: readonly Rule[] = [
  {
    id: "numpy-abi",
    title: "Built for another NumPy",
    on: ["exception", "warning"],
    specificity: 72,
    matches: (finding) =>
      coded(finding, "numpy-abi") ??
      said(finding, /No module named ['"](?<module>numpy\._core(?:\.\w+)*)['"]/) ??
      said(
        finding,
        /module that was compiled using NumPy 1\.x cannot be run|_ARRAY_API not found|numpy\.core\.multiarray failed to import|numpy\.\w+ size changed|compiled against (?:ABI|API) version 0x\w+ but this version of numpy is|^Numpy is not available$/i,
      ),
    // NumPy warns of it and goes on; where a compiler or linker failed, that is another story.
    confidence: (match) =>
      match.context.findings.some(
        ({ kind, severity }) =>
          /^(?:compile|missing-header|driver|undefined-symbol|link|tool-died)$/.test(kind) && severity !== "warning",
      ) ||
      // A warning in a log that tells of no failure at all.
      (match.finding.severity === "warning" &&
        !match.context.findings.some(({ severity }) => severity === "error" || severity === "fatal"))
        ? "low"
        : "high",
    cause: (match) =>
      match.facts["module"] !== undefined
        ? "A file was pickled, or a module written, with NumPy 2, where numpy.core is named numpy._core; the NumPy that is installed is older."
        : numpyIsOlder(match.finding.message)
          ? "A module was compiled for a newer NumPy than the one that is installed: the NumPy that its build saw (pip's build isolation takes the newest) is not the one that runs it."
          : "A module (torch up to 2.2, or an extension) was compiled for NumPy 1 and runs with NumPy 2.",
    fix: (match) =>
      match.facts["module"] !== undefined || numpyIsOlder(match.finding.message)
        ? [
            pip(match, "install --upgrade numpy"),
            "# or build the module again with the NumPy that is installed (modules built with NumPy 2 run with both):",
            pip(
              match,
              `install --no-build-isolation --no-cache-dir --force-reinstall --no-deps --no-binary :all: ${match.context.log.package ?? "<package>"}`,
            ),
          ]
        : [
            ...((minorOf(match) ?? 0) > 12
              ? [
                  ...upgradeOf(match),
                  '# Python 3.13 and newer have no wheel of NumPy 1: where a newer release does not help, an environment with Python 3.12 and "numpy<2"',
                ]
              : [pip(match, 'install "numpy<2"')]),
            "# or build the module again for the NumPy that is installed, or take a torch >= 2.3",
          ],
    sources: ["https://numpy.org/devdocs/numpy_2_0_migration_guide.html"],
    examples: [
      {
        text: "A module that was compiled using NumPy 1.x cannot be run in\nNumPy 2.0.1 as it may crash.",
        expect: "numpy<2",
      },
      { text: "ModuleNotFoundError: No module named 'numpy._core'", expect: "install --upgrade numpy" },
      {
        text: "RuntimeError: module compiled against API version 0x10 but this version of numpy is 0xf",
        expect: "install --upgrade numpy",
      },
      {
        text: "ValueError: numpy.ufunc size changed, may indicate binary incompatibility. Expected 216 from C header, got 192 from PyObject",
        expect: "install --upgrade numpy",
      },
      {
        text: "ValueError: numpy.dtype size changed, may indicate binary incompatibility. Expected 96 from C header, got 88 from PyObject",
        expect: "install --upgrade numpy",
      },
    ],
  },
  {
    id: "python-too-new-for-package",
    title: "The package is too old for this Python",
    on: ["exception"],
    specificity: 66,
    matches: (finding) =>
      saidAny(
        finding,
        /cannot import name ['"](?<name>Mapping|MutableMapping|Callable|Iterable|Iterator|Sequence|Sized|Hashable|Set)['"] from ['"]collections['"]/,
        /module ['"](?<module>inspect|ast|asyncio|collections|typing|unittest|configparser|locale|time)['"] has no attribute ['"](?<name>getargspec|Str|Num|NameConstant|coroutine|Mapping|MutableMapping|Callable|io|makeSuite|SafeConfigParser|format|clock)['"]/,
        /(?<module>Missing parentheses in call to 'print')/,
        /(?<module>mutable default) (?:<class '(?<name>[\w.]+)'>|\w*)\s?for field \w+ is not allowed: use default_factory/,
        /module ['"](?<module>distutils)['"] has no attribute ['"](?<name>version)['"]/,
        /[`'"]np\.(?<name>\w+)[`'"] was removed in the (?<module>NumPy) 2\.0 release/,
        /module ['"](?<module>numpy)['"] has no attribute ['"](?<name>bool|float|int|object|complex|str|long|bool8|product|cumproduct|alltrue|sometrue)['"]/,
      ),
    confidence: "high",
    cause: (match) =>
      /^numpy$/i.test(match.facts["module"] ?? "")
        ? `numpy.${match.facts["name"] ?? ""} was removed from NumPy (${match.facts["module"] === "NumPy" || goneWithNumpy2.test(match.facts["name"] ?? "") ? "2.0" : "1.24"}); the package is older.`
        : /^Missing/.test(match.facts["module"] ?? "")
          ? "The code is Python 2: `print` without parentheses does not run with Python 3."
          : match.facts["module"] === "mutable default"
            ? `Python 3.11 and newer refuse an object without a hash as the default of a dataclass's field; ${match.facts["name"]?.includes(".") === true ? `\`${match.facts["name"].split(".")[0] ?? ""}\` in this release` : "the package"} was written for Python up to 3.10.`
            : match.facts["module"] === "distutils"
              ? "setuptools 59.6 and newer no longer bring distutils.version along by accident; old torch (up to 1.10) relied on it."
              : `\`${match.facts["name"] ?? ""}\` was taken out of Python (${lastPython[match.facts["name"] ?? ""] ?? "3.9"} was the last with it); the package, or the Cython that made its sources, is older than this Python${pythonVersion(match) === undefined ? "" : ` (${pythonVersion(match) ?? ""})`}.`,
    fix: (match) =>
      /^numpy$/i.test(match.facts["module"] ?? "")
        ? olderNumpy(match)
        : /^Missing/.test(match.facts["module"] ?? "")
          ? [
              ...upgradeOf(match),
              "# a release or fork of the project for Python 3; own sources: 2to3 -w <folder> (Python up to 3.12 has it), or print(…) by hand",
            ]
          : match.facts["module"] === "distutils"
            ? [pip(match, 'install "setuptools<59.6"')]
            : match.facts["module"] === "mutable default"
              ? [
                  // hydra-core 1.0 and 1.1 and fairseq 0.12.2, which wants them.
                  ...(/^hydra\b/.test(match.facts["name"] ?? "")
                    ? [pip(match, 'install --upgrade "hydra-core>=1.3.1"') + "   # unless another package pins hydra"]
                    : []),
                  "# an environment with Python 3.10: uv venv --seed --python 3.10 (conda create -n e python=3.10), then install everything anew",
                  "# own code: field: C = dataclasses.field(default_factory=C)",
                ]
              : [
                  ...upgradeOf(match),
                  `# a newer release of the package, or one more Python: ${lastPython[match.facts["name"] ?? ""] ?? "3.9"} is the last that has it`,
                  ...usePython(match, lastPython[match.facts["name"] ?? ""] ?? "3.9"),
                ],
    sources: [
      "https://docs.python.org/3/whatsnew/3.10.html#removed",
      "https://numpy.org/doc/stable/release/1.24.0-notes.html",
      "https://docs.python.org/3/whatsnew/3.11.html#dataclasses",
      "https://github.com/facebookresearch/hydra/releases/tag/v1.3.1",
      "NVIDIA-NeMo/Speech#7166",
    ],
    examples: [
      {
        text: "ImportError: cannot import name 'Mapping' from 'collections' (/usr/lib/python3.10/collections/__init__.py)",
        expect: "3.9 is the last that has it",
      },
      { text: "AttributeError: module 'distutils' has no attribute 'version'", expect: "setuptools<59.6" },
      { text: "AttributeError: module 'numpy' has no attribute 'bool'.", expect: "numpy<1.24" },
      {
        text: "  File \"/e/lib/python3.12/site-packages/mypkg/a.py\", line 3, in f\n    x = np.zeros(3, dtype=np.bool)\nAttributeError: module 'numpy' has no attribute 'bool'.",
        expect: "install --upgrade mypkg",
      },
      { text: "AttributeError: module 'numpy' has no attribute 'product'", expect: "numpy<2" },
      {
        text: "ValueError: mutable default <class 'fairseq.dataclass.configs.CommonConfig'> for field common is not allowed: use default_factory",
        expect: "--python 3.10",
      },
      {
        text: "ValueError: mutable default <class 'hydra.conf.JobConf.JobConfig.OverrideDirname'> for field override_dirname is not allowed: use default_factory",
        expect: "hydra-core>=1.3.1",
      },
      {
        text: "AttributeError: `np.float_` was removed in the NumPy 2.0 release. Use `np.float64` instead.",
        expect: "numpy<2",
      },
    ],
  },
  {
    id: "python-too-old-for-package",
    title: "The package is too new for this Python",
    on: ["exception"],
    specificity: 66,
    matches: (finding, context) => {
      const facts = saidAny(
        finding,
        /cannot import name ['"](?<name>TypeAlias|ParamSpec|Self|Literal|Protocol|TypedDict|Never|override|Unpack|LiteralString|NotRequired|assert_never|StrEnum|Annotated|cache|cached_property|batched|pairwise)['"] from ['"](?:typing|enum|functools|itertools)['"]/,
        /unsupported operand type\(s\) for \|: ['"](?<name>type|\w+Meta|_GenericAlias)['"] and|unsupported operand type\(s\) for \|: ['"](?<name2>NoneType)['"] and ['"](?:type|\w+Meta|_GenericAlias)['"]/,
        /(?<name>'type' object is not subscriptable)/,
        /No module named ['"](?<name>tomllib|zoneinfo|graphlib|importlib\.metadata)['"]/,
        /dataclass\(\) got an unexpected keyword argument ['"](?<name>slots|kw_only)['"]/,
      );
      // A Python that has it: then the code subscripts or joins what it did not mean to.
      const minor = minorOf({ context });
      const least = /subscriptable/.test(finding.message) ? 9 : /for \|:/.test(finding.message) ? 10 : 99;
      return minor !== undefined && minor >= least ? undefined : facts;
    },
    confidence: (match) =>
      minorOf(match) === undefined && /subscriptable|for \|:/.test(match.finding.message) ? "medium" : "high",
    cause: (match) =>
      `${/subscriptable/.test(match.finding.message) ? "`list[int]` and its like (types with brackets) came with Python 3.9" : /for \|:/.test(match.finding.message) ? "`int | None` (types joined by |) came with Python 3.10" : `\`${match.facts["name"] ?? ""}\` came with a newer Python (3.8 to 3.12)`}, a newer Python than this one${pythonVersion(match) === undefined ? "" : ` (${pythonVersion(match) ?? ""})`}: the package, or a dependency that was installed in its newest release, no longer supports it.`,
    fix: (match) => [
      ...usePython(match, "3.12"),
      "# torch and the others go into it anew; or an older release of the package, for this Python",
    ],
    sources: ["https://docs.python.org/3/whatsnew/"],
    examples: [
      {
        text: "ImportError: cannot import name 'TypeAlias' from 'typing' (/usr/lib/python3.9/typing.py)",
        expect: "3.12",
      },
      { text: "TypeError: unsupported operand type(s) for |: 'type' and 'NoneType'", expect: "Python 3.10" },
    ],
  },
  {
    id: "cython-failed",
    title: "Cython does not compile a file",
    on: ["exception"],
    role: "symptom",
    specificity: 64,
    matches: (finding) =>
      coded(finding, "cython", "CompileError") === undefined ||
      (finding.code === "CompileError" && !/\.pyx/.test(finding.message))
        ? undefined
        : (said(finding, /'(?<pxd>[\w.]+)\.pxd' not found/) ?? {}),
    confidence: "medium",
    cause: (match) =>
      match.facts["pxd"] === undefined
        ? "Cython rejects a .pyx file: the file was written for another Cython (3 is stricter than 0.29), or what it cimports is of another release."
        : `Cython finds no \`${match.facts["pxd"]}.pxd\`: the package that brings it is not installed where the build runs (isolation), or too old to have it.`,
    fix: (match) => [
      match.facts["pxd"] === undefined
        ? pip(match, 'install "cython<3"')
        : pip(match, `install cython ${match.facts["pxd"].split(".")[0] ?? ""}`),
      pip(match, `install --no-build-isolation ${wordsToBuild(match)}`),
    ],
    sources: ["https://cython.readthedocs.io/en/latest/src/userguide/migrating_to_cy30.html"],
    examples: [
      {
        text: "Error compiling Cython file:\n------------------------------------------------------------\ncimport numpy as np\n       ^\nfoo/bar.pyx:3:8: 'numpy.pxd' not found",
        expect: "cython",
      },
    ],
  },
  {
    id: "cython-name-of-python2",
    title: "A .pyx file uses a name that only Python 2 has",
    on: ["exception"],
    specificity: 78,
    matches: (finding) => {
      const place = python2Name.exec(finding.text)?.groups;
      return place === undefined || python2Names[place["name"] ?? ""] === undefined ? undefined : { ...place };
    },
    confidence: "high",
    cause: (match) =>
      `${match.facts["file"] ?? ""} (line ${match.facts["row"] ?? ""}) uses \`${match.facts["name"] ?? ""}\`, which was a builtin of Python 2: Cython 3 no longer knows it (Cython 0.29 did). Python 3 has \`${python2Names[match.facts["name"] ?? ""] ?? ""}\` in its place.`,
    fix: (match) => {
      const file = match.facts["file"] ?? "";
      const places = match.context.findings
        .map(({ text }) => python2Name.exec(text)?.groups)
        .filter((place) => place?.["file"] === file && place["name"] !== undefined && place["name"] in python2Names);
      const edits = places.map(
        (place) =>
          `${place?.["row"] ?? ""}s/\\b${place?.["name"] ?? ""}\\b/${python2Names[place?.["name"] ?? ""] ?? ""}/g`,
      );
      return [
        `sed -i.bak -E '${[...new Set(edits)].join("; ")}' ${quote(file)}`,
        ...(commandAgain(match) ?? [pip(match, `install --no-build-isolation ${wordsToBuild(match)}`)]),
        `# a package of somebody else: its newer release, or ${pip(match, 'install "cython<3"')} and a build without isolation`,
      ];
    },
    sources: ["https://cython.readthedocs.io/en/latest/src/userguide/migrating_to_cy30.html"],
    examples: [
      {
        text: "$ python setup.py build_ext --inplace\nError compiling Cython file:\n------------------------------------------------------------\n    for i in xrange(n):\n             ^\n------------------------------------------------------------\n\nwalk/path.pyx:14:13: undeclared name not builtin: xrange",
        expect: "sed -i.bak -E '14s/\\bxrange\\b/range/g' walk/path.pyx",
      },
    ],
  },
  {
    id: "rust-compiler-missing",
    title: "A dependency is built from source and needs Rust",
    on: ["installer", "exception"],
    specificity: 70,
    matches: (finding) =>
      coded(finding, "no-rust") ??
      saidAny(finding, /can't find Rust compiler|Cargo, the Rust package manager, is not installed|Rust toolchain/),
    confidence: "high",
    cause: () =>
      "No ready-made wheel of the dependency fits this Python or system, so pip builds it, and that needs the Rust compiler.",
    fix: (match) => [
      pip(match, "install --upgrade pip   # newer pips find more wheels; the same command again may do"),
      ...(match.context.log.conda
        ? ["conda install -c conda-forge rust"]
        : platformOf(match) === "win32"
          ? ["winget install --id Rustlang.Rustup -e   # then a new prompt"]
          : [
              "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y && . \"$HOME/.cargo/env\"   # without questions; then the same command again",
            ]),
      "# or a Python for which a wheel exists",
    ],
    sources: ["https://rustup.rs"],
    examples: [{ text: "error: can't find Rust compiler", expect: "rustup" }],
  },
  {
    id: "msvc-output-undecodable",
    title: "Text is read in another encoding than it was written in",
    on: ["exception", "warning"],
    specificity: 76,
    matches: (finding, context) =>
      // The warning comes before whatever the compiler says in the end.
      finding.severity === "warning" && context.findings.some((other) => other.severity === "fatal")
        ? undefined
        : /Error checking compiler version for cl.*codec can't decode/.test(finding.message)
          ? {}
          : finding.code === "UnicodeDecodeError" && finding.frames !== undefined && readsCompiler(finding.frames)
            ? {}
            : /'(?:ascii|gbk|cp9\d\d|cp125\d|cp437|cp850|charmap|shift_jis|euc_kr|big5)' codec can't (?:de|en)code/.test(
                  finding.message,
                )
              ? { file: "yes" }
              : undefined,
    // The warning: the check of the compiler's version was left out, and the build went on.
    confidence: ({ finding }) => (/Error checking compiler version for cl/.test(finding.message) ? "low" : "high"),
    cause: (match) =>
      match.facts["file"] === undefined && !isAsciiLocale(match)
        ? "cl.exe (or nvcc) prints in the language of Windows, and torch's builder decodes its output as UTF-8."
        : /'ascii'/.test(match.finding.message)
          ? "The locale is C (POSIX), as in small containers and cron jobs: Python takes files and outputs for ASCII, and one holds other letters."
          : "Python on Windows reads and writes files (a README in setup.py, sources, the output of compilers) in the code page of the system unless it is told to use UTF-8, and a character does not exist in that code page.",
    fix: (match) =>
      isAsciiLocale(match)
        ? ["export PYTHONUTF8=1 LC_ALL=C.UTF-8 LANG=C.UTF-8", "# Dockerfile: ENV LANG=C.UTF-8"]
        : [
            "chcp 65001",
            "set VSLANG=1033   # Visual Studio speaks English (with its English language pack)",
            "set PYTHONUTF8=1",
          ],
    sources: ["pytorch: torch/utils/cpp_extension.py"],
    examples: [
      {
        text: '== building and installing PyTorch/1.7.1...\n== sanity checking...\nERROR: Traceback (most recent call last):\n  File "/ec/easybuild/framework/easyblock.py", line 3386, in run_step\n  File "/usr/lib64/python3.6/subprocess.py", line 863, in communicate\nUnicodeDecodeError: \'ascii\' codec can\'t decode byte 0xe2 in position 7714: ordinal not in range(128)',
        expect: "The locale is C (POSIX)",
      },
      {
        text: 'Traceback (most recent call last):\n  File "C:\\e\\torch\\utils\\cpp_extension.py", line 387, in check_compiler_abi_compatibility\n    match = re.search(r"x", compiler_info.decode())\nUnicodeDecodeError: \'utf-8\' codec can\'t decode byte 0xd3 in position 0: invalid continuation byte',
        expect: "VSLANG",
      },
      {
        text: 'Traceback (most recent call last):\n  File "C:\\e\\Lib\\site-packages\\setuptools\\command\\build_ext.py", line 20, in run\n    out = subprocess.check_output(["cl"], encoding="utf8")\n  File "C:\\Python311\\Lib\\subprocess.py", line 466, in check_output\nUnicodeDecodeError: \'utf-8\' codec can\'t decode byte 0xbf in position 14: invalid start byte',
        expect: "VSLANG",
      },
    ],
  },
  {
    id: "source-not-utf8",
    title: "A source of the extension is not in the encoding that torch reads it in",
    on: ["exception"],
    specificity: 78,
    matches: (finding, context) => {
      if (finding.code !== "UnicodeDecodeError") return undefined;
      const reads =
        finding.frames === undefined
          ? context.log.readsSources
          : finding.frames.some((frame) =>
              /_cpp_extension_versioner\.py|\bhash_source_files|hipify_python\.py/.test(frame),
            );
      return reads ? (said(finding, /'(?<codec>[\w-]+)' codec can't decode byte (?<byte>0x\w+)/) ?? {}) : undefined;
    },
    confidence: "high",
    cause: (match) =>
      /^utf-?8$/i.test(match.facts["codec"] ?? "utf-8")
        ? `torch reads each file of \`sources\` (and headers, for HIP) as UTF-8 text, and one is not${match.facts["byte"] === undefined ? "" : ` (byte ${match.facts["byte"]})`}: it was saved in another encoding, or it is no text (an object or library among the sources, a \`._\` file of macOS, an encrypted or broken copy).`
        : `Before a build torch reads each file of \`sources\`, older releases in the encoding of the system (\`${match.facts["codec"] ?? ""}\`), and a source has letters that do not exist there, in a comment for example.`,
    fix: (match) => [
      ...(/^utf-?8$/i.test(match.facts["codec"] ?? "utf-8")
        ? []
        : platformOf(match) === "win32"
          ? ["set PYTHONUTF8=1"]
          : ["export PYTHONUTF8=1"]),
      `${python(match)} -c "import pathlib; [print(p) for p in pathlib.Path('.').rglob('*.*') if p.is_file() and p.suffix in ('.c', '.cc', '.cpp', '.cu', '.h', '.hpp', '.cuh') and '\\ufffd' in p.read_text('utf-8', 'replace')]"   # in the folder of the sources: files that are not UTF-8`,
      "# save those anew as UTF-8, fetch broken ones anew; take what is no text out of `sources` (objects: extra_ldflags); newer torch hashes bytes, of any encoding",
    ],
    sources: ["pytorch/pytorch#138565", "yangxy/GPEN#65", "MichaelFan01/STDC-Seg#75"],
    examples: [
      {
        text: 'Traceback (most recent call last):\n  File "/e/torch/utils/cpp_extension.py", line 845, in _jit_compile\n    with_cuda=with_cuda\n  File "/e/torch/utils/_cpp_extension_versioner.py", line 17, in hash_source_files\n    hash_value = update_hash(hash_value, file.read())\n  File "/usr/lib/python3.6/codecs.py", line 321, in decode\n    (result, consumed) = self._buffer_decode(data, self.errors, final)\nUnicodeDecodeError: \'utf-8\' codec can\'t decode byte 0x87 in position 0: invalid start byte',
        expect: "UTF-8",
      },
      {
        text: 'UnicodeDecodeError: \'utf-8\' codec can\'t decode byte 0xd5 in position 4: invalid continuation byte\nTraceback (most recent call last):\n  File "/e/torch/utils/_cpp_extension_versioner.py", line 43, in bump_version_if_changed\n    hash_value = hash_source_files(hash_value, source_files)\n  File "/e/torch/utils/_cpp_extension_versioner.py", line 16, in hash_source_files',
        expect: "0xd5",
      },
      {
        text: "Traceback (most recent call last):\n  File \"C:\\e\\torch\\utils\\_cpp_extension_versioner.py\", line 17, in hash_source_files\n    hash_value = update_hash(hash_value, file.read())\nUnicodeDecodeError: 'gbk' codec can't decode byte 0xaf in position 30: illegal multibyte sequence",
        expect: "PYTHONUTF8",
      },
    ],
  },
  {
    id: "numpy-not-importable",
    title: "NumPy itself cannot be imported",
    on: ["exception"],
    specificity: 74,
    matches: (finding) =>
      said(
        finding,
        /Importing the numpy C-extensions failed|No module named ['"]numpy\.core\._multiarray_umath['"]|Error importing numpy: you should not try to import numpy from its source/,
      ),
    confidence: "high",
    cause: () =>
      "NumPy's compiled part does not fit this Python: it was installed for another version or processor (copied folders, PYTHONPATH of another Python, conda and pip mixed), or its installation did not end.",
    fix: (match) => [
      'echo "$PYTHONPATH"; unset PYTHONPATH',
      pip(match, "install --force-reinstall --no-cache-dir numpy"),
    ],
    sources: ["https://numpy.org/devdocs/user/troubleshooting-importerror.html"],
    examples: [
      {
        text: "ImportError: \nIMPORTANT: PLEASE READ THIS FOR ADVICE ON HOW TO SOLVE THIS ISSUE!\nImporting the numpy C-extensions failed. This error can happen for many reasons, often due to issues with your setup or how NumPy was installed.\nOriginal error was: No module named 'numpy.core._multiarray_umath'",
        expect: "--force-reinstall",
      },
    ],
  },
];
