/**
 * Writes the nodes of a C++ name as text, in the words of binutils' `c++filt`, which are those of the linker's and the
 * loader's messages. Here are the expressions, as template arguments hold them.
 */
import { NamePrinter } from "./name-printer.ts";
import type { Node } from "./nodes.ts";

/** The text of a node. */
export function printNode(node: Node): string {
  const printer = new Printer();
  printer.print(node);
  return printer.text;
}

class Printer extends NamePrinter {
  protected override expression(node: Node): void {
    switch (node.kind) {
      case "literal":
        this.#literal(node.type, node.value, node.negative);
        return;
      case "unary":
        this.#unary(node);
        return;
      case "binary":
        this.#binary(node);
        return;
      case "conditional":
        this.sub(node.condition);
        this.put("?");
        this.sub(node.yes);
        this.put(" : ");
        this.sub(node.no);
        return;
      case "new":
        this.put("new ");
        if (node.placement.length > 0) {
          this.put("(");
          this.list(node.placement);
          this.put(") ");
        }
        this.print(node.type);
        if (node.initializer !== undefined) this.sub(node.initializer);
        return;
      case "cast":
        if (node.symbol === "") {
          this.put("(");
          this.print(node.type);
          this.put(")");
          this.sub(node.operand);
        } else {
          this.put(`${node.symbol}<`);
          this.print(node.type);
          this.put(">(");
          this.print(node.operand);
          this.put(")");
        }
        return;
      case "initializer-list":
        if (node.type !== undefined) this.print(node.type);
        this.put("{");
        this.list(node.elements);
        this.put("}");
        return;
      case "fold":
        this.#fold(node);
        return;
      case "pack-length": {
        const operand = this.#lengthOf(node.operand);
        this.put(String(operand));
        return;
      }
      default:
    }
  }

  #lengthOf(operand: Node): number {
    let node: Node | undefined = operand;
    if (node.kind === "forward") node = node.target;
    if (node?.kind === "parameter") node = node.argument;
    if (node?.kind !== "parameter-pack" && node?.kind !== "argument-pack") return 0;
    let length = 0;
    for (const element of node.elements)
      length += element.kind === "pack-expansion" ? this.#lengthOf(element.pattern) : 1;
    return length;
  }

  #unary(node: Extract<Node, { kind: "unary" }>): void {
    if (node.postfix) {
      this.sub(node.operand);
      this.put(node.symbol);
      return;
    }
    let { operand } = node;
    // The address of a function is written without its parameters.
    if (node.code === "ad" && operand.kind === "encoding" && operand.name.kind === "qualified") operand = operand.name;
    this.put(node.symbol);
    if (node.code === "gs") this.print(operand);
    else if (node.code === "st" || node.code === "nx") {
      this.put("(");
      this.print(operand);
      this.put(")");
    } else this.sub(operand);
  }

  #binary(node: Extract<Node, { kind: "binary" }>): void {
    // `>` would end the template arguments.
    if (node.symbol === ">") this.put("(");
    if (node.code === "cl" && node.left.kind === "encoding") this.sub(node.left.name);
    else this.sub(node.left);
    if (node.code === "ix") {
      this.put("[");
      this.print(node.right);
      this.put("]");
    } else {
      if (node.code !== "cl") this.put(node.symbol);
      this.sub(node.right);
    }
    if (node.symbol === ">") this.put(")");
  }

  #fold(node: Extract<Node, { kind: "fold" }>): void {
    this.apart(() => {
      this.put("(");
      if (node.code === "fl") this.put(`...${node.symbol}`);
      this.sub(node.first);
      if (node.code === "fr") this.put(`${node.symbol}...`);
      if (node.second !== undefined) {
        this.put(`${node.symbol}...${node.symbol}`);
        this.sub(node.second);
      }
      this.put(")");
    });
  }

  #literal(type: Node, value: string, negative: boolean): void {
    const sign = negative ? "-" : "";
    const style = type.kind === "builtin" ? type.literals : "cast";
    if (style === "plain") return this.put(`${sign}${value}`);
    if (style === "u" || style === "l" || style === "ul" || style === "ll" || style === "ull") {
      return this.put(`${sign}${value}${style}`);
    }
    if (style === "bool" && !negative && (value === "0" || value === "1")) {
      return this.put(value === "1" ? "true" : "false");
    }
    this.put("(");
    this.print(type);
    this.put(`)${sign}`);
    this.put(style === "float" ? `[${value}]` : value);
    return undefined;
  }
}
