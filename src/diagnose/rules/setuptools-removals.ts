/** What setuptools, distutils and wheel no longer have: which release took it away, and the newest one that had it. */
import { pip, python } from "../commands.ts";
import type { Finding } from "../finding.ts";
import { type Match, type MatchFacts, type Rule, said, saidAny } from "../rule.ts";

interface Removal {
  /** Over `module.name`. */
  readonly name: RegExp;
  /** The first release without it. */
  readonly gone: string;
  readonly why: string;
}

/** Sources: the history of setuptools, and of its distutils. */
const removals: readonly Removal[] = [
  {
    name: /^(?:setuptools\._)?distutils\.(?:_msvccompiler(?:\.|$)|msvc9compiler|msvccompiler$|bcppcompiler)/,
    gone: "74",
    why: "setuptools 74 took distutils.msvccompiler away, and 75.9 moved what was in distutils._msvccompiler",
  },
  {
    name: /^setuptools\.(?:sandbox|package_index)|^setuptools\.command\.easy_install\.\w/,
    gone: "80",
    why: "setuptools 80 gave up easy_install with its modules sandbox and package_index",
  },
  {
    name: /^setuptools\.command\.test/,
    gone: "72",
    why: "setuptools 72 took the command `test` away",
  },
  {
    name: /^(?:setuptools|pkg_resources)\.(?:extern|_vendor\.(?:packaging|more_itertools|ordered_set))/,
    gone: "71",
    why: "setuptools 71 no longer has the modules `extern`, through which its own copies of packages were imported",
  },
  { name: /^setuptools\.dep_util/, gone: "69", why: "setuptools.dep_util is deprecated since 69, and now gone" },
  { name: /^setuptools\.(?:lib2to3_ex|py2\dcompat|py3\dcompat)/, gone: "58", why: "setuptools 58 took 2to3 away" },
  {
    name: /^distutils\.log\.(?:Log|_global_log)$/,
    gone: "65.6",
    why: "since 65.6 setuptools' distutils.log is a logger of Python's own",
  },
];

