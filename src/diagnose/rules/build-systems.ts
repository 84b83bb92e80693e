/** ninja, make, CMake, and torch's own build: locks, build files, caches. */
import { oneCompiler, pip, platformOf, python, removeFolder } from "../commands/commands.ts";
import type { Finding } from "../finding.ts";
import { coded, type Match, type Rule, said, saidAny } from "../rule.ts";
import { cmakeAgain } from "../commands/typed-again.ts";

/** A name or path that is too long, not a command: `path-too-long` has it. */
export function aboutPath(finding: Finding): boolean {
  if (/\[Errno 36\]|File name too long|Filename too long/.test(finding.message)) return true;
  return (
    /\[WinError 206\]/.test(finding.message) &&
    !/CreateProcess|subprocess|Popen|spawn|link\.exe|cl\.exe/.test(
      `${finding.message} ${(finding.frames ?? []).join(" ")}`,
    )
  );
}

/** The folder of JIT extensions. */
export function jitRoot(match: Match): string {
  const printed = match.context.findings.find(({ code }) => code === "extensions-root")?.message;
  return (
    match.context.log.jitFolder ??
    match.facts["root"] ??
    match.context.log.toldVariables["TORCH_EXTENSIONS_DIR"] ??
    /^Using (\S.*?) as PyTorch extensions root/.exec(printed ?? "")?.[1] ??
    (platformOf(match) === "win32" ? "%LOCALAPPDATA%\\torch_extensions" : "~/.cache/torch_extensions")
  );
}

/** An extension that load() builds under the Store's Python. */
function isStoreJit(match: Match): boolean {
  return match.context.log.storePython && /loading 'build[\w.]*\.ninja':/.test(match.finding.message);
}

/** The machine that built went away, and nobody says that its time was over. */
export function runnerLost({ finding, context: { findings } }: Match): boolean {
  const said = [finding, ...findings.filter(({ code }) => code === "runner-stopped")].map(({ text }) => text);
  return (
    said.some((text) => /lost communication|received a shutdown signal/.test(text)) &&
    !said.some((text) => /operation was canceled|exceeded the maximum|timed out/.test(text))
  );
}

/** The source for the GPU under another name, in its folder and in the list of sources. */
function renamedSource(match: Match): string[] {
  const object = /[\\/]build[\\/]temp\.[^\\/]+[\\/](?<stem>(?![\\/]).+?)\.o(?:bj)?$/.exec(match.facts["file"] ?? "");
  const stem = object?.groups?.["stem"];
  if (stem === undefined || platformOf(match) === "win32" || match.context.log.installer !== undefined)
    return [
      `# rename one of the sources (${stem === undefined ? "Adam.cu → Adam_cuda.cu" : `${stem}.cu → ${stem}_cuda.cu`}), in its folder and in setup.py`,
    ];
  return [
    `ls ${stem}.*   # the sources; not .cpp and .cu: rename another one of them`,
    `mv ${stem}.cu ${stem}_cuda.cu`,
    `sed -i.bak 's|${stem.split("/").at(-1) ?? ""}\\.cu\\b|${stem.split("/").at(-1) ?? ""}_cuda.cu|g' setup.py   # the list of sources; one that glob() makes needs no change`,
  ];
}

/** A CI service says that the job's time ran out: fewer compilers would make it longer still. */
const ofTime = /took longer than|timeout was exceeded|exceeded the maximum execution time/;

function moreTime({ context: { log } }: Match): string[] {
  return [
    log.hostedRunner
      ? "# the workflow, the job: timeout-minutes: 240"
      : "# .gitlab-ci.yml, the job: timeout: 4h   (no longer than the runner's own limit)",
    'export MAX_JOBS="$(nproc)"   # all processors, where memory allows: nvcc takes 2 to 6 GB each',
    'export TORCH_CUDA_ARCH_LIST="8.0"   # the one GPU that will run it (A100 8.0, RTX 30 8.6, L4 8.9, H100 9.0): each more compiles everything once more',
    ...(/(?:^|\s)flash[-_]attn/.test([log.package ?? "", ...(log.installs ?? [])].join(" "))
      ? [
          "export FLASH_ATTN_CUDA_ARCHS=80   # the same for flash-attn, which does not read the other",
          "# or its ready wheel of https://github.com/Dao-AILab/flash-attention/releases for this torch, CUDA and Python: nothing is compiled then",
        ]
      : []),
    "retorch build -v",
  ];
}

