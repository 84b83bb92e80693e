import fc from "fast-check";
import { expect, test } from "vitest";
import { criticalPaths, Schedule, type Edges } from "../../../src/engine/schedule.ts";

/** Random graphs whose edges lead backwards. */
const graphs: fc.Arbitrary<Edges> = fc
  .array(fc.array(fc.nat(), { maxLength: 4 }), { maxLength: 25 })
  .map((rows) => rows.map((row, i) => (i === 0 ? [] : row.map((n) => n % i))));

test("every edge is respected under any order of completion, and everything is done", () => {
  fc.assert(
    fc.property(graphs, fc.infiniteStream(fc.nat()), fc.integer({ min: 1, max: 4 }), (edges, choices, jobs) => {
      const schedule = new Schedule(
        edges,
        criticalPaths(
          edges,
          edges.map((_, i) => (i % 5) + 1),
        ),
      );
      const done = new Set<number>();
      const running: number[] = [];
      while (!schedule.finished) {
        for (let i = schedule.look(); i !== undefined; i = schedule.look()) {
          for (const need of edges[i] ?? []) expect(done.has(need)).toBe(true);
          if ((choices.next().value as number) % 3 === 0) {
            schedule.done(i);
            done.add(i);
          } else schedule.enqueue(i);
        }
        while (running.length < jobs) {
          const i = schedule.start(() => true);
          if (i === undefined) break;
          running.push(i);
        }
        expect(schedule.count("running")).toBe(running.length);
        const at = (choices.next().value as number) % Math.max(1, running.length);
        const [i] = running.splice(at, 1);
        if (i !== undefined) {
          schedule.done(i);
          done.add(i);
        }
      }
      expect(done.size).toBe(edges.length);
    }),
  );
});

test("a failure skips exactly what needs it", () => {
  fc.assert(
    fc.property(graphs, fc.nat(), (edges, pick) => {
      fc.pre(edges.length > 0);
      const bad = pick % edges.length;
      const schedule = new Schedule(
        edges,
        edges.map(() => 1),
      );
      while (!schedule.finished) {
        const i = schedule.look();
        if (i === undefined) break;
        if (i === bad) schedule.failed(i);
        else schedule.done(i);
      }
      const needsBad = (i: number): boolean => (edges[i] ?? []).some((need) => need === bad || needsBad(need));
      for (const i of edges.keys()) {
        expect(schedule.state(i)).toBe(i === bad ? "failed" : needsBad(i) ? "skipped" : "done");
      }
    }),
  );
});

test("the longest way to the end starts first, and what does not fit waits", () => {
  const edges = [[], [], [1], [2, 0]];
  const schedule = new Schedule(edges, criticalPaths(edges, [1, 1, 5, 1]));
  for (let i = schedule.look(); i !== undefined; i = schedule.look()) schedule.enqueue(i);
  expect(schedule.start((i) => i !== 1)).toBe(0);
  expect(schedule.start(() => true)).toBe(1);
  expect(schedule.start(() => true)).toBeUndefined();
});

test("cancelling leaves only what runs", () => {
  const schedule = new Schedule([[], [], [0, 1]], [1, 1, 1]);
  for (let i = schedule.look(); i !== undefined; i = schedule.look()) schedule.enqueue(i);
  const running = schedule.start(() => true) ?? -1;
  schedule.cancel();
  expect(schedule.finished).toBe(false);
  schedule.done(running);
  expect(schedule.finished).toBe(true);
  expect(schedule.count("skipped")).toBe(2);
});
