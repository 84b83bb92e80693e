/** Programs of a GPU by themselves. The flags are those that ptxas 12.8, 12.9 and 13.0 and clang 19 write. */
import { describe, expect, it } from "vitest";
import { architectureText } from "../../../src/inspect/architecture.ts";
import { askedGpu } from "../../../src/inspect/asked-gpu.ts";
import { bytesSource } from "../../../src/inspect/bytes.ts";
import { describeText } from "../../../src/inspect/describe.ts";
import { openElf } from "../../../src/inspect/elf.ts";
import { cubinArchitecture } from "../../../src/inspect/gpu-code.ts";
import { inspectExtension } from "../../../src/inspect/extension.ts";
import { judge } from "../../../src/inspect/judge.ts";
import type { JudgeGpu, Verdict } from "../../../src/inspect/verdict.ts";
import { buildElf, type TestElf } from "./elf-builder.ts";
import { environmentOf, newMachine } from "./machine.ts";

const cuda = (abiVersion: number, flags: number, options?: string): TestElf => ({
  machine: 190,
  type: 2,
  abiVersion,
  flags,
  ...(options === undefined
    ? {}
    : { sections: [{ name: ".note.nv.tkinfo", content: Buffer.from(`\0ptxas\0${options} -m 64 \0`) }] }),
});

function verdictOf(spec: TestElf, name: string, ...gpus: readonly JudgeGpu[]): { verdict: Verdict; text: string } {
  const source = bytesSource(buildElf(spec));
  const report = inspectExtension(source, name);
  if (!report.ok) throw new Error(report.error.message);
  const environment = environmentOf({ gpus });
  const path = `/p/${name}`;
  const verdict = judge({ report: report.value, source, path, host: newMachine(), environment });
  return { verdict, text: describeText({ kind: "extension", path, report: report.value, verdict }) };
}

describe("a cubin", () => {
  it.each([
    [cuda(7, 0x50_0550), "80"],
    [cuda(7, 0x5a_055a), "90"],
    [cuda(7, 0x5a_0d5a), "90a"],
    [cuda(8, 0x600_6402, "-arch sm_100"), "100"],
    [cuda(8, 0x600_640a, "-arch sm_100a"), "100a"],
    [cuda(8, 0x600_5a04, "-arch sm_90a"), "90a"],
    [cuda(8, 0x600_7802, "-arch sm_120f"), "120f"],
    [cuda(8, 0x600_640a), "100a"],
    // A note that belongs to something else.
    [cuda(8, 0x600_5a04, "-arch sm_80"), "90"],
    [cuda(8, 0), undefined],
  ])("%# names its architecture", (spec, architecture) => {
    const elf = openElf(bytesSource(buildElf(spec)));
    if (!elf.ok) throw new Error(elf.error.message);
    const found = cubinArchitecture(elf.value);
    expect(found === undefined ? undefined : architectureText(found)).toBe(architecture);
  });

  it("runs on its GPU, and on no other one", () => {
    const hopper = cuda(7, 0x5a_0d5a);
    const on = (...capability: [number, number]): Verdict =>
      verdictOf(hopper, "k.cubin", { name: "GPU", computeCapability: capability }).verdict;
    expect(on(9, 0)).toMatchObject({ loads: "yes", runs: "yes", problems: [] });
    expect(on(10, 0)).toMatchObject({ loads: "no", runs: "no", problems: [{ kind: "no-gpu-code" }] });
    expect(on(8, 0).problems[0]?.fix).toContain(
      "AOTInductor, torch.compile and Triton compile for the one that is there",
    );
    const { verdict, text } = verdictOf(hopper, "k.cubin");
    expect(verdict).toMatchObject({ loads: "unknown", runs: "unknown" });
    expect(text).toContain("program of a GPU, ELF for cuda");
    expect(text).toContain("code for sm_90a");
    expect(text).toContain("`import` does not take it");
    expect(text).not.toContain("runtime");
  });

  it("may be of an architecture that is not told", () => {
    const { verdict } = verdictOf(cuda(8, 0), "k.cubin", { name: "GPU", computeCapability: [9, 0] });
    expect(verdict).toMatchObject({ loads: "unknown", runs: "unknown", problems: [] });
  });
});

describe("a code object of AMD", () => {
  it("names its target", () => {
    const { verdict, text } = verdictOf({ machine: 224, flags: 0x53f }, "k.hsaco");
    expect(text).toMatch(/ROCm +gfx90a\n/);
    expect(verdict).toMatchObject({ loads: "unknown", runs: "unknown", problems: [] });
    expect(verdictOf({ machine: 224, flags: 0xff }, "k.hsaco").text).not.toContain("ROCm");
  });
});

describe("a GPU that is asked for", () => {
  it.each([
    ["9.0", [9, 0], undefined],
    ["90", [9, 0], undefined],
    ["sm_120", [12, 0], undefined],
    ["8.6:550", [8, 6], "550"],
    ["12.1:580.65.06", [12, 1], "580.65.06"],
  ])("%s", (text, computeCapability, driverVersion) => {
    const gpu = askedGpu(text);
    expect(gpu).toMatchObject({ computeCapability });
    expect(gpu?.driverVersion).toBe(driverVersion);
  });

  it.each(["", "H100", "9.0a", "9.0:", "9.0:x", "9", "9.0:580:1"])("`%s` is none", (text) => {
    expect(askedGpu(text)).toBeUndefined();
  });
});
