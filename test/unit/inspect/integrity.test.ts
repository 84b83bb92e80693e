import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { type ByteSource, bytesSource } from "../../../src/inspect/bytes.ts";
import { describeJson, describeText } from "../../../src/inspect/describe.ts";
import { inspectWhole } from "../../../src/inspect/inspect.ts";
import { type Integrity, integrityOf } from "../../../src/inspect/integrity.ts";
import { readRecord } from "../../../src/inspect/record.ts";
import { newMachine } from "./machine.ts";
import { buildZip, type TestMember } from "./zip-builder.ts";

const content = (text: string): Uint8Array => Buffer.from(text);
const RECORD = "demo-1.0.dist-info/RECORD";
const files: readonly TestMember[] = [
  { name: "demo/__init__.py", content: content("VALUE = 1\n"), deflate: true },
  { name: "demo/other, too.py", content: content("Y = 2\n") },
  { name: "demo-1.0.dist-info/METADATA", content: content("Name: demo\n"), deflate: true },
];

function line({ name, content: bytes }: TestMember, algorithm = "sha256"): string {
  const path = name.includes(",") ? `"${name}"` : name;
  return `${path},${algorithm}=${createHash(algorithm).update(bytes).digest("base64url")},${bytes.length}\n`;
}

function recordOf(lines: readonly string[]): TestMember {
  return { name: RECORD, content: content([...lines, `${RECORD},,\n`].join("")), deflate: true };
}

const record = recordOf(files.map((file) => line(file)));

async function read(members: readonly TestMember[], isWheel = true): Promise<Integrity | undefined> {
  return await integrityOf(bytesSource(buildZip(members)), { isWheel });
}

describe("readRecord", () => {
  it("reads quoted paths, other slashes, and lines without a digest", () => {
    expect(readRecord('"a ""b"", c.py",sha256=x-_y,3\r\n./d\\e.py,SHA384=z=,\nf.py,,\n')).toEqual([
      { path: 'a "b", c.py', algorithm: "sha256", digest: "x-_y", size: 3 },
      { path: "d/e.py", algorithm: "sha384", digest: "z" },
      { path: "f.py" },
    ]);
  });
});

