/** `retorch doctor` on a machine with a real PyTorch: what `load()` kept of another PyTorch, and pip's isolation. */
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { runRetorch, temporaryProject } from "../support/cli.ts";
import { cpuPython, need, tool } from "../support/environments.ts";

interface Report {
  readonly ok: boolean;
  readonly checks: readonly { readonly id: string; readonly status: string; readonly fix: readonly string[] }[];
}

describe.runIf(process.platform === "linux")("retorch doctor", () => {
  test("finds the extension that load() keeps, and the torch that pip would choose", async (context) => {
    const { executable, torch } = need(context, cpuPython());
    const compiler = need(context, tool("g++", "c++"));
    const project = temporaryProject({
      "pyproject.toml": '[build-system]\nrequires = ["setuptools", "torch>=2"]\n',
      "fused.cpp":
        'namespace at { void gone_in_this_version(); }\nextern "C" void* PyInit_fused() { at::gone_in_this_version(); return 0; }\n',
      "good.cpp": 'extern "C" void* PyInit_good() { return 0; }\n',
    });
    const libraries = [`-L${join(torch.root, "lib")}`, "-Wl,--no-as-needed", "-lc10", "-ltorch_cpu"];
    for (const name of ["fused", "good"]) {
      mkdirSync(project.path(`kept/${name}`), { recursive: true });
      const output = project.path(`kept/${name}/${name}.so`);
      execFileSync(compiler, ["-shared", "-fPIC", project.path(`${name}.cpp`), ...libraries, "-o", output]);
    }
    const run = await runRetorch(["doctor", "--json", "--python", executable, "."], {
      cwd: project.root,
      env: { TORCH_EXTENSIONS_DIR: project.path("kept") },
    });
    const report = JSON.parse(run.stdout) as Report;
    const extensions = report.checks.filter(({ id }) => id === "built-extension");
    expect(extensions.map(({ fix }) => fix[0])).toEqual([`rm -r ${project.path("kept/fused")}`]);
    expect(report.ok).toBe(false);
    const isolation = report.checks.find(({ id }) => id === "build-isolation");
    expect(isolation).toMatchObject({
      status: "later",
      fix: [`${executable} -m pip install --no-build-isolation .`],
    });
  });
});
