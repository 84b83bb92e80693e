import { describe, expect, it } from "vitest";
import { commandHelp, rootHelp } from "../../../src/cli/help.ts";
import { commands } from "../../../src/cli/table.ts";
import { textWidth } from "../../../src/report/text-width.ts";
import { version } from "../../../src/version.ts";
import { FakeTerminal } from "../report/fake-terminal.ts";
import { failing, fakeBuild, runCli } from "./fakes.ts";

const golden = (name: string): string => new URL(`../../golden/cli/${name}.txt`, import.meta.url).pathname;

describe("help", () => {
  it("is given for the program, with and without being asked", async () => {
    for (const words of [[], ["--help"], ["-h"], ["help"], ["-v"]]) {
      const { program, code } = await runCli(words);
      expect({ code, err: program.err }).toEqual({ code: 0, err: "" });
      expect(program.out).toBe(rootHelp(100));
    }
    await expect(rootHelp(80).replace(version, "VERSION")).toMatchFileSnapshot(golden("help"));
  });

  it("is given for a command", async () => {
    for (const words of [
      ["build", "--help"],
      ["help", "build"],
      ["--help", "build"],
      ["build", "--jobs", "3", "-h"],
    ]) {
      const { program, code } = await runCli(words);
      expect(code).toBe(0);
      expect(program.out).toContain("Usage: retorch build [OPTIONS] [PATH...]");
    }
  });

  it.each(commands.map((command) => [command.name, command] as const))("of %s", async (name, command) => {
    await expect(commandHelp(command, 80)).toMatchFileSnapshot(golden(`help-${name}`));
  });

  it("fits into the width", () => {
    for (const width of [60, 80, 100]) {
      for (const text of [rootHelp(width), ...commands.map((command) => commandHelp(command, width))]) {
        // Examples and usage are for copying and are never broken.
        const broken = text.split("\n").filter((line) => !/^(?: {4}(?:retorch|eval) |Usage:)/.test(line));
        for (const line of broken) expect(textWidth(line), line).toBeLessThanOrEqual(width);
      }
    }
  });
});

describe("the command line", () => {
  it.each([
    [["bild"], "error: `bild` is no command [USAGE]\n\nhint: did you mean `retorch build`?\n"],
    [["frobnicate"], "error: `frobnicate` is no command [USAGE]\n\nhint: see `retorch --help`\n"],
    [["my_ops.cpp"], "error: `my_ops.cpp` is no command [USAGE]\n\nhint: did you mean `retorch build my_ops.cpp`?\n"],
    [["."], "error: `.` is no command [USAGE]\n\nhint: did you mean `retorch build .`?\n"],
    [
      ["--verison"],
      "error: `retorch` has no option `--verison` before a command [USAGE]\n\nhint: did you mean `--version`?\n",
    ],
    [
      ["--name", "x"],
      "error: `retorch` has no option `--name` before a command [USAGE]\n\nhint: options stand after the command: `retorch build --name my_ops`\n",
    ],
    [["build", "--jbos"], "error: `retorch build` has no option `--jbos` [USAGE]\n\nhint: did you mean `--jobs`?\n"],
    [["help", "bild"], "error: `bild` is no command [USAGE]\n\nhint: did you mean `retorch build`?\n"],
  ])("%j", async (words, text) => {
    const { program, code } = await runCli(words);
    expect({ code, out: program.out, err: program.err }).toEqual({ code: 2, out: "", err: text });
  });

  it("takes what all commands take before the command too", async () => {
    const { build, seen } = fakeBuild();
    const { code } = await runCli(["-v", "--color", "never", "build", "a.cpp"], { services: { build } });
    expect(code).toBe(0);
    expect(seen[0]?.request.paths).toEqual(["a.cpp"]);
  });

  it("shows the version", async () => {
    for (const words of [["--version"], ["-V"], ["version"]]) {
      expect((await runCli(words)).program.out).toBe(`retorch ${version}\n`);
    }
    const { program } = await runCli(["version", "--json"]);
    expect(JSON.parse(program.out)).toEqual({ version, node: "20.0.0", platform: "linux", arch: "x64" });
  });

  it("colours by terminal, variable and option", async () => {
    const red = "\u001B[31m";
    const run = async (words: readonly string[], env: Record<string, string> = {}): Promise<string> =>
      (
        await runCli(words, {
          services: { plan: () => Promise.resolve(failing("NO_SOURCES", "none")) },
          host: { env },
          terminal: new FakeTerminal(),
        })
      ).program.err;
    expect(await run(["export", "sh"])).toContain(red);
    expect(await run(["export", "sh"], { NO_COLOR: "1" })).not.toContain(red);
    expect(await run(["export", "sh", "--color=never"])).not.toContain(red);
    expect(await run(["export", "sh", "--color=always"], { NO_COLOR: "1" })).toContain(red);
  });

  it("turns an error that nobody expected into exit code 70", async () => {
    const boom = (): never => {
      throw new TypeError("boom");
    };
    const { program, code } = await runCli(["export", "sh"], { services: { plan: boom } });
    expect(code).toBe(70);
    expect(program.err).toBe(
      "error: retorch has a bug: TypeError: boom\n\nhint: please report it, with the command and what it says with `-v`\n",
    );
    const verbose = await runCli(["export", "sh", "-v"], { services: { plan: boom } });
    expect(verbose.program.err).toMatch(/^error: retorch has a bug: TypeError: boom\n {4}at /);
  });

  it("ends with 70 where an error comes from nowhere", async () => {
    const { program } = await runCli(["version"]);
    program.crash(new Error("late"));
    expect(program.exitedAt).toBe(70);
    expect(program.err).toContain("retorch has a bug: Error: late");
  });
});
