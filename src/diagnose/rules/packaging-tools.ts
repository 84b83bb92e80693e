/** Tools that pack for others: poetry's own build environment, conda-build's check of libraries, 32-bit tools on Windows. */
import { buildAgain, installWithoutIsolation, pip, platformOf, python } from "../commands/commands.ts";
import type { Finding } from "../finding.ts";
import { baseName } from "../parsers/parser.ts";
import { coded, type Match, type MatchFacts, type Rule, type RuleContext, said, saidAny } from "../rule.ts";
import { unmetOf } from "../commands/unmet-requests.ts";
import { useX64Tools } from "../commands/visual-studio.ts";

/** Libraries of torch, by conda's names of their packages. */
function ofTorch(name: string): boolean {
  return /^(?:libtorch|pytorch)/.test(name);
}

/** Tools of builds that are made for every Python, or for all that are in use. */
const buildTool =
  /^(?:setuptools|wheel|packaging|pip|pybind11|nanobind|ninja|cmake|scikit-build(?:-core)?|meson(?:-python)?|cython|hatchling|hatch-vcs|flit[-_]core|poetry-core|pdm-backend|setuptools[-_](?:scm|rust)|maturin|versioneer|expandvars|py-build-cmake)$/i;

/** What a compiler says that makes 32-bit programs, in sources that are for 64 bits. */
function compiledFor32Bits(finding: Finding, { log }: RuleContext): MatchFacts | undefined {
  if (log.platform !== "win32" && finding.tool !== "msvc" && !/\b_BitScan\w+64\b/.test(finding.message))
    return undefined;
  const assembly = said(
    finding,
    /(?<what>asm operand type size\(8\)) does not match type\/size implied by constraint 'r'/,
  );
  if (assembly !== undefined && /[\\/](?:cuda_\w+|sm_\d\d_intrinsics|mma)\.hpp$/.test(finding.file ?? ""))
    return {
      ...assembly,
      why: `, in ${baseName((finding.file ?? "").replaceAll("\\", "/"))}, which has pointers of 32 bits when the compiler does not define _WIN64`,
    };
  const intrinsic =
    finding.code === "C3861" || finding.tool === "cudafe++"
      ? saidAny(
          finding,
          /'(?<what>_(?:addcarry|subborrow|mulx)_u64|_u?mul128|__(?:u?mulh|shift(?:left|right)128|popcnt64|lzcnt64)|_BitScan(?:Forward|Reverse)64|_(?:tzcnt|lzcnt|blsr|bextr|pext|pdep)_u64|_mm_(?:cvt(?:t?s[ds]_si64|si64_s[ds]|si128_si64x?|si64x?_si128)|extract_epi64|insert_epi64|popcnt_u64|crc32_u64)|_mm256_(?:extract|insert)_epi64|_Interlocked(?:CompareExchange128|Exchange(?:Add)?64|(?:In|De)crement64|And64|Or64))'\s?: identifier not found/,
          /identifier "(?<what>_(?:addcarry|subborrow)_u64|_u?mul128|__popcnt64|_BitScan(?:Forward|Reverse)64)" is undefined/,
        )
      : undefined;
  // ARM has none of them, either.
  if (intrinsic !== undefined && log.arch !== "arm64")
    return { ...intrinsic, why: ", which exists in 64-bit builds alone" };
  return finding.kind === "missing-header" && log.target32Bit && /^[a-z_]+(?:\.h)?$/.test(finding.header ?? "")
    ? { what: "cl.exe for x86", why: " is the compiler that runs, without the folders of headers that a prompt sets" }
    : undefined;
}

/** `setup.py develop` of a new setuptools started a pip of its own, which failed. */
function startsDevelop(findings: readonly Finding[]): boolean {
  return findings.some(({ message, text }) =>
    /'-m', 'pip', 'install', '-e', '\.', '--use-pep517'/.test(`${message} ${text}`),
  );
}

/** The same editable installation, through pip alone. */
function developWithoutIsolation(match: Match): string {
  const { requested = [], options = [] } = match.context.log;
  const words = requested.length === 1 && requested[0]?.startsWith("-e ") === true ? requested[0] : "-e .";
  const rest = options.filter((option) => !/^--(?:use-pep517|no-build-isolation)$/.test(option));
  return pip(match, `install --no-build-isolation --use-pep517 ${[words, ...rest].join(" ")}`);
}

