import { describe, expect, it } from "vitest";
import type { BuildEvent } from "../../../src/engine/events.ts";
import { liveReporter } from "../../../src/report/live.ts";
import { plainStyle } from "../../../src/report/style.ts";
import type { Verbosity } from "../../../src/report/terminal.ts";
import { FakeHost } from "../../support/fake-host.ts";
import { FakeTerminal } from "./fake-terminal.ts";
import { action, done, failed, finished, planned, started } from "./fixtures.ts";

const a = action("compile", "csrc/a.cpp");
const b = action("compile-cuda", "csrc/kernels/b.cu");
const c = action("compile", "csrc/c.cpp");
const link = action("link", "my_ops.so");

function scene(options: { columns?: number; rows?: number; verbosity?: Verbosity } = {}) {
  const clock = new FakeHost();
  const terminal = new FakeTerminal(options.columns, options.rows);
  const reporter = liveReporter({
    out: terminal,
    clock,
    style: plainStyle,
    verbosity: options.verbosity ?? "normal",
    platform: "linux",
    cwd: "/project",
    explain: false,
  });
  const send = (event: BuildEvent): void => reporter.listener({ ...event, time: clock.monotonic() });
  return { clock, terminal, reporter, send };
}

describe("liveReporter", () => {
  it("shows one action on one line, and counts seconds without any event", () => {
    const { clock, terminal, send } = scene();
    send(planned([a, b, link]));
    send(started(a));
    clock.tick(100);
    expect(terminal.screen).toBe("[0/3] 0 s  compile csrc/a.cpp (0 s)\n");
    clock.tick(12_000);
    expect(terminal.screen).toBe("[0/3] 12 s  compile csrc/a.cpp (12 s)\n");
  });

  it("shows several actions below a line of status", () => {
    const { clock, terminal, send } = scene();
    send(planned([a, b, c, link]));
    send(started(a));
    clock.tick(2000);
    send(started(b));
    clock.tick(1000);
    expect(terminal.screen).toBe("[0/4] 3 s\n  compile csrc/a.cpp (3 s)\n  compile csrc/kernels/b.cu (1 s)\n");
    send(done(a, { durationMs: 3000 }));
    send(started(c));
    clock.tick(100);
    expect(terminal.screen).toBe("[1/4] 3 s\n  compile csrc/kernels/b.cu (1 s)\n  compile csrc/c.cpp (0 s)\n");
  });

  it("does not count what is up to date", () => {
    const { clock, terminal, send } = scene();
    send(planned([a, b, c, link]));
    send(done(a, { outcome: "fresh" }));
    send(done(b, { outcome: "fresh" }));
    send(started(c));
    clock.tick(100);
    expect(terminal.screen).toBe("[0/2] 0 s  compile csrc/c.cpp (0 s)\n");
  });

  it("shows as many actions as half of the terminal holds", () => {
    const { clock, terminal, send } = scene({ rows: 10 });
    const many = Array.from({ length: 9 }, (_, i) => action("compile", `${i}.cpp`));
    send(planned(many));
    for (const one of many) send(started(one));
    clock.tick(200);
    expect(terminal.screen).toBe(
      [
        "[0/9] 0 s",
        "  compile 0.cpp (0 s)",
        "  compile 1.cpp (0 s)",
        "  compile 2.cpp (0 s)",
        "  … and 6 more",
        "",
      ].join("\n"),
    );
  });

  it("stays on one line in a terminal with few rows", () => {
    const { clock, terminal, send } = scene({ rows: 5 });
    send(planned([a, b]));
    send(started(a));
    send(started(b));
    clock.tick(200);
    expect(terminal.screen).toBe("[0/2] 0 s  compile csrc/a.cpp (0 s) and 1 more\n");
  });

  it("cuts long and wide names in the middle, so that no line is broken", () => {
    const { clock, terminal, send } = scene({ columns: 40 });
    const wide = action("compile", "csrc/とても長い名前のフォルダー/カーネル.cpp");
    send(planned([wide, link]));
    send(started(wide));
    clock.tick(200);
    expect(terminal.screen).toBe("[0/2] 0 s  compile cs…ーネル.cpp (0 s)\n");
    send(started(link));
    clock.tick(200);
    expect(terminal.screen.split("\n")).toHaveLength(4);
  });

  it("takes its lines back after the terminal became narrower", () => {
    const { clock, terminal, send } = scene({ columns: 60 });
    send(planned([a, b]));
    send(started(a));
    send(started(b));
    clock.tick(200);
    terminal.resize(20);
    clock.tick(200);
    expect(terminal.screen).toBe("[0/2] 0 s\n  compi…a.cpp (0 s)\n  compi…/b.cu (0 s)\n");
  });

  it("prints failures in full above the window", () => {
    const { clock, terminal, send } = scene();
    send(planned([a, b, link]));
    send(started(a));
    send(started(b));
    clock.tick(1000);
    send(failed(a, { output: "csrc/a.cpp:3:5: error: expected ';'\n    3 | int x\n", durationMs: 900 }));
    clock.tick(100);
    expect(terminal.screen).toBe(
      [
        "error: `compile csrc/a.cpp` failed at csrc/a.cpp:3:5 (exit c",
        "ode 1 after 900 ms)",
        "csrc/a.cpp:3:5: error: expected ';'",
        "    3 | int x",
        "[1/3] 1 s  compile csrc/kernels/b.cu (1 s)",
        "",
      ].join("\n"),
    );
  });

  it("prints warnings when they happen, and those of earlier runs on demand", () => {
    const normal = scene();
    const verbose = scene({ verbosity: "verbose" });
    for (const { send } of [normal, verbose]) {
      send(planned([a, b]));
      send(done(a, { output: "csrc/a.cpp:1:1: warning: new\n" }));
      send(done(b, { outcome: "fresh", output: "csrc/b.cu(2): warning: old\n" }));
    }
    expect(normal.terminal.screen).toContain("warning: new");
    expect(normal.terminal.screen).not.toContain("warning: old");
    expect(verbose.terminal.screen).toContain("warning: old");
  });

  it("leaves only the summary", () => {
    const { clock, terminal, send } = scene();
    send(planned([a, link]));
    send(started(a));
    clock.tick(2000);
    send(done(a));
    send(started(link));
    clock.tick(1200);
    send(done(link));
    send(finished());
    clock.tick(1000);
    expect(terminal.screen).toBe("built my_ops in 3.2 s (1 compiled, 1 linked)\n");
  });

  it("leaves nothing when the build broke off", () => {
    const { clock, terminal, reporter, send } = scene();
    send(planned([a]));
    send(started(a));
    clock.tick(500);
    reporter.close();
    reporter.close();
    clock.tick(500);
    expect(terminal.screen).toBe("");
  });

  it("draws at most ten frames a second", () => {
    const { clock, terminal, send } = scene();
    const many = Array.from({ length: 500 }, (_, i) => action("compile", `${i}.cpp`));
    send(planned(many));
    for (const one of many) {
      send(started(one));
      clock.tick(2);
      send(done(one));
    }
    // One second has gone by.
    expect(terminal.frames).toBeGreaterThanOrEqual(8);
    expect(terminal.frames).toBeLessThanOrEqual(11);
  });

  it("says for what it waits", () => {
    const { clock, terminal, send } = scene();
    send(planned([a]));
    send({ type: "waiting", on: "another build of this project", time: 0 });
    clock.tick(2000);
    expect(terminal.screen).toBe("[0/1] 2 s, waiting for another build of this project\n");
  });
});
