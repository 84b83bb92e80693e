import { describe, expect, test } from "vitest";
import type { TomlPath } from "../../../src/config/problem.ts";
import { decodeToml, locate, parseToml } from "../../../src/config/toml.ts";

const document = `# header
python = "python3"

[defaults]
define = { A = true, "B" = 2 }

[extension.one]
sources = ["a.cpp",
  "b.cpp", 'c.cpp']
define.C = 1

[[extension.one.override]]
files = ["a.cpp"]

[[extension.one.override]]
files = ["b.cpp"]
"cxx-flags" = [ "-O0" ]

[extension."two.three"]
sources = []
override = [ { files = ["x"] }, { files = ["y"], define = { Z = true } } ]

[extension.pkg._C]
sources = ["😀", "z.cpp"]
`;

async function at(path: TomlPath, part: "key" | "value"): Promise<string | undefined> {
  const { line, column } = await locate("/f", document, { path, part });
  return line === undefined ? undefined : `${line}:${column}`;
}

describe("places", () => {
  test.each<[string, TomlPath, "key" | "value", string]>([
    ["a key at the top", ["python"], "key", "2:1"],
    ["its value", ["python"], "value", "2:10"],
    ["a key of an inline table", ["defaults", "define", "B"], "key", "5:22"],
    ["its value", ["defaults", "define", "B"], "value", "5:28"],
    ["a table by its header", ["extension", "one"], "key", "7:12"],
    ["a quoted header", ["extension", "two.three"], "key", "19:12"],
    ["a header of three names", ["extension", "pkg", "_C"], "key", "23:16"],
    ["a table that only another header mentions", ["extension", "pkg"], "key", "23:12"],
    ["an entry on another line", ["extension", "one", "sources", 1], "value", "9:3"],
    ["an entry further on", ["extension", "one", "sources", 2], "value", "9:12"],
    ["a list", ["extension", "one", "sources"], "value", "8:11"],
    ["a dotted key", ["extension", "one", "define", "C"], "key", "10:8"],
    ["the part before the dot", ["extension", "one", "define"], "key", "10:1"],
    ["the first of a list of tables", ["extension", "one", "override", 0], "key", "12:17"],
    ["the second one", ["extension", "one", "override", 1], "key", "15:17"],
    ["an entry in the second one", ["extension", "one", "override", 1, "files", 0], "value", "16:10"],
    ["a quoted key", ["extension", "one", "override", 1, "cxx-flags"], "key", "17:1"],
    ["a list of inline tables", ["extension", "two.three", "override", 1], "key", "21:33"],
    ["deep in one", ["extension", "two.three", "override", 1, "define", "Z"], "value", "21:65"],
    ["what is missing: its table", ["extension", "one", "nothing"], "key", "7:12"],
    ["after a letter outside the first plane", ["extension", "pkg", "_C", "sources", 1], "value", "24:18"],
  ])("%s", async (_what, path, part, place) => {
    expect(await at(path, part)).toBe(place);
  });

  test("nothing of it in the document: the file alone", async () => {
    expect(await locate("/f", document, { path: ["nothing"], part: "key" })).toEqual({ file: "/f" });
  });
});

describe("parsing", () => {
  test("integers and floats are told apart", async () => {
    expect(await parseToml("a = 1\nb = 1.0")).toMatchObject({ ok: true, value: { a: 1n, b: 1 } });
  });

  test.each([
    ["a = python-module", 1, 5, "invalid value"],
    ["[x]\r\na = 1\r\n[x]\r\n", 3, 2, "trying to redefine an already defined table or value"],
    ["a = 1\na = 2", 2, 1, "trying to redefine an already defined table or value"],
    ["a b = 1", 1, 3, "illegal character in key"],
  ])("%j", async (text, line, column, message) => {
    expect(await parseToml(text)).toEqual({ ok: false, error: { message, line, column } });
  });
});

describe("bytes", () => {
  test("a byte order mark is no part of the text", () => {
    expect(decodeToml(Buffer.from("\uFEFFa = 1"))).toEqual({ ok: true, value: "a = 1" });
  });

  test("UTF-16 and other encodings are named", () => {
    expect(decodeToml(Buffer.from("\uFEFFa = 1", "utf16le"))).toMatchObject({
      error: { message: expect.stringContaining("UTF-16") },
    });
    expect(decodeToml(Buffer.from('a = 1\nb = "é"\n', "latin1"))).toMatchObject({
      ok: false,
      error: { message: expect.stringContaining("not UTF-8"), line: 2 },
    });
  });
});
