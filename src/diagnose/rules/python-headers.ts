/** Headers of Python, pybind11 and NumPy that were not found. */
import { installWithoutIsolation, platformOf, python, pythonVersion, setVariable } from "../commands/commands.ts";
import { foundDir, header, includedBy } from "../matchers.ts";
import { type Match, type Rule, said } from "../rule.ts";
import { askedOfPython, askedPython } from "../commands/asked-python.ts";
import { embeddedHeaders, isEmbeddable } from "../commands/embedded-python.ts";
import { isBuiltByPython, typedBuild } from "../commands/typed-builds.ts";
import { typedWithPython } from "../commands/typed-again.ts";

/** Whether a header of LibTorch, the download for programs in C++, asks. */
function ofLibtorch({ finding }: Match): boolean {
  return /[\\/]libtorch[\w.+-]*[\\/]include[\\/]torch[\\/]/i.test(finding.file ?? "");
}

/** Whether CMake compiles, and torch's own header asks. */
function atCmake(match: Match): boolean {
  return ofLibtorch(match) || (match.context.log.cmake && /(?:torch|pybind11)[\\/]/.test(match.finding.file ?? ""));
}

/** Make, ninja or a script compiles, which know of no Python but what they are told. */
function byOwnRules(match: Match): boolean {
  const tool = typedBuild(match)?.tool;
  return (tool === "make" || tool === "ninja" || tool === "script") && match.context.log.typedConfigure === undefined;
}

/** Whether make compiles by rules of the project's own. */
function byMake(match: Match): boolean {
  return typedBuild(match)?.tool === "make" && !match.context.log.cmake;
}

