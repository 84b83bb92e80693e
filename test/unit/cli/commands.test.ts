import { describe, expect, it } from "vitest";
import { ok } from "../../../src/base/result.ts";
import type { Store } from "../../../src/cli/services.ts";
import type { Environment, Tool } from "../../../src/environment/environment.ts";
import { parseToml } from "../../../src/config/toml.ts";
import { action } from "../report/fixtures.ts";
import { failing, runCli } from "./fakes.ts";

describe("retorch explain", () => {
  const explained = [
    { action: action("compile", "a.cpp"), dirty: true, reasons: [{ kind: "input-changed", path: "a.h" } as const] },
  ];

  it("asks for targets of a project", async () => {
    const asked: unknown[] = [];
    const { program } = await runCli(["explain", "a.cpp", "--path", "src"], {
      services: {
        explain: (_host, options) => {
          asked.push([options.request.paths, options.targets]);
          return Promise.resolve(ok(explained));
        },
      },
    });
    expect(asked).toEqual([[["src"], ["a.cpp"]]]);
    expect(program.out).toBe("would compile a.cpp\n  because a.h changed\n1 action, 1 to do\n");
  });

  it("writes JSON", async () => {
    const { program } = await runCli(["explain", "--json"], {
      services: { explain: () => Promise.resolve(ok(explained)) },
    });
    expect(JSON.parse(program.out)).toEqual({
      actions: [
        {
          action: { id: "my_ops/a.cpp", kind: "compile", description: "compile a.cpp", extension: "my_ops" },
          dirty: true,
          reasons: [{ kind: "input-changed", path: "a.h", text: "a.h changed" }],
        },
      ],
    });
  });

  it("passes failures on", async () => {
    const { code } = await runCli(["explain"], {
      services: { explain: () => Promise.resolve(failing("TARGET_UNKNOWN", "no")) },
    });
    expect(code).toBe(2);
  });
});

describe("retorch env", () => {
  const tool = (name: string, path: string, version: string): Tool =>
    ({ name, path, version, launcher: [], identity: "0", parts: [] }) as unknown as Tool;
  const environment = {
    platform: "linux",
    arch: "x64",
    python: { executable: "/venv/bin/python", version: [3, 11, 2], abiFlags: "" },
    torch: { layout: "wheel", root: "/venv/torch", version: "2.13.0+cpu", cxx11Abi: true },
    compiler: { family: "gcc", version: [12, 2, 0], cxx: tool("g++", "/usr/bin/g++", "12.2.0") },
    linker: tool("ld", "/usr/bin/ld", "2.40"),
    gpus: [],
    attempts: [
      { what: "python", where: "--python", outcome: "missing", why: "not given" },
      { what: "python", where: "/venv/bin/python", outcome: "chosen", why: "VIRTUAL_ENV" },
    ],
    problems: { cuda: { code: "USAGE", message: "no CUDA toolkit was found", hint: "set `CUDA_HOME`" } },
    warnings: [{ about: "cuda", text: "two torch are installed" }],
  } as unknown as Environment;

  it("shows what was chosen, what is wrong and what was tried", async () => {
    const asked: unknown[] = [];
    const { program, code } = await runCli(["env", "sub", "--python", "3.11"], {
      services: {
        environment: (_host, question) => {
          asked.push(question);
          return Promise.resolve(ok(environment));
        },
      },
    });
    expect(asked).toEqual([{ folder: "sub", python: "3.11" }]);
    expect(code).toBe(0);
    expect(program.out).toBe(`machine   linux       x64
python    3.11.2      /venv/bin/python
torch     2.13.0+cpu  /venv/torch (wheel, CPU, C++11 ABI)
compiler  gcc 12.2.0  /usr/bin/g++
linker    ld 2.40     /usr/bin/ld
cuda      not found
gpu       not found

problems
  cuda: no CUDA toolkit was found [USAGE]
  hint: set \`CUDA_HOME\`

warnings
  two torch are installed

what was tried, in order
  · python  --python          not given
  ✓ python  /venv/bin/python  VIRTUAL_ENV
`);
  });

  it("writes JSON", async () => {
    const { program } = await runCli(["env", "--json"], {
      services: { environment: () => Promise.resolve(ok(environment)) },
    });
    expect(JSON.parse(program.out)).toEqual(environment);
  });
});

describe("retorch clean", () => {
  const paths = ["/project/my_ops.so", "/project/.retorch"];

  it("names what it removed", async () => {
    const { program, code } = await runCli(["clean"], { services: { clean: () => Promise.resolve(ok(paths)) } });
    expect({ code, both: program.both }).toEqual({ code: 0, both: "removed my_ops.so\nremoved .retorch\n" });
    const quiet = await runCli(["clean", "-q"], { services: { clean: () => Promise.resolve(ok(paths)) } });
    expect(quiet.program.both).toBe("");
    const nothing = await runCli(["clean"], { services: { clean: () => Promise.resolve(ok([])) } });
    expect(nothing.program.both).toBe("nothing to remove\n");
  });

  it("only lists with --dry-run", async () => {
    const { program } = await runCli(["clean", "--dry-run", "sub"], {
      services: {
        cleanTargets: (_host, request) => {
          expect(request.paths).toEqual(["sub"]);
          return Promise.resolve(ok(paths));
        },
      },
    });
    expect(program.both).toBe("would remove my_ops.so\nwould remove .retorch\n");
  });
});

