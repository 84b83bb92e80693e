import { describe, expect, it } from "vitest";
import {
  architectureText,
  binaryRunsOn,
  capabilityText,
  compareArchitectures,
  type CudaArchitecture,
  cudaForPtx,
  driverForPtx,
  parseArchitecture,
  ptxRunsOn,
} from "../../../src/inspect/architecture.ts";

function sm(text: string): CudaArchitecture {
  const architecture = parseArchitecture(text);
  if (architecture === undefined) throw new Error(text);
  return architecture;
}

function gpu(text: string): readonly [number, number] {
  const [major = 0, minor = 0] = text.split(".").map(Number);
  return [major, minor];
}

describe("binary code", () => {
  it.each([
    ["80", "8.0", "yes"],
    ["80", "8.6", "yes"],
    ["80", "8.9", "yes"],
    ["86", "8.0", "no"],
    ["80", "9.0", "no"],
    ["90", "8.9", "no"],
    ["90", "9.0", "yes"],
    ["90a", "9.0", "yes"],
    ["100a", "10.0", "yes"],
    ["100a", "10.3", "no"],
    ["100f", "10.0", "yes"],
    ["100f", "10.3", "yes"],
    ["103f", "10.0", "no"],
    ["100f", "12.0", "no"],
    ["100f", "10.1", "no"],
    ["101f", "10.1", "yes"],
    ["120f", "12.1", "yes"],
    ["120", "12.1", "yes"],
    ["80", "8.7", "unknown"],
    ["87", "8.9", "unknown"],
    ["87", "8.7", "yes"],
  ])("for sm_%s on %s: %s", (code, on, answer) => {
    expect(binaryRunsOn(sm(code), gpu(on))).toBe(answer);
  });
});

describe("PTX", () => {
  it.each([
    ["75", "8.0", true],
    ["75", "12.0", true],
    ["80", "8.0", true],
    ["86", "8.0", false],
    ["90a", "9.0", true],
    ["90a", "10.0", false],
    ["100f", "10.3", true],
    ["100f", "10.1", false],
    ["101f", "10.1", true],
    ["100f", "12.0", false],
    ["87", "9.0", true],
  ])("of compute_%s on %s: %s", (code, on, answer) => {
    expect(ptxRunsOn(sm(code), gpu(on))).toBe(answer);
  });

  it("needs a driver that knows its version", () => {
    expect(driverForPtx([8, 4])).toBe(550);
    expect(driverForPtx([9, 0])).toBe(580);
    expect(driverForPtx([6, 3])).toBe(410);
    expect(
      [
        [6, 5],
        [7, 8],
        [8, 5],
        [9, 1],
        [9, 9],
      ].map(([major = 0, minor = 0]) => cudaForPtx([major, minor])),
    ).toEqual(["10.2", "11.8", "12.5", "13.1", undefined]);
    expect(driverForPtx([99, 0])).toBeUndefined();
  });
});

describe("names of architectures", () => {
  it("are read and written", () => {
    expect(["sm_90a", "compute_75", "120f", "8", "sm_9x", ""].map(parseArchitecture)).toEqual([
      { major: 9, minor: 0, suffix: "a" },
      { major: 7, minor: 5, suffix: "" },
      { major: 12, minor: 0, suffix: "f" },
      undefined,
      undefined,
      undefined,
    ]);
    expect([architectureText(sm("90a")), capabilityText(sm("120f"))]).toEqual(["90a", "12.0f"]);
  });

  it("are ordered by number", () => {
    expect(
      ["100", "90a", "9", "75", "90", "100f"]
        .flatMap((one) => parseArchitecture(one) ?? [])
        .sort(compareArchitectures)
        .map(architectureText),
    ).toEqual(["75", "90", "90a", "100", "100f"]);
  });
});
