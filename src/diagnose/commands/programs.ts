/** Programs without Python that use LibTorch, in Rust, Java or C++: what mends a LibTorch that does not fit, in their words. */
import { platformOf, python } from "./commands.ts";
import { editCmake } from "./source-edits.ts";
import type { Match } from "../rule.ts";
import { typedBuild, typedBuildFromScratch } from "./typed-builds.ts";
import { torchOfTch } from "../tables/version-facts.ts";

/** What does not fit: the program wants the other string ABI, another release, or does not have the libraries linked. */
export type Misfit = "wants-new-strings" | "wants-old-strings" | "release" | "not-linked";

/** Whether the message is of a program that is no Python and no module of Python's. */
export function isProgram(match: Match): boolean {
  const { finding, context } = match;
  if (context.log.host !== undefined && context.log.host !== "program") return true;
  if (/\.cpython-|\.abi3\.|\.pyd\b|site-packages|torch_extensions/.test(`${finding.file ?? ""} ${finding.message}`))
    return false;
  if ((context.log.host === "program" || context.log.namesLibtorch || context.log.qmake) && finding.phase === "link")
    return true;
  // ./app: symbol lookup error: ./app: undefined symbol: …
  return (
    /^(?!\S*python[\d.]*:)[^\s:]+: symbol lookup error: /.test(finding.message) &&
    !/ImportError|OSError/.test(finding.message)
  );
}

/** LibTorch's download that has the strings that are wanted. */
function download(misfit: Misfit): string {
  return misfit === "wants-new-strings"
    ? "the LibTorch that is marked cxx11-abi (libtorch-cxx11-abi-shared-with-deps-<version>.zip), or torch >= 2.7, which has the new strings everywhere"
    : misfit === "wants-old-strings"
      ? "the LibTorch without cxx11-abi in its name (libtorch-shared-with-deps-<version>.zip, up to 2.6), or pip's torch up to 2.5"
      : "the LibTorch of the release that it was built for";
}

/** What qmake's project file has to say. */
function inProjectFile(match: Match, misfit: Misfit): string[] | undefined {
  if (!match.context.log.qmake || match.finding.phase !== "link") return undefined;
  const strings = misfit === "wants-new-strings" ? "0" : misfit === "wants-old-strings" ? "1" : undefined;
  return [
    ...(strings === undefined
      ? [
          "# in the .pro file: LIBS += -L$$PWD/lib -ltorch -ltorch_cpu -lc10   # LibTorch before 1.5: -ltorch -lc10 -lcaffe2",
        ]
      : [
          `# in the .pro file: QMAKE_CXXFLAGS += -D_GLIBCXX_USE_CXX11_ABI=${strings}   # as this LibTorch was built; Qt itself and other C++ libraries with strings have to be of the same form`,
          `# or without it: ${download(misfit)}`,
        ]),
    "make clean && qmake && make",
  ];
}

/** Where CMake finds torch: Python's, where the log shows that it is this one. */
function prefixPath(match: Match): string {
  return match.context.log.packageFolders.length > 0
    ? `$(${python(match)} -c "import torch; print(torch.utils.cmake_prefix_path)")`
    : (match.context.log.libtorchPrefix ?? "/path/to/libtorch");
}

/** Where the program finds torch's libraries when it runs: pip's torch, where it was built against that, or LibTorch. */
function libraryPath(match: Match): string {
  const [folder, ...others] = match.context.log.packageFolders;
  const library =
    folder !== undefined && others.length === 0 && match.finding.text.includes(`${folder}/torch/`)
      ? `${folder}/torch/lib`
      : "$LIBTORCH/lib";
  return platformOf(match) === "win32"
    ? "set PATH=%LIBTORCH%\\lib;%PATH%"
    : `export ${platformOf(match) === "darwin" ? "DYLD" : "LD"}_LIBRARY_PATH=${library}:$${platformOf(match) === "darwin" ? "DYLD" : "LD"}_LIBRARY_PATH`;
}

/** The definition of the wrong strings in a file of CMake's that the text shows, taken back: the other number. */
function stringsDefined(match: Match, here: "0" | "1"): string[] {
  const definition = `_GLIBCXX_USE_CXX11_ABI=${here}`;
  const shown = match.context.log.shownLines.find(
    ({ file, text }) => /\.(?:txt|cmake)$/.test(file) && !text.startsWith("#") && text.includes(definition),
  );
  return shown === undefined
    ? []
    : editCmake(match, [[definition, `_GLIBCXX_USE_CXX11_ABI=${here === "0" ? "1" : "0"}`]], shown.file);
}

