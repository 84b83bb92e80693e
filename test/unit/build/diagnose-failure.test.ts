import { describe, expect, it } from "vitest";
import { Gate, tied } from "../../../src/build/diagnose-failure.ts";
import type { Diagnosis } from "../../../src/diagnose/diagnose.ts";
import type { BuildEvent } from "../../../src/engine/events.ts";
import { action, diagnosis, done, failed, finished, started } from "../report/fixtures.ts";

const a = action("compile", "a.cpp");

describe("Gate", () => {
  it("hands events on at once while nothing fails", () => {
    const seen: BuildEvent[] = [];
    const gate = new Gate(
      (event) => seen.push(event),
      () => Promise.reject(new Error("nobody asked")),
    );
    gate.listener(started(a));
    gate.listener(failed(a, { retrying: true }));
    gate.listener(done(a));
    expect(seen.map(({ type }) => type)).toEqual(["started", "failed", "done"]);
  });

  it("keeps what follows a failure back until it is diagnosed", async () => {
    const seen: BuildEvent[] = [];
    let answer: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => (answer = resolve));
    const gate = new Gate(
      (event) => seen.push(event),
      async (event) => {
        await asked;
        return event.type === "failed" ? { ...event, diagnoses: [diagnosis] } : event;
      },
    );
    gate.listener(failed(a));
    gate.listener(done(a));
    gate.listener(finished({ ok: false }));
    expect(seen).toEqual([]);
    answer();
    await gate.settled();
    expect(seen.map(({ type }) => type)).toEqual(["failed", "done", "finished"]);
    expect(seen[0]).toMatchObject({ diagnoses: [diagnosis] });
    gate.listener(started(a));
    expect(seen.at(-1)?.type).toBe("started");
  });

  it("loses nothing of the failure when the diagnosis has a bug", async () => {
    const seen: BuildEvent[] = [];
    const gate = new Gate(
      (event) => seen.push(event),
      () => Promise.reject(new Error("oh")),
    );
    gate.listener(failed(a, { output: "what g++ says" }));
    await gate.settled();
    expect(seen.map(({ type }) => type)).toEqual(["warning", "failed"]);
    expect(seen[1]).toMatchObject({ output: "what g++ says" });
  });

  it("passes on what a listener throws", async () => {
    const gate = new Gate(
      () => {
        throw new Error("the terminal is gone");
      },
      (event) => Promise.resolve(event),
    );
    gate.listener(failed(a));
    await expect(gate.settled()).rejects.toThrow("the terminal is gone");
  });
});

describe("tied", () => {
  const found = (parts: Partial<Diagnosis>): Diagnosis => ({
    id: "x",
    title: "X",
    cause: "c",
    fix: [],
    evidence: { line: 1, text: "" },
    confidence: "high",
    docs: "d",
    role: "cause",
    ...parts,
  });
  const compile = { ...a, command: ["g++", "-std=c++14", "-fno-such", "-lfoo", "-c", "a.cpp"] };

  it("names the place in the source", () => {
    expect(tied(found({ evidence: { line: 3, text: "src/a.cpp:12:4: error: no" } }), compile).place).toEqual({
      file: "src/a.cpp",
      line: 12,
      column: 4,
    });
    expect(tied(found({ evidence: { line: 3, text: "a.cu(7): error: no" } }), compile).place).toEqual({
      file: "a.cu",
      line: 7,
    });
    expect(
      tied(found({ evidence: { line: 3, text: "/usr/bin/ld: cannot find -lfoo" } }), compile).place,
    ).toBeUndefined();
  });

  it("names the word of the command that is at fault", () => {
    const flag = (parts: Partial<Diagnosis>): string | undefined => tied(found(parts), compile).flag;
    expect(flag({ change: { kind: "set-cxx-standard", standard: "20" } })).toBe("-std=c++14");
    expect(flag({ evidence: { line: 1, text: "g++: error: unrecognized option '-fno-such'" } })).toBe("-fno-such");
    expect(flag({ subject: "foo" })).toBe("-lfoo");
    expect(flag({ subject: "bar", evidence: { line: 1, text: "error: -Wother" } })).toBeUndefined();
  });
});
