/** What lies in a project's folder: a setup.py that is missing or says nothing, folders that it names, its own modules. */
import { buildAgain, pip, platformOf, python, quote, unsetVariable } from "../commands/commands.ts";
import { commandAgain } from "../commands/failed-command.ts";
import { backToFolder, lostFolder, lostSentence } from "../commands/lost-folders.ts";
import { coded, type Match, type Rule, said, saidAny } from "../rule.ts";
import { plainName } from "../../base/package-name.ts";
import { isWellKnown } from "../tables/packages.ts";
import { cmakeAgain } from "../commands/typed-again.ts";

/** Names that a project gives to helpers beside its setup.py, and that no package on PyPI is meant by. */
/** Modules of PyPI that setup scripts import, beside those that compile; and Python's own that later releases lack. */
const ofOthers =
  /^(?:yaml|requests|tomli?|tomllib|jinja2|mako|scipy|cffi|nanobind|jaxlib?|tensorflow|keras|pkgconfig|extension_helpers|setuptools\w*|distutils|pkg_resources|pip|wheel|versioneer|versioningit|skbuild|scikit_build|scikit_build_core|Cython|numpy|torch\w*|triton|packaging|ninja|pybind11|psutil|einops|dotenv|click|tqdm|git|sympy|pandas|matplotlib|cv2|PIL|pythran|mypyc|cmake|imp|asyncore|six|certifi|hatchling|pbr|babel|sphinx|ply|pyarrow|h5py|mpi4py|cupy|numba|llvmlite|rich|colorama|tensorrt|onnx\w*|cpufeature|expecttest|typing_extensions)$/;

const ownHelper =
  /^(?:build|_build|version|_version|utils|tools|build_utils|build_tools|setup_utils|setup_helpers|setup_tools|build_ext|build_backend|custom_build|cuda_build|compile|config|helpers?|scripts?|torch_build|cmake_build|op_builder)$/;

/** The folder that package_dir names (`src` of `src/pkg`), where the package lies in another one. */
function inPackageDir(match: Match): string[] {
  const [, base, rest] = /^([\w-]+)\/([\w/-]+)$/.exec(match.facts["dir"] ?? "") ?? [];
  return base === undefined || rest === undefined
    ? []
    : [
        `d=$(find . -type d -path '*/${rest}' -not -path './build/*' -not -path './.*' | head -n 1); [ -z "$d" ] || sed -i.bak -E "/package_dir|where/s#([\\"'])${base}([\\"'])#\\1$(dirname "$d" | sed 's#^[.]/##')\\2#" setup.py   # package_dir (or where=) with the folder in which the package lies`,
      ];
}

