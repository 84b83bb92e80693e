/** What a diagnosis advises, for those who did not type `retorch build`. */
import { describe, expect, test } from "vitest";
import { adviceFor, askerOf, type Asker } from "../../../src/build/advice.ts";

function advice(asker: Asker, ...fix: string[]): readonly string[] {
  return adviceFor(fix, { asker, buildDir: "/cache/my ops/.retorch", platform: "linux" });
}

describe("advice", () => {
  test("stays as it is at the command line", () => {
    expect(advice("command-line", "retorch build -j 1   # why")).toEqual(["retorch build -j 1   # why"]);
  });

  test.for<[isSetup: boolean, line: string, expected: string[]]>([
    [false, '# retorch.toml: libraries = ["z"] (setup.py: libraries=["z"])', ['# retorch.toml: libraries = ["z"]']],
    [true, '# retorch.toml: libraries = ["z"] (setup.py: libraries=["z"])', ['# setup.py: libraries=["z"]']],
    [
      false,
      "# remove -x from extra_compile_args (setup.py), CFLAGS",
      ["# remove -x from cxx-flags (retorch.toml), CFLAGS"],
    ],
    [false, "# with setup.py alone: rm -rf build", []],
    [true, "# with setup.py alone: rm -rf build", ["rm -rf build"]],
    [false, "retorch build --force", ["retorch build --force"]],
  ])("speaks of the kind of project that is there: setup.py %s, %s", ([isSetup, line, expected]) => {
    expect(adviceFor([line], { asker: "command-line", isSetup, buildDir: undefined, platform: "linux" })).toEqual(
      expected,
    );
  });

  test("looks into no file of another builder where `retorch.toml` builds, and repeats what was typed", () => {
    const fix = [
      '# cxx-standard = "17" in retorch.toml',
      "grep -rnE 'std=c' setup.py CMakeLists.txt pyproject.toml",
      "sed -i s/14/17/ CMakeLists.txt",
      "CC=gcc-11 retorch build --force -j 1   # why",
      "retorch build ops.cpp",
    ];
    const typed = ["build", "my ops", "--force", "--python", "/opt/p/bin/python"];
    const context = { asker: "command-line", isSetup: false, buildDir: undefined, platform: "linux", typed } as const;
    expect(adviceFor(fix, context)).toEqual([
      '# cxx-standard = "17" in retorch.toml',
      "CC=gcc-11 retorch build 'my ops' --force --python /opt/p/bin/python -j 1   # why",
      "retorch build ops.cpp",
    ]);
    expect(adviceFor(fix, { ...context, isSetup: true })).toContain("sed -i s/14/17/ CMakeLists.txt");
  });

  test.for<[string, string[]]>([
    ["retorch build -j 1   # one at a time", ["export MAX_JOBS=1   # one at a time"]],
    ["retorch build -v   # shows the whole command", ["# call it with verbose=True: shows the whole command"]],
    [
      "retorch build --force   # all objects anew",
      ['rm -rf "/cache/my ops/.retorch"', "# run the program again: all objects anew"],
    ],
    ["retorch build   # finds headers", ["# run the program again: finds headers"]],
    [
      "CC=gcc-11 CXX=g++-11 retorch build --force",
      ["export CC=gcc-11", "export CXX=g++-11", 'rm -rf "/cache/my ops/.retorch"', "# run the program again"],
    ],
    ["MAX_JOBS=1 retorch build -v", ["export MAX_JOBS=1", "# call it with verbose=True"]],
    ["retorch build --python PYTHON", ["retorch build --python PYTHON"]],
    ["apt-get install g++", ["apt-get install g++"]],
    ["# retorch build -j 1 is for others", ["# retorch build -j 1 is for others"]],
  ])("of a load(): %s", ([line, expected]) => {
    expect(advice("load", line)).toEqual(expected);
  });

  test("of a setup.py below `retorch run`", () => {
    expect(advice("setuptools", "retorch build -v   # shows the command")).toEqual([]);
    expect(advice("setuptools", "retorch build")).toEqual(["# run the same command again"]);
  });

  test("names the parameters of load() where it names keys of retorch.toml", () => {
    const line = '# retorch.toml: library-dirs = ["x"], libraries = ["y"]';
    expect(advice("load", line)).toEqual([
      line,
      '# with load(): libraries is extra_ldflags=["-l…"], library-dirs is extra_ldflags=["-L…"]',
    ]);
    expect(advice("setuptools", line)).toEqual([line]);
  });

  test("says nothing twice", () => {
    const fix = ["export MAX_JOBS=1   # then as many as fit", "export NVCC_THREADS=1", "retorch build -j 1"];
    expect(advice("load", ...fix)).toEqual(fix.slice(0, 2));
  });

  test("on Windows", () => {
    const context = { asker: "load", buildDir: "C:\\cache\\ops", platform: "win32" } as const;
    expect(adviceFor(["retorch build -j 1", "retorch build --force"], context)).toEqual([
      "set MAX_JOBS=1",
      "rmdir /s /q C:\\cache\\ops",
      "# run the program again",
    ]);
  });

  test("who asked stands in the request", () => {
    expect(askerOf(undefined)).toBe("command-line");
    const request = (origin: string): { text: string } => ({ text: JSON.stringify({ extensions: [{ origin }] }) });
    expect(["load", "load_inline", "setup.py"].map((origin) => askerOf(request(origin)))).toEqual([
      "load",
      "load",
      "setuptools",
    ]);
  });
});
