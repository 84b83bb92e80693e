/** Symbols of the user's own code and of third libraries that were not found. */
import { editCmake } from "../commands/source-edits.ts";
import { plainName } from "../../base/package-name.ts";
import { forgetJitBuild } from "../commands/jit-folders.ts";
import { linkWithPackage } from "../commands/flag-variables.ts";
import { pip, platformOf, python, rebuild, reinstall, removeFolder } from "../commands/commands.ts";
import { isWellKnown, packageOf } from "../tables/packages.ts";
import { baseName } from "../parsers/parser.ts";
import type { Match, Rule, SourcePlace } from "../rule.ts";
import { installedSentence, symbolFacts, verdictOf } from "./symbol-facts.ts";
import { typedBuild } from "../commands/typed-builds.ts";
import { is, owned } from "./symbol-owners.ts";

/** Whether it is libtorch itself that lacks something at a link: nothing of the project's own. */
function wantedByLibTorch({ finding }: Match): boolean {
  return finding.phase === "link" && /libtorch\w*\.so/.test(finding.file ?? "");
}

/** How the libraries that a LibTorch from conda or a distribution needs are found at a link. */
function ofLibTorch(match: Match): string[] {
  const file = match.finding.file ?? "";
  const env = /^(.*)[\\/]lib[\\/]python3[\d.]*[\\/]site-packages[\\/]torch[\\/]lib[\\/]/.exec(file)?.[1];
  return [
    `ldd ${file} | grep -E 'not found|mkl|blas'   # what it was linked with, and what of that is not found`,
    ...(env === undefined
      ? [
          "# LibTorch 1.10.1 was released with parts of MKL left out: take another release from https://download.pytorch.org/libtorch/",
        ]
      : [
          `export LDFLAGS="-L${env}/lib -Wl,-rpath-link,${env}/lib -Wl,-rpath,${env}/lib"   # conda's torch takes MKL, OpenBLAS and protobuf from the environment; LDFLAGS before CMake runs the first time, in an empty build folder`,
          "# torch and these libraries of one channel: conda list | grep -E 'torch|mkl|blas|protobuf'",
        ]),
    '# or pip\'s torch, or LibTorch from pytorch.org, which have MKL inside: -DCMAKE_PREFIX_PATH=$(python -c "import torch; print(torch.utils.cmake_prefix_path)")',
  ];
}

/** nvdiffrast's plugin, which load() links with EGL: the system's library is not there, or only without its -dev part. */
function eglOfNvdiffrast(match: Match): string[] | undefined {
  const folder = /^(.*[\\/]nvdiffrast_plugin\w*)[\\/]/.exec(match.finding.file ?? "")?.[1];
  if (folder === undefined || !/^(?:egl|gl)[A-Z]/.test(match.finding.symbol ?? "") || platformOf(match) !== "linux")
    return undefined;
  return [
    "sudo apt-get install libegl1-mesa-dev libgles2-mesa-dev libgl1-mesa-dev   # Fedora, RHEL: mesa-libEGL-devel mesa-libGL-devel",
    removeFolder(match, folder),
    "# then the program again: the plugin is linked anew",
    "# or without OpenGL at all, nvdiffrast 0.3 and newer: dr.RasterizeCudaContext() in place of dr.RasterizeGLContext()",
  ];
}

/** The project enables no language but CUDA, as far as CMake's own report tells. */
function ofCudaAlone({ context: { log } }: Match): boolean {
  return log.linksCudaProgram;
}

