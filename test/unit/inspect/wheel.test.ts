import { describe, expect, it } from "vitest";
import { bytesSource } from "../../../src/inspect/bytes.ts";
import { describeJson, describeText } from "../../../src/inspect/describe.ts";
import { inspectPath } from "../../../src/inspect/inspect.ts";
import { inspectArchive, isCompiledName, wheelNameOf } from "../../../src/inspect/wheel.ts";
import { readZip, zipMember } from "../../../src/inspect/zip.ts";
import { buildElf } from "./elf-builder.ts";
import { environmentOf, extension, newMachine } from "./machine.ts";
import { buildZip } from "./zip-builder.ts";

const module = buildElf({
  ...extension,
  needed: [...(extension.needed ?? []), "libown-1a2b.so.3"],
  rpath: "$ORIGIN/../demo.libs",
});
const own = buildElf({ soname: "libown-1a2b.so.3", needed: ["libc.so.6"] });
const members = [
  { name: "demo/__init__.py", content: Buffer.from("") },
  { name: "demo/demo.cpython-311-x86_64-linux-gnu.so", content: module, deflate: true },
  { name: "demo.libs/libown-1a2b.so.3", content: own },
  { name: "demo/broken.so", content: Buffer.from("no library") },
  { name: "demo-1.0.dist-info/WHEEL", content: Buffer.from("Wheel-Version: 1.0\n") },
];
const file = "demo-1.0-1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl";

describe("wheelNameOf", () => {
  it("reads what the name says", () => {
    expect(wheelNameOf(`/x/${file}`)).toEqual({
      name: "demo",
      version: "1.0",
      build: "1",
      python: ["cp311"],
      abi: ["cp311"],
      platform: ["manylinux_2_17_x86_64", "manylinux2014_x86_64"],
    });
    expect(wheelNameOf("demo-1.0-py3-none-any.whl")).toMatchObject({ python: ["py3"], abi: ["none"] });
    expect(wheelNameOf("demo.zip")).toBeUndefined();
  });
});

describe("readZip", () => {
  it("reads stored, deflated and large members", () => {
    const bytes = buildZip([...members, { name: "wide", content: Buffer.from("content"), wide: true }], "a comment");
    const zip = readZip(bytesSource(bytes));
    expect(zip.ok && zip.value.map((member) => member.name)).toEqual([...members.map((member) => member.name), "wide"]);
    if (!zip.ok) return;
    for (const [index, expected] of [...members, { content: Buffer.from("content") }].entries()) {
      const member = zip.value[index];
      const content = member === undefined ? undefined : zipMember(bytesSource(bytes), member);
      expect(
        content?.ok === true && Buffer.from(content.value.read(0, content.value.size)).equals(expected.content),
      ).toBe(true);
    }
  });

  it.each([
    ["encrypted", { encrypted: true }],
    ["packed in an unknown way", { method: 99 }],
    ["larger than it says", { deflate: true, raw: { packed: Buffer.from([0x4b, 0x4c, 0x4a, 0x06, 0]), size: 2 } }],
  ])("refuses a member that is %s", (_name, more) => {
    const bytes = buildZip([{ name: "x.so", content: Buffer.from("abc"), ...more }]);
    const zip = readZip(bytesSource(bytes));
    const member = zip.ok ? zip.value[0] : undefined;
    const content = member === undefined ? undefined : zipMember(bytesSource(bytes), member);
    expect(content?.ok === false && content.error.code).toBe("INSPECT_DAMAGED");
  });

  it("refuses what has no directory", () => {
    const zip = readZip(bytesSource(Buffer.from("PK\x03\x04 and no more than that, to be sure")));
    expect(zip.ok ? "" : zip.error.code).toBe("INSPECT_DAMAGED");
  });
});

describe("inspectArchive", () => {
  it("reads the compiled files and says which could not be", () => {
    const wheel = inspectArchive(bytesSource(buildZip(members)), `/dist/${file}`);
    expect(wheel?.ok && wheel.value).toMatchObject({ file, files: 5, name: { name: "demo" } });
    expect(
      wheel?.ok && wheel.value.members.map((member) => [member.path, member.report?.kind ?? member.failure?.code]),
    ).toEqual([
      ["demo/demo.cpython-311-x86_64-linux-gnu.so", "python-module"],
      ["demo.libs/libown-1a2b.so.3", "library"],
      ["demo/broken.so", "INSPECT_UNKNOWN_FORMAT"],
    ]);
  });
});

