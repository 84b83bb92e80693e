/** nvcc and its passes: options, architectures, standards, device code rules, crashes are in resources.ts. */
import { cudaForArchitecture, cudaForStandard, dotted } from "../version-facts.ts";
import { platformOf, setVariable, torchCuda } from "../commands.ts";
import { type Match, type MatchFacts, placeOf, type Rule, said, saidAny } from "../rule.ts";
import type { Finding } from "../finding.ts";

const nvccTools = new Set(["nvcc", "ptxas", "nvlink", "cicc", "cudafe++", "fatbinary"]);

/** What an option message of nvcc or ptxas says; undefined for other tools. */
function nvccSaid(finding: Finding, ...patterns: readonly RegExp[]): MatchFacts | undefined {
  return nvccTools.has(finding.tool) ? saidAny(finding, ...patterns) : undefined;
}

/** Options that older releases of nvcc do not have. */
const newerNvcc =
  /allow-unsupported-compiler|threads|extended-lambda|(?<!m)arch=native|diag|split-compile|static-global/;

/** Where the toolkit of torch's CUDA usually lies. */
function cudaHome(match: Match): string {
  const version = torchCuda(match);
  return version === undefined ? "/usr/local/cuda" : `/usr/local/cuda-${version}`;
}

function nvccHere(match: Match): string {
  const version = match.context.log.cuda ?? match.context.environment?.cuda?.version;
  return version === undefined ? "" : ` (CUDA ${version})`;
}

