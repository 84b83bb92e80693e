/**
 * One line of a log, freed of what terminals, CI systems, containers and installers put around a tool's words: colours,
 * time stamps, service names, ranks, boxes. It knows nothing of what the words mean.
 */

/** A line as the parsers see it. */
export interface LogLine {
  /** From 1. */
  readonly number: number;
  /** Cleaned, without white space around it. */
  readonly text: string;
  /** What stands in the log when the text was made of it for a parser. */
  readonly shown?: string;
  /** Columns of white space before the text, after prefixes were taken away. */
  readonly indent: number;
  /** Began with pytest's `E`: the text is part of a message. */
  readonly pytest: boolean;
}

const escape = String.fromCharCode(27);
const ansi = /\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]_][^\x07\x1b]*(?:\x07|\x1b\\)?|[()][0-9A-Z]|[@-Z\\-_])/g;
/** The same, where the escape character was written out: `\x1b[31m`, `\033[31m`, `\u001b[31m`, `^[[31m`. */
const writtenAnsi = /(?:\\(?:x1[bB]|033|u001[bB]|e)|\^\[)\[[\d;]{0,20}[mK]/g;
/** What is left of colours when the escape character was lost on the way. */
const strippedAnsi = /\[(?:\d{1,3}(?:;\d{0,3}){0,4})?m(?:\[K)?|\[0?K/g;
const controls = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b-\u200d\u2060\ufeff]/g;
/** White space that is none of ASCII's, as browsers and word processors put it. */
const otherSpaces = /[\u00a0\u2000-\u200a\u202f\u205f\u3000]/g;

const level = "(?:DEBUG|INFO|NOTICE|WARNING|WARN|ERROR|CRITICAL|FATAL|SEVERE|TRACE)";

/** Prefixes, each tried at the start of the line until none fits. Their order matters little. */
const prefixes: readonly RegExp[] = [
  // 2024-05-01T12:00:00.123Z, GitLab's 2024-05-01T12:00:00.123456Z 01O, [2024-05-01 12:00:00,123], 2024/05/01 12:00:00
  // Airflow's [2024-05-01, 12:00:00 UTC], Spark's 24/05/01 12:00:00
  /^\[?(?:\d{4}[-/]\d{2}[-/]\d{2}(?:[T ]|, )|\d{2}\/\d{2}\/\d{2} )\d{2}:\d{2}:\d{2}(?:[.,]\d{1,9})?(?:Z| ?[+-]\d{2}:?\d{2}| UTC)?\]?(?: \d{2}[EO]\+?| \||:)?(?:\b|(?<=[\]:|+])|$) ?/,
  // 12:00:00.123, [12:00:00], (12:00:00), TeamCity's [12:00:00]W:
  /^[[(]?\d{1,2}:\d{2}:\d{2}(?:[.,]\d{1,9})?[\])]?(?:[WEFi]?:)?[ \t]\s*(?:\[Step \d+\/\d+\] )?/,
  // 10:11AM ERR text of zerolog
  /^\d{1,2}:\d{2}(?:AM|PM) (?:ERR|WRN|INF|DBG|FTL) /,
  // May  1 12:00:00 host program[123]:
  /^(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d \d{2}:\d{2}:\d{2} (?:[\w.-]+ )?(?:[\w./-]+(?:\[\d+\])?: )?/,
  // buildkit: #12 34.56 / #12 ERROR:; not gdb's #1  0x00007f in f ()
  /^#\d+ (?! ?0x[0-9a-f]{6}| [\w:~<>]+ \()(?:\[[^\]]{1,80}\] )?(?:\d+\.\d{1,3} )?/,
  // buildkit's summary of a failed step, in four digits: 34.56 text, 410.2 text
  /^(?:\d{1,5}\.\d{2,3}|\d{3}\.\d) /,
  // GitHub Actions, Azure pipelines
  /^##\[(?:error|warning|group|debug|command|section)\]/,
  /^::(?:error|warning|notice)[^:]*::/,
  // docker compose, kubernetes: web-1  | text
  /^(?!\d+ )(?:[\w.-]{1,40})?\s*[|│┃](?: |$)/,
  // torchrun, mpirun, ray, vllm, srun
  /^\[(?:rank|Rank|RANK|default)\s?\d+\]:?\s?/,
  /^\[\d+,\d+\]<(?:stdout|stderr)>:\s?/,
  // ros2 launch: the executable and its number
  /^\[[a-z_][\w.]{0,60}-\d{1,3}\] /,
  /^\((?:[\w ]{0,80}\b)?(?:pid|rank|ip|node_rank)[ =:]\S[^)]{0,120}\)\s*/,
  /^(?:\[\d{1,4}\]:?|(?:\d{1,4}|node\d+|worker-?\d+):) (?=\s|[A-Za-z/'"[])/,
  // kubectl logs --prefix
  /^\[pod\/[^\]\s]{1,200}\] /,
  // grep -n and cat -n of a log; an editor's line numbers
  /^[\w./-]{1,120}\.(?:log|txt|out):\d{1,7}[:-]\s?/,
  /^\d{1,6}:(?=[A-Za-z/'"[{\s])/,
  /^(?:>> )?\d{1,6}(?:\t| {2,4})/,
  // GNU parallel, gcloud: name, tab, text
  /^(?!Error\t|Warning\t|(?:LNK|C|D|MSB)\d)[\w.-]{1,60}\t+/,
  // Kaggle: 12.3s 4 text
  /^\d{1,6}\.\d{1,3}s\s{1,4}\d{1,6}\s/,
  // CMake's progress
  /^\[ {0,2}\d{1,3}%\] (?!Building|Linking|Built|Generating)/,
  // nix: package> text; cargo
  /^[a-z][\w.+-]{1,60}> /,
  /^cargo:warning=/,
  // The marks of chats, of lists and of arrows in front of a message; IPython's arrow has a number behind it
  /^[-*•] (?=\S)(?!Installing |Downloading |Updating )/,
  /^-{1,4}> (?=\D)/,
  /^[\p{Extended_Pictographic}\ufe0f\u26a0\u274c\u2716]+\s+/u,
  // INFO 05-01 12:00:00 [core.py:12], ERROR 2024-.. : of vllm, loguru, logging
  /^\[?(?:DEBUG|INFO|WARNING|WARN|ERROR|CRITICAL|TRACE)\]?(?: \d{2}-\d{2}| \d{4}-\d{2}-\d{2})[ T]\d{2}:\d{2}:\d{2}(?:[.,]\d+)?\]?(?: \[?[^\]\s]{1,60}\])?:?\s?/,
  /^\[(?:DEBUG|INFO|WARNING|WARN|ERROR|CRITICAL|stderr|stdout|STDERR|STDOUT)\]:?\s*/,
  new RegExp(String.raw`^${level}:[A-Za-z_][\w.]{0,80}:\s?`),
  /^(?:stderr|stdout|STDERR|STDOUT): ?/,
  // torch's and absl's: W0820 14:47:12.146000 116445 site-packages/torch/utils/cpp_extension.py:507]
  /^[IWEFV]\d{4} \d{2}:\d{2}:\d{2}\.\d+\s+\d+ [^\s\]]{1,200}\]\s*(?:\[\d+\/\d+\]\s*)?/,
  // The output windows of Visual Studio and of VS Code's CMake Tools
  /^\[(?:CMake|vcpkg|cpack|build)\] /,
  // c10's: [E301 10:11:12.123456789 file.cpp:12]
  /^\[[IWEF]\d{3,4} \d{2}:\d{2}:\d{2}\.\d{1,9} [^\s\]]{1,200}\] /,
  // rustc, of the linker that it started.
  /^= note: (?=(?:\S{0,200}[\\/])?(?:[\w.+-]{0,40}(?:cc|clang|gcc|\+\+|mold|lld|ld|collect2)(?:-\d+)?(?:\.exe)?|ld\.\w{2,6}): )/,
  // cargo, of a build script's compiler: cargo:warning=text, warning: torch-sys@0.17.0: text
  /^(?:cargo:warning=|warning: [\w-]{1,60}@\d[\w.+-]{0,30}: )/,
  // Android's Gradle plugin, of ninja and what it runs
  /^C\/C\+\+: /,
  // And an older one, which names no crate
  /^warning: (?=In file included from |[^\s:]{1,200}:\d{1,6}:\d{1,4}: |[^\s:]{1,200}: In (?:member )?function |\s*\d{0,6} \| )/,
  // MSBuild: 12>
  /^\d{1,3}(?::\d{1,3})?>/,
  // Markdown: slanted or bold text that closes lines below
  /^([_*]{1,3})(?!.*\1\s*$)(?=g?make(?:\[\d+\])?: |CMake (?:Error|Warning)\b|ninja: |[A-Z]\w{0,40}Error: |(?:\/usr\/bin\/)?ld: |nvcc (?:fatal|error)|[\w./+-]{1,200}:\d+:\d+: (?:fatal )?error: )/,
  // pip's and uv's bars: │  ╰─>  ×
  /^[│┃|╰╭├└─→>×╵✗✘]+(?:\s|(?=\[))\s*/,
];

/** What loggers put between the time and the text: only after another prefix, because installers begin with such words. */
const inner: readonly RegExp[] = [
  // Kubernetes: stderr F
  /^(?:stdout|stderr) [FP] /,
  // loguru: | ERROR    | app.main:run:42 - text
  new RegExp(String.raw`^(?:\| )?${level}\s*\|\s(?:[\w.:<>]{1,120} - )?`),
  // logging: - name - ERROR - text, {file.py:188} INFO - text
  new RegExp(String.raw`^- [\w.]{1,80} - ${level} - `),
  new RegExp(String.raw`^\{[\w.]{1,80}:\d+\} ${level} - `),
  // Spark: ERROR Executor: text
  new RegExp(String.raw`^${level} {1,4}[A-Z]\w{0,60}(?<!Error|Exception|Warning): `),
  // sagemaker-training-toolkit ERROR    text
  new RegExp(String.raw`^(?:[a-z][\w.-]{0,60} {1,4})?${level} {1,4}(?!\d{2}-\d{2}|\d{4}-)`),
  // host program[123]: text
  /^(?!\S*make\[)(?:[\w.-]{1,60} )?[\w./-]{1,60}(?<!make)\[\d+\]: /,
];

/** Begins with a word that none of the outer prefixes begins with: most lines do. */
const ordinary =
  /^(?:[a-z](?![\w./+-]{0,120}(?:[>:\t|│┃]| {1,20}[|│┃]))|[A-Z](?!(?:an|eb|ar|pr|ay|un|ul|ug|ep|ct|ov|ec) |\d{4} |[\w./+-]{0,120}(?:[:\t|│┃]| {1,20}[|│┃])|[A-Z]{2,7} ))/;

const withInner = [...inner, ...prefixes];

/** `gh run view --log`: job, step, time, text, between tabs. */
const ghRun = /^[^\t]{1,100}\t[^\t]{1,100}\t(?=\ufeff?\d{4}-\d{2}-\d{2}T)/;

/** Of terminals whose text was copied as HTML. */
const htmlTags = /<\/?(?:b|i|u|font|span|pre|code|strong|em|br|p)(?:\s[^<>]{0,200})?\s?\/?>/g;

const pytestPrefix = /^E {3,}(?=\S)/;

/** `[text](https://…)`, as editors make of a path. */
const markdownLink = /\[([^\]\n]{1,400})\]\(https?:[^)\s]{0,800}\)/g;

/** Quotation marks that were read in another encoding than they were written in, or written as escapes. */
const brokenQuotes =
  /\u00e2\u20ac[\u02dc\u2122\u0153\u009d\ufffd]?|\u9225[\u6985\u6a9a\ufffd\u6a9b?]?|\\xe2\\x80\\x9[89cd]|\\u201[89cd]|\\342\\200\\23[0145]/g;

/** Tools that write the quotation marks of a typewriter: others were made by a word processor. */
const writesStraight =
  /^(?:\w{1,60}\.){0,6}\w{0,60}(?:Error|Exception|Warning): |^(?:nvcc|ptxas|nvlink|LINK|CMake|ninja)\b|^[^\s(][^(]{0,300}\(\d+(?:,\d+)?\)\s?: |: (?:fatal )?error [A-Z]{1,4}\d{4}\b|^(?:operand|argument) types? (?:are|is)/;

/** The text with the quotation marks of a typewriter. */
export function straightQuotes(text: string): string {
  return /[\u2018\u2019\u201c\u201d]/.test(text)
    ? text.replace(/[\u2018\u2019]/g, "'").replace(/[\u201c\u201d]/g, '"')
    : text;
}

function percent(code: string): string {
  return String.fromCharCode(Number.parseInt(code.slice(1), 16));
}

/** Cleans a line. */
export function cleanLine(raw: string, number: number): LogLine {
  let text = raw;
  if (text.includes(escape)) text = text.replace(ansi, "");
  if (/\\(?:x1[bB]|033|u001[bB]|e)\[|\^\[\[/.test(text)) text = text.replace(writtenAnsi, "");
  if (text.includes("[m") || /\[(?:0?1|0|3\d)(?:;\d*)*m|\[0K/.test(text)) text = text.replace(strippedAnsi, "");
  if (text.includes("\r")) text = lastOverprint(text);
  controls.lastIndex = 0;
  if (controls.test(text)) text = text.replace(controls, "");
  if (/[\u00a0\u2000-\u200a\u202f\u205f\u3000]/.test(text)) text = text.replace(otherSpaces, " ");
  if (text.includes("<") && /<\/(?:b|font|span|pre|code)>|<font /.test(text)) text = text.replace(htmlTags, "");
  if (text.includes("&") && /&(?:lt|gt|quot|apos|amp|nbsp|#\d{2,5}|#x[\da-f]{2,4});/i.test(text))
    text = decodeEntities(text);
  if (text.includes("\t")) text = text.replace(ghRun, "");
  if (text.includes("](http")) text = text.replace(markdownLink, "$1");
  if (text.includes("%20") && /%20\w+%20/.test(text))
    text = text.replace(/%(?:20|22|27|3A|2F|5B|5D|28|29|2C)/gi, percent);
  if (/\u00e2\u20ac|\u9225|\\xe2\\x80|\\u201|\\342\\200/.test(text)) text = text.replace(brokenQuotes, "'");
  // `error: ?AT_CHECK? was`
  if (text.includes(": ?")) text = text.replace(/(?<=\berror: )\?([^?]{1,200})\?(?=[\s;,])/, "'$1'");
  let indent = 0;
  let pytest = false;
  for (let round = 0; round < 6; round++) {
    const trimmed = text.trimStart();
    indent = text.length - trimmed.length;
    const next = stripPrefix(trimmed, round > 0);
    if (next === trimmed) {
      text = trimmed;
      break;
    }
    text = next;
  }
  if (pytestPrefix.test(text)) {
    text = text.replace(pytestPrefix, "");
    pytest = true;
    indent = 0;
  }
  // The right border of a box.
  text = text.trimEnd();
  if (/[│┃]$/.test(text)) text = text.slice(0, -1).trimEnd();
  // Markdown: bold text, code marks.
  if (/^\*\*(?!\*)/.test(text) && text.endsWith("**") && text.length > 5) text = text.slice(2, -2).trim();
  if (text.startsWith("`") && text.endsWith("`") && text.length > 2)
    text = text
      .replace(/^`+|`+$/g, "")
      .trim()
      .replace(/^\d{1,3}>(?=\S)/, "");
  // The mark of code that opens here and closes lines below.
  if (text.startsWith("`")) text = text.replace(/^`{1,3}(?:\d{1,3}>)?(?=[\w./\\:+-]{1,300}(?::\d+:|\(\d+[,)]))/, "");
  if (/[‘’“”]/.test(text) && writesStraight.test(text) && !/[\u0400-\uffff]/.test(text.replace(/[‘’“”…]/g, "")))
    text = straightQuotes(text);
  return { number, text, indent, pytest };
}

function stripPrefix(text: string, isInner: boolean): string {
  // mold and lld draw references with >>>; Python's prompt is of no use.
  if (text.startsWith(">>>")) return text;
  if (!isInner && ordinary.test(text)) return text;
  for (const prefix of isInner ? withInner : prefixes) {
    const match = prefix.exec(text);
    if (match !== null && match[0].length > 0) return text.slice(match[0].length);
  }
  return text;
}

/** What a terminal shows of a line that was printed over: the text after the last carriage return. */
function lastOverprint(text: string): string {
  const parts = text.split("\r").filter((part) => part.trim() !== "");
  return parts.at(-1) ?? "";
}

const entities: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&", nbsp: " " };

function decodeEntities(text: string): string {
  return text.replace(
    /&(?:(lt|gt|quot|apos|amp|nbsp)|#(\d{2,5})|#x([\da-f]{2,4}));/gi,
    (whole, name, decimal, hexadecimal) => {
      if (typeof name === "string") return entities[name.toLowerCase()] ?? whole;
      const code = Number.parseInt(
        typeof decimal === "string" ? decimal : String(hexadecimal),
        typeof decimal === "string" ? 10 : 16,
      );
      return code < 32 ? " " : String.fromCharCode(code);
    },
  );
}
