/** The state of the Itanium parser: where it is, what it may refer back to, and how much work is left to it. */
import { fail, type ForwardNode, type Node } from "./nodes.ts";

/** Deeper nesting than this is no compiler's. */
const MAX_DEPTH = 256;
/** Nodes made for one name. */
const MAX_NODES = 200_000;

export class Cursor {
  readonly text: string;
  at = 0;
  /** What `S_`, `S0_`, … stand for. */
  readonly substitutions: Node[] = [];
  /** What `T_`, `T0_`, … stand for. */
  templateArguments: Node[] = [];
  /** Uses of template parameters whose arguments come later. */
  readonly forwards: ForwardNode[] = [];
  forwardsAllowed = false;
  /** Number of the name, or of the lambda's parameters, that is being read. */
  context = 0;
  /** The name that the template arguments belong to. */
  argumentsContext = 0;
  #contexts = 0;
  /** Inside a lambda's parameters, where template parameters are `auto`. */
  lambdaDepth = 0;
  #depth = 0;
  #nodes = 0;

  constructor(text: string) {
    this.text = text;
  }

  /** The character at some distance, empty at the end. */
  peek(distance = 0): string {
    return this.text.charAt(this.at + distance);
  }

  get atEnd(): boolean {
    return this.at >= this.text.length;
  }

  starts(prefix: string): boolean {
    return this.text.startsWith(prefix, this.at);
  }

  /** Takes a text if it comes next. */
  accept(prefix: string): boolean {
    if (!this.starts(prefix)) return false;
    this.at += prefix.length;
    return true;
  }

  /** Takes a text that must come next. */
  expect(prefix: string): void {
    if (!this.accept(prefix)) fail();
  }

  take(length: number): string {
    const end = this.at + length;
    if (end > this.text.length) fail();
    const taken = this.text.slice(this.at, end);
    this.at = end;
    return taken;
  }

  /** Decimal digits; empty when there are none. */
  digits(): string {
    const start = this.at;
    while (isDigit(this.peek())) this.at++;
    return this.text.slice(start, this.at);
  }

  /** A decimal number that is not huge. */
  number(): number {
    const digits = this.digits();
    if (digits === "" || digits.length > 9) fail();
    return Number(digits);
  }

  /** `_` is 0, `0_` is 1, … */
  count(): number {
    const value = isDigit(this.peek()) ? this.number() + 1 : 0;
    this.expect("_");
    return value;
  }

  /** Runs a rule one level deeper. */
  nested<T>(rule: () => T): T {
    if (++this.#depth > MAX_DEPTH) fail();
    const result = rule();
    this.#depth--;
    return result;
  }

  /** Runs a rule in a context of its own. */
  inContext<T>(rule: () => T): T {
    const outer = this.context;
    this.context = ++this.#contexts;
    const result = rule();
    this.context = outer;
    return result;
  }

  /** Counts work. */
  spend(): void {
    if (++this.#nodes > MAX_NODES) fail();
  }

  remember(node: Node): Node {
    this.spend();
    this.substitutions.push(node);
    return node;
  }
}

export function isDigit(character: string): boolean {
  return character >= "0" && character <= "9" && character.length === 1;
}