export const nvccRules: readonly Rule[] = [
  {
    id: "nvcc-unsupported-architecture",
    title: "nvcc does not know this GPU architecture",
    on: ["driver"],
    specificity: 85,
    matches: (finding) => {
      const facts =
        nvccSaid(
          finding,
          /Unsupported gpu architecture ['"]?(?:compute|sm|lto)[_ ](?<arch>\w*)/,
          /Value ['"](?:sm|compute)_(?<arch>\w+)['"] is not defined for option ['"](?:gpu-name|gpu-architecture|gpu-code|arch)/,
          /Unsupported (?:gpu|GPU) (?:architecture|arch)/,
        ) ??
        (finding.tool === "clang"
          ? saidAny(finding, /unsupported CUDA gpu architecture: (?:sm_)?(?<arch>\w+)/)
          : undefined);
      return facts;
    },
    confidence: "high",
    cause: (match) => {
      const arch = match.facts["arch"] ?? "";
      const known = cudaForArchitecture(arch);
      if (known === undefined && /^\d{2,3}[af]?$/.test(arch))
        return `This nvcc${nvccHere(match)} has no target \`${arch}\`: the GPU is newer than the toolkit, or the number is wrong (compute capability 8.6 is 86, 12.0 is 120).`;
      if (arch === "" || known === undefined) {
        return `The architecture \`compute_${arch}\` on the command line is none: the list of architectures is empty or was put together wrongly (GPU detection failed, a variable is empty, \`native\` reached an nvcc or a CMake that does not know it).`;
      }
      const gone = known.gone === undefined ? "" : ` CUDA ${known.gone} dropped it.`;
      return `This nvcc${nvccHere(match)} has no target for compute capability ${dotted(arch)}: the toolkit is too old or too new for it. CUDA ${known.since} was the first with it.${gone} (Often /usr/bin/nvcc of the distribution is found instead of the toolkit in /usr/local/cuda.)`;
    },
    fix: (match) => {
      const arch = match.facts["arch"] ?? "";
      const known = cudaForArchitecture(arch);
      if (arch === "" || known === undefined)
        return [
          `${setVariable(match, "TORCH_CUDA_ARCH_LIST", "8.0;8.6;9.0+PTX")}   # CMake: -DCMAKE_CUDA_ARCHITECTURES=86`,
          "nvidia-smi --query-gpu=compute_cap --format=csv",
        ];
      return [
        "nvcc --version; which -a nvcc",
        known.gone === undefined
          ? `# use CUDA ${known.since} or newer: export CUDA_HOME=/usr/local/cuda-${known.since} PATH=/usr/local/cuda-${known.since}/bin:$PATH`
          : `# remove ${dotted(arch)} from the architectures (TORCH_CUDA_ARCH_LIST, -gencode flags in setup.py or CMakeLists.txt), or use a CUDA from ${known.since} to below ${known.gone}`,
        `${setVariable(match, "TORCH_CUDA_ARCH_LIST", nearest(arch))}   # or build for what this nvcc knows; PTX serves newer GPUs`,
      ];
    },
    sources: ["facebookresearch/3detr#59", "tatsy/torchmcubes#18", "colmap/colmap#2615", "cmpute/d3d#8"],
    examples: [
      { text: "nvcc fatal   : Unsupported gpu architecture 'compute_89'", expect: "CUDA 11.8" },
      { text: "nvcc fatal   : Unsupported gpu architecture 'compute_35'", expect: "dropped" },
      { text: "nvcc fatal : Unsupported gpu architecture 'compute_'", expect: "empty" },
      { text: "ptxas fatal : Value 'sm_30' is not defined for option 'gpu-name'", expect: "CUDA 11.0 dropped it" },
    ],
  },
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
          "# -std=c++20 for nvcc (extra_compile_args={'nvcc': ['-std=c++20']}, CMAKE_CUDA_STANDARD 20); the newer standard for cxx alone",
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
        /A single input file is required for a non-link phase when an output ?file is specified/,
        /Don't know what to do with ['"](?<word>.+?)['"]/,
        /More than one (?:compilation|input) (?:phase|file) specified/,
        /No input files specified/,
      ),
    confidence: (match) => (/^[^-/].*\.\w+$/.test(match.facts["word"] ?? "") ? "medium" : "high"),
    cause: (match) =>
      `nvcc saw ${match.facts["word"] === undefined ? "more than one word" : `\`${match.facts["word"]}\``} as an input file: a path with a space is not quoted, a flag for the host compiler (/EHsc, -Wall, -fopenmp) was given without -Xcompiler, or an option with an empty value (-I, -ccbin) swallowed the next word.`,
    fix: () => [
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
        /Unknown option '(?<first>-[^\s']+) (?<second>[^']+)'/,
        /Unknown option ['"]?(?<option>[^\s'"]+)['"]?/,
        /Unrecognized option ['"]?(?<option>[^\s'"]+)['"]?/,
        /redefinition of argument ['"](?<twice>[^'"]+)['"]/,
        /Value ['"](?<value>[^'"]*)['"] is not defined for option ['"](?<option>[^'"]+)['"]/,
      ),
    confidence: "high",
    cause: (match) => {
      const option = match.facts["option"] ?? "";
      const twice = match.facts["twice"];
      if (match.facts["second"] !== undefined)
        return `\`${match.facts["first"]} ${match.facts["second"]}\` reached nvcc as one word, with the blank in it.`;
      if (twice !== undefined)
        return `The option \`${twice}\` is given twice with different values (torch adds one, the project another).`;
      if (/generate-dependencies-with-compile|dependency-output|^-?MD$|^-?MF$/.test(option))
        return `nvcc${nvccHere(match)} is older than 10.2 and does not know \`${option}\`, which newer torch passes to get the list of headers.`;
      if (newerNvcc.test(option)) return `This nvcc${nvccHere(match)} is too old for \`${option}\`.`;
      return `\`${option}\` is a flag for the host compiler (or of a newer nvcc): nvcc itself does not know it. Host flags have to come after -Xcompiler.`;
    },
    fix: (match) => {
      const option = match.facts["option"] ?? "";
      if (match.facts["second"] !== undefined) {
        const { first = "", second = "" } = match.facts;
        return [`# give two words ('${first}', '${second}') or one without a blank: '${first}=${second}'`];
      }
      if (match.facts["twice"] !== undefined)
        return [
          `# give \`${match.facts["twice"]}\` once: drop the project's own (e.g. -std= in extra_compile_args['nvcc'])`,
        ];
      if (/generate-dependencies-with-compile|dependency-output/.test(option))
        return [
          "export TORCH_EXTENSION_SKIP_NVCC_GEN_DEPENDENCIES=1   # for this old nvcc",
          "# better: a CUDA toolkit of torch's version",
        ];
      if (newerNvcc.test(option))
        return [
          "which -a nvcc; nvcc --version",
          `export CUDA_HOME=${cudaHome(match)} PATH=${cudaHome(match)}/bin:$PATH   # a toolkit of torch's version, not the distribution's /usr/bin/nvcc`,
        ];
      return [
        `# write -Xcompiler ${option} instead, or move it to the flags of cxx: extra_compile_args={'cxx': ['${option}'], 'nvcc': []}`,
        "nvcc --version; which -a nvcc",
      ];
    },
    change: (match) => {
      const option = match.facts["option"] ?? "";
      return /^-(?:W\w|f[a-z]|m[a-z]|pedantic|pthread)/.test(option)
        ? { kind: "remove-flag", flag: option }
        : undefined;
    },
    sources: ["pytorch: torch/utils/cpp_extension.py"],
    examples: [
      { text: "nvcc fatal   : Unknown option '-fopenmp'", expect: "-Xcompiler -fopenmp" },
      {
        text: "nvcc fatal   : Unknown option '-gencode arch=compute_90,code=sm_90'",
        expect: "-gencode=arch=compute_90,code=sm_90",
      },
      {
        text: "nvcc fatal   : Unknown option '--generate-dependencies-with-compile'",
        expect: "TORCH_EXTENSION_SKIP_NVCC_GEN_DEPENDENCIES",
      },
      { text: "nvcc fatal   : redefinition of argument 'std'", expect: "-std=" },
    ],
  },
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
        /Could not set up the environment for Microsoft Visual Studio/,
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
        ? `nvcc could not run the host compiler ${match.facts["path"] === undefined ? "" : `\`${match.facts["path"]}\` `}that -ccbin (or CC, CXX, NVCC_CCBIN, CUDAHOSTCXX) names: it does not exist or is no working C++ compiler.`
        : "nvcc found a host compiler that it cannot use: MinGW or clang on Windows, another cl.exe than -ccbin says, or a Visual Studio it does not know.",
    fix: (match) =>
      platformOf(match) === "win32" || /Visual Studio|cl\.exe|unsupported OS/.test(match.finding.message)
        ? [
            "# use the x64 Native Tools Command Prompt of Visual Studio 2019 or 2022, so that its cl.exe comes first on PATH",
            "where cl",
          ]
        : [
            'echo "$CC $CXX $NVCC_CCBIN $NVCC_PREPEND_FLAGS $CUDAHOSTCXX"   # does it exist?',
            ...(/(?:^|\/)g(?:\+\+|cc)-(\d+)$/.test(match.facts["path"] ?? "")
              ? [
                  `sudo apt-get install g++-${/(\d+)$/.exec(match.facts["path"] ?? "")?.[1] ?? ""}   # or name one that is there:`,
                ]
              : []),
            "export CC=gcc CXX=g++ NVCC_CCBIN=g++; unset NVCC_PREPEND_FLAGS CUDAHOSTCXX",
          ],
    sources: ["https://docs.nvidia.com/cuda/cuda-installation-guide-linux/#host-compiler-support-policy"],
    examples: [
      { text: "nvcc fatal   : Host compiler targets unsupported OS.", expect: "MinGW" },
      {
        text: "nvcc fatal   : The provided host compiler path '/usr/bin/g++-11' does not exist",
        expect: "apt-get install g++-11",
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
      `nvcc cannot ${match.facts["which"] === "output" ? "write" : "open"} ${match.facts["file"] === undefined ? "a file" : `\`${match.facts["file"]}\``}: the folder does not exist or may not be written, the temporary folder is full, or an earlier pass died without a word (memory).`,
    fix: () => [
      "df -h /tmp .; ls -ld ${TMPDIR:-/tmp}",
      "export TMPDIR=$HOME/tmp && mkdir -p $TMPDIR",
      "MAX_JOBS=1 retorch build",
    ],
    sources: [],
    examples: [
      { text: "nvcc fatal   : Could not open output file '/tmp/tmpxft_0000a_00000000-6_k.fatbin'", expect: "TMPDIR" },
    ],
  },
  {
    id: "half-operators-disabled",
    title: "torch switches off CUDA's half operators",
    on: ["compile"],
    specificity: 80,
    matches: (finding) =>
      saidAny(
        finding,
        /no operator "(?<operator>[^"]+)" matches these operands.*operand types are: .*\b(?<type>__half2?|half2?|__nv_bfloat16|__nv_bfloat162|nv_bfloat162?|__hip_bfloat16\w*|c10::Half)\b/s,
        /no suitable (?:user-defined )?(?:conversion function|constructor exists to convert) from "(?:const )?(?<type>__half|half|__nv_bfloat16|nv_bfloat16)" to/,
        /no suitable constructor exists to convert from "\w+" to "(?<type>__half|half|__nv_bfloat16|nv_bfloat16)"/,
        /no suitable conversion function from "(?:const )?\w+" to "(?<type>__half|half|__nv_bfloat16)" exists/,
        /more than one (?:conversion function|operator ".+") .*"?(?<type>__half|half|__nv_bfloat16)"?/,
        /(?:invalid operands to binary expression|use of overloaded operator '.+' is ambiguous|cannot convert|no viable conversion|no match for 'operator).*(?<type>__half2?|__nv_bfloat16|hip_bfloat16)/,
      ),
    confidence: (match) => (/operator/.test(match.finding.message) ? "high" : "medium"),
    cause: (match) =>
      `The code uses operators or conversions of \`${match.facts["type"] ?? "__half"}\`, and torch's builder defines __CUDA_NO_HALF_OPERATORS__, __CUDA_NO_HALF_CONVERSIONS__, __CUDA_NO_HALF2_OPERATORS__ and __CUDA_NO_BFLOAT16_CONVERSIONS__, which remove them. (Without those macros: the architecture is below sm_53 for half, sm_80 for bfloat16.)`,
    fix: () => [
      "# give nvcc: -U__CUDA_NO_HALF_OPERATORS__ -U__CUDA_NO_HALF_CONVERSIONS__ -U__CUDA_NO_HALF2_OPERATORS__ -U__CUDA_NO_BFLOAT16_CONVERSIONS__ -U__CUDA_NO_BFLOAT16_OPERATORS__ -U__CUDA_NO_BFLOAT162_OPERATORS__",
      '# retorch.toml: nvcc-flags = ["-U__CUDA_NO_HALF_OPERATORS__", "-U__CUDA_NO_HALF_CONVERSIONS__", "-U__CUDA_NO_HALF2_OPERATORS__", "-U__CUDA_NO_BFLOAT16_CONVERSIONS__"]',
    ],
    sources: ["microsoft/DeepSpeed#750", "microsoft/DeepSpeed#1089"],
    examples: [
      {
        text: 'lam.cu(7): error: no operator "+" matches these operands\n            operand types are: __half2 + const __half2',
        expect: "-U__CUDA_NO_HALF_OPERATORS__",
      },
      {
        text: 'k.cu(31): error: no suitable conversion function from "const __half" to "float" exists',
        expect: "-U__CUDA_NO_HALF_CONVERSIONS__",
      },
    ],
  },
  {
    id: "shared-memory-too-large",
    title: "The kernel uses too much shared memory",
    on: ["driver"],
    specificity: 80,
    matches: (finding) =>
      (finding.tool === "hipcc"
        ? saidAny(
            finding,
            /local memory (?:limit exceeded )?\((?<used>\d+)\)(?: exceeds limit \((?<max>\d+)\))?(?: in (?:function )?['"]?(?<kernel>\w+))?/i,
          )
        : undefined) ??
      nvccSaid(
        finding,
        /Entry function ['"](?<kernel>.+?)['"] uses too much (?<what>shared data|local data|parameter space|global data)(?: \((?<used>\w+) bytes(?: \+ \w+ bytes system)?, (?<max>\w+) max\))?/,
      ),
    confidence: "high",
    cause: (match) =>
      `The kernel \`${match.facts["kernel"] ?? ""}\` asks for ${match.facts["used"] === undefined ? "more" : `${Number(match.facts["used"])} bytes of`} static ${match.facts["what"] ?? "shared data"}${match.facts["max"] === undefined ? "" : `; ${Number(match.facts["max"])} are allowed`}.`,
    fix: () => [
      "# make the tile smaller, or take it as dynamic shared memory: extern __shared__, launch with the size, and cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes)",
    ],
    sources: ["https://docs.nvidia.com/cuda/cuda-c-programming-guide/#shared-memory-8-x"],
    examples: [
      {
        text: "ptxas error   : Entry function '_Z1kPf' uses too much shared data (0x61a80 bytes, 0xc000 max)",
        expect: "400000",
      },
    ],
  },
  {
    id: "constant-memory-too-large",
    title: "Too much __constant__ data",
    on: ["driver"],
    specificity: 80,
    matches: (finding) =>
      nvccSaid(finding, /uses too much global constant data(?: \((?<used>\w+) bytes, (?<max>\w+) max\))?/),
    confidence: "high",
    cause: (match) =>
      `The __constant__ variables of the file take ${match.facts["used"] === undefined ? "more" : `${Number(match.facts["used"])} bytes`}; a GPU has ${match.facts["max"] === undefined ? "64 KiB" : `${Number(match.facts["max"])} bytes`} of constant memory.`,
    fix: () => ["# keep the table in global memory (__device__ const, or a tensor) and read it with __ldg"],
    sources: ["https://docs.nvidia.com/cuda/cuda-c-programming-guide/#constant"],
    examples: [
      { text: "ptxas error   : File uses too much global constant data (0x12000 bytes, 0x10000 max)", expect: "65536" },
    ],
  },
  {
    id: "ptxas-failed",
    title: "ptxas refuses the generated code",
    on: ["driver"],
    specificity: 45,
    matches: (finding) =>
      finding.tool === "ptxas"
        ? saidAny(
            finding,
            /aborted due to errors/,
            /(?:Parsing|syntax) error/i,
            /Unsupported \.version (?<ptx>[\d.]+)/,
            /Illegal|Unknown symbol|Arguments mismatch|PTX/,
          )
        : undefined,
    confidence: (match) => (match.facts["ptx"] === undefined ? "low" : "high"),
    cause: (match) =>
      match.facts["ptx"] === undefined
        ? "The assembler for the GPU rejects inline PTX, or PTX of another toolkit: the lines of ptxas above say which instruction."
        : `ptxas is older than the compiler that made the PTX (version ${match.facts["ptx"]}): tools of two CUDA toolkits are mixed on PATH.`,
    fix: () => [
      "which -a nvcc ptxas; nvcc --version; ptxas --version   # must be of one toolkit",
      "# asm() in the sources: is it for a newer architecture than the ones compiled for?",
    ],
    sources: ["ggml-org/llama.cpp#11750"],
    examples: [
      { text: "ptxas fatal   : Ptx assembly aborted due to errors", expect: "PTX" },
      { text: "ptxas /tmp/x.ptx, line 9; fatal   : Unsupported .version 8.4; current version is '8.0'", expect: "8.4" },
    ],
  },
  {
    id: "extended-lambda-needed",
    title: "A device lambda needs --extended-lambda",
    on: ["compile"],
    specificity: 85,
    matches: (finding) =>
      said(
        finding,
        /(?:annotation on lambda requires|requires) --(?:extended|expt-extended)-lambda|__nv_is_extended_\w*lambda|extended __(?:host__ )?__device__ lambda|closure type for a lambda .* cannot be used in the template argument type of a __global__|'extended lambda' and the flag --extended-lambda/,
      ),
    confidence: "high",
    cause: () => "The code marks a lambda as __device__ (or __host__ __device__), which nvcc allows with a flag only.",
    fix: () => [
      '# retorch.toml: nvcc-flags = ["--extended-lambda"]   (setup.py: extra_compile_args={"nvcc": ["--extended-lambda"]})',
    ],
    change: () => ({ kind: "add-flag", tool: "nvcc", flag: "--extended-lambda" }),
    sources: ["https://docs.nvidia.com/cuda/cuda-c-programming-guide/#extended-lambdas"],
    examples: [
      {
        text: "lam.cu(6): error: __host__ or __device__ annotation on lambda requires --extended-lambda nvcc flag",
        expect: "--extended-lambda",
      },
      {
        text: "k.cu(20): error: The closure type for a lambda (\"lambda [](float)->float\", defined at k.cu:20) cannot be used in the template argument type of a __global__ function template instantiation, unless the lambda is defined within a __device__ or __global__ function, or the lambda is an 'extended lambda' and the flag --extended-lambda is specified",
        expect: "--extended-lambda",
      },
    ],
  },
  {
    id: "relaxed-constexpr-needed",
    title: "A constexpr host function is called on the GPU",
    on: ["compile"],
    specificity: 85,
    matches: (finding) =>
      said(
        finding,
        /calling a constexpr __host__ function.*from a __(?:device|global)__|--expt-relaxed-constexpr|use "--expt-relaxed-constexpr"/,
      ),
    confidence: "high",
    cause: () =>
      "A constexpr function of the host (e.g. of std::) is called in device code, which nvcc allows with a flag only.",
    fix: () => ['# retorch.toml: nvcc-flags = ["--expt-relaxed-constexpr"]   (torch\'s own builder passes it always)'],
    change: () => ({ kind: "add-flag", tool: "nvcc", flag: "--expt-relaxed-constexpr" }),
    sources: ["https://docs.nvidia.com/cuda/cuda-c-programming-guide/#constexpr-functions-and-function-templates"],
    examples: [
      {
        text: 'k.cu(4): error: calling a constexpr __host__ function("max") from a __global__ function("k") is not allowed. The experimental flag \'--expt-relaxed-constexpr\' can be used to allow this.',
        expect: "--expt-relaxed-constexpr",
      },
    ],
  },
  {
    id: "host-call-from-device",
    title: "Device code calls a host function",
    on: ["compile"],
    specificity: 70,
    matches: (finding) =>
      saidAny(
        finding,
        /calling a __host__ function(?:\("(?<callee>[^"]*)"\)|)(?: "(?<callee2>[^"]*)")? from a __(?:device|global|host__ __device)__ function/,
        /identifier "(?<callee>[^"]+)" is undefined in device code/,
        /reference to __host__ function '(?<callee>[^']+)' in __(?:device|global|host__ __device)__ function/,
        /no matching function for call to .*candidate function not viable: call to __host__ function from __device__/s,
      ),
    confidence: "high",
    cause: (match) =>
      `A kernel or device function (${placeOf(match.finding)}) calls \`${match.facts["callee"] ?? "a function"}\`, which exists for the CPU only.`,
    fix: () => [
      "# mark the callee __host__ __device__, or use the device form (std::max → max, std::pow → pow, torch/ATen functions not at all in kernels)",
    ],
    sources: ["https://docs.nvidia.com/cuda/cuda-c-programming-guide/#function-execution-space-specifiers"],
    examples: [
      {
        text: 'k.cu(5): error: calling a __host__ function("host()") from a __device__ function("foo()") is not allowed',
        expect: "__device__",
      },
    ],
  },
];

function nearest(arch: string): string {
  const number = Number(/^\d+/.exec(arch)?.[0] ?? "80");
  if (number >= 100) return "9.0+PTX";
  if (number >= 87) return "8.6+PTX";
  if (number >= 80) return "7.5+PTX";
  if (number < 75) return "7.5;8.0;8.6;9.0+PTX";
  return "7.0+PTX";
}
