/** What is done again in a CUDA source after a change, phase by phase, with the real nvcc. Effects are counted, not seconds. */
import { appendFileSync, existsSync, readdirSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, type TestContext } from "vitest";
import { runRetorch, runRetorchOk, temporaryProject, type TemporaryProject } from "../support/cli.ts";
import { cudaToolkit, need } from "../support/environments.ts";

const source = `#include "value.h"
__global__ void scale(float* a, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) a[i] *= VALUE;
}
void launch(float* a, int n) {
  scale<<<1, 32>>>(a, n);
}
`;

interface Seen {
  /** By phase and architecture: `cuda-device-compile compute_80`. */
  readonly executed: readonly string[];
  readonly cached: readonly string[];
}

interface Event {
  readonly type: string;
  readonly outcome?: "executed" | "cached" | "fresh";
  readonly action?: { readonly id: string; readonly kind: string };
}

/** Of which cicc makes thousands of instructions, and nobody else anything. */
const long = `__global__ void series(float* a) {
  float x = a[0];
#pragma unroll
  for (int i = 0; i < 40; i++) x += sinf(x) * tanf(x + float(i));
  a[0] = x;
}
void launch_series(float* a) { series<<<1, 1>>>(a); }
`;

class Project {
  readonly #project: TemporaryProject;
  readonly #env: Readonly<Record<string, string>>;

