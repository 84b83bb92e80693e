import { describe, expect, it } from "vitest";
import { describeText } from "../../../src/inspect/describe.ts";
import { buildElf } from "./elf-builder.ts";
import { buildFatbin } from "./fatbin-builder.ts";
import { asking, environmentOf, extension, judgeElfFile, newMachine, SYSTEM, TORCH } from "./machine.ts";

const noTorch = environmentOf();
const { torch: _torch, ...withoutTorch } = noTorch;
const { python: _python, ...withoutPython } = noTorch;

describe("the verdict on loading", () => {
  it("is yes when every symbol is there after import torch", () => {
    const { verdict, report } = judgeElfFile(extension);
    expect(verdict).toMatchObject({ loads: "yes", loadsWithoutTorch: "no", runs: "yes", problems: [], reasons: [] });
    expect(verdict.checked.symbols).toBeGreaterThanOrEqual(6);
    expect(verdict.libraries.map((library) => [library.name, library.path, library.foundBy])).toEqual([
      ["libc10.so", `${TORCH}/lib/libc10.so`, "already loaded"],
      ["libtorch_cpu.so", `${TORCH}/lib/libtorch_cpu.so`, "already loaded"],
      ["libstdc++.so.6", `${SYSTEM}/libstdc++.so.6`, "already loaded"],
      ["libc.so.6", `${SYSTEM}/libc.so.6`, "already loaded"],
    ]);
    expect(report).toMatchObject({
      kind: "python-module",
      python: { modules: ["demo"], limitedApi: { only: true } },
      torch: { uses: true, libraries: ["c10", "torch_cpu"], symbols: 2, stringAbi: { abi: "cxx11" }, stableAbi: false },
    });
  });

  it("is yes without import torch when a run path leads to torch", () => {
    expect(judgeElfFile({ ...extension, runpath: `${TORCH}/lib` }).verdict).toMatchObject({
      loads: "yes",
      loadsWithoutTorch: "yes",
    });
  });

  it("is yes after import torch where the functions of CUDA that it calls are among what torch has loaded for all", () => {
    const host = newMachine();
    const runtime = { soname: "libcudart.so.13", symbols: [{ name: "cudaMalloc", defined: true }] };
    host.write(`${TORCH}/lib/libcudart.so.13`, buildElf(runtime));
    const globals = { soname: "libtorch_global_deps.so", needed: ["libcudart.so.13"], runpath: "$ORIGIN" };
    host.write(`${TORCH}/lib/libtorch_global_deps.so`, buildElf(globals));
    const spec = {
      needed: ["libc.so.6"],
      symbols: [{ name: "PyModule_Create2" }, { name: "cudaMalloc" }, { name: "PyInit_demo", defined: true }],
    };
    const { verdict } = judgeElfFile(spec, { host });
    expect([verdict.loads, verdict.loadsWithoutTorch]).toEqual(["yes", "no"]);
    expect(judgeElfFile(spec).verdict.loads).toBe("no");
  });

  it("names the other string ABI", () => {
    const old = "_ZN3c106detail23torchInternalAssertFailEPKcS2_jS2_RKSs";
    const { verdict, report } = judgeElfFile(asking(old));
    expect(verdict.loads).toBe("no");
    expect(verdict.problems).toHaveLength(1);
    expect(verdict.problems[0]).toMatchObject({ kind: "string-abi", owner: "c10", count: 1 });
    expect(verdict.problems[0]?.fix).toContain("-D_GLIBCXX_USE_CXX11_ABI=1");
    expect(verdict.problems[0]?.symbols?.[0]).toMatchObject({
      symbol: old,
      cause: "string-abi",
      library: `${TORCH}/lib/libc10.so`,
    });
    expect(report.torch.stringAbi?.abi).toBe("cxx11");
  });

  it("knows the other string ABI of functions that return one, too", () => {
    const assert = "_ZN3c106detail23torchInternalAssertFailEPKcS2_jS2_RKSs";
    const { verdict } = judgeElfFile(asking("_ZNK3c106Device3strEv", assert));
    expect(verdict.problems.map(({ kind, count }) => [kind, count])).toEqual([["string-abi", 2]]);
    expect(verdict.problems[0]?.symbols?.[0]?.forms).toEqual(["c10::Device::str[abi:cxx11]() const"]);
  });

  it("names the other string ABI where torch has the old one", () => {
    const environment = environmentOf({ torch: { ...environmentOf().torch!, cxx11Abi: false } });
    const gone = "_ZN5torch3jit11parseSchemaERKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEEb";
    expect(judgeElfFile(asking(gone), { environment }).verdict.problems[0]).toMatchObject({ kind: "string-abi" });
  });

  it("names another signature of the same function", () => {
    const { verdict } = judgeElfFile(asking("_ZN2at5emptyEN3c108ArrayRefINS0_6SymIntEEE", "_ZN2at6Tensor3dimEv"));
    expect(verdict.problems).toHaveLength(1);
    expect(verdict.problems[0]).toMatchObject({ kind: "other-torch", count: 2 });
    expect(verdict.problems[0]?.symbols?.map(({ cause, forms }) => [cause, forms])).toEqual([
      ["signature", ["at::empty(c10::ArrayRef<long>)"]],
      ["signature", ["at::Tensor::dim() const"]],
    ]);
  });

  it("names what torch does not have at all", () => {
    const { verdict } = judgeElfFile(asking("_ZN2at7getTypeERKNS_6TensorE"));
    expect(verdict.problems[0]).toMatchObject({ kind: "other-torch", symbols: [{ cause: "absent", forms: [] }] });
    expect(verdict.problems[0]?.why).toContain("built against another version");
  });

  it("names the library that has a symbol but is not asked for, though it is loaded", () => {
    const { verdict } = judgeElfFile(asking("_Z16THPVariable_WrapRKN2at10TensorBaseE"));
    expect(verdict.problems[0]).toMatchObject({ kind: "missing-symbol", library: "libtorch_python.so" });
    expect(verdict.problems[0]?.fix).toContain("-ltorch_python");
  });

  it("names the PyTorch of a function of the stable ABI", () => {
    const symbols = [{ name: "PyInit_demo", defined: true }, { name: "aoti_torch_device_type_cpu" }];
    const spec = { ...extension, symbols: [...symbols, { name: "torch_has_storage" }] };
    const { verdict, report } = judgeElfFile(spec);
    expect(report.torch).toMatchObject({ stableAbi: true, stableSince: "2.14" });
    expect(verdict.problems.map(({ kind }) => kind)).toEqual(["other-torch"]);
    expect(verdict.problems[0]?.why).toContain("since PyTorch 2.14, and 2.13.0+cpu is installed");
    expect(verdict.problems[0]?.fix).toContain('torch-target-version = "2.13"');
    const text = describeText({ kind: "extension", path: "/demo.so", report });
    expect(text).toContain("stable ABI only, of PyTorch 2.14 and later");
  });

  it("names the user's own missing function", () => {
    const { verdict } = judgeElfFile(asking("_Z20sigmoid_cuda_forwardN2at6TensorE"));
    expect(verdict.problems[0]).toMatchObject({ kind: "missing-symbol", owner: "user" });
    expect(verdict.problems[0]?.what).toContain("sigmoid_cuda_forward(at::Tensor)");
    expect(verdict.problems[0]?.fix).toContain("sources");
  });

  it("names device code that was not linked", () => {
    const { verdict } = judgeElfFile(asking("__cudaRegisterLinkedBinary_12_kernel_cu_0a", "__fatbinwrap_12_kernel_cu"));
    expect(verdict.problems.map((problem) => problem.kind)).toEqual(["missing-device-link"]);
    // What a link of device code defines says nothing of CUDA's run time.
    const unlinked = judgeElfFile(asking("__cudaRegisterLinkedBinary_12_kernel_cu_0a", "__fatbinwrap_12_kernel_cu"));
    expect(unlinked.report.cuda.runtime).toBe("none");
  });

  it("names functions of another Python", () => {
    const { verdict } = judgeElfFile(asking("PyUnicode_GoneInThis"));
    expect(verdict.problems[0]).toMatchObject({ kind: "wrong-python", owner: "python" });
  });

  it("names a C++ library that is too old, and not its symbols besides", () => {
    const { verdict } = judgeElfFile(
      asking({ name: "_ZSt9newest", version: "GLIBCXX_3.4.32", versionFile: "libstdc++.so.6" }),
    );
    expect(verdict.problems).toHaveLength(1);
    expect(verdict.problems[0]).toMatchObject({ kind: "version-too-old", library: "libstdc++.so.6" });
    expect(verdict.problems[0]?.why).toContain("GCC 13.2");
    expect(verdict.problems[0]?.why).toContain("GLIBCXX_3.4.30");
  });

  it("names a system that is too old", () => {
    const { verdict } = judgeElfFile(asking({ name: "arc4random", version: "GLIBC_2.36", versionFile: "libc.so.6" }));
    expect(verdict.problems[0]).toMatchObject({ kind: "version-too-old", owner: "c" });
    expect(verdict.problems[0]?.why).toContain("glibc 2.36");
  });

  it("takes a missing library for the cause of what it would have had", () => {
    const { verdict } = judgeElfFile({ ...asking("_Z3foov"), needed: [...(extension.needed ?? []), "libmine.so.3"] });
    expect(verdict.problems.map((problem) => [problem.kind, problem.library])).toEqual([
      ["missing-library", "libmine.so.3"],
    ]);
    expect(verdict.reasons[0]).toContain("1 symbol could not be checked");
  });

  it.each([
    ["libc10_cuda.so", "a PyTorch for CUDA"],
    ["libgomp-a34b3233.so.1", "a copy of `libgomp.so.1` that auditwheel"],
    ["libtorch_hip.so", "a PyTorch for ROCm"],
    ["libtorch_cuda_cu.so", "a PyTorch for CUDA"],
    ["libcudart.so.12", "built with CUDA 12, and no CUDA is installed"],
    ["libcuda.so.1", "NVIDIA's driver"],
    ["libpython3.9.so.1.0", "Python 3.9"],
  ])("knows what it means that %s is missing", (library, why) => {
    const { verdict } = judgeElfFile({ ...extension, needed: [library, ...(extension.needed ?? [])] });
    expect(verdict.problems[0]).toMatchObject({ kind: "missing-library", library });
    expect(verdict.problems[0]?.why).toContain(why);
  });

  it("sees another CUDA than torch's", () => {
    const environment = environmentOf({ torch: { ...environmentOf().torch!, cudaVersion: "13.0" } });
    const { verdict } = judgeElfFile({ ...extension, needed: ["libcudart.so.11.0"] }, { environment });
    expect(verdict.problems.map((problem) => problem.kind)).toContain("missing-library");
    expect(verdict.problems[0]?.why).toContain("CUDA 11, and here is CUDA 13.0");
  });

  it("knows a module for another Python by its name", () => {
    const { verdict } = judgeElfFile(extension, { name: "demo.cpython-310-x86_64-linux-gnu.so" });
    expect(verdict).toMatchObject({ loads: "no", problems: [{ kind: "wrong-python" }] });
    const free = judgeElfFile(extension, { name: "demo.cpython-311t-x86_64-linux-gnu.so" });
    expect(free.verdict.problems[0]?.what).toContain("free-threaded");
  });

  it("knows a module of another name than its file's", () => {
    const { verdict } = judgeElfFile(extension, { name: "other.so" });
    expect(verdict.problems[0]).toMatchObject({ kind: "wrong-module-name" });
    expect(verdict.problems[0]?.why).toContain("PyInit_other");
  });

  it("warns of a module that is abi3 by name alone", () => {
    const { verdict } = judgeElfFile({ ...asking("_PyObject_LookupAttr") }, { name: "demo.abi3.so" });
    expect(verdict.problems.find((problem) => problem.severity === "warning")?.what).toContain("_PyObject_LookupAttr");
  });

  it("knows another system and another processor", () => {
    expect(
      judgeElfFile(extension, { environment: environmentOf({ platform: "win32" }) }).verdict.problems[0]?.kind,
    ).toBe("wrong-platform");
    expect(judgeElfFile({ ...extension, machine: 183 }).verdict.problems[0]?.kind).toBe("wrong-machine");
    expect(judgeElfFile({ ...extension, type: 1, symbols: [] }).verdict.problems[0]?.kind).toBe("not-linked");
  });

  it("is unknown where the environment cannot tell", () => {
    const { verdict } = judgeElfFile(extension, { environment: withoutPython });
    expect(verdict).toMatchObject({ loads: "unknown", reasons: ["No Python was found to check against"] });
    const alone = judgeElfFile(extension, { environment: withoutTorch });
    expect(alone.verdict.problems.map((problem) => problem.library)).toEqual(["libc10.so", "libtorch_cpu.so"]);
    expect(alone.verdict.problems[0]?.why).toContain("no PyTorch was found");
  });

  it("warns of another torch, unless only the stable ABI is used", () => {
    const note = { owner: "retorch", type: 1, content: Buffer.from('{"retorch":"0.1.0","torch":"2.12.0"}') };
    const { verdict } = judgeElfFile({ ...extension, notes: [note] });
    expect(verdict).toMatchObject({ loads: "yes", problems: [{ severity: "warning" }] });
    const stable = {
      needed: ["libtorch_cpu.so"],
      symbols: [{ name: "aoti_torch_device_type_cpu" }, { name: "PyInit_demo", defined: true }],
      notes: [note],
    };
    expect(judgeElfFile(stable)).toMatchObject({
      report: { torch: { stableAbi: true }, provenance: { torch: "2.12.0" } },
      verdict: { loads: "yes", problems: [] },
    });
  });

  it("says that a file is cut off", () => {
    const bytes = buildElf({ ...extension, stripped: true });
    const host = newMachine();
    const { verdict } = judgeElfFile(bytes.subarray(0, bytes.length - 8), { host });
    expect(verdict.problems.map((problem) => problem.kind)).toContain("damaged");
  });
});