/** What to do in the program's own tools; undefined when it is Python's. */
export function programFix(match: Match, misfit: Misfit): string[] | undefined {
  if (!isProgram(match)) return undefined;
  switch (match.context.log.host) {
    case "rust":
      return misfit === "wants-new-strings" || misfit === "wants-old-strings"
        ? [
            `export LIBTORCH_CXX11_ABI=${misfit === "wants-new-strings" ? "0" : "1"}   # as the libraries that are there were built; torch-sys takes 1 where nothing is said`,
            `cargo clean -p torch-sys && ${libraryPath(match)} && cargo build`,
            `# where another library in the program has to have the other strings: ${download(misfit)}`,
          ]
        : [
            match.context.log.tch === undefined || torchOfTch(match.context.log.tch) === undefined
              ? "cargo tree -i torch-sys   # the release of tch: its README names the one LibTorch that it is for"
              : `# tch ${match.context.log.tch} is made for torch ${torchOfTch(match.context.log.tch) ?? ""}, and for no other`,
            `export LIBTORCH=/path/to/libtorch   # ${download(misfit)}`,
            "# or pip's torch of that release for building and running: export LIBTORCH_USE_PYTORCH=1   (in the environment that has it)",
            `cargo clean -p torch-sys && ${libraryPath(match)} && cargo build`,
          ];
    case "java":
      return [
        /djl/.test(`${match.finding.file ?? ""} ${match.finding.message}`)
          ? `rm -rf ~/.djl.ai/pytorch; export PYTORCH_VERSION=<torch.__version__> PYTORCH_LIBRARY_PATH=<torch/lib> PYTORCH_PRECXX11=${misfit === "wants-new-strings" ? "true   # pip's torch up to 2.5 has the old strings, and DJL then takes its library for these" : "false"}`
          : `# org.bytedeco.javacpp.pathsFirst and java.library.path: ${download(misfit)}`,
        "# or let it bring its own: unset PYTORCH_LIBRARY_PATH, and no LibTorch on java.library.path or LD_LIBRARY_PATH",
      ];
    case "visual-studio":
      return [
        "# Project, Properties, Linker, Input, Additional Dependencies: c10.lib torch.lib torch_cpu.lib (CUDA: c10_cuda.lib torch_cuda.lib); Linker, General, Additional Library Directories: <libtorch>\\lib; platform x64",
        "# LibTorch comes as Debug and as Release: take the one of the configuration, and of the release whose headers are included",
        "# CMake does it: find_package(Torch REQUIRED), target_link_libraries(app ${TORCH_LIBRARIES}), cmake -DCMAKE_PREFIX_PATH=<libtorch>",
      ];
    default: {
      const project = inProjectFile(match, misfit);
      if (project !== undefined) return project;
      if (platformOf(match) === "win32" && match.finding.phase === "link" && misfit === "not-linked")
        return [
          "# CMakeLists.txt: find_package(Torch REQUIRED), target_link_libraries(app ${TORCH_LIBRARIES}); then",
          "cmake -S . -B build -DCMAKE_PREFIX_PATH=<libtorch> && cmake --build build --config Release",
          "# by hand or in Visual Studio: link c10.lib torch_cpu.lib torch.lib (CUDA: c10_cuda.lib torch_cuda.lib) of <libtorch>\\lib, /LIBPATH:<libtorch>\\lib; a Debug build wants the LibTorch for Debug",
          "set PATH=<libtorch>\\lib;%PATH%   # to run it: its DLLs",
        ];
      // With CMake the libraries stand where they belong: the compiler was told of other strings than LibTorch has.
      if (match.finding.phase === "link" && match.context.log.cmake && misfit.startsWith("wants-")) {
        const here = misfit === "wants-old-strings" ? "0" : "1";
        const edit = stringsDefined(match, here);
        if (edit.length > 0)
          return [
            ...edit,
            `rm -rf build && cmake -S . -B build -DCMAKE_PREFIX_PATH=${prefixPath(match)} && cmake --build build   # all objects anew`,
            `# where the definition has to stay (another library was built so): ${download(misfit)}`,
          ];
        return [
          `grep -rn _GLIBCXX_USE_CXX11_ABI CMakeLists.txt cmake; echo "$CXXFLAGS"   # a definition of ${here}, in add_definitions, add_compile_definitions, CMAKE_CXX_FLAGS: delete it`,
          '# and in its place: set(CMAKE_CXX_FLAGS "${CMAKE_CXX_FLAGS} ${TORCH_CXX_FLAGS}") below find_package(Torch REQUIRED): what this LibTorch was built with',
          `rm -rf build && cmake -S . -B build -DCMAKE_PREFIX_PATH=${prefixPath(match)} && cmake --build build`,
          `# where the definition has to stay (another library was built so): ${download(misfit)}`,
        ];
      }
      const make = typedBuild(match);
      if (match.finding.phase === "link" && make?.tool === "make" && misfit.startsWith("wants-"))
        return [
          `${typedBuildFromScratch(make)} CXX="\${CXX:-g++} -D_GLIBCXX_USE_CXX11_ABI=${misfit === "wants-new-strings" ? "0" : "1"}"   # all objects anew, with the strings of this LibTorch; then the same in CXXFLAGS of the Makefile`,
          `# where other libraries keep the project from that: ${download(misfit)}`,
        ];
      return [
        ...(match.finding.phase === "link"
          ? [
              "# libraries stand behind the sources and objects that need them: g++ app.cpp … -L<libtorch>/lib -Wl,-rpath,<libtorch>/lib -ltorch -ltorch_cpu -lc10   (older: -ltorch -lc10)",
            ]
          : []),
        `# ${download(misfit)}: for building and for running one and the same`,
        "rm -rf build && cmake -S . -B build -DCMAKE_PREFIX_PATH=/path/to/libtorch && cmake --build build",
        `ldd <the program> | grep -E "torch|c10"; ${python(match)} -c "import torch; print(torch.__version__, torch._C._GLIBCXX_USE_CXX11_ABI, torch.utils.cmake_prefix_path)"   # which libraries it finds; LD_LIBRARY_PATH decides`,
      ];
    }
  }
}

/** A program without Python that the C library names: `*** Error in `./main': free(): invalid pointer`. */
export function crashedProgram({ finding }: Match): string | undefined {
  const name = /^(?:\*\*\* )?Error in [`'](\S{1,200}?)': /.exec(finding.text)?.[1];
  return name === undefined || /(?:^|\/)python[\d.]*m?$/.test(name) ? undefined : name;
}
