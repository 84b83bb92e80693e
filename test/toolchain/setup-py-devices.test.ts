/**
 * ROCm and SYCL by value: a torch that says it is built for them (the installed one by links, with another version file and
 * empty libraries), and compilers that write down their words and make empty files. The words that torch's own builder runs
 * are those that retorch would run. Nothing is compiled, and no such GPU was ever at hand.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { cliEnvironment, runRetorchOk, temporaryProject, type TemporaryProject } from "../support/cli.ts";
import { compareWords, shellCommands } from "../support/compare-words.ts";
import { cpuPython, cudaPython, need, tool } from "../support/environments.ts";
import { pythonModule } from "../support/slim-sources.ts";

/** An environment with a torch that is another by what its version file says, and has further libraries. */
function pretending(packages: string, version: Readonly<Record<string, string>>, libraries: readonly string[]): string {
  const folder = temporaryProject({}, "pretending").root;
  const real = join(packages, "torch");
  const ask = (python: string, code: string): string => execFileSync(python, ["-c", code], { encoding: "utf8" }).trim();
  const python = join(packages, "..", "..", "..", "bin", "python");
  execFileSync(python, ["-m", "venv", "--without-pip", folder]);
  const site = ask(join(folder, "bin", "python"), "import sysconfig; print(sysconfig.get_path('purelib'))");
  const torch = join(site, "torch");
  mkdirSync(join(torch, "lib"), { recursive: true });
  for (const name of readdirSync(real)) {
    if (name === "version.py" || name === "lib") continue;
    symlinkSync(join(real, name), join(torch, name));
  }
  // Found from there by the libraries' own run paths.
  for (const name of readdirSync(packages)) {
    if (name === "nvidia") symlinkSync(join(packages, name), join(site, name));
  }
  for (const name of readdirSync(join(real, "lib"))) symlinkSync(join(real, "lib", name), join(torch, "lib", name));
  for (const name of libraries) writeFileSync(join(torch, "lib", `lib${name}.so`), "");
  let text = readFileSync(join(real, "version.py"), "utf8");
  for (const [name, value] of Object.entries(version)) {
    text = text.replace(new RegExp(`^${name}: .*$`, "m"), `${name} = ${value}`);
  }
  writeFileSync(join(torch, "version.py"), text);
  writeFileSync(join(site, "others.pth"), `${packages}\n`);
  return join(folder, "bin", "python");
}

/** Puts a program that notes its words and makes an empty output. */
function pretendedCompiler(path: string, log: string, version: string): void {
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(
    path,
    `#!/bin/sh
case "$*" in *--version*) echo '${version}'; exit 0;; *-dumpversion*) echo 12; exit 0;; esac
# One write for each call: compilers run side by side.
{ for word; do printf '%s\\0' "$word"; done; echo; } > '${log}'.$$ && cat '${log}'.$$ >> '${log}' && rm '${log}'.$$
while [ $# -gt 0 ]; do [ "$1" = -o ] && : > "$2"; shift; done
exit 0
`,
  );
  chmodSync(path, 0o755);
}

/** What torch's builder runs: lists of words. */
function theirWords(
  project: TemporaryProject,
  python: string,
  log: string,
  env: Readonly<Record<string, string>>,
  more: readonly string[],
): string[][] {
  const host = join(project.root, "..", "host");
  for (const name of ["gcc", "g++", "cc", "c++"]) pretendedCompiler(join(host, name), log, "g++ (Debian) 12.2.0");
  writeFileSync(log, "");
  const path = [...more, host, process.env["PATH"] ?? ""].join(":");
  const ran = spawnSync(python, ["setup.py", "build_ext", "--inplace"], {
    cwd: project.root,
    env: cliEnvironment({ ...env, PATH: path, TORCH_NO_COMPILER_WRAPPER: "1", TORCH_DONT_CHECK_COMPILER_ABI: "1" }),
    encoding: "utf8",
  });
  if (ran.status !== 0) throw new Error(`setup.py failed\n${ran.stdout}\n${ran.stderr}`);
  return readFileSync(log, "utf8")
    .split("\n")
    .filter((line) => line.includes("\0-o\0"))
    .map((line) => line.split("\0").slice(0, -1));
}

