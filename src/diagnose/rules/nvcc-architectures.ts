/** A GPU architecture that nvcc does not know: not yet, no longer, or no architecture at all; and where the list of them comes from. */
import { knows, usualArchitectures } from "../commands/arch-lists.ts";
import { shownWith, withoutUnsupported } from "../commands/cmake-architectures.ts";
import { compareVersions, parseVersion } from "../../base/order.ts";
import { cudaForArchitecture, dotted } from "../tables/version-facts.ts";
import { loadingScript } from "../commands/source-edits.ts";
import { quote } from "../text/quote.ts";
import { failedCommand } from "../commands/failed-command.ts";
import {
  knownCapabilities,
  platformOf,
  removeFolder,
  setVariable,
  toolkitFolder,
  toolkitOnPath,
  torchCuda,
} from "../commands/commands.ts";
import { isBuiltByPython } from "../commands/typed-builds.ts";
import { ownListWithout } from "../commands/own-arch-list.ts";
import { newerToolkit } from "../commands/newer-toolkit.ts";
import { toolkitPackage } from "../commands/nvidia-repository.ts";
import { packageOf } from "../tables/packages.ts";
import { changedNvcc } from "../commands/typed-again.ts";
import type { Match, Rule } from "../rule.ts";
import { develTags } from "./container-toolkits.ts";
import { nvccSaid } from "./nvcc-messages.ts";

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

/**
 * Whether nvcc is older than the torch that asks for the target: torch knows the GPU, so its CUDA is at least the first with that
 * target, and headers and run time of another major version do not go with this nvcc.
 */
function wantsNewerToolkit(match: Match, since: string): boolean {
  const { cuda } = match.context.log;
  const ofTorch = torchCuda(match);
  const isOlder = (version: string): boolean => compareVersions(parseVersion(version), parseVersion(since)) < 0;
  if (cuda !== undefined && isOlder(cuda) && cuda.split(".")[0] !== since.split(".")[0]) return true;
  return ofTorch !== undefined && !isOlder(ofTorch) && (cuda === undefined || isOlder(cuda));
}

/** Whether torch's CMake files asked the GPU, and it is of an architecture that is gone. */
function isOfCard({ context: { log } }: Match, arch: string): boolean {
  return !log.detectionFailed && log.autodetected?.length === 1 && log.autodetected[0] === dotted(arch);
}

/** The toolkit before the one that dropped the target; with what torch was made, a person has to see to. */
function forOldCard(match: Match, gone: string): string[] {
  const last = gone === "13.0" ? "12.8" : gone === "12.0" ? "11.8" : "10.2";
  return [
    ...toolkitPackage(match, last),
    setVariable(match, "CUDA_HOME", toolkitFolder(match, last)),
    toolkitOnPath(match),
    `# torch has to be of a CUDA before ${gone}, too (torch.version.cuda says of which it is)`,
  ];
}

