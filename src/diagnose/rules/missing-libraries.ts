/** Libraries of the system and of other packages that the dynamic loader does not find. */
import { own } from "../../base/own.ts";
import { homebrew, platformOf, python, rebuild, systemPackage, pythonVersion } from "../commands/commands.ts";
import { baseName } from "../parsers/parser.ts";
import type { Rule } from "../rule.ts";
import { missingLibrary } from "../matchers.ts";

const systemLibraries: Readonly<Record<string, string>> = {
  "libGL.so.1": "libgl1",
  "libgthread-2.0.so.0": "libglib2.0-0",
  "libglib-2.0.so.0": "libglib2.0-0",
  "libSM.so.6": "libsm6",
  "libXext.so.6": "libxext6",
  "libXrender.so.1": "libxrender1",
  "libgomp.so.1": "libgomp1",
  "libopenblas.so.0": "libopenblas0",
  "libnuma.so.1": "libnuma1",
  "libibverbs.so.1": "libibverbs1",
  "librdmacm.so.1": "librdmacm1",
  "libmpi.so.40": "libopenmpi3",
  "libsndfile.so.1": "libsndfile1",
  "libEGL.so.1": "libegl1",
  "libaio.so.1": "libaio1",
  "libatomic.so.1": "libatomic1",
  "libstdc++.so.6": "libstdc++6",
  "libgcc_s.so.1": "libgcc-s1",
  "libgfortran.so.5": "libgfortran5",
  "libquadmath.so.0": "libquadmath0",
  "libtinfo.so.5": "libtinfo5",
  "libjpeg.so.8": "libjpeg-turbo8",
  "libffi.so.7": "libffi7",
  "libssl.so.1.1": "libssl1.1",
  "libcrypt.so.1": "libcrypt1",
  "libX11.so.6": "libx11-6",
  "libxcb.so.1": "libxcb1",
  "libOpenCL.so.1": "ocl-icd-libopencl1",
  "libblas.so.3": "libblas3",
  "libcblas.so.3": "libatlas3-base",
  "libf77blas.so.3": "libatlas3-base",
  "liblapack.so.3": "liblapack3",
  "libpng16.so.16": "libpng16-16",
  "libz.so.1": "zlib1g",
  "libbz2.so.1.0": "libbz2-1.0",
  "liblzma.so.5": "liblzma5",
  "libsqlite3.so.0": "libsqlite3-0",
  "libnsl.so.1": "libnsl2",
  "libsox.so": "libsox-dev",
  "libsox.so.3": "libsox3",
  "libtbb.so.2": "libtbb2",
  "libtbb.so.12": "libtbb12",
  "libhwloc.so.15": "libhwloc15",
  "libhdf5_serial.so.103": "libhdf5-103-1",
  "libgflags.so.2.2": "libgflags2.2",
  "libglog.so.0": "libglog0v5",
  "libncurses.so.6": "libncurses6",
  "libuv.so.1": "libuv1",
};

