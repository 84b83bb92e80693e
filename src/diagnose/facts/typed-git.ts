/**
 * The command of git's that a text shows as typed, so that a fix gives it again or goes on in the folder that it made. Reads one
 * line at a time. It does not know how far the command came, nor what pip has git do by itself.
 */

export interface TypedGitFacts {
  /** `git clone --recursive https://github.com/u/ops.git`, `git submodule update --init`. */
  readonly typedGit?: string;
  /** The folder that a typed clone makes: `ops`. */
  readonly typedClone?: string;
  /** git tells of submodules that it registers or clones: the clone that they are of is there. */
  readonly clonesSubmodules: boolean;
}

const typed =
  /^(?:[^`'"]{0,120}?[$#%❯✗➜»>] ?|\+{1,3} |(?:##\[group\])?Run |!|RUN )?(?:[^`'"]{0,80}&& )?(git (?:clone|submodule (?:update|sync)|pull|fetch|checkout|lfs)\b[^|&;`]{0,300})/u;
/** What a sentence goes on with. */
const prose = / (?:fails?|failed|gives?|says|and|with|the|is|was|does|cannot|but|again|then|it)(?: |$)/;

/** The folder of a clone: its last word, when that is no address. */
function folderOf(command: string): string | undefined {
  const words = command
    .replace(/^git clone /, "")
    .split(/\s+/)
    .filter((word) => word !== "");
  const at = words.findIndex((word) => /^(?:https?|ssh|git|file):\/\/|^[\w.-]+@[\w.-]+:/.test(word));
  if (at === -1) return undefined;
  const [address = "", folder, ...more] = words.slice(at);
  if (folder !== undefined && more.length === 0 && !folder.startsWith("-")) return folder;
  return /([\w.-]+?)(?:\.git)?\/?$/.exec(address)?.[1];
}

/** Gathers it line by line. */
export class TypedGitReader {
  #command: string | undefined;
  #clone: string | undefined;
  #submodules = false;

  line(text: string): void {
    if (text.includes("ubmodule")) this.#submodules ||= /^Submodule '.+registered for path|submodule path '/.test(text);
    if (text.length > 500 || !text.includes("git ")) return;
    const command = typed.exec(text)?.[1]?.trim();
    if (command === undefined || prose.test(command)) return;
    this.#command = command;
    if (command.startsWith("git clone ")) this.#clone = folderOf(command) ?? this.#clone;
  }

  facts(): TypedGitFacts {
    return {
      clonesSubmodules: this.#submodules,
      ...(this.#command === undefined ? {} : { typedGit: this.#command }),
      ...(this.#clone === undefined ? {} : { typedClone: this.#clone }),
    };
  }
}
