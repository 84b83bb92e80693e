/**
 * From the lines of a log to its findings: a cheap test for lines that cannot matter, then the parsers in order. One pass,
 * bounded memory. What the findings mean is not known here.
 */
import { Collector } from "./collector.ts";
import type { Finding } from "./finding.ts";
import { FactsReader } from "./facts/facts-reader.ts";
import type { LogFacts } from "./facts/log-facts.ts";
import { cleanLine, type LogLine, straightQuotes } from "./text/log-line.ts";
import { type LineAt, LogReader, type NotText } from "./text/log-reader.ts";
import { codes, markCode, markFact, markMessage, markStrong, markTorch, markTrigger, needles } from "./needles.ts";
import { backtraceParser } from "./parsers/backtraces.ts";
import { bareParser } from "./parsers/bare.ts";
import { buildToolParser } from "./parsers/build-tools.ts";
import { deviceCheckParser } from "./parsers/device-checks.ts";
import { gccParser } from "./parsers/gcc.ts";
import { instantiationParser } from "./parsers/instantiations.ts";
import { gpuParser } from "./parsers/gpu.ts";
import { installerParser } from "./parsers/installers.ts";
import { linkerParser } from "./parsers/linkers.ts";
import { loaderParser } from "./parsers/loader.ts";
import { memoryCheckerParser } from "./parsers/memory-checkers.ts";
import { msvcParser } from "./parsers/msvc.ts";
import { nvccParser } from "./parsers/nvcc.ts";
import type { Parser } from "./parsers/parser.ts";
import { pytestParser } from "./parsers/pytest.ts";
import { pythonParser } from "./parsers/python.ts";
import { sourceEchoParser } from "./parsers/source-echo.ts";
import { surroundingsParser } from "./parsers/surroundings.ts";
import { systemParser } from "./parsers/system.ts";
import { fewestListed, isHeading, PassedOver } from "./text/passed-over.ts";
import { type GoodEnd, goodEnd } from "./text/good-end.ts";
import { spokenPart } from "./text/spoken-part.ts";
import { writtenLines } from "./text/written-lines.ts";

/** What a log holds. */
export interface Scan {
  readonly findings: readonly Finding[];
  readonly facts: LogFacts;
  readonly lines: number;
  /** How many lines the parsers looked at. */
  readonly examined: number;
  readonly bytes: number;
  /** Lines between these two were too many to be looked at each: of every kind of line the first ones were. */
  readonly skimmed?: { readonly from: number; readonly to: number };
  readonly notText?: NotText;
  /** The end says that the run went well, or goes on: what was said before stopped nothing. */
  readonly goodEnd?: GoodEnd;
}

/**
 * An echoed command: long, with many flags, and no word of a message in it. Flags such as `-Wno-error` would make most of
 * a build log interesting.
 */
function isCommand(raw: string): boolean {
  if (raw.length < 240) return false;
  let flags = 0;
  for (let at = raw.indexOf(" -"); at >= 0 && at < 1_600 && flags < 5; at = raw.indexOf(" -", at + 2)) {
    if (/[cDIWo]/.test(raw[at + 2] ?? "")) flags++;
  }
  return flags >= 5 && !messageWords.test(raw);
}

const messageWords =
  /(?:error|fatal|warning|Error)\s{0,4}:|not found|No such|undefined (?:symbol|reference)|Traceback|too long|Killed|denied/;

/** Parsers whose `true` means that nobody else need look, then those that look beside each other. */
function makeParsers(collector: Collector): { readonly first: readonly Parser[]; readonly beside: readonly Parser[] } {
  return {
    first: [
      sourceEchoParser(collector),
      nvccParser(),
      gccParser(),
      msvcParser(),
      instantiationParser(collector),
      linkerParser(),
      buildToolParser(),
      installerParser(),
    ],
    beside: [
      loaderParser(),
      gpuParser(),
      pytestParser(),
      pythonParser(),
      systemParser(),
      backtraceParser(),
      deviceCheckParser(),
      memoryCheckerParser(),
      surroundingsParser(),
    ],
  };
}

/** So many lines of one shape are looked at: a hundred thousand messages of one kind say no more than these. */
const shapeLimit = 60;
/** And so many where a message or traceback may go on. */
const shapeLimitInside = 600;
const shapesKept = 20_000;
/** Of lines that were written into one. */
const mostWritten = 400;
/** So many with the same words of interest in the same order, and where a message may go on. */
const signatureLimit = 200;
const signatureLimitInside = 600;
/** And so many are asked what they tell of the machine. */
const factsLimit = 60;
/** So many lines that say nothing of trouble and tell of the machine in the same words: a build of a thousand files. */
const toldLimit = 400;
/** Once the budget is spent, only lines of a kind that was seen so seldom, with what follows them. */
const rare = 3;
const linesAfterRare = 12;
const signaturesKept = 100_000;

/**
 * What may be looked at, in characters (a line costs some more): of the beginning, and then of lines of a kind that was
 * hardly seen yet. The end is read again with a budget of its own.
 */
