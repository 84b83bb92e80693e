/**
 * nvcc's commands taken apart against nvcc itself: with the module id that nvcc made, what is linked of the objects is
 * the same, byte by byte, fat binaries included; and so is what nvcc says.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { digestOf } from "../../src/base/digest.ts";
import type { Environment } from "../../src/environment/environment.ts";
import { bytesSource } from "../../src/inspect/bytes.ts";
import { openElf } from "../../src/inspect/elf.ts";
import { fatbinRanges, readFatbins } from "../../src/inspect/fatbin.ts";
import { type Action, commandText, type Graph } from "../../src/plan/graph.ts";
import { splitCommand } from "../../src/plan/nvcc-graph/split.ts";
import { dryRunCommand, reasonToStayWhole } from "../../src/plan/nvcc-graph/whole.ts";
import { cudaToolkit, type Found, need, pipCudaToolkit } from "../support/environments.ts";
import type { ExtensionParts } from "../support/plan-fixtures.ts";
import { build, environmentHere, output, planHere, project } from "./plan-support.ts";

/** Something of all that comes into an object: templates, private kernels and variables, managed and constant memory. */
const kernels = `#include <cstdio>
#include "value.h"
__constant__ float table[8];
__managed__ int shared_counter;
namespace { __device__ int counter; __global__ void hidden(int* p) { *p = counter + VALUE; } }
template <typename T> __global__ void scale(T* a, T b, int n) {
  __shared__ T cache[32];
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  cache[threadIdx.x] = i < n ? a[i] : T(0);
  __syncthreads();
  if (i < n) a[i] = cache[threadIdx.x] * b + table[i % 8] + sinf(float(i));
}
static __global__ void arch(int* p) {
#ifdef __CUDA_ARCH__
  *p = __CUDA_ARCH__;
#endif
}
void launch(float* a, int* p, int n) {
  scale<float><<<1, 32>>>(a, 2.f, n);
  scale<double><<<1, 32>>>(nullptr, 2., n);
  hidden<<<1, 1>>>(p);
  arch<<<1, 1>>>(p);
  shared_counter += n;
  auto twice = [=] __device__ (int x) { return 2 * x + n; };
  (void)twice;
  std::printf("%s %d\\n", __FILE__, __LINE__);
}
`;

const parts: ExtensionParts = {
  name: "lib",
  kind: "torch-library",
  usesTorch: false,
  sources: ["csrc/k.cu"],
  cxxStandard: "17",
};

const common = ["--extended-lambda"];

/** ELF's SHT_PROGBITS. */
const programBits = 1;

interface Case {
  readonly name: string;
  readonly flags?: readonly string[];
  readonly architectures?: string;
  readonly profile?: ExtensionParts["profile"];
}

const cases: readonly Case[] = [
  { name: "one architecture" },
  { name: "three architectures and PTX", architectures: "8.0;9.0a;12.0+PTX" },
  { name: "PTX alone", architectures: "9.0-virtual" },
  { name: "line numbers of device code", flags: ["-lineinfo"] },
  {
    name: "fast math and words for all programs",
    flags: ["--use_fast_math", "-Xptxas", "-v", "-Xcompiler", "-Wall", "-maxrregcount=32"],
  },
  { name: "a define with quotes", flags: ['-DTEXT="a b"', "-DOTHER=1"] },
  { name: "debug information", profile: "debug" },
  { name: "threads of nvcc", flags: ["--threads", "2"], architectures: "8.0;9.0" },
  { name: "one stream for each thread", flags: ["--default-stream", "per-thread"] },
  { name: "relocatable device code", flags: ["-rdc=true"], architectures: "8.0;9.0+PTX" },
  { name: "compressed code", flags: ["-Xfatbin", "-compress-all"], architectures: "8.0;9.0" },
];

