/** nvcc and its passes: architectures, device code rules; its options are in nvcc-options.ts, crashes in resources.ts. */
import { usualArchitectures } from "../arch-lists.ts";
import { shownWith, withoutUnsupported } from "../cmake-architectures.ts";
import { compareVersions, parseVersion } from "../../base/order.ts";
import { cudaForArchitecture, dotted } from "../version-facts.ts";
import { knownCapabilities, pip, platformOf, setVariable, torchCuda } from "../commands.ts";
import { ownListWithout } from "../own-arch-list.ts";
import { packageOf } from "../packages.ts";
import { changedNvcc, withNvccFlags } from "../typed-fit.ts";
import { type Match, type MatchFacts, placeOf, type Rule, said, saidAny } from "../rule.ts";
import type { Finding } from "../finding.ts";

const nvccTools = new Set(["nvcc", "ptxas", "nvlink", "cicc", "cudafe++", "fatbinary"]);

/** What an option message of nvcc or ptxas says; undefined for other tools. */
function nvccSaid(finding: Finding, ...patterns: readonly RegExp[]): MatchFacts | undefined {
  return nvccTools.has(finding.tool) ? saidAny(finding, ...patterns) : undefined;
}

function nvccHere(match: Match): string {
  const version = match.context.log.cuda ?? match.context.environment?.cuda?.version;
  return version === undefined ? "" : ` (CUDA ${version})`;
}

