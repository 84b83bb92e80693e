/** Files of another system that are given to a linker: Linux's LibTorch on a Mac, a DLL in place of its import library. */
import { pip, platformOf, python } from "../commands/commands.ts";
import type { Finding } from "../finding.ts";
import { macLibtorch, replaceLibtorch } from "../commands/libtorch-downloads.ts";
import { baseName } from "../parsers/parser.ts";
import type { Match, MatchFacts, Rule, RuleContext } from "../rule.ts";
import { torchOfTch } from "../tables/version-facts.ts";

const systems = { elf: "Linux", macho: "macOS", pe: "Windows" } as const;

/** What the first bytes, or the name, say of the file that the linker does not take. */
function kindOf(message: string, file: string): keyof typeof systems | undefined {
  const bytes = /0x7F 0x45 0x4C 0x46/i.test(message)
    ? "elf"
    : /0x(?:CF|CE) 0xFA 0xED 0xFE|0xCA 0xFE 0xBA 0xBE/i.test(message)
      ? "macho"
      : /0x4D 0x5A/i.test(message)
        ? "pe"
        : undefined;
  if (bytes !== undefined) return bytes;
  if (/\.so(?:\.\d+)*$/.test(file)) return "elf";
  if (/\.dylib$/.test(file)) return "macho";
  return /\.(?:dll|lib)$/.test(file) ? "pe" : undefined;
}

