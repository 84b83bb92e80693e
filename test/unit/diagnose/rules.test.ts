/** Every rule's examples are its tests: the message alone must give that rule first. */
import { describe, expect, it } from "vitest";
import { diagnose } from "../../../src/diagnose/diagnose.ts";
import { rules } from "../../../src/diagnose/rules/index.ts";

describe("the table of rules", () => {
  it("has ids that are unique, stable in form, and rules that can be used", () => {
    const ids = rules.map((rule) => rule.id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const rule of rules) {
      expect(rule.id).toMatch(/^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/);
      expect(rule.title).not.toMatch(/\.$/);
      expect(rule.on.length, rule.id).toBeGreaterThan(0);
      expect(rule.examples.length, rule.id).toBeGreaterThan(0);
    }
  });

  for (const rule of rules) {
    describe(rule.id, () => {
      for (const example of rule.examples) {
        it(example.text.slice(0, 110).replaceAll("\n", " ⏎ "), () => {
          const { diagnoses } = diagnose(example.text);
          const first = diagnoses[0];
          expect(first?.id).toBe(rule.id);
          expect(`${first?.cause ?? ""}\n${first?.fix.join("\n") ?? ""}`).toContain(example.expect);
          expect(first?.fix.length).toBeGreaterThan(0);
          expect(first?.fix[0], "another way of nothing").not.toMatch(/^#? ?(?:or|then|and)\b/);
          expect(new Set(first?.fix).size, "the same line twice").toBe(first?.fix.length);
          expect(`${first?.cause ?? ""}${first?.fix.join("") ?? ""}`).not.toMatch(
            /(?<!-)undefined(?! (?:reference|symbol|class))|\bNaN\b|\[object/,
          );
          expect(first?.evidence.line).toBeGreaterThan(0);
        });
      }
    });
  }
});
