/** The environment of a build: another torch than the one that is meant, programs that may not be run, spaces, Microsoft's Python. */
import {
  installWithoutIsolation,
  pip,
  platformOf,
  removeFolder,
  setVariable,
  torchCuda,
} from "../commands/commands.ts";
import { baseName } from "../parsers/parser.ts";
import { type Rule, type RuleContext, said, saidAny } from "../rule.ts";

/** torch that was fetched for the build alone speaks. */
function isolatedTorch(context: RuleContext): boolean {
  return context.findings.some(
    ({ frames, file }) =>
      frames?.some((frame) =>
        /(?:pip-build-env-|builds-v0|build-env-)[^:]*[\\/]torch[\\/]utils[\\/]cpp_extension/.test(frame),
      ) === true || /(?:pip-build-env-|builds-v0)[^:]*[\\/]torch[\\/]/.test(file ?? ""),
  );
}

/** A path without a drive that begins in the middle of one: `Gao\Documents\…` of `C:\Users\Xiang Gao\Documents\…`. */
const cutAtSpace =
  /^(?:Files(?: \(x86\))?[\\/](?:NVIDIA|Microsoft|Python|Intel|AMD|CMake|Git)|[\w.()-]{1,40}[\\/](?:Documents|Desktop|Downloads|AppData|OneDrive|Dokumente|source[\\/]repos|anaconda3|miniconda3|GitHub)[\\/])/i;

