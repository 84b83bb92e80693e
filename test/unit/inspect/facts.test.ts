/** The small tables and readers: Python tags, versions, the limited API, provenance, CUDA's library names. */
import { describe, expect, it } from "vitest";
import fc from "fast-check";
import { cudaLibraryOf } from "../../../src/inspect/cuda-facts.ts";
import { torchLibraryOf } from "../../../src/inspect/extension.ts";
import { parseProvenance, provenanceIn, provenanceJson, provenanceOf } from "../../../src/inspect/provenance.ts";
import { bytesSource } from "../../../src/inspect/bytes.ts";
import { openElf } from "../../../src/inspect/elf.ts";
import { notesOf } from "../../../src/inspect/elf-notes.ts";
import { elfNoteObject } from "../../../src/inspect/provenance-object.ts";
import { pythonTagOf } from "../../../src/inspect/python-tag.ts";
import { oldestStable, stableSince } from "../../../src/inspect/torch-stable.ts";
import { limitedApiSince, limitedApiUse } from "../../../src/inspect/stable-abi.ts";
import { gccOf, splitVersion, versionFloors } from "../../../src/inspect/versions.ts";

describe("pythonTagOf", () => {
  it.each([
    [
      "my_ops.cpython-311-x86_64-linux-gnu.so",
      {
        module: "my_ops",
        version: [3, 11],
        implementation: "cpython",
        platform: "x86_64-linux-gnu",
        abi3: false,
        freeThreaded: false,
      },
    ],
    [
      "/a/b.c/_C.cpython-313t-aarch64-linux-gnu.so",
      { module: "_C", version: [3, 13], freeThreaded: true, debug: false },
    ],
    ["m.cpython-312d-darwin.so", { version: [3, 12], debug: true, platform: "darwin" }],
    ["m.cpython-36m-x86_64-linux-gnu.so", { version: [3, 6], freeThreaded: false }],
    ["C:\\x\\m.cp310-win_amd64.pyd", { module: "m", version: [3, 10], platform: "win_amd64" }],
    ["m.pypy310-pp73-x86_64-linux-gnu.so", { version: [3, 10], implementation: "pypy" }],
    ["m.abi3.so", { module: "m", suffix: ".abi3.so", abi3: true }],
    ["m.so", { module: "m", suffix: ".so", abi3: false }],
    ["m.pyd", { module: "m", suffix: ".pyd" }],
  ])("%s", (name, tag) => {
    expect(pythonTagOf(name)).toMatchObject(tag);
  });

  it.each(["m", "libm.so.6", ".so", "m.txt"])("%s is none", (name) => {
    expect(pythonTagOf(name)).toBeUndefined();
  });
});

describe("versions", () => {
  it("are split and ordered", () => {
    expect(splitVersion("GLIBCXX_3.4.30")).toEqual({ family: "GLIBCXX", numbers: [3, 4, 30] });
    expect(splitVersion("GLIBC_PRIVATE")).toBeUndefined();
    const needed = ["GLIBCXX_3.4.9", "GLIBCXX_3.4.29", "CXXABI_1.3.13"].map((name) => ({
      file: "libstdc++.so.6",
      name,
      weak: false,
      index: 2,
    }));
    const glibc = ["GLIBC_2.34", "GLIBC_2.4", "GLIBC_PRIVATE"].map((name) => ({
      file: "libc.so.6",
      name,
      weak: false,
      index: 3,
    }));
    const weak = { file: "libc.so.6", name: "GLIBC_2.99", weak: true, index: 4 };
    expect(versionFloors([...needed, ...glibc, weak]).map((floor) => floor.version)).toEqual([
      "GLIBC_2.34",
      "GLIBCXX_3.4.29",
      "CXXABI_1.3.13",
    ]);
  });

  it("stand for releases of GCC", () => {
    expect(["GLIBCXX_3.4.29", "GLIBCXX_3.4.30", "GLIBCXX_3.4.32", "GLIBCXX_9.9", "GLIBC_2.34"].map(gccOf)).toEqual([
      "11.1",
      "12.1",
      "13.2",
      undefined,
      undefined,
    ]);
  });
});

describe("the limited API", () => {
  it("is known by name and version", () => {
    expect(limitedApiSince("PyObject_Call")).toBe("3.2");
    expect(limitedApiSince("PyModule_Create2")).toBe("3.2");
    expect(limitedApiSince("PyModuleDef_Init")).toBe("3.5");
    expect(limitedApiSince("PyObject_GetBuffer")).toBe("3.11");
    expect(limitedApiSince("PyObject_Vectorcall")).toBe("3.12");
    expect(limitedApiSince("PyDict_GetItemRef")).toBe("3.13");
    expect(limitedApiSince("_Py_Dealloc")).toBe("3.2");
    expect(limitedApiSince("_PyObject_LookupAttr")).toBeUndefined();
    expect(limitedApiSince("malloc")).toBeUndefined();
  });

  it("is told from what is used", () => {
    expect(limitedApiUse(["PyObject_Call", "PyObject_GetBuffer", "Py_NewRef"])).toEqual({
      only: true,
      since: [3, 11],
      // `PyObject_GetBuffer` is older than its part in the limited API.
      loadsSince: [3, 10],
      others: [],
    });
    expect(limitedApiUse(["PyObject_Call", "_PyLong_Sign", "PyMethod_New"])).toEqual({
      only: false,
      others: ["PyMethod_New", "_PyLong_Sign"],
    });
  });
});

