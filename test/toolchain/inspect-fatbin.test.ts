/** The reader of fat binaries against what nvcc keeps beside its output, byte by byte, and against cuobjdump where it exists. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, type TestContext } from "vitest";
import { nodeHost } from "../../src/host/node-host.ts";
import { architectureText } from "../../src/inspect/architecture.ts";
import { type ByteSource, bytesSource, fileSource } from "../../src/inspect/bytes.ts";
import { openElf } from "../../src/inspect/elf.ts";
import { inspectFile } from "../../src/inspect/extension.ts";
import {
  type Fatbin,
  fatbinContent,
  type FatbinEntry,
  fatbinRanges,
  kernelsOf,
  readFatbins,
} from "../../src/inspect/fatbin.ts";
import { cudaPython, cudaToolkit, need, tool } from "../support/environments.ts";

const host = nodeHost();
const folder = mkdtempSync(join(tmpdir(), "retorch-fatbin-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const kernels = ["_Z3addIdEvPT_PKS0_i", "_Z5scalePffi"];
writeFileSync(
  join(folder, "k.cu"),
  `__global__ void scale(float* x, float a, int n) { int i = blockIdx.x * blockDim.x + threadIdx.x; if (i < n) x[i] *= a; }
template <typename T> __global__ void add(T* x, const T* y, int n) { int i = blockIdx.x * blockDim.x + threadIdx.x; if (i < n) x[i] += y[i]; }
template __global__ void add<double>(double*, const double*, int);
void launch(float* x, float a, int n) { scale<<<(n + 255) / 256, 256>>>(x, a, n); }
`,
);

function nvcc(context: TestContext, ...args: readonly string[]): void {
  const root = need(context, cudaToolkit());
  execFileSync(join(root, "bin", "nvcc"), args, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
}

/** Architectures that the toolkit knows, so that the test fits older and newer ones. */
function known(context: TestContext, wanted: readonly string[]): string[] {
  const root = need(context, cudaToolkit());
  const text = execFileSync(join(root, "bin", "nvcc"), ["--list-gpu-code"], { encoding: "utf8" });
  const list = new Set([...text.matchAll(/sm_(\w+)/g)].map((match) => match[1] ?? ""));
  return wanted.filter((one) => list.has(one.replace(/[af]$/, "")));
}

function read(name: string): { readonly source: ByteSource; readonly fatbins: readonly Fatbin[] } {
  const source = bytesSource(readFileSync(join(folder, name)));
  const elf = openElf(source);
  const ranges = elf.ok ? fatbinRanges(elf.value.sections) : [{ offset: 0, size: source.size, relocatable: false }];
  const { fatbins, anomalies } = readFatbins(source, ranges);
  expect(anomalies).toEqual([]);
  return { source, fatbins };
}

function nameOf(entry: FatbinEntry): string {
  return `${entry.kind} ${architectureText(entry.architecture)}`;
}

/** `fatbinary` leaves comments and indentation of PTX out. */
function ptxLines(bytes: Buffer): string[] {
  const lines = bytes.toString("latin1").replaceAll("\0", "").split("\n");
  return lines
    .map((line) =>
      line
        .replace(/\/\/.*/, "")
        .replaceAll(/\s+/g, " ")
        .trim(),
    )
    .filter((line) => line !== "");
}

