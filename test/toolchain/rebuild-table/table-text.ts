/** The page `docs/rebuild-table.md`, from what was tried. */
import type { Row } from "./rows.ts";
import type { Outcome } from "./workshop.ts";

/** A row with what happened. */
export interface TriedRow {
  readonly group: "must rebuild" | "must not rebuild";
  readonly row: Row;
  readonly outcome: Outcome;
  readonly peer?: Outcome;
}

/** Whether torch's builder did what had to be done, and nothing else. Its link counts as needed when one is. */
export function peerVerdict({ row, peer }: TriedRow): "right" | "missed it" | "too much" | "failed" | "not tried" {
  if (peer === undefined) return "not tried";
  if (!peer.ok) return "failed";
  const needed = [...row.runs, ...(row.restores ?? [])];
  const mended = /output|object/.test(row.id);
  if (mended) return peer.ran.length > 0 ? "right" : "missed it";
  const compiled = needed.filter((name) => name !== "link");
  if (compiled.some((name) => !peer.ran.includes(name))) return "missed it";
  if (needed.includes("link") && !peer.ran.includes("link")) return "missed it";
  const extra = peer.ran.filter((name) => name !== "link" && !row.runs.includes(name));
  return extra.length > 0 && row.restores === undefined
    ? "too much"
    : row.restores === undefined
      ? "right"
      : "too much";
}

const names = (list: readonly string[]): string =>
  list.length === 0 ? "nothing" : list.map((n) => `\`${n}\``).join(", ");

/** The whole page. */
export function tableText(tried: readonly TriedRow[]): string {
  const lines = [
    "# What is rebuilt, and what is not",
    "",
    "Written by `RETORCH_REBUILD_TABLE=write npm test -- test/toolchain/rebuild-table`; each row is also a test that runs",
    "real compilers (`test/toolchain/rebuild-table/`). The extension has two sources, `csrc/a.cpp` and `csrc/b.cpp`, four",
    "headers, a static library and one header of torch; the rows about CUDA have a kernel and a host file.",
    "",
    "*Ran* is what retorch compiled or linked by running the tool, *restored* what it took from its store. An object whose",
    "bytes stay the same does not lead to a link. The last column is what `torch.utils.cpp_extension` did in the same case:",
    "`setup.py build_ext --inplace` with ninja, told by the files that it wrote. It links every time; that is not counted",
    "against it.",
    "",
  ];
  for (const group of ["must rebuild", "must not rebuild"] as const) {
    const rows = tried.filter((row) => row.group === group);
    lines.push(
      group === "must rebuild" ? "## Must be rebuilt" : "## Must not be rebuilt",
      "",
      "| what was changed | must run | ran | restored | cpp_extension ran | cpp_extension is |",
      "|---|---|---|---|---|---|",
      ...rows.map((tri) => {
        const { row, outcome, peer } = tri;
        const other = peer === undefined ? (row.withoutPeer ?? "not tried") : peer.ok ? names(peer.ran) : "it failed";
        return `| ${row.change} | ${names(row.runs)} | ${names(outcome.ran)} | ${names(outcome.restored)} | ${other} | ${peerVerdict(tri)} |`;
      }),
      "",
    );
  }
  const judged = tried.filter((row) => row.peer !== undefined);
  const right = judged.filter((row) => peerVerdict(row) === "right").length;
  const own = tried.filter((row) => row.outcome.ran.join() === [...row.row.runs].sort().join()).length;
  lines.push(
    `retorch did exactly what had to be done in ${own} of ${tried.length} rows; torch's own builder in ${right} of the ${judged.length} that were tried with it.`,
    "",
  );
  return lines.join("\n");
}
