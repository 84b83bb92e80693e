/** Logs in which nothing known went wrong: silence, or at most a modest remark. */
import { describe, expect, it } from "vitest";
import { diagnose } from "../../../src/diagnose/diagnose.ts";
import { ordinaryLogs } from "../../fixtures/diagnose/ordinary-logs.ts";

describe("ordinary logs", () => {
  for (const { what, text } of ordinaryLogs) {
    it(`${what}: nothing is said with confidence`, () => {
      const loud = diagnose(text).diagnoses.filter(({ confidence }) => confidence !== "low");
      expect(loud.map(({ id, evidence }) => `${id}: ${evidence.text}`)).toEqual([]);
    });
  }

  it("all of them together say nothing, either", () => {
    const loud = diagnose(ordinaryLogs.map(({ text }) => text).join("\n\n")).diagnoses.filter(
      ({ confidence }) => confidence === "high",
    );
    expect(loud.map(({ id }) => id)).toEqual([]);
  });
});
