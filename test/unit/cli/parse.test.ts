import { describe, expect, it } from "vitest";
import { parseCommand } from "../../../src/cli/parse.ts";
import { defineCommand, type AnyCommand } from "../../../src/cli/spec.ts";
import { commands } from "../../../src/cli/table.ts";

function commandNamed(name: string): AnyCommand {
  const command = commands.find((one) => one.name === name);
  if (command === undefined) throw new Error(name);
  return command;
}

const build = commandNamed("build");

function parse(words: readonly string[], env: Record<string, string> = {}, command = build): Record<string, unknown> {
  const result = parseCommand(command, words, env);
  if (!result.ok) throw new Error(result.error.message);
  const given = Object.entries(result.value.options as Record<string, unknown>).filter(
    ([, value]) => value !== false && value !== undefined && !(Array.isArray(value) && value.length === 0),
  );
  return { ...Object.fromEntries(given), operands: result.value.operands };
}

function refuse(words: readonly string[], env: Record<string, string> = {}, command = build): string {
  const result = parseCommand(command, words, env);
  if (result.ok) throw new Error(`taken: ${JSON.stringify(result.value)}`);
  expect(result.error.code).toBe("USAGE");
  return [result.error.message, result.error.hint].filter((text) => text !== undefined).join(" | ");
}

describe("parseCommand", () => {
  it.each([
    [["-j4"], { jobs: 4 }],
    [["-j", "4"], { jobs: 4 }],
    [["--jobs", "4"], { jobs: 4 }],
    [["--jobs=4"], { jobs: 4 }],
    [["-j2", "--jobs=8"], { jobs: 8 }],
    [["-vkj4"], { verbose: true, "keep-going": true, jobs: 4 }],
    [["-kj", "4"], { "keep-going": true, jobs: 4 }],
    [["-DX=1", "-D", "Y", "--define=Z=a=b"], { define: ["X=1", "Y", "Z=a=b"] }],
    [
      ["-Iinclude", "-lcurand", "-L/opt/lib", "-UNDEBUG"],
      { "include-dir": ["include"], library: ["curand"], "library-dir": ["/opt/lib"], undefine: ["NDEBUG"] },
    ],
    [["--cxx-flag", "-O2", "--cxx-flag=-g", "--cxx-flag", "--jobs=3"], { "cxx-flag": ["-O2", "-g", "--jobs=3"] }],
    [["--name=", "-e", "a"], { name: "", extension: ["a"] }],
    [["--name=-x"], { name: "-x" }],
    [["--memory", "8G"], { memory: 8 * 2 ** 30 }],
    [["--memory=512m"], { memory: 512 * 2 ** 20 }],
    [["--color", "never"], { color: "never" }],
  ])("%j", (words, expected) => expect(parse(words)).toEqual({ ...expected, operands: [] }));

  it("takes operands anywhere, and everything after --", () => {
    expect(parse(["a.cpp", "-v", "b.cpp", "--", "-odd.cpp", "--json"])).toEqual({
      verbose: true,
      operands: ["a.cpp", "b.cpp", "-odd.cpp", "--json"],
    });
    expect(parse(["-"])).toEqual({ operands: ["-"] });
  });

  it.each([
    [["--jbos", "4"], "`retorch build` has no option `--jbos` | did you mean `--jobs`?"],
    [["--zzzzzz"], "`retorch build` has no option `--zzzzzz` | see `retorch build --help`"],
    [["--include_dir=x"], "`retorch build` has no option `--include_dir` | did you mean `--include-dir`?"],
    [["-x"], "`retorch build` has no option `-x` | see `retorch build --help`"],
    [["-J4"], "`retorch build` has no option `-J` (in `-J4`) | did you mean `-j`?"],
    [["-vx"], "`retorch build` has no option `-x` (in `-vx`) | see `retorch build --help`"],
    [["-name", "x"], "`retorch build` has no option `-n` (in `-name`) | did you mean `--name`?"],
    [["--name"], "`--name` needs a value (NAME)"],
    [["-j"], "`-j` needs a value (N)"],
    [["--kind"], "`--kind` needs a value (KIND) | for example `--kind python-module`"],
    [
      ["--name", "--force"],
      "`--name` needs a value (NAME), but `--force` follows | if `--force` is meant as the value, write `--name=--force`",
    ],
    [["-I", "-v"], "`-I` needs a value (DIR), but `-v` follows | if `-v` is meant as the value, write `-I-v`"],
    [["--force=yes"], "`--force` takes no value | write `--force` alone"],
    [["-j0"], "`--jobs` must be a whole number above 0, not `0`"],
    [["-jmany"], "`--jobs` must be a whole number above 0, not `many`"],
    [["--memory", "lots"], "`--memory` must be a size above 0, not `lots` | write `8G` or `512M`"],
    [["--color", "allways"], "`--color` must be `auto`, `always` or `never`, not `allways` | did you mean `always`?"],
    [["-q", "-v"], "`--verbose` and `--quiet` cannot be used together"],
    [["--dry-run", "--check"], "`--dry-run` and `--check` cannot be used together"],
  ])("%j: %s", (words, message) => expect(refuse(words)).toBe(message));

  it("takes what is not given from variables, and says so when they are wrong", () => {
    expect(parse([], { MAX_JOBS: "3" })).toMatchObject({ jobs: 3 });
    expect(parse([], { MAX_JOBS: "3", RETORCH_JOBS: "5" })).toMatchObject({ jobs: 5 });
    expect(parse(["-j2"], { MAX_JOBS: "many" })).toMatchObject({ jobs: 2 });
    expect(parse([], { MAX_JOBS: "" })).toEqual({ operands: [] });
    expect(parse([], { RETORCH_NO_CACHE: "yes", RETORCH_KEEP_GOING: "0" })).toEqual({ "no-cache": true, operands: [] });
    expect(refuse([], { MAX_JOBS: "many" })).toBe("the variable `MAX_JOBS` must be a whole number above 0, not `many`");
    expect(refuse([], { RETORCH_NO_CACHE: "perhaps" })).toBe(
      "the variable `RETORCH_NO_CACHE` must be 1 or 0, not `perhaps`",
    );
    expect(refuse([], { RETORCH_COLOR: "red" })).toBe(
      "the variable `RETORCH_COLOR` must be `auto`, `always` or `never`, not `red`",
    );
  });

  it("checks operands", () => {
    const cache = commandNamed("cache");
    expect(refuse([], {}, cache)).toBe("`retorch cache` needs ACTION | give `stats`, `gc`, `clear` or `verify`");
    expect(refuse(["stat"], {}, cache)).toBe(
      "ACTION must be `stats`, `gc`, `clear` or `verify`, not `stat` | did you mean `stats`?",
    );
    expect(refuse(["gc", "now"], {}, cache)).toBe(
      "`retorch cache` takes no argument `now` | see `retorch cache --help`",
    );
    expect(parse(["make", "a.cpp", "b.cpp"], {}, commandNamed("export"))).toEqual({
      operands: ["make", "a.cpp", "b.cpp"],
    });
  });

  it("gives help whatever else is wrong", () => {
    expect(parse(["-h", "-q", "-v"], {}, commandNamed("cache"))).toMatchObject({ help: true });
  });
});