/** The lock in the folder that the call of load() names, which lies elsewhere than torch's own. */
function ownLock(match: Match): string[] {
  const folder = match.context.findings
    .flatMap(({ frames }) => frames ?? [])
    .map((frame) => /build_directory=["'](?<folder>[\w./~-]+)["']/.exec(frame)?.groups?.["folder"])
    .find((each) => each !== undefined);
  return folder === undefined
    ? []
    : [`rm -f ${folder.replace(/\/$/, "")}/lock   # build_directory of the call, from where the program was started`];
}

export const buildSystemRules: readonly Rule[] = [
  {
    id: "build-folder-race",
    title: "Several processes make the folder of a JIT build at once",
    on: ["exception"],
    specificity: 82,
    matches: (finding) =>
      finding.code === "FileExistsError" &&
      !/[\\/]lock['"]?$/.test(finding.message) &&
      (/torch_extensions/.test(finding.message) ||
        finding.frames?.some((frame) => /cpp_extension\.py:\d+ _get_build_directory/.test(frame)) === true)
        ? { folder: /['"]([^'"]+)['"]\s*$/.exec(finding.message)?.[1] }
        : undefined,
    confidence: "high",
    cause: (match) =>
      `Two processes (ranks, DataLoader workers) built the extension for the first time and both wanted to make ${match.facts["folder"] === undefined ? "its folder" : `\`${match.facts["folder"]}\``}; an older torch takes that for an error. The folder is there now.`,
    fix: (match) => [
      match.context.log.typedProgram === undefined || match.context.log.docker || match.context.log.notebook
        ? "# run it again: the folder exists from now on"
        : `${match.context.log.typedProgram}   # the folder exists from now on`,
      `# on new machines: one process builds first (${python(match)} -c "import the_package"; rank 0, then torch.distributed.barrier()), or a folder for each: TORCH_EXTENSIONS_DIR=/tmp/ext_$LOCAL_RANK`,
      `# or a newer torch, which does not stop at a folder that is there: ${pip(match, "install --upgrade torch")}`,
    ],
    sources: ["pytorch/pytorch#46334"],
    examples: [
      {
        text: "FileExistsError: [Errno 17] File exists: '/tmp/torch_extensions/grid_ext'",
        expect: "TORCH_EXTENSIONS_DIR",
      },
    ],
  },
  {
    id: "stale-build-lock",
    title: "Waiting for a lock that nobody holds",
    on: ["exception", "warning"],
    specificity: 80,
    matches: (finding, context) => {
      if (/^Waited on lock file "/.test(finding.message) || finding.code === "lock-wait") return {};
      if (finding.code === "FileExistsError" && /[\\/]lock['"]?$/.test(finding.message)) return {};
      const baton = /file_baton|baton\.wait|_jit_compile/;
      if (finding.kind === "exception") {
        const waits =
          finding.frames?.some((frame) => /file_baton\.py:\d+(?: wait|$)/.test(frame)) === true ||
          baton.test(finding.message);
        return waits &&
          /Timeout|Failed|KeyboardInterrupt|Fatal|timed out/i.test(`${finding.code ?? ""} ${finding.message}`)
          ? {}
          : undefined;
      }
      if (finding.code !== "extensions-root" && finding.code !== "plugin-setup") return undefined;
      // `Using … as PyTorch extensions root...` and then nothing more is how the hang looks.
      const later =
        context.log.extensionLoaded ||
        context.findings.some((other) => other.at > finding.at && other.severity !== "note");
      return later
        ? undefined
        : { root: /^Using (\S.*?) as PyTorch extensions root/.exec(finding.message)?.[1], guess: "yes" };
    },
    confidence: (match) => (match.facts["guess"] === undefined ? "high" : "medium"),
    cause: (match) =>
      `torch's JIT build waits for the file \`lock\` in the extension's build folder. ${match.facts["guess"] === undefined ? "A" : "If nothing more is printed and it hangs here: a"} process that was killed while it built left the lock behind, and torch before 2.14 waits for it for ever.`,
    fix: (match) => {
      const root = jitRoot(match);
      return platformOf(match) === "win32"
        ? [`del /s "${root}\\lock"`, "# then run the program again"]
        : [
            ...(ownLock(match).length > 0
              ? ownLock(match)
              : [`find ${root} -name lock -delete   # when no other build runs`]),
            ...(match.context.log.killedForMemory
              ? [
                  "export MAX_JOBS=2   # the job that left the lock was ended for its memory: fewer compilers at a time (or more memory for the job)",
                ]
              : []),
            ...(match.context.log.hostedRunner
              ? [
                  `# a step of the workflow before this one: run: find ${root} -name lock -delete; or a folder for each job, under env: TORCH_EXTENSIONS_DIR: \${{ runner.temp }}/torch_extensions`,
                ]
              : []),
            "# then run the program again; torch 2.14 and newer use locks that die with their process",
          ];
    },
    sources: [
      "pytorch/pytorch#189245",
      "pytorch/pytorch#59146",
      "PASSIONLab/OpenEquivariance#156",
      "NVlabs/stylegan3#82",
      "sgl-project/sglang#35989",
    ],
    examples: [
      {
        text: '0: Timeout (0:30:00)!\n0: Thread 0x00007f03a51c0740 (most recent call first):\n0:   File "/e/lib/python3.12/site-packages/torch/utils/file_baton.py", line 50 in wait\n0:   File "/e/lib/python3.12/site-packages/torch/utils/cpp_extension.py", line 2156 in _jit_compile\n$ sacct -j 77 -o JobID,State\n77       OUT_OF_ME+',
        expect: "export MAX_JOBS=2",
      },
      {
        text: 'Timeout (0:02:00)!\nThread 0x00007f (most recent call first):\n  File "/e/torch/utils/file_baton.py", line 50 in wait\n  File "/e/torch/utils/cpp_extension.py", line 2156 in _jit_compile',
        expect: "lock -delete",
      },
      {
        text: '  TORCH_EXTENSIONS_DIR: /keep/ext\ncollecting ... Timeout (0:02:00)!\nThread 0x00007f (most recent call first):\n  File "/v/lib/python3.12/site-packages/torch/utils/file_baton.py", line 50 in wait\n##[error]The operation was canceled.',
        expect: "find /keep/ext -name lock -delete",
      },
      {
        text: "/e/lib/python3.12/site-packages/torch/utils/file_baton.py:50: KeyboardInterrupt\n(to show a full traceback on KeyboardInterrupt use --full-trace)",
        expect: "lock -delete",
      },
      {
        text: "    wait (torch/utils/file_baton.py:42)\n    _jit_compile (torch/utils/cpp_extension.py:1523)",
        expect: "lock",
      },
      { text: "Using /root/.cache/torch_extensions/py310_cu117 as PyTorch extensions root...", expect: "lock" },
      {
        text: 'C:\\stylegan3>python gen_images.py --outdir=out\nSetting up PyTorch plugin "bias_act_plugin"...',
        expect: 'del /s "%LOCALAPPDATA%\\torch_extensions\\lock"',
      },
    ],
  },
  {
    id: "nothing-to-make",
    title: "There is no Makefile or build file here",
    on: ["build-tool"],
    specificity: 80,
    matches: (finding) =>
      saidAny(
        finding,
        /No targets specified and no makefile found|(?<target>No rule to make target [\x60'‘]?(?:install|all|build|test)['’]?)/,
      ),
    confidence: "high",
    cause: () =>
      "make was started in a folder without a Makefile: CMake (or configure) was not run there, stopped before it wrote one, or wrote files for ninja; or it is the wrong folder.",
    fix: () => [
      "ls; pwd   # build.ninja there? then: ninja",
      "rm -rf build   # where setup.py drives CMake: a folder whose configuration broke off is not configured again; then the same command",
      "cmake -S . -B build && cmake --build build -j   # by hand; read CMake's own error first when there is one",
    ],
    sources: ["https://www.gnu.org/software/make/manual/html_node/Error-Messages.html"],
    examples: [{ text: "make: *** No targets specified and no makefile found.  Stop.", expect: "cmake --build build" }],
  },
  {
    id: "two-sources-one-object",
    title: "Two sources make the same object file",
    on: ["build-tool"],
    specificity: 82,
    matches: (finding) => said(finding, /multiple rules generate (?<file>[^\s[]+)/),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["file"] ?? ""}\` would be made from two sources: torch's builder names objects by the source's name without its ending (Adam.cpp and Adam.cu in one folder; a/x.cpp and b/x.cpp with load()).`,
    fix: (match) => [
      ...renamedSource(match),
      "retorch build   # names objects by the whole path and never mixes them up",
    ],
    sources: ["nerfstudio-project/gsplat#583", "ninja-build/ninja#1841"],
    examples: [
      {
        text: "ninja: error: build.ninja:28: multiple rules generate /p/build/temp.linux-x86_64-cpython-311/gsplat/cuda/csrc/Adam.o",
        expect: "mv gsplat/cuda/csrc/Adam.cu gsplat/cuda/csrc/Adam_cuda.cu",
      },
      { text: "ninja: error: build.ninja:12: multiple rules generate foo.o [-w dupbuild=err]", expect: "foo.o" },
    ],
  },
  {
    id: "build-directory-stale",
    title: "The build folder is of another place or generator",
    on: ["build-tool"],
    specificity: 75,
    matches: (finding) =>
      saidAny(
        finding,
        /The current CMakeCache\.txt directory (?<dir>\S+) is different/,
        /The source ".*" does not match the source ".*" used to generate cache/,
        /Does not match the generator used previously/,
        /loading 'build[\w.]*\.ninja':/,
        /(?<target>unknown target)(?! '\w+', did you mean)|failed recompaction|bad deps log|loading (?:build|deps) log/,
      ),
    confidence: (match) => (match.facts["target"] === undefined ? "high" : "low"),
    cause: (match) =>
      isStoreJit(match)
        ? "Python is the Microsoft Store's: what it writes below AppData goes to a folder of its own, unseen by other programs. torch writes build.ninja below AppData\\Local\\torch_extensions, and ninja does not find it."
        : "The build folder was made by another generator, in another place (a container, a moved folder), or is half written.",
    fix: (match) =>
      isStoreJit(match)
        ? [
            "set TORCH_EXTENSIONS_DIR=C:\\torch_extensions   # a folder outside of AppData; PowerShell: $env:TORCH_EXTENSIONS_DIR = 'C:\\torch_extensions'",
            "# or a Python from python.org or conda in place of the Store's",
          ]
        : ((match.context.log.jitFolder === undefined ? cmakeAgain(match, []) : undefined) ?? [
            removeFolder(match, match.context.log.jitFolder ?? "build"),
            "# then configure and build again",
          ]),
    sources: ["https://cmake.org/cmake/help/latest/manual/cmake.1.html"],
    examples: [
      { text: "ninja: error: loading 'build.ninja': No such file or directory", expect: "rm -rf" },
      {
        text: "$ cd build && cmake .. && make\nCMake Error: The current CMakeCache.txt directory /w/new/build/CMakeCache.txt is different than the directory /w/old/build where CMakeCache.txt was created.",
        expect: "rm -rf CMakeCache.txt CMakeFiles",
      },
      {
        text: "  File \"C:\\Program Files\\WindowsApps\\PythonSoftwareFoundation.Python.3.10_3.10.2800.0_x64__qbz5n2kfra8p0\\lib\\subprocess.py\", line 526, in run\nRuntimeError: Error building extension 'my_plugin': ninja: error: loading 'build.ninja': The system cannot find the file specified.",
        expect: "TORCH_EXTENSIONS_DIR",
      },
      {
        text: "CMake Error: Error: generator : Ninja\nDoes not match the generator used previously: Unix Makefiles",
        expect: "generator",
      },
    ],
  },
  {
    id: "clock-skew",
    title: "Files carry times from the future",
    on: ["system"],
    role: "advice",
    specificity: 45,
    matches: (finding) => coded(finding, "clock-skew"),
    confidence: "low",
    cause: () =>
      "make or ninja compares times of files, and some are in the future (network file systems, containers, WSL): it may compile too much or too little.",
    fix: () => ["find . -newermt 'now' -exec touch {} +", "# retorch compares contents, never times"],
    sources: ["pytorch/pytorch#58796"],
    examples: [{ text: "make: warning:  Clock skew detected.  Your build may be incomplete.", expect: "touch" }],
  },
  {
    id: "build-interrupted",
    title: "The build was stopped from outside",
    on: ["build-tool", "system", "exception"],
    role: "symptom",
    specificity: 50,
    matches: (finding) =>
      // A program of one's own that was stopped is no build.
      finding.code === "KeyboardInterrupt" &&
      finding.frames !== undefined &&
      !finding.frames.some((frame) =>
        /cpp_extension|setuptools|distutils|setup\.py|subprocess|[\\/]pip[\\/]|ninja|cmake|file_baton|build/.test(
          frame,
        ),
      )
        ? undefined
        : coded(finding, "interrupted", "runner-stopped", "KeyboardInterrupt"),
    confidence: (match) => (match.finding.code === "KeyboardInterrupt" ? "low" : "medium"),
    cause: (match) =>
      /walltime|TIME LIMIT|RUNLIMIT|took longer|execution time/.test(match.finding.message)
        ? "The time that the job was given ran out while it still compiled: nothing of the build itself failed."
        : match.finding.code === "runner-stopped"
          ? runnerLost(match)
            ? "The runner itself was lost in the middle of the build: compilers that ran at once took all its memory (nvcc takes several GB for each file), most of the time; a cancelled run or a machine that was taken away looks the same."
            : "The machine or the job was ended from outside: a time limit, a cancelled run, or memory so short that the runner itself was lost."
          : "Somebody (Ctrl-C) or something stopped the build.",
    fix: (match) => [
      ...(runnerLost(match)
        ? [
            ...oneCompiler(match),
            "retorch build -j 1",
            "# MAX_JOBS is read by torch's builder, CMAKE_BUILD_PARALLEL_LEVEL by CMake. Still too little: fewer architectures (TORCH_CUDA_ARCH_LIST), a larger runner",
          ]
        : []),
      ...(/walltime|RUNLIMIT|DUE TO TIME LIMIT/.test(match.finding.message)
        ? ["sbatch --time=04:00:00 …   # PBS: #PBS -l walltime=04:00:00; LSF: bsub -W 240"]
        : []),
      ...(runnerLost(match)
        ? []
        : [
            ...(ofTime.test(match.finding.message)
              ? moreTime(match)
              : [
                  "# when it was too slow: fewer architectures (TORCH_CUDA_ARCH_LIST), a larger machine, a cache of objects (retorch cache)",
                  "MAX_JOBS=2 retorch build   # when memory was the reason",
                ]),
          ]),
    ],
    sources: ["https://docs.github.com/actions/reference/limits"],
    examples: [
      {
        text: "$ pip install --no-build-isolation ops\n  Building wheel for ops (setup.py): still running...\nERROR: Job failed: execution took longer than 1h0m0s seconds",
        expect: "timeout: 4h",
      },
      {
        text: "##[error]The runner has received a shutdown signal. This can happen when the runner service is stopped, or a manually started runner is canceled.",
        expect: "MAX_JOBS",
      },
      {
        text: "*** scikit-build-core 0.11.6 using CMake 3.31.6 (wheel)\n*** Configuring CMake...\n##[error]The hosted runner lost communication with the server.",
        expect: "CMAKE_BUILD_PARALLEL_LEVEL",
      },
    ],
  },
];
