/** Libraries that are there, and older than the file needs. */
import { oldSystemsLibtorch, replaceLibtorch } from "../commands/libtorch-downloads.ts";
import { pip, python, rebuild, reinstall, torchAgain } from "../commands/commands.ts";
import { packageOf } from "../tables/packages.ts";
import type { Finding } from "../finding.ts";
import { baseName } from "../parsers/parser.ts";
import type { Match, Rule } from "../rule.ts";
import { distributionWithGlibc, gccOfSymbolVersion } from "../tables/version-facts.ts";

/** Whether a library is of a conda environment. */
function isConda(path: string): boolean {
  return /conda|mamba|miniforge|envs[\\/]/.test(path);
}

/** The C++ library of a gcc that a module or Spack brings, before the system's: it is as new as what that gcc made. */
function ownLibraryPath(match: Match): string[] {
  const { gccModule, spackGcc } = match.context.log;
  if (gccModule === undefined && spackGcc === undefined) return [];
  return [
    ...(gccModule === undefined
      ? [`spack load gcc@${spackGcc ?? ""}   # the gcc that it was built with (spack find gcc)`]
      : [`module load ${gccModule}   # in the job's script, too`]),
    'export LD_LIBRARY_PATH="$(dirname "$(gcc -print-file-name=libstdc++.so.6)"):$LD_LIBRARY_PATH"   # its libstdc++ before the system\'s',
    `strings "$(gcc -print-file-name=libstdc++.so.6)" | grep -x ${match.facts["version"] ?? "GLIBCXX"}   # prints it where that gcc is new enough; else a newer one`,
  ];
}

/** The build with these compilers: by the program, where load() makes the library as it runs, and from an empty folder. */
function builtWith({ finding, context: { log } }: Match, compilers: string): string {
  const folder = /required by (\/\S{1,250}torch_extensions\/\S{1,200})\/[^/\s]+\.so\)/.exec(finding.text)?.[1];
  return folder === undefined
    ? `${compilers} retorch build --force`
    : `rm -rf ${folder}, then ${log.typedProgram === undefined || log.notebook ? `the program again with ${compilers}` : `${compilers} ${log.typedProgram}`}`;
}

/** The LibTorch for older systems beside the one that was fetched; undefined where there is none (2.7 and newer). */
function olderLibtorch(match: Match): string | undefined {
  const zip = match.context.log.libtorchZip;
  return zip?.includes("libtorch-cxx11-abi-") === true ? zip.replace("libtorch-cxx11-abi-", "libtorch-") : undefined;
}

/** A title shortens the path by which one sees whose library it is; the whole line stands below. */
function isShortened(finding: Finding, findings: readonly Finding[]): boolean {
  return (
    finding.file === undefined &&
    /^(?:$|\/?\.\.)/.test(finding.library ?? "") &&
    findings.some(
      ({ kind, symbol, library = "" }) =>
        kind === "library-version" && symbol === finding.symbol && /^\/(?!\.\.)/.test(library),
    )
  );
}

