/**
 * Reads as much of a mangled or demangled C++ name as a verdict needs: the components of its qualified name, what kind
 * of thing it is, and which form of `std::string` it uses. Works on names that a terminal cut off. It is no demangler:
 * that is `inspect/demangle.ts`.
 */

/** A C++ or C symbol, taken apart. */
export interface SymbolName {
  /** Without the leading underscore of Mach-O and without `__imp_`. */
  readonly name: string;
  readonly form: "itanium" | "msvc" | "text" | "c";
  /** Components, outermost first: `["c10", "Error", "Error"]`. */
  readonly path: readonly string[];
  /** What the symbol is when it is no function or variable. */
  readonly special?: "vtable" | "typeinfo" | "vtt" | "guard" | "thunk";
  /** Which `std::string` occurs in it. */
  readonly strings?: "cxx11" | "old" | "libc++";
  /** All identifiers that occur, parameters and template arguments included. */
  readonly words: readonly string[];
  /** Builtin template argument of the last component, as mangled: `l` in `data_ptr<long>`. */
  readonly templateArgument?: string;
}

const oldStringTypes = new Set(["Ss", "Sb", "Si", "So", "Sd"]);

/** Takes a symbol apart, whatever its form. */
export function readSymbol(raw: string): SymbolName {
  let name = raw.trim();
  if (name.startsWith("__imp_")) name = name.slice("__imp_".length);
  if (/^___?Z/.test(name)) name = name.replace(/^_+Z/, "_Z");
  if (name.startsWith("_Z")) return readItanium(name);
  if (/^\?/.test(name)) return readMsvc(name);
  if (/^[A-Za-z_$.][\w$.@]*$/.test(name)) {
    return { name, form: "c", path: [name], words: [name] };
  }
  return readText(name);
}

function readItanium(name: string): SymbolName {
  let position = 2;
  let special: SymbolName["special"];
  const two = name.slice(2, 4);
  if (two === "TV") special = "vtable";
  else if (two === "TI" || two === "TS") special = "typeinfo";
  else if (two === "TT") special = "vtt";
  else if (two === "GV") special = "guard";
  if (special !== undefined) position = 4;
  else if (two === "Th" || two === "Tv" || two === "Tc") {
    special = "thunk";
    const start = name.indexOf("_N", 4);
    position = start < 0 ? name.length : start + 1;
  }
  const path = itaniumPath(name, position);
  const { words, strings, hasTag } = walkItanium(name, position);
  const templateArgument = /I([a-z])E/.exec(name)?.[1];
  const usesNew = hasTag || words.includes("__cxx11");
  const found = usesNew ? "cxx11" : strings ? "old" : words.includes("__1") ? "libc++" : undefined;
  return {
    name,
    form: "itanium",
    path,
    words,
    ...(special === undefined ? {} : { special }),
    ...(found === undefined ? {} : { strings: found }),
    ...(templateArgument === undefined ? {} : { templateArgument }),
  };
}

/** The qualified name at `position`, template arguments left out. */
function itaniumPath(name: string, position: number): string[] {
  const path: string[] = [];
  let i = position;
  const nested = name[i] === "N";
  if (nested) {
    i++;
    while (/[rVKRO]/.test(name[i] ?? "")) i++;
  }
  if (name[i] === "Z") {
    i++;
    return itaniumPath(name, i);
  }
  while (i < name.length) {
    const char = name[i] ?? "";
    if (char >= "0" && char <= "9") {
      const read = readIdentifier(name, i);
      if (read === undefined) break;
      path.push(read.text);
      i = read.end;
    } else if (char === "S") {
      if (name[i + 1] === "t") {
        path.push("std");
        i += 2;
      } else if (/[absiod]/.test(name[i + 1] ?? "")) {
        path.push("std", name[i + 1] === "a" ? "allocator" : name[i + 1] === "s" ? "string" : "stream");
        i += 2;
      } else {
        const end = name.indexOf("_", i);
        if (end < 0) break;
        i = end + 1;
      }
    } else if (char === "I") {
      i = skipBalanced(name, i);
    } else if (char === "B") {
      const read = readIdentifier(name, i + 1);
      if (read === undefined) break;
      i = read.end;
    } else if (char === "L") {
      i++;
    } else if (char === "C" || (char === "D" && /[0-5]/.test(name[i + 1] ?? ""))) {
      const owner = path.at(-1);
      if (owner !== undefined) path.push(char === "C" ? owner : `~${owner}`);
      break;
    } else if (/^[a-z]{2}/.test(name.slice(i, i + 2))) {
      path.push(path.length === 0 ? operatorName(name.slice(i, i + 2)) : `operator ${name.slice(i, i + 2)}`);
      break;
    } else {
      break;
    }
    if (!nested && path.length > 0 && path[0] !== "std") break;
    if (!nested && path.length > 1) break;
  }
  return path;
}

