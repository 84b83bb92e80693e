/** The whole search: what it finds, what it remembers, and what makes it look again. */
import { describe, expect, test } from "vitest";
import { environmentVariables, variablesDigest } from "../../../src/environment/variables.ts";
import { brokenWitness } from "../../../src/environment/witness.ts";
import type { FakeHost } from "../../support/fake-host.ts";
import {
  addGcc,
  addPython,
  addToolkit,
  addTorch,
  cacheDir,
  emptyMachine,
  find,
  program,
  settle,
  usualMachine,
} from "./fake-machine.ts";

const packages = "/project/.venv/lib/python3.11/site-packages";

describe("a usual machine", () => {
  test("everything is found and every choice has its attempt", async () => {
    const host = usualMachine();
    addToolkit(host, "/usr/local/cuda");
    const { environment } = await find(host);
    expect(environment.python?.executable).toBe("/project/.venv/bin/python");
    expect(environment.torch).toMatchObject({
      layout: "wheel",
      version: "2.13.0+cpu",
      root: `${packages}/torch`,
      cxx11Abi: true,
    });
    expect(environment.cuda).toMatchObject({ root: "/usr/local/cuda", version: "13.0", origin: "usual place" });
    expect(environment.compiler).toMatchObject({ family: "gcc", version: [12, 2, 0], target: "x86_64-linux-gnu" });
    expect(environment.linker?.path).toBe("/usr/bin/ld");
    expect(environment.gpus).toEqual([]);
    expect(environment.problems).toEqual({});
    expect(environment.warnings).toEqual([]);
    const chosen = environment.attempts
      .filter((attempt) => attempt.outcome === "chosen")
      .map((attempt) => attempt.what);
    expect(new Set(chosen)).toEqual(
      new Set(["python", "torch", "C++11 ABI", "cuda", "compiler", "host compiler of nvcc", "linker"]),
    );
  });

  test("nothing at all: the search does not fail, each part has its problem", async () => {
    const { environment } = await find(emptyMachine());
    expect(environment).not.toHaveProperty("python");
    expect(
      Object.fromEntries(Object.entries(environment.problems).map(([part, problem]) => [part, problem.code])),
    ).toEqual({
      python: "PYTHON_NOT_FOUND",
      torch: "TORCH_NOT_FOUND",
      cuda: "CUDA_NOT_FOUND",
      compiler: "COMPILER_NOT_FOUND",
    });
    for (const problem of Object.values(environment.problems)) {
      expect(problem.hint).toBeTruthy();
      expect(problem.attempts?.length).toBeGreaterThan(0);
    }
  });
});

