/** The ELF reader against readelf and nm, on PyTorch's and the system's libraries. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, type TestContext } from "vitest";
import { nodeHost } from "../../src/host/node-host.ts";
import { type ByteSource, fileSource } from "../../src/inspect/bytes.ts";
import { commentsOf, type Elf, openElf } from "../../src/inspect/elf.ts";
import { buildIdOf, notesOf } from "../../src/inspect/elf-notes.ts";
import { dynamicSymbols } from "../../src/inspect/elf-symbols.ts";
import { neededVersions, versionDefinitions } from "../../src/inspect/elf-versions.ts";
import { inspectFile } from "../../src/inspect/extension.ts";
import { cpuPython, need, tool } from "../support/environments.ts";

const host = nodeHost();
const folder = mkdtempSync(join(tmpdir(), "retorch-inspect-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(program: string, ...args: readonly string[]): string {
  return execFileSync(program, args, {
    encoding: "utf8",
    maxBuffer: 512 * 1024 * 1024,
    stdio: ["ignore", "pipe", "ignore"],
    env: { ...process.env, LC_ALL: "C" },
  });
}

/** A file, with a count of the bytes that were read of it. */
function counted(path: string): { readonly source: ByteSource; readonly read: () => number } {
  let total = 0;
  const source = fileSource(
    {
      stat: (name) => host.fs.stat(name),
      readRange: (name, offset, length) => {
        total += length;
        return host.fs.readRange(name, offset, length);
      },
    },
    path,
  );
  if (source === undefined) throw new Error(`no ${path}`);
  return { source, read: () => total };
}

function open(path: string): Elf {
  const elf = openElf(counted(path).source);
  if (!elf.ok) throw new Error(elf.error.message);
  return elf.value;
}

/** Libraries and modules of PyTorch, numpy and the system. */
function libraries(context: TestContext): string[] {
  const { packages, torch, executable } = need(context, cpuPython());
  const lib = join(torch.root, "lib");
  const modules = readdirSync(join(packages, "numpy", "_core")).filter((name) => name.endsWith(".so"));
  const system = run("ldd", join(lib, "libtorch_cpu.so"))
    .split("\n")
    .map((line) => /=> (\/\S+)/.exec(line)?.[1])
    .filter((path) => path !== undefined);
  return [
    ...["libc10.so", "libtorch_cpu.so", "libtorch_python.so", "libtorch_global_deps.so"].map((name) => join(lib, name)),
    ...modules.slice(0, 2).map((name) => join(packages, "numpy", "_core", name)),
    ...system,
    realpathSync(executable),
  ];
}

