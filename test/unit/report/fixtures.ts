/** Actions and events for tests of reporters. */
import type { BuildEvent, FailureDiagnosis, FixChange } from "../../../src/engine/events.ts";
import type { Action, ActionKind } from "../../../src/plan/graph.ts";

export function action(kind: ActionKind, file: string, extension = "my_ops"): Action {
  const verb = { "compile-cuda": "compile", "precompile-header": "precompile" } as Partial<Record<ActionKind, string>>;
  return {
    id: `${extension}/${file}`,
    kind,
    description: `${verb[kind] ?? kind} ${file}`,
    extension,
    command: ["g++", "-DX=a b", "-c", file],
    cwd: "/project",
    env: {},
    keyVariables: [],
    tools: [],
    inputs: [],
    outputs: [`/project/.retorch/obj/${extension}/${file}.o`],
    includeSearch: [],
    librarySearch: [],
    memoryEstimate: 1,
    cacheable: true,
  };
}

/** A diagnosis of a header that is not found. */
export const diagnosis: FailureDiagnosis = {
  id: "header-missing",
  title: "A header is not found",
  cause: "`foo.h` is in none of the include folders.",
  fix: ["apt install foo", "# or name its folder"],
  evidence: { line: 1, text: "csrc/b.cpp:1:10: fatal error: foo.h: No such file or directory" },
  confidence: "medium",
  docs: "docs/errors/header-missing.md",
  place: { file: "csrc/b.cpp", line: 1, column: 10 },
  flag: "-DX=a b",
};

export const fixChange: FixChange = {
  extension: "my_ops",
  change: 'include-dirs += "third_party"',
  diagnosis: "header-missing",
  file: "/project/retorch.toml",
  diff: ["  [extension.my_ops]", '+ include-dirs = ["third_party"]'],
};

type Part<T extends BuildEvent["type"]> = Partial<Extract<BuildEvent, { type: T }>>;

export function planned(actions: readonly Action[], time = 0): BuildEvent {
  return { type: "planned", actions, jobs: 2, time };
}

export function started(what: Action, time = 0, slot = 0): BuildEvent {
  return { type: "started", action: what, slot, command: what.command as string[], time };
}

export function done(what: Action, more: Part<"done"> = {}): BuildEvent {
  return {
    type: "done",
    action: what,
    outcome: "executed",
    output: "",
    durationMs: 2100,
    unchanged: false,
    time: 0,
    ...more,
  };
}

export function failed(what: Action, more: Part<"failed"> = {}): BuildEvent {
  return {
    type: "failed",
    action: what,
    exitCode: 1,
    output: "",
    command: what.command as string[],
    durationMs: 900,
    retrying: false,
    time: 0,
    ...more,
  };
}

export function finished(more: Part<"finished"> = {}): BuildEvent {
  return {
    type: "finished",
    ok: true,
    artifacts: [{ name: "my_ops", path: "/project/my_ops.so" }],
    actions: { executed: 0, cached: 0, fresh: 0 },
    durationMs: 3200,
    time: 0,
    ...more,
  };
}

/** Collects what is written. */
export class Sink {
  text = "";

  write(text: string): void {
    this.text += text;
  }
}
