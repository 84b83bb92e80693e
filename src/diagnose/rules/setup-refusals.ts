/** What set-up scripts say no to, in words of their own, and where they break: known by the place more than by the words. */
import { studioPrompt } from "../commands/visual-studio.ts";
import {
  buildAgain,
  installGpuTorch,
  installTorchSince,
  packageToBuild,
  pip,
  platformOf,
  python,
  reinstall,
  setVariable,
  wordsToBuild,
} from "../commands/commands.ts";
import type { Finding } from "../finding.ts";
import { ofLog } from "../matchers.ts";
import { inSetupsFolder } from "../commands/lost-folders.ts";
import { newerToolkit } from "../commands/newer-toolkit.ts";
import { coded, type Match, type RuleContext, type Rule, said, saidAny } from "../rule.ts";
import { saidBound } from "../facts/said-bounds.ts";

/** From where a build has failed to where its cleaning up has, too. */
function cleanings({ findings }: RuleContext): readonly (readonly [from: number, to: number])[] {
  const ranges: [number, number][] = [];
  let failed: number | undefined;
  for (const { message, at } of findings) {
    if (/Failed building wheel/.test(message)) failed = at;
    else if (failed !== undefined && /^Failed cleaning build dir/.test(message)) ranges.push([failed, at]);
  }
  return ranges;
}

/** pip has the script clean up after a build that failed: what fails then tells nothing of the build. */
export function ofCleaning(finding: Finding, context: RuleContext): boolean {
  return ofLog(context, cleanings).some(([from, to]) => finding.at > from && finding.at <= to);
}

/** The place in the project's own script that an exception comes from; undefined when no set-up script runs. */
export function scriptPlace(finding: Finding, context: RuleContext): { where: string; own: boolean } | undefined {
  const frames = finding.frames ?? [];
  if (ofCleaning(finding, context)) return undefined;
  const script = (frame: string): boolean =>
    /(?:^|[\\/])setup\.py:\d/.test(frame) || (/^<string>:\d/.test(frame) && context.log.installer !== undefined);
  if (!frames.some(script)) return undefined;
  const last = frames.at(-1) ?? "";
  const own = !/[\\/](?:site|dist)-packages[\\/]|[\\/]lib(?:64)?[\\/]python\d|[\\/]Lib[\\/]\w+\.py|<frozen /.test(last);
  const at = own ? last : (frames.filter(script).at(-1) ?? last);
  return { where: at.split(" ")[0] ?? at, own };
}

/** What the script's own sentence asks for. */
function asIsSaid(match: Match): string[] {
  const bound = saidBound(match.finding.message);
  const words =
    "# the message says what is wanted: another version of torch, CUDA, Python or a compiler, or a variable that is not set";
  if (bound === undefined) return [words];
  if (bound.of === "torch")
    return [
      bound.isLeast
        ? `${installTorchSince(match, bound.version)}   # as the script asks for; or an older release of the package, made for the torch that is there`
        : `${pip(match, `install "torch${bound.range}"`)}   # as the script asks for; or a newer release of the package`,
    ];
  if (bound.of === "cuda" && bound.isLeast) return newerToolkit(match, bound.version);
  const python = /^\d+\.\d+/.exec(bound.version)?.[0] ?? bound.version;
  return bound.of === "python" && bound.isLeast
    ? [
        `# Python ${bound.version} or newer: conda create -n py${python.replace(".", "")} python=${python} (or uv venv --python ${python}), torch there, and the same command again`,
      ]
    : [words];
}

/** Errors that a script raises on purpose, by their types. */
const refusals =
  /^(?:RuntimeError|OSError|EnvironmentError|AssertionError|ValueError|ImportError|NotImplementedError|Exception|SystemExit|SetupError|DistutilsSetupError|DistutilsPlatformError|CompileError|\w*(?:NotFound|NotSupported|Unsupported|Version|Configuration|Config|Build)\w*(?:Error|Exception)?)$/;

/** Whether the command builds the folder it is given in. */
function inSources(match: Match): boolean {
  return (
    platformOf(match) !== "win32" &&
    (match.context.log.requested ?? []).some((word) => /^(?:-e )?"?\.(?:\/|\[|"|$)/.test(word))
  );
}