const budgetOfBeginning = 110_000;
const budgetOfMiddle = 50_000;
const budgetOfEnd = 60_000;
const costOfLine = 60;
/** The end, in bytes. */
const endLength = 192 * 1024;

/** What is read of the end for the word of success, in bytes. */
const lastWords = 12_000;

/** What differs between messages of one kind: numbers, and what stands in quotes. */
const varying = /\d+|["'‘“`][^"'‘’“”`]{1,200}["'’”`]/g;

/** Counts lines that differ in their numbers and names alone. */
class Shapes {
  readonly #counts = new Map<string, number>();

  count(raw: string): number {
    const shape = (raw.length > 240 ? raw.slice(0, 240) : raw).replaceAll(varying, "0");
    const count = (this.#counts.get(shape) ?? 0) + 1;
    if (count === 1 && this.#counts.size >= shapesKept) this.#counts.clear();
    this.#counts.set(shape, count);
    return count;
  }
}

/** Reads a log part by part. */
export class Scanner {
  readonly #collector = new Collector();
  readonly #facts = new FactsReader();
  readonly #parsers = makeParsers(this.#collector);
  /** Gets what none of the others made anything of. */
  readonly #bare = bareParser();
  readonly #all: readonly Parser[];
  readonly #reader: LogReader;
  #namesTorch = false;
  readonly #passed = new PassedOver();
  /** Headings that hold a message. */
  readonly #headings = new Set<number>();
  #shapes = new Shapes();
  #signatures = new Map<number, number>();
  readonly #told = new Map<number, number>();
  #open = false;
  /** The last line that asks Python for torch's version, and its number: the next one is the answer. */
  #asked: readonly [line: string, number: number] = ["", 0];
  #examined = 0;
  #budget = budgetOfBeginning;
  /** The budget of the beginning is spent: only lines of rare kinds are looked at. */
  #skimming: { readonly from: number } | undefined;
  /** While skimming: up to this line all are looked at. */
  #follow = 0;
  /** The last parts, from which the end is read again. */
  #last: Uint8Array[] = [];
  #lastLength = 0;

  /** Lines, by number, that are listings: they tell of the machine, and no message stands in them. */
  readonly #listed: ReadonlySet<number>;

  constructor(listed: ReadonlySet<number> = new Set()) {
    this.#listed = listed;
    this.#all = [...this.#parsers.first, ...this.#parsers.beside, this.#bare];
    this.#reader = new LogReader(needles(), (line) => this.#line(line));
  }

  /** Takes a part. False when the rest need not be read. */
  push(chunk: Uint8Array): boolean {
    this.#last.push(chunk);
    this.#lastLength += chunk.length;
    for (let first = this.#last[0]; first !== undefined && this.#lastLength - first.length >= endLength;) {
      this.#last.shift();
      this.#lastLength -= first.length;
      first = this.#last[0];
    }
    return this.#reader.push(chunk);
  }

  /** Ends the log. */
  finish(): Scan {
    const summary = this.#reader.finish();
    const skimmed = this.#skimming === undefined ? undefined : this.#readEnd(this.#skimming.from, summary.lines);
    const findings = this.#collector.findings();
    const tail = Buffer.concat(this.#last.slice(-2)).subarray(-lastWords);
    const end =
      summary.notText === undefined ? goodEnd(new TextDecoder().decode(this.#reader.inUtf8(tail))) : undefined;
    return {
      findings: this.#headings.size < fewestListed ? findings : findings.filter(({ at }) => !this.#headings.has(at)),
      facts: this.#facts.facts(this.#namesTorch),
      lines: summary.lines,
      bytes: summary.bytes,
      examined: this.#examined,
      ...(end === undefined ? {} : { goodEnd: end }),
      ...(skimmed === undefined ? {} : { skimmed }),
      ...(summary.notText === undefined ? {} : { notText: summary.notText }),
    };
  }

  /** Looks at the last lines as if the log began there. What was found in them before is found once. */
  #readEnd(from: number, lines: number): { readonly from: number; readonly to: number } | undefined {
    const bytes = this.#reader.inUtf8(Buffer.concat(this.#last)).subarray(-endLength);
    const start = bytes.indexOf(10) + 1;
    if (start === 0) return { from, to: lines };
    const end = bytes.subarray(start);
    let inside = end.length > 0 && end.at(-1) !== 10 ? 1 : 0;
    for (const byte of end) if (byte === 10) inside++;
    const before = lines - inside;
    this.#skimming = undefined;
    this.#budget = budgetOfEnd;
    this.#shapes = new Shapes();
    this.#signatures = new Map();
    const reader = new LogReader(
      needles(),
      (line) => {
        if (line.number > from) this.#line(line);
      },
      before,
    );
    reader.pushText(end);
    reader.finish();
    return before > from ? { from, to: before } : undefined;
  }

  /** The command whose output is read: what it tells of the machine counts, what it holds is no message. */
  command(text: string): void {
    this.#facts.command(text, 0);
  }

  #line(line: LineAt): void {
    const { marks } = line;
    if ((marks & markTorch) !== 0) this.#namesTorch = true;
    if (line.number <= this.#facts.wanted) this.#facts.step(line.text(), line.number);
    const [question, asked] = this.#asked;
    if (asked > 0 && line.number === asked + 1) this.#facts.answer(question, line.text());
    if (!this.#open && (marks & (markTrigger | markCode)) === 0) {
      if ((marks & markFact) !== 0) this.#tellOf(line);
      return;
    }
    if (this.#budget <= 0) {
      if (this.#skimming !== undefined) return;
      this.#skimming = { from: line.number };
      this.#budget = budgetOfMiddle;
    }
    const alike = this.#signatures.get(line.signature) ?? 0;
    if (this.#skimming === undefined) {
      if (alike >= (this.#open ? signatureLimitInside : signatureLimit)) return;
    } else if (!this.#open || line.number > this.#follow) {
      if (alike >= rare || !this.#isWorth(marks)) return;
    }
    const raw = line.text();
    this.#ask(raw, line.number);
    if (this.#passed.has(raw, line.number)) return;
    if (this.#listed.has(line.number)) {
      if (this.#countTold(line) < factsLimit) this.#facts.line(cleanLine(raw, line.number).text, line.number);
      return;
    }
    if (!this.#open && (((marks & markTrigger) === 0 && !codes.test(raw)) || isCommand(raw))) {
      this.#tellOf(line);
      return;
    }
    if (alike === 0 && this.#signatures.size >= signaturesKept) this.#signatures.clear();
    this.#signatures.set(line.signature, alike + 1);
    if (this.#skimming !== undefined && alike < rare && this.#isWorth(marks))
      this.#follow = line.number + linesAfterRare;
    const seen = this.#shapes.count(raw);
    if (seen > (this.#open ? shapeLimitInside : shapeLimit)) return;
    this.#examined++;
    this.#budget -= raw.length + costOfLine;
    const made = this.#collector.made;
    const written = raw.includes("\\n") || raw.includes('="') || raw.includes('{"') ? writtenLines(raw) : undefined;
    const tells = alike < factsLimit || this.#countTold(line) < factsLimit;
    if (written === undefined) this.#examine(cleanLine(raw, line.number), tells);
    else for (const part of written.slice(0, mostWritten)) this.#examine(cleanLine(part, line.number), tells);
    if (this.#collector.made !== made && isHeading(raw)) this.#headings.add(line.number);
  }

  /** What a line tells of the machine that no parser looks at. Thousands that tell of the same are one another's echo. */
  #tellOf(line: LineAt): void {
    if (this.#countTold(line) >= toldLimit) return;
    const raw = line.text();
    this.#ask(raw, line.number);
    if (!this.#passed.has(raw, line.number)) this.#facts.command(raw, line.number);
  }

  /** How many lines before this one had the same words that tell of the machine. */
  #countTold(line: LineAt): number {
    const alike = this.#told.get(line.told) ?? 0;
    if (alike === 0 && this.#told.size >= signaturesKept) this.#told.clear();
    this.#told.set(line.told, alike + 1);
    return alike;
  }

  #ask(raw: string, number: number): void {
    if (raw.length < 300 && (raw.includes("torch.__version__") || raw.includes("torch.version.cuda")))
      this.#asked = [raw, number];
  }

  /** Of what is left for the middle of the log, half is for lines in the form of a message. */
  #isWorth(marks: number): boolean {
    if ((marks & markMessage) !== 0) return true;
    return (marks & markStrong) !== 0 && this.#budget > budgetOfMiddle / 2;
  }

  #examine(line: LogLine, tells: boolean): void {
    if (tells) this.#facts.line(line.text, line.number);
    if (!this.#read(line)) {
      // Words of somebody else stand before those of the tool, or quotes that no tool writes around its names.
      const part = spokenPart(line.text);
      const again = straightQuotes(part ?? line.text);
      const other = again === line.text ? undefined : { ...line, text: again };
      const found = other !== undefined && !this.#open && this.#read(other);
      const last = (!found || this.#bare.open === true) && this.#bare.line(line, this.#collector, found);
      if (!found && !last && other !== undefined) this.#bare.line(other, this.#collector);
    } else if (this.#bare.open === true) this.#bare.line(line, this.#collector, true);
    this.#open = this.#all.some((parser) => parser.open === true);
  }

  /** Shows the line to all parsers but the last one. Whether anything was made of it. */
  #read(line: LogLine): boolean {
    let taken = false;
    const before = this.#collector.made;
    for (const parser of this.#parsers.first) {
      if (taken && parser.open !== true) continue;
      if (parser.line(line, this.#collector, taken)) taken = true;
    }
    if (taken) {
      for (const parser of this.#parsers.beside) if (parser.open === true) parser.line(line, this.#collector, true);
    } else for (const parser of this.#parsers.beside) parser.line(line, this.#collector);
    this.#open = this.#all.some((parser) => parser.open === true);
    return taken || this.#collector.made !== before;
  }
}

/** Reads a whole text. */
export function scanText(text: string): Scan {
  const scanner = new Scanner();
  scanner.push(new TextEncoder().encode(text));
  return scanner.finish();
}
