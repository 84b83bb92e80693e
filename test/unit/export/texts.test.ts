import { describe, expect, it } from "vitest";
import { digestOf } from "../../../src/base/digest.ts";
import type { Tool } from "../../../src/environment/environment.ts";
import { cmakeLists } from "../../../src/export/cmake.ts";
import { compileCommands, compileCommandsText, writeCompileCommands } from "../../../src/export/compile-commands.ts";
import { makefile } from "../../../src/export/make.ts";
import { ninjaFile } from "../../../src/export/ninja.ts";
import { shellScript } from "../../../src/export/shell.ts";
import { groupWords, stepsOf, wordText } from "../../../src/export/steps.ts";
import type { Action, Arg, Graph } from "../../../src/plan/graph.ts";
import { FakeHost } from "../../support/fake-host.ts";

const root = "/home/me/project";
const torch = "/opt/venv/lib/python3.12/site-packages/torch";
const build = `${root}/.retorch`;
const options = {
  variables: { NVCC_APPEND_FLAGS: "-lineinfo -g", CPATH: "", HOME: "/home/me" },
  generator: "retorch 1.2.3",
};
const golden = (name: string): string => new URL(`../../golden/export/${name}`, import.meta.url).pathname;

function tool(name: string, path: string): Tool {
  return { name, path, version: "1", launcher: [], identity: digestOf(path), parts: [] };
}

const gxx = tool("g++", "/usr/bin/g++");
const nvcc = tool("nvcc", "/usr/local/cuda/bin/nvcc");

function action(
  part: Pick<Action, "id" | "kind" | "command" | "tools" | "inputs" | "outputs"> & Partial<Action>,
): Action {
  return {
    description: `${part.kind} ${part.id}`,
    extension: "my_ops",
    cwd: root,
    env: {},
    keyVariables: ["CPATH"],
    includeSearch: [],
    librarySearch: [],
    memoryEstimate: 1,
    cacheable: true,
    ...part,
  };
}

function compile(source: string, own: readonly Arg[] = []): Action {
  const object = `.retorch/obj/my_ops/${source}.o`;
  return action({
    id: `my_ops/${source}.o`,
    kind: "compile",
    description: `compile ${source}`,
    command: [
      "ccache",
      { path: gxx.path, role: "tool" },
      "-O3",
      "-std=c++20",
      { prefix: "-ffile-prefix-map=", path: root, suffix: "=." },
      { prefix: "-ffile-prefix-map=", path: torch, suffix: "=torch" },
      "-DTORCH_EXTENSION_NAME=my_ops",
      { prefix: "-I", path: "csrc", role: "search" },
      "-isystem",
      { path: `${torch}/include`, role: "search" },
      ...own,
      "-MD",
      "-MF",
      { path: `${object}.d`, role: "depfile" },
      "-c",
      { path: source, role: "input" },
      "-o",
      { path: object, role: "output" },
    ],
    tools: [gxx],
    inputs: [`${root}/${source}`],
    outputs: [`${root}/${object}`],
    depfile: { path: `${object}.d`, format: "make" },
    includeSearch: [`${root}/csrc`, `${torch}/include`],
    source: `${root}/${source}`,
  });
}

const cuda = action({
  id: "my_ops/csrc/k.cu.o",
  kind: "compile-cuda",
  description: "compile csrc/k.cu",
  command: [
    { path: nvcc.path, role: "tool" },
    "-gencode",
    "arch=compute_90,code=sm_90",
    "-Xcompiler",
    "-fPIC",
    "-ccbin",
    "/usr/bin/g++",
    "-MD",
    "-MF",
    { path: ".retorch/obj/my_ops/csrc/k.cu.o.d", role: "depfile" },
    "-c",
    { path: "csrc/k.cu", role: "input" },
    "-o",
    { path: ".retorch/obj/my_ops/csrc/k.cu.o", role: "output" },
  ],
  keyVariables: ["NVCC_APPEND_FLAGS", "HOST_ONLY"],
  tools: [nvcc],
  inputs: [`${root}/csrc/k.cu`],
  outputs: [`${build}/obj/my_ops/csrc/k.cu.o`],
  depfile: { path: ".retorch/obj/my_ops/csrc/k.cu.o.d", format: "make" },
  source: `${root}/csrc/k.cu`,
});