describe("the ELF reader and binutils", () => {
  it("agree on the dynamic section, build id and comments", (context) => {
    need(context, tool("readelf"));
    for (const path of libraries(context)) {
      const elf = open(path);
      const text = run("readelf", "-dW", path);
      const all = (tag: string): string[] =>
        [...text.matchAll(new RegExp(`\\(${tag}\\).*\\[(.*)\\]`, "g"))].map((match) => match[1] ?? "");
      expect(elf.dynamic?.needed ?? [], path).toEqual(all("NEEDED"));
      expect(elf.dynamic?.soname, path).toBe(all("SONAME")[0]);
      expect((elf.dynamic?.runpath ?? []).join(":"), path).toBe(all("RUNPATH")[0] ?? "");
      expect((elf.dynamic?.rpath ?? []).join(":"), path).toBe(all("RPATH")[0] ?? "");
      expect(buildIdOf(notesOf(elf)), path).toBe(/Build ID: ([0-9a-f]+)/.exec(run("readelf", "-nW", path))?.[1]);
      const comments = [...run("readelf", "-p", ".comment", path).matchAll(/^\s+\[\s*[0-9a-f]+\]\s+(.*)$/gm)].map(
        (match) => match[1],
      );
      expect(commentsOf(elf), path).toEqual([...new Set(comments)]);
      expect(elf.anomalies, path).toEqual([]);
    }
  });

  it("agree on the dynamic symbols and their versions", (context) => {
    need(context, tool("nm"));
    for (const path of libraries(context)) {
      const expected = run("nm", "-D", path)
        .split("\n")
        .filter((line) => line !== "" && !/ [a-z] .*\bLOCAL\b/.test(line))
        .map((line) => line.slice(17))
        .filter((line) => !/^[abdrtn] /.test(line));
      const undefinedNames = expected
        .filter((line) => /^[Uwv] /.test(line))
        .map((line) => line.slice(2))
        .sort();
      const definedNames = expected
        .filter((line) => !/^[Uwv] /.test(line))
        .map((line) => line.slice(2))
        .sort();
      const symbols = dynamicSymbols(open(path));
      const text = (name: string, version: string | undefined, sign: string): string =>
        version === undefined ? name : `${name}${sign}${version}`;
      const found = symbols.undefinedSymbols().map((symbol) => text(symbol.name, symbol.version, "@"));
      expect(found.sort(), path).toEqual(undefinedNames);
      const own = [...symbols.all()]
        .filter(
          (symbol) => symbol.defined && symbol.binding !== "local" && symbol.name !== "" && symbol.type !== "section",
        )
        // nm writes the names of versions themselves without a version.
        .map((symbol) =>
          text(
            symbol.name,
            symbol.name === symbol.version ? undefined : symbol.version,
            symbol.versionHidden === true ? "@" : "@@",
          ),
        );
      expect(own.sort(), path).toEqual(definedNames);
    }
  });

  it("agree on the versions that are asked for and defined", (context) => {
    need(context, tool("readelf"));
    for (const path of libraries(context)) {
      const elf = open(path);
      const text = run("readelf", "-VW", path);
      const needs = [...text.matchAll(/Name: (\S+)  Flags: \S+(?: \| \S+)*  Version: (\d+)/g)].map(
        (match) => `${match[1]} ${match[2]}`,
      );
      expect(
        neededVersions(elf).map((version) => `${version.name} ${version.index}`),
        path,
      ).toEqual(needs);
      const defines = [...text.matchAll(/Rev: 1  Flags: \S+ +Index: (\d+)  Cnt: \d+  Name: (\S+)/g)].map(
        (match) => `${match[2]} ${match[1]}`,
      );
      expect(
        versionDefinitions(elf).map((version) => `${version.name} ${version.index}`),
        path,
      ).toEqual(defines);
    }
  });

  it("find every symbol through the hash tables", (context) => {
    const { torch } = need(context, cpuPython());
    const symbols = dynamicSymbols(open(join(torch.root, "lib", "libtorch_cpu.so")));
    const names = [...symbols.all()]
      .filter((symbol) => symbol.defined && symbol.binding !== "local")
      .map((symbol) => symbol.name);
    expect(names.length).toBeGreaterThan(10_000);
    expect(names.filter((name) => !symbols.defines(name))).toEqual([]);
    expect(names.slice(0, 2000).filter((name) => symbols.defines(`${name}_not`))).toEqual([]);
  });
});

describe("what is read of libtorch_cpu", () => {
  it("is a small part of it: for a report", (context) => {
    const { torch } = need(context, cpuPython());
    const path = join(torch.root, "lib", "libtorch_cpu.so");
    let total = 0;
    const report = inspectFile(
      {
        ...host.fs,
        stat: (name) => host.fs.stat(name),
        readRange: (name, offset, length) => {
          total += length;
          return host.fs.readRange(name, offset, length);
        },
      },
      path,
    );
    expect(report.ok && report.value.size).toBeGreaterThan(100 * 1024 * 1024);
    expect(total).toBeLessThan(16 * 1024 * 1024);
  });

  it("is a small part of it: for thousands of lookups", (context) => {
    const { torch } = need(context, cpuPython());
    const lib = join(torch.root, "lib");
    const file = counted(join(lib, "libtorch_cpu.so"));
    const elf = openElf(file.source);
    if (!elf.ok) throw new Error(elf.error.message);
    const asked = dynamicSymbols(open(join(lib, "libtorch_python.so"))).undefinedSymbols();
    expect(asked.length).toBeGreaterThan(1000);
    const table = dynamicSymbols(elf.value);
    expect(asked.filter((symbol) => table.defines(symbol.name)).length).toBeGreaterThan(500);
    expect(file.read()).toBeLessThan(24 * 1024 * 1024);
  });
});