function operatorName(code: string): string {
  return (
    { nw: "operator new", na: "operator new[]", dl: "operator delete", da: "operator delete[]" }[code] ??
    `operator ${code}`
  );
}

function readIdentifier(name: string, start: number): { text: string; end: number } | undefined {
  const digits = /^\d{1,5}/.exec(name.slice(start, start + 5))?.[0];
  if (digits === undefined) return undefined;
  const from = start + digits.length;
  const length = Number(digits);
  if (length === 0) return undefined;
  return { text: name.slice(from, from + length), end: Math.min(name.length, from + length) };
}

/** The position behind the `E` that closes the group opened at `start`. */
function skipBalanced(name: string, start: number): number {
  let depth = 0;
  let i = start;
  while (i < name.length) {
    const char = name[i] ?? "";
    if (char >= "0" && char <= "9") {
      const read = readIdentifier(name, i);
      i = read === undefined ? i + 1 : read.end;
      continue;
    }
    if (char === "S") {
      const substitution = /^S(?:[tabsiod]|[0-9A-Z]{0,3}_)/.exec(name.slice(i, i + 6))?.[0];
      i += substitution?.length ?? 1;
      continue;
    }
    if (char === "T" && /^T\d*_/.test(name.slice(i, i + 6))) {
      i = name.indexOf("_", i) + 1;
      continue;
    }
    if (char === "L") {
      const literal = /^L(?:[a-z]n?\d+E|_Z)/.exec(name.slice(i, i + 24))?.[0];
      if (literal !== undefined && literal !== "L_Z") {
        i += literal.length;
        continue;
      }
      depth++;
    } else if (char === "I" || char === "N" || char === "X" || char === "J" || char === "F") depth++;
    else if (char === "E") {
      depth--;
      if (depth === 0) return i + 1;
    }
    i++;
  }
  return name.length;
}

/** All identifiers, and whether an abbreviation of the old string classes occurs outside of them. */
function walkItanium(name: string, position: number): { words: string[]; strings: boolean; hasTag: boolean } {
  const words: string[] = [];
  let strings = false;
  let hasTag = false;
  let i = position;
  while (i < name.length) {
    const char = name[i] ?? "";
    if (char >= "0" && char <= "9") {
      const read = readIdentifier(name, i);
      if (read === undefined) {
        i++;
        continue;
      }
      words.push(read.text);
      if (name[i - 1] === "B" && read.text === "cxx11") hasTag = true;
      i = read.end;
      continue;
    }
    if (char === "S") {
      const substitution = /^S(?:[tabsiod]|[0-9A-Z]{0,3}_)/.exec(name.slice(i, i + 6))?.[0];
      if (substitution !== undefined) {
        if (substitution === "Ss" || substitution === "Sb") strings = true;
        else if (oldStringTypes.has(substitution)) words.push("std");
        i += substitution.length;
        continue;
      }
    }
    if (char === "T" && /^T\d+_/.test(name.slice(i, i + 6))) {
      i = name.indexOf("_", i) + 1;
      continue;
    }
    if (char === "L") {
      const literal = /^L[a-z]n?\d+E/.exec(name.slice(i, i + 24))?.[0];
      if (literal !== undefined) {
        i += literal.length;
        continue;
      }
    }
    i++;
  }
  return { words, strings, hasTag };
}

