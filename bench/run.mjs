// `npm run bench`: retorch and its peers, taking turns, on this machine.
//
//   --quick         one round of each row, and small sizes: does it run at all
//   --row NAME      only this row (may be repeated); `--list` prints the names
//   --rounds N      rounds of every row [default: 5, fewer where a run takes long]
//   --python PATH   interpreter with PyTorch [default: RETORCH_TEST_PYTHON, .venv of the clone, python3]
//   --scratch DIR   where projects are made and left [default: a temporary folder, removed afterwards]
//   --no-document   do not write docs/benchmarks.md
//   --document FILE write the page of what was measured there, also when it is not all
//
// Results go to bench/results/latest.json, and to docs/benchmarks.md when all rows ran in full and none failed.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { bundle } from "../scripts/lib/bundle.mjs";
import { root } from "../scripts/lib/root.mjs";
import { describeMachine, makeContext } from "./lib/context.mjs";
import { document } from "./lib/document.mjs";
import { runRow } from "./lib/run-row.mjs";
import { rows } from "./rows/index.mjs";

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    row: { type: "string", multiple: true },
    list: { type: "boolean", default: false },
    rounds: { type: "string" },
    python: { type: "string" },
    scratch: { type: "string" },
    "no-document": { type: "boolean", default: false },
    document: { type: "string" },
  },
});

if (options.list) {
  for (const { name, title } of rows) process.stdout.write(`${name.padEnd(18)} ${title}\n`);
} else {
  await main();
}

async function main() {
  const wanted = options.row ?? rows.map(({ name }) => name);
  const unknown = wanted.find((name) => !rows.some((row) => row.name === name));
  if (unknown !== undefined) throw new Error(`there is no row ${unknown}: --list names them`);
  await bundle(root, { types: false });
  const context = makeContext({
    root,
    python: options.python,
    scratch: options.scratch,
    quick: options.quick,
    rounds: options.rounds === undefined ? undefined : Number(options.rounds),
  });
  const machine = describeMachine(context);
  const say = (text) => process.stderr.write(`${text}\n`);
  const done = [];
  let failed = false;
  try {
    for (const row of rows.filter(({ name }) => wanted.includes(name))) {
      const lacking = (row.needs ?? []).filter((tool) => context.tools[tool] === undefined);
      if (lacking.length > 0) {
        say(`${row.name}: left out, there is no ${lacking.join(" and no ")}`);
        continue;
      }
      say(`${row.name}: ${row.title}`);
      try {
        const result = await runRow(context, row, say);
        done.push(result);
        for (const { text, met } of result.targets) say(`  ${met ? "met" : "NOT MET"}: ${text}`);
      } catch (error) {
        // The other rows may still say something; the page is not written without this one.
        say(`${row.name} failed: ${error.message}`);
        failed = true;
        process.exitCode = 1;
      }
    }
  } finally {
    if (options.scratch === undefined) rmSync(context.scratch, { recursive: true, force: true, maxRetries: 3 });
  }
  const words = process.argv.slice(2).filter((word, i, all) => !isPathOption(word) && !isPathOption(all[i - 1]));
  const report = {
    machine,
    command: ["npm run bench", ...(words.length > 0 ? ["--", ...words] : [])].join(" "),
    rows: done,
  };
  const results = join(context.bench, "results");
  mkdirSync(results, { recursive: true });
  writeFileSync(join(results, ".gitignore"), "*\n");
  writeFileSync(join(results, "latest.json"), `${JSON.stringify(report, null, 2)}\n`);
  const text = document(report);
  const whole = !options.quick && options.row === undefined && !failed;
  if (options.document !== undefined) writeFileSync(options.document, text);
  else if (whole && !options["no-document"]) writeFileSync(join(root, "docs", "benchmarks.md"), text);
  process.stdout.write(text);
}

/** Options whose value says where something lies on this machine: not for the page. */
function isPathOption(word) {
  return /^--(?:python|scratch|document)(?:=|$)/.test(word ?? "");
}
