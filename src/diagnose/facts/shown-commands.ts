/**
 * How a text shows that a command was given: behind a prompt, in a cell of a notebook, in a step of a Dockerfile, in the log of
 * a CI service, traced by `set -x`, or between backticks in a sentence. It does not know what the commands do.
 */

/** Who was given a command. `prompt` stands for a shell that goes on when the command failed, and stays in its folder. */
export type Shell = "prompt" | "notebook" | "docker" | "ci" | "trace" | "sentence";

export interface Shown {
  readonly shell: Shell;
  /** What was given, as it is written. */
  readonly text: string;
  /** The folder that the prompt shows: `~/src/ops`, `C:\w\ops`. */
  readonly folder?: string;
  /** The text says of this very command that it failed. */
  readonly failed?: true;
  /** A command of the notebook itself, `%cd ops`, which holds for the cells that follow. */
  readonly magic?: true;
}

/** `process "/bin/sh -c cd ops && make" did not complete`, `The command '/bin/sh -c make' returned a non-zero code`. */
const failedStep =
  /\bprocess "\/bin\/(?:ba)?sh (?:-\w+ (?:pipefail )?)*-\w*c (.+)" did not complete|^The command '\/bin\/(?:ba)?sh (?:-\w+ )*-\w*c (.+)' returned a non-zero/;
/** Of docker, BuildKit, Buildah and podman, kaniko (`INFO[0210] RUN make`), Hugging Face's Spaces (`--> RUN make`). */
const step =
  /^(?:#\d+ )?(?:=?> |--> |INFO\[\d+\] )?(?:ERROR |CACHED )?(?:\[(?:[\w./-]+ ){0,2} ?\d+\/\d+\] |(?:Step|STEP) \d+\/\d+ ?: )?(?: *\d+ \| +)?(?:>>> +)?RUN (?:--\w+=\S+ )*(?=\S)/;
const cell = /^(?:In ?\[\d*\]: {0,3})?(?:! ?|%(?=(?:cd|pip|conda|env) ))(?=\S)/;
const ciStep = /^(?:##\[group\])?Run (?=\S)/;
const traced = /^\+{1,4} (?=\S)/;
const windows = /^(?:\([\w .@\\/:-]{1,60}\) ?)*(?:PS )?([A-Za-z]:\\[^<>|"*?]{0,160}?)> ?(?=\S)/;
const ofZsh = /^➜ +(\S+)(?: git:\([^)]{0,60}\))?(?: ✗)? +(?=\S)/u;
/** `kim@ws:~/a$ `, `(venv) $ `, `[kim@ws a]$ `, `~/a$ `, `# `. */
const prompt =
  /^(?:\([\w .@/~-]{1,60}\) ?)*(?:\[?[\w.-]+@[\w.-]+(?:[: ][^$#%>❯]{0,120})?\]?|[~/][^$#%>❯\s]{0,120}|)(?:[$%❯➜] ?|(?<=[\w\]/~:.-])[#>] ?|(?<=^)# )(?=\S)/u;
/** Any other that ends as prompts do. */
const otherPrompt = /^(?:[^`'"]{0,80}?[$#%❯✗➜»]|>) +(?=\S)/u;
const promptFolder =
  /^(?:\([^)]{1,60}\) ?)*\[?[\w.-]+@[\w.-]+(?::| )((?:~|\/)[\w./+@-]*)|^(?:\([^)]{1,60}\) ?)*((?:~|\/)[\w./+@-]*)[$#%❯] /;

/** A command that a line shows; undefined for a line that shows none. Without a prompt a caller has to know it by its form. */
export function shownIn(line: string): Shown | undefined {
  const failed = line.includes("sh -") ? failedStep.exec(line) : null;
  if (failed !== null) return { shell: "docker", text: failed[1] ?? failed[2] ?? "", failed: true };
  const forms: readonly (readonly [Shell, RegExp])[] = [
    ["docker", step],
    ["notebook", cell],
    ["ci", ciStep],
    ["trace", traced],
  ];
  for (const [shell, form] of forms) {
    const start = form.exec(line)?.[0];
    if (start !== undefined)
      return { shell, text: line.slice(start.length), ...(start.endsWith("%") ? { magic: true as const } : {}) };
  }
  const shown = windows.exec(line) ?? ofZsh.exec(line);
  if (shown !== null) {
    const folder = shown[1]?.startsWith("~") === false && !/^[A-Za-z]:/.test(shown[1]) ? undefined : shown[1];
    return { shell: "prompt", text: line.slice(shown[0].length), ...(folder === undefined ? {} : { folder }) };
  }
  const before = (prompt.exec(line) ?? otherPrompt.exec(line))?.[0];
  if (before === undefined) return undefined;
  const [, one, other] = promptFolder.exec(before) ?? [];
  const folder = one ?? other;
  return { shell: "prompt", text: line.slice(before.length), ...(folder === undefined ? {} : { folder }) };
}

/** Commands that a sentence has between backticks, with the folder that it names behind them: "`make` in `scene/ops`". */
export function quotedIn(line: string): readonly { readonly text: string; readonly folder?: string }[] {
  if (!line.includes("`")) return [];
  return Array.from(
    line.matchAll(
      /`([^`\n]{4,200})`(?: (?:in|from|inside|within|under) (?:the )?(?:folder |directory )?`([\w.~/-]*\/[\w.~/-]*)`)?/g,
    ),
    ([, text = "", folder]) => ({ text, ...(folder === undefined ? {} : { folder }) }),
  );
}

/** The commands of a line, as a shell parts them; `open` says that the last one goes on in the next line. */
export function partedCommands(line: string): { readonly commands: readonly string[]; readonly open: boolean } {
  const commands: string[] = [];
  let start = 0;
  let depth = 0;
  let quote = "";
  for (let at = 0; at < line.length; at++) {
    const letter = line[at] ?? "";
    if (letter === "\\" && !/[\w.]/.test(line[at + 1] ?? "")) at++;
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
      return { commands, open: false };
    }
  }
  const open = quote !== "" || depth > 0 || line.endsWith("\\");
  if (!open) commands.push(line.slice(start));
  return { commands, open };
}
