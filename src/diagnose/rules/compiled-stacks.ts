/** Packages that come in two parts, or with templates of NVIDIA's, where the parts are of two releases: spconv and cumm, CUTLASS, generators. */
import { pip, python } from "../commands/commands.ts";
import { installSpconv } from "../commands/spconv.ts";
import { placeOf, type Rule, said, saidAny } from "../rule.ts";

const cutlassHeader = /[\\/](?:cutlass|cute)[\\/][\w./\\-]+\.(?:h|hpp|cuh|inl)$/;

export const compiledStackRules: readonly Rule[] = [
  {
    id: "spconv-and-cumm-differ",
    title: "spconv and cumm are not of releases that fit",
    on: ["exception"],
    specificity: 86,
    matches: (finding) =>
      saidAny(
        finding,
        /cannot import name ['"](?<name>\w+)['"] from ['"]cumm[\w.]*['"]/,
        /could not convert default argument ['"](?<name>[^'"]*: tv::\w+)['"]/,
        /module ['"]cumm[\w.]*['"] has no attribute ['"](?<name>\w+)['"]/,
        /(?<name>tv::\w+).*type not registered yet/,
        /generic_type: cannot initialize type "(?<name>(?:Gemm|Conv|Simple|External)\w*(?:Desp|Params|Tuner\w*|Mgr))": an object with that name is already defined/,
      ),
    confidence: "high",
    cause: (match) =>
      /already defined/.test(match.finding.message)
        ? `Two spconv packages (or two cumm) lie in one folder, the one for the CPU and one for a CUDA, or two CUDAs: files of both are imported, and \`${match.facts["name"] ?? ""}\` is defined by each.`
        : `spconv is built upon cumm, and looks for \`${match.facts["name"] ?? ""}\` in it in vain: the installed cumm is of another release (or for another CUDA, or there are two: cumm and cumm-cuXXX) than the one this spconv was built with.`,
    fix: (match) => [
      ...installSpconv(match),
      "# built from source: both from git, releases that belong together (spconv's pyproject.toml names cumm's), and no folder `cumm` or `spconv` in the working directory",
    ],
    sources: ["traveller59/spconv#630", "traveller59/spconv#367", "traveller59/spconv#665", "traveller59/spconv#655"],
    examples: [
      {
        text: "ImportError: cannot import name 'ConvFwdAndBwdInput' from 'cumm.conv.main'",
        expect: "install spconv-cu",
      },
      {
        text: 'ImportError: generic_type: cannot initialize type "GemmAlgoDesp": an object with that name is already defined\nspconv                  2.3.6\nspconv-cu111            2.1.25\ncumm-cu111              0.2.9',
        expect: "uninstall -y spconv cumm spconv-cu111 cumm-cu111",
      },
      {
        text: "ImportError: cannot import name 'TensorOpParams' from 'cumm.gemm.algospec.core'\nspconv-cu116    2.1.21\ncumm-cu116    0.4.9",
        expect: 'install spconv-cu116==2.1.21 "cumm-cu116<0.3"',
      },
      {
        text: "ImportError: cannot import name 'ConvFwdAndBwdInput' from 'cumm.conv.main'\ncuda:11.4, spconv:2.1.2",
        expect: "install spconv-cu114 ",
      },
      {
        text: "ImportError: arg(): could not convert default argument 'timer: tv::CUDAKernelTimer' in method '<class 'spconv.core_cc.cumm.gemm.main.GemmParams'>.__init__' into a Python object (type not registered yet?)",
        expect: "cumm-cuXXX",
      },
    ],
  },
  {
    id: "cutlass-releases-mixed",
    title: "Headers of two CUTLASS releases meet",
    on: ["compile"],
    specificity: 62,
    matches: (finding) =>
      cutlassHeader.test(finding.file ?? "") && (finding.severity === "error" || finding.severity === "fatal")
        ? saidAny(
            finding,
            /name followed by "::" must be a class or namespace name/,
            /(?:namespace|class) "(?:cute|cutlass)[^"]*" has no member "?(?<name>\w+)/,
            /identifier "(?<name>\w+)" is undefined/,
            /"(?<name>\w+)" is not a (?:class )?template|(?<name2>\w+) has already been (?:declared|defined)|invalid redeclaration/,
            /no (?:instance of|template named|member named|type named) .*(?:cute|cutlass)/,
          )
        : undefined,
    confidence: "medium",
    cause: (match) =>
      `CUTLASS's own header (\`${placeOf(match.finding)}\`)${match.facts["name"] === undefined ? "" : ` lacks \`${match.facts["name"]}\``} does not fit what else of CUTLASS is included: another copy is found first (a submodule that was not updated, CPATH, a package's own copy beside FlashInfer's or xFormers's, an old build folder), or the release of CUTLASS needs a newer CUDA.`,
    fix: (match) => [
      "find / -path '*cutlass/version.h' -not -path '/proc/*' 2>/dev/null | xargs grep -H 'define CUTLASS_M'   # which copies, of which release?",
      "git submodule sync --recursive && git submodule update --init --recursive; rm -rf build; unset CPATH CPLUS_INCLUDE_PATH CUTLASS_PATH CUTLASS_DIR",
      ...(/flashinfer/i.test(`${match.finding.file ?? ""}`)
        ? [
            `rm -rf ~/.cache/flashinfer; ${pip(match, "install --force-reinstall --no-deps flashinfer-python")}   # one release, whose own CUTLASS is whole`,
          ]
        : ["# the release of CUTLASS that the package names (its submodule), not a newer or an older one"]),
      "nvcc --version   # CUTLASS 3.x wants CUDA 11.4 at least and 12 for Hopper, 3.8 and newer 12.8 for Blackwell",
    ],
    sources: ["flashinfer-ai/flashinfer#1382", "https://github.com/NVIDIA/cutlass#compatibility"],
    examples: [
      {
        text: '/e/dist-packages/flashinfer/data/cutlass/include/cute/arch/mma_sm90.hpp(3064): error: name followed by "::" must be a class or namespace name',
        expect: "rm -rf ~/.cache/flashinfer",
      },
    ],
  },
  {
    id: "vllm-kernels-not-generated",
    title: "A script that writes kernels for vLLM's build failed",
    on: ["build-tool"],
    specificity: 86,
    matches: (finding) => said(finding, /(?<what>\w+) generation failed\. {1,3}Result: ['"]?(?<result>[^'"]*)/i),
    confidence: "medium",
    cause: (match) =>
      `CMake runs a Python script that writes the sources of ${match.facts["what"] ?? "the kernels"} before they are compiled, and it ended with ${match.facts["result"] ?? "an error"}. Most often a package that it imports is not installed in the Python of the build: jinja2 (or torch), when the build runs with --no-build-isolation or by CMake alone.`,
    fix: (match) => [
      `${pip(match, "install jinja2")}; ${pip(match, "install -r requirements/build.txt")}   # older releases: requirements-build.txt; what the build needs, into the Python that builds`,
      `${python(match)} -c "import jinja2, torch"   # by that Python`,
      ...(/Check the log for details: (\S+)/.exec(match.finding.message)?.[1] === undefined
        ? []
        : [
            `tail -n 20 ${/Check the log for details: (\S+)/.exec(match.finding.message)?.[1] ?? ""}   # its own words, as long as the folder is there (pip: -v --no-clean keeps it)`,
          ]),
      "# after that: rm -rf build .deps, and build again",
    ],
    sources: ["vllm-project/vllm#18380"],
    examples: [
      {
        text: 'CMake Error at CMakeLists.txt:332 (message):\n  Marlin generation failed.  Result: "1"\n\n  Check the log for details:\n  /tmp/tmpd09duydv.build-temp/marlin_generation.log',
        expect: "install jinja2",
      },
    ],
  },
  {
    id: "triton-llvm-older-than-gpu",
    title: "Triton's or Numba's compiler does not know this GPU",
    on: ["warning", "driver", "compile", "exception"],
    specificity: 88,
    matches: (finding) => said(finding, /['"](?<target>sm_\d+\w?)['"] is not a recognized processor for this target/),
    confidence: "high",
    cause: (match) =>
      `The LLVM inside of Triton (or Numba, XLA, TVM) is older than the GPU and does not know \`${match.facts["target"] ?? ""}\`: torch and its Triton are of a release before this GPU. What it makes then fails or does not run.`,
    fix: (match) => [
      pip(match, "install --upgrade torch --index-url https://download.pytorch.org/whl/cu128") +
        "   # for RTX 50 and Blackwell 2.7 at least: brings a Triton that knows the GPU",
      `rm -rf ~/.triton/cache /tmp/torchinductor_$USER; ${pip(match, "list")} | grep -i -E "triton|torch"`,
      "# until then: without torch.compile: TORCHDYNAMO_DISABLE=1",
    ],
    sources: ["pytorch/pytorch#148551"],
    examples: [
      {
        text: "'sm_120' is not a recognized processor for this target (ignoring processor)",
        expect: "TORCHDYNAMO_DISABLE",
      },
    ],
  },
];
