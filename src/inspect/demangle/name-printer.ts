/**
 * Writes names and types, and what expands in them. A type is written in two halves, before and after the name that it
 * declares: `void (*` … `)(int)`. Expressions are for `printer.ts`.
 */
import { fail, type FunctionSuffix, type Node, type Qualifier } from "./nodes.ts";

/** No name of a program is longer; hostile ones grow exponentially. */
const MAX_TEXT = 512 * 1024;
const MAX_STEPS = 1_000_000;
const MAX_DEPTH = 700;

/** Follows what only stands for another node here: forward references, elements of packs. */
export abstract class NamePrinter {
  readonly #chunks: string[] = [];
  #length = 0;
  #last = "";
  #steps = 0;
  #depth = 0;
  /** Inside an expansion: which element packs give, and how many the first pack that was met has. */
  #packIndex: number | undefined;
  #packLength: number | undefined;
  #inExpansion = false;

  print(node: Node): void {
    this.#left(node);
    this.#right(node);
  }

  get text(): string {
    return this.#chunks.join("");
  }

  protected put(text: string): void {
    if (text === "") return;
    this.#length += text.length;
    if (this.#length > MAX_TEXT) fail();
    this.#chunks.push(text);
    this.#last = text.charAt(text.length - 1);
  }

  /** Takes back what was written since a length was noted; chunks never cross such a point. */
  #cut(length: number): void {
    while (this.#length > length) this.#length -= this.#chunks.pop()?.length ?? fail();
    const last = this.#chunks.at(-1) ?? "";
    this.#last = last.charAt(last.length - 1);
  }

  #enter(): void {
    if (++this.#steps > MAX_STEPS || ++this.#depth > MAX_DEPTH) fail();
  }

  /** Elements with commas; those that turn out to be empty leave none. */
  protected list(nodes: readonly Node[]): void {
    let empty = true;
    for (const node of nodes) {
      const before = this.#length;
      if (!empty) this.put(", ");
      const start = this.#length;
      this.print(node);
      if (this.#length === start) {
        this.#cut(before);
        // c++filt remembers the comma's blank here, and so writes `>>` where the last argument is an empty pack.
        if (!empty) this.#last = " ";
      } else empty = false;
    }
  }

  /** The node that stands here. Undefined: nothing (an empty pack). */
  #resolve(node: Node): Node | undefined {
    let current = node;
    for (;;) {
      if (current.kind === "forward") current = current.target ?? fail();
      else if (current.kind === "parameter" && current.argument !== undefined) current = current.argument;
      else if (current.kind === "parameter-pack") {
        if (this.#inExpansion && this.#packLength === undefined) {
          this.#packLength = current.elements.length;
          this.#packIndex = 0;
        }
        if (this.#packIndex === undefined) return current;
        const element = current.elements[this.#packIndex];
        if (element === undefined) return undefined;
        current = element;
      } else return current;
      if (++this.#steps > MAX_STEPS) fail();
    }
  }

  #left(original: Node): void {
    this.#enter();
    const node = this.#resolve(original);
    if (node !== undefined) this.#leftOf(node);
    this.#depth--;
  }

  #leftOf(node: Node): void {
    switch (node.kind) {
      case "name":
      case "builtin":
      case "function-parameter":
        this.put(node.text);
        return;
      case "parameter":
        this.put(`auto:${node.index + 1}`);
        return;
      case "qualified":
        this.print(node.scope);
        this.put("::");
        this.print(node.name);
        return;
      case "template":
        this.print(node.name);
        this.#arguments(node.args);
        return;
      case "argument-pack":
      case "parameter-pack":
      case "list":
        this.list(node.elements);
        return;
      case "pack-expansion":
        this.#expansion(node.pattern);
        return;
      case "structor":
        if (node.destructor) this.put("~");
        this.#baseName(node.className);
        return;
      case "operator":
        this.put(/^[a-z]/.test(node.symbol) ? `operator ${node.symbol.trimEnd()}` : `operator${node.symbol}`);
        return;
      case "conversion":
        this.put("operator ");
        this.print(node.type);
        return;
      case "tagged":
        this.print(node.name);
        this.put(`[abi:${node.tag}]`);
        return;
      case "special":
        this.put(node.words);
        this.print(node.target);
        if (node.inside !== undefined) {
          this.put("-in-");
          this.print(node.inside);
        }
        return;
      case "encoding":
        if (node.returnType !== undefined) {
          this.#left(node.returnType);
          if (!this.#hasRight(node.returnType)) this.put(" ");
        }
        this.print(node.name);
        return;
      case "local":
        this.print(node.encoding);
        this.put("::");
        if (node.defaultArgument !== undefined) this.put(`{default arg#${node.defaultArgument}}::`);
        this.print(node.name);
        return;
      case "lambda":
        this.put(node.head.length > 0 ? `{lambda<${node.head.join(", ")}>(` : "{lambda(");
        this.list(node.parameters);
        this.put(`)#${node.number}}`);
        return;
      case "qualified-type":
        this.#left(node.type);
        if (!this.#hasQualifier(node.type, node.qualifier) && !this.#isFunction(node.type)) {
          this.put(` ${node.qualifier}`);
        }
        return;
      case "vendor-type":
        this.#left(node.type);
        this.put(" ");
        this.print(node.qualifier);
        return;
      case "pointer":
        this.#declarator(node.target, "*");
        return;
      case "reference": {
        const { target, rvalue } = this.#collapse(node.target, node.rvalue);
        this.#declarator(target, rvalue ? "&&" : "&");
        return;
      }
      case "member-pointer":
        this.#left(node.member);
        if (this.#isArray(node.member)) this.put(" ");
        this.put(this.#isArray(node.member) || this.#isFunction(node.member) ? "(" : " ");
        this.print(node.owner);
        this.put("::*");
        return;
      case "array":
        this.#left(node.element);
        return;
      case "function":
        this.#left(node.returnType);
        if (!this.#hasRight(node.returnType)) this.put(" ");
        return;
      case "wrapped":
        this.put(node.before);
        if (node.inner !== undefined) this.print(node.inner);
        this.put(node.after);
        return;
      case "vector":
        this.#left(node.element);
        this.put(" __vector(");
        this.print(node.dimension);
        this.put(")");
        return;
      default:
        this.expression(node);
    }
  }

  #right(original: Node): void {
    this.#enter();
    const node = this.#resolve(original);
    if (node !== undefined) this.#rightOf(node);
    this.#depth--;
  }

  #rightOf(node: Node): void {
    switch (node.kind) {
      case "encoding":
        this.put("(");
        this.list(node.parameters);
        this.put(")");
        this.#suffix(node.suffix);
        if (node.returnType !== undefined) this.#right(node.returnType);
        return;
      case "qualified-type":
        this.#right(node.type);
        if (this.#isFunction(node.type)) this.put(` ${node.qualifier}`);
        return;
      case "vendor-type":
        this.#right(node.type);
        return;
      case "pointer":
        this.#closeDeclarator(node.target);
        return;
      case "reference":
        this.#closeDeclarator(this.#collapse(node.target, node.rvalue).target);
        return;
      case "member-pointer":
        this.#closeDeclarator(node.member);
        return;
      case "array":
        if (this.#last !== "]") this.put(" ");
        this.put("[");
        if (node.dimension !== undefined) this.print(node.dimension);
        this.put("]");
        this.#right(node.element);
        return;
      case "function":
        this.put("(");
        this.list(node.parameters);
        this.put(")");
        this.#suffix(node.suffix);
        if (node.transactionSafe) this.put(" transaction_safe");
        if (node.exceptions !== undefined) this.print(node.exceptions);
        this.#right(node.returnType);
        return;
      case "vector":
        this.#right(node.element);
        return;
      default:
    }
  }

  #suffix(suffix: FunctionSuffix): void {
    for (const qualifier of suffix.qualifiers) this.put(` ${qualifier}`);
    if (suffix.reference !== "") this.put(` ${suffix.reference}`);
  }

  #declarator(target: Node, sign: string): void {
    this.#left(target);
    if (this.#isArray(target)) this.put(" ");
    if (this.#isArray(target) || this.#isFunction(target)) this.put("(");
    this.put(sign);
  }

  #closeDeclarator(target: Node): void {
    if (this.#isArray(target) || this.#isFunction(target)) this.put(")");
    this.#right(target);
  }

  #arguments(args: readonly Node[]): void {
    if (this.#last === "<") this.put(" ");
    this.put("<");
    this.list(args);
    if (this.#last === ">") this.put(" ");
    this.put(">");
  }

  /** A reference to a reference is one: `&` wins. */
  #collapse(target: Node, rvalue: boolean): { readonly target: Node; readonly rvalue: boolean } {
    let current = target;
    let isRvalue = rvalue;
    for (let depth = 0; depth < MAX_DEPTH; depth++) {
      const resolved = this.#resolve(current);
      if (resolved?.kind !== "reference") return { target: current, rvalue: isRvalue };
      isRvalue = isRvalue && resolved.rvalue;
      current = resolved.target;
    }
    return fail();
  }

  /** The type beneath qualifiers. */
  #bare(node: Node): Node | undefined {
    let current = this.#resolve(node);
    for (let depth = 0; current !== undefined && depth < MAX_DEPTH; depth++) {
      if (current.kind !== "qualified-type" && current.kind !== "vendor-type") return current;
      current = this.#resolve(current.type);
    }
    return current;
  }

  #isArray(node: Node): boolean {
    return this.#bare(node)?.kind === "array";
  }

  #isFunction(node: Node): boolean {
    return this.#bare(node)?.kind === "function";
  }

  /** Whether something follows after the declared name. */
  #hasRight(node: Node): boolean {
    let current = this.#bare(node);
    for (let depth = 0; current !== undefined && depth < MAX_DEPTH; depth++) {
      if (current.kind === "function" || current.kind === "array") return true;
      const next: Node | undefined =
        current.kind === "pointer" || current.kind === "reference"
          ? current.target
          : current.kind === "member-pointer"
            ? current.member
            : undefined;
      if (next === undefined) return false;
      current = this.#bare(next);
    }
    return false;
  }

  #hasQualifier(node: Node, qualifier: Qualifier): boolean {
    let current = this.#resolve(node);
    for (let depth = 0; current?.kind === "qualified-type" && depth < MAX_DEPTH; depth++) {
      if (current.qualifier === qualifier) return true;
      current = this.#resolve(current.type);
    }
    return false;
  }

