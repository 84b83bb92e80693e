/** Where a script or an import looks: a Python without torch, a package's own source folder, a wheel of another machine. */
import { commandAgain } from "../commands/failed-command.ts";
import { own } from "../../base/own.ts";
import { installAgain, pip, platformOf, python, rebuild } from "../commands/commands.ts";
import { failedProgram } from "../commands/failed-command.ts";
import { type Match, type Rule, said, saidAny } from "../rule.ts";

/** torch for the Python at hand; for a Jetson it is a wheel of NVIDIA's, for one Python alone. */
function installTorch(match: Match): string[] {
  const { jetson, torchWheel } = match.context.log;
  const here = python(match) === "python" ? "python3" : python(match);
  if (!jetson) return [`${here} -m pip install torch setuptools wheel ninja`];
  const version = /-cp3(\d+)-/.exec(torchWheel ?? "")?.[1];
  const of = version === undefined ? here : `python3.${version}`;
  return torchWheel === undefined
    ? [
        `${here} -m pip install torch --index-url https://pypi.jetson-ai-lab.io/jp6/cu126   # JetPack 6; 5 and 4: NVIDIA's wheel for it and for this Python ("PyTorch for Jetson"); PyPI's torch has no code for the board`,
      ]
    : [
        `${of} -m pip install ${torchWheel}   # ${version === undefined ? "this wheel" : `the wheel is for Python 3.${version}`}; PyPI's torch has no code for the board`,
        `${of} -c "import torch; print(torch.__version__)" && ${of} setup.py install   # the same interpreter for both`,
      ];
}

/** Compiled modules of Python itself, which a Python that was built without a library lacks. */
const ofPython =
  /^_(?:ctypes|sqlite3|tkinter|socket|struct|curses|lzma|hashlib|decimal|elementtree|multiprocessing|posixsubprocess|distutils_hack|pickle|datetime|json|random|queue|heapq|bisect|collections_abc|weakref|thread|winapi|overlapped|asyncio|uuid|crypt|locale|opcode|functools|operator|codecs|warnings|imp|sysconfigdata\w*)$/;

/** A folder of a person's own: somebody typed the path; what built this Python elsewhere has others. */
const typedPath = /^(?:[A-Za-z]:|\/(?:home|Users|root|content|kaggle|workspace|mnt|data)\/)/;

/** The folder that holds the sources of the package: `/w` of `/w/my_ops/__init__.py`. */
function rootOf({ facts }: Match): string {
  const file = facts["file"] ?? "";
  const top = facts["top"] ?? "";
  // A repository and its package often bear one name: the package is the inner one.
  const at = file.search(new RegExp(`[\\\\/]${top}[\\\\/](?!${top}[\\\\/])`));
  // Sources in `src` are built from the folder above it.
  return at > 0 ? file.slice(0, at).replace(/(?:^|(?<=[^\\/])[\\/])src$/, "") || "." : ".";
}

