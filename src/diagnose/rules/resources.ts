/** Memory, disk, permissions, limits; compilers that died. */
import { buildAgain, oneCompiler, pip, platformOf, python, setVariable } from "../commands.ts";
import { newestGccFor } from "../version-facts.ts";
import { coded, type Match, type Rule, saidAny } from "../rule.ts";

function fewerJobs(match: Match): string[] {
  const [first = "", ...others] = oneCompiler(match);
  const { dockerBuild, installer, namesRetorch } = match.context.log;
  const ofInstaller = !namesRetorch && (dockerBuild || installer !== undefined);
  return [
    `${first}   # then as many as fit: a compile with torch/extension.h takes about 1.5 GB, attention kernels up to 6 GB each`,
    ...others,
    ...(ofInstaller ? (dockerBuild ? [] : buildAgain(match)) : ["retorch build -j 1"]),
    "# more memory, or swap: sudo fallocate -l 16G /swapfile && sudo chmod 600 /swapfile && sudo mkswap /swapfile && sudo swapon /swapfile",
  ];
}

/** Programs of a system that is short of memory: databases, servers, browsers. */
const isNoCompiler =
  /^(?:postgres|mysqld?|mariadbd|mongod|redis-server|java|node|nginx|apache2?|httpd|php\S*|dockerd|containerd|kubelet|systemd\S*|snapd|chrom\w*|firefox\S*|Web Content|gnome-shell|Xorg|code|influxd|prometheus|elasticsearch|clickhouse\S*)$/;

/** A crash whose place in the compiler is told: `internal compiler error: in tsubst_copy, at cp/pt.c:15620`. */
const inItself = /internal compiler error: in \w+, at \S+:\d/;

/** A gcc to try in place of the one that crashed: one that the CUDA of the log takes, or the one before. */
function otherGcc(match: Match): string {
  const crashed = Number(
    /\/c\+\+\/(\d+)|gcc(?:-|\/x86_64-[\w-]+\/)(\d+)/.exec(match.finding.text)?.slice(1).find(Boolean) ?? "0",
  );
  const { cuda } = match.context.log;
  const newest = cuda === undefined ? undefined : newestGccFor(cuda);
  const other = newest !== undefined && newest !== crashed ? newest : crashed > 0 ? crashed - 1 : undefined;
  if (other === undefined) return " (g++ --version; then for example CC=gcc-11 CXX=g++-11, or clang)";
  return `: CC=gcc-${other} CXX=g++-${other} (sudo apt-get install g++-${other}), or clang${cuda === undefined ? "; under nvcc it must be one that the CUDA toolkit supports" : ""}`;
}

/** Whether a machine of GitHub's builds. */
function hostedRunner(match: Match): boolean {
  if (match.context.log.hostedRunner) return true;
  return match.context.findings.some(({ text }) =>
    /\/home\/runner\/|hostedtoolcache|cibuildwheel|buildx failed with|\/__w\//.test(text),
  );
}

/** Another toolset of the same Visual Studio: an older one where the text's is one of the newest. */
function olderToolset({ context: { log } }: Match): string {
  const minor = Number(/^14\.(\d{2})/.exec(log.msvc ?? "")?.[1] ?? Number.NaN);
  return minor >= 39
    ? 'call "C:\\Program Files\\Microsoft Visual Studio\\2022\\Community\\VC\\Auxiliary\\Build\\vcvarsall.bat" x64 -vcvars_ver=14.38   # an older toolset; not there: Visual Studio Installer, Individual components, MSVC v143 (14.38-17.8)'
    : "# update Visual Studio, or take the toolset of another version: vcvarsall.bat x64 -vcvars_ver=14.38";
}

/** The file is data that torch opens to read it. */
function isRead(match: Match): boolean {
  return (
    match.facts["path"] !== undefined &&
    platformOf(match) !== "win32" &&
    (match.finding.frames?.some((frame) => /serialization\.py:\d+ (?:load|_open_file_like)\b/.test(frame)) ?? false)
  );
}

/** The file system itself takes no files. */
function readOnly(match: Match): boolean {
  return /Read-only file system|\[Errno 30\]/.test(match.finding.message) && platformOf(match) !== "win32";
}

