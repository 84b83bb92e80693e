/**
 * A graph as files of rules need it: each action as a program, words and named files, and the words that the actions
 * of one kind have in common. It knows neither make nor ninja; they turn `Part`s into their own text.
 */
import { isAbsolute, relative, resolve } from "node:path";
import { failure, type Failure } from "../base/failure.ts";
import { compareText, unique } from "../base/order.ts";
import { type Action, type Arg, type Artifact, type Graph, withoutNotes } from "../plan/graph.ts";

/** What an exporter is told besides the graph. */
export interface ExportOptions {
  /** Environment of the build: variables that its tools read are written down with their values. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Named in the first line: `retorch 0.1.0`. */
  readonly generator: string;
}

/** A piece of a word: text, a path relative to the root, a named folder, or a file that the rule names anyway. */
export type Part =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "path"; readonly text: string }
  /** A root that may become a variable, e.g. `TORCH`. */
  | { readonly kind: "root"; readonly name: string; readonly path: string }
  | {
      readonly kind: "file";
      readonly role: "source" | "output" | "objects";
      readonly text: string;
    };

/** One word of a command. `objects` stands for several. */
export type Word = readonly Part[];

/** An action with its files named as its command names them. */
export interface Step {
  readonly action: Action;
  /** The program and what starts it, as words. */
  readonly program: readonly string[];
  /** What follows the program. */
  readonly words: readonly Word[];
  /** The input that the command is about. */
  readonly source?: string;
  /** Objects of other actions that stand together in the command. */
  readonly objects: readonly string[];
  /** All that is read and known beforehand, source and objects included. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly depfile?: string;
  /** Folders whose files may be named in the dependency file. */
  readonly searched: readonly string[];
}

/** Steps of one kind, program and extension. */
export interface StepGroup {
  readonly extension: string;
  readonly kind: Action["kind"];
  readonly program: readonly string[];
  /** Words that each command begins with. */
  readonly head: readonly Word[];
  /** Words that each command ends with. */
  readonly tail: readonly Word[];
  readonly steps: readonly { readonly step: Step; readonly middle: readonly Word[] }[];
}

/** A graph in this form. */
export interface Steps {
  /** Folder in which relative names hold. */
  readonly root: string;
  readonly steps: readonly Step[];
  readonly groups: readonly StepGroup[];
  readonly artifacts: readonly {
    readonly artifact: Artifact;
    readonly built: string;
    readonly path: string;
  }[];
  /** Roots that occur in words. */
  readonly roots: readonly { readonly name: string; readonly path: string }[];
}

/** All files that the text of a build names, or that its dependency files will. */
export function namedFiles(steps: Steps): string[] {
  return unique([
    ...steps.steps.flatMap((step) => [
      ...step.inputs,
      ...step.outputs,
      ...(step.depfile === undefined ? [] : [step.depfile, ...step.searched]),
    ]),
    ...steps.artifacts.flatMap(({ built, path }) => [built, path]),
  ]);
}

/** A text with a line break, which neither make nor ninja can hand to a program. */
export function multilineText(steps: Steps, environment: readonly (readonly [string, string])[]): string | undefined {
  const texts = steps.steps.flatMap((step) => [...step.words.map(wordText), ...Object.values(step.action.env)]);
  return [...texts, ...environment.map(([, value]) => value)].find((text) => /[\r\n]/.test(text));
}

/** The failure for a file that the tool cannot name. */
export function unsupportedPath(tool: "make" | "ninja", path: string, character: string): Failure {
  const names: Readonly<Record<string, string>> = {
    "\t": "a tab",
    "\n": "a line break",
    "\r": "a carriage return",
  };
  const others =
    tool === "make" ? "`retorch export sh` or `retorch export ninja`" : "`retorch export sh` or `retorch export make`";
  return failure(
    "EXPORT_UNSUPPORTED_PATH",
    `${tool} cannot handle ${names[character] ?? `\`${character}\``} in \`${path}\``,
    {
      hint: `rename it, or use ${others}`,
    },
  );
}

/** The failure for a text with a line break. */
export function unsupportedValue(tool: "make" | "ninja", text: string): Failure {
  const shown = text.replaceAll(/\s+/g, " ").slice(0, 60);
  return failure("EXPORT_UNSUPPORTED_VALUE", `${tool} cannot handle the line break in \`${shown}\``, {
    hint: "use `retorch export sh`",
  });
}

/** The words of a text without anything named. */
function textWord(text: string): Word {
  return [{ kind: "text", text }];
}

/** What the program gets for this word. */
export function wordText(word: Word): string {
  return word.map((part) => (part.kind === "root" ? part.path : part.text)).join("");
}

/** The folder in which an exported build runs. */
export function exportRoot(graph: Graph): string {
  return graph.roots.find((root) => root.name === "$PROJECT")?.path ?? graph.actions[0]?.cwd ?? "/";
}

