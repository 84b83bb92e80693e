/**
 * The build as a CMakeLists.txt with real targets: one library or program for each extension, with its flags as
 * properties, so that editors and `find_package` users can go on from there. The compilers get the words of the planned
 * commands; CMake decides their order within what does not matter. A build with steps that CMake has no targets for is
 * refused rather than half written. What comes out is the same to the byte but where a header that was found through
 * `-I.` writes down its own name (`x.h` instead of `./x.h`) and where debug information names the folder of the build.
 */
import { basename, dirname, isAbsolute, relative } from "node:path";
import { failure, type Failure } from "../base/failure.ts";
import { unique } from "../base/order.ts";
import { err, ok, type Result } from "../base/result.ts";
import type { Graph } from "../plan/graph.ts";
import { VariableNames } from "./names.ts";
import {
  environmentOf,
  groupWords,
  stepsOf,
  takesNext,
  wordText,
  type ExportOptions,
  type Step,
  type Steps,
  type Word,
} from "./steps.ts";

type Language = "CXX" | "C" | "CUDA";

/** The graph as text of a `CMakeLists.txt` that stands in the project folder. */
export function cmakeLists(graph: Graph, options: ExportOptions): Result<string> {
  const all = stepsOf(graph);
  const problem = findProblem(all, environmentOf(graph.actions, options));
  if (problem !== undefined) return err(problem);
  const links = all.steps.filter((step) => step.action.kind === "link");
  const compiles = all.steps.filter((step) => step.action.kind !== "link");
  const writer = new CMakeWriter(all, options);

  // The C++ compiler links, whatever was compiled.
  const languages = unique<Language>([...compiles.map(languageOf), ...(links.length > 0 ? (["CXX"] as const) : [])]);
  const first = links[0]?.action.extension ?? "extensions";
  const lines = [
    `# Written by ${options.generator.replaceAll(/[\r\n]+/g, " ")}: the same build for CMake.`,
    "# It stands alone and may be edited: cmake -S . -B build && cmake --build build",
    "",
    "cmake_minimum_required(VERSION 3.21)",
    ...writer.compilerLines(compiles, links),
    `project(${identifier(first)} LANGUAGES ${languages.join(" ")})`,
    "",
    "# The flags below are complete: nothing is added from the environment or by default.",
    ...languages.map((language) => `set(CMAKE_${language}_FLAGS "")`),
    'set(CMAKE_BUILD_TYPE "" CACHE STRING "" FORCE)',
    "set(CMAKE_SKIP_RPATH ON)",
    ...languages.map((language) => `set(CMAKE_${language}_STANDARD_LIBRARIES "")`),
    'set(CMAKE_MODULE_LINKER_FLAGS "")',
    'set(CMAKE_EXE_LINKER_FLAGS "")',
    ...(languages.includes("CUDA")
      ? ['set(CMAKE_CUDA_IMPLICIT_LINK_LIBRARIES "")', 'set(CMAKE_CUDA_IMPLICIT_LINK_DIRECTORIES "")']
      : []),
    "",
    ...writer.rootLines(),
  ];
  for (const link of links) lines.push(...writer.target(link, compiles));
  const [shared] = writer.ambiguous;
  if (shared !== undefined) {
    return err(
      failure("EXPORT_UNSUPPORTED_ACTION", `CMake cannot give \`${shared}\` other flags in each extension`, {
        hint: "use `retorch export ninja`, `retorch export make` or `retorch export sh`",
      }),
    );
  }
  return ok(`${lines.join("\n")}\n`);
}

function languageOf(step: Step): Language {
  if (step.action.kind === "compile-cuda") return "CUDA";
  return /\.c$/.test(step.source ?? "") ? "C" : "CXX";
}

