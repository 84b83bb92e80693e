/** What `export` and `--dry-run` write is run with the real tools: the same bytes as the engine's own commands. */
import { existsSync, readFileSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { makefile } from "../../src/export/make.ts";
import { ninjaFile } from "../../src/export/ninja.ts";
import { shellScript } from "../../src/export/shell.ts";
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

/** Spaces, quotes, `$`, `#`, parentheses, letters beyond ASCII. */
const oddNames: ProjectNames = {
  folder: 'my "project" $HOME it\'s #1 (größe)',
  first: "a file's $x #1.cpp",
  second: 'søurces & more/b (2) "q".cpp',
  include: "in clude's",
  extension: "tiny",
};

/** As odd as ninja allows: no quotes and no `&` in names, while the project's folder may have all. */
const oddNamesForNinja: ProjectNames = {
  ...oddNames,
  first: "a file $x #1.cpp",
  second: "søurces % more/b (2):c=d.cpp",
  include: "in clude",
};

interface Exported {
  readonly tool: "make" | "ninja";
  readonly odd: ProjectNames;
  readonly write: (root: string, names: ProjectNames) => string;
  readonly build: (root: string) => string;
}

function valueOf(result: { ok: true; value: string } | { ok: false; error: { message: string } }): string {
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}

const exporters: readonly Exported[] = [
  {
    tool: "make",
    odd: oddNames,
    write: (root, names) => {
      writeFileSync(join(root, "Makefile"), valueOf(makefile(projectGraph(root, names, gxx), options)));
      return "Makefile";
    },
    build: (root) => run(["make"], root).stdout,
  },
  {
    tool: "ninja",
    odd: oddNamesForNinja,
    write: (root, names) => {
      writeFileSync(join(root, "build.ninja"), valueOf(ninjaFile(projectGraph(root, names, gxx), options)));
      return "build.ninja";
    },
    build: (root) => run(["ninja", "-v"], root).stdout,
  },
];

/** What the engine's own commands give, from sources of the same content in a folder of the same name. */
function expected(names: ProjectNames): Buffer {
  const root = writeProject(temporaryFolder(), names);
  const graph = projectGraph(root, names, gxx);
  runDirectly(graph);
  return readFileSync(graph.artifacts[0]?.built ?? "");
}

function artefact(root: string): Buffer {
  return readFileSync(join(root, "lib/tiny.so"));
}

describe.skipIf(missingTools("g++", "sh"))("sh", () => {
  it.each([
    ["plain", plainNames],
    ["odd", oddNames],
  ] as const)("builds the same bytes from an empty folder (%s names)", (_, names) => {
    const root = writeProject(temporaryFolder(), names);
    const text = shellScript(projectGraph(root, names, gxx), options);
    const empty = temporaryFolder();
    writeFileSync(join(empty, "build.sh"), text);
    run(["sh", "build.sh"], empty);
    expect(readdirSync(empty)).toEqual(["build.sh"]);
    expect(readdirSync(join(root, "lib"))).toEqual(["tiny.so"]);
    expect(artefact(root).equals(expected(names))).toBe(true);
  });

  it("stops at the first command that fails and publishes nothing", () => {
    const root = writeProject(temporaryFolder(), plainNames);
    writeFileSync(join(root, "a.cpp"), "#error no\n");
    expect(() => run(["sh", "-c", shellScript(projectGraph(root, plainNames, gxx), options)], root)).toThrow(
      "#error no",
    );
    expect(existsSync(join(root, "lib/tiny.so"))).toBe(false);
  });

  it("carries the variables that the tools read", () => {
    const root = writeProject(temporaryFolder(), plainNames);
    writeFileSync(join(root, "a.cpp"), '#include <elsewhere.h>\nextern "C" int answer() { return ELSEWHERE; }\n');
    const elsewhere = temporaryFolder("retorch elsewhere ");
    writeFileSync(join(elsewhere, "elsewhere.h"), "#define ELSEWHERE 1\n");
    const graph = projectGraph(root, plainNames, gxx);
    const text = shellScript(graph, {
      ...options,
      variables: { CPATH: elsewhere, HOME: "/nowhere" },
    });
    expect(text).toContain(`export CPATH='${elsewhere}'\n`);
    expect(text).not.toContain("/nowhere");
    run(["sh", "-c", text], root);
    expect(existsSync(join(root, "lib/tiny.so"))).toBe(true);
  });
});

describe.each(exporters)("$tool", ({ tool, odd, write, build }) => {
  const skip = missingTools("g++", tool);
  const compiles = (output: string, source: string): boolean => output.includes(`-c ${source}`);
  /** Whether a command of the project was run, in the output of either tool. */
  const ran = (output: string): boolean =>
    output.includes("-fPIC") || output.includes("-shared") || /^cp /m.test(output);

  it.skipIf(skip).each([
    ["plain", plainNames],
    ["odd", odd],
  ] as const)("builds the same bytes (%s names)", (_, names) => {
    const root = writeProject(temporaryFolder(), names);
    write(root, names);
    build(root);
    expect(artefact(root).equals(expected(names))).toBe(true);
    const again = build(root);
    expect(ran(again), again).toBe(false);
  });

  it.skipIf(skip)("does again what a change reaches, and nothing else", () => {
    const root = writeProject(temporaryFolder(), plainNames);
    const file = write(root, plainNames);
    build(root);
    const edit = (path: string, text: string): string => {
      age(root, (name, seconds) => utimesSync(name, seconds, seconds));
      // ninja compares with the times that it wrote down; they must age with the files.
      rmSync(join(root, ".retorch/ninja/.ninja_log"), { force: true });
      rmSync(join(root, ".retorch/ninja/.ninja_deps"), { force: true });
      build(root);
      writeFileSync(join(root, path), text);
      return build(root);
    };

    const header = edit("include/only_a.h", "#define ONLY_A 3\n");
    expect(compiles(header, "a.cpp"), header).toBe(true);
    expect(compiles(header, "sub/b.cpp"), header).toBe(false);
    expect(header).toContain("-shared");

    const shared = edit("include/shared.h", "#define SHARED 41\n");
    expect(compiles(shared, "a.cpp") && compiles(shared, "sub/b.cpp"), shared).toBe(true);

    const source = edit("sub/b.cpp", '#include "shared.h"\nint second() { return SHARED + 1; }\n');
    expect(compiles(source, "a.cpp"), source).toBe(false);
    expect(compiles(source, "sub/b.cpp"), source).toBe(true);

    // The text itself is an input: other flags are another build.
    const flags = edit(file, readFileSync(join(root, file), "utf8").replaceAll("-O2", "-O1"));
    expect(flags).toContain("-O1");
    expect(compiles(flags, "a.cpp") && compiles(flags, "sub/b.cpp"), flags).toBe(true);
  });

  it.skipIf(skip)("lives with a header that is gone", () => {
    const root = writeProject(temporaryFolder(), plainNames);
    write(root, plainNames);
    build(root);
    rmSync(join(root, "include/only_a.h"));
    writeFileSync(join(root, "a.cpp"), 'int second();\nextern "C" int answer() { return second(); }\n');
    build(root);
    const again = build(root);
    expect(ran(again), again).toBe(false);
  });
});

describe("names that a tool cannot handle", () => {
  it.each([
    [makefile, "a;b.cpp", "make cannot handle `;` in `a;b.cpp`"],
    [makefile, "100%.cpp", "make cannot handle `%` in `100%.cpp`"],
    [ninjaFile, "a|b.cpp", "ninja cannot handle `|` in `a|b.cpp`"],
    [ninjaFile, "it's.cpp", "ninja cannot handle `'` in `it's.cpp`"],
  ] as const)("are refused", (write, first, message) => {
    const names = { ...plainNames, first };
    const result = write(projectGraph("/project", names, gxx), options);
    expect(result).toMatchObject({
      ok: false,
      error: { code: "EXPORT_UNSUPPORTED_PATH", message },
    });
    expect(result.ok ? "" : result.error.hint).toContain("`retorch export sh`");
  });
});
