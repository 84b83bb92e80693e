/** Why actions were done, or would be done, in words. */
import { reasonText, type Reason } from "../engine/reason.ts";
import type { Action } from "../plan/graph.ts";
import { durationText, sizeText } from "./duration.ts";
import type { Style } from "./style.ts";

/** What is known of one action without running it. */
export interface ExplainedAction {
  readonly action: Action;
  readonly dirty: boolean;
  readonly reasons: readonly Reason[];
  /** What its last run cost. */
  readonly last?: { readonly durationMs: number; readonly peakMemory?: number };
}

/** A reason in words, with paths as people write them: `csrc/a.h`, `torch/include/ATen/ATen.h`. */
export function shownReason(reason: Reason): string {
  const shown: Readonly<Record<string, string>> = {
    PROJECT: "",
    BUILD: ".retorch/",
    TORCH: "torch/",
    CUDA: "cuda/",
    PYTHON: "python/",
  };
  return reasonText(reason).replaceAll(/\$([A-Z]+)\//g, (text, name: string) => shown[name] ?? text);
}

/** The reasons of one action, a line each, below its description. */
export function reasonLines(action: Action, reasons: readonly Reason[], style: Style): string[] {
  const texts = reasons.length === 0 ? ["for no reason that is known"] : reasons.map(shownReason);
  return [action.description, ...texts.map((text) => `  ${style.hint("because")} ${text}`)];
}

/** All explained actions: what would run first, each with its reasons, then what is up to date. */
export function explainText(explained: readonly ExplainedAction[], style: Style): string {
  const dirty = explained.filter((one) => one.dirty);
  const fresh = explained.filter((one) => !one.dirty);
  const lines: string[] = [];
  for (const { action, reasons, last } of dirty) {
    const [headline = "", ...because] = reasonLines(action, reasons, style);
    lines.push(`${style.warning("would")} ${headline}${costText(last, style)}`, ...because);
  }
  for (const { action, last } of fresh) {
    lines.push(`${style.success("fresh")} ${action.description}${costText(last, style)}`);
  }
  const total = explained.length === 1 ? "1 action" : `${explained.length} actions`;
  lines.push(dirty.length === 0 ? `${total}, nothing to do` : `${total}, ${dirty.length} to do`);
  return `${lines.join("\n")}\n`;
}

function costText(last: ExplainedAction["last"], style: Style): string {
  if (last === undefined) return "";
  const memory = last.peakMemory === undefined ? "" : `, ${sizeText(last.peakMemory)}`;
  return ` ${style.dim(`(last time ${durationText(last.durationMs)}${memory})`)}`;
}
