/** Libraries of torch that the linker does not find. */
import { buildAgain, installGpuTorch, pip, platformOf, python, torchOnLibraryPath } from "../commands/commands.ts";
import { added, linkLibrary, ofLog } from "../matchers.ts";
import type { Match, Rule, RuleContext } from "../rule.ts";
import { cudaBuildsOf } from "../tables/torch-wheels.ts";
import { torchOfTch } from "../tables/version-facts.ts";

/** The linker finds none of torch's libraries, those of every build included. */
function lacksTorch({ findings }: RuleContext): boolean {
  return findings.some((other) => linkLibrary(other, /^(?:c10|torch|torch_cpu)$/) !== undefined);
}

/** The folder of torch's libraries on the link line that lacks a library of every build, while it has the first ones. */
function brokenTorch(match: Match): string | undefined {
  const folder = match.context.log.torchLinkFolder;
  return folder !== undefined &&
    /^(?:torch_cpu|torch_python)$/.test(match.facts["name"] ?? "") &&
    platformOf(match) === "linux" &&
    !ofLog(match.context, lacksBase)
    ? folder
    : undefined;
}

/** The linker misses the libraries that every torch has: then the folder is wrong, not its content. */
function lacksBase({ findings }: RuleContext): boolean {
  return findings.some((other) => linkLibrary(other, /^(?:c10|torch)$/) !== undefined);
}

/** Installs the torch again whose library is missing, in its own environment and release. */
function completeTorch(match: Match, folder: string): string[] {
  const [, prefix] = /^(\/.+)\/lib\/python3\.\d+\/site-packages\/torch\/lib$/.exec(folder) ?? [];
  const here = prefix === undefined ? python(match) : `${prefix}/bin/python`;
  const stated = match.context.log.installedTorch;
  const name = match.context.findings
    .map(({ message }) => /Error building extension '([\w.-]+)'/.exec(message)?.[1])
    .find((each) => each !== undefined);
  return [
    `ls -l ${folder}/lib${match.facts["name"] ?? ""}*; ${here} -m pip list | grep -i torch   # there after all: a link that leads nowhere`,
    stated === undefined
      ? `${here} -m pip install --force-reinstall --no-deps "torch==$(${here} -c "from importlib.metadata import version; print(version('torch'))")"   # the same release; one with +cu…: --index-url https://download.pytorch.org/whl/cu… as well; conda's torch: conda install --force-reinstall pytorch`
      : `${here} -m pip install --force-reinstall --no-deps torch==${stated}${/\+cu\d+$/.test(stated) ? ` --index-url https://download.pytorch.org/whl/${stated.split("+")[1] ?? ""}` : ""}   # the same release; conda's torch: conda install --force-reinstall pytorch`,
    ...(name === undefined
      ? []
      : [`rm -rf ~/.cache/torch_extensions/*/${name}   # what was half built; then start the program again`]),
  ];
}

/** The library that the linker saw and passed over, as one of another processor's. */
function incompatible({ finding, context: { findings } }: Match): string | undefined {
  const name = /(?:^|[/\\])?(?:lib|-l)?(\w+?)(?:\.\w+)*$/.exec(finding.library ?? "")?.[1];
  if (name === undefined) return undefined;
  return findings
    .map(({ message }) => /skipping incompatible (\S+)(?: when searching for -l(\S+))?/.exec(message))
    .find((found) => found?.[2] === name || found?.[1]?.includes(`/lib${name}.`) === true)?.[1];
}

