import { describe, expect, it } from "vitest";
import { failure } from "../../../src/base/failure.ts";
import { err, ok } from "../../../src/base/result.ts";
import { runCommandLine } from "../../../src/cli/dispatch.ts";
import type { Prepared } from "../../../src/build/prepare.ts";
import type { Graph } from "../../../src/plan/graph.ts";
import { action, done, failed, finished, planned, started } from "../report/fixtures.ts";
import { FakeHost } from "../../support/fake-host.ts";
import { FakeTerminal } from "../report/fake-terminal.ts";
import { failing, fakeBuild, FakeProgram, fakeServices, requestFor, runCli } from "./fakes.ts";

const object = action("compile", "a.cpp");

/** What `planOnly` gives, as far as the command line looks. */
function prepared(): Prepared {
  const graph: Graph = {
    actions: [
      {
        ...object,
        source: "/project/a.cpp",
        command: ["/usr/bin/g++", "-DX=a b", "-c", { path: "a.cpp", role: "input" }],
      },
    ],
    artifacts: [{ name: "my_ops", extension: "my_ops", built: object.outputs[0] ?? "", path: "/project/my_ops.so" }],
    roots: [{ name: "$PROJECT", path: "/project" }],
    buildDir: "/project/.retorch",
    warnings: [],
  };
  return { graph, host: { env: {} } } as unknown as Prepared;
}