/** Why the build cannot be written for CMake. */
function findProblem(all: Steps, environment: readonly (readonly [string, string])[]): Failure | undefined {
  for (const step of all.steps) {
    const { action } = step;
    const known = action.kind === "compile" || action.kind === "compile-cuda" || action.kind === "link";
    if (!known || (action.kind !== "link" && step.source === undefined)) {
      return failure("EXPORT_UNSUPPORTED_ACTION", `CMake has no target for \`${action.description}\``, {
        hint: "use `retorch export ninja`, `retorch export make` or `retorch export sh`",
      });
    }
    for (const file of [...(step.source === undefined ? [] : [step.source]), ...step.searched]) {
      const character = /[;\\[\]\r\n"'$#%*?|<>`^&=]/.exec(file)?.[0];
      if (character !== undefined) {
        return failure("EXPORT_UNSUPPORTED_PATH", `CMake cannot handle ${JSON.stringify(character)} in \`${file}\``, {
          hint: "rename it, or use `retorch export sh`",
        });
      }
    }
    const texts = [...step.words.map(wordText), ...Object.values(action.env), ...environment.map(([, value]) => value)];
    const text = texts.find((candidate) => /[\r\n]|\$</.test(candidate));
    if (text !== undefined) {
      return failure(
        "EXPORT_UNSUPPORTED_VALUE",
        `CMake cannot handle \`${text.replaceAll(/\s+/g, " ").slice(0, 60)}\``,
        {
          hint: "use `retorch export sh`",
        },
      );
    }
  }
  return undefined;
}

class CMakeWriter {
  readonly #all: Steps;
  readonly #options: ExportOptions;
  readonly #names = new VariableNames(["PROJECT"]);
  readonly #roots = new Map<string, string>();
  /** Sources of several targets that need flags of their own: CMake keeps those with the source, for all targets. */
  readonly ambiguous = new Set<string>();

  constructor(all: Steps, options: ExportOptions) {
    this.#all = all;
    this.#options = options;
    for (const { name } of all.roots) {
      this.#roots.set(name, name === "PROJECT" ? "CMAKE_CURRENT_SOURCE_DIR" : this.#names.take(`${name}_ROOT`));
    }
  }

  rootLines(): string[] {
    const others = this.#all.roots.filter(({ name }) => name !== "PROJECT");
    const lines = others.map(({ name, path }) => `set(${this.#roots.get(name)} ${quote(path)})`);
    return lines.length === 0 ? [] : [...lines, ""];
  }

  /** Compilers must be known before the project is. */
  compilerLines(compiles: readonly Step[], links: readonly Step[]): string[] {
    const lines: string[] = [];
    const seen = new Set<Language>();
    for (const step of compiles) {
      const language = languageOf(step);
      if (seen.has(language)) continue;
      seen.add(language);
      lines.push(...this.#toolLines(step, language, "COMPILER"));
      if (language === "CUDA") {
        const words = step.words.map(wordText);
        const ccbin = words[words.indexOf("-ccbin") + 1];
        if (words.includes("-ccbin") && ccbin !== undefined)
          lines.push(`set(CMAKE_CUDA_HOST_COMPILER ${quote(ccbin)})`);
        lines.push("set(CMAKE_CUDA_ARCHITECTURES OFF)", "set(CMAKE_CUDA_RUNTIME_LIBRARY None)");
      }
    }
    const [link] = links;
    if (link !== undefined && !seen.has("CXX")) lines.push(...this.#toolLines(link, "CXX", "COMPILER"));
    if (link !== undefined) lines.push(...this.#launcherLines(link, "CXX", "LINKER"));
    return lines;
  }

  #toolLines(step: Step, language: Language, role: "COMPILER" | "LINKER"): string[] {
    const program = step.program[step.program.length - 1] ?? "";
    return [`set(CMAKE_${language}_${role} ${quote(program)})`, ...this.#launcherLines(step, language, role)];
  }

  /** CMake has no environment for commands of targets: a launcher sets it. */
  #launcherLines(step: Step, language: Language, role: "COMPILER" | "LINKER"): string[] {
    const env = { ...Object.fromEntries(environmentOf([step.action], this.#options)), ...step.action.env };
    const assignments = Object.entries(env).map(([name, value]) => listItem(`${name}=${value}`));
    const before = step.program.slice(0, -1).map(listItem);
    const words = assignments.length === 0 ? before : ["${CMAKE_COMMAND}", "-E", "env", ...assignments, ...before];
    return words.length === 0
      ? []
      : [`set(CMAKE_${language}_${role}_LAUNCHER ${words.map((word) => `"${word}"`).join(" ")})`];
  }

  target(link: Step, compiles: readonly Step[]): string[] {
    const { extension } = link.action;
    const objects = new Set(link.objects);
    const members = compiles.filter((step) => step.outputs.some((output) => objects.has(output)));
    const [output = ""] = link.outputs;
    const artifact = this.#all.artifacts.find(({ built }) => built === output);
    const path = artifact?.path ?? output;
    const name = this.#names.take(identifier(extension));
    const shared = link.words.some((word) => /^-(?:shared|bundle|dynamiclib)$/.test(wordText(word)));
    const lines = [
      `# ${extension}`,
      `${shared ? `add_library(${name} MODULE` : `add_executable(${name}`}`,
      ...members.map((step) => `  ${quote(step.source ?? "")}`),
      ")",
      `set_target_properties(${name} PROPERTIES`,
      '  PREFIX ""',
      '  SUFFIX ""',
      `  OUTPUT_NAME ${quote(basename(path))}`,
      `  ${shared ? "LIBRARY" : "RUNTIME"}_OUTPUT_DIRECTORY ${this.#folder(dirname(path))}`,
      ...(shared ? ['  DEFINE_SYMBOL ""'] : []),
      "  POSITION_INDEPENDENT_CODE OFF",
      "  LINKER_LANGUAGE CXX",
      ")",
    ];
    for (const { action } of members) {
      if (action.responseFile === undefined) continue;
      const { path: file, content } = action.responseFile;
      const at = isAbsolute(file) ? quote(file) : `"\${CMAKE_CURRENT_SOURCE_DIR}/${file}"`;
      // Between brackets nothing has a meaning.
      lines.push(`file(WRITE ${at} [==[${content}]==])`);
    }
    lines.push(...this.#flags(name, members), ...this.#link(name, link), "");
    return lines;
  }

  /** What all sources of a language share goes to the target, the rest to the source. */
  #flags(target: string, members: readonly Step[]): string[] {
    const lines: string[] = [];
    for (const language of unique(members.map(languageOf))) {
      const own = members.filter((step) => languageOf(step) === language);
      const lists = own.map((step) => compileWords(step, language));
      const shared = commonPrefix(lists);
      const guard = unique(members.map(languageOf)).length > 1 ? language : undefined;
      lines.push(...this.#properties(target, shared, guard));
      for (const [index, step] of own.entries()) {
        const rest = lists[index]?.slice(shared.length) ?? [];
        if (rest.length === 0) continue;
        const source = step.source ?? "";
        if (this.#all.steps.filter((other) => other.source === source).length > 1) this.ambiguous.add(source);
        const items = groupWords(rest).map((group) => `  ${this.#option(group)}`);
        lines.push(
          `set_property(SOURCE ${quote(source)} TARGET_DIRECTORY ${target} APPEND PROPERTY COMPILE_OPTIONS`,
          ...items,
          ")",
        );
      }
    }
    return lines;
  }

  #properties(target: string, words: readonly Word[], guard: Language | undefined): string[] {
    const defines: string[] = [];
    const includes: string[] = [];
    const options: string[] = [];
    const groups = groupWords(words);
    const macros = groups
      .map((group) => /^-[DU]([^=]*)/.exec(wordText(group[0] ?? []))?.[1])
      .filter((name) => name !== undefined);
    // Where a macro is taken back or given twice, the order matters, which definitions of CMake do not keep.
    const ordered = new Set(macros).size < macros.length || words.some((word) => wordText(word).startsWith("-U"));
    const under = (text: string): string =>
      guard === undefined ? text : `$<$<COMPILE_LANGUAGE:${guard}>:${text.replaceAll(">", "$<ANGLE-R>")}>`;
    for (const group of groups) {
      const [word = []] = group;
      const text = wordText(word);
      const alone = group.length === 1;
      // CMake drops definitions with some characters (`#`); those go as they are.
      if (alone && !ordered && /^-D[A-Za-z_]\w*(?:=[\w.+-]*)?$/.test(text)) {
        defines.push(`  "${under(text.slice(2))}"`);
      } else if (alone && /^-I./.test(text)) {
        includes.push(`  "${under(this.#path(text.slice(2)))}"`);
      } else options.push(`  ${this.#option(group, under)}`);
    }
    const block = (command: string, items: readonly string[]): string[] =>
      items.length === 0 ? [] : [`${command}(${target} PRIVATE`, ...items, ")"];
    return [
      ...block("target_compile_definitions", defines),
      ...block("target_include_directories", includes),
      ...block("target_compile_options", options),
    ];
  }

  #link(target: string, link: Step): string[] {
    const at = link.words.findIndex((word) => word.some((part) => part.kind === "file" && part.role === "objects"));
    const isOutput = (word: Word, index: number, list: readonly Word[]): boolean =>
      word.some((part) => part.kind === "file" && part.role === "output") ||
      (wordText(word) === "-o" &&
        (list[index + 1] ?? []).some((part) => part.kind === "file" && part.role === "output"));
    const implied = /^-(?:shared|bundle|dynamiclib)$/;
    const before = link.words.slice(0, Math.max(at, 0)).filter((word, i, list) => !isOutput(word, i, list));
    const after = link.words.slice(at + 1).filter((word, i, list) => !isOutput(word, i, list));
    const options = groupWords(before.filter((word) => !implied.test(wordText(word)))).map(
      (group) => `  ${this.#option(group)}`,
    );
    const libraries: string[] = [];
    for (const group of groupWords(after.filter((word) => !implied.test(wordText(word))))) {
      // CMake hands these words to the shell as they are: what needs quotes goes where it quotes.
      const plain = group.every((word) => /^[A-Za-z0-9_@+:,./=-]+$/.test(wordText(word)));
      if (plain) libraries.push(...group.map((word) => `  "${this.#text(word)}"`));
      else options.push(`  ${this.#option(group)}`);
    }
    return [
      ...(options.length === 0 ? [] : [`target_link_options(${target} PRIVATE`, ...options, ")"]),
      ...(libraries.length === 0 ? [] : [`target_link_libraries(${target} PRIVATE`, ...libraries, ")"]),
    ];
  }

  /** Words that belong together, kept together: CMake drops words that it has seen before. */
  #option(group: readonly Word[], under: (text: string) => string = (text) => text): string {
    const [first = []] = group;
    if (group.length === 1) return `"${under(this.#text(first))}"`;
    return `"${under(`SHELL:${group.map((word) => this.#shellWord(word)).join(" ")}`)}"`;
  }

  /** A word as a shell reads it, inside quotes of CMake. */
  #shellWord(word: Word): string {
    const only = word.length === 1 ? word[0] : undefined;
    if (only?.kind === "text" && /^[A-Za-z0-9_@+:,./=-]+$/.test(only.text)) return only.text;
    const inner = word.map((part) => {
      if (part.kind === "root") return this.#root(part.name, part.path);
      if (part.kind === "path") return this.#path(part.text);
      return escapeText(part.text.replaceAll(/["\\]/g, "\\$&"));
    });
    return `\\"${inner.join("")}\\"`;
  }

  /** A word inside quotes of CMake, with its roots as variables. */
  #text(word: Word): string {
    return word
      .map((part) => {
        if (part.kind === "root") return this.#root(part.name, part.path);
        return part.kind === "path" ? this.#path(part.text) : escapeText(part.text);
      })
      .join("");
  }

  #root(name: string, path: string): string {
    const variable = this.#roots.get(name);
    return variable === undefined ? escapeText(path) : `\${${variable}}`;
  }

  #folder(path: string): string {
    return `"${this.#path(path)}"`;
  }

  /** A path inside quotes of CMake, relative ones below the project. */
  #path(path: string): string {
    if (path === ".") return "${CMAKE_CURRENT_SOURCE_DIR}";
    if (!isAbsolute(path)) return `\${CMAKE_CURRENT_SOURCE_DIR}/${escapeText(path)}`;
    for (const { name, path: root } of this.#all.roots) {
      const inside = relative(root, path);
      if (inside === "" || (!inside.startsWith("..") && !isAbsolute(inside))) {
        return `${this.#root(name, root)}${inside === "" ? "" : `/${escapeText(inside)}`}`;
      }
    }
    return escapeText(path);
  }
}

/** The words of a compile that say how, without files and what CMake adds by itself. */
function compileWords(step: Step, language: Language): Word[] {
  const words: Word[] = [];
  for (let at = 0; at < step.words.length; at++) {
    const word = step.words[at] ?? [];
    const text = wordText(word);
    if (word.some((part) => part.kind === "file")) continue;
    if (["-c", "-o", "-MD", "-MMD", "-MP", "-dc"].includes(text)) continue;
    if (text === "-MF" || text === "-MT" || text === "-MQ" || (language === "CUDA" && text === "-ccbin")) {
      at++;
      continue;
    }
    words.push(word);
  }
  const at = words.findIndex(
    (word) =>
      /^-f(?:file|macro)-prefix-map=/.test(wordText(word)) &&
      word.some((part) => part.kind === "root" && part.name === "PROJECT"),
  );
  const project = words[at]?.find((part) => part.kind === "root");
  if (project !== undefined) {
    // CMake names sources by their whole path; what the compiler writes down shall be relative to the project. Of
    // several maps the last one that fits counts, so that a torch inside the project keeps its own.
    const text = wordText(words[at] ?? []);
    const flag = text.slice(0, text.indexOf("=") + 1);
    words.splice(at + 1, 0, [{ kind: "text", text: flag }, project, { kind: "text", text: "/=" }]);
  }
  return words;
}

function commonPrefix(lists: readonly (readonly Word[])[]): Word[] {
  const [first = []] = lists;
  const length = first.findIndex(
    (word, at) => !lists.every((list) => JSON.stringify(list[at] ?? []) === JSON.stringify(word)),
  );
  const shared = length < 0 ? first.length : length;
  // Not between a word and its value.
  const last = first[shared - 1];
  return first.slice(0, last !== undefined && takesNext.test(wordText(last)) ? shared - 1 : shared);
}

function identifier(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9_]/g, "_");
}

/** Text inside quotes of CMake. */
function escapeText(text: string): string {
  return text.replaceAll(/["\\$]/g, "\\$&").replaceAll(";", "\\;");
}

function listItem(text: string): string {
  return escapeText(text);
}

function quote(text: string): string {
  return `"${escapeText(text)}"`;
}
