/**
 * From the lines of a log to its findings: a cheap test for lines that cannot matter, then the parsers in order. One pass,
 * bounded memory. What the findings mean is not known here.
 */
import { Collector } from "./collector.ts";
import type { Finding } from "./finding.ts";
import { FactsReader, type LogFacts } from "./log-facts.ts";
import { cleanLine } from "./log-line.ts";
import { LogReader, type NotText } from "./log-reader.ts";
import { bareParser } from "./parsers/bare.ts";
import { buildToolParser } from "./parsers/build-tools.ts";
import { gccParser } from "./parsers/gcc.ts";
import { gpuParser } from "./parsers/gpu.ts";
import { installerParser } from "./parsers/installers.ts";
import { linkerParser } from "./parsers/linkers.ts";
import { loaderParser } from "./parsers/loader.ts";
import { msvcParser } from "./parsers/msvc.ts";
import { nvccParser } from "./parsers/nvcc.ts";
import type { Parser } from "./parsers/parser.ts";
import { pythonParser } from "./parsers/python.ts";
import { systemParser } from "./parsers/system.ts";

/** What a log holds. */
export interface Scan {
  readonly findings: readonly Finding[];
  readonly facts: LogFacts;
  readonly lines: number;
  /** How many lines the parsers looked at. */
  readonly examined: number;
  readonly bytes: number;
  readonly notText?: NotText;
}

/**
 * A line without any of these cannot matter, unless a parser waits for it. Every message that a parser knows has one of
 * them; the fixtures of the tests prove it.
 */
const interesting =
  /rror|RROR|atal|ndefined|nresolved|ot found|NOT FOUND|annot|an't|can not|Can not|ould not|ouldn't|o such file|No module|issing|illed|SIGKILL|SIGSEGV|signal|died|raceback|xception|nsupported|ot supported|ompatible|ismatch|match|enied|o space|No CUDA|No GPU|No HIP|equired|equires|failed|FAILED|Failed|Failure|ersion|ymbol not|needed by|not loaded|nvalid|nknown|nrecognized|not recognized|nable to|f memory|hint:|extensions root|Timeout|imed out|TIME LIMIT|most recent call|TORCH_LIBRARY|register|terminate called|what\(\)|egmentation|core dumped|multiple definition|duplicate|skipping incompatible|file not recognized|operand types|kernel image|not compiled|without GPU|Your compiler|Warning|WARNING|OOM|oom-|allocat|exhausted|not set|CUDA_HOME|too old|too long|oo many|an't create|ne peut|trouver|puede encontrar|не найти|nicht finden|not currently implemented|not supported because|not found$|\*\*\* |corrupted|oo short|Killed|temporarily|ermitted|bad_alloc|llegal|misaligned|device|launch|exit code|exit status|returned a non-zero|NumPy|numpy|File "|During handling|direct cause|\b(?:C|D|LNK|MSB)\d{4}\b|错|錯|Fehler|fehler|erreur|errore|erro:|ошибка|エラー|오류|未定义|模块|程序|无法|not define|does not|build stopped|no work to do|conflict|depends on|recompile|cannot find|Only a single|Expected in|Referenced from|vtable|skew|submodule|not a git|externally|o such option|Stale file|ASan|AddressSanitizer|codec can|Guessing wheel|Precompiled wheel|Duplicate definition|match-runtime|Because|HASHES|Microsoft Visual|Conda|NotFound|Unsatisfiable|relocation|mach-o|quota|interrupt|lost communication|canceled|in the future|recursively|WinError|can only be|is not a|arch_list\[|ignoring file|xit[Cc]ode|xited|with code|0x[cC]0000|capability|Fatal|qemu|exec format|unavailable: introduced|Native API|pre-compile|ABI version|By not providing|Could NOT|wasn't set|Found two|file format|has no attribute|fault by GPU|NCCL|nccl|is lost|fallen off|NVRM|XPU|Native API|\/dev\/kfd|must be|hould be|xpected|only support|GIL|aited on|not member|what\(/;

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
function makeParsers(): { readonly first: readonly Parser[]; readonly beside: readonly Parser[] } {
  return {
    first: [nvccParser(), gccParser(), msvcParser(), linkerParser(), buildToolParser(), installerParser()],
    beside: [loaderParser(), gpuParser(), pythonParser(), systemParser()],
  };
}

/** So many lines of one shape are looked at: a hundred thousand messages of one kind say no more than these. */
const shapeLimit = 60;
/** And so many where a message or traceback may go on. */
const shapeLimitInside = 600;
const shapesKept = 20_000;

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
  readonly #shapes = new Shapes();
  readonly #parsers = makeParsers();
  /** Gets what none of the others made anything of. */
  readonly #bare = bareParser();
  readonly #all: readonly Parser[];
  readonly #reader: LogReader;
  #open = false;
  #examined = 0;

  constructor() {
    this.#all = [...this.#parsers.first, ...this.#parsers.beside, this.#bare];
    this.#reader = new LogReader((line, number) => this.#line(line, number));
  }

  /** Takes a part. False when the rest need not be read. */
  push(chunk: Uint8Array): boolean {
    return this.#reader.push(chunk);
  }

  /** Ends the log. */
  finish(): Scan {
    const summary = this.#reader.finish();
    return {
      findings: this.#collector.findings(),
      facts: this.#facts.facts(),
      lines: summary.lines,
      bytes: summary.bytes,
      examined: this.#examined,
      ...(summary.notText === undefined ? {} : { notText: summary.notText }),
    };
  }

  #line(raw: string, number: number): void {
    if (!this.#open && (isCommand(raw) || !interesting.test(raw))) {
      this.#facts.command(raw);
      return;
    }
    const seen = this.#shapes.count(raw);
    if (seen > (this.#open ? shapeLimitInside : shapeLimit)) return;
    this.#examined++;
    const line = cleanLine(raw, number);
    this.#facts.line(line.text);
    let taken = false;
    const before = this.#collector.made;
    for (const parser of this.#parsers.first) {
      if (taken && parser.open !== true) continue;
      if (parser.line(line, this.#collector, taken)) taken = true;
    }
    if (!taken) {
      for (const parser of this.#parsers.beside) parser.line(line, this.#collector);
      const untouched = this.#collector.made === before;
      if (untouched || this.#bare.open === true) this.#bare.line(line, this.#collector, !untouched);
    } else {
      for (const parser of this.#parsers.beside) if (parser.open === true) parser.line(line, this.#collector, true);
      if (this.#bare.open === true) this.#bare.line(line, this.#collector, true);
    }
    this.#open = this.#all.some((parser) => parser.open === true);
  }
}

/** Reads a whole text. */
export function scanText(text: string): Scan {
  const scanner = new Scanner();
  scanner.push(new TextEncoder().encode(text));
  return scanner.finish();
}