const compiles = [compile("csrc/a.cpp"), compile("csrc/b.cpp", ["-O1", "-DPER_FILE=it's"]), cuda];
const link = action({
  id: "my_ops/my_ops.so",
  kind: "link",
  description: "link my_ops.so",
  command: [
    { path: gxx.path, role: "tool" },
    "-shared",
    "-o",
    { path: ".retorch/out/my_ops/my_ops.so", role: "output" },
    ...compiles.map((one) => ({ path: (one.outputs[0] ?? "").slice(root.length + 1), role: "input" }) as const),
    { prefix: "-L", path: `${torch}/lib`, role: "search" },
    "-lc10",
    "-ltorch",
    "-Wl,-rpath,$ORIGIN",
  ],
  env: { LANG: "C" },
  tools: [gxx],
  inputs: [...compiles.flatMap((one) => one.outputs), `${torch}/lib/libc10.so`],
  outputs: [`${build}/out/my_ops/my_ops.so`],
});

const graph: Graph = {
  actions: [...compiles, link],
  artifacts: [
    { name: "my_ops", extension: "my_ops", built: `${build}/out/my_ops/my_ops.so`, path: `${root}/pkg/my_ops.so` },
  ],
  roots: [
    { name: "$PROJECT", path: root },
    { name: "$BUILD", path: build },
    { name: "$TORCH", path: torch },
  ],
  buildDir: build,
  warnings: [],
};

function text(result: ReturnType<typeof makefile>): string {
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}

describe("the texts", () => {
  it("are as they were", async () => {
    await expect(shellScript(graph, options)).toMatchFileSnapshot(golden("build.sh"));
    await expect(text(makefile(graph, options))).toMatchFileSnapshot(golden("Makefile"));
    await expect(text(ninjaFile(graph, options))).toMatchFileSnapshot(golden("build.ninja"));
    await expect(text(cmakeLists(graph, options))).toMatchFileSnapshot(golden("CMakeLists.txt"));
  });

  it("write response files before what reads them", () => {
    const long: Graph = {
      ...graph,
      actions: [
        {
          ...link,
          command: [
            { path: gxx.path, role: "tool" },
            { prefix: "@", path: ".retorch/rsp", role: "input" },
          ],
          inputs: [],
          responseFile: { path: ".retorch/rsp", content: "-shared 'a b'\n-o $x\n" },
        },
      ],
    };
    const sh = shellScript(long, options);
    expect(sh).toContain(
      "printf %s '-shared '\\''a b'\\''\n-o $x\n' > .retorch/rsp\nLANG=C /usr/bin/g++ @.retorch/rsp\n",
    );
    const make = text(makefile(long, options));
    expect(make).toContain(
      "\t@: > .retorch/rsp\n\t@printf '%s\\n' '-shared '\\''a b'\\''' >> .retorch/rsp\n\t@printf '%s\\n' '-o $$x' >> .retorch/rsp\n",
    );
    const ninja = text(ninjaFile(long, options));
    expect(ninja).toContain("  rspfile = .retorch/rsp\n  rspfile_content = -shared 'a b' -o $$x\n");
  });

  it("go to the folder of an action, and name files absolutely there", () => {
    const elsewhere: Graph = {
      ...graph,
      actions: [
        action({
          id: "x",
          kind: "copy",
          command: ["/bin/cp", { path: "a", role: "input" }, { path: "b c", role: "output" }],
          tools: [],
          cwd: "/else where",
          inputs: ["/else where/a"],
          outputs: ["/else where/b c"],
        }),
      ],
      artifacts: [],
    };
    expect(shellScript(elsewhere, options)).toContain("\ncd '/else where'\n/bin/cp a 'b c'\n\ncd /home/me/project\n");
    expect(text(makefile(elsewhere, options))).toContain(
      "/else\\ where/b\\ c: /else\\ where/a $(MAKEFILE)\n\t@mkdir -p '/else where'\n\tcd '/else where' && $(CP) a 'b c'\n",
    );
    expect(text(ninjaFile(elsewhere, options))).toContain("command = cd '/else where' && $cp a 'b c'\n");
    expect(text(ninjaFile(elsewhere, options))).toContain("build /else$ where/b$ c: copy_my_ops | /else$ where/a\n");
  });

  it("make later outputs with the first one", () => {
    const two: Graph = {
      ...graph,
      actions: [
        action({
          id: "x",
          kind: "cuda-front-end",
          command: ["/bin/x"],
          tools: [],
          inputs: [],
          outputs: [`${root}/a`, `${root}/b`],
        }),
      ],
      artifacts: [],
    };
    expect(text(makefile(two, options))).toContain("b: a\n\t@test -f b || { rm -f a && $(MAKE) -f $(MAKEFILE) a; }\n");
    expect(text(ninjaFile(two, options))).toContain("build a b: cuda_front_end_my_ops\n");
  });

  it("refuse line breaks where the tool has no way to write them", () => {
    const broken = {
      ...graph,
      actions: graph.actions.map((one) => ({ ...one, command: [...one.command, "-DX=a\nb"] })),
    };
    for (const write of [makefile, ninjaFile, cmakeLists]) {
      expect(write(broken, options)).toMatchObject({ ok: false, error: { code: "EXPORT_UNSUPPORTED_VALUE" } });
    }
    expect(shellScript(broken, options)).toContain("'-DX=a\nb'\n");
  });
});

