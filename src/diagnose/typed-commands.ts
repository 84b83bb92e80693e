/**
 * Commands that somebody typed to compile: CMake's, make's, and a compiler that is called by hand. So that a fix gives them
 * again, changed where that is the fix. Reads one line at a time. What a build tool prints of its own commands is none of them.
 */

export interface TypedFacts {
  /** CMake configures: `cmake -S . -B build -DCMAKE_CUDA_ARCHITECTURES=86`. */
  readonly typedConfigure?: string;
  /** And builds: `cmake --build build -j8`, `make -j4`, `ninja -C build`. */
  readonly typedBuildStep?: string;
  /** A compiler that is called by hand: `nvcc -O3 -arch=sm_80 -c k.cu`. */
  readonly typedCompile?: string;
  /** The kind of the last of them. */
  readonly typedLast?: "configure" | "build" | "compile";
}

/** `kim@ws:~/a$ `, `(venv) $ `, `+ `, `Run `. */
const prompt =
  /^(?:\([\w .@/~-]{1,60}\) ?)*(?:\[?[\w.-]+@[\w.-]+(?:[: ][^$#%>❯]{0,120})?\]?|[~/][^$#%>❯\s]{0,120}|)(?:[$%❯➜] ?|(?<=[\w\]/~:.-])[#>] ?|(?<=^)# |\+ )(?=\S)/;
const mostRead = 1_000;

/** The commands of a line, as a shell parts them. */
function commandsOf(line: string): string[] {
  const commands: string[] = [];
  let start = 0;
  let depth = 0;
  let quote = "";
  for (let at = 0; at < line.length; at++) {
    const letter = line[at] ?? "";
    if (letter === "\\") at++;
    else if (quote !== "") {
      if (letter === quote) quote = "";
    } else if (letter === '"' || letter === "'" || letter === "`") quote = letter;
    else if (letter === "(") depth++;
    else if (letter === ")") depth--;
    else if (depth === 0 && /[;&|]/.test(letter) && line[at - 1] !== ">") {
      commands.push(line.slice(start, at));
      start = at + 1;
    } else if (depth === 0 && letter === "#" && line[at - 1] === " ") {
      commands.push(line.slice(start, at));
      return commands;
    }
  }
  // What is open at its end goes on in the next line.
  if (quote === "" && depth === 0 && !line.endsWith("\\")) commands.push(line.slice(start));
  return commands;
}

const variables = /^(?:sudo |time |(?:[A-Z_][A-Z\d_]*=(?:"[^"]*"|'[^']*'|\S*) )+)*/;
const kinds: readonly (readonly [NonNullable<TypedFacts["typedLast"]>, RegExp])[] = [
  ["build", /^(?:cmake3? --build \S|g?make(?= -|$)|g?make \w+$|ninja(?= -|$))/],
  ["configure", /^cmake3? (?!--(?:build|install|version|help)\b)(?=.*(?<=\s)(?:-[SBDG]|--preset|\.{1,2}\/?(?:\s|$)))/],
  [
    "compile",
    /^(?:\/\S+\/)?(?:nvcc|hipcc|g\+\+|gcc|c\+\+|clang(?:\+\+)?)(?:-\d+)? (?=.*(?:-|\S\.(?:cu|cpp|cc|cxx|c|hip|o)\b))(?!--?v(?:ersion)?\b)/,
  ],
];
/** A sentence that begins with the name of a tool. */
const prose = / (?:fails?|failed|errors?|gives?|says|and|with the|is|was|does|cannot)(?: |$)/;

/** Gathers them line by line. */
export class TypedReader {
  readonly #found: { -readonly [Kind in "configure" | "build" | "compile"]?: string } = {};
  #last: TypedFacts["typedLast"];

  line(text: string): void {
    if (text.length > mostRead || !/cmake|make|ninja|nvcc|hipcc|g\+\+|gcc|c\+\+|clang/.test(text)) return;
    const before = prompt.exec(text)?.[0];
    const typed = before !== undefined || /^(?:cmake3? |nvcc -|hipcc -)/.test(text);
    if (!typed || (before === undefined && prose.test(text))) return;
    for (const written of commandsOf(text.slice(before?.length ?? 0))) {
      const command = written.replace(/\s+\d?>+\s?(?:&\d?|\S+)?\s*$/, "").trim();
      const bare = command.replace(variables, "");
      const kind = kinds.find(([, form]) => form.test(bare))?.[0];
      if (kind === undefined || /[<>]\S/.test(bare.replaceAll(/["'`].*?["'`]/g, ""))) continue;
      this.#found[kind] = command;
      this.#last = kind;
    }
  }

  facts(): TypedFacts {
    const { configure, build, compile } = this.#found;
    return {
      ...(configure === undefined ? {} : { typedConfigure: configure }),
      ...(build === undefined ? {} : { typedBuildStep: build }),
      ...(compile === undefined ? {} : { typedCompile: compile }),
      ...(this.#last === undefined ? {} : { typedLast: this.#last }),
    };
  }
}
