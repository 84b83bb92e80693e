/** A linker that somebody asked for by -fuse-ld: it is not there, the compiler does not know it, or it does not know an option. */
import { chooseLinker, linkerPackage, usualLinker } from "../commands/linker-choice.ts";
import { platformOf, rebuild } from "../commands/commands.ts";
import { type Match, type Rule, said, saidAny } from "../rule.ts";

/** The build again: cargo's own, or the project's. */
function buildAgain(match: Match): string[] {
  const { host, builtAtRunTime, typedConfigure } = match.context.log;
  return host === "rust"
    ? ["cargo build"]
    : typedConfigure !== undefined
      ? []
      : builtAtRunTime
        ? ["# then run the program again"]
        : rebuild(match);
}

/** The name without a folder: `/usr/bin/mold` and `ld64.lld` → `mold`, `lld`. */
function bareName(name: string): string {
  return name.replace(/^.*[\\/]/, "").replace(/^ld(?:64)?\./, "");
}

/** The same in setup.py (extra_link_args), where that is what builds the sources at hand; a linker's path is left to a person. */
function inSetup(match: Match): string[] {
  const name = match.facts["name"] ?? "";
  const { setupCommand, requested = [], dockerBuild } = match.context.log;
  const isOwn = setupCommand !== undefined || requested.some((word) => /^(?:-e )?"?\.[\\/]?(?:\[|"?$)/.test(word));
  return isOwn && !dockerBuild && /^[\w.-]+$/.test(name) && platformOf(match) === "linux"
    ? [`sed -i.bak 's/-fuse-ld=${name}/-fuse-ld=bfd/g' setup.py   # where extra_link_args has it`]
    : [];
}

