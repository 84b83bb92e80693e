import { describe, expect, test } from "vitest";
import type { BuildEvent } from "../../../src/engine/events.ts";
import type { Action } from "../../../src/plan/graph.ts";
import { CudaCost } from "../../../src/report/cuda-cost.ts";

type Given = Pick<Action, "kind"> & {
  readonly ms: number;
  readonly target?: string;
  readonly memory?: number;
  readonly source?: string;
  readonly outcome?: "executed" | "cached" | "fresh";
  readonly id?: string;
};

let numbers = 0;

function done({ kind, ms, target, memory, source = "/p/csrc/k.cu", outcome = "executed", id }: Given): BuildEvent {
  const action = {
    id: id ?? `a${numbers++}`,
    kind,
    description: "",
    extension: "ops",
    group: source,
    source,
    ...(target === undefined ? {} : { target }),
  } as unknown as Action;
  return {
    type: "done",
    action,
    outcome,
    output: "",
    durationMs: ms,
    ...(memory === undefined ? {} : { peakMemory: memory }),
    unchanged: false,
    time: 0,
  };
}

function textOf(...given: readonly Given[]): string {
  const cost = new CudaCost();
  for (const each of given) cost.see(done(each));
  return cost.text((path) => path.replace("/p/", ""));
}

describe("what CUDA sources cost", () => {
  test("one source, architectures by number", () => {
    expect(
      textOf(
        { kind: "cuda-device-compile", target: "compute_120", ms: 50_000, memory: 3e9 },
        { kind: "cuda-preprocess", target: "compute_120", ms: 2000 },
        { kind: "cuda-device-compile", target: "compute_90", ms: 40_000, memory: 3e9, outcome: "fresh" },
        { kind: "cuda-assemble", target: "compute_90", ms: 20, outcome: "cached" },
        { kind: "cuda-front-end", target: "host", ms: 45_000, memory: 2e9 },
        { kind: "compile", target: "host", ms: 25_000, memory: 1e9 },
        { kind: "cuda-fatbinary", ms: 10 },
      ),
    ).toBe(
      [
        "csrc/k.cu: 2 min 42 s of work, 2 min 2 s of it now",
        "               preprocess  cudafe++, cicc  ptxas, host compiler   rest         sum   memory",
        "  host                             45.0 s                25.0 s         1 min 10 s  1.9 GiB",
        "  compute_90                       40.0 s                 20 ms             40.0 s  2.8 GiB",
        "  compute_120       2.0 s          50.0 s                                   52.0 s  2.8 GiB",
        "  together                                                       10 ms       10 ms",
        "",
      ].join("\n"),
    );
  });

  test("several sources are added up, and a step counts once", () => {
    const text = textOf(
      { kind: "compile", target: "host", ms: 1000, id: "x" },
      { kind: "compile", target: "host", ms: 1000, id: "x" },
      { kind: "compile", target: "host", ms: 2000, source: "/p/csrc/l.cu", outcome: "fresh" },
    );
    expect(text.split("\n").filter((line) => line.includes("of work"))).toEqual([
      "csrc/l.cu: 2.0 s of work, nothing of it now",
      "csrc/k.cu: 1.0 s of work, 1.0 s of it now",
      "all 2 CUDA sources: 3.0 s of work, 1.0 s of it now",
    ]);
  });

  test("C++ sources and whole nvcc commands are not in it", () => {
    const cost = new CudaCost();
    const event = done({ kind: "compile", ms: 1 });
    if (event.type !== "done") throw new Error("not done");
    const { group: _, ...action } = event.action;
    cost.see({ ...event, action });
    expect(cost.text((path) => path)).toBe("");
  });
});
