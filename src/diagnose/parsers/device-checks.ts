/**
 * What checks on the GPU say of a kernel: compute-sanitizer and the older cuda-memcheck, which name the access, the kernel
 * and the thread on lines of their own, and the assertions of kernels, which say where they stand.
 */
import type { Collector } from "../collector.ts";
import type { OpenFinding } from "../finding.ts";
import type { LogLine } from "../text/log-line.ts";
import type { Parser } from "./parser.ts";

const access =
  /^=+ (?:Error: )?((?:Invalid|Uninitialized) (?:__(?:global|shared|local)__ )?(?:memory )?(?:read|write|atomic\w*) (?:access )?of size \d+(?: bytes)?|Race reported between .{1,300}|(?:Potential )?(?:RAW|WAR|WAW) hazard detected .{1,200}|Barrier error detected\. .{1,100}|Leaked [\d,]+ bytes? at .{1,60})/;
/** Both orders: `at f(int)+0x1a0 in a.cu:48`, `at 0x1a0 in /src/a.cu:48:f(int)`. */
const kernelFirst = /^=+ +at (?!0x)(.{1,600}?)\+0x[0-9a-f]+(?: in (\S{1,300}?):(\d+))?$/;
const kernelLast = /^=+ +at 0x[0-9a-f]+ in (?:(\/?[^\s:]{1,300}):(\d+):)?(.{1,600})$/;
const address =
  /^=+ +(?:Address 0x[0-9a-f]+ is|Access (?:to|at) 0x[0-9a-f]+(?: \w+ \S+)? is) (misaligned|out of bounds|.{1,60})$/;
const assertion =
  /^(?<file>\S{1,300}?):(?<line>\d+): (?<name>.{1,400}?): block: \[[\d,]{5,40}\],? thread: \[[\d,]{5,40}\] Assertion [`'](?<said>.{1,400}?)['`]? failed/;

/** `Race reported between Write access at f(float *)+0x120 in a.cu:22`. */
const raceAt = / access at (.{1,200}?)\+0x[0-9a-f]+(?: in (\S{1,200}?):(\d+))?/;

/** The parser of checks on the GPU, of Metal's own, and of what a model compiled ahead of time says. */
export function deviceCheckParser(): Parser {
  let open: OpenFinding | undefined;
  let lines = 0;
  return {
    get open() {
      return open !== undefined;
    },
    line(line: LogLine, out: Collector, taken = false): boolean {
      const { text } = line;
      if (text.includes("Assertion ") && text.includes("block: [")) {
        const found = assertion.exec(text.slice(0, 2_000))?.groups;
        if (found === undefined) return false;
        out.add(line, {
          kind: "gpu",
          tool: "cuda",
          code: "device-assertion",
          message: found["said"] ?? "",
          symbol: found["name"] ?? "",
          file: found["file"] ?? "",
          line: Number(found["line"]),
        });
        return false;
      }
      if (text.includes("failed assertion") || text.includes("Exception in aoti_torch: ")) {
        const metal =
          /\[(?<name>(?:_?MTL|AGX|MPS)\w+ [^\]]{1,120})\].{0,20}failed assertion [`'](?<said>.{1,300}?)'\s*$/.exec(
            text,
          )?.groups;
        const model = /Exception in aoti_torch: (?<said>.{3,400})$/.exec(text)?.groups;
        if (metal !== undefined)
          out.add(line, {
            kind: "exception",
            tool: "system",
            code: "metal-assertion",
            message: metal["said"] ?? "",
            symbol: metal["name"] ?? "",
          });
        else if (model !== undefined)
          out.add(line, { kind: "exception", tool: "torch", code: "compiled-model", message: model["said"] ?? "" });
        return false;
      }
      if (!text.startsWith("=====")) {
        open = undefined;
        return false;
      }
      if (taken) return false;
      const found = access.exec(text);
      if (found !== null) {
        open = out.add(line, { kind: "gpu", tool: "cuda", code: "sanitizer", message: found[1] ?? "" });
        const race = raceAt.exec(found[1] ?? "");
        if (race !== null) place(open, race[1], race[2], race[3]);
        lines = 0;
        return false;
      }
      if (open === undefined) return false;
      if (++lines > 6) {
        open = undefined;
        return false;
      }
      const first = kernelFirst.exec(text);
      const last = first === null ? kernelLast.exec(text) : null;
      if (first !== null) place(open, first[1], first[2], first[3]);
      else if (last !== null) place(open, last[3], last[1], last[2]);
      const why = address.exec(text)?.[1];
      if (why !== undefined) open.message = `${open.message}: ${why}`;
      return false;
    },
  };
}

function place(finding: OpenFinding, name?: string, file?: string, line?: string): void {
  if (finding.symbol !== undefined) return;
  finding.symbol = name ?? "";
  if (file !== undefined && line !== undefined) {
    finding.file = file;
    finding.line = Number(line);
  }
}
