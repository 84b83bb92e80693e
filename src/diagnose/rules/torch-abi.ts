/** Symbols of torch whose strings are of the other ABI of libstdc++. */
import { plainName } from "../../base/package-name.ts";
import { own } from "../../base/own.ts";
import { cmakeFolder, configuredAnew } from "../commands/cmake-folders.ts";
import { pip, platformOf, python, rebuild } from "../commands/commands.ts";
import { originOf, packageOf } from "../tables/packages.ts";
import type { Match, MatchFacts, Rule, RuleContext } from "../rule.ts";
import { cmakeAgain } from "../commands/typed-again.ts";
import { quote } from "../text/quote.ts";
import { loadingScript } from "../commands/source-edits.ts";
import { programFix } from "../commands/programs.ts";
import { isTorch } from "../symbols.ts";
import { ofLog } from "../matchers.ts";
import { installedSentence, torchFirst, torchHere, torchSymbol, verdictOf } from "./symbol-facts.ts";

/**
 * Functions of torch that return a std::string: with the new ABI their names carry the tag `B5cxx11`. Source:
 * torch/csrc/autograd/function.h, c10/core/Device.h and DeviceType.h, ATen/core/TensorBase.h, c10/util/Backtrace.h.
 */
const untagged =
  /^_Z(?:NK5torch8autograd4Node4nameEv|NK3c106Device3strEv|NK2at10TensorBase8toStringEv|N3c1014DeviceTypeNameENS_10DeviceTypeEb|N3c1013get_backtraceEmmb)$/;

/** Those of them that every torch has: where the name without the tag is missing, it can only be the ABI. */
const alwaysThere = /^_Z(?:NK5torch8autograd4Node4nameEv|NK3c106Device3strEv|N3c1014DeviceTypeNameENS_10DeviceTypeEb)$/;

/** Wheels that have the old ABI, as the paste lists one of them: then another torch is at work. */
function otherThanListed(match: Match): string {
  const [, minor] = /^[12]\.(\d+)\.\d+\+(?:cu|cpu)/.exec(match.context.log.installedTorch ?? "") ?? [];
  return minor !== undefined && Number(minor) < 6 && match.context.log.cxx11Abi !== true
    ? ` PyTorch's own wheel of ${match.context.log.installedTorch ?? ""} has the old ABI: it is another torch that is imported (conda's, NVIDIA's, or one built from source: print(torch.__file__)).`
    : "";
}

/** The torch that a build fetched for itself, when it is not the one that is installed. */
function otherTorch(context: RuleContext): MatchFacts | undefined {
  const { isolatedTorch, installedTorch } = context.log;
  const installed = installedTorch?.split("+")[0];
  return isolatedTorch === undefined || installed === undefined || isolatedTorch === installed
    ? undefined
    : { fetched: isolatedTorch, installed: installedTorch };
}

/** Functions that return a std::string, or that a release may lack. */
const tells = /(?:msg|what|str|name|toString|repr|backtrace|qualname|toStringRef)\w*$/i;

/**
 * The linker misses functions of torch whose names have no string in them, too: the form of the strings cannot be the
 * reason, the libraries are not linked at all.
 */
function linkedNowhere({ findings, log }: RuleContext): boolean {
  if (log.linksWithoutTorch === true) return true;
  return findings.some((other) => {
    if (other.kind !== "undefined-symbol" || other.phase !== "link") return false;
    const verdict = verdictOf(other);
    return (
      verdict !== undefined &&
      isTorch(verdict.owner) &&
      verdict.owner !== "torch-stable-abi" &&
      verdict.symbol.form !== "c" &&
      verdict.symbol.strings === undefined &&
      !tells.test(verdict.symbol.path.at(-1) ?? "") &&
      /^(?:c10::(?:\w+Type::get|UndefinedTensorImpl::|TensorImpl::|impl::|Dispatcher::singleton)|at::(?:_ops::\w+::call|empty|zeros|ones|rand|randn|globalContext)$)/.test(
        verdict.symbol.path.join("::"),
      )
    );
  });
}

/** PyPI's wheels of torch for the Python of the text have the old ABI: 3.8 and older ended with torch 2.4. conda's and others' may have the new one. */
function wheelsAreOld({ log }: RuleContext): boolean {
  return log.cxx11Abi !== true && log.host === undefined && /^(?:2\.7|3\.[4-8])$/.test(log.python ?? "");
}

