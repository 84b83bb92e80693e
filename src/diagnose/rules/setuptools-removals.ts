/** What setuptools, distutils and wheel no longer have: which release took it away, and the newest one that had it. */
import { pip, wordsToBuild } from "../commands/commands.ts";
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
  // load() of a program: there is no installation to be done once more.
  const atRunTime =
    match.context.log.builtAtRunTime ||
    match.finding.frames?.some((frame) => /_jit_compile|_write_ninja_file_and_build_library\b/.test(frame)) === true;
  if (atRunTime && match.context.log.installer !== "setup.py" && match.context.log.installs === undefined)
    return [`${pip(match, `install "setuptools<${release}"`)}   # in the environment that runs the program`];
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
        text: "C:\\w> python app.py\nUsing C:\\u\\torch_extensions\\Cache\\py313_cu124 as PyTorch extensions root...\nAttributeError: module 'distutils._msvccompiler' has no attribute '_get_vc_env'",
        expect: "in the environment that runs the program",
      },
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
        pip(match, `install --no-build-isolation ${wordsToBuild(match)}`),
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
];
