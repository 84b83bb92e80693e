/**
 * Windows' limit of 260 signs for a path: what gets by with a short folder, which everybody may make. The system's own switch needs an
 * administrator and programs that heed it, so it comes last. Source: "Maximum Path Length Limitation" of Microsoft's documentation.
 */
import { pip } from "./command-words.ts";
import type { Match } from "../rule.ts";

/** For whoever is the machine's administrator. */
export const longPathsSwitch =
  "# or for all programs that heed it, as administrator, then in a new prompt: reg add HKLM\\SYSTEM\\CurrentControlSet\\Control\\FileSystem /v LongPathsEnabled /t REG_DWORD /d 1 /f";

/**
 * Sources that pip clones, cloned under a short name and installed from there: `git+https://…/ops@v2#subdirectory=torch`. undefined where
 * the command asks for no repository, or for more than one.
 */
export function clonedInShortFolder(match: Match): readonly string[] | undefined {
  const { installs = [], requested = [] } = match.context.log;
  const words = installs.length === 1 ? (installs[0] ?? "") : requested.join(" ");
  const found = [
    ...words.matchAll(
      /["']?(?:[\w.-]+(?:\[[\w,-]+\])? ?@ ?)?git\+(https?:\/\/[^\s"'@#]+?)(?:\.git)?(?:@([^\s"'#]+))?(?:#([^\s"']*))?["']?(?=\s|$)/g,
    ),
  ];
  const [only] = found;
  if (only === undefined || found.length > 1) return undefined;
  const [written, address = "", state, parts = ""] = only;
  const folder = `C:\\s\\${address.split("/").at(-1) ?? "s"}`;
  const below = /subdirectory=([\w./-]+)/.exec(parts)?.[1]?.replaceAll("/", "\\");
  return [
    `git clone --recursive ${address} ${folder}   # a short folder in place of pip's own`,
    ...(state === undefined ? [] : [`git -C ${folder} checkout --recurse-submodules ${state}`]),
    pip(match, `install ${words.replace(written, () => (below === undefined ? folder : `${folder}\\${below}`))}`),
  ];
}
