import { describe, expect, it } from "vitest";
import { type ConfigEdit, diffLines, editConfig } from "../../../src/build/edit-config.ts";

const table = ["extension", "ops"];
const add = (...values: string[]): ConfigEdit => ({ kind: "append", key: "include-dirs", values });

async function edited(text: string, edit: ConfigEdit, at: readonly string[] = table): Promise<string | undefined> {
  return await editConfig(text, at, edit);
}

describe("editConfig", () => {
  it("adds to a list on one line", async () => {
    expect(await edited('[extension.ops]\ninclude-dirs = ["a"] # why\n', add("b", "c"))).toBe(
      '[extension.ops]\ninclude-dirs = ["a", "b", "c"] # why\n',
    );
    expect(await edited("[extension.ops]\ninclude-dirs = []\n", add("b"))).toBe(
      '[extension.ops]\ninclude-dirs = ["b"]\n',
    );
    expect(await edited('[extension.ops]\ninclude-dirs = ["a",]\n', add("b"))).toBe(
      '[extension.ops]\ninclude-dirs = ["a", "b",]\n',
    );
  });

  it("adds to a list of several lines, with or without a last comma, and leaves remarks where they are", async () => {
    expect(await edited('[extension.ops]\ninclude-dirs = [\n  "a", # first\n]\nkind = "executable"\n', add("b"))).toBe(
      '[extension.ops]\ninclude-dirs = [\n  "a", # first\n  "b",\n]\nkind = "executable"\n',
    );
    expect(await edited('[extension.ops]\ninclude-dirs = [\n\t"a" # first\n]\n', add("b", "c"))).toBe(
      '[extension.ops]\ninclude-dirs = [\n\t"a", # first\n\t"b",\n\t"c"\n]\n',
    );
  });

  it("adds a key after the last one of the table", async () => {
    const text = '# top\n[extension.ops]\nsources = ["a.cpp"] # all\n\n[extension.other]\nsources = ["b.cpp"]\n';
    expect(await edited(text, add("inc"))).toBe(
      '# top\n[extension.ops]\nsources = ["a.cpp"] # all\ninclude-dirs = ["inc"]\n\n[extension.other]\nsources = ["b.cpp"]\n',
    );
    expect(await edited("[extension.ops]", add("inc"))).toBe('[extension.ops]\ninclude-dirs = ["inc"]\n');
  });

  it("keeps the ends of lines", async () => {
    expect(await edited('[extension.ops]\r\nsources = ["a.cpp"]\r\n', add("inc"))).toBe(
      '[extension.ops]\r\nsources = ["a.cpp"]\r\ninclude-dirs = ["inc"]\r\n',
    );
  });

  it("sets a value, and replaces an element", async () => {
    const set: ConfigEdit = { kind: "set", key: "cxx-standard", value: "20" };
    expect(await edited('[extension.ops]\ncxx-standard = "14" # old\n', set)).toBe(
      '[extension.ops]\ncxx-standard = "20" # old\n',
    );
    const replace: ConfigEdit = { kind: "replace", key: "cxx-flags", from: "-std=c++14", to: "-std=c++20" };
    expect(await edited("[extension.ops]\ncxx-flags = [\"-O2\", '-std=c++14']\n", replace)).toBe(
      '[extension.ops]\ncxx-flags = ["-O2", "-std=c++20"]\n',
    );
    expect(await edited('[extension.ops]\ncxx-flags = ["-O2"]\n', replace)).toBeUndefined();
  });

  it("makes a table that is not there, and takes quoted names", async () => {
    expect(await edited('python = "3.12"\n', add("inc"), ["defaults"])).toBe(
      'python = "3.12"\n\n[defaults]\ninclude-dirs = ["inc"]\n',
    );
    expect(await edited('[tool.retorch.extension."a.b"]\n', add("inc"), ["tool", "retorch", "extension", "a.b"])).toBe(
      '[tool.retorch.extension."a.b"]\ninclude-dirs = ["inc"]\n',
    );
  });

  it("changes nothing where the table is written in another form, or is broken", async () => {
    expect(await edited('extension.ops = { sources = ["a.cpp"] }\n', add("inc"))).toBeUndefined();
    expect(await edited('[extension]\nops.sources = ["a.cpp"]\n', add("inc"))).toBeUndefined();
    expect(await edited('[extension.ops]\ninclude-dirs = "a"\n', add("inc"))).toBeUndefined();
    expect(await edited("[extension.ops\n", add("inc"))).toBeUndefined();
  });
});

describe("diffLines", () => {
  it("shows what differs with a line around it", () => {
    expect(diffLines("a\nb\nc\n", "a\nB\nc\n")).toEqual(["  a", "- b", "+ B", "  c"]);
    expect(diffLines("a\n", "a\nb\n")).toEqual(["  a", "+ b"]);
  });
});
