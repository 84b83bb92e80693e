/** nvcc's command line: options, standards, its host compiler and files. */
import { withHostFlags } from "../commands/typed-again.ts";
import { compareVersions, parseVersion } from "../../base/order.ts";
import { cudaForStandard } from "../tables/version-facts.ts";
import {
  buildAgain,
  pip,
  platformOf,
  python,
  setVariable,
  showToolkits,
  showTorchCuda,
  toolkitFolder,
  toolkitOnPath,
  torchCuda,
  useToolkit,
} from "../commands/commands.ts";
import { newerToolkit } from "../commands/newer-toolkit.ts";
import { type Match, type Rule } from "../rule.ts";
import { changedNvcc } from "../commands/typed-again.ts";
import { nvccSaid } from "./nvcc-messages.ts";

/** Options that older releases of nvcc do not have. */
const newerNvcc =
  /allow-unsupported-compiler|compress-mode|Ofast-compile|gen-opt-lto|dopt|jump-table|threads|extended-lambda|(?<!m)arch=native|diag|split-compile|static-global/;

/**
 * The first CUDA whose nvcc has an option. Sources: ml-explore/mlx#2407, which compares nvcc's documentation of 12.6 and 12.8;
 * flashinfer-ai/flashinfer#1526.
 */
const optionSince: readonly (readonly [RegExp, string])[] = [
  [/compress-mode/, "12.8"],
  [/static-global-template-stub/, "12.8"],
];

/** The release of FlashInfer that asks nvcc for its version before it passes the option on. Source: flashinfer-ai/flashinfer#1526, #1532. */
const flashinferAsks = "0.2.14";

