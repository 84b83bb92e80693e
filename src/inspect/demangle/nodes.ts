/** The parts of a demangled C++ name, as the Itanium parser makes them and the printer writes them. Nothing is done here. */

/** How the literals of a built-in type are written: `5`, `5u`, `true`, `(char)65`. */
export type LiteralStyle = "plain" | "u" | "l" | "ul" | "ll" | "ull" | "bool" | "float" | "cast" | "void";

export type Qualifier = "const" | "volatile" | "restrict";

/** What follows the parameters of a member function. */
export interface FunctionSuffix {
  readonly qualifiers: readonly Qualifier[];
  readonly reference: "" | "&" | "&&";
}

export interface NameNode {
  readonly kind: "name";
  readonly text: string;
}

export interface BuiltinNode {
  readonly kind: "builtin";
  readonly text: string;
  readonly literals: LiteralStyle;
}

export interface QualifiedNode {
  readonly kind: "qualified";
  readonly scope: Node;
  readonly name: Node;
}

export interface TemplateNode {
  readonly kind: "template";
  readonly name: Node;
  readonly args: readonly Node[];
}

/** An argument that is a list: what was given for `typename... T`. */
export interface ArgumentPackNode {
  readonly kind: "argument-pack";
  readonly elements: readonly Node[];
}

/** A use of such a parameter: stands for its elements one after the other. */
export interface ParameterPackNode {
  readonly kind: "parameter-pack";
  readonly elements: readonly Node[];
}

export interface PackExpansionNode {
  readonly kind: "pack-expansion";
  readonly pattern: Node;
}

/** A constructor or destructor; it is called like its class. */
export interface StructorNode {
  readonly kind: "structor";
  readonly destructor: boolean;
  readonly className: Node;
}

export interface OperatorNode {
  readonly kind: "operator";
  readonly symbol: string;
}

export interface ConversionNode {
  readonly kind: "conversion";
  readonly type: Node;
}

export interface TaggedNode {
  readonly kind: "tagged";
  readonly name: Node;
  readonly tag: string;
}

/** `vtable for` and the like: words, then one thing or two. */
export interface SpecialNode {
  readonly kind: "special";
  readonly words: string;
  readonly target: Node;
  /** `construction vtable for A-in-B`. */
  readonly inside?: Node;
}

/** A function with its parameters. */
export interface EncodingNode {
  readonly kind: "encoding";
  readonly name: Node;
  readonly returnType?: Node;
  readonly parameters: readonly Node[];
  readonly suffix: FunctionSuffix;
}

export interface LocalNode {
  readonly kind: "local";
  readonly encoding: Node;
  readonly name: Node;
  readonly defaultArgument?: number;
}

export interface LambdaNode {
  readonly kind: "lambda";
  readonly head: readonly string[];
  readonly parameters: readonly Node[];
  readonly number: number;
}

export interface QualifiedTypeNode {
  readonly kind: "qualified-type";
  readonly type: Node;
  readonly qualifier: Qualifier;
}

/** A qualifier of a vendor, `Uk…`. */
export interface VendorTypeNode {
  readonly kind: "vendor-type";
  readonly type: Node;
  readonly qualifier: Node;
}

export interface PointerNode {
  readonly kind: "pointer";
  readonly target: Node;
}

export interface ReferenceNode {
  readonly kind: "reference";
  readonly target: Node;
  readonly rvalue: boolean;
}

export interface MemberPointerNode {
  readonly kind: "member-pointer";
  readonly owner: Node;
  readonly member: Node;
}

export interface ArrayNode {
  readonly kind: "array";
  readonly element: Node;
  readonly dimension?: Node;
}

export interface FunctionNode {
  readonly kind: "function";
  readonly returnType: Node;
  readonly parameters: readonly Node[];
  readonly suffix: FunctionSuffix;
  /** ` noexcept`, ` throw(int)`, … each with its leading blank. */
  readonly exceptions?: Node;
  readonly transactionSafe: boolean;
}

/** Text, then something, then text: `noexcept (…)`, `decltype (…)`, ` complex`. */
export interface WrappedNode {
  readonly kind: "wrapped";
  readonly before: string;
  readonly inner?: Node;
  readonly after: string;
}

export interface VectorNode {
  readonly kind: "vector";
  readonly element: Node;
  readonly dimension: Node;
}

export interface LiteralNode {
  readonly kind: "literal";
  readonly type: Node;
  readonly value: string;
  readonly negative: boolean;
}

