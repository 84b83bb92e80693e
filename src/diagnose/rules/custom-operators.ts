/** Operators of one's own: schemas, kernels, fake implementations, autograd, and what torch.compile wants of them. */
import { platformOf, python, quote, rebuild } from "../commands/commands.ts";
import { installTorchSince } from "../commands/torch-commands.ts";
import { framesAt } from "../matchers.ts";
import { type Match, said, saidAny, type Rule } from "../rule.ts";

const manual = "https://docs.pytorch.org/tutorials/advanced/custom_ops_landing_page.html";

/** What is wrong with a call, as torch says it. */
function unfit({ finding }: Match): string {
  const missing = said(finding, /is missing value for argument '(?<name>\w+)'/);
  if (missing !== undefined) return ` (no value for \`${missing["name"] ?? ""}\`)`;
  const wrong = said(
    finding,
    /Expected a value of type '(?<want>[^']{1,60})' for argument '(?<name>\w+)' but instead found type '(?<have>[^']{1,60})'/,
  );
  if (wrong !== undefined)
    return ` (\`${wrong["name"] ?? ""}\` has to be of type ${wrong["want"] ?? ""}, and is of type ${wrong["have"] ?? ""})`;
  const count = said(finding, /expected at most (?<most>\d+) argument\(s\) but received (?<got>\d+)/);
  return count === undefined ? "" : ` (at most ${count["most"] ?? ""} arguments, ${count["got"] ?? ""} given)`;
}

/** What to do where None is given for a tensor that the schema wants. */
function nothingGiven({ finding }: Match): string[] {
  const given = said(
    finding,
    /Expected a value of type '(?<want>[^']{1,60})' for argument '(?<name>\w+)' but instead found type 'NoneType'/,
  );
  if (given === undefined) return [];
  const name = given["name"] ?? "";
  return [
    `# the caller passes None for \`${name}\`: give it a ${given["want"] ?? "Tensor"}`,
    `# or let it be left out: ${given["want"] ?? "Tensor"}? ${name} in the schema (m.def), const std::optional<at::Tensor>& ${name} in the function, ${name}.has_value() before it is used; then build it again`,
  ];
}

/** The own file that registers the operator: the innermost frame that is not torch's. */
function registeringFile(match: Match): string | undefined {
  const frame = framesAt(match).findLast((each) => !/[\\/]torch[\\/]/.test(each));
  return /^((?:[A-Za-z]:)?[^:<>]{1,300}\.py):\d/.exec(frame ?? "")?.[1];
}

/** What to write for a type that schemas do not know, where there is one that means the same. */
function otherType(type: string, isNew: boolean): string | undefined {
  const plain = type.replaceAll(/typing\.|<class '|'>/g, "");
  const items = /^[Tt]uple\[(.+)\]$/.exec(plain)?.[1]?.split(/, ?/) ?? [];
  const [first] = items;
  if (first !== undefined && items.every((item) => item === first || item === "..."))
    return `${isNew ? "list" : "List"}[${first}]`;
  const optional = /^(?:Union\[)?([\w.]+)(?: \| None|, NoneType\])$/.exec(plain)?.[1];
  if (optional !== undefined) return `Optional[${optional}]`;
  return /^(?:numpy|np)\.ndarray$/.test(plain) ? "torch.Tensor" : undefined;
}

