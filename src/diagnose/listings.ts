/**
 * Listings of source code in a text: what `cat`, `git show` or `grep` printed of a source, the script that a CI service shows
 * before it runs it, the message of a commit, a list of changes by release, a file that was pasted as it is. Their comments and strings hold the words of
 * errors that did not happen. It knows code by the form of its lines, and needs several of them in a row; it does not know
 * whether the code is right. A line in the form of a message or of a prompt ends a listing.
 */
import { partedCommands, shownIn } from "./facts/shown-commands.ts";

/** A longer text was hardly put together by a person. */
export const listingLimit = 1_048_576;

/** So many lines that can only be code make a listing, and so large a part of its lines. */
const fewestCode = 4;
const smallestPart = 0.65;
/** A string or comment that goes on longer was never closed. */
const longestString = 300;

const stamp = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z /;
const sourceName =
  /\.(?:c|cc|cpp|cxx|h|hh|hpp|hxx|cu|cuh|inl|hip|mm|py|pyi|pyx|ya?ml|sh|bash|cmake|toml|cfg|js|ts|rs|go|java|jinja|in|bzl|bazel|patch|diff)(?=["'\s;|):]|$)|(?:^|[\s/\\])(?:CMakeLists\.txt|(?:Dockerfile|Containerfile|Makefile|Jenkinsfile)(?:\.\w+)?(?=["'\s;|]|$))/;
/** Files that hold what tools said, whatever else their names have in them. */
const logName = /\.(?:log|txt|out|err)(?=["'\s;|):]|$)|ConfigureLog\.yaml/;
const manualName = /\.(?:md|rst|adoc|html)(?=["'\s;|):]|$)/i;
const shows =
  /^(?:sudo )?(?:cat|bat|batcat|less|more|head|tail|nl|type|gc|Get-Content|sed -n|awk|view|git (?:--no-pager )?(?:show|blame|diff))\b/i;
const ofGit = /^git (?:--no-pager )?(?:log|shortlog|reflog|status|branch)\b/;
const searches = /^(?:git )?(?:grep|rg|ag|ack|findstr|Select-String)\b|\|\s*(?:xargs )?grep\b.*|^find\b.*-exec grep\b/;
/** What may stand beside them in one line. */
const beside = /^(?:cd|ls|pwd|echo|clear|wc|sort|tail|head|less|nl|column)\b/;
const redirected = /(?<!\d)>\s*\S|<<|\|\s*(?:bash|sh|python|pip)\b/;
/** `src/a.py:14: text`, not `a.cpp:14:3: error: text` and `a.cu:14: error: text`. */
const searchHit = /^(?:[A-Za-z]:)?[^\s:]+\.\w{1,8}[:-]\d+[:-](?!\d+:)(?!\s?(?:fatal )?(?:error|warning|note)\b)/;
const knownWord =
  /^(?:ls|cd|cat|git|grep|python\d?|pip\d?|make|cmake|ninja|nvcc|g\+\+|gcc|export|echo|apt|conda|docker|bash|sh|\.\/)/;

/** How a message of a tool begins, or a step of its work: never a line of a listing. */
const message =
  /^\s*(?:\S[^\s:(]*[:(]\d+(?:[:,]\d+)*[):]*\s*(?:fatal )?(?:error|warning|note)\b|Traceback \(most|File "[^"]+", line \d|\[\d+\/\d+\] |FAILED[: ]|ninja: |collect2: |g?make(?:\[\d+\])?: |(?:error|ERROR|fatal|FATAL)\b ?:|ERROR |nvcc (?:fatal|error|warning)|LINK : |CMake (?:Error|Warning)|In file included from |In function |(?:\/\S+\/)?ld: |terminate called|Segmentation fault|##\[error\])|^E {3,}|^(?:[a-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Warning)(?:: |\()/;
/** What only the output of a tool has, in quotes as well. */
const surely =
  /^\s*(?:Traceback \(most|File "[^"]+", line \d|\[\d+\/\d+\] |FAILED: |ninja: |collect2: |\S[^\s:(]*:\d+:\d+: (?:fatal )?error: )|^E {3,}/;

const directive = /^\s*#\s*(?:include|pragma|define|undef|if|ifdef|ifndef|elif|else|endif|error)\b/;
const ofPython =
  /^\s*(?:(?:async )?def \w+\(|class \w+\b.*:|(?:async )?with .*:$|for .* in .*:$|while .*:$|if .*:$|elif .*:$|else:|try:|except\b.*:|finally:|import [\w., ]+(?: as \w+)?$|from [\w.]+ import \S|(?:return|raise|yield|assert|global|nonlocal)\b(?!:)|(?:pass|continue|break)$|@[A-Za-z_][\w.]*(?:\(.*)?$)/;
const assigns = /^\s*(?:[A-Za-z_][\w.]*(?:\[[^\]]*\])?)(?:: [\w[\], .|]+)? [-+*/|]?= \S/;
const calls = /^\s*[A-Za-z_][\w.:>-]*\((?:.*[),{\\]|.*<<.*|\s*)$/;
const ofC = /(?:[;{}]|^\s*(?:public|private|protected|default|case .{1,60}):)\s*(?:\\|\/\/.*|\/\*.*)?$/;
const ofYaml =
  /^\s*(?:- (?:name|uses|run|id|if|with|env|script|task|stage|repo): |-?\s*(?:on|jobs|steps|env|with|runs-on|strategy|matrix|needs|run|name|uses|script|image|stages?|before_script|branches|push|pull_request|container|services|permissions|variables|tags|rules|requirements|build|host|test|about|source):(?: .*)?$)/;
const ofShell =
  /^\s*(?:set -\w|if (?:\[|! |\w.*; then$)|then$|else$|fi$|done\b|do$|(?:for|while) .*; do$|export \w+=|echo ["']|exit \d$|case .* in$|esac$|;;$|\w+\(\) ?\{|local \w)/;
const ofDocker = /^(?:FROM|RUN|ENV|COPY|WORKDIR|ARG|ADD|CMD|ENTRYPOINT|USER|SHELL|LABEL) \S/;
const comment = /^\s*(?:\/\/|\/\*|#(?:\s|$|!))/;
/** A string or a list of them that goes on from the line before. */
const piece =
  /^\s*(?:[rfbu]{0,2}["'].*["'](?:\s*[:+]\s.*)?\)*[,;:]?\s*\\?|\{.*\},?|\(.*\),?|[)\]}]+[,;:)\]]*|"""|'''|\S.*,)$/i;

type Kind = "code" | "comment" | "piece" | "string" | "blank" | "message" | "other";

const isIndented = (line: string): boolean => /^\s/.test(line);

/** Whether a line can only be one of code. Brackets alone, and what begins like JSON, are of data as well. */
function isCode(line: string): boolean {
  if (/^\s*(?:[{}[\](),;]+|\{\s*["'].*|\[.*\])\s*$/.test(line)) return false;
  return (
    directive.test(line) ||
    ofPython.test(line) ||
    assigns.test(line) ||
    calls.test(line) ||
    ofC.test(line) ||
    ofYaml.test(line) ||
    ofShell.test(line) ||
    ofDocker.test(line)
  );
}

/** What each line is, strings and comments of several lines remembered. */
function kindsOf(lines: readonly string[]): readonly Kind[] {
  let closing = "";
  let since = 0;
  return lines.map((line, at) => {
    if (closing !== "") {
      if (at - since > longestString) closing = "";
      else {
        if (line.includes(closing)) closing = "";
        return "string";
      }
    }
    if (line.trim() === "") return "blank";
    const opened = /"""|'''|\/\*/.exec(line);
    if (opened !== null && !message.test(line)) {
      const close = opened[0] === "/*" ? "*/" : opened[0];
      const isClosed = line.includes(close, opened.index + 2 + (close === "*/" ? 0 : 1));
      const below = isClosed ? [] : lines.slice(at + 1, at + longestString);
      const comes = below.findIndex((next) => next.includes(close));
      if (comes >= 0 && !below.slice(0, comes).some((next) => surely.test(next))) {
        closing = close;
        since = at;
      }
      if (opened.index === line.length - line.trimStart().length) return "comment";
    }
    if (message.test(line)) return "message";
    if (directive.test(line)) return "code";
    if (comment.test(line)) return "comment";
    if (isCode(line)) return "code";
    return piece.test(line) ? "piece" : "other";
  });
}

const numbered = /^\s*(\d{1,6})(?:\t| ?[|│:](?: |$)| {2})/;

/** Without the numbers that `cat -n` and editors put before the lines. */
function withoutNumbers(lines: readonly string[]): readonly string[] {
  const numbers = lines.map((line) => Number(numbered.exec(line)?.[1] ?? Number.NaN));
  return lines.map((line, at) => {
    const number = numbers[at] ?? Number.NaN;
    const isCounted = numbers[at - 1] === number - 1 || numbers[at + 1] === number + 1;
    return isCounted ? line.replace(numbered, "") : line;
  });
}

interface Given {
  readonly command: string;
  /** What stands before it: `kim@ws:~/a$ `. */
  readonly prompt: string;
}

/** The command of a line that shows a prompt. */
function givenIn(line: string): Given | undefined {
  const shown = shownIn(line);
  if (shown?.shell !== "prompt" || shown.text === "") return undefined;
  return { command: shown.text, prompt: line.slice(0, line.length - shown.text.length) };
}

const withoutFolder = (prompt: string): string => prompt.replace(/[~/\\:].*(?=[$#%>❯])/, "").trim();

/** Where the output of a command ends: at the next prompt of the same kind. */
function outputEnd(lines: readonly string[], from: number, { prompt }: Given): number {
  const own = withoutFolder(prompt);
  for (let at = from; at < lines.length; at++) {
    const line = (lines[at] ?? "").trimEnd();
    if (/[$#%>❯]$/.test(line) && withoutFolder(line) === own && line !== "#") return at;
    const given = givenIn(line);
    if (given === undefined) continue;
    const isOwn = withoutFolder(given.prompt) === own && own !== "#";
    // Another prompt (of an environment, of another machine) is known by what is typed behind it; `#` begins comments, too.
    if (isOwn || (knownWord.test(given.command) && (own === "#" || !/^\s*#\s*$/.test(given.prompt)))) return at;
  }
  return lines.length;
}

class Lines {
  readonly #numbers = new Set<number>();

  add(from: number, to: number): void {
    for (let at = from; at < to; at++) this.#numbers.add(at + 1);
  }

  has(at: number): boolean {
    return this.#numbers.has(at + 1);
  }

  get numbers(): ReadonlySet<number> {
    return this.#numbers;
  }
}

/** What commands showed of sources, of their history, and where a search found its words. */
function addShown(lines: readonly string[], kinds: readonly Kind[], found: Lines): void {
  for (let at = 0; at < lines.length; at++) {
    const given = givenIn(lines[at] ?? "");
    if (given === undefined) continue;
    const { command } = given;
    const isSearch = searches.test(command);
    const isHistory = ofGit.test(command);
    const isShown =
      shows.test(command) && (sourceName.test(command) || manualName.test(command)) && !logName.test(command);
    if ((!isSearch && !isHistory && !isShown) || redirected.test(command)) continue;
    // What runs behind them has a say in the output, too.
    const { commands } = partedCommands(command);
    if (!commands.every((part) => [shows, ofGit, searches, beside].some((form) => form.test(part.trim())))) continue;
    const end = outputEnd(lines, at + 1, given);
    const isManual = manualName.test(command);
    for (let line = at + 1; line < end; line++) {
      if (isSearch) {
        if (searchHit.test(lines[line] ?? "")) found.add(line, line + 1);
      } else if (kinds[line] === "message" && !isManual && !isHistory) break;
      else found.add(line, line + 1);
    }
    at = end - 1;
  }
}

/** The message of a commit, as git shows it. */
function addCommits(lines: readonly string[], found: Lines): void {
  for (let at = 0; at < lines.length; at++) {
    if (!/^commit [0-9a-f]{7,40}\b/.test(lines[at] ?? "")) continue;
    let end = at + 1;
    while (
      end < lines.length &&
      /^(?: {4}|\s*$|(?:Author|Date|Merge|Commit|AuthorDate|CommitDate):)/.test(lines[end] ?? "")
    )
      end++;
    found.add(at, end);
  }
}

/** The script of a step, which GitHub shows before it runs it. What a group of the user's own holds is output. */
function addScripts(lines: readonly string[], found: Lines): void {
  for (let at = 0; at < lines.length; at++) {
    if (!(lines[at] ?? "").startsWith("##[group]Run ")) continue;
    const length = lines.slice(at + 1, at + 200).findIndex((line) => line.startsWith("##[endgroup]"));
    const step = length < 0 ? [] : lines.slice(at + 1, at + 1 + length);
    const script = step.findIndex((line) => /^(?:shell|with): ?/.test(line));
    if (script >= 0) found.add(at, at + 1 + script);
  }
}

/** What was typed into Python below a line that goes on. What the linker lld draws begins with `>>>`, too, and is none of it. */
function addSessions(lines: readonly string[], found: Lines): void {
  let isTyped = false;
  lines.forEach((line, at) => {
    const goesOn = isTyped && /^(?:\.\.\.(?: |$)|\s+\.\.\.: )/.test(line);
    if (goesOn) found.add(at, at + 1);
    isTyped = goesOn || /^(?:>>> |In \[\d+\]: )/.test(line);
  });
}

const releaseHeading =
  /^#{1,4} +\[?v?\d+\.\d+[\w.+-]*\]?(?:\([^)]*\))?(?: *(?:[-–—:(] *)?(?:\d{4}-\d{2}-\d{2}|unreleased|yanked)\b.*)?$/i;
const unreleasedHeading = /^#{1,4} +\[?unreleased\]?/i;
const titleOfChanges = /^#{0,2} *(?:change ?log|release notes|history|what's new)\b/i;
const kindOfChange =
  /^(?:#{2,5} +|\*\*)(?:added|fixed|fixes|bug ?fixes|changed|changes|removed|deprecated|security|breaking changes|new features|features|improvements)\b/i;

/** The entries of a list of changes by release: below a heading with a release, with its kinds of change or its title. */
function addChanges(lines: readonly string[], found: Lines): void {
  let isTitled = false;
  for (let at = 0; at < lines.length; at++) {
    const heading = lines[at] ?? "";
    isTitled ||= titleOfChanges.test(heading);
    if (!releaseHeading.test(heading) && !unreleasedHeading.test(heading)) continue;
    let end = at + 1;
    while (end < lines.length && /^(?:\s*[-*+] |\s+\S|\s*$|#{2,6} |\*\*\w)/.test(lines[end] ?? "")) {
      if (surely.test(lines[end] ?? "")) break;
      end++;
    }
    const section = lines.slice(at + 1, end);
    const tellsKinds = section.some((line) => kindOfChange.test(line));
    if (section.some((line) => /^\s*[-*+] /.test(line)) && (tellsKinds || isTitled)) found.add(at, end);
    at = end - 1;
  }
}

/** A line that nothing but a source begins with. */
const decisive = /^\s*(?:(?:async )?def \w+\(.*:|class \w+.*[:{]|#\s*include\b|#\s*pragma\b|template ?<)/;

/** Whether a run of lines is code, and long enough to be a listing. */
function isListing(lines: readonly string[], kinds: readonly Kind[]): boolean {
  const count = (kind: Kind): number => kinds.filter((other) => other === kind).length;
  const code = count("code");
  const filled = kinds.length - count("blank");
  const fewest = lines.some((line) => decisive.test(line)) ? fewestCode - 1 : fewestCode;
  return code >= fewest && (filled - count("other")) / filled >= smallestPart;
}

/** Lines of code in a row, wherever they come from. */
function addRuns(lines: readonly string[], kinds: readonly Kind[], found: Lines): void {
  const breaks = (at: number): boolean => {
    const line = lines[at] ?? "";
    const kind = kinds[at];
    if (kind === "string") return false;
    return (
      kind === "message" || (kind === "other" && !isIndented(line)) || line.startsWith("```") || line.startsWith(">")
    );
  };
  for (let at = 0; at < lines.length;) {
    if (breaks(at)) {
      at++;
      continue;
    }
    let end = at;
    while (end < lines.length && !breaks(end)) end++;
    // What stands right below a message is of that message.
    const isShownByTool = at > 0 && kinds[at - 1] === "message";
    // What pytest shows of a test that failed is told by the line below it.
    const isTest = /^[>E] {3,}/.test(lines[end] ?? "");
    if (!isTest && !isShownByTool && isListing(lines.slice(at, end), kinds.slice(at, end)))
      for (let line = at; line < end; line++) if (kinds[line] !== "other") found.add(line, line + 1);
    at = end;
  }
}

/** The numbers, from 1, of the lines of a text that are listings of something. */
export function listedLines(text: string): ReadonlySet<number> {
  const found = new Lines();
  if (text.length > listingLimit) return found.numbers;
  const lines = withoutNumbers(text.split("\n").map((line) => line.replace(/\r$/, "").replace(stamp, "")));
  const kinds = kindsOf(lines);
  addShown(lines, kinds, found);
  addCommits(lines, found);
  addScripts(lines, found);
  addSessions(lines, found);
  addChanges(lines, found);
  addRuns(lines, kinds, found);
  return found.numbers;
}

/** The text with empty lines in the place of some. */
export function withoutLines(text: string, numbers: ReadonlySet<number>): string {
  if (numbers.size === 0) return text;
  return text
    .split("\n")
    .map((line, at) => (numbers.has(at + 1) ? "" : line))
    .join("\n");
}
