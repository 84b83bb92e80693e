/** Where a build runs: network file systems, folders that vanish, names that Windows refuses, arguments of ninja. */
import { pip, platformOf, rebuild, removeFolder, setVariable, xformersFor } from "../commands/commands.ts";
import { coded, type Match, type Rule, said, saidAny } from "../rule.ts";
import { isBuiltByPython } from "../commands/typed-builds.ts";

function ofNinja(tool: string): boolean {
  return tool === "ninja";
}

/** cl.exe and link.exe stay with 260 characters; ninja from 1.12 on takes more where Windows does. Source: ninja-build/ninja#2225. */
function longPaths(match: Match): string[] {
  return ofNinja(match.finding.tool) && match.facts["long"] !== undefined
    ? [
        `# or, as administrator, for ninja alone (cl.exe and link.exe keep their limit of 260): reg add HKLM\\SYSTEM\\CurrentControlSet\\Control\\FileSystem /v LongPathsEnabled /t REG_DWORD /d 1 /f, with ${pip(match, 'install --upgrade "ninja>=1.12"')}`,
      ]
    : ["# Windows's setting LongPathsEnabled does not help here: cl.exe and link.exe keep their limit of 260"];
}

/** An environment of conda's by its name, in the drive and the folder where the long path begins. */
const condaEnvironment = /^(?<drive>[A-Za-z]:)[\\/].*?[\\/]envs[\\/](?<name>[\w.-]+)[\\/]/;

/** Folders that pip and its kin make for one build. */
const ofPip = /[\\/]te?mp[\\/]|pip-install-|pip-req-build/i;

/** What is long gets a short name: the environment, the temporary folder, the cache of load(), or the project. Source: conda's documentation of `create` (--clone, -p). */
function shortFolders(match: Match): string[] {
  const quoted = match.finding.file ?? match.facts["path"] ?? "";
  const said = quoted === "" ? match.finding.text : quoted;
  const { drive, name } = condaEnvironment.exec(quoted)?.groups ?? {};
  if (match.facts["long"] !== undefined && drive !== undefined && name !== undefined && /site-packages/.test(quoted))
    return [
      `conda create -y -p ${drive}\\e --clone ${name}   # the same environment under a short path: the build writes each path twice`,
      `conda activate ${drive}\\e`,
      ...longPaths(match),
    ];
  if (/torch_extensions/.test(said)) return ["set TORCH_EXTENSIONS_DIR=C:\\te", ...longPaths(match)];
  // setuptools builds below the folder of setup.py, which the text names by that alone.
  const root = /^(?<root>[A-Za-z]:[\\/].{1,230}?)[\\/]build[\\/]temp\.win/.exec(quoted)?.groups?.["root"];
  if (match.facts["long"] !== undefined && root !== undefined && !isBuiltByPython(match) && !ofPip.test(root))
    return [
      `subst P: "${root.replaceAll("/", "\\")}" & P:   # the project under a short name; away again: subst P: /d`,
      ...longPaths(match),
      pip(match, "install --no-build-isolation ."),
    ];
  if (ofPip.test(said) || match.facts["long"] === undefined || !isBuiltByPython(match))
    return [
      "# move the project, the environment and the temporary folder to short paths of plain ASCII letters:",
      "mkdir C:\\t & set TMP=C:\\t& set TEMP=C:\\t",
      ...longPaths(match),
      ...(match.context.log.package === "xformers" && match.context.log.installedTorch !== undefined
        ? xformersFor(match, match.context.log.installedTorch)
            .slice(-1)
            .map((line) => `# or without a build: ${line}`)
        : []),
    ];
  return [
    'subst P: "%CD%" & P:   # the project under a short name, in the folder of the sources; away again: subst P: /d',
    ...longPaths(match),
  ];
}

/** The folder that scikit-build, setuptools or CMake builds in, where the text names it. */
function buildFolderOf({ context: { log } }: Match): string[] {
  const folder = /^.*?[\\/](?:_skbuild|build)(?=[\\/]|$)/.exec(log.generatedIn ?? "")?.[0];
  return folder === undefined ? [] : [folder.replaceAll("/", "\\")];
}

