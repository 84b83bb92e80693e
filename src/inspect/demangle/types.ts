/** Types in mangled names. */
import { isDigit } from "./cursor.ts";
import { ExpressionParser } from "./expressions.ts";
import {
  type BuiltinNode,
  fail,
  type ForwardNode,
  type FunctionSuffix,
  type LiteralStyle,
  nameOf,
  type Node,
  type Qualifier,
} from "./nodes.ts";

const BUILTINS: Readonly<Record<string, readonly [string, LiteralStyle]>> = {
  a: ["signed char", "cast"],
  b: ["bool", "bool"],
  c: ["char", "cast"],
  d: ["double", "float"],
  e: ["long double", "float"],
  f: ["float", "float"],
  g: ["__float128", "float"],
  h: ["unsigned char", "cast"],
  i: ["int", "plain"],
  j: ["unsigned int", "u"],
  l: ["long", "l"],
  m: ["unsigned long", "ul"],
  n: ["__int128", "cast"],
  o: ["unsigned __int128", "cast"],
  s: ["short", "cast"],
  t: ["unsigned short", "cast"],
  v: ["void", "void"],
  w: ["wchar_t", "cast"],
  x: ["long long", "ll"],
  y: ["unsigned long long", "ull"],
  z: ["...", "cast"],
};

/** Those of two letters that begin with D. */
const D_BUILTINS: Readonly<Record<string, readonly [string, LiteralStyle]>> = {
  Da: ["auto", "cast"],
  Dc: ["decltype(auto)", "cast"],
  Dd: ["decimal64", "cast"],
  De: ["decimal128", "cast"],
  Df: ["decimal32", "cast"],
  Dh: ["half", "float"],
  Di: ["char32_t", "cast"],
  Dn: ["decltype(nullptr)", "cast"],
  Ds: ["char16_t", "cast"],
  Du: ["char8_t", "cast"],
};

function builtin([text, literals]: readonly [string, LiteralStyle]): BuiltinNode {
  return { kind: "builtin", text, literals };
}

const QUALIFIERS: Readonly<Record<string, Qualifier>> = { r: "restrict", V: "volatile", K: "const" };

/** Rules for types; those for names come with the heir. */
export abstract class TypeParser extends ExpressionParser {
  /** False while the type of a conversion operator is read: a following `I` belongs to the operator. */
  #argumentsAllowed = true;

  abstract typeName(): Node;
  abstract substitution(): Node;

  type(): Node {
    return this.cursor.nested(() => {
      this.cursor.spend();
      return this.#type();
    });
  }