/** The variables that tools of the graph read, where they are set, sorted by name. */
export function environmentOf(actions: readonly Action[], options: ExportOptions): [string, string][] {
  const names = unique(actions.flatMap((action) => action.keyVariables)).sort(compareText);
  return names.flatMap((name) => {
    const value = options.variables[name];
    return value === undefined || value === "" ? [] : [[name, value] as [string, string]];
  });
}

/**
 * Brings a graph into this form.
 *
 * @param options.phonyHeaders Let compilers write a rule for each header, so that make lives with one that is gone.
 */
export function stepsOf(planned: Graph, options: { readonly phonyHeaders?: boolean } = {}): Steps {
  const graph = withoutNotes(planned);
  const root = exportRoot(graph);
  const names = fileNames(graph, root);
  const made = new Set(graph.actions.flatMap((action) => action.outputs));
  const folders = graph.roots
    .filter((folder) => folder.name !== "$BUILD")
    .map((folder) => ({ name: folder.name.replace(/^\$/, ""), path: folder.path }))
    .sort((a, b) => b.path.length - a.path.length);
  const steps = graph.actions.map((action) => {
    const step = stepOf(action, { root, names, made, folders });
    return options.phonyHeaders === true ? withPhonyHeaders(step) : step;
  });
  const used = new Set(
    steps.flatMap((step) =>
      step.words.flatMap((word) => word.flatMap((part) => (part.kind === "root" ? [part.name] : []))),
    ),
  );
  return {
    root,
    steps,
    groups: groupsOf(steps),
    artifacts: graph.artifacts.map((artifact) => ({
      artifact,
      built: names(artifact.built),
      path: names(artifact.path),
    })),
    roots: folders.filter((folder) => used.has(folder.name)).sort((a, b) => compareText(a.name, b.name)),
  };
}

/**
 * Names files as the commands write them, because a compiler repeats that spelling in its dependency files: a relative
 * and an absolute name of one file would be two files for make and ninja.
 */
function fileNames(graph: Graph, root: string): (path: string) => string {
  const written = new Map<string, string>();
  const roles = [["output"], ["input", "search", undefined]] as const;
  for (const wanted of roles) {
    for (const action of graph.actions) {
      for (const arg of action.command) {
        if (typeof arg === "string" || !(wanted as readonly (string | undefined)[]).includes(arg.role)) continue;
        const absolute = resolve(action.cwd, arg.path);
        // A relative name means something else in another folder.
        const name = action.cwd === root ? arg.path : absolute;
        if (!written.has(absolute)) written.set(absolute, name);
      }
    }
  }
  return (path) => {
    const known = written.get(path);
    if (known !== undefined) return known;
    const inside = relative(root, path);
    return inside === "" || inside.startsWith("..") || isAbsolute(inside) ? path : inside;
  };
}

interface StepContext {
  readonly root: string;
  readonly names: (path: string) => string;
  readonly made: ReadonlySet<string>;
  readonly folders: readonly { readonly name: string; readonly path: string }[];
}

function stepOf(action: Action, context: StepContext): Step {
  const { names } = context;
  const toolPaths = new Set(action.tools.map((tool) => tool.path));
  const programEnd = Math.max(
    action.command.findIndex((arg) => toolPaths.has(plainText(arg))),
    0,
  );
  const program = action.command.slice(0, programEnd + 1).map(plainText);
  const objects: string[] = [];
  const words: Word[] = [];
  let objectsClosed = action.source !== undefined;
  for (const arg of action.command.slice(programEnd + 1)) {
    const isObject = !objectsClosed && isMadeFile(arg, action, context.made);
    if (isObject) {
      if (objects.length === 0) words.push([]);
      objects.push(plainText(arg));
      words[words.length - 1] = [{ kind: "file", role: "objects", text: objects.join(" ") }];
      continue;
    }
    if (objects.length > 0) objectsClosed = true;
    words.push(wordOf(arg, action, context));
  }
  const source = action.source === undefined ? undefined : names(action.source);
  const inputs = action.inputs.map(names);
  return {
    action,
    program,
    words,
    ...(source === undefined ? {} : { source }),
    objects,
    inputs: unique(source === undefined ? inputs : [source, ...inputs]),
    outputs: action.outputs.map(names),
    searched: action.includeSearch.map(names),
    ...(action.depfile?.format === "make" ? { depfile: names(resolve(action.cwd, action.depfile.path)) } : {}),
  };
}

/** `-MD -MP` instead of `-MD`; gcc, clang and nvcc know it. */
function withPhonyHeaders(step: Step): Step {
  const texts = step.words.map(wordText);
  const at = texts.findIndex((text) => /^-MM?D$/.test(text));
  if (step.depfile === undefined || at < 0 || texts.includes("-MP")) return step;
  return {
    ...step,
    words: [...step.words.slice(0, at + 1), textWord("-MP"), ...step.words.slice(at + 1)],
  };
}

