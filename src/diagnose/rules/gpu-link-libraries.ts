/** Libraries of CUDA that the linker does not find. */
import {
  platformOf,
  setVariable,
  showToolkits,
  showTorchCuda,
  toolkitFolder,
  torchCuda,
} from "../commands/commands.ts";
import { numberedOnly } from "../facts/shown-libraries.ts";
import { added, linkLibrary } from "../matchers.ts";
import { driverFolder, hasDriver, nameDriver } from "../commands/driver-link.ts";
import { linkBroughtByTorch, namesForLinkers } from "../commands/pip-toolkit.ts";
import type { Match, Rule } from "../rule.ts";

const cudaNames =
  /^(?:cuda|cudart(?:_static)?|cudadevrt|(?:cublas|cublasLt|cufft|curand|cusolver|cusparse|nvrtc|nvJitLink|culibos)(?:_static(?:_nocallback)?)?|npp\w*|cupti|nvToolsExt|nvtx3?interop|cudnn\w*|nccl|cusparseLt|nvjpeg|cufile|culibos|nvidia-ml)$/;

/** The release of the toolkit that the text builds with, else torch's. */
function toolkitOfText(match: Match): string | undefined {
  return match.context.log.cuda ?? torchCuda(match) ?? match.context.log.spokenCuda;
}

/** The toolkit of this machine, unless the text builds with one of another release. */
function toolkitHere(match: Match): NonNullable<Match["context"]["environment"]>["cuda"] {
  const { environment, log } = match.context;
  const here = environment?.cuda;
  return log.cuda === undefined || here === undefined || here.version.startsWith(log.cuda) ? here : undefined;
}

/** The toolkit to link with: the one that is here, or as the log's torch wants it. */
function toolkitForLink(match: Match): string {
  return toolkitHere(match)?.root ?? `\${CUDA_HOME:-${toolkitFolder(match, toolkitOfText(match))}}`;
}

/** The environment of conda whose lib64 the command links with: conda has no such folder. */
function condaOfLink({ context: { log } }: Match): string | undefined {
  const { linkedToolkit } = log;
  return linkedToolkit !== undefined && /conda|mamba|miniforge|\/envs\//.test(linkedToolkit)
    ? linkedToolkit
    : undefined;
}

/** hipcc was called by hand: on NVIDIA's platform it links with the driver's library. */
function calledHipcc({ context: { log } }: Match): boolean {
  return /(?:^|[\s/])hipcc /.test(log.typedCompile ?? "");
}

/** Installs the package that holds the stub of the driver's library, of the toolkit that links. */
function driverStubs(match: Match): string {
  const version = toolkitOfText(match);
  return version === undefined
    ? `(v=$(nvcc --version | sed -n 's/.*release \\([0-9]*\\)\\.\\([0-9]*\\).*/\\1-\\2/p'); sudo apt-get install cuda-driver-dev-$v)`
    : `sudo apt-get install cuda-driver-dev-${version.split(".").slice(0, 2).join("-")}`;
}

/** NVIDIA's packages with the names that linkers look for. Source: its list of packages for Debian and conda's channel `nvidia`. */
function developmentPackages(library: string, match: Match): string[] {
  const stem = /^(cublas|curand|cufft|cusolver|cusparse|npp\w*|nvjpeg|cudart|nvrtc|nvJitLink)(?:Lt|Mg|w)?$/.exec(
    library,
  )?.[1];
  if (stem === undefined) return [];
  const name = /^(?:cudart|nvrtc)$/.test(stem)
    ? `cuda-${stem}-dev`
    : `lib${stem.replace(/^npp.*/, "npp").toLowerCase()}-dev`;
  const version = toolkitOfText(match)?.replace(".", "-") ?? "<version>";
  return [
    `# the file is in none of these folders: ${match.context.log.conda ? `conda install -c nvidia ${name}` : `sudo apt-get install ${name}-${version}`}   # of NVIDIA's repository, for the CUDA that links`,
  ];
}

