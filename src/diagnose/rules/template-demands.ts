/** What templates of torch, pybind11 and the C++ library ask of the types that a project gives them. */
import { foreignHeader } from "../tables/foreign-headers.ts";
import { codeAt, type Match, type Rule, saidAny } from "../rule.ts";

const pybind = "https://pybind11.readthedocs.io/en/stable";
const reference = "https://en.cppreference.com/w/cpp";
/** Types of others: what is wrong with them is not the project's. */
const notOwn = /^(?:const )?(?:class |struct )?(?:std|at|c10|torch|__gnu_cxx|pybind11|py|thrust|cub|cutlass)::/;

/** The project's line: the one that leads into a header, or that of the message. */
function whereOf({ finding }: Match): string {
  return foreignHeader.test(finding.file ?? "") ? (finding.caller ?? "The code") : codeAt(finding);
}

function bare(type: string | undefined): string {
  return (type ?? "the type")
    .replace(/^const /, "")
    .replace(/^(?:class|struct) /, "")
    .replace(/ ?&+$/, "");
}

export const templateDemandRules: readonly Rule[] = [
  {
    id: "holder-of-another-class",
    title: "The holder given to py::class_ is of another class",
    on: ["compile"],
    specificity: 86,
    matches: (finding) =>
      saidAny(
        finding,
        /Holder classes are only supported for custom types/,
        /Unknown\/invalid class_ template parameters provided/,
      ),
    confidence: "high",
    cause: (match) =>
      `${whereOf(match)} gives py::class_ something that it does not know: behind the class may stand its holder (a smart pointer of that same class), its base classes and its trampoline, and nothing else; a smart pointer of a number, of a class that Python has by other means, or of another class is none.`,
    fix: () => [
      '# py::class_<Foo, std::shared_ptr<Foo>>(m, "Foo"): the same class in both places; py::class_<Foo, Base, PyFoo, std::shared_ptr<Foo>> with base and trampoline',
      "# a function that gives std::shared_ptr<int> or std::shared_ptr<torch::Tensor>: give the value itself",
    ],
    sources: [`${pybind}/advanced/smart_ptrs.html`, "pybind11: include/pybind11/cast.h"],
    examples: [
      {
        text: "ext.cpp:5:57:   required from here\n/e/torch/include/pybind11/cast.h:971:61: error: static assertion failed: Holder classes are only supported for custom types",
        expect: "ext.cpp:5 gives py::class_",
      },
      {
        text: "/e/pybind11/pybind11.h:2294:9: error: static assertion failed due to requirement 'none_of<std::shared_ptr<int>>::value': Unknown/invalid class_ template parameters provided\next.cpp:5:3: note: in instantiation of template class 'pybind11::class_<Tracker, std::shared_ptr<int>>' requested here",
        expect: "ext.cpp:5",
      },
      {
        text: "C:\\e\\torch\\include\\pybind11\\cast.h(971): error C2338: static_assert failed: 'Holder classes are only supported for custom types'\nC:\\src\\ext.cpp(5): note: see reference to class template instantiation 'pybind11::class_<Tracker,std::shared_ptr<int>>' being compiled",
        expect: "C:\\src\\ext.cpp:5",
      },
    ],
  },
  {
    id: "module-without-forward",
    title: "A module in a Sequential has no forward that torch can call",
    on: ["compile"],
    specificity: 86,
    matches: (finding) =>
      /[\\/]modules[\\/]container[\\/]any\w*\.h$/.test(finding.file ?? "")
        ? saidAny(
            finding,
            /[‘'"]forward[’'"]:? is not a member of [‘'](?:std::remove_reference_t<(?<type>[^>]+)>|(?<type2>[^’']+))[’']/,
            /no member named 'forward' in '(?<type>[^']+)'/,
            /"(?<type>[^"]+)" has no member "forward"/,
            /Can only store module with a forward\(\) method/,
          )
        : undefined,
    confidence: "high",
    cause: (match) =>
      `A torch::nn::Sequential or AnyModule is given ${match.facts["type"] === undefined ? "a module" : `\`${match.facts["type"]}\``} without a public \`forward\` (or with one that is a template or overloaded): it is the method that they call.`,
    fix: () => [
      "# struct FooImpl : torch::nn::Module { torch::Tensor forward(torch::Tensor x) { … } };   TORCH_MODULE(Foo);",
      "# a function alone: torch::nn::Functional([](torch::Tensor x) { return torch::relu(x); })",
    ],
    sources: ["pytorch: torch/csrc/api/include/torch/nn/modules/container/any.h"],
    examples: [
      {
        text: "/e/torch/include/torch/csrc/api/include/torch/nn/modules/container/any.h:210:49: error: no member named 'forward' in 'Swish'",
        expect: "`Swish` without a public `forward`",
      },
    ],
  },
  {
    id: "type-cannot-be-printed",
    title: "A value is printed whose type has no <<",
    on: ["compile"],
    specificity: 66,
    matches: (finding) => {
      const facts = saidAny(
        finding,
        /^no match for [‘']operator<<[’'] \(operand types are [‘'](?:std::)?(?:basic_)?o\w*stream[^’']*[’'](?: \{aka [^}]+\})? and [‘'](?<type>[^’']+)[’']/,
        /^invalid operands to binary expression \('(?:std::)?(?:\w+::)*(?:basic_)?o\w*stream[^']*'(?: \(aka [^)]+\))? and '(?<type>[^']+)'/,
        /^no operator "<<" matches these operands operand types are: (?:std::)?(?:basic_)?o\w*stream\S* << (?<type>.+)$/,
        /^binary '<<': no operator found which takes a right-hand operand of type '(?<type>[^']+)'/,
      );
      return facts === undefined || notOwn.test(facts["type"] ?? "") ? undefined : { type: bare(facts["type"]) };
    },
    confidence: "high",
    cause: (match) =>
      `${whereOf(match)} prints a \`${match.facts["type"] ?? ""}\` (TORCH_CHECK, c10::str and std::cout print each of their arguments with <<), and nobody has said how one is printed.`,
    fix: (match) => [
      '# print its parts: TORCH_CHECK(ok, "expected ", d.value); an enum class: static_cast<int>(mode)',
      `# or say how: std::ostream& operator<<(std::ostream& out, const ${match.facts["type"] ?? "Foo"}& x) { return out << x.value; }   // in the namespace of the class, above the first use`,
    ],
    sources: ["pytorch: c10/util/StringUtil.h", `${reference}/language/operators`],
    examples: [
      {
        text: "a.cpp:3:33:   required from here\n/e/torch/include/c10/util/StringUtil.h:70:8: error: no match for ‘operator<<’ (operand types are ‘std::ostream’ {aka ‘std::basic_ostream<char>’} and ‘const Dim’)",
        expect: "a.cpp:3 prints a `Dim`",
      },
      {
        text: "/e/c10/util/StringUtil.h:70:8: error: invalid operands to binary expression ('std::ostream' (aka 'basic_ostream<char>') and 'const Dim')",
        expect: "const Dim& x",
      },
    ],
  },
  {
    id: "custom-class-without-holder",
    title: "A class given to torch::class_ does not inherit from CustomClassHolder",
    on: ["compile"],
    specificity: 88,
    matches: (finding) =>
      saidAny(
        finding,
        /requirement 'std::is_base_of(?:_v)?<[\w:]*CustomClassHolder, (?<type>[\w:<> ]+?)>(?:::value)?'/,
        /torch::class_<T> requires T to inherit from CustomClassHolder/,
      ),
    confidence: "high",
    cause: (match) =>
      `${whereOf(match)} gives ${match.facts["type"] === undefined ? "a class" : `\`${match.facts["type"]}\``} to torch::class_ that does not inherit from torch::CustomClassHolder: torch counts the users of its objects by that base.`,
    fix: (match) => [
      `# struct ${match.facts["type"] ?? "Foo"} : torch::CustomClassHolder { … };   (#include <torch/custom_class.h>); hold it by c10::intrusive_ptr`,
    ],
    sources: ["pytorch: torch/custom_class.h", "https://docs.pytorch.org/tutorials/advanced/custom_classes.html"],
    examples: [
      {
        text: "ext.cpp:3:43:   required from here\n/e/torch/include/torch/custom_class.h:65:12: error: static assertion failed: torch::class_<T> requires T to inherit from CustomClassHolder",
        expect: "torch::CustomClassHolder {",
      },
    ],
  },
  {
    id: "thread-arguments-unfit",
    title: "A thread's function does not take the arguments",
    on: ["compile"],
    specificity: 70,
    matches: (finding) =>
      (/[\\/]include[\\/]thread$/.test(finding.file ?? "")
        ? saidAny(finding, /^'(?:std::)?invoke': no matching overloaded function/)
        : undefined) ??
      saidAny(
        finding,
        /std::(?<what>thread|async|bind) arguments must be invocable after conversion to rvalues/,
        /no type named [‘'](?:type|result_type)[’'] in [‘'](?:struct |class )?std::thread::_Invoker/,
      ),
    confidence: "high",
    cause: (match) =>
      `${whereOf(match)} starts a std::${match.facts["what"] ?? "thread"} whose function cannot be called with what it is given: the arguments are copied first, and a copy does not fit a parameter that is a reference without const (\`T&\`); or their number or types are wrong, or a method lacks its object.`,
    fix: () => [
      "# std::thread t(work, std::ref(x), n);   for a parameter T& (x must live until t.join())",
      "# a method: std::thread t(&Foo::run, &foo, n); overloaded or with defaults: std::thread t([&] { work(x, n); });",
    ],
    sources: [`${reference}/thread/thread/thread`],
    examples: [
      {
        text: "/usr/include/c++/12/bits/std_thread.h:129:72: error: static assertion failed: std::thread arguments must be invocable after conversion to rvalues",
        expect: "std::ref(x)",
      },
      {
        text: "C:\\VC\\Tools\\MSVC\\14.38.33130\\include\\thread(55): error C2672: 'invoke': no matching overloaded function found\nD:\\src\\work.cpp(7): note: see reference to function template instantiation 'std::thread::thread<void(__cdecl &)(at::Tensor &),at::Tensor&,0>(void (__cdecl &)(at::Tensor &),at::Tensor &)' being compiled",
        expect: "D:\\src\\work.cpp:7 starts",
      },
    ],
  },
  {
    id: "key-without-hash",
    title: "The key of an unordered map or set has no hash",
    on: ["compile"],
    specificity: 70,
    matches: (finding) =>
      saidAny(
        finding,
        /^use of deleted function [‘']std::unordered_(?:multi)?(?:map|set)<.*_Hash = std::hash<(?<type>[^;]+?)>;/,
        /^use of deleted function [‘']std::hash<(?<type>.+?)>::hash\(\)/,
        /^call to implicitly-deleted default constructor of '(?:const )?(?:std::)?unordered_(?:multi)?(?:map|set)<(?<type>[^,>]+(?:<[^<>]*>)?)/,
        /^'std::hash<(?<type>[^']+?)>::hash\(.*\)': attempting to reference a deleted function/,
        /The C\+\+ Standard doesn't provide a hash for this type/,
        /hash function must be (?:copy constructible|invocable with an argument of key type)/,
      ),
    confidence: "high",
    cause: (match) =>
      `${whereOf(match)} makes a std::unordered_map or unordered_set whose key ${match.facts["type"] === undefined ? "is of a type" : `\`${match.facts["type"]}\` is a type`} for which std::hash knows nothing (classes of one's own, std::pair, std::tuple, std::vector), or which has no ==.`,
    fix: (match) => {
      const type = match.facts["type"] ?? "Key";
      return [
        `# struct Hash { size_t operator()(const ${type}& k) const { return c10::get_hash(k.a, k.b); } };   std::unordered_map<${type}, V, Hash> m;   (#include <c10/util/hash.h>; bool operator==(const ${type}&) const is needed too)`,
        `# or std::map<${type}, V>, which wants operator< in place of a hash`,
      ];
    },
    sources: [`${reference}/utility/hash`],
    examples: [
      {
        text: "a.cpp:3:47: error: use of deleted function ‘std::unordered_map<_Key, _Tp, _Hash, _Pred, _Alloc>::unordered_map() [with _Key = Key; _Tp = at::Tensor; _Hash = std::hash<Key>; _Pred = std::equal_to<Key>; _Alloc = std::allocator<std::pair<const Key, at::Tensor> >]’",
        expect: "`Key` is a type",
      },
      {
        text: "a.cpp:3:47: error: call to implicitly-deleted default constructor of 'std::unordered_map<Key, at::Tensor>'",
        expect: "operator()(const Key& k)",
      },
    ],
  },
  {
    id: "type-without-order",
    title: "Objects are sorted or used as keys that have no order",
    on: ["compile"],
    specificity: 66,
    matches: (finding) => {
      if (
        !/[\\/](?:predefined_ops|stl_function|stl_algo\w*|stl_heap|functional|utility|xutility|xstddef|algorithm|xtree|comp\.h|less\.h)|__algorithm|__functional/.test(
          finding.file ?? "",
        )
      )
        return undefined;
      const facts = saidAny(
        finding,
        /^no match for [‘']operator[<>][’'] \(operand types are [‘'](?:const )?(?<type>[^’']+?)[’'] (?:\{aka [^}]+\} )?and/,
        /^no match for [‘']operator-[’'] \(operand types are [‘']std::_(?<list>List)_(?:const_)?iterator/,
        /^invalid operands to binary expression \('(?:std::)?_?_?(?<list>[Ll]ist)_(?:const_)?iterator/,
        /^invalid operands to binary expression \('(?:const )?(?<type>[^']+?)'(?: \(aka [^)]+\))? and '/,
        /^binary '[<>]': '(?:const )?(?<type>[^']+)' does not define this operator/,
        /^no operator "[<>]" matches these operands operand types are: (?:const )?(?<type>[\w:<>]+) [<>] /,
      );
      return facts === undefined || notOwn.test(facts["type"] ?? "") ? undefined : facts;
    },
    confidence: "high",
    cause: (match) =>
      match.facts["list"] === undefined
        ? `${whereOf(match)} sorts \`${bare(match.facts["type"])}\` or uses it as the key of a std::map or std::set (or in a std::priority_queue), and nothing says which of two comes first: it has no operator <.`
        : `${whereOf(match)} gives iterators of a std::list to std::sort, which has to jump in what it sorts (as in a std::vector).`,
    fix: (match) =>
      match.facts["list"] === undefined
        ? [
            `# ${match.finding.tool === "cudafe++" ? "thrust" : "std"}::sort(v.begin(), v.end(), []${match.finding.tool === "cudafe++" ? " __device__ " : ""}(const ${bare(match.facts["type"])}& a, const ${bare(match.facts["type"])}& b) { return a.score > b.score; });${match.finding.tool === "cudafe++" ? "   // nvcc --extended-lambda" : ""}`,
            `# or within the class: ${match.finding.tool === "cudafe++" ? "__host__ __device__ " : ""}bool operator<(const ${bare(match.facts["type"])}& other) const { return score < other.score; }`,
          ]
        : ["# list.sort();   or hold the elements in a std::vector"],
    sources: [`${reference}/algorithm/sort`],
    examples: [
      {
        text: "a.cpp:3:40:   required from here\n/usr/include/c++/12/bits/predefined_ops.h:45:23: error: no match for ‘operator<’ (operand types are ‘Hit’ and ‘Hit’)",
        expect: "a.cpp:3 sorts `Hit`",
      },
      {
        text: "/usr/include/c++/12/bits/stl_algo.h:1938:50: error: no match for ‘operator-’ (operand types are ‘std::_List_iterator<int>’ and ‘std::_List_iterator<int>’)",
        expect: "list.sort()",
      },
    ],
  },
  {
    id: "type-incomplete-in-template",
    title: "A template needs the inside of a type that is only declared",
    on: ["compile"],
    specificity: 64,
    matches: (finding) => {
      if (!foreignHeader.test(finding.file ?? "")) return undefined;
      const facts = saidAny(
        finding,
        /^invalid use of incomplete type [‘'](?:const )?(?:class |struct )?(?<type>[^’']+)[’']/,
        /^invalid application of [‘'](?:sizeof|typeid)[’'] to (?:an )?incomplete type [‘'](?:const )?(?:class |struct )?(?<type>[^’']+)[’']/,
        /^incomplete type '(?<type>[^']+)' used in type trait expression/,
        /^[‘']typeid[’'] of incomplete type '(?<type>[^']+)'/,
        /^incomplete (?:class )?type "(?<type>[^"]+)" is not allowed/,
        /^'(?<type>[^']+)': an undefined class is not allowed as an argument to compiler intrinsic/,
        /^use of undefined type '(?<type>[^']+)'/,
        /^can't delete an incomplete type/,
      );
      return facts === undefined || notOwn.test(facts["type"] ?? "") || /[<>]|^_?Py[A-Z]|^_\w/.test(facts["type"] ?? "")
        ? undefined
        : facts;
    },
    confidence: (match) => (match.finding.caller === undefined ? "medium" : "high"),
    cause: (match) =>
      `${whereOf(match)} gives \`${match.facts["type"] ?? "a type"}\` to a template (a binding, a smart pointer, a container) that must know its size and members, and there only its name is declared (\`struct ${match.facts["type"] ?? "X"};\`).`,
    fix: (match) => [
      `# include the header that defines ${match.facts["type"] ?? "it"} above that line`,
      "# a std::unique_ptr to a hidden class as a member: declare the destructor in the header, and write Foo::~Foo() = default; in the .cpp, where the class is known",
      "# a type that Python shall not look into: give it as py::capsule, or as std::uintptr_t (reinterpret_cast)",
    ],
    sources: [`${reference}/language/incomplete_type`],
    examples: [
      {
        text: "a.cpp:4:35:   required from here\n/usr/include/c++/12/type_traits:1447:38: error: invalid use of incomplete type ‘struct Plan’",
        expect: "a.cpp:4 gives `Plan`",
      },
      {
        text: "/usr/include/c++/12/bits/unique_ptr.h:93:16: error: invalid application of ‘sizeof’ to incomplete type ‘Impl’",
        expect: "Foo::~Foo() = default",
      },
    ],
  },
  {
    id: "lambda-returns-differ",
    title: "A lambda returns values of two types",
    on: ["compile"],
    specificity: 62,
    matches: (finding) =>
      saidAny(
        finding,
        /^inconsistent types [‘'](?<one>[^’']+)[’'](?: \{aka [^}]+\})? and [‘'](?<two>[^’']+)[’'](?: \{aka [^}]+\})? deduced for lambda return type/,
        /^return type '(?<two>[^']+)'(?: \(aka '[^']+'\))? must match previous return type '(?<one>[^']+)'.* when lambda expression has unspecified/,
        /'(?<two>[^']+)': all return expressions (?:in a lambda )?must (?:deduce to|have) the same type: previously it was '(?<one>[^']+)'/,
      ),
    confidence: "high",
    cause: (match) =>
      `The lambda at ${match.finding.file === undefined ? "that line" : codeAt(match.finding)} (the body of AT_DISPATCH_… is one, too) returns \`${match.facts["one"] ?? ""}\` in one place and \`${match.facts["two"] ?? ""}\` in another; its type is taken from its returns, which must agree.`,
    fix: (match) => [
      ...(/Dispatch\.h$/.test(match.finding.file ?? "") || /\*$/.test(match.facts["one"] ?? "")
        ? [
            "# the body of AT_DISPATCH_… gives back nothing, or the same type for every scalar_t: keep the result in a tensor that is declared before it, and leave with `return;`",
          ]
        : []),
      ...(/Dispatch\.h$/.test(match.finding.file ?? "")
        ? []
        : [
            `# say the type: [&]() -> ${match.facts["one"] ?? "T"} { … }   (where one becomes the other by itself), or give the same type in each return`,
          ]),
      "# a constant beside scalar_t: return static_cast<scalar_t>(0);",
    ],
    sources: [`${reference}/language/lambda`],
    examples: [
      {
        text: "a.cpp:3:112: error: inconsistent types ‘at::Tensor’ and ‘long int’ deduced for lambda return type",
        expect: "`at::Tensor` in one place",
      },
      {
        text: "a.cpp:3:98: error: return type 'int64_t' (aka 'long') must match previous return type 'at::Tensor' when lambda expression has unspecified explicit return type",
        expect: "`int64_t` in another",
      },
    ],
  },
  {
    id: "autograd-apply-arguments",
    title: "apply of an autograd Function is given what its forward does not take",
    on: ["compile"],
    specificity: 64,
    matches: (finding) => {
      if (foreignHeader.test(finding.file ?? "")) return undefined;
      const facts = saidAny(
        finding,
        /^no matching function for call to [‘'](?<name>\w+)::apply\(/,
        /^no matching function for call to '(?<apply>apply)'/,
        /^no instance of (?:overloaded )?function(?: template)? "torch::autograd::Function<\w+>::apply[^"]*" matches/,
        /^'torch::autograd::Function<(?:\w+::)*(?<name>\w+)>::apply': no matching overloaded function/,
      );
      if (facts?.["apply"] === undefined) return facts?.["name"] === "std" ? undefined : facts;
      const name = /\b(\w+)::apply\(/.exec(finding.source ?? "")?.[1];
      return name === undefined || name === "std" ? undefined : { name };
    },
    confidence: "medium",
    cause: (match) =>
      `${codeAt(match.finding)}: apply hands its arguments on to ${match.facts["name"] === undefined ? "" : `${match.facts["name"]}::`}forward, behind the context, and forward cannot be called so: their number or types differ from its parameters (defaults do not count), or forward is not static or not public.`,
    fix: () => [
      "# static torch::Tensor forward(torch::autograd::AutogradContext* ctx, torch::Tensor x, int64_t n);   then F::apply(x, n): one argument for each parameter behind ctx",
      "# static torch::autograd::variable_list backward(torch::autograd::AutogradContext* ctx, torch::autograd::variable_list grads);   both static and public",
    ],
    sources: ["https://docs.pytorch.org/tutorials/advanced/cpp_autograd.html"],
    examples: [
      { text: "a.cpp:6:53: error: no matching function for call to ‘GeluFn::apply(at::Tensor&)’", expect: "static" },
      {
        text: "a.cpp:6:40: error: no matching function for call to 'apply'\n    6 | at::Tensor gelu(at::Tensor x) { return GeluFn::apply(x); }",
        expect: "GeluFn::forward",
      },
    ],
  },
  {
    id: "parallel-for-without-grain",
    title: "at::parallel_for is called without its grain size",
    on: ["compile"],
    specificity: 64,
    matches: (finding) =>
      saidAny(
        finding,
        /^no matching function for call to [‘'](?:at::)?(?<name>parallel_for|parallel_reduce)(?:\(|[’'])/,
        /^no instance of (?:overloaded )?function(?: template)? "at::(?<name>parallel_for|parallel_reduce)" matches/,
        /^'at::(?<name>parallel_for|parallel_reduce)': (?:function does not take|no matching overloaded)/,
      ),
    confidence: "medium",
    cause: (match) =>
      `${codeAt(match.finding)} calls at::${match.facts["name"] ?? "parallel_for"} with other arguments than it has: begin, end, a grain size (how many elements one thread takes at least)${match.facts["name"] === "parallel_reduce" ? ", the neutral value, a function of (begin, end, value) and one that joins two values" : " and a function of (begin, end)"}.`,
    fix: (match) => [
      match.facts["name"] === "parallel_reduce"
        ? "# at::parallel_reduce(0, n, 2048, 0.0, [&](int64_t b, int64_t e, double v) { …; return v; }, std::plus<double>());"
        : "# at::parallel_for(0, n, 2048, [&](int64_t b, int64_t e) { for (int64_t i = b; i < e; i++) … });   (#include <ATen/Parallel.h>)",
    ],
    sources: ["pytorch: aten/src/ATen/Parallel.h"],
    examples: [
      {
        text: "a.cpp:2:43: error: no matching function for call to ‘parallel_for(int, int64_t, work(at::Tensor)::<lambda(int64_t, int64_t)>)’",
        expect: "grain size",
      },
    ],
  },
];
