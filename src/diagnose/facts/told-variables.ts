/**
 * Variables that a text sets for its commands, and the command that it gives by sudo: in a shell, in a Dockerfile, in a step of a
 * CI service, in Python. Reads one line at a time; it does not know in which order they held, the last one counts.
 */
import { shownIn } from "./shown-commands.ts";

export interface ToldVariables {
  /** By their names, without quotes: `TORCH_EXTENSIONS_DIR` → `/cache/ext`. */
  readonly toldVariables: Readonly<Record<string, string>>;
  /** The last command behind a prompt that runs as root by sudo, as it was typed: `sudo ./build/infer a.pt`. */
  readonly sudoCommand?: string;
}

const value = String.raw`("[^"]{1,300}"|'[^']{1,300}'|[^\s"';&|]{1,300})`;
const exported = new RegExp(String.raw`(?:^|[\s;&$#>%])(?:export|setenv|ENV|-x) +((?:[A-Z][A-Z0-9_]+[= ]${value} ?)+)`);
const pair = new RegExp(String.raw`([A-Z][A-Z0-9_]+)[= ]${value}`, "g");
const ofPython =
  /\bos\.(?:environ\[["'](\w+)["']\] ?= ?["']([^"']{1,300})["']|putenv\(["'](\w+)["'], ?["']([^"']{1,300}))/;
/** Of these alone: many tools print names and values with a colon between. */
const ofYaml = /^\s*(TORCH_EXTENSIONS_DIR|TMPDIR|LD_LIBRARY_PATH|CUDA_HOME): ["']?([^\s"']{1,300})["']?$/;
const before = new RegExp(String.raw`^(?:env )?((?:[A-Z][A-Z0-9_]+=${value} )+)(?=\S)`);
const words = /export |setenv |ENV |environ|putenv|[A-Z]=|(?:_DIR|TMPDIR|_PATH|_HOME): /;
const mostKept = 60;

/** Gathers them line by line. */
export class ToldVariableReader {
  readonly #told = new Map<string, string>();
  #sudo: string | undefined;

  line(text: string): void {
    if (text.length > 600) return;
    if (text.includes("sudo ")) {
      const shown = shownIn(text);
      if (shown?.shell === "prompt" && shown.text.startsWith("sudo ")) this.#sudo = shown.text.trim();
    }
    if (!words.test(text)) return;
    const [, ...groups] = ofYaml.exec(text) ?? ofPython.exec(text) ?? [];
    const [name, told] = groups.filter((part) => part !== undefined);
    if (name !== undefined && told !== undefined) this.#set(name, told);
    const list = exported.exec(text)?.[1] ?? before.exec(shownIn(text)?.text ?? "")?.[1];
    if (list === undefined) return;
    for (const [, each = "", written = ""] of list.matchAll(pair))
      this.#set(each, written.replace(/^(["'])(.*)\1$/, "$2"));
  }

  #set(name: string, told: string): void {
    if (told.includes("$(") || told.includes("`") || (this.#told.size >= mostKept && !this.#told.has(name))) return;
    this.#told.set(name, told);
  }

  facts(): ToldVariables {
    return {
      toldVariables: Object.fromEntries(this.#told),
      ...(this.#sudo === undefined ? {} : { sudoCommand: this.#sudo }),
    };
  }
}