export const otherSymbolRules: readonly Rule[] = [
  {
    id: "library-abi-mismatch",
    title: "A library was built with another C++ ABI",
    on: ["undefined-symbol"],
    specificity: 62,
    matches: (finding, context) => {
      const verdict = is(
        finding,
        (v) => v.owner === "library" && (v.symbol.strings === "old" || v.symbol.strings === "cxx11"),
      );
      return verdict === undefined
        ? undefined
        : {
            ...symbolFacts(finding, verdict, context),
            provider: verdict.provider,
            library: verdict.library,
            strings: verdict.symbol.strings,
          };
    },
    confidence: "medium",
    cause: (match) =>
      `\`${match.facts["readable"] ?? ""}\` of ${match.facts["provider"] ?? "a library"} is asked for with the ${match.facts["strings"] === "old" ? "old" : "new"} std::string; the installed library has the other one, another version, or is not linked. ` +
      "Everything in one module must be built with the same _GLIBCXX_USE_CXX11_ABI as torch.",
    fix: (match) => [
      `${python(match)} -c "import torch; print(torch._C._GLIBCXX_USE_CXX11_ABI)"`,
      `# build ${match.facts["provider"] ?? "the library"} with that value of _GLIBCXX_USE_CXX11_ABI, or take a torch that has the ABI of the system's libraries (>= 2.7: the new one)`,
    ],
    sources: ["pytorch/pytorch#13541"],
    examples: [{ text: "ImportError: /p/x.so: undefined symbol: _ZN2cv6imreadERKSsi", expect: "OpenCV" }],
  },
  {
    id: "library-not-linked",
    title: "A library that the code uses is not linked",
    on: ["undefined-symbol"],
    specificity: 58,
    matches: (finding, context) => owned(finding, context, "library", "blas", "mkl", "numpy"),
    confidence: "medium",
    cause: (match) =>
      wantedByLibTorch(match)
        ? `\`${baseName(match.finding.file ?? "")}\` itself needs \`${match.facts["readable"] ?? ""}\` of ${match.facts["provider"] ?? "another library"}: the linker looks for what a shared library needs, too, and does not find that library, or finds another one.${/site-packages/.test(match.finding.file ?? "") ? " This torch takes it from outside, as conda's and distributions' builds do." : ""}`
        : `\`${match.facts["readable"] ?? ""}\` is of ${match.facts["provider"] ?? "another library"}, which is not linked, or is there in another version.${installedSentence(match)}`,
    fix: (match) =>
      eglOfNvdiffrast(match) ?? [
        ...(wantedByLibTorch(match)
          ? ofLibTorch(match)
          : /[\\/]torch[\\/]lib[\\/]|^libtorch/.test(match.finding.file ?? "") &&
              /BLAS/.test(match.facts["provider"] ?? "")
            ? ["sudo apt-get install libopenblas0 liblapack3   # this build of torch takes BLAS from the system"]
            : []),
        ...(wantedByLibTorch(match)
          ? []
          : [
              ...(match.context.log.cmake && /^opencv/.test(match.facts["library"] ?? "")
                ? [
                    "# CMakeLists.txt: find_package(OpenCV REQUIRED) and target_link_libraries(the_target ${OpenCV_LIBS}); of two OpenCVs (the system's and one of /usr/local or ROS) compile and link have to take the same: -DOpenCV_DIR=<its folder>",
                  ]
                : []),
              ...(match.facts["library"] === undefined || match.finding.phase !== "link"
                ? []
                : linkWithPackage(match, match.facts["library"])),
              match.facts["library"] === undefined
                ? "# add the library that defines it to `libraries`"
                : `# retorch.toml: libraries = ["${match.facts["library"]}"]   (setup.py: libraries=["${match.facts["library"]}"])`,
              ...rebuild(match),
            ]),
      ],
    change: (match) => {
      const library = match.facts["library"];
      if (library === undefined || match.context.findLibrary?.(library) === undefined) return undefined;
      return { kind: "add-library", library };
    },
    sources: [
      "NVlabs/nvdiffrast#2",
      "https://gcc.gnu.org/onlinedocs/gcc/Link-Options.html",
      "Lattica-ai/heal#13",
      "pytorch/pytorch#72653",
      "k2-fsa/sherpa#257",
    ],
    examples: [
      { text: "/usr/bin/ld: m.o: in function `f': undefined reference to `cblas_sgemm'", expect: "BLAS" },
      {
        text: "$ pip install --no-build-isolation -e .\n  Building editable for ops (pyproject.toml) ... error\n      /usr/bin/ld: m.o: in function `f': undefined reference to `cblas_sgemm'\n  ERROR: Failed building editable for ops",
        expect:
          'sudo apt-get install -y libopenblas-dev\n# Fedora, RHEL: sudo dnf install openblas-devel\nexport LDFLAGS="-Wl,--no-as-needed -lopenblas $LDFLAGS"',
      },
      {
        text: "ImportError: /tmp/torch_extensions/nvdiffrast_plugin/nvdiffrast_plugin.so: undefined symbol: eglCreateContext",
        expect: "rm -rf /tmp/torch_extensions/nvdiffrast_plugin",
      },
      {
        text: "/usr/bin/ld: /c/envs/e/lib/python3.9/site-packages/torch/lib/libtorch_cpu.so: undefined reference to `sgetrf_'",
        expect: "rpath-link,/c/envs/e/lib",
      },
    ],
  },
  {
    id: "pybind11-mismatch",
    title: "pybind11's own symbols do not fit",
    on: ["undefined-symbol"],
    specificity: 55,
    matches: (finding, context) => owned(finding, context, "pybind11"),
    confidence: "medium",
    cause: (match) =>
      `\`${match.facts["readable"] ?? ""}\` is of pybind11, which has only headers: two objects of the module were compiled with different pybind11 versions or flags (visibility, -fno-rtti), or one source is missing.`,
    fix: (match) => [
      "# use torch's own pybind11 headers everywhere (torch/include/pybind11), none from another folder",
      ...rebuild(match),
    ],
    sources: [],
    examples: [{ text: "ImportError: /p/x.so: undefined symbol: _ZTIN8pybind116objectE", expect: "pybind11" }],
  },
  {
    id: "vtable-missing",
    title: "A class has no vtable: its first virtual function is not defined",
    on: ["undefined-symbol"],
    specificity: 60,
    matches: (finding, context) => {
      const verdict = is(
        finding,
        (v) =>
          v.owner === "user" &&
          (v.symbol.special === "vtable" || v.symbol.special === "typeinfo" || v.symbol.special === "vtt"),
      );
      return verdict === undefined
        ? undefined
        : { ...symbolFacts(finding, verdict, context), special: verdict.symbol.special };
    },
    confidence: "medium",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\`: the compiler puts it beside the first virtual function that is not inline. The source that defines that function is not in the list of sources, the function was declared and never defined, ` +
      "or the parts were compiled with different -frtti/-fno-rtti.",
    fix: (match) => [
      `# the first virtual function of ${lastName(match)} that is neither = 0 nor written in the class (often the destructor): define it in a source (or = default in the class), and have that source among \`sources\``,
      ...(match.finding.phase === "load" ? rebuild(match) : []),
    ],
    sources: ["https://gcc.gnu.org/wiki/VerboseDiagnostics#missing_vtable"],
    examples: [
      { text: "/usr/bin/ld: a.cpp:(.text+0x5b): undefined reference to `vtable for Tracker'", expect: "sources" },
    ],
  },
  {
    id: "main-missing",
    title: "A program is linked where a library was meant",
    on: ["undefined-symbol"],
    specificity: 80,
    matches: (finding) =>
      finding.phase === "link" && /^_?(?:main|WinMain|wmain)$/.test(finding.symbol ?? "") ? {} : undefined,
    // A C library that is too old fails the link of every program here.
    confidence: (match) =>
      match.context.findings.some(({ kind, phase }) => kind === "library-version" && phase === "link")
        ? "medium"
        : "high",
    cause: (match) =>
      ofCudaAlone(match)
        ? "CMake compiles CUDA alone in this project (`Linking CUDA executable`): `project(… LANGUAGES CUDA)` leaves the .cpp files out, and `main` with them, without a word."
        : "The linker makes a program and looks for `main`: the link lacks -shared (on Windows /DLL, on macOS -bundle or -dynamiclib), as it has to be for an extension module, or the file with main is not among the sources of a program.",
    fix: (match) => [
      ...(ofCudaAlone(match)
        ? [
            ...editCmake(
              match,
              [["^([ \\t]*(project|PROJECT)[ \\t]*\\([^)]*\\))", "\\1\nenable_language(CXX)"]],
              "CMakeLists.txt",
            ),
            "# CMakeLists.txt: project(name LANGUAGES CXX CUDA)",
          ]
        : []),
      "# a module: link with -shared -fPIC (CMake: add_library(name MODULE …) instead of add_executable; retorch.toml: kind of the extension)",
      "# a program: add the source that defines main",
    ],
    sources: ["https://gcc.gnu.org/onlinedocs/gcc/Link-Options.html"],
    examples: [
      {
        text: "$ cmake --build build\n[100%] Linking CUDA executable reduce\n/usr/bin/ld: /lib/x86_64-linux-gnu/Scrt1.o: in function `_start':\n(.text+0x1b): undefined reference to `main'",
        expect: "enable_language(CXX)",
      },
      {
        text: "/usr/bin/ld: /usr/lib/gcc/x86_64-linux-gnu/11/../../../x86_64-linux-gnu/Scrt1.o: in function `_start':\n(.text+0x1b): undefined reference to `main'",
        expect: "-shared",
      },
      {
        text: 'Undefined symbols for architecture arm64:\n  "_main", referenced from:\n      <initial-undefines>',
        expect: "-shared",
      },
      { text: "MSVCRT.lib(exe_main.obj) : error LNK2001: unresolved external symbol main", expect: "/DLL" },
    ],
  },
  {
    id: "own-function-missing",
    title: "A function of the project itself is nowhere defined",
    on: ["undefined-symbol"],
    specificity: 50,
    matches: (finding, context) => {
      const verdict = is(finding, (v) => v.owner === "user");
      // Microsoft's names that are not taken apart here still tell whose they are.
      return verdict === undefined ||
        (verdict.symbol.form === "c" && /@(?:at|c10|torch|std)@@|^__(?:declspec|cdecl)\b/.test(finding.symbol ?? ""))
        ? undefined
        : {
            ...symbolFacts(finding, verdict, context),
            mangled: verdict.symbol.form === "c" ? undefined : "yes",
            package:
              finding.phase === "load" && /(?:site|dist)-packages[\\/]/.test(finding.file ?? "")
                ? packageOf({ finding, context })
                : undefined,
            // A namespace of its own, and nothing of torch in it: may as well be a library that is not known here.
            sure:
              verdict.symbol.form !== "c" &&
              (verdict.symbol.path.length === 1 || verdict.symbol.words.some((word) => /^(?:at|c10|torch)$/.test(word)))
                ? "yes"
                : undefined,
          };
    },
    confidence: (match) =>
      definedIn(match)[0]?.isBuilt === undefined && definedIn(match).length > 0 && match.finding.phase === "link"
        ? "medium"
        : definedIn(match).length === 0 && (match.facts["sure"] === undefined || match.facts["package"] !== undefined)
          ? "medium"
          : "high",
    cause: (match) => {
      const [place] = definedIn(match);
      if (place !== undefined && !template(match)) return definedElsewhere(match, place);
      if (match.facts["package"] !== undefined && !isDeveloped(match))
        return `\`${match.facts["readable"] ?? ""}\` belongs to none of torch, CUDA and Python: it is of \`${match.facts["package"]}\` itself, and the library that should define it does not have it or is not loaded. The package was built without a part (CUDA, an architecture, a source file), parts of two of its versions lie side by side, or its compiled module was imported before the package that loads the rest.${installedSentence(match)}`;
      const load =
        match.finding.phase === "load" ? " (a shared library links with holes in it; they show when it is loaded)" : "";
      const form =
        match.facts["mangled"] === undefined
          ? ' The name is not mangled: it is declared extern "C", or belongs to a C library that is not linked.'
          : "";
      return (
        `\`${match.facts["readable"] ?? ""}\` belongs to none of torch, CUDA and Python: it is the project's own, declared and called but not defined in any object that was linked${load}. ` +
        `The source that defines it (often a .cu file) is missing from \`sources\`, or its definition differs from the declaration in parameters, const&, namespace or extern "C".${template(match) ? " It is made from a template: the body has to be seen where it is used, or the source that has the body must name these types." : staticMember(match) ? " It is no function: a static member or a variable that is only declared." : ""}${form}${asC(match).length > 0 ? ` The build compiles \`${match.context.log.cSource ?? ""}\` as C, where the function has another name than C++ code asks for, unless the header says extern "C".` : ""}${installedSentence(match)}`
      );
    },
    fix: (match) => {
      const [place] = definedIn(match);
      if (place !== undefined && !template(match)) return toDefinition(match, place);
      return match.facts["package"] !== undefined && !isDeveloped(match)
        ? [
            `${python(match)} -c "import torch, ${match.facts["package"].replaceAll("-", "_")}"   # does it load when the package itself is imported first?`,
            pip(match, `uninstall -y ${match.facts["package"]}`),
            ...reinstall(match, match.facts["package"]),
            "# a package that is under development: add the file that defines it to `sources`, or make declaration and definition the same",
          ]
        : [
            `grep -rn${lastName(match).length < 4 ? "w" : ""} "${lastName(match)}" --include=*.cpp --include=*.cc --include=*.cu --include=*.h --include=*.cuh .`,
            ...asC(match),
            ...ofCLibrary(match),
            ...definitionOf(match),
            template(match)
              ? "# or, where the body is already in the header: make declaration and definition the same"
              : "# add the file that defines it to `sources`, or make declaration and definition the same",
            ...(match.facts["package"] !== undefined
              ? reinstall(match, match.facts["package"])
              : match.finding.phase === "load" && forgetJitBuild(match) !== undefined
                ? ["# then run the program again: load() and load_inline() compile what changed"]
                : match.finding.phase === "load"
                  ? [
                      ...(typedBuild(match) === undefined && match.context.log.cmakeTarget === undefined
                        ? []
                        : [
                            `# or another library of the project has it and hides it (CXX_VISIBILITY_PRESET hidden, -fvisibility=hidden): __attribute__((visibility("default"))) before its declaration`,
                            ...rebuild(match),
                          ]),
                      "retorch build --force   # or, after the sources or the architectures changed: rm -rf build, then build again",
                      ...(platformOf(match) === "linux"
                        ? ["# link with -Wl,--no-undefined to see such holes when building"]
                        : []),
                    ]
                  : []),
          ];
    },
    sources: ["pytorch/extension-cpp#23", "pytorch/extension-cpp#50"],
    examples: [
      {
        text: "ImportError: /p/s.cpython-37m-x86_64-linux-gnu.so: undefined symbol: _Z20sigmoid_cuda_forwardN2at6TensorE",
        expect: "sigmoid_cuda_forward",
      },
      {
        text: "ImportError: /usr/local/lib/python3.8/dist-packages/transformer_engine_extensions.cpython-38-x86_64-linux-gnu.so: undefined symbol: nvte_layernorm_bwd",
        expect: "import torch, transformer_engine",
      },
      {
        text: "a.o:a.cpp:function main: error: undefined reference to 'nms_cuda(at::Tensor, float)'",
        expect: "nms_cuda",
      },
      {
        text: 'bind.obj : error LNK2019: unresolved external symbol "class at::Tensor __cdecl roi_fwd(class at::Tensor,int)" (?roi_fwd@@YA?AVTensor@at@@V12@H@Z) referenced in function PyInit__C',
        expect: "sources",
      },
      {
        text: "bind.cpp:(.text+0x19): undefined reference to `void launch<float>(float*, int)'",
        expect: "template void launch<float>(float*, int);",
      },
      { text: "mold: error: undefined symbol: Grid::count", expect: "in one source: int Grid::count = 0;" },
    ],
  },
];

