/** What TorchScript's compiler says of calls: to what it cannot call, or with what does not fit. */
import { said, saidAny, type Rule } from "../rule.ts";

const tutorial = "https://docs.pytorch.org/tutorials/advanced/torch_script_custom_ops.html";

export const scriptedCallRules: readonly Rule[] = [
  {
    id: "scripted-call-of-python-function",
    title: "TorchScript cannot call a function of a compiled module",
    on: ["exception"],
    specificity: 80,
    matches: (finding) =>
      saidAny(
        finding,
        /Python builtin <built-in (?:method|function) (?<name>\w+) of (?:PyCapsule|module|pybind11)\S* object at 0x[0-9a-f]+> is currently not supported in Torchscript/,
        /[Pp]ython value of type '(?<type>builtin_function_or_method|PyCapsule|\w+\._C\.\w+)' cannot be used as a value/,
      ),
    confidence: "high",
    cause: (match) =>
      `${match.facts["name"] === undefined ? "A function of a compiled module" : `\`${match.facts["name"]}\``} is bound with pybind11: Python can call it, and a model that torch.jit.script compiles cannot, since it runs without Python. It has to be an operator of torch.`,
    fix: (match) => {
      const name = match.facts["name"] ?? "f";
      return [
        `# C++: TORCH_LIBRARY(my_ops, m) { m.def("${name}", &${name}); } (int64_t and double for numbers), in Python torch.ops.my_ops.${name}(…)`,
        "# or leave it out of the scripted part: @torch.jit.ignore or @torch.jit.unused on the Python function around it (such a model runs in Python alone); torch.jit.trace in place of script",
      ];
    },
    sources: [tutorial],
    examples: [
      {
        text: 'RuntimeError: \nPython builtin <built-in method encode of PyCapsule object at 0x7f0a2c1d3b70> is currently not supported in Torchscript:\n  File "net.py", line 12\n        return _C.encode(x, 4)\n               ~~~~~~~~~ <--- HERE',
        expect: "torch.ops.my_ops.encode",
      },
    ],
  },
  {
    id: "scripted-call-not-valid",
    title: "A call in a scripted function does not fit the operator",
    on: ["exception"],
    specificity: 66,
    matches: (finding) =>
      said(
        finding,
        /Arguments for call are not valid\.\s+The following variants are available:\s+(?<schema>(?!aten::)\w+::\w+\(.{1,240}?-> \S+?):\s+(?<why>[^\n]{5,160}?)(?:\.\s|\.$|$)/s,
      ),
    confidence: "high",
    cause: (match) =>
      `The scripted call does not fit \`${match.facts["schema"] ?? ""}\`: ${match.facts["why"] ?? ""}. TorchScript takes a parameter without annotation for a Tensor, and converts no numbers.`,
    fix: () => [
      "# annotate in Python: def forward(self, x: torch.Tensor, n: int); int(n), float(x) where the type differs",
      "# or change the schema: float for double, int for int64_t, Tensor? for an optional one, then build again",
    ],
    sources: ["https://docs.pytorch.org/docs/stable/jit_language_reference.html"],
    examples: [
      {
        text: "RuntimeError: \nArguments for call are not valid.\nThe following variants are available:\n  my_ops::encode(Tensor x, int n) -> Tensor:\n  Expected a value of type 'int' for argument 'n' but instead found type 'float'.",
        expect: "Expected a value of type 'int'",
      },
    ],
  },
  {
    id: "scripted-file-opened-as-pickle",
    title: "A TorchScript file is opened as a checkpoint",
    on: ["exception"],
    specificity: 80,
    matches: (finding) => said(finding, /No module named ['"]__torch__['"]/),
    confidence: "high",
    cause: () =>
      "The file is a TorchScript archive (torch.jit.save, or torch::save of C++ with a module), and torch.load reads it as a pickle of Python objects.",
    fix: () => [
      "# model = torch.jit.load(path); weights that C++ saved with torch::save(module, path): dict(torch.jit.load(path).named_parameters())",
    ],
    sources: ["pytorch/pytorch#33811"],
    examples: [{ text: "ModuleNotFoundError: No module named '__torch__'", expect: "torch.jit.load" }],
  },
];
