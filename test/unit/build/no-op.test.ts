/** The note by which a build with nothing to do is answered: believed only where nobody else could write it, and bounded. */
import { describe, expect, test } from "vitest";
import { rememberNoOp, tryNoOp } from "../../../src/build/no-op.ts";
import { askedVariables, hostNotingVariables, hostWithVariables, noteVariables } from "../../../src/host/variables.ts";
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
  ["the note is something else", (host) => host.fs.writeAtomic(note(host), "{}\n[]")],
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

test("the youngest file is looked at first: what changed since the last build is mostly that", () => {
  const host = made();
  host.tick(1000);
  host.fs.writeAtomic("/p/a.so", "");
  const files = ["/p/inc/h.h", "/p/a.cpp", "/p/a.so"].map((path) => {
    const stat = host.fs.stat(path);
    if (stat === undefined) throw new Error(`no ${path}`);
    return [path, stat] as const;
  });
  rememberNoOp(host, ["x"], { files, there: [], absent: [], listed: [] }, hit);
  host.tick(1000);
  host.fs.writeAtomic("/p/a.so", "new");
  const before = host.stats.length;
  expect(tryNoOp(host, ["x"])).toBeUndefined();
  expect(host.stats.slice(before).filter((path) => path.startsWith("/p/"))).toEqual(["/p/a.so"]);
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

describe("variables", () => {
  /** A build that asks for variables by name. */
  function building(host: FakeHost, asks: readonly string[]): void {
    const noting = hostNotingVariables(host);
    for (const name of asks) void noting.host.env[name];
    const stat = host.fs.stat("/p/a.cpp");
    if (stat === undefined) throw new Error("no source");
    rememberNoOp(noting.host, ["x"], { files: [["/p/a.cpp", stat]], there: [], absent: [], listed: [] }, hit);
  }

  test("count when they were asked for, and not otherwise", () => {
    const host = made();
    host.env["CPATH"] = "/x";
    building(host, ["CPATH", "CUDA_HOME"]);
    host.env["JOB_NUMBER"] = "5";
    expect(tryNoOp(host, ["x"])).toEqual(hit);
    host.env["CUDA_HOME"] = "/y";
    expect(tryNoOp(host, ["x"])).toBeUndefined();
    delete host.env["CUDA_HOME"];
    expect(tryNoOp(host, ["x"])).toEqual(hit);
    host.env["CPATH"] = "/z";
    expect(tryNoOp(host, ["x"])).toBeUndefined();
    delete host.env["CPATH"];
    expect(tryNoOp(host, ["x"])).toBeUndefined();
  });

  test("several values are remembered side by side, also where one leads to further questions", () => {
    const host = made();
    host.env["MODE"] = "a";
    building(host, ["MODE"]);
    host.env["MODE"] = "b";
    building(host, ["MODE", "MORE"]);
    expect(tryNoOp(host, ["x"])).toEqual(hit);
    host.env["MODE"] = "a";
    building(host, ["MODE"]);
    expect(tryNoOp(host, ["x"])).toEqual(hit);
    host.env["MODE"] = "b";
    expect(tryNoOp(host, ["x"])).toEqual(hit);
    host.env["MORE"] = "1";
    expect(tryNoOp(host, ["x"])).toBeUndefined();
  });

  test("all count when a script looked at all, but for those of the session", () => {
    const host = made();
    const noting = hostNotingVariables(host);
    noteVariables(noting.host, undefined);
    remember(noting.host as FakeHost);
    host.env["COLUMNS"] = "80";
    expect(tryNoOp(host, ["x"])).toEqual(hit);
    host.env["JOB_NUMBER"] = "5";
    expect(tryNoOp(host, ["x"])).toBeUndefined();
  });

  test("those of a host with variables set are asked of the host below", () => {
    const host = made();
    const noting = hostNotingVariables(host);
    const other = hostWithVariables(noting.host, { CPATH: "/set", GONE: undefined });
    expect([other.env["CPATH"], other.env["CUDA_HOME"], "GONE" in other.env]).toEqual(["/set", undefined, true]);
    const copy: Record<string, string | undefined> = { ...other.env, MORE: "1" };
    expect(copy["CPATH"]).toBe("/set");
    expect(askedVariables(other)).toEqual(["CUDA_HOME"]);
  });
});

test("a flipped bit in the note shows", () => {
  const host = made();
  remember(host);
  for (const name of host.fs.list(folder) ?? []) {
    const path = `${folder}/${name}`;
    const bytes = Uint8Array.from(host.fs.readBytes(path) ?? []);
    bytes[30] = (bytes[30] ?? 0) ^ 1;
    host.fs.writeAtomic(path, bytes, 0o600);
  }
  expect(tryNoOp(host, ["x"])).toBeUndefined();
});

test("a name that another request has by chance is no answer", () => {
  const host = made();
  remember(host);
  const [first = "", second = ""] = (host.fs.list(folder) ?? []).map((name) => `${folder}/${name}`);
  const text = host.fs.readBytes(first) ?? new Uint8Array();
  host.fs.writeAtomic(second, text, 0o600);
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