/** The text lists the library under the name with a number alone, which the loader looks for: the linker gets the other one. */
function linkToNumbered(match: Match, name: string): string[] | undefined {
  const there = /^cuda$|_static/.test(name) ? undefined : numberedOnly(match.context.log.shownLibraries, name);
  if (there === undefined) return undefined;
  const folder = there.slice(0, there.lastIndexOf("/"));
  const root = /^\/(?:usr|lib|opt(?!\/(?:\w*conda|\w*forge)))(?!.*-packages\/)/.test(folder) ? "sudo " : "";
  return [
    `${root}ln -s ${there.slice(folder.length + 1)} ${folder}/lib${name}.so   # the name without a number, which linkers look for and development packages bring`,
    `export LIBRARY_PATH=${folder}:$LIBRARY_PATH`,
  ];
}

/** Where the driver's library is found, when the same link asks for it. */
function driverToo(match: Match, root: string): string {
  if (!match.context.findings.some(({ library }) => /^(?:lib)?cuda(?:\.so)?$/.test(library ?? ""))) return "";
  return match.context.log.wsl ? "/usr/lib/wsl/lib:" : `${root}/lib/stubs:${root}/targets/x86_64-linux/lib/stubs:`;
}

/** A shared library that is linked asks for the driver's, by the name that the loader knows: `-L` does not find that one. */
function neededByLibrary({ finding, context }: Match): boolean {
  return [finding, ...context.findings].some(({ text }) => /libcuda\.so\.1, needed by \S+, not found/.test(text));
}

