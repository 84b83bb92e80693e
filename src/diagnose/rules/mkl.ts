/** Intel's MKL below torch: missing, too new, or of two installations. */
import { compareVersions } from "../../base/order.ts";
import { pip, platformOf, python, torchAgain, torchAtHand, unsetVariable } from "../commands/commands.ts";
import { cmakeAgain } from "../commands/typed-again.ts";
import { baseName } from "../parsers/parser.ts";
import { said, type Match, type Rule } from "../rule.ts";
import { symbolFacts, verdictOf } from "./symbol-facts.ts";

/** MKL's own, and BLAS functions that no other library has. */
const ofMkl = /^_?(?:mkl_|MKL_|vsl|vml|Dfti|iJIT_|__itt_|cblas_gemm_(?:s8u8s32|s16s16s32|bf16bf16f32|f16f16f32))/;

function install(match: Match, what: string): string {
  return match.context.log.conda ? `conda install "${what}"` : pip(match, `install "${what}"`);
}

/** A library of oneMKL for SYCL. */
function ofSycl({ facts }: Match): boolean {
  return /^libmkl_sycl/.test(facts["name"] ?? "");
}

/**
 * Intel's extension for torch takes MKL from oneAPI, and torch's packages of another index: an environment of their own, without
 * conda's MKL, is what Intel's guide starts from.
 */
function environmentForXpu(match: Match): string[] | undefined {
  const { finding, context } = match;
  const ofExtension = [finding, ...context.findings].some(({ text, frames = [] }) =>
    [text, ...frames].some((line) => /intel_extension_for_pytorch|[\\/]ipex[\\/]/.test(line)),
  );
  if (!ofExtension || !/[\\/](?:intel|oneapi)[\\/]/.test(finding.file ?? "") || !context.log.conda) return undefined;
  const root = /^(.*[\\/]oneapi)[\\/]/.exec(finding.file ?? "")?.[1] ?? "/opt/intel/oneapi";
  const asked = (context.log.installs ?? []).join(" ");
  const index =
    /--(?:extra-)?index-url[ =]"?(https:\/\/[^\s"]*intel[^\s"]*)/.exec(asked)?.[1] ??
    "https://pytorch-extension.intel.com/release-whl/stable/xpu/us/";
  return [
    `${pip(match, "list --format=freeze")} | grep -iE "^(torch|torchvision|torchaudio|intel.extension.for.pytorch|oneccl.bind.pt)=" > xpu.txt   # what is installed here`,
    `conda create -y -n xpu python=${context.log.python ?? "3.11"} && conda activate xpu   # a fresh environment, without conda's MKL; not (base)`,
    `${pip(match, `install -r xpu.txt --extra-index-url ${index}`)}`,
    `source ${root}/setvars.sh --force   # the oneAPI release that this extension names`,
  ];
}

/** Whether the text's torch is one that was built for NumPy 1. Source: pytorch/pytorch#107302 (NumPy 2 since torch 2.3). */
function beforeNumpy2(match: Match): boolean {
  const torch = torchAtHand(match);
  return torch !== undefined && compareVersions(torch.release, [2, 3]) < 0;
}

