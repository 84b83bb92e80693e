/** When the cost of PyTorch's whole headers in device code is worth a word. */
import { describe, expect, test } from "vitest";
import { TorchHeaderHint } from "../../../src/build/torch-header-hint.ts";
import type { BuildEvent } from "../../../src/engine/events.ts";
import type { Action } from "../../../src/plan/graph.ts";
import { FakeHost } from "../../support/fake-host.ts";

function done(durationMs: number, more: Partial<Action> = {}): BuildEvent {
  const action = { kind: "cuda-device-compile", source: "/project/csrc/k.cu", ...more } as Action;
  return { type: "done", action, outcome: "executed", output: "", durationMs, unchanged: false, time: 0 };
}

function hint(text: string, ...events: readonly BuildEvent[]): string | undefined {
  const host = new FakeHost({ files: { "/project/csrc/k.cu": text } });
  const seen = new TorchHeaderHint();
  for (const event of events) seen.see(event);
  return seen.warning(host, "/project")?.message;
}

describe("the hint", () => {
  const text = "#include <cuda.h>\n  # include <torch/extension.h>\n";

  test("names the source, the header and what one architecture took", () => {
    expect(hint(text, done(65_400), done(61_000))).toBe(
      "`csrc/k.cu` includes all of `torch/extension.h` in device code: 65 s for one architecture",
    );
  });

  test("is not given for what is quick, is not device code, or has no such header", () => {
    expect(hint(text, done(3000))).toBeUndefined();
    expect(hint(text, done(65_000, { kind: "compile" }))).toBeUndefined();
    expect(hint("#include <torch/csrc/stable/tensor.h>\n", done(65_000))).toBeUndefined();
  });
});