describe("inspectPath", () => {
  const python = environmentOf().python;
  const environment = {
    ...environmentOf(),
    ...(python === undefined ? {} : { python: { ...python, packageDirs: ["/venv/lib/python3.11/site-packages"] } }),
  };

  it.each([
    ["x.so", true],
    ["libssl-8248cfc9.so.1.1.1k", true],
    ["libcrypto.so.1.0.2zh", true],
    ["libz.so.1.2.13", true],
    ["X.PYD", true],
    ["x.so.txt", false],
    ["x.so.1.py", false],
    ["so", false],
  ])("%s is a compiled file by its name: %s", (name, is) => {
    expect(isCompiledName(name)).toBe(is);
  });

  it("says of a link without a file where it leads", () => {
    const host = newMachine();
    host.fs.symlink("../build/gone.so", "/project/ops.so");
    const result = inspectPath(host, "ops.so", { environment });
    expect(result.ok ? "" : result.error.message).toBe(
      "`ops.so` is a link to `../build/gone.so`, which leads to no file",
    );
    const none = inspectPath(host, "other.so", { environment });
    expect(none.ok ? "" : none.error.message).toBe("`other.so` does not exist");
  });

  it("judges the modules of a wheel with the libraries that it brings, without unpacking it", () => {
    const host = newMachine();
    host.write(`/project/${file}`, buildZip(members));
    const before = JSON.stringify(host.fs.accesses.writes);
    const result = inspectPath(host, file, { environment });
    expect(JSON.stringify(host.fs.accesses.writes)).toBe(before);
    expect(result.ok && result.value.kind).toBe("wheel");
    if (!result.ok || result.value.kind !== "wheel") return;
    expect([...result.value.verdicts.keys()]).toEqual(["demo/demo.cpython-311-x86_64-linux-gnu.so"]);
    const verdict = [...result.value.verdicts.values()][0];
    expect(verdict).toMatchObject({ loads: "yes", problems: [] });
    expect(verdict?.libraries.find((library) => library.name.startsWith("libown"))?.path).toBe(
      "/venv/lib/python3.11/site-packages/demo.libs/libown-1a2b.so.3",
    );
    const text = describeText(result.value);
    expect(text).toContain("demo 1.0 for cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64");
    expect(text).toContain("Loads       yes, after `import torch`");
    expect(text).toContain("is a text, not a built file");
    expect(JSON.parse(JSON.stringify(describeJson(result.value)))).toMatchObject({
      kind: "wheel",
      members: [
        { what: "python-module", verdict: { loads: "yes" } },
        { what: "library" },
        { failure: { code: "INSPECT_UNKNOWN_FORMAT" } },
      ],
    });
  });

  it("describes an extension on one page, the verdict first", () => {
    const host = newMachine();
    host.write(
      "/project/demo.cpython-311-x86_64-linux-gnu.so",
      buildElf({ ...extension, comment: "GCC: (Debian) 12.2.0" }),
    );
    const result = inspectPath(host, "demo.cpython-311-x86_64-linux-gnu.so", { environment });
    expect(result.ok && describeText(result.value)).toMatchInlineSnapshot(`
      "/project/demo.cpython-311-x86_64-linux-gnu.so

        Loads       yes, after \`import torch\`: 6 symbols looked up in 7 libraries
        Runs        yes

        File        Python module, ELF for x86_64, 2 KiB
        Python      module \`demo\`, for CPython 3.11, only the limited API of 3.2
        PyTorch     needs c10, torch_cpu, 2 symbols, C++11 ABI of std::string
        Compiler    GCC: (Debian) 12.2.0
        C++         libstdc++
        Needs       GLIBC_2.2.5, GLIBCXX_3.4
        Libraries   libc10.so        /venv/lib/python3.11/site-packages/torch/lib/libc10.so (already loaded)
                    libtorch_cpu.so  /venv/lib/python3.11/site-packages/torch/lib/libtorch_cpu.so (already loaded)
                    libstdc++.so.6   /lib/x86_64-linux-gnu/libstdc++.so.6 (already loaded)
                    libc.so.6        /lib/x86_64-linux-gnu/libc.so.6 (already loaded)
      "
    `);
  });

  it("describes what is wrong", () => {
    const host = newMachine();
    const symbols = [
      ...(extension.symbols ?? []),
      { name: "_ZN2at7getTypeERKNS_6TensorE" },
      { name: "_ZN2at6Tensor3dimEv" },
    ];
    host.write("/project/demo.so", buildElf({ ...extension, symbols }));
    const result = inspectPath(host, "/project/demo.so", { environment });
    expect(result.ok && describeText(result.value).split("\n\n").slice(0, 3).join("\n\n")).toMatchInlineSnapshot(`
      "/project/demo.so

        Loads       no
        Runs        no

        error: \`at::getType(at::Tensor const&)\` and 1 more is not in the installed PyTorch
          why: No library of the installed PyTorch 2.13.0+cpu has it: it was built against another version
          fix: Build it again with the installed PyTorch 2.13.0+cpu: \`retorch build\`, or \`pip install --no-build-isolation --force-reinstall --no-cache-dir …\`
          - at::getType(at::Tensor const&)
          - at::Tensor::dim()
            there is at::Tensor::dim() const"
    `);
  });

  it("says so when there is nothing to inspect", () => {
    const host = newMachine();
    for (const path of ["missing.so", "/project"]) {
      const result = inspectPath(host, path);
      expect(result.ok ? "" : result.error.code).toBe("INSPECT_NO_FILE");
    }
    host.write("/project/empty.so", "");
    const empty = inspectPath(host, "empty.so");
    expect(empty.ok ? "" : empty.error.message).toBe("The file `empty.so` is empty");
  });
});

describe("what a library is", () => {
  it("holds operators only where it registers some", () => {
    const page = (symbol: string): string => {
      const host = newMachine();
      host.write("/project/libx.so", buildElf({ needed: ["libtorch_cpu.so"], symbols: [{ name: symbol }] }));
      const inspected = inspectPath(host, "libx.so");
      return inspected.ok ? describeText(inspected.value) : "";
    };
    expect(page("_ZN2at5emptyEN3c108ArrayRefIlEE")).toContain("library that uses PyTorch, ELF");
    for (const symbol of ["_ZN5torch7LibraryC1ENS0_4KindESs", "aoti_torch_library_init_def", "torch_library_impl"]) {
      expect(page(symbol)).toContain("library of PyTorch operators, ELF");
    }
  });
});
