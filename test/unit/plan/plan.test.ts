/** The plan as a whole: what stops it, what it warns of, what it names. */
import { describe, expect, test } from "vitest";
import { failure } from "../../../src/base/failure.ts";
import type { Environment } from "../../../src/environment/environment.ts";
import { plan } from "../../../src/plan/plan.ts";
import {
  debian,
  extension,
  libtorch,
  linuxCpu,
  linuxCuda,
  macos,
  projectRoot,
  source,
  windowsCuda,
} from "../../support/plan-fixtures.ts";
import { failureOf, graphOf, only, words } from "./support.ts";

const without = (environment: Environment, ...parts: (keyof Environment)[]): Environment =>
  Object.fromEntries(
    Object.entries(environment).filter(([name]) => !parts.includes(name as keyof Environment)),
  ) as unknown as Environment;

describe("what stops a plan", () => {
  const problem = failure("TORCH_BROKEN", "the reason of the search");

  test("the reasons that the search for the environment gave", () => {
    expect(failureOf({}, { environment: { ...without(linuxCpu, "torch"), problems: { torch: problem } } })).toBe(
      problem,
    );
    expect(failureOf({}, { environment: { ...without(linuxCpu, "python"), problems: { python: problem } } })).toBe(
      problem,
    );
    expect(failureOf({}, { environment: { ...without(linuxCpu, "compiler"), problems: { compiler: problem } } })).toBe(
      problem,
    );
  });

  test("only of parts that are used", () => {
    const environment: Environment = { ...without(linuxCpu, "python"), problems: { python: problem, cuda: problem } };
    expect(graphOf({ kind: "torch-library" }, { environment }).actions).toHaveLength(2);
    expect(graphOf({ usesTorch: false }, { environment: without(linuxCpu, "torch") }).actions).toHaveLength(2);
  });

  test.each([
    ["a module on a LibTorch", {}, libtorch, "PYTHON_NOT_FOUND"],
    ["CUDA on a CPU torch", { sources: ["k.cu"] }, { ...linuxCuda, torch: linuxCpu.torch }, "TORCH_WITHOUT_CUDA"],
    [
      "CUDA without a toolkit",
      { sources: ["k.cu"] },
      { ...without(linuxCuda, "cuda", "cudaHost"), problems: linuxCpu.problems },
      "CUDA_NOT_FOUND",
    ],
    [
      "no headers of Python",
      {},
      { ...linuxCpu, python: { ...linuxCpu.python, includeDirs: [] } },
      "PYTHON_HEADERS_MISSING",
    ],
    [
      "a compiler that is too old",
      {},
      { ...linuxCpu, compiler: { ...linuxCpu.compiler, version: [9, 4, 0] } },
      "COMPILER_TOO_OLD",
    ],
    ["Objective-C++ on Linux", { sources: ["m.mm"] }, linuxCpu, "LANGUAGE_UNSUPPORTED"],
    [
      "the limited API on free-threaded Python",
      { pyLimitedApi: "3.10" },
      { ...linuxCpu, python: { ...linuxCpu.python, freeThreaded: true, abi3Suffix: "" } },
      "LIMITED_API_UNSUPPORTED",
    ],
    ["a limited API newer than Python", { pyLimitedApi: "3.13" }, linuxCpu, "LIMITED_API_UNSUPPORTED"],
    [
      "a toolkit that writes no depfiles",
      { sources: ["k.cu"], usesTorch: false, cxxStandard: "14" },
      { ...linuxCuda, cuda: { ...linuxCuda.cuda, version: "10.1" } },
      "CUDA_TOO_OLD",
    ],
  ] as const)("%s", (_, parts, environment, code) => {
    const found = failureOf(parts, { environment: environment as Environment });
    expect(found.code).toBe(code);
    expect(found.message).not.toMatch(/\.$/);
  });

  test("a module on a CUDA torch needs no toolkit", () => {
    expect(graphOf({}, { environment: without(linuxCuda, "cuda", "cudaHost") }).actions).toHaveLength(2);
  });

  test("an unsupported host compiler of nvcc passes when the user says so", () => {
    const bounds = { source: "table", gccNewest: 11 };
    const environment = { ...linuxCuda, cuda: { ...linuxCuda.cuda, hostCompilers: bounds } } as Environment;
    const setting = { environment, variables: { TORCH_CUDA_ARCH_LIST: "9.0" } };
    expect(failureOf({ sources: ["k.cu"] }, setting).code).toBe("COMPILER_TOO_NEW");
    expect(
      graphOf({ sources: ["k.cu"], flags: { nvcc: ["-allow-unsupported-compiler"] } }, setting).actions,
    ).toHaveLength(2);
    const byVariable = {
      environment,
      variables: { TORCH_CUDA_ARCH_LIST: "9.0", NVCC_APPEND_FLAGS: "-allow-unsupported-compiler" },
    };
    expect(graphOf({ sources: ["k.cu"] }, byVariable).actions).toHaveLength(2);
  });

  test("two extensions of one name", () => {
    expect(failureOf([{ name: "a" }, { name: "a" }])).toMatchObject({ code: "ARTIFACT_CONFLICT" });
  });
});

