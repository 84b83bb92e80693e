/** Libraries and objects that the linker does not find. */
import { commandWithFound } from "../commands/failed-command.ts";
import { developmentPackages, type PackageNames } from "../tables/development-packages.ts";
import { homebrew, pip, platformOf, python, pythonVersion, removeFolder, systemPackage } from "../commands/commands.ts";
import { embeddedHeaders, isEmbeddable } from "../commands/embedded-python.ts";
import { literally } from "../../base/literally.ts";
import { added, linkLibrary } from "../matchers.ts";
import { baseName } from "../parsers/parser.ts";
import { type Match, type Rule } from "../rule.ts";

/** Whether a library belongs to Linux's compilers and C library alone, and the link is macOS's. */
function notOnMac(match: Match): boolean {
  return (
    platformOf(match) === "darwin" &&
    /^(?:gomp|stdc\+\+fs|rt|dl|atomic|gcc_s|quadmath|crypt|nsl|util|cudart|cuda)$/.test(match.facts["name"] ?? "")
  );
}

/** The file that `-l:libfoo.so.1` asks for: by its whole name. */
function byFileName({ finding }: Match): string | undefined {
  return /-l:(\S*?[\w+-]\.(?:so|a)\b[\w.]*)/.exec(finding.text)?.[1];
}

/** The library that is linked and wants another: `warning: libA.so, needed by ./libB.so, not found`. */
function neededBy({ finding }: Match): string | undefined {
  return /\.so[\w.]*, needed by (\S+), not found/.exec(finding.text)?.[1];
}

/** Whether a path is one that a build makes: relative, or below a build folder. */
function madeByBuild(file: string): boolean {
  return !/^(?:[\\/]|[A-Za-z]:)/.test(file) || /[\\/](?:build|_skbuild|pip-[\w-]+)[\\/]/.test(file);
}

/** LibTorch's libraries, named from where the build happens to run. */
function relativeTorch(file: string): boolean {
  return /^(?![\\/]|[A-Za-z]:)\S*lib[\\/]lib(?:c10|torch)\w*\.(?:so|dylib)$/.test(file);
}

/** A free-threaded Python, asked for the library of the ordinary one. */
function forFreeThreading(match: Match): boolean {
  return match.context.log.freeThreaded && platformOf(match) === "win32" && !/t/.test(match.facts["flags"] ?? "");
}

/** Libraries that are linked by these names. */
const linked: Readonly<Record<string, PackageNames>> = {
  gomp: { apt: "build-essential" },
  omp: developmentPackages.openmp,
  openblas: developmentPackages.openblas,
  mpi: developmentPackages.mpi,
  z: developmentPackages.zlib,
  png: developmentPackages.png,
  jpeg: developmentPackages.jpeg,
  GL: developmentPackages.gl,
  EGL: developmentPackages.egl,
  X11: developmentPackages.x11,
  numa: developmentPackages.numa,
  aio: developmentPackages.aio,
  ssl: developmentPackages.openssl,
  crypto: developmentPackages.openssl,
  ibverbs: developmentPackages.ibverbs,
  tbb: developmentPackages.tbb,
};

/** Libraries of the compiler itself, and conda's packages that hold them for its own linker. Source: the files of conda-forge's packages. */
function ofCondaLinker({ finding, facts }: Match): string | undefined {
  if (!/-conda(?:_cos\d+)?-linux-gnu[\\/](?:bin[\\/])?\S*ld: cannot find/.test(finding.text)) return undefined;
  const name = facts["name"] ?? "";
  return name === "gomp" ? "gxx libgomp" : /^(?:stdc\+\+|gcc|gcc_s|m|c|pthread|dl|rt)$/.test(name) ? "gxx" : undefined;
}