export const chosenLinkerRules: readonly Rule[] = [
  {
    id: "linker-not-there",
    title: "The linker that is asked for is not installed",
    on: ["driver"],
    specificity: 84,
    matches: (finding) =>
      said(finding, /invalid linker name in (?:argument )?['‘"](?:-fuse-ld=|--ld-path=)(?<name>[^'’"]+)/),
    confidence: "high",
    cause: (match) =>
      `clang was told to link with \`${match.facts["name"] ?? ""}\` and finds no such program: ${/[\\/]/.test(match.facts["name"] ?? "") ? "nothing is at that path" : `neither beside itself nor on PATH is there an \`ld.${bareName(match.facts["name"] ?? "")}\``}.`,
    fix: (match) => {
      const name = bareName(match.facts["name"] ?? "");
      // mold makes programs for Linux alone.
      const installed = platformOf(match) === "darwin" && name === "mold" ? undefined : linkerPackage(match, name);
      return installed === undefined
        ? [...usualLinker(match), ...buildAgain(match)]
        : [
            ...installed,
            "# or without it: take -fuse-ld out of LDFLAGS, RUSTFLAGS, .cargo/config.toml, CMakeLists.txt or setup.py",
            ...buildAgain(match),
          ];
    },
    sources: ["tree-sitter/tree-sitter#3465", "rui314/mold#746", "https://github.com/rui314/mold#how-to-use"],
    examples: [
      {
        text: "clang: error: invalid linker name in argument '-fuse-ld=mold'\nninja: build stopped: subcommand failed.\nRuntimeError: Error building extension 'my_ops'",
        expect: "apt-get install -y mold",
      },
      { text: "clang++: error: invalid linker name in '-fuse-ld=lld'", expect: "apt-get install -y lld" },
      {
        text: "  = note: clang: error: invalid linker name in argument '-fuse-ld=gold'\n\nerror: could not compile `app` (bin \"app\") due to 1 previous error",
        expect: "cargo build",
      },
    ],
  },
  {
    id: "linker-name-refused",
    title: "The compiler does not know the linker that is asked for",
    on: ["driver"],
    specificity: 84,
    matches: (finding) =>
      finding.tool === "gcc" || finding.tool === "clang"
        ? said(finding, /unrecogni[sz]ed command[- ]line option [‘'"“]-fuse-ld=(?<name>[^’'"”]+)/)
        : undefined,
    confidence: "high",
    cause: (match) => {
      const name = match.facts["name"] ?? "";
      return /[\\/]/.test(name)
        ? `gcc takes the name of a linker after -fuse-ld (bfd, gold, lld, mold), and no path as \`${name}\` is one: paths are for clang.`
        : `This gcc does not know -fuse-ld=${name}: it knows bfd and gold, lld since gcc 9, and mold since gcc 12.1.`;
    },
    fix: (match) => {
      const name = bareName(match.facts["name"] ?? "");
      return [
        ...usualLinker(match),
        ...inSetup(match),
        ...buildAgain(match),
        `# with ${name} all the same: gcc ${name === "lld" ? "9" : "12.1"} or newer and -fuse-ld=${name}, without a path${name === "mold" ? "; an older gcc: mold -run <the build command>" : ""}`,
        "# it can also stand in .cargo/config.toml, CMakeLists.txt or setup.py: delete it there",
      ];
    },
    sources: [
      "rui314/mold#341",
      "https://gcc.gnu.org/gcc-12/changes.html",
      "https://github.com/rui314/mold#how-to-use",
    ],
    examples: [
      {
        text: "  = note: cc: error: unrecognized command-line option '-fuse-ld=/usr/bin/mold'\n\n\nerror: linking with `cc` failed: exit status: 1",
        expect: "RUSTFLAGS=",
      },
      {
        text: "$ python setup.py bdist_wheel\ng++: error: unrecognized command-line option '-fuse-ld=wild'; did you mean '-fuse-ld=gold'?",
        expect: "sed -i.bak 's/-fuse-ld=wild/-fuse-ld=bfd/g' setup.py",
      },
      {
        text: "g++: error: unrecognized command-line option '-fuse-ld=mold'; did you mean '-fuse-ld=gold'?",
        expect: "12.1",
      },
      {
        text: "$ cmake -S . -B build -DCMAKE_EXE_LINKER_FLAGS=-fuse-ld=mold && cmake --build build\n/usr/bin/c++: error: unrecognized command-line option '-fuse-ld=mold'; did you mean '-fuse-ld=bfd'?\nmake[2]: *** [app] Error 1",
        expect: "cmake -S . -B build -DCMAKE_EXE_LINKER_FLAGS=-fuse-ld=bfd",
      },
    ],
  },
  {
    id: "linker-option-unknown",
    title: "The linker does not know an option that another linker has",
    on: ["link"],
    specificity: 74,
    matches: (finding) => {
      const facts = saidAny(
        finding,
        /unknown command line option: (?<option>\S+)/,
        /unknown argument:? ['‘]?(?<option>-[^'’\s]+)/,
        /(?<option>--?[\w-]+(?:=\S+)?): unknown option/,
        /unrecogni[sz]ed option ['‘](?<option>-[^'’]+)/,
        /(?:unrecogni[sz]ed|unknown) emulation(?: mode)?: (?<option>\S+)/,
        /unknown -m argument: (?<option>\S+)/,
      );
      return facts === undefined
        ? undefined
        : { ...facts, linker: /\b(?:mold|lld|gold|lld-link)\b/.exec(finding.text)?.[0] ?? "ld" };
    },
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["linker"] ?? "ld"}\` does not have \`${match.facts["option"] ?? ""}\`, which the build passes on to the linker: ${ofLlvm(match) ? "it is an option of LLVM's linker (lld)" : match.facts["linker"] === "ld" ? "it is of another linker or of a newer one" : "GNU's linker has it"}.`,
    fix: (match) =>
      ofLlvm(match) && match.facts["linker"] !== "lld"
        ? [...(linkerPackage(match, "lld") ?? []), ...chooseLinker(match, "lld"), ...buildAgain(match)]
        : match.facts["linker"] !== "ld"
          ? [...chooseLinker(match, "bfd"), ...buildAgain(match)]
          : [
              "ld --version; which -a ld   # which one it is, and which others are there",
              `# take -Wl,${match.facts["option"] ?? ""} out of LDFLAGS, setup.py or CMakeLists.txt, or take a newer binutils: conda install -c conda-forge binutils`,
            ],
    sources: ["LaurentMazare/tch-rs#804", "rui314/mold#336", "https://sourceware.org/binutils/docs/ld/Options.html"],
    examples: [
      {
        text: '  = note: mold: fatal: unknown command line option: --copy-dt-needed-entries\n          collect2: error: ld returned 1 exit status\n\nerror: could not compile `a` (bin "a") due to previous error',
        expect: 'RUSTFLAGS="-C link-arg=-fuse-ld=bfd"',
      },
      { text: "ld.lld: error: unknown argument '--copy-dt-needed-entries'", expect: "-fuse-ld=bfd" },
      { text: "/usr/bin/ld: unrecognized option '--color-diagnostics'", expect: "-fuse-ld=lld" },
      { text: "/usr/bin/ld.gold: --push-state: unknown option", expect: "-fuse-ld=bfd" },
      { text: "/usr/bin/ld: unrecognised emulation mode: llvm", expect: "-fuse-ld=lld" },
    ],
  },
];

/** Whether the option is one of lld's, or of clang's to it. */
function ofLlvm({ facts }: Match): boolean {
  return /^(?:llvm|-?-?(?:color-diagnostics|icf|thinlto|lto-O|mllvm|error-limit|pack-dyn-relocs|call-graph|time-trace|threads=))/.test(
    facts["option"] ?? "",
  );
}
