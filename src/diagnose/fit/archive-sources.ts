/**
 * Sources that were unpacked from an archive of GitHub's (`…/archive/refs/heads/main.zip`): it has no `.git` and no submodules, so
 * a fix that fetches the submodules there cannot work; the repository is cloned in its place. It does not know whether a submodule
 * is what is missing. Source: GitHub's documentation, "Downloading source code archives".
 */
import { type ArchiveFacts, folderOf } from "../facts/archive-facts.ts";
import { isToFillIn } from "../text/fix-words.ts";
import type { Match } from "../rule.ts";

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

export const submodules =
  /^(?:\[ ! -f \.gitmodules \] \|\| )?git submodule (?:sync(?: \S+)* && git submodule )?update\b/;

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
