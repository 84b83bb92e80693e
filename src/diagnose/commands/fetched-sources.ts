/**
 * A fix that edits the sources of a package which the installer fetches by itself: the same command would fetch them again as they
 * were, so they are fetched first, edited where they lie, and built from there. It does not know whether the edit is right, and
 * keeps still where the text has the sources in a folder. Sources: pip's documentation of `pip download`, `git clone`.
 */
import { plainName } from "../../base/package-name.ts";
import { isOfUv, pip, platformOf, python } from "./command-words.ts";
import { quote } from "../text/quote.ts";

import type { Match } from "../rule.ts";

const edits = /^sed -i|\bxargs (?:-r )?(?:sed|perl) -p?i/;
/** A remark that is a change of C++; where it stands behind others, they may hold a semicolon of their own. */
const code = /::|_cast<|→|#include|->|;(?:\s|$)|\{|<\w+>\(/;
const laterCode = /^#.*(?:::|→|#include|->|<\w+>\()/;
/** What only shows something leaves the edit to a person as well. */
const shows = /^(?:grep|git (?:status|diff)|sed -n|echo|\S*python\S* -c)\b(?!.*(?:&&|xargs))/;
/** Folders in which pip and uv unpack what they build: the path within them is the one within the package. */
const unpacked =
  /(?:\/[^\s'"]*)?\/pip-(?:install|req-build|wheel)-[\w-]+\/(?:[\w.+-]+_[0-9a-f]{32}\/)?|\/[^\s'"]*\/(?:sdists-v\d+|builds-v\d+)\/(?:[\w.+=-]+\/){1,6}?src\//g;

/** A list of requirements, or a folder of this machine that has its own. */
const brings = /^-r |^(?:-e )?"?\.(?:\[[\w,-]+\])?"?$/;

/** What could not be built is one of several things that the command asks for, or that a list names: as the text says where it comes from. */
function isPart({ context: { log } }: Match): boolean {
  const { requested = [], requirement = "", package: built } = log;
  return (
    built !== undefined &&
    !log.localPackages.includes(plainName(built)) &&
    (requested.length > 1 || brings.test(requested[0] ?? "")) &&
    /^"?(?:[\w.-]+ ?@ ?)?git\+https|^[A-Za-z][\w.-]*==[\w.+!-]+$/.test(requirement)
  );
}

/** The one thing that the text's command asks for or could not build, when it is a release of PyPI's or a repository. */
function fetched(match: Match): { readonly name: string; readonly lines: readonly string[] } | undefined {
  const { log } = match.context;
  const part = isPart(match);
  const [only, ...others] = part ? [log.requirement] : (log.requested ?? []);
  if (only === undefined || others.length > 0) return undefined;
  const asked = only.replaceAll('"', "");
  const [, address, state] = /^(?:[\w.-]+ ?@ ?)?git\+(https?:\/\/[^@#\s]+?)(?:@([^#\s]+))?(?:#.*)?$/.exec(asked) ?? [];
  const below = /[#&]subdirectory=([\w./-]+)/.exec(asked)?.[1];
  if (address !== undefined) {
    const name = address
      .replace(/\/$/, "")
      .replace(/^.*\//, "")
      .replace(/\.git$/, "");
    return {
      name,
      lines: [
        `git clone --recursive ${address}${state === undefined ? "" : ` && git -C ${name} checkout --recurse-submodules ${state}`}`,
        `cd ${name}${below === undefined ? "" : `/${below.replace(/\/$/, "")}`}`,
      ],
    };
  }
  const [, name, release] = /^([A-Za-z][\w.-]*)(?:\[[\w,-]+\])?(?:==([\w.+!-]+))?$/.exec(asked) ?? [];
  return name === undefined || (!part && log.localPackages.length > 0)
    ? undefined
    : { name, lines: [`${name}${release === undefined ? "" : `==${release}`}`] };
}

/** The lines that bring the sources and go into them. */
function fetchLines(
  match: Match,
  { name, lines }: { readonly name: string; readonly lines: readonly string[] },
): string[] {
  const [first = "", ...rest] = lines;
  if (first.startsWith("git clone")) return [first, ...rest];
  // Both spellings of a name are those of archives: `foo-ops-1.2`, `foo_ops-1.2`.
  const archive = `${name.replaceAll(/[-_.]/g, "?")}-${first.includes("==") ? first.replace(/^.*==/, "") : ""}`;
  const download = "-m pip download --no-deps --no-binary :all: --no-build-isolation";
  return [
    // uv has no download of its own.
    ...(isOfUv(match) ? ["uv pip install pip"] : []),
    `${python(match)} ${download} ${quote(first)}   # its sources, to be edited`,
    `tar xf ${archive}*.tar.gz`,
    `cd ${archive}*/`,
  ];
}

/** The lines that bring what the text's command fetches by itself, for an edit by hand, and go into it; none where it has a folder. */
export function toFetchedSources(match: Match): string[] {
  const sources = platformOf(match) === "win32" ? undefined : fetched(match);
  return sources === undefined ? [] : fetchLines(match, sources);
}

/** The command once more, which finds that part installed. */
function forTheRest(match: Match): string[] {
  const [command = "", ...others] = match.context.log.installs ?? [];
  const again = pip(match, `install ${command}`);
  return command === "" || others.length > 0
    ? []
    : match.context.log.dockerBuild
      ? [`# then, from the folder of before, all else that was asked for: ${again}`]
      : ["cd -", `${again}   # all else that was asked for`];
}

/** The lines with the sources fetched before an edit, and the build from there; undefined where nothing of that is to be done. */
export function inFetchedSources(lines: readonly string[], match: Match): readonly string[] | undefined {
  if (!/^(?:compile|driver|missing-header)$/.test(match.finding.kind) || platformOf(match) === "win32")
    return undefined;
  // By a command, or by hand: then nothing but remarks is there.
  const byHand =
    match.finding.kind === "compile" &&
    lines.every((line) => line.startsWith("#") || shows.test(line)) &&
    (code.test(/^#.*/.exec(lines[0] ?? "")?.[0] ?? "") || lines.some((line) => laterCode.test(line)));
  if ((!byHand && !lines.some((line) => edits.test(line))) || match.context.log.uvCommand === "sync") return undefined;
  const sources = fetched(match);
  if (sources === undefined) return undefined;
  // A flag does the same for all files, as they are.
  if (lines.some((line) => line.startsWith("export ") && line.includes("without touching"))) return undefined;
  const edited = lines.map((line) => (line.startsWith("#") ? line : line.replaceAll(unpacked, "")));
  // A source of another place than the package's own.
  if (edited.some((line) => edits.test(line) && /\s\/[^\s']+$/.test(line.replace(/\s+# .*$/, "")))) return undefined;
  const options = (match.context.log.options ?? []).filter((option) => !option.startsWith("--no-b"));
  return [
    ...fetchLines(match, sources),
    ...edited,
    pip(match, ["install --no-build-isolation", ...options, "."].join(" ")),
    ...(isPart(match) ? forTheRest(match) : []),
  ];
}
