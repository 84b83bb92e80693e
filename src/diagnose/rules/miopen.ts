/** MIOpen, what cuDNN is on AMD GPUs: it compiles its kernels at run time and keeps them in databases below the home folder. */
import { pip, platformOf, python, setVariable } from "../commands/commands.ts";
import { onlyWarnings } from "./gpu-frames.ts";
import { coded, type Match, type Rule } from "../rule.ts";

/** All that MIOpen said: its own lines stand above the exception of torch. */
function words(match: Pick<Match, "finding" | "context">): string {
  return [match.finding, ...match.context.findings]
    .filter((finding) => finding.code === "miopen")
    .map((finding) => finding.text)
    .join("\n");
}

const database =
  /unable to open database file|database is locked|disk I\/O error|attempt to write a readonly database|[Ff]ailed to (?:open|create) .*(?:db|database)|database disk image is malformed/;
const compile =
  /Code object build failed|comgr status|INVALID_ARGUMENT \(2\)|HIPRTC_ERROR|hiprtc status|HIPRTC status|Cannot (?:read|find).*\.cl\b|AMD_COMGR_STATUS/;
const readOnly = /readonly|locked|malformed|disk I\/O/;

/** Where MIOpen keeps what it found out and compiled. Source: "Find and immediate mode", "Kernel cache" of MIOpen's manual. */
function clearCaches(match: Match): string {
  return platformOf(match) === "win32"
    ? 'rmdir /s /q "%USERPROFILE%\\.miopen" "%LOCALAPPDATA%\\AMD\\MIOpen"   # what it kept, perhaps of another release'
    : "rm -rf ~/.cache/miopen ~/.config/miopen ~/.miopen   # what it kept, perhaps of another release";
}

function around(match: Match): string[] {
  return [
    "# around MIOpen, in the program, first: torch.backends.cudnn.enabled = False   (convolutions and batch norm then run on torch's own kernels)",
    `${setVariable(match, "MIOPEN_LOG_LEVEL", "6")}   # says what it tries and why it gives up`,
  ];
}

function gfx(match: Match): string | undefined {
  return /\bgfx[0-9a-f]{3,4}\b/.exec(words(match))?.[0] ?? match.context.log.gfx;
}

