// Writes docs/benchmarks.md from the results.

const time = (seconds) =>
  seconds < 1 ? `${(seconds * 1000).toFixed(seconds < 0.01 ? 1 : 0)} ms` : `${seconds.toFixed(2)} s`;
const size = (bytes) => `${Math.round(bytes / 2 ** 20)} MB`;

/** The page as text. */
export function document({ machine, command, rows }) {
  const head = [
    "# Benchmarks",
    "",
    "Written by `npm run bench`; do not edit. The contenders of a table take turns within one run; the figures are medians.",
    "",
    `- Machine: ${machine.processors}, ${machine.memory}, ${machine.system}; load when the run began: ${machine.load}`,
    `- Date: ${machine.date}; command: \`${command}\``,
    `- Versions: ${versions(machine)}`,
    "",
    "*Wall* is the whole process, from its start to its end. *CPU* is user and system time of it and of everything it",
    "started. *Largest process* is the peak memory of the largest single process; values below some 10 MB are those of",
    "the program that measures. *Programs* counts the programs started, itself included, in one more run under `strace`.",
    "`NODE_EXTRA_CA_CERTS` is not set: it alone costs Node 20 some 70 ms at every start. What is measured is the bundled",
    "program in `dist/`.",
    "",
  ];
  const body = rows.flatMap((row) => [...section(row), ""]);
  return `${[...head, ...targetTable(rows), "", ...body].join("\n").trimEnd()}\n`;
}

function versions({ retorch, node, python, torch, compiler, ninja, ccache }) {
  const named = { retorch, Node: node, Python: python, PyTorch: torch, ninja, ccache };
  const known = Object.entries(named).filter(([, value]) => value !== undefined);
  return [...known.map(([name, value]) => `${name} ${value}`), compiler].join(", ");
}

function targetTable(rows) {
  const lines = rows.flatMap((row) =>
    row.targets.map(({ text, limit, value, met }) => {
      const show = showerOf(text);
      return `| ${text} | ${show(limit)} | ${show(value)} | ${met ? "met" : "**not met**"} |`;
    }),
  );
  return lines.length === 0
    ? []
    : ["## Targets", "", "| Target | at most | measured | |", "|---|--:|--:|---|", ...lines];
}

/** Targets say their unit in brackets at the end where it is not seconds. */
function showerOf(text) {
  if (text.endsWith("(memory)")) return size;
  if (text.endsWith("(%)")) return (value) => `${(value * 100).toFixed(1)} %`;
  if (text.endsWith("(times)")) return (value) => value.toFixed(1);
  return time;
}

function section(row) {
  const counted = row.results.some(({ programs }) => programs !== undefined);
  const lines = [
    `## ${row.title}`,
    "",
    `| | Wall | from–to | CPU | Largest process |${counted ? " Programs |" : ""} Runs |`,
    `|---|--:|--:|--:|--:|${counted ? "--:|" : ""}--:|`,
  ];
  for (const result of row.results) {
    const { wall, fastest, slowest, cpu, rss, programs, rounds } = result;
    const name = result.name === "retorch" ? "**retorch**" : result.name;
    const cells = [name, time(wall), `${time(fastest)}–${time(slowest)}`, time(cpu), size(rss)];
    if (counted) cells.push(programs ?? "–");
    lines.push(`| ${[...cells, rounds].join(" | ")} |`);
  }
  for (const note of row.notes) lines.push("", note);
  return lines;
}
