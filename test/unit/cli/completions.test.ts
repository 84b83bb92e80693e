import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { completionScript } from "../../../src/cli/completions.ts";
import { cliReference } from "../../../src/cli/reference.ts";
import { commands } from "../../../src/cli/table.ts";
import { readFileSync } from "node:fs";
import { runCli } from "./fakes.ts";

const hasBash = spawnSync("bash", ["--version"]).status === 0;

/** What bash offers for the last of the words. */
function bashOffers(...words: string[]): string[] {
  const script = `${completionScript("bash")}
COMP_WORDS=(retorch ${words.map((word) => `'${word}'`).join(" ")})
COMP_CWORD=${words.length}
compopt() { :; }
_retorch
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const result = spawnSync("bash", ["--norc", "-c", script], { encoding: "utf8" });
  if (result.status !== 0 || result.stderr !== "") throw new Error(result.stderr);
  return result.stdout.split("\n").filter((line) => line !== "");
}

describe("completions", () => {
  it.skipIf(!hasBash)("offer commands, options and values in bash", () => {
    expect(bashOffers("")).toEqual(expect.arrayContaining(commands.map((command) => command.name)));
    expect(bashOffers("ex")).toEqual(["explain", "export"]);
    expect(bashOffers("build", "--no")).toEqual(["--no-cache"]);
    expect(bashOffers("build", "--kind", "")).toEqual(["python-module", "torch-library", "executable"]);
    expect(bashOffers("build", "--color", "a")).toEqual(["auto", "always"]);
    expect(bashOffers("cache", "c")).toEqual(["clear"]);
    expect(bashOffers("export", "")).toEqual(["sh", "make", "ninja", "cmake", "compile-commands"]);
    expect(bashOffers("help", "b")).toEqual(["build"]);
    expect(bashOffers("build", "--name", "x")).toEqual([]);
  });

  it.each(["bash", "zsh", "fish"] as const)("for %s name every option of every command", async (shell) => {
    const { program } = await runCli(["completions", shell]);
    expect(program.out).toBe(completionScript(shell));
    for (const command of commands) {
      for (const name of Object.keys(command.options))
        expect(program.out).toContain(shell === "fish" ? `-l ${name}` : `--${name}`);
    }
    expect(program.out.endsWith("\n")).toBe(true);
    await expect(program.out).toMatchFileSnapshot(
      new URL(`../../golden/cli/completions.${shell}`, import.meta.url).pathname,
    );
  });

  it("are refused for other shells", async () => {
    const { program, code } = await runCli(["completions", "zhs"]);
    expect(code).toBe(2);
    expect(program.err).toContain("SHELL must be `bash`, `zsh` or `fish`, not `zhs`");
  });
});

describe("the reference", () => {
  it("is what docs/cli.md says", () => {
    expect(readFileSync(new URL("../../../docs/cli.md", import.meta.url), "utf8")).toBe(cliReference());
  });

  it("names every option, variable and event", () => {
    const text = cliReference();
    for (const command of commands) {
      expect(text).toContain(`\n## \`retorch ${command.name}\`\n`);
      for (const [name, spec] of Object.entries(command.options)) {
        expect(text).toContain(`\`--${name}`);
        for (const variable of spec.variables ?? []) expect(text).toContain(`\`${variable}\``);
      }
    }
    expect(text).toContain("### `finished`");
  });
});
