/** Symbols of a part of torch that is not there: not imported, not linked, or left out of the installed build. */
import { installTorchFor, pip, platformOf, python, quote, rebuild, removeFolder } from "../commands/commands.ts";
import { compareVersions, parseVersion } from "../../base/order.ts";
import { commandAgain } from "../commands/failed-command.ts";
import { linkToo } from "../commands/flag-variables.ts";
import type { Finding } from "../finding.ts";
import { framesAt, ofLog } from "../matchers.ts";
import type { Match, Rule, RuleContext } from "../rule.ts";
import { shortName } from "../symbols.ts";
import { importTorchFirst, lateTorch } from "./late-torch.ts";
import {
  builtWithShownLine,
  configuredForPython,
  linkedByCmake,
  linkedInShownLine,
  ofLibtorch,
} from "./torch-python-links.ts";
import { hasTh, installedSentence, symbolFacts, torchSymbol, verdictOf } from "./symbol-facts.ts";

/** Windows' linker says that one symbol alone is missing. A CPU-only torch lacks every one of its kind. */
function onlyOne({ finding, context }: Match): boolean {
  return (
    finding.phase === "link" &&
    context.findings.some(({ text }) => /\bLNK1120\b\D{0,8}\b1\b/.test(text)) &&
    context.findings.every(({ kind, symbol }) => kind !== "undefined-symbol" || symbol === finding.symbol)
  );
}

/** Whether setuptools runs the linker: its folders, or its words at the end. */
function setuptoolsLinks({ context }: Match): boolean {
  return context.findings.some(({ text }) =>
    /\bbuild[\\/](?:temp|lib)\.|^error: command '.*(?:link\.exe|g\+\+|gcc|clang\+?\+?|c\+\+)' failed with exit/.test(
      text,
    ),
  );
}

/** torch_python for the link that setuptools does, and the build from nothing. */
function linkedBySetuptools(match: Match): readonly string[] {
  const added =
    match.finding.phase === "link" && setuptoolsLinks(match) && !match.context.log.namesRetorch
      ? linkToo(match, ["torch_python"])
      : [];
  return added.length === 0
    ? rebuild(match)
    : [
        ...added,
        removeFolder(match, "build"),
        ...(commandAgain(match) ?? [`${python(match)} setup.py build_ext --inplace`]),
      ];
}