/** Where those lie that publish each wheel in both forms. */
const releases: Readonly<Record<string, string>> = {
  flash_attn: "https://github.com/Dao-AILab/flash-attention/releases/download/v",
  causal_conv1d: "https://github.com/Dao-AILab/causal-conv1d/releases/download/v",
  mamba_ssm: "https://github.com/state-spaces/mamba/releases/download/v",
};

/** The wheel that the text names, in the other form, where its address is known: the build from source is the other way. */
function wheelOrBuild(match: Match, has: string, wanted: string): string[] {
  const wheel = otherWheel(match, has, wanted);
  const build = cmakeWithStrings(match, wanted === "TRUE" ? "1" : "0") ?? rebuild(match);
  if (wheel.every((line) => line.startsWith("#"))) return [...wheel, ...build];
  return [...wheel, `# or from source: ${build.map((line) => line.replace(/\s{2,}# .*$/, "")).join(" && ")}`];
}

/**
 * CMake's build anew, with torch and the strings of the Python that runs: what it found may be of another one. Source:
 * NVIDIA/FasterTransformer#708, whose PYTHON_PATH is asked for the ABI.
 */
function cmakeWithStrings(match: Match, abi: "0" | "1"): string[] | undefined {
  const folder = cmakeFolder(match.finding.file ?? "");
  if (folder === undefined || platformOf(match) === "win32") return undefined;
  return configuredAnew(match, folder, [
    "-U Torch_DIR -U Caffe2_DIR -U TORCH_LIBRARY -U 'c10*_LIBRARY'",
    `-DCMAKE_PREFIX_PATH="$(${python(match)} -c 'import torch; print(torch.utils.cmake_prefix_path)')"`,
    `-DPYTHON_PATH="$(which ${python(match)})" -DPython3_EXECUTABLE="$(which ${python(match)})"`,
    `-DCMAKE_CXX_FLAGS=-D_GLIBCXX_USE_CXX11_ABI=${abi}`,
  ]);
}

/** The wheel that the text names, in the other form. */
function otherWheel(match: Match, has: string, wanted: string): string[] {
  const name = packageOf(match);
  const isOf = (wheel: string): boolean => plainName(/^\w+/.exec(wheel)?.[0] ?? "") === name;
  const wheel = match.context.log.abiWheels
    .filter((each) => each.includes(`cxx11abi${has}`))
    .toSorted((a, b) => Number(isOf(b)) - Number(isOf(a)))[0];
  if (wheel === undefined) return [];
  // Of another torch: neither form of it loads.
  const madeFor = /torch(\d+\.\d+)/.exec(wheel)?.[1];
  const there = /^\d+\.\d+/.exec(match.context.log.installedTorch ?? "")?.[0];
  if (madeFor !== undefined && there !== undefined && madeFor !== there) return [];
  const other = wheel.replace(`cxx11abi${has}`, `cxx11abi${wanted}`);
  const [, project = "", version = ""] = /^(\w+)-([\d.]+(?:post\d+)?)/.exec(wheel) ?? [];
  const page = own(releases, project);
  const install = pip(
    match,
    `install --force-reinstall --no-deps ${page === undefined ? "" : `${page}${version}/`}${other}`,
  );
  return page === undefined
    ? [`# ${install}   # of the page that ${wheel} is from`]
    : [`${install}   # the same wheel in the form that this torch has`];
}

/** The flag in what a script gives to load() or load_inline(). */
function inLoadingScript(match: Match): string[] {
  const script = platformOf(match) === "linux" ? loadingScript(match) : undefined;
  return script === undefined
    ? []
    : [
        `sed -i.bak 's/-D_GLIBCXX_USE_CXX11_ABI=0/-D_GLIBCXX_USE_CXX11_ABI=1/g' ${quote(script.file)}   # extra_cflags of load() or load_inline() (line ${script.line}); not there: CFLAGS, CXXFLAGS`,
      ];
}