  /** What a constructor is called. */
  #baseName(node: Node): void {
    let current = this.#resolve(node);
    for (let depth = 0; current !== undefined && depth < MAX_DEPTH; depth++) {
      if (current.kind === "qualified" || current.kind === "tagged" || current.kind === "template") {
        current = this.#resolve(current.name);
      } else if (current.kind === "local") current = this.#resolve(current.name);
      else break;
    }
    if (current !== undefined) this.print(current);
  }

  #expansion(pattern: Node): void {
    const saved = [this.#packIndex, this.#packLength, this.#inExpansion] as const;
    const start = this.#length;
    [this.#packIndex, this.#packLength, this.#inExpansion] = [undefined, undefined, true];
    this.print(pattern);
    const length: number | undefined = this.#packLength;
    if (length === undefined) {
      this.#cut(start);
      this.#inExpansion = false;
      this.sub(pattern);
      this.put("...");
    } else if (length === 0) this.#cut(start);
    else {
      for (let index = 1; index < length; index++) {
        this.put(", ");
        this.#packIndex = index;
        this.print(pattern);
      }
    }
    [this.#packIndex, this.#packLength, this.#inExpansion] = saved;
  }

  /** In parentheses unless it is a name. */
  protected sub(node: Node): void {
    const resolved = this.#resolve(node);
    const kind = resolved?.kind;
    const simple =
      kind === "name" || kind === "qualified" || kind === "initializer-list" || kind === "function-parameter";
    if (!simple) this.put("(");
    this.print(node);
    if (!simple) this.put(")");
  }

  /** Writes a node that is an expression. */
  protected abstract expression(node: Node): void;

  /** Writes what packs around it say nothing of. */
  protected apart(write: () => void): void {
    const saved = [this.#packIndex, this.#packLength, this.#inExpansion] as const;
    [this.#packIndex, this.#packLength, this.#inExpansion] = [undefined, undefined, false];
    write();
    [this.#packIndex, this.#packLength, this.#inExpansion] = saved;
  }
}