/** Hands what is somebody else's to the user, as narrowly as the path allows. */
function toOwn(match: Match): string[] {
  const path = match.facts["path"] ?? "";
  const [, environment] = /^(\/[^\s'"]+?)\/lib(?:64)?\/python\d[\d.]*\/(?:site|dist)-packages(?:\/|$)/.exec(path) ?? [];
  if (environment !== undefined)
    return /^\/usr(?:\/local)?$/.test(environment)
      ? [
          "# the system's Python belongs to root: an environment of your own, and torch and the package into that one:",
          `${python(match)} -m venv ~/venv && . ~/venv/bin/activate`,
        ]
      : [
          `sudo chown -R "$(id -un)" ${environment}   # the environment belongs to another user`,
          "# without the right to do so: python3 -m venv ~/venv && . ~/venv/bin/activate, and torch and the package into that one",
        ];
  const folder = /^(\/(?:home|srv|opt|workspace|work|data|mnt|scratch)\/[^\s'"]+)\/[^/]+$/.exec(path)?.[1];
  return folder === undefined || /torch_extensions|\.cache/.test(path)
    ? ["sudo chown -R $(id -un) build *.egg-info   # after an earlier build with sudo"]
    : [`sudo chown -R "$(id -un)" ${folder}   # or build in a copy of the folder that is your own`];
}

export const resourceRules: readonly Rule[] = [
  {
    id: "out-of-memory",
    title: "The machine ran out of memory while compiling",
    on: ["tool-died"],
    specificity: 80,
    matches: (finding, context) => {
      const code = finding.code ?? "";
      if (
        /^(?:signal 9|Killed|out of memory|C1060|C1002|LNK1102|C1076|C3859)$/.test(code) ||
        /Killed/.test(code) ||
        /out of (?:heap|memory)|memory exhausted|bad_alloc|Cannot allocate memory/i.test(finding.message)
      ) {
        return {
          program: finding.program === "" ? undefined : finding.program,
          sure: finding.tool === "shell" ? undefined : "yes",
          alone:
            finding.tool === "shell" &&
            !context.findings.some((other) => other.kind !== "tool-died" && other.kind !== "wrapper")
              ? "yes"
              : undefined,
          other: finding.program !== undefined && isNoCompiler.test(finding.program) ? "yes" : undefined,
          service: /^Command killed due to/.test(finding.text) ? "yes" : undefined,
          running:
            /received by PID|exitcode ?: -9|DataLoader worker|torchrun|elastic/.test(finding.text) ||
            (/slurmstepd/.test(finding.text) && context.log.standard === undefined)
              ? "yes"
              : undefined,
          slurm: /slurmstepd/.test(finding.text) ? "yes" : undefined,
        };
      }
      return code === "cut-off" ? { program: finding.program, sure: "yes" } : undefined;
    },
    confidence: (match) =>
      match.facts["other"] === undefined ? (match.facts["sure"] === undefined ? "medium" : "high") : "low",
    cause: (match) =>
      match.facts["other"] !== undefined
        ? `The kernel killed \`${match.facts["program"] ?? ""}\` when the machine's memory ran out: a program of the system, which is no part of a build. A build that ran beside it may have taken the memory.`
        : match.facts["service"] !== undefined
          ? "The service that builds (Read the Docs, a small CI machine) ended the command because it took too much memory: torch's CUDA wheels have gigabytes, and importing or compiling needs more."
          : match.finding.code === "cut-off"
            ? "The assembler got half a file: the compiler before it was killed, almost always because memory ran out."
            : match.facts["running"] !== undefined
              ? "A process that ran (not a compiler) was killed with signal 9: the kernel, the container or the scheduler does that when the machine's memory (not the GPU's) runs out."
              : match.facts["alone"] !== undefined
                ? "A process was killed (signal 9), which the kernel or the container does when memory runs out: too many compilers ran at once, or pip held a large wheel in memory to cache it."
                : `${match.facts["program"] === undefined ? (match.facts["sure"] === undefined ? "A process" : "A compiler") : `\`${match.facts["program"]}\``} was killed (signal 9) or got no more memory: too many compilers ran at once for the memory of this machine or container.`,
    fix: (match) =>
      match.facts["other"] !== undefined
        ? [
            "sudo dmesg -T | grep -i -E 'out of memory|oom-kill' | tail; ps aux --sort=-rss | head   # who took the memory?",
            "# more memory, or swap; a build beside it: MAX_JOBS=1",
          ]
        : match.facts["service"] !== undefined
          ? [
              pip(
                match,
                "install --no-cache-dir torch --index-url https://download.pytorch.org/whl/cpu   # a tenth of the size",
              ),
              '# documentation alone: autodoc_mock_imports = ["torch", "my_package._C"] in conf.py, and no torch in docs/requirements.txt',
            ]
          : /^C(?:1060|1002|1076|3859)$|^LNK/.test(match.finding.code ?? "")
            ? [
                "set MAX_JOBS=1",
                "# use the 64-bit tools (x64 Native Tools prompt, vcvars64), a larger paging file, -Xcompiler /Zm200",
              ]
            : match.facts["running"] !== undefined
              ? [
                  "sudo dmesg -T | grep -i -E 'out of memory|oom-kill' | tail; cat /sys/fs/cgroup/memory.max   # was it that, and what is the limit?",
                  "# fewer processes and DataLoader workers (num_workers), load checkpoints with torch.load(path, map_location='cpu', mmap=True), or more memory for the container or job",
                ]
              : [
                  ...fewerJobs(match),
                  ...(match.facts["slurm"] === undefined
                    ? []
                    : ["sbatch --mem=32G …   # (srun, salloc) more for the job"]),
                  ...(match.facts["alone"] === undefined || match.context.log.package !== undefined
                    ? []
                    : [
                        pip(
                          match,
                          "install --no-cache-dir torch   # when it was pip that was killed, while it downloaded or unpacked",
                        ),
                      ]),
                ],
    sources: ["rapidsai/cudf#8018", "NVlabs/nvdiffrast#183", "pytorch/pytorch#130443"],
    examples: [
      { text: "nvcc error   : 'cicc' died due to signal 9 (Kill signal)", expect: "MAX_JOBS" },
      {
        text: "$ pip install flash-attn --no-build-isolation\n  Building wheel for flash-attn (setup.py) ... error\n  nvcc error   : 'cicc' died due to signal 9 (Kill signal)\n  ERROR: Failed building wheel for flash-attn",
        expect: "NVCC_THREADS=1\npython -m pip install --no-build-isolation flash-attn",
      },
      {
        text: "c++: fatal error: Killed signal terminated program cc1plus\ncompilation terminated.",
        expect: "MAX_JOBS",
      },
      { text: "g++: internal compiler error: Killed (program cc1plus)", expect: "memory" },
      { text: "Command killed due to excessive memory consumption", expect: "autodoc_mock_imports" },
      { text: "traceback : Signal 9 (SIGKILL) received by PID 12345", expect: "dmesg" },
      {
        text: "{standard input}: Error: open CFI at the end of file; missing .cfi_endproc directive",
        expect: "killed",
      },
      { text: "cc1plus: out of memory allocating 65536 bytes after a total of 1423052800 bytes", expect: "MAX_JOBS" },
      { text: "a.cpp(12): fatal error C1060: compiler is out of heap space", expect: "x64" },
      { text: "clang++: error: unable to execute command: Killed", expect: "MAX_JOBS" },
      { text: "Out of memory: Killed process 12345 (cicc) total-vm:9000000kB", expect: "cicc" },
      {
        text: '#12 ERROR: process "/bin/sh -c pip install flash-attn" did not complete successfully: exit code: 137',
        expect: "MAX_JOBS",
      },
    ],
  },
  {
    id: "installer-out-of-memory",
    title: "pip ran out of memory",
    on: ["exception", "installer"],
    specificity: 78,
    matches: (finding) =>
      finding.code === "MemoryError" &&
      finding.frames?.some((frame) => /[\\/]pip[\\/]|cachecontrol|msgpack/.test(frame)) === true
        ? {}
        : undefined,
    confidence: "high",
    cause: () =>
      "pip holds a whole wheel in memory to put it into its cache, and torch's wheels have gigabytes: this machine or container has less.",
    fix: (match) => [
      pip(match, `install --no-cache-dir ${match.context.log.package ?? "torch"}`),
      "# or more memory (docker: --memory), or uv pip install, which needs less",
    ],
    sources: ["https://pip.pypa.io/en/stable/topics/caching/"],
    examples: [
      {
        text: 'Traceback (most recent call last):\n  File "/usr/lib/python3/dist-packages/pip/_vendor/cachecontrol/filewrapper.py", line 54, in _close\n    self.__buf.getvalue(),\nMemoryError',
        expect: "--no-cache-dir",
      },
    ],
  },
  {
    id: "compiler-crashed",
    title: "The compiler itself crashed",
    on: ["tool-died", "compile"],
    specificity: 70,
    matches: (finding) => {
      if (finding.kind === "compile") return finding.code === "C1001" ? { program: "cl" } : undefined;
      return { program: finding.program === "" ? undefined : finding.program };
    },
    confidence: "medium",
    cause: (match) =>
      `${match.facts["program"] === undefined ? "A compiler" : `\`${match.facts["program"]}\``} crashed (${match.finding.code ?? "internal error"}): a fault of that compiler version with this code, the files of two toolkits mixed, or memory that ran out. ` +
      (/ptxas|cicc|cudafe|nvcc/.test(match.facts["program"] ?? "")
        ? "The same source often compiles with another CUDA release or with fewer optimizations."
        : "The same source often compiles with another release of the compiler."),
    fix: (match) => [
      // Where the compiler names the place in itself, it was not memory.
      ...(inItself.test(match.finding.text) ? [] : [setVariable(match, "MAX_JOBS", "1") + "   # rules out memory"]),
      /ptxas|cicc|cudafe|nvcc/.test(match.facts["program"] ?? "")
        ? "# another CUDA release of the same major version; for ptxas: nvcc flag -Xptxas -O1; look into antivirus on Windows"
        : platformOf(match) === "win32"
          ? olderToolset(match)
          : platformOf(match) === "darwin"
            ? "softwareupdate --list; xcode-select -p   # newer Command Line Tools (or Xcode), or Homebrew's clang: brew install llvm, CC=$(brew --prefix llvm)/bin/clang CXX=$(brew --prefix llvm)/bin/clang++; not GCC, which torch for macOS does not go with"
            : `# another compiler version${otherGcc(match)}; or less optimization for that file: -O1`,
      ...buildAgain(match),
    ],
    sources: ["facebookresearch/xformers#1327", "pytorch/pytorch#45836"],
    examples: [
      {
        text: "FLASH_ATTN_CUDA_ARCHS=120 pip install flash-attn --no-build-isolation\nnvcc error   : 'cicc' died due to signal 11 (Invalid memory reference)",
        expect: "export FLASH_ATTN_CUDA_ARCHS=120\npython -m pip install --no-build-isolation flash-attn",
      },
      { text: "error   : 'ptxas' died with status 0xC0000005 (ACCESS_VIOLATION)", expect: "ptxas" },
      { text: "a.cpp:12:3: internal compiler error: in tsubst_copy, at cp/pt.c:15620", expect: "another release" },
      { text: "nvcc error   : 'cudafe++' died due to signal 11 (Invalid memory reference)", expect: "cudafe++" },
      { text: "c10\\Variadic.h(3): fatal error C1001: Internal compiler error.", expect: "cl" },
      {
        text: "D:\\e\\torch\\include\\pybind11\\cast.h(1219) : fatal error C1001: Internal compiler error.\nerror: command 'C:\\\\Program Files\\\\Microsoft Visual Studio\\\\2022\\\\Community\\\\VC\\\\Tools\\\\MSVC\\\\14.40.33807\\\\bin\\\\HostX86\\\\x64\\\\link.exe' failed with exit code 3765260340",
        expect: "x64 -vcvars_ver=14.38",
      },
    ],
  },
  {
    id: "shared-memory-of-workers",
    title: "The workers of a data loader have too little shared memory",
    on: ["exception", "system", "tool-died"],
    specificity: 84,
    matches: (finding) =>
      saidAny(
        finding,
        /unable to (?:write to|mmap|open shared memory|resize) .*\/torch_/,
        /DataLoader worker .* (?:killed by signal: Bus error|out of shared memory)|insufficient shared memory \(shm\)/,
      ),
    confidence: "high",
    cause: () =>
      "torch hands tensors from worker processes over in /dev/shm, and it is full: containers get 64 MB of it. The extension and its build have no part in it.",
    fix: () => [
      "df -h /dev/shm",
      "# docker run --ipc=host … (or --shm-size=8g); Kubernetes: an emptyDir with medium: Memory at /dev/shm; or num_workers=0",
    ],
    sources: ["https://docs.pytorch.org/docs/stable/multiprocessing.html"],
    examples: [
      {
        text: "RuntimeError: unable to write to file </torch_1234_567_0>: No space left on device (28)",
        expect: "--ipc=host",
      },
      {
        text: "RuntimeError: DataLoader worker (pid 123) is killed by signal: Bus error. It is possible that dataloader's workers are out of shared memory.",
        expect: "/dev/shm",
      },
    ],
  },
  {
    id: "disk-full",
    title: "The disk is full",
    on: ["system", "installer", "exception", "link"],
    specificity: 82,
    matches: (finding) =>
      /unable to (?:write to|mmap|open shared memory|resize) .*\/torch_|NCCL WARN|\/dev\/shm\/nccl-/.test(
        finding.message,
      )
        ? undefined
        : (coded(finding, "disk-full") ??
          (/[Nn]o space left on device|There is not enough space on the disk|Disk quota exceeded/.test(finding.message)
            ? {}
            : undefined)),
    confidence: "high",
    cause: () =>
      "No room is left (or the quota is used up) on the disk of the build folder, of the temporary folder (/tmp), or of pip's cache.",
    fix: (match) =>
      platformOf(match) === "win32"
        ? ["# free room on C:, or set TMP and TEMP to another disk"]
        : hostedRunner(match)
          ? [
              "df -h /",
              "sudo rm -rf /usr/share/dotnet /usr/local/lib/android /opt/ghc /opt/hostedtoolcache/CodeQL /usr/local/share/boost && docker system prune -af   # frees some 30 GB on a GitHub runner: a step before the build",
              "# torch for the CPU alone where no GPU is needed: --index-url https://download.pytorch.org/whl/cpu",
            ]
          : match.context.log.docker || /failed to (?:solve|register layer)|buildx/.test(match.finding.text)
            ? [
                "df -h /var/lib/docker && docker system df",
                "docker builder prune -af   # the cache of builds",
                "# not enough: docker system prune -a removes every image that no container uses, and all stopped containers with what was written in them",
                "# smaller layers: pip install --no-cache-dir, and torch for the CPU where no GPU is needed",
              ]
            : [
                "df -h . /tmp ~/.cache",
                ...(/torch_extensions/.test(match.finding.text)
                  ? [setVariable(match, "TORCH_EXTENSIONS_DIR", "/path/with/room/torch_extensions")]
                  : []),
                ...(/ \/(?:home|root|Users)\//.test(match.finding.message)
                  ? ["export TMPDIR=/path/with/room   # where nvcc and pip put their temporary files"]
                  : [
                      'mkdir -p "$HOME/tmp" && export TMPDIR="$HOME/tmp"   # where compilers and pip put their temporary files: another folder when df shows that this disk is full, too',
                    ]),
                "pip cache purge",
              ],
    sources: ["https://pip.pypa.io/en/stable/cli/pip_cache/"],
    examples: [
      { text: "OSError: [Errno 28] No space left on device", expect: "TMPDIR" },
      {
        text: "thirdparty/eigen/Product.h(145): catastrophic error: error while writing generated C file: No space left on device",
        expect: "TMPDIR",
      },
      { text: "/usr/bin/ld: final link failed: No space left on device", expect: "df -h" },
      { text: "cc1plus: fatal error: error writing to /tmp/ccX.s: No space left on device", expect: "TMPDIR" },
    ],
  },
  {
    id: "permission-denied",
    title: "A file or folder may not be written or run",
    on: ["system", "exception", "installer", "driver"],
    role: "symptom",
    specificity: 58,
    matches: (finding) => {
      const facts =
        coded(finding, "permission", "read-only") ??
        (/PermissionError|Permission denied|Read-only file system/.test(`${finding.code ?? ""} ${finding.message}`)
          ? {}
          : undefined);
      if (facts === undefined || finding.code === "no-output-folder") return undefined;
      return {
        script:
          finding.tool === "shell" || /^(?:-?bash|sh|zsh|dash|\/bin\/\w*sh)\b/.test(finding.text)
            ? /(?:^|: )(\.{0,2}\/\S+|\S+\.sh): Permission denied/.exec(finding.text)?.[1]
            : undefined,
        path:
          /(?:PCH file|opening (?:dependency|output) file) (\S+?):/.exec(finding.message)?.[1] ??
          /(?:denied|system|Denied): ['"]?([^'"\s]+)/.exec(finding.message)?.[1] ??
          /['"]?((?:[A-Za-z]:)?[^\s'":]*[\\/][^\s'":]*)['"]?: (?:Permission denied|Read-only)/.exec(
            finding.message,
          )?.[1],
      };
    },
    confidence: "medium",
    cause: (match) =>
      match.facts["script"] !== undefined
        ? `The shell may not run \`${match.facts["script"]}\`: the file has no right to be executed (an archive, a download or a disk of Windows does not keep it), or it is a folder, or its disk is mounted noexec.`
        : isRead(match)
          ? `\`${match.facts["path"] ?? ""}\` is only read, and this user may not: it belongs to another one, or a folder above it may not be entered. Nothing of torch or a build is at fault.`
          : readOnly(match)
            ? `${match.facts["path"] === undefined ? "A folder" : `\`${match.facts["path"]}\``} lies on a file system that is read-only: the image of a container (Apptainer and Singularity mount theirs so), or a disk that is mounted so. No rights change that; it has to be another folder.`
            : `${match.facts["path"] === undefined ? "A path" : `\`${match.facts["path"]}\``} may not be ${/execvp|cannot execute|bin\//.test(match.finding.message) ? "executed" : "written"} by this user: it belongs to another one (a build with sudo before, a container as root), is read-only, or lies on a disk mounted noexec.`,
    fix: (match) =>
      match.facts["script"] !== undefined
        ? [
            `chmod +x ${match.facts["script"]} && ${/^[./]/.test(match.facts["script"]) ? "" : "./"}${match.facts["script"]}`,
            `# still refused (a disk that is mounted noexec): bash ${match.facts["script"]}`,
          ]
        : isRead(match)
          ? [
              `ls -ld ${match.facts["path"] ?? ""}; namei -l ${match.facts["path"] ?? ""}   # whose file, and which folders above it`,
              `chmod a+rX ${match.facts["path"] ?? ""}   # as its owner; a file of an image: in the image's build, which is made again`,
            ]
          : [
              ...(match.facts["path"] === undefined || platformOf(match) === "win32"
                ? []
                : [`ls -ld ${match.facts["path"]}`]),
              ...(/\.gch$/.test(match.facts["path"] ?? "")
                ? [
                    "# a precompiled header is written beside torch's own: use_pch=False in load() and load_inline(), or a torch in a virtual environment of your own",
                  ]
                : []),
              ...(/torch_extensions|[\\/]\.cache/.test(match.facts["path"] ?? "")
                ? [
                    `${setVariable(match, "TORCH_EXTENSIONS_DIR", platformOf(match) === "win32" ? "%USERPROFILE%\\te" : /Read-only file system/.test(match.finding.message) ? "/tmp/torch_extensions" : "$HOME/.torch_extensions")}   # a folder ${/Read-only file system/.test(match.finding.message) ? "that can be written" : "of your own"} for JIT extensions`,
                  ]
                : [
                    "# JIT extensions: export TORCH_EXTENSIONS_DIR=$HOME/.torch_extensions; packages: a virtual environment instead of sudo pip",
                  ]),
              ...(platformOf(match) === "win32"
                ? ["# end programs that have the file open (Python with the old extension loaded, antivirus)"]
                : readOnly(match)
                  ? match.context.log.script === undefined
                    ? []
                    : [`${python(match)} the_program.py`]
                  : toOwn(match)),
            ],
    sources: [],
    examples: [
      { text: "bash: ./build.sh: Permission denied", expect: "chmod +x ./build.sh" },
      {
        text: "PermissionError: [Errno 13] Permission denied: '/root/.cache/torch_extensions/py310_cu121/fused'",
        expect: "TORCH_EXTENSIONS_DIR",
      },
      {
        text: "Traceback (most recent call last):\n  File \"/e/lib/python3.7/site-packages/torch/serialization.py\", line 579, in load\n    with _open_file_like(f, 'rb') as opened_file:\nPermissionError: [Errno 13] Permission denied: 'models/best.pth'",
        expect: "chmod a+rX models/best.pth",
      },
    ],
  },
  {
    id: "too-many-processes",
    title: "The limit of processes, threads or open files is reached",
    on: ["system", "exception"],
    specificity: 72,
    matches: (finding) => coded(finding, "processes", "open-files"),
    confidence: (match) => (match.finding.code === "open-files" ? "high" : "medium"),
    cause: (match) =>
      match.finding.code === "open-files"
        ? "More files are open than the limit (ulimit -n) allows."
        : "No further process or thread may be started: the user's or container's limit (ulimit -u, pids.max) is reached, or memory is short.",
    fix: (match) =>
      match.finding.code === "open-files"
        ? ["ulimit -n 65536"]
        : [
            setVariable(match, "MAX_JOBS", "2"),
            "ulimit -u; cat /sys/fs/cgroup/pids.max",
            "# docker run --pids-limit=-1 …",
          ],
    sources: ["PASSIONLab/OpenEquivariance#207"],
    examples: [
      { text: "c++: fatal error: cannot fork: Resource temporarily unavailable", expect: "MAX_JOBS" },
      { text: "RuntimeError: can't start new thread", expect: "pids.max" },
    ],
  },
];
