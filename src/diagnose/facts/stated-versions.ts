import { plainName } from "../../base/package-name.ts";
/**
 * Versions of packages that a text states: `pip list`, `pip show`, lists that people write (`2. mmcv 2.1.0`,
 * `**mmcv-full**: 1.7.0`), `name==version`. Only whole lines count: a version within a sentence may be what something
 * wants or was built for. What an installer says it has put in place counts more.
 */

const bullet = /^(?:\d{1,2}[.)]\s+|[-*•>]\s+)/;
const statement =
  /^([A-Za-z][\w.-]{1,40})(?: [vV]ersion)?\s{0,40}(?:[:=]{0,2}|\s|@)\s{0,40}[v'"]?(\d+(?:\.\d+){1,3}(?:(?:a|b|rc)\d+|\.?(?:post|dev)\d+)*(?:\+[\w.]+)?)['"]?(?:\s+(?:pypi\S*|\S*_\d+|https?:\S+|\S*conda\S*))*$/;
/** What uv has put in place of another release. */
const changedByUv = /^\+ ([A-Za-z][\w.-]{1,40}==\d[\w.+]{0,40})$/;
/** What pip has put in place. An isolated build's own pip says the same, further to the right. */
const installedByPip = /^Successfully installed ((?:[A-Za-z][\w.-]{0,60}-\d[\w.+]{0,40}(?: |$))+)/;
const most = 100;

/** A line as people write it in a list, without marks of Markdown and with plain colons. */
export function plainStatement(line: string): string {
  return line.trim().replace(bullet, "").replaceAll(/[*`|]/g, "").replaceAll("：", ": ").trim();
}

/** Gathers them line by line; the first statement of a package counts, and after it what uv tells to have changed. */
export class StatedVersions {
  readonly #versions = new Map<string, string>();
  #shown: string | undefined;

  line(text: string): void {
    const installed = text.startsWith("Successfully installed ") ? installedByPip.exec(text.slice(0, 4_000)) : null;
    if (installed !== null) {
      for (const word of (installed[1] ?? "").trim().split(" ")) this.#change(word.replace(/-(?=\d[^-]*$)/, "=="));
      return;
    }
    if (text.length > 160) return;
    const plain = plainStatement(text);
    const shown = /^Name: ([\w.-]+)$/.exec(plain)?.[1];
    if (shown !== undefined) {
      this.#shown = shown;
      return;
    }
    const changed = text.includes("==") ? changedByUv.exec(text.trim())?.[1] : undefined;
    if (changed !== undefined) {
      this.#change(changed);
      return;
    }
    const match = statement.exec(plain);
    if (match === null) return;
    const [, name = "", version = ""] = match;
    if (name !== "Version") this.#add(name, version);
    else if (this.#shown !== undefined) this.#add(this.#shown, version);
    this.#shown = undefined;
  }

  #add(name: string, version: string): void {
    const key = plainName(name);
    if (this.#versions.size < most && !this.#versions.has(key)) this.#versions.set(key, version);
  }

  /** Of `name==version`. */
  #change(pinned: string): void {
    const [name = "", version = ""] = pinned.split("==");
    const key = plainName(name);
    if (this.#versions.size < most || this.#versions.has(key)) this.#versions.set(key, version);
  }

  versions(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#versions);
  }
}