export const missingLibraryRules: readonly Rule[] = [
  {
    id: "libpython-missing",
    title: "The shared library of another Python is needed",
    on: ["missing-library"],
    specificity: 75,
    matches: (finding) => missingLibrary(finding, /^libpython(?<version>\d\.\d+)(?<flags>[a-z]*)\.(?:so|dylib)/),
    confidence: "high",
    cause: (match) =>
      `${match.facts["who"] ?? "The file"} was linked to libpython${match.facts["version"] ?? ""}, which is not on the loader's path: it was built for Python ${match.facts["version"] ?? ""}, or that Python's lib folder is not searched.`,
    fix: (match) => {
      const here = pythonVersion(match);
      const onPath = `export LD_LIBRARY_PATH=$(${python(match)} -c "import sysconfig; print(sysconfig.get_config_var('LIBDIR'))"):$LD_LIBRARY_PATH`;
      // The interpreter is the one that it was linked to: its library only has to be found.
      if (here === match.facts["version"])
        return [
          `${onPath}   # the folder of this Python's own library`,
          `# not there (Debian packs it apart): sudo apt-get install libpython${here ?? "3"}`,
        ];
      if (here !== undefined) return rebuild(match);
      return [
        ...rebuild(match),
        `# or, for the same Python: ${onPath}`,
        ...systemPackage(match, {
          apt: `libpython${match.facts["version"] ?? "3"}`,
          dnf: "python3-libs",
          conda: `python=${match.facts["version"] ?? "3"}`,
        }),
      ];
    },
    sources: ["Skylark0924/Rofunc#35"],
    examples: [
      {
        text: "ImportError: libpython3.8.so.1.0: cannot open shared object file: No such file or directory",
        expect: "Python 3.8",
      },
      {
        text: "Python 3.9.18\nImportError: libpython3.9.so.1.0: cannot open shared object file: No such file or directory",
        expect: "\nexport LD_LIBRARY_PATH=$(python",
      },
    ],
  },
  {
    id: "openmp-library-missing",
    title: "The OpenMP run time is not there",
    on: ["missing-library"],
    specificity: 74,
    matches: (finding) => missingLibrary(finding, /^lib(?<lib>omp|iomp5|gomp)(?:-[0-9a-f]+)?\.(?:so|dylib)/),
    confidence: "high",
    cause: (match) =>
      `${match.facts["who"] ?? ""} needs the OpenMP run time \`${match.facts["name"] ?? ""}\`, which is not installed, or not where the file looks for it.`,
    fix: (match) => [
      ...systemPackage(match, {
        apt: match.facts["lib"] === "gomp" ? "libgomp1" : "libomp5",
        dnf: "libgomp",
        brew: "libomp",
        conda: "llvm-openmp",
      }),
      // Homebrew's folder of it is on no search path.
      ...(platformOf(match) === "darwin" && /@rpath/.test(match.finding.text)
        ? [
            `cp ${homebrew(match)}/opt/libomp/lib/libomp.dylib <the folder with libtorch_cpu.dylib>/   # it is sought beside torch's libraries (@rpath)`,
          ]
        : []),
    ],
    sources: ["pytorch/pytorch#20030"],
    examples: [
      {
        text: "ImportError: dlopen(/p/_C.cpython-311-darwin.so, 0x0002): Library not loaded: @rpath/libomp.dylib\n  Referenced from: <A1B2> /p/_C.cpython-311-darwin.so\n  Reason: tried: '/opt/homebrew/lib/libomp.dylib' (no such file)",
        expect: "brew install libomp",
      },
    ],
  },
  {
    id: "wrong-libc",
    title: "Built for glibc, run on musl (Alpine)",
    on: ["missing-library", "undefined-symbol"],
    specificity: 79,
    matches: (finding) => {
      // What is torch's own is missing for other reasons, on musl, too.
      if (/^_ZN?K?(?:2at|3c10|5torch)/.test(finding.symbol ?? "") || /^lib(?:c10|torch)/.test(finding.library ?? ""))
        return undefined;
      if (/Error loading shared library|Error relocating/.test(finding.message))
        return { what: finding.library ?? finding.symbol ?? "" };
      return missingLibrary(finding, /^ld-linux-\S+\.so|^ld-musl/) === undefined
        ? undefined
        : { what: finding.library ?? "" };
    },
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["what"] ?? ""}\`: the loader is musl's (Alpine Linux), and the file was built for glibc. PyTorch's wheels and what is built with them need glibc.`,
    fix: () => ["# use an image with glibc: FROM python:3.12-slim instead of python:3.12-alpine"],
    sources: ["https://peps.python.org/pep-0656/"],
    examples: [
      {
        text: "ImportError: Error loading shared library ld-linux-x86-64.so.2: No such file or directory (needed by /usr/lib/python3.11/site-packages/torch/lib/libtorch_global_deps.so)",
        expect: "Alpine",
      },
    ],
  },
  {
    id: "system-library-missing",
    title: "A system library is not installed",
    on: ["missing-library"],
    specificity: 66,
    matches: (finding) => {
      if (finding.phase !== "load") return undefined;
      const name = baseName(finding.library ?? "");
      const apt = own(systemLibraries, name);
      return apt === undefined ? undefined : { name, apt };
    },
    // torchvision says so in passing, and works without its image module.
    confidence: (match) => (/Failed to load image Python extension/.test(match.finding.text) ? "low" : "high"),
    cause: (match) => `\`${match.facts["name"] ?? ""}\` is a library of the system, and it is not installed.`,
    fix: (match) => systemPackage(match, { apt: match.facts["apt"] ?? "" }),
    sources: ["https://packages.debian.org/"],
    examples: [
      { text: "ImportError: libGL.so.1: cannot open shared object file: No such file or directory", expect: "libgl1" },
    ],
  },
  {
    id: "library-missing-at-load",
    title: "A shared library is not found when the module is loaded",
    on: ["missing-library"],
    specificity: 30,
    matches: (finding) => missingLibrary(finding, /^(?<lib>.+)$/),
    // torchvision warns of it and goes on.
    confidence: (match) => (/Failed to load image Python extension/.test(match.finding.text) ? "low" : "medium"),
    cause: (match) =>
      `${match.facts["who"] ?? ""} needs \`${match.facts["name"] ?? ""}\`, and the loader finds it nowhere: it is not installed, in another version, or its folder is on no search path (rpath, LD_LIBRARY_PATH).`,
    fix: (match) => [
      ...(platformOf(match) === "linux"
        ? [
            `export LD_LIBRARY_PATH="$(dirname "$(find "$PWD" / -name '${match.facts["name"] ?? ""}*' 2>/dev/null | head -n 1)"):$LD_LIBRARY_PATH"   # prints nothing alone: find / -name '${match.facts["name"] ?? ""}*'; then run the program again`,
            '# for good, when it is the project\'s own and is installed beside the module: a search path in the module. CMake: set_target_properties(<module> PROPERTIES INSTALL_RPATH "$ORIGIN"); setup.py: extra_link_args=["-Wl,-rpath,$ORIGIN"]; retorch.toml: runtime-library-dirs',
          ]
        : [`# install the package that brings ${match.facts["name"] ?? ""}`]),
      ...(match.finding.file === undefined ? [] : rebuild(match)),
    ],
    sources: ["https://man7.org/linux/man-pages/man8/ld.so.8.html"],
    examples: [
      {
        text: "ImportError: libopenvdb.so.9.1: cannot open shared object file: No such file or directory",
        expect: "libopenvdb",
      },
    ],
  },
];
