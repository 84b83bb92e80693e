/** From lists of GPU architectures to `-gencode` flags, in every spelling. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Gpu } from "../../../src/environment/environment.ts";
import {
  chooseArchitectures,
  type CudaArchRequest,
  architectureText,
  gencodeFlags,
} from "../../../src/plan/cuda-arch.ts";
import { capabilitiesOf, cudaFor } from "../../../src/plan/cuda-support.ts";

const h200: Gpu = { name: "NVIDIA H200", computeCapability: [9, 0] };
const a100: Gpu = { name: "NVIDIA A100", computeCapability: [8, 0] };

function choose(variable: string, more: Partial<CudaArchRequest> = {}): ReturnType<typeof chooseArchitectures> {
  return chooseArchitectures({ requested: undefined, variable, gpus: [], cudaVersion: "13.0", ...more });
}

/** As `8.0 9.0+PTX`. */
function text(variable: string, more: Partial<CudaArchRequest> = {}): string {
  const choice = choose(variable, more);
  return choice.ok
    ? choice.value.architectures.map(architectureText).join(" ")
    : `${choice.error.code}: ${choice.error.message}`;
}

describe("spellings", () => {
  test.each([
    // As torch takes them.
    ["8.0", "8.0"],
    ["8.0;9.0", "8.0 9.0"],
    ["8.0 9.0", "8.0 9.0"],
    ["8.0,9.0", "8.0 9.0"],
    [" 8.0 ;  9.0; ", "8.0 9.0"],
    ["8.0;9.0+PTX", "8.0 9.0+PTX"],
    ["9.0+ptx", "9.0+PTX"],
    ["9.0a", "9.0a"],
    ["9.0A+PTX", "9.0a+PTX"],
    ["10.0f", "10.0f"],
    ["10.0;10.0a;10.0f", "10.0 10.0a 10.0f"],
    ["12.0+PTX", "12.0+PTX"],
    ["10.3", "10.3"],
    // As CMake and nvcc have them.
    ["80;90a", "8.0 9.0a"],
    ["120", "12.0"],
    ["sm_90", "9.0"],
    ["sm_90a", "9.0a"],
    ["compute_80", "8.0-virtual"],
    ["90-real;90-virtual", "9.0+PTX"],
    ["80-virtual", "8.0-virtual"],
    // Sorted by number, said once.
    ["10.0;9.0", "9.0 10.0"],
    ["12.0 8.0 10.0 8.6 9.0", "8.0 8.6 9.0 10.0 12.0"],
    ["9.0;9.0;9.0", "9.0"],
    ["9.0;9.0+PTX", "9.0+PTX"],
    ["9.0+PTX;9.0", "9.0+PTX"],
  ])("%j is %s", (variable, expected) => {
    expect(text(variable)).toBe(expected);
  });

  test.each([
    ["Turing", "7.5+PTX"],
    ["Ampere", "8.0 8.6+PTX"],
    ["ampere", "8.0 8.6+PTX"],
    ["Ampere+Tegra", "8.7"],
    ["Ampere+PTX", "8.0 8.6+PTX"],
    ["Ada", "8.9+PTX"],
    ["Hopper", "9.0+PTX"],
    ["Blackwell", "10.0 10.3 12.0 12.1+PTX"],
    ["Blackwell+Tegra", "11.0"],
    ["Ampere;Hopper", "8.0 8.6+PTX 9.0+PTX"],
    ["Hopper 8.0", "8.0 9.0+PTX"],
  ])("%j is %s", (variable, expected) => {
    expect(text(variable)).toBe(expected);
  });

  test.each([
    ["Maxwell", "12.8", "5.0 5.2+PTX"],
    ["Pascal", "12.8", "6.0 6.1+PTX"],
    ["Volta", "12.8", "7.0+PTX"],
    ["Volta+Tegra", "12.8", "7.2"],
    ["Maxwell+Tegra", "12.8", "5.3"],
    ["Kepler", "11.8", "3.5+PTX"],
    ["Kepler+Tesla", "11.8", "3.7"],
    // What this CUDA does not know of a family is left out; the last that it knows carries the PTX.
    ["Blackwell", "12.8", "10.0 12.0+PTX"],
    ["Ampere", "11.0", "8.0+PTX"],
    ["Rubin", "13.4", "10.7+PTX"],
  ])("%j with CUDA %s is %s", (variable, cudaVersion, expected) => {
    expect(text(variable, { cudaVersion })).toBe(expected);
  });

  test("all and all-major stand for what the toolkit compiles for, PTX of the newest", () => {
    expect(text("all", { cudaVersion: "11.0" })).toBe("3.5 3.7 5.0 5.2 5.3 6.0 6.1 6.2 7.0 7.2 7.5 8.0+PTX");
    expect(text("all-major", { cudaVersion: "12.8" })).toBe("5.0 6.0 7.0 8.0 9.0 10.0 12.0+PTX");
    // The oldest one is there although it is no major one, as with nvcc itself.
    expect(text("all-major", { cudaVersion: "13.0" })).toBe("7.5 8.0 9.0 10.0 11.0 12.0+PTX");
    expect(text("all", { known: ["9.0", "7.5"] })).toBe("7.5 9.0+PTX");
  });

  test("the order of the list does not matter", () => {
    const words = ["8.0", "8.6", "9.0a", "9.0+PTX", "10.0", "10.0f", "12.0", "Ada", "compute_75"];
    fc.assert(
      fc.property(fc.shuffledSubarray(words, { minLength: 1 }), fc.constantFrom(";", " ", ","), (list, separator) => {
        expect(text(list.join(separator))).toBe(text([...list].sort().join(";")));
      }),
    );
  });
});

