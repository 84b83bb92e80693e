/**
 * Tries every row of the rebuild table with real compilers. With `RETORCH_REBUILD_TABLE=write` the rows are also tried
 * with torch's own builder and `docs/rebuild-table.md` is written; without it, that page must name each row. With
 * `RETORCH_REBUILD_TABLE_PARTS=FILE` the rows may be tried in several runs (`-t NAME`).
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, type TestContext, test } from "vitest";
import { cpuPython, cudaPython, need, repository, tool } from "../../support/environments.ts";
import { mustNotRebuild, mustRebuild, type Row, type RowContext } from "./rows.ts";
import { tableText, type TriedRow } from "./table-text.ts";
import { cudaFiles, type Outcome, Workshop } from "./workshop.ts";

const writing = process.env["RETORCH_REBUILD_TABLE"] === "write";
const page = join(repository, "docs/rebuild-table.md");
const tried: TriedRow[] = [];
let workshop: Workshop | undefined;

beforeAll(() => {
  const python = cpuPython();
  if (python.available && tool("g++").available) workshop = new Workshop(python.value);
}, 120_000);
afterAll(() => {
  workshop?.remove();
  if (writing) writePage();
});

/** Writes the page, once every row was tried, in this run or in an earlier one that left its rows in the same file. */
function writePage(): void {
  const parts = process.env["RETORCH_REBUILD_TABLE_PARTS"];
  const rows = [...mustRebuild, ...mustNotRebuild];
  const earlier =
    parts === undefined || !existsSync(parts) ? [] : (JSON.parse(readFileSync(parts, "utf8")) as readonly TriedRow[]);
  const known = new Map([...earlier, ...tried].map((one) => [one.row.id, one]));
  if (parts !== undefined) writeFileSync(parts, JSON.stringify([...known.values()]));
  const whole = rows.flatMap((row) => {
    const one = known.get(row.id);
    return one === undefined ? [] : [{ ...one, row }];
  });
  if (parts === undefined || whole.length === rows.length) writeFileSync(page, tableText(whole));
}

function ready(context: TestContext, row: Row): Workshop {
  need(context, cpuPython());
  need(context, tool("g++"));
  if (row.needs !== undefined) need(context, row.needs());
  if (workshop === undefined) throw new Error("no workshop");
  if (row.cuda === true && workshop.cuda === undefined) context.skip("no CUDA toolkit");
  return workshop;
}

async function tryRow(row: Row, shop: Workshop): Promise<{ outcome: Outcome; context: RowContext }> {
  const context = { workshop: shop, project: shop.project(row.cuda === true ? cudaFiles : undefined) };
  const before = row.before?.(shop) ?? {};
  const first = await context.project.build(before);
  expect(first.ok, first.message).toBe(true);
  await row.make(context);
  const after = row.after?.(context) ?? before;
  const outcome = await context.project.build(after);
  expect(outcome.ok, outcome.message).toBe(true);
  return { outcome, context };
}

function tryPeer(row: Row, shop: Workshop): Promise<Outcome> | undefined {
  if (row.withoutPeer !== undefined) return undefined;
  // torch's builder refuses to compile CUDA with a torch that has none.
  const other = row.cuda === true ? cudaPython() : undefined;
  if (other?.available === false) return undefined;
  const python = other === undefined ? {} : { python: other.value.executable };
  return (async () => {
    const context = { workshop: shop, project: shop.project(row.cuda === true ? cudaFiles : undefined) };
    const before = row.before?.(shop) ?? {};
    context.project.buildWithTorch({ ...python, ...before });
    await row.make(context);
    return context.project.buildWithTorch({ ...python, ...(row.after?.(context) ?? before) });
  })();
}

for (const [group, rows] of [
  ["must rebuild", mustRebuild],
  ["must not rebuild", mustNotRebuild],
] as const) {
  describe(group, () => {
    for (const row of rows) {
      test(row.change, { timeout: writing ? 400_000 : 120_000 }, async (context) => {
        const shop = ready(context, row);
        const { outcome, context: used } = await tryRow(row, shop);
        try {
          if (!writing) {
            expect([...outcome.ran].sort()).toEqual([...row.runs].sort());
            expect([...outcome.restored].sort()).toEqual([...(row.restores ?? [])].sort());
          }
          if (row.why !== undefined) expect(outcome.reasons.join("\n")).toMatch(row.why);
          if (row.value !== undefined) expect(used.project.value()).toBe(row.value);
          const again = await used.project.build(row.after?.(used) ?? row.before?.(shop) ?? {});
          expect(again.ran).toEqual([]);
        } finally {
          row.undo?.(used);
        }
        const peer = writing ? await tryPeer(row, shop)?.finally(() => row.undo?.(used)) : undefined;
        tried.push({ group, row, outcome, ...(peer === undefined ? {} : { peer }) });
      });
    }
  });
}

test.skipIf(writing)("the page names every row", () => {
  const text = readFileSync(page, "utf8");
  for (const row of [...mustRebuild, ...mustNotRebuild]) expect(text).toContain(`| ${row.change} |`);
});
