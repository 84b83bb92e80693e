/** What an editor underlines: its own reader of C++ (clangd, IntelliSense) knows none of the build's include folders. */
import { python } from "../commands/commands.ts";
import { header } from "../matchers.ts";
import { type Rule } from "../rule.ts";

export const editorRules: readonly Rule[] = [
  {
    id: "header-unknown-to-editor",
    title: "The editor does not find a header that the build finds",
    on: ["missing-header"],
    specificity: 93,
    matches: (finding) =>
      /pp_file_not_found|C\/C\+\+\(1696\)|update your includePath/.test(finding.text)
        ? header(finding, /./)
        : undefined,
    confidence: "high",
    cause: (match) =>
      `The editor says this (clangd, or IntelliSense of VS Code), not the compiler of the build: it has not been told the folder of \`${match.facts["header"] ?? ""}\`, and does not read CMakeLists.txt or setup.py for it. The build itself may be in order.`,
    fix: (match) => [
      'cmake -S . -B build -DCMAKE_EXPORT_COMPILE_COMMANDS=ON && ln -sf build/compile_commands.json .   # clangd reads it; VS Code: C_Cpp.default.compileCommands = "${workspaceFolder}/build/compile_commands.json"',
      ...(/^(?:torch|ATen|c10|caffe2)[/.]/.test(match.facts["header"] ?? "")
        ? [
            `${python(match)} -c "import torch.utils.cpp_extension as c; print(*['-I' + p for p in c.include_paths()], sep=chr(10))" > compile_flags.txt   # without CMake: clangd's flags; the same folders are VS Code's includePath`,
          ]
        : [
            "# without CMake: a file compile_flags.txt with one -I<folder> a line (clangd), includePath in c_cpp_properties.json (VS Code)",
          ]),
      "# then restart the language server; a build from the command line says whether the code compiles",
    ],
    sources: ["pytorch/cppdocs#12", "https://clangd.llvm.org/installation#project-setup"],
    examples: [
      { text: "'torch/torch.h' file not found [clang: pp_file_not_found]", expect: "compile_flags.txt" },
      { text: "'ATen/ATen.h' file not found clang(pp_file_not_found)", expect: "compile_commands.json" },
      {
        text: 'cannot open source file "torch/extension.h" C/C++(1696)',
        expect: "includePath",
      },
    ],
  },
];