describe("fat binaries of nvcc", () => {
  it("hold what nvcc put into them, byte for byte", (context) => {
    const list = known(context, ["80", "90a", "100f", "120"]);
    const last = list.at(-1) ?? "";
    const arches = list.map((arch) => ["-gencode", `arch=compute_${arch},code=sm_${arch}`]);
    nvcc(
      context,
      ...arches.flat(),
      "-gencode",
      `arch=compute_${last},code=compute_${last}`,
      "--keep",
      "-shared",
      "-Xcompiler",
      "-fPIC",
      "k.cu",
      "-o",
      "k.so",
    );
    const { source, fatbins } = read("k.so");
    const own = fatbins.find((fatbin) => fatbin.entries.some((entry) => entry.kind === "ptx"));
    expect(own?.entries.map(nameOf).sort()).toEqual([...list.map((arch) => `cubin ${arch}`), `ptx ${last}`].sort());
    const kept = readdirSync(folder);
    for (const entry of own?.entries ?? []) {
      const arch = architectureText(entry.architecture);
      const ending = entry.kind === "ptx" ? "ptx" : "cubin";
      const file = kept.find(
        (name) =>
          !name.includes("dlink") && new RegExp(`(?:compute|sm)_${arch}\\.(?:sm_\\w+\\.)?${ending}$`).test(name),
      );
      expect(file, nameOf(entry)).toBeDefined();
      const content = fatbinContent(source, entry);
      const expected = readFileSync(join(folder, file ?? ""));
      if (entry.kind === "ptx") expect(ptxLines(Buffer.from(content ?? []))).toEqual(ptxLines(expected));
      else expect(Buffer.from(content ?? []).equals(expected), nameOf(entry)).toBe(true);
      expect([...(kernelsOf(entry, content ?? new Uint8Array()) ?? [])].sort(), nameOf(entry)).toEqual(kernels);
    }
    const report = inspectFile(host.fs, join(folder, "k.so"));
    expect(report.ok && [...(report.value.cuda.kernels ?? [])].sort()).toEqual(kernels);
    expect(report.ok && report.value.cuda).toMatchObject({ runtime: "static", unlinked: false });
    const version = /V([\d.]+)/.exec(
      execFileSync(join(need(context, cudaToolkit()), "bin", "nvcc"), ["--version"], { encoding: "utf8" }),
    )?.[1];
    expect(report.ok && report.value.cuda.toolkit).toBe(version);
  });

  it.for(["none", "speed", "balance", "size"])("are read when they were compressed for %s", (mode, context) => {
    const help = execFileSync(join(need(context, cudaToolkit()), "bin", "nvcc"), ["--help"], { encoding: "utf8" });
    if (!help.includes("--compress-mode")) context.skip("this nvcc has no --compress-mode");
    const [arch = ""] = known(context, ["90"]);
    nvcc(
      context,
      `-compress-mode=${mode}`,
      "-fatbin",
      "-lineinfo",
      "-gencode",
      `arch=compute_${arch},code=[sm_${arch},compute_${arch}]`,
      "k.cu",
      "-o",
      `${mode}.fatbin`,
    );
    const { source, fatbins } = read(`${mode}.fatbin`);
    expect(fatbins).toHaveLength(1);
    for (const entry of fatbins[0]?.entries ?? []) {
      const content = fatbinContent(source, entry);
      expect(content?.length, nameOf(entry)).toBe(entry.size);
      expect([...(kernelsOf(entry, content ?? new Uint8Array()) ?? [])].sort(), nameOf(entry)).toEqual(kernels);
      expect(entry.identifier).toBe("k.cu");
    }
    const used = new Set(fatbins[0]?.entries.map((entry) => entry.compression));
    if (mode === "none") expect([...used]).toEqual(["none"]);
    if (mode === "size") expect([...used]).toEqual(["zstd"]);
    if (mode === "speed") expect(used.has("lz4")).toBe(true);
  });

  it("are told apart when they still have to be linked", (context) => {
    const [arch = ""] = known(context, ["80"]);
    nvcc(context, "-dc", "-gencode", `arch=compute_${arch},code=sm_${arch}`, "k.cu", "-o", "rdc.o");
    const report = inspectFile(host.fs, join(folder, "rdc.o"));
    expect(report.ok && report.value).toMatchObject({ kind: "object", cuda: { unlinked: true } });
    expect(
      report.ok && report.value.undefinedSymbols.some((symbol) => symbol.name.startsWith("__cudaRegisterLinkedBinary")),
    ).toBe(true);
  });

  it("are listed as by cuobjdump", (context) => {
    const cuobjdump = need(context, tool("cuobjdump", join(need(context, cudaToolkit()), "bin", "cuobjdump")));
    const [arch = ""] = known(context, ["90"]);
    nvcc(context, "-gencode", `arch=compute_${arch},code=[sm_${arch},compute_${arch}]`, "-c", "k.cu", "-o", "list.o");
    const list = (flag: string): string[] =>
      [
        ...execFileSync(cuobjdump, [flag, join(folder, "list.o")], { encoding: "utf8" }).matchAll(
          /\.(?:sm|compute)_(\w+)\.(?:cubin|ptx)/g,
        ),
      ].map((match) => match[1] ?? "");
    const { fatbins } = read("list.o");
    const entries = fatbins.flatMap((fatbin) => fatbin.entries);
    const names = (kind: FatbinEntry["kind"]): string[] =>
      entries.filter((entry) => entry.kind === kind).map((entry) => architectureText(entry.architecture));
    expect(names("cubin")).toEqual(list("--list-elf"));
    expect(names("ptx")).toEqual(list("--list-ptx"));
  });
});

describe("the fat binaries of PyTorch", () => {
  it("are read to the last, from a small part of the file", (context) => {
    const { torch } = need(context, cudaPython());
    const path = join(torch.root, "lib", "libtorch_cuda.so");
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
    if (source === undefined) return context.skip(`no ${path}`);
    const elf = openElf(source);
    if (!elf.ok) throw new Error(elf.error.message);
    const ranges = fatbinRanges(elf.value.sections);
    const { fatbins, anomalies } = readFatbins(source, ranges);
    expect(anomalies).toEqual([]);
    const [range] = ranges;
    const last = fatbins.at(-1);
    expect((last?.offset ?? 0) + (last?.size ?? 0)).toBe((range?.offset ?? 0) + (range?.size ?? 0));
    expect(total).toBeLessThan(32 * 1024 * 1024);
    expect(source.size).toBeGreaterThan(200 * 1024 * 1024);
    const entries = fatbins.flatMap((fatbin) => fatbin.entries).filter((entry) => entry.size < 200_000);
    const step = Math.max(1, Math.floor(entries.length / 25));
    for (const entry of entries.filter((_entry, index) => index % step === 0)) {
      expect(fatbinContent(source, entry)?.length, nameOf(entry)).toBe(entry.size);
    }
  });
});
