/** What goes into a build and is not what it should be: sources in place of a wheel, modules, folders, another processor. */
import { own } from "../../base/own.ts";
import { buildAgain, pip, platformOf, torchThere, wordsToBuild, xformersFor } from "../commands/commands.ts";
import { type Rule, type RuleContext, said } from "../rule.ts";

/** Packages of PyPI by the modules that build scripts import. */
const packageOfScriptModule: Readonly<Record<string, string>> = {
  six: "six",
  yaml: "pyyaml",
  jinja2: "jinja2",
  mako: "mako",
  typing_extensions: "typing_extensions",
  requests: "requests",
  cffi: "cffi",
  click: "click",
  sympy: "sympy",
  tqdm: "tqdm",
  ply: "ply",
  attr: "attrs",
  dataclasses: "dataclasses",
  filelock: "filelock",
  setuptools_scm: "setuptools-scm",
  versioneer: "versioneer",
  cmake: "cmake",
  clang: "libclang",
  peachpy: "peachpy",
  future: "future",
  past: "future",
  cpuinfo: "py-cpuinfo",
  cv2: "opencv-python",
  PIL: "pillow",
  scipy: "scipy",
  expecttest: "expecttest",
  opt_einsum: "opt-einsum",
};

/** Whether the log is of a build. */
function builds(context: RuleContext): boolean {
  return (
    context.log.cmake ||
    context.log.installer !== undefined ||
    context.findings.some(({ kind, tool }) => kind === "wrapper" && (tool === "ninja" || tool === "pip"))
  );
}

