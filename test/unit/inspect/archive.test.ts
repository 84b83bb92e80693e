/** Packages in other forms than wheels, and folders. */
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { openArchive } from "../../../src/inspect/archive.ts";
import { bytesSource } from "../../../src/inspect/bytes.ts";
import { describeJson, describeText } from "../../../src/inspect/describe.ts";
import { builtFilesIn, inspectPath } from "../../../src/inspect/inspect.ts";
import { readTar, tarMember } from "../../../src/inspect/tar.ts";
import { inspectArchive } from "../../../src/inspect/wheel.ts";
import { buildElf } from "./elf-builder.ts";
import { environmentOf, extension, newMachine } from "./machine.ts";
import { buildTar, storedZstd } from "./tar-builder.ts";
import { buildZip } from "./zip-builder.ts";

const packages = "/venv/lib/python3.11/site-packages";
const python = environmentOf().python;
const environment = {
  ...environmentOf(),
  ...(python === undefined ? {} : { python: { ...python, packageDirs: [packages], prefix: "/venv" } }),
};
const module = buildElf({
  ...extension,
  needed: [...(extension.needed ?? []), "libown.so.3"],
  rpath: "$ORIGIN/../..",
});
const own = buildElf({ soname: "libown.so.3", needed: ["libc.so.6"] });
const suffix = "cpython-311-x86_64-linux-gnu.so";
const tar = buildTar([
  { name: "./lib/libown.so.3", content: own },
  { name: `lib/python3.11/site-packages/demo.${suffix}`, content: module },
  { name: "lib/python3.11/site-packages/demo.py", content: Buffer.from("x = 1\n") },
  { name: "bin/demo", content: Buffer.from("#!/bin/sh\n".padEnd(80)) },
  { name: "bin/tool", content: buildElf({ type: 2, needed: ["libc.so.6", "libgone.so"] }) },
]);
const conda = buildZip([
  { name: "metadata.json", content: Buffer.from("{}") },
  { name: "info-demo-1.0-py311_0.tar.zst", content: storedZstd(buildTar([])) },
  { name: "pkg-demo-1.0-py311_0.tar.zst", content: storedZstd(tar) },
]);

describe("readTar", () => {
  it("reads long names in every form, and leaves out what is no file", () => {
    const long = `${"a".repeat(60)}/${"b".repeat(60)}.so`;
    const bytes = buildTar([
      { name: `${long}1`, content: Buffer.from("one"), long: "gnu" },
      { name: `${long}2`, content: Buffer.from("two"), long: "pax" },
      { name: `${long}3`, content: Buffer.from("three"), long: "prefix" },
      { name: "folder/", content: new Uint8Array(0), type: "5" },
      { name: "link", content: new Uint8Array(0), type: "2" },
      { name: "short", content: Buffer.from("four") },
    ]);
    const { members, complete } = readTar(bytesSource(bytes));
    expect(complete).toBe(true);
    const contents = members.map((member) => {
      const source = tarMember(bytesSource(bytes), member);
      return [member.name, Buffer.from(source.read(0, source.size)).toString()];
    });
    expect(contents).toEqual([
      [`${long}1`, "one"],
      [`${long}2`, "two"],
      [`${long}3`, "three"],
      ["short", "four"],
    ]);
  });

  it("ends where it is cut off, or may have any field changed", () => {
    for (let length = 1; length < tar.length - 1024; length += 97)
      expect(readTar(bytesSource(tar.subarray(0, length))).members.length).toBeLessThanOrEqual(5);
    for (let at = 0; at < 520; at++) {
      for (const value of [0, 0x37, 0x80, 0xff]) {
        const bytes = Buffer.from(tar);
        bytes.fill(value, at, at + 12);
        const archive = openArchive(bytesSource(bytes));
        if (archive?.ok === false) expect(archive.error.code).toBe("INSPECT_DAMAGED");
      }
    }
  });
});

describe("a conda package", () => {
  it("is judged as if it lay in the environment", () => {
    const host = newMachine();
    host.write("/project/demo-1.0-py311_0.conda", conda);
    const result = inspectPath(host, "demo-1.0-py311_0.conda", { environment });
    if (!result.ok || result.value.kind !== "wheel") throw new Error("no package");
    expect(result.value.wheel).toMatchObject({ kind: "conda", files: 5 });
    const loads = [...result.value.verdicts].map(([path, verdict]) => [path, verdict.loads]);
    expect(loads).toEqual([
      [`lib/python3.11/site-packages/demo.${suffix}`, "yes"],
      ["bin/tool", "no"],
    ]);
    const verdict = [...result.value.verdicts.values()][0];
    expect(verdict?.libraries.find(({ name }) => name === "libown.so.3")?.path).toBe("/venv/lib/libown.so.3");
    expect(describeText(result.value)).toContain("libown.so.3");
    expect(describeJson(result.value)).toMatchObject({ kind: "conda" });
  });

  it("may be damaged", () => {
    for (const packed of [storedZstd(tar).subarray(0, 900), Buffer.from("no frame")]) {
      const bytes = buildZip([
        { name: "metadata.json", content: Buffer.from("{}") },
        { name: "pkg-demo-1.0-py311_0.tar.zst", content: packed },
      ]);
      const result = inspectArchive(bytesSource(bytes), "demo.conda");
      expect(result?.ok === false && result.error.code).toBe("INSPECT_DAMAGED");
    }
  });
});