export interface UnaryNode {
  readonly kind: "unary";
  readonly code: string;
  readonly symbol: string;
  readonly operand: Node;
  readonly postfix: boolean;
}

export interface BinaryNode {
  readonly kind: "binary";
  readonly code: string;
  readonly symbol: string;
  readonly left: Node;
  readonly right: Node;
}

export interface ConditionalNode {
  readonly kind: "conditional";
  readonly condition: Node;
  readonly yes: Node;
  readonly no: Node;
}

export interface NewNode {
  readonly kind: "new";
  readonly symbol: string;
  readonly placement: readonly Node[];
  readonly type: Node;
  readonly initializer?: Node;
}

/** `(T)(x)` and `static_cast<T>(x)`. */
export interface CastNode {
  readonly kind: "cast";
  /** Empty for the one in parentheses. */
  readonly symbol: string;
  readonly type: Node;
  readonly operand: Node;
}

export interface ListNode {
  readonly kind: "list";
  readonly elements: readonly Node[];
}

/** `{…}`, with or without a type before it. */
export interface InitializerListNode {
  readonly kind: "initializer-list";
  readonly type?: Node;
  readonly elements: readonly Node[];
}

export interface FoldNode {
  readonly kind: "fold";
  readonly code: string;
  readonly symbol: string;
  readonly first: Node;
  readonly second?: Node;
}

/** `sizeof...(T)`, written as a number. */
export interface PackLengthNode {
  readonly kind: "pack-length";
  readonly operand: Node;
}

export interface FunctionParameterNode {
  readonly kind: "function-parameter";
  readonly text: string;
}

/**
 * A template parameter. A back reference to it from another template's name means that template's parameter of the
 * same number, and inside a lambda's parameters the lambda's own.
 */
export interface ParameterNode {
  readonly kind: "parameter";
  readonly index: number;
  /** Number of the name in which it was read. */
  readonly context: number;
  /** Undefined for a parameter of a lambda, which is written `auto:1`. */
  readonly argument?: Node;
}

/** A template parameter that is used before its argument was read: the type of a conversion operator. */
export interface ForwardNode {
  readonly kind: "forward";
  readonly index: number;
  target: Node | undefined;
}

export type Node =
  | NameNode
  | BuiltinNode
  | QualifiedNode
  | TemplateNode
  | ArgumentPackNode
  | ParameterPackNode
  | PackExpansionNode
  | StructorNode
  | OperatorNode
  | ConversionNode
  | TaggedNode
  | SpecialNode
  | EncodingNode
  | LocalNode
  | LambdaNode
  | QualifiedTypeNode
  | VendorTypeNode
  | PointerNode
  | ReferenceNode
  | MemberPointerNode
  | ArrayNode
  | FunctionNode
  | WrappedNode
  | VectorNode
  | LiteralNode
  | UnaryNode
  | BinaryNode
  | ConditionalNode
  | NewNode
  | CastNode
  | ListNode
  | InitializerListNode
  | FoldNode
  | PackLengthNode
  | FunctionParameterNode
  | ParameterNode
  | ForwardNode;

/** Thrown inside the demangler: the text is no mangled name, or one that costs too much. */
export class NotMangled extends Error {}

export function fail(): never {
  throw new NotMangled();
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "kind" in value;
}

/** A copy in which parameters are replaced; the node itself when there are none. `visit` counts the work. */
export function mapParameters(
  node: Node,
  replace: (parameter: ParameterNode) => Node,
  visit: () => void,
  known = new Map<Node, Node>(),
): Node {
  if (node.kind === "parameter") return replace(node);
  // Functions and lambdas have parameters of their own, which mean the same wherever they are spoken of.
  if (node.kind === "encoding" || node.kind === "lambda") return node;
  const before = known.get(node);
  if (before !== undefined) return before;
  visit();
  const changes: Record<string, unknown> = {};
  let changed = false;
  for (const [key, value] of Object.entries(node) as [string, unknown][]) {
    if (isNode(value)) {
      const mapped = mapParameters(value, replace, visit, known);
      if (mapped === value) continue;
      changes[key] = mapped;
      changed = true;
    } else if (Array.isArray(value)) {
      const mapped = value.map((element: unknown) =>
        isNode(element) ? mapParameters(element, replace, visit, known) : element,
      );
      if (mapped.every((element, index) => element === value[index])) continue;
      changes[key] = mapped;
      changed = true;
    }
  }
  const result = changed ? ({ ...node, ...changes } as Node) : node;
  known.set(node, result);
  return result;
}

export function nameOf(text: string): NameNode {
  return { kind: "name", text };
}