/** A crate that is pointed at a LibTorch for the CPU: the same release with CUDA. */
function gpuLibtorch(match: Match): string[] | undefined {
  const { log } = match.context;
  const typed = log.typed.findLast(({ line }) => /\bLIBTORCH=\S+ (?:\S+ )*cargo /.test(line));
  const folder = /\bLIBTORCH=(\S+)/.exec(typed?.line ?? "")?.[1];
  const torch = log.tch === undefined ? undefined : torchOfTch(log.tch);
  if (log.host !== "rust" || folder === undefined || torch === undefined || platformOf(match) !== "linux")
    return undefined;
  const release = /^\d+\.\d+\.\d/.test(torch) ? torch : `${torch}.0`;
  const cuda = cudaBuildsOf(release)?.at(-1);
  if (cuda === undefined) return undefined;
  return [
    `wget -O /tmp/libtorch.zip "https://download.pytorch.org/libtorch/${cuda}/libtorch-cxx11-abi-shared-with-deps-${release}%2B${cuda}.zip" && unzip -q /tmp/libtorch.zip -d "$HOME/libtorch-${cuda}"   # torch ${torch}, for which this tch is made, with CUDA`,
    `export LIBTORCH="$HOME/libtorch-${cuda}/libtorch" LD_LIBRARY_PATH="$HOME/libtorch-${cuda}/libtorch/lib:$LD_LIBRARY_PATH"`,
    "cargo clean -p torch-sys",
    "cargo build",
  ];
}

