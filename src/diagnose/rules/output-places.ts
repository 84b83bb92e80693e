/** The file that a link writes: it is in use, its folder is not there, or it may not be written. */
import { baseName } from "../parsers/parser.ts";
import { typedBuild } from "../commands/typed-builds.ts";
import { type Rule, said, saidAny } from "../rule.ts";

export const outputPlaceRules: readonly Rule[] = [
  {
    id: "output-file-locked",
    title: "The file to be written is in use",
    on: ["missing-library", "link"],
    specificity: 83,
    matches: (finding) => {
      if (finding.code === "LNK1104" || finding.code === "LNK1149")
        return /\.(?:pyd|dll|exe)$/i.test(finding.library ?? "") ? { file: finding.library } : undefined;
      return saidAny(
        finding,
        /cannot open output file (?<file>\S+): (?:Permission denied|Text file busy|Device or resource busy)/,
      );
    },
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["file"] ?? ""}\` cannot be overwritten: a Python process (a notebook, an IDE, a test run) has the old one loaded, or another build writes it.`,
    fix: (match) => {
      const file = match.facts["file"] ?? "";
      return /\.(?:pyd|dll|exe)$/i.test(file)
        ? [
            `tasklist /m ${baseName(file)}   # the processes that have it loaded`,
            "# end them (Python processes: notebooks, terminals, the IDE's kernel; taskkill /F /PID <number>), then build again",
          ]
        : [
            `fuser -v ${file}   # the processes that have it open`,
            "# end them (notebooks, a program that runs), then build again",
          ];
    },
    sources: ["https://learn.microsoft.com/cpp/error-messages/tool-errors/linker-tools-error-lnk1104"],
    examples: [
      {
        text: "LINK : fatal error LNK1104: cannot open file 'build\\lib.win-amd64-cpython-311\\my_ext.cp311-win_amd64.pyd'",
        expect: "Python processes",
      },
    ],
  },
  {
    id: "output-place-of-root",
    title: "The build writes where only root may",
    on: ["missing-library", "link"],
    specificity: 84,
    matches: (finding) =>
      said(
        finding,
        /cannot open output file (?<folder>\/(?:usr|opt|lib|lib64|etc|var)\/\S*?)\/?(?<file>[^\s/]+): Permission denied/,
      ),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["file"] ?? ""}\` is written to \`${match.facts["folder"] ?? ""}\`, a folder of the system, and the build runs without the rights of root.`,
    fix: (match) => {
      const typed = typedBuild(match);
      const { typedConfigure } = match.context.log;
      const configure = typedConfigure?.replace(/ -DCMAKE_INSTALL_PREFIX=\S+/, "");
      return configure === undefined
        ? [
            typed === undefined
              ? "# with the rights of root: sudo, and the same command; or a folder of your own: --prefix, --user, --build-lib, CMAKE_INSTALL_PREFIX"
              : `sudo ${typed.line}   # or a folder of your own: --prefix, --user, --build-lib, CMAKE_INSTALL_PREFIX`,
          ]
        : [
            `${configure} -DCMAKE_INSTALL_PREFIX="$HOME/.local"   # a folder of your own; or with the rights of root: sudo make`,
            ...(typed === undefined ? [] : [typed.line]),
          ];
    },
    sources: [
      "NVIDIA/VideoProcessingFramework#270",
      "https://cmake.org/cmake/help/latest/variable/CMAKE_INSTALL_PREFIX.html",
    ],
    examples: [
      {
        text: "$ cmake .. -DCMAKE_INSTALL_PREFIX=/usr && make\n/usr/bin/ld: cannot open output file /usr/bin/codec.cpython-39-x86_64-linux-gnu.so: Permission denied\ncollect2: error: ld returned 1 exit status",
        expect: '-DCMAKE_INSTALL_PREFIX="$HOME/.local"',
      },
      {
        text: "/usr/bin/ld: cannot open output file /usr/lib/python3/dist-packages/ops.so: Permission denied",
        expect: "rights of root",
      },
    ],
  },
  {
    id: "output-folder-missing",
    title: "The folder for the output does not exist",
    on: ["driver", "link"],
    specificity: 82,
    matches: (finding) =>
      finding.code === "no-output-folder" && !/denied|Read-only/.test(finding.message)
        ? { file: finding.file }
        : saidAny(
            finding,
            /cannot open output file (?<file>\S+?): (?:No such file or directory|Not a directory|Is a directory)/,
            /(?:failed to|can't|cannot) (?:open|create) (?<file>\S+): (?:No such file or directory|Is a directory)/,
          ),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["file"] ?? ""}\` cannot be written, because its folder does not exist (or was removed while the build ran: a second build, a cleaning job), or something of that name is a folder.`,
    fix: (match) => [
      `mkdir -p "$(dirname "${match.facts["file"] ?? ""}")"`,
      "retorch build   # makes the folders that it writes to; with setup.py: rm -rf build, and one build at a time",
    ],
    sources: ["https://sourceware.org/binutils/docs/as/"],
    examples: [
      {
        text: "Assembler messages:\nFatal error: can't create build/temp/csrc/a.o: No such file or directory",
        expect: "mkdir -p",
      },
      { text: "error: unable to open output file 'out/a.o': 'No such file or directory'", expect: "mkdir -p" },
      { text: "/usr/bin/ld: cannot open output file lib/_C.so: No such file or directory", expect: "does not exist" },
    ],
  },
];
