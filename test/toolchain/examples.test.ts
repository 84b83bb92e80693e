/** The examples, built by the bundled program from copies in a temporary folder, then run in Python. */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { cliEnvironment, runRetorchOk, temporaryProject } from "../support/cli.ts";
import { cpuPython, cudaPython, gpu, need, onlyWithAll, pipCudaToolkit, repository } from "../support/environments.ts";

/** Copies an example to a folder with a space in its name, without what a build may have left in it. */
function copyOf(name: string): string {
  const project = temporaryProject({}, `a copy of ${name}`);
  const made = /(^|\/)(\.retorch|__pycache__|throughput|[^/]*\.so)$/;
  cpSync(join(repository, "examples", name), project.root, { recursive: true, filter: (path) => !made.test(path) });
  return project.root;
}

/** What the example's `check.py` prints. */
function check(folder: string, python: string): string {
  const { status, stdout, stderr } = spawnSync(python, [join(folder, "check.py")], {
    cwd: folder,
    env: cliEnvironment(),
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`check.py failed\n${stderr}`);
  return stdout;
}

async function build(folder: string, python: string, ...more: string[]): Promise<string[]> {
  const { stdout } = await runRetorchOk(["build", folder, "--python", python, ...more], { cwd: folder });
  return stdout.trim().split("\n");
}

describe("the examples", () => {
  it("are all listed in examples/README.md, and each says what it is", () => {
    const names = readdirSync(join(repository, "examples"), { withFileTypes: true }).filter((it) => it.isDirectory());
    expect(names.map(({ name }) => name)).toEqual([
      "cuda-bias-gelu",
      "layer-norm",
      "moving-average",
      "nearest-neighbour",
      "scaled-add",
    ]);
    for (const { name } of names) {
      expect(existsSync(join(repository, "examples", name, "README.md")), name).toBe(true);
      expect(existsSync(join(repository, "examples", name, "check.py")), name).toBe(true);
    }
  });

  it("nearest-neighbour: one file for many versions", async (context) => {
    const { executable } = need(context, cpuPython());
    const folder = copyOf("nearest-neighbour");
    expect(await build(folder, executable)).toEqual([join(folder, "nearest_neighbour.abi3.so")]);
    expect(check(folder, executable)).toContain("[0, 2] at [1.0, 2.0]");
  });

  it("moving-average: one source, no configuration", async (context) => {
    onlyWithAll(context);
    const { executable } = need(context, cpuPython());
    const folder = copyOf("moving-average");
    await build(folder, executable);
    expect(check(folder, executable)).toContain("[1.0, 1.5, 2.25, 3.125]");
  });

  it("layer-norm: operators with a gradient, and a program", async (context) => {
    onlyWithAll(context);
    const { executable } = need(context, cpuPython());
    const folder = copyOf("layer-norm");
    const built = await build(folder, executable);
    expect(built.toSorted()).toEqual([join(folder, "layer_norm.so"), join(folder, "throughput")]);
    expect(check(folder, executable)).toMatch(/gradients agree\n.*\d GB\/s/);
  });

  it("cuda-bias-gelu: compiles without a GPU and computes with one", async (context) => {
    onlyWithAll(context);
    const { executable } = need(context, cudaPython());
    need(context, pipCudaToolkit());
    const folder = copyOf("cuda-bias-gelu");
    await build(folder, executable, ...(gpu().available ? [] : ["--arch", "9.0"]));
    expect(check(folder, executable)).toContain(gpu().available ? "largest difference" : "there is no GPU here");
  });

  it("scaled-add: all of PyTorch's headers in a CUDA source", async (context) => {
    onlyWithAll(context);
    const { executable } = need(context, cudaPython());
    need(context, pipCudaToolkit());
    const folder = copyOf("scaled-add");
    await build(folder, executable, "--arch", "9.0", "--check");
    expect(check(folder, executable)).toMatch(/imported|\[3\.0, 3\.0, 3\.0\]/);
  });
});