export const miopenRules: readonly Rule[] = [
  {
    id: "miopen-database",
    title: "MIOpen cannot use its database",
    on: ["gpu"],
    specificity: 84,
    matches: (finding, context) =>
      coded(finding, "miopen") !== undefined &&
      finding.severity !== "warning" &&
      database.test(words({ finding, context }))
        ? {}
        : undefined,
    confidence: "high",
    cause: (match) =>
      `MIOpen keeps what it compiled and measured in SQLite files below the home folder (~/.config/miopen, ~/.cache/miopen), and cannot ${readOnly.test(words(match)) ? "write them: they are locked, damaged or of another user" : "open them: the home folder cannot be written or does not exist there (containers, batch nodes)"}. A home on NFS or Lustre that several processes share does it, too, and so does the limit of open files.`,
    fix: (match) => [
      "export MIOPEN_USER_DB_PATH=/tmp/miopen-$USER-${SLURM_PROCID:-0} MIOPEN_CUSTOM_CACHE_DIR=/tmp/miopen-$USER-${SLURM_PROCID:-0} && mkdir -p $MIOPEN_USER_DB_PATH   # a local folder of its own for each process",
      "ulimit -n 65536; df -h ~ /tmp; touch ~/.config/miopen/x ~/.cache/miopen/x   # limit of open files, space, permission",
      clearCaches(match),
      "export MIOPEN_DEBUG_DISABLE_FIND_DB=1 MIOPEN_DISABLE_CACHE=1   # without databases, slower",
    ],
    sources: ["pytorch/pytorch#60477", "https://rocm.docs.amd.com/projects/MIOpen/en/latest/conceptual/cache.html"],
    examples: [
      {
        text: "MIOpen Error: /MIOpen/src/sqlite_db.cpp:109: open memvfs: unable to open database file\nRuntimeError: miopenStatusInternalError",
        expect: "MIOPEN_USER_DB_PATH",
      },
    ],
  },
  {
    id: "miopen-cannot-compile",
    title: "MIOpen cannot compile a kernel for this GPU",
    on: ["gpu"],
    specificity: 82,
    matches: (finding, context) =>
      coded(finding, "miopen") !== undefined &&
      finding.severity !== "warning" &&
      compile.test(words({ finding, context }))
        ? {}
        : undefined,
    confidence: "high",
    cause: (match) =>
      `MIOpen compiles its kernels on this machine when they are first needed, and that failed${gfx(match) === undefined ? "" : ` for \`${gfx(match) ?? ""}\``}: ${/INVALID_ARGUMENT/.test(words(match)) ? "the compiler of this ROCm (comgr) does not know the GPU's target by that name, that is, this torch's ROCm no longer or not yet supports the GPU, or driver and ROCm are of releases that do not fit" : "the compiler inside of ROCm does not support the GPU or does not find its headers and device libraries (or another ROCm on PATH, ROCM_PATH or LD_LIBRARY_PATH is taken)"}.`,
    fix: (match) => [
      ...(platformOf(match) === "win32"
        ? [
            pip(match, "install --upgrade torch --index-url https://repo.amd.com/rocm/whl/<GPU family>/") +
              "   # a newer ROCm: https://github.com/ROCm/TheRock/blob/main/RELEASES.md",
          ]
        : [
            "rocminfo | grep -m1 gfx; cat /opt/rocm/.info/version; unset ROCM_PATH HIP_PATH LD_LIBRARY_PATH   # GPU, ROCm; one ROCm alone",
            `${python(match)} -c "import torch; print(torch.version.hip, torch.cuda.get_arch_list())"   # a torch whose ROCm supports the GPU: older for Vega 10 and Polaris (ROCm 4.5, 5.x), newer for RDNA 4`,
          ]),
      clearCaches(match),
      ...around(match),
    ],
    sources: ["ryujaehun/pytorch-gpu-benchmark#19", "ROCm/legacy-rocm-build#6150"],
    examples: [
      {
        text: "MIOpen(HIP): Error [SetIsaName] 'amd_comgr_action_info_set_isa_name(handle, isa.c_str())' amdgcn-amd-amdhsa--gfx900:sramecc-:xnack-: INVALID_ARGUMENT (2)\nMIOpen Error: /MIOpen/src/hipoc/hipoc_program.cpp:286: Code object build failed. Source: MIOpenIm2d2Col.cl\nRuntimeError: miopenStatusUnknownError",
        expect: "gfx900",
      },
    ],
  },
  {
    id: "miopen-fails",
    title: "MIOpen refuses a convolution or a normalization",
    on: ["gpu"],
    role: "symptom",
    specificity: 60,
    matches: (finding) => (finding.severity === "warning" ? undefined : coded(finding, "miopen")),
    confidence: "low",
    cause: (match) =>
      `MIOpen, which does convolutions and batch norm on AMD GPUs, gave up without saying why: it has no kernel for this GPU${gfx(match) === undefined ? "" : ` (${gfx(match) ?? ""})`} and shape or could not compile one, what it kept on disk is of another release, GPU memory is full, or another GPU (the processor's own) was taken.`,
    fix: (match) => [
      ...around(match).reverse(),
      clearCaches(match),
      `${setVariable(match, "MIOPEN_FIND_MODE", "2")}   # FAST: without trying each kernel`,
      `${setVariable(match, "HIP_VISIBLE_DEVICES", "0")}   # the right GPU: not the one inside of the processor`,
      "# or newer wheels of torch for ROCm (Windows: https://github.com/ROCm/TheRock/blob/main/RELEASES.md)",
    ],
    sources: ["patientx-cfz/comfyui-rocm#57", "ROCm/TheRock#1229", "ROCm/legacy-rocm-build#5441"],
    examples: [{ text: "RuntimeError: miopenStatusUnknownError", expect: "torch.backends.cudnn.enabled = False" }],
  },
  {
    id: "miopen-not-tuned",
    title: "MIOpen has no tuned kernels for this GPU",
    on: ["gpu"],
    role: "advice",
    specificity: 60,
    matches: (finding, context) =>
      onlyWarnings(context) &&
      finding.code === "miopen" &&
      /(?:Missing|Unable to read) system database file|Performance may degrade|IsEnoughWorkspace/.test(finding.text)
        ? {}
        : undefined,
    confidence: "medium",
    cause: () =>
      "MIOpen has no ready-made kernels and measurements for this GPU (or too little workspace for some), compiles and tries its own, and goes on: the first run is slow, nothing is broken.",
    fix: (match) => [
      ...(platformOf(match) === "win32"
        ? []
        : ["sudo apt-get install miopen-hip-gfx<target>kdb   # ready-made kernels, for data-center GPUs"]),
      `${setVariable(match, "MIOPEN_LOG_LEVEL", "3")}   # to silence it`,
    ],
    sources: ["https://rocm.docs.amd.com/projects/MIOpen/en/latest/conceptual/cache.html"],
    examples: [
      {
        text: "MIOpen(HIP): Warning [SQLiteBase] Missing system database file: gfx1030_40.kdb Performance may degrade. Please follow instructions to install",
        expect: "nothing is broken",
      },
    ],
  },
];
