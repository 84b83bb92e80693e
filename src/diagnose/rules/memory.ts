/** Memory that runs out: of a compile, of an installer, of what workers share. */
import { inItsFolder, isBuiltByPython } from "../commands/typed-builds.ts";
import { buildAgain, oneCompiler, pip } from "../commands/commands.ts";
import { coded, type Match, type Rule, saidAny } from "../rule.ts";
import { runnerLost } from "./build-systems.ts";

/** make's and ninja's own number of compilers: they read no variable of torch's. */
function oneAtATime(match: Match): readonly string[] | undefined {
  const { log } = match.context;
  if (isBuiltByPython(match)) return undefined;
  const build = log.typed.findLast(({ kind, shell }) => kind === "build" && shell !== "sentence");
  if (build === undefined) return undefined;
  const plain = build.line.replace(
    / (?:-j ?\d*|-j ?"?\$\([^)]*\)"?|--jobs[= ]\d+|--parallel(?: \d+)?)(?=\s|$)/,
    " -j1",
  );
  const line =
    plain !== build.line ? plain : /^(?:\w+=\S+ )*(?:ninja|cmake3? --build)\b/.test(plain) ? `${plain} -j1` : plain;
  return line === build.line ? undefined : inItsFolder(match, build, [line]);
}

function fewerJobs(match: Match): string[] {
  const [first = "", ...others] = oneCompiler(match);
  const { dockerBuild, installer, namesRetorch } = match.context.log;
  const typed =
    match.context.log.typedLast === "compile" && !isBuiltByPython(match) ? match.context.log.typedCompile : undefined;
  const ofInstaller = !namesRetorch && (dockerBuild || installer !== undefined);
  return [
    // What a compiler of GNU's says when an allocation is refused: under a limit of the shell more often than on a full machine.
    ...(/virtual memory exhausted/.test(match.finding.message)
      ? ["ulimit -v unlimited   # a limit of this shell or job (ulimit -v tells it) refuses what the machine has"]
      : []),
    ...(oneAtATime(match)?.map((line) =>
      line.includes(" -j1") ? `${line}   # then as many as memory allows: nvcc takes several GB for one file` : line,
    ) ??
      (typed === undefined
        ? [
            `${first}   # then as many as fit: a compile with torch/extension.h takes about 1.5 GB, attention kernels up to 6 GB each`,
            ...others,
            ...(ofInstaller ? (dockerBuild ? [] : buildAgain(match)) : ["retorch build -j 1"]),
          ]
        : [typed])),
    "# more memory, or swap: sudo fallocate -l 16G /swapfile && sudo chmod 600 /swapfile && sudo mkswap /swapfile && sudo swapon /swapfile",
  ];
}

/** Programs of a system that is short of memory: databases, servers, browsers. */
const isNoCompiler =
  /^(?:postgres|mysqld?|mariadbd|mongod|redis-server|java|node|nginx|apache2?|httpd|php\S*|dockerd|containerd|kubelet|systemd\S*|snapd|chrom\w*|firefox\S*|Web Content|gnome-shell|Xorg|code|influxd|prometheus|elasticsearch|clickhouse\S*)$/;

/** `4 × cicc`. */
function counted(names: readonly string[]): string {
  return [...new Set(names)].map((name) => `${names.filter((each) => each === name).length} × ${name}`).join(", ");
}

export const memoryRules: readonly Rule[] = [
  {
    id: "runner-out-of-memory",
    title: "Compilers that ran at once took all memory of the CI runner",
    on: ["system"],
    role: "symptom",
    specificity: 60,
    matches: (finding, context) =>
      context.log.orphanCompilers.length > 1 && runnerLost({ finding, facts: {}, context })
        ? coded(finding, "runner-stopped")
        : undefined,
    confidence: "medium",
    cause: ({ context: { log } }) =>
      `The runner was lost in the middle of the build, and these compilers were still running when it ended its job: ${counted(log.orphanCompilers)}. nvcc's take several GB each, and together more than the machine has.${
        log.maxJobs === "1" && (log.cmake || log.scikit || log.runsCmake)
          ? " MAX_JOBS=1 is set, and counts for nothing here: torch's builder reads it, and CMake, which runs ninja itself, does not."
          : ""
      }`,
    fix: (match) => [
      ...oneCompiler(match),
      "# still too little: fewer architectures for each job (TORCH_CUDA_ARCH_LIST), a larger runner, or swap in a step before",
    ],
    sources: [
      "hao-ai-lab/FastVideo#1483",
      "https://cmake.org/cmake/help/latest/envvar/CMAKE_BUILD_PARALLEL_LEVEL.html",
    ],
    examples: [
      {
        text: "##[group]Run python -m build --wheel --no-isolation\nshell: /usr/bin/bash -e {0}\nenv:\n  MAX_JOBS: 1\n##[endgroup]\n*** scikit-build-core 0.11.5 using CMake 4.0.3 (wheel)\n*** Building project with Ninja...\n##[error]The hosted runner lost communication with the server.\nTerminate orphan process: pid (4117) (ninja)\nTerminate orphan process: pid (4163) (cicc)\nTerminate orphan process: pid (4171) (cicc)",
        expect: "MAX_JOBS=1 is set, and counts for nothing",
      },
      {
        text: "##[group]Run pip install --no-build-isolation -v .\nBuilding wheels for collected packages: ops\n##[error]The runner has received a shutdown signal.\nTerminate orphan process: pid (31) (cicc)\nTerminate orphan process: pid (32) (ptxas)",
        expect: "export MAX_JOBS=1",
      },
    ],
  },
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
        /out of (?:heap|memory)|memory exhausted|bad_alloc|Cannot allocate memory|: Not enough space$/i.test(
          finding.message,
        )
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
                : `${match.facts["program"] === undefined ? (match.facts["sure"] === undefined ? "A process" : "A compiler") : `\`${match.facts["program"]}\``} ${/^(?:C|LNK)\d/.test(match.finding.code ?? "") ? "got no more memory" : "was killed (signal 9) or got no more memory"}: too many compilers ran at once for the memory of this machine or container.`,
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
      {
        text: "c1xx: fatal error C1083: Cannot open compiler intermediate file: 'C:\\Users\\u\\AppData\\Local\\Temp\\_CL_1f2e3d4cgl': Not enough space",
        expect: "MAX_JOBS",
      },
      {
        text: "$ ulimit -v 200000; g++ -O2 -fPIC -c ops.cpp -o ops.o\nvirtual memory exhausted: Cannot allocate memory",
        expect: "ulimit -v unlimited",
      },
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
      pip(
        match,
        `install --no-cache-dir ${match.context.log.installs?.at(-1) ?? match.context.log.package ?? "torch"}`,
      ),
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
];
