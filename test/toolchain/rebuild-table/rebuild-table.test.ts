/**
 * Tries every row of the rebuild table with real compilers. With `RETORCH_REBUILD_TABLE=write` the rows are also tried
 * with torch's own builder and `docs/rebuild-table.md` is written; without it, that page must name each row.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, type TestContext, test } from "vitest";
import { cpuPython, need, repository, tool } from "../../support/environments.ts";
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
  if (writing) writeFileSync(page, tableText(tried));
});

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
  if (row.cuda === true || row.withoutPeer !== undefined) return undefined;
  return (async () => {
    const context = { workshop: shop, project: shop.project() };
    const before = row.before?.(shop) ?? {};
    context.project.buildWithTorch(before);
    await row.make(context);
    return context.project.buildWithTorch(row.after?.(context) ?? before);
  })();
}

for (const [group, rows] of [
  ["must rebuild", mustRebuild],
  ["must not rebuild", mustNotRebuild],
] as const) {
  describe(group, () => {
    for (const row of rows) {
      test(row.change, { timeout: 120_000 }, async (context) => {
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