describe("warnings", () => {
  test("a standard that is older than torch's headers need", () => {
    const graph = graphOf({ flags: { cxx: ["-std=c++17"] } });
    expect(graph.warnings).toEqual(["`ops` asks for c++17, but the headers of PyTorch 2.13.0+cpu need C++20"]);
    expect(graphOf({ flags: { cxx: ["-std=c++23"] } }).warnings).toEqual([]);
    expect(graphOf({ flags: { cxx: ["-std=c++14"] } }, { environment: debian }).warnings).toEqual([]);
    expect(graphOf({ cxxStandard: "17" }).warnings).toHaveLength(1);
    // Flags of a tool that is not used say nothing.
    expect(graphOf({ flags: { nvcc: ["-std=c++14"] } }).warnings).toEqual([]);
    expect(graphOf({ sources: ["a.c"], flags: { cxx: ["-std=c++14"] } }).warnings).toEqual([]);
  });

  test("a target that is newer than the installed torch", () => {
    expect(graphOf({ torchTargetVersion: "2.14" }).warnings[0]).toContain("2.14");
    expect(graphOf({ torchTargetVersion: "2.13" }).warnings).toEqual([]);
  });

  test("each is said once", () => {
    const graph = graphOf(
      [
        { name: "a", sources: ["k.cu"] },
        { name: "b", sources: ["l.cu"] },
      ],
      { environment: linuxCuda },
    );
    expect(graph.warnings).toHaveLength(1);
  });
});

describe("sources that are listed twice", () => {
  test("alike: once", () => {
    expect(graphOf({ sources: ["a.cpp", "a.cpp"] }).actions.map(({ id }) => id)).toEqual([
      "ops/a.cpp.o",
      "ops/ops.cpython-311-x86_64-linux-gnu.so",
    ]);
  });

  test("with other macros: an object each", () => {
    const other = source("a.cpp", { defines: [{ name: "X" }] });
    expect(
      graphOf({ sources: ["a.cpp", other] })
        .actions.map(({ id }) => id)
        .slice(0, 2),
    ).toEqual(["ops/a.cpp.o", "ops/a.cpp.2.o"]);
  });
});

describe("roots", () => {
  test("the folders that stand for themselves in keys", () => {
    expect(graphOf({}, { environment: linuxCuda }).roots).toEqual([
      { name: "$PROJECT", path: projectRoot },
      { name: "$BUILD", path: `${projectRoot}/.retorch` },
      { name: "$TORCH", path: linuxCuda.torch?.root },
      { name: "$CUDA", path: linuxCuda.cuda?.root },
      { name: "$ENV", path: `${projectRoot}/.venv` },
      { name: "$PYTHON", path: "/opt/python" },
    ]);
  });

  test("each folder once; further projects have names of their own", () => {
    const graph = graphOf(
      [
        { name: "a", root: "/p/a" },
        { name: "b", root: "/p/b" },
      ],
      { environment: debian, buildDir: "/p/a/.retorch" },
    );
    expect(graph.roots.map(({ name }) => name)).toEqual(["$PROJECT", "$PROJECT2", "$BUILD", "$TORCH", "$ENV"]);
  });
});

describe("purity", () => {
  test.each([
    ["Linux", linuxCpu],
    ["CUDA", linuxCuda],
    ["macOS", macos],
    ["Windows", windowsCuda],
  ])("%s: the same input gives the same graph, and what it was given is untouched", (_, environment) => {
    const input = {
      extensions: [extension({ sources: ["a.cpp"] })],
      environment,
      buildDir: "/b",
      variables: Object.freeze({ CFLAGS: "-O2" }),
    };
    expect(plan(input)).toEqual(plan(input));
  });

  test("variables that mean nothing change nothing", () => {
    expect(graphOf({}, { variables: { HOME: "/x", LANG: "de_DE" } })).toEqual(graphOf());
  });
});

describe("every action", () => {
  const graphs = [
    graphOf({ sources: ["a.cpp", "b.c"] }),
    graphOf({ sources: ["a.cpp", "k.cu"], flags: { nvcc: ["-dc"] } }, { environment: linuxCuda }),
    graphOf({}, { environment: macos }),
    graphOf({ kind: "executable", sources: ["a.cpp"] }, { environment: libtorch }),
  ];

  test.each(graphs.flatMap((graph) => graph.actions.map((action) => [action.id, action] as const)))(
    "%s is complete",
    (_, action) => {
      const made = graphs.flatMap((graph) => graph.actions.flatMap((each) => each.outputs));
      expect(action.outputs.length).toBeGreaterThan(0);
      for (const path of [...action.inputs, ...action.outputs, ...action.includeSearch]) expect(path).toMatch(/^\//);
      for (const input of action.inputs) if (input.includes("/.retorch/")) expect(made).toContain(input);
      expect(words(action).every((word) => word !== "")).toBe(true);
      expect(words(action).some((word) => /(?<!-)undefined/.test(word))).toBe(false);
      expect(action.memoryEstimate).toBeGreaterThan(0);
      expect(action.keyVariables.length).toBeGreaterThan(0);
      const names = action.command.flatMap((arg) =>
        typeof arg === "object" && arg.role === "output" ? [arg.path] : [],
      );
      expect(names).toHaveLength(1);
    },
  );

  test("an order in which they can be run one by one", () => {
    for (const graph of graphs) {
      const done = new Set<string>();
      for (const action of graph.actions) {
        for (const input of action.inputs) if (input.includes("/.retorch/")) expect(done.has(input)).toBe(true);
        for (const output of action.outputs) done.add(output);
      }
    }
  });

  test("the link is the last of its extension", () => {
    for (const graph of graphs) expect(graph.actions.at(-1)).toBe(only(graph, "link"));
  });
});
