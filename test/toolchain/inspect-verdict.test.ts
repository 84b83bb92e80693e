/** The verdict against what really happens: each small extension is judged, then loaded by a Python that imported torch. */
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, type TestContext } from "vitest";
import { nodeHost } from "../../src/host/node-host.ts";
import { fileSource } from "../../src/inspect/bytes.ts";
import { inspectFile } from "../../src/inspect/extension.ts";
import { judge } from "../../src/inspect/judge.ts";
import type { JudgeEnvironment, Verdict } from "../../src/inspect/verdict.ts";
import { cpuPython, type PythonEnvironment, tool } from "../support/environments.ts";

const host = nodeHost();
const folder = mkdtempSync(join(tmpdir(), "retorch-verdict-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Declarations without torch's headers, which take a minute to compile. */
const prelude = `#include <string>
extern "C" { void* PyModule_Create2(void*, int); int aoti_torch_device_type_cpu(); }
namespace at { class TensorBase; class Tensor; }
namespace c10::detail { [[noreturn]] void torchInternalAssertFail(const char*, const char*, unsigned, const char*, const std::string&); }
`;

interface Case {
  readonly name: string;
  readonly body: string;
  readonly flags?: readonly string[];
  readonly link?: readonly string[];
  /** Kind of the first problem; undefined when it loads. */
  readonly problem?: string;
}

const all = ["-lc10", "-ltorch_cpu", "-ltorch_python"];
const throwing =
  'if (aoti_torch_device_type_cpu() == 77) c10::detail::torchInternalAssertFail("a", "b", 1, "c", std::string("d"));';

const cases: readonly Case[] = [
  { name: "good", body: throwing },
  { name: "weak", body: "if (maybe) maybe();", link: [] },
  { name: "old_string", body: throwing, flags: ["-D_GLIBCXX_USE_CXX11_ABI=0"], problem: "string-abi" },
  { name: "own_missing", body: "my_cuda_forward((at::Tensor*)0);", problem: "missing-symbol" },
  { name: "gone", body: "at::gone_in_this_version(*(const at::Tensor*)0);", problem: "other-torch" },
  { name: "other_signature", body: "torch::jit::parseSchema(1, 2.0);", problem: "other-torch" },
  {
    name: "not_linked",
    body: "THPVariable_Wrap(*(const at::TensorBase*)0);",
    link: ["-lc10", "-ltorch_cpu"],
    problem: "missing-symbol",
  },
  { name: "linked", body: "THPVariable_Wrap(*(const at::TensorBase*)0);" },
  { name: "no_such_python", body: "PyNo_SuchFunction();", problem: "wrong-python" },
  { name: "device_link", body: "__cudaRegisterLinkedBinary_7_k_cu_01();", problem: "missing-device-link" },
];

const declarations = `
void my_cuda_forward(at::Tensor*);
namespace at { void gone_in_this_version(const Tensor&); }
namespace torch::jit { void parseSchema(int, double); }
void* THPVariable_Wrap(const at::TensorBase&);
extern "C" { void PyNo_SuchFunction(); void __cudaRegisterLinkedBinary_7_k_cu_01(); void maybe() __attribute__((weak)); }
`;

const python = cpuPython();
const compiler = tool("g++", "c++");
/** What Python said of each file: empty when it was loaded. */
let outcomes: Readonly<Record<string, string>> = {};

function fileOf(name: string): string {
  return join(folder, `${name}.so`);
}

beforeAll(() => {
  if (!python.available || !compiler.available) return;
  const lib = join(python.value.torch.root, "lib");
  for (const { name, body, flags = [], link = all } of cases) {
    const source = join(folder, `${name}.cpp`);
    writeFileSync(
      source,
      `${prelude}${declarations}extern "C" void* PyInit_${name}() { ${body} return PyModule_Create2(nullptr, 0); }\n`,
    );
    execFileSync(compiler.value, [
      "-shared",
      "-fPIC",
      "-std=c++17",
      ...flags,
      source,
      `-L${lib}`,
      "-Wl,--no-as-needed",
      ...link,
      "-o",
      fileOf(name),
    ]);
  }
  // A library that is there when it is linked, and gone when it is loaded.
  writeFileSync(join(folder, "mine.cpp"), "int mine() { return 1; }\n");
  execFileSync(compiler.value, [
    "-shared",
    "-fPIC",
    join(folder, "mine.cpp"),
    "-o",
    join(folder, "libmine_gone.so"),
    "-Wl,-soname,libmine_gone.so.2",
  ]);
  for (const [name, flags] of [
    ["lost", []],
    ["found", ["-Wl,-rpath,$ORIGIN"]],
  ] as const) {
    const source = join(folder, `${name}.cpp`);
    writeFileSync(source, `int mine(); extern "C" int PyInit_${name}() { return mine(); }\n`);
    execFileSync(compiler.value, [
      "-shared",
      "-fPIC",
      source,
      `-L${folder}`,
      "-lmine_gone",
      ...flags,
      "-o",
      fileOf(name),
    ]);
  }
  copyFileSync(join(folder, "libmine_gone.so"), join(folder, "libmine_gone.so.2"));

  const script = `
import ctypes, json, os, sys, torch
answers = {}
for name in sys.argv[2:]:
    try:
        ctypes.CDLL(os.path.join(sys.argv[1], name + ".so"), os.RTLD_NOW | os.RTLD_LOCAL)
        answers[name] = ""
    except OSError as error:
        answers[name] = str(error)
print(json.dumps(answers))
`;
  const names = [...cases.map((one) => one.name), "lost", "found"];
  outcomes = JSON.parse(
    execFileSync(python.value.executable, ["-c", script, folder, ...names], { encoding: "utf8" }),
  ) as Record<string, string>;
}, 120_000);

function environmentOf({ executable, version, torch }: PythonEnvironment): JudgeEnvironment {
  const [major = 3, minor = 0, patch = 0] = version;
  return {
    platform: "linux",
    arch: host.arch,
    python: {
      executable,
      version: [major, minor, patch],
      implementation: "cpython",
      extensionSuffix: `.cpython-${major}${minor}-x86_64-linux-gnu.so`,
      abi3Suffix: ".abi3.so",
      freeThreaded: false,
    },
    torch: {
      layout: "wheel",
      root: torch.root,
      version: torch.version,
      release: torch.release,
      libraryDirs: [join(torch.root, "lib")],
      libraries: [],
      cxx11Abi: true,
    },
    gpus: [],
  };
}

function verdictOf(context: TestContext, name: string): Verdict {
  if (!python.available) return context.skip(python.reason);
  if (!compiler.available) return context.skip(compiler.reason);
  if (host.platform !== "linux") return context.skip("for Linux");
  const path = fileOf(name);
  const report = inspectFile(host.fs, path);
  const source = fileSource(host.fs, path);
  if (!report.ok || source === undefined) throw new Error(name);
  return judge({ report: report.value, source, path, host, environment: environmentOf(python.value) });
}

describe("the verdict and the loader", () => {
  it.for(cases.map((one) => [one.name, one.problem] as const))("agree on %s", ([name, problem], context) => {
    const verdict = verdictOf(context, name);
    expect(verdict.loads, JSON.stringify(verdict.problems, null, 1)).toBe(outcomes[name] === "" ? "yes" : "no");
    expect(verdict.problems.find((one) => one.severity === "error")?.kind).toBe(problem);
    // The symbol that the loader complains of is among those that were named.
    const complaint = /undefined symbol: (\S+?)(?:,|$)/.exec(outcomes[name] ?? "")?.[1];
    if (complaint !== undefined) {
      const named = verdict.problems.flatMap((one) => one.symbols ?? []).map((symbol) => symbol.symbol);
      expect(named).toContain(complaint);
    }
  });

  it("agree on a library that is not found, and on one that a run path leads to", (context) => {
    const lost = verdictOf(context, "lost");
    expect(outcomes["lost"]).toContain("libmine_gone.so.2: cannot open shared object file");
    expect(lost).toMatchObject({ loads: "no", problems: [{ kind: "missing-library", library: "libmine_gone.so.2" }] });
    const found = verdictOf(context, "found");
    expect(outcomes["found"]).toBe("");
    expect(found).toMatchObject({ loads: "yes" });
    expect(found.libraries.find((library) => library.name === "libmine_gone.so.2")).toMatchObject({
      foundBy: "RUNPATH",
    });
  });

  it("agree that torch must be imported first", (context) => {
    const { loadsWithoutTorch } = verdictOf(context, "good");
    if (!python.available) return;
    const load = `import ctypes, sys; ctypes.CDLL(sys.argv[1])`;
    const alone = (): unknown => execFileSync(python.value.executable, ["-c", load, fileOf("good")], { stdio: "pipe" });
    // The system may have another PyTorch's libraries in its standard folders.
    expect(alone).toThrow(/libc10\.so|undefined symbol/);
    expect(loadsWithoutTorch).toBe("no");
  });

  it("agree that torch's own modules load", (context) => {
    if (!python.available) return context.skip(python.reason);
    const { torch } = python.value;
    for (const name of ["libtorch_python.so", "libtorch_cpu.so", "libshm.so"]) {
      const path = join(torch.root, "lib", name);
      const report = inspectFile(host.fs, path);
      const source = fileSource(host.fs, path);
      if (!report.ok || source === undefined) continue;
      const verdict = judge({ report: report.value, source, path, host, environment: environmentOf(python.value) });
      expect(verdict, JSON.stringify(verdict.problems, null, 1)).toMatchObject({ loads: "yes", problems: [] });
    }
    return undefined;
  });
});