function readMsvc(name: string): SymbolName {
  const words = [...name.matchAll(/[A-Za-z_]\w+/g)].map((match) => match[0]);
  let head = name.slice(1);
  let special: SymbolName["special"];
  let last = "";
  const operator = /^\?(_?[0-9A-Z])/.exec(head);
  if (operator !== null && !head.startsWith("?$")) {
    const code = operator[1] ?? "";
    head = head.slice(1 + code.length);
    if (code === "0") last = "constructor";
    else if (code === "1") last = "destructor";
    else if (code === "_7") special = "vtable";
    else if (code === "_R") special = "typeinfo";
    else last = "operator";
  } else if (head.startsWith("?$")) {
    head = head.slice(2);
    const template = /^(\w+)@/.exec(head);
    last = template?.[1] ?? "";
    const arguments_ = head.indexOf("@@");
    const single = /^\w+@[A-Z_]{1,2}@(.*)$/.exec(head);
    head = single?.[1] ?? (arguments_ < 0 ? "" : head.slice(arguments_ + 2));
  }
  const end = head.indexOf("@@");
  const scope = (end < 0 ? head : head.slice(0, end)).split("@").filter((part) => /^[A-Za-z_]\w*$/.test(part));
  const path = scope.toReversed();
  if (last === "constructor") path.push(path.at(-1) ?? "");
  else if (last === "destructor") path.push(`~${path.at(-1) ?? ""}`);
  else if (last !== "") path.push(last);
  return { name, form: "msvc", path, words, ...(special === undefined ? {} : { special }) };
}

const specialWords: readonly (readonly [string, NonNullable<SymbolName["special"]>])[] = [
  ["vtable for ", "vtable"],
  ["typeinfo for ", "typeinfo"],
  ["typeinfo name for ", "typeinfo"],
  ["VTT for ", "vtt"],
  ["guard variable for ", "guard"],
  ["non-virtual thunk to ", "thunk"],
  ["virtual thunk to ", "thunk"],
];

/** A demangled name as linkers print it: `int __cdecl at::cuda::warp_size(void)`, `vtable for V`. */
function readText(text: string): SymbolName {
  let rest = text
    .replace(/^"|"$/g, "")
    .replace(/\(\?.*\)$/, "")
    .trim();
  let special: SymbolName["special"];
  for (const [words, kind] of specialWords) {
    if (rest.startsWith(words)) {
      special = kind;
      rest = rest.slice(words.length);
    }
  }
  const qualified = qualifiedName(rest);
  const words = [...text.matchAll(/[A-Za-z_]\w*/g)].map((match) => match[0]);
  const strings =
    /__cxx11::/.test(text) || /\[abi:cxx11\]/.test(text)
      ? "cxx11"
      : /std::__1::/.test(text)
        ? "libc++"
        : /\bstd::(?:string|basic_string<char, std::char_traits<char>, std::allocator<char> ?>)/.test(text) &&
            !/__cdecl|__thiscall/.test(text)
          ? "old"
          : undefined;
  return {
    name: text,
    form: "text",
    path: splitQualified(qualified),
    words,
    ...(special === undefined ? {} : { special }),
    ...(strings === undefined ? {} : { strings }),
  };
}

/** The name before the parameter list, without return type and calling convention. */
function qualifiedName(text: string): string {
  let depth = 0;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (char === "<") depth++;
    else if (char === ">") depth--;
    else if (depth === 0 && char === " ") {
      if (!/operator$/.test(text.slice(start, i))) start = i + 1;
    } else if (depth === 0 && char === "(") {
      if (text.startsWith("(anonymous namespace)", i)) i += "(anonymous namespace)".length - 1;
      else return text.slice(start, i);
    }
  }
  return text.slice(start);
}

function splitQualified(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let current = "";
  for (let i = 0; i < text.length; i++) {
    const char = text[i] ?? "";
    if (char === "<") depth++;
    else if (char === ">") depth--;
    else if (depth === 0 && char === ":" && text[i + 1] === ":") {
      parts.push(current);
      current = "";
      i++;
    } else if (depth === 0) current += char;
  }
  parts.push(current);
  return parts
    .map((part) =>
      part
        .replace(/\[abi:\w+\]/g, "")
        .replace(/^[*&]+/, "")
        .trim(),
    )
    .filter((part) => part !== "");
}
