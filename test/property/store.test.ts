/**
 * Random projects under random edits with a real local store: the result is that of a clean build, what was built once
 * is fetched and not built again, and two folders share what they have.
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { openLocalStore, type LocalStore } from "../../src/cache/local.ts";
import { nodeHost } from "../../src/host/node-host.ts";
import { toyBuild, type ToyOutcome } from "../support/toy-build.ts";
import { toyExpected, type ToyProject } from "../support/toy-compiler.ts";

const names = ["h0.h", "h1.h"];
const headers = ["first/h0.h", "second/h0.h", "second/h1.h", "src/h1.h"];
const sources = ["src/a.cpp", "src/b.cpp"];

/** All files of a project, its define, and the version of its compiler: equal states must share everything. */
interface State {
  readonly files: Readonly<Record<string, string>>;
  readonly define: string | undefined;
  readonly compilerVersion: string;
}

type Edit =
  | { readonly kind: "write"; readonly path: string; readonly includes: readonly string[]; readonly text: string }
  | { readonly kind: "delete"; readonly path: string }
  | { readonly kind: "define"; readonly value: string | undefined }
  | { readonly kind: "compiler"; readonly version: string }
  | { readonly kind: "back"; readonly steps: number }
  | { readonly kind: "clean" }
  | { readonly kind: "other-folder" }
  | { readonly kind: "storeless" }
  | { readonly kind: "damage"; readonly nth: number };

const edit: fc.Arbitrary<Edit> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("write" as const),
      path: fc.constantFrom(...headers, ...sources),
      includes: fc.uniqueArray(fc.constantFrom(...names), { maxLength: 2 }),
      text: fc.constantFrom("1", "2"),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("delete" as const), path: fc.constantFrom(...headers) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("define" as const), value: fc.constantFrom(undefined, "X") }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("compiler" as const), version: fc.constantFrom("1", "2") }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("back" as const), steps: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("clean" as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("other-folder" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("storeless" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("damage" as const), nth: fc.nat(20) }) },
);

/** A header only includes names that come after its own, so that nothing includes itself. */
function text(at: string, includes: readonly string[], body: string): string {
  const own = names.findIndex((name) => at.endsWith(name));
  const allowed = includes.filter((name) => names.indexOf(name) > own);
  return `${allowed.map((name) => `#include "${name}"\n`).join("")}int v${body};`;
}

function next(state: State, change: Edit, history: readonly State[]): State {
  switch (change.kind) {
    case "write":
      return { ...state, files: { ...state.files, [change.path]: text(change.path, change.includes, change.text) } };
    case "delete": {
      const { [change.path]: _, ...files } = state.files;
      return { ...state, files };
    }
    case "define":
      return { ...state, define: change.value };
    case "compiler":
      return { ...state, compilerVersion: change.version };
    case "back":
      return history[history.length - 1 - change.steps] ?? state;
    default:
      return state;
  }
}

function put(root: string, { files }: State): void {
  for (const path of [...headers, ...sources]) {
    const content = files[path];
    const at = join(root, path);
    if (content === undefined) {
      rmSync(at, { force: true });
      // As git does: an empty folder that stays is another state to whoever recorded that there was none.
      if (existsSync(dirname(at)) && readdirSync(dirname(at)).length === 0) rmdirSync(dirname(at));
    } else if (!existsSync(at) || readFileSync(at, "utf8") !== content) {
      mkdirSync(dirname(at), { recursive: true });
      writeFileSync(at, content);
    }
  }
}

function damage(store: string, nth: number): void {
  const shards = nodeHost().fs.list(join(store, "blobs")) ?? [];
  const shard = shards[nth % Math.max(1, shards.length)];
  const [name] = shard === undefined ? [] : (nodeHost().fs.list(join(store, "blobs", shard)) ?? []);
  if (shard === undefined || name === undefined) return;
  rmSync(join(store, "blobs", shard, name), { force: true });
  writeFileSync(join(store, "blobs", shard, name), "damaged");
}

const runs = Number(process.env["RETORCH_TEST_PROPERTY_RUNS"] ?? "20");

test("with a store: results are those of a clean build, and nothing that was built is built again", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(edit, { minLength: 2, maxLength: 8 }),
      fc.boolean(),
      async (edits, intermediateObjects) => {
        const parent = mkdtempSync(join(tmpdir(), "retorch toy store "));
        try {
          const opened = openLocalStore(nodeHost(), { cacheDir: join(parent, "cache") });
          if (!opened.ok) throw new Error(opened.error.message);
          const store: LocalStore = opened.value;
          const folders = [join(parent, "one"), join(parent, "the other")];
          let state: State = {
            files: Object.fromEntries([
              ...sources.map((at) => [at, text(at, ["h0.h"], "0")]),
              ...headers.slice(1).map((at) => [at, text(at, ["h1.h"], "0")]),
            ]) as Record<string, string>,
            define: undefined,
            compilerVersion: "1",
          };
          const history: State[] = [];
          /** States of which every result is in the store. */
          const known = new Set<string>();
          /** From then on what is missing is built again; what is built must be right all the same. */
          let damaged = false;
          const build = async (root: string, withStore = true): Promise<void> => {
            put(root, state);
            const project: ToyProject = {
              root,
              sources,
              search: ["first", "second"],
              compilerVersion: state.compilerVersion,
              intermediateObjects,
              ...(state.define === undefined ? {} : { define: state.define }),
            };
            const expected = toyExpected(project);
            const outcome: ToyOutcome = await toyBuild(project, withStore ? { store } : {});
            expect(outcome.result.failure === undefined).toBe(expected !== undefined);
            if (expected === undefined) return;
            expect(readFileSync(join(root, ".retorch/out/toy.so"), "utf8")).toBe(expected);
            const name = JSON.stringify(state, [...headers, ...sources, "files", "define", "compilerVersion"]);
            if (known.has(name) && !damaged && withStore) expect(outcome.ran, "was built before").toEqual([]);
            if (withStore) known.add(name);
            expect((await toyBuild(project, { store })).ran).toEqual([]);
          };
          for (const root of folders) mkdirSync(root);
          history.push(state);
          await build(folders[0]!);
          for (const change of edits) {
            state = next(state, change, history);
            history.push(state);
            if (change.kind === "clean") rmSync(join(folders[0]!, ".retorch"), { recursive: true, force: true });
            if (change.kind === "damage") {
              damage(store.name, change.nth);
              damaged = true;
            }
            await build(folders[change.kind === "other-folder" ? 1 : 0]!, change.kind !== "storeless");
          }
          const verified = await store.verify();
          if (!damaged) expect(verified).toMatchObject({ badEntries: 0, badContents: 0 });
        } finally {
          rmSync(parent, { recursive: true, force: true });
        }
      },
    ),
    { numRuns: runs },
  );
}, 120_000);