function notTaken(finding: Finding, context: RuleContext): MatchFacts | undefined {
  const { message } = finding;
  const refused =
    /ignoring file ['"]?(?<file>[^'",]+?)['"]?, (?:building for \S+ but attempting to link with file built for unknown|file was built for unsupported file format|unknown[- ]file type|file is universal .* but does not contain)/.exec(
      message,
    ) ??
    /(?:unknown file type in|unsupported file type|not an? (?:object|archive|mach-o) (?:file )?(?:in)?):? ['"]?(?<file>[^'":\s]+)/.exec(
      message,
    ) ??
    /(?<file>[^\s:'"]+\.(?:dylib|dll|lib|so(?:\.\d+)*)): (?:file not recognized|file format not recognized|unknown file type|not a valid (?:ELF|object)|error adding symbols: [Ff]ile in wrong format)/.exec(
      message,
    ) ??
    (finding.code === "LNK1107"
      ? /(?<file>[^\s:'"]+\.(?:dll|so|dylib|pyd))(?:\(|\s|:|$)/i.exec(`${finding.file ?? ""} ${finding.text}`)
      : null);
  const file = refused?.groups?.["file"];
  if (file === undefined) return undefined;
  const kind = kindOf(message, file);
  // Whose words these are tells more than the paths, which are those of the foreign file.
  const own = /ignoring file|mach-o|unknown file type/.test(message)
    ? "macho"
    : /^LNK/.test(finding.code ?? "")
      ? "pe"
      : /not recognized|error adding symbols/.test(message)
        ? "elf"
        : ownOf(context.log.platform ?? context.environment?.platform);
  if (kind === undefined) return undefined;
  if (kind === own) return own === "pe" && /\.dll$/i.test(file) ? { file, kind: "dll" } : undefined;
  return { file, kind };
}

function ownOf(platform: string | undefined): keyof typeof systems {
  return platform === "darwin" ? "macho" : platform === "win32" ? "pe" : "elf";
}

function isTorch(match: Match): boolean {
  return (
    /(?:^|[\\/])(?:lib)?(?:c10|torch|caffe2)\w*\./.test(match.facts["file"] ?? "") ||
    /libtorch/.test(match.facts["file"] ?? "")
  );
}

/** The processor that Apple's linker links for, as it says. */
function linksFor({ finding, context }: Match): "x86_64" | "arm64" | undefined {
  const said = /\barchitecture (x86_64|arm64)\b|being linked \((x86_64|arm64)\)|building for macOS-(x86_64|arm64)/;
  for (const { text, message } of [finding, ...context.findings]) {
    const found = (said.exec(text) ?? said.exec(message))?.slice(1).find((part) => part !== undefined);
    if (found === "x86_64" || found === "arm64") return found;
  }
  return undefined;
}

export const foreignLibraryRules: readonly Rule[] = [
  {
    id: "library-of-other-system",
    title: "The library is of another operating system",
    on: ["link"],
    specificity: 86,
    matches: notTaken,
    confidence: "high",
    cause: (match) => {
      const file = baseName(match.facts["file"] ?? "");
      if (match.facts["kind"] === "dll")
        return `\`${file}\` is a DLL. Microsoft's linker wants its import library, a .lib file of the same name.`;
      const system = systems[(match.facts["kind"] ?? "elf") as keyof typeof systems];
      return `\`${file}\` is a library for ${system}${/0x7F 0x45/i.test(match.finding.message) ? " (0x7F 0x45 0x4C 0x46 is how an ELF file begins)" : ""}, and the link is for another system: ${isTorch(match) ? `the LibTorch that was downloaded or copied is the one for ${system}` : "it was downloaded, copied or committed for that one"}. All undefined symbols follow from it.`;
    },
    fix: (match) => {
      if (match.facts["kind"] === "dll")
        return [
          `# link ${baseName(match.facts["file"] ?? "").replace(/\.dll$/i, ".lib")}; the DLL goes beside the program`,
        ];
      if (!isTorch(match))
        return [
          `file ${match.facts["file"] ?? ""}`,
          `# put the ${baseName(match.facts["file"] ?? "").replace(/\..*$/, "")} of this system in its place, and build from an empty folder`,
        ];
      if (match.context.log.host === "rust" && platformOf(match) !== "win32") return pipTorchForCargo(match);
      const processor = platformOf(match) === "darwin" ? linksFor(match) : undefined;
      const replaced = processor === undefined ? [] : replaceLibtorch(match, macLibtorch(match, processor));
      if (replaced.length > 0)
        return [
          ...replaced,
          ...(match.context.log.typedConfigure === undefined
            ? ["# then build from an empty folder (rm -rf build; cargo clean)"]
            : []),
        ];
      return [
        platformOf(match) === "darwin"
          ? linksFor(match) === "x86_64"
            ? "# LibTorch for this Mac with an Intel processor: https://download.pytorch.org/libtorch/cpu/libtorch-macos-x86_64-2.2.2.zip   (the last one for Intel)"
            : linksFor(match) === "arm64"
              ? "# LibTorch for this Mac: https://download.pytorch.org/libtorch/cpu/libtorch-macos-arm64-<version>.zip"
              : "# LibTorch for this Mac: https://download.pytorch.org/libtorch/cpu/libtorch-macos-arm64-<version>.zip   (Intel: libtorch-macos-x86_64, up to 2.2)"
          : platformOf(match) === "win32"
            ? "# LibTorch for Windows: https://pytorch.org/get-started/locally/ (LibTorch, C++, Release or Debug as the build)"
            : "# LibTorch for Linux: https://download.pytorch.org/libtorch/",
        `# or the libraries of pip's torch: ${pip(match, "install torch")}, LIBTORCH=$(${python(match)} -c "import torch, os; print(os.path.dirname(torch.__file__))")   (Rust: LIBTORCH_USE_PYTORCH=1)`,
        "# then build from an empty folder (rm -rf build; cargo clean)",
      ];
    },
    sources: [
      "LaurentMazare/tch-rs#675",
      "pytorch/pytorch#13678",
      "pytorch/pytorch#12449",
      "https://learn.microsoft.com/en-us/cpp/error-messages/tool-errors/linker-tools-error-lnk1107",
    ],
    examples: [
      {
        text: "ld: warning: ignoring file /Users/u/libtorch/lib/libc10.so, building for macOS-arm64 but attempting to link with file built for unknown-unsupported file format ( 0x7F 0x45 0x4C 0x46 0x02 0x01 0x01 0x00 )",
        expect: "libtorch-macos-arm64",
      },
      {
        text: "ld: warning: ignoring file ../libtorch/lib/libtorch.so, file was built for unsupported file format ( 0x7F 0x45 0x4C 0x46 0x02 0x01 0x01 0x03 ) which is not the architecture being linked (x86_64): ../libtorch/lib/libtorch.so",
        expect: "libtorch-macos-x86_64-2.2.2.zip",
      },
      {
        text: "set_property(TARGET app PROPERTY CXX_STANDARD 14)\n$ cmake -DCMAKE_PREFIX_PATH=/Users/jo/dl/libtorch ..\n$ make\nld: warning: ignoring file /Users/jo/dl/libtorch/lib/libtorch.so, file was built for unsupported file format ( 0x7F 0x45 0x4C 0x46 0x02 0x01 0x01 0x03 ) which is not the architecture being linked (x86_64): /Users/jo/dl/libtorch/lib/libtorch.so",
        expect: "unzip -q /tmp/libtorch-macos-1.9.1.zip -d /Users/jo/dl",
      },
      {
        text: "/usr/bin/ld: /opt/libtorch/lib/libtorch.dylib: file not recognized: file format not recognized",
        expect: "is a library for macOS",
      },
      { text: "c10.dll : fatal error LNK1107: invalid or corrupt file: cannot read at 0x368", expect: "link c10.lib" },
    ],
  },
];

/** torch of pip's, which is made for each system, in the place of a LibTorch that was downloaded for another one. */
function pipTorchForCargo(match: Match): string[] {
  const { tch } = match.context.log;
  const torch = torchOfTch(tch);
  const variable = platformOf(match) === "darwin" ? "DYLD_LIBRARY_PATH" : "LD_LIBRARY_PATH";
  return [
    ...(torch === undefined
      ? ["cargo tree -i torch-sys   # the release of tch, which goes with one release of torch"]
      : []),
    torch === undefined
      ? "# python3 -m pip install torch==<that release>   (tch 0.13: 2.0, 0.17: 2.4, 0.20: 2.7, 0.23: 2.10)"
      : `python3 -m pip install "torch==${torch}.*"   # the one that tch ${tch ?? ""} is made for, for this system`,
    "unset LIBTORCH LIBTORCH_INCLUDE LIBTORCH_LIB; export LIBTORCH_USE_PYTORCH=1",
    `export ${variable}=$(python3 -c "import torch, os; print(os.path.dirname(torch.__file__))")/lib`,
    "cargo clean -p torch-sys && cargo build",
  ];
}
