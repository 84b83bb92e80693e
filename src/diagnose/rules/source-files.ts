/** Sources that are to be compiled and are not there, or that nobody names. */
import { inSetupsFolder, setupsFolderSentence } from "../commands/lost-folders.ts";
import { buildRequirement, pip, platformOf, setVariable } from "../commands/commands.ts";
import { type Match, type Rule, said, saidAny } from "../rule.ts";

/** setuptools puts `.c` in the place of `.pyx` when it finds no Cython. */
function ofCython({ finding, facts, context: { log } }: Match): boolean {
  const stem = /([^\\/]+)\.(?:c|cpp)$/.exec(facts["file"] ?? "")?.[1];
  return finding.kind === "driver" && stem !== undefined && stem === log.builtExtension?.split(".").at(-1);
}

/** A path with letters outside of ASCII that went through build.ninja: what ninja reads is not what torch meant. */
function isMisread({ finding, facts }: Match): boolean {
  return finding.tool === "ninja" && /[^\t -~]/.test(facts["file"] ?? "");
}

/** The installed package that a source is of; torch and what NVIDIA brings hold no sources of extensions. */
function installedPackage({ facts }: Match): string | undefined {
  return /[\\/](?:site|dist)-packages[\\/](?!torch[\\/]|nvidia[\\/])([A-Za-z][\w.]*)[\\/]/.exec(
    facts["file"] ?? "",
  )?.[1];
}

/** The command in the folder of the set-up script, which was started from above it: what it does not find lies below there. */
function ofSetupElsewhere(match: Match): string[] | undefined {
  return /(?:^|[\\/])(?:submodules|third_?party|dependencies|deps|extern(?:al)?)[\\/]/.test(match.facts["file"] ?? "")
    ? undefined
    : inSetupsFolder(match);
}

