/** Operators that are registered, but not where, or not as long as, they are looked for: the pasted source tells. */
import { platformOf, python, rebuild } from "../commands/commands.ts";
import { type Match, type MatchFacts, type Rule, type RuleContext, saidAny } from "../rule.ts";
import type { Finding } from "../finding.ts";

/** The operator that is not there. */
function unknownOperator(finding: Finding): MatchFacts | undefined {
  return saidAny(
    finding,
    /'_OpNamespace' '(?<space>\w+)' object has no attribute '(?<op>\w+)'/,
    /operator (?<space>\w+)::(?<op>\w+) does not exist/i,
    /No such operator (?<space>\w+)::(?<op>\w+)/,
    /(?:[Cc]ould not find|found no|access the) schema (?:for|registered for operator) (?<space>\w+)::(?<op>\w+)/,
  );
}

/** A namespace of the pasted source that is not the one asked for. */
function otherNamespace(context: RuleContext, space: string | undefined): string | undefined {
  const { namespaces } = context.log;
  // Those of other packages are none of the pasted source's.
  if (
    space === undefined ||
    /^(?:aten|prims?|quantized|torch\w*|inductor|c10d\w*)$/.test(space) ||
    namespaces.length === 0 ||
    namespaces.includes(space)
  )
    return undefined;
  return namespaces[0];
}

function isMacro(match: Match): boolean {
  return /^[A-Z][A-Z0-9_]+$/.test(match.facts["other"] ?? "");
}

export const operatorNamespaceRules: readonly Rule[] = [
  {
    id: "library-object-collected",
    title: "The Library object that registers the operators is gone",
    on: ["exception"],
    specificity: 82,
    matches: (finding, context) => {
      const facts = unknownOperator(finding);
      const object = context.log.libraryObject;
      return facts === undefined || object === undefined || otherNamespace(context, facts["space"]) !== undefined
        ? undefined
        : { ...facts, object };
    },
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["space"] ?? ""}::${match.facts["op"] ?? ""}\` is defined through the torch.library.Library object \`${match.facts["object"] ?? ""}\`, and registrations last only as long as that object: when a function returns (or \`del\` takes it) and nothing else refers to it, it is garbage collected and takes its operators with it.`,
    fix: (match) => [
      `# keep ${match.facts["object"] ?? "the object"} alive: create it once at module level (_lib = torch.library.Library("${match.facts["space"] ?? "ns"}", "FRAGMENT")), or append it to a global list`,
      "# or the decorator @torch.library.custom_op (torch >= 2.4), or torch.library.define(name, schema, lib=…) with a module-level library",
      `${python(match)} -c "import torch, the_module; print(torch.ops.${match.facts["space"] ?? "ns"}.${match.facts["op"] ?? "op"})"   # the module that registers has to be imported`,
    ],
    sources: ["pytorch/pytorch#139444", "https://docs.pytorch.org/docs/stable/library.html"],
    examples: [
      {
        text: 'def register(fn):\n    lib = torch.library.Library("mine", "FRAGMENT")\n    lib.define("scale(Tensor x) -> Tensor")\n    lib.impl("scale", fn, "CPU")\n\nregister(scale)\ntorch.ops.mine.scale(x)\nAttributeError: \'_OpNamespace\' \'mine\' object has no attribute \'scale\'',
        expect: "garbage collected",
      },
      {
        text: "    m = Library('mine', 'DEF')\nRuntimeError: No such operator mine::scale",
        expect: "module level",
      },
    ],
  },
  {
    id: "operator-in-other-namespace",
    title: "The operators are registered under another namespace",
    on: ["exception"],
    specificity: 84,
    matches: (finding, context) => {
      const facts = unknownOperator(finding);
      const other = otherNamespace(context, facts?.["space"]);
      return facts === undefined || other === undefined ? undefined : { ...facts, other };
    },
    confidence: "high",
    cause: (match) =>
      isMacro(match)
        ? `TORCH_LIBRARY turns its first argument into a string as it stands: a macro such as \`${match.facts["other"] ?? ""}\` is not expanded, so the operators are in a namespace that is literally called \`${match.facts["other"] ?? ""}\`, not in \`${match.facts["space"] ?? ""}\`.`
        : `The source registers its operators with TORCH_LIBRARY under \`${match.facts["other"] ?? ""}\`, and they are looked for under \`${match.facts["space"] ?? ""}\`: torch.ops takes the block's namespace, not the name of the module or file.`,
    fix: (match) => [
      ...(platformOf(match) === "win32"
        ? []
        : [
            `grep -rlE 'TORCH_LIBRARY\\w*\\(${match.facts["other"] ?? ""}\\b' --include='*.cpp' --include='*.cc' --include='*.cu' --include='*.h' . | xargs -r sed -i.bak -E 's/(TORCH_LIBRARY\\w*\\()${match.facts["other"] ?? ""}\\b/\\1${match.facts["space"] ?? "ns"}/g'   # in the folder of the sources`,
            ...(match.context.log.showsLoad === true
              ? ["# then the same program: load() compiles the changed source anew"]
              : rebuild(match)),
          ]),
      `# in the source: TORCH_LIBRARY(${match.facts["space"] ?? "ns"}, m) and TORCH_LIBRARY_IMPL(${match.facts["space"] ?? "ns"}, …), the name written out; then build again`,
      ...(isMacro(match)
        ? [
            `# a name that comes from a macro needs one step more: #define MY_LIBRARY(ns, m) TORCH_LIBRARY(ns, m), then MY_LIBRARY(${match.facts["other"] ?? ""}, m) { … }`,
          ]
        : []),
      `# or call it by the name that it has: torch.ops.${match.facts["other"] ?? ""}.${match.facts["op"] ?? ""}`,
    ],
    sources: ["pytorch/pytorch#127615", "pytorch: torch/library.h"],
    examples: [
      {
        text: "TORCH_LIBRARY(TORCH_EXTENSION_NAME, m) {\n  m.def(\"scale(Tensor x) -> Tensor\");\n}\nAttributeError: '_OpNamespace' 'my_ext' object has no attribute 'scale'",
        expect: "not expanded",
      },
      {
        text: "TORCH_LIBRARY(other_ops, m) {\nAttributeError: '_OpNamespace' 'my_ext' object has no attribute 'scale'",
        expect: "torch.ops.other_ops.scale",
      },
    ],
  },
];
