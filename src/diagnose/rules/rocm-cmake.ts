/** Packages of CMake that ROCm's parts bring. */
import { pip, platformOf } from "../commands/commands.ts";
import { buildAgain } from "../commands/isolation-commands.ts";
import { type Match, type Rule, saidAny } from "../rule.ts";

const names =
  /^(?:amd_comgr|hip|hiprtc|hsa-runtime64|rocm-core|rocm_smi|rocm-cmake|ROCM|(?:hip|roc)(?:blas|blaslt|fft|rand|solver|sparse|sparselt|prim|cub|thrust)|miopen|rccl|composable_kernel|roctracer\w*|aotriton)$/i;

/** Debian's packages whose name is not that of CMake's package with `-dev`. Source: the package lists of repo.radeon.com. */
const packages: Readonly<Record<string, string>> = {
  amd_comgr: "comgr",
  hip: "hip-dev",
  hiprtc: "hip-dev",
  "hsa-runtime64": "hsa-rocr-dev",
  "rocm-core": "rocm-core",
  rocm_smi: "rocm-smi-lib",
  "rocm-cmake": "rocm-cmake",
  rocm: "rocm-cmake",
  miopen: "miopen-hip-dev",
  composable_kernel: "composablekernel-dev",
};

function fromPip(match: Match): string[] {
  const install = pip(
    match,
    'install --index-url https://rocm.nightlies.amd.com/v2/<family of the GPU>/ "rocm[libraries,devel]"',
  );
  return platformOf(match) === "win32"
    ? [
        `# ROCm with its development files, as packages of pip: ${install}, then rocm-sdk init`,
        "for /f \"delims=\" %i in ('rocm-sdk path --cmake') do set CMAKE_PREFIX_PATH=%i",
      ]
    : [
        `${match.context.log.rocmFromPip ? "" : "# "}export CMAKE_PREFIX_PATH=$(rocm-sdk path --cmake)   # ROCm from pip: ${install} && rocm-sdk init`,
      ];
}

export const rocmCmakeRules: readonly Rule[] = [
  {
    id: "rocm-cmake-package-missing",
    title: "CMake does not find a part of ROCm",
    on: ["build-tool"],
    specificity: 72,
    matches: (finding) => {
      if (finding.tool !== "cmake" || finding.severity === "warning") return undefined;
      const facts = saidAny(
        finding,
        /package configuration file provided by "(?<name>[^"]+)"/,
        /Could not find a configuration file for package "(?<name>[^"]+)"/,
        /Could NOT find (?<name>[\w-]+)/,
      );
      return facts?.["name"] !== undefined && names.test(facts["name"]) ? facts : undefined;
    },
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\` is a part of ROCm, and its CMake files are not found: ${platformOf(match) === "win32" ? "the HIP SDK for Windows does not have all parts (AMD's packages of pip do)" : "its development package is not installed"}, or ROCm lies in another folder than /opt/rocm and is not on CMAKE_PREFIX_PATH.`,
    fix: (match) => {
      const name = (match.facts["name"] ?? "").toLowerCase();
      return platformOf(match) === "win32"
        ? fromPip(match)
        : [
            `sudo apt-get install ${packages[name] ?? `${name}-dev`}   # of the ROCm that is there; rocm-dev has what is common`,
            "export ROCM_PATH=/opt/rocm CMAKE_PREFIX_PATH=/opt/rocm:/opt/rocm/lib/cmake:$CMAKE_PREFIX_PATH; ls /opt/rocm/lib/cmake",
            ...fromPip(match),
            "rm -rf build   # CMake remembers what it did not find",
          ];
    },
    sources: ["ROCm/pytorch#1802", "https://github.com/ROCm/TheRock/blob/main/RELEASES.md"],
    examples: [
      {
        text: 'CMake Error at /usr/share/cmake-3.18/Modules/CMakeFindDependencyMacro.cmake:47 (find_package):\n  By not providing "Findhip.cmake" in CMAKE_MODULE_PATH this project has\n  asked CMake to find a package configuration file provided by "hip", but\n  CMake did not find one.',
        expect: "/opt/rocm",
      },
      {
        text: 'CMake Error at cmake/public/LoadHIP.cmake:36 (find_package):\n  By not providing "Findamd_comgr.cmake" in CMAKE_MODULE_PATH this project has\n  asked CMake to find a package configuration file provided by "amd_comgr", but\n  CMake did not find one.',
        expect: "apt-get install -y comgr",
      },
      {
        text: 'CMake Error at CMakeLists.txt:12 (find_package):\n  Could not find a package configuration file provided by "hipblas" with any of\n  the following names:\n\n    hipblasConfig.cmake\n-- Building for: NMake Makefiles',
        expect: "rocm-sdk path --cmake",
      },
    ],
  },
  {
    id: "warning-among-hip-flags",
    title: "A warning of ROCm's tools was taken for compiler flags",
    on: ["driver"],
    specificity: 84,
    matches: (finding) => {
      const words = finding.file ?? "";
      return finding.code === "stray-word" &&
        /\b(?:offload-arch|amdgpu-arch|rocm_agent_enumerator|hipconfig)\b/.test(words)
        ? { tool: /\b(?:offload-arch|amdgpu-arch|rocm_agent_enumerator|hipconfig)\b/.exec(words)?.[0] }
        : undefined;
    },
    confidence: "high",
    cause: (match) =>
      `No file is missing: the words are a warning of \`${match.facts["tool"] ?? ""}\`, which asks for the GPU and finds none here (a step of docker build has no GPU). CMake reads torch's flags for HIP from what Python prints, and the warning that \`import torch\` printed before them became a part of the first flag.`,
    fix: (match) => {
      const gfx = match.context.log.gfx ?? match.context.log.namedGfx ?? "<gfx of the GPU>";
      return [
        ...(match.context.log.package === "vllm"
          ? [
              `sed -i.bak -E 's/^( *)self\\.configure\\(ext\\)$/&\\n\\1import pathlib, re; n = pathlib.Path(self.build_temp, "build.ninja"); n.write_text(re.sub(r".WARNING. ${match.facts["tool"] ?? ""}[^-]*", "", n.read_text()))/' setup.py   # takes the warning out of what CMake wrote, before ninja reads it`,
            ]
          : [
              `f=$(command -v ${match.facts["tool"] ?? ""}); mv "$f" "$f.orig"; printf '#!/bin/sh\\necho ${gfx}\\n' > "$f"; chmod +x "$f"   # it answers without a GPU while this builds; afterwards: mv "$f.orig" "$f"`,
            ]),
        ...buildAgain(match),
        `# or build where the GPU is to be seen, in a container instead of docker build: docker run --device /dev/kfd --device /dev/dri --group-add video …`,
        "# CMake has to configure anew for that, in an empty build folder; or by hand, between CMake and ninja: the same words out of build.ninja (flags.make)",
      ];
    },
    sources: ["vllm-project/vllm#35642", "stepfun-ai/Step-Audio2#86"],
    examples: [
      {
        text: "Building wheels for collected packages: vllm\nclang++: error: no such file or directory: '[WARNING] offload-arch failed with return code 1[stderr] -D__HIP_PLATFORM_AMD__=1'",
        expect: "No file is missing",
      },
      {
        text: "-- HIP target architectures: gfx1100\nclang++: error: no such file or directory: '[WARNING] amdgpu-arch failed with return code 2[stderr] -DUSE_ROCM=1'",
        expect: "command -v amdgpu-arch",
      },
    ],
  },
];
