/** Symbols of torch that were not found, when a module is loaded or linked. */
import { installTorchSince, pip, platformOf, python, rebuild, unsetVariable } from "../commands/commands.ts";
import { cmakeFile } from "../commands/source-edits.ts";
import { tagSentence } from "../facts/stated-torch.ts";
import { baseName } from "../parsers/parser.ts";
import { packageOf } from "../tables/packages.ts";
import type { Match, Rule, RuleContext } from "../rule.ts";
import { typedWithTorch } from "../commands/typed-again.ts";
import { programFix } from "../commands/programs.ts";
import { isTorch, type SymbolVerdict } from "../symbols.ts";
import { hasTh, installedSentence, symbolFacts, torchHere, torchSymbol, verdictOf } from "./symbol-facts.ts";

/** `long` and `long int` as types of their own, in words that Perl and .NET read alike. */
const longAlone = String.raw`(?<!unsigned )(?<!long )\blong( int)?\b(?! (long|double|unsigned))`;
const ofTorch = "torch|ATen|c10";
const sourceFiles = ["*.cpp", "*.cc", "*.cu", "*.cuh", "*.h", "*.hpp"];

/** Where `long` is not int64_t: the pointers and the templates around such a call hold the type as well. */
function longToInt64(match: Match): string {
  return platformOf(match) === "win32"
    ? `powershell -Command "Get-ChildItem -Recurse -Include ${sourceFiles.join(",")} | ForEach-Object { $f = $_.FullName; $t = Get-Content $f -Raw; $n = $t -creplace '${longAlone}','int64_t'; if ($t -cmatch '${ofTorch}' -and $n -cne $t) { Set-Content $f $n -NoNewline; $f } }"   # in the folder of the sources`
    : `grep -rlE '${ofTorch}' ${[...sourceFiles, "*.mm"].map((form) => `--include='${form}'`).join(" ")} . | xargs perl -pi.bak -e 's/${longAlone}/int64_t/g'   # in the folder of the sources`;
}

/** Edits behind the line of a build that goes to the sources. */
function inFolderOf([first = "", ...build]: readonly string[], edits: readonly string[]): string[] {
  return first.startsWith("cd ") && !first.includes("&&")
    ? [first, ...edits, ...build]
    : [...edits, ...(first === "" ? [] : [first]), ...build];
}

const untypedData = /^(?:const_|mutable_)?data(?:_ptr)?$|^item$|^packed_accessor(?:32|64)?$/;

function dataType(verdict: SymbolVerdict): string | undefined {
  const { symbol } = verdict;
  if (verdict.owner !== "torch" || !symbol.path.some((part) => untypedData.test(part))) return undefined;
  if (symbol.form === "text") return /(?:data_ptr|data|item)<([^<>]+)>/.exec(symbol.name)?.[1];
  if (symbol.form === "msvc") {
    const code = /\?\?\$(?:const_|mutable_)?(?:data_ptr|item|data)@(\w)@/.exec(symbol.name)?.[1];
    return code === undefined ? undefined : { J: "long", K: "unsigned long", I: "unsigned int", D: "char" }[code];
  }
  const named = /(?:data_ptr|item|data)I(?:K)?(\d+)(\w+)/.exec(symbol.name);
  if (named !== null) return (named[2] ?? "").slice(0, Number(named[1]));
  const builtin: Record<string, string> = {
    l: "long",
    m: "unsigned long",
    x: "long long",
    y: "unsigned long long",
    j: "unsigned int",
    t: "unsigned short",
    c: "char",
  };
  return builtin[/(?:data_ptr|item|data)IK?([a-z])E/.exec(symbol.name)?.[1] ?? ""];
}

/** What a link misses has the old strings: the rest of torch's names that it misses are of functions that return one. */
function oldStringsIn({ findings }: RuleContext): boolean {
  return findings.some((finding) => {
    const verdict = finding.phase === "link" ? verdictOf(finding) : undefined;
    return verdict !== undefined && isTorch(verdict.owner) && verdict.symbol.strings === "old";
  });
}

/** torch.utils.ffi put its modules into such a folder. */
function ofFfi({ finding }: Match): boolean {
  return /[\\/]_ext[\\/]\w+[\\/]_?\w+\.(?:so|pyd)$/.test(finding.file ?? "");
}

