import { describe, expect, it } from "vitest";
import { failure } from "../../../src/base/failure.ts";
import type { BuildEvent } from "../../../src/engine/events.ts";
import { finishedLine, jsonEvents, jsonReporter } from "../../../src/report/json-lines.ts";
import { plainReporter, type TextReporterOptions } from "../../../src/report/plain.ts";
import { plainStyle } from "../../../src/report/style.ts";
import { action, diagnosis, done, failed, finished, fixChange, planned, started, Sink } from "./fixtures.ts";

const a = action("compile", "csrc/a.cpp");
const b = action("compile", "csrc/b.cpp");
const link = action("link", "my_ops.so");

function plain(events: readonly BuildEvent[], options: Partial<TextReporterOptions> = {}): string {
  const out = new Sink();
  const reporter = plainReporter({
    out,
    style: plainStyle,
    verbosity: "normal",
    platform: "linux",
    cwd: "/project",
    explain: false,
    ...options,
  });
  for (const event of events) reporter.listener(event);
  reporter.close();
  return out.text;
}

const good: readonly BuildEvent[] = [
  planned([a, b, link]),
  { type: "dirty", action: a, reasons: [{ kind: "input-changed", path: "csrc/ops.h" }], time: 0 },
  started(a),
  done(a, { output: "csrc/a.cpp:1:1: warning: unused\n" }),
  done(b, { outcome: "cached", output: "csrc/b.cpp:1:1: warning: old\n" }),
  started(link),
  done(link, { durationMs: 66, unchanged: true }),
  finished({ actions: { executed: 2, cached: 1, fresh: 0 } }),
];

describe("plainReporter", () => {
  it("writes a line for each action that was done", () => {
    expect(plain(good)).toBe(`[1/3] compile csrc/a.cpp (2.1 s)
csrc/a.cpp:1:1: warning: unused
[2/3] compile csrc/b.cpp (from the cache)
[3/3] link my_ops.so (66 ms, same result as before)
built my_ops in 3.2 s (1 compiled, 1 linked, 1 from the cache)
`);
  });

  it("writes commands, reasons and old warnings when asked to", () => {
    expect(plain(good, { verbosity: "verbose", explain: true })).toBe(`3 actions, 2 at a time
compile csrc/a.cpp
  because csrc/ops.h changed
compile csrc/a.cpp: g++ '-DX=a b' -c csrc/a.cpp
[1/3] compile csrc/a.cpp (2.1 s)
csrc/a.cpp:1:1: warning: unused
[2/3] compile csrc/b.cpp (from the cache)
csrc/b.cpp:1:1: warning: old
link my_ops.so: g++ '-DX=a b' -c my_ops.so
[3/3] link my_ops.so (66 ms, same result as before)
built my_ops in 3.2 s (1 compiled, 1 linked, 1 from the cache)
`);
  });

  it("writes nothing when all is well and it shall be quiet", () => {
    expect(plain(good, { verbosity: "quiet", explain: true })).toBe("");
  });

  it("says that nothing was to be done", () => {
    const events = [
      planned([a, link]),
      done(a, { outcome: "fresh" }),
      done(link, { outcome: "fresh" }),
      finished({ durationMs: 57 }),
    ];
    expect(plain(events)).toBe("my_ops is up to date (57 ms)\n");
  });

  const bad: readonly BuildEvent[] = [
    planned([a, b, link]),
    failed(a, { output: "csrc/a.cpp:3:5: error: expected ';'\n" }),
    done(b),
    finished({ ok: false, artifacts: [], failure: failure("BUILD_FAILED", "1 action failed"), durationMs: 2500 }),
  ];

  it("writes failures in full, with the command, also when quiet", () => {
    const text = `error: \`compile csrc/a.cpp\` failed at csrc/a.cpp:3:5 (exit code 1 after 900 ms)
  in /project
  g++ '-DX=a b' -c csrc/a.cpp
csrc/a.cpp:3:5: error: expected ';'
`;
    expect(plain(bad)).toBe(`${text}[2/3] compile csrc/b.cpp (2.1 s)\nfailed after 2.5 s (1 compiled, 1 failed)\n`);
    expect(plain(bad, { verbosity: "quiet" })).toBe(text);
  });

  it("annotates the source for GitHub", () => {
    expect(plain(bad, { githubActions: true })).toContain(
      "::error file=csrc/a.cpp,line=3,col=5,title=compile csrc/a.cpp::expected ';'\n",
    );
    expect(plain([failed(link, { output: "100% odd" })], { githubActions: true })).toContain(
      "::error title=link my_ops.so::link my_ops.so failed\n",
    );
  });

  it("says how a program ended", () => {
    expect(plain([failed(a, { exitCode: 1, signal: "SIGSEGV" })])).toContain("(killed by SIGSEGV after 900 ms)");
    const { exitCode: _, ...notRun } = failed(a) as Extract<BuildEvent, { type: "failed" }>;
    expect(plain([notRun])).toContain("(could not be run)");
    expect(plain([failed(a, { signal: "SIGKILL", retrying: true })])).toBe(
      "warning: `compile csrc/a.cpp` was killed, probably because memory ran out; it runs again alone\n",
    );
  });

  it("shows a failure that came before any action, and no summary", () => {
    const events = [
      finished({ ok: false, artifacts: [], failure: failure("NO_SOURCES", "no sources", { hint: "name some" }) }),
    ];
    expect(plain(events)).toBe("error: no sources [NO_SOURCES]\n\nhint: name some\n");
  });

  it("says that it was interrupted, not that it failed", () => {
    const end = finished({ ok: false, artifacts: [], failure: failure("CANCELLED", "interrupted"), durationMs: 3000 });
    expect(plain([planned([a, b]), done(a), end])).toBe(
      "[1/2] compile csrc/a.cpp (2.1 s)\ninterrupted after 3.0 s (1 compiled)\n",
    );
    expect(plain([end])).toBe("interrupted after 3.0 s\n");
    expect(plain([end], { verbosity: "quiet" })).toBe("error: interrupted [CANCELLED]\n");
  });

  it("says which script is read, and what it printed only when asked", () => {
    const events: BuildEvent[] = [
      { type: "reading", script: "/project/setup.py", time: 0 },
      { type: "read", script: "/project/setup.py", output: "hello\n\n", durationMs: 2000, time: 0 },
    ];
    expect(plain(events)).toBe("reading setup.py\n");
    expect(plain(events, { verbosity: "verbose" })).toBe("reading setup.py\nhello\n");
    expect(plain(events, { verbosity: "quiet" })).toBe("");
  });

  it("passes on warnings and what is waited for", () => {
    expect(plain([{ type: "waiting", on: "another build", time: 0 }])).toBe("waiting for another build\n");
    expect(plain([{ type: "warning", message: "odd", time: 0 }])).toBe("warning: odd\n");
  });
});