describe("sources", () => {
  test("the request wins over the variable, the variable over the GPUs", () => {
    expect(text("8.0", { requested: ["9.0"], gpus: [h200] })).toBe("9.0");
    expect(text("8.0", { gpus: [h200] })).toBe("8.0");
    expect(text("", { gpus: [h200] })).toBe("9.0+PTX");
    expect(text(" ; ", { gpus: [h200] })).toBe("9.0+PTX");
    expect(text("", { requested: [], gpus: [h200] })).toBe("9.0+PTX");
  });

  test("a request may be several words, or one list", () => {
    expect(text("", { requested: ["8.0", "9.0a"] })).toBe("8.0 9.0a");
    expect(text("", { requested: ["8.0;9.0a"] })).toBe("8.0 9.0a");
  });

  test("native: every visible GPU, and PTX of the newest", () => {
    expect(text("native", { gpus: [h200, a100, h200] })).toBe("8.0 9.0+PTX");
    expect(text("native;12.0", { gpus: [a100] })).toBe("8.0+PTX 12.0");
    expect(text("", { requested: ["native"], gpus: [a100] })).toBe("8.0+PTX");
  });

  test("native without a GPU: the next source, else the default", () => {
    expect(text("8.6", { requested: ["native"] })).toBe("8.6");
    expect(text("native")).toBe("7.5+PTX");
    expect(text("native;9.0")).toBe("7.5+PTX 9.0");
  });

  test("without a GPU and without a list: what runs everywhere, and a warning that says so", () => {
    const choice = choose("");
    expect(choice).toMatchObject({ ok: true, value: { origin: "the default" } });
    expect(choice.ok && choice.value.architectures.map(architectureText)).toEqual(["7.5+PTX"]);
    expect(choice.ok && choice.value.warnings).toHaveLength(1);
    expect(choice.ok && choice.value.warnings[0]).toContain("TORCH_CUDA_ARCH_LIST");
    expect(text("", { cudaVersion: "9.2" })).toBe("7.2+PTX");
    expect(choose("8.0")).toMatchObject({ ok: true, value: { warnings: [], origin: "TORCH_CUDA_ARCH_LIST" } });
  });

  test("a GPU that this CUDA does not know gets the newest below it, with a warning", () => {
    const choice = choose("", { gpus: [{ name: "NVIDIA B200", computeCapability: [10, 0] }], cudaVersion: "12.4" });
    expect(choice.ok && choice.value.architectures.map(architectureText)).toEqual(["9.0+PTX"]);
    expect(choice.ok && choice.value.warnings[0]).toContain("10.0");
  });
});

