/** Which links get a note, what it says, and how the linker gets it. */
import { describe, expect, test } from "vitest";
import type { Environment } from "../../../src/environment/environment.ts";
import { parseProvenance } from "../../../src/inspect/provenance.ts";
import { argText, withoutNotes } from "../../../src/plan/graph.ts";
import { version } from "../../../src/version.ts";
import { linuxCpu, linuxCuda, macos, windowsCuda } from "../../support/plan-fixtures.ts";
import { graphOf, only, type Setting, words } from "./support.ts";

type Parts = Parameters<typeof graphOf>[0];

function linkOf(parts: Parts = {}, setting: Setting = {}): ReturnType<typeof only> {
  return only(graphOf({ ...(parts as object), provenance: true }, setting), "link");
}

function factsOf(parts: Parts = {}, setting: Setting = {}): unknown {
  return parseProvenance(linkOf(parts, setting).note?.text ?? "");
}

const withTarget = (target: string): Environment => {
  if (linuxCpu.compiler === undefined) throw new Error("the fixture lacks it");
  return { ...linuxCpu, compiler: { ...linuxCpu.compiler, target } };
};

describe("what it says", () => {
  test("of a module for this Python and torch", () => {
    expect(factsOf()).toEqual({
      retorch: version,
      torch: linuxCpu.torch?.version,
      ...(linuxCpu.torch?.gitVersion === undefined ? {} : { torchGit: linuxCpu.torch.gitVersion }),
      python: "cpython-311",
      compiler: `gcc ${linuxCpu.compiler?.version.join(".") ?? ""}`,
      cxx11Abi: true,
    });
  });

  test("of CUDA: toolkit and architectures", () => {
    const setting = { environment: linuxCuda, variables: { TORCH_CUDA_ARCH_LIST: "8.0;9.0+PTX" } };
    expect(factsOf({ sources: ["k.cu"] }, setting)).toMatchObject({
      cuda: linuxCuda.cuda?.fullVersion,
      torchCuda: linuxCuda.torch?.cudaVersion,
      cudaArch: ["8.0", "9.0+PTX"],
    });
  });

  test("the limited API, not the Python that is there by chance", () => {
    expect(factsOf({ pyLimitedApi: "3.10", torchTargetVersion: "2.10" })).toMatchObject({
      python: "abi3-3.10",
      torchTarget: "2.10",
    });
    expect(factsOf({ defines: [{ name: "Py_LIMITED_API", value: "0x030a0000" }] })).not.toHaveProperty("python");
    expect(factsOf({ kind: "torch-library" })).not.toHaveProperty("python");
  });

  test("nothing of flags, so that one which leaves the objects as they are leads to no link", () => {
    expect(factsOf({ flags: { cxx: ["-std=gnu++23", "-O1"] } })).toEqual(factsOf());
  });

  test("nothing of torch without torch", () => {
    const facts = factsOf({ usesTorch: false });
    for (const field of ["torch", "torchGit", "torchCuda", "cxx11Abi"]) expect(facts).not.toHaveProperty(field);
  });
});

describe("how the linker gets it", () => {
  test("as an object beside the others, ELF on Linux and COFF on Windows", () => {
    const linux = linkOf();
    expect(words(linux)).toContain(".retorch/obj/ops/provenance.o");
    expect(linux.note?.path).toBe(".retorch/obj/ops/provenance.o");
    expect(
      Buffer.from(linux.note?.content ?? [])
        .subarray(1, 4)
        .toString("latin1"),
    ).toBe("ELF");
    // Nobody makes it, so nobody has to wait for it, and its loss is no reason to link.
    expect(linux.inputs.some((file) => file.includes("provenance"))).toBe(false);
    const dll = linkOf({}, { environment: windowsCuda });
    expect(words(dll).some((word) => word.endsWith(String.raw`ops\provenance.obj`))).toBe(true);
    expect(Buffer.from(dll.note?.content ?? []).readUInt16LE(0)).toBe(0x8664);
  });

  test("as a section of its own on macOS", () => {
    const link = linkOf({}, { environment: macos });
    expect(words(link)).toContain("-Wl,-sectcreate,__TEXT,__retorch,.retorch/obj/ops/provenance.json");
    expect(Buffer.from(link.note?.content ?? []).toString("utf8")).toBe(link.note?.text);
  });

  test("in the command itself, also where its other words are in a file", () => {
    const sources = Array.from({ length: 4000 }, (_, i) => `csrc/a-rather-long-name-of-a-source-${i}.cpp`);
    const link = linkOf({ sources });
    expect(link.responseFile).toBeDefined();
    expect(words(link)).toContain(".retorch/obj/ops/provenance.o");
    expect(link.responseFile?.content).not.toContain("provenance");
  });

  test("compiles know nothing of it", () => {
    const compile = (provenance: boolean): unknown => only(graphOf({ sources: ["a.cpp"], provenance }), "compile");
    expect(compile(true)).toEqual(compile(false));
  });

  test("a graph without notes is the graph that was asked for without", () => {
    for (const environment of [linuxCpu, macos, windowsCuda]) {
      const made = withoutNotes(graphOf({ provenance: true }, { environment }));
      expect(made).toEqual(graphOf({ provenance: false }, { environment }));
    }
  });
});

describe("no note", () => {
  test.each([
    { linkFlags: ["-m32"] },
    { linkFlags: ["--target=aarch64-linux-gnu"] },
    { linkFlags: ["-r"] },
    { flags: {}, provenance: false },
  ])("with %j", (parts) => {
    const link = only(graphOf({ provenance: true, ...parts } as Parts), "link");
    expect(link.note).toBeUndefined();
    expect(link.command.some((arg) => argText(arg).includes("provenance"))).toBe(false);
  });

  test.each(["riscv64-linux-gnu", "arm-linux-gnueabihf", "x86_64-linux-gnux32", "i686-linux-gnu"])(
    "for a compiler of %s",
    (target) => {
      expect(linkOf({}, { environment: withTarget(target) }).note).toBeUndefined();
    },
  );

  test("but for a cross compiler, its machine's", () => {
    const { note } = linkOf({}, { environment: withTarget("aarch64-linux-gnu") });
    expect(Buffer.from(note?.content ?? []).readUInt16LE(18)).toBe(183);
  });
});