  /** The type of a conversion operator. */
  conversionType(): Node {
    const { cursor } = this;
    const [argumentsAllowed, forwardsAllowed] = [this.#argumentsAllowed, cursor.forwardsAllowed];
    this.#argumentsAllowed = false;
    cursor.forwardsAllowed = true;
    const type = this.type();
    this.#argumentsAllowed = argumentsAllowed;
    cursor.forwardsAllowed = forwardsAllowed;
    return type;
  }

  /** Qualifiers in the order of the text: the first is the outermost. */
  qualifiers(): Qualifier[] {
    const found: Qualifier[] = [];
    for (;;) {
      const next = this.cursor.peek();
      const qualifier = next === "" ? undefined : QUALIFIERS[next];
      if (qualifier === undefined) return found;
      this.cursor.take(1);
      found.push(qualifier);
    }
  }

  #type(): Node {
    const { cursor } = this;
    const first = cursor.peek();
    const known = Object.hasOwn(BUILTINS, first) ? BUILTINS[first] : undefined;
    if (known !== undefined && first !== "r") {
      cursor.take(1);
      return builtin(known);
    }
    switch (first) {
      case "r":
      case "V":
      case "K":
        return this.#qualifiedType();
      case "U":
        return this.#vendorType();
      case "u":
        return this.#vendorBuiltin();
      case "D":
        return this.#dType();
      case "F":
        return cursor.remember(this.#functionType({ qualifiers: [], reference: "" }));
      case "A":
        return cursor.remember(this.#arrayType());
      case "M": {
        cursor.take(1);
        const owner = this.type();
        return cursor.remember({ kind: "member-pointer", owner, member: this.type() });
      }
      case "T":
        return this.#parameterType();
      case "P":
        cursor.take(1);
        return cursor.remember({ kind: "pointer", target: this.type() });
      case "R":
      case "O":
        cursor.take(1);
        return cursor.remember({ kind: "reference", target: this.type(), rvalue: first === "O" });
      case "C":
        cursor.take(1);
        return cursor.remember({ kind: "wrapped", before: "", inner: this.type(), after: " _Complex" });
      case "G":
        cursor.take(1);
        return cursor.remember({ kind: "wrapped", before: "", inner: this.type(), after: " _Imaginary" });
      case "S":
        if (cursor.peek(1) !== "t") return this.#substitutedType();
        break;
      default:
    }
    return cursor.remember(this.typeName());
  }

  #substitutedType(): Node {
    const { cursor } = this;
    const known = this.substitution();
    if (cursor.peek() !== "I" || !this.#argumentsAllowed) return known;
    return cursor.remember({ kind: "template", name: known, args: this.templateArguments(false) });
  }

  #parameterType(): Node {
    const { cursor } = this;
    const elaborated = { s: "struct ", u: "union ", e: "enum " }[cursor.peek(1)];
    if (elaborated !== undefined) {
      cursor.take(2);
      return cursor.remember({ kind: "wrapped", before: elaborated, inner: this.typeName(), after: "" });
    }
    const parameter = cursor.remember(this.templateParameter());
    if (cursor.peek() !== "I" || !this.#argumentsAllowed) return parameter;
    return cursor.remember({ kind: "template", name: parameter, args: this.templateArguments(false) });
  }

  #qualifiedType(): Node {
    const { cursor } = this;
    const qualifiers = this.qualifiers();
    const next = cursor.peek() + cursor.peek(1);
    if (cursor.peek() === "F" || ["Do", "DO", "Dw", "Dx"].includes(next)) {
      return cursor.remember(this.#functionType({ qualifiers: qualifiers.reverse(), reference: "" }));
    }
    let type = this.type();
    for (const qualifier of qualifiers.reverse()) type = { kind: "qualified-type", type, qualifier };
    return cursor.remember(type);
  }

  #vendorType(): Node {
    const { cursor } = this;
    // `Ul…` and `Ut…` are names of lambdas and of types without a name.
    if (!isDigit(cursor.peek(1))) return cursor.remember(this.typeName());
    cursor.take(1);
    let qualifier = this.sourceName();
    if (cursor.peek() === "I") qualifier = { kind: "template", name: qualifier, args: this.templateArguments(false) };
    return cursor.remember({ kind: "vendor-type", type: this.type(), qualifier });
  }

  #vendorBuiltin(): Node {
    const { cursor } = this;
    cursor.take(1);
    const name = this.sourceName();
    const type: Node = cursor.peek() === "I" ? { kind: "template", name, args: this.templateArguments(false) } : name;
    return cursor.remember(type);
  }

  #dType(): Node {
    const { cursor } = this;
    const code = cursor.peek() + cursor.peek(1);
    const known = Object.hasOwn(D_BUILTINS, code) ? D_BUILTINS[code] : undefined;
    if (known !== undefined) {
      cursor.take(2);
      return builtin(known);
    }
    switch (code) {
      case "DF": {
        cursor.take(2);
        const bits = cursor.digits();
        if (cursor.accept("b")) return builtin(["std::bfloat16_t", "float"]);
        const extended = cursor.accept("x");
        if (!extended) cursor.expect("_");
        return builtin([`_Float${bits}${extended ? "x" : ""}`, "float"]);
      }
      case "DB":
      case "DU": {
        cursor.take(2);
        const size: Node = isDigit(cursor.peek()) ? nameOf(cursor.digits()) : this.expression();
        cursor.expect("_");
        const sign = code === "DB" ? "signed" : "unsigned";
        return { kind: "wrapped", before: `${sign} _BitInt(`, inner: size, after: ")" };
      }
      case "Dt":
      case "DT": {
        cursor.take(2);
        const inner = this.expression();
        cursor.expect("E");
        return cursor.remember({ kind: "wrapped", before: "decltype (", inner, after: ")" });
      }
      case "Dv":
        return cursor.remember(this.#vectorType());
      case "Dp":
        cursor.take(2);
        return cursor.remember({ kind: "pack-expansion", pattern: this.type() });
      case "Do":
      case "DO":
      case "Dw":
      case "Dx":
        return cursor.remember(this.#functionType({ qualifiers: [], reference: "" }));
      default:
        return fail();
    }
  }

  #vectorType(): Node {
    const { cursor } = this;
    cursor.expect("Dv");
    let dimension: Node;
    if (isDigit(cursor.peek())) dimension = nameOf(cursor.digits());
    else {
      cursor.accept("_");
      dimension = this.expression();
    }
    cursor.expect("_");
    return { kind: "vector", dimension, element: this.type() };
  }

