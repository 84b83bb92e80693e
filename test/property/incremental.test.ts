/** Random projects under random edits: an incremental build gives the bytes of a clean one, and a second one does nothing. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { toyBuild, toyFolder } from "../support/toy-build.ts";
import { toyExpected, type ToyProject } from "../support/toy-compiler.ts";

const headers = ["first/h0.h", "second/h0.h", "second/h1.h", "src/h1.h", "second/h2.h", "first/h2.h"];
const names = ["h0.h", "h1.h", "h2.h"];
const sources = ["src/a.cpp", "src/b.cpp", "lib/c.cpp"];

type Edit =
  | { kind: "write"; path: string; includes: string[]; text: string; old: boolean }
  | { kind: "delete"; path: string }
  | { kind: "touch"; path: string }
  | { kind: "damage"; output: number; text: string }
  | { kind: "define"; value: string | undefined }
  | { kind: "sources"; count: number }
  | { kind: "variable"; value: string }
  | { kind: "compiler"; version: string }
  | { kind: "move" };

const path = fc.constantFrom(...headers, ...sources);
const edit: fc.Arbitrary<Edit> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("write" as const),
      path,
      includes: fc.uniqueArray(fc.constantFrom(...names), { maxLength: 2 }),
      text: fc.constantFrom("1", "2", "3"),
      old: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("delete" as const), path: fc.constantFrom(...headers) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("touch" as const), path }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("damage" as const),
      output: fc.nat(3),
      text: fc.constantFrom("", "rubbish"),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("define" as const), value: fc.constantFrom(undefined, "X") }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("sources" as const), count: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("variable" as const), value: fc.constantFrom("", "v") }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("compiler" as const), version: fc.constantFrom("1", "2") }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("move" as const) }) },
);

const runs = Number(process.env["RETORCH_TEST_PROPERTY_RUNS"] ?? "25");

/** A header only includes names that come after its own, so that nothing includes itself. */
function text(at: string, includes: readonly string[], body: string): string {
  const own = names.findIndex((name) => at.endsWith(name));
  const allowed = includes.filter((name) => names.indexOf(name) > own);
  return `${allowed.map((name) => `#include "${name}"\n`).join("")}int v${body};`;
}

test("incremental equals clean, and twice is once", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 7 }), async (edits) => {
      const folder = toyFolder();
      let root = folder.root;
      const moved: string[] = [];
      try {
        const write = (at: string, content: string): void => {
          mkdirSync(dirname(join(root, at)), { recursive: true });
          writeFileSync(join(root, at), content);
        };
        for (const at of sources) write(at, text(at, ["h0.h"], "0"));
        for (const at of headers.slice(1, 5)) write(at, text(at, ["h1.h", "h2.h"], "0"));
        let project: ToyProject = { root, sources, search: ["first", "second"] };
        let variable = "";
        const check = async (): Promise<void> => {
          const expected = toyExpected(project, variable);
          const variables = variable === "" ? {} : { TOYPATH: variable };
          const first = await toyBuild(project, { variables });
          expect(first.result.failure === undefined).toBe(expected !== undefined);
          if (expected === undefined) return;
          expect(readFileSync(join(root, ".retorch/out/toy.so"), "utf8")).toBe(expected);
          expect((await toyBuild(project, { variables })).ran).toEqual([]);
        };
        await check();
        for (const change of edits) {
          switch (change.kind) {
            case "write":
              write(change.path, text(change.path, change.includes, change.text));
              if (change.old) utimesSync(join(root, change.path), 1e9, 1e9);
              break;
            case "delete":
              rmSync(join(root, change.path), { force: true });
              break;
            case "touch":
              if (existsSync(join(root, change.path))) utimesSync(join(root, change.path), 1e9, 1e9);
              break;
            case "damage": {
              const outputs = [...project.sources.map((source) => `.retorch/obj/${source}.o`), ".retorch/out/toy.so"];
              const output = outputs[change.output % outputs.length] ?? "";
              if (change.text === "") rmSync(join(root, output), { force: true });
              else if (existsSync(join(root, output))) writeFileSync(join(root, output), change.text);
              break;
            }
            case "define": {
              const { define: _, ...rest } = project;
              project = change.value === undefined ? rest : { ...rest, define: change.value };
              break;
            }
            case "sources":
              project = { ...project, sources: sources.slice(0, change.count) };
              break;
            case "variable":
              variable = change.value;
              break;
            case "compiler":
              project = { ...project, compilerVersion: change.version };
              break;
            case "move": {
              const next = `${root}m`;
              renameSync(root, next);
              moved.push(next);
              root = next;
              project = { ...project, root };
              break;
            }
          }
          await check();
        }
      } finally {
        folder.remove();
        for (const at of moved) rmSync(at, { recursive: true, force: true });
      }
    }),
    { numRuns: runs },
  );
}, 120_000);
