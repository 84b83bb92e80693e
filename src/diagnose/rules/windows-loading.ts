/** What Windows says of a DLL that is there and cannot be loaded. */
import { inOwnTool } from "../commands/own-build.ts";
import { earlyImport, moduleOf, ofJit, torchAtHead } from "../commands/torch-first.ts";
import { isLibtorchDll, ofProgram, programDlls } from "../commands/windows-programs.ts";
import { pip, python, quote, rebuild, torchCuda, torchIndex } from "../commands/commands.ts";
import { framesAt, ofLog } from "../matchers.ts";
import { tagSentence } from "../facts/stated-torch.ts";
import { isWellKnown, packageOf, runningPackage } from "../tables/packages.ts";
import { cudaBuildsOf } from "../tables/torch-wheels.ts";
import { baseName } from "../parsers/parser.ts";
import { coded, type Match, type Rule, type RuleContext } from "../rule.ts";

/** Whether the DLL at fault is one of torch's own: building an extension anew will not help. */
function ofTorch(match: Match): boolean {
  const name = match.facts["name"];
  if (name !== undefined) return /[\\/]torch[\\/]+lib[\\/]/.test(name);
  // Not named: it is torch's own when it is torch/__init__.py that loads it.
  return /[\\/]torch[\\/]+__init__\.py:\d+/.test(
    framesAt(match)
      .filter((frame) => !/[\\/]ctypes[\\/]/.test(frame))
      .at(-1) ?? "",
  );
}

/** A DLL of torch's that is named below: a title repeats the message without it. */
function dllOfTorch({ findings }: RuleContext): string | undefined {
  return findings.find(
    ({ code, library }) => code === "dll-procedure" && /[\\/]torch[\\/]+lib[\\/]/.test(library ?? ""),
  )?.library;
}

/** What is loaded, as far as the message or the traceback tells. */
function who(match: Match): string {
  const name = match.facts["name"] ?? runningPackage(match);
  return name === undefined ? "The module" : `\`${name}\``;
}

/** torch's libraries for AMD and Intel GPUs, whose own run times come with the driver or an SDK. */
function vendorOf(match: Match): "amd" | "intel" | undefined {
  const name = match.facts["name"] ?? "";
  if (
    /(?:c10|torch|caffe2_nvrtc)\w*_hip\b|amdhip|hip(?:blas|rtc|sparse|solver|fft|rand)|roc(?:blas|m|fft|sparse)|MIOpen/i.test(
      name,
    )
  )
    return "amd";
  if (/(?:c10|torch)_xpu\b|\bsycl\d|ur_(?:loader|win_proxy)|ze_loader|pi_level_zero|(?:intel-ext-pt|esimd)/i.test(name))
    return "intel";
  if (!ofTorch(match)) return undefined;
  const build = match.context.log.torchBuild;
  return build === "rocm" ? "amd" : build === "xpu" ? "intel" : undefined;
}

const vendors = {
  amd: {
    cause:
      "the HIP run time of AMD (amdhip64_*.dll, which comes with the Radeon driver) and ROCm's libraries (hipblas, MIOpen; of the HIP SDK or the `rocm` packages from the index of torch) are missing, older than this torch was built with, or the driver does not know this GPU",
    fix: [
      "# install AMD's newest Adrenalin driver (or the preview driver that the wheel's page names), and start Windows again",
      "where amdhip64_7.dll amdhip64_6.dll   # C:\\Windows\\System32: of the driver; HIP SDK: %HIP_PATH%\\bin on PATH",
      "# torch and the rocm packages from one index, for this GPU: pip list | findstr /i rocm",
    ],
  },
  intel: {
    cause:
      "Intel's GPU driver (Level Zero, ze_loader.dll) or oneAPI's SYCL run time (sycl*.dll, ur_loader.dll) is missing or of another release than this torch was built with",
    fix: [
      "# install Intel's newest Arc and Iris Xe graphics driver, and start Windows again",
      "where ze_loader.dll sycl8.dll ur_loader.dll   # others of the same name earlier on PATH (an activated oneAPI)? a new prompt without setvars.bat",
    ],
  },
} as const;

