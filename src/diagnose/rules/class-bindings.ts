/** Classes and modules that pybind11 is to show to Python, and what C++ says when it cannot. */
import type { Finding } from "../finding.ts";
import { type Match, type MatchFacts, placeOf, type Rule, saidAny } from "../rule.ts";
import { atCaller } from "../commands/printed-edits.ts";
import { addInclude, editFile, editLine } from "../commands/source-edits.ts";

const docs = "https://pybind11.readthedocs.io/en/stable";

function at(match: Match): string {
  return placeOf(match.finding) === "" ? "" : ` (${placeOf(match.finding)})`;
}

function notInStandardLibrary(finding: Finding, ...patterns: readonly RegExp[]): MatchFacts | undefined {
  if (finding.severity === "warning") return undefined;
  return saidAny(finding, ...patterns);
}

/** Whether the place is in pybind11, which makes, copies and calls what is bound. */
function bound(match: Match): boolean {
  return /pybind11/.test(match.finding.file ?? "");
}

export const classBindingRules: readonly Rule[] = [
  {
    id: "module-name-quoted",
    title: "The name of a module or operator library stands in quotation marks",
    on: ["compile"],
    specificity: 84,
    matches: (finding) =>
      saidAny(
        finding,
        /^pasting "?(?:formed )?['"]?(?:pybind11_\w+|PyInit_|TORCH_LIBRARY\w*|STABLE_TORCH_LIBRARY\w*)"?.*"(?<name>\w+)"/,
        /^pasting formed '(?:pybind11_\w*|PyInit_|TORCH_LIBRARY\w*)"(?<name>\w+)"'/,
      ),
    confidence: "high",
    cause: (match) =>
      `${match.finding.caller ?? placeOf(match.finding)} writes "${match.facts["name"] ?? ""}" with quotation marks, where the macro (PYBIND11_MODULE, TORCH_LIBRARY) makes names of C++ out of it: it wants the bare word.`,
    fix: (match) => [
      ...editLine(atCaller(match), [[`"(${match.facts["name"] ?? ""})"`, "\\1", "once"]]),
      `# PYBIND11_MODULE(TORCH_EXTENSION_NAME, m), TORCH_LIBRARY(${match.facts["name"] ?? "my_ops"}, m): no quotation marks`,
    ],
    sources: [`${docs}/basics.html`],
    examples: [
      {
        text: 'ext.cpp:2:1: error: pasting "pybind11_exec_" and ""my_ext"" does not give a valid preprocessing token',
        expect: "TORCH_EXTENSION_NAME",
      },
      {
        text: "ext.cpp:2:1: error: pasting formed 'pybind11_exec_\"my_ext\"', an invalid preprocessing token",
        expect: "quotation marks",
      },
    ],
  },
  {
    id: "pybind11-part-not-included",
    title: "A part of pybind11 needs a header of its own",
    on: ["compile"],
    specificity: 84,
    matches: (finding) =>
      saidAny(
        finding,
        /[‘'"](?<name>array_t|array|dtype|buffer_info_np|vectorize)[’'"] (?:is not a member of|in namespace) [‘'"](?:py|pybind11)[’'"]/,
        /no (?:member|template|type) named '(?<name>array_t|array|dtype|vectorize|bind_vector|bind_map|init_gil|scoped_interpreter|scoped_ostream_redirect|gil_safe_call_once_and_store)' in namespace '(?:py|pybind11)'/,
        /namespace "(?:py|pybind11)" has no (?:actual )?member "(?<name>array_t|array|dtype|vectorize|bind_vector|bind_map|scoped_interpreter)"/,
        /[‘'"](?<name>bind_vector|bind_map|scoped_interpreter|scoped_ostream_redirect|gil_safe_call_once_and_store)[’'"]\s?:? is not a member of [‘'"](?:py|pybind11)[’'"]/,
        /'(?<name>array_t|array|vectorize)'\s?: is not a member of '(?:py|pybind11)'/,
      ),
    confidence: "high",
    cause: (match) =>
      `\`py::${match.facts["name"] ?? ""}\`${at(match)} is in a header that neither pybind11/pybind11.h nor torch/extension.h includes.`,
    fix: (match) =>
      [
        `pybind11/${/bind_/.test(match.facts["name"] ?? "") ? "stl_bind" : /interpreter/.test(match.facts["name"] ?? "") ? "embed" : /ostream/.test(match.facts["name"] ?? "") ? "iostream" : /gil_safe/.test(match.facts["name"] ?? "") ? "gil_safe_call_once" : "numpy"}.h`,
      ].flatMap((header) => addInclude(match, header)),
    sources: [`${docs}/advanced/pycpp/numpy.html`],
    examples: [
      {
        text: "ext.cpp:1:14: error: ‘array_t’ is not a member of ‘py’; did you mean ‘arg_t’?",
        expect: "pybind11/numpy.h",
      },
      { text: "ext.cpp:1:14: error: no member named 'array_t' in namespace 'pybind11'", expect: "pybind11/numpy.h" },
    ],
  },
  {
    id: "argument-names-miscounted",
    title: "py::arg is given for some of the arguments only",
    on: ["compile"],
    specificity: 84,
    matches: (finding) =>
      saidAny(finding, /number of argument annotations does not match the number of function (?<what>arguments)/),
    confidence: "high",
    cause: () =>
      "A .def or m.def names some arguments of its function and not the others: pybind11 wants a py::arg for each (self of a method excepted), or none (its own header is only where it shows).",
    fix: () => [
      '# m.def("f", &f, py::arg("x"), py::arg("scale") = 1.0);   one for each argument of the C++ function, in their order; a lambda counts with all of its own',
      "# the line is the one in the note `required from here` (gcc), `in instantiation of` (clang) or `see reference to` (cl) below the message",
    ],
    sources: [`${docs}/basics.html#keyword-arguments`],
    examples: [
      {
        text: "/e/torch/include/pybind11/pybind11.h:535:40: error: static assertion failed: The number of argument annotations does not match the number of function arguments",
        expect: "one for each argument",
      },
    ],
  },
  {
    id: "argument-literal-not-in-scope",
    title: "The literal _a of pybind11 is not in scope",
    on: ["compile"],
    specificity: 84,
    matches: (finding) =>
      saidAny(
        finding,
        /unable to find string literal operator [‘']operator"" ?(?<name>_a)[’']/,
        /no matching literal operator for call to 'operator"" ?(?<name>_a)'/,
        /user-defined literal operator not found|'operator ""(?<name>_a)'/,
      ),
    confidence: "high",
    cause: (match) => `"x"_a${at(match)} is a literal of pybind11 whose namespace is not opened.`,
    fix: (match) => [
      ...editFile(match, [['"([A-Za-z_][A-Za-z0-9_]*)"_a\\b', 'pybind11::arg("\\1")']]),
      '# or using namespace pybind11::literals; which brings "x"_a',
    ],
    sources: [`${docs}/basics.html#keyword-arguments`],
    examples: [
      {
        text: 'ext.cpp:2:60: error: unable to find string literal operator ‘operator""_a’ with ‘const char [2]’, ‘long unsigned int’ arguments',
        expect: "pybind11::literals",
      },
    ],
  },
  {
    id: "method-bound-without-ampersand",
    title: "A method is bound without &",
    on: ["compile"],
    specificity: 85,
    matches: (finding) =>
      /^(?:invalid use of non-static member function|call to non-static member function without an object|a nonstatic member reference must be relative|.*illegal call of non-static member function|.*non-standard syntax; use '&')/.test(
        finding.message,
      ) && /\bdef\w*\s*\(/.test(finding.source ?? "")
        ? { name: /,\s*(?<name>\w+(?:::\w+)+)\s*[,)]/.exec(finding.source ?? "")?.groups?.["name"] }
        : undefined,
    confidence: "high",
    cause: (match) =>
      `A method of a class${at(match)} is named without \`&\`; other than for free functions, C++ gives its address only with it.`,
    fix: (match) => [
      ...(match.facts["name"] === undefined
        ? []
        : editLine(match, [[`,[ \\t]*(${match.facts["name"]})\\b`, ", &\\1"]])),
      `# .def("run", &${match.facts["name"] ?? "Foo::run"})`,
    ],
    sources: [`${docs}/classes.html`],
    examples: [
      {
        text: 'ext.cpp:2:86: error: invalid use of non-static member function ‘int my::Foo::run()’\n    2 |   py::class_<Foo>(m, "Foo").def(py::init<>()).def("run", Foo::run);\n      |                                                          ~~~~~^~~',
        expect: "&Foo::run",
      },
    ],
  },
  {
    id: "member-is-private",
    title: "A private member is used or bound from outside",
    on: ["compile"],
    specificity: 58,
    matches: (finding) =>
      notInStandardLibrary(
        finding,
        /^[‘'](?!c10::Scalar::Scalar)(?<name>[^’']{1,160})[’'] is (?<how>private|protected) within this context/,
        /^'(?<name>[\w:~<>]+)' is a (?<how>private|protected) member of '/,
        /^calling a (?<how>private|protected) constructor of class '(?!c10::Scalar)(?<name>[^']+)'/,
        /^(?:function|member|type) "(?<name>[^"]+)" (?:\(declared at [^)]*\) )?is inaccessible/,
        /^'(?<name>[^']+)'\s?: cannot access (?<how>private|protected) member declared in class/,
      ),
    confidence: "medium",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\` is ${match.facts["how"] ?? "private"} in its class, and is used from outside${at(match)}: in a \`class\` everything is private until \`public:\`, and what pybind11 binds must be public. (A member of torch's or of another library that is private is not meant for use: another release of it may have had it public.)`,
    fix: () => [
      "# public: above the member in the class; or struct in place of class",
      '# a protected method for Python: struct Public : Foo { using Foo::run; }; … .def("run", &Public::run)',
    ],
    sources: [`${docs}/advanced/classes.html#binding-protected-member-functions`],
    examples: [
      { text: "ext.cpp:2:105: error: ‘void my::Foo::run()’ is private within this context", expect: "public:" },
      { text: "ext.cpp:2:105: error: 'run' is a private member of 'Foo'", expect: "public:" },
      { text: 'k.cu(9): error: function "my::Foo::run" (declared at line 3) is inaccessible', expect: "public:" },
    ],
  },
  {
    id: "class-not-copied",
    title: "An object is copied whose class forbids it",
    on: ["compile"],
    specificity: 56,
    matches: (finding) =>
      /[‘'"`](?:at|c10|torch|caffe2|thrust|cutlass)::/.test(finding.message)
        ? undefined
        : notInStandardLibrary(
            finding,
            /^use of deleted function [‘'](?<name>[^’']+?)\((?:const )?[^’']*&{1,2}\)(?: noexcept)?(?: \[with [^’']*)?[’']/,
            /^call to (?:implicitly-)?deleted (?:copy )?constructor of '(?<name>[^']+)'/,
            /^overload resolution selected (?:implicitly-)?deleted (?:copy )?(?:assignment )?operator/,
            /^function "(?<name>[^"]+?)\(const .*&\)".* cannot be referenced -- it is a deleted function/,
            /'(?<name>[^']+?)\(const [^']*&\)': attempting to reference a deleted function/,
          ),
    confidence: "medium",
    cause: (match) =>
      `\`${match.facts["name"] ?? "The class"}\` cannot be copied (a std::unique_ptr, std::mutex, std::thread or reference among its members, or \`= delete\`), and ${bound(match) ? "the binding copies it: a bound function takes or gives it by value" : `${placeOf(match.finding) === "" ? "the code" : placeOf(match.finding)} copies it: by value in a parameter, a return or a container`}.`,
    fix: () => [
      "# take it by reference (Foo& foo), give it as std::unique_ptr<Foo> or std::shared_ptr<Foo>; std::move(x) where the old one is not needed any more",
      '# pybind11: .def(…, py::return_value_policy::reference_internal) for a member; py::class_<Foo, std::shared_ptr<Foo>>(m, "Foo") for shared ones',
    ],
    sources: [`${docs}/advanced/functions.html#return-value-policies`],
    examples: [
      {
        text: "/e/torch/include/pybind11/cast.h:2195:37: error: use of deleted function ‘my::Foo::Foo(const my::Foo&)’",
        expect: "std::shared_ptr<Foo>",
      },
      { text: "ext.cpp:4:9: error: call to deleted constructor of 'Foo'", expect: "by reference" },
    ],
  },
  {
    id: "class-is-abstract",
    title: "An object of an abstract class is made",
    on: ["compile"],
    specificity: 58,
    matches: (finding) =>
      notInStandardLibrary(
        finding,
        /^(?:invalid new-expression of|cannot allocate an object of|cannot declare .* to be of|invalid cast to) abstract (?:class )?type [‘'](?<name>[^’']+)[’']/,
        /^allocating an object of abstract class type '(?<name>[^']+)'/,
        /^(?:variable|field|parameter) type '(?<name>[^']+)' is an abstract class/,
        /^object of abstract class type "(?<name>[^"]+)" is not allowed/,
        /'(?<name>[^']+)': cannot instantiate abstract class/,
      ),
    confidence: "medium",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\` still has a pure virtual function (\`= 0\`), so no object of it can be made${bound(match) ? " (py::init is what makes one)" : ""}: a method of the base class is not overridden, or the one that should do it differs in its parameters or const.`,
    fix: () => [
      "# the notes below the message name the functions that are missing; `override` behind each of yours makes the compiler say which one differs",
      '# a base class for Python without py::init, or with a trampoline class: py::class_<Base, PyBase>(m, "Base").def(py::init<>())',
    ],
    sources: [`${docs}/advanced/classes.html#overriding-virtual-functions-in-python`],
    examples: [
      {
        text: "/e/torch/include/pybind11/detail/init.h:74:16: error: invalid new-expression of abstract class type ‘my::Foo’",
        expect: "override",
      },
      { text: "ext.cpp:3:9: error: allocating an object of abstract class type 'Foo'", expect: "pure virtual" },
    ],
  },
  {
    id: "bound-constructor-unknown",
    title: "py::init names a constructor that the class does not have",
    on: ["compile"],
    specificity: 60,
    matches: (finding) =>
      /pybind11[\\/]detail[\\/]init\.h$/.test(finding.file ?? "")
        ? saidAny(
            finding,
            /no matching function for call to [‘'](?<name>[^’']+)[’']/,
            /no matching constructor for initialization of '(?<name>[^']+)'/,
            /could not convert [‘'].*[’'] from [‘']<brace-enclosed initializer list>[’'] to [‘'](?<name>[^’']+)[’']/,
            /no instance of constructor "(?<name>[^"]+)" matches/,
            /cannot convert [‘'].*[’'] to [‘'](?<name>[^’']+)[’'] in initialization/,
          )
        : saidAny(finding, /static assertion failed.*(?<name>Must inherit|pybind11::init\(\): )/),
    confidence: "high",
    cause: (match) =>
      `pybind11 makes the object as \`py::init<…>\` says, and \`${match.facts["name"] ?? "the class"}\` has no constructor with these types: their number or order in py::init<…> differs from the class, or the constructor is not public.`,
    fix: () => [
      '# the types of the constructor, in their order: struct Foo { Foo(int a, float b); }; → .def(py::init<int, float>(), py::arg("a"), py::arg("b"))',
      '# defaults of C++ do not count: py::init<int, float>(), py::arg("a"), py::arg("b") = 1.f',
    ],
    sources: [`${docs}/classes.html`],
    examples: [
      {
        text: "/e/torch/include/pybind11/detail/init.h:74:16: error: no matching function for call to ‘my::Foo::Foo(int)’",
        expect: "py::init<int, float>()",
      },
    ],
  },
];
