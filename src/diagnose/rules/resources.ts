/** Disk, permissions and limits of the system; memory is in memory.ts, crashes are in compiler-crashes.ts. */
import { platformOf, python, setVariable } from "../commands/commands.ts";
import { framesAt } from "../matchers.ts";
import { coded, type Match, type Rule } from "../rule.ts";

/** Whether a machine of GitHub's builds. */
function hostedRunner(match: Match): boolean {
  if (match.context.log.hostedRunner) return true;
  // The service says so itself.
  if (match.context.findings.some(({ text }) => /running out of disk space\. The runner will stop/.test(text)))
    return true;
  return match.context.findings.some(({ text }) =>
    /\/home\/runner\/|hostedtoolcache|cibuildwheel|buildx failed with|\/__w\//.test(text),
  );
}

/** A folder of the text's machine on a disk of another kind than the home that is full: `/scratch/jo`. */
function roomyFolder({ finding, context: { log } }: Match): string | undefined {
  const full = /(\/(?:home|users|u)\/)/i.exec(finding.message)?.[1];
  return full === undefined
    ? undefined
    : log.upperFolders.find((folder) =>
        /^\/(?:scratch|work|lustre|gpfs|data\d?|ssd\d?|storage|project)\/[\w.-]+$/.test(folder),
      );
}

/** Android's log: `05-09 17:35:51.580 E/Adreno  (158): text`, `05-09 17:35:51.580  158  158 E Adreno  : text`. */
const ofPhone = /^\d{2}-\d{2} \d{2}:\d{2}:\d{2}\.\d{3}\s+(?:[VDIWEF]\/|\d+\s+\d+ [VDIWEF] )/;

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

/** torch's cpp_extension.py was about to make the folder of an extension that is compiled when the program runs. */
function ofJitBuild(match: Match): boolean {
  return framesAt(match).some((frame) =>
    /[\\/]cpp_extension\.py:\d+ (?:_get_build_directory|_jit_compile|load|load_inline)\b/.test(frame),
  );
}

export const resourceRules: readonly Rule[] = [
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
                  ? [
                      setVariable(
                        match,
                        "TORCH_EXTENSIONS_DIR",
                        `${roomyFolder(match) ?? "/path/with/room"}/torch_extensions`,
                      ),
                    ]
                  : []),
                ...(/torch_extensions/.test(match.finding.text) && roomyFolder(match) !== undefined
                  ? [`mkdir -p ${roomyFolder(match) ?? ""}/tmp && export TMPDIR=${roomyFolder(match) ?? ""}/tmp`]
                  : / \/(?:home|root|Users)\//.test(match.finding.message)
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
        text: "  File \"/scratch/jo/nerf/backend.py\", line 3, in <module>\nOSError: [Errno 122] Disk quota exceeded: '/home/jo/.cache/torch_extensions/py310_cu118/march/build.ninja'",
        expect: "export TORCH_EXTENSIONS_DIR=/scratch/jo/torch_extensions",
      },
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
      // On a phone every app is refused much that it lives without.
      if (ofPhone.test(finding.text)) return undefined;
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
              ...(/torch_extensions|[\\/]\.cache/.test(match.facts["path"] ?? "") || ofJitBuild(match)
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
        text: "Traceback (most recent call last):\n  File \"/e/site-packages/torch/utils/cpp_extension.py\", line 2619, in _get_build_directory\n    os.makedirs(build_directory, exist_ok=True)\nOSError: [Errno 30] Read-only file system: '/data/jit/addone'",
        expect: "export TORCH_EXTENSIONS_DIR=/tmp/torch_extensions",
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