test("ROCm: what hipify leaves is compiled by hipcc with torch's words", async (context) => {
  const installed = need(context, cudaPython());
  need(context, tool("ninja"));
  const python = pretending(installed.packages, { cuda: "None", hip: "'6.2.41133-dd7f95766'" }, [
    "c10_hip",
    "torch_hip",
    "amdhip64",
  ]);
  const torch = join(
    execFileSync(python, ["-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], { encoding: "utf8" }).trim(),
    "torch",
  );
  const files = {
    "setup.py": `from setuptools import setup
import torch
from torch.utils.cpp_extension import IS_HIP_EXTENSION, BuildExtension, CUDAExtension
assert IS_HIP_EXTENSION and torch.version.hip
setup(
    name="onhip",
    ext_modules=[
        CUDAExtension("onhip", ["csrc/a.cpp", "csrc/k.cu"], define_macros=[("N", "1")], include_dirs=["csrc/inc"],
                      extra_compile_args={"cxx": ["-O1"], "nvcc": ["-O2", "-DK"]}),
    ],
    cmdclass={"build_ext": BuildExtension},
)
`,
    "csrc/inc/h.h": "#pragma once\n",
    "csrc/a.cpp": pythonModule("onhip"),
    "csrc/k.cu": '#include <cuda_runtime.h>\n#include "h.h"\nvoid k() { cudaDeviceSynchronize(); }\n',
  };
  const [theirs, ours] = [temporaryProject(files), temporaryProject(files)];
  const rocm = temporaryProject({ "lib/.keep": "", "hip/lib/.keep": "", "include/.keep": "" }, "rocm").root;
  const log = join(theirs.root, "..", "words.log");
  pretendedCompiler(join(rocm, "bin", "hipcc"), log, "HIP version: 6.2.41133-dd7f95766");
  const env = { ROCM_HOME: rocm, PYTORCH_ROCM_ARCH: "gfx90a;gfx942" };
  const asked = theirWords(theirs, python, log, env, []);
  expect(asked.some((words) => words.some((word) => word.endsWith("k.hip")))).toBe(true);
  const dry = await runRetorchOk(["build", "--dry-run"], { cwd: ours.root, env: { ...env, RETORCH_PYTHON: python } });
  expect(dry.stdout).toContain(`${rocm}/bin/hipcc `);
  compareWords(asked, shellCommands(dry.stdout), torch, [theirs.root, ours.root]);
});

test("SYCL: icpx compiles and links device code with torch's words", async (context) => {
  const installed = need(context, cpuPython());
  need(context, tool("ninja"));
  const python = pretending(installed.packages, { xpu: "'20250300'" }, ["c10_xpu", "torch_xpu", "sycl"]);
  const torch = join(
    execFileSync(python, ["-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], { encoding: "utf8" }).trim(),
    "torch",
  );
  const files = {
    "setup.py": `import torch
torch.xpu._is_compiled = lambda: True
from setuptools import setup
from torch.utils.cpp_extension import BuildExtension, SyclExtension
setup(
    name="onxpu",
    ext_modules=[
        SyclExtension("onxpu", ["csrc/a.cpp", "csrc/k.sycl"], define_macros=[("TEXT", '"a b"')],
                      extra_compile_args={"cxx": ["-O1"], "sycl": ["-O2", "-DK"]}),
    ],
    cmdclass={"build_ext": BuildExtension},
)
`,
    "csrc/a.cpp": pythonModule("onxpu"),
    "csrc/k.sycl": "int k;\n",
  };
  const [theirs, ours] = [temporaryProject(files), temporaryProject(files)];
  const oneapi = temporaryProject({ "lib/.keep": "", "include/sycl/.keep": "" }, "oneapi").root;
  const log = join(theirs.root, "..", "words.log");
  pretendedCompiler(
    join(oneapi, "bin", "icpx"),
    log,
    "Intel(R) oneAPI DPC++/C++ Compiler 2025.3.0 (2025.3.0.20251010)",
  );
  const env = { TORCH_XPU_ARCH_LIST: "pvc" };
  const asked = theirWords(theirs, python, log, env, [join(oneapi, "bin")]);
  const dry = await runRetorchOk(["build", "--dry-run"], {
    cwd: ours.root,
    env: { ...env, RETORCH_PYTHON: python, PATH: `${join(oneapi, "bin")}:${process.env["PATH"]}` },
  });
  compareWords(asked, shellCommands(dry.stdout), torch, [theirs.root, ours.root]);
});
