/** setup.py, setup.cfg and pyproject.toml: scripts and settings that this setuptools, pip or torch does not take. */
import { unique } from "../../base/order.ts";
import { pip, platformOf, python, packageToBuild, wordsToBuild } from "../commands/commands.ts";
import { usePython } from "../commands/project-tools.ts";
import type { Finding } from "../finding.ts";
import { coded, type Match, type MatchFacts, type Rule, said, saidAny } from "../rule.ts";

/** `setup.py:11 <module> » import alphapose`: the script imports the package whose compiled part it is to build. */
function importsItself(finding: Finding): MatchFacts | undefined {
  const [first = "", ...others] = finding.frames ?? [];
  const [, script, row, name] =
    /^(?:(?:.*[\\/])?(setup\.py)):(\d+) <module> » *(?:import|from) ([A-Za-z_]\w*)/.exec(first) ?? [];
  const part =
    /^cannot import name ['"](?<part>\w+_(?:cuda|ext|cpp|gpu)|_C|_ext)['"]|^No module named ['"](?:\w+\.)*(?<part2>\w+_(?:cuda|ext|cpp|gpu)|_C|_ext)['"]/.exec(
      finding.message,
    )?.groups;
  if (script === undefined || name === undefined || part === undefined) return undefined;
  const inside = others.some((frame) => new RegExp(`[\\\\/]${name}[\\\\/](?:\\w+[\\\\/])*\\w+\\.py:`).test(frame));
  return inside ? { row, name, part: part["part"] ?? part["part2"] } : undefined;
}

/** A command without an option that pip refuses, and its value. */
function withoutOption(words: string, option: string | undefined): string {
  const flag = option?.replace(/=.*$/, "");
  return flag === undefined || !/^--[\w-]+$/.test(flag)
    ? words
    : words.replaceAll(new RegExp(`(?:^| )["']?${flag}(?:=(?:"[^"]*"|\\S+))?["']?(?= |$)`, "g"), "").trim();
}

/** What the one command of the text asks for, as it was written. */
function commandWords({ context: { log } }: Match): string | undefined {
  const [only, ...others] = log.installs ?? [];
  return others.length === 0 ? only : undefined;
}

/** A new environment has no torch, which a build without isolation takes from there. */
function withBuildNeeds(lines: readonly string[]): string[] {
  return lines.flatMap((line) =>
    /^(?:uv|python -m) pip install .*--no-build-isolation/.test(line)
      ? [line.replace(/ install .*/, ` install torch setuptools wheel ninja`), line]
      : [line],
  );
}

