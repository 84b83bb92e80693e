/**
 * Lines of a project's build files that the text shows with a command that prints or searches them: `grep -n mavx setup.py`,
 * `Select-String target_link ..\CMakeLists.txt`, `cat CMakeLists.txt`. So that a fix changes the line that is there. It knows
 * build files by their names and does not know whether a line goes on in the next one.
 */
import { partedCommands, shownIn } from "./shown-commands.ts";

interface ShownLine {
  /** As the text names it: `setup.py`, `..\CMakeLists.txt`. */
  readonly file: string;
  /** The line without what the command put before it. */
  readonly text: string;
}

export interface ShownLineFacts {
  readonly shownLines: readonly ShownLine[];
}

const shows =
  /^(?:grep|egrep|rg|git grep|findstr|Select-String|sls|cat|sed -n|head|tail|type|Get-Content|gc|more|less|bat)\s/i;
const mayShow = new RegExp(shows.source.slice(1), "i");
const buildFile = /(?:^|[\\/])(?:CMakeLists\.txt|[\w.-]+\.cmake|set\w*\.py|setup\.cfg|pyproject\.toml|[Mm]akefile)$/;
const withFile = /^((?:[A-Za-z]:)?[\w.\\/~+-]+):(?:\d+[:-])?(.*)$/;
const mostKept = 60;
const mostBelow = 40;

/** Gathers them line by line. */
export class ShownLineReader {
  readonly #lines: ShownLine[] = [];
  #file: string | undefined;
  #until = -1;

  line(text: string, at: number): void {
    if (text.length > 400) return;
    // Most lines neither show anything nor stand below what does.
    const shown = at <= this.#until || mayShow.test(text) ? shownIn(text.trim()) : undefined;
    if (shown !== undefined) {
      const commands = partedCommands(shown.text)
        .commands.map((command) => command.trim())
        .filter((command) => shows.test(command));
      const words = commands
        .at(-1)
        ?.split(/\s+/)
        .slice(1)
        .map((word) => word.replaceAll(/["']/g, ""));
      // One file alone: its name stands in no line.
      const files = words?.filter((word) => buildFile.test(word)) ?? [];
      this.#file = files.length === 1 ? files[0] : undefined;
      this.#until = commands.length > 0 ? at + mostBelow : -1;
      return;
    }
    if (at > this.#until || text.trim() === "" || this.#lines.length >= mostKept) return;
    const [, named = "", rest = ""] = withFile.exec(text) ?? [];
    if (buildFile.test(named)) this.#lines.push({ file: named, text: rest.trim() });
    else if (this.#file !== undefined)
      this.#lines.push({ file: this.#file, text: text.replace(/^\d+[:-]/, "").trim() });
  }

  facts(): ShownLineFacts {
    return { shownLines: this.#lines };
  }
}
