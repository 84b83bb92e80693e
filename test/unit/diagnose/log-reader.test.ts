/** From bytes to lines: encodings, damage, binary data, lines without end, and logs of any size in bounded memory. */
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { byteSearch } from "../../../src/diagnose/text/byte-search.ts";
import { diagnose, diagnoseStream } from "../../../src/diagnose/diagnose.ts";
import { FactsReader } from "../../../src/diagnose/facts/facts-reader.ts";
import { LogReader } from "../../../src/diagnose/text/log-reader.ts";
import { needles } from "../../../src/diagnose/needles.ts";
import { Scanner } from "../../../src/diagnose/scan.ts";

const message = "ImportError: libcudart.so.11.0: cannot open shared object file: No such file or directory";

function linesOf(...parts: readonly Uint8Array[]): string[] {
  const lines: string[] = [];
  const reader = new LogReader(needles(), (line) => lines.push(line.text()));
  for (const part of parts) reader.push(part);
  reader.finish();
  return lines;
}

function utf16(text: string, big: boolean): Uint8Array {
  const bytes = new Uint8Array(text.length * 2);
  const view = new DataView(bytes.buffer);
  for (let index = 0; index < text.length; index++) view.setUint16(index * 2, text.charCodeAt(index), !big);
  return bytes;
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("lines", () => {
  it("are the same however the bytes are cut", () => {
    const bytes = encode("eins\nzwei ‘drei’\r\nvier");
    for (let at = 0; at <= bytes.length; at++)
      expect(linesOf(bytes.subarray(0, at), bytes.subarray(at))).toEqual(linesOf(bytes));
  });

  it("of Windows's terminal, which writes UTF-16, are read in either order of bytes", async () => {
    for (const big of [false, true]) {
      for (const mark of ["\uFEFF", ""]) {
        const report = await diagnoseStream([utf16(`${mark}building\r\n${message}\r\n`, big)]);
        expect(report.diagnoses[0]?.id).toBe("cuda-library-missing");
        expect(report.diagnoses[0]?.evidence).toEqual({ line: 2, text: message });
      }
    }
  });

  it("in an old code page are damaged, not lost", async () => {
    const bytes = Uint8Array.from([...encode("Datei f"), 0xfc, ...encode(`r cl.exe\n${message}\n`)]);
    expect((await diagnoseStream([bytes])).diagnoses[0]?.id).toBe("cuda-library-missing");
  });

  it("without end are cut, and what stands at their end is still read", () => {
    const long = `${"x".repeat(3_000_000)} ${message}`;
    const report = diagnose(`${long}\n`);
    expect(report.lines).toBe(1);
    expect(report.diagnoses[0]?.id).toBe("cuda-library-missing");
    expect(report.diagnoses[0]?.evidence.text.length).toBeLessThan(2_000);
  });

  it("that a progress bar printed over are what was last to be seen", () => {
    const report = diagnose(`  1%|\r 50%|\r100%| done\r${message}\n`);
    expect(report.diagnoses[0]?.evidence).toEqual({ line: 1, text: message });
  });
});

describe("carriage returns", () => {
  it("in a line that is too long to be kept end it: no message between them is lost", () => {
    const bar = Array.from({ length: 5_000 }, (_, index) => `\r ${index} of 5000`).join("");
    for (const text of [`${message}${bar}\n`, `${bar}\r${message}${bar}\n`, `${bar}\r${message}\n`]) {
      const report = diagnose(`a\n${text}b\n`);
      expect(report.lines).toBe(3);
      expect(report.diagnoses[0]?.evidence).toEqual({ line: 2, text: message });
    }
  });

  it("before the end of a long line are no line of their own", () => {
    const report = diagnose(`${"x".repeat(6_000)}\r\n${message}\r\n`);
    expect(report.lines).toBe(2);
    expect(report.diagnoses[0]?.evidence.line).toBe(2);
  });

  it("give the same lines however the bytes are cut", () => {
    const bytes = encode(`${"ä".repeat(2_600)}\r${"b\r".repeat(20)}c\r\n${"d".repeat(20_000)}e\r${"f".repeat(90)}\n\n`);
    const whole = linesOf(bytes);
    for (let at = 0; at <= bytes.length; at += 61)
      expect(linesOf(bytes.subarray(0, at), bytes.subarray(at))).toEqual(whole);
    for (const size of [1, 7, 4_999]) {
      const parts: Uint8Array[] = [];
      for (let at = 0; at < bytes.length; at += size) parts.push(bytes.subarray(at, at + size));
      expect(linesOf(...parts)).toEqual(whole);
    }
  });
});

describe("what is no text", () => {
  const cases: readonly (readonly [what: string, bytes: readonly number[], says: RegExp])[] = [
    ["gzip", [0x1f, 0x8b, 8, 0, 0, 0], /gzip/],
    ["a wheel", [0x50, 0x4b, 3, 4, 20, 0], /zip/],
    ["an extension", [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0], /ELF/],
    ["a DLL", [0x4d, 0x5a, 0x90, 0, 3, 0], /Windows/],
    ["a screenshot", [0x89, 0x50, 0x4e, 0x47, 13, 10], /PNG/],
    ["random bytes", Array.from({ length: 5_000 }, (_, index) => (index * 7919) % 256), /./],
  ];
  for (const [what, bytes, says] of cases) {
    it(`is said to be so: ${what}`, async () => {
      const report = await diagnoseStream([Uint8Array.from(bytes)]);
      expect(report.notText?.what).toMatch(says);
      expect(report.diagnoses).toEqual([]);
    });
  }

  it("is not read to its end", async () => {
    let asked = 0;
    function* parts(): Iterable<Uint8Array> {
      for (; asked < 1_000; asked++) yield Uint8Array.from({ length: 65_536 }, (_, index) => (index * 31) % 7);
    }
    expect((await diagnoseStream(parts())).notText).toBeDefined();
    expect(asked).toBeLessThan(3);
  });
});

describe("a large log", () => {
  it("is read once, line by line; of what says nothing, hardly a line is looked at twice", () => {
    const block =
      `${"[12/345] /usr/local/cuda/bin/nvcc -I/e/torch/include -c /p/k.cu -o /p/k.o -O3 -std=c++17 -Wno-error -DTORCH_EXTENSION_NAME=_C ".repeat(3)}\n` +
      "copying build/lib/pkg/module.py -> build/bdist/wheel/pkg\n".repeat(40) +
      "/e/torch/include/c10/util/Half.h:123:45: warning: ‘x’ is deprecated [-Wdeprecated-declarations]\n  123 |   f(x);\n      |   ^\n";
    const bytes = encode(block);
    const times = Math.ceil(10_000_000 / bytes.length);
    const scanner = new Scanner();
    for (let time = 0; time < times; time++) scanner.push(bytes);
    scanner.push(encode("nvcc error   : 'cicc' died due to signal 9 (Kill signal)\n"));
    const scan = scanner.finish();
    expect(scan.bytes).toBeGreaterThan(10_000_000);
    expect(scan.lines).toBe(times * 44 + 1);
    // The warning and what follows it, of 44 lines; the commands and the copies are passed by.
    expect(scan.examined).toBeLessThan(scan.lines / 8);
    expect(scan.findings.length).toBeLessThan(20);
    expect(scan.findings.at(-1)?.kind).toBe("tool-died");
  });

  it("with a hundred thousand messages of one shape: a few of them are looked at, and what follows them is still found", () => {
    const scanner = new Scanner();
    const part = Array.from(
      { length: 1_000 },
      (_, index) => `/p/csrc/k.cu(${index}): error: identifier "name_${index}" is undefined`,
    ).join("\n");
    for (let time = 0; time < 100; time++) scanner.push(encode(`${part}\n`));
    scanner.push(encode(`${message}\n`));
    const { findings, lines, examined } = scanner.finish();
    expect(lines).toBe(100_001);
    expect(examined).toBeLessThan(2_000);
    expect(findings[0]?.line).toBe(0);
    expect(findings.some(({ kind }) => kind === "missing-library")).toBe(true);
  });

  it("of ten thousand echoed commands is told of the machine by a few of them, and by what is said in other words", () => {
    const read = vi.spyOn(FactsReader.prototype, "command");
    const scanner = new Scanner();
    for (let index = 0; index < 10_000; index++)
      scanner.push(
        encode(
          `[${index}/10000] /usr/local/cuda-12.4/bin/nvcc -I/e/torch/include -c /p/k${index}.cu -o /p/k${index}.o\n`,
        ),
      );
    const calls = read.mock.calls.length;
    scanner.push(encode("Python version: 3.11.7\n"));
    const { facts } = scanner.finish();
    read.mockRestore();
    expect(calls).toBeGreaterThan(0);
    expect(calls).toBeLessThan(1_000);
    expect(facts).toMatchObject({ python: "3.11" });
  });

  it("full of different errors is kept within bounds, its first and its last", () => {
    const scanner = new Scanner();
    const part = Array.from({ length: 500 }, (_, index) => `file_${index}.cpp:1:1: error: no member named 'q'`).join(
      "\n",
    );
    for (let time = 0; time < 100; time++) scanner.push(encode(`${part.replaceAll("file_", `f${time}_`)}\n`));
    scanner.push(encode(`${message}\n`));
    const { findings, lines } = scanner.finish();
    expect(lines).toBe(50_001);
    expect(findings.length).toBeLessThan(5_000);
    expect(findings[0]?.file).toBe("f0_0.cpp");
    expect(findings.some(({ kind }) => kind === "missing-library")).toBe(true);
  });
});

/** A log of which every line is another sentence full of words of interest. */
function sentences(bytes: number): Uint8Array {
  const vocabulary =
    "error failed missing undefined symbol device launch match version register cannot invalid unknown unsupported a the of is in to by no".split(
      " ",
    );
  const lines: string[] = [];
  let state = 1;
  for (let length = 0; length < bytes;) {
    const words: string[] = [];
    for (let word = 0; word < 14; word++) {
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
      words.push(vocabulary[(state >> 8) % vocabulary.length] ?? "");
    }
    lines.push(words.join(" "));
    length += 80;
  }
  return encode(`${lines.join("\n")}\n`);
}

describe("a log that says more of trouble than can be looked at", () => {
  const noise = sentences(8_000_000);
  const middle = noise.indexOf(10, noise.length / 2) + 1;

  it.each([
    ["first", 0],
    ["in the middle", middle],
    ["last", noise.length],
  ])("is bounded in work, and the message that stands %s is found", (_, at) => {
    const scanner = new Scanner();
    for (const part of [noise.subarray(0, at), encode(`${message}\n`), noise.subarray(at)]) scanner.push(part);
    const scan = scanner.finish();
    expect(scan.lines).toBeGreaterThan(80_000);
    expect(scan.examined).toBeLessThan(20_000);
    expect(scan.skimmed?.to).toBeGreaterThan(scan.lines * 0.9);
    const line = at === 0 ? 1 : at === middle ? undefined : scan.lines;
    const finding = scan.findings.find(({ kind }) => kind === "missing-library");
    expect(finding?.text).toBe(message);
    if (line !== undefined) expect(finding?.at).toBe(line);
  });

  it("in UTF-16 has its end read again, too", () => {
    const text = `${new TextDecoder().decode(noise.subarray(0, 4_000_000))}\n${message}\n`;
    const bytes = utf16(text, false);
    const scanner = new Scanner();
    for (let at = 0; at < bytes.length; at += 65_537) scanner.push(bytes.subarray(at, at + 65_537));
    const scan = scanner.finish();
    expect(scan.skimmed).toBeDefined();
    expect(scan.findings.find(({ kind }) => kind === "missing-library")?.at).toBe(scan.lines);
  });
});

describe("words looked for in bytes", () => {
  it("are found as a search for each would find them", () => {
    const needles = ["he", "she", "his", "hers", "r", "shé"].map((text, bit) => ({ text, marks: 1 << bit }));
    const search = byteSearch(needles);
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("h", "e", "s", "i", "r", "é", "x"), maxLength: 40 }), (text) => {
        let state = 0;
        let marks = 0;
        for (const byte of encode(text)) {
          state = search.next[state * search.width + (search.columns[byte] ?? 0)] ?? 0;
          marks |= search.marks[state] ?? 0;
        }
        const expected = needles.reduce((all, needle) => all | (text.includes(needle.text) ? needle.marks : 0), 0);
        expect(marks).toBe(expected);
      }),
    );
  });
});
