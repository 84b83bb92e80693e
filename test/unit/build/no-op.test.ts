/** The note by which a build with nothing to do is answered: believed only where nobody else could write it, and bounded. */
import { expect, test } from "vitest";
import { rememberNoOp, tryNoOp } from "../../../src/build/no-op.ts";
import { FakeHost } from "../../support/fake-host.ts";

const hit = { artifacts: [{ name: "a", path: "/p/a" }], actions: 2, extensions: ["a"] };
const folder = "/home/u/.cache/retorch/up-to-date";

function made(): FakeHost {
  const host = new FakeHost({
    cwd: "/p",
    home: "/home/u",
    uid: 1000,
    files: { "/p/a.cpp": "int a;", "/p/inc/h.h": "" },
  });
  host.fs.mkdir("/home/u/.cache/retorch", 0o700);
  return host;
}

function remember(host: FakeHost, words: readonly string[] = ["x"]): void {
  const stat = host.fs.stat("/p/a.cpp");
  if (stat === undefined) throw new Error("no source");
  rememberNoOp(host, words, { files: [["/p/a.cpp", stat]], there: ["/p/inc"], absent: ["/p/h.h"], listed: [] }, hit);
}

function note(host: FakeHost): string {
  const [name = ""] = host.fs.list(folder) ?? [];
  return `${folder}/${name}`;
}

test("holds while nothing has changed", () => {
  const host = made();
  remember(host);
  expect(tryNoOp(host, ["x"])).toEqual(hit);
  expect(tryNoOp(host, ["y"])).toBeUndefined();
});

test.each<[string, (host: FakeHost) => void]>([
  ["a file changed", (host) => host.fs.writeAtomic("/p/a.cpp", "int b;")],
  ["a file is gone", (host) => host.fs.remove("/p/a.cpp")],
  ["a file came to an empty place", (host) => host.fs.writeAtomic("/p/h.h", "")],
  ["a folder is gone", (host) => host.fs.remove("/p/inc")],
  ["a variable changed", (host) => void (host.env["CPATH"] = "/x")],
  ["the note was cut", (host) => host.fs.truncate(note(host), 20)],
  ["the note is something else", (host) => host.fs.writeAtomic(note(host), "0\n{}")],
  ["others can write the note", (host) => host.fs.chmod(note(host), 0o666)],
  ["others can write its folder", (host) => host.fs.chmod(folder, 0o777)],
  [
    "the note is a folder",
    (host) => {
      const path = note(host);
      host.fs.remove(path);
      host.fs.mkdir(path, 0o700);
    },
  ],
])("does not hold when %s", (_, change) => {
  const host = made();
  remember(host);
  host.tick(1000);
  change(host);
  expect(tryNoOp(host, ["x"])).toBeUndefined();
});

test("on a file system that counts seconds, a folder that has just changed is looked into", () => {
  const host = made();
  const second = Math.ceil(host.now() / 1000) * 1000;
  host.tick(second + 500 - host.now());
  host.fs.touch("/p", second);
  remember(host);
  // Half a second later, within the same second.
  host.tick(400);
  host.fs.writeAtomic("/p/h.h", "");
  host.fs.touch("/p", second);
  expect(tryNoOp(host, ["x"])).toBeUndefined();
});

test("a folder in place of the note makes way", () => {
  const host = made();
  remember(host);
  const path = note(host);
  host.fs.remove(path);
  host.fs.mkdir(path, 0o700);
  remember(host);
  expect(tryNoOp(host, ["x"])).toEqual(hit);
});

test("a cache that cannot be written costs the note, not the build", () => {
  const host = made();
  host.fs.remove("/home/u/.cache/retorch");
  host.fs.writeAtomic("/home/u/.cache/retorch", "a file");
  expect(() => remember(host)).not.toThrow();
});

test("notes do not pile up", () => {
  const host = made();
  for (let i = 0; i < 1000; i++) {
    host.tick(1);
    remember(host, [String(i)]);
  }
  expect(host.fs.list(folder)?.length).toBeLessThanOrEqual(400);
  expect(tryNoOp(host, ["999"])).toEqual(hit);
  expect(tryNoOp(host, ["0"])).toBeUndefined();
});