export const sourceFileRules: readonly Rule[] = [
  {
    id: "source-file-missing",
    title: "A source file does not exist",
    on: ["build-tool", "driver", "exception"],
    specificity: 80,
    matches: (finding) => {
      if (finding.kind === "exception")
        return finding.code === "FileNotFoundError"
          ? said(finding, /No such file or directory: '(?<file>[^']+\.(?:cu|cuh|cpp|cc|cxx|c|hip|mm|sycl|metal))'/)
          : undefined;
      if (finding.kind === "driver") {
        if (finding.code === "no-such-file")
          return /\.(?:o|obj)$/.test(finding.file ?? "") ? undefined : { file: finding.file };
        if (finding.code === "C1083")
          return finding.file !== undefined && finding.message.includes(finding.file)
            ? { file: finding.file }
            : undefined;
        return undefined;
      }
      return saidAny(
        finding,
        /'(?<file>[^']+)', needed by '[^']+', missing and no known rule to make it/,
        /No rule to make target '?[`‘]?(?<file>[^'’]+?)['’]?(?:, needed by|\. Stop)/,
        /Cannot find source file:\s*(?<file>\S+)/,
        /The source directory\s+(?<file>\/\S+)\s+does not contain a CMakeLists\.txt file/s,
        /does not contain a CMakeLists\.txt file|is not an existing (?:non-empty )?directory/,
        /add_subdirectory given source "(?<file>[^"]+)" which is not an/,
      );
    },
    confidence: (match) => (isMisread(match) || ofCython(match) ? "medium" : "high"),
    cause: (match) =>
      isMisread(match)
        ? `ninja does not find \`${match.facts["file"] ?? ""}\`: the path has letters outside of ASCII, which torch writes into build.ninja in one encoding and ninja reads in another. The file itself is most likely there.`
        : ofCython(match)
          ? `\`${match.facts["file"] ?? ""}\` bears the name of the module: it is most likely what Cython makes of the .pyx file of that name, and setuptools finds no Cython where it builds (in an isolated build: build-system.requires does not name it), so it passes the name of the C file to the compiler.`
          : installedPackage(match) !== undefined
            ? `\`${match.facts["file"] ?? ""}\` is to be compiled, and the installed package lacks it: its wheel was made without these sources (package_data, MANIFEST.in), or its folder is damaged or half removed.`
            : ofSetupElsewhere(match) !== undefined
              ? `\`${match.facts["file"] ?? "A file"}\` is to be compiled and is not there: ${setupsFolderSentence}`
              : `\`${match.facts["file"] ?? "A file"}\` is to be compiled and is not there: a git submodule was not checked out (third_party, dependencies), the path in \`sources\` is wrong (it counts from where the build runs), or the source package lacks it (MANIFEST.in).`,
    fix: (match) => {
      const installed = installedPackage(match);
      return isMisread(match)
        ? [
            `# move the program, with its Python, to a folder of plain ASCII letters (${platformOf(match) === "win32" ? "C:\\ai\\app" : "~/app"}), and make the environment anew there`,
            setVariable(match, "TORCH_EXTENSIONS_DIR", platformOf(match) === "win32" ? "C:\\te" : "/tmp/te"),
            "# or Windows' setting: Region > Administrative > Change system locale > Beta: Use Unicode UTF-8, then restart",
          ]
        : ofCython(match)
          ? [
              ...(match.context.log.setupCommand !== undefined ||
              /no-build-isolation/.test((match.context.log.options ?? []).join(" "))
                ? [pip(match, "install cython")]
                : buildRequirement(match, "cython")),
              `# no .pyx file beside it: the C source itself is missing (git submodule update --init --recursive, or MANIFEST.in)`,
            ]
          : installed !== undefined
            ? [
                `${pip(match, `show -f ${installed}`)} ${platformOf(match) === "win32" ? '| findstr ".cu .cpp"' : '| grep -E "\\.(cu|cpp|c|h)$"'}   # are the sources in its list? then its folder was damaged:`,
                pip(
                  match,
                  `install --force-reinstall --no-cache-dir --no-deps ${installed}   # in the release that is installed`,
                ),
                `# they are not: git clone the repository of ${installed}, and there ${pip(match, "install --no-build-isolation -e .")}; its author has to name them in package_data or MANIFEST.in`,
              ]
            : ofSetupElsewhere(match) !== undefined
              ? (ofSetupElsewhere(match) ?? [])
              : [
                  ...(/\.o(?:bj)?$/.test(match.facts["file"] ?? "")
                    ? []
                    : [
                        platformOf(match) === "win32"
                          ? "git submodule update --init --recursive"
                          : "[ ! -f .gitmodules ] || git submodule update --init --recursive",
                      ]),
                  platformOf(match) === "win32" || match.facts["file"] === undefined
                    ? `ls ${match.facts["file"] ?? "."}`
                    : `find . -name '${(match.facts["file"].split("/").at(-1) ?? "").replace(/\.o(?:bj)?$/, ".*")}' -not -path './.git/*'   # in another folder? Then that is the path for the list of sources`,
                  "# source packages: name csrc in MANIFEST.in (recursive-include csrc *)",
                ];
    },
    sources: ["NVlabs/tiny-cuda-nn#390", "wenda-LLM/wenda#278", "NVIDIA/apex#1741"],
    examples: [
      {
        text: "$ python ./apex/setup.py install --cuda_ext\nrunning build_ext\nbuilding 'apex_C' extension\nninja: error: '/app/csrc/flatten_unflatten.cpp', needed by '/app/build/temp.linux-x86_64-cpython-310/csrc/flatten_unflatten.o', missing and no known rule to make it",
        expect: "cd apex && python setup.py install --cuda_ext",
      },
      { text: "FileNotFoundError: [Errno 2] No such file or directory: 'csrc/nms.cu'", expect: "csrc/nms.cu" },
      {
        text: "ninja: error: '/p/dependencies/fmt/src/format.cc', needed by '/p/build/format.o', missing and no known rule to make it",
        expect: "git submodule update",
      },
      {
        text: "cc1plus: fatal error: csrc/nms.cpp: No such file or directory\ncompilation terminated.",
        expect: "csrc/nms.cpp",
      },
      { text: "make: *** No rule to make target 'csrc/a.cu', needed by 'a.o'.  Stop.", expect: "csrc/a.cu" },
      {
        text: "ninja: error: 'D:/\ufffd\u00bd\ufffd/app/Lib/site-packages/my_ops/cuda/wrapper.cpp', needed by 'wrapper.o', missing and no known rule to make it",
        expect: "ASCII",
      },
      {
        text: "ninja: error: '/e/lib/python3.10/site-packages/my_ops/csrc/nms.cpp', needed by 'nms.o', missing and no known rule to make it",
        expect: "install --force-reinstall --no-cache-dir --no-deps my_ops",
      },
    ],
  },
  {
    id: "asked-target-not-defined",
    title: "setup.py asks for a target that CMake did not define",
    on: ["build-tool"],
    specificity: 78,
    matches: (finding, { log }) =>
      log.installer === undefined && log.setupCommand === undefined
        ? undefined
        : said(finding, /unknown target '(?<name>\w+)', did you mean '(?<near>\w+)'/),
    confidence: "low",
    cause: ({ facts }) =>
      `setup.py builds the target \`${facts["name"] ?? ""}\` by name, and CMakeLists.txt, or what it fetched, did not define it: sources that were fetched for an earlier state of the project still lie there, or the target is only defined for other GPUs or another CUDA than this build has (the lines with ARCHS, before).`,
    fix: (match) => [
      "rm -rf build .deps   # what an earlier state of the sources left: CMake fetches it anew",
      `# the same again: grep -rn '${match.facts["name"] ?? ""}' setup.py CMakeLists.txt cmake, and take it out of setup.py where CMake defines it for other GPUs alone`,
    ],
    sources: ["vllm-project/vllm#13183"],
    examples: [
      {
        text: "jo@v100:~/fastserve$ pip install -e .\n  Building editable for fastserve (pyproject.toml) ... error\n  error: subprocess-exited-with-error\n      ninja: error: unknown target '_attn3_C', did you mean '_attn2_C'?",
        expect: "rm -rf build .deps",
      },
    ],
  },
];