export const torchAbiRules: readonly Rule[] = [
  {
    id: "other-libtorch-on-path",
    title: "LD_LIBRARY_PATH leads to another LibTorch",
    on: ["undefined-symbol"],
    specificity: 90,
    matches: (finding, context) =>
      // Programs without Python have no other torch than that one.
      context.log.libtorchOnPath &&
      context.log.host === undefined &&
      finding.phase === "load" &&
      /(?:site|dist)-packages[\\/]|\.cpython-/.test(finding.file ?? "")
        ? torchSymbol(finding, context, (verdict) => isTorch(verdict.owner))
        : undefined,
    confidence: "medium",
    cause: (match) =>
      `As the text says, LD_LIBRARY_PATH names the lib folder of a LibTorch download: its libraries are loaded in place of those of Python's torch, and are of another release or have the other C++ ABI. So ${match.facts["who"] ?? ""} does not find \`${match.facts["readable"] ?? ""}\`, though the torch that it was built for is installed.`,
    fix: (match) => [
      "export LD_LIBRARY_PATH=$(echo $LD_LIBRARY_PATH | tr ':' '\\n' | grep -v libtorch | paste -sd:)   # in the shell that runs Python; and mend ~/.bashrc",
      "# the program of your own alone: LD_LIBRARY_PATH=<libtorch>/lib ./program, or link it with -Wl,-rpath,<libtorch>/lib (CMake's find_package(Torch) does), then it needs no variable",
      `# or no download: build the program with Python's torch, -DCMAKE_PREFIX_PATH=$(${python(match)} -c "import torch; print(torch.utils.cmake_prefix_path)")`,
      "# still so with LD_LIBRARY_PATH clean: the module was built for another torch; build or install it again",
    ],
    sources: ["pytorch/pytorch#102272"],
    examples: [
      {
        text: "$ export LD_LIBRARY_PATH=/opt/libtorch/lib:$LD_LIBRARY_PATH\nOSError: /e/lib/python3.8/site-packages/my_ops/_C.so: undefined symbol: _ZN5torch3jit17parseSchemaOrNameERKSs",
        expect: "grep -v libtorch",
      },
    ],
  },
  {
    id: "abi-new-extension-old-torch",
    title: "Built with the new C++11 ABI, torch has the old one",
    on: ["undefined-symbol"],
    specificity: 80,
    matches: (finding, context) =>
      finding.phase === "link" && ofLog(context, linkedNowhere)
        ? undefined
        : torchSymbol(
            finding,
            context,
            (verdict) =>
              isTorch(verdict.owner) && verdict.owner !== "torch-stable-abi" && verdict.symbol.strings === "cxx11",
          ),
    confidence: (match) => (match.context.environment?.torch?.cxx11Abi === true ? "medium" : "high"),
    cause: (match) => {
      const here = match.context.environment?.torch;
      const contrary =
        here?.cxx11Abi === true
          ? ` The torch that is installed here (${here.version}) has the new ABI: if it failed with this one, the extension was built for another torch version.`
          : "";
      return (
        `${match.facts["who"] ?? ""} wants \`${match.facts["readable"] ?? ""}\` with the new std::string (\`__cxx11\`, _GLIBCXX_USE_CXX11_ABI=1), ` +
        `but this torch was built with the old ABI (_GLIBCXX_USE_CXX11_ABI=0, as wheels up to 2.5 and some of 2.6 are), so the names differ.${contrary}${installedSentence(match)}`
      );
    },
    fix: (match) =>
      oldStringsByCmake(match) ??
      programFix(match, "wants-new-strings") ?? [
        ...wheelOrBuild(match, "TRUE", "FALSE"),
        `# other builders: add -D_GLIBCXX_USE_CXX11_ABI=$(${python(match)} -c "import torch; print(int(torch._C._GLIBCXX_USE_CXX11_ABI))") to the compile flags`,
        match.context.log.namesLibtorch
          ? "# LibTorch: the cxx11-ABI download has the new strings"
          : `# a ready-made wheel: take the one marked cxx11abiFALSE${wheelsAreOld(match.context) ? "" : "; or torch >= 2.7, whose wheels have the new ABI"}`,
      ],
    sources: ["Dao-AILab/flash-attention#975", "Dao-AILab/flash-attention#1717", "huggingface/open-r1#684"],
    examples: [
      {
        text: "$ bazel build //app:serve -c opt\nERROR: /w/app/BUILD:3:10: Linking app/serve failed: (Exit 1): gcc failed: error executing command /usr/bin/gcc @bazel-out/k8-opt/bin/app/serve-2.params\nbazel-out/k8-opt/bin/app/_objs/serve/main.o:main.cpp:function main: error: undefined reference to 'torch::jit::load(std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> > const&, c10::optional<c10::Device>)'",
        expect:
          "bazel build --cxxopt=-D_GLIBCXX_USE_CXX11_ABI=0 --host_cxxopt=-D_GLIBCXX_USE_CXX11_ABI=0 //app:serve -c opt",
      },
      {
        text: "[100%] Linking CXX executable run\n/usr/bin/ld: CMakeFiles/run.dir/main.cpp.o: in function `main':\nmain.cpp:(.text.startup+0x9b): undefined reference to `torch::jit::load(std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> > const&, std::optional<c10::Device>, bool)'\n$ grep -c ABI=0 ~/lt/share/cmake/Torch/TorchConfig.cmake\n1\n$ grep ABI CMakeLists.txt\nadd_definitions(-D_GLIBCXX_USE_CXX11_ABI=1)",
        expect: "-DCMAKE_PREFIX_PATH=~/lt &&",
      },
      {
        text: "torch 2.4.0, python3.11\npip install causal_conv1d-1.5.0.post8+cu12torch2.4cxx11abiFALSE-cp311-cp311-linux_x86_64.whl mamba_ssm-2.2.4+cu12torch2.4cxx11abiTRUE-cp311-cp311-linux_x86_64.whl\nImportError: /home/jo/e/lib/python3.11/site-packages/selective_scan_cuda.cpython-311-x86_64-linux-gnu.so: undefined symbol: _ZN3c105ErrorC2ENS_14SourceLocationENSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE",
        expect: "v2.2.4/mamba_ssm-2.2.4+cu12torch2.4cxx11abiFALSE-cp311",
      },
      {
        text: "~/src/infer$ make\ng++ -O2 -std=c++17 -I/opt/libtorch/include   -c -o main.o main.cpp\ng++ -o infer main.o -L/opt/libtorch/lib -ltorch -ltorch_cpu -lc10\n/usr/bin/ld: main.o: in function `main':\nmain.cpp:(.text.startup+0x9b): undefined reference to `torch::jit::load(std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> > const&, std::optional<c10::Device>, bool)'",
        expect: "make -B CXX=",
      },
      {
        text: "ImportError: /env/lib/python3.10/site-packages/flash_attn_2_cuda.cpython-310-x86_64-linux-gnu.so: undefined symbol: _ZN3c105ErrorC2ENS_14SourceLocationENSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE",
        expect: "_GLIBCXX_USE_CXX11_ABI",
      },
      {
        text: "target/debug/app: symbol lookup error: target/debug/app: undefined symbol: _ZN3c105ErrorC2ENS_14SourceLocationENSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE",
        expect: "LIBTORCH_CXX11_ABI",
      },
      {
        text: "pip install ./flash_attn-2.3.4+cu122torch2.1cxx11abiTRUE-cp39-cp39-linux_x86_64.whl\nImportError: /e/lib/python3.9/site-packages/flash_attn_2_cuda.cpython-39-x86_64-linux-gnu.so: undefined symbol: _ZN3c105ErrorC2ENS_14SourceLocationENSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE",
        expect: "v2.3.4/flash_attn-2.3.4+cu122torch2.1cxx11abiFALSE-cp39-cp39-linux_x86_64.whl",
      },
      {
        text: "jo@box:~/lammps/build$ cmake ../cmake -DCMAKE_PREFIX_PATH=/home/jo/libtorch -DPKG_KOKKOS=ON\njo@box:~/lammps/build$ make -j 8\n/usr/bin/ld: pair_nequip_allegro.cpp.o: in function `settings':\npair_nequip_allegro.cpp:(.text+0x1b): undefined reference to `c10::detail::torchCheckFail(char const*, char const*, unsigned int, std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> > const&)'",
        expect:
          'cmake ../cmake -DCMAKE_PREFIX_PATH=/home/jo/libtorch -DPKG_KOKKOS=ON -DCMAKE_CXX_FLAGS="-D_GLIBCXX_USE_CXX11_ABI=0"\nmake -j 8',
      },
      {
        text: "LIBS += -L$$PWD/lib\nLIBS += -ltorch -lc10\nerror: undefined reference to `c10::Error::Error(std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> > const&, void const*)'",
        expect: "QMAKE_CXXFLAGS += -D_GLIBCXX_USE_CXX11_ABI=0",
      },
      {
        text: "main.cpp:(.text+0x51): undefined reference to `torch::jit::load(std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> > const&, c10::optional<c10::Device>)'",
        expect: "cxx11",
      },
    ],
  },
  {
    id: "abi-old-extension-new-torch",
    title: "Built with the old C++ ABI, torch has the new one",
    on: ["undefined-symbol"],
    specificity: 80,
    matches: (finding, context) =>
      torchSymbol(
        finding,
        context,
        (verdict) =>
          isTorch(verdict.owner) &&
          verdict.owner !== "torch-stable-abi" &&
          (verdict.symbol.strings === "old" ||
            alwaysThere.test(finding.symbol ?? "") ||
            (untagged.test(finding.symbol ?? "") &&
              (context.log.cxx11Abi ?? context.environment?.torch?.cxx11Abi) === true)),
      ),
    confidence: (match) =>
      match.context.environment?.torch?.cxx11Abi === false || wheelsAreOld(match.context) ? "medium" : "high",
    cause: (match) =>
      `${match.facts["who"] ?? ""} wants \`${match.facts["readable"] ?? ""}\` with the old std::string (${untagged.test(match.finding.symbol ?? "") ? "it returns one, and its name has no tag `[abi:cxx11]`" : "`Ss`"}, _GLIBCXX_USE_CXX11_ABI=0), which the torch at hand does not have: ` +
      `${match.context.log.cxx11Abi === true ? "as the paste says, it has the new C++11 ABI. Or it" : "it was built with the new C++11 ABI (all wheels from 2.7 on), or it"} is another version than the one the extension was built for (an old build left over, ` +
      `or pip's build isolation brought an older torch).${torchHere(match)}${installedSentence(match)}${otherThanListed(match)}`,
    fix: (match) =>
      programFix(match, "wants-old-strings") ?? [
        ...(wheelsAreOld(match.context) ? torchFirst(match) : []),
        ...(match.context.log.cxx11Abi === true && originOf(packageOf(match) ?? "")?.ready === true
          ? [
              `# ready-made wheels of ${packageOf(match) ?? "the package"} before torch 2.7 want PyTorch's own wheel of the same version (old ABI), not a torch that was built from source or a cxx11-abi download:`,
              pip(
                match,
                `install torch==${/^\d+\.\d+(?:\.\d+)?/.exec(match.context.log.installedTorch ?? "")?.[0] ?? "<version>"}   # or build the package from source against the torch that is there`,
              ),
            ]
          : []),
        ...(match.context.log.oldStringsAsked && platformOf(match) === "linux"
          ? [
              "grep -rl --include=setup.py --include=CMakeLists.txt --include='*.toml' --include='*.cmake' --include=Makefile -e '-D_GLIBCXX_USE_CXX11_ABI=0' . | xargs -r sed -i.bak 's/-D_GLIBCXX_USE_CXX11_ABI=0/-D_GLIBCXX_USE_CXX11_ABI=1/g'   # the build gives the flag; where none of these files has it: CFLAGS, CXXFLAGS",
            ]
          : []),
        ...inLoadingScript(match),
        ...wheelOrBuild(match, "FALSE", "TRUE"),
        "# drop every -D_GLIBCXX_USE_CXX11_ABI=0 from the flags (setup.py, CMakeLists.txt, CFLAGS, an old FindTorch.cmake)",
      ],
    sources: [
      "Dao-AILab/flash-attention#1644",
      "pytorch/pytorch#152790",
      "CharlesShang/DCNv2#19",
      "wjakob/nanobind#908",
    ],
    examples: [
      {
        text: "ImportError: /e/lib/python3.6/site-packages/sandbox-0.1-py3.6-linux-x86_64.egg/sandbox/_C.cpython-36m-x86_64-linux-gnu.so: undefined symbol: _ZN3c105ErrorC1ENS_14SourceLocationERKSs",
        expect: 'python -c "import torch, sandbox._C"',
      },
      {
        text: "ImportError: /app/ext.so: undefined symbol: _ZN3c105ErrorC2ENS_14SourceLocationESs",
        expect: "_GLIBCXX_USE_CXX11_ABI=0",
      },
      {
        text: "ImportError: /e/my_ops.so: undefined symbol: _ZNK5torch8autograd4Node4nameEv\nPyTorch CXX11 ABI: Yes",
        expect: "abi:cxx11",
      },
      {
        text: "java: symbol lookup error: /lib/libjnitorch.so: undefined symbol: _ZN5torch3jit4loadERKSsN3c108optionalINS3_6DeviceEEE",
        expect: "java.library.path",
      },
      {
        text: "root@box:/w/ops# pip install . && python t.py\nSuccessfully installed my_ops-0.1\nImportError: /e/lib/python3.11/site-packages/my_ops/_C.cpython-311-x86_64-linux-gnu.so: undefined symbol: _ZN5torch3jit11parseSchemaERKSsb",
        expect: "rm -rf build\npython -m pip install",
      },
      {
        text: "OSError: /app/_version.so: undefined symbol: _ZN5torch3jit17parseSchemaOrNameERKSsb",
        expect: "--force",
      },
    ],
  },
  {
    id: "built-with-isolated-torch",
    title: "Built in isolation, with another torch than the installed one",
    on: ["undefined-symbol"],
    specificity: 88,
    matches: (finding, context) => {
      const other = otherTorch(context);
      const facts =
        other === undefined || finding.phase !== "load"
          ? undefined
          : torchSymbol(finding, context, (verdict) => isTorch(verdict.owner));
      return facts === undefined ? undefined : { ...facts, ...other };
    },
    confidence: "high",
    cause: (match) =>
      `The build did not see the installed torch (${match.facts["installed"] ?? ""}): in its isolated environment it fetched torch ${match.facts["fetched"] ?? ""}, as the log shows, and compiled ${match.facts["who"] ?? ""} against that. The installed torch has no \`${match.facts["readable"] ?? ""}\`.`,
    fix: (match) => [
      ...rebuild(match),
      `# or make the installed torch the one that was built with: ${pip(match, `install torch==${match.facts["fetched"] ?? ""}`)}`,
    ],
    sources: ["toshas/torch-discounted-cumsum#9", "https://pip.pypa.io/en/stable/reference/build-system/"],
    examples: [
      {
        text: "    Using cached torch-2.9.0-cp310-cp310-manylinux_2_28_x86_64.whl (900 MB)\nRequirement already satisfied: torch>=2 in /e/lib/python3.10/site-packages (from my-ops) (2.4.1)\nImportError: /e/lib/python3.10/site-packages/my_ops_cuda.cpython-310-x86_64-linux-gnu.so: undefined symbol: _ZNK3c106SymInt6sym_neERKS0_",
        expect: "it fetched torch 2.9.0",
      },
    ],
  },
];

/** The program's own CMake, which was typed, once more with the strings that torch has: in its build folder, wherever that is. */
function oldStringsByCmake(match: Match): readonly string[] | undefined {
  const { typedConfigure } = match.context.log;
  if (match.finding.phase !== "link" || typedConfigure === undefined) return undefined;
  const given = /-D ?CMAKE_CXX_FLAGS(?::\w+)?=(?:"([^"]*)"|'([^']*)'|(\S+))/.exec(typedConfigure);
  const flags = [given?.[1] ?? given?.[2] ?? given?.[3], "-D_GLIBCXX_USE_CXX11_ABI=0"].filter(
    (word) => word !== undefined,
  );
  const again = cmakeAgain(match, [], `-DCMAKE_CXX_FLAGS="${flags.join(" ")}"`);
  return again === undefined
    ? undefined
    : [
        ...again,
        '# for good, in CMakeLists.txt below find_package(Torch REQUIRED): set(CMAKE_CXX_FLAGS "${CMAKE_CXX_FLAGS} ${TORCH_CXX_FLAGS}")',
        "# another C++ library in the program has the new strings: the LibTorch that is marked cxx11-abi in place of this one, or 2.7 and newer",
      ];
}