describe("the verdict on a GPU", () => {
  const cubin = (arch: number): { kind: "cubin"; arch: number; content: Uint8Array } => ({
    kind: "cubin",
    arch,
    content: new Uint8Array(9000),
  });
  const ptx = { kind: "ptx", arch: 80, content: Buffer.from(".entry k()"), version: [8, 4] } as const;
  const withCode = (...entries: Parameters<typeof buildFatbin>[0][number][]): ReturnType<typeof buildElf> =>
    buildElf({ ...extension, sections: [{ name: ".nv_fatbin", content: buildFatbin(entries) }] });
  const on = (
    computeCapability: readonly [number, number],
    driverVersion = "550.54",
  ): ReturnType<typeof environmentOf> => environmentOf({ gpus: [{ name: "GPU", computeCapability, driverVersion }] });

  it("is yes for code of the GPU, of an earlier one of its kind, and for PTX", () => {
    for (const capability of [
      [8, 0],
      [8, 6],
    ] as const) {
      expect(judgeElfFile(withCode(cubin(80)), { environment: on(capability) }).verdict).toMatchObject({ runs: "yes" });
    }
    const { verdict } = judgeElfFile(withCode(cubin(75), ptx), { environment: on([9, 0]) });
    expect(verdict.runs).toBe("yes");
    expect(verdict.gpus[0]?.why).toContain("PTX for compute_80");
  });

  it("is no for another GPU, in the words of the error that would come", () => {
    const { verdict } = judgeElfFile(withCode(cubin(80), cubin(86)), { environment: on([9, 0]) });
    expect(verdict).toMatchObject({ loads: "yes", runs: "no", problems: [{ kind: "no-gpu-code" }] });
    expect(verdict.problems[0]?.why).toContain("no kernel image is available");
    expect(verdict.problems[0]?.fix).toContain('TORCH_CUDA_ARCH_LIST="8.0;8.6;9.0"');
  });

  it("is no when the driver cannot read the PTX", () => {
    const { verdict } = judgeElfFile(withCode(ptx), { environment: on([9, 0], "535.1") });
    expect(verdict.problems[0]).toMatchObject({ kind: "driver-too-old" });
    expect(verdict.problems[0]?.why).toContain("550");
  });

  it("knows the CUDA of PTX by its version, and what that wants of the driver", () => {
    const newest = { ...ptx, version: [9, 0] } as const;
    const old = judgeElfFile(withCode(newest), { environment: on([9, 0], "575.1") });
    expect(old.report.cuda).toMatchObject({ ptx: { version: "9.0", cuda: "13.0" } });
    expect(old.report.cuda.toolkit).toBeUndefined();
    expect(old.verdict.problems[0]).toMatchObject({ kind: "driver-too-old", owner: "cuda" });
    expect(old.verdict.problems[0]?.what).toContain("too old for the CUDA 13.0");
    expect(judgeElfFile(withCode(newest), { environment: on([9, 0], "580") }).verdict.runs).toBe("yes");
    const unknown = judgeElfFile(withCode({ ...ptx, version: [42, 0] })).report;
    expect(unknown.cuda.ptx).toEqual({ version: "42.0" });
    const text = describeText({ kind: "extension", path: "/demo.so", report: old.report });
    expect(text).toContain("PTX 9.0, which CUDA 13.0 brought, code for compute_80 (PTX)");
  });

  it("calls code for a link by its name", () => {
    const lto = { kind: "lto-ir", arch: 90, content: new Uint8Array(9000) } as const;
    const { verdict } = judgeElfFile(withCode(lto), { environment: on([9, 0]) });
    expect(verdict.problems[0]?.why).toContain("built for lto_90, none of which runs on 9.0");
  });

  it("does not count a fat binary without kernels", () => {
    const empty = buildFatbin([{ ...ptx, arch: 99, content: Buffer.from("// nothing") }]);
    const bytes = buildElf({
      ...extension,
      sections: [{ name: ".nv_fatbin", content: Buffer.concat([empty, buildFatbin([cubin(90)])]) }],
    });
    expect(judgeElfFile(bytes, { environment: on([9, 0]) }).verdict.runs).toBe("yes");
  });

  it("is unknown when some of its code is for other GPUs alone, and names a kernel of it", () => {
    const other = buildFatbin([{ ...ptx, arch: 100, content: Buffer.from(".entry _Z6hopperPf()") }]);
    const bytes = buildElf({
      ...extension,
      sections: [{ name: ".nv_fatbin", content: Buffer.concat([buildFatbin([cubin(80)]), other]) }],
    });
    const { verdict } = judgeElfFile(bytes, { environment: on([8, 0]) });
    expect(verdict).toMatchObject({ loads: "yes", runs: "unknown", problems: [{ severity: "warning" }] });
    expect(verdict.problems[0]?.what).toContain("hopper(float*)");
    expect(verdict.gpus[0]?.why).toBe("1 of its 2 fat binaries hold no code for it");
  });

  it("is unknown without a GPU", () => {
    const { verdict } = judgeElfFile(withCode(cubin(80)));
    expect(verdict).toMatchObject({ loads: "yes", runs: "unknown" });
    expect(verdict.reasons[0]).toContain("No GPU");
  });

  it("is yes when one of several GPUs will do, with a warning for the other", () => {
    const environment = environmentOf({
      gpus: [
        { name: "old", computeCapability: [7, 0] },
        { name: "new", computeCapability: [8, 0] },
      ],
    });
    const { verdict } = judgeElfFile(withCode(cubin(80)), { environment });
    expect(verdict).toMatchObject({ runs: "yes", problems: [{ severity: "warning" }] });
    expect(verdict.gpus.map((gpu) => gpu.runs)).toEqual(["no", "yes"]);
  });
});
