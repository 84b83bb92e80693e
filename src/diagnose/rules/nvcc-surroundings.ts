/** What nvcc finds around it: the host compiler that it calls, the files that it reads and writes. */
import { platformOf } from "../commands/commands.ts";
import { type Match, type Rule } from "../rule.ts";
import { nvccSaid } from "./nvcc-messages.ts";

/** A path of Windows without `..`, as cmd.exe wants it. */
function resolved(path: string): string {
  const parts: string[] = [];
  for (const part of path.split(/[\\/]+/)) {
    if (part === ".." && parts.length > 1) parts.pop();
    else if (part !== ".") parts.push(part);
  }
  return parts.join("\\");
}

/** A path of Windows with letters that are not ASCII, or that were lost on the way. */
function unreadable(match: Match): boolean {
  return platformOf(match) === "win32" && /[^\x20-\x7e]|\?{2,}/.test(match.facts["file"] ?? "");
}

/** The message is of Linux, as the text around it tells. */
function forOtherSystem({ finding, context }: Match): boolean {
  return /unsupported OS/.test(finding.message) && (context.log.platform === "linux" || context.log.docker);
}

export const nvccSurroundingRules: readonly Rule[] = [
  {
    id: "nvcc-host-unsupported",
    title: "nvcc cannot work with this host compiler",
    on: ["driver"],
    specificity: 75,
    matches: (finding) =>
      nvccSaid(
        finding,
        /Host compiler targets unsupported OS/,
        /Failed to (?:preprocess|detect) host compiler properties/,
        /provided host compiler path ['"](?<path>[^'"]+)['"] does not exist/,
        /(?:Could not|Cannot) (?:find|locate|start) (?:the )?host compiler ?['"]?(?<path>[^'"]*)/i,
        /Could not set up the environment for Microsoft Visual Studio(?: using ['"](?<script>[^'"]+)['"])?/,
        /Microsoft Visual Studio configuration file '(?<vcvars>.+?)' could not be found/,
        /Visual Studio configuration file/,
        /Compiler 'cl\.exe' in PATH different than the one specified with -ccbin/,
        /nvcc cannot find a supported version of Microsoft Visual Studio/,
        /(?:Unsupported|unsupported) host compiler/,
        /32 bit compilation is only supported for/,
      ),
    confidence: "high",
    cause: (match) =>
      /(?:preprocess|detect|provided|find|locate|start) (?:the )?host compiler/i.test(match.finding.message)
        ? match.context.log.hostByWhich !== undefined
          ? `The project's own build names nvcc's host compiler as \`-ccbin=$(which ${match.context.log.hostByWhich})\`, and there is no ${match.context.log.hostByWhich} on PATH (or no shell that asks for it), so that -ccbin names nothing.`
          : `nvcc could not run the host compiler ${match.facts["path"] === undefined ? "" : `\`${match.facts["path"]}\` `}that -ccbin (or CC, CXX, NVCC_CCBIN, CUDAHOSTCXX) names: it does not exist or is no working C++ compiler.`
        : forOtherSystem(match)
          ? "nvcc found a host compiler that makes code for another system (a cross compiler, one for musl or MinGW): the one that -ccbin, CC, CXX or NVCC_CCBIN names, or the first on PATH."
          : match.facts["script"] !== undefined
            ? "nvcc found cl.exe and ran Visual Studio's script for its environment (vcvars64.bat), which did not work from where the build runs. Run by hand beforehand, it sets the environment that nvcc and the build need."
            : "nvcc found a host compiler that it cannot use: MinGW or clang on Windows, another cl.exe than -ccbin says, or a Visual Studio it does not know.",
    fix: (match) =>
      !forOtherSystem(match) &&
      (platformOf(match) === "win32" || /Visual Studio|cl\.exe|unsupported OS/.test(match.finding.message))
        ? match.facts["script"] !== undefined
          ? [
              `call "${resolved(match.facts["script"])}"   # in cmd.exe: its last line says what is wrong, if it fails`,
              "set DISTUTILS_USE_SDK=1",
              "where cl",
            ]
          : [
              "# use the x64 Native Tools Command Prompt of Visual Studio 2019 or 2022, so that its cl.exe comes first on PATH",
              "where cl",
            ]
        : match.context.log.hostByWhich !== undefined
          ? [
              `grep -rlE -e '-ccbin[= ]?(\\$\\(|\`)which' --include='*.py' --include=CMakeLists.txt --include='*.sh' --include=Makefile . | xargs -r sed -i.bak -E 's/-ccbin[= ]?(\\$\\(|\`)which [^)\`]*(\\)|\`)/-ccbin=g++/g'   # the g++ that is on PATH`,
              `g++ --version | head -1   # the project asked for ${match.context.log.hostByWhich}: an old CUDA takes no new gcc; then install that one, or give its path in place of g++`,
            ]
          : [
              'echo "$CC $CXX $NVCC_CCBIN $NVCC_PREPEND_FLAGS $CUDAHOSTCXX"   # does it exist?',
              ...(/(?:^|\/)g(?:\+\+|cc)-(\d+)$/.test(match.facts["path"] ?? "")
                ? [
                    `sudo apt-get install g++-${/(\d+)$/.exec(match.facts["path"] ?? "")?.[1] ?? ""}   # or name one that is there:`,
                  ]
                : []),
              "export CC=gcc CXX=g++ NVCC_CCBIN=g++",
              "unset NVCC_PREPEND_FLAGS CUDAHOSTCXX",
            ],
    sources: [
      "https://docs.nvidia.com/cuda/cuda-installation-guide-linux/#host-compiler-support-policy",
      "facebookresearch/detectron2#9",
    ],
    examples: [
      {
        text: "D:\\w> pip install --no-build-isolation .\nnvcc fatal   : Could not set up the environment for Microsoft Visual Studio using 'D:/VS/2019/Community/VC/Tools/MSVC/14.29.30133/bin/HostX64/x64/../../../../../../../VC/Auxiliary/Build/vcvars64.bat'",
        expect: 'call "D:\\VS\\2019\\Community\\VC\\Auxiliary\\Build\\vcvars64.bat"',
      },
      { text: "nvcc fatal   : Host compiler targets unsupported OS.", expect: "MinGW" },
      {
        text: 'FROM nvidia/cuda:12.4.1-devel-ubuntu22.04\nRUN pip install .\n\n#12 31.22 nvcc fatal   : Host compiler targets unsupported OS.\n#12 ERROR: process "/bin/sh -c pip install ." did not complete successfully: exit code: 1',
        expect: "cross compiler",
      },
      {
        text: "nvcc fatal   : The provided host compiler path '/usr/bin/g++-11' does not exist",
        expect: "apt-get install -y g++-11",
      },
      {
        text: "/usr/local/cuda/bin/nvcc -c src/k.cu -o k.o --compiler-options '-fPIC' -ccbin=$(which gcc-7)\nnvcc fatal   : Failed to preprocess host compiler properties.\nerror: command '/usr/local/cuda/bin/nvcc' failed with exit status 1",
        expect: "/-ccbin=g++/g",
      },
      {
        text: "nosuch: No such file or directory\nnvcc fatal   : Failed to preprocess host compiler properties.",
        expect: "-ccbin",
      },
    ],
  },
  {
    id: "nvcc-file-access",
    title: "nvcc cannot open a file",
    on: ["driver"],
    specificity: 60,
    matches: (finding) =>
      nvccSaid(
        finding,
        /Could not open (?<which>input|output) file ['"]?(?<file>[^'"]+)/,
        /Could not (?:set up|create) .*(?:environment|temporary|directory)/,
        /Path to (?<file>\S+) (?:does not exist|not found)/,
        /Cannot open (?:output )?file/,
      ),
    confidence: "medium",
    cause: (match) =>
      unreadable(match)
        ? `nvcc cannot write \`${match.facts["file"] ?? ""}\`: the path of the temporary folder has letters outside of ASCII (a user name that is not in Latin letters), which nvcc's passes on Windows do not read alike.`
        : /tmpxft_/.test(match.facts["file"] ?? "") && match.facts["which"] === "input"
          ? `A file that one pass of nvcc left for the next (\`${match.facts["file"] ?? ""}\`) is gone or was never written: the temporary folder was full or cleaned up meanwhile, the pass before was killed for memory without a word, or parallel passes (--threads, NVCC_THREADS) got into each other's way.`
          : `nvcc cannot ${match.facts["which"] === "output" ? "write" : "open"} ${match.facts["file"] === undefined ? "a file" : `\`${match.facts["file"]}\``}: the folder does not exist or may not be written, the temporary folder is full, or an earlier pass died without a word (memory).`,
    fix: (match) =>
      unreadable(match)
        ? [
            "mkdir C:\\tmp & mkdir C:\\te",
            "set TMPDIR=C:\\tmp",
            ...(match.context.log.builtAtRunTime ? ["set TORCH_EXTENSIONS_DIR=C:\\te"] : []),
            "# the project and the environment, too, in folders without such letters, where the message stays",
          ]
        : [
            "df -h /tmp .; ls -ld ${TMPDIR:-/tmp}; free -g",
            "export TMPDIR=$HOME/tmp && mkdir -p $TMPDIR",
            "export MAX_JOBS=1 NVCC_THREADS=1   # then build again; a --threads flag of the project's: 1",
          ],
    sources: ["thu-ml/SageAttention#300"],
    examples: [
      {
        text: "nvcc fatal   : Could not open output file 'C:/Users/Анна/AppData/Local/Temp/tmpxft_00003c14_00000000-7_k.cpp1.ii'",
        expect: "set TEMP=C:\\tmp\nset TMP=C:\\tmp",
      },
      { text: "nvcc fatal   : Could not open output file '/tmp/tmpxft_0000a_00000000-6_k.fatbin'", expect: "TMPDIR" },
      {
        text: "fatal   : Could not open input file /tmp/tmpxft_00006c35_00000000-7_k.cpp1.ii",
        expect: "NVCC_THREADS=1",
      },
    ],
  },
];
