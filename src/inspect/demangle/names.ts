/** Names and whole symbols of the Itanium C++ ABI (https://itanium-cxx-abi.github.io/cxx-abi/abi.html#mangling). */
import { isDigit } from "./cursor.ts";
import { ABBREVIATIONS, inStd, SPECIAL_NAMES, SPECIAL_TYPES, STD } from "./known-names.ts";
import { fail, type FunctionSuffix, mapParameters, nameOf, type Node } from "./nodes.ts";
import { operatorOf } from "./operators.ts";
import { TypeParser, withoutVoid } from "./types.ts";

/** What reading a name found out about the function that it names. */
interface NameFacts {
  endsWithArguments: boolean;
  /** Constructors, destructors and conversions have no return type. */
  withoutReturnType: boolean;
  suffix: FunctionSuffix;
}

/** A whole symbol. */
export interface MangledSymbol {
  readonly node: Node;
  /** Length of the text up to the end of the name, before the parameters. */
  readonly nameEnd: number;
  readonly clones: readonly string[];
}

const NO_SUFFIX: FunctionSuffix = { qualifiers: [], reference: "" };

/** The function that holds a local name is written without its return type. */
function withoutReturnType(encoding: Node): Node {
  if (encoding.kind !== "encoding") return encoding;
  const { returnType: _dropped, ...rest } = encoding;
  return rest;
}

export class NameParser extends TypeParser {
  #nameEnd = 0;
  /** Nodes without template parameters. */
  readonly #closed = new Set<Node>();

