import { describe, expect, it } from "vitest";
import { bytesSource } from "../../../src/inspect/bytes.ts";
import { readLoaderCache } from "../../../src/inspect/ld-cache.ts";
import { LoaderSimulation } from "../../../src/inspect/loader.ts";
import { FakeHost } from "../../support/fake-host.ts";
import { buildElf, Bytes, type TestElf } from "./elf-builder.ts";

function disk(
  files: Readonly<Record<string, TestElf>>,
  env: Record<string, string> = {},
): { host: FakeHost; loader: LoaderSimulation } {
  const host = new FakeHost();
  for (const [path, spec] of Object.entries(files)) host.write(path, buildElf(spec));
  return { host, loader: new LoaderSimulation({ fs: host.fs, env, machineCode: 62, bits: 64 }) };
}

/** Where each library that is needed, directly or not, comes from. */
function places(loader: LoaderSimulation, path: string): Record<string, string> {
  const file = loader.load(path);
  if (file === undefined) throw new Error(`no ${path}`);
  const found: Record<string, string> = {};
  for (const one of loader.closure(file)) {
    for (const need of one.needs) found[need.name] = `${need.file?.path ?? "missing"} ${need.foundBy ?? ""}`.trim();
  }
  return found;
}

describe("the loader's search", () => {
  it("goes through the run path with its origin", () => {
    const { loader } = disk({
      "/app/ext/a.so": { needed: ["libx.so"], runpath: "$ORIGIN/../lib:${ORIGIN}" },
      "/app/lib/libx.so": { soname: "libx.so" },
    });
    expect(places(loader, "/app/ext/a.so")).toEqual({ "libx.so": "/app/lib/libx.so RUNPATH" });
  });

  it("hands RPATH on to what is needed in turn, RUNPATH not", () => {
    const files = (kind: "rpath" | "runpath"): Readonly<Record<string, TestElf>> => ({
      "/app/a.so": { needed: ["libx.so"], [kind]: "/app/lib" },
      "/app/lib/libx.so": { soname: "libx.so", needed: ["liby.so"] },
      "/app/lib/liby.so": { soname: "liby.so" },
    });
    expect(places(disk(files("rpath")).loader, "/app/a.so")["liby.so"]).toBe("/app/lib/liby.so RPATH");
    expect(places(disk(files("runpath")).loader, "/app/a.so")["liby.so"]).toBe("missing");
  });

  it("asks LD_LIBRARY_PATH before RUNPATH and after RPATH", () => {
    const files = (kind: "rpath" | "runpath"): Readonly<Record<string, TestElf>> => ({
      "/app/a.so": { needed: ["libx.so"], [kind]: "/own" },
      "/own/libx.so": { soname: "libx.so" },
      "/env/libx.so": { soname: "libx.so" },
    });
    const env = { LD_LIBRARY_PATH: ":relative:/env" };
    expect(places(disk(files("runpath"), env).loader, "/app/a.so")["libx.so"]).toBe("/env/libx.so LD_LIBRARY_PATH");
    expect(places(disk(files("rpath"), env).loader, "/app/a.so")["libx.so"]).toBe("/own/libx.so RPATH");
  });

  it("takes what is loaded already under that name, wherever it lies", () => {
    const { loader } = disk({
      "/torch/libc10.so": { soname: "libc10.so" },
      "/app/a.so": { needed: ["libc10.so"] },
    });
    loader.load("/torch/libc10.so");
    expect(places(loader, "/app/a.so")["libc10.so"]).toBe("/torch/libc10.so already loaded");
  });

  it("passes over libraries for another machine", () => {
    const { loader } = disk({
      "/app/a.so": { needed: ["libx.so"], runpath: "/arm:/wide" },
      "/arm/libx.so": { soname: "libx.so", machine: 183 },
      "/wide/libx.so": { soname: "libx.so" },
    });
    expect(places(loader, "/app/a.so")["libx.so"]).toBe("/wide/libx.so RUNPATH");
  });

  it("uses the program's own RPATH, and its real place as origin", () => {
    const { host, loader } = disk({
      "/conda/bin/python3.11": { needed: ["libc.so.6"], rpath: "$ORIGIN/../lib" },
      "/conda/lib/libstdc++.so.6": { soname: "libstdc++.so.6" },
      "/usr/lib/libstdc++.so.6": { soname: "libstdc++.so.6" },
      "/app/a.so": { needed: ["libstdc++.so.6"], runpath: "/nowhere" },
      "/app/b.so": { needed: ["libstdc++.so.6"] },
    });
    host.fs.mkdir("/venv/bin");
    host.fs.link("/conda/bin/python3.11", "/conda/bin/python");
    loader.loadMain("/conda/bin/python3.11");
    expect(places(loader, "/app/b.so")["libstdc++.so.6"]).toBe("/conda/lib/libstdc++.so.6 RPATH");
  });

  it("ends in the standard folders and in the cache", () => {
    const { host, loader } = disk({
      "/usr/lib/libx.so": { soname: "libx.so" },
      "/far/away/liby.so.1": { soname: "liby.so.1" },
      "/app/a.so": { needed: ["libx.so", "liby.so.1", "libz.so"] },
    });
    host.write("/etc/ld.so.cache", buildCache([["liby.so.1", "/far/away/liby.so.1"]]));
    const found = loader.load("/app/a.so")?.needs ?? [];
    expect(found.map((need) => [need.name, need.file?.path, need.foundBy])).toEqual([
      ["libx.so", "/usr/lib/libx.so", "standard folder"],
      ["liby.so.1", "/far/away/liby.so.1", "ld.so.cache"],
      ["libz.so", undefined, undefined],
    ]);
    expect(found[2]?.searched).toContain("/usr/lib");
  });

  it("knows one file by two names, and ends on a ring", () => {
    const { loader } = disk({
      "/app/a.so": { needed: ["libx.so"], rpath: "/app" },
      "/app/libx.so": { soname: "libx.so", needed: ["liby.so"] },
      "/app/liby.so": { soname: "liby.so", needed: ["libx.so", "a.so"] },
    });
    expect(places(loader, "/app/a.so")).toMatchObject({
      "libx.so": "/app/libx.so already loaded",
      "a.so": "/app/a.so already loaded",
    });
    expect(loader.files).toHaveLength(3);
  });
});

