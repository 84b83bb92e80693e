/**
 * Sources that were unpacked from an archive of GitHub's (`…/archive/refs/heads/main.zip`): it has no `.git` and no submodules, so
 * a fix that fetches the submodules there cannot work; the repository is cloned in its place. It does not know whether a submodule
 * is what is missing. Source: GitHub's documentation, "Downloading source code archives".
 */
import { isToFillIn } from "./place-fit.ts";
import type { Match } from "../rule.ts";

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

const mostFolders = 20;

/** The folder that unpacking an archive makes. */
function folderOf({ name, state }: NonNullable<ArchiveFacts["archiveOf"]>): string {
  return `${name}-${state.replace(/^v(?=\d)/, "").replaceAll("/", "-")}`;
}

/** Repositories that are known by their name, for a folder such as `flash-attention-main`. */
const owners: Readonly<Record<string, string>> = {
  "flash-attention": "Dao-AILab",
  SageAttention: "thu-ml",
  SpargeAttn: "thu-ml",
  apex: "NVIDIA",
  TransformerEngine: "NVIDIA",
  "tiny-cuda-nn": "NVlabs",
  xformers: "facebookresearch",
  pytorch: "pytorch",
  gsplat: "nerfstudio-project",
  "gaussian-splatting": "graphdeco-inria",
};

/** The folder that an archive leaves: of the archive that the text fetches, or with a branch's name at its end. */
function archiveOf({ finding, context: { log } }: Match): NonNullable<ArchiveFacts["archiveOf"]> | undefined {
  const paths = [finding.file, finding.text, log.setupFolder, log.buildRoot, log.archiveFolder].filter(
    (path) => path !== undefined,
  );
  const { archiveOf: fetched } = log;
  if (fetched !== undefined) {
    const folder = folderOf(fetched);
    return log.withoutGit ||
      log.archiveFolder === folder ||
      /use source distribution or git clone/.test(finding.message) ||
      paths.some((path) => path.includes(folder))
      ? fetched
      : undefined;
  }
  for (const path of paths) {
    const [, name, state] = /(?:^|[\\/\s"'])([A-Za-z][\w.-]*?)-(main|master)(?=[\\/]|$)/.exec(path) ?? [];
    if (name !== undefined && state !== undefined)
      return { address: `https://github.com/${owners[name] ?? "<owner>"}/${name}`, name, state };
  }
  return undefined;
}

const submodules = /^git submodule (?:sync(?: \S+)* && git submodule )?update\b/;

/** A library cloned beside the sources is another way. */
function asRemark(line: string): string {
  const [, command, remark] = /^(git clone .*?)\s+# (or .*)$/.exec(line) ?? [];
  return command === undefined || remark === undefined ? line : `# ${remark}: ${command}`;
}

/** The lines with a clone in place of submodules that an archive cannot have, and the build from there. */
export function inClone(lines: readonly string[], match: Match): readonly string[] {
  const at = lines.findIndex((line) => submodules.test(line));
  const archive = at < 0 ? undefined : archiveOf(match);
  if (archive === undefined) return lines;
  const others = lines.filter((line, index) => index !== at && !line.startsWith("# built from PyPI's sources"));
  // pip clones by itself, with the submodules.
  if (others.some((line) => !line.startsWith("#") && /\bpip install\b.*git\+http/.test(line)))
    return others.map(asRemark);
  const { name, state } = archive;
  const checkout = /^(?:main|master|HEAD)$/.test(state)
    ? ""
    : ` && git -C ${name} checkout --recurse-submodules ${state}`;
  const clone = `git clone --recursive ${archive.address}${checkout}`;
  const unpacked = new RegExp(
    `(?:(?<=[\\s"'])|^)[^\\s"']*${name.replaceAll(/[.+]/g, "\\$&")}-[\\w.]+[\\\\/]?(?=["'\\s]|$)`,
    "g",
  );
  const rest = others
    .map(asRemark)
    .filter((line) => !(/^cd (?:\/d )?(?:"[^"]+"|\S+)$/.test(line) && line.includes(`${name}-`)))
    .map((line) =>
      line.startsWith("#")
        ? line
        : line
            .replace(/^cd (?:\/d )?(?:"[^"]+"|\S+) (?:&& )?/, (go) => (go.includes(`${name}-`) ? "" : go))
            .replaceAll(unpacked, "."),
    );
  return [
    "# the sources are an archive of GitHub's, which has no submodules and is no repository: a clone in its place",
    isToFillIn(clone) ? `# ${clone}` : clone,
    `cd ${name}`,
    ...rest,
  ];
}
