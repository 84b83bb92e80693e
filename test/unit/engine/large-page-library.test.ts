import { expect, test } from "vitest";
import { LargePageLibrary } from "../../../src/engine/large-page-library.ts";
import { userCacheDirectory } from "../../../src/host/directories.ts";
import { largePageFiles } from "../../../src/plan/large-pages.ts";
import { FakeHost, type FakeHostOptions } from "../../support/fake-host.ts";

const advised = { [largePageFiles.enabled]: "always [madvise] never\n", [largePageFiles.size]: "2097152\n" };

/** A machine whose compiler makes something of every `-o`. */
function machine(options: FakeHostOptions = {}, probe: { exitCode: number; stderr?: string } = { exitCode: 0 }) {
  const host = new FakeHost({ files: advised, ...options });
  host.onRun(({ argv }) => {
    const output = argv[argv.indexOf("-o") + 1];
    if (!argv.includes("-o") || output === undefined) return probe;
    host.write(output, "ELF");
    return { exitCode: 0 };
  });
  return host;
}

const find = (host: FakeHost, compiler = "/usr/bin/g++"): Promise<string | undefined> =>
  new LargePageLibrary(host, userCacheDirectory(host), compiler).path();

test("is made and tried once, and found by the next build", async () => {
  const host = machine();
  const library = new LargePageLibrary(host, "/home/user/.cache/retorch", "/usr/bin/g++");
  const [path, again] = await Promise.all([library.path(), library.path()]);
  expect(path).toMatch(/^\/home\/user\/.cache\/retorch\/large-pages\/[0-9a-f]{24}-[0-9a-f]{24}\.so$/);
  expect(again).toBe(path);
  expect(host.read(path ?? "")).toBe("ELF");
  expect(host.runs.map(({ argv, env }) => [argv[1], env["LD_PRELOAD"]?.replace(/.*\//, "")])).toEqual([
    ["-O2", undefined],
    ["-E", "library.so"],
  ]);
  expect(await find(host)).toBe(path);
  expect(host.runs).toHaveLength(2);
  // Nothing but the library stays.
  expect(host.fs.list("/home/user/.cache/retorch/large-pages")).toHaveLength(1);
});

test("one that was damaged is made again", async () => {
  const host = machine();
  const path = await find(host);
  host.write(path ?? "", "EL");
  expect(await find(host)).toBe(path);
  expect(host.read(path ?? "")).toBe("ELF");
  expect(host.runs).toHaveLength(4);
});

test("another compiler has its own", async () => {
  const host = machine();
  expect(await find(host, "/opt/bin/g++")).not.toBe(await find(host));
});

test.each<[string, FakeHost]>([
  [
    "the kernel gives them to all",
    machine({ files: { ...advised, [largePageFiles.enabled]: "[always] madvise never" } }),
  ],
  ["the kernel has none", machine({ files: {} })],
  ["they are of another size", machine({ files: { ...advised, [largePageFiles.size]: "536870912" } })],
  ["another processor", machine({ arch: "riscv64" })],
  ["a cache folder that no list of libraries can name", machine({ home: "/home/some one" })],
  ["another system", machine({ platform: "darwin" })],
])("nothing is run where it would not help: %s", async (_, host) => {
  expect(await find(host)).toBeUndefined();
  expect(host.runs).toEqual([]);
});

test.each<[string, FakeHost]>([
  ["the loader says something", machine({}, { exitCode: 0, stderr: "ERROR: ld.so: object cannot be preloaded" })],
  ["the compiler cannot be run with it", machine({}, { exitCode: 1 })],
])("not used, and not kept: %s", async (_, host) => {
  expect(await find(host)).toBeUndefined();
  expect(host.fs.list("/home/user/.cache/retorch/large-pages")).toEqual([]);
});

test("one that somebody else may write is not loaded", async () => {
  const host = machine();
  const path = await find(host);
  host.fs.chmod("/home/user/.cache/retorch/large-pages", 0o777);
  expect(path).toBeDefined();
  expect(await find(host)).toBeUndefined();
});

test("a disk that takes nothing is no failure of the build", async () => {
  const host = machine();
  host.fs.makeTemporary = () => {
    throw Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" });
  };
  expect(await find(host)).toBeUndefined();
});