function buildCache(entries: readonly (readonly [string, string])[], old = false): Uint8Array {
  const out = new Bytes();
  if (old) out.text("ld.so-1.7.0\0").number(1, 4).raw(new Uint8Array(12)).align(8);
  const base = out.length;
  const texts = entries.flat();
  const textAt = 48 + entries.length * 24;
  const offsets: number[] = [];
  let at = textAt;
  for (const text of texts) {
    offsets.push(at);
    at += Buffer.byteLength(text) + 1;
  }
  out
    .text("glibc-ld.so.cache1.1")
    .number(entries.length, 4)
    .number(at - textAt, 4)
    .raw(new Uint8Array(20));
  entries.forEach((_entry, index) => {
    out
      .number(0x303, 4)
      .number(offsets[index * 2] ?? 0, 4)
      .number(offsets[index * 2 + 1] ?? 0, 4)
      .number(0, 12);
  });
  for (const text of texts) out.text(`${text}\0`);
  return base === 0 ? out.done() : out.done();
}

describe("readLoaderCache", () => {
  const entries = [
    ["libx.so.1", "/usr/lib/libx.so.1"],
    ["liby.so", "/opt/liby.so"],
  ] as const;

  it.each([[false], [true]])("lists its libraries, with an older list before: %s", (old) => {
    const cache = readLoaderCache(bytesSource(buildCache(entries, old)));
    expect([...cache].map(([name, [first]]) => [name, first?.path])).toEqual(entries);
  });

  it("is empty for anything else", () => {
    expect(readLoaderCache(bytesSource(Buffer.from("something"))).size).toBe(0);
    const bytes = buildCache(entries);
    for (let length = 0; length < bytes.length; length++) readLoaderCache(bytesSource(bytes.subarray(0, length)));
    bytes.fill(0xff, 20, 24);
    expect(readLoaderCache(bytesSource(bytes)).size).toBe(0);
  });
});

