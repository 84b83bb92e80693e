import { describe, expect, test } from "vitest";
import { diagnose } from "../../../src/diagnose/diagnose.ts";

const live = (text: string): string[] =>
  (diagnose(text).diagnoses[0]?.fix ?? [])
    .filter((line) => !line.startsWith("#"))
    .map((line) => line.replace(/\s+# .*$/, ""));

const ofArchive = `$ curl -L https://github.com/acme/fused-ops/archive/refs/tags/v0.3.1.tar.gz | tar xz
$ cd fused-ops-0.3.1 && python setup.py build_ext --inplace
/w/fused-ops-0.3.1/csrc/k.cu:3:10: fatal error: cutlass/cutlass.h: No such file or directory
error: command '/usr/local/cuda/bin/nvcc' failed with exit code 1`;

describe("where a fix finds the sources", () => {
  test("an archive of GitHub's is cloned, at its state", () => {
    expect(live(ofArchive)).toEqual([
      "git clone --recursive https://github.com/acme/fused-ops && git -C fused-ops checkout --recurse-submodules v0.3.1",
      "cd fused-ops",
      "python setup.py build_ext --inplace",
    ]);
  });

  test("a checkout fetches its submodules", () => {
    const lines = live(ofArchive.replace(/^.*\n/, "").replaceAll("fused-ops-0.3.1", "fused-ops"));
    expect(lines.slice(0, 2)).toEqual(["cd fused-ops", expect.stringContaining("git submodule update")]);
  });

  test("what a list of requirements brings is edited in a clone, and the list follows", () => {
    const lines = live(`$ pip install -r requirements.txt
Collecting git+https://github.com/acme/fast-knn.git@1f2e3d4 (from -r requirements.txt (line 3))
      knn.cpp:9:3: error: ‘numeric_limits’ is not a member of ‘std’
  ERROR: Failed building wheel for fast_knn`);
    expect(lines[0]).toContain("git -C fast-knn checkout --recurse-submodules 1f2e3d4");
    expect(lines.slice(-2)).toEqual(["cd -", "python -m pip install -r requirements.txt"]);
  });

  test("a package that pip compiled from an index is not built in the folder of the prompt", () => {
    const lines = live(`$ pip install my_ops
  Building wheel for my_ops (setup.py) ... done
>>> my_ops.run(x)
RuntimeError: CUDA error: the provided PTX was compiled with an unsupported toolchain.`);
    expect(lines.join("\n")).not.toMatch(/setup\.py|rm -rf/);
    expect(lines.at(-1)).toContain("--no-binary my-ops my-ops");
  });
});

describe("what a text tells is in the fix", () => {
  test("all packages of one page that are for the same other torch", () => {
    const text = `torch  2.1.0+cu121
torch-scatter  2.1.1+pt20cu118
torch-sparse  0.6.17+pt20cu118
  File "/e/lib/python3.10/site-packages/torch_sparse/__init__.py", line 18, in <module>
OSError: /e/lib/python3.10/site-packages/torch_sparse/_version_cuda.so: undefined symbol: _ZN3c106detail14torchCheckFailEPKcS2_jRKSs`;
    expect(live(text)[0]).toMatch(/torch-scatter torch-sparse -f https:\/\/data\.pyg\.org\/whl\/torch-2\.1\.0/);
  });

  test("the program itself is no other process", () => {
    const said = (held: string): string =>
      diagnose(
        `torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.32 GiB. GPU 0 has a total capacity of 79.25 GiB of which 1.11 GiB is free. Process 41 has ${held} GiB memory in use. Of the allocated memory 40.40 GiB is allocated by PyTorch, and 4.58 GiB is reserved by PyTorch but unallocated.`,
      ).diagnoses[0]?.cause ?? "";
    expect(said("45.60")).not.toContain("Another process");
    expect(said("12.00")).toContain("Process 41");
  });
});
