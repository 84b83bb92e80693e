/**
 * Mangled C++ names made readable: those of GCC and Clang (Itanium C++ ABI) and of Microsoft's compiler. Never throws,
 * and costs bounded time on any text. Whose a name is, is said by `symbol-owner.ts`.
 */
import { demangleMsvc } from "./demangle/msvc.ts";
import { NameParser } from "./demangle/names.ts";
import { type Node, NotMangled } from "./demangle/nodes.ts";
import { printNode } from "./demangle/printer.ts";

/** A mangled name that was taken apart. */
export interface DemangledName {
  /** As `c++filt` (or Microsoft's linker) writes it. */
  readonly text: string;
  /** Without return type and parameters: `c10::Error::Error`. */
  readonly name: string;
  /** The names in it, outermost first, without template arguments: `["c10", "Error", "Error"]`. */
  readonly path: readonly string[];
  /** Text between the parentheses; undefined when it is no function. */
  readonly parameters?: string;
  /** `vtable for`, `typeinfo for`, …; empty for functions and variables. */
  readonly special: string;
  /** The mangled text up to the end of the name: what another signature of the same function begins with. */
  readonly stem: string;
}

/** Longer names than this are no compiler's. */
const MAX_LENGTH = 64 * 1024;

interface Parsed {
  readonly node: Node;
  readonly stem: string;
  readonly tail: string;
}

function parse(mangled: string): Parsed | undefined {
  // `name@VERSION` and `name@@VERSION`, as nm writes them.
  const at = mangled.indexOf("@");
  const bare = at > 0 ? mangled.slice(0, at) : mangled;
  if (!/^__?Z/.test(bare) || bare.length > MAX_LENGTH) return undefined;
  const parser = new NameParser(bare);
  const { node, nameEnd, clones } = parser.symbol();
  const tail = clones.map((clone) => ` [clone ${clone}]`).join("");
  return { node, stem: bare.slice(0, nameEnd), tail: tail + mangled.slice(bare.length) };
}

/** Runs a part of the demangler; what is no mangled name, or costs too much, gives `undefined`. */
function guarded<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof NotMangled) return undefined;
    throw error;
  }
}

/** The readable form of a mangled name. Undefined when it is none. */
export function demangle(mangled: string): string | undefined {
  if (mangled.startsWith("?")) return demangleMsvc(mangled)?.text;
  return guarded(() => {
    const parsed = parse(mangled);
    return parsed === undefined ? undefined : printNode(parsed.node) + parsed.tail;
  });
}

/** The readable form, or the text itself. */
export function readable(symbol: string): string {
  return demangle(symbol) ?? symbol;
}

/** Takes a mangled name apart. Undefined when it is none. */
export function demangleName(mangled: string): DemangledName | undefined {
  if (mangled.startsWith("?")) return fromMsvc(mangled);
  return guarded(() => {
    const parsed = parse(mangled);
    if (parsed === undefined) return undefined;
    const { node, stem } = parsed;
    const special = node.kind === "special" ? node.words.trim() : "";
    const target = node.kind === "special" ? node.target : node;
    const encoding = target.kind === "encoding" ? target : undefined;
    const nameNode = encoding?.name ?? target;
    const parameters = encoding === undefined ? undefined : printNode({ kind: "list", elements: encoding.parameters });
    return {
      text: printNode(node) + parsed.tail,
      name: printNode(nameNode),
      path: pathOf(nameNode),
      ...(parameters === undefined ? {} : { parameters }),
      special,
      stem,
    };
  });
}

function fromMsvc(mangled: string): DemangledName | undefined {
  const name = demangleMsvc(mangled);
  if (name === undefined) return undefined;
  const path = name.scope.map((part) => part.replace(/<[^]*$/, ""));
  const open = name.text.indexOf(`${name.name}(`);
  const start = open + name.name.length + 1;
  const parameters = open === -1 ? undefined : name.text.slice(start, name.text.lastIndexOf(")"));
  const end = mangled.indexOf("@@");
  return {
    text: name.text,
    name: name.name,
    path,
    ...(parameters === undefined ? {} : { parameters }),
    special: "",
    stem: end === -1 ? mangled : mangled.slice(0, end + 2),
  };
}

function pathOf(node: Node): string[] {
  switch (node.kind) {
    case "qualified":
      return [...pathOf(node.scope), ...pathOf(node.name)];
    case "template":
    case "tagged":
      return pathOf(node.name);
    case "local":
      return [...pathOf(node.encoding), ...pathOf(node.name)];
    case "encoding":
      return pathOf(node.name);
    case "special":
      return pathOf(node.target);
    default:
      return [printNode(node)];
  }
}
