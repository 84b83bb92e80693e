/**
 * An archive of GitHub's that a text fetches (`…/archive/refs/heads/main.zip`), and the folder that unpacking it made. Reads one line
 * at a time; it does not know whether what failed lies in it. Source: GitHub's documentation, "Downloading source code archives".
 */

export interface ArchiveFacts {
  /** The repository whose archive was fetched. */
  readonly archiveOf?: { readonly address: string; readonly name: string; readonly state: string };
  /** The folder that a prompt or a `cd` names, where it is called as an archive's: `ops-main`. */
  readonly archiveFolder?: string;
  /** git found no repository where the build ran. */
  readonly withoutGit: boolean;
}

const address =
  /https:\/\/(?:github\.com|codeload\.github\.com)\/([\w.-]+)\/([\w.-]+)\/(?:archive|zip|tar\.gz)\/(?:refs\/(?:heads|tags)\/)?([\w./-]+?)(?:\.zip|\.tar\.gz)?(?=[\s"'&;,)`]|$)/;

/** `root@box:~/w/ops-main# `, `C:\w\ops-main>`, `cd ops-main`. */
const entered =
  /(?:[\\/:]|\bcd (?:\/d )?(?:[^\s"'&;]*[\\/])?)([A-Za-z][\w.]*(?:-[\w.]+)+)[\\/]?(?=[#$>%] ?|\][#$] |\s*(?:&&|;|$))/g;

const mostFolders = 20;

/** Gathers them line by line. */
export class ArchiveReader {
  readonly #folders = new Set<string>();
  #archive: ArchiveFacts["archiveOf"];
  #withoutGit = false;

  line(text: string): void {
    if (text.length > 600) return;
    if (text.includes("not a git")) this.#withoutGit ||= /fatal: not a git repository/.test(text);
    if (text.includes("-") && this.#folders.size < mostFolders && /[#$>%] ?|\bcd /.test(text))
      for (const [, folder = ""] of text.matchAll(entered)) this.#folders.add(folder);
    if (this.#archive !== undefined || !text.includes("github.com/")) return;
    const [, owner, name, state] = address.exec(text) ?? [];
    // pip unpacks what it fetches by itself.
    if (owner === undefined || name === undefined || state === undefined || /\bpip3? install\b/.test(text)) return;
    this.#archive = { address: `https://github.com/${owner}/${name}`, name, state };
  }

  facts(): ArchiveFacts {
    const own = this.#archive === undefined ? undefined : folderOf(this.#archive);
    const folder = [...this.#folders].find((each) =>
      own === undefined ? /-(?:main|master)$/.test(each) : each === own,
    );
    return {
      ...(folder === undefined ? {} : { archiveFolder: folder }),
      withoutGit: this.#withoutGit,
      ...(this.#archive === undefined ? {} : { archiveOf: this.#archive }),
    };
  }
}

/** The folder that unpacking an archive makes. */
export function folderOf({ name, state }: NonNullable<ArchiveFacts["archiveOf"]>): string {
  return `${name}-${state.replace(/^v(?=\d)/, "").replaceAll("/", "-")}`;
}
