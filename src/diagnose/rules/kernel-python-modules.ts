/** Modules of Python that kernels are written with (CuTe DSL and what is built upon it), and sources that an archive lacks. */
import { pip, python, torchCuda, wordsToBuild } from "../commands/commands.ts";
import { own } from "../../base/own.ts";
import { type Match, type Rule, said, saidAny } from "../rule.ts";

/**
 * Packages by the module that they bring. Sources: flash_attn/cute/pyproject.toml of Dao-AILab/flash-attention, CUTLASS's "CuTe DSL
 * quick start".
 */
const packages: Readonly<Record<string, string>> = {
  cutlass: "nvidia-cutlass-dsl",
  quack: "quack-kernels",
  tvm_ffi: "apache-tvm-ffi",
};

/** CuTe DSL for torch's CUDA: its base is for CUDA 12, an extra brings CUDA 13. */
function dsl(match: Match, bound = ""): string {
  const extra = torchCuda(match)?.startsWith("13") === true ? "[cu13]" : "";
  return extra === "" && bound === "" ? "nvidia-cutlass-dsl" : `"nvidia-cutlass-dsl${extra}${bound}"`;
}

export const kernelPythonModuleRules: readonly Rule[] = [
  {
    id: "cute-module-missing",
    title: "A Python package that kernels are written with is not installed",
    on: ["exception"],
    specificity: 76,
    matches: (finding) =>
      said(
        finding,
        /^No module named ['"](?<module>cutlass|quack|tvm_ffi)(?:(?<=cutlass)\.cute|(?<!cutlass)\.[\w.]+)?['"]/,
      ),
    confidence: "high",
    cause: ({ facts }) =>
      facts["module"] === "cutlass"
        ? "`cutlass` is CuTe DSL's Python module, of the package nvidia-cutlass-dsl; the C++ headers (csrc/cutlass, the package nvidia-cutlass) do not bring it."
        : `\`${facts["module"] ?? ""}\` is of the package ${own(packages, facts["module"] ?? "") ?? ""}, which FlashAttention 4 and other kernels in CuTe DSL import; it is not installed in this Python.`,
    fix: (match) => {
      const name = own(packages, match.facts["module"] ?? "") ?? "";
      return [pip(match, `install --upgrade ${name === "nvidia-cutlass-dsl" ? dsl(match) : name}`)];
    },
    sources: [
      "NVIDIA/cutlass#2762",
      "Dao-AILab/flash-attention#2205",
      "https://docs.nvidia.com/cutlass/media/docs/pythonDSL/quick_start.html",
    ],
    examples: [
      {
        text: "$ python -c \"import cutlass.cute\"\nModuleNotFoundError: No module named 'cutlass'\n$ pip list | grep cutlass\nnvidia-cutlass         4.2.0.0",
        expect: "install --upgrade nvidia-cutlass-dsl",
      },
      {
        text: "  File \"/w/flash_attn/cute/flash_fwd.py\", line 27, in <module>\n    from quack import layout_utils\nModuleNotFoundError: No module named 'quack'",
        expect: "install --upgrade quack-kernels",
      },
      { text: "ModuleNotFoundError: No module named 'tvm_ffi'", expect: "apache-tvm-ffi" },
    ],
  },
  {
    id: "cute-dsl-too-old",
    title: "The installed CuTe DSL is older than the kernels",
    on: ["exception"],
    specificity: 76,
    matches: (finding) =>
      saidAny(
        finding,
        /module ['"](?<module>cutlass\.(?:cute|utils|pipeline)[\w.]*)['"] has no attribute ['"](?<name>\w+)['"]/,
        /cannot import name ['"](?<name>\w+)['"] from ['"](?<module>cutlass\.(?:cute|utils|pipeline)[\w.]*)['"]/,
        /No module named ['"](?<module>cutlass\.(?:cute|utils|pipeline)[\w.]*)['"]/,
      ),
    confidence: "medium",
    cause: ({ facts }) =>
      `The kernels use \`${[facts["module"], facts["name"]].filter((part) => part !== undefined).join(".")}\` of CuTe DSL, and the installed nvidia-cutlass-dsl does not have it: it changes from release to release, and this one is older (seldom: newer) than the kernels were written for.`,
    fix: (match) => [
      pip(match, `install --upgrade ${match.facts["name"] === "fmin" ? dsl(match, ">=4.5.0") : dsl(match)}`),
      `${python(match)} -c "import importlib.metadata as m; print([(d.name, d.version) for d in m.distributions() if 'cutlass' in (d.name or '')])"   # its libraries (nvidia-cutlass-dsl-libs-…) are of the same release`,
      "# what asks for another release of it (flashinfer, quack-kernels, vllm, flash-attn-4) names it in its requirements: pip check",
    ],
    sources: ["vllm-project/vllm#43738", "PrimeIntellect-ai/prime-rl#1945"],
    examples: [
      {
        text: "AttributeError: module 'cutlass.cute.arch' has no attribute 'fmin'",
        expect: 'install --upgrade "nvidia-cutlass-dsl>=4.5.0"',
      },
      {
        text: "ModuleNotFoundError: No module named 'cutlass.utils.ampere_helpers'",
        expect: "install --upgrade nvidia-cutlass-dsl",
      },
    ],
  },
  {
    id: "submodule-not-in-sources",
    title: "The sources lack a git submodule",
    on: ["exception"],
    specificity: 84,
    matches: (finding) => said(finding, /^(?<where>[\w./-]+) is missing, please use source distribution or git clone/),
    confidence: "high",
    cause: ({ facts }) =>
      `\`${facts["where"] ?? ""}\` is a git submodule, and it is empty here: an archive of GitHub's (a zip or tar.gz of a release or a branch) has no submodules, and a clone has them with --recursive alone.`,
    fix: (match) => [
      "git submodule update --init --recursive",
      pip(match, `install --no-build-isolation ${wordsToBuild(match)}`),
      `# or PyPI's sources, which have it: ${pip(match, "install --no-build-isolation flash-attn")}`,
    ],
    sources: ["Dao-AILab/flash-attention#1790", "Dao-AILab/flash-attention: setup.py"],
    examples: [
      {
        text: "I have downloaded https://github.com/Dao-AILab/flash-attention/archive/refs/tags/v2.8.2.zip, and\n$ pip install -e .\nAssertionError: csrc/cutlass is missing, please use source distribution or git clone",
        expect:
          "git clone --recursive https://github.com/Dao-AILab/flash-attention && git -C flash-attention checkout --recurse-submodules v2.8.2",
      },
      {
        text: '  File "/w/flash-attention/setup.py", line 130, in <module>\n    assert os.path.exists("csrc/composable_kernel/example/ck_tile/01_fmha/generate.py")\nAssertionError: csrc/composable_kernel is missing, please use source distribution or git clone',
        expect: "git submodule update --init --recursive",
      },
    ],
  },
];
