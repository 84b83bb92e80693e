/** What fails on an AMD GPU when torch or an extension runs, and the headers of ROCm's libraries. */
import { callsCompiledModule } from "../commands/checkouts.ts";
import { pip, platformOf, python, rebuild, setVariable, torchIndex } from "../commands/commands.ts";
import { header, includedBy } from "../matchers.ts";
import { packageOf } from "../tables/packages.ts";
import { coded, type Match, type Rule, said } from "../rule.ts";
import { failedInTorch } from "./gpu-frames.ts";

/** The AMD target that the message or the paste names. */
function gfxOf(match: Match): string | undefined {
  return /\bgfx[0-9a-f]{3,4}\b/.exec(match.finding.text)?.[0] ?? match.context.log.gfx ?? match.context.log.namedGfx;
}

/**
 * What HSA_OVERRIDE_GFX_VERSION has to say for a target that has no kernels of its own.
 * Source: "Supported GPUs" of ROCm and the generic targets of LLVM's AMDGPU guide (gfx10-3-generic, gfx11-generic).
 */
function overrideFor(gfx: string | undefined): string {
  if (gfx?.startsWith("gfx11") === true) return "11.0.0";
  if (gfx?.startsWith("gfx12") === true) return "12.0.0";
  return gfx?.startsWith("gfx9") === true ? "9.0.0" : "10.3.0";
}

/** The index of AMD's own wheels for a target, where one is known by name. Source: RELEASES.md of ROCm/TheRock. */
function wheelsFor(gfx: string | undefined): string | undefined {
  if (gfx === undefined) return undefined;
  if (/^gfx110/.test(gfx)) return "gfx110X-all";
  if (/^gfx120/.test(gfx)) return "gfx120X-all";
  return gfx === "gfx1151" ? gfx : undefined;
}

/** Makes torch itself know the GPU. */
function otherTorch(match: Match): string[] {
  const gfx = gfxOf(match);
  if (gfx?.startsWith("gfx8") === true)
    return [
      `# no torch of the last years has code for ${gfx}: AMD took gfx8 out of ROCm at 4.0, and HSA_OVERRIDE_GFX_VERSION does not help, since no newer GPU is alike enough`,
      "# what there is: torch and ROCm that others build for such cards (xuhuisheng/rocm-gfx803, tsl0922/pytorch-gfx803), programs that compute with Vulkan or DirectML, or the CPU",
    ];
  const wheels = wheelsFor(gfx);
  const override = `export HSA_OVERRIDE_GFX_VERSION=${overrideFor(gfx)}   # Linux: pretends to be the nearest GPU that torch has (10.3.0 for RX 5000 and 6000, 11.0.0 for RX 7000 and Radeon 700M)`;
  // torch's wheels have code for AMD's accelerators: nothing is to be pretended, and what is may be the fault.
  if (/^gfx9(?:0a|4[0-2]|50)$/.test(gfx ?? ""))
    return [
      "unset HSA_OVERRIDE_GFX_VERSION   # where it is set, kernels for another GPU are looked for",
      `${pip(match, `install --force-reinstall torch --index-url https://download.pytorch.org/whl/${torchIndex(match)}`)}   # PyTorch's own build, which has ${gfx ?? ""}; in a container: without libraries of the host's ROCm before its own (LD_LIBRARY_PATH, singularity --rocm)`,
    ];
  const install =
    wheels === undefined
      ? undefined
      : pip(match, `install --force-reinstall --pre torch --index-url https://rocm.nightlies.amd.com/v2/${wheels}/`);
  const byFamily =
    "# AMD's own wheels by GPU family (RX 6000: gfx103X, also for Windows): https://github.com/ROCm/TheRock/blob/main/RELEASES.md";
  if (platformOf(match) === "win32")
    return [install === undefined ? byFamily : `${install}   # AMD's own wheels for this GPU`];
  // One way alone: AMD's wheels have code for this very GPU, and none for the one that the variable pretends.
  return [
    // For which GPU to pretend has to be known: another one's kernels end the program.
    gfx === undefined ? `# ${override}` : override,
    install === undefined
      ? byFamily
      : `# or AMD's own wheels for this GPU, without that variable: unset HSA_OVERRIDE_GFX_VERSION; ${install}`,
  ];
}

