/** Expressions in mangled names: template arguments, `decltype`, `noexcept`, constraints. */
import { Cursor, isDigit } from "./cursor.ts";
import { fail, nameOf, type Node, NotMangled } from "./nodes.ts";
import { operatorOf } from "./operators.ts";

/** Rules for expressions; those for types and names come with the heirs. */
export abstract class ExpressionParser {
  protected readonly cursor: Cursor;

  constructor(text: string) {
    this.cursor = new Cursor(text);
  }

  abstract type(): Node;
  abstract encoding(topLevel: boolean): Node;
  abstract unqualifiedName(scope: Node | undefined): Node;
  abstract templateArguments(own: boolean): readonly Node[];
  abstract templateParameter(): Node;

  expression(): Node {
    return this.cursor.nested(() => {
      this.cursor.spend();
      return this.#expression();
    });
  }

  #expression(): Node {
    const { cursor } = this;
    const first = cursor.peek();
    const code = first + cursor.peek(1);
    if (first === "L") return this.literal();
    if (first === "T") return this.templateParameter();
    if (isDigit(first) || code === "on" || code === "dn") return this.#unresolvedName();
    if (code === "gs" && (cursor.starts("gssr") || isDigit(cursor.peek(2)) || cursor.starts("gson"))) {
      cursor.take(2);
      const operand = this.expression();
      return { kind: "unary", code: "gs", symbol: "::", operand, postfix: false };
    }
    if (code === "sr") return this.#scopedName();
    if (code === "fp" || (code === "fL" && isDigit(cursor.peek(2)))) return this.#functionParameter();
    if (code === "fl" || code === "fr" || code === "fL" || code === "fR") return this.#fold();
    if (code === "il" || code === "tl") return this.#initializerList(code);
    if (code === "sp") {
      cursor.take(2);
      return { kind: "pack-expansion", pattern: this.expression() };
    }
    if (first === "u") return this.#vendorExpression();
    return this.#operatorExpression(code);
  }

  #operatorExpression(code: string): Node {
    const { cursor } = this;
    if (code === "cv") {
      cursor.take(2);
      const type = this.type();
      const operand: Node = cursor.accept("_") ? { kind: "list", elements: this.#until("E") } : this.expression();
      return { kind: "cast", symbol: "", type, operand };
    }
    if (code === "cp") {
      // A call whose name was in parentheses; written like any other.
      cursor.take(2);
      return this.#call();
    }
    const operator = operatorOf(code) ?? fail();
    cursor.take(2);
    const { symbol } = operator;
    switch (code) {
      case "cl":
        return this.#call();
      case "dt":
      case "pt": {
        const left = this.expression();
        return { kind: "binary", code, symbol, left, right: this.#memberName() };
      }
      case "st":
      case "at":
      case "ti":
        return { kind: "unary", code, symbol, operand: this.type(), postfix: false };
      case "sZ":
        return { kind: "pack-length", operand: cursor.peek() === "T" ? this.templateParameter() : this.expression() };
      case "sP":
        return { kind: "pack-length", operand: { kind: "argument-pack", elements: this.#templateArgumentsUntilEnd() } };
      case "dc":
      case "sc":
      case "cc":
      case "rc": {
        const type = this.type();
        return { kind: "cast", symbol, type, operand: this.expression() };
      }
      case "pp":
      case "mm": {
        // `pp_` is the one before the operand.
        const postfix = !cursor.accept("_");
        return { kind: "unary", code, symbol, operand: this.expression(), postfix };
      }
      case "qu": {
        const condition = this.expression();
        const yes = this.expression();
        return { kind: "conditional", condition, yes, no: this.expression() };
      }
      case "nw":
      case "na":
        return this.#newExpression(symbol);
      default:
    }
    if (operator.operands === 0) return nameOf(symbol);
    if (operator.operands === 1) {
      return { kind: "unary", code, symbol, operand: this.expression(), postfix: false };
    }
    const left = this.expression();
    return { kind: "binary", code, symbol, left, right: this.expression() };
  }

  #call(): Node {
    const left = this.expression();
    const right: Node = { kind: "list", elements: this.#until("E") };
    return { kind: "binary", code: "cl", symbol: "()", left, right };
  }

  #until(end: string): Node[] {
    const elements: Node[] = [];
    while (!this.cursor.accept(end)) elements.push(this.expression());
    return elements;
  }

  #templateArgumentsUntilEnd(): Node[] {
    const elements: Node[] = [];
    while (!this.cursor.accept("E")) elements.push(this.templateArgument());
    return elements;
  }

  /** One template argument: a type, an expression, a literal, or a pack of them. */
  templateArgument(): Node {
    const { cursor } = this;
    return cursor.nested(() => {
      cursor.spend();
      switch (cursor.peek()) {
        case "X": {
          cursor.take(1);
          const expression = this.expression();
          cursor.expect("E");
          return expression;
        }
        case "L":
          return this.literal();
        case "J":
        case "I": {
          cursor.take(1);
          return { kind: "argument-pack", elements: this.#templateArgumentsUntilEnd() };
        }
        default:
          return this.type();
      }
    });
  }

  #newExpression(symbol: string): Node {
    const { cursor } = this;
    const placement = this.#until("_");
    const type = this.type();
    if (cursor.accept("E")) return { kind: "new", symbol, placement, type };
    if (cursor.accept("pi")) {
      return { kind: "new", symbol, placement, type, initializer: { kind: "list", elements: this.#until("E") } };
    }
    if (cursor.starts("il")) {
      return { kind: "new", symbol, placement, type, initializer: this.#initializerList("il") };
    }
    return fail();
  }

  #initializerList(code: string): Node {
    this.cursor.take(2);
    const type = code === "tl" ? this.type() : undefined;
    const elements = this.#until("E");
    return { kind: "initializer-list", ...(type === undefined ? {} : { type }), elements };
  }

  #vendorExpression(): Node {
    const { cursor } = this;
    cursor.take(1);
    const name = this.sourceName();
    const elements: Node[] = [];
    while (!cursor.accept("E")) elements.push(this.templateArgument());
    return { kind: "binary", code: "cl", symbol: "()", left: name, right: { kind: "list", elements } };
  }

  #fold(): Node {
    const { cursor } = this;
    const code = cursor.take(2);
    const operator = operatorOf(cursor.take(2)) ?? fail();
    const first = this.expression();
    if (code === "fl" || code === "fr") return { kind: "fold", code, symbol: operator.symbol, first };
    return { kind: "fold", code, symbol: operator.symbol, first, second: this.expression() };
  }

  #functionParameter(): Node {
    const { cursor } = this;
    if (cursor.take(2) === "fL") {
      cursor.number();
      cursor.expect("p");
    }
    if (cursor.accept("T")) return { kind: "function-parameter", text: "this" };
    while ("rVK".includes(cursor.peek()) && cursor.peek() !== "") cursor.take(1);
    return { kind: "function-parameter", text: `{parm#${cursor.count() + 1}}` };
  }

  #memberName(): Node {
    const { cursor } = this;
    if (cursor.starts("sr") || cursor.starts("gs") || cursor.starts("on") || cursor.starts("dn"))
      return this.expression();
    if (isDigit(cursor.peek())) return this.#unresolvedName();
    return this.expression();
  }

  #withArguments(name: Node): Node {
    if (this.cursor.peek() !== "I") return name;
    return { kind: "template", name, args: this.templateArguments(false) };
  }

  /** A name whose meaning depends on template parameters, without a scope. */
  #unresolvedName(): Node {
    const { cursor } = this;
    if (cursor.accept("dn")) return this.#destructorName();
    cursor.accept("on");
    return this.#withArguments(this.unqualifiedName(undefined));
  }

  #scopedName(): Node {
    const { cursor } = this;
    cursor.expect("sr");
    let scope: Node;
    if (cursor.accept("N")) {
      scope = this.type();
      while (!cursor.accept("E")) scope = { kind: "qualified", scope, name: this.#withArguments(this.sourceName()) };
    } else {
      scope = this.#plainScope() ?? this.type();
    }
    if (cursor.accept("dn")) return { kind: "qualified", scope, name: this.#destructorName() };
    cursor.accept("on");
    return this.#withArguments({ kind: "qualified", scope, name: this.unqualifiedName(undefined) });
  }

  /** Names up to an `E`; older compilers wrote a type instead, without one. */
  #plainScope(): Node | undefined {
    const { cursor } = this;
    if (!isDigit(cursor.peek())) return undefined;
    const [at, known] = [cursor.at, cursor.substitutions.length];
    try {
      let scope = this.#withArguments(this.sourceName());
      while (!cursor.accept("E")) scope = { kind: "qualified", scope, name: this.#withArguments(this.sourceName()) };
      if (isDigit(cursor.peek()) || cursor.starts("on") || cursor.starts("dn")) return scope;
    } catch (error) {
      if (!(error instanceof NotMangled)) throw error;
    }
    cursor.at = at;
    cursor.substitutions.length = known;
    return undefined;
  }

  #destructorName(): Node {
    const className = isDigit(this.cursor.peek()) ? this.#withArguments(this.sourceName()) : this.type();
    return { kind: "structor", destructor: true, className };
  }

  /** A length and so many characters. */
  sourceName(): Node {
    const { cursor } = this;
    const length = cursor.number();
    if (length === 0) fail();
    const text = cursor.take(length);
    return nameOf(/^_GLOBAL_[._$]N/.test(text) ? "(anonymous namespace)" : text);
  }

  /** `L … E`. */
  literal(): Node {
    const { cursor } = this;
    cursor.expect("L");
    if (cursor.accept("_Z") || cursor.accept("Z")) {
      const target = this.encoding(false);
      cursor.expect("E");
      return target;
    }
    const type = this.type();
    const negative = cursor.accept("n");
    const start = cursor.at;
    while (cursor.peek() !== "E") cursor.take(1);
    const value = cursor.text.slice(start, cursor.at);
    cursor.expect("E");
    if (value === "" && type.kind === "builtin" && type.text === "decltype(nullptr)") {
      return { kind: "literal", type, value: "0", negative: false };
    }
    return { kind: "literal", type, value, negative };
  }
}