describe("retorch build", () => {
  it("ends with the path of the artefact, and says the rest elsewhere", async () => {
    const { build } = fakeBuild(
      ok({
        artifacts: [
          { name: "a", path: "/project/a.so" },
          { name: "b", path: "/project/b.so" },
        ],
      }),
    );
    const { program, code } = await runCli(["build"], { services: { build } });
    expect({ code, out: program.out }).toEqual({ code: 0, out: "/project/a.so\n/project/b.so\n" });
    expect(program.err).toBe("a and b are up to date (1.2 s)\n");
    expect((await runCli(["build", "-q"], { services: { build } })).program.both).toBe(
      "/project/a.so\n/project/b.so\n",
    );
  });

  it("makes a request of its options", async () => {
    const options = await requestFor(
      "a.cpp b.cu --name pkg._C --kind torch-library --out lib --python 3.12 --arch 8.0 --arch 9.0a --profile debug --std 20 -DX=1 -UY -Iinc -Llib -lm --cxx-flag -g --nvcc-flag -G --hipcc-flag -h1 --sycl-flag -s1 --link-flag -Wl,-z,now -e one -j3 --memory 1G --force -k --check --no-cache".split(
        " ",
      ),
    );
    expect(options.request).toEqual({
      paths: ["a.cpp", "b.cu"],
      extensions: ["one"],
      name: "pkg._C",
      kind: "torch-library",
      out: "lib",
      python: "3.12",
      setupArguments: [],
      cudaArch: ["8.0", "9.0a"],
      profile: "debug",
      cxxStandard: "20",
      defines: ["X=1"],
      undefines: ["Y"],
      includeDirs: ["inc"],
      libraryDirs: ["lib"],
      libraries: ["m"],
      cxxFlags: ["-g"],
      nvccFlags: ["-G"],
      hipccFlags: ["-h1"],
      syclFlags: ["-s1"],
      linkFlags: ["-Wl,-z,now"],
    });
    expect(options).toMatchObject({
      jobs: 3,
      memoryLimit: 2 ** 30,
      force: true,
      keepGoing: true,
      checkImport: true,
      cache: false,
    });
  });

  it("asks for what follows by itself where nothing is said", async () => {
    const options = await requestFor([]);
    expect(options).toMatchObject({ force: false, keepGoing: false, checkImport: false, cache: true });
    expect(options.jobs).toBeUndefined();
    expect((await requestFor([], { env: { MAX_JOBS: "2" } })).jobs).toBe(2);
  });

  it("is remembered under the words that matter, and not where more was asked", async () => {
    expect((await requestFor(["a.cpp", "-j3", "-q"])).words).toEqual(["a.cpp"]);
    expect((await requestFor(["a.cpp", "--force"])).words).toBeUndefined();
  });

  it("writes nothing but events with --json", async () => {
    const { program, code } = await runCli(["build", "--json"], { services: { build: fakeBuild().build } });
    expect({ code, err: program.err }).toEqual({ code: 0, err: "" });
    expect(program.out).toBe(
      '{"type":"finished","ok":true,"artifacts":[{"name":"my_ops","path":"/project/my_ops.so"}],"actions":{"executed":1,"cached":0,"fresh":0},"durationMs":1200}\n',
    );
    const bad = await runCli(["build", "--json"], {
      services: { build: fakeBuild(failing("NO_SOURCES", "none")).build },
    });
    expect(bad.code).toBe(2);
    expect(JSON.parse(bad.program.out)).toMatchObject({
      type: "finished",
      ok: false,
      failure: { code: "NO_SOURCES", message: "none" },
    });
  });

  it("says a failure once, with its exit code", async () => {
    for (const [code, exit] of [
      ["NO_SOURCES", 2],
      ["BUILD_FAILED", 1],
    ] as const) {
      const { program, code: got } = await runCli(["build"], {
        services: { build: fakeBuild(failing(code, "so it is")).build },
      });
      expect({ got, out: program.out, err: program.err }).toEqual({
        got: exit,
        out: "",
        err: `error: so it is [${code}]\n`,
      });
    }
  });

  it("shows the source that a failure is about", async () => {
    const problem = failure("CONFIG_INVALID", "no", {
      location: { file: "/project/retorch.toml", line: 1, column: 5 },
    });
    const { program } = await runCli(["build"], {
      services: { build: fakeBuild(err(problem)).build },
      host: { files: { "/project/retorch.toml": "x = 1\n" } },
    });
    expect(program.err).toBe("error: no [CONFIG_INVALID]\n  --> retorch.toml:1:5\n   |\n 1 | x = 1\n   |     ^\n");
  });

  it("says a failure that no event told", async () => {
    const { program, code } = await runCli(["build"], {
      services: { build: () => Promise.resolve(failing("NO_SOURCES", "none")) },
    });
    expect({ code, err: program.err }).toEqual({ code: 2, err: "error: none [NO_SOURCES]\n" });
  });

  it("aborts on the first Ctrl-C, ends on the second", async () => {
    let heard = 0;
    const program = new FakeProgram(["build"]);
    const code = await runCommandLine(
      program,
      new FakeHost(),
      fakeServices({
        build: (_host, options, listener) => {
          options.signal?.addEventListener("abort", () => heard++);
          program.interrupt();
          expect(heard).toBe(1);
          expect(program.exitedAt).toBeUndefined();
          program.interrupt();
          const cancelled = failure("CANCELLED", "interrupted");
          listener(finished({ ok: false, artifacts: [], failure: cancelled }));
          return Promise.resolve(err(cancelled));
        },
      }),
    );
    expect(code).toBe(130);
    expect(program.exitedAt).toBe(130);
    expect(program.err).toContain("stopping; Ctrl-C again ends at once\n");
    expect(program.interrupt()).toBe(false);
  });

  it("draws in a terminal, and writes plain lines in CI and in dumb ones", async () => {
    const build: NonNullable<Parameters<typeof runCli>[1]>["services"] = {
      build: (_host, _options, listener) => {
        for (const event of [planned([object]), started(object), done(object), finished()]) listener(event);
        return Promise.resolve(
          ok({ artifacts: [], extensions: [], actions: { executed: 1, cached: 0, fresh: 0 }, durationMs: 1 }),
        );
      },
    };
    const run = async (env: Record<string, string>): Promise<string> =>
      (await runCli(["build", "--color=never"], { services: build, host: { env }, terminal: new FakeTerminal() }))
        .program.err;
    const terminal = new FakeTerminal();
    await runCli(["build", "--color=never"], { services: build, terminal });
    expect(terminal.screen).toBe("built my_ops in 3.2 s (1 compiled)\n");
    expect(terminal.frames).toBeGreaterThan(0);
    const plain = "[1/1] compile a.cpp (2.1 s)\nbuilt my_ops in 3.2 s (1 compiled)\n";
    expect(await run({ CI: "true" })).toBe(plain);
    expect(await run({ TERM: "dumb" })).toBe(plain);
  });

  it("annotates on GitHub", async () => {
    const { program } = await runCli(["build"], {
      services: {
        build: (_host, _options, listener) => {
          listener(failed(object, { output: "a.cpp:1:2: error: no\n" }));
          return Promise.resolve(failing("BUILD_FAILED", "could not compile a.cpp"));
        },
      },
      host: { env: { GITHUB_ACTIONS: "true" } },
    });
    expect(program.err).toContain("::error file=a.cpp,line=1,col=2,");
  });

  it("writes the commands with --dry-run, and runs nothing", async () => {
    const { program, code } = await runCli(["build", "--dry-run"], {
      services: { plan: () => Promise.resolve(ok(prepared())) },
    });
    expect(code).toBe(0);
    expect(program.out).toContain("\ncd /project\n");
    expect(program.out).toContain("\n/usr/bin/g++ '-DX=a b' -c a.cpp\n");
    expect(program.out).toContain("mv -f my_ops.so.tmp my_ops.so\n");
    expect(program.err).toBe("");
  });
});

