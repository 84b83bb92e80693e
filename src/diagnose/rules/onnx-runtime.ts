/** Operators of one's own in ONNX: what the exporter, ONNX Runtime and TensorRT say when they do not know them. */
import { pip, python } from "../commands/commands.ts";
import { said, saidAny, type Rule } from "../rule.ts";

const ortManual = "https://onnxruntime.ai/docs/reference/operators/add-custom-op.html";

export const onnxRuntimeRules: readonly Rule[] = [
  {
    id: "onnx-wants-newer-run-time",
    title: "onnx is built for a newer Visual C++ run time",
    on: ["load", "exception", "missing-library"],
    specificity: 92,
    matches: (finding) =>
      /onnx_cpp2py_export: (?:A dynamic link library \(DLL\) initialization routine failed|动态链接库)/.test(
        finding.text,
      )
        ? {}
        : undefined,
    confidence: "high",
    cause: () =>
      "onnx's wheels for Windows from 1.16.2 on are built with a newer Visual Studio, and their DLL does not start with an older Visual C++ run time.",
    fix: (match) => [
      "winget install --id Microsoft.VCRedist.2015+.x64   # the newest run time; then start again",
      `${pip(match, "install onnx==1.16.1")}   # or the last release that does without, for Python 3.8 to 3.12`,
    ],
    sources: ["onnx/onnx#6267", "onnx/onnx#6284", "PDFMathTranslate/PDFMathTranslate#178", "onnxsim/onnxsim#346"],
    examples: [
      {
        text: "ImportError: DLL load failed while importing onnx_cpp2py_export: A dynamic link library (DLL) initialization routine failed.",
        expect: "onnx==1.16.1",
      },
    ],
  },
  {
    id: "ortmodule-extensions-not-built",
    title: "ORTModule's extensions of torch were not built",
    on: ["exception"],
    specificity: 84,
    matches: (finding) =>
      said(
        finding,
        /ORTModule'?s extensions were not detected at ['"]?(?<folder>[^'"]+?)['"]? folder|Run `(?<command>python -m [\w.]+)` before using `?ORTModule/,
      ),
    confidence: "high",
    cause: () =>
      "ORTModule compiles its bridge between torch and ONNX Runtime on the machine itself, once, after installation, and for the torch that is there: that step was left out, or torch or onnxruntime-training was installed anew since.",
    fix: (match) => [
      `${python(match)} -m onnxruntime.training.ortmodule.torch_cpp_extensions.install   # what \`python -m torch_ort.configure\` runs; with nvcc of torch's CUDA and ninja, in the environment that runs the program`,
      "# in a notebook: the same with ! in front (Databricks: %sh), then restart the kernel",
    ],
    sources: ["microsoft/onnxruntime#16066", "pytorch/ort: README.md"],
    examples: [
      {
        text: "ORTModuleInitException: ORTModule's extensions were not detected at '/e/lib/python3.9/site-packages/onnxruntime/training/ortmodule/torch_cpp_extensions' folder. Run `python -m torch_ort.configure` before using `ORTModule` frontend.",
        expect: "torch_cpp_extensions.install",
      },
    ],
  },
  {
    id: "onnx-custom-ops-entry-missing",
    title: "The library has no RegisterCustomOps for ONNX Runtime",
    on: ["undefined-symbol", "exception"],
    specificity: 86,
    matches: (finding) => {
      if (finding.kind === "undefined-symbol")
        return finding.symbol === "RegisterCustomOps" && finding.phase === "load" ? { file: finding.file } : undefined;
      return saidAny(finding, /Failed to get symbol RegisterCustomOps(?: with error: (?<file>\S+?)[:,\s])?/);
    },
    confidence: "high",
    cause: (match) => {
      const file = match.facts["file"] ?? match.finding.file ?? "";
      return `ONNX Runtime loads a library of operators by its C function RegisterCustomOps, and ${file === "" ? "the library" : `\`${file}\``} does not show one. ${
        /\.cpython-|\.abi3\.|_C\./.test(file)
          ? "It is an extension of torch: what TORCH_LIBRARY or pybind11 registers there is unknown to ONNX Runtime, which has an interface of its own."
          : 'Either the function is compiled as C++ (extern "C" is missing; the macro is __cplusplus, with two underscores), hidden (a version script, -fvisibility=hidden, no __declspec(dllexport)), or its source is not in the library.'
      }`;
    },
    fix: (match) => {
      const file = match.facts["file"] ?? match.finding.file ?? "<library>";
      return [
        `nm -D --defined-only ${file} | grep -i RegisterCustomOps   # a mangled name (_Z…): extern "C" is missing; nothing: it is not in there`,
        '# extern "C" ORT_EXPORT OrtStatus* ORT_API_CALL RegisterCustomOps(OrtSessionOptions* options, const OrtApiBase* api) { … }   in a library of its own that is built against onnxruntime_c_api.h',
      ];
    },
    sources: [ortManual, "microsoft/onnxruntime#8730", "microsoft/onnxruntime#23035"],
    examples: [
      {
        text: "onnxruntime.capi.onnxruntime_pybind11_state.Fail: [ONNXRuntimeError] : 1 : FAIL : Failed to get symbol RegisterCustomOps with error: ./build/my_op.cpython-37m-x86_64-linux-gnu.so: undefined symbol: RegisterCustomOps",
        expect: "extension of torch",
      },
      {
        text: "terminate called after throwing an instance of 'Ort::Exception'\n  what():  Failed to get symbol RegisterCustomOps with error: /s/libcustom_op_library.so: undefined symbol: RegisterCustomOps",
        expect: 'extern "C"',
      },
    ],
  },
  {
    id: "onnx-operator-unknown",
    title: "ONNX Runtime does not know an operator of the model",
    on: ["exception"],
    specificity: 80,
    matches: (finding) =>
      saidAny(
        finding,
        /Fatal error: (?:(?<space>[\w.]+)[:.])?(?<op>\w+)(?:\(-?\d+\))? is not a registered function\/op/,
        /No Op registered for (?<op>\w+) with domain_version of (?<version>\d+)/,
        /Could not find an implementation for (?<op>\w+)\((?<version>\d+)\) node with name/,
        /(?:NOT_IMPLEMENTED|INVALID_GRAPH).{0,200}?(?:op_type|Op type|operator) ?[:=]? ?['"]?(?<op>\w+)/,
      ),
    confidence: "high",
    cause: (match) =>
      /Could not find an implementation/.test(match.finding.message)
        ? `This ONNX Runtime has no kernel for \`${match.facts["op"] ?? ""}\` of opset ${match.facts["version"] ?? ""} on the chosen provider or for the type of its tensors.`
        : match.facts["version"] !== undefined
          ? `\`${match.facts["op"] ?? ""}\` does not exist in opset ${match.facts["version"]}, which the model names: it was exported for a newer opset than this ONNX Runtime knows, or it is an operator of one's own.`
          : `\`${match.facts["op"] ?? ""}\` is an operator of one's own, and ONNX Runtime has no implementation of it: that torch has one (TORCH_LIBRARY, RegisterOperators) does not count there.`,
    fix: (match) =>
      match.facts["version"] !== undefined
        ? [
            pip(match, "install --upgrade onnxruntime   # onnxruntime-gpu"),
            "# or export again with a lower opset: torch.onnx.export(…, opset_version=17)",
          ]
        : [
            `# a library with ONNX Runtime's interface (extern "C" RegisterCustomOps), then: options = onnxruntime.SessionOptions(); options.register_custom_ops_library("lib${match.facts["op"] ?? "my_ops"}.so"); InferenceSession(file, options)`,
            `# or have it exported as operators of ONNX: torch.onnx.export(…, custom_translation_table={torch.ops.${match.facts["space"] ?? "my_ops"}.${match.facts["op"] ?? "f"}.default: a_function}) (torch 2.5), register_custom_op_symbolic before`,
            "# domains have to agree: the one in the model (Netron shows it) and Ort::CustomOpDomain",
          ],
    sources: [ortManual, "microsoft/onnxruntime#9831", "https://docs.pytorch.org/docs/stable/onnx.html"],
    examples: [
      {
        text: "onnxruntime.capi.onnxruntime_pybind11_state.Fail: [ONNXRuntimeError] : 1 : FAIL : Load model from m.onnx failed:Fatal error: test_custom is not a registered function/op",
        expect: "register_custom_ops_library",
      },
      {
        text: "onnxruntime.capi.onnxruntime_pybind11_state.Fail: [ONNXRuntimeError] : 1 : FAIL : Node (n) Op (GridSample) [ShapeInferenceError] No Op registered for GridSample with domain_version of 11",
        expect: "lower opset",
      },
    ],
  },
  {
    id: "onnx-export-operator-unsupported",
    title: "torch.onnx cannot export an operator",
    on: ["exception"],
    specificity: 80,
    matches: (finding) =>
      saidAny(
        finding,
        /Exporting the operator ['"]?(?<op>[\w:.]+)['"]? to ONNX opset version (?<version>\d+) is not supported/,
        /failed on an operator with unrecognized namespace ['"]?(?<op>[\w:.]+?)['"]?(?:\.|$)/,
        /(?:Couldn't export|Could not export) operator (?<op>[\w:.]+)/,
        /No ONNX function found for <OpOverload\(op='(?<op>[\w.]+)'/,
        /ONNX export failed.{0,40}: Couldn't export (?:Python )?operator (?<op>\w+)/,
      ),
    confidence: "high",
    cause: (match) =>
      /^aten(?:::|\.)/.test(match.facts["op"] ?? "")
        ? `The exporter has no translation of \`${match.facts["op"] ?? ""}\`${match.facts["version"] === undefined ? "" : ` in opset ${match.facts["version"]}`}.`
        : `\`${match.facts["op"] ?? ""}\` is an operator (or autograd.Function) of one's own, and the exporter was not told what it is in ONNX.`,
    fix: (match) => {
      const op = (match.facts["op"] ?? "my_ops::f").replace(/^(\w+)\.(\w+)$/, "$1::$2");
      return [
        `# torch 2.5 and newer: torch.onnx.export(model, args, "m.onnx", dynamo=True, custom_translation_table={torch.ops.${op.replace("::", ".")}.default: an_onnxscript_function})`,
        `# the older exporter: torch.onnx.register_custom_op_symbolic("${op}", lambda g, x: g.op("my_domain::${op.split("::").at(-1) ?? "f"}", x), opset_version=17); an autograd.Function: @staticmethod def symbolic(g, x)`,
        ...(/^aten/.test(op)
          ? ["# a higher opset_version knows more: 17, 18, 20", pip(match, "install --upgrade torch onnx onnxscript")]
          : []),
      ];
    },
    sources: ["https://docs.pytorch.org/docs/stable/onnx.html"],
    examples: [
      {
        text: "torch.onnx.errors.UnsupportedOperatorError: Exporting the operator 'my_ops::scale' to ONNX opset version 17 is not supported.",
        expect: 'register_custom_op_symbolic("my_ops::scale"',
      },
      {
        text: "torch.onnx.errors.UnsupportedOperatorError: ONNX export failed on an operator with unrecognized namespace 'my_ops::gather'. If you are trying to export a custom operator, make sure you registered it with the right domain and version.",
        expect: 'register_custom_op_symbolic("my_ops::gather"',
      },
    ],
  },
  {
    id: "tensorrt-plugin-unknown",
    title: "TensorRT does not find a plugin",
    on: ["exception"],
    specificity: 78,
    matches: (finding) =>
      saidAny(
        finding,
        /(?:Could not find plugin|could not find plugin|getPluginCreator could not find plugin|Cannot find plugin):? ?(?<op>\w+)?/,
        /Plugin not found, are the plugin name, version, and namespace correct/,
      ),
    confidence: "medium",
    cause: (match) =>
      `The library with TensorRT's plugin${match.facts["op"] === undefined ? "" : ` \`${match.facts["op"]}\``} is not loaded in this process, or has it under another version or namespace.`,
    fix: (match) => [
      `${python(match)} -c "import ctypes, tensorrt as t; ctypes.CDLL('libmy_plugins.so', ctypes.RTLD_GLOBAL); t.init_libnvinfer_plugins(t.Logger(), ''); print([c.name for c in t.get_plugin_registry().plugin_creator_list])"   # is it listed?`,
      "# trtexec: --plugins=libmy_plugins.so   (TensorRT 10: --staticPlugins, --dynamicPlugins)",
    ],
    sources: ["https://docs.nvidia.com/deeplearning/tensorrt/latest/inference-library/extending-custom-layers.html"],
    examples: [
      {
        text: "RuntimeError: [TRT] INVALID_ARGUMENT: getPluginCreator could not find plugin: MyOp version: 1",
        expect: "`MyOp`",
      },
    ],
  },
];