/** A library that was asked for by its file's name: `-llibmorton`, `-lmorton.so`; as written, and as it has to be. */
function withItsFileName({ finding }: Match): readonly [written: string, plain: string] | undefined {
  const [, written, one, other] =
    /-l(lib(\w[\w+-]*?)(?:\.so|\.a)?|(\w[\w+-]*?)(?:\.so|\.a))(?=[:'"\s]|$)/.exec(finding.text) ?? [];
  const plain = one ?? other;
  return written === undefined || plain === undefined ? undefined : [written, plain];
}

export const linkLibraryRules: readonly Rule[] = [
  {
    id: "python-library-not-found-at-link",
    title: "The linker does not find Python's library",
    on: ["missing-library"],
    specificity: 80,
    matches: (finding) => linkLibrary(finding, /^python(?<version>\d[\d.]*)(?<flags>[a-z_]*)$/),
    confidence: "high",
    cause: (match) =>
      forFreeThreading(match)
        ? `The Python is a free-threaded one, whose import library is \`python${match.facts["version"] ?? ""}t.lib\`, and the build asks for \`${match.facts["file"] ?? ""}\` of the ordinary one: on Windows both share one pyconfig.h, and which library is linked depends on the macro Py_GIL_DISABLED, which nobody defines here.`
        : `\`${match.facts["file"] ?? ""}\`: the interpreter's import library is not found. ${platformOf(match) === "win32" ? `${isEmbeddable(match) ? "This is an embeddable Python, which comes without the folders `libs` and `include`." : "In a virtual environment it lies in the `libs` folder of the base Python; Store and embeddable Pythons have none, and `_d` is for debug builds."}` : "Modules need no libpython on Linux; a program that embeds Python needs the development package."}`,
    fix: (match) =>
      forFreeThreading(match)
        ? [
            pip(match, "install --upgrade setuptools   # defines it by itself since the end of 2024"),
            "set CL=/DPy_GIL_DISABLED   # for every call of cl.exe, also the one that nvcc makes; then the same build again",
            `# or the ordinary Python, for which packages have wheels: ${pythonVersion(match) ?? "3.14"} without the t (uv venv --python ${pythonVersion(match) ?? "3.14"}, py -${pythonVersion(match) ?? "3.14"})`,
          ]
        : isEmbeddable(match)
          ? [...embeddedHeaders(match), "# then start the program, or the build, again"]
          : platformOf(match) === "win32"
            ? [
                `${python(match)} -c "import sys; print(sys.base_prefix + '\\\\libs')"   # does it hold the .lib? then:`,
                `for /f "usebackq delims=" %i in (\`${python(match)} -c "import sys; print(sys.base_prefix)"\`) do set LIB=%i\\libs;%LIB%`,
                `# otherwise install Python${pythonVersion(match) === undefined ? "" : ` ${pythonVersion(match) ?? ""}`} from python.org, and make the virtual environment anew with it`,
              ]
            : [
                ...systemPackage(match, { apt: `python${pythonVersion(match) ?? "3"}-dev`, dnf: "python3-devel" }),
                "# modules: drop -lpython from the link flags",
              ],
    sources: [
      "ashawkey/torch-ngp#91",
      "stevenlovegrove/Pangolin#570",
      "pypa/setuptools#4662",
      "pypa/distutils#310",
      "python/cpython#134211",
      "mjun0812/flash-attention-prebuild-wheels#102",
    ],
    examples: [
      {
        text: "Using CPython 3.14.5+freethreaded-windows-x86_64-none\nLINK : fatal error LNK1104: cannot open file 'python314.lib'",
        expect: "set CL=/DPy_GIL_DISABLED",
      },
      { text: "LINK : fatal error LNK1104: cannot open file 'python39.lib'", expect: "base_prefix" },
      {
        text: "** Python version: 3.10.11 (tags/v3.10.11:7d4cc5a, Apr  5 2023) [MSC v.1929 64 bit (AMD64)]\n** Python executable: D:\\ai\\ComfyUI_windows_portable\\python_embeded\\python.exe\nLINK : fatal error LNK1104: cannot open file 'python310.lib'",
        expect: 'D:\\ai\\ComfyUI_windows_portable\\python_embeded\\python.exe -c "import io, platform',
      },
      {
        text: "File \"D:\\ai\\python_embeded\\Lib\\site-packages\\torch\\utils\\cpp_extension.py\"\nLINK : fatal error LNK1104: cannot open file 'python312.lib'",
        expect: "python_3.12.7_include_libs.zip",
      },
    ],
  },
  {
    id: "library-file-missing-at-link",
    title: "A library that the link names by its path is not there",
    on: ["missing-library"],
    specificity: 84,
    matches: (finding) => {
      const file = finding.library ?? "";
      return finding.phase === "link" &&
        /[\\/]/.test(file) &&
        /\.(?:so(?:\.[\d.]+)?|a|dylib|lib)$/.test(file) &&
        finding.tool === "linker"
        ? { file, toolkit: /^(?<root>.*[\\/]cuda-(?<version>[\d.]+))[\\/]/.exec(file)?.groups?.["root"] }
        : undefined;
    },
    confidence: (match) => (madeByBuild(match.facts["file"] ?? "") ? "medium" : "high"),
    cause: (match) => {
      const file = match.facts["file"] ?? "";
      if (match.facts["toolkit"] !== undefined)
        return `The build names \`${file}\`, and there is no such file: the toolkit ${match.facts["toolkit"]} is not installed (any more), or without its development files. Its path is written into the project, or remembered in a build folder.`;
      if (relativeTorch(file))
        return `The build names \`${file}\` by a path that is relative, and make (or ninja) runs in another folder than the one that it was meant from: CMAKE_PREFIX_PATH or Torch_DIR was given without a leading /.`;
      if (madeByBuild(file))
        return `The build names \`${file}\`, which it was to make itself: the step before (a compile with nvcc, a submodule, a script) failed, was left out, or writes to another place.`;
      return `The build names \`${file}\` by its path, and there is no such file: the package is not installed here, lies in another folder, or has another version in its name.`;
    },
    fix: (match) => {
      const file = match.facts["file"] ?? "";
      const name = baseName(file);
      if (match.facts["toolkit"] !== undefined)
        return [
          "ls -d /usr/local/cuda*; which -a nvcc",
          `grep -rnE '${baseName(match.facts["toolkit"])}' setup.py CMakeLists.txt *.sh build* 2>/dev/null   # put $CUDA_HOME in its place`,
          "rm -rf build && export CUDA_HOME=/usr/local/cuda   # CMake remembers the old path in build/CMakeCache.txt",
        ];
      if (relativeTorch(file))
        return [
          `rm -rf build && cmake -S . -B build -DCMAKE_PREFIX_PATH="$(realpath ${/^(?:\.\.?\/)*[\w.-]+/.exec(file)?.[0] ?? "libtorch"})" && cmake --build build`,
          "# in CMakeLists.txt: an absolute path, or ${CMAKE_CURRENT_SOURCE_DIR}/libtorch; and find_package(Torch) in one place only",
        ];
      if (madeByBuild(file))
        return [
          "# look further up in the log for the step that should have made it, and build from an empty folder:",
          removeFolder(match, "build"),
          "retorch build -v",
        ];
      return [
        `find / -name '${name.replace(/\.so.*$/, ".so*")}' 2>/dev/null`,
        "# then name that path (or -L<folder> -l<name>) in setup.py or CMakeLists.txt; a build folder of CMake remembers the old one: rm -rf build",
      ];
    },
    sources: ["zju3dv/pvnet#40", "pytorch/pytorch#22541", "rusty1s/pytorch_scatter#2"],
    examples: [
      {
        text: "gcc: error: /usr/local/cuda-8.0/lib64/libcudart.so: No such file or directory",
        expect: "/usr/local/cuda-8.0",
      },
      {
        text: "make[2]: *** No rule to make target 'libtorch/lib/libc10.so', needed by 'app'.  Stop.",
        expect: "realpath libtorch",
      },
      {
        text: "x86_64-linux-gnu-gcc: error: my_ops/build/kernel.so: No such file or directory",
        expect: "to make itself",
      },
      {
        text: "make[2]: *** No rule to make target '/usr/lib/x86_64-linux-gnu/libfoo.so', needed by 'ext.so'.  Stop.",
        expect: "find / -name",
      },
    ],
  },
  {
    id: "object-not-found-at-link",
    title: "An object file is not where the linker looks",
    on: ["missing-library", "driver"],
    specificity: 78,
    matches: (finding) =>
      finding.kind === "driver"
        ? finding.code === "no-such-file" && /\.(?:o|obj)$/.test(finding.file ?? "")
          ? { file: finding.file }
          : undefined
        : finding.phase === "link" &&
            /\.(?:o|obj)$/.test(finding.library ?? "") &&
            !/crt\w*\.o$|crti|Scrt1|crtbegin/.test(finding.library ?? "")
          ? { file: finding.library }
          : undefined,
    confidence: "high",
    cause: (match) =>
      /\.\.|dependencies/.test(match.facts["file"] ?? "")
        ? `\`${match.facts["file"] ?? ""}\` was compiled to another place: a source path with \`..\` in it puts the object outside of the build folder.`
        : `\`${match.facts["file"] ?? ""}\` was not made, or elsewhere: its compile failed or was skipped (look above), the source's path is relative with \`..\`, has spaces or letters outside ASCII, or is too long for Windows; or the wrong (x86) link.exe runs.`,
    fix: (match) => [
      ...(/[\\/]Temp[\\/]pip-/i.test(match.facts["file"] ?? "")
        ? [
            "mkdir C:\\tmp",
            "set TEMP=C:\\tmp",
            "set TMP=C:\\tmp",
            "# pip builds there: a short path of plain letters in place of one within the user's folder",
          ]
        : ["# put the project into a short path of plain letters without spaces; name sources without .."]),
      ...(/\.obj$/.test(match.facts["file"] ?? "")
        ? [
            "# setup.py, when ninja puts the objects elsewhere: cmdclass={'build_ext': BuildExtension.with_options(use_ninja=False)}",
          ]
        : []),
      /[\\/]pip-/.test(match.facts["file"] ?? "")
        ? pip(match, "install --no-build-isolation .")
        : "retorch build --force",
    ],
    sources: ["NVIDIA/nv-wavenet#50", "NVlabs/tiny-cuda-nn#399", "JeffreyXiang/diffoctreerast#2"],
    examples: [
      {
        text: "LINK : fatal error LNK1181: cannot open input file '.\\Release\\_nv_wavenet_ext.obj'",
        expect: "short path",
      },
      {
        text: "LINK : fatal error LNK1181: impossible d'ouvrir le fichier en entrée 'C:\\Temp\\Release\\..\\..\\dependencies\\fmt\\src\\format.obj'",
        expect: "..",
      },
      {
        text: "g++: error: build/temp.linux-x86_64-3.8/src/a.o: No such file or directory",
        expect: "build_ext --inplace --force",
      },
    ],
  },
  {
    id: "cmake-notfound-linked",
    title: "What CMake did not find went to the linker",
    on: ["missing-library"],
    specificity: 88,
    matches: (finding) => linkLibrary(finding, /^(?<variable>\w+)-NOTFOUND$/),
    confidence: "high",
    cause: (match) =>
      `CMake looked for the library of the variable \`${match.facts["variable"] ?? ""}\` and did not find it, and the project links what the variable says all the same. ${/CUDA_LIBRARY$|CUDA_DRIVER/i.test(match.facts["variable"] ?? "") ? "It is libcuda, the driver's library: there is none on this machine (a container, a build machine), or it lies elsewhere (WSL: /usr/lib/wsl/lib)." : "It is not installed, or lies in a folder that CMake does not look into."}`,
    fix: (match) => {
      const variable = match.facts["variable"] ?? "";
      return /CUDA_LIBRARY$|CUDA_DRIVER/i.test(variable)
        ? [
            `cmake -D${variable}=/usr/local/cuda/lib64/stubs/libcuda.so ..   # the stub is enough for the link; WSL: /usr/lib/wsl/lib/libcuda.so`,
            "export LIBRARY_PATH=/usr/local/cuda/lib64/stubs:$LIBRARY_PATH CMAKE_LIBRARY_PATH=/usr/local/cuda/lib64/stubs   # or for CMake to find; rm -rf build first",
          ]
        : [
            `grep ${variable} CMakeCache.txt; grep -rn ${variable} CMakeLists.txt cmake/   # what is looked for, and where`,
            `rm -rf build; cmake -D${variable}=<the library's file> ..   # after its development package was installed${/cublas_device/.test(variable) ? "; cublas_device is gone since CUDA 10: a newer CMake (pip install -U cmake) does not ask for it" : ""}`,
          ];
    },
    sources: ["microsoft/WSL#6119", "https://cmake.org/cmake/help/latest/command/find_library.html"],
    examples: [
      { text: "/usr/bin/ld: cannot find -lCUDA_CUDA_LIBRARY-NOTFOUND", expect: "stubs/libcuda.so" },
      { text: "/usr/bin/ld: cannot find -lFOO_LIBRARY-NOTFOUND", expect: "-DFOO_LIBRARY=" },
    ],
  },
  {
    id: "library-not-found-at-link",
    title: "The linker does not find a library",
    on: ["missing-library"],
    specificity: 50,
    matches: (finding, { findings }) =>
      // DeepSpeed tries whether Linux' libaio is there; a build that goes on past that stops for another reason.
      finding.library?.toLowerCase() === "aio.lib" &&
      findings.some(({ code, message }) => code === "cuda-mismatch" || message.includes("Unable to pre-compile"))
        ? undefined
        : linkLibrary(finding, /^(?<lib>.+)$/),
    // A link of everything in one file wants archives, which conda has few of: the library may be there.
    confidence: (match) => (ofCondaLinker(match) !== undefined ? "medium" : "high"),
    cause: (match) => {
      const dir = added(match)?.dir;
      const [written, name] = withItsFileName(match) ?? [];
      if (written !== undefined)
        return `The build asks for \`-l${written}\`, which stands for a file lib${written}.so: a library is named without \`lib\` in front and without its ending, \`${name ?? ""}\`.`;
      if (notOnMac(match))
        return `\`${match.facts["name"] ?? ""}\` is a library of Linux's tools that macOS does not have: the build names it without asking for the system.`;
      const whole = byFileName(match);
      if (whole !== undefined && dir === undefined)
        return `\`-l:${whole}\` asks for a file of exactly this name, and none of the folders that the linker searches has it (-L, LIBRARY_PATH, its own): they are not those of the loader, so that it may well lie in LD_LIBRARY_PATH.`;
      const asker = neededBy(match);
      if (asker !== undefined)
        return `\`${match.facts["file"] ?? ""}\` is wanted by \`${asker}\`, which is being linked, and lies in none of the folders where the linker looks for libraries of libraries (-rpath-link, LD_LIBRARY_PATH, those that \`${asker}\` itself names). What it defines is missing then: the undefined references below come from that.`;
      return `The library \`${match.facts["file"] ?? match.facts["name"] ?? ""}\` is in none of the folders that the linker searches: ${dir === undefined ? "its development package is not installed, or its folder is not given with -L" : `it is in ${dir}`}.`;
    },
    fix: (match) => {
      const dir = added(match)?.dir;
      const [written, plain] = withItsFileName(match) ?? [];
      if (written !== undefined && platformOf(match) !== "win32")
        return [
          `grep -rlE '(^|[^A-Za-z0-9_/-]|-l)${literally(written)}([^A-Za-z0-9_./-]|$)' --include=setup.py --include=CMakeLists.txt --include=pyproject.toml --include=Makefile . | xargs -r sed -i.bak -E 's/(^|[^A-Za-z0-9_\\/-]|-l)${literally(written)}([^A-Za-z0-9_.\\/-]|$)/\\1${plain ?? ""}\\2/g'`,
          `# setup.py: libraries=["${plain ?? ""}"]; CMake: target_link_libraries(<target> PRIVATE ${plain ?? ""})`,
        ];
      const name = match.facts["name"] ?? "";
      const ofConda = ofCondaLinker(match);
      if (ofConda !== undefined)
        return [
          `conda install -c conda-forge ${ofConda}   # conda's linker does not look into the folders of the system's packages`,
          "# a link with -static wants lib….a, which conda leaves out: without -static, or with the system's compiler (CC=/usr/bin/gcc CXX=/usr/bin/g++)",
        ];
      const whole = byFileName(match);
      if (whole !== undefined && dir === undefined && platformOf(match) !== "win32")
        return [
          `export LIBRARY_PATH="$(dirname "$(find / -name '${whole}' 2>/dev/null | head -n 1)"):$LIBRARY_PATH"`,
          `# for good: -L<its folder>; it is nowhere: install what has it: apt-file search ${whole}; Fedora, RHEL: dnf provides '*/${whole}'`,
        ];
      if (neededBy(match) !== undefined)
        return [
          `find / -name '${match.facts["file"] ?? ""}' 2>/dev/null; ldd ${neededBy(match) ?? ""} | grep 'not found'`,
          "export LD_LIBRARY_PATH=<its folder>:$LD_LIBRARY_PATH   # for the link and for the run; or -Wl,-rpath-link,<its folder>",
          "# it is nowhere: install the release of the package that the asking library was built with, or build that library again",
        ];
      const flag = `-l${name}`;
      const { linkFlagsOfShell = "" } = match.context.log;
      if (
        dir === undefined &&
        platformOf(match) === "linux" &&
        linkFlagsOfShell.split(" ").includes(flag) &&
        /^[\w.+-]+$/.test(name)
      )
        return [
          `export LDFLAGS="\${LDFLAGS//${flag}/}"   # ${flag} stands before the objects: LDFLAGS of the shell asks for it, not the package's setup.py`,
          `# where the library is wanted: install what has it (apt-cache search 'lib${name}' | grep -e -dev; conda search '*${name}*'), and name its folder there, -L<its folder>`,
        ];
      if (
        dir !== undefined &&
        match.context.isLive !== true &&
        platformOf(match) === "linux" &&
        /^[\w./+-]+$/.test(dir)
      )
        return [
          `export LIBRARY_PATH="${dir.startsWith("/") ? "" : "$PWD/"}${dir}:$LIBRARY_PATH"   # for this shell${match.context.findLibrary === undefined ? "" : `; a library that is shared: LD_LIBRARY_PATH, too`}`,
          `# for good: setup.py: library_dirs=["${dir}"]   (retorch.toml: library-dirs = ["${dir}"])`,
        ];
      if (dir !== undefined) return [`# retorch.toml: library-dirs = ["${dir}"]   (setup.py: library_dirs=["${dir}"])`];
      if (notOnMac(match))
        return name === "gomp"
          ? [
              "brew install libomp",
              `# -Xpreprocessor -fopenmp in place of -fopenmp, -lomp in place of -lgomp: link-flags = ["-L${homebrew(match)}/opt/libomp/lib", "-lomp"]`,
            ]
          : [
              `# take -l${name} out for macOS (if sys.platform == "linux" in setup.py; if(NOT APPLE) in CMake): what it brings is in the system's C and C++ libraries`,
            ];
      if (platformOf(match) === "win32" && name === "aio")
        return ["set DS_BUILD_AIO=0   # DeepSpeed: libaio exists on Linux only", "set DS_BUILD_GDS=0"];
      if (platformOf(match) === "win32")
        return [`# install ${name}, and add the folder of its .lib to library-dirs (or to LIB)`];
      if (
        /^(?:amdhip64|hiprtc|hsa-runtime64|MIOpen|(?:roc|hip)(?:blas|blaslt|sparse|fft|rand|solver)|rccl|roctx64)$/.test(
          name,
        )
      )
        return [
          'export LIBRARY_PATH="$(rocm-sdk path --root)/lib:$LIBRARY_PATH"   # ROCm of pip: its libraries lie in its own package',
          'export LIBRARY_PATH="${ROCM_PATH:-/opt/rocm}/lib:$LIBRARY_PATH"   # ROCm of the system',
          `find / -name 'lib${name}.so*' 2>/dev/null   # in neither: this folder; a lib${name}.so.N alone needs a link lib${name}.so`,
        ];
      const names = Object.hasOwn(linked, name) ? linked[name] : undefined;
      const brew = names?.brew;
      if (platformOf(match) === "darwin" && brew !== undefined)
        return [
          `brew install ${brew}`,
          `export LIBRARY_PATH="$(brew --prefix ${brew})/lib:$LIBRARY_PATH" CPATH="$(brew --prefix ${brew})/include:$CPATH"   # clang looks there`,
          `# for good: library-dirs = ["${homebrew(match)}/opt/${brew}/lib"] in retorch.toml (setup.py: library_dirs), include-dirs = ["${homebrew(match)}/opt/${brew}/include"]`,
        ];
      const boost = /^boost_(\w+?)(?:-mt)?$/.exec(name)?.[1]?.replaceAll("_", "-");
      const apt =
        names?.apt ??
        (boost === undefined
          ? undefined
          : boost.startsWith("python")
            ? "libboost-python-dev"
            : `libboost-${boost}-dev`);
      return [
        ...(apt === undefined
          ? [
              ...(platformOf(match) === "linux" && /^[\w.+-]+$/.test(name) && match.context.log.namesRetorch !== true
                ? [
                    commandWithFound(
                      match,
                      ["LIBRARY_PATH"],
                      `l=$(find "$PWD" -name 'lib${name}.so' -o -name 'lib${name}.a' | head -n 1); echo "\${l%/*}"`,
                    ) ??
                      `l=$(find "$PWD" -name 'lib${name}.so' -o -name 'lib${name}.a' | head -n 1); [ -z "$l" ] || export LIBRARY_PATH="\${l%/*}:$LIBRARY_PATH" LD_LIBRARY_PATH="\${l%/*}:$LD_LIBRARY_PATH"   # where the project has it, for this shell; elsewhere: find / -name 'lib${name}.*'`,
                  ]
                : [`find / -name 'lib${name}.so*' -o -name 'lib${name}.a' 2>/dev/null`]),
              ...(platformOf(match) === "linux"
                ? [
                    `# not there at all: install what has it: apt-cache search 'lib${name.replace(/^lib/, "")}' | grep -e -dev; Fedora, RHEL: dnf provides '*/lib${name}.so'; a library of the project's own is built first`,
                  ]
                : []),
            ]
          : systemPackage(match, { apt })),
        `# then: library-dirs = ["<its folder>"] in retorch.toml, library_dirs=[...] in setup.py; a file lib${name}.so.N alone needs a link lib${name}.so`,
      ];
    },
    change: added,
    sources: ["https://sourceware.org/binutils/docs/ld/Options.html"],
    examples: [
      {
        text: "/home/u/miniconda3/envs/e/bin/../lib/gcc/x86_64-conda-linux-gnu/12.2.0/../../../../x86_64-conda-linux-gnu/bin/ld: cannot find -lgomp: No such file or directory\ncollect2: error: ld returned 1 exit status",
        expect: "conda install -y -c conda-forge gxx libgomp",
      },
      {
        text: "$ python setup.py build_ext --inplace\ng++ -shared a.o -Lvendor -llibmorton -o z.so\n/usr/bin/ld: cannot find -llibmorton: No such file or directory",
        expect: 'libraries=["morton"]',
      },
      {
        text: "/usr/bin/ld: cannot find -l:libfoo_rt.so.2\ncollect2: error: ld returned 1 exit status",
        expect: "find / -name 'libfoo_rt.so.2'",
      },
      {
        text: "/usr/bin/ld: warning: libfoo.so.2, needed by ../lib/libbar.so.1.6, not found (try using -rpath or -rpath-link)",
        expect: "rpath-link,<its folder>",
      },
      { text: "mold: fatal: library not found: nosuch", expect: "library-dirs" },
      { text: "ld: library 'omp' not found", expect: 'LIBRARY_PATH="$(brew --prefix libomp)/lib' },
      { text: "ld: library not found for -lstdc++fs", expect: "take -lstdc++fs out" },
      { text: "ld: library 'gomp' not found", expect: "-lomp in place of -lgomp" },
      { text: "/usr/bin/ld: cannot find -lopenblas: No such file or directory", expect: "libopenblas-dev" },
    ],
  },
];
