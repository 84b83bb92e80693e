/** Names that the sources declare otherwise: what the compiler suggests, methods that a class lacks, names of operator libraries. */
import { literally } from "../../base/literally.ts";
import { editFile, editLine, orInWords } from "../commands/source-edits.ts";
import { replacePrinted } from "../commands/printed-edits.ts";
import type { Finding } from "../finding.ts";
import { codeAt, type Match, type MatchFacts, placeOf, type Rule, said, saidAny } from "../rule.ts";
import { inOwnSource, reference } from "./plain-mistakes.ts";

/** The macros whose first argument becomes a part of names of C++. */
const namedByMacro =
  /\b(?<macro>(?:STABLE_)?TORCH_LIBRARY(?:_FRAGMENT|_IMPL)?|PYBIND11_MODULE|NB_MODULE)\s*\(\s*(?<name>[^\s,()"]{1,80})\s*,/;

function badName(finding: Finding): MatchFacts | undefined {
  if (finding.severity === "warning" || finding.severity === "note") return undefined;
  const found = namedByMacro.exec(finding.source ?? "")?.groups;
  if (found !== undefined)
    return /^[A-Za-z_]\w*$/.test(found["name"] ?? "") ? undefined : { macro: found["macro"], name: found["name"] };
  return said(finding, /\b(?<macro>TORCH_LIBRARY)_(?:static_)?init_(?<name>\w+[-.]\w[\w.-]*|\w+::\w+)/);
}

/** The type that one of two signatures has const, as clang's note says: `could not match 'T &' against 'const T &'`. */
function differing({ finding: { note = "" } }: Match): string | undefined {
  const [, one = "", other = ""] = /could not match '([^']+)' against '([^']+)'/.exec(note) ?? [];
  const plain = (type: string): string => type.replace(/^const /, "").replace(/ ?&$/, "");
  return one !== "" && one !== other && plain(one) === plain(other) ? plain(one) : undefined;
}

/** Letters that two names have in common at best, in order, of all that the longer one has. */
function likeness(name: string, other: string): number {
  const [a, b] = [name, other].map((each) => each.toLowerCase().replaceAll("_", ""));
  if (a === undefined || b === undefined || a === "" || b === "") return 0;
  if (a === b) return 1;
  let row = Array.from({ length: b.length + 1 }, () => 0);
  for (const letter of a) {
    const next = [0];
    for (let at = 1; at <= b.length; at++)
      next.push(letter === b[at - 1] ? (row[at - 1] ?? 0) + 1 : Math.max(row[at] ?? 0, next[at - 1] ?? 0));
    row = next;
  }
  return (row.at(-1) ?? 0) / Math.max(a.length, b.length);
}

const name = String.raw`(?<name>[A-Za-z_]\w{1,60})`;
const other = String.raw`(?<other>(?:\w+::){0,4}[A-Za-z_]\w{1,60})`;
const ofMember: readonly RegExp[] = [
  new RegExp(`has no member named [‘']${name}[’'][;,] did you mean [‘']${other}[’']`),
  new RegExp(`[‘']${name}[’'] is not a member of [‘'](?!std[’':]).{1,200}[’'][;,] did you mean [‘']${other}[’']`),
  new RegExp(
    `no (?:member|type|template) named '${name}' in (?!(?:namespace )?'std[':]).{1,200}[;,] did you mean (?:simply )?'${other}'`,
  ),
];
const ofName: readonly RegExp[] = [
  new RegExp(
    `^[‘']${name}[’'] (?:was not declared in this scope|has not been declared|does not name a type)[;,] did you mean [‘']${other}[’']`,
  ),
  new RegExp(`^(?:use of undeclared identifier|unknown type name) '${name}'[;,] did you mean '${other}'`),
];

function suggested(finding: Finding): MatchFacts | undefined {
  const member = inOwnSource(finding, ...ofMember);
  const facts = member ?? inOwnSource(finding, ...ofName);
  if (facts === undefined) return undefined;
  const [from = "", to = ""] = [facts["name"], facts["other"]];
  const last = to.split("::").at(-1) ?? "";
  // A name from nowhere: a kernel is no CUkernel.
  const isLike = likeness(from, last) >= (member === undefined ? 0.8 : 0.7) || from.startsWith(`${last}_`);
  return from !== last && isLike && !/^(?:CU|cu|__)/.test(last)
    ? { name: from, other: last, of: member === undefined ? undefined : "yes" }
    : undefined;
}

/** The head of a method without its class. */
function inClass(head: string): string {
  return head.replace(/(?:\b\w+(?:<[^<>]*>)?::)+(?=~?\w+\()/, (path) => path.split("::").slice(0, -2).join("::"));
}

export const declaredOtherwiseRules: readonly Rule[] = [
  {
    id: "name-as-compiler-suggests",
    title: "The name is written another way",
    on: ["compile"],
    specificity: 75,
    matches: suggested,
    confidence: (match) => (match.facts["of"] === undefined ? "medium" : "high"),
    cause: (match) =>
      `${codeAt(match.finding)} writes \`${match.facts["name"] ?? ""}\`, which is not there; the compiler knows \`${match.facts["other"] ?? ""}\`.`,
    fix: (match) => [
      ...orInWords(
        editLine(match, [[`\\b${match.facts["name"] ?? ""}\\b`, match.facts["other"] ?? ""]]),
        `${match.facts["name"] ?? ""} → ${match.facts["other"] ?? ""}`,
      ),
    ],
    sources: [`${reference}/scope`, "https://docs.pytorch.org/cppdocs/"],
    examples: [
      {
        text: "a.cpp:2:123: error: ‘float32’ is not a member of ‘torch’; did you mean ‘kFloat32’?",
        expect: "2s/\\bfloat32\\b/kFloat32/g",
      },
      {
        text: "a.cpp:2:119: error: ‘struct c10::TensorOptions’ has no member named ‘requiresGrad’; did you mean ‘requires_grad’?",
        expect: "requires_grad",
      },
      {
        text: "a.cpp:2:56: error: no member named 'get_device_index' in 'at::Tensor'; did you mean 'get_device'?",
        expect: "get_device",
      },
    ],
  },
  {
    id: "semicolon-forgotten",
    title: "A semicolon is forgotten",
    on: ["compile"],
    specificity: 68,
    matches: (finding) => {
      const facts = inOwnSource(
        finding,
        /^expected (?:[‘',’ or]*)?[‘']?;[’']? before (?:[‘'](?<next>\}|return|if|for|while|auto|const|int|float|double|bool|int64_t|else|do|switch|break|continue)[’'])/,
        /^expected a ";"(?<next>)/,
        /^expected ';' after (?:expression|return statement|break statement|continue statement|do\/while statement)(?<next>)/,
      );
      if (facts === undefined || finding.mark === undefined) return undefined;
      const written = (finding.source ?? "").slice(0, finding.mark);
      // nvcc marks the word behind the place; it has to be one that no statement goes on with.
      const isNvcc = finding.message.startsWith("expected a");
      if (
        isNvcc &&
        !/^(?:\}|(?:return|if|for|while|auto|const|int|float|double|bool|int64_t)\b)/.test(
          (finding.source ?? "").slice(finding.mark),
        )
      )
        return undefined;
      const before = isNvcc ? written.trimEnd() : written;
      // Where the caret stands below the next word, as older compilers put it, the place is another line's end.
      return /[\w)\]"'}]$/.test(before) && !/^\s*#/.test(before)
        ? { before: before.slice(isNvcc ? -20 : -40) }
        : undefined;
    },
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)} lacks the \`;\` at the end of a statement, behind \`${(match.facts["before"] ?? "").trim()}\`.`,
    fix: (match) => {
      const { before = "" } = match.facts;
      const source = match.finding.source ?? "";
      const rest = source.slice(source.lastIndexOf(before, match.finding.mark) + before.length);
      const next = /^\s*\S{0,12}/.exec(rest)?.[0] ?? "";
      return orInWords(
        replacePrinted(match, `${before}${next}`, `${before};${next}`),
        `put the ; behind ${before.trim()}`,
      );
    },
    sources: [`${reference}/statements`],
    examples: [
      {
        text: "a8.cpp:2:59: error: expected ‘;’ before ‘}’ token\n    2 | at::Tensor f(at::Tensor x){ auto y = x.sum(); return y }\n      |                                                       ^~\n      |                                                       ;",
        expect: "return y; }",
      },
      {
        text: "a8.cpp:4:18: error: expected ';' after expression\n    4 |   x = x.relu()\n      |               ^\n      |               ;",
        expect: "s/x = x\\.relu\\(\\)/x = x.relu();/",
      },
    ],
  },
  {
    id: "method-not-declared-in-class",
    title: "A method is defined that its class does not declare so",
    on: ["compile"],
    specificity: 68,
    matches: (finding) =>
      inOwnSource(
        finding,
        /^no declaration matches [‘'](?<head>[^’']{1,300})[’']/,
        /^prototype for [‘'](?<head>[^’']{1,300})[’'] does not match any in class/,
        /^no [‘'](?<head>[^’']{1,300})[’'] member function declared in class/,
        /^out-of-line definition of '(?<name>[^']{1,100})' does not match any declaration in (?:namespace )?'(?<class>[^']{1,200})'/,
        /^'(?<head>[^']{1,300})': overloaded member function not found in '(?<class>[^']{1,200})'/,
        /^declaration is incompatible with "(?<head>[^"]{1,200}::~?\w+\([^"]{0,200})"/,
      ),
    confidence: "high",
    cause: (match) => {
      const { head, name: written, class: of } = match.facts;
      const shown = /^candidate(?: is|s are)?:? ?[‘'](.{1,250}?)[’']$/.exec(match.finding.note ?? "")?.[1];
      return `${codeAt(match.finding)} defines ${head === undefined ? `\`${of ?? ""}::${written ?? ""}\`` : `\`${head}\``}, and the class or namespace declares no function of that form: it is missing there, has another name, other parameters or another result, or is const on one side alone.${shown === undefined ? "" : ` It declares \`${shown}\`.`}`;
    },
    fix: (match) => {
      const { head } = match.facts;
      return [
        head === undefined || !/^[\w:<>&*, ~()]+(?: const)?$/.test(head) || /^declaration/.test(match.finding.message)
          ? "# make the two alike: the line in the class or header, and this definition (name, parameters, const, result)"
          : `# in the class: ${inClass(head)};   or make this definition like the line that stands there (name, parameters, const, result)`,
        "# default arguments (= 1) and the words static, virtual, override stand in the class alone",
      ];
    },
    sources: [`${reference}/member_functions`],
    examples: [
      {
        text: "a9.cpp:3:15: error: no declaration matches ‘at::Tensor A::forward(at::Tensor)’",
        expect: "# in the class: at::Tensor forward(at::Tensor);",
      },
      {
        text: "a.cpp:3:18: error: out-of-line definition of 'forward' does not match any declaration in 'A'",
        expect: "A::forward",
      },
      {
        text: "a.cpp:3:15: error: prototype for ‘at::Tensor A::forward(at::Tensor)’ does not match any in class ‘A’",
        expect: "at::Tensor forward(at::Tensor);",
      },
      {
        text: "a.cpp(3): error C2511: 'at::Tensor A::forward(at::Tensor)': overloaded member function not found in 'A'",
        expect: "A::forward",
      },
    ],
  },
  {
    id: "library-name-no-identifier",
    title: "The name of an operator library or module is no name of C++",
    on: ["compile"],
    specificity: 92,
    matches: badName,
    confidence: "high",
    cause: (match) =>
      `${codeAt(match.finding)} names ${/MODULE/.test(match.facts["macro"] ?? "") ? "a module" : "a library of operators"} \`${match.facts["name"] ?? ""}\`: the macro makes names of C++ out of it, so only letters, digits and _ may stand there, no ${/::/.test(match.facts["name"] ?? "") ? "::" : /\./.test(match.facts["name"] ?? "") ? "dot" : "-"}.`,
    fix: (match) => {
      const { macro = "", name: given = "" } = match.facts;
      const isModule = /MODULE/.test(macro);
      const plain = given.replaceAll(/[^A-Za-z0-9_]+/g, "_").replace(/^(?=\d)/, "_");
      const to = isModule ? "TORCH_EXTENSION_NAME" : plain;
      const written = literally(given);
      return [
        ...editFile(match, [[`(${isModule ? macro : "TORCH_LIBRARY[A-Z_]*"} *\\( *)${written} *,`, `\\1${to},`]]),
        isModule
          ? `# the module's name in setup.py or load() likewise without such signs: ${plain}; built without torch's builder: ${macro}(${plain}, m)`
          : `# all other TORCH_LIBRARY… of that library likewise; in Python: torch.ops.${plain}.f, and "${plain}::f" in register_fake and schemas`,
      ];
    },
    sources: ["https://docs.pytorch.org/cppdocs/library.html", `${reference}/identifiers`],
    examples: [
      {
        text: 'a.cpp:2:17: error: expected initializer before ‘-’ token\n    2 | TORCH_LIBRARY(my-ops, m){ m.def("f(Tensor x) -> Tensor"); }\n      |                 ^',
        expect: "(TORCH_LIBRARY[A-Z_]* *\\( *)my-ops *,/\\1my_ops,/g",
      },
      {
        text: "a.cpp:9:1: error: expected initializer before ‘.’ token\n    9 | PYBIND11_MODULE(my_pkg._C, m) {\n      | ^~~~~~~~~~~~~~~",
        expect: "TORCH_EXTENSION_NAME",
      },
    ],
  },
  {
    id: "kernel-instantiated-otherwise",
    title: "A kernel is instantiated with other parameters than it is defined with",
    on: ["compile"],
    specificity: 82,
    matches: (finding) =>
      finding.severity === "warning"
        ? undefined
        : saidAny(
            finding,
            /no function template matches function template specialization '(?:[\w:]+::)?__wrapper__device_stub_(?<name>\w+)/,
            /template-id [‘'](?:[\w:]+::)?__wrapper__device_stub_(?<name>\w+)<.*does not match any template declaration/,
            /explicit specialization '[^']*__wrapper__device_stub_(?<name>\w+)<.*is not a specialization of a function template/,
          ),
    confidence: "high",
    cause: (match) => {
      const type = differing(match);
      return `The explicit instantiation of the kernel \`${match.facts["name"] ?? ""}\` (${placeOf(match.finding)}) does not have the parameters of its definition${type === undefined ? "" : `: one of the type \`${type}\` is const in one of them only`}. For C++ a \`const\` of a parameter that is passed by value makes no difference; nvcc of CUDA 13 hands parameters on to the kernel's host side by reference, where \`T&\` and \`const T&\` are two types.`;
    },
    fix: (match) => {
      const { finding } = match;
      const { file, line } = finding;
      const type = differing(match);
      return [
        ...(file === undefined || line === undefined || /["'$`]/.test(file)
          ? []
          : [
              `grep -n -A40 '${match.facts["name"] ?? ""}' ${file} | grep -n 'const\\|__global__\\|template'   # the definition and the instantiation (line ${line}), parameter by parameter`,
            ]),
        `# drop the \`const\`${type === undefined ? " of parameters that are passed by value" : ` before \`${type}\``} in the instantiation${line === undefined ? "" : ` (line ${line})`} where the definition has none; declaration, definition and instantiation have to be alike`,
        ...(/(?:^|[\\/])(?:gen|codegen|build|generated)[\w-]*[\\/]|[\\/]gen_/.test(file ?? "")
          ? [
              "# the file is generated: change the template that it is made from, or the next configuration writes it anew",
            ]
          : []),
        "# with CUDA 12 the same code compiles, as its stubs take parameters by value: that only hides it",
      ];
    },
    sources: ["pytorch/FBGEMM#6093", "PaddlePaddle/Paddle#75933"],
    examples: [
      {
        text: "gen/step_warp.cu:90:1: error: no function template matches function template specialization '__wrapper__device_stub_step_warp_kernel'\ngen/step_warp.cu:12:17: note: candidate template ignored: could not match 'pta::Acc<float, 1> &' against 'const pta::Acc<float, 1> &'",
        expect: "drop the `const` before `pta::Acc<float, 1>` in the instantiation (line 90)",
      },
      {
        text: "k.cu:40:15: error: template-id ‘__wrapper__device_stub_scale<float>’ for ‘void __wrapper__device_stub_scale(float* const&, const int&)’ does not match any template declaration",
        expect: "`scale`",
      },
    ],
  },
];