describe("jsonReporter", () => {
  const lines = (events: readonly BuildEvent[]): Record<string, unknown>[] => {
    const out = new Sink();
    const reporter = jsonReporter(out);
    for (const event of events) reporter.listener(event);
    return out.text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  };

  const everything: readonly BuildEvent[] = [
    ...good.slice(0, -1),
    failed(a, { signal: "SIGKILL", retrying: true, slot: 1 }),
    { type: "reading", script: "/project/setup.py", time: 0 },
    { type: "read", script: "/project/setup.py", output: "hello", durationMs: 2000, time: 0 },
    { type: "abandoned", action: a, slot: 1, time: 0 },
    { type: "waiting", on: "x", time: 0 },
    { type: "warning", message: "odd", hint: "do", time: 0 },
    failed(b, { diagnoses: [diagnosis] }),
    { type: "fixed", changes: [fixChange], time: 0 },
    finished({ ok: false, failure: failure("IMPORT_FAILED", "no"), diagnoses: [diagnosis] }),
  ];

  it("writes exactly the documented fields", () => {
    for (const line of lines(everything)) {
      const { type, ...fields } = line;
      const entry = jsonEvents[type as BuildEvent["type"]];
      const known = Object.keys(entry.fields).map((name) => name.replace("?", ""));
      const required = Object.keys(entry.fields).filter((name) => !name.endsWith("?"));
      const names = Object.keys(fields).filter((name) => name !== "time" || type === "finished");
      expect(known).toEqual(expect.arrayContaining(names));
      expect(names).toEqual(expect.arrayContaining(required));
    }
    expect(new Set(lines(everything).map((line) => line["type"]))).toEqual(new Set(Object.keys(jsonEvents)));
  });

  it("names actions without their innards, and reasons with words", () => {
    const [plan, dirty] = lines(good);
    expect(plan?.["actions"]).toEqual(
      [a, b, link].map(({ id, kind, description, extension }) => ({ id, kind, description, extension })),
    );
    expect(dirty?.["reasons"]).toEqual([{ kind: "input-changed", path: "csrc/ops.h", text: "csrc/ops.h changed" }]);
  });

  it("ends with the line that is promised", () => {
    const event = finished({ actions: { executed: 2, cached: 1, fresh: 0 }, durationMs: 3200.4, time: 9 });
    const text = finishedLine(event as Extract<BuildEvent, { type: "finished" }>);
    expect(text).toBe(
      '{"type":"finished","ok":true,"artifacts":[{"name":"my_ops","path":"/project/my_ops.so"}],"actions":{"executed":2,"cached":1,"fresh":0},"durationMs":3200}\n',
    );
    expect(lines([event])).toEqual([JSON.parse(text)]);
  });
});