/** Finds out which of torch's DLLs do not load; the missing one belongs to the first of them. */
function tryDlls(match: Match): string {
  const folder = /^.*[\\/]torch[\\/]+lib(?=[\\/])/.exec(match.facts["name"] ?? "")?.[0];
  return folder === undefined
    ? "# in torch\\lib: dumpbin /dependents <the DLL> | findstr /i dll   # and where for each name: the one that is nowhere is missing"
    : `cd /d ${quote(folder)} & dumpbin /dependents torch_cpu.dll torch_cuda.dll ${baseName((match.facts["name"] ?? "").replaceAll("\\", "/"))} & dir /b cudnn*.dll cublas*.dll libomp*.dll   # what is asked for, and what the wheel brought`;
}

/** The wheel itself may be the fault: a build of one day, or one of the first for a new Python. */
function otherWheel(match: Match): string {
  const tag = torchIndex(match);
  const python = match.context.log.python;
  return (
    pip(match, `install --force-reinstall --no-cache-dir torch --index-url https://download.pytorch.org/whl/${tag}`) +
    `   # the last stable release (or cpu, another cu…); a nightly: the one of another day${python === undefined ? "" : `; Python ${python} may have nightlies only`}`
  );
}

/** The torch of the text again; PyPI's where the index of its build is not known to have it. */
function sameTorch(match: Match): string | undefined {
  const { installedTorch, torch = installedTorch } = match.context.log;
  const release = /^\d+\.\d+\.\d+(?=\+|$)/.exec(installedTorch ?? torch ?? "")?.[0];
  if (release === undefined) return undefined;
  const build = torchIndex(match);
  const there = match.context.log.torchBuild === "cpu" || cudaBuildsOf(release)?.includes(build) === true;
  const known = torchCuda(match) !== undefined || match.context.log.torchBuild !== undefined;
  return pip(
    match,
    `install --no-cache-dir torch==${release}${known && there ? ` --index-url https://download.pytorch.org/whl/${build}` : ""}`,
  );
}

/** The text shows that it loads once torch is there. */
function loadsAfterTorch(match: Match): boolean {
  const { loadsAfterTorch: loads } = match.context.log;
  return loads !== undefined && (loads === moduleOf(match) || loads === match.facts["name"]);
}

/** What the program has to do first. */
function torchFirst(match: Match): string[] {
  const name = moduleOf(match);
  return [
    `${python(match)} -c "import torch, ${name}"`,
    `# in the program: the line import torch above the first import of ${name} (in its package's __init__.py, when it is a package's own module)`,
    `findstr /s /n /c:"import ${name}" /c:"from ${name}" *.py   # where that is`,
  ];
}

/** Only the module was imported in the session, and torch not before it. */
function withoutTorch({ context }: Match): boolean {
  const { imports, importsLast } = context.log;
  return (
    importsLast && imports.length > 0 && !imports.includes("torch") && context.log.runningModule === imports.at(-1)
  );
}