  #arrayType(): Node {
    const { cursor } = this;
    cursor.expect("A");
    let dimension: Node | undefined;
    if (isDigit(cursor.peek())) dimension = nameOf(cursor.digits());
    else if (cursor.peek() !== "_") dimension = this.expression();
    cursor.expect("_");
    const element = this.type();
    return { kind: "array", element, ...(dimension === undefined ? {} : { dimension }) };
  }

  #exceptions(): Node | undefined {
    const { cursor } = this;
    if (cursor.accept("Do")) return nameOf(" noexcept");
    if (cursor.accept("DO")) {
      const inner = this.expression();
      cursor.expect("E");
      return { kind: "wrapped", before: " noexcept(", inner, after: ")" };
    }
    if (!cursor.accept("Dw")) return undefined;
    const elements: Node[] = [];
    while (!cursor.accept("E")) elements.push(this.type());
    return { kind: "wrapped", before: " throw(", inner: { kind: "list", elements }, after: ")" };
  }

  #functionType(suffix: FunctionSuffix): Node {
    const { cursor } = this;
    const exceptions = this.#exceptions();
    const transactionSafe = cursor.accept("Dx");
    cursor.expect("F");
    cursor.accept("Y");
    const returnType = this.type();
    const parameters: Node[] = [];
    let reference: FunctionSuffix["reference"] = "";
    for (;;) {
      if (cursor.accept("E")) break;
      if (cursor.accept("RE")) {
        reference = "&";
        break;
      }
      if (cursor.accept("OE")) {
        reference = "&&";
        break;
      }
      parameters.push(this.type());
    }
    return {
      kind: "function",
      returnType,
      parameters: withoutVoid(parameters),
      suffix: { ...suffix, reference },
      ...(exceptions === undefined ? {} : { exceptions }),
      transactionSafe,
    };
  }

  templateParameter(): Node {
    const { cursor } = this;
    cursor.expect("T");
    if (cursor.accept("L")) {
      cursor.number();
      cursor.expect("_");
    }
    const index = cursor.count();
    const { context } = cursor;
    if (cursor.lambdaDepth > 0) return { kind: "parameter", index, context };
    const argument = cursor.templateArguments[index];
    if (argument !== undefined) return { kind: "parameter", index, context, argument };
    if (!cursor.forwardsAllowed) return fail();
    const forward: ForwardNode = { kind: "forward", index, target: undefined };
    cursor.forwards.push(forward);
    return forward;
  }

  templateArguments(own: boolean): readonly Node[] {
    const { cursor } = this;
    cursor.expect("I");
    const args: Node[] = [];
    const argumentsAllowed = this.#argumentsAllowed;
    this.#argumentsAllowed = true;
    if (own) {
      cursor.templateArguments = [];
      cursor.argumentsContext = cursor.context;
    }
    while (!cursor.accept("E")) {
      if (cursor.accept("Q")) {
        // A constraint: not part of what is written.
        this.expression();
        continue;
      }
      const argument = this.templateArgument();
      args.push(argument);
      if (own) {
        cursor.templateArguments.push(
          argument.kind === "argument-pack" ? { kind: "parameter-pack", elements: argument.elements } : argument,
        );
      }
    }
    this.#argumentsAllowed = argumentsAllowed;
    return args;
  }
}

/** `(void)` is how no parameters are mangled. */
export function withoutVoid(parameters: readonly Node[]): readonly Node[] {
  const [first] = parameters;
  const empty = parameters.length === 1 && first?.kind === "builtin" && first.text === "void";
  return empty ? [] : parameters;
}