describe("variants for a processor", () => {
  const flags = "cx16 lahf_lm popcnt pni sse4_1 sse4_2 ssse3 abm avx avx2 bmi1 bmi2 f16c fma movbe xsave";
  const files: Readonly<Record<string, TestElf>> = {
    "/app/a.so": { needed: ["libx.so"], runpath: "/app/lib" },
    "/app/lib/libx.so": { soname: "libx.so" },
    "/app/lib/glibc-hwcaps/x86-64-v3/libx.so": { soname: "libx.so" },
    "/app/lib/glibc-hwcaps/x86-64-v4/libx.so": { soname: "libx.so" },
  };

  it.each([
    ["one of level 3", flags, "/app/lib/glibc-hwcaps/x86-64-v3/libx.so RUNPATH"],
    [
      "one of level 3 of which Linux does not tell LZCNT",
      flags.replace(" abm", ""),
      "/app/lib/glibc-hwcaps/x86-64-v3/libx.so RUNPATH",
    ],
    [
      "one of level 4",
      `${flags} avx512f avx512bw avx512cd avx512dq avx512vl`,
      "/app/lib/glibc-hwcaps/x86-64-v4/libx.so RUNPATH",
    ],
    ["any", "fpu sse2", "/app/lib/libx.so RUNPATH"],
  ])("are taken by %s", (_what, words, expected) => {
    const { host } = disk(files);
    host.write("/proc/cpuinfo", `processor : 0\nflags\t\t: ${words}\n`);
    const loader = new LoaderSimulation({ fs: host.fs, env: {}, machineCode: 62, bits: 64 });
    expect(places(loader, "/app/a.so")["libx.so"]).toBe(expected);
  });
});

describe("musl's loader", () => {
  const files: Readonly<Record<string, TestElf>> = {
    "/usr/bin/python3": { needed: ["libc.musl-x86_64.so.1"], interpreter: "/lib/ld-musl-x86_64.so.1" },
    "/lib/ld-musl-x86_64.so.1": { soname: "libc.musl-x86_64.so.1" },
    "/app/a.so": { needed: ["libx.so", "libm.so.6", "libz.so", "libgone.so"], runpath: "/app/lib" },
    "/app/lib/libx.so": { soname: "libx.so", needed: ["liby.so"] },
    "/app/lib/liby.so": { soname: "liby.so" },
    "/env/libx.so": { soname: "libx.so", needed: ["liby.so"] },
    "/usr/local/lib/libz.so": { soname: "libz.so" },
  };

  it("asks the variable first, hands run paths on, and has the C library in one", () => {
    const { loader } = disk(files, { LD_LIBRARY_PATH: "/env" });
    loader.loadMain("/usr/bin/python3");
    expect(places(loader, "/app/a.so")).toEqual({
      "libx.so": "/env/libx.so LD_LIBRARY_PATH",
      "liby.so": "/app/lib/liby.so RUNPATH",
      "libm.so.6": "/lib/ld-musl-x86_64.so.1 already loaded",
      "libz.so": "/usr/local/lib/libz.so standard folder",
      "libgone.so": "missing",
    });
  });

  it("takes its folders from its own list", () => {
    const { host, loader } = disk(files);
    host.write("/etc/ld-musl-x86_64.path", "/env\n/lib\n");
    loader.loadMain("/usr/bin/python3");
    expect(places(loader, "/app/a.so")["libz.so"]).toBe("missing");
  });
});
