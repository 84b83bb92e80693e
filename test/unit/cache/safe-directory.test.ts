import { describe, expect, it } from "vitest";
import type { Result } from "../../../src/base/result.ts";
import { ensureOwnDirectory, ensurePrivateDirectory } from "../../../src/cache/safe-directory.ts";
import { FakeHost } from "../../support/fake-host.ts";

const folder = "/home/user/my project/.retorch";

function told(result: Result<void>): string {
  return result.ok ? "ok" : `${result.error.code}: ${result.error.message} (${result.error.hint})`;
}

describe.each([
  ["a private folder", ensurePrivateDirectory, 0o700, "STORE_UNSAFE"],
  ["a build folder", ensureOwnDirectory, 0o755, "BUILD_DIR_UNSAFE"],
] as const)("%s", (_, ensure, mode, code) => {
  it("is made with its parents, and stays as it is", () => {
    const host = new FakeHost();
    expect(told(ensure(host, folder))).toBe("ok");
    expect(host.fs.stat(folder)).toMatchObject({ kind: "directory", mode, uid: 1000 });
    host.write(`${folder}/file`, "x");
    expect(told(ensure(host, folder))).toBe("ok");
    expect(host.fs.list(folder)).toEqual(["file"]);
  });

  it("is refused when others can write it, with what to do", () => {
    const host = new FakeHost();
    ensure(host, folder);
    for (const bad of [0o770, 0o702, 0o777, 0o1777]) {
      host.fs.chmod(folder, bad);
      expect(told(ensure(host, folder))).toMatch(
        new RegExp(`^${code}: .* can be written by other users \\(.*chmod go-w '/home/user/my project/.retorch'`),
      );
      // Nothing is repaired in silence, and nothing is left behind by looking.
      expect(host.fs.stat(folder)?.mode).toBe(bad);
      expect(host.fs.list(folder)).toEqual([]);
    }
    host.fs.chmod(folder, 0o750);
    expect(told(ensure(host, folder))).toBe("ok");
  });

  it("is refused when it is a link, whatever it leads to", () => {
    const host = new FakeHost();
    host.fs.mkdir("/home/user/my project/real", 0o700);
    host.fs.symlink("/home/user/my project/real", folder);
    expect(told(ensure(host, folder))).toMatch(new RegExp(`^${code}: .* is a symbolic link \\(.*rm `));
    host.fs.remove(folder);
    host.fs.symlink("/nowhere", folder);
    expect(told(ensure(host, folder))).toMatch(new RegExp(`^${code}: .* is a symbolic link`));
    expect(host.fs.stat("/nowhere")).toBeUndefined();
  });

  it("is refused when it is a file", () => {
    const host = new FakeHost();
    host.write(folder, "x");
    expect(told(ensure(host, folder))).toMatch(new RegExp(`^${code}: .* is not a folder`));
  });

  it("is refused when it belongs to another user", () => {
    const host = new FakeHost({ uid: 2000 });
    ensure(host, folder);
    host.fs.chmod(folder, 0o755);
    expect(told(ensure(host.sibling({ uid: 1000 }), folder))).toMatch(
      new RegExp(`^${code}: .* belongs to another user \\(.*sudo chown -R 1000 `),
    );
  });

  it("says when it cannot be made", () => {
    const host = new FakeHost();
    host.fs.mkdir("/closed");
    host.fs.chmod("/closed", 0o500);
    expect(told(ensure(host, "/closed/folder"))).toMatch(/^NOT_WRITABLE: could not make the folder `\/closed\/folder`/);
  });

  it("is only looked at for what it is where there are no users", () => {
    const host = new FakeHost({ platform: "win32" });
    expect(told(ensure(host, "C:\\project\\.retorch"))).toBe("ok");
  });
});

describe("root", () => {
  it("may build in a mounted project of another user, but uses no store of another", () => {
    const user = new FakeHost({ uid: 1000 });
    ensureOwnDirectory(user, folder);
    const root = user.sibling({ uid: 0 });
    expect(told(ensureOwnDirectory(root, folder))).toBe("ok");
    expect(told(ensurePrivateDirectory(root, folder))).toMatch(/^STORE_UNSAFE/);

    const other = user.sibling({ uid: 3000 });
    user.fs.mkdir("/shared", 0o755);
    user.fs.chmod("/shared", 0o777);
    other.fs.mkdir("/shared/.retorch", 0o755);
    expect(told(ensureOwnDirectory(root, "/shared/.retorch"))).toMatch(/^BUILD_DIR_UNSAFE/);
  });
});

describe("a file system without permissions", () => {
  it("holds build folders, and no store", () => {
    const host = new FakeHost();
    const mkdir = host.fs.mkdir.bind(host.fs);
    const makeTemporary = host.fs.makeTemporary.bind(host.fs);
    host.fs.mkdir = (path) => {
      mkdir(path);
      host.fs.chmod(path, 0o777);
    };
    host.fs.makeTemporary = (prefix) => {
      const path = makeTemporary(prefix);
      host.fs.chmod(path, 0o777);
      return path;
    };
    expect(told(ensureOwnDirectory(host, folder))).toBe("ok");
    expect(told(ensureOwnDirectory(host, folder))).toBe("ok");
    expect(host.fs.list(folder)).toEqual([]);
    expect(told(ensurePrivateDirectory(host, "/mnt/c/cache"))).toMatch(/^STORE_UNSAFE.*RETORCH_CACHE_DIR/);
  });
});