/** Whether the text tells of anything that was compiled beside torch. */
function hasExtension(match: Match): boolean {
  const { log } = match.context;
  return (
    log.compiledPackages.length > 0 ||
    log.setupCommand !== undefined ||
    log.typedBuild !== undefined ||
    log.package !== undefined ||
    log.builtAtRunTime ||
    log.namesRetorch ||
    packageOf(match) !== undefined
  );
}

/**
 * Targets that PyTorch's own wheels have never had. Source: PYTORCH_ROCM_ARCH in .ci/docker/manywheel/build.sh of
 * pytorch/pytorch; gfx8 left ROCm at 4.0.
 */
const neverInTorch = /^gfx(?:8|101|103[1-9])/;

function ofBlas(match: Match): boolean {
  return /rocBLAS|Tensile|hipBLASLt/.test(match.finding.text);
}

/** Debian's packages of ROCm's headers. Source: the package lists of repo.radeon.com. */
const packages: readonly (readonly [RegExp, string])[] = [
  [/^thrust\//, "rocthrust-dev"],
  [/^(?:hipcub|cub)\//, "hipcub-dev"],
  [/^rocprim(?:\/|\.h)/, "rocprim-dev"],
  [/^hipblaslt(?:\/|\.h)/, "hipblaslt-dev"],
  [/^hipblas(?:-common)?(?:\/|\.h)/, "hipblas-dev"],
  [/^rocblas(?:\/|\.h)/, "rocblas-dev"],
  [/^hipsparselt(?:\/|\.h)/, "hipsparselt-dev"],
  [/^hipsparse(?:\/|\.h)/, "hipsparse-dev"],
  [/^rocsparse(?:\/|\.h)/, "rocsparse-dev"],
  [/^hipfft(?:\/|\.h)/, "hipfft-dev"],
  [/^rocfft(?:\/|\.h)/, "rocfft-dev"],
  [/^hiprand(?:\/|\.h)/, "hiprand-dev"],
  [/^rocrand(?:\/|\.h)/, "rocrand-dev"],
  [/^hipsolver(?:\/|\.h)/, "hipsolver-dev"],
  [/^rocsolver(?:\/|\.h)/, "rocsolver-dev"],
  [/^miopen(?:\/|\.h)/, "miopen-hip-dev"],
  [/^rccl(?:\/|\.h)/, "rccl-dev"],
  [/^roctracer(?:\/|\.h)/, "roctracer-dev"],
  [/^rocm_smi(?:\/|\.h)/, "rocm-smi-lib"],
  [/^amd_smi(?:\/|\.h)/, "amd-smi-lib"],
  [/^(?:ck|ck_tile)(?:\/|\.h)/, "composablekernel-dev"],
  [/^(?:hip|hsa)(?:\/|\.h)/, "hip-dev"],
];

/** Whether a header of HIP asks for another one beside it. */
function ofRocmItself({ finding, facts }: Match): boolean {
  return /[\\/]include[\\/]hip[\\/]/.test(finding.file ?? "") && /^hip\/amd_detail\//.test(facts["header"] ?? "");
}

/** ROCm came from pip: the text says so, or it is of an image of PyPA's, where torch's own builds for ROCm are at home. */
function isOfPip({ context: { log }, finding }: Match): boolean {
  return log.rocmFromPip || /^\/opt\/python\/cp3\d+-cp3\w+\/.*-packages\/torch\/include\//.test(finding.file ?? "");
}

/** The packages of AMD's repository, and where they lie. */
function ofSystem(match: Match): string[] {
  return [
    `sudo apt-get install ${match.facts["package"] ?? ""}   # dnf: ${(match.facts["package"] ?? "").replace(/-dev$/, "-devel")}; all of them, hipcc too: rocm-hip-sdk (or the meta package rocm)`,
    `ls -d /opt/rocm*; ls /opt/rocm/include/${match.facts["header"] ?? ""} /opt/rocm/hip/include/${match.facts["header"] ?? ""}`,
    "export ROCM_PATH=/opt/rocm ROCM_HOME=/opt/rocm CPATH=/opt/rocm/include:/opt/rocm/hip/include:$CPATH   # where it lies; pip's ROCm: $(rocm-sdk path --root)",
  ];
}

export const amdRunTimeRules: readonly Rule[] = [
  {
    id: "hip-no-kernel-image",
    title: "No code for this AMD GPU",
    on: ["gpu"],
    specificity: 71,
    matches: (finding) =>
      finding.tool === "hip"
        ? coded(finding, "no-kernel-image", "invalid-device-function", "invalid-image", "symbol-not-found")
        : undefined,
    confidence: "high",
    cause: (match) => {
      const gfx = gfxOf(match) === undefined ? "" : ` (${gfxOf(match) ?? ""})`;
      if (ofBlas(match))
        return `rocBLAS, which torch uses, has no kernels for this AMD GPU${gfx}: torch's ROCm build does not support it. Building an extension again does not help.`;
      if (failedInTorch(match))
        return `The call that failed is torch's own: this build of torch for ROCm has no code for this AMD GPU${gfx}. No extension is at fault.`;
      if (/^gfx10/.test(gfxOf(match) ?? "") && neverInTorch.test(gfxOf(match) ?? ""))
        return `torch for ROCm has code for gfx1030 and not for ${gfxOf(match) ?? ""}, the target of this AMD GPU: no wheel of PyTorch has, and what is built beside it fails in the same way.`;
      if (callsCompiledModule(match) && /^gfx(?:90a|942|1030|110[01])$/.test(gfxOf(match) ?? ""))
        return `The extension that is called was compiled for other gfx targets than this AMD GPU${gfx}, which torch's own wheels have code for.`;
      return `The kernels (of the extension, or of torch itself) were compiled for other gfx targets than this AMD GPU${gfx}.`;
    },
    fix: (match) => {
      const list = `${python(match)} -c "import torch; print(torch.__version__, torch.cuda.get_arch_list(), torch.cuda.get_device_properties(0).gcnArchName)"   # is this GPU in torch's own list?`;
      // torch has code for these: what lacks it is the extension that the traceback ends in.
      if (callsCompiledModule(match) && /^gfx(?:90a|942|1030|110[01])$/.test(gfxOf(match) ?? ""))
        return [setVariable(match, "PYTORCH_ROCM_ARCH", gfxOf(match) ?? ""), ...rebuild(match), `# ${list}`];
      if (ofBlas(match) || failedInTorch(match) || neverInTorch.test(gfxOf(match) ?? ""))
        return [...otherTorch(match), list];
      if (!hasExtension(match) && gfxOf(match) !== undefined)
        return [
          list,
          ...otherTorch(match),
          "# it is in the list: not torch, but an extension lacks it, which has to be built again with PYTORCH_ROCM_ARCH set",
        ];
      return [
        list,
        "# it is: the extension lacks it; build it again for this GPU:",
        setVariable(
          match,
          "PYTORCH_ROCM_ARCH",
          gfxOf(match) ??
            (platformOf(match) === "win32"
              ? "gfx1100"
              : "$(rocm_agent_enumerator | grep -v gfx000 | sort -u | paste -sd';')"),
        ),
        ...rebuild(match),
        "# it is not: torch itself has no code for it, and this comes first:",
        ...otherTorch(match).map((line) => (line.startsWith("#") ? line : `# ${line}`)),
      ];
    },
    sources: [
      "ROCm/legacy-rocm-build#2061",
      "pytorch/pytorch#73534",
      "patientx-cfz/comfyui-rocm#71",
      "pytorch/pytorch#164346",
      // gfx8: dropped at 4.0, and what others build.
      "ROCm/legacy-rocm-build#1353",
      "Firstbober/rocm-pytorch-gfx803-docker#5",
    ],
    examples: [
      {
        text: "hipErrorNoBinaryForGpu: Unable to find code object for all current devices!",
        expect: "PYTORCH_ROCM_ARCH",
      },
      { text: "RuntimeError: HIP error: invalid device function", expect: "HSA_OVERRIDE_GFX_VERSION" },
      {
        text: 'Traceback (most recent call last):\n  File "/w/gather/gather/__init__.py", line 17, in gather\n    return _C.gather(x, idx)\nRuntimeError: HIP error: invalid device function\n  Name:                    gfx1100',
        expect: "export PYTORCH_ROCM_ARCH=gfx1100",
      },
      {
        text: "linux, rocm (amd rx6600)\nRuntimeError: HIP error: invalid device function",
        expect: "has code for gfx1030 and not for gfx1032",
      },
      {
        text: "rocBLAS error: Cannot read /opt/rocm/lib/rocblas/library/TensileLibrary.dat: Illegal seek for GPU arch : gfx1102",
        expect: "HSA_OVERRIDE_GFX_VERSION=11.0.0",
      },
      {
        text: "RuntimeError: HIP error: invalid device function\n[pip3] torch==2.9.0+rocm6.4\nGPU: AMD Radeon 8060S (gfx1151)",
        expect: "# or AMD's own wheels for this GPU, without that variable: unset HSA_OVERRIDE_GFX_VERSION",
      },
      {
        text: "HIP error: Invalid device function\n### GPU\n2x AMD Radeon (TM) Pro WX 5100 Graphics",
        expect: "gfx8 out of ROCm",
      },
      {
        text: '  File "/e/site-packages/torch/nn/functional.py", line 2567, in embedding\n    return torch.embedding(weight, input)\ntorch.AcceleratorError: CUDA error: device kernel image is invalid\nSearch for `hipErrorInvalidImage\' in https://rocm.docs.amd.com for more information.',
        expect: "No extension is at fault",
      },
    ],
  },
  {
    id: "rocm-headers-missing",
    title: "Headers of one of ROCm's libraries are not installed",
    on: ["missing-header"],
    specificity: 92,
    matches: (finding, context) => {
      const facts = header(finding, /^(?<top>[\w-]+)(?:\/|\.h)/);
      if (facts === undefined) return undefined;
      const found = packages.find(([form]) => form.test(facts["header"] ?? ""));
      if (found === undefined) return undefined;
      const rocms = /^(?:thrust|cub)\//.test(facts["header"] ?? "")
        ? context.log.amd || finding.tool === "hipcc" || /[\\/]hip[\\/]|_hip\.|\.hip$/.test(finding.file ?? "")
        : !/^(?:ck|ck_tile)\//.test(facts["header"] ?? "") || context.log.amd;
      return rocms ? { ...facts, package: found[1] } : undefined;
    },
    confidence: (match) => (ofRocmItself(match) ? "medium" : "high"),
    cause: (match) =>
      ofRocmItself(match)
        ? `A header of ROCm (${match.finding.file ?? ""}) includes \`${match.facts["header"] ?? ""}\`, which this release does not bring${/bf16/.test(match.facts["header"] ?? "") ? " (hip_bf16.h of ROCm 5.6 lacks its other half; 5.7 has it)" : ""}, or the installation is not whole.`
        : `\`${match.facts["header"] ?? ""}\`${includedBy(match)} is of ${(match.facts["package"] ?? "").replace(/-dev$|-lib$/, "")}, a package of ROCm of its own, whose development files are not installed, or ROCm lies elsewhere than in ROCM_PATH.`,
    fix: (match) => [
      ...(ofRocmItself(match)
        ? [
            `# a newer ROCm${/bf16/.test(match.facts["header"] ?? "") ? " (5.7 or newer)" : ""} and the torch for it (https://download.pytorch.org/whl/rocm…); or the image of both: docker pull rocm/pytorch:latest`,
          ]
        : []),
      ...(isOfPip(match)
        ? [
            `${pip(match, `install "rocm[libraries,devel]"`)} && rocm-sdk init   # ROCm of pip: the headers are in its devel part; the index and the release that rocm and torch came from`,
            "export ROCM_HOME=$(rocm-sdk path --root) ROCM_PATH=$(rocm-sdk path --root)",
            "export CPATH=$ROCM_HOME/include:$CPATH   # the host's compiler looks there, whatever torch took for ROCm's folder",
            "# what pip's ROCm does not have (rocm-sdk's releases differ): the system's packages of the same release, from AMD's repository",
          ]
        : ofSystem(match)),
    ],
    sources: [
      "vllm-project/vllm#1313",
      "ROCm/TheRock#1894",
      "ROCm/TheRock#1837",
      "pytorch/pytorch#180211",
      "pytorch/vision#8695",
      "https://rocm.docs.amd.com/projects/install-on-linux/en/latest/",
    ],
    examples: [
      {
        text: "/opt/python/cp311-cp311/lib/python3.11/site-packages/torch/include/ATen/hip/HIPContext.h:8:10: fatal error: hip/hip_fp16.h: No such file or directory",
        expect: "CPATH=$ROCM_HOME/include",
      },
      { text: "/p/x.hip:4:10: fatal error: 'rocblas/rocblas.h' file not found", expect: "rocblas-dev" },
      {
        text: "I have installed the rocm 7.9 and torch python wheels\nfatal error: 'thrust/complex.h' file not found",
        expect: "rocm-sdk init",
      },
      {
        text: "/p/aten/src/ATen/hip/ThrustAllocator.h:3:10: fatal error: 'thrust/execution_policy.h' file not found\n1 error generated when compiling for gfx1100.",
        expect: "rocthrust-dev",
      },
    ],
  },
  {
    id: "amd-instruction-of-other-gpu",
    title: "An instruction exists on other AMD GPUs only",
    on: ["compile", "driver"],
    specificity: 88,
    matches: (finding) =>
      said(finding, /'?(?<name>__builtin_amdgcn_\w+)'? needs target feature (?<feature>[\w,+-]+)/) ??
      said(
        finding,
        /(?<name>[\w.]+).*(?:instruction not supported on this GPU|not a valid operand.*on this (?:GPU|subtarget))/,
      ) ??
      said(finding, /Cannot select: intrinsic %(?<name>llvm\.amdgcn\.[\w.]+)/),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\`${/mfma|mai-/.test(`${match.facts["name"] ?? ""}${match.facts["feature"] ?? ""}`) ? " is a matrix instruction of the Instinct GPUs (CDNA: gfx908, gfx90a, gfx942, gfx950)" : /wmma/.test(match.facts["name"] ?? "") ? " is a matrix instruction of Radeon GPUs (RDNA 3 and 4: gfx11, gfx12)" : ""}; the kernels are compiled for ${match.context.log.gfx ?? "a target"}, which does not have it${match.facts["feature"] === undefined ? "" : ` (${match.facts["feature"]})`}.`,
    fix: (match) => [
      ...(/flash.?att|composable_kernel|ck_tile|fmha/i.test(
        `${match.finding.file ?? ""} ${match.context.log.package ?? ""}`,
      )
        ? [
            "export FLASH_ATTENTION_TRITON_AMD_ENABLE=TRUE   # flash-attn: the Triton backend, which knows Radeon GPUs; when it is built and when it runs",
          ]
        : []),
      `${setVariable(match, "PYTORCH_ROCM_ARCH", "gfx90a;gfx942")}   # to build for the GPUs that the kernels are for; GPU_ARCHS for composable_kernel`,
      "# or leave these kernels out for this target: #if defined(__gfx90a__) || defined(__gfx942__)",
    ],
    sources: ["Dao-AILab/flash-attention#2452", "https://llvm.org/docs/AMDGPUUsage.html"],
    examples: [
      {
        text: "/p/composable_kernel/warp_gemm.hpp:63:21: error: '__builtin_amdgcn_mfma_f32_32x32x8f16' needs target feature mai-insts\n1 error generated when compiling for gfx1100.",
        expect: "FLASH_ATTENTION_TRITON_AMD_ENABLE",
      },
    ],
  },
  {
    id: "rocm-releases-mixed",
    title: "Parts of two ROCm releases are mixed",
    on: ["build-tool", "driver", "exception"],
    specificity: 84,
    matches: (finding) =>
      said(finding, /HIP \((?<root>[^)]*)\) was built using (?<built>\w+ [\w.-]+),? but you are using (?<uses>\S+)/) ??
      said(finding, /(?<built>HIP version|ROCm version) .*(?:does not match|mismatch|differs from)(?<uses>.*)/i),
    confidence: "high",
    cause: (match) =>
      `HIP was built with ${match.facts["built"] ?? "another release"}, and ${match.facts["uses"]?.trim() ?? "another one"} is what is found: packages of two ROCm releases are installed, or an old folder (HCC_HOME, HIP_PATH, ROCM_PATH) is named by a variable. (hcc ended with ROCm 3.5.)`,
    fix: () => [
      "ls -d /opt/rocm*; echo HCC_HOME=$HCC_HOME HIP_PATH=$HIP_PATH ROCM_PATH=$ROCM_PATH; dpkg -l | grep -E 'hip|hcc|rocm-dev'",
      "unset HCC_HOME HIP_PATH; export ROCM_PATH=/opt/rocm   # one release; hcc releases: HCC_HOME=/opt/rocm-<release>/hcc",
      "sudo apt-get install --reinstall rocm-dev   # all of one release; then rm -rf build",
    ],
    sources: ["ROCm/pytorch#581"],
    examples: [
      {
        text: "CMake Error at /opt/rocm-3.3.0/hip/cmake/FindHIP.cmake:20 (message):\n  HIP (/opt/rocm-3.3.0/hip) was built using hcc 3.1.20114, but you are using\n  /opt/rocm/hcc/hcc with version  from hipcc.  Please rebuild HIP",
        expect: "HCC_HOME",
      },
    ],
  },
];