export const mklRules: readonly Rule[] = [
  {
    id: "mkl-parts-missing",
    title: "MKL does not find its own parts",
    on: ["exception"],
    specificity: 78,
    matches: (finding) =>
      said(finding, /Intel MKL FATAL ERROR: (?:Cannot load|Error on loading function) (?<part>[\w.]+)/),
    confidence: "high",
    cause: (match) =>
      `MKL loads \`${match.facts["part"] ?? ""}\` when it is first used, and finds it not, or one of another release: NumPy's MKL of conda beside another one (LD_LIBRARY_PATH, Intel's setvars.sh, a program that loads Python), or MKL was loaded in a way that hides its symbols.`,
    fix: (match) => [
      unsetVariable(match, "LD_LIBRARY_PATH") + "   # and without Intel's setvars.sh",
      ...(match.context.log.conda
        ? ["conda install --force-reinstall mkl mkl-service numpy"]
        : [
            // torch below 2.3 is built for NumPy 1.
            pip(match, `install --force-reinstall ${beforeNumpy2(match) ? '"numpy<2"' : "numpy"}`) +
              "   # pip's NumPy has OpenBLAS, no MKL; conda: conda install --force-reinstall mkl mkl-service numpy",
          ]),
      "# or export LD_PRELOAD=$CONDA_PREFIX/lib/libmkl_core.so:$CONDA_PREFIX/lib/libmkl_sequential.so   # conda's MKL, when a program brings Python along",
    ],
    sources: ["https://www.intel.com/content/www/us/en/developer/tools/oneapi/onemkl.html"],
    examples: [
      {
        text: "torch 2.1.2+cu118\nIntel MKL FATAL ERROR: Cannot load libmkl_avx512.so or libmkl_def.so.",
        expect: 'install --force-reinstall "numpy<2"',
      },
      { text: "Intel MKL FATAL ERROR: Cannot load libmkl_avx512.so or libmkl_def.so.", expect: "OpenBLAS" },
    ],
  },
  {
    id: "mkl-headers-for-torch-missing",
    title: "torch's CMake files want the headers of MKL",
    on: ["build-tool"],
    specificity: 84,
    matches: (finding) => said(finding, /MKL_INCLUDE_DIR-NOTFOUND/),
    confidence: "high",
    cause: () =>
      "This torch (LibTorch) was built with MKL, and its CMake files hand MKL's include folder on to whoever links it. No MKL headers are installed, so that the folder is called MKL_INCLUDE_DIR-NOTFOUND, which CMake refuses. The libraries of MKL are in libtorch_cpu already.",
    fix: (match) => {
      const { conda } = match.context.log;
      const windows = platformOf(match) === "win32";
      // torch's own headers ask for none of MKL's: CMake wants a folder that is there.
      const folder = conda ? '"$CONDA_PREFIX/include"' : windows ? "C:/mkl-headers" : '"$HOME/mkl-headers"';
      const given = `-DMKL_INCLUDE_DIR=${conda && windows ? '"%CONDA_PREFIX%\\Library\\include"' : folder}`;
      return [
        conda ? "conda install -c conda-forge mkl-include" : windows ? "mkdir C:\\mkl-headers" : `mkdir -p ${folder}`,
        ...(cmakeAgain(match, [], given) ?? [
          `cmake ${given} ..   # in an empty build folder, with the options as before`,
        ]),
        ...(conda
          ? []
          : [
              `# an empty folder will do: torch's own headers include none of MKL's. A program that itself includes mkl.h: ${pip(match, "install mkl-include")}, and the folder in which that puts mkl.h`,
            ]),
      ];
    },
    sources: [
      "mir-group/nequip#151",
      "mir-group/pair_nequip#8",
      "mir-group/pair_nequip_allegro#56",
      "https://pypi.org/project/mkl-include/",
    ],
    examples: [
      {
        text: 'CMake Error in CMakeLists.txt:\n  Imported target "torch" includes non-existent path\n\n    "MKL_INCLUDE_DIR-NOTFOUND"\n\n  in its INTERFACE_INCLUDE_DIRECTORIES.',
        expect: "mkl-include",
      },
      {
        text: 'jo@box:~/lammps/build$ cmake ../cmake -DCMAKE_PREFIX_PATH=/opt/libtorch\nCMake Error in CMakeLists.txt:\n  Target "lammps" contains relative path in its\n  INTERFACE_INCLUDE_DIRECTORIES:\n\n    "MKL_INCLUDE_DIR-NOTFOUND"',
        expect: 'cmake ../cmake -DCMAKE_PREFIX_PATH=/opt/libtorch -DMKL_INCLUDE_DIR="$HOME/mkl-headers"',
      },
      {
        text: '(sim) jo@box:~/lammps/build$ conda list mkl\n(sim) jo@box:~/lammps/build$ cmake ../cmake -DCMAKE_PREFIX_PATH=/opt/libtorch\nCMake Error in CMakeLists.txt:\n  Target "lammps" contains relative path in its\n  INTERFACE_INCLUDE_DIRECTORIES:\n\n    "MKL_INCLUDE_DIR-NOTFOUND"',
        expect: '-DMKL_INCLUDE_DIR="$CONDA_PREFIX/include"',
      },
    ],
  },
  {
    id: "mkl-other-openmp",
    title: "MKL wants another OpenMP run time than the one that is loaded",
    on: ["exception"],
    specificity: 80,
    matches: (finding) =>
      said(finding, /MKL_THREADING_LAYER=(?<layer>\w+) is incompatible with (?<library>[\w.+-]+?)(?: library|\.?$)/),
    confidence: "high",
    cause: (match) =>
      `MKL is set to threads of ${match.facts["layer"] ?? "INTEL"} and \`${match.facts["library"] ?? ""}\`, another OpenMP run time, was loaded before it (by torch, an extension, scikit-learn): a child process imports NumPy later than that.`,
    fix: () => [
      "export MKL_THREADING_LAYER=GNU   # MKL takes the run time that is there",
      "# or import numpy before torch and the extension",
    ],
    sources: ["pytorch/pytorch#37377"],
    examples: [
      {
        text: "Error: mkl-service + Intel(R) MKL: MKL_THREADING_LAYER=INTEL is incompatible with libgomp-a34b3233.so.1 library.",
        expect: "MKL_THREADING_LAYER=GNU",
      },
    ],
  },
  {
    id: "mkl-too-new-for-torch",
    title: "MKL is newer than this torch",
    on: ["undefined-symbol"],
    specificity: 82,
    matches: (finding, context) => {
      const verdict = verdictOf(finding);
      return verdict !== undefined && /^_?(?:iJIT_|__itt_)/.test(finding.symbol ?? "")
        ? symbolFacts(finding, verdict, context)
        : undefined;
    },
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\` is of the profiling part of Intel's MKL, which MKL 2024.1 dropped; conda's builds of torch up to 2.3 call it. (pip's torch has MKL inside.)`,
    fix: (match) => [install(match, "mkl<2024.1"), "# or a newer torch, or torch from pip"],
    sources: ["pytorch/pytorch#123097"],
    examples: [
      {
        text: "ImportError: /c/envs/e/lib/python3.10/site-packages/torch/lib/libtorch_cpu.so: undefined symbol: iJIT_NotifyEvent",
        expect: "mkl<2024.1",
      },
    ],
  },
  {
    id: "mkl-mixed",
    title: "Parts of two MKL installations are loaded",
    on: ["undefined-symbol"],
    specificity: 80,
    matches: (finding, context) => {
      const verdict = verdictOf(finding);
      if (verdict === undefined || finding.phase !== "load") return undefined;
      // An extension that was not linked with it is another rule's.
      if (/\.(?:cpython-\d+|abi3)/.test(baseName(finding.file ?? "")) && !/[\\/]torch[\\/]/.test(finding.file ?? ""))
        return undefined;
      return ofMkl.test(finding.symbol ?? "") ? symbolFacts(finding, verdict, context) : undefined;
    },
    confidence: "medium",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\` is of Intel's MKL, and the MKL (or the other BLAS) that was loaded first does not have it: ${environmentForXpu(match) !== undefined ? "this conda environment has an older MKL of its own, which NumPy or torch loads first, and Intel's extension needs the parts of oneAPI's" : /[\\/]opt[\\/]intel/.test(match.finding.file ?? "") ? "LD_LIBRARY_PATH names Intel's installation (setvars.sh), which is found before the environment's" : "LD_LIBRARY_PATH puts another installation first, or MKL was updated in this environment without the packages that use it (conda and pip mixed)"}.`,
    fix: (match) =>
      environmentForXpu(match) ?? [
        unsetVariable(match, "LD_LIBRARY_PATH") + "   # and do not source Intel's setvars.sh in this shell",
        ...(match.context.log.conda || /conda|envs/.test(match.finding.file ?? "")
          ? [
              "export LD_LIBRARY_PATH=$CONDA_PREFIX/lib   # when it has to be set: the environment's own first",
              "conda install --force-reinstall mkl mkl-service intel-openmp",
            ]
          : [pip(match, "install --force-reinstall mkl")]),
        `${torchAgain(match)}   # pip's torch has MKL inside`,
      ],
    sources: [
      "pytorch/pytorch#5099",
      "pytorch/pytorch#7758",
      "pytorch/pytorch#23466",
      "intel/intel-extension-for-pytorch#561",
    ],
    examples: [
      {
        text: '(base) [root@n1 /]# python -c "import intel_extension_for_pytorch"\n  File "/root/miniconda3/lib/python3.10/site-packages/intel_extension_for_pytorch/__init__.py", line 94, in <module>\n    from .utils._proxy_module import *\nImportError: /opt/intel/oneapi/mkl/2024.0/lib/libmkl_gnu_thread.so.2: undefined symbol: mkl_blas_xgemm_f16f16f32_pack',
        expect: "conda create -y -n xpu python=3.10",
      },
      {
        text: "ImportError: /opt/intel/mkl/lib/intel64_lin/libmkl_gf_lp64.so: undefined symbol: mkl_lapack_ao_zgetrf",
        expect: "setvars.sh",
      },
      {
        text: "ImportError: /home/u/anaconda3/envs/p/lib/python3.7/site-packages/torch/lib/libmkldnn.so.0: undefined symbol: cblas_gemm_s8u8s32",
        expect: "CONDA_PREFIX",
      },
    ],
  },
  {
    id: "mkl-library-missing",
    title: "MKL is not installed in this environment",
    on: ["missing-library"],
    specificity: 82,
    matches: (finding, context) => {
      const name = /^libmkl_[\w-]+\.(?:so|dylib)[\d.]*/.exec(baseName(finding.library ?? ""))?.[0];
      // It is there, and may not be loaded: another rule's.
      const refused = /code signature|not valid for use|disallowed by system policy/i;
      if (finding.phase !== "load" || name === undefined || refused.test(finding.message)) return undefined;
      return context.findings.some(({ kind, file }) => kind === "load" && baseName(file ?? "") === name)
        ? undefined
        : { name };
    },
    confidence: "high",
    cause: (match) =>
      ofSycl(match)
        ? `\`${match.facts["name"] ?? ""}\` is the part of oneMKL for Intel's GPUs. Intel's extension for torch, and a torch for XPU of before 2.5, bring none of oneAPI: it has to be installed in the release that they were built with, and set up in the shell that runs them.`
        : `\`${match.facts["name"] ?? ""}\` is of Intel's MKL, which conda's torch (and what was linked with it) takes from the environment: it is not installed there, of another major version (libmkl_*.so.1 and .so.2 differ), or its folder is not searched.`,
    fix: (match) =>
      ofSycl(match)
        ? [
            "source /opt/intel/oneapi/setvars.sh   # or: source /opt/intel/oneapi/compiler/latest/env/vars.sh; source /opt/intel/oneapi/mkl/latest/env/vars.sh",
            `find / -name '${(match.facts["name"] ?? "").replace(/\.so.*$/, ".so*")}' 2>/dev/null   # another number behind .so: oneAPI of another release (.so.2: 2022, .so.3: 2023, .so.4: 2024)`,
            `${pip(match, "list")} | grep -iE "^(intel.extension|torch|mkl|dpcpp)"   # the release of the extension: its installation page names the oneAPI (sudo apt-get install intel-oneapi-mkl-<release>)`,
          ]
        : [
            install(
              match,
              `mkl${/\.so\.1$/.test(match.facts["name"] ?? "") ? (match.context.log.conda ? "=2020" : "==2020.*") : ""}`,
            ),
            match.context.log.conda
              ? "export LD_LIBRARY_PATH=$CONDA_PREFIX/lib:$LD_LIBRARY_PATH"
              : 'export LD_LIBRARY_PATH=$(python -c "import sys; print(sys.prefix)")/lib:$LD_LIBRARY_PATH',
            "# Intel's own installation: source /opt/intel/oneapi/setvars.sh",
            `${torchAgain(match)}   # pip's torch needs no MKL`,
          ],
    sources: ["pytorch/pytorch#4025", "intel/intel-extension-for-pytorch#244", "intel/intel-extension-for-pytorch#396"],
    examples: [
      {
        text: "ImportError: libmkl_gf_lp64.so: cannot open shared object file: No such file or directory",
        expect: "install",
      },
      {
        text: "ImportError: libmkl_sycl.so.3: cannot open shared object file: No such file or directory",
        expect: "source /opt/intel/oneapi/setvars.sh",
      },
      {
        text: "OSError: libmkl_intel_lp64.so.1: cannot open shared object file: No such file or directory",
        expect: "mkl",
      },
    ],
  },
  {
    id: "mkl-threads-without-openmp",
    title: "MKL's threads find no OpenMP run time",
    on: ["undefined-symbol"],
    specificity: 86,
    matches: (finding) => {
      const [, layer] = /(libmkl_(?:intel|gnu)_thread)\.so[\d.]*$/.exec(finding.file ?? "") ?? [];
      const { symbol = "" } = finding;
      return layer === undefined || !/^(?:__kmpc_|omp_|kmp_|GOMP_)/.test(symbol) ? undefined : { layer, symbol };
    },
    confidence: "high",
    cause: (match) => {
      const gnu = match.facts["layer"] === "libmkl_gnu_thread";
      return `\`${match.facts["symbol"] ?? ""}\` is of the OpenMP run time that MKL's threads need (${gnu ? "libgomp" : "libiomp5"}), and none is loaded: the package with it is missing, or this MKL (of conda, of Intel's setvars.sh, on LD_LIBRARY_PATH) is found in place of the one that torch was linked with. Nothing was built wrong.`;
    },
    fix: (match) => {
      const gnu = match.facts["layer"] === "libmkl_gnu_thread";
      const library = gnu ? "libgomp.so.1" : "libiomp5.so";
      return [
        `${unsetVariable(match, "LD_LIBRARY_PATH")}; ${python(match)} -c "import torch"   # another MKL was in the way where this works`,
        gnu ? install(match, "libgomp") : install(match, "intel-openmp"),
        `LD_PRELOAD=${match.context.log.conda ? "$CONDA_PREFIX/lib" : `$(${python(match)} -c "import sys; print(sys.prefix)")/lib`}/${library} ${python(match)} -c "import torch"   # when it is there and is not found: export LD_PRELOAD so`,
      ].filter((line) => !line.includes('pip install "libgomp"'));
    },
    sources: ["pytorch/pytorch#116576", "intel/intel-extension-for-pytorch#573", "pyinstaller/pyinstaller#4478"],
    examples: [
      {
        text: "ImportError: /opt/conda/envs/e/lib/libmkl_intel_thread.so.2: undefined symbol: __kmpc_reduce_nowait",
        expect: "intel-openmp",
      },
    ],
  },
];