describe("retorch cache", () => {
  const cleaned = { removedEntries: 1, removedContents: 2, freedBytes: 3 * 2 ** 20, remainingBytes: 2 ** 30 };
  const store: Store = {
    name: "/home/user/.cache/retorch/store/v1",
    stats: () =>
      Promise.resolve({
        entries: 12,
        contents: 1,
        bytes: 1.5 * 2 ** 30,
        limit: 10 * 2 ** 30,
        oldestUse: Date.UTC(2025, 11, 30),
      }),
    gc: (limit) => Promise.resolve({ ...cleaned, remainingBytes: limit ?? cleaned.remainingBytes }),
    clear: () => Promise.resolve({ ...cleaned, removedEntries: 0, removedContents: 0 }),
    verify: () => Promise.resolve({ entries: 2, contents: 3, bytes: 10, badEntries: 1, badContents: 0 }),
  };
  const services = { store: () => Promise.resolve(ok(store)) };

  it.each([
    [
      ["stats"],
      "/home/user/.cache/retorch/store/v1\n12 actions, 1 file, 1.5 GiB (of 10 GiB)\nlongest not used: 3 days\n",
    ],
    [["gc"], "removed 1 action and 2 files: 3.0 MiB freed, 1.0 GiB stay\n"],
    [["gc", "--max-size", "5G"], "removed 1 action and 2 files: 3.0 MiB freed, 5.0 GiB stay\n"],
    [["clear"], "nothing to remove, 1.0 GiB stay\n"],
    [["verify"], "removed 1 damaged action and 0 damaged files; 2 actions and 3 files are sound (10 B)\n"],
    [["gc", "-q"], ""],
  ])("%j", async (words, text) => expect((await runCli(["cache", ...words], { services })).program.both).toBe(text));

  it("writes JSON", async () => {
    const { program } = await runCli(["cache", "gc", "--json"], { services });
    expect(JSON.parse(program.out)).toEqual({ path: store.name, ...cleaned });
  });

  it("fails where the store is not safe", async () => {
    const { code } = await runCli(["cache", "stats"], {
      services: { store: () => Promise.resolve(failing("NOT_WRITABLE", "no")) },
    });
    expect(code).toBe(2);
  });
});

describe("retorch init", () => {
  const module = "#include <torch/extension.h>\nPYBIND11_MODULE(TORCH_EXTENSION_NAME, m) {}\n";

  it("writes what builds the sources that are there", async () => {
    const { program, host, code } = await runCli(["init"], {
      host: {
        files: {
          "/project/bind.cpp": module,
          "/project/csrc/b.cpp": "",
          "/project/csrc/a.cpp": "",
          "/project/csrc/k.cu": "",
          "/project/include/x.h": "",
        },
      },
    });
    expect({ code, err: program.err }).toEqual({ code: 0, err: "wrote retorch.toml; `retorch build` uses it\n" });
    const text = host.read("/project/retorch.toml");
    expect(text).toBe(`# What \`retorch build\` makes here. Every key: docs/configuration.md of retorch.

[extension.bind]
kind = "python-module"
sources = [
  "bind.cpp",
  "csrc/*.cpp",
  "csrc/k.cu",
]
include-dirs = [".", "include"]
# define = { WITH_FEATURE = true, LEVEL = "2" }
# cxx-flags = ["-O2"]
# nvcc-flags = ["--use_fast_math"]
# cuda-arch = ["native"]  # or ["8.0", "9.0a", "12.0+PTX"]
# libraries = []
# link-flags = []
`);
    expect((await parseToml(text)).ok).toBe(true);
    expect((await parseToml(text.replaceAll(/^# (\w.* = )/gm, "$1"))).ok).toBe(true);
  });

  it("takes a name and a folder", async () => {
    const { host } = await runCli(["init", "sub", "--name", "pkg._C"], {
      host: { files: { "/project/sub/a.cpp": module } },
    });
    const text = host.read("/project/sub/retorch.toml");
    expect(text).toContain('[extension."pkg._C"]\nkind = "python-module"\nsources = ["a.cpp"]\ninclude-dirs = ["."]\n');
    expect(text).not.toContain("nvcc");
  });

  it.each([
    [{ "/project/retorch.toml": "mine", "/project/a.cpp": module }, [], "FILE_EXISTS"],
    [{ "/project/readme": "" }, [], "NO_SOURCES"],
    [{ "/project/a.cpp": "int x;" }, [], "KIND_UNKNOWN"],
    [{ "/project/a.cpp": module }, ["nowhere"], "PATH_NOT_FOUND"],
    [{ "/project/a.cpp": module }, ["--kind", "modul"], "USAGE"],
  ])("writes nothing where that would be wrong (%#)", async (files, words, failureCode) => {
    const { program, host, code } = await runCli(["init", ...words], {
      host: { files: files as Record<string, string> },
    });
    expect(code).toBe(2);
    expect(program.err).toContain(`[${failureCode}]`);
    expect(host.fs.readText("/project/retorch.toml")).toBe((files as Record<string, string>)["/project/retorch.toml"]);
  });
});
