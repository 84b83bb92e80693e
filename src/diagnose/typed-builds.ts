/**
 * The command of a text that builds with make, CMake, ninja, `python -m build` or a script of the project's own: what is to
 * run again when something was changed; the program that was started; and what the compilers' lines tell of the build. pip's
 * commands and setup.py's are read elsewhere. It does not know whether the build would have gone well, nor in which folder
 * the command was given.
 */
import type { Match } from "./rule.ts";

export interface TypedBuild {
  readonly tool: "make" | "cmake" | "ninja" | "build" | "script";
  /** As it was typed: `make -j4`, `cmake --build build`. */
  readonly line: string;
}

export interface TypedBuildFacts {
  readonly typedBuild?: TypedBuild;
  /** The last program of Python's that was started: `python -c 'import ops'`. */
  readonly typedProgram?: string;
  /** A source that is compiled as C: `src/lz.c`. */
  readonly cSource?: string;
  /** The extension that setuptools builds: `pkg._core`. */
  readonly builtExtension?: string;
  /** A compiler's line asks for the old form of std::string: `-D_GLIBCXX_USE_CXX11_ABI=0`. */
  readonly oldStringsAsked: boolean;
  /** The clang that compiles by its number in the name: `19` of `clang++-19`. */
  readonly clangRelease?: string;
  /** clang compiles with -flto: its objects hold bitcode. */
  readonly clangLto: boolean;
}

/** What a shell, a CI service or `set -x` writes before a command. */
const prompt = /^(?:(?:[^`'"]{0,80}?[$#%❯✗➜»]|>|\+{1,3}|(?:##\[group\])?Run) +)(?=\S)/u;
const setting = "(?:[A-Za-z_]\\w*=(?:\"[^\"]*\"|'[^']*'|\\S+) )*";
const commands: readonly (readonly [TypedBuild["tool"], RegExp])[] = [
  ["cmake", new RegExp(`^${setting}cmake --build \\S.*$`)],
  ["ninja", new RegExp(`^${setting}ninja(?: .*)?$`)],
  ["make", new RegExp(`^${setting}g?make(?: (?!sure\\b).*)?$`)],
  ["build", new RegExp(`^${setting}\\S*(?:python[\\d.]*|py) -m build(?: .*)?$`)],
  ["script", /^(?:(?:bash|sh) (?:-\w+ )?\S+\.sh|\.\/\S+\.sh)(?: .*)?$/],
];
/** Without a prompt a line has to be a command through and through. */
const bare = /^(?:make|ninja)(?: (?:-\S+|[A-Z_]+=\S+|all|\d+))*$|^cmake --build \S+(?: --?\S+| \d+)*$/;
const makeFailed = /^make: \*\*\* \[(?:[Mm]akefile|GNUmakefile|\S+\.mk):\d+: (?!CMakeFiles)/;

/** Gathers them line by line. */
export class TypedBuildReader {
  #typed: TypedBuild | undefined;
  #make = false;
  #cmake = false;
  #program: string | undefined;
  #cSource: string | undefined;
  #extension: string | undefined;
  #oldStrings = false;
  #clang: string | undefined;
  #lto = false;

  line(text: string): void {
    this.#compiler(text);
    if (text.length < 400 && text.includes("ython")) {
      const program =
        /^(?:[^`'"]{0,80}?[$#%❯✗➜»]|>|\+{1,3}) +((?:[A-Z_]+=\S+ )*python[\d.]* (?!setup|-m (?:pip|build|venv)\b|-V|--version).+)$/u.exec(
          text.trim(),
        )?.[1];
      this.#program = program?.replace(/\s+(?:\d?>|\|).*$/, "") ?? this.#program;
    }
    if (text.length > 400 || !/make|ninja|build|\.sh/.test(text)) return;
    const line = text.trim();
    if (line.includes("CMakeFiles")) this.#cmake = true;
    else if (makeFailed.test(line)) this.#make = true;
    const start = prompt.exec(line)?.[0];
    if (start === undefined && !bare.test(line)) return;
    for (const part of line.slice(start?.length ?? 0).split(/\s*(?:&&|;)\s*/)) {
      const command = part.replace(/\s*(?:\d?>|\||\s#\s).*$/, "").trim();
      const tool = commands.find(([, form]) => form.test(command))?.[0];
      if (tool !== undefined && !/\b(?:clean|--version|-v$|install -d)\b/.test(command))
        this.#typed = { tool, line: command };
    }
  }

  #compiler(text: string): void {
    if (text.startsWith("building '")) this.#extension = /^building '([\w.]+)' extension/.exec(text)?.[1];
    if (text.includes("clang")) {
      this.#clang ??= /\bclang(?:\+\+)?-(\d{1,2})\b/.exec(text)?.[1];
      if (text.includes("-flto")) this.#lto ||= /\bclang\S* .*-flto\b/.test(text);
    }
    if (!text.includes(" -c ")) return;
    this.#cSource ??= / -c (\S+\.c)(?= |$)/.exec(text)?.[1];
    this.#oldStrings ||= text.includes("-D_GLIBCXX_USE_CXX11_ABI=0");
  }

  facts(): TypedBuildFacts {
    const typed = this.#typed ?? (this.#make && !this.#cmake ? { tool: "make" as const, line: "make" } : undefined);
    return {
      oldStringsAsked: this.#oldStrings,
      clangLto: this.#lto,
      ...(typed === undefined ? {} : { typedBuild: typed }),
      ...(this.#program === undefined ? {} : { typedProgram: this.#program }),
      ...(this.#cSource === undefined ? {} : { cSource: this.#cSource }),
      ...(this.#extension === undefined ? {} : { builtExtension: this.#extension }),
      ...(this.#clang === undefined ? {} : { clangRelease: this.#clang }),
    };
  }
}

/** Whether pip, or another installer, or setup.py builds in the text, and may have printed the commands that stand there. */
export function isBuiltByPython({ context: { log } }: Match): boolean {
  return log.setupCommand !== undefined || log.installer !== undefined || (log.installs ?? []).length > 0;
}

/** The command where nothing else of the text builds. */
export function typedBuild(match: Match): TypedBuild | undefined {
  return isBuiltByPython(match) ? undefined : match.context.log.typedBuild;
}

/** The same command, which compiles all again. */
export function typedBuildFromScratch({ tool, line }: TypedBuild): string {
  if (tool === "make") return line.replace(/(?<=^|\s)(g?make)(?=\s|$)/, "$1 -B");
  if (tool === "cmake") return line.includes("--clean-first") ? line : `${line} --clean-first`;
  if (tool === "ninja") return `${line} -t clean; ${line}`;
  return line;
}