/** A package manager or a project's tool runs CMake by itself, with a build folder of its own. */
function isBuiltByTool(match: Match): boolean {
  const kind = failedCommand(match)?.kind;
  return kind === "tool" || kind === "pip" || kind === "setup" || kind === "package";
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

export const nvccArchitectureRules: readonly Rule[] = [
  {
    id: "nvcc-unsupported-architecture",
    title: "nvcc does not know this GPU architecture",
    on: ["driver"],
    specificity: 85,
    matches: (finding) =>
      nvccSaid(
        finding,
        /Unsupported gpu architecture ['"]?(?:compute|sm|lto)[_ ](?<arch>\w*)/,
        /Value ['"](?:sm|compute)_(?<arch>\w+)['"] is not defined for option ['"](?:gpu-name|gpu-architecture|gpu-code|arch)/,
        /Value ['"](?<arch>native|all|all-major)['"] is not defined for option ['"](?:gpu-name|gpu-architecture|gpu-code|arch)/,
        /Unsupported (?:gpu|GPU) (?:architecture|arch)/,
      ),
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
              : `This nvcc${nvccHere(match)} has no target for compute capability ${dotted(arch)} any more: CUDA ${known.gone ?? ""} dropped it, and ${
                  isOfCard(match, arch)
                    ? "it is what torch's CMake files found the GPU of this machine to be: such a card needs an older CUDA, and a torch that was made with it"
                    : match.context.log.detectionFailed
                      ? "torch's CMake files, which saw no GPU, still have it in their list of common ones: TORCH_CUDA_ARCH_LIST takes the place of that list"
                      : match.context.log.torchGencode.includes(arch)
                        ? "TORCH_CUDA_ARCH_LIST, from which torch's CMake files make their flags, still names it"
                        : "the project (its setup.py, or TORCH_CUDA_ARCH_LIST) still names it"
                }.`;
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
      if (dropped && isOfCard(match, arch)) return forOldCard(match, known.gone ?? "");
      if (dropped && (match.context.log.detectionFailed || match.context.log.torchGencode.includes(arch)))
        return [
          setVariable(match, "TORCH_CUDA_ARCH_LIST", ownArchitecture(match) ?? nearest(match, arch)),
          ...(match.context.log.typedConfigure === undefined && !isBuiltByPython(match) && !isBuiltByTool(match)
            ? ["# then CMake again with the same options, in an empty build folder"]
            : []),
        ];
      if (dropped && match.context.log.typedConfigure !== undefined && match.context.log.installer === undefined)
        return withoutOldTargets(match, arch, known.gone ?? "");
      if (dropped && match.context.log.ownGencode.includes(arch)) return ownFlagsWithout(match, arch, known.gone ?? "");
      const script = platformOf(match) === "win32" ? undefined : loadingScript(match);
      if ((dropped || (known.gone !== undefined && match.context.log.cuda === undefined)) && script !== undefined) {
        const number = dotted(arch).replace(".", "\\.");
        return [
          `sed -i.bak -E '/TORCH_CUDA_ARCH_LIST/{s/${number}(\\+PTX)?[; ]+//g; s/[; ]+${number}(\\+PTX)?//g;}' ${quote(script.file)}   # a script that sets os.environ["TORCH_CUDA_ARCH_LIST"] itself overrides the shell`,
          `sed -i.bak -E "s/[\\"']-gencode(=|[\\"'], *[\\"'])arch=compute_${arch},code=[][a-z_0-9,]+[\\"'],? *//g" ${quote(script.file)}   # a flag among extra_cuda_cflags`,
          setVariable(match, "TORCH_CUDA_ARCH_LIST", ownArchitecture(match) ?? nearest(match, arch)),
        ];
      }
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
      const ofTorch = torchCuda(match);
      // The toolkit of torch's own CUDA has the target: code for an older one would do with this nvcc, if its gcc does.
      const isTorchs = ofTorch !== undefined && compareVersions(parseVersion(ofTorch), parseVersion(known.since)) >= 0;
      if (isTorchs || wantsNewerToolkit(match, known.since))
        return [
          ...(isTorchs ? toolkitPackage(match, ofTorch) : []),
          ...newerToolkit(match, known.since),
          ...(isBuiltByPython(match) && match.context.log.setupCommand !== undefined
            ? [removeFolder(match, "build")]
            : []),
          `# or without ${dotted(arch)}, where torch is of this nvcc's CUDA: ${setVariable(match, "TORCH_CUDA_ARCH_LIST", nearest(match, arch))}`,
        ];
      // Code for such a target uses instructions that no other one has: a list without it builds nothing that runs.
      if (known.gone === undefined && /[af]$/.test(arch))
        return ["which -a nvcc; ls -d /usr/local/cuda*", ...newerToolkit(match, known.since)];
      return [
        "nvcc --version; which -a nvcc",
        known.gone === undefined
          ? match.context.log.jobImage?.startsWith("nvidia/cuda:") === true && develTags[known.since] !== undefined
            ? `# .gitlab-ci.yml, the job (a workflow: container:): image: nvidia/cuda:${develTags[known.since] ?? ""}-devel-ubuntu22.04   in place of ${match.context.log.jobImage}, whose nvcc is older; or in it, with code that the GPU compiles for itself:`
            : `# use CUDA ${known.since} or newer: export CUDA_HOME=/usr/local/cuda-${known.since} PATH=/usr/local/cuda-${known.since}/bin:$PATH`
          : `# remove ${dotted(arch)} from the architectures (TORCH_CUDA_ARCH_LIST, -gencode flags in setup.py or CMakeLists.txt), or use a CUDA from ${known.since} to below ${known.gone}`,
        `${setVariable(match, "TORCH_CUDA_ARCH_LIST", nearest(match, arch))}   # or build for what this nvcc knows; PTX serves newer GPUs`,
        // load() of a program has no set-up script, and its flags are torch's.
        ...(match.context.log.builtAtRunTime && !match.context.log.ownGencode.includes(arch)
          ? []
          : [
              platformOf(match) === "win32"
                ? `findstr /s /n "compute_${arch} sm_${arch}" setup.py CMakeLists.txt`
                : `grep -rnE "(compute|sm)_${arch}" --include=setup.py --include=CMakeLists.txt .   # named there: torch then adds no list of its own and the variable counts for nothing: take these flags out`,
            ]),
      ];
    },
    sources: [
      "erikwijmans/Pointnet2_PyTorch#180",
      "facebookresearch/3detr#59",
      "tatsy/torchmcubes#18",
      "colmap/colmap#2615",
      "cmpute/d3d#8",
      "pytorch/pytorch#121099",
      "erikwijmans/Pointnet2_PyTorch#91",
      "turboderp/exui#18",
    ],
    examples: [
      {
        text: "Using Docker executor with image nvidia/cuda:12.4.1-devel-ubuntu22.04 ...\n$ python3 setup.py install\n/usr/local/cuda/bin/nvcc -c src/d.cu -o d.o -gencode=arch=compute_120,code=sm_120\nnvcc fatal   : Unsupported gpu architecture 'compute_120'",
        expect: "image: nvidia/cuda:12.8.1-devel-ubuntu22.04",
      },
      {
        text: "[  4%] Building NVCC (Device) object modules/core/CMakeFiles/cuda_compile_1.dir/src/cuda/cuda_compile_1_generated_gpu_mat.cu.o\nnvcc fatal   : Unsupported gpu architecture 'compute_30'\nmake[2]: *** [modules/core/CMakeFiles/opencv_core.dir/build.make:63: x.o] Error 1",
        expect: "-DCUDA_ARCH_BIN=8.6",
      },
      { text: "nvcc fatal   : Unsupported gpu architecture 'compute_89'", expect: "CUDA 11.8" },
      {
        text: "nvcc fatal   : Value 'sm_90a' is not defined for option 'gpu-architecture'",
        expect: "export CUDA_HOME=/usr/local/cuda-12.0",
      },
      {
        text: "$ python setup.py install\nnvcc fatal   : Unsupported gpu architecture 'compute_86'\nerror: command '/usr/local/cuda-10.1/bin/nvcc' failed with exit status 1\nRTX 3090, torch 1.9.0+cu111",
        expect: "export CUDA_HOME=/usr/local/cuda-11.1",
      },
      {
        text: "$ cmake -DCMAKE_PREFIX_PATH=/opt/libtorch ..\n-- Automatic GPU detection failed. Building for common architectures.\n-- Autodetected CUDA architecture(s): 3.5;5.0;8.0;8.6;8.9;9.0\n$ make\nnvcc fatal   : Unsupported gpu architecture 'compute_35'\nlibtorch 2.2, CUDA 12.1",
        expect: "saw no GPU",
      },
      {
        text: "(venv) jo@box:~/p$ python serve.py\nRuntimeError: Error building extension 'lora_ext': [1/2] /usr/bin/nvcc -c lora.cu -o lora.cuda.o\nnvcc fatal   : Unsupported gpu architecture 'compute_89'\n\nUbuntu 22.04, RTX 4090, torch 2.1.2+cu121, Cuda compilation tools, release 11.5, V11.5.119",
        expect: "sudo apt-get install -y cuda-toolkit-12-1",
      },
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
        expect: "sed -i.bak -E 's/CMAKE_CUDA_ARCHITECTURES 60 70 80/CMAKE_CUDA_ARCHITECTURES 80/g' CMakeLists.txt",
      },
      {
        text: "$ cat src/CMakeLists.txt\nset_target_properties(ops PROPERTIES CUDA_ARCHITECTURES \"35;50\")\n$ cmake -S . -B build && cmake --build build\n-- The CUDA compiler identification is NVIDIA 12.4.131\nnvcc fatal   : Unsupported gpu architecture 'compute_35'",
        expect: "sed -i.bak -E 's/CUDA_ARCHITECTURES \"35;50/CUDA_ARCHITECTURES \"50/g' src/CMakeLists.txt",
      },
      {
        text: "Cuda compilation tools, release 13.0, V13.0.88\n$ CMAKE_ARGS=\"-DGGML_CUDA=on -DCMAKE_CUDA_ARCHITECTURES=61;86\" pip install llama-cpp-python\nnvcc fatal   : Unsupported gpu architecture 'compute_61'\nERROR: Failed building wheel for llama-cpp-python",
        expect: '"-DGGML_CUDA=on -DCMAKE_CUDA_ARCHITECTURES=86',
      },
      {
        text: "$ cmake -S . -B build -DCMAKE_CUDA_ARCHITECTURES=70\n-- The CUDA compiler identification is NVIDIA 13.0.48\n$ cmake --build build\nnvcc fatal   : Unsupported gpu architecture 'compute_70'",
        expect: "cmake -S . -B build -DCMAKE_CUDA_ARCHITECTURES=75",
      },
      {
        text: "root@box /root # emerge -1 sci-ml/ops\n-- The CUDA compiler identification is NVIDIA 13.1.48\n-- Automatic GPU detection failed. Building for common architectures.\n-- Autodetected CUDA architecture(s): 5.0;8.0;9.0\n-- Added CUDA NVCC flags for: -gencode;arch=compute_50,code=sm_50;-gencode;arch=compute_80,code=sm_80\n/opt/cuda/bin/nvcc -forward-unknown-to-host-compiler -gencode arch=compute_50,code=sm_50 -gencode arch=compute_80,code=sm_80 -x cu -c a.cu -o a.cu.o\nnvcc fatal   : Unsupported gpu architecture 'compute_50'",
        expect: "emerge -1 sci-ml/ops",
      },
      {
        text: "-- The CUDA compiler identification is NVIDIA 13.1.48\n-- Autodetected CUDA architecture(s):  6.1\n-- Added CUDA NVCC flags for: -gencode;arch=compute_61,code=sm_61\nnvcc fatal   : Unsupported gpu architecture 'compute_61'",
        expect: "CUDA_HOME=/usr/local/cuda-12.8",
      },
      {
        text: "RuntimeError: Error building extension '_grid': [1/2] /usr/local/cuda-11.0/bin/nvcc -DTORCH_EXTENSION_NAME=_grid -gencode=arch=compute_86,code=compute_86 -gencode=arch=compute_86,code=sm_86 -c /w/n/grid.cu -o grid.cuda.o\nnvcc fatal   : Unsupported gpu architecture 'compute_86'",
        expect: "export TORCH_CUDA_ARCH_LIST=8.0+PTX",
      },
      { text: "nvcc fatal : Unsupported gpu architecture 'compute_'", expect: "empty" },
      { text: "ptxas fatal : Value 'sm_30' is not defined for option 'gpu-name'", expect: "CUDA 11.0 dropped it" },
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
  const { cuda } = match.context.log;
  const before = ["9.0", "8.9", "8.6", "8.0", "7.5", "7.0"].find(
    (each) => cuda !== undefined && Number(each) * 10 < number && knows(cuda, each),
  );
  if (number > 80 && before !== undefined) return `${before}+PTX`;
  if (number >= 100) return "9.0+PTX";
  if (number >= 87) return "8.6+PTX";
  if (number >= 80) return "7.5+PTX";
  if (number < 75) return withoutDropped(match) ?? usualArchitectures(match, "7.5", "8.0", "8.6", "9.0");
  return usualArchitectures(match, "7.0");
}