describe("a tar archive", () => {
  it.each([
    ["plain", tar],
    ["compressed by gzip", gzipSync(tar)],
    ["compressed by zstd", storedZstd(tar)],
  ])("that is %s is read", (_what, bytes) => {
    const result = inspectArchive(bytesSource(bytes), "demo-1.0.tar");
    expect(result?.ok === true && result.value.members.map(({ path }) => path)).toEqual([
      "lib/libown.so.3",
      `lib/python3.11/site-packages/demo.${suffix}`,
      "bin/tool",
    ]);
  });

  it("is not seen in what is compressed otherwise", () => {
    expect(openArchive(bytesSource(gzipSync(Buffer.from("a log"))))).toBeUndefined();
    expect(openArchive(bytesSource(storedZstd(Buffer.from("a log"))))).toBeUndefined();
    expect(openArchive(bytesSource(module))).toBeUndefined();
  });
});

describe("a wheel", () => {
  it("has its programs, wherever they lie, and members of newer Pythons' compression", () => {
    const program = buildElf({ type: 2, needed: ["libc.so.6", "libown.so.3"], rpath: "$ORIGIN/../lib" });
    const members = [
      { name: "demo-1.0.data/scripts/demo", content: program, deflate: true },
      { name: "demo-1.0.data/scripts/demo.sh", content: Buffer.from("#!/bin/sh\n") },
      { name: "demo-1.0.data/data/lib/libown.so.3", content: own },
      { name: "demo/bin/ptxas", content: program },
      { name: "demo/LICENSE", content: Buffer.from("text\n".repeat(100)), deflate: true },
      {
        name: `demo.${suffix}`,
        content: buildElf(extension),
        raw: { packed: storedZstd(buildElf(extension)), size: buildElf(extension).length },
        method: 93,
      },
    ];
    const host = newMachine();
    host.write("/project/demo-1.0-py3-none-any.whl", buildZip(members));
    const result = inspectPath(host, "demo-1.0-py3-none-any.whl", { environment });
    if (!result.ok || result.value.kind !== "wheel") throw new Error("no package");
    expect([...result.value.verdicts].map(([path, verdict]) => [path, verdict.loads])).toEqual([
      ["demo-1.0.data/scripts/demo", "yes"],
      ["demo/bin/ptxas", "no"],
      [`demo.${suffix}`, "yes"],
    ]);
  });

  it("may have libraries that another module of the package has loaded before", () => {
    const module = buildElf({ ...extension, needed: [...(extension.needed ?? []), "libown.so.3"] });
    const members = [
      { name: "demo/libown.so.3", content: own },
      { name: `demo/deeper/demo.${suffix}`, content: module },
    ];
    const host = newMachine();
    host.write("/project/demo-1.0-cp311-cp311-linux_x86_64.whl", buildZip(members));
    const result = inspectPath(host, "demo-1.0-cp311-cp311-linux_x86_64.whl", { environment });
    if (!result.ok || result.value.kind !== "wheel") throw new Error("no package");
    const [verdict] = result.value.verdicts.values();
    expect(verdict).toMatchObject({ loads: "unknown", problems: [] });
    expect(verdict?.reasons[0]).toContain("`libown.so.3` is in the package");
  });

  it("says what it cannot unpack", () => {
    const bytes = buildZip([{ name: "x.so", content: Buffer.from("abc"), method: 12 }]);
    const result = inspectArchive(bytesSource(bytes), "demo.whl");
    expect(result?.ok === true && result.value.members[0]?.failure?.message).toContain("(bzip2)");
  });
});

describe("a folder", () => {
  it("has all built files below it, each once", () => {
    const host = newMachine();
    host.write("/project/build/b/demo.so", module);
    host.write("/project/build/libown.so.3", own);
    host.fs.symlink("libown.so.3", "/project/build/libown.so");
    host.write("/project/build/dist/demo-1-py3-none-any.whl", conda);
    host.write("/project/build/.hidden/x.so", own);
    host.write("/project/build/notes.txt", Buffer.from("no library"));
    expect(builtFilesIn(host, "build")).toEqual([
      "/project/build/b/demo.so",
      "/project/build/dist/demo-1-py3-none-any.whl",
      "/project/build/libown.so",
    ]);
    expect(builtFilesIn(host, "build/notes.txt")).toBeUndefined();
    expect(builtFilesIn(host, "nothing")).toBeUndefined();
  });
});
