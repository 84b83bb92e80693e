// Runs one row: its contenders take turns, so that a slow minute of the machine hits all of them.
import { countPrograms, measure, median } from "./measure.mjs";

const metrics = ["wall", "cpu", "rss"];

/**
 * A row is `{ name, title, rounds?, count?, metrics?, prepare(context) → { contenders, targets?, notes? } }`; a contender
 * `{ name, command, before?(round), read?(measured) → value, reference? }`. `before` puts things in the state from which
 * the run begins, unmeasured. `read` makes a value of another unit from a run, which then stands for `wall`.
 * A target is `{ text, limit, value(byName) }`, met when the value is at most the limit.
 */
export async function runRow(context, row, say) {
  const rounds = context.rounds ?? (context.quick ? 1 : (row.rounds ?? 5));
  const { contenders, targets = [], notes = [] } = await row.prepare(context);
  const samples = new Map(contenders.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const contender of contenders) {
      if (round >= (contender.rounds ?? rounds)) continue;
      await contender.before?.(round);
      const measured = measure(context, contender.command);
      if (contender.read !== undefined) measured.wall = await contender.read(measured);
      samples.get(contender.name).push(measured);
      say(`  ${contender.name}: ${measured.wall.toFixed(3)} s`);
    }
  }
  const results = [];
  for (const contender of contenders) {
    const of = samples.get(contender.name);
    const result = { name: contender.name, rounds: of.length };
    for (const metric of metrics) {
      const values = of.map((sample) => sample[metric]);
      result[metric] = median(values);
      if (metric === "wall") Object.assign(result, { fastest: Math.min(...values), slowest: Math.max(...values) });
    }
    if (row.count === true) {
      await contender.before?.(rounds);
      result.programs = countPrograms(context, contender.command);
    }
    if (contender.reference === true) result.reference = true;
    results.push(result);
  }
  const byName = Object.fromEntries(results.map((result) => [result.name, result]));
  const judged = targets.map(({ text, limit, value }) => {
    const reached = value(byName);
    return { text, limit, value: reached, met: reached <= limit };
  });
  return { name: row.name, title: row.title, results, targets: judged, notes };
}
