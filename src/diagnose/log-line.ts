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
  /** Columns of white space before the text, after prefixes were taken away. */
  readonly indent: number;
  /** Began with pytest's `E`: the text is part of a message. */
  readonly pytest: boolean;
}

const escape = String.fromCharCode(27);
const ansi = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])/g;
/** What is left of colours when the escape character was lost on the way. */
const strippedAnsi = /\[(?:\d{1,3}(?:;\d{1,3}){0,4})?m(?:\[K)?|\[K/g;
const controls = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b\ufeff]/g;

/** Prefixes, each tried at the start of the line until none fits. Their order matters little. */
const prefixes: readonly RegExp[] = [
  // 2024-05-01T12:00:00.123Z, GitLab's 2024-05-01T12:00:00.123456Z 01O, [2024-05-01 12:00:00,123], 2024/05/01 12:00:00
  /^\[?\d{4}[-/]\d{2}[-/]\d{2}[T ]\d{2}:\d{2}:\d{2}(?:[.,]\d{1,9})?(?:Z|[+-]\d{2}:?\d{2})?\]?(?: \d{2}[EO]\+?| \||:)?(?:\b|(?<=[\]:|+])|$) ?/,
  // 12:00:00.123, [12:00:00]
  /^\[?\d{1,2}:\d{2}:\d{2}(?:[.,]\d{1,9})?\]?[ \t]/,
  // May  1 12:00:00 host program[123]:
  /^(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d \d{2}:\d{2}:\d{2} (?:[\w.-]+ )?(?:[\w./-]+(?:\[\d+\])?: )?/,
  // buildkit: #12 34.56 / #12 ERROR:
  /^#\d+ (?:\[[^\]]{1,80}\] )?(?:\d+\.\d{1,3} )?/,
  // buildkit's summary of a failed step: 34.56 text
  /^\d{1,5}\.\d{2,3} (?=\S)/,
  // GitHub Actions, Azure pipelines
  /^##\[(?:error|warning|group|debug|command|section)\]/,
  /^::(?:error|warning|notice)[^:]*::/,
  // docker compose, kubernetes: web-1  | text
  /^(?!\d+ )(?:[\w.-]{1,40})?\s*[|│┃](?: |$)/,
  // torchrun, mpirun, ray, vllm, srun
  /^\[(?:rank|Rank|RANK|default)\s?\d+\]:?\s?/,
  /^\[\d+,\d+\]<(?:stdout|stderr)>:\s?/,
  /^\((?:[\w ]{0,80}\b)?(?:pid|rank|ip|node_rank)[ =:]\S[^)]{0,120}\)\s*/,
  /^(?:\d{1,4}|node\d+|worker-?\d+): (?=\s|[A-Z/])/,
  // INFO 05-01 12:00:00 [core.py:12], ERROR 2024-.. : of vllm, loguru, logging
  /^\[?(?:DEBUG|INFO|WARNING|WARN|ERROR|CRITICAL|TRACE)\]?(?: \d{2}-\d{2}| \d{4}-\d{2}-\d{2})[ T]\d{2}:\d{2}:\d{2}(?:[.,]\d+)?\]?(?: \[?[^\]\s]{1,60}\])?:?\s?/,
  /^\[(?:DEBUG|INFO|WARNING|WARN|ERROR|CRITICAL|stderr|stdout|STDERR|STDOUT)\]:?\s*/,
  /^(?:ERROR|WARNING|CRITICAL):root:/,
  /^(?:stderr|stdout|STDERR|STDOUT): ?/,
  // torch's and absl's: W0820 14:47:12.146000 116445 site-packages/torch/utils/cpp_extension.py:507]
  /^[IWEFV]\d{4} \d{2}:\d{2}:\d{2}\.\d+\s+\d+ [^\s\]]{1,200}\]\s*(?:\[\d+\/\d+\]\s*)?/,
  // cargo, of a build script's compiler: cargo:warning=text, warning: torch-sys@0.17.0: text
  /^(?:cargo:warning=|warning: [\w-]{1,60}@\d[\w.+-]{0,30}: )/,
  // MSBuild: 12>
  /^\d{1,3}(?::\d{1,3})?>(?=\S|\s)/,
  // pip's and uv's bars: │  ╰─>  ×
  /^[│┃|╰╭├└─→>×╵✗✘]+(?:\s|(?=\[))\s*/,
];

/** `gh run view --log`: job, step, time, text, between tabs. */
const ghRun = /^[^\t]{1,100}\t[^\t]{1,100}\t(?=\ufeff?\d{4}-\d{2}-\d{2}T)/;

/** Of terminals whose text was copied as HTML. */
const htmlTags = /<\/?(?:b|i|u|font|span|pre|code|strong|em|br|p)(?:\s[^<>]{0,200})?\s?\/?>/g;

const pytestPrefix = /^E {3,}(?=\S)/;

/** `[text](https://…)`, as editors make of a path. */
const markdownLink = /\[([^\]\n]{1,400})\]\(https?:[^)\s]{0,800}\)/g;

function percent(code: string): string {
  return String.fromCharCode(Number.parseInt(code.slice(1), 16));
}

/** Cleans a line. */
export function cleanLine(raw: string, number: number): LogLine {
  let text = raw;
  if (text.includes(escape)) text = text.replace(ansi, "");
  if (text.includes("[m") || /\[(?:0?1|0|3\d)(?:;\d+)*m/.test(text)) text = text.replace(strippedAnsi, "");
  if (text.includes("\r")) text = lastOverprint(text);
  controls.lastIndex = 0;
  if (controls.test(text)) text = text.replace(controls, "");
  if (text.includes("<") && /<\/(?:b|font|span|pre|code)>|<font /.test(text)) text = text.replace(htmlTags, "");
  if (text.includes("&") && /&(?:lt|gt|quot|amp|#39|#x27);/.test(text)) text = decodeEntities(text);
  text = text.replace(ghRun, "");
  if (text.includes("](http")) text = text.replace(markdownLink, "$1");
  if (text.includes("%20") && /%20\w+%20/.test(text))
    text = text.replace(/%(?:20|22|27|3A|2F|5B|5D|28|29|2C)/gi, percent);
  let indent = 0;
  let pytest = false;
  for (let round = 0; round < 6; round++) {
    const trimmed = text.trimStart();
    indent = text.length - trimmed.length;
    const next = stripPrefix(trimmed);
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
  // Markdown: quotes and code marks.
  if (text.startsWith("`") && text.endsWith("`") && text.length > 2) text = text.replace(/^`+|`+$/g, "").trim();
  return { number, text, indent, pytest };
}

function stripPrefix(text: string): string {
  // mold and lld draw references with >>>; Python's prompt is of no use.
  if (text.startsWith(">>>")) return text;
  for (const prefix of prefixes) {
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

function decodeEntities(text: string): string {
  return text
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&#x27;", "'")
    .replaceAll("&amp;", "&");
}
