/** Whatever comes in, an answer comes out: random bytes, cut logs, lines of nothing but one character. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { diagnose, diagnoseStream } from "../../../src/diagnose/diagnose.ts";
import { cleanLine } from "../../../src/diagnose/text/log-line.ts";
import { readSymbol } from "../../../src/diagnose/mangled.ts";
import { judgeSymbol } from "../../../src/diagnose/symbols.ts";
import * as found from "../../fixtures/diagnose/found-cases.ts";
import { ordinaryLogs } from "../../fixtures/diagnose/ordinary-logs.ts";
import { referenceCases } from "../../fixtures/diagnose/reference-cases.ts";

const texts = [...referenceCases, ...Object.values(found).flat(), ...ordinaryLogs].map(({ text }) => text);

function wellFormed(report: ReturnType<typeof diagnose>): void {
  expect(report.diagnoses.length).toBeLessThanOrEqual(6);
  for (const { id, title, cause, fix, evidence, docs } of report.diagnoses) {
    expect(id).toMatch(/^[a-z0-9-]+$/);
    expect(title).not.toBe("");
    expect(cause).not.toBe("");
    expect(fix.every((line) => line !== "" && !line.includes("\n"))).toBe(true);
    expect(evidence.line).toBeGreaterThan(0);
    expect(evidence.line).toBeLessThanOrEqual(report.lines);
    expect(docs).toBe(`docs/errors/${id}.md`);
  }
}

describe("any input", () => {
  it("of random bytes ends in an answer", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 20 }), async (parts) => {
        wellFormed(await diagnoseStream(parts));
      }),
      { numRuns: 200 },
    );
  });

  it("of random text ends in an answer", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 600 }), (text) => {
        wellFormed(diagnose(text));
      }),
      { numRuns: 300 },
    );
  });

  it("of pieces of real logs, cut anywhere and in any order, ends in an answer", () => {
    const piece = fc
      .tuple(fc.constantFrom(...texts), fc.nat(), fc.nat())
      .map(([text, from, length]) => text.slice(from % (text.length + 1)).slice(0, length % 500));
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 12 }),
        fc.constantFrom("", "\n", "\r", "\r\n", " "),
        (pieces, between) => {
          wellFormed(diagnose(pieces.join(between)));
        },
      ),
      { numRuns: 300 },
    );
  });

  it("that is a real log in which characters were changed ends in an answer", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...texts),
        fc.array(fc.tuple(fc.nat(), fc.string({ unit: "binary", minLength: 1, maxLength: 3 })), { maxLength: 8 }),
        (text, changes) => {
          let changed = text;
          for (const [at, put] of changes) {
            const index = at % (changed.length + 1);
            changed = changed.slice(0, index) + put + changed.slice(index + 1);
          }
          wellFormed(diagnose(changed));
        },
      ),
      { numRuns: 300 },
    );
  });

  it("with a long path that is none after all ends in an answer", () => {
    const path = "/e/site-packages/flash_attn_2_cuda_cpython_311_x86_64_linux_gnu?o";
    wellFormed(diagnose(`ImportError: /lib/libc.so.6: version \`GLIBC_2.32' not found (required by ${path})`));
    wellFormed(diagnose(`k.cpp:3:9: error: no matching function\n    3 | y = x.view(${"a,  ".repeat(60)}b;`));
  });

  it("gives the same answer however the stream is cut", async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...texts), fc.array(fc.nat(), { maxLength: 6 }), async (text, cuts) => {
        const bytes = new TextEncoder().encode(text);
        const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
        const parts = places.slice(1).map((end, index) => bytes.subarray(places[index] ?? 0, end));
        expect((await diagnoseStream(parts)).diagnoses).toEqual(diagnose(text).diagnoses);
      }),
      { numRuns: 100 },
    );
  });
});

describe("lines that invite a regular expression to try everything", () => {
  const seeds = [
    "error: ",
    "a",
    "<",
    "::",
    "(",
    "‘",
    "'",
    " ",
    "\t",
    "1",
    ".so: ",
    "undefined reference to `",
    "No such file or directory: '",
    "operator ",
    "_ZN",
    "N1a",
    "St",
    "?@@",
    "Traceback ",
    'File "',
    "x.cpp:1:1: error: ",
    "\u001b[",
    "[m",
    "&lt;",
    "│ ",
    "> ",
    "#12 1.2 ",
  ];
  for (const seed of seeds) {
    it(JSON.stringify(seed), () => {
      wellFormed(diagnose(seed.repeat(Math.ceil(20_000 / seed.length))));
      wellFormed(diagnose(`ImportError: ${seed.repeat(Math.ceil(6_000 / seed.length))} error: undefined symbol: x`));
    });
  }
});

describe("a line that almost has the form of a prefix", () => {
  const words = "word ".repeat(12) + "w".repeat(60);
  const dotted = "a.b_c-d/".repeat(12);
  for (const [open, close] of ["()", "[]", "{}", "<>", '""', "''", "``", "::", "||", "##"]) {
    it(`${open ?? ""}…${close ?? ""} is read at once`, () => {
      for (const inner of [words, dotted, words.toUpperCase(), "0".repeat(60), `${"1:".repeat(30)}`, " ".repeat(60)])
        for (const end of [close ?? "", "", ` error: x${close ?? ""}`])
          wellFormed(diagnose(`${open ?? ""}${inner}${end}\n${open ?? ""} ${inner} KeyboardInterrupt use${end}`));
    }, 5_000);
  }
});

describe("a mangled name", () => {
  it("of any form is read without an error", () => {
    const mangled = fc.oneof(
      fc.constantFrom("constructor", "_Z11constructor", "_ZN9__proto__1fEv", "_ZN7valueOf1fEv"),
      fc.string({ maxLength: 80 }),
      fc
        .array(
          fc.constantFrom(
            "N",
            "3c10",
            "5Error",
            "S",
            "t",
            "_",
            "E",
            "I",
            "l",
            "K",
            "R",
            "P",
            "99",
            "Ss",
            "B5cxx11",
            "T",
            "L",
            "X",
          ),
          { maxLength: 40 },
        )
        .map((parts) => `_Z${parts.join("")}`),
      fc
        .array(fc.constantFrom("?", "@", "@@", "f", "c10", "YA", "X", "Z", "$", "H"), { maxLength: 40 })
        .map((parts) => `?${parts.join("")}`),
    );
    fc.assert(
      fc.property(mangled, (name) => {
        expect(readSymbol(name).path.length).toBeGreaterThanOrEqual(0);
        expect(judgeSymbol(name).owner).not.toBe("");
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("a line that was cleaned", () => {
  it("is clean: cleaning it again changes nothing", () => {
    const changed = texts
      .flatMap((text) => text.split("\n"))
      .map((line) => cleanLine(line, 1).text)
      .filter((once) => cleanLine(once, 1).text !== once);
    expect(changed).toEqual([]);
  });
});