describe.each([
  ["/usr/local/cuda", cudaToolkit],
  ["pip", pipCudaToolkit],
] as const)("nvcc of %s", (_, toolkit) => {
  let environment: Environment;

  beforeAll(async () => {
    const found: Found<string> = toolkit();
    if (!found.available) return;
    environment = await environmentHere({ variables: { CUDA_HOME: found.value, CC: "", CXX: "" } });
  }, 60_000);

  test.for(cases)("$name", { timeout: 120_000 }, (given, context) => {
    need(context, toolkit());
    const root = project({ "csrc/k.cu": kernels, "csrc/value.h": "#define VALUE 7\n" });
    const graph = planHere(
      root,
      environment,
      {
        ...parts,
        flags: { nvcc: [...common, ...(given.flags ?? [])] },
        ...(given.profile === undefined ? {} : { profile: given.profile }),
      },
      { TORCH_CUDA_ARCH_LIST: given.architectures ?? "8.0" },
    );
    const whole = cudaCompile(graph);
    const plain = plainNvcc(root, whole);
    const actions = split(root, whole, plain.moduleId);
    build({ ...graph, actions });
    const object = whole.outputs[0] ?? "";
    expect(fatbinBytes(object)).toEqual(fatbinBytes(plain.object));
    expect(fatbinBytes(object).length).toBeGreaterThan(0);
    const host = actions.find(({ outputs }) => outputs[0]?.endsWith(".phases/host.o") === true)?.outputs[0] ?? object;
    expect(hostSections(host)).toEqual(hostSections(plain.object));
    expect(linked(root, object)).toEqual(linked(root, plain.object));
  });

  test("a path of its own is in no object", (context) => {
    need(context, toolkit());
    const objects = ["one", "another one"].map((name) => {
      const root = project({ "csrc/k.cu": kernels, "csrc/value.h": "#define VALUE 7\n" }, name);
      const graph = planHere(root, environment, { ...parts, flags: { nvcc: common } }, { TORCH_CUDA_ARCH_LIST: "8.0" });
      const whole = cudaCompile(graph);
      build({ ...graph, actions: split(root, whole) });
      return readFileSync(whole.outputs[0] ?? "");
    });
    expect(objects[0]?.equals(objects[1] ?? Buffer.alloc(0))).toBe(true);
  });
});

function cudaCompile(graph: Graph): Action {
  const action = graph.actions.find(({ kind }) => kind === "compile-cuda");
  if (action === undefined) throw new Error("no CUDA source");
  return action;
}

/** The command as it is, into another object, with the module id that it made. */
function plainNvcc(root: string, whole: Action): { readonly object: string; readonly moduleId: string } {
  const keep = join(root, "keep");
  mkdirSync(keep);
  const object = join(root, "plain.o");
  const words = commandText(whole.command).map((word, i, all) =>
    all[i - 1] === "-o" ? object : all[i - 1] === "-MF" ? `${object}.d` : word,
  );
  output(words[0] ?? "", [...words.slice(1), "--keep", "--keep-dir", keep], whole.cwd);
  const file = readdirSync(keep).find((name) => name.endsWith(".module_id"));
  return { object, moduleId: readFileSync(join(keep, file ?? ""), "utf8") };
}

function split(root: string, whole: Action, moduleId?: string): readonly Action[] {
  expect(reasonToStayWhole(whole, "linux")).toBeUndefined();
  const [program = "", ...words] = dryRunCommand(whole);
  const result = spawnSync(program, words, {
    cwd: whole.cwd,
    encoding: "utf8",
    env: { ...process.env, TMPDIR: "/tmp" },
  });
  const taken = splitCommand(whole, {
    dryRun: result.stdout + result.stderr,
    buildDir: join(root, ".retorch"),
    family: "gcc",
    ...(moduleId === undefined ? {} : { moduleId }),
  });
  if ("reason" in taken) throw new Error(taken.reason);
  return taken.actions;
}

/** Digests: a difference of thousands of bytes is of no use to print. */
function fatbinBytes(file: string): string[] {
  const bytes = readFileSync(file);
  const source = bytesSource(bytes);
  const elf = openElf(source);
  if (!elf.ok) throw new Error("no ELF file");
  const ranges = fatbinRanges(elf.value.sections);
  expect(readFatbins(source, ranges).anomalies).toEqual([]);
  return ranges.map(({ offset, size }) => `${size} ${digestOf(bytes.subarray(offset, offset + size))}`);
}

/** Code and data of the host in an object, section by section; without debug information, which names files of nvcc. */
function hostSections(object: string): string[] {
  const bytes = readFileSync(object);
  const elf = openElf(bytesSource(bytes));
  if (!elf.ok) throw new Error("no ELF file");
  return elf.value.sections
    .filter(({ name, type }) => type === programBits && !/^\.(?:debug|nv_fatbin|note)/.test(name))
    .map(({ name, offset, size }) => `${name} ${size} ${digestOf(bytes.subarray(offset, offset + size))}`);
}

/** What an object gives to others and wants of them, when it is linked. */
function linked(root: string, object: string): readonly string[] {
  const library = `${object}.so`;
  output("g++", ["-shared", "-Wl,-soname,x", object, "-o", library], root);
  const names = output("nm", ["-D", library], root).split("\n");
  return names.map((line) => line.slice(17)).sort();
}
