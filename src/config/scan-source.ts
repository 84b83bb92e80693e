/**
 * Looks at the text of a C, C++ or CUDA source for what it is meant to become: a Python module, a library of operators,
 * a program. It does not preprocess: it knows comments, literals, `#if 0` and the macros of the same file, no more.
 */

/** What a source says of itself. */
export interface SourceFacts {
  /**
   * The Python modules that it defines. Undefined stands for a name that is given from outside
   * (`TORCH_EXTENSION_NAME`) or cannot be read off the text.
   */
  readonly modules: readonly (string | undefined)[];
  /** It registers operators. */
  readonly registersOperators: boolean;
  /** It declares a library of operators, rather than adding implementations to one. */
  readonly declaresLibrary: boolean;
  readonly hasMain: boolean;
}

const nothing: SourceFacts = { modules: [], registersOperators: false, declaresLibrary: false, hasMain: false };

const telling = /PYBIND11_MODULE|NB_MODULE|PyInit_|REGISTER_EXTENSION|TORCH_LIBRARY|RegisterOperators|\bmain\b/;

/** Reads a source. Macros that the build defines are given by name; those of the file win. */
export function scanSource(text: string, macros: ReadonlyMap<string, string> = new Map()): SourceFacts {
  const lines = spliceLines(text);
  if (!telling.test(lines)) return nothing;
  const { code, defines } = stripSource(lines);
  const nameOf = (argument: string): string | undefined => {
    let name = argument;
    for (let depth = 0; depth < 8; depth++) {
      const value = defines.get(name) ?? macros.get(name);
      if (value === undefined) break;
      if (!/^[\p{ID_Start}_$][\p{ID_Continue}$]*$/u.test(value)) return undefined;
      name = value;
    }
    return name === "TORCH_EXTENSION_NAME" ? undefined : name;
  };

  const modules: (string | undefined)[] = [];
  // REGISTER_EXTENSION(NAME) is the usual wrapper around PyInit_##NAME in projects that bind with TORCH_LIBRARY alone.
  const macro =
    /\b(?:PYBIND11_MODULE|NB_MODULE|REGISTER_EXTENSION)\s*\(\s*([\p{ID_Start}_$][\p{ID_Continue}$]*)?\s*([,)])?/gu;
  for (const [, argument, end] of code.matchAll(macro)) {
    modules.push(argument === undefined || end === undefined ? undefined : nameOf(argument));
  }
  for (const [, name] of code.matchAll(/\bPyInit_(\w+)\s*\(\s*(?:void)?\s*\)\s*(?:noexcept\s*)?\{/g)) {
    if (name !== undefined) modules.push(name);
  }
  return {
    modules: [...new Set(modules)],
    registersOperators: /\b(?:STABLE_)?TORCH_LIBRARY\w*\s*\(|\bRegisterOperators\b/.test(code),
    declaresLibrary: /\b(?:STABLE_)?TORCH_LIBRARY(?:_FRAGMENT|_EXPAND)?\s*\(/.test(code),
    hasMain: /\b(?:int|auto)\s+main\s*\(/.test(code),
  };
}

// One alternative a kind of token; numbers stand here because of the quotes in 1'000'000.
const tokens =
  /\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|(?<!\w)(?:u8|[uUL])?R"([^\s()\\]{0,16})\([\s\S]*?(?:\)\1"|$)|"(?:[^"\\\n]|\\.)*"|(?<![\w.])\.?\d(?:[eEpP][+-]|'(?=\w)|[\w.])*|'(?:[^'\\\n]|\\.)+'/g;

/** Lines that end with a backslash go on. */
function spliceLines(text: string): string {
  return text.replaceAll(/\\\r?\n/g, "");
}

/** A text (its lines joined) without comments, the content of literals, directives and what `#if 0` takes away. */
export function stripSource(text: string): {
  readonly code: string;
  /** Macros without parameters. */
  readonly defines: ReadonlyMap<string, string>;
} {
  const blank = text.replaceAll(tokens, (token) => {
    if (token.startsWith("/")) return " ";
    if (token.endsWith('"') || /^(?:u8|[uUL])?R"/.test(token)) return '""';
    return token.startsWith("'") ? "' '" : token;
  });
  const defines = new Map<string, string>();
  const live: string[] = [];
  // One entry for each open `#if`: `taken` lives but the branches after it do not; `over` is such a branch.
  const open: ("live" | "dead" | "taken" | "over")[] = [];
  const dead = (): boolean => open.includes("dead") || open.includes("over");
  for (const line of blank.split("\n")) {
    const directive = /^\s*#\s*(\w+)\s*(.*?)\s*$/.exec(line);
    if (directive === null) {
      if (!dead() && !/^\s*#/.test(line)) live.push(line);
      continue;
    }
    const [, name = "", rest = ""] = directive;
    if (name === "if") {
      if (/^\(?(?:0|false)\)?$/.test(rest)) open.push("dead");
      else open.push(/^\(?(?:1|true)\)?$/.test(rest) ? "taken" : "live");
    } else if (name === "ifdef" || name === "ifndef") {
      open.push("live");
    } else if (name === "else" || name.startsWith("elif")) {
      const before = open.pop();
      open.push(before === "taken" || before === "over" ? "over" : "live");
    } else if (name === "endif") {
      open.pop();
    } else if (name === "define" && !dead()) {
      const macro = /^([\p{ID_Start}_$][\p{ID_Continue}$]*)(?:\s+(.*))?$/u.exec(rest);
      if (macro?.[1] !== undefined && macro[2] !== undefined) defines.set(macro[1], macro[2].trim());
    }
  }
  return { code: live.join("\n"), defines };
}