/** The script, of nobody's package, that imports the extension. */
function importingScript(match: Match): string | undefined {
  if (platformOf(match) === "win32" || match.finding.phase !== "load") return undefined;
  const [first = ""] = framesAt(match);
  const found = /^(?<file>[^"'$`»<>]+\.py):\d+ <module>(?: » (?:import|from) \w)?/.exec(first)?.groups?.["file"];
  return found === undefined || /-packages[\\/]|[\\/]lib[\\/]python3/.test(found) ? undefined : found;
}

export const torchPartRules: readonly Rule[] = [
  {
    id: "torch-not-imported",
    title: "torch was not loaded before the extension",
    on: ["undefined-symbol", "missing-library", "exception"],
    specificity: 75,
    matches: (finding, context) => {
      if (finding.kind === "missing-library") {
        if (finding.phase !== "load") return undefined;
        const late = lateTorch(finding, context);
        const name =
          late === undefined
            ? /(?:^|[\\/])(lib(?:c10|torch|torch_cpu|torch_python|torch_global_deps|shm|caffe2)\.(?:so|dylib))[\w.]*$/.exec(
                finding.library ?? "",
              )?.[1]
            : /[^\\/]+$/.exec(finding.library ?? "")?.[0];
        // torch's own files, whose installation is damaged, and programs that are no Python, are other rules'.
        if (/[\\/]torch[\\/](?:lib[\\/]|_C\b)/.test(finding.file ?? "") || ofOtherProgram(finding)) return undefined;
        if (laterWithTorch(finding, context)) return undefined;
        return name === undefined
          ? undefined
          : {
              what: `the library \`${name}\``,
              who: finding.file === undefined ? "The extension" : `\`${finding.file}\``,
            };
      }
      if (finding.kind === "exception") {
        const type = /generic_type: (?:type )?"(.+?)" referenced unknown base type "((?:torch|at|c10)::.+?)"/.exec(
          finding.message,
        );
        return type === null ? undefined : { what: `the type \`${type[2] ?? ""}\``, who: "The extension" };
      }
      const verdict = verdictOf(finding);
      if (verdict === undefined || finding.phase !== "load") return undefined;
      if (torchIsLoaded(context) || importedBefore(context)) return undefined;
      if (verdict.owner === "torch-python" && isUnlinked(context)) return undefined;
      const path = verdict.symbol.path.join("::");
      const sign =
        verdict.symbol.form === "c"
          ? verdict.owner === "torch-python" || (/^_?TH/.test(verdict.symbol.name) && hasTh(context))
          : /^c10::UndefinedTensorImpl::_singleton/.test(path);
      return sign
        ? { ...symbolFacts(finding, verdict, context), what: `\`${shortName(verdict)}\``, who: "The extension" }
        : undefined;
    },
    confidence: (match) =>
      lateTorch(match.finding, match.context)?.sure === false ||
      (match.finding.kind === "undefined-symbol" && match.finding.symbol?.includes("singleton") === true)
        ? "medium"
        : "high",
    cause: (match) =>
      `${match.facts["who"] ?? "The extension"} needs ${match.facts["what"] ?? ""} of torch, and nothing has loaded it: extensions carry no path to torch's libraries, so \`import torch\` has to come first.` +
      (lateTorch(match.finding, match.context) !== undefined
        ? ` The installed torch (${match.context.log.installedTorch ?? ""}) has that library: neither it nor the extension has to be installed again.`
        : match.finding.kind === "undefined-symbol"
          ? " When torch is imported first already, the extension was built for another torch version and has to be rebuilt."
          : "") +
      (lateTorch(match.finding, match.context) === undefined ? installedSentence(match) : ""),
    fix: (match) => {
      const late = lateTorch(match.finding, match.context);
      if (late !== undefined) return importTorchFirst(match, late);
      const own = importingScript(match);
      if (own !== undefined)
        return [
          `sed -i.bak '1i import torch' ${quote(own)}   # before the extension is imported; below \`from __future__\` lines, where there are some`,
          "# in a package of one's own: import torch as the first line of its __init__.py",
          `# if that does not help, it has to be built again for the torch that is installed: ${pip(match, "install --no-build-isolation --force-reinstall --no-deps .")}`,
        ];
      return [
        "# import torch before the extension, also in its own __init__.py",
        `${python(match)} -c "import torch, ${moduleName(match)}"`,
        "# if that does not help, build it again for the torch that is installed:",
        ...rebuild(match),
      ];
    },
    sources: ["pytorch/extension-cpp#6", "pytorch/pytorch#6097", "pytorch/pytorch#40627", "pytorch/pytorch#41254"],
    examples: [
      {
        text: "torch==1.1.0\nImportError: /usr/lib/python3.6/dist-packages/my_conv-0.0.0-py3.6-linux-x86_64.egg/my_conv.cpython-36m-x86_64-linux-gnu.so: undefined symbol: _THError",
        expect: 'python -c "import torch, my_conv"',
      },
      {
        text: "ImportError: /p/lltm_cpp.cpython-36m-x86_64-linux-gnu.so: undefined symbol: THPVariableClass",
        expect: "import torch",
      },
      {
        text: '$ python use.py\nTraceback (most recent call last):\n  File "/home/u/ops/use.py", line 1, in <module>\n    import my_ops\n  File "/home/u/.venv/lib/python3.12/site-packages/my_ops/__init__.py", line 3, in <module>\n    from . import _C\nImportError: libtorch_cuda.so: cannot open shared object file: No such file or directory\n$ python -c "import torch; print(torch.__version__)"\n2.10.0+cu128',
        expect: "sed -i.bak '1i import torch' /home/u/ops/use.py",
      },
      {
        text: ">>> import my_ops\nImportError: libc10_hip.so: cannot open shared object file: No such file or directory\ntorch==2.6.0+rocm6.2",
        expect: 'python -c "import torch, my_ops"',
      },
      {
        text: "ImportError: libc10.so: cannot open shared object file: No such file or directory",
        expect: "import torch",
      },
      {
        text: 'ImportError: generic_type: type "Net" referenced unknown base type "torch::nn::Module"',
        expect: "import torch",
      },
      {
        text: "ImportError: dlopen(/e/lib/python3.11/site-packages/sk-0.3-py3.11-macosx-13-x86_64.egg/sk/_C.cpython-311-darwin.so, 0x0002): Library not loaded: @rpath/libc10.dylib",
        expect: 'python -c "import torch, sk"',
      },
      {
        text: "ImportError: dlopen(/p/lltm_cpp.cpython-36m-darwin.so, 2): Symbol not found: _THPVariableClass\n  Referenced from: /p/lltm_cpp.cpython-36m-darwin.so\n  Expected in: flat namespace",
        expect: "import torch",
      },
    ],
  },
  {
    id: "torch-python-not-linked",
    title: "A symbol of libtorch_python is missing",
    on: ["undefined-symbol"],
    specificity: 70,
    matches: (finding, context) =>
      torchSymbol(
        finding,
        context,
        (verdict) =>
          verdict.owner === "torch-python" &&
          // dyld looked in that very library: it is linked, and of another release.
          !(finding.phase === "load" && /libtorch_python\.dylib/.test(finding.library ?? "")) &&
          (verdict.symbol.form !== "c" ||
            finding.phase === "link" ||
            isUnlinked(context) ||
            torchIsLoaded(context) ||
            importedBefore(context)),
      ),
    confidence: (match) =>
      ((torchIsLoaded(match.context) || importedBefore(match.context) || isUnlinked(match.context)) &&
        match.finding.phase === "load") ||
      linkedInShownLine(match).length > 0
        ? "high"
        : "medium",
    cause: (match) =>
      `\`${match.facts["readable"] ?? ""}\` is defined in libtorch_python, the part of torch that knows Python. ${match.finding.phase === "link" ? "It is not on the link line" : torchIsLoaded(match.context) ? "torch was imported, but it keeps that library to itself: a library that torch.ops.load_library opens has to name what it needs. It includes torch/extension.h (which has Python in it) and was linked without torch_python" : importedBefore(match.context) ? "torch was imported before, but it keeps that library to itself: the module has to be linked with it" : match.context.log.linksTorchAlone ? "The CMakeLists.txt links ${TORCH_LIBRARIES}, which is torch without it" : match.context.log.lddWithoutTorchPython ? "ldd shows torch's other libraries and not that one: the module was linked without it, and since torch 1.5 `import torch` keeps it to itself, so that importing torch first does not help" : isUnlinked(match.context) ? "CMake linked the module without it, and since torch 1.5 `import torch` keeps it to itself, so that importing torch first does not help" : "The module was linked without it and torch was not imported first, or it was built for another torch version"} (find_package(Torch) does not add it).${installedSentence(match)}`,
    fix: (match) => [
      ...(torchIsLoaded(match.context) && match.finding.phase === "load"
        ? [
            "# a library of operators alone: include torch/library.h and ATen/ATen.h (or torch/script.h) in place of torch/extension.h: then it needs no Python",
          ]
        : []),
      ...(match.finding.phase === "link" && setuptoolsLinks(match)
        ? [
            `# setup.py: CppExtension (or CUDAExtension) with cmdclass={"build_ext": BuildExtension} links it by itself; a plain Extension: libraries=["c10", "torch", "torch_cpu", "torch_python"] and library_dirs=torch.utils.cpp_extension.library_paths()`,
          ]
        : []),
      // ONNX Runtime's are built by its own command, not by a CMakeLists.txt of the user's.
      ...(/onnxruntime[\\/]training[\\/]/.test(match.finding.library ?? match.finding.text)
        ? []
        : [
            ...(ofLibtorch(match)
              ? [
                  ...(match.finding.phase === "link"
                    ? [
                        "# LibTorch, the download for C++, has no torch_python. A program that runs no Python: #include <torch/torch.h> in place of <torch/extension.h>. One that hands tensors to Python needs Python's own torch:",
                      ]
                    : []),
                  "# a LibTorch beside Python's torch is a second torch: CMAKE_PREFIX_PATH has to name the torch of the Python that imports the module (without a set() of it in the CMakeLists.txt)",
                ]
              : []),
            ...builtWithShownLine(match),
            ...linkedByCmake(match),
            `# CMake: find_library(TORCH_PYTHON torch_python PATHS "\${TORCH_INSTALL_PREFIX}/lib") and target_link_libraries(the_module "\${TORCH_PYTHON}"); elsewhere add -ltorch_python`,
          ]),
      ...(importedBefore(match.context) || torchIsLoaded(match.context) || isUnlinked(match.context)
        ? []
        : ["# and import torch before the module"]),
      ...(ofLibtorch(match)
        ? configuredForPython(match)
        : linkedByCmake(match).length > 0 || linkedInShownLine(match).length > 0
          ? []
          : linkedBySetuptools(match)),
    ],
    change: (match) =>
      match.finding.phase === "link" && match.context.environment?.torch?.libraries.includes("torch_python") === true
        ? { kind: "add-library", library: "torch_python" }
        : undefined,
    sources: [
      "pytorch/pytorch#38122",
      "pytorch/pytorch#41254",
      "pytorch/pytorch#115937",
      "facebookarchive/Polygames#40",
    ],
    examples: [
      {
        text: "$ cmake --build build\n/usr/bin/ld: CMakeFiles/_q.dir/bind.cpp.o: in function `f':\nbind.cpp:(.text+0x4f): undefined reference to `THPVariable_Wrap(at::TensorBase const&)'\n$ grep -n target_link CMakeLists.txt\n22:target_link_libraries(_q PUBLIC fmt::fmt \"${TORCH_LIBRARIES}\")",
        expect: "sed -i.bak -E 's~target_link_libraries",
      },
      {
        text: '$ cmake -S . -B build && cmake --build build\n[100%] Linking CXX shared library _q.so\n$ grep target_link CMakeLists.txt\ntarget_link_libraries(_q PRIVATE "${TORCH_LIBRARIES}" pybind11::module)\n$ cd build && python -c "import torch, _q"\nImportError: /w/q/build/_q.so: undefined symbol: _ZN8pybind116detail11type_casterIN2at6TensorEvE4loadENS_6handleEb',
        expect: "cmake --build build",
      },
      {
        text: "C:\\work\\p> python setup.py develop\nops.obj : error LNK2001: unresolved external symbol __imp_THPVariableClass\nbuild\\lib.win-amd64-cpython-310\\ops.cp310-win_amd64.pyd : fatal error LNK1120: 1 unresolved externals",
        expect: "set LINK=torch_python.lib",
      },
      {
        text: 'C:\\w\\app>cmake -S . -B build -DCMAKE_PREFIX_PATH=C:\\libtorch-1.9.0\\libtorch -G "Visual Studio 16 2019"\n-- Found Torch: C:/libtorch-1.9.0/libtorch/lib/torch.lib\nC:\\w\\app>cmake --build build --config Release\nmain.obj : error LNK2019: unresolved external symbol "__declspec(dllimport) struct _object * __cdecl THPVariable_Wrap(class at::Tensor)" (__imp_?THPVariable_Wrap@@YAPEAU_object@@VTensor@at@@@Z) referenced in function main [C:\\w\\app\\build\\app.vcxproj]',
        expect: 'cmake -S . -B build-2 -DCMAKE_PREFIX_PATH=%TORCH_CMAKE% -G "Visual Studio 16 2019"',
      },
      {
        text: ">>> import torch\n>>> import my_ops\nImportError: /p/build/my_ops.cpython-310-x86_64-linux-gnu.so: undefined symbol: THPVariableClass",
        expect: "find_library(TORCH_PYTHON",
      },
      {
        text: "ImportError: /p/m.cpython-39-x86_64-linux-gnu.so: undefined symbol: _ZN8pybind116detail11type_casterIN2at6TensorEvE4loadENS_6handleEb",
        expect: "torch_python",
      },
      {
        text: 'ImportError: /p/my_ext.so: undefined symbol: _ZN8pybind116detail11type_casterIN2at6TensorEvE4loadENS_6handleEb\nadd_library(my_ext SHARED my_ext.cpp)\ntarget_link_libraries(my_ext PRIVATE "${TORCH_LIBRARIES}" pybind11::module)',
        expect: '#     target_link_libraries(my_ext PRIVATE "${TORCH_PYTHON}")',
      },
      {
        text: "add_library(my_ext SHARED my_ext.cpp)\nImportError: /p/lib/my_ext.so: undefined symbol: _ZN8pybind116detail11type_casterIN2at6TensorEvE4loadENS_6handleEb",
        expect: "cmake --build build --clean-first",
      },
      {
        text: 'Traceback (most recent call last):\n  File "/e/site-packages/torch/_ops.py", line 105, in load_library\n    ctypes.CDLL(path)\nOSError: /src/build/libadd2.so: undefined symbol: THPVariableClass',
        expect: "in place of torch/extension.h",
      },
      {
        text: 'Traceback (most recent call last):\n  File "/e/site-packages/torch/_ops.py", line 105, in load_library\n    ctypes.CDLL(path)\nOSError: /src/build/libadd2.so: undefined symbol: THPVariableClass',
        expect: '#     target_link_libraries(add2 "${TORCH_PYTHON}")',
      },
      {
        text: "$ cmake -DCMAKE_BUILD_TYPE=Release .. && make -j4\n[100%] Linking CXX shared module ../q.cpython-38-x86_64-linux-gnu.so\n$ cd .. && python play.py\nImportError: /w/build/q.cpython-38-x86_64-linux-gnu.so: undefined symbol: THPVariableClass\n$ ldd build/q*.so | grep -i torch\n\tlibtorch.so => /e/lib/python3.8/site-packages/torch/lib/libtorch.so (0x00007f3c1a0c4000)",
        expect: "does not help",
      },
      {
        text: "$ cmake -S . -B build && cmake --build build\n$ python play.py\nImportError: /w/build/q.cpython-310-x86_64-linux-gnu.so: undefined symbol: THPVariableClass\ntorch==2.1.0",
        expect: "-ltorch_python",
      },
      {
        text: 'ImportError: dlopen(a.cpython-37m-darwin.so, 2): Symbol not found: _THPVariableClass\n  Referenced from: a.cpython-37m-darwin.so\n  Expected in: flat namespace\n in a.cpython-37m-darwin.so\nset(CMAKE_PREFIX_PATH /path/to/libtorch)\npybind11_add_module(a source.cc)\ntarget_link_libraries(a PRIVATE "${TORCH_LIBRARIES}")',
        expect: '#     target_link_libraries(a PRIVATE "${TORCH_PYTHON}")',
      },
      {
        text: "bind.cpp:(.text+0x10): undefined reference to `THPVariable_Wrap(at::TensorBase)'",
        expect: "torch_python",
      },
    ],
  },
  {
    id: "torch-gpu-symbol-missing",
    title: "A GPU part of torch is asked of a torch without GPU support",
    on: ["undefined-symbol"],
    specificity: 72,
    matches: (finding, context) => {
      if (!isCpuTorch(context) && finding.phase !== "link") return undefined;
      return torchSymbol(
        finding,
        context,
        (verdict) => verdict.owner === "torch-cuda" && verdict.symbol.strings === undefined,
      );
    },
    confidence: (match) =>
      match.context.environment?.torch === undefined && match.context.log.torchBuild === undefined ? "medium" : "high",
    cause: (match) => {
      const here = match.context.log.installedTorch ?? match.context.environment?.torch?.version ?? "";
      return (
        `\`${match.facts["readable"] ?? ""}\` stands in torch's GPU libraries (c10_cuda, torch_cuda). ` +
        (isCpuTorch(match.context)
          ? `The torch that is installed (${here}) is a CPU-only build and has none: the extension was built for another torch, one with CUDA.`
          : onlyOne(match)
            ? "It is the only symbol that is missing, others of these libraries were found: the torch that is linked against is older than the function, or does not export it (torch's headers declare more than its libraries for Windows have)."
            : "They are missing on the link line: torch is a CPU-only build, or torch_cuda and c10_cuda are not among the libraries.")
      );
    },
    fix: (match) => [
      ...(keepsCuda.test(match.finding.symbol ?? "")
        ? [
            "# a program with LibTorch: the linker option /INCLUDE (of the CMake files, a project template, or yours) asks for it so that torch_cuda.dll is kept. Link torch_cuda.lib and c10_cuda.lib (1.10 to 1.12: torch_cuda_cu.lib, torch_cuda_cpp.lib, too) of a LibTorch for CUDA in the same configuration (Debug or Release); with a CPU LibTorch take the option out",
          ]
        : []),
      ...(!isCpuTorch(match.context) && onlyOne(match)
        ? [
            `dumpbin /exports <torch>\\lib\\torch_cuda.dll | findstr ${verdictOf(match.finding)?.symbol.path.at(-1) ?? ""}   # nothing: this torch does not export it (before 1.5: caffe2_gpu.dll)`,
            "# a newer torch, in which it is exported, or the release of the package that was made for this torch; or take the function out of the sources",
          ]
        : [installTorchFor(match, match.context.log.torchCuda ?? match.context.log.cuda ?? "130")]),
      match.finding.phase === "link"
        ? "# setup.py: use CUDAExtension instead of CppExtension; CMake: link torch_cuda and c10_cuda"
        : "# or build the extension without its CUDA part for this torch:",
      ...rebuild(match),
    ],
    sources: ["pytorch/pytorch#35659", "pytorch/pytorch#52468"],
    examples: [
      {
        text: 'LINK : error LNK2001: unresolved external symbol "int __cdecl at::cuda::warp_size(void)" (?warp_size@cuda@at@@YAHXZ)',
        expect: "CPU-only",
      },
      {
        text: 'Error LNK2001 unresolved external symbol "int __cdecl at::cuda::warp_size(void)" (?warp_size@cuda@at@@YAHXZ) TorchProject1 C:\\p\\LINK 1',
        expect: "/INCLUDE",
      },
      {
        text: "torch                    2.5.1+cpu\nImportError: /e/lib/python3.10/site-packages/my_ops_cuda.cpython-310-x86_64-linux-gnu.so: undefined symbol: _ZN3c104cuda9SetDeviceEi",
        expect: "(2.5.1+cpu) is a CPU-only build",
      },
      {
        text: "x.o: in function `f': undefined reference to `c10::cuda::getCurrentCUDAStream(signed char)'",
        expect: "c10_cuda",
      },
    ],
  },
];

/** Whether the message is of a loader that no Python called, about a file that is no module of Python. */
function ofOtherProgram(finding: Finding): boolean {
  return (
    /^dyld|dlopen/.test(finding.message) &&
    !/ImportError|OSError/.test(finding.message) &&
    finding.file !== undefined &&
    !/\.cpython-|\.abi3\.|\.so$|site-packages|\.pyd$/.test(finding.file)
  );
}

/** The session imported torch before the module that fails. */
function importedBefore({ log }: RuleContext): boolean {
  const at = log.imports.indexOf("torch");
  return log.importsLast && at >= 0 && at < log.imports.length - 1;
}

/**
 * Whether the module was linked without libtorch_python, as the text's CMakeLists.txt or ldd shows, or as CMake does by itself.
 * Since torch 1.5 `import torch` does not lend it that library; setuptools links it.
 */
function isUnlinked({ log, environment }: RuleContext): boolean {
  if (log.linksTorchAlone || log.lddWithoutTorchPython) return true;
  const release = log.installedTorch ?? environment?.torch?.version ?? log.torch;
  return (
    log.typedConfigure !== undefined &&
    release !== undefined &&
    compareVersions(parseVersion(release.replace(/\+.*$/, "")), [1, 5]) >= 0
  );
}

/** Whether the traceback goes through torch: it was imported before the library was loaded. */
function torchIsLoaded(context: RuleContext): boolean {
  // `python -c "import torch; torch.ops.load_library('libop.so')"`
  return /\btorch\.ops\.load_library\(/.test(context.log.typedProgram ?? "") || ofLog(context, goesThroughTorch);
}

function goesThroughTorch({ findings }: RuleContext): boolean {
  return findings.some(({ frames }) => frames?.some((frame) => /[\\/]torch[\\/]_ops\.py:/.test(frame)) === true);
}

/**
 * Whether torch's libraries were there in a later attempt of the same paste: the loader came as far as a missing symbol, so
 * that the first attempt only lacked `import torch`, as its writer knows.
 */
function laterWithTorch(finding: Finding, context: RuleContext): boolean {
  const last = ofLog(context, lastSymbol);
  return last !== undefined && last > finding.at;
}

/** The line of the last symbol that an extension's library did not find when it was loaded. */
function lastSymbol({ findings }: RuleContext): number | undefined {
  return findings.findLast(
    ({ kind, phase, file }) =>
      kind === "undefined-symbol" && phase === "load" && !/[\\/]torch[\\/](?:lib[\\/]|_C\b)/.test(file ?? ""),
  )?.at;
}

/** What programs on Windows name to keep torch's CUDA part in the link. */
const keepsCuda = /warp_size@cuda@at@@|at::cuda::warp_size|_torch_cuda_cu_linker_symbol_op/;

/** Whether the torch at hand, of the paste or of this machine, is without GPU support. */
export function isCpuTorch({ log, environment }: RuleContext): boolean {
  if (log.torchBuild !== undefined) return log.torchBuild === "cpu";
  const torch = environment?.torch;
  return torch !== undefined && torch.cudaVersion === undefined && torch.hipVersion === undefined;
}

/** The module that was imported, for a command. */
function moduleName(match: Match): string {
  const file = match.finding.file ?? "";
  const stem = /([A-Za-z_]\w*)\.(?:cpython|abi3|cp\d|so|pyd)/.exec(file)?.[1];
  // A module in a package is imported by that package.
  const inside = /(?:site|dist)-packages[\\/](?:[^\\/]+\.egg[\\/])?([A-Za-z_]\w*)[\\/]/.exec(file)?.[1];
  return inside ?? stem ?? match.context.log.runningModule ?? "the_extension";
}
