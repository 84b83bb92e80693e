/** `--check` on a machine with a GPU: is there code for it in what was built? */
import { describe, expect, test } from "vitest";
import { checkGpuCode } from "../../../src/build/check-gpu.ts";
import { buildElf } from "../inspect/elf-builder.ts";
import { buildFatbin } from "../inspect/fatbin-builder.ts";
import { environmentOf, extension, newMachine } from "../inspect/machine.ts";

const path = "/project/demo.cpython-311-x86_64-linux-gnu.so";
const artifacts = [{ name: "demo", extension: "demo", built: path, path }];

type Entry = Parameters<typeof buildFatbin>[0][number];
const cubin = (arch: number, suffix?: "a" | "f"): Entry => ({
  kind: "cubin",
  arch,
  ...(suffix === undefined ? {} : { suffix }),
  content: new Uint8Array(9000),
});
const ptx = (arch: number): Entry => ({ kind: "ptx", arch, content: Buffer.from(".entry k()"), version: [8, 4] });

function check(
  entries: readonly Entry[],
  ...gpus: readonly (readonly [number, number])[]
): ReturnType<typeof checkGpuCode> {
  const host = newMachine();
  const sections = entries.length === 0 ? [] : [{ name: ".nv_fatbin", content: buildFatbin(entries) }];
  host.write(path, buildElf({ ...extension, sections }));
  const environment = environmentOf({
    gpus: gpus.map((computeCapability) => ({ name: "NVIDIA H200", computeCapability, driverVersion: "580.65" })),
  });
  return checkGpuCode(host, environment, { artifacts });
}

describe("refused", () => {
  test.each<readonly [string, readonly Entry[], readonly [number, number]]>([
    ["machine code of another generation", [cubin(80)], [9, 0]],
    ["machine code of a newer minor version", [cubin(89)], [8, 6]],
    ["a-code of another GPU of the generation", [cubin(100, "a")], [10, 3]],
    ["f-code of another family", [cubin(100, "f")], [12, 0]],
    ["PTX that is too new", [cubin(80), ptx(100)], [9, 0]],
  ])("%s", (_, entries, gpu) => {
    const problem = check(entries, gpu);
    expect(problem).toMatchObject({ code: "GPU_NOT_SERVED" });
    expect(problem?.message).toContain("it holds no code for NVIDIA H200");
    expect(problem?.cause).toContain("no kernel image is available for execution on the device");
    expect(problem?.hint).toContain(gpu.join("."));
  });
});

describe("not refused", () => {
  test.each<readonly [string, readonly Entry[], readonly [number, number]]>([
    ["code of the same generation", [cubin(80)], [8, 6]],
    ["f-code of its family", [cubin(100, "f")], [10, 3]],
    ["older PTX, which the driver translates", [cubin(80), ptx(80)], [9, 0]],
    ["no device code at all", [], [9, 0]],
  ])("%s", (_, entries, gpu) => {
    expect(check(entries, gpu)).toBeUndefined();
  });

  test("when one of the GPUs will do, or there is none", () => {
    expect(check([cubin(80)], [9, 0], [8, 0])).toBeUndefined();
    expect(check([cubin(80)])).toBeUndefined();
  });
});
