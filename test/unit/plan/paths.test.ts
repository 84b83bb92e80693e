/** Names of files: spelling in commands, objects that never collide. */
import fc from "fast-check";
import { posix, win32 } from "node:path";
import { describe, expect, test } from "vitest";
import {
  actionId,
  builtPath,
  displayed,
  isInside,
  objectPath,
  pathArg,
  type Places,
  spelled,
  toolWords,
} from "../../../src/plan/paths.ts";
import { argText } from "../../../src/plan/graph.ts";
import { exampleTool } from "../../support/plan-fixtures.ts";

const here: Places = { platform: "linux", path: posix, root: "/home/ada/ops", buildDir: "/home/ada/ops/.retorch" };
const windows: Places = {
  platform: "win32",
  path: win32,
  root: String.raw`C:\ada\ops`,
  buildDir: String.raw`C:\ada\ops\.retorch`,
};

describe("spelling", () => {
  test.each([
    ["/home/ada/ops/csrc/a.cpp", "csrc/a.cpp"],
    ["/home/ada/ops", "."],
    ["/home/ada/ops/-x.cpp", "./-x.cpp"],
    ["/home/ada/ops/@x.cpp", "./@x.cpp"],
    ["/home/ada/ops/=inc", "./=inc"],
    ["/home/ada/ops/$SYSROOT/inc", "./$SYSROOT/inc"],
    ["/home/ada/ops/..a/x.cpp", "..a/x.cpp"],
    ["/home/ada/other/x.cpp", "/home/ada/other/x.cpp"],
    ["/home/ada/ops2/x.cpp", "/home/ada/ops2/x.cpp"],
  ])("%s is %s", (file, expected) => {
    expect(spelled(here, file)).toBe(expected);
  });

  test("Windows: relative inside, absolute elsewhere and on other drives", () => {
    expect(spelled(windows, String.raw`C:\ada\ops\csrc\a.cpp`)).toBe(String.raw`csrc\a.cpp`);
    expect(spelled(windows, String.raw`D:\gen\a.cpp`)).toBe(String.raw`D:\gen\a.cpp`);
    expect(displayed(windows, String.raw`C:\ada\ops\csrc\a.cpp`)).toBe("csrc/a.cpp");
  });

  test("words keep their prefix and role", () => {
    const arg = pathArg(here, "/home/ada/ops/inc", { prefix: "-I", role: "search" });
    expect(arg).toEqual({ prefix: "-I", role: "search", path: "inc" });
    expect(argText(arg)).toBe("-Iinc");
  });

  test("a tool is its launchers, itself, and what belongs to it", () => {
    const tool = { ...exampleTool("g++", "/usr/bin/g++", "12"), launcher: ["/usr/bin/ccache"], arguments: ["-m64"] };
    expect(toolWords(tool)).toEqual(["/usr/bin/ccache", { path: "/usr/bin/g++", role: "tool" }, "-m64"]);
  });
});

describe("objects", () => {
  const object = (file: string): string => posix.relative(here.buildDir, objectPath(here, "ops", file, ".o"));

  test.each([
    ["/home/ada/ops/a/x.cpp", "obj/ops/a/x.cpp.o"],
    ["/home/ada/ops/b/x.cpp", "obj/ops/b/x.cpp.o"],
    ["/home/ada/ops/b/x.cu", "obj/ops/b/x.cu.o"],
    ["/home/ada/gen/x.cpp", "obj/ops/__/gen/x.cpp.o"],
    ["/home/ada/ops/__/gen/x.cpp", "obj/ops/___/gen/x.cpp.o"],
    ["/tmp/x.cpp", "obj/ops/__/__/__/tmp/x.cpp.o"],
    ["/home/ada/ops/__init/x.cpp", "obj/ops/___init/x.cpp.o"],
    ["/home/ada/ops/$a/x.cpp", "obj/ops/~24a/x.cpp.o"],
    ["/home/ada/ops/~24a/x.cpp", "obj/ops/~7e24a/x.cpp.o"],
  ])("of %s: %s", (file, expected) => {
    expect(object(file)).toBe(expected);
  });

  test("two sources never share one", () => {
    const part = fc.constantFrom("a", "b", "..", "__", "___", "__drive_C", "$", "~24", "~", "x.cpp", "x.cu");
    const file = fc
      .array(part, { minLength: 1, maxLength: 5 })
      .map((parts) => posix.resolve(here.root, parts.join("/")));
    fc.assert(
      fc.property(file, file, (a, b) => {
        fc.pre(a !== b && a !== here.root && b !== here.root);
        expect(object(a)).not.toBe(object(b));
      }),
      { numRuns: 2000 },
    );
  });

  test("Windows: other drives have a folder of their own", () => {
    expect(objectPath(windows, "ops", String.raw`D:\gen\x.cpp`, ".obj")).toBe(
      String.raw`C:\ada\ops\.retorch\obj\ops\__drive_D\gen\x.cpp.obj`,
    );
    expect(objectPath(windows, "ops", String.raw`C:\ada\ops\csrc\x.cpp`, ".obj")).toBe(
      String.raw`C:\ada\ops\.retorch\obj\ops\csrc\x.cpp.obj`,
    );
  });

  test("identities have slashes on every platform", () => {
    expect(actionId(here, objectPath(here, "ops", "/home/ada/ops/a/x.cpp", ".o"))).toBe("ops/a/x.cpp.o");
    expect(actionId(windows, objectPath(windows, "ops", String.raw`C:\ada\ops\a\x.cpp`, ".obj"))).toBe(
      "ops/a/x.cpp.obj",
    );
    expect(actionId(here, builtPath(here, "ops", "ops.so"))).toBe("ops/ops.so");
  });
});

test("inside", () => {
  expect(isInside(posix, "/a/b", "/a/b")).toBe(true);
  expect(isInside(posix, "/a/b", "/a/b/c")).toBe(true);
  expect(isInside(posix, "/a/b", "/a/bc")).toBe(false);
  expect(isInside(posix, "/a/b", "/a")).toBe(false);
  expect(isInside(win32, String.raw`C:\a`, String.raw`D:\a`)).toBe(false);
});