/** The package is built from a folder of the text's own. */
function isDeveloped({ facts, context: { log } }: Match): boolean {
  const name = plainName(facts["package"] ?? "");
  return (
    !isWellKnown(name) && (log.localPackages.includes(name) || /^(?:-e )?"?[./]/.test(log.requested?.join(" ") ?? ""))
  );
}

/** The functions of a C library bear its name in front: `FLAC__stream_decoder_new`, `sox_open`. */
function ofCLibrary(match: Match): string[] {
  const name = /^_?([A-Za-z][A-Za-z0-9]{2,})_{1,2}[A-Za-z]\w+$/.exec(match.finding.symbol ?? "")?.[1];
  return match.facts["mangled"] !== undefined || name === undefined || platformOf(match) !== "linux"
    ? []
    : [
        `find / -iname 'lib${name}*.so*' -o -iname 'lib${name}*.a' 2>/dev/null   # a C library of that name? Then link it: CMake: target_link_libraries(<target> PRIVATE ${name}); setup.py: libraries=["${name}"]; not there: its development package`,
      ];
}

/** A name of C++ is asked for, and the build has sources in C. */
function asC(match: Match): string[] {
  const { cSource } = match.context.log;
  return cSource === undefined ||
    match.facts["mangled"] === undefined ||
    template(match) ||
    (match.facts["name"] ?? "").includes("::")
    ? []
    : [
        `# ${cSource} is compiled as C; when ${lastName(match)} is in it or in another .c file, the C++ source has to include its header so:`,
        '#     extern "C" {',
        `#     #include "${baseName(cSource).replace(/\.c$/, ".h")}"`,
        "#     }",
      ];
}

function template(match: Match): boolean {
  return /\w<[^<>]*(?:<[^<>]*>[^<>]*)?>\(/.test(`${match.finding.symbol ?? ""} ${match.facts["readable"] ?? ""}`);
}

/** A name with its class or namespace and no parameters: data. */
function staticMember(match: Match): boolean {
  const symbol = match.finding.symbol ?? "";
  let rest = /^_?_ZN(\d.*)$/.exec(symbol)?.[1];
  if (rest === undefined) return /^\w+(?:::\w+)+$/.test(symbol);
  while (/^\d/.test(rest)) {
    const length = /^\d+/.exec(rest)?.[0] ?? "";
    rest = rest.slice(length.length + Number(length));
  }
  return rest === "E";
}

function definitionOf(match: Match): string[] {
  const symbol = match.finding.symbol ?? "";
  const name = (template(match) && !/^_?_Z/.test(symbol) ? symbol : (match.facts["readable"] ?? symbol)).replaceAll(
    /, std::allocator<[^<>]*> ?>/g,
    ">",
  );
  if (template(match))
    return [
      ...instantiation(match, name),
      `# at the end of the source that has the template's body: template ${/^\w[\w:]* /.test(name) ? "" : "void "}${name};   (one line for each type), or move the body into the header`,
    ];
  return staticMember(match)
    ? [`# in one source: int ${name} = 0; (with its type), or in the class: inline static int ${lastName(match)} = 0;`]
    : [];
}

/** The line for the source that has the body: outside of namespaces, with a return type that the symbol tells. */
function instantiation(match: Match, name: string): string[] {
  const [place] = definedIn(match);
  return place === undefined ||
    platformOf(match) === "win32" ||
    !/\.(?:cpp|cc|cxx|cu)$/.test(place.file) ||
    !/^[a-z]\w*(?: ?[*&])* \w+<[^:']*>\([^:']*\)$/.test(name)
    ? []
    : [
        `echo 'template ${name};' >> ${place.file}   # its template's body is there, and is made for the types alone that the file names`,
      ];
}

function lastName(match: Match): string {
  return (match.facts["name"] ?? "").split("::").at(-1)?.replace(/^~/, "") ?? "";
}

/** Where the project defines a function of that name, when the project is at hand. */
function definedIn({ finding, context }: Match): readonly SourcePlace[] {
  const { findDefinition } = context;
  const symbol = verdictOf(finding)?.symbol;
  if (findDefinition === undefined || symbol === undefined || symbol.special !== undefined) return [];
  return findDefinition(symbol.path.length === 0 ? [symbol.name.replace(/^_/, "")] : symbol.path);
}

function definedElsewhere(match: Match, { file, line, isBuilt }: SourcePlace): string {
  const name = `\`${match.facts["readable"] ?? ""}\``;
  const place = `\`${file}:${line}\``;
  if (isBuilt === false)
    return `${name} is the project's own: ${place} defines a function of that name, and that file is not among the sources of the extension.`;
  const differs = `its definition differs from the declaration in parameters, const, & or namespace${
    match.facts["mangled"] === undefined || /\.c$/.test(file)
      ? `, or one of the two is extern "C" and the other is not${/\.c$/.test(file) ? ' (the file is C: C++ has to declare it extern "C")' : ""}`
      : ""
  }`;
  return isBuilt === true
    ? `${name} is the project's own, and ${place}, which is built, defines a function of that name: ${differs}.`
    : `${name} is the project's own, and ${place} defines a function of that name: that file is not among the sources of the extension, or ${differs}${match.finding.phase === "link" ? "; or it is in another library of the project, which hides it (-fvisibility=hidden, CXX_VISIBILITY_PRESET)" : ""}.`;
}

function toDefinition(match: Match, { file, line, isBuilt }: SourcePlace): string[] {
  const add = `# add "${file}" to the sources: sources in retorch.toml, sources=[…] in setup.py`;
  return [
    ...(isBuilt === true ? [] : [add]),
    ...(isBuilt === false
      ? []
      : [
          `grep -rn "${lastName(match)}" --include=*.h --include=*.hpp --include=*.cuh --include=*.cpp --include=*.cc --include=*.cu .   # compare with ${file}:${line}`,
          ...(isBuilt === undefined && match.finding.phase === "link" && platformOf(match) !== "win32"
            ? [
                "grep -rniE 'fvisibility|VISIBILITY_PRESET' --include=CMakeLists.txt --include=*.cmake --include=setup.py --include=Makefile .   # a library that hides its names? Then this before the declaration:",
                '# __attribute__((visibility("default")))',
              ]
            : []),
        ]),
    ...(match.finding.phase === "load" ? ["retorch build --force"] : []),
  ];
}
