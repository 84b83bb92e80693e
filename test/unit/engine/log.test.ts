import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { digestOf } from "../../../src/base/digest.ts";
import { BuildLog, type NewActionRecord } from "../../../src/engine/log.ts";
import { nodeHost } from "../../../src/host/node-host.ts";

const host = nodeHost();
let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "retorch-log-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function record(id: string, more: Partial<NewActionRecord> = {}): NewActionRecord {
  return {
    id,
    key: digestOf(`key of ${id}`),
    parts: ["word:g++", `word:${id}`],
    discovered: [
      { path: "$PROJECT/a.h", digest: digestOf("a") },
      { path: "$TORCH/b.h", digest: digestOf("b") },
    ],
    absent: ["$PROJECT/b.h"],
    outputs: [{ path: `$BUILD/${id}.o`, digest: digestOf(id), size: 10 }],
    durationMs: 1.5,
    peakMemory: 1e9,
    printed: "warning: é\n",
    ...more,
  };
}

function plain(log: BuildLog, id: string): unknown {
  const found = log.action(id);
  return found && { ...found, discovered: Array.from(found.discovered, (pair) => log.pair(pair)) };
}

test("what was put is read back, the last record of an action counts", () => {
  const path = join(folder, "log-1");
  const log = BuildLog.open(host, path);
  log.putAction(record("x"));
  log.putAction(record("y"));
  log.putAction(record("x", { key: digestOf("new"), editedMeanwhile: "$PROJECT/a.h" }));
  log.putState("$PROJECT/a.h", { size: 1, mtimeMs: 2.25, ctimeMs: 3.5, ino: 4, digest: digestOf("a") });
  log.close();
  const again = BuildLog.open(host, path);
  expect(plain(again, "x")).toEqual(record("x", { key: digestOf("new"), editedMeanwhile: "$PROJECT/a.h" }));
  expect(plain(again, "y")).toEqual(record("y"));
  expect(again.state("$PROJECT/a.h")).toEqual({ size: 1, mtimeMs: 2.25, ctimeMs: 3.5, ino: 4, digest: digestOf("a") });
});

test("cut at every byte, it holds a beginning of what was written, and goes on from there", () => {
  const path = join(folder, "log-2");
  const log = BuildLog.open(host, path);
  const ids = ["x", "y", "z"];
  for (const id of ids) {
    log.putAction(record(id));
    log.flush();
  }
  log.close();
  const whole = readFileSync(path);
  for (let size = 0; size <= whole.length; size++) {
    writeFileSync(path, whole.subarray(0, size));
    const cut = BuildLog.open(host, path);
    const present = ids.filter((id) => cut.action(id) !== undefined);
    expect(present).toEqual(ids.slice(0, present.length));
    for (const id of present) expect(plain(cut, id)).toEqual(record(id));
    if (size % 37 !== 0) continue;
    cut.putAction(record("after"));
    cut.close();
    const mended = BuildLog.open(host, path);
    expect(plain(mended, "after")).toEqual(record("after"));
    for (const id of present) expect(plain(mended, id)).toEqual(record(id));
  }
});

test("damage anywhere never throws and never invents a record", () => {
  const path = join(folder, "log-3");
  const log = BuildLog.open(host, path);
  for (const id of ["x", "y"]) log.putAction(record(id));
  log.close();
  const whole = readFileSync(path);
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const damaged = Buffer.from(whole);
      damaged[at] = (damaged[at] ?? 0) ^ flip;
      writeFileSync(path, damaged);
      const read = BuildLog.open(host, path);
      for (const id of ["x", "y"]) if (read.action(id) !== undefined) expect(plain(read, id)).toEqual(record(id));
    }),
  );
});

test("a log that is mostly out of date is written anew", () => {
  const path = join(folder, "log-4");
  const log = BuildLog.open(host, path);
  for (let i = 0; i < 9000; i++) log.putAction(record("x", { durationMs: i, printed: "" }));
  log.close();
  expect(readFileSync(path).length).toBeLessThan(10_000);
  const again = BuildLog.open(host, path);
  expect(plain(again, "x")).toEqual(record("x", { durationMs: 8999, printed: "" }));
});