describe("names of libraries", () => {
  it.each([
    ["libtorch_cpu.so", "torch_cpu"],
    ["c10_cuda.dll", "c10_cuda"],
    ["@rpath/libtorch_python.dylib", "torch_python"],
    ["libtorch_cuda_cu.so", "torch_cuda_cu"],
    ["libtorch.so.1.13", "torch"],
    ["libc.so.6", undefined],
    ["libtorchlike", undefined],
  ])("%s is torch's %s", (name, library) => {
    expect(torchLibraryOf(name)).toBe(library);
  });

  it.each([
    ["libcudart.so.13", { name: "cudart", major: 13 }],
    ["libcudart.so.11.0", { name: "cudart", major: 11 }],
    ["cudart64_12.dll", { name: "cudart", major: 12 }],
    ["cudart64_110.dll", { name: "cudart", major: 11 }],
    ["libcublasLt.so.12", { name: "cublasLt", major: 12 }],
    ["libcudnn.so.9", { name: "cudnn", major: 9 }],
    ["libcuda.so.1", { name: "cuda", major: 1 }],
    ["libcurl.so.4", undefined],
    ["libcudf.so", undefined],
  ])("%s of CUDA", (name, facts) => {
    expect(cudaLibraryOf(name)).toEqual(facts);
  });
});

describe("the note of retorch", () => {
  const provenance = {
    retorch: "0.1.0",
    torch: "2.13.0+cpu",
    python: "cpython-311",
    cuda: "13.0.88",
    cudaArch: ["8.0", "12.0+PTX"],
    compiler: "g++ 12.2.0 „ü“",
    cxx11Abi: true,
  };

  it("is read back as it was written", () => {
    expect(parseProvenance(provenanceJson(provenance))).toEqual(provenance);
    expect(parseProvenance(provenanceJson({ retorch: "1" }))).toEqual({ retorch: "1" });
  });

  it("is the same text for the same facts, whatever their order", () => {
    const { retorch, torch, ...rest } = provenance;
    expect(provenanceJson({ ...rest, torch, retorch })).toBe(provenanceJson(provenance));
  });

  it.each(["x86_64", "aarch64"] as const)("is an ELF object for %s that our own reader reads back", (machine) => {
    const opened = openElf(bytesSource(elfNoteObject(machine, provenanceJson(provenance))));
    if (!opened.ok) throw new Error(opened.error.message);
    expect(opened.value).toMatchObject({ kind: "relocatable", machine, anomalies: [] });
    const notes = notesOf(opened.value);
    expect(provenanceOf(notes)).toEqual(provenance);
    expect(notes.map(({ owner }) => owner)).toEqual(["retorch", "GNU"]);
  });

  it("is read from a section that was filled up with zeros", () => {
    const bytes = Buffer.from(`${provenanceJson(provenance)}\0\0\0`);
    expect(provenanceIn(bytesSource(bytes), { offset: 0, size: bytes.length })).toEqual(provenance);
    expect(provenanceIn(bytesSource(bytes), { offset: 4, size: bytes.length })).toBeUndefined();
    expect(provenanceIn(bytesSource(bytes), { offset: 0, size: 2 ** 40 })).toBeUndefined();
    expect(provenanceIn(bytesSource(bytes), undefined)).toBeUndefined();
  });

  it("is found among others, and only as ours", () => {
    const content = Buffer.from(provenanceJson(provenance));
    const other = { owner: "GNU", type: 1, description: content };
    expect(provenanceOf([other])).toBeUndefined();
    expect(provenanceOf([other, { owner: "retorch", type: 1, description: content }])).toEqual(provenance);
    expect(provenanceOf([{ owner: "retorch", type: 2, description: content }])).toBeUndefined();
  });

  it("is nothing when it says nothing that is understood", () => {
    for (const text of ["", "{", "[]", "null", "7", '{"torch":"2"}', '{"retorch":7}'])
      expect(parseProvenance(text)).toBeUndefined();
    expect(parseProvenance('{"retorch":"1","torch":7,"cudaArch":["8.0",3],"new":{}}')).toEqual({
      retorch: "1",
      cudaArch: ["8.0"],
    });
    fc.assert(fc.property(fc.string(), (text) => void parseProvenance(text)));
  });
});

describe("the stable ABI of PyTorch", () => {
  it("came with versions", () => {
    expect(stableSince("torch_library_impl")).toBe("2.10");
    expect(stableSince("aoti_torch_xpu_rand_like")).toBe("2.12");
    expect(stableSince("aoti_torch_delete_tensor_object")).toBeUndefined();
    expect(oldestStable(["puts", "torch_from_blob", "torch_library_impl"])).toBe("2.11");
    expect(oldestStable(["aoti_torch_delete_tensor_object"])).toBeUndefined();
  });
});
