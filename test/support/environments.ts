/**
 * Finds what the toolchain and end-to-end tests need on this machine: interpreters with PyTorch, toolkits, compilers.
 * Nothing is required: what is not there comes with the reason, and `need` skips the test with it.
 *
 * Variables that name what shall be used:
 *   RETORCH_TEST_PYTHON         an interpreter with a PyTorch without CUDA, 2.10 or later (set by `npm test`)
 *   RETORCH_TEST_CUDA_PYTHON    an interpreter with a PyTorch with CUDA
 *   RETORCH_TEST_DEBIAN_PYTHON  an interpreter with Debian's python3-torch, else /usr/bin/python3
 *   RETORCH_TEST_LIBTORCH       a LibTorch folder without Python
 *   RETORCH_TEST_CUDA_HOME      a CUDA toolkit, else /usr/local/cuda
 */
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, readdirSync, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TestContext } from "vitest";

/** Something that was found, or why it was not. */
export type Found<T> =
  | { readonly available: true; readonly value: T }
  | { readonly available: false; readonly reason: string };

/** An interpreter, with what it says of its PyTorch. */
export interface PythonEnvironment {
  readonly executable: string;
  readonly version: readonly number[];
  /** The folder of packages, e.g. `…/site-packages`. */
  readonly packages: string;
  readonly torch: {
    /** The folder of the package `torch`. */
    readonly root: string;
    /** `2.13.0+cpu`. */
    readonly version: string;
    /** [2, 13, 0]. */
    readonly release: readonly number[];
    /** `13.0`, where it was built with CUDA. */
    readonly cuda: string | undefined;
  };
}

/** The folder of the clone. */
export const repository = fileURLToPath(new URL("../../", import.meta.url)).replace(/[/\\]$/, "");

/** The value, or the end of the test, skipped with the reason. */
export function need<T>(context: TestContext, found: Found<T>): T {
  return found.available ? found.value : context.skip(found.reason);
}

/** Skips a test that takes long, unless all tests are wanted. */
export function onlyWithAll(context: TestContext): void {
  if (process.env["RETORCH_TEST_ALL"] !== "1") context.skip("takes long: `npm run test:all` runs it");
}

/** Skips a test that loops for minutes, unless a soak is wanted. */
export function onlyInSoak(context: TestContext): void {
  if (process.env["RETORCH_TEST_SOAK"] !== "1") context.skip("runs for minutes: `npm run soak` runs it");
}

/** A program on PATH. */
export function tool(...names: readonly string[]): Found<string> {
  for (const name of names) {
    for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
      const candidate = join(folder, name);
      if (folder !== "" && isExecutable(candidate)) return found(candidate);
    }
  }
  return missing(`no ${names.join(" or ")} on PATH`);
}

/** A PyTorch without CUDA, recent enough for the stable ABI. */
export const cpuPython = once((): Found<PythonEnvironment> => {
  const named = process.env["RETORCH_TEST_PYTHON"];
  const candidates = named === undefined ? [join(repository, ".venv", "bin", "python"), "python3"] : [named];
  const python = candidates.map(probe).find((it) => it !== undefined && atLeast(it.torch.release, [2, 10]));
  return python === undefined ? missing(`no PyTorch 2.10 or later in ${candidates.join(" or ")}`) : found(python);
});

/** A PyTorch with CUDA. */
export const cudaPython = once((): Found<PythonEnvironment> => {
  const candidates = [process.env["RETORCH_TEST_CUDA_PYTHON"], process.env["RETORCH_TEST_PYTHON"], "python3"];
  const python = candidates
    .filter((it) => it !== undefined)
    .map(probe)
    .find((it) => it?.torch.cuda !== undefined);
  return python === undefined ? missing("no PyTorch with CUDA: set RETORCH_TEST_CUDA_PYTHON") : found(python);
});

/** Debian's own PyTorch, whose headers lie below /usr/include. */
export const debianPython = once((): Found<PythonEnvironment> => {
  const python = probe(process.env["RETORCH_TEST_DEBIAN_PYTHON"] ?? "/usr/bin/python3");
  const isDebian = python?.torch.root.includes("dist-packages") === true;
  return python !== undefined && isDebian ? found(python) : missing("no python3-torch of Debian");
});

