import { mkdtempSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { nodeFileSystem } from "../../../src/host/file-system.ts";
import { FakeHost, systemError } from "../../support/fake-host.ts";
import { fileSystemContract } from "./file-system-contract.ts";

fileSystemContract("this machine", () => {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), "retorch-fs-"));
  return {
    fs: nodeFileSystem(),
    folder,
    symlink: symlinkSync,
    dispose: () => rmSync(folder, { recursive: true, force: true }),
  };
});

fileSystemContract("in memory", () => {
  const host = new FakeHost();
  host.fs.mkdir("/tmp/folder");
  return {
    fs: host.fs,
    folder: "/tmp/folder",
    symlink: (target, path) => host.fs.symlink(target, path),
    dispose: () => {},
  };
});

describe("the disk in memory", () => {
  it("keeps the time of its clock", () => {
    const host = new FakeHost();
    host.write("/a", "1");
    const before = host.fs.stat("/a");
    host.tick(1500);
    host.fs.overwrite("/a", "2");
    const after = host.fs.stat("/a");
    expect(after?.ino).toBe(before?.ino);
    expect((after?.mtimeMs ?? 0) - (before?.mtimeMs ?? 0)).toBe(1500);
  });

  it("records what is looked at", () => {
    const host = new FakeHost({ files: { "/a/b": "x" } });
    host.resetAccesses();
    host.fs.stat("/a/b");
    host.fs.readText("/a/b");
    host.fs.list("/a");
    expect(host.stats).toEqual(["/a/b"]);
    expect(host.reads).toEqual(["/a/b"]);
    expect(host.lists).toEqual(["/a"]);
    host.resetAccesses();
    expect([...host.stats, ...host.reads, ...host.lists, ...host.spawns]).toEqual([]);
  });

  it("knows users and rights", () => {
    const owner = new FakeHost({ uid: 1000, files: { "/home/a/file": "x" } });
    const other = owner.sibling({ uid: 2000 });
    const root = owner.sibling({ uid: 0 });
    owner.fs.chmod("/home/a", 0o700);
    owner.fs.chmod("/home/a/file", 0o600);
    expect(() => other.fs.readText("/home/a/file")).toThrow(expect.objectContaining({ code: "EACCES" }));
    expect(() => other.fs.writeAtomic("/home/a/new", "x")).toThrow(expect.objectContaining({ code: "EACCES" }));
    expect(other.fs.writable("/home/a")).toBe(false);
    expect(root.fs.readText("/home/a/file")).toBe("x");
  });

  it("can be full, and can fail", () => {
    const host = new FakeHost();
    host.fs.disk.capacity = 10;
    host.write("/a", "12345");
    expect(() => host.write("/b", "123456")).toThrow(expect.objectContaining({ code: "ENOSPC" }));
    expect(host.fs.list("/")).toEqual(["a"]);
    host.fs.onOperation = (operation, path) => {
      if (operation === "read") throw systemError("EMFILE", operation, path);
    };
    expect(() => host.fs.readText("/a")).toThrow(expect.objectContaining({ code: "EMFILE" }));
  });
});

describe("the host without a machine", () => {
  it("runs scripted programs, the latest script first", async () => {
    const host = new FakeHost();
    const request = { argv: ["g++", "--version"], cwd: "/", env: {} };
    expect((await host.processes.run(request)).startError).toBe("ENOENT");
    host.onRun(() => ({ stdout: "any" }));
    host.onRun(async ({ argv }) => (argv[0] === "g++" ? { stdout: "g++ 12", exitCode: 3 } : undefined));
    expect(await host.processes.run(request)).toMatchObject({ stdout: "g++ 12", exitCode: 3 });
    expect(await host.processes.run({ ...request, argv: ["ld"] })).toMatchObject({ stdout: "any", exitCode: 0 });
    expect(host.spawns).toEqual(["g++ --version", "g++ --version", "ld"]);
  });

  it("does what is due in the order of time", () => {
    const host = new FakeHost();
    const done: string[] = [];
    const begin = host.now();
    host.every(10, () => done.push(`a${host.now() - begin}`));
    const stop = host.every(15, () => done.push(`b${host.now() - begin}`));
    host.tick(30);
    stop();
    host.tick(10);
    expect(done).toEqual(["a10", "b15", "a20", "a30", "b30", "a40"]);
    expect(host.monotonic()).toBe(40);
  });
});
