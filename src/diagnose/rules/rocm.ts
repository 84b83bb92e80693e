/** ROCm at build time: architectures, folders, what hipify leaves, what HIP has otherwise. */
import { buildAgain, platformOf, python, setVariable, torchAtHand } from "../commands/commands.ts";
import { ownTarget, targetOfText } from "../commands/amd-targets.ts";
import { missingProgram } from "../matchers.ts";
import { coded, type Match, placeOf, type Rule, said, saidAny } from "../rule.ts";

/** The file of the code that gives a mask of 32 bits. */
function maskedFile({ finding }: Match): string | undefined {
  const file = finding.caller?.replace(/:\d+$/, "") ?? finding.file;
  return file === undefined || /amd_detail|[\\/]rocm/.test(file) ? undefined : file;
}

/** apex builds itself: its folder, one of its own extensions, or the options that its setup.py alone has. */
function ofApex({ finding, context }: Match): boolean {
  return (
    /[\\/]apex(?:-\w+)?[\\/]/.test(`${finding.text} ${finding.caller ?? ""}`) ||
    /--(?:cpp|cuda)_ext\b/.test(context.log.setupCommand ?? "") ||
    context.log.package === "apex" ||
    (context.log.requested ?? []).some((word) => /(?:^|[\\/])apex[\\/]?"?$/.test(word))
  );
}

/**
 * AMD's apex in the branch for the torch that is there. Source: "Supported Versions" in the README of ROCm/apex: release/1.N.0 is
 * for torch 2.N, release/1.0.0 for 2.0 and older, release/1.7.0 the last of the list.
 */
function apexForRocm(match: Match): string[] {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(torchAtHand(match)?.version ?? "") ?? [];
  const clone = "git clone --recursive https://github.com/ROCm/apex.git apex-rocm && cd apex-rocm";
  if (major === undefined || (major === "2" && Number(minor) > 7))
    return [
      `${clone} && git branch -r   # AMD's fork; its release branches are each for one torch (release/1.6.0 for 2.6): check out the one that its README names`,
    ];
  const branch = `release/1.${major === "1" ? "0" : (minor ?? "0")}.0`;
  return [
    `${clone.replace("--recursive", `--recursive -b ${branch}`)}   # AMD's fork, in its branch for torch ${major === "1" || minor === "0" ? "2.0 and older" : `2.${minor ?? ""}`}; a clone of it that is there: git checkout ${branch} && git clean -fdx, which takes the half-translated files away`,
  ];
}

/** What hipify wrote: the next build writes it again. */
const translated = /\.hip$|_hip\.\w+$|[\\/]hip[\\/]/;

/** A header of the project that hipify left alone: the folder that include_dirs has to name for it, and the header. */
function untranslated({
  finding,
  facts,
  context: { log },
}: Match): { readonly header: string; readonly folder: string; readonly root: string | undefined } | undefined {
  const file = finding.file ?? "";
  if (finding.kind !== "missing-header" || facts["name"] === undefined || translated.test(file)) return undefined;
  if (!/\.(?:h|hh|hpp|hxx|cuh|inl|inc)$/.test(file) || /-packages[\\/]|^\/(?:opt|usr)\//.test(file)) return undefined;
  const slash = file.lastIndexOf("/");
  if (slash <= 0) return undefined;
  const folder = file.slice(0, slash);
  const [, root] = /(?:^|\s)(\/[\w./+-]+?)\/?$/.exec(log.requirement ?? "") ?? [];
  return root !== undefined && folder.startsWith(`${root}/`)
    ? { header: file.slice(slash + 1), folder: folder.slice(root.length + 1), root }
    : { header: file.slice(slash + 1), folder, root: undefined };
}

/** That folder in include_dirs, without what earlier builds translated. */
function translatedToo(match: Match): string[] {
  const left = untranslated(match);
  if (left === undefined)
    return [
      "# include_dirs=[os.path.abspath('csrc')] so that hipify sees the headers; guard what is left with #ifndef USE_ROCM",
      "# delete stale translations: find . -name '*_hip.*' -delete; rm -rf */hip",
    ];
  const { header, folder, root } = left;
  return [
    `# setup.py, where the build for ROCm sets include_dirs: include_dirs.append(${folder.startsWith("/") ? `'${folder}'` : `os.path.abspath('${folder}')`})   # hipify translates headers in the folders of include_dirs, and ${header} lies in none of them; no CUDA is installed for it`,
    "# what an earlier build translated without it goes first: the files *_hip.* and the folders hip that git does not know (git status --ignored)",
    `# or that header alone, in its place: hipify-perl -inplace ${root === undefined ? folder : `${root}/${folder}`}/${header}; or a newer release of the package, whose setup.py may have it`,
  ];
}

/** Composable Kernel is for CDNA: its architectures, or flash-attn's other backend on a Radeon. */
function withoutComposableKernel(match: Match): string[] {
  const own = targetOfText(match);
  const built = `${match.context.log.package ?? ""} ${match.finding.file ?? ""}`;
  if (own === undefined || !/^gfx1[0-2]/.test(own))
    return [
      `${setVariable(match, "PYTORCH_ROCM_ARCH", own ?? "gfx942")}   # only architectures that the package supports: gfx90a, gfx942`,
    ];
  return /flash.attn|flash.attention/.test(built)
    ? [
        "export FLASH_ATTENTION_TRITON_AMD_ENABLE=TRUE   # Triton's backend: nothing of Composable Kernel is compiled; set it when the program runs, too",
      ]
    : [];
}

export const rocmRules: readonly Rule[] = [
  {
    id: "rocm-arch-unset",
    title: "No GPU architecture for the ROCm build",
    on: ["exception", "driver", "build-tool"],
    specificity: 78,
    matches: (finding) =>
      coded(finding, "no-rocm-arch") ??
      saidAny(
        finding,
        /No GPU arch specified for ROCm build/,
        /^['"]PYTORCH_ROCM_ARCH['"]$/,
        /invalid target ID ''/,
        /cannot determine (?:amdgcn|AMDGPU|hip) architecture/i,
        /--offload-arch=(?:''|\s|$)/,
      ),
    confidence: "high",
    cause: () =>
      "The build has to know for which AMD GPUs (gfx targets) to compile; no GPU is visible and PYTORCH_ROCM_ARCH is not set.",
    fix: (match) => [
      targetOfText(match) === undefined
        ? `${setVariable(match, "PYTORCH_ROCM_ARCH", "gfx90a;gfx942;gfx1100")}   # yours: rocminfo | grep gfx`
        : `${setVariable(match, "PYTORCH_ROCM_ARCH", targetOfText(match) ?? "")}   # the GPU of the text`,
    ],
    sources: ["huggingface/kernel-builder#142"],
    examples: [
      {
        text: "RuntimeError: No GPU arch specified for ROCm build.  Please use PYTORCH_ROCM_ARCH environment variable to specify GPU archs to build for.",
        expect: "PYTORCH_ROCM_ARCH",
      },
      {
        text: "clang: error: cannot determine amdgcn architecture: /opt/rocm/llvm/bin/amdgpu-arch: ; consider passing it via '--offload-arch'",
        expect: "rocminfo",
      },
      {
        text: "GPU: AMD Radeon RX 7900 XTX\n$ pip install --no-build-isolation .\nRuntimeError: No GPU arch specified for ROCm build.  Please use PYTORCH_ROCM_ARCH environment variable to specify GPU archs to build for.\nERROR: Failed building wheel for ops",
        expect: "export PYTORCH_ROCM_ARCH=gfx1100",
      },
    ],
  },
  {
    id: "rocm-arch-unknown",
    title: "The HIP compiler does not know this GPU target",
    on: ["driver"],
    specificity: 78,
    matches: (finding) =>
      saidAny(
        finding,
        /(?:invalid target ID|unsupported HIP gpu architecture:?|Unsupported gfx target|unknown target CPU) '?(?<arch>gfx\w+)/i,
        /invalid (?:offload arch|--offload-arch)\D*(?<arch>gfx\w+)/,
      ),
    confidence: "high",
    cause: (match) =>
      /gfx\w+:\w+'/.test(match.finding.message)
        ? `The target is written wrongly: a feature after \`${match.facts["arch"] ?? ""}\` needs a sign (xnack+ or xnack-, sramecc+ or sramecc-).`
        : `This ROCm has no target \`${match.facts["arch"] ?? ""}\`: the GPU is newer than ROCm, or the name is misspelt.`,
    fix: (match) => {
      // The message's own target is read as the text's, too: what the GPU is called tells which it is.
      const { gfx, namedGfx } = match.context.log;
      const wanted = match.facts["arch"] ?? "";
      const own = namedGfx ?? (gfx === wanted ? undefined : gfx);
      return own === wanted
        ? [
            "hipcc --version; cat /opt/rocm/.info/version   # older than the first ROCm that has this target",
            `# a newer ROCm, with the torch that is made for it: https://rocm.docs.amd.com/projects/install-on-linux/en/latest/ lists the GPUs of each release; ${wanted} is the GPU of the text, and code for another would not run on it`,
          ]
        : [
            `export PYTORCH_ROCM_ARCH=${own ?? ownTarget}   # the GPU that is there, in place of a list of all; is it ${wanted} itself: a newer ROCm`,
            "# a list that setup.py or CMakeLists.txt writes itself (--offload-arch, GPU_ARCHS): take it out there",
          ];
    },
    sources: ["https://rocm.docs.amd.com/projects/install-on-linux/en/latest/reference/system-requirements.html"],
    examples: [
      {
        text: "clang++: error: invalid target ID 'gfx1201'; format is a processor name followed by an optional colon-delimited list of features",
        expect: "gfx1201",
      },
      {
        text: "GPU: AMD Instinct MI210\n$ pip install --no-build-isolation .\nclang++: error: invalid target ID 'gfx1201'; format is a processor name followed by an optional colon-delimited list of features\nERROR: Failed building wheel for ops",
        expect: "export PYTORCH_ROCM_ARCH=gfx90a",
      },
    ],
  },
  {
    id: "rocm-device-library-missing",
    title: "clang does not find ROCm's device libraries",
    on: ["driver"],
    specificity: 80,
    matches: (finding) =>
      saidAny(
        finding,
        /cannot find (?:ROCm device library|HIP runtime|HIP device library)/,
        /ABI version .* device library/,
      ),
    confidence: "high",
    cause: () =>
      "ROCm is not where the compiler looks for it: it lies in another folder than /opt/rocm (pip's rocm packages, conda, TheRock), or the package with the device bitcode is not installed.",
    fix: (match) =>
      platformOf(match) === "win32"
        ? [
            "for /f \"delims=\" %i in ('rocm-sdk path --root') do set ROCM_PATH=%i& set HIP_PATH=%i& set HIP_DEVICE_LIB_PATH=%i\\lib\\llvm\\amdgcn\\bitcode   # ROCm from pip; the HIP SDK: %HIP_PATH%\\amdgcn\\bitcode",
            "# or the flags --rocm-path=<folder> and --rocm-device-lib-path=<the folder with ocml.bc>",
          ]
        : [
            match.context.log.rocmFromPip
              ? "export ROCM_PATH=$(rocm-sdk path --root); export HIP_PATH=$ROCM_PATH HIP_DEVICE_LIB_PATH=$ROCM_PATH/lib/llvm/amdgcn/bitcode"
              : "export ROCM_PATH=/opt/rocm HIP_PATH=/opt/rocm HIP_DEVICE_LIB_PATH=/opt/rocm/amdgcn/bitcode",
            "sudo apt-get install rocm-device-libs hip-dev   # when the folder is not there",
            "# or the flags --rocm-path=<folder> and --rocm-device-lib-path=<folder>/amdgcn/bitcode",
          ],
    sources: ["ROCm/TheRock#988"],
    examples: [
      {
        text: "clang: error: cannot find ROCm device library; provide its path via '--rocm-path' or '--rocm-device-lib-path', or pass '-nogpulib' to build without ROCm device library",
        expect: "HIP_DEVICE_LIB_PATH",
      },
    ],
  },
  {
    id: "hipify-incomplete",
    title: "CUDA code that hipify could not translate",
    on: ["compile", "missing-header"],
    specificity: 86,
    matches: (finding, context) => {
      const hip =
        /[\\/]hip[\\/]|_hip\.|\.hip$|hipify|rocm/i.test(finding.file ?? "") ||
        finding.tool === "hipcc" ||
        (context.log.amd &&
          finding.tool === "clang" &&
          (finding.kind === "missing-header" || /nv_|bfloat16/.test(finding.message))) ||
        (context.log.amd && /did you mean '(?:hip|__hip)/.test(finding.message));
      if (!hip) return undefined;
      if (finding.kind === "missing-header")
        return /cuda|^cub\/|cublas|device_launch|cooperative/.test(finding.header ?? "")
          ? { name: finding.header }
          : undefined;
      return saidAny(
        finding,
        /use of undeclared identifier '(?<name>__?(?:shfl|ballot|activemask|syncwarp|nv_bfloat16|ldg|cuda)\w*)'/,
        /use of undeclared identifier '(?<name>(?:__)?\w*(?:nv_|bfloat16)\w*)'/,
        /use of undeclared identifier '(?<name>(?:CUBLAS|CUDNN|CUSPARSE|CUSOLVER|CUFFT)_\w+)'/,
        /unknown type name '(?<name>(?:__)?(?:nv_|cuda|cu)\w+)'/,
        /(?<name>invalid instruction mnemonic '[^']+'|unknown token in expression)/,
        /'(?<name>cuda\w+)'|invalid (?:output|input) constraint .* in asm/,
      );
    },
    confidence: (match) => (untranslated(match) === undefined ? "medium" : "high"),
    cause: (match) =>
      ofApex(match) && match.finding.kind === "missing-header"
        ? `\`${match.facts["name"] ?? "A header"}\` of CUDA is asked for in a build for ROCm: NVIDIA's apex has headers that torch's hipify does not translate. AMD keeps a fork of apex that does build.`
        : /[\\/]torch[\\/]include[\\/](?:ATen|c10)[\\/]cuda[\\/]/.test(match.finding.file ?? "")
          ? `torch's header for CUDA (${placeOf(match.finding)}) is included in a build for ROCm: a header of the package (.cuh, .h) that includes it was not translated, because hipify looks only into the folders of include_dirs and of the sources, or a stale copy is taken.`
          : untranslated(match) !== undefined
            ? `\`${untranslated(match)?.header ?? ""}\` still asks for \`${match.facts["name"] ?? ""}\` of CUDA in a build for ROCm: hipify did not translate that header: it looks into the folders of include_dirs and of the sources alone, and this one (mostly) lies in another. (ROCm has its own run time; CUDA is not what is missing.)`
            : `${match.facts["name"] === undefined ? "Something" : `\`${match.facts["name"]}\``} of CUDA is left in the hipified source (or inline PTX): hipify does not know it, the header was not among the include folders that it translates, or the code is for NVIDIA GPUs only.`,
    fix: (match) => [
      ...(/bfloat16/.test(match.facts["name"] ?? "")
        ? [
            "# bfloat16 in HIP: #include <hip/hip_bf16.h>, __hip_bfloat16 and __float2bfloat16; not all conversions of CUDA are there: go by float (__float2bfloat16(static_cast<float>(x)))",
          ]
        : []),
      ...(ofApex(match)
        ? [
            ...apexForRocm(match),
            `${python(match)} ${match.context.log.setupCommand ?? "setup.py install --cpp_ext --cuda_ext"}   # in that folder`,
          ]
        : [
            ...(match.facts["name"] === "device_launch_parameters.h"
              ? [
                  "grep -rl device_launch_parameters.h --include='*.cu' --include='*.cuh' --include='*.cpp' --include='*.h' . | xargs -r sed -i.bak '/#include.*device_launch_parameters\\.h/d'   # in the sources that are translated: neither nvcc nor hipcc needs it (it is for editors)",
                ]
              : []),
            ...translatedToo(match),
          ]),
    ],
    sources: ["ROCm/hip#3568", "open-mmlab/mmcv#1898", "ROCm/apex#102", "https://github.com/ROCm/apex"],
    examples: [
      { text: "/p/csrc/hip/k.hip:7:10: fatal error: 'device_launch_parameters.h' file not found", expect: "hipify" },
      {
        text: "/p/ext/hip/custom/dequant.hip:474:65: error: unknown type name 'nv_bfloat16'; did you mean 'hip_bfloat16'?",
        expect: "hip_bf16.h",
      },
      {
        text: "root@mi:/w/grid# pip install -e .\nObtaining file:///w/grid\n/opt/rocm/bin/hipcc -c /w/grid/ops/csrc/hip/pool_hip.hip -o pool_hip.o\nIn file included from /w/grid/ops/csrc/hip/pool_hip.hip:4:\n/w/grid/ops/csrc/torch_part/pool_utils.h:18:10: fatal error: 'cuda_runtime_api.h' file not found\n#include <cuda_runtime_api.h>\n1 error generated when compiling for gfx1030.",
        expect: "include_dirs.append(os.path.abspath('ops/csrc/torch_part'))",
      },
      {
        text: "$ python setup.py install --cpp_ext --cuda_ext\ntorch.__version__  = 2.1.0+rocm5.6\n/opt/rocm/bin/hipcc -DWITH_HIP -c csrc/amp_C_frontend.hip -o build/amp_C_frontend.o\n/e/lib/python3.9/site-packages/torch/include/ATen/cuda/CUDAContext.h:5:10: fatal error: 'cuda_runtime_api.h' file not found",
        expect: "https://github.com/ROCm/apex.git",
      },
      {
        text: "torch 2.6.0+rocm6.2\n$ pip install -v --no-build-isolation ./apex\nIn file included from /home/jo/apex/csrc/multi_tensor_apply.cuh:3:\n/home/jo/e/lib/python3.10/site-packages/torch/include/ATen/cuda/CUDAContext.h:5:10: fatal error: 'cuda_runtime_api.h' file not found\nerror: command '/opt/rocm/bin/hipcc' failed with exit code 1",
        expect: "git clone --recursive -b release/1.6.0 https://github.com/ROCm/apex.git",
      },
      {
        text: "/p/kernels/includes/conversion_utils_hip.h:402:12: error: use of undeclared identifier '__uint2bfloat16_rn'; did you mean '__uint2float_rn'?",
        expect: "hipify",
      },
    ],
  },
  {
    id: "hip-warp-mask",
    title: "HIP's warp functions want a mask of 64 bits",
    on: ["compile"],
    specificity: 84,
    matches: (finding) =>
      finding.tool === "hipcc" || /\.hip$|_hip\.|[\\/]hip[\\/]/.test(finding.file ?? "")
        ? saidAny(
            finding,
            /no matching function for call to '(?<name>__(?:shfl\w*|ballot|any|all|match_\w+|reduce\w*)_sync)'/,
            /static assertion failed.*(?<name>mask) must be a 64-bit integer/i,
          )
        : undefined,
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\`: HIP's _sync functions take a mask of 64 bits on every AMD GPU, those with wavefronts of 32 lanes included (since ROCm 6.2, and only with HIP_ENABLE_WARP_SYNC_BUILTINS before 7.0); the code gives 32 bits (0xffffffff).`,
    fix: (match) => [
      ...(maskedFile(match) === undefined
        ? []
        : translated.test(maskedFile(match) ?? "")
          ? [
              "grep -rlE '_sync *\\(|#define \\w*MASK' --include='*.cu' --include='*.cuh' --include='*.h' . | xargs -r sed -i.bak -E '/_sync *\\(|#define \\w*MASK/s/\\b0[xX][fF]{8}([uU]?[lL]{0,2})\\b/0xffffffffffffffffULL/g'   # in the sources, of which the file that is named is made; for ROCm alone: CUDA's masks have 32 bits",
            ]
          : [
              `sed -i.bak -E 's/\\b0[xX][fF]{8}([uU]?[lL]{0,2})\\b/0xffffffffffffffffULL/g' ${maskedFile(match) ?? ""}   # for ROCm alone: CUDA's masks have 32 bits; the same for each file that is named`,
              "# for both: #ifdef USE_ROCM  #define FULL_MASK 0xffffffffffffffffULL  #else  #define FULL_MASK 0xffffffffu  #endif; a mask in a variable: uint64_t",
            ]),
      "# #ifdef USE_ROCM: __shfl_xor(v, lane_mask) without _sync, or a mask of 0xffffffffffffffffULL; data-center GPUs (gfx9) have 64 lanes: warpSize in place of 32 there",
      ...(/static assertion/.test(match.finding.message)
        ? ["# ROCm 6: without -DHIP_ENABLE_WARP_SYNC_BUILTINS there are no _sync functions, and none of these checks"]
        : ["# flag for ROCm 6: -DHIP_ENABLE_WARP_SYNC_BUILTINS"]),
    ],
    sources: ["https://rocm.docs.amd.com/projects/HIP/en/latest/how-to/hip_cpp_language_extensions.html"],
    examples: [
      {
        text: "csrc/k.hip:77:13: error: no matching function for call to '__shfl_xor_sync'",
        expect: "--include='*.cu'",
      },
      {
        text: "FAILED: [code=1] /w/ops/build/temp.linux-x86_64-cpython-310/csrc/k.o\n/opt/rocm-6.3.0/include/hip/amd_detail/amd_warp_sync_functions.h:276:52: error: static assertion failed due to requirement 'sizeof(unsigned int) == 8': The mask must be a 64-bit integer. Implicitly promoting a smaller integer is almost always an error.\n/w/ops/csrc/k.hip:21:12: note: in instantiation of function template specialization '__shfl_down_sync<unsigned int, float>' requested here",
        expect: "cd /w/ops",
      },
      {
        text: "/opt/rocm-7.2.3/include/hip/amd_detail/amd_warp_sync_functions.h:307:62: error: \n      static assertion failed due to requirement 'sizeof(unsigned int) == 8': The mask must be a 64-bit\n      integer. Implicitly promoting a smaller integer is almost always an error.\n/p/mma.cuh:739:22: note: in instantiation of function template specialization '__shfl_xor_sync<unsigned int, float>' requested here",
        expect: "/p/mma.cuh",
      },
    ],
  },
  {
    id: "hip-warp-size-no-constant",
    title: "warpSize is no compile-time constant in ROCm 7",
    on: ["compile"],
    specificity: 76,
    matches: (finding) =>
      finding.tool === "hipcc" || /\.hip$|_hip\.|[\\/]hip[\\/]/.test(finding.file ?? "")
        ? saidAny(
            finding,
            /constexpr variable '(?<name>\w*[wW](?:arp|ave)\w*)' must be initialized by a constant expression/,
            /(?:non-type template argument|static assertion expression|array (?:size|bound)) is not an? (?:integral )?constant expression/,
            /'(?<name>warpSize)' .*(?:constant expression|not usable)/,
          )
        : /constexpr function never produces a constant expression/.test(finding.message) &&
            /warp_?size|wavefront/i.test(finding.source ?? "")
          ? {}
          : undefined,
    confidence: "medium",
    cause: (match) =>
      `${placeOf(match.finding)} uses warpSize where a constant is wanted. It was a constant up to ROCm 6 and is none since ROCm 7: 64 on data-center GPUs, 32 on others.`,
    fix: () => [
      "# code of others (composable_kernel, torch before 2.9): a release for ROCm 7, or build with ROCm 6.4",
      "# host code: hipDeviceProp_t::warpSize; device code: a constant of one's own by architecture: #if defined(__GFX9__) constexpr int kWarp = 64; #else constexpr int kWarp = 32; #endif",
    ],
    sources: ["https://rocm.docs.amd.com/projects/HIP/en/latest/hip-7-changes.html"],
    examples: [
      {
        text: "csrc/k.hip:10:25: error: constexpr variable 'kWarp' must be initialized by a constant expression",
        expect: "ROCm 7",
      },
      {
        text: "/p/composable_kernel/include/ck/utility/get_id.hpp:10:39: error: constexpr function never produces a constant expression [-Winvalid-constexpr]\n   10 | __host__ __device__ constexpr index_t get_warp_size()",
        expect: "ROCm 6.4",
      },
    ],
  },
  {
    id: "hip-header-without-hipcc",
    title: "A host compiler reads HIP's device headers",
    on: ["compile"],
    specificity: 80,
    matches: (finding) =>
      finding.tool !== "hipcc" &&
      /[\\/]hip[\\/](?:amd_detail|hcc_detail)[\\/]/.test((finding.file ?? "").replaceAll("\\", "/"))
        ? saidAny(
            finding,
            /[‘'](?<name>__(?:builtin_amdgcn|ockl|ocml|llvm|hip)_?\w*)[’'] was not declared/,
            /[‘'](?<name>__(?:device|host|global|shared)__|__attribute__|warpSize|threadIdx|blockIdx)[’'] (?:does not name|was not declared)/,
            /use of undeclared identifier '(?<name>__builtin_amdgcn\w*)'/,
          )
        : undefined,
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\` is built into the clang of ROCm, and another compiler (or clang without -x hip) reads HIP's device headers here: a .cpp file, or a file that CMake does not take for HIP, includes hip/hip_runtime.h through device code.`,
    fix: () => [
      "# host files: include <hip/hip_runtime_api.h> in place of <hip/hip_runtime.h>, and no header with kernels",
      "# files with device code: the ending .hip or .cu (torch's hipify), or in CMake enable_language(HIP) and set_source_files_properties(x.cpp PROPERTIES LANGUAGE HIP)",
      "export CXX=/opt/rocm/bin/hipcc   # the whole build with ROCm's compiler",
    ],
    sources: ["ROCm/legacy-rocm-build#3917"],
    examples: [
      {
        text: "/opt/rocm-6.3.0/include/hip/amd_detail/amd_warp_functions.h:138:12: error: ‘__builtin_amdgcn_ds_bpermute’ was not declared in this scope",
        expect: "hip_runtime_api.h",
      },
    ],
  },
  {
    id: "hip-function-for-other-types",
    title: "This ROCm's warp functions do not take the type",
    on: ["compile"],
    specificity: 72,
    matches: (finding) =>
      said(
        finding,
        /(?:no matching function for call to|call to) '(?<name>__shfl(?:_xor|_up|_down)?|__ballot|__(?:h|low|high)\w*2\w*)'(?: is ambiguous)?$/,
      ),
    confidence: "medium",
    cause: (match) =>
      `HIP's \`${match.facts["name"] ?? ""}\` does not take the types that ${placeOf(match.finding)} gives it: __shfl for half2 came with ROCm 5.6, and for 16-bit and other types never or later than CUDA has them.`,
    fix: () => [
      "hipconfig --version; cat /opt/rocm/.info/version",
      "# a newer ROCm (on Windows: HIP SDK 5.7 or newer), or a release of the package for this ROCm",
      "# in one's own code: shuffle the bits as int (__builtin_bit_cast, or a union), then cast back",
    ],
    sources: ["ggml-org/llama.cpp#7242", "ROCm/tensorflow-upstream#125"],
    examples: [
      {
        text: "/p/ggml-cuda/common.cuh:374:31: error: no matching function for call to '__shfl_xor'",
        expect: "ROCm 5.6",
      },
    ],
  },
  {
    id: "composable-kernel-refuses-gpu",
    title: "Composable Kernel is not made for this GPU",
    on: ["compile"],
    specificity: 60,
    matches: (finding) =>
      /composable_kernel|[\\/]ck(?:_tile)?[\\/]/.test(finding.file ?? "")
        ? said(finding, /static assertion failed(?: due to requirement '(?<what>[^']+)')?/)
        : undefined,
    confidence: "medium",
    cause: (match) =>
      `A check of Composable Kernel (${placeOf(match.finding)}${match.facts["what"] === undefined ? "" : `: ${match.facts["what"]}`}) fails. Its attention and gemm kernels are made for CDNA (gfx90a, gfx942, gfx950); with a gfx10 or gfx11 in the list of architectures their tile sizes do not work out, or the pinned Composable Kernel is of another release than the code.`,
    fix: (match) => [
      ...withoutComposableKernel(match),
      "# on a Radeon: build the package without its Composable Kernel part (FLASH_ATTENTION_TRITON_AMD_ENABLE=TRUE for flash-attn; torch's own scaled_dot_product_attention in place of xformers)",
      "git submodule update --init --recursive   # the Composable Kernel that the package pins",
    ],
    sources: ["facebookresearch/xformers#1026"],
    examples: [
      {
        text: "/p/third_party/composable_kernel_tiled/include/ck/tile_program/policy_hip.hpp:734:13: error: static assertion failed due to requirement 'kKPack % K3 == 0'",
        expect: "gfx942",
      },
      {
        text: "AMD Radeon RX 7900 XTX\n$ pip install --no-build-isolation flash-attn\n/tmp/pip-install-h/flash-attn_3/csrc/composable_kernel/include/ck_tile/ops/fmha/policy.hpp:734:13: error: static assertion failed due to requirement 'kKPack % K3 == 0'\nERROR: Failed building wheel for flash-attn",
        expect: "export FLASH_ATTENTION_TRITON_AMD_ENABLE=TRUE",
      },
    ],
  },
  {
    id: "rocm-not-found",
    title: "ROCm is not found",
    on: ["exception", "missing-program"],
    specificity: 78,
    matches: (finding) =>
      finding.kind === "missing-program"
        ? missingProgram(finding, /^(?:hipcc|hipconfig|rocm_agent_enumerator|rocminfo|amdclang\+\+)$/)
        : said(
            finding,
            /ROCM_HOME environment variable is not set|ROCM_HOME (?:is not set|does not exist)|No ROCm (?:toolkit|runtime) (?:is )?found/,
          ),
    confidence: "high",
    cause: (match) =>
      `${match.facts["name"] === undefined ? "The build looks for ROCm in ROCM_HOME, beside hipcc and in /opt/rocm, and finds it nowhere" : `\`${match.facts["name"]}\` of ROCm is not found`}: ROCm's development packages are not installed (torch's wheels bring the run time only), or lie elsewhere.`,
    fix: (match) => [
      "ls -d /opt/rocm*; which hipcc   # nothing: its development packages first, in the version of torch.version.hip (python -c 'import torch; print(torch.version.hip)')",
      "sudo apt-get install rocm-hip-sdk",
      "# Fedora, RHEL: sudo dnf install rocm-hip-devel hipcc",
      "# Arch Linux: sudo pacman -S rocm-hip-sdk",
      "export ROCM_HOME=/opt/rocm PATH=/opt/rocm/bin:$PATH   # Fedora: ROCM_HOME=/usr",
      ...buildAgain(match),
    ],
    sources: ["pytorch: torch/utils/cpp_extension.py"],
    examples: [
      { text: "/bin/sh: 1: /opt/rocm/bin/rocm_agent_enumerator: not found", expect: "/opt/rocm" },
      {
        text: "OSError: ROCM_HOME environment variable is not set. Please set it to your ROCm install root.",
        expect: "/opt/rocm",
      },
      {
        text: "[nix@archlinux a]$ python -m pip install --no-build-isolation .\nOSError: ROCM_HOME environment variable is not set. Please set it to your ROCm install root.",
        expect: "sudo pacman -S --noconfirm rocm-hip-sdk\nexport ROCM_HOME",
      },
    ],
  },
];