  /** `_Z…`, with what compilers hang on behind a dot. */
  symbol(): MangledSymbol {
    const { cursor } = this;
    if (!cursor.accept("_Z")) cursor.expect("__Z");
    const node = this.encoding(true);
    const clones: string[] = [];
    while (!cursor.atEnd) {
      const rest = cursor.text.slice(cursor.at);
      const match = /^(?:\.[a-z0-9_]+)(?:\.\d+)*/.exec(rest)?.[0] ?? fail();
      clones.push(match);
      cursor.take(match.length);
    }
    return { node, nameEnd: this.#nameEnd, clones };
  }

  encoding(topLevel: boolean): Node {
    return this.cursor.nested(() => {
      const { cursor } = this;
      // Names inside refer to their own template arguments; around them, the outer ones count again.
      const [outer, outerContext] = [cursor.templateArguments, cursor.argumentsContext];
      const node = cursor.inContext(() => this.#encoding(topLevel));
      cursor.templateArguments = outer;
      cursor.argumentsContext = outerContext;
      return node;
    });
  }

  #encoding(topLevel: boolean): Node {
    const { cursor } = this;
    const first = cursor.peek();
    if (first === "T" || first === "G") {
      const special = this.#special();
      if (topLevel) this.#nameEnd = cursor.at;
      return special;
    }
    const facts: NameFacts = { endsWithArguments: false, withoutReturnType: false, suffix: NO_SUFFIX };
    const firstForward = cursor.forwards.length;
    const name = this.#name(facts);
    for (const forward of cursor.forwards.slice(firstForward)) {
      const target = cursor.templateArguments[forward.index] ?? fail();
      if (target.kind === "forward") fail();
      forward.target = target;
    }
    if (topLevel) this.#nameEnd = cursor.at;
    if (this.#endOfEncoding()) return name;
    if (cursor.accept("Ua9enable_ifI")) {
      while (!cursor.accept("E")) this.templateArgument();
    }
    const returnType = facts.endsWithArguments && !facts.withoutReturnType ? this.type() : undefined;
    const parameters: Node[] = [];
    while (!this.#endOfEncoding()) parameters.push(this.type());
    if (cursor.accept("Q")) this.expression();
    return {
      kind: "encoding",
      name,
      ...(returnType === undefined ? {} : { returnType }),
      parameters: withoutVoid(parameters),
      suffix: facts.suffix,
    };
  }

  #endOfEncoding(): boolean {
    const next = this.cursor.peek();
    return next === "" || next === "E" || next === "." || next === "_" || next === "Q";
  }

  #special(): Node {
    const { cursor } = this;
    const code = cursor.take(2);
    const ofType = Object.hasOwn(SPECIAL_TYPES, code) ? SPECIAL_TYPES[code] : undefined;
    if (ofType !== undefined) return { kind: "special", words: ofType, target: this.type() };
    const ofName = Object.hasOwn(SPECIAL_NAMES, code) ? SPECIAL_NAMES[code] : undefined;
    if (ofName !== undefined) return { kind: "special", words: ofName, target: this.#name(undefined) };
    switch (code) {
      case "Th":
      case "Tv":
        cursor.at--;
        this.#callOffset();
        return {
          kind: "special",
          words: code === "Th" ? "non-virtual thunk to " : "virtual thunk to ",
          target: this.encoding(false),
        };
      case "Tc":
        this.#callOffset();
        this.#callOffset();
        return { kind: "special", words: "covariant return thunk to ", target: this.encoding(false) };
      case "TC": {
        const inside = this.type();
        cursor.number();
        cursor.expect("_");
        return { kind: "special", words: "construction vtable for ", target: this.type(), inside };
      }
      case "TA":
        return { kind: "special", words: "template parameter object for ", target: this.templateArgument() };
      case "GR": {
        const target = this.#name(undefined);
        const number = this.#sequence();
        return { kind: "special", words: `reference temporary #${number} for `, target };
      }
      case "GA":
        return { kind: "special", words: "hidden alias for ", target: this.encoding(false) };
      case "GT": {
        const words = cursor.take(1) === "n" ? "non-transaction clone for " : "transaction clone for ";
        return { kind: "special", words, target: this.encoding(false) };
      }
      case "GI": {
        const target = this.sourceName();
        return { kind: "special", words: "initializer for module ", target };
      }
      default:
        return fail();
    }
  }

  /** `_` is 0, `0_` is 1, …, in base 36. */
  #sequence(): number {
    const { cursor } = this;
    if (cursor.accept("_")) return 0;
    const start = cursor.at;
    while (/[0-9A-Z]/.test(cursor.peek())) cursor.take(1);
    const text = cursor.text.slice(start, cursor.at);
    if (text === "" || text.length > 8) fail();
    cursor.expect("_");
    return Number.parseInt(text, 36) + 1;
  }

  #callOffset(): void {
    const { cursor } = this;
    const signed = (): void => {
      cursor.accept("n");
      if (cursor.digits() === "") fail();
      cursor.expect("_");
    };
    if (cursor.accept("h")) signed();
    else {
      cursor.expect("v");
      signed();
      signed();
    }
  }

  /** The name of a class or an enumeration. */
  typeName(): Node {
    return this.#name(undefined);
  }

