import { describe, expect, it } from "vitest";
import { diagnoseContext, hostCompilers } from "../../../src/build/diagnose-context.ts";
import type { Environment } from "../../../src/environment/environment.ts";
import { FakeHost } from "../../support/fake-host.ts";
import { linuxCpu, projectRoot } from "../../support/plan-fixtures.ts";
import { buildElf } from "../inspect/elf-builder.ts";

const newError = "_ZN3c105ErrorC2ENS_14SourceLocationENSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE";
const oldError = "_ZN3c105ErrorC2ENS_14SourceLocationESs";

function contextOf(files: Readonly<Record<string, string | Uint8Array>>, environment: Environment = linuxCpu) {
  return diagnoseContext(new FakeHost({ files }), { environment, root: projectRoot });
}

describe("diagnoseContext", () => {
  const c10 = `${linuxCpu.torch?.libraryDirs[0] ?? ""}/libc10.so`;
  const library = { [c10]: buildElf({ soname: "libc10.so", symbols: [{ name: newError, defined: true }] }) };

  it("knows which installed library has a symbol, or another form of it", () => {
    const context = contextOf(library);
    expect(context.lookupSymbol?.(newError)).toEqual({ library: c10, symbol: newError });
    expect(context.otherForm?.(newError)).toBeUndefined();
    expect(context.lookupSymbol?.(oldError)).toBeUndefined();
    expect(context.otherForm?.(oldError)).toMatchObject({
      library: c10,
      symbol: expect.stringContaining("std::__cxx11::basic_string") as unknown,
    });
    expect(context.otherForm?.("_Z3foov")).toBeUndefined();
  });

  it("finds the one folder of the project that has a header", () => {
    const context = contextOf({
      [`${projectRoot}/lib/inc/a/b.h`]: "",
      [`${projectRoot}/x/c.h`]: "",
      [`${projectRoot}/y/c.h`]: "",
      [`${projectRoot}/top.h`]: "",
      [`${projectRoot}/build/d.h`]: "",
    });
    const find = (name: string): string | undefined => context.findHeader?.(name);
    expect([find("a/b.h"), find("b.h"), find("top.h")]).toEqual(["lib/inc", "lib/inc/a", "."]);
    expect([find("c.h"), find("d.h"), find("../top.h"), find("/etc/passwd"), find("")]).toEqual(
      Array.from({ length: 5 }, () => undefined),
    );
  });

  it("finds a header that is called a little differently", () => {
    const context = contextOf({
      [`${projectRoot}/inc/Util/Box.h`]: "",
      [`${projectRoot}/x/c.h`]: "",
      [`${projectRoot}/y/C.h`]: "",
      [`${projectRoot}/y/Same.h`]: "",
    });
    const find = (name: string): string | undefined => context.headerInOtherCase?.(name);
    expect([find("util/box.h"), find("Box.H"), find("box.h")]).toEqual(
      Array.from({ length: 3 }, () => "inc/Util/Box.h"),
    );
    expect([find("Same.h"), find("x/Box.h"), find("../BOX.h"), find("")]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    expect(find("X/c.h")).toBe("x/c.h");
  });

  it("finds the source that defines a function, first one that is not built", () => {
    const host = new FakeHost({
      files: {
        [`${projectRoot}/bind.cpp`]: "int scale(int, int);\nint f() { return scale(1, 2); }",
        [`${projectRoot}/csrc/scale.cu`]: "\nint scale(int a, int b) {\n return a; }",
        [`${projectRoot}/csrc/a.cpp`]: "int scale(float a)\n{ return 1; }",
        [`${projectRoot}/build/b.cpp`]: "int scale(int a) { return 1; }",
      },
    });
    const known = { environment: linuxCpu, root: projectRoot };
    const built = diagnoseContext(host, {
      ...known,
      sources: [`${projectRoot}/bind.cpp`, `${projectRoot}/csrc/a.cpp`],
    });
    expect(built.findDefinition?.(["scale"])).toEqual([
      { file: "csrc/scale.cu", line: 2, isBuilt: false },
      { file: "csrc/a.cpp", line: 1, isBuilt: true },
    ]);
    expect(built.findDefinition?.(["nothing"])).toEqual([]);
    expect(diagnoseContext(host, known).findDefinition?.(["scale"])?.[0]).toEqual({ file: "csrc/a.cpp", line: 1 });
  });

  it("finds headers and libraries of installed packages", () => {
    const packages = linuxCpu.python?.packageDirs[0] ?? "";
    const context = contextOf({
      [`${packages}/pybind11/include/pybind11/pybind11.h`]: "",
      "/usr/lib/x86_64-linux-gnu/libz.so": "",
    });
    // The virtual environment lies in the project, so its folders are written relative to it.
    expect(context.findHeader?.("pybind11/pybind11.h")).toMatch(/site-packages\/pybind11\/include$/);
    expect(context.findLibrary?.("z")).toBe("/usr/lib/x86_64-linux-gnu");
    expect(context.findLibrary?.("../z")).toBeUndefined();
  });

  it("lists other compilers, newest first", () => {
    const host = new FakeHost({
      env: { PATH: "/usr/bin:relative" },
      files: {
        "/usr/bin/g++-9": "",
        "/usr/bin/g++-13": "",
        "/usr/bin/g++-12": "",
        "/usr/bin/g++": "",
        "/usr/bin/clang++-19": "",
      },
    });
    expect(hostCompilers(host, linuxCpu).map(({ path }) => path)).toEqual([
      "/usr/bin/clang++-19",
      "/usr/bin/g++-13",
      "/usr/bin/g++-9",
    ]);
  });
});