export const libraryVersionRules: readonly Rule[] = [
  {
    id: "libstdcxx-too-old",
    title: "The C++ library (libstdc++) is older than the compiler that built the file",
    on: ["library-version"],
    specificity: 80,
    matches: (finding, { findings }) => {
      const version = /^(?:GLIBCXX|CXXABI)_[\w.]+$/.exec(finding.symbol ?? "")?.[0];
      return version === undefined || isShortened(finding, findings)
        ? undefined
        : {
            version,
            gcc: gccOfSymbolVersion(version),
            library: finding.library,
            conda: isConda(finding.library ?? "") ? "yes" : undefined,
            cut: /^(?:…|\.\.)/.test(finding.library ?? "") ? "yes" : undefined,
          };
    },
    confidence: "high",
    cause: (match) =>
      `${match.finding.file === undefined ? "The file" : `\`${match.finding.file}\``} was compiled with gcc${match.facts["gcc"] === undefined ? "" : ` ${match.facts["gcc"]} or newer`} and needs \`${match.facts["version"] ?? ""}\`, ` +
      (match.finding.phase === "link"
        ? "which the libstdc++ of the gcc that links here does not have."
        : `but Python loads an older libstdc++.so.6${match.facts["library"] === undefined || match.facts["library"] === "" ? "" : ` (${match.facts["library"]})`}: ${match.facts["cut"] !== undefined ? "conda's one or the system's, found before the newer one" : match.facts["conda"] === undefined ? "the system's one, found before the newer one" : "conda's one, found before the system's"}.`),
    fix: (match) => {
      const built = Number(match.facts["gcc"]?.split(".")[0] ?? 12);
      const { log } = match.context;
      const newer = `CC=gcc-${built} CXX=g++-${built} retorch build --force`;
      if (match.finding.phase === "link")
        return [
          newer,
          "# or rebuild that file with this compiler",
          `conda install -c conda-forge gxx "libstdcxx-ng>=${built}"   # when it is conda's lib folder that is linked (-L…/conda/lib): its libstdc++ as new as the compiler, or its own compiler`,
        ];
      const newerThere = match.facts["conda"] === undefined ? ownLibraryPath(match) : [];
      if (newerThere.length > 0) return newerThere;
      // The system's gcc is as old as its libstdc++, and nobody but the distribution can replace that.
      if (match.facts["conda"] === undefined && (log.conda || log.noRoot || log.rpm !== undefined || built < 7)) {
        const name = packageOf(match);
        return [
          `${log.conda ? "" : "# in an environment of conda (Miniforge needs no rights of the administrator): "}conda install -c conda-forge "libstdcxx-ng>=${built}"`,
          "export LD_LIBRARY_PATH=\"$CONDA_PREFIX/lib:$LD_LIBRARY_PATH\"   # conda's newer libstdc++ before the system's",
          ...(name === undefined
            ? [
                "# or compile the file again on this machine, with the system's own compiler: CC=/usr/bin/gcc CXX=/usr/bin/g++",
              ]
            : [
                "# or compile it on this machine, with the system's own compiler (CC=/usr/bin/gcc CXX=/usr/bin/g++):",
                ...reinstall(match, name),
              ]),
          ...(log.rpm === undefined || log.noRoot
            ? []
            : [
                "# the distribution's own libstdc++ stays as old as its release. With root: a compiler whose code runs with it (gcc-toolset, on CentOS 7 devtoolset-9, by scl enable), and build again; else a container",
              ]),
        ];
      }
      return [
        match.facts["conda"] === undefined
          ? "sudo apt-get install --only-upgrade libstdc++6   # or a newer distribution; without root: conda's libstdcxx-ng"
          : `conda install -c conda-forge "libstdcxx-ng>=${built}"   # in the environment that runs it`,
        `LD_PRELOAD=$(gcc -print-file-name=libstdc++.so.6) ${python(match)} the_program.py   # to try it out`,
        built < 6
          ? "# or build with the system's own gcc: CC=/usr/bin/gcc CXX=/usr/bin/g++ retorch build --force"
          : `# or build with an older gcc: ${builtWith(match, `CC=gcc-${built - 1} CXX=g++-${built - 1}`)}`,
      ];
    },
    sources: ["NVIDIA/apex#716", "pytorch/pytorch#87279", "pytorch/pytorch#157709", "pytorch/pytorch#8318"],
    examples: [
      {
        text: "(gym) jo@ws:~$ conda activate gym\nImportError: …/libstdc++.so.6: version `GLIBCXX_3.4.32' not found (required by …/gymtorch.so)",
        expect: 'conda install -y -c conda-forge "libstdcxx-ng>=13"',
      },
      {
        text: "(sim) jo@ws:~$ python run.py --n 1\nLoading extension module simtorch...\nImportError: /home/jo/miniconda3/envs/sim/bin/../lib/libstdc++.so.6: version `GLIBCXX_3.4.32' not found (required by /home/jo/.cache/torch_extensions/py38_cu121/simtorch/simtorch.so)",
        expect:
          "rm -rf /home/jo/.cache/torch_extensions/py38_cu121/simtorch, then CC=gcc-12 CXX=g++-12 python run.py --n 1",
      },
      {
        text: "ImportError: /../libstdc++.so.6: version `GLIBCXX_3.4.29' not found\nImportError: /home/u/miniconda3/envs/e/lib/python3.8/site-packages/torch/lib/../../../.././libstdc++.so.6: version `GLIBCXX_3.4.29' not found (required by /home/u/.cache/torch_extensions/p/p.so)",
        expect: "conda's one, found before the system's",
      },
      {
        text: "ImportError: /usr/lib/x86_64-linux-gnu/libstdc++.so.6: version `GLIBCXX_3.4.30' not found (required by /p/gym.so)",
        expect: "gcc 12",
      },
      {
        text: "I'm using CentOS 7.5 and don't have su\nImportError: /usr/lib64/libstdc++.so.6: version `GLIBCXX_3.4.20' not found",
        expect: "Miniforge",
      },
      {
        text: "ImportError: /lib64/libstdc++.so.6: version `GLIBCXX_3.4.22' not found (required by /opt/spack/linux-centos7-skylake/gcc-9.3.0/py-torch-1.6.0-vw3/lib/python3.8/site-packages/torch/lib/libtorch_python.so)",
        expect: "spack load gcc@9.3.0",
      },
      {
        text: "$ module load gcc/11.3.0 cuda/12.1\nImportError: /lib64/libstdc++.so.6: version `GLIBCXX_3.4.29' not found (required by /home/u/ext.so)",
        expect: "module load gcc/11.3.0",
      },
      {
        text: "ImportError: /opt/conda/envs/e/lib/libstdc++.so.6: version `CXXABI_1.3.15' not found (required by /p/x.so)",
        expect: "libstdcxx-ng",
      },
      {
        text: "ImportError: /lib64/libstdc++.so.6: version `GLIBCXX_3.4.21' not found (required by /home/u/.conda/envs/e/lib/python3.8/site-packages/p/_C.so)",
        expect: "LD_LIBRARY_PATH",
      },
    ],
  },
  {
    id: "glibc-too-old",
    title: "Built on a newer system: glibc is too old here",
    on: ["library-version"],
    specificity: 80,
    matches: (finding) => {
      const version = /^GLIBC_([\d.]+)$/.exec(finding.symbol ?? "")?.[1];
      return version === undefined ? undefined : { version, system: distributionWithGlibc(version) };
    },
    confidence: "high",
    cause: (match) =>
      `${match.finding.file === undefined ? "The file" : `\`${match.finding.file}\``} was built on a system with glibc ${match.facts["version"] ?? ""}${match.facts["system"] === undefined ? "" : ` (${match.facts["system"]} has it)`} or newer; ${match.finding.phase === "link" ? "the C library that is linked here (the system's, or the sysroot of conda's compiler)" : "this system's C library"} is older and cannot be replaced by itself.`,
    fix: (match) => {
      // GitHub's own Node for the actions: the job's container is older than it.
      if (/^\/__e\/node\d+\//.test(match.finding.file ?? ""))
        return [
          "# the workflow, in the job: a container with glibc 2.28 or newer, as the actions need since they run with Node 20:",
          "#     container: quay.io/pypa/manylinux_2_28_x86_64   (in place of manylinux2014, CentOS 7, Ubuntu 18.04)",
          "# or no container: of the job: cibuildwheel, or a step that runs docker run -v $PWD:/io -w /io <the old image> bash /io/build.sh by itself, so that checkout runs outside",
        ];
      const newer = `# use a newer system or container${match.facts["system"] === undefined ? "" : ` (${match.facts["system"]})`}`;
      if (
        /[\\/]torch[\\/](?:lib|_C)/.test(match.finding.file ?? "") &&
        /arm-linux-gnueabi|armv[67]l/.test(match.finding.text)
      )
        return [
          "ldd --version | head -1; uname -m; cat /etc/os-release | head -2",
          "# 32-bit ARM: PyPI has no torch for it, so the wheel is somebody's own, for a newer system: take their build for this one",
          "# a Raspberry Pi 3 or newer: the 64-bit system (aarch64), for which pip install torch has wheels",
        ];
      if (/[\\/]torch[\\/](?:lib|_C)/.test(match.finding.file ?? ""))
        return [
          "ldd --version | head -1   # the glibc of this system",
          newer,
          pip(
            match,
            'install --force-reinstall "torch<2.6"   # its wheels run from glibc 2.17 on, those from 2.6 on need 2.28',
          ),
        ];
      const zip = olderLibtorch(match) ?? oldSystemsLibtorch(match);
      const replaced = zip === undefined ? [] : replaceLibtorch(match, zip);
      if (/(?:^|[\\/])lib(?:torch|c10)\w*\.so/.test(match.finding.file ?? ""))
        return [
          "ldd --version | head -1   # the glibc of this system",
          ...(zip === undefined
            ? []
            : replaced.length > 0
              ? [
                  ...replaced,
                  "# the same release for older systems (glibc 2.17), with the old std::string: find_package(Torch) sets -D_GLIBCXX_USE_CXX11_ABI=0 for the program",
                ]
              : [
                  `curl -LO ${zip}   # the same release for older systems (glibc 2.17): unpack it in the other's place`,
                  "rm -rf build   # then configure and build again: find_package(Torch) sets -D_GLIBCXX_USE_CXX11_ABI=0 for the program",
                ]),
          ...(zip !== undefined
            ? []
            : [
                "# LibTorch up to 2.6: the download without cxx11-abi in its name (libtorch-shared-with-deps-<version>.zip) is built for older systems; the program then with -D_GLIBCXX_USE_CXX11_ABI=0, which find_package(Torch) sets",
                "# or an older LibTorch",
              ]),
          newer,
        ];
      const name = packageOf(match);
      // A program that is no module: nothing of the project builds it.
      if (name === undefined && /^\.{0,2}\/?[\w+-]+(?:\/[\w+-]+)*$/.test(match.finding.file ?? ""))
        return [
          "ldd --version | head -1   # the glibc of this system",
          "# another build of that program: an older release, a static one (musl), or one that is compiled from its sources on this system",
          newer,
        ];
      const commands = name === undefined ? rebuild(match) : reinstall(match, name);
      // Its wheels alone come from there, and they are the ones that do not run.
      if (commands.some((line) => / --upgrade --force-reinstall /.test(line)))
        return [
          "ldd --version | head -1   # the glibc of this system",
          newer,
          `# or an older release of ${name ?? "it"}, whose wheels were built on an older system; or build it from its sources on this one`,
        ];
      return [
        "# build it on this system instead of installing the ready-made wheel:",
        // A page of ready-made wheels has the same one again.
        ...(commands.length > 1
          ? commands
              .filter((line) => !line.includes(" -f https://"))
              .map((line) => line.replace(/^# or from source: /, ""))
          : commands),
        ...(name === "pyg-lib"
          ? [
              `# or without it: torch_geometric runs with torch-sparse and torch-scatter, too: ${pip(match, "uninstall -y pyg-lib")}`,
            ]
          : []),
        newer,
      ];
    },
    sources: [
      "nmilosev/pytorch-arm-builds#20",
      "Dao-AILab/flash-attention#1708",
      "Dao-AILab/flash-attention#1762",
      "Dao-AILab/flash-attention#2225",
      "pytorch/pytorch#123649",
      "pyg-team/pyg-lib#548",
      "pytorch/pytorch#38765",
    ],
    examples: [
      {
        text: '$ wget -q https://download.pytorch.org/libtorch/cpu/libtorch-cxx11-abi-shared-with-deps-2.2.1%2Bcpu.zip\n$ cmake .. -DCMAKE_PREFIX_PATH=/w/libtorch\n-- Build files have been written to: /w/bridge/build\n$ cmake --build . --target install\n-- Install configuration: "Release"\n$ cmake .. -DCMAKE_PREFIX_PATH=/w/out\n-- Build files have been written to: /w/demo/build\n$ cmake --build .\n/usr/bin/ld: /w/libtorch/lib/libtorch_cpu.so: undefined reference to `exp@GLIBC_2.29\'',
        expect: "cmake --build /w/bridge/build --clean-first --target install",
      },
      {
        text: "./hugo: /lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.34' not found (required by ./hugo)",
        expect: "another build of that program",
      },
      {
        text: "ImportError: /lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.32' not found (required by /e/site-packages/flash_attn_2_cuda.cpython-311-x86_64-linux-gnu.so)",
        expect: "--no-binary flash-attn",
      },
      { text: "OSError: /lib64/libm.so.6: version `GLIBC_2.29' not found (required by /p/x.so)", expect: "glibc 2.29" },
      {
        text: "CentOS 7, cuda/11.1, libtorch/1.13.0 (cxx11 ABI)\n$ cmake ../cmake -DCMAKE_PREFIX_PATH=/data/jo/libtorch\n$ make -j4\n/usr/bin/ld: /data/jo/libtorch/lib/libtorch_cpu.so: undefined reference to `powf@GLIBC_2.27'",
        expect: "cu116/libtorch-shared-with-deps-1.13.0%2Bcu116.zip",
      },
      {
        text: "wget https://download.pytorch.org/libtorch/cpu/libtorch-cxx11-abi-shared-with-deps-2.2.1%2Bcpu.zip\n/usr/bin/ld: /h/libtorch/lib/libtorch_cpu.so: undefined reference to `pow@GLIBC_2.29'",
        expect: "https://download.pytorch.org/libtorch/cpu/libtorch-shared-with-deps-2.2.1%2Bcpu.zip",
      },
      {
        text: "OSError: /lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.33' not found (required by /e/lib/python3.10/site-packages/libpyg.so)",
        expect:
          '\npython -m pip install --no-build-isolation --no-cache-dir --force-reinstall --no-deps -v "git+https://github.com/pyg-team/pyg-lib.git"',
      },
      {
        text: "/lib64/libm.so.6: version `GLIBC_2.23' not found (required by /home/centos/libtorch_cpu.so)",
        expect: "without cxx11-abi in its name",
      },
    ],
  },
  {
    id: "cuda-library-version-mixed",
    title: "A CUDA library of another version is loaded first",
    on: ["library-version"],
    specificity: 75,
    matches: (finding) => {
      const name = /lib(?:cu|nv|nccl|cudnn)\w*\.so[\d.]*/.exec(`${finding.symbol ?? ""} ${finding.library ?? ""}`)?.[0];
      return name === undefined ? undefined : { name };
    },
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\` was found, but an older one than ${match.finding.file === undefined ? "the asker" : `\`${baseName(match.finding.file)}\``} was built with: LD_LIBRARY_PATH or an rpath puts another CUDA first.`,
    fix: (match) => ["unset LD_LIBRARY_PATH", torchAgain(match)],
    sources: ["pytorch/pytorch#111469"],
    examples: [
      {
        text: "ImportError: /usr/local/cuda/lib64/libnvJitLink.so.12: version `libnvJitLink.so.12' not found (required by /e/nvidia/cusparse/lib/libcusparse.so.12)",
        expect: "LD_LIBRARY_PATH",
      },
    ],
  },
  {
    id: "library-version-missing",
    title: "A library is older than the file needs",
    on: ["library-version"],
    specificity: 40,
    matches: (finding, { findings }) =>
      isShortened(finding, findings)
        ? undefined
        : { version: finding.symbol, library: baseName(finding.library ?? "") },
    confidence: "medium",
    cause: (match) =>
      `${match.finding.file === undefined ? "The file" : `\`${match.finding.file}\``} needs \`${match.facts["version"] ?? ""}\` of \`${match.facts["library"] ?? ""}\`; the one that is found first is older${/\.libs[\\/]/.test(match.finding.library ?? "") ? ": another package's private copy, which was loaded before" : ""}.`,
    fix: (match) => {
      const bundled = /[\\/]torch[\\/]lib[\\/]|\.libs[\\/]/.test(match.finding.library ?? "");
      const ofGcc = /^lib(gomp|quadmath|atomic)\.so/.exec(match.facts["library"] ?? "")?.[1];
      if (!bundled && ofGcc !== undefined && match.context.log.conda)
        return [
          `conda install -c conda-forge lib${ofGcc}   # gcc's newest, into the environment`,
          "export LD_LIBRARY_PATH=$CONDA_PREFIX/lib:$LD_LIBRARY_PATH   # found before the system's",
        ];
      if (!bundled) return ["# upgrade that library, or build on this system:", ...rebuild(match)];
      // Wheels rename what they bring along: libgomp-a34b3233.so.1.
      const plain = (match.facts["library"] ?? "").replace(/-[0-9a-f]{6,}/, "").replace(/(\.so\.\d+).*/, "$1");
      return [
        `LD_PRELOAD=$(gcc -print-file-name=${plain}) ${python(match)} the_program.py   # the system's newer one first`,
        "# or import the module that needs it before torch, or before the package that brings the older one along",
        "# or build with a gcc that is no newer than that of the wheel: CC=gcc-11 CXX=g++-11 retorch build --force",
      ];
    },
    sources: ["https://man7.org/linux/man-pages/man8/ld.so.8.html"],
    examples: [
      {
        text: "ImportError: /lib64/libgomp.so.1: version `GOMP_5.0' not found (required by /p/x.so)",
        expect: "GOMP_5.0",
      },
      {
        text: "ImportError: /lib64/libgomp.so.1: version `GOMP_5.0' not found (required by /home/jo/miniconda3/envs/e/lib/python3.10/site-packages/x/_C.so)",
        expect: "conda install -y -c conda-forge libgomp",
      },
      {
        text: "ImportError: /e/lib/python3.9/site-packages/torch/lib/libgomp-a34b3233.so.1: version `GOMP_5.0' not found (required by /p/libx.so)",
        expect: "LD_PRELOAD=$(gcc -print-file-name=libgomp.so.1)",
      },
    ],
  },
];