/**
 * Who keeps what it compiles at run time in a folder of its own, and the variable that names it. flashinfer's folder lies below
 * the one that is named, as .cache/flashinfer. Sources: flashinfer/jit/env.py, python/triton/knobs.py, torch/_inductor/runtime/cache_dir_utils.py.
 */
const caches: readonly (readonly [
  RegExp,
  { readonly variable: string; readonly folder: string; readonly what: string },
])[] = [
  [
    /[\\/]flashinfer[\\/]jit|\.cache[\\/]flashinfer|FLASHINFER_/,
    { variable: "FLASHINFER_WORKSPACE_BASE", folder: "/tmp/$USER", what: "flashinfer's kernels" },
  ],
  [
    /torchinductor|[\\/]torch[\\/]_inductor[\\/]/,
    { variable: "TORCHINDUCTOR_CACHE_DIR", folder: "/tmp/$USER/inductor", what: "what torch.compile writes" },
  ],
  [
    /\.triton[\\/]|[\\/]triton[\\/](?:runtime|compiler|backends)[\\/]/,
    { variable: "TRITON_CACHE_DIR", folder: "/tmp/$USER/triton", what: "Triton's kernels" },
  ],
];

function cacheOf({ finding }: Match): (typeof caches)[number][1] | undefined {
  const said = [finding.text, finding.file, ...(finding.frames ?? [])].join("\n");
  return caches.find(([words]) => words.test(said))?.[1];
}