  constructor(context: TestContext, settings = "") {
    this.#env = { CUDA_HOME: need(context, cudaToolkit()), RETORCH_CACHE_DIR: "" };
    this.#project = temporaryProject({
      "csrc/k.cu": source,
      "csrc/value.h": "#define VALUE 2\n",
      "retorch.toml": `[extension.lib]\nkind = "torch-library"\nuses-torch = false\nsources = ["csrc/k.cu"]\n${settings}`,
    });
    this.#env = { ...this.#env, RETORCH_CACHE_DIR: this.#project.path("cache") };
  }

  get options(): { cwd: string; env: Readonly<Record<string, string>> } {
    return { cwd: this.#project.root, env: this.#env };
  }

  async events(architectures: string, more: readonly string[] = []): Promise<Event[]> {
    const { stdout } = await runRetorchOk(["build", "--json", "--arch", architectures, ...more], this.options);
    const lines = stdout.split("\n").filter((text) => text !== "");
    return lines.map((line) => JSON.parse(line) as Event);
  }

  async build(architectures: string, more: readonly string[] = []): Promise<Seen> {
    const seen = { executed: [] as string[], cached: [] as string[] };
    for (const event of await this.events(architectures, more)) {
      if (event.type !== "done" || event.action === undefined || event.outcome === "fresh") continue;
      const { id, kind } = event.action;
      const name = /(?:compute|sm)_\d+/.exec(id)?.[0];
      seen[event.outcome ?? "executed"].push(name === undefined ? kind : `${kind} ${name}`);
    }
    return { executed: seen.executed.sort(), cached: seen.cached.sort() };
  }

  edit(file: string, from: string, to: string): void {
    const text = readFileSync(this.#project.path(file), "utf8");
    expect(text).toContain(from);
    this.#project.write(file, text.replace(from, to));
  }

  append(file: string, text: string): void {
    appendFileSync(this.#project.path(file), text);
  }

  remove(folder: string): void {
    rmSync(join(this.#project.root, folder), { recursive: true });
  }

  list(folder: string): string[] {
    return readdirSync(join(this.#project.root, folder)).sort();
  }

  read(file: string): Buffer {
    return readFileSync(join(this.#project.root, file));
  }
}

/** Steps that cost: what preprocesses, copies or packs takes milliseconds. */
function costly({ executed }: Seen): string[] {
  return executed.filter((name) => /^(?:compile|cuda-front-end|cuda-device-compile|cuda-assemble)/.test(name));
}

const device = (...numbers: readonly number[]): string[] =>
  numbers.flatMap((n) => [`cuda-device-compile compute_${n}`, `cuda-assemble sm_${n}`]);

describe("a CUDA source", { timeout: 120_000 }, () => {
  test("is taken apart, and a second build has nothing to do", async (context) => {
    const project = new Project(context);
    const first = await project.build("8.0;9.0");
    expect(costly(first)).toEqual(["compile", "cuda-front-end", ...device(80, 90)].sort());
    expect(await project.build("8.0;9.0")).toEqual({ executed: [], cached: [] });
  });

  test("comments cost nothing; a kernel's body leaves the host code alone, on other lines too", async (context) => {
    const project = new Project(context);
    await project.build("8.0;9.0");
    project.edit("csrc/k.cu", "*= VALUE;", "*= VALUE;  // doubled");
    expect(costly(await project.build("8.0;9.0"))).toEqual([]);
    project.edit("csrc/k.cu", "*= VALUE", "+= VALUE");
    expect(costly(await project.build("8.0;9.0"))).toEqual(["cuda-front-end", ...device(80, 90)].sort());
    project.edit("csrc/k.cu", "if (i < n)", "\n\n\n\n\n\n\n\n\n\n  if (i + 1 < n)");
    expect(costly(await project.build("8.0;9.0"))).toEqual(["cuda-front-end", ...device(80, 90)].sort());
  });

  test("host code is compiled beside the device code, which makes the end of it: the same object", async (context) => {
    const project = new Project(context, `nvcc-flags = ["-g"]\n`);
    project.append("csrc/k.cu", long);
    const object = ".retorch/obj/lib/csrc/k.cu.o";
    const events = await project.events("8.0", ["--no-cache", "-j2"]);
    const at = (type: string, kind: string): number =>
      events.findIndex((event) => event.type === type && event.action?.kind === kind);
    expect(at("started", "compile")).toBeLessThan(at("done", "cuda-device-compile"));
    expect(events.filter(({ type, action }) => type === "started" && action?.kind === "compile")).toHaveLength(1);
    const beside = project.read(object);
    project.remove(".retorch");
    await project.build("8.0", ["--no-cache", "-j1"]);
    expect(beside.equals(project.read(object))).toBe(true);
    expect(await project.build("8.0")).toEqual({ executed: [], cached: [] });
  });

  test("what is preprocessed stays in the store until a step needs it, and is made again when that has lost it", async (context) => {
    const project = new Project(context);
    const object = ".retorch/obj/lib/csrc/k.cu.o";
    const phase = (name: string): string => `${object}.phases/${name}`;
    await project.build("8.0");
    const first = project.read(object);
    project.edit("csrc/k.cu", "*= VALUE", "+= VALUE");
    await project.build("8.0");
    project.edit("csrc/k.cu", "+= VALUE", "*= VALUE");
    expect((await project.build("8.0")).executed).toEqual([]);
    expect(project.read(object).equals(first)).toBe(true);
    expect(project.read(phase("host.ii")).includes("+= 2")).toBe(true);
    project.remove(object);
    project.remove(phase("host.o"));
    project.remove("cache");
    expect(costly(await project.build("8.0"))).toEqual(["compile", "cuda-front-end"]);
    expect(project.read(object).equals(first)).toBe(true);
    expect(project.read(phase("host.ii")).includes("*= 2")).toBe(true);
    expect(await project.build("8.0")).toEqual({ executed: [], cached: [] });
  });

  test("host code leaves the machine code alone", async (context) => {
    const project = new Project(context);
    await project.build("8.0");
    project.edit("csrc/k.cu", "<<<1, 32>>>", "<<<2, 32>>>");
    expect(costly(await project.build("8.0"))).toEqual(["compile", "cuda-device-compile compute_80", "cuda-front-end"]);
  });

  test("a header of the kernel is a header of all phases", async (context) => {
    const project = new Project(context);
    await project.build("8.0");
    project.edit("csrc/value.h", "2", "3");
    expect(costly(await project.build("8.0"))).toEqual(["cuda-front-end", ...device(80)].sort());
  });

  test("an architecture more compiles that one, one less nothing, and going back is fetched", async (context) => {
    const project = new Project(context);
    await project.build("8.0;9.0");
    const before = project.read("lib.so");
    expect(costly(await project.build("8.0;9.0;12.0"))).toEqual(device(120).sort());
    expect(project.read("lib.so").equals(before)).toBe(false);
    expect(costly(await project.build("8.0"))).toEqual([]);
    const back = await project.build("8.0;9.0");
    expect(costly(back)).toEqual([]);
    expect(project.read("lib.so").equals(before)).toBe(true);
    expect(back.executed).toEqual([]);
  });

  test("code that asks for the list of architectures is compiled again when it changes", async (context) => {
    const project = new Project(context);
    project.append("csrc/k.cu", "const int list[] = {__CUDA_ARCH_LIST__};\nint first() { return list[0]; }\n");
    await project.build("8.0;9.0");
    expect(costly(await project.build("8.0;9.0;12.0"))).toEqual(
      [
        "compile",
        "cuda-front-end",
        "cuda-device-compile compute_80",
        "cuda-device-compile compute_90",
        ...device(120),
      ].sort(),
    );
  });

  test("Thrust's names depend on the list of architectures, unless it has a namespace of the extension's own", async (context) => {
    const use = `#include <thrust/complex.h>
namespace user { using complex = thrust::complex<float>; }
__global__ void twice(::thrust::complex<float>* a) { a[threadIdx.x] *= 2.f; }
void launch(user::complex* a) { twice<<<1, 32>>>(a); }
`;
    const shared = new Project(context);
    shared.append("csrc/k.cu", use);
    await shared.build("8.0");
    expect(costly(await shared.build("8.0;9.0"))).toContain("cuda-device-compile compute_80");
    const own = new Project(context, "own-cccl-namespace = true\n");
    own.append("csrc/k.cu", use);
    await own.build("8.0");
    expect(costly(await own.build("8.0;9.0"))).toEqual(device(90).sort());
  });

  test.for(["", "own-cccl-namespace = true\n"])(
    "cleaned, it all comes from the store (%j)",
    async (settings, context) => {
      const project = new Project(context, settings);
      await project.build("8.0");
      const before = project.read("lib.so");
      await runRetorchOk(["clean"], project.options);
      const again = await project.build("8.0");
      expect(again.executed).toEqual([]);
      expect(project.read("lib.so").equals(before)).toBe(true);
    },
  );

  test("the line counts where the code asks for it", async (context) => {
    const project = new Project(context);
    project.append("csrc/k.cu", "int line() { return __builtin_LINE(); }\n");
    await project.build("8.0");
    project.edit("csrc/k.cu", "if (i < n)", "\n  if (i + 1 < n)");
    expect(costly(await project.build("8.0"))).toContain("compile");
  });

  test("incremental is the same bytes as from nothing", async (context) => {
    const project = new Project(context);
    await project.build("8.0");
    project.edit("csrc/k.cu", "if (i < n)", "\n\n  if (i + 1 < n)");
    await project.build("8.0;9.0");
    const incremental = project.read("lib.so");
    await project.build("8.0;9.0", ["--force", "--no-cache"]);
    expect(project.read("lib.so").equals(incremental)).toBe(true);
  });

  test("an error is said once, with the place in the source and no temporary name", async (context) => {
    const project = new Project(context);
    project.edit("csrc/k.cu", "VALUE;", "VALUE + nosuch;");
    const { exitCode, stderr } = await runRetorch(["build", "--arch", "8.0;9.0;12.0"], project.options);
    expect(exitCode).toBe(1);
    expect(stderr.match(/identifier "nosuch" is undefined\n/g)).toHaveLength(1);
    expect(stderr).toContain("csrc/k.cu(4): error");
    expect(stderr).not.toContain("tmpxft");
    expect(stderr).toContain("1 failed");
  });

  test("a warning is said once", async (context) => {
    const project = new Project(context);
    project.edit("csrc/k.cu", "int i", "int unused_here; int i");
    const { stderr } = await runRetorchOk(["build", "--arch", "8.0;9.0"], project.options);
    expect(stderr.match(/unused_here" was declared but never referenced/g)).toHaveLength(1);
  });

  test.for(["it's (ä) & co; #1", 'q"uote $HOME', "back\\slash", "-dash", "a=b:c"])(
    "folders called %s",
    async (name, context) => {
      const env = { CUDA_HOME: need(context, cudaToolkit()) };
      const project = temporaryProject(
        {
          [`csrc/${name}/k y.cu`]: source.replace('#include "value.h"', "#define VALUE 2"),
          "retorch.toml": `[extension.lib]\nkind = "torch-library"\nuses-torch = false\nsources = ["csrc/**/*.cu"]\n`,
        },
        name,
      );
      const { stderr } = await runRetorchOk(["build", "--no-cache", "--arch", "8.0+PTX"], { cwd: project.root, env });
      expect(stderr).toContain("1 split");
    },
  );

  test("a comma in a path is too much for fatbinary: it stays nvcc's, which says so", async (context) => {
    const env = { CUDA_HOME: need(context, cudaToolkit()) };
    const project = temporaryProject({
      "csrc/a,b/k.cu": source.replace('#include "value.h"', "#define VALUE 2"),
      "retorch.toml": `[extension.lib]\nkind = "torch-library"\nuses-torch = false\nsources = ["csrc/**/*.cu"]\n`,
    });
    const { stderr } = await runRetorchOk(["build", "--no-cache", "--arch", "8.0"], { cwd: project.root, env });
    expect(stderr).toContain("stays one nvcc command: fatbinary takes no path with a comma");
  });

  test("`--explain` says what each phase and architecture took", async (context) => {
    const project = new Project(context);
    const { stderr } = await runRetorchOk(["build", "--explain", "--arch", "8.0;9.0"], project.options);
    expect(stderr).toMatch(/^csrc\/k\.cu: [\d.]+ m?s of work, [\d.]+ m?s of it now$/m);
    for (const row of ["host", "compute_80", "compute_90", "together"]) {
      expect(stderr).toMatch(new RegExp(`^  ${row} .*\\d m?s`, "m"));
    }
  });

  test("the host compiler by another name is taken apart all the same, another one is not", async (context) => {
    const clang = "/usr/bin/clang++-19";
    if (!existsSync(clang) || realpathSync("/usr/bin/c++") !== realpathSync("/usr/bin/g++"))
      context.skip("needs g++ by two names, and clang++-19");
    const project = new Project(context);
    const same = await project.build("8.0", ["--nvcc-flag=-ccbin", "--nvcc-flag=/usr/bin/g++"]);
    expect(same.executed).toContain("cuda-front-end");
    const { stderr } = await runRetorchOk(["build", "--arch", "8.0", `--nvcc-flag=-ccbin=${clang}`], project.options);
    expect(stderr).toContain("stays one nvcc command: nvcc would call `/usr/bin/clang++-19`");
  });

  test("nothing is left of cicc that nobody reads", async (context) => {
    const project = new Project(context);
    await project.build("8.0");
    const left = project.list(".retorch/obj/lib/csrc/k.cu.o.phases");
    expect(left.filter((name) => /\.(?:c|gpu)$/.test(name))).toEqual([
      "compute_80.stub.c",
      "host.fatbin.c",
      "host.stub.c",
    ]);
    expect(project.read(".retorch/obj/lib/csrc/k.cu.o.phases/host.code").length).toBeLessThan(100);
  });

  test.for([["--cuda-graph", "off"], ["--nvcc-flag=-G"], ["--nvcc-flag=--keep"]])(
    "%s is one nvcc command",
    async (words, context) => {
      const project = new Project(context);
      const { executed } = await project.build("8.0", words);
      expect(executed).toContain("compile-cuda");
      expect(executed).not.toContain("cuda-front-end");
    },
  );

  test("the script of `--dry-run` makes the same", async (context) => {
    const project = new Project(context, "");
    const { stdout } = await runRetorchOk(["build", "--dry-run", "--arch", "8.0"], project.options);
    expect(stdout).toContain("cudafe++");
    await project.build("8.0");
    // The object: what is linked has a note of retorch, which scripts leave out.
    const object = ".retorch/obj/lib/csrc/k.cu.o";
    const built = project.read(object);
    const { spawnSync } = await import("node:child_process");
    const script = spawnSync("sh", [], { input: stdout, cwd: project.options.cwd, encoding: "utf8" });
    expect(script.stderr).toBe("");
    expect(project.read(object).equals(built)).toBe(true);
  });
});
