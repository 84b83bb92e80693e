import { describe, expect, it } from "vitest";
import { realServices, type Services } from "../../../src/cli/services.ts";
import { ok } from "../../../src/base/result.ts";
import { linuxCpu } from "../../support/plan-fixtures.ts";
import { failing, runCli, type CliRun } from "./fakes.ts";

const log = "csrc/a.cpp:3:10: fatal error: Python.h: No such file or directory\ncompilation terminated.\n";
const diagnose: Services["diagnose"] = (...all) => realServices.diagnose(...all);

async function run(words: readonly string[], more: Partial<CliRun> = {}) {
  return await runCli(["diagnose", ...words], { services: { diagnose }, ...more });
}

describe("retorch diagnose", () => {
  it("reads a file and says what to do", async () => {
    const { program, code } = await run(["--no-environment", "ci.log"], {
      host: { files: { "/project/ci.log": log } },
    });
    expect(code).toBe(0);
    expect(program.out).toMatch(/^diagnosis: .*\n(?: {2}.*\n)+ {2}line 1: csrc\/a\.cpp:3:10: fatal error/);
    expect(program.out).toContain("  fix:\n");
    expect(program.err).toBe("");
  });

  it("reads standard input, named or not, and writes exactly the promised JSON", async () => {
    for (const words of [["--json"], ["--json", "-"]]) {
      const { program, code } = await run([...words, "--no-environment"], { input: log });
      expect(code).toBe(0);
      const value = JSON.parse(program.out) as { readonly diagnoses: readonly Record<string, unknown>[] };
      expect(Object.keys(value)).toEqual(["diagnoses"]);
      expect(Object.keys(value.diagnoses[0] ?? {})).toEqual([
        "id",
        "title",
        "cause",
        "fix",
        "evidence",
        "confidence",
        "docs",
      ]);
      expect(value.diagnoses[0]?.["evidence"]).toEqual({ line: 1, text: log.split("\n")[0] });
    }
  });

  it("uses the environment that is at hand", async () => {
    const asked: unknown[] = [];
    const { program } = await run(["--python", "3.12"], {
      input: log,
      services: {
        environment: (_host, question) => {
          asked.push(question);
          return Promise.resolve(ok(linuxCpu));
        },
        diagnose: (host, parts, environment, basis) => {
          asked.push(environment);
          return diagnose(host, parts, environment, basis);
        },
      },
    });
    expect(asked).toEqual([{ folder: undefined, python: "3.12" }, linuxCpu]);
    expect(program.out).toContain("3.11");
  });

  it("does without an environment that cannot be found, but not without one that was named", async () => {
    const services = { diagnose, environment: () => Promise.resolve(failing("CONFIG_INVALID", "broken")) };
    expect((await run([], { input: log, services })).code).toBe(0);
    expect((await run(["--python", "x"], { input: log, services })).code).toBe(2);
  });

  it("says on standard error when nothing is known, and why", async () => {
    const said = async (input: string | Uint8Array, words: readonly string[] = []): Promise<string> => {
      const { program, code } = await run(["--no-environment", ...words], { input });
      expect(code).toBe(0);
      if (words.includes("--json")) expect(JSON.parse(program.out)).toEqual({ diagnoses: [] });
      else expect(program.out).toBe("");
      return program.err;
    };
    expect(await said("all is well\n")).toBe("nothing in standard input says that something failed (1 lines read)\n");
    expect(await said("")).toBe("standard input is empty\n");
    expect(await said("all is well\n", ["--quiet"])).toBe("");
    expect(await said("all is well\n", ["--json"])).toMatch(/^nothing in/);
    expect(await said(new Uint8Array([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0]))).toMatch(
      /^standard input is no text: it is an ELF file\n\nhint: retorch inspect/,
    );
  });

  it("refuses what is no log", async () => {
    const terminal = await run(["--no-environment"]);
    expect([terminal.code, terminal.program.err]).toEqual([
      2,
      expect.stringMatching(/needs a log.*\n\nhint: name a file/) as unknown,
    ]);
    expect((await run(["gone.log"])).program.err).toContain("`gone.log` does not exist");
    const folder = await run(["src"], { host: { files: { "/project/src/a.cpp": "" } } });
    expect([folder.code, folder.program.err]).toEqual([2, expect.stringContaining("`src` is a folder") as unknown]);
    expect((await run(["--no-environment", "--python", "x"], { input: log })).code).toBe(2);
  });
});