describe("remembering", () => {
  async function remembered(host = usualMachine()): Promise<FakeHost> {
    addToolkit(host, "/usr/local/cuda");
    settle(host);
    await find(host);
    host.tick(1000);
    host.resetAccesses();
    return host;
  }

  test("the second search starts no program and reads one file", async () => {
    const host = await remembered();
    const before = await find(host);
    expect(host.spawns).toEqual([]);
    expect(host.reads).toHaveLength(1);
    expect(host.reads[0]).toMatch(/^\/home\/user\/\.cache\/retorch\/environment\/environment-[0-9a-f]+\.json$/);
    expect(host.lists).toEqual([]);
    expect(host.fs.accesses.writes).toEqual([]);
    host.fs.remove(cacheDir);
    const after = await find(host);
    expect(after.environment).toEqual(before.environment);
  });

  test("an interpreter is started once, for all projects and variables", async () => {
    const host = await remembered();
    host.fs.mkdir("/project/other");
    await find(host, { projectRoot: "/project/other" });
    host.env["CUDA_HOME"] = "/usr/local/cuda";
    host.env["CUDA_VISIBLE_DEVICES"] = "0";
    const { environment } = await find(host);
    expect(environment.cuda?.origin).toBe("CUDA_HOME");
    expect(host.spawns.filter((command) => command.includes("python"))).toEqual([]);
    expect(host.spawns).toEqual([]);
  });

  test.each<
    readonly [
      string,
      (host: FakeHost) => void,
      (found: Awaited<ReturnType<typeof find>>["environment"]) => unknown,
      unknown,
    ]
  >([
    [
      "torch is replaced in its place",
      (host) => addTorch(host, packages, { version: "2.14.1+cpu" }),
      ({ torch }) => torch?.version,
      "2.14.1+cpu",
    ],
    ["torch is taken away", (host) => host.fs.remove(`${packages}/torch`), ({ torch }) => torch, undefined],
    [
      "a g++ appears earlier on the search path",
      (host) => addGcc(host, { version: "13.1.0", names: ["c++"], bin: "/usr/local/bin" }),
      ({ compiler }) => compiler?.cxx.path,
      "/usr/local/bin/c++",
    ],
    [
      "an environment is activated",
      (host) => {
        addPython(host, "/other/bin/python");
        host.env["VIRTUAL_ENV"] = "/other";
      },
      ({ python }) => python?.executable,
      "/other/bin/python",
    ],
    ["CUDA disappears", (host) => host.fs.remove("/usr/local/cuda"), ({ cuda }) => cuda, undefined],
    [
      "another CUDA appears where none was",
      (host) => {
        host.fs.remove("/usr/local/cuda/bin/nvcc");
        addToolkit(host, "/usr/local/cuda-12.9", { version: "12.9" });
      },
      ({ cuda }) => cuda?.root,
      "/usr/local/cuda-12.9",
    ],
    [
      "the linker disappears",
      (host) => host.fs.remove("/usr/bin/ld"),
      ({ problems }) => problems.linker?.code,
      "LINKER_NOT_FOUND",
    ],
    [
      "mold is installed",
      (host) => program(host, "/usr/bin/ld.mold"),
      ({ linkers }) => Object.keys(linkers ?? {}),
      ["mold"],
    ],
  ])("is over when %s", async (_, change, what, expected) => {
    const host = await remembered();
    change(host);
    settle(host);
    const { environment } = await find(host);
    expect(what(environment)).toEqual(expected);
  });

  test.each(["cc1plus", "as", "ld", "cicc", "libdevice.10.bc"])("a new %s makes a new identity", async (name) => {
    const host = await remembered();
    const before = (await find(host)).environment;
    const path = host.fs
      .tree("/")
      .map((file) => `/${file}`)
      .find((file) => file.endsWith(`/${name}`));
    expect(path).toBeDefined();
    program(host, path ?? "", "another program");
    settle(host);
    const after = (await find(host)).environment;
    const changed = [
      before.compiler?.cxx.identity !== after.compiler?.cxx.identity,
      before.linker?.identity !== after.linker?.identity,
      before.cuda?.nvcc.identity !== after.cuda?.nvcc.identity,
    ];
    expect(changed).toEqual([
      name === "cc1plus" || name === "as",
      name === "ld",
      name === "cicc" || name === "libdevice.10.bc",
    ]);
  });

  test("the same programs elsewhere have the same identity", async () => {
    const one = (await find(await remembered())).environment;
    const other = usualMachine({ env: { PATH: "/opt/tools/bin:/usr/bin" } });
    other.fs.remove("/usr/bin/g++");
    other.fs.remove("/usr/bin/c++");
    addGcc(other, { bin: "/opt/tools/bin" });
    addToolkit(other, "/opt/cuda");
    settle(other);
    const two = (await find(other)).environment;
    expect(two.compiler?.cxx.path).toBe("/opt/tools/bin/c++");
    expect(two.compiler?.cxx.identity).toBe(one.compiler?.cxx.identity);
    expect(two.cuda?.root).toBe("/opt/cuda");
    expect(two.cuda?.nvcc.identity).toBe(one.cuda?.nvcc.identity);
  });

  test("what was changed a moment ago is not relied on", async () => {
    const host = usualMachine();
    addTorch(host, packages, { version: "2.13.1+cpu" });
    expect((await find(host)).environment.torch?.version).toBe("2.13.1+cpu");
    // The same size, the same tick of the clock: nothing but the content tells.
    host.fs.overwrite(
      `${packages}/torch/version.py`,
      host.read(`${packages}/torch/version.py`).replace("2.13.1", "2.13.2"),
    );
    expect((await find(host)).environment.torch?.version).toBe("2.13.2+cpu");
  });

  test("a cache file that is cut off at any byte is found anew", async () => {
    const host = await remembered();
    const { environment } = await find(host);
    const file = host.fs.tree(`${cacheDir}/environment`).find((name) => name.startsWith("environment-"));
    const path = `${cacheDir}/environment/${file ?? ""}`;
    const text = host.read(path);
    for (let length = 0; length < text.length; length += Math.ceil(text.length / 17)) {
      host.fs.writeAtomic(path, text.slice(0, length));
      expect((await find(host)).environment).toEqual(environment);
    }
    for (const wrong of ["null", "[]", "{}", '{"format":"retorch-environment-0","value":1,"witnesses":[]}']) {
      host.fs.writeAtomic(path, wrong);
      expect((await find(host)).environment).toEqual(environment);
    }
  });

  test("a cache that cannot be written changes nothing but the time", async () => {
    const host = usualMachine();
    host.fs.onOperation = (operation, path) => {
      if (operation === "write" || operation === "mkdir") throw Object.assign(new Error(path), { code: "EROFS" });
    };
    expect((await find(host)).environment.torch?.version).toBe("2.13.0+cpu");
    expect(host.fs.stat(cacheDir)).toBeUndefined();
  });

  test("a folder that may not be searched counts as one without programs", async () => {
    const host = usualMachine({ env: { PATH: "/secret:/usr/bin" } });
    host.fs.onOperation = (_, path) => {
      if (path.startsWith("/secret")) throw Object.assign(new Error(path), { code: "EACCES" });
    };
    expect((await find(host)).environment.compiler?.cxx.path).toBe("/usr/bin/c++");
  });

  test("the witnesses hold until something changes", async () => {
    const host = await remembered();
    const { witnesses } = await find(host);
    expect(brokenWitness(host, witnesses)).toBeUndefined();
    program(host, "/usr/local/bin/c++");
    expect(brokenWitness(host, witnesses)).toEqual({ path: "/usr/local/bin/c++", kind: "absent" });
  });
});

describe("variables", () => {
  test("each that is read is listed: its value is part of the question", () => {
    const base = variablesDigest({ PATH: "/usr/bin" });
    for (const name of environmentVariables)
      expect(variablesDigest({ PATH: "/usr/bin", [name]: "/other" }), name).not.toBe(base);
    expect(variablesDigest({ PATH: "/usr/bin", CFLAGS: "-O3", CPATH: "/x" })).toBe(base);
    expect(variablesDigest({ PATH: "/usr/bin", CUDA_HOME: "" })).not.toBe(base);
  });

  test("none is read that is not listed", async () => {
    const read = new Set<string>();
    const env = new Proxy<Record<string, string | undefined>>(
      { PATH: "/usr/bin" },
      {
        get: (target, name) => {
          read.add(String(name));
          return target[String(name)];
        },
      },
    );
    const host = usualMachine({ env });
    addToolkit(host, "/usr/local/cuda");
    program(host, "/usr/bin/nvidia-smi");
    read.clear();
    await find(host);
    const listed = new Set<string>([...environmentVariables, "Path"]);
    expect([...read].filter((name) => !listed.has(name))).toEqual([]);
  });
});