/** torch's libraries for the target that failed, in CMakeLists.txt; undefined where CMake does not link, or the text names no target. */
function linkedInCmake(match: Match): string[] | undefined {
  const { cmake, host, linkedTarget } = match.context.log;
  const cmakeTarget = match.context.log.cmakeTarget ?? linkedTarget;
  if (
    cmakeTarget === undefined ||
    (host !== undefined && host !== "program") ||
    platformOf(match) === "win32" ||
    !/^[\w-]+$/.test(cmakeTarget)
  )
    return undefined;
  if (!cmake && match.context.log.linksWithoutTorch !== true) return undefined;
  const file = cmakeFile(match, "CMakeLists.txt");
  const call = `target_link_libraries *\\( *${cmakeTarget}`;
  return [
    `grep -qE '${call}( |\\))' ${file} || echo 'target_link_libraries(${cmakeTarget} "\${TORCH_LIBRARIES}")' >> ${file}`,
    `sed -i.bak -E '/[{]TORCH_LIBRARIES/!s/(${call}( +(PRIVATE|PUBLIC|INTERFACE))?)/\\1 "\${TORCH_LIBRARIES}"/' ${file}   # below find_package(Torch REQUIRED)`,
  ];
}

export const torchSymbolRules: readonly Rule[] = [
  {
    id: "data-ptr-type",
    title: "data_ptr<T>() with a type that torch does not define here",
    on: ["undefined-symbol"],
    specificity: 90,
    matches: (finding, context) => {
      const verdict = verdictOf(finding);
      if (verdict === undefined) return undefined;
      const type = dataType(verdict);
      if (type === undefined) return undefined;
      // On Linux int64_t is long, and data_ptr<long> is there.
      if (
        type === "long" &&
        context.log.platform !== "darwin" &&
        context.log.platform !== "win32" &&
        verdict.symbol.form !== "msvc"
      )
        return undefined;
      return { ...symbolFacts(finding, verdict, context), type };
    },
    confidence: "high",
    cause: (match) =>
      `The code calls \`data_ptr<${match.facts["type"] ?? ""}>()\` (or item/data of that type), for which torch has no instantiation on this platform` +
      (/long/.test(match.facts["type"] ?? "")
        ? ": `int64_t` is `long` on Linux but `long long` on macOS and Windows."
        : "."),
    fix: (match) =>
      /long/.test(match.facts["type"] ?? "")
        ? [
            ...inFolderOf(platformOf(match) === "win32" ? [] : rebuild(match), [
              longToInt64(match),
              "# int64_t in place of long in all sources that use torch: data_ptr<int64_t>(), accessor<int64_t, 1>(), the pointers and templates that take what they give; not those of other libraries",
            ]),
          ]
        : [
            "# use torch's own type: at::Half, at::BFloat16, int8_t, uint8_t, int, int64_t, float, double, and reinterpret_cast the pointer for the kernel",
          ],
    sources: ["pytorch/pytorch#84339", "pytorch/pytorch#93196", "pytorch/pytorch#121287"],
    examples: [
      {
        text: "ImportError: dlopen(/p/ext.cpython-38-darwin.so, 0x0002): symbol not found in flat namespace (__ZNK2at10TensorBase8data_ptrIlEEPT_v)",
        expect: "int64_t",
      },
      {
        text: "ImportError: /p/k.cpython-310-x86_64-linux-gnu.so: undefined symbol: _ZNK2at10TensorBase8data_ptrI6__halfEEPT_v",
        expect: "at::Half",
      },
      {
        text: 'bind.obj : error LNK2001: unresolved external symbol "public: long * __cdecl at::TensorBase::data_ptr<long>(void)const " (??$data_ptr@J@TensorBase@at@@QEBAPEAJXZ)',
        expect: "powershell -Command",
      },
    ],
  },
  {
    id: "stable-abi-torch-too-old",
    title: "The torch at hand is older than the stable ABI that the extension uses",
    on: ["undefined-symbol"],
    specificity: 85,
    // At a link it may be torch_cpu alone that is missing: what is linked there stands in few texts.
    matches: (finding, context) =>
      finding.phase === "link"
        ? undefined
        : torchSymbol(finding, context, (verdict) => verdict.owner === "torch-stable-abi"),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\` belongs to torch's stable ABI (the C shim), and this torch does not have it: the extension was built for a newer torch (TORCH_TARGET_VERSION) than the one that runs it.${torchHere(match)}${installedSentence(match)}`,
    fix: (match) => [
      // The shim for extensions, and most of what it has, came with 2.9.
      installTorchSince(match, "2.9"),
      "# or, for the torch that is there, build the extension with a lower target, -DTORCH_TARGET_VERSION=0x020A000000000000 (torch 2.10):",
      ...rebuild(match).map((line) => (line.startsWith("#") ? line : `# ${line}`)),
    ],
    sources: ["pytorch/pytorch: docs/source/notes/libtorch_stable_abi.md"],
    examples: [
      {
        text: "ImportError: /p/_C.abi3.so: undefined symbol: aoti_torch_create_tensor_from_blob_v2",
        expect: "stable ABI",
      },
      { text: "OSError: /p/_C.abi3.so: undefined symbol: torch_call_dispatcher", expect: "newer torch" },
    ],
  },
  {
    id: "thc-state-only-declared",
    title: "THC's state is declared and nowhere defined",
    on: ["undefined-symbol"],
    specificity: 84,
    matches: (finding) => {
      const variable = /\?(\w+)@@3PEAUTHCState@@/.exec(finding.text)?.[1];
      return variable === undefined ? undefined : { variable };
    },
    confidence: "high",
    cause: (match) =>
      `A source of the project has \`extern THCState *${match.facts["variable"] ?? "state"};\`, and nothing defines that variable: it is a leaving of torch 0.4's torch.utils.ffi. Linux leaves the hole in the library, where nothing reads it; Windows' linker refuses it. The source has to make it itself, of torch's own state.`,
    fix: (match) => {
      const variable = match.facts["variable"] ?? "state";
      const defined = `static THCState *${variable} = at::globalContext().lazyInitCUDA();`;
      return [
        platformOf(match) === "win32"
          ? `powershell -Command "Get-ChildItem -Recurse -Include *.cu,*.cpp,*.cc | Where-Object { Select-String -Quiet -Path $_.FullName -Pattern 'extern\\s+THCState' } | ForEach-Object { (Get-Content $_.FullName) -replace 'extern\\s+THCState\\s*\\*\\s*${variable}\\s*;','${defined}' | Set-Content $_.FullName }"`
          : `grep -rlE 'extern +THCState' --include='*.cu' --include='*.cpp' --include='*.cc' . | xargs -r sed -i.bak -E 's/extern +THCState *\\* *${variable} *;/${defined}/'`,
        `# that is, ${match.finding.file === undefined ? "" : `in the source of ${baseName(match.finding.file)}, `}in place of extern THCState *${variable}; : ${defined}`,
        "# up to torch 1.10: torch 1.11 has no THC any more, and the project (or a fork of it that was ported) does without the variable there",
      ];
    },
    sources: ["CharlesShang/DCNv2#14", "CharlesShang/DCNv2#44", "caglarmert/MOT-Research#12"],
    examples: [
      {
        text: 'ops_cuda.obj : error LNK2001: unresolved external symbol "struct THCState * state" (?state@@3PEAUTHCState@@EA)',
        expect: "at::globalContext().lazyInitCUDA()",
      },
      {
        text: 'nms.obj : error LNK2019: unresolved external symbol "struct THCState * thc" (?thc@@3PEAUTHCState@@EA) referenced in function nms_fwd',
        expect: "static THCState *thc =",
      },
    ],
  },
  {
    id: "legacy-th-symbol",
    title: "The extension uses TH/THC functions that torch removed",
    on: ["undefined-symbol"],
    specificity: 78,
    matches: (finding, context) => {
      const name = (finding.symbol ?? "").replace(/^_+imp_+|^_(?=TH)/, "");
      const verdict = verdictOf(finding);
      if (
        verdict === undefined ||
        !/^(?:TH[A-Z][a-z]+(?:Tensor|Storage)|THC|THNN|THCUNN|_?TH(?:Alloc|Free|Error|Blas)|state$)/.test(name)
      )
        return undefined;
      return hasTh(context) && name !== "state" ? undefined : symbolFacts(finding, verdict, context);
    },
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\` is of the old TH/THC C API, ${
        ofFfi(match)
          ? "and the module was made by torch.utils.ffi: both ended with torch 0.4. No later torch can build or load it."
          : "which torch has not had since 1.11: this extension was written for torch 0.4 to 1.10."
      }`,
    fix: (match) => [
      ...(ofFfi(match)
        ? [
            "# take a version of the project for torch >= 1.0 (its setup.py has torch.utils.cpp_extension, not build.py with create_extension); RoI align, RoI pool and NMS: torchvision.ops has them, compiled",
            "# or the project as it is, in an environment of its own: conda create -n old python=3.6, torch 0.4.1, and its build script (make.sh, build.py) again",
          ]
        : []),
      "# port it: THCState and THCudaMalloc → c10::cuda::CUDACachingAllocator, THCCeilDiv → at::ceil_div, tensors → at::Tensor",
      "# or look for a maintained fork of the package",
    ],
    sources: ["pytorch/pytorch#73520", "pytorch/pytorch#7877"],
    examples: [
      { text: "my_lib.obj : error LNK2001: unresolved external symbol __imp_THFloatTensor_fill", expect: "TH/THC" },
      { text: "ImportError: /p/_nms.so: undefined symbol: THCudaTensor_newContiguous", expect: "1.11" },
      {
        text: "ImportError: /p/roi_align/_ext/crop_and_resize/_crop_and_resize.so: undefined symbol: state",
        expect: "torchvision.ops",
      },
    ],
  },
  {
    id: "torch-libraries-not-linked",
    title: "torch's libraries are missing on the link line",
    on: ["undefined-symbol"],
    specificity: 60,
    matches: (finding, context) =>
      finding.phase === "link" ? torchSymbol(finding, context, (verdict) => isTorch(verdict.owner)) : undefined,
    // Where other names are missed for their strings, these are of functions that return one.
    confidence: (match) => (oldStringsIn(match.context) ? "low" : "medium"),
    cause: (match) =>
      `The linker did not find \`${match.facts["readable"] ?? ""}\` of torch: torch's libraries (c10, torch_cpu, torch) are not linked, stand before the objects, are of another architecture, or are of another torch than the headers${match.context.log.host === "visual-studio" ? " (or of the other configuration: Debug and Release have LibTorchs of their own)" : ""}.${installedSentence(match)}`,
    fix: (match) =>
      typedLink(match) ??
      linkedInCmake(match) ??
      programFix(match, "not-linked") ?? [
        ...(platformOf(match) === "darwin" && /\bstd::/.test(match.finding.symbol ?? "")
          ? [
              "grep CMAKE_CXX_COMPILER: build/CMakeCache.txt; echo $CC $CXX   # GCC (Homebrew's g++-14)? torch for macOS is built by clang, and GCC names the types of std otherwise: rm -rf build, CC=/usr/bin/clang CXX=/usr/bin/clang++, configure again",
            ]
          : []),
        "retorch build   # links what the installed torch has",
        match.finding.tool === "msvc" || platformOf(match) === "win32"
          ? "# CMake: target_link_libraries(the_target ${TORCH_LIBRARIES}); by hand: cl … /link /LIBPATH:<torch>\\lib c10.lib torch_cpu.lib torch.lib; Visual Studio: Linker, Input, Additional Dependencies"
          : "# CMake: target_link_libraries(the_target ${TORCH_LIBRARIES}); by hand: -L<torch>/lib -lc10 -ltorch_cpu -ltorch, after the objects",
        `${python(match)} -c "import torch.utils.cpp_extension as c; print(c.library_paths())"`,
      ],
    sources: ["pytorch/pytorch#63558", "LaurentMazare/tch-rs#650"],
    examples: [
      {
        text: "lld-link: error: undefined symbol: __declspec(dllimport) public: __cdecl c10::Error::Error(struct c10::SourceLocation, class std::basic_string<char, struct std::char_traits<char>, class std::allocator<char>>)\n>>> referenced by build\\ext.obj",
        expect: "LIBPATH",
      },
      {
        text: "/usr/bin/ld: main.cpp:(.text+0x1f): undefined reference to `at::_ops::rand::call(c10::ArrayRef<long>)'",
        expect: "-ltorch",
      },
      {
        text: 'Undefined symbols for architecture arm64:\n  "at::globalContext()", referenced from:\n      at::manual_seed(unsigned long long) in x.o\nld: symbol(s) not found for architecture arm64',
        expect: "another architecture",
      },
      {
        text: 'libtorch-win-shared-with-deps-2.2.1\nmain.obj : error LNK2019: unresolved external symbol "private: static struct c10::UndefinedTensorImpl c10::UndefinedTensorImpl::_singleton" (?_singleton@UndefinedTensorImpl@c10@@0U12@A) referenced in function main',
        expect: "c10.lib torch_cpu.lib torch.lib",
      },
      {
        text: "main.cpp:(.text+0x1a): undefined reference to `aoti_torch_delete_tensor_object'\ncollect2: error: ld returned 1 exit status",
        expect: "-ltorch_cpu",
      },
      {
        text: "$ g++ -std=c++20 -I/e/torch/include a.cpp -L/e/torch/lib -lc10 -o a\n/usr/bin/ld: /tmp/cc1.o: in function `main':\na.cpp:(.text+0x10): undefined reference to `aoti_torch_delete_tensor_object'\ncollect2: error: ld returned 1 exit status",
        expect: "-ltorch -ltorch_cpu -lc10",
      },
    ],
  },
  {
    id: "torch-libraries-of-two-torches",
    title: "torch's own libraries are of two releases",
    on: ["undefined-symbol"],
    specificity: 58,
    matches: (finding, context) => {
      const asker = /[\\/](?<library>lib(?:torch\w*|c10\w*|shm)\.(?:so|dylib)|_C\.[\w-]+\.so)$/.exec(
        finding.file ?? "",
      );
      const symbol = finding.symbol ?? "";
      if (finding.phase !== "load" || asker === null || !/[\\/]torch[\\/]/.test(finding.file ?? "")) return undefined;
      if (/^FLAGS_(?:caffe2|torch|c10)_/.test(symbol)) return { symbol };
      const found = torchSymbol(finding, context, (verdict) => isTorch(verdict.owner));
      return found === undefined ? undefined : { ...found, symbol };
    },
    confidence: "high",
    cause: (match) =>
      `\`${match.finding.file ?? ""}\` is a part of torch and looks for \`${match.facts["readable"] ?? match.facts["symbol"] ?? ""}\`, which another of torch's libraries has in the same release. The loader took a libc10 or libtorch of another torch: LD_LIBRARY_PATH (or LD_PRELOAD) names a LibTorch or another environment, or two installations of torch lie over one another.`,
    fix: (match) => [
      unsetVariable(match, "LD_LIBRARY_PATH"),
      unsetVariable(match, "LD_PRELOAD"),
      `${python(match)} -c "import torch; print(torch.__version__, torch.__file__)"   # works now? Then mend the line (~/.bashrc, a script, an image) that sets it`,
      `# still not: torch once more, in an environment where none is left: ${pip(match, "uninstall -y torch")}, twice, then the install command of before`,
    ],
    sources: ["https://man7.org/linux/man-pages/man8/ld.so.8.html"],
    examples: [
      {
        text: '$ export LD_LIBRARY_PATH=/opt/libtorch/lib\n$ python -c "import torch"\nImportError: /e/lib/python3.11/site-packages/torch/lib/libtorch_cpu.so: undefined symbol: FLAGS_caffe2_log_level',
        expect: "unset LD_LIBRARY_PATH",
      },
      {
        text: "ImportError: /e/lib/python3.10/site-packages/torch/lib/libtorch_python.so: undefined symbol: _ZNK3c106SymInt6sym_neERKS0_",
        expect: "of another torch",
      },
    ],
  },
  {
    id: "torch-version-mismatch",
    title: "Built for another torch version",
    on: ["undefined-symbol"],
    specificity: 55,
    matches: (finding, context) => torchSymbol(finding, context, (verdict) => isTorch(verdict.owner)),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["readable"] ?? ""}\` is torch's own, and the installed torch does not have it in this form: ${match.facts["who"] ?? ""} was compiled against another torch version ` +
      `(torch was upgraded or downgraded since, pip's build isolation fetched another torch, or a ready-made wheel is for another one).${tagSentence(match, packageOf(match))}${torchHere(match)}${gpuNote(match)}${installedSentence(match)}`,
    fix: (match) => [
      ...(programFix(match, "release") ?? rebuild(match)),
      ...(match.context.log.restoredCache
        ? [
            "# the workflow restored the old build from its cache: torch's release belongs into the cache's key (key: ext-torch-2.9.0-…), or build and ~/.cache/torch_extensions do not belong into the cache",
          ]
        : []),
    ],
    sources: [
      "pytorch/extension-cpp#103",
      "pytorch/extension-cpp#121",
      "Dao-AILab/flash-attention#919",
      "open-mmlab/mmdetection#1189",
      "rusty1s/pytorch_cluster#100",
    ],
    examples: [
      {
        text: "$ pip list\ngsops_cuda                0.4.0+pt24cu121\ntorch                     2.6.0+cu124\nImportError: /e/lib/python3.10/site-packages/gsops_cuda/_C.cpython-310-x86_64-linux-gnu.so: undefined symbol: _ZNK3c106SymInt6sym_neERKS0_",
        expect: "torch==2.4.*",
      },
      {
        text: "OSError: dlopen(/Users/jo/e/lib/python3.10/site-packages/torch_cluster/_fps_cpu.so, 0x0006): Symbol not found: __ZN2at4_ops6narrow4callERKNS_6TensorExxx\nOSError: dlopen(/Users/jo/e/lib/python3.10/site-packages/torch_sparse/_diag_cpu.so, 0x0006): Symbol not found: __ZN2at4_ops6narrow4callERKNS_6TensorExxx\n>>> torch.__version__\n'2.1.0'",
        expect: "torch-cluster torch-sparse -f https://data.pyg.org/whl/torch-2.1.0+cpu.html",
      },
      {
        text: '$ apptainer exec --nv a_24.05.sif pip install --user --no-build-isolation ./ext\n$ apptainer exec --nv a_24.10.sif python -c "import torch, ext"\nImportError: /home/p/.local/lib/python3.10/site-packages/ext/_C.cpython-310-x86_64-linux-gnu.so: undefined symbol: _ZNK3c107SymBool10guard_boolEPKcl',
        expect: "apptainer exec --nv a_24.10.sif python -m pip install",
      },
      {
        text: "ImportError: /e/site-packages/flash_attn_2_cuda.cpython-310-x86_64-linux-gnu.so: undefined symbol: ZN2at4_ops15sum_IntList_out4callERKNS_6TensorEN3c1016OptionalArrayRefIlEEbSt8optionalINS5_10ScalarTypeEERS2",
        expect: "sum_IntList_out",
      },
      {
        text: "OSError: /e/site-packages/torch_cluster/_grid_cuda.so: undefined symbol: _ZNK3c104Type14isSubtypeOfExtESt10shared_ptrIS0_EPSo",
        expect: "--no-build-isolation",
      },
      { text: "ImportError: /p/x.so: undefined symbol: _ZN3c104cuda9SetDeviceEi", expect: "another torch version" },
      { text: "undefined symbol: _ZNK3c106SymInt6sym_neERKS0_", expect: "build_ext --inplace --force" },
      {
        text: "mmcv                     2.0.1\ntorch                    2.1.0\nImportError: dlopen(/opt/homebrew/anaconda3/envs/v/lib/python3.10/site-packages/mmcv/_ext.cpython-310-darwin.so, 0x0002): symbol not found in flat namespace '__ZN2at3mps9MPSStream6commitEb'",
        expect: 'mmcv "mmcv>=2.1.0,<2.2.0"',
      },
      {
        text: "flash_attn_2_cuda.cpython-310-x86_64-linux-gnu.so: undefined symbol: _ZN3c104cuda9SetDeviceEi",
        expect: "flash-attn",
      },
      {
        text: "./app: symbol lookup error: ./app: undefined symbol: _ZNK3c106SymInt6sym_neERKS0_",
        expect: "CMAKE_PREFIX_PATH=/path/to/libtorch",
      },
      {
        text: "symbol lookup error: /p/x.so: undefined symbol: _ZTIN5torch8autograd4NodeE",
        expect: "another torch version",
      },
    ],
  },
];

/** The compiler that was called by hand to link, with all of torch's libraries. */
function typedLink(match: Match): string[] | undefined {
  const typed = platformOf(match) === "linux" ? typedWithTorch(match) : [];
  return typed.some((line) => line.includes("-ltorch_cpu")) ? typed : undefined;
}

function gpuNote(match: Match): string {
  const verdict = verdictOf(match.finding);
  if (verdict?.owner !== "torch-cuda" || match.context.environment?.torch !== undefined) return "";
  return " It stands in torch's GPU library, so a CPU-only torch would lack it, too.";
}
