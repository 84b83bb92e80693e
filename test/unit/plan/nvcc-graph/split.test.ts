/**
 * From recorded dry runs to phases. The files in `test/fixtures/nvcc-dry-run` are what nvcc 13.0 prints, with neutral
 * paths; what other versions print differently is put into them here.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Action, commandText } from "../../../../src/plan/graph.ts";
import { edgesOf } from "../../../../src/engine/edges.ts";
import { moduleIdOf } from "../../../../src/plan/nvcc-graph/module-id.ts";
import { type Split, splitCommand } from "../../../../src/plan/nvcc-graph/split.ts";
import { dryRunCommand, reasonToStayWhole } from "../../../../src/plan/nvcc-graph/whole.ts";
import { repository } from "../../../support/environments.ts";
import { exampleTool } from "../../../support/plan-fixtures.ts";

const root = "/home/ada/ops";
const buildDir = `${root}/.retorch`;
const object = `${buildDir}/obj/ops/csrc/k.cu.o`;

const nvcc = exampleTool("nvcc", "/usr/local/cuda/bin/nvcc", "13.0.88");
const parts = ["nvcc", "cudafe++", "ptxas", "fatbinary", "libdevice"].map(
  (name) => exampleTool(name, `/usr/local/cuda/bin/${name}`, "1").parts[0] ?? nvcc.parts[0]!,
);
parts.push(exampleTool("cicc", "/usr/local/cuda/nvvm/bin/cicc", "1").parts[0]!);

const whole: Action = {
  id: "ops/csrc/k.cu.o",
  kind: "compile-cuda",
  description: "compile csrc/k.cu",
  extension: "ops",
  command: [
    { path: nvcc.path, role: "tool" },
    "-O3",
    "-MD",
    "-MF",
    { path: ".retorch/obj/ops/csrc/k.cu.o.d", role: "depfile" },
    "-c",
    { path: "csrc/k.cu", role: "input" },
    "-o",
    { path: ".retorch/obj/ops/csrc/k.cu.o", role: "output" },
  ],
  cwd: root,
  env: {},
  keyVariables: ["NVCC_APPEND_FLAGS", "CPATH"],
  tools: [{ ...nvcc, parts }, exampleTool("g++", "/usr/bin/g++", "12.2.0")],
  inputs: [`${root}/csrc/k.cu`],
  outputs: [object],
  includeSearch: ["/usr/include"],
  librarySearch: [],
  memoryEstimate: 500_000_000,
  cacheable: true,
  source: `${root}/csrc/k.cu`,
};

function recorded(name: string): string {
  return readFileSync(join(repository, "test", "fixtures", "nvcc-dry-run", `${name}.txt`), "utf8");
}

function split(dryRun: string, moduleId?: string): Split {
  return splitCommand(whole, { dryRun, buildDir, family: "gcc", ...(moduleId === undefined ? {} : { moduleId }) });
}

function actions(dryRun: string): readonly Action[] {
  const result = split(dryRun);
  if ("reason" in result) throw new Error(result.reason);
  return result.actions;
}

function reason(dryRun: string): string {
  const result = split(dryRun);
  return "reason" in result ? result.reason : "";
}

const short = (action: Action): string => action.id.replace("ops/csrc/k.cu.o", "o").replace("o.phases/", "");

describe("phases", () => {
  test("large pages are for what holds all the headers, and stand in no command", () => {
    const large = actions(recorded("13.0-one")).filter((action) => action.largePages === true);
    expect(large.map(({ kind }) => kind)).toEqual(["cuda-front-end", "cuda-device-compile", "compile"]);
    expect(large.map(({ env }) => env)).toEqual([{}, {}, {}]);
  });

  test("of one architecture", () => {
    expect(actions(recorded("13.0-one")).map((action) => `${action.kind} ${short(action)}`)).toEqual([
      "cuda-preprocess host.ii",
      "cuda-front-end host.cudafe1.cpp",
      "cuda-preprocess compute_80.ii",
      "cuda-device-compile compute_80.ptx",
      "cuda-assemble sm_80.cubin",
      "cuda-fatbinary fatbin",
      "copy host.stub.c",
      "cuda-preprocess host.code",
      "compile host.o",
      "cuda-fatbinary o",
    ]);
  });

  test("of three, PTX and threads: each its own branch", () => {
    const all = actions(recorded("13.0-three"));
    expect(all.filter(({ kind }) => kind === "cuda-device-compile").map(short)).toEqual([
      "compute_80.ptx",
      "compute_90a.ptx",
      "compute_120.ptx",
    ]);
    const edges = edgesOf(all);
    const needs = (name: string): string[] => {
      const i = all.findIndex((action) => short(action) === name);
      return (edges[i] ?? []).map((need) => short(all[need]!)).sort();
    };
    expect(needs("compute_90a.ptx")).toEqual(["compute_90a.ii"]);
    expect(needs("host.cudafe1.cpp")).toEqual(["host.ii"]);
    // The last one, as nvcc has it.
    expect(needs("host.stub.c")).toEqual(["compute_120.ptx"]);
    // PTX alone is checked; a wrong one must not get into the fat binary.
    expect(needs("fatbin")).toEqual(["compute_120.ptx", "compute_120.valid", "sm_80.cubin", "sm_90a.cubin"]);
    expect(needs("host.o")).toEqual(["host.code"]);
    expect(needs("o")).toEqual(["fatbin", "host.o"]);
  });

  test("only what preprocesses is keyed on the list of architectures", () => {
    const knowing = actions(recorded("13.0-three")).filter(({ command, keyCommand = command }) =>
      commandText(keyCommand).some((word) => word.includes("__CUDA_ARCH_LIST__")),
    );
    expect(new Set(knowing.map(({ kind }) => kind))).toEqual(new Set(["cuda-preprocess"]));
  });

  test("macros count where debug information has them", () => {
    const digestWords = (text: string): string[] => {
      const digest = actions(text).find((action) => short(action) === "host.code");
      return commandText(digest?.command ?? []);
    };
    const text = recorded("13.0-one");
    expect(digestWords(text)).not.toContain("-dD");
    expect(digestWords(text.replace(/ -c -x c\+\+ /, " -c -x c++ -g3 "))).toContain("-dD");
  });

  test("of relocatable code: the fat binary stays in the host's object, whose name others use", () => {
    const all = actions(recorded("13.0-rdc"));
    expect(all.map(short)).toContain("host.fatbin.c");
    expect(all.at(-1)).toMatchObject({ kind: "compile", outputs: [object] });
  });

  test("the host code may run ahead of cicc, on the stub of last time, but where it has the fat binary in it", () => {
    const ahead = (name: string): string[] =>
      actions(recorded(name))
        .filter((action) => action.ahead === true)
        .map(short);
    expect(ahead("13.0-one")).toEqual(["host.code", "host.o"]);
    expect(ahead("13.0-rdc")).toEqual([]);
    expect(actions(recorded("13.0-one")).filter(({ ahead: may, inPlace }) => may === true && inPlace === true)).toEqual(
      [],
    );
  });

  test("no temporary name and no new module id is left", () => {
    for (const name of ["13.0-one", "13.0-three", "13.0-rdc"]) {
      const words = actions(recorded(name)).flatMap(({ command }) => commandText(command));
      expect(words.filter((word) => /tmpxft|--gen_module_id_file/.test(word))).toEqual([]);
    }
  });

  test("belong together, each with the part of the toolkit that it runs", () => {
    const all = actions(recorded("13.0-one"));
    expect(new Set(all.map(({ group }) => group))).toEqual(new Set([whole.id]));
    const cicc = all.find(({ kind }) => kind === "cuda-device-compile");
    expect(cicc?.tools.flatMap((tool) => tool.parts.map(({ name }) => name))).toEqual(["libdevice", "cicc"]);
    // Known by its content: the place is left out of the key.
    expect(cicc?.command.slice(0, 2)).toEqual([
      "env",
      { prefix: "NVVMIR_LIBRARY_DIR=", path: "/usr/local/cuda/bin/../nvvm/libdevice", role: "tool" },
    ]);
  });
});

describe("other versions", () => {
  test("11.6: cicc makes the module id, without CICC_PATH", () => {
    const text = recorded("13.0-one")
      .replace("--gen_module_id_file --module_id_file_name", "--module_id_file_name")
      .replace("-tused --module_id_file_name", "-tused --gen_module_id_file --module_id_file_name")
      .replace(/^#\$ CICC_PATH=.*\n/m, "")
      .replace('"$CICC_PATH/cicc"', "cicc");
    expect(actions(text).map(short)).toEqual(actions(recorded("13.0-one")).map(short));
  });

  test("13.3: one word more for cicc, anywhere", () => {
    const text = recorded("13.0-one").replace(" -arch compute_80 ", " --simt-only -arch compute_80 ");
    expect(actions(text).map(short)).toEqual(actions(recorded("13.0-one")).map(short));
  });

  /**
   * What nvcc 12.3 prints, from a published log: cicc is found by PATH, no options for hidden stubs, no folder of system
   * headers, cubins called after their architecture, PTX in the fat binary.
   */
  const of123 = (text: string): string =>
    text
      .replace(/^#\$ CICC_PATH=.*\n/m, "")
      .replace(/^#\$ SYSTEM_INCLUDES=.*\n/m, "")
      .replace('"$CICC_PATH/cicc"', "cicc")
      .replaceAll("--static-host-stub --device-hidden-visibility ", "")
      .replaceAll(/ {3}"-isystem" "[^"]*cccl"/g, "")
      .replaceAll("-8_k.cubin", "-10_k.sm_80.cubin")
      .replaceAll("-7_k.cpp1.ii", "-9_k.cpp1.ii")
      .replaceAll("__CUDACC_VER_MAJOR__=13", "__CUDACC_VER_MAJOR__=12")
      .replace(" -Wno-psabi", "")
      .replace(
        " --embedded-fatbin",
        ' "--image3=kind=ptx,sm=80,file=/tmp/tmpxft_00000000_00000000-6_k.ptx" --embedded-fatbin',
      );

  test("12.3", () => {
    const all = actions(of123(recorded("13.0-one")));
    expect(all.map(short)).toEqual(actions(recorded("13.0-one")).map(short));
    const fatbinary = commandText(all.find((action) => short(action) === "fatbin")?.command ?? []);
    expect(fatbinary.filter((word) => word.startsWith("--image3"))).toEqual([
      "--image3=kind=elf,sm=80,file=.retorch/obj/ops/csrc/k.cu.o.phases/sm_80.cubin",
      "--image3=kind=ptx,sm=80,file=.retorch/obj/ops/csrc/k.cu.o.phases/compute_80.ptx",
    ]);
  });

  test("10.2: the device first, cicc makes the module id and is told of libdevice in a word", () => {
    const lines = of123(recorded("13.0-one"))
      .replaceAll(/ -D__CUDA_ARCH_LIST__=800/g, "")
      .replaceAll(/ --orig_src_path_name "[^"]*"/g, "")
      .replace("--gen_module_id_file --module_id_file_name", "--module_id_file_name")
      .replace(
        "-tused --module_id_file_name",
        '-tused -nvvmir-library "/usr/local/cuda/bin/../nvvm/libdevice/libdevice.10.bc" --gen_module_id_file --module_id_file_name',
      )
      .split("\n");
    const moved = lines.filter((line) => /cpp4\.ii" $/.test(line));
    const rest = lines.filter((line) => !moved.includes(line));
    const last = rest.findIndex((line) => line.includes(" -c -x c++"));
    const text = [...rest.slice(0, last), ...moved, ...rest.slice(last)].join("\n");
    const all = actions(text);
    expect(all.map(short)).toEqual(actions(recorded("13.0-one")).map(short));
    expect(commandText(all.find(({ kind }) => kind === "cuda-device-compile")?.command ?? [])).not.toContain(
      "--gen_module_id_file",
    );
  });

  test("10.0: preprocessed text that is sent by the shell stays with nvcc", () => {
    const text = of123(recorded("13.0-one")).replace('-o "/tmp/tmpxft_00000000_00000000-9_k.cpp1.ii"', "> x.ii");
    expect(reason(text)).toMatch(/only a shell/);
  });

  test("13.3: PTX alone of compute_90 is checked by ptxas, without an output", () => {
    const text = recorded("13.0-one")
      .replace(/^#\$ ptxas .*$/m, '#$ ptxas -arch=compute_80 -m64  "/tmp/tmpxft_00000000_00000000-6_k.ptx" ')
      .replace(
        "--image3=kind=elf,sm=80,file=/tmp/tmpxft_00000000_00000000-8_k.cubin",
        "--image3=kind=ptx,sm=80,file=/tmp/tmpxft_00000000_00000000-6_k.ptx",
      );
    const all = actions(text);
    expect(all.filter(({ kind }) => kind === "cuda-assemble").map(short)).toEqual(["compute_80.valid"]);
    expect(all.find((action) => short(action) === "fatbin")?.inputs.map((path) => path.split("/").at(-1))).toEqual([
      "compute_80.ptx",
      "compute_80.valid",
    ]);
  });

  test("12.5: a second cicc for newer architectures, when nvcc would run it", () => {
    const text = recorded("13.0-one")
      .replace(/^(#\$ CICC_PATH=.*)$/m, "$1\n#$ CICC_NEXT_PATH=/usr/local/cuda/bin/../nvvm-next/bin")
      .replace('"$CICC_PATH/cicc"', '"$CICC_NEXT_PATH/cicc"');
    expect(reason(text)).toMatch(/another cicc/);
  });

  test("12.x: fatbinary given a name by --create as well", () => {
    const text = recorded("13.0-one").replace(
      "fatbinary -64",
      'fatbinary --create="/tmp/tmpxft_00000000_00000000-3_k.fatbin" -64',
    );
    const fatbinary = actions(text).find((action) => short(action) === "fatbin");
    expect(commandText(fatbinary?.command ?? []).filter((word) => word.startsWith("--create="))).toEqual([
      "--create=.retorch/obj/ops/csrc/k.cu.o.phases/fatbin",
    ]);
  });
});

describe("unsure means whole", () => {
  const one = recorded("13.0-one");
  test.each([
    ["an unknown program", one.replace("#$ ptxas", "#$ tileas"), /would run/],
    ["another cicc", one.replace('"$CICC_PATH/cicc"', "/usr/local/cuda/nvvm-next/bin/cicc"), /another cicc/],
    [
      "link-time optimisation",
      one.replace(/(compute_80 .* -o "[^"]*ptx")/, '$1 -olto "/tmp/tmpxft_00000000_00000000-6_k.ltoir"'),
      /link-time/,
    ],
    [
      "a file that nobody makes",
      one.replace(/file=[^"]*cubin/, "file=/tmp/tmpxft_00000000_00000000-9_other.cubin"),
      /unknown/,
    ],
    [
      "a temporary file more",
      one.replace("cudafe++ --c++17", "cudafe++ --extra /tmp/tmpxft_00000000_00000000-9_x --c++17"),
      /temporary file/,
    ],
    ["no cudafe++", one.replace(/^#\$ cudafe.*\n/m, ""), /cudafe\+\+ 0 times/],
    ["another host compiler", one.replaceAll('"/usr/bin"/g++', "/opt/bin/g++"), /\/opt\/bin\/g\+\+/],
    ["text for a shell", one.replace("#$ ptxas", "#$ ptxas `x`"), /only a shell/],
    ["nothing", "", /0 times/],
  ])("%s", (_, text, expected) => {
    expect(reason(text)).toMatch(expected);
  });

  test.each(["-ptx", "-dlto", "--keep", "-G", "-MMD", "-arch=native", "--device-debug", "-optix-ir"])("%s", (flag) => {
    expect(reasonToStayWhole({ ...whole, command: [...whole.command, flag] }, "linux")).toContain(flag);
  });

  test("Windows", () => {
    expect(reasonToStayWhole(whole, "win32")).toBe("");
    expect(reasonToStayWhole(whole, "linux")).toBeUndefined();
  });
});

test("nvcc is asked without the list of headers, which each phase writes itself", () => {
  expect(dryRunCommand(whole).join(" ")).toBe(
    "/usr/local/cuda/bin/nvcc --dryrun -O3 -c csrc/k.cu -o .retorch/obj/ops/csrc/k.cu.o",
  );
});

test("module ids tell objects apart, not times", () => {
  expect(moduleIdOf("ops/csrc/k-1.cu.o", "csrc/k-1.cu")).toMatch(/^_[0-9a-f]{8}_6_k_1_cu_[0-9a-f]{8}$/);
  expect(moduleIdOf("ops/a/k.cu.o", "a/k.cu")).not.toBe(moduleIdOf("ops/b/k.cu.o", "b/k.cu"));
});
