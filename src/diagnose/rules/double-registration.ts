/** Operators, namespaces and types that are registered twice, or in a block of another namespace. */
import { pip, python, quote } from "../commands/commands.ts";
import { coded, type Match, type Rule, said, saidAny } from "../rule.ts";

/** Where a namespace was registered first and last, as the message says. */
function registrations(match: Match): readonly [string, string] | undefined {
  const found =
    /Previous registration of TORCH_LIBRARY was registered at (\S+?); latest registration was registered at (\S+)/.exec(
      match.finding.message,
    );
  return found === null ? undefined : [found[1] ?? "", found[2] ?? ""];
}

/** Python code registered them: torch writes /dev/null where a source of C++ would stand, newer ones the script's own line. */
function isPython([first, last]: readonly [string, string]): boolean {
  const ofPython = /^\/dev\/null|\.py:\d+$/;
  return ofPython.test(first) && ofPython.test(last);
}

function folderOf(place: string): string {
  return place.replace(/[\\/][^\\/]*$/, "");
}

function fixPlaces(match: Match): string[] {
  const places = registrations(match);
  if (places === undefined) return [];
  const fragment = `TORCH_LIBRARY_FRAGMENT(${match.facts["type"] ?? "ns"}, m)`;
  if (/\.py:\d+$/.test(places[1]) && /\.py:\d+$/.test(places[0]))
    return [
      `# ${places[1]}: torch.library.Library("${match.facts["type"] ?? "ns"}", "FRAGMENT") in place of "DEF" (the one at ${places[0]} stays)`,
    ];
  if (differ(places) && folderOf(places[0]) === folderOf(places[1]))
    return [`# ${places[1]}: ${fragment} in place of TORCH_LIBRARY; kernels go into TORCH_LIBRARY_IMPL blocks`];
  if (isPython(places))
    return [
      `${python(match)} -m pip list | grep -i ${nameOf(match)}   # two packages that define it (one of them under its old name)? uninstall the older one`,
      `# Python: lib = torch.library.Library("${match.facts["type"] ?? "ns"}", "FRAGMENT") in place of "DEF", in a module that is imported once under one name (not run as a script and imported, too; no importlib.reload)`,
    ];
  if (places[0] === places[1])
    return [
      `${python(match)} -c "import importlib.util as u; print(u.find_spec('${match.facts["type"] ?? "the_module"}'))"; find / -name '*${match.facts["type"] ?? ""}*.so' -not -path '/proc/*' 2>/dev/null   # the copies: of the installed package, and of a build folder, of a folder beside a model, or of another package that carries it`,
      "# load one of them: the import of the package or torch.ops.load_library, not both; take the second copy away",
    ];
  const both = bothWanted(match, places);
  if (both !== undefined) {
    const space = match.facts["type"] ?? "ns";
    return [
      `sed -i.bak 's/TORCH_LIBRARY(${space},/TORCH_LIBRARY_FRAGMENT(${space},/' ${fileOf(places[1])}   # where the sources of ${both} lie; a fragment may stand beside the block of the other`,
      ...buildOf(match, both, places[1]),
      `# both define an operator of one name: a namespace of its own in ${both}: TORCH_LIBRARY(${both}, m), the same in its TORCH_LIBRARY_IMPL blocks, and torch.ops.${both}.… in its Python code (TORCH_EXTENSION_NAME serves as well: it is another in each extension)`,
    ];
  }
  return [
    `# whose are ${places[0]} and ${places[1]}? Keep one: uninstall the other package, or install it without its own operators (an option of its build, such as its CPU part)`,
    `# both are needed: ${fragment} in the second, or a namespace of its own`,
  ];
}

function fileOf(place: string): string {
  return place.replace(/:\d+$/, "");
}

/** The module that came second, where the text imports both by the names of their folders: neither is a stray copy. */
function bothWanted({ context: { log } }: Match, places: readonly [string, string]): string | undefined {
  const [first, second] = places.map((place) =>
    /\.py:|-packages[\\/]/.test(place)
      ? undefined
      : log.imports.findLast((name) => folderOf(place).split(/[\\/]/).includes(name)),
  );
  return first === undefined || second === undefined || first === second ? undefined : second;
}

