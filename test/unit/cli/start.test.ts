import { describe, expect, it } from "vitest";
import { rememberNoOp } from "../../../src/build/no-op.ts";
import { runCommandLine } from "../../../src/cli/dispatch.ts";
import { start } from "../../../src/cli/start.ts";
import { FakeHost } from "../../support/fake-host.ts";
import { FakeTerminal } from "../report/fake-terminal.ts";
import { FakeProgram } from "./fakes.ts";

const hit = {
  artifacts: [
    { name: "a", path: "/project/a.so" },
    { name: "b", path: "/project/b.so" },
  ],
  actions: 7,
  extensions: ["a", "b"],
};

/** A machine on which `retorch build WORDS` was just done. */
function built(words: readonly string[], env: Record<string, string> = {}): FakeHost {
  const host = new FakeHost({ files: { "/project/a.cpp": "int x;" }, env });
  host.tick(60_000);
  const stat = host.fs.stat("/project/a.cpp");
  if (stat === undefined) throw new Error("no file");
  rememberNoOp(host, words, { files: [["/project/a.cpp", stat]], there: [], absent: [], listed: [] }, hit);
  host.resetAccesses();
  return host;
}

async function run(words: readonly string[], host: FakeHost, terminal?: FakeTerminal): Promise<FakeProgram> {
  const program = new FakeProgram(words, terminal);
  await start(
    {
      arguments: words,
      input: () => Promise.resolve(new Uint8Array(0)),
      writeOut: (text) => program.stdout.write(text),
      writeError: (text) => program.stderr.write(text),
      errorIsTerminal: () => program.stderr.terminal !== undefined,
      uptimeMs: () => program.uptimeMs(),
      whole: async () => program.setExitCode(await runCommandLine(program, host)),
    },
    host,
  );
  return program;
}

describe("the quick path", () => {
  it("says that nothing was to be done", async () => {
    const program = await run(["build", "a.cpp"], built(["a.cpp"]));
    expect(program.err).toBe("a and b are up to date (57 ms)\n");
    expect(program.out).toBe("/project/a.so\n/project/b.so\n");
    expect(program.both.endsWith("/project/b.so\n")).toBe(true);
    expect(program.exitCode).toBeUndefined();
  });

  it("starts no program and reads no file but its own notes", async () => {
    const host = built([]);
    await run(["build"], host);
    expect(host.spawns).toEqual([]);
    expect(host.reads).toHaveLength(2);
    for (const path of host.reads) expect(path).toContain("/up-to-date/");
  });

  it("writes as it is told to", async () => {
    expect((await run(["build", "-q"], built([]))).both).toBe("/project/a.so\n/project/b.so\n");
    const json = (await run(["build", "--json"], built([]))).both;
    expect(json).toBe(
      '{"type":"finished","ok":true,"artifacts":[{"name":"a","path":"/project/a.so"},{"name":"b","path":"/project/b.so"}],"actions":{"executed":0,"cached":0,"fresh":7},"durationMs":57}\n',
    );
    const green = "\u001B[32m";
    expect((await run(["build"], built([]), new FakeTerminal())).err).toContain(green);
    expect((await run(["build", "--color=always"], built([]))).err).toContain(green);
    expect((await run(["build"], built([], { NO_COLOR: "1" }), new FakeTerminal())).err).not.toContain(green);
  });

  it("leaves everything else to the full way", async () => {
    const host = built([]);
    host.write("/project/a.cpp", "int y;");
    const edited = await run(["build", "--jobs=x"], host);
    expect(edited.exitCode).toBe(2);
    expect(edited.err).toContain("`--jobs` must be a whole number");
    const other = await run(["version"], built([]));
    expect(other.out).toMatch(/^retorch /);
    expect(other.exitCode).toBe(0);
  });
});
