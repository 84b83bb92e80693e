/** The PE and Mach-O readers against LLVM's, on files made by clang and lld. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, type TestContext } from "vitest";
import { bytesSource } from "../../src/inspect/bytes.ts";
import { demangle } from "../../src/inspect/demangle.ts";
import { inspectExtension } from "../../src/inspect/extension.ts";
import { openMachO } from "../../src/inspect/macho.ts";
import { openPe } from "../../src/inspect/pe.ts";
import { need, tool } from "../support/environments.ts";

const folder = mkdtempSync(join(tmpdir(), "retorch-foreign-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function llvm(context: TestContext, name: string): string {
  return need(
    context,
    tool(name, ...["20", "19", "18", "17", "16", "15", "14"].map((version) => `${name}-${version}`)),
  );
}

function run(program: string, args: readonly string[]): string {
  return execFileSync(program, args, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

writeFileSync(
  join(folder, "lib.cpp"),
  `namespace at { namespace cuda { __attribute__((visibility("default"))) EXPORT int warp_size() { return 32; } }
EXPORT int table[4] = {1, 2, 3, 4}; }
`,
);
writeFileSync(
  join(folder, "module.cpp"),
  `namespace at { namespace cuda { IMPORT int warp_size(); } }
extern "C" EXPORT void* PyInit_demo() { return (void*)(long long)at::cuda::warp_size(); }
`,
);

describe("the PE reader", () => {
  it.for(["x86_64", "aarch64", "i686"])("agrees with llvm-readobj, %s", (machine, context) => {
    const clang = llvm(context, "clang++");
    const lld = llvm(context, "lld-link");
    const readobj = llvm(context, "llvm-readobj");
    const target = [
      "-target",
      `${machine}-pc-windows-msvc`,
      "-DEXPORT=__declspec(dllexport)",
      "-DIMPORT=__declspec(dllimport)",
      "-c",
    ];
    run(clang, [...target, "lib.cpp", "-o", `lib-${machine}.obj`]);
    run(clang, [...target, "module.cpp", "-o", `module-${machine}.obj`]);
    run(lld, [
      "/dll",
      "/noentry",
      "/nodefaultlib",
      `lib-${machine}.obj`,
      `/out:c10-${machine}.dll`,
      `/implib:c10-${machine}.lib`,
    ]);
    run(lld, [
      "/dll",
      "/noentry",
      "/nodefaultlib",
      `module-${machine}.obj`,
      `c10-${machine}.lib`,
      `/out:demo-${machine}.pyd`,
    ]);
    for (const file of [`c10-${machine}.dll`, `demo-${machine}.pyd`]) {
      const pe = openPe(bytesSource(readFileSync(join(folder, file))));
      if (!pe.ok) throw new Error(pe.error.message);
      const text = run(readobj, ["--coff-exports", "--coff-imports", "--file-headers", "--sections", file]);
      const exported = [...text.matchAll(/Export \{\s+Ordinal: (\d+)\s+Name: (\S+)/g)].map((match) => [
        Number(match[1]),
        match[2],
      ]);
      expect(pe.value.exports.map((one) => [one.ordinal, one.name])).toEqual(exported);
      const imported = [...text.matchAll(/Import \{\s+Name: (\S+)/g)].map((match) => match[1]);
      expect(pe.value.imports.map((one) => one.library)).toEqual(imported);
      const symbols = [...text.matchAll(/Symbol: (\S+) \(\d+\)/g)].map((match) => match[1]);
      expect(
        pe.value.imports.flatMap((one) => one.symbols.map((symbol) => ("name" in symbol ? symbol.name : ""))),
      ).toEqual(symbols);
      const sections = [...text.matchAll(/Section \{\s+Number: \d+\s+Name: (\S+)/g)].map((match) => match[1]);
      expect(pe.value.sections.map((section) => section.name)).toEqual(sections);
      expect(pe.value.anomalies).toEqual([]);
    }
    const report = inspectExtension(
      bytesSource(readFileSync(join(folder, `demo-${machine}.pyd`))),
      "demo.cp311-win_amd64.pyd",
    );
    expect(report.ok && report.value).toMatchObject({
      kind: "python-module",
      machine: machine === "i686" ? "i386" : machine,
      python: { modules: ["demo"] },
      torch: { uses: true, symbols: 1 },
    });
    expect(report.ok && report.value.undefinedSymbols.map((symbol) => demangle(symbol.name))).toEqual([
      "int __cdecl at::cuda::warp_size(void)",
    ]);
  });
});

describe("the PE reader, on what is not by name", () => {
  it("agrees with llvm-readobj on numbers, forwarders and delayed imports", (context) => {
    const clang = llvm(context, "clang");
    const lld = llvm(context, "lld-link");
    const readobj = llvm(context, "llvm-readobj");
    writeFileSync(join(folder, "two.c"), "int named(void) { return 1; }\nint numbered(void) { return 2; }\n");
    writeFileSync(
      join(folder, "user.c"),
      `__declspec(dllimport) int named(void);\n__declspec(dllimport) int numbered(void);
__declspec(dllexport) int go(void) { return named() + numbered(); }
void* __delayLoadHelper2(void* a, void* b) { return a ? a : b; }\n`,
    );
    for (const file of ["two", "user"])
      run(clang, ["-target", "x86_64-pc-windows-msvc", "-c", `${file}.c`, "-o", `${file}.obj`]);
    const link = ["/dll", "/noentry", "/nodefaultlib"];
    const exported = ["/export:named", "/export:numbered,@5,NONAME", "/export:onward=KERNEL32.Sleep"];
    run(lld, [...link, "two.obj", ...exported, "/out:two.dll", "/implib:two.lib"]);
    run(lld, [...link, "user.obj", "two.lib", "/out:user.pyd"]);
    run(lld, [...link, "user.obj", "two.lib", "/delayload:two.dll", "/out:later.pyd"]);
    const two = openPe(bytesSource(readFileSync(join(folder, "two.dll"))));
    const text = run(readobj, ["--coff-exports", "two.dll"]);
    const told = [...text.matchAll(/Ordinal: (\d+)\s+Name: ?(\S*)\s+(?:ForwardedTo|RVA)/g)].map((match) => ({
      ordinal: Number(match[1]),
      ...(match[2] === "" ? {} : { name: match[2] }),
    }));
    expect(told).toHaveLength(3);
    expect(two.ok && two.value.exports).toMatchObject(told);
    expect(two.ok && two.value.exports.find(({ name }) => name === "onward")?.forwarder).toBe("KERNEL32.Sleep");
    const symbols = expect.arrayContaining([{ name: "named" }, { ordinal: 5 }]) as unknown;
    for (const [file, delayed] of [
      ["user.pyd", false],
      ["later.pyd", true],
    ] as const) {
      const pe = openPe(bytesSource(readFileSync(join(folder, file))));
      expect(pe.ok && pe.value.imports).toEqual([{ library: "two.dll", delayed, symbols }]);
    }
  });

  it("tells ARM64EC, which calls itself x86_64", (context) => {
    const clang = llvm(context, "clang");
    const lld = llvm(context, "lld-link");
    // What Microsoft's C library brings: the table of the loader with the metadata of hybrid code.
    writeFileSync(
      join(folder, "hybrid.c"),
      `static int metadata[64] = {2};
const struct { unsigned size; unsigned char before[196]; void* hybrid; unsigned char after[112]; } _load_config_used = {320, {0}, metadata, {0}};
__declspec(dllexport) int go(void) { return 1; }\n`,
    );
    run(clang, ["-target", "x86_64-pc-windows-msvc", "-c", "hybrid.c", "-o", "hybrid.obj"]);
    run(lld, ["/dll", "/noentry", "/nodefaultlib", "hybrid.obj", "/out:hybrid.pyd"]);
    const pe = openPe(bytesSource(readFileSync(join(folder, "hybrid.pyd"))));
    expect(pe.ok && pe.value).toMatchObject({ machineCode: 0x8664, machine: "arm64ec" });
  });
});

describe("the Mach-O reader", () => {
  it.for([["-fixup_chains"], ["-no_fixup_chains"]])("reads what dyld goes by, %s", ([way = ""], context) => {
    const clang = llvm(context, "clang++");
    const lld = llvm(context, "ld64.lld");
    const target = ["-target", "arm64-apple-macos13", "-c", '-DEXPORT=__attribute__((visibility("default")))'];
    writeFileSync(
      join(folder, "weak.cpp"),
      `EXPORT __attribute__((weak)) int chosen() { return 1; }
__attribute__((weak_import)) int absent();
int warp();
EXPORT int go() { return (absent ? absent() : 0) + warp() + chosen(); }
EXPORT int* table[] = {(int*)&warp, (int*)&absent};\n`,
    );
    writeFileSync(join(folder, "warp.cpp"), "EXPORT int warp() { return 1; }\nEXPORT int absent() { return 2; }\n");
    for (const name of ["weak", "warp"]) run(clang, [...target, `${name}.cpp`, "-o", `${name}.o`]);
    const link = ["-arch", "arm64", "-platform_version", "macos", "13.0", "14.2", way, "-undefined", "dynamic_lookup"];
    run(lld, [...link, "-dylib", "warp.o", "-install_name", "@rpath/libwarp.dylib", "-o", "libwarp.dylib"]);
    const own = ["-dylib", "weak.o", "-reexport_library", "libwarp.dylib", "-install_name", "@rpath/libweak.dylib"];
    run(lld, [...link, ...own, "-x", "-o", `libweak${way}.dylib`]);
    const file = openMachO(bytesSource(readFileSync(join(folder, `libweak${way}.dylib`))));
    const slice = file.ok ? file.value[0] : undefined;
    // lld names the library twice: as one that is needed, and as one that is handed on.
    expect(slice?.libraries).toContainEqual(
      expect.objectContaining({ path: "@rpath/libwarp.dylib", reexported: true }),
    );
    expect([...(slice?.exports ?? [])].sort((a, b) => (a.name < b.name ? -1 : 1))).toEqual([
      { name: "__Z2gov", weak: false },
      { name: "__Z6chosenv", weak: true },
      { name: "_table", weak: false },
    ]);
    const imports = slice?.imports.filter(({ name }) => name !== "dyld_stub_binder") ?? [];
    expect(imports.map(({ name, weak }) => [name, weak]).sort()).toEqual(
      expect.arrayContaining([
        ["__Z4warpv", false],
        ["__Z6absentv", true],
      ]),
    );
    for (const { name, library } of imports)
      if (name !== "__Z6chosenv") expect([name, library]).toEqual([name, "@rpath/libwarp.dylib"]);
  });

  it("agrees with llvm-objdump, and reads what llvm-lipo joined", (context) => {
    const clang = llvm(context, "clang++");
    const lld = llvm(context, "ld64.lld");
    const objdump = llvm(context, "llvm-objdump");
    const lipo = llvm(context, "llvm-lipo");
    for (const machine of ["arm64", "x86_64"]) {
      const target = [
        "-target",
        `${machine}-apple-macos12`,
        '-DEXPORT=__attribute__((visibility("default")))',
        "-DIMPORT=",
        "-c",
      ];
      run(clang, [...target, "lib.cpp", "-o", `lib-${machine}.o`]);
      run(clang, [...target, "module.cpp", "-o", `module-${machine}.o`]);
      const link = ["-arch", machine, "-platform_version", "macos", "12.0", "14.2", "-undefined", "dynamic_lookup"];
      run(lld, [
        ...link,
        "-dylib",
        `lib-${machine}.o`,
        "-install_name",
        "@rpath/libc10.dylib",
        "-o",
        `libc10-${machine}.dylib`,
      ]);
      run(lld, [
        ...link,
        "-bundle",
        `module-${machine}.o`,
        `libc10-${machine}.dylib`,
        "-rpath",
        "@loader_path/lib",
        "-o",
        `demo-${machine}.so`,
      ]);
      const file = openMachO(bytesSource(readFileSync(join(folder, `demo-${machine}.so`))));
      const slice = file.ok ? file.value[0] : undefined;
      const libraries = [
        ...run(objdump, ["--macho", "--dylibs-used", `demo-${machine}.so`]).matchAll(/^\t(\S+) \(/gm),
      ].map((match) => match[1]);
      expect(slice?.libraries.map((library) => library.path)).toEqual(libraries);
      expect(slice).toMatchObject({
        machine,
        kind: "bundle",
        rpaths: ["@loader_path/lib"],
        minimumSystem: "12.0",
        sdk: "14.2",
        exports: [{ name: "_PyInit_demo" }],
        anomalies: [],
      });
      // The linker adds its own binder for some machines.
      const imports = slice?.imports.filter((symbol) => symbol.name !== "dyld_stub_binder");
      expect(imports).toEqual([{ name: "__ZN2at4cuda9warp_sizeEv", library: "@rpath/libc10.dylib", weak: false }]);
      const library = openMachO(bytesSource(readFileSync(join(folder, `libc10-${machine}.dylib`))));
      expect(library.ok && library.value[0]?.installName).toBe("@rpath/libc10.dylib");
      expect(library.ok && library.value[0]?.exports.map((symbol) => symbol.name).sort()).toEqual([
        "__ZN2at4cuda9warp_sizeEv",
        "__ZN2at5tableE",
      ]);
    }
    run(lipo, ["-create", "demo-arm64.so", "demo-x86_64.so", "-output", "demo.cpython-311-darwin.so"]);
    const source = bytesSource(readFileSync(join(folder, "demo.cpython-311-darwin.so")));
    const report = inspectExtension(source, "demo.cpython-311-darwin.so", { arch: "arm64" });
    expect(report.ok && report.value).toMatchObject({
      machine: "arm64",
      kind: "python-module",
      python: { modules: ["demo"] },
      torch: { libraries: ["c10"], symbols: 1 },
    });
    expect(report.ok && [...report.value.machines].sort()).toEqual(["arm64", "x86_64"]);
  });
});
