/**
 * Gives all tests of a run a home and a cache of their own, in a temporary folder that is removed afterwards: no test
 * can read or change what belongs to the user.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Variables that would change what the program does. Tests set what they need themselves. */
const scrubbed = [
  "NODE_EXTRA_CA_CERTS",
  "NODE_OPTIONS",
  "CXX",
  "CC",
  "CFLAGS",
  "CXXFLAGS",
  "CPPFLAGS",
  "LDFLAGS",
  "LD_LIBRARY_PATH",
  "CPATH",
  "CPLUS_INCLUDE_PATH",
  "LIBRARY_PATH",
  "CUDA_HOME",
  "CUDA_PATH",
  "PYTORCH_NVCC",
  "NVCC_PREPEND_FLAGS",
  "NVCC_APPEND_FLAGS",
  "TORCH_CUDA_ARCH_LIST",
  "TORCH_EXTENSIONS_DIR",
  "MAX_JOBS",
  "SOURCE_DATE_EPOCH",
  "VIRTUAL_ENV",
  "CONDA_PREFIX",
  "PYTHONPATH",
  "FORCE_COLOR",
];

let folder: string | undefined;

export function setup(): void {
  if (process.env["RETORCH_TEST_HOME"] !== undefined) return;
  folder = mkdtempSync(join(tmpdir(), "retorch-test-"));
  for (const name of ["home", "cache", "xdg-cache", "tmp"]) mkdirSync(join(folder, name), { mode: 0o700 });
  process.env["RETORCH_TEST_HOME"] = folder;
  process.env["HOME"] = join(folder, "home");
  process.env["XDG_CACHE_HOME"] = join(folder, "xdg-cache");
  process.env["RETORCH_CACHE_DIR"] = join(folder, "cache");
  process.env["TMPDIR"] = join(folder, "tmp");
  for (const name of scrubbed) delete process.env[name];
}

export function teardown(): void {
  if (folder === undefined) return;
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  delete process.env["RETORCH_TEST_HOME"];
  folder = undefined;
}