/** The target that the build tried after `native`, when nvcc did not know that one either. */
function laterArch(match: Match): string {
  const other = match.context.findings
    .map((finding) => /Value ['"](?:sm|compute)_(\d+)['"] is not defined/.exec(finding.message)?.[1])
    .find((arch) => arch !== undefined);
  const since = other === undefined ? undefined : cudaForArchitecture(other)?.since;
  return other === undefined || since === undefined
    ? ""
    : `, and for compute capability ${dotted(other)}, too, which came with CUDA ${since}`;
}

/** Whether this nvcc is too new for a target, not too old: nobody builds for today's torch with the CUDA of before 2012. */
function isDropped(match: Match, known: { readonly since: string; readonly gone?: string }): boolean {
  const { cuda, cmakeCuda } = match.context.log;
  const here = cuda ?? cmakeCuda ?? torchCuda(match);
  return (
    known.gone !== undefined &&
    (compareVersions(parseVersion(known.since), [8, 0]) < 0 ||
      (here !== undefined && compareVersions(parseVersion(here), parseVersion(known.gone)) >= 0))
  );
}

/** CMake's own lists without the targets that a CUDA dropped. */
function withoutOldTargets(match: Match, arch: string, gone: string): string[] {
  const old = gone === "13.0" ? "(5[0-3]|6[0-2]|7[02])" : `(${arch})`;
  return [
    "nvcc --version; which -a nvcc",
    `sed -i.bak -E '/CUDA_ARCHITECTURES|CUDA_ARCH/s/\\b${old}(-real|-virtual)?\\b;?//g' CMakeLists.txt   # what CUDA ${gone} dropped; the list must not be empty then: 75 is the oldest${gone === "13.0" ? "" : " that every nvcc knows"}`,
    setVariable(match, "TORCH_CUDA_ARCH_LIST", nearest(match, arch)) +
      "   # for find_package(Torch), which has a list of its own",
    `cmake -DCMAKE_CUDA_ARCHITECTURES="${nearest(match, arch)
      .replace(/\+PTX$/, "")
      .replaceAll(".", "")}" ..   # where the list comes from the command or from nobody`,
  ];
}

/** Whether a finding is of the HIP compiler. */
function hip(match: Match): boolean {
  return (
    match.context.log.amd ||
    /hip/.test(match.facts["type"] ?? "") ||
    /\.hip$|_hip\.|[\\/]hip[\\/]/.test(match.finding.file ?? "")
  );
}

/** Whether bfloat16 is compiled for a GPU of the text that has none of its instructions. */
function isBelowBfloat(match: Match): boolean {
  const { log } = match.context;
  const capability = log.namedGpu ?? log.namedCapability;
  return (
    /bfloat16/.test(match.facts["type"] ?? "") && !hip(match) && capability !== undefined && Number(capability) < 8
  );
}

/** The installed package whose sources do not compile, in a newer release. */
function newerRelease(match: Match): string[] {
  const name = /(?:site|dist)-packages[\\/]([a-z][\w-]*)[\\/]/.exec(match.finding.file ?? "")?.[1];
  return name === undefined || name === "torch"
    ? []
    : [
        `${pip(match, `install --upgrade --no-deps ${name.replaceAll("_", "-")}`)}   # a newer release may know older GPUs (aqlm 1.1.2 does)`,
      ];
}

/** FlashMLA's set-up script has targets and switches of its own. Source: setup.py of deepseek-ai/FlashMLA. */
function ofFlashMla({ context }: Match): boolean {
  return (
    /^flash[-_]mla$/i.test(context.log.package ?? "") ||
    context.findings.some(({ text }) => /[\\/]FlashMLA[\\/]|\bflash_mla\b/.test(text))
  );
}

/** Takes a target out of the flags that a project brings itself: as a text, or as a pair of numbers that it is made from. */
function ownFlagsWithout(match: Match, arch: string, gone: string): string[] {
  const pair = `\\(${arch.slice(0, -1)}, *${arch.slice(-1)}\\)`;
  const name = packageOf(match) ?? match.context.log.package;
  return [
    ...(match.context.log.package === undefined || match.context.log.setupCommand !== undefined
      ? []
      : [
          `# in a clone of ${name ?? "the package"}'s repository, of the release or commit that was asked for (what pip unpacks is gone afterwards):`,
        ]),
    platformOf(match) === "win32"
      ? `findstr /s /n "compute_${arch} sm_${arch} (${arch.slice(0, -1)}," setup.py`
      : `grep -rnE "(compute|sm)_${arch}|${pair}" --include=setup.py --include=CMakeLists.txt --include=*.cmake .`,
    `# take ${dotted(arch)} out there (a list may have it as \`(${arch.slice(0, -1)}, ${arch.slice(-1)})\`), with all others that CUDA ${gone} dropped; or build with a CUDA before ${gone}, of torch's own major version`,
  ];
}

export const nvccRules: readonly Rule[] = [
  {
    id: "nvcc-unsupported-architecture",
    title: "nvcc does not know this GPU architecture",
    on: ["driver"],
    specificity: 85,
    matches: (finding) => {
      const facts =
        nvccSaid(
          finding,
          /Unsupported gpu architecture ['"]?(?:compute|sm|lto)[_ ](?<arch>\w*)/,
          /Value ['"](?:sm|compute)_(?<arch>\w+)['"] is not defined for option ['"](?:gpu-name|gpu-architecture|gpu-code|arch)/,
          /Value ['"](?<arch>native|all|all-major)['"] is not defined for option ['"](?:gpu-name|gpu-architecture|gpu-code|arch)/,
          /Unsupported (?:gpu|GPU) (?:architecture|arch)/,
        ) ??
        (finding.tool === "clang"
          ? saidAny(finding, /unsupported CUDA gpu architecture: (?:sm_)?(?<arch>\w+)/)
          : undefined);
      return facts;
    },
    confidence: "high",
    cause: (match) => {
      const arch = match.facts["arch"] ?? "";
      const known = cudaForArchitecture(arch);
      if (known === undefined && /^\d{2,3}[af]?$/.test(arch))
        return `This nvcc${nvccHere(match)} has no target \`${arch}\`: the GPU is newer than the toolkit, or the number is wrong (compute capability 8.6 is 86, 12.0 is 120).`;
      if (/^(?:native|all)/.test(arch))
        return `This nvcc${nvccHere(match)} is too old for \`-arch=${arch}\` (CUDA 11.5 and 11.6 brought it)${laterArch(match)}. Often /usr/bin/nvcc of the distribution is found instead of the toolkit in /usr/local/cuda.`;
      if (arch === "" || known === undefined) {
        return `The architecture \`compute_${arch}\` on the command line is none: the list of architectures is empty or was put together wrongly (GPU detection failed, a variable is empty, \`native\` reached an nvcc or a CMake that does not know it).`;
      }
      const gone = known.gone === undefined ? "" : ` CUDA ${known.gone} dropped it.`;
      // Nobody builds for today's torch with the CUDA of before 2012.
      if (isDropped(match, known))
        return match.context.log.otherField === "opencv"
          ? `This nvcc${nvccHere(match)} has no target for compute capability ${dotted(arch)} any more: CUDA ${known.gone ?? ""} dropped it, and this release of OpenCV still has it in its own list (CUDA_ARCH_BIN).`
          : shownWith(match, arch) !== undefined
            ? `This nvcc${nvccHere(match)} has no target for compute capability ${dotted(arch)} any more: CUDA ${known.gone ?? ""} dropped it, and ${inCmake(match, arch)} still names it. CMake reads no TORCH_CUDA_ARCH_LIST for its own targets.`
            : match.context.log.ownGencode.includes(arch)
              ? `This nvcc${nvccHere(match)} has no target for compute capability ${dotted(arch)} any more: CUDA ${known.gone ?? ""} dropped it, and the project's own flags still name it (\`-gencode arch=compute_${arch}\`, with a space: torch writes \`-gencode=arch=\`). Where a project brings such flags, torch adds none and TORCH_CUDA_ARCH_LIST counts for nothing.`
              : `This nvcc${nvccHere(match)} has no target for compute capability ${dotted(arch)} any more: CUDA ${known.gone ?? ""} dropped it, and the project (its setup.py, or TORCH_CUDA_ARCH_LIST) still names it.`;
      return `This nvcc${nvccHere(match)} has no target for compute capability ${dotted(arch)}: the toolkit is too old or too new for it. CUDA ${known.since} was the first with it.${gone} (Often /usr/bin/nvcc of the distribution is found instead of the toolkit in /usr/local/cuda.)`;
    },
    fix: (match) => {
      const arch = match.facts["arch"] ?? "";
      const known = cudaForArchitecture(arch);
      if (/^10\d/.test(arch) && ofFlashMla(match))
        return [
          `${setVariable(match, "FLASH_MLA_DISABLE_SM100", "1")}   # a GPU of Hopper (H100, H800, H20) needs no code for Blackwell; FlashMLA names its targets itself and heeds no TORCH_CUDA_ARCH_LIST`,
          "# for a B200: nvcc of CUDA 12.9 or newer, export CUDA_HOME=/usr/local/cuda-12.9 PATH=/usr/local/cuda-12.9/bin:$PATH",
        ];
      if (match.context.log.otherField === "opencv")
        return [
          "nvidia-smi --query-gpu=name,compute_cap --format=csv; nvcc --version   # this GPU, and whether nvcc knows it (8.6: CUDA 11.1, 8.9: 11.8, 12.0: 12.8)",
          `cmake -DCUDA_ARCH_BIN=${ownArchitecture(match) ?? "8.6"} -DCUDA_ARCH_PTX= .   # in the build folder, with the GPU's own number: a release of OpenCV that is older than the toolkit names architectures that are gone`,
          "make -j$(nproc)",
        ];
      if (/^(?:native|all)/.test(arch))
        return [
          "nvcc --version; which -a nvcc; ls -d /usr/local/cuda*",
          "export CUDA_HOME=/usr/local/cuda PATH=/usr/local/cuda/bin:$PATH   # a newer toolkit",
          "nvidia-smi --query-gpu=compute_cap --format=csv   # or the GPU by number: -arch=sm_86, if this nvcc has it",
        ];
      if (arch === "" || known === undefined)
        return [
          `${setVariable(match, "TORCH_CUDA_ARCH_LIST", usualArchitectures(match))}   # CMake: -DCMAKE_CUDA_ARCHITECTURES=86`,
          "nvidia-smi --query-gpu=compute_cap --format=csv",
        ];
      const dropped = isDropped(match, known);
      const typed = changedNvcc(match, (word) =>
        new RegExp(`(?:compute|sm)_${arch}\\b`).test(word) ? undefined : word,
      );
      if (typed !== undefined && dropped)
        return [
          `${
            /-arch|-gencode|-code|--generate-code|--gpu-architecture/.test(typed)
              ? typed
              : typed.replace(
                  /nvcc /,
                  `nvcc -arch=sm_${nearest(match, arch)
                    .replace(/[;+].*$/, "")
                    .replace(".", "")} `,
                )
          }   # without ${dotted(arch)}, which this nvcc does not have`,
        ];
      const shown = shownWith(match, arch);
      if (dropped && shown !== undefined)
        return withoutUnsupported(
          match,
          shown,
          arch,
          match.context.log.cuda ?? match.context.log.cmakeCuda ?? torchCuda(match) ?? known.gone ?? "",
          (ownArchitecture(match) ?? "7.5").replaceAll(".", ""),
        );
      if (dropped && match.context.log.typedConfigure !== undefined && match.context.log.installer === undefined)
        return withoutOldTargets(match, arch, known.gone ?? "");
      if (dropped && match.context.log.ownGencode.includes(arch)) return ownFlagsWithout(match, arch, known.gone ?? "");
      const listed = dropped
        ? ownListWithout(
            match,
            setVariable(match, "TORCH_CUDA_ARCH_LIST", ownArchitecture(match) ?? nearest(match, arch)),
          )
        : undefined;
      if (listed !== undefined) return listed;
      if (dropped)
        return [
          platformOf(match) === "win32"
            ? `findstr /s /n "TORCH_CUDA_ARCH_LIST CUDA_ARCHITECTURES compute_${arch} sm_${arch}" setup.py CMakeLists.txt`
            : `grep -rnE "TORCH_CUDA_ARCH_LIST|CUDA_ARCHITECTURES|compute_${arch}|sm_${arch}" --include=setup.py --include=pyproject.toml --include=CMakeLists.txt --include='*.cmake' .`,
          `# take ${dotted(arch)} out there; a setup.py that sets os.environ["TORCH_CUDA_ARCH_LIST"] itself (pointnet2_ops) overrides the variable: delete that line. Or a CUDA before ${known.gone ?? ""}`,
          setVariable(match, "TORCH_CUDA_ARCH_LIST", ownArchitecture(match) ?? nearest(match, arch)),
        ];
      return [
        "nvcc --version; which -a nvcc",
        known.gone === undefined
          ? `# use CUDA ${known.since} or newer: export CUDA_HOME=/usr/local/cuda-${known.since} PATH=/usr/local/cuda-${known.since}/bin:$PATH`
          : `# remove ${dotted(arch)} from the architectures (TORCH_CUDA_ARCH_LIST, -gencode flags in setup.py or CMakeLists.txt), or use a CUDA from ${known.since} to below ${known.gone}`,
        `${setVariable(match, "TORCH_CUDA_ARCH_LIST", nearest(match, arch))}   # or build for what this nvcc knows; PTX serves newer GPUs`,
        platformOf(match) === "win32"
          ? `findstr /s /n "compute_${arch} sm_${arch}" setup.py CMakeLists.txt`
          : `grep -rnE "(compute|sm)_${arch}" --include=setup.py --include=CMakeLists.txt .   # named there: torch then adds no list of its own and the variable counts for nothing: take these flags out`,
      ];
    },
    sources: [
      "erikwijmans/Pointnet2_PyTorch#180",
      "facebookresearch/3detr#59",
      "tatsy/torchmcubes#18",
      "colmap/colmap#2615",
      "cmpute/d3d#8",
    ],
    examples: [
      {
        text: "[  4%] Building NVCC (Device) object modules/core/CMakeFiles/cuda_compile_1.dir/src/cuda/cuda_compile_1_generated_gpu_mat.cu.o\nnvcc fatal   : Unsupported gpu architecture 'compute_30'\nmake[2]: *** [modules/core/CMakeFiles/opencv_core.dir/build.make:63: x.o] Error 1",
        expect: "-DCUDA_ARCH_BIN=8.6",
      },
      { text: "nvcc fatal   : Unsupported gpu architecture 'compute_89'", expect: "CUDA 11.8" },
      {
        text: "$ pip install -v .\n  Building wheel for flash_mla (setup.py) ...\n  nvcc fatal   : Unsupported gpu architecture 'compute_100a'\n  ERROR: Failed building wheel for flash_mla",
        expect: "export FLASH_MLA_DISABLE_SM100=1",
      },
      { text: "nvcc fatal   : Unsupported gpu architecture 'compute_35'", expect: "dropped" },
      {
        text: "/usr/local/cuda-12.1/bin/nvcc -I/e/torch/include -c k.cu -o k.o -std=c++14 -gencode arch=compute_37,code=sm_37 -gencode arch=compute_70,code=sm_70\nnvcc fatal   : Unsupported gpu architecture 'compute_37'",
        expect: "(3, 7)",
      },
      {
        text: "$ pip install \"git+https://github.com/erikwijmans/Pointnet2_PyTorch.git#egg=pointnet2_ops&subdirectory=pointnet2_ops_lib\"\n/usr/local/cuda-12.1/bin/nvcc -c /tmp/pip-install-h/pointnet2-ops_9/pointnet2_ops_lib/a.cu -o a.o -gencode=arch=compute_37,code=sm_37\nnvcc fatal   : Unsupported gpu architecture 'compute_37'",
        expect: "cd Pointnet2_PyTorch/pointnet2_ops_lib",
      },
      {
        text: "$ pip install ./pointnet2_ops_lib\nnvcc -c pointnet2_ops/_ext-src/src/ball_query_gpu.cu -o a.o -gencode=arch=compute_37,code=sm_37\nnvcc fatal   : Unsupported gpu architecture 'compute_37'",
        expect: "TORCH_CUDA_ARCH_LIST/d' ./pointnet2_ops_lib/setup.py",
      },
      {
        text: "Cuda compilation tools, release 13.0, V13.0.88\n$ grep -n ARCHITECTURES CMakeLists.txt\n31:set(CMAKE_CUDA_ARCHITECTURES 60 70 80)\n$ pip install .\n      nvcc fatal   : Unsupported gpu architecture 'compute_60'\n  ERROR: Failed building wheel for ops",
        expect: "sed -i -E 's/CMAKE_CUDA_ARCHITECTURES 60 70 80/CMAKE_CUDA_ARCHITECTURES 80/g' CMakeLists.txt",
      },
      {
        text: "$ cat src/CMakeLists.txt\nset_target_properties(ops PROPERTIES CUDA_ARCHITECTURES \"35;50\")\n$ cmake -S . -B build && cmake --build build\n-- The CUDA compiler identification is NVIDIA 12.4.131\nnvcc fatal   : Unsupported gpu architecture 'compute_35'",
        expect: "sed -i -E 's/CUDA_ARCHITECTURES \"35;50/CUDA_ARCHITECTURES \"50/g' src/CMakeLists.txt",
      },
      {
        text: "Cuda compilation tools, release 13.0, V13.0.88\n$ CMAKE_ARGS=\"-DGGML_CUDA=on -DCMAKE_CUDA_ARCHITECTURES=61;86\" pip install llama-cpp-python\nnvcc fatal   : Unsupported gpu architecture 'compute_61'\nERROR: Failed building wheel for llama-cpp-python",
        expect: '"-DGGML_CUDA=on -DCMAKE_CUDA_ARCHITECTURES=86',
      },
      {
        text: "$ cmake -S . -B build -DCMAKE_CUDA_ARCHITECTURES=70\n-- The CUDA compiler identification is NVIDIA 13.0.48\n$ cmake --build build\nnvcc fatal   : Unsupported gpu architecture 'compute_70'",
        expect: "cmake -S . -B build -DCMAKE_CUDA_ARCHITECTURES=75",
      },
      { text: "nvcc fatal : Unsupported gpu architecture 'compute_'", expect: "empty" },
      { text: "ptxas fatal : Value 'sm_30' is not defined for option 'gpu-name'", expect: "CUDA 11.0 dropped it" },
    ],
  },
  {
    id: "half-operators-disabled",
    title: "torch switches off CUDA's half operators",
    on: ["compile"],
    specificity: 80,
    matches: (finding) =>
      saidAny(
        finding,
        /no operator "(?<operator>[^"]+)" matches these operands.*operand types are: .*\b(?<type>__half2?|half2?|__nv_bfloat16|__nv_bfloat162|nv_bfloat162?|__hip_bfloat16\w*|c10::Half)\b/s,
        /no suitable (?:user-defined )?(?:conversion function|constructor exists to convert) from "(?:const )?(?<type>__half|half|__nv_bfloat16|nv_bfloat16)" to/,
        /no suitable (?:user-defined )?(?:constructor exists to convert|conversion) from "\w+" to "(?<type>__half|half|__nv_bfloat16|nv_bfloat16)"/,
        /no suitable conversion function from "(?:const )?\w+" to "(?<type>__half|half|__nv_bfloat16)" exists/,
        /more than one (?:conversion function|operator ".+") .*"?(?<type>__half|half|__nv_bfloat16)"?/,
        /(?:invalid operands to binary expression|use of overloaded operator '.+' is ambiguous|cannot convert|no viable conversion|no match for 'operator).*(?<type>__half2?|__nv_bfloat16|hip_bfloat16)/,
      ),
    confidence: (match) => (/operator/.test(match.finding.message) && !isBelowBfloat(match) ? "high" : "medium"),
    cause: (match) =>
      isBelowBfloat(match)
        ? `The code calculates with \`${match.facts["type"] ?? ""}\`, and it is compiled for a GPU below compute capability 8.0, for which CUDA's header leaves bfloat16's operators out (newer toolkits have some of them for all GPUs). torch's builder removes conversions of them, too.`
        : hip(match)
          ? `The code uses operators or conversions of \`${match.facts["type"] ?? "__half"}\` on ROCm: torch's builder defines __HIP_NO_HALF_OPERATORS__ and __HIP_NO_HALF_CONVERSIONS__, which remove those of half, and HIP's bfloat16 has fewer of them than CUDA's.`
          : `The code uses operators or conversions of \`${match.facts["type"] ?? "__half"}\`, and torch's builder defines __CUDA_NO_HALF_OPERATORS__, __CUDA_NO_HALF_CONVERSIONS__, __CUDA_NO_HALF2_OPERATORS__ and __CUDA_NO_BFLOAT16_CONVERSIONS__, which remove them. (Without those macros: the architecture is below sm_53 for half, sm_80 for bfloat16.)`,
    fix: (match) =>
      isBelowBfloat(match)
        ? [
            ...newerRelease(match),
            `${setVariable(match, "NVCC_APPEND_FLAGS", "-U__CUDA_NO_HALF_OPERATORS__ -U__CUDA_NO_HALF_CONVERSIONS__ -U__CUDA_NO_HALF2_OPERATORS__ -U__CUDA_NO_BFLOAT16_CONVERSIONS__")}   # then build again: enough where the toolkit has the operators for all GPUs`,
            "# code of your own: #if __CUDA_ARCH__ >= 800 around what calculates in bfloat16, or float in between (__bfloat162float); a GPU of 8.0 or newer needs neither",
          ]
        : hip(match)
          ? [
              "export HIPCC_COMPILE_FLAGS_APPEND='-U__HIP_NO_HALF_OPERATORS__ -U__HIP_NO_HALF_CONVERSIONS__'   # then build again; in setup.py: extra_compile_args={'nvcc': [...]} reaches hipcc",
              "# or convert by name: __half2float(x), __bfloat162float(x), __float2bfloat16(x); c10::Half and c10::BFloat16 have all operators",
            ]
          : [
              setVariable(
                match,
                "NVCC_APPEND_FLAGS",
                "-U__CUDA_NO_HALF_OPERATORS__ -U__CUDA_NO_HALF_CONVERSIONS__ -U__CUDA_NO_HALF2_OPERATORS__ -U__CUDA_NO_BFLOAT16_CONVERSIONS__",
              ) + "   # then build again",
              "# for good, in extra_compile_args of nvcc: -U__CUDA_NO_HALF_OPERATORS__ -U__CUDA_NO_HALF_CONVERSIONS__ -U__CUDA_NO_HALF2_OPERATORS__ -U__CUDA_NO_BFLOAT16_CONVERSIONS__ -U__CUDA_NO_BFLOAT16_OPERATORS__ -U__CUDA_NO_BFLOAT162_OPERATORS__",
              '# retorch.toml: nvcc-flags = ["-U__CUDA_NO_HALF_OPERATORS__", "-U__CUDA_NO_HALF_CONVERSIONS__", "-U__CUDA_NO_HALF2_OPERATORS__", "-U__CUDA_NO_BFLOAT16_CONVERSIONS__"]',
            ],
    sources: ["microsoft/DeepSpeed#750", "microsoft/DeepSpeed#1089", "Vahe1994/AQLM#52"],
    examples: [
      {
        text: 'Tesla T4\n/e/lib/python3.10/site-packages/aqlm/inference_kernels/cuda_kernel.cu(49): error: no operator "*" matches these operands\n            operand types are: __nv_bfloat162 * __nv_bfloat162',
        expect: "install --upgrade --no-deps aqlm",
      },
      {
        text: 'lam.cu(7): error: no operator "+" matches these operands\n            operand types are: __half2 + const __half2',
        expect: "-U__CUDA_NO_HALF_OPERATORS__",
      },
      {
        text: 'k.cu(31): error: no suitable conversion function from "const __half" to "float" exists',
        expect: "-U__CUDA_NO_HALF_CONVERSIONS__",
      },
    ],
  },
  {
    id: "shared-memory-too-large",
    title: "The kernel uses too much shared memory",
    on: ["driver"],
    specificity: 80,
    matches: (finding) =>
      (finding.tool === "hipcc"
        ? saidAny(
            finding,
            /local memory (?:limit exceeded )?\((?<used>\d+)\)(?: exceeds limit \((?<max>\d+)\))?(?: in (?:function )?['"]?(?<kernel>\w+))?/i,
          )
        : undefined) ??
      nvccSaid(
        finding,
        /Entry function ['"](?<kernel>.+?)['"] uses too much (?<what>shared data|local data|parameter space|global data)(?: \((?<used>\w+) bytes(?: \+ \w+ bytes system)?, (?<max>\w+) max\))?/,
      ),
    confidence: "high",
    cause: (match) =>
      `The kernel \`${match.facts["kernel"] ?? ""}\` asks for ${match.facts["used"] === undefined ? "more" : `${Number(match.facts["used"])} bytes of`} static ${match.facts["what"] ?? "shared data"}${match.facts["max"] === undefined ? "" : `; ${Number(match.facts["max"])} are allowed`}.`,
    fix: () => [
      "# make the tile smaller, or take it as dynamic shared memory: extern __shared__, launch with the size, and cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes)",
      "# a package of others: another release of it, or fewer architectures where the message is of one of several (TORCH_CUDA_ARCH_LIST, CMAKE_CUDA_ARCHITECTURES with those of your GPU alone); a smaller block or tile size where the package has an option for it",
    ],
    sources: ["https://docs.nvidia.com/cuda/cuda-c-programming-guide/#shared-memory-8-x"],
    examples: [
      {
        text: "ptxas error   : Entry function '_Z1kPf' uses too much shared data (0x61a80 bytes, 0xc000 max)",
        expect: "400000",
      },
    ],
  },
  {
    id: "constant-memory-too-large",
    title: "Too much __constant__ data",
    on: ["driver"],
    specificity: 80,
    matches: (finding) =>
      nvccSaid(finding, /uses too much global constant data(?: \((?<used>\w+) bytes, (?<max>\w+) max\))?/),
    confidence: "high",
    cause: (match) =>
      `The __constant__ variables of the file take ${match.facts["used"] === undefined ? "more" : `${Number(match.facts["used"])} bytes`}; a GPU has ${match.facts["max"] === undefined ? "64 KiB" : `${Number(match.facts["max"])} bytes`} of constant memory.`,
    fix: () => ["# keep the table in global memory (__device__ const, or a tensor) and read it with __ldg"],
    sources: ["https://docs.nvidia.com/cuda/cuda-c-programming-guide/#constant"],
    examples: [
      { text: "ptxas error   : File uses too much global constant data (0x12000 bytes, 0x10000 max)", expect: "65536" },
    ],
  },
  {
    id: "ptxas-failed",
    title: "ptxas refuses the generated code",
    on: ["driver"],
    specificity: 45,
    matches: (finding) =>
      finding.tool === "ptxas"
        ? saidAny(
            finding,
            /aborted due to errors/,
            /(?:Parsing|syntax) error/i,
            /Illegal|Unknown symbol|Arguments mismatch|PTX/,
          )
        : undefined,
    confidence: "low",
    cause: () =>
      "The assembler for the GPU rejects inline PTX, or PTX of another toolkit: the lines of ptxas above say which instruction.",
    fix: () => [
      "which -a nvcc ptxas; nvcc --version; ptxas --version   # must be of one toolkit",
      "# asm() in the sources: is it for a newer architecture than the ones compiled for?",
    ],
    sources: ["ggml-org/llama.cpp#11750"],
    examples: [{ text: "ptxas fatal   : Ptx assembly aborted due to errors", expect: "PTX" }],
  },
  {
    id: "extended-lambda-needed",
    title: "A device lambda needs --extended-lambda",
    on: ["compile"],
    specificity: 85,
    matches: (finding) =>
      said(
        finding,
        /(?:annotation on lambda requires|requires) --(?:extended|expt-extended)-lambda|__nv_is_extended_\w*lambda|extended __(?:host__ )?__device__ lambda|closure type for a lambda .* cannot be used in the template argument type of a __global__|'extended lambda' and the flag --extended-lambda/,
      ),
    confidence: "high",
    cause: () => "The code marks a lambda as __device__ (or __host__ __device__), which nvcc allows with a flag only.",
    fix: (match) => [
      ...withNvccFlags(match, ["--extended-lambda"]),
      '# for good: extra_compile_args={"nvcc": ["--extended-lambda"]}; retorch.toml: nvcc-flags = ["--extended-lambda"]; CMake: set(CMAKE_CUDA_FLAGS "${CMAKE_CUDA_FLAGS} --extended-lambda")',
    ],
    change: () => ({ kind: "add-flag", tool: "nvcc", flag: "--extended-lambda" }),
    sources: ["https://docs.nvidia.com/cuda/cuda-c-programming-guide/#extended-lambdas"],
    examples: [
      {
        text: "lam.cu(6): error: __host__ or __device__ annotation on lambda requires --extended-lambda nvcc flag",
        expect: "--extended-lambda",
      },
      {
        text: "k.cu(20): error: The closure type for a lambda (\"lambda [](float)->float\", defined at k.cu:20) cannot be used in the template argument type of a __global__ function template instantiation, unless the lambda is defined within a __device__ or __global__ function, or the lambda is an 'extended lambda' and the flag --extended-lambda is specified",
        expect: "--extended-lambda",
      },
    ],
  },
  {
    id: "relaxed-constexpr-needed",
    title: "A constexpr host function is called on the GPU",
    on: ["compile"],
    specificity: 85,
    matches: (finding) =>
      said(
        finding,
        /calling a constexpr __host__ function.*from a __(?:device|global)__|--expt-relaxed-constexpr|use "--expt-relaxed-constexpr"/,
      ),
    confidence: "high",
    cause: () =>
      "A constexpr function of the host (e.g. of std::) is called in device code, which nvcc allows with a flag only.",
    fix: (match) => [
      ...withNvccFlags(match, ["--expt-relaxed-constexpr"]),
      '# for good: extra_compile_args={"nvcc": ["--expt-relaxed-constexpr"]}; retorch.toml: nvcc-flags = ["--expt-relaxed-constexpr"]; CMake: set(CMAKE_CUDA_FLAGS "${CMAKE_CUDA_FLAGS} --expt-relaxed-constexpr") (torch\'s own builder passes it always)',
    ],
    change: () => ({ kind: "add-flag", tool: "nvcc", flag: "--expt-relaxed-constexpr" }),
    sources: ["https://docs.nvidia.com/cuda/cuda-c-programming-guide/#constexpr-functions-and-function-templates"],
    examples: [
      {
        text: 'k.cu(4): error: calling a constexpr __host__ function("max") from a __global__ function("k") is not allowed. The experimental flag \'--expt-relaxed-constexpr\' can be used to allow this.',
        expect: "--expt-relaxed-constexpr",
      },
    ],
  },
  {
    id: "host-call-from-device",
    title: "Device code calls a host function",
    on: ["compile"],
    specificity: 70,
    matches: (finding) =>
      saidAny(
        finding,
        /calling a __host__ function(?:\("(?<callee>[^"]*)"\)|)(?: "(?<callee2>[^"]*)")? from a __(?:device|global|host__ __device)__ function/,
        /calling a host function(?:\("(?<callee>[^"]*)"\))? from a __device__/,
        /identifier "(?<callee>[^"]+)" is undefined in device code/,
        /reference to __host__ function '(?<callee>[^']+)' in __(?:device|global|host__ __device)__ function/,
        /no matching function for call to .*candidate function not viable: call to __host__ function from __device__/s,
      ),
    confidence: "high",
    cause: (match) =>
      `A kernel or device function (${placeOf(match.finding)}) calls ${match.facts["callee"] === undefined ? "a function" : `\`${match.facts["callee"]}\``}, which exists for the CPU only.`,
    fix: (match) => [
      /basic_ostream|operator ?<</.test(match.facts["callee"] ?? "")
        ? '# a kernel prints with printf("%f\\n", x); there is no std::cout on the GPU'
        : /std::(?:vector|map|unordered_map|set|string|basic_string|shared_ptr|unique_ptr|function)\b/.test(
              match.facts["callee"] ?? "",
            )
          ? "# containers of std:: are the host's: arrays of constant length, pointers that the kernel gets, or cuda::std::array of <cuda/std/array>"
          : "# mark the callee __host__ __device__, or use the device form (std::max → max, std::pow → pow, torch/ATen functions not at all in kernels)",
    ],
    sources: ["https://docs.nvidia.com/cuda/cuda-c-programming-guide/#function-execution-space-specifiers"],
    examples: [
      {
        text: 'k.cu(5): error: calling a __host__ function("host()") from a __device__ function("foo()") is not allowed',
        expect: "__device__",
      },
    ],
  },
];

/** The GPU that is there, or that the text names. */
function ownArchitecture(match: Match): string | undefined {
  const listed = knownCapabilities(match);
  return listed.length > 0 ? listed.join(";") : match.context.log.namedCapability;
}

/** Where the text shows that CMake's list of architectures comes from. */
function inCmake(match: Match, arch: string): string {
  const shown = shownWith(match, arch);
  return shown?.file === undefined
    ? `the option \`-D${shown?.before ?? ""}${shown?.list ?? ""}\``
    : `\`${shown.before.replace(/[ "]+$/, "")} ${shown.list}\` in ${shown.file}`;
}

/** The list of the text without what CUDA 13 dropped, where newer ones stand in it, too. */
function withoutDropped({ context: { log } }: Match): string | undefined {
  const words = (log.archListSet ?? "").split(/[; ]+/).filter((word) => /^\d{1,2}\.\d[af]?(?:\+PTX)?$/.test(word));
  const kept = words.filter((word) => Number.parseFloat(word) >= 7.5);
  return kept.some((word) => Number.parseFloat(word) >= 8) ? kept.join(";") : undefined;
}

function nearest(match: Match, arch: string): string {
  const number = Number(/^\d+/.exec(arch)?.[0] ?? "80");
  if (number >= 100) return "9.0+PTX";
  if (number >= 87) return "8.6+PTX";
  if (number >= 80) return "7.5+PTX";
  if (number < 75) return withoutDropped(match) ?? usualArchitectures(match, "7.5", "8.0", "8.6", "9.0");
  return usualArchitectures(match, "7.0");
}
