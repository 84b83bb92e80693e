/** The link: files that do not fit or cannot be written, position-independent code, symbols that are defined twice. */
import { clangsLibrary, clangsPackages } from "../commands/clang-libraries.ts";
import { rebuild, setVariable, systemPackage, platformOf } from "../commands/commands.ts";
import { archiveWithPic } from "../commands/archives-without-pic.ts";
import { chooseLinker, linkerPackage } from "../commands/linker-choice.ts";
import { linkLibrary } from "../matchers.ts";
import { isBuiltByPython } from "../commands/typed-builds.ts";
import { withWindowsSdk } from "../commands/visual-studio.ts";
import { judgeSymbol } from "../symbols.ts";
import { outputPlaceRules } from "./output-places.ts";
import { coded, type Match, type Rule, said, saidAny } from "../rule.ts";

/** The crate of Rust's whose objects have the static C++ run time. */
function rustCrate({ finding }: Match): string | undefined {
  const { text } = finding;
  const [, first, second] =
    /(?:^|[\s\\/])lib(\w+)-[\da-f]{16}\.rlib\(.*doesn't match value '(?:MTd?)_Static\w+' in lib(\w+)-[\da-f]{16}\.rlib/.exec(
      text,
    ) ?? [];
  const name =
    second ??
    (first === undefined
      ? /lib(\w+)-[\da-f]{16}\.rlib\(\S+\) : error LNK2038: .*: value 'MTd?_Static/.exec(text)?.[1]
      : first);
  return name?.replaceAll("_", "-");
}

/** The static C++ run time is on one side. */
function staticRunTime(match: Match): boolean {
  return /'MTd?_Static\w+'/.test(match.finding.message + match.finding.text);
}

/** Objects of two Visual C++: `mismatch detected for '_MSC_VER': value '1800' doesn't match value '1900'`. */
function ofOtherVisualStudio(match: Match): boolean {
  return match.facts["what"] === "_MSC_VER";
}

/** The flag for what this build compiles itself, by what its compilers read. */
function withPic(match: Match): string[] {
  const { typedConfigure, builtAtRunTime, namesRetorch, cmake, cmakeTarget, typedBuild } = match.context.log;
  if (platformOf(match) !== "linux" || builtAtRunTime) return [];
  const isUntold =
    !namesRetorch &&
    match.context.isLive !== true &&
    !cmake &&
    (typedBuild ?? cmakeTarget ?? typedConfigure) === undefined;
  if (isBuiltByPython(match) || isUntold)
    return ['export CFLAGS="$CFLAGS -fPIC" CXXFLAGS="$CXXFLAGS -fPIC" NVCC_APPEND_FLAGS="-Xcompiler -fPIC"'];
  return typedConfigure === undefined || typedConfigure.includes("POSITION_INDEPENDENT")
    ? []
    : [`${typedConfigure} -DCMAKE_POSITION_INDEPENDENT_CODE=ON`];
}

/** Where both definitions are one line of a header, as a build with -g tells: the function becomes inline there. */
function inlineInHeader({ finding }: Match): string[] {
  const [, header = "", line = ""] =
    /(\S+\.(?:h|hpp|hh|hxx|cuh|inl)):(\d+): multiple definition of /.exec(finding.text) ?? [];
  return header !== "" &&
    finding.text.includes(`${header}:${line}: first defined here`) &&
    finding.phase !== "device-link"
    ? [`sed -i.bak '${line}s/^/inline /' ${header}   # where that line is the head of the function`]
    : [];
}

