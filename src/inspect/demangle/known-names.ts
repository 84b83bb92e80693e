/** Names that the Itanium C++ ABI has short forms or words of its own for. */
import { nameOf, type Node } from "./nodes.ts";

/** The namespace `std`. */
export const STD = nameOf("std");

/** A name in it. */
export function inStd(name: Node): Node {
  return { kind: "qualified", scope: STD, name };
}

function stdTemplate(name: string, args: readonly Node[]): Node {
  return inStd({ kind: "template", name: nameOf(name), args });
}

const CHAR: Node = { kind: "builtin", text: "char", literals: "cast" };
const TRAITS = stdTemplate("char_traits", [CHAR]);

/** What `Sa`, `Sb`, … stand for, written out in full, and the name of their constructors. */
export const ABBREVIATIONS: Readonly<Record<string, Node>> = {
  a: inStd(nameOf("allocator")),
  b: inStd(nameOf("basic_string")),
  s: stdTemplate("basic_string", [CHAR, TRAITS, stdTemplate("allocator", [CHAR])]),
  i: stdTemplate("basic_istream", [CHAR, TRAITS]),
  o: stdTemplate("basic_ostream", [CHAR, TRAITS]),
  d: stdTemplate("basic_iostream", [CHAR, TRAITS]),
};

/** Symbols that belong to a type, and what they are called. */
export const SPECIAL_TYPES: Readonly<Record<string, string>> = {
  TV: "vtable for ",
  TT: "VTT for ",
  TI: "typeinfo for ",
  TS: "typeinfo name for ",
  TF: "typeinfo fn for ",
  TJ: "java Class for ",
};

/** Symbols that belong to a function or variable, and what they are called. */
export const SPECIAL_NAMES: Readonly<Record<string, string>> = {
  GV: "guard variable for ",
  TH: "TLS init function for ",
  TW: "TLS wrapper function for ",
};