describe("failures", () => {
  test.each(["sm", "9", "9.x", "Hoper", "8.0+", "+PTX", "ninety", "8.0-imaginary", "9.0b"])(
    "%j is no architecture",
    (word) => {
      const choice = choose(word);
      expect(choice).toMatchObject({ ok: false, error: { code: "CUDA_ARCH_UNKNOWN" } });
      expect(!choice.ok && choice.error.message).toContain(`\`${word}\` in TORCH_CUDA_ARCH_LIST`);
      expect(!choice.ok && choice.error.hint).toContain("Hopper");
    },
  );

  test.each([
    ["8.9", "11.4", "CUDA 11.8 or newer compiles for it"],
    ["12.0", "12.4", "CUDA 12.8 or newer compiles for it"],
    ["7.0", "13.0", "CUDA older than 13.0 compiles for it"],
    ["9.0a", "11.8", "CUDA 12.0 or newer compiles for it; `9.0` without `a` would do"],
    ["10.0f", "12.8", "CUDA 12.9 or newer compiles for it; `10.0` without `f` would do"],
    ["8.0a", "13.0", "No CUDA is known that compiles for it; `8.0` without `a` would do"],
    ["10.1", "13.0", "CUDA 13 calls it `11.0`"],
    ["20.0", "13.0", "No CUDA is known that compiles for it"],
    ["Kepler", "13.0", "CUDA older than 12.0 compiles for it"],
  ])("%s with CUDA %s: %s", (word, cudaVersion, hint) => {
    const choice = choose(word, { cudaVersion });
    expect(choice).toMatchObject({ ok: false, error: { code: "CUDA_ARCH_UNSUPPORTED", hint } });
    expect(!choice.ok && choice.error.message).toContain(`CUDA ${cudaVersion} does not compile for \`${word}\``);
  });

  test("a GPU that is too old names itself", () => {
    const choice = choose("", { gpus: [{ name: "Tesla V100", computeCapability: [7, 0] }] });
    expect(choice).toMatchObject({ ok: false, error: { code: "CUDA_ARCH_UNSUPPORTED" } });
    expect(!choice.ok && choice.error.message).toContain("Tesla V100");
  });

  test("what nvcc says of itself counts more than the table", () => {
    expect(text("10.7", { known: ["9.0", "10.7"] })).toBe("10.7");
    expect(text("8.0", { known: ["9.0"] })).toMatch(/^CUDA_ARCH_UNSUPPORTED/);
  });
});

describe("flags", () => {
  const flags = (variable: string, lto = false): string[] => {
    const choice = choose(variable);
    return choice.ok ? gencodeFlags(choice.value.architectures, lto) : [];
  };

  test("as torch writes them, by number", () => {
    expect(flags("10.0;9.0a;8.0+PTX")).toEqual([
      "-gencode=arch=compute_80,code=sm_80",
      "-gencode=arch=compute_80,code=compute_80",
      "-gencode=arch=compute_90a,code=sm_90a",
      "-gencode=arch=compute_100,code=sm_100",
    ]);
    expect(flags("80-virtual")).toEqual(["-gencode=arch=compute_80,code=compute_80"]);
  });

  test("link-time optimisation of device code replaces machine code", () => {
    expect(flags("9.0a;8.0+PTX", true)).toEqual([
      "-gencode=arch=compute_80,code=lto_80",
      "-gencode=arch=compute_80,code=compute_80",
      "-gencode=arch=compute_90a,code=lto_90a",
    ]);
  });
});

describe("the table", () => {
  test("CUDA 13.0 as its own nvcc says", () => {
    expect(capabilitiesOf("13.0")).toEqual([
      "7.5",
      "8.0",
      "8.6",
      "8.7",
      "8.8",
      "8.9",
      "9.0",
      "10.0",
      "10.3",
      "11.0",
      "12.0",
      "12.1",
    ]);
  });

  test("the ends of some others", () => {
    const ends = (version: string): (string | undefined)[] => [
      capabilitiesOf(version)[0],
      capabilitiesOf(version).at(-1),
    ];
    expect(ends("10.2")).toEqual(["3.0", "7.5"]);
    expect(ends("11.0")).toEqual(["3.5", "8.0"]);
    expect(ends("11.8")).toEqual(["3.5", "9.0"]);
    expect(ends("12.0")).toEqual(["5.0", "9.0"]);
    expect(ends("12.9")).toEqual(["5.0", "12.1"]);
    expect(cudaFor("9.0", "")).toBe("CUDA 11.8 or newer");
  });
});
