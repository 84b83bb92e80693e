import { describe, expect, it } from "vitest";
import { bytesSource } from "../../../src/inspect/bytes.ts";
import type { Problem } from "../../../src/inspect/verdict.ts";
import { inspectArchive } from "../../../src/inspect/wheel.ts";
import { wheelNameProblems } from "../../../src/inspect/wheel-tags.ts";
import { buildElf } from "./elf-builder.ts";
import { environmentOf, extension } from "./machine.ts";
import { buildZip } from "./zip-builder.ts";

const compiled = { name: "demo/demo.so", content: buildElf(extension) };

function problemsOf(
  tags: string,
  environment = environmentOf() as ReturnType<typeof environmentOf> | undefined,
  members: readonly { readonly name: string; readonly content: Uint8Array }[] = [],
): readonly Problem[] {
  const wheel = inspectArchive(
    bytesSource(buildZip([...members, { name: "x", content: Buffer.from("") }])),
    `demo-1.0-${tags}.whl`,
  );
  const all = wheel?.ok === true ? wheelNameProblems(wheel.value, environment) : [];
  // Not what is asked here.
  return all.filter(({ what }) => !what.includes("holds no compiled file"));
}

describe("the name of a wheel", () => {
  // Checked with packaging.tags of Python 3.11 on x86_64.
  it.each([
    ["cp311-cp311-linux_x86_64", true],
    ["cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64", true],
    ["cp310-abi3-manylinux_2_28_x86_64", true],
    ["cp37.cp38-abi3-linux_x86_64", true],
    ["cp311-none-any", true],
    ["py3-none-any", true],
    ["py2.py3-none-any", true],
    ["py310-none-linux_x86_64", true],
    ["cp312-cp312-linux_x86_64", false],
    ["cp312-abi3-linux_x86_64", false],
    ["cp311-cp311t-linux_x86_64", false],
    ["py312-none-any", false],
    ["py2-none-any", false],
    ["pp311-pypy311_pp73-linux_x86_64", false],
    ["cp311-cp311-manylinux_2_17_aarch64", false],
    ["cp311-cp311-win_amd64", false],
    ["cp311-cp311-macosx_11_0_universal2", false],
  ])("%s: taken by this interpreter: %s", (tags, isTaken) => {
    const problems = problemsOf(tags);
    expect(problems.map(({ severity }) => severity)).toEqual(isTaken ? [] : ["error"]);
  });

  it("says nothing of the interpreter without an environment, or of what is no wheel", () => {
    const wheel = inspectArchive(bytesSource(buildZip([compiled])), "demo-1.0-cp399-cp399-linux_x86_64.whl");
    const other = inspectArchive(bytesSource(buildZip([compiled])), "demo.zip");
    expect(wheel?.ok === true && wheelNameProblems(wheel.value, undefined)).toEqual([]);
    expect(other?.ok === true && wheelNameProblems(other.value, environmentOf())).toEqual([]);
  });

  const inside = (folder: string, ...tags: readonly string[]) => [
    {
      name: `${folder}.dist-info/WHEEL`,
      content: Buffer.from(["Wheel-Version: 1.0", ...tags.map((tag) => `Tag: ${tag}`), ""].join("\n")),
    },
  ];

  it.each([
    ["as it was built", "demo-1.0", ["cp311-cp311-linux_x86_64"], []],
    ["two tags, one of them the name's", "Demo-1.0", ["py2.py3-none-any", "cp311-cp311-manylinux_2_28_x86_64"], []],
    ["another Python", "demo-1.0", ["cp310-cp310-linux_x86_64"], ["warning: built for `cp310-cp310`"]],
    ["another version", "demo-1.0+cu12", ["cp311-cp311-linux_x86_64"], ["warning: its metadata says 1.0+cu12"]],
    ["another project", "other-1.0", ["cp311-cp311-linux_x86_64"], ["error: lies in `other-1.0.dist-info`"]],
  ])("a file that may have been renamed: %s", (_, folder, tags, expected) => {
    const problems = problemsOf("cp311-cp311-linux_x86_64", environmentOf(), inside(folder, ...tags));
    expect(problems).toHaveLength(expected.length);
    for (const [index, said] of expected.entries()) {
      const { severity = "", what = "" } = problems[index] ?? {};
      const [wanted = "", words = ""] = said.split(": ");
      expect(severity).toBe(wanted);
      expect(what).toContain(words);
    }
  });

  it("warns of a promise that the files do not keep", () => {
    const needs = (version: string): { readonly name: string; readonly content: Uint8Array } => ({
      name: "demo/demo.so",
      content: buildElf({ ...extension, symbols: [{ name: "puts", version, versionFile: "libc.so.6" }] }),
    });
    const told = (tags: string, version: string): string =>
      problemsOf(tags, undefined, [needs(version)])
        .map(({ what }) => what)
        .join();
    const promised = "The wheel's name promises that glibc 2.17 is enough, and `demo/demo.so` asks for GLIBC_2.34";
    expect(told("cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64", "GLIBC_2.34")).toBe(promised);
    expect(told("cp311-cp311-manylinux2014_x86_64", "GLIBC_2.34")).toBe(promised);
    expect(told("cp311-cp311-manylinux2014_x86_64.manylinux_2_34_x86_64", "GLIBC_2.17")).toBe("");
    expect(told("cp311-cp311-manylinux_2_34_x86_64", "GLIBC_2.34")).toBe("");
    expect(told("cp311-cp311-linux_x86_64", "GLIBC_2.34")).toBe("");
    expect(told("py3-none-any", "GLIBC_2.2.5")).toContain(
      "`any` platform, and `demo/demo.so` is compiled for linux on x86_64",
    );
    expect(told("cp311-cp311-linux_aarch64", "GLIBC_2.2.5")).toContain("`demo/demo.so` is for x86_64");
  });
});
