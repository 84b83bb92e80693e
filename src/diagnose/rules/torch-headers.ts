/** Headers of torch that were not found: gone from it, or without its folder on the command line. */
import { platformOf, python, pip, standardFor, torchOnIncludePath } from "../commands/commands.ts";
import { foundDir, header, includedBy } from "../matchers.ts";
import { codeAt, type Match, type Rule, saidAny } from "../rule.ts";
import { withoutTh } from "../commands/th-replacements.ts";
import { typedWithTorch } from "../commands/typed-again.ts";
import { isEverywhere } from "../tables/torch-api.ts";
import { isBuiltByPython } from "../commands/typed-builds.ts";
import { editLine } from "../commands/source-edits.ts";

/** Headers with the macros that check. */
const ofChecks = /[\\/](?:c10[\\/]util|torch[\\/]headeronly[\\/]util)[\\/](?:Exception|Logging|logging\w*)\.h$/;

export const torchHeaderRules: readonly Rule[] = [
  {
    id: "check-without-last-argument",
    title: "A check of torch's has a comma with nothing behind it",
    on: ["compile"],
    specificity: 80,
    matches: (finding) =>
      ofChecks.test(finding.file ?? "") ||
      /\b(?:STD_)?TORCH_(?:CHECK|WARN|INTERNAL_ASSERT)\w*\(.*,\s*\)/.test(finding.source ?? "")
        ? saidAny(
            finding,
            /^(?<what>expected primary-expression before [‘']\)[’'] token)/,
            /^(?<what>expected expression)$/,
            /^(?<what>expected an expression)$/,
            /(?<what>syntax error\s?: '\)')/,
          )
        : undefined,
    confidence: "high",
    cause: ({ finding }) =>
      `${finding.caller ?? (ofChecks.test(finding.file ?? "") ? "The code" : codeAt(finding))} calls TORCH_CHECK (or one of its kin) with an argument that is empty: a comma stands before the closing bracket, or two commas stand side by side.`,
    fix: (match) => {
      const [, file, line] = /^(.+):(\d+)$/.exec(match.finding.caller ?? "") ?? [];
      // What the compiler printed is the line of the header.
      const { source: _, ...called } = match.finding;
      const place = file === undefined ? match : { ...match, finding: { ...called, file, line: Number(line) } };
      return [
        ...editLine(place, [[", *\\)( *;)", ")\\1"]]),
        '# TORCH_CHECK(x.dim() == 2, "two dimensions, not ", x.dim());   nothing between the last argument and the bracket',
      ];
    },
    sources: ["pytorch: c10/util/Exception.h"],
    examples: [
      {
        text: "/e/torch/include/c10/util/Exception.h:531:20: error: expected primary-expression before ‘)’ token\n  531 |       ##__VA_ARGS__))\n      |                    ^\nops.cpp:2:26: note: in expansion of macro ‘TORCH_CHECK’",
        expect: "sed -i.bak -E '2s/, *\\)( *;)/)\\1/g' ops.cpp",
      },
    ],
  },
  {
    id: "checked-containers-with-torch",
    title: "The C++ library is compiled with its checked containers, and torch is not",
    on: ["compile", "undefined-symbol"],
    specificity: 87,
    matches: (finding, { log, findings }) =>
      /[\\/]c\+\+[\\/](?:[\d.]+[\\/])?debug[\\/]/.test(finding.file ?? "") ||
      /\bstd::__debug::/.test(`${finding.symbol ?? ""} ${finding.message}`) ||
      /St7__debug/.test(finding.symbol ?? "")
        ? /\b(?:torch|c10|at)::|[\\/](?:torch|ATen|c10)[\\/]/.test(
            [finding, ...findings].map(({ text, caller = "" }) => `${text} ${caller}`).join("\n"),
          ) || log.namesLibtorch
          ? {}
          : undefined
        : undefined,
    confidence: "high",
    cause: () =>
      "The build defines _GLIBCXX_DEBUG, which puts other containers (std::__debug::vector, …) in the place of std::vector and its kin, with another layout. torch's libraries were built without it: its headers do not compile so, and where they do, nothing links, or the program breaks.",
    fix: (match) => [
      `grep -rlE '_GLIBCXX_DEBUG' --include=CMakeLists.txt --include='*.cmake' --include=setup.py --include=Makefile --include='*.toml' --include='*.json' . | xargs sed -i.bak -E 's/_GLIBCXX_DEBUG(_PEDANTIC)?/_GLIBCXX_ASSERTIONS/g'   # checks the bounds, too, and keeps the layout; in the project's folder`,
      ...(match.context.log.typedCompile?.includes("_GLIBCXX_DEBUG") === true
        ? [match.context.log.typedCompile.replaceAll(/_GLIBCXX_DEBUG(?:_PEDANTIC)?/g, "_GLIBCXX_ASSERTIONS")]
        : ["# not there? CXXFLAGS of the shell, or -DCMAKE_CXX_FLAGS=… of an earlier configuration"]),
    ],
    sources: ["pytorch/pytorch#103359", "https://gcc.gnu.org/onlinedocs/libstdc++/manual/debug_mode_using.html"],
    examples: [
      {
        text: "/usr/include/c++/11/debug/unordered_map:1100:20: error: use of deleted function 'std::pair<const c10::OperatorName, c10::OperatorHandle>::pair()'",
        expect: "_GLIBCXX_ASSERTIONS",
      },
      {
        text: "main.cpp:(.text+0x1f): undefined reference to `torch::stack(c10::ArrayRef<at::Tensor>, std::__debug::vector<long, std::allocator<long> >)'",
        expect: "_GLIBCXX_DEBUG",
      },
    ],
  },
  {
    id: "removed-torch-headers",
    title: "The code includes headers that torch removed",
    on: ["missing-header"],
    specificity: 86,
    matches: (finding) =>
      header(
        finding,
        /^(?:THC|TH|THCUNN|THNN|THH)\/|^THC?\.h$|^(?:torch\/csrc\/cuda\/cuda_check|c10\/util\/variant)\b/,
      ),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["header"] ?? ""}\`${includedBy(match)} ${/^TH/.test(match.facts["header"] ?? "") ? "is of TH/THC, which torch removed in 1.11" : "is gone from the installed torch"}: the package was written for an older torch.`,
    fix: (match) =>
      /^TH/.test(match.facts["header"] ?? "")
        ? withoutTh(match)
        : [
            "# replace: c10/util/variant.h → <variant>, with std:: for c10:: (torch 2.1)",
            "# or a newer release or fork of the package; else the torch that its documentation names",
          ],
    sources: [
      "pytorch/pytorch#73520",
      "CoinCheung/pytorch-loss#36",
      "lucasjinreal/DCNv2_latest#48",
      "lucasjinreal/DCNv2_latest#66",
    ],
    examples: [
      { text: "src/k.cu:3:10: fatal error: THC/THC.h: No such file or directory", expect: "ATen/cuda/CUDAContext.h" },
      {
        text: "src/k.cu(5): fatal error C1083: Cannot open include file: 'THC/THCAtomics.cuh': No such file or directory",
        expect: "ATen/cuda/Atomic.cuh",
      },
      { text: "src/a.cpp:9:10: fatal error: TH/TH.h: No such file or directory", expect: "xargs sed -i" },
      {
        text: "DCNv2/src/cpu/dcn_v2_im2col_cpu.cpp:9:10: fatal error: TH/TH.h: No such file or directory",
        expect: "lucasjinreal/DCNv2_latest",
      },
      {
        text: "/p/DCNv2_latest/src/cpu/dcn_v2_cpu.cpp:7:10: fatal error: TH/TH.h: No such file or directory",
        expect: "git pull",
      },
    ],
  },
  {
    id: "torch-headers-missing",
    title: "Compiled without torch's include folders",
    on: ["missing-header"],
    specificity: 84,
    matches: (finding) => header(finding, /^(?:torch|ATen|c10|caffe2|torchgen)\/|^torch\.h$/),
    confidence: (match) => (isEverywhere(match.facts["header"] ?? "") ? "high" : "medium"),
    cause: (match) => {
      const torch = match.context.environment?.torch;
      const gpu = /c10\/(?:cuda|hip)|ATen\/(?:cuda|hip|cudnn)/.test(match.facts["header"] ?? "")
        ? " (a CPU-only torch has fewer of them)"
        : "";
      if (ofOldTorch(match))
        return `\`${match.facts["header"] ?? ""}\`${includedBy(match)} came with torch 1.0, and the torch whose include folder is on the command line is older (0.4).`;
      return `\`${match.facts["header"] ?? ""}\`${includedBy(match)} is torch's own${gpu}, and its folder is not on the command line: a plain Extension instead of CppExtension/CUDAExtension, another Python environment than the one with torch, or a header that this torch version does not have.${torch === undefined ? "" : ` torch ${torch.version} has its headers in ${torch.includeDirs.join(" and ")}.`}`;
    },
    fix: (match) =>
      ofOldTorch(match)
        ? [
            `${python(match)} -c "import torch; print(torch.__version__)"`,
            pip(match, "install --upgrade torch") +
              "   # 1.0 or newer, in the release that the package's documentation names; then build again",
            "# or keep torch 0.4 and take the package as it was before it moved to torch 1.0 (git log, git checkout <commit>)",
          ]
        : [
            ...(/libtch\/|torch-sys/.test(`${match.finding.text} ${match.finding.file ?? ""}`)
              ? [
                  "export LIBTORCH=/path/to/libtorch   # the folder that holds include and lib: LibTorch unpacked (the release that the crate names), not a build or lib folder",
                  "export LIBTORCH_USE_PYTORCH=1   # or pip's torch in its place; then cargo clean && cargo build",
                ]
              : []),
            ...typedWithTorch(match),
            `${typedWithTorch(match).length > 0 ? "# or " : ""}retorch build   # finds torch's headers by itself`,
            // Headers of programs; extensions have a build of their own.
            ...(platformOf(match) === "win32" ||
            isBuiltByPython(match) ||
            match.context.log.typedConfigure !== undefined ||
            typedWithTorch(match).length > 0 ||
            !/^torch\/(?:torch|script|nn|all)\.h$/.test(match.facts["header"] ?? "") ||
            /libtch\//.test(match.finding.text)
              ? []
              : [
                  `c++ -std=c++${standardFor(match)} ${match.finding.file !== undefined && /^[\w./-]+\.(?:cpp|cc|cxx)$/.test(match.finding.file) ? match.finding.file : "main.cpp"} $(${python(match)} -c "import torch.utils.cpp_extension as c; print(*['-I' + p for p in c.include_paths()], *['-L' + p + ' -Wl,-rpath,' + p for p in c.library_paths()])") -ltorch -ltorch_cpu -lc10   # by hand: a program of one file`,
                ]),
            ...(/\bpair_(?:nequip|allegro|mace)\w*\.(?:cpp|h)/.test(match.finding.file ?? "")
              ? [
                  "# LAMMPS: patch_lammps.sh of the pair style's repository, given LAMMPS's folder, writes find_package(Torch) into cmake/CMakeLists.txt; then cmake again in an empty build folder",
                ]
              : []),
            "# setup.py: CppExtension or CUDAExtension with cmdclass={'build_ext': BuildExtension}; CMake: find_package(Torch REQUIRED) and ${TORCH_LIBRARIES}",
            ...torchOnIncludePath(match),
          ],
    change: (match) => {
      const dir = foundDir(match);
      return dir === undefined ? undefined : { kind: "add-include-dir", dir };
    },
    sources: ["ninja-build/ninja#1657", "SeanNaren/warp-ctc#101"],
    examples: [
      { text: "ext.cpp:1:10: fatal error: torch/extension.h: No such file or directory", expect: "CppExtension" },
      {
        text: "gcc -fPIC -I/e/lib/python3.6/site-packages/torch/lib/include -I/e/lib/python3.6/site-packages/torch/lib/include/TH -c src/binding.cpp -o binding.o\nsrc/binding.cpp:6:29: fatal error: torch/extension.h: No such file or directory",
        expect: "came with torch 1.0",
      },
      {
        text: 'k.cu(2): catastrophic error: cannot open source file "ATen/cuda/CUDAContext.h"',
        expect: "CUDAExtension",
      },
      { text: "ops.cpp:4:10: fatal error: 'c10/cuda/CUDAGuard.h' file not found", expect: "CUDAExtension" },
      {
        text: "$ python setup.py install\nops.cpp:4:10: fatal error: torch/extension.h: No such file or directory",
        expect:
          "export CPATH=$(python -c \"import torch.utils.cpp_extension as c; print(':'.join(c.include_paths()))\"):$CPATH",
      },
      {
        text: "$ clang++ -std=c++17 main.cpp -o main\nmain.cpp:1:10: fatal error: 'torch/torch.h' file not found",
        expect: "-std=c++17 main.cpp -o main $(python",
      },
      {
        text: "$ nvcc -std=c++20 -shared -Xcompiler -fPIC k.cu -o k.so -I/e/lib/python3.11/site-packages/torch/include\n/e/lib/python3.11/site-packages/torch/include/torch/extension.h:6:10: fatal error: torch/all.h: No such file or directory",
        expect: "-std=c++20 -shared -Xcompiler -fPIC k.cu -o k.so -I/e",
      },
    ],
  },
];

/** torch's include folder is on the command line, and lacks the header that every torch since 1.0 has there. */
function ofOldTorch({ facts, context: { log } }: Match): boolean {
  return facts["header"] === "torch/extension.h" && log.torchIncluded;
}