export const linkingRules: readonly Rule[] = [
  ...outputPlaceRules,
  {
    id: "not-position-independent",
    title: "Something in the module was compiled without -fPIC",
    on: ["link"],
    specificity: 80,
    matches: (finding) =>
      saidAny(
        finding,
        /(?<file>\S+?\.(?:o|a)\S*?)?:? ?.*(?:recompile with -fPIC|may overflow at runtime; recompile|can ?not be used when making a (?:shared object|PIE)|relocation refers to local symbol|requires dynamic R_\w+ reloc|can't be used; recompile|cannot be used; recompile|recompile with -fPIE)/,
      ),
    confidence: "high",
    cause: (match) =>
      `${match.facts["file"] === undefined ? "An object or archive" : `\`${match.facts["file"]}\``} that goes into the shared library was compiled without -fPIC (often a static library, or objects of nvcc without -Xcompiler -fPIC).`,
    fix: (match) =>
      archiveWithPic(match) ?? [
        ...withPic(match),
        "# compile it with -fPIC (nvcc: -Xcompiler -fPIC; CMake: -DCMAKE_POSITION_INDEPENDENT_CODE=ON; Makefile: CFLAGS and CXXFLAGS), or link the shared form of the library",
        "retorch build --force   # passes -fPIC to every compiler",
      ],
    sources: ["https://gcc.gnu.org/onlinedocs/gcc/Code-Gen-Options.html"],
    examples: [
      {
        text: "/usr/bin/ld: np.o: relocation R_X86_64_32 against `.rodata' can not be used when making a shared object; recompile with -fPIC",
        expect: "-Xcompiler -fPIC",
      },
      {
        text: "$ pip install -e .\n/usr/bin/ld: np.o: relocation R_X86_64_32 against `.rodata' can not be used when making a shared object; recompile with -fPIC",
        expect: 'export CFLAGS="$CFLAGS -fPIC" CXXFLAGS="$CXXFLAGS -fPIC" NVCC_APPEND_FLAGS="-Xcompiler -fPIC"',
      },
      {
        text: "/usr/bin/ld: libpython_deploy.a(listobject.o): relocation R_X86_64_32 against `.rodata' can not be used when making a shared object; recompile with -fPIC",
        expect: "./configure --enable-shared CFLAGS=-fPIC",
      },
      {
        text: "/usr/bin/ld: /home/jo/fmt/build/libfmt.a(format.cc.o): relocation R_X86_64_32 against `.rodata' can not be used when making a shared object; recompile with -fPIC",
        expect: "cmake -S /home/jo/fmt -B /home/jo/fmt/build -DCMAKE_POSITION_INDEPENDENT_CODE=ON",
      },
      {
        text: "mold: error: np.o:(.text): R_X86_64_32 relocation at offset 0x1e against symbol `.rodata' can not be used; recompile with -fPIC",
        expect: "-fPIC",
      },
      {
        text: "ld.lld: error: relocation R_X86_64_32 cannot be used against local symbol; recompile with -fPIC",
        expect: "-fPIC",
      },
    ],
  },
  {
    id: "too-large-for-the-code-model",
    title: "The library is too large for 32-bit jumps",
    on: ["link"],
    specificity: 82,
    matches: (finding) =>
      coded(finding, "LNK1248") ??
      saidAny(
        finding,
        /relocation truncated to fit|failed to convert GOTPCREL relocation|relocation \S+ out of range|R_X86_64_(?:PC32|PLT32|GOTPCREL\w*).*out of range|section .* (?:too large|overlaps)|PC-relative offset overflow/,
      ),
    confidence: "high",
    cause: () =>
      "Code and data together exceed 2 GB, so that 32-bit offsets do not reach: too many GPU architectures times kernels in one library.",
    fix: (match) => [
      setVariable(match, "TORCH_CUDA_ARCH_LIST", "8.0;9.0") + "   # fewer architectures",
      "# nvcc: --compress-mode=size (CUDA 12.8 and newer); split the extension in two; -mcmodel=medium as a last resort",
    ],
    sources: ["pytorch/pytorch#39968"],
    examples: [
      {
        text: "/usr/bin/ld: x.o: in function `f': x.cu:(.text+0x1b): relocation truncated to fit: R_X86_64_PC32 against `.nv_fatbin'",
        expect: "architectures",
      },
    ],
  },
  {
    id: "symbol-defined-twice",
    title: "A symbol is defined more than once",
    on: ["duplicate-symbol"],
    specificity: 70,
    matches: (finding) => ({
      symbol: judgeSymbol(finding.symbol ?? "").symbol.path.join("::") || (finding.symbol ?? ""),
      phase: finding.phase,
    }),
    confidence: "high",
    cause: (match) =>
      match.facts["symbol"] === "main"
        ? "Two of the sources that are linked have a main(): a test, an example or a second program stands in the list of one program's sources."
        : `\`${match.facts["symbol"] ?? ""}\` is defined in two of the objects that are linked: a function in a header without \`inline\`, a .cu or .cpp file that another one includes and that is compiled, too, the same source twice in \`sources\`, or PYBIND11_MODULE in two files.`,
    fix: (match) =>
      match.facts["symbol"] === "main"
        ? [
            "grep -rnE 'int main *[(]' --include=*.cpp --include=*.cu .   # one of them for each program: take the others out of its sources",
          ]
        : [
            ...inlineInHeader(match),
            "# mark functions in headers inline (or static, or make them templates); do not #include .cu/.cpp files that are in `sources`; one PYBIND11_MODULE per module",
          ],
    sources: ["https://gcc.gnu.org/wiki/VerboseDiagnostics"],
    examples: [
      {
        text: "/usr/bin/ld: b.o: in function `launch(float*)': b.cu:(.text+0x0): multiple definition of `launch(float*)'; a.o:a.cu:(.text+0x0): first defined here",
        expect: "inline",
      },
      {
        text: "/usr/bin/ld: build/b.o: in function `clampi(int)':\ncsrc/util.h:5: multiple definition of `clampi(int)'; build/a.o:csrc/util.h:5: first defined here",
        expect: "sed -i.bak '5s/^/inline /' csrc/util.h",
      },
      { text: "b.obj : error LNK2005: PyInit__C already defined in a.obj", expect: "PYBIND11_MODULE" },
      {
        text: "/usr/bin/ld: b.o: in function `main': b.cpp:(.text+0x0): multiple definition of `main'; a.o:a.cpp:(.text+0x0): first defined here",
        expect: "a main()",
      },
      { text: "ld.lld: error: duplicate symbol: foo()", expect: "inline" },
      { text: "nvlink error   : Multiple definition of '_Z3foov' in 'b.o', first defined in 'a.o'", expect: "inline" },
    ],
  },
  {
    id: "library-of-wrong-kind",
    title: "The libraries that are found are of another architecture or kind",
    on: ["link"],
    role: "symptom",
    specificity: 55,
    matches: (finding, context) =>
      // What conda's old linker says of debug sections that it cannot unpack.
      context.findings.some(({ kind, message }) => kind === "link" && message.includes("decompress status"))
        ? undefined
        : saidAny(
            finding,
            /skipping incompatible (?<file>\S+)/,
            /(?<file>\S+?):? file (?:format )?not recognized/,
            /(?<file>\S+): unknown file type/,
            /(?<file>\S+?): (?:malformed|not an? (?:object|archive))/,
            /(?<file>\S+): (?:file too short|file is (?:empty|too small)|.*(?:corrupted|truncated))/,
            /invalid file/,
            /invalid or corrupt file/,
          ),
    confidence: "medium",
    cause: (match) =>
      `${match.facts["file"] === undefined ? "A file" : `\`${match.facts["file"]}\``} is passed over or refused by the linker: it is of another architecture (32 and 64 bit, x86 and ARM), is empty or cut off, or holds link-time-optimization code of another compiler${/corrupt file/.test(match.finding.message) ? "; on Windows, a .dll or .pyd was named where its .lib belongs" : ""}.`,
    fix: (match) =>
      match.context.log.clangLto && /\.(?:o|a)$/.test(match.facts["file"] ?? "")
        ? [
            "# clang compiled it with -flto: it holds bitcode, which gcc's link does not read. Let clang++ link, with its own linker (clang++ -flto -fuse-ld=lld …), or take -flto out of the flags",
            ...rebuild(match),
          ]
        : [
            `file ${match.facts["file"] ?? "<file>"}`,
            ...(/\.l?o$/.test(match.facts["file"] ?? "") &&
            /too short|truncated|corrupted|not recognized/.test(match.finding.message)
              ? [
                  `rm -f ${match.facts["file"] ?? ""}   # half written (a full disk, a build that was killed): it is made anew`,
                ]
              : []),
            ...(/libcuda\.so|libnvidia-ml/.test(match.facts["file"] ?? "")
              ? [
                  "# an image without a driver has an empty placeholder there, which is filled when a GPU is given to the container (docker run --gpus all, a GPU session): build there, or link the stub:",
                  "export LIBRARY_PATH=/usr/local/cuda/lib64/stubs:$LIBRARY_PATH",
                ]
              : []),
            "# build or install it for this machine; delete a half-written file and build again: retorch build --force",
          ],
    sources: ["https://learn.microsoft.com/cpp/error-messages/tool-errors/linker-tools-error-lnk1107"],
    examples: [
      { text: "/usr/bin/ld: a.o: file not recognized: file format not recognized", expect: "cut off" },
      {
        text: "$ make\n/usr/bin/ld: error: obj/q.o: file too short\nmake: *** [Makefile:3: run] Error 1",
        expect: "rm -f obj/q.o",
      },
    ],
  },
  {
    id: "lto-version-mismatch",
    title: "Objects of two gcc versions are linked with LTO",
    on: ["link", "driver"],
    specificity: 80,
    matches: (finding) =>
      saidAny(
        finding,
        /bytecode stream in file [‘'](?<file>.+?)[’'] generated with LTO version (?<have>[\d.]+) instead of the expected (?<need>[\d.]+)/,
        /LTO version|plugin needed to handle lto object/,
      ),
    confidence: "high",
    cause: (match) =>
      `${match.facts["file"] === undefined ? "An object" : `\`${match.facts["file"]}\``} holds intermediate code of another gcc: objects of an older build, or a library of another compiler, are linked with -flto.`,
    fix: (match) => [
      ...(isBuiltByPython(match) && platformOf(match) === "linux"
        ? ['export CFLAGS="$CFLAGS -fno-lto" CXXFLAGS="$CXXFLAGS -fno-lto" LDFLAGS="$LDFLAGS -fno-lto"']
        : []),
      "retorch build --force   # all objects with one compiler",
      "# or without -flto in CFLAGS, CXXFLAGS and LDFLAGS",
    ],
    sources: ["https://gcc.gnu.org/onlinedocs/gcc/Optimize-Options.html#index-flto"],
    examples: [
      {
        text: "lto1: fatal error: bytecode stream in file ‘a.o’ generated with LTO version 9.2 instead of the expected 12.0",
        expect: "-flto",
      },
    ],
  },
  {
    id: "lto-compares-types",
    title: "Link-time optimization finds types of one name that differ",
    on: ["compile"],
    specificity: 78,
    matches: (finding) => said(finding, /\[-W(?:error=)?(?<warning>lto-type-mismatch|odr)\]/),
    confidence: "high",
    cause: (match) =>
      `gcc compiles with -flto, and its last pass compares types of one name over all sources (\`${match.facts["warning"] ?? ""}\`): torch compiles its CPU kernels once for each kind of processor (DEFAULT, AVX2, AVX512), with types that are not the same. The build makes an error of that warning. torch's sources are not made for -flto.`,
    fix: (match) => [
      'export CFLAGS="$CFLAGS -fno-lto" CXXFLAGS="$CXXFLAGS -fno-lto" LDFLAGS="$LDFLAGS -fno-lto"',
      "# Gentoo: those three lines in /etc/portage/env/no-lto.conf, and in /etc/portage/package.env: sci-libs/caffe2 no-lto.conf",
      ...rebuild(match),
    ],
    sources: ["pytorch/pytorch#82710", "https://wiki.gentoo.org/wiki/LTO"],
    examples: [
      {
        text: "aten/src/ATen/native/cpu/moments_utils.h:76: error: type of ‘c_vecs’ does not match original declaration [-Werror=lto-type-mismatch]",
        expect: "-fno-lto",
      },
    ],
  },
  {
    id: "linker-crashed",
    title: "The linker itself went wrong",
    on: ["link"],
    specificity: 76,
    matches: (finding) =>
      coded(finding, "LNK1000") ??
      saidAny(
        finding,
        /(?<what>internal error(?: in [\w:]+)?|assertion fail(?:ed)?|BFD \S+ (?:internal error|assertion fail)|bug detected|unexpected reloc type|unsupported reloc \d+)/i,
      ),
    confidence: "medium",
    cause: (match) =>
      `The linker (${match.finding.text.split(":")[0] ?? "ld"}) stopped on a fault of its own (${match.facts["what"] ?? "LNK1000"}), not of the code: it is older than the compiler that made the objects, reads a damaged object or archive, or has a bug with these options (LTO, -gsplit-dwarf, --gc-sections).`,
    fix: (match) => [
      ...(platformOf(match) !== "linux"
        ? []
        : /gold/.test(match.finding.text)
          ? [...chooseLinker(match, "bfd")]
          : [...(linkerPackage(match, "lld") ?? []), ...chooseLinker(match, "lld")]),
      "retorch build --force   # all objects anew; with setup.py alone: rm -rf build",
      "# or a newer binutils: conda install -c conda-forge binutils; which linker it is: ld --version; which -a ld",
    ],
    sources: ["https://sourceware.org/binutils/"],
    examples: [
      { text: "/usr/bin/ld.gold: internal error in do_layout, at ../../gold/object.cc:1939", expect: "-fuse-ld=bfd" },
      { text: "/usr/bin/ld: BFD (GNU Binutils) 2.30 assertion fail ../../bfd/elflink.c:3215", expect: "binutils" },
    ],
  },
  {
    id: "resource-compiler-missing",
    title: "link.exe does not find the resource compiler or its libraries",
    on: ["link", "build-tool"],
    specificity: 82,
    matches: (finding) =>
      coded(finding, "LNK1158", "LNK1327") ??
      saidAny(finding, /CMAKE_(?:MT|RC_COMPILER)-NOTFOUND|RC Pass \d: command "rc /),
    confidence: "high",
    cause: () =>
      "link.exe starts rc.exe (or mt.exe) of the Windows SDK, which is not on PATH: the SDK is not installed, or the build does not run in a developer prompt.",
    fix: withWindowsSdk,
    sources: ["https://learn.microsoft.com/cpp/error-messages/tool-errors/linker-tools-error-lnk1158"],
    examples: [
      { text: "LINK : fatal error LNK1158: cannot run 'rc.exe'", expect: "Windows SDK" },
      {
        text: "\"C:\\Program Files (x86)\\Microsoft Visual Studio\\2019\\BuildTools\\VC\\Tools\\MSVC\\14.29.30133\\bin\\HostX86\\x64\\link.exe\" /nologo /DLL torch.lib /OUT:ops.pyd\nLINK : fatal error LNK1158: cannot run 'rc.exe'",
        expect: "--add Microsoft.VisualStudio.Component.Windows10SDK.19041",
      },
    ],
  },
  {
    id: "iterator-debug-level",
    title: "Debug and release objects are mixed (MSVC)",
    on: ["link"],
    specificity: 85,
    matches: (finding) =>
      coded(finding, "LNK2038") === undefined
        ? undefined
        : (saidAny(finding, /mismatch detected for '(?<what>\w+)'/) ?? {}),
    confidence: "high",
    cause: (match) =>
      ofOtherVisualStudio(match)
        ? `\`_MSC_VER\` differs: a library that is linked was compiled by a Visual C++ from before 2015 (or a newer one by it), and their C++ libraries do not go together. From Visual Studio 2015 on (1900 and more) they do.`
        : staticRunTime(match)
          ? `\`${match.facts["what"] ?? "RuntimeLibrary"}\` differs: some objects are compiled with the static C++ run time (/MT), others, and torch's libraries, with the one in DLLs (/MD), and they cannot be linked together.`
          : `\`${match.facts["what"] ?? "_ITERATOR_DEBUG_LEVEL"}\` differs: objects compiled for debug (/MDd) and libraries for release (/MD), as torch's are, cannot be linked together.`,
    fix: (match) =>
      ofOtherVisualStudio(match)
        ? [
            "# build the library that the message names again with the Visual Studio that links, or take its download for that one (vc14, vc15, vc16, vc17 in its name)",
          ]
        : rustCrate(match) !== undefined
          ? [
              "set CXXFLAGS=/MD",
              "set CFLAGS=/MD",
              `cargo clean -p ${rustCrate(match) ?? ""}   # its build script asks for /MT; what stands in CXXFLAGS comes behind that, and the last one counts`,
              "cargo build",
            ]
          : [
              ...(/cmake|vcxproj/i.test(match.finding.text) || match.context.log.cmake
                ? [
                    "rmdir /s /q build",
                    `cmake -S . -B build -DCMAKE_POLICY_DEFAULT_CMP0091=NEW -DCMAKE_MSVC_RUNTIME_LIBRARY=MultiThreadedDLL   # /MD for all targets, for the libraries beside torch, too; with the options that it had (-DCMAKE_PREFIX_PATH=…)`,
                    "cmake --build build --config Release",
                  ]
                : [
                    "# build for release (/MD, without _DEBUG), and so the other libraries that are linked: Visual Studio: C/C++, Code Generation, Runtime Library",
                  ]),
              "# LibTorch has a debug download of its own for debug programs (/MDd)",
            ],
    sources: ["https://learn.microsoft.com/cpp/error-messages/tool-errors/linker-tools-error-lnk2038"],
    examples: [
      {
        text: "= note: libtorch_sys-6c1049f81ce711d6.rlib(torch_api.o) : error LNK2038: mismatch detected for 'RuntimeLibrary': value 'MD_DynamicRelease' doesn't match value 'MT_StaticRelease' in libesaxx_rs-325b40a662eef64d.rlib(esaxx.o)",
        expect: "cargo clean -p esaxx-rs",
      },
      {
        text: "boost.lib(a.obj) : error LNK2038: mismatch detected for '_MSC_VER': value '1800' doesn't match value '1900' in main.obj",
        expect: "before 2015",
      },
      {
        text: "a.obj : error LNK2038: mismatch detected for 'RuntimeLibrary': value 'MT_StaticRelease' doesn't match value 'MD_DynamicRelease' in main.obj [C:\\p\\build\\e.vcxproj]",
        expect: "CMAKE_MSVC_RUNTIME_LIBRARY=MultiThreadedDLL",
      },
      {
        text: "a.obj : error LNK2038: mismatch detected for '_ITERATOR_DEBUG_LEVEL': value '0' doesn't match value '2' in b.obj",
        expect: "/MD",
      },
    ],
  },
  {
    id: "windows-sdk-libraries-missing",
    title: "link.exe does not find the libraries of the Windows SDK or of Visual C++",
    on: ["missing-library"],
    specificity: 83,
    matches: (finding) =>
      finding.tool === "msvc"
        ? linkLibrary(
            finding,
            /^(?<lib>kernel32|user32|gdi32|advapi32|shell32|ole32|oleaut32|uuid|ws2_32|comdlg32|winspool|ucrtd?|libucrt|msvcrtd?|msvcprtd?|vcruntimed?|libvcruntime|libcmtd?|libcpmt|oldnames)$/i,
          )
        : undefined,
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["file"] ?? ""}\` comes with ${/^(?:ms|vc|lib|old)/i.test(match.facts["lib"] ?? "") ? "Visual C++" : "the Windows SDK"}: the variable LIB does not name its folder, because the build does not run in a developer prompt, the SDK is not installed, or LIB is of the x86 tools.`,
    fix: () => [
      '"C:\\Program Files\\Microsoft Visual Studio\\2022\\Community\\VC\\Auxiliary\\Build\\vcvars64.bat"',
      "set DISTUTILS_USE_SDK=1& echo %LIB%",
      "# and the Windows SDK in the Visual Studio Installer (Individual components)",
    ],
    sources: ["https://learn.microsoft.com/cpp/build/building-on-the-command-line"],
    examples: [{ text: "LINK : fatal error LNK1104: cannot open file 'kernel32.lib'", expect: "vcvars64" }],
  },
  {
    id: "c-runtime-objects-missing",
    title: "The C library's start files are not found",
    on: ["missing-library"],
    specificity: 80,
    matches: (finding) =>
      finding.phase === "link" &&
      /(?:^|\/)(?:S?crt1|crti|crtn|crtbegin\w*|crtend\w*)\.o$|^(?:lib)?(?:c|m|gcc|gcc_s|pthread|stdc\+\+)$/.test(
        finding.library ?? "",
      )
        ? { file: finding.library }
        : undefined,
    confidence: "high",
    cause: (match) =>
      clangsLibrary(match) !== undefined
        ? `clang and its kin (icpx of oneAPI, hipcc) take C++'s library from the newest folder of gcc that is there, ${clangsLibrary(match) ?? ""}, and that one is of a gcc without C++: libstdc++ is installed for an older one only.`
        : `\`${match.facts["file"] ?? ""}\` is of the C library's or the compiler's development files: they are not installed, or a cross or conda compiler does not find its sysroot.`,
    fix: (match) => [
      ...(clangsLibrary(match) === undefined ? [] : clangsPackages(match)),
      ...(clangsLibrary(match) !== undefined
        ? []
        : systemPackage(match, {
            apt: "build-essential libc6-dev",
            dnf: "glibc-devel libstdc++-devel",
            conda: "gxx sysroot_linux-64",
          })),
      ...(/stdc\+\+/.test(match.facts["file"] ?? "")
        ? [
            clangsLibrary(match) === undefined
              ? "clang++ -v 2>&1 | grep 'Selected GCC'   # clang takes the newest gcc folder, even one without C++ (…/12: sudo apt-get install libstdc++-12-dev)"
              : "clang++ -v 2>&1 | grep 'Selected GCC'   # the folder of gcc that it takes",
          ]
        : []),
    ],
    sources: ["https://gcc.gnu.org/install/"],
    examples: [
      { text: "/usr/bin/ld: cannot find crti.o: No such file or directory", expect: "libc6-dev" },
      {
        text: "    ld: cannot find -lstdc++: No such file or directory\n    icpx: error: linker command failed with exit code 1 (use -v to see invocation)\n$ ls -d /usr/lib/gcc/x86_64-linux-gnu/*\n/usr/lib/gcc/x86_64-linux-gnu/11\n/usr/lib/gcc/x86_64-linux-gnu/12",
        expect: "apt-get install -y libstdc++-12-dev",
      },
      {
        text: "/usr/bin/ld: cannot find -lstdc++: No such file or directory\nclang++: error: linker command failed with exit code 1 (use -v to see invocation)",
        expect: 'libstdc++-"$(ls /usr/lib/gcc/*-linux-gnu | sort -n | tail -1)"-dev',
      },
      {
        text: "/opt/conda/envs/e/bin/../lib/gcc/x86_64-conda-linux-gnu/11.2.0/../../../../x86_64-conda-linux-gnu/bin/ld: cannot find -lpthread",
        expect: "sysroot_linux-64",
      },
    ],
  },
];
