/**
 * Programs for Windows that are built with checks (Debug) beside a LibTorch that is not, or the other way round: each std::string and
 * std::vector that goes over the border is read wrongly. It knows the two kinds by the names of folders and archives alone.
 */
import { platformOf, python } from "../commands/commands.ts";
import { type Match, type Rule, said } from "../rule.ts";

/** The build that fits LibTorch, where the text tells which of them it has. */
function fittingBuild({ context: { log } }: Match): "Debug" | "Release" {
  if (log.libtorchBuild !== undefined) return log.libtorchBuild;
  return log.programBuild === "Debug" ? "Release" : "Debug";
}

/** Whether the text shows that the two differ. */
function differ({ context: { log } }: Match): boolean {
  return log.programBuild !== undefined && log.libtorchBuild !== undefined && log.programBuild !== log.libtorchBuild;
}

/** The text's own commands with the other kind. */
function builtOtherwise(match: Match): string[] {
  const { typedBuildStep, typed } = match.context.log;
  const kind = fittingBuild(match);
  if (typedBuildStep === undefined || !typedBuildStep.startsWith("cmake ")) return [];
  const build = /--config[ =]\w+/.test(typedBuildStep)
    ? typedBuildStep.replace(/--config[ =]\w+/, `--config ${kind}`)
    : `${typedBuildStep} --config ${kind}`;
  const program = typed.findLast(({ line }) => /[\\/](?:Debug|Release)[\\/][\w.-]+\.exe/.test(line))?.line;
  return [build, ...(program === undefined ? [] : [program.replace(/([\\/])(?:Debug|Release)(?=[\\/])/, `$1${kind}`)])];
}

export const mixedBuildRules: readonly Rule[] = [
  {
    id: "model-not-read-by-program",
    title: "A C++ program does not recognize the model file",
    on: ["exception"],
    specificity: 76,
    matches: (finding) => said(finding, /(?:^|[:\s])Unrecognized data format\b/),
    confidence: (match) => (platformOf(match) === "win32" && differ(match) ? "high" : "medium"),
    cause: (match) =>
      platformOf(match) === "win32"
        ? `torch::jit::load read something else than the program meant: a ${match.context.log.programBuild ?? "Debug"} program beside a ${match.context.log.libtorchBuild ?? "Release"} LibTorch. Microsoft's std::string and std::vector differ between the two, so that the file's name (or the data) arrives garbled. With both of one kind the same file loads; where they are of one kind, the file is no archive of TorchScript.`
        : "torch::jit::load found no archive of TorchScript in the file: it was saved by torch.save() alone, is a pointer of Git LFS or a page of a web server in place of the model, was cut short, or is read with a LibTorch whose C++ strings are of another ABI than the program's.",
    fix: (match) => {
      const look = `${python(match)} -c "import zipfile; print(zipfile.is_zipfile('model.pt'))"   # False: not what torch.jit.save or scripted.save() writes`;
      if (platformOf(match) !== "win32")
        return [
          look,
          "# in Python: torch.jit.script(model).save('model.pt') (or torch.jit.trace(model, example).save(…)); git lfs pull, where the file has a few lines of text",
        ];
      const kind = fittingBuild(match);
      const again = builtOtherwise(match);
      return [
        ...again,
        ...(again.length > 0
          ? []
          : [
              `# build the program as ${kind}: Visual Studio: the list beside the green arrow, ${kind}; CMake: cmake --build build --config ${kind}`,
            ]),
        kind === "Release"
          ? "# to debug it: LibTorch's Debug archive (libtorch-win-shared-with-deps-debug-…zip, https://pytorch.org/get-started/locally/) for the Debug build, its DLLs beside that program; or CMAKE_BUILD_TYPE RelWithDebInfo with the Release one"
          : "# or LibTorch's Release archive for the Release build",
        `# both are of one kind? ${look}`,
      ];
    },
    sources: ["pytorch/pytorch#87145", "pytorch/pytorch#15919", "bytedeco/javacpp-presets#1222"],
    examples: [
      {
        text: "C:\\w> cmake -S . -B build -DCMAKE_PREFIX_PATH=C:\\libs\\libtorch-win-shared-with-deps-2.1.0+cpu\\libtorch\nC:\\w> cmake --build build --config Debug\nC:\\w> build\\Debug\\seg.exe\nerror while loading: Unrecognized data format",
        expect: "cmake --build build --config Release",
      },
      { text: "/opt/app/run: Unrecognized data format", expect: "is_zipfile" },
    ],
  },
];