/** FlashInfer passes the option to every nvcc, in the release that the text states or an unknown one. */
function newerFlashinfer(match: Match, option: string): string[] | undefined {
  const { versions } = match.context.log;
  const stated = versions["flashinfer-python"] ?? versions["flashinfer"];
  const said = match.context.findings.map(({ text }) => text).join("\n");
  if (!/static-global-template-stub/.test(option) || !(stated !== undefined || /flashinfer/.test(said)))
    return undefined;
  if (stated !== undefined && compareVersions(parseVersion(stated), parseVersion(flashinferAsks)) >= 0)
    return undefined;
  const cache = /[^\s'"`]*[\\/]\.cache[\\/]flashinfer\b/.exec(said)?.[0] ?? "~/.cache/flashinfer";
  return [
    `${pip(match, `install --upgrade "flashinfer-python>=${flashinferAsks}"`)}   # leaves the option out for an nvcc below 12.8`,
    `rm -rf ${cache}   # what the older release wrote`,
    ...buildAgain(match),
  ];
}

function sinceOf(option: string): string | undefined {
  return optionSince.find(([form]) => form.test(option))?.[1];
}

/** Where the toolkit of torch's CUDA usually lies. */
function cudaHome(match: Match): string {
  const version = torchCuda(match);
  return version === undefined ? "/usr/local/cuda" : `/usr/local/cuda-${version}`;
}

function nvccHere(match: Match): string {
  const version = match.context.log.cuda ?? match.context.environment?.cuda?.version;
  return version === undefined ? "" : ` (CUDA ${version})`;
}

/** Whether torch is for the CUDA of the old nvcc itself. */
function sameToolkit(match: Match): boolean {
  const { cuda } = match.context.log;
  return cuda !== undefined && cuda === torchCuda(match);
}

/** What a linker is told through a compiler. */
const linkerWord = /^-?(?:Wl,|l\w|rdynamic|soname)/;

/** The option as it was written: nvcc takes the dash away when it complains (and `-m` of `-march=native`). */
function dashed(option: string): string {
  if (/^(?:arch|tune|cpu|fpu)=/.test(option)) return `-m${option}`;
  return option.startsWith("-") || option === "" ? option : `-${option}`;
}

/** An option that begins with a dash of typography, in any line that was kept. */
function typographic(match: Match): string | undefined {
  for (const { text, message } of match.context.findings) {
    const word = /(?:^|[\s;"'])(–{1,2}[A-Za-z][\w-]*)/.exec(`${text} ${message}`)?.[1];
    if (word !== undefined) return word;
  }
  return undefined;
}

/** Whether ninja builds in the text. */
function ninjaRan({ context: { log, findings } }: Match): boolean {
  return (
    log.buildRoot !== undefined ||
    findings.some(
      ({ tool, text, frames }) => tool === "ninja" || /\bninja\b/.test(`${text} ${frames?.join(" ") ?? ""}`),
    )
  );
}

/**
 * Flags of gcc, handed on by nvcc itself, without an edit. Sources: the manual of nvcc (--forward-unknown-to-host-compiler, NVCC_PREPEND_FLAGS
 * since 11.1); CMake's Modules/Compiler/NVIDIA-CUDA.cmake passes the option to nvcc from 10.2.89 on.
 */
function forwardsUnknown(match: Match, option: string): string[] {
  const cuda = match.context.log.cuda ?? torchCuda(match);
  return /^-[fW][a-z]/.test(option) && (cuda === undefined || compareVersions(parseVersion(cuda), [11, 1]) >= 0)
    ? [
        `${setVariable(match, "NVCC_PREPEND_FLAGS", "-forward-unknown-to-host-compiler")}   # nvcc gives what it does not know to the host compiler`,
      ]
    : [];
}

/** Takes one of the two out of what Python's files and CMake's give nvcc: -lineinfo, which -G implies, else the first. */
function dropOption(match: Match): string[] {
  const { a, b } = match.facts;
  if (a === undefined || b === undefined || platformOf(match) === "win32") return [];
  const option = b === "-lineinfo" || b === "--generate-line-info" ? b : a;
  if (!/^--?[\w-]+$/.test(option)) return [];
  return [
    `grep -rlE -- "[\\"']${option}[\\"']" --include='*.py' --include=CMakeLists.txt --include='*.cmake' . | xargs -r sed -i.bak -E "s/[\\"']${option}[\\"'] *,? *//g"`,
    // In words of bash, which neither a cell nor a Dockerfile has.
    ...(match.context.log.notebook || match.context.log.docker
      ? []
      : [
          `export NVCC_APPEND_FLAGS="\${NVCC_APPEND_FLAGS//${option}/}" NVCC_PREPEND_FLAGS="\${NVCC_PREPEND_FLAGS//${option}/}"`,
        ]),
  ];
}

export const nvccOptionRules: readonly Rule[] = [
  {
    id: "nvcc-standard-unknown",
    title: "nvcc is too old for this C++ standard",
    on: ["driver"],
    specificity: 85,
    matches: (finding) =>
      nvccSaid(finding, /Value ['"]?(?:c|gnu)\+\+(?<standard>\w+)['"]? is not defined for option ['"]?-?-?std['"]?/),
    confidence: "high",
    cause: (match) => {
      const standard = match.facts["standard"] ?? "";
      const since = cudaForStandard(standard);
      if (since === undefined)
        return `nvcc${nvccHere(match)} does not know -std=c++${standard}: device compilers are behind host compilers, and C++20 is the newest standard that CUDA 12 and 13 take.`;
      return `This nvcc${nvccHere(match)} does not know -std=c++${standard}${since === undefined ? "" : `, which CUDA ${since} was the first to know`}: an old toolkit is used, often the distribution's /usr/bin/nvcc.`;
    },
    fix: (match) => {
      const since = cudaForStandard(match.facts["standard"] ?? "");
      if (since === undefined)
        return [
          ...withHostFlags(match, ["-std=c++20"]),
          "# -std=c++20 for nvcc (extra_compile_args={'nvcc': ['-std=c++20']}, CMAKE_CUDA_STANDARD 20); the newer standard for cxx alone",
        ];
      const wanted = torchCuda(match);
      if (wanted !== undefined && compareVersions(parseVersion(wanted), parseVersion(since)) >= 0)
        return ["which -a nvcc; nvcc --version", ...useToolkit(match, wanted, since)];
      if (wanted === undefined && match.context.usesTorch !== false && platformOf(match) === "linux")
        return [
          "which -a nvcc; nvcc --version; ls -d /usr/local/cuda*",
          `export CUDA_HOME=/usr/local/cuda-$(${python(match)} -c "import torch; print(torch.version.cuda)")   # the toolkit of torch's CUDA; it has to be ${since} or newer`,
          "export PATH=$CUDA_HOME/bin:$PATH",
          "# no such folder: install that toolkit beside the other, https://developer.nvidia.com/cuda-toolkit-archive",
        ];
      return [
        "which -a nvcc; nvcc --version",
        `export CUDA_HOME=/usr/local/cuda-${since} PATH=/usr/local/cuda-${since}/bin:$PATH   # or any newer one that fits torch`,
      ];
    },
    sources: ["pytorch/pytorch#32135", "levihsu/OOTDiffusion#64", "facebookresearch/detectron2#3098"],
    examples: [
      { text: "nvcc fatal   : Value 'c++14' is not defined for option 'std'", expect: "CUDA 9.0" },
      { text: "nvcc fatal   : Value 'c++20' is not defined for option 'std'", expect: "CUDA 12.0" },
    ],
  },
  {
    id: "nvcc-command-split",
    title: "nvcc's command line falls apart at a space or an empty word",
    on: ["driver"],
    specificity: 85,
    matches: (finding) =>
      nvccSaid(
        finding,
        /A single input file is required for a non-link phase/,
        /Don't know what to do with ['"](?<word>.+?)['"]/,
        /More than one input file specified/,
        /No input files specified/,
      ),
    confidence: (match) => (/^[^-/].*\.\w+$/.test(match.facts["word"] ?? "") ? "medium" : "high"),
    cause: (match) =>
      typographic(match) !== undefined
        ? `\`${typographic(match) ?? ""}\` begins with a dash (–) in place of a hyphen (-), as text from a web page or a word processor has it: nvcc takes the word for a file.`
        : `nvcc saw ${match.facts["word"] === undefined ? "more than one word" : `\`${match.facts["word"]}\``} as an input file: a path with a space is not quoted, a flag for the host compiler (/EHsc, -Wall, -fopenmp) was given without -Xcompiler, or an option with an empty value (-I, -ccbin) swallowed the next word.`,
    fix: (match) => [
      ...(typographic(match) === undefined
        ? []
        : [
            `grep -rlE "(^|[^A-Za-z0-9])–[A-Za-z]" --include=CMakeLists.txt --include='*.cmake' --include='*.py' . | xargs -r sed -i.bak -E 's/(^|[^A-Za-z0-9])–([A-Za-z])/\\1-\\2/g'   # type -${(typographic(match) ?? "").replace(/^–+/, "")}`,
          ]),
      "# move the project, the Python environment or CUDA to a path without spaces",
      "# give host flags as -Xcompiler <flag>; in setup.py: extra_compile_args={'cxx': [...], 'nvcc': ['-Xcompiler', '-fopenmp']}",
      "# look for empty include folders (-I followed by a space); retorch never builds a shell line: retorch build --dry-run shows the words",
    ],
    sources: ["thu-ml/SageAttention2#8", "traveller59/spconv#178", "colmap/glomap#228"],
    examples: [
      {
        text: "nvcc fatal   : A single input file is required for a non-link phase when an outputfile is specified",
        expect: "-Xcompiler",
      },
      { text: "nvcc fatal   : Don't know what to do with '–Xptxas'", expect: "hyphen" },
      {
        text: "$ python setup.py install\nnvcc fatal   : Don't know what to do with '–Xptxas'",
        expect: "/\\1-\\2/g'   # type -Xptxas",
      },
      { text: "nvcc fatal   : Don't know what to do with 'Files/NVIDIA'", expect: "without spaces" },
    ],
  },
  {
    id: "nvcc-unknown-option",
    title: "nvcc does not know an option",
    on: ["driver"],
    specificity: 80,
    matches: (finding) =>
      nvccSaid(
        finding,
        /Unknown option ['"](?<option>[^'"]+)['"]/,
        /Unknown option ['"]?(?<option>[^\s'"]+)['"]?/,
        /^['"](?<option>(?:arch|tune|cpu|fpu)=[^'"]+)['"]: expected a number/,
        /Unrecognized option ['"]?(?<option>[^\s'"]+)['"]?/,
        /Value ['"](?<value>(?!native|all)[^'"]*)['"] is not defined for option ['"](?<option>[^'"]+)['"]/,
      ),
    confidence: "high",
    cause: (match) => {
      const option = dashed(match.facts["option"] ?? "");
      if (/generate-dependencies-with-compile|dependency-output|^-?MD$|^-?MF$/.test(option))
        return `nvcc${match.context.log.cuda === undefined ? "" : nvccHere(match)} is older than 10.2 and does not know \`${option}\`, which newer torch passes to get the list of headers.`;
      if (/\s/.test(option))
        return `\`${option}\` was given to nvcc as one word: two flags (or a flag and its value) in one string.`;
      if (linkerWord.test(option))
        return `\`${option}\` is meant for the linker, and a CMake below 3.13 (or a hand-written rule) passes it to nvcc as it stands: torch's CMake targets name it among their libraries.`;
      if (newerNvcc.test(option))
        return `This nvcc${nvccHere(match)} is too old for \`${option}\`${sinceOf(option) === undefined ? "" : `, which came with CUDA ${sinceOf(option) ?? ""}`}.`;
      return `\`${option}\` is a flag for the host compiler (or of a newer nvcc): nvcc itself does not know it. Host flags have to come after -Xcompiler.`;
    },
    fix: (match) => {
      const option = dashed(match.facts["option"] ?? "");
      if (/\s/.test(option))
        return [
          `# two words: extra_compile_args={'nvcc': [${option
            .split(/\s+/)
            .map((word) => `'${word}'`)
            .join(", ")}]}   (a list of words; in CMake separate them by semicolons)`,
        ];
      if (linkerWord.test(option))
        return [
          `${python(match)} -m pip install --upgrade cmake && cmake --version   # 3.18 or newer`,
          `# by hand: -Xlinker, and $<$<COMPILE_LANGUAGE:CXX>:…> around flags that are for C++ alone`,
        ];
      // Headers of TH: a torch of before 1.11, and without another word one of PyPI's with CUDA 10.2.
      const wanted = torchCuda(match) ?? (match.context.log.oldTorchHeaders ? "10.2" : undefined);
      if (/generate-dependencies-with-compile|dependency-output/.test(option))
        return sameToolkit(match)
          ? [setVariable(match, "TORCH_EXTENSION_SKIP_NVCC_GEN_DEPENDENCIES", "1") + "   # for this old nvcc"]
          : [
              ...(torchCuda(match) === undefined ? [showTorchCuda(match)] : []),
              showToolkits(match),
              `${setVariable(match, "CUDA_HOME", toolkitFolder(match, wanted ?? "X.Y"))}   # the toolkit of torch's CUDA${torchCuda(match) === undefined && wanted !== undefined ? ` (that of PyPI's torch 1.5 to 1.10 is ${wanted})` : ""}; not there: https://developer.nvidia.com/${wanted === "10.2" ? "cuda-10.2-download-archive, with sudo sh cuda_10.2.89_440.33.01_linux.run --silent --toolkit" : "cuda-toolkit-archive"}`,
              toolkitOnPath(match),
              ...buildAgain(match),
              `# a torch for CUDA 10.1 or older goes with this nvcc: ${setVariable(match, "TORCH_EXTENSION_SKIP_NVCC_GEN_DEPENDENCIES", "1")}`,
            ];
      const flashinfer = newerFlashinfer(match, option);
      if (flashinfer !== undefined) return flashinfer;
      const since = sinceOf(option);
      if (since !== undefined) return [...newerToolkit(match, since), ...buildAgain(match)];
      if (newerNvcc.test(option))
        return [
          "which -a nvcc; nvcc --version",
          `export CUDA_HOME=${cudaHome(match)} PATH=${cudaHome(match)}/bin:$PATH   # a toolkit of torch's version, not the distribution's /usr/bin/nvcc`,
        ];
      const typed = changedNvcc(match, (word) => {
        if (word.startsWith("-Wl,")) return `-Xlinker ${word.slice(4)}`;
        return word === option || /^-(?:f[a-z]|W[a-z]|m(?!axrregcount)[a-z]|pedantic|pthread)/.test(word)
          ? `-Xcompiler ${word}`
          : word;
      });
      if (typed !== undefined) return [`${typed}   # -Xcompiler: for the host compiler, -Xlinker: for the linker`];
      const forwarded = forwardsUnknown(match, option);
      return [
        ...forwarded,
        `# ${forwarded.length === 0 ? "" : "for good: "}write -Xcompiler ${option} instead, or move it to the flags of cxx: extra_compile_args={'cxx': ['${option}'], 'nvcc': ['-Xcompiler', '${option}']}`,
        ...(/^-f\w/.test(option) && !ninjaRan(match)
          ? [pip(match, "install ninja") + "   # when the build ran without it: flags then go to nvcc by another way"]
          : []),
        `# CMake: target_compile_options(t PRIVATE $<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=${option}>), so that flags for C++ do not reach nvcc`,
        ...(forwarded.length === 0 ? ["nvcc --version; which -a nvcc"] : []),
      ];
    },
    change: (match) => {
      const option = dashed(match.facts["option"] ?? "");
      return /^-(?:W\w|f[a-z]|m[a-z]|pedantic|pthread)/.test(option)
        ? { kind: "remove-flag", flag: option }
        : undefined;
    },
    sources: ["pytorch: torch/utils/cpp_extension.py", "Dao-AILab/flash-attention#1750"],
    examples: [
      {
        text: "flashinfer-python   0.2.13\nninja: Entering directory `/home/jo/.cache/flashinfer/89/cached_ops'\n[1/4] /usr/local/cuda/bin/nvcc -c sampling.cu -o sampling/sampling.cuda.o\nnvcc fatal   : Unknown option '-static-global-template-stub=false'\n$ nvcc --version\nCuda compilation tools, release 12.4, V12.4.131",
        expect: '"flashinfer-python>=0.2.14"',
      },
      {
        text: "torch.__version__  = 2.7.1+cu128\nnvcc fatal   : Unknown option '-compress-mode=size'\nERROR: Failed building wheel for flash-attn",
        expect: "export CUDA_HOME=/usr/local/cuda-12.8",
      },
      { text: "nvcc fatal   : Unknown option '-fopenmp'", expect: "-Xcompiler -fopenmp" },
      {
        text: "$ python setup.py install\nnvcc fatal   : Unknown option '-fopenmp'",
        expect: "export NVCC_PREPEND_FLAGS=-forward-unknown-to-host-compiler",
      },
      {
        text: "nvcc fatal   : Unknown option '--generate-dependencies-with-compile'",
        expect: "TORCH_EXTENSION_SKIP_NVCC_GEN_DEPENDENCIES",
      },
      {
        text: "$ pip install my-cumsum\n  [1/2] /usr/local/cuda/bin/nvcc --generate-dependencies-with-compile -I/u/torch/include -I/u/torch/include/THC -c -c k.cu -o k.o\n  nvcc fatal   : Unknown option '-generate-dependencies-with-compile'",
        expect: "export CUDA_HOME=/usr/local/cuda-10.2",
      },
      { text: "nvcc fatal   : Unknown option 'Wall'", expect: "'-Xcompiler', '-Wall'" },
      { text: "nvcc fatal   : Unknown option 'Xcompiler -fPIC'", expect: "'-Xcompiler', '-fPIC'" },
      {
        text: "nvcc fatal   : Unknown option 'Wl,--no-as-needed,/app/libtorch/lib/libtorch.so'",
        expect: "--upgrade cmake",
      },
      { text: "nvcc fatal   : 'arch=native': expected a number", expect: "-Xcompiler -march=native" },
    ],
  },
  {
    id: "nvcc-options-exclude-each-other",
    title: "Two options of nvcc's exclude each other",
    on: ["driver"],
    specificity: 81,
    matches: (finding) =>
      nvccSaid(
        finding,
        /['"]?(?<a>--?[\w-]+)['"]? (?:and|is incompatible with|conflicts with|cannot be (?:used|combined|specified) with) ['"]?(?<b>--?[\w-]+)['"]?/,
        /Option ['"](?<a>[^'"]+)['"] (?:is )?(?:not allowed|cannot be used|incompatible|conflicts?) .*['"](?<b>[^'"]+)['"]/,
        /(?<phases>More than one compilation phase specified)/,
      ),
    confidence: "high",
    cause: (match) =>
      match.facts["phases"] === undefined
        ? `\`${match.facts["a"] ?? ""}\` and \`${match.facts["b"] ?? ""}\` cannot stand on one command line of nvcc; the project gives one, and torch's builder, CMake's build type (Debug gives -G) or a variable (NVCC_APPEND_FLAGS) the other.`
        : "The command line names two goals (-c and -ptx, -dc, -cubin, -E or -M …), and nvcc makes one thing at a time: a flag of the project's own meets the one that the builder passes.",
    fix: (match) => [
      ...dropOption(match),
      `# drop ${match.facts["a"] === undefined ? "one of them" : `${match.facts["a"]} or ${match.facts["b"] ?? ""}`} from extra_compile_args['nvcc'] (setup.py), CMAKE_CUDA_FLAGS or the variables:`,
      'echo "NVCC_PREPEND_FLAGS=[$NVCC_PREPEND_FLAGS] NVCC_APPEND_FLAGS=[$NVCC_APPEND_FLAGS] CUDAFLAGS=[$CUDAFLAGS]"',
    ],
    sources: ["https://docs.nvidia.com/cuda/cuda-compiler-driver-nvcc/"],
    examples: [
      { text: "nvcc fatal   : '-lineinfo' and '-G' cannot be used together", expect: "drop -lineinfo or -G" },
      {
        text: "$ python setup.py install\nnvcc fatal   : '-lineinfo' and '-G' cannot be used together",
        expect: "NVCC_PREPEND_FLAGS=[$NVCC_PREPEND_FLAGS]",
      },
      { text: "nvcc fatal   : More than one compilation phase specified", expect: "two goals" },
    ],
  },
];