  #name(facts: NameFacts | undefined): Node {
    const { cursor } = this;
    return cursor.nested(() => {
      cursor.spend();
      if (cursor.peek() === "N") return this.#nestedName(facts);
      if (cursor.peek() === "Z") return this.#localName(facts);
      if (cursor.peek() === "S" && cursor.peek(1) !== "t") {
        const known = this.substitution();
        if (cursor.peek() !== "I") return known;
        return this.#withArguments(known, facts);
      }
      const plain = this.#unscopedName(facts);
      if (cursor.peek() !== "I") return plain;
      return this.#withArguments(cursor.remember(plain), facts);
    });
  }

  #withArguments(name: Node, facts: NameFacts | undefined): Node {
    const args = this.templateArguments(facts !== undefined);
    if (facts !== undefined) facts.endsWithArguments = true;
    return { kind: "template", name, args };
  }

  #unscopedName(facts: NameFacts | undefined): Node {
    if (!this.cursor.accept("St")) return this.unqualifiedName(undefined, facts);
    return inStd(this.unqualifiedName(STD, facts));
  }

  #nestedName(facts: NameFacts | undefined): Node {
    const { cursor } = this;
    cursor.expect("N");
    const qualifiers = this.qualifiers().reverse();
    const reference = cursor.accept("O") ? "&&" : cursor.accept("R") ? "&" : "";
    if (facts !== undefined) facts.suffix = { qualifiers, reference };
    // An explicit object parameter: `this` is written as a parameter.
    cursor.accept("H");
    let scope: Node | undefined;
    let remembered = false;
    while (!cursor.accept("E")) {
      cursor.spend();
      if (facts !== undefined) facts.endsWithArguments = false;
      const next = cursor.peek();
      if (next === "S" && cursor.peek(1) !== "t" && scope === undefined) {
        scope = this.substitution();
        remembered = false;
        continue;
      }
      if (next === "T" && scope === undefined) scope = this.templateParameter();
      else if (next === "D" && /[tT]/.test(cursor.peek(1)) && scope === undefined) {
        scope = this.type();
        remembered = true;
        continue;
      } else if (next === "I") scope = this.#withArguments(scope ?? fail(), facts);
      else if (next === "M") {
        // What precedes is a member whose initialiser holds a lambda; it is remembered already.
        cursor.take(1);
        continue;
      } else if (scope === undefined && cursor.accept("St")) scope = inStd(this.unqualifiedName(STD, facts));
      else {
        const name = this.unqualifiedName(scope, facts);
        scope = scope === undefined ? name : { kind: "qualified", scope, name };
      }
      cursor.remember(scope);
      remembered = true;
    }
    // The whole is remembered by who asked for it, or not at all.
    if (remembered) cursor.substitutions.pop();
    return scope ?? fail();
  }

  #localName(facts: NameFacts | undefined): Node {
    const { cursor } = this;
    cursor.expect("Z");
    const encoding = withoutReturnType(this.encoding(false));
    cursor.expect("E");
    if (cursor.accept("s")) {
      this.#discriminator();
      return { kind: "local", encoding, name: nameOf("string literal") };
    }
    if (cursor.accept("d")) {
      const defaultArgument = cursor.count() + 1;
      const name = this.#name(facts);
      return { kind: "local", encoding, name, defaultArgument };
    }
    const name = this.#name(facts);
    this.#discriminator();
    return { kind: "local", encoding, name };
  }

  #discriminator(): void {
    const { cursor } = this;
    if (cursor.peek() !== "_") return;
    if (isDigit(cursor.peek(1))) {
      cursor.take(2);
    } else if (cursor.peek(1) === "_" && isDigit(cursor.peek(2))) {
      cursor.take(2);
      cursor.digits();
      cursor.expect("_");
    }
  }

  unqualifiedName(scope: Node | undefined, facts?: NameFacts): Node {
    const { cursor } = this;
    cursor.spend();
    // Names of modules are written, but not here.
    while (cursor.accept("W")) {
      cursor.accept("P");
      this.sourceName();
    }
    cursor.accept("F");
    cursor.accept("L");
    let name = this.#bareName(scope, facts);
    while (cursor.accept("B")) {
      const tag = this.sourceName();
      name = { kind: "tagged", name, tag: tag.kind === "name" ? tag.text : fail() };
    }
    return name;
  }

  #bareName(scope: Node | undefined, facts: NameFacts | undefined): Node {
    const { cursor } = this;
    const next = cursor.peek();
    if (isDigit(next)) return this.sourceName();
    if (next === "U") return this.#unnamed();
    if (next === "C" || (next === "D" && cursor.peek(1) !== "C")) {
      return this.#structor(scope ?? fail(), facts);
    }
    if (cursor.accept("DC")) {
      const names: string[] = [];
      while (!cursor.accept("E")) {
        const part = this.sourceName();
        names.push(part.kind === "name" ? part.text : fail());
      }
      return nameOf(`[${names.join(", ")}]`);
    }
    if (cursor.accept("cv")) {
      if (facts !== undefined) facts.withoutReturnType = true;
      return { kind: "conversion", type: this.conversionType() };
    }
    if (cursor.accept("li")) {
      const name = this.sourceName();
      return { kind: "wrapped", before: 'operator"" ', inner: name, after: "" };
    }
    if (/^v\d$/.test(next + cursor.peek(1))) {
      cursor.take(2);
      return { kind: "wrapped", before: "operator ", inner: this.sourceName(), after: "" };
    }
    const operator = operatorOf(cursor.take(2)) ?? fail();
    return { kind: "operator", symbol: operator.symbol };
  }

  #structor(scope: Node, facts: NameFacts | undefined): Node {
    const { cursor } = this;
    const letter = cursor.take(1);
    const inherited = letter === "C" && cursor.accept("I");
    if (!/[0-9]/.test(cursor.take(1))) fail();
    // The class whose constructor it was is not written.
    if (inherited) this.type();
    if (facts !== undefined) facts.withoutReturnType = true;
    return { kind: "structor", destructor: letter === "D", className: scope };
  }

  #unnamed(): Node {
    const { cursor } = this;
    if (cursor.accept("Ut")) return nameOf(`{unnamed type#${cursor.count() + 1}}`);
    if (cursor.accept("Ub")) return nameOf(`{block#${cursor.count() + 1}}`);
    cursor.expect("Ul");
    cursor.lambdaDepth++;
    const head: string[] = [];
    while (cursor.peek() === "T" && /[ynptk]/.test(cursor.peek(1))) head.push(this.#templateHead(head.length));
    const parameters: Node[] = [];
    cursor.inContext(() => {
      while (!cursor.accept("E")) parameters.push(this.type());
    });
    cursor.lambdaDepth--;
    const number = cursor.count() + 1;
    return { kind: "lambda", head, parameters: withoutVoid(parameters), number };
  }

  /** A declared template parameter of a lambda. */
  #templateHead(index: number): string {
    const { cursor } = this;
    const code = cursor.take(2);
    if (code === "Ty") return `typename $T${index}`;
    if (code === "Tp") return `${this.#templateHead(index)}...`;
    if (code === "Tn") {
      this.type();
      return `$N${index}`;
    }
    if (code === "Tk") {
      this.#name(undefined);
      return `typename $T${index}`;
    }
    if (code !== "Tt") fail();
    while (!cursor.accept("E")) this.#templateHead(0);
    return `template<> $TT${index}`;
  }

  /** What was remembered elsewhere, with the template parameters of here. */
  #inThisContext(node: Node): Node {
    const { cursor } = this;
    if (this.#closed.has(node)) return node;
    const { context } = cursor;
    let parameters = 0;
    const mapped = mapParameters(
      node,
      (parameter) => {
        parameters++;
        const { index } = parameter;
        if (parameter.context === context) return parameter;
        if (cursor.lambdaDepth > 0) return { kind: "parameter", index, context };
        const argument = cursor.argumentsContext === context ? cursor.templateArguments[index] : undefined;
        return argument === undefined ? parameter : { kind: "parameter", index, context, argument };
      },
      () => cursor.spend(),
    );
    if (parameters === 0) this.#closed.add(node);
    return mapped;
  }

  substitution(): Node {
    const { cursor } = this;
    cursor.expect("S");
    const letter = cursor.peek();
    const known = Object.hasOwn(ABBREVIATIONS, letter) ? ABBREVIATIONS[letter] : undefined;
    if (known === undefined) return this.#inThisContext(cursor.substitutions[this.#sequence()] ?? fail());
    cursor.take(1);
    let name: Node = known;
    if (cursor.peek() !== "B") return name;
    while (cursor.accept("B")) {
      const tag = this.sourceName();
      name = { kind: "tagged", name, tag: tag.kind === "name" ? tag.text : fail() };
    }
    return cursor.remember(name);
  }
}