export const setupScriptRules: readonly Rule[] = [
  {
    id: "setup-imports-its-own-package",
    title: "setup.py imports the package whose compiled part it has yet to build",
    on: ["exception"],
    specificity: 88,
    matches: importsItself,
    confidence: "high",
    cause: (match) =>
      `Line ${match.facts["row"] ?? ""} of setup.py imports \`${match.facts["name"] ?? ""}\`, and that imports its compiled part \`${match.facts["part"] ?? ""}\`, which this very script is to build: it can only run where an earlier build lies. (The line is there for a version or a list of files; a newer state of the project may be without it.)`,
    fix: (match) => [
      `grep -nE "\\b${match.facts["name"] ?? ""}\\b" setup.py   # what the script wants of the package: most often its version`,
      platformOf(match) === "win32"
        ? `# line ${match.facts["row"] ?? ""} of setup.py: # in front of the import, and a plain version in place of what it gave`
        : `sed -i.bak '${match.facts["row"] ?? ""}s/^/# /' setup.py   # the import; where its value is used, write the version itself`,
      `${python(match)} ${match.context.log.setupCommand ?? "setup.py build_ext --inplace"}`,
      "# or a newer state of the project: git pull",
    ],
    sources: ["MVIG-SJTU/AlphaPose#494"],
    examples: [
      {
        text: 'python setup.py develop --user\nTraceback (most recent call last):\n  File "setup.py", line 11, in <module>\n    import alphapose\n  File "/w/AlphaPose/alphapose/__init__.py", line 1, in <module>\n    from .utils import *\n  File "/w/AlphaPose/alphapose/utils/roi_align/roi_align.py", line 6, in <module>\n    from . import roi_align_cuda\nImportError: cannot import name \'roi_align_cuda\'',
        expect: "sed -i.bak '11s/^/# /' setup.py",
      },
    ],
  },
  {
    id: "setup-absolute-path",
    title: "setup.py names sources by absolute paths",
    on: ["installer"],
    specificity: 78,
    matches: (finding) => coded(finding, "absolute-path"),
    confidence: "high",
    cause: () =>
      "setuptools wants paths of sources relative to setup.py when it writes the list of a source package's files; the script gives absolute ones (os.path.abspath, glob on __file__).",
    fix: () => [
      "# sources=[os.path.relpath(p, os.path.dirname(os.path.abspath(__file__))) for p in sources]; include_dirs may stay absolute",
    ],
    sources: ["https://setuptools.pypa.io/en/latest/userguide/ext_modules.html"],
    examples: [
      {
        text: "error: Error: setup script specifies an absolute path:\n\n    /p/csrc/a.cpp\n\nsetup() arguments must *always* be /-separated paths relative to the\nsetup.py directory, *never* absolute paths.",
        expect: "os.path.relpath",
      },
    ],
  },
  {
    id: "setup-requires-not-fetched",
    title: "What setup.py asks for (setup_requires) could not be fetched",
    on: ["exception"],
    specificity: 66,
    matches: (finding) =>
      finding.code === "DistutilsError"
        ? said(finding, /'-m', 'pip', .*'wheel', .*'(?<name>[A-Za-z][\w.-]*)(?:[=<>!~][^']*)?'\]' returned non-zero/)
        : undefined,
    confidence: "high",
    cause: (match) =>
      `setup.py names \`${match.facts["name"] ?? ""}\` in setup_requires, and setuptools calls a pip of its own for it, which failed (it does not take over --index-url, proxies and caches of yours, and has no release for this Python).`,
    fix: (match) => [
      pip(match, `install ${unique(["setuptools", "wheel", match.facts["name"] ?? "", "numpy"]).join(" ")}`),
      `${pip(match, `install --no-build-isolation ${wordsToBuild(match)}`)}   # what is there is not fetched`,
    ],
    sources: ["chenfei-wu/TaskMatrix#87", "https://setuptools.pypa.io/en/latest/references/keywords.html"],
    examples: [
      {
        text: "distutils.errors.DistutilsError: Command '['/e/bin/python', '-m', 'pip', '--disable-pip-version-check', 'wheel', '--no-deps', '-w', '/tmp/tmpq', '--quiet', 'cython']' returned non-zero exit status 1.",
        expect: "install setuptools wheel cython numpy",
      },
    ],
  },
  {
    id: "setup-reads-locals",
    title: "setup.py reads its version out of locals(), which Python 3.13 changed",
    on: ["exception"],
    specificity: 72,
    matches: (finding) =>
      finding.code === "KeyError" &&
      /^['"]__version__['"]/.test(finding.message) &&
      (finding.frames?.some((frame) => /setup\.py|<string>|get_version/.test(frame)) ?? false)
        ? {}
        : undefined,
    confidence: "high",
    cause: () =>
      "setup.py runs a file with exec() and takes `__version__` out of locals() (mmcv, mmdetection, basicsr, realesrgan, gfpgan do): since Python 3.13 locals() of a function is a copy, and what exec() sets is not in it.",
    fix: (match) => [
      ...withBuildNeeds(usePython(match, "3.12", commandWords(match))),
      "# or in a clone: in setup.py's get_version() `scope = {}; exec(…, scope); return scope['__version__']`, and pip install --no-build-isolation . there",
    ],
    sources: ["cvg/mpsfm#7", "https://docs.python.org/3/whatsnew/3.13.html#defined-mutation-semantics-for-locals"],
    examples: [
      {
        text: "  File \"/tmp/pip-install-x/my_ops_y/setup.py\", line 462, in <module>\n    version=get_version(),\n  File \"/tmp/pip-install-x/my_ops_y/setup.py\", line 29, in get_version\n    return locals()['__version__']\nKeyError: '__version__'",
        expect: "uv venv --python 3.12",
      },
    ],
  },
  {
    id: "project-metadata-refused",
    title: "setuptools does not take the project's metadata",
    on: ["exception", "installer"],
    specificity: 76,
    matches: (finding) =>
      saidAny(
        finding,
        /(?<what>Invalid dash-separated key ['"][\w-]+['"])/,
        /(?<new>`?project\.license(?:-files)?`? must be (?:valid|string|table))/,
        /configuration error: (?<wrong>`[\w.-]+` must .{0,60})/,
        /(?<wrong>`project(?:\.[\w-]+)?` must (?:be|contain|not contain) ?.{0,60})/,
        /(?<what>use_2to3 is invalid)/,
        /(?<what>Invalid version: '[^']+')/,
        /(?<what>License classifiers have been superseded)/,
      ) ??
      (/setup\.py|setuptools|distutils|pkg_resources|packaging|build_meta/.test(
        (finding.frames?.at(-1) ?? "").replace(/ » .*/, ""),
      )
        ? said(finding, /(?<what>invalid literal)/)
        : undefined) ??
      (finding.code === "InvalidConfigError" || finding.code === "InvalidVersion" ? {} : undefined),
    confidence: "high",
    cause: (match) =>
      match.facts["wrong"] !== undefined
        ? `A value in the package's pyproject.toml is not what it has to be: ${match.facts["wrong"]}.`
        : match.facts["new"] === undefined
          ? `setuptools no longer takes a form that the package's setup.cfg or setup.py uses${match.facts["what"] === undefined ? "" : ` (${match.facts["what"]})`}: the package is older than this setuptools (78 dropped keys with dashes, 66 versions that are not PEP 440, 58 use_2to3).`
          : `The setuptools that builds does not understand the package's pyproject.toml (${match.facts["new"]}): it is too old for it (license as plain text, PEP 639, needs setuptools 77), or the table is wrong.`,
    fix: (match) =>
      match.facts["wrong"] !== undefined
        ? [
            ...(/must contain \['version'\] properties/.test(match.facts["wrong"]) && platformOf(match) !== "win32"
              ? [
                  `sed -i.bak -E 's/^\\[project\\] *$/&\\nversion = "0.1.0"/' pyproject.toml   # the package's own number; or dynamic = ["version"] there, where setup.py or setuptools_scm gives it`,
                ]
              : []),
            ...(/must contain \['version'\] properties/.test(match.facts["wrong"]) && platformOf(match) !== "win32"
              ? [pip(match, `install ${wordsToBuild(match)}`)]
              : [
                  "# mend that value in pyproject.toml (https://packaging.python.org/en/latest/specifications/pyproject-toml/); a package of somebody else: another release of it",
                  pip(match, "install --upgrade setuptools   # when the form is newer than the setuptools that builds"),
                ]),
          ]
        : match.facts["new"] === undefined
          ? [
              pip(match, 'install "setuptools<78" wheel'),
              pip(match, `install --no-build-isolation ${wordsToBuild(match)}`),
              `# keeping the isolation: echo "setuptools<78" > c.txt && PIP_CONSTRAINT=c.txt pip install ${packageToBuild(match)}   (pip 25.3 and newer: --build-constraint c.txt)`,
            ]
          : [
              pip(match, 'install --upgrade "setuptools>=77" wheel'),
              pip(match, `install --no-build-isolation ${wordsToBuild(match)}`),
              '# and in pyproject.toml: [build-system] requires = ["setuptools>=77", "torch"]',
            ],
    sources: ["https://setuptools.pypa.io/en/stable/history.html", "https://peps.python.org/pep-0639/"],
    examples: [
      {
        text: "setuptools.errors.InvalidConfigError: Invalid dash-separated key 'description-file' in 'metadata' (setup.cfg), please use the underscore name 'description_file' instead.",
        expect: "setuptools<78",
      },
      {
        text: "ValueError: invalid pyproject.toml config: `project.license`.\nconfiguration error: `project.license` must be valid exactly by one definition (2 matches found):",
        expect: "setuptools>=77",
      },
    ],
  },
  {
    id: "pyproject-unreadable",
    title: "pyproject.toml is no valid TOML",
    on: ["exception", "installer"],
    specificity: 80,
    matches: (finding) =>
      finding.code === "TOMLDecodeError"
        ? {
            where: /\(at (line \d+, column \d+)\)/.exec(finding.message)?.[1],
            why: finding.message.replace(/ \(at.*$/, ""),
          }
        : said(finding, /TOML parse error at (?<where>line \d+, column \d+)/),
    confidence: "high",
    cause: (match) =>
      `A TOML file (pyproject.toml${match.facts["where"] === undefined ? "" : `, ${match.facts["where"]}`}) cannot be read${match.facts["why"] === undefined ? "" : `: ${match.facts["why"]}`}.`,
    fix: (match) => [
      `${python(match)} -c "import tomllib; tomllib.load(open('pyproject.toml', 'rb'))"   # says the place`,
      "# a bracket or a quote is missing there, or the rest of a merge (<<<<<<<)",
    ],
    sources: ["https://toml.io/en/v1.0.0"],
    examples: [
      {
        text: "pip._vendor.tomli.TOMLDecodeError: Expected ']' at the end of a table declaration (at line 1, column 9)",
        expect: "line 1, column 9",
      },
    ],
  },
  {
    id: "setuptools-and-packaging-differ",
    title: "setuptools, packaging and wheel are of releases that do not go together",
    on: ["exception"],
    specificity: 78,
    matches: (finding) =>
      saidAny(
        finding,
        /canonicalize_version\(\) got an unexpected keyword argument/,
        /^install_layout(?:\.|$)|has no attribute ['"]install_layout['"]/,
        /cannot import name ['"](?:_deprecation|metadata|canonicalize_name|licenses|InvalidSdistFilename)['"] from ['"](?:packaging|setuptools)[\w.]*['"]/,
        /module ['"]packaging['"] has no attribute/,
        /AttributeError: bdist_wheel|'bdist_wheel' object has no attribute/,
      ),
    confidence: "high",
    cause: (match) =>
      /install_layout/.test(match.finding.message)
        ? "Debian's patched Python and a setuptools of pip's meet: one knows the option install_layout, the other does not."
        : "setuptools calls a function of `packaging` (or `wheel`) in a form that the installed one does not have: setuptools 71 and newer uses the installed packaging when there is one, and that is older than 22.",
    fix: (match) => [
      // A newer setuptools is no part of it, and more than an old torch takes: it dropped pkg_resources.
      /canonicalize_version/.test(match.finding.message)
        ? `${pip(match, 'install --upgrade "packaging>=24"')}   # setuptools itself stays`
        : pip(match, "install --upgrade pip setuptools packaging wheel"),
      ...(/install_layout/.test(match.finding.message)
        ? [
            "export SETUPTOOLS_USE_DISTUTILS=stdlib   # with Debian's own Python 3.10 or 3.11; better: a virtual environment",
          ]
        : []),
    ],
    sources: ["pypa/setuptools#4483", "pypa/setuptools#3278"],
    examples: [
      {
        text: "TypeError: canonicalize_version() got an unexpected keyword argument 'strip_trailing_zero'",
        expect: 'install --upgrade "packaging>=24"',
      },
      { text: "AttributeError: install_layout. Did you mean: 'install_platlib'?", expect: "Debian" },
    ],
  },
  {
    id: "cxx11-abi-attribute-missing",
    title: "The setup script asks torch for its C++ ABI in a form that is not there",
    on: ["exception"],
    specificity: 82,
    matches: (finding) =>
      saidAny(
        finding,
        /module ['"]torch\._C['"] has no attribute ['"](?<name>_GLIBCXX_USE_CXX11_ABI|_PYBIND11_\w+)['"]/,
      ),
    confidence: "high",
    cause: (match) =>
      `\`torch._C.${match.facts["name"] ?? ""}\` does not exist in this torch (builds for Windows and macOS never had it${match.facts["name"]?.startsWith("_PYBIND11") === true ? "; torch 2.9 and newer no longer have the pybind11 ones" : ""}).`,
    fix: (match) => [
      ...(match.facts["name"] === "_GLIBCXX_USE_CXX11_ABI" && platformOf(match) !== "win32"
        ? [
            "sed -i.bak 's/torch\\._C\\._GLIBCXX_USE_CXX11_ABI/torch.compiled_with_cxx11_abi()/g' setup.py   # in the folder of its sources; then build again",
          ]
        : []),
      "# in the script: torch.compiled_with_cxx11_abi() in place of torch._C._GLIBCXX_USE_CXX11_ABI, getattr(torch._C, '_PYBIND11_BUILD_ABI', None) for the others",
      "# or drop it: every torch since 2.7 uses the new ABI, and torch's builder and retorch set the macro where it is needed",
    ],
    sources: ["pytorch: torch/__init__.py"],
    examples: [
      {
        text: "AttributeError: module 'torch._C' has no attribute '_GLIBCXX_USE_CXX11_ABI'",
        expect: "compiled_with_cxx11_abi",
      },
    ],
  },
  {
    id: "build-extension-misused",
    title: "BuildExtension is called in a way that this torch does not take",
    on: ["exception"],
    specificity: 78,
    matches: (finding) =>
      saidAny(
        finding,
        /(?<what>BuildExtension\.__init__\(\)|(?:CUDA|Cpp|Sycl)Extension\(\)|load(?:_inline)?\(\)|_jit_compile\(\)) (?:got an unexpected keyword argument ['"](?<name>\w+)['"]|got multiple values|takes)/,
        /(?<what>Unknown Extension options): (?<name>.*)/,
      ),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["what"] ?? ""}\` does not know \`${match.facts["name"] ?? "an argument"}\` in the torch that builds: the package was written for a newer torch, or passes an option in the wrong place.`,
    fix: (match) => [
      `${python(match)} -c "import torch; print(torch.__version__)"   # is it the torch that is meant? pip's build isolation may fetch another`,
      "# options of BuildExtension go through cmdclass={'build_ext': BuildExtension.with_options(no_python_abi_suffix=True)}; those of an extension into CUDAExtension(…)",
      pip(match, "install --upgrade torch"),
    ],
    sources: ["pytorch: torch/utils/cpp_extension.py"],
    examples: [
      {
        text: "TypeError: BuildExtension.__init__() got an unexpected keyword argument 'no_python_abi_suffix'",
        expect: "with_options",
      },
    ],
  },
  {
    id: "pip-option-removed",
    title: "pip no longer has an option",
    on: ["installer"],
    specificity: 76,
    matches: (finding) => (coded(finding, "no-such-option") === undefined ? undefined : { option: finding.symbol }),
    confidence: "high",
    cause: (match) =>
      `This pip does not know \`${match.facts["option"] ?? ""}\`: it was removed (--install-option in 23.1, --global-option, --build-option and --no-use-pep517 with the legacy builds in 25.3), or it is misspelt.`,
    fix: (match) => [
      ...(match.facts["option"] === "--no-use-pep517"
        ? []
        : [
            '# --global-option="--cpp_ext" → --config-settings "--build-option=--cpp_ext" (apex and its kin: APEX_CPP_EXT=1 APEX_CUDA_EXT=1 pip install …)',
          ]),
      pip(
        match,
        `install -v --no-build-isolation --no-cache-dir ${withoutOption(wordsToBuild(match), match.facts["option"])}`,
      ),
      "# as a stopgap: python -m pip install 'pip<25'",
    ],
    sources: ["https://pip.pypa.io/en/stable/news/", "NVIDIA/apex: README.md", "pytorch/pytorch#167096"],
    examples: [
      { text: "no such option: --global-option", expect: "--config-settings" },
      {
        text: "$ pip install --no-use-pep517 -e .\nno such option: --no-use-pep517",
        expect: "install -v --no-build-isolation --no-cache-dir -e .\n",
      },
    ],
  },
  {
    id: "uv-cannot-match-runtime",
    title: "uv cannot match a build's torch with the project's",
    on: ["installer"],
    specificity: 78,
    matches: (finding) => coded(finding, "match-runtime"),
    confidence: "high",
    cause: () =>
      "`match-runtime = true` asks uv to build the package with the torch that the project locks; for that uv has to know the package's dependencies without building it, and its metadata is made by setup.py (dynamic).",
    fix: (match) => {
      const name = match.context.log.package ?? "flash-attn";
      return [
        `# pyproject.toml, tell uv the metadata: [[tool.uv.dependency-metadata]] name = "${name}" version = "<the locked one>" requires-dist = ["torch", "einops"]`,
        `# or name torch's version there: [tool.uv.extra-build-dependencies] ${name} = ["torch==<the project's>", "packaging", "ninja"]`,
        `# or without isolation: [tool.uv] no-build-isolation-package = ["${name}"]   (uv sync installs torch first, then uv sync again)`,
      ];
    },
    sources: ["astral-sh/uv#18690", "https://docs.astral.sh/uv/concepts/projects/config/#build-isolation"],
    examples: [
      {
        text: "  × Failed to download and build `flash-attn==2.8.1`\n  ╰─▶ Extra build requirement `torch` was declared with `match-runtime\n      = true`, but `flash-attn` does not declare static metadata, making\n      runtime-matching impossible",
        expect: "dependency-metadata",
      },
    ],
  },
  {
    id: "tool-of-vanished-environment",
    title: "A tool of a build environment that no longer exists is called",
    on: ["exception", "wrapper", "missing-program", "build-tool"],
    specificity: 86,
    matches: (finding) =>
      // That a tool of such an environment ran and failed says nothing: isolated builds run all of theirs.
      (/'--version'|[Nn]o such file|not found|does not exist|WinError 2|cannot find/.test(finding.message)
        ? said(
            finding,
            /(?<tool>[^\s'"]*pip-build-env-\w+[^\s'"]*[\\/](?:bin|Scripts)[\\/](?<name>ninja|cmake|python\d?(?:\.\d+)?)(?:\.exe)?)(?![\w./\\-])/,
          )
        : undefined) ??
      (finding.code === "ModuleNotFoundError" &&
      finding.frames?.some((frame) => /pip-build-env-[^:]*[\\/](?:ninja|cmake)(?:\.exe)?:/.test(frame)) === true
        ? { name: "ninja" }
        : undefined),
    confidence: "high",
    cause: (match) =>
      `The build folder remembers \`${match.facts["tool"] ?? match.facts["name"] ?? "a tool"}\` of the temporary environment of an earlier \`pip install\`, which pip deleted afterwards (CMakeCache.txt and build.ninja hold its path), or that copy cannot run outside of it.`,
    fix: (match) => [
      platformOf(match) === "win32" ? "rmdir /s /q build" : "rm -rf build *.egg-info _skbuild",
      `${python(match)} -m pip install ninja cmake`,
      pip(match, `install --no-build-isolation ${wordsToBuild(match)}`),
    ],
    sources: ["scikit-build/scikit-build-core#651", "pypa/pip#7872"],
    examples: [
      {
        text: "  File \"/tmp/pip-build-env-zz/overlay/bin/ninja\", line 5, in <module>\n    from ninja import ninja\nModuleNotFoundError: No module named 'ninja'",
        expect: "rm -rf build",
      },
      {
        text: "subprocess.CalledProcessError: Command '['/tmp/pip-build-env-abc/overlay/bin/ninja', '--version']' returned non-zero exit status 1.",
        expect: "install ninja",
      },
    ],
  },
];
