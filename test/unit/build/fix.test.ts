import { describe, expect, it } from "vitest";
import { failure } from "../../../src/base/failure.ts";
import { linkWithHole } from "../../../src/build/diagnose-failure.ts";
import { compilerInstead, withVariables } from "../../../src/build/fix.ts";
import { safeChanges, type SafeChange } from "../../../src/build/safe-change.ts";
import type { Extension } from "../../../src/config/extension.ts";
import type { ConfigChange } from "../../../src/diagnose/change.ts";
import type { Diagnosis } from "../../../src/diagnose/diagnose.ts";
import type { Environment } from "../../../src/environment/environment.ts";
import type { Action } from "../../../src/plan/graph.ts";
import { FakeHost } from "../../support/fake-host.ts";
import { extension, linuxCpu, linuxCuda, projectRoot } from "../../support/plan-fixtures.ts";
import { action } from "../report/fixtures.ts";

describe("a host compiler that CUDA does not take", () => {
  const refused = failure("COMPILER_TOO_NEW", "too new", { remedy: { CC: "/usr/bin/g++-12" } });

  it("gives way to an installed one, once", () => {
    expect(compilerInstead(new FakeHost(), refused)).toMatchObject({
      variables: { CC: "/usr/bin/g++-12" },
      change: { change: "CC=/usr/bin/g++-12", keep: "export CC=/usr/bin/g++-12", diff: [] },
    });
    expect(compilerInstead(new FakeHost({ env: { CC: "/usr/bin/g++-12" } }), refused)).toBeUndefined();
    expect(compilerInstead(new FakeHost(), failure("COMPILER_TOO_NEW", "too new"))).toBeUndefined();
  });
});

describe("an import that finds a hole", () => {
  const link = { ...action("link", "ops.so", "ops"), kind: "link", outputs: [".retorch/out/ops/ops.so"] } as const;

  it("is of the link that made the module, and of no other library", () => {
    expect(linkWithHole([link], "ImportError: /p/ops.so: undefined symbol: zlibVersion")).toBe(link);
    expect(linkWithHole([link, link], "ImportError: /p/ops.so: undefined symbol: zlibVersion")).toBeUndefined();
    expect(linkWithHole([link], "ImportError: /p/lib/libx.so: undefined symbol: zlibVersion")).toBeUndefined();
    expect(linkWithHole([link], "ImportError: /p/ops.so: cannot open shared object file")).toBeUndefined();
  });
});

interface Case {
  readonly change: ConfigChange;
  readonly confidence?: Diagnosis["confidence"];
  readonly extension?: Extension;
  readonly environment?: Environment;
  readonly action?: Partial<Action>;
  readonly files?: Readonly<Record<string, string>>;
}

function changesOf(test: Case): SafeChange[] {
  const host = new FakeHost({ cwd: projectRoot, files: { [`${projectRoot}/a.cpp`]: "", ...test.files } });
  const found: Diagnosis = {
    id: "x",
    title: "X",
    cause: "c",
    fix: [],
    evidence: { line: 1, text: "" },
    confidence: test.confidence ?? "high",
    docs: "d",
    role: "cause",
    change: test.change,
  };
  return safeChanges(
    host,
    {
      project: { root: projectRoot, extensions: [test.extension ?? extension()], witnesses: [] },
      environment: test.environment ?? linuxCpu,
    },
    [{ action: { ...action("compile", "a.cpp", "ops"), ...test.action }, diagnoses: [found] }],
  );
}

const words = (test: Case): string[] => changesOf(test).map(({ change }) => change);

