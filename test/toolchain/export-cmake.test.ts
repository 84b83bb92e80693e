/** The CMakeLists.txt that `export` writes, built with CMake itself. */
import { readFileSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { cmakeLists } from "../../src/export/cmake.ts";
import type { Action, Graph } from "../../src/plan/graph.ts";
import {
  age,
  findProgram,
  missingTools,
  plainNames,
  projectGraph,
  removeTemporaries,
  run,
  runDirectly,
  temporaryFolder,
  writeProject,
  type ProjectNames,
} from "./export-project.ts";

afterAll(removeTemporaries);

const options = { variables: {}, generator: "retorch test" };
const gxx = findProgram("g++") ?? "/usr/bin/g++";

const oddNames: ProjectNames = {
  folder: "my project (größe) 1",
  first: "a file.cpp",
  second: "søurces, more/b (2).cpp",
  include: "in clude",
  extension: "tiny",
};

function lists(graph: Graph): string {
  const result = cmakeLists(graph, options);
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}

/** What the engine's own commands give, from the same sources elsewhere. */
function expected(names: ProjectNames): Buffer {
  const root = writeProject(temporaryFolder(), names);
  const graph = projectGraph(root, names, gxx);
  runDirectly(graph);
  return readFileSync(graph.artifacts[0]?.built ?? "");
}

describe.each(["Ninja", "Unix Makefiles"])("cmake -G %s", (generator) => {
  const tool = generator === "Ninja" ? "ninja" : "make";
  const skip = missingTools("g++", "cmake", tool);

  it.skipIf(skip).each([
    ["plain", plainNames],
    ["odd", oddNames],
  ] as const)("builds the same bytes (%s names)", (_, names) => {
    const root = writeProject(temporaryFolder(), names);
    writeFileSync(join(root, "CMakeLists.txt"), lists(projectGraph(root, names, gxx)));
    run(["cmake", "-G", generator, "-S", ".", "-B", "build dir"], root);
    run(["cmake", "--build", "build dir"], root);
    expect(readdirSync(join(root, "lib"))).toEqual(["tiny.so"]);
    expect(readFileSync(join(root, "lib/tiny.so")).equals(expected(names))).toBe(true);
  });

  it.skipIf(skip)("compiles again what includes an edited header", () => {
    const root = writeProject(temporaryFolder(), plainNames);
    writeFileSync(join(root, "CMakeLists.txt"), lists(projectGraph(root, plainNames, gxx)));
    age(root, (path, seconds) => utimesSync(path, seconds, seconds));
    run(["cmake", "-G", generator, "-S", ".", "-B", "build"], root);
    run(["cmake", "--build", "build"], root);
    expect(run(["cmake", "--build", "build", "-v"], root).stdout).not.toContain("-shared");
    writeFileSync(join(root, "include/only_a.h"), "#define ONLY_A 3\n");
    utimesSync(join(root, "include/only_a.h"), Date.now() / 1000 + 5, Date.now() / 1000 + 5);
    const output = run(["cmake", "--build", "build", "-v"], root).stdout;
    expect(output).toMatch(/-c \S*a\.cpp/);
    expect(output).not.toMatch(/-c \S*b\.cpp/);
    expect(output).toContain("-shared");
  });
});

describe("cmake and CUDA", () => {
  const nvcc = findProgram("nvcc") ?? "/usr/local/cuda/bin/nvcc";

  /** A kernel without torch beside the host sources. */
  function cudaGraph(root: string): Graph {
    const graph = projectGraph(root, plainNames, gxx);
    writeFileSync(
      join(root, "k.cu"),
      '#include "shared.h"\n__global__ void kernel(int* x) { *x = SHARED; }\nextern "C" void launch(int* x) { kernel<<<1, 1>>>(x); }\n',
    );
    const [template] = graph.actions;
    if (template === undefined) throw new Error("no action");
    const cuda: Action = {
      ...template,
      id: "tiny/k.cu.o",
      kind: "compile-cuda",
      description: "compile k.cu",
      command: [
        { path: nvcc, role: "tool" },
        "-O2",
        "-gencode",
        "arch=compute_90,code=sm_90",
        "-gencode",
        "arch=compute_80,code=sm_80",
        "-Xcompiler",
        "-fPIC",
        "-DFROM_CUDA=1",
        { prefix: "-I", path: "include", role: "search" },
        "-MD",
        "-MF",
        { path: ".retorch/obj/tiny/k.cu.o.d", role: "depfile" },
        "-c",
        { path: "k.cu", role: "input" },
        "-o",
        { path: ".retorch/obj/tiny/k.cu.o", role: "output" },
      ],
      tools: [
        {
          name: "nvcc",
          path: nvcc,
          version: "1",
          launcher: [],
          identity: template.tools[0]?.identity as never,
          parts: [],
        },
      ],
      inputs: [join(root, "k.cu")],
      outputs: [join(root, ".retorch/obj/tiny/k.cu.o")],
      depfile: { path: ".retorch/obj/tiny/k.cu.o.d", format: "make" },
      source: join(root, "k.cu"),
    };
    const actions = graph.actions.map((action) =>
      action.kind === "link"
        ? {
            ...action,
            inputs: [...action.inputs, cuda.outputs[0] ?? ""],
            command: action.command.flatMap((arg) =>
              typeof arg !== "string" && arg.path.endsWith("b.cpp.o")
                ? [arg, { path: ".retorch/obj/tiny/k.cu.o", role: "input" } as const]
                : [arg],
            ),
          }
        : action,
    );
    return { ...graph, actions: [cuda, ...actions] };
  }

  it.skipIf(missingTools("g++", "cmake", "ninja", "nvcc"))(
    "compiles for the architectures that were planned and no other",
    () => {
      const root = writeProject(temporaryFolder(), plainNames);
      writeFileSync(join(root, "CMakeLists.txt"), lists(cudaGraph(root)));
      run(["cmake", "-G", "Ninja", "-S", ".", "-B", "build"], root);
      const output = run(["cmake", "--build", "build", "-v"], root).stdout;
      const command = output.split("\n").find((line) => line.includes("k.cu.o") && line.includes("-gencode")) ?? "";
      expect(command.match(/-gencode/g)).toHaveLength(2);
      expect(command).toContain(
        "-gencode arch=compute_90,code=sm_90 -gencode arch=compute_80,code=sm_80 -Xcompiler -fPIC",
      );
      // The runtime is linked as it was planned: here, not at all.
      expect(output.split("\n").find((line) => line.includes("-shared"))).not.toContain("cudart");
      expect(readFileSync(join(root, "lib/tiny.so")).includes("sm_80")).toBe(true);
    },
    60_000,
  );

  it.skipIf(missingTools("g++", "cmake", "ninja", "nvcc"))(
    "links what is CUDA alone, with a file that is included from the command line",
    () => {
      const root = writeProject(temporaryFolder(), plainNames);
      const graph = cudaGraph(root);
      const header = { path: ".retorch/obj/tiny/k.cu.o.h", content: "#define SEMI(x) x; x;\n" };
      const actions = graph.actions.flatMap((action): Action[] => {
        if (action.kind === "compile-cuda") {
          const at = action.command.indexOf("-DFROM_CUDA=1");
          const command = [
            ...action.command.slice(0, at),
            "-include",
            { path: header.path },
            ...action.command.slice(at),
          ];
          return [{ ...action, command, responseFile: header }];
        }
        if (action.kind !== "link") return [];
        const isHost = (path: string): boolean => path.endsWith(".cpp.o");
        return [
          {
            ...action,
            inputs: action.inputs.filter((path) => !isHost(path)),
            command: action.command.filter((arg) => typeof arg === "string" || !isHost(arg.path)),
          },
        ];
      });
      writeFileSync(join(root, "CMakeLists.txt"), lists({ ...graph, actions }));
      run(["cmake", "-G", "Ninja", "-S", ".", "-B", "build"], root);
      run(["cmake", "--build", "build"], root);
      expect(readFileSync(join(root, header.path), "utf8")).toBe(header.content);
      expect(readdirSync(join(root, "lib"))).toEqual(["tiny.so"]);
    },
    60_000,
  );

  it("refuses steps that it has no target for", () => {
    const graph = projectGraph("/project", plainNames, gxx);
    const actions = graph.actions.map((action) =>
      action.kind === "link" ? { ...action, kind: "device-link" as const } : action,
    );
    expect(cmakeLists({ ...graph, actions }, options)).toMatchObject({
      ok: false,
      error: { code: "EXPORT_UNSUPPORTED_ACTION" },
    });
  });

  it("refuses names that it cannot handle", () => {
    const result = cmakeLists(projectGraph("/project", { ...plainNames, first: "a;b.cpp" }, gxx), options);
    expect(result).toMatchObject({ ok: false, error: { code: "EXPORT_UNSUPPORTED_PATH" } });
  });
});
