import { posix, win32 } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type GlobCompiler,
  type WalkRules,
  expandBraces,
  expandGlob,
  isPattern,
  loadGlobCompiler,
  matchesGlob,
  walkFolder,
} from "../../../src/config/glob.ts";
import { bareWalkRules, patternWalkRules } from "../../../src/config/walk-rules.ts";
import type { FakeHost } from "../../support/fake-host.ts";
import { type Files, hostWith } from "./helpers.ts";

const compile: GlobCompiler = await loadGlobCompiler(posix);
const rules = patternWalkRules(posix, "/project");

function files(...names: string[]): Files {
  return Object.fromEntries(names.map((name) => [name, ""]));
}

function expand(host: FakeHost, pattern: string, walkRules: WalkRules = rules): string[] {
  return expandGlob(host.fs, posix, compile("/project", pattern), walkRules).files.map((path) =>
    path.replace(/^\/project\//, ""),
  );
}

describe("patterns", () => {
  const host = hostWith(
    files(
      "a.cpp",
      "b.cpp",
      "b.cu",
      ".hidden.cpp",
      "csrc/x.cpp",
      "csrc/x1.cu",
      "csrc/x2.cu",
      "csrc/xx.cu",
      "csrc/deep/y.cpp",
      "csrc/deep/er/z.cpp",
      "csrc/Ünï çode/k.cpp",
      "csrc/a$b/q'uo\"te.cpp",
      "csrc/(copy)/x+1.cpp",
      "csrc/[odd]/o.cpp",
      "csrc/{brace}/p.cpp",
      "gen/out.cpp",
    ),
  );

  test.each<[string, string[]]>([
    ["*.cpp", ["a.cpp", "b.cpp"]],
    ["./*.cpp", ["a.cpp", "b.cpp"]],
    ["*.{cpp,cu}", ["a.cpp", "b.cpp", "b.cu"]],
    ["{a,csrc/x}.cpp", ["a.cpp", "csrc/x.cpp"]],
    ["{b,{a,c}}.cpp", ["a.cpp", "b.cpp"]],
    ["[ab].cpp", ["a.cpp", "b.cpp"]],
    ["[!a].cpp", ["b.cpp"]],
    ["[^a].cpp", ["b.cpp"]],
    ["[a-a].cpp", ["a.cpp"]],
    ["?.cu", ["b.cu"]],
    ["csrc/x?.cu", ["csrc/x1.cu", "csrc/x2.cu", "csrc/xx.cu"]],
    ["csrc/x[0-9].cu", ["csrc/x1.cu", "csrc/x2.cu"]],
    ["csrc/x[[:digit:]].cu", ["csrc/x1.cu", "csrc/x2.cu"]],
    ["csrc/deep/**/*.cpp", ["csrc/deep/er/z.cpp", "csrc/deep/y.cpp"]],
    ["csrc/**/z.cpp", ["csrc/deep/er/z.cpp"]],
    ["csrc/**/er/*.cpp", ["csrc/deep/er/z.cpp"]],
    ["csrc/deep/**", ["csrc/deep/er/z.cpp", "csrc/deep/y.cpp"]],
    ["**/deep/*.cpp", ["csrc/deep/y.cpp"]],
    ["*/x.cpp", ["csrc/x.cpp"]],
    ["csrc/**.cu", ["csrc/x1.cu", "csrc/x2.cu", "csrc/xx.cu"]],
    ["csrc/../gen/*.cpp", ["gen/out.cpp"]],
    ["/project/gen/*.cpp", ["gen/out.cpp"]],
    ["../project/gen/*.cpp", ["gen/out.cpp"]],
    [".*.cpp", [".hidden.cpp"]],
    ["csrc/Ünï*/*.cpp", ["csrc/Ünï çode/k.cpp"]],
    ["csrc/Ün? çode/*.cpp", ["csrc/Ünï çode/k.cpp"]],
    ["csrc/a$b/*.cpp", ["csrc/a$b/q'uo\"te.cpp"]],
    ["csrc/*/q'uo\"t?.cpp", ["csrc/a$b/q'uo\"te.cpp"]],
    ["csrc/(copy)/*+1.cpp", ["csrc/(copy)/x+1.cpp"]],
    ["csrc/*(copy)/*.cpp", ["csrc/(copy)/x+1.cpp"]],
    ["csrc/\\[odd\\]/*.cpp", ["csrc/[odd]/o.cpp"]],
    ["csrc/{brace}/*.cpp", ["csrc/{brace}/p.cpp"]],
    ["csrc/\\{brace\\}/*.cpp", ["csrc/{brace}/p.cpp"]],
    ["csrc/[x*.cpp", []],
    ["nowhere/*.cpp", []],
    ["*.cxx", []],
    ["CSRC/*.cpp", []],
  ])("%s", (pattern, found) => {
    expect(expand(host, pattern)).toEqual(found);
  });

  test("results are sorted by code unit, not by folder or language", () => {
    const mixed = hostWith(files("b.cpp", "B.cpp", "a/z.cpp", "a.cpp", "ä.cpp", "a-b.cpp"));
    expect(expand(mixed, "**/*.cpp")).toEqual(["B.cpp", "a-b.cpp", "a.cpp", "a/z.cpp", "b.cpp", "ä.cpp"]);
  });

  test("a plain path and a pattern are told apart", () => {
    expect(["a.cpp", "a b/(c).cpp", "a$b.cpp"].map(isPattern)).toEqual([false, false, false]);
    expect(["*.cpp", "a?.cpp", "[a].cpp", "{a,b}.cpp"].map(isPattern)).toEqual([true, true, true, true]);
  });

  test("braces", () => {
    expect(expandBraces("a{b,c{d,e}}f{g,}")).toEqual(["abfg", "abf", "acdfg", "acdf", "acefg", "acef"]);
    expect(expandBraces("a{b}c")).toEqual(["a{b}c"]);
    expect(expandBraces("a\\{b,c}")).toEqual(["a\\{b,c}"]);
    expect(expandBraces("a{b,c")).toEqual(["a{b,c"]);
  });
});

describe("what is left alone", () => {
  const host = hostWith(
    files(
      "a.cpp",
      ".retorch/out/gen.cpp",
      ".git/x.cpp",
      "build/lib/b.cpp",
      "csrc/build/c.cpp",
      "dist/d.cpp",
      "node_modules/m/n.cpp",
      "csrc/.cache/e.cpp",
      "py/pyvenv.cfg",
      "py/lib/f.cpp",
      "out/CMakeCache.txt",
      "out/CompilerIdCXX.cpp",
      "pkg.egg-info/g.cpp",
      "tests/t.cpp",
    ),
  );

  test("hidden folders, build output, environments are not searched", () => {
    expect(expand(host, "**/*.cpp")).toEqual(["a.cpp", "csrc/build/c.cpp", "tests/t.cpp"]);
    expect(expand(host, "*/*.cpp")).toEqual(["tests/t.cpp"]);
  });

  test("unless the pattern names them", () => {
    expect(expand(host, ".retorch/**/*.cpp")).toEqual([".retorch/out/gen.cpp"]);
    expect(expand(host, "**/.cache/*.cpp")).toEqual(["csrc/.cache/e.cpp"]);
    expect(expand(host, "build/**/*.cpp")).toEqual(["build/lib/b.cpp"]);
    expect(expand(host, "{build,dist}/**/*.cpp")).toEqual(["build/lib/b.cpp", "dist/d.cpp"]);
    expect(expand(host, "py/lib/*.cpp")).toEqual(["py/lib/f.cpp"]);
    expect(expand(host, "out/*.cpp")).toEqual(["out/CompilerIdCXX.cpp"]);
    expect(expand(host, ".*/*.cpp")).toEqual([".git/x.cpp"]);
  });

  test("a walk without a pattern leaves tests and other repositories alone too", () => {
    const repository = hostWith(
      files(
        "a.cpp",
        "sub/b.cpp",
        "sub/.git/HEAD",
        "other/retorch.toml",
        "other/c.cpp",
        "deep/build/d.cpp",
        "test_x/e.cpp",
      ),
    );
    const found = walkFolder(repository.fs, posix, "/project", bareWalkRules).files.filter((one) =>
      one.endsWith(".cpp"),
    );
    expect(found).toEqual(["/project/a.cpp"]);
  });
});

describe("the walk", () => {
  test("reads only folders that can matter, and says which", () => {
    const host = hostWith(files("a.cpp", "csrc/b.cpp", "csrc/deep/c.cpp", "other/d.cpp"));
    const { listed } = expandGlob(host.fs, posix, compile("/project", "csrc/*.cpp"), rules);
    expect([...listed]).toEqual([["/project/csrc", ["b.cpp", "deep"]]]);
    expect(host.lists).toEqual(["/project/csrc"]);
  });

  test("says of a missing folder that it was empty", () => {
    const host = hostWith(files("a.cpp"));
    const { listed } = expandGlob(host.fs, posix, compile("/project", "gen/*.cpp"), rules);
    expect([...listed]).toEqual([["/project/gen", []]]);
  });

  test("follows a link to a folder once and finds files under their real name", () => {
    const host = hostWith(files("src/a.cpp", "/elsewhere/b.cpp"));
    host.fs.symlink("src", "/project/alias");
    host.fs.symlink("/elsewhere", "/project/linked");
    host.fs.symlink("..", "/project/src/loop");
    host.fs.symlink("/nowhere", "/project/broken");
    host.fs.symlink("a.cpp", "/project/src/same.cpp");
    expect(expand(host, "**/*.cpp")).toEqual(["linked/b.cpp", "src/a.cpp", "src/same.cpp"]);
    expect(expand(host, "alias/*.cpp")).toEqual(["alias/a.cpp", "alias/same.cpp"]);
  });

  test("two links to each other end", () => {
    const host = hostWith(files("a/x.cpp", "b/y.cpp"));
    host.fs.symlink("../b", "/project/a/b");
    host.fs.symlink("../a", "/project/b/a");
    expect(expand(host, "a/**/*.cpp")).toEqual(["a/b/y.cpp", "a/x.cpp"]);
  });

  test("a folder with the name of a source is no source", () => {
    const host = hostWith(files("odd.cpp/inside.txt", "a.cpp"));
    expect(expand(host, "*.cpp")).toEqual(["a.cpp"]);
  });
});

describe("on Windows", () => {
  test("both slashes separate, results have the platform's", async () => {
    const windows = await loadGlobCompiler(win32);
    const host = hostWith(files("csrc/a.cpp", "csrc/deep/b.cpp"), { platform: "win32" });
    for (const pattern of ["csrc\\**\\*.cpp", "csrc/**/*.cpp", "C:/project/csrc/**/*.cpp"]) {
      const glob = windows("C:\\project", pattern);
      expect(expandGlob(host.fs, win32, glob, rules).files).toEqual([
        "C:\\project\\csrc\\a.cpp",
        "C:\\project\\csrc\\deep\\b.cpp",
      ]);
    }
  });
});

describe("matching without a disk", () => {
  test.each<[string, string, boolean, boolean]>([
    ["csrc/*.cpp", "/project/csrc/a.cpp", true, true],
    ["csrc/*.cpp", "/project/csrc/x/a.cpp", false, false],
    ["csrc", "/project/csrc/x/a.cpp", false, true],
    ["csrc/**", "/project/csrc/x/a.cpp", true, true],
    ["**/a.cpp", "/project/.hidden/a.cpp", true, true],
    ["../shared/*.cu", "/shared/k.cu", true, true],
    ["csrc/a.cpp", "/project/csrc/a.cpp", true, true],
    ["csrc/a", "/project/csrc/a.cpp", false, false],
  ])("%s and %s", (pattern, path, exactly, inside) => {
    const glob = compile("/project", pattern);
    expect(matchesGlob(posix, glob, path, false)).toBe(exactly);
    expect(matchesGlob(posix, glob, path, true)).toBe(inside);
  });

  test("what a walk finds is what the pattern matches", () => {
    const name = fc.constantFrom("a", "b", "ab", "x.cpp", "y.cpp");
    const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"));
    const part = fc.constantFrom("a", "*", "**", "?", "a*", "*.cpp", "{a,b}", "[ab]", "x.cpp");
    const pattern = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"));
    fc.assert(
      fc.property(fc.uniqueArray(path, { maxLength: 12 }), pattern, (paths, text) => {
        const host = hostWith({});
        const kept = paths.filter((one) => {
          try {
            host.write(`/project/${one}`, "");
            return true;
          } catch {
            return false;
          }
        });
        const glob = compile("/project", text);
        const wanted = kept.filter((one) => matchesGlob(posix, glob, `/project/${one}`, false));
        expect(expand(host, text)).toEqual(wanted.sort());
      }),
      { numRuns: 200 },
    );
  });
});