/** The edit of setup.py that each of the slips wants. */
function inSetupScript({ facts }: Match): string[] {
  if (facts["command"] !== undefined) return ["sed -i.bak -E 's/(BuildExtension|build_ext)\\(\\)/\\1/g' setup.py"];
  return facts["flags"] === undefined
    ? []
    : [
        `sed -i.bak -E 's/(extra_(compile|link)_args *= *|"(cxx|nvcc)": *)("[^"]*")/\\1\\4.split()/g; s/(extra_(compile|link)_args *= *)\\(([^()]*)\\)/\\1[\\3]/g' setup.py   # a list of words in place of one string`,
      ];
}

export const setupRefusalRules: readonly Rule[] = [
  {
    id: "setup-expects-cuda-torch",
    title: "The setup script expects a torch with CUDA, and this one has none",
    on: ["exception"],
    specificity: 80,
    matches: (finding) => {
      const facts = saidAny(
        finding,
        /^'NoneType' object has no attribute '(?<name>split|replace|startswith|rsplit)'/,
        /^(?:expected string or bytes-like object|unsupported operand type\(s\) for .*'NoneType')/,
      );
      if (facts === undefined) return undefined;
      const frames = (finding.frames ?? []).join(" ");
      // flash-attn and its kin parse it in a function of their own.
      return /torch\.version\.cuda/.test(frames) ||
        (/get_wheel_url|get_cuda_version|cuda_version/.test(frames) && /[\\/]packaging[\\/]version\.py/.test(frames))
        ? facts
        : undefined;
    },
    confidence: "high",
    cause: (match) => {
      const torch = match.context.environment?.torch;
      return `The package's setup.py takes torch.version.cuda apart, and it is None: the torch that is found while building is a CPU-only build${torch === undefined ? "" : ` (${torch.version} is installed here)`}, often one that pip's build isolation fetched.`;
    },
    fix: (match) =>
      platformOf(match) === "darwin"
        ? [
            "# torch for macOS has no CUDA, and this package compiles kernels for NVIDIA GPUs: build it on Linux or Windows with such a GPU",
            "# a package with a CPU part: its README says by which switch setup.py leaves the CUDA part out (FORCE_CUDA=0, …)",
          ]
        : [
            `${python(match)} -c "import torch; print(torch.__version__, torch.version.cuda)"`,
            installGpuTorch(match),
            // cl.exe was not found either: the build asks for it next.
            ...(platformOf(match) === "win32" &&
            match.context.findings.some(({ text }) => text.includes("Error checking compiler version for cl"))
              ? studioPrompt
              : []),
            ...(match.context.log.setupCommand !== undefined && match.context.log.setupLast
              ? buildAgain(match)
              : [pip(match, `install --no-build-isolation ${wordsToBuild(match)}`)]),
          ],
    sources: ["pytorch: torch/version.py", "astral-sh/uv#6437"],
    examples: [
      {
        text: "Traceback (most recent call last):\n  File \"/p/setup.py\", line 12, in <module>\n    if int(torch.version.cuda.split(\".\")[0]) >= 11:\nAttributeError: 'NoneType' object has no attribute 'split'",
        expect: "CPU-only",
      },
      {
        text: 'Traceback (most recent call last):\n  File "<string>", line 456, in get_wheel_url\n  File "/c/builds-v0/.tmp/lib/python3.12/site-packages/packaging/version.py", line 56, in parse\n    return Version(version)\nTypeError: expected string or bytes-like object, got \'NoneType\'',
        expect: "torch.version.cuda",
      },
    ],
  },
  {
    id: "old-metadata-refused",
    title: "pip no longer takes the metadata of an old package",
    on: ["installer"],
    specificity: 78,
    matches: (finding) =>
      coded(finding, "invalid-metadata") === undefined
        ? undefined
        : (said(finding, /(?:version (?<version>\S+) of|Requested) (?<name>[\w.-]+)/) ?? {}),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["name"] ?? "A package"}\` writes its requirements in a form that pip 24.1 and newer refuse (\`>=5.1.*\`, versions that are not PEP 440).`,
    fix: (match) => [
      `${python(match)} -m pip install "pip<24.1"   # then the same command again`,
      `# or a newer release of ${match.facts["name"] ?? "the package"}, where the one that asks for it allows that`,
    ],
    sources: ["https://pip.pypa.io/en/stable/news/#v24-1", "facebookresearch/fairseq#5518"],
    examples: [
      {
        text: "WARNING: Ignoring version 2.0.6 of omegaconf since it has invalid metadata:\nRequested omegaconf<2.1 from https://files.pythonhosted.org/packages/x.whl has invalid metadata: .* suffix can only be used with == or != operators",
        expect: "pip<24.1",
      },
    ],
  },
  {
    id: "source-type-unknown-to-setuptools",
    title: "setuptools alone does not compile this kind of source",
    on: ["installer", "exception"],
    specificity: 82,
    matches: (finding) =>
      coded(finding, "unknown-source") === undefined
        ? (said(finding, /unknown file type ['"](?<kind>\.\w+)['"](?: \(from ['"](?<file>[^'"]+)['"]\))?/) ?? undefined)
        : said(
            finding,
            /unknown file type ['"](?<kind>\.\w+)['"](?: \(from ['"](?<file>[^'"]+)['"]\))?|[Dd]on't know how to compile (?<file2>\S+?(?<kind2>\.\w+)) to/,
          ),
    confidence: "high",
    cause: (match) =>
      /^\.(?:cuh?|hip|sycl|mm|metal)$/.test(match.facts["kind"] ?? "")
        ? `\`${match.facts["file"] ?? match.facts["kind"] ?? ""}\` needs a compiler of its own, and setuptools' plain build_ext only knows C and C++: the extension is built without torch's BuildExtension (cmdclass is missing or another class stands there), or as a CppExtension.`
        : `\`${match.facts["file"] ?? match.facts["kind"] ?? ""}\` is named among the sources, and is none that a compiler takes (a header, a text file): headers belong into depends or include_dirs.`,
    fix: (match) => [
      ...(/^\.(?:cuh?|hip|sycl|mm|metal)$/.test(match.facts["kind"] ?? "")
        ? [
            "# setup.py: from torch.utils.cpp_extension import BuildExtension, CUDAExtension; ext_modules=[CUDAExtension(…)], cmdclass={'build_ext': BuildExtension}",
          ]
        : ["# take it out of sources=[…]"]),
      "retorch build   # knows the kinds of sources without a setup.py",
    ],
    sources: ["pytorch/extension-cpp#2", "https://docs.pytorch.org/docs/stable/cpp_extension.html"],
    examples: [
      { text: "error: unknown file type '.cu' (from 'csrc/kernel.cu')", expect: "BuildExtension" },
      {
        text: "error: Don't know how to compile lltm_cuda_kernel.cu to build\\temp.win-amd64-3.6\\Release\\lltm_cuda_kernel.obj",
        expect: "CUDAExtension",
      },
      { text: "distutils.errors.UnknownFileError: unknown file type '.h' (from 'csrc/ops.h')", expect: "depends" },
    ],
  },
  {
    id: "torch-placeholder-from-pypi",
    title: "pip takes a torch that is none: there is no wheel for this Python or system",
    on: ["exception", "wrapper"],
    specificity: 84,
    matches: (finding, { log, findings }) =>
      finding.kind === "wrapper"
        ? // The end of the log is cut off: nothing else can come of building that release.
          log.placeholderTorch && !findings.some(({ kind }) => kind === "exception")
          ? {}
          : undefined
        : said(
            finding,
            /No module named ['"](?<name>tools\.(?:nnwrap|setup_helpers|shared))['"]|You tried to install ["“]?(?<name2>pytorch)["”]?\. The package named for PyTorch is/,
          ),
    confidence: "high",
    cause: (match) =>
      match.facts["name"] === "pytorch"
        ? "The package `pytorch` on PyPI is only a sign: the one that is meant is `torch`."
        : `pip found no wheel of torch for this Python${match.context.log.python === undefined ? "" : ` (${match.context.log.python})`} and system, or was told to take none (--no-binary), went back to torch 0.1.2, a source package of 2017 and the only one on PyPI, and tried to build that.`,
    fix: (match) => [
      `${python(match)} -VV; ${python(match)} -c "import platform; print(platform.machine())"   # 64 bit? a Python that torch has wheels for?`,
      pip(match, "install --only-binary=:all: torch   # without --no-binary; says so when there is none"),
      "# an environment with a Python that has one: uv venv --python 3.12   (or conda create -n e python=3.12)",
    ],
    sources: ["pytorch/pytorch#48524", "https://pypi.org/project/pytorch/"],
    examples: [
      { text: "ModuleNotFoundError: No module named 'tools.nnwrap'", expect: "only-binary" },
      {
        text: "Collecting torch\n  Using cached torch-0.1.2.post2.tar.gz (128 kB)\n    Running setup.py install for torch ... error\n    ERROR: Command errored out with exit status 1:\n    Complete output (23 lines):\n    running install",
        expect: "torch 0.1.2",
      },
      {
        text: 'Traceback (most recent call last):\n  File "<string>", line 11, in <module>\nException: You tried to install "pytorch". The package named for PyTorch is "torch"',
        expect: "`torch`",
      },
    ],
  },
  {
    id: "package-wants-torch-range",
    title: "The package takes some releases of torch alone, and another one is installed",
    on: ["exception"],
    specificity: 78,
    matches: (finding) =>
      said(
        finding,
        /(?<name>[A-Z]?[\w-]+) requires (?:PyTorch|torch) (?<range>[<>=]=? ?\d[\w.]*(?:, ?[<>=]=? ?\d[\w.]*)?), but found version (?<have>\d[\w.+]*)/,
      ),
    confidence: "high",
    cause: ({ facts }) =>
      `This release of ${facts["name"] ?? "the package"} is made for torch ${facts["range"] ?? ""}, and ${facts["have"] ?? "another one"} is installed: its setup.py compares the two and stops.`,
    fix: (match) => {
      const name = (match.facts["name"] ?? "").toLowerCase();
      const range = (match.facts["range"] ?? "").replaceAll(" ", "");
      const [first = ""] = reinstall(match, name);
      return [
        first.includes("IGNORE_TORCH_VER")
          ? `# without the comparison: it compiles with most newer releases of torch all the same`
          : `# a release of ${name} that is made for torch ${match.facts["have"] ?? ""}:`,
        first,
        `# or a torch that this release takes: ${pip(match, `install "torch${range}"`)}`,
        ...(/^kaolin$/.test(name) && !first.includes("IGNORE_TORCH_VER")
          ? [
              `# or without the comparison, where it compiles all the same: ${setVariable(match, "IGNORE_TORCH_VER", "1")}, and the same command with --no-build-isolation`,
            ]
          : []),
      ];
    },
    sources: ["NVIDIAGameWorks/kaolin#694", "NVIDIAGameWorks/kaolin#897"],
    examples: [
      {
        text: "ImportError: Kaolin requires PyTorch >=1.6.0, <=1.13.0, but found version 1.13.1 instead.If you want to use unsupported PyTorch version, you can set IGNORE_TORCH_VER",
        expect: 'install "torch>=1.6.0,<=1.13.0"',
      },
    ],
  },
  {
    id: "vllm-target-unknown",
    title: "vLLM's set-up script sees a torch for no GPU that it knows",
    on: ["exception"],
    specificity: 80,
    matches: (finding) => said(finding, /^Unknown runtime environment$/),
    confidence: "high",
    cause: ({ context: { log } }) =>
      `vLLM's setup.py asks the torch that it sees while building for CUDA or ROCm, and that torch has neither: ${log.isolatedBuild || log.installer === "uv" ? "pip (uv) fetched PyPI's torch into an environment of its own for the build, which is one for the CPU on ARM and Windows" : "it is a build for the CPU"}${log.arch === "arm64" ? "; this machine is an ARM one" : ""}.`,
    fix: (match) => [
      `${python(match)} -c "import torch; print(torch.__version__, torch.version.cuda, torch.version.hip)"   # the installed torch: with a GPU, one of both is not None`,
      `# with a GPU, where it says None None: ${pip(match, "install torch --index-url https://download.pytorch.org/whl/cu128")}   (ROCm: rocm6.3)`,
      ...(inSources(match)
        ? [
            `${python(match)} use_existing_torch.py   # takes torch out of the lists, so that the installed one stays`,
            `${pip(match, "install -r $(ls requirements/build/cuda.txt requirements/build.txt requirements-build.txt 2>/dev/null | head -n 1)")}   # what the build needs; the list moved from release to release`,
          ]
        : [
            "# in vLLM's sources, so that the build takes that torch: git clone https://github.com/vllm-project/vllm && cd vllm && git checkout <the release> && python use_existing_torch.py && pip install -r requirements/build.txt   (old releases: requirements-build.txt, new ones: requirements/build/cuda.txt)",
          ]),
      pip(match, "install --no-build-isolation -e ."),
      "# without a GPU: VLLM_TARGET_DEVICE=cpu pip install --no-build-isolation -e .",
    ],
    sources: ["vllm-project/vllm: setup.py", "vllm-project/vllm#15450", "huggingface/open-r1#510"],
    examples: [
      {
        text: '$ pip install -e .\n  × Getting requirements to build editable did not run successfully.\n        File "<string>", line 535, in get_vllm_version\n      RuntimeError: Unknown runtime environment',
        expect: "use_existing_torch.py",
      },
    ],
  },
  {
    id: "setup-script-refuses",
    title: "The package's set-up script refuses to go on",
    on: ["exception"],
    role: "generic",
    specificity: 30,
    matches: (finding, context) => {
      const place = scriptPlace(finding, context);
      if (place === undefined || finding.severity === "warning" || finding.message === "") return undefined;
      return refusals.test(finding.code ?? "") ? { where: place.where, own: place.own ? "yes" : undefined } : undefined;
    },
    confidence: (match) => (match.facts["own"] === undefined ? "low" : "medium"),
    cause: (match) =>
      `${match.facts["where"] ?? "The script"} checks something before it compiles and stops with: ${match.finding.message}`,
    fix: (match) => [
      ...asIsSaid(match),
      `${python(match)} -c "import torch, sys; print(sys.version); print(torch.__version__, torch.version.cuda, torch.version.hip)"; nvcc --version; c++ --version`,
      ...(match.context.log.setupCommand !== undefined && match.context.log.requested === undefined
        ? buildAgain(match)
        : [
            pip(match, `install -v --no-build-isolation ${wordsToBuild(match)}   # so that the script sees that torch`),
          ]),
    ],
    sources: ["https://setuptools.pypa.io/en/latest/userguide/ext_modules.html"],
    examples: [
      {
        text: 'Traceback (most recent call last):\n  File "/tmp/pip-req-build/setup.py", line 88, in <module>\n    raise RuntimeError("my-ops only supports PyTorch 2.5 and above")\nRuntimeError: my-ops only supports PyTorch 2.5 and above, got 2.3.1+cu121.',
        expect: "got 2.3.1+cu121",
      },
    ],
  },
  {
    id: "setup-script-fails",
    title: "The package's set-up script itself goes wrong",
    on: ["exception"],
    role: "generic",
    specificity: 28,
    matches: (finding, context) => {
      const place = scriptPlace(finding, context);
      if (place === undefined || finding.severity === "warning") return undefined;
      return /Interrupt|GeneratorExit|CalledProcess/.test(finding.code ?? "")
        ? undefined
        : { where: place.where, own: place.own ? "yes" : undefined };
    },
    confidence: (match) => (match.facts["own"] === undefined ? "low" : "medium"),
    cause: (match) =>
      `${match.facts["where"] ?? "The script"} raises ${match.finding.code ?? "an exception"}${match.finding.message === "" ? "" : ` (${match.finding.message})`} before anything is compiled: a fault of the script, which often shows only with other options, another Python, torch or setuptools than its author had, or where CUDA was not found.`,
    fix: (match) => [
      `# look at that line; then another release or the newest state of the package: ${pip(match, `install --upgrade --no-build-isolation ${packageToBuild(match).replace(/==.*$/, "")}`)}`,
      `${python(match)} -c "import torch, setuptools, sys; print(sys.version, torch.__version__, torch.version.cuda, setuptools.__version__)"${platformOf(match) === "win32" ? " & echo %CUDA_HOME% & where nvcc" : '; echo "CUDA_HOME=$CUDA_HOME"; which nvcc'}`,
    ],
    sources: ["NVlabs/tiny-cuda-nn#255", "NVIDIA/MinkowskiEngine#94"],
    examples: [
      {
        text: "Traceback (most recent call last):\n  File \"/p/setup.py\", line 132, in <module>\n    source_files += base_source_files\nUnboundLocalError: local variable 'source_files' referenced before assignment",
        expect: "/p/setup.py:132",
      },
    ],
  },
  {
    id: "setup-reads-missing-file",
    title: "setup.py reads a file that is not there",
    on: ["exception"],
    specificity: 60,
    matches: (finding, context) => {
      if (finding.code !== "FileNotFoundError" || scriptPlace(finding, context)?.own !== true) return undefined;
      const facts = said(finding, /No such file or directory: ['"](?<name>[^'"]+)['"]/);
      const name = facts?.["name"] ?? "";
      // A program that was to be started, and files of the system, are other rules'.
      return facts === undefined || /^[/\\]|^[A-Za-z]:|^[\w+-]+$/.test(name)
        ? undefined
        : { ...facts, where: scriptPlace(finding, context)?.where };
    },
    confidence: "medium",
    cause: (match) =>
      `${match.facts["where"] ?? "setup.py"} opens \`${match.facts["name"] ?? ""}\`, a path that counts from the folder it is run in: it was started from another folder, or the package that is built lacks the file (it is not named in MANIFEST.in, belongs to a git submodule, or is written by an earlier step).`,
    fix: (match) =>
      inSetupsFolder(match) ?? [
        `cd <the folder of setup.py> && ls ${match.facts["name"] ?? ""} && ${pip(match, "install -v --no-build-isolation .")}`,
        `# not there: a clone of the repository in place of the source package: git clone --recursive …; in one's own package: include ${match.facts["name"] ?? ""} in MANIFEST.in, and os.path.join(os.path.dirname(__file__), …) in setup.py`,
      ],
    sources: ["slothfulxtx/cxtrack3d#4"],
    examples: [
      {
        text: 'Traceback (most recent call last):\n  File "/p/setup.py", line 17, in <module>\n    exec(open("pkg/_version.py").read())\nFileNotFoundError: [Errno 2] No such file or directory: \'pkg/_version.py\'',
        expect: "MANIFEST.in",
      },
    ],
  },
  {
    id: "extension-declared-wrongly",
    title: "setup.py hands torch's builder something of the wrong kind",
    on: ["exception", "installer"],
    specificity: 72,
    matches: (finding) => {
      const facts = saidAny(
        finding,
        /(?<what>\w*Extension)(?:\.__init__)?\(\) missing \d required positional arguments?: '(?<missing>sources|name)/,
        /(?<sources>'sources' must be an? (?:list|iterable) of strings)/,
        /(?<modules>'ext_modules' option must be a list of Extension|each element of 'ext_modules' option must be an Extension)/,
        /(?<command>Command\.__init__\(\) missing 1 required positional argument: 'dist')/,
      );
      if (facts !== undefined) return facts;
      const flags = finding.frames?.some((frame) =>
        /_add_compile_flag|add_compile_flags|extra_(?:compile|link|pre)args|extra_(?:compile|link)_args|(?:preargs|postargs)\b/.test(
          frame,
        ),
      );
      return flags === true &&
        /'(?:str|tuple|NoneType)' object has no attribute '(?:append|items|get|copy)'|can only concatenate list|unsupported operand/.test(
          finding.message,
        )
        ? { flags: "yes" }
        : undefined;
    },
    confidence: "high",
    cause: (match) => {
      const { what, missing, sources, modules, command } = match.facts;
      if (what !== undefined)
        return `\`${what}\` in setup.py gets no ${missing ?? "sources"}: it wants a name and a list of sources.`;
      if (sources !== undefined)
        return "`sources` of the extension is one string (or a path) where a list of them is wanted.";
      if (modules !== undefined)
        return "`ext_modules` in setup.py is not a list of extensions: one extension stands there without brackets, or the list holds something else (None, a dict, the extension of another library).";
      if (command !== undefined)
        return "`cmdclass` wants a class, and setup.py makes an object of it: BuildExtension() with brackets in place of BuildExtension.";
      return "`extra_compile_args` (or `extra_link_args`) of the extension is a string or a tuple; the builder adds flags of its own and wants a list (torch's CUDAExtension: or a dictionary of lists for cxx and nvcc).";
    },
    fix: (match) => [
      ...(platformOf(match) === "win32" ? [] : inSetupScript(match)),
      '# setup.py: ext_modules=[CUDAExtension(name="pkg._C", sources=["csrc/a.cpp", "csrc/k.cu"], extra_compile_args={"cxx": ["-O3"], "nvcc": ["-O3"]})],',
      '#           cmdclass={"build_ext": BuildExtension}   # the class, without (); options: BuildExtension.with_options(use_ninja=False)',
    ],
    sources: ["https://docs.pytorch.org/docs/stable/cpp_extension.html"],
    examples: [
      {
        text: 'Traceback (most recent call last):\n  File "/p/setup.py", line 3, in <module>\n    setup(name="x", ext_modules=[CppExtension("x")])\nTypeError: CppExtension() missing 1 required positional argument: \'sources\'',
        expect: "list of sources",
      },
      { text: "error: 'ext_modules' option must be a list of Extension instances", expect: "without brackets" },
      {
        text: "TypeError: Command.__init__() missing 1 required positional argument: 'dist'",
        expect: "without ()",
      },
      {
        text: "AssertionError: 'sources' must be a list of strings",
        expect: "one string",
      },
    ],
  },
];
