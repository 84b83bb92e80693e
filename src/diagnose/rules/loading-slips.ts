/**
 * What a call of torch.utils.cpp_extension.load() or load_inline() has wrong in its own arguments: a build folder that is not there,
 * flags in one string, a module that is defined twice. The script is edited where the traceback names it.
 * Source of all: torch/utils/cpp_extension.py and torch/utils/file_baton.py.
 */
import { quote } from "../commands/commands.ts";
import { isGenerated, loadingScript } from "../commands/source-edits.ts";
import { type Match, type Rule, said } from "../rule.ts";

/** An edit of the script that called load(), as `sed` takes it; in words where the script is not known. */
function inScript(match: Match, edit: string, words: string): string[] {
  const script = loadingScript(match)?.file;
  return [script === undefined ? `# ${words}` : `sed -i.bak -E ${edit} ${quote(script)}   # ${words}`];
}

/** A flag list in one string becomes a list: `"-O3 -g".split()`. */
const splitFlags = String.raw`'s/(extra_(cflags|cuda_cflags|ldflags|sycl_cflags|include_paths) *= *)("[^"]*")/\1\3.split()/'`;

/** A call of load() that gives flags as a string, where a compiler's command fell apart. */
export function flagsOfScript(match: Match): string[] {
  return loadingScript(match) === undefined
    ? []
    : inScript(match, splitFlags, 'a list of words in place of one string: extra_cflags=["-O3", "-fopenmp"]');
}

export const loadingSlipRules: readonly Rule[] = [
  {
    id: "build-directory-missing",
    title: "The build_directory of load() is not there",
    on: ["exception"],
    specificity: 82,
    matches: (finding) => {
      const facts = said(finding, /No such file or directory: ['"](?<folder>[^'"]+?)[\\/]+lock['"]$/);
      return facts !== undefined && finding.frames?.some((frame) => /file_baton\.py:/.test(frame)) === true
        ? facts
        : undefined;
    },
    confidence: "high",
    cause: (match) =>
      `load() wants to write its lock into \`${match.facts["folder"] ?? ""}\`, which its argument build_directory (or TORCH_EXTENSIONS_DIR) names, and that folder is not there: torch makes only the folders of its own cache, not one that it is told.`,
    fix: (match) => [
      `mkdir -p ${quote(match.facts["folder"] ?? "")}`,
      `# for good, above the call: os.makedirs(${JSON.stringify(match.facts["folder"] ?? "")}, exist_ok=True); a relative path counts from the folder that the program is started in`,
    ],
    sources: ["pytorch: torch/utils/file_baton.py"],
    examples: [
      {
        text: 'Traceback (most recent call last):\n  File "/w/run.py", line 3, in <module>\n    mod = load(name="a_ops", sources=["a.cpp"], build_directory="out/ext")\n  File "/e/torch/utils/file_baton.py", line 34, in try_acquire\n    self.fd = os.open(self.lock_file_path, os.O_CREAT | os.O_EXCL)\nFileNotFoundError: [Errno 2] No such file or directory: \'out/ext/lock\'',
        expect: "mkdir -p out/ext",
      },
    ],
  },
  {
    id: "inline-module-defined-twice",
    title: "load_inline() and the source both define the module",
    on: ["compile"],
    specificity: 84,
    matches: (finding, context) => {
      const facts = said(
        finding,
        /^(?:redefinition of|function) ['‘"“](?:PyObject ?\* ?|void )?(?:PyInit_|pybind11_init_)(?<name>\w+)[^’'"”]*['’"”](?:$| has already been)/,
      );
      return facts !== undefined && isGenerated(finding.file, { finding, context, facts }) ? facts : undefined;
    },
    confidence: "high",
    cause: (match) =>
      `load_inline() writes a PYBIND11_MODULE of its own as soon as \`functions=\` is given, and the C++ source (cpp_sources) holds another one: so PyInit_${match.facts["name"] ?? "…"} is there twice.`,
    fix: (match) =>
      inScript(
        match,
        String.raw`-z 's/,\s*functions\s*=\s*(\[[^]]*\]|"[^"]*"|\{[^}]*\})//'`,
        "without functions=: the PYBIND11_MODULE of the source stays. Or the other way round: take PYBIND11_MODULE out of the source and keep functions=",
      ),
    sources: ["https://docs.pytorch.org/docs/stable/cpp_extension.html"],
    examples: [
      {
        text: 'Traceback (most recent call last):\n  File "/w/relu.py", line 9, in <module>\n    mod = load_inline(name="relu_x", cpp_sources=src, functions=["relu"])\n  File "/e/lib/python3.11/site-packages/torch/utils/cpp_extension.py", line 2000, in load_inline\nRuntimeError: Error building extension \'relu_x\': [1/2] c++ -c /root/.cache/torch_extensions/py311_cpu/relu_x/main.cpp -o main.o\n/root/.cache/torch_extensions/py311_cpu/relu_x/main.cpp:13:1: error: redefinition of ‘PyObject* PyInit_relu_x()’',
        expect: "functions",
      },
    ],
  },
];