export const pythonHeaderRules: readonly Rule[] = [
  {
    id: "python-headers-missing",
    title: "Python's headers are not found",
    on: ["missing-header", "build-tool"],
    specificity: 85,
    matches: (finding) =>
      finding.kind === "build-tool"
        ? said(
            finding,
            /Could NOT find Python\w* .*missing:.*(?:INCLUDE_DIR|Development)|Python_INCLUDE_DIRS?.*NOTFOUND/s,
          ) === undefined
          ? undefined
          : { header: "Python.h" }
        : header(
            finding,
            /^(?:python\d\.\d+\w*\/)?(?:Python|pyconfig|patchlevel|structmember|frameobject|pyport|cpython\/\w+|internal\/pycore_\w+)\.h$/,
          ),
    confidence: "high",
    cause: (match) => {
      const version = pythonVersion(match);
      const dirs = match.context.environment?.python?.includeDirs ?? [];
      if (match.finding.kind === "build-tool")
        return `CMake finds no headers of the interpreter${version === undefined ? "" : ` (Python ${version})`}: its development files are not installed, or CMake looks at another Python than the one that is meant.`;
      if (ofLibtorch(match))
        return `\`${match.facts["header"] ?? ""}\`${includedBy(match)} is of Python. LibTorch is torch for programs in C++: it brings no Python and needs none, but for torch/extension.h, which is for modules of Python and includes torch/csrc/python_headers.h.`;
      if (isEmbeddable(match))
        return `\`${match.facts["header"] ?? ""}\`${includedBy(match)} is a header of Python, and this Python is an embeddable one (a portable package of a program): it comes without the folders include and libs, which what is compiled for it needs.`;
      return `\`${match.facts["header"] ?? ""}\`${includedBy(match)} comes with the development files of the interpreter${version === undefined ? "" : ` (Python ${version})`}, ${match.context.log.hasPythonDev ? "which are installed as the paste says: their folder is not on the command line" : "which are not installed, or its include folder is not on the command line (another Python's headers are)"}.${atCmake(match) ? " In CMake it is only there when the target asks for it: LibTorch's own package brings no Python, and torch/extension.h (torch/csrc/python_headers.h) wants it." : ""}${dirs.length === 0 ? "" : ` The interpreter at hand has them in ${dirs.join(", ")}.`}`;
    },
    fix: (match) => {
      const version = pythonVersion(match);
      if (platformOf(match) === "win32")
        return [
          ...(isEmbeddable(match) ? embeddedHeaders(match) : []),
          ...(/[\\/](?:tmp\w*|Temp)[\\/].*(?:\w_utils|triton_launcher|main)\.c$/i.test(match.finding.file ?? "")
            ? ['rmdir /s /q "%USERPROFILE%\\.triton\\cache"   # Triton compiles it again']
            : []),
          ...(version === undefined || isEmbeddable(match)
            ? []
            : [
                `winget install -e --id Python.Python.${version}`,
                `# then the virtual environment anew with it: py -${version} -m venv <its folder>`,
              ]),
          ...(isEmbeddable(match)
            ? []
            : ["# install Python from python.org or conda (the Store's and the embeddable Python have no headers)"]),
        ];
      if (platformOf(match) === "darwin") return ["brew install python   # or xcode-select --install"];
      if (ofLibtorch(match))
        return [
          "# a program in C++: #include <torch/torch.h> in place of <torch/extension.h>; where it stands:",
          "grep -rn 'torch/extension.h' --include='*.h' --include='*.hpp' --include='*.cpp' --include='*.cc' --include='*.cu' .",
          "# a module of Python: with Python's own torch in place of a LibTorch (CMAKE_PREFIX_PATH), and find_package(Python3 COMPONENTS Interpreter Development) and target_link_libraries(the_target Python3::Python)   # CMake 3.12 and newer; link torch_python, too",
        ];
      const cmake = atCmake(match)
        ? [
            "# CMakeLists.txt: find_package(Python COMPONENTS Interpreter Development.Module) and target_link_libraries(the_target PRIVATE Python::Module); for tensors in bindings torch_python, too",
            "# a program without Python: #include <torch/torch.h> (or <torch/all.h>), not <torch/extension.h>",
          ]
        : [];
      if (match.context.log.hasPythonDev)
        return [
          ...cmake,
          `${python(match)} -c "import sysconfig; print(sysconfig.get_paths()['include'])"   # this folder has to hold Python.h; add it: -I, include_dirs, CPATH`,
          ...typedWithPython(match),
        ];
      const typed = typedWithPython(match);
      return [
        ...cmake,
        `sudo apt-get install python${version ?? "3"}-dev   # with the version of the interpreter that builds`,
        "# Fedora, RHEL: sudo dnf install python3-devel; conda and uv bring the headers along",
        ...(typed.length > 0
          ? typed
          : byOwnRules(match)
            ? [
                `${setVariable(match, "CPATH", `$(${python(match)} -c "import sysconfig; print(sysconfig.get_paths()['include'])")`)}   # make gives no folder of Python's headers to the compiler by itself`,
              ]
            : [
                `${python(match)} -c "import sysconfig; print(sysconfig.get_paths()['include'])"   # this folder has to hold Python.h`,
              ]),
      ];
    },
    change: (match) => {
      const dir = foundDir(match);
      return dir === undefined ? undefined : { kind: "add-include-dir", dir };
    },
    sources: [
      "openvinotoolkit/nncf#1395",
      "rusty1s/pytorch_scatter#31",
      "microsoft/DeepSpeed#3223",
      "pytorch/pytorch#129351",
      "woct0rdho/triton-windows#113",
      "lllyasviel/FramePack#197",
    ],
    examples: [
      {
        text: "+ pip wheel --no-deps --no-build-isolation -w dist .\n    x86_64-linux-gnu-g++ -fPIC -I/usr/include/python3.10 -c csrc/ops.cpp -o ops.o\n    csrc/ops.cpp:1:10: schwerwiegender Fehler: Python.h: Datei oder Verzeichnis nicht gefunden",
        expect: "python -m pip wheel --no-deps --no-build-isolation -w dist .",
      },
      {
        text: "F:\\Comfyui>.\\python_embeded\\python.exe -s ComfyUI\\main.py --use-sage-attention\nPython version: 3.12.10 (tags/v3.12.10:0cc8128, Apr  8 2025, 12:21:36) [MSC v.1943 64 bit (AMD64)]\nC:/Users/Me/AppData/Local/Temp/tmplbqlaw5x/__triton_launcher.c:7: error: include file 'Python.h' not found\nFailed to compile. cc_cmd: ['F:\\\\Comfyui\\\\python_embeded\\\\Lib\\\\site-packages\\\\triton\\\\runtime\\\\tcc\\\\tcc.exe']",
        expect: '-C "F:\\Comfyui\\python_embeded"',
      },
      {
        text: 'F:\\gen\\python>.\\python.exe --version\nPython 3.10.11\nF:/t/tmptw09/cuda_utils.c:14: error: include file \'Python.h\' not found\n  File "F:\\gen\\python\\lib\\site-packages\\triton\\runtime\\build.py", line 107, in _build\n    ret = subprocess.check_call(cc_cmd)\n  File "subprocess.py", line 369, in check_call',
        expect: "the folders include and libs of the full Python of exactly that version",
      },
      {
        text: "D:\\ComfyUI_windows_portable\\python_embeded>python test_triton.py\nC:/Users/o/AppData/Local/Temp/tmp_wdgdqyv/cuda_utils.c:14: error: include file 'Python.h' not found",
        expect: "nuget.org/api/v2/package/python/",
      },
      {
        text: "/opt/libtorch/include/torch/csrc/python_headers.h:9:10: fatal error: Python.h: No such file or directory\nmake[2]: *** [CMakeFiles/app.dir/build.make:76: CMakeFiles/app.dir/app.cpp.o] Error 1\npython3-dev is already the newest version",
        expect: "find_package(Python",
      },
      {
        text: "/home/u/app/libtorch/include/torch/csrc/python_headers.h:9:10: fatal error: Python.h: No such file or directory\n #include <Python.h>",
        expect: "#include <torch/torch.h> in place of <torch/extension.h>",
      },
      {
        text: "/e/torch/include/torch/csrc/python_headers.h:12:10: fatal error: Python.h: No such file or directory\n   12 | #include <Python.h>\ncompilation terminated.",
        expect: "-dev",
      },
      {
        text: "bind.cpp(1): fatal error C1083: Cannot open include file: 'Python.h': No such file or directory",
        expect: "python.org",
      },
      { text: "ext.c:2:10: fatal error: 'Python.h' file not found", expect: "python3-dev" },
      { text: "a.c:1:10: 致命错误：Python.h：没有那个文件或目录", expect: "python3-dev" },
    ],
  },
  {
    id: "pybind11-headers-missing",
    title: "pybind11 is not found",
    on: ["missing-header"],
    specificity: 83,
    matches: (finding) => header(finding, /^pybind11\//),
    confidence: "high",
    cause: (match) =>
      byMake(match)
        ? `\`${match.facts["header"] ?? ""}\`${includedBy(match)} is of pybind11, whose folder is not on the command line: what the Makefile puts there is empty, or pybind11 is not installed for the Python that it asks.`
        : `\`${match.facts["header"] ?? ""}\`${includedBy(match)}: torch's wheels bring pybind11 in torch/include, but torch's include folder is not on the command line, or this torch (Debian's python3-torch) comes without it.`,
    fix: (match) => [
      ...askedOfPython(match),
      `${askedPython(match) ?? python(match)} -m pip install pybind11`,
      ...(isBuiltByPython(match)
        ? [`export CPATH=$(${python(match)} -c "import pybind11; print(pybind11.get_include())"):$CPATH`]
        : [
            `export CPATH=$(${python(match)} -c "import pybind11, sysconfig; print(pybind11.get_include(), sysconfig.get_path('include'), sep=':')"):$CPATH   # and Python.h, which it includes`,
          ]),
      ...(byMake(match)
        ? [
            "# for good, in the Makefile: $(shell python3 -m pybind11 --includes); $(python3 …) without `shell` is a variable, and empty",
          ]
        : []),
      "# Debian's torch: sudo apt-get install pybind11-dev",
    ],
    change: (match) => {
      const dir = foundDir(match);
      return dir === undefined ? undefined : { kind: "add-include-dir", dir };
    },
    sources: ["https://pybind11.readthedocs.io/en/stable/installing.html"],
    examples: [
      {
        text: "bind.cpp:1:10: fatal error: pybind11/pybind11.h: No such file or directory",
        expect: "pip install pybind11",
      },
    ],
  },
  {
    id: "numpy-headers-missing",
    title: "NumPy's headers are not found",
    on: ["missing-header"],
    specificity: 83,
    matches: (finding) => header(finding, /^numpy\//),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["header"] ?? ""}\`${includedBy(match)} comes with NumPy, which is not installed where the build runs, or whose include folder is not on the command line.`,
    fix: (match) => [
      `${python(match)} -m pip install numpy`,
      `export CPATH=$(${python(match)} -c "import numpy; print(numpy.get_include())"):$CPATH`,
      ...installWithoutIsolation(match).slice(1),
    ],
    sources: ["https://numpy.org/doc/stable/reference/generated/numpy.get_include.html"],
    examples: [
      { text: "ext.c:30:10: fatal error: numpy/arrayobject.h: No such file or directory", expect: "get_include" },
    ],
  },
];
