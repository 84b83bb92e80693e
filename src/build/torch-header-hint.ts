/**
 * Says where PyTorch's whole headers make device compiles slow, once for each build, and what to do. The device front
 * end reads all that a source includes, again for every architecture; kernels seldom need any of it.
 */
import { relative } from "node:path";
import type { BuildEvent } from "../engine/events.ts";
import type { Host } from "../host/host.ts";

type Warning = Extract<BuildEvent, { type: "warning" }>;

/** Shorter compiles are not worth a word. */
const longMs = 15_000;

/** Headers that bring all of PyTorch. */
const wholeHeader = /^[ \t]*#[ \t]*include[ \t]*[<"](torch\/(?:extension|all|torch)\.h|ATen\/ATen\.h)[>"]/m;

/** Collects what device compiles cost. */
export class TorchHeaderHint {
  readonly #slow = new Map<string, number>();

  see(event: BuildEvent): void {
    if (event.type !== "done" || event.outcome !== "executed" || event.durationMs < longMs) return;
    const { kind, source } = event.action;
    if ((kind !== "cuda-device-compile" && kind !== "compile-cuda") || source === undefined) return;
    this.#slow.set(source, Math.max(this.#slow.get(source) ?? 0, event.durationMs));
  }

  /** The warning, about the source that took longest; undefined when there is nothing to say. */
  warning(host: Host, root: string): Warning | undefined {
    const [longest] = [...this.#slow].sort((a, b) => b[1] - a[1]);
    if (longest === undefined) return undefined;
    const [source, durationMs] = longest;
    const header = wholeHeader.exec(host.fs.readText(source) ?? "")?.[1];
    if (header === undefined) return undefined;
    const others = this.#slow.size > 1 ? `, and ${this.#slow.size - 1} more sources do so too` : "";
    return {
      type: "warning",
      message: `\`${relative(root, source)}\` includes all of \`${header}\` in device code: ${Math.round(durationMs / 1000)} s for one architecture${others}`,
      hint: "keep the kernels in a .cu file without headers of torch, which takes some 2 s, and call them from a .cpp file (docs/cuda.md)",
      time: host.monotonic(),
    };
  }
}