export const buildInputRules: readonly Rule[] = [
  {
    id: "sources-in-place-of-wheel",
    title: "pip found no ready wheel of that version and built from the sources",
    on: ["exception"],
    specificity: 72,
    matches: (finding) => {
      const facts = said(finding, /Couldn't install (?<package>[\w.-]+?)\.?(?:\s|$)/);
      return facts !== undefined && /Building wheels? for|\.tar\.gz/.test(finding.message) ? facts : undefined;
    },
    confidence: "medium",
    cause: (match) =>
      `For this Python and system there is no wheel of the \`${match.facts["package"] ?? "package"}\` that the program asks for (usually: Python is newer than that version), so that pip takes the sources, which need a compiler and the CUDA toolkit. Why their build failed is not in this part of the log.`,
    fix: (match) => {
      const name = match.facts["package"] ?? "<package>";
      return [
        ...(name === "xformers"
          ? xformersFor(match, torchThere(match))
          : [`${pip(match, `install --only-binary ${name} ${name}`)}   # a version that has a wheel`]),
        "# or the Python version that the program names (3.10 or 3.11), in which that version has a wheel",
      ];
    },
    sources: ["ninjaneural/webui#9"],
    examples: [
      {
        text: 'Traceback (most recent call last):\n  File "/c/launch_utils.py", line 115, in run\nRuntimeError: Couldn\'t install xformers.\nCommand: python -m pip install xformers==0.0.23\nError code: 1\nstdout: Downloading xformers-0.0.23.tar.gz (3.9 MB)',
        expect: "--only-binary",
      },
    ],
  },
  {
    id: "library-without-this-processor",
    title: "A library that torch brings has no code for this processor",
    on: ["compile"],
    specificity: 82,
    matches: (finding) => {
      const file = `${finding.file ?? ""}`;
      const library =
        /third_party[\\/](?<name>QNNPACK|NNPACK|XNNPACK|cpuinfo|FBGEMM|fbgemm|pthreadpool|sleef|psimd|FXdiv|ideep)[\\/]|native[\\/]quantized[\\/]cpu[\\/](?<pytorch>qnnpack)[\\/]/.exec(
          file,
        );
      const name = library?.groups?.["name"] ?? library?.groups?.["pytorch"];
      return name !== undefined &&
        /#error.*(?:[Uu]nsupported|[Uu]nknown|not supported).*(?:arch|platform|processor|CPU|target)/.test(
          `#error ${finding.message}`,
        )
        ? { name }
        : undefined;
    },
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\` is written for x86 and ARM alone, and the compiler's target is another processor (RISC-V, POWER, LoongArch, s390x): torch has to be built without it.`,
    fix: () => [
      "rm -rf build && export USE_NNPACK=0 USE_QNNPACK=0 USE_PYTORCH_QNNPACK=0 USE_XNNPACK=0 USE_FBGEMM=0 USE_MKLDNN=0   # then build torch again",
      "# newer releases of torch leave out by themselves what the processor does not have",
    ],
    sources: ["pytorch/pytorch#23066", "pytorch: CMakeLists.txt"],
    examples: [
      {
        text: '../third_party/QNNPACK/src/init.c:240:4: error: #error "Unsupported architecture"',
        expect: "USE_QNNPACK=0",
      },
    ],
  },
  {
    id: "script-module-missing",
    title: "A script of the build imports a module that is not installed",
    on: ["exception"],
    role: "symptom",
    specificity: 46,
    matches: (finding, context) => {
      if (!builds(context)) return undefined;
      const name = said(finding, /No module named ['"]?(?<name>[A-Za-z]\w*)['"]?(?:\s|$|;)/)?.["name"];
      const known = name === undefined ? undefined : own(packageOfScriptModule, name);
      return known === undefined ? undefined : { name, package: known };
    },
    confidence: "medium",
    cause: (match) =>
      `A script that runs during the build imports \`${match.facts["name"] ?? ""}\`, which is not installed for the Python that runs it: the package does not name it among what it needs, or the build environment is another one than yours.`,
    fix: (match) => {
      const name = match.facts["package"] ?? "";
      return [
        match.context.log.packageFolders.some((folder) => folder.startsWith("/nix/")) ||
        match.finding.text.includes("/nix/")
          ? `# nix: python3Packages.${name} in nativeBuildInputs (build-system)`
          : pip(match, `install ${name}`),
        ...(match.context.log.requested === undefined && match.context.log.setupCommand !== undefined
          ? buildAgain(match)
          : [`${pip(match, `install --no-build-isolation ${wordsToBuild(match)}`)}   # the build then sees it`]),
      ];
    },
    sources: ["NixOS/nixpkgs#283343"],
    examples: [
      {
        text: "FAILED: confu-deps/NNPACK/src/2d-fourier-8x8.py.o\nTraceback (most recent call last):\n  File \"/s/third_party/python-peachpy/peachpy/name.py\", line 4, in <module>\n    from six import string_types\nModuleNotFoundError: No module named 'six'\nninja: build stopped: subcommand failed.",
        expect: "install six",
      },
    ],
  },
  {
    id: "spack-language-not-asked-for",
    title: "Spack's compiler wrapper is used for a language that the package does not depend on",
    on: ["system"],
    specificity: 84,
    matches: (finding) => (finding.code === "spack-wrapper" ? (said(finding, /(?<name>SPACK_\w+)/) ?? {}) : undefined),
    confidence: "high",
    cause: (match) =>
      `Since Spack 1.0 a package gets a compiler only for the languages that it depends on; this one compiles C (or C++) and its package.py does not say so (\`${match.facts["name"] ?? "SPACK_CC"}\` is not set).`,
    fix: () => [
      '# package.py: depends_on("c", type="build") and depends_on("cxx", type="build")',
      "# newer recipes may have it already: git pull in the folder that spack repo list shows",
    ],
    sources: ["spack/spack#50303"],
    examples: [
      {
        text: "/s/libexec/spack/gcc/gcc: line 401: SPACK_CC_LINKER_ARG: ERROR: LINKER ARG WAS NOT SET, MAYBE THE PACKAGE DOES NOT DEPEND ON CC?",
        expect: 'depends_on("c"',
      },
    ],
  },
  {
    id: "folder-given-to-build-missing",
    title: "A folder that the build was given, or takes for granted, does not exist",
    on: ["build-tool"],
    specificity: 74,
    matches: (finding) => said(finding, /[Ii]nclude dir(?:ectory)? (?<dir>\S+) does not exist/),
    confidence: "high",
    cause: (match) => {
      const dir = (match.facts["dir"] ?? "").replaceAll("//", "/");
      return `The build adds \`${dir}\` to the include path, and there is no such folder${/cuda/i.test(dir) ? ": the CUDA toolkit is elsewhere (a module, conda, Spack, a version of its own) or is not installed" : ""}.`;
    },
    fix: (match) =>
      /cuda/i.test(match.facts["dir"] ?? "") && platformOf(match) !== "win32"
        ? [
            "ls -d /usr/local/cuda* /opt/cuda* $CUDA_HOME 2>/dev/null; command -v nvcc   # where is it?",
            "sudo ln -s /usr/local/cuda-<version> /usr/local/cuda   # the place that the build expects",
            `# or tell the build: an option for CUDA's folder in meson_options.txt, given as ${pip(match, "install . --config-settings=setup-args=-D<option>=<folder>")}`,
          ]
        : [
            "# the option or variable that names it: meson_options.txt, meson.build",
            `ls -d ${match.facts["dir"] ?? ""}`,
          ],
    sources: ["spack/spack-packages#982"],
    examples: [
      {
        text: "../meson.build:92:0: ERROR: Include dir /usr/local/cuda//include does not exist.",
        expect: "where is it",
      },
    ],
  },
];
