import { describe, expect, it } from "vitest";
import { ok } from "../../../src/base/result.ts";
import { realServices, type Services } from "../../../src/cli/services.ts";
import { examine } from "../../../src/doctor/doctor.ts";
import { linuxCpu } from "../../support/plan-fixtures.ts";
import { facts } from "../doctor/facts.ts";
import { buildElf } from "../inspect/elf-builder.ts";
import { failing, runCli } from "./fakes.ts";

const inspect: Services["inspect"] = (...all) => realServices.inspect(...all);
const environment: Services["environment"] = () => Promise.resolve(ok({ ...linuxCpu }));
const module = buildElf({ symbols: [{ name: "PyInit_ops", defined: true }] });
const name = "ops.cpython-311-x86_64-linux-gnu.so";

describe("retorch inspect", () => {
  it("says what a file is, without judging it when asked so", async () => {
    const { program, code } = await runCli(["inspect", "--no-environment", name], {
      services: { inspect },
      host: { files: { [`/project/${name}`]: module } },
    });
    expect(code).toBe(0);
    expect(program.out).toContain("Python module, ELF for x86_64");
    expect(program.out).not.toContain("Loads");
  });

  it("ends with 1 when a file will not load, one JSON object a line", async () => {
    const host = { files: { [`/project/${name}`]: buildElf({ needed: ["libgone.so.1"], symbols: [] }) } };
    const { program, code } = await runCli(["inspect", "--json", name, "gone.so"], {
      services: { inspect, environment },
      host,
    });
    const [first, second] = program.out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(first).toMatchObject({ kind: "extension", path: `/project/${name}`, verdict: { loads: "no" } });
    expect(second).toMatchObject({ path: "gone.so", failure: { code: "INSPECT_NO_FILE" } });
    expect(code).toBe(2);
    const alone = await runCli(["inspect", name], { services: { inspect, environment }, host });
    expect([alone.code, alone.program.out]).toEqual([1, expect.stringMatching(/^\S+\n\n {2}Loads +no\n/) as unknown]);
  });

  it("asks for other GPUs than those that are here", async () => {
    const content = buildElf({ machine: 190, type: 2, abiVersion: 7, flags: 0x5a_0d5a });
    const host = { files: { "/project/k.cubin": content } };
    const services = { inspect, environment };
    const one = await runCli(["inspect", "--gpu", "9.0:580", "k.cubin"], { services, host });
    expect(one.code).toBe(0);
    expect(one.program.out).toMatch(/^ {2}Runs +yes on a GPU with driver 580 \(9\.0\)/m);
    const two = await runCli(["inspect", "--gpu", "8.0", "--gpu", "10.0", "k.cubin"], { services, host });
    expect([two.code, two.program.out.match(/^ {2}Runs +no on a GPU/gm)]).toMatchObject([1, { length: 2 }]);
    const none = await runCli(["inspect", "--gpu", "H100", "k.cubin"], { services, host });
    expect([none.code, none.program.err]).toEqual([2, expect.stringContaining("`H100` is no GPU") as unknown]);
  });

  it("ends with 2 for what is no extension, and goes on with the next file", async () => {
    const { program, code } = await runCli(["inspect", "--no-environment", "a.txt", name], {
      services: { inspect },
      host: { files: { "/project/a.txt": "text", [`/project/${name}`]: module } },
    });
    expect(code).toBe(2);
    expect(program.err).toContain("[INSPECT_UNKNOWN_FORMAT]");
    expect(program.out).toContain(name);
  });

  it("lists what lies in a folder, then the pages of what does not work", async () => {
    const files = {
      "/project/build/ok.so": module,
      "/project/build/lib/bad.so": buildElf({ needed: ["libgone.so.1"], symbols: [] }),
      "/project/build/notes.txt": "",
    };
    const services = {
      inspect,
      builtFiles: (...all: Parameters<Services["builtFiles"]>) => realServices.builtFiles(...all),
    };
    const judged = await runCli(["inspect", "build"], { services: { ...services, environment }, host: { files } });
    expect(judged.code).toBe(1);
    expect(judged.program.out).toMatch(
      /^build: 2 built files; do they load here\?\n\n {2}no {9}lib\/bad\.so\n {2}\w+ +ok\.so\n\n\/project\/build\/lib\/bad\.so\n/,
    );
    const json = await runCli(["inspect", "--json", "build"], {
      services: { ...services, environment },
      host: { files },
    });
    expect(json.program.out.trimEnd().split("\n")).toHaveLength(2);
    const empty = await runCli(["inspect", "src"], {
      services: { ...services, environment },
      host: { files: { "/project/src/a.cpp": "" } },
    });
    expect([empty.code, empty.program.err]).toEqual([
      2,
      expect.stringContaining("is a folder without a built file in it") as unknown,
    ]);
  });

  it("needs a file", async () => {
    expect((await runCli(["inspect"])).code).toBe(2);
  });
});

describe("retorch doctor", () => {
  const doctor =
    (variables: Record<string, string>): Services["doctor"] =>
    () =>
      Promise.resolve(ok(examine(facts({ variables }))));

  it("ends with 0 when nothing is wrong, also when something will bite later", async () => {
    const { program, code } = await runCli(["doctor"], { services: { doctor: doctor({ PATH: "/bin:" }) } });
    expect(code).toBe(0);
    expect(program.out).toMatch(/no problems, 1 warning\n$/);
  });

  it("ends with 1 when something is wrong", async () => {
    const { program, code } = await runCli(["doctor", "--json"], { services: { doctor: doctor({ MAX_JOBS: "x" }) } });
    expect(code).toBe(1);
    const value = JSON.parse(program.out) as { readonly ok: boolean; readonly checks: readonly { id: string }[] };
    expect(value.ok).toBe(false);
    expect(value.checks.map(({ id }) => id)).toContain("max-jobs");
  });

  it("asks for the folder, the interpreter and with its own Node, and passes failures on", async () => {
    const asked: unknown[] = [];
    const { code } = await runCli(["doctor", "sub", "--python", "3.12"], {
      services: {
        doctor: (_host, question) => {
          asked.push(question);
          return Promise.resolve(failing("PATH_NOT_FOUND", "no"));
        },
      },
    });
    expect(asked).toEqual([{ folder: "sub", python: "3.12", nodeVersion: "20.0.0" }]);
    expect(code).toBe(2);
  });
});