describe("safeChanges", () => {
  const header = { [`${projectRoot}/third_party/inc/foo.h`]: "" };

  it("adds an include folder that is there", () => {
    const change = { kind: "add-include-dir", dir: "third_party/inc" } as const;
    expect(changesOf({ change, files: header })).toEqual([
      {
        extension: "ops",
        diagnosis: "x",
        change: 'include-dirs += "third_party/inc"',
        how: {
          kind: "settings",
          edits: [{ kind: "append", key: "include-dirs", values: ["third_party/inc"] }],
          request: { includeDirs: [`${projectRoot}/third_party/inc`] },
          option: "-I third_party/inc",
        },
      },
    ]);
    expect(words({ change })).toEqual([]);
    expect(
      words({ change, files: header, extension: extension({ includeDirs: [`${projectRoot}/third_party/inc`] }) }),
    ).toEqual([]);
  });

  it("does nothing on a guess", () => {
    expect(
      words({ change: { kind: "add-include-dir", dir: "third_party/inc" }, files: header, confidence: "low" }),
    ).toEqual([]);
    expect(words({ change: { kind: "remove-flag", flag: "-Werror" } })).toEqual([]);
    expect(words({ change: { kind: "add-flag", tool: "cxx", flag: "-fpermissive" } })).toEqual([]);
  });

  it("adds a library that is installed, with its folder where that is not searched", () => {
    const link = { kind: "link" } as const;
    const change = { kind: "add-library", library: "foo" } as const;
    expect(words({ change, action: link })).toEqual([]);
    expect(words({ change, action: link, files: { "/usr/lib/libfoo.so": "" } })).toEqual(['libraries += "foo"']);
    expect(words({ change, action: link, files: { [`${projectRoot}/lib/libfoo.a`]: "" } })).toEqual([
      'libraries += "foo", library-dirs += "lib"',
    ]);
    // Which of two is meant, only people know.
    const two = { [`${projectRoot}/lib/libfoo.a`]: "", [`${projectRoot}/old/libfoo.a`]: "" };
    expect(words({ change, action: link, files: two })).toEqual([]);
    expect(words({ change, files: { "/usr/lib/libfoo.so": "" } })).toEqual([]);
    expect(
      words({
        change,
        action: link,
        files: { "/usr/lib/libfoo.so": "" },
        extension: extension({ libraries: ["foo"] }),
      }),
    ).toEqual([]);
  });

  it("sets the standard that torch needs, where the older one is asked for", () => {
    const change = { kind: "set-cxx-standard", standard: "17" } as const;
    const older = { command: ["g++", "-std=c++14", "-c", "a.cpp"] };
    expect(changesOf({ change, action: older })[0]?.how).toMatchObject({
      edits: [{ kind: "set", key: "cxx-standard", value: "20" }],
      option: "--std 20",
    });
    const flagged = extension({ flags: { cxx: ["-O2", "-std=c++14"] } });
    expect(changesOf({ change, action: older, extension: flagged })[0]?.how).toMatchObject({
      edits: [{ kind: "replace", key: "cxx-flags", from: "-std=c++14", to: "-std=c++20" }],
    });
    expect(words({ change, action: { command: ["g++", "-std=c++20"] } })).toEqual([]);
  });

  it("takes another host compiler for this build, CC for nvcc", () => {
    const change = { kind: "set-host-compiler", path: "/usr/bin/g++-13" } as const;
    const files = { "/usr/bin/g++-13": "", "/usr/bin/g++-9": "" };
    expect(changesOf({ change, files })[0]?.how).toEqual({ kind: "variables", variables: { CXX: "/usr/bin/g++-13" } });
    expect(words({ change })).toEqual([]);
    // Too old for what torch needs.
    expect(words({ change: { kind: "set-host-compiler", path: "/usr/bin/g++-9" }, files })).toEqual([]);
    const cuda = linuxCuda.cuda;
    if (cuda === undefined) throw new Error("the example has no CUDA");
    const bounded = (gccNewest: number): Environment => ({
      ...linuxCuda,
      cuda: { ...cuda, hostCompilers: { source: "table", gccNewest } },
    });
    const nvcc = { kind: "compile-cuda" } as const;
    expect(words({ change, files, action: nvcc, environment: bounded(13) })).toEqual(["CC=/usr/bin/g++-13"]);
    expect(words({ change, files, action: nvcc, environment: bounded(12) })).toEqual([]);
  });
});

describe("withVariables", () => {
  it("is the same machine with other variables", async () => {
    const host = new FakeHost({ env: { CXX: "g++", A: "1" }, files: { "/a": "text" } });
    const other = withVariables(host, { CXX: "g++-13" });
    expect(other.env).toEqual({ CXX: "g++-13", A: "1" });
    expect(host.env["CXX"]).toBe("g++");
    expect([other.cwd, other.memory(), other.fs.readText("/a")]).toEqual([host.cwd, host.memory(), "text"]);
    expect(withVariables(Object.freeze({ ...host }) as unknown as FakeHost, { A: "2" }).env["A"]).toBe("2");
    await other.sleep(5);
    expect(other.monotonic()).toBe(5);
  });
});