export const buildEnvironmentRules: readonly Rule[] = [
  {
    id: "isolated-torch-of-other-cuda",
    title: "The isolated build has another torch, for another CUDA, than the one that is installed",
    on: ["exception"],
    specificity: 86,
    matches: (finding, context) =>
      /detected CUDA version .*mismatches|mismatches the version that was used to compile/is.test(finding.message) &&
      isolatedTorch(context)
        ? (said(finding, /CUDA version \((?<nvcc>[\d.]+)\) mismatches .*?PyTorch\s*\((?<torch>[\d.]+)\)/s) ?? {})
        : undefined,
    confidence: "high",
    cause: (match) =>
      `The torch that compares is not the installed one: pip's (uv's) build isolation fetched the newest torch${match.facts["torch"] === undefined ? "" : ` (for CUDA ${match.facts["torch"]})`} into a temporary environment, and its CUDA is not that of the toolkit${match.facts["nvcc"] === undefined ? "" : ` (${match.facts["nvcc"]})`}. A package that is built so would not load with the installed torch, either.`,
    fix: (match) => installWithoutIsolation(match),
    sources: ["state-spaces/mamba#679", "https://pip.pypa.io/en/stable/cli/pip_install/#cmdoption-no-build-isolation"],
    examples: [
      {
        text: 'Traceback (most recent call last):\n  File "/tmp/pip-build-env-2w/overlay/lib/python3.10/site-packages/torch/utils/cpp_extension.py", line 416, in _check_cuda_version\n    raise RuntimeError(CUDA_MISMATCH_MESSAGE.format(cuda_str_version, torch.version.cuda))\nRuntimeError:\nThe detected CUDA version (11.7) mismatches the version that was used to compile\nPyTorch (12.4). Please make sure to use the same CUDA versions.',
        expect: "--no-build-isolation",
      },
    ],
  },
  {
    id: "program-may-not-be-run",
    title: "A program on PATH may not be run",
    on: ["exception", "missing-program", "system"],
    specificity: 84,
    matches: (finding) =>
      finding.kind === "missing-program" && !/Permission/.test(finding.message)
        ? undefined
        : saidAny(
            finding,
            /(?:\[Errno 13\] )?Permission denied: ['"](?<name>nvcc|ninja|cmake|gcc|g\+\+|c\+\+|cc|clang(?:\+\+)?|git|nvidia-smi|ptxas|hipcc|ldconfig|\/\S+\/bin\/(?:nvcc|ninja|cmake|ptxas|g\+\+[\w.-]*|gcc[\w.-]*))['"]/,
            /(?:sh|bash): (?:line )?\d+: (?<name>\S*(?:nvcc|ninja|cmake|ptxas|hipcc)): Permission denied/,
          ),
    confidence: "high",
    cause: (match) =>
      `The system found \`${match.facts["name"] ?? ""}\` and may not run it: a folder or a file without the right to execute has that name in a folder of PATH (a toolkit that was copied or unpacked without its rights, a disk mounted noexec, in WSL a folder of Windows' PATH below /mnt/c).`,
    fix: (match) => {
      const name = match.facts["name"] ?? "nvcc";
      return [
        `type -a ${baseName(name)}; echo "$PATH" | tr ':' '\\n'   # which folder is it, and may it be read?`,
        name.includes("/")
          ? `chmod +x ${name} "$(dirname ${name})"/*`
          : `chmod +x "$(command -v ${name})"   # or, when another one is meant:`,
        "export PATH=/usr/local/cuda/bin:$(echo \"$PATH\" | tr ':' '\\n' | grep -v '^/mnt/' | paste -sd:)",
        "# WSL, for good: /etc/wsl.conf: [interop] appendWindowsPath = false",
      ];
    },
    sources: ["pytorch/pytorch#185733", "https://learn.microsoft.com/windows/wsl/wsl-config"],
    examples: [
      {
        text: "torch._inductor.exc.InductorError: PermissionError: [Errno 13] Permission denied: 'nvcc'",
        expect: "appendWindowsPath",
      },
      { text: "/bin/sh: 1: /usr/local/cuda/bin/nvcc: Permission denied", expect: "chmod +x /usr/local/cuda/bin/nvcc" },
    ],
  },
  {
    id: "cuda-home-quoted",
    title: "Windows may not run nvcc at the path that CUDA_HOME makes",
    on: ["exception"],
    specificity: 82,
    matches: (finding) =>
      /^\[WinError (?:5|123|267)\]/.test(finding.message) &&
      !/['"][A-Za-z]:/.test(finding.message) &&
      finding.frames?.some((frame) => /_check_cuda_version|nvcc|get_cuda/.test(frame)) === true
        ? {}
        : undefined,
    confidence: "high",
    cause: () =>
      'nvcc is started as CUDA_HOME\\bin\\nvcc, and that is no program: CUDA_HOME holds quotes (cmd takes them into the value: set CUDA_HOME="C:\\…"), ends in bin, or names a folder alone.',
    fix: (match) => [
      "echo [%CUDA_HOME%] [%CUDA_PATH%]   # quotes in it?",
      `set CUDA_HOME=C:\\Program Files\\NVIDIA GPU Computing Toolkit\\CUDA\\v${match.context.log.cuda ?? torchCuda(match) ?? "X.Y"}`,
      'set "CUDA_HOME=%CUDA_HOME%" & "%CUDA_HOME%\\bin\\nvcc" --version   # quotes around the whole, none inside',
    ],
    sources: ["facebookresearch/pytorch3d#1353"],
    examples: [
      {
        text: 'Traceback (most recent call last):\n  File "C:\\e\\lib\\site-packages\\torch\\utils\\cpp_extension.py", line 771, in _check_cuda_version\n    cuda_version_str = subprocess.check_output([nvcc, \'--version\'])\n  File "C:\\e\\lib\\subprocess.py", line 1207, in _execute_child\n    startupinfo)\nPermissionError: [WinError 5] Access is denied',
        expect: "quotes",
      },
    ],
  },
  {
    id: "path-cut-at-space",
    title: "A path with a space was cut in two",
    on: ["missing-library", "link", "driver"],
    specificity: 88,
    matches: (finding) => {
      const path = finding.library ?? finding.file ?? "";
      return cutAtSpace.test(path) ? { path } : undefined;
    },
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["path"] ?? ""}\` is the second half of a path: the project, the environment or the user's folder has a space in its name, and the build passed it on without quotes.`,
    fix: (match) => [
      platformOf(match) === "win32"
        ? '# move the project and the environment to paths without spaces (C:\\src\\project, C:\\envs\\e); or by a short name: subst P: "C:\\Users\\First Last\\project" and build in P:\\'
        : "# a path without spaces: ln -s '/path with space/project' ~/project && cd ~/project, then build in an empty folder",
      removeFolder(match, "build"),
    ],
    sources: ["pytorch/pytorch#42657", "pytorch/pytorch#38781"],
    examples: [
      {
        text: "LINK : fatal error LNK1181: cannot open input file 'Gao\\Documents\\GitHub\\p\\build\\lib\\ops.lib'",
        expect: "subst P:",
      },
      {
        text: "LINK : fatal error LNK1181: cannot open input file 'Files\\NVIDIA GPU Computing Toolkit\\CUDA\\v11.8\\lib\\x64\\cudart.lib'",
        expect: "second half",
      },
    ],
  },
  {
    id: "static-library-too-large",
    title: "A static library is larger than Microsoft's tools can write",
    on: ["link"],
    specificity: 84,
    matches: (finding) =>
      // With 80000000 it is the 2 GB of a DLL: another rule's.
      said(finding, /image size \((?<size>[0-9A-F]+)\) exceeds maximum allowable size \(FFFFFFFF\)/),
    confidence: "high",
    cause: (match) =>
      `lib.exe and link.exe write files of at most 4 GB (FFFFFFFF)${match.facts["size"] === undefined ? "" : `, and this one would have 0x${match.facts["size"]} bytes`}: a static library, or a DLL with many GPU architectures, in which the debug information stands inside of the objects (/Z7).`,
    fix: (match) => [
      "set BUILD_SHARED_LIBS=ON & set MSVC_Z7_OVERRIDE=OFF   # torch's own build; elsewhere: cmake -DBUILD_SHARED_LIBS=ON -DCMAKE_BUILD_TYPE=Release ..",
      `${setVariable(match, "TORCH_CUDA_ARCH_LIST", "8.6")}   # with CUDA: fewer architectures`,
      "# without /Z7 and /Zi in the flags (CMAKE_MSVC_DEBUG_INFORMATION_FORMAT empty)",
    ],
    sources: [
      "https://learn.microsoft.com/cpp/error-messages/tool-errors/linker-tools-error-lnk1248",
      "pytorch/pytorch#31852",
    ],
    examples: [
      {
        text: "lib\\torch_cpu.lib : fatal error LNK1248: image size (1006EE7A4) exceeds maximum allowable size (FFFFFFFF)",
        expect: "BUILD_SHARED_LIBS",
      },
    ],
  },
  {
    id: "python-of-microsoft-store",
    title: "Python of the Microsoft Store hides what it writes below AppData",
    on: ["build-tool", "exception"],
    specificity: 86,
    matches: (finding, context) =>
      context.log.storePython &&
      /torch_extensions/.test(`${context.log.jitFolder ?? ""} ${finding.message} ${finding.file ?? ""}`) &&
      saidAny(finding, /loading 'build\.ninja'/, /Could not find module|build\.ninja/) !== undefined
        ? {}
        : undefined,
    confidence: "high",
    cause: () =>
      "This Python comes from the Microsoft Store: what it writes below AppData\\Local goes to a folder of its own, which other programs do not see. torch writes build.ninja there, and ninja, which is no part of it, finds no such folder.",
    fix: (match) => [
      "set TORCH_EXTENSIONS_DIR=C:\\te   # a folder outside of AppData",
      "# better: Python from python.org, uv (uv venv --python 3.11) or conda",
      ...(match.context.log.jitFolder === undefined ? [] : [removeFolder(match, match.context.log.jitFolder)]),
    ],
    sources: [
      "https://docs.python.org/3/using/windows.html#redirection-of-local-data-registry-and-temporary-paths",
      "NVlabs/nvdiffrast#111",
    ],
    examples: [
      {
        text: "Emitting ninja build file C:\\Users\\u\\AppData\\Local\\torch_extensions\\torch_extensions\\Cache\\py310_cu117\\p\\build.ninja...\nninja: error: loading 'build.ninja': The system cannot find the path specified.\n  File \"C:\\Program Files\\WindowsApps\\PythonSoftwareFoundation.Python.3.10_3.10.2800.0_x64__qbz5n2kfra8p0\\lib\\subprocess.py\", line 526, in run",
        expect: "TORCH_EXTENSIONS_DIR",
      },
    ],
  },
  {
    id: "extra-compile-args-keys",
    title: "extra_compile_args lacks the flags of one compiler",
    on: ["exception"],
    specificity: 80,
    matches: (finding) =>
      finding.code === "KeyError" && finding.frames?.some((frame) => /cpp_extension\.py/.test(frame)) === true
        ? said(finding, /^['"](?<key>cxx|nvcc|nvcc_dlink|sycl|hipcc)['"]/)
        : undefined,
    confidence: "high",
    cause: (match) =>
      `setup.py gives extra_compile_args as a dict without the key '${match.facts["key"] ?? ""}', and this torch reads it: a dict has to name the flags of each compiler, 'cxx' and 'nvcc'.`,
    fix: (match) => [
      `# setup.py: extra_compile_args={'cxx': [], 'nvcc': [...]} — the key '${match.facts["key"] ?? ""}' may be an empty list`,
      "grep -n extra_compile_args setup.py",
    ],
    sources: ["https://docs.pytorch.org/docs/stable/cpp_extension.html", "facebookresearch/mvp#1"],
    examples: [
      {
        text: "  File \"/e/torch/utils/cpp_extension.py\", line 445, in unix_wrap_ninja_compile\n    post_cflags = extra_postargs['cxx']\nKeyError: 'cxx'",
        expect: "'cxx': []",
      },
    ],
  },
  {
    id: "setuptools-too-old-for-torch",
    title: "torch says that setuptools is too old",
    on: ["exception"],
    specificity: 82,
    matches: (finding) => said(finding, /^setuptools\s?(?:>=|>)\s?(?<need>[\d.]+) is required/),
    confidence: "medium",
    cause: (match) =>
      `torch compares the CUDA versions by numbers that this setuptools (or its copy of packaging) does not give: it is older than ${match.facts["need"] ?? "wanted"}, or another one comes first. It looks so closely only when nvcc's CUDA and torch's differ in the first place.`,
    fix: (match) => [
      pip(match, "install --upgrade setuptools packaging"),
      'nvcc --version | tail -2; python -c "import torch; print(torch.version.cuda)"   # they should be of one major version',
    ],
    sources: ["pytorch/pytorch#113550"],
    examples: [{ text: "ValueError: setuptools>=49.4.0 is required", expect: "install --upgrade setuptools" }],
  },
];