export const buildSurroundingsRules: readonly Rule[] = [
  {
    id: "path-too-long-or-foreign",
    title: "Windows's tools do not take the path",
    on: ["build-tool", "driver", "missing-library", "compile"],
    specificity: 86,
    matches: (finding, context) => {
      if (finding.code === "C1083") {
        const file = finding.file ?? "";
        if (!/compiler generated file|compiler intermediate file/i.test(finding.message)) return undefined;
        return { ...(file === "" ? {} : { path: file }), long: file.length > 150 || file === "" ? "yes" : undefined };
      }
      const facts = ofNinja(finding.tool)
        ? saidAny(
            finding,
            /(?:Stat|GetFileAttributes\w*|CreateFile|ReadFile)\((?<path>[^)]*)\): .*(?<long>longer than \d+)/,
            /(?:FindFirstFileEx\w?|Stat|GetFileAttributes\w*|CreateFile\w?|CreateDirectory\w?)\((?<path>[^)]*)\): (?:The filename, directory name, or volume label syntax is incorrect|.*(?:incorrect|cannot find the path))/,
          )
        : undefined;
      if (facts !== undefined) return facts;
      return context.log.platform === "win32"
        ? said(finding, /(?<long>path (?:is )?too long|exceeds? the (?:maximum|limit))/i)
        : undefined;
    },
    confidence: (match) => (match.facts["long"] === undefined ? "medium" : "high"),
    cause: (match) =>
      match.facts["long"] !== undefined
        ? `\`${match.facts["path"] ?? "A path"}\` is (most likely) longer than the 260 characters that cl.exe, link.exe and ninja take: the build folder repeats the whole path of each source below a deep temporary folder.`
        : `\`${match.facts["path"] ?? "A path"}\` cannot be opened or written: its folder does not exist, or the path has letters outside of ASCII (a user name), which these tools read in another encoding.`,
    fix: (match) => shortFolders(match),
    sources: [
      "https://learn.microsoft.com/windows/win32/fileio/maximum-file-path-limitation",
      "ninja-build/ninja#2225",
      "pytorch/ort#177",
    ],
    examples: [
      {
        text: "ninja: error: Stat(D:/tools/miniconda3/envs/vision/lib/site-packages/ops/build/temp.win-amd64-cpython-310/Release/tools/miniconda3/envs/vision/lib/site-packages/ops/a.obj): Filename longer than 260 characters",
        expect: "conda create -y -p D:\\e --clone vision",
      },
      {
        text: "C:\\work\\p> python setup.py develop\nninja: error: Stat(C:/work/p/build/temp.win-amd64-cpython-310/Release/work/p/csrc/a.obj): Filename longer than 260 characters",
        expect: 'subst P: "%CD%" & P:',
      },
      {
        text: "fatal error C1083: Cannot open compiler generated file: 'C:\\Users\\u\\AppData\\Local\\Temp\\pip-install-abc\\my_ops_1234\\build\\temp.win-amd64-cpython-311\\Release\\Users\\u\\AppData\\Local\\Temp\\pip-install-abc\\my_ops_1234\\csrc\\attention.obj': No such file or directory",
        expect: "260",
      },
      {
        text: "ninja: error: FindFirstFileExA(c:/users/名/appdata/local/torch_extensions): The filename, directory name, or volume label syntax is incorrect.",
        expect: "ASCII",
      },
      {
        text: "ninja: error: Stat(E:/w/a/third_party/my_ops/build/temp.win-amd64-cpython-310/Release/w/a/third_party/my_ops/csrc/cpu/scale.obj): Filename longer than 260 characters",
        expect: 'subst P: "E:\\w\\a\\third_party\\my_ops" & P:',
      },
      {
        text: "C:\\w>pip install -v --no-build-isolation xformers==0.0.28.post3\nRequirement already satisfied: torch==2.5.1 in c:\\e\\lib\\site-packages (from xformers==0.0.28.post3) (2.5.1+cu124)\n  Building wheel for xformers (setup.py) ... error\nninja: error: Stat(C:/Users/b/AppData/Local/Temp/pip-install-h2/xformers_0b/build/temp.win-amd64-cpython-311/Release/a.obj): Filename longer than 260 characters",
        expect:
          "# or without a build: python -m pip install --no-cache-dir --only-binary xformers xformers torch==2.5.1+cu124",
      },
      { text: "ninja: error: Stat(C:/p/long/a.obj): Filename longer than 260 characters", expect: "TEMP" },
    ],
  },
  {
    id: "ninja-arguments-wrong",
    title: "MAX_JOBS is no number",
    on: ["build-tool"],
    specificity: 84,
    matches: (finding) =>
      ofNinja(finding.tool)
        ? saidAny(finding, /(?<what>invalid -j parameter)/, /unknown target '(?<what>-j|-?\d+)'/)
        : undefined,
    confidence: "high",
    cause: () => "torch's builder hands MAX_JOBS to `ninja -j`, and its value is empty or no whole number.",
    fix: (match) => ['echo "MAX_JOBS=[$MAX_JOBS]"', setVariable(match, "MAX_JOBS", "4")],
    sources: ["pytorch: torch/utils/cpp_extension.py"],
    examples: [
      { text: "ninja: fatal: invalid -j parameter", expect: "MAX_JOBS=4" },
      { text: "ninja: error: unknown target '-j'", expect: "MAX_JOBS" },
    ],
  },
  {
    id: "clock-wrong",
    title: "ninja makes its build file again and again: a clock is wrong",
    on: ["build-tool"],
    specificity: 84,
    matches: (finding) => said(finding, /manifest '[^']*' still dirty after \d+ tries/),
    // A file that its own rule never writes anew, in a build file of CMake or of hand, says the same.
    confidence: "medium",
    cause: () =>
      "A file that build.ninja is made from is younger than build.ninja, even after it was made anew: the clock of the machine (WSL after sleep, a container, a file server) is behind, or files carry times from the future.",
    fix: (match) =>
      platformOf(match) === "win32"
        ? [
            "w32tm /resync   # as administrator: sets the clock",
            'powershell -Command "Get-ChildItem -Recurse -File | Where-Object { $_.LastWriteTime -gt (Get-Date) } | ForEach-Object { $_.LastWriteTime = Get-Date }"   # in the project\'s folder: files from the future',
            ...buildFolderOf(match).map((folder) => removeFolder(match, folder)),
          ]
        : [
            "date; find . -newermt now -not -path './.git/*' | head   # files from the future",
            "find . -newermt now -exec touch {} +",
            "sudo hwclock -s || sudo ntpdate pool.ntp.org   # sets the clock; WSL: wsl --shutdown",
          ],
    sources: [
      "https://ninja-build.org/manual.html",
      "microsoft/vcpkg#30245",
      "thliebig/openEMS-Project#429",
      "https://learn.microsoft.com/windows-server/networking/windows-time-service/windows-time-service-tools-and-settings",
    ],
    examples: [
      { text: "ninja: error: manifest 'build.ninja' still dirty after 100 tries", expect: "touch" },
      {
        text: "[7/9] Re-running CMake...\n-- Build files have been written to: C:/w/ops/build/temp.win-amd64-cpython-310\nninja: error: manifest 'build.ninja' still dirty after 100 tries, perhaps system time is not set",
        expect: "w32tm /resync",
      },
      {
        text: "-- Build files have been written to: C:/w/ops/_skbuild/win-amd64-3.9/cmake-build\nninja: error: manifest 'build.ninja' still dirty after 100 tries",
        expect: "rmdir /s /q C:\\w\\ops\\_skbuild",
      },
    ],
  },
  {
    id: "network-file-system",
    title: "A file vanished on a network file system",
    on: ["system", "exception"],
    specificity: 80,
    matches: (finding) =>
      coded(finding, "network-file-system") ?? said(finding, /Stale file handle|\[Errno 116\]|\.nfs[0-9a-f]{8,}/),
    confidence: "high",
    cause: (match) =>
      `The folder lies on NFS (or another file server), where another machine or process replaced or removed the file while it was in use: several ranks or jobs share one cache of ${cacheOf(match)?.what ?? "extensions"}, or a library is still loaded somewhere.`,
    fix: (match) => {
      const cache = cacheOf(match);
      return [
        cache === undefined
          ? `${setVariable(match, "TORCH_EXTENSIONS_DIR", "/tmp/$USER/torch_extensions")}   # on a disk of this machine, one for each node`
          : `${setVariable(match, cache.variable, cache.folder)}   # on a disk of this machine, one for each node: ${cache.what}`,
        ...(cache === undefined ? rebuild(match) : []),
        "# end programs that have the old file loaded; build once, then start all ranks",
      ];
    },
    sources: [
      "pytorch/pytorch#96589",
      "flashinfer-ai/flashinfer#3777",
      "flashinfer-ai/flashinfer: flashinfer/jit/env.py",
      "https://docs.pytorch.org/docs/stable/torch.compiler_faq.html",
    ],
    examples: [
      {
        text: "OSError: [Errno 116] Stale file handle: '/nfs/home/u/.cache/torch_extensions/py310_cu121/k/k.so'",
        expect: "TORCH_EXTENSIONS_DIR",
      },
      {
        text: 'Traceback (most recent call last):\n  File "/e/lib/python3.11/site-packages/flashinfer/jit/core.py", line 318, in build_and_load\n    with FileLock(self.lock_path, thread_local=False):\n  File "/e/lib/python3.11/site-packages/filelock/_unix.py", line 42, in _acquire\n    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)\nOSError: [Errno 116] Stale file handle',
        expect: 'export FLASHINFER_WORKSPACE_BASE="/tmp/$USER"',
      },
      {
        text: "OSError: [Errno 116] Stale file handle: '/nfs/jo/.triton/cache/K7/__triton_launcher.so'",
        expect: 'export TRITON_CACHE_DIR="/tmp/$USER/triton"',
      },
    ],
  },
  {
    id: "jit-folder-not-made",
    title: "The folder for JIT extensions cannot be made",
    on: ["exception"],
    specificity: 79,
    matches: (finding) =>
      finding.frames?.some((frame) => /cpp_extension\.py:\d+ .*\b_get_build_directory\b/.test(frame)) === true
        ? said(finding, /\[(?:Errno|WinError) (?:2|3|17|20|267)\][^'"]*['"](?<folder>[^'"]+)['"]/)
        : undefined,
    confidence: "high",
    cause: (match) =>
      `torch makes a folder for what load() builds, and \`${match.facts["folder"] ?? ""}\` cannot be made: TORCH_EXTENSIONS_DIR (or the home folder) names a place that is a file, or lies below a folder that takes none.`,
    fix: (match) => [
      platformOf(match) === "win32"
        ? "set TORCH_EXTENSIONS_DIR=C:\\te"
        : "export TORCH_EXTENSIONS_DIR=/tmp/$USER/torch_extensions   # a folder that can be made; for good: a path of your own in ~/.bashrc",
    ],
    sources: ["pytorch: torch/utils/cpp_extension.py"],
    examples: [
      {
        text: '$ TORCH_EXTENSIONS_DIR=/mnt/ro/ext python t.py\nTraceback (most recent call last):\n  File "/w/t.py", line 3, in <module>\n    m = load_inline("addone", cpp_sources=src)\n  File "/e/lib/python3.11/site-packages/torch/utils/cpp_extension.py", line 2218, in load_inline\n    build_directory = build_directory or _get_build_directory(name, verbose)\n  File "/e/lib/python3.11/site-packages/torch/utils/cpp_extension.py", line 2827, in _get_build_directory\n    os.makedirs(build_directory, exist_ok=True)\n  File "<frozen os>", line 225, in makedirs\nFileNotFoundError: [Errno 2] No such file or directory: \'/mnt/ro/ext\'',
        expect: "export TORCH_EXTENSIONS_DIR=/tmp/$USER/torch_extensions",
      },
    ],
  },
  {
    id: "jit-folder-vanished",
    title: "The build folder of a JIT extension is not there",
    on: ["exception"],
    specificity: 78,
    matches: (finding) =>
      finding.code === "FileNotFoundError"
        ? said(
            finding,
            /'(?<folder>[^']*torch_extensions[\\/][^']*)[\\/](?:build\.ninja|lock|\.ninja_log|main\.cpp|cuda\.cu|[\w.-]+\.(?:o|obj|pyd|so))'/,
          )
        : undefined,
    confidence: "medium",
    cause: (match) =>
      `\`${match.facts["folder"] ?? ""}\` was removed while torch built in it, or never made: another process (a second rank, a cleaning job) deleted it, or the folder above may not be written.`,
    fix: (match) => [
      removeFolder(match, match.facts["folder"] ?? ""),
      platformOf(match) === "win32"
        ? "set TORCH_EXTENSIONS_DIR=C:\\te"
        : "export TORCH_EXTENSIONS_DIR=/tmp/$USER/torch_extensions   # when the folder may not be written or is shared",
      "# run it once in one process; then start all ranks",
      ...(match.context.log.typedProgram === undefined || match.context.log.docker || match.context.log.notebook
        ? []
        : [match.context.log.typedProgram]),
    ],
    sources: ["pytorch/pytorch#96589"],
    examples: [
      {
        text: "FileNotFoundError: [Errno 2] No such file or directory: '/root/.cache/torch_extensions/py39_cu117/fused/build.ninja'",
        expect: "one process",
      },
    ],
  },
  {
    id: "operator-build-failed-earlier",
    title: "The object of a compiled operator is half made: its build failed before",
    on: ["exception"],
    role: "symptom",
    specificity: 62,
    matches: (finding) =>
      saidAny(
        finding,
        /'(?<type>DeepSpeedCPU(?:Adam|Adagrad|Lion)|FusedAdam|FusedLamb|AsyncTensorSwapper)' object has no attribute '(?<name>ds_opt_\w+|multi_tensor_\w+)'/,
      ),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["type"] ?? ""}\` is being deleted after its constructor failed, because the operator could not be built or loaded. This line is only the echo: the reason stands above it.`,
    fix: () => [
      "# look for the first error above (nvcc, CUDA_HOME, a version mismatch), or build the operator alone:",
      'python -c "import deepspeed; deepspeed.ops.op_builder.CPUAdamBuilder().load()"',
      "ds_report",
    ],
    sources: ["microsoft/DeepSpeed#1846"],
    examples: [
      { text: "AttributeError: 'DeepSpeedCPUAdam' object has no attribute 'ds_opt_adam'", expect: "ds_report" },
    ],
  },
];
