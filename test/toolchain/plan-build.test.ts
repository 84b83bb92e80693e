/** Plans run with the real host compiler: what they make is imported, loaded and run. No header of ATen is compiled. */
import { copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { Environment } from "../../src/environment/environment.ts";
import { commandText } from "../../src/plan/graph.ts";
import { cpuPython, libtorch, need } from "../support/environments.ts";
import { extension } from "../support/plan-fixtures.ts";
import { plan } from "../../src/plan/plan.ts";
import { build, environmentHere, output, planHere, project } from "./plan-support.ts";

/** A module without any header of torch, with its init function in C. */
const moduleFiles = {
  "csrc/init.c": `#include <Python.h>
const char* where(void);
int answer(void);
static PyObject* get(PyObject* self, PyObject* args) { return Py_BuildValue("(is)", answer(), where()); }
static PyMethodDef methods[] = {{"get", get, METH_NOARGS, ""}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef def = {PyModuleDef_HEAD_INIT, "_C", 0, -1, methods};
PyMODINIT_FUNC PyInit__C(void) { return PyModule_Create(&def); }
`,
  "csrc/a/part.cpp": `#include "half.h"
extern "C" const char* where() { return __FILE__; }
int other();
extern "C" int answer() { return HALF + other(); }
`,
  "csrc/b/part.cpp": `#include "half.h"
int other() { return HALF; }
`,
  "inc lude/half.h": "#define HALF 21\n",
};

const sources = ["csrc/init.c", "csrc/a/part.cpp", "csrc/b/part.cpp"];

/** Operators of the stable ABI: 2 s to compile. */
const stableOps = `#include <torch/csrc/stable/library.h>
#include <torch/csrc/stable/ops.h>
#include <torch/csrc/stable/tensor.h>
using torch::stable::Tensor;
Tensor copy_of(const Tensor& x) { return torch::stable::clone(x); }
STABLE_TORCH_LIBRARY(plan_test, m) { m.def("copy_of(Tensor x) -> Tensor"); }
STABLE_TORCH_LIBRARY_IMPL(plan_test, CompositeExplicitAutograd, m) { m.impl("copy_of", TORCH_BOX(&copy_of)); }
`;

describe("with Python and PyTorch", () => {
  let environment: Environment;
  let python = "";

  beforeAll(async () => {
    const found = cpuPython();
    if (!found.available) return;
    python = found.value.executable;
    environment = await environmentHere({ python });
  });

  test.for(["project", `it's "my" $HOME, (ä) & co`])("a module in a folder called %s imports", (name, context) => {
    need(context, cpuPython());
    const root = project(moduleFiles, name);
    const graph = planHere(root, environment, {
      name: "pkg._C",
      sources,
      includeDirs: [join(root, "inc lude")],
      pyLimitedApi: "3.10",
    });
    build(graph);
    publish(graph);
    const said = output(python, ["-c", "import pkg._C as c; print(c.__file__.rpartition('/')[2], *c.get())"], root);
    expect(said.trim()).toBe("_C.abi3.so 42 csrc/a/part.cpp");
  });

  test("the same bytes in another folder, with debug information", (context) => {
    need(context, cpuPython());
    const objects = ["one", "another place"].map((name) => {
      const root = project(moduleFiles, name);
      const graph = planHere(root, environment, {
        name: "_C",
        sources,
        includeDirs: [join(root, "inc lude")],
        profile: "release-with-debug",
      });
      build(graph);
      return graph.actions.map((action) => readFileSync(action.outputs[0] ?? "").toString("latin1"));
    });
    expect(objects[0]).toEqual(objects[1]);
    expect(objects[0]?.join("")).not.toContain("another place");
  });

  test("a library of operators of the stable ABI loads and computes, and does not need Python", (context) => {
    need(context, cpuPython());
    const root = project({ "ops.cpp": stableOps });
    const graph = planHere(root, environment, {
      name: "ops",
      kind: "torch-library",
      sources: ["ops.cpp"],
      torchTargetVersion: "2.10",
    });
    build(graph);
    publish(graph);
    const program =
      "import torch; torch.ops.load_library('./ops.so'); print(torch.ops.plan_test.copy_of(torch.ones(2)).sum().item())";
    expect(output(python, ["-c", program], root).trim()).toBe("2.0");
    expect(output("readelf", ["-d", "ops.so"], root)).not.toMatch(/NEEDED.*python/);
  });

  test("link-time optimisation gives the same object twice", (context) => {
    need(context, cpuPython());
    const root = project(moduleFiles);
    const graph = planHere(root, environment, {
      name: "_C",
      sources,
      includeDirs: [join(root, "inc lude")],
      flags: { cxx: ["-flto"] },
      linkFlags: ["-flto"],
    });
    const bytes = (): string[] => {
      build(graph);
      return graph.actions.map((action) => readFileSync(action.outputs[0] ?? "").toString("latin1"));
    };
    expect(bytes()).toEqual(bytes());
  });

  test("more objects than a command line takes", (context) => {
    need(context, cpuPython());
    const root = project({ ...moduleFiles, "empty.cpp": "" });
    const first = planHere(root, environment, {
      name: "_C",
      sources: [...sources, "empty.cpp"],
      includeDirs: [join(root, "inc lude")],
    });
    build(first);
    const empty = first.actions.find(({ id }) => id.endsWith("empty.cpp.o"))?.outputs[0] ?? "";
    const copies = Array.from({ length: 2000 }, (_, i) =>
      join(root, `a folder 'with' "a" long $name/so that the words add up/empty ${i}.o`),
    );
    mkdirSync(dirname(copies[0] ?? ""), { recursive: true });
    for (const copy of copies) copyFileSync(empty, copy);
    const graph = planHere(root, environment, {
      name: "_C",
      sources,
      includeDirs: [join(root, "inc lude")],
      extraObjects: copies,
    });
    expect(graph.actions.at(-1)?.responseFile).toBeDefined();
    expect(commandText(graph.actions.at(-1)?.command ?? []).join(" ").length).toBeLessThan(1000);
    build(graph);
    publish(graph);
    expect(output(python, ["-c", "import _C; print(_C.get()[0])"], root).trim()).toBe("42");
  });
});

describe("with a LibTorch alone", () => {
  test("a program finds its libraries and runs", async (context) => {
    const folder = need(context, libtorch());
    const environment = await environmentHere({ torch: folder });
    const root = project({
      "main.cpp": `#include <c10/core/ScalarType.h>
#include <cstdio>
int main() { std::printf("%s\\n", c10::toString(c10::kFloat)); }
`,
    });
    const graph = planHere(root, environment, { name: "tool", kind: "executable", sources: ["main.cpp"] });
    build(graph);
    expect(output(graph.artifacts[0]?.built ?? "", [], root).trim()).toBe("Float");
  });

  test("a module is refused where there are no Python bindings", async (context) => {
    const folder = need(context, libtorch());
    const found = await environmentHere({ torch: folder });
    const torch =
      found.torch === undefined
        ? undefined
        : { ...found.torch, libraries: found.torch.libraries.filter((name) => name !== "torch_python") };
    const environment: Environment = { ...found, ...(torch === undefined ? {} : { torch }) };
    const result = plan({ extensions: [extension()], environment, buildDir: "/b", variables: {} });
    expect(result.ok).toBe(false);
  });
});

function publish(graph: ReturnType<typeof planHere>): void {
  for (const { built, path } of graph.artifacts) {
    mkdirSync(dirname(path), { recursive: true });
    copyFileSync(built, path);
  }
}