/** `module.name` that is missing, whatever the sentence. */
function missingName(finding: Finding): string | undefined {
  const facts = saidAny(
    finding,
    /module ['"](?<module>(?:setuptools|distutils|pkg_resources)[\w.]*)['"] has no attribute ['"](?<name>\w+)['"]/,
    /cannot import name ['"]?(?<name>\w+)['"]? from ['"](?<module>(?:setuptools|distutils|pkg_resources)[\w.]*)['"]/,
    /No module named ['"]?(?<module>(?:setuptools|distutils|pkg_resources)[\w.]*)['"]?/,
  );
  if (facts?.["module"] === undefined) return undefined;
  return facts["name"] === undefined ? facts["module"] : `${facts["module"]}.${facts["name"]}`;
}

function ofSetuptools(finding: Finding): boolean {
  return finding.frames?.some((frame) => /setuptools|distutils/.test(frame)) === true;
}

/** The same command again, with a setuptools below a release. */
function withOlder(match: Match, release: string): string[] {
  return [
    pip(match, `install "setuptools<${release}" wheel`),
    pip(match, `install --no-build-isolation ${match.context.log.package ?? "."}`),
    `# keeping the isolation: echo "setuptools<${release}" > c.txt && PIP_CONSTRAINT=c.txt pip install ${match.context.log.package ?? "."}   (pip 25.3 and newer: --build-constraint c.txt)`,
  ];
}

export const setuptoolsRemovalRules: readonly Rule[] = [
  {
    id: "distutils-part-removed",
    title: "The installed setuptools no longer has what is asked for",
    on: ["exception"],
    specificity: 91,
    matches: (finding): MatchFacts | undefined => {
      const name = missingName(finding);
      if (name === undefined) {
        // CCompiler and spawn() lost the parameter dry_run.
        return /dry_run/.test(finding.message) &&
          /unexpected keyword argument|has no attribute|positional arguments?/.test(finding.message) &&
          (ofSetuptools(finding) || /Compiler|build_ext|new_compiler|spawn/.test(finding.message))
          ? { name: "dry_run", gone: "81", why: "setuptools 81 took `dry_run` out of its commands and compilers" }
          : undefined;
      }
      const removal = removals.find((entry) => entry.name.test(name));
      return removal === undefined ? undefined : { name, gone: removal.gone, why: removal.why };
    },
    confidence: "high",
    cause: (match) => {
      const { frames } = match.finding;
      const torch = frames?.some((frame) => /cpp_extension\.py|build_pytorch_libs|setup_helpers/.test(frame)) === true;
      const numpy = frames?.some((frame) => /numpy[\\/]distutils/.test(frame)) === true;
      return `\`${match.facts["name"] ?? ""}\` is not there: ${match.facts["why"] ?? ""}; ${torch ? "this torch" : numpy ? "numpy.distutils" : "what imports it"} is older.`;
    },
    fix: (match) => {
      const release = match.facts["gone"] ?? "80";
      const torch = match.finding.frames?.some((frame) =>
        /cpp_extension\.py|build_pytorch_libs|torch[\\/]utils/.test(frame),
      );
      return [
        ...withOlder(match, release),
        torch === true || /_msvccompiler/.test(match.facts["name"] ?? "")
          ? "# or a newer torch (2.7 and newer do without distutils._msvccompiler)"
          : "# for good: a newer release of the package that asks for it",
      ];
    },
    sources: [
      "https://setuptools.pypa.io/en/stable/history.html",
      "pytorch/pytorch#148877",
      "pytorch/pytorch#136541",
      "numpy/numpy#27405",
    ],
    examples: [
      {
        text: "AttributeError: module 'distutils' has no attribute '_msvccompiler'",
        expect: "setuptools<74",
      },
      {
        text: "AttributeError: module 'distutils._msvccompiler' has no attribute '_get_vc_env'",
        expect: "newer torch",
      },
      { text: "ModuleNotFoundError: No module named 'setuptools.sandbox'", expect: "setuptools<80" },
      {
        text: "ImportError: cannot import name 'six' from 'setuptools.extern' (/e/setuptools/extern/__init__.py)",
        expect: "setuptools<71",
      },
      { text: "TypeError: new_compiler() got an unexpected keyword argument 'dry_run'", expect: "setuptools<81" },
      { text: "ModuleNotFoundError: No module named 'setuptools.command.test'", expect: "setuptools<72" },
    ],
  },
  {
    id: "wheel-package-too-old",
    title: "The package `wheel` is too old for setuptools, or too new",
    on: ["exception"],
    specificity: 88,
    matches: (finding) => {
      const last = finding.frames?.at(-1) ?? "";
      if (/No module named ['"]?pkg_resources/.test(finding.message))
        return /[\\/]wheel[\\/](?:bdist_wheel|_?\w+)\.py/.test(last)
          ? { file: last.split(/:\d/)[0], system: /[\\/]dist-packages[\\/]/.test(last) ? "yes" : undefined }
          : undefined;
      return saidAny(
        finding,
        /(?<removed>'wheel\.bdist_wheel' module has been removed)/,
        /No module named ['"]?(?<gone>wheel\.(?:bdist_wheel|vendored|pep425tags|pkginfo|metadata|macosx_libfile)[\w.]*)/,
        /cannot import name ['"](?<name>\w+)['"] from ['"](?<gone>wheel\.\w+)/,
      );
    },
    confidence: "high",
    cause: (match) =>
      match.facts["file"] !== undefined
        ? `The installed \`wheel\` (${match.facts["file"]}${match.facts["system"] === undefined ? "" : ", of the distribution"}) imports pkg_resources, which setuptools 82 and newer no longer have. wheel 0.43 and newer do without it.`
        : match.facts["removed"] !== undefined
          ? "wheel no longer has the command bdist_wheel: since 70.1 it is a part of setuptools, and the setuptools that is installed is older."
          : `\`${match.facts["gone"] ?? ""}\` is not in the installed \`wheel\`: another release than the one that the script was written for.`,
    fix: (match) =>
      match.facts["file"] !== undefined
        ? [
            pip(match, `install --upgrade ${match.facts["system"] === undefined ? "" : "--ignore-installed "}wheel`),
            pip(match, `install --no-build-isolation ${match.context.log.package ?? "."}`),
            `# or keep the old one: ${pip(match, 'install "setuptools<81"')}`,
          ]
        : [pip(match, 'install --upgrade "setuptools>=70.1" wheel')],
    sources: ["https://wheel.readthedocs.io/en/stable/news.html", "huggingface/transformers#47251"],
    examples: [
      {
        text: 'Traceback (most recent call last):\n  File "/p/setup.py", line 22, in <module>\n    from wheel.bdist_wheel import bdist_wheel as _bdist_wheel\n  File "/usr/lib/python3/dist-packages/wheel/bdist_wheel.py", line 28, in <module>\n    import pkg_resources\nModuleNotFoundError: No module named \'pkg_resources\'',
        expect: "install --upgrade --ignore-installed wheel",
      },
      {
        text: "ImportError: The 'wheel.bdist_wheel' module has been removed. Please update your setuptools to v70.1 or later",
        expect: "setuptools>=70.1",
      },
    ],
  },
  {
    id: "easy-install-of-dependencies",
    title: "setup.py fetches dependencies by itself, and fails",
    on: ["installer", "exception"],
    specificity: 80,
    matches: (finding) => {
      if (finding.kind === "exception")
        return (
          said(finding, /The '(?<name>[^']+)' distribution was not found and is required by (?<who>\S+)/) ??
          (finding.code === "VersionConflict" || finding.code === "ContextualVersionConflict"
            ? (said(finding, /\((?<have>\S+ \S+) \(.*?Requirement\.parse\(['"](?<name>[^'"]+)['"]/) ?? {})
            : said(finding, /(?<sandbox>SandboxViolation)/))
        );
      if (finding.code === "sandbox") return { sandbox: finding.symbol };
      return finding.code === "easy-install" ? { name: finding.symbol } : undefined;
    },
    confidence: "high",
    cause: (match) =>
      match.facts["sandbox"] !== undefined
        ? "`setup.py install` (or develop) fetched a dependency with easy_install, whose sandbox forbids its set-up script to write outside of its folder. easy_install is given up; pip has no such sandbox."
        : match.finding.kind === "exception"
          ? `A program was started through pkg_resources, which finds \`${match.facts["name"] ?? "a requirement"}\` missing or in another version${match.facts["have"] === undefined ? "" : ` (${match.facts["have"]})`}: what is installed does not meet what the package asks for.`
          : `\`setup.py install\` resolves dependencies with easy_install, and fails at \`${match.facts["name"] ?? "one of them"}\`: it knows no wheels and no newer rules of the index.`,
    fix: (match) =>
      match.finding.kind === "exception" && match.facts["sandbox"] === undefined
        ? [pip(match, `install "${match.facts["name"] ?? "<package>"}"`), pip(match, "check")]
        : [
            pip(
              match,
              "install --no-build-isolation .   # in place of python setup.py install; pip fetches the dependencies as wheels",
            ),
            pip(match, "install --no-build-isolation -e .   # in place of python setup.py develop"),
          ],
    sources: ["https://setuptools.pypa.io/en/latest/deprecated/easy_install.html"],
    examples: [
      {
        text: "error: Setup script exited with error: SandboxViolation: mkdir('/u/.cache/x', 511) {}",
        expect: "install --no-build-isolation .",
      },
      { text: "error: numpy 1.21.6 is installed but numpy>=1.22 is required by {'scipy'}", expect: "easy_install" },
      {
        text: "error: Could not find suitable distribution for Requirement.parse('pybind11>=2.6')",
        expect: "pybind11>=2.6",
      },
      {
        text: "pkg_resources.DistributionNotFound: The 'ninja' distribution was not found and is required by my-ops",
        expect: 'install "ninja"',
      },
    ],
  },
  {
    id: "torch-not-in-this-python",
    title: "The Python that runs the script has no torch",
    on: ["exception"],
    specificity: 83,
    matches: (finding, context) => {
      const facts = said(finding, /No module named ['"]?(?<module>torch(?:\.[\w.]+)?)['"]?(?:\s|$|;)/);
      if (facts === undefined || context.log.installer !== undefined) return undefined;
      const script = finding.frames?.some((frame) => /(?:^|[\\/])(?:setup|build|make|compile)\w*\.py:\d/.test(frame));
      if (script !== true) return undefined;
      if (context.findings.some((other) => other.kind === "wrapper" && other.tool === "pip")) return undefined;
      if (!/^torch(?:\.utils(?:\.cpp_extension)?)?$/.test(facts["module"] ?? "")) return undefined;
      return {
        ...facts,
        // Python 2 names a module without quotes.
        two: /No module named torch/.test(finding.message) ? "yes" : undefined,
        sudo: context.log.sudo ? "yes" : undefined,
        installed: context.log.installedTorch ?? context.log.torch,
      };
    },
    confidence: (match) =>
      match.facts["sudo"] !== undefined || match.facts["two"] !== undefined || match.facts["installed"] !== undefined
        ? "high"
        : "medium",
    cause: (match) =>
      `The script was run by a Python that has no torch${match.facts["installed"] === undefined ? "" : `, although torch ${match.facts["installed"]} is installed (in another one)`}: ${match.facts["sudo"] === undefined ? "" : "sudo takes the system's PATH, so `python` and `pip` are the system's, not those of the environment. "}${match.facts["two"] === undefined ? "" : "The message is of Python 2: `python` is not the interpreter of the environment. "}${match.facts["sudo"] === undefined && match.facts["two"] === undefined ? "no environment is active, or `python` is another one than pip's." : ""}`.trim(),
    fix: (match) => [
      ...(match.facts["sudo"] === undefined
        ? []
        : [
            "# without sudo: an environment of your own needs none. Where it must be, with the environment's own interpreter:",
            'sudo env "PATH=$PATH" "$(which python)" setup.py install',
          ]),
      "which -a python python3 pip; python -V",
      'python -c "import sys, torch; print(sys.executable, torch.__version__)"   # fails: activate the environment that has torch, or',
      `${python(match) === "python" ? "python3" : python(match)} -m pip install torch setuptools wheel ninja`,
    ],
    sources: ["cfzd/Ultra-Fast-Lane-Detection-v2#131"],
    examples: [
      {
        text: 'u@h:~/p$ sudo sh build.sh\nTraceback (most recent call last):\n  File "setup.py", line 2, in <module>\n    from torch.utils.cpp_extension import BuildExtension, CUDAExtension\nImportError: No module named torch.utils.cpp_extension',
        expect: "sudo env",
      },
      {
        text: "Traceback (most recent call last):\n  File \"setup.py\", line 4, in <module>\n    import torch\nModuleNotFoundError: No module named 'torch'",
        expect: "which -a python",
      },
    ],
  },
  {
    id: "build-backend-missing",
    title: "The build backend that the package names is not installed",
    on: ["exception", "installer"],
    specificity: 76,
    matches: (finding) =>
      finding.code === "BackendUnavailable" || finding.code === "backend-unavailable"
        ? said(
            finding,
            /Cannot import ['"](?<module>(?!setuptools\b)[\w.]+)(?::\w+)?['"]|No module named ['"](?<module2>(?!setuptools\b)[\w.]+)['"]/,
          )
        : undefined,
    confidence: "high",
    cause: (match) =>
      `The package is built by \`${match.facts["module"] ?? ""}\` (build-backend in its pyproject.toml), which is not installed: without build isolation pip does not fetch it, and an embedded Python (python_embeded) ignores the folder that pip prepares for it.`,
    fix: (match) => {
      const top = (match.facts["module"] ?? "").split(".")[0] ?? "";
      const name =
        {
          scikit_build_core: "scikit-build-core",
          mesonpy: "meson-python",
          flit_core: "flit-core",
          poetry: "poetry-core",
          wheel_stub: "wheel-stub",
          pdm: "pdm-backend",
        }[top] ?? top.replaceAll("_", "-");
      return [
        pip(match, `install --upgrade pip setuptools wheel ${name}`),
        pip(match, `install --no-build-isolation ${match.context.log.package ?? "<package>"}`),
      ];
    },
    sources: ["https://peps.python.org/pep-0517/", "Comfy-Org/Nvidia_RTX_Nodes_ComfyUI#19"],
    examples: [
      {
        text: "pip._vendor.pyproject_hooks._impl.BackendUnavailable: Cannot import 'wheel_stub.buildapi'",
        expect: "wheel-stub",
      },
      { text: "pip._vendor.pep517.wrappers.BackendUnavailable: Cannot import 'mesonpy'", expect: "meson-python" },
    ],
  },
  {
    id: "extension-artifact-not-made",
    title: "setuptools does not find the extension that it should have built",
    on: ["installer"],
    specificity: 78,
    matches: (finding) => (finding.code === "artifact-missing" ? { file: finding.symbol } : undefined),
    confidence: "medium",
    cause: (match) =>
      `\`${match.facts["file"] ?? ""}\` is to be copied and was not made: its build failed or was skipped (an earlier message says so), it was made under another name (with or without \`.cpython-…\`, for another Python), or a build folder of an earlier version is in the way.`,
    fix: (match) => [
      "rm -rf build *.egg-info && git status --short",
      pip(match, "install -v --no-build-isolation .   # then read the first error"),
      "# the name: a CMake or custom build_ext has to write to self.get_ext_fullpath(ext.name); BuildExtension.with_options(no_python_abi_suffix=True) makes one without .cpython-…",
    ],
    sources: ["pytorch/rl#147"],
    examples: [
      {
        text: "error: can't copy 'build/lib.linux-x86_64-3.9/my_ops/_C.so': doesn't exist or not a regular file",
        expect: "my_ops/_C.so",
      },
    ],
  },
  {
    id: "extension-not-built-in-place",
    title: "The package is imported from its sources, where its extension was not built",
    on: ["exception"],
    specificity: 67,
    matches: (finding) => {
      const facts = saidAny(
        finding,
        /No module named ['"](?<module>(?<top>\w+)\.(?:[\w.]*\.)?(?:_\w+|\w*_(?:C|cuda|ext|cpp|kernels?)|C))['"]/,
        /cannot import name ['"](?<part>_\w+|\w*_(?:C|cuda|ext|cpp))['"] from (?:partially initialized module )?['"](?<top>\w+)[\w.]*['"] \((?!.*(?:site|dist)-packages)/,
      );
      if (facts === undefined || /^(?:torch|numpy|pip|setuptools|distutils|_\w+)$/.test(facts["top"] ?? ""))
        return undefined;
      const last = finding.frames?.at(-1) ?? "";
      if (last === "" || /[\\/](?:site|dist)-packages[\\/]/.test(last)) return undefined;
      return new RegExp(`[\\\\/]${facts["top"] ?? ""}[\\\\/]`).test(last)
        ? { ...facts, file: last.split(/:\d/)[0] }
        : undefined;
    },
    confidence: "medium",
    cause: (match) =>
      `\`${match.facts["top"] ?? ""}\` is imported from the folder of its sources (\`${match.facts["file"] ?? ""}\`), and there is no compiled \`${match.facts["module"] ?? match.facts["part"] ?? "module"}\` in it: an editable installation that did not compile (scikit-build with pip 21.3 and newer, a cached build), or the program was started inside of the repository, whose folder hides the installed package.`,
    fix: (match) => [
      `cd /tmp && ${python(match)} -c "import ${match.facts["top"] ?? ""}; print(${match.facts["top"] ?? ""}.__file__)"   # works: do not start from the repository's folder`,
      `${python(match)} setup.py build_ext --inplace   # or: ${pip(match, "install --no-build-isolation -v -e .")}`,
      "# scikit-build: SETUPTOOLS_ENABLE_FEATURES=legacy-editable pip install -e ., or plain pip install .",
    ],
    sources: ["scikit-build/scikit-build#770", "https://setuptools.pypa.io/en/latest/userguide/development_mode.html"],
    examples: [
      {
        text: "Traceback (most recent call last):\n  File \"/w/my_ops/__init__.py\", line 1, in <module>\n    from . import _C\nModuleNotFoundError: No module named 'my_ops._C'",
        expect: "build_ext --inplace",
      },
    ],
  },
  {
    id: "torch-submodule-not-imported",
    title: "A part of torch is used that nobody imported",
    on: ["exception"],
    specificity: 70,
    matches: (finding) =>
      said(
        finding,
        /module ['"](?<module>torch(?:\.utils)?)['"] has no attribute ['"](?<name>cpp_extension|tensorboard|model_zoo|bottleneck|mobile_optimizer)['"]/,
      ),
    confidence: "high",
    cause: (match) =>
      `\`import torch\` does not import ${match.facts["module"] ?? "torch"}.${match.facts["name"] ?? ""}: the script has to do so itself (it worked where another import had brought it along).`,
    fix: (match) => [
      `sed -i 's/^import torch$/import torch\\nimport ${match.facts["module"] ?? "torch"}.${match.facts["name"] ?? ""}/' setup.py   # or by hand`,
      ...(match.facts["name"] === "cpp_extension"
        ? ["# better: from torch.utils.cpp_extension import BuildExtension, CUDAExtension"]
        : []),
    ],
    sources: ["Megvii-BaseDetection/YOLOX#1252"],
    examples: [
      {
        text: "AttributeError: module 'torch.utils' has no attribute 'cpp_extension'",
        expect: "import torch.utils.cpp_extension",
      },
    ],
  },
  {
    id: "local-wheel-gone",
    title: "pip is sent to a wheel on a disk that does not have it",
    on: ["installer", "exception"],
    specificity: 79,
    matches: (finding) =>
      saidAny(
        finding,
        /No such file or directory: ['"](?<file>(?:[A-Za-z]:|\/)[^'"]*[\\/](?<name>[A-Za-z0-9_.]+)-(?<version>\d[^-'"]*)-[^'"]*\.(?:whl|tar\.gz))['"]/,
      ),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["file"] ?? "The file"}\` does not exist here: a requirements file, a lock file or the installed package's own record (direct_url.json, written on the machine where this Python was put together) names a place of another machine.`,
    fix: (match) => {
      const name = (match.facts["name"] ?? "").replaceAll("_", "-");
      return [
        pip(
          match,
          `install --force-reinstall --no-deps "${name}==${match.facts["version"] ?? ""}"   # from the index: that writes the record anew`,
        ),
        "# then the same command again; a requirements file or constraint that names the path: delete that line",
      ];
    },
    sources: ["https://packaging.python.org/en/latest/specifications/direct-url/", "BlackMixture/Mix-Studio#12"],
    examples: [
      {
        text: "ERROR: Could not install packages due to an OSError: [Errno 2] No such file or directory: '/build/wheels/numpy-2.4.6-cp313-cp313-linux_x86_64.whl'",
        expect: '"numpy==2.4.6"',
      },
    ],
  },
];
