/** A fake machine for verdicts: an interpreter, the C and C++ libraries, a PyTorch in a virtual environment. */
import { type ExtensionReport } from "../../../src/inspect/report.ts";
import { bytesSource } from "../../../src/inspect/bytes.ts";
import { inspectExtension } from "../../../src/inspect/extension.ts";
import { judge } from "../../../src/inspect/judge.ts";
import type { JudgeEnvironment, Verdict } from "../../../src/inspect/verdict.ts";
import { FakeHost } from "../../support/fake-host.ts";
import { buildElf, type TestElf, type TestSymbol } from "./elf-builder.ts";

export const TORCH = "/venv/lib/python3.11/site-packages/torch";
export const SYSTEM = "/lib/x86_64-linux-gnu";

function defined(...names: readonly string[]): TestSymbol[] {
  return names.map((name) => ({ name, defined: true }));
}

/** Symbols of libc10 and libtorch of this machine: the C++11 ABI. */
export const C10 = [
  "_ZN3c105ErrorC2ENS_14SourceLocationENSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE",
  "_ZN3c106detail23torchInternalAssertFailEPKcS2_jS2_RKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE",
  "_ZNK3c106Device3strB5cxx11Ev",
];
export const TORCH_CPU = ["_ZN2at5emptyEN3c108ArrayRefIlEE", "aoti_torch_device_type_cpu", "_ZNK2at6Tensor3dimEv"];

export function newMachine(): FakeHost {
  const host = new FakeHost();
  const library = (path: string, spec: TestElf): void => host.write(path, buildElf(spec));
  library(`${SYSTEM}/libc.so.6`, {
    soname: "libc.so.6",
    versions: ["libc.so.6", "GLIBC_2.2.5", "GLIBC_2.34"],
    symbols: [
      { name: "puts", defined: true, version: "GLIBC_2.2.5" },
      { name: "pthread_create", defined: true, version: "GLIBC_2.34" },
    ],
  });
  library(`${SYSTEM}/libstdc++.so.6`, {
    soname: "libstdc++.so.6",
    needed: ["libc.so.6"],
    versions: ["libstdc++.so.6", "GLIBCXX_3.4", "GLIBCXX_3.4.21", "GLIBCXX_3.4.30"],
    symbols: [{ name: "_Znwm", defined: true, version: "GLIBCXX_3.4" }],
  });
  library("/usr/bin/python3.11", {
    needed: ["libc.so.6"],
    flags1: 0x0800_0000,
    interpreter: "/lib64/ld-linux-x86-64.so.2",
    symbols: defined("PyModule_Create2", "PyLong_FromLong", "PyObject_Call"),
  });
  const torchPath = `${TORCH}/lib`;
  library(`${torchPath}/libc10.so`, {
    soname: "libc10.so",
    needed: ["libstdc++.so.6", "libc.so.6"],
    symbols: defined(...C10),
  });
  library(`${torchPath}/libtorch_cpu.so`, {
    soname: "libtorch_cpu.so",
    needed: ["libc10.so", "libstdc++.so.6"],
    runpath: "$ORIGIN",
    symbols: defined(...TORCH_CPU),
  });
  library(`${torchPath}/libtorch_python.so`, {
    soname: "libtorch_python.so",
    needed: ["libtorch_cpu.so"],
    runpath: "$ORIGIN",
    symbols: defined("_Z16THPVariable_WrapRKN2at10TensorBaseE"),
  });
  library(`${torchPath}/libtorch_global_deps.so`, { soname: "libtorch_global_deps.so", needed: ["libc.so.6"] });
  library(`${TORCH}/_C.cpython-311-x86_64-linux-gnu.so`, {
    needed: ["libtorch_python.so", "libc.so.6"],
    runpath: "$ORIGIN/lib",
    symbols: defined("PyInit__C"),
  });
  host.fs.mkdir("/project");
  return host;
}

export function environmentOf(changes: Partial<JudgeEnvironment> = {}): JudgeEnvironment {
  return {
    platform: "linux",
    arch: "x64",
    python: {
      executable: "/usr/bin/python3.11",
      version: [3, 11, 4],
      implementation: "cpython",
      extensionSuffix: ".cpython-311-x86_64-linux-gnu.so",
      abi3Suffix: ".abi3.so",
      freeThreaded: false,
    },
    torch: {
      layout: "wheel",
      root: TORCH,
      version: "2.13.0+cpu",
      release: [2, 13, 0],
      libraryDirs: [`${TORCH}/lib`],
      libraries: ["c10", "torch_cpu", "torch_python"],
      cxx11Abi: true,
    },
    gpus: [],
    ...changes,
  };
}

/** An extension that loads; changes are laid over it. */
export const extension: TestElf = {
  needed: ["libc10.so", "libtorch_cpu.so", "libstdc++.so.6", "libc.so.6"],
  symbols: [
    { name: "PyModule_Create2" },
    { name: TORCH_CPU[0] ?? "" },
    { name: C10[0] ?? "" },
    { name: "_Znwm", version: "GLIBCXX_3.4", versionFile: "libstdc++.so.6" },
    { name: "puts", version: "GLIBC_2.2.5", versionFile: "libc.so.6" },
    { name: "__gmon_start__", weak: true },
    { name: "PyInit_demo", defined: true },
  ],
};

/** More symbols than the plain extension asks for. */
export function asking(...names: readonly (string | TestSymbol)[]): TestElf {
  const more = names.map((name) => (typeof name === "string" ? { name } : name));
  return { ...extension, symbols: [...(extension.symbols ?? []), ...more] };
}

export interface Judged {
  readonly report: ExtensionReport;
  readonly verdict: Verdict;
}

export function judgeElfFile(
  spec: TestElf | Uint8Array,
  options: { readonly name?: string; readonly host?: FakeHost; readonly environment?: JudgeEnvironment } = {},
): Judged {
  const bytes = spec instanceof Uint8Array ? spec : buildElf(spec);
  const name = options.name ?? "demo.cpython-311-x86_64-linux-gnu.so";
  const source = bytesSource(bytes);
  const report = inspectExtension(source, name);
  if (!report.ok) throw new Error(report.error.message);
  const verdict = judge({
    report: report.value,
    source,
    path: `/project/${name}`,
    host: options.host ?? newMachine(),
    environment: options.environment ?? environmentOf(),
  });
  return { report: report.value, verdict };
}