/** The build of that extension: in its folder, where the place of its source has it whole. */
function buildOf(match: Match, module: string, place: string): string[] {
  const folder = new RegExp(`^(?:/|[A-Za-z]:\\\\).{0,250}?[\\\\/]${module}(?=[\\\\/])`).exec(place)?.[0];
  return folder === undefined
    ? [
        `# ${module} has to be compiled once more for that: ${pip(match, "install --no-build-isolation .")} in its folder, or as it was built before; and Python started anew`,
      ]
    : [pip(match, `install --no-build-isolation --force-reinstall --no-deps ${quote(folder)}`)];
}

function areBothWanted(match: Match): boolean {
  const places = registrations(match);
  return places !== undefined && bothWanted(match, places) !== undefined;
}

/** What the packages of a namespace or type are most often called like. */
function nameOf(match: Match): string {
  return match.facts["type"]?.split("::")[0]?.replace(/^_+|_(?:ops?|C|ext)$/g, "") ?? "<name>";
}

function differ([first, last]: readonly [string, string]): boolean {
  return first.replace(/:\d+$/, "") !== last.replace(/:\d+$/, "");
}

export const doubleRegistrationRules: readonly Rule[] = [
  {
    id: "schema-namespace-mismatch",
    title: "An operator's schema names another namespace than its block",
    on: ["exception"],
    specificity: 84,
    matches: (finding) =>
      saidAny(
        finding,
        /Explicitly provided namespace \((?<space>\w+)\) in (?:schema string|operator name) does not match namespace of enclosing (?<block>TORCH_LIBRARY\w*) block \((?<other>\w+)\)/,
      ),
    confidence: "high",
    cause: (match) =>
      match.facts["space"] === match.facts["other"]
        ? `The ${match.facts["block"] ?? ""} block is for \`${match.facts["other"] ?? ""}\` already, and the names in it repeat \`${match.facts["space"] ?? ""}::\`, which this torch refuses.`
        : `In the ${match.facts["block"] ?? ""} block of \`${match.facts["other"] ?? ""}\` an operator is given the namespace \`${match.facts["space"] ?? ""}\`: a block defines the operators of one namespace.`,
    fix: (match) => [
      `# in m.def and m.impl leave the namespace out: m.def("op(Tensor x) -> Tensor"), not m.def("${match.facts["space"] ?? ""}::op(…)")`,
      ...(match.facts["space"] === match.facts["other"]
        ? []
        : [`# or open a block of its own: TORCH_LIBRARY_FRAGMENT(${match.facts["space"] ?? ""}, m) { … }`]),
    ],
    sources: ["pytorch/pytorch#40725"],
    examples: [
      {
        text: "terminate called after throwing an instance of 'c10::Error'\n  what():  Explicitly provided namespace (vision) in schema string does not match namespace of enclosing TORCH_LIBRARY block (vision).  Move this definition to the (unique) TORCH_LIBRARY block",
        expect: "leave the namespace out",
      },
    ],
  },
  {
    id: "registered-twice",
    title: "Operators or types are registered twice",
    on: ["exception"],
    specificity: 74,
    matches: (finding) =>
      saidAny(
        finding,
        /generic_type: (?:type|cannot initialize type) "(?<type>[^"]+)".*(?:is already registered|already defined)/,
        /Only a single TORCH_LIBRARY can be used to register the namespace (?<type>\w+)/,
        /Tried to register an operator \((?<type>\w+::\w+).{0,600}?\) with the same name and overload name multiple times.*?Duplicate registration: (?<second>registered at \S+?)\. Original registration: (?<first>registered at \S+)/s,
        /Tried to register multiple operators with the same name and the same overload name but different schemas: (?<second>(?<type>\w+::\w+).{0,300}?) vs (?<first>\w+::\w+.{0,300}?)(?: \(findOr|$)/s,
        /Tried to register .* (?:twice|multiple times|with the same)/,
        /duplicate registration|already registered/i,
        /function ['"](?<type>\w+)['"] already has a docstring/,
        /there's already a kernel registered from python/,
        /already has an? (?:fake|abstract|autograd|vmap) impl/,
      ) ?? coded(finding, "double-registration"),
    confidence: "high",
    cause: (match) => {
      const places = registrations(match);
      if (places !== undefined && isPython(places))
        return `Python code makes the operator namespace \`${match.facts["type"] ?? ""}\` twice in one process (torch.library.Library("${match.facts["type"] ?? ""}", "DEF"); ${places[0].startsWith("/dev/null") ? "/dev/null stands for Python code" : `${places[0]}, then ${places[1]}`}), and there may be one such for each namespace: the module that does so is run twice (a notebook's cell, importlib.reload, a file that is the script and is imported as well), or two packages do it, such as one that was renamed and its old form.`;
      if (places !== undefined && folderOf(places[0]) === folderOf(places[1]) && differ(places))
        return `Two sources of one project have a TORCH_LIBRARY block for \`${match.facts["type"] ?? ""}\` (\`${places[0]}\` and \`${places[1]}\`), and there may be one for each namespace; or one of them is loaded from an older build.`;
      if (places !== undefined)
        return `Two libraries in this process register the operator namespace \`${match.facts["type"] ?? ""}\` with TORCH_LIBRARY, which may stand once for each: one from \`${places[0]}\`, the other from \`${places[1]}\`. ${areBothWanted(match) ? "These are two extensions, and the text imports both: one block has to be a TORCH_LIBRARY_FRAGMENT, or to take a namespace of its own." : differ(places) ? "These are two packages (or two builds of one): one of them is not meant to be installed or loaded here, or one has to take another name." : "It is the same source: the library was built twice and both copies are loaded."}`;
      if (match.facts["first"] !== undefined && /different schemas/.test(match.finding.message))
        return `\`${match.facts["type"] ?? ""}\` exists with the schema \`${match.facts["first"]}\`, and is registered again with \`${match.facts["second"] ?? ""}\`: a schema that torch makes of a C++ function has no names for its arguments, so that even the same function counts as another operator.`;
      if (match.facts["first"] !== undefined)
        return `\`${match.facts["type"] ?? ""}\` is defined twice in one process (first ${match.facts["first"].replace("registered at", "at")}, then ${match.facts["second"]?.replace("registered at", "at") ?? "again"}${match.facts["first"].includes("/dev/null") ? "; /dev/null stands for Python code" : ""}): a module is run twice (a notebook's cell, importlib.reload, one file under two names), or two modules or tests take one name.`;
      return `${match.facts["type"] === undefined ? "A type or operator namespace" : `\`${match.facts["type"]}\``} was registered before: two copies of the extension are in one process (the old one and the rebuilt one, one from site-packages and one from the build folder, or two packages with one namespace), or TORCH_LIBRARY stands twice.`;
    },
    fix: (match) => [
      ...fixPlaces(match),
      ...(match.facts["first"] === undefined
        ? []
        : /different schemas/.test(match.finding.message)
          ? [
              `# a kernel for an operator that exists: TORCH_LIBRARY_IMPL(${(match.facts["type"] ?? "").split("::")[0] ?? ""}, <key>, m) { m.impl("${(match.facts["type"] ?? "").split("::")[1] ?? ""}", &f); }; an operator of one's own: a name of its own`,
            ]
          : match.facts["first"].includes("/dev/null")
            ? [
                `# Python: define it where it runs once (a module, not a cell or a test), or look first: if not hasattr(torch.ops.${(match.facts["type"] ?? "ns::f").replace("::", ', "')}"): …`,
                '# tests: with torch.library._scoped_library("mylib", "FRAGMENT") as lib: …   takes the definitions back',
              ]
            : []),
      ...(areBothWanted(match)
        ? []
        : ["# start a new Python process (notebook: restart the kernel): a loaded library cannot be replaced"]),
      ...(areBothWanted(match) || isPython(registrations(match) ?? ["", ""])
        ? []
        : [
            `${python(match)} -m pip list | grep -i ${nameOf(match)}; find . -name '*.so'   # is there a second copy?`,
            '# two blocks in one project: TORCH_LIBRARY_FRAGMENT for the second; py::class_<T>(m, "T", py::module_local()) for types',
          ]),
    ],
    sources: [
      "huggingface/kernel-builder#11",
      "vllm-project/vllm-ascend#1239",
      "metatensor/metatensor#871",
      "pytorch/pytorch#41917",
      "ROCm/aiter#1156",
      "iree-org/iree#19303",
    ],
    examples: [
      {
        text: "RuntimeError: Only a single TORCH_LIBRARY can be used to register the namespace custom_ops; please put all of your definitions in a single TORCH_LIBRARY block.",
        expect: "TORCH_LIBRARY_FRAGMENT",
      },
      {
        text: "terminate called after throwing an instance of 'c10::Error'\n  what():  Only a single TORCH_LIBRARY can be used to register the namespace _C; please put all of your definitions in a single TORCH_LIBRARY block.  Previous registration of TORCH_LIBRARY was registered at /src/one/csrc/ops.cpp:10; latest registration was registered at /src/two/csrc/bind.cpp:45",
        expect: "two packages",
      },
      {
        text: ">>> import torch\n>>> import fast_gemm\n>>> import slow_gemm\nlibc++abi: terminating due to uncaught exception of type c10::Error: Only a single TORCH_LIBRARY can be used to register the namespace gemm_ops; please put all of your definitions in a single TORCH_LIBRARY block.  Previous registration of TORCH_LIBRARY was registered at fast_gemm/ops.cpp:3; latest registration was registered at slow_gemm/ops.cpp:9",
        expect: "TORCH_LIBRARY_FRAGMENT(gemm_ops,/' slow_gemm/ops.cpp",
      },
      {
        text: "$ python -c \"import my_ops, their_ops\"\nterminate called after throwing an instance of 'c10::Error'\n  what():  Only a single TORCH_LIBRARY can be used to register the namespace ops; please put all of your definitions in a single TORCH_LIBRARY block.  Previous registration of TORCH_LIBRARY was registered at /w/my_ops/csrc/reg.cpp:36; latest registration was registered at /w/their_ops/csrc/reg.cpp:49",
        expect: "install --no-build-isolation --force-reinstall --no-deps /w/their_ops",
      },
      {
        text: "RuntimeError: Only a single TORCH_LIBRARY can be used to register the namespace polyops; please put all of your definitions in a single TORCH_LIBRARY block.  If you were trying to specify implementations, consider using TORCH_LIBRARY_IMPL (which can be duplicated).  If you really intended to define operators for a single namespace in a distributed way, you can use TORCH_LIBRARY_FRAGMENT to explicitly indicate this.  Previous registration of TORCH_LIBRARY was registered at /w/test_ops.py:2; latest registration was registered at /w/test_ops.py:5",
        expect: '# /w/test_ops.py:5: torch.library.Library("polyops", "FRAGMENT")',
      },
      {
        text: "RuntimeError: Tried to register an operator (mylib::foo(Tensor x) -> ()) with the same name and overload name multiple times. Each overload's schema should only be registered with a single call to def(). Duplicate registration: registered at /dev/null:135. Original registration: registered at /dev/null:203",
        expect: "_scoped_library",
      },
      {
        text: "Tried to register multiple operators with the same name and the same overload name but different schemas: my::mv(Tensor _0) -> (Tensor _0) vs my::mv(Tensor self) -> (Tensor)",
        expect: "TORCH_LIBRARY_IMPL(my",
      },
      {
        text: "RuntimeError: Only a single TORCH_LIBRARY can be used to register the namespace turbine; please put all of your definitions in a single TORCH_LIBRARY block.  Previous registration of TORCH_LIBRARY was registered at /dev/null:86; latest registration was registered at /dev/null:86",
        expect: '"FRAGMENT"',
      },
      { text: 'ImportError: generic_type: type "QuantType" is already registered!', expect: "QuantType" },
    ],
  },
  {
    id: "kernel-overridden",
    title: "A kernel of an operator is replaced by another",
    on: ["exception", "warning"],
    role: "advice",
    specificity: 78,
    matches: (finding) => said(finding, /Overriding a previously registered kernel for the same operator/),
    confidence: "low",
    cause: () =>
      "A library that was loaded later registers its own kernel for an operator and key that has one already. Extensions for other devices (Intel's, Ascend's) do so on purpose; for one's own operators it means that the library is loaded twice.",
    fix: (match) => [`${python(match)} -c "import torch; print(torch.ops.loaded_libraries)"   # is one there twice?`],
    sources: ["pytorch: aten/src/ATen/core/dispatch/OperatorEntry.cpp"],
    examples: [
      {
        text: "  Overriding a previously registered kernel for the same operator and the same dispatch key",
        expect: "on purpose",
      },
    ],
  },
];