export const gpuLinkLibraryRules: readonly Rule[] = [
  {
    id: "cuda-library-not-found-at-link",
    title: "The linker does not find a CUDA library",
    on: ["missing-library"],
    specificity: 80,
    matches: (finding) => linkLibrary(finding, cudaNames),
    confidence: "high",
    cause: (match) => {
      const name = match.facts["name"] ?? "";
      const cuda = toolkitHere(match);
      const numbered = platformOf(match) === "win32" ? undefined : linkToNumbered(match, name);
      if (numbered !== undefined)
        return `The linker looks for lib${name}.so, and the text's list has the library under its numbered names alone, which are for the loader: the package with the run time is installed, the development package with the other name is not.`;
      if (/^(?:nccl|cudnn\w*|cusparseLt)$/.test(name))
        return `\`${match.facts["file"] ?? name}\` is no part of the CUDA toolkit: its development package is not installed. (pip's nvidia packages bring the library, under another name, lib${name}.so.<N>.)`;
      if (/_static/.test(name))
        return `\`${match.facts["file"] ?? name}\` is a static library of CUDA: only the whole toolkit has it (lib64, targets/<system>/lib), while torch's wheels, conda's plain packages and pip's nvidia packages have the shared one alone; or the toolkit's folder is not on the library path.`;
      if (name === "cuda" && match.context.log.wsl)
        return "`-lcuda` is the driver's library, and in WSL that is Windows' driver: its libcuda.so lies in /usr/lib/wsl/lib, where the linker does not look.";
      if (name === "cuda" && calledHipcc(match))
        return "`-lcuda` is the library of NVIDIA's driver: hipcc compiles for NVIDIA's GPUs here (HIP_PLATFORM says so, or it found nvcc and no clang of ROCm's), and the driver's library, or the stub in <cuda>/lib64/stubs, is not on the library path.";
      if (name === "cuda" && hasDriver(match))
        return `\`-lcuda\` is the driver's library. The driver is there, as ${driverFolder(match) === undefined ? "the text shows" : `Triton's command says: it looks in \`${driverFolder(match) ?? ""}\`, where the loader finds libcuda.so.1`}, and \`libcuda.so\`, the name that linkers look for, is not.`;
      return name === "cuda"
        ? "`-lcuda` is the driver's library: where no driver is installed (containers, build machines) the stub in <cuda>/lib64/stubs has to be linked, and its folder is not on the library path."
        : `\`${match.facts["file"] ?? name}\` is of CUDA, and its folder (lib64, lib/x64, conda: lib or targets/x86_64-linux/lib) is not on the library path, or CUDA_HOME names a toolkit without it (pip's nvidia packages have no development links).${cuda === undefined ? "" : ` The toolkit at hand: ${cuda.libraryDirs.join(", ")}.`}`;
    },
    fix: (match) => {
      const name = match.facts["name"] ?? "";
      if (platformOf(match) === "win32")
        return [
          ...(torchCuda(match) === undefined ? [showTorchCuda(match), showToolkits(match)] : []),
          `${torchCuda(match) === undefined ? "# " : ""}${setVariable(match, "CUDA_HOME", toolkitFolder(match, torchCuda(match)))}`,
          "set LIB=%CUDA_HOME%\\lib\\x64;%LIB%",
        ];
      const linked = linkToNumbered(match, name);
      if (linked !== undefined)
        return [
          ...linked,
          ...developmentPackages(name, match).map((line) =>
            line.replace(/^# the file is in none of these folders: /, "# or the package that has it: "),
          ),
        ];
      if (/^(?:nccl|cudnn\w*|cusparseLt)$/.test(name)) {
        const part = name.replace(/^cudnn.*$/, "cudnn");
        return [
          `sudo apt-get install ${part === "nccl" ? "libnccl-dev" : part === "cudnn" ? `libcudnn9-dev-cuda-${torchCuda(match)?.split(".")[0] ?? "13"}   # NVIDIA's repository; the number is that of torch.version.cuda` : "libcusparselt-dev"}`,
          `# or link the one that torch's packages brought: link-flags = ["-L<site-packages>/nvidia/${part === "cudnn" ? "cudnn" : part.toLowerCase()}/lib", "-l:lib${part}.so.${part === "nccl" ? "2" : part === "cudnn" ? "9" : "0"}"]`,
          `find $(python -c "import site; print(site.getsitepackages()[0])") -name 'lib${part}*.so*'`,
        ];
      }
      if (/^(?!cudart)\w+_static/.test(name)) {
        const part = name.replace(/(?:Lt)?_static.*$/, "");
        const home = toolkitForLink(match);
        return [
          ...(match.context.log.conda
            ? [`conda install -c nvidia lib${part}-static   # into CUDA_HOME=$CONDA_PREFIX`]
            : []),
          `export LIBRARY_PATH=${home}/lib64:$LIBRARY_PATH; ls ${home}/lib64/lib${name}.a   # not there: the whole toolkit (NVIDIA's packages: lib${part}-dev-<version>)`,
          `# or the shared one, which torch has loaded anyway: ${part}${/Lt_static/.test(name) ? "Lt" : ""} in place of ${name} in libraries (setup.py), and culibos left out`,
        ];
      }
      const root = toolkitForLink(match);
      // Windows' driver is there.
      if (name === "cuda" && match.context.log.wsl)
        return ["export LIBRARY_PATH=/usr/lib/wsl/lib:$LIBRARY_PATH   # then the same command"];
      if (name === "cuda" && hasDriver(match) && !calledHipcc(match)) return nameDriver(match);
      if (name === "cuda")
        return [
          ...(match.context.log.conda
            ? []
            : [
                `ls ${root}/lib64/stubs/libcuda.so || ${driverStubs(match)}   # the stub, of NVIDIA's repository; Fedora, RHEL: dnf, cuda-driver-devel-…; pip's toolkit has none`,
              ]),
          `export LIBRARY_PATH=${root}/lib64/stubs:${match.context.log.conda ? "$CONDA_PREFIX/lib/stubs:" : ""}$LIBRARY_PATH`,
          ...(neededByLibrary(match)
            ? [
                `sudo ln -sf libcuda.so ${root}/lib64/stubs/libcuda.so.1   # the name that the library asks for; the stub has the other one alone`,
                `export LDFLAGS="-Wl,-rpath-link,${root}/lib64/stubs $LDFLAGS"   # for the link alone: the image keeps no path to the stub`,
              ]
            : []),
          ...(calledHipcc(match)
            ? [
                `# for an AMD GPU: ${setVariable(match, "HIP_PLATFORM", "amd")}, with ROCm's clang on PATH (sudo apt-get install rocm-hip-sdk, of AMD's repository), in place of all above`,
              ]
            : []),
          `# retorch.toml: library-dirs = ["${toolkitHere(match)?.root ?? toolkitFolder(match, toolkitOfText(match))}/lib64/stubs"]`,
        ];
      if (match.context.log.cudaHomeOfPip !== undefined)
        return [
          setVariable(match, "CUDA_HOME", match.context.log.cudaHomeOfPip),
          namesForLinkers,
          "export LIBRARY_PATH=$CUDA_HOME/lib:$LIBRARY_PATH",
        ];
      const ofConda = condaOfLink(match);
      if (ofConda !== undefined)
        return [
          `export LIBRARY_PATH=${ofConda}/lib:${ofConda}/targets/${match.context.log.arch === "arm64" ? "sbsa" : "x86_64"}-linux/lib:${driverToo(match, ofConda)}$LIBRARY_PATH   # CUDA_HOME is ${ofConda}: the link looks into its lib64, and conda puts libraries into these`,
          // The text lists it there by the name that the linker looks for.
          ...(match.context.log.shownLibraries.includes(`${ofConda}/lib/lib${name}.so`)
            ? []
            : [
                `ls ${ofConda}/lib/lib${name}.so* ${ofConda}/targets/*/lib/lib${name}.so*   # one of them, without number, has to be there`,
                ...developmentPackages(name, match).map((line) =>
                  line.replace("conda install ", `conda install -p ${ofConda} `),
                ),
              ]),
        ];
      return [
        `export LIBRARY_PATH=${root}/lib64:${root}/lib:$LIBRARY_PATH`,
        ...(match.context.log.conda
          ? ["export LIBRARY_PATH=$CONDA_PREFIX/lib:$CONDA_PREFIX/targets/x86_64-linux/lib:$LIBRARY_PATH"]
          : []),
        ...(match.context.log.wsl ? ["export LIBRARY_PATH=/usr/lib/wsl/lib:$LIBRARY_PATH"] : []),
        ...(toolkitHere(match) === undefined
          ? [
              `${showToolkits(match)}${torchCuda(match) === undefined ? "" : ` (torch's CUDA is ${torchCuda(match) ?? ""})`}`,
            ]
          : []),
        ...(toolkitHere(match) === undefined && match.context.log.torchCuda !== undefined
          ? linkBroughtByTorch(match, name)
          : []),
        ...developmentPackages(name, match),
        `# retorch.toml: library-dirs = ["${toolkitHere(match)?.root ?? toolkitFolder(match, toolkitOfText(match))}/lib64"]`,
      ];
    },
    change: added,
    sources: ["baidu-research/warp-ctc#153", "pytorch/pytorch#103417", "sjtuytc/UnboundedNeRFPytorch#130"],
    examples: [
      {
        text: "g++ -shared -L/usr/local/cuda-11.3/lib64 -lcuda -o build/lib.linux-x86_64-3.8/my_bindings/_C.so build/temp.linux-x86_64-3.8/a.o\n/usr/bin/ld: cannot find -lcuda\ncollect2: error: ld returned 1 exit status\nerror: command '/usr/bin/g++' failed with exit code 1",
        expect: "the command that failed once more, in this shell",
      },
      {
        text: "$ pip install . --no-build-isolation\n      /home/jo/miniforge3/envs/t/bin/../x86_64-conda-linux-gnu/bin/ld: cannot find -lcudart: No such file or directory\n      error: command '/home/jo/miniforge3/envs/t/bin/x86_64-conda-linux-gnu-c++' failed with exit code 1\n$ ls /home/jo/miniforge3/envs/t/lib/libcudart*\n/home/jo/miniforge3/envs/t/lib/libcudart.so.12  /home/jo/miniforge3/envs/t/lib/libcudart.so.12.4.127",
        expect: "ln -s libcudart.so.12 /home/jo/miniforge3/envs/t/lib/libcudart.so",
      },
      {
        text: "Using /root/.cache/torch_extensions/py311_cu124 as PyTorch extensions root...\nBuilding extension module my_ops...\nc++ my_ops.o -shared -lcurand -L/opt/conda/lib/python3.11/site-packages/torch/lib -lc10 -ltorch -o my_ops.so\n/usr/bin/ld: cannot find -lcurand: No such file or directory",
        expect: "/nvidia/*/lib/libcurand.so.*",
      },
      {
        text: "/usr/bin/ld: cannot find -lcuda\n| NVIDIA-SMI 550.54.15    Driver Version: 550.54.15    CUDA Version: 12.4 |",
        expect: "ln -s libcuda.so.1",
      },
      {
        text: "!pip install -q my-ops\n!ls /opt/conda/lib/libcudart*\n/opt/conda/lib/libcudart.so\n/opt/conda/lib/libcudart.so.11.0\nUsing /root/.cache/torch_extensions/py310_cu116 as PyTorch extensions root...\nBuilding extension module my_ops...\nc++ my_ops.o -shared -L/opt/conda/lib/python3.10/site-packages/torch/lib -lc10 -ltorch -L/opt/conda/lib64 -lcudart -o my_ops.so\n/usr/bin/ld: cannot find -lcudart",
        expect: "# then the cell that failed, once more",
      },
      { text: "/usr/bin/ld: cannot find -lcudart: No such file or directory", expect: "lib64" },
      { text: "/usr/bin/ld: cannot find -lcuda", expect: "stubs" },
      { text: "WSL, Ubuntu 20.04\n/usr/bin/ld: cannot find -lcuda", expect: "/usr/lib/wsl/lib" },
      {
        text: "I have cuda in `/usr/local/cuda-11.3` and its bin on $PATH\n`ld: cannot find -lcuda`",
        expect: "cuda-11.3}/lib64/stubs",
      },
      {
        text: "/opt/conda/envs/e/compiler_compat/ld: cannot find -lcublas_static: No such file or directory",
        expect: "static library",
      },
      { text: "LINK : fatal error LNK1181: cannot open input file 'cudart.lib'", expect: "CUDA_HOME" },
      { text: "ld.lld: error: unable to find library -lcublas", expect: "LIBRARY_PATH" },
      {
        text: "root@7be1ad0d5a62:/workspace/nerf# python run.py\n[1/1] c++ a.o a_kernel.cuda.o -shared -L/opt/conda/lib/python3.10/site-packages/torch/lib -lc10 -lc10_cuda -ltorch_cpu -ltorch_cuda -ltorch -ltorch_python -L/opt/conda/lib64 -lcudart -o a.so\n/usr/bin/ld: cannot find -lcudart",
        expect: "export LIBRARY_PATH=/opt/conda/lib:",
      },
      {
        text: "g++ -pthread -shared build/temp/a.o -L/home/jo/miniforge3/envs/t/lib/python3.11/site-packages/torch/lib -L/home/jo/miniforge3/envs/t/lib64 -lc10 -ltorch -lcudart -lcusparse -o build/lib/a.so\n/usr/bin/ld: cannot find -lcusparse: No such file or directory",
        expect: "export LIBRARY_PATH=/home/jo/miniforge3/envs/t/lib:",
      },
      {
        text: "Using /home/me/.cache/torch_extensions/py310_cu118 as PyTorch extensions root...\n/usr/bin/ld: cannot find -lcurand",
        expect: "libcurand-dev-11-8",
      },
    ],
  },
];
