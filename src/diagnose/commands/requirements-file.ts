/**
 * The list of requirements that an installer was given, changed where its pins contradict each other, and the command again: what
 * is installed by hand beside it the list would undo. It changes the lines that begin with a package's name and knows no list
 * that includes another. Source: pip's documentation of the format of requirements files.
 */
import { pip } from "./command-words.ts";
import { quote } from "../text/quote.ts";
import type { Match } from "../rule.ts";

/** The one list that the command or the installer's own words name. */
export function requirementsFile({ context: { log, findings } }: Match): string | undefined {
  const words = [...(log.requested ?? []), ...(log.installs ?? []), ...findings.map(({ message }) => message)];
  const files = new Set(
    words.flatMap((text) =>
      [...text.matchAll(/(?:^|\s)(?:-r |--requirement[ =])"?([\w./\\-]+\.(?:txt|in))\b/g)].map(
        ([, file]) => file ?? "",
      ),
    ),
  );
  const [only] = files;
  return files.size === 1 ? only : undefined;
}

/** The command that was given for the list, as far as the text shows it. */
function installList(match: Match, file: string, options = ""): string {
  const typed = (match.context.log.installs ?? []).filter((words) => words.includes(file));
  return pip(match, `install ${typed.length === 1 ? (typed[0] ?? "") : `-r ${quote(file)}`}${options}`);
}

/** A package of the list, and what stands there from now on; without a range any release will do. */
export interface Pin {
  readonly name: string;
  readonly range?: string | undefined;
}

/** Changes the pins and installs the list; nothing where no list is named. */
export function withPins(match: Match, pins: readonly Pin[], options = ""): string[] {
  const file = requirementsFile(match);
  if (file === undefined || pins.length === 0) return [];
  const programs = pins.map(
    ({ name, range = "" }) => `s/^ *${name.replaceAll(/[-_.]/g, "[-_.]")}( *[=<>!~;@].*)?$/${name}${range}/g`,
  );
  return [`sed -i.bak -E '${programs.join("; ")}' ${quote(file)}`, installList(match, file, options)];
}