describe("integrityOf", () => {
  it("finds nothing against a wheel that holds what it says", async () => {
    const signature = { name: `${RECORD}.jws`, content: content("{}") };
    expect(await read([...files, { name: "demo/", content: content("") }, signature, record])).toEqual({
      record: RECORD,
      read: 5,
      same: 3,
      problems: [],
    });
  });

  const [first, second, third] = files as [TestMember, TestMember, TestMember];
  const changed = { ...first, content: content("VALUE = 2\n") };
  const without = (name: string): TestMember =>
    recordOf(files.filter((file) => file.name !== name).map((file) => line(file)));
  it.each<[string, readonly TestMember[], string, string, string]>([
    [
      "changed content",
      [changed, second, third, record],
      "differs",
      "error",
      "`demo/__init__.py` is not what `RECORD` says",
    ],
    [
      "a file that is gone",
      [first, third, record],
      "missing",
      "error",
      "`demo/other, too.py` is listed in `RECORD`, but not there",
    ],
    [
      "a file more",
      [...files, without(second.name)],
      "extra",
      "warning",
      "`demo/other, too.py` is not listed in `RECORD`",
    ],
    [
      "a file twice",
      [...files, { ...second, content: content("Y = 3\n") }, record],
      "twice",
      "error",
      "`demo/other, too.py` is there twice",
    ],
    [
      "a weak digest",
      [...files, recordOf([line(first), line(second, "md5"), line(third)])],
      "no-digest",
      "warning",
      "`demo/other, too.py` is listed in `RECORD` without a digest of SHA-256 or better",
    ],
    [
      "another size",
      [...files, recordOf([line(first).replace(",10\n", ",11\n"), line(second), line(third)])],
      "differs",
      "error",
      "`demo/__init__.py` is not what `RECORD` says: 10 bytes, not 11",
    ],
    ["no RECORD", files, "no-record", "error", "There is not exactly one `.dist-info/RECORD` in the wheel"],
    [
      "two of them",
      [...files, record, { ...record, name: "demo-2.0.dist-info/RECORD" }],
      "no-record",
      "error",
      "There is not exactly one `.dist-info/RECORD` in the wheel",
    ],
    [
      "a wrong checksum",
      [{ ...first, crc: 1 }, second, third, record],
      "damaged",
      "error",
      "`demo/__init__.py` is damaged: wrong checksum",
    ],
    [
      "a damaged member",
      [{ ...first, raw: { packed: content("\xff\xff\xff\xff"), size: 10 } }, second, third, record],
      "damaged",
      "error",
      "`demo/__init__.py` is damaged: cannot be unpacked",
    ],
    [
      "an encrypted member",
      [{ ...first, encrypted: true }, second, third, record],
      "damaged",
      "error",
      "`demo/__init__.py` is damaged: cannot be unpacked",
    ],
  ])("tells %s, once", async (_name, members, kind, severity, what) => {
    const integrity = await read(members);
    expect(integrity?.problems.map((problem) => [problem.kind, problem.severity, problem.what])).toEqual([
      [kind, severity, what],
    ]);
  });

  it("asks for no RECORD where the file is no wheel, and reads it all the same", async () => {
    expect(await read(files, false)).toEqual({ read: 3, same: 0, problems: [] });
  });

  it("does not read members that lie over each other", async () => {
    const zip = Buffer.from(buildZip([{ name: "a", content: Buffer.alloc(3000) }, second]));
    // The second one takes the place of the first in the directory.
    const claim = zip.indexOf(Buffer.from("PK\x01\x02"), zip.indexOf(Buffer.from("PK\x01\x02")) + 1);
    zip.writeUInt32LE(3000, claim + 20);
    zip.writeUInt32LE(0, claim + 42);
    const integrity = await integrityOf(bytesSource(zip), { isWheel: false });
    expect(integrity?.problems[0]?.what).toContain("the members lie over each other");
  });

  it("never holds a large member in memory, and unpacks none a second time", async () => {
    const big: TestMember = { name: "demo/big.bin", content: Buffer.alloc(20_000_000, "large "), deflate: true };
    const stored: TestMember = { ...big, name: "demo/stored.bin", deflate: false };
    const bytes = bytesSource(buildZip([big, stored, recordOf([line(big), line(stored)])]));
    let most = 0;
    const source: ByteSource = {
      size: bytes.size,
      read: (offset, length) => {
        most = Math.max(most, length);
        return bytes.read(offset, length);
      },
    };
    expect(await integrityOf(source, { isWheel: true })).toMatchObject({ same: 2, problems: [] });
    expect(most).toBeLessThanOrEqual(1024 * 1024);
    const unpacked = new Map([["demo/big.bin", bytesSource(content("not that"))]]);
    const other = await integrityOf(source, { isWheel: true, unpacked });
    expect(other?.problems[0]?.what).toBe("`demo/big.bin` is damaged: 8 bytes, not 20000000");
  });
});

describe("inspectWhole", () => {
  it("tells the content of a wheel on its page and in JSON", async () => {
    const host = newMachine();
    host.write(
      "/project/demo-1.0-py3-none-any.whl",
      buildZip([...files.slice(1), recordOf([line(files[0] as TestMember)])]),
    );
    const inspected = await inspectWhole(host, "demo-1.0-py3-none-any.whl");
    expect(inspected.ok).toBe(true);
    if (!inspected.ok) return;
    const text = describeText(inspected.value);
    expect(text).toContain("Content     3 files were read and undamaged; 0 have the digest that RECORD gives");
    expect(text).toContain("error: `demo/__init__.py` is listed in `RECORD`, but not there");
    expect(text).toContain("warning: 2 files are not listed in `RECORD`");
    expect(text).toContain("    - demo/other, too.py\n");
    expect(describeJson(inspected.value)).toMatchObject({
      integrity: { read: 3, problems: [{ kind: "missing" }, { kind: "extra", count: 2 }] },
    });
  });
});