function torchDlls(match: Match): string[] {
  if (match.facts["code"] === "dll-not-found") {
    const runTime =
      "# msvcp140.dll, vcruntime140*.dll: the newest Visual C++ run time, https://aka.ms/vs/17/release/vc_redist.x64.exe; libomp140.x86_64.dll: Visual Studio's C++ tools bring it";
    const wheel = [
      "# no cudnn*.dll or cublas*.dll there, and torch has CUDA: the wheel is incomplete; another one:",
      otherWheel(match),
    ];
    // These need nothing of CUDA.
    const plain = /[\\/](?:c10|fbgemm|asmjit|uv|shm|libiomp\w*)\.dll$/i.test(match.facts["name"] ?? "");
    return [tryDlls(match), ...(plain ? [runTime, ...wheel] : [...wheel, runTime])];
  }
  return [
    "winget install --id Microsoft.VCRedist.2015+.x64   # the newest Visual C++ run time (or https://aka.ms/vs/17/release/vc_redist.x64.exe); then a new prompt, and the program again",
    `where ${baseName((match.facts["name"] ?? "c10.dll").replaceAll("\\", "/"))} cudnn64_9.dll cublas64_12.dll msvcp140.dll   # others of the same name earlier on PATH? take them off`,
    "# still so? import torch loads every DLL in its lib folder: one that an older torch left there fails too. Take out all copies and the folder, then install one:",
    `# ${pip(match, "uninstall -y torch")}   # until it says that there is none${match.context.log.conda ? "; and: conda remove --force pytorch" : ""}`,
    "# rmdir /s /q <site-packages>\\torch   # what is left of it",
    `# ${
      sameTorch(match) ??
      `${pip(match, `install --no-cache-dir torch --index-url https://download.pytorch.org/whl/${torchIndex(match)}`)}   # in the release that is wanted (torch==…), for your CUDA or cpu`
    }`,
  ];
}

/** How such a build comes about: of a package by its wheel, of one's own by files that were left. */
function builtElsewhere(match: Match): string {
  const name = packageOf(match);
  const { versions, installedTorch } = match.context.log;
  if (name === undefined || ofJit(match)) return "a stale build: look for `ninja: no work to do`";
  if (!isWellKnown(name)) return "a build of another day";
  const version = versions[name];
  return `${name}${version === undefined ? "" : ` ${version}`} has wheels for some releases of torch alone${installedTorch === undefined ? "" : `; here is torch ${installedTorch}`}`;
}

export const windowsLoadingRules: readonly Rule[] = [
  {
    id: "dll-not-found",
    title: "A DLL that the module needs is not found",
    on: ["load"],
    specificity: 75,
    matches: (finding) =>
      coded(finding, "dll-not-found", "dll", "dll-init") === undefined
        ? undefined
        : { name: finding.library, code: finding.code },
    // Which DLL it is, Windows does not say.
    confidence: (match) =>
      match.facts["code"] === "dll-not-found" &&
      earlyImport(match) === undefined &&
      !ofTorch(match) &&
      !/^[a-z][a-z\d]*$/.test(match.facts["name"] ?? "")
        ? "high"
        : "medium",
    cause: (match) =>
      vendorOf(match) !== undefined
        ? `\`${match.facts["name"] ?? ""}\` is there, but a DLL that it needs is not found, or does not start: ${vendors[vendorOf(match) ?? "amd"].cause}.`
        : ofProgram(match)
          ? isLibtorchDll(match)
            ? `The program does not start: it needs \`${match.facts["name"] ?? ""}\` of LibTorch, and Windows finds that neither beside the program nor on PATH.`
            : "A program with LibTorch does not start, because a DLL that it needs is found nowhere: LibTorch's own DLLs are neither beside the program nor on PATH, or those of CUDA or the Visual C++ run time are missing. Windows does not say which."
          : ofTorch(match)
            ? `${match.facts["name"] === undefined ? "A DLL" : `\`${match.facts["name"]}\``} is torch's own and is there, but a DLL that it needs is not found, or does not start: ${match.facts["code"] === "dll-not-found" ? "the wheel does not hold all that it needs (a nightly or a build for a new Python without cuDNN's or CUDA's DLLs, an installation that broke off), " : ""}the Visual C++ run time is missing or older than the compiler that built torch (a conda package or another program may bring an old msvcp140.dll), or (fbgemm, shm) the OpenMP run time libomp140.x86_64.dll is missing. Windows does not say which.`
            : withoutTorch(match)
              ? `\`${moduleOf(match)}\` was imported before torch: the DLLs of torch that it needs lie in torch\\lib, where Windows looks only after import torch. (When it fails after that, too, it was built for another torch, CUDA or Python.)`
              : loadsAfterTorch(match)
                ? `\`${moduleOf(match)}\` was imported before torch: the DLLs of torch that it needs lie in torch\\lib, where Windows looks only after import torch. The text shows that it loads then: nothing is wrong with the build.`
                : earlyImport(match) !== undefined
                  ? `\`${moduleOf(match)}\` is there, and the DLLs of torch that it needs lie in torch\\lib, where Windows looks only after import torch: the program imports it among its first lines, and as it seems torch not before it. (When it fails after that, too, it was built for another torch, CUDA or Python.)`
                  : `${match.facts["name"] === undefined ? "The module" : `\`${match.facts["name"]}\``} is there, but a DLL that it needs is not found, or does not start: torch was not imported first (its DLLs lie in torch\\lib), it was built for another torch, CUDA or Python (${builtElsewhere(match)}), or the Visual C++ run time is missing.`,
    fix: (match) => {
      const early = earlyImport(match);
      return vendorOf(match) !== undefined
        ? [
            ...vendors[vendorOf(match) ?? "amd"].fix,
            "# no such GPU in this machine: install the torch for what it has, https://pytorch.org/get-started/locally/",
          ]
        : ofProgram(match)
          ? programDlls(match)
          : ofTorch(match)
            ? torchDlls(match)
            : loadsAfterTorch(match)
              ? torchFirst(match)
              : early !== undefined
                ? [
                    ...torchAtHead(match, early),
                    '# Visual C++ run time: https://aka.ms/vs/17/release/vc_redist.x64.exe; other DLLs: os.add_dll_directory(r"...\\CUDA\\vXX\\bin")',
                  ]
                : [
                    ...(ofJit(match)
                      ? [
                          `${python(match)} -c "import torch; print(torch.version.cuda)" & nvcc --version   # one release? load() compiles with this nvcc, and the module then asks for the DLLs of its CUDA (cudart64_*.dll): torch\\lib has those of torch's alone`,
                        ]
                      : moduleOf(match) === "the_extension"
                        ? ["# import torch first, in the program and in a test: import torch, and the module below it"]
                        : [`${python(match)} -c "import torch, ${moduleOf(match)}"`]),
                    // Which module it is, is not told, and importing torch mends it as a rule.
                    ...(!ofJit(match) && (moduleOf(match) === "the_extension" || withoutTorch(match))
                      ? [
                          `# still so after that, and torch was changed since it was built: ${inOwnTool(
                            rebuild(match),
                            match,
                          )
                            .filter((line) => !line.startsWith("#"))
                            .join(" && ")}`,
                        ]
                      : rebuild(match)),
                    '# Visual C++ run time: https://aka.ms/vs/17/release/vc_redist.x64.exe; other DLLs: os.add_dll_directory(r"...\\CUDA\\vXX\\bin")',
                  ];
    },
    sources: ["BlinkDL/ChatRWKV#99", "pytorch/pytorch#130737", "oobabooga/text-generation-webui#935"],
    examples: [
      {
        text: "ImportError: DLL load failed while importing _C: The specified module could not be found.",
        expect: "torch was not imported first",
      },
      {
        text: '  File "C:\\e\\lib\\site-packages\\torch\\utils\\cpp_extension.py", line 2136, in _import_module_from_library\n    module = importlib.util.module_from_spec(spec)\nImportError: DLL load failed while importing nvdiffrast_plugin: The specified module could not be found.',
        expect: "nvcc --version",
      },
      {
        text: "FileNotFoundError: Could not find module 'C:\\Users\\u\\AppData\\Local\\torch_extensions\\torch_extensions\\Cache\\py310_cu118\\wkv_cuda\\wkv_cuda.pyd' (or one of its dependencies). Try using the full path with constructor syntax.",
        expect: "rmdir",
      },
      {
        text: 'PS E:\\> python -c "import torch; print(torch.__version__)"\n2.7.0+cu128\nPS E:\\> python\nPython 3.12.9 | packaged by Anaconda, Inc. | (main, Feb  6 2025, 18:49:16) [MSC v.1929 64 bit (AMD64)] on win32\n>>> import knn_ext\nTraceback (most recent call last):\n  File "<stdin>", line 1, in <module>\nImportError: DLL load failed while importing knn_ext: The specified module could not be found.\n>>> import torch\n>>> import knn_ext\n>>> ',
        expect: "nothing is wrong with the build",
      },
      {
        text: "PS C:\\dev\\go> cargo run --release\n     Running `target\\release\\go.exe`\nPS C:\\dev\\go> .\\target\\release\\go.exe\ngo.exe - System Error\nThe code execution cannot proceed because torch_cpu.dll was not found. Reinstalling the program may fix this problem.",
        expect: "torch-sys-*",
      },
      {
        text: "The program can't start because c10.dll is missing from your computer. Try reinstalling the program to fix this problem.",
        expect: "copy <libtorch>",
      },
      {
        text: 'Traceback (most recent call last):\n  File "C:\\w\\show.py", line 2, in <module>\n    import raster as r\n  File "C:\\Python311\\Lib\\site-packages\\raster\\render.py", line 15, in <module>\n    import raster_kernel\nImportError: DLL load failed while importing raster_kernel: The specified module could not be found.',
        expect: "above the first import of raster_kernel",
      },
      {
        text: "The program '[3944] example-app.exe' has exited with code -1073741515 (0xc0000135).",
        expect: "copy <libtorch>",
      },
      {
        text: 'OSError: [WinError 126] The specified module could not be found. Error loading "C:\\e\\torch\\lib\\fbgemm.dll" or one of its dependencies.',
        expect: "Visual C++",
      },
      {
        text: 'OSError: [WinError 126] The specified module could not be found. Error loading "C:\\e\\Lib\\site-packages\\torch\\lib\\c10_hip.dll" or one of its dependencies.',
        expect: "amdhip64",
      },
      {
        text: 'OSError: [WinError 126] The specified module could not be found. Error loading "C:\\e\\Lib\\site-packages\\torch\\lib\\c10_xpu.dll" or one of its dependencies.',
        expect: "Level Zero",
      },
    ],
  },
  {
    id: "dll-procedure-missing",
    title: "A DLL does not have a function that the module needs",
    on: ["load"],
    specificity: 76,
    matches: (finding, context) =>
      coded(finding, "dll-procedure") === undefined
        ? undefined
        : { name: finding.library ?? (finding.frames === undefined ? ofLog(context, dllOfTorch) : undefined) },
    confidence: "high",
    cause: (match) =>
      ofProgram(match)
        ? `The program asks for a function${match.finding.symbol === undefined ? "" : ` (\`${match.finding.symbol.slice(0, 120)}\`)`} that the DLLs it finds do not have: those of another LibTorch (another release, Debug beside Release, a Python's torch) come earlier on PATH or lie beside the program, or it was linked with libraries of another one than it was compiled with.`
        : ofTorch(match)
          ? `${match.facts["name"] === undefined ? "A DLL" : `\`${match.facts["name"]}\``} of torch met a DLL of another version of cuDNN, CUDA or the C++ run time that lies earlier on PATH (System32, a CUDA toolkit, conda's Library\\bin), or torch was installed over an older one, whose DLLs are still there; torch up to 1.5 also fails with the first releases of a Python (3.6.0, 3.7.0).`
          : `${who(match)} needs a function that the DLL found on this machine does not have: it was built for another version of torch (or of CUDA or Python) than the installed one.${tagSentence(match, packageOf(match))}`,
    fix: (match) => (ofProgram(match) ? programDlls(match) : ofTorch(match) ? torchDlls(match) : rebuild(match)),
    sources: ["pytorch/pytorch#130737", "LaurentMazare/tch-rs#915", "pytorch/pytorch#109949"],
    examples: [
      {
        text: 'PS E:\\t> python -c "import torch; print(torch.__version__); import gsops_ext"\n2.7.1+cu128\nTraceback (most recent call last):\n  File "E:\\t\\venv\\Lib\\site-packages\\gsops_ext\\__init__.py", line 3, in <module>\n    from . import _C\nImportError: DLL load failed while importing _C: The specified procedure could not be found.\nPS E:\\t> pip list | findstr gsops_ext\ngsops_ext     0.3.3+torch2.5.1.cu124',
        expect: "torch==2.5.1 --index-url https://download.pytorch.org/whl/cu124",
      },
      {
        text: "error: process didn't exit successfully: `target\\debug\\grid.exe` (exit code: 0xc0000139, STATUS_ENTRYPOINT_NOT_FOUND)",
        expect: "cargo clean",
      },
      {
        text: "Demo.exe - Entry Point Not Found\n\nThe procedure entry point ?f@caffe2@@CAGXZ could not be located in the dynamic link library D:\\p\\x64\\Debug\\Demo.exe.",
        expect: "another LibTorch",
      },
      {
        text: 'OSError: [WinError 127] The specified procedure could not be found.\n\nWhile I was trying to install it:\n  File "C:\\e\\lib\\site-packages\\torch\\__init__.py", line 129, in <module>\n    raise err\nOSError: [WinError 127] The specified procedure could not be found. Error loading "C:\\e\\lib\\site-packages\\torch\\lib\\caffe2_detectron_ops.dll" or one of its dependencies.',
        expect: "rmdir /s /q <site-packages>",
      },
      {
        text: '  File "C:\\u\\fairmot\\dcnv2\\dcn_v2.py", line 12, in <module>\n    import _ext as _backend\nImportError: DLL load failed while importing _ext: The specified procedure could not be found.',
        expect: "cd /d C:\\u\\fairmot\\dcnv2",
      },
      {
        text: "ImportError: DLL load failed while importing flash_attn_2_cuda: The specified procedure could not be found.",
        expect: "another version of torch",
      },
      {
        text: '  File "C:\\e\\lib\\site-packages\\torch_sparse\\__init__.py", line 18, in <module>\n    torch.ops.load_library(spec.origin)\n  File "C:\\e\\lib\\ctypes\\__init__.py", line 374, in __init__\nOSError: [WinError 127] The specified procedure could not be found',
        expect: "data.pyg.org",
      },
      {
        text: '  File "P:\\Python37\\lib\\site-packages\\torch\\__init__.py", line 81, in <module>\n    ctypes.CDLL(dll)\n  File "P:\\Python37\\lib\\ctypes\\__init__.py", line 356, in __init__\nOSError: [WinError 127] The specified procedure could not be found',
        expect: "A DLL of torch met",
      },
      {
        text: '  File "C:\\e\\lib\\site-packages\\my_ops\\__init__.py", line 3, in <module>\nOSError: [WinError 127] 找不到指定的程序。',
        expect: "my-ops",
      },
    ],
  },
  {
    id: "dll-blocked",
    title: "Windows does not let the DLL be loaded",
    on: ["load"],
    specificity: 78,
    matches: (finding) =>
      coded(finding, "dll-blocked", "dll-denied") === undefined
        ? undefined
        : { name: finding.library, code: finding.code },
    confidence: "high",
    cause: (match) =>
      match.facts["code"] === "dll-blocked"
        ? `A policy (Smart App Control, AppLocker, WDAC of the company) blocks \`${match.facts["name"] ?? "the module"}\`, because the file is not signed: what is built on the machine never is.`
        : `\`${match.facts["name"] ?? "The module"}\` (or a DLL that it needs) may not be read by this user: it was installed by another user or as administrator, an antivirus program holds it, or the program runs in a sandbox.`,
    fix: (match) =>
      match.facts["code"] === "dll-blocked"
        ? [
            "# Windows Security > App & browser control > Smart App Control: off (it cannot be switched on again); on a managed machine ask for an exception for the environment's folder",
            "# or work in WSL, where the policy does not apply",
          ]
        : [
            'icacls "%CONDA_PREFIX%" /grant "%USERNAME%":(OI)(CI)RX /T   # the environment\'s folder',
            "# better: an environment of one's own: python -m venv .venv; leave its folder out of the antivirus program's checks",
          ],
    sources: ["https://learn.microsoft.com/windows/apps/develop/smart-app-control/overview"],
    examples: [
      {
        text: "ImportError: DLL load failed while importing _C: An Application Control policy has blocked this file.",
        expect: "Smart App Control",
      },
      { text: "ImportError: DLL load failed while importing _C: Zugriff verweigert", expect: "icacls" },
    ],
  },
];