function plainText(arg: Arg): string {
  return typeof arg === "string" ? arg : `${arg.prefix ?? ""}${arg.path}${arg.suffix ?? ""}`;
}

/** Whether the word is just the name of a file that another action makes. */
function isMadeFile(arg: Arg, action: Action, made: ReadonlySet<string>): boolean {
  if (typeof arg === "string" || (arg.prefix ?? "") !== "" || (arg.suffix ?? "") !== "") return false;
  const path = resolve(action.cwd, arg.path);
  return made.has(path) && !action.outputs.includes(path);
}

function wordOf(arg: Arg, action: Action, context: StepContext): Word {
  if (typeof arg === "string") return textWord(arg);
  const before: Part[] = (arg.prefix ?? "") === "" ? [] : [{ kind: "text", text: arg.prefix ?? "" }];
  const after = arg.suffix ?? "";
  const around = (inner: Part, rest: string): Word => [
    ...before,
    inner,
    ...(rest + after === "" ? [] : [{ kind: "text", text: rest + after } as const]),
  ];
  const absolute = resolve(action.cwd, arg.path);
  if (absolute === action.source) return around({ kind: "file", role: "source", text: arg.path }, "");
  const [output] = action.outputs;
  if (output !== undefined && absolute.startsWith(output) && arg.path.length >= absolute.length - output.length) {
    const rest = absolute.slice(output.length);
    if (rest === "" || rest === ".d") {
      return around({ kind: "file", role: "output", text: arg.path.slice(0, arg.path.length - rest.length) }, rest);
    }
  }
  if (isAbsolute(arg.path)) {
    const folder = context.folders.find(({ path }) => arg.path === path || arg.path.startsWith(`${path}/`));
    if (folder !== undefined) {
      return around({ kind: "root", name: folder.name, path: folder.path }, arg.path.slice(folder.path.length));
    }
  }
  // Elsewhere a relative name means something else.
  return isAbsolute(arg.path) || action.cwd !== context.root
    ? textWord(plainText(arg))
    : around({ kind: "path", text: arg.path }, "");
}

/** Words that are followed by one that belongs to them, even where that one begins with a dash. */
export const takesNext =
  /^(?:-X(?:compiler|linker|ptxas|fatbin|nvlink|cudafe|clang|preprocessor|assembler|archive)|-mllvm|--(?:compiler|linker|ptxas|fatbin|nvlink|cudafe)-options)$/;

/** Puts a word together with those that belong to it. */
export function groupWords(words: readonly Word[]): Word[][] {
  const groups: Word[][] = [];
  let open = false;
  for (const word of words) {
    const text = wordText(word);
    const last = groups[groups.length - 1];
    const value =
      open || (!text.startsWith("-") && last?.length === 1 && /^-/.test(wordText(last[0] ?? [])) && !isFileWord(text));
    if (value && last !== undefined) last.push(word);
    else groups.push([word]);
    open = !open && takesNext.test(text);
  }
  return groups;
}

/** An object or library by path, which stands for itself wherever it stands. */
function isFileWord(text: string): boolean {
  return /\.(?:o|a|obj|lib|dylib|tbd|so(?:\.[\d.]+)?)$/.test(text);
}

/** Puts steps of one kind together and finds what their commands have in common. */
function groupsOf(steps: readonly Step[]): StepGroup[] {
  const groups = new Map<string, Step[]>();
  for (const step of steps) {
    const key = JSON.stringify([step.action.extension, step.action.kind, step.program]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [step]);
    else group.push(step);
  }
  return [...groups.values()].map((members) => {
    const lists = members.map((step) => step.words);
    const head = commonRun(lists);
    const rest = lists.map((words) => words.slice(head.length));
    const tail = commonRun(rest.map((words) => [...words].reverse())).reverse();
    const first = members[0];
    if (first === undefined) throw new Error("an empty group");
    return {
      extension: first.action.extension,
      kind: first.action.kind,
      program: first.program,
      head,
      tail,
      steps: members.map((step, index) => {
        const words = rest[index] ?? [];
        return { step, middle: words.slice(0, words.length - tail.length) };
      }),
    };
  });
}

/** The longest list that all begin with, without words that name a file of the rule or belong to such a word. */
function commonRun(lists: readonly (readonly Word[])[]): Word[] {
  const [first = []] = lists;
  const run: Word[] = [];
  for (const [index, word] of first.entries()) {
    if (word.some((part) => part.kind === "file")) break;
    const text = JSON.stringify(word);
    if (!lists.every((list) => JSON.stringify(list[index]) === text)) break;
    run.push(word);
  }
  while (run.length > 0 && /^-(?:c|o|x|MM?D|MP|MF|MT|MQ)$/.test(wordText(run[run.length - 1] ?? []))) run.pop();
  return run;
}
