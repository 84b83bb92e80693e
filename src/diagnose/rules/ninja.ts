/** ninja: its files, its releases, and what PyTorch's builder asks of it. */
import { clonedInShortFolder, longPathsSwitch } from "../commands/short-paths.ts";
import { isBuiltByPython } from "../commands/typed-builds.ts";
import {
  buildAgain,
  ownTemporaryFolder,
  pip,
  platformOf,
  python,
  quote,
  rebuild,
  removeFolder,
} from "../commands/commands.ts";
import { coded, type Rule, said, saidAny } from "../rule.ts";
import { aboutPath, jitRoot } from "./build-systems.ts";
import type { Match } from "../rule.ts";

/** The folder of the extension that load() builds: the root and the name that the error gives. */
function jitBuild(match: Match): string {
  const root = jitRoot(match);
  const name = match.context.findings
    .map(({ text, message }) => /Error building extension '([\w.-]+)'/.exec(`${text} ${message}`)?.[1])
    .find((found) => found !== undefined);
  return name === undefined || root.endsWith(name) ? root : `${root}/${name}`;
}

/** Puts torch's call of ninja back as it was, whatever stands there: another torch, or the same one fetched anew, is more than that takes. */
function asItWas(match: Match): string {
  return `${python(match)} -c "import re, pathlib, torch.utils.cpp_extension as c; p = pathlib.Path(c.__file__); t = p.read_text(encoding='utf-8'); p.write_text(re.sub(r'\\[.ninja., *.[^]]{1,12}.\\]', str(['ninja', '-v']), t), encoding='utf-8')"   # the call in cpp_extension.py as torch has it`;
}