describe("CMake", () => {
  it("refuses one source with flags of its own in two extensions", () => {
    const again = compiles.slice(0, 2).map((one) => ({
      ...one,
      extension: "other",
      outputs: one.outputs.map((output) => output.replace("/my_ops/", "/other/")),
    }));
    const both = { ...graph, actions: [...again, ...compiles, { ...link, extension: "other", inputs: [] }, link] };
    expect(cmakeLists(both, options)).toMatchObject({ ok: false, error: { code: "EXPORT_UNSUPPORTED_ACTION" } });
  });
});

describe("stepsOf", () => {
  it("gives every command back", () => {
    for (const [index, step] of stepsOf(graph).steps.entries()) {
      const planned = graph.actions[index]?.command.map((arg) =>
        typeof arg === "string" ? arg : `${arg.prefix ?? ""}${arg.path}${arg.suffix ?? ""}`,
      );
      expect([...step.program, ...step.words.map(wordText)].join(" ")).toBe(planned?.join(" "));
    }
  });

  it("finds what the commands of a group share", () => {
    const [group] = stepsOf(graph).groups;
    expect(group?.head.map(wordText).slice(0, 2)).toEqual(["-O3", "-std=c++20"]);
    expect(group?.steps.map(({ middle }) => middle.map(wordText)[0])).toEqual(["-MD", "-O1"]);
  });

  it("keeps words together that belong together", () => {
    const words = "-gencode arch=x,code=y -Xcompiler -fPIC -O3 a.o -isystem dir -lfoo -Xlinker -z".split(" ");
    expect(
      groupWords(words.map((word) => [{ kind: "text", text: word }])).map((group) => group.map(wordText).join(" ")),
    ).toEqual(["-gencode arch=x,code=y", "-Xcompiler -fPIC", "-O3", "a.o", "-isystem dir", "-lfoo", "-Xlinker -z"]);
  });
});

describe("compile_commands.json", () => {
  it("has an entry for each source, nvcc's too", () => {
    const entries = compileCommands(graph);
    expect(entries.map(({ file }) => file)).toEqual(["a.cpp", "b.cpp", "k.cu"].map((name) => `${root}/csrc/${name}`));
    expect(entries[2]).toMatchObject({ directory: root, output: `${build}/obj/my_ops/csrc/k.cu.o` });
    expect(entries[2]?.arguments.slice(0, 3)).toEqual([nvcc.path, "-gencode", "arch=compute_90,code=sm_90"]);
  });

  it("is written when it changes and not otherwise", () => {
    const host = new FakeHost({ files: { [`${build}/x`]: "" } });
    const path = `${build}/compile_commands.json`;
    expect(writeCompileCommands(host, graph, path)).toBe(true);
    expect(host.read(path)).toBe(compileCommandsText(graph));
    const before = host.fs.stat(path)?.mtimeMs;
    host.tick(1000);
    expect(writeCompileCommands(host, graph, path)).toBe(false);
    expect(host.fs.stat(path)?.mtimeMs).toBe(before);
    expect(writeCompileCommands(host, { ...graph, actions: [cuda] }, path)).toBe(true);
  });
});