describe("the table", () => {
  it("is sound", () => {
    for (const command of commands) {
      const letters = Object.values(command.options).flatMap((spec) => (spec.short === undefined ? [] : [spec.short]));
      expect(new Set(letters).size, command.name).toBe(letters.length);
      for (const [name, spec] of Object.entries(command.options)) {
        expect(name).toMatch(/^[a-z][a-z-]+$/);
        expect(spec.type === "flag", `${command.name} ${name}`).toBe(spec.argument === undefined);
        expect(spec.description).not.toMatch(/\.$/);
        for (const other of spec.conflicts ?? []) expect(Object.keys(command.options)).toContain(other);
      }
      for (const operand of command.operands.slice(0, -1)) expect(operand.repeatable ?? false).toBe(false);
      expect(command.summary).not.toMatch(/\.$/);
      expect(command.examples.length + (command.name === "version" ? 1 : 0)).toBeGreaterThan(0);
    }
    expect(new Set(commands.map((command) => command.name)).size).toBe(commands.length);
  });

  it("has a file for each command", async () => {
    for (const command of commands) expect(typeof (await command.load()).run, command.name).toBe("function");
  });

  const wantsOther = (_: unknown, input: { readonly options: { readonly other: boolean } }): Promise<number> =>
    Promise.resolve(Number(input.options.other));

  it("does not let a row and its file differ in their options", () => {
    defineCommand({
      name: "odd",
      summary: "",
      operands: [],
      examples: [],
      options: { wanted: { type: "count", argument: "N", description: "", section: "what" } },
      // @ts-expect-error the file wants an option that the row has not
      load: () => Promise.resolve({ run: wantsOther }),
    });
  });
});