export const ninjaRules: readonly Rule[] = [
  {
    id: "ninja-file-broken",
    title: "build.ninja is damaged: two processes wrote it at once",
    on: ["build-tool"],
    specificity: 80,
    matches: (finding) =>
      finding.tool === "ninja"
        ? saidAny(
            finding,
            /(?:build\.ninja:\d+|:\d+): (?:expected|unexpected|bad|unknown|lexing|invalid|missing).*|lexing error|unterminated|expected (?:'='|build command|newline|path|identifier)/,
          )
        : undefined,
    confidence: "high",
    cause: () =>
      "ninja cannot read its build file: it is cut off or mixed up, because several processes (ranks, parallel pip builds) wrote it at the same time, or a path in it has spaces, a colon or a line break.",
    fix: (match) => [
      ...rebuild(match),
      ...(rebuild(match).some((line) => line.startsWith("retorch build"))
        ? [`# an extension of load(): rm -rf ${jitRoot(match)}/*/<its name>, then the program again`]
        : []),
      "# build once in one process before starting all ranks; paths without spaces and colons",
    ],
    sources: ["microsoft/DeepSpeed#7899", "pytorch/pytorch#177265"],
    examples: [{ text: "ninja: error: build.ninja:31: expected '=', got lexing error", expect: "one process" }],
  },
  {
    id: "ninja-too-old",
    title: "ninja is too old for the build file",
    on: ["build-tool", "exception"],
    specificity: 82,
    matches: (finding) =>
      saidAny(
        finding,
        /ninja version \((?<have>[\d.]+)\) incompatible with build file ninja_required_version version \((?<need>[\d.]+)\)/,
        /detected version of Ninja \((?<have>[\d.]+)\) is less than the version of Ninja required by CMake \((?<need>[\d.]+)\)/,
      ),
    confidence: "high",
    cause: (match) =>
      `The build file asks for ninja ${match.facts["need"] ?? ""}, and ${match.facts["have"] ?? "an older one"} comes first on PATH (often the distribution's).`,
    fix: (match) => [
      `${pip(match, "install --upgrade ninja")}   # the environment's stands before the system's on PATH: which -a ninja tells`,
      ...buildAgain(match),
    ],
    sources: ["https://ninja-build.org/manual.html"],
    examples: [
      {
        text: "ninja: fatal: ninja version (1.5.1) incompatible with build file ninja_required_version version (1.8.2).",
        expect: "install --upgrade ninja",
      },
      {
        text: "$ pip install --no-build-isolation .\n  Building wheel for ops (pyproject.toml) ... error\n      ninja: fatal: ninja version (1.5.1) incompatible with build file ninja_required_version version (1.8.2).\n  ERROR: Failed building wheel for ops",
        expect: "\npython -m pip install --no-build-isolation .",
      },
      {
        text: "ninja: fatal: ninja version (1.5.2) incompatible with build file ninja_required_version version (1.8.2).",
        expect: "install --upgrade ninja",
      },
    ],
  },
  {
    id: "ninja-verbose-edited",
    title: "Somebody edited the call of ninja in torch's cpp_extension.py",
    on: ["build-tool", "driver", "missing-library"],
    specificity: 84,
    matches: (finding, context) => {
      if (finding.tool === "ninja") return said(finding, /unknown target '(?<target>[–—-]*v?|--?version)'/);
      // Nothing was compiled, and where ninja should have told of it stands a version alone.
      const version = context.findings.find(({ code, at }) => code === "ninja-version" && at < finding.at);
      const file = finding.file ?? finding.library ?? "";
      return version !== undefined && /\.(?:o|obj|so|pyd)$/.test(file)
        ? { target: "--version", printed: version.message, file }
        : undefined;
    },
    confidence: "high",
    cause: (match) =>
      match.facts["printed"] !== undefined
        ? `Nothing was compiled, and so \`${match.facts["file"] ?? ""}\` does not exist: where the compiler's output should stand, ninja printed its version (${match.facts["printed"]}). ['ninja', '-v'] in torch/utils/cpp_extension.py was edited to ['ninja', '--version'], which hides the error of the build and mends nothing.`
        : `ninja was started with \`${match.facts["target"] ?? ""}\`, which it takes for a target: ['ninja', '-v'] in torch/utils/cpp_extension.py was edited (or pasted with a long dash). That edit hides the error of the build and mends nothing.`,
    fix: (match) => [
      asItWas(match),
      ...(buildAgain(match).length === 0 ? ["# then build again and read the first error"] : buildAgain(match)),
    ],
    sources: ["vacancy/PreciseRoIPooling#46", "pytorch/pytorch: torch/utils/cpp_extension.py"],
    examples: [
      { text: "ninja: error: unknown target '–v'", expect: "['ninja', '-v']" },
      {
        text: "Allowing ninja to set a default number of workers... (overridable by setting the environment variable MAX_JOBS=N)\n1.11.1.git.kitware.jobserver-1\ng++: error: /w/build/temp/csrc/ext.o: No such file or directory",
        expect: "re.sub",
      },
    ],
  },
  {
    id: "ninja-command-too-long",
    title: "A command line is too long",
    on: ["build-tool", "system", "exception"],
    specificity: 78,
    matches: (finding) =>
      (aboutPath(finding) ? undefined : coded(finding, "too-long")) ??
      (finding.kind === "build-tool"
        ? said(
            finding,
            /CreateProcess: The filename or extension is too long|Argument list too long|The command line is too long|posix_spawn: Argument list/,
          )
        : undefined),
    confidence: "high",
    cause: (match) =>
      platformOf(match) === "win32"
        ? "Windows limits command lines to 32767 characters (8191 in cmd) and paths to 260: the build folder lies too deep, or there are too many objects and include folders."
        : "The argument list exceeds what the system takes: very many objects or flags, or a huge environment.",
    fix: (match) =>
      platformOf(match) === "win32"
        ? [
            ...(clonedInShortFolder(match) ??
              (isBuiltByPython(match) && !/pip-(?:install|req)/.test(match.context.log.buildRoot ?? match.finding.text)
                ? [
                    'subst P: "%CD%" & P:   # the project under a short name, in the folder of the sources; away again: subst P: /d',
                  ]
                : ownTemporaryFolder(match))),
            "# the limit of a command line is no setting: shorter folders of the project, of the environment and of temporary files make all its paths shorter",
            longPathsSwitch,
          ]
        : ["# shorter paths (build in /tmp/b), or a response file: retorch uses them where the linker takes them"],
    sources: ["https://learn.microsoft.com/windows/win32/fileio/maximum-file-path-limitation"],
    examples: [
      { text: "ninja: fatal: CreateProcess: The filename or extension is too long.", expect: "LongPathsEnabled" },
      { text: "OSError: [Errno 7] Argument list too long: 'g++'", expect: "response file" },
    ],
  },
  {
    id: "ninja-file-access",
    title: "ninja may not write its files",
    on: ["build-tool"],
    specificity: 70,
    matches: (finding) =>
      finding.tool === "ninja"
        ? said(
            finding,
            /stat\((?<path>[^()]+)\): (?:Permission denied|Stale|Transport endpoint|Input\/output)|(?:opening|mkdir|chdir|remove|build log|\.ninja_log|\.ninja_deps|ReadFile|open)\S*.*(?:Permission denied|Read-only|Access is denied|No such file or directory|Stale)/,
          )
        : undefined,
    confidence: (match) => (match.facts["path"] === undefined ? "high" : "medium"),
    cause: (match) =>
      match.facts["path"] === undefined
        ? "The build folder belongs to another user, is on a read-only file system, or vanished while ninja ran."
        : `ninja may not look at \`${match.facts["path"]}\`. Where the sources lie elsewhere by now, the path is one from before, which the build folder remembers (a drive that is mounted under another name, a project that was moved); else a folder above it belongs to another user.`,
    fix: (match) => [
      ...(match.facts["path"] === undefined
        ? []
        : [
            `ls -l ${quote(match.facts["path"])}   # is it there, under that name?`,
            removeFolder(match, jitBuild(match)),
          ]),
      ...(platformOf(match) === "win32" ? [] : [`ls -ld ${jitRoot(match)}`]),
      "export TORCH_EXTENSIONS_DIR=$HOME/.torch_extensions   # a folder of your own",
      ...rebuild(match),
    ],
    sources: ["pytorch: torch/utils/cpp_extension.py"],
    examples: [
      { text: "ninja: error: opening build log: Permission denied", expect: "TORCH_EXTENSIONS_DIR" },
      {
        text: "Using /home/u/.cache/torch_extensions/py310_cu118 as PyTorch extensions root...\nninja: error: stat(/media/u/6909/ChatRWKV/rwkv/cuda/wrapper.cpp): Permission denied\nRuntimeError: Error building extension 'wkv_cuda'",
        expect: "rm -rf /home/u/.cache/torch_extensions/py310_cu118/wkv_cuda",
      },
    ],
  },
];
