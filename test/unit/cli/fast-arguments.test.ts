import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fastRequest, flagsOfBuild } from "../../../src/cli/fast-arguments.ts";
import { parseCommand } from "../../../src/cli/parse.ts";
import type { OptionSpecs } from "../../../src/cli/spec.ts";
import { buildOptions } from "../../../src/cli/options.ts";
import { commands } from "../../../src/cli/table.ts";

const build = commands.find((command) => command.name === "build");
if (build === undefined) throw new Error("no build");
const command = build;

describe("fastRequest", () => {
  it.each([
    [["build"], { words: [], quiet: false, json: false }],
    [["build", "a.cpp"], { words: ["a.cpp"], quiet: false, json: false }],
    [
      ["build", "-q", "a.cpp", "-j4", "--jobs", "3", "--color=never"],
      { words: ["a.cpp"], quiet: true, json: false, color: "never" },
    ],
    [["build", "--json", "--name", "x", "-DX"], { words: ["--name", "x", "-DX"], quiet: false, json: true }],
    [["build", "--cxx-flag", "-j4"], { words: ["--cxx-flag", "-j4"], quiet: false, json: false }],
    [
      ["build", "--cxx-flag", "-v", "--link-flag", "--json"],
      { words: ["--cxx-flag", "-v", "--link-flag", "--json"], quiet: false, json: false },
    ],
    [["build", "-k", "--", "-q"], { words: ["-k", "--", "-q"], quiet: false, json: false }],
  ])("%j", (argv, expected) => expect(fastRequest(argv)).toEqual({ color: undefined, ...expected }));

  it.each([
    [[]],
    [["explain"]],
    [["--quiet", "build"]],
    [["build", "-v"]],
    [["build", "-qv"]],
    [["build", "--force"]],
    [["build", "--dry-run"]],
    [["build", "--explain"]],
    [["build", "--check"]],
    [["build", "-h"]],
    [["build", "--color", "sometimes"]],
    [["build", "-kv"]],
    [["build", "-hj4"]],
  ])("%j is left to the parser", (argv) => expect(fastRequest(argv)).toBeUndefined());

  it("knows which options take a value", () => {
    const flags = Object.entries(buildOptions as OptionSpecs).filter(([, spec]) => spec.type === "flag");
    expect([...flagsOfBuild].sort()).toEqual(flags.map(([name]) => `--${name}`).sort());
  });

  it("never takes two requests for one, and never answers where more is asked", () => {
    const options = Object.entries(buildOptions as OptionSpecs);
    const vocabulary = [
      ...options.flatMap(([name, spec]) => [
        `--${name}`,
        `--${name}=4`,
        `--${name}=never`,
        ...(spec.short === undefined
          ? []
          : [`-${spec.short}`, `-${spec.short}4`, `-k${spec.short}`, `-${spec.short}v`]),
      ]),
      ..."a.cpp 4 3 never always -- - -qv -j".split(" "),
    ];
    let compared = 0;
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...vocabulary), { maxLength: 6 }), (words) => {
        const fast = fastRequest(["build", ...words]);
        const full = parseCommand(command, words, {});
        if (fast === undefined || !full.ok) return;
        compared++;
        const short = parseCommand(command, fast.words, {});
        expect(short.ok).toBe(true);
        if (!short.ok) return;
        const { jobs: _a, color, quiet, json, request, ...asked } = full.value.options;
        const { jobs: _b, color: _c, quiet: _d, json: _e, request: _f, ...remembered } = short.value.options;
        expect(remembered).toEqual(asked);
        expect(fast.request).toBe(request);
        expect(short.value.operands).toEqual(full.value.operands);
        expect({ color: fast.color, quiet: fast.quiet, json: fast.json }).toEqual({ color, quiet, json });
        for (const more of ["dry-run", "explain", "force", "check", "verbose", "help"]) expect(asked[more]).toBe(false);
      }),
      { numRuns: 5000 },
    );
    expect(compared).toBeGreaterThan(200);
  });
});