export const packagingToolRules: readonly Rule[] = [
  {
    id: "develop-starts-another-pip",
    title: "setup.py develop starts a pip of its own, which isolates the build",
    on: ["exception", "installer"],
    specificity: 86,
    matches: (finding, { findings }) => {
      const facts = said(finding, /No module named ['"](?<module>\w+)/);
      return facts !== undefined && startsDevelop(findings.filter(({ at }) => at > finding.at)) ? facts : undefined;
    },
    confidence: "high",
    cause: (match) =>
      `setuptools 80 and newer run \`setup.py develop\` through a new \`pip install -e . --use-pep517\`, which knows nothing of --no-build-isolation: its empty build environment has no \`${match.facts["module"] ?? ""}\`. pip before 25.3 still calls \`setup.py develop\` for a project without pyproject.toml.`,
    fix: (match) => [developWithoutIsolation(match)],
    sources: ["https://setuptools.pypa.io/en/latest/history.html", "https://pip.pypa.io/en/stable/news/"],
    examples: [
      {
        text: "$ pip install --no-build-isolation -e .\n  Running setup.py develop for ops\n    error: subprocess-exited-with-error\n        File \"/w/ops/setup.py\", line 2, in <module>\n          from pybind11.setup_helpers import Pybind11Extension\n      ModuleNotFoundError: No module named 'pybind11'\n    subprocess.CalledProcessError: Command '['/e/bin/python', '-m', 'pip', 'install', '-e', '.', '--use-pep517', '--no-deps']' returned non-zero exit status 1.",
        expect: "--no-build-isolation --use-pep517 -e .",
      },
    ],
  },
  {
    id: "build-requirement-not-on-index",
    title: "The isolated build needs a tool that no index at hand has",
    on: ["installer"],
    specificity: 82,
    matches: (finding, context) => {
      if (coded(finding, "no-distribution") === undefined || !context.log.isolatedBuild) return undefined;
      if (/from versions: (?!none)/.test(finding.message)) return undefined;
      const unmet = unmetOf({ finding, context });
      if (unmet === undefined || unmet.why === "python" || !buildTool.test(unmet.name)) return undefined;
      // The command itself asks for it.
      if ((context.log.requested ?? []).some((word) => word.replaceAll('"', "").startsWith(unmet.name)))
        return undefined;
      const asked = /(?:requirement|found for) (?<asked>[\w.-]+(?:\[[\w,]+\])?(?:[<>=!~]=?[^\s()]+)?)/.exec(
        finding.message,
      );
      return {
        name: unmet.name,
        asked: asked?.groups?.["asked"] ?? unmet.name,
        nested: startsDevelop(context.findings) ? "yes" : undefined,
      };
    },
    confidence: "high",
    cause: (match) =>
      `The build runs in an empty environment, for which pip asks its index for \`${match.facts["asked"] ?? ""}\` (made for every Python), and gets none: this machine does not reach PyPI, or the index (a mirror, a folder of wheels) that is configured does not have it. What is installed here does not count in there.${match.facts["nested"] === undefined ? "" : " setuptools 80 and newer start that build from `setup.py develop`, with a pip that knows nothing of --no-build-isolation."}`,
    fix: (match) => {
      const { name = "", asked = name } = match.facts;
      const typed = match.context.log.typedBuild;
      return [
        ...(/^(?:setuptools|wheel|pip|packaging)$/.test(name)
          ? []
          : [
              `${pip(match, `install "${asked}"`)}   # where the index has it; without a network: pip download "${asked}" -d wheels on another machine, then pip install --no-index --find-links wheels "${asked}"`,
            ]),
        ...(typed?.tool === "build"
          ? [`${typed.line} --no-isolation   # with the tools that are installed here`]
          : match.facts["nested"] === undefined
            ? installWithoutIsolation(match).map((line) =>
                // The index that has no setuptools has none of the rest, either.
                / install torch setuptools\b/.test(line) && /^(?:setuptools|wheel|pip|packaging)$/.test(name)
                  ? `${python(match)} -c "import torch, setuptools"   # what the build imports has to be here: the index does not have it`
                  : line,
              )
            : [developWithoutIsolation(match)]),
        `# which index is asked: ${pip(match, "config list")}; a proxy: export https_proxy=http://proxy:port`,
      ];
    },
    sources: [
      "https://pip.pypa.io/en/stable/reference/build-system/",
      "https://pip.pypa.io/en/stable/cli/pip_download/",
    ],
    examples: [
      {
        text: "$ pip install -e .\nObtaining file:///w/ops\n  Installing build dependencies: finished with status 'error'\n  × pip subprocess to install build dependencies did not run successfully.\n      ERROR: Could not find a version that satisfies the requirement setuptools>=61 (from versions: none)\n      ERROR: No matching distribution found for setuptools>=61",
        expect: "install --no-build-isolation -e /w/ops",
      },
      {
        text: "$ pip install .\n  Installing build dependencies: finished with status 'error'\n      ERROR: Could not find a version that satisfies the requirement scikit-build-core (from versions: none)",
        expect: 'install "scikit-build-core"',
      },
      {
        text: "$ pip install --no-build-isolation -e .\n  × python setup.py develop did not run successfully.\n          Installing build dependencies: started\n              ERROR: Could not find a version that satisfies the requirement setuptools>=40.8.0 (from versions: none)\n    subprocess.CalledProcessError: Command '['/e/bin/python', '-m', 'pip', 'install', '-e', '.', '--use-pep517', '--no-deps']' returned non-zero exit status 1.",
        expect: "--no-build-isolation --use-pep517 -e .",
      },
    ],
  },
  {
    id: "poetry-backend-not-importable",
    title: "The build environment that poetry made has no working setuptools",
    on: ["installer"],
    specificity: 76,
    matches: (finding) =>
      coded(finding, "poetry-backend") === undefined ? undefined : { module: finding.symbol?.split(".")[0] },
    confidence: "high",
    cause: (match) =>
      `poetry makes an empty environment for the build and puts \`${match.facts["module"] ?? "setuptools"}\` into it; here that could not be imported: it did not get in (no space, no network, a broken cache of poetry's), it does not work with this Python, or the poetry that runs is too old. The package itself is not to blame.`,
    fix: (match) => {
      const name = match.context.log.package ?? "<package>";
      return [
        "df -h ~ /tmp && poetry cache clear --all --no-interaction PyPI",
        "pipx upgrade poetry   # or: python -m pip install --upgrade poetry virtualenv",
        `${pip(match, `install setuptools wheel && `)}${pip(match, `install --no-build-isolation ${name}`)}   # past poetry, once torch is in its environment`,
      ];
    },
    sources: ["python-poetry/poetry#7726", "OpenAdaptAI/OpenAdapt#403"],
    examples: [
      {
        text: "  ChefBuildError\n\n  Backend 'setuptools.build_meta:__legacy__' is not available.\n",
        expect: "poetry cache clear",
      },
    ],
  },
  {
    id: "conda-overlinking",
    title: "conda-build: a library is linked that the recipe does not ask for",
    on: ["exception"],
    specificity: 82,
    matches: (finding) =>
      /overlinking check failed/.test(finding.message)
        ? (said(finding, /\.\. but \[\\*'(?<name>[\w.-]+)\\*'/) ?? {})
        : undefined,
    confidence: "high",
    cause: (match) =>
      `The module needs a library of \`${match.facts["name"] ?? "another package"}\`, which is not among the recipe's run requirements: users would install a module that does not load. conda-build fails on it (error_overlinking).`,
    fix: (match) => {
      const name = match.facts["name"] ?? "libtorch";
      return [
        `# meta.yaml: ${ofTorch(name) ? "pytorch and libtorch" : name} under host: (the package then writes the run requirement itself: run_exports) and under run:`,
        "conda build . --no-error-overlinking   # only to go on: the module still needs that package",
      ];
    },
    sources: ["https://docs.conda.io/projects/conda-build/en/stable/resources/define-metadata.html"],
    examples: [
      {
        text: "conda_build.exceptions.OverLinkingError: overlinking check failed \n['  ERROR (ops,lib/python3.10/site-packages/ops/_C.so): .. but [\\'libtorch\\'] not in reqs/run, (i.e. it is overlinking) (likely) or a missing dependency (less likely)']",
        expect: "pytorch and libtorch",
      },
    ],
  },
  {
    id: "windows-32-bit-tools",
    title: "The 32-bit tools of Visual Studio build",
    on: ["missing-library", "wrapper", "undefined-symbol", "link", "compile", "missing-header"],
    specificity: 86,
    matches: (finding, context) =>
      finding.kind === "compile" || finding.kind === "missing-header"
        ? compiledFor32Bits(finding, context)
        : context.log.platform === "win32" || finding.tool === "msvc" || finding.kind === "wrapper"
          ? said(
              finding,
              /(?<what>[\\/](?:temp|lib)\.win32-(?:cpython-\d+|\d[\d.]*)[\\/]|bin[\\/]+Host[Xx](?:86|64)[\\/]+x86[\\/]+(?:cl|link)\.exe)/,
            )
          : undefined,
    confidence: "high",
    cause: (match) =>
      `\`${(match.facts["what"] ?? "").replace(/^[\\/]|[\\/]$/g, "").replaceAll("\\\\", "\\")}\`${match.facts["why"] ?? ""}: the build runs with the tools for 32-bit programs (the plain Developer Command Prompt and the x86 prompt set them), and torch, CUDA and this Python are 64-bit.`,
    fix: ({ context: { log } }) =>
      log.builtAtRunTime ? useX64Tools : [...useX64Tools, "rmdir /s /q build   # what the 32-bit tools made"],
    sources: [
      "NVlabs/tiny-cuda-nn#399",
      "https://learn.microsoft.com/cpp/build/building-on-the-command-line#developer-command-prompts",
    ],
    examples: [
      {
        text: "C:\\Program Files\\NVIDIA GPU Computing Toolkit\\CUDA\\v12.3\\include\\cuda_fp16.hpp(1906): error: asm operand type size(8) does not match type/size implied by constraint 'r'",
        expect: "has pointers of 32 bits",
      },
      {
        text: "G:\\py\\Lib\\site-packages\\torch\\include\\c10/util/safe_numerics.h(26): error C3861: '_addcarry_u64': identifier not found",
        expect: "exists in 64-bit builds alone",
      },
      {
        text: "Microsoft (R) C/C++ Optimizing Compiler Version 19.43.34810 for x86\nC:/t/cpi.h(3): fatal error C1083: Cannot open include file: 'algorithm': No such file or directory",
        expect: "for x86",
      },
      {
        text: "LINK : fatal error LNK1181: cannot open input file 'C:\\p\\build\\temp.win32-cpython-310\\Release\\..\\..\\dependencies\\fmt\\src\\format.obj'",
        expect: "x64 Native Tools",
      },
      {
        text: "error: command 'C:\\\\Program Files\\\\Microsoft Visual Studio\\\\2022\\\\Community\\\\VC\\\\Tools\\\\MSVC\\\\14.34.31933\\\\bin\\\\HostX86\\\\x86\\\\link.exe' failed with exit code 1181",
        expect: "vcvars64",
      },
    ],
  },
  {
    id: "gnu-link-before-msvc",
    title: "The link that runs is the one of Git for Windows, not the linker of Visual Studio",
    on: ["wrapper", "link"],
    specificity: 86,
    matches: (finding) =>
      said(finding, /(?<what>(?:[A-Za-z]:[\w .()~+\\/-]{0,80})?[\\/]usr[\\/]+bin[\\/]+link(?:\.exe)?)\b/) ??
      (finding.code === "gnu-link" ? { what: "/usr/bin/link" } : undefined),
    confidence: "high",
    cause: (match) =>
      `\`${(match.facts["what"] ?? "").replaceAll("\\\\", "\\")}\` is a tool of GNU that makes hard links. It stands before Visual Studio's link.exe on PATH, as in Git Bash and MSYS2, and does not know the linker's options.`,
    fix: (match) => [
      "# in cmd.exe, in the x64 Native Tools Command Prompt, not in Git Bash:",
      '"C:\\Program Files\\Microsoft Visual Studio\\2022\\Community\\VC\\Auxiliary\\Build\\vcvars64.bat"',
      "set DISTUTILS_USE_SDK=1",
      ...(match.context.log.setupCommand === undefined
        ? buildAgain(match)
        : [`${python(match)} ${match.context.log.setupCommand}`]),
      '# to stay in Git Bash, where cl is found: export PATH="$(dirname "$(which cl)"):$PATH" puts the link.exe beside it first',
    ],
    sources: [
      "https://learn.microsoft.com/cpp/build/building-on-the-command-line",
      "https://www.gnu.org/software/coreutils/manual/html_node/link-invocation.html",
    ],
    examples: [
      {
        text: "error: command 'C:\\\\Program Files\\\\Git\\\\usr\\\\bin\\\\link.exe' failed with exit code 1",
        expect: "vcvars64",
      },
      {
        text: "/usr/bin/link: extra operand '/LTCG'\nTry '/usr/bin/link --help' for more information.",
        expect: "Git Bash",
      },
      { text: "link: missing operand after '/nologo'", expect: "hard links" },
    ],
  },
  {
    id: "vcpkg-port-failed",
    title: "vcpkg could not build a port",
    on: ["build-tool", "installer"],
    role: "symptom",
    specificity: 60,
    matches: (finding, context) => {
      if (finding.kind === "installer")
        return said(finding, /^building (?<port>[\w-]+)(?:\[[^\]]*\])?:[\w-]+ failed with: BUILD_FAILED/);
      if (
        finding.severity !== "error" ||
        !/[\\/]vcpkg_\w+\.cmake$|(?:^|[\\/])portfile\.cmake$/.test(finding.file ?? "")
      )
        return undefined;
      const log = /[^\s"']*buildtrees[^\s"']+\.log/.exec(finding.message)?.[0];
      const ended = context.findings
        .map(({ text }) => /building ([\w-]+)(?:\[[^\]]*\])?:[\w-]+ failed with/.exec(text)?.[1])
        .find((port) => port !== undefined);
      return {
        log,
        port:
          ended ??
          /buildtrees[\\/]+([\w-]+)/.exec(log ?? "")?.[1] ??
          /ports[\\/]([\w-]+)/.exec(finding.file ?? "")?.[1],
      };
    },
    confidence: "medium",
    cause: (match) =>
      `vcpkg built ${match.facts["port"] === undefined ? "a port" : `its port \`${match.facts["port"]}\``} and a command of that build failed; what it said stands in a log of its own below buildtrees, not here.`,
    fix: (match) => {
      const { log, port } = match.facts;
      return [
        log !== undefined
          ? `retorch diagnose ${log}   # the first error in it is the cause; beside it config-*, install-*, -err and -out`
          : port === undefined
            ? "# retorch diagnose on the newest log below buildtrees/<the port> of vcpkg's folder"
            : platformOf(match) === "win32"
              ? `dir /b /o-d "%VCPKG_ROOT%\\buildtrees\\${port}\\*.log"   # then: retorch diagnose on the newest one`
              : `retorch diagnose "$(ls -t "$VCPKG_ROOT"/buildtrees/${port}/*.log | head -1)"`,
        ...(/torch/.test(match.facts["port"] ?? "")
          ? [
              "# the port builds torch from its sources; a ready LibTorch needs no build: https://pytorch.org/get-started/locally/, then cmake -DCMAKE_PREFIX_PATH=<libtorch>",
            ]
          : []),
        "git -C vcpkg pull   # a newer port, when the compiler is newer than this one",
      ];
    },
    sources: ["https://learn.microsoft.com/vcpkg/troubleshoot/build-failures", "microsoft/vcpkg#36844"],
    examples: [
      {
        text: "CMake Error at scripts/cmake/vcpkg_execute_required_process.cmake:127 (message):\n    Command failed: ninja -v\n    See logs for more information:\n      C:\\vcpkg\\buildtrees\\libtorch\\config-x64-windows-dbg-err.log\nerror: building libtorch:x64-windows failed with: BUILD_FAILED",
        expect: "retorch diagnose C:\\vcpkg\\buildtrees\\libtorch\\config-x64-windows-dbg-err.log",
      },
      {
        text: "CMake Error at ports/libtorch/portfile.cmake:10 (message):\n  See logs for more information:\n    /root/vcpkg/buildtrees/libtorch/config-x64-linux-dbg-out.log",
        expect: "ready LibTorch",
      },
    ],
  },
];