/** The PYTHONPATH by which the text's program finds the sources before the package that was installed: `PYTHONPATH=. `. */
function hiddenBy(match: Match): string | undefined {
  const { findings, log } = match.context;
  const top = (match.facts["top"] ?? "").replaceAll("_", "[-_]");
  const wasInstalled = findings.some(
    ({ code, at, text }) =>
      code === "installed" && at < match.finding.at && new RegExp(`\\b${top}[- ]\\d`, "i").test(text),
  );
  if (!wasInstalled) return undefined;
  const line = failedProgram(match)?.line ?? log.typedProgram ?? "";
  const [whole, folders = ""] = /(?:^|\s)PYTHONPATH=(\S+)\s/.exec(line) ?? [];
  const root = rootOf(match);
  return folders
    .replaceAll(/["']/g, "")
    .split(":")
    .some((folder) => [".", "./", "$PWD", "$(pwd)", root, `${root}/`].includes(folder))
    ? whole
    : undefined;
}

/**
 * The program again without that path: a script and torchrun look into the script's own folder first, `-m` and `-c` into the
 * folder that they are started in.
 */
function withoutOwnPath(match: Match): string[] {
  const path = hiddenBy(match);
  const line = failedProgram(match)?.line ?? match.context.log.typedProgram;
  if (path === undefined || line === undefined) return [];
  const again = line.replace(path, path.startsWith(" ") ? " " : "");
  const script = /(?:^|\s)(\S+\.py)(?=\s|$)/.exec(again)?.[1];
  return script === undefined || !script.includes("/") || / -m (?!torch\.distributed)\w/.test(again)
    ? []
    : [`unset PYTHONPATH && ${again}   # the installed package, which has its extension, is found then`];
}

/** The script that was run: the last one of the project's own in the traceback, else the one that was typed. */
function scriptOf(match: Match): string {
  const own = match.finding.frames
    ?.map((frame) => /^([^:]+\.py):\d/.exec(frame)?.[1])
    .findLast((file) => file !== undefined && !/-packages|[\\/]lib\d*[\\/]python/.test(file));
  return own ?? /(?:^| )([^\s-]\S*\.py)(?= |$)/.exec(match.context.log.typedProgram ?? "")?.[1] ?? "setup.py";
}

/** pytest's frames are relative to where it was started; Python's own words at the end name the whole path. */
function wholePath(message: string, file: string): string {
  const named = /\(((?:[A-Za-z]:)?[\\/][^()]+\.py)\)$/.exec(message)?.[1];
  return named?.endsWith(`/${file}`) === true ? named : file;
}

/** What setuptools could not copy has no ending of a file: the folders of DeepSpeed that link to others. */
function isLinkedFolder(match: Match): boolean {
  const { requested } = match.context.log;
  return (
    // What pip fetches by a name is in no folder of the user's.
    (requested === undefined || /^(?:-e )?"?[.~\\/]/.test(requested.join(" "))) &&
    /^[\w-]+[\\/](?:[\w-]+[\\/])*[\w-]+$/.test(match.facts["file"] ?? "") &&
    !/^build[\\/]/.test(match.facts["file"] ?? "")
  );
}

/** Folders in place of the links to them. DeepSpeed's are known by their targets, which a checkout on Windows has lost. */
function copyLinkedFolders(match: Match): string[] {
  const file = match.facts["file"] ?? "";
  const again = commandAgain(match) ?? [];
  if (platformOf(match) !== "win32")
    return [
      `find . -type l -xtype d -not -path './.git/*' -exec sh -c 'cp -rL "$1" "$1.copy" && rm "$1" && mv "$1.copy" "$1"' sh {} ';'   # in the folder of the sources: folders in place of the links`,
      "rm -rf build *.egg-info",
      ...again,
    ];
  const links = file.startsWith("deepspeed")
    ? [
        ["deepspeed\\accelerator", "accelerator"],
        ["deepspeed\\ops\\csrc", "csrc"],
        ["deepspeed\\ops\\op_builder", "op_builder"],
      ]
    : [[file.replaceAll("/", "\\"), file.split(/[\\/]/).at(-1) ?? file]];
  return [
    ...links.flatMap(([link = "", folder = ""]) => [`del ${link}`, `xcopy /e /i /q ${folder} ${link}`]),
    "rmdir /s /q build",
    ...again,
  ];
}

export const wrongPlaceRules: readonly Rule[] = [
  {
    id: "torch-not-in-this-python",
    title: "The Python that runs the script has no torch",
    on: ["exception"],
    specificity: 83,
    matches: (finding, context) => {
      const facts = said(finding, /No module named ['"]?(?<module>torch(?:\.[\w.]+)?)['"]?(?:\s|$|;)/);
      if (facts === undefined || context.log.installer !== undefined) return undefined;
      // A file torch.py is in the way.
      if (finding.message.includes("is not a package")) return undefined;
      // Of installers and build backends is the frame of build_meta.py, build_env.py, build_ext.py and their like.
      const script = finding.frames?.some(
        (frame) =>
          /(?:^|[\\/])(?:setup|build|make|compile)\w*\.py:\d/.test(frame) &&
          !/(?:site|dist)-packages[\\/]|[\\/]lib[\\/]python\d|[\\/]Lib[\\/]|(?:^|[\\/])(?:build_meta|build_env|build_py|build_ext|build_clib)\.py:/.test(
            frame,
          ),
      );
      if (script !== true) return undefined;
      // pip, uv and `build` run the script by a build backend, in an environment of its own.
      if (finding.frames?.some((frame) => /build_meta\.py:|_in_process|pyproject_hooks/.test(frame)) === true)
        return undefined;
      if (context.findings.some((other) => other.kind === "wrapper" && other.tool === "pip")) return undefined;
      if (!/^torch(?:\.utils(?:\.cpp_extension)?)?$/.test(facts["module"] ?? "")) return undefined;
      return {
        ...facts,
        // Python 2 names a module without quotes.
        two: /No module named torch/.test(finding.message) ? "yes" : undefined,
        sudo: context.log.sudo ? "yes" : undefined,
        installed: context.log.installedTorch ?? context.log.torch,
      };
    },
    confidence: (match) =>
      match.facts["sudo"] !== undefined || match.facts["two"] !== undefined || match.facts["installed"] !== undefined
        ? "high"
        : "medium",
    cause: (match) =>
      `The script was run by a Python that has no torch${match.facts["installed"] === undefined ? "" : `, although torch ${match.facts["installed"]} is installed (in another one)`}: ${match.facts["sudo"] === undefined ? "" : "sudo takes the system's PATH, so `python` and `pip` are the system's, not those of the environment. "}${match.facts["two"] === undefined ? "" : "The message is of Python 2: `python` is not the interpreter of the environment. "}${match.facts["sudo"] === undefined && match.facts["two"] === undefined ? "no environment is active, or `python` is another one than pip's." : ""}`.trim(),
    fix: (match) => [
      ...(match.facts["sudo"] === undefined
        ? []
        : [
            "# without sudo: an environment of your own needs none. Where it must be, with the environment's own interpreter:",
            'sudo env "PATH=$PATH" "$(which python)" setup.py install',
          ]),
      `which -a python python3 pip; ${python(match)} -V`,
      `${python(match)} -c "import sys, torch; print(sys.executable, torch.__version__)"   # fails: activate the environment that has torch, or`,
      ...installTorch(match),
    ],
    sources: ["cfzd/Ultra-Fast-Lane-Detection-v2#131"],
    examples: [
      {
        text: 'u@h:~/p$ sudo sh build.sh\nTraceback (most recent call last):\n  File "setup.py", line 2, in <module>\n    from torch.utils.cpp_extension import BuildExtension, CUDAExtension\nImportError: No module named torch.utils.cpp_extension',
        expect: "sudo env",
      },
      {
        text: "Traceback (most recent call last):\n  File \"setup.py\", line 4, in <module>\n    import torch\nModuleNotFoundError: No module named 'torch'",
        expect: "which -a python",
      },
      {
        text: "jo@box:~/ops$ python setup.py install\n-bash: python: command not found\njo@box:~/ops$ python3 setup.py install\nTraceback (most recent call last):\n  File \"/home/jo/ops/setup.py\", line 2, in <module>\n    from torch.utils.cpp_extension import BuildExtension\nModuleNotFoundError: No module named 'torch'",
        expect: 'python3 -c "import sys, torch',
      },
    ],
  },
  {
    id: "extension-artifact-not-made",
    title: "setuptools does not find the extension that it should have built",
    on: ["installer"],
    specificity: 78,
    matches: (finding) => (finding.code === "artifact-missing" ? { file: finding.symbol } : undefined),
    confidence: "medium",
    cause: (match) =>
      isLinkedFolder(match)
        ? `\`${match.facts["file"] ?? ""}\` is no file but a symbolic link to a folder of the sources (git on Windows, and some archives, make a text file of it), and setuptools copies files alone.`
        : `\`${match.facts["file"] ?? ""}\` is to be copied and was not made: its build failed or was skipped (an earlier message says so), it was made under another name (with or without \`.cpython-…\`, for another Python), or a build folder of an earlier version is in the way.`,
    fix: (match) =>
      isLinkedFolder(match)
        ? copyLinkedFolders(match)
        : [
            "rm -rf build *.egg-info && git status --short",
            pip(match, "install -v --no-build-isolation .   # then read the first error"),
            "# the name: a CMake or custom build_ext has to write to self.get_ext_fullpath(ext.name); BuildExtension.with_options(no_python_abi_suffix=True) makes one without .cpython-…",
          ],
    sources: ["pytorch/rl#147", "deepspeedai/DeepSpeed#3207", "deepspeedai/DeepSpeed#1909"],
    examples: [
      {
        text: "$ pip install .\n      writing manifest file 'deepspeed.egg-info/SOURCES.txt'\n      error: can't copy 'deepspeed/accelerator': doesn't exist or not a regular file\n  ERROR: Failed building wheel for deepspeed",
        expect: "python -m pip install .",
      },
      {
        text: "error: can't copy 'build/lib.linux-x86_64-3.9/my_ops/_C.so': doesn't exist or not a regular file",
        expect: "my_ops/_C.so",
      },
    ],
  },
  {
    id: "extension-file-of-other-python",
    title: "The module's file is for another Python",
    on: ["exception"],
    specificity: 78,
    matches: (finding, context) => {
      const facts = said(finding, /No module named ['"](?<module>[\w.]+)['"]/);
      const name = facts?.["module"]?.split(".").at(-1) ?? "";
      const built = own(context.log.moduleFiles, name);
      const runs = context.log.runningPython ?? context.environment?.python?.version.slice(0, 2).join(".");
      return built === undefined || (runs !== undefined && built.includes(runs))
        ? undefined
        : { ...facts, built: built.join(", "), runs };
    },
    confidence: (match) => (match.facts["runs"] === undefined ? "low" : "high"),
    cause: (match) =>
      `The text shows a file of \`${match.facts["module"] ?? ""}\` for Python ${match.facts["built"] ?? ""}, and ${match.facts["runs"] === undefined ? "another Python" : `Python ${match.facts["runs"]}`} runs: Python takes only files with its own tag in their names (cpython-3XY, cp3XY-win_amd64), so it does not see this one.`,
    fix: (match) => [
      `${python(match)} -c "import sys, sysconfig; print(sys.executable, sysconfig.get_config_var('EXT_SUFFIX'))"   # the Python that runs, and the ending that it looks for`,
      ...rebuild(match),
      `# or run the program with Python ${match.facts["built"] ?? ""}; renaming the file does not help`,
    ],
    sources: ["https://peps.python.org/pep-3149/"],
    examples: [
      {
        text: "$ ls build\nmy_ops.cpython-310-x86_64-linux-gnu.so\n$ python3.12 -c 'import torch, my_ops'\nModuleNotFoundError: No module named 'my_ops'",
        expect: "for Python 3.10, and Python 3.12 runs",
      },
      {
        text: "copying build\\lib\\fused.cp311-win_amd64.pyd -> .\nModuleNotFoundError: No module named 'fused'",
        expect: "another Python runs",
      },
    ],
  },
  {
    id: "jit-module-not-in-cache",
    title: "The extension that load() built is not in its cache",
    on: ["exception"],
    specificity: 80,
    matches: (finding) =>
      finding.frames?.some((frame) => /cpp_extension\.py:\d+ _import_module_from_library/.test(frame)) === true
        ? said(finding, /No module named ['"](?<module>\w+)['"]/)
        : undefined,
    confidence: "high",
    cause: (match) =>
      `torch.utils.cpp_extension.load found a folder for \`${match.facts["module"] ?? ""}\` in its cache and took it for built, but the module is not in it: an earlier build broke off (its first error was the reason), \`['ninja', '-v']\` was turned into \`['ninja', '--version']\` in cpp_extension.py, or the folder is of another Python.`,
    fix: (match) => [
      match.context.log.jitFolder === undefined
        ? `rm -rf ~/.cache/torch_extensions/*/${match.facts["module"] ?? ""} ~/.cache/torch_extensions/${match.facts["module"] ?? ""}   # or below TORCH_EXTENSIONS_DIR; Windows: %LOCALAPPDATA%\\torch_extensions`
        : `rm -rf ${match.context.log.jitFolder}`,
      "# undo any edit that turned ['ninja', '-v'] into ['ninja', '--version']",
      `${python(match)} -c "import torch.utils.cpp_extension as c; print(c.CUDA_HOME)"; ninja --version   # both are needed; then run again and read the first error of the build`,
    ],
    sources: ["DiT-3D/DiT-3D#11", "pytorch: torch/utils/cpp_extension.py"],
    examples: [
      {
        text: 'Traceback (most recent call last):\n  File "/e/lib/python3.8/site-packages/torch/utils/cpp_extension.py", line 1560, in _import_module_from_library\n    file, path, description = imp.find_module(module_name, [path])\n  File "/e/lib/python3.8/imp.py", line 296, in find_module\n    raise ImportError(_ERR_MSG.format(name), name=name)\nImportError: No module named \'chamfer_3D\'',
        expect: "torch_extensions/*/chamfer_3D",
      },
    ],
  },
  {
    id: "compiled-part-of-sources-missing",
    title: "A compiled module that the sources import was not built or installed",
    on: ["exception"],
    specificity: 64,
    matches: (finding, { log }) => {
      const facts = said(finding, /No module named ['"](?<module>_?[a-z]\w*)['"]$/);
      const module = facts?.["module"] ?? "";
      // The import was tried first: load() then builds the same module while the program runs.
      if (log.extensionName !== undefined && module.replaceAll("_", "") === log.extensionName.replaceAll("_", ""))
        return undefined;
      const last = finding.frames?.at(-1) ?? "";
      if (module === "" || last === "" || !last.includes(`import ${module}`)) return undefined;
      const place = (last.split(/:\d/)[0] ?? "").replaceAll("\\", "/");
      if (/\/lib(?:64)?\/python3[^/]*\/(?!site-packages)/.test(place)) return undefined;
      // A project keeps its extension beside the Python files that import it.
      const carried =
        !/site-packages|dist-packages/.test(place) &&
        /\/(?:extensions?|ops|csrc|cuda|submodules|third_?party|thirdparty|libs?)\/[^/]+\/(?:\w+\/)?\w+\.py$/.test(
          place,
        );
      const hidden = /^_[a-z]{4,}\w*$/.test(module) && !ofPython.test(module);
      if (!carried && !hidden) return undefined;
      return {
        module,
        file: place,
        folder: carried ? place.replace(/\/[^/]+$/, "") : undefined,
        own: hidden && !/site-packages|dist-packages/.test(place) ? "yes" : undefined,
      };
    },
    confidence: (match) => (match.facts["folder"] === undefined ? "medium" : "low"),
    cause: (match) =>
      match.facts["folder"] !== undefined
        ? `\`${match.facts["module"] ?? ""}\` is the compiled module of the extension that the project keeps in \`${match.facts["folder"]}\`: it was not built, or installed for another Python, or into a folder that this Python does not search (\`setup.py install --user\`, PYTHONUSERBASE).`
        : match.facts["own"] === undefined
          ? `\`${match.facts["module"] ?? ""}\` is a compiled module that \`${match.facts["file"] ?? ""}\` imports, and the installed package has none for this Python: its wheel is for all Pythons without it, or its build left it out.`
          : `\`${match.facts["module"] ?? ""}\` is a compiled module, and \`${match.facts["file"] ?? ""}\` is imported from a folder of sources, in which it was not built: that folder hides the installed package where the program starts, or an editable installation did not compile.`,
    fix: (match) =>
      match.facts["folder"] !== undefined
        ? [
            `ls ${match.facts["folder"]}/setup.py && cd ${match.facts["folder"]} && ${pip(match, "install --no-build-isolation --no-cache-dir -v .")}   # with the Python that runs the program`,
            `${python(match)} -c "import sys; print(sys.path)"; ${pip(match, `show -f ${match.facts["module"] ?? ""}`)}   # where was it installed?`,
          ]
        : [
            ...(match.facts["own"] === undefined
              ? []
              : [
                  `cd /tmp && ${python(match)} -c "import ${match.facts["module"] ?? ""}"   # works? Then do not start from the folder of the sources`,
                ]),
            ...rebuild(match),
          ],
    sources: ["InternLM/lmdeploy#340", "yuxumin/PoinTr#7"],
    examples: [
      {
        text: "Traceback (most recent call last):\n  File \"/w/lmdeploy/lmdeploy/turbomind/turbomind.py\", line 22, in <module>\n    import _turbomind as _tm  # noqa: E402\nModuleNotFoundError: No module named '_turbomind'",
        expect: "folder of sources",
      },
      {
        text: "Traceback (most recent call last):\n  File \"/w/proj/extensions/chamfer_dist/__init__.py\", line 10, in <module>\n    import chamfer\nModuleNotFoundError: No module named 'chamfer'",
        expect: "cd /w/proj/extensions/chamfer_dist",
      },
    ],
  },
  {
    id: "extension-not-built-in-place",
    title: "The package is imported from its sources, where its extension was not built",
    on: ["exception"],
    specificity: 67,
    matches: (finding) => {
      const facts = saidAny(
        finding,
        /No module named ['"](?<module>(?<top>\w+)\.(?:[\w.]*\.)?(?:_\w+|\w*_(?:C|cuda|cpu|gpu|ext|cpp|kernels?)|C|(?:\w+_)?version|\w+_pb2|build_info))['"]/,
        /module ['"](?<top>\w+)['"] has no attribute ['"](?<part>(?:cpu|gpu|cuda)_\w+|\w+_(?:cpu|gpu|cuda|forward|backward))['"]/,
        /cannot import name ['"](?<part>_\w+|\w*_(?:C|cuda|ext|cpp))['"] from (?:partially initialized module )?['"](?<top>\w+)[\w.]*['"] \((?!.*(?:site|dist)-packages)/,
      );
      if (facts === undefined || /^(?:torch|numpy|pip|setuptools|distutils|_\w+)$/.test(facts["top"] ?? ""))
        return undefined;
      const last = finding.frames?.at(-1) ?? "";
      if (last === "" || /[\\/](?:site|dist)-packages[\\/]/.test(last)) return undefined;
      return new RegExp(`[\\\\/]${facts["top"] ?? ""}[\\\\/]`).test(last)
        ? { ...facts, file: wholePath(finding.message, last.split(/:\d/)[0] ?? "") }
        : undefined;
    },
    confidence: (match) => (hiddenBy(match) === undefined ? "medium" : "high"),
    cause: (match) =>
      `\`${match.facts["top"] ?? ""}\` is imported from the folder of its sources (\`${match.facts["file"] ?? ""}\`), and there is no ${/version$|_pb2$|build_info$/.test(match.facts["module"] ?? "") ? "" : "compiled "}\`${match.facts["module"] ?? match.facts["part"] ?? "module"}\` in it, which ${/version$|_pb2$|build_info$/.test(match.facts["module"] ?? "") ? "the build (setup.py, CMake) writes" : "a build makes"}: an editable installation that did not compile (scikit-build with pip 21.3 and newer, a cached build), or the program was started inside of the repository, whose folder hides the installed package.${hiddenBy(match) === undefined ? "" : ` Here it is the second: the package was installed before, and PYTHONPATH puts the sources in front of it.`}`,
    fix: (match) => [
      ...withoutOwnPath(match),
      ...(withoutOwnPath(match).length > 0
        ? [`# or build it in place, too: (cd ${rootOf(match)} && ${python(match)} setup.py build_ext --inplace)`]
        : [
            platformOf(match) === "win32"
              ? `cd /d %TEMP% && ${python(match)} -c "import ${match.facts["top"] ?? ""}; print(${match.facts["top"] ?? ""}.__file__)"   # works: do not start from the repository's folder. Else:`
              : `(cd /tmp && ${python(match)} -c "import ${match.facts["top"] ?? ""}; print(${match.facts["top"] ?? ""}.__file__)")   # works: do not start from the repository's folder. Else:`,
            `cd ${platformOf(match) === "win32" ? "/d " : ""}${rootOf(match)} && ${python(match)} setup.py build_ext --inplace   # or: ${pip(match, "install --no-build-isolation -v -e .")}`,
            "# scikit-build: SETUPTOOLS_ENABLE_FEATURES=legacy-editable pip install -e ., or plain pip install .",
          ]),
    ],
    sources: ["scikit-build/scikit-build#770", "https://setuptools.pypa.io/en/latest/userguide/development_mode.html"],
    examples: [
      {
        text: "kim@ws:~/kern$ pip install .\nSuccessfully installed kern-0.2\nkim@ws:~/kern$ PYTHONPATH=$PWD:/opt/tools python examples/run.py --n 4\nTraceback (most recent call last):\n  File \"/home/kim/kern/examples/run.py\", line 2, in <module>\n    import kern.ops\n  File \"/home/kim/kern/kern/ops.py\", line 4, in <module>\n    from kern import _C\nImportError: cannot import name '_C' from 'kern' (/home/kim/kern/kern/__init__.py)",
        expect: "unset PYTHONPATH && python examples/run.py --n 4",
      },
      {
        text: "Traceback (most recent call last):\n  File \"/w/pytorch_scatter/torch_scatter/utils/ext.py\", line 2, in <module>\n    import torch_scatter.scatter_cpu\nModuleNotFoundError: No module named 'torch_scatter.scatter_cpu'",
        expect: "from the folder of its sources",
      },
      {
        text: "Traceback (most recent call last):\n  File \"/w/my_ops/__init__.py\", line 1, in <module>\n    from . import _C\nModuleNotFoundError: No module named 'my_ops._C'",
        expect: "cd /w && python setup.py build_ext --inplace",
      },
      {
        text: "$ pytest -x tests/\ntests/test_q.py:3: in <module>\n    from quantops.ops import q4\nsrc/quantops/__init__.py:2: in <module>\n    from . import _C\nE   ImportError: cannot import name '_C' from partially initialized module 'quantops' (most likely due to a circular import) (/w/quant/src/quantops/__init__.py)",
        expect: "cd /w/quant && python setup.py build_ext --inplace",
      },
    ],
  },
  {
    id: "torch-submodule-not-imported",
    title: "A part of torch is used that nobody imported",
    on: ["exception"],
    specificity: 70,
    matches: (finding) =>
      said(
        finding,
        /module ['"](?<module>torch(?:\.utils)?)['"] has no attribute ['"](?<name>cpp_extension|tensorboard|model_zoo|bottleneck|mobile_optimizer)['"]/,
      ),
    confidence: "high",
    cause: (match) =>
      `\`import torch\` does not import ${match.facts["module"] ?? "torch"}.${match.facts["name"] ?? ""}: the script has to do so itself (it worked where another import had brought it along).`,
    fix: (match) => [
      `sed -i.bak 's/^import torch$/import torch\\nimport ${match.facts["module"] ?? "torch"}.${match.facts["name"] ?? ""}/' ${scriptOf(match)}   # or by hand`,
      ...(match.facts["name"] === "cpp_extension"
        ? ["# better: from torch.utils.cpp_extension import BuildExtension, CUDAExtension"]
        : []),
    ],
    sources: ["Megvii-BaseDetection/YOLOX#1252"],
    examples: [
      {
        text: "AttributeError: module 'torch.utils' has no attribute 'cpp_extension'",
        expect: "import torch.utils.cpp_extension",
      },
    ],
  },
  {
    id: "local-wheel-gone",
    title: "pip is sent to a wheel on a disk that does not have it",
    on: ["installer", "exception"],
    specificity: 79,
    matches: (finding) =>
      saidAny(
        finding,
        /No such file or directory: ['"](?<file>(?:[A-Za-z]:|\/)[^'"]*[\\/](?<name>[A-Za-z0-9_.]+)-(?<version>\d[^-'"]*)-[^'"]*\.(?:whl|tar\.gz))['"]/,
      ),
    confidence: "high",
    cause: (match) =>
      typedPath.test(match.facts["file"] ?? "")
        ? `\`${match.facts["file"] ?? ""}\` does not exist: the wheel is in another folder (the browser's downloads), was never downloaded, or its name is another one.`
        : `\`${match.facts["file"] ?? "The file"}\` does not exist here: a requirements file, a lock file or the installed package's own record (direct_url.json, written on the machine where this Python was put together) names a place of another machine.`,
    fix: (match) => {
      const name = (match.facts["name"] ?? "").replaceAll("_", "-");
      const file = (match.facts["file"] ?? "").split(/[\\/]/).at(-1) ?? "";
      if (typedPath.test(match.facts["file"] ?? ""))
        return [
          platformOf(match) === "win32"
            ? `dir /s /b "%USERPROFILE%\\${match.facts["name"] ?? ""}*.whl"   # where it is`
            : `find ~ -name '${match.facts["name"] ?? ""}*.whl' 2>/dev/null   # where it is`,
          pip(
            match,
            `install "<that path>"   # or the address that it is downloaded from; the file keeps its name: ${file}`,
          ),
        ];
      return [
        pip(
          match,
          `install --force-reinstall --no-deps "${name}==${match.facts["version"] ?? ""}"   # from the index: that writes the record anew`,
        ),
        "# a requirements file or constraint that names the path: delete that line; then the same command again",
        ...installAgain(match),
      ];
    },
    sources: ["https://packaging.python.org/en/latest/specifications/direct-url/", "BlackMixture/Mix-Studio#12"],
    examples: [
      {
        text: "ERROR: Could not install packages due to an OSError: [Errno 2] No such file or directory: '/build/wheels/numpy-2.4.6-cp313-cp313-linux_x86_64.whl'",
        expect: '"numpy==2.4.6"',
      },
      {
        text: "ERROR: Could not install packages due to an OSError: [Errno 2] No such file or directory: 'C:\\\\Users\\\\me\\\\src\\\\flash_attn-2.3.2-cp310-cp310-win_amd64.whl'",
        expect: "%USERPROFILE%",
      },
    ],
  },
];
