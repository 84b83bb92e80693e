/** Symbols of a fresh module that nothing defines, told by default. */
import { describe, expect, test } from "vitest";
import { openSymbols } from "../../../src/build/open-symbols.ts";
import type { Environment } from "../../../src/environment/environment.ts";
import { openNames } from "../../../src/inspect/open-names.ts";
import type { FakeHost } from "../../support/fake-host.ts";
import { buildElf, type TestElf } from "../inspect/elf-builder.ts";
import { asking, environmentOf, extension, newMachine, SYSTEM, TORCH } from "../inspect/machine.ts";

const path = "/project/demo.cpython-311-x86_64-linux-gnu.so";
const folders = [`${TORCH}/lib`, SYSTEM];

function machine(spec: TestElf, more: (host: FakeHost) => void = () => undefined): FakeHost {
  const host = newMachine();
  more(host);
  host.write(path, buildElf(spec));
  return host;
}

function left(spec: TestElf, more?: (host: FakeHost) => void): readonly string[] | undefined {
  return openNames({ fs: machine(spec, more).fs, path, program: "/usr/bin/python3.11", folders });
}

async function warnings(spec: TestElf, more?: (host: FakeHost) => void): Promise<readonly string[]> {
  const environment = { ...environmentOf(), problems: {}, warnings: [], attempts: [] } as unknown as Environment;
  const host = Object.assign(machine(spec, more), { cwd: "/project", arch: "x64" });
  const found = await openSymbols(host, environment, { kind: "python-module", libraryDirs: [] }, path);
  return found.map(({ message, hint }) => `${message} | ${hint}`);
}

describe("names that are left open", () => {
  test("are none where the module's libraries, theirs and the program define all", () => {
    expect(left(extension)).toEqual([]);
    expect(left({ ...extension, needed: ["libtorch_cpu.so"] })).toEqual([]);
  });

  test("are those that nothing defines, whatever kind of hash table there is", () => {
    const other = (hash: "gnu" | "sysv") => (host: FakeHost) =>
      host.write(
        `${SYSTEM}/libz.so.1`,
        buildElf({ soname: "libz.so.1", hash, symbols: [{ name: "inflate", defined: true }] }),
      );
    const spec = asking("inflate", "deflate", "__asan_init");
    const linked = { ...spec, needed: [...(spec.needed ?? []), "libz.so.1"] };
    expect(left(spec, other("gnu"))).toEqual(["inflate", "deflate"]);
    expect(left(linked, other("gnu"))).toEqual(["deflate"]);
    expect(left(linked, other("sysv"))).toEqual(["deflate"]);
  });

  test("are unknown of what is no ELF file", () => {
    const host = newMachine();
    host.write(path, "no ELF file");
    expect(openNames({ fs: host.fs, path, folders })).toBeUndefined();
  });
});

describe("the warning", () => {
  test("is not given where all is there, nor of functions that torch has loaded for all", async () => {
    expect(await warnings(extension)).toEqual([]);
    const seen = (host: FakeHost): void => {
      const runtime = { soname: "libcudart.so.13", symbols: [{ name: "cudaMalloc", defined: true }] };
      host.write(`${TORCH}/lib/libcudart.so.13`, buildElf(runtime));
      const globals = { soname: "libtorch_global_deps.so", needed: ["libcudart.so.13"], runpath: "$ORIGIN" };
      host.write(`${TORCH}/lib/libtorch_global_deps.so`, buildElf(globals));
    };
    expect(left(asking("cudaMalloc"), seen)).toEqual(["cudaMalloc"]);
    expect(await warnings(asking("cudaMalloc"), seen)).toEqual([]);
  });

  test("says the symbol readable, why, and what to do", async () => {
    const [text, ...others] = await warnings(asking("_ZN4mine4sizeEv"));
    expect(others).toEqual([]);
    expect(text).toMatch(
      /will not load: `mine::size\(\)` is defined nowhere\. A source file .* \| Add the source that defines it/,
    );
    expect(text).toContain("`retorch build --check`");
  });
});