/** The annotation of the parameter that was refused, written otherwise in the file that registers the operator. */
function otherAnnotation(match: Match): string[] {
  const { message } = match.finding;
  const [, name, type] = /Parameter (\w+) has unsupported type (.+?)\. (?:The valid|We do not|$)/.exec(message) ?? [];
  if (name === undefined || type === undefined) return [];
  const wanted = otherType(type, /\blist\[int\]|collections\.abc/.test(message));
  if (wanted === undefined)
    return [
      `# ${name}: one of the types below in place of ${type}; what has several kinds of parts goes in one parameter for each`,
    ];
  const file = registeringFile(match);
  const said = `# ${name}: ${wanted} in place of ${type}; callers may give a tuple all the same`;
  const typing = /^(List|Optional)\[/.exec(wanted)?.[1];
  if (file === undefined || platformOf(match) === "win32") return [said];
  const head = typing === undefined ? "" : ` -e '1i from typing import ${typing}'`;
  return [
    `sed -i.bak -E${head} -e 's/\\b${name}: *[A-Za-z_. |]+(\\[[^]]*\\])?/${name}: ${wanted}/' ${quote(file)}`,
    said,
  ];
}

/** The parameter's type, in the script that the traceback names: nearly all that have none are tensors. */
function annotated(match: Match): string[] {
  const name = /Parameter (?<name>\w+) must have a type annotation/.exec(match.finding.message)?.groups?.["name"];
  const place = match.finding.frames
    ?.map((frame) => /^(?<file>[^"'$`»<>]+\.py):(?<row>\d+) .* » *@/.exec(frame)?.groups)
    .find((each) => each !== undefined);
  if (name === undefined || place === undefined || /-packages[\\/]/.test(place["file"] ?? "")) return [];
  const word = platformOf(match) === "win32" ? undefined : quote(place["file"] ?? "");
  return word === undefined
    ? []
    : [
        `sed -i.bak -E '${place["row"] ?? ""},/\\) *(->|:)/s/([(,] *|^ *)${name}( *[,)=]|$)/\\1${name}: torch.Tensor\\2/' ${word}   # where it is no tensor: int, float, bool, str`,
      ];
}

export const customOperatorRules: readonly Rule[] = [
  {
    id: "operator-without-autograd",
    title: "The operator has no backward formula",
    on: ["exception", "warning"],
    specificity: 78,
    matches: (finding) =>
      saidAny(
        finding,
        /Trying to backward through (?<op>[\w:.]+) but no autograd formula was registered/,
        /(?<op>\w+::[\w.]+): an autograd kernel was not registered to the Autograd key/,
        /derivative for (?<op>\w+::[\w.]+) is not implemented/,
      ),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["op"] ?? "The operator"}\` was called with tensors that need gradients, and nothing says how its backward pass goes: an operator that is registered for CPU or CUDA alone is not differentiable.`,
    fix: (match) => [
      `# torch.library.register_autograd("${(match.facts["op"] ?? "my_ops::f").replace(/\.default$/, "").replace(/^(\w+)\.(\w+)$/, "$1::$2")}", backward, setup_context=setup_context)`,
      "#     def setup_context(ctx, inputs, output): ctx.save_for_backward(*(x for x in inputs if isinstance(x, torch.Tensor)))",
      "#     def backward(ctx, grad): x, *rest = ctx.saved_tensors; return …   # one gradient for each input in its order, None for those that have none",
      "# or a torch::autograd::Function registered under the key Autograd; or call it under torch.no_grad() when no gradient is meant",
    ],
    sources: [manual],
    examples: [
      {
        text: "RuntimeError: Trying to backward through my_ops.scale.default but no autograd formula was registered. Please use register_autograd to add one.",
        expect: 'register_autograd("my_ops::scale"',
      },
      {
        text: "/e/torch/autograd/graph.py:979: UserWarning: my_ops::scale: an autograd kernel was not registered to the Autograd key(s) but we are trying to backprop through it. This may lead to silently incorrect behavior.",
        expect: "register_autograd",
      },
    ],
  },
  {
    id: "operator-mutations-differ",
    title: "mutates_args and the schema name other arguments",
    on: ["exception"],
    specificity: 84,
    matches: (finding) =>
      said(
        finding,
        /Attempted to create a custom op with `mutates_args=(?<given>[^`]{1,200})` and `schema=(?<schema>[^`]{1,600})`\. The schema suggests that the op mutates (?<want>set\(\)|\{[^}]{0,200}\})/,
      ),
    confidence: "high",
    cause: (match) =>
      `torch.library.custom_op was told mutates_args=${match.facts["given"] ?? ""}, and the schema that was given with it marks ${match.facts["want"] === "set()" ? "no argument" : (match.facts["want"] ?? "others")} as changed (\`Tensor(a!)\`). Both have to say the same.`,
    fix: (match) => {
      const want = match.facts["want"] === "set()" ? "()" : (match.facts["want"] ?? "").replaceAll("'", '"');
      const place = match.finding.frames
        ?.findLast((frame) => !/(?:site|dist)-packages|[\\/]torch[\\/]_library/.test(frame))
        ?.match(/^(.+\.py):(\d+) /);
      const given = match.facts["given"] ?? "";
      return [
        ...(place !== null && place !== undefined && platformOf(match) !== "win32" && /^[\w(){}'", ]+$/.test(given)
          ? [
              `sed -i.bak '${place[2] ?? ""},+3s/mutates_args=[^)}]*[)}]/mutates_args=${want}/' ${quote(place[1] ?? "")}`,
            ]
          : []),
        `# @torch.library.custom_op(…, mutates_args=${want}), or a schema without (a!) where nothing is changed`,
      ];
    },
    sources: ["https://docs.pytorch.org/docs/stable/library.html#torch.library.custom_op"],
    examples: [
      {
        text: '  File "/w/ops.py", line 18, in <module>\n    @torch.library.custom_op("mylib::scale_", mutates_args=())\n  File "/e/lib/python3.12/site-packages/torch/_library/custom_ops.py", line 168, in inner\nValueError: Attempted to create a custom op with `mutates_args=()` and `schema=(Tensor(a!) x, float s) -> ()`. The schema suggests that the op mutates {\'x\'}which is different from what was provided to us in `mutates_args`. Please make these consistent.',
        expect: 'mutates_args={"x"}',
      },
    ],
  },
  {
    id: "operator-schema-invalid",
    title: "The operator's schema cannot be read",
    on: ["exception"],
    specificity: 80,
    matches: (finding) =>
      saidAny(
        finding,
        /infer_schema\(func\): (?<why>(?:Parameter|Return)?.{3,160}?)(?:\. | Got func|$)/,
        /(?<why>unknown type specifier)/,
        /(?<why>expected (?:[\w ']+|[()[\],>-]{1,2}) but found '.{1,20}' here)/,
        /(?<why>default argument .* schema|Unsupported type in schema)/i,
        /Unsupported annotation type|Unknown custom class type/,
      ),
    confidence: "high",
    cause: (match) =>
      /\{(?:'\w', ){2,}'\w'\} in mutates_args were not found/.test(match.finding.message)
        ? 'mutates_args was given as one string, and this torch takes its letters for names of parameters: mutates_args="unknown" came with a later release than this one, and a single name has to stand in brackets.'
        : `torch cannot make a schema of the operator's signature${match.facts["why"] === undefined ? "" : ` (${match.facts["why"]})`}. Schemas know Tensor, int, float, bool, str, Scalar, SymInt, ScalarType, Device, their lists (int[]) and optionals (int?).`,
    fix: (match) => [
      ...annotated(match),
      ...(/in mutates_args were not found/.test(match.finding.message)
        ? [
            '# mutates_args=("out",): the parameters that the function writes into, by name, in a tuple or list; () when it writes into none',
            `# mutates_args="unknown" (all of them may be written) is known since torch 2.5: ${installTorchSince(match, "2.5")}`,
          ]
        : []),
      ...otherAnnotation(match),
      '# C++: m.def("f(Tensor x, int n, float eps, Tensor? bias=None) -> Tensor"); int64_t for int, double for float in the function',
      "# Python: annotate every parameter and the result (torch.Tensor, int, float, Sequence[int], Optional[torch.Tensor]; not list, dict or Any); mutates_args names parameters",
    ],
    sources: ["pytorch: aten/src/ATen/native/README.md", manual, "pytorch/pytorch#132972"],
    examples: [
      {
        text: "RuntimeError: \nunknown type specifier. Common valid schema types include Tensor, SymInt, int, float, bool, Scalar; for a full list, please see https://github.com/pytorch/pytorch/blob/main/aten/src/ATen/native/README.md#func :\nf(tensor x) -> Tensor\n  ~~~~~~ <--- HERE",
        expect: "m.def",
      },
      {
        text: "ValueError: infer_schema(func): {'o', 'n', 'w', 'u'} in mutates_args were not found in the custom op's signature. mutates_args should contain the names of all args that the custom op mutates. Got func with signature (q: torch.Tensor)",
        expect: "takes its letters",
      },
      {
        text: 'Traceback (most recent call last):\n  File "/w/play/crop.py", line 4, in <module>\n    @torch.library.custom_op("mine::crop", mutates_args={})\n  File "/e/lib/python3.11/site-packages/torch/_library/infer_schema.py", line 90, in error_fn\n    raise ValueError(f"infer_schema(func): {what} Got func with signature {sig})")\nValueError: infer_schema(func): Parameter size has unsupported type typing.Tuple[int, int]. The valid types are: dict_keys([<class \'torch.Tensor\'>, typing.List[int]]). Got func with signature (x: torch.Tensor, size: Tuple[int, int]) -> torch.Tensor)',
        expect: "size: List[int]/' /w/play/crop.py",
      },
      {
        text: "ValueError: infer_schema(func): Parameter x must have a type annotation. Got func with signature (x))",
        expect: "must have a type annotation",
      },
    ],
  },
  {
    id: "operator-schema-differs-from-kernel",
    title: "The C++ function does not fit the operator's schema",
    on: ["exception", "load"],
    specificity: 84,
    matches: (finding) =>
      saidAny(
        finding,
        /Inferred operator schema for a C\+\+ kernel function doesn't match the expected function schema.*operator: (?<op>[\w:.]+).*reason: (?<why>.{3,200}?)\.?(?: Exception raised|$)/s,
        /Inferred operator schema for a C\+\+ kernel function doesn't match/,
        /Tried to register a kernel with .*signature .*(?:differs|mismatch|doesn't match)/,
        /Mismatch in kernel C\+\+ signatures(?:.*operator: (?<op>[\w:.]+))?/s,
        /Tried to access or call an operator with a wrong signature(?:.*operator: (?<op>[\w:.]+))?/s,
      ),
    confidence: "high",
    cause: (match) =>
      `The function that is registered for ${match.facts["op"] === undefined ? "an operator" : `\`${match.facts["op"]}\``} has other parameters or results than its schema says${match.facts["why"] === undefined ? "" : `: ${match.facts["why"]}`}. (Or the schema is of an older build of the library that is loaded, too.)`,
    fix: (match) => [
      "# make m.def(…) and the function agree: Tensor ↔ const at::Tensor&, int ↔ int64_t, float ↔ double, T? ↔ std::optional<T>, int[] ↔ at::IntArrayRef, -> () ↔ void",
      ...(/SymInt/.test(match.facts["why"] ?? "")
        ? [
            "# the function has to take SymInt by value: c10::SymInt and c10::SymIntArrayRef, not const c10::SymInt& or std::vector<c10::SymInt>",
          ]
        : []),
      '# or let torch infer the schema: m.def("f", &f)',
      ...rebuild(match),
    ],
    sources: ["pytorch: aten/src/ATen/core/op_registration", "pytorch/pytorch#124645", manual],
    examples: [
      {
        text: "RuntimeError: Inferred operator schema for a C++ kernel function doesn't match the expected function schema.\n  operator: my_ops::scale\n    expected schema: registered at csrc/ops.cpp:10\n    inferred schema: registered at csrc/ops.cpp:20\n  reason: The number of arguments is different. 2 vs 3.",
        expect: "The number of arguments is different",
      },
      {
        text: "terminate called after throwing an instance of 'c10::Error'\n  what():  Inferred operator schema for a C++ kernel function doesn't match the expected function schema.\n  operator: my_ops::add\n  expected schema: my_ops::add(Tensor x, int y) -> Tensor\n    registered at csrc/ops.cpp:95\n  inferred schema: (Tensor _0, SymInt _1) -> Tensor _0\n    registered at csrc/ops.cpp:103\n  reason: Type mismatch in argument 2: int vs SymInt.",
        expect: "SymInt by value",
      },
    ],
  },
  {
    id: "operator-argument-type-unsupported",
    title: "An operator's C++ function has a type that schemas do not know",
    on: ["compile"],
    specificity: 88,
    matches: (finding) =>
      saidAny(
        finding,
        /INVALID TYPE: (?<type>[\w, ]+?) (?:are|is) not supported as an? (?<what>\w+) (?:argument|return)/,
        /(?:You tried to register a kernel|Tried to register a kernel) with an unsupported (?:input|output|return|argument) type(?:: (?<type>[\w: <>]+))?/,
        /You tried to register a kernel with an unsupported/,
        /is not supported as an integral argument type\. Please use int64_t/,
        /You are calling (?:from|to) with a type that it doesn't (?<what>support)/,
        /INVALID TYPE: Only [\w, ]{3,40} (?:is|are) supported as an? (?<what>integral|floating point) argument type/,
        /INVALID TYPE: (?<type>float) is not supported as an argument type/,
      ) ??
      // A pointer is taken for one that counts its users.
      (/core[\\/]ivalue_inl\.h$/.test(finding.file ?? "")
        ? saidAny(
            finding,
            /^no type named [‘']element_type[’'] in [‘'](?:std::)?remove_pointer_t<(?<type>[^’']+?)>?[’']/,
            /^no type named 'element_type' in '(?<type>[^']+)'/,
          )
        : undefined) ??
      // A kernel's own parameters are what torch's boxing cannot fill.
      (/core[\\/]boxing[\\/]impl[\\/]make_boxed_from_unboxed_functor\.h$/.test(finding.file ?? "")
        ? saidAny(
            finding,
            /cannot bind non-const lvalue reference of type [‘'](?<type>[^’']+)[’']/,
            /non-const lvalue reference to type '(?<type>[^']+)' cannot bind/,
          )
        : undefined),
    confidence: "high",
    cause: (match) =>
      `A function given to TORCH_LIBRARY takes or returns ${match.facts["type"] === undefined ? "a type" : `\`${match.facts["type"]}\``} that operators cannot have: numbers are int64_t, double and bool there, text is std::string (c10::string_view), lists are at::IntArrayRef and std::vector of these, and only tensors may be taken by a reference that is not const; nothing is taken by pointer.`,
    fix: () => [
      "# int → int64_t, float → double, size_t → int64_t in the function's parameters and results; convert inside",
      "# const torch::Tensor&, const std::vector<torch::Tensor>& (or at::TensorList), std::optional<torch::Tensor>; several results: std::tuple<torch::Tensor, torch::Tensor>; a class of one's own: torch::CustomClassHolder and torch::class_",
    ],
    sources: ["pytorch: aten/src/ATen/core/op_registration/infer_schema.h", manual],
    examples: [
      {
        text: "/e/torch/include/ATen/core/boxing/impl/make_boxed_from_unboxed_functor.h:214:25: error: static assertion failed: You tried to register a kernel with an unsupported input type: float. Please use double instead.",
        expect: "double",
      },
      {
        text: "/e/torch/include/ATen/core/boxing/impl/make_boxed_from_unboxed_functor.h:642:52: error: cannot bind non-const lvalue reference of type ‘std::vector<at::Tensor>&’ to an rvalue of type ‘std::vector<at::Tensor>’",
        expect: "const std::vector<torch::Tensor>&",
      },
      {
        text: "/e/torch/include/ATen/core/ivalue_inl.h:2498:25: error: static assertion failed: You are calling from with a type that it doesn't support, and isn't a potential custom class (ie: is an intrusive_ptr)",
        expect: "std::tuple",
      },
      {
        text: "/libtorch/include/ATen/core/op_registration/infer_schema.h:41:5: error: static assertion failed: INVALID TYPE: Only int64_t and bool are supported as an integral argument type",
        expect: "int → int64_t",
      },
      {
        text: "/e/torch/include/ATen/core/op_registration/infer_schema.h:44:9: error: static assertion failed: INVALID TYPE: int8_t, int16_t and int32_t are not supported as an integral argument type. Please use int64_t instead",
        expect: "int64_t",
      },
    ],
  },
  {
    id: "operator-called-wrongly",
    title: "The operator is called with other arguments than its schema has",
    on: ["exception"],
    role: "symptom",
    specificity: 66,
    matches: (finding) =>
      saidAny(
        finding,
        /Unknown keyword argument ['"]\w+['"] for operator ['"](?<op>\w+::[\w.]+)['"]\. Schema: (?<schema>.{3,300}?\)\s*->\s*\S+)/,
        /(?<op>\bforward)\(\) (?:expected at most|is missing value|Expected a value of type)[^.]{0,200}\.?.{0,400}?Declaration: (?<schema>forward\(__torch__\..{3,300}?\)\s*->\s*\S+)/s,
        /(?<op>\b\w{1,60})\(\) (?:expected at most|is missing value|Expected a value of type)[^.]{0,200}\.?.{0,400}?Declaration: (?<schema>\w+\(__torch__\.torch\.classes\..{3,200}?\)\s*->\s*\S+)/s,
        /(?<op>\w+::[\w.]+)\(\) (?:expected at most|is missing value|Expected a value of type|takes|got an unexpected|Unknown keyword)[^.]*\.?.*Declaration: (?<schema>.{3,200}?\)\s*->\s*\S+)/s,
      ),
    confidence: "medium",
    cause: (match) =>
      `The call does not fit \`${match.facts["schema"] ?? match.facts["op"] ?? ""}\`${unfit(match)}: ${match.facts["op"] === "forward" ? "the scripted model is called with other inputs than its forward has; " : ""}the Python code and the compiled library are of different versions (a stale build), or ${said(match.finding, /missing value/) === undefined ? "an argument has another type" : "the argument was forgotten"}.`,
    fix: (match) =>
      match.facts["op"] === "forward"
        ? [
            "# Python: model(x, mask), in the order of the declaration; C++: inputs.push_back(…) for each, or module.forward({x, mask})",
            "# or give forward a default when it is scripted: mask: Optional[torch.Tensor] = None",
          ]
        : [
            ...nothingGiven(match),
            `${python(match)} -c "import torch; print(torch.ops.loaded_libraries)"   # which file is loaded?`,
            "# compare the call with the declaration in the message",
            ...(nothingGiven(match).length > 0 ? [] : rebuild(match)),
          ],
    sources: [manual],
    examples: [
      {
        text: "RuntimeError: my_ops::scale() expected at most 1 argument(s) but received 2 argument(s). Declaration: my_ops::scale(Tensor x) -> Tensor",
        expect: "my_ops::scale(Tensor x)",
      },
      {
        text: "RuntimeError: my_ops::norm() Expected a value of type 'Tensor' for argument 'weight' but instead found type 'NoneType'.\nPosition: 1\nValue: None\nDeclaration: my_ops::norm(Tensor x, Tensor weight) -> Tensor",
        expect: "Tensor? weight in the schema",
      },
    ],
  },
  {
    id: "tensor-type-not-expected",
    title: "The kernel reads the tensor as another type than it has",
    on: ["exception"],
    role: "symptom",
    specificity: 50,
    matches: (finding) => said(finding, /expected scalar type (?<want>\w+) but found (?<have>\w+)/i),
    confidence: (match) => (/[\\/]torch[\\/]nn[\\/]/.test(framesAt(match).at(-1) ?? "") ? "low" : "medium"),
    cause: (match) =>
      `C++ code asks a tensor of ${match.facts["have"] ?? ""} for data_ptr or accessor of ${match.facts["want"] ?? ""}: the caller passes another type than the kernel is written for (often under autocast), or the kernel does not dispatch over types.`,
    fix: (match) => [
      `# caller: x.to(torch.${(match.facts["want"] ?? "float").toLowerCase()}); under autocast: @torch.amp.custom_fwd(device_type="cuda", cast_inputs=torch.float32)`,
      "# kernel: AT_DISPATCH_FLOATING_TYPES_AND2(at::kHalf, at::kBFloat16, x.scalar_type(), …)",
    ],
    sources: ["pytorch: aten/src/ATen/Dispatch.h"],
    examples: [{ text: "RuntimeError: expected scalar type Float but found Half", expect: "AT_DISPATCH" }],
  },
  {
    id: "operator-is-composite",
    title: "The operator has one implementation for everything",
    on: ["exception"],
    specificity: 84,
    matches: (finding) =>
      !/Composite(?:Implicit|Explicit)Autograd/.test(finding.message)
        ? undefined
        : said(
            finding,
            /(?:the operator )?(?<op>\w+::[\w.]+)? ?(?:already has an implementation (?:for this device type )?via a pre-existing registration to (?:DispatchKey::)?Composite(?:Implicit|Explicit)Autograd|[^:]{0,80}is CompositeImplicitAutograd)/,
          ),
    confidence: "high",
    cause: (match) =>
      `${match.facts["op"] === undefined ? "The operator" : `\`${match.facts["op"]}\``} was registered without naming a device (m.def("f", &f), or m.impl under CompositeImplicitAutograd): that stands for all devices, gradients and fake tensors at once, so nothing can be added for one of them.`,
    fix: (match) => {
      const [space, name] = (match.facts["op"] ?? "my_ops::f").replace(/\.\w+$/, "").split("::");
      return [
        `# define by schema and give each device its kernel: TORCH_LIBRARY(${space ?? ""}, m) { m.def("${name ?? ""}(Tensor x) -> Tensor"); }`,
        `# TORCH_LIBRARY_IMPL(${space ?? ""}, CUDA, m) { m.impl("${name ?? ""}", &${name ?? ""}_cuda); }   and CPU, XPU likewise`,
        "# then build again; register_fake and register_autograd now have their place",
        "retorch build",
      ];
    },
    sources: ["intel/intel-extension-for-pytorch#760", manual],
    examples: [
      {
        text: "RuntimeError: register_fake(...): the operator my_ops::mm already has an implementation for this device type via a pre-existing registration to DispatchKey::CompositeImplicitAutograd.CompositeImplicitAutograd operators do not need an fake impl; instead, the operator will decompose into its constituents and those can have fake impls defined on them.",
        expect: "TORCH_LIBRARY_IMPL(my_ops, CUDA",
      },
    ],
  },
  {
    id: "operator-without-tensors",
    title: "An operator without tensors does not know which device it is for",
    on: ["exception"],
    specificity: 84,
    matches: (finding) =>
      saidAny(
        finding,
        /There were no tensor arguments to this function.*registered for schema (?<op>\w+::\w+)/,
        /(?<op>[\w:.]+): There were no Tensor inputs to this operator/,
      ),
    confidence: "high",
    cause: (match) =>
      `torch chooses a kernel by the device of the tensors; \`${match.facts["op"] ?? ""}\` was called without any (it makes a tensor, or a list was empty), and its kernels are registered for CPU or CUDA only.`,
    fix: (match) => {
      const [space, name] = (match.facts["op"] ?? "my_ops::f").replace(/\.\w*$/, "").split("::");
      return [
        `# one kernel that asks its device argument: TORCH_LIBRARY_IMPL(${space ?? ""}, CompositeExplicitAutograd, m) { m.impl("${name ?? ""}", &${name ?? ""}); }   (or BackendSelect)`,
        "# or give the operator a tensor of the device as an argument; empty lists: return early in Python",
        "retorch build",
      ];
    },
    sources: [manual],
    examples: [
      {
        text: "NotImplementedError: There were no tensor arguments to this function (e.g., you passed an empty list of Tensors), but no fallback function is registered for schema my_ops::make.  This usually means that this function requires a non-empty list of Tensors, or that you (the operator writer) forgot to register a fallback function.",
        expect: "CompositeExplicitAutograd",
      },
    ],
  },
  {
    id: "device-name-unknown",
    title: "There is no device of that name",
    on: ["exception"],
    specificity: 72,
    matches: (finding) => {
      const facts = saidAny(
        finding,
        /Expected one of cpu, cuda, .* device type at start of device string: (?<name>\S*)/,
        /Invalid device string: '(?<name>[^']*)'/,
      );
      return facts;
    },
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\` is no name of a device for torch: it is misspelt, has a number in another form than cuda:0, or belongs to a back end (npu, musa, xla, hpu) whose package was not imported.`,
    fix: (match) => [
      `# cpu, cuda, cuda:1, mps, xpu, meta: in torch.device(…), x.to(…), torch.library.impl("my_ops::f", "cuda")`,
      ...(/^(?:npu|musa|mlu|gcu|sdaa|dipu|privateuseone)/.test(match.facts["name"] ?? "")
        ? [`# import torch_${/^[a-z]+/.exec(match.facts["name"] ?? "")?.[0] ?? "npu"} before`]
        : []),
    ],
    sources: ["https://docs.pytorch.org/docs/stable/tensor_attributes.html#torch.device"],
    examples: [
      {
        text: "RuntimeError: Expected one of cpu, cuda, ipu, xpu, mkldnn, opengl, opencl, ideep, hip, ve, fpga, maia, xla, lazy, vulkan, mps, meta, hpu, mtia, privateuseone device type at start of device string: cude",
        expect: "misspelt",
      },
      { text: "RuntimeError: Invalid device string: 'cuda1'", expect: "cuda:1" },
    ],
  },
];