export const torchLinkLibraryRules: readonly Rule[] = [
  {
    id: "torch-gpu-library-not-found-at-link",
    title: "The GPU libraries of torch are not there: torch is a CPU-only build",
    on: ["missing-library"],
    specificity: 82,
    // Where the libraries of every torch are not found either, only the folder is missing.
    matches: (finding, context) =>
      // Another library wants it: then that one is torch's GPU part, and there.
      ofLog(context, lacksTorch) || /, needed by \S+, not found/.test(finding.text)
        ? undefined
        : linkLibrary(
            finding,
            /^(?:c10_cuda|torch_cuda(?:_cu|_cpp)?|c10_hip|torch_hip|c10_xpu|torch_xpu|caffe2_nvrtc)$/,
          ),
    confidence: "high",
    cause: (match) => {
      const torch = match.context.environment?.torch;
      return `\`${match.facts["file"] ?? match.facts["name"] ?? ""}\` is part of GPU builds of torch only, and the installed torch${torch === undefined ? "" : ` (${torch.version})`} has none: it is CPU-only (or an isolated build fetched a CPU-only one).`;
    },
    fix: (match) =>
      gpuLibtorch(match) ?? [
        `${python(match)} -c "import torch; print(torch.__version__, torch.version.cuda)"`,
        /hip|xpu/.test(match.facts["name"] ?? "")
          ? pip(
              match,
              `install --force-reinstall torch --index-url https://download.pytorch.org/whl/${/hip/.test(match.facts["name"] ?? "") ? "rocm7.0   # the ROCm of the machine" : "xpu"}`,
            )
          : installGpuTorch(match),
        ...(match.context.log.host === "rust"
          ? ["cargo clean && cargo build   # torch-sys remembers the torch that it was built for"]
          : [
              ...buildAgain(match, "   # so that the build sees that torch"),
              "# or build without CUDA: CppExtension, no .cu sources",
            ]),
      ],
    sources: ["NVlabs/tiny-cuda-nn#217", "NVlabs/tiny-cuda-nn#197", "ashawkey/torch-ngp#200"],
    examples: [
      { text: "LINK : fatal error LNK1181: cannot open input file 'c10_cuda.lib'", expect: "CPU-only" },
      { text: "/usr/bin/ld: cannot find -lc10_cuda: No such file or directory", expect: "CPU-only" },
      {
        text: "PS D:\\p> poetry run pip install --no-build-isolation .\\ops\\pointnet2\nLINK : fatal error LNK1181: impossible d'ouvrir le fichier en entrée 'c10_cuda.lib'\n  ERROR: Failed building wheel for pointnet2",
        expect: "poetry run python -m pip install --no-build-isolation .\\ops\\pointnet2",
      },
    ],
  },
  {
    id: "torch-library-not-found-at-link",
    title: "The linker does not find torch's libraries",
    on: ["missing-library"],
    specificity: 81,
    matches: (finding, context) =>
      linkLibrary(
        finding,
        ofLog(context, lacksTorch)
          ? /^(?:c10|torch|torch_cpu|torch_python|c10_cuda|torch_cuda(?:_cu|_cpp)?|c10_hip|torch_hip|c10_xpu|torch_xpu|caffe2_nvrtc|caffe2|caffe2_gpu|shm)$/
          : /^(?:c10|torch|torch_cpu|torch_python|caffe2|caffe2_gpu|caffe2_module\w*|shm|ATen|aten|_C|sleef)$/,
      ),
    confidence: (match) => (brokenTorch(match) === undefined ? "high" : "medium"),
    cause: (match) => {
      const other = incompatible(match);
      if (other !== undefined)
        return `\`${other}\` is there, and the linker passes it over: it is torch for another processor (that of the build machine) than the one that is compiled for.`;
      const broken = brokenTorch(match);
      if (broken !== undefined)
        return `\`lib${match.facts["name"] ?? ""}.so\` itself is missing in ${broken}: the link line names that folder of torch, and the linker finds the other libraries of torch there. That torch is not whole: half removed, or two packages of torch installed over each other (pip's and conda's).`;
      const torch = match.context.environment?.torch;
      return `\`${match.facts["file"] ?? ""}\` of torch is not on the library path${torch === undefined ? "" : `: torch ${torch.version} has its libraries in ${torch.libraryDirs.join(", ")}`}${/^(?:ATen|aten|_C|caffe2\w*)$/.test(match.facts["name"] ?? "") ? "; torch since 1.5 has no library of that name" : ""}.`;
    },
    fix: (match) => {
      const broken = brokenTorch(match);
      if (broken !== undefined) return completeTorch(match, broken);
      const other = incompatible(match);
      if (other !== undefined)
        return [
          `file -L ${other}   # the processor that it is for; the compiler's: $CXX -dumpmachine`,
          ...(match.context.log.ownBuilder?.name === "yocto"
            ? [
                `# ${match.context.log.ownBuilder.recipe ?? "the recipe (.bb)"}: DEPENDS += "<the recipe of torch>" for the target, and in setup.py its folders in place of those that cpp_extension takes from the native torch: include_dirs and library_dirs below os.environ["STAGING_DIR_TARGET"] (…/site-packages/torch/include, …/torch/lib)`,
              ]
            : [
                "# build on a machine of that processor or in its container (docker run --platform linux/arm64 …, with QEMU): cpp_extension takes the headers and libraries of the torch that runs the build",
              ]),
        ];
      return [
        "retorch build   # finds torch's libraries by itself",
        ...torchOnLibraryPath(match),
        "# CMake: -DCMAKE_PREFIX_PATH=$(python -c 'import torch; print(torch.utils.cmake_prefix_path)')",
      ];
    },
    change: added,
    sources: ["pytorch: torch/utils/cpp_extension.py"],
    examples: [
      {
        text: "aarch64-linux-gnu-ld: skipping incompatible /e/lib/python3.12/site-packages/torch/lib/libc10.so when searching for -lc10\naarch64-linux-gnu-ld: cannot find -lc10: No such file or directory",
        expect: "for another processor",
      },
      {
        text: "/usr/bin/ld: cannot find -ltorch_python: No such file or directory",
        expect: "export LIBRARY_PATH=$(python -c",
      },
      {
        text: "[1/1] c++ gym.o -shared -L/home/w/miniconda3/envs/pql/lib/python3.8/site-packages/torch/lib -lc10 -ltorch_cpu -ltorch -ltorch_python -o gym.so\n/usr/bin/ld: cannot find -ltorch_python: No such file or directory\nRuntimeError: Error building extension 'gym'",
        expect: "rm -rf ~/.cache/torch_extensions/*/gym",
      },
    ],
  },
];