describe("retorch export", () => {
  const services = { plan: () => Promise.resolve(ok(prepared())) };

  it.each([
    ["sh", "#!/bin/sh\n"],
    ["make", "# Written by retorch"],
    ["ninja", "# Written by retorch"],
    ["cmake", "# Written by retorch"],
    ["compile-commands", '[\n  {\n    "directory": "/project",\n'],
  ])("%s goes to standard output", async (format, beginning) => {
    const { program, code } = await runCli(["export", format], { services });
    expect(code).toBe(0);
    expect(program.out.startsWith(beginning)).toBe(true);
  });

  it("writes a file, and leaves it alone when nothing changed", async () => {
    const first = await runCli(["export", "make", "-f", "out/Makefile"], { services });
    expect(first.program.both).toBe("wrote out/Makefile\n");
    const text = first.host.read("/project/out/Makefile");
    const files = { "/project/out/Makefile": text };
    const again = await runCli(["export", "make", "-f", "out/Makefile"], { services, host: { files } });
    expect(again.program.err).toBe("unchanged: out/Makefile\n");
    // An older one of its own is replaced, anybody else's is not.
    const older = await runCli(["export", "make", "-f", "Makefile"], {
      services,
      host: { files: { "/project/Makefile": text.replace(/retorch \S+:/, "retorch 0.0.1:") } },
    });
    expect(older.code).toBe(0);
    const foreign = await runCli(["export", "make", "-f", "Makefile"], {
      services,
      host: { files: { "/project/Makefile": "all:\n" } },
    });
    expect(foreign.code).toBe(2);
    expect(foreign.program.err).toContain("[FILE_EXISTS]");
    expect(foreign.host.read("/project/Makefile")).toBe("all:\n");
    const forced = await runCli(["export", "make", "-f", "Makefile", "--force"], {
      services,
      host: { files: { "/project/Makefile": "all:\n" } },
    });
    expect(forced.host.read("/project/Makefile")).toBe(text);
  });

  it("knows all of its own files again", async () => {
    for (const format of ["sh", "make", "ninja", "cmake", "compile-commands"]) {
      const { program } = await runCli(["export", format], { services });
      const host = { files: { "/project/x": `${program.out}\n# edited\n` } };
      expect((await runCli(["export", format, "-f", "x"], { services, host })).code, format).toBe(0);
    }
  });
});