/** A LibTorch folder without Python. */
export const libtorch = once((): Found<string> => {
  const folder = process.env["RETORCH_TEST_LIBTORCH"];
  if (folder === undefined) return missing("no LibTorch: set RETORCH_TEST_LIBTORCH");
  const header = join(folder, "include", "torch", "library.h");
  return existsSync(header) ? found(folder) : missing(`RETORCH_TEST_LIBTORCH: there is no ${header}`);
});

/** The root of a CUDA toolkit that the machine has. */
export const cudaToolkit = once((): Found<string> => {
  const folder = process.env["RETORCH_TEST_CUDA_HOME"] ?? "/usr/local/cuda";
  return isExecutable(join(folder, "bin", "nvcc")) ? found(folder) : missing(`no nvcc in ${folder}/bin`);
});

/** The CUDA toolkit that pip's `nvidia-*` wheels put beside a PyTorch with CUDA. */
export const pipCudaToolkit = once((): Found<string> => {
  const python = cudaPython();
  if (!python.available) return python;
  const nvidia = join(python.value.packages, "nvidia");
  const folder = (existsSync(nvidia) ? readdirSync(nvidia) : [])
    .map((name) => join(nvidia, name))
    .find((path) => isExecutable(join(path, "bin", "nvcc")));
  return folder === undefined ? missing(`no nvcc among the wheels in ${nvidia}`) : found(folder);
});

/** A GPU that programs can use. */
export const gpu = once((): Found<string> => {
  const result = spawnSync("nvidia-smi", ["--query-gpu=name", "--format=csv,noheader"], { encoding: "utf8" });
  const name = result.status === 0 ? result.stdout.trim().split("\n")[0] : undefined;
  return name === undefined || name === "" ? missing("no GPU") : found(name);
});

function found<T>(value: T): Found<T> {
  return { available: true, value };
}

function missing(reason: string): { readonly available: false; readonly reason: string } {
  return { available: false, reason };
}

function once<T>(find: () => T): () => T {
  let known: { readonly value: T } | undefined;
  return () => (known ??= { value: find() }).value;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function atLeast(have: readonly number[], want: readonly number[]): boolean {
  for (const [i, wanted] of want.entries()) {
    if ((have[i] ?? 0) !== wanted) return (have[i] ?? 0) > wanted;
  }
  return true;
}

const question = `
import importlib.util, json, os, re, sys, sysconfig
sys.path = [p for p in sys.path if p]
root = list(importlib.util.find_spec("torch").submodule_search_locations)[0]
text = open(os.path.join(root, "version.py")).read()
version = re.search(r"^__version__\\b.*?=\\s*['\\"]([^'\\"]+)", text, re.M).group(1)
cuda = re.search(r"^cuda\\b.*?=\\s*['\\"]([^'\\"]+)", text, re.M)
print(json.dumps({
    "executable": sys.executable, "version": list(sys.version_info[:3]), "packages": os.path.dirname(root),
    "torch": {"root": root, "version": version, "cuda": cuda and cuda.group(1)},
}))
`;

interface Answer {
  readonly executable: string;
  readonly version: readonly number[];
  readonly packages: string;
  readonly torch: { readonly root: string; readonly version: string; readonly cuda: string | null };
}

/** Asks an interpreter about its PyTorch without importing it. Undefined when it does not run or has none. */
function probe(command: string): PythonEnvironment | undefined {
  const result = spawnSync(command, ["-c", question], { encoding: "utf8", timeout: 30_000 });
  if (result.status !== 0) return undefined;
  const { torch, ...rest } = JSON.parse(result.stdout) as Answer;
  const release = (/^\d+(\.\d+)*/.exec(torch.version)?.[0] ?? "0").split(".").map(Number);
  return { ...rest, torch: { root: torch.root, version: torch.version, release, cuda: torch.cuda ?? undefined } };
}
