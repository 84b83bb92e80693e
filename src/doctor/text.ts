/** A doctor's report on one page: what is wrong, what will bite later, what is right. */
import { wrapped } from "../report/diagnosis-text.ts";
import type { Style } from "../report/style.ts";
import { checksOf, type DoctorReport } from "./doctor.ts";
import type { Check } from "./facts.ts";

/** The page, ending in a line break. */
export function doctorText(report: DoctorReport, style: Style): string {
  const problems = checksOf(report, "problem");
  const later = checksOf(report, "later");
  const right = checksOf(report, "ok");
  const lines: string[] = [];
  if (problems.length > 0)
    lines.push(style.bold("wrong"), ...problems.flatMap((check) => troubleLines(check, style.error("✗"), style)), "");
  if (later.length > 0) {
    lines.push(
      style.bold("will bite later"),
      ...later.flatMap((check) => troubleLines(check, style.warning("!"), style)),
      "",
    );
  }
  lines.push(style.bold("right"), ...right.flatMap((check) => rightLines(check, style)), "");
  lines.push(summary(problems.length, later.length, style));
  return `${lines.join("\n")}\n`;
}

function troubleLines({ title, detail, fix, id }: Check, mark: string, style: Style): string[] {
  const lines = [`  ${mark} ${title} ${style.dim(`[${id}]`)}`];
  if (detail !== undefined && detail !== "") lines.push(...wrapped(detail, "    "));
  for (const line of fix) {
    if (line.startsWith("#"))
      lines.push(...wrapped(line.replace(/^#\s*/, ""), "      # ").map((text) => style.dim(text)));
    else lines.push(`      ${line}`);
  }
  return lines;
}

function rightLines({ title, detail }: Check, style: Style): string[] {
  const mark = style.success("✓");
  return [`  ${mark} ${title}${detail === undefined ? "" : ` ${style.dim(`(${detail})`)}`}`];
}

function summary(problems: number, later: number, style: Style): string {
  const many = (count: number, one: string): string => `${count} ${one}${count === 1 ? "" : "s"}`;
  if (problems > 0) return style.error(`${many(problems, "problem")}${later > 0 ? `, ${many(later, "warning")}` : ""}`);
  if (later > 0) return style.warning(`no problems, ${many(later, "warning")}`);
  return style.success("no problems");
}