export const projectFileRules: readonly Rule[] = [
  {
    id: "ffi-extension-of-old-torch",
    title: "The extension is of the kind that torch 0.x had (torch.utils.ffi)",
    on: ["exception"],
    specificity: 83,
    matches: (finding, context) =>
      said(finding, /No module named ['"]?(?<name>torch\.utils\.ffi)['"]?/) ??
      (context.findings.some((each) => /import lib as _lib, ffi as _ffi/.test(each.frames?.join("\n") ?? "")) ||
      /\._\w+\.__\w+['"]?$|^No module named ['"]?__[a-z]\w*[a-z]['"]?$/.test(finding.message)
        ? said(finding, /No module named ['"]?(?<name>[\w.]*?__[a-z]\w*[a-z])['"]?(?:\s|$)/)
        : undefined),
    confidence: "medium",
    cause: (match) =>
      match.facts["name"] === "torch.utils.ffi"
        ? "The set-up script builds with torch.utils.ffi (C code behind cffi), which torch had up to 0.4 and took out in 1.0: the code was written for torch 0.x."
        : `\`${match.facts["name"] ?? ""}\` is what torch.utils.ffi compiled (C code behind cffi, up to torch 0.4; gone in 1.0). It was not built, was built for another Python, or Python takes the folder of the sources, where it is not, in place of the installed package.`,
    fix: (match) => [
      ...(match.facts["name"] === "torch.utils.ffi"
        ? []
        : [
            `cd / && ${python(match)} -c "import ${(match.context.log.runningModule ?? match.facts["name"] ?? "").split(".")[0]?.replaceAll(/^_+/g, "") ?? ""}"   # outside of the folder of its sources`,
          ]),
      "# a release (or fork) of the package that has a CppExtension or CUDAExtension in its setup.py, for torch 1.0 and newer: git pull, then python setup.py install",
      "# or the torch that it is for (0.3, 0.4.1), with its Python (2.7 to 3.6), and python setup.py install again",
    ],
    sources: ["HawkAaron/warp-transducer#3", "https://pytorch.org/docs/1.0.0/ffi.html"],
    examples: [
      {
        text: 'Traceback (most recent call last):\n  File "my_loss/_my_loss/__init__.py", line 3, in <module>\n    from .__my_loss import lib as _lib, ffi as _ffi\nImportError: No module named __my_loss',
        expect: "torch.utils.ffi",
      },
      {
        text: "    from torch.utils.ffi import create_extension\nImportError: No module named torch.utils.ffi",
        expect: "written for torch 0.x",
      },
    ],
  },
  {
    id: "setup-run-from-elsewhere",
    title: "setup.py reads files beside it and is run from another folder",
    on: ["exception"],
    specificity: 79,
    matches: (finding, context) => {
      const facts = said(
        finding,
        /No such file or directory: ['"](?<file>(?![\\/]|[A-Za-z]:|\.\.)[\w.-]+(?:[\\/][\w.-]+){0,3}\.(?:py|txt|md|rst|in))['"]/,
      );
      const ran = context.log.setupFolder;
      return facts === undefined || ran === undefined || context.log.installer === "uv" ? undefined : { ...facts, ran };
    },
    confidence: "high",
    cause: (match) =>
      `setup.py opens \`${match.facts["file"] ?? ""}\` by a path that counts from the working directory, and it was started from another folder than its own (${match.facts["ran"] ?? ""}).`,
    fix: (match) => [
      `cd ${quote(match.facts["ran"] ?? ".")}`,
      pip(match, "install -v --no-build-isolation .") + "   # or python setup.py install, as before",
    ],
    sources: ["NVIDIAGameWorks/kaolin#139"],
    examples: [
      {
        text: '(e) C:\\work>python C:\\work\\my-ops\\setup.py install\nTraceback (most recent call last):\n  File "C:\\work\\my-ops\\setup.py", line 44, in <module>\n    with open("my_ops/version.py") as fp:\nFileNotFoundError: [Errno 2] No such file or directory: \'my_ops/version.py\'',
        expect: "cd C:\\work\\my-ops",
      },
    ],
  },
  {
    id: "setup-without-a-package",
    title: "setup.py runs and describes no package",
    on: ["installer"],
    specificity: 78,
    matches: (finding) => said(finding, /No \.egg-info directory found in (?<dir>\S+)/),
    confidence: "high",
    cause: () =>
      'pip ran setup.py and it made no metadata: the file is empty or was not saved, setup(…) is not called (it stands below `if __name__ == "__main__":` or in a branch that was not taken), or the script ended before.',
    fix: (match) => [
      "cat setup.py; grep -n 'setup(' setup.py",
      `${python(match)} setup.py --name --version   # has to print both`,
    ],
    sources: ["kwea123/pytorch-cppcuda-tutorial#3", "https://setuptools.pypa.io/en/latest/userguide/quickstart.html"],
    examples: [
      { text: "ERROR: No .egg-info directory found in /tmp/pip-pip-egg-info-k2j3h", expect: "setup.py --name" },
    ],
  },
  {
    id: "package-folder-missing",
    title: "setup.py names a folder of Python code that is not there",
    on: ["installer", "exception"],
    specificity: 78,
    matches: (finding) =>
      said(finding, /package directory '(?<dir>[^']+)' does not exist/) ??
      said(
        finding,
        /(?<dir>\S+) is not a valid package directory|error in .* setup command: package directory '(?<dir2>[^']+)'/,
      ),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["dir"] ?? ""}\` stands in packages (or package_dir) of setup.py, and there is no such folder where it runs: it was renamed, the names are of the folder above, or setup.py was started from another folder.`,
    fix: (match) => [
      ...(platformOf(match) === "win32"
        ? []
        : [
            ...inPackageDir(match),
            ...(inPackageDir(match).length > 0
              ? []
              : [
                  `sed -i.bak -E "s/packages *= *\\[[^]]*\\]/packages=__import__('setuptools').find_packages()/" setup.py   # the folders that are there, in place of a list; a list over several lines, or one in pyproject.toml or setup.cfg: by hand`,
                ]),
            ...buildAgain(match),
          ]),
      "# started from another folder than its own: cd to where setup.py lies first",
      `# mend the name, or: packages=setuptools.find_packages()   (somebody else's package: ${pip(match, `install --upgrade ${match.context.log.package ?? "<package>"}`)})`,
    ],
    sources: ["lonePatient/TorchBlocks#4", "https://setuptools.pypa.io/en/latest/userguide/package_discovery.html"],
    examples: [
      { text: "error: package directory 'my_ops/utils' does not exist", expect: "find_packages" },
      {
        text: "$ pip install --no-build-isolation .\n  Building wheel for ops (setup.py) ... error\n      error: package directory 'my_ops/utils' does not exist\n  ERROR: Failed building wheel for ops",
        expect: "\npython -m pip install --no-build-isolation .",
      },
    ],
  },
  {
    id: "script-not-there",
    title: "Python is to run a script that is not there",
    on: ["system"],
    specificity: 76,
    matches: (finding) => (coded(finding, "no-script") === undefined ? undefined : { script: finding.symbol }),
    confidence: "high",
    cause: (match) =>
      lostSentence(match) ??
      (/setup\.py$/.test(match.facts["script"] ?? "")
        ? "There is no setup.py in this folder: newer projects have a pyproject.toml alone (then pip builds them), or it is the wrong folder (the Python part is often in python/ or bindings/)."
        : `\`${match.facts["script"] ?? ""}\` does not exist: the path counts from the folder of the prompt, or the file has another name in this release.`),
    fix: (match) =>
      lostFolder(match) !== undefined
        ? [...backToFolder(match), ...(commandAgain(match) ?? [])]
        : /setup\.py$/.test(match.facts["script"] ?? "")
          ? [
              "ls; find . -maxdepth 3 -name setup.py -o -maxdepth 3 -name pyproject.toml",
              pip(
                match,
                "install -v --no-build-isolation .   # in place of python setup.py install; with -e in place of develop",
              ),
            ]
          : [`pwd; find . -name "$(basename ${match.facts["script"] ?? "x"})"`],
    sources: [
      "pyg-team/pytorch_geometric#7079",
      "https://packaging.python.org/en/latest/discussions/setup-py-deprecated/",
    ],
    examples: [
      {
        text: "python3: can't open file '/opt/p/setup.py': [Errno 2] No such file or directory",
        expect: "install -v --no-build-isolation .",
      },
      {
        text: "!cd pointnet2_ops_lib\n!python setup.py install\npython3: can't open file '/content/setup.py': [Errno 2] No such file or directory",
        expect: "%cd pointnet2_ops_lib\n!python setup.py install",
      },
    ],
  },
  {
    id: "module-run-as-script",
    title: "A part of a package is run as if it were a script",
    on: ["exception"],
    specificity: 80,
    matches: (finding) =>
      saidAny(
        finding,
        /No module named ['"]__main__\.(?<name>[\w.]+)['"]; ['"]__main__['"] is not a package/,
        /(?<name>attempted relative import) (?:with no known parent package|beyond top-level package|in non-package)/,
      ),
    confidence: "high",
    cause: (match) =>
      `${match.finding.frames?.at(-1)?.split(" ")[0] ?? "The file"} imports its neighbours by \`from .\`, which works only where it is imported as a part of its package; it was started as a file of its own (and may not be meant to be started at all).`,
    fix: (match) => {
      const file = match.finding.frames?.[0]?.split(":")[0] ?? "tools/script.py";
      const module = file
        .replace(/^.*?(?=[\w-]+[\\/][\w-]+\.py$)/, "")
        .replace(/\.py$/, "")
        .replaceAll(/[\\/]/g, ".");
      return [
        `${python(match)} -m ${module}   # from the folder above the package`,
        "# the manual of the project says which script starts the build (setup.py, pip install .)",
      ];
    },
    sources: ["pytorch/pytorch#22840", "https://docs.python.org/3/reference/import.html#package-relative-imports"],
    examples: [
      {
        text: "Traceback (most recent call last):\n  File \"tools/build_libs.py\", line 6, in <module>\n    from .helpers import escape_path\nModuleNotFoundError: No module named '__main__.helpers'; '__main__' is not a package",
        expect: "-m tools.build_libs",
      },
    ],
  },
  {
    id: "own-build-module-missing",
    title: "setup.py does not find a module of the project's own",
    on: ["exception"],
    specificity: 82,
    matches: (finding, context) => {
      const facts = said(finding, /No module named ['"](?<name>\w+)(?:\.\w+)*['"]/);
      const last = finding.frames?.at(-1) ?? "";
      const name = facts?.["name"] ?? "";
      if (facts === undefined || !/(?:^|[\\/])setup\.py:\d|^<string>:\d/.test(last)) return undefined;
      if (ownHelper.test(name)) return facts;
      // The project's own package, for its version; or one of PyPI's that is installed here and not there: both are seen from here.
      const ofSetup =
        finding.frames?.some((frame) => /build_meta\.py|setuptools[\\/]|[\\/]setup\.py:/.test(frame)) === true;
      const local = context.log.requested?.some((word) => /^(?:-e )?["']?(?:\.|\/)/.test(word)) === true;
      return ofSetup && local && !isWellKnown(plainName(name)) && !ofOthers.test(name)
        ? { ...facts, own: "maybe" }
        : undefined;
    },
    confidence: "medium",
    cause: (match) =>
      `setup.py imports \`${match.facts["name"] ?? ""}\`, ${match.facts["own"] === undefined ? "a file or folder beside it and no package of PyPI" : "most likely the project's own package (for its version), a file or folder beside it"}: ${match.context.log.embeddedPython ? "the embeddable Python looks only where its ._pth file says, never into the folder of a script. (Elsewhere: it is not in" : "it is not in"} the source package (MANIFEST.in), or pip builds with a backend that does not look into the project's folder (PEP 517), or PYTHONSAFEPATH is set.${match.context.log.embeddedPython ? ")" : ""}`,
    fix: (match) => [
      ...(match.context.log.embeddedPython
        ? [
            "ren python_embeded\\python3*._pth python3*._pth.off   # while it is installed; then back",
            `${python(match)} -m pip install --no-build-isolation ${match.context.log.asked ?? match.context.log.package ?? "<package>"}   # or a ready-made wheel for Windows of that package`,
          ]
        : [
            ...(platformOf(match) === "win32"
              ? []
              : [
                  "export PYTHONPATH=.   # the folder in which setup.py runs, for a build without isolation",
                  ...buildAgain(match),
                ]),
            `${buildAgain(match).length === 0 ? "" : "# or: "}${unsetVariable(match, "PYTHONSAFEPATH")}   # and no -P: both keep the folder of setup.py out of sys.path`,
          ]),
      `# ls ${match.facts["name"] ?? ""}*; tar tzf dist/*.tar.gz | grep ${match.facts["name"] ?? ""}   # is it packed?`,
      `# a package of one's own: echo "include ${match.facts["name"] ?? ""}.py" >> MANIFEST.in, then python -m build --sdist again`,
      '# setup.py, before the import: import os, sys; sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))   (or build-backend = "setuptools.build_meta:__legacy__")',
    ],
    sources: ["pytorch/extension-ffi#6", "https://setuptools.pypa.io/en/latest/build_meta.html"],
    examples: [
      {
        text: "Traceback (most recent call last):\n  File \"/tmp/pip-req-build/setup.py\", line 8, in <module>\n    import build_utils\nModuleNotFoundError: No module named 'build_utils'",
        expect: "MANIFEST.in",
      },
    ],
  },
  {
    id: "cmake-installs-before-it-builds",
    title: "CMake installs what was not built",
    on: ["build-tool"],
    specificity: 78,
    matches: (finding) => said(finding, /file INSTALL cannot find\s+"(?<file>[^"]+)"/),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["file"] ?? ""}\` is to be installed and does not exist: the install step ran without the build before it, that target is not part of \`all\`, or its build failed.`,
    fix: () => [
      "cmake --build build -j && cmake --install build   # in this order; ninja/make alone build only `all`",
      "cmake --build build --target help | head -40   # the target that makes the file, when it is not among `all`",
    ],
    sources: ["https://cmake.org/cmake/help/latest/command/install.html", "pytorch/TensorRT#1058"],
    examples: [
      {
        text: 'CMake Error at cpp/cmake_install.cmake:46 (file):\n  file INSTALL cannot find\n  "/w/build/cpp/bin/tool": No such file or\n  directory.',
        expect: "cmake --install build",
      },
    ],
  },
  {
    id: "catkin-exports-torch",
    title: "A ROS package hands torch's libraries on in a form that catkin does not understand",
    on: ["build-tool"],
    specificity: 78,
    matches: (finding) => said(finding, /Project '(?<user>[^']+)' tried to find library '(?<lib>[^']*)'/),
    confidence: "high",
    cause: (match) =>
      `catkin_package(LIBRARIES or DEPENDS …) of the other package exports \`${match.facts["lib"] ?? ""}\`, which is no library but an expression of CMake (TORCH_LIBRARIES holds such), and \`${match.facts["user"] ?? ""}\` cannot resolve it.`,
    fix: () => [
      "# in the package that is used: leave ${TORCH_LIBRARIES} out of catkin_package(LIBRARIES …) and DEPENDS Torch; export its own library alone",
      "# in the package that uses it: find_package(Torch REQUIRED) and target_link_libraries(… ${catkin_LIBRARIES} ${TORCH_LIBRARIES})",
      "rm -rf build devel   # then catkin build",
    ],
    sources: ["pytorch/pytorch#38239"],
    examples: [
      {
        text: "CMake Error at /w/devel/share/a/cmake/aConfig.cmake:150 (message):\n  Project 'b' tried to find library '-Wl,--no-as-needed,$<TARGET_FILE:torch>\n  -Wl,--as-needed'.  The library is neither a target nor built/installed\n  properly.",
        expect: "catkin_package",
      },
    ],
  },
  {
    id: "hipify-not-run",
    title: "torch's sources were not translated for ROCm",
    on: ["build-tool"],
    specificity: 83,
    matches: (finding) =>
      saidAny(
        finding,
        /add_subdirectory given source "?(?<dir>[^"\s]*(?:THH|[\\/]hip))"? which is not an/,
        /(?<dir>caffe2[\\/](?:hip|[\w/]*hip)[\\/][\w./]*|aten[\\/]src[\\/]THH\S*)['"]? ?(?:does not exist|needed by|which is not)/,
      ),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["dir"] ?? ""}\` is made by the script that translates CUDA's sources to HIP, and that did not run before CMake.`,
    fix: (match) => [
      `${python(match)} tools/amd_build/build_amd.py`,
      "rm -rf build && USE_ROCM=1 python setup.py develop   # newer states: USE_ROCM=1 pip install --no-build-isolation -v -e .",
    ],
    sources: ["pytorch/pytorch#44250", "https://github.com/pytorch/pytorch#from-source"],
    examples: [
      {
        text: 'CMake Error at aten/CMakeLists.txt:91 (add_subdirectory):\n  add_subdirectory given source "src/THH" which is not an existing directory.',
        expect: "build_amd.py",
      },
    ],
  },
  {
    id: "cmake-hip-version-unknown",
    title: "CMake finds ROCm, but not its version",
    on: ["build-tool", "installer"],
    specificity: 80,
    matches: (finding) =>
      saidAny(
        finding,
        /Could NOT find HIP: Found unsuitable version "(?<have>[\d.]*)"(?:, but required is at least "(?<need>[\d.]+)")?.*?(?:\(found (?<at>[^)]+)\))?$/s,
      ),
    confidence: "high",
    cause: (match) =>
      `CMake's FindHIP asks hipconfig for the version and gets ${match.facts["have"] === "0.0.0" ? "none (0.0.0)" : (match.facts["have"] ?? "another")}: hipconfig does not run (perl is missing, another Python or PATH in the isolated build), or the FindHIP that comes with torch is for another ROCm than the one at ${match.facts["at"] ?? "/opt/rocm"}.`,
    fix: (match) => [
      "export ROCM_PATH=/opt/rocm HIP_PATH=/opt/rocm PATH=/opt/rocm/bin:$PATH CMAKE_PREFIX_PATH=/opt/rocm:/opt/rocm/lib/cmake",
      `hipconfig --version; ${python(match)} -c "import torch; print(torch.version.hip)"   # the two should be of one major version`,
      ...(match.context.log.installer === undefined
        ? (cmakeAgain(match, [], " -DCMAKE_MODULE_PATH=/opt/rocm/lib/cmake/hip") ?? [
            "cmake -DCMAKE_MODULE_PATH=/opt/rocm/lib/cmake/hip ..   # ROCm's own FindHIP; in an empty build folder",
          ])
        : [
            'export CMAKE_ARGS="-DCMAKE_MODULE_PATH=/opt/rocm/lib/cmake/hip $CMAKE_ARGS"   # ROCm\'s own FindHIP, for set-up scripts that read the variable',
            ...buildAgain(match),
          ]),
    ],
    sources: ["vllm-project/vllm#6762"],
    examples: [
      {
        text: '-- Could NOT find HIP: Found unsuitable version "0.0.0", but required is at least "1.0" (found /opt/rocm)',
        expect: "hipconfig --version",
      },
    ],
  },
];
