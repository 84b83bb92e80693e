/** The demangler against c++filt, on the names in PyTorch's libraries. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { nodeHost } from "../../src/host/node-host.ts";
import { bytesSource, fileSource } from "../../src/inspect/bytes.ts";
import { demangle } from "../../src/inspect/demangle.ts";
import { openElf } from "../../src/inspect/elf.ts";
import { dynamicSymbols } from "../../src/inspect/elf-symbols.ts";
import { cpuPython, cudaPython, need, tool } from "../support/environments.ts";

const host = nodeHost();
const libraries = ["libc10.so", "libtorch_python.so", "libtorch_cpu.so", "libtorch_cuda.so"];

/** Up to so many mangled names of a library, evenly taken. */
function namesOf(path: string, most: number): string[] {
  const elf = openElf(fileSource(host.fs, path) ?? bytesSource(new Uint8Array()));
  if (!elf.ok) return [];
  const names = [...new Set([...dynamicSymbols(elf.value).all()].map((symbol) => symbol.name))].filter((name) =>
    name.startsWith("_Z"),
  );
  const step = Math.max(1, Math.floor(names.length / most));
  return names.filter((_name, index) => index % step === 0);
}

describe("the demangler and c++filt", () => {
  it.each(libraries)("agree on %s", (library) => {
    const python = library === "libtorch_cuda.so" ? cudaPython() : cpuPython();
    const program = tool("c++filt");
    if (!python.available || !program.available) return;
    const names = namesOf(join(python.value.torch.root, "lib", library), 6000);
    expect(names.length).toBeGreaterThan(500);
    const output = execFileSync(program.value, {
      input: `${names.join("\n")}\n`,
      encoding: "utf8",
      maxBuffer: 512 * 1024 * 1024,
    });
    const expected = output.trimEnd().split("\n");
    const different: string[] = [];
    let compared = 0;
    names.forEach((name, index) => {
      // c++filt gives up on the longest names of templates; then there is nothing to compare with.
      if (expected[index] === name) return;
      compared++;
      const own = demangle(name);
      if (own?.replaceAll("> >", ">>") !== expected[index]?.replaceAll("> >", ">>")) different.push(name);
    });
    const share = 1 - different.length / compared;
    console.log(`${library}: ${compared} names, ${(share * 100).toFixed(3)} % equal`);
    expect(share, different.slice(0, 5).join("\n")).toBeGreaterThanOrEqual(0.995);
  });

  it("knows every name of PyTorch's Python library", (context) => {
    const { torch } = need(context, cpuPython());
    const names = namesOf(join(torch.root, "lib", "libtorch_python.so"), 100_000);
    expect(names.filter((name) => demangle(name) === undefined)).toEqual([]);
  });
});
